/* SPDX-License-Identifier: MIT */
/*
 * control.h - the control block: the one mapping that the runner, the keeper, the supervisor and
 * every process of the tested tree share.
 *
 * The runner writes the first part, with the plan, before the program starts; programs map that read-only.
 * In the second part everything is atomic: counters for the whole tree, the `dead` flag, the record of the
 * crash. The file is named by CRASH_CONTROL, mapped once by each process, by path (programs close descriptors
 * they do not know), and removed by the keeper. Rings follow the block in the same file.
 *
 * A program may store to the second part by mistake, or map something over it. There are guards between its
 * members, whose content never changes, and some values are impossible. The keeper looks at them, and keeps
 * what must not be lost where no program reaches it; the shim looks at one of them before each op.
 *
 * Life of `dead`: 0 until a rule that ends the program fires. The one that fires claims `fired`, sets `dead`,
 * fills `fired` in, rings the bell and dies. Everybody else looks at `dead` before each op
 * and before each write to the outside, and never does another one.
 */
#ifndef CRASH_CONTROL_H
#define CRASH_CONTROL_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/plan.h"
#include "common/ring.h"

#define CRASH__CONTROL_MAGIC 0x314b4c4248535243u /* "CRSHBLK1" */
#define CRASH__CONTROL_VERSION 3u		 /* common/layout.c says when it becomes another one */
#define CRASH__CONTROL_COUNTS_STRANGERS 3u
#define CRASH__CONTROL_VARIABLE "CRASH_CONTROL" /* PATH,NUMBER-OF-THE-PROCESS */

#define CRASH__GUARD 0x9d2c5680b8f1e3a7u
#define CRASH__DEAD 0x44454144u /* what `dead` becomes: no other value is believed */

#define CRASH__FRAMES 64
#define CRASH__MODULES 32
#define CRASH__POINTS 512
#define CRASH__REASONS 32
#define CRASH__MAX_RINGS 1024
#define CRASH__EPOCHS 256
#define CRASH__LOCKS 32
#define CRASH__RANGES 1024
#define CRASH__NUMBERS 1024 /* a power of 2 */
#define CRASH__SITES 160
#define CRASH__ALLOCATION_SITES 8192 /* a power of 2 */

enum crash__mode {
	CRASH__MODE_KEEPER = 1,		     /* a keeper listens to the bell */
	CRASH__MODE_RECORD = 2,		     /* ops go to the rings */
	CRASH__MODE_DATA = 4,		     /* and so does what is written */
	CRASH__MODE_STACKS = 8,		     /* and the backtraces */
	CRASH__MODE_ACKS = 16,		     /* and what the program acknowledges */
	CRASH__MODE_SUPERVISOR = 32,	     /* a seccomp filter reports what the shim does not see */
	CRASH__MODE_LOGGED = 64,	     /* only ops of rules with :log go to the rings */
	CRASH__MODE_PATCH = 128,	     /* the shim may patch libc */
	CRASH__MODE_IO_URING = 256,	     /* io_uring is not refused */
	CRASH__MODE_TIMES = 512,	     /* it is recorded how long syncs take */
	CRASH__MODE_ALLOCATIONS = 1024,	     /* allocations are recorded, ... */
	CRASH__MODE_ALLOCATION_SITES = 2048, /* ... but of each call site representatives */
};

/* Why a run is not complete; each has a sentence in incomplete.def. */
enum crash__incomplete {
#define INCOMPLETE(ENUM, name, sentence) CRASH__INCOMPLETE_##ENUM,
#include "incomplete.def"
#undef INCOMPLETE
	CRASH__INCOMPLETES,
};

struct crash__frame_module {
	uint64_t bias, start, end;
	char path[PATH_MAX / 4];
};

/* The crash, as the one that died of it wrote it down. */
struct crash__fired {
	_Atomic uint32_t state; /* 0 nothing, 1 being written, 2 without backtrace, 3 complete,
				   4 complete, but due: the signals that come before it are being taken */
	uint32_t rule;
	uint32_t pid, tid, process, thread;
	int32_t call;	/* enum crash__call, -1 for an explicit point */
	int32_t family; /* enum crash__family, -1 for an explicit point */
	uint32_t line;
	uint64_t occurrence;	  /* of the family, or of the explicit point */
	uint64_t call_occurrence; /* of the call */
	uint64_t hit;		  /* of the rule */
	int64_t offset;		  /* -1: has none */
	int64_t bytes;		  /* -1: has none */
	int64_t done;		  /* bytes that reached the file before the crash; -1: no write */
	char name[CRASH__NAME];	  /* of an explicit point */
	char file[PATH_MAX], to[PATH_MAX];
	/* The backtrace is filled in after the rest and may stay short. */
	_Atomic uint32_t frames;
	uint32_t modules;
	uint32_t leaves;  /* 1: it exits or aborts by itself, and only the others are to be killed */
	uint32_t unwound; /* 1: the unwinder reached the outermost frame */
	uint64_t addresses[CRASH__FRAMES];
	struct crash__frame_module module[CRASH__MODULES];
};

