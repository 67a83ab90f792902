/* SPDX-License-Identifier: MIT */
/*
 * Method. States with the same class of failure, whose lost and surviving ops come from the same callsites of
 * the program, have the same cause: that is its group. The same mistake may be made with many files, and a
 * finding lists all of them. Its id says which: who has accepted that one file is not synced has not accepted
 * that of another.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/findings/callsite_id.h"
#include "explore/findings/cause_search.h"
#include "explore/states/state_name.h"

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for a cause");
}

/* ------------------------------------------------------------------ what is missing, of which files */

static int add_missing(struct crash__cause *cause, uint32_t step, crash__node_id node, bool directory)
{
	for (size_t i = 0; i < cause->missing_count; i++) {
		const struct crash__missing_sync *known = &cause->missing[i];

		if (known->sync.step == step && known->sync.node == node && known->directory == directory)
			return 0;
	}
	return CRASH__ADD(cause, missing, (struct crash__missing_sync){{step, node}, directory}) ?
		       0 :
		       no_memory();
}

int crash__cause_add_file(struct crash__cause *cause, char *path)
{
	if (!path)
		return no_memory();
	for (size_t i = 0; i < cause->files_count; i++)
		if (strcmp(cause->files[i], path) == 0) {
			free(path);
			return 0;
		}
	if (CRASH__ADD(cause, files, path))
		return 0;
	free(path);
	return no_memory();
}

/* A name: its directory would have to be synced, or the file that has it. */
static int add_names(struct crash__cause *cause, const struct crash__fs *fs, const struct crash__atom *atom)
{
	const struct crash__effect *effects = &fs->effects[atom->effect];
	crash__slot_id shown = effects[0].slot;
	int error = 0;

	for (uint32_t i = 0; i < atom->effects && error == 0; i++) {
		error = add_missing(cause, cause->survivor, fs->slots[effects[i].slot].directory, true);
		if (error == 0 && effects[i].node)
			error = add_missing(cause, cause->survivor, effects[i].node, false);
		if (effects[i].node)
			shown = effects[i].slot;
	}
	return error == 0 ? crash__cause_add_file(cause, crash__fs_slot_path(fs, shown)) : error;
}

/* Whether an atom is of the file of the one before, and that has not got another name in between: a file is
 * not looked for again for each of thousands of writes. */
static bool is_of_same_file(const struct crash__cause_search *search, size_t at)
{
	const struct crash__atom *list = crash__search_atoms(search)->list, *atom = &list[search->lost[at]],
				 *before = at ? &list[search->lost[at - 1]] : NULL;
	const struct crash__fs *fs = crash__search_fs(search);

	if (!before || before->kind == CRASH__ATOM_ENTRY || before->node != atom->node ||
	    before->step > atom->step)
		return false;
	for (size_t i = fs->steps[before->step].first_effect; i < fs->steps[atom->step].first_effect; i++) {
		const struct crash__effect *effect = &fs->effects[i];

		if (effect->kind == CRASH__EFFECT_ENTRY &&
		    (effect->node == atom->node || fs->nodes[effect->node].type == CRASH__NODE_DIRECTORY))
			return false;
	}
	return true;
}

/* Adds what is lost, and needed by the survivor. */
static int add_lost(struct crash__cause_search *search, struct crash__cause *cause, uint32_t survivor)
{
	const struct crash__fs *fs = crash__search_fs(search);
	uint32_t own = cause->survivor;
	int error = 0;

	cause->survivor = survivor;
	for (size_t i = 0; i < search->lost_count && error == 0; i++) {
		const struct crash__atom *atom = &crash__search_atoms(search)->list[search->lost[i]];

		if (atom->kind == CRASH__ATOM_ENTRY) {
			error = add_names(cause, fs, atom);
			continue;
		}
		if (is_of_same_file(search, i))
			continue;
		error = add_missing(cause, survivor, atom->node, false);
		if (error == 0)
			error = crash__cause_add_file(cause, crash__fs_node_path(fs, atom->node, atom->step));
	}
	cause->survivor = own;
	return error;
}

/* ------------------------------------------------------------------ ids */

static void make_group(struct crash__cause_search *search, struct crash__cause *cause)
{
	const struct crash__event *lost = crash__search_event(search, cause->lost),
				  *survivor = crash__search_event(search, cause->survivor);
	char *signatures[2] = {lost ? crash__callsite_signature(search->callsites, lost) : strdup(""),
			       survivor ? crash__callsite_signature(search->callsites, survivor) :
					  strdup("")};

	crash__cause_group(cause->kind, cause->process, cause->torn, signatures[0] ? signatures[0] : "",
			   signatures[1] ? signatures[1] : "", cause->group);
	free(signatures[0]);
	free(signatures[1]);
}

/* Random parts of names count as such: how many files there are is the same in every run. */
void crash__search_make_id(struct crash__cause *cause)
{
	char **names = calloc(cause->files_count + 1, sizeof *names);
	bool whole = names != NULL;

	strcpy(cause->id, cause->group);
	for (size_t i = 0; i < cause->files_count && whole; i++)
		whole = (names[i] = crash__callsite_stable_name(cause->files[i])) != NULL;
	if (whole)
		crash__cause_id_of_files(cause->group, names, cause->files_count, cause->id);
	for (size_t i = 0; names && i < cause->files_count; i++)
		free(names[i]);
	free(names);
}

/* ------------------------------------------------------------------ entering one */

struct crash__cause *crash__search_cause(const struct crash__cause_search *search, uint32_t number)
{
	while (number < search->united_count && search->united[number])
		number = search->united[number];
	for (size_t i = 0; i < search->causes->list_count; i++)
		if (search->causes->list[i].number == number)
			return &search->causes->list[i];
	assert(!"a cause that there is not");
	return NULL;
}

static struct crash__cause *find_group(const struct crash__cause_search *search, const char *group)
{
	for (size_t i = 0; i < search->causes->list_count; i++)
		if (strcmp(search->causes->list[i].group, group) == 0)
			return &search->causes->list[i];
	return NULL;
}

static struct crash__cause *make(struct crash__cause_search *search, const struct crash__cause *cause,
				 const struct crash__state *state)
{
	crash__atom_id *atoms = malloc((state->count + 1) * sizeof *atoms);
	struct crash__cause *made = atoms ? CRASH__PUSH(search->causes, list) : NULL;

	if (!made) {
		free(atoms);
		return NULL;
	}
	*made = *cause;
	if (state->count)
		memcpy(atoms, state->flipped, state->count * sizeof *atoms);
	made->number = ++search->numbers;
	made->model = search->model;
	made->state = *state;
	made->state.flipped = atoms;
	made->state_name = crash__state_name(crash__search_atoms(search), &made->state);
	return made;
}

uint32_t crash__search_enter(struct crash__cause_search *search, struct crash__cause *cause,
			     const struct crash__state *state)
{
	struct crash__cause *entered;

	make_group(search, cause);
	entered = find_group(search, cause->group);
	if (entered && !cause->suspects)
		entered->suspects = 0;
	if (!entered)
		entered = make(search, cause, state);
	if (!entered || add_lost(search, entered, cause->survivor) < 0)
		return 0;
	return entered->number;
}

int crash__search_attribute(struct crash__cause_search *search, uint32_t number, struct crash__entry *entry)
{
	struct crash__cause *cause = number ? crash__search_cause(search, number) : NULL;

	if (!cause || !CRASH__ADD(cause, entries, entry))
		return no_memory();
	entry->cause = cause->number;
	cause->states++;
	return 0;
}
