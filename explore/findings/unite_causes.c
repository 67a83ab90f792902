/* SPDX-License-Identifier: MIT */
/*
 * Method. Where one sync makes the states of two causes impossible, and what is closest to them is right, the
 * program has made one mistake, however the checker noticed it. That alone would go too far: on some file
 * systems a sync commits whatever was done before it. So both must have lost the same op or file, or need the
 * same sync.
 */
#include <string.h>

#include "base/error.h"
#include "explore/findings/cause_search.h"

static bool may_be_one(const struct crash__cause *one, const struct crash__cause *other)
{
	return !one->process && !other->process && !one->torn && !other->torn && one->syncs_count;
}

/* Something of the same file, be it bytes or its name. */
static bool loses_of_one_file(const struct crash__cause *one, const struct crash__cause *other)
{
	for (size_t i = 0; i < one->missing_count; i++)
		for (size_t j = 0; j < other->missing_count; j++)
			if (!one->missing[i].directory && !other->missing[j].directory &&
			    one->missing[i].sync.node == other->missing[j].sync.node)
				return true;
	return false;
}

static bool loses_the_same(struct crash__cause_search *search, const struct crash__cause *one,
			   const struct crash__cause *other)
{
	char *signatures[2];
	bool same;

	signatures[0] = crash__callsite_signature(search->callsites, crash__search_event(search, one->lost));
	signatures[1] =
		crash__callsite_signature(search->callsites, crash__search_event(search, other->lost));
	same = signatures[0] && signatures[1] && strcmp(signatures[0], signatures[1]) == 0;
	free(signatures[0]);
	free(signatures[1]);
	return same;
}

/*
 * What one missing sync leaves undone can show at several ops that come later: at the rename over a file, and
 * at the unlink of what was there before. And it can leave several ops undone: two writes to a file, two
 * names in a directory. If the sync at the first makes the others impossible, there is one mistake.
 */
static bool are_one(struct crash__cause_search *search, const struct crash__cause *one,
		    const struct crash__cause *other)
{
	return may_be_one(one, other) &&
	       (loses_the_same(search, one, other) || loses_of_one_file(one, other) ||
		crash__repair_is_same(one, other)) &&
	       crash__repair_covers(search, one, other);
}

/* The other cause's states become this one's. */
static int take_over(struct crash__cause_search *search, size_t into, size_t from)
{
	struct crash__causes *causes = search->causes;
	uint32_t number = causes->list[from].number;
	int error = 0;

	while (search->united_count <= number)
		if (!CRASH__ADD(search, united, 0))
			return crash__fail(CRASH_ENOMEM, "no memory for causes");
	search->united[number] = causes->list[into].number;
	for (size_t i = 0; i < causes->list[from].entries_count && error == 0; i++)
		error = crash__search_attribute(search, causes->list[into].number,
						causes->list[from].entries[i]);
	for (size_t i = 0; i < causes->list[from].files_count && error == 0; i++)
		error = crash__cause_add_file(&causes->list[into], strdup(causes->list[from].files[i]));
	crash__cause_clear(&causes->list[from]);
	memmove(&causes->list[from], &causes->list[from + 1],
		(causes->list_count - from - 1) * sizeof *causes->list);
	causes->list_count--;
	return error;
}

int crash__search_unite(struct crash__cause_search *search)
{
	struct crash__causes *causes = search->causes;
	int error = 0;

	for (size_t i = 0; i < causes->list_count && error == 0 && !crash__engine_is_over(search->engine);
	     i++) {
		size_t before = causes->list_count;

		for (size_t j = causes->list_count; j-- > 0 && error == 0;)
			if (j != i && are_one(search, &causes->list[i], &causes->list[j])) {
				error = take_over(search, i, j);
				i -= j < i;
			}
		if (causes->list_count != before && error == 0)
			error = crash__repair_find(search, &causes->list[i]);
	}
	return error;
}
