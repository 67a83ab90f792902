/* SPDX-License-Identifier: MIT */
/*
 * check_syncs.c - what each sync is worth: needed, redundant or missing; and never redundant where one is
 * needed.
 *
 * Method: tests/programs/syncer keeps lines in a log, with the syncs that a word says. What each of them does
 * is known. The reference store is right, so that nothing of it is missing, and what is redundant in it has a
 * reason.
 */
#include "tests/run/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INCOMPLETE 3

/* Each line that was acknowledged is there, and nothing but lines in their order. */
static const char check[] =
	"n=$(grep -c . \"$CRASH_ACKED\"); [ -e log ] || { [ $n = 0 ]; exit; }; "
	"i=0; while read -r line && [ \"$line\" = $((i + 1)) ]; do i=$((i + 1)); done <log; "
	"[ $i -ge $n ] || { echo \"$i of $n lines\"; exit 2; }";

struct judged {
	struct lab_result result;
	json_t *syncs, *missing, *summary;
};

static struct judged judged_of(struct lab_result result)
{
	struct judged judged = {.result = result, .syncs = json_array(), .missing = json_array()};
	json_t *lines = lab_json_lines(result.out), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (json_object_get(line, "sync"))
			json_array_append(judged.syncs, json_object_get(line, "sync"));
		if (json_object_get(line, "missing"))
			json_array_append(judged.missing, json_object_get(line, "missing"));
		if (json_object_get(line, "summary"))
			judged.summary = json_object_get(line, "summary");
	}
	ck_assert_msg(judged.summary != NULL, "%s", lab_describe(&result));
	return judged;
}

static void make_store(void)
{
	ck_assert_int_ne(system("rm -rf store"), -1);
	ck_assert_int_eq(mkdir("store", 0755), 0);
}

#define SYNCS(how, ...)                                                                                      \
	(make_store(), judged_of(LAB_CRASHINJECT(                                                            \
			       "syncs", "--json", "-q", "--root", "store", "--jobs=1", __VA_ARGS__, "--",    \
			       "sh", "-c", "cd store && exec \"$0\" \"$1\"", lab_program("syncer"), how)))

/* The call site whose syncs are of such a file by such a call. */
static const json_t *site_of(const struct judged *judged, const char *call, const char *file)
{
	json_t *site;
	size_t i;

	json_array_foreach(judged->syncs, i, site)
		if (strstr(lab_json_text(site, "call"), call) &&
		    strcmp(lab_json_text(site, "file"), file) == 0)
			return site;
	ck_abort_msg("no %s of %s: %s", call, file, lab_describe(&judged->result));
}

static void assert_site(const struct judged *judged, const char *call, const char *file, const char *value,
			long long times)
{
	const json_t *site = site_of(judged, call, file);

	ck_assert_msg(strcmp(lab_json_text(site, "value"), value) == 0, "%s of %s is not %s: %s", call, file,
		      value, lab_describe(&judged->result));
	ck_assert_int_eq(lab_json_number(site, "times", -1), times);
}

static long long number(const json_t *object, const char *name)
{
	return lab_json_number(object, name, -1);
}

/* ------------------------------------------------------------------ what each one is worth */

START_TEST(each_sync_of_what_is_right_is_needed)
{
	struct judged judged = SYNCS("good", "--check", check);
	const json_t *log;

	lab_assert_status(&judged.result, 0);
	ck_assert_uint_eq(json_array_size(judged.syncs), 2);
	assert_site(&judged, "fsync", ".", "needed", 1);
	assert_site(&judged, "fsync", "log", "needed", 3);
	log = site_of(&judged, "fsync", "log");
	ck_assert_int_eq(number(log, "tried"), 3);
	ck_assert_int_eq(number(log, "needed"), 3);
	ck_assert_ptr_nonnull(
		strstr(lab_json_text(json_object_get(log, "finding"), "sentence"), "acknowledged \"1\""));
	ck_assert_int_eq(number(judged.summary, "redundant"), 0);
	ck_assert_int_eq(number(judged.summary, "syncs"), 4);
	ck_assert(lab_json_bool(judged.summary, "complete"));
}
END_TEST

