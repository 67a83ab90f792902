/* SPDX-License-Identifier: MIT */
/*
 * check_explore_helper.c - explore finds every planted bug where it is planted, and nothing in stores that
 * are right.
 *
 * Method: a row for each bug of helper/bugs.def. It says what one finding must say: which op was lost, which
 * one survived it, from which call in which function they came, which fsync is the repair (the one that the
 * bug has removed) and which of the shipped models allow it. A bug that takes a power loss to be seen must be
 * quiet under `kill`. Lines are looked up in the helper's own source, so that the rows name calls and not
 * numbers.
 *
 * CRASHINJECT_LONG=1 in the environment: under every shipped model, and with more commits.
 * CRASHINJECT_TABLE=FILE: what was found goes there, as rows of the table in docs/FINDINGS.md.
 */
#include "tests/run/lab.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_POWER_MODEL                                                                                    \
	"btrfs,ext3-ordered,ext3-writeback,ext4,ext4-dioread-lock,ext4-journal,ext4-writeback,f2fs,posix,"   \
	"xfs"
#define EVERY_MODEL                                                                                          \
	"btrfs,ext3-ordered,ext3-writeback,ext4,ext4-dioread-lock,ext4-journal,ext4-writeback,f2fs,kill,"    \
	"posix,xfs"
/* F2FS moves a page that is written to, with what was durable in it: no log that goes on in a page is safe
 * there. Where the second ones are not sure of what a run may leave, they say so, and the result is
 * incomplete. */
#define SURE_MODELS "ext3-ordered,ext4,ext4-dioread-lock,ext4-journal,kill,posix,xfs"
#define UNSURE_MODELS "btrfs,ext3-writeback,ext4-writeback"

static bool is_long(void)
{
	const char *value = getenv("CRASHINJECT_LONG");

	return value && strcmp(value, "1") == 0;
}

/* ------------------------------------------------------------------ the rows */

/* How a state is looked at. */
enum look {
	AS_IT_SHOULD, /* a correct recovery */
	WITH_THE_BUG, /* a recovery that has it */
	AND_GO_ON,    /* a recovery that has it, more commits, and another recovery */
};

/* A call in the helper's source: the first after the line that begins a function's definition. */
struct place {
	const char *file, *function, *call;
};

#define FILE_WRITE                                                                                           \
	{                                                                                                    \
		"file.c", "int file_write(", "pwrite("                                                       \
	}
#define PUBLISH                                                                                              \
	{                                                                                                    \
		"snapshot.c", "static int take_place(", "renameat("                                          \
	}
#define SHORTEN                                                                                              \
	{                                                                                                    \
		"checkpoint.c", "static int replace_log(", "renameat("                                       \
	}
#define NOWHERE                                                                                              \
	{                                                                                                    \
		NULL, NULL, NULL                                                                             \
	}

struct row {
	const char *bug;
	const char *scenario;
	const char *commits; /* NULL: as many as it makes of its own */
	const char *quick;   /* the same where time is short; NULL: `commits` */
	const char *at; /* where the recorded run is killed, so that it does not end with a wrong store; or
			   NULL */
	enum look look;
	bool power; /* needs a power loss; else a killed process is enough */
	const char *kind;
	const char *survived; /* as a file name pattern */
	struct place survived_at;
	const char *lost; /* of process crashes: the op that would have made it good */
	struct place lost_at;
	const char *repair;    /* NULL: no fsync is one */
	const char *models;    /* that allow it */
	unsigned int findings; /* all alike; 0: one */
};

