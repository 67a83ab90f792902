/* SPDX-License-Identifier: MIT */
#include "explore/lint/file_facts.h"

#include <ctype.h>
#include <string.h>

static const struct {
	enum crash__fact fact;
	bool (*holds)(const struct crash__lint *lint, crash__node_id node);
	bool unnoticed; /* nobody would notice that the file is lost */
} classifiers[] = {
	{CRASH__FACT_TEMPORARY, crash__is_temporary, true},
	{CRASH__FACT_SHARED_MEMORY, crash__is_shared_memory, true},
	{CRASH__FACT_LOG, crash__is_log, true},
	{CRASH__FACT_SPECIAL, crash__is_special, true},
	{CRASH__FACT_MOVED, crash__is_moved, false},
};

#define CLASSIFIERS (sizeof classifiers / sizeof *classifiers)

void crash__find_file_facts(struct crash__lint *lint)
{
	for (crash__node_id node = 1; node < lint->fs->nodes_count; node++)
		for (size_t i = 0; i < CLASSIFIERS; i++)
			if (classifiers[i].holds(lint, node))
				crash__add_fact(&lint->nodes[node].facts, classifiers[i].fact);
}

enum crash__fact crash__file_fact(const struct crash__lint *lint, crash__node_id node)
{
	for (size_t i = 0; i < CLASSIFIERS; i++)
		if (classifiers[i].unnoticed && crash__has_fact(lint->nodes[node].facts, classifiers[i].fact))
			return classifiers[i].fact;
	return CRASH__FACT_NONE;
}

bool crash__is_temporary(const struct crash__lint *lint, crash__node_id node)
{
	return lint->nodes[node].removed;
}

/* What is put into place is data, however it was written. */
bool crash__is_shared_memory(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	return known->written && known->only_stores && !known->placed && !known->synced;
}

/*
 * In a program that syncs nothing, what is never synced may be its data. A log that is renamed makes way for
 * the next one of its name; what is put into place leaves its first name for good.
 */
bool crash__is_log(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	return known->written && known->only_lines && !known->placed && !known->synced && lint->syncs;
}

bool crash__is_special(const struct crash__lint *lint, crash__node_id node)
{
	return lint->fs->nodes[node].type == CRASH__NODE_OTHER;
}

bool crash__is_moved(const struct crash__lint *lint, crash__node_id node)
{
	return lint->nodes[node].renamed;
}

bool crash__is_empty(const struct crash__lint *lint, crash__node_id node)
{
	return lint->fs->nodes[node].type == CRASH__NODE_FILE && crash__view_size(lint->view, node) == 0;
}

bool crash__is_rotated(const struct crash__lint *lint, const struct crash__effect *effect)
{
	return lint->fs->nodes[effect->node].base_path && !effect->old_node;
}

bool crash__are_related(const struct crash__lint *lint, crash__slot_id a, crash__slot_id b)
{
	const struct crash__slot *x = &lint->fs->slots[a], *y = &lint->fs->slots[b];
	size_t length = strlen(x->name) < strlen(y->name) ? strlen(x->name) : strlen(y->name);

	return a != b && length > 0 && strncmp(x->name, y->name, length) == 0 &&
	       !isalnum((unsigned char)x->name[length]) && !isalnum((unsigned char)y->name[length]) &&
	       (x->directory == y->directory || strcmp(x->name, y->name) == 0);
}