/* Where a function that a rule names with in= is, in a file that the runner knows. */
struct crash__range {
	uint32_t rule;
	uint32_t pad;
	uint64_t device, inode;
	uint64_t start, end; /* addresses in the file */
};

/* An explicit point that some process has. */
struct crash__named_point {
	_Atomic uint32_t state; /* 0 free, 1 being filled, 2 valid */
	uint32_t line;
	uint64_t rules;
	_Atomic uint64_t hits;
	char name[CRASH__NAME];
	char file[160];
};

struct crash__reason {
	_Atomic uint32_t state; /* 0 free, 1 being filled, 2 valid */
	uint32_t why;		/* enum crash__incomplete */
	_Atomic uint64_t times;
	char detail[256];
};

/* The system calls that the first process found in its libc: offsets in its code. */
struct crash__sites {
	_Atomic uint32_t state; /* 0 free, 1 being filled, 2 valid */
	uint32_t count;
	uint32_t cancel; /* the function by which libc makes its cancellable calls; 0: there is none */
	uint32_t calls, unplaced; /* what looks like a system call, and what of that is of no known form */
	uint32_t pad;
	uint64_t sum; /* over all this and the libc's build id */
	uint32_t at[CRASH__SITES];
};

/* How often memory was asked for from a place in the tree's programs: crash__backtrace_site(). */
struct crash__allocation_site {
	_Atomic uint64_t site; /* 0: free */
	_Atomic uint64_t count;
};

struct crash__control {
	/* The same in every version from CRASH__CONTROL_COUNTS_STRANGERS on. */
	uint64_t magic;
	uint32_t version;
	_Atomic uint32_t strangers; /* processes whose shim is of another version */

	/* Written before the program starts. */
	uint64_t bytes;		  /* of the mapping, rings included */
	uint32_t mode;		  /* enum crash__mode */
	uint32_t keeper;	  /* its process id */
	uint32_t ring_count;	  /* rings behind the block */
	uint32_t owner;		  /* its user */
	char root[PATH_MAX];	  /* only what is below counts; empty: everything */
	char directory[PATH_MAX]; /* of the run's own files: never counts */
	char preload[PATH_MAX];	  /* what to put into LD_PRELOAD of children: the shim, or MODULE:SHIM */
	struct {
		uint64_t device, inode;
	} outside[2]; /* regular files that are the runner's own stdout and stderr (without a runner: the
			 program's when it starts): not storage */
	struct {
		uint64_t device, inode;
	} inherited[3]; /* what the program finds at 0, 1 and 2: with the channel all that it inherits */
	struct {
		uint64_t device, inode; /* 0: there is none */
		int32_t number;
		uint32_t pad;
	} channel; /* common/channel/channel.h */
	struct crash__plan plan;
	uint32_t range_count;
	struct crash__range ranges[CRASH__RANGES];

	/* Written by the whole tree. */
	_Alignas(4096) uint64_t guard_counters;
	_Alignas(64) _Atomic uint64_t sequence;
	_Alignas(64) _Atomic uint64_t family_hits[CRASH__FAMILIES];
	_Atomic uint64_t call_hits[CRASH__CALLS];
	_Atomic uint64_t implied_syncs; /* ops of the family fsync that are no calls: crash__call_syncs() */
	struct crash__hits hits;	/* of the plan's rules */
	_Alignas(64) _Atomic uint32_t dead;
	_Atomic uint32_t name_epoch;	/* moves when a name may lead elsewhere: crash__moves_names() */
	_Atomic uint32_t processes;	/* numbers given to processes */
	_Atomic uint32_t loaded;	/* processes in which the shim loaded */
	_Atomic uint32_t files, stacks; /* numbers given to files and backtraces */
	_Atomic uint32_t stopped;	/* how often a rule with :stop fired */
	_Atomic uint32_t stopper;	/* in this process, which stops by itself */
	_Atomic uint32_t refused_io_uring;
	_Atomic uint32_t mappers;	/* programs that have mapped a file writable and not ended in order */
	_Atomic uint32_t libc_calls;	/* what looks like a system call inside the libc of some process */
	_Atomic uint32_t libc_unplaced; /* and what of that the shim could not redirect */
	_Atomic uint32_t other_places;	/* a path need not mean to all what it did at the beginning: ask.h */
	_Atomic uint32_t passed_on;	/* descriptors were sent to whom the tree may not contain */
	uint64_t guard_dead;
	_Alignas(64) _Atomic uint32_t bell; /* futex of the keeper */
	_Atomic uint32_t rings_ready;	    /* the first so many rings have memory */
	_Atomic uint32_t rings_denied;	    /* and there is none for the next */
	_Atomic uint32_t remote_mappings;   /* some file's mappings are followed by the supervisor */
	_Atomic uint32_t
		fd_epoch[CRASH__EPOCHS]; /* by process id: moves when descriptors were closed unseen */

