/* SPDX-License-Identifier: MIT */
/*
 * check_witness.c - a finding is shown on a real file system, or it is said why not; and never one that is
 * not there.
 *
 * It takes root, FUSE, a loop device and mkfs; without one of them all is skipped, but for what is said then.
 */
#include "tests/run/lab.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file system on the disk, by "xfs" or another word; NULL, or why there can be none here. */
static const char *why_not(const char *fs)
{
	const char *mkfs = lab_text("PATH=$PATH:/usr/sbin:/sbin; command -v mkfs.%s >/dev/null", fs);
	const char *known = lab_text("modprobe %s 2>/dev/null; grep -qw %s /proc/filesystems", fs, fs);

	if (geteuid() != 0)
		return "it needs root";
	if (access("/dev/fuse", R_OK | W_OK) < 0 || access("/dev/loop-control", R_OK | W_OK) < 0)
		return "there is no /dev/fuse or no /dev/loop-control";
	if (system(mkfs) != 0)
		return lab_text("there is no mkfs.%s", fs);
	return system(known) == 0 ? NULL : lab_text("the kernel has no %s", fs);
}

#define NEEDS(fs)                                                                                            \
	do {                                                                                                 \
		const char *reason = why_not(fs);                                                            \
                                                                                                             \
		if (reason)                                                                                  \
			LAB_SKIP("%s", reason);                                                              \
	} while (0)

/* The rule of --at for the run that is explored; NULL: none. */
static const char *at;

/* explore --model MODEL of a shell script; returns the id of the finding whose sentence begins so. */
static const char *explore_as(const char *model, const char *check, const char *program, const char *sentence)
{
	const char *const argv[] = {lab_variable("CRASHINJECT"),
				    "explore",
				    "--model",
				    model,
				    "--dir",
				    "store",
				    "--output",
				    "result",
				    "--check",
				    check,
				    "--exit-ok",
				    "any",
				    at ? "--at" : "-q",
				    at ? at : "-q",
				    "--",
				    "sh",
				    "-c",
				    lab_text("cd $CRASH_DIR; %s", program),
				    NULL};
	struct lab_result result;
	json_t *whole, *finding;
	json_error_t error;
	size_t i;

	lab_remove("store");
	lab_remove("result");
	mkdir("store", 0755);
	lab_write("store/was", "was", 3);
	result = lab_command(NULL, argv);
	ck_assert_msg(result.status == 1 || result.status == 3, "%s", lab_describe(&result));
	whole = json_load_file("result/result.json", 0, &error);
	ck_assert_ptr_nonnull(whole);
	json_array_foreach(json_object_get(whole, "findings"), i, finding)
		if (strncmp(lab_json_text(finding, "sentence"), sentence, strlen(sentence)) == 0)
			return lab_json_text(finding, "id");
	ck_abort_msg("no finding \"%s\": %s", sentence, lab_describe(&result));
	return NULL;
}

#define WITNESS(id, fs, ...) LAB_CRASHINJECT("witness", "result", id, "--fs", fs, __VA_ARGS__)

static bool has(const char *text, const char *part)
{
	return text && strstr(text, part);
}

/* The first thing on the disk that is not seen is the file that was not synced. */
#define REPLACE "printf new >a.tmp; mv a.tmp a; echo done"
#define REPLACED "test ! -e a || grep -q new a || { echo a is damaged; exit 1; }"
#define REPLACE_SENTENCE "the rename of a.tmp to a (rename#1) reached the disk"

static const char *const file_systems[] = {"ext4", "xfs", "btrfs"};

START_TEST(a_rename_without_fsync_is_seen)
{
	const char *fs = file_systems[_i], *id;
	struct lab_result result;
	json_t *line;

	NEEDS(fs);
	id = explore_as(fs, REPLACED, REPLACE, REPLACE_SENTENCE);
	result = WITNESS(id, fs, "--budget", "2000", "--json");
	lab_assert_status(&result, 0);
	line = json_array_get(lab_json_lines(result.out), 0);
	ck_assert(lab_json_bool(line, "seen") && lab_json_bool(line, "alike") && lab_json_bool(line, "same"));
	ck_assert_str_eq(lab_json_text(line, "fs"), fs);
	ck_assert_str_eq(lab_json_text(line, "output"), "a is damaged\n");
	ck_assert_int_ge(lab_json_number(line, "cut", 0), 1);
}
END_TEST

START_TEST(a_bug_that_was_planted_in_a_store_is_seen)
{
	const char *helper = lab_variable("HELPER"), *id;
	struct lab_result result;

	NEEDS("ext4");
	id = explore_as("ext4", lab_text("%s verify \"$CRASH_DIR\" \"$CRASH_ACKED\"", helper),
			lab_text("rm was; exec %s --bug snapshot-no-sync snapshot", helper), "the rename of");
	result = WITNESS(id, "ext4", "--budget", "2000");
	lab_assert_status(&result, 0);
	ck_assert_msg(has(result.out, "seen after "), "%s", result.out);
}
END_TEST

