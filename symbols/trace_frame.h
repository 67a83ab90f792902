/* SPDX-License-Identifier: MIT */
/*
 * trace_frame.h - addresses of a recording to names: of what was mapped, and of what was made at run time.
 */
#ifndef CRASH_TRACE_FRAME_H
#define CRASH_TRACE_FRAME_H

#include "symbols/symbols.h"
#include "trace/trace.h"

/**
 * Names an address of a process. Code that a compiler made at run time is in no file; where the process kept
 * a perf map (/tmp/perf-PID.map), it has the names. The frame is cleared by the caller.
 * @return 0 also where nothing is known but the address
 */
int crash__trace_frame(struct crash__symbols *symbols, const struct crash__trace *trace, uint32_t process,
		       uint64_t address, struct crash_frame *frame);

#endif
