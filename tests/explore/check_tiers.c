/* SPDX-License-Identifier: MIT */
/*
 * check_tiers.c - each strategy names states that the model allows, and the same ones every time.
 *
 * Method: recordings of a few ops are made in memory, at random. Whatever a tier names is taken as a set of
 * kept atoms and judged by the definition of a crash state alone: what is durable is in it, what comes later
 * is not, and with an atom all its predecessors are. The exhaustive tier names all states; no
 * other tier may name one that it has not.
 */
#include <crashinject/crashinject.h>
#include <stdlib.h>
#include <string.h>

#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/states/representatives.h"
#include "explore/states/tiers.h"
#include "explore/states/view_new.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

#define MOST_STATES 20000 /* of one recording, model and tier */
#define MOST_ATOMS 11	  /* whose sets are enumerated */

static const struct made_op grammar[] = {
	{MADE_CREATE, "b", NULL, 0},	{MADE_APPEND, "a", NULL, 600},	  {MADE_APPEND, "b", NULL, 3},
	{MADE_OVERWRITE, "a", NULL, 0}, {MADE_STRADDLE, "a", NULL, 0},	  {MADE_EMPTY, "a", NULL, 0},
	{MADE_SHRINK, "a", NULL, 0},	{MADE_RENAME, "b", "a", 0},	  {MADE_LINK, "a", "c", 0},
	{MADE_UNLINK, "a", NULL, 0},	{MADE_MKDIR, "d", NULL, 0},	  {MADE_RENAME, "a", "d/a", 0},
	{MADE_CHMOD, "a", NULL, 0},	{MADE_FSYNC, "a", NULL, 0},	  {MADE_FDATASYNC, "b", NULL, 0},
	{MADE_FSYNC, "", NULL, 0},	{MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_DSYNC, "a", NULL, 6},
};

#define GRAMMAR (sizeof grammar / sizeof *grammar)

/* What a tier named, of one recording and model. */
struct named {
	const struct crash__atoms *atoms;
	enum crash__tier tier;
	struct crash__hash hashes[MOST_STATES];
	size_t count;
	uint64_t order; /* a sum over the states, as they came */
};

static const char *name_of(const struct named *named)
{
	return crash__tiers[named->tier].name;
}

/* A process that dies in the middle of a write leaves its first units, and nothing of the rest. */
static bool is_cut_write(const struct named *named, const struct crash__state *state)
{
	const struct crash__atom *list = named->atoms->list;

	for (uint32_t i = 0; i < state->count; i++)
		if (list[state->flipped[i]].step != state->step)
			return false;
	return (named->tier == CRASH__TIER_TEAR || named->tier == CRASH__TIER_EXHAUSTIVE) &&
	       named->atoms->model->process_only;
}

static void judge(const struct named *named, const struct crash__view *view, const struct crash__state *state,
		  const bool *kept)
{
	const struct crash__atoms *atoms = named->atoms;
	crash__atom_id earlier;

	for (crash__atom_id id = 0; id < atoms->list_count; id++) {
		const struct crash__atom *atom = &atoms->list[id];

		if (!kept[id]) {
			ck_assert_msg((int64_t)atom->durable > state->step, "%s: atom %u is durable and lost",
				      name_of(named), id);
			continue;
		}
		ck_assert_msg((int64_t)atom->step <= state->step, "%s: atom %u is of a later step",
			      name_of(named), id);
		CRASH__EACH_EDGE(atoms, atom->predecessors, earlier)
			ck_assert_msg(kept[earlier], "%s: atom %u is there without atom %u", name_of(named),
				      id, earlier);
	}
	ck_assert_int_eq(crash__view_step(view), state->step);
}

