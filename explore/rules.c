/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the rules of lint.
 *
 * Each rule is a function that looks at one step before it changes the tree. All of them pass over files that
 * are evidently not what the program is about: temporary ones, which it removes again; shared memory, which is a
 * file written by stores to a mapping alone and never synced; and, in a program that syncs other files, text that
 * is only ever appended to and never synced: its log for people.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explore/lint.h"

/* What a disk writes whole: no file system was found to tear it. */
#define SECTOR 512
/* So much of a write is compared to tell an undo journal from a redo log. */
#define COMPARED 4096
/* So many writes are compared until a removed file is taken to be no journal. */
#define MOST_COMPARED 16

static const struct crash__step *at(const struct crash__lint *lint, uint32_t step)
{
	return &lint->fs->steps[step];
}

static bool is_end(const struct crash__lint *lint, uint32_t step)
{
	return step == lint->fs->steps_count;
}

static bool is_family(const struct crash__lint *lint, uint32_t step, enum crash__family family)
{
	return !is_end(lint, step) && at(lint, step)->event->kind == CRASH__EVENT_OP &&
	       at(lint, step)->event->family == family;
}

static const struct crash__effect *effect_at(const struct crash__lint *lint, uint32_t step, uint32_t index)
{
	return &lint->fs->effects[at(lint, step)->first_effect + index];
}

/* Whether the loss of a file would be noticed. */
static bool matters(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	return !known->temporary && !known->stored_only && !known->plain_log &&
	       lint->fs->nodes[node].type != CRASH__NODE_OTHER;
}

/* The last write to a file, if it is not durable when a step begins; CRASH__NEVER: it is. */
static uint32_t pending_write(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t last = lint->nodes[node].last_write;

	return last != CRASH__NEVER && crash__lint_pending(lint->steps[last].data, step) ? last : CRASH__NEVER;
}

/* Whether a file has bytes that a power loss would not take, when a step begins. */
static bool has_durable_data(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	if (lint->fs->nodes[node].type != CRASH__NODE_FILE)
		return false;
	if (lint->fs->nodes[node].base_path && lint->fs->nodes[node].base_size)
		return true;
	return known->last_write != CRASH__NEVER &&
	       (known->last_sync != CRASH__NEVER || !crash__lint_pending(lint->steps[known->last_write].data, step));
}

/* The step that gave a file its present name, if that is not durable; or CRASH__NEVER. */
static uint32_t pending_name(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t named = lint->nodes[node].named;

	return named != CRASH__NEVER && crash__lint_pending(lint->steps[named].name, step) ? named : CRASH__NEVER;
}

/* ------------------------------------------------------------------ a name before its data */

/* A file made in this run, or put over another: a log that is moved out of the way is neither. */
static bool goes_into_place(const struct crash__lint *lint, const struct crash__effect *effect)
{
	return !lint->fs->nodes[effect->node].base_path || effect->old_node;
}

static void check_unsynced_rename(struct crash__lint *lint, uint32_t step)
{
	if (!is_family(lint, step, CRASH__FAMILY_RENAME) && !is_family(lint, step, CRASH__FAMILY_LINK))
		return;
	for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);
		uint32_t write;

		if (effect->kind != CRASH__EFFECT_ENTRY || !effect->node || !matters(lint, effect->node) ||
		    !goes_into_place(lint, effect))
			continue;
		write = pending_write(lint, effect->node, step);
		if (write == CRASH__NEVER)
			continue;
		lint->nodes[effect->node].blamed = step + 1;
		if (!crash__lint_found(lint, CRASH__PART_DATA, write, step))
			continue;
		crash__lint_say(lint,
				crash__lint_text(lint, "%s put a file into place whose data was not durable: %s was %s",
						 crash__lint_op(lint, step), crash__lint_op(lint, write),
						 crash__lint_when(lint, lint->steps[write].data)),
				crash__lint_text(lint, "fsync of the file before %s", crash__lint_op(lint, step)));
	}
}

/* ------------------------------------------------------------------ names that may vanish */

