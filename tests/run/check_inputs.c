/* SPDX-License-Identifier: MIT */
/*
 * check_inputs.c - reads and closes that fail, that are short, that bring something else.
 *
 * All of it with a dynamic and a static program: in the first one libc reads and the shim closes, in the
 * second one there is nothing but the filter.
 */
#include "tests/run/lab.h"

#include <stdio.h>
#include <string.h>

static struct lab_result result;

#define RUN(rules, ...) (result = LAB_CRASHINJECT("run", "-q", "--at", rules, "--", __VA_ARGS__))

static const char *const programs[] = {"steps", "steps_static"};
#define STEPS lab_program(programs[_i])

#define assert_out(expected)                                                                                 \
	do {                                                                                                 \
		ck_assert_msg(strcmp(result.out, expected) == 0, "not \"%s\": %s", expected,                 \
			      lab_describe(&result));                                                        \
	} while (0)

static void make_data(void)
{
	lab_write("data", "abcdefghijkl", 12);
}

/* One that fails has read nothing: the position is where it was. */
START_TEST(a_read_fails)
{
	make_data();
	RUN("read@data#2:err=EIO", STEPS, "open data b", "read 3 4", "read 3 4", "read 3 4");
	assert_out("read: abcd\nread: EIO\nread: efgh\n");
	lab_assert_status(&result, 1);
	RUN("pread64#1..2:err=EINTR", STEPS, "open data b", "pread 3 2 3", "read 3 4", "pread 3 2 3",
	    "pread 3 2 3");
	assert_out("pread: EINTR\nread: abcd\npread: EINTR\nread: cde\n");
	RUN("read#2+:err=EBADF", STEPS, "open data b", "readv 3", "readv 3", "pread 3 0 1");
	assert_out("read: abcdef\nreadv: EBADF\npread: EBADF\n");
}
END_TEST

/* What the dynamic linker reads is not counted, and no pipe is a file. */
START_TEST(the_first_read_is_the_programs)
{
	make_data();
	RUN("read#1:err=EIO", STEPS, "pipe", "write 4 x", "read 3 1", "open data b", "read 5 4", "read 5 4");
	assert_out("read: x\nread: EIO\nread: abcd\n");
	RUN("close#1:delay=1ms,read#1:err=EIO", STEPS, "exec {", "open data b", "read 3 4");
	assert_out("read: EIO\n");
}
END_TEST

START_TEST(a_read_is_short)
{
	make_data();
	RUN("read#1:short=2", STEPS, "open data b", "read 3 4", "read 3 4");
	assert_out("read: ab\nread: cdef\n");
	RUN("read:short=0", STEPS, "open data b", "pread 3 4 4", "pread 3 4 4");
	assert_out("read: \nread: efgh\n");
	RUN("read:short=3", STEPS, "open data b", "readv 3", "readv 3");
	assert_out("read: abc\nread: defghi\n");
	/* no more than there is */
	RUN("read#2:short=100", STEPS, "open data b", "read 3 10", "read 3 10", "read 3 10");
	assert_out("read: abcdefghij\nread: kl\nread: \n");
}
END_TEST

/* What rots is what comes, and not the file. */
START_TEST(a_byte_rots)
{
	make_data();
	RUN("read#2:flip=1", STEPS, "open data b", "read 3 4", "read 3 4", "read 3 4", "pread 3 4 4");
	assert_out("read: abcd\nread: eggh\nread: ijkl\nread: efgh\n");
	RUN("read#1:flip=4", STEPS, "open data b", "readv 3", "readv 3");
	assert_out("read: abcddf\nread: ghijkl\n");
	/* from the beginning again, if fewer came */
	RUN("read#*:flip=5", STEPS, "open data b", "pread 3 8 100", "pread 3 12 100");
	assert_out("read: ikkl\nread: \n");
	/* inside libc */
	RUN("read#1:flip=0", STEPS, "fopen data r", "fgets 3");
	assert_out("read: `bcdefghijkl\n");
	lab_assert_file("data", "abcdefghijkl");
	/* into what is no memory */
	RUN("read:flip=0,write@data:err=ENOSPC", STEPS, "open data b", "write 3 x");
	assert_out("write: ENOSPC\n");
}
END_TEST

