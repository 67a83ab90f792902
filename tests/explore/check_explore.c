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

#include "tests/explore/saver_store.h"

static void assert_untouched(void)
{
	char old[SAVER_BYTES + 1];
	size_t bytes;

	memset(old, 'o', SAVER_BYTES);
	ck_assert_int_eq(lab_entries("store"), 1);
	ck_assert_msg(memcmp(lab_read("store/data", &bytes), old, SAVER_BYTES) == 0 && bytes == SAVER_BYTES,
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

	saver_store();
	result = SAVER_EXPLORE(cases[_i].mistake, "--json", "--model", cases[_i].model);
	lines = saver_lines(&result);
	if (!cases[_i].kind) {
		lab_assert_status(&result, 0);
		ck_assert_int_eq(json_array_size(lines), 1);
		ck_assert(lab_json_bool(saver_summary(lines), "complete"));
		assert_untouched();
		return;
	}
	lab_assert_status(&result, 1);
	ck_assert_msg(json_array_size(lines) == 2, "not one finding: %s", result.out);
	finding = saver_finding(lines, 0);
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

	saver_store();
	ck_assert_int_eq(mkdir("store/d", 0755), 0);
	result = LAB_CRASHINJECT(
		"explore", "--json", "--root", "store", "--model",
		losses[_i].model ? losses[_i].model : "posix", "--check",
		lab_text("! grep -q done \"$CRASH_ACKED\" || %s || exit 2", losses[_i].asks), "--", "sh",
		"-c", lab_text("cd store && %.*s && echo done%s", length, losses[_i].work, late ? late : ""));
	lab_assert_status(&result, 1);
	finding = saver_finding(saver_lines(&result), 0);
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

	saver_store();
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

	saver_store();
	ck_assert_int_eq(mkdir("store/d", 0755), 0);
	lab_write("store/d/x", "x", 1);
	result = LAB_CRASHINJECT(
		"explore", "--json", "--root", "store", "--dir", "store", "--model", "posix", "--check",
		lab_text("if test -e done || grep -q done \"$CRASH_ACKED\"; then test ! -e data || %s%s; fi",
			 strchr(leave, ' ') ? "" : "exit ", leave),
		"--", lab_program("steps"), "unlink data", rows[_i].step);
	lab_assert_status(&result, 1);
	sentence = lab_json_text(saver_finding(saver_lines(&result), 0), "sentence");
	ck_assert_msg(fnmatch(rows[_i].sentence, sentence, 0) == 0, "%s: %s", rows[_i].step, sentence);
}
END_TEST

START_TEST(the_finding_says_which_models_allow_it)
{
	struct lab_result result;
	char *models;

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "posix,ext4,ext4-dioread-lock,xfs");
	models = json_dumps(json_object_get(saver_finding(saver_lines(&result), 0), "models"), 0);
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

	saver_store();
	lab_copy(lab_text("%s/xfs.ini", lab_variable("CRASHINJECT_MODELS")), "ext3.ini");
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "posix,./ext3.ini");
	models = json_dumps(json_object_get(saver_finding(saver_lines(&result), 0), "models"), 0);
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

	saver_store();
	make_model("ext4-dioread-lock", "safe-truncate", "yes");
	result = SAVER_EXPLORE("emptied", "--json", "--model", "mine.ini");
	lines = saver_lines(&result);
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

	saver_store();
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model", "posix", "--check",
				 "test -z \"$(tr -d on < data)\"", "--", "sh", "-c", append);
	lab_assert_status(&result, 1);
	models = json_dumps(json_object_get(saver_finding(saver_lines(&result), 0), "models"), 0);
	ck_assert_msg(strstr(models, "\"posix\"") && !strstr(models, "\"ext4-journal\"") &&
			      !strstr(models, "\"xfs\""),
		      "%s", models);
	free(models);
	saver_store();
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

	saver_store();
	lab_write("store/a", "", 0);
	lab_write("store/b", "", 0);
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--dir", "store", "--model", "posix",
				 "--tiers", "cut,keep-1", "--output", "kept", "--check", both, "--",
				 lab_program("steps"), "open a w", "write 3 x", "open b w", "write 4 x",
				 "open flag wc");
	lab_assert_status(&result, 1);
	lines = saver_lines(&result);
	ck_assert_int_eq(json_array_size(lines), 2);
	finding = saver_finding(lines, 0);
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

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "xfs");
	id = strdup(lab_json_text(saver_finding(saver_lines(&result), 0), "id"));
	lab_write("accepted", lab_text("# known\n%s # the rename\r\n0123abcd\r\n", id), strlen(id) + 34);
	result = SAVER_EXPLORE("no-sync", "--baseline", "accepted", "--model", "xfs");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, lab_text("finding %s", id)) && strstr(result.out, "accepted"), "%s",
		      result.out);
	ck_assert_msg(strstr(result.out, "0123abcd was not found any more"), "%s", result.out);
	result = SAVER_EXPLORE("no-dirsync", "--baseline", "accepted", "--model", "xfs");
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

		saver_store();
		result = SAVER_EXPLORE("good", "--json", "--model", models[i], "--at", "fsync#1:err=EIO");
		lab_assert_status(&result, 1);
		finding = saver_finding(saver_lines(&result), 0);
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

	saver_store();
	result = SAVER_EXPLORE("good", "--json", "--model", "xfs", "--at", "fsync#2:err=EIO");
	lab_assert_status(&result, 1);
	finding = saver_finding(saver_lines(&result), 0);
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

	saver_store();
	result = SAVER_EXPLORE("written-again", "--json", "--model", "ext4", "--at", "fsync#1:err=EIO");
	lab_assert_status(&result, 1);
	finding = saver_finding(saver_lines(&result), 0);
	ck_assert_msg(strstr(lab_json_text(finding, "sentence"),
			     ": its fsync failed, and what was written again there is not written either") !=
			      NULL,
		      "%s", lab_json_text(finding, "sentence"));
	ck_assert_msg(strstr(lab_json_text(finding, "advice"), "to a new file") != NULL, "%s",
		      lab_json_text(finding, "advice"));
	for (const char *const *model = (const char *const[]){"ext4-dioread-lock", "xfs", "btrfs", NULL};
	     *model; model++) {
		result = SAVER_EXPLORE("written-again", "--model", *model, "--at", "fsync#1:err=EIO");
		lab_assert_status(&result, 0);
	}
}
END_TEST

