/* SPDX-License-Identifier: MIT */
#include "explore/lint/journal_facts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/effort.h"
#include "explore/lint/authors.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/op_facts.h"

/* So much of a write is compared to tell an undo journal from a redo log. */
#define COMPARED 4096
/* So many writes are compared until a removed file is taken to be no journal. */
#define MOST_COMPARED 16
/* Writes with more bytes are not searched. */
#define MOST_SEARCHED (16 << 20)
/* What is in a lock is no longer: a process id, and perhaps a host. */
#define LOCK_TEXT 64

/* ------------------------------------------------------------------ a change in progress */

void crash__list_journals(struct crash__lint *lint, const struct crash__lint_process *process)
{
	lint->journals_count = 0;
	for (size_t i = 0; i < process->temporaries_count; i++) {
		const struct crash__lint_node *node = &lint->nodes[process->temporaries[i]];

		crash__effort++;
		if (!node->names || !node->slot || node->last_sync == CRASH__NEVER)
			continue;
		if (!CRASH__ADD(lint, journals, process->temporaries[i]))
			crash__lint_no_memory(lint);
	}
}

bool crash__has_journal(const struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = lint->steps[step].node;

	for (size_t i = 0; node && lint->nodes[node].slot && i < lint->journals_count; i++)
		if (lint->journals[i] != node &&
		    crash__are_related(lint, lint->nodes[node].slot, lint->nodes[lint->journals[i]].slot))
			return true;
	return false;
}

bool crash__is_logged(const struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = lint->steps[step].node;
	crash__node_id other = lint->copies[lint->copies[0].node == node].node;

	return node && other && lint->steps[step].data != CRASH__NEVER &&
	       lint->nodes[other].last_sync != CRASH__NEVER && lint->nodes[other].last_sync > step;
}

/* ------------------------------------------------------------------ removed files */

static bool contains(const struct crash__event *event, const unsigned char *bytes, size_t count)
{
	unsigned char *own;
	bool found;

	if (event->data_bytes < count || event->data_bytes > MOST_SEARCHED)
		return false;
	own = malloc((size_t)event->data_bytes);
	if (!own)
		return false;
	crash__event_copy(event, 0, own, (size_t)event->data_bytes);
	found = memmem(own, (size_t)event->data_bytes, bytes, count) != NULL;
	free(own);
	return found;
}

/* Whether some write to a file contained these bytes. */
static bool was_written(const struct crash__lint *lint, crash__node_id node, uint32_t before,
			const unsigned char *bytes, size_t count)
{
	for (uint32_t step = lint->nodes[node].first_write; step < before;
	     step = lint->steps[step].next_write)
		if (contains(at(lint, step)->event, bytes, count))
			return true;
	return false;
}

/* What was in a file where a write is going to overwrite it; false: pieces of more than one write. */
static bool old_content(const struct crash__lint *lint, uint32_t write, const struct crash__effect *effect,
			void *to, size_t count)
{
	const struct crash__node *node = &lint->fs->nodes[effect->node];

	for (uint32_t step = lint->steps[write].previous_write; step != CRASH__NEVER;
	     step = lint->steps[step].previous_write) {
		const struct crash__effect *earlier = first_effect(lint, step);

		if (earlier->kind != CRASH__EFFECT_DATA || earlier->offset >= effect->offset + count ||
		    earlier->offset + earlier->bytes <= effect->offset)
			continue;
		if (earlier->offset > effect->offset ||
		    earlier->offset + earlier->bytes < effect->offset + count)
			return false;
		crash__event_copy(at(lint, step)->event, effect->offset - earlier->offset, to, count);
		return true;
	}
	return node->base_path &&
	       crash__base_read(lint->fs->base, node->base_path, to, count, effect->offset) == (long)count;
}

/* Whether a file had what a write overwrote, and whether it had what was written. */
static void compare_write(const struct crash__lint *lint, crash__node_id file, uint32_t write,
			  const struct crash__effect *effect, struct crash__removed_file *found)
{
	unsigned char old[COMPARED], new[COMPARED];
	size_t count = effect->bytes < sizeof old ? (size_t)effect->bytes : sizeof old;
	bool had_new;

	if (count > effect->old_size - effect->offset)
		count = (size_t)(effect->old_size - effect->offset);
	crash__event_copy(at(lint, write)->event, 0, new, count);
	had_new = was_written(lint, file, write, new, count);
	found->compared = true;
	found->redoes |= had_new;
	found->undoes |= !had_new && old_content(lint, write, effect, old, count) &&
			 was_written(lint, file, write, old, count);
}

/* The first write to a file that was durable when the file was removed; CRASH__NEVER: there is none. */
static uint32_t first_durable_write(const struct crash__lint *lint, crash__node_id file, uint32_t removed)
{
	uint32_t step = lint->nodes[file].first_write;

	while (step < removed && (lint->steps[step].data > removed || lint->steps[step].abandoned))
		step = lint->steps[step].next_write;
	return step < removed ? step : CRASH__NEVER;
}

