/* SPDX-License-Identifier: MIT */
/*
 * check_reasons.c - each reason for which a result is incomplete is given where it holds.
 *
 * Method: what gives the reason is done for real, by a small program that tests/programs/steps plays, with
 * the shim and, as a static program, without it. The command has to name the reason and to end with status 3.
 * Reasons with a test elsewhere are not repeated here; docs/GUARANTEES.md has all of them.
 */
#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/control.h"
#include "common/machine_file.h"
#include "explore/recording/missed.h"
#include "tests/run/world.h"

#include CRASH__MACHINE_FILE(tests, foreign_program.h)

#define INCOMPLETE 3

static void make_store(void)
{
	ck_assert_int_ne(system("rm -rf store"), -1); /* also of what is too deep for others */
	ck_assert_int_eq(mkdir("store", 0755), 0);
	lab_write("store/data", "old", 3);
}

/* The command says it of its result. */
static void assert_reason(const struct lab_result *result, const char *reason)
{
	const char *list = strstr(result->out, "incomplete:\n");

	list = list ? list : strstr(result->err, "incomplete:\n");
	lab_assert_status(result, INCOMPLETE);
	ck_assert_msg(list && strstr(list, lab_text("\n  %s", reason)), "not \"%s\", but: %s", reason,
		      lab_describe(result));
}

/* ------------------------------------------------------------------ what a run has missed */

/* A user who is not root has no way into processes and files that are closed to it. */
static struct lab_result command(const char *name, const char *option, const char *script, bool nobody)
{
	const char *argv[16] = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
	size_t count = nobody && geteuid() == 0 ? 4 : 0;

	if (count) {
		ck_assert_int_eq(chmod(lab_text("%s/..", lab_dir), 0711), 0);
		ck_assert_int_eq(chmod(".", 0777), 0);
		ck_assert_int_eq(chmod("store", 0777), 0);
	}
	argv[count++] = lab_variable("CRASHINJECT");
	argv[count++] = name;
	argv[count++] = option;
	argv[count++] = "--root";
	argv[count++] = "store";
	argv[count++] = "--";
	argv[count++] = "sh";
	argv[count++] = "-c";
	argv[count] = script;
	return lab_command(NULL, argv);
}

static struct lab_result record(const char *script, bool nobody)
{
	return command("record", "--output=trace", script, nobody);
}

static const char *deep_steps(void)
{
	const char *name = lab_text("%0250d", 0), *steps = "";

	for (int i = 0; i < 18; i++)
		steps = lab_text("%s 'mkdir %s' 'cd %s'", steps, name, name);
	return steps;
}

static const struct row {
	const char *program;
	bool nobody;
	const char *before; /* the program, in the shell */
	const char *steps;  /* DEEP: below more directories than a path can name */
	const char *reason;
} rows[] = {
	/* The kernel does not need the name of where a process is. */
	{"steps", false, "", "DEEP 'mkdir d'", "path-unknown: "},
	{"steps", false, "", "DEEP 'open f wc' 'write 3 text'", "path-unknown: "},
	{"steps_static", false, "", "DEEP 'mkdir d'", "path-unknown: "},
	{"steps_static", false, "", "DEEP 'open f wc' 'write 3 text'", "path-unknown: "},
	/* Nothing of what they did was listed. */
	{"steps_static", true, "", "'hide 0' 'mkdir d'", "hidden-process: "},
	{"steps", true, "", "'hide 0' 'open f wc' 'raw-write 3 text'", "hidden-process: "},
	{"closed_static", true, "", "'mkdir d'", "hidden-process: "},
	/* From a pipe, into a file that may not be read: what has been written is nowhere to be seen. */
	{"steps", false, "", "'open f wc' 'lock 3' 'pipe' 'write 5 text' 'splice 4 3 4'",
	 "data-unreadable: "},
	{"steps", true, "umask 577; ", "'open f wc' 'pipe' 'write 5 text' 'splice 4 3 4'",
	 "data-unreadable: "},
	{"steps_static", true, "umask 577; ", "'open f wc' 'pipe' 'write 5 text' 'splice 4 3 4'",
	 "data-unreadable: "},
	/* What came from outside goes there. */
	{"steps", false, "mkfifo $CRASH_DIR/p $CRASH_DIR/q; ",
	 "'open p b' 'write 3 text' 'open q b' 'splice 3 4 4'", "data-unreadable: "},
	{"steps_static", false, "mkfifo $CRASH_DIR/p $CRASH_DIR/q; ",
	 "'open p b' 'write 3 text' 'open q b' 'splice 3 4 4'", "data-unreadable: "},
	{"steps", false, "mkfifo $CRASH_DIR/p $CRASH_DIR/q; ",
	 "'open p b' 'write 3 text' 'open q b' 'tee 3 4 4'", "data-unreadable: "},
};