/* When it is called all of it is durable already. */
START_TEST(a_sync_that_makes_nothing_durable_is_redundant)
{
	struct judged judged = SYNCS("last", "--check", check);

	lab_assert_status(&judged.result, 1);
	assert_site(&judged, "fsync", "log", "needed", 3);
	assert_site(&judged, "fdatasync", "log", "redundant", 1);
	ck_assert(lab_json_bool(site_of(&judged, "fdatasync", "log"), "idle"));
	ck_assert_int_eq(number(judged.summary, "redundant"), 1);
	ck_assert_uint_eq(json_array_size(judged.missing), 0);
}
END_TEST

/* There are states that only a power loss without it can leave, and the checker accepts each. */
START_TEST(a_sync_that_protects_nothing_is_redundant)
{
	struct judged judged = SYNCS("scratch", "--check", check);
	const json_t *site;

	lab_assert_status(&judged.result, 1);
	assert_site(&judged, "fsync", "log", "needed", 3);
	assert_site(&judged, "fsync", "scratch", "redundant", 3);
	site = site_of(&judged, "fsync", "scratch");
	ck_assert(!lab_json_bool(site, "idle"));
	ck_assert_int_gt(number(site, "states"), 3);
	ck_assert_int_eq(number(site, "states"), number(site, "checked"));
	ck_assert(lab_json_bool(site, "counted"));
	ck_assert_int_eq(number(judged.summary, "redundant"), 3);
}
END_TEST

/* Either is redundant as long as the other one is there. */
START_TEST(of_two_that_do_the_same_one_stays)
{
	struct judged judged = SYNCS("twice", "--check", check);
	const json_t *one, *other;

	lab_assert_status(&judged.result, 1);
	assert_site(&judged, "fsync", "log", "redundant", 3);
	assert_site(&judged, "fdatasync", "log", "redundant", 3);
	one = site_of(&judged, "fsync", "log");
	other = site_of(&judged, "fdatasync", "log");
	ck_assert_int_ne(lab_json_bool(one, "only_with_others"), lab_json_bool(other, "only_with_others"));
	ck_assert_int_eq(number(judged.summary, "redundant"), 3);
}
END_TEST

START_TEST(a_sync_that_is_not_there_is_missing)
{
	struct judged judged = SYNCS("missing", "--check", check);
	const json_t *missing;

	lab_assert_status(&judged.result, 1);
	ck_assert_uint_eq(json_array_size(judged.missing), 1);
	missing = json_array_get(judged.missing, 0);
	ck_assert_ptr_nonnull(strstr(lab_json_text(missing, "repair"), "fsync of log before acknowledging"));
	ck_assert_int_eq(number(missing, "syncs"), 3);
	ck_assert_int_eq(number(judged.summary, "redundant"), 0);
}
END_TEST

/* The sync of a write is one of its own. */
START_TEST(what_a_write_syncs_itself_is_judged)
{
	struct judged judged = SYNCS("written", "--check", check);

	lab_assert_status(&judged.result, 0);
	assert_site(&judged, "write with", "log", "needed", 3);
	ck_assert(lab_json_bool(site_of(&judged, "write with", "log"), "implied"));
}
END_TEST

/* An fsync behind a write that has synced itself: only the first line needs it. */
START_TEST(of_one_call_site_some_are_needed)
{
	struct judged judged = SYNCS("rarely", "--check", check);
	const json_t *site;

	site = site_of(&judged, "fsync", "log");
	ck_assert_str_eq(lab_json_text(site, "value"), "needed");
	ck_assert_int_eq(number(site, "tried"), 3);
	ck_assert_int_eq(number(site, "needed"), 1);
	/* the other two can be left out, or those of the writes: not both */
	ck_assert_uint_eq(json_array_size(json_object_get(site, "spare")), 0);
	ck_assert_int_eq(number(judged.summary, "redundant"), 2);
}
END_TEST

