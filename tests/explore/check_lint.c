/* SPDX-License-Identifier: MIT */
/*
 * check_lint.c - lint finds what is wrong, and is quiet about what is right.
 *
 * Method: a row of a table is a program that does one thing (tests/programs/mistakes.c), the rules that speak
 * of it, and the facts that keep rules silent about it; whatever else is found or not judged fails the test
 * as much as what is missed. Every fact has a row. Then real programs, and the reference stores with and
 * without planted bugs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/lab.h"

/* ------------------------------------------------------------------ running it */

struct findings {
	struct lab_result result;
	json_t *list, *summary;
	/* each once, in the order of the names, with blanks between: "source-removed unsynced-ack" */
	char *kinds, *facts;
};

/* What a test needs beside its data stands above. */
static void enter_data(void)
{
	ck_assert_int_eq(mkdir("data", 0755), 0);
	ck_assert_int_eq(chdir("data"), 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the objects of a list say under a key. */
static char *words_of(const json_t *list, const char *key)
{
	const char *names[64] = {NULL};
	size_t count = json_array_size(list), i;
	char *text = lab_text("%s", "");
	json_t *object;

	ck_assert_uint_le(count, 64);
	json_array_foreach(list, i, object)
		names[i] = lab_json_text(object, key);
	qsort(names, count, sizeof *names, by_name);
	for (i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			text = lab_text("%s%s%s", text, *text ? " " : "", names[i]);
	return text;
}

static struct findings read_findings(struct lab_result result)
{
	struct findings findings = {.result = result, .list = json_array()};
	json_t *lines = lab_json_lines(result.out), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (json_object_get(line, "finding"))
			json_array_append(findings.list, json_object_get(line, "finding"));
		else
			findings.summary = json_object_get(line, "summary");
	}
	ck_assert_msg(findings.summary != NULL, "no summary: %s", lab_describe(&result));
	findings.kinds = words_of(findings.list, "kind");
	findings.facts = words_of(json_object_get(findings.summary, "not_judged"), "fact");
	return findings;
}

/* `crashinject lint --json [OPTION] -- PROGRAM...` in lab_dir; `option` may be NULL. Programs may fail. */
static struct findings lint(const char *option, const char *value, const char *const *program)
{
	const char *argv[24] = {lab_variable("CRASHINJECT"), "lint", "--json", "--exit-ok", "any"};
	size_t count = 5;

	if (option)
		argv[count++] = option;
	if (option)
		argv[count++] = value;
	argv[count++] = "--";
	while (*program && count < 23)
		argv[count++] = *program++;
	return read_findings(lab_command(NULL, argv));
}

#define LINT(...) lint(NULL, NULL, (const char *const[]){__VA_ARGS__, NULL})

/* Two pages that the program did not write itself. */
static void write_old(void)
{
	char page[4096];
	FILE *file = fopen("old", "w");

	memset(page, 'o', sizeof page);
	ck_assert_uint_eq(fwrite(page, 1, sizeof page, file), sizeof page);
	ck_assert_uint_eq(fwrite(page, 1, sizeof page, file), sizeof page);
	ck_assert_int_eq(fclose(file), 0);
}

static void assert_kinds(const struct findings *findings, const char *what, const char *expected)
{
	ck_assert_msg(strcmp(findings->kinds, expected) == 0, "%s: found \"%s\", not \"%s\": %s", what,
		      findings->kinds, expected, lab_describe(&findings->result));
	ck_assert_msg(findings->result.status == (*expected ? 1 : 0), "%s: %s", what,
		      lab_describe(&findings->result));
}

/* ------------------------------------------------------------------ each rule, each fact */

enum group { RENAME, NAME, SOURCE, ACK, OVERWRITE, FAILURE };

static const struct row {
	enum group group;
	const char *what, *rules, *facts;
	const char *at; /* a rule for the recording, or NULL */
} table[] = {
	{RENAME, "rename-unsynced", "unsynced-rename", "", NULL},
	{RENAME, "rename-synced", "", "", NULL},
	{RENAME, "rename-stored", "unsynced-rename", "", NULL},
	{RENAME, "rename-text", "unsynced-rename", "", NULL},
	{RENAME, "rename-text-synced", "", "", NULL},
	{RENAME, "rotate-new", "", "log", NULL},
	{RENAME, "link-unsynced", "unsynced-rename", "", NULL},
	{RENAME, "link-synced", "", "", NULL},
	{RENAME, "rotate", "", "rotated-file", NULL},
	{NAME, "create-without-directory", "undurable-name", "", NULL},
	{NAME, "create-with-directory", "", "", NULL},
	{NAME, "create-directory-late", "undurable-name", "", NULL},
	{NAME, "temporary", "", "removed-file temporary-file", NULL},
	{NAME, "rename-twice", "", "passing-name", NULL},
	{NAME, "move-source-synced", "source-removed undurable-name", "", NULL},
	{NAME, "make-directory", "undurable-name", "", NULL},
	{NAME, "make-fifo", "", "special-file", NULL},
	{NAME, "create-empty", "", "empty-file", NULL},
	{NAME, "die-without-directory", "", "killed", NULL},
	{SOURCE, "compress-unsafe", "source-removed", "", NULL},
	{SOURCE, "compress-safe", "", "", NULL},
	{SOURCE, "truncate-and-write", "source-removed", "", NULL},
	{SOURCE, "truncate-with-backup", "", "backup", NULL},
	{SOURCE, "truncate-and-move", "", "moved-file", NULL},
	{SOURCE, "remove-other", "", "", NULL},
	{SOURCE, "reset-log", "", "copy restarted-log", NULL},
	{SOURCE, "cut-log-early", "source-removed", "copy", NULL},
	{SOURCE, "cut-log-late", "", "copy", NULL},
	{SOURCE, "cut-old-log-early", "source-removed", "truncation", NULL},
	{SOURCE, "cut-old-log-late", "", "truncation", NULL},
	{SOURCE, "empty-other", "", "truncation", NULL},
	{SOURCE, "move-source-first", "source-removed", "", NULL},
	{SOURCE, "link-and-unlink", "source-removed", "", NULL},
	{SOURCE, "link-sync-and-unlink", "", "", NULL},
	{SOURCE, "deliver-by-link", "", "removed-file", NULL},
	{SOURCE, "unlock", "", "lock-file", NULL},
	{SOURCE, "remove-journal", "source-removed", "copy", NULL},
	{ACK, "ack-before-sync", "unsynced-ack", "", NULL},
	{ACK, "ack-after-sync", "", "", NULL},
	{ACK, "crash-ack-unsynced", "unsynced-ack", "", NULL},
	{ACK, "reply-unsynced", "unsynced-ack", "", NULL},
	{ACK, "send-unsynced", "unsynced-ack", "", NULL},
	{ACK, "send-message-unsynced", "unsynced-ack", "", NULL},
	{ACK, "ask-kernel", "", "never-syncs", NULL},
	{ACK, "wake-unsynced", "", "never-syncs wake-up", NULL},
	{ACK, "complain-unsynced", "", "standard-error", NULL},
	{ACK, "chatter", "", "chatter never-syncs", NULL},
	{ACK, "progress", "unsynced-ack", "chatter never-syncs", NULL},
	{ACK, "text-log", "", "log", NULL},
	{ACK, "exit-unsynced", "unsynced-ack", "", NULL},
	{ACK, "fail-unsynced", "", "failed", NULL},
	{ACK, "ack-nameless", "unsynced-ack", "", NULL},
	{ACK, "shrink", "", "truncation", NULL},
	{ACK, "undo-unsynced", "unsynced-ack", "copy", NULL},
	{ACK, "undo-synced", "", "copy", NULL},
	{ACK, "move-target-synced", "unsynced-ack", "", NULL},
	{ACK, "move-target-first", "", "", NULL},
	{ACK, "deliver", "", "passing-name", NULL},
	{ACK, "redo", "", "copy redo-log", NULL},
	{ACK, "lock-file", "", "copy lock-file", NULL},
	{ACK, "write-ahead", "", "write-ahead-log", NULL},
	{ACK, "message-in-between", "", "journal", NULL},
	{ACK, "other-thread", "", "other-thread", NULL},
	{ACK, "store-unsynced", "unsynced-ack", "one-sector", NULL},
	{ACK, "store-synced", "", "one-sector", NULL},
	{ACK, "store-other-synced", "unsynced-ack", "one-sector", NULL},
	{ACK, "store-page-synced", "", "one-sector", NULL},
	{ACK, "store-part-synced", "unsynced-ack", "zeros", NULL},
	{ACK, "store-all-synced", "", "zeros", NULL},
	{ACK, "shared-memory", "", "shared-memory", NULL},
	{ACK, "child-unsynced", "unsynced-ack", "", NULL},
	{ACK, "running-child", "", "other-process", NULL},
	{OVERWRITE, "overwrite", "overwrite-in-place", "", NULL},
	{OVERWRITE, "overwrite-sector", "", "one-sector", NULL},
	{OVERWRITE, "overwrite-journaled", "", "copy", NULL},
	{OVERWRITE, "overwrite-unsynced-journal", "overwrite-in-place", "", NULL},
	{OVERWRITE, "overwrite-same", "", "", NULL},
	{OVERWRITE, "overwrite-zeros", "", "zeros", NULL},
	{OVERWRITE, "switch-pages", "", "one-sector unused-pages", NULL},
	{OVERWRITE, "append-by-flag", "", "", NULL},
	{FAILURE, "ignore-failure", "ignored-sync-error", "", "fsync#1:err=EIO"},
	{FAILURE, "ignore-failure-silently", "ignored-sync-error", "", "fsync#1:err=EIO"},
	{FAILURE, "retry-failure", "ignored-sync-error", "", "fsync#1:err=EIO"},
	{FAILURE, "mind-failure", "", "error-message failed", "fsync#1:err=EIO"},
	{FAILURE, "write-again", "", "rewritten-file", "fsync#1:err=EIO"},
	{FAILURE, "retry-directory", "ignored-sync-error undurable-name", "", "fsync#2:err=EIO"},
	{FAILURE, "ignore-directory", "ignored-sync-error undurable-name", "", "fsync#2:err=EIO"},
	{FAILURE, "ignore-failure", "", "unsyncable-file", "fsync#1:err=EINVAL"},
	{FAILURE, "ignore-failure-in-child", "", "child-status", "fsync#1:err=EIO"},
	{FAILURE, "ignore-failure", "", "", NULL},
};

#define ROWS (sizeof table / sizeof *table)

static struct findings run_row(const struct row *row)
{
	const char *const argv[] = {lab_program("mistakes"), row->what, NULL};

	return lint(row->at ? "--at" : NULL, row->at, argv);
}

static void check_rows(enum group group)
{
	write_old();
	for (size_t i = 0; i < ROWS; i++) {
		struct findings findings;

		if (table[i].group != group)
			continue;
		findings = run_row(&table[i]);
		assert_kinds(&findings, table[i].what, table[i].rules);
		ck_assert_msg(strcmp(findings.facts, table[i].facts) == 0,
			      "%s: not judged because of \"%s\", not of \"%s\": %s", table[i].what,
			      findings.facts, table[i].facts, lab_describe(&findings.result));
	}
}

START_TEST(a_file_is_not_put_into_place_before_its_data)
{
	check_rows(RENAME);
}
END_TEST

START_TEST(a_name_is_not_relied_on_before_its_directory_is_synced)
{
	check_rows(NAME);
}
END_TEST

START_TEST(a_source_is_not_removed_before_its_replacement_is_durable)
{
	check_rows(SOURCE);
}
END_TEST

START_TEST(nothing_is_acknowledged_that_is_not_durable)
{
	check_rows(ACK);
}
END_TEST

/* What steps write to something that is no storage, and how many acknowledgements that is. */
static const struct {
	int acknowledgements;
	const char *steps[9];
} audiences[] = {
	/* RocksDB names its threads by files in /proc */
	{0,
	 {"open /proc/self/comm w", "write 3 name", "memfd m", "write 4 x", "eventfd", "write 5 12345678"}},
	{0, {"open /dev/null w", "write 3 stored", "writev 3 sto red", "open /dev/zero w", "write 4 stored"}},
	/* an event loop wakes itself up */
	{0,
	 {"pipe", "write 4 x", "write 4 12345678", "writev 4 1234 5678", "socketpair", "send 4",
	  "write 5 x"}},
	{2, {"pipe", "write 4 xy", "say stored"}},
	{2, {"socketpair", "write 3 stored", "write 4 ok"}},
	{1, {"write 1 x"}},
	/* nothing of it is in the memory of the program */
	{1, {"open /proc/self/exe r", "sendfile 1 3 4"}},
	{1, {"open /proc/self/exe r", "pipe", "splice 3 5 4", "splice 4 1 4"}},
	{1, {"pipe", "vmsplice 4 x", "vmsplice 4 xy"}},
	{1, {"pipe", "write 4 xy", "pipe", "tee 3 6 2"}},
	{1, {"open /dev/ptmx w", "write 3 x"}},
};

START_TEST(what_nobody_outside_can_read_is_no_acknowledgement)
{
	static const char *const programs[] = {"steps", "steps_static"};

	for (size_t i = 0; i < 2; i++) {
		const char *argv[14] = {lab_variable("CRASHINJECT"), "lint", "--", lab_program(programs[i])};
		struct lab_result result;
		const char *summary;

		memcpy(argv + 4, audiences[_i].steps, sizeof audiences[_i].steps);
		result = lab_command(NULL, argv);
		lab_assert_status(&result, 3); /* it changed nothing */
		summary = lab_text("0 ops, 0 syncs, %d acknowledgement%s\n", audiences[_i].acknowledgements,
				   audiences[_i].acknowledgements == 1 ? "" : "s");
		ck_assert_msg(strncmp(result.out, summary, strlen(summary)) == 0, "%s: %s", summary,
			      lab_describe(&result));
	}
}
END_TEST

START_TEST(the_only_copy_is_not_overwritten)
{
	check_rows(OVERWRITE);
}
END_TEST

START_TEST(a_sync_that_failed_is_not_ignored)
{
	check_rows(FAILURE);
}
END_TEST

static const struct fact {
	const char *name, *one, *explanation;
} facts[] = {
#define FACT(ENUM, name, subject, one, several, explanation) {name, one, explanation},
#include "explore/lint/facts.def"
#undef FACT
};

/* The row of a fact that has no other one, if there is such a row; or else any that has it. */
static const struct row *row_of(const char *fact)
{
	const struct row *any = NULL;

	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(table[i].facts, fact) == 0)
			return &table[i];
		if (strstr(table[i].facts, fact))
			any = &table[i];
	}
	ck_assert_msg(any != NULL, "the fact %s keeps a rule silent in no row", fact);
	return any;
}

