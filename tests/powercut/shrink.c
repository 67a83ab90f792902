/* SPDX-License-Identifier: MIT */
#include "tests/powercut/shrink.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support.h"

#define RUNS 6	/* in which it may be found again */
#define CUTS 32 /* of each */

/* One more run of these ops. */
static bool is_found(struct rig *rig, const struct run_ops *ops, struct cuts *cuts)
{
	static struct run run;

	memset(cuts, 0, sizeof *cuts);
	if (!runs_set(&run.ops, ops->list, ops->count))
		return false;
	if (rig->system->skips && rig->system->skips(&run.ops))
		return false;
	run.sectors = support_below(&rig->random, 2) && !rig->system->whole_blocks;
	if (!rig_judge(rig, &run))
		return false;
	rig_do(rig, &run);
	cuts_try(rig, &run, CUTS, true, cuts);
	rig_forget(&run);
	return cuts->foreign > 0;
}

static bool is_found_again(struct rig *rig, const struct run_ops *ops, struct cuts *last)
{
	struct cuts cuts;

	for (int i = 0; i < RUNS; i++) {
		if (is_found(rig, ops, &cuts)) {
			cuts_clear(last);
			*last = cuts;
			return true;
		}
		cuts_clear(&cuts);
	}
	return false;
}

static void without(struct run_ops *ops, int first, int count)
{
	memmove(ops->list + first, ops->list + first + count,
		(size_t)(ops->count - first - count) * sizeof *ops->list);
	ops->count -= count;
}

/* Drops so many ops at once wherever that is possible. @return whether it was anywhere */
static bool drop(struct rig *rig, struct run_ops *ops, int piece, struct cuts *last)
{
	struct run_ops *smaller = calloc(1, sizeof *smaller);
	bool dropped = false;

	ck_assert_ptr_nonnull(smaller);
	for (int first = ops->count - piece; first >= 0; first -= piece) {
		if (first + piece > ops->count || piece == ops->count)
			continue;
		memcpy(smaller->list, ops->list, sizeof smaller->list);
		smaller->count = ops->count;
		without(smaller, first, piece);
		if (!is_found_again(rig, smaller, last))
			continue;
		without(ops, first, piece);
		dropped = true;
	}
	free(smaller);
	return dropped;
}

bool shrink_run(struct rig *rig, struct run_ops *ops, int over, struct cuts *last)
{
	int all = ops->count;

	memset(last, 0, sizeof *last);
	/* what had not begun has no part in it */
	if (over + 1 < ops->count)
		ops->count = over + 1;
	if (!is_found_again(rig, ops, last)) {
		ops->count = all;
		return false;
	}
	for (int piece = ops->count / 2; piece > 1; piece /= 2)
		drop(rig, ops, piece, last);
	while (drop(rig, ops, 1, last))
		;
	runs_set(ops, ops->list, ops->count);
	return true;
}

bool shrink_is_part(const char *text, const struct run_ops *ops)
{
	int at = 0;

	while (*text) {
		size_t length = strcspn(text, ";");

		while (at < ops->count && (strlen(made_text(ops->list[at])) != length ||
					   strncmp(made_text(ops->list[at]), text, length) != 0))
			at++;
		if (at++ >= ops->count)
			return false;
		text += length;
		text += strspn(text, "; ");
	}
	return true;
}