static const struct row rows[] = {
	{
		.bug = "wal-no-sync",
		.scenario = "wal",
		.quick = "4",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack 1 *",
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.wal before acknowledging \"ack 1 *",
		.models = EVERY_POWER_MODEL,
	},
	{
		.bug = "wal-ack-before-sync",
		.scenario = "wal",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack 1 *",
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.wal before acknowledging \"ack 1 *",
		.models = EVERY_POWER_MODEL,
	},
	{
		/* the first commit's sync is right, and taken to be the second one's as well */
		.bug = "wal-group-off-by-one",
		.scenario = "wal",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack 2 *",
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.wal before acknowledging \"ack 2 *",
		.models = EVERY_POWER_MODEL,
	},
	{
		/* elsewhere an fsync of the log takes its name along */
		.bug = "wal-no-dirsync",
		.scenario = "wal",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack 1 *",
		.lost = "open#* store.wal *",
		.lost_at = {"wal.c", "int wal_create(", "openat("},
		.repair = "fsync of the data directory before acknowledging \"ack 1 *",
		.models = "f2fs,posix",
	},
	{
		.bug = "wal-no-checksum",
		.scenario = "wal",
		.look = WITH_THE_BUG,
		.power = true,
		.kind = "inconsistent",
		.survived = "write#* store.wal at *",
		.survived_at = FILE_WRITE,
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.models =
			"btrfs,ext3-ordered,ext3-writeback,ext4,ext4-dioread-lock,ext4-writeback,f2fs,posix",
	},
	{
		/* between a frame's two writes, and in one that crosses a page */
		.bug = "wal-two-writes-no-header-check",
		.scenario = "wal",
		.look = WITH_THE_BUG,
		.kind = "inconsistent",
		.survived = "write#* store.wal at *",
		.survived_at = FILE_WRITE,
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.models = EVERY_MODEL,
		.findings = 2,
	},
	{
		/* what is appended behind a frame that was cut short: between its writes, and in one that
		   crosses a page */
		.bug = "wal-torn-tail-kept",
		.scenario = "wal",
		.look = AND_GO_ON,
		.kind = "lost",
		.survived = "write#* store.wal at *",
		.survived_at = FILE_WRITE,
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.models = EVERY_MODEL,
		.findings = 2,
	},
	{
		.bug = "snapshot-no-sync",
		.scenario = "snapshot",
		.quick = "9",
		.power = true,
		.kind = "inconsistent",
		.survived = "rename#1 store.snap.tmp -> store.snap *",
		.survived_at = PUBLISH,
		.lost = "write#* store.snap.tmp at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.snap.tmp before rename#1 of store.snap.tmp to store.snap *",
		.models = "btrfs,ext3-ordered,ext3-writeback,ext4,ext4-dioread-lock,ext4-writeback,f2fs,"
			  "posix,xfs",
	},
	{
		.bug = "snapshot-rename-before-sync",
		.scenario = "snapshot",
		.power = true,
		.kind = "inconsistent",
		.survived = "rename#1 store.snap.tmp -> store.snap *",
		.survived_at = PUBLISH,
		.lost = "write#* store.snap.tmp at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.snap.tmp before rename#1 of store.snap.tmp to store.snap *",
		.models = "btrfs,ext3-ordered,ext3-writeback,ext4,ext4-dioread-lock,ext4-writeback,f2fs,"
			  "posix,xfs",
	},
	{
		/* elsewhere names change on the disk in the order in which they were changed */
		.bug = "snapshot-no-dirsync",
		.scenario = "checkpoint",
		.power = true,
		.kind = "inconsistent",
		.survived = "rename#2 store.wal.tmp -> store.wal *",
		.survived_at = SHORTEN,
		.lost = "rename#1 store.snap.tmp -> store.snap *",
		.lost_at = PUBLISH,
		.repair = "fsync of the data directory before rename#2 of store.wal.tmp to store.wal *",
		.models = "btrfs,f2fs,posix",
	},
	{
		/* open() empties it, and it is right again with the last byte */
		.bug = "snapshot-in-place",
		.scenario = "snapshot",
		.kind = "inconsistent",
		.survived = "open#* store.snap *",
		.survived_at = {"snapshot.c", "static int write_tmp(", "openat("},
		.lost = "write#* store.snap at 28 *",
		.lost_at = FILE_WRITE,
		.models = EVERY_MODEL,
	},
	{
		.bug = "snapshot-no-backup-order",
		.scenario = "checkpoint",
		.kind = "inconsistent",
		.survived = "unlink#* store.snap *",
		.survived_at = {"snapshot.c", "static int keep_backup(", "unlinkat(directory, SNAPSHOT_NAME"},
		.lost = "rename#* store.snap.tmp -> store.snap *",
		.lost_at = PUBLISH,
		.models = EVERY_MODEL,
	},
	{
		.bug = "snapshot-before-log",
		.scenario = "snapshot",
		.power = true,
		.kind = "inconsistent",
		.survived = "rename#1 store.snap.tmp -> store.snap *",
		.survived_at = PUBLISH,
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.wal before rename#1 of store.snap.tmp to store.snap *",
		.models = "btrfs,ext3-ordered,ext3-writeback,ext4,ext4-dioread-lock,ext4-writeback,f2fs,"
			  "posix,xfs",
	},
	{
		.bug = "checkpoint-truncate-before-publish",
		.scenario = "checkpoint",
		.kind = "inconsistent",
		.survived = "rename#1 store.wal.tmp -> store.wal *",
		.survived_at = SHORTEN,
		.lost = "rename#2 store.snap.tmp -> store.snap *",
		.lost_at = PUBLISH,
		.models = EVERY_MODEL,
	},
	{
		.bug = "checkpoint-no-sync",
		.scenario = "checkpoint",
		.power = true,
		.kind = "inconsistent",
		.survived = "rename#2 store.wal.tmp -> store.wal *",
		.survived_at = SHORTEN,
		.lost = "write#* store.wal.tmp at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.wal.tmp before rename#2 of store.wal.tmp to store.wal *",
		.models = "btrfs,ext3-writeback,ext4,ext4-writeback,f2fs,posix,xfs",
	},
	{
		.bug = "checkpoint-no-dirsync-before-truncate",
		.scenario = "checkpoint",
		.power = true,
		.kind = "inconsistent",
		.survived = "rename#2 store.wal.tmp -> store.wal *",
		.survived_at = SHORTEN,
		.lost = "rename#1 store.snap.tmp -> store.snap *",
		.lost_at = PUBLISH,
		.repair = "fsync of the data directory before rename#2 of store.wal.tmp to store.wal *",
		.models = "btrfs,f2fs,posix",
	},
	{
		/* elsewhere an fsync of the new log, which follows with the next commit, takes its name along
		 */
		.bug = "checkpoint-rename-no-dirsync",
		.scenario = "checkpoint",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack 4 *",
		.lost = "rename#2 store.wal.tmp -> store.wal *",
		.lost_at = SHORTEN,
		.repair = "fsync of the data directory before acknowledging \"ack 4 *",
		.models = "f2fs,posix",
	},
	{
		/* the second checkpoint drops the same frame; there the next commit makes it good, and not a
		   snapshot */
		.bug = "checkpoint-drops-one-more",
		.scenario = "checkpoint",
		.commits = "8",
		.kind = "inconsistent",
		.survived = "rename#* store.wal.tmp -> store.wal *",
		.survived_at = SHORTEN,
		.lost = "*",
		.models = EVERY_MODEL,
		.findings = 2,
	},
	{
		.bug = "checkpoint-sequence-too-late",
		.scenario = "checkpoint",
		.commits = "8",
		.kind = "inconsistent",
		.survived = "rename#1 store.snap.tmp -> store.snap *",
		.survived_at = PUBLISH,
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.models = EVERY_MODEL,
	},
	{
		/* what goes to the old file is lost until the next checkpoint */
		.bug = "checkpoint-stale-descriptor",
		.scenario = "checkpoint",
		.at = "checkpoint.truncprefix.post-rename-pre-dirfsync#2",
		.kind = "lost",
		.survived = "output to fd 1 \"ack 4 *",
		.lost = "rename#4 store.wal.tmp -> store.wal *",
		.lost_at = SHORTEN,
		.models = EVERY_MODEL,
	},
	{
		.bug = "recovery-promote-no-sync",
		.scenario = "recovery",
		.power = true,
		.kind = "inconsistent",
		.survived = "unlink#* store.snap.bak *",
		.survived_at = {"snapshot.c", "static int keep_backup(",
				"unlinkat(directory, SNAPSHOT_BACKUP"},
		.lost = "rename#* store.snap.tmp -> store.snap *",
		.lost_at = {"snapshot.c", "int snapshot_promote(", "renameat("},
		.repair = "fsync of the data directory before unlink#* of store.snap.bak *",
		.models = "btrfs,f2fs,posix",
	},
	{
		.bug = "recovery-tail-no-sync",
		.scenario = "recovery",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack *",
		.lost = "write#* store.wal at *",
		.lost_at = FILE_WRITE,
		.repair = "fsync of store.wal before acknowledging \"ack *",
		.models = EVERY_POWER_MODEL,
	},
	{
		.bug = "recovery-no-dirsync",
		.scenario = "recovery",
		.power = true,
		.kind = "lost",
		.survived = "output to fd 1 \"ack *",
		.lost = "rename#* store.wal.tmp -> store.wal *",
		.lost_at = {"damage.c", "static int copy_over(", "renameat("},
		.repair = "fsync of the data directory before acknowledging \"ack *",
		.models = "posix",
	},
};

