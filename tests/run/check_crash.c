/* SPDX-License-Identifier: MIT */
/*
 * check_crash.c - where a rule crashes a program, what it does there, and what is left on disk.
 *
 * Method: tests/programs/steps does what its arguments say, so each test shows the whole program. Most
 * run twice: with the program linked dynamically, where the shim acts, and statically, where the
 * supervisor acts. Both have to leave the same bytes.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const builds[] = {"steps", "steps_static"};

#define BUILDS 2

static struct crash_out out;

/* Runs steps of one build in lab_dir. */
static void run_steps(int build, const char *scenario, const char *const *steps, const char *const *env)
{
	struct crash_opts opts = {
		.program = lab_program(builds[build]),
		.args = steps,
		.dir = lab_dir,
		.env = env,
	};

	ck_assert_crash_run(scenario, &opts, &out);
}

#define STEPS(build, scenario, ...) run_steps(build, scenario, LAB_ARGS(__VA_ARGS__), NULL)

/* The list's strings, each with a bar behind it. */
static const char *joined(char *const *list)
{
	char *text = lab_text("%s", "");

	for (; list && *list; list++)
		text = lab_text("%s%s|", text, *list);
	return text;
}

static bool has_frame(const char *function)
{
	for (size_t i = 0; i < out.frames; i++)
		if (out.backtrace[i].function && strcmp(out.backtrace[i].function, function) == 0)
			return true;
	return false;
}

#define assert_passed(expected)                                                                              \
	ck_assert_msg(strcmp(out.passed, expected) == 0, "passed \"%s\", not \"%s\"", out.passed, expected)

/* ------------------------------------------------------------------ moments */

static const struct {
	const char *rule, *point, *left;
	long long written;
} moments[] = {
	{"write#1", "write#1", "", 0},
	{"write#2", "write#2", "abcdefgh", 0},
	{"write#2:before", "write#2", "abcdefgh", 0},
	{"write#2:after", "write#2", "abcdefghijklmnop", 8},
	{"write#2:torn=0", "write#2", "abcdefgh", 0},
	{"write#2:torn=1", "write#2", "abcdefghi", 1},
	{"write#2:torn=3", "write#2", "abcdefghijk", 3},
	{"write#2:torn=7", "write#2", "abcdefghijklmno", 7},
	{"write#2:torn=8", "write#2", "abcdefghijklmnop", 8},
	{"write#2:torn=9", "write#2", "abcdefghijklmnop", 8},
	{"write#2:torn=18446744073709551615", "write#2", "abcdefghijklmnop", 8},
	{"write#2:torn=0%", "write#2", "abcdefgh", 0},
	{"write#2:torn=12%", "write#2", "abcdefgh", 0},
	{"write#2:torn=13%", "write#2", "abcdefghi", 1},
	{"write#2:torn=50%", "write#2", "abcdefghijkl", 4},
	{"write#2:torn=99%", "write#2", "abcdefghijklmno", 7},
	{"write#2:torn=100%", "write#2", "abcdefghijklmnop", 8},
	{"write#1:torn=5", "write#1", "abcde", 5},
	{"io#1", "open#1", NULL, -1},
	{"open#1:after", "open#1", "", -1},
	{"io#3", "write#2", "abcdefgh", 0},
	{"fsync#1", "fsync#1", "abcdefghijklmnop", -1},
	{"fsync#1:after", "fsync#1", "abcdefghijklmnop", -1},
	/* positioned, over the first */
	{"write#3:torn=2", "write#3", "QRcdefghijklmnop", 2},
	{"write#3:after", "write#3", "QRSTefghijklmnop", 4},
	/* a vector: the cut is in its second part */
	{"write#4:torn=3", "write#4", "QRSTefghijklmnopuvw", 3},
	{"write#4:torn=2", "write#4", "QRSTefghijklmnopuv", 2},
	{"writev#1:torn=84%", "write#4", "QRSTefghijklmnopuvwxy", 5},
	/* positioned with flags */
	{"pwritev2#1:torn=1", "write#5", "QZSTefghijklmnopuvwxyz", 1},
	/* attributes, names and sizes have no halves: torn is for writes, io#N: means before there */
	{"io#9:torn=50%", "truncate#1", "QZZTefghijklmnopuvwxyz", -1},
	{"truncate#1:after", "truncate#1", "QZZT", -1},
};

#define MOMENTS (sizeof moments / sizeof *moments)

/* After a crash the file has exactly the bytes that the rule let through. */
START_TEST(a_crash_leaves_exactly_what_the_moment_says)
{
	int build = _i / (int)MOMENTS, row = _i % (int)MOMENTS;

	STEPS(build, moments[row].rule, "open data bc", "write 3 abcdefgh", "write 3 ijklmnop", "fsync 3",
	      "pwrite 3 0 QRST", "writev 3 uv wxy z", "fdatasync 3", "pwritev2 3 1 none ZZ", "ftruncate 3 4",
	      "say unreached");
	ck_assert_crashed_at(&out, moments[row].point);
	ck_assert_int_eq(out.signal, SIGKILL);
	ck_assert_int_eq(out.exit_code, -1);
	ck_assert_msg(out.written == moments[row].written, "%s: %lld bytes written", moments[row].rule,
		      (long long)out.written);
	ck_assert_str_eq(out.rule, moments[row].rule);
	ck_assert_str_eq(out.file, lab_text("%s/data", lab_dir));
	ck_assert_str_eq(joined(out.unreached), "");
	ck_assert_uint_eq(out.stdout_len, 0);
	ck_assert_complete(&out);
	lab_assert_file("data", moments[row].left);
	crash_out_clear(&out);
}
END_TEST

/* A call is named as the program calls it: by libc's function, or as the kernel knows it. */
static const char *const pwrite_names[] = {"pwrite", "pwrite64"};

