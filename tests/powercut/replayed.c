/* SPDX-License-Identifier: MIT */
#include "tests/powercut/replayed.h"

#include <check.h>
#include <crashinject/crashinject.h>
#include <stdio.h>

#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/fs/nodes.h"
#include "explore/states/tiers.h"
#include "tests/explore/trees.h"

void replayed_make(struct replayed *replayed, const struct made *made, const char *base,
		   const struct crash__model *model)
{
	trees_ok(crash__base_open(base, &replayed->base));
	trees_ok(crash__fs_replay(&replayed->fs, &made->trace, MADE_ROOT, replayed->base));
	ck_assert_msg(!replayed->fs.unknown && !replayed->fs.unsupported, "not modelled: %s%s",
		      replayed->fs.unknown_detail, replayed->fs.unsupported_detail);
	crash__slot_of_name(&replayed->fs, 1, "a", 1); /* also if no op speaks of it */
	trees_ok(crash__atoms_make(&replayed->atoms, &replayed->fs, model));
}

void replayed_clear(struct replayed *replayed)
{
	crash__atoms_clear(&replayed->atoms);
	crash__fs_clear(&replayed->fs);
	crash__base_close(replayed->base);
}

int replayed_ops(const struct crash__fs *fs, int64_t step)
{
	bool halfway = step + 1 < (int64_t)fs->steps_count && step >= 0 &&
		       fs->steps[step].event == fs->steps[step + 1].event;

	return step < 0 ? 0 : (int)(fs->steps[step].event - fs->trace->events) + !halfway;
}

int replayed_news(const struct crash__fs *fs, int ops)
{
	int most = 0;

	for (int64_t step = 0; step < (int64_t)fs->steps_count; step++)
		if (crash__tier_news(fs, step) && replayed_ops(fs, step) <= ops &&
		    replayed_ops(fs, step) > most)
			most = replayed_ops(fs, step);
	return most;
}