#define ROWS (sizeof rows / sizeof *rows)

/* ------------------------------------------------------------------ exploring */

struct explored {
	struct lab_result result;
	json_t *findings, *summary;
};

/* Explores a scenario under some models. `row` is NULL for a store that is right. */
static struct explored explore(const struct row *row, const char *scenario, const char *commits,
			       const char *models)
{
	const char *helper = lab_variable("HELPER"), *argv[40];
	const char *bug = row ? lab_text("--bug %s ", row->bug) : "";
	char *plain = lab_text("\"%s\" %sverify . \"$CRASH_ACKED\"", helper,
			       row && row->look != AS_IT_SHOULD ? bug : "");
	char *on = lab_text(
		"%s && \"%s\" %swal >\"$CRASH_ACKED.more\" && \"%s\" %sverify . \"$CRASH_ACKED.more\"", plain,
		helper, bug, helper, bug);
	struct explored explored = {.findings = json_array()};
	size_t count = 0, i;
	json_t *lines, *line;

	lab_remove("store");
	ck_assert_int_eq(system("mkdir store"), 0);
	argv[count++] = lab_variable("CRASHINJECT");
	argv[count++] = "explore";
	argv[count++] = "-q";
	argv[count++] = "--json";
	argv[count++] = "--jobs=2";
	argv[count++] = "--dir=store";
	argv[count++] = "--output=result";
	argv[count++] = "--model";
	argv[count++] = models;
	argv[count++] = "--check";
	argv[count++] = row && row->look == AND_GO_ON ? on : plain;
	if (row && row->at) {
		argv[count++] = "--at";
		argv[count++] = row->at;
	}
	argv[count++] = "--";
	argv[count++] = helper;
	if (row) {
		argv[count++] = "--bug";
		argv[count++] = row->bug;
	}
	if (commits) {
		argv[count++] = "--commits";
		argv[count++] = commits;
	}
	argv[count++] = scenario;
	argv[count] = NULL;
	lab_remove("result");
	explored.result = lab_command(NULL, argv);
	lines = lab_json_lines(explored.result.out);
	json_array_foreach(lines, i, line) {
		if (json_object_get(line, "finding"))
			json_array_append(explored.findings, json_object_get(line, "finding"));
		else
			explored.summary = json_object_get(line, "summary");
	}
	ck_assert_msg(explored.summary != NULL, "no summary: %s", lab_describe(&explored.result));
	return explored;
}

