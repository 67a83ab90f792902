/* SPDX-License-Identifier: MIT */
/*
 * check_notes.c - a note that was acknowledged is there after every crash, and no other text is.
 */
#include <crashinject/check.h>

#include <stdio.h>

static const char *const add[] = {"add", "milk", "bread", "the tall ladder", NULL};
static const char *const again[] = {"add", "string", NULL};
static const char *const list[] = {"list", NULL};

static struct crash_opts options(const char *const *args, const char *dir)
{
	return (struct crash_opts){.program = "./notes", .args = args, .dir = dir};
}

/* What `notes list` prints about a directory. */
static void read_notes(const char *dir, struct crash_out *out)
{
	struct crash_opts opts = options(list, dir);

	ck_assert_crash_run(NULL, &opts, out);
	ck_assert_exited(out, 0);
}

/* The notes that are there are the first of those added, at least as many as were acknowledged. */
static void check_notes(const struct crash_out *crashed)
{
	struct crash_out left;
	size_t kept = 0, there = 0;
	char expected[256] = "";

	for (const char *line = crashed->stdout_data; (line = strstr(line, "kept ")); line++)
		kept++;
	read_notes(crashed->dir, &left);
	for (const char *line = left.stdout_data; (line = strchr(line, '\n')); line++)
		there++;
	ck_assert_uint_ge(there, kept);
	for (size_t i = 0; i < there && add[1 + i]; i++)
		sprintf(expected + strlen(expected), "%s\n", add[1 + i]);
	ck_assert_str_eq(left.stdout_data, expected);
	crash_out_clear(&left);
}

START_TEST(a_frame_that_is_half_written_is_no_note)
{
	struct crash_opts opts = options(add, NULL);
	struct crash_out out, left;

	ck_assert_crash_run("notes.mid-frame#2", &opts, &out);
	ck_assert_crashed_at(&out, "notes.mid-frame");
	ck_assert_str_eq(out.stdout_data, "kept milk\n");
	read_notes(out.dir, &left);
	ck_assert_str_eq(left.stdout_data, "milk\n");
	crash_out_clear(&left);
	crash_out_clear(&out);
}
END_TEST

START_TEST(notes_go_on_behind_a_torn_frame)
{
	struct crash_opts opts = options(add, NULL);
	struct crash_out out, more, left;

	ck_assert_crash_run("notes.mid-frame#3", &opts, &out);
	ck_assert_crashed_at(&out, "notes.mid-frame#3");
	opts = options(again, out.dir);
	ck_assert_crash_run(NULL, &opts, &more);
	ck_assert_exited(&more, 0);
	read_notes(out.dir, &left);
	ck_assert_str_eq(left.stdout_data, "milk\nbread\nstring\n");
	crash_out_clear(&left);
	crash_out_clear(&more);
	crash_out_clear(&out);
}
END_TEST

/* Each test of the loop is one write, the program dying when half of its bytes have reached the file. */
START_TEST(every_torn_write_is_survived)
{
	struct crash_opts opts = options(add, NULL);
	struct crash_out out;
	char rule[64];

	snprintf(rule, sizeof rule, "write#%d:torn=50%%", _i + 1);
	ck_assert_crash_run(rule, &opts, &out);
	ck_assert_crashed_at(&out, "write");
	check_notes(&out);
	crash_out_clear(&out);
}
END_TEST

/* So that the loop above neither stops short nor runs on. */
START_TEST(three_notes_are_six_writes)
{
	struct crash_opts opts = options(add, NULL);
	struct crash_out out;

	ck_assert_crash_run("write#7", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.unreached[0], "write#7");
	check_notes(&out);
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notes");
	TCase *tcase = tcase_create("crashes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_frame_that_is_half_written_is_no_note);
	tcase_add_test(tcase, notes_go_on_behind_a_torn_frame);
	tcase_add_loop_test(tcase, every_torn_write_is_survived, 0, 6);
	tcase_add_test(tcase, three_notes_are_six_writes);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
