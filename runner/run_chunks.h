/* SPDX-License-Identifier: MIT */
/*
 * run_chunks.h - what a trace says beside its records: what was run, and how it ended.
 */
#ifndef CRASH_RUN_CHUNKS_H
#define CRASH_RUN_CHUNKS_H

#include <crashinject/crashinject.h>

#include "runner/job.h"

/** Begins the trace: header and START chunk. */
int crash__run_chunk_start(const struct crash__job *job, const char *path, const char *scenario);

/** Ends it: END chunk; adds to `out` why the trace may not be complete. */
int crash__run_chunk_end(const struct crash__job *job, struct crash_out *out);

/** Reads the trace back for the lines of rules with :log. */
int crash__run_read_log(const struct crash__job *job, struct crash_out *out);

#endif
