/* SPDX-License-Identifier: MIT */
/*
 * Sources: OSDI'14 is table 1 of Pillai et al., All File Systems Are Not Created Equal, and what follows the
 * name of its row; a power cut is one of those in docs/FINDINGS.md, "What file systems left when power was
 * cut", by its words there; a path is one of Linux 6.18. Which file system does which, and why, is said
 * beside the parameters in models/.
 */
#include "explore/atoms/order_rules.h"

#include <stddef.h>

#define WHEN(member, accepted)                                                                               \
	{                                                                                                    \
		.offset = offsetof(struct crash__model, member), .values = (accepted)                        \
	}
#define IS(value) (1u << (value))
#define LAST_BLOCKS_TOO (IS(CRASH__DATA_FREE) | IS(CRASH__DATA_OF_ONLY_PAGE) | IS(CRASH__DATA_FIRST))
#define YES IS(1)

#define OSDI "OSDI'14, "
#define POWER_CUT "power cut: "
#define EXT4_RST "Documentation/admin-guide/ext4.rst, "
#define DATA_JOURNAL                                                                                         \
	EXT4_RST "data=journal: \"All data are committed into the journal prior to being written into the "  \
		 "main file system\""

const struct crash__order_rule crash__order_rules[] = {
	/* ---------------------------------------------------------- within one op */
	{
		.name = "sizes of one op",
		.predecessors = CRASH__SIZES,
		.successors = CRASH__SIZES,
		.scope = CRASH__SIZES_OF_OP,
		.sentence = "A file passes through the sizes that one op gives it in their order.",
		.source = "mm/filemap.c, generic_perform_write(): pages are filled in ascending order, and "
			  "each moves the end of the file",
	},
	{
		.name = "new blocks before their size",
		.when = {WHEN(data_before_metadata, IS(CRASH__DATA_IN_NEW_BLOCKS) | IS(CRASH__DATA_FIRST))},
		.predecessors = CRASH__APPENDS,
		.successors = CRASH__GROWS,
		.scope = CRASH__SIZE_OF_DATA,
		.sentence = "A file never has a size that shows a new block without its data.",
		.source = EXT4_RST "data=ordered: \"All data are forced directly out to the main file system "
				   "prior to its metadata being committed to the journal\"; " OSDI
				   "block append",
	},
	{
		.name = "last block before its size",
		.when = {WHEN(data_before_metadata, IS(CRASH__DATA_FIRST))},
		.predecessors = CRASH__CLASS(FILL),
		.successors = CRASH__GROWS,
		.scope = CRASH__SIZE_OF_DATA,
		.sentence = "A file never has a size that shows a part of its last block without its data.",
		.source = "fs/xfs/xfs_aops.c, xfs_setfilesize(): the size on disk is updated \"now that data "
			  "has been written\"; " OSDI "sector append. Not ext3 and ext4, " POWER_CUT
			  "\"a file that grew is found with its new size and zeros\"",
	},

	{
		.name = "the only page before its size",
		.when = {WHEN(data_before_metadata, IS(CRASH__DATA_OF_ONLY_PAGE))},
		.predecessors = CRASH__CLASS(FILL) | CRASH__APPENDS,
		.successors = CRASH__GROWS,
		.scope = CRASH__SIZE_OF_ONLY_PAGE,
		.sentence = "A file has a new size when something of it has been written: if there was one "
			    "page to write, that page.",
		.source = "fs/btrfs/inode.c, btrfs_finish_one_ordered(): the size in memory is taken, be it "
			  "that of a write that came after, " POWER_CUT
			  "\"the new size, and zeros, while another part was written\"",
	},
	{
		.name = "a page before the size that it reaches to",
		.when = {WHEN(data_before_metadata, IS(CRASH__DATA_IN_NEW_BLOCKS) | IS(CRASH__DATA_FIRST))},
		.predecessors = CRASH__IN_PLACE,
		.successors = CRASH__CLASS(REACH),
		.scope = CRASH__SIZE_OF_DATA,
		.sentence = "A page gives the file the size at which it ends when it has been written.",
		.source = "fs/xfs/xfs_aops.c, xfs_setfilesize(), as above; fs/ext4/inode.c, "
			  "mpage_map_and_submit_extent(): i_disksize follows what is written back, " POWER_CUT
			  "\"a size that no op made\"",
	},

	/* ---------------------------------------------------------- directory entries */
	{
		.name = "moves of directories",
		.predecessors = CRASH__CLASS(MOVE),
		.successors = CRASH__CLASS(MOVE),
		.scope = CRASH__ALL_OPS,
		.sentence = "Renames of directories reach the disk in order.",
		.source = "what a crash state is (atoms.h): it is a tree, and a directory would otherwise "
			  "have two names, or lie below itself",
	},
	{
		.name = "entries before metadata",
		.when = {WHEN(dirop_order, IS(CRASH__DIROPS_TOTAL))},
		.predecessors = CRASH__ENTRIES,
		.successors = CRASH__METADATA,
		.scope = CRASH__ALL_OPS,
		.sentence = "A directory entry reaches the disk before any later metadata.",
		.source = OSDI "directory op before anything",
	},
	{
		.name = "attributes before metadata",
		.when = {WHEN(dirop_order, IS(CRASH__DIROPS_TOTAL))},
		.predecessors = CRASH__ATTRIBUTES,
		.successors = CRASH__METADATA,
		.scope = CRASH__ALL_OPS,
		.sentence = "A change of mode, owner, time or extended attribute reaches the disk before any "
			    "later metadata.",
		.source = "fs/ext4/inode.c, ext4_setattr(), and fs/xfs/xfs_iops.c, xfs_setattr_nonsize(): a "
			  "transaction like that of a directory entry, in the same journal; " POWER_CUT
			  "\"no later name without the attribute\"",
	},
	{
		.name = "entries of one directory",
		.when = {WHEN(dirop_order, IS(CRASH__DIROPS_PER_DIRECTORY))},
		.predecessors = CRASH__ENTRIES,
		.successors = CRASH__ENTRIES,
		.scope = CRASH__LAST_OF_DIRECTORY,
		.sentence = "The entries of one directory reach the disk in order.",
		.source = OSDI "directory op before anything, said of one directory; no shipped model",
	},
	{
		.name = "old name before it is used again",
		.when = {WHEN(rename_atomic, YES)},
		.predecessors = CRASH__ENTRIES,
		.successors = CRASH__ENTRIES,
		.scope = CRASH__MOVED_NAME,
		.sentence = "A durable name that a rename has taken from a file is not used again on the "
			    "disk before the file has its new one.",
		.source = "what rename-atomic means: the old name would be gone, and the new one not there; "
			  "fs/btrfs/tree-log.c, btrfs_check_ref_name_override()",
	},

	/* ---------------------------------------------------------- appends, in the whole file system */
	{
		.name = "appends before anything",
		.when = {WHEN(append_order, YES)},
		.predecessors = CRASH__APPENDS | CRASH__GROWS,
		.successors = CRASH__EVERY_CLASS & ~CRASH__IN_PLACE,
		.scope = CRASH__ALL_OPS,
		.sentence = "What was appended reaches the disk before anything later that needs a commit.",
		.source = OSDI "append before anything; Documentation/filesystems/ext3.rst, data=ordered, as "
			       "ext3 allocates when it is written to",
	},
	{
		.name = "last blocks before anything",
		.when = {WHEN(append_order, YES), WHEN(data_before_metadata, LAST_BLOCKS_TOO)},
		.predecessors = CRASH__CLASS(FILL),
		.successors = CRASH__EVERY_CLASS & ~CRASH__IN_PLACE,
		.scope = CRASH__ALL_OPS,
		.sentence = "What was appended to the last block of a file reaches the disk before anything "
			    "later that needs a commit, unless the file system looks after new blocks only.",
		.source = OSDI "append before anything. Not ext3, " POWER_CUT
			       "\"In the last block that the file had\"",
	},
	{
		.name = "appends before overwrites",
		.when = {WHEN(append_order, YES), WHEN(overwrite_order, YES)},
		.predecessors = CRASH__APPENDS | CRASH__GROWS,
		.successors = CRASH__IN_PLACE,
		.scope = CRASH__ALL_OPS,
		.sentence = "Where data in place goes through the journal, too, it comes after what was "
			    "appended.",
		.source = DATA_JOURNAL,
	},
	{
		.name = "last blocks before overwrites",
		.when = {WHEN(append_order, YES), WHEN(overwrite_order, YES),
			 WHEN(data_before_metadata, LAST_BLOCKS_TOO)},
		.predecessors = CRASH__CLASS(FILL),
		.successors = CRASH__IN_PLACE,
		.scope = CRASH__ALL_OPS,
		.sentence = "Where data in place goes through the journal, too, it comes after what was "
			    "appended to the last block of a file.",
		.source = DATA_JOURNAL,
	},

	/* ---------------------------------------------------------- overwrites, in the whole file system */
	{
		.name = "overwrites before anything",
		.when = {WHEN(overwrite_order, YES)},
		.predecessors = CRASH__CLASS(OVERWRITE),
		.successors = CRASH__EVERY_CLASS,
		.scope = CRASH__ALL_OPS,
		.sentence = "An overwrite reaches the disk before anything later.",
		.source = OSDI "overwrite before anything; " DATA_JOURNAL,
	},
	{
		.name = "last blocks as overwrites",
		.when = {WHEN(overwrite_order, YES),
			 WHEN(data_before_metadata, IS(CRASH__DATA_IN_NEW_BLOCKS))},
		.predecessors = CRASH__CLASS(FILL),
		.successors = CRASH__EVERY_CLASS,
		.scope = CRASH__ALL_OPS,
		.sentence = "What was appended to the last block of a file reaches the disk before anything "
			    "later, where only new blocks are treated as appended.",
		.source = OSDI "overwrite before anything, as the block has its place already; no shipped "
			       "model",
	},

	/* ---------------------------------------------------------- the size of one file */
	{
		.name = "sizes before appends",
		.when = {WHEN(same_file_append_order, YES)},
		.predecessors = CRASH__SIZES,
		.successors = CRASH__CLASS(APPEND) | CRASH__CLASS(GROW),
		.scope = CRASH__LAST_OF_FILE,
		.sentence =
			"An append waits for the size that the file had before it. That of a truncation or "
			"of a write that goes alone stands for those before it.",
		.source = OSDI "append before append to the same file; " POWER_CUT
			       "\"append and ftruncate leave zeros\", so the truncation does not wait; "
			       "nor does O_DIRECT, " POWER_CUT "\"what went past the page cache "
			       "overtakes\", nor a shared block, " POWER_CUT
			       "\"a reflinked append waits for nothing\"",
	},
	{
		.name = "cuts before sizes",
		.when = {WHEN(same_file_append_order, YES)},
		.predecessors = CRASH__CUTS,
		.successors = CRASH__CUTS | CRASH__CLASS(LONE_GROW) | CRASH__CLASS(REACH),
		.scope = CRASH__LAST_OF_FILE,
		.sentence = "Truncations of a file reach the disk in order, and before the size of a write "
			    "that goes alone.",
		.source = OSDI "append before append to the same file; " POWER_CUT
			       "\"O_DSYNC syncs its own pages, and leaves a hole\", so it does not wait for "
			       "appends",
	},
	{
		.name = "cuts before data behind them",
		.when = {WHEN(same_file_append_order, YES)},
		.predecessors = CRASH__CUTS,
		.successors = CRASH__IN_PLACE | CRASH__CLASS(LONE_APPEND),
		.scope = CRASH__LAST_BELOW_BLOCK,
		.sentence = "Data for a block that a truncation had taken away waits for the truncation.",
		.source =
			OSDI "append before append to the same file: the block is a new one, which the inode "
			     "has only after the truncation",
	},
	{
		.name = "sizes before overwrites",
		.when = {WHEN(same_file_append_order, YES), WHEN(overwrite_order, YES)},
		.predecessors = CRASH__SIZES,
		.successors = CRASH__IN_PLACE | CRASH__CLASS(LONE_APPEND),
		.scope = CRASH__LAST_OF_FILE,
		.sentence =
			"Where data in place goes through the journal, too, it waits for the file's size.",
		.source = DATA_JOURNAL,
	},

	/* ---------------------------------------------------------- replacing a file */
	{
		.name = "sizes before the new name",
		.when = {WHEN(safe_rename, IS(CRASH__RENAME_WITH_SIZE) | IS(CRASH__RENAME_WITH_DATA))},
		.predecessors = CRASH__SIZES,
		.successors = CRASH__ENTRIES,
		.scope = CRASH__RENAMED_FILE,
		.sentence = "A file that replaces another by rename has its size when it has the name.",
		.source = EXT4_RST "auto_da_alloc: \"force that any delayed allocation blocks are "
				   "allocated\"; " POWER_CUT "\"It was never found empty\"",
	},
	{
		.name = "new blocks before the new name",
		.when = {WHEN(safe_rename, IS(CRASH__RENAME_WITH_DATA))},
		.predecessors = CRASH__APPENDS,
		.successors = CRASH__ENTRIES,
		.scope = CRASH__RENAMED_FILE,
		.sentence = "A file that replaces another by rename has what was appended to it when it has "
			    "the name.",
		.source = EXT4_RST
		"auto_da_alloc: \"the data blocks of the new file are forced to disk before "
		"the rename() operation is committed\". Not with dioread_nolock, " POWER_CUT
		"\"a was found with three zeros\"; not by RENAME_EXCHANGE, and not what goes to "
		"blocks that were allocated before, " POWER_CUT "\"preallocated, and empty\"",
	},
	{
		.name = "data in place before the new name",
		.when = {WHEN(safe_rename, IS(CRASH__RENAME_WITH_DATA)),
			 WHEN(data_before_metadata, LAST_BLOCKS_TOO)},
		.predecessors = CRASH__IN_PLACE,
		.successors = CRASH__ENTRIES,
		.scope = CRASH__RENAMED_FILE,
		.sentence =
			"A file that replaces another by rename has what was written to the blocks that it "
			"had, unless the file system looks after new blocks only.",
		.source = DATA_JOURNAL ". Not with data=ordered, " POWER_CUT "\"the last block is not\"",
	},
	{
		.name = "rewrite before truncation",
		.when = {WHEN(safe_truncate, YES)},
		.predecessors = CRASH__DATA | CRASH__GROWS,
		.successors = CRASH__CLASS(EMPTY),
		.scope = CRASH__REWRITE,
		.sentence = "A file that is truncated and at once written anew has the new data when the old "
			    "is gone.",
		.source = EXT4_RST "auto_da_alloc: \"replace-via-truncate\". No shipped model, " POWER_CUT
				   "\"truncate and write anew is found empty\"",
	},
};