/* Other ops have the numbers that they have without, and io is none of these. */
START_TEST(ops_are_not_counted_with_them)
{
	make_data();
	result = LAB_CRASHINJECT("run", "--json", "--at", "read#1:err=EIO,close#7:err=EIO,io#3", "--", STEPS,
				 "open data b", "open b bc", "read 3 1", "read 3 1", "write 4 a", "close 3",
				 "write 4 b");
	lab_assert_status(&result, 0);
	ck_assert_str_eq(lab_json_text(json_array_get(lab_json_lines(result.out), 0), "point"), "write#2");
	lab_assert_file("b", "a");
	result = LAB_CRASHINJECT("run", "--at", "read#3:err=EIO", "--", STEPS, "open data b", "read 3 1",
				 "read 3 1");
	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.err, "read#3:err=EIO was not reached"));
	ck_assert_ptr_nonnull(strstr(result.err, "it passed 2 read\n"));
}
END_TEST

START_TEST(threads_and_children_count_together)
{
	int failed = 0;

	make_data();
	RUN("read#2:err=EIO,read#4:err=EIO", STEPS, "open data b", "thread {", "pread 3 0 1", "}", "fork {",
	    "pread 3 1 1", "}", "thread {", "pread 3 2 1", "}", "pread 3 3 1");
	for (const char *at = result.out; (at = strstr(at, "pread: EIO")); at++)
		failed++;
	ck_assert_msg(failed == 2, "%s", lab_describe(&result));
	assert_out("read: a\npread: EIO\nchild: exit 1\nread: c\npread: EIO\n");
	RUN("read:thread=2:err=EIO", STEPS, "open data b", "write 3 a", "pread 3 0 1", "thread {",
	    "pread 3 1 1", "pread 3 1 1", "}");
	assert_out("read: a\npread: EIO\nread: b\n");
}
END_TEST

/* On Linux the descriptor is gone, whatever close() says. Nobody can close another process's, so where there
 * is no shim the run says that it was not done. */
START_TEST(a_close_fails_and_has_closed)
{
	static const char *const errors[] = {"EIO", "EINTR"};

	for (int i = 0; i < 2; i++) {
		result = LAB_CRASHINJECT("run", "--at", lab_text("close@data#1:err=%s", errors[i]), "--",
					 STEPS, "open data bct", "close 3", "write 3 x", "open data b",
					 "write 3 y");
		if (_i == 0) {
			assert_out(lab_text("close: %s\nwrite: EBADF\n", errors[i]));
			lab_assert_status(&result, 1);
		} else {
			assert_out("write: EBADF\n");
			ck_assert_ptr_nonnull(strstr(result.err, "rule-not-done"));
		}
		lab_assert_file("data", "y");
	}
	if (_i == 0) {
		RUN("close@data:err=ENOSPC", STEPS, "fopen data w", "fputs 3 abc", "fclose 3", "write 3 x");
		assert_out("fclose: ENOSPC\nwrite: EBADF\n");
		lab_assert_file("data", "abc");
		RUN("close#3:err=EIO", STEPS, "open data b", "close 3", "open data b", "close 3",
		    "open data b", "close 3", "close 3");
		assert_out("close: EIO\nclose: EBADF\n");
	}
}
END_TEST

/* Nobody sees reads then. */
START_TEST(without_a_filter_it_is_said)
{
	make_data();
	result = LAB_CRASHINJECT("run", "--no-supervisor", "--at", "read#1:err=EIO", "--",
				 lab_program("steps"), "open data b", "read 3 1");
	lab_assert_status(&result, 3);
	ck_assert_ptr_nonnull(strstr(result.err, "no-supervisor"));
	result = LAB_COMMAND("/usr/bin/env", lab_text("LD_PRELOAD=%s", lab_variable("CRASHINJECT_PRELOAD")),
			     "CRASH_AT=write#3,read#1:err=EIO", lab_program("steps"), "open data b",
			     "read 3 1");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "column 9: reads are not seen by the shim alone"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inputs");
	TCase *tcase = lab_case(suite, "reads", 60);

	tcase_add_loop_test(tcase, a_read_fails, 0, 2);
	tcase_add_loop_test(tcase, the_first_read_is_the_programs, 0, 2);
	tcase_add_loop_test(tcase, a_read_is_short, 0, 2);
	tcase_add_loop_test(tcase, a_byte_rots, 0, 2);
	tcase_add_loop_test(tcase, ops_are_not_counted_with_them, 0, 2);
	tcase_add_loop_test(tcase, threads_and_children_count_together, 0, 2);
	tcase_add_test(tcase, without_a_filter_it_is_said);

	tcase = lab_case(suite, "closes", 60);
	tcase_add_loop_test(tcase, a_close_fails_and_has_closed, 0, 2);
	return lab_run(suite);
}
