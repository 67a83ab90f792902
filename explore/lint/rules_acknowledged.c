/* SPDX-License-Identifier: MIT */
/*
 * The world is told, by output, a reply or an exit status, before what was done is durable.
 */
#include <string.h>

#include "explore/lint/rules.h"

/* So much of a write is compared to tell an undo journal from a redo log. */
#define COMPARED 4096
/* So many writes are compared until a removed file is taken to be no journal. */
#define MOST_COMPARED 16

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
static bool was_written(const struct crash__lint *lint, crash__node_id node, uint32_t before,
			const unsigned char *bytes, size_t count)
{
	for (uint32_t step = before; step-- > 0;)
		if (lint->steps[step].node == node && contains(at(lint, step)->event, bytes, count))
			return true;
	return false;
}

/* What was in a file where a write is going to overwrite it; false: pieces of more than one write. */
static bool old_content(const struct crash__lint *lint, uint32_t write, const struct crash__effect *effect,
			void *to, size_t count)
{
	const struct crash__node *node = &lint->fs->nodes[effect->node];

	for (uint32_t step = write; step-- > 0;) {
		const struct crash__effect *earlier =
			at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;

		if (lint->steps[step].node != effect->node || earlier->kind != CRASH__EFFECT_DATA ||
		    earlier->offset >= effect->offset + count ||
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

/* Whether a journal had what a write overwrote, and not what it wrote: then it undoes, and does not repeat.
 */
static bool undoes(const struct crash__lint *lint, crash__node_id journal, uint32_t write,
		   const struct crash__effect *effect)
{
	unsigned char old[COMPARED], new[COMPARED];
	size_t count = effect->bytes < sizeof old ? (size_t)effect->bytes : sizeof old;

	if (count > effect->old_size - effect->offset)
		count = (size_t)(effect->old_size - effect->offset);
	crash__event_copy(at(lint, write)->event, 0, new, count);
	return old_content(lint, write, effect, old, count) &&
	       was_written(lint, journal, write, old, count) &&
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
		const struct crash__effect *effect =
			at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;

		if (lint->steps[step].node == journal && lint->steps[step].data <= removed &&
		    !lint->steps[step].abandoned)
			synced = step;
		if (synced == CRASH__NEVER || !effect || effect->kind != CRASH__EFFECT_DATA ||
		    effect->node == journal || effect->offset >= effect->old_size ||
		    !crash__lint_same_process(lint, step, removed) || !matters(lint, effect->node))
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

	if (!is_family(lint, step, CRASH__FAMILY_UNLINK) || !effect || effect->kind != CRASH__EFFECT_ENTRY ||
	    effect->node || lint->children[effect->slot] ||
	    lint->fs->nodes[effect->old_node].type != CRASH__NODE_FILE ||
	    !is_undo_journal(lint, effect->old_node, step))
		return 0;
	return effect->old_node;
}

/* A file that only became shorter has lost nothing if it is longer again. */
static bool is_shrinking(const struct crash__lint *lint, uint32_t step)
{
	uint32_t count = at(lint, step)->effects;
	const struct crash__effect *effect = count ? effect_at(lint, step, count - 1) : NULL;

	return effect && effect->kind == CRASH__EFFECT_SIZE && effect->size < effect->old_size &&
	       (count == 1 || (count == 2 && effect_at(lint, step, 0)->kind == CRASH__EFFECT_TAIL));
}

static void check_told_data(struct crash__lint *lint, uint32_t step, uint32_t lost)
{
	bool end = is_end(lint, step);
	uint32_t relied = end ? CRASH__NEVER : step;
	crash__node_id node = lint->steps[lost].node;

	if (!node || !lint->nodes[node].names || !matters(lint, node) || is_shrinking(lint, lost) ||
	    lost < lint->nodes[node].blamed || !crash__lint_found(lint, CRASH__PART_DATA, lost, relied))
		return;
	crash__lint_say(
		lint,
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
	crash__lint_say(
		lint,
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
			crash__lint_text(
				lint, "%s went to a file that has had no name since %s, and %s speaks for it",
				crash__lint_op(lint, lost), crash__lint_op(lint, lint->nodes[node].replaced),
				crash__lint_op(lint, relied)),
			crash__lint_text(lint, "open the file again after %s",
					 crash__lint_op(lint, lint->nodes[node].replaced)));
}

/* An exit status is an acknowledgement, too, of a program that promises durability at all. */
void crash__check_unsynced_ack(struct crash__lint *lint, uint32_t step)
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
