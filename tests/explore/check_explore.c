/* SPDX-License-Identifier: MIT */
/*
 * check_explore.c - what `crashinject explore` and the commands around it promise.
 *
 * Method: tests/programs/saver saves "new" over "old" and makes the mistake that it is asked for. What each
 * mistake leaves after a crash is known, so each exploration has one right result.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run/lab.h"

#define BYTES 8192

/* Old or new as a whole; and new if that was acknowledged. */
static const char check[] =
	"size=$(wc -c < data); old=$(tr -d o < data | wc -c); new=$(tr -d n < data | wc -c)\n"
	"if [ $size = 8192 ] && [ $new = 0 ]; then exit 0; fi\n"
	"if [ $size != 8192 ] || [ $old != 0 ]; then echo neither old nor new; exit 1; fi\n"
	"if grep -q saved \"$CRASH_ACKED\"; then echo it was saved; exit 2; fi\n";

/* The data directory is made anew; results go beside it. */
static void make_store(void)
{
	char old[BYTES];

	memset(old, 'o', sizeof old);
	lab_remove("store");
	mkdir("store", 0755);
	lab_write("store/data", old, sizeof old);
}

/* explore --root store [OPTION]... --check ... -- saver MISTAKE */
static struct lab_result explore(const char *mistake, const char *const *options)
{
	const char *argv[32] = {lab_variable("CRASHINJECT"), "explore", "--root", "store", "--check", check};
	size_t count = 6;

	while (*options)
		argv[count++] = *options++;
	argv[count++] = "--";
	argv[count++] = "sh";
	argv[count++] = "-c";
	argv[count++] = lab_text("cd store && exec %s %s", lab_program("saver"), mistake);
	return lab_command(NULL, argv);
}

#define EXPLORE(mistake, ...) explore(mistake, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* The findings and, last, the summary of --json; the failures that came before them are counted. */
static size_t failures;

static json_t *lines_of(const struct lab_result *result)
{
	json_t *lines = lab_json_lines(result->out);

	for (failures = 0; json_object_get(json_array_get(lines, 0), "failure"); failures++)
		json_array_remove(lines, 0);
	return lines;
}

static json_t *summary_of(json_t *lines)
{
	json_t *last = json_array_get(lines, json_array_size(lines) - 1);

	ck_assert_msg(json_object_get(last, "summary") != NULL, "the last line is not a summary");
	return json_object_get(last, "summary");
}

static json_t *finding_of(json_t *lines, size_t number)
{
	json_t *finding = json_object_get(json_array_get(lines, number), "finding");

	ck_assert_msg(finding != NULL, "there is no finding %zu", number);
	return finding;
}

static void assert_untouched(void)
{
	char old[BYTES + 1];
	size_t bytes;

	memset(old, 'o', BYTES);
	ck_assert_int_eq(lab_entries("store"), 1);
	ck_assert_msg(memcmp(lab_read("store/data", &bytes), old, BYTES) == 0 && bytes == BYTES,
		      "exploring has changed the data directory");
}

/* ------------------------------------------------------------------ findings */

static const struct {
	const char *mistake, *model;
	const char *kind; /* NULL: clean */
	const char *in_sentence, *in_repair;
} cases[] = {
	{"good", "kill", NULL, NULL, NULL},
	{"good", "posix,ext4,xfs,btrfs", NULL, NULL, NULL},
	{"no-sync", "kill", NULL, NULL, NULL},
	{"no-sync", "posix", "inconsistent",
	 "the rename of data.tmp to data (rename#1, main at saver.c:", "fsync of data"},
	{"no-sync", "xfs", "inconsistent", ") did not: it was never synced. The data is inconsistent",
	 "before rename#1 of data.tmp to data (main at"},
	{"no-sync", "ext4-journal", NULL, NULL,
	 NULL}, /* the data goes through the journal, before the rename */
	{"no-dirsync", "kill", NULL, NULL, NULL},
	{"no-dirsync", "posix", "lost",
	 "acknowledged \"saved\" on stdout, but the rename of data.tmp to data (rename#1, main at saver.c:",
	 "fsync of the data directory"},
	{"no-dirsync", "ext4", "lost", ") was not durable: its directory was never synced",
	 "before acknowledging \"saved\" on stdout"},
	{"early-ack", "kill", "lost", "if the process dies between acknowledging \"saved\" on stdout and ",
	 NULL},
	/* two pages: a killed process may have written one of them */
	{"in-place", "kill", "inconsistent", "if the process dies during write#1 of data at 0 (", NULL},
	{"in-place", "ext4", "inconsistent", "only a part of the write to data at 0 (write#1, ", NULL},
	/* a synchronous write was once taken to be on the disk as soon as it was begun */
	{"in-place-dsync", "ext4", "inconsistent", ") reached the disk. The data is inconsistent", NULL},
};

START_TEST(a_mistake_is_found_and_its_repair_named)
{
	struct lab_result result;
	const char *repair;
	json_t *lines, *finding;

	make_store();
	result = EXPLORE(cases[_i].mistake, "--json", "--model", cases[_i].model);
	lines = lines_of(&result);
	if (!cases[_i].kind) {
		lab_assert_status(&result, 0);
		ck_assert_int_eq(json_array_size(lines), 1);
		ck_assert(lab_json_bool(summary_of(lines), "complete"));
		assert_untouched();
		return;
	}
	lab_assert_status(&result, 1);
	ck_assert_msg(json_array_size(lines) == 2, "not one finding: %s", result.out);
	finding = finding_of(lines, 0);
	ck_assert_str_eq(lab_json_text(finding, "kind"), cases[_i].kind);
	ck_assert_msg(strstr(lab_json_text(finding, "sentence"), cases[_i].in_sentence) != NULL, "%s",
		      lab_json_text(finding, "sentence"));
	repair = lab_json_text(finding, "repair");
	if (cases[_i].in_repair)
		ck_assert_msg(repair && strstr(repair, cases[_i].in_repair), "%s",
			      repair ? repair : "no repair");
	else
		ck_assert_msg(repair == NULL, "a repair where there is none: %s", repair);
	assert_untouched();
}
END_TEST

/* What a program does to a file "data" and a directory "d" before it says so, what a checker then asks for,
 * and what the sentence calls it when it is gone. */
static const struct {
	const char *work, *asks, *sentence;
	const char *model; /* NULL: posix */
} losses[] = {
	{"rm data", "test ! -e data",
	 "the removal of data (unlink#1*) was not durable: its directory was never synced"},
	{"rmdir d", "test ! -e d", "the removal of the directory d (unlink#1*) was not durable: *"},
	{"mkdir e", "test -d e", "the creation of the directory e (mkdir#1*) was not durable: *"},
	{": >e", "test -e e", "the creation of e (open#1*) was not durable: its directory was never synced"},
	{"mv data e", "test -e e",
	 "the rename of data to e (rename#1*) was not durable: its directory was never synced"},
	{"mv data d/", "test -e d/data",
	 "the rename of data to d/data (rename#*) was not durable: its directories were never synced",
	 "ext4"},
	{"ln data e", "test -e e", "the link of data to e (link#1*) was not durable: *"},
	{"ln -s data e", "test -h e", "the symbolic link e (link#1*) was not durable: *"},
	{": >data", "test ! -s data",
	 "the truncation of data to 0 bytes (open#1*) was not durable: it was never synced"},
	{"truncate -s 8193 data", "test $(wc -c <data) = 8193",
	 "the new size of data, 8193 bytes (truncate#1*) was not durable: it was never synced"},
	{"chmod 400 data", "test $(stat -c %a data) = 400",
	 "the new mode of data (attr#1*) was not durable: it was never synced"},
	{"echo more >>data", "grep -q more data",
	 "the data of data at 8192 (write#1*) was not durable: it was never synced"},
	{"mv data e; sync .", "test -e e",
	 "the rename of data to e (rename#1*) was not durable: it became durable only later, by fsync#1"},
};

START_TEST(a_sentence_says_what_was_lost)
{
	const char *late = strstr(losses[_i].work, "; sync"), *sentence;
	int length = late ? (int)(late - losses[_i].work) : (int)strlen(losses[_i].work);
	struct lab_result result;
	json_t *finding;

	make_store();
	ck_assert_int_eq(mkdir("store/d", 0755), 0);
	result = LAB_CRASHINJECT(
		"explore", "--json", "--root", "store", "--model",
		losses[_i].model ? losses[_i].model : "posix", "--check",
		lab_text("! grep -q done \"$CRASH_ACKED\" || %s || exit 2", losses[_i].asks), "--", "sh",
		"-c", lab_text("cd store && %.*s && echo done%s", length, losses[_i].work, late ? late : ""));
	lab_assert_status(&result, 1);
	finding = finding_of(lines_of(&result), 0);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "lost");
	sentence = lab_json_text(finding, "sentence");
	ck_assert_msg(fnmatch(lab_text("acknowledged \"done\" on stdout, but %s", losses[_i].sentence),
			      sentence, 0) == 0,
		      "%s: %s", losses[_i].work, sentence);
}
END_TEST

/*
 * A directory of the starting tree that the run has moved is copied into a state's layer with all that is in
 * it. It was looked for by the path of the data directory, over which a worker has mounted something: it was
 * found empty.
 */
START_TEST(a_directory_that_moves_takes_along_what_was_in_it)
{
	struct lab_result result;

	make_store();
	ck_assert_int_eq(mkdir("store/d", 0755), 0);
	ck_assert_int_eq(mkdir("store/d/deep", 0755), 0);
	lab_write("store/d/deep/x", "x", 1);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "kill,posix", "--check",
				 "test -s d/deep/x || test -s e/deep/x", "--", "sh", "-c",
				 "cd store && mv d e && echo done");
	lab_assert_status(&result, 0);
}
END_TEST

