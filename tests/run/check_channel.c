/* SPDX-License-Identifier: MIT */
/*
 * check_channel.c - points, acknowledgements and notes that a program writes to CRASH_FD.
 *
 * Method: tests/programs/lines writes them in all ways, with the shim and, as a static program, without it.
 * The data that it has written beside shows that it was held at the point, and that nothing else happened to
 * it. Other languages are those of the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/lab.h"

#define INCOMPLETE 3

static const char *const programs[] = {"lines", "lines_static"};

#define PROGRAMS 2

/* By the shell, so that words can be quoted. */
static struct lab_result crashinject(const char *command, const char *program)
{
	const char *script = lab_text("exec %s %s -- %s", lab_variable("CRASHINJECT"), command, program);

	return LAB_COMMAND("/bin/sh", "-c", script);
}

static const char *lines(int which, const char *words)
{
	return lab_text("%s %s", lab_program(programs[which]), words);
}

static const char *reason(const struct lab_result *result)
{
	const char *at = strstr(result->err, "channel-");

	return at ? lab_text("%.*s", (int)strcspn(at, ":"), at) : "none";
}

/* ------------------------------------------------------------------ points */

/* How the line gets there. */
static const char *const ways[] = {
	"",
	"@syscall",
	"@writev",
	"@stdio",
	"@dup",
	"@path",
	"@proc",
	"@close",
	"@closefrom",
	"@fork",
	"@thread",
	"@exec",
	"@fork @exec @thread",
	"@closefrom @exec",
	"@close @syscall",
	"@close @fork @writev",
	"@closefrom @path",
};

#define WAYS (int)(sizeof ways / sizeof *ways)

START_TEST(the_program_is_held_at_a_point_however_it_says_so)
{
	const char *words = lab_text("+a %s 'point wal.mid' +b 'point wal.mid' +c", ways[_i / PROGRAMS]);
	const char *program = lines(_i % PROGRAMS, words);
	struct lab_result result = crashinject("run --at wal.mid#2", program);

	lab_assert_status(&result, 0);
	lab_assert_file("data", "ab");
	ck_assert_msg(strstr(result.err, "killed at wal.mid#2"), "%s", lab_describe(&result));
	/* together with ops, one sequence */
	ck_assert_int_eq(unlink("data"), 0);
	result = crashinject("run --at 'wal.*:log,write#2'", program);
	lab_assert_status(&result, 0);
	lab_assert_file("data", "a");
	ck_assert_msg(strstr(result.err, "wal.mid#1"), "%s", lab_describe(&result));
}
END_TEST

START_TEST(a_run_to_the_end_is_what_it_is_without)
{
	const char *words =
		lab_text("+a @fault %s 'point wal.mid' 'ack one' 'note k some value' 'point wal.end' +b",
			 ways[_i / PROGRAMS]);
	struct lab_result result;
	struct lab_listing listing;

	result = LAB_COMMAND("/bin/sh", "-c", lines(_i % PROGRAMS, "+a 'point wal.mid' +b"));
	lab_assert_status(&result, 0); /* nothing is written where there is no variable */
	lab_assert_file("data", "ab");
	ck_assert_int_eq(unlink("data"), 0);
	listing = lab_list((const char *const[]){"--root", ".", NULL},
			   (const char *const[]){"/bin/sh", "-c", lines(_i % PROGRAMS, words), NULL});
	lab_assert_status(&listing.result, 0);
	lab_assert_file("data", "ab");
	ck_assert_msg(strstr(listing.result.out, "\"note\":\"k\",\"value\":\"some value\""), "%s",
		      lab_describe(&listing.result));
	ck_assert_msg(strstr(listing.result.out, "\"point\":\"wal.mid#1\"") &&
			      strstr(listing.result.out, "\"point\":\"wal.end#1\""),
		      "%s", lab_describe(&listing.result));
	ck_assert_int_eq(
		json_integer_value(json_object_get(json_object_get(listing.summary, "families"), "write")),
		2);
}
END_TEST

START_TEST(a_misspelt_name_gets_the_one_that_was_passed)
{
	struct lab_result result =
		crashinject("run --at wal.mdi", lines(_i, "+a 'point wal.mid' 'point wal.end'"));

	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.err, "wal.mdi was not reached") &&
			      strstr(result.err, "did you mean wal.mid?"),
		      "%s", lab_describe(&result));
	setenv("CRASH_AFTER", "1", 1);
	result = crashinject("run --at wal.mid", lines(_i, "+b 'point wal.mid' +c 'point wal.mid' +d"));
	unsetenv("CRASH_AFTER");
	lab_assert_status(&result, 0);
	lab_assert_file("data", "abc");
}
END_TEST

