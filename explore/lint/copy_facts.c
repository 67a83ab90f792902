/* SPDX-License-Identifier: MIT */
#include "explore/lint/copy_facts.h"

#include "explore/lint/file_facts.h"
#include "explore/lint/pending.h"

bool crash__has_copy(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];
	bool own = lint->copies[0].node == node;
	uint32_t write = lint->copies[own].write;

	return lint->copies[own].node && (known->last_sync == CRASH__NEVER || write > known->last_sync);
}

/* Whether another file is durable, and was synced since a file was written last. */
static bool is_synced_since(const struct crash__lint *lint, uint32_t step, crash__node_id node,
			    crash__node_id other)
{
	uint32_t since = lint->nodes[node].last_write, synced = lint->nodes[other].last_sync;

	return other != node && synced != CRASH__NEVER && (since == CRASH__NEVER || synced >= since) &&
	       lint->fs->nodes[other].type == CRASH__NODE_FILE &&
	       crash__pending_write(lint, other, step) == CRASH__NEVER;
}

static bool has_related_name(const struct crash__lint *lint, crash__node_id node, crash__node_id other)
{
	crash__slot_id one = lint->nodes[node].slot, two = lint->nodes[other].slot;

	return one && two && crash__are_related(lint, one, two);
}

bool crash__has_backup(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];

	for (size_t i = process->nodes_count; i-- > 0;)
		if (has_related_name(lint, node, process->nodes[i]) &&
		    is_synced_since(lint, step, node, process->nodes[i]))
			return true;
	for (size_t i = process->nameless_count; i-- > 0;)
		if (has_related_name(lint, node, process->nameless[i]) &&
		    is_synced_since(lint, step, node, process->nameless[i]))
			return true;
	return false;
}

bool crash__is_restarted_log(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];

	/* open() with O_TRUNC begins a file anew, whatever it was */
	if (is_family(lint, step, CRASH__FAMILY_OPEN))
		return false;
	for (size_t i = process->nodes_count; i-- > 0;)
		if (is_synced_since(lint, step, node, process->nodes[i]))
			return true;
	for (size_t i = process->nameless_count; i-- > 0;)
		if (is_synced_since(lint, step, node, process->nameless[i]))
			return true;
	return false;
}
