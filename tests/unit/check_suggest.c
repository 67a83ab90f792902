/* SPDX-License-Identifier: MIT */
/*
 * check_suggest.c - a misspelt word finds the one that was meant, and a new one finds nothing.
 */
#include "common/suggest.h"

#include <string.h>

#include "tests/unit/support.h"

static const char *nearest(const char *word, const char *const candidates[])
{
	struct crash__suggestion near = {.word = word, .length = strlen(word)};

	for (size_t i = 0; candidates[i]; i++)
		crash__suggest(&near, candidates[i]);
	return near.best;
}

static unsigned int distance_to(const char *word, size_t length, const char *candidate)
{
	struct crash__suggestion near = {.word = word, .length = length};

	crash__suggest(&near, candidate);
	return near.best ? near.distance : UINT_MAX;
}

static const struct {
	const char *word, *candidate;
	unsigned int distance; /* UINT_MAX: too far */
} table[] = {
	{"fsync", "fsync", 0},
	/* one edit of each kind */
	{"fync", "fsync", 1},
	{"ffsync", "fsync", 1},
	{"fsynk", "fsync", 1},
	{"fsnyc", "fsync", 1},
	{"sfync", "fsync", 1},
	{"fsycn", "fsync", 1},
	/* one edit for every three characters that were typed, and no more */
	{"", "a", UINT_MAX},
	{"a", "b", 1},
	{"a", "bc", UINT_MAX},
	{"abc", "abd", 1},
	{"abc", "axy", UINT_MAX},
	{"abcd", "abxy", 2},
	{"abcd", "axyz", UINT_MAX},
	{"abcdef", "abcdxy", 2},
	{"abcdef", "abcxyz", UINT_MAX},
	{"abcdefg", "abcdxyz", 3},
	/* letters that changed places count once, but only neighbours */
	{"rneame", "rename", 1},
	{"erneame", "rename", 2},
	{"eraname", "rename", 2},
	/* transposed letters are not edited again: this is not a true Damerau distance */
	{"cax", "abcx", UINT_MAX},
	{"caxyzu", "abcxyzu", UINT_MAX},
	/* longer at either end */
	{"renam", "rename", 1},
	{"xrename", "rename", 1},
	{"renameat", "renameat2", 1},
};

START_TEST(distance_is_the_number_of_edits)
{
	ck_assert_msg(distance_to(table[_i].word, strlen(table[_i].word), table[_i].candidate) ==
			      table[_i].distance,
		      "\"%s\" to \"%s\" is %u", table[_i].word, table[_i].candidate,
		      distance_to(table[_i].word, strlen(table[_i].word), table[_i].candidate));
}
END_TEST

START_TEST(the_word_may_be_part_of_a_longer_text)
{
	ck_assert_uint_eq(distance_to("fsnyc#3:after", 5, "fsync"), 1);
	ck_assert_uint_eq(distance_to("fsyncxxx", 5, "fsync"), 0);
}
END_TEST

START_TEST(the_nearest_wins)
{
	static const char *const names[] = {"fdatasync", "msync", "fsync", "syncfs", NULL};

	ck_assert_str_eq(nearest("fsyn", names), "fsync");
	ck_assert_str_eq(nearest("fdatsync", names), "fdatasync");
	ck_assert_str_eq(nearest("sncfs", names), "syncfs");
	ck_assert_ptr_null(nearest("pwrite", names));
	ck_assert_ptr_null(nearest("commit", names));
}
END_TEST

START_TEST(the_first_of_equals_wins)
{
	ck_assert_str_eq(nearest("link1", (const char *const[]){"link2", "link3", NULL}), "link2");
	ck_assert_str_eq(nearest("link1", (const char *const[]){"link3", "link2", NULL}), "link3");
}
END_TEST

START_TEST(words_that_are_too_long_are_left_alone)
{
	char word[50];

	memset(word, 'a', sizeof word);
	word[49] = '\0';
	ck_assert_uint_eq(distance_to(word, 49, word), UINT_MAX);
	ck_assert_uint_eq(distance_to("a", 1, word), UINT_MAX);
	/* neither of the two, even where the other is not */
	ck_assert_uint_eq(distance_to(word, 49, word + 1), UINT_MAX);
	ck_assert_uint_eq(distance_to(word + 1, 48, word), UINT_MAX);
	word[48] = '\0';
	ck_assert_uint_eq(distance_to(word, 48, word), 0);
}
END_TEST

/* The same distance by its definition, without rows. */
static unsigned int edits(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned int best, other;

	if (na == 0 || nb == 0)
		return (unsigned int)(na + nb);
	best = edits(a, na - 1, b, nb) + 1;
	other = edits(a, na, b, nb - 1) + 1;
	best = other < best ? other : best;
	other = edits(a, na - 1, b, nb - 1) + (a[na - 1] != b[nb - 1]);
	best = other < best ? other : best;
	if (na > 1 && nb > 1 && a[na - 1] == b[nb - 2] && a[na - 2] == b[nb - 1]) {
		other = edits(a, na - 2, b, nb - 2) + 1;
		best = other < best ? other : best;
	}
	return best;
}

START_TEST(the_definition_agrees)
{
	uint64_t random = support_seed();
	unsigned int near = 0;

	for (int round = 0; round < 3000; round++) {
		char a[7] = "", b[7] = "";
		size_t na = support_below(&random, sizeof a), nb = support_below(&random, sizeof b);
		unsigned int expected;

		for (size_t i = 0; i < na; i++)
			a[i] = (char)('a' + support_below(&random, 3));
		for (size_t i = 0; i < nb; i++)
			b[i] = (char)('a' + support_below(&random, 3));
		expected = edits(a, na, b, nb);
		if (expected > (na + 2) / 3)
			expected = UINT_MAX;
		near += expected != UINT_MAX;
		ck_assert_msg(distance_to(a, na, b) == expected, "\"%s\" to \"%s\" is %u", a, b, expected);
	}
	ck_assert_uint_gt(near, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suggest");
	TCase *tcase = support_case(suite, "suggest", the_word_may_be_part_of_a_longer_text, the_nearest_wins,
				    the_first_of_equals_wins, words_that_are_too_long_are_left_alone,
				    the_definition_agrees, NULL);

	tcase_add_loop_test(tcase, distance_is_the_number_of_edits, 0, (int)(sizeof table / sizeof *table));
	return support_run(suite);
}
