/* SPDX-License-Identifier: MIT */
/*
 * check_lattice.c - which models allow whatever others allow.
 *
 * Method: all recordings of a few ops, and many longer ones, are made in memory. All states that each model
 * allows after the last op are enumerated, and compared as a person would: names, modes, sizes and bytes.
 * What the weaker model does not have is a state that nobody looks at who trusts in its name.
 */
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/states/block_content.h"
#include "explore/states/state_name.h"
#include "explore/states/tiers.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

#define MOST_ATOMS 13 /* of one recording, under one model: more sets than that take too long */
#define MOST_MODELS 16

/* What the first allows the second does, too. "*" is every model. */
static const struct {
	const char *model, *weaker;
} below[] = {
	{"*", "posix"},
	{"ext4-journal", "ext4"},
	{"ext4-dioread-lock", "ext4"},
};

struct states {
	const struct crash__atoms *atoms;
	CRASH__VECTOR(struct crash__hash, list);
	int64_t last;
};

struct lattice {
	struct crash__base *base;
	struct crash__model models[MOST_MODELS];
	struct states of[MOST_MODELS];
	size_t model_count;
	const struct made_op *ops[MADE_OPS];
	int length;
	struct made made;
	unsigned long recordings, states, compared;
};

static int compare_hashes(const void *a, const void *b)
{
	const struct crash__hash *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->high > y->high) - (x->high < y->high);
}

/* ------------------------------------------------------------------ what a model allows */

static void print_file(FILE *out, const struct crash__fs *fs, struct crash__view *view, crash__node_id node)
{
	static unsigned char bytes[8 * CRASH__BLOCK];
	uint64_t size = crash__view_size(view, node), limit = crash__view_base_limit(view, node);
	size_t length;

	ck_assert_uint_le(size, sizeof bytes);
	memset(bytes, 0, size);
	if (fs->nodes[node].base_path)
		ck_assert_int_ge(crash__base_read(fs->base, fs->nodes[node].base_path, bytes,
						  size < limit ? size : limit, 0),
				 0);
	for (uint32_t block = 0; block < crash__view_blocks(view); block++) {
		crash__node_id of;
		uint64_t index;

		crash__view_block(view, block, &of, &index);
		if (of == node && index * CRASH__BLOCK < size)
			ck_assert_int_eq(
				crash__view_content(view, block, bytes + index * CRASH__BLOCK, &length), 0);
	}
	fprintf(out, " %o %llu ", crash__view_mode(view, node), (unsigned long long)size);
	fwrite(bytes, 1, size, out);
}

static void print_directory(FILE *out, const struct crash__atoms *atoms, struct crash__view *view,
			    crash__node_id directory)
{
	const struct crash__fs *fs = atoms->fs;

	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++) {
		crash__node_id node =
			fs->slots[slot].directory == directory ? crash__view_child(view, slot) : 0;

		if (!node)
			continue;
		fprintf(out, "%s %u", fs->slots[slot].name, node);
		if (fs->nodes[node].type == CRASH__NODE_DIRECTORY) {
			fputs(" {", out);
			print_directory(out, atoms, view, node);
			fputs("}", out);
		} else {
			print_file(out, fs, view, node);
		}
		fputc(10, out);
	}
}

/* The whole tree. Hashes would not do: they leave out what no atom of a model ever changes. */
static struct crash__hash look_at(const struct crash__atoms *atoms, struct crash__view *view,
				  const struct crash__state *state)
{
	const struct crash__difference *difference;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	XXH128_hash_t hash;

	trees_ok(crash__view_flip(view, state->flipped, state->count, &difference));
	print_directory(out, atoms, view, 1);
	crash__view_unflip(view);
	fclose(out);
	hash = XXH3_128bits(text, size);
	free(text);
	return (struct crash__hash){hash.low64, hash.high64};
}

static int take_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct states *states = context;

	if (state->step == states->last)
		ck_assert(CRASH__ADD(states, list, look_at(states->atoms, view, state)));
	return 0;
}

static void run_tier(enum crash__tier tier, const struct crash__atoms *atoms, struct states *states)
{
	static const struct crash__tier_options options = {0};

	trees_ok(crash__tier_run(tier, atoms, &options, take_state, states));
}

