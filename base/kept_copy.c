/* SPDX-License-Identifier: MIT */
/*
 * Method. A change of a file, of its attributes or of its names moves its change time, which nobody can set.
 * So what has the inode and the change time that it had is what it was. Change times may be as coarse as the
 * clock's tick: two changes in one tick look like one. What was changed in the tick in which it was noted is
 * therefore taken for changed; where that would be much to copy, the tick is waited for before the check.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
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

struct entry {
	char *path; /* below the copy; "" is the copy itself */
	struct stat status;
	bool kept; /* it is still what it was */
	UT_hash_handle hh;
};

/* A file with more than one name, one of which shows that it was changed. */
struct changed_file {
	ino_t inode;
	UT_hash_handle hh;
};

struct crash__kept_copy {
	struct entry *entries; /* by path, in the order in which they were found: parents first */
	struct timespec noted; /* all of that was before */
	bool changed;
	char top[PATH_MAX], path[PATH_MAX]; /* the copy; what is looked at in it */
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for a copy");
}

static int cannot(const char *what, const struct crash__kept_copy *copy)
{
	return crash__fail_errno("cannot %s %s", what, copy->path);
}

/* ------------------------------------------------------------------ walking */

typedef int visit(struct crash__kept_copy *copy, const char *below, const struct stat *status, bool *enter);

static int walk(struct crash__kept_copy *copy, visit *each);

/* Names may come and go between two looks where a process was left; the next look has it. */
static int walk_entry(struct crash__kept_copy *copy, int above, const char *name, visit *each)
{
	size_t length = strlen(copy->path), top = strlen(copy->top);
	bool enter = false;
	struct stat status;
	int error;

	if (snprintf(copy->path + length, PATH_MAX - length, "/%s", name) >= (int)(PATH_MAX - length))
		return crash__fail(CRASH_EDIR, "%s: this path is too long", copy->path);
	if (crash__owner_lstat(above, name, &status) < 0)
		error = errno == ENOENT ? 0 : cannot("look at", copy);
	else
		error = each(copy, copy->path + top + 1, &status, &enter);
	if (error == 0 && enter)
		error = walk(copy, each);
	if (error == 0)
		copy->path[length] = '\0';
	return error;
}

static int walk(struct crash__kept_copy *copy, visit *each)
{
	int fd = crash__owner_open(AT_FDCWD, copy->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0,
	    got = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!stream)
		return cannot("read", copy);
	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0)
		error = walk_entry(copy, fd, name, each);
	if (error == 0 && got < 0)
		error = cannot("read", copy);
	closedir(stream);
	return error;
}

/* ------------------------------------------------------------------ noting */

static int note(struct crash__kept_copy *copy, const char *below, const struct stat *status, bool *enter)
{
	struct entry *entry = calloc(1, sizeof *entry);

	if (entry)
		entry->path = strdup(below);
	if (!entry || !entry->path) {
		free(entry);
		return no_memory();
	}
	entry->status = *status;
	HASH_ADD_KEYPTR(hh, copy->entries, entry->path, strlen(entry->path), entry);
	if (!CRASH__HASHED(entry)) {
		free(entry->path);
		free(entry);
		return no_memory();
	}
	*enter = S_ISDIR(status->st_mode);
	return 0;
}

static bool is_before(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec != other->tv_sec ? one->tv_sec < other->tv_sec : one->tv_nsec < other->tv_nsec;
}

/* The bytes that would be taken for changed, if a check began now. */
static uint64_t uncertain(struct crash__kept_copy *copy)
{
	uint64_t bytes = 0;

	clock_gettime(CLOCK_REALTIME_COARSE, &copy->noted);
	for (struct entry *entry = copy->entries; entry; entry = entry->hh.next)
		if (S_ISREG(entry->status.st_mode) && !is_before(&entry->status.st_ctim, &copy->noted))
			bytes += FILE_BYTES + (uint64_t)entry->status.st_size;
	return bytes;
}

/* Not for ever: whoever has set the clock back makes us copy what need not be copied. */
static void wait_for_tick(struct crash__kept_copy *copy, uint64_t most)
{
	const struct timespec moment = {.tv_nsec = 500000};

	for (int i = 0; i < 40 && uncertain(copy) > most; i++)
		nanosleep(&moment, NULL);
}

