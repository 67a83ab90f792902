/* SPDX-License-Identifier: MIT */
/*
 * check_rules.c - each row of the tables of order and of durability is needed, and each is right.
 *
 * Of each row there is a case: some ops, a model in which the row holds, and an outcome (outcomes.h). With
 * the row, the model does not allow that outcome after the last op; with all rows but this one it does. Or
 * the reverse, for a row that takes a promise back. So no row can be lost or broken without a case that
 * fails, and no row says what others say already.
 */
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/atoms/uncovered.h"
#include "explore/atoms/durability_rules.h"
#include "explore/atoms/make_atoms.h"
#include "explore/atoms/order_rules.h"
#include "explore/fs/fs_replay.h"
#include "tests/explore/made.h"
#include "tests/explore/outcomes.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

struct rule_case {
	const char *rule;
	const char *model; /* a shipped one, and behind it values that are other than there */
	const char *shows; /* the names that are looked at */
	struct made_op ops[6];
	const char *outcome;
	bool only_with; /* the outcome is allowed with the row, and not without it */
};

static const struct rule_case cases[] = {
	/* ---------------------------------------------------------- order */
	{"sizes of one op", "xfs grow-sizes=any", "a", {{MADE_APPEND, "a", NULL, 4}}, "a=old510+zerox2+w0x2"},
	{"new blocks before their size",
	 "xfs",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}},
	 "b=zerox3"},
	{"last block before its size", "xfs", "a", {{MADE_APPEND, "a", NULL, 2}}, "a=old510+zerox2"},
	{"moves of directories",
	 "btrfs",
	 "d e f",
	 {{MADE_MKDIR, "d", NULL, 0},
	  {MADE_SYNC, NULL, NULL, 0},
	  {MADE_RENAME, "d", "e", 0},
	  {MADE_RENAME, "e", "f", 0}},
	 "d=dir e=none f=dir"},
	{"entries before metadata",
	 "ext4",
	 "b c",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_CREATE, "c", NULL, 0}},
	 "b=none c=empty"},
	{"attributes before metadata",
	 "ext4",
	 "b c",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_SYNC, NULL, NULL, 0},
	  {MADE_XATTR, "b", NULL, 0},
	  {MADE_RENAME, "b", "c", 0}},
	 "b=none c=empty"},
	{"entries of one directory",
	 "btrfs dirop-order=per-directory",
	 "b c",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_CREATE, "c", NULL, 0}},
	 "b=none c=empty"},
	{"old name before it is used again",
	 "btrfs",
	 "a b",
	 {{MADE_RENAME, "a", "b", 0}, {MADE_CREATE, "a", NULL, 0}},
	 "a=empty b=none"},
	{"appends before anything",
	 "ext3-ordered",
	 "a b",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_CREATE, "b", NULL, 0}},
	 "a=old510 b=empty"},
	{"last blocks before anything",
	 "ext4-journal data-before-metadata=no",
	 "a b",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_CREATE, "b", NULL, 0}},
	 "a=old510+zerox2 b=empty"},
	{"appends before overwrites",
	 "ext4-journal",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_OVERWRITE, "a", NULL, 0}},
	 "a=old100+w2x4+old406 b=empty"},
	{"last blocks before overwrites",
	 "ext4-journal data-before-metadata=no",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_OVERWRITE, "a", NULL, 0}},
	 "a=old100+w1x4+old406+zerox2"},
	{"overwrites before anything",
	 "ext4-journal",
	 "a b",
	 {{MADE_OVERWRITE, "a", NULL, 0}, {MADE_CREATE, "b", NULL, 0}},
	 "a=old510 b=empty"},
	{"last blocks as overwrites",
	 "ext4-journal data-before-metadata=new-blocks",
	 "a b",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_CREATE, "b", NULL, 0}},
	 "a=old510+zerox2 b=empty"},
	{"sizes before appends",
	 "xfs",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_APPEND, "a", NULL, 3}},
	 "a=old510+zerox2+w1x3"},
	{"cuts before sizes",
	 "btrfs",
	 "a",
	 {{MADE_SHRINK, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 3}, {MADE_DSYNC, "a", NULL, 2}},
	 "a=old508+w2x2"},
	{"cuts before data behind them",
	 "ext4",
	 "a",
	 {{MADE_EMPTY, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 3}, {MADE_REWRITE, "a", NULL, 3}},
	 "a=w2x3+old507"},
	{"sizes before overwrites",
	 "ext4-journal append-order=none",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_OVERWRITE, "a", NULL, 0}},
	 "a=old100+w1x4+old406"},
	{"the only page before its size", "btrfs", "a", {{MADE_APPEND, "a", NULL, 2}}, "a=old510+zerox2"},
	{"a page before the size that it reaches to",
	 "xfs tear=4096",
	 "a",
	 {{MADE_APPEND, "a", NULL, 5000}, {MADE_REWRITE, "a", NULL, 510}},
	 "a=old510+zerox3586"},
	{"sizes before the new name",
	 "ext4",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_RENAME, "b", "a", 0}},
	 "a=empty b=none"},
	{"new blocks before the new name",
	 "ext4 safe-rename=yes",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_RENAME, "b", "a", 0}},
	 "a=zerox3 b=none"},
	{"data in place before the new name",
	 "ext4 safe-rename=yes",
	 "a b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_SYNC, NULL, NULL, 0},
	  {MADE_REWRITE, "b", NULL, 3},
	  {MADE_RENAME, "b", "a", 0}},
	 "a=w1x3 b=none"},
	{"rewrite before truncation",
	 "ext4 safe-truncate=yes",
	 "a",
	 {{MADE_EMPTY, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 3}},
	 "a=empty"},

	/* ---------------------------------------------------------- durability */
	{"process crash", "kill", "a", {{MADE_APPEND, "a", NULL, 2}}, "a=old510"},
	{"sync", "posix", "a", {{MADE_APPEND, "a", NULL, 2}, {MADE_SYNC, NULL, NULL, 0}}, "a=old510"},
	{"sync of overwrites",
	 "ext4",
	 "a",
	 {{MADE_OVERWRITE, "a", NULL, 0}, {MADE_SYNC, NULL, NULL, 0}},
	 "a=old510"},
	{"synchronous write", "posix", "a", {{MADE_DSYNC, "a", NULL, 2}}, "a=old510"},
	{"data of the file",
	 "posix",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_FDATASYNC, "a", NULL, 0}},
	 "a=old510"},
	{"data in another block",
	 "f2fs",
	 "a",
	 {{MADE_OVERWRITE, "a", NULL, 0}, {MADE_FSYNC, "a", NULL, 0}},
	 "a=junkx510"},
	{"sizes that were set",
	 "btrfs",
	 "a",
	 {{MADE_SHRINK, "a", NULL, 0}, {MADE_FDATASYNC, "a", NULL, 0}},
	 "a=old510"},
	{"birth",
	 "posix dirop-atomic=no",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_FDATASYNC, "b", NULL, 0}},
	 "b=empty(0000)"},
	{"entries of the directory",
	 "posix",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_FSYNC, "", NULL, 0}},
	 "b=none"},
	{"attributes", "posix", "a", {{MADE_CHMOD, "a", NULL, 0}, {MADE_FSYNC, "a", NULL, 0}}, "a=old510"},
	{"attributes by fdatasync",
	 "posix fdatasync-drops=nothing",
	 "a",
	 {{MADE_CHMOD, "a", NULL, 0}, {MADE_FDATASYNC, "a", NULL, 0}},
	 "a=old510"},
	{"names", "btrfs", "b", {{MADE_CREATE, "b", NULL, 0}, {MADE_FSYNC, "b", NULL, 0}}, "b=none"},
	{"names above",
	 "btrfs",
	 "d",
	 {{MADE_MKDIR, "d", NULL, 0}, {MADE_CREATE, "d/x", NULL, 0}, {MADE_FSYNC, "d/x", NULL, 0}},
	 "d=none"},
	{"names by fdatasync",
	 "btrfs",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_FDATASYNC, "b", NULL, 0}},
	 "b=none"},
	{"names above by fdatasync",
	 "btrfs",
	 "d",
	 {{MADE_MKDIR, "d", NULL, 0}, {MADE_CREATE, "d/x", NULL, 0}, {MADE_FDATASYNC, "d/x", NULL, 0}},
	 "d=none"},
	{"commit",
	 "ext4",
	 "a b",
	 {{MADE_SHRINK, "a", NULL, 0}, {MADE_CREATE, "b", NULL, 0}, {MADE_FSYNC, "b", NULL, 0}},
	 "a=old510 b=empty"},
	{"commit by fdatasync",
	 "ext4",
	 "a b",
	 {{MADE_SHRINK, "a", NULL, 0}, {MADE_CREATE, "b", NULL, 0}, {MADE_FDATASYNC, "b", NULL, 0}},
	 "a=old510 b=empty"},
	{"failed sync",
	 "xfs",
	 "a",
	 {{MADE_OVERWRITE, "a", NULL, 0},
	  {MADE_FSYNC_FAILS, "a", NULL, 0},
	  {MADE_CHMOD, "a", NULL, 0},
	  {MADE_FSYNC, "a", NULL, 0}},
	 "a=old510(0600)",
	 true},
	{"sizes of a failed sync",
	 "xfs",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2},
	  {MADE_FSYNC_FAILS, "a", NULL, 0},
	  {MADE_CHMOD, "a", NULL, 0},
	  {MADE_FSYNC, "a", NULL, 0}},
	 "a=old510(0600)",
	 true},
	{"blocks of a failed sync",
	 "ext4",
	 "b",
	 {{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_FSYNC_FAILS, "b", NULL, 0},
	  {MADE_REWRITE, "b", NULL, 3},
	  {MADE_FSYNC, "b", NULL, 0}},
	 "b=zerox3",
	 true},
	{"read-only after a failed sync",
	 "ext4",
	 "a",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_FSYNC, "a", NULL, 0}},
	 "a=old510",
	 true},
};