/* A program that may be executed and not read. */
static const char *program_of(const struct row *row)
{
	if (strcmp(row->program, "closed_static") != 0)
		return lab_program(row->program);
	lab_copy(lab_program("steps_static"), "closed_static");
	ck_assert_int_eq(chmod("closed_static", 0111), 0);
	return lab_text("%s/closed_static", lab_dir);
}

START_TEST(what_a_run_has_missed_is_said)
{
	const struct row *row = &rows[_i];
	const char *steps = row->steps, *script;
	struct lab_result result;

	make_store();
	if (strncmp(steps, "DEEP", 4) == 0)
		steps = lab_text("%s%s", deep_steps(), steps + 4);
	script = lab_text("cd store && %sexec %s %s", row->before, program_of(row), steps);
	result = record(script, row->nobody);
	make_store();
	if (result.status == 126 || strstr(result.err, "cannot be read"))
		LAB_SKIP("another user cannot use what was built: %s", result.err);
	assert_reason(&result, row->reason);
}
END_TEST

/*
 * Names by which nothing can be found or made: the directory of what they say is not there. To walk them
 * without looking at each directory goes round in circles.
 */
static const struct {
	const char *program, *steps;
} nowhere[] = {
	{"steps_static", "'symlink e/../b b' 'open e/../b wc' 'mkdir e/../b'"},
	{"steps_static", "'symlink e/../b b' 'symlink b l' 'open l wc' 'open b wc' 'open e/../l w'"},
	{"steps", "'symlink e/../b b' 'open e/../b wc' 'mkdir e/../b' 'open b wc'"},
};

START_TEST(a_name_that_leads_nowhere_is_nothing_that_was_missed)
{
	struct lab_result result;

	make_store();
	result =
		record(lab_text("cd store; %s %s; true", lab_program(nowhere[_i].program), nowhere[_i].steps),
		       false);
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "open: ENOENT"), "%s", lab_describe(&result));
}
END_TEST

/* With a filter the kernel sees it. */
START_TEST(a_program_that_takes_no_shim_is_said)
{
	struct lab_result result;

	make_store();
	result = command("list", _i ? "--quiet" : "--no-supervisor",
			 lab_text("exec %s 'open store/f wc' 'run %s'", lab_program("steps"),
				  lab_program("steps_static")),
			 false);
	if (_i)
		lab_assert_status(&result, 0);
	else
		assert_reason(&result, "no-shim: ");
}
END_TEST

START_TEST(more_points_than_there_is_room_for_are_said)
{
	struct lab_result result;

	for (int more = 0; more < 2; more++) {
		make_store();
		result = record(lab_text("seq -f 'point p%%.0f' %d | xargs -d '\\n' %s 'open store/f wc'",
					 CRASH__POINTS - 1 + more, /* steps.fixed is one */
					 lab_program("steps")),
				false);
		if (more)
			assert_reason(&result, "too-many-points: ");
		else
			lab_assert_status(&result, 0);
	}
}
END_TEST

/* Each thread needs a ring of its own for as long as it lives, and there are only so many. */
START_TEST(threads_for_which_there_is_no_room_are_said)
{
	const char *const argv[] = {lab_variable("CRASHINJECT"),
				    "list",
				    "--",
				    lab_program("steps"),
				    "open store/f wc",
				    "write 3 a",
				    "thread {",
				    "write 3 b",
				    "thread {",
				    "write 3 c",
				    "}",
				    "}",
				    NULL};
	struct lab_result result = {0};

	world_make(NULL);
	for (int fewer = 0; fewer < 2; fewer++) {
		world_file_size = crash__control_size(3u - (unsigned int)fewer);
		result.status = world_command(argv);
		result.out = lab_read("out", NULL);
		result.err = lab_read("err", NULL);
		if (!fewer)
			lab_assert_status(&result, 0);
		result.out = (char[]){""};
		if (fewer)
			assert_reason(&result, "too-many-threads: ");
		if (fewer)
			assert_reason(&result, "lost-records: ");
	}
}
END_TEST

