/* SPDX-License-Identifier: MIT */
#include "explore/atoms/uncovered.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ------------------------------------------------------------------ names */

/* What was done to a file since everything was durable. */
struct past {
	bool synced;	/* it is in the log */
	bool replacing; /* it got another file's name */
	bool taken;	/* and that was taken away again */
	bool bereft;	/* it has more names, and one was given to another file */
	bool exchanged; /* it got another file's name, which has its own */
	bool cut;
	bool shorter; /* it was cut, and not synced since */
	bool known;   /* it was there before; this alone outlasts a commit */
	bool made;    /* since, so that nothing but the log can have it */
};

static void note_sync(const struct crash__fs *fs, const struct crash__step *step, struct past *past)
{
	if (step->sync == CRASH__SYNC_ALL && !step->sync_failed)
		for (crash__node_id id = 0; id < fs->nodes_count; id++)
			past[id] = (struct past){.known = past[id].known};
	else if (step->sync != CRASH__SYNC_NONE && step->node) {
		past[step->node].synced = true;
		past[step->node].shorter = false;
	}
}

/* Whether a name that a file had got from another one is taken away again. */
static bool takes_back(const struct crash__step *step, const struct crash__effect *effect,
		       const struct past *past)
{
	return effect->kind == CRASH__EFFECT_ENTRY && effect->old_node &&
	       (!effect->node || step->exchanges) && past[effect->old_node].replacing;
}

/* Whether a file that was cut gets one more name, or another one's. */
static bool names_again(const struct crash__step *step, const struct crash__effect *effect,
			const struct past *past)
{
	if (effect->kind != CRASH__EFFECT_ENTRY || !effect->node)
		return false;
	return (step->event->family == CRASH__FAMILY_LINK && past[effect->node].cut) ||
	       (effect->old_node && past[effect->node].shorter);
}

/*
 * Whether a file takes the name of one that only the log has. That loses the name at once, in memory, and is
 * written with the next sync of whatever else; the new name is in it only if its file was, and if the
 * directories are known.
 */
static bool takes_logged_name(const struct crash__fs *fs, const struct crash__step *step,
			      const struct past *past)
{
	crash__node_id from = 0, to = 0, file = 0;
	bool logged = false;

	for (uint32_t i = 0; i < step->effects; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];

		if (effect->kind != CRASH__EFFECT_ENTRY || !effect->old_node)
			continue;
		if (!effect->node) {
			from = fs->slots[effect->slot].directory;
			continue;
		}
		to = fs->slots[effect->slot].directory;
		file = effect->node;
		logged = past[effect->old_node].synced && past[effect->old_node].made;
	}
	return logged && (!past[file].synced || (from != to && (past[from].made || past[to].made)));
}

static bool is_uncovered(const struct crash__fs *fs, const struct crash__step *step, const struct past *past)
{
	bool found = step->sync != CRASH__SYNC_NONE && step->sync != CRASH__SYNC_ALL && step->node &&
		     (past[step->node].exchanged || past[step->node].taken || past[step->node].bereft);

	found |= takes_logged_name(fs, step, past);

	for (uint32_t i = 0; i < step->effects && !found; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];

		found = (takes_back(step, effect, past) && past[effect->old_node].synced) ||
			names_again(step, effect, past);
	}
	return found;
}

static void note_taken(const struct crash__fs *fs, const struct crash__step *step, struct past *past)
{
	for (uint32_t i = 0; i < step->effects; i++)
		if (takes_back(step, &fs->effects[step->first_effect + i], past))
			past[fs->effects[step->first_effect + i].old_node].taken = true;
}

static void note_changes(const struct crash__fs *fs, const struct crash__step *step, struct past *past)
{
	for (uint32_t i = 0; i < step->effects; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];

		if (effect->kind == CRASH__EFFECT_SIZE && effect->size < effect->old_size)
			past[effect->node].cut = past[effect->node].shorter = true;
		if (effect->kind == CRASH__EFFECT_ENTRY && effect->node) {
			past[effect->node].made |= !past[effect->node].known;
			past[effect->node].known = true;
		}
		if (effect->kind == CRASH__EFFECT_ENTRY && effect->node && effect->old_node) {
			past[effect->node].replacing = true;
			past[effect->node].exchanged |= step->exchanges;
			past[effect->old_node].bereft |= fs->nodes[effect->old_node].links > 0;
		}
	}
}

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for what a model does not cover");
}

