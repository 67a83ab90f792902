/* SPDX-License-Identifier: MIT */
#include "tests/powercut/runs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support.h"

#define ANY 1 /* bytes: any number, at any place */

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
	{{MADE_SYNCFS, NULL, NULL, 0}},
	{{MADE_RESIZE, "a", NULL, ANY}},
	{{MADE_RESIZE, "b", NULL, ANY}},
	{{MADE_WRITE, "a", NULL, ANY}},
	{{MADE_WRITE, "b", NULL, ANY}, {MADE_FSYNC, "b", NULL, 0}},
	{{MADE_WRITE, "d/x", NULL, ANY}},
	{{MADE_WRITE_DSYNC, "a", NULL, ANY}},
	{{MADE_WRITE_SYNC, "b", NULL, ANY}},
	{{MADE_CREATE, "b", NULL, 0}, {MADE_WRITE, "b", NULL, ANY}, {MADE_RENAME, "b", "a", 0}},
	{{MADE_STORE, "a", NULL, ANY}},
	{{MADE_STORE, "a", NULL, ANY}, {MADE_MSYNC_RANGE, "a", NULL, ANY}},
	{{MADE_RESIZE, "b", NULL, ANY}, {MADE_STORE, "b", NULL, ANY}, {MADE_MSYNC_RANGE, "b", NULL, ANY}},
	{{MADE_SYNC_RANGE, "a", NULL, ANY}},
	{{MADE_SYNC_RANGE, "b", NULL, ANY}},
	{{MADE_PUNCH, "a", NULL, ANY}},
	{{MADE_ZERO, "a", NULL, ANY}},
	{{MADE_ZERO_KEEP, "a", NULL, ANY}},
	{{MADE_PROVIDE, "b", NULL, ANY}},
	{{MADE_MKDIR, "d/g", NULL, 0}, {MADE_CREATE, "d/g/x", NULL, 0}},
	{{MADE_RENAME, "d/g", "e/g", 0}},
	{{MADE_RENAME, "d/g", "g", 0}, {MADE_FSYNC, "g", NULL, 0}},
	{{MADE_MKDIR, "e", NULL, 0}, {MADE_RENAME, "d/x", "e/x", 0}},
	{{MADE_APPEND, "d/g/x", NULL, 600}, {MADE_FSYNC, "d/g/x", NULL, 0}},
	{{MADE_RENAME, "d/x", "b", 0}, {MADE_FSYNC, "b", NULL, 0}},
	{{MADE_UNLINK, "d/x", NULL, 0}, {MADE_RMDIR, "d", NULL, 0}},
	{{MADE_RMDIR, "e", NULL, 0}},
	{{MADE_RMDIR, "d/g", NULL, 0}},
	{{MADE_SYMLINK, "a", "l", 0}},
	{{MADE_SYMLINK, "b", "l", 0}, {MADE_RENAME, "l", "a", 0}},
	{{MADE_UNLINK, "l", NULL, 0}},
	{{MADE_TMPFILE, "", NULL, 0}, {MADE_APPEND, "#", NULL, 600}, {MADE_LINK, "#", "b", 0}},
	{{MADE_TMPFILE, "", NULL, 0},
	 {MADE_WRITE, "#", NULL, ANY},
	 {MADE_FSYNC, "#", NULL, 0},
	 {MADE_LINK, "#", "c", 0}},
	{{MADE_FSYNC, "#", NULL, 0}},
	{{MADE_COPY, "a", "b", 400, 8}},
	{{MADE_COPY, "a", "c", 500, 4160}, {MADE_FSYNC, "c", NULL, 0}},
	{{MADE_XATTR, "a", NULL, 0}},
	{{MADE_XATTR, "b", NULL, 0}, {MADE_FSYNC, "b", NULL, 0}},
	/* two at once */
	{{MADE_APPEND, "a", NULL, 5000, 0, true}, {MADE_APPEND, "b", NULL, 3}},
	{{MADE_WRITE, "a", NULL, ANY, 0, true}, {MADE_FSYNC, "b", NULL, 0}},
	{{MADE_WRITE, "a", NULL, ANY, 0, true}, {MADE_FSYNC, "a", NULL, 0}},
	{{MADE_RENAME, "b", "c", 0, 0, true}, {MADE_FSYNC, "a", NULL, 0}},
	{{MADE_CREATE, "b", NULL, 0, 0, true}, {MADE_FDATASYNC, "a", NULL, 0}},
};

#define PHRASES (sizeof phrases / sizeof *phrases)

