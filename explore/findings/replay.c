/* SPDX-License-Identifier: MIT */
#include "explore/findings/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/atom_set.h"
#include "explore/atoms/make_atoms.h"
#include "explore/layer/layer.h"
#include "explore/fs/fs_replay.h"
#include "explore/recording/sandbox.h"
#include "explore/states/state_name.h"
#include "explore/states/view_new.h"
#include "symbols/callsite.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"

/* ------------------------------------------------------------------ reading */

static int open_base(struct crash__replay *replay, const char *directory, char root[PATH_MAX])
{
	char base[PATH_MAX];
	int error;

	if (crash__tree_root(&replay->trace, root) < 0) {
		if (!directory)
			return CRASH_ETRACE; /* it said why */
		replay->live = true;
		strcpy(root, directory);
		return crash__base_open(directory, &replay->base);
	}
	error = crash__scratch_make(&replay->scratch, 1);
	snprintf(base, sizeof base, "%.3000s/base", replay->scratch.path);
	if (error == 0 && mkdir(base, 0700) < 0)
		error = crash__fail_errno("cannot make %s", base);
	if (error == 0)
		error = crash__tree_unpack(&replay->trace, base);
	return error == 0 ? crash__base_open(base, &replay->base) : error;
}

static int read_model(struct crash__replay *replay, const struct crash__model *model, const char *state)
{
	char name[64];
	size_t length = crash__state_model(state);

	if (!length || length >= sizeof name)
		return crash__fail(
			CRASH_EINVAL,
			"\"%s\" is not a state: a state begins with the name of a model, as ext4@41-12",
			state);
	if (model) {
		replay->model = *model;
		return 0;
	}
	snprintf(name, sizeof name, "%.*s", (int)length, state);
	return crash__model_read(name, &replay->model);
}

int crash__replay_open(struct crash__replay *replay, const char *trace, const char *directory,
		       const struct crash__model *model, const char *state)
{
	char root[PATH_MAX];
	int error;

	memset(replay, 0, sizeof *replay);
	error = read_model(replay, model, state);
	if (error == 0)
		error = crash__trace_open(trace, &replay->trace);
	replay->has_trace = error == 0;
	if (error == 0)
		error = open_base(replay, directory, root);
	if (error == 0)
		error = crash__fs_replay(&replay->fs, &replay->trace, root, replay->base);
	replay->has_fs = error == 0;
	if (error == 0)
		error = crash__atoms_make(&replay->atoms, &replay->fs, &replay->model);
	replay->has_atoms = error == 0;
	return error == 0 ? crash__state_parse(&replay->atoms, state, &replay->state) : error;
}

void crash__replay_close(struct crash__replay *replay)
{
	free((void *)(uintptr_t)replay->state.flipped);
	if (replay->has_atoms)
		crash__atoms_clear(&replay->atoms);
	if (replay->has_fs)
		crash__fs_clear(&replay->fs);
	crash__base_close(replay->base);
	if (replay->has_trace)
		crash__trace_close(&replay->trace);
	crash__scratch_remove(&replay->scratch);
}

/* ------------------------------------------------------------------ building */

static int make_empty(const char *directory)
{
	const char *name;
	DIR *stream;
	int first;

	if (mkdir(directory, 0777) == 0)
		return 0;
	stream = errno == EEXIST ? opendir(directory) : NULL;
	if (!stream)
		return crash__fail(CRASH_EDIR, "%s: %s", directory, strerror(errno));
	first = crash__directory_next(stream, &name);
	closedir(stream);
	if (first < 0)
		return crash__fail(CRASH_EDIR, "%s cannot be read", directory);
	if (first > 0)
		return crash__fail(CRASH_EDIR,
				   "%s is not empty; name an empty directory, or one that does not exist yet",
				   directory);
	return 0;
}

