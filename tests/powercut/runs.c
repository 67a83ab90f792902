/* SPDX-License-Identifier: MIT */
#include "tests/powercut/runs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support.h"

/* What programs do. A row is a few ops that belong together. */
static const struct made_op phrases[][4] = {
	{{MADE_CREATE, "b", NULL, 0}},
	{{MADE_APPEND, "a", NULL, 4}},
	{{MADE_APPEND, "a", NULL, 5000}},
	{{MADE_APPEND, "b", NULL, 3}},
	{{MADE_APPEND, "c", NULL, 600}},
	{{MADE_OVERWRITE, "a", NULL, 0}},
	{{MADE_REWRITE, "a", NULL, 510}},
	{{MADE_STRADDLE, "a", NULL, 0}},
	{{MADE_SHRINK, "a", NULL, 0}},
	{{MADE_RENAME, "b", "a", 0}},
	{{MADE_RENAME, "a", "c", 0}},
	{{MADE_LINK, "a", "c", 0}},
	{{MADE_UNLINK, "a", NULL, 0}},
	{{MADE_UNLINK, "b", NULL, 0}},
	{{MADE_MKDIR, "d", NULL, 0}},
	{{MADE_MKDIR, "d", NULL, 0}, {MADE_CREATE, "d/x", NULL, 0}, {MADE_FSYNC, "d/x", NULL, 0}},
	{{MADE_CREATE, "d/x", NULL, 0}, {MADE_APPEND, "d/x", NULL, 3}},
	{{MADE_RENAME, "a", "d/a", 0}},
	{{MADE_RENAME, "d", "e", 0}},
	{{MADE_CHMOD, "a", NULL, 0}},
	{{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 3}, {MADE_RENAME, "b", "a", 0}},
	{{MADE_CREATE, "b", NULL, 0},
	 {MADE_APPEND, "b", NULL, 3},
	 {MADE_FSYNC, "b", NULL, 0},
	 {MADE_RENAME, "b", "a", 0}},
	{{MADE_CREATE, "c", NULL, 0}, {MADE_APPEND, "c", NULL, 4500}, {MADE_RENAME, "c", "a", 0}},
	{{MADE_EMPTY, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 3}},
	{{MADE_EMPTY, "a", NULL, 0}, {MADE_APPEND, "a", NULL, 5000}},
	{{MADE_DSYNC, "a", NULL, 4}},
	{{MADE_CREATE, "b", NULL, 0}, {MADE_DSYNC, "b", NULL, 600}},
	{{MADE_FAR, "a", NULL, 270}},
	{{MADE_FAR, "a", NULL, 270}, {MADE_DSYNC_IN, "a", NULL, 0}},
	{{MADE_DIRECT, "a", NULL, 4096}},
	{{MADE_APPEND, "a", NULL, 3586}, {MADE_CLONE, "a", NULL, 8192}},
	{{MADE_ALLOCATE, "a", NULL, 4000}},
	{{MADE_ALLOCATE, "a", NULL, 6000}, {MADE_REWRITE, "a", NULL, 4500}},
	{{MADE_CREATE, "b", NULL, 0},
	 {MADE_RESERVE, "b", NULL, 4096},
	 {MADE_APPEND, "b", NULL, 100},
	 {MADE_RENAME, "b", "a", 0}},
	{{MADE_CREATE, "b", NULL, 0}, {MADE_APPEND, "b", NULL, 600}, {MADE_EXCHANGE, "b", "a", 0}},
	{{MADE_RENAME, "d", "e", 0}, {MADE_FSYNC, "e/x", NULL, 0}},
	{{MADE_FSYNC, "a", NULL, 0}},
	{{MADE_FSYNC, "b", NULL, 0}},
	{{MADE_FSYNC, "c", NULL, 0}},
	{{MADE_FDATASYNC, "a", NULL, 0}},
	{{MADE_FDATASYNC, "b", NULL, 0}},
	{{MADE_FSYNC, "", NULL, 0}},
	{{MADE_FSYNC, "d", NULL, 0}},
	{{MADE_SYNC, NULL, NULL, 0}},
};

#define PHRASES (sizeof phrases / sizeof *phrases)

/* Ops that no run chooses: of so many pages there are more states than can be listed. */
static const struct made_op others[] = {
	{MADE_APPEND, "a", NULL, 7000},
	{MADE_APPEND, "a", NULL, 20000},
	{MADE_SYNC_RANGE, "a", NULL, 0},
	{MADE_MSYNC_RANGE, "a", NULL, 0},
};

