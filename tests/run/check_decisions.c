/* SPDX-License-Identifier: MIT */
/*
 * check_decisions.c - what a rule does to an op is the same whichever way the op is seen.
 *
 * Method: tests/programs/by_route does what its arguments say by the route that it is told. Tables have
 * rules, a program, and what comes of them: where the crash is, how the program ends, what it has said (its
 * results), what is in the directory, how many ops of each family were counted, and what is logged. Each row
 * is run by all routes: those that the shim takes (libc's functions, the calls inside libc, syscall(2)) and
 * those that only the supervisor sees (an instruction of the program's own, static programs). What cannot be
 * the same from outside stands in a column of its own.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ------------------------------------------------------------------ routes */

static const struct route {
	const char *program, *name;
	const char *seen; /* as list has it */
} routes[] = {
	{"by_route", "symbol", "symbol"},	 {"by_route", "libc", "libc"},
	{"by_route", "syscall", "symbol"},	 {"by_route", "inline", "kernel"},
	{"by_route_static", "symbol", "kernel"}, {"by_route_static", "libc", "kernel"},
	{"by_route_static", "inline", "kernel"},
};

#define ROUTES (sizeof routes / sizeof *routes)

static bool by_stdio(const struct route *route)
{
	return strcmp(route->name, "libc") == 0;
}

static bool from_outside(const struct route *route)
{
	return strcmp(route->seen, "kernel") == 0;
}

/* ------------------------------------------------------------------ rows */

struct row {
	const char *rules;
	const char *steps[10];
	const char *crash;	  /* NULL: the program ends without one */
	const char *ends;	  /* "exit 0", "signal 9" */
	const char *says, *files; /* what is in stdout, and in the directory */
	const char *passed;	  /* as the result has it */
	const char *log;	  /* lines, each with a bar behind it; NULL: none */
	int written;		  /* before the crash; -1: at no write */
	/* the same where the supervisor acts, if it is another: "signal" for any */
	const char *ends_outside, *says_outside;
	bool not_by_stdio;  /* which makes other calls */
	const char *reason; /* why the result is not complete: rows of what only the supervisor cannot do */
};

static struct crash_out out;

/* The directory's files and what is in them, by name. */
static const char *files(void)
{
	struct dirent **entries;
	int count = scandir("d", &entries, NULL, alphasort);
	char *text = lab_text("%s", "");

	for (int i = 0; i < count; i++)
		if (entries[i]->d_name[0] != '.')
			text = lab_text("%s%s%s=%s", text, *text ? " " : "", entries[i]->d_name,
					lab_read(lab_text("d/%s", entries[i]->d_name), NULL));
	return text;
}

static const char *ended(void)
{
	if (out.timed_out)
		return "timeout";
	return out.signal ? lab_text("signal %d", out.signal) : lab_text("exit %d", out.exit_code);
}

/* The log, with files relative to the test's directory. */
static const char *logged(void)
{
	const char *directory = lab_text("%s/d/", lab_dir);
	char *text = lab_text("%s", "");

	for (char *const *line = out.log; line && *line; line++) {
		const char *at = strstr(*line, directory);

		text = at ? lab_text("%s%.*s%s|", text, (int)(at - *line), *line, at + strlen(directory)) :
			    lab_text("%s%s|", text, *line);
	}
	return text;
}

static const char *reason(void)
{
	return out.complete ? "" : out.incomplete_reasons[0];
}

static void assert_same(const struct row *row, const struct route *route, const char *what, const char *is,
			const char *expected)
{
	ck_assert_msg(strcmp(is, expected) == 0, "%s by %s of %s: %s \"%s\", not \"%s\"", row->rules,
		      route->name, route->program, what, is, expected);
}

static void run_row(const struct row *row, const struct route *route)
{
	const char *args[12] = {route->name};
	struct crash_opts opts = {.program = lab_program(route->program), .args = args, .dir = "d"};
	bool outside = from_outside(route);
	const char *ends = outside && row->ends_outside ? row->ends_outside : row->ends;
	const char *says = outside && row->says_outside ? row->says_outside : row->says;

	for (int i = 0; row->steps[i]; i++)
		args[i + 1] = row->steps[i];
	lab_remove("d");
	ck_assert_int_eq(mkdir("d", 0755), 0);
	ck_assert_crash_run(row->rules, &opts, &out);
	assert_same(row, route, "the crash is at", out.point ? out.point : "(none)",
		    row->crash ? row->crash : "(none)");
	assert_same(row, route, "it ends with",
		    strcmp(ends, "signal") ? ended() :
		    out.signal		   ? ends :
					     "exit",
		    ends);
	assert_same(row, route, "it says", out.stdout_data, says);
	assert_same(row, route, "the files are", files(), row->files);
	assert_same(row, route, "it passed", out.passed, row->passed);
	assert_same(row, route, "the log is", logged(), row->log ? row->log : "");
	if (row->crash)
		assert_same(row, route, "bytes written:", lab_text("%lld", (long long)out.written),
			    lab_text("%d", row->written));
	assert_same(row, route, "it is incomplete because", reason(), row->reason ? row->reason : "");
	crash_out_clear(&out);
}

