/* SPDX-License-Identifier: MIT */
/*
 * check_litmus.c - published cases and what each shipped model may leave of them.
 *
 * The cases are those of Pillai et al., All File Systems Are Not Created Equal, OSDI'14 (table 1 and section
 * 2.2), Rebello et al., Can Applications Recover from fsync Failures?, ATC'20, and of the manual pages
 * fsync(2) and rename(2). What is expected follows from the marks of the table, as models/ takes them over,
 * and is written down here as outcomes that a person can read, in the words of outcomes.h:
 *
 *	a=old510+w1x3	the file a has 510 old bytes, and behind them 3 that op 1 wrote (ops count from 0)
 *	b=empty b=dir b=none
 *
 * A row lists what a model may leave after the last op: every outcome, and no others.
 */
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "tests/explore/made.h"
#include "tests/explore/outcomes.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

#define ROWS 10

struct row {
	const char *models;   /* separated by blanks */
	const char *outcomes; /* separated by '|' */
};

struct litmus {
	const char *name;
	const char *source;
	const char *shows; /* the names that are looked at, separated by blanks */
	struct made_op ops[8];
	struct row rows[ROWS];
};

#define ALL                                                                                                  \
	"kill posix ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs "     \
	"btrfs f2fs"

static const struct litmus cases[] = {
	{"append within a sector",
	 "OSDI'14: sector append",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}},
	 {{"kill", "a=old510+w0x2"},
	  {"posix ext4-writeback ext3-writeback", "a=old510 | a=old510+junkx2 | a=old510+w0x2"},
	  {"ext4 ext4-dioread-lock ext3-ordered", "a=old510 | a=old510+w0x2 | a=old510+zerox2"},
	  {"ext4-journal xfs btrfs", "a=old510 | a=old510+w0x2"},
	  {"f2fs",
	   "a=junkx510 | a=junkx510+w0x2 | a=junkx512 | a=old510 | a=old510+junkx2 | a=old510+w0x2"}}},

	{"append over the end of a sector",
	 "OSDI'14: block or prefix append",
	 "a",
	 {{MADE_APPEND, "a", NULL, 4}},
	 {{"kill", "a=old510+w0x4"},
	  {"posix", "a=old510 | a=old510+junkx2 | a=old510+junkx2+w0x2 | a=old510+junkx4 | a=old510+w0x2 | "
		    "a=old510+w0x2+junkx2 | a=old510+w0x4"},
	  {"ext4-writeback ext3-writeback",
	   "a=old510 | a=old510+junkx2+w0x2 | a=old510+junkx4 | a=old510+w0x2+junkx2 | a=old510+w0x4"},
	  {"ext4 ext4-dioread-lock ext3-ordered",
	   "a=old510 | a=old510+w0x2+zerox2 | a=old510+w0x4 | a=old510+zerox2+w0x2 | a=old510+zerox4"},
	  {"ext4-journal btrfs xfs", "a=old510 | a=old510+w0x4"},
	  {"f2fs",
	   "a=junkx510 | a=junkx510+w0x2+junkx2 | a=junkx510+w0x4 | a=junkx512+w0x2 | a=junkx514 | "
	   "a=old510 | a=old510+junkx2+w0x2 | a=old510+junkx4 | a=old510+w0x2+junkx2 | a=old510+w0x4"}}},

	{"two appends",
	 "OSDI'14: append before append to the same file",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_APPEND, "a", NULL, 3}},
	 {{"kill", "a=old510+w0x2+w1x3"},
	  {"posix ext4-writeback ext3-writeback",
	   "a=old510 | a=old510+junkx2 | a=old510+junkx2+w1x3 | a=old510+junkx5 | a=old510+w0x2 | "
	   "a=old510+w0x2+junkx3 | a=old510+w0x2+w1x3"},
	  {"ext4 ext4-dioread-lock ext3-ordered",
	   "a=old510 | a=old510+w0x2 | a=old510+w0x2+w1x3 | a=old510+w0x2+zerox3 | a=old510+zerox2 | "
	   "a=old510+zerox2+w1x3 | a=old510+zerox5"},
	  {"btrfs", "a=old510 | a=old510+w0x2 | a=old510+w0x2+w1x3 | a=old510+w0x2+zerox3"},
	  {"ext4-journal xfs", "a=old510 | a=old510+w0x2 | a=old510+w0x2+w1x3"},
	  {"f2fs",
	   "a=junkx510 | a=junkx510+w0x2 | a=junkx510+w0x2+junkx3 | a=junkx510+w0x2+w1x3 | a=junkx512 | "
	   "a=junkx512+w1x3 | a=junkx515 | a=old510 | a=old510+junkx2 | a=old510+junkx2+w1x3 | "
	   "a=old510+junkx5 | a=old510+w0x2 | a=old510+w0x2+junkx3 | a=old510+w0x2+w1x3"}}},

	{"overwrite, then create",
	 "OSDI'14: overwrite before anything",
	 "a b",
	 {{MADE_OVERWRITE, "a", NULL, 0}, {MADE_CREATE, "b", NULL, 0}},
	 {{"kill", "a=old100+w0x4+old406 b=empty"},
	  {"posix ext4 ext4-dioread-lock ext4-writeback ext3-ordered ext3-writeback xfs btrfs",
	   "a=old100+w0x4+old406 b=empty | a=old100+w0x4+old406 b=none | a=old510 b=empty | a=old510 b=none"},
	  {"ext4-journal", "a=old100+w0x4+old406 b=empty | a=old100+w0x4+old406 b=none | a=old510 b=none"},
	  {"f2fs", "a=junkx510 b=empty | a=junkx510 b=none | a=old100+w0x4+old406 b=empty | "
		   "a=old100+w0x4+old406 b=none | a=old510 b=empty | a=old510 b=none"}}},

	{"append, then create",
	 "OSDI'14: append before anything",
	 "a b",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_CREATE, "b", NULL, 0}},
	 {{"kill", "a=old510+w0x2 b=empty"},
	  {"posix ext4-writeback ext3-writeback",
	   "a=old510 b=empty | a=old510 b=none | a=old510+junkx2 b=empty | a=old510+junkx2 b=none | "
	   "a=old510+w0x2 b=empty | a=old510+w0x2 b=none"},
	  {"ext4 ext4-dioread-lock",
	   "a=old510 b=empty | a=old510 b=none | a=old510+w0x2 b=empty | a=old510+w0x2 b=none | "
	   "a=old510+zerox2 b=empty | a=old510+zerox2 b=none"},
	  {"ext4-journal", "a=old510 b=none | a=old510+w0x2 b=empty | a=old510+w0x2 b=none"},
	  {"ext3-ordered",
	   "a=old510 b=none | a=old510+w0x2 b=empty | a=old510+w0x2 b=none | a=old510+zerox2 b=empty | "
	   "a=old510+zerox2 b=none"},
	  {"xfs btrfs", "a=old510 b=empty | a=old510 b=none | a=old510+w0x2 b=empty | a=old510+w0x2 b=none"},
	  {"f2fs",
	   "a=junkx510 b=empty | a=junkx510 b=none | a=junkx510+w0x2 b=empty | a=junkx510+w0x2 b=none | "
	   "a=junkx512 b=empty | a=junkx512 b=none | a=old510 b=empty | a=old510 b=none | "
	   "a=old510+junkx2 b=empty | a=old510+junkx2 b=none | a=old510+w0x2 b=empty | a=old510+w0x2 "
	   "b=none"}}},

	{"create and rename",
	 "OSDI'14: directory op atomic; directory op before anything",
	 "b c",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_RENAME, "b", "c", 0}},
	 {{"kill", "b=none c=empty"},
	  {"posix", "b=empty c=empty | b=empty c=none | b=none c=empty | b=none c=none"},
	  {"ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "b=empty c=none | b=none c=empty | b=none c=none"},
	  {"f2fs", "b=empty c=none | b=none c=empty | b=none c=none"}}},

	{"replace by rename",
	 "OSDI'14: append before rename",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_RENAME, "b", "a", 0}},
	 {{"kill", "a=w1x3 b=none"},
	  {"posix",
	   "a=empty b=empty | a=empty b=none | a=junkx3 b=junkx3 | a=junkx3 b=none | a=old510 b=empty | "
	   "a=old510 b=junkx3 | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=none | a=w1x3 b=w1x3"},
	  {"ext4",
	   "a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=old510 b=zerox3 | a=w1x3 b=none | "
	   "a=zerox3 b=none"},
	  {"ext4-dioread-lock ext4-journal ext3-ordered",
	   "a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=none"},
	  {"ext4-writeback ext3-writeback",
	   "a=empty b=none | a=junkx3 b=none | a=old510 b=empty | a=old510 b=junkx3 | a=old510 b=none | "
	   "a=old510 b=w1x3 | a=w1x3 b=none"},
	  {"xfs btrfs",
	   "a=empty b=none | a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=none"},
	  {"f2fs",
	   "a=empty b=none | a=junkx3 b=none | a=old510 b=empty | a=old510 b=junkx3 | a=old510 b=none | "
	   "a=old510 b=w1x3 | a=w1x3 b=none"}}},

	{"replace by rename, with blocks from fallocate",
	 "power cut: preallocated, and empty",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_RESERVE, "b", NULL, 4096},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_RENAME, "b", "a", 0}},
	 {{"kill", "a=w2x3 b=none"},
	  {"ext4",
	   "a=empty b=none | a=old510 b=empty | a=old510 b=none | a=old510 b=w2x3 | a=old510 b=zerox3 | "
	   "a=w2x3 b=none | a=zerox3 b=none"},
	  {"ext4-dioread-lock",
	   "a=empty b=none | a=old510 b=empty | a=old510 b=none | a=old510 b=w2x3 | a=w2x3 b=none"},
	  {"ext4-journal ext3-ordered",
	   "a=old510 b=empty | a=old510 b=none | a=old510 b=w2x3 | a=w2x3 b=none"},
	  {"posix",
	   "a=empty b=empty | a=empty b=none | a=junkx3 b=junkx3 | a=junkx3 b=none | a=old510 b=empty | "
	   "a=old510 b=junkx3 | a=old510 b=none | a=old510 b=w2x3 | a=w2x3 b=none | a=w2x3 b=w2x3"},
	  {"ext4-writeback ext3-writeback",
	   "a=empty b=none | a=junkx3 b=none | a=old510 b=empty | a=old510 b=junkx3 | a=old510 b=none | "
	   "a=old510 b=w2x3 | a=w2x3 b=none"},
	  {"xfs btrfs",
	   "a=empty b=none | a=old510 b=empty | a=old510 b=none | a=old510 b=w2x3 | a=w2x3 b=none"},
	  {"f2fs",
	   "a=empty b=none | a=junkx3 b=none | a=old510 b=empty | a=old510 b=junkx3 | a=old510 b=none | "
	   "a=old510 b=w2x3 | a=w2x3 b=none"}}},

	{"exchange",
	 "power cut: nor does it look at RENAME_EXCHANGE",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_EXCHANGE, "b", "a", 0}},
	 {{"kill", "a=w1x3 b=old510"},
	  {"posix", "a=empty b=empty | a=empty b=none | a=empty b=old510 | a=junkx3 b=junkx3 | "
		    "a=junkx3 b=none | a=junkx3 b=old510 | a=old510 b=empty | a=old510 b=junkx3 | "
		    "a=old510 b=none | a=old510 b=old510 | a=old510 b=w1x3 | a=w1x3 b=none | "
		    "a=w1x3 b=old510 | a=w1x3 b=w1x3"},
	  {"ext4", "a=empty b=old510 | a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 "
		   "b=old510 | a=zerox3 b=old510 | a=old510 b=zerox3"},
	  {"ext4-journal ext3-ordered",
	   "a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=old510"},
	  {"ext4-writeback ext3-writeback",
	   "a=empty b=old510 | a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=old510 | "
	   "a=junkx3 b=old510 | a=old510 b=junkx3"},
	  {"xfs btrfs",
	   "a=empty b=old510 | a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=old510"},
	  {"ext4-dioread-lock",
	   "a=empty b=old510 | a=old510 b=empty | a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=old510"},
	  {"f2fs", "a=empty b=old510 | a=junkx3 b=old510 | a=old510 b=empty | a=old510 b=junkx3 | "
		   "a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=old510"}}},

	{"a directory that is renamed between two syncs of a file in it",
	 "power cut: still g/x after the last fsync",
	 "d e",
	 {{MADE_MKDIR, "d", NULL, 0},
	  {MADE_CREATE, "d/x", NULL, 0},
	  {MADE_FSYNC, "d/x", NULL, 0},
	  {MADE_RENAME, "d", "e", 0},
	  {MADE_FSYNC, "e/x", NULL, 0}},
	 {{"kill", "d=none e=dir"},
	  {"posix", "d=dir e=none | d=none e=dir | d=none e=none"},
	  {"ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "d=dir e=none | d=none e=dir"},
	  {"f2fs", "d=dir e=none | d=none e=dir"}}},

	{"replace by rename, the file synced",
	 "OSDI'14, section 2.2: atomic replace via rename",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_FSYNC, "b", NULL, 0},
	  {MADE_RENAME, "b", "a", 0}},
	 {{"kill", "a=w1x3 b=none"},
	  {"posix", "a=old510 b=none | a=old510 b=w1x3 | a=w1x3 b=none | a=w1x3 b=w1x3"},
	  {"ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "a=old510 b=w1x3 | a=w1x3 b=none"},
	  {"f2fs", "a=old510 b=w1x3 | a=w1x3 b=none"}}},

	{"replace by rename, file and directory synced",
	 "fsync(2), NOTES",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_FSYNC, "b", NULL, 0},
	  {MADE_RENAME, "b", "a", 0},
	  {MADE_FSYNC, "", NULL, 0}},
	 {{ALL, "a=w1x3 b=none"}}},

	{"replace by rename, only the directory synced",
	 "OSDI'14: append before rename",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_RENAME, "b", "a", 0},
	  {MADE_FSYNC, "", NULL, 0}},
	 {{"kill ext4-dioread-lock ext4-journal ext3-ordered", "a=w1x3 b=none"},
	  {"posix ext4-writeback ext3-writeback", "a=empty b=none | a=junkx3 b=none | a=w1x3 b=none"},
	  {"ext4", "a=w1x3 b=none | a=zerox3 b=none"},
	  {"xfs btrfs", "a=empty b=none | a=w1x3 b=none"},
	  {"f2fs", "a=empty b=none | a=junkx3 b=none | a=w1x3 b=none"}}},

	{"a new file synced, its directory not",
	 "fsync(2), NOTES",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_FSYNC, "b", NULL, 0}},
	 {{"kill ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "b=w1x3"},
	  {"posix", "b=none | b=w1x3"},
	  {"f2fs", "b=w1x3"}}},

	{"a file synced by its new name",
	 "fsync(2), NOTES",
	 "a c",
	 {{MADE_RENAME, "a", "c", 0}, {MADE_FSYNC, "c", NULL, 0}},
	 {{"kill ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "a=none c=old510"},
	  {"posix", "a=none c=none | a=none c=old510 | a=old510 c=none | a=old510 c=old510"},
	  {"f2fs", "a=none c=old510"}}},

	/* there is nothing of a's own to commit, so nothing else goes with it: i_sync_tid of ext4,
	   ili_fsync_lsn of XFS */
	{"another file synced that has nothing to commit",
	 "fs/ext4/fsync.c, fs/xfs/xfs_file.c",
	 "d",
	 {{MADE_MKDIR, "d", NULL, 0}, {MADE_FSYNC, "a", NULL, 0}},
	 {{"kill", "d=dir"},
	  {"posix ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "d=dir | d=none"},
	  {"f2fs", "d=dir | d=none"}}},

	{"a file synced in a new directory",
	 "fsync(2), NOTES",
	 "d d/x",
	 {{MADE_MKDIR, "d", NULL, 0}, {MADE_CREATE, "d/x", NULL, 0}, {MADE_FSYNC, "d/x", NULL, 0}},
	 {{"kill ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "d=dir d/x=empty"},
	  {"posix", "d=dir d/x=empty | d=dir d/x=none | d=none d/x=none"},
	  {"f2fs", "d=dir d/x=empty"}}},

	{"a new directory, and a file in it",
	 "OSDI'14: directory op before anything",
	 "d d/x",
	 {{MADE_MKDIR, "d", NULL, 0}, {MADE_CREATE, "d/x", NULL, 0}},
	 {{"kill", "d=dir d/x=empty"},
	  {"posix ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "d=dir d/x=empty | d=dir d/x=none | d=none d/x=none"},
	  {"f2fs", "d=dir d/x=empty | d=dir d/x=none | d=none d/x=none"}}},

	{"rename after a synced file of another name",
	 "OSDI'14, section 2.2: ordering by fsync of another file",
	 "a b c",
	 {{MADE_RENAME, "a", "c", 0}, {MADE_CREATE, "b", NULL, 0}, {MADE_FSYNC, "b", NULL, 0}},
	 {{"kill ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs",
	   "a=none b=empty c=old510"},
	  {"posix", "a=none b=empty c=none | a=none b=empty c=old510 | a=none b=none c=none | a=none b=none "
		    "c=old510 | "
		    "a=old510 b=empty c=none | a=old510 b=empty c=old510 | a=old510 b=none c=none | a=old510 "
		    "b=none c=old510"},
	  {"btrfs", "a=none b=empty c=old510 | a=old510 b=empty c=none"},
	  {"f2fs", "a=none b=empty c=old510 | a=old510 b=empty c=none"}}},

	{"fdatasync of a file that grew",
	 "fdatasync(2)",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_FDATASYNC, "a", NULL, 0}},
	 {{ALL, "a=old510+w0x2"}}},

	{"fdatasync of a file whose mode changed",
	 "fdatasync(2)",
	 "a",
	 {{MADE_CHMOD, "a", NULL, 0}, {MADE_FDATASYNC, "a", NULL, 0}},
	 {{"kill", "a=old510(0600)"},
	  {"posix ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "a=old510 | a=old510(0600)"},
	  {"f2fs", "a=old510 | a=old510(0600)"}}},

	{"fdatasync of a file that did not grow, after a rename",
	 "fdatasync(2); ext4: what it need not commit stays",
	 "b c",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_SYNC, NULL, NULL, 0},
	  {MADE_RENAME, "b", "c", 0},
	  {MADE_OVERWRITE, "a", NULL, 0},
	  {MADE_FDATASYNC, "a", NULL, 0}},
	 {{"kill", "b=none c=empty"},
	  {"posix", "b=empty c=empty | b=empty c=none | b=none c=empty | b=none c=none"},
	  {"ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "b=empty c=none | b=none c=empty"},
	  {"f2fs", "b=empty c=none | b=none c=empty"}}},

	{"truncate and rewrite",
	 "ext4: auto_da_alloc; OSDI'14, section 2.2: atomic replace via truncate",
	 "a",
	 {{MADE_EMPTY, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 3}},
	 {{"kill", "a=w1x3"},
	  {"posix ext4-writeback ext3-writeback",
	   "a=empty | a=junkx3 | a=old3 | a=old510 | a=w1x3 | a=w1x3+old507"},
	  {"ext4", "a=empty | a=old510 | a=w1x3 | a=zerox3"},
	  {"ext4-dioread-lock ext4-journal ext3-ordered xfs btrfs", "a=empty | a=old510 | a=w1x3"},
	  {"f2fs", "a=empty | a=junkx3 | a=old510 | a=w1x3"}}},

	{"truncate, rewrite, and append later",
	 "ext4: auto_da_alloc promises nothing for a log",
	 "a b",
	 {{MADE_EMPTY, "a", NULL, 0},
	  {MADE_APPEND, "a", NULL, 3},
	  {MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "a", NULL, 2},
	  {MADE_FSYNC, "", NULL, 0}},
	 {{"kill", "a=w1x3+w3x2 b=empty"},
	  {"posix",
	   "a=empty b=empty | a=junkx3 b=empty | a=junkx3+w3x2 b=empty | a=junkx5 b=empty | a=old3 b=empty | "
	   "a=old3+w3x2 b=empty | a=old3+w3x2+old505 b=empty | a=old5 b=empty | a=old510 b=empty | a=w1x3 "
	   "b=empty | "
	   "a=w1x3+junkx2 b=empty | a=w1x3+old2 b=empty | a=w1x3+old507 b=empty | a=w1x3+w3x2 b=empty | "
	   "a=w1x3+w3x2+old505 b=empty"},
	  {"ext4", "a=empty b=empty | a=w1x3 b=empty | a=w1x3+w3x2 b=empty | a=w1x3+zerox2 b=empty | "
		   "a=zerox3 b=empty | "
		   "a=zerox3+w3x2 b=empty | a=zerox5 b=empty"},
	  {"ext4-dioread-lock",
	   "a=empty b=empty | a=w1x3 b=empty | a=w1x3+w3x2 b=empty | a=w1x3+zerox2 b=empty"},
	  {"ext4-writeback ext3-writeback",
	   "a=empty b=empty | a=junkx3 b=empty | a=junkx3+w3x2 b=empty | a=junkx5 b=empty | a=w1x3 b=empty | "
	   "a=w1x3+junkx2 b=empty | a=w1x3+w3x2 b=empty"},
	  {"ext4-journal", "a=w1x3 b=empty | a=w1x3+w3x2 b=empty"},
	  {"ext3-ordered", "a=w1x3 b=empty | a=w1x3+w3x2 b=empty | a=w1x3+zerox2 b=empty"},
	  {"xfs", "a=empty b=empty | a=w1x3 b=empty | a=w1x3+w3x2 b=empty"},
	  {"btrfs", "a=empty b=empty | a=old510 b=empty | a=w1x3 b=empty | a=w1x3+w3x2 b=empty | "
		    "a=w1x3+zerox2 b=empty"},
	  {"f2fs", "a=empty b=empty | a=junkx3 b=empty | a=junkx3+old507 b=empty | a=junkx3+w3x2 b=empty | "
		   "a=junkx5 b=empty | a=old510 b=empty | a=w1x3 b=empty | a=w1x3+junkx2 b=empty | "
		   "a=w1x3+w3x2 b=empty"}}},

	{"link and unlink",
	 "OSDI'14: directory op before anything",
	 "a c",
	 {{MADE_LINK, "a", "c", 0}, {MADE_UNLINK, "a", NULL, 0}},
	 {{"kill", "a=none c=old510"},
	  {"posix btrfs", "a=none c=none | a=none c=old510 | a=old510 c=none | a=old510 c=old510"},
	  {"ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs",
	   "a=none c=old510 | a=old510 c=none | a=old510 c=old510"},
	  {"f2fs", "a=none c=none | a=none c=old510 | a=old510 c=none | a=old510 c=old510"}}},

	{"a sync that failed, and one that did not",
	 "ATC'20",
	 "a",
	 {{MADE_OVERWRITE, "a", NULL, 0}, {MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_FSYNC, "a", NULL, 0}},
	 {{"kill", "a=old100+w0x4+old406"},
	  {"posix ext4 ext4-dioread-lock ext4-writeback ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "a=old100+w0x4+old406 | a=old510"},
	  {"f2fs", "a=junkx510 | a=old100+w0x4+old406 | a=old510"}}},

	{"an append whose sync failed, synced again",
	 "power cut: the size goes back; read-only, and the next fsync succeeds",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_FSYNC, "a", NULL, 0}},
	 {{"kill", "a=old510+w0x2"},
	  {"ext4 ext4-dioread-lock ext3-ordered xfs btrfs", "a=old510 | a=old510+w0x2 | a=old510+zerox2"},
	  {"ext4-journal", "a=old510 | a=old510+w0x2 | a=old510+zerox2"},
	  {"posix ext4-writeback ext3-writeback", "a=old510 | a=old510+junkx2 | a=old510+w0x2"},
	  {"f2fs",
	   "a=junkx510 | a=junkx510+w0x2 | a=junkx512 | a=old510 | a=old510+junkx2 | a=old510+w0x2"}}},

	{"an append whose sync failed, synced again when something else was changed",
	 "power cut: the size goes back",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2},
	  {MADE_FSYNC_FAILS, "a", NULL, 0},
	  {MADE_CHMOD, "a", NULL, 0},
	  {MADE_FSYNC, "a", NULL, 0}},
	 {{"kill", "a=old510+w0x2(0600)"},
	  {"ext4 ext4-dioread-lock ext3-ordered ext4-journal", "a=old510+w0x2(0600) | a=old510+zerox2(0600)"},
	  {"xfs btrfs", "a=old510(0600) | a=old510+w0x2(0600) | a=old510+zerox2(0600)"},
	  {"posix", "a=old510(0600) | a=old510+junkx2(0600) | a=old510+w0x2(0600)"},
	  {"ext4-writeback ext3-writeback", "a=old510+junkx2(0600) | a=old510+w0x2(0600)"},
	  {"f2fs", "a=junkx510(0600) | a=junkx510+w0x2(0600) | a=junkx512(0600) | a=old510(0600) | "
		   "a=old510+junkx2(0600) | a=old510+w0x2(0600)"}}},

	{"new blocks whose sync failed, written again and synced",
	 "power cut: zeros again",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_FSYNC_FAILS, "b", NULL, 0},
	  {MADE_REWRITE, "b", NULL, 3},
	  {MADE_FSYNC, "b", NULL, 0}},
	 {{"kill", "b=w3x3"},
	  {"ext4", "b=w1x3 | b=w3x3 | b=zerox3"},
	  {"ext4-writeback", "b=junkx3 | b=w1x3 | b=w3x3"},
	  {"ext4-dioread-lock ext4-journal ext3-ordered ext3-writeback xfs btrfs", "b=w3x3"},
	  {"posix", "b=none | b=junkx3 | b=w1x3 | b=w3x3"},
	  {"f2fs", "b=junkx3 | b=w1x3 | b=w3x3"}}},

	{"new blocks whose sync failed, cut away, written again and synced",
	 "power cut: zeros again",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_FSYNC_FAILS, "b", NULL, 0},
	  {MADE_EMPTY, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_FSYNC, "b", NULL, 0},
	  {MADE_FSYNC, "", NULL, 0}},
	 {{"kill posix ext4 ext4-writeback ext4-dioread-lock ext4-journal ext3-ordered ext3-writeback xfs "
	   "btrfs",
	   "b=w4x3"},
	  {"f2fs", "b=w4x3"}}},

	{"a name whose directory's sync failed, synced again",
	 "power cut: read-only, and the next fsync succeeds",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_FSYNC_FAILS, "", NULL, 0}, {MADE_FSYNC, "", NULL, 0}},
	 {{"kill", "b=empty"},
	  {"posix ext4 ext4-writeback ext4-dioread-lock ext4-journal ext3-ordered ext3-writeback xfs btrfs",
	   "b=empty | b=none"},
	  {"f2fs", "b=empty | b=none"}}},

	{"the same, and a change that a file system which is read-only would have refused",
	 "power cut: read-only, and the next fsync succeeds",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_FSYNC_FAILS, "", NULL, 0},
	  {MADE_FSYNC, "", NULL, 0},
	  {MADE_CHMOD, "a", NULL, 0}},
	 {{"kill posix ext4 ext4-writeback ext4-dioread-lock ext4-journal ext3-ordered ext3-writeback xfs "
	   "btrfs",
	   "b=empty"},
	  {"f2fs", "b=empty"}}},
};

