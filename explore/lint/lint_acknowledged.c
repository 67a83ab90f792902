/* SPDX-License-Identifier: MIT */
/*
 * What an acknowledgement speaks for.
 *
 * Method. Each thread keeps a list of the steps that nobody has told the world of yet. An acknowledgement
 * empties the list of its own thread, and of those children of its process that have ended. It leaves in the
 * list what it does not speak for: a change whose journal is still there, or one that a log stands for.
 */
#include <ctype.h>
#include <string.h>

#include "explore/lint/lint_parts.h"

static void add_told(struct crash__lint *lint, uint32_t step)
{
	if (CRASH__ADD(lint, told, step))
		lint->steps[step].told = true;
	else
		crash__lint_no_memory(lint);
}

/*
 * Whether an acknowledgement may speak for an op. Standard error is for complaints. Of a program that never
 * syncs, output is chatter, unless it comes between two writes to the same file: then it reports progress.
 * One byte, or eight, to a descriptor of its own wakes somebody up.
 */
static bool speaks_for(const struct crash__lint *lint, uint32_t ack, uint32_t step)
{
	const struct crash__event *event = lint->fs->steps[ack].event;
	uint32_t next = lint->steps[step].next_write;

	if (event->fd == 2)
		return false;
	if (event->fd < 0)
		return true;
	if (event->fd > 2)
		return event->data_bytes != 1 && event->data_bytes != 8;
	return lint->syncs || (next != CRASH__NEVER && next > ack);
}

bool crash__lint_neighbours(const struct crash__lint *lint, crash__slot_id a, crash__slot_id b)
{
	const struct crash__slot *x = &lint->fs->slots[a], *y = &lint->fs->slots[b];
	size_t length = strlen(x->name) < strlen(y->name) ? strlen(x->name) : strlen(y->name);

	return a != b && length > 0 && strncmp(x->name, y->name, length) == 0 &&
	       !isalnum((unsigned char)x->name[length]) && !isalnum((unsigned char)y->name[length]) &&
	       (x->directory == y->directory || strcmp(x->name, y->name) == 0);
}

/* Files that a process has beside others for the time of a change: durable now, and removed later. */
static void list_journals(struct crash__lint *lint, const struct crash__lint_process *process)
{
	lint->journals_count = 0;
	for (size_t i = 0; i < process->nodes_count; i++) {
		const struct crash__lint_node *node = &lint->nodes[process->nodes[i]];

		if (!node->temporary || !node->names || !node->slot || node->last_sync == CRASH__NEVER)
			continue;
		if (!CRASH__ADD(lint, journals, process->nodes[i]))
			crash__lint_no_memory(lint);
	}
}

/* Whether what was written is to be undone if nothing follows: its journal is still there. */
static bool is_in_progress(const struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = lint->steps[step].node;

	for (size_t i = 0; node && lint->nodes[node].slot && i < lint->journals_count; i++)
		if (lint->journals[i] != node &&
		    crash__lint_neighbours(lint, lint->nodes[node].slot, lint->nodes[lint->journals[i]].slot))
			return true;
	return false;
}

/*
 * Whether a write is one that a log stands for: another file was synced between it and the acknowledgement,
 * and this one is synced later, when it suits.
 */
static bool is_logged(const struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = lint->steps[step].node;
	crash__node_id other = lint->copies[lint->copies[0].node == node].node;

	return node && other && lint->steps[step].data != CRASH__NEVER &&
	       lint->nodes[other].last_sync != CRASH__NEVER && lint->nodes[other].last_sync > step;
}

/* What one thread has done since its last acknowledgement. */
static void collect_of(struct crash__lint *lint, uint32_t ack, struct crash__lint_author *author)
{
	size_t kept = 0;

	list_journals(lint, &lint->processes[author->process]);
	for (size_t i = 0; i < author->steps_count; i++) {
		if (speaks_for(lint, ack, author->steps[i]) && !is_in_progress(lint, author->steps[i]) &&
		    !is_logged(lint, author->steps[i]))
			add_told(lint, author->steps[i]);
		else
			author->steps[kept++] = author->steps[i];
	}
	author->steps_count = kept;
}

void crash__lint_collect(struct crash__lint *lint, uint32_t ack)
{
	const struct crash__lint_process *speaker = &lint->processes[lint->steps[ack].process];

	lint->told_count = 0;
	for (size_t i = 0; i < lint->authors_count; i++) {
		struct crash__lint_author *author = &lint->authors[i];
		const struct crash__lint_process *process = &lint->processes[author->process];

		if (author->steps_count &&
		    (i == lint->steps[ack].author ||
		     (process->last_step < ack && crash__lint_descends(lint, process, speaker))))
			collect_of(lint, ack, author);
	}
}

/* At the end of the run everything is told that was not before. */
void crash__lint_collect_rest(struct crash__lint *lint)
{
	lint->told_count = 0;
	for (uint32_t step = 0; step < lint->fs->steps_count; step++)
		if (!lint->steps[step].told)
			add_told(lint, step);
}