static int take(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct named *named = context;
	bool *kept = calloc(named->atoms->list_count + 1, sizeof *kept);
	struct crash__hash hash;

	ck_assert_ptr_nonnull(kept);
	ck_assert_uint_lt(named->count, MOST_STATES);
	for (crash__atom_id id = 0; id < named->atoms->list_count; id++)
		kept[id] = crash__view_has(view, id);
	for (uint32_t i = 0; i < state->count; i++) {
		ck_assert_msg(i == 0 || state->flipped[i - 1] < state->flipped[i], "%s: atoms out of order",
			      name_of(named));
		kept[state->flipped[i]] ^= true;
	}
	if (!is_cut_write(named, state))
		judge(named, view, state, kept);
	free(kept);
	trees_ok(crash__view_hash_flipped(view, state->flipped, state->count, &hash));
	named->hashes[named->count++] = hash;
	named->order = named->order * 0x100000001b3 + (hash.low ^ (uint64_t)state->step);
	return 0;
}

static void run(struct named *named, enum crash__tier tier, const struct crash__atoms *atoms)
{
	const struct crash__tier_options options = {.seed = 7, .samples = 50};

	named->atoms = atoms;
	named->tier = tier;
	named->count = 0;
	named->order = 0;
	trees_ok(crash__tier_run(tier, atoms, &options, take, named));
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct crash__hash));
}

static void judge_tiers(const struct crash__atoms *atoms)
{
	static struct named all, named, again;
	bool exhaustible = atoms->list_count <= MOST_ATOMS;

	if (exhaustible) {
		run(&all, CRASH__TIER_EXHAUSTIVE, atoms);
		qsort(all.hashes, all.count, sizeof *all.hashes, by_hash);
	}
	for (int tier = 0; tier < CRASH__TIERS; tier++) {
		if (tier == CRASH__TIER_EXHAUSTIVE && !exhaustible)
			continue;
		if (atoms->model->process_only && !crash__tiers[tier].of_kill)
			continue;
		run(&named, (enum crash__tier)tier, atoms);
		run(&again, (enum crash__tier)tier, atoms);
		ck_assert_msg(named.count == again.count && named.order == again.order,
			      "%s: not the same states the second time", name_of(&named));
		for (size_t i = 0; exhaustible && i < named.count; i++)
			ck_assert_msg(bsearch(&named.hashes[i], all.hashes, all.count, sizeof *all.hashes,
					      by_hash) != NULL,
				      "%s names a state that the exhaustive tier has not", name_of(&named));
	}
}

static void make_recording(struct made *made, uint64_t *random)
{
	int length = 3 + (int)support_below(random, 4), count = 0;

	made_start(made);
	while (count < length)
		count += made_do(made, &grammar[support_below(random, GRAMMAR)]);
}

static void judge_models(const struct crash__fs *fs, char **names)
{
	for (size_t i = 0; names[i]; i++) {
		struct crash__model model = trees_model(names[i]);
		struct crash__atoms atoms;

		trees_ok(crash__atoms_make(&atoms, fs, &model));
		judge_tiers(&atoms);
		crash__atoms_clear(&atoms);
	}
}

START_TEST(every_tier_names_only_states_that_the_model_allows)
{
	static struct made made;
	char directory[PATH_MAX], **names = crash__model_names();
	uint64_t random = support_seed();
	struct crash__base *base;

	support_directory(directory);
	made_base(directory);
	trees_ok(crash__base_open(directory, &base));
	for (int i = support_rounds(60); i-- > 0;) {
		struct crash__fs fs;

		make_recording(&made, &random);
		trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
		judge_models(&fs, names);
		crash__fs_clear(&fs);
	}
	crash__base_close(base);
	crash__model_names_free(names);
}
END_TEST