#define CASES (sizeof cases / sizeof *cases)

/* ------------------------------------------------------------------ models that are not shipped */

/* A model by a text like "ext4 safe-rename=yes safe-truncate=no". */
static struct crash__model model_of(const char *text)
{
	char name[32], path[PATH_MAX], value[16];
	struct crash__model model;
	FILE *stream;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(text, " "), text);
	model = trees_model(name);
	if (!strchr(text, ' '))
		return model;
	support_directory(path);
	snprintf(path + strlen(path), sizeof path - strlen(path), "/mine.ini");
	stream = fopen(path, "w");
	ck_assert_ptr_nonnull(stream);
	for (size_t i = 0; i < crash__parameter_count; i++) {
		const char *key = crash__parameters[i].name, *at = strstr(text, key);

		crash__parameter_text(&model, &crash__parameters[i], value, sizeof value);
		if (at && at[-1] == ' ' && at[strlen(key)] == '=')
			fprintf(stream, "%s = %.*s\n", key, (int)strcspn(at + strlen(key) + 1, " "),
				at + strlen(key) + 1);
		else
			fprintf(stream, "%s = %s\n", key, value);
	}
	fclose(stream);
	trees_ok(crash__model_read(path, &model));
	return model;
}

/* ------------------------------------------------------------------ recordings */