/* An interpreter has one call site for all syncs of a program: of each two of these one can be left out. */
START_TEST(of_one_call_site_some_can_be_left_out)
{
	struct judged judged = SYNCS("often", "--check", check, "--verify");
	const json_t *site = site_of(&judged, "fsync", "log"),
		     *verified = json_object_get(judged.summary, "verified");

	lab_assert_status(&judged.result, 1);
	ck_assert_str_eq(lab_json_text(site, "value"), "needed");
	ck_assert_int_eq(number(site, "times"), 6);
	ck_assert_int_eq(number(site, "tried"), 6);
	ck_assert_int_eq(number(site, "needed"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(site, "spare")), 3);
	ck_assert_int_eq(number(judged.summary, "redundant"), 3);
	ck_assert_int_eq(number(verified, "skipped"), 3);
	ck_assert_uint_eq(json_array_size(json_object_get(verified, "findings")), 0);
	ck_assert_msg(lab_json_bool(judged.summary, "complete"), "%s", lab_describe(&judged.result));
}
END_TEST

/* ------------------------------------------------------------------ what must not be called redundant */

START_TEST(a_checker_that_sees_nothing_makes_no_sync_redundant)
{
	struct judged judged = SYNCS("good", "--check", "true");

	lab_assert_status(&judged.result, INCOMPLETE);
	ck_assert(lab_json_bool(judged.summary, "checker_sees_nothing"));
	ck_assert(!lab_json_bool(judged.summary, "complete"));
	ck_assert_ptr_nonnull(strstr(judged.result.out, "the checker does not see what a sync is for"));
	ck_assert_int_eq(number(judged.summary, "redundant"), 0);
}
END_TEST

START_TEST(within_a_budget_nothing_is_redundant_that_was_not_looked_at)
{
	struct judged judged = SYNCS("scratch", "--check", check, "--budget", "30");
	const json_t *site = site_of(&judged, "fsync", "scratch");

	ck_assert_str_eq(lab_json_text(site, "value"), "undecided");
	ck_assert_int_le(number(judged.summary, "checked"), 31);
	ck_assert(!lab_json_bool(judged.summary, "complete"));
	ck_assert_ptr_nonnull(strstr(judged.result.out, "the budget ran out"));
}
END_TEST

/* A program that syncs nothing has nothing to be judged, and is not the checker's fault. */
START_TEST(without_any_sync_the_checker_is_not_blamed)
{
	struct judged judged = SYNCS("none", "--check", check);

	lab_assert_status(&judged.result, 1);
	ck_assert_uint_eq(json_array_size(judged.syncs), 0);
	ck_assert(!lab_json_bool(judged.summary, "checker_sees_nothing"));
	ck_assert_uint_ge(json_array_size(judged.missing), 1);
}
END_TEST

START_TEST(a_checker_that_refuses_the_final_state_ends_it)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("syncs", "--root", "store", "--check", "echo no; false", "--",
				 lab_program("syncer"), "good");
	lab_assert_status(&result, 125);
}
END_TEST

/* ------------------------------------------------------------------ the program without it */

/* Both of these have something that is redundant alone. */
START_TEST(what_is_redundant_is_left_out_and_all_is_right)
{
	static const char *const words[] = {"scratch", "twice"};
	struct judged judged = SYNCS(words[_i], "--check", check, "--verify");
	const json_t *verified = json_object_get(judged.summary, "verified");

	lab_assert_status(&judged.result, 1);
	ck_assert_int_eq(number(verified, "skipped"), 3);
	ck_assert_int_eq(number(verified, "skipped"), number(judged.summary, "redundant"));
	ck_assert_int_gt(number(verified, "checked"), 10);
	ck_assert_uint_eq(json_array_size(json_object_get(verified, "findings")), 0);
	ck_assert_msg(lab_json_bool(judged.summary, "complete"), "%s", lab_describe(&judged.result));
}
END_TEST