/* The name that a step gave and that is still there; 0: none, or it was not durable and is of no matter. */
static crash__node_id lasting_name(const struct crash__lint *lint, uint32_t step)
{
	if (lint->steps[step].passing)
		return 0;
	for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);

		if (effect->kind == CRASH__EFFECT_ENTRY && effect->node && lint->children[effect->slot] == effect->node &&
		    matters(lint, effect->node))
			return effect->node;
	}
	return 0;
}

/* Nobody is told of a file that is empty so far. */
static bool is_empty(const struct crash__lint *lint, crash__node_id node)
{
	return lint->fs->nodes[node].type == CRASH__NODE_FILE && crash__view_size(lint->view, node) == 0;
}

static void check_undurable_name(struct crash__lint *lint, uint32_t step)
{
	bool end = is_end(lint, step);
	uint32_t relied = end ? CRASH__NEVER : step;

	if (end && !lint->ended)
		return;
	for (size_t i = 0; i < lint->told_count; i++) {
		uint32_t named = lint->told[i], durable = lint->steps[named].name;
		crash__node_id node;

		if (!crash__lint_pending(durable, step) || (node = lasting_name(lint, named)) == 0 ||
		    (!end && is_empty(lint, node)) || !crash__lint_found(lint, CRASH__PART_NAME, named, relied))
			continue;
		crash__lint_say(lint,
				crash__lint_text(lint, "%s made a name that %s %s: %s was %s%s",
						 crash__lint_op(lint, named),
						 end ? "was not durable at" : "was not durable when the world was told:",
						 crash__lint_op(lint, relied), crash__lint_directory(lint, named),
						 crash__lint_when(lint, durable),
						 pending_write(lint, node, step) != CRASH__NEVER ? ", and neither is its data" :
												   ""),
				crash__lint_text(lint, "fsync of %s after %s", crash__lint_directory(lint, named),
						 crash__lint_op(lint, named)));
	}
}

/* ------------------------------------------------------------------ sources removed too early */

/* What the process has made of a file that is about to go, and that is not durable; CRASH__NEVER: nothing. */
static uint32_t pending_replacement(const struct crash__lint *lint, uint32_t step, crash__slot_id slot, crash__node_id gone,
				    enum crash__lint_part *part, crash__node_id *made)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id node = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[node];
		uint32_t lost;

		if (node == gone || !known->names || !known->slot || !matters(lint, node) ||
		    lint->fs->nodes[node].type != CRASH__NODE_FILE || !crash__lint_neighbours(lint, slot, known->slot))
			continue;
		*made = node;
		*part = CRASH__PART_DATA;
		lost = pending_write(lint, node, step);
		if (lost != CRASH__NEVER)
			return lost;
		*part = CRASH__PART_NAME;
		lost = pending_name(lint, node, step);
		if (lost != CRASH__NEVER)
			return lost;
	}
	return CRASH__NEVER;
}

static void check_removal(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
	enum crash__lint_part part;
	crash__node_id gone, made;
	uint32_t lost;

	if (!effect || effect->kind != CRASH__EFFECT_ENTRY || effect->node)
		return;
	gone = lint->children[effect->slot];
	if (!gone || lint->nodes[gone].names != 1 || !has_durable_data(lint, gone, step))
		return;
	lost = pending_replacement(lint, step, effect->slot, gone, &part, &made);
	if (lost == CRASH__NEVER || !crash__lint_found(lint, part, lost, step))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s removed a durable file when what replaces it, %s, was not durable: %s was %s",
					 crash__lint_op(lint, step), crash__lint_path(lint, made), crash__lint_op(lint, lost),
					 crash__lint_when(lint, part == CRASH__PART_DATA ? lint->steps[lost].data :
											    lint->steps[lost].name)),
			crash__lint_text(lint, "fsync of %s and of %s before %s", crash__lint_path(lint, made),
					 crash__lint_directory(lint, lint->nodes[made].named == CRASH__NEVER ?
								       step :
								       lint->nodes[made].named),
					 crash__lint_op(lint, step)));
}