/* Every row by every route: test number _i is one of both. */
static void run_table(const struct row *table, int i)
{
	const struct row *row = &table[i / (int)ROUTES];
	const struct route *route = &routes[i % (int)ROUTES];

	if ((row->not_by_stdio && by_stdio(route)) || (row->reason && !from_outside(route)))
		return;
	run_row(row, route);
}

#define TIMES(table) (int)(sizeof(table) / sizeof *(table)*ROUTES)

START_TEST(a_route_is_the_one_that_it_says)
{
	const struct route *route = &routes[_i];
	struct lab_listing listing = lab_list((const char *const[]){"--dir", ".", NULL},
					      (const char *const[]){lab_program(route->program), route->name,
								    "open data ct", "write 3 abc", NULL});

	ck_assert_uint_eq(json_array_size(listing.ops), 2);
	ck_assert_str_eq(lab_json_text(json_array_get(listing.ops, 1), "point"), "write#1");
	ck_assert_str_eq(lab_json_text(json_array_get(listing.ops, 1), "route"), route->seen);
}
END_TEST

/* ------------------------------------------------------------------ moments */

#define TWO_WRITES                                                                                           \
	{                                                                                                    \
		"open data ct", "write 3 abcdefgh", "write 3 ijklmnop", "fsync 3"                            \
	}
#define SAID_ALL "open 3\nwrite 8\nwrite 8\nfsync 0\n"

static const struct row moments[] = {
	{"write#2", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefgh",
	 "2 write, 1 open"},
	{"write#2:after", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefghijklmnop",
	 "2 write, 1 open", .written = 8},
	{"write#2:torn=3", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefghijk",
	 "2 write, 1 open", .written = 3},
	{"write#2:torn=0", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefgh",
	 "2 write, 1 open"},
	{"write#2:torn=99%", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefghijklmno",
	 "2 write, 1 open", .written = 7},
	{"write#2:torn=1k", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefghijklmnop",
	 "2 write, 1 open", .written = 8},
	/* what has no halves is crashed before */
	{"io#4:torn=3", TWO_WRITES, "fsync#1", "signal 9", "open 3\nwrite 8\nwrite 8\n",
	 "data=abcdefghijklmnop", "2 write, 1 fsync, 1 open", .written = -1},
	{"io#1:torn=50%", TWO_WRITES, "open#1", "signal 9", "", "", "1 open", .written = -1},
	{"io#3:torn=50%", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefghijkl",
	 "2 write, 1 open", .written = 4},
	{"fsync", TWO_WRITES, "fsync#1", "signal 9", "open 3\nwrite 8\nwrite 8\n", "data=abcdefghijklmnop",
	 "2 write, 1 fsync, 1 open", .written = -1},
	{"open:after", TWO_WRITES, "open#1", "signal 9", "", "data=", "1 open", .written = -1},
	{"rename:after",
	 {"open data ct", "rename data b"},
	 "rename#1",
	 "signal 9",
	 "open 3\n",
	 "b=",
	 "1 open, 1 rename",
	 .written = -1},
	{"rename",
	 {"open data ct", "rename data b"},
	 "rename#1",
	 "signal 9",
	 "open 3\n",
	 "data=",
	 "1 open, 1 rename",
	 .written = -1},
	{"truncate:after",
	 {"open data ct", "write 3 abc", "truncate 3 1"},
	 "truncate#1",
	 "signal 9",
	 "open 3\nwrite 3\n",
	 "data=a",
	 "1 write, 1 open, 1 truncate",
	 .written = -1},
	/* from outside nobody can be made to exit or abort in its place: it is killed there */
	{"write#2:exit=7", TWO_WRITES, "write#2", "exit 7", "open 3\nwrite 8\n", "data=abcdefgh",
	 "2 write, 1 open", .ends_outside = "signal"},
	{"write#2:torn=3:exit=0", TWO_WRITES, "write#2", "exit 0", "open 3\nwrite 8\n", "data=abcdefghijk",
	 "2 write, 1 open", .written = 3, .ends_outside = "signal"},
	{"write#2:abort", TWO_WRITES, "write#2", "signal 6", "open 3\nwrite 8\n", "data=abcdefgh",
	 "2 write, 1 open", .ends_outside = "signal"},
	{"write#2:after:abort", TWO_WRITES, "write#2", "signal 6", "open 3\nwrite 8\n",
	 "data=abcdefghijklmnop", "2 write, 1 open", .written = 8, .ends_outside = "signal"},
	/* which time */
	{"write#2..9", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefgh",
	 "2 write, 1 open"},
	{"write#3", TWO_WRITES, NULL, "exit 0", SAID_ALL, "data=abcdefghijklmnop",
	 "2 write, 1 fsync, 1 open"},
	{"write@*/b,io@*/data#3", TWO_WRITES, "write#2", "signal 9", "open 3\nwrite 8\n", "data=abcdefgh",
	 "2 write, 1 open"},
	/* for whom */
	{"write#1:child=1",
	 {"open data ct", "write 3 abc", "fork {", "write 3 de", "}", "write 3 f"},
	 "write#2",
	 "signal 9",
	 "open 3\nwrite 3\n",
	 "data=abc",
	 "2 write, 1 open"},
	{"write#2:self",
	 {"open data ct", "write 3 abc", "fork {", "write 3 de", "}", "write 3 f"},
	 "write#2",
	 "exit 0",
	 "open 3\nwrite 3\nchild: signal 9\nwrite 1\n",
	 "data=abcf",
	 "3 write, 1 open"},
	{"write#2:torn=1:self",
	 {"open data ct", "write 3 abc", "fork {", "write 3 de", "}", "write 3 f"},
	 "write#2",
	 "exit 0",
	 "open 3\nwrite 3\nchild: signal 9\nwrite 1\n",
	 "data=abcdf",
	 "3 write, 1 open",
	 .written = 1},
	{"write#2:self:exit=5",
	 {"open data ct", "write 3 abc", "fork {", "write 3 de", "}", "write 3 f"},
	 "write#2",
	 "exit 0",
	 "open 3\nwrite 3\nchild: exit 5\nwrite 1\n",
	 "data=abcf",
	 "3 write, 1 open",
	 .says_outside = "open 3\nwrite 3\nchild: signal 9\nwrite 1\n"},
};

