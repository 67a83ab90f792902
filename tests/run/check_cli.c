/* SPDX-License-Identifier: MIT */
/*
 * check_cli.c - the command as it is typed: what it prints, where, and its exit status.
 *
 * What crash_run() does is check_run.c's and check_crash.c's; here are the commands around it, and the
 * shim without them.
 */
#include "tests/run/lab.h"

#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct lab_result result;

#define CLI(...) (result = LAB_CRASHINJECT(__VA_ARGS__))
#define STEPS lab_program("steps")

#define assert_status(expected) lab_assert_status(&result, expected)

#define assert_in(stream, text)                                                                              \
	ck_assert_msg(strstr(result.stream, text) != NULL, "no \"%s\" in " #stream ": %s", text,             \
		      lab_describe(&result))

#define assert_not_in(stream, text)                                                                          \
	ck_assert_msg(strstr(result.stream, text) == NULL, "\"%s\" in " #stream ": %s", text,                \
		      lab_describe(&result))

#define assert_empty(stream)                                                                                 \
	ck_assert_msg(result.stream##_bytes == 0, #stream " is not empty: %s", lab_describe(&result))

static void assert_matches(const char *text, const char *pattern)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE), 0);
	ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "\"%s\" does not match \"%s\"", text, pattern);
	regfree(&regex);
}

/* ------------------------------------------------------------------ the command itself */

START_TEST(without_arguments_it_says_what_it_can)
{
	result = LAB_COMMAND(lab_variable("CRASHINJECT"));
	assert_status(125);
	assert_in(out, "Usage: crashinject COMMAND");
	CLI("--help");
	assert_status(0);
	assert_in(out, "\n  run ");
	assert_in(out, "\n  list ");
	CLI("help");
	assert_status(0);
	CLI("--version");
	assert_status(0);
	assert_matches(result.out, "^crashinject [0-9]+\\.[0-9]+\\.[0-9]+$");
	assert_empty(err);
}
END_TEST

START_TEST(each_command_has_help)
{
	static const char *const commands[] = {"run", "list"};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		CLI(commands[i], "--help");
		assert_status(0);
		assert_in(out, lab_text("Usage: crashinject %s ", commands[i]));
		assert_in(out, "Examples:");
		assert_in(out, "Exit status:");
		assert_in(out, "--root DIR");
		assert_empty(err);
		CLI(commands[i], "--version");
		assert_status(0);
		assert_in(out, "crashinject ");
	}
}
END_TEST

/* What was mistyped, what is said of it. Nothing runs. */
static const struct {
	const char *argv[8];
	const char *message;
} mistakes[] = {
	{{"rnu"}, "there is no command \"rnu\"; did you mean run?"},
	{{"lits", "--", "true"}, "there is no command \"lits\"; did you mean list?"},
	{{"frobnicate"}, "there is no command \"frobnicate\"; see crashinject --help"},
	{{"run"}, "run: no program; write it after --: crashinject run --at write#3 -- PROGRAM"},
	{{"run", "--at", "write"}, "run: no program"},
	{{"list"}, "list: no program"},
	{{"list", "--points"}, "list: no program"},
	{{"run", "--att", "write", "--", "touch", "ran"}, "run: unknown option --att; did you mean --at?"},
	{{"run", "--tiemout", "3", "--", "touch", "ran"},
	 "unknown option --tiemout; did you mean --timeout?"},
	{{"run", "--tiemout=3", "--", "touch", "ran"}, "unknown option --tiemout=3; did you mean --timeout?"},
	{{"list", "--piont", "--", "touch", "ran"}, "list: unknown option --piont; did you mean --points?"},
	{{"list", "--at", "write", "--", "touch", "ran"}, "list: unknown option --at"},
	{{"run", "--zzzzz", "--", "touch", "ran"}, "run: unknown option --zzzzz; see crashinject run --help"},
	{{"run", "-x", "--", "touch", "ran"}, "run: unknown option -x"},
	{{"run", "--at"}, "run: --at needs a value"},
	{{"run", "--at", "", "--", "touch", "ran"}, "run: --at: the value is empty"},
	{{"explore", "--check=", "--", "touch", "ran"}, "explore: --check=: the value is empty"},
	{{"explore", "--tiers", "", "--", "touch", "ran"}, "explore: --tiers: the value is empty"},
	{{"run", "--timeout", "soon", "--", "touch", "ran"},
	 "--timeout soon: not a time; write 90, 1.5s, 200ms or 5m"},
	{{"run", "--linger", "-1", "--", "touch", "ran"}, "--linger -1: not a time"},
	{{"run", "--io-uring=maybe", "--", "touch", "ran"}, "--io-uring maybe: the only value is \"allow\""},
	{{"run", "--root", "/nonexistent", "--", "touch", "ran"},
	 "a directory cannot be used: --root /nonexistent: No such file"},
	{{"run", "--dir", "/nonexistent", "--", "touch", "ran"},
	 "a directory cannot be used: /nonexistent: No such file"},
	{{"run", "--json=/nonexistent/x", "--", "touch", "ran"}, "--json=/nonexistent/x: No such file"},
	{{"run", "--at", "write", "--preload", "/nonexistent", "--", "touch", "ran"},
	 "the preload module was not found: /nonexistent"},
	{{"list", "--preload", "/nonexistent", "--", "touch", "ran"},
	 "the preload module was not found: /nonexistent"},
};

START_TEST(a_mistake_is_named_and_nothing_runs)
{
	const char *argv[10] = {lab_variable("CRASHINJECT")};

	for (size_t i = 0; i < 8; i++)
		argv[i + 1] = mistakes[_i].argv[i];
	result = lab_command(NULL, argv);
	assert_status(125);
	assert_empty(out);
	assert_in(err, mistakes[_i].message);
	ck_assert_int_eq(strncmp(result.err, "crashinject: ", 13), 0);
	lab_assert_file("ran", NULL);
}
END_TEST

/* The rules are shown, and under them where they are wrong. */
START_TEST(rules_that_do_not_parse_are_shown_with_a_caret)
{
	CLI("run", "--at", "wirte#1", "--", "touch", "ran");
	assert_status(125);
	ck_assert_str_eq(result.err,
			 "crashinject: the rules do not parse:\n"
			 "  wirte#1\n"
			 "  ^ column 1: there is no call or family \"wirte\"; did you mean write?\n");
	CLI("run", "--at", "fsync", "--at", "write#1:trn=5", "--", "touch", "ran");
	assert_status(125);
	ck_assert_str_eq(result.err,
			 "crashinject: the rules do not parse:\n"
			 "  fsync,write#1:trn=5\n"
			 "                ^ column 15: there is no modifier \"trn\"; did you mean torn?\n");
	setenv("CRASH_AT", "write#0", 1);
	CLI("run", "--", "touch", "ran");
	assert_status(125);
	assert_in(err, "column 7: occurrences are counted from 1");
	setenv("CRASH_AT", "write", 1);
	setenv("CRASH_AFTER", "two", 1);
	CLI("run", "--", "touch", "ran");
	assert_status(125);
	assert_in(err, "CRASH_AFTER=two is not a number");
	lab_assert_file("ran", NULL);
}
END_TEST

