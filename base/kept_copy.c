/* SPDX-License-Identifier: MIT */
/*
 * Method. What has a change time before the moment of the note is what it was (base/change_clock.h). It is
 * also where it was: whoever moves a file, or gives it a name, changes it. So one look at each name tells
 * what was changed, and what is missing is missing in a directory that was changed. Everything that was
 * changed is taken away and copied anew.
 *
 * A directory that was changed is not taken away with all that is in it, which may not have been changed:
 * only its names are compared. Is it the one that was noted there? If not, what is in it may have moved with
 * it, and nothing shows that. So the note has which directory is where.
 *
 * Change times may be as coarse as the clock's tick: what was changed in the tick in which it was noted is
 * taken for changed; where that was much to copy, the tick is waited for before the next checks.
 *
 * That somebody has read a file is no change; its access time stays what that made of it.
 */
#include "base/kept_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/copy.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/hash_table.h"
#include "base/remove.h"

/* To copy more than this takes longer than to wait for the next tick; a file takes as long as so many bytes.
 */
#define WORTH_A_TICK (1u << 20)
#define FILE_BYTES (1u << 15)

struct noted_directory {
	char *path; /* below the copy */
	dev_t device;
	ino_t inode;
	UT_hash_handle hh;
};

struct crash__kept_copy {
	struct crash__change_clock *clock;
	dev_t device; /* of the top */
	ino_t inode;
	struct noted_directory *directories;
	struct crash__moment last, noted; /* of the last two notes */
	bool waits;			  /* for a tick at each note */
	uint64_t recent; /* bytes that would have been, or were, changed in the tick of the note */
	char top[PATH_MAX], path[PATH_MAX]; /* the copy; what is looked at in it */
	const char *original;
	char other[PATH_MAX]; /* what that should be */
	struct crash__copying *copying;
};

/* Of one directory: the names that were taken away, and how many are in it. */
struct names {
	char **list;
	size_t count, room, kept;
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for a copy");
}

static int cannot(const char *what, const struct crash__kept_copy *copy)
{
	return crash__fail_errno("cannot %s %s", what, copy->path);
}

struct crash__kept_copy *crash__kept_copy_new(struct crash__change_clock *clock, const char *path)
{
	struct crash__kept_copy *copy = calloc(1, sizeof *copy);

	if (!copy)
		return NULL;
	copy->clock = clock;
	snprintf(copy->top, sizeof copy->top, "%s", path);
	return copy;
}

static void forget_directories(struct crash__kept_copy *copy)
{
	struct noted_directory *directory, *next;

	HASH_ITER(hh, copy->directories, directory, next) {
		HASH_DEL(copy->directories, directory);
		free(directory->path);
		free(directory);
	}
}

void crash__kept_copy_free(struct crash__kept_copy *copy)
{
	if (copy)
		forget_directories(copy);
	free(copy);
}

/* ------------------------------------------------------------------ paths */

/* Puts a name behind what is looked at, in both trees, and takes it off. */
static int down(struct crash__kept_copy *copy, const char *name)
{
	size_t path = strlen(copy->path), other = strlen(copy->other);

	if (snprintf(copy->path + path, PATH_MAX - path, "/%s", name) < (int)(PATH_MAX - path) &&
	    snprintf(copy->other + other, PATH_MAX - other, "/%s", name) < (int)(PATH_MAX - other))
		return 0;
	return crash__fail(CRASH_EDIR, "%s: this path is too long", copy->path);
}

static void up(struct crash__kept_copy *copy)
{
	*strrchr(copy->path, '/') = '\0';
	*strrchr(copy->other, '/') = '\0';
}

static void begin_at_top(struct crash__kept_copy *copy, const char *original)
{
	strcpy(copy->path, copy->top);
	copy->original = original;
	snprintf(copy->other, sizeof copy->other, "%s", original);
}