/* The second time the log is synced where the file that nobody needs was. */
START_TEST(a_run_that_goes_otherwise_verifies_nothing)
{
	struct judged judged;

	make_store();
	judged = judged_of(
		LAB_CRASHINJECT("syncs", "--json", "-q", "--root", "store", "--jobs=1", "--check", check,
				"--verify", "--", "sh", "-c",
				"cd store && if mkdir ../once 2>/dev/null; then exec \"$0\" scratch; "
				"else exec \"$0\" good; fi",
				lab_program("syncer")));
	ck_assert(!lab_json_bool(judged.summary, "complete"));
	ck_assert_ptr_nonnull(strstr(judged.result.out, "it went another way"));
}
END_TEST

/* What a rule skips makes nothing durable, whoever has made the call. */
START_TEST(a_sync_that_is_skipped_is_none)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "-q", "--root", "store", "--model=posix", "--at", "fsync#*:skip",
				 "--check", check, "--", "sh", "-c", "cd store && exec \"$0\" good",
				 lab_program(_i ? "syncer_static" : "syncer"));
	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.out, "the creation of log (open#1"));
	ck_assert_ptr_nonnull(strstr(result.out, "the data of log at 0 (write#1"));
	ck_assert_ptr_nonnull(strstr(result.out, "it was never synced"));
}
END_TEST

START_TEST(where_nothing_is_redundant_nothing_runs_again)
{
	struct judged judged = SYNCS("written", "--check", check, "--verify");

	ck_assert(json_is_null(json_object_get(judged.summary, "verified")));
}
END_TEST

/* Such a write is made as it is, and the recording says that it syncs nothing. */
START_TEST(what_a_write_syncs_itself_can_be_skipped)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "-q", "--root", "store", "--model=posix", "--at",
				 "fsync@*log#*:skip", "--output", "kept", "--check", check, "--", "sh", "-c",
				 "cd store && exec \"$0\" written",
				 lab_program(_i ? "syncer_static" : "syncer"));
	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.out, "the data of log at 0 (write#1"));
	ck_assert_ptr_nonnull(strstr(result.out, "it was never synced"));
	ck_assert_ptr_null(strstr(result.out, "incomplete"));
	result = LAB_CRASHINJECT("list", "kept/trace");
	ck_assert_ptr_nonnull(strstr(result.out, "(synchronous: fsync#2, skipped)"));
	/* without a recording there is nobody to whom that could be said */
	result = LAB_CRASHINJECT("run", "--root", "store", "--at", "fsync#3:skip", "--", "sh", "-c",
				 "cd store && rm -f log && exec \"$0\" written",
				 lab_program(_i ? "syncer_static" : "syncer"));
	ck_assert_ptr_nonnull(strstr(result.err, "incomplete"));
}
END_TEST

/* ------------------------------------------------------------------ by whatever way */

#define WAYS(program, how, ...)                                                                              \
	(make_store(), judged_of(LAB_CRASHINJECT(                                                            \
			       "syncs", "--json", "-q", "--root", "store", "--jobs=1", __VA_ARGS__, "--",    \
			       "sh", "-c", "cd store && exec \"$0\" \"$1\"", lab_program(program), how)))

static const char *const programs[] = {"sync_ways", "sync_ways_static"};

static const struct {
	const char *how, *call;
} ways[] = {{"o_dsync", "with O_DSYNC or O_SYNC"},  {"o_sync", "with O_DSYNC or O_SYNC"},
	    {"appended", "with O_DSYNC or O_SYNC"}, {"rwf_dsync", "pwritev2 with RWF_DSYNC"},
	    {"rwf_sync", "pwritev2 with RWF_SYNC"}, {"msync", "msync"}};

/* The log's is needed; another file's is not, and the program runs again without. */
START_TEST(each_way_to_sync_is_judged_and_left_out)
{
	int way = _i / 2;
	struct judged judged = WAYS(programs[_i % 2], ways[way].how, "--check", check, "--verify");
	const json_t *verified = json_object_get(judged.summary, "verified");

	lab_assert_status(&judged.result, 1);
	assert_site(&judged, ways[way].call, "log", "needed", 3);
	ck_assert_int_eq(number(site_of(&judged, ways[way].call, "log"), "needed"), 3);
	assert_site(&judged, ways[way].call, "other", "redundant", 3);
	ck_assert_int_eq(number(verified, "skipped"), number(judged.summary, "redundant"));
	ck_assert_int_ge(number(verified, "skipped"), 3);
	ck_assert_int_eq(number(verified, "not_skipped"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(verified, "findings")), 0);
	ck_assert_msg(lab_json_bool(judged.summary, "complete"), "%s", lab_describe(&judged.result));
}
END_TEST

