/* SPDX-License-Identifier: MIT */
/*
 * check_brute_force.c - the states that make_atoms.c allows are all that the models allow, and no others.
 *
 * Method: recordings of a few ops are made in memory, all of them up to a length. What each may leave is
 * worked out a second time here, from what a model's parameters mean, in the most naive way: every unit that
 * a disk may keep or lose, every pair of units of which one must be there before the other, every set of
 * units. Nothing of make_atoms.c or fs.c is used for that. The units and the allowed sets must be the same.
 */
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

#define UNITS 320    /* of one recording at most */
#define BLOCKS 64    /* of a file at most */
#define MOST_UNITS 8 /* whose sets are enumerated */

/* ------------------------------------------------------------------ the second opinion */

enum unit_kind { DATA, SIZE, ENTRY, ATTRIBUTES, REPOINT, CARRY };

struct unit {
	int op;
	enum unit_kind kind;
	int file;	   /* DATA, SIZE, ATTRIBUTES */
	uint64_t from;	   /* DATA */
	uint64_t end;	   /* DATA: where it ends; SIZE: the size */
	uint64_t old_size; /* SIZE that appends: before */
	bool appends;	   /* it is, or shows, what is behind the old end */
	bool reaches;	   /* SIZE: where a page ends that is written back */
	bool only;	   /* DATA: all that the op writes is in one page, and no other of the file's
			      is in flight */
	bool fills;	   /* DATA that appends, in a block that the file had */
	bool created;	   /* ATTRIBUTES: that of a new file */
	int directories[2], directory_count; /* ENTRY: in which */
	int named;			     /* ENTRY: the file that has a name by it; -1: none */
	bool creates, moves;		     /* ENTRY: of a new file; of the rename of a directory */
	char names[2][24]; /* ENTRY: the names, each with its directory's number; a rename's old one last */
	bool took_durable; /* ENTRY: of a rename that is one unit, whose old name was durable */
	bool replaces; /* ENTRY: of a rename over another file. SIZE: the end of a truncation to nothing */
	bool durable, abandoned;
	bool waits; /* it is durable as soon as something is changed, */
	bool fails; /* and given up if that is never done */
	char key[64];
};

struct opinion {
	const struct crash__model *model;
	struct unit units[UNITS];
	int count;
	bool before[UNITS][UNITS];
	const struct made_op *ops[MADE_OPS];
	int file_of[MADE_OPS];
	int homes[MADE_OPS + 2];	       /* of each file, the directory where it was named last */
	bool unwritable[MADE_OPS + 2][BLOCKS]; /* blocks of it that are never written: a sync had failed */
	bool size_lost[MADE_OPS + 2];	       /* it had grown then, and goes back */
	bool failed[MADE_OPS + 2]; /* its last sync had failed, and nothing was changed since, anywhere */
};

static struct unit *new_unit(struct opinion *opinion, int op, enum unit_kind kind)
{
	struct unit *unit = &opinion->units[opinion->count++];

	ck_assert_int_lt(opinion->count, UNITS);
	memset(unit, 0, sizeof *unit);
	unit->op = op;
	unit->kind = kind;
	unit->file = unit->named = -1;
	return unit;
}

static void new_data(struct opinion *opinion, int op, int file, uint64_t from, uint64_t end,
		     uint64_t old_size)
{
	struct unit *unit = new_unit(opinion, op, DATA);

	unit->file = file;
	unit->from = from;
	unit->end = end;
	unit->appends = end > old_size;
	unit->fills = unit->appends && from / 4096 * 4096 < old_size;
	ck_assert_uint_le(end, (uint64_t)BLOCKS * 4096);
	for (uint64_t block = from / 4096; block * 4096 < end; block++)
		unit->abandoned |= opinion->unwritable[file][block];
	snprintf(unit->key, sizeof unit->key, "%d data %d-%d", op, (int)from, (int)end);
}

static struct unit *new_size(struct opinion *opinion, int op, int file, uint64_t size, bool appends)
{
	struct unit *unit = new_unit(opinion, op, SIZE);

	unit->file = file;
	unit->end = size;
	unit->appends = appends;
	snprintf(unit->key, sizeof unit->key, "%d size %d", op, (int)size);
	return unit;
}

/* Where the unit ends that begins at `at`: at the next place where the disk can tear, or where the file
 * ended. */
static uint64_t unit_end(uint64_t tear, uint64_t at, uint64_t end, uint64_t old_size)
{
	uint64_t next = at + 1;

	while (next < end && !(tear && next % tear == 0) && !(tear && next == old_size))
		next++;
	return next;
}

/* The least size that the file may have on the disk because it grew. */
static uint64_t shortest(const struct opinion *opinion, int file)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < opinion->count; i++) {
		const struct unit *unit = &opinion->units[i];

		if (unit->kind == SIZE && unit->appends && !unit->durable && unit->file == file &&
		    unit->old_size < least)
			least = unit->old_size;
	}
	return least;
}