/* What is reported of the op: its names, its file, where and how much, and from where in the program. */
START_TEST(a_crash_says_which_op_it_was)
{
	STEPS(_i, lab_text("%s:torn=2", pwrite_names[_i]), "open data bc", "write 3 abcdefgh",
	      "pwrite 3 5 XYZ");
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_str_eq(out.call_point, lab_text("%s#1", pwrite_names[_i]));
	ck_assert_str_eq(out.call, pwrite_names[_i]);
	ck_assert_int_eq(out.offset, 5);
	ck_assert_int_eq(out.bytes, 3);
	ck_assert_int_eq(out.written, 2);
	ck_assert_ptr_null(out.to);
	ck_assert_uint_gt(out.frames, 2);
	ck_assert(has_frame("do_pwrite"));
	ck_assert(has_frame("main"));
	ck_assert(out.backtrace_complete);
	lab_assert_file("data", "abcdeXYh");
	crash_out_clear(&out);

	STEPS(_i, "rename#1:after", "open data bct", "rename data other");
	ck_assert_crashed_at(&out, "rename#1");
	ck_assert_str_eq(out.file, lab_text("%s/data", lab_dir));
	ck_assert_str_eq(out.to, lab_text("%s/other", lab_dir));
	ck_assert_int_eq(out.offset, -1);
	ck_assert_int_eq(out.bytes, -1);
	ck_assert(has_frame("do_rename"));
	lab_assert_file("data", NULL);
	lab_assert_file("other", "");
	crash_out_clear(&out);
}
END_TEST

/* Names and sizes before and after, by every family that steps has. */
static const struct {
	const char *step, *point, *before, *after;
} names[] = {
	{"rename data b", "rename#1", "data=hello a=one", "a=one b=hello"},
	{"rename data a", "rename#1", "data=hello a=one", "a=hello"},
	{"link data b", "link#1", "data=hello a=one", "data=hello a=one b=hello"},
	{"unlink data", "unlink#1", "data=hello a=one", "a=one"},
	{"mkdir d", "mkdir#1", "data=hello a=one", "data=hello a=one d/"},
	{"symlink a s", "link#1", "data=hello a=one", "data=hello a=one s=one"},
	{"open b wcx", "open#1", "data=hello a=one", "data=hello a=one b="},
	{"open data wt", "open#1", "data=hello a=one", "data= a=one"},
};

#define NAMES (sizeof names / sizeof *names)

static const char *names_left(void)
{
	static const char *const all[] = {"data", "a", "b", "d", "s"};
	char *text = lab_text("%s", "");

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct stat status;
		const char *space = *text ? " " : "";

		if (stat(all[i], &status) < 0)
			continue;
		text = S_ISDIR(status.st_mode) ?
			       lab_text("%s%s%s/", text, space, all[i]) :
			       lab_text("%s%s%s=%s", text, space, all[i], lab_read(all[i], NULL));
	}
	return text;
}

START_TEST(a_name_is_there_after_its_op_and_not_before)
{
	int build = _i / (int)NAMES, row = _i % (int)NAMES;

	for (int after = 0; after < 2; after++) {
		lab_write("data", "hello", 5);
		lab_write("a", "one", 3);
		STEPS(build, lab_text("%s%s", names[row].point, after ? ":after" : ""), names[row].step);
		ck_assert_crashed_at(&out, names[row].point);
		ck_assert_str_eq(names_left(), after ? names[row].after : names[row].before);
		crash_out_clear(&out);
	}
}
END_TEST

/* ------------------------------------------------------------------ actions */

/* The program ends as if by itself, and it is our crash all the same. */
START_TEST(exit_ends_the_program_with_a_status)
{
	STEPS(0, "write#2:exit=7", "open data wc", "write 3 one", "write 3 two", "say unreached");
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_int_eq(out.exit_code, 7);
	ck_assert_int_eq(out.signal, 0);
	ck_assert_uint_eq(out.stdout_len, 0);
	lab_assert_file("data", "one");
	crash_out_clear(&out);

	STEPS(0, "write#2:torn=1:exit=0", "open data wct", "write 3 one", "write 3 two", "say unreached");
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_int_eq(out.exit_code, 0);
	lab_assert_file("data", "onet");
	crash_out_clear(&out);
}
END_TEST

/* ... also where the program handles or ignores SIGABRT. */
START_TEST(abort_ends_the_program_by_sigabrt)
{
	STEPS(0, "write#2:abort", "catch 6", "open data wc", "write 3 one", "write 3 two");
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_int_eq(out.signal, SIGABRT);
	ck_assert_int_eq(out.exit_code, -1);
	ck_assert_uint_eq(out.stdout_len, 0);
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

/* From outside nobody can be made to exit or abort in its place; the program ends there, and that is said. */
START_TEST(exit_and_abort_end_a_static_program_too)
{
	static const char *const rules[] = {"write#2:exit=7", "write#2:abort"};

	STEPS(1, rules[_i], "open data wc", "write 3 one", "write 3 two", "say unreached");
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_uint_eq(out.stdout_len, 0);
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

/* A signal of a rule is the program's affair: it may handle it and go on. */
START_TEST(sig_sends_a_signal_and_goes_on)
{
	STEPS(_i, "write#2:sig=USR1", "catch 10", "open data wc", "write 3 one", "write 3 two", "say end");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "signal 10\nend\n");
	lab_assert_file("data", "onetwo");
	crash_out_clear(&out);

	STEPS(_i, "write#2:sig=TERM", "open data wct", "write 3 one", "write 3 two", "say end");
	ck_assert_int_eq(out.signal, SIGTERM);
	ck_assert_str_eq(joined(out.unreached), "");
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

/*
 * What ends by a signal does not make its call on the way. A static program, which was let go on with its
 * death already sent, was faster: four times of five its file was renamed, and on btrfs written to, all the
 * same.
 */
START_TEST(sig_that_ends_the_program_ends_it_before_the_call)
{
	static const char *const rules[] = {"rename#1:sig=TERM", "rename#1:sig=SEGV", "rename#1:sig=USR2"};
	static const int signals[] = {SIGTERM, SIGSEGV, SIGUSR2};

	for (int round = 0; round < 4; round++)
		for (int i = 0; i < 3; i++) {
			STEPS(_i, rules[i], "open data wct", "write 3 one", "rename data b", "say unreached");
			ck_assert_int_eq(out.signal, signals[i]);
			ck_assert_uint_eq(out.stdout_len, 0);
			lab_assert_file("b", NULL);
			lab_assert_file("data", "one");
			crash_out_clear(&out);
		}
}
END_TEST

/* A delay takes its time, before or after the op, and changes nothing else. */
START_TEST(delay_holds_an_op_up)
{
	STEPS(_i, "write#2:delay=300ms", "open data wc", "write 3 one", "write 3 two", "say end");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "end\n");
	ck_assert(out.seconds >= 0.3);
	lab_assert_file("data", "onetwo");
	crash_out_clear(&out);
}
END_TEST

/* Before: the file lacks the write while it is held up; after: it has it. */
START_TEST(delay_is_before_or_after_as_asked)
{
	bool after = _i / 2;

	/* a child crashes the tree while the write is held up */
	STEPS(_i % 2, after ? "write#1:after:delay=60s,open@*/b" : "write#1:delay=60s,open@*/b",
	      "open data wc", "background {", after ? "await data 3" : "sleep 300", "open b wc", "}",
	      "write 3 one");
	ck_assert_crashed_at(&out, "open#2");
	lab_assert_file("data", after ? "one" : "");
	crash_out_clear(&out);
}
END_TEST

/* Lines of rules that log, in the order of the ops. */
START_TEST(log_tells_every_op_that_a_rule_names)
{
	const char *data = lab_text("%s/data", lab_dir), *other = lab_text("%s/other", lab_dir);

	STEPS(_i, "write#*:log,rename#1:log", "open data wc", "write 3 one", "fsync 3", "pwrite 3 9 four",
	      "rename data other", "say end");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.log),
			 lab_text("write#1 (write) on %s, offset 0, 3 bytes|"
				  "write#2 (%s) on %s, offset 9, 4 bytes|rename#1 (rename) on %s to %s|",
				  data, pwrite_names[_i], data, data, other));
	ck_assert_str_eq(out.stdout_data, "end\n");
	ck_assert_uint_eq(out.stderr_len, 0);
	crash_out_clear(&out);
}
END_TEST

