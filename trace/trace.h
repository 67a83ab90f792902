/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a trace in memory: what happened, in order, and what is known of files, stacks and processes.
 */
#ifndef CRASH_TRACE_H
#define CRASH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/call.h"
#include "common/op_record.h"

/* An allocation is written down as an op is, and is none: it is no storage. */
enum crash__event_kind { CRASH__EVENT_OP, CRASH__EVENT_POINT, CRASH__EVENT_ACK, CRASH__EVENT_ALLOCATION };

/** A piece of what an op wrote, or of what was acknowledged; points into the trace. */
struct crash__piece {
	const unsigned char *bytes;
	uint64_t at, count; /* where it belongs in the op's data */
	struct crash__piece *next;
};

/** One thing that happened. Strings point into the trace. */
struct crash__event {
	enum crash__event_kind kind;
	uint64_t start, end; /* sequence numbers; end is UINT64_MAX if it never ended */
	uint32_t process, thread, pid, tid;
	uint32_t stack; /* 0: none */
	uint16_t flags; /* enum crash__op_flags; of acknowledgements enum crash__ack_flags */
	/* ops */
	uint16_t call, kernel, family;
	uint16_t route;
	int64_t result;
	uint64_t offset; /* where the data went; UINT64_MAX: unknown or none */
	int64_t args[6];
	uint32_t file, from;		  /* file numbers; 0: none */
	uint64_t device, inode;		  /* before the call, of what `path` names */
	uint64_t made_device, made_inode; /* of what it opened, made, or gave attributes; 0: nothing */
	uint32_t made_mode, made_uid, made_gid;
	const char *path, *to, *text; /* or NULL */
	/* numbers, from 1 */
	uint64_t occurrence;	  /* of the family, or of the explicit point */
	uint64_t call_occurrence; /* of the call */
	uint64_t sync_occurrence; /* of the sync that a write implies; 0: none */
	uint32_t took;		  /* of a sync: microseconds, rounded up; 0: not known */
	/* explicit points */
	const char *name, *source;
	uint32_t line;
	/* acknowledgements */
	int32_t fd;
	/* data, in order */
	struct crash__piece *data, *last;
	uint64_t data_bytes;
};

struct crash__trace_file {
	uint64_t device, inode;
	uint32_t mode;
	const char *path;
};

struct crash__trace_stack {
	uint32_t count;
	uint32_t process;
	const uint64_t *addresses; /* may be unaligned in a hostile file: never; checked */
};

struct crash__trace_module {
	uint32_t process;
	uint64_t bias, start, end;
	const char *path;
};

struct crash__trace_process {
	uint32_t number, pid, parent;
	const char *name;
};

/** What a program said about itself: note KEY VALUE. */
struct crash__trace_note {
	uint64_t start;
	uint32_t process, thread, pid, tid;
	const char *key, *value; /* the value NULL: empty */
};

/** A chunk of the starting tree. */
struct crash__trace_chunk {
	uint16_t type;
	const unsigned char *bytes;
	uint64_t count;
};

struct crash__trace {
	struct crash__event *events; /* in order of `start` */
	size_t count;
	struct crash__trace_file *files; /* by number; [0] is not used */
	uint32_t file_count;
	struct crash__trace_stack *stacks; /* by number; [0] is not used */
	uint32_t stack_count;
	struct crash__trace_module *modules;
	size_t module_count;
	struct crash__trace_process *processes;
	size_t process_count;
	struct crash__trace_note *notes; /* in order of `start` */
	size_t note_count;
	const char *start_text, *end_text; /* JSON, with lengths; NULL: missing */
	size_t start_length, end_length;
	struct crash__trace_chunk *tree; /* TREE, ENTRY and CONTENT chunks, as they came */
	size_t tree_count, tree_size;
	bool cut; /* it ends in the middle, or is damaged from some place on */
	/* the reader's */
	void *map; /* NULL: of bytes in memory */
	size_t map_size;
	int fd; /* with a map: the file */
	void *pieces;
};

/** The file an op is about, by path or descriptor; NULL if it has none. */
const char *crash__event_path(const struct crash__trace *trace, const struct crash__event *event);

/** Whether an op is a write that syncs what it writes, and no rule skips that. */
bool crash__event_syncs(const struct crash__event *event);

/** How many bytes were written, or how much memory was asked for; -1: neither. */
int64_t crash__event_bytes(const struct crash__event *event);

/** Where in its file the bytes of a chunk are; of a trace that was opened. */
uint64_t crash__trace_offset(const struct crash__trace *trace, const struct crash__trace_chunk *chunk);

/** The module of `process` that an address is in, or NULL. */
const struct crash__trace_module *crash__trace_module_of(const struct crash__trace *trace, uint32_t process,
							 uint64_t address);

#endif