static const json_t *object_of(const struct findings *findings, const char *fact)
{
	const json_t *list = json_object_get(findings->summary, "not_judged");
	json_t *object;
	size_t i;

	json_array_foreach(list, i, object)
		if (strcmp(lab_json_text(object, "fact"), fact) == 0)
			return object;
	ck_abort_msg("%s is not there", fact);
	return NULL;
}

/* "  not judged: 1 file taken for a log\n    log: Lines ...\n      old\n" */
static void check_text(const struct row *row, const struct fact *fact, const json_t *object)
{
	const char *argv[10] = {lab_variable("CRASHINJECT"), "lint", "-v"};
	size_t count = 3;
	struct lab_result result;
	const char *line;

	if (row->at) {
		argv[count++] = "--at";
		argv[count++] = row->at;
	}
	argv[count++] = "--";
	argv[count++] = lab_program("mistakes");
	argv[count++] = row->what;
	result = lab_command(NULL, argv);
	line = strstr(result.out, "  not judged: ");
	ck_assert_msg(line && strstr(line, lab_text("1 %s", fact->one)), "%s: %s", fact->name,
		      lab_describe(&result));
	ck_assert_msg(
		strstr(line, lab_text("    %s: %s\n      %s\n", fact->name, fact->explanation,
				      json_string_value(json_array_get(json_object_get(object, "what"), 0)))),
		"%s: %s", fact->name, lab_describe(&result));
}