START_TEST(a_point_that_the_program_lacks_is_refused)
{
	CLI("run", "--at", "places.twcie", "--", lab_program("places"));
	assert_status(125);
	assert_in(err, "there is no such point: the program has no point \"places.twcie\"; did you mean "
		       "places.twice?");
	CLI("run", "--at", "nothing.like-it", "--", lab_program("places"));
	assert_status(125);
	assert_in(err, "it has: places.twice");
	lab_assert_file("data", NULL);
}
END_TEST

START_TEST(unknown_variables_are_warned_about)
{
	setenv("CRASH_ATT", "write#2", 1);
	setenv("CRASH_WHATEVER_ELSE", "1", 1);
	CLI("run", "--", "true");
	assert_status(0);
	assert_in(err,
		  "crashinject: unknown variable CRASH_ATT in the environment; did you mean CRASH_AT?\n");
	assert_in(err, "crashinject: unknown variable CRASH_WHATEVER_ELSE in the environment\n");
	CLI("list", "--calls");
	assert_in(err, "CRASH_ATT");
}
END_TEST

/* ------------------------------------------------------------------ run: exit statuses */

START_TEST(without_rules_the_status_is_the_programs)
{
	CLI("run", "--", "sh", "-c", "exit 7");
	assert_status(7);
	assert_empty(out);
	assert_empty(err);
	CLI("run", "--", "sh", "-c", "kill -TERM $$");
	assert_status(128 + SIGTERM);
	CLI("run", "--", "sh", "-c", "kill -KILL $$");
	assert_status(128 + SIGKILL);
	CLI("run", "--", "sh", "-c", "echo out; echo err >&2");
	assert_status(0);
	ck_assert_str_eq(result.out, "out\n");
	ck_assert_str_eq(result.err, "err\n");
	/* what is behind the program is the program's */
	CLI("run", "sh", "-c", "echo $0 $1", "--at", "--json");
	assert_status(0);
	ck_assert_str_eq(result.out, "--at --json\n");
}
END_TEST

START_TEST(status_0_is_a_crash_as_asked)
{
	CLI("run", "--at", "write#2", "--", STEPS, "open data wc", "say hello", "write 3 one", "write 3 two",
	    "say no");
	assert_status(0);
	ck_assert_str_eq(result.out, "hello\n");
	assert_in(err, "crashinject: killed at write#2 (write) on data, 3 bytes, 0 of them written\n  rule "
		       "write#2, process ");
	assert_matches(result.err, "^  #0 +do_write +.*steps\\.c:[0-9]+$");
	assert_matches(result.err, "^  #[0-9]+ +main +.*steps\\.c:[0-9]+$");
	lab_assert_file("data", "one");
	/* several --at are several rules */
	CLI("run", "--at", "write#9", "--at", "fsync:exit=3", "--", STEPS, "open data wct", "write 3 one",
	    "fsync 3");
	assert_status(0);
	assert_in(err, "killed at fsync#1");
	setenv("CRASH_AT", "write#1:torn=1", 1);
	CLI("run", "--", STEPS, "open data wct", "write 3 one");
	assert_status(0);
	lab_assert_file("data", "o");
}
END_TEST

START_TEST(status_1_is_a_point_that_was_not_reached)
{
	CLI("run", "--at", "write#5,fsync", "--", STEPS, "open data wc", "write 3 one", "write 3 two",
	    "exit 7");
	assert_status(1);
	ck_assert_str_eq(
		result.err,
		"crashinject: write#5 was not reached; fsync was not reached; the program exited with 7\n"
		"  it passed 2 write, 1 open\n");
	/* one that fired and did not end the program is reached */
	CLI("run", "--at", "write#1:err=EIO", "--", STEPS, "open data wc", "write 3 one", "exit 7");
	assert_status(7);
	CLI("run", "-q", "--at", "write#5", "--", STEPS, "open data wc");
	assert_status(1);
	assert_empty(err);
}
END_TEST

/* What it says is to be typed, is typed. */
static void run_again(void)
{
	const char *line = strstr(result.err, "  again: crashinject ");
	char *typed;

	ck_assert_msg(line, "nothing to type: %s", lab_describe(&result));
	line += strlen("  again: crashinject ");
	typed = lab_text("%s %.*s", lab_variable("CRASHINJECT"), (int)strcspn(line, "\n"), line);
	result = LAB_COMMAND("/bin/sh", "-c", typed);
}

#define ONES "write 3 1", "write 3 1", "write 3 1", "write 3 1", "write 3 1", "write 3 1", "write 3 1"

START_TEST(a_death_by_chance_says_how_to_have_it_again)
{
	for (int seed = 1; seed <= 5; seed++) {
		char *first, *written;

		CLI("run", "--seed", lab_text("%d", seed), "--dir=.", "--at=write@data#p40%:torn=0", "--",
		    STEPS, "open data wct", "write 3 don't", ONES, ONES);
		assert_status(0);
		written = lab_read("data", NULL);
		first = strndup(result.err, strcspn(result.err, "\n"));
		run_again();
		assert_status(0);
		ck_assert_int_eq(strncmp(result.err, first, strlen(first)), 0);
		ck_assert_msg(!strstr(result.err, "again:"), "what is typed leaves something to chance");
		lab_assert_file("data", written);
	}
	/* a rule that does not end the program goes on drawing */
	CLI("run", "--at", "write#p50%:err=EIO", "--", STEPS, "open data wct", ONES);
	assert_in(err, "  again: crashinject run --at 'write#p50%:err=EIO:seed=");
}
END_TEST

START_TEST(repeat_ends_where_the_program_fails)
{
	CLI("run", "--repeat", "20", "--seed", "3", "--at", "write#p20%", "--", STEPS, "open data wct", ONES);
	assert_status(0);
	assert_in(err, "crashinject: 20 of 20 runs: ");
	assert_matches(result.err, "^crashinject: run [0-9]+: killed at write#[0-9]+ ");
	assert_in(err, "  again: crashinject run --at 'write#");
	CLI("run", "--repeat", "5", "--at", "write#9", "--", STEPS, "open data wct", ONES);
	assert_status(1);
	assert_in(err, "5 of 5 runs: 0 crashed as asked, 5 ended by themselves\n");
	/* the second run finds what the first has left */
	CLI("run", "-q", "--repeat", "5", "--at", "write#2", "--", "sh", "-c",
	    "test ! -e left || exit 7; echo 1 > left; echo 2 >> left");
	assert_status(7);
	assert_in(err, "crashinject: run 2: ");
	assert_in(err, "2 of 5 runs: 1 crashed as asked");
	CLI("run", "--repeat", "2", "--json", "--at", "write#1", "--", STEPS, "open data wct", ONES);
	ck_assert_uint_eq(json_array_size(lab_json_lines(result.out)), 2);
}
END_TEST

