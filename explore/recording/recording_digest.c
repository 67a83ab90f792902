/* SPDX-License-Identifier: MIT */
/*
 * Method. Everything that crash states are made of is in the steps of the replayed recording, their effects,
 * and the nodes and slots that these speak of: all of that is hashed, and the starting tree in the order of
 * its names. Of when ops began and ended, what counts is which had ended before which began.
 */
#include "explore/recording/recording_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/attributes.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/vector.h"
#include "trace/event_text.h"

/* ------------------------------------------------------------------ the recording */

/* What time it was is not the same each time. */
static void add_data(struct crash__digest *digest, const struct crash__event *event)
{
	crash__digest_number(digest, event->data_bytes);
	if (event->kind == CRASH__EVENT_OP && crash__calls[event->kernel].where.times)
		return;
	for (const struct crash__piece *piece = event->data; piece; piece = piece->next) {
		crash__digest_number(digest, piece->at);
		crash__digest_bytes(digest, piece->bytes, piece->count);
	}
}

/* Who somebody is differs from one machine to the next. */
static void add_change(struct crash__digest *digest, const struct crash__change *change)
{
	crash__digest_number(digest, change->attribute);
	crash__digest_number(digest, change->mode);
	crash__digest_number(digest, change->removed);
	crash__digest_text(digest, change->name);
}

/* How many steps had ended before this one began: steps are in the order in which they ended. */
static size_t count_ended(const struct crash__fs *fs, size_t step)
{
	uint64_t start = fs->steps[step].event->start;
	size_t low = 0, high = step;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fs->steps[middle].event->end < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_step(struct crash__digest *digest, const struct crash__fs *fs, size_t at)
{
	const struct crash__step *step = &fs->steps[at];
	const struct crash__event *event = step->event, *before = at ? fs->steps[at - 1].event : NULL;
	const uint64_t numbers[] = {
		event->kind,
		event->family,
		event->occurrence,
		event->call,
		count_ended(fs, at),
		step->sync,
		step->sync_from,
		step->sync_to,
		step->sync_own,
		step->sync_failed,
		step->node,
		step->replaces,
		step->acked,
		step->effects,
		event->route,
		event->result < 0,
		/* stores to a mapping are taken together by who made them */
		before && before->process == event->process && before->thread == event->thread,
	};

	crash__digest_bytes(digest, numbers, sizeof numbers);
	crash__digest_text(digest, event->name);
	if (step->effects || event->kind == CRASH__EVENT_ACK)
		add_data(digest, event);
	for (uint32_t i = 0; i < step->effects; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];
		const uint64_t what[] = {
			effect->kind,	  effect->node, effect->offset, effect->bytes,
			effect->old_size, effect->size, effect->slot,	effect->old_node,
		};

		if (effect->kind == CRASH__EFFECT_ATTRIBUTES)
			add_change(digest, crash__fs_change(fs, effect));
		crash__digest_bytes(digest, what, sizeof what);
	}
}

static void add_fs(struct crash__digest *digest, const struct crash__fs *fs)
{
	crash__digest_number(digest, fs->nodes_count);
	for (size_t i = 1; i < fs->nodes_count; i++) {
		const struct crash__node *node = &fs->nodes[i];

		crash__digest_number(digest, node->type);
		crash__digest_number(digest, node->allocated);
		/* what the data directory itself may is the user's affair */
		crash__digest_number(digest, i == 1 ? 0 : node->mode);
		crash__digest_number(digest, node->type == CRASH__NODE_DIRECTORY ? 0 : node->base_size);
		crash__digest_text(digest, node->base_path);
		crash__digest_text(digest, node->text);
	}
	crash__digest_number(digest, fs->slots_count);
	for (size_t i = 1; i < fs->slots_count; i++) {
		crash__digest_number(digest, fs->slots[i].directory);
		crash__digest_number(digest, fs->slots[i].base_child);
		crash__digest_text(digest, fs->slots[i].name);
	}
	crash__digest_number(digest, fs->steps_count);
	for (size_t i = 0; i < fs->steps_count; i++)
		add_step(digest, fs, i);
}

/* ------------------------------------------------------------------ the starting tree */

struct tree {
	struct crash__digest *digest;
	int top;
	bool contents;
	struct stat without; /* st_ino 0: nothing */
	char path[PATH_MAX]; /* below the top */
};