/* A rename of another file in the same directory by the same thread, not durable: it may be lost, and this one not. */
static uint32_t pending_rename(const struct crash__lint *lint, uint32_t step, crash__slot_id slot)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];
	crash__node_id directory = lint->fs->slots[slot].directory;

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id node = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[node];

		if (!known->names || !known->slot || known->slot == slot || known->named == CRASH__NEVER ||
		    lint->fs->slots[known->slot].directory != directory || !matters(lint, node) ||
		    !is_family(lint, known->named, CRASH__FAMILY_RENAME) ||
		    lint->steps[known->named].author != lint->steps[step].author)
			continue;
		if (crash__lint_pending(lint->steps[known->named].name, step))
			return known->named;
	}
	return CRASH__NEVER;
}

/* A smaller file in the place of a durable one: what it leaves out must be durable elsewhere by then. */
static void check_shrinking_rename(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
	uint32_t lost;

	if (!effect || effect->kind != CRASH__EFFECT_ENTRY || !effect->node || !effect->old_node ||
	    !has_durable_data(lint, effect->old_node, step) ||
	    crash__view_size(lint->view, effect->node) >= crash__view_size(lint->view, effect->old_node))
		return;
	lost = pending_rename(lint, step, effect->slot);
	if (lost == CRASH__NEVER || !crash__lint_found(lint, CRASH__PART_NAME, lost, step))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint,
					 "%s put a smaller file in the place of a durable one when %s was not durable: %s was "
					 "%s. The old name may come back without what was left out here",
					 crash__lint_op(lint, step), crash__lint_op(lint, lost), crash__lint_directory(lint, lost),
					 crash__lint_when(lint, lint->steps[lost].name)),
			crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, lost),
					 crash__lint_op(lint, step)));
}

/* A copy of a file, whole and durable: a neighbour written or synced since the file was. */
static bool has_copy(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];
	uint32_t since = lint->nodes[node].last_write;
	bool opened = is_family(lint, step, CRASH__FAMILY_OPEN);

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id other = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[other];

		if (other == node || known->last_sync == CRASH__NEVER || (since != CRASH__NEVER && known->last_sync < since) ||
		    lint->fs->nodes[other].type != CRASH__NODE_FILE || pending_write(lint, other, step) != CRASH__NEVER)
			continue;
		/* a log that is made short is no source, if what it was for has been synced */
		if (!opened || (known->slot && lint->nodes[node].slot && crash__lint_neighbours(lint, known->slot, lint->nodes[node].slot)))
			return true;
	}
	return false;
}

/* A file is emptied, and written again: until that is durable there is nothing. */
static void check_truncation(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
	crash__node_id node;
	uint32_t write;

	if (!effect || effect->kind != CRASH__EFFECT_SIZE || effect->size != 0)
		return;
	node = effect->node;
	write = lint->steps[step].next_write;
	if (!matters(lint, node) || lint->nodes[node].moved || !has_durable_data(lint, node, step) || write == CRASH__NEVER ||
	    !is_family(lint, write, CRASH__FAMILY_WRITE) || !crash__lint_same_process(lint, write, step) ||
	    has_copy(lint, step, node) || !crash__lint_found(lint, CRASH__PART_DATA, write, step))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s emptied a durable file before its replacement, %s, was even written; that was %s",
					 crash__lint_op(lint, step), crash__lint_op(lint, write),
					 crash__lint_when(lint, lint->steps[write].data)),
			crash__lint_text(lint, "write a new file, fsync it, rename it over %s, and fsync the directory",
					 crash__lint_path(lint, node)));
}

static void check_source_removed(struct crash__lint *lint, uint32_t step)
{
	if (is_family(lint, step, CRASH__FAMILY_UNLINK))
		check_removal(lint, step);
	else if (is_family(lint, step, CRASH__FAMILY_RENAME))
		check_shrinking_rename(lint, step);
	else if (is_family(lint, step, CRASH__FAMILY_OPEN) || is_family(lint, step, CRASH__FAMILY_TRUNCATE))
		check_truncation(lint, step);
}

/* ------------------------------------------------------------------ told too early */