START_TEST(each_fact_that_keeps_a_rule_silent_is_counted_and_named)
{
	write_old();
	for (const struct fact *fact = facts; fact < facts + sizeof facts / sizeof *facts; fact++) {
		const struct row *row = row_of(fact->name);
		struct findings findings = run_row(row);
		const json_t *object = object_of(&findings, fact->name);

		ck_assert_int_eq(lab_json_number(object, "count", -1), 1);
		ck_assert_int_eq(lab_json_number(object, "more", -1), 0);
		ck_assert_str_eq(lab_json_text(object, "sentence"), lab_text("1 %s", fact->one));
		ck_assert_str_eq(lab_json_text(object, "explanation"), fact->explanation);
		ck_assert_uint_eq(json_array_size(json_object_get(object, "what")), 1);
		check_text(row, fact, object);
	}
}
END_TEST

START_TEST(many_files_are_counted_and_the_first_ones_named)
{
	struct findings findings = LINT("sh", "-c",
					"for i in $(seq 30); do echo > t$i; done; sync; "
					"for i in $(seq 30); do echo >> t$i; done; echo done; rm t*");
	const json_t *object = object_of(&findings, "temporary-file");

	ck_assert_int_eq(lab_json_number(object, "count", -1), 30);
	ck_assert_str_eq(lab_json_text(object, "sentence"), "30 files taken for temporary ones");
	ck_assert_uint_eq(json_array_size(json_object_get(object, "what")), 20);
	ck_assert_int_eq(lab_json_number(object, "more", -1), 10);
}
END_TEST