struct names {
	CRASH__VECTOR(char *, list);
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Nobody in the run, and no checker, reads what keeps us out. */
static int unreadable(const struct tree *tree)
{
	if (errno == EACCES) {
		crash__digest_text(tree->digest, "closed");
		return 0;
	}
	return crash__fail_errno("the starting tree: %s", *tree->path ? tree->path : ".");
}

static int add_below(struct tree *tree);

/* In the order of their names, of which there are few. The others not everybody can read, or give. */
static int add_xattrs(struct tree *tree)
{
	struct crash__xattrs xattrs;
	const char *name, *last = "", *next;
	const unsigned char *value;
	size_t bytes;

	if (crash__xattrs_read(tree->top, tree->path, &xattrs) < 0)
		return unreadable(tree);
	do {
		next = NULL;
		for (size_t at = 0; crash__xattrs_next(&xattrs, &at, &name, &value, &bytes);)
			if (strncmp(name, "user.", 5) == 0 && strcmp(name, last) > 0 &&
			    (!next || strcmp(name, next) < 0))
				next = name;
		if (!next)
			break;
		value = crash__xattrs_find(&xattrs, next, &bytes);
		crash__digest_text(tree->digest, next);
		crash__digest_number(tree->digest, bytes);
		crash__digest_bytes(tree->digest, value, bytes);
		last = next;
	} while (next);
	crash__xattrs_clear(&xattrs);
	return 0;
}

static int add_contents(struct tree *tree)
{
	int fd = crash__owner_open(tree->top, tree->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
	    result;

	if (fd < 0)
		return unreadable(tree);
	result = crash__digest_file(tree->digest, fd);
	close(fd);
	return result < 0 ? unreadable(tree) : 0;
}

/* What crash__tree_save() would not save does not count, either. */
static int add_thing(struct tree *tree)
{
	char text[PATH_MAX] = "";
	struct stat status;
	ssize_t length;
	int error;

	if (crash__owner_lstat(tree->top, tree->path, &status) < 0)
		return errno == ENOENT ? 0 : unreadable(tree);
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode) &&
	    !S_ISFIFO(status.st_mode))
		return 0;
	if (status.st_ino == tree->without.st_ino && status.st_dev == tree->without.st_dev)
		return 0;
	crash__digest_text(tree->digest, tree->path);
	crash__digest_number(tree->digest, S_ISLNK(status.st_mode) ? S_IFLNK : status.st_mode);
	error = add_xattrs(tree);
	if (error < 0)
		return error;
	if (S_ISDIR(status.st_mode))
		return add_below(tree);
	if (S_ISLNK(status.st_mode)) {
		length = crash__owner_readlink(tree->top, tree->path, text, sizeof text - 1);
		text[length < 0 ? 0 : length] = '\0';
		crash__digest_text(tree->digest, text);
	} else if (S_ISREG(status.st_mode) && tree->contents) {
		return add_contents(tree);
	} else {
		crash__digest_number(tree->digest, (uint64_t)status.st_size);
	}
	return 0;
}

/* The names in a directory, in order; what has come so far, also when it fails. */
static int read_names(const struct tree *tree, struct names *names)
{
	int fd = crash__owner_open(tree->top, *tree->path ? tree->path : ".",
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    got = 0, error = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!stream) {
		error = unreadable(tree);
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0) {
		char *copy = strdup(name);

		if (!copy || !CRASH__ADD(names, list, copy)) {
			free(copy);
			error = crash__fail(CRASH_ENOMEM, "no memory to compare recordings");
		}
	}
	if (error == 0 && got < 0)
		error = crash__fail_errno("the starting tree: %s", *tree->path ? tree->path : ".");
	closedir(stream);
	if (names->list_count)
		qsort(names->list, names->list_count, sizeof *names->list, by_name);
	return error;
}

static int add_below(struct tree *tree)
{
	size_t length = strlen(tree->path);
	struct names names = {0};
	int error = read_names(tree, &names);

	for (size_t i = 0; i < names.list_count; i++) {
		if (error == 0 &&
		    snprintf(tree->path + length, sizeof tree->path - length, "%s%s", length ? "/" : "",
			     names.list[i]) >= (int)(sizeof tree->path - length))
			error = crash__fail(CRASH_EDIR, "%s: this path is too long", tree->path);
		else if (error == 0)
			error = add_thing(tree);
		if (error == 0)
			tree->path[length] = '\0';
		free(names.list[i]);
	}
	free(names.list);
	return error;
}

