/* SPDX-License-Identifier: MIT */
#include "explore/atoms/uncovered.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* What was done to a file since everything was durable. */
struct past {
	bool synced;	/* it is in the log */
	bool replacing; /* it got another file's name */
	bool taken;	/* and that was taken away again */
	bool bereft;	/* it has more names, and one was given to another file */
	bool exchanged; /* it got another file's name, which has its own */
	bool cut;
};

static void note_sync(const struct crash__fs *fs, const struct crash__step *step, struct past *past)
{
	if (step->sync == CRASH__SYNC_ALL && !step->sync_failed)
		memset(past, 0, fs->nodes_count * sizeof *past);
	else if (step->sync != CRASH__SYNC_NONE && step->node)
		past[step->node].synced = true;
}

/* Whether a name that a file had got from another one is taken away again. */
static bool takes_back(const struct crash__effect *effect, const struct past *past)
{
	return effect->kind == CRASH__EFFECT_ENTRY && effect->old_node && !effect->node &&
	       past[effect->old_node].replacing;
}

/* Whether a file that was cut gets one more name. */
static bool names_again(const struct crash__step *step, const struct crash__effect *effect,
			const struct past *past)
{
	return effect->kind == CRASH__EFFECT_ENTRY && step->event->family == CRASH__FAMILY_LINK &&
	       effect->node && past[effect->node].cut;
}

static bool is_uncovered(const struct crash__fs *fs, const struct crash__step *step, const struct past *past)
{
	bool found = step->sync != CRASH__SYNC_NONE && step->sync != CRASH__SYNC_ALL && step->node &&
		     (past[step->node].exchanged || past[step->node].taken || past[step->node].bereft);

	for (uint32_t i = 0; i < step->effects && !found; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];

		found = (takes_back(effect, past) && past[effect->old_node].synced) ||
			names_again(step, effect, past);
	}
	return found;
}

static void note_taken(const struct crash__fs *fs, const struct crash__step *step, struct past *past)
{
	for (uint32_t i = 0; i < step->effects; i++)
		if (takes_back(&fs->effects[step->first_effect + i], past))
			past[fs->effects[step->first_effect + i].old_node].taken = true;
}

static void note_changes(const struct crash__fs *fs, const struct crash__step *step, struct past *past)
{
	for (uint32_t i = 0; i < step->effects; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];

		if (effect->kind == CRASH__EFFECT_SIZE && effect->size < effect->old_size)
			past[effect->node].cut = true;
		if (effect->kind == CRASH__EFFECT_ENTRY && effect->node && effect->old_node) {
			past[effect->node].replacing = true;
			past[effect->node].exchanged |= step->exchanges;
			past[effect->old_node].bereft |= fs->nodes[effect->old_node].links > 0;
		}
	}
}

int crash__uncovered(const struct crash__fs *fs, const struct crash__model *model, uint32_t *step)
{
	struct past *past;

	*step = CRASH__FS_NEVER;
	if (!model->fsync_own_entry || model->fsync_commits_metadata)
		return 0;
	past = calloc(fs->nodes_count, sizeof *past);
	if (!past)
		return crash__fail(CRASH_ENOMEM, "no memory for what a model does not cover");
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
