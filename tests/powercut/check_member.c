/* SPDX-License-Identifier: MIT */
/*
 * check_member.c - the solver and the list of all states say the same of what a model allows.
 *
 * Random runs of a few ops, under shipped and random models. What is asked about is all that the model allows
 * after each op, and what another model allows, of which it may allow some.
 */
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/explore/trees.h"
#include "tests/powercut/allowed.h"
#include "tests/powercut/member.h"
#include "tests/powercut/runs.h"
#include "tests/unit/support.h"

#define MOST_SETS 4000
#define MOST_OPS 5
#define QUESTIONS 40 /* about the states of one list, at most about */

struct comparison {
	struct member *member;
	struct allowed list;
	const struct run_ops *ops;
	const char *model;
	uint64_t *random, every;
	unsigned long yes, no;
};

static void compare(void *context, int ops, const char *text, bool seen)
{
	struct comparison *comparison = context;
	bool should, is;

	(void)seen;
	if (support_below(comparison->random, comparison->every))
		return;
	should = allowed_has(&comparison->list, ops, text);
	is = member_allows(comparison->member, ops, text);
	ck_assert_msg(is == should, "%s: after %d of %s the solver says that %s is %s, and the list does not",
		      comparison->model, ops, runs_text(comparison->ops), text,
		      is ? "allowed" : "not allowed");
	if (is)
		comparison->yes++;
	else
		comparison->no++;
}

static void compare_list(struct comparison *comparison, const struct allowed *list)
{
	comparison->every = list->count / QUESTIONS + 1;
	allowed_each(list, compare, comparison);
}

static struct crash__model choose_model(char **names, int count, uint64_t *random)
{
	struct crash__model model;

	do
		model = support_below(random, 3) ?
				trees_model(names[support_below(random, (uint64_t)count)]) :
				trees_random_model(random);
	while (model.process_only);
	return model;
}

/* False: there are too many states. */
static bool compare_models(struct comparison *comparison, const struct run_ops *ops, const char *base,
			   const struct crash__model models[2])
{
	struct replayed replayed, other;
	struct allowed others;
	bool few;

	replayed_make(&replayed, &ops->made, base, &models[0]);
	replayed_make(&other, &ops->made, base, &models[1]);
	few = allowed_find(&comparison->list, &replayed, MOST_SETS);
	if (few) {
		comparison->member = member_new(&replayed, false);
		comparison->model = models[0].name;
		comparison->ops = ops;
		compare_list(comparison, &comparison->list);
		if (allowed_find(&others, &other, MOST_SETS)) {
			compare_list(comparison, &others);
			allowed_clear(&others);
		}
		member_free(comparison->member);
		allowed_clear(&comparison->list);
	}
	replayed_clear(&replayed);
	replayed_clear(&other);
	return few;
}

START_TEST(the_solver_and_the_list_agree)
{
	uint64_t random = support_seed();
	struct comparison comparison = {.random = &random};
	char **names = crash__model_names(), base[PATH_MAX];
	static struct run_ops ops;
	int count = 0, runs = 0;

	if (member_problem())
		support_skip(member_problem());
	while (names[count])
		count++;
	support_directory(base);
	made_base(base);
	for (int i = 0; i < support_rounds(150); i++) {
		struct crash__model models[2] = {choose_model(names, count, &random),
						 choose_model(names, count, &random)};

		runs_choose(&ops, 1 + (int)support_below(&random, MOST_OPS), &random);
		runs += compare_models(&comparison, &ops, base, models);
	}
	crash__model_names_free(names);
	printf("%d runs, %lu trees that are allowed, %lu that are not\n", runs, comparison.yes,
	       comparison.no);
	ck_assert_uint_gt(comparison.yes, 100);
	ck_assert_uint_gt(comparison.no, 100);
}
END_TEST

/* What real file systems left, and the same where nothing is in flight. */
static const struct {
	const char *model, *ops;
	int over;
	const char *text;
	bool allowed;
} answers[] = {
	{"ext4", "create b; append a 3 &; fsync a", 3, "a=old510", true},
	{"xfs", "create b; append a 3 &; fsync a", 3, "a=old510", true},
	{"ext4", "create b; append a 3; fsync a", 3, "a=old510", false},
	{"ext4", "create b; append a 3; fsync a", 3, "a=old510+w1x3 b=empty", true},
	{"xfs", "create c; append c 4500; rename c a; zero-keep a 7680 7744", 4, "a=zerox4096+w1x404", true},
	{"ext4", "write a 8192 366; write-dsync a 0 144", 2, "a=w1x144+old366", true},
	{"ext4", "write a 8192 366; write-dsync a 0 144", 2, "a=old510", false},
	{"btrfs", "resize a 470; write-dsync a 16384 4096", 2, "a=old470+zerox15914+w1x4096", true},
	/* of a page that is torn one run of sectors is lost */
	{"ext4", "append a 3586; fsync a; rewrite a 4096", 3, "a=w2x512+w0x1536+w2x2048", true},
	{"ext4", "append a 3586; fsync a; rewrite a 4096", 3, "a=w2x512+w0x512+w2x512+w0x512+w2x2048", false},
	{"ext4", "write a 0 1048576; fsync a", 2, "a=w0x1048576", true},
	{"ext4", "write a 0 1048576; fsync a", 2, "a=w0x1048064+zerox512", false},
	{"ext4", "write a 0 1048576", 1, "a=w0x1048064+zerox512", true},
};

START_TEST(what_was_found_is_allowed_or_not)
{
	char base[PATH_MAX];
	static struct run_ops ops;
	uint64_t random = 1;
	struct crash__model model = trees_model(answers[_i].model);
	struct replayed replayed;
	struct member *member;

	if (member_problem())
		support_skip(member_problem());
	support_directory(base);
	made_base(base);
	setenv("OPS", answers[_i].ops, 1);
	runs_choose(&ops, 0, &random);
	replayed_make(&replayed, &ops.made, base, &model);
	member = member_new(&replayed, false);
	ck_assert_msg(member_allows(member, answers[_i].over, answers[_i].text) == answers[_i].allowed,
		      "%s: %s: %s", answers[_i].model, answers[_i].ops, answers[_i].text);
	member_free(member);
	replayed_clear(&replayed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("member");

	tcase_set_timeout(support_case(suite, "member", the_solver_and_the_list_agree, NULL), 600);
	tcase_add_loop_test(support_case(suite, "answers", NULL), what_was_found_is_allowed_or_not, 0,
			    (int)(sizeof answers / sizeof *answers));
	return support_run(suite);
}