static struct made made;

/* Some ops on the tree of made.h, up to one that is none. */
struct recorded {
	struct crash__base *base;
	struct crash__fs fs;
};

static void record(struct recorded *recorded, const struct made_op *ops, int most)
{
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	for (int i = 0; i < most && (ops[i].path || ops[i].kind == MADE_SYNC); i++)
		ck_assert_msg(made_do(&made, &ops[i]), "op %d is not possible", i);
	trees_ok(crash__base_open(directory, &recorded->base));
	trees_ok(crash__fs_replay(&recorded->fs, &made.trace, MADE_ROOT, recorded->base));
}

static void forget(struct recorded *recorded)
{
	crash__fs_clear(&recorded->fs);
	crash__base_close(recorded->base);
}

/* ------------------------------------------------------------------ with and without a row */

/* The row of a name, as a bit of its table, and whether it holds for a model. */
static struct crash__rows_left_out find_row(const char *name, const struct crash__model *model, bool *holds)
{
	struct crash__rows_left_out found = {0, 0};

	for (size_t i = 0; i < crash__order_rule_count; i++)
		if (strcmp(crash__order_rules[i].name, name) == 0) {
			found.order |= (uint64_t)1 << i;
			*holds = crash__order_rule_holds(&crash__order_rules[i], model);
		}
	for (size_t i = 0; i < crash__durability_rule_count; i++)
		if (strcmp(crash__durability_rules[i].name, name) == 0) {
			found.durability |= (uint64_t)1 << i;
			*holds = crash__durability_rule_holds(&crash__durability_rules[i], model);
		}
	ck_assert_msg(found.order || found.durability, "there is no row \"%s\"", name);
	return found;
}

static void find(struct outcomes *outcomes, const struct crash__fs *fs, const struct crash__model *model,
		 struct crash__rows_left_out left_out, const char *shows)
{
	struct crash__atoms atoms;

	trees_ok(crash__atoms_make_without(&atoms, fs, model, &left_out));
	outcomes_find(outcomes, &atoms, shows);
	crash__atoms_clear(&atoms);
}

