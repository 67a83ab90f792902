/* SPDX-License-Identifier: MIT */
/*
 * Method. Each finding's state is looked at in a view, beside another one of the same moment with nothing
 * lost. Views only go forward, so the findings are taken by model and by step. Nothing is put on a disk.
 */
#include "report/page/page.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/json_value.h"
#include "explore/atoms/atom_set.h"
#include "explore/states/state_name.h"
#include "report/page/state_tree.h"
#include "explore/states/view_attributes.h"
#include "explore/states/view_new.h"

#define MOST_NAMES 20000 /* of one state, that are compared */
#define MOST_ENTRIES 400 /* that are listed, */
#define MOST_SAME 200	 /* the same ones up to here */
#define MOST_FILES 24	 /* of one state, whose bytes are compared */
#define MOST_SHOWN (3ull << 20)
#define MOST_READ (512ull << 20)
#define MOST_UNTOUCHED 500

struct disk {
	const struct crash__exploration *exploration;
	const struct crash__fs *fs;
	const struct crash__cause *cause;	/* that is being looked at */
	struct crash__view *complete, *state;	/* of it */
	const struct crash__cause *complete_of; /* whose model the view has; NULL: there is none */
	const struct crash__cause *state_of;	/* and of the other */
	struct crash__page_budget budget;
	json_t *entries, *files;
	uint64_t left_out, files_left_out;
};

static const struct crash__atoms *atoms_of(const struct disk *disk)
{
	return &disk->exploration->engine->atoms[disk->cause->model];
}

/* ------------------------------------------------------------------ which steps are lost */

/* As struct crash__state says them: atoms that are not there. */
static bool is_lost(const struct crash__atoms *atoms, const struct crash__state *state, crash__atom_id id,
		    uint32_t *at)
{
	bool flipped;

	while (*at < state->count && state->flipped[*at] < id)
		++*at;
	flipped = *at < state->count && state->flipped[*at] == id;
	if (state->reference == CRASH__EVERYTHING)
		return flipped;
	return !flipped && crash__atom_is_open(&atoms->list[id], state->step);
}

/* Numbers and ranges of steps: "3 5-9". With `parts` those that are lost in part. */
static json_t *lost_steps(const struct disk *disk, bool parts)
{
	const struct crash__atoms *atoms = atoms_of(disk);
	const struct crash__state *state = &disk->cause->state;
	int64_t from = -1;
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	uint32_t at = 0;
	json_t *json;

	for (int64_t step = 0; stream && step <= state->step + 1; step++) {
		uint32_t lost = 0, all = 0;

		if (step <= state->step) {
			all = atoms->first[step + 1] - atoms->first[step];
			for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++)
				lost += is_lost(atoms, state, id, &at);
		}
		if (lost && (lost < all) == parts) {
			from = from < 0 ? step : from;
		} else if (from >= 0) {
			fprintf(stream, from < step - 1 ? "%lld-%lld " : "%lld ", (long long)from,
				(long long)step - 1);
			from = -1;
		}
	}
	if (!stream || fclose(stream) != 0)
		return json_string("");
	json = json_string(text);
	free(text);
	return json;
}

/* ------------------------------------------------------------------ the tree */

static const char *const kinds[] = {"file", "directory", "link", "other"};

static json_t *side_json(const struct disk *disk, struct crash__view *view, crash__node_id node)
{
	const struct crash__node *known = &disk->fs->nodes[node];

	if (!node)
		return json_null();
	return json_pack("{s:s, s:I, s:i, s:o}", "kind", kinds[known->type], "size",
			 (json_int_t)(known->type == CRASH__NODE_FILE ? crash__view_size(view, node) : 0),
			 "mode", (int)(crash__view_mode(view, node) & 07777), "to",
			 crash__json_string(known->text));
}