START_TEST(nothing_is_shown_where_every_rule_has_judged)
{
	struct lab_result result =
		LAB_CRASHINJECT("lint", "-v", "--", lab_program("mistakes"), "rename-unsynced");

	lab_assert_status(&result, 1);
	ck_assert_ptr_null(strstr(result.out, "not judged"));
}
END_TEST

/* ------------------------------------------------------------------ what a finding has */

START_TEST(a_finding_has_op_file_stack_explanation_and_repair)
{
	struct findings findings;
	json_t *finding, *ops, *lost, *relied, *frame;

	findings = LINT(lab_program("mistakes"), "rename-unsynced");
	ck_assert_uint_eq(json_array_size(findings.list), 1);
	finding = json_array_get(findings.list, 0);
	ck_assert_uint_eq(strlen(lab_json_text(finding, "id")), 8);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "unsynced-rename");
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"),
				     "the rename of f.tmp to f (rename#1, rename_unsynced"));
	ck_assert_ptr_nonnull(
		strstr(lab_json_text(finding, "sentence"), "it became durable only later, by fsync#1"));
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "explanation"), "before its data was durable"));
	ck_assert_ptr_nonnull(
		strstr(lab_json_text(finding, "repair"), "fsync of the file before rename#1 of f.tmp to f"));
	ck_assert_int_eq(lab_json_number(finding, "times", -1), 1);
	ck_assert(!lab_json_bool(finding, "accepted"));
	ops = json_object_get(finding, "ops");
	lost = json_array_get(ops, 0);
	relied = json_array_get(ops, 1);
	ck_assert_str_eq(lab_json_text(lost, "role"), "lost");
	ck_assert_str_eq(lab_json_text(lost, "point"), "write#1");
	ck_assert_str_eq(lab_json_text(lost, "file"), lab_text("%s/data/f.tmp", lab_dir));
	ck_assert_str_eq(lab_json_text(relied, "role"), "survived");
	ck_assert_str_eq(lab_json_text(relied, "point"), "rename#1");
	frame = json_array_get(json_object_get(lost, "stack"), 0);
	ck_assert_str_eq(lab_json_text(frame, "function"), "put_page");
	ck_assert_str_eq(lab_json_text(json_array_get(json_object_get(relied, "stack"), 0), "function"),
			 "rename_unsynced");
	ck_assert_int_gt(lab_json_number(findings.summary, "ops", -1), 0);
	ck_assert_int_eq(lab_json_number(findings.summary, "syncs", -1), 2);
	ck_assert_int_eq(lab_json_number(findings.summary, "findings", -1), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(findings.summary, "rules")), 6);
	ck_assert(lab_json_bool(findings.summary, "complete"));
}
END_TEST

START_TEST(a_finding_says_that_only_a_part_was_synced)
{
	struct findings findings = LINT(lab_program("mistakes"), "store-part-synced");
	const char *sentence = lab_json_text(json_array_get(findings.list, 0), "sentence");

	ck_assert_msg(strstr(sentence, "was not durable: only a part of it was synced"), "%s", sentence);
}
END_TEST

/* It was named as it was called in the end, when it had been acknowledged long since. */
START_TEST(a_repair_names_a_file_as_it_is_called_by_then)
{
	struct findings findings =
		LINT("sh", "-c", "echo data >f.tmp; echo saved; sync f.tmp; mv f.tmp f; sync .; sync f");
	const char *repair = lab_json_text(json_array_get(findings.list, 0), "repair");

	ck_assert_msg(strstr(repair, "fsync of f.tmp before acknowledging \"saved\""), "%s", repair);
}
END_TEST