/* ------------------------------------------------------------------ results */

START_TEST(an_interrupted_exploration_is_resumed)
{
	struct lab_result result;
	json_t *summary;

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--model", "posix", "--budget", "6", "--output", "kept");
	ck_assert_msg(strstr(result.err, "to check the rest: crashinject explore --resume kept\n") != NULL,
		      "%s", result.err);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
	lab_assert_status(&result, 1);
	summary = saver_summary(saver_lines(&result));
	ck_assert(lab_json_bool(summary, "complete"));
	ck_assert_int_ge(lab_json_number(summary, "known_before", -1), 6);
}
END_TEST

START_TEST(a_replayed_state_is_what_the_checker_saw)
{
	struct lab_result result;
	json_t *finding;

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "posix", "--output", "kept");
	finding = saver_finding(saver_lines(&result), 0);
	result = LAB_CRASHINJECT("replay", "--acked", "told", "--acked-dir", "streams", "kept",
				 lab_json_text(finding, "state"), "state");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, lab_text(" CRASH_ACKED_DIR=%s/streams ", lab_dir)), "%s",
		      result.out);
	lab_assert_file("streams/stdout", lab_read("told", NULL));
	ck_assert_msg(strstr(result.out, "write#1 data.tmp") && strstr(result.out, "sh -c"), "%s",
		      result.out);
	result = LAB_COMMAND(
		"sh", "-c", lab_text("cd state && CRASH_ACKED=../told; export CRASH_ACKED\n%s", saver_check));
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
		lab_text("cat f; head -c $(wc -c <$CRASH_ACKED) %s/expected | cmp - $CRASH_ACKED", lab_dir),
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
				 "[ ! -e b ] || { cat b; grep -q 'signal 10' $CRASH_ACKED; }", "--", "sh",
				 "-c",
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
		"explore", "--model=kill", "--dir", "empty", "--check",
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
	result = LAB_CRASHINJECT("explore", "-q", "--json", "--model=kill", "--dir", "store", "--check",
				 "! grep -q flag m || grep -q data m", "--", "sh", "-c",
				 lab_text("cd store && exec %s 'open m b' %s 'say end'", lab_program("steps"),
					  rows[_i].steps));
	lab_assert_status(&result, rows[_i].status);
	if (!rows[_i].sentence)
		return;
	lines = saver_lines(&result);
	ck_assert_msg(fnmatch(rows[_i].sentence, lab_json_text(saver_finding(lines, 0), "sentence"), 0) == 0,
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
		result = LAB_CRASHINJECT("explore", "--dir", "store", "--check", LAB_READS, "--", "sh", "-c",
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
		"s=%s/seen/$CRASH_STATE; [ ! -e $s.tree ] || exit 0; cp \"$CRASH_ACKED\" $s.acked; " DIGEST
		" >$s.tree",
		lab_dir);
	struct lab_result result;

	saver_store();
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

	saver_store();
	result = LAB_CRASHINJECT("record", "-o", "trace", "--root", "store", "--", "sh", "-c",
				 lab_text("cd store && %s no-sync", lab_program("saver")));
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("list", "trace");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "saver.written#1") && strstr(result.out, "rename#1"), "%s",
		      result.out);
	/* the data directory has changed, and the starting tree comes from the trace */
	result = LAB_CRASHINJECT("explore", "--json", "--model", "posix", "--check", saver_check, "trace");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(saver_finding(saver_lines(&result), 0), "kind"), "inconsistent");
	/* cut anywhere, it says so */
	ck_assert_int_eq(truncate("trace", 4000), 0);
	result = LAB_CRASHINJECT("list", "trace");
	lab_assert_status(&result, 3);
}
END_TEST

