/* SPDX-License-Identifier: MIT */
/*
 * Sources: ATC'20 is Rebello et al., Can Applications Recover from fsync Failures?; a power cut is one of
 * those in docs/FINDINGS.md, "What file systems left when power was cut", by its words there; a path is one
 * of Linux 6.18, and a name with a number a manual page. Which file system does which, and why, is said
 * beside the parameters in models/.
 */
#include "explore/atoms/durability_rules.h"

#include <stddef.h>
#include <stdio.h>

#define WHEN(member, accepted)                                                                               \
	{                                                                                                    \
		.offset = offsetof(struct crash__model, member), .values = (accepted)                        \
	}
#define IS(value) (1u << (value))
#define YES IS(1)
#define NO IS(0)

#define POWER_CUT "power cut: "

const struct crash__durability_rule crash__durability_rules[] = {
	{
		.name = "process crash",
		.when = {WHEN(process_only, YES)},
		.occasions = CRASH__ON(ANY_OP),
		.classes = CRASH__EVERY_CLASS,
		.scope = CRASH__OF_OP,
		.sentence = "Where only the process dies, what it has done is there.",
		.source = "POSIX.1-2017, write(): what was written is what any later read returns",
	},

	/* ---------------------------------------------------------- sync(2) */
	{
		.name = "sync",
		.occasions = CRASH__ON(SYNC),
		.classes = CRASH__EVERY_CLASS & ~(CRASH__CLASS(OVERWRITE) | CRASH__CLASS(REACH)),
		.scope = CRASH__OF_SYSTEM,
		.sentence = "sync makes everything durable that needs a commit.",
		.source =
			"sync(2): \"causes all pending modifications to filesystem metadata and cached file "
			"data to be written to the underlying filesystems\"",
	},
	{
		.name = "sync of overwrites",
		.when = {WHEN(sync_overwrites, YES)},
		.occasions = CRASH__ON(SYNC),
		.classes = CRASH__CLASS(OVERWRITE) | CRASH__CLASS(REACH),
		.scope = CRASH__OF_SYSTEM,
		.sentence = "sync makes overwrites durable, also when there is nothing to commit.",
		.source =
			"sync(2), as above. Not XFS, " POWER_CUT "\"sync(2) does not always flush the disk\"",
	},

	/* ---------------------------------------------------------- the file itself */
	{
		.name = "synchronous write",
		.occasions = CRASH__ON(SYNC_WRITE),
		.classes = CRASH__EVERY_CLASS,
		.scope = CRASH__OF_OP,
		.sentence =
			"A write with O_SYNC or O_DSYNC makes itself durable, and nothing that was written "
			"before.",
		.source = "open(2), O_DSYNC: \"the output data has been transferred to the underlying "
			  "hardware, along with any file metadata that would be required to retrieve that "
			  "data\"; " POWER_CUT "\"O_DSYNC syncs its own pages, and leaves a hole\"",
	},
	{
		.name = "data of the file",
		.occasions = CRASH__ON(FSYNC) | CRASH__ON(FDATASYNC),
		.classes = CRASH__DATA | CRASH__GROWS | CRASH__CLASS(REACH),
		.scope = CRASH__OF_RANGE,
		.sentence = "fsync and fdatasync make a file's data durable, with the size that shows it; "
			    "msync those of its pages.",
		.source =
			"fsync(2): \"all modified in-core data of [...] the file\"; msync(2): \"the part of "
			"the file that corresponds to the memory area\"",
	},
	{
		.name = "data in another block",
		.when = {WHEN(moves_data, IS(CRASH__MOVES_PAGES) | IS(CRASH__MOVES_SMALL))},
		.occasions = CRASH__ON(FSYNC) | CRASH__ON(FDATASYNC),
		.classes = CRASH__MOVED,
		.scope = CRASH__OF_RANGE,
		.sentence = "And what was there before, where it is written anew in another block.",
		.source = "fs/f2fs/file.c, f2fs_do_sync_file(): data and nodes, and one flush behind "
			  "both; " POWER_CUT "\"what was durable is lost in the next fsync\"",
	},
	{
		.name = "sizes that were set",
		.occasions = CRASH__ON(FSYNC) | CRASH__ON(FDATASYNC),
		.classes = CRASH__CUTS,
		.scope = CRASH__OF_FILE,
		.sentence = "fsync and fdatasync make the size durable that truncate or fallocate has set.",
		.source = "fdatasync(2): \"a change to the file size (st_size, as made by say ftruncate(2)), "
			  "would require a metadata flush\"",
	},
	{
		.name = "birth",
		.occasions = CRASH__ON(FSYNC) | CRASH__ON(FDATASYNC),
		.classes = CRASH__CLASS(BIRTH),
		.scope = CRASH__OF_FILE,
		.sentence = "fsync and fdatasync make durable that a file was made, with its mode.",
		.source = "fdatasync(2): metadata is flushed that is \"needed in order to allow a subsequent "
			  "data retrieval to be correctly handled\"",
	},
	{
		.name = "entries of the directory",
		.occasions = CRASH__ON(FSYNC) | CRASH__ON(FDATASYNC),
		.classes = CRASH__ENTRIES,
		.scope = CRASH__OF_FILE,
		.sentence = "fsync and fdatasync of a directory make its entries durable.",
		.source = "fsync(2): \"an explicit fsync() on a file descriptor for the directory\"",
	},
	{
		.name = "attributes",
		.occasions = CRASH__ON(FSYNC),
		.classes = CRASH__CLASS(ATTRIBUTE),
		.scope = CRASH__OF_FILE,
		.sentence = "fsync makes changes of mode, owner and extended attributes durable, and times "
			    "that were "
			    "set.",
		.source = "fsync(2): \"also flushes the metadata information associated with the file\"",
	},
	{
		.name = "attributes by fdatasync",
		.when = {WHEN(fdatasync_drops, IS(CRASH__DROPS_NOTHING))},
		.occasions = CRASH__ON(FDATASYNC),
		.classes = CRASH__CLASS(ATTRIBUTE),
		.scope = CRASH__OF_FILE,
		.sentence = "fdatasync makes changes of attributes durable, where it is an fsync.",
		.source = "fsync(2), as above; no shipped model: fdatasync(2) \"does not flush modified "
			  "metadata unless that metadata is needed\"",
	},

	/* ---------------------------------------------------------- its names, and what is committed with it
	 */
	{
		.name = "names",
		.when = {WHEN(fsync_own_entry, YES)},
		.occasions = CRASH__ON(FSYNC),
		.classes = CRASH__ENTRIES,
		.scope = CRASH__OF_NAMES,
		.sentence = "fsync of a file makes the names durable that it was given.",
		.source =
			"fs/btrfs/tree-log.c, btrfs_log_inode_parent(): new names and new directories above "
			"are logged; ext4 and XFS have them in the commit. fsync(2) promises less",
	},
	{
		.name = "names above",
		.when = {WHEN(fsync_own_entry, YES)},
		.occasions = CRASH__ON(FSYNC),
		.classes = CRASH__ENTRIES & ~CRASH__CLASS(MOVE),
		.scope = CRASH__OF_PATH,
		.sentence = "With its names a file has new directories above it. That one of them was "
			    "renamed later is another change.",
		.source =
			"fs/btrfs/tree-log.c, as above, log_new_dir_dentries(); where nothing of the file is "
			"left to commit, ext4_fsync_journal() and xfs_fsync_flush_log() commit "
			"nothing, " POWER_CUT "\"still g/x\"",
	},
	{
		.name = "names by fdatasync",
		.when = {WHEN(fsync_own_entry, YES),
			 WHEN(fdatasync_drops, IS(CRASH__DROPS_NOTHING) | IS(CRASH__DROPS_ATTRIBUTES))},
		.occasions = CRASH__ON(FDATASYNC) | CRASH__ON(SYNC_WRITE),
		.classes = CRASH__ENTRIES,
		.scope = CRASH__OF_NAMES,
		.sentence = "fdatasync, msync and synchronous writes make the names of the file durable.",
		.source = "fs/btrfs/tree-log.c, as above. Not ext4, " POWER_CUT
			  "\"fdatasync does not keep a new name\"",
	},
	{
		.name = "names above by fdatasync",
		.when = {WHEN(fsync_own_entry, YES),
			 WHEN(fdatasync_drops, IS(CRASH__DROPS_NOTHING) | IS(CRASH__DROPS_ATTRIBUTES))},
		.occasions = CRASH__ON(FDATASYNC) | CRASH__ON(SYNC_WRITE),
		.classes = CRASH__ENTRIES & ~CRASH__CLASS(MOVE),
		.scope = CRASH__OF_PATH,
		.sentence = "And new directories above it, but not a later rename of one.",
		.source = "fs/btrfs/tree-log.c, as above; " POWER_CUT "\"still g/x\"",
	},
	{
		.name = "commit",
		.when = {WHEN(fsync_commits_metadata, YES)},
		.occasions = CRASH__ON(FSYNC),
		.classes = CRASH__METADATA & ~CRASH__GROWS,
		.scope = CRASH__OF_COMMIT,
		.until = CRASH__METADATA,
		.until_name = CRASH__METADATA,
		.sentence = "fsync commits all metadata up to the last change of the file itself.",
		.source = "fs/ext4/fsync.c, ext4_fsync_journal(): i_sync_tid; fs/xfs/xfs_file.c, "
			  "xfs_fsync_flush_log(); " POWER_CUT
			  "\"an fsync does not commit everything before it\"",
	},
	{
		.name = "commit by fdatasync",
		.when = {WHEN(fsync_commits_metadata, YES)},
		.occasions = CRASH__ON(FDATASYNC) | CRASH__ON(SYNC_WRITE),
		.classes = CRASH__METADATA & ~CRASH__GROWS,
		.scope = CRASH__OF_COMMIT,
		.until = CRASH__SIZES,
		.until_name = CRASH__CLASS(CREATE),
		.sentence =
			"fdatasync, msync and synchronous writes commit all metadata up to the last change "
			"of the file's size, or its creation.",
		.source = "fs/ext4/fsync.c, ext4_fsync_journal(): i_datasync_tid; " POWER_CUT
			  "\"The name that a file was created with is kept\"",
	},

	/* ---------------------------------------------------------- syncs that failed */
	{
		.name = "failed sync",
		.occasions = CRASH__ON(FAILURE),
		.classes = CRASH__DATA | CRASH__CLASS(CARRY),
		.scope = CRASH__OF_SYNC,
		.effect = CRASH__BECOMES_ABANDONED,
		.sentence = "Data that a failed sync was to write is marked clean: no later sync writes it.",
		.source = "ATC'20: ext4, XFS and Btrfs mark the pages clean; " POWER_CUT
			  "\"what a failed fsync was to write is not written by the next one\"",
	},
	{
		.name = "sizes of a failed sync",
		.when = {WHEN(failed_size_kept, NO)},
		.occasions = CRASH__ON(FAILURE),
		.classes = CRASH__GROWS | CRASH__CLASS(REACH),
		.scope = CRASH__OF_SYNC,
		.effect = CRASH__BECOMES_ABANDONED,
		.sentence =
			"The size that a file grew to goes with its data: if that could not be written, no "
			"later sync makes the size durable.",
		.source =
			"fs/xfs/xfs_aops.c, xfs_end_ioend(), and fs/btrfs/ordered-data.c: no new size after "
			"an error; " POWER_CUT "\"the size goes back\"",
	},
	{
		.name = "blocks of a failed sync",
		.when = {WHEN(failed_rewrite_kept, NO)},
		.occasions = CRASH__ON(FAILURE),
		.classes = CRASH__APPENDS,
		.scope = CRASH__OF_SYNC,
		.effect = CRASH__BECOMES_UNWRITABLE,
		.sentence =
			"Nor is what is written later to new blocks that a failed sync was to write, unless "
			"a truncation takes them away in between.",
		.source = "" POWER_CUT "\"zeros again\"",
	},
	{
		.name = "read-only after a failed sync",
		.occasions = CRASH__ON(FAILURE),
		.classes = CRASH__EVERY_CLASS,
		.scope = CRASH__OF_SYNC,
		.effect = CRASH__BECOMES_READ_ONLY,
		.sentence = "The file system may have become read-only: the next sync of the same file or "
			    "directory counts from when something is changed, which shows that it has not.",
		.source = "" POWER_CUT "\"read-only, and the next fsync succeeds\"",
	},
};