START_TEST(without_a_row_the_models_allow_something_else)
{
	const struct rule_case *wanted = &cases[_i];
	struct crash__model model = model_of(wanted->model);
	struct outcomes with = {.count = 0}, without = {.count = 0};
	struct crash__rows_left_out row, none = {0, 0};
	struct recorded recorded;
	bool holds = false;

	row = find_row(wanted->rule, &model, &holds);
	ck_assert_msg(holds, "\"%s\" does not hold for %s", wanted->rule, wanted->model);
	record(&recorded, wanted->ops, 6);
	find(&with, &recorded.fs, &model, none, wanted->shows);
	find(&without, &recorded.fs, &model, row, wanted->shows);
	ck_assert_msg(outcomes_have(&with, wanted->outcome) == wanted->only_with &&
			      outcomes_have(&without, wanted->outcome) != wanted->only_with,
		      "\"%s\", %s: of \"%s\" with the row:%s\nand without it:%s", wanted->rule, wanted->model,
		      wanted->outcome, outcomes_text(&with), outcomes_text(&without));
	outcomes_clear(&with);
	outcomes_clear(&without);
	forget(&recorded);
}
END_TEST

/* A row is ops, of which the last writes back a part, and how many sizes pages can give the file. */
static const struct {
	struct made_op ops[3];
	unsigned int reaches;
} written_back[] = {
	{{{MADE_APPEND, "a", NULL, 20000}, {MADE_SYNC_RANGE, "a", NULL, 0}}, 3},
	/* a hole has no pages; that in which the file had ended is one */
	{{{MADE_FAR, "a", NULL, 270}, {MADE_MSYNC_RANGE, "a", NULL, 0}}, 3},
	/* the disk has what is in front of it */
	{{{MADE_APPEND, "a", NULL, 20000}, {MADE_FSYNC, "a", NULL, 0}, {MADE_SYNC_RANGE, "a", NULL, 0}}, 0},
};

START_TEST(only_pages_that_were_written_give_a_size)
{
	struct crash__model model = trees_model("xfs");
	unsigned int reaches = 0;
	struct crash__atoms atoms;
	struct recorded recorded;

	record(&recorded, written_back[_i].ops, 3);
	trees_ok(crash__atoms_make(&atoms, &recorded.fs, &model));
	for (crash__atom_id id = 0; id < atoms.list_count; id++)
		reaches += atoms.list[id].class == CRASH__CLASS_REACH;
	ck_assert_uint_eq(reaches, written_back[_i].reaches);
	crash__atoms_clear(&atoms);
	forget(&recorded);
}
END_TEST