static int find_names(const struct crash__fs *fs, uint32_t *step)
{
	struct past *past = calloc(fs->nodes_count, sizeof *past);

	if (!past)
		return no_memory();
	for (crash__node_id id = 1; id < fs->nodes_count; id++)
		past[id].known = fs->nodes[id].base_path != NULL;
	for (uint32_t i = 0; i < fs->steps_count && *step == CRASH__FS_NEVER; i++) {
		if (is_uncovered(fs, &fs->steps[i], past))
			*step = i;
		note_taken(fs, &fs->steps[i], past); /* of earlier steps: a rename takes a name, too */
		note_changes(fs, &fs->steps[i], past);
		note_sync(fs, &fs->steps[i], past);
	}
	free(past);
	return 0;
}

/* ------------------------------------------------------------------ blocks */

#define LEAST_BLOCK 1024u /* that a file system allocates */

/* What a file has on the disk. */
struct holding {
	uint64_t size;
	uint32_t links;
	bool on_disk; /* something of it may be durable */
};

static struct holding *first_holdings(const struct crash__fs *fs)
{
	struct holding *holdings = calloc(fs->nodes_count, sizeof *holdings);

	for (crash__node_id id = 1; holdings && id < fs->nodes_count; id++)
		holdings[id] = (struct holding){.size = fs->nodes[id].base_size,
						.links = fs->nodes[id].base_links,
						.on_disk = fs->nodes[id].base_path != NULL};
	return holdings;
}

static uint64_t up_to_block(uint64_t size)
{
	return (size + LEAST_BLOCK - 1) / LEAST_BLOCK * LEAST_BLOCK;
}

/* Whether an effect alone gives back blocks of a file: it is cut, or has a hole. */
static bool gives_back(const struct crash__effect *effect, const struct holding *holding)
{
	if (effect->kind == CRASH__EFFECT_SIZE)
		return up_to_block(effect->size) < holding->size;
	if (effect->kind == CRASH__EFFECT_ZERO)
		return up_to_block(effect->offset) < holding->size && effect->bytes >= LEAST_BLOCK;
	return false;
}

static void hold(const struct crash__effect *effect, struct holding *holdings)
{
	if (effect->kind == CRASH__EFFECT_SIZE)
		holdings[effect->node].size = effect->size;
	if (effect->kind != CRASH__EFFECT_ENTRY)
		return;
	holdings[effect->node].links += effect->node != 0;
	holdings[effect->old_node].links -= effect->old_node != 0;
}

/* Of a file of which nothing was ever synced the states have lost data already, which shows as anything. */
static bool step_gives_back(const struct crash__fs *fs, const struct crash__step *step,
			    struct holding *holdings)
{
	const struct crash__effect *effects = &fs->effects[step->first_effect];
	bool found = false;

	for (uint32_t i = 0; i < step->effects; i++) {
		const struct holding *holding = &holdings[effects[i].node];

		found |= effects[i].kind != CRASH__EFFECT_ENTRY && holding->on_disk &&
			 gives_back(&effects[i], holding);
		hold(&effects[i], holdings);
	}
	for (uint32_t i = 0; i < step->effects; i++) {
		const struct holding *holding = &holdings[effects[i].old_node];

		found |= effects[i].kind == CRASH__EFFECT_ENTRY && effects[i].old_node && !holding->links &&
			 holding->on_disk && holding->size &&
			 fs->nodes[effects[i].old_node].type == CRASH__NODE_FILE;
	}
	return found;
}

static void note_durable(const struct crash__fs *fs, const struct crash__step *step, struct holding *holdings)
{
	if (step->sync == CRASH__SYNC_ALL)
		for (crash__node_id id = 1; id < fs->nodes_count; id++)
			holdings[id].on_disk = true;
	else if (step->sync != CRASH__SYNC_NONE)
		holdings[step->node].on_disk = true;
}

static int find_blocks(const struct crash__fs *fs, uint32_t *step)
{
	struct holding *holdings = first_holdings(fs);

	if (!holdings)
		return no_memory();
	for (uint32_t i = 0; i < fs->steps_count && *step == CRASH__FS_NEVER; i++) {
		if (step_gives_back(fs, &fs->steps[i], holdings))
			*step = i;
		note_durable(fs, &fs->steps[i], holdings);
	}
	free(holdings);
	return 0;
}

int crash__uncovered(const struct crash__fs *fs, const struct crash__model *model,
		     struct crash__uncovered *uncovered)
{
	int error = 0;

	*uncovered = (struct crash__uncovered){CRASH__FS_NEVER, CRASH__FS_NEVER};
	if (model->process_only)
		return 0;
	if (model->fsync_own_entry && !model->fsync_commits_metadata)
		error = find_names(fs, &uncovered->names);
	if (error == 0 && !model->no_reuse)
		error = find_blocks(fs, &uncovered->blocks);
	return error;
}
