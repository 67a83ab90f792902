/* SPDX-License-Identifier: MIT */
/*
 * write_order.h - writes of which nobody knows which came last.
 *
 * The recording knows when each call began and when it ended. Of two that overlap in time, on the same bytes
 * of a file, the kernel has made one first, and what the file has afterwards is the other's.
 */
#ifndef CRASH_WRITE_ORDER_H
#define CRASH_WRITE_ORDER_H

#include "explore/fs/fs.h"

/** Counts a write if an earlier step may have come after it and has written something else there. */
void crash__note_write_order(struct crash__fs *fs, const struct crash__event *event, crash__node_id node);

#endif
