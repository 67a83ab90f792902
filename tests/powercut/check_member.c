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
		comparison->member = member_new(&replayed);
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

int main(void)
{
	Suite *suite = suite_create("member");

	tcase_set_timeout(support_case(suite, "member", the_solver_and_the_list_agree, NULL), 600);
	return support_run(suite);
}