START_TEST(a_recording_that_reached_its_limit_is_never_clear)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("record", "-o", "trace", "--max-trace", "6K", "--root", "store", "--", "sh",
				 "-c", lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	lab_assert_file("store/data.tmp", NULL); /* the program went on to its end */
	result = LAB_CRASHINJECT("explore", "--check", LAB_READS, "trace");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "trace-limit"), "%s", result.out);
	saver_store();
	result = SAVER_EXPLORE("good", "--max-trace", "6K");
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
	lines = saver_lines(&result);
	/* U+EFE4 stands for the byte */
	ck_assert_ptr_nonnull(
		strstr(lab_json_text(saver_finding(lines, 0), "sentence"), " to f\xee\xbf\xa4 (rename#1)"));
	state = lab_json_text(saver_finding(lines, 0), "state");

	result = LAB_CRASHINJECT("replay", "result", state, "replayed");
	lab_assert_status(&result, 0);
	lab_assert_file("replayed/f\xe4", "");
	ck_assert_int_eq(rename("result", "first"), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "first");
	lab_assert_status(&result, 1);
	ck_assert_int_gt(lab_json_number(saver_summary(saver_lines(&result)), "known_before", -1), 0);

	result = LAB_CRASHINJECT("record", "--root", NAMELESS, "--output", "trace", "--", "sh", "-c",
				 "cd '" NAMELESS "' && " SAVE);
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("explore", "--json", "--model", "ext4", "--check", checker, "trace");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(saver_finding(saver_lines(&result), 0), "state"), state);
}
END_TEST

/* ------------------------------------------------------------------ other ways */

START_TEST(real_kills_agree)
{
	struct lab_result result;
	json_t *lines;

	saver_store();
	result = SAVER_EXPLORE("early-ack", "--json", "--rerun");
	lines = saver_lines(&result);
	ck_assert(lab_json_bool(saver_summary(lines), "complete"));
	result = SAVER_EXPLORE("good", "--rerun");
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

	saver_store();
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--root", ".", "--rerun", "--json", "--check",
				 lost, "--", "sh", "-c", "echo done; mkdir store/new");
	lab_assert_status(&result, 1);
	finding = saver_finding(saver_lines(&result), 0);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "lost");
	ck_assert_str_eq(lab_json_text(finding, "point"), "mkdir#1");
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "killed right before mkdir#1"));
}
END_TEST