/* Whether bytes of a file are others, or a file is there once: `*difference` says where. */
static const char *compare_content(struct disk *disk, crash__node_id complete, crash__node_id state,
				   json_t **difference)
{
	struct crash__file_side sides[2] = {{disk->complete, complete}, {disk->state, state}};
	const struct crash__node *nodes = disk->fs->nodes;

	for (int side = 0; side < 2; side++)
		if (sides[side].node && nodes[sides[side].node].type != CRASH__NODE_FILE)
			sides[side].node = 0;
	if ((!sides[0].node && !sides[1].node) ||
	    (sides[0].node == sides[1].node &&
	     crash__state_same_content(disk->complete, disk->state, complete)))
		return "same";
	if (json_array_size(disk->files) >= MOST_FILES) {
		disk->files_left_out++;
		return "not compared";
	}
	*difference = crash__file_difference(disk->fs, &sides[0], &sides[1], &disk->budget);
	if (json_integer_value(json_object_get(*difference, "differ")) ||
	    json_integer_value(json_object_get(*difference, "unread")) ||
	    json_is_string(json_object_get(*difference, "error")))
		return "differs";
	json_decref(*difference);
	*difference = NULL;
	return "same";
}

static bool same_attributes(const struct disk *disk, crash__node_id complete, crash__node_id state)
{
	const struct crash__node *nodes = disk->fs->nodes;
	uint32_t owners[4];

	crash__view_owner(disk->complete, complete, &owners[0], &owners[1]);
	crash__view_owner(disk->state, state, &owners[2], &owners[3]);
	return nodes[complete].type == nodes[state].type && owners[0] == owners[2] &&
	       owners[1] == owners[3] &&
	       crash__view_mode(disk->complete, complete) == crash__view_mode(disk->state, state) &&
	       (!nodes[complete].text || strcmp(nodes[complete].text, nodes[state].text) == 0);
}

/* What is the same is left out first. */
static bool has_room(const struct disk *disk, const char *status)
{
	return json_array_size(disk->entries) < (strcmp(status, "same") == 0 ? MOST_SAME : MOST_ENTRIES);
}

static void add_entry(struct disk *disk, const char *path, crash__node_id complete, crash__node_id state)
{
	json_t *difference = NULL;
	const char *status = compare_content(disk, complete, state, &difference);

	if (!state)
		status = "missing";
	else if (!complete)
		status = "extra";
	else if (strcmp(status, "same") == 0 && !same_attributes(disk, complete, state))
		status = "attributes";
	if (has_room(disk, status))
		json_array_append_new(disk->entries,
				      json_pack("{s:o, s:s, s:o, s:o}", "path", crash__json_string(path),
						"status", status, "complete",
						side_json(disk, disk->complete, complete), "state",
						side_json(disk, disk->state, state)));
	else
		disk->left_out++;
	if (!difference)
		return;
	json_object_set_new(difference, "path", crash__json_string(path));
	json_array_append_new(disk->files, difference);
}

/* Both listings are in the same order. */
static void merge_trees(struct disk *disk, const struct crash__tree_listing *complete,
			const struct crash__tree_listing *state)
{
	size_t one = 0, other = 0;

	while (one < complete->list_count || other < state->list_count) {
		const struct crash__tree_entry *x = one < complete->list_count ? &complete->list[one] : NULL,
					       *y = other < state->list_count ? &state->list[other] : NULL;
		int order = !x ? 1 : !y ? -1 : crash__tree_path_compare(x->path, y->path);

		add_entry(disk, order <= 0 ? x->path : y->path, order <= 0 ? x->node : 0,
			  order >= 0 ? y->node : 0);
		one += order <= 0;
		other += order >= 0;
	}
}

static int list_trees(struct disk *disk)
{
	struct crash__tree_listing complete = {0}, state = {0};
	int error = crash__state_tree_list(disk->complete, disk->fs, MOST_NAMES, &complete);

	if (error == 0)
		error = crash__state_tree_list(disk->state, disk->fs, MOST_NAMES, &state);
	/* what one of them leaves out would look as if the other had it alone */
	if (error == 0 && (complete.left_out || state.left_out))
		error = crash__fail(CRASH_EINVAL, "the tree has more than %d names, or is too deep",
				    MOST_NAMES);
	if (error == 0)
		merge_trees(disk, &complete, &state);
	crash__tree_listing_clear(&complete);
	crash__tree_listing_clear(&state);
	return error;
}

/* ------------------------------------------------------------------ the views */

/* Where nothing is lost, the state is compared with what the program left in the end. */
static bool loses_nothing(const struct crash__cause *cause)
{
	return cause->state.reference == CRASH__EVERYTHING && cause->state.count == 0;
}

static int64_t compared_step(const struct disk *disk)
{
	return loses_nothing(disk->cause) ? (int64_t)disk->fs->steps_count - 1 : disk->cause->state.step;
}