/* A write with O_SYNC is two ops, and a rule may name either. */
START_TEST(log_tells_the_sync_that_a_write_implies)
{
	const char *data = lab_text("%s/data", lab_dir);

	STEPS(_i, "fsync#*:log", "open data wcs", "write 3 one", "fsync 3", "write 3 two");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.log),
			 lab_text("fsync#1 (write) on %s|fsync#2 (fsync) on %s|fsync#3 (write) on %s|", data,
				  data, data));
	crash_out_clear(&out);
	STEPS(_i, "write#2:log", "open data wcts", "write 3 one", "write 3 two");
	ck_assert_str_eq(joined(out.log), lab_text("write#2 (write) on %s, offset 3, 3 bytes|", data));
	crash_out_clear(&out);
}
END_TEST

/* In one out of three: A+STEP. */
START_TEST(log_takes_every_third_from_the_second)
{
	STEPS(_i, "write#2+3:log,write#8..9:log", "open data wc", "repeat 9 {", "write 3 x", "}");
	ck_assert_exited(&out, 0);
	ck_assert_uint_eq(strlen(lab_read("data", NULL)), 9);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(out.log[i]);
	ck_assert_ptr_null(out.log[4]);
	ck_assert_int_eq(strncmp(out.log[0], "write#2 ", 8), 0);
	ck_assert_int_eq(strncmp(out.log[1], "write#5 ", 8), 0);
	ck_assert_int_eq(strncmp(out.log[2], "write#8 ", 8), 0);
	ck_assert_int_eq(strncmp(out.log[3], "write#9 ", 8), 0);
	crash_out_clear(&out);
}
END_TEST

/* An error is what the program sees, and nothing happens. */
START_TEST(err_fails_the_call_without_effect)
{
	STEPS(_i, "write#2:err=ENOSPC,open@*/b:err=EMFILE,rename#1:err=EIO,ftruncate:err=EDQUOT",
	      "open data wc", "write 3 one", "write 3 two", "write 3 three", "open b wc", "rename data c",
	      "ftruncate 3 1");
	ck_assert_exited(&out, 1);
	ck_assert_str_eq(out.stdout_data, "write: ENOSPC\nopen: EMFILE\nrename: EIO\nftruncate: EDQUOT\n");
	lab_assert_file("data", "onethree");
	lab_assert_file("b", NULL);
	lab_assert_file("c", NULL);
	assert_passed("3 write, 2 open, 1 rename, 1 truncate");
	crash_out_clear(&out);
}
END_TEST

/* From the third on, every one. */
START_TEST(err_from_the_third_fsync_on_is_seen_by_the_program)
{
	STEPS(_i, "fsync#3+:err=EIO", "open data wc", "repeat 5 {", "fsync 3", "say done", "}");
	ck_assert_exited(&out, 1);
	ck_assert_str_eq(out.stdout_data,
			 "done\ndone\nfsync: EIO\ndone\nfsync: EIO\ndone\nfsync: EIO\ndone\n");
	crash_out_clear(&out);
}
END_TEST

/* A short write does its first bytes and says how many. */
START_TEST(short_writes_the_first_bytes_and_goes_on)
{
	STEPS(_i, "write#2:short=2,write#4:short=0,write#5:short=1k", "open data bc", "write 3 abc",
	      "write 3 def", "position 3", "writev 3 gh ij", "write 3 klm", "write 3 nop", "position 3");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "5\n12\n");
	lab_assert_file("data", "abcdeghijnop");
	crash_out_clear(&out);
}
END_TEST

/* Waits until both processes stand still, looks around for longer than the timeout, and lets them go on. */
static void *let_go_on(void *argument)
{
	const char *marker = argument;

	LAB_AWAIT(lab_stopped(marker) == 2);
	lab_pause(2500);
	ck_assert_uint_eq(lab_stopped(marker), 2);
	lab_assert_file("data", "one");
	lab_signal(marker, SIGCONT);
	return NULL;
}

/* stop: the whole tree stands still in front of the op until somebody lets it go on; no timeout meanwhile. */
START_TEST(stop_stops_the_tree_and_the_clock)
{
	const char *marker = lab_mark("stop");
	struct crash_opts opts = {
		.program = lab_program(builds[_i]),
		.args = LAB_ARGS("background {", "await data 6", "say child", "}", "open data wc",
				 "write 3 one", "write 3 two", "write 3 three"),
		.dir = lab_dir,
		.timeout_ms = 2000,
		.env = LAB_ARGS(marker),
	};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, let_go_on, (void *)(uintptr_t)marker), 0);
	ck_assert_crash_run("write#2:stop", &opts, &out);
	pthread_join(thread, NULL);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "child\n");
	assert_passed("3 write, 1 open");
	lab_assert_file("data", "onetwothree");
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ scopes */