/* False: there are too many. */
static bool list_states(const struct crash__fs *fs, const struct crash__model *model, struct states *states)
{
	struct crash__atoms atoms;
	bool few;

	trees_ok(crash__atoms_make(&atoms, fs, model));
	few = atoms.list_count <= MOST_ATOMS;
	states->list_count = 0;
	states->last = (int64_t)fs->steps_count - 1;
	states->atoms = &atoms;
	if (few && model->process_only) {
		run_tier(CRASH__TIER_PREFIX, &atoms, states);
		run_tier(CRASH__TIER_TEAR, &atoms, states);
	} else if (few) {
		run_tier(CRASH__TIER_EXHAUSTIVE, &atoms, states);
	}
	crash__atoms_clear(&atoms);
	if (states->list_count)
		qsort(states->list, states->list_count, sizeof *states->list, compare_hashes);
	return few;
}

/* ------------------------------------------------------------------ comparing */

static const char *describe(const struct lattice *lattice)
{
	static char text[1024];

	text[0] = '\0';
	for (int i = 0; i < lattice->length; i++)
		snprintf(text + strlen(text), 64, "%s; ", made_text(lattice->ops[i]));
	return text;
}

/* Names a state of one model that the other does not have. */
struct missing {
	const struct crash__atoms *atoms;
	struct crash__hash wanted;
	char *name;
};

static int find_name(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct missing *missing = context;
	struct crash__hash hash;

	if (state->step + 1 < (int64_t)missing->atoms->fs->steps_count)
		return 0;
	hash = look_at(missing->atoms, view, state);
	if (compare_hashes(&hash, &missing->wanted) == 0)
		missing->name = crash__state_name(missing->atoms, state);
	return missing->name != NULL;
}

static const char *name_of(const struct crash__fs *fs, const struct crash__model *model,
			   struct crash__hash hash)
{
	static const struct crash__tier_options options = {0};
	struct missing missing = {.wanted = hash};
	struct crash__atoms atoms;

	trees_ok(crash__atoms_make(&atoms, fs, model));
	missing.atoms = &atoms;
	crash__tier_run(model->process_only ? CRASH__TIER_TEAR : CRASH__TIER_EXHAUSTIVE, &atoms, &options,
			find_name, &missing);
	crash__atoms_clear(&atoms);
	return missing.name ? missing.name : "the last";
}

static void compare(struct lattice *lattice, const struct crash__fs *fs, size_t model, size_t weaker)
{
	const struct states *all = &lattice->of[weaker], *some = &lattice->of[model];

	for (size_t i = 0; i < some->list_count; i++)
		ck_assert_msg(bsearch(&some->list[i], all->list, all->list_count, sizeof *all->list,
				      compare_hashes) != NULL,
			      "%s does not allow what %s does: %s of %s", lattice->models[weaker].name,
			      lattice->models[model].name,
			      name_of(fs, &lattice->models[model], some->list[i]), describe(lattice));
	lattice->compared += some->list_count;
}

static void compare_all(struct lattice *lattice)
{
	struct crash__fs fs;
	bool few = true;

	trees_ok(crash__fs_replay(&fs, &lattice->made.trace, MADE_ROOT, lattice->base));
	for (size_t i = 0; i < lattice->model_count && few; i++) {
		few = list_states(&fs, &lattice->models[i], &lattice->of[i]);
		lattice->states += lattice->of[i].list_count;
	}
	for (size_t row = 0; row < sizeof below / sizeof *below && few; row++)
		for (size_t i = 0; i < lattice->model_count; i++)
			for (size_t j = 0; j < lattice->model_count; j++)
				if ((*below[row].model == '*' ||
				     strcmp(below[row].model, lattice->models[i].name) == 0) &&
				    strcmp(below[row].weaker, lattice->models[j].name) == 0)
					compare(lattice, &fs, i, j);
	lattice->recordings += few;
	crash__fs_clear(&fs);
}

/* ------------------------------------------------------------------ all recordings */