/* A view that stands at a step: the one that there is, if it can get there. */
static int reach(const struct disk *disk, struct crash__view **view, const struct crash__cause **of,
		 enum crash__reference reference, int64_t step)
{
	const struct crash__cause *cause = disk->cause, *had = *of;
	int error = 0;

	if (!had || had->model != cause->model || had->state.choice != cause->state.choice ||
	    had->state.reference != cause->state.reference || crash__view_step(*view) > step) {
		crash__view_free(*view);
		*view = NULL;
		*of = NULL;
		error = crash__view_new_choice(atoms_of(disk), reference, cause->state.choice, view);
	}
	if (error < 0)
		return error;
	*of = cause;
	return step >= 0 ? crash__view_advance(*view, step) : 0;
}

static json_t *state_json(struct disk *disk)
{
	const struct crash__cause *cause = disk->cause;
	int error = crash__view_flip(disk->state, cause->state.flipped, cause->state.count, NULL);

	disk->entries = json_array();
	disk->files = json_array();
	disk->left_out = disk->files_left_out = 0;
	if (error == 0)
		error = list_trees(disk);
	crash__view_unflip(disk->state);
	return json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:I, s:o, s:I, s:o}", "step",
			 (json_int_t)cause->state.step, "acked", (json_int_t)cause->state.acked, "against",
			 loses_nothing(cause) ? "end" : "point", "lost", lost_steps(disk, false), "part",
			 lost_steps(disk, true), "entries", disk->entries, "left_out",
			 (json_int_t)disk->left_out, "files", disk->files, "files_left_out",
			 (json_int_t)disk->files_left_out, "error",
			 error < 0 ? crash__json_string(crash_error_detail()) : json_null());
}

static int by_place(const void *one, const void *other)
{
	const struct crash__cause *x = *(const struct crash__cause *const *)one,
				  *y = *(const struct crash__cause *const *)other;

	if (x->model != y->model)
		return x->model < y->model ? -1 : 1;
	if (x->state.reference != y->state.reference)
		return x->state.reference < y->state.reference ? -1 : 1;
	if (x->state.choice != y->state.choice)
		return x->state.choice < y->state.choice ? -1 : 1;
	return x->state.step < y->state.step ? -1 : x->state.step > y->state.step;
}

json_t *crash__page_disk(const struct crash__exploration *exploration)
{
	const struct crash__causes *causes = &exploration->causes;
	struct disk disk = {.exploration = exploration,
			    .fs = &exploration->recording.fs,
			    .budget = {MOST_SHOWN, MOST_READ}};
	const struct crash__cause **list = calloc(causes->list_count + 1, sizeof *list);
	json_t *object = json_object();

	for (size_t i = 0; list && i < causes->list_count; i++)
		list[i] = &causes->list[i];
	if (list)
		qsort(list, causes->list_count, sizeof *list, by_place);
	for (size_t i = 0; list && i < causes->list_count; i++) {
		int error;

		disk.cause = list[i];
		error = reach(&disk, &disk.complete, &disk.complete_of, CRASH__EVERYTHING,
			      compared_step(&disk));
		if (error == 0)
			error = reach(&disk, &disk.state, &disk.state_of, list[i]->state.reference,
				      list[i]->state.step);
		if (error == 0)
			json_object_set_new(object, list[i]->id, state_json(&disk));
	}
	crash__view_free(disk.complete);
	crash__view_free(disk.state);
	free(list);
	return object;
}

json_t *crash__page_untouched(const struct crash__fs *fs)
{
	struct crash__tree_listing listing = {0};
	json_t *paths = json_array();
	uint64_t left_out;
	int error = crash__untouched_list(fs, MOST_UNTOUCHED, &listing);

	for (size_t i = 0; i < listing.list_count && error == 0; i++) {
		struct stat status;
		bool known = crash__base_stat(fs->base, listing.list[i].path, &status) == 1;

		json_array_append_new(
			paths,
			json_pack("{s:o, s:I, s:b}", "path", crash__json_string(listing.list[i].path), "size",
				  (json_int_t)(known && S_ISREG(status.st_mode) ? status.st_size : 0),
				  "directory", known && S_ISDIR(status.st_mode)));
	}
	left_out = listing.left_out;
	crash__tree_listing_clear(&listing);
	return json_pack("{s:o, s:I}", "paths", paths, "left_out", (json_int_t)left_out);
}