/* The program is not disturbed, and what was recorded until then is never clear. */
START_TEST(a_trace_that_cannot_be_written_is_said)
{
	struct lab_result result;

	make_store();
	if (!world_make(NULL) || !world_mount("full", "size=64k"))
		LAB_SKIP("no file system can be mounted here that is full");
	result = LAB_CRASHINJECT("record", "-o", "full/trace", "--root", "store", "--", lab_program("steps"),
				 "open store/f wc", "fill 3 100000 x", "open store/g wc");
	assert_reason(&result, "trace-write: ");
	lab_assert_file("store/g", "");
	result = LAB_CRASHINJECT("explore", "--check", LAB_READS, "full/trace");
	assert_reason(&result, "");
}
END_TEST

/* ------------------------------------------------------------------ programs for another machine */

static void make_foreign_program(void)
{
	static struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		unsigned char code[sizeof foreign_code];
	} program;
	const Elf32_Addr address = 0x08048000;

	program.header = (Elf32_Ehdr){.e_type = ET_EXEC,
				      .e_machine = FOREIGN_MACHINE,
				      .e_version = EV_CURRENT,
				      .e_entry = address + offsetof(__typeof__(program), code),
				      .e_phoff = sizeof program.header,
				      .e_ehsize = sizeof program.header,
				      .e_phentsize = sizeof program.segment,
				      .e_phnum = 1};
	memcpy(program.header.e_ident, ELFMAG, SELFMAG);
	program.header.e_ident[EI_CLASS] = ELFCLASS32;
	program.header.e_ident[EI_DATA] = ELFDATA2LSB;
	program.header.e_ident[EI_VERSION] = EV_CURRENT;
	program.segment = (Elf32_Phdr){.p_type = PT_LOAD,
				       .p_vaddr = address,
				       .p_filesz = sizeof program,
				       .p_memsz = sizeof program,
				       .p_flags = PF_R | PF_X,
				       .p_align = 4096};
	memcpy(program.code, foreign_code, sizeof foreign_code);
	lab_write("foreign", &program, sizeof program);
	ck_assert_int_eq(chmod("foreign", 0755), 0);
}

/* The shim sees it coming; of a static program the kernel says it. */
START_TEST(a_program_for_another_machine_is_said)
{
	struct lab_result result;

	make_store();
	make_foreign_program();
	if (_i && LAB_COMMAND("./foreign").status != 0)
		LAB_SKIP("the kernel does not run it");
	result = record(lab_text("exec %s 'open store/f wc' 'run ./foreign'",
				 lab_program(_i ? "steps_static" : "steps")),
			false);
	assert_reason(&result, "foreign-program: ");
}
END_TEST

/* ------------------------------------------------------------------ what the model cannot say */

static const struct {
	const char *program, *reason;
} ends[] = {
	{"exec $STEPS 'open store/f wc' 'pipe' 'leave {' 'splice 4 3 9' '}' await-splice 'exit 0'",
	 "1 ops had not returned when the run ended, and are ignored"},
	{"echo new >other; mv other store/data", "1 ops could not be followed, the first: "},
	{"echo new >store/new; mv store/data other", "1 ops could not be followed, the first: "},
};

START_TEST(what_the_model_cannot_follow_is_said)
{
	struct lab_result result;

	make_store();
	setenv("STEPS", lab_program("steps"), 1);
	result =
		record(ends[_i].program, false); /* there is no other file system beside the directory then */
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("explore", "--check", LAB_READS, "trace");
	assert_reason(&result, ends[_i].reason);
}
END_TEST

/* Whether what a file system may leave, and its model does not have, was possible in this run. */
static const struct {
	const char *model, *program;
	const char *uncovered; /* NULL: it was not */
} names[] = {
	{"btrfs", "printf x >b; mv b a; sync a; rm a; sync", "btrfs may leave names after unlink#1"},
	{"ext4", "printf x >b; mv b a; sync a; rm a; sync", NULL},
	{"btrfs", "printf x >b; sync b; mv b a; printf y >b; sync b; mv b a; sync", NULL},
	{"btrfs", "printf x >b; sync b; printf y >c; mv c b", "btrfs may leave names after rename#2"},
	{"ext4-writeback", "printf x >b; mv b a",
	 "ext4-writeback may leave bytes of another file after rename#2"},
	{"ext4-writeback", "printf x >b; sync b; printf y >>b", NULL},
	{"ext4-journal", "printf x >b; mv b a", NULL},
};