	uint64_t guard_numbers;
	/* Which number a process has: process id and number, by process id; 0 is free. */
	_Atomic uint64_t numbers[CRASH__NUMBERS];
	/*
	 * Held by a thread (process id, thread id) while it writes at a file position and asks what the
	 * position was; by the file's inode. Taken only while recording, and never waited for long.
	 */
	_Alignas(64) _Atomic uint64_t locks[CRASH__LOCKS];

	struct crash__sites sites;
	uint64_t guard_fired;
	struct crash__fired fired;
	uint64_t guard_points;
	struct crash__named_point points[CRASH__POINTS];
	uint64_t guard_reasons;
	struct crash__reason reasons[CRASH__REASONS];
	uint64_t guard_end;

	/* Has memory with CRASH__MODE_ALLOCATION_SITES alone. */
	struct crash__allocation_site allocation_sites[CRASH__ALLOCATION_SITES];
};

/** How much of the block is written before the program starts; whole pages. */
#define CRASH__CONTROL_CONSTANT offsetof(struct crash__control, guard_counters)

/** Where the rings start in the mapping. */
size_t crash__control_size(unsigned int rings);

static inline struct crash__ring *crash__control_ring(struct crash__control *control, unsigned int index)
{
	size_t at = (sizeof *control + 4095) & ~(size_t)4095;

	return (struct crash__ring *)((char *)control + at) + index;
}

/** The shim's own path: the last one that is preloaded. */
static inline const char *crash__control_shim(const struct crash__control *control)
{
	const char *last = strrchr(control->preload, ':');

	return last ? last + 1 : control->preload;
}

/** Whether somebody wants to know of allocations: a rule, or who records them. */
static inline bool crash__control_watches_allocations(const struct crash__control *control)
{
	return (control->mode & (CRASH__MODE_ALLOCATIONS | CRASH__MODE_ALLOCATION_SITES)) ||
	       crash__plan_names(&control->plan, CRASH__FAMILY_ALLOC);
}

/** Whether ops count: not where a scenario has explicit points alone. */
static inline bool crash__control_watches_calls(const struct crash__control *control)
{
	bool records = (control->mode & CRASH__MODE_RECORD) && !(control->mode & CRASH__MODE_LOGGED);

	return records || crash__plan_has_calls(&control->plan);
}

static inline bool crash__control_is_dead(const struct crash__control *control)
{
	return atomic_load_explicit(&control->dead, memory_order_acquire) == CRASH__DEAD;
}

/** Puts the guards in place. */
void crash__control_guard(struct crash__control *control);

/** Whether what is written by the whole tree can be what it says. */
bool crash__control_is_sound(const struct crash__control *control);

/** Whether a block is there at all: the part of the question that is asked before each op. */
static inline bool crash__control_is_there(const struct crash__control *control)
{
	return control->guard_dead == CRASH__GUARD;
}

/** Notes once that the run is not complete, and why. `detail` may be NULL. Async-signal-safe. */
void crash__control_incomplete(struct crash__control *control, enum crash__incomplete why,
			       const char *detail);

/** Whether that was noted. */
bool crash__control_is_incomplete(const struct crash__control *control, enum crash__incomplete why);

/** Wakes the keeper. Async-signal-safe. */
void crash__control_ring_bell(struct crash__control *control);

/** The entry of an explicit point, made if it is new; NULL if the table is full. Async-signal-safe. */
struct crash__named_point *crash__control_point(struct crash__control *control, const char *name,
						const char *file, uint32_t line);

/** Regular files that are the calling process's stdout and stderr are the outside, not storage.
 * Async-signal-safe. */
void crash__control_note_outside(struct crash__control *control);

/** Whether a file is one of these, which the program inherited. */
bool crash__control_is_outside(const struct crash__control *control, uint64_t device, uint64_t inode);

/** Which number a process has; it gets the next one if it has none yet. Async-signal-safe. */
uint32_t crash__control_number_of(struct crash__control *control, uint32_t pid);

/** Notes which number a process has; returns it. */
uint32_t crash__control_number(struct crash__control *control, uint32_t pid, uint32_t number);

/** Which of the locks is a file's. */
static inline uint32_t crash__control_lock_of(uint64_t inode)
{
	return (uint32_t)((inode * 0x9e3779b97f4a7c15u) >> 40) % CRASH__LOCKS;
}

/**
 * Claims the right to write `fired`. Only one caller gets it; but the death of one process (`self`) is
 * not the last word, and a crash of the whole tree after it is reported instead. Async-signal-safe.
 */
bool crash__control_fire(struct crash__control *control, bool self);

/** Whether a thread has a crash of the tree before it, which waits for signals that the thread takes first.
 */
bool crash__control_is_due(struct crash__control *control, uint32_t pid, uint32_t tid);

/** Lets a crash happen that is due; whoever first does returns true. Async-signal-safe. */
bool crash__control_collect(struct crash__control *control);

/** Whether `fired` was written, all but perhaps the backtrace, and the crash is not only due. */
bool crash__control_has_fired(const struct crash__control *control);

#endif