START_TEST(real_kills_have_shown_nothing_to_a_checker_that_sees_nothing)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--rerun", "--check=true", "--", "sh", "-c",
				 "echo >store/f");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the checker sees nothing"), "%s", lab_describe(&result));
	result = LAB_CRASHINJECT("explore", "--root", "store", "--rerun", "--check=[ ! -e f ] || cat f", "--",
				 "sh", "-c", "echo >store/f");
	lab_assert_status(&result, 0);
}
END_TEST

START_TEST(real_kills_come_before_the_first_op)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--rerun", "--json", "--check", "[ -e new ]",
				 "--", "sh", "-c", "mkdir store/new");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(saver_finding(saver_lines(&result), 0), "point"), "mkdir#1");
}
END_TEST

/* The recorded run had read it to its end: the others once had an empty one, and were blamed for that. */
START_TEST(real_kills_read_the_same_input)
{
	struct lab_result result;

	saver_store();
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

	saver_store();
	result = SAVER_EXPLORE("good", "--rerun", "--model", "ext4");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "--rerun and --model do not go together") != NULL, "%s", result.err);
}
END_TEST

START_TEST(copies_do_where_namespaces_do_not)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--copy", "--dir", "store", "--model", "posix", "--check",
				 saver_check, "--", "sh", "-c",
				 lab_text("cd \"$CRASH_DIR\" && %s no-sync", lab_program("saver")));
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "states were checked on copies") && strstr(result.out, "rename#1"),
		      "%s", result.out);
	assert_untouched();
}
END_TEST

/* What a checker does to one copy must not be there in the next, whatever the way to show it. */
static json_t *what_is_said(const struct lab_result *result)
{
	static const char *const keys[] = {"points", "states", "distinct", "checked",
					   "failed", "flaky",  "tiers"};
	json_t *lines = lab_json_lines(result->out), *said = json_object(), *ids = json_array(), *line;
	const json_t *summary = json_object_get(json_array_get(lines, json_array_size(lines) - 1), "summary");
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++)
		json_object_set(said, keys[i], json_object_get(summary, keys[i]));
	json_array_foreach(lines, i, line)
		if (json_object_get(line, "finding"))
			json_array_append(ids, json_object_get(json_object_get(line, "finding"), "id"));
	json_object_set_new(said, "ids", ids);
	json_decref(lines);
	return said;
}

START_TEST(copies_say_what_an_overlay_says)
{
	static const char check[] =
		"grep -qx -e old -e new note && [ ! -e left ] && [ \"$(cat d/*/deep)\" = deep ] || exit 1; "
		"echo damaged >note; echo x >left; mv d e; chmod 0 log; "
		"dd if=/dev/zero of=large bs=1 count=1 conv=notrunc status=none; exit 0",
			  program[] = "cd \"$CRASH_DIR\"; for i in 1 2 3; do echo new >tmp; echo $i >>log; "
				      "mv tmp note; "
				      "mv d/a d/b; mv d/b d/a; done";
	const char *const ways[][4] = {{NULL}, {"--copy", NULL}, {NULL}};
	json_t *first = NULL, *is;

	for (size_t i = 0; i < 3; i++) {
		const char *argv[32] = {NULL};
		struct lab_result result;
		size_t count = 0;

		ck_assert_int_eq(system("rm -rf store && mkdir -p store/d/a && echo deep >store/d/a/deep && "
					"echo old >store/note && : >store/log && "
					"head -c 2000000 /dev/zero >store/large"),
				 0);
		if (i == 2) {
			memcpy(argv, ((const char *[]){LAB_WITHOUT_NAMESPACES}), 3 * sizeof *argv);
			count = 3;
		}
		argv[count++] = lab_variable("CRASHINJECT");
		argv[count++] = "explore";
		for (size_t j = 0; ways[i][j]; j++)
			argv[count++] = ways[i][j];
		memcpy(argv + count,
		       ((const char *[]){"-q", "--json", "--dir", "store", "--model", "posix,ext4", "--check",
					 check, "--", "sh", "-c", program}),
		       12 * sizeof *argv);
		result = lab_command(NULL, argv);
		lab_assert_status(&result, 1);
		is = what_is_said(&result);
		ck_assert_msg(!first || json_equal(first, is), "%s is not %s", json_dumps(is, JSON_COMPACT),
			      first ? json_dumps(first, JSON_COMPACT) : "");
		first = first ? first : is;
	}
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
	saver_store();
	mkdir("root", 0755);
	result = LAB_COMMAND(
		"unshare", "--mount", "--propagation", "private", "sh", "-c",
		"mount --rbind / root && unset CRASHINJECT_PRELOAD && exec chroot root sh -c \"$0\"",
		lab_text("cd %s/store && exec %s explore --check '%s' -- %s good", lab_dir,
			 lab_variable("CRASHINJECT"), saver_check, lab_program("saver")));
	ck_assert_msg(result.status == 0, "%s", lab_describe(&result));
}
END_TEST