START_TEST(a_moment_is_the_same_by_every_route)
{
	run_table(moments, _i);
}
END_TEST

/* ------------------------------------------------------------------ calls that are not made, or in part */

#define FOUR_WRITES                                                                                          \
	{                                                                                                    \
		"open data ct", "write 3 abc", "write 3 def", "write 3 ghi", "write 3 jkl"                   \
	}

static const struct row calls[] = {
	{"write#2:err=ENOSPC", FOUR_WRITES, NULL, "exit 0",
	 "open 3\nwrite 3\nwrite ENOSPC\nwrite 3\nwrite 3\n", "data=abcghijkl", "4 write, 1 open"},
	{"write#3+:err=EIO", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\nwrite EIO\nwrite EIO\n",
	 "data=abcdef", "4 write, 1 open"},
	{"write#1+2:err=EIO", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite EIO\nwrite 3\nwrite EIO\nwrite 3\n",
	 "data=defjkl", "4 write, 1 open"},
	{"open:err=EMFILE",
	 {"open data ct", "open b ct", "write 3 abc"},
	 NULL,
	 "exit 0",
	 "open EMFILE\nopen 3\nwrite 3\n",
	 "b=abc",
	 "1 write, 2 open"},
	/* nobody can tell from the result that a sync was not made */
	{"fsync#*:skip,fsync#*:log",
	 {"open data ct", "write 3 abc", "fsync 3", "fsync 3"},
	 NULL,
	 "exit 0",
	 "open 3\nwrite 3\nfsync 0\nfsync 0\n",
	 "data=abc",
	 "1 write, 2 fsync, 1 open",
	 "fsync#1 (fsync) on data|fsync#2 (fsync) on data|"},
	{"fsync#*:err=EIO,rename:err=EROFS,truncate:err=EDQUOT",
	 {"open data ct", "write 3 abc", "fsync 3", "rename data b", "truncate 3 1", "fsync 3"},
	 NULL,
	 "exit 0",
	 "open 3\nwrite 3\nfsync EIO\nrename EROFS\ntruncate EDQUOT\nfsync EIO\n",
	 "data=abc",
	 "1 write, 2 fsync, 1 open, 1 rename, 1 truncate"},
	/* stdio writes the rest itself */
	{"write#2:short=2", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 2\nwrite 3\nwrite 3\n",
	 "data=abcdeghijkl", "4 write, 1 open", .not_by_stdio = true},
	{"write#2:short=0", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 0\nwrite 3\nwrite 3\n",
	 "data=abcghijkl", "4 write, 1 open", .not_by_stdio = true},
	{"write#2:short=1k", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\nwrite 3\nwrite 3\n",
	 "data=abcdefghijkl", "4 write, 1 open"},
	{"pwritev2:short=2",
	 {"open data ct", "pwritev2 3 none abcd", "pwritev2 3 none ef"},
	 NULL,
	 "exit 0",
	 "open 3\npwritev2 2\npwritev2 2\n",
	 "data=abef",
	 "2 write, 1 open"},
	{"io#3:short=1", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 1\nwrite 3\nwrite 3\n",
	 "data=abcdghijkl", "4 write, 1 open", .not_by_stdio = true},
	/* what has no parts is made whole */
	{"io#1:short=1", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\nwrite 3\nwrite 3\n",
	 "data=abcdefghijkl", "4 write, 1 open"},
	/* what is mentioned is mentioned with its end */
	{"write#2..3:log", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\nwrite 3\nwrite 3\n",
	 "data=abcdefghijkl", "4 write, 1 open",
	 "write#2 (write) on data, offset 3, 3 bytes|write#3 (write) on data, offset 6, 3 bytes|"},
	{"write#2:after:log", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\nwrite 3\nwrite 3\n",
	 "data=abcdefghijkl", "4 write, 1 open", "write#2 (write) on data, offset 3, 3 bytes|"},
	{"write#2:err=EIO,write#2:log", FOUR_WRITES, NULL, "exit 0",
	 "open 3\nwrite 3\nwrite EIO\nwrite 3\nwrite 3\n", "data=abcghijkl", "4 write, 1 open",
	 "write#2 (write) on data, 0 bytes, failed: EIO|"},
	{"write#2:log,write#2:short=1", FOUR_WRITES, NULL, "exit 0",
	 "open 3\nwrite 3\nwrite 1\nwrite 3\nwrite 3\n", "data=abcdghijkl", "4 write, 1 open",
	 "write#2 (write) on data, offset 3, 1 bytes|", .not_by_stdio = true},
	{"write#2:delay=1ms,write#3:after:delay=1ms", FOUR_WRITES, NULL, "exit 0",
	 "open 3\nwrite 3\nwrite 3\nwrite 3\nwrite 3\n", "data=abcdefghijkl", "4 write, 1 open"},
	/* signals */
	{"write#1:sig=USR1",
	 {"catch 10", "open data ct", "write 3 abc", "write 3 def"},
	 NULL,
	 "exit 0",
	 "open 3\nsignal 10\nwrite 3\nwrite 3\n",
	 "data=abcdef",
	 "2 write, 1 open"},
	{"write#1:after:sig=USR1",
	 {"catch 10", "open data ct", "write 3 abc", "write 3 def"},
	 NULL,
	 "exit 0",
	 "open 3\nsignal 10\nwrite 3\nwrite 3\n",
	 "data=abcdef",
	 "2 write, 1 open"},
	{"write#2:sig=TERM", FOUR_WRITES, NULL, "signal 15", "open 3\nwrite 3\n", "data=abc",
	 "2 write, 1 open"},
	{"write#2:after:sig=TERM", FOUR_WRITES, NULL, "signal 15", "open 3\nwrite 3\n", "data=abcdef",
	 "2 write, 1 open"},
	{"write#2:sig=CHLD", FOUR_WRITES, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\nwrite 3\nwrite 3\n",
	 "data=abcdefghijkl", "4 write, 1 open"},
};

