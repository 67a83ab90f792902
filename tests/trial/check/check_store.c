/* SPDX-License-Identifier: MIT */
#include <crashinject/check.h>

#include "value_store.h"

/* workload and check */
static int work(const char *directory, const void *argument)
{
	(void)argument;
	return store_save(directory, '1') || store_save(directory, '2');
}

static void look(struct crash_checked *state, const void *argument)
{
	char value = store_load("."), acked = store_acked(state->acked_dir);

	(void)argument;
	if (acked != '0' && (value < acked || value > '2')) {
		state->verdict = CRASH_INCONSISTENT;
		state->text = "the value is not the one that was acknowledged";
	}
}
/* end of workload and check */

START_TEST(the_store_is_crash_safe)
{
	ck_assert_crash_safe(work, look, "ext4");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *crashes = tcase_create("crashes");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(crashes, 600);
	tcase_add_test(crashes, the_store_is_crash_safe);
	suite_add_tcase(suite, crashes);
	srunner_run_all(runner, CK_NORMAL);
	return srunner_ntests_failed(runner) != 0;
}