static bool contains(const struct crash__event *event, const unsigned char *bytes, size_t count)
{
	unsigned char *own;
	bool found;

	if (event->data_bytes < count || event->data_bytes > 16 << 20)
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
static bool was_written(const struct crash__lint *lint, crash__node_id node, uint32_t before, const unsigned char *bytes,
			size_t count)
{
	for (uint32_t step = before; step-- > 0;)
		if (lint->steps[step].node == node && contains(at(lint, step)->event, bytes, count))
			return true;
	return false;
}

/* What was in a file where a write is going to overwrite it; false: pieces of more than one write. */
static bool old_content(const struct crash__lint *lint, uint32_t write, const struct crash__effect *effect, void *to,
			size_t count)
{
	const struct crash__node *node = &lint->fs->nodes[effect->node];

	for (uint32_t step = write; step-- > 0;) {
		const struct crash__effect *earlier = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;

		if (lint->steps[step].node != effect->node || earlier->kind != CRASH__EFFECT_DATA ||
		    earlier->offset >= effect->offset + count || earlier->offset + earlier->bytes <= effect->offset)
			continue;
		if (earlier->offset > effect->offset || earlier->offset + earlier->bytes < effect->offset + count)
			return false;
		crash__event_copy(at(lint, step)->event, effect->offset - earlier->offset, to, count);
		return true;
	}
	return node->base_path &&
	       crash__base_read(lint->fs->base, node->base_path, to, count, effect->offset) == (long)count;
}

/* Whether a journal had what a write overwrote, and not what it wrote: then it undoes, and does not repeat. */
static bool undoes(const struct crash__lint *lint, crash__node_id journal, uint32_t write,
		   const struct crash__effect *effect)
{
	unsigned char old[COMPARED], new[COMPARED];
	size_t count = effect->bytes < sizeof old ? (size_t)effect->bytes : sizeof old;

	if (count > effect->old_size - effect->offset)
		count = (size_t)(effect->old_size - effect->offset);
	crash__event_copy(at(lint, write)->event, 0, new, count);
	return old_content(lint, write, effect, old, count) && was_written(lint, journal, write, old, count) &&
	       !was_written(lint, journal, write, new, count);
}

/*
 * Whether a file that was removed held what had been in another file before: durable, then the other one was
 * written over, then it was removed. If its name comes back, so does the old content.
 */
static bool is_undo_journal(const struct crash__lint *lint, crash__node_id journal, uint32_t removed)
{
	uint32_t synced = CRASH__NEVER;
	unsigned int compared = 0;

	for (uint32_t step = 0; step < removed && compared < MOST_COMPARED; step++) {
		const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;

		if (lint->steps[step].node == journal && lint->steps[step].data <= removed && !lint->steps[step].abandoned)
			synced = step;
		if (synced == CRASH__NEVER || !effect || effect->kind != CRASH__EFFECT_DATA || effect->node == journal ||
		    effect->offset >= effect->old_size || !crash__lint_same_process(lint, step, removed) ||
		    !matters(lint, effect->node))
			continue;
		compared++;
		if (undoes(lint, journal, step, effect))
			return true;
	}
	return false;
}

/* The file that an unlink took, if that was what made a change valid. */
static crash__node_id removed_journal(const struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;

	if (!is_family(lint, step, CRASH__FAMILY_UNLINK) || !effect || effect->kind != CRASH__EFFECT_ENTRY || effect->node ||
	    lint->children[effect->slot] || lint->fs->nodes[effect->old_node].type != CRASH__NODE_FILE ||
	    !is_undo_journal(lint, effect->old_node, step))
		return 0;
	return effect->old_node;
}

/* A file that only became shorter has lost nothing if it is longer again. */
static bool is_shrinking(const struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = effect_at(lint, step, 0);

	return at(lint, step)->effects == 1 && effect->kind == CRASH__EFFECT_SIZE && effect->size < effect->old_size;
}

static void check_told_data(struct crash__lint *lint, uint32_t step, uint32_t lost)
{
	bool end = is_end(lint, step);
	uint32_t relied = end ? CRASH__NEVER : step;
	crash__node_id node = lint->steps[lost].node;

	if (!node || !lint->nodes[node].names || !matters(lint, node) || is_shrinking(lint, lost) ||
	    lost < lint->nodes[node].blamed || !crash__lint_found(lint, CRASH__PART_DATA, lost, relied))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s %s before %s was durable: it was %s", crash__lint_op(lint, relied),
					 end ? "came, with a status of success," : "was told to the world",
					 crash__lint_op(lint, lost), crash__lint_when(lint, lint->steps[lost].data)),
			crash__lint_text(lint, "fsync of %s before %s", crash__lint_path(lint, node),
					 crash__lint_op(lint, relied)));
}

