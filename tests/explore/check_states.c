/* SPDX-License-Identifier: MIT */
/*
 * check_states.c - a crash state is the same, whichever way it is built.
 *
 * Method: random runs are recorded. For random points and random closed sets of atoms, the tree is made in
 * the plainest way (slow.c). The view's hash of the set must be equal exactly where the trees are, whichever
 * reference the view starts from, and the layer that the difference moves must show that tree, and what
 * was there before when it is moved back.
 */
#include <crashinject/crashinject.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/remove.h"
#include "explore/atoms/make_atoms.h"
#include "explore/layer/layer.h"
#include "explore/fs/fs_replay.h"
#include "explore/fs/nodes.h"
#include "explore/recording/sandbox.h"
#include "explore/states/view_new.h"
#include "tests/explore/make_script.h"
#include "tests/explore/slow.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"
#include "trace/reader.h"

struct run {
	char directory[PATH_MAX];
	char before[PATH_MAX], after[PATH_MAX], copy[PATH_MAX], store[PATH_MAX];
	uint64_t random;
	uint64_t seed;
	struct crash__trace trace;
	struct crash__base *base;
	struct crash__fs fs;
	struct crash__model model;
	struct crash__atoms atoms;
	bool *kept; /* by atom */
};

static void place(struct run *run, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/%s", run->directory, name);
	ck_assert_int_eq(mkdir(out, 0755), 0);
}

/* The model knows the names that the run used. Here all others are wanted, too. */
static void know_all(struct run *run, crash__node_id directory, const char *path)
{
	char name[PATH_MAX];
	struct dirent *entry;
	DIR *stream;

	snprintf(name, sizeof name, "%.2000s/%.1000s", run->before, path);
	stream = opendir(name);
	ck_assert_ptr_nonnull(stream);
	while ((entry = readdir(stream)) != NULL) {
		crash__slot_id slot;
		crash__node_id child;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		slot = crash__slot_of_name(&run->fs, directory, entry->d_name, strlen(entry->d_name));
		child = run->fs.slots[slot].base_child;
		ck_assert_msg(child != 0, "%s/%s is not in the base", name, entry->d_name);
		snprintf(name, sizeof name, "%.2000s/%.1000s", path, entry->d_name);
		if (run->fs.nodes[child].type == CRASH__NODE_DIRECTORY)
			know_all(run, child, name);
		snprintf(name, sizeof name, "%.2000s/%.1000s", run->before, path);
	}
	closedir(stream);
}

static void begin(struct run *run, uint64_t seed)
{
	memset(run, 0, sizeof *run);
	run->seed = run->random = seed;
}

static void prepare_program(struct run *run, bool empty, const char *const *argv)
{
	uint64_t seed = run->seed;

	support_directory(run->directory);
	place(run, "before", run->before);
	place(run, "after", run->after);
	place(run, "copy", run->copy);
	place(run, "store", run->store);
	if (!empty) {
		trees_start(run->before, seed, true);
		trees_start(run->after, seed, true);
		trees_start(run->copy, seed, true);
	}
	trees_record(run->after, argv, &run->trace);
	trees_ok(crash__base_open(run->before, &run->base));
	trees_ok(crash__fs_replay(&run->fs, &run->trace, run->after, run->base));
	know_all(run, 1, "");
	run->model = trees_random_model(&run->random);
	/* what is half made has a mode that keeps us out, if we are not root */
	run->model.dirop_atomic |= geteuid() != 0;
	trees_ok(crash__atoms_make(&run->atoms, &run->fs, &run->model));
	run->kept = calloc(run->atoms.list_count + 1, sizeof *run->kept);
}

static void prepare(struct run *run, uint64_t seed, bool empty)
{
	static const unsigned int ops[] = {10, 30, 60, 200};
	char script[PATH_MAX];

	begin(run, seed);
	snprintf(script, sizeof script, "%.4000s/script", run->directory);
	prepare_program(
		run, empty,
		script_command("script", script, seed, ops[support_below(&run->random, 4)], SCRIPT_MEMORY));
}

static void finish(struct run *run)
{
	char path[PATH_MAX];

	free(run->kept);
	crash__atoms_clear(&run->atoms);
	crash__fs_clear(&run->fs);
	crash__base_close(run->base);
	crash__trace_close(&run->trace);
	memcpy(path, run->directory, sizeof path);
	crash__remove_tree(path, true);
}

/* ------------------------------------------------------------------ random sets */