/*
 * Package builders work in directories that are no mount points; mounts could not be made private there, and
 * states were checked on copies. What the chroot lies in is shared with other namespaces, and nothing that
 * was mounted is left there.
 */
START_TEST(a_chroot_need_not_be_a_mount_point)
{
	static const char make[] =
		"mount --bind . . && cd \"$PWD\" && mount --make-shared . && mkdir -p root && "
		"for entry in /*; do case $entry in *[*]) continue ;; esac; "
		"if [ -L \"$entry\" ]; then cp -P \"$entry\" root/; "
		"elif [ -d \"$entry\" ]; then mkdir \"root$entry\" && mount --rbind \"$entry\" "
		"\"root$entry\" || exit; "
		"fi; done; cat /proc/self/mountinfo >before; chroot root sh -c \"$0\"; status=$?; "
		"cat /proc/self/mountinfo >after; cmp before after && exit $status";
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can make a chroot");
	saver_store();
	result = LAB_COMMAND(
		"unshare", "--mount", "--propagation", "private", "sh", "-c", make,
		lab_text("cd %s/store && exec %s explore --root . --setup 'echo >from-setup' --check '%s' "
			 "-- %s good",
			 lab_dir, lab_variable("CRASHINJECT"), saver_check, lab_program("saver")));
	ck_assert_msg(result.status == 0 && !strstr(result.out, "copies"), "%s", lab_describe(&result));
	assert_untouched();
}
END_TEST

/* Root of a container may make no mount namespace without a user namespace; states were checked on copies. */
START_TEST(root_of_a_container_has_everybody_in_its_sandbox)
{
	const char *program =
		lab_text("%s good; chown 33:34 data; mkdir d; chown 35:36 d; mv data d; mv d/data data",
			 lab_program("saver"));
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can be root of a container");
	saver_store();
	ck_assert_int_eq(chown("store", 31, 32), 0);
	ck_assert_int_eq(chown("store/data", 33, 34), 0);
	result = LAB_COMMAND("env", "-C", "store", LAB_IN_CONTAINER, lab_variable("CRASHINJECT"), "explore",
			     "--model", "posix", "--check",
			     "[ \"$(stat -c %u .)\" = 31 ] && [ \"$(stat -c %u data)\" != 65534 ]", "--",
			     "sh", "-c", program);
	ck_assert_msg(result.status == 0 && !strstr(result.out, "copies"), "%s", lab_describe(&result));
	assert_untouched();
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
	const char *const ways[][6] = {{NULL}, {"env", NULL}, {LAB_WITHOUT_NAMESPACES, NULL}};
	struct lab_result result;

	setenv("LAB", lab_dir, 1);
	lab_write("save.sh", save, sizeof save - 1);
	lab_write("verify.sh", verify, sizeof verify - 1);
	for (int way = 0; way < 3; way++) {
		const char *argv[24] = {"env", "-C", all[_i].where};
		size_t count = 3;

		saver_store();
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

	saver_store();
	result = LAB_COMMAND(LAB_WITHOUT_NAMESPACES, lab_variable("CRASHINJECT"), "explore", "--dir", "store",
			     "--check", "true", "--", "sh", "-c", program);
	lab_assert_status(&result, 125);
	kept = strstr(result.err, "before is in ");
	ck_assert_msg(kept != NULL, "%s", result.err);
	kept += strlen("before is in ");
	ck_assert_int_eq(strlen(lab_read(lab_text("%.*s/data", (int)strcspn(kept, "\n"), kept), NULL)),
			 SAVER_BYTES);
	/* where it only looks at the original, nobody sees that it does */
	saver_store();
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

	saver_store();
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

/* It would be the end of what is shown. */
START_TEST(a_nul_that_the_checker_prints_is_shown)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--check",
				 "test -s data || test ! -e data || { printf 'a\\0b\\0\\0c'; exit 1; }", "--",
				 "sh", "-c", "printf new >store/tmp; mv store/tmp store/data");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "a\\000b\\000\\000c") != NULL, "%s", lab_describe(&result));
}
END_TEST