START_TEST(what_is_in_no_state_is_said)
{
	struct lab_result result;

	make_store();
	lab_write("store/a", "old", 3);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", names[_i].model, "--check",
				 LAB_READS, "--", "sh", "-c", lab_text("cd store; %s", names[_i].program));
	if (names[_i].uncovered)
		assert_reason(&result, names[_i].uncovered);
	else
		ck_assert_msg(!strstr(result.out, "may leave"), "%s", lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what is missing of a result */

#define CHECK                                                                                                \
	"{ [ ! -e a ] || [ -s a ] || exit 1; } && { ! grep -q done \"$CRASH_ACKED\" || [ -e a ] || exit 2; " \
	"}"
#define WORK "cd \"$CRASH_DIR\"; printf x >a.tmp; mv a.tmp a; printf y >b; echo done"

/* A rename of unsynced data and an acknowledgement of it, recorded. */
static void make_trace(void)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", "sh", "-c", WORK);
	lab_assert_status(&result, 0);
	make_store();
}

static struct lab_result explore_shard(const char *shard, const char *check, const char *budget)
{
	return LAB_CRASHINJECT("explore", "--model", "posix", "--tiers", "prefix,omit-1", "--check", check,
			       "--budget", budget, "--shard", shard, "--jobs", "1", "-o",
			       lab_text("part-%.1s", shard), "trace");
}

/* A trace may come from anywhere: one that does not say why its run was not complete is not clear, either. */
START_TEST(a_run_that_was_not_complete_needs_no_reason)
{
	static const char end[] = "{\"complete\": false, \"exit_code\": 0, \"incomplete_reasons\": []}";
	const struct crash__recording_options options = {0};
	struct crash__recording recording = {.trace = {.end_text = end, .end_length = sizeof end - 1}};

	ck_assert_int_eq(crash__note_missed(&options, &recording), 0);
	ck_assert_uint_eq(recording.incomplete_count, 1);
	ck_assert_str_eq(recording.incomplete[0], "the recorded run was not complete");
}
END_TEST

START_TEST(a_trace_that_was_cut_is_never_clear)
{
	struct lab_result result;
	struct stat status;

	make_trace();
	ck_assert_int_eq(stat("trace", &status), 0);
	ck_assert_int_eq(truncate("trace", status.st_size - 40), 0);
	result = LAB_CRASHINJECT("explore", "--check", LAB_READS, "trace");
	assert_reason(&result, "the trace is cut short");
}
END_TEST

START_TEST(a_shard_says_why_it_is_not_whole)
{
	struct lab_result result;

	make_trace();
	explore_shard("1/2", LAB_READS, "3");
	explore_shard("2/2", LAB_READS, "1h");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_reason(&result, "shard 1 of 2: the budget ran out before all states were checked");
	explore_shard("3/40", LAB_READS, "1h");
	result = LAB_CRASHINJECT("report", "part-3");
	assert_reason(&result, "the result of shard 21 of 40 is missing");
	assert_reason(&result, "and those of 19 more");
}
END_TEST

/* A failure is explained by what states that lack less do: those stand in front, and what was tried stands
 * last. */
START_TEST(a_cause_for_which_verdicts_are_missing_is_said)
{
	bool asked = false, unexplained = false;
	struct lab_result result;

	make_trace();
	explore_shard("1/2", CHECK, "1h");
	explore_shard("2/2", CHECK, "1h");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	lab_assert_status(&result, 1);
	ck_assert_ptr_null(strstr(result.out, "incomplete:"));
	ck_assert_int_eq(system("cp part-1/verdicts all-1; cp part-2/verdicts all-2"), 0);
	for (int line = 1; line <= 40; line++) {
		ck_assert_int_eq(
			system(lab_text("for i in 1 2; do sed %dd all-$i >part-$i/verdicts; done", line)), 0);
		result = LAB_CRASHINJECT("report", "part-1", "part-2");
		asked |= strstr(result.out, "  to explain the failures, ") != NULL;
		unexplained |= strstr(result.out, "  the cause of ") != NULL;
		ck_assert_msg(result.status == 1 || result.status == 3, "%s", lab_describe(&result));
	}
	ck_assert(asked);
	ck_assert(unexplained);
}
END_TEST

/* There was no reason at all where not even the final state was known. */
START_TEST(results_without_any_verdict_say_so)
{
	struct lab_result result;

	make_trace();
	explore_shard("1/2", LAB_READS, "1h");
	explore_shard("2/2", LAB_READS, "1h");
	ck_assert_int_eq(system("sed -i 2,\\$d part-1/verdicts part-2/verdicts"), 0);
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_reason(&result, "the final state has no verdict in any of the results");
}
END_TEST

