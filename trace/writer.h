/* SPDX-License-Identifier: MIT */
/*
 * writer.h - records from rings, and what else belongs to a run, into a trace file.
 *
 * A trace is a file header and a sequence of chunks; each chunk says what it is, how long, and has a
 * checksum, so that a file that was cut anywhere is read up to there (trace/format.h). Used by the
 * keeper: no allocation.
 */
#ifndef CRASH_TRACE_WRITER_H
#define CRASH_TRACE_WRITER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ring.h"
#include "trace/format.h"

struct crash__trace_writer {
	int fd; /* -1: what is written goes nowhere */
	uint64_t bytes, most;
	bool failed; /* a write failed: what came later is lost */
	int error;   /* why; an errno */
	bool full;   /* the limit was reached */
};

/** Starts to write at the descriptor's position. `most` limits the file's size; 0: no limit. */
void crash__trace_writer_init(struct crash__trace_writer *writer, int fd, uint64_t most);

/** Writes the file header. */
void crash__trace_begin(struct crash__trace_writer *writer);

/** Writes one chunk that is not records. */
void crash__trace_chunk(struct crash__trace_writer *writer, enum crash__chunk_type type, const void *bytes,
			size_t count);

/** What the file of a trace is called in messages. */
void crash__trace_file_name(int fd, char out[PATH_MAX]);

/** Moves what a ring holds into a chunk of stream `stream`. Returns how many bytes. */
size_t crash__trace_drain(struct crash__trace_writer *writer, uint32_t stream, struct crash__ring *ring);

#endif
