/* SPDX-License-Identifier: MIT */
#include "explore/lint/rules.h"

#include "explore/lint/rules_acknowledged.h"
#include "explore/lint/rules_failed.h"
#include "explore/lint/rules_name.h"
#include "explore/lint/rules_overwrite.h"
#include "explore/lint/rules_removed.h"

const struct crash__lint_rule crash__lint_rules[] = {
	{"unsynced-rename",
	 "A file was renamed or linked into place before its data was durable. After a power loss the name "
	 "may lead to an empty or partly written file.",
	 crash__check_unsynced_rename},
	{"undurable-name",
	 "The name of a file or directory was not durable when the program acknowledged something or ended. "
	 "Only an fsync of its directory makes a name durable. Without it the whole file may be gone.",
	 crash__check_undurable_name},
	{"source-removed",
	 "A durable file was removed, emptied or replaced before its replacement was durable. A power loss "
	 "may leave neither.",
	 crash__check_source_removed},
	{"unsynced-ack",
	 "The program acknowledged something that was not durable. An acknowledgement is output, a reply, "
	 "crash_ack() or the exit status. It speaks for its own thread and for children that have ended.",
	 crash__check_unsynced_ack},
	{"overwrite-in-place",
	 "Durable data was overwritten in place, and no journal or copy was durable. A power loss may "
	 "leave a mixture of old and new data.",
	 crash__check_overwrite},
	{"ignored-sync-error",
	 "A sync failed, and the program went on as if it had not. The data may be lost, and no later sync "
	 "reports it.",
	 crash__check_ignored_failure},
};

const size_t crash__lint_rule_count = sizeof crash__lint_rules / sizeof *crash__lint_rules;