/* A write of 2,000 bytes from 510 on, and a process that is killed in it. */
START_TEST(a_killed_process_tears_pages_where_its_model_says_so)
{
	static const struct made_op append = {MADE_APPEND, "a", NULL, 2000};
	struct crash__model model = trees_model("kill");
	static struct named named;
	static struct made made;
	struct crash__atoms atoms;
	struct crash__base *base;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	ck_assert(made_do(&made, &append));
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	model.tear = 512;
	trees_ok(crash__atoms_make(&atoms, &fs, &model));
	run(&named, CRASH__TIER_TEAR, &atoms);
	ck_assert_uint_eq(named.count, 4); /* cut at 512, 1024, 1536 and 2048 */
	crash__atoms_clear(&atoms);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

START_TEST(the_order_of_tiers_is_that_of_the_table_and_its_names_are_found)
{
	for (int tier = 0; tier < CRASH__TIERS; tier++) {
		const char *name = crash__tiers[tier].name;

		ck_assert_int_eq(crash__tier_of_name(name, strlen(name)), tier);
		ck_assert_int_eq(crash__tier_of_name(name, strlen(name) - 1), CRASH__TIERS);
	}
	ck_assert(crash__tiers[CRASH__TIER_PREFIX].of_kill && crash__tiers[CRASH__TIER_PREFIX].by_default);
	ck_assert(!crash__tiers[CRASH__TIER_EXHAUSTIVE].by_default);
}
END_TEST

/* ------------------------------------------------------------------ representatives */

/* What the representatives of one strategy named. */
struct represented {
	struct named named;
	bool failing; /* every state of every class */
	uint32_t last_class;
	struct crash__representatives *representatives;
};

static int take_representative(void *context, struct crash__view *view, const struct crash__state *state,
			       enum crash__tier tier, uint32_t class)
{
	struct represented *represented = context;

	ck_assert_int_eq(tier, represented->named.tier);
	ck_assert_uint_lt(class, 100000);
	represented->last_class = class;
	crash__representatives_saw(represented->representatives, class, represented->failing);
	return take(&represented->named, view, state);
}

static void sweep(struct represented *represented, enum crash__tier tier, const struct crash__atoms *atoms)
{
	represented->named.atoms = atoms;
	represented->named.tier = tier;
	represented->named.count = 0;
	trees_ok(crash__representatives_new(atoms, 1u << tier, NULL, &represented->representatives));
	for (unsigned int i = 0; i < crash__representatives_sweeps(represented->representatives); i++)
		trees_ok(crash__representatives_sweep(represented->representatives, i, take_representative,
						      represented));
	ck_assert_msg(crash__representatives_seen(represented->representatives) ==
			      crash__representatives_classes(represented->representatives),
		      "%s: a class of which no state was named", name_of(&represented->named));
	crash__representatives_free(represented->representatives);
}

/* A representative that its tier does not name would be a state too many. */
static void judge_representatives(const struct crash__atoms *atoms)
{
	static struct represented all, some;
	static struct named named;

	for (int tier = 0; tier < CRASH__TIERS; tier++) {
		if (!crash__tiers[tier].by_default ||
		    (atoms->model->process_only && !crash__tiers[tier].of_kill))
			continue;
		run(&named, (enum crash__tier)tier, atoms);
		qsort(named.hashes, named.count, sizeof *named.hashes, by_hash);
		all.failing = false;
		sweep(&all, (enum crash__tier)tier, atoms);
		ck_assert_msg((all.named.count > 0) == (named.count > 0) || atoms->model->process_only,
			      "%s has %zu states and %zu representatives", name_of(&named), named.count,
			      all.named.count);
		for (size_t i = 0; i < all.named.count; i++)
			ck_assert_msg(bsearch(&all.named.hashes[i], named.hashes, named.count,
					      sizeof *named.hashes, by_hash) != NULL,
				      "%s does not name one of its representatives", name_of(&named));
		some.failing = true;
		sweep(&some, (enum crash__tier)tier, atoms);
		ck_assert_uint_le(some.named.count, all.named.count);
	}
}

START_TEST(representatives_are_states_of_their_tiers_and_each_class_has_one)
{
	static struct made made;
	char directory[PATH_MAX], **names = crash__model_names();
	uint64_t random = support_seed();
	struct crash__base *base;

	support_directory(directory);
	made_base(directory);
	trees_ok(crash__base_open(directory, &base));
	for (int i = support_rounds(60); i-- > 0;) {
		struct crash__fs fs;

		make_recording(&made, &random);
		trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
		for (size_t at = 0; names[at]; at++) {
			struct crash__model model = trees_model(names[at]);
			struct crash__atoms atoms;

			trees_ok(crash__atoms_make(&atoms, &fs, &model));
			judge_representatives(&atoms);
			crash__atoms_clear(&atoms);
		}
		crash__fs_clear(&fs);
	}
	crash__base_close(base);
	crash__model_names_free(names);
}
END_TEST

/* ------------------------------------------------------------------ what lost data shows as */

static bool is_named(const struct named *named, struct crash__hash hash)
{
	for (size_t i = 0; i < named->count; i++)
		if (memcmp(&named->hashes[i], &hash, sizeof hash) == 0)
			return true;
	return false;
}

/* Whether a set of lost atoms is all that its atoms take along. */
static bool is_closed(const struct crash__atoms *atoms, unsigned int lost)
{
	crash__atom_id later;

	for (crash__atom_id id = 0; id < atoms->list_count; id++) {
		if (!(lost >> id & 1))
			continue;
		if (atoms->list[id].durable < atoms->fs->steps_count)
			return false;
		CRASH__EACH_EDGE(atoms, atoms->list[id].successors, later)
			if (!(lost >> later & 1))
				return false;
	}
	return true;
}

/* Each set of atoms that may be lost in the end, with what is lost as each of what it may show as. */
static void judge_shows(const struct named *named)
{
	const struct crash__atoms *atoms = named->atoms;
	crash__atom_id lost[MOST_ATOMS];
	struct crash__view *view;
	struct crash__hash hash;

	for (unsigned int choice = 0; choice < crash__model_choices(atoms->model); choice++) {
		trees_ok(crash__view_new_choice(atoms, CRASH__EVERYTHING, choice, &view));
		trees_ok(crash__view_advance(view, (int64_t)atoms->fs->steps_count - 1));
		for (unsigned int set = 0; set < 1u << atoms->list_count; set++) {
			uint32_t count = 0;

			if (!is_closed(atoms, set))
				continue;
			for (crash__atom_id id = 0; id < atoms->list_count; id++)
				if (set >> id & 1)
					lost[count++] = id;
			trees_ok(crash__view_hash_flipped(view, lost, count, &hash));
			ck_assert_msg(is_named(named, hash), "%s: not with the atoms %x lost, shown as %u",
				      name_of(named), set, choice);
		}
		crash__view_free(view);
	}
}

/* A user's model of a file system that writes a page to another block, where old data may show. */
static struct crash__model moving_model(void)
{
	struct crash__model model = trees_model("posix");

	model.moves_data = CRASH__MOVES_PAGES;
	model.tear = 4096;
	return model;
}

START_TEST(whatever_lost_data_shows_as_is_named)
{
	struct crash__model model = moving_model();
	uint64_t random = support_seed();
	static struct named named;
	static struct made made;
	struct crash__base *base;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	trees_ok(crash__base_open(directory, &base));
	for (int i = support_rounds(60); i-- > 0;) {
		struct crash__atoms atoms;
		struct crash__fs fs;

		make_recording(&made, &random);
		trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
		trees_ok(crash__atoms_make(&atoms, &fs, &model));
		if (atoms.list_count <= MOST_ATOMS) {
			run(&named, CRASH__TIER_EXHAUSTIVE, &atoms);
			judge_shows(&named);
		}
		crash__atoms_clear(&atoms);
		crash__fs_clear(&fs);
	}
	crash__base_close(base);
}
END_TEST

/* The page moves, and what it had and what is written does not get there. */
static const struct made_op moving_ops[][2] = {
	{{MADE_OVERWRITE, "a", NULL, 0}},
	{{MADE_WRITE, "a", NULL, 100, 12288}, {MADE_ZERO, "a", NULL, 1000, 5000}}, /* in a hole */
};

static crash__atom_id last_of(const struct crash__atoms *atoms, enum crash__atom_class class)
{
	crash__atom_id id = atoms->list_count;

	while (id > 0 && atoms->list[id - 1].class != class)
		id--;
	ck_assert_uint_gt(id, 0);
	return id - 1;
}

START_TEST(a_block_that_data_is_moved_to_shows_whatever_it_may)
{
	crash__atom_id lost;
	struct crash__model model = moving_model();
	static struct represented represented;
	static struct named named;
	static struct made made;
	struct crash__atoms atoms;
	struct crash__view *view;
	struct crash__base *base;
	struct crash__hash hash, before;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	for (size_t i = 0; i < 2 && moving_ops[_i][i].path; i++)
		ck_assert(made_do(&made, &moving_ops[_i][i]));
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	trees_ok(crash__atoms_make(&atoms, &fs, &model));
	lost = last_of(&atoms, CRASH__CLASS_CARRY);
	run(&named, CRASH__TIER_TEAR, &atoms);
	represented.failing = false;
	sweep(&represented, CRASH__TIER_TEAR, &atoms);
	for (unsigned int choice = 0; choice < crash__model_choices(&model); choice++) {
		trees_ok(crash__view_new_choice(&atoms, CRASH__EVERYTHING, choice, &view));
		trees_ok(crash__view_advance(view, (int64_t)fs.steps_count - 1));
		trees_ok(crash__view_hash_flipped(view, &lost, 1, &hash));
		before = crash__view_hash(view);
		ck_assert_msg(crash__model_choice(&model, choice) == CRASH__LOST_ZEROS ||
				      memcmp(&hash, &before, sizeof hash) != 0,
			      "what is lost does not show as %u", choice);
		ck_assert_msg(is_named(&named, hash), "not shown as %u", choice);
		ck_assert_msg(is_named(&represented.named, hash), "no representative shown as %u", choice);
		crash__view_free(view);
	}
	crash__atoms_clear(&atoms);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

/* Writes of one call site are one class of each kind: of a hundred, those that a sweep takes are few, and
 * over the whole recording. */
START_TEST(sweeps_take_ever_more_of_a_class_over_the_whole_recording)
{
	static const struct made_op append = {MADE_APPEND, "a", NULL, 3}, sync = {MADE_FSYNC, "a", NULL, 0};
	static const size_t counts[] = {0, 3, 0, 2, 0, 2};
	struct crash__model model = trees_model("ext4");
	static struct represented own;
	static struct made made;
	struct crash__atoms atoms;
	struct crash__base *base;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	for (int i = 0; i < 8; i++)
		ck_assert(made_do(&made, &append) && made_do(&made, &sync));
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	trees_ok(crash__atoms_make(&atoms, &fs, &model));
	own.named.atoms = &atoms;
	own.named.tier = CRASH__TIER_CUT;
	trees_ok(crash__representatives_new(&atoms, 1u << CRASH__TIER_CUT, NULL, &own.representatives));
	for (unsigned int i = 0; i < sizeof counts / sizeof *counts; i++) {
		size_t before = own.named.count;

		trees_ok(crash__representatives_sweep(own.representatives, i, take_representative, &own));
		ck_assert_msg(own.named.count - before == counts[i], "sweep %u named %zu", i,
			      own.named.count - before);
	}
	for (unsigned int i = sizeof counts / sizeof *counts;
	     i < crash__representatives_sweeps(own.representatives); i++)
		trees_ok(crash__representatives_sweep(own.representatives, i, take_representative, &own));
	ck_assert_uint_eq(own.named.count, 2 * 8 + 1);
	crash__representatives_free(own.representatives);
	crash__atoms_clear(&atoms);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tiers");

	TCase *tcase = support_case(suite, "tiers", every_tier_names_only_states_that_the_model_allows,
				    a_killed_process_tears_pages_where_its_model_says_so,
				    the_order_of_tiers_is_that_of_the_table_and_its_names_are_found,
				    representatives_are_states_of_their_tiers_and_each_class_has_one,
				    sweeps_take_ever_more_of_a_class_over_the_whole_recording,
				    whatever_lost_data_shows_as_is_named, NULL);

	tcase_add_loop_test(tcase, a_block_that_data_is_moved_to_shows_whatever_it_may, 0,
			    sizeof moving_ops / sizeof *moving_ops);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