/* Both are before the line is acknowledged, and each syncs everything: one has to stay. */
START_TEST(of_two_that_sync_everything_one_stays)
{
	static const char *const words[] = {"sync", "syncfs"};
	struct judged judged = WAYS("sync_ways", words[_i], "--check", check, "--verify");
	int stay = 0;
	json_t *site;
	size_t i;

	lab_assert_status(&judged.result, 1);
	assert_site(&judged, "fsync", ".", "redundant", 1);
	json_array_foreach(judged.syncs, i, site)
		stay += lab_json_bool(site, "only_with_others");
	ck_assert_int_eq(stay, 1);
	ck_assert_int_eq(number(judged.summary, "redundant"), 4);
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_object_get(judged.summary, "verified"), "findings")), 0);
}
END_TEST

START_TEST(wherever_a_needed_sync_hides_it_is_needed)
{
	static const char *const words[] = {"child",	"thread", "reopened", "renamed",
					    "one_site", "socket", "directory"};
	struct judged judged = WAYS(programs[_i % 2], words[_i / 2], "--check", check);

	assert_site(&judged, "fsync", "log", "needed", 3);
	ck_assert_int_eq(number(site_of(&judged, "fsync", "log"), "needed"), 3);
	assert_site(&judged, "fsync", ".", "needed", 1);
	ck_assert_int_eq(number(judged.summary, "redundant"), strcmp(words[_i / 2], "one_site") == 0 ? 3 : 0);
}
END_TEST

/*
 * A tier loses one op, or tears one. The journal's sync is for what no tier names: that the journal is lost
 * and the page is torn. It was said to be redundant, as was that of the header of an SQLite journal.
 */
START_TEST(a_journal_is_needed_where_a_page_is_torn)
{
	static const char letters[] =
		"one() { tr '\\0' 0 | fold -w 1 | sort -u | tr -d '\\n'; }; acked=$(tail -n 1 "
		"\"$CRASH_ACKED\"); "
		"[ \"$acked\" ] || exit 0; have=$(one <page); old=$(tail -c +2 journal | one); "
		"case $(head -c 1 journal)$old in 1[a-z]) have=$old ;; esac; "
		"case $have in [a-z]) ;; *) echo \"torn: $have\"; exit 1 ;; esac; "
		"[ \"$have\" = \"$acked\" ] || expr \"$have\" '>' \"$acked\" >/dev/null || exit 2";
	struct judged judged;

	make_store();
	judged = judged_of(LAB_CRASHINJECT("syncs", "--json", "-q", "--root", "store", "--jobs=1", "--check",
					   letters, "--", "sh", "-c", "cd store && exec \"$0\"",
					   lab_program("undo_journal")));
	lab_assert_status(&judged.result, 0);
	assert_site(&judged, "fdatasync", "journal", "needed", 2);
	ck_assert_int_eq(number(site_of(&judged, "fdatasync", "journal"), "needed"), 2);
	ck_assert_ptr_nonnull(
		strstr(lab_json_text(json_object_get(site_of(&judged, "fdatasync", "journal"), "finding"),
				     "sentence"),
		       "did not"));
	assert_site(&judged, "fsync", "page", "needed", 2);
	ck_assert_int_eq(number(judged.summary, "redundant"), 0);
}
END_TEST