const size_t crash__durability_rule_count = sizeof crash__durability_rules / sizeof *crash__durability_rules;

bool crash__durability_rule_holds(const struct crash__durability_rule *rule, const struct crash__model *model)
{
	return crash__model_meets(model, &rule->when[0]) && crash__model_meets(model, &rule->when[1]);
}

void crash__occasions_text(unsigned int occasions, char *out, size_t size)
{
	static const char *const texts[CRASH__OCCASIONS] = {
		[CRASH__ON_ANY_OP] = "any op",	    [CRASH__ON_SYNC] = "sync",
		[CRASH__ON_FSYNC] = "fsync",	    [CRASH__ON_FDATASYNC] = "fdatasync",
		[CRASH__ON_SYNC_WRITE] = "O_DSYNC", [CRASH__ON_FAILURE] = "a sync that failed",
	};
	size_t length = 0;

	*out = '\0';
	for (int i = 0; i < CRASH__OCCASIONS && length < size; i++)
		if (occasions >> i & 1)
			length += (size_t)snprintf(out + length, size - length, "%s%s", length ? ", " : "",
						   texts[i]);
}

const char *crash__durability_scope_text(enum crash__durability_scope scope)
{
	static const char *const texts[CRASH__DURABILITY_SCOPES] = {
		[CRASH__OF_OP] = "the op itself",
		[CRASH__OF_SYSTEM] = "the whole file system",
		[CRASH__OF_RANGE] = "the file, or the pages of an msync",
		[CRASH__OF_FILE] = "the file or directory",
		[CRASH__OF_NAMES] = "the names of the file",
		[CRASH__OF_PATH] = "the names of the directories above the file",
		[CRASH__OF_COMMIT] = "the whole file system, up to the file's own last change",
		[CRASH__OF_SYNC] = "what the sync was to make durable",
	};

	return texts[scope];
}

const char *crash__durability_effect_text(enum crash__durability_effect effect)
{
	static const char *const texts[CRASH__DURABILITY_EFFECTS] = {
		[CRASH__BECOMES_DURABLE] = "durable",
		[CRASH__BECOMES_ABANDONED] = "never written",
		[CRASH__BECOMES_UNWRITABLE] = "in blocks that are never written",
		[CRASH__BECOMES_READ_ONLY] = "in a file system that is read-only",
	};

	return texts[effect];
}