START_TEST(the_replay_line_can_be_typed)
{
	struct lab_result result;
	const char *line;

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "posix", "--output", "it's kept");
	line = lab_json_text(saver_finding(saver_lines(&result), 0), "replay");
	result = LAB_COMMAND("sh", "-c",
			     lab_text("crashinject() { \"$CRASHINJECT\" \"$@\"; }; DIR=state; %.*s$DIR",
				      (int)(strlen(line) - strlen("DIR")), line));
	lab_assert_status(&result, 0);
	ck_assert_int_gt(lab_entries("state"), 0);
	/* by whoever reads the result, wherever that is */
	result = LAB_COMMAND(
		"sh", "-c",
		"mkdir sub && cd sub && \"$CRASHINJECT\" report --json \"../it's kept\" >lines; test $? = 1");
	lab_assert_status(&result, 0);
	line = lab_json_text(saver_finding(lab_json_lines(lab_read("sub/lines", NULL)), 0), "replay");
	result = LAB_COMMAND(
		"sh", "-c",
		lab_text("cd sub; crashinject() { \"$CRASHINJECT\" \"$@\"; }; DIR=state; %.*s$DIR",
			 (int)(strlen(line) - strlen("DIR")), line));
	lab_assert_status(&result, 0);
	ck_assert_int_gt(lab_entries("sub/state"), 0);
	setenv("TMPDIR", "/nonexistent", 1);
	result = SAVER_EXPLORE("no-sync", "--model", "posix");
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

		saver_store();
		result = LAB_CRASHINJECT(commands[i], "--dir", "store", i ? "--rules" : "--check",
					 i ? "unsynced-rename" : LAB_READS,
					 lints ? "--timeout" : all[_i].option, lints ? "1m" : all[_i].value,
					 "--", "sh", "-c", all[_i].program);
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
	result = SAVER_EXPLORE("no-sync", "--model", "posix", "--setup",
			       "head -c 8192 /dev/zero | tr '\\000' o > data");
	lab_assert_status(&result, 1);
	ck_assert_int_eq(lab_entries("store"), 0);
	result = SAVER_EXPLORE("good", "--setup", "exit 5");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "--setup failed: it exited with 5"), "%s", result.err);
}
END_TEST

START_TEST(without_a_checker_the_program_runs_again)
{
	struct lab_result result;

	saver_store();
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

	saver_store();
	result = SAVER_EXPLORE("good", "--model", "posix", "--tiers", "prefix,sample", "--samples", "5");
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

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "ext4-journal", "--exhaustive");
	lab_assert_status(&result, 0);
	ck_assert(strstr(result.out, "\"exhaustive\"") != NULL);
}
END_TEST

/* Nothing is lost there, but a write that is under way when the process dies is done in part. */
START_TEST(exhaustive_cuts_writes_where_only_the_process_dies)
{
	struct lab_result result;

	saver_store();
	result = SAVER_EXPLORE("in-place", "--exhaustive");
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

START_TEST(nothing_stands_behind_a_trace)
{
	static const char *const commands[] = {"explore", "lint"};
	struct lab_result result;

	saver_store();
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

START_TEST(a_wrong_value_says_what_is_right)
{
	struct lab_result result;

	saver_store();
	result = SAVER_EXPLORE("good", mistakes[_i].option, mistakes[_i].value);
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, mistakes[_i].message) != NULL, "%s", result.err);
}
END_TEST