START_TEST(a_call_is_made_as_a_rule_wants_it_by_every_route)
{
	run_table(calls, _i);
}
END_TEST

/* ------------------------------------------------------------------ writes that sync */

#define SYNCED                                                                                               \
	{                                                                                                    \
		"open data cts", "write 3 abc", "write 3 def"                                                \
	}
#define SYNCED_BY_FLAG                                                                                       \
	{                                                                                                    \
		"open data ct", "pwritev2 3 none abc", "pwritev2 3 dsync def", "pwritev2 3 sync ghi"         \
	}

static const struct row syncs[] = {
	/* a write with O_SYNC is two ops; between them the data is in the page cache */
	{"fsync", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc", "1 write, 1 fsync, 1 open",
	 .written = -1},
	{"fsync#2:after", SYNCED, "fsync#2", "signal 9", "open 3\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open", .written = -1},
	{"io#3", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc", "1 write, 1 fsync, 1 open",
	 .written = -1},
	{"io#3:torn=1", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc", "1 write, 1 fsync, 1 open",
	 .written = -1},
	{"io#4", SYNCED, "write#2", "signal 9", "open 3\nwrite 3\n", "data=abc", "2 write, 1 fsync, 1 open"},
	{"fsync#2",
	 {"open data ctd", "write 3 abc", "write 3 def"},
	 "fsync#2",
	 "signal 9",
	 "open 3\nwrite 3\n",
	 "data=abcdef",
	 "2 write, 2 fsync, 1 open",
	 .written = -1},
	{"write#2:after", SYNCED, "write#2", "signal 9", "open 3\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open", .written = 3},
	/* the write is done, and the program is told that it failed */
	{"fsync:err=EIO", SYNCED, NULL, "exit 0", "open 3\nwrite EIO\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open"},
	/* that of a write is over when the write is */
	{"fsync:skip", SYNCED, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open",
	 .reason = "rule-not-done: what a rule wanted of a call could not be done from outside the program "
		   "(write)"},
	{"fsync:err=EIO,fsync#1:err=ENOSPC", SYNCED, NULL, "exit 0", "open 3\nwrite EIO\nwrite 3\n",
	 "data=abcdef", "2 write, 2 fsync, 1 open"},
	{"fsync:err=EIO,fsync", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc",
	 "1 write, 1 fsync, 1 open", .written = -1},
	{"fsync:after,fsync:delay=1ms", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc",
	 "1 write, 1 fsync, 1 open", .written = -1},
	{"io#3:short=1", SYNCED, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open"},
	/* the log names it as what it is */
	{"fsync#*:log", SYNCED, NULL, "exit 0", "open 3\nwrite 3\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open", "fsync#1 (write) on data|fsync#2 (write) on data|"},
	{"fsync:log,fsync:err=EIO", SYNCED, NULL, "exit 0", "open 3\nwrite EIO\nwrite 3\n", "data=abcdef",
	 "2 write, 2 fsync, 1 open", "fsync#1 (write) on data, failed: EIO|"},
	{"fsync:log,fsync", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc", "1 write, 1 fsync, 1 open",
	 .written = -1},
	{"fsync:log,fsync:after", SYNCED, "fsync#1", "signal 9", "open 3\n", "data=abc",
	 "1 write, 1 fsync, 1 open", "fsync#1 (write) on data|", .written = -1},
	/* a write that writes nothing, or ends in the middle, syncs nothing */
	{"write:err=EIO", SYNCED, NULL, "exit 0", "open 3\nwrite EIO\nwrite 3\n", "data=def",
	 "2 write, 1 fsync, 1 open"},
	{"write:short=1", SYNCED, NULL, "exit 0", "open 3\nwrite 1\nwrite 3\n", "data=adef",
	 "2 write, 2 fsync, 1 open", .not_by_stdio = true},
	{"write:short=0", SYNCED, NULL, "exit 0", "open 3\nwrite 0\nwrite 3\n", "data=def",
	 "2 write, 1 fsync, 1 open", .not_by_stdio = true},
	{"write:torn=1", SYNCED, "write#1", "signal 9", "open 3\n", "data=a", "1 write, 1 open",
	 .written = 1},
	{"write#9:log",
	 {"open data cts", "bad 3", "write 3 abc"},
	 NULL,
	 "exit 0",
	 "open 3\nbad EFAULT\nwrite 3\n",
	 "data=abc",
	 "2 write, 1 fsync, 1 open"},
	/* ... by flags of the call */
	{"fsync", SYNCED_BY_FLAG, "fsync#1", "signal 9", "open 3\npwritev2 3\n", "data=abcdef",
	 "2 write, 1 fsync, 1 open", .written = -1},
	{"fsync#2:err=EIO", SYNCED_BY_FLAG, NULL, "exit 0", "open 3\npwritev2 3\npwritev2 3\npwritev2 EIO\n",
	 "data=abcdefghi", "3 write, 2 fsync, 1 open"},
	{"write#9:log", SYNCED_BY_FLAG, NULL, "exit 0", "open 3\npwritev2 3\npwritev2 3\npwritev2 3\n",
	 "data=abcdefghi", "3 write, 2 fsync, 1 open"},
};

START_TEST(a_write_that_syncs_is_two_ops_by_every_route)
{
	run_table(syncs, _i);
}
END_TEST

/* ------------------------------------------------------------------ several rules at one op */

#define ONE_WRITE                                                                                            \
	{                                                                                                    \
		"catch 10", "open data ct", "write 3 abcd", "write 3 efgh"                                   \
	}
#define IN_CHILD                                                                                             \
	{                                                                                                    \
		"open data ct", "fork {", "write 3 abcd", "}", "write 3 efgh"                                \
	}

/* A handler that does something itself, or does not return. */
#define HANDLED(what)                                                                                        \
	{                                                                                                    \
		"catch 10 " what, "open data ct", "write 3 abc", "write 3 defg", "write 3 hi"                \
	}

static const struct row several[] = {
	/* what ends the program does, in whatever order rules are given */
	{"write:err=EIO,write", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:short=1,write", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:torn=1,write", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:err=EIO,write:after", ONE_WRITE, "write#1", "signal 9", "open 3\n",
	 "data=", "1 write, 1 open", .written = -1},
	{"write:short=1,write:after", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=a",
	 "1 write, 1 open", .written = 1},
	{"write:torn=1,write:after", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=a",
	 "1 write, 1 open", .written = 1},
	{"write:after,write", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	/*
	 * The write after one that was to be torn waits for a crash, as it came too late. With err or short
	 * at the same op there was none, and the program waited until its time was over.
	 */
	{"write:err=EIO,write:torn=3", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=abc",
	 "1 write, 1 open", .written = 3},
	{"write:short=2,write:torn=3", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=abc",
	 "1 write, 1 open", .written = 3},
	/* the first of a kind */
	{"write:torn=3,write:torn=1", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=abc",
	 "1 write, 1 open", .written = 3},
	{"write:torn=1,write:torn=3", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=a",
	 "1 write, 1 open", .written = 1},
	{"write:short=3,write:short=1", ONE_WRITE, NULL, "exit 0", "open 3\nwrite 3\nwrite 4\n",
	 "data=abcefgh", "2 write, 1 open", .not_by_stdio = true},
	{"write:err=EIO,write:err=ENOSPC", ONE_WRITE, NULL, "exit 0", "open 3\nwrite EIO\nwrite 4\n",
	 "data=efgh", "2 write, 1 open"},
	{"write:short=3,write:err=EIO", ONE_WRITE, NULL, "exit 0", "open 3\nwrite EIO\nwrite 4\n",
	 "data=efgh", "2 write, 1 open"},
	/* actions in the order in which they are given */
	{"write:sig=USR1,write", ONE_WRITE, "write#1", "signal 9", "open 3\nsignal 10\n",
	 "data=", "1 write, 1 open"},
	{"write,write:sig=USR1", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:sig=USR1,write:delay=1ms,write:sig=USR1,write:err=EIO", ONE_WRITE, NULL, "exit 0",
	 "open 3\nsignal 10\nsignal 10\nwrite EIO\nwrite 4\n", "data=efgh", "2 write, 1 open"},
	{"write:sig=USR1,write:torn=2", ONE_WRITE, "write#1", "signal 9", "open 3\nsignal 10\n", "data=ab",
	 "1 write, 1 open", .written = 2},
	{"write:sig=TERM,write", ONE_WRITE, NULL, "signal 15", "open 3\n", "data=", "1 write, 1 open"},
	/* what a handler does comes after the op before which the tree ends, so it ends there */
	{"write#2:sig=USR1,write#2", HANDLED("write"), "write#2", "signal 9", "open 3\nwrite 3\nsignal 10\n",
	 "data=abc", "3 write, 1 open"},
	{"write#2:sig=USR1,write#2:torn=2", HANDLED("write"), "write#2", "signal 9",
	 "open 3\nwrite 3\nsignal 10\n", "data=abc", "3 write, 1 open"},
	{"write#2:sig=USR1,write#2", HANDLED("fork"), "write#2", "signal 9", "open 3\nwrite 3\nsignal 10\n",
	 "data=abc", "3 write, 1 open"},
	{"write#2:sig=USR1,write#2", HANDLED("jump"), "write#2", "signal 9", "open 3\nwrite 3\nsignal 10\n",
	 "data=abc", "3 write, 1 open"},
	{"write#2:sig=USR1,write#2", HANDLED("exit"), NULL, "exit 4", "open 3\nwrite 3\nsignal 10\n",
	 "data=abc", "2 write, 1 open"},
	{"write:after:sig=TERM,write:after", ONE_WRITE, NULL, "signal 15", "open 3\n", "data=abcd",
	 "1 write, 1 open"},
	/* after a call that was made from outside, a signal is taken when all is done that comes after it */
	{"write:after:sig=USR1,write:after", ONE_WRITE, "write#1", "signal 9", "open 3\nsignal 10\n",
	 "data=abcd", "1 write, 1 open", .written = 4, .says_outside = "open 3\n"},
	/* an op that is not done is not mentioned, one that is torn or done is */
	{"write:log,write", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:log,write:torn=2", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=ab", "1 write, 1 open",
	 "write#1 (write) on data, offset 0, 2 bytes|", .written = 2},
	{"write:log,write:after", ONE_WRITE, "write#1", "signal 9", "open 3\n", "data=abcd",
	 "1 write, 1 open", "write#1 (write) on data, offset 0, 4 bytes|", .written = 4},
	/* the death of one process keeps no other rule from ending the tree */
	{"write:self,write", IN_CHILD, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:self,write:torn=2", IN_CHILD, "write#1", "signal 9", "open 3\n", "data=ab", "1 write, 1 open",
	 .written = 2},
	{"write:torn=1:self,write:torn=2", IN_CHILD, "write#1", "signal 9", "open 3\n", "data=ab",
	 "1 write, 1 open", .written = 2},
	{"write:self,write:after", IN_CHILD, "write#1", "exit 0", "open 3\nchild: signal 9\nwrite 4\n",
	 "data=efgh", "2 write, 1 open"},
};

START_TEST(rules_at_one_op_have_one_order_by_every_route)
{
	run_table(several, _i);
}
END_TEST

/* ------------------------------------------------------------------ what cannot be undone, or not cut */

/* A store is found at the munmap() by the shim, and at the next op from outside; the fsync is that. */
#define STORED                                                                                               \
	{                                                                                                    \
		"open data cts", "write 3 abcd", "store 3 XY", "fsync 3"                                     \
	}
#define SAID_STORED "open 3\nwrite 4\nfsync 0\n"

static const struct row stores[] = {
	{"store", STORED, "write#2", "signal 9", "open 3\nwrite 4\n", "data=XYcd", "2 write, 1 fsync, 1 open",
	 .written = 4},
	{"store:after", STORED, "write#2", "signal 9", "open 3\nwrite 4\n", "data=XYcd",
	 "2 write, 1 fsync, 1 open", .written = 4},
	{"store:torn=1", STORED, "write#2", "signal 9", "open 3\nwrite 4\n", "data=XYcd",
	 "2 write, 1 fsync, 1 open", .written = 4},
	{"store:err=EIO,store:log", STORED, NULL, "exit 0", SAID_STORED, "data=XYcd",
	 "2 write, 2 fsync, 1 open", "write#2 (store) on data, offset 0, 4 bytes|"},
	{"store:short=1", STORED, NULL, "exit 0", SAID_STORED, "data=XYcd", "2 write, 2 fsync, 1 open"},
	/* it is done, and so it is mentioned, though the program ends there */
	{"store:log,store", STORED, "write#2", "signal 9", "open 3\nwrite 4\n", "data=XYcd",
	 "2 write, 1 fsync, 1 open", "write#2 (store) on data, offset 0, 4 bytes|", .written = 4},
	{"store:after:delay=1ms,store,store:after:exit=3", STORED, "write#2", "signal 9", "open 3\nwrite 4\n",
	 "data=XYcd", "2 write, 1 fsync, 1 open", .written = 4},
	/* O_SYNC is about calls: the store waits for the fsync */
	{"fsync#2", STORED, "fsync#2", "signal 9", "open 3\nwrite 4\n", "data=XYcd",
	 "2 write, 2 fsync, 1 open", .written = -1},
};

START_TEST(a_store_is_done_when_it_is_found_by_every_route)
{
	run_table(stores, _i);
}
END_TEST

#define SUBMITTED                                                                                            \
	{                                                                                                    \
		"open data ct", "submit 3 abc", "submit 3 d"                                                 \
	}

#define TOGETHER                                                                                             \
	{                                                                                                    \
		"open data ct", "submit 3 abc d"                                                             \
	}

/* Requests of io_submit() are seen by the supervisor alone: a part of them cannot be asked for. */
static const struct row requests[] = {
	{"write", SUBMITTED, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:torn=2", SUBMITTED, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write#2:after", SUBMITTED, "write#2", "signal 9", "open 3\nsubmit 3\n", "data=dbc",
	 "2 write, 1 open"},
	{"write:err=EIO", SUBMITTED, NULL, "exit 0", "open 3\nsubmit EIO\nsubmit 1\n", "data=d",
	 "2 write, 1 open"},
	{"write:short=1", SUBMITTED, NULL, "exit 0", "open 3\nsubmit 3\nsubmit 1\n", "data=dbc",
	 "2 write, 1 open"},
	{"write:err=EIO,write", SUBMITTED, "write#1", "signal 9", "open 3\n", "data=", "1 write, 1 open"},
	{"write:err=EIO,write:after", SUBMITTED, "write#1", "signal 9", "open 3\n",
	 "data=", "1 write, 1 open", .written = -1},
	{"write:after,write:err=EIO", SUBMITTED, "write#1", "signal 9", "open 3\n",
	 "data=", "1 write, 1 open", .written = -1},
	{"write:sig=TERM,write", SUBMITTED, NULL, "signal 15", "open 3\n", "data=", "1 write, 1 open"},
	{"write:err=EIO,write#*:log", SUBMITTED, NULL, "exit 0", "open 3\nsubmit EIO\nsubmit 1\n", "data=d",
	 "2 write, 1 open",
	 "write#1 (io_submit) on data, 0 bytes, failed: EIO|write#2 (io_submit) on data, offset 0, 1 bytes|"},
	/* several requests: the rest counts whatever a rule does behind one of them */
	{"write#1:after:delay=1ms", TOGETHER, NULL, "exit 0", "open 3\nsubmit 4\n", "data=abcd",
	 "2 write, 1 open"},
	{"write:after:delay=1ms,write#2:after", TOGETHER, "write#2", "signal 9", "open 3\n", "data=abcd",
	 "2 write, 1 open"},
	{"write#1:after:sig=TERM,write#3", TOGETHER, NULL, "signal 15", "open 3\n", "data=abcd",
	 "2 write, 1 open"},
	{"write#1:after", TOGETHER, "write#1", "signal 9", "open 3\n", "data=abcd", "1 write, 1 open"},
	{"write#1:err=EIO", TOGETHER, NULL, "exit 0", "open 3\nsubmit EIO\n", "data=", "1 write, 1 open"},
	{"write#2:err=EIO", TOGETHER, NULL, "exit 0", "open 3\nsubmit 4\n", "data=abcd", "2 write, 1 open",
	 .reason = "rule-not-done: what a rule wanted of a call could not be done from outside the program "
		   "(io_submit)"},
};

START_TEST(a_request_has_no_parts_by_every_route)
{
	run_table(requests, _i);
}
END_TEST

#define UNDONE                                                                                               \
	"rule-not-done: what a rule wanted of a call could not be done from outside the program (write)"

/*
 * A write that exceeds its process's limit can only be made by the process itself, and so not in part. One
 * that was to be torn is not made at all, as a crash there has to be: the next write used to wait for it.
 */
static const struct row undone[] = {
	{"write:torn=2",
	 {"limit 1", "open data ct", "write 3 abc", "write 3 d"},
	 "write#1",
	 "signal 9",
	 "open 3\n",
	 "data=",
	 "1 write, 1 open",
	 .reason = UNDONE},
	{"write:short=2",
	 {"limit 1", "open data ct", "write 3 abc", "write 3 d"},
	 NULL,
	 "exit 0",
	 "open 3\nwrite 1\nwrite EFBIG\n",
	 "data=a",
	 "2 write, 1 open",
	 .not_by_stdio = true,
	 .reason = UNDONE},
	{"fsync:err=EIO",
	 {"limit 1", "open data cts", "write 3 abc"},
	 NULL,
	 "exit 0",
	 "open 3\nwrite 1\n",
	 "data=a",
	 "1 write, 1 fsync, 1 open",
	 .not_by_stdio = true,
	 .reason = UNDONE},
};

START_TEST(what_cannot_be_done_from_outside_is_said)
{
	run_table(undone, _i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decisions");
	TCase *tcase = lab_case(suite, "decisions", 60);

	tcase_add_loop_test(tcase, a_route_is_the_one_that_it_says, 0, ROUTES);
	tcase_add_loop_test(tcase, a_moment_is_the_same_by_every_route, 0, TIMES(moments));
	tcase_add_loop_test(tcase, a_call_is_made_as_a_rule_wants_it_by_every_route, 0, TIMES(calls));
	tcase_add_loop_test(tcase, a_write_that_syncs_is_two_ops_by_every_route, 0, TIMES(syncs));
	tcase_add_loop_test(tcase, rules_at_one_op_have_one_order_by_every_route, 0, TIMES(several));
	tcase_add_loop_test(tcase, a_store_is_done_when_it_is_found_by_every_route, 0, TIMES(stores));
	tcase_add_loop_test(tcase, a_request_has_no_parts_by_every_route, 0, TIMES(requests));
	tcase_add_loop_test(tcase, what_cannot_be_done_from_outside_is_said, 0, TIMES(undone));
	return lab_run(suite);
}