/* The name is durable with the file there, whatever posix says; and "done" was said after that. */
START_TEST(what_is_never_seen_is_said_not_to_be_refuted)
{
	struct lab_result result;
	const char *id, *fs = file_systems[_i];

	NEEDS(fs);
	id = explore_as("posix", "! grep -q done \"$CRASH_ACKED\" || test -s a || exit 2",
			"printf new >a; sync a; echo done", "acknowledged \"done\"");
	result = WITNESS(id, fs, "--budget", "60");
	lab_assert_status(&result, 1);
	ck_assert_msg(has(result.out, "not seen in ") && has(result.out, "that does not refute it"), "%s",
		      result.out);
}
END_TEST

START_TEST(a_report_and_what_is_accepted_have_the_witness)
{
	const char *id, *words = "seen after ";
	struct lab_result result;

	NEEDS("ext4");
	id = explore_as("ext4", REPLACED, REPLACE, REPLACE_SENTENCE);
	result = WITNESS(id, "ext4", "--budget", "2000");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("report", "--html", "r.html", "--junit", "r.xml", "result");
	lab_assert_status(&result, 1);
	ck_assert_msg(has(result.out, words), "%s", result.out);
	ck_assert(has(lab_read("r.html", NULL), words) && has(lab_read("r.xml", NULL), words));
	lab_write("accepted", lab_text("%s\n", id), strlen(id) + 1);
	result = LAB_CRASHINJECT("report", "--baseline", "accepted", "result");
	ck_assert_msg(has(result.out, ", accepted\n") && has(result.out, words), "%s", result.out);
	/* and it stays when the exploration goes on */
	result = LAB_CRASHINJECT("explore", "--resume", "result");
	result = LAB_CRASHINJECT("report", "result");
	ck_assert_msg(has(result.out, words), "%s", result.out);
}
END_TEST

/* It is the disk as the power cut left it: mounting it is the recovery. */
START_TEST(the_image_shows_it_again)
{
	struct lab_result result;
	const char *id;

	NEEDS("ext4");
	id = explore_as("ext4", REPLACED, REPLACE, REPLACE_SENTENCE);
	result = WITNESS(id, "ext4", "--budget", "2000", "--keep-image", "image");
	lab_assert_status(&result, 0);
	mkdir("there", 0755);
	result = LAB_COMMAND("unshare", "-m", "sh", "-c",
			     "mount -o loop image there && test -e there/data/a && "
			     "! grep -q new there/data/a && cat there/data/was");
	lab_assert_status(&result, 0);
	ck_assert_str_eq(result.out, "was");
}
END_TEST

/* A program that does what it can, and then makes a mark whose name is not durable. */
START_TEST(ops_of_every_kind_are_done_again)
{
	static const char script[] = "0 s. tmpfile 6 .\n0 s. write 6 5000 7\n0 s. name 6 s\n"
				     "0 s. open 1 f c 644\n0 s. write 1 10000 1\n0 s. pwrite 1 300 2 20000\n"
				     "0 s. pwritev2 1 700 3 5000 dsync\n0 s. ftruncate 1 15000\n"
				     "0 s. allocate 1 keep 0 40000\n0 s. allocate 1 punch 4096 4096\n"
				     "0 s. sync 1 data\n0 s. mkdir d 755\n0 s. rename f d/f plain\n"
				     "0 s. rename d e plain\n0 s. write 1 4000 4\n0 s. open 2 g c 600\n"
				     "0 s. write 2 100 5\n0 s. link g h\n0 s. unlink g\n0 s. write 2 100 6\n"
				     "0 s. rename h e/f exchange\n0 s. symlink e/f l\n0 s. chmod h 711\n"
				     "0 s. tmpfile 3 e\n0 s. write 3 5000 7\n0 s. name 3 e/t\n"
				     "0 s. write 3 5000 8\n0 s. open 4 h t 644\n0 s. write 4 900 9\n"
				     "0 s. sync 4 range\n0 s. unlink l\n0 s. mkdir x 700\n0 s. rmdir x\n"
				     "0 s. link was e/is\n0 s. unlink was\n0 s. open 7 e/is wa 0\n"
				     "0 s. write 7 20 15\n0 s. open 5 m cb 644\n0 s. write 5 9000 11\n"
				     "0 s. map 0 5 0 8192 shared\n0 s. store 0 100 5000 12\n"
				     "0 s. msync 0 0 4096\n0 s. store 0 6000 100 13\n0 s. unmap 0\n";
	const char *fs = file_systems[_i], *id;
	struct lab_result result;

	NEEDS(fs);
	lab_write("script", script, sizeof script - 1);
	id = explore_as("ext4", "! grep -q done \"$CRASH_ACKED\" || test -e mark || exit 2",
			lab_text("%s %s/script >%s/said; : >mark; echo done", lab_program("script"), lab_dir,
				 lab_dir),
			"acknowledged \"done\"");
	result = WITNESS(id, fs, "--budget", "1");
	lab_assert_status(&result, 0);
}
END_TEST