static DIR *open_directory(const char *path)
{
	int fd = crash__owner_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

/* ------------------------------------------------------------------ noting */

static int note_below(struct crash__kept_copy *copy, nlink_t links);

static int note_directory(struct crash__kept_copy *copy, const struct stat *status)
{
	struct noted_directory *directory = calloc(1, sizeof *directory);

	if (directory)
		directory->path = strdup(copy->path);
	if (directory && directory->path) {
		directory->device = status->st_dev;
		directory->inode = status->st_ino;
		HASH_ADD_KEYPTR(hh, copy->directories, directory->path, strlen(directory->path), directory);
		if (CRASH__HASHED(directory))
			return 0;
	}
	if (directory)
		free(directory->path);
	free(directory);
	return no_memory();
}

static int note_name(struct crash__kept_copy *copy, int above, const char *name)
{
	struct stat status;
	int error = down(copy, name);

	if (error < 0)
		return error;
	if (crash__owner_lstat(above, name, &status) < 0)
		error = cannot("look at", copy);
	else if (S_ISDIR(status.st_mode))
		error = note_directory(copy, &status);
	if (error == 0 && S_ISDIR(status.st_mode))
		error = note_below(copy, status.st_nlink);
	up(copy);
	return error;
}

/* Where directories count as names of the one above, two are its own: there are no more. */
static int note_below(struct crash__kept_copy *copy, nlink_t links)
{
	DIR *stream = links == 2 ? NULL : open_directory(copy->path);
	struct dirent *entry;
	int error = 0;

	if (links == 2)
		return 0;
	if (!stream)
		return cannot("read", copy);
	while (error == 0 && (errno = 0, entry = readdir(stream)))
		if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
		    strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = note_name(copy, dirfd(stream), entry->d_name);
	if (error == 0 && errno)
		error = cannot("read", copy);
	closedir(stream);
	return error;
}

int crash__kept_copy_note(struct crash__kept_copy *copy, bool patient)
{
	struct stat status;
	int error;

	begin_at_top(copy, "");
	forget_directories(copy);
	error = lstat(copy->top, &status) < 0 ? cannot("look at", copy) : note_below(copy, status.st_nlink);
	if (error < 0)
		return error;
	copy->device = status.st_dev;
	copy->inode = status.st_ino;
	copy->last = copy->noted;
	return crash__change_clock_take(copy->clock, patient || copy->waits, &copy->noted) < 0 ?
		       crash__fail_errno("cannot tell when %s is changed", copy->top) :
		       0;
}

/* ------------------------------------------------------------------ restoring */

static bool is_changed(const struct crash__kept_copy *copy, const struct stat *status)
{
	return !crash__is_before(&status->st_ctim, &copy->noted.time);
}

/* What we have changed ourselves in the last tick before the note, or would have, had it not been waited for.
 */
static void count_recent(struct crash__kept_copy *copy, const struct stat *status)
{
	const struct timespec *since = copy->waits ? &copy->last.time : &copy->noted.time;

	if (S_ISREG(status->st_mode) && !crash__is_before(&status->st_ctim, since) &&
	    !crash__is_before(&copy->noted.time, &status->st_ctim))
		copy->recent += FILE_BYTES + (uint64_t)status->st_size;
}

/* Whether it was here when that was noted. */
static bool is_noted(const struct crash__kept_copy *copy, const struct stat *status)
{
	struct noted_directory *directory;

	HASH_FIND_STR(copy->directories, copy->path, directory);
	return directory && directory->device == status->st_dev && directory->inode == status->st_ino;
}

static int add_name(struct names *names, const char *name)
{
	if (names->count == names->room) {
		size_t room = names->room ? 2 * names->room : 16;
		char **list = realloc(names->list, room * sizeof *list);

		if (!list)
			return no_memory();
		names->list = list;
		names->room = room;
	}
	if (!(names->list[names->count] = strdup(name)))
		return no_memory();
	names->count++;
	return 0;
}

static int take_away(struct crash__kept_copy *copy, const struct stat *status)
{
	int result = S_ISDIR(status->st_mode) ? crash__remove_tree(copy->path, true) : unlink(copy->path);

	return result < 0 && errno != ENOENT ? cannot("remove", copy) : 0;
}

/* Copies what there is in the original, if there is something. */
static int bring_back(struct crash__kept_copy *copy, const char *name, struct names *names)
{
	struct stat status;
	int error = down(copy, name);

	if (error < 0)
		return error;
	error = crash__copying_add(copy->copying, copy->other, copy->path);
	names->kept += crash__owner_lstat(AT_FDCWD, copy->path, &status) == 0;
	up(copy);
	return error;
}

/* Root has rights over what its mode forbids its owner, if they were not taken away. */
static bool is_closed(const struct crash__kept_copy *copy, const struct stat *status)
{
	return (status->st_mode & S_IRWXU) != S_IRWXU && eaccess(copy->path, R_OK | W_OK | X_OK) < 0;
}

/* What a directory's mode forbids its owner is allowed until its attributes are given again. */
static int open_up(struct crash__kept_copy *copy, const struct stat *status)
{
	return chmod(copy->path, (status->st_mode & 07777) | S_IRWXU) < 0 ? cannot("open", copy) : 0;
}

static int restore_directory(struct crash__kept_copy *copy, const struct stat *status, bool top);

/* @param above whether the directory was changed that it is in */
static int restore_name(struct crash__kept_copy *copy, int directory, const char *name, bool above,
			struct names *names)
{
	struct stat status;
	int error = 0;

	/* names may go between two looks where a process was left; the next look has it */
	if (crash__owner_lstat(directory, name, &status) < 0)
		return errno == ENOENT ? 0 : cannot("look at", copy);
	if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		count_recent(copy, &status);
	if (!S_ISDIR(status.st_mode) && !is_changed(copy, &status)) {
		names->kept++;
		return 0;
	}
	error = down(copy, name);
	if (error < 0)
		return error;
	if (S_ISDIR(status.st_mode) && (!above || !is_changed(copy, &status) || is_noted(copy, &status))) {
		names->kept++;
		error = restore_directory(copy, &status, false);
	} else {
		error = take_away(copy, &status);
		if (error == 0)
			error = add_name(names, name);
	}
	up(copy);
	return error;
}

static int count_names(struct crash__kept_copy *copy, DIR *stream, size_t *count)
{
	const char *name;
	int got;

	for (*count = 0; (got = crash__directory_next(stream, &name)) > 0; ++*count)
		;
	rewinddir(stream);
	return got < 0 ? cannot("read", copy) : 0;
}

/* Brings back what is in the original and not here. What is here is there, too. */
static int bring_missing(struct crash__kept_copy *copy, struct names *names)
{
	DIR *stream = open_directory(copy->other);
	struct stat status;
	const char *name;
	size_t count = 0;
	int error = 0, got = 0, here = open(copy->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	error = !stream || here < 0 ? cannot("read", copy) : count_names(copy, stream, &count);
	while (error == 0 && names->kept != count && (got = crash__directory_next(stream, &name)) > 0)
		if (fstatat(here, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			error = errno == ENOENT ? bring_back(copy, name, names) : cannot("look at", copy);
	if (error == 0 && got < 0)
		error = cannot("read", copy);
	if (stream)
		closedir(stream);
	if (here >= 0)
		close(here);
	return error;
}

static int date(struct crash__kept_copy *copy)
{
	return crash__copying_attributes(copy->copying, copy->other, copy->path);
}

/* A directory whose names were changed, or one of them by us: last, as what is put into it dates it. */
static int mend_directory(struct crash__kept_copy *copy, bool changed, struct names *names)
{
	int error = 0;

	for (size_t i = 0; i < names->count && error == 0; i++)
		error = bring_back(copy, names->list[i], names);
	if (error == 0 && changed)
		error = bring_missing(copy, names);
	return error == 0 ? date(copy) : error;
}

static int restore_directory(struct crash__kept_copy *copy, const struct stat *status, bool top)
{
	bool changed = is_changed(copy, status), opened = is_closed(copy, status);
	int error = opened ? open_up(copy, status) : 0, got = 0;
	struct names names = {0};
	const char *name;
	DIR *stream;

	if (error < 0)
		return error;
	stream = top ? opendir(copy->path) : open_directory(copy->path);
	if (!stream)
		return cannot("read", copy);
	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0)
		error = restore_name(copy, dirfd(stream), name, changed, &names);
	if (error == 0 && got < 0)
		error = cannot("read", copy);
	closedir(stream);
	if (error == 0 && (changed || names.count))
		error = mend_directory(copy, changed, &names);
	else if (error == 0 && opened)
		error = date(copy);
	while (names.count)
		free(names.list[--names.count]);
	free(names.list);
	return error;
}

/* ------------------------------------------------------------------ files with several names */

static int link_anew(struct crash__kept_copy *copy, DIR *stream, bool *changed);

static int link_directory(struct crash__kept_copy *copy)
{
	DIR *stream = open_directory(copy->other);
	bool changed = false;
	int error;

	if (!stream)
		return crash__fail_errno("cannot read %s", copy->other);
	error = link_anew(copy, stream, &changed);
	closedir(stream);
	return error == 0 && changed ? date(copy) : error;
}

/* Each name of such a file is taken away and made anew. */
static int link_anew(struct crash__kept_copy *copy, DIR *stream, bool *changed)
{
	struct stat status;
	const char *name;
	int error = 0, got = 0;

	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0) {
		if (crash__owner_lstat(dirfd(stream), name, &status) < 0)
			return crash__fail_errno("cannot look at %s/%s", copy->other, name);
		if (!S_ISDIR(status.st_mode) && status.st_nlink < 2)
			continue;
		error = down(copy, name);
		if (error == 0 && S_ISDIR(status.st_mode)) {
			error = link_directory(copy);
		} else if (error == 0) {
			*changed = true;
			error = unlink(copy->path) < 0 && errno != ENOENT ? cannot("remove", copy) : 0;
			if (error == 0)
				error = crash__copying_add(copy->copying, copy->other, copy->path);
		}
		if (error == 0)
			up(copy);
	}
	return error == 0 && got < 0 ? crash__fail_errno("cannot read %s", copy->other) : error;
}

/* If one name of a file was copied, its others still are names of what it was. */
static int link_names(struct crash__kept_copy *copy)
{
	if (!crash__copying_has_links(copy->copying))
		return 0;
	crash__copying_free(copy->copying);
	copy->copying = crash__copying_new();
	begin_at_top(copy, copy->original);
	return copy->copying ? link_directory(copy) : CRASH_ENOMEM;
}

int crash__kept_copy_restore(struct crash__kept_copy *copy, const char *original)
{
	struct stat status;
	int error;

	begin_at_top(copy, original);
	copy->recent = 0;
	if (!crash__change_clock_holds(copy->clock, &copy->noted))
		copy->noted.time = (struct timespec){0};
	copy->copying = crash__copying_new();
	if (!copy->copying)
		return CRASH_ENOMEM;
	if (lstat(copy->top, &status) < 0)
		error = cannot("look at", copy);
	else if (status.st_dev != copy->device || status.st_ino != copy->inode)
		error = crash__fail(CRASH_EDIR, "%s is not the directory that it was", copy->top);
	else
		error = restore_directory(copy, &status, true);
	if (error == 0)
		error = link_names(copy);
	crash__copying_free(copy->copying);
	copy->copying = NULL;
	copy->waits = copy->recent > WORTH_A_TICK;
	return error;
}