static bool is_text_of(const struct made_op *op, const char *text, size_t length)
{
	const char *is = made_text(op);

	return strlen(is) == length && memcmp(is, text, length) == 0;
}

/* The op with this text; ends the test if there is none. */
static const struct made_op *find_op(const char *text, size_t length)
{
	for (size_t i = 0; i < PHRASES; i++)
		for (int j = 0; j < 4 && (j == 0 || phrases[i][j].path); j++)
			if (is_text_of(&phrases[i][j], text, length))
				return &phrases[i][j];
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (is_text_of(&others[i], text, length))
			return &others[i];
	ck_abort_msg("OPS: there is no op \"%.*s\"", (int)length, text);
	return NULL;
}

/* Takes the ops as runs_text() prints them. */
static void take_ops(struct run_ops *ops, const char *text)
{
	while (*(text += strspn(text, "0123456789:; "))) {
		size_t length = strcspn(text, ";"), end = length;

		while (end && text[end - 1] == ' ')
			end--;
		ck_assert_msg(ops->count < RUNS_OPS, "OPS: there are more than %d ops", RUNS_OPS);
		ops->list[ops->count] = find_op(text, end);
		ck_assert_msg(made_do(&ops->made, ops->list[ops->count]), "OPS: op %d is not possible",
			      ops->count);
		ops->count++;
		text += length;
	}
}

/*
 * What btrfs.ini says that it does not cover: a name that was put over another file's and is then taken away
 * again may be the older file's again, and a file that was cut and has got another name may have its new size
 * and its old data. The third is that of two files that exchanged their names one may have none, when the
 * other was synced and it had never been on the disk.
 */
bool runs_are_beyond_btrfs(const struct run_ops *ops)
{
	bool cut = false, exchanged = false;

	for (int i = 0; i < ops->count; i++) {
		exchanged |= ops->list[i]->kind == MADE_EXCHANGE;
		if (exchanged && (ops->list[i]->kind == MADE_FSYNC || ops->list[i]->kind == MADE_FDATASYNC))
			return true;
		cut |= ops->list[i]->kind == MADE_EMPTY || ops->list[i]->kind == MADE_SHRINK;
		if (cut && ops->list[i]->kind == MADE_LINK)
			return true;
		for (int j = i + 1; ops->list[i]->kind == MADE_RENAME && j < ops->count; j++) {
			const struct made_op *op = ops->list[j];
			const char *name = ops->list[i]->to;

			if (((op->kind == MADE_UNLINK || op->kind == MADE_RENAME) &&
			     strcmp(op->path, name) == 0) ||
			    (op->kind == MADE_RENAME && strcmp(op->to, name) == 0))
				return true;
		}
	}
	return false;
}

bool runs_allocate(const struct run_ops *ops)
{
	bool found = false;

	for (int i = 0; i < ops->count; i++)
		found |= ops->list[i]->kind == MADE_ALLOCATE || ops->list[i]->kind == MADE_RESERVE;
	return found;
}

void runs_choose(struct run_ops *ops, int count, uint64_t *random)
{
	made_start(&ops->made);
	ops->count = 0;
	if (getenv("OPS"))
		take_ops(ops, getenv("OPS"));
	while (ops->count < count && !getenv("OPS")) {
		const struct made_op *phrase = phrases[support_below(random, PHRASES)];

		for (int i = 0; i < 4 && (i == 0 || phrase[i].path) && ops->count < count; i++)
			if (made_do(&ops->made, &phrase[i]))
				ops->list[ops->count++] = &phrase[i];
	}
}

bool runs_set(struct run_ops *ops, const struct made_op *const *list, int count)
{
	made_start(&ops->made);
	ops->count = 0;
	while (ops->count < count && made_do(&ops->made, list[ops->count])) {
		ops->list[ops->count] = list[ops->count];
		ops->count++;
	}
	return ops->count == count;
}

const char *runs_text(const struct run_ops *ops)
{
	static char text[RUNS_OPS * 64];

	text[0] = '\0';
	for (int i = 0; i < ops->count; i++)
		sprintf(text + strlen(text), "%s%s", i ? "; " : "", made_text(ops->list[i]));
	return text;
}
