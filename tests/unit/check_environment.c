/* SPDX-License-Identifier: MIT */
/*
 * check_environment.c - variables called CRASH_... that nobody reads are noticed, and only those.
 */
#include "common/variables.h"

#include <string.h>

#include "tests/unit/support.h"

static const struct {
	const char *entry;
	bool unknown;
	const char *nearest;
} table[] = {
	/* ours, whatever they hold */
	{"CRASH_AT=write#3", false, NULL},
	{"CRASH_AT=", false, NULL},
	{"CRASH_AT", false, NULL},
	{"CRASH_AFTER=2", false, NULL},
	{"CRASH_DIR=/tmp/CRASH_X=1", false, NULL},
	{"CRASH_CONTROL=/dev/shm/x,0", false, NULL},
	{"CRASH_POINT=write#1", false, NULL},
	{"CRASH_STATE=1", false, NULL},
	{"CRASH_ACKED=/tmp/acked", false, NULL},
	/* not ours, and none of our business */
	{"PATH=/bin", false, NULL},
	{"CRASH=1", false, NULL},
	{"CRASHED_AT=1", false, NULL},
	{"XCRASH_AT=1", false, NULL},
	{"crash_at=1", false, NULL},
	{"", false, NULL},
	{"=CRASH_X=1", false, NULL},
	/* misspelt */
	{"CRASH_ATT=write#3", true, "CRASH_AT"},
	{"CRASH_AFTR=2", true, "CRASH_AFTER"},
	{"CRASH_DRI=/tmp", true, "CRASH_DIR"},
	{"CRASH_at=1", true, "CRASH_AT"},
	{"CRASH_POINTS=1", true, "CRASH_POINT"},
	/* a known name is not enough of it, nor too much */
	{"CRASH_A=1", true, "CRASH_AT"},
	{"CRASH_AT_=1", true, "CRASH_AT"},
	/* only the name is compared */
	{"CRASH_ATT=a=b=c", true, "CRASH_AT"},
	{"CRASH_SOMETHING_ELSE=1", true, NULL},
};

START_TEST(each_variable_is_known_or_not)
{
	char *environment[] = {(char *)(uintptr_t)table[_i].entry, NULL};
	const char *nearest = "untouched", *found;
	size_t position = 0;

	found = crash__environment_unknown(environment, &position, &nearest);
	if (!table[_i].unknown) {
		ck_assert_msg(found == NULL, "%s", table[_i].entry);
		ck_assert_str_eq(nearest, "untouched");
		return;
	}
	ck_assert_msg(found == table[_i].entry, "%s is taken as known", table[_i].entry);
	ck_assert_uint_eq(position, 1);
	if (table[_i].nearest)
		ck_assert_msg(nearest && strcmp(nearest, table[_i].nearest) == 0, "%s: nearest is %s",
			      table[_i].entry, nearest ? nearest : "nothing");
	else
		ck_assert_ptr_null(nearest);
}
END_TEST

START_TEST(all_unknown_ones_are_found_in_order)
{
	char home[] = "HOME=/", misspelt[] = "CRASH_ATT=1", ours[] = "CRASH_AT=1",
	     strange[] = "CRASH_XYZZY=1", term[] = "TERM=x";
	char *environment[] = {home, misspelt, ours, strange, term, NULL};
	const char *nearest;
	size_t position = 0;

	ck_assert_ptr_eq(crash__environment_unknown(environment, &position, &nearest), environment[1]);
	ck_assert_str_eq(nearest, "CRASH_AT");
	ck_assert_ptr_eq(crash__environment_unknown(environment, &position, &nearest), environment[3]);
	ck_assert_ptr_null(nearest);
	ck_assert_ptr_null(crash__environment_unknown(environment, &position, &nearest));
	ck_assert_ptr_null(crash__environment_unknown(environment, &position, &nearest));
	ck_assert_uint_eq(position, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("environment");
	TCase *tcase = support_case(suite, "environment", all_unknown_ones_are_found_in_order, NULL);

	tcase_add_loop_test(tcase, each_variable_is_known_or_not, 0, (int)(sizeof table / sizeof *table));
	return support_run(suite);
}