/* How an acknowledgement was given, and what the checker makes of a loss that nobody acknowledged. */
START_TEST(a_sentence_says_what_stayed)
{
	static const struct {
		const char *step, *status, *sentence;
	} rows[] = {
		{"say done", "2",
		 "acknowledged \"done\" on stdout, but the removal of data (unlink#1*) was not durable: "
		 "*synced"},
		{"complain done", "2", "acknowledged \"done\" on stderr, but *synced"},
		{"ack done", "2", "acknowledged \"done\" by crash_ack(), but *synced"},
		{"say done", "1", "acknowledged \"done\" on stdout, but *synced. The data is inconsistent"},
		{"link d/x done", "1",
		 "the link of d/x to done (link#1*) reached the disk, but the removal of data (unlink#1*) "
		 "did not: "
		 "its directory was never synced. The data is inconsistent"},
		{"link d/x done", "2",
		 "the link of d/x to done *: its directory was never synced. Acknowledged data is lost"},
		{"link d/x done", "kill -9 $$", "*synced. The checker is killed by a signal"},
	};
	const char *sentence, *leave = rows[_i].status;
	struct lab_result result;

	make_store();
	ck_assert_int_eq(mkdir("store/d", 0755), 0);
	lab_write("store/d/x", "x", 1);
	result = LAB_CRASHINJECT(
		"explore", "--json", "--root", "store", "--dir", "store", "--model", "posix", "--check",
		lab_text("if test -e done || grep -q done \"$CRASH_ACKED\"; then test ! -e data || %s%s; fi",
			 strchr(leave, ' ') ? "" : "exit ", leave),
		"--", lab_program("steps"), "unlink data", rows[_i].step);
	lab_assert_status(&result, 1);
	sentence = lab_json_text(finding_of(lines_of(&result), 0), "sentence");
	ck_assert_msg(fnmatch(rows[_i].sentence, sentence, 0) == 0, "%s: %s", rows[_i].step, sentence);
}
END_TEST

START_TEST(the_finding_says_which_models_allow_it)
{
	struct lab_result result;
	char *models;

	make_store();
	result = EXPLORE("no-sync", "--json", "--model", "posix,ext4,ext4-dioread-lock,xfs");
	models = json_dumps(json_object_get(finding_of(lines_of(&result), 0), "models"), 0);
	/* with dioread_lock ext4 has the data of a file that replaces another there before the name */
	ck_assert_msg(strstr(models, "\"xfs\"") && strstr(models, "\"posix\"") &&
			      strstr(models, "\"ext4\"") && !strstr(models, "\"ext4-dioread-lock\""),
		      "%s", models);
	free(models);
}
END_TEST

/* "ext3" was taken to be in the list already, as a part of "ext3-writeback". */
START_TEST(a_model_of_ones_own_is_named_beside_those_that_begin_alike)
{
	struct lab_result result;
	char *models;

	make_store();
	lab_copy(lab_text("%s/xfs.ini", lab_variable("CRASHINJECT_MODELS")), "ext3.ini");
	result = EXPLORE("no-sync", "--json", "--model", "posix,./ext3.ini");
	models = json_dumps(json_object_get(finding_of(lines_of(&result), 0), "models"), 0);
	ck_assert_msg(strstr(models, "\"ext3\"") && strstr(models, "\"ext3-writeback\""), "%s", models);
	free(models);
}
END_TEST

/* A shipped model with another value for one of its parameters: "mine.ini". */
static void make_model(const char *name, const char *parameter, const char *value)
{
	char *text = lab_read(lab_text("%s/%s.ini", lab_variable("CRASHINJECT_MODELS"), name), NULL), *at,
	     *end;

	ck_assert_ptr_nonnull(text);
	at = strstr(text, lab_text("\n%s = ", parameter));
	ck_assert_ptr_nonnull(at);
	end = strchr(at + 1, '\n');
	*at = '\0';
	text = lab_text("%s\n%s = %s%s", text, parameter, value, end);
	lab_write("mine.ini", text, strlen(text));
}

/*
 * A file system may keep a truncation and the data behind it both or neither. The others may lose both, too.
 * Each of them was once taken to be lost because of the other, and so nothing was left to ask the other
 * models for.
 */
START_TEST(what_is_lost_only_together_other_models_may_lose_as_well)
{
	struct lab_result result;
	json_t *lines, *finding;
	char *models = NULL;
	size_t i;

	make_store();
	make_model("ext4-dioread-lock", "safe-truncate", "yes");
	result = EXPLORE("emptied", "--json", "--model", "mine.ini");
	lines = lines_of(&result);
	json_array_foreach(lines, i, finding) {
		finding = json_object_get(finding, "finding");
		if (finding && strcmp(lab_json_text(finding, "kind"), "lost") == 0)
			models = json_dumps(json_object_get(finding, "models"), 0);
	}
	ck_assert_msg(models != NULL, "nothing is lost: %s", result.out);
	ck_assert_msg(strstr(models, "\"ext4\"") && strstr(models, "\"posix\"") &&
			      strstr(models, "\"ext4-writeback\""),
		      "%s", models);
	free(models);
}
END_TEST

/*
 * An append of two sectors. Under posix the file may have grown over a sector that is lost, and shows garbage
 * there; on XFS it is only shorter, and this checker takes no offence at that. It was said to be allowed by
 * XFS, too: the same op loses the same sector there, but that is another state, and one that was checked.
 */
START_TEST(a_model_does_not_allow_what_is_right_in_it)
{
	static const char append[] =
		"head -c 1024 /dev/zero | tr '\\0' n | dd bs=1024 iflag=fullblock oflag=append "
		"conv=notrunc status=none of=store/data";
	struct lab_result result;
	char *models;

	make_store();
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model", "posix", "--check",
				 "test -z \"$(tr -d on < data)\"", "--", "sh", "-c", append);
	lab_assert_status(&result, 1);
	models = json_dumps(json_object_get(finding_of(lines_of(&result), 0), "models"), 0);
	ck_assert_msg(strstr(models, "\"posix\"") && !strstr(models, "\"ext4-journal\"") &&
			      !strstr(models, "\"xfs\""),
		      "%s", models);
	free(models);
	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "ext4-journal,xfs", "--check",
				 "test -z \"$(tr -d on < data)\"", "--", "sh", "-c", append);
	lab_assert_status(&result, 0);
}
END_TEST

/*
 * Two files that one function writes are one mistake, and a sync of one of them does not repair it. What is
 * shown of the checker is what it says of the state that can be replayed: it was of another state, which had
 * lost more.
 */
START_TEST(a_repair_says_that_it_takes_more_than_one_sync)
{
	static const char both[] =
		"test ! -e flag || for file in b a; do grep -q x $file || { echo no $file; exit 1; }; done";
	struct lab_result result;
	json_t *lines, *finding;

	make_store();
	lab_write("store/a", "", 0);
	lab_write("store/b", "", 0);
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--dir", "store", "--model", "posix",
				 "--tiers", "cut,keep-1", "--output", "kept", "--check", both, "--",
				 lab_program("steps"), "open a w", "write 3 x", "open b w", "write 4 x",
				 "open flag wc");
	lab_assert_status(&result, 1);
	lines = lines_of(&result);
	ck_assert_int_eq(json_array_size(lines), 2);
	finding = finding_of(lines, 0);
	ck_assert_msg(
		fnmatch("fsync of a and b before open#1 of flag *", lab_json_text(finding, "repair"), 0) == 0,
		"%s", lab_json_text(finding, "repair"));
	result = LAB_CRASHINJECT("replay", "kept", lab_json_text(finding, "state"), "state");
	lab_assert_status(&result, 0);
	result = LAB_COMMAND("sh", "-c", lab_text("cd state; %s", both));
	ck_assert_str_eq(result.out, lab_json_text(finding, "output"));
}
END_TEST

START_TEST(the_id_stays_and_a_baseline_accepts_it)
{
	struct lab_result result;
	char *id;

	make_store();
	result = EXPLORE("no-sync", "--json", "--model", "xfs");
	id = strdup(lab_json_text(finding_of(lines_of(&result), 0), "id"));
	lab_write("accepted", lab_text("# known\n%s # the rename\r\n0123abcd\r\n", id), strlen(id) + 34);
	result = EXPLORE("no-sync", "--baseline", "accepted", "--model", "xfs");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, lab_text("finding %s", id)) && strstr(result.out, "accepted"), "%s",
		      result.out);
	ck_assert_msg(strstr(result.out, "0123abcd was not found any more"), "%s", result.out);
	result = EXPLORE("no-dirsync", "--baseline", "accepted", "--model", "xfs");
	lab_assert_status(&result, 1);
	free(id);
}
END_TEST

START_TEST(a_failed_sync_that_is_believed_is_found)
{
	/* one keeps in memory what it will not write, and one forgets it */
	static const char *const models[] = {"ext4", "btrfs"};
	const char *id = NULL;

	for (size_t i = 0; i < 2; i++) {
		struct lab_result result;
		json_t *finding;
		char *allowed;

		make_store();
		result = EXPLORE("good", "--json", "--model", models[i], "--at", "fsync#1:err=EIO");
		lab_assert_status(&result, 1);
		finding = finding_of(lines_of(&result), 0);
		ck_assert_msg(strstr(lab_json_text(finding, "sentence"),
				     ": its fsync failed, and it was not written again") != NULL,
			      "%s", lab_json_text(finding, "sentence"));
		ck_assert_msg(strncmp(lab_json_text(finding, "advice"), "after a failed fsync", 20) == 0,
			      "%s", lab_json_text(finding, "advice"));
		allowed = json_dumps(json_object_get(finding, "models"), 0);
		ck_assert_msg(strstr(allowed, "\"ext4\"") && strstr(allowed, "\"btrfs\""), "%s: %s",
			      models[i], allowed);
		free(allowed);
		ck_assert_msg(!id || strcmp(id, lab_json_text(finding, "id")) == 0, "%s", result.out);
		id = lab_text("%s", lab_json_text(finding, "id"));
	}
}
END_TEST

START_TEST(a_name_whose_directory_could_not_be_synced_is_lost)
{
	struct lab_result result;
	json_t *finding;

	make_store();
	result = EXPLORE("good", "--json", "--model", "xfs", "--at", "fsync#2:err=EIO");
	lab_assert_status(&result, 1);
	finding = finding_of(lines_of(&result), 0);
	ck_assert_msg(strstr(lab_json_text(finding, "sentence"),
			     ": the fsync that was to make it durable failed") != NULL,
		      "%s", lab_json_text(finding, "sentence"));
	ck_assert_msg(strstr(lab_json_text(finding, "advice"), "a second fsync promises nothing") != NULL,
		      "%s", lab_json_text(finding, "advice"));
}
END_TEST