/* self: one process dies, its parent sees how, and the rest goes on. */
START_TEST(self_ends_one_process_and_not_the_tree)
{
	STEPS(_i, "write#2:self", "open data wc", "write 3 one", "fork {", "write 3 two", "say unreached",
	      "}", "write 3 three", "say end");
	ck_assert_str_eq(out.stdout_data, "child: signal 9\nend\n");
	ck_assert_str_eq(out.point, "write#2");
	ck_assert_int_eq(out.exit_code, 0);
	lab_assert_file("data", "onethree");
	crash_out_clear(&out);
}
END_TEST

/* The death of one process is not the last word: a crash of the tree after it is the one that is reported. */
START_TEST(a_crash_of_the_tree_after_the_death_of_one_process_is_told)
{
	STEPS(_i, "write#2:self,write#4", "open data wc", "write 3 one", "fork {", "write 3 two", "}",
	      "write 3 three", "write 3 four", "say unreached");
	ck_assert_crashed_at(&out, "write#4");
	ck_assert_str_eq(out.rule, "write#4");
	ck_assert_str_eq(out.stdout_data, "child: signal 9\n");
	ck_assert_int_eq(out.signal, SIGKILL);
	ck_assert(has_frame("do_write"));
	lab_assert_file("data", "onethree");
	crash_out_clear(&out);
}
END_TEST

/* exit:self and abort:self end one process in their own way. */
START_TEST(self_ends_one_process_by_exit_or_abort)
{
	STEPS(0, "write#2:self:exit=5,write#3:self:abort", "open data wc", "write 3 one", "fork {",
	      "write 3 two", "}", "fork {", "write 3 three", "}", "write 3 four");
	ck_assert_str_eq(out.stdout_data, "child: exit 5\nchild: signal 6\n");
	ck_assert_int_eq(out.exit_code, 0);
	lab_assert_file("data", "onefour");
	crash_out_clear(&out);
}
END_TEST

/* thread=K counts threads of a process by their first op, and hits of that thread alone. */
START_TEST(thread_looks_at_one_thread)
{
	STEPS(_i, "write#2:thread=2", "open data wc", "write 3 a", "thread {", "write 3 b", "}", "write 3 c",
	      "thread {", "write 3 d", "write 3 e", "}", "write 3 f");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.unreached), "write#2:thread=2|");
	lab_assert_file("data", "abcdef");
	crash_out_clear(&out);

	STEPS(_i, "write#2:thread=3", "open data wct", "write 3 a", "thread {", "write 3 b", "}", "write 3 c",
	      "thread {", "write 3 d", "write 3 e", "}", "write 3 f");
	ck_assert_crashed_at(&out, "write#5");
	lab_assert_file("data", "abcd");
	crash_out_clear(&out);

	STEPS(_i, "write#3:thread=1", "open data wct", "write 3 a", "thread {", "write 3 b", "}", "write 3 c",
	      "thread {", "write 3 d", "write 3 e", "}", "write 3 f");
	ck_assert_crashed_at(&out, "write#6");
	lab_assert_file("data", "abcde");
	crash_out_clear(&out);
}
END_TEST

/* child=0 is the program, child=1 the first process that it starts. */
START_TEST(child_looks_at_one_process)
{
	static const struct {
		const char *rule, *point, *left;
	} rows[] = {
		{"write#2:child=0", "write#4", "abc"},
		{"write#1:child=1", "write#2", "a"},
		{"write#2:child=1", "write#3", "ab"},
		{"write#1:child=2", "write#5", "abcd"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		STEPS(_i, rows[i].rule, "open data wct", "write 3 a", "fork {", "write 3 b", "write 3 c", "}",
		      "write 3 d", "fork {", "write 3 e", "}", "write 3 f");
		ck_assert_crashed_at(&out, rows[i].point);
		lab_assert_file("data", rows[i].left);
		crash_out_clear(&out);
	}
	STEPS(_i, "write:child=3", "open data wct", "write 3 a", "fork {", "write 3 b", "}", "fork {",
	      "write 3 c", "}");
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.unreached), "write:child=3|");
	crash_out_clear(&out);
}
END_TEST

/* A program that execs another is still the same process. */
START_TEST(a_process_keeps_its_number_over_exec)
{
	STEPS(_i, "write#2:child=0", "open data wc", "fork {", "write 3 a", "exec {", "write 3 b", "}", "}",
	      "write 3 c", "exec {", "write 3 d");
	ck_assert_crashed_at(&out, "write#4");
	lab_assert_file("data", "abc");
	crash_out_clear(&out);

	STEPS(_i, "write#2:child=1", "open data wct", "fork {", "write 3 a", "exec {", "write 3 b", "}", "}",
	      "write 3 c", "exec {", "write 3 d");
	ck_assert_crashed_at(&out, "write#2");
	lab_assert_file("data", "a");
	crash_out_clear(&out);
}
END_TEST

static const struct {
	const char *rule, *left, *frame;
} functions[] = {
	{"write:in=exported_place", "", "exported_place"},
	{"write:in=static_place", "exported ", "static_place"},
	{"write#2:in=static_place", "exported static inlined ", "static_place"},
	{"write:in=outer_place", "exported static inlined ", "outer_place"},
	{"write#2:in=outer_place", "exported static inlined static ", "outer_place"},
	{"write#3:in=main", "exported static ", "main"},
	{"write:in=second_site", "exported static inlined static outer first ", "second_site"},
	{"places.twice:in=second_site", "exported static inlined static outer first ", "second_site"},
	{"open#1:in=main", NULL, "main"},
};

#define FUNCTIONS (sizeof functions / sizeof *functions)

static void run_places(const char *scenario, bool is_static)
{
	struct crash_opts opts = {.program = lab_program(is_static ? "places_static" : "places"),
				  .dir = lab_dir};

	unlink("data");
	ck_assert_crash_run(scenario, &opts, &out);
}