/* Takes the ops as runs_text() prints them. */
static void take_ops(struct run_ops *ops, const char *text)
{
	while (*(text += strspn(text, "; "))) {
		size_t length = strcspn(text, ";"), end = length;
		struct made_op *op = &ops->own[ops->count];

		while (end && text[end - 1] == ' ')
			end--;
		ck_assert_msg(ops->count < RUNS_OPS, "OPS: there are more than %d ops", RUNS_OPS);
		ck_assert_msg(made_parse(text, end, op), "OPS: there is no op \"%.*s\"", (int)end, text);
		ck_assert_msg(made_do(&ops->made, op), "OPS: op %d is not possible", ops->count);
		ops->list[ops->count++] = op;
		text += length;
	}
}

/* Whether it makes the file shorter is not known here: it may. */
static bool may_cut(const struct made_op *op)
{
	return op->kind == MADE_EMPTY || op->kind == MADE_SHRINK || op->kind == MADE_RESIZE;
}

/* On ext4 with fast_commit the journal of a file that O_TMPFILE made cannot be recovered: "tmpfile .; append
 * # 600; fsync #" left a disk that the kernel refuses to mount. */
bool runs_are_beyond_fast_commit(const struct run_ops *ops)
{
	bool found = false;

	for (int i = 0; i < ops->count; i++)
		found |= ops->list[i]->kind == MADE_XATTR || ops->list[i]->kind == MADE_TMPFILE;
	return found;
}

/*
 * What btrfs.ini says that it does not cover: a name that was put over another file's and is then taken away
 * again may be the older file's again, and a file that was cut and has got another name may have its new size
 * and its old data. A name of a file that another file took may be gone with neither there. The last is that
 * of two files that exchanged their names one may have none, when the other was synced and it had never been
 * on the disk. And a file that comes from a directory that was made takes the name away from one that is in
 * the log, before it has it.
 */
/* Whether an op puts a file over one that the run has made, and the log may have lost that name and not have
 * the new one: it has it where the file was synced before, and both are in the top directory, which is always
 * there. */
static bool takes_made_name(const struct run_ops *ops, int at)
{
	const struct made_op *op = ops->list[at];
	bool made = false, synced = false;

	for (int i = 0; i < at && op->kind == MADE_RENAME; i++) {
		const struct made_op *before = ops->list[i];

		if (!before->path)
			continue;
		made |= strcmp(before->path, op->to) == 0 || (before->to && strcmp(before->to, op->to) == 0);
		synced |= (before->kind == MADE_FSYNC || before->kind == MADE_FDATASYNC) &&
			  strcmp(before->path, op->path) == 0;
	}
	return made && strcmp(op->to, "a") != 0 &&
	       !(synced && !strchr(op->path, '/') && !strchr(op->to, '/'));
}

/* Whether what an op renames was cut, and not synced since. */
static bool was_cut(const struct run_ops *ops, int at)
{
	bool cut = false;

	for (int i = 0; i < at; i++) {
		const struct made_op *op = ops->list[i];

		if (op->path && strcmp(op->path, ops->list[at]->path) == 0)
			cut = may_cut(op) || (cut && op->kind != MADE_FSYNC && op->kind != MADE_FDATASYNC);
	}
	return cut;
}

bool runs_are_beyond_btrfs(const struct run_ops *ops)
{
	bool cut = false, exchanged = false, linked = false;

	for (int i = 0; i < ops->count; i++) {
		if (takes_made_name(ops, i))
			return true;
		linked |= ops->list[i]->kind == MADE_LINK;
		if (linked && ops->list[i]->kind == MADE_RENAME)
			return true;
		exchanged |= ops->list[i]->kind == MADE_EXCHANGE;
		if (exchanged && (ops->list[i]->kind == MADE_FSYNC || ops->list[i]->kind == MADE_FDATASYNC))
			return true;
		cut |= may_cut(ops->list[i]);
		if (cut && ops->list[i]->kind == MADE_LINK)
			return true;
		if (ops->list[i]->kind == MADE_RENAME && was_cut(ops, i))
			return true;
		for (int j = i + 1; ops->list[i]->kind == MADE_RENAME && j < ops->count; j++) {
			const struct made_op *op = ops->list[j];
			const char *name = ops->list[i]->to;

			if (((op->kind == MADE_UNLINK || op->kind == MADE_RENAME ||
			      op->kind == MADE_EXCHANGE) &&
			     strcmp(op->path, name) == 0) ||
			    ((op->kind == MADE_RENAME || op->kind == MADE_EXCHANGE) &&
			     strcmp(op->to, name) == 0))
				return true;
		}
	}
	return false;
}

bool runs_are_beyond_ext3(const struct run_ops *ops)
{
	bool found = false;

	for (int i = 0; i < ops->count; i++)
		switch (ops->list[i]->kind) {
		case MADE_ALLOCATE:
		case MADE_RESERVE:
		case MADE_PUNCH:
		case MADE_ZERO:
		case MADE_ZERO_KEEP:
		case MADE_PROVIDE:
			found = true;
			break;
		default:
			break;
		}
	return found;
}

