/* SPDX-License-Identifier: MIT */
/*
 * fs.h - the model file system: what the recorded run did, as effects on inodes and directory entries.
 *
 * Method. The trace is replayed once, in the order in which ops ended, on a tree of nodes (inodes) and
 * slots (a name in a directory). Paths serve only to find them: afterwards everything is said in terms of
 * nodes and slots, so that renamed directories, hard links and files that are open without a name need no
 * special care. Each op becomes a step with its effects. Whether an effect reached the disk is not decided
 * here: that is what crash states differ in.
 */
#ifndef CRASH_FS_H
#define CRASH_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/vector.h"
#include "explore/fs/base_tree.h"
#include "trace/trace.h"

enum crash__node_type { CRASH__NODE_FILE, CRASH__NODE_DIRECTORY, CRASH__NODE_LINK, CRASH__NODE_OTHER };

/** Number of a node, from 1; 0 is none. Node 1 is the data directory. */
typedef uint32_t crash__node_id;
typedef uint32_t crash__slot_id;

struct crash__node {
	enum crash__node_type type;
	uint32_t mode; /* type and permissions when it was made, or in the base */
	uint32_t uid, gid;
	char *base_path; /* of a node that was there before the run; else NULL */
	uint64_t base_size;
	uint32_t base_links;
	char *text;		/* where a symbolic link points */
	uint64_t device, inode; /* in the run; 0: nothing there has shown them */
	uint32_t allocated;	/* 1 + the step before which it first got blocks by fallocate(); 0: never */
	/* while replaying: as things are now */
	uint64_t size;
	uint32_t links;
	uint32_t mode_now, uid_now, gid_now;
	uint32_t dated;	 /* the change that set the time which it has; 0: none, or it was changed since */
	bool listed;	 /* the run gave it an access control list */
	bool privileged; /* the run gave it capabilities, which go when it is changed */
};

/** What the ATTRIBUTES of a node are, each of which may change alone. */
enum crash__attribute { CRASH__MODE, CRASH__OWNER, CRASH__TIME, CRASH__XATTR };

/** A change of one of them. */
struct crash__change {
	enum crash__attribute attribute;
	uint32_t mode;
	uint32_t uid, gid;
	/* TIME: of modification, and the first step that changes the node again, which makes it another one
	 */
	struct timespec time;
	uint32_t until; /* CRASH__FS_NEVER: none does */
	/* XATTR: its name, and its value if it is not removed */
	const char *name;
	bool removed;
	const unsigned char *value; /* allocated */
	size_t bytes;
};

#define CRASH__FS_NEVER UINT32_MAX

/** A name in a directory. */
struct crash__slot {
	crash__node_id directory;
	char *name;
	crash__node_id base_child; /* before the run */
	crash__node_id child;	   /* while replaying: now */
	crash__node_id gone;	   /* what had the name last; only if the run has not shown its number */
};

#define CRASH__FS_BLOCK 4096u /* bytes that file systems allocate and zero as one */

enum crash__effect_kind {
	CRASH__EFFECT_DATA, /* bytes of a file; what a size change leaves out is none */
	CRASH__EFFECT_ZERO, /* a range becomes zeros */
	CRASH__EFFECT_TAIL, /* what a truncation cuts off the last block becomes zeros; only power loss shows
			       it */
	CRASH__EFFECT_SIZE, /* the size becomes `size` */
	CRASH__EFFECT_ENTRY,
	CRASH__EFFECT_ATTRIBUTES,
};

struct crash__effect {
	enum crash__effect_kind kind;
	crash__node_id node;
	/* DATA, ZERO, TAIL: the range; DATA comes from the step's event */
	uint64_t offset, bytes;
	uint64_t old_size; /* DATA, ZERO, TAIL, SIZE: before this effect */
	uint64_t size;	   /* SIZE: after it */
	/* ENTRY: `node` is what the slot holds afterwards, 0 for nothing */
	crash__slot_id slot;
	crash__node_id old_node;
	uint32_t change; /* ATTRIBUTES: its number */
};