/* New blocks that ext4 could not write stay unwritten: docs/FINDINGS.md, "zeros again". */
START_TEST(what_is_written_again_after_a_failed_sync_is_lost_again_on_ext4)
{
	struct lab_result result;
	json_t *finding;

	make_store();
	result = EXPLORE("written-again", "--json", "--model", "ext4", "--at", "fsync#1:err=EIO");
	lab_assert_status(&result, 1);
	finding = finding_of(lines_of(&result), 0);
	ck_assert_msg(strstr(lab_json_text(finding, "sentence"),
			     ": its fsync failed, and what was written again there is not written either") !=
			      NULL,
		      "%s", lab_json_text(finding, "sentence"));
	ck_assert_msg(strstr(lab_json_text(finding, "advice"), "to a new file") != NULL, "%s",
		      lab_json_text(finding, "advice"));
	for (const char *const *model = (const char *const[]){"ext4-dioread-lock", "xfs", "btrfs", NULL};
	     *model; model++) {
		result = EXPLORE("written-again", "--model", *model, "--at", "fsync#1:err=EIO");
		lab_assert_status(&result, 0);
	}
}
END_TEST

/* ------------------------------------------------------------------ never a false all-clear */

START_TEST(a_checker_that_refuses_the_final_state_ends_it)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "echo no; exit 1", "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.out, "not accepted (inconsistent)") && strstr(result.out, "no\n"), "%s",
		      result.out);
}
END_TEST

/* Where it was typed it is there. */
START_TEST(a_checker_that_is_not_there_is_said_to_be)
{
	struct lab_result result;

	make_store();
	lab_write("verify.sh", "#!/bin/sh\nexit 0\n", 17);
	ck_assert_int_eq(chmod("verify.sh", 0755), 0);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "./verify.sh", "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.out, "could not be run (127): it runs in the data directory, so write "
					 "\"$PWD/verify.sh\""),
		      "%s", result.out);
}
END_TEST

/* Who only reads the report once saw no test, and no failure. */
START_TEST(a_refused_final_state_is_an_error_in_every_report)
{
	struct lab_result result;
	const json_t *reasons;

	make_store();
	result = EXPLORE("good", "--check", "false", "--junit", "junit.xml", "--html", "page.html", "--json");
	lab_assert_status(&result, 125);
	reasons = json_object_get(summary_of(lines_of(&result)), "incomplete_reasons");
	ck_assert_int_eq(json_array_size(reasons), 1);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(reasons, 0)), "does not accept the final state"));
	ck_assert_ptr_nonnull(strstr(lab_read("junit.xml", NULL), "tests=\"1\" failures=\"0\" errors=\"1\""));
	ck_assert_ptr_nonnull(strstr(lab_read("page.html", NULL), "does not accept the final state"));
}
END_TEST

/* The checker looks how many failures have been printed already. */
START_TEST(failures_are_printed_as_they_come)
{
	struct lab_result result;
	char *said, *seen;
	json_t *failure;

	make_store();
	setenv("CHECK", check, 1);
	setenv("LAB", lab_dir, 1);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--jobs=1", "--json=lines",
				 "--check",
				 "grep -c '^{\"failure\"' \"$LAB/lines\" >>\"$LAB/seen\"; eval \"$CHECK\"",
				 "--", "sh", "-c", lab_text("cd store && %s no-sync", lab_program("saver")));
	lab_assert_status(&result, 1);
	said = lab_read("lines", NULL);
	result.out = said;
	lines_of(&result);
	ck_assert_uint_gt(failures, 1);
	failure = json_object_get(json_array_get(lab_json_lines(said), 0), "failure");
	ck_assert_str_eq(lab_json_text(failure, "kind"), "inconsistent");
	ck_assert_str_eq(lab_json_text(failure, "model"), "posix");
	ck_assert_str_eq(lab_json_text(failure, "output"), "neither old nor new\n");
	seen = lab_read("seen", NULL);
	ck_assert_msg(strncmp(seen, "0\n", 2) == 0 && strstr(seen, "\n1\n"), "%s", seen);
}
END_TEST

/* It was once taken for a failure of the state: a machine short of processes made up findings. */
START_TEST(a_checker_that_cannot_be_started_says_nothing_of_a_state)
{
	struct lab_result result;

	make_store();
	/* sh is looked up for the checker, and not for the program */
	ck_assert_int_eq(setenv("PATH", "/nonexistent", 1), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--check", "true", "--", "/bin/sh",
				 "-c", lab_text("cd store && exec %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "cannot start sh") != NULL, "%s", result.out);
	ck_assert_int_eq(lab_json_number(summary_of(lines_of(&result)), "failed", -1), 0);
}
END_TEST

/* As an ordinary user. */
static struct lab_result as_nobody(const char *const *options)
{
	const char *argv[32] = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
	size_t count = geteuid() == 0 ? 4 : 0;

	if (count) {
		ck_assert_int_eq(chmod(lab_text("%s/..", lab_dir), 0711), 0);
		ck_assert_int_eq(chmod(".", 0777), 0);
	}
	argv[count++] = lab_variable("CRASHINJECT");
	while (*options)
		argv[count++] = *options++;
	return lab_command(NULL, argv);
}

#define AS_NOBODY(...) as_nobody((const char *const[]){__VA_ARGS__, NULL})

/* The store is that user's, with all that is in it. */
static void give_away_store(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(LAB_COMMAND("chown", "-R", "65534:65534", "store").status, 0);
}

/* Without user namespaces there is nothing to look at it with, and no sandbox either. */
static bool has_user_namespaces(void)
{
	struct lab_result result;

	make_store();
	result = AS_NOBODY("explore", "--json", "--root", "store", "--check", "true", "--", "touch",
			   "store/n");
	return strstr(result.out, "\"namespaces\":true") != NULL;
}

/*
 * A program opens what it has closed to itself, and finds there what was in it. To us it was a directory with
 * nothing in it, or an error; the file's bytes were once taken for zeros.
 */
START_TEST(what_its_owner_has_closed_can_be_opened_again)
{
	static const char *const programs[] = {
		"cd \"$CRASH_DIR\" && chmod 600 data && printf x | dd of=data conv=notrunc 2>&1",
		"cd \"$CRASH_DIR\" && chmod 700 p && mv p/data p/new && printf x | dd of=data "
		"conv=notrunc "
		"2>&1",
	};
	static const char *const checks[] = {
		"test $(wc -c <data) = 8192 && ! tr -d ox <data | grep .",
		"chmod 700 p && cmp p/data data 2>/dev/null || cmp p/new data 2>/dev/null",
	};
	static const char *const ways[] = {"--json", "--copy"};
	struct lab_result result;

	if (!has_user_namespaces())
		LAB_SKIP("an ordinary user has no namespaces here");
	for (int way = 0; way < 2; way++) {
		make_store();
		if (_i) {
			ck_assert_int_eq(mkdir("store/p", 0700), 0);
			ck_assert_int_eq(link("store/data", "store/p/data"), 0);
			ck_assert_int_eq(chmod("store/p", 0), 0);
		} else {
			ck_assert_int_eq(chmod("store/data", 0), 0);
		}
		give_away_store();
		result =
			AS_NOBODY("explore", ways[way], "--dir", "store", "--model", "ext4", "--check",
				  lab_text("chmod u+r data; %s", checks[_i]), "--", "sh", "-c", programs[_i]);
		lab_assert_status(&result, 0);
	}
}
END_TEST

/*
 * An overlay copies a file with its owner before it is written to, and without rights there is only one: the
 * program saw EOVERFLOW, and nothing of what it would have done was tested. What keeps it out of the
 * directory keeps it out of a copy.
 */
START_TEST(what_an_overlay_cannot_copy_is_no_all_clear)
{
	static const struct {
		const char *prepare, *program;
		int status;
		const char *says;
	} all[] = {
		{"chown 1:65534 data; chmod 664 data; echo x >closed; chmod 600 closed; mkdir -m 700 lost; "
		 "chown 0:0 "
		 "closed lost",
		 "echo y >data; ! cat closed 2>/dev/null && ! ls lost 2>/dev/null", 1, "finding"},
		{"chown 0:0 data; chmod 644 data", "! echo y >data && mv data new", 3,
		 "the overlay could not copy"},
	};
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can make files that are somebody else's");
	if (!has_user_namespaces())
		LAB_SKIP("an ordinary user has no namespaces here");
	make_store();
	give_away_store();
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", lab_text("cd store && { %s; }", all[_i].prepare)).status, 0);
	result = AS_NOBODY("explore", "--root", "store", "--model", "posix", "--check",
			   "test -s data || test -s new", "--", "sh", "-c",
			   lab_text("cd store && { %s; }", all[_i].program));
	lab_assert_status(&result, all[_i].status);
	ck_assert_msg(strstr(result.out, all[_i].says) != NULL, "%s", lab_describe(&result));
}
END_TEST

/* Servers bind a socket in their data directory and unlink it at the end: that made every run of one
 * incomplete. */
START_TEST(a_socket_comes_and_goes_and_the_run_is_complete)
{
	static const char serve[] = "import os, socket\n"
				    "os.chdir('store')\n"
				    "os.chmod('data', 0o600)\n"
				    "for end in ('unlink', 'rename'):\n"
				    "  socket.socket(socket.AF_UNIX).bind('s')\n"
				    "  os.unlink('s') if end == 'unlink' else os.rename('s', 'data.sock')\n";
	struct lab_result result;

	if (LAB_COMMAND("python3", "-c", "").status != 0)
		LAB_SKIP("no python3 to make a socket with");
	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "test -s data", "--", "python3",
				 "-c", serve);
	lab_assert_status(&result, 0);
	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "test -s data", "--", "python3",
				 "-c", lab_text("%sos.rename('data.sock', 'data')\n", serve));
	lab_assert_status(&result, 125); /* the file that was there is gone, and the checker misses it */
}
END_TEST

/*
 * A thread acknowledges something and has to wait, because nobody reads; meanwhile another one syncs the file
 * that it speaks of. It was acknowledged before that, whenever the call came back.
 */
START_TEST(an_acknowledgement_begins_with_its_call)
{
	static const char late[] =
		"import os, threading\n"
		"f = os.open('store/data', os.O_WRONLY)\n"
		"r, w = os.pipe()\n"
		"os.set_blocking(w, False)\n"
		"try:\n"
		"  while True: os.write(w, b'x' * 4095 + b'\\n')\n"
		"except BlockingIOError: os.set_blocking(w, True)\n"
		"os.pwrite(f, b'new', 0)\n"
		"teller = threading.Thread(target=os.write, args=(w, b'told\\n' * 1000))\n"
		"teller.start()\n"
		"while os.get_blocking(w) and not any(\n"
		"    open(f'/proc/self/task/{t}/syscall').read().startswith(f'1 {hex(w)} ')\n"
		"    for t in os.listdir('/proc/self/task')): pass\n"
		"os.fsync(f)\n"
		"while b'told' not in os.read(r, 65536): pass\n"
		"teller.join()\n";
	struct lab_result result;

	if (LAB_COMMAND("python3", "-c", "").status != 0)
		LAB_SKIP("no python3 to write it in");
	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--check",
				 "! grep -q told \"$CRASH_ACKED\" || grep -q ^new data || exit 2", "--",
				 "python3", "-c", late);
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "acknowledged \"told\" on descriptor ") != NULL, "%s", result.out);
}
END_TEST

