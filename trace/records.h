/* SPDX-License-Identifier: MIT */
/*
 * records.h - what the records of a trace come to: events, files, stacks, modules and processes.
 *
 * Each record is taken for hostile. One that cannot be right is refused, and nothing of it is believed.
 */
#ifndef CRASH_RECORDS_H
#define CRASH_RECORDS_H

#include "trace/trace.h"

#define CRASH__OPEN_OPS 16 /* ops of one thread that are under way at once: signal handlers nest */

/** Who appends to a stream, and what is open there. */
struct crash__stream {
	struct crash__thread_record who;
	bool known;
	uint64_t open[CRASH__OPEN_OPS]; /* 1 + index of events */
	uint64_t last_ack;		/* 1 + index */
};

struct crash__reader {
	struct crash__trace *trace;
	struct crash__stream *streams;
	size_t event_size, module_size, process_size, note_size;
	uint32_t file_size, stack_size;
	uint64_t most_numbers; /* each number came with a record */
	bool no_memory;
};

/** Takes a record, whose bytes are all there. False: it cannot be right, or there is no memory. */
bool crash__reader_take(struct crash__reader *reader, struct crash__stream *stream,
			const struct crash__record *record);

/** Frees what the trace's events have their data in. */
void crash__pieces_free(void *pieces);

#endif