/* Takes out what lacks something that must be there before it, until nothing does. */
static void close_set(struct run *run, int64_t step)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (crash__atom_id id = 0; id < run->atoms.list_count; id++) {
			crash__atom_id earlier;

			if (!run->kept[id])
				continue;
			CRASH__EACH_EDGE(&run->atoms, run->atoms.list[id].predecessors, earlier)
				if (!run->kept[earlier] && (int64_t)run->atoms.list[earlier].step <= step) {
					run->kept[id] = false;
					changed = true;
				}
		}
	}
}

static void choose_set(struct run *run, int64_t step)
{
	static const unsigned int shares[] = {2, 50, 90, 99};
	unsigned int share = shares[support_below(&run->random, 4)];

	for (crash__atom_id id = 0; id < run->atoms.list_count; id++)
		run->kept[id] =
			(int64_t)run->atoms.list[id].step <= step &&
			(run->atoms.list[id].durable <= step || support_below(&run->random, 100) < share);
	close_set(run, step);
	for (crash__atom_id id = 0; id < run->atoms.list_count; id++)
		ck_assert_msg(run->kept[id] || run->atoms.list[id].durable > step,
			      "SEED=%lu: durable, and something before it is not", (unsigned long)run->seed);
}

/* What the view's reference has to be flipped by to be the set. */
static size_t flips(const struct run *run, const struct crash__view *view, int64_t step, crash__atom_id *out)
{
	size_t count = 0;

	for (crash__atom_id id = 0; id < run->atoms.list_count && (int64_t)run->atoms.list[id].step <= step;
	     id++)
		if (run->kept[id] != crash__view_has(view, id))
			out[count++] = id;
	return count;
}

/* ------------------------------------------------------------------ hashes */

#define STATES 60

struct state {
	struct crash__hash hash;
	char *text;
};

static bool same(struct crash__hash a, struct crash__hash b)
{
	return a.low == b.low && a.high == b.high;
}

/* Whether a directory ever has a second name: then it is told apart from one that was made under that name.
 */
static bool directories_move(const struct crash__fs *fs)
{
	crash__slot_id *slots = calloc(fs->nodes_count, sizeof *slots);
	bool move = false;

	for (size_t i = 0; i < fs->effects_count; i++) {
		const struct crash__effect *effect = &fs->effects[i];

		if (effect->kind != CRASH__EFFECT_ENTRY ||
		    fs->nodes[effect->node].type != CRASH__NODE_DIRECTORY)
			continue;
		move |= slots[effect->node] && slots[effect->node] != effect->slot;
		slots[effect->node] = effect->slot;
	}
	free(slots);
	return move;
}

static void check_hashes(uint64_t seed, bool empty)
{
	static struct run run;
	struct state states[STATES];
	struct crash__view *views[2];
	crash__atom_id *flipped;
	bool move;

	prepare(&run, seed, empty);
	move = directories_move(&run.fs);
	flipped = calloc(run.atoms.list_count + 1, sizeof *flipped);
	trees_ok(crash__view_new(&run.atoms, CRASH__EVERYTHING, &views[0]));
	trees_ok(crash__view_new(&run.atoms, CRASH__DURABLE, &views[1]));
	for (int i = 0; i < STATES; i++) {
		int64_t step = (int64_t)run.fs.steps_count * (i + 1) / STATES - 1;
		struct crash__hash hash[2];

		choose_set(&run, step);
		for (int j = 0; j < 2; j++) {
			struct crash__hash before;

			trees_ok(crash__view_advance(views[j], step));
			before = crash__view_hash(views[j]);
			trees_ok(crash__view_hash_flipped(views[j], flipped,
							  flips(&run, views[j], step, flipped), &hash[j]));
			ck_assert_msg(same(before, crash__view_hash(views[j])),
				      "SEED=%lu: looking at a state changes the reference",
				      (unsigned long)seed);
		}
		ck_assert_msg(same(hash[0], hash[1]),
			      "SEED=%lu step %ld: the hash depends on where it starts from",
			      (unsigned long)seed, (long)step);
		states[i] = (struct state){hash[0], slow_text(&run.atoms, step, run.kept)};
	}
	for (int i = 0; i < STATES; i++)
		for (int j = 0; j < i; j++) {
			bool same_text = strcmp(states[i].text, states[j].text) == 0;
			/* files of the starting tree are told apart also where their contents are the same */
			bool one_hash =
				empty && same_text && !(move && strstr(states[i].text, " directory "));

			ck_assert_msg(same_text || !same(states[i].hash, states[j].hash),
				      "SEED=%lu: states %d and %d have one hash: %s", (unsigned long)seed, i,
				      j, trees_differ(states[i].text, states[j].text));
			ck_assert_msg(!one_hash || same(states[i].hash, states[j].hash),
				      "SEED=%lu: states %d and %d are the same and have two hashes\n%s",
				      (unsigned long)seed, i, j, states[i].text);
		}
	for (int i = 0; i < STATES; i++)
		free(states[i].text);
	crash__view_free(views[0]);
	crash__view_free(views[1]);
	free(flipped);
	finish(&run);
}