/* A server that is started and left was ended in silence, and what it had not done yet was all-clear. */
START_TEST(what_is_left_running_makes_it_incomplete)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--linger", "50ms", "--check", "test -s data",
				 "--", "sh", "-c",
				 "{ sleep 100; rm store/data; } >/dev/null 2>&1 & echo more >> store/data");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "left-running") != NULL, "%s", result.out);
}
END_TEST

/*
 * As Mercurial does it: the lock names its holder by a process id and the pid namespace that it counts in.
 * Who finds it breaks it if the holder is gone, and cannot know that elsewhere.
 */
START_TEST(a_lock_that_names_a_pid_namespace_is_judged_in_it)
{
	static const char lock[] =
		"ln -s host/$(printf %x $(stat -L -c %i /proc/self/ns/pid)):$$ store/lock; "
		"echo more >> store/data; rm store/lock";
	static const char judge[] = "[ ! -h lock ] || { here=$(printf %x $(stat -L -c %i "
				    "/proc/self/ns/pid)); held=$(readlink lock); "
				    "[ \"${held%:*}\" = host/$here ] && ! kill -0 ${held#*:} 2>/dev/null; }";
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", judge, "--", "sh", "-c", lock);
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "no findings") != NULL, "%s", result.out);
}
END_TEST

/* Also in an overlay, where the files have a device that the file system below does not have. */
START_TEST(a_sync_of_another_file_system_is_none)
{
	static const struct {
		const char *of;
		int status;
	} syncs[] = {{"/proc", 1}, {"/dev/shm", 1}, {".", 0}, {"store/data", 0}};
	struct stat here, there;
	struct lab_result result;

	if (stat(".", &here) < 0 || stat("/dev/shm", &there) < 0 || here.st_dev == there.st_dev)
		LAB_SKIP("there is no other file system");
	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "ext4", "--check",
				 "! grep -q saved $CRASH_ACKED || [ $(cat data) = new ]", "--", "sh", "-c",
				 lab_text("printf new >store/data; sync -f %s; echo saved", syncs[_i].of));
	lab_assert_status(&result, syncs[_i].status);
}
END_TEST

/* What somebody does to the data directory when the final state has been checked, and what is named. */
static const struct {
	const char *change, *named;
} changes[] = {
	{"rm store/data", "explored: data\n"},
	{": >store/data", "explored: data\n"},
	{"mv store/data store/gone; printf old >store/data", "explored: data\n"},
	{"touch store/unknown", "/store\n"},
	{"rm -r store", "explored: data\n"},
};

static void change_when_asked(const char *change)
{
	execlp("sh", "sh", "-c", lab_text("until [ -e asked ]; do sleep 0.01; done; %s; : >changed", change),
	       (char *)NULL);
	_exit(127);
}

/* Each state but the final one lacks what somebody else has taken away: that is no mistake of the program. */
START_TEST(a_starting_tree_that_changes_blames_nobody)
{
	static const char present[] = "if [ ! -e ../final ]; then : >../final; else : >../asked; fi; "
				      "[ ! -e ../asked ] || until [ -e ../changed ]; do sleep 0.01; done; "
				      "[ -s data ] && [ ! -e unknown ]";
	static const char save[] = "printf new >store/tmp; mv store/tmp store/data; echo saved";
	struct lab_result result;
	pid_t pid;

	make_store();
	pid = fork();
	if (pid == 0)
		change_when_asked(changes[_i].change);
	result = LAB_CRASHINJECT("explore", "-o", "out", "--root", "store", "--jobs", "1", "--check", present,
				 "--", "sh", "-c", save);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the starting tree was changed while it was being explored") &&
			      strstr(result.out, changes[_i].named) && !strstr(result.out, "finding 0") &&
			      strstr(result.out, "no findings, but the result is incomplete"),
		      "%s", lab_describe(&result));
	/* nothing that was seen meanwhile is believed later: the tree before the change is in the result */
	result = LAB_CRASHINJECT("explore", "--resume", "out");
	lab_assert_status(&result, 0);
}
END_TEST

/* Waits at the second state until it was changed. */
static const char changing[] = "[ -e ../final ] && : >../asked; : >../final; "
			       "[ ! -e ../asked ] || until [ -e ../changed ]; do sleep 0.01; done; true\n";

/* Verdicts of a script that changes are of two checkers, and nobody knows which ones of which. */
START_TEST(a_checker_that_changes_is_no_all_clear)
{
	static const char *const edits[] = {"sed -i s/true/false/ look.sh", "rm look.sh"};
	struct lab_result result;
	pid_t pid;

	make_store();
	lab_write("look.sh", changing, strlen(changing));
	pid = fork();
	if (pid == 0)
		change_when_asked(edits[_i]);
	result = EXPLORE("no-sync", "-o", "out", "--jobs", "1", "--check", "sh ../look.sh || true");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the checker was changed while it was used: ") &&
			      strstr(result.out, "/look.sh\n"),
		      "%s", result.out);
	lab_write("look.sh", changing, strlen(changing));
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "out");
	lab_assert_status(&result, 0);
	ck_assert_int_eq((int)lab_json_number(summary_of(lines_of(&result)), "known_before", -1), 0);
}
END_TEST

/* Of what it has found, too, in the place that nobody had to name. */
START_TEST(findings_of_a_checker_that_changes_are_found_again)
{
	struct lab_result result;
	const char *kept;
	pid_t pid;

	make_store();
	lab_write("look.sh", changing, strlen(changing));
	pid = fork();
	if (pid == 0)
		change_when_asked("sed -i s/true/false/ look.sh");
	result = EXPLORE("no-sync", "--model", "posix", "--jobs", "1", "--check",
			 "sh ../look.sh || true; [ -s data ]");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	lab_assert_status(&result, 1);
	kept = strstr(result.err, "the result is in ");
	ck_assert_msg(kept != NULL, "%s", lab_describe(&result));
	kept = lab_text("%.*s", (int)strcspn(kept + 17, "\n"), kept + 17);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", kept);
	lab_assert_status(&result, 1);
	ck_assert_int_eq((int)lab_json_number(summary_of(lines_of(&result)), "known_before", -1), 0);
	lab_remove(kept);
}
END_TEST

START_TEST(a_spent_budget_is_incomplete_and_names_what_was_not_done)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("good", "--model", "posix", "--budget", "5");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "5 checked") && strstr(result.out, "not started") &&
			      strstr(result.out, "no findings, but the result is incomplete"),
		      "%s", result.out);
}
END_TEST

/* Explaining failures once was beside the budget. */
START_TEST(what_explains_failures_is_within_the_budget)
{
	struct lab_result result;
	json_t *summary;

	make_store();
	for (int budget = 4; budget <= 24; budget += 5) {
		result = EXPLORE("no-sync", "--json", "--model", "posix", "--budget", lab_text("%d", budget));
		summary = summary_of(lines_of(&result));
		/* the final state may be one of the states of the tiers, and is checked in any case */
		ck_assert_int_le(lab_json_number(summary, "checked", -1), budget);
		ck_assert(!lab_json_bool(summary, "complete"));
		/* a failure is a finding, even if nothing is left to explain it with */
		ck_assert_int_eq(lab_json_number(summary, "failed", -1) > 0, result.status == 1);
	}
}
END_TEST

/* Everything that a later state had lost was a cause of its own, and the first of it was named. */
START_TEST(with_no_budget_left_a_failure_has_a_cause_that_is_known)
{
	struct lab_result result;
	json_t *summary;

	for (int budget = 12; budget <= 40; budget += 4) {
		make_store();
		result = LAB_CRASHINJECT(
			"explore", "--json", "--root", "store", "--model", "ext4", "--tiers", "cut",
			"--budget", lab_text("%d", budget), "--check",
			"test ! -s $CRASH_ACKED || grep -q new data", "--", "sh", "-c",
			"cd store; printf x >b; echo new 1<>data; echo done;"
			"for i in 1 2 3 4 5 6 7 8; do printf $i | dd of=c$i conv=fsync; done");
		summary = summary_of(lines_of(&result));
		ck_assert_int_gt(lab_json_number(summary, "failed", -1), 1);
		ck_assert_int_eq((int)lab_json_number(summary, "findings", -1), 1);
	}
}
END_TEST

/* It was waited for until it had timed out, twice. */
START_TEST(a_checker_that_hangs_does_not_outlast_the_budget)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--budget", "2s",
				 "--check-timeout", "1h", "--check",
				 "case $CRASH_POINT in rename*) sleep 9999;; esac", "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the budget ran out before all states were checked") &&
			      strstr(result.out, ", 0 failed"),
		      "%s", result.out);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--budget", "1s", "--check-timeout", "1h",
				 "--check", "sleep 9999", "--", "touch", "store/new");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the budget ran out before the final state was checked") != NULL,
		      "%s", result.out);
}
END_TEST

START_TEST(a_recording_does_not_outlast_the_budget)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--budget", "1s", "--check", "true", "--",
				 "sh", "-c", "cd store; echo x >new; exec sleep 9999");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the program timed out") && strstr(result.out, "the budget ran out"),
		      "%s", result.out);
}
END_TEST

START_TEST(a_flaky_checker_is_no_finding_and_no_all_clear)
{
	struct lab_result result;

	make_store();
	setenv("FLAG", lab_text("%s/flag-", lab_dir), 1);
	result = LAB_CRASHINJECT(
		"explore", "--root", "store", "--check",
		"case $CRASH_POINT in rename*) mkdir $FLAG$CRASH_STATE 2>/dev/null && exit 1;; esac; exit 0",
		"--", "sh", "-c", lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "flaky") && !strstr(result.out, "finding "), "%s", result.out);
}
END_TEST