static void check_told_removal(struct crash__lint *lint, uint32_t step, uint32_t lost)
{
	bool end = is_end(lint, step);
	uint32_t relied = end ? CRASH__NEVER : step;
	crash__node_id journal = removed_journal(lint, lost);

	if (!journal || !crash__lint_found(lint, CRASH__PART_REMOVAL, lost, relied))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint,
					 "%s %s before %s was durable: %s was %s. If the name comes back, so does "
					 "what was there before",
					 crash__lint_op(lint, relied),
					 end ? "came, with a status of success," : "was told to the world",
					 crash__lint_op(lint, lost), crash__lint_directory(lint, lost),
					 crash__lint_when(lint, lint->steps[lost].removal)),
			crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, lost),
					 crash__lint_op(lint, relied)));
}

/* Another file was put in this one's place, and the program went on with what it had open. */
static void check_told_nameless(struct crash__lint *lint, uint32_t step, uint32_t lost)
{
	uint32_t relied = is_end(lint, step) ? CRASH__NEVER : step;
	crash__node_id node = lint->steps[lost].node;

	if (lost <= lint->nodes[node].replaced || !crash__lint_found(lint, CRASH__PART_DATA, lost, relied))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s went to a file that has had no name since %s, and %s speaks for it",
					 crash__lint_op(lint, lost), crash__lint_op(lint, lint->nodes[node].replaced),
					 crash__lint_op(lint, relied)),
			crash__lint_text(lint, "open the file again after %s", crash__lint_op(lint, lint->nodes[node].replaced)));
}

/* An exit status is an acknowledgement, too, of a program that promises durability at all. */
static void check_unsynced_ack(struct crash__lint *lint, uint32_t step)
{
	if (is_end(lint, step) && (!lint->syncs || !lint->ended_well))
		return;
	for (size_t i = 0; i < lint->told_count; i++) {
		uint32_t lost = lint->told[i];

		if (crash__lint_pending(lint->steps[lost].data, step))
			check_told_data(lint, step, lost);
		if (crash__lint_pending(lint->steps[lost].removal, step))
			check_told_removal(lint, step, lost);
		if (lint->steps[lost].node && lint->nodes[lint->steps[lost].node].names == 0)
			check_told_nameless(lint, step, lost);
	}
}

/* ------------------------------------------------------------------ overwriting the only copy */

struct span {
	uint64_t first, last; /* bytes that change, and were not zero */
};

/* What of a write changes bytes that somebody could rely on. */
static bool find_change(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect, struct span *span)
{
	unsigned char old[CRASH__BLOCK], new[CRASH__BLOCK];
	uint64_t index, end = effect->offset + effect->bytes;
	uint32_t block;
	crash__node_id node;
	bool any = false;

	if (!crash__view_find_block(lint->view, effect->node, effect->offset / CRASH__BLOCK, &block))
		return false;
	for (; block < crash__view_blocks(lint->view); block++) {
		uint64_t start, from, to;
		size_t inside;

		crash__view_block(lint->view, block, &node, &index);
		start = index * CRASH__BLOCK;
		if (node != effect->node || start >= end)
			break;
		if (lint->block_durable[block] > step)
			continue;
		inside = crash__view_content(lint->view, block, old);
		from = start > effect->offset ? start : effect->offset;
		to = start + inside < end ? start + inside : end;
		if (from >= to)
			continue;
		crash__event_copy(at(lint, step)->event, from - effect->offset, new, (size_t)(to - from));
		for (uint64_t byte = from; byte < to; byte++) {
			if (!old[byte - start] || old[byte - start] == new[byte - from])
				continue;
			if (!any)
				span->first = byte;
			span->last = byte;
			any = true;
		}
	}
	return any;
}