/* Everything was looked at, and it was right. */
static void assert_clean(const struct explored *explored, const char *what)
{
	ck_assert_msg(explored->result.status == 0, "%s: %s", what, lab_describe(&explored->result));
	ck_assert_uint_eq(json_array_size(explored->findings), 0);
	ck_assert_int_eq(lab_json_number(explored->summary, "failed", -1), 0);
	ck_assert(lab_json_bool(explored->summary, "complete"));
	ck_assert_int_gt(lab_json_number(explored->summary, "checked", -1), 10);
}

/* ------------------------------------------------------------------ stores that are right */

static const char *const scenarios[] = {"wal", "snapshot", "checkpoint", "recovery", "concurrent", "all"};

START_TEST(no_process_crash_hurts_a_store_that_is_right)
{
	struct explored explored = explore(NULL, scenarios[_i], NULL, "kill");

	assert_clean(&explored, scenarios[_i]);
}
END_TEST

START_TEST(no_power_loss_hurts_a_store_that_is_right)
{
	bool everything = strcmp(scenarios[_i], "all") == 0;
	struct explored explored;

	/* it is the others, one after the other */
	if (everything && !is_long())
		LAB_SKIP("all: takes long; set CRASHINJECT_LONG=1");
	explored = explore(NULL, scenarios[_i], is_long() && !everything ? "24" : NULL,
			   is_long() ? SURE_MODELS : "posix,ext4");
	assert_clean(&explored, scenarios[_i]);
	if (!is_long())
		return;
	explored = explore(NULL, scenarios[_i], everything ? NULL : "24", UNSURE_MODELS);
	ck_assert_int_eq(lab_json_number(explored.summary, "failed", -1), 0);
	ck_assert_int_gt(lab_json_number(explored.summary, "checked", -1), 10);
}
END_TEST

