/* SPDX-License-Identifier: MIT */
/*
 * check_no_memory.c - where there is no memory, there is an error, and never another result.
 *
 * Method: what is tested is done once, and its allocations are counted. Then it is done again for each of
 * them, which fails: alone, as a large one might, or with all that come after it. What comes out must be
 * CRASH_ENOMEM, or what came out the first time. The linker puts functions of this file before those of libc
 * that allocate (--wrap). In a build with sanitizers nothing must be left, either.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/states/tiers.h"
#include "explore/states/view.h"
#include "tests/explore/made.h"
#include "tests/explore/make_script.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"
#include "trace/starting_tree.h"

/* ------------------------------------------------------------------ memory that ends */

static bool counting;	     /* the library is at work, and not the test */
static long count, fails_at; /* allocations so far, and the first that fails */
static bool fails_for_ever;  /* or once */

static bool fails(void)
{
	bool no;

	if (!counting)
		return false;
	count++;
	no = fails_for_ever ? count >= fails_at : count == fails_at;
	if (no)
		errno = ENOMEM;
	return no;
}

/* What it is about, the real one, and ours. */
#define WRAP(type, failed, name, parameters, arguments)                                                      \
	type __real_##name parameters;                                                                       \
	type __wrap_##name parameters;                                                                       \
	type __wrap_##name parameters                                                                        \
	{                                                                                                    \
		return fails() ? failed : __real_##name arguments;                                           \
	}

WRAP(void *, NULL, malloc, (size_t bytes), (bytes))
WRAP(void *, NULL, calloc, (size_t members, size_t bytes), (members, bytes))
WRAP(void *, NULL, realloc, (void *old, size_t bytes), (old, bytes))
WRAP(char *, NULL, strdup, (const char *text), (text))
WRAP(char *, NULL, strndup, (const char *text, size_t bytes), (text, bytes))
WRAP(int, -1, vasprintf, (char **out, const char *format, va_list args), (out, format, args))
WRAP(FILE *, NULL, open_memstream, (char **out, size_t *bytes), (out, bytes))
WRAP(DIR *, NULL, opendir, (const char *path), (path))
WRAP(DIR *, NULL, fdopendir, (int fd), (fd))

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = __wrap_vasprintf(out, format, args);
	va_end(args);
	return length;
}

/* Does a part of the work that is tested. */
#define WORK(call)                                                                                           \
	({                                                                                                   \
		int work_error;                                                                              \
                                                                                                             \
		counting = true;                                                                             \
		work_error = (call);                                                                         \
		counting = false;                                                                            \
		work_error;                                                                                  \
	})

/* Returns what the library did, and what came of it, as text. */
typedef int work(void *context, FILE *outcome);

static int once(work *job, void *context, char **text)
{
	size_t bytes;
	FILE *outcome = open_memstream(text, &bytes);
	int error;

	ck_assert_ptr_nonnull(outcome);
	count = 0;
	error = job(context, outcome);
	fclose(outcome);
	return error;
}

static void each_allocation(work *job, void *context)
{
	char *should, *is;
	long all;

	fails_at = LONG_MAX;
	trees_ok(once(job, context, &should));
	all = count;
	ck_assert_int_gt(all, 0);
	for (long at = 1; at <= all; at++)
		for (int how = 0; how < 2; how++) {
			int error;

			fails_at = at;
			fails_for_ever = how;
			error = once(job, context, &is);
			ck_assert_msg(error == CRASH_ENOMEM || (error == 0 && strcmp(is, should) == 0),
				      "allocation %ld of %ld%s: %d: %s: %s", at, all, how ? " and on" : "",
				      error, error < 0 ? crash_error_detail() : "another result",
				      error < 0 ? "" : trees_differ(is, should));
			free(is);
		}
	free(should);
}

/* ------------------------------------------------------------------ the model */

struct scene {
	char directory[PATH_MAX];
	const char *root; /* in the trace */
	const struct crash__trace *trace;
	struct crash__base *base;
	struct crash__fs fs; /* for tests of what comes after it */
	struct crash__model model;
};

static void say_nodes(const struct crash__fs *fs, FILE *out)
{
	for (size_t i = 1; i < fs->nodes_count; i++) {
		const struct crash__node *node = &fs->nodes[i];

		fprintf(out, "node %zu: %d %o %u %s %llu %u -> %s; %llu, %llu bytes, %u, %o\n", i,
			(int)node->type, node->mode, node->uid, node->base_path ? node->base_path : "(new)",
			(unsigned long long)node->base_size, node->base_links, node->text ? node->text : "-",
			(unsigned long long)node->inode, (unsigned long long)node->size, node->links,
			node->mode_now);
	}
	for (size_t i = 1; i < fs->slots_count; i++)
		fprintf(out, "slot %zu: %u/%s: %u, %u, %u\n", i, fs->slots[i].directory, fs->slots[i].name,
			fs->slots[i].base_child, fs->slots[i].child, fs->slots[i].gone);
}