static bool has(const json_t *list, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

START_TEST(a_finding_says_which_file_systems_allow_it)
{
	struct findings fresh = LINT("sh", "-c", "printf data > f.tmp; mv f.tmp f"), over;
	json_t *finding = json_array_get(fresh.list, 0);

	ck_assert_str_eq(lab_json_text(finding, "kind"), "unsynced-rename");
	ck_assert(has(json_object_get(finding, "models"), "ext4"));
	ck_assert(has(json_object_get(finding, "models_not"), "kill"));
	/* with dioread_lock ext4 writes the data first where a file is replaced, and only there */
	write_old();
	over = LINT("sh", "-c", "printf data > old.tmp; mv old.tmp old");
	finding = json_array_get(over.list, 0);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "unsynced-rename");
	ck_assert(has(json_object_get(finding, "models_not"), "ext4-dioread-lock"));
	ck_assert(has(json_object_get(finding, "models"), "ext4"));
	ck_assert(has(json_object_get(finding, "models"), "posix"));
}
END_TEST

START_TEST(mistakes_at_one_place_are_one_finding)
{
	struct findings findings;

	write_old();
	findings = LINT(lab_program("mistakes"), "progress");
	ck_assert_uint_eq(json_array_size(findings.list), 1);
	/* after the third one nothing more is written: that is chatter */
	ck_assert_int_eq(lab_json_number(json_array_get(findings.list, 0), "times", -1), 2);
}
END_TEST

/* ------------------------------------------------------------------ options */

START_TEST(the_data_directory_stays_as_it_was)
{
	struct findings findings;

	write_old();
	findings = LINT(lab_program("mistakes"), "compress-unsafe");
	ck_assert_int_eq(findings.result.status, 1);
	ck_assert_int_eq(access("old", F_OK), 0);
	ck_assert_int_eq(lab_entries("."), 1);
}
END_TEST

START_TEST(rules_can_be_chosen)
{
	const char *const program[] = {"sh", "-c", "printf data > f.tmp; mv f.tmp f", NULL};
	struct findings one = lint("--rules", "undurable-name", program),
			other = lint("--rules", "source-removed", program);
	struct lab_result wrong = LAB_CRASHINJECT("lint", "--rules", "undurable-names", "--", "true");
	struct lab_result help = LAB_CRASHINJECT("lint", "--rules", "help");

	assert_kinds(&one, "undurable-name", "undurable-name");
	assert_kinds(&other, "source-removed", "");
	lab_assert_status(&wrong, 125);
	ck_assert_ptr_nonnull(strstr(wrong.err, "did you mean undurable-name?"));
	lab_assert_status(&help, 0);
	ck_assert_ptr_nonnull(strstr(help.out, "ignored-sync-error"));
}
END_TEST

START_TEST(a_baseline_accepts_findings)
{
	const char *const program[] = {"sh", "-c", "printf data > f.tmp; mv f.tmp f", NULL};
	struct findings first = lint(NULL, NULL, program), second;
	FILE *file = fopen("../baseline", "w");
	size_t i;
	json_t *finding;

	ck_assert_uint_eq(json_array_size(first.list), 2);
	json_array_foreach(first.list, i, finding)
		fprintf(file, "%s # known\n", lab_json_text(finding, "id"));
	fprintf(file, "00000000\n");
	fclose(file);
	second = lint("--baseline", "../baseline", program);
	ck_assert_int_eq(second.result.status, 0);
	ck_assert_uint_eq(json_array_size(second.list), 2);
	ck_assert(lab_json_bool(json_array_get(second.list, 0), "accepted"));
	ck_assert_uint_eq(json_array_size(json_object_get(second.summary, "baseline_gone")), 1);
}
END_TEST

START_TEST(a_trace_says_the_same_as_its_run)
{
	const char *program = lab_program("mistakes");
	struct lab_result recorded;
	struct findings run, trace;

	write_old();
	recorded = LAB_CRASHINJECT("record", "-o", "../trace", "--", program, "rename-unsynced");
	lab_assert_status(&recorded, 0);
	trace = read_findings(LAB_CRASHINJECT("lint", "--json", "../trace"));
	remove("f");
	run = LINT(program, "rename-unsynced");
	assert_kinds(&run, "the run", "unsynced-rename");
	assert_kinds(&trace, "the trace", "unsynced-rename");
	ck_assert_str_eq(lab_json_text(json_array_get(run.list, 0), "id"),
			 lab_json_text(json_array_get(trace.list, 0), "id"));
}
END_TEST

START_TEST(a_setup_is_not_part_of_the_run)
{
	const char *const program[] = {"sh", "-c", "cat f && chmod 600 f", NULL};
	struct findings findings = lint("--setup", "printf data > f", program);

	assert_kinds(&findings, "setup", "");
	ck_assert_int_eq(access("f", F_OK), -1);
}
END_TEST