static bool is_one_sector(const struct crash__effect *effect)
{
	return effect->kind == CRASH__EFFECT_DATA && effect->offset / SECTOR == (effect->offset + effect->bytes - 1) / SECTOR;
}

/* Some file keeps a copy: a journal or backup was made durable since this file was synced last. */
static bool is_journaled(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];
	bool own = lint->copies[0].node == node;
	uint32_t write = lint->copies[own].write;

	return lint->copies[own].node && (known->last_sync == CRASH__NEVER || write > known->last_sync);
}

/*
 * What is written over may not be in use: in a file whose pages are never overwritten while they are valid, the
 * next write after the sync is a small one, which makes the new pages valid at once.
 */
static bool is_switched(const struct crash__lint *lint, uint32_t step)
{
	uint32_t durable = lint->steps[step].data;

	for (uint32_t write = lint->steps[step].next_write; write != CRASH__NEVER; write = lint->steps[write].next_write)
		if (write > durable)
			return at(lint, write)->effects && is_one_sector(effect_at(lint, write, 0));
	return false;
}

static void check_overwrite(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect;
	struct span span;

	if (!is_family(lint, step, CRASH__FAMILY_WRITE) || !at(lint, step)->effects)
		return;
	effect = effect_at(lint, step, 0);
	if (effect->kind != CRASH__EFFECT_DATA || effect->offset >= effect->old_size || !matters(lint, effect->node) ||
	    !lint->nodes[effect->node].names || is_journaled(lint, effect->node) || is_switched(lint, step) ||
	    !find_change(lint, step, effect, &span) || span.first / SECTOR == span.last / SECTOR ||
	    !crash__lint_found(lint, CRASH__PART_TORN, step, step))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint,
					 "%s overwrote durable data in place, in more than one sector, and nothing durable had a "
					 "copy of the old or of the new content",
					 crash__lint_op(lint, step)),
			crash__lint_text(lint,
					 "write the old or the new content to a journal and fsync that before %s; or write a new "
					 "file and rename it",
					 crash__lint_op(lint, step)));
}

/* ------------------------------------------------------------------ syncs that failed */

/* The last change that a sync of a node speaks of; CRASH__NEVER: none, and its failure loses nothing. */
static uint32_t last_change(const struct crash__lint *lint, crash__node_id node, uint32_t before)
{
	for (uint32_t step = before; step-- > 0;)
		for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
			const struct crash__effect *effect = effect_at(lint, step, i);
			bool entry = effect->kind == CRASH__EFFECT_ENTRY;

			if ((entry ? lint->fs->slots[effect->slot].directory : effect->node) == node)
				return (entry ? crash__lint_pending(lint->steps[step].name, before) :
						lint->steps[step].abandoned) ?
					       step :
					       CRASH__NEVER;
		}
	return CRASH__NEVER;
}

/* What no sync of that kind of file can do is no failure. */
static bool is_failure(const struct crash__step *step)
{
	return step->sync_failed && step->event->result != -EINVAL && step->event->result != -EOPNOTSUPP &&
	       step->event->result != -EROFS;
}

static void note_failure(struct crash__lint *lint, uint32_t step)
{
	uint32_t lost = last_change(lint, at(lint, step)->node, step);
	struct crash__lint_failure *failure = lost == CRASH__NEVER ? NULL : CRASH__PUSH(lint, failures);

	if (failure)
		*failure = (struct crash__lint_failure){.step = step, .lost = lost, .node = at(lint, step)->node};
}

/* Output that speaks of an error is none that hides it. */
static bool is_complaint(const struct crash__event *event)
{
	static const char *const words[] = {"error", "Error", "ERROR", "fail", "Fail", "FAIL", "I/O"};
	char text[512];
	size_t count = event->data_bytes < sizeof text - 1 ? (size_t)event->data_bytes : sizeof text - 1;

	crash__event_copy(event, 0, text, count);
	text[count] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(text, words[i]))
			return true;
	return event->fd == 2;
}