static const struct made_op grammar[] = {
	{MADE_CREATE, "b", NULL, 0},	  {MADE_APPEND, "a", NULL, 4},	    {MADE_APPEND, "b", NULL, 3},
	{MADE_OVERWRITE, "a", NULL, 0},	  {MADE_REWRITE, "a", NULL, 6},	    {MADE_STRADDLE, "a", NULL, 0},
	{MADE_EMPTY, "a", NULL, 0},	  {MADE_SHRINK, "a", NULL, 0},	    {MADE_RENAME, "b", "a", 0},
	{MADE_RENAME, "a", "c", 0},	  {MADE_LINK, "a", "c", 0},	    {MADE_UNLINK, "a", NULL, 0},
	{MADE_MKDIR, "d", NULL, 0},	  {MADE_CREATE, "d/x", NULL, 0},    {MADE_RENAME, "a", "d/a", 0},
	{MADE_RENAME, "d", "e", 0},	  {MADE_CHMOD, "a", NULL, 0},	    {MADE_FSYNC, "a", NULL, 0},
	{MADE_FSYNC, "b", NULL, 0},	  {MADE_FDATASYNC, "a", NULL, 0},   {MADE_FDATASYNC, "b", NULL, 0},
	{MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_FSYNC_FAILS, "b", NULL, 0}, {MADE_FSYNC_FAILS, "", NULL, 0},
	{MADE_FSYNC, "", NULL, 0},	  {MADE_FSYNC, "d", NULL, 0},	    {MADE_SYNC, NULL, NULL, 0},
	{MADE_APPEND, "a", NULL, 5000},	  {MADE_DSYNC, "a", NULL, 4},	    {MADE_ALLOCATE, "b", NULL, 5},
};

#define GRAMMAR (sizeof grammar / sizeof *grammar)

static void walk(struct lattice *lattice, int length)
{
	static struct made saved[MADE_OPS];

	if (lattice->length == length) {
		compare_all(lattice);
		return;
	}
	saved[lattice->length] = lattice->made;
	for (size_t i = 0; i < GRAMMAR; i++) {
		if (!made_do(&lattice->made, &grammar[i]))
			continue;
		lattice->ops[lattice->length++] = &grammar[i];
		walk(lattice, length);
		lattice->length--;
		lattice->made = saved[lattice->length];
	}
}

static void start(struct lattice *lattice)
{
	char directory[PATH_MAX];
	char **names = crash__model_names();

	memset(lattice, 0, sizeof *lattice);
	support_directory(directory);
	made_base(directory);
	trees_ok(crash__base_open(directory, &lattice->base));
	for (size_t i = 0; names[i]; i++)
		lattice->models[lattice->model_count++] = trees_model(names[i]);
	for (size_t i = 0; i < lattice->model_count; i++) /* what posix.ini excepts */
		lattice->models[i].moves_data = CRASH__MOVES_NOTHING;
	crash__model_names_free(names);
	made_start(&lattice->made);
}

static void finish(struct lattice *lattice)
{
	printf("%lu recordings, %lu states, %lu of them looked for in a weaker model\n", lattice->recordings,
	       lattice->states, lattice->compared);
	fflush(stdout);
	for (size_t i = 0; i < lattice->model_count; i++)
		free(lattice->of[i].list);
	crash__base_close(lattice->base);
}

START_TEST(short_recordings_leave_nothing_that_a_weaker_model_forbids)
{
	static struct lattice lattice;

	start(&lattice);
	for (int length = 1; length <= (getenv("CRASHINJECT_LONG") ? 3 : 2); length++)
		walk(&lattice, length);
	ck_assert_int_gt(lattice.recordings, 200);
	finish(&lattice);
}
END_TEST

START_TEST(longer_recordings_leave_nothing_that_a_weaker_model_forbids)
{
	static struct lattice lattice;
	uint64_t random = support_seed();
	int wanted = getenv("CRASHINJECT_LONG") ? 100000 : 1500;

	start(&lattice);
	for (int i = 0; i < wanted; i++) {
		int length = 3 + (int)support_below(&random, 4);

		made_start(&lattice.made);
		lattice.length = 0;
		while (lattice.length < length) {
			const struct made_op *op = &grammar[support_below(&random, GRAMMAR)];

			if (made_do(&lattice.made, op))
				lattice.ops[lattice.length++] = op;
		}
		compare_all(&lattice);
	}
	ck_assert_int_gt(lattice.recordings, wanted / 4);
	finish(&lattice);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lattice");
	TCase *tcase =
		support_case(suite, "lattice", short_recordings_leave_nothing_that_a_weaker_model_forbids,
			     longer_recordings_leave_nothing_that_a_weaker_model_forbids, NULL);

	tcase_set_timeout(tcase, getenv("CRASHINJECT_LONG") ? 3600 : 300);
	return support_run(suite);
}
