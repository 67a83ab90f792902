/* SPDX-License-Identifier: MIT */
#include "explore/lint/used_files.h"

#include <string.h>

#include "base/effort.h"

#define FIRST_PLACES 256

/* Where a pair is in the table, or is to be put. */
static struct crash__lint_use *place(const struct crash__lint *lint, uint32_t process, crash__node_id node)
{
	uint64_t hash = ((uint64_t)process << 32 | node) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 32) & (lint->use_places - 1);

	while (lint->uses[at].node && (lint->uses[at].node != node || lint->uses[at].process != process))
		at = (at + 1) & (lint->use_places - 1);
	return &lint->uses[at];
}

static bool grow(struct crash__lint *lint)
{
	struct crash__lint_use *old = lint->uses;
	size_t places = lint->use_places;

	lint->use_places = places ? places * 2 : FIRST_PLACES;
	lint->uses = calloc(lint->use_places, sizeof *lint->uses);
	if (!lint->uses) {
		lint->uses = old;
		lint->use_places = places;
		return false;
	}
	for (size_t i = 0; i < places; i++)
		if (old[i].order)
			*place(lint, old[i].process, old[i].node) = old[i];
	free(old);
	return true;
}

/* False: there is no memory. */
static bool add(struct crash__lint *lint, uint32_t process, crash__node_id node)
{
	struct crash__lint_use *use;

	if (lint->use_count * (size_t)2 >= lint->use_places && !grow(lint))
		return false;
	use = place(lint, process, node);
	use->process = process;
	use->node = node;
	use->order = ++lint->use_count;
	return true;
}

uint32_t crash__use_order(const struct crash__lint *lint, uint32_t process, crash__node_id node)
{
	return lint->use_places ? place(lint, process, node)->order : 0;
}

void crash__note_use(struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	uint32_t number = lint->steps[step].process;
	struct crash__lint_process *process = &lint->processes[number];
	struct crash__lint_node *known = &lint->nodes[node];
	bool temporary = crash__has_fact(known->facts, CRASH__FACT_TEMPORARY);

	/* nearly always; but processes take turns */
	if (known->user == number + 1)
		return;
	known->user = number + 1;
	if (crash__use_order(lint, number, node))
		return;
	if (!CRASH__ADD(process, nodes, node) || (temporary && !CRASH__ADD(process, temporaries, node)) ||
	    !add(lint, number, node))
		crash__lint_no_memory(lint);
}

/* Moves what has no name to the other list. */
static void sort_out(struct crash__lint *lint, uint32_t number)
{
	struct crash__lint_process *process = &lint->processes[number];
	size_t kept = 0;

	for (size_t i = 0; i < process->nodes_count; i++) {
		crash__node_id node = process->nodes[i];

		crash__effort++;
		if (lint->nodes[node].names) {
			process->nodes[kept++] = node;
			continue;
		}
		if (!CRASH__ADD(process, nameless, node))
			crash__lint_no_memory(lint);
		place(lint, number, node)->order = 0;
		lint->nodes[node].user = 0;
	}
	process->nodes_count = kept;
	process->gone = 0;
	kept = 0;
	for (size_t i = 0; i < process->temporaries_count; i++)
		if (lint->nodes[process->temporaries[i]].names)
			process->temporaries[kept++] = process->temporaries[i];
	process->temporaries_count = kept;
}

void crash__note_nameless(struct crash__lint *lint, crash__node_id node)
{
	uint32_t user = lint->nodes[node].user;

	if (user && ++lint->processes[user - 1].gone > lint->processes[user - 1].nodes_count / 2)
		sort_out(lint, user - 1);
}
