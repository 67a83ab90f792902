/* SPDX-License-Identifier: MIT */
/*
 * reader.h - a trace, read, checked and put in order.
 *
 * The file is treated as hostile: whatever it says is checked before it is believed. What cannot be
 * believed ends the reading there, and the trace is marked as cut.
 */
#ifndef CRASH_TRACE_READER_H
#define CRASH_TRACE_READER_H

#include "trace/trace.h"

/** Whether a file says that it is a trace. */
bool crash__trace_is(const char *path);

/** Reads a trace. Release with crash__trace_close(). */
int crash__trace_open(const char *path, struct crash__trace *trace);

/** The same for an open file; the descriptor stays the caller's. */
int crash__trace_open_fd(int fd, const char *name, struct crash__trace *trace);

/** The same for bytes in memory, which must stay there and be aligned to 8. */
int crash__trace_parse(const void *bytes, size_t size, const char *name, struct crash__trace *trace);

/**
 * Lets go of what was read of the file so far: whoever needs it again reads it again. A long recording is
 * larger than all that is made of it.
 */
void crash__trace_let_go(const struct crash__trace *trace);

void crash__trace_close(struct crash__trace *trace);

#endif