const size_t crash__order_rule_count = sizeof crash__order_rules / sizeof *crash__order_rules;

bool crash__order_rule_holds(const struct crash__order_rule *rule, const struct crash__model *model)
{
	for (int i = 0; i < CRASH__CONDITIONS; i++)
		if (!crash__model_meets(model, &rule->when[i]))
			return false;
	return true;
}

const char *crash__order_scope_text(enum crash__order_scope scope)
{
	static const char *const texts[] = {
		[CRASH__SIZES_OF_OP] = "the sizes of one op",
		[CRASH__SIZE_OF_DATA] = "of one op, the first size that shows it",
		[CRASH__SIZE_OF_ONLY_PAGE] =
			("of an op on one page, when nothing else that was written to the file is under way, "
			 "the first size that shows it"),
		[CRASH__ALL_OPS] = "any two ops",
		[CRASH__LAST_OF_DIRECTORY] = "the last ops on the directory",
		[CRASH__MOVED_NAME] =
			"the last rename that moved a file away from the name, which was durable",
		[CRASH__LAST_OF_FILE] = "the last ops on the file",
		[CRASH__LAST_BELOW_BLOCK] = "the last that cut the file in front of the block",
		[CRASH__RENAMED_FILE] =
			("the file that a rename puts in the place of another, unless fallocate "
			 "gave it blocks"),
		[CRASH__REWRITE] = "the first write after the truncation, and those that follow at once",
	};

	return texts[scope];
}