#define CASES (sizeof cases / sizeof *cases)

/* ------------------------------------------------------------------ what may be left */

/* Where a model leaves open what lost data shows as, a row says "junk" also for what may be zeros. */
static void add_expected(struct outcomes *outcomes, const struct crash__model *model, const char *text,
			 size_t length)
{
	char zeros[256];

	outcomes_add(outcomes, text, length);
	if (model->lost_data != CRASH__LOST_ANY)
		return;
	ck_assert_uint_lt(length, sizeof zeros);
	snprintf(zeros, sizeof zeros, "%.*s", (int)length, text);
	for (char *at = zeros; (at = strstr(at, "junk"));)
		memcpy(at, "zero", 4);
	outcomes_add(outcomes, zeros, length);
}

static const struct row *row_of(const struct litmus *litmus, const char *model)
{
	const struct row *found = NULL;

	for (int i = 0; i < ROWS && litmus->rows[i].models; i++)
		for (const char *at = litmus->rows[i].models; *at; at += strspn(at, " ")) {
			size_t length = strcspn(at, " ");

			if (strlen(model) == length && memcmp(at, model, length) == 0) {
				ck_assert_msg(!found, "%s: two rows for %s", litmus->name, model);
				found = &litmus->rows[i];
			}
			at += length;
		}
	ck_assert_msg(found != NULL, "%s: no row for %s", litmus->name, model);
	return found;
}

