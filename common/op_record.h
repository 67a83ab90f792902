/* SPDX-License-Identifier: MIT */
/*
 * op_record.h - what is written down about a run: the records of a trace.
 *
 * A record starts with struct crash__record, is a multiple of 8 bytes long, and is little-endian,
 * as every machine this runs on. The program's threads append records to rings (ring.h), the keeper
 * moves them into the trace file, and readers merge the threads' streams by sequence number.
 * crashinject-trace(5) documents the file for others.
 *
 * An op takes two records: CRASH__RECORD_OP before the call, so that a call during which the process
 * dies is known, and CRASH__RECORD_END after it. Their sequence numbers come from one counter: op A
 * is known to have ended before op B started if and only if A.end < B.start.
 */
#ifndef CRASH_OP_RECORD_H
#define CRASH_OP_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum crash__record_type {
	CRASH__RECORD_NONE,    /* not a record */
	CRASH__RECORD_PROCESS, /* a process shows itself: struct crash__process_record */
	CRASH__RECORD_THREAD,  /* the records that follow in this stream are this thread's */
	CRASH__RECORD_FILE,    /* the number that later records use for a file */
	CRASH__RECORD_STACK,   /* the number that later records use for a backtrace */
	CRASH__RECORD_MODULE,  /* where a program or library is mapped, for naming addresses */
	CRASH__RECORD_OP,
	CRASH__RECORD_DATA, /* bytes written by the op before; may repeat */
	CRASH__RECORD_END,
	CRASH__RECORD_POINT, /* an explicit breakpoint was passed */
	CRASH__RECORD_ACK,   /* the program acknowledged something */
	CRASH__RECORD_LOST,  /* something could not be written down */
	CRASH__RECORD_NOTE,  /* the program said something about itself */
	CRASH__RECORD_TYPES,
};

struct crash__record {
	uint32_t bytes; /* of the whole record */
	uint16_t type;
	uint16_t flags; /* by type */
};

struct crash__process_record {
	struct crash__record record;
	uint32_t number; /* in the tree, from 0: the program */
	uint32_t pid;
	uint32_t parent; /* its process id */
	uint32_t pad;
	char name[]; /* path of the executable */
};

struct crash__thread_record {
	struct crash__record record;
	uint32_t process; /* number */
	uint32_t pid;
	uint32_t tid;
	uint32_t number; /* of the thread in its process, from 1 */
};

struct crash__file_record {
	struct crash__record record;
	uint32_t file; /* number */
	uint32_t mode;
	uint64_t device, inode;
	uint64_t size; /* when it was first seen under this number */
	char path[];   /* absolute; empty if it could not be found out */
};

struct crash__stack_record {
	struct crash__record record;
	uint32_t stack; /* number */
	uint32_t count;
	uint64_t addresses[]; /* innermost first; return addresses but for a frame a signal interrupted */
};

struct crash__module_record {
	struct crash__record record;
	uint32_t process; /* number */
	uint32_t pad;
	uint64_t bias;	     /* address = bias + address in the file */
	uint64_t start, end; /* of what is mapped */
	char path[];
};

/* How an op was seen. */
enum crash__route {
	CRASH__ROUTE_SYMBOL, /* a wrapper of the shim */
	CRASH__ROUTE_LIBC,   /* a system call inside libc */
	CRASH__ROUTE_KERNEL, /* reported by the kernel to the supervisor */
	CRASH__ROUTE_MEMORY, /* stores to a shared mapping, found by comparing */
};

enum crash__op_flags {
	CRASH__OP_LOGGED = 1,	 /* a rule with :log fired */
	CRASH__OP_FAILED = 2,	 /* a rule made the call fail or be short */
	CRASH__OP_SYNC = 4,	 /* the write also syncs: O_SYNC, O_DSYNC, RWF_SYNC, RWF_DSYNC */
	CRASH__OP_DATA_LOST = 8, /* the data could not be read */
	CRASH__OP_SOCKET = 16,	 /* the path names a socket: bind(2) makes those, and is not an op */
	CRASH__OP_DIRECT = 32,	 /* a write past the page cache: O_DIRECT */
	CRASH__OP_UNSYNCED = 64, /* at the end of a write that also syncs: a rule skips that */
};

struct crash__op_record {
	struct crash__record record;
	uint64_t start; /* sequence number, also the op's identity */
	uint16_t call;	/* enum crash__call: the name it was called by */
	uint16_t kernel;
	uint16_t route;
	uint16_t path_bytes, to_bytes, text_bytes; /* of the strings that follow, with their NULs */
	uint32_t file, from;			   /* file numbers; 0: none, or known by path */
	uint32_t stack;
	uint32_t process, thread;
	int64_t args[6];
	uint64_t device, inode;		      /* of the file that a path names, before the call; 0: none */
	uint64_t occurrence, call_occurrence; /* of the family and of the call, from 1 */
	char strings[];			      /* path, to, text */
};