/* The pages of a write below the file's end, of which one alone makes the file longer on the disk. */
static void add_reaches(struct opinion *opinion, int op, int file, uint64_t from, uint64_t end,
			uint64_t old_size)
{
	uint64_t least = shortest(opinion, file);

	for (uint64_t page = from / 4096; page * 4096 < end && page * 4096 < old_size; page++) {
		uint64_t size = (page + 1) * 4096 < old_size ? (page + 1) * 4096 : old_size;

		if ((opinion->model->no_page_sizes && !opinion->size_lost[file]) || least == UINT64_MAX ||
		    size <= least || (end > old_size && (page + 1) * 4096 > old_size))
			continue;
		new_size(opinion, op, file, size, false)->reaches = true;
	}
}

/* Whether a write is all of the file's data that is not durable, and in one page. */
static bool is_only(const struct opinion *opinion, int file, uint64_t from, uint64_t end)
{
	for (int i = 0; i < opinion->count; i++)
		if (opinion->units[i].kind == DATA && opinion->units[i].file == file &&
		    !opinion->units[i].durable)
			return false;
	return from / 4096 == (end - 1) / 4096;
}

/* What a file has in a page is written anew in another block: that it has it, and what is in there. */
static void add_moved(struct opinion *opinion, int op, int file, uint64_t from, uint64_t end,
		      uint64_t old_size)
{
	uint64_t tear = (uint64_t)opinion->model->tear;
	struct unit *unit;

	if (opinion->model->moves_data != CRASH__MOVES_PAGES)
		return;
	for (uint64_t page = from / 4096 * 4096; page < end && page < old_size; page += 4096) {
		uint64_t last = page + 4096 < old_size ? page + 4096 : old_size;

		unit = new_unit(opinion, op, REPOINT);
		unit->file = file;
		snprintf(unit->key, sizeof unit->key, "%d repoint %d", op, (int)page);
		for (uint64_t at = page; at < last; at += tear == 1 ? 64 : tear ? tear : 4096) {
			unit = new_unit(opinion, op, CARRY);
			unit->file = file;
			snprintf(unit->key, sizeof unit->key, "%d carry %d", op, (int)at);
		}
	}
}

/* A write: its tear units, and where the file grows one size for each. */
static void add_write(struct opinion *opinion, int op, int file, uint64_t from, uint64_t end,
		      uint64_t old_size)
{
	uint64_t tear = (uint64_t)opinion->model->tear;
	uint64_t ends[16];
	bool only = is_only(opinion, file, from, end);
	int count = 0;

	for (uint64_t at = from, next; at < end; at = next) {
		next = unit_end(tear, at, end, old_size);
		new_data(opinion, op, file, at, next, old_size);
		opinion->units[opinion->count - 1].only = only;
		if (next > old_size)
			ends[count++] = next;
	}
	add_moved(opinion, op, file, from, end, old_size);
	add_reaches(opinion, op, file, from, end, old_size);
	for (int i = 0; i < count; i++)
		if (i == count - 1 || (tear && (!opinion->model->grow_by_pages || ends[i] % 4096 == 0)))
			new_size(opinion, op, file, ends[i], true)->old_size = old_size;
}

/* The zeros for the rest of the block in which the file is cut. */
static void add_tail(struct opinion *opinion, int op, int file, uint64_t size, uint64_t old_size)
{
	uint64_t tear = (uint64_t)opinion->model->tear, end = (size + 4095) / 4096 * 4096;

	if (end > old_size)
		end = old_size;
	for (uint64_t at = size, next; at < end; at = next) {
		next = unit_end(tear, at, end, old_size);
		new_data(opinion, op, file, at, next, old_size);
	}
}

static void add_truncation(struct opinion *opinion, int op, int file, uint64_t size, uint64_t old_size,
			   bool replaces)
{
	uint64_t part = (old_size - size) / 5;

	if (opinion->model->truncate_tail != CRASH__TAIL_KEPT)
		add_tail(opinion, op, file, size, old_size);
	if (size < old_size && size % 4096)
		add_moved(opinion, op, file, size, size + 1, old_size);
	for (uint64_t i = 1; !opinion->model->truncate_atomic && part && i < 5; i++)
		new_size(opinion, op, file, old_size - i * part, false);
	new_size(opinion, op, file, size, false)->replaces = replaces;
	for (uint64_t block = 0; block < BLOCKS; block++)
		opinion->unwritable[file][block] &= block * 4096 < size;
}

static void name_entry(char name[24], int directory, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(name, 24, "%d/%s", directory, slash ? slash + 1 : path);
}

static struct unit *add_entry(struct opinion *opinion, int op, int directory, const char *path, int named)
{
	const char *slash = strrchr(path, '/');
	struct unit *unit = new_unit(opinion, op, ENTRY);

	unit->directories[unit->directory_count++] = directory;
	unit->named = named;
	snprintf(unit->key, sizeof unit->key, "%d entry %s", op, slash ? slash : path);
	name_entry(unit->names[0], directory, path);
	return unit;
}

/* Whether the old name of a rename was durable before it: what used it last before, if anything, is. */
static bool is_name_durable(const struct opinion *opinion, const struct unit *rename)
{
	for (const struct unit *unit = rename; unit-- > opinion->units;)
		if (strcmp(unit->names[0], rename->names[1]) == 0 ||
		    strcmp(unit->names[1], rename->names[1]) == 0)
			return unit->durable;
	return true;
}