/* They are missing when it is resumed, and the rest of the result can be written. */
START_TEST(verdicts_that_cannot_be_written_are_said)
{
	const char *const argv[] = {lab_variable("CRASHINJECT"),
				    "explore",
				    "--model=posix",
				    "--tiers=prefix,omit-1,sample",
				    "--samples=1000",
				    "--check=true",
				    "--output=result",
				    "trace",
				    NULL};
	struct lab_result result;
	struct stat status;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", "sh", "-c",
				 "cd \"$CRASH_DIR\"; for i in a b c d e f g h; do echo x >$i; done");
	lab_assert_status(&result, 0);
	ck_assert_int_eq(stat("trace", &status), 0);
	world_make(NULL);
	world_file_size = (rlim_t)status.st_size + 1000;
	result.status = world_command(argv);
	result.out = lab_read("out", NULL);
	result.err = lab_read("err", NULL);
	assert_reason(&result, "not all verdicts could be written: ");
}
END_TEST

/* The starting tree changes below the sandbox: no state behind it is right. */
START_TEST(an_exploration_that_fails_is_never_clear)
{
	struct lab_result result;

	make_store();
	if (!lab_sandboxes())
		LAB_SKIP("a copy of the directory does not change");
	ck_assert_int_eq(system("(while ! [ -e flag ]; do sleep 0.01; done; : >store/data; : >cut) &"), 0);
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--model", "posix", "--check",
				 lab_text("cd %s; : >flag; while ! [ -e cut ]; do sleep 0.01; done", lab_dir),
				 "--", "sh", "-c", "cd \"$CRASH_DIR\"; printf n 1<>data");
	assert_reason(&result, "the exploration failed: ");
}
END_TEST

START_TEST(a_run_that_goes_otherwise_is_said)
{
	struct lab_result result;

	make_store();
	if (!lab_sandboxes())
		LAB_SKIP("runs are not made again on copies");
	result = LAB_CRASHINJECT("explore", "--rerun", "--dir", "store", "--check", "true", "--", "sh", "-c",
				 "echo a >store/a; [ -e mark ] || echo b >store/b; : >mark");
	assert_reason(&result, "2 runs diverged from the recording, the first: ");
}
END_TEST

/* An overlay has no names for the directories of a user without rights, and the program saw an error. */
START_TEST(a_rename_that_only_the_overlay_refuses_is_said)
{
	struct lab_result result;

	make_store();
	if (!lab_sandboxes())
		LAB_SKIP("there are no overlays here");
	ck_assert_int_eq(mkdir("store/d", 0777), 0);
	ck_assert_int_eq(chmod("store/d", 0777), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(system("chown -R 65534:65534 store"), 0);
	result = command(
		"explore", "--check=true",
		lab_text("exec %s 'cd store' 'rename d e' 'open new wc' 'exit 0'", lab_program("steps")),
		true);
	if (strstr(result.out, "on copies") || !result.status)
		LAB_SKIP("an ordinary user has no overlays here");
	assert_reason(&result, "the overlay refused to rename ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reasons");
	TCase *tcase = lab_case(suite, "runs", 60);

	tcase_add_loop_test(tcase, what_a_run_has_missed_is_said, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tcase, a_name_that_leads_nowhere_is_nothing_that_was_missed, 0,
			    sizeof nowhere / sizeof *nowhere);
	tcase_add_loop_test(tcase, a_program_that_takes_no_shim_is_said, 0, 2);
	tcase_add_test(tcase, more_points_than_there_is_room_for_are_said);
	tcase_add_test(tcase, threads_for_which_there_is_no_room_are_said);
	tcase_add_test(tcase, a_trace_that_cannot_be_written_is_said);
	tcase_add_loop_test(tcase, a_program_for_another_machine_is_said, 0, 2);
	tcase_add_loop_test(tcase, what_the_model_cannot_follow_is_said, 0, sizeof ends / sizeof *ends);
	tcase_add_loop_test(tcase, what_is_in_no_state_is_said, 0, sizeof names / sizeof *names);
	tcase = lab_case(suite, "results", 60);
	tcase_add_test(tcase, a_run_that_was_not_complete_needs_no_reason);
	tcase_add_test(tcase, a_trace_that_was_cut_is_never_clear);
	tcase_add_test(tcase, a_shard_says_why_it_is_not_whole);
	tcase_add_test(tcase, a_cause_for_which_verdicts_are_missing_is_said);
	tcase_add_test(tcase, results_without_any_verdict_say_so);
	tcase_add_test(tcase, verdicts_that_cannot_be_written_are_said);
	tcase_add_test(tcase, an_exploration_that_fails_is_never_clear);
	tcase_add_test(tcase, a_run_that_goes_otherwise_is_said);
	tcase_add_test(tcase, a_rename_that_only_the_overlay_refuses_is_said);
	return lab_run(suite);
}