/* in=FUNCTION: only ops below a function of this name count, static or exported. */
START_TEST(in_counts_the_ops_of_one_function)
{
	int row = _i % (int)FUNCTIONS;
	bool is_static = _i >= (int)FUNCTIONS;

	/* explicit points of a static program need libcrashpoint */
	if (is_static && strncmp(functions[row].rule, "places", 6) == 0)
		return;
	run_places(functions[row].rule, is_static);
	ck_assert(out.killed);
	ck_assert_str_eq(out.rule, functions[row].rule);
	ck_assert(has_frame(functions[row].frame));
	lab_assert_file("data", functions[row].left);
	crash_out_clear(&out);
}
END_TEST

/* A function that is there but never writes is not reached; one that was inlined away is an error. */
START_TEST(in_of_a_function_that_is_gone_is_refused)
{
	struct crash_opts opts = {.program = lab_program("places"), .dir = lab_dir};

	run_places("write:in=plus_one", false);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.unreached), "write:in=plus_one|");
	crash_out_clear(&out);
	ck_assert_int_eq(crash_run("write:in=inlined_place", &opts, &out), CRASH_EPOINT);
	ck_assert_ptr_nonnull(strstr(crash_error_detail(), "in=inlined_place"));
	ck_assert_int_eq(crash_run("write:in=no_such_place", &opts, &out), CRASH_EPOINT);
}
END_TEST

static const struct {
	const char *rule, *left, *function, *shown;
} functions_cxx[] = {
	{"write:in=places::Store::append", "constructor ", "places::Store::append(char const*)",
	 "places::Store::append"},
	{"write#2:in=places::Store::append:after", "constructor one two ",
	 "places::Store::append(char const*, unsigned long)", "places::Store::append"},
	{"write:in=places::Store::append(char const*\\, unsigned long)", "constructor one ",
	 "places::Store::append(char const*, unsigned long)", "places::Store::append"},
	{"write:in=_ZN6places5Store6appendEPKcm", "constructor one ",
	 "places::Store::append(char const*, unsigned long)", "places::Store::append"},
	{"write:in=::places::Store::Store:after", "constructor ", "places::Store::Store(int)",
	 "places::Store::Store"},
	{"write:in=places::Store::operator<<", "constructor one two two const ",
	 "places::Store::operator<<(char const*)", "places::Store::operator<<"},
	{"write:in=places::TableOfManyThings::insert", "constructor one two two const operator call ",
	 "void places::TableOfManyThings<unsigned long, "
	 "places::SomeRatherLongNameOfAnOrder*>::insert<places::"
	 "SomeRatherLongNameOfAnOrder>(int, unsigned long, places::SomeRatherLongNameOfAnOrder*, "
	 "places::SomeRatherLongNameOfAnOrder)",
	 "places::TableOfManyThings<...>::insert<...>"},
	{"write:in=places::save:after", "constructor one two two const operator call member template ",
	 "void places::save<char const*>(int, char const*)", "places::save<char const*>"},
	{"write:in=hidden_place", "constructor one two two const operator call member template ",
	 "(anonymous namespace)::hidden_place(int)", "(anonymous namespace)::hidden_place"},
};

#define FUNCTIONS_CXX (sizeof functions_cxx / sizeof *functions_cxx)

/* in= takes a C++ function by its qualified name; the backtrace has the whole name, and what is printed is
 * short. */
START_TEST(in_takes_the_names_of_cxx)
{
	const char *program = lab_program(_i < (int)FUNCTIONS_CXX ? "places_cxx" : "places_cxx_static"),
		   *shown;
	struct crash_opts opts = {.program = program, .dir = lab_dir};
	int row = _i % (int)FUNCTIONS_CXX;
	char *text;

	ck_assert_crash_run(functions_cxx[row].rule, &opts, &out);
	ck_assert(out.killed);
	ck_assert_str_eq(out.rule, functions_cxx[row].rule);
	lab_assert_file("data", functions_cxx[row].left);
	text = crash_out_describe(&out);
	shown = lab_text("  %s  ", functions_cxx[row].shown);
	ck_assert_msg(strstr(text, shown) != NULL, "%s", text);
	ck_assert_ptr_null(strstr(text, "  _Z"));
	ck_assert_msg(has_frame(functions_cxx[row].function), "%s", text);
	free(text);
	crash_out_clear(&out);
}
END_TEST

/* A class is not a function, and a name without its namespace is not the whole name. */
START_TEST(in_of_half_a_cxx_name_says_what_was_meant)
{
	struct crash_opts opts = {.program = lab_program("places_cxx"), .dir = lab_dir};

	ck_assert_int_eq(crash_run("write:in=Store::append", &opts, &out), CRASH_EPOINT);
	ck_assert_ptr_nonnull(strstr(crash_error_detail(), "did you mean places::Store::append?"));
	ck_assert_int_eq(crash_run("write:in=places::Store", &opts, &out), CRASH_EPOINT);
	lab_assert_file("data", NULL);
}
END_TEST

/* ------------------------------------------------------------------ explicit points */

static const struct {
	const char *rule, *point, *left, *site;
} twices[] = {
	{"places.twice", "places.twice#1", "exported static inlined static outer ", "first_site"},
	{"places.twice#1", "places.twice#1", "exported static inlined static outer ", "first_site"},
	{"places.twice#2", "places.twice#2", "exported static inlined static outer first ", "second_site"},
	{"places.*#2", "places.twice#2", "exported static inlined static outer first ", "second_site"},
	{"places.twice#2:after", "places.twice#2", "exported static inlined static outer first ",
	 "second_site"},
	{"write#7", "write#7", "exported static inlined static outer first ", "second_site"},
};

/* Two sites of one name are two hits of one point, in the order of the run. */
START_TEST(the_second_of_two_sites_is_the_second_hit)
{
	run_places(twices[_i].rule, false);
	ck_assert_crashed_at(&out, twices[_i].point);
	ck_assert(has_frame(twices[_i].site));
	lab_assert_file("data", twices[_i].left);
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_third_hit_of_two_is_not_reached)
{
	run_places("places.twice#3", false);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.unreached), "places.twice#3|");
	assert_passed("7 write, 1 open, 2 places.twice");
	crash_out_clear(&out);
}
END_TEST

/* An explicit point stands in one sequence with the calls around it, also one with a name made at run time.
 */