static void say_steps(const struct crash__fs *fs, FILE *out)
{
	for (size_t i = 0; i < fs->effects_count; i++) {
		const struct crash__effect *effect = &fs->effects[i];

		fprintf(out, "effect %zu: %d %u, %llu +%llu, %llu -> %llu, %u %u, %o\n", i, (int)effect->kind,
			effect->node, (unsigned long long)effect->offset, (unsigned long long)effect->bytes,
			(unsigned long long)effect->old_size, (unsigned long long)effect->size, effect->slot,
			effect->old_node, effect->change);
	}
	for (size_t i = 1; i < fs->changes_count; i++) {
		const struct crash__change *change = &fs->changes[i];

		fprintf(out, "change %zu: %d, %o, %u %u, %lld until %u, %s %d %zu\n", i,
			(int)change->attribute, change->mode, change->uid, change->gid,
			(long long)change->time.tv_sec, change->until, change->name ? change->name : "-",
			(int)change->removed, change->bytes);
	}
	for (size_t i = 0; i < fs->steps_count; i++) {
		const struct crash__step *step = &fs->steps[i];

		fprintf(out, "step %zu: %td, %u +%u, %d %d %d, %d, %u, %llu\n", i,
			step->event - fs->trace->events, step->first_effect, step->effects, (int)step->sync,
			(int)step->sync_failed, (int)step->sync_own, (int)step->replaces, step->node,
			(unsigned long long)step->acked);
	}
	fprintf(out, "%llu ignored, %llu unknown, %llu unsupported\n", (unsigned long long)fs->ignored,
		(unsigned long long)fs->unknown, (unsigned long long)fs->unsupported);
}

static int replay(void *context, FILE *outcome)
{
	struct scene *scene = context;
	struct crash__fs fs;
	int error = WORK(crash__fs_replay(&fs, scene->trace, scene->root, scene->base));

	if (error < 0)
		return error;
	say_nodes(&fs, outcome);
	say_steps(&fs, outcome);
	crash__fs_clear(&fs);
	return 0;
}

/* What a recording can begin with: then it is there that the vectors are empty, and have to grow. */
static const struct made_op begins[] = {
	{MADE_CREATE, "b", NULL, 0},	  {MADE_APPEND, "a", NULL, 5},	 {MADE_OVERWRITE, "a", NULL, 0},
	{MADE_STRADDLE, "a", NULL, 0},	  {MADE_EMPTY, "a", NULL, 0},	 {MADE_DSYNC, "a", NULL, 5},
	{MADE_SHRINK, "a", NULL, 0},	  {MADE_ALLOCATE, "a", NULL, 9}, {MADE_RENAME, "a", "b", 0},
	{MADE_LINK, "a", "b", 0},	  {MADE_UNLINK, "a", NULL, 0},	 {MADE_MKDIR, "d", NULL, 0},
	{MADE_CHMOD, "a", NULL, 0},	  {MADE_FSYNC, "a", NULL, 0},	 {MADE_FDATASYNC, "a", NULL, 0},
	{MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_SYNC, NULL, NULL, 0},
};

/* What it goes on with, if that is possible then. */
static const struct made_op rest[] = {
	{MADE_MKDIR, "e", NULL, 0},   {MADE_CREATE, "e/c", NULL, 0}, {MADE_APPEND, "e/c", NULL, 5000},
	{MADE_RENAME, "e/c", "c", 0}, {MADE_DSYNC, "c", NULL, 100},  {MADE_OVERWRITE, "a", NULL, 0},
	{MADE_LINK, "c", "x", 0},     {MADE_SHRINK, "c", NULL, 0},   {MADE_EMPTY, "x", NULL, 0},
	{MADE_RENAME, "e", "f", 0},
};

static struct made made;

static void make_recording(struct scene *scene, const struct made_op *first)
{
	char path[2][PATH_MAX];

	support_directory(scene->directory);
	made_base(scene->directory);
	snprintf(path[0], PATH_MAX, "%.3000s/a", scene->directory);
	snprintf(path[1], PATH_MAX, "%.3000s/other", scene->directory);
	ck_assert_int_eq(link(path[0], path[1]), 0);
	made_start(&made);
	ck_assert_msg(made_do(&made, first), "impossible: %s", made_text(first));
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		made_do(&made, &rest[i]);
	scene->root = MADE_ROOT;
	scene->trace = &made.trace;
	trees_ok(crash__base_open(scene->directory, &scene->base));
}

