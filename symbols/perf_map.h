/* SPDX-License-Identifier: MIT */
/*
 * perf_map.h - names of code that was made at run time: /tmp/perf-PID.map, as perf(1) reads it.
 *
 * Node writes one with --perf-basic-prof, Python with -X perf, Java and others with an agent.
 */
#ifndef CRASH_PERF_MAP_H
#define CRASH_PERF_MAP_H

#include <crashinject/crashinject.h>

#include <stdint.h>

/** Maps that were read; each once. A list, from NULL on. */
struct crash__perf_map;

void crash__perf_maps_free(struct crash__perf_map *maps);

/**
 * Names an address, if the process has a map that is of the run: not older than the recording, of which `fd`
 * is the file, nor newer. The frame stays as it is if there is none.
 */
int crash__perf_map_name(struct crash__perf_map **maps, uint32_t pid, int fd, uint64_t address,
			 struct crash_frame *frame);

#endif