START_TEST(every_reporter_prints_findings)
{
	const char *program = lab_program("mistakes");
	struct lab_result result = LAB_CRASHINJECT("lint", "--junit", "../j.xml", "--html", "../h.html", "--",
						   program, "rename-unsynced");
	const char *junit = lab_read("../j.xml", NULL), *html = lab_read("../h.html", NULL);

	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.out, ": unsynced-rename, once\n"));
	ck_assert_ptr_nonnull(
		strstr(result.out, "\n  repair: fsync of the file before rename#1 of f.tmp to f"));
	ck_assert_ptr_nonnull(strstr(junit, "tests=\"6\" failures=\"1\" errors=\"0\""));
	ck_assert_ptr_nonnull(strstr(junit, "<failure type=\"unsynced-rename\""));
	ck_assert_ptr_nonnull(strstr(junit, "name=\"source-removed\"/>"));
	ck_assert_ptr_nonnull(strstr(html, "<span class=\"kind\">unsynced-rename</span>"));
	ck_assert_ptr_null(strstr(junit, "system-out"));
	ck_assert_ptr_null(strstr(html, "Not judged"));
}
END_TEST

/* Appends to a file that was durable, acknowledges that, and removes the file. */
#define WITH_TEMPORARY "sh", "-c", "echo >> \"$0\"; sync; echo >> \"$0\"; echo done; rm \"$0\"; sync"

START_TEST(every_reporter_prints_what_was_not_judged)
{
	struct lab_result result = LAB_CRASHINJECT("lint", "--junit", "../j.xml", "--html", "../h.html", "--",
						   WITH_TEMPORARY, "a<&>b");
	const char *junit = lab_read("../j.xml", NULL), *html = lab_read("../h.html", NULL);

	lab_assert_status(&result, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "\n  not judged: 1 file taken for a temporary one\n"));
	ck_assert_ptr_null(strstr(result.out, "a<&>b"));
	ck_assert_ptr_nonnull(strstr(junit, "  <system-out>not judged:\ntemporary-file: 1 file taken for a "
					    "temporary one: a&lt;&amp;&gt;b\n</system-out>\n</testsuite>\n"));
	ck_assert_ptr_nonnull(strstr(html, "<b>temporary-file</b>: 1 file taken for a temporary one<br>"));
	ck_assert_ptr_nonnull(strstr(html, "<br>a&lt;&amp;&gt;b</li>\n"));
}
END_TEST

/* U+FFFE and U+FFFF are characters in UTF-8, and in no XML. */
START_TEST(junit_has_only_what_xml_has)
{
	struct lab_result result =
		LAB_CRASHINJECT("lint", "--junit", "../j.xml", "--", "sh", "-c", "echo >a; mv a \"$0\"",
				"\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd");

	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(
		strstr(lab_read("../j.xml", NULL),
		       "the rename of a to \\xef\\xbf\\xbe\\xef\\xbf\\xbf\xef\xbf\xbd (rename#1)"));
}
END_TEST

/* A byte that is not UTF-8 is a character of its own in JSON: 0xff is U+EFFF. */
START_TEST(a_name_that_is_not_utf8_is_a_string_in_json)
{
	struct findings findings = LINT(WITH_TEMPORARY, "a\377");
	const json_t *what = json_object_get(object_of(&findings, "temporary-file"), "what");

	ck_assert_str_eq(json_string_value(json_array_get(what, 0)), "a\xee\xbf\xbf");
}
END_TEST

START_TEST(a_name_says_nothing_to_the_terminal)
{
	struct lab_result result = LAB_CRASHINJECT("lint", "--", "touch", "a\nfinding \033[31mb");

	lab_assert_status(&result, 1);
	ck_assert_msg(!strchr(result.out, '\033') && strstr(result.out, "a\\012finding \\033[31mb"), "%s",
		      result.out);
	result = LAB_CRASHINJECT("lint", "-v", "--", WITH_TEMPORARY, "a\nfinding \033[31mb");
	lab_assert_status(&result, 0);
	ck_assert_msg(!strchr(result.out, '\033') && strstr(result.out, "\n      a\\012finding \\033[31mb\n"),
		      "%s", result.out);
}
END_TEST

START_TEST(exit_statuses_are_0_1_3_and_125)
{
	struct lab_result good = LAB_CRASHINJECT("lint", "--", "chmod", "700", ".");
	struct lab_result found = LAB_CRASHINJECT("lint", "--", "touch", "f");
	struct lab_result cut =
		LAB_CRASHINJECT("lint", "--max-trace", "4K", "--", lab_program("mistakes"), "progress");
	struct lab_result failed = LAB_CRASHINJECT("lint"),
			  none = LAB_CRASHINJECT("lint", "--", "./no-such-program");

	lab_assert_status(&good, 0);
	lab_assert_status(&found, 1);
	lab_assert_status(&cut, 3);
	ck_assert_ptr_nonnull(strstr(cut.out, "incomplete"));
	lab_assert_status(&failed, 125);
	lab_assert_status(&none, 127);
}
END_TEST

/* ------------------------------------------------------------------ the reference stores */

START_TEST(the_reference_stores_are_right)
{
	static const char *const scenarios[] = {"wal",	    "snapshot",	  "checkpoint",
						"recovery", "concurrent", "all"};

	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
		struct findings findings = LINT(lab_variable("HELPER"), scenarios[i]);

		assert_kinds(&findings, scenarios[i], "");
		ck_assert_int_ge(lab_json_number(findings.summary, "acknowledgements", -1), 12);
	}
}
END_TEST