int crash__kept_copy_note(const char *path, bool patient, struct crash__kept_copy **out)
{
	struct crash__kept_copy *copy = calloc(1, sizeof *copy);
	struct stat status;
	bool enter;
	int error;

	if (!copy)
		return no_memory();
	snprintf(copy->top, sizeof copy->top, "%s", path);
	strcpy(copy->path, copy->top);
	error = stat(path, &status) < 0 ? cannot("look at", copy) : note(copy, "", &status, &enter);
	if (error == 0)
		error = walk(copy, note);
	if (error < 0) {
		crash__kept_copy_free(copy);
		return error;
	}
	wait_for_tick(copy, patient ? 0 : WORTH_A_TICK);
	*out = copy;
	return 0;
}

void crash__kept_copy_free(struct crash__kept_copy *copy)
{
	struct entry *entry, *next;

	if (!copy)
		return;
	HASH_ITER(hh, copy->entries, entry, next) {
		HASH_DEL(copy->entries, entry);
		free(entry->path);
		free(entry);
	}
	free(copy);
}

/* ------------------------------------------------------------------ comparing */

static bool is_same(const struct crash__kept_copy *copy, const struct entry *entry, const struct stat *status)
{
	return entry->status.st_dev == status->st_dev && entry->status.st_ino == status->st_ino &&
	       entry->status.st_mode == status->st_mode && entry->status.st_size == status->st_size &&
	       entry->status.st_nlink == status->st_nlink &&
	       entry->status.st_ctim.tv_sec == status->st_ctim.tv_sec &&
	       entry->status.st_ctim.tv_nsec == status->st_ctim.tv_nsec &&
	       is_before(&status->st_ctim, &copy->noted);
}

static int take_away(struct crash__kept_copy *copy, const struct stat *status)
{
	int result = S_ISDIR(status->st_mode) ? crash__remove_tree(copy->path, true) : unlink(copy->path);

	return result < 0 && errno != ENOENT ? cannot("remove", copy) : 0;
}

/* What a directory's mode forbids its owner is allowed until its attributes are given again. */
static int open_up(struct crash__kept_copy *copy, const struct stat *status)
{
	if (geteuid() == 0 || (status->st_mode & S_IRWXU) == S_IRWXU)
		return 0;
	copy->changed = true;
	return chmod(copy->path, (status->st_mode & 07777) | S_IRWXU) < 0 ? cannot("open", copy) : 0;
}

/* Keeps what is as it was, enters directories, and takes away everything else. */
static int compare(struct crash__kept_copy *copy, const char *below, const struct stat *status, bool *enter)
{
	struct entry *entry;
	bool same;

	HASH_FIND_STR(copy->entries, below, entry);
	same = entry && is_same(copy, entry, status);
	copy->changed |= !same;
	/* the number of a file that is gone may be a directory's now */
	if (entry && S_ISDIR(status->st_mode) && S_ISDIR(entry->status.st_mode) &&
	    entry->status.st_ino == status->st_ino) {
		entry->kept = *enter = true;
		return open_up(copy, status);
	}
	if (!same)
		return take_away(copy, status);
	entry->kept = true;
	return 0;
}

/* ------------------------------------------------------------------ restoring */

/* Where one name of a file was taken away, its others show a file that is no longer one with it. */
static int take_other_names(struct crash__kept_copy *copy)
{
	struct changed_file *files = NULL, *file, *next;
	int error = 0;

	for (struct entry *entry = copy->entries; entry && error == 0; entry = entry->hh.next) {
		if (entry->kept || S_ISDIR(entry->status.st_mode) || entry->status.st_nlink < 2)
			continue;
		HASH_FIND(hh, files, &entry->status.st_ino, sizeof file->inode, file);
		if (file)
			continue;
		file = calloc(1, sizeof *file);
		if (file) {
			file->inode = entry->status.st_ino;
			HASH_ADD(hh, files, inode, sizeof file->inode, file);
		}
		if (!file || !CRASH__HASHED(file)) {
			free(file);
			error = no_memory();
		}
	}
	for (struct entry *entry = copy->entries; entry && error == 0 && files; entry = entry->hh.next) {
		HASH_FIND(hh, files, &entry->status.st_ino, sizeof file->inode, file);
		if (!file || !entry->kept || S_ISDIR(entry->status.st_mode))
			continue;
		snprintf(copy->path, sizeof copy->path, "%.2000s/%.2000s", copy->top, entry->path);
		error = take_away(copy, &entry->status);
		entry->kept = false;
	}
	HASH_ITER(hh, files, file, next) {
		HASH_DEL(files, file);
		free(file);
	}
	return error;
}