START_TEST(a_rule_acts_on_points_as_on_any_other)
{
	const char *words = "+a 'point p' +b";
	struct lab_result result = crashinject("run --at p:exit=7", lines(_i, words));

	lab_assert_status(&result, 0);
	lab_assert_file("data", "a");
	result = crashinject("run --at p:delay=1ms", lines(_i, words));
	lab_assert_status(&result, 0);
	lab_assert_file("data", "aab");
	result = crashinject("run --at p:sig=TERM", lines(_i, words));
	lab_assert_status(&result, 128 + 15);
	lab_assert_file("data", "aaba");
	result = crashinject("run --at p:in=say", lines(_i, words));
	lab_assert_status(&result, 0);
	lab_assert_file("data", "aabaa");
	result = crashinject("run --at p:child=1", lines(_i, "'point p' +c @fork 'point p' +d"));
	lab_assert_status(&result, 0);
	lab_assert_file("data", "aabaac");
}
END_TEST

/* ------------------------------------------------------------------ acknowledgements */

START_TEST(what_is_acknowledged_has_to_be_there)
{
	struct lab_result result;

	ck_assert_int_eq(mkdir("store", 0755), 0);
	result = crashinject("explore --root store --model=posix --jobs=1 --check '! grep -qx one "
			     "$CRASH_ACKED || test -s data'",
			     lab_text("sh -c 'cd store; %s'", lines(_i, "+one \"ack one\"")));
	lab_assert_status(&result, 1);
	result = crashinject(
		"explore --root store --model=posix --jobs=1 --check '! grep -qx two "
		"$CRASH_ACKED_DIR/points || grep -q two data'",
		lab_text("sh -c 'cd store; %s'", lines(_i, "+one \"ack one\" @closefrom \"ack two\" +two")));
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "acknowledging"), "%s", lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what goes wrong */

