/* SPDX-License-Identifier: MIT */
/*
 * check_engine.c - an exploration has all that it knows to itself: two in one process are two.
 *
 * Method: a recording of a few ops is made up, and its states are checked by `true`, on copies.
 */
#include <crashinject/crashinject.h>
#include <unistd.h>

#include "explore/check/engine.h"
#include "explore/fs/fs_replay.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

struct explored {
	unsigned int shown; /* how often it said how far it was */
	uint64_t checked;
};

static void note_progress(void *context, const struct crash__progress *progress)
{
	struct explored *explored = context;

	explored->shown++;
	ck_assert_uint_ge(progress->checked, explored->checked);
	explored->checked = progress->checked;
}

static void explore(struct crash__fs *fs, struct explored *explored)
{
	char scratch[PATH_MAX];
	struct crash__model model = trees_model("posix");
	struct crash__engine_options options = {
		.fs = fs,
		.models = &model,
		.model_count = 1,
		.tiers = 1u << CRASH__TIER_PREFIX,
		.jobs = 1,
		.shard = 1,
		.shards = 1,
		.checker = {.check = "true", .cwd = "/", .timeout_ms = 60000, .environment = environ},
		.directory = crash__base_directory(fs->base),
		.scratch = scratch,
		.progress = note_progress,
		.context = explored,
	};
	struct crash__engine *engine;

	support_directory(scratch);
	trees_ok(crash__engine_new(&options, &engine));
	trees_ok(crash__engine_run(engine));
	ck_assert_uint_gt(engine->checked, 1);
	ck_assert_uint_eq(explored->checked, engine->checked);
	crash__engine_free(engine);
}

/* When it was last said how far the one is was the other's business, too: of that nothing was heard at first.
 */
START_TEST(each_exploration_says_how_far_it_is)
{
	static const struct made_op ops[] = {{MADE_APPEND, "a", NULL, 5}, {MADE_FSYNC, "a", NULL, 0}};
	struct explored first = {0}, second = {0};
	static struct made made;
	char directory[PATH_MAX];
	struct crash__base *base;
	struct crash__fs fs;

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		ck_assert(made_do(&made, &ops[i]));
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	explore(&fs, &first);
	explore(&fs, &second);
	ck_assert_uint_eq(first.checked, second.checked);
	ck_assert_uint_ge(first.shown, 2); /* at the beginning, and at the end */
	ck_assert_uint_ge(second.shown, 2);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");

	support_case(suite, "engines", each_exploration_says_how_far_it_is, NULL);
	return support_run(suite);
}