static int bring_back(struct crash__kept_copy *copy, struct crash__copying *copying, const char *original)
{
	char from[PATH_MAX];
	struct stat status;
	int error = 0;

	for (struct entry *entry = copy->entries; entry && error == 0; entry = entry->hh.next) {
		if (entry->kept)
			continue;
		snprintf(copy->path, sizeof copy->path, "%.2000s/%.2000s", copy->top, entry->path);
		snprintf(from, sizeof from, "%.2000s/%.2000s", original, entry->path);
		/* with a directory came what is below it */
		if (crash__owner_lstat(AT_FDCWD, copy->path, &status) < 0)
			error = crash__copying_add(copying, from, copy->path);
	}
	return error;
}

/* Last, and the innermost first: what was put into a directory has dated it, and its mode may keep us out. */
static int date_directories(struct crash__kept_copy *copy, struct crash__copying *copying,
			    const char *original)
{
	struct entry *entry =
		copy->entries ? ELMT_FROM_HH(copy->entries->hh.tbl, copy->entries->hh.tbl->tail) : NULL;
	char from[PATH_MAX];
	struct stat status;
	int error = 0;

	for (; entry && error == 0; entry = entry->hh.prev) {
		const char *slash = entry->path[0] ? "/" : "";

		if (!S_ISDIR(entry->status.st_mode))
			continue;
		snprintf(copy->path, sizeof copy->path, "%.2000s%s%.2000s", copy->top, slash, entry->path);
		snprintf(from, sizeof from, "%.2000s%s%.2000s", original, slash, entry->path);
		if (crash__owner_lstat(AT_FDCWD, copy->path, &status) < 0)
			error = cannot("look at", copy);
		else if (!is_same(copy, entry, &status))
			error = crash__copying_attributes(copying, from, copy->path);
	}
	return error;
}

int crash__kept_copy_restore(struct crash__kept_copy *copy, const char *original)
{
	struct crash__copying *copying = crash__copying_new();
	struct stat status;
	int error;

	if (!copying)
		return CRASH_ENOMEM;
	strcpy(copy->path, copy->top);
	copy->changed = false;
	error = stat(copy->top, &status) < 0 ? cannot("look at", copy) : 0;
	if (error == 0) {
		copy->entries->kept = true;
		copy->changed = !is_same(copy, copy->entries, &status);
		error = open_up(copy, &status);
	}
	if (error == 0)
		error = walk(copy, compare);
	for (struct entry *entry = copy->entries; entry && !copy->changed; entry = entry->hh.next)
		copy->changed = !entry->kept;
	if (error == 0 && copy->changed)
		error = take_other_names(copy);
	if (error == 0 && copy->changed)
		error = bring_back(copy, copying, original);
	if (error == 0 && copy->changed)
		error = date_directories(copy, copying, original);
	crash__copying_free(copying);
	return error;
}

/* ------------------------------------------------------------------ trying */

static bool is_dated(int fd, unsigned char *memory, int round)
{
	struct stat before, after;
	struct timespec now;

	if (fstat(fd, &before) < 0)
		return false;
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (!is_before(&before.st_ctim, &now));
	if (round == 0)
		memory[0]++;
	else if (pwrite(fd, "x", 1, 1) != 1)
		return false;
	return fstat(fd, &after) == 0 && is_before(&before.st_ctim, &after.st_ctim);
}

bool crash__kept_copy_possible(const char *directory)
{
	char path[PATH_MAX];
	bool dated = false;
	void *memory;
	int fd;

	snprintf(path, sizeof path, "%.4000s/.dated-XXXXXX", directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return false;
	unlink(path);
	if (ftruncate(fd, 4096) == 0) {
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		dated = memory != MAP_FAILED && is_dated(fd, memory, 0) && is_dated(fd, memory, 1);
		if (memory != MAP_FAILED)
			munmap(memory, 4096);
	}
	close(fd);
	return dated;
}