static const struct {
	const char *check, *recover, *kind;
} verdicts[] = {
	{"case $CRASH_POINT in rename*) sleep 60;; esac", NULL, "timeout"},
	{"case $CRASH_POINT in rename*) kill -SEGV $$;; esac", NULL, "signal"},
	{"case $CRASH_POINT in rename*) sleep 60 & esac", NULL, "leftover"},
	{"true", "case $CRASH_POINT in rename*) exit 7;; esac", "recovery"},
	{"true", "case $CRASH_POINT in rename*) sleep 60 & esac", "recovery"},
	{"true", "case $CRASH_POINT in rename*) sleep 60;; esac", "recovery-timeout"},
};

START_TEST(each_kind_of_failure_has_its_name)
{
	const char *recover = verdicts[_i].recover ? verdicts[_i].recover : "true";
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--check-timeout", "2s", "--recover",
				 recover, "--check", verdicts[_i].check, "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(finding_of(lines_of(&result), 0), "kind"), verdicts[_i].kind);
}
END_TEST

/* ------------------------------------------------------------------ results */

START_TEST(shards_merge_to_the_whole)
{
	struct lab_result result;
	long long checked = 0;

	make_store();
	for (int shard = 1; shard <= 3; shard++) {
		result = EXPLORE("no-sync", "--json", "--model", "posix", "--shard", lab_text("%d/3", shard),
				 "--output", lab_text("part-%d", shard));
		checked += lab_json_number(summary_of(lines_of(&result)), "other_shards", -1);
	}
	ck_assert_int_gt(checked, 0);
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	ck_assert_msg(strstr(result.out, "shard 3 of 3 is missing"), "%s", result.out);
	result = LAB_CRASHINJECT("report", "--json", "part-1", "part-2", "part-3");
	lab_assert_status(&result, 1);
	ck_assert_int_eq(json_array_size(lines_of(&result)), 2);
	ck_assert(lab_json_bool(summary_of(lines_of(&result)), "complete"));
}
END_TEST

/* The second of two, as schedulers say it, and one that cannot be. */
static const struct {
	const char *variables[6]; /* name, value, ... */
	const char *wrong;	  /* a value of the first one */
	bool asked;		  /* only with --shard env */
} job_arrays[] = {
	{{"SLURM_ARRAY_TASK_ID", "8", "SLURM_ARRAY_TASK_COUNT", "2", "SLURM_ARRAY_TASK_MIN", "7"},
	 "9",
	 false},
	{{"JOB_COMPLETION_INDEX", "1", "JOB_COMPLETIONS", "2"}, "2", false},
	{{"TEST_SHARD_INDEX", "1", "TEST_TOTAL_SHARDS", "2"}, "2", false},
	{{"CI_NODE_INDEX", "2", "CI_NODE_TOTAL", "2"}, "0", true},
	{{"BUILDKITE_PARALLEL_JOB", "1", "BUILDKITE_PARALLEL_JOB_COUNT", "2"}, "2", true},
	{{"CIRCLE_NODE_INDEX", "1", "CIRCLE_NODE_TOTAL", "2"}, "2", true},
};

START_TEST(job_arrays_are_shards)
{
	const char *const *variables = job_arrays[_i].variables;
	struct lab_result result;
	long long elsewhere;

	make_store();
	for (int i = 0; i < 6 && variables[i]; i += 2)
		setenv(variables[i], variables[i + 1], 1);
	result = EXPLORE("good", "--json", "--model", "posix", "--shard", "env");
	elsewhere = lab_json_number(summary_of(lines_of(&result)), "other_shards", -1);
	ck_assert_int_gt(elsewhere, 0);
	result = EXPLORE("good", "--json", "--model", "posix", "--shard", "2/2");
	ck_assert_int_eq(lab_json_number(summary_of(lines_of(&result)), "other_shards", -1), elsewhere);
	result = EXPLORE("good", "--json", "--model", "posix");
	ck_assert_int_eq(lab_json_number(summary_of(lines_of(&result)), "other_shards", -1),
			 job_arrays[_i].asked ? 0 : elsewhere);
	setenv(variables[0], job_arrays[_i].wrong, 1);
	result = EXPLORE("good", "--shard", "env");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(
		strstr(result.err, lab_text("%s=%s is not one of ", variables[0], job_arrays[_i].wrong)));
}
END_TEST

/* A part of the states cannot tell that a finding is gone. */
START_TEST(findings_are_looked_for_in_all_states)
{
	struct lab_result result;
	const char *id;

	make_store();
	result = EXPLORE("no-sync", "--json", "--model", "xfs");
	id = lab_json_text(finding_of(lines_of(&result), 0), "id");
	setenv("JOB_COMPLETIONS", "4", 1);
	for (int i = 0; i < 4; i++) {
		setenv("JOB_COMPLETION_INDEX", lab_text("%d", i), 1);
		result = EXPLORE("no-sync", "--model", "xfs", "--finding", id);
		lab_assert_status(&result, 1);
	}
}
END_TEST

START_TEST(nothing_stands_behind_a_trace)
{
	static const char *const commands[] = {"explore", "lint"};
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "-o", "run.trace", "--dir", "store", "--", "true");
	lab_assert_status(&result, 0);
	for (int i = 0; i < 2; i++) {
		result = LAB_CRASHINJECT(commands[i], "run.trace", "--model", "ext4");
		lab_assert_status(&result, 125);
		ck_assert_ptr_nonnull(strstr(
			result.err,
			"run.trace is a trace, and nothing can stand behind it; options go before it"));
	}
}
END_TEST

/* --array=1-5:2 */
START_TEST(steps_of_job_arrays_are_counted)
{
	struct lab_result result;

	make_store();
	setenv("SLURM_ARRAY_TASK_COUNT", "3", 1);
	setenv("SLURM_ARRAY_TASK_MIN", "1", 1);
	setenv("SLURM_ARRAY_TASK_STEP", "2", 1);
	setenv("SLURM_ARRAY_TASK_ID", "5", 1);
	result = EXPLORE("good", "-o", "part", "--model", "posix");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("report", "part");
	ck_assert_msg(strstr(result.out, "shard 1 of 3 is missing") != NULL, "%s", result.out);
	ck_assert_msg(strstr(result.out, "shard 3 of 3 is missing") == NULL, "%s", result.out);
	setenv("SLURM_ARRAY_TASK_ID", "4", 1);
	result = EXPLORE("good");
	lab_assert_status(&result, 125);
}
END_TEST

START_TEST(bazel_is_told_that_shards_are_known)
{
	struct lab_result result;

	make_store();
	setenv("TEST_SHARD_STATUS_FILE", lab_text("%s/status", lab_dir), 1);
	result = EXPLORE("good");
	lab_assert_status(&result, 0);
	lab_assert_file("status", "");
	result = EXPLORE("good", "--shard", "env");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(
		strstr(result.err, "--shard env: none of these is set: SLURM_ARRAY_TASK_ID with "));
}
END_TEST

START_TEST(an_interrupted_exploration_is_resumed)
{
	struct lab_result result;
	json_t *summary;

	make_store();
	result = EXPLORE("no-sync", "--model", "posix", "--budget", "6", "--output", "kept");
	ck_assert_msg(strstr(result.err, "to check the rest: crashinject explore --resume kept\n") != NULL,
		      "%s", result.err);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
	lab_assert_status(&result, 1);
	summary = summary_of(lines_of(&result));
	ck_assert(lab_json_bool(summary, "complete"));
	ck_assert_int_ge(lab_json_number(summary, "known_before", -1), 6);
}
END_TEST

START_TEST(a_replayed_state_is_what_the_checker_saw)
{
	struct lab_result result;
	json_t *finding;

	make_store();
	result = EXPLORE("no-sync", "--json", "--model", "posix", "--output", "kept");
	finding = finding_of(lines_of(&result), 0);
	result = LAB_CRASHINJECT("replay", "--acked", "told", "kept", lab_json_text(finding, "state"),
				 "state");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "write#1 data.tmp") && strstr(result.out, "sh -c"), "%s",
		      result.out);
	result = LAB_COMMAND("sh", "-c",
			     lab_text("cd state && CRASH_ACKED=../told; export CRASH_ACKED\n%s", check));
	lab_assert_status(&result, 1);
	ck_assert_str_eq(result.out, "neither old nor new\n");
	result = LAB_CRASHINJECT("replay", "kept", lab_json_text(finding, "state"), "state");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "is not empty"), "%s", result.err);
}
END_TEST

/* Replies do not end with a newline; lines of others do not suffer from that. */
START_TEST(output_to_another_descriptor_begins_a_line)
{
	static const char expected[] = "xx\none\nxxxx\ntwo\n";
	struct lab_result result;

	mkdir("empty", 0755);
	lab_write("expected", expected, sizeof expected - 1);
	result = LAB_CRASHINJECT(
		"explore", "--dir", "empty", "--check",
		lab_text("head -c $(wc -c <$CRASH_ACKED) %s/expected | cmp - $CRASH_ACKED", lab_dir),
		"--output", "kept", "--", lab_program("steps"), "socketpair", "send 1 xx", "say one",
		"send 1 xx", "send 1 xx", "say two", "open f wc");
	lab_assert_status(&result, 0);
}
END_TEST

/* Where the file has its new name, the handler had run; a static program's ran behind the call. */
START_TEST(a_handler_runs_before_the_call)
{
	static const char *const programs[] = {"steps", "steps_static"};
	struct lab_result result;

	mkdir("empty", 0755);
	result = LAB_CRASHINJECT("explore", "--dir", "empty", "--at", "rename#1:sig=USR1", "--check",
				 "[ ! -e b ] || grep -q 'signal 10' $CRASH_ACKED", "--", "sh", "-c",
				 lab_text("cd empty && exec %s 'catch 10' 'open data wc' 'write 3 one' "
					  "'rename data b' 'say end'",
					  lab_program(programs[_i])));
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "no findings") != NULL, "%s", result.out);
}
END_TEST

/* A store makes no call; there is no call between it and its acknowledgement. */
START_TEST(a_store_comes_before_its_acknowledgement)
{
	static const char *const tells[] = {"send 3 xx", "ack told", "say told"};
	struct lab_result result;

	mkdir("empty", 0755);
	result = LAB_CRASHINJECT(
		"explore", "--dir", "empty", "--check",
		"[ ! -s \"$CRASH_ACKED\" ] || [ \"$(cat \"$CRASH_DIR/f\")\" = stored ] || exit 2", "--", "sh",
		"-c",
		lab_text("cd empty && exec %s socketpair 'open f bc' 'ftruncate 5 6' 'poke 5 0 stored' '%s'",
			 lab_program("steps"), tells[_i]));
	lab_assert_status(&result, 0);
}
END_TEST