static bool rewrites(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	return lint->steps[step].node == node;
}

/* How a step shows that the failure was not minded; NULL: it does not. The failure may be over then. */
static const char *believed(const struct crash__lint *lint, uint32_t step, struct crash__lint_failure *failure)
{
	const struct crash__step *now = is_end(lint, step) ? NULL : at(lint, step);

	if (!now)
		return lint->ended_well && lint->steps[failure->step].process == 0 ? "the program ended with success" : NULL;
	/* of a directory nothing is dropped: a sync that succeeds later is good */
	if (now->sync == CRASH__SYNC_FILE || now->sync == CRASH__SYNC_DATA) {
		if (now->node != failure->node || now->sync_failed)
			return NULL;
		failure->over = lint->fs->nodes[now->node].type == CRASH__NODE_DIRECTORY;
		return failure->over ? NULL : "it was only tried again";
	}
	if (now->event->kind == CRASH__EVENT_ACK)
		return lint->steps[step].author == lint->steps[failure->step].author && !is_complaint(now->event) ?
			       "the world was told" :
			       NULL;
	return now->event->family == CRASH__FAMILY_RENAME && now->node == failure->node ? "the file was put into place" : NULL;
}

static void check_failure(struct crash__lint *lint, uint32_t step, struct crash__lint_failure *failure)
{
	uint32_t relied = is_end(lint, step) ? CRASH__NEVER : step;
	const char *how;

	if (relied != CRASH__NEVER && rewrites(lint, step, failure->node)) {
		failure->over = true;
		return;
	}
	how = believed(lint, step, failure);
	if (!how)
		return;
	failure->over = true;
	if (!crash__lint_found(lint, lint->steps[failure->lost].node ? CRASH__PART_DATA : CRASH__PART_NAME, failure->lost,
			       relied))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s failed, and %s, at %s: %s is on no disk for certain",
					 crash__lint_op(lint, failure->step), how, crash__lint_op(lint, relied),
					 crash__lint_op(lint, failure->lost)),
			crash__lint_text(lint,
					 "after %s has failed, write everything again that it was to make durable, or stop: the "
					 "kernel may have dropped it, and a second sync does not look back",
					 crash__lint_op(lint, failure->step)));
}

static void check_ignored_failure(struct crash__lint *lint, uint32_t step)
{
	for (size_t i = 0; i < lint->failures_count; i++)
		if (!lint->failures[i].over)
			check_failure(lint, step, &lint->failures[i]);
	if (!is_end(lint, step) && is_failure(at(lint, step)))
		note_failure(lint, step);
}

/* ------------------------------------------------------------------ the table */

const struct crash__lint_rule crash__lint_rules[] = {
	{"unsynced-rename",
	 "A file was renamed or linked into place before its data was synced: after a power loss the name may stand for an "
	 "empty or half-written file.",
	 check_unsynced_rename},
	{"undurable-name",
	 "A name that was made is not durable when the world is told, or when the program has ended: only an fsync of its "
	 "directory makes it so, and without it the whole file may be gone.",
	 check_undurable_name},
	{"source-removed",
	 "A durable file was removed, emptied or replaced before what takes its place was durable: a power loss may leave "
	 "neither.",
	 check_source_removed},
	{"unsynced-ack",
	 "The program told the world, by output, a reply, crash_ack() or its exit status, when something that the same thread "
	 "or a child of it had done before was not durable.",
	 check_unsynced_ack},
	{"overwrite-in-place",
	 "Durable data was overwritten in place and no journal or copy was durable: a power loss may leave a mixture of old "
	 "and new.",
	 check_overwrite},
	{"ignored-sync-error",
	 "A sync failed and the program went on as if it had not: what it was to make durable may be lost, and no later sync "
	 "will say so.",
	 check_ignored_failure},
};

const size_t crash__lint_rule_count = sizeof crash__lint_rules / sizeof *crash__lint_rules;
