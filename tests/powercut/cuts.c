/* SPDX-License-Identifier: MIT */
#include "tests/powercut/cuts.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/powercut/words.h"
#include "tests/unit/support.h"
#include "witness/power_cut.h"

static bool is_allowed(struct run *run, size_t cut, const char *text, int *over)
{
	int least = 0, most = 0;

	/* ops that were over when the last note was taken, and when the next one was */
	while (least < run->ops.count && run->marks[least] < cut)
		least++;
	while (most < run->ops.count && run->marks[most] <= cut)
		most++;
	for (*over = least; *over <= most; ++*over) {
		bool found = rig_allows(run, *over, text);

		/* the next one may be under way, and what is done beside it */
		for (int next = *over; !found && next < run->ops.count; next++) {
			found = rig_allows(run, next + 1, text);
			if (!run->ops.list[next]->beside)
				break;
		}
		if (!found)
			return false;
	}
	return true;
}

/* Recovers, and looks. */
static void check_cut(struct rig *rig, struct run *run, size_t cut, bool all, struct cuts *cuts)
{
	const struct power_cut power = {.content = rig->content,
					.notes = run->notes,
					.cut = cut,
					.all = all,
					.sectors = run->sectors,
					.lies = rig->lies};
	char *text;
	int over;

	power_cut(&power, &rig->random);
	ck_assert(!disk_is_full());
	if (!rig_mount(rig)) {
		/* the tree is not to be had: no model speaks of that */
		ck_assert_msg((run->sectors && !all) || rig->lies, "%s: %s: mount: %m", rig->system->name,
			      runs_text(&run->ops));
		rig->refused++;
		return;
	}
	text = words_of_directory(&rig->model, run->ops.count, rig->data);
	rig_unmount(rig);
	cuts->done++;
	if (!is_allowed(run, cut, text, &over) && cuts->foreign++ == 0) {
		cuts->first = (struct cuts_violation){over, cut, text};
		return;
	}
	free(text);
}

void cuts_try(struct rig *rig, struct run *run, int most, bool one_is_enough, struct cuts *cuts)
{
	bool every = run->note_count < (size_t)most / 2;

	memset(cuts, 0, sizeof *cuts);
	for (int i = 0; i < most && !(one_is_enough && cuts->foreign); i++) {
		size_t cut;

		if (every && i > 2 * (int)run->note_count)
			break;
		cut = every ? (size_t)i / 2 : support_below(&rig->random, run->note_count + 1);
		check_cut(rig, run, cut, every ? i % 2 == 0 : support_below(&rig->random, 3) == 0, cuts);
	}
}

void cuts_clear(struct cuts *cuts)
{
	free(cuts->first.text);
}