/*
 * A flag and what it vouches for, in two pages of a mapping. Nobody has seen which of them was stored first,
 * and only the state with both was looked at. What is stored after an msync() of the other comes later.
 */
START_TEST(stores_are_in_no_order_when_the_process_dies)
{
	static const struct {
		const char *steps;
		int status;
		const char *sentence;
	} rows[] = {
		{"'poke 3 0 flag' 'poke 3 4096 data'", 1, "if the process dies *"},
		{"'poke 3 4096 data' 'poke 3 0 flag'", 1, "if the process dies *"},
		{"'store 3 4096 data' 'poke 3 0 flag'", 0, NULL},
		{"'store 3 0 flag' 'poke 3 4096 data'", 1, "if the process dies between *"},
	};
	struct lab_result result;
	json_t *lines;

	mkdir("store", 0755);
	lab_assert_status(
		&(struct lab_result){.status = LAB_COMMAND("truncate", "-s", "8192", "store/m").status}, 0);
	result = LAB_CRASHINJECT("explore", "-q", "--json", "--dir", "store", "--check",
				 "! grep -q flag m || grep -q data m", "--", "sh", "-c",
				 lab_text("cd store && exec %s 'open m b' %s 'say end'", lab_program("steps"),
					  rows[_i].steps));
	lab_assert_status(&result, rows[_i].status);
	if (!rows[_i].sentence)
		return;
	lines = lines_of(&result);
	ck_assert_msg(fnmatch(rows[_i].sentence, lab_json_text(finding_of(lines, 0), "sentence"), 0) == 0,
		      "%s", result.out);
}
END_TEST

/* More than can be looked at in every combination is never clear. */
START_TEST(many_stores_at_once_make_it_incomplete)
{
	const char *few = "", *many;
	struct lab_result result;

	mkdir("store", 0755);
	lab_assert_status(
		&(struct lab_result){.status = LAB_COMMAND("truncate", "-s", "65536", "store/m").status}, 0);
	for (int i = 0; i < 8; i++)
		few = lab_text("%s 'poke 3 %d x'", few, 4096 * i);
	many = lab_text("%s 'poke 3 40960 x'", few);
	for (int i = 0; i < 2; i++) {
		result = LAB_CRASHINJECT("explore", "--dir", "store", "--check", "true", "--", "sh", "-c",
					 lab_text("cd store && exec %s 'open m b' %s 'say end'",
						  lab_program("steps"), i ? many : few));
		lab_assert_status(&result, i ? 3 : 0);
		ck_assert_int_eq(strstr(result.out, "stores to mapped files") != NULL, i);
	}
}
END_TEST

/* Everything of a tree but times, and sizes of directories, which are each file system's own. */
#define DIGEST                                                                                               \
	"{ find . -mindepth 1 \\( -type f -printf '%%P f %%m %%s\\n' -o -printf '%%P %%y %%m %%l\\n' \\);"   \
	" find . -type f -exec sha256sum {} +; } 2>/dev/null | LC_ALL=C sort"

static const char manifold[] =
	"cd store; mkdir d d/e; echo one >d/a; echo two >d/b; mv d/a d/c; ln d/b d/e/hard; ln -s ../b "
	"d/e/soft;"
	"truncate -s 2 d/c; truncate -s 20000 s; printf x | dd of=s bs=1 seek=9000 conv=notrunc 2>/dev/null;"
	"sync s; mv d/e f; chmod 640 s; rm d/b; echo told; echo three >>d/c; mv s data; sync .";

/* At most sixty of the states; prints how many there were. */
#define REPLAY_ALL                                                                                           \
	"set -- seen/*.tree; step=$(($# / 60 + 1)); n=0;"                                                    \
	" for t; do n=$((n + 1)); [ $((n %% step)) = 0 ] || continue;"                                       \
	" s=${t#seen/}; s=${s%%.tree}; \"$CRASHINJECT\" replay --acked told result \"$s\" again >out || "    \
	"exit 1;"                                                                                            \
	" (cd again && " DIGEST ") | diff - \"$t\" && cmp told \"seen/$s.acked\" ||"                         \
	" { echo \"state $s\"; exit 1; };"                                                                   \
	" rm -rf again told; done; echo $n states"

START_TEST(every_replayed_state_is_what_the_checker_saw)
{
	static const char *const models[] = {"kill", "posix", "ext4"};
	const char *checker = lab_text(
		"s=%s/seen/$CRASH_STATE; cp \"$CRASH_ACKED\" $s.acked; " DIGEST " >$s.tree", lab_dir);
	struct lab_result result;

	make_store();
	mkdir("seen", 0755);
	result = LAB_CRASHINJECT("explore", "--output", "result", "--model", models[_i], "--root", "store",
				 "--check", checker, "--", "sh", "-c", manifold);
	lab_assert_status(&result, 0);
	result = LAB_COMMAND("sh", "-c", lab_text(REPLAY_ALL));
	lab_assert_status(&result, 0);
	ck_assert_msg(atoi(result.out) > 15, "%s", result.out);
}
END_TEST

START_TEST(a_trace_is_all_that_is_needed)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "-o", "trace", "--root", "store", "--", "sh", "-c",
				 lab_text("cd store && %s no-sync", lab_program("saver")));
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("list", "trace");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "saver.written#1") && strstr(result.out, "rename#1"), "%s",
		      result.out);
	/* the data directory has changed, and the starting tree comes from the trace */
	result = LAB_CRASHINJECT("explore", "--json", "--model", "posix", "--check", check, "trace");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(finding_of(lines_of(&result), 0), "kind"), "inconsistent");
	/* cut anywhere, it says so */
	ck_assert_int_eq(truncate("trace", 4000), 0);
	result = LAB_CRASHINJECT("list", "trace");
	lab_assert_status(&result, 3);
}
END_TEST

START_TEST(a_recording_that_reached_its_limit_is_never_clear)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "-o", "trace", "--max-trace", "6K", "--root", "store", "--", "sh",
				 "-c", lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	lab_assert_file("store/data.tmp", NULL); /* the program went on to its end */
	result = LAB_CRASHINJECT("explore", "--check", "true", "trace");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "trace-limit"), "%s", result.out);
	make_store();
	result = EXPLORE("good", "--max-trace", "6K");
	ck_assert_msg(result.status == 3 || result.status == 125, "%s", lab_describe(&result));
}
END_TEST

#define NAMELESS "d\xff"
#define SAVE "printf hello > 'f\xe4.tmp'; mv 'f\xe4.tmp' 'f\xe4'"

/* As UTF-8: what a JSON library takes. */
static void assert_text(const char *what, const char *text)
{
	json_t *string = json_string(text);

	ck_assert_msg(string != NULL, "%s is not UTF-8: %s", what, text);
	json_decref(string);
}

/* The names of a data directory and of files in it are not text, and are the same wherever they are written.
 */
START_TEST(names_need_not_be_text)
{
	const char *checker = "test ! -e 'f\xe4' || test -s 'f\xe4'", *state;
	struct lab_result result;
	json_t *lines;

	ck_assert_int_eq(mkdir(NAMELESS, 0755), 0);
	result = LAB_CRASHINJECT("explore", "--root", NAMELESS, "--model", "ext4", "--check", checker,
				 "--output", "result", "--", "sh", "-c", "cd '" NAMELESS "' && " SAVE);
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "rename of f\xe4.tmp to f\xe4 (rename#1) reached the disk") != NULL,
		      "%s", result.out);
	result = LAB_CRASHINJECT("report", "--junit", "junit.xml", "--html", "page.html", "result");
	ck_assert_msg(strstr(result.out, "rename of f\xe4.tmp to f\xe4 (rename#1) reached the disk") != NULL,
		      "%s", result.out);
	assert_text("junit.xml", lab_read("junit.xml", NULL));
	assert_text("page.html", lab_read("page.html", NULL));
	ck_assert_ptr_nonnull(strstr(lab_read("junit.xml", NULL), " to f\\xe4 (rename#1) reached"));
	result = LAB_CRASHINJECT("report", "--json", "result");
	lines = lines_of(&result);
	/* U+EFE4 stands for the byte */
	ck_assert_ptr_nonnull(
		strstr(lab_json_text(finding_of(lines, 0), "sentence"), " to f\xee\xbf\xa4 (rename#1)"));
	state = lab_json_text(finding_of(lines, 0), "state");

	result = LAB_CRASHINJECT("replay", "result", state, "replayed");
	lab_assert_status(&result, 0);
	lab_assert_file("replayed/f\xe4", "");
	ck_assert_int_eq(rename("result", "first"), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "first");
	lab_assert_status(&result, 1);
	ck_assert_int_gt(lab_json_number(summary_of(lines_of(&result)), "known_before", -1), 0);

	result = LAB_CRASHINJECT("record", "--root", NAMELESS, "--output", "trace", "--", "sh", "-c",
				 "cd '" NAMELESS "' && " SAVE);
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("explore", "--json", "--model", "ext4", "--check", checker, "trace");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(finding_of(lines_of(&result), 0), "state"), state);
}
END_TEST

/* ------------------------------------------------------------------ other ways */

START_TEST(real_kills_agree)
{
	struct lab_result result;
	json_t *lines;

	make_store();
	result = EXPLORE("early-ack", "--json", "--rerun");
	lines = lines_of(&result);
	ck_assert(lab_json_bool(summary_of(lines), "complete"));
	result = EXPLORE("good", "--rerun");
	lab_assert_status(&result, 0);
	assert_untouched();
}
END_TEST

/* What is acknowledged before it is written is lost by no kill right after an op. */
START_TEST(real_kills_come_between_an_acknowledgement_and_the_next_op)
{
	static const char lost[] = "! grep -q done \"$CRASH_ACKED\" || [ -e store/new ] || exit 2";
	struct lab_result result;
	const json_t *finding;

	make_store();
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--root", ".", "--rerun", "--json", "--check",
				 lost, "--", "sh", "-c", "echo done; mkdir store/new");
	lab_assert_status(&result, 1);
	finding = finding_of(lines_of(&result), 0);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "lost");
	ck_assert_str_eq(lab_json_text(finding, "point"), "mkdir#1");
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "killed right before mkdir#1"));
}
END_TEST

START_TEST(real_kills_come_before_the_first_op)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--rerun", "--json", "--check", "[ -e new ]",
				 "--", "sh", "-c", "mkdir store/new");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(finding_of(lines_of(&result), 0), "point"), "mkdir#1");
}
END_TEST