START_TEST(states_have_one_hash_only_if_they_are_the_same)
{
	uint64_t seed = support_seed();

	for (int i = 0; i < support_rounds(40); i++)
		check_hashes(seed + (uint64_t)i, false);
}
END_TEST

START_TEST(from_nothing_states_that_are_the_same_have_one_hash)
{
	uint64_t seed = support_seed();

	for (int i = 0; i < support_rounds(40); i++)
		check_hashes(seed + (uint64_t)i, true);
}
END_TEST

/*
 * The numbers of a node and of an effect cancelled out in the key of a block's content: what effect 54 wrote
 * to node 6 was taken for what effect 52 wrote to node 4.
 */
START_TEST(a_content_is_not_taken_for_another)
{
	check_hashes(2484, true);
}
END_TEST

/* ------------------------------------------------------------------ layers */

/* Shows the tree that a layer makes; the text is compared without links. */
struct shown {
	char tree[PATH_MAX], store[PATH_MAX];
	struct crash__sandbox *sandbox; /* NULL: a whole copy */
};

static char *without_links(char *text)
{
	for (char *at = text; (at = strstr(at, " links ")) != NULL;) {
		size_t skip = strcspn(at + 7, " ");

		memmove(at, at + 7 + skip, strlen(at + 7 + skip) + 1);
	}
	for (char *at = text; (at = strstr(at, " link ")) != NULL;) {
		size_t skip = strcspn(at + 6, " ");

		memmove(at + 5, at + 6 + skip, strlen(at + 6 + skip) + 1);
		at++;
	}
	return text;
}

static char *show(struct shown *shown)
{
	char *text;

	if (!shown->sandbox)
		return trees_text(shown->tree);
	trees_ok(crash__sandbox_mount(shown->sandbox, "tree"));
	text = trees_text(shown->sandbox->directory);
	trees_ok(crash__sandbox_unmount(shown->sandbox));
	return text;
}

static void check_state(struct run *run, struct shown *shown, struct crash__layer *layer,
			struct crash__view *view, int64_t step, crash__atom_id *flipped)
{
	const struct crash__difference *difference;
	char *before = show(shown), *is, *should, *again;
	size_t count;

	choose_set(run, step);
	count = flips(run, view, step, flipped);
	should = slow_text(&run->atoms, step, run->kept);
	trees_ok(crash__view_flip(view, flipped, count, &difference));
	ck_assert_msg(crash__layer_move(layer, view, difference) == 0, "SEED=%lu step %ld: %s",
		      (unsigned long)run->seed, (long)step, crash_error_detail());
	is = without_links(show(shown));
	crash__view_unflip(view);
	ck_assert_msg(crash__layer_move(layer, view, difference) == 0, "SEED=%lu step %ld, back: %s",
		      (unsigned long)run->seed, (long)step, crash_error_detail());
	again = show(shown);
	ck_assert_msg(strcmp(before, again) == 0, "SEED=%lu step %ld: back again it %s",
		      (unsigned long)run->seed, (long)step, trees_differ(again, before));
	ck_assert_msg(strcmp(is, should) == 0, "SEED=%lu step %ld: %s", (unsigned long)run->seed, (long)step,
		      trees_differ(is, should));
	free(before);
	free(is);
	free(should);
	free(again);
}

#define POINTS 12