/** How long a sync took, as its record has it. */
static inline uint32_t crash__took(uint64_t began_ns, uint64_t ended_ns)
{
	uint64_t us = ended_ns > began_ns ? (ended_ns - began_ns + 999) / 1000 : 1;

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

struct crash__end_record {
	struct crash__record record;
	uint64_t start; /* of the op that ended */
	uint64_t end;
	int64_t result;		/* negative errno on failure */
	uint64_t offset;	/* where the data really went; UINT64_MAX: has no meaning or is not known */
	uint64_t device, inode; /* of what the call opened, made, or gave other attributes */
	uint32_t mode, uid, gid;
	uint32_t took;		  /* of a sync: microseconds, rounded up; 0: not measured */
	uint64_t sync_occurrence; /* of the sync that the write implied; 0: none */
};

struct crash__data_record {
	struct crash__record record;
	uint64_t start; /* of the op */
	uint64_t at;	/* offset in the op's data */
	uint64_t count; /* bytes that follow; the record is padded */
	unsigned char bytes[];
};

struct crash__point_record {
	struct crash__record record;
	uint64_t start;
	uint64_t hit; /* which time this point was passed, from 1 */
	uint32_t process, thread;
	uint32_t stack;
	uint32_t line;
	uint32_t name_bytes, file_bytes; /* with their NULs */
	char strings[];
};

/* Flags of an acknowledgement: it went to what the run has as standard output or error. */
enum crash__ack_flags { CRASH__ACK_STDOUT = 1, CRASH__ACK_STDERR = 2 };

struct crash__ack_record {
	struct crash__record record;
	uint64_t start;
	uint32_t process;
	int32_t fd; /* -1: crash_ack() */
	uint64_t count;
	unsigned char bytes[];
};

/* The key of what the shim itself notes where a program calls abort(); no line of a program has it. */
#define CRASH__NOTE_ABORT "abort()"

struct crash__note_record {
	struct crash__record record;
	uint64_t start;
	uint32_t process, thread;
	uint32_t key_bytes, value_bytes; /* with their NULs */
	char strings[];
};

/*
 * These are read from files that other versions wrote, and by other programs (crashinject-trace(5)). Whoever
 * changes one of the numbers, or what a field or a value means, adds 1 to CRASH__TRACE_VERSION
 * (trace/format.h), unless that was done since the last release, and changes the manual page.
 */
#define CRASH__RECORD_IS(name, size, last, at)                                                               \
	_Static_assert(sizeof(struct crash__##name##_record) == (size) &&                                    \
			       offsetof(struct crash__##name##_record, last) == (at),                        \
		       "a record of the trace has another layout")

_Static_assert(sizeof(struct crash__record) == 8 && offsetof(struct crash__record, type) == 4 &&
		       offsetof(struct crash__record, flags) == 6,
	       "records of the trace begin otherwise");
CRASH__RECORD_IS(process, 24, name, 24);
CRASH__RECORD_IS(thread, 24, number, 20);
CRASH__RECORD_IS(file, 40, path, 40);
CRASH__RECORD_IS(stack, 16, addresses, 16);
CRASH__RECORD_IS(module, 40, path, 40);
CRASH__RECORD_IS(op, 128, call, 16);
CRASH__RECORD_IS(op, 128, file, 28);
CRASH__RECORD_IS(op, 128, args, 48);
CRASH__RECORD_IS(op, 128, device, 96);
CRASH__RECORD_IS(op, 128, strings, 128);
CRASH__RECORD_IS(end, 80, result, 24);
CRASH__RECORD_IS(end, 80, device, 40);
CRASH__RECORD_IS(end, 80, sync_occurrence, 72);
CRASH__RECORD_IS(data, 32, bytes, 32);
CRASH__RECORD_IS(point, 48, name_bytes, 40);
CRASH__RECORD_IS(point, 48, strings, 48);
CRASH__RECORD_IS(ack, 32, bytes, 32);
CRASH__RECORD_IS(note, 32, value_bytes, 28);
CRASH__RECORD_IS(note, 32, strings, 32);
_Static_assert(CRASH__RECORD_LOST == 11 && CRASH__RECORD_TYPES == 13 && CRASH__ROUTE_MEMORY == 3 &&
		       CRASH__OP_SOCKET == 16,
	       "values in records of the trace mean something else");

#endif