/* What goes alone, or in part, does not wait for what was done to the file before. */
static const struct {
	const char *model;
	struct made_op ops[4];
	const char *outcome;
	bool allowed;
} alone[] = {
	{"xfs tear=4096",
	 {{MADE_APPEND, "a", NULL, 7000}, {MADE_DIRECT, "a", NULL, 4096}},
	 "a=old510+zerox7682+w1x4096",
	 true},
	{"ext4-dioread-lock tear=4096",
	 {{MADE_APPEND, "a", NULL, 7000}, {MADE_DIRECT, "a", NULL, 4096}},
	 "a=old510+zerox7682+w1x4096",
	 true},
	{"xfs tear=4096",
	 {{MADE_APPEND, "a", NULL, 3586}, {MADE_CLONE, "a", NULL, 8192}},
	 "a=old510+zerox3586+w1x8192",
	 true},
	{"btrfs",
	 {{MADE_APPEND, "a", NULL, 3586}, {MADE_CLONE, "a", NULL, 8192}},
	 "a=old510+zerox3586+w1x8192",
	 true},
	{"xfs tear=4096",
	 {{MADE_APPEND, "a", NULL, 5000}, {MADE_APPEND, "a", NULL, 5586}, {MADE_CLONE, "a", NULL, 8192}},
	 "a=old510+zerox7682+w1x2904+zerox1192+w2x8192",
	 true},
	{"xfs tear=4096",
	 {{MADE_APPEND, "a", NULL, 5000}, {MADE_APPEND, "a", NULL, 5000}, {MADE_DSYNC, "a", NULL, 4}},
	 "a=old510+zerox7682+w1x2318+w2x4",
	 true},
	{"xfs tear=4096",
	 {{MADE_APPEND, "a", NULL, 5000}, {MADE_APPEND, "a", NULL, 5000}, {MADE_FSYNC, "", NULL, 0}},
	 "a=old510+zerox7682+w1x2318",
	 false},
	{"btrfs",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_APPEND, "a", NULL, 3}, {MADE_FSYNC, "", NULL, 0}},
	 "a=old510+w0x2+zerox3",
	 true},
	{"btrfs",
	 {{MADE_APPEND, "a", NULL, 2}, {MADE_FSYNC, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 3}},
	 "a=old510+w0x2+zerox3",
	 false},
	/* the block was there, in which the file ended on the disk */
	{"ext4 tear=4096",
	 {{MADE_RESIZE, "a", NULL, 8192},
	  {MADE_DSYNC, "a", NULL, 4},
	  {MADE_FAR, "a", NULL, 270},
	  {MADE_DSYNC_IN, "a", NULL, 0}},
	 "a=old510+zerox7682+w1x4",
	 true},
	{"xfs tear=4096",
	 {{MADE_RESIZE, "a", NULL, 8192},
	  {MADE_DSYNC, "a", NULL, 4},
	  {MADE_FAR, "a", NULL, 270},
	  {MADE_DSYNC_IN, "a", NULL, 0}},
	 "a=old510+zerox7682+w1x4",
	 false},
	/* neither file is changed */
	{"xfs",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_EXCHANGE, "b", "a", 0}, {MADE_FSYNC, "b", NULL, 0}},
	 "a=old510",
	 true},
	{"xfs",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_EXCHANGE, "b", "a", 0}, {MADE_FSYNC, "", NULL, 0}},
	 "a=old510",
	 false},
	/* both are, and fsync of either commits it, but not fdatasync */
	{"ext4",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_EXCHANGE, "b", "a", 0}, {MADE_FSYNC, "b", NULL, 0}},
	 "a=old510",
	 false},
	{"ext4-journal",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_EXCHANGE, "b", "a", 0}, {MADE_FSYNC, "a", NULL, 0}},
	 "a=old510",
	 false},
	{"ext4",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_EXCHANGE, "b", "a", 0}, {MADE_FDATASYNC, "b", NULL, 0}},
	 "a=old510",
	 true},
	{"ext4 fsync-exchanged-names=no",
	 {{MADE_CREATE, "b", NULL, 0}, {MADE_EXCHANGE, "b", "a", 0}, {MADE_FSYNC, "b", NULL, 0}},
	 "a=old510",
	 true},
	{"btrfs", {{MADE_APPEND, "a", NULL, 5000}}, "a=old510+zerox3586+w0x1414", true},
	{"xfs tear=4096",
	 {{MADE_APPEND, "a", NULL, 3586}, {MADE_APPEND, "a", NULL, 8192}},
	 "a=old510+zerox3586+w1x8192",
	 false},
	{"xfs tear=4096",
	 {{MADE_SHRINK, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 12000}, {MADE_MSYNC_RANGE, "a", NULL, 0}},
	 "a=old510+zerox7682+w1x4096",
	 true},
	{"xfs tear=4096 truncate-tail=zeros",
	 {{MADE_SHRINK, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 12000}, {MADE_MSYNC_RANGE, "a", NULL, 0}},
	 "a=old510+zerox7682+w1x4096",
	 false},
	{"xfs tear=4096 reflinks=no",
	 {{MADE_APPEND, "a", NULL, 3586}, {MADE_CLONE, "a", NULL, 8192}},
	 "a=old510+zerox3586+w1x8192",
	 false},
	/* of the page in which the file ended the rest was zeroed, and what is behind it is not there */
	{"xfs tear=4096", {{MADE_FAR, "a", NULL, 8}}, "a=old510+zerox3586", true},
};

START_TEST(what_goes_alone_waits_for_nothing)
{
	struct crash__model model = model_of(alone[_i].model);
	struct outcomes outcomes = {.count = 0};
	struct recorded recorded;

	record(&recorded, alone[_i].ops, 4);
	find(&outcomes, &recorded.fs, &model, (struct crash__rows_left_out){0, 0}, "a");
	ck_assert_msg(outcomes_have(&outcomes, alone[_i].outcome) == alone[_i].allowed, "%s: of \"%s\":%s",
		      alone[_i].model, alone[_i].outcome, outcomes_text(&outcomes));
	outcomes_clear(&outcomes);
	forget(&recorded);
}
END_TEST

