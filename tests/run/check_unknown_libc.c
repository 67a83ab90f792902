/* SPDX-License-Identifier: MIT */
/*
 * check_unknown_libc.c - what the shim cannot redirect in a libc that it has never seen is counted and said.
 *
 * Method. The program runs with a copy of the system's libc in which write(2) is called by other instructions
 * that do the same and are as long. No pattern of the shim's knows them. With a seccomp filter nothing may be
 * missed for all that; without one the run has to say how many calls there are that it does not know.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>
#include <crashinject/crashinject.h>

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/machine_file.h"

#include CRASH__MACHINE_FILE(tests, other_libc.h)

static struct crash_out out;

static int find_libc(struct dl_phdr_info *info, size_t size, void *context)
{
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	if (!base || strcmp(base, "/libc.so.6") != 0)
		return 0;
	*(const char **)context = info->dlpi_name;
	return 1;
}

/* Puts the same number of other bytes wherever some are. */
static unsigned int replace(char *text, size_t size, const void *old, const void *new, size_t length)
{
	unsigned int count = 0;

	for (char *at = text; (at = memmem(at, (size_t)(text + size - at), old, length)) != NULL; count++) {
		memcpy(at, new, length);
		at += length;
	}
	return count;
}

/* Returns how many calls are in lib/libc.so.6 in another form. */
static unsigned int make_other_libc(void)
{
	const char *path = NULL;
	size_t size;
	char *libc;
	unsigned int count = 0;

	dl_iterate_phdr(find_libc, &path);
	libc = path ? lab_read(path, &size) : NULL;
	if (!libc)
		return 0;
	for (size_t i = 0; i < sizeof other_code / sizeof *other_code; i++)
		count += other_code[i].calls *
			 replace(libc, size, other_code[i].old, other_code[i].new, other_code[i].bytes);
	ck_assert_int_eq(mkdir("lib", 0755), 0);
	lab_write("lib/libc.so.6", libc, size);
	return count;
}

/* How many calls the run has not known, by its own words; -1: it says nothing of them. */
static int unknown(unsigned int *all)
{
	for (char **reason = out.incomplete_reasons; reason && *reason; reason++) {
		const char *numbers = strrchr(*reason, '(');
		int count;

		if (strncmp(*reason, "unknown-libc: ", 14) == 0 && numbers &&
		    sscanf(numbers, "(%d of %u)", &count, all) == 2)
			return count;
	}
	return -1;
}

static struct crash_opts line_opts(const char *const *env)
{
	return (struct crash_opts){.program = lab_program("scribble"), .dir = lab_dir, .env = env};
}

START_TEST(calls_of_an_unknown_form_are_counted_and_said)
{
	const char *const env[] = {lab_text("LD_LIBRARY_PATH=%s/lib", lab_dir), NULL};
	struct crash_opts opts = line_opts(NULL);
	unsigned int changed = make_other_libc(), all, other_all;
	int known, others;

	if (!changed)
		LAB_SKIP("this libc has no call of the form that is changed");
	opts.flags = CRASH_NO_SUPERVISOR;
	ck_assert_crash_run("write#1000", &opts, &out);
	ck_assert_exited(&out, 0);
	known = unknown(&all);
	crash_out_clear(&out);
	opts.env = env;
	ck_assert_crash_run("write#1000", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert(!out.complete);
	others = unknown(&other_all);
	ck_assert_uint_eq(all, other_all);
	ck_assert_int_eq(others, (known < 0 ? 0 : known) + (int)changed);
	crash_out_clear(&out);
}
END_TEST

START_TEST(with_a_filter_they_are_seen)
{
	const char *const env[] = {lab_text("LD_LIBRARY_PATH=%s/lib", lab_dir), NULL};
	struct crash_opts opts = line_opts(env);

	if (!make_other_libc())
		LAB_SKIP("this libc has no call of the form that is changed");
	ck_assert_crash_run("write#1000", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	lab_assert_file("line", "a line\n");
	crash_out_clear(&out);
	ck_assert_crash_run("write@*/line", &opts, &out);
	ck_assert_crashed_at(&out, "write#1");
	lab_assert_file("line", "");
	crash_out_clear(&out);
}
END_TEST

/* Who asks for explicit points only does not need to see calls. */
START_TEST(points_alone_say_nothing_of_libc)
{
	struct crash_opts opts = line_opts(NULL);
	unsigned int all;

	opts.flags = CRASH_NO_SUPERVISOR;
	opts.program = lab_program("steps");
	opts.args = LAB_ARGS("fixed-point");
	ck_assert_crash_run("steps.fixed", &opts, &out);
	ck_assert_int_eq(unknown(&all), -1);
	ck_assert_complete(&out);
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unknown libc");
	TCase *tcase = lab_case(suite, "another form", 60);

	tcase_add_test(tcase, calls_of_an_unknown_form_are_counted_and_said);
	tcase_add_test(tcase, with_a_filter_they_are_seen);
	tcase_add_test(tcase, points_alone_say_nothing_of_libc);
	return lab_run(suite);
}