/* The recorded run had read it to its end: the others once had an empty one, and were blamed for that. */
START_TEST(real_kills_read_the_same_input)
{
	struct lab_result result;

	make_store();
	lab_write("input", "skipped\nread\n", 13);
	result = LAB_COMMAND(
		"sh", "-c",
		"{ read -r line; exec \"$CRASHINJECT\" explore --root store --rerun --check "
		"'[ ! -e new ] || grep -qx read new' -- sh -c 'cd store; cat >tmp; mv tmp new'; } <input");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "4 points") != NULL, "%s", result.out);
}
END_TEST

START_TEST(real_kills_take_no_options_that_choose_states)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("good", "--rerun", "--model", "ext4");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "--rerun and --model do not go together") != NULL, "%s", result.err);
}
END_TEST

START_TEST(copies_do_where_namespaces_do_not)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--copy", "--dir", "store", "--model", "posix", "--check", check,
				 "--", "sh", "-c",
				 lab_text("cd \"$CRASH_DIR\" && %s no-sync", lab_program("saver")));
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "states were checked on copies") && strstr(result.out, "rename#1"),
		      "%s", result.out);
	assert_untouched();
}
END_TEST

/*
 * Where its "/" is a mount. A sandbox did not find the module beside the command there, as /proc/self/exe
 * then leads out of the chroot.
 */
START_TEST(a_chroot_is_a_place_like_any_other)
{
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can make a chroot");
	make_store();
	mkdir("root", 0755);
	result = LAB_COMMAND(
		"unshare", "--mount", "--propagation", "private", "sh", "-c",
		"mount --rbind / root && unset CRASHINJECT_PRELOAD && exec chroot root sh -c \"$0\"",
		lab_text("cd %s/store && exec %s explore --check '%s' -- %s good", lab_dir,
			 lab_variable("CRASHINJECT"), check, lab_program("saver")));
	ck_assert_msg(result.status == 0, "%s", lab_describe(&result));
}
END_TEST

/*
 * A copy at another path had nothing beside it: the program failed, nothing was tested, and that was an
 * all-clear; and the checker's failure to find its script, exit status 2, was lost data.
 */
START_TEST(paths_lead_out_of_a_copy)
{
	static const struct {
		const char *where, *program, *check;
	} all[] = {
		{"store", "sh ../save.sh", "sh ../verify.sh"},
		{"store", "sh \"$LAB/save.sh\"", "sh \"$LAB/verify.sh\""},
		{".", "cd store && sh ../save.sh", "sh ../verify.sh"},
		{".", "sh save.sh store/", ". ../verify.sh"},
	};
	static const char save[] = "echo new >\"$1\"tmp; mv \"$1\"tmp \"$1\"data\n",
			  verify[] = "test -s data\n";
	static const char *const ways[][6] = {{NULL}, {"env", NULL}, {LAB_WITHOUT_NAMESPACES, NULL}};
	struct lab_result result;

	setenv("LAB", lab_dir, 1);
	lab_write("save.sh", save, sizeof save - 1);
	lab_write("verify.sh", verify, sizeof verify - 1);
	for (int way = 0; way < 3; way++) {
		const char *argv[24] = {"env", "-C", all[_i].where};
		size_t count = 3;

		if (way == 2 && geteuid() != 0)
			break;
		make_store();
		for (int i = 0; ways[way][i]; i++)
			argv[count++] = ways[way][i];
		argv[count++] = lab_variable("CRASHINJECT");
		argv[count++] = "explore";
		if (way == 1)
			argv[count++] = "--copy";
		memcpy(argv + count,
		       ((const char *[]){"--root", lab_text("%s/store", lab_dir), "--model", "posix",
					 "--check", all[_i].check, "--", "sh", "-c", all[_i].program}),
		       10 * sizeof *argv);
		result = lab_command(NULL, argv);
		lab_assert_status(&result, 1); /* the data of the new file was never synced */
		ck_assert_msg(strstr(result.out, "the rename of ") != NULL, "%s", result.out);
		assert_untouched();
	}
}
END_TEST

START_TEST(a_program_that_misses_the_copy_is_told_where_its_files_are)
{
	const char *program = lab_text("echo changed > %s/store/data", lab_dir), *kept;
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can do without namespaces on purpose");
	make_store();
	result = LAB_COMMAND(LAB_WITHOUT_NAMESPACES, lab_variable("CRASHINJECT"), "explore", "--dir", "store",
			     "--check", "true", "--", "sh", "-c", program);
	lab_assert_status(&result, 125);
	kept = strstr(result.err, "before is in ");
	ck_assert_msg(kept != NULL, "%s", result.err);
	kept += strlen("before is in ");
	ck_assert_int_eq(strlen(lab_read(lab_text("%.*s/data", (int)strcspn(kept, "\n"), kept), NULL)),
			 BYTES);
	/* where it only looks at the original, nobody sees that it does */
	make_store();
	result = LAB_COMMAND(LAB_WITHOUT_NAMESPACES, lab_variable("CRASHINJECT"), "explore", "--dir", "store",
			     "--check", lab_text("test -s %s/store/data", lab_dir), "--", "sh", "-c",
			     "cd \"$CRASH_DIR\"; echo changed > data");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "names the original") != NULL, "%s", result.out);
}
END_TEST

/* Checkers that look at the original, and words for what leads them there; NULL: it looks at the copy. */
static const struct {
	const char *script, *check, *named;
} lookers[] = {
	{"test -s %s/store/data", "sh ../look.sh", "/look.sh\" names the original;"},
	{"test -s \"$PLACE/data\"", "sh ../look.sh", "/look.sh\" names the original by $PLACE;"},
	{"", "test -s $PLACE/data", "\"test -s $PLACE/data\" names the original by $PLACE;"},
	{"test -s data", "sh ../look.sh", NULL},
	{"", "test -s $PWD/data && test -s $CRASH_DIR/data", NULL},
};

START_TEST(a_checker_that_misses_the_copy_is_no_all_clear)
{
	struct lab_result result;
	const char *text;

	if (geteuid() != 0)
		LAB_SKIP("only root can do without namespaces on purpose");
	make_store();
	text = strstr(lookers[_i].script, "%s") ? lab_text("test -s %s/store/data", lab_dir) :
						  lookers[_i].script;
	lab_write("look.sh", text, strlen(text));
	setenv("PLACE", lab_text("%s/store", lab_dir), 1);
	result = LAB_COMMAND(LAB_WITHOUT_NAMESPACES, lab_variable("CRASHINJECT"), "explore", "--dir", "store",
			     "--check", lookers[_i].check, "--", "sh", "-c",
			     "cd \"$CRASH_DIR\"; : > data; echo changed > data");
	unsetenv("PLACE");
	lab_assert_status(&result, lookers[_i].named ? 3 : 1);
	if (lookers[_i].named)
		ck_assert_msg(strstr(result.out, lookers[_i].named) != NULL, "%s", result.out);
}
END_TEST

START_TEST(the_replay_line_can_be_typed)
{
	struct lab_result result;
	const char *line;

	make_store();
	result = EXPLORE("no-sync", "--json", "--model", "posix", "--output", "it's kept");
	line = lab_json_text(finding_of(lines_of(&result), 0), "replay");
	result = LAB_COMMAND("sh", "-c",
			     lab_text("crashinject() { \"$CRASHINJECT\" \"$@\"; }; DIR=state; %.*s$DIR",
				      (int)(strlen(line) - strlen("DIR")), line));
	lab_assert_status(&result, 0);
	ck_assert_int_gt(lab_entries("state"), 0);
	setenv("TMPDIR", "/nonexistent", 1);
	result = EXPLORE("no-sync", "--model", "posix");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.err, "the result is not kept") &&
			      strstr(result.out, "crashinject replay TRACE '"),
		      "%s%s", result.err, result.out);
}
END_TEST

/*
 * An all-clear is one for what the program does where it does what it is meant to: that it failed at once, or
 * never touched the directory, as --dir does not move it there, was clean.
 */
START_TEST(a_run_that_tested_nothing_is_no_all_clear)
{
	static const struct {
		const char *option, *value, *program;
		int status;
		const char *says;
	} all[] = {
		{"--jobs", "1", "chmod 600 store/data", 0, "no findings"},
		{"--jobs", "1", "sh ../nowhere.sh", 3, "the program exited with 2"},
		{"--jobs", "1", "chmod 600 store/data; exit 7", 3, "if this is how it ends, say --exit-ok 7"},
		{"--exit-ok", "0,7", "chmod 600 store/data; exit 7", 0, "no findings"},
		{"--exit-ok", "7", "chmod 600 store/data", 3, "the program exited with 0"},
		{"--exit-ok", "any", "chmod 600 store/data; kill -9 $$", 0, "no findings"},
		{"--exit-ok", "7", "chmod 600 store/data; kill -9 $$", 3, "was ended by signal 9"},
		{"--jobs", "1", "true", 3, "the program changed nothing in "},
		{"--jobs", "1", "echo new > data", 3,
		 "did 2 ops elsewhere; name its data directory with --root"},
		{"--at", "fsync:err=EIO", "chmod 600 store/data", 3, "the rule fsync:err=EIO never applied"},
		{"--at", "fchmodat#1:err=EIO", "chmod 600 store/data; chmod 700 store", 0, "no findings"},
		{"--at", "fchmodat#2", "chmod 600 store/data; chmod 700 store", 0, "no findings"},
	};
	static const char *const commands[] = {"explore", "lint"};
	struct lab_result result;

	for (int i = 0; i < 2; i++) {
		bool lints = i == 1 && strcmp(all[_i].option, "--jobs") == 0;

		make_store();
		result = LAB_CRASHINJECT(commands[i], "--dir", "store", i ? "--rules" : "--check",
					 i ? "unsynced-rename" : "true", lints ? "--timeout" : all[_i].option,
					 lints ? "1m" : all[_i].value, "--", "sh", "-c", all[_i].program);
		lab_assert_status(&result, all[_i].status);
		ck_assert_msg(strstr(result.out, all[_i].says) != NULL, "%s", lab_describe(&result));
	}
}
END_TEST

START_TEST(setup_prepares_what_is_then_the_starting_tree)
{
	struct lab_result result;

	lab_remove("store");
	mkdir("store", 0755);
	result = EXPLORE("no-sync", "--model", "posix", "--setup",
			 "head -c 8192 /dev/zero | tr '\\000' o > data");
	lab_assert_status(&result, 1);
	ck_assert_int_eq(lab_entries("store"), 0);
	result = EXPLORE("good", "--setup", "exit 5");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "--setup failed: it exited with 5"), "%s", result.err);
}
END_TEST