/* Names that Btrfs may leave and no state of its model has; and ops after which it leaves none of these. */
static const struct {
	const char *model;
	struct made_op ops[6];
	bool uncovered;
} names[] = {
	{"btrfs", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}, {MADE_FSYNC, "a"}, {MADE_UNLINK, "a"}}, true},
	{"btrfs", {{MADE_CREATE, "b"}, {MADE_FSYNC, "b"}, {MADE_RENAME, "b", "a"}, {MADE_UNLINK, "a"}}, true},
	{"btrfs",
	 {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}, {MADE_RENAME, "a", "c"}, {MADE_FSYNC, "c"}},
	 true},
	{"btrfs", {{MADE_CREATE, "b"}, {MADE_EXCHANGE, "b", "a"}, {MADE_FDATASYNC, "a"}}, true},
	{"btrfs", {{MADE_SHRINK, "a"}, {MADE_LINK, "a", "c"}}, true},
	{"btrfs",
	 {{MADE_LINK, "a", "c"}, {MADE_CREATE, "b"}, {MADE_RENAME, "b", "c"}, {MADE_FSYNC, "a"}},
	 true},
	{"btrfs",
	 {{MADE_CREATE, "c"},
	  {MADE_RENAME, "c", "a"},
	  {MADE_FSYNC, "a"},
	  {MADE_CREATE, "b"},
	  {MADE_EXCHANGE, "b", "a"}},
	 true},
	{"btrfs",
	 {{MADE_CREATE, "b"}, {MADE_APPEND, "b", NULL, 600}, {MADE_SHRINK, "b"}, {MADE_RENAME, "b", "a"}},
	 true},
	{"btrfs",
	 {{MADE_CREATE, "b"},
	  {MADE_APPEND, "b", NULL, 600},
	  {MADE_SHRINK, "b"},
	  {MADE_FSYNC, "b"},
	  {MADE_RENAME, "b", "a"}},
	 false},
	/* over the name of a file that only the log has; not where the new one is in the log, in known
	   directories */
	{"btrfs", {{MADE_CREATE, "c"}, {MADE_CREATE, "b"}, {MADE_FSYNC, "b"}, {MADE_RENAME, "c", "b"}}, true},
	{"btrfs",
	 {{MADE_MKDIR, "d"},
	  {MADE_CREATE, "d/x"},
	  {MADE_FSYNC, "d/x"},
	  {MADE_CREATE, "b"},
	  {MADE_FSYNC, "b"},
	  {MADE_RENAME, "d/x", "b"}},
	 true},
	{"btrfs",
	 {{MADE_CREATE, "c"},
	  {MADE_FSYNC, "c"},
	  {MADE_CREATE, "b"},
	  {MADE_FSYNC, "b"},
	  {MADE_RENAME, "c", "b"}},
	 false},
	{"btrfs", {{MADE_CREATE, "c"}, {MADE_CREATE, "b"}, {MADE_RENAME, "c", "b"}}, false},
	{"btrfs",
	 {{MADE_CREATE, "b"}, {MADE_FSYNC, "b"}, {MADE_SYNC}, {MADE_CREATE, "c"}, {MADE_RENAME, "c", "b"}},
	 false},
	{"btrfs", {{MADE_CREATE, "c"}, {MADE_FSYNC, "a"}, {MADE_RENAME, "c", "a"}}, false},
	{"ext4", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}, {MADE_FSYNC, "a"}, {MADE_UNLINK, "a"}}, false},
	{"posix",
	 {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}, {MADE_FSYNC, "a"}, {MADE_UNLINK, "a"}},
	 false},
	{"btrfs", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}, {MADE_UNLINK, "a"}}, false},
	{"btrfs",
	 {{MADE_CREATE, "b"}, {MADE_FSYNC, "b"}, {MADE_RENAME, "b", "a"}, {MADE_SYNC}, {MADE_UNLINK, "a"}},
	 false},
	{"btrfs", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}, {MADE_FSYNC, "a"}, {MADE_FSYNC, ""}}, false},
	/* a file that is replaced again and again */
	{"btrfs",
	 {{MADE_CREATE, "b"},
	  {MADE_FSYNC, "b"},
	  {MADE_RENAME, "b", "a"},
	  {MADE_CREATE, "c"},
	  {MADE_FSYNC, "c"},
	  {MADE_RENAME, "c", "a"}},
	 false},
};

START_TEST(what_a_model_does_not_cover_is_known)
{
	struct crash__model model = model_of(names[_i].model);
	struct recorded recorded;
	struct crash__uncovered uncovered;

	record(&recorded, names[_i].ops, 6);
	trees_ok(crash__uncovered(&recorded.fs, &model, &uncovered));
	ck_assert_int_eq(uncovered.names != CRASH__FS_NEVER, names[_i].uncovered);
	ck_assert_uint_eq(uncovered.blocks, CRASH__FS_NEVER);
	forget(&recorded);
}
END_TEST