/* Moves a copy of the starting tree to the state. */
static int move_to_state(const struct crash__fs *fs, const struct crash__atoms *atoms,
			 const struct crash__state *state, const char *directory, const char *store)
{
	const struct crash__difference *difference;
	struct crash__view *view = NULL;
	struct crash__layer *layer = NULL;
	int error = crash__view_new_choice(atoms, state->reference, state->choice, &view);

	if (error == 0)
		error = crash__layer_new(fs, directory, store, false, &layer);
	if (error == 0 && state->step >= 0) {
		error = crash__view_advance_difference(view, state->step, &difference);
		if (error == 0)
			error = crash__layer_move(layer, view, difference);
	}
	if (error == 0 && state->count) {
		error = crash__view_flip(view, state->flipped, state->count, &difference);
		if (error == 0)
			error = crash__layer_move(layer, view, difference);
	}
	crash__layer_free(layer);
	crash__view_free(view);
	return error;
}

int crash__state_put(const struct crash__fs *fs, const struct crash__atoms *atoms,
		     const struct crash__state *state, const char *directory)
{
	char store[PATH_MAX];
	int error = make_empty(directory);

	if (error == 0)
		error = crash__copy_tree(crash__base_directory(fs->base), directory);
	if (error < 0)
		return error;
	/* on the same file system, for files that have no name at the moment */
	snprintf(store, sizeof store, "%.4000s/.crashinject-XXXXXX", directory);
	if (!mkdtemp(store))
		return crash__fail_errno("cannot make a directory in %s", directory);
	error = move_to_state(fs, atoms, state, directory, store);
	if (crash__remove_tree(store, true) < 0 && error == 0)
		error = crash__fail_errno("cannot remove %s", store);
	return error;
}

int crash__replay_build(struct crash__replay *replay, const char *directory)
{
	return crash__state_put(&replay->fs, &replay->atoms, &replay->state, directory);
}

int crash__replay_acked(const struct crash__replay *replay, const char *path)
{
	FILE *file = fopen(path, "we");
	uint64_t written = 0;
	bool good = true;

	if (!file)
		return crash__fail_errno("%s", path);
	for (size_t i = 0; i < replay->fs.steps_count && replay->fs.steps[i].acked <= replay->state.acked;
	     i++) {
		const struct crash__event *event = replay->fs.steps[i].event;

		if (event->kind == CRASH__EVENT_ACK &&
		    replay->fs.steps[i].acked - event->data_bytes > written)
			good &= fputc('\n', file) != EOF;
		written = replay->fs.steps[i].acked;
		for (const struct crash__piece *piece = event->kind == CRASH__EVENT_ACK ? event->data : NULL;
		     piece; piece = piece->next)
			good &= fwrite(piece->bytes, 1, piece->count, file) == piece->count;
	}
	good &= fclose(file) == 0;
	return good ? 0 : crash__fail_errno("cannot write %s", path);
}

/* ------------------------------------------------------------------ describing */

/* Whether the state has lost an atom. */
static bool has_lost(const struct crash__replay *replay, crash__atom_id id)
{
	const struct crash__state *state = &replay->state;
	bool flipped = false;

	for (uint32_t i = 0; i < state->count && !flipped; i++)
		flipped = state->flipped[i] == id;
	if (state->reference == CRASH__EVERYTHING)
		return flipped;
	return !flipped && crash__atom_is_open(&replay->atoms.list[id], state->step);
}

static void visit_step(struct crash__replay *replay, struct crash__callsites *callsites, uint32_t step,
		       crash__replay_loss *visit, void *context)
{
	unsigned int lost = 0, all = replay->atoms.first[step + 1] - replay->atoms.first[step];
	char *text;

	for (crash__atom_id id = replay->atoms.first[step]; id < replay->atoms.first[step + 1]; id++)
		lost += has_lost(replay, id);
	if (!lost)
		return;
	text = crash__callsite_text(callsites, replay->fs.steps[step].event);
	visit(context, text ? text : "?", lost, all);
	free(text);
}

int crash__replay_losses(struct crash__replay *replay, crash__replay_loss *visit, void *context)
{
	struct crash__callsites *callsites;
	int error = crash__callsites_new(&replay->trace, replay->fs.root, &callsites);

	if (error < 0)
		return error;
	for (int64_t step = 0; step <= replay->state.step; step++)
		visit_step(replay, callsites, (uint32_t)step, visit, context);
	crash__callsites_free(callsites);
	return 0;
}