enum crash__sync_kind {
	CRASH__SYNC_NONE,
	CRASH__SYNC_DATA, /* fdatasync, msync, O_DSYNC */
	CRASH__SYNC_FILE, /* fsync of a file or directory */
	CRASH__SYNC_ALL,  /* sync, syncfs */
};

/** One op, explicit point or acknowledgement that matters. A synchronous write is two steps of one event. */
struct crash__step {
	const struct crash__event *event;
	uint32_t first_effect, effects;
	enum crash__sync_kind sync;
	bool sync_failed;
	bool sync_refused;	     /* and the file system was not even asked: nothing is lost */
	bool sync_own;		     /* only what the step before has written (O_SYNC) */
	uint64_t sync_from, sync_to; /* an msync() or sync_file_range(): only these bytes; to 0: all */
	bool writes_back;	     /* these, and nobody has made sure of those in front of them */
	uint64_t size;		     /* of a file that is written back in part, in memory */
	bool replaces;	/* a rename over a file that is gone then, or a truncation of one that had data */
	bool exchanges; /* two names: each goes on to be, and neither file is changed */
	crash__node_id node; /* that a sync, write or attribute change is about; 0: none */
	uint64_t acked; /* bytes that were acknowledged up to and including this step, in lines: see ops.c */
};

/** A node that had a time which an op set, and the step that changed it again. */
struct crash__undated {
	crash__node_id node;
	uint32_t step;
};

/** A part of a file that may have other bytes than zeros, before the run or by an op of it. */
struct crash__data_range {
	crash__node_id node;
	uint64_t start, end;
};

struct crash__fs {
	const struct crash__trace *trace;
	struct crash__base *base;
	char *root;				  /* the data directory's path in the trace */
	CRASH__VECTOR(struct crash__node, nodes); /* [0] is not used */
	CRASH__VECTOR(struct crash__slot, slots); /* [0] is not used */
	CRASH__VECTOR(struct crash__effect, effects);
	CRASH__VECTOR(struct crash__change, changes); /* [0] is not used */
	CRASH__VECTOR(struct crash__step, steps);
	CRASH__VECTOR(struct crash__undated, undated);	      /* by step */
	CRASH__VECTOR(struct crash__data_range, data_ranges); /* by node and place: see data_ranges.h */
	uint64_t ignored;				      /* ops outside the data directory */
	uint64_t unfinished;				      /* ops that never ended */
	uint64_t unknown; /* ops on files that the model does not know: a defect, or a race */
	char unknown_detail[256];
	uint64_t unordered; /* writes to the same bytes at the same time */
	char unordered_detail[256];
	uint64_t kept_out; /* names of the starting tree that we were not allowed to look at */
	char kept_out_detail[256];
	uint64_t unsupported;
	char unsupported_detail[64];
	struct crash__failure failure; /* the first thing that went wrong in the replay */
	/* nodes.c */
	void *slot_index, *identity_index, *base_index;
};

/** Copies bytes that an op wrote: `count` from byte `from` on. Missing ones become zeros. */
void crash__event_copy(const struct crash__event *event, uint64_t from, void *to, size_t count);

/** The change that an ATTRIBUTES effect is. */
static inline const struct crash__change *crash__fs_change(const struct crash__fs *fs,
							   const struct crash__effect *effect)
{
	return &fs->changes[effect->change];
}

/** The path of a slot below the data directory, by what its directories were called last. Allocated. */
char *crash__fs_slot_path(const struct crash__fs *fs, crash__slot_id slot);

/**
 * The path of a node when a step begins, by the last name that it was given by then; "data directory" for
 * that. Allocated.
 */
char *crash__fs_node_path(const struct crash__fs *fs, crash__node_id node, uint32_t step);

#endif