/* Replacing by rename brings the data along on one file system, and not on others: the models are named. */
START_TEST(what_is_redundant_on_one_file_system_is_needed_on_others)
{
	static const struct {
		const char *model, *value;
	} rows[] = {{"ext4-dioread-lock", "redundant"},
		    {"ext4", "needed"},
		    {"ext4-writeback", "needed"},
		    {"btrfs", "needed"},
		    {"ext4-dioread-lock,ext4", "needed"}};
	static const char either[] =
		"case $(cat conf) in old) [ ! -s \"$CRASH_ACKED\" ] || exit 2 ;; new) ;; *) exit 1 ;; esac";
	static const char replace[] = "cd store && printf 'new\\n' >conf.new && sync conf.new && "
				      "mv conf.new conf && sync . && echo done";
	struct lab_result result;
	struct judged judged;

	make_store();
	ck_assert_int_eq(system("echo old >store/conf"), 0);
	judged = judged_of(LAB_CRASHINJECT("syncs", "--json", "-q", "--root", "store", "--model",
					   rows[_i].model, "--check", either, "--", "sh", "-c", replace));
	assert_site(&judged, "fsync", "conf.new", rows[_i].value, 1);
	assert_site(&judged, "fsync", ".", "needed", 1);
	result = LAB_CRASHINJECT("syncs", "--root", "store", "--model", rows[_i].model, "--check", either,
				 "--", "sh", "-c", replace);
	ck_assert_ptr_nonnull(
		strstr(result.out,
		       lab_text("judged under %s\n", _i == 4 ? "ext4-dioread-lock, ext4" : rows[_i].model)));
}
END_TEST

/* Of what was not looked at nothing is said, and what is needed has a state at least. */
START_TEST(a_budget_of_any_size_is_kept)
{
	int states = 1 << _i;
	struct judged judged = SYNCS("scratch", "--check", check, "--budget", lab_text("%d", states));
	const json_t *site;
	size_t i;

	ck_assert_int_le(number(judged.summary, "checked"), states + 1);
	json_array_foreach(judged.syncs, i, site) {
		const char *value = lab_json_text(site, "value");

		if (strcmp(value, "needed") == 0)
			ck_assert(json_is_object(json_object_get(site, "finding")));
		if (strcmp(value, "redundant") == 0 && !lab_json_bool(site, "idle"))
			ck_assert_int_eq(number(site, "states"), number(site, "checked"));
		if (strcmp(value, "undecided") == 0)
			ck_assert(!lab_json_bool(judged.summary, "complete"));
	}
}
END_TEST

/* A line is lost where neither of two files has it: no sync is needed alone, and one of both is. */
START_TEST(of_two_that_are_needed_together_one_stays)
{
	static const char either[] =
		"n=$(grep -c . \"$CRASH_ACKED\"); most=0; for file in log mirror; do i=0; [ ! -e $file ] || "
		"while read -r line && [ \"$line\" = $((i + 1)) ]; do i=$((i + 1)); done <$file; "
		"[ $i -le $most ] || most=$i; done; [ $most -ge $n ] || { echo \"$most of $n\"; exit 2; }";
	struct judged judged = WAYS("sync_ways", "mirror", "--check", either, "--verify");

	lab_assert_status(&judged.result, 1);
	assert_site(&judged, "fsync", "log", "redundant", 3);
	assert_site(&judged, "fsync", "mirror", "redundant", 3);
	ck_assert_int_ne(lab_json_bool(site_of(&judged, "fsync", "log"), "only_with_others"),
			 lab_json_bool(site_of(&judged, "fsync", "mirror"), "only_with_others"));
	assert_site(&judged, "fsync", ".", "needed", 1);
	ck_assert_int_eq(number(judged.summary, "redundant"), 3);
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_object_get(judged.summary, "verified"), "findings")), 0);
}
END_TEST

/* ------------------------------------------------------------------ what is asked and said */

START_TEST(a_killed_process_needs_no_sync_and_nothing_is_kept)
{
	static const char *const refused[] = {"--model=kill", "--output=x",	    "--shard=1/2",
					      "--rerun",      "--finding=12345678", "--sarif=x"};
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("syncs", "--root", "store", "--check", check, refused[_i], "--",
				 lab_program("syncer"), "good");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "syncs") != NULL, "%s", lab_describe(&result));
	ck_assert_int_eq(lab_entries("store"), 0);
}
END_TEST