static void check_case(const struct litmus *litmus, struct crash__base *base)
{
	static struct made made;
	struct crash__fs fs;
	char **names = crash__model_names();

	made_start(&made);
	/* the first op without a path ends the list, unless it is one that has none */
	for (int i = 0; i < 8 && (litmus->ops[i].path || litmus->ops[i].kind == MADE_SYNC); i++)
		ck_assert_msg(made_do(&made, &litmus->ops[i]), "%s: op %d is not possible", litmus->name, i);
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	ck_assert_int_eq(fs.unknown, 0);
	for (size_t i = 0; names[i]; i++) {
		struct crash__model model = trees_model(names[i]);
		struct crash__atoms atoms;
		struct outcomes is = {.count = 0}, should = {.count = 0};
		const char *at = row_of(litmus, names[i])->outcomes;
		char *is_text, *should_text;

		trees_ok(crash__atoms_make(&atoms, &fs, &model));
		outcomes_find(&is, &atoms, litmus->shows);
		crash__atoms_clear(&atoms);
		for (; *at; at += strspn(at, "| ")) {
			size_t length = strcspn(at, "|");

			add_expected(&should, &model, at, length);
			at += length;
		}
		is_text = outcomes_text(&is);
		should_text = outcomes_text(&should);
		ck_assert_msg(strcmp(is_text, should_text) == 0, "%s (%s), %s may leave:%s\nand should:%s",
			      litmus->name, litmus->source, names[i], is_text, should_text);
		free(is_text);
		free(should_text);
		outcomes_clear(&is);
		outcomes_clear(&should);
	}
	crash__model_names_free(names);
	crash__fs_clear(&fs);
}

START_TEST(published_cases_leave_what_is_expected_of_each_model)
{
	struct crash__base *base;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	trees_ok(crash__base_open(directory, &base));
	check_case(&cases[_i], base);
	crash__base_close(base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("litmus");
	TCase *tcase = tcase_create("cases");

	tcase_add_loop_test(tcase, published_cases_leave_what_is_expected_of_each_model, 0, CASES);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