/* Which rules speak of a planted bug; none where it takes a look into the files to see it. */
static const struct {
	const char *bug, *rules;
} bugs[] = {
	{"wal-no-sync", "unsynced-ack"},
	{"wal-ack-before-sync", "unsynced-ack"},
	{"wal-group-off-by-one", "unsynced-ack"},
	{"wal-no-dirsync", "undurable-name"},
	{"wal-no-checksum", ""}, /* of what recovery believes the trace says nothing */
	{"wal-two-writes-no-header-check", ""},
	{"wal-torn-tail-kept", ""},
	{"snapshot-no-sync", "unsynced-rename"},
	{"snapshot-rename-before-sync", "unsynced-rename"},
	{"snapshot-no-dirsync", "source-removed"},
	{"snapshot-in-place", "source-removed"},
	{"snapshot-no-backup-order", "source-removed"},
	{"snapshot-before-log", ""}, /* two files that must fit together: only their content says so */
	{"checkpoint-truncate-before-publish", ""},
	{"checkpoint-no-sync", "unsynced-rename"},
	{"checkpoint-no-dirsync-before-truncate", "source-removed"},
	{"checkpoint-rename-no-dirsync", "undurable-name"},
	{"checkpoint-drops-one-more", ""},
	{"checkpoint-sequence-too-late", ""},
	{"checkpoint-stale-descriptor", "unsynced-ack"},
	{"recovery-promote-no-sync", "source-removed undurable-name"},
	{"recovery-tail-no-sync", "unsynced-ack"},
	{"recovery-no-dirsync", "undurable-name"},
};

static const char *rules_for(const char *bug)
{
	for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++)
		if (strcmp(bugs[i].bug, bug) == 0)
			return bugs[i].rules;
	ck_abort_msg("%s is not in the table", bug);
	return NULL;
}

START_TEST(planted_bugs_are_found)
{
	struct lab_result listed = LAB_COMMAND(lab_variable("HELPER"), "bugs", "--json");
	json_t *rows = lab_json_lines(listed.out), *row;
	size_t i;

	ck_assert_uint_eq(json_array_size(rows), sizeof bugs / sizeof *bugs);
	json_array_foreach(rows, i, row) {
		const char *bug = lab_json_text(row, "bug");
		struct findings findings =
			LINT(lab_variable("HELPER"), "--bug", bug, lab_json_text(row, "scenario"));

		if (*rules_for(bug))
			assert_kinds(&findings, bug, rules_for(bug));
		else
			ck_assert_msg(!*findings.kinds,
				      "%s: \"%s\": a rule speaks of it now: add it to the table", bug,
				      findings.kinds);
	}
}
END_TEST

/* ------------------------------------------------------------------ real programs */

static bool is_installed(const char *name)
{
	return LAB_COMMAND("sh", "-c", lab_text("command -v %s", name)).status == 0;
}

/* Transactions that are acknowledged one by one, a checkpoint, a vacuum. */
static struct findings lint_sqlite(const char *journal, const char *synchronous)
{
	FILE *file = fopen("../work.sql", "w");
	struct findings findings;

	fprintf(file, "pragma journal_mode=%s; pragma synchronous=%s; create table t(a, b);\n", journal,
		synchronous);
	for (int i = 0; i < 4; i++)
		fprintf(file, "insert into t values(%d, randomblob(3000)); select 'ack %d';\n", i, i);
	fprintf(file, "update t set b = randomblob(3000) where a = 2; select 'ack'; delete from t where a = "
		      "3; vacuum;\n"
		      "pragma wal_checkpoint(truncate); insert into t values(9, randomblob(9000)); select "
		      "'last';\n");
	ck_assert_int_eq(fclose(file), 0);
	findings = LINT("sqlite3", "t.db", ".read ../work.sql");
	return findings;
}

START_TEST(sqlite_is_right_where_it_syncs_all)
{
	static const struct {
		const char *journal, *synchronous;
	} right[] = {{"delete", "EXTRA"},
		     {"wal", "EXTRA"},
		     {"truncate", "EXTRA"},
		     {"persist", "EXTRA"},
		     {"wal", "FULL"}};

	if (!is_installed("sqlite3"))
		LAB_SKIP("sqlite3 is not installed");
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		struct findings findings = lint_sqlite(right[i].journal, right[i].synchronous);

		assert_kinds(&findings, lab_text("%s, %s", right[i].journal, right[i].synchronous), "");
	}
}
END_TEST

START_TEST(sqlite_may_bring_a_journal_back)
{
	struct findings findings;
	const char *sentence;

	if (!is_installed("sqlite3"))
		LAB_SKIP("sqlite3 is not installed");
	findings = lint_sqlite("delete", "FULL");
	assert_kinds(&findings, "FULL", "unsynced-ack");
	ck_assert_uint_eq(json_array_size(findings.list), 1);
	sentence = lab_json_text(json_array_get(findings.list, 0), "sentence");
	ck_assert_msg(strstr(sentence, "t.db-journal") && strstr(sentence, "If the journal comes back"), "%s",
		      sentence);
}
END_TEST

START_TEST(sqlite_that_never_syncs_is_wrong)
{
	struct findings findings;

	if (!is_installed("sqlite3"))
		LAB_SKIP("sqlite3 is not installed");
	findings = lint_sqlite("delete", "OFF");
	assert_kinds(&findings, "a new database", "undurable-name unsynced-ack");
	ck_assert_int_eq(LAB_COMMAND("sqlite3", "t.db", "create table t(a); insert into t values(1)").status,
			 0);
	findings = LINT("sqlite3", "t.db", "pragma synchronous=off; update t set a = 2");
	assert_kinds(&findings, "one that was there", "overwrite-in-place");
}
END_TEST