/* docs/FINDINGS.md, "what was durable is lost in the next fsync". */
START_TEST(f2fs_alone_loses_what_a_log_that_is_right_has_acknowledged)
{
	struct explored explored = explore(NULL, "wal", "3", "f2fs");
	json_t *finding = json_array_get(explored.findings, 0);

	lab_assert_status(&explored.result, 1);
	ck_assert_uint_eq(json_array_size(explored.findings), 1);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "lost");
	ck_assert_uint_eq(json_array_size(json_object_get(finding, "models")), 1);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(finding, "models"), 0)), "f2fs");
}
END_TEST

/* ------------------------------------------------------------------ bugs */

/* The line of the first such call in the function. */
static unsigned int line_of(const struct place *place)
{
	const char *path = lab_text("%s/../helper/%s", lab_variable("CRASHINJECT_MODELS"), place->file);
	const char *source = lab_read(path, NULL), *function, *call;
	unsigned int line = 1;

	ck_assert_msg(source != NULL, "no %s", path);
	function = strstr(source, place->function);
	call = function ? strstr(function, place->call) : NULL;
	ck_assert_msg(call != NULL, "%s: %s has no %s", place->file, place->function, place->call);
	for (const char *at = source; at < call; at++)
		line += *at == '\n';
	return line;
}

static void assert_place(const char *op, const struct place *place)
{
	/* a build without debug information knows functions only */
	if (!place->file || !strstr(op, ".c:"))
		return;
	ck_assert_msg(strstr(op, lab_text("%s:%u)", place->file, line_of(place))) != NULL,
		      "not from %s:%u, %s: %s", place->file, line_of(place), place->function, op);
}

static void assert_like(const char *what, const char *pattern, const char *text)
{
	ck_assert_msg(pattern ? text && fnmatch(pattern, text, 0) == 0 : !text,
		      "%s is \"%s\", and not like \"%s\"", what, text ? text : "(none)",
		      pattern ? pattern : "(none)");
}

static const char *op_of(const json_t *finding, const char *role)
{
	json_t *op;
	size_t i;

	json_array_foreach(json_object_get(finding, "ops"), i, op)
		if (strcmp(lab_json_text(op, "role"), role) == 0)
			return lab_json_text(op, "op");
	return NULL;
}

static const char *joined(const json_t *names)
{
	const char *text = "";
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		text = lab_text("%s%s%s", text, i ? "," : "", json_string_value(name));
	return text;
}

static void assert_finding(const struct row *row, const json_t *finding)
{
	const char *survived = op_of(finding, "survived"), *lost = op_of(finding, "lost"),
		   *acked = op_of(finding, "acknowledged");
	long long states = lab_json_number(finding, "states", 0);

	ck_assert_str_eq(lab_json_text(finding, "kind"), row->kind);
	ck_assert_str_eq(lab_json_text(finding, "scope"), row->power ? "power" : "process");
	survived = acked ? acked : survived;
	assert_like("what survived", row->survived, survived);
	assert_place(survived, &row->survived_at);
	assert_like("what was lost", row->lost, lost);
	assert_place(lost, &row->lost_at);
	assert_like("the repair", row->repair, lab_json_text(finding, "repair"));
	if (row->repair)
		assert_like("what the repair does",
			    states == 1 ? "* removes 1 state" : lab_text("* removes all %lld states", states),
			    lab_json_text(finding, "repair"));
	ck_assert_str_eq(joined(json_object_get(finding, "models")), row->models);
	/* what the checker said is there for the reader */
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "output"), "crashinject-helper: "));
}

START_TEST(a_bug_that_a_killed_process_cannot_show_is_quiet_then)
{
	const struct row *row = &rows[_i];
	struct explored explored;

	if (!row->power)
		return;
	explored = explore(row, row->scenario, row->commits, "kill");
	assert_clean(&explored, row->bug);
}
END_TEST