/* Whether blocks are given back that may be used again while the file still has them; by which op. */
static const struct {
	const char *model;
	struct made_op ops[6];
	int gives_back; /* -1: none does */
} blocks[] = {
	{"ext4-writeback", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}}, 1},
	{"ext3-writeback", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}}, 1},
	{"ext4", {{MADE_CREATE, "b"}, {MADE_RENAME, "b", "a"}}, -1},
	{"ext4-writeback", {{MADE_UNLINK, "a"}}, 0},
	{"ext4-writeback", {{MADE_LINK, "a", "c"}, {MADE_UNLINK, "a"}, {MADE_UNLINK, "c"}}, 2},
	{"ext4-writeback", {{MADE_LINK, "a", "c"}, {MADE_UNLINK, "a"}, {MADE_RENAME, "c", "a"}}, -1},
	{"ext4-writeback", {{MADE_CREATE, "b"}, {MADE_EXCHANGE, "b", "a"}}, -1},
	{"ext4-writeback", {{MADE_EMPTY, "a"}}, 0},
	{"ext4-writeback", {{MADE_SHRINK, "a"}}, -1}, /* inside a block */
	{"ext4-writeback", {{MADE_APPEND, "a", NULL, 5000}, {MADE_RESIZE, "a", NULL, 4096}}, 1},
	{"ext4-writeback", {{MADE_APPEND, "a", NULL, 9000}, {MADE_PUNCH, "a", NULL, 4096, 4096}}, 1},
	/* what was never synced may show as anything already */
	{"ext4-writeback", {{MADE_CREATE, "b"}, {MADE_APPEND, "b", NULL, 600}, {MADE_UNLINK, "b"}}, -1},
	{"ext4-writeback",
	 {{MADE_CREATE, "b"}, {MADE_APPEND, "b", NULL, 600}, {MADE_FSYNC, "b"}, {MADE_UNLINK, "b"}},
	 3},
	{"ext4-writeback",
	 {{MADE_CREATE, "b"}, {MADE_APPEND, "b", NULL, 600}, {MADE_SYNC}, {MADE_UNLINK, "b"}},
	 3},
};

START_TEST(blocks_that_are_given_back_are_known)
{
	struct crash__model model = model_of(blocks[_i].model);
	struct recorded recorded;
	struct crash__uncovered uncovered;

	record(&recorded, blocks[_i].ops, 6);
	trees_ok(crash__uncovered(&recorded.fs, &model, &uncovered));
	ck_assert_int_eq((int)uncovered.blocks, blocks[_i].gives_back);
	forget(&recorded);
}
END_TEST

/*
 * A row is ops, of which one and the next overlap, and one of these is a sync that fails. What is written to
 * blocks that are given up is given up with them, and what was changed before the sync had failed does not
 * show that the file system can be written to.
 */
static const struct {
	struct made_op ops[6];
	int overlaps; /* it ends with the next one */
	const char *shows, *outcome;
} overlaps[] = {
	{{{MADE_CREATE, "b", NULL, 0},
	  {MADE_APPEND, "b", NULL, 3},
	  {MADE_REWRITE, "b", NULL, 3},
	  {MADE_FSYNC_FAILS, "b", NULL, 0},
	  {MADE_CHMOD, "b", NULL, 0},
	  {MADE_FSYNC, "b", NULL, 0}},
	 2,
	 "b",
	 "b=zerox3(0600)"},
	{{{MADE_APPEND, "a", NULL, 2},
	  {MADE_FSYNC_FAILS, "a", NULL, 0},
	  {MADE_CREATE, "b", NULL, 0},
	  {MADE_FSYNC, "a", NULL, 0}},
	 1,
	 "a",
	 "a=old510"},
};

START_TEST(what_overlaps_a_sync_that_fails_may_be_lost)
{
	struct crash__model model = trees_model("ext4");
	struct crash__rows_left_out none = {0, 0};
	struct outcomes together = {.count = 0}, apart = {.count = 0};
	struct recorded recorded;
	int at = overlaps[_i].overlaps;

	record(&recorded, overlaps[_i].ops, 6);
	find(&apart, &recorded.fs, &model, none, overlaps[_i].shows);
	made.events[at].end = made.events[at + 1].end;
	find(&together, &recorded.fs, &model, none, overlaps[_i].shows);
	ck_assert_msg(outcomes_have(&together, overlaps[_i].outcome), "%s", outcomes_text(&together));
	if (overlaps[_i].ops[at].kind == MADE_FSYNC_FAILS)
		ck_assert(!outcomes_have(&apart, overlaps[_i].outcome));
	outcomes_clear(&together);
	outcomes_clear(&apart);
	forget(&recorded);
}
END_TEST