START_TEST(status_124_is_a_timeout)
{
	CLI("run", "--timeout", "300ms", "--", "sleep", "600");
	assert_status(124);
	assert_in(err, "the program timed out");
	CLI("run", "--timeout", "300ms", "--at", "write", "--", "sleep", "600");
	assert_status(124);
	assert_in(err, "write was not reached; the program timed out");
}
END_TEST

START_TEST(status_126_and_127_are_as_env_has_them)
{
	static const char *const commands[] = {"run", "list"};

	lab_write("text", "no program", 10);
	lab_write("script", "#!/nonexistent/sh\n", 18);
	ck_assert_int_eq(chmod("script", 0755), 0);
	for (int i = 0; i < 2; i++) {
		CLI(commands[i], "--", "/nonexistent/program");
		assert_status(127);
		assert_in(err, "the program does not exist: /nonexistent/program");
		CLI(commands[i], "--", "there-is-no-such-program");
		assert_status(127);
		assert_in(err, "there-is-no-such-program is not in PATH");
		CLI(commands[i], "--", "./text");
		assert_status(126);
		assert_in(err, "./text is neither a program nor a trace");
		ck_assert_int_eq(chmod("script", 0644), 0);
		CLI(commands[i], "--", "./script");
		assert_status(126);
		assert_in(err, "try chmod +x");
		ck_assert_int_eq(chmod("script", 0755), 0);
		CLI(commands[i], "--", "./script");
		assert_status(126);
		assert_in(err, "its interpreter /nonexistent/sh does not exist");
		CLI(commands[i], "--", lab_dir);
		assert_status(126);
		assert_empty(out);
	}
}
END_TEST

START_TEST(log_lines_go_to_stderr)
{
	CLI("run", "--at", "write#2+:log", "--", STEPS, "open data wc", "write 3 one", "write 3 two",
	    "write 3 three", "say end");
	assert_status(0);
	ck_assert_str_eq(result.out, "end\n");
	ck_assert_str_eq(result.err, lab_text("crashinject: write#2 (write) on %s/data, offset 3, 3 bytes\n"
					      "crashinject: write#3 (write) on %s/data, offset 6, 5 bytes\n",
					      lab_dir, lab_dir));
}
END_TEST

/* In how many places a run looks for debug information while `option` is given; -1: strace cannot say. */
static int lookups(const char *option)
{
	const char *log, *const argv[] = {"strace",	  "-o",		  "opened",
					  "-e",		  "trace=openat", lab_variable("CRASHINJECT"),
					  "run",	  "--at",	  "write#1",
					  option,	  "--",		  STEPS,
					  "open data wc", "write 3 one",  NULL};
	int count = 0;

	result = lab_command(NULL, argv);
	log = lab_read("opened", NULL);
	if (!log || !strstr(log, "openat("))
		return -1;
	assert_status(0);
	for (const char *at = log; (at = strstr(at, ".debug\"")) != NULL; at++)
		count++;
	return count;
}

/* That took 50 of the 60 milliseconds of a run of sqlite3, for names that nobody saw. */
START_TEST(frames_have_names_only_where_somebody_sees_them)
{
	int seen = lookups("--verbose");

	if (seen < 0)
		LAB_SKIP("strace cannot say what is opened: %s", lab_describe(&result));
	if (seen == 0)
		LAB_SKIP("what the frames are in needs no debug information from elsewhere");
	ck_assert_int_gt(lookups("--json"), 0);
	ck_assert_int_eq(lookups("--quiet"), 0);
	assert_empty(out);
	assert_empty(err);
}
END_TEST

START_TEST(root_narrows_what_counts)
{
	ck_assert_int_eq(mkdir("in", 0755), 0);
	CLI("run", "--root", "in", "--at", "write#2", "--", STEPS, "open data wc", "open in/data wc",
	    "write 3 a", "write 4 b", "write 3 c", "write 4 d");
	assert_status(0);
	assert_in(err, "killed at write#2 (write) on in/data");
	lab_assert_file("data", "ac");
	lab_assert_file("in/data", "b");
}
END_TEST

/* The program finds CRASH_DIR; by default it is the working directory. */
START_TEST(dir_is_where_the_program_works)
{
	CLI("run", "--", STEPS, "print CRASH_DIR");
	ck_assert_str_eq(result.out, lab_text("CRASH_DIR=%s\n", lab_dir));
	ck_assert_int_eq(mkdir("other", 0755), 0);
	CLI("run", "--dir", "other", "--", STEPS, "print CRASH_DIR");
	ck_assert_str_eq(result.out, lab_text("CRASH_DIR=%s/other\n", lab_dir));
	setenv("CRASH_DIR", "other", 1);
	CLI("run", "--", STEPS, "print CRASH_DIR");
	ck_assert_str_eq(result.out, lab_text("CRASH_DIR=%s/other\n", lab_dir));
}
END_TEST

/* ------------------------------------------------------------------ run --json */

/* The result of run --json, which is all of stdout or of a file. */
static json_t *run_json(const char *text)
{
	json_t *lines = lab_json_lines(text);

	ck_assert_uint_eq(json_array_size(lines), 1);
	return json_array_get(lines, 0);
}

static const char *const run_keys[] = {
	"point",
	"rule",
	"call",
	"call_point",
	"file",
	"to",
	"offset",
	"bytes",
	"written",
	"backtrace",
	"backtrace_complete",
	"killed",
	"timed_out",
	"exit_code",
	"signal",
	"left_behind",
	"dir",
	"seconds",
	"unreached",
	"log",
	"complete",
	"incomplete_reasons",
};