/* Which rules of lint speak of the bug; none where it takes a look into the files to see it. */
static const char *linted(const struct row *row)
{
	struct lab_result result = LAB_CRASHINJECT("lint", "-q", "--json", "--dir=store", "--",
						   lab_variable("HELPER"), "--bug", row->bug, row->scenario);
	json_t *lines, *line;
	const char *kinds = "";
	size_t i;

	lines = lab_json_lines(result.out);
	json_array_foreach(lines, i, line) {
		const json_t *finding = json_object_get(line, "finding");
		const char *kind = finding ? lab_json_text(finding, "kind") : NULL;

		if (kind && !strstr(kinds, kind))
			kinds = lab_text("%s%s%s", kinds, *kinds ? ", " : "", kind);
	}
	return *kinds ? kinds : "-";
}

/* A row of the table, where somebody wants one. */
static void tell(const struct row *row, const struct explored *explored, const json_t *finding)
{
	const char *path = getenv("CRASHINJECT_TABLE"), *repair = lab_json_text(finding, "repair");
	double first = json_number_value(json_object_get(explored->summary, "first_failure_seconds"));
	FILE *file = path ? fopen(path, "a") : NULL;
	const char *models = joined(json_object_get(finding, "models"));

	if (!file)
		return;
	if (strcmp(models, EVERY_MODEL) == 0)
		models = "every";
	else if (strcmp(models, EVERY_POWER_MODEL) == 0)
		models = "every but kill";
	lab_remove("store");
	ck_assert_int_eq(system("mkdir store"), 0);
	fprintf(file, "| %s | %s | %zu | %s | %s | %lld | %.2f | %s | %s |\n", row->bug,
		row->power ? "posix,ext4" : "kill", json_array_size(explored->findings),
		lab_json_text(finding, "kind"), models, lab_json_number(explored->summary, "checked", -1),
		first, repair ? repair : "none", linted(row));
	fclose(file);
}

START_TEST(a_bug_is_found_where_it_is_planted_and_nothing_else)
{
	const struct row *row = &rows[_i];
	struct explored explored;
	json_t *finding;
	size_t i;

	explored = explore(row, row->scenario, !is_long() && row->quick ? row->quick : row->commits,
			   !row->power ? "kill" :
			   is_long()   ? SURE_MODELS :
					 "posix,ext4");
	lab_assert_status(&explored.result, 1);
	ck_assert_msg(lab_json_bool(explored.summary, "complete"), "%s", lab_describe(&explored.result));
	ck_assert_msg(json_array_size(explored.findings) == (row->findings ? row->findings : 1),
		      "%s: %zu findings: %s", row->bug, json_array_size(explored.findings),
		      explored.result.out);
	json_array_foreach(explored.findings, i, finding)
		assert_finding(row, finding);
	tell(row, &explored, json_array_get(explored.findings, 0));
}
END_TEST

/* A bug that nobody wrote a row for would be one that nobody looks for. */
START_TEST(every_bug_of_the_helper_has_a_row)
{
	struct lab_result result = LAB_COMMAND(lab_variable("HELPER"), "bugs", "--json");
	json_t *bugs = lab_json_lines(result.out), *bug;
	size_t i;

	ck_assert_uint_eq(json_array_size(bugs), ROWS);
	json_array_foreach(bugs, i, bug) {
		ck_assert_str_eq(lab_json_text(bug, "bug"), rows[i].bug);
		ck_assert_int_eq(strcmp(lab_json_text(bug, "shows_on"), "power") == 0, rows[i].power);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explore the reference stores");
	TCase *right = lab_case(suite, "right", 600), *wrong = lab_case(suite, "wrong", 600);

	tcase_add_loop_test(right, no_process_crash_hurts_a_store_that_is_right, 0,
			    (int)(sizeof scenarios / sizeof *scenarios));
	tcase_add_loop_test(right, no_power_loss_hurts_a_store_that_is_right, 0,
			    (int)(sizeof scenarios / sizeof *scenarios));
	tcase_add_test(right, f2fs_alone_loses_what_a_log_that_is_right_has_acknowledged);
	tcase_add_test(wrong, every_bug_of_the_helper_has_a_row);
	tcase_add_loop_test(wrong, a_bug_that_a_killed_process_cannot_show_is_quiet_then, 0, (int)ROWS);
	tcase_add_loop_test(wrong, a_bug_is_found_where_it_is_planted_and_nothing_else, 0, (int)ROWS);
	return lab_run(suite);
}