/* Where the overwrites from a step on are in the list of all. */
static size_t first_overwrite(const struct crash__lint *lint, uint32_t step)
{
	size_t low = 0, high = lint->overwrites_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lint->overwrites[middle] < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct crash__removed_file crash__compare_removed(const struct crash__lint *lint, crash__node_id file,
						  uint32_t removed)
{
	struct crash__removed_file found = {false, false, false};
	uint32_t first = first_durable_write(lint, file, removed);
	unsigned int compared = 0;

	for (size_t i = first_overwrite(lint, first); i < lint->overwrites_count && !found.undoes; i++) {
		uint32_t step = lint->overwrites[i];
		const struct crash__effect *effect = first_effect(lint, step);

		crash__effort++;
		if (step >= removed || compared == MOST_COMPARED)
			break;
		if (effect->node == file || !crash__same_process(lint, step, removed) ||
		    crash__file_fact(lint, effect->node) != CRASH__FACT_NONE)
			continue;
		compared++;
		compare_write(lint, file, step, effect, &found);
	}
	return found;
}

enum crash__fact crash__removed_fact(struct crash__lint *lint, crash__node_id file, uint32_t removed)
{
	struct crash__lint_step *step = &lint->steps[removed];
	struct crash__removed_file found;

	if (step->classified)
		return step->removed;
	found = crash__compare_removed(lint, file, removed);
	step->classified = true;
	if (found.undoes)
		step->removed = CRASH__FACT_NONE;
	else if (found.redoes)
		step->removed = CRASH__FACT_REDO_LOG;
	else
		step->removed = found.compared ? CRASH__FACT_LOCK_FILE : CRASH__FACT_REMOVED;
	return step->removed;
}

/* ------------------------------------------------------------------ locks */

/* "f.lock" and "LOCK", and not "clock" */
static bool is_named_lock(const struct crash__lint *lint, crash__node_id file)
{
	static const char *const words[] = {"lock", "lck", "pid"};
	const char *name = lint->fs->slots[lint->nodes[file].slot].name;
	size_t length = lint->nodes[file].slot ? strlen(name) : 0;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t word = strlen(words[i]);

		if (length >= word && strcasecmp(name + length - word, words[i]) == 0 &&
		    (length == word || !isalnum((unsigned char)name[length - word - 1])))
			return true;
	}
	return false;
}

/* Whether all that a file ever had is a few bytes with the number of the process that wrote them. */
static bool holds_process_id(const struct crash__lint *lint, crash__node_id file)
{
	uint32_t write = lint->nodes[file].first_write, next;
	const struct crash__event *event;
	char text[LOCK_TEXT + 1] = "", number[24];
	const char *found;
	size_t length;

	if (lint->fs->nodes[file].base_path || write == CRASH__NEVER)
		return false;
	event = at(lint, write)->event;
	next = lint->steps[write].next_write;
	if (next != CRASH__NEVER && !crash__is_truncation(lint, next))
		return false;
	if (event->data_bytes == 0 || event->data_bytes > LOCK_TEXT)
		return false;
	crash__event_copy(event, 0, text, (size_t)event->data_bytes);
	length = (size_t)snprintf(number, sizeof number, "%u", (unsigned int)event->pid);
	for (found = strstr(text, number); found; found = strstr(found + 1, number))
		if ((found == text || !isdigit((unsigned char)found[-1])) &&
		    !isdigit((unsigned char)found[length]))
			return true;
	return false;
}

/* Whether some of the last writes to one file were written to another, too. */
static bool has_some_of(const struct crash__lint *lint, crash__node_id file, crash__node_id other,
			uint32_t before)
{
	uint32_t step = lint->nodes[other].last_write;
	unsigned char bytes[COMPARED];

	for (int i = 0; i < MOST_COMPARED && step != CRASH__NEVER;
	     i++, step = lint->steps[step].previous_write) {
		uint64_t size = at(lint, step)->event->data_bytes;
		size_t count = size < sizeof bytes ? (size_t)size : sizeof bytes;

		crash__event_copy(at(lint, step)->event, 0, bytes, count);
		if (count && was_written(lint, file, before, bytes, count))
			return true;
	}
	return false;
}

/* Whether a file had the beginning of what another one was before the run. */
static bool has_base_content(const struct crash__lint *lint, crash__node_id file, crash__node_id other,
			     uint32_t before)
{
	const struct crash__node *node = &lint->fs->nodes[other];
	unsigned char bytes[COMPARED];
	size_t count = node->base_size < sizeof bytes ? (size_t)node->base_size : sizeof bytes;

	return node->base_path && count &&
	       crash__base_read(lint->fs->base, node->base_path, bytes, count, 0) == (long)count &&
	       was_written(lint, file, before, bytes, count);
}

bool crash__is_lock(const struct crash__lint *lint, crash__node_id file, crash__node_id other, uint32_t step)
{
	struct crash__removed_file found;

	if (!is_named_lock(lint, file) && !holds_process_id(lint, file))
		return false;
	found = crash__compare_removed(lint, file, step);
	return !found.undoes && !found.redoes && !has_some_of(lint, file, other, step) &&
	       !has_some_of(lint, other, file, step) && !has_base_content(lint, file, other, step);
}
