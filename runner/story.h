/* SPDX-License-Identifier: MIT */
/*
 * story.h - what a trace says beside its records: what was run, how it ended.
 */
#ifndef CRASH_STORY_H
#define CRASH_STORY_H

#include <crashinject/crashinject.h>

#include "runner/job.h"
#include "trace/reader.h"

/** Begins the trace: header and START chunk. */
int crash__story_start(const struct crash__job *job, const char *path, const char *scenario);

/** Ends it: END chunk; adds to `out` why the trace may not be complete. */
int crash__story_end(const struct crash__job *job, struct crash_out *out);

/** What a trace's end says of how the run went; what it does not say stays zero. Release with crash_out_clear(). */
int crash__story_read_end(const struct crash__trace *trace, struct crash_out *out);

/** Reads the trace back for the lines of rules with :log. */
int crash__story_log(const struct crash__job *job, struct crash_out *out);

/** One event as a line of text: write#17 (pwrite64) on FILE, offset 0, 12 bytes. Allocated. */
char *crash__story_line(const struct crash__trace *trace, const struct crash__event *event);

/** The name of an event's point, as write#17 or wal.mid-frame#2. */
void crash__event_point(const struct crash__event *event, char *out, size_t size);

#endif