/* Whether it may give blocks back that a file has on the disk. */
static bool may_free(const struct made_op *op)
{
	return may_cut(op) || op->kind == MADE_RENAME || op->kind == MADE_UNLINK || op->kind == MADE_PUNCH ||
	       op->kind == MADE_ZERO || op->kind == MADE_ZERO_KEEP || op->kind == MADE_PROVIDE;
}

/*
 * With data=writeback blocks are used again before it is on the disk that they were given back (fs/ext4,
 * ext4_free_blocks()), and are not the old file's any more, though that is still there: "create b; rename b
 * a; write-dsync a 13774 15872" left an old a with 510 zeros. That is not in the models, and results say so.
 */
bool runs_are_beyond_writeback(const struct run_ops *ops)
{
	bool found = runs_are_beyond_ext3(ops);

	for (int i = 0; i < ops->count; i++)
		found |= may_free(ops->list[i]);
	return found;
}

/* A place where something ends: a page, a sector, or anywhere. */
static uint64_t choose_place(uint64_t most, uint64_t *random)
{
	static const uint64_t units[] = {4096, 4096, 512, 1};
	uint64_t unit = units[support_below(random, 4)];

	return support_below(random, most / unit + 1) * unit;
}

/* Mostly a few pages, rarely as much as a file may have. */
static uint64_t choose_most(uint64_t *random)
{
	static const uint64_t most[] = {600, 8192, 8192, 20000, 20000, 70000, 1 << 20};

	return most[support_below(random, sizeof most / sizeof *most)];
}

/* Sizes and places where the phrase leaves them open. */
static void choose_range(struct made_op *op, uint64_t *random)
{
	uint64_t most = choose_most(random);

	op->bytes = choose_place(most, random);
	if (!op->bytes && op->kind != MADE_RESIZE)
		op->bytes = 1 + support_below(random, most);
	if (!made_is_placed(op))
		return;
	op->at = choose_place(most, random);
	if (op->kind == MADE_STORE || op->kind == MADE_MSYNC_RANGE) {
		op->at = op->at / 4096 * 4096;
		op->bytes = (op->bytes + 4095) / 4096 * 4096;
	}
}

/* @return whether it was possible */
static bool add_op(struct run_ops *ops, const struct made_op *op, uint64_t *random)
{
	struct made_op *own = &ops->own[ops->count];

	*own = *op;
	if (own->bytes == ANY)
		choose_range(own, random);
	if (!made_do(&ops->made, own))
		return false;
	ops->list[ops->count++] = own;
	return true;
}

/* What two processes do at once is done in full, or not at all. */
static void add_phrase(struct run_ops *ops, const struct made_op *phrase, int most, uint64_t *random)
{
	for (int i = 0; i < 4 && (i == 0 || phrase[i].path || phrase[i].kind) && ops->count < most; i++) {
		bool added = add_op(ops, &phrase[i], random);

		if (i > 0 && phrase[i - 1].beside && !added && ops->count)
			ops->own[ops->count - 1].beside = false;
		if (phrase[i].beside && (!added || ops->count == most)) {
			if (added)
				ops->own[ops->count - 1].beside = false;
			return;
		}
	}
}

void runs_choose(struct run_ops *ops, int count, uint64_t *random)
{
	made_start(&ops->made);
	ops->count = 0;
	if (getenv("OPS"))
		take_ops(ops, getenv("OPS"));
	while (ops->count < count && !getenv("OPS"))
		add_phrase(ops, phrases[support_below(random, PHRASES)], count, random);
}

/* Two that are done at once stand side by side: an op whose other one was left out is done alone. */
bool runs_set(struct run_ops *ops, const struct made_op *const *list, int count)
{
	struct made_op own[RUNS_OPS];

	for (int i = 0; i < count; i++) {
		own[i] = *list[i];
		own[i].beside &= i + 1 < count && list[i + 1] == list[i] + 1;
	}
	made_start(&ops->made);
	ops->count = 0;
	while (ops->count < count) {
		struct made_op *op = &ops->own[ops->count];

		*op = own[ops->count];
		if (!made_do(&ops->made, op))
			return false;
		ops->list[ops->count++] = op;
	}
	return true;
}

const char *runs_text(const struct run_ops *ops)
{
	static char text[RUNS_OPS * 64];

	text[0] = '\0';
	for (int i = 0; i < ops->count; i++)
		sprintf(text + strlen(text), "%s%s", i ? "; " : "", made_text(ops->list[i]));
	return text;
}