START_TEST(without_a_checker_the_program_runs_again)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--", "sh", "-c",
				 "cd store && cp data copy && test ! -e stop");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "no --check was given"), "%s", result.out);
}
END_TEST

/* What was drawn by chance is done, and nothing is proved. */
START_TEST(a_sample_is_not_called_exhaustive)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("good", "--model", "posix", "--tiers", "prefix,sample", "--samples", "5");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "exhaustive: every process crash") &&
			      strstr(result.out, "done: a probability"),
		      "%s", result.out);
	ck_assert_msg(!strstr(result.out, "exhaustive: a probability"), "%s", result.out);
}
END_TEST

START_TEST(exhaustive_has_every_state_of_the_tiers)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("no-sync", "--json", "--model", "ext4-journal", "--exhaustive");
	lab_assert_status(&result, 0);
	ck_assert(strstr(result.out, "\"exhaustive\"") != NULL);
}
END_TEST

/* Nothing is lost there, but a write that is under way when the process dies is done in part. */
START_TEST(exhaustive_cuts_writes_where_only_the_process_dies)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("in-place", "--exhaustive");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "if the process dies during write#1 of data at 0 (") != NULL, "%s",
		      result.out);
}
END_TEST

/* ------------------------------------------------------------------ mistakes of the user */

static const struct {
	const char *option, *value, *message;
} mistakes[] = {
	{"--model", "ext5", "there is no model \"ext5\"; did you mean ext4?"},
	{"--model", "ext4,ext4", "named twice"},
	{"--model", "zfs-on-tape", "there is no model \"zfs-on-tape\"; there are btrfs, ext3-"},
	{"--tiers", "prefix,foo", "there is no tier \"foo\"; write some of prefix, "},
	{"--tiers", "omit1", "there is no tier \"omit1\"; did you mean omit-1?"},
	{"--budget", "many", "write a number of states, or a time"},
	{"--shard", "3/2", "write K/N"},
	{"--jobs", "0", "write a number from 1 to 1024"},
	{"--check-timeout", "soon", "not a time"},
	{"--max-trace", "10X", "write a size in bytes"},
	{"--baseline", "missing", "No such file"},
	{"--check", "--", "explore: --check needs a value"},
	{"--check", " ", "explore: --check: the value is empty"},
	{"--root", "nowhere", "No such file"},
};

START_TEST(a_wrong_value_says_what_is_right)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("good", mistakes[_i].option, mistakes[_i].value);
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, mistakes[_i].message) != NULL, "%s", result.err);
}
END_TEST

START_TEST(nothing_is_left_when_it_is_killed)
{
	const char *marker = lab_text("EXPLORED_BY=%d", (int)getpid());
	int pause = 20 + 60 * _i;
	pid_t pid;

	make_store();
	putenv((char *)(uintptr_t)marker);
	setenv("TMPDIR", lab_dir, 1);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execl(lab_variable("CRASHINJECT"), "crashinject", "explore", "--root", "store", "--model",
		      "posix", "--check", "sleep 0.1", "--", "sh", "-c",
		      lab_text("cd store && exec %s good", lab_program("saver")), (char *)NULL);
		_exit(127);
	}
	lab_pause((unsigned int)pause);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	LAB_AWAIT(lab_processes(marker) <= 1); /* this very test has it as well */
	assert_untouched();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("explore");
	TCase *findings = lab_case(suite, "findings", 120),
	      *clear = lab_case(suite, "no false all-clear", 120);
	TCase *results = lab_case(suite, "results", 120), *ways = lab_case(suite, "ways", 120);
	TCase *users = lab_case(suite, "mistakes", 120);

	tcase_add_loop_test(findings, a_mistake_is_found_and_its_repair_named, 0,
			    (int)(sizeof cases / sizeof *cases));
	tcase_add_test(clear, a_directory_that_moves_takes_along_what_was_in_it);
	tcase_add_loop_test(findings, a_sentence_says_what_was_lost, 0,
			    (int)(sizeof losses / sizeof *losses));
	tcase_add_loop_test(findings, a_sentence_says_what_stayed, 0, 7);
	tcase_add_test(findings, the_finding_says_which_models_allow_it);
	tcase_add_test(findings, a_model_of_ones_own_is_named_beside_those_that_begin_alike);
	tcase_add_test(findings, what_is_lost_only_together_other_models_may_lose_as_well);
	tcase_add_test(findings, a_model_does_not_allow_what_is_right_in_it);
	tcase_add_test(findings, a_repair_says_that_it_takes_more_than_one_sync);
	tcase_add_test(findings, the_id_stays_and_a_baseline_accepts_it);
	tcase_add_test(findings, a_checker_that_is_not_there_is_said_to_be);
	tcase_add_test(findings, a_failed_sync_that_is_believed_is_found);
	tcase_add_test(findings, a_name_whose_directory_could_not_be_synced_is_lost);
	tcase_add_test(findings, what_is_written_again_after_a_failed_sync_is_lost_again_on_ext4);
	tcase_add_test(clear, a_checker_that_refuses_the_final_state_ends_it);
	tcase_add_test(clear, a_refused_final_state_is_an_error_in_every_report);
	tcase_add_loop_test(clear, a_checker_that_changes_is_no_all_clear, 0, 2);
	tcase_add_test(clear, findings_of_a_checker_that_changes_are_found_again);
	tcase_add_test(findings, failures_are_printed_as_they_come);
	tcase_add_test(clear, a_checker_that_cannot_be_started_says_nothing_of_a_state);
	tcase_add_loop_test(clear, what_its_owner_has_closed_can_be_opened_again, 0, 2);
	tcase_add_loop_test(clear, a_run_that_tested_nothing_is_no_all_clear, 0, 12);
	tcase_add_loop_test(clear, what_an_overlay_cannot_copy_is_no_all_clear, 0, 2);
	tcase_add_test(clear, a_socket_comes_and_goes_and_the_run_is_complete);
	tcase_add_test(clear, what_is_left_running_makes_it_incomplete);
	tcase_add_test(clear, a_lock_that_names_a_pid_namespace_is_judged_in_it);
	tcase_add_loop_test(clear, a_sync_of_another_file_system_is_none, 0, 4);
	tcase_add_loop_test(clear, a_starting_tree_that_changes_blames_nobody, 0,
			    (int)(sizeof changes / sizeof *changes));
	tcase_add_test(clear, a_spent_budget_is_incomplete_and_names_what_was_not_done);
	tcase_add_test(clear, what_explains_failures_is_within_the_budget);
	tcase_add_test(clear, with_no_budget_left_a_failure_has_a_cause_that_is_known);
	tcase_add_test(clear, a_checker_that_hangs_does_not_outlast_the_budget);
	tcase_add_test(clear, a_recording_does_not_outlast_the_budget);
	tcase_add_test(clear, a_flaky_checker_is_no_finding_and_no_all_clear);
	tcase_add_loop_test(clear, each_kind_of_failure_has_its_name, 0,
			    (int)(sizeof verdicts / sizeof *verdicts));
	tcase_add_test(results, shards_merge_to_the_whole);
	tcase_add_loop_test(results, job_arrays_are_shards, 0, sizeof job_arrays / sizeof *job_arrays);
	tcase_add_test(results, steps_of_job_arrays_are_counted);
	tcase_add_test(results, findings_are_looked_for_in_all_states);
	tcase_add_test(results, nothing_stands_behind_a_trace);
	tcase_add_test(results, bazel_is_told_that_shards_are_known);
	tcase_add_test(results, an_interrupted_exploration_is_resumed);
	tcase_add_test(results, a_replayed_state_is_what_the_checker_saw);
	tcase_add_loop_test(results, every_replayed_state_is_what_the_checker_saw, 0, 3);
	tcase_add_test(results, an_acknowledgement_begins_with_its_call);
	tcase_add_test(results, output_to_another_descriptor_begins_a_line);
	tcase_add_loop_test(results, a_handler_runs_before_the_call, 0, 2);
	tcase_add_loop_test(results, a_store_comes_before_its_acknowledgement, 0, 3);
	tcase_add_loop_test(clear, stores_are_in_no_order_when_the_process_dies, 0, 4);
	tcase_add_test(clear, many_stores_at_once_make_it_incomplete);
	tcase_add_test(results, a_trace_is_all_that_is_needed);
	tcase_add_test(results, a_recording_that_reached_its_limit_is_never_clear);
	tcase_add_test(results, names_need_not_be_text);
	tcase_add_test(ways, real_kills_agree);
	tcase_add_test(ways, real_kills_come_between_an_acknowledgement_and_the_next_op);
	tcase_add_test(ways, real_kills_come_before_the_first_op);
	tcase_add_test(ways, real_kills_read_the_same_input);
	tcase_add_test(ways, real_kills_take_no_options_that_choose_states);
	tcase_add_test(ways, copies_do_where_namespaces_do_not);
	tcase_add_test(ways, a_chroot_is_a_place_like_any_other);
	tcase_add_loop_test(ways, paths_lead_out_of_a_copy, 0, 4);
	tcase_add_test(ways, a_program_that_misses_the_copy_is_told_where_its_files_are);
	tcase_add_loop_test(ways, a_checker_that_misses_the_copy_is_no_all_clear, 0,
			    (int)(sizeof lookers / sizeof *lookers));
	tcase_add_test(ways, the_replay_line_can_be_typed);

	tcase_add_test(ways, setup_prepares_what_is_then_the_starting_tree);
	tcase_add_test(ways, without_a_checker_the_program_runs_again);
	tcase_add_test(ways, exhaustive_has_every_state_of_the_tiers);
	tcase_add_test(ways, exhaustive_cuts_writes_where_only_the_process_dies);
	tcase_add_test(ways, a_sample_is_not_called_exhaustive);
	tcase_add_loop_test(users, a_wrong_value_says_what_is_right, 0,
			    (int)(sizeof mistakes / sizeof *mistakes));
	tcase_add_loop_test(users, nothing_is_left_when_it_is_killed, 0, 6);
	return suite;
}

int main(void)
{
	/* everything here looks at states at the data directory's own path */
	if (!lab_sandboxes()) {
		printf("SKIP: explore: user namespaces with overlays are not to be had here\n");
		return 77;
	}
	return lab_run(make_suite());
}