START_TEST(a_trace_has_how_long_they_took)
{
	struct lab_result result;
	struct judged judged;
	json_t *site;
	size_t i;

	make_store();
	result = LAB_CRASHINJECT("record", "-o", "trace", "--root", "store", "--", "sh", "-c",
				 "cd store && exec \"$0\" good", lab_program("syncer"));
	lab_assert_status(&result, 0);
	ck_assert_int_ne(system("rm -rf store/*"), -1);
	judged = judged_of(
		LAB_CRASHINJECT("syncs", "--json", "-q", "--root", "store", "--check", check, "trace"));
	lab_assert_status(&judged.result, 0);
	json_array_foreach(judged.syncs, i, site)
		ck_assert_int_ge(number(site, "us"), number(site, "times"));
	ck_assert_int_ge(number(judged.summary, "us"), 4);
	ck_assert_int_ge(number(judged.summary, "run_us"), number(judged.summary, "us"));
}
END_TEST

START_TEST(a_person_reads_the_same)
{
	struct lab_result result;
	char *page;

	make_store();
	result = LAB_CRASHINJECT("syncs", "--root", "store", "--html", "page", "--check", check, "--", "sh",
				 "-c", "cd store && exec \"$0\" last", lab_program("syncer"));
	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.out, "needed     fsync of the data directory (sync_directory"));
	ck_assert_ptr_nonnull(strstr(result.out, "left out alone, 3 of 3 are needed"));
	ck_assert_ptr_nonnull(strstr(result.out, "redundant  fdatasync of log (sync_again"));
	ck_assert_ptr_nonnull(strstr(result.out, "all that it makes durable is so without it"));
	ck_assert_ptr_nonnull(strstr(result.out, "could be saved: 1 of them"));
	ck_assert_ptr_nonnull(strstr(result.out, "judged under posix"));
	ck_assert_ptr_nonnull(strstr(result.out, "a trace of crashinject record has that"));
	page = lab_read("page", NULL);
	ck_assert_ptr_nonnull(strstr(page, "<td>redundant</td><td>fdatasync of log (sync_again"));
	ck_assert_ptr_nonnull(strstr(page, "acknowledged &quot;1&quot; on stdout"));
	ck_assert_ptr_nonnull(strstr(page, "could be saved: 1 of them"));
	ck_assert_int_eq(lab_entries("."), 2);
}
END_TEST

/* ------------------------------------------------------------------ the reference store */

/* That the snapshot has its name matters only when the log is made short: in the scenario "checkpoint". */
static const struct {
	const char *name;
	int redundant;
} scenarios[] = {{"wal", 0}, {"snapshot", 1}, {"checkpoint", 0}};

START_TEST(each_sync_of_the_reference_store_is_needed)
{
	const char *helper = lab_variable("HELPER");
	struct judged judged;

	make_store();
	judged = judged_of(LAB_CRASHINJECT("syncs", "--json", "-q", "--dir=store", "--check",
					   lab_text("\"%s\" verify . \"$CRASH_ACKED\"", helper), "--", helper,
					   "--commits", "3", scenarios[_i].name));
	lab_assert_status(&judged.result, scenarios[_i].redundant);
	ck_assert_int_eq(number(judged.summary, "redundant"), scenarios[_i].redundant);
	ck_assert_int_ge(number(judged.summary, "callsites"), 2);
}
END_TEST

/* What the program tells of them, with how many there are. */
static const struct {
	const char *name, *scenario, *call, *file;
	int spare;
} planted[] = {
	{"wal-syncs-twice", "wal", "fdatasync", "store.wal", 3},
	{"snapshot-syncs-again", "snapshot", "fsync", "store.snap", 1},
};

