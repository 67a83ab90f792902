/* SPDX-License-Identifier: MIT */
/*
 * run_end.h - what a trace's end says of how the run went.
 */
#ifndef CRASH_RUN_END_H
#define CRASH_RUN_END_H

#include <crashinject/crashinject.h>

#include "trace/trace.h"

/** What the trace does not say stays zero. Release with crash_out_clear(). */
int crash__trace_read_end(const struct crash__trace *trace, struct crash_out *out);

/** How often memory was asked for, of a run in which that was counted; else 0. */
uint64_t crash__trace_allocations(const struct crash__trace *trace);

#endif