START_TEST(git_syncs_nothing)
{
	struct lab_result result;
	struct findings findings;
	const char *text;

	if (!is_installed("git"))
		LAB_SKIP("git is not installed");
	setenv("HOME", lab_dir, 1);
	result = LAB_COMMAND(
		"sh", "-c",
		"git init -q . && git config user.email a@b && git config user.name a && echo a >f && "
		"git add f && git commit -qm 1 && echo b >>f");
	lab_assert_status(&result, 0);
	findings = LINT("git", "-c", "core.fsync=none", "commit", "-am", "x");
	text = findings.result.out;
	ck_assert_msg(strstr(findings.kinds, "undurable-name") && strstr(findings.kinds, "unsynced-rename"),
		      "%s", lab_describe(&findings.result));
	ck_assert_ptr_nonnull(strstr(text, "refs/heads/"));
	ck_assert_ptr_nonnull(strstr(text, ".git/objects/"));
}
END_TEST

START_TEST(small_tools_remove_before_they_store)
{
	struct findings sort, compress, move;

	write_old();
	sort = LINT("sort", "-o", "old", "old");
	assert_kinds(&sort, "sort", "source-removed");
	move = LINT("sh", "-c", "printf data > f.tmp; mv f.tmp f");
	assert_kinds(&move, "mv", "undurable-name unsynced-rename");
	if (!is_installed("gzip"))
		LAB_SKIP("gzip is not installed");
	compress = LINT("gzip", "old");
	assert_kinds(&compress, "gzip", "source-removed undurable-name");
}
END_TEST

START_TEST(programs_that_store_nothing_are_right)
{
	struct findings findings;

	write_old();
	findings = LINT("sh", "-c", "echo hello; cat old; ls; echo bye");
	lab_assert_status(&findings.result, 3); /* there was nothing to be right or wrong in */
	ck_assert_str_eq(findings.kinds, "");
	ck_assert_int_eq(lab_json_number(findings.summary, "ops", -1), 0);
}
END_TEST

static TCase *data_case(Suite *suite, const char *name, double seconds)
{
	TCase *made = lab_case(suite, name, seconds);

	tcase_add_checked_fixture(made, enter_data, NULL);
	return made;
}

int main(void)
{
	Suite *suite = suite_create("lint");
	TCase *rules = data_case(suite, "rules", 120), *guesses = data_case(suite, "facts", 120);
	TCase *output = data_case(suite, "output", 120);
	TCase *stores = data_case(suite, "stores", 300), *real = data_case(suite, "real", 120);

	tcase_add_test(rules, a_file_is_not_put_into_place_before_its_data);
	tcase_add_test(rules, a_name_is_not_relied_on_before_its_directory_is_synced);
	tcase_add_test(rules, a_source_is_not_removed_before_its_replacement_is_durable);
	tcase_add_test(rules, nothing_is_acknowledged_that_is_not_durable);
	tcase_add_loop_test(rules, what_nobody_outside_can_read_is_no_acknowledgement, 0,
			    sizeof audiences / sizeof *audiences);
	tcase_add_test(rules, the_only_copy_is_not_overwritten);
	tcase_add_test(rules, a_sync_that_failed_is_not_ignored);
	tcase_add_test(guesses, each_fact_that_keeps_a_rule_silent_is_counted_and_named);
	tcase_add_test(guesses, many_files_are_counted_and_the_first_ones_named);
	tcase_add_test(guesses, nothing_is_shown_where_every_rule_has_judged);
	tcase_add_test(output, a_finding_has_op_file_stack_explanation_and_repair);
	tcase_add_test(output, a_finding_says_that_only_a_part_was_synced);
	tcase_add_test(output, a_repair_names_a_file_as_it_is_called_by_then);
	tcase_add_test(output, a_finding_says_which_file_systems_allow_it);
	tcase_add_test(output, mistakes_at_one_place_are_one_finding);
	tcase_add_test(output, the_data_directory_stays_as_it_was);
	tcase_add_test(output, rules_can_be_chosen);
	tcase_add_test(output, a_baseline_accepts_findings);
	tcase_add_test(output, a_trace_says_the_same_as_its_run);
	tcase_add_test(output, a_setup_is_not_part_of_the_run);
	tcase_add_test(output, every_reporter_prints_findings);
	tcase_add_test(output, every_reporter_prints_what_was_not_judged);
	tcase_add_test(output, junit_has_only_what_xml_has);
	tcase_add_test(output, a_name_that_is_not_utf8_is_a_string_in_json);
	tcase_add_test(output, a_name_says_nothing_to_the_terminal);
	tcase_add_test(output, exit_statuses_are_0_1_3_and_125);
	tcase_add_test(stores, the_reference_stores_are_right);
	tcase_add_test(stores, planted_bugs_are_found);
	tcase_add_test(real, sqlite_is_right_where_it_syncs_all);
	tcase_add_test(real, sqlite_may_bring_a_journal_back);
	tcase_add_test(real, sqlite_that_never_syncs_is_wrong);
	tcase_add_test(real, git_syncs_nothing);
	tcase_add_test(real, small_tools_remove_before_they_store);
	tcase_add_test(real, programs_that_store_nothing_are_right);
	return lab_run(suite);
}