/* ------------------------------------------------------------------ the tables themselves */

static int cases_of(const char *rule)
{
	int count = 0;

	for (size_t i = 0; i < CASES; i++)
		count += strcmp(cases[i].rule, rule) == 0;
	return count;
}

START_TEST(each_row_has_a_case)
{
	ck_assert_uint_le(crash__order_rule_count, 64); /* the bits of struct crash__rows_left_out */
	ck_assert_uint_le(crash__durability_rule_count, 64);
	ck_assert_uint_eq(crash__order_rule_count + crash__durability_rule_count, CASES);
	for (size_t i = 0; i < crash__order_rule_count; i++)
		ck_assert_msg(cases_of(crash__order_rules[i].name) == 1, "%s: %d cases",
			      crash__order_rules[i].name, cases_of(crash__order_rules[i].name));
	for (size_t i = 0; i < crash__durability_rule_count; i++)
		ck_assert_msg(cases_of(crash__durability_rules[i].name) == 1, "%s: %d cases",
			      crash__durability_rules[i].name, cases_of(crash__durability_rules[i].name));
}
END_TEST

/* A file as one line, without what Markdown has for emphasis. */
static char *read_as_line(const char *path)
{
	FILE *stream = fopen(path, "r");
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	int byte, last = ' ';

	ck_assert_msg(stream != NULL, "cannot read %s", path);
	while ((byte = getc(stream)) != EOF) {
		if (byte == '\n')
			byte = ' ';
		if (byte != '*' && byte != '`' && !(byte == ' ' && last == ' '))
			fputc(last = byte, out);
	}
	fclose(stream);
	fclose(out);
	return text;
}

/* Each `power cut: "..."` of a source is in the text. */
static int check_power_cuts(const char *rule, const char *source, const char *text)
{
	int count = 0;

	for (const char *at = source; (at = strstr(at, "power cut: \"")) != NULL; count++) {
		char quoted[128];

		at += strlen("power cut: \"");
		snprintf(quoted, sizeof quoted, "%.*s", (int)strcspn(at, "\""), at);
		ck_assert_msg(strstr(text, quoted) != NULL, "%s: \"%s\" is not in FINDINGS.md", rule, quoted);
	}
	return count;
}

START_TEST(each_row_says_where_it_comes_from)
{
	char path[PATH_MAX], *text;
	int count = 0;

	snprintf(path, sizeof path, "%s/docs/FINDINGS.md", getenv("srcdir") ? getenv("srcdir") : ".");
	text = read_as_line(path);
	for (size_t i = 0; i < crash__order_rule_count; i++) {
		const struct crash__order_rule *rule = &crash__order_rules[i];

		ck_assert_msg(rule->source && *rule->source && rule->sentence && *rule->sentence,
			      "%s: no source, or no sentence", rule->name);
		count += check_power_cuts(rule->name, rule->source, text);
	}
	for (size_t i = 0; i < crash__durability_rule_count; i++) {
		const struct crash__durability_rule *rule = &crash__durability_rules[i];

		ck_assert_msg(rule->source && *rule->source && rule->sentence && *rule->sentence,
			      "%s: no source, or no sentence", rule->name);
		count += check_power_cuts(rule->name, rule->source, text);
	}
	ck_assert_int_gt(count, 10);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rows");

	tcase_add_loop_test(tcase, without_a_row_the_models_allow_something_else, 0, CASES);
	tcase_add_loop_test(tcase, only_pages_that_were_written_give_a_size, 0, 3);
	tcase_add_loop_test(tcase, what_a_model_does_not_cover_is_known, 0, sizeof names / sizeof *names);
	tcase_add_loop_test(tcase, blocks_that_are_given_back_are_known, 0, sizeof blocks / sizeof *blocks);
	tcase_add_loop_test(tcase, what_goes_alone_waits_for_nothing, 0, sizeof alone / sizeof *alone);
	tcase_add_loop_test(tcase, what_overlaps_a_sync_that_fails_may_be_lost, 0, 2);
	suite_add_tcase(suite, tcase);
	support_case(suite, "tables", each_row_has_a_case, each_row_says_where_it_comes_from, NULL);
	return support_run(suite);
}