/* The two names of a rename: one unit, unless the model says otherwise; a directory always has one name. */
static void add_rename(struct opinion *opinion, const struct made_tree *tree, int op,
		       const struct made_op *what)
{
	int moved = made_find(tree, what->path), from = made_parent(tree, what->path),
	    to = made_parent(tree, what->to);
	bool replaces = made_find(tree, what->to) >= 0, moves = tree->files[moved].directory;
	struct unit *unit = add_entry(opinion, op, to, what->to, moved);

	unit->replaces = replaces;
	unit->moves = moves;
	if (opinion->model->rename_atomic || moves) {
		const char *slash = strrchr(what->path, '/');

		unit->directories[unit->directory_count++] = from;
		snprintf(unit->key + strlen(unit->key), 16, " %s", slash ? slash : what->path);
		name_entry(unit->names[1], from, what->path);
		unit->took_durable = opinion->model->rename_atomic && is_name_durable(opinion, unit);
		return;
	}
	unit = add_entry(opinion, op, from, what->path, -1);
	unit->replaces = replaces;
}

static void add_attributes(struct opinion *opinion, int op, int file, bool created)
{
	struct unit *unit = new_unit(opinion, op, ATTRIBUTES);

	unit->file = file;
	unit->created = created;
	snprintf(unit->key, sizeof unit->key, "%d attributes", op);
}