START_TEST(the_result_of_a_crash_is_one_object)
{
	json_t *object, *frame;
	bool in_main = false;
	size_t i;

	CLI("run", "--json", "--at", "pwrite:torn=1", "--", STEPS, "open data bc", "say hello",
	    "pwrite 3 7 one");
	assert_status(0);
	/* the program's own output is kept apart */
	ck_assert_str_eq(result.err, "hello\n");
	object = run_json(result.out);
	for (i = 0; i < sizeof run_keys / sizeof *run_keys; i++)
		ck_assert_msg(json_object_get(object, run_keys[i]) != NULL, "no key %s", run_keys[i]);
	ck_assert_str_eq(lab_json_text(object, "point"), "write#1");
	ck_assert_str_eq(lab_json_text(object, "call_point"), "pwrite#1");
	ck_assert_str_eq(lab_json_text(object, "rule"), "pwrite:torn=1");
	ck_assert_str_eq(lab_json_text(object, "call"), "pwrite");
	ck_assert_str_eq(lab_json_text(object, "file"), lab_text("%s/data", lab_dir));
	ck_assert_ptr_null(lab_json_text(object, "to"));
	ck_assert_int_eq(lab_json_number(object, "offset", -1), 7);
	ck_assert_int_eq(lab_json_number(object, "bytes", -1), 3);
	ck_assert_int_eq(lab_json_number(object, "written", -1), 1);
	ck_assert(lab_json_bool(object, "killed"));
	ck_assert(!lab_json_bool(object, "timed_out"));
	ck_assert_int_eq(lab_json_number(object, "exit_code", -1), -1);
	ck_assert_int_eq(lab_json_number(object, "signal", -1), SIGKILL);
	ck_assert_str_eq(lab_json_text(object, "dir"), lab_dir);
	ck_assert(lab_json_bool(object, "complete"));
	ck_assert_uint_eq(json_array_size(json_object_get(object, "incomplete_reasons")), 0);
	json_array_foreach(json_object_get(object, "backtrace"), i, frame) {
		const char *function = lab_json_text(frame, "function");

		if (!function || strcmp(function, "main") != 0)
			continue;
		in_main = true;
		ck_assert_ptr_nonnull(lab_json_text(frame, "file"));
		ck_assert_ptr_nonnull(strstr(lab_json_text(frame, "file"), "steps.c"));
		ck_assert_int_gt(lab_json_number(frame, "line", -1), 0);
		ck_assert_ptr_nonnull(strstr(lab_json_text(frame, "object"), "/steps"));
		ck_assert_int_eq(strncmp(lab_json_text(frame, "address"), "0x", 2), 0);
	}
	ck_assert(in_main);
}
END_TEST

/* Where its debug information is installed, to unpack it took three times as long as all the rest. */
START_TEST(no_source_of_the_c_library_is_looked_for)
{
	json_t *object, *frame;
	size_t i, inside = 0;

	CLI("run", "--json", "--at", "pwrite", "--", STEPS, "open data bc", "pwrite 3 7 one");
	assert_status(0);
	object = run_json(result.out);
	json_array_foreach(json_object_get(object, "backtrace"), i, frame) {
		if (!strstr(lab_json_text(frame, "object"), "/libc.so."))
			continue;
		inside++;
		ck_assert_ptr_nonnull(lab_json_text(frame, "function"));
		ck_assert_ptr_null(lab_json_text(frame, "file"));
	}
	/* what calls main() */
	ck_assert_uint_gt(inside, 0);
}
END_TEST

/* In the places where debuggers look for it; that there is no server is found out without libdebuginfod. */
START_TEST(debug_information_beside_a_program_is_found)
{
	static const char *const places[] = {"steps.debug", ".debug/steps.debug", "elsewhere/steps.debug"};
	struct lab_result made = LAB_COMMAND(
		"sh", "-c",
		"mkdir .debug elsewhere && cp \"$1\" steps && objcopy --only-keep-debug steps \"$2\" && "
		"strip -g steps && objcopy --add-gnu-debuglink=\"$2\" steps",
		"sh", STEPS, places[_i]);
	json_t *frame;
	bool found = false;
	size_t i;

	if (made.status != 0)
		LAB_SKIP("there are no binutils");
	unsetenv("DEBUGINFOD_URLS");
	setenv("LD_DEBUG", "files", 1);
	setenv("LD_DEBUG_OUTPUT", lab_text("%s/loaded", lab_dir), 1);
	CLI("run", "--json", "--at", "pwrite", "--", "./steps", "open data bc", "pwrite 3 7 one");
	unsetenv("LD_DEBUG");
	assert_status(0);
	json_array_foreach(json_object_get(run_json(result.out), "backtrace"), i, frame)
		found |= lab_json_text(frame, "file") && strstr(lab_json_text(frame, "file"), "steps.c");
	ck_assert_int_eq(found, _i < 2);
	if (!found)
		ck_assert_int_ne(LAB_COMMAND("sh", "-c", "grep -l libdebuginfod loaded.*").status, 0);
}
END_TEST

START_TEST(the_result_of_any_other_end_is_one_object_too)
{
	json_t *object;

	CLI("run", "--json", "--at", "write#1:log,write#9,fsync", "--", STEPS, "open data wc", "write 3 one",
	    "exit 4");
	assert_status(1);
	object = run_json(result.out);
	ck_assert_ptr_null(lab_json_text(object, "point"));
	ck_assert_int_eq(lab_json_number(object, "exit_code", -1), 4);
	ck_assert_int_eq(lab_json_number(object, "signal", -1), -1);
	ck_assert(!lab_json_bool(object, "killed"));
	ck_assert_uint_eq(json_array_size(json_object_get(object, "unreached")), 2);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(object, "unreached"), 0)),
			 "write#9");
	ck_assert_uint_eq(json_array_size(json_object_get(object, "log")), 1);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(object, "log"), 0)),
			 lab_text("write#1 (write) on %s/data, offset 0, 3 bytes", lab_dir));

	CLI("run", "--json", "--timeout", "300ms", "--", "sleep", "600");
	assert_status(124);
	ck_assert(lab_json_bool(run_json(result.out), "timed_out"));

	CLI("run", "--json", "--no-supervisor", "--at", "write#9", "--", STEPS, "open data wc");
	assert_status(3); /* it may have been missed */
	object = run_json(result.out);
	ck_assert(!lab_json_bool(object, "complete"));
	ck_assert_int_eq(
		strncmp(json_string_value(json_array_get(json_object_get(object, "incomplete_reasons"), 0)),
			"no-supervisor: ", 15),
		0);
	/* an error is not a result */
	CLI("run", "--json", "--", "/nonexistent");
	assert_status(127);
	assert_empty(out);
}
END_TEST

START_TEST(json_may_go_to_a_file)
{
	CLI("run", "--json=result", "--at", "write", "--", STEPS, "say hello", "open data wc", "write 3 one");
	assert_status(0);
	ck_assert_str_eq(result.out, "hello\n");
	ck_assert_str_eq(lab_json_text(run_json(lab_read("result", NULL)), "point"), "write#1");
	CLI("list", "--json=result", "--", STEPS, "open data wct", "write 3 one");
	assert_status(0);
	assert_empty(out);
	ck_assert_uint_eq(json_array_size(lab_json_lines(lab_read("result", NULL))), 3);
}
END_TEST

/* File names need not be text; JSON has to be. */
START_TEST(names_that_are_no_text_are_still_told)
{
	struct lab_listing listing =
		lab_list(NULL, (const char *const[]){STEPS, "open a\xff\"b wc", "write 3 one", NULL});

	ck_assert_uint_eq(json_array_size(listing.ops), 2);
	/* U+EFFF stands for the byte */
	ck_assert_str_eq(lab_json_text(json_array_get(listing.ops, 0), "file"),
			 lab_text("%s/a\xee\xbf\xbf\"b", lab_dir));
}
END_TEST