START_TEST(a_replay_without_memory_is_an_error)
{
	static struct scene scene;

	make_recording(&scene, &begins[_i]);
	each_allocation(replay, &scene);
	crash__base_close(scene.base);
}
END_TEST

/* The same with links, threads and whatever else there is. */
START_TEST(a_long_replay_without_memory_is_an_error)
{
	static struct crash__trace trace;
	static struct scene scene;
	char root[PATH_MAX], script[PATH_MAX];

	support_directory(scene.directory);
	support_directory(root);
	trees_start(scene.directory, 7, true);
	trees_start(root, 7, true);
	snprintf(script, sizeof script, "%.4000s-script", root);
	trees_record(root, script_command("script", script, 7, 60, SCRIPT_MEMORY), &trace);
	scene.root = root;
	scene.trace = &trace;
	trees_ok(crash__base_open(scene.directory, &scene.base));
	each_allocation(replay, &scene);
	crash__base_close(scene.base);
	crash__trace_close(&trace);
}
END_TEST

/* ------------------------------------------------------------------ crash states */

struct sum {
	uint64_t states;
	struct crash__hash hash;
};

static int take_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct sum *sum = context;
	struct crash__hash hash;
	int error = crash__view_hash_flipped(view, state->flipped, state->count, &hash);

	if (error < 0)
		return error;
	sum->states++;
	sum->hash.low += hash.low;
	sum->hash.high += hash.high;
	return 0;
}

static int name_states(void *context, FILE *outcome)
{
	static const struct crash__tier_options options = {.seed = 1, .samples = 10};
	const struct scene *scene = context;
	struct crash__atoms atoms;
	int error = WORK(crash__atoms_make(&atoms, &scene->fs, &scene->model));

	if (error < 0)
		return error;
	for (int tier = 0; tier < CRASH__TIER_EXHAUSTIVE && error == 0; tier++) {
		struct sum sum = {0};

		error = WORK(crash__tier_run((enum crash__tier)tier, &atoms, &options, take_state, &sum));
		fprintf(outcome, "%s: %llu states, %llx %llx\n", crash__tiers[tier].name,
			(unsigned long long)sum.states, (unsigned long long)sum.hash.low,
			(unsigned long long)sum.hash.high);
	}
	crash__atoms_clear(&atoms);
	return error;
}

static const char *const models[] = {"kill", "posix", "ext4", "btrfs"};

START_TEST(crash_states_without_memory_are_an_error)
{
	static const struct made_op first = {MADE_SHRINK, "a", NULL, 0};
	static struct scene scene;

	make_recording(&scene, &first);
	trees_ok(crash__fs_replay(&scene.fs, scene.trace, scene.root, scene.base));
	scene.model = trees_model(models[_i]);
	each_allocation(name_states, &scene);
	crash__fs_clear(&scene.fs);
	crash__base_close(scene.base);
}
END_TEST

/* ------------------------------------------------------------------ trees */

static int save(void *context, FILE *outcome)
{
	const char *directory = context;
	int trace = memfd_create("trace", MFD_CLOEXEC), error;
	bool saved = false;

	ck_assert_int_ge(trace, 0);
	error = WORK(crash__tree_save(trace, directory, 1 << 20, &saved));
	fprintf(outcome, "%d, %lld bytes\n", (int)saved, (long long)lseek(trace, 0, SEEK_END));
	close(trace);
	return error;
}

static int copy(void *context, FILE *outcome)
{
	const char *directory = context;
	char to[PATH_MAX], *text;
	int error;

	support_directory(to);
	error = WORK(crash__copy_tree(directory, to));
	text = trees_text(to);
	fputs(text, outcome);
	free(text);
	crash__remove_tree(to, true);
	return error;
}

START_TEST(a_tree_is_saved_or_copied_whole_or_not_at_all)
{
	char directory[PATH_MAX];

	support_directory(directory);
	trees_start(directory, 3, true);
	each_allocation(_i ? save : copy, directory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("no memory");
	TCase *model = support_case(suite, "the model", a_long_replay_without_memory_is_an_error, NULL);
	TCase *states = support_case(suite, "crash states", NULL),
	      *trees = support_case(suite, "trees", NULL);

	json_set_alloc_funcs(__wrap_malloc, free);
	tcase_add_loop_test(model, a_replay_without_memory_is_an_error, 0,
			    (int)(sizeof begins / sizeof *begins));
	tcase_add_loop_test(states, crash_states_without_memory_are_an_error, 0,
			    (int)(sizeof models / sizeof *models));
	tcase_add_loop_test(trees, a_tree_is_saved_or_copied_whole_or_not_at_all, 0, 2);
	return support_run(suite);
}
