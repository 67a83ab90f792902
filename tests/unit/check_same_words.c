/* SPDX-License-Identifier: MIT */
#include "tests/unit/support.h"
#include "witness/same_words.h"

START_TEST(numbers_are_those_of_the_state)
{
	ck_assert(crash__same_words("k00040 is missing, and k00061 is there\nmore",
				    "k2 is missing, and k3 is there"));
	ck_assert(crash__same_words("object .git/objects/e2/63913fb is empty",
				    "object .git/objects/a1/9 is empty"));
	ck_assert(crash__same_words("signature 0x00000000", "signature 0x1"));
	ck_assert(crash__same_words("", "\nmore"));
}
END_TEST

START_TEST(other_words_are_something_else)
{
	ck_assert(!crash__same_words("bad config line 6 in .git/config", "not a git repository"));
	ck_assert(!crash__same_words("a is damaged", "b is damaged"));
	ck_assert(!crash__same_words("a is damaged", "a is damaged, too"));
	ck_assert(!crash__same_words("3 keys", "all keys"));
	ck_assert(!crash__same_words("lost: 3", "lost: -3"));
	ck_assert(!crash__same_words("", "x"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("same words");

	support_case(suite, "words", numbers_are_those_of_the_state, other_words_are_something_else, NULL);
	return support_run(suite);
}