START_TEST(points_and_calls_are_one_sequence)
{
	STEPS(0, "steps.at-run-time#2", "open data wc", "write 3 a", "point steps.at-run-time", "write 3 b",
	      "fixed-point", "point steps.at-run-time", "write 3 c");
	ck_assert_crashed_at(&out, "steps.at-run-time#2");
	ck_assert_ptr_null(out.call);
	ck_assert_ptr_null(out.call_point);
	lab_assert_file("data", "ab");
	crash_out_clear(&out);

	STEPS(0, "write#2:log,steps.fixed:log,steps.at*#*:log", "open data wct", "write 3 a",
	      "point steps.at-run-time", "write 3 b", "fixed-point", "point steps.at-run-time");
	ck_assert_exited(&out, 0);
	ck_assert_int_eq(strncmp(out.log[0], "steps.at-run-time#1 in ", 23), 0);
	ck_assert_int_eq(strncmp(out.log[1], "write#2 ", 8), 0);
	ck_assert_int_eq(strncmp(out.log[2], "steps.fixed#1 in ", 17), 0);
	ck_assert_ptr_nonnull(strstr(out.log[2], "programs/steps.c:"));
	ck_assert_int_eq(strncmp(out.log[3], "steps.at-run-time#2 in ", 23), 0);
	ck_assert_ptr_null(out.log[4]);
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ several rules */

/* Each rule has its own count and its own moment; the first that ends the program ends it. */
START_TEST(several_rules_at_once_keep_out_of_each_others_way)
{
	STEPS(_i, "write#1:log,write#2:err=EIO,fsync#1:log,write@*/b#1:short=1,write#5:after,write#6",
	      "open data wc", "open b wc", "write 3 one", "write 3 two", "fsync 3", "write 4 bee",
	      "write 4 cow", "write 3 last", "write 3 never");
	ck_assert_crashed_at(&out, "write#5");
	ck_assert_str_eq(out.rule, "write#5:after");
	ck_assert_str_eq(out.stdout_data, "write: EIO\n");
	lab_assert_file("data", "onelast");
	lab_assert_file("b", "bcow");
	ck_assert_str_eq(joined(out.unreached), "write#6|");
	ck_assert_ptr_nonnull(out.log[1]);
	ck_assert_ptr_null(out.log[2]);
	crash_out_clear(&out);
}
END_TEST

/* A pattern takes the file that the op is about; ops of other files do not count for the rule. */
START_TEST(a_file_pattern_counts_its_own_files_alone)
{
	static const struct {
		const char *rule, *point;
	} rows[] = {
		{"write@*.db#2", "write#4"},  {"write@*/a.db", "write#2"},   {"write@*/?.log#2", "write#3"},
		{"rename@*.new", "rename#1"}, {"rename@*/a.db", "rename#1"}, {"write@*.new", "write#5"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		STEPS(_i, rows[i].rule, "open a.log wct", "open a.db wct", "write 3 1", "write 4 2",
		      "write 3 3", "write 4 4", "rename a.db b.new", "write 4 5", "write 3 6");
		ck_assert_crashed_at(&out, rows[i].point);
		ck_assert_str_eq(out.rule, rows[i].rule);
		crash_out_clear(&out);
	}
}
END_TEST

/* What was looked up before a name became a link is not believed afterwards: the second open is of b/y. */
START_TEST(a_name_that_becomes_a_link_leads_where_the_link_leads)
{
	STEPS(_i, "open@*/b/y", "mkdir b", "open a wc", "unlink a/x", "unlink a", "symlink b a",
	      "open a/y wc");
	ck_assert_crashed_at(&out, "open#2");
	ck_assert_str_eq(out.file, lab_text("%s/b/y", lab_dir));
	crash_out_clear(&out);
}
END_TEST

/* CRASH_AFTER=n is the same as counting n further. */
START_TEST(crash_after_lets_hits_pass_first)
{
	static const char *const steps[] = {"open data wct", "write 3 a", "write 3 b",
					    "write 3 c",     "write 3 d", NULL};

	run_steps(_i, "write", steps, LAB_ARGS("CRASH_AFTER=2"));
	ck_assert_crashed_at(&out, "write#3");
	lab_assert_file("data", "ab");
	crash_out_clear(&out);
	run_steps(_i, "write#2", steps, LAB_ARGS("CRASH_AFTER=2"));
	ck_assert_crashed_at(&out, "write#4");
	lab_assert_file("data", "abc");
	crash_out_clear(&out);
	setenv("CRASH_AFTER", "1", 1);
	run_steps(_i, "write", steps, NULL);
	ck_assert_crashed_at(&out, "write#2");
	crash_out_clear(&out);
	run_steps(_i, "write", steps, LAB_ARGS("CRASH_AFTER="));
	ck_assert_crashed_at(&out, "write#1");
	crash_out_clear(&out);
	run_steps(_i, "write#3", steps, LAB_ARGS("CRASH_AFTER=2"));
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(joined(out.unreached), "write#3|");
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ trees of processes */

/* Whatever way a process was started, its writes count in one sequence with its parent's. */
static const struct {
	const char *block;
	int builds; /* a vfork child of the static build is what it is: the supervisor sees it */
} ways[] = {
	{"fork {", 2},	 {"vfork {", 2}, {"background {", 2}, {"spawn {", 2},
	{"system {", 2}, {"popen {", 2}, {"thread {", 2},
};

#define WAYS (sizeof ways / sizeof *ways)

START_TEST(a_child_counts_and_dies_with_the_tree)
{
	int build = _i / (int)WAYS;
	const char *block = ways[_i % (int)WAYS].block;

	/* who does not wait for its child gets no further than the crash either: there are 11 bytes after it
	 */
	STEPS(build, "write#3", "open data wc", "write 3 one", block, "write 3 two", "write 3 three",
	      "say unreached", "}", "await data 11", "say unreached-either");
	ck_assert_crashed_at(&out, "write#3");
	ck_assert_uint_eq(out.stdout_len, 0);
	lab_assert_file("data", "onetwo");
	crash_out_clear(&out);

	STEPS(build, "write#4", "open data wct", "write 3 one", block, "write 3 two", "write 3 three", "}",
	      "await data 11", "write 3 four");
	ck_assert_crashed_at(&out, "write#4");
	lab_assert_file("data", "onetwothree");
	crash_out_clear(&out);
}
END_TEST

/* The file that posix_spawn() opens between vfork and exec is opened by an op like any other. */
START_TEST(a_file_action_of_posix_spawn_is_an_op)
{
	STEPS(_i, "open@*/b", "open data wc", "spawn 5 b wct {", "write 5 x", "}");
	ck_assert_crashed_at(&out, "open#2");
	lab_assert_file("b", NULL);
	crash_out_clear(&out);

	lab_write("b", "content", 7);
	STEPS(_i, "open@*/b:after", "open data wc", "spawn 5 b wct {", "write 5 x", "}");
	ck_assert_crashed_at(&out, "open#2");
	lab_assert_file("b", "");
	crash_out_clear(&out);

	STEPS(_i, "open@*/b:err=EROFS", "open data wc", "spawn 5 b wct {", "write 5 x", "}");
	ck_assert_exited(&out, 1);
	ck_assert_str_eq(out.stdout_data, "spawn: EROFS\n");
	crash_out_clear(&out);

	STEPS(_i, "write@*/b", "open data wc", "spawn 5 b wct {", "write 5 x", "}");
	ck_assert_crashed_at(&out, "write#1");
	lab_assert_file("b", "");
	crash_out_clear(&out);
}
END_TEST

/* A child that was given an empty environment is watched as the others are. */
START_TEST(a_program_with_an_empty_environment_is_still_watched)
{
	STEPS(_i, "write#2", "open data wc", "write 3 one", "exec-clean {", "write 3 two");
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_complete(&out);
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

/* A vfork child shares its parent's memory, and still the parent's counters and descriptors are right. */
START_TEST(after_a_vfork_the_parent_is_as_it_was)
{
	STEPS(_i, "write@*/data#3", "open data wc", "open b wc", "write 3 one", "vfork {", "dup2 4 3",
	      "write 3 bee", "}", "write 3 two", "write 3 three");
	ck_assert_crashed_at(&out, "write#4");
	lab_assert_file("data", "onetwo");
	lab_assert_file("b", "bee");
	crash_out_clear(&out);
}
END_TEST

/* No shell gets to say a word after the crash of what it runs: the tree goes at once. */
START_TEST(a_parent_shell_prints_nothing_after_the_crash)
{
	struct crash_opts opts = {
		.program = "sh",
		.args = LAB_ARGS(
			"-c",
			lab_text("echo before; %s 'open data wct' 'write 3 one' 'write 3 two'; echo after $?",
				 lab_program(builds[_i]))),
		.dir = lab_dir,
	};

	for (int i = 0; i < 20; i++) {
		ck_assert_crash_run("write#2", &opts, &out);
		ck_assert_crashed_at(&out, "write#2");
		ck_assert_str_eq(out.stdout_data, "before\n");
		ck_assert_int_eq(out.signal, SIGKILL);
		lab_assert_file("data", "one");
		crash_out_clear(&out);
	}
}
END_TEST

/* ------------------------------------------------------------------ threads */

#define THREADS 8
#define OPS 20

/* How many slots are written; each thread's are its first ones. */
static unsigned int count_slots(void)
{
	size_t bytes;
	const char *data = lab_read("data", &bytes);
	unsigned int count = 0;

	for (long thread = 0; thread < THREADS; thread++) {
		bool gap = false;

		for (long i = 0; i < OPS; i++) {
			long slot = thread * OPS + i;
			bool written = (size_t)slot * 8 + 8 <= bytes && data[slot * 8] != '\0';

			ck_assert_msg(!written || strncmp(data + slot * 8, lab_text("%07ld\n", slot), 8) == 0,
				      "slot %ld has something else", slot);
			ck_assert_msg(!(written && gap), "thread %ld has slot %ld and not the one before",
				      thread, slot);
			gap |= !written;
			count += written;
		}
	}
	return count;
}

static const char *const slots[] = {"slots", "slots_static"};

/* With ops in a row, exactly the ones before the N-th are done, whoever does them. */
START_TEST(threads_in_turns_leave_exactly_the_ops_before)
{
	struct crash_opts opts = {.program = lab_program(slots[_i / 2]),
				  .dir = lab_dir,
				  .args = LAB_ARGS(lab_text("%d", THREADS), lab_text("%d", OPS), "turns")};

	for (int n = 1; n <= THREADS * OPS; n += 23) {
		unlink("data");
		ck_assert_crash_run(lab_text("write#%d%s", n, _i % 2 ? ":after" : ""), &opts, &out);
		ck_assert_crashed_at(&out, lab_text("write#%d", n));
		ck_assert_uint_eq(count_slots(), (unsigned int)n - 1 + (unsigned int)_i % 2);
		/* no op is acknowledged after the crash */
		ck_assert_uint_le(out.stdout_len / 8, (size_t)n - 1);
		crash_out_clear(&out);
	}
}
END_TEST

/*
 * Without turns ops are under way at the same time. Of those that arrived before the N-th, each other
 * thread may have one unfinished; of those that arrived later none is finished.
 */
START_TEST(threads_at_once_leave_no_op_that_came_later)
{
	struct crash_opts opts = {.program = lab_program(slots[_i]),
				  .dir = lab_dir,
				  .args = LAB_ARGS(lab_text("%d", THREADS), lab_text("%d", OPS))};

	for (int n = 5; n <= THREADS * OPS; n += 7) {
		unsigned int count;

		unlink("data");
		ck_assert_crash_run(lab_text("write#%d", n), &opts, &out);
		ck_assert_crashed_at(&out, lab_text("write#%d", n));
		count = count_slots();
		ck_assert_msg(count <= (unsigned int)n - 1, "%u ops are done after a crash at write#%d",
			      count, n);
		ck_assert_msg(count + THREADS >= (unsigned int)n,
			      "only %u ops are done after a crash at write#%d", count, n);
		ck_assert_uint_le(out.stdout_len / 8, count);
		crash_out_clear(&out);
	}
}
END_TEST

/* ------------------------------------------------------------------ init */

/* Whether this machine lets us make a pid namespace; leaves the command's options. */
static const char *pid_namespace(void)
{
	static const char *const options[] = {"-pf", "-Urpf"};

	for (int i = 0; i < 2; i++)
		if (LAB_COMMAND("unshare", options[i], "true").status == 0)
			return options[i];
	return NULL;
}

/* SIGKILL to itself does nothing to the init process of a pid namespace; it dies all the same. */
START_TEST(init_of_a_pid_namespace_dies_of_a_crash)
{
	const char *option = pid_namespace(), *line;
	struct crash_opts opts = {.program = "unshare", .dir = lab_dir};
	struct lab_result result;

	if (!option)
		LAB_SKIP("unshare(1) cannot make a pid namespace here");
	opts.args = LAB_ARGS(option, lab_program(builds[_i]), "pid", "open data wct", "write 3 one",
			     "write 3 two", "say unreached");
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_str_eq(out.stdout_data, "1\n");
	lab_assert_file("data", "one");
	crash_out_clear(&out);

	if (_i)
		return;
	/* and without a keeper beside it that would help */
	line = lab_text(
		"LD_PRELOAD=%s CRASH_AT=write#2 exec %s pid 'open data wct' 'write 3 one' 'write 3 two' "
		"'say unreached'",
		lab_variable("CRASHINJECT_PRELOAD"), lab_program("steps"));
	result = LAB_COMMAND("unshare", option, "sh", "-c", line);
	ck_assert_str_eq(result.out, "1\n");
	lab_assert_status(&result, 128 + SIGKILL);
	lab_assert_file("data", "one");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crashes");
	TCase *tcase;

	tcase = lab_case(suite, "moments", 60);
	tcase_add_loop_test(tcase, a_crash_leaves_exactly_what_the_moment_says, 0, BUILDS * MOMENTS);
	tcase_add_loop_test(tcase, a_crash_says_which_op_it_was, 0, BUILDS);
	tcase_add_loop_test(tcase, a_name_is_there_after_its_op_and_not_before, 0, BUILDS * NAMES);

	tcase = lab_case(suite, "actions", 60);
	tcase_add_test(tcase, exit_ends_the_program_with_a_status);
	tcase_add_test(tcase, abort_ends_the_program_by_sigabrt);
	tcase_add_loop_test(tcase, exit_and_abort_end_a_static_program_too, 0, 2);
	tcase_add_loop_test(tcase, sig_sends_a_signal_and_goes_on, 0, BUILDS);
	tcase_add_loop_test(tcase, sig_that_ends_the_program_ends_it_before_the_call, 0, BUILDS);
	tcase_add_loop_test(tcase, delay_holds_an_op_up, 0, BUILDS);
	tcase_add_loop_test(tcase, delay_is_before_or_after_as_asked, 0, 2 * BUILDS);
	tcase_add_loop_test(tcase, log_tells_every_op_that_a_rule_names, 0, BUILDS);
	tcase_add_loop_test(tcase, log_tells_the_sync_that_a_write_implies, 0, BUILDS);
	tcase_add_loop_test(tcase, log_takes_every_third_from_the_second, 0, BUILDS);
	tcase_add_loop_test(tcase, err_fails_the_call_without_effect, 0, BUILDS);
	tcase_add_loop_test(tcase, err_from_the_third_fsync_on_is_seen_by_the_program, 0, BUILDS);
	tcase_add_loop_test(tcase, short_writes_the_first_bytes_and_goes_on, 0, BUILDS);
	tcase_add_loop_test(tcase, stop_stops_the_tree_and_the_clock, 0, BUILDS);

	tcase = lab_case(suite, "scopes", 60);
	tcase_add_loop_test(tcase, self_ends_one_process_and_not_the_tree, 0, BUILDS);
	tcase_add_loop_test(tcase, a_crash_of_the_tree_after_the_death_of_one_process_is_told, 0, BUILDS);
	tcase_add_test(tcase, self_ends_one_process_by_exit_or_abort);
	tcase_add_loop_test(tcase, thread_looks_at_one_thread, 0, BUILDS);
	tcase_add_loop_test(tcase, child_looks_at_one_process, 0, BUILDS);
	tcase_add_loop_test(tcase, a_process_keeps_its_number_over_exec, 0, BUILDS);
	tcase_add_loop_test(tcase, in_counts_the_ops_of_one_function, 0, BUILDS * FUNCTIONS);
	tcase_add_test(tcase, in_of_a_function_that_is_gone_is_refused);
	tcase_add_loop_test(tcase, in_takes_the_names_of_cxx, 0, BUILDS * FUNCTIONS_CXX);
	tcase_add_test(tcase, in_of_half_a_cxx_name_says_what_was_meant);

	tcase = lab_case(suite, "explicit points", 60);
	tcase_add_loop_test(tcase, the_second_of_two_sites_is_the_second_hit, 0,
			    sizeof twices / sizeof *twices);
	tcase_add_test(tcase, a_third_hit_of_two_is_not_reached);
	tcase_add_test(tcase, points_and_calls_are_one_sequence);

	tcase = lab_case(suite, "several rules", 60);
	tcase_add_loop_test(tcase, several_rules_at_once_keep_out_of_each_others_way, 0, BUILDS);
	tcase_add_loop_test(tcase, a_file_pattern_counts_its_own_files_alone, 0, BUILDS);
	tcase_add_loop_test(tcase, a_name_that_becomes_a_link_leads_where_the_link_leads, 0, BUILDS);
	tcase_add_loop_test(tcase, crash_after_lets_hits_pass_first, 0, BUILDS);

	tcase = lab_case(suite, "trees", 60);
	tcase_add_loop_test(tcase, a_child_counts_and_dies_with_the_tree, 0, BUILDS * WAYS);
	tcase_add_loop_test(tcase, a_file_action_of_posix_spawn_is_an_op, 0, BUILDS);
	tcase_add_loop_test(tcase, a_program_with_an_empty_environment_is_still_watched, 0, BUILDS);
	tcase_add_loop_test(tcase, after_a_vfork_the_parent_is_as_it_was, 0, BUILDS);
	tcase_add_loop_test(tcase, a_parent_shell_prints_nothing_after_the_crash, 0, BUILDS);

	tcase = lab_case(suite, "threads", 60);
	tcase_add_loop_test(tcase, threads_in_turns_leave_exactly_the_ops_before, 0, 2 * BUILDS);
	tcase_add_loop_test(tcase, threads_at_once_leave_no_op_that_came_later, 0, BUILDS);

	tcase = lab_case(suite, "init", 60);
	tcase_add_loop_test(tcase, init_of_a_pid_namespace_dies_of_a_crash, 0, BUILDS);
	return lab_run(suite);
}