static void check_layer(struct run *run, struct shown *shown, enum crash__reference reference)
{
	const struct crash__difference *difference;
	crash__atom_id *flipped = calloc(run->atoms.list_count + 1, sizeof *flipped);
	struct crash__layer *layer;
	struct crash__view *view;
	uint32_t steps = (uint32_t)run->fs.steps_count;

	trees_ok(crash__view_new(&run->atoms, reference, &view));
	trees_ok(crash__layer_new(&run->fs, shown->tree, shown->store, shown->sandbox != NULL, &layer));
	for (uint32_t step = 0; step < steps; step++) {
		/* sometimes several at once */
		if (step + 1 < steps && support_below(&run->random, 3) == 0)
			continue;
		trees_ok(crash__view_advance_difference(view, step, &difference));
		ck_assert_msg(crash__layer_move(layer, view, difference) == 0, "SEED=%lu step %u: %s",
			      (unsigned long)run->seed, step, crash_error_detail());
		if (support_below(&run->random, steps) < POINTS)
			for (int i = 0; i < 3; i++)
				check_state(run, shown, layer, view, step, flipped);
	}
	crash__layer_free(layer);
	crash__view_free(view);
	free(flipped);
}

START_TEST(a_copy_shows_each_state_and_goes_back)
{
	uint64_t seed = support_seed();
	static struct run run;
	struct shown shown = {.sandbox = NULL};

	for (int i = 0; i < support_rounds(30); i++) {
		prepare(&run, seed + (uint64_t)i, false);
		memcpy(shown.tree, run.copy, sizeof shown.tree);
		memcpy(shown.store, run.store, sizeof shown.store);
		check_layer(&run, &shown, i % 2 ? CRASH__DURABLE : CRASH__EVERYTHING);
		finish(&run);
	}
}
END_TEST

/* Each byte of the block is from another write, and there are more of them than one list of pieces holds. */
START_TEST(a_block_written_byte_by_byte_is_shown)
{
	static const char *const argv[] = {
		"sh", "-c", "i=0; while [ $i -lt 700 ]; do printf %d $((i % 10)); i=$((i + 1)); done >bytes",
		NULL};
	uint64_t seed = support_seed();
	static struct run run;
	struct shown shown = {.sandbox = NULL};

	for (int i = 0; i < 2; i++) {
		begin(&run, seed + (uint64_t)i);
		prepare_program(&run, true, argv);
		ck_assert_uint_gt(run.fs.steps_count, 700);
		memcpy(shown.tree, run.copy, sizeof shown.tree);
		memcpy(shown.store, run.store, sizeof shown.store);
		check_layer(&run, &shown, i % 2 ? CRASH__DURABLE : CRASH__EVERYTHING);
		finish(&run);
	}
}
END_TEST

static void check_there(struct run *run, enum crash__reference reference)
{
	struct crash__sandbox sandbox;
	struct shown shown = {.sandbox = &sandbox};
	char path[64];

	trees_ok(crash__sandbox_enter(&sandbox, run->before, NULL));
	crash__sandbox_path(&sandbox, "tree", path);
	strcpy(shown.tree, path);
	crash__sandbox_path(&sandbox, "store", path);
	strcpy(shown.store, path);
	/* the starting tree is read below what is mounted over it */
	crash__base_close(run->base);
	crash__sandbox_path(&sandbox, "lower", path);
	trees_ok(crash__base_open(path, &run->base));
	run->fs.base = run->base;
	check_layer(run, &shown, reference);
}

START_TEST(an_overlay_shows_each_state_and_goes_back)
{
	uint64_t seed = support_seed();
	static struct run run;
	char directory[PATH_MAX];
	const char *why;
	int status;

	support_directory(directory);
	if (!crash__sandbox_possible(directory, &why))
		support_skip(why);
	for (int i = 0; i < support_rounds(30); i++) {
		pid_t pid;

		prepare(&run, seed + (uint64_t)i, false);
		pid = crash__sandbox_fork(false, SIGKILL);
		if (pid == 0) {
			check_there(&run, i % 2 ? CRASH__DURABLE : CRASH__EVERYTHING);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(status == 0, "the sandboxed part failed (%d)", status);
		finish(&run);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("states");

	double seconds = getenv("CRASHINJECT_LONG") ? 3600 : 300;

	tcase_set_timeout(support_case(suite, "hashes", states_have_one_hash_only_if_they_are_the_same,
				       from_nothing_states_that_are_the_same_have_one_hash,
				       a_content_is_not_taken_for_another, NULL),
			  seconds);
	tcase_set_timeout(support_case(suite, "layers", a_copy_shows_each_state_and_goes_back,
				       a_block_written_byte_by_byte_is_shown,
				       an_overlay_shows_each_state_and_goes_back, NULL),
			  seconds);
	return support_run(suite);
}
