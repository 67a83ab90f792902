/* SPDX-License-Identifier: MIT */
/*
 * made.h - recordings that nobody recorded: made of a few ops, in memory.
 *
 * The starting tree has one file, "a", of MADE_SIZE bytes. Paths are below the data directory; "" is itself.
 */
#ifndef CRASH_TESTS_MADE_H
#define CRASH_TESTS_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/reader.h"

#define MADE_ROOT "/r"
#define MADE_SIZE 510
#define MADE_SHORT 505
#define MADE_FAR_AT 16291
#define MADE_IN_AT 8809
#define MADE_OLD 0xfe /* each of its bytes */
#define MADE_OPS 31   /* at most: each has eight bytes of its own */

enum made_kind {
	MADE_CREATE,
	MADE_APPEND,	/* `bytes` at the end */
	MADE_OVERWRITE, /* 4 bytes at 100 */
	MADE_REWRITE,	/* `bytes` at the beginning, not over the end */
	MADE_STRADDLE,	/* 4 bytes, of which 2 are behind the end */
	MADE_EMPTY,	/* open with O_TRUNC */
	MADE_DSYNC,	/* `bytes` at the end, with O_DSYNC: two steps of the model */
	MADE_FAR,	/* `bytes` at MADE_FAR_AT, behind the end: there is a hole then */
	MADE_DIRECT,	/* `bytes` with O_DIRECT, in the first page behind the end */
	MADE_CLONE,	/* the same, by copy_file_range from a file that is not in the tree */
	MADE_DSYNC_IN,	/* 4 bytes at MADE_IN_AT, not over the end, with O_DSYNC */
	MADE_SHRINK,	/* ftruncate to MADE_SHORT */
	MADE_ALLOCATE,	/* fallocate of `bytes` at the end */
	MADE_RESERVE,	/* the same, which does not change the size */
	MADE_RENAME,
	MADE_EXCHANGE, /* renameat2 with RENAME_EXCHANGE */
	MADE_LINK,
	MADE_UNLINK,
	MADE_MKDIR,
	MADE_CHMOD,
	MADE_FSYNC,
	MADE_FDATASYNC,
	MADE_SYNC_RANGE,  /* sync_file_range of `bytes` at `at`, waiting for it; without them of a page at
			     12288 */
	MADE_MSYNC_RANGE, /* msync of these; without them of a page at 8192 */
	MADE_FSYNC_FAILS,
	MADE_SYNC,
	MADE_WRITE,	  /* `bytes` at `at`: there may be a hole then */
	MADE_WRITE_DSYNC, /* the same, with O_DSYNC */
	MADE_WRITE_SYNC,  /* the same, with O_SYNC */
	MADE_STORE,	  /* to a mapping: all of the pages from `at` to that and `bytes`, up to the end */
	MADE_COPY,	  /* copy_file_range of `bytes` from the start of one file to `at` in another */
	MADE_RESIZE,	  /* ftruncate to `bytes` */
	MADE_PUNCH,	  /* fallocate: a hole of `bytes` at `at` */
	MADE_ZERO,	  /* fallocate: zeros */
	MADE_ZERO_KEEP,	  /* the same, which does not change the size */
	MADE_PROVIDE,	  /* fallocate of `bytes` at `at` */
	MADE_SYMLINK,	  /* `to` becomes a symbolic link to `path` */
	MADE_TMPFILE,	  /* O_TMPFILE, in the directory; its path is MADE_NAMELESS from then on */
	MADE_RMDIR,
	MADE_XATTR, /* MADE_ATTRIBUTE becomes the op's number */
	MADE_SYNCFS,
	MADE_CHOWN, /* to MADE_OWNER and the op's number */
};

#define MADE_NAMELESS "#"
#define MADE_ATTRIBUTE "user.made"
#define MADE_OWNER 1000

struct made_op {
	enum made_kind kind;
	const char *path, *to;
	uint64_t bytes, at;
	bool beside; /* the next op is done by another process at the same time; only that may be a sync */
};

/* A file or directory as it is at the moment. */
struct made_file {
	bool directory, link;
	uint64_t size;
	int names;
};

struct made_name {
	int directory; /* number of a file */
	char name[4];
	int file; /* -1: none */
};

/* What is there after some ops; 0 is the data directory, 1 is "a". */
struct made_tree {
	struct made_file files[MADE_OPS + 2];
	int file_count;
	struct made_name names[3 * MADE_OPS];
	int name_count;
	int nameless; /* the file that O_TMPFILE made last; 0: none */
};

/* What an op does to a file's content. */
struct made_change {
	int file;     /* 0: nothing */
	bool written; /* by an op; else zeros */
	uint64_t from, to;
	uint64_t size; /* afterwards */
};

struct made {
	struct made_tree tree;
	struct crash__trace trace;
	struct crash__event events[MADE_OPS];
	struct crash__trace_file files[MADE_OPS + 1];
	struct crash__piece pieces[MADE_OPS];
	struct made_change changes[MADE_OPS];
	char paths[2 * MADE_OPS][32];
};

void made_start(struct made *made);

/** The file that a path leads to; -1: none. */
int made_find(const struct made_tree *tree, const char *path);

/** Where a path's last name stands: its directory, or -1. */
int made_parent(const struct made_tree *tree, const char *path);

/** Does an op more; false, with nothing changed, if it is not possible now. */
bool made_do(struct made *made, const struct made_op *op);

/** An op in words: "rename b a", "write a 8192 3 &". Never freed, and overwritten by the next one. */
const char *made_text(const struct made_op *op);

/** The op of such a text; false: it is none. What it names is never freed. */
bool made_parse(const char *text, size_t length, struct made_op *op);

/** Whether `at` of an op says something. */
bool made_is_placed(const struct made_op *op);

/** What an op writes at a place of a file: its own, and never that of the starting tree. */
unsigned char made_byte(int op, uint64_t at);
/** The op that writes such a byte there; -1: none. */
int made_op_of(unsigned char byte, uint64_t at);

/** Fills a directory with the starting tree. */
void made_base(const char *directory);

#endif