/* One line an op, and a name says nothing to the terminal. */
START_TEST(names_do_not_break_lines)
{
	CLI("list", "-q", "--", STEPS, "open a\n\033[2Jb wc", "write 3 one");
	assert_status(0);
	assert_in(out, "  a\\012\\033[2Jb\nwrite#1 ");
	ck_assert_ptr_null(strchr(result.out, '\033'));
}
END_TEST

#define AWKWARD "a\n\033[2Jb"
#define SHOWN "a\\012\\033[2Jb"

/* The same of everything that a run says: sentences, rules, reasons and errors. */
START_TEST(names_say_nothing_to_the_terminal)
{
	static const struct {
		const char *at, *option, *program, *said;
	} rows[] = {
		{"write@" AWKWARD "#1", "--no-supervisor", "steps", "rule write@" SHOWN "#1"},
		{"write#1:log", "--no-supervisor", "steps", "/" SHOWN ", offset 0, 3 bytes"},
		{"rename@" AWKWARD, "--no-supervisor", "steps", "rename@" SHOWN " was not reached"},
		{"fsync:log", "--no-supervisor", "./" AWKWARD, "no-shim: "},
		{"fsync", "--root=" AWKWARD "c", "steps", "\\033[2Jbc: No such file"},
	};
	const char *program = lab_program("steps");

	if (strcmp(rows[_i].program, "steps") != 0)
		lab_copy(lab_program("steps_static"), AWKWARD);
	if (strcmp(rows[_i].program, "steps") == 0)
		CLI("run", "--at", rows[_i].at, rows[_i].option, "--", program, "open " AWKWARD " wct",
		    "write 3 one");
	else
		CLI("run", "--at", rows[_i].at, rows[_i].option, "--", "sh", "-c",
		    "\"$0\" ack; :", rows[_i].program);
	assert_in(err, rows[_i].said);
	ck_assert_msg(strchr(result.err, '\033') == NULL, "%s", lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ list */

static const char *const list_keys[] = {
	"seq",	  "point", "call_point", "call",   "family", "pid",    "tid",	"process",
	"thread", "file",  "to",	 "offset", "bytes",  "result", "route",
};

START_TEST(a_listing_is_one_object_an_op)
{
	struct lab_listing listing =
		lab_list(NULL, (const char *const[]){STEPS, "open data wct", "say hello", "write 3 one",
						     "pwrite 3 9 four", "rename data b", "fixed-point",
						     "unlink nothing", "open x wcs", "write 4 abc", NULL});
	long long before = 0;
	json_t *op;
	size_t i;

	ck_assert_str_eq(listing.result.err, "hello\nunlink: ENOENT\n");
	ck_assert_str_eq(lab_list_text(&listing),
			 lab_text("open#1 data\n"
				  "write#1 data\n"
				  "write#2 data\n"
				  "rename#1 data -> b\n"
				  "steps.fixed#1 %s\n"
				  "unlink#1 nothing\n"
				  "open#2 x\n"
				  "write#3 x\n"
				  "fsync#1 x\n",
				  lab_json_text(json_array_get(listing.ops, 4), "file")));
	json_array_foreach(listing.ops, i, op) {
		long long seq = lab_json_number(op, "seq", -1);

		ck_assert_int_ge(seq, before);
		before = seq;
		if (i == 4) {
			ck_assert_ptr_nonnull(strstr(lab_json_text(op, "file"), "steps.c"));
			ck_assert_int_gt(lab_json_number(op, "line", 0), 0);
			continue;
		}
		for (size_t k = 0; k < sizeof list_keys / sizeof *list_keys; k++)
			ck_assert_msg(json_object_get(op, list_keys[k]) != NULL, "op %zu has no %s", i,
				      list_keys[k]);
	}
	op = json_array_get(listing.ops, 2);
	ck_assert_str_eq(lab_json_text(op, "call_point"), "pwrite#1");
	ck_assert_str_eq(lab_json_text(op, "family"), "write");
	ck_assert_str_eq(lab_json_text(op, "route"), "symbol");
	ck_assert_int_eq(lab_json_number(op, "offset", -1), 9);
	ck_assert_int_eq(lab_json_number(op, "bytes", -1), 4);
	ck_assert_int_eq(lab_json_number(op, "result", -1), 4);
	ck_assert_int_eq(lab_json_number(json_array_get(listing.ops, 1), "offset", -1), 0);
	ck_assert_int_eq(lab_json_number(json_array_get(listing.ops, 5), "result", -1), -2);
	ck_assert(lab_json_bool(json_array_get(listing.ops, 8), "implied"));
	ck_assert_int_eq(lab_json_number(listing.summary, "ops", -1), 8);
	ck_assert_uint_ge(json_array_size(listing.acks), 1);
	op = json_array_get(listing.acks, 0);
	ck_assert_str_eq(lab_json_text(op, "acknowledged"), "\"hello\" on stdout");
	ck_assert_int_eq(lab_json_number(op, "bytes", -1), 6);
	ck_assert_int_eq(lab_json_number(op, "descriptor", -1), 1);
	ck_assert_int_gt(lab_json_number(op, "seq", -1),
			 lab_json_number(json_array_get(listing.ops, 0), "seq", -1));
	ck_assert_int_lt(lab_json_number(op, "seq", -1),
			 lab_json_number(json_array_get(listing.ops, 1), "seq", -1));
	ck_assert_int_eq(lab_json_number(json_object_get(listing.summary, "families"), "write", -1), 3);
	ck_assert_int_eq(lab_json_number(json_object_get(listing.summary, "families"), "fsync", -1), 1);
	ck_assert_ptr_null(json_object_get(json_object_get(listing.summary, "families"), "mkdir"));
	ck_assert(lab_json_bool(listing.summary, "complete"));
}
END_TEST

START_TEST(a_listing_is_a_table_with_a_summary)
{
	CLI("list", "--", STEPS, "open data wct", "say hello", "write 3 one", "fixed-point", "rename data b");
	assert_status(0);
	ck_assert_str_eq(result.err, "hello\n");
	assert_matches(result.out, "^POINT +CALL +OFFSET +BYTES +RESULT +FILE$");
	assert_matches(result.out, "^open#1 +open +- +- 3  data$");
	assert_matches(result.out, "^write#1 +write +0 +3 3  data$");
	assert_matches(result.out, "^steps\\.fixed#1 +\\(breakpoint\\) .*steps\\.c:[0-9]+$");
	assert_matches(result.out, "^rename#1 +rename +- +- 0  data -> b$");
	assert_in(out, "\n\n3 ops: 1 write, 1 open, 1 rename\n  data: 1 write, 1 open, 1 rename, 3 bytes\n");
	CLI("list", "--", "true");
	assert_in(out, "\n0 ops\n");
	CLI("list", "--", STEPS, "open data wct");
	assert_in(out, "\n1 op: 1 open\n");
	/* with stacks */
	CLI("list", "-v", "--", STEPS, "open data wct", "write 3 one");
	assert_matches(result.out, "^ +do_write +.*steps\\.c:[0-9]+$");
	assert_matches(result.out, "^ +main +.*steps\\.c:[0-9]+$");
}
END_TEST

/* What the kernel reports has names, too, and a program that was started by another name has its own. */
START_TEST(a_static_program_has_names)
{
	ck_assert_int_eq(symlink(lab_program("steps_static"), "other"), 0);
	CLI("list", "-v", "--", "./other", "open data wct", "write 3 one");
	assert_status(0);
	assert_matches(result.out, "^ +do_write +.*steps\\.c:[0-9]+$");
	assert_matches(result.out, "^ +main +.*steps\\.c:[0-9]+$");
	assert_matches(result.out, "^ +_start +in .*/steps_static$");
	ck_assert_msg(!strstr(result.out, "in ?"), "%s", result.out);
	ck_assert_msg(!strstr(result.out, "/other"), "%s", result.out);
}
END_TEST

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

/* Other languages: a program, how it is made, and what stands in its stacks and in lint's sentences. */
static const struct {
	const char *tool, *path, *text, *build, *program, *frame, *sentence;
} languages[] = {
	{"go", "store.go",
	 "package main\n"
	 "import \"os\"\n"
	 "type Store struct{ file *os.File }\n"
	 "//go:noinline\n"
	 "func (s *Store) put(text string) { s.file.Write([]byte(text)) }\n"
	 "func main() {\n"
	 "\tfile, _ := os.Create(\"data.new\")\n"
	 "\t(&Store{file}).put(\"text\")\n"
	 "\tos.Rename(\"data.new\", \"data\")\n"
	 "}\n",
	 "GO111MODULE=off CGO_ENABLED=0 GOCACHE=$PWD/cache HOME=$PWD go build -o store store.go", "./store",
	 "^ +main\\.\\(\\*Store\\)\\.put +.*store\\.go:5$", "main.(*Store).put at store.go:5"},
	{"rustc", "store.rs",
	 "use std::io::Write;\n"
	 "struct Store<T> { file: T }\n"
	 "impl<T: Write> Store<T> {\n"
	 "    #[inline(never)]\n"
	 "    fn put(&mut self, text: &str) { self.file.write_all(text.as_bytes()).unwrap(); }\n"
	 "}\n"
	 "fn main() {\n"
	 "    let mut store = Store { file: std::fs::File::create(\"data.new\").unwrap() };\n"
	 "    store.put(\"text\");\n"
	 "    std::fs::rename(\"data.new\", \"data\").unwrap();\n"
	 "}\n",
	 "rustc -g -C symbol-mangling-version=v0 -o store store.rs", "./store",
	 "^ +<store::Store<std::fs::File>>::put +.*store\\.rs:5$",
	 "<store::Store<std::fs::File>>::put at store.rs:5"},
	{"node", "store.js",
	 "const fs = require('fs');\n"
	 "function put(text) {\n"
	 "  const file = fs.openSync('data.new', 'w');\n"
	 "  fs.writeSync(file, text);\n"
	 "  fs.closeSync(file);\n"
	 "}\n"
	 "put('text');\n"
	 "fs.renameSync('data.new', 'data');\n",
	 "true", "echo $$ >> ../pids; exec node --perf-basic-prof --interpreted-frames-native-stack store.js",
	 "^ +put +.*store\\.js:[0-9]+$", "put at store.js:"},
};

START_TEST(other_languages_have_names)
{
	char *have = lab_text("command -v %s && { %s; }", languages[_i].tool, languages[_i].build);

	ck_assert_int_eq(mkdir("data", 0755), 0);
	ck_assert_int_eq(chdir("data"), 0);
	write_text(languages[_i].path, languages[_i].text);
	result = LAB_COMMAND("sh", "-c", have);
	if (result.status != 0)
		LAB_SKIP("%s is not here, or cannot build", languages[_i].tool);
	CLI("list", "-v", "--", "sh", "-c", languages[_i].program);
	assert_status(0);
	assert_matches(result.out, languages[_i].frame);
	CLI("lint", "--rules", "unsynced-rename", "--", "sh", "-c", languages[_i].program);
	LAB_COMMAND("sh", "-c",
		    "test ! -f ../pids || for i in $(cat ../pids); do rm -f /tmp/perf-$i.map; done");
	assert_in(out, languages[_i].sentence);
}
END_TEST

START_TEST(list_has_statuses_of_its_own)
{
	/* the program's status is the program's affair */
	CLI("list", "--", "sh", "-c", "exit 7");
	assert_status(0);
	CLI("list", "--no-supervisor", "--", STEPS, "open data wct");
	assert_status(3);
	assert_in(out, "; incomplete\n");
	assert_in(err, "crashinject: incomplete:\n  no-supervisor: ");
	CLI("list", "--timeout", "1s", "--", STEPS, "open data wct", "sleep 600000");
	assert_status(124);
	assert_in(out, "open#1");
	assert_in(err, "the program timed out; this is what it did until then");
}
END_TEST

/* The number that list shows is the one to crash at, for every op. */
START_TEST(every_point_that_list_shows_can_be_crashed_at)
{
	const char *const program[] = {STEPS,
				       "open data wct",
				       "write 3 one",
				       "fork {",
				       "write 3 two",
				       "fsync 3",
				       "}",
				       "fixed-point",
				       "rename data b",
				       "mkdir d",
				       "open d/x wc",
				       "write 4 x",
				       "unlink b",
				       NULL};
	struct lab_listing listing = lab_list(NULL, program);
	json_t *op;
	size_t i;

	ck_assert_uint_eq(json_array_size(listing.ops), 10);
	json_array_foreach(listing.ops, i, op) {
		const char *argv[20] = {lab_variable("CRASHINJECT"), "run", "--json", "--at",
					lab_json_text(op, "point"),  "--"};

		for (size_t k = 0; program[k]; k++)
			argv[6 + k] = program[k];
		ck_assert_int_eq(LAB_COMMAND("rm", "-rf", "data", "b", "d").status, 0);
		result = lab_command(NULL, argv);
		assert_status(0);
		ck_assert_str_eq(lab_json_text(run_json(result.out), "point"), lab_json_text(op, "point"));
		ck_assert_str_eq(lab_json_text(run_json(result.out), "file"), lab_json_text(op, "file"));
	}
}
END_TEST

START_TEST(points_are_listed_without_running_the_program)
{
	json_t *lines;

	CLI("list", "--points", lab_program("places"));
	assert_status(0);
	assert_matches(result.out,
		       "^places\\.twice +.*places\\.c:[0-9]+\n^places\\.twice +.*places\\.c:[0-9]+$");
	lab_assert_file("data", NULL);
	CLI("list", "--points", lab_program("steps"));
	assert_in(out, "(and others with names made at run time: crash_breakpoint())\n");
	CLI("list", "--points", "/bin/true");
	assert_status(0);
	assert_in(out, "have no explicit breakpoints\n");
	CLI("list", "--points", "--json", lab_program("places"));
	lines = lab_json_lines(result.out);
	ck_assert_uint_eq(json_array_size(lines), 2);
	ck_assert_str_eq(lab_json_text(json_array_get(lines, 0), "point"), "places.twice");
	ck_assert_int_lt(lab_json_number(json_array_get(lines, 0), "line", 0),
			 lab_json_number(json_array_get(lines, 1), "line", 0));
	ck_assert_str_eq(lab_json_text(json_array_get(lines, 0), "object"), lab_program("places"));
	CLI("list", "--points", "/nonexistent");
	assert_status(127);
	/* a library is not a program, and has points, too */
	lab_copy(lab_variable("CRASHINJECT_PRELOAD"), "library.so");
	ck_assert_int_eq(chmod("library.so", 0644), 0);
	CLI("list", "--points", "./library.so");
	assert_status(0);
	assert_in(out, "have no explicit breakpoints");
}
END_TEST

/* What calls.def has, by a name of the test's own. */
static const char *const call_names[] = {
#define CALL(name, ...) #name,
#define RAW(name, ...) #name,
#define MEMORY(name, ...) #name,
#define TWIN(symbol, ...) #symbol,
#define ALIAS(...)
#define OWN(symbol, ...) #symbol,
#define HAND(...)
#define INPUT(name, ...) #name,
#define ALLOCATION(name, ...) #name,
#include "common/calls.def"
};

START_TEST(every_call_is_listed)
{
	json_t *lines, *line;
	size_t i;

	CLI("list", "--calls");
	assert_status(0);
	assert_matches(result.out, "^pwrite64 +write +writes at a given offset$");
	assert_matches(result.out, "^pwrite +write +as pwrite64$");
	for (i = 0; i < sizeof call_names / sizeof *call_names; i++)
		assert_matches(result.out, lab_text("^%s +[a-z]+ +[^ ]", call_names[i]));
	CLI("list", "--calls", "--json");
	assert_status(0);
	lines = lab_json_lines(result.out);
	ck_assert_uint_eq(json_array_size(lines), sizeof call_names / sizeof *call_names);
	json_array_foreach(lines, i, line) {
		ck_assert_ptr_nonnull(lab_json_text(line, "call"));
		ck_assert_ptr_nonnull(lab_json_text(line, "family"));
		ck_assert_ptr_nonnull(lab_json_text(line, "kernel_call"));
		ck_assert_uint_gt(strlen(lab_json_text(line, "about")), 10);
	}
}
END_TEST

/* ------------------------------------------------------------------ models */

START_TEST(a_model_is_explained_by_its_rules_when_asked)
{
	CLI("models", "ext4");
	assert_status(0);
	assert_in(out, "  safe-rename              size ");
	assert_not_in(out, "Source: ");
	assert_not_in(out, "Linux 6.18");
	CLI("models", "-v", "ext4");
	assert_status(0);
	assert_in(out, "\nChecked by power losses:\n      Linux 5.10, 6.1, 6.12 and 6.18");
	assert_in(out,
		  "\n  sizes before the new name (safe-rename = size or yes)\n"
		  "      A file that replaces another by rename has its size when it has the name.\n"
		  "      any size before any entry (the file that a rename puts in the place of another, "
		  "unless fallocate gave it\n"
		  "      blocks)\n"
		  "      Source: Documentation/admin-guide/ext4.rst");
	assert_not_in(out, "new blocks before the new name");
	assert_in(out, "\n  commit (fsync-commits-metadata = yes)\n");
	CLI("models", "-v", "kill");
	assert_status(0);
	assert_in(out, "\n  process crash (process-only = yes)\n");
	assert_not_in(out, "persists before");
	CLI("models", "-v", "posix");
	assert_in(out, "\nChecked by power losses:\n      on no kernel\n");
}
END_TEST

START_TEST(rules_of_a_model_are_in_its_object_when_asked)
{
	CLI("models", "--json", "btrfs");
	assert_not_in(out, "persists-before");
	assert_in(out, "\"checked-on\":\"Linux 5.10, 6.1, 6.12 and 6.18");
	CLI("models", "-v", "--json", "btrfs");
	assert_in(out, "\"persists-before\":[{\"rule\":\"sizes of one op\",\"when\":\"\",\"what\":");
	assert_in(out, "\"durability\":[{\"rule\":\"sync\",");
	assert_in(out, "{\"rule\":\"names\",\"when\":\"fsync-own-entry = yes\",");
}
END_TEST

/* ------------------------------------------------------------------ the shim alone */

/* `LD_PRELOAD=shim VARIABLES steps STEPS`, in lab_dir, with what the shell line adds. */
static void run_alone(const char *variables, const char *line)
{
	const char *script = lab_text("cd '%s'; export LD_PRELOAD='%s' %s; exec '%s' %s", lab_dir,
				      lab_variable("CRASHINJECT_PRELOAD"), variables, STEPS, line);

	result = LAB_COMMAND("sh", "-c", script);
}

/* Without a runner nobody has looked up where functions are: the shim knows what is exported. */
START_TEST(alone_the_shim_knows_exported_functions)
{
	static const struct {
		const char *function, *left;
	} rows[] = {
		{"_ZN6places5Store6appendEPKcm", "constructor one "},
		{"places::Store::append", "constructor "},
		{"places::Store::Store", ""},
		{"places::Store::flush", "constructor one two two "},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *script = lab_text(
			"rm -f data; CRASH_DIR=. LD_PRELOAD='%s' CRASH_AT='write:in=%s' exec '%s'",
			lab_variable("CRASHINJECT_PRELOAD"), rows[i].function, lab_program("places_cxx"));

		result = LAB_COMMAND("sh", "-c", script);
		assert_status(128 + SIGKILL);
		lab_assert_file("data", rows[i].left);
	}
}
END_TEST

START_TEST(alone_the_shim_crashes_as_well)
{
	run_alone("CRASH_AT=write#2", "'open data wc' 'say hello' 'write 3 one' 'write 3 two' 'say no'");
	assert_status(128 + SIGKILL);
	ck_assert_str_eq(result.out, "hello\n");
	lab_assert_file("data", "one");
	run_alone("CRASH_AT=write#2:torn=1:exit=9", "'open data wct' 'write 3 one' 'write 3 two' 'say no'");
	assert_status(9);
	lab_assert_file("data", "onet");
	run_alone("CRASH_AT=write#2:abort", "'open data wct' 'write 3 one' 'write 3 two' 'say no'");
	assert_status(128 + SIGABRT);
	run_alone("CRASH_AT=fsync:err=EIO,write#2:short=1",
		  "'open data wct' 'write 3 one' 'write 3 two' 'fsync 3' 'say end'");
	assert_status(1);
	ck_assert_str_eq(result.out, "fsync: EIO\nend\n");
	lab_assert_file("data", "onet");
	run_alone("CRASH_AT=steps.fixed", "'open data wct' 'write 3 one' 'fixed-point' 'write 3 two'");
	assert_status(128 + SIGKILL);
	lab_assert_file("data", "one");
	run_alone("CRASH_AT=write CRASH_AFTER=1", "'open data wct' 'write 3 one' 'write 3 two'");
	assert_status(128 + SIGKILL);
	lab_assert_file("data", "one");
}
END_TEST

/* Counters are shared with what it forks, and the crash of one is the crash of all. */
START_TEST(alone_a_fork_counts_and_dies)
{
	run_alone("CRASH_AT=write#3",
		  "'open data wc' 'write 3 one' 'fork {' 'write 3 two' '}' 'write 3 three' 'say no'");
	assert_status(128 + SIGKILL);
	assert_empty(out);
	lab_assert_file("data", "onetwo");
	/* a child that crashes is seen by its parent, which does no more ops */
	run_alone("CRASH_AT=write#2",
		  "'open data wct' 'write 3 one' 'fork {' 'write 3 two' '}' 'write 3 three'");
	assert_status(128 + SIGKILL);
	lab_assert_file("data", "one");
}
END_TEST

START_TEST(alone_log_lines_go_to_stderr)
{
	run_alone("CRASH_AT=write#2+:log,steps.fixed:log",
		  "'open data wc' 'repeat 3 {' 'write 3 x' '}' 'fixed-point'");
	assert_status(0);
	ck_assert_str_eq(
		result.err,
		"crashinject: write#2 write\ncrashinject: write#3 write\ncrashinject: steps.fixed#1\n");
}
END_TEST

/* The program's own stdout is not storage, wherever it goes: its writes have the numbers that list shows. */
START_TEST(alone_stdout_is_the_outside)
{
	run_alone(
		"CRASH_AT=write#2",
		"'open data wc' 'say hello' 'write 3 one' 'say there' 'complain x' 'write 3 two' >out 2>err");
	assert_status(128 + SIGKILL);
	lab_assert_file("out", "hello\nthere\n");
	lab_assert_file("err", "x\n");
	lab_assert_file("data", "one");
}
END_TEST

START_TEST(alone_a_mistake_ends_the_program_before_it_begins)
{
	run_alone("CRASH_AT=wirte#3", "'open data wc'");
	assert_status(125);
	ck_assert_str_eq(
		result.err,
		"crashinject: CRASH_AT=wirte#3: column 1: there is no call or family \"wirte\"; did you "
		"mean write?\n");
	run_alone("CRASH_AT=write CRASH_AFTER=x", "'open data wc'");
	assert_status(125);
	ck_assert_str_eq(result.err, "crashinject: CRASH_AFTER=x: not a number\n");
	lab_assert_file("data", NULL);
	run_alone("CRASH_AT=write CRASH_AFTR=1", "'open data wc'");
	assert_status(0);
	ck_assert_str_eq(result.err,
			 "crashinject: unknown variable CRASH_AFTR=1; did you mean CRASH_AFTER?\n");
	/* without CRASH_AT it is not there */
	run_alone("CRASH_AFTR=1", "'open data wct' 'write 3 one'");
	assert_status(0);
	assert_empty(err);
	lab_assert_file("data", "one");
	run_alone("CRASH_AT=", "'open data wct' 'write 3 two'");
	assert_status(0);
	lab_assert_file("data", "two");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command line");
	TCase *tcase;

	tcase = lab_case(suite, "command", 60);
	tcase_add_test(tcase, without_arguments_it_says_what_it_can);
	tcase_add_test(tcase, each_command_has_help);
	tcase_add_loop_test(tcase, a_mistake_is_named_and_nothing_runs, 0,
			    sizeof mistakes / sizeof *mistakes);
	tcase_add_test(tcase, rules_that_do_not_parse_are_shown_with_a_caret);
	tcase_add_test(tcase, a_point_that_the_program_lacks_is_refused);
	tcase_add_test(tcase, unknown_variables_are_warned_about);

	tcase = lab_case(suite, "run", 60);
	tcase_add_test(tcase, without_rules_the_status_is_the_programs);
	tcase_add_test(tcase, status_0_is_a_crash_as_asked);
	tcase_add_test(tcase, status_1_is_a_point_that_was_not_reached);
	tcase_add_test(tcase, a_death_by_chance_says_how_to_have_it_again);
	tcase_add_test(tcase, repeat_ends_where_the_program_fails);
	tcase_add_test(tcase, status_124_is_a_timeout);
	tcase_add_test(tcase, status_126_and_127_are_as_env_has_them);
	tcase_add_test(tcase, log_lines_go_to_stderr);
	tcase_add_test(tcase, frames_have_names_only_where_somebody_sees_them);
	tcase_add_test(tcase, root_narrows_what_counts);
	tcase_add_test(tcase, dir_is_where_the_program_works);

	tcase = lab_case(suite, "run --json", 60);
	tcase_add_test(tcase, the_result_of_a_crash_is_one_object);
	tcase_add_test(tcase, no_source_of_the_c_library_is_looked_for);
	tcase_add_loop_test(tcase, debug_information_beside_a_program_is_found, 0, 3);
	tcase_add_test(tcase, the_result_of_any_other_end_is_one_object_too);
	tcase_add_test(tcase, json_may_go_to_a_file);
	tcase_add_test(tcase, names_that_are_no_text_are_still_told);
	tcase_add_test(tcase, names_do_not_break_lines);
	tcase_add_loop_test(tcase, names_say_nothing_to_the_terminal, 0, 5);

	tcase = lab_case(suite, "list", 60);
	tcase_add_test(tcase, a_listing_is_one_object_an_op);
	tcase_add_test(tcase, a_listing_is_a_table_with_a_summary);
	tcase_add_test(tcase, a_static_program_has_names);
	tcase_add_loop_test(tcase, other_languages_have_names, 0, sizeof languages / sizeof *languages);
	tcase_add_test(tcase, list_has_statuses_of_its_own);
	tcase_add_test(tcase, every_point_that_list_shows_can_be_crashed_at);
	tcase_add_test(tcase, points_are_listed_without_running_the_program);
	tcase_add_test(tcase, every_call_is_listed);

	tcase = lab_case(suite, "models", 60);
	tcase_add_test(tcase, a_model_is_explained_by_its_rules_when_asked);
	tcase_add_test(tcase, rules_of_a_model_are_in_its_object_when_asked);

	tcase = lab_case(suite, "alone", 60);
	tcase_add_test(tcase, alone_the_shim_crashes_as_well);
	tcase_add_test(tcase, alone_the_shim_knows_exported_functions);
	tcase_add_test(tcase, alone_a_fork_counts_and_dies);
	tcase_add_test(tcase, alone_log_lines_go_to_stderr);
	tcase_add_test(tcase, alone_stdout_is_the_outside);
	tcase_add_test(tcase, alone_a_mistake_ends_the_program_before_it_begins);
	return lab_run(suite);
}