/* `fs`: NULL for the tree alone. */
static int digest(const struct crash__base *base, const struct crash__fs *fs, bool contents,
		  const char *without, char text[CRASH__DIGEST_TEXT])
{
	struct tree *tree = calloc(1, sizeof *tree);
	int error = 0;

	if (tree)
		tree->digest = crash__digest_begin();
	if (!tree || !tree->digest) {
		free(tree);
		return crash__fail(CRASH_ENOMEM, "no memory to compare recordings");
	}
	tree->contents = contents;
	if (without && stat(without, &tree->without) < 0)
		tree->without.st_ino = 0;
	if (fs)
		add_fs(tree->digest, fs);
	crash__digest_number(tree->digest, contents);
	tree->top =
		crash__owner_open(AT_FDCWD, crash__base_directory(base), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = tree->top < 0 ? unreadable(tree) : add_below(tree);
	if (tree->top >= 0)
		close(tree->top);
	crash__digest_end(tree->digest, text);
	free(tree);
	return error;
}

int crash__recording_digest(const struct crash__fs *fs, bool contents, const char *without,
			    char text[CRASH__DIGEST_TEXT])
{
	return digest(fs->base, fs, contents, without, text);
}

int crash__base_digest(const struct crash__base *base, const char *without, char text[CRASH__DIGEST_TEXT])
{
	return digest(base, NULL, true, without, text);
}

/* ------------------------------------------------------------------ how two differ */

/* A trace, event by event, as far as the data directory and the world have to do with it. */
struct walk {
	const struct crash__trace *trace;
	const char *root;
	size_t next;
};

static const char *below(const struct walk *walk, const char *path)
{
	size_t length = strlen(walk->root);

	if (!path || strncmp(path, walk->root, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

static const struct crash__event *next_event(struct walk *walk)
{
	while (walk->next < walk->trace->count) {
		const struct crash__event *event = &walk->trace->events[walk->next++];

		if (event->kind != CRASH__EVENT_OP || below(walk, crash__event_path(walk->trace, event)))
			return event;
	}
	return NULL;
}

static bool is_same_text(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

static bool is_same_data(const struct crash__event *one, const struct crash__event *other)
{
	char text[2][CRASH__DIGEST_TEXT];
	const struct crash__event *both[2] = {one, other};

	for (int i = 0; i < 2; i++) {
		struct crash__digest *digest = crash__digest_begin();

		if (!digest)
			return true;
		add_data(digest, both[i]);
		crash__digest_end(digest, text[i]);
	}
	return strcmp(text[0], text[1]) == 0;
}

/* Descriptors and what was read may differ; whether a call failed, and what it wrote, may not. */
static bool is_same_op(const struct walk *one, const struct crash__event *x, const struct walk *other,
		       const struct crash__event *y)
{
	return x->kind == y->kind && x->call == y->call && x->occurrence == y->occurrence &&
	       (x->result < 0) == (y->result < 0) && is_same_text(x->name, y->name) &&
	       (x->kind != CRASH__EVENT_OP ||
		is_same_text(below(one, crash__event_path(one->trace, x)),
			     below(other, crash__event_path(other->trace, y)))) &&
	       crash__event_bytes(x) == crash__event_bytes(y) && x->offset == y->offset;
}

static char *line_of(const struct walk *walk, const struct crash__event *event)
{
	if (!event)
		return strdup("nothing");
	if (event->kind == CRASH__EVENT_ACK)
		return strdup("an acknowledgement");
	return crash__event_line(walk->trace, event);
}

char *crash__trace_difference(const struct crash__trace *one, const char *root_of_one,
			      const struct crash__trace *other, const char *root_of_other)
{
	struct walk walks[2] = {{one, root_of_one, 0}, {other, root_of_other, 0}};
	const struct crash__event *x, *y;
	char *lines[2] = {NULL, NULL}, *text = NULL;
	bool data = false;

	do {
		x = next_event(&walks[0]);
		y = next_event(&walks[1]);
		if (!x && !y)
			return NULL;
		data = x && y && is_same_op(&walks[0], x, &walks[1], y);
	} while (data && is_same_data(x, y));
	lines[0] = line_of(&walks[0], x);
	lines[1] = line_of(&walks[1], y);
	if (lines[0] && lines[1] &&
	    (data ? asprintf(&text, "%s has other bytes", lines[0]) :
		    asprintf(&text, "one has %s where the other has %s", lines[0], lines[1])) < 0)
		text = NULL;
	free(lines[0]);
	free(lines[1]);
	return text;
}
