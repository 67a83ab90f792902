/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the rules of lint.
 *
 * Each rule is a function that looks at one step before it changes the tree. All of them pass over files that
 * are evidently not what the program is about: temporary ones, which it removes again; shared memory, which
 * is a file written by stores to a mapping alone and never synced; and, in a program that syncs other files,
 * text that is only ever appended to and never synced: its log for people.
 */
#include "explore/lint/rules.h"

const struct crash__lint_rule crash__lint_rules[] = {
	{"unsynced-rename",
	 "A file was renamed or linked into place before its data was synced: after a power loss the name "
	 "may stand for an "
	 "empty or half-written file.",
	 crash__check_unsynced_rename},
	{"undurable-name",
	 "A name that was made is not durable when the world is told, or when the program has ended: only an "
	 "fsync of its "
	 "directory makes it so, and without it the whole file may be gone.",
	 crash__check_undurable_name},
	{"source-removed",
	 "A durable file was removed, emptied or replaced before what takes its place was durable: a power "
	 "loss may leave "
	 "neither.",
	 crash__check_source_removed},
	{"unsynced-ack",
	 "The program told the world, by output, a reply, crash_ack() or its exit status, when something "
	 "that the same thread "
	 "or a child of it had done before was not durable.",
	 crash__check_unsynced_ack},
	{"overwrite-in-place",
	 "Durable data was overwritten in place and no journal or copy was durable: a power loss may leave a "
	 "mixture of old "
	 "and new.",
	 crash__check_overwrite},
	{"ignored-sync-error",
	 "A sync failed and the program went on as if it had not: what it was to make durable may be lost, "
	 "and no later sync "
	 "will say so.",
	 crash__check_ignored_failure},
};

const size_t crash__lint_rule_count = sizeof crash__lint_rules / sizeof *crash__lint_rules;