START_TEST(a_checker_that_does_not_accept_the_whole_ends_it)
{
	struct lab_result result;
	const char *id;

	NEEDS("ext4");
	lab_write("check.sh", REPLACED, strlen(REPLACED));
	id = explore_as("ext4", lab_text("sh %s/check.sh", lab_dir), REPLACE, REPLACE_SENTENCE);
	lab_write("check.sh", "echo never; exit 1", 18);
	result = WITNESS(id, "ext4", "-q");
	lab_assert_status(&result, 125);
	ck_assert_str_eq(result.out, "");
	ck_assert_msg(has(result.err, "without any power cut (inconsistent): never"), "%s", result.err);
}
END_TEST

/* Nothing is made up. */
START_TEST(an_op_that_cannot_be_done_again_ends_it)
{
	struct lab_result result;
	const char *id;

	NEEDS("ext4");
	at = "fsync#1:err=EIO";
	id = explore_as("ext4", REPLACED, "printf x >b; sync b; " REPLACE, REPLACE_SENTENCE);
	result = WITNESS(id, "ext4", "-q");
	lab_assert_status(&result, 125);
	ck_assert_str_eq(result.out, "");
	ck_assert_msg(has(result.err, "fsync#1 (fsync) cannot be done again: it failed"), "%s", result.err);
}
END_TEST

START_TEST(who_is_not_root_is_told)
{
	struct lab_result result;
	const char *id;

	NEEDS("ext4");
	id = explore_as("ext4", REPLACED, REPLACE, REPLACE_SENTENCE);
	chmod(".", 0755);
	result = LAB_COMMAND("setpriv", "--reuid=65534", "--clear-groups", lab_variable("CRASHINJECT"),
			     "witness", "result", id, "--fs", "ext4");
	lab_assert_status(&result, 125);
	ck_assert_msg(has(result.err, "it needs root"), "%s", result.err);
}
END_TEST

/* ------------------------------------------------------------------ nothing is left */

/* Loop devices whose file is below the test's directory. */
static int devices(void)
{
	struct lab_result result = LAB_COMMAND(
		"sh", "-c",
		lab_text("cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -cF %s/", lab_dir));

	return atoi(result.out);
}

static int places(void)
{
	struct lab_result result = LAB_COMMAND("sh", "-c", "ls -d crashinject-explore-* 2>/dev/null | wc -l");

	return atoi(result.out);
}

START_TEST(who_is_killed_leaves_nothing)
{
	const char *mark = lab_mark("witness"), *id;
	pid_t pid;

	NEEDS("ext4");
	id = explore_as("posix", "! grep -q done \"$CRASH_ACKED\" || test -s a || exit 2",
			"printf new >a; sync a; echo done", "acknowledged \"done\"");
	setenv("TMPDIR", lab_dir, 1);
	pid = fork();
	if (pid == 0) {
		putenv(lab_text("%s", mark));
		execl(lab_variable("CRASHINJECT"), "crashinject", "witness", "result", id, "--fs", "ext4",
		      "--budget", "1000000", NULL);
		_exit(127);
	}
	LAB_AWAIT(devices() > 0);
	ck_assert_int_gt(places(), 0);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	LAB_AWAIT(devices() == 0);
	LAB_AWAIT(places() == 0);
	LAB_AWAIT(lab_processes(mark) == 0);
}
END_TEST

int main(void)
{
	const int all = (int)(sizeof file_systems / sizeof *file_systems);
	Suite *suite = suite_create("witness");
	TCase *seen = lab_case(suite, "seen", 120), *said = lab_case(suite, "said", 120),
	      *killed = lab_case(suite, "killed", 120);

	tcase_add_loop_test(seen, a_rename_without_fsync_is_seen, 0, all);
	tcase_add_test(seen, a_bug_that_was_planted_in_a_store_is_seen);
	tcase_add_test(seen, a_report_and_what_is_accepted_have_the_witness);
	tcase_add_test(seen, the_image_shows_it_again);
	tcase_add_loop_test(seen, ops_of_every_kind_are_done_again, 0, all);
	tcase_add_loop_test(said, what_is_never_seen_is_said_not_to_be_refuted, 0, all);
	tcase_add_test(said, a_checker_that_does_not_accept_the_whole_ends_it);
	tcase_add_test(said, an_op_that_cannot_be_done_again_ends_it);
	tcase_add_test(said, who_is_not_root_is_told);
	tcase_add_test(killed, who_is_killed_leaves_nothing);
	return lab_run(suite);
}