START_TEST(a_planted_sync_that_protects_nothing_is_found)
{
	const char *helper = lab_variable("HELPER");
	struct lab_result said = LAB_COMMAND(helper, "spare", "--json");
	struct judged judged;
	json_t *site;
	int spare = 0;
	size_t i;

	ck_assert_uint_eq(json_array_size(lab_json_lines(said.out)), sizeof planted / sizeof *planted);
	ck_assert_ptr_nonnull(strstr(said.out, planted[_i].name));
	make_store();
	judged =
		judged_of(LAB_CRASHINJECT("syncs", "--json", "-q", "--verify", "--dir=store", "--check",
					  lab_text("\"%s\" verify . \"$CRASH_ACKED\"", helper), "--", helper,
					  "--commits", "3", "--bug", planted[_i].name, planted[_i].scenario));
	lab_assert_status(&judged.result, 1);
	json_array_foreach(judged.syncs, i, site)
		if (strcmp(lab_json_text(site, "value"), "redundant") == 0 &&
		    strcmp(lab_json_text(site, "file"), planted[_i].file) == 0 &&
		    strcmp(lab_json_text(site, "call"), planted[_i].call) == 0 &&
		    !lab_json_bool(site, "only_with_others"))
			spare += (int)number(site, "times");
	ck_assert_msg(spare == planted[_i].spare, "%d: %s", spare, lab_describe(&judged.result));
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_object_get(judged.summary, "verified"), "findings")), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("syncs");
	TCase *worth = lab_case(suite, "worth", 120), *never = lab_case(suite, "never", 120),
	      *by_ways = lab_case(suite, "ways", 120), *said = lab_case(suite, "said", 120),
	      *stores = lab_case(suite, "stores", 300);

	tcase_add_test(worth, each_sync_of_what_is_right_is_needed);
	tcase_add_test(worth, a_sync_that_makes_nothing_durable_is_redundant);
	tcase_add_test(worth, a_sync_that_protects_nothing_is_redundant);
	tcase_add_test(worth, of_two_that_do_the_same_one_stays);
	tcase_add_test(worth, a_sync_that_is_not_there_is_missing);
	tcase_add_test(worth, what_a_write_syncs_itself_is_judged);
	tcase_add_test(worth, of_one_call_site_some_are_needed);
	tcase_add_test(worth, of_one_call_site_some_can_be_left_out);
	tcase_add_test(never, a_checker_that_sees_nothing_makes_no_sync_redundant);
	tcase_add_test(never, within_a_budget_nothing_is_redundant_that_was_not_looked_at);
	tcase_add_test(never, without_any_sync_the_checker_is_not_blamed);
	tcase_add_test(never, a_checker_that_refuses_the_final_state_ends_it);
	tcase_add_loop_test(never, what_is_redundant_is_left_out_and_all_is_right, 0, 2);
	tcase_add_test(never, a_run_that_goes_otherwise_verifies_nothing);
	tcase_add_loop_test(never, a_sync_that_is_skipped_is_none, 0, 2);
	tcase_add_test(never, where_nothing_is_redundant_nothing_runs_again);
	tcase_add_loop_test(never, what_a_write_syncs_itself_can_be_skipped, 0, 2);
	tcase_add_loop_test(by_ways, each_way_to_sync_is_judged_and_left_out, 0,
			    2 * (int)(sizeof ways / sizeof *ways));
	tcase_add_loop_test(by_ways, of_two_that_sync_everything_one_stays, 0, 2);
	tcase_add_loop_test(by_ways, wherever_a_needed_sync_hides_it_is_needed, 0, 14);
	tcase_add_loop_test(by_ways, what_is_redundant_on_one_file_system_is_needed_on_others, 0, 5);
	tcase_add_loop_test(by_ways, a_budget_of_any_size_is_kept, 0, 9);
	tcase_add_test(by_ways, a_journal_is_needed_where_a_page_is_torn);
	tcase_add_test(by_ways, of_two_that_are_needed_together_one_stays);
	tcase_add_loop_test(said, a_killed_process_needs_no_sync_and_nothing_is_kept, 0, 6);
	tcase_add_test(said, a_trace_has_how_long_they_took);
	tcase_add_test(said, a_person_reads_the_same);
	tcase_add_loop_test(stores, a_planted_sync_that_protects_nothing_is_found, 0,
			    (int)(sizeof planted / sizeof *planted));
	tcase_add_loop_test(stores, each_sync_of_the_reference_store_is_needed, 0,
			    (int)(sizeof scenarios / sizeof *scenarios));
	return lab_run(suite);
}