/* What an op does that a disk may keep or lose. */
static void add_units(struct opinion *opinion, const struct made_tree *tree, int op,
		      const struct made_op *what)
{
	int file = what->path ? made_find(tree, what->path) : -1;
	uint64_t size = file >= 0 ? tree->files[file].size : 0;

	switch (what->kind) {
	case MADE_CREATE:
	case MADE_MKDIR:
		add_entry(opinion, op, made_parent(tree, what->path), what->path, tree->file_count)->creates =
			what->kind == MADE_CREATE;
		if (!opinion->model->dirop_atomic)
			add_attributes(opinion, op, tree->file_count, true);
		break;
	case MADE_APPEND:
		add_write(opinion, op, file, size, size + what->bytes, size);
		break;
	case MADE_OVERWRITE:
		add_write(opinion, op, file, 100, 104, size);
		break;
	case MADE_REWRITE:
		add_write(opinion, op, file, 0, what->bytes, size);
		break;
	case MADE_STRADDLE:
		add_write(opinion, op, file, size - 2, size + 2, size);
		break;
	case MADE_EMPTY:
		add_truncation(opinion, op, file, 0, size, true);
		break;
	case MADE_SHRINK:
		add_truncation(opinion, op, file, MADE_SHORT, size, false);
		break;
	case MADE_RENAME:
		add_rename(opinion, tree, op, what);
		break;
	case MADE_LINK:
		add_entry(opinion, op, made_parent(tree, what->to), what->to, file);
		break;
	case MADE_UNLINK:
		add_entry(opinion, op, made_parent(tree, what->path), what->path, -1);
		break;
	case MADE_CHMOD:
		add_attributes(opinion, op, file, false);
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ which before which */

static bool share_directory(const struct unit *x, const struct unit *y)
{
	for (int i = 0; i < x->directory_count; i++)
		for (int j = 0; j < y->directory_count; j++)
			if (x->directories[i] == y->directories[j])
				return true;
	return false;
}

/* Data for a block that the file had already, and whether such data counts as appended where the model orders
 * that. */
static bool has_place(const struct unit *unit)
{
	return unit->kind == DATA && (!unit->appends || unit->fills);
}

static bool counts_as_append(const struct crash__model *model, const struct unit *unit)
{
	return unit->appends && !(unit->fills && model->data_before_metadata == CRASH__DATA_IN_NEW_BLOCKS);
}

/* Whether a size waits for data that it shows. */
static bool before_its_size(const struct crash__model *model, const struct unit *data)
{
	return model->data_before_metadata == CRASH__DATA_OF_ONLY_PAGE ?
		       data->only :
		       model->data_before_metadata != CRASH__DATA_FREE;
}

/* Two units of one op. */
static bool before_in_op(const struct crash__model *model, const struct unit *x, const struct unit *y)
{
	if (y->kind != SIZE || (x->kind == SIZE && x->reaches))
		return false;
	if (y->reaches)
		return model->data_before_metadata >= CRASH__DATA_IN_NEW_BLOCKS && x->kind == DATA &&
		       has_place(x) && x->from / 4096 == (y->end - 1) / 4096;
	/* sizes pass in the order in which the file grows or shrinks */
	if (x->kind == SIZE)
		return x < y;
	return x->kind == DATA && before_its_size(model, x) && counts_as_append(model, x) && y->appends &&
	       x->end <= y->end;
}

static bool is_cut(const struct unit *unit)
{
	return unit->kind == SIZE && !unit->appends && !unit->reaches;
}

/* Units of one file, where ends of it reach the disk in order. */
static bool before_in_file(const struct opinion *opinion, const struct unit *x, const struct unit *y,
			   bool waits)
{
	const struct crash__model *model = opinion->model;

	if (y->kind != SIZE && y->kind != DATA)
		return false;
	if (y->kind == SIZE && !y->appends)
		return is_cut(x);
	if (!waits)
		return is_cut(x) && x->end <= y->from / 4096 * 4096;
	/* a truncation stands for what was appended before it */
	for (const struct unit *other = x + 1; x->appends && other < y; other++)
		if (is_cut(other) && other->file == x->file && other->op < y->op)
			return false;
	return (x->kind == SIZE && !x->reaches) || (counts_as_append(model, x) && before_its_size(model, x));
}

/* A rename that is one unit took a durable name from a file: what is done to that name later waits for it. */
static bool before_by_name(const struct unit *x, const struct unit *y)
{
	return x->took_durable && y->kind == ENTRY &&
	       (strcmp(x->names[1], y->names[0]) == 0 || strcmp(x->names[1], y->names[1]) == 0);
}

/* Units of an earlier and of a later op. */
static bool before_in_time(const struct opinion *opinion, const struct unit *x, const struct unit *y)
{
	const struct crash__model *model = opinion->model;
	bool entries = x->kind == ENTRY && y->kind == ENTRY;
	bool waits = model->overwrite_order || !has_place(y);

	return (model->dirop_order == CRASH__DIROPS_TOTAL && (x->kind == ENTRY || x->kind == ATTRIBUTES) &&
		y->kind != DATA && y->kind != REPOINT && y->kind != CARRY && !y->reaches) ||
	       (model->dirop_order == CRASH__DIROPS_PER_DIRECTORY && entries && share_directory(x, y)) ||
	       (entries && x->moves && y->moves) || before_by_name(x, y) ||
	       (model->append_order && waits && counts_as_append(model, x)) ||
	       (model->same_file_append_order && x->file == y->file &&
		before_in_file(opinion, x, y, waits)) ||
	       (model->overwrite_order && x->kind == DATA && !counts_as_append(model, x));
}

/* The data, and the sizes, of the file that a rename puts in the place of another one. */
static bool before_by_rename(const struct crash__model *model, const struct unit *x, const struct unit *y,
			     int moved)
{
	bool with_data = model->safe_rename == CRASH__RENAME_WITH_DATA;

	if (!model->safe_rename || y->kind != ENTRY || !y->replaces || x->file != moved)
		return false;
	return (x->kind == SIZE && !x->reaches) ||
	       (with_data && x->kind == DATA &&
		!(has_place(x) && model->data_before_metadata == CRASH__DATA_IN_NEW_BLOCKS));
}

static bool writes(const struct made_op *op)
{
	return op->kind == MADE_APPEND || op->kind == MADE_OVERWRITE || op->kind == MADE_REWRITE ||
	       op->kind == MADE_STRADDLE;
}

/* Whether `later` is, after a truncation by `op`, the first write to the file or follows it at once. */
static bool at_once(const struct opinion *opinion, int op, int later, int file)
{
	int first = op + 1;

	while (first < later && !(writes(opinion->ops[first]) && opinion->file_of[first] == file))
		first++;
	for (int i = first; i <= later; i++)
		if (!writes(opinion->ops[i]) || opinion->file_of[i] != file)
			return false;
	return true;
}

/* The other way round: what is written anew is there before the truncation, unless that is durable. */
static bool before_truncation(const struct opinion *opinion, const struct unit *later,
			      const struct unit *truncation)
{
	if (!opinion->model->safe_truncate || truncation->kind != SIZE || !truncation->replaces ||
	    truncation->durable || truncation->file != later->file ||
	    (later->kind != DATA && !later->appends) ||
	    !at_once(opinion, truncation->op, later->op, later->file))
		return false;
	for (const struct unit *other = truncation + 1; other < later; other++)
		if (other->kind == SIZE && other->replaces && other->file == later->file)
			return false;
	return true;
}

static void add_order(struct opinion *opinion, int first, int moved)
{
	for (int y = first; y < opinion->count; y++)
		for (int x = 0; x < opinion->count; x++) {
			const struct unit *a = &opinion->units[x], *b = &opinion->units[y];

			opinion->before[x][y] = a->op == b->op ?
							before_in_op(opinion->model, a, b) :
							before_in_time(opinion, a, b) ||
								before_by_rename(opinion->model, a, b, moved);
			if (a->op < b->op)
				opinion->before[y][x] = before_truncation(opinion, b, a);
		}
	/* what will never be written passes nothing on; what stood behind it already has got it */
	for (int via = 0; via < opinion->count; via++)
		for (int x = 0; x < opinion->count && !opinion->units[via].abandoned; x++)
			for (int y = 0; y < opinion->count; y++)
				opinion->before[x][y] |= opinion->before[x][via] && opinion->before[via][y];
}

/* ------------------------------------------------------------------ syncs */

static bool has_directory(const struct unit *unit, int directory)
{
	for (int i = 0; i < unit->directory_count; i++)
		if (unit->directories[i] == directory)
			return true;
	return false;
}

/* The last op of which a sync of the file has to commit something of the file's own; -1: none. All before it
 * goes along. */
static int last_of_its_own(const struct opinion *opinion, int file, bool data_only)
{
	int last = -1;

	for (int i = 0; i < opinion->count; i++) {
		const struct unit *unit = &opinion->units[i];
		bool own = unit->kind == ENTRY ? unit->named == file || has_directory(unit, file) :
						 unit->file == file;

		if (data_only && unit->kind != SIZE &&
		    !(unit->kind == ENTRY && unit->creates && unit->named == file))
			continue;
		if (own && (!unit->durable || unit->waits) && unit->kind != DATA && unit->kind != REPOINT &&
		    unit->kind != CARRY && !unit->reaches && unit->op > last)
			last = unit->op;
	}
	return last;
}

static bool speaks_of(const struct opinion *opinion, const struct unit *unit, enum made_kind kind, int file,
		      int committed)
{
	const struct crash__model *model = opinion->model;
	bool data_only = kind == MADE_FDATASYNC;

	if (kind == MADE_SYNC)
		return model->sync_overwrites || (unit->kind == DATA ? unit->appends : !unit->reaches);
	if (unit->file == file && unit->kind != ENTRY &&
	    !(data_only && unit->kind == ATTRIBUTES && !unit->created &&
	      model->fdatasync_drops != CRASH__DROPS_NOTHING))
		return true;
	if (unit->kind == ENTRY && has_directory(unit, file))
		return true;
	if (unit->kind == ENTRY && unit->named > 0 && model->fsync_own_entry &&
	    !(data_only && model->fdatasync_drops == CRASH__DROPS_ENTRY))
		for (int above = file; above > 0; above = opinion->homes[above])
			if (unit->named == above && (above == file || !unit->moves))
				return true;
	return unit->op <= committed && (unit->kind == ENTRY || unit->kind == ATTRIBUTES ||
					 (unit->kind == SIZE && !unit->appends && !unit->reaches));
}

static bool is_given_up(const struct unit *unit)
{
	return unit->abandoned || (unit->waits && unit->fails);
}

static void set_durable(struct unit *unit, bool waits)
{
	unit->waits = waits && (!unit->durable || unit->waits);
	unit->durable = true;
}

static void make_durable(struct opinion *opinion, int unit, bool waits)
{
	set_durable(&opinion->units[unit], waits);
	for (int x = 0; x < opinion->count; x++)
		if (opinion->before[x][unit] && !is_given_up(&opinion->units[x]))
			set_durable(&opinion->units[x], waits);
}

/* Whether a sync that fails leaves it in memory for ever. */
static bool gives_up(const struct crash__model *model, const struct unit *unit)
{
	return unit->kind == DATA || unit->kind == CARRY ||
	       (unit->kind == SIZE && (unit->appends || unit->reaches) && !model->failed_size_kept);
}

static void fail_unit(struct opinion *opinion, struct unit *unit)
{
	const struct crash__model *model = opinion->model;
	bool grows = unit->kind == SIZE && unit->appends;

	unit->abandoned = gives_up(model, unit);
	if (grows && !model->failed_size_kept)
		opinion->size_lost[unit->file] = true;
	if (unit->kind == DATA && unit->appends && !unit->fills && !model->failed_rewrite_kept)
		for (uint64_t block = unit->from / 4096; block * 4096 < unit->end; block++)
			opinion->unwritable[unit->file][block] = true;
}

/* Whether a sync that succeeds may be that of a file system which has become read-only. */
static bool is_read_only(const struct opinion *opinion, enum made_kind kind, int file)
{
	bool read_only = false;

	for (int i = 0; i < MADE_OPS + 2; i++)
		read_only |= opinion->failed[i] && (kind == MADE_SYNC || i == file);
	return read_only;
}

static void sync_units(struct opinion *opinion, enum made_kind kind, int file, bool waits)
{
	const struct crash__model *model = opinion->model;
	int committed =
		model->fsync_commits_metadata ? last_of_its_own(opinion, file, kind == MADE_FDATASYNC) : -1;

	for (int i = 0; i < opinion->count; i++) {
		struct unit *unit = &opinion->units[i];

		if ((unit->durable && !unit->waits) || is_given_up(unit) ||
		    !speaks_of(opinion, unit, kind, file, committed))
			continue;
		if (kind != MADE_FSYNC_FAILS)
			make_durable(opinion, i, waits);
		else if (unit->durable)
			unit->fails = gives_up(opinion->model, unit);
		else
			fail_unit(opinion, unit);
	}
}

static bool is_sync(enum made_kind kind)
{
	return kind == MADE_FSYNC || kind == MADE_FDATASYNC || kind == MADE_FSYNC_FAILS || kind == MADE_SYNC;
}

static void hear_sync(struct opinion *opinion, enum made_kind kind, int file)
{
	bool fails = kind == MADE_FSYNC_FAILS;

	sync_units(opinion, kind, file, !fails && is_read_only(opinion, kind, file));
	if (fails)
		opinion->failed[file] = true;
}

/* Something is changed: so the file system is not read-only, and the syncs before were what they seemed. */
static void believe_syncs(struct opinion *opinion)
{
	for (int i = 0; i < opinion->count; i++)
		opinion->units[i].waits = opinion->units[i].fails = false;
	memset(opinion->failed, 0, sizeof opinion->failed);
}

/* Takes one op more into account. `tree` is what was there before it. */
static void hear(struct opinion *opinion, const struct made_tree *tree, int op, const struct made_op *what)
{
	int first = opinion->count, file = what->path ? made_find(tree, what->path) : -1;

	opinion->ops[op] = what;
	opinion->file_of[op] = file;
	if (!is_sync(what->kind))
		believe_syncs(opinion);
	add_units(opinion, tree, op, what);
	add_order(opinion, first, what->kind == MADE_RENAME ? file : -1);
	for (int i = first; i < opinion->count; i++)
		if (opinion->units[i].named > 0)
			opinion->homes[opinion->units[i].named] = opinion->units[i].directories[0];
	if (opinion->model->process_only)
		for (int i = first; i < opinion->count; i++)
			opinion->units[i].durable = true;
	else if (is_sync(what->kind))
		hear_sync(opinion, what->kind, file);
}

static bool allows(const struct opinion *opinion, unsigned int set)
{
	for (int y = 0; y < opinion->count; y++) {
		const struct unit *unit = &opinion->units[y];

		if (!(set & 1u << y)) {
			if (unit->durable && !unit->waits)
				return false;
			continue;
		}
		for (int x = 0; x < opinion->count; x++)
			if (opinion->before[x][y] && !is_given_up(&opinion->units[x]) && !(set & 1u << x))
				return false;
	}
	return true;
}

/* ------------------------------------------------------------------ what make_atoms.c says */

static void key_of(const struct crash__atoms *atoms, const struct made *made, crash__atom_id id, char out[64])
{
	const struct crash__atom *atom = &atoms->list[id];
	const struct crash__fs *fs = atoms->fs;
	int op = (int)(fs->steps[atom->step].event - made->events);

	switch (atom->kind) {
	case CRASH__ATOM_DATA:
		if (crash__atom_in(atom, CRASH__MOVED))
			snprintf(out, 64, "%d %s %d", op, crash__class_name(atom->class), (int)atom->offset);
		else
			snprintf(out, 64, "%d data %d-%d", op, (int)atom->offset,
				 (int)(atom->offset + atom->bytes));
		break;
	case CRASH__ATOM_SIZE:
		snprintf(out, 64, "%d size %d", op, (int)atom->size);
		break;
	case CRASH__ATOM_ENTRY:
		snprintf(out, 64, "%d entry", op);
		for (uint32_t i = 0; i < atom->effects; i++) {
			const struct crash__slot *slot = &fs->slots[fs->effects[atom->effect + i].slot];

			snprintf(out + strlen(out), 16, " %s%.8s", slot->directory == 1 ? "" : "/",
				 slot->name);
		}
		break;
	case CRASH__ATOM_ATTRIBUTES:
		snprintf(out, 64, "%d attributes", op);
		break;
	}
}

static bool atoms_allow(const struct crash__atoms *atoms, const int *unit_of, unsigned int set)
{
	int64_t step = (int64_t)atoms->fs->steps_count - 1;

	for (crash__atom_id id = 0; id < atoms->list_count; id++) {
		const struct crash__atom *atom = &atoms->list[id];
		crash__atom_id earlier;

		if (!(set & 1u << unit_of[id])) {
			if ((int64_t)atom->durable <= step)
				return false;
			continue;
		}
		CRASH__EACH_EDGE(atoms, atom->predecessors, earlier)
			if (!(set & 1u << unit_of[earlier]))
				return false;
	}
	return true;
}

/* ------------------------------------------------------------------ comparing */

struct comparison {
	struct crash__base *base;
	struct crash__model models[16];
	size_t model_count;
	const struct made_op *ops[MADE_OPS];
	int length;
	struct made made;
	struct made_tree trees[MADE_OPS]; /* before each op */
	unsigned long traces, sets, allowed;
};

static const char *describe(const struct comparison *comparison, const struct crash__model *model)
{
	static char text[1024];
	char value[16];

	text[0] = '\0';
	for (int i = 0; i < comparison->length; i++)
		snprintf(text + strlen(text), 64, "%s; ", made_text(comparison->ops[i]));
	snprintf(text + strlen(text), 64, "model %s:", model->name);
	for (size_t i = 0; i < crash__parameter_count; i++) {
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		snprintf(text + strlen(text), 64, " %s=%s", crash__parameters[i].name, value);
	}
	return text;
}

/* Finds the unit of each atom. Both have the same, or something is wrong. */
static void match_units(const struct comparison *comparison, const struct crash__atoms *atoms,
			const struct opinion *opinion, int *unit_of)
{
	char key[64];

	for (crash__atom_id id = 0; id < atoms->list_count; id++) {
		int i = 0;

		key_of(atoms, &comparison->made, id, key);
		while (i < opinion->count && strcmp(opinion->units[i].key, key) != 0)
			i++;
		ck_assert_msg(i < opinion->count, "there should be no atom \"%s\": %s", key,
			      describe(comparison, atoms->model));
		unit_of[id] = i;
	}
	ck_assert_msg((int)atoms->list_count == opinion->count, "%d atoms instead of %d: %s",
		      (int)atoms->list_count, opinion->count, describe(comparison, atoms->model));
}

static void set_text(const struct opinion *opinion, unsigned int set, char out[1024])
{
	out[0] = '\0';
	for (int i = 0; i < opinion->count; i++)
		snprintf(out + strlen(out), 80, "%s%s; ", opinion->units[i].key,
			 set & 1u << i		   ? "" :
			 opinion->units[i].durable ? " (lost, and durable)" :
						     " (lost)");
}

static void compare(struct comparison *comparison, const struct crash__fs *fs,
		    const struct crash__model *model, int most_units)
{
	static struct opinion opinion;
	struct crash__atoms atoms;
	int unit_of[UNITS];

	memset(&opinion, 0, sizeof opinion);
	opinion.model = model;
	for (int i = 0; i < comparison->length; i++)
		hear(&opinion, &comparison->trees[i], i, comparison->ops[i]);
	trees_ok(crash__atoms_make(&atoms, fs, model));
	match_units(comparison, &atoms, &opinion, unit_of);
	for (unsigned int set = 0; opinion.count <= most_units && set < 1u << opinion.count; set++) {
		bool is = atoms_allow(&atoms, unit_of, set), should = allows(&opinion, set);
		char text[1024];

		comparison->sets++;
		comparison->allowed += should;
		if (is == should)
			continue;
		set_text(&opinion, set, text);
		ck_abort_msg("%s: %s %s", text,
			     is ? "make_atoms.c allows what must not be:" : "make_atoms.c does not allow:",
			     describe(comparison, model));
	}
	crash__atoms_clear(&atoms);
}

static void compare_all(struct comparison *comparison, uint64_t *random, int most_units)
{
	struct crash__fs fs;

	trees_ok(crash__fs_replay(&fs, &comparison->made.trace, MADE_ROOT, comparison->base));
	ck_assert_msg(fs.unknown == 0, "unknown: %s", fs.unknown_detail);
	for (size_t i = 0; i < comparison->model_count; i++)
		compare(comparison, &fs, &comparison->models[i], most_units);
	if (random) {
		struct crash__model model = trees_random_model(random);

		compare(comparison, &fs, &model, most_units);
	}
	crash__fs_clear(&fs);
	comparison->traces++;
}

/* ------------------------------------------------------------------ all recordings */

static const struct made_op grammar[] = {
	{MADE_CREATE, "b", NULL, 0},	  {MADE_APPEND, "a", NULL, 4},	    {MADE_APPEND, "b", NULL, 3},
	{MADE_OVERWRITE, "a", NULL, 0},	  {MADE_REWRITE, "a", NULL, 6},	    {MADE_STRADDLE, "a", NULL, 0},
	{MADE_EMPTY, "a", NULL, 0},	  {MADE_SHRINK, "a", NULL, 0},	    {MADE_RENAME, "b", "a", 0},
	{MADE_RENAME, "a", "c", 0},	  {MADE_LINK, "a", "c", 0},	    {MADE_UNLINK, "a", NULL, 0},
	{MADE_MKDIR, "d", NULL, 0},	  {MADE_CREATE, "d/x", NULL, 0},    {MADE_RENAME, "a", "d/a", 0},
	{MADE_RENAME, "d", "e", 0},	  {MADE_CHMOD, "a", NULL, 0},	    {MADE_FSYNC, "a", NULL, 0},
	{MADE_FSYNC, "b", NULL, 0},	  {MADE_FDATASYNC, "a", NULL, 0},   {MADE_FDATASYNC, "b", NULL, 0},
	{MADE_FSYNC_FAILS, "a", NULL, 0}, {MADE_FSYNC_FAILS, "b", NULL, 0}, {MADE_FSYNC_FAILS, "", NULL, 0},
	{MADE_FSYNC, "", NULL, 0},	  {MADE_FSYNC, "d", NULL, 0},	    {MADE_SYNC, NULL, NULL, 0},
};

#define GRAMMAR (sizeof grammar / sizeof *grammar)

static void walk(struct comparison *comparison, int length, uint64_t *random)
{
	static struct made saved[MADE_OPS];

	if (comparison->length == length) {
		compare_all(comparison, random, MOST_UNITS);
		return;
	}
	saved[comparison->length] = comparison->made;
	for (size_t i = 0; i < GRAMMAR; i++) {
		comparison->trees[comparison->length] = comparison->made.tree;
		if (!made_do(&comparison->made, &grammar[i]))
			continue;
		comparison->ops[comparison->length++] = &grammar[i];
		/* the copy's own pointers stay what they are: it is copied back to the same place */
		walk(comparison, length, random);
		comparison->length--;
		comparison->made = saved[comparison->length];
	}
}

static void start(struct comparison *comparison)
{
	char directory[PATH_MAX];
	char **names = crash__model_names();

	memset(comparison, 0, sizeof *comparison);
	support_directory(directory);
	made_base(directory);
	trees_ok(crash__base_open(directory, &comparison->base));
	for (size_t i = 0; names[i]; i++)
		comparison->models[comparison->model_count++] = trees_model(names[i]);
	ck_assert_int_ge(comparison->model_count, 9);
	crash__model_names_free(names);
	made_start(&comparison->made);
}

static void tell(const struct comparison *comparison)
{
	printf("%lu recordings, %lu sets, %lu of them allowed\n", comparison->traces, comparison->sets,
	       comparison->allowed);
	fflush(stdout);
}

START_TEST(all_short_recordings_leave_what_the_models_allow)
{
	static struct comparison comparison;
	uint64_t random = support_seed();

	start(&comparison);
	for (int length = 1; length <= (getenv("CRASHINJECT_LONG") ? 4 : 3); length++)
		walk(&comparison, length, &random);
	tell(&comparison);
	ck_assert_int_gt(comparison.traces, 2000);
	crash__base_close(comparison.base);
}
END_TEST

START_TEST(longer_recordings_leave_what_the_models_allow)
{
	static struct comparison comparison;
	uint64_t random = support_seed();
	int wanted = getenv("CRASHINJECT_LONG") ? 300000 : 10000;

	start(&comparison);
	for (int i = 0; i < wanted; i++) {
		int length = 4 + (int)support_below(&random, 5);

		made_start(&comparison.made);
		comparison.length = 0;
		while (comparison.length < length) {
			const struct made_op *op = &grammar[support_below(&random, GRAMMAR)];

			comparison.trees[comparison.length] = comparison.made.tree;
			if (made_do(&comparison.made, op))
				comparison.ops[comparison.length++] = op;
		}
		compare_all(&comparison, &random, MOST_UNITS);
	}
	tell(&comparison);
	crash__base_close(comparison.base);
}
END_TEST

/*
 * What is given up after a failed sync passes on what persists before it. Each time it was passed on it made
 * an edge, also where there was one: twice as many with each further write, so that 30 of them never ended.
 */
START_TEST(a_sync_of_many_writes_that_fails_makes_few_edges)
{
	static struct comparison comparison;
	const struct made_op append = {MADE_APPEND, "a", NULL, 8000},
			     fails = {MADE_FSYNC_FAILS, "a", NULL, 0};
	const struct made_op rewrite = {MADE_REWRITE, "a", NULL, 8000};
	struct crash__model model = trees_model("ext4-journal");
	struct crash__atoms atoms;
	struct crash__fs fs;

	start(&comparison);
	ck_assert(made_do(&comparison.made, &append));
	for (int i = 0; i < 13; i++)
		ck_assert(made_do(&comparison.made, &rewrite));
	ck_assert(made_do(&comparison.made, &fails));
	trees_ok(crash__fs_replay(&fs, &comparison.made.trace, MADE_ROOT, comparison.base));
	trees_ok(crash__atoms_make(&atoms, &fs, &model));
	/* each edge is in two lists */
	ck_assert_uint_lt(atoms.edges_count, 2 * atoms.list_count * atoms.list_count);
	crash__atoms_clear(&atoms);
	crash__fs_clear(&fs);
	crash__base_close(comparison.base);
}
END_TEST

/* What the two have disagreed on. */
static const struct made_op once[][7] = {
	/* a size in front of a truncation that is durable was waited for, after another sync that failed */
	{{MADE_STRADDLE, "a", NULL, 0},
	 {MADE_FSYNC_FAILS, "a", NULL, 0},
	 {MADE_EMPTY, "a", NULL, 0},
	 {MADE_CREATE, "b", NULL, 0},
	 {MADE_FSYNC, "b", NULL, 0},
	 {MADE_FSYNC_FAILS, "a", NULL, 0},
	 {MADE_APPEND, "a", NULL, 4}},
	/* what a sync has made durable, if the file system is not read-only, does not fail later */
	{{MADE_OVERWRITE, "a", NULL, 0},
	 {MADE_CREATE, "b", NULL, 0},
	 {MADE_FSYNC_FAILS, "b", NULL, 0},
	 {MADE_SYNC, NULL, NULL, 0},
	 {MADE_FSYNC, "", NULL, 0},
	 {MADE_FSYNC_FAILS, "a", NULL, 0},
	 {MADE_MKDIR, "d", NULL, 0}},
	/* and fails if the file system may be read-only */
	{{MADE_SYNC, NULL, NULL, 0},
	 {MADE_EMPTY, "a", NULL, 0},
	 {MADE_APPEND, "a", NULL, 4},
	 {MADE_FSYNC_FAILS, "", NULL, 0},
	 {MADE_SYNC, NULL, NULL, 0},
	 {MADE_SYNC, NULL, NULL, 0},
	 {MADE_FSYNC_FAILS, "a", NULL, 0}},
};

#define ONCE (sizeof once / sizeof *once)

START_TEST(what_was_judged_in_two_ways_once_is_not)
{
	static struct comparison comparison;

	start(&comparison);
	for (int i = 0; i < 7; i++) {
		comparison.trees[i] = comparison.made.tree;
		ck_assert(made_do(&comparison.made, &once[_i][i]));
		comparison.ops[comparison.length++] = &once[_i][i];
	}
	compare_all(&comparison, NULL, 12);
	ck_assert_uint_gt(comparison.sets, 0);
	crash__base_close(comparison.base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("brute force");
	TCase *tcase = support_case(suite, "sets", all_short_recordings_leave_what_the_models_allow,
				    longer_recordings_leave_what_the_models_allow,
				    a_sync_of_many_writes_that_fails_makes_few_edges, NULL);

	tcase_set_timeout(tcase, getenv("CRASHINJECT_LONG") ? 3600 : 300);
	tcase_add_loop_test(tcase, what_was_judged_in_two_ways_once_is_not, 0, ONCE);
	return support_run(suite);
}