START_TEST(a_line_that_is_none_makes_the_run_incomplete)
{
	static const struct {
		const char *words, *complaint;
	} rows[] = {
		{"'poin wal.mid'", "(poin wal.mid: it begins with none of these words)"},
		{"'point '", "(point : this is no name for a point)"},
		{"'point write'", "(point write: this is no name for a point)"},
		{"'point a b'", "(point a b: this is no name for a point)"},
		{"'note k'", "(note k: a note has a key and a value)"},
		{"@parts 'point wal.mid'", "(point w: it does not end with a newline)"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *words = lab_text("+a %s +b", rows[i].words);
		struct lab_result result = crashinject("list --root .", lines(_i, words));

		lab_assert_status(&result, INCOMPLETE);
		lab_assert_file("data", "ab");
		ck_assert_str_eq(reason(&result), "channel-line");
		ck_assert_msg(strstr(result.err, rows[i].complaint), "%s", lab_describe(&result));
		ck_assert_int_eq(unlink("data"), 0);
		result = crashinject("run --at wal.mid", lines(_i, words));
		lab_assert_status(&result, INCOMPLETE);
		ck_assert_int_eq(unlink("data"), 0);
	}
}
END_TEST

START_TEST(what_goes_elsewhere_is_said_to_be_lost)
{
	struct lab_result result = crashinject("list --root .", lines(_i, "+a @other 'point wal.mid' +b"));

	lab_assert_status(&result, INCOMPLETE);
	ck_assert_str_eq(reason(&result), "channel-lost");
	lab_assert_file("other", "point wal.mid\n"); /* as without us */
	lab_assert_file("data", "ab");
}
END_TEST

START_TEST(what_nobody_sees_is_said_to_be_lost)
{
	struct lab_result result =
		crashinject("list --root . --no-supervisor", lines(1, "+a 'point wal.mid' +b"));

	lab_assert_status(&result, INCOMPLETE);
	ck_assert_str_eq(reason(&result), "channel-lost");
	lab_assert_file("data", "ab");
	ck_assert_int_eq(unlink("data"), 0);
	result = crashinject("run --no-supervisor --at wal.mid", lines(0, "+a 'point wal.mid' +b"));
	lab_assert_status(&result, 0);
	lab_assert_file("data", "a");
}
END_TEST

/* What came by a way that is no line, and is gone at the end; or what may have come into another file. */
static const char *const loses[] = {
	"echo 'point wal.mid' >line; exec %s 'open line r' \"open $CRASH_FD_PATH w\" 'sendfile 4 3 100' "
	"\"open $CRASH_FD_PATH wt\"",
	"echo 'point wal.mid' >line; exec %s 'open line r' \"open $CRASH_FD_PATH w\" 'sendfile 4 3 100' "
	"'ftruncate 4 0'",
	"echo 'point wal.mid' >new; mv new \"$CRASH_FD_PATH\"; true %s",
	"rm \"$CRASH_FD_PATH\"; true %s",
};

START_TEST(what_is_cut_away_is_said_to_be_lost)
{
	const char *command = lab_text(loses[_i / 2], lab_program(_i % 2 ? "steps_static" : "steps"));
	struct lab_result result = LAB_CRASHINJECT("run", "--root", ".", "--at", "wal.mid,write@nothing",
						   "--", "sh", "-c", command);

	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(strcmp(reason(&result), "channel-lost") == 0, "%s", lab_describe(&result));
}
END_TEST

/* To cut what is empty loses nothing, and what is put beside it goes with it. */
START_TEST(nothing_is_left_where_it_was)
{
	char *beside;
	struct lab_result result = LAB_CRASHINJECT(
		"run", "--at", "wal.mid", "--", "sh", "-c",
		": >\"$CRASH_FD_PATH\"; echo x >\"$CRASH_FD_PATH.beside\"; mkdir \"$CRASH_FD_PATH.d\"; "
		"echo \"$CRASH_FD_PATH.beside\"; echo point wal.mid >\"$CRASH_FD_PATH\"");

	lab_assert_status(&result, 0);
	beside = lab_text("%.*s", (int)strcspn(result.out, "\n"), result.out);
	ck_assert_ptr_nonnull(strstr(beside, "channel.beside"));
	ck_assert_int_eq(access(beside, F_OK), -1);
	*strrchr(beside, '/') = '\0';
	ck_assert_int_eq(access(beside, F_OK), -1);
}
END_TEST

/* The work is the client's. */
START_TEST(a_client_has_the_channel)
{
	const char *command =
		lab_text("run --at kept#2 --ready 'test -p fifo' --client '%s \"point kept\" +a "
			 "\"point kept\" +b'",
			 lab_program(programs[_i]));
	struct lab_result result = crashinject(command, "sh -c 'mkfifo fifo; read x <>fifo'");

	lab_assert_status(&result, 0);
	lab_assert_file("data", "a");
}
END_TEST

/* ------------------------------------------------------------------ the number */

static void expect_number(int soft, int hard, const char *expected)
{
	const char *script = lab_text("ulimit -Sn %d; ulimit -Hn %d; exec %s run --at none -- "
				      "sh -c 'echo $CRASH_FD $(ulimit -Sn) $(ulimit -Hn)'",
				      soft, hard, lab_variable("CRASHINJECT"));
	struct lab_result result = LAB_COMMAND("/bin/sh", "-c", script);

	lab_assert_status(&result, 1); /* not reached */
	ck_assert_str_eq(result.out, expected);
}

START_TEST(the_number_is_beyond_what_a_program_gets)
{
	expect_number(1024, 2048, "1024 1024 2048\n");
	expect_number(256, 2048, "256 256 2048\n");
	expect_number(256, 256, "255 256 256\n");
	expect_number(2048, 2048, "1024 2048 2048\n");
}
END_TEST

/* ------------------------------------------------------------------ other languages */

static const struct {
	const char *needs, *file, *text, *build, *run;
} languages[] = {
	{"sh", "p.sh",
	 "printf a >>data; echo 'point wal.mid' >>/proc/self/fd/$CRASH_FD; printf b >>data\n"
	 "echo 'point wal.mid' >>$CRASH_FD_PATH; printf c >>data\n",
	 "", "sh ./p.sh"},
	{"bash", "p.bash",
	 "printf a >>data; echo 'point wal.mid' >&$CRASH_FD; printf b >>data\n"
	 "printf 'point %s\\n' wal.mid >&$CRASH_FD; printf c >>data\n",
	 "", "bash ./p.bash"},
	{"python3", "p.py",
	 "import os, subprocess\n"
	 "n = int(os.environ['CRASH_FD'])\n"
	 "f = os.open('data', os.O_WRONLY | os.O_CREAT, 0o644)\n"
	 "os.write(f, b'a'); os.write(n, b'point wal.mid\\n'); os.write(f, b'b')\n"
	 "subprocess.run(['python3', '-c', 'import os; os.write(' + str(n) + ', b\"point wal.mid\\\\n\")'])\n"
	 "os.write(f, b'c')\n",
	 "", "python3 ./p.py"},
	{"perl", "p.pl",
	 "open(F, '>', 'data'); syswrite(F, 'a'); open(C, '>&=', $ENV{CRASH_FD});\n"
	 "syswrite(C, \"point wal.mid\\n\"); syswrite(F, 'b'); syswrite(C, \"point wal.mid\\n\"); "
	 "syswrite(F, 'c');\n",
	 "", "perl ./p.pl"},
	{"go", "p.go",
	 "package main\n"
	 "import (\"os\"; \"os/exec\"; \"strconv\"; \"syscall\")\n"
	 "func main() {\n"
	 "n, _ := strconv.Atoi(os.Getenv(\"CRASH_FD\"))\n"
	 "if len(os.Args) > 1 { syscall.Write(n, []byte(\"point wal.mid\\n\")); return }\n"
	 "f, _ := os.Create(\"data\")\n"
	 "f.Write([]byte(\"a\")); syscall.Write(n, []byte(\"point wal.mid\\n\")); f.Write([]byte(\"b\"))\n"
	 "exec.Command(\"/proc/self/exe\", \"x\").Run()\n"
	 "f.Write([]byte(\"c\"))\n"
	 "}\n",
	 "GOCACHE=$PWD/cache GOFLAGS=-mod=mod CGO_ENABLED=0 go build -o p p.go", "./p"},
	{"node", "p.js",
	 "const fs = require('fs'), n = Number(process.env.CRASH_FD), f = fs.openSync('data', 'w');\n"
	 "fs.writeSync(f, 'a'); fs.writeSync(n, 'point wal.mid\\n'); fs.writeSync(f, 'b');\n"
	 "require('child_process').execFileSync('sh', ['-c', 'echo point wal.mid >>$CRASH_FD_PATH']);\n"
	 "fs.writeSync(f, 'c');\n",
	 "", "node ./p.js"},
};

#define LANGUAGES (int)(sizeof languages / sizeof *languages)

START_TEST(other_languages_need_nothing_but_a_write)
{
	const char *needs = languages[_i].needs;
	struct lab_result result = LAB_COMMAND("/bin/sh", "-c", lab_text("command -v %s", needs));

	if (result.status != 0)
		LAB_SKIP("there is no %s", needs);
	lab_write(languages[_i].file, languages[_i].text, strlen(languages[_i].text));
	result = LAB_COMMAND("/bin/sh", "-c", lab_text(": ; %s", languages[_i].build));
	lab_assert_status(&result, 0);
	result = crashinject("run --timeout 60s --at wal.mid", languages[_i].run);
	lab_assert_status(&result, 0);
	lab_assert_file("data", "a");
	ck_assert_int_eq(unlink("data"), 0);
	result = crashinject("run --timeout 60s --at wal.mid#2", languages[_i].run);
	lab_assert_status(&result, 0);
	lab_assert_file("data", "ab");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("channel");
	TCase *points = lab_case(suite, "points", 60), *acks = lab_case(suite, "acks", 60);
	TCase *wrong = lab_case(suite, "wrong", 60), *others = lab_case(suite, "languages", 120);

	tcase_add_loop_test(points, the_program_is_held_at_a_point_however_it_says_so, 0, WAYS * PROGRAMS);
	tcase_add_loop_test(points, a_run_to_the_end_is_what_it_is_without, 0, WAYS * PROGRAMS);
	tcase_add_loop_test(points, a_misspelt_name_gets_the_one_that_was_passed, 0, PROGRAMS);
	tcase_add_loop_test(points, a_rule_acts_on_points_as_on_any_other, 0, PROGRAMS);
	tcase_add_test(points, the_number_is_beyond_what_a_program_gets);
	tcase_add_loop_test(acks, what_is_acknowledged_has_to_be_there, 0, PROGRAMS);
	tcase_add_loop_test(wrong, a_line_that_is_none_makes_the_run_incomplete, 0, PROGRAMS);
	tcase_add_loop_test(wrong, what_goes_elsewhere_is_said_to_be_lost, 0, PROGRAMS);
	tcase_add_test(wrong, what_nobody_sees_is_said_to_be_lost);
	tcase_add_loop_test(points, what_is_cut_away_is_said_to_be_lost, 0, 2 * sizeof loses / sizeof *loses);
	tcase_add_test(points, nothing_is_left_where_it_was);
	tcase_add_loop_test(points, a_client_has_the_channel, 0, PROGRAMS);
	tcase_add_loop_test(others, other_languages_need_nothing_but_a_write, 0, LANGUAGES);
	return lab_run(suite);
}
