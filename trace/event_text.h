/* SPDX-License-Identifier: MIT */
/*
 * event_text.h - an event of a trace in words: the names of its points, and a line about it.
 */
#ifndef CRASH_EVENT_TEXT_H
#define CRASH_EVENT_TEXT_H

#include <stddef.h>

#include "trace/trace.h"

/** Writes the point of a call, as pwrite64#9; write()#9 where the name is a family's, too. */
void crash__call_point_name(char *out, size_t size, unsigned int call, uint64_t occurrence);

/** Writes the name of an event's point, as write#17 or wal.mid-frame#2. */
void crash__event_point(const struct crash__event *event, char *out, size_t size);

/** One event as a line of text: write#17 (pwrite64) on FILE, offset 0, 12 bytes. Allocated; NULL: no memory.
 */
char *crash__event_line(const struct crash__trace *trace, const struct crash__event *event);

#endif