START_TEST(nothing_is_left_when_it_is_killed)
{
	const char *marker = lab_text("EXPLORED_BY=%d", (int)getpid());
	int pause = 20 + 60 * _i;
	pid_t pid;

	saver_store();
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
	TCase *findings = lab_case(suite, "findings", 120);
	TCase *results = lab_case(suite, "results", 120), *ways = lab_case(suite, "ways", 120);
	TCase *users = lab_case(suite, "mistakes", 120);

	tcase_add_loop_test(findings, a_mistake_is_found_and_its_repair_named, 0,
			    (int)(sizeof cases / sizeof *cases));
	tcase_add_test(results, a_directory_that_moves_takes_along_what_was_in_it);
	tcase_add_loop_test(findings, a_sentence_says_what_was_lost, 0,
			    (int)(sizeof losses / sizeof *losses));
	tcase_add_loop_test(findings, a_sentence_says_what_stayed, 0, 7);
	tcase_add_test(findings, the_finding_says_which_models_allow_it);
	tcase_add_test(findings, a_model_of_ones_own_is_named_beside_those_that_begin_alike);
	tcase_add_test(findings, what_is_lost_only_together_other_models_may_lose_as_well);
	tcase_add_test(findings, a_model_does_not_allow_what_is_right_in_it);
	tcase_add_test(findings, a_repair_says_that_it_takes_more_than_one_sync);
	tcase_add_test(findings, the_id_stays_and_a_baseline_accepts_it);
	tcase_add_test(findings, a_failed_sync_that_is_believed_is_found);
	tcase_add_test(findings, a_name_whose_directory_could_not_be_synced_is_lost);
	tcase_add_test(findings, what_is_written_again_after_a_failed_sync_is_lost_again_on_ext4);
	tcase_add_loop_test(results, a_run_that_tested_nothing_is_no_all_clear, 0, 12);
	tcase_add_test(users, nothing_stands_behind_a_trace);
	tcase_add_test(results, an_interrupted_exploration_is_resumed);
	tcase_add_test(results, a_replayed_state_is_what_the_checker_saw);
	tcase_add_loop_test(results, every_replayed_state_is_what_the_checker_saw, 0, 3);
	tcase_add_test(results, output_to_another_descriptor_begins_a_line);
	tcase_add_loop_test(results, a_handler_runs_before_the_call, 0, 2);
	tcase_add_loop_test(results, a_store_comes_before_its_acknowledgement, 0, 3);
	tcase_add_loop_test(results, stores_are_in_no_order_when_the_process_dies, 0, 4);
	tcase_add_test(results, many_stores_at_once_make_it_incomplete);
	tcase_add_test(results, a_trace_is_all_that_is_needed);
	tcase_add_test(results, a_recording_that_reached_its_limit_is_never_clear);
	tcase_add_test(results, names_need_not_be_text);
	tcase_add_test(ways, real_kills_agree);
	tcase_add_test(ways, real_kills_come_between_an_acknowledgement_and_the_next_op);
	tcase_add_test(ways, real_kills_have_shown_nothing_to_a_checker_that_sees_nothing);
	tcase_add_test(ways, real_kills_come_before_the_first_op);
	tcase_add_test(ways, real_kills_read_the_same_input);
	tcase_add_test(ways, real_kills_take_no_options_that_choose_states);
	tcase_add_test(ways, copies_do_where_namespaces_do_not);
	tcase_add_test(ways, copies_say_what_an_overlay_says);
	tcase_add_test(ways, a_chroot_is_a_place_like_any_other);
	tcase_add_test(ways, a_chroot_need_not_be_a_mount_point);
	tcase_add_test(ways, root_of_a_container_has_everybody_in_its_sandbox);
	tcase_add_loop_test(ways, paths_lead_out_of_a_copy, 0, 4);
	tcase_add_test(ways, a_program_that_misses_the_copy_is_told_where_its_files_are);
	tcase_add_loop_test(ways, a_checker_that_misses_the_copy_is_no_all_clear, 0,
			    (int)(sizeof lookers / sizeof *lookers));
	tcase_add_test(ways, the_replay_line_can_be_typed);
	tcase_add_test(ways, a_nul_that_the_checker_prints_is_shown);
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
