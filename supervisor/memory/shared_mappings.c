/* SPDX-License-Identifier: MIT */
/*
 * shared_mappings.c - files that programs without the shim have mapped shared and writable.
 *
 * Method. Nobody inside the program can ask the kernel which pages it stored to, but the page cache is
 * everybody's: the file itself, read through a descriptor of our own, shows the stores. It is compared with
 * a copy at each op that is reported, and after the tree has ended, a killed process included. So every
 * write to such a file that is a call has to be made here, where the copy can follow it. A mapping that may
 * only be read costs nothing until mprotect() changes that. Copies are limited in size, and what is larger
 * makes the run incomplete.
 *
 * A file is who it is, by its descriptor here, whatever it is called: it may have been renamed or removed
 * since it was mapped, and another one be there. Its name is asked for when there is a store to report.
 */
#include "supervisor/memory/shared_mappings.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/machine.h"
#include "common/walk.h"
#include "supervisor/naming/naming.h"
#include "supervisor/notification_recorder.h"

#define MOST 512
#define MOST_BYTES (256u << 20)
#define UNIT 4096u /* bytes that are compared at once */

struct mapped {
	int fd;
	uint64_t device, inode;
	bool watched;	 /* somebody may store to it */
	uint64_t extent; /* how far into the file mappings reach */
	size_t bytes;	 /* of the copy: from the file's start on, as far as there is a file */
	unsigned char *copy;
	struct crash__remote remote; /* who mapped it */
	uint32_t file;		     /* number in the trace, under the path below; 0: none yet */
	char path[PATH_MAX];	     /* what it was called last */
};

static struct mapped table[MOST];
static unsigned int count;
static size_t total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void refuse(struct crash__control *control, struct mapped *mapped, const char *path)
{
	crash__control_incomplete(control, CRASH__INCOMPLETE_MAPPING_UNSEEN, path);
	if (!mapped)
		return;
	mapped->watched = false;
	total -= mapped->bytes;
	free(mapped->copy);
	mapped->copy = NULL;
	mapped->bytes = 0;
}

/* Makes the copy cover the first `bytes` of the file, as far as they are mapped; the new part is zero. */
static bool grow(struct mapped *mapped, uint64_t bytes)
{
	unsigned char *copy;

	if (bytes > mapped->extent)
		bytes = mapped->extent;
	bytes = (bytes + CRASH__PAGE - 1) & ~(uint64_t)(CRASH__PAGE - 1);
	if (bytes <= mapped->bytes)
		return true;
	if (bytes - mapped->bytes > MOST_BYTES - total)
		return false;
	copy = realloc(mapped->copy, bytes);
	if (!copy)
		return false;
	memset(copy + mapped->bytes, 0, bytes - mapped->bytes);
	total += bytes - mapped->bytes;
	mapped->copy = copy;
	mapped->bytes = bytes;
	return true;
}

/* What is mapped now is not a store, whatever is in it. */
static bool cover(struct mapped *mapped)
{
	size_t before = mapped->bytes;
	struct stat status;

	if (fstat(mapped->fd, &status) < 0 || !grow(mapped, (uint64_t)status.st_size))
		return false;
	return pread(mapped->fd, mapped->copy + before, mapped->bytes - before, (off_t)before) >= 0;
}

static struct mapped *find(uint64_t device, uint64_t inode)
{
	for (unsigned int i = 0; i < count; i++)
		if (table[i].device == device && table[i].inode == inode)
			return &table[i];
	return NULL;
}

static struct mapped *find_by_map(const struct crash__remote_map *map)
{
	for (unsigned int i = 0; i < count; i++)
		if (crash__remote_map_is_of(map, table[i].fd))
			return &table[i];
	return NULL;
}

static struct mapped *make(const struct crash__notification *notification)
{
	struct mapped *mapped = count < MOST ? &table[count] : NULL;
	char path[64];
	int fd;

	if (!mapped)
		return NULL;
	/* a descriptor to write with would keep the file from being executed, long after the process closed
	 * its own */
	snprintf(path, sizeof path, "/proc/self/fd/%d", notification->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	count++;
	atomic_store(&notification->control->remote_mappings, 1);
	*mapped = (struct mapped){
		.fd = fd,
		.device = notification->device,
		.inode = notification->inode,
		.remote = notification->remote,
		.file = notification->file,
	};
	strcpy(mapped->path, notification->path);
	return mapped;
}

/* The process's descriptor, or where that cannot be had another one of the file. */
static bool is_writable(struct crash__notification *notification)
{
	char path[64];
	long flags;

	if (notification->fd >= 0)
		return (fcntl(notification->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	flags = crash__remote_fd_flags(&notification->remote, (int)notification->args[4]);
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)notification->remote.pid,
		 (int)notification->args[4]);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDWR)
		notification->fd = open(path, O_RDONLY | O_CLOEXEC);
	return flags < 0 || (flags & O_ACCMODE) == O_RDWR;
}

void crash__mapped_add(struct crash__notification *notification)
{
	uint64_t end = (uint64_t)notification->args[5] + (uint64_t)notification->args[1];
	struct mapped *mapped;

	if (!is_writable(notification))
		return;
	pthread_mutex_lock(&lock);
	mapped = find(notification->device, notification->inode);
	if (!mapped)
		mapped = make(notification);
	if (mapped && end > mapped->extent)
		mapped->extent = end;
	if (mapped && (notification->args[2] & PROT_WRITE))
		mapped->watched = true;
	if (!mapped || (mapped->watched && !cover(mapped)))
		refuse(notification->control, mapped, notification->path);
	pthread_mutex_unlock(&lock);
}

/* What only the shim has seen mapped, and it does not see this. */
static void refuse_of_shim(const struct crash__notification *notification,
			   const struct crash__remote_map *map)
{
	if (crash__path_counts(notification->control, map->path) &&
	    crash__remote_map_reaches(&notification->remote, map))
		refuse(notification->control, NULL, map->path);
}

/* A mapping that stores are allowed to from now on. */
static void protect(const struct crash__remote_map *map, void *context)
{
	const struct crash__notification *notification = context;
	struct mapped *mapped = find_by_map(map);

	if (mapped && !mapped->watched) {
		mapped->watched = true;
		if (!cover(mapped))
			refuse(notification->control, mapped, map->path);
	} else if (!mapped && !map->writable) {
		refuse_of_shim(notification, map);
	}
}

void crash__mapped_protect(const struct crash__notification *notification)
{
	uint64_t start = (uint64_t)notification->args[0], end = start + (uint64_t)notification->args[1];

	/* what no shim has mapped either */
	if (!count && !atomic_load(&notification->control->loaded))
		return;
	pthread_mutex_lock(&lock);
	crash__remote_maps(&notification->remote, start, end, protect, (void *)(uintptr_t)notification);
	pthread_mutex_unlock(&lock);
}

/* A mapping that becomes longer, or another one of the same file (an old length of 0). */
static void stretch(const struct crash__remote_map *map, void *context)
{
	const struct crash__notification *notification = context;
	uint64_t start = (uint64_t)notification->args[0];
	uint64_t end = map->offset + (start - map->start) + (uint64_t)notification->args[2];
	struct mapped *mapped = find_by_map(map);

	if (!mapped)
		refuse_of_shim(notification, map);
	if (!mapped || end <= mapped->extent)
		return;
	mapped->extent = end;
	if (mapped->watched && !cover(mapped))
		refuse(notification->control, mapped, map->path);
}

void crash__mapped_remap(const struct crash__notification *notification)
{
	uint64_t start = (uint64_t)notification->args[0];

	if (!count && !atomic_load(&notification->control->loaded))
		return;
	pthread_mutex_lock(&lock);
	crash__remote_maps(&notification->remote, start, start + 1, stretch, (void *)(uintptr_t)notification);
	pthread_mutex_unlock(&lock);
}

static void find_hole(const struct crash__remote_map *map, void *context)
{
	if (!find_by_map(map))
		refuse_of_shim(context, map);
}

void crash__mapped_hollow(const struct crash__notification *notification)
{
	uint64_t start = (uint64_t)notification->args[0], end = start + (uint64_t)notification->args[1];

	if (!atomic_load(&notification->control->loaded))
		return; /* the files are compared with what they were */
	pthread_mutex_lock(&lock);
	crash__remote_maps(&notification->remote, start, end, find_hole, (void *)(uintptr_t)notification);
	pthread_mutex_unlock(&lock);
}

bool crash__mapped_is_watched(uint64_t device, uint64_t inode)
{
	const struct mapped *mapped;
	bool watched;

	if (!count)
		return false;
	pthread_mutex_lock(&lock);
	mapped = find(device, inode);
	watched = mapped && mapped->watched;
	pthread_mutex_unlock(&lock);
	return watched;
}

int crash__mapped_open(const struct crash__remote_map *map)
{
	struct mapped *mapped;
	int fd;

	pthread_mutex_lock(&lock);
	mapped = find_by_map(map);
	fd = mapped ? fcntl(mapped->fd, F_DUPFD_CLOEXEC, 0) : -1;
	pthread_mutex_unlock(&lock);
	return fd;
}

void crash__mapped_wrote(const struct crash__notification *notification, uint64_t offset,
			 const unsigned char *bytes, size_t written)
{
	struct mapped *mapped;

	if (!count)
		return;
	pthread_mutex_lock(&lock);
	mapped = find(notification->device, notification->inode);
	if (mapped && mapped->watched && !grow(mapped, offset + written))
		refuse(notification->control, mapped, mapped->path);
	if (mapped && offset < mapped->bytes)
		memcpy(mapped->copy + offset, bytes,
		       written < mapped->bytes - offset ? written : mapped->bytes - offset);
	pthread_mutex_unlock(&lock);
}

/* What the file is called now; false if it does not count any more. */
static bool name(struct crash__notification *store, struct mapped *mapped)
{
	struct stat status = {.st_nlink = 1};

	if (fstat(mapped->fd, &status) == 0)
		store->size = (uint64_t)status.st_size;
	/* of a process with other mounts that is gone only what was known before */
	if (!crash__name_ours(store->control, &mapped->remote, mapped->fd, status.st_nlink == 0, store->path))
		strcpy(store->path, mapped->path);
	if (!crash__path_counts(store->control, store->path))
		return false;
	if ((store->control->mode & CRASH__MODE_RECORD) &&
	    (!mapped->file || strcmp(mapped->path, store->path) != 0))
		mapped->file = crash__notification_record_file(store);
	strcpy(mapped->path, store->path);
	store->file = mapped->file;
	store->rules = crash__plan_rules_of_file(&store->control->plan, ~UINT64_C(0), store->path);
	return true;
}

/* One run of pages that differ. */
static bool report(struct crash__control *control, struct mapped *mapped, size_t start, size_t end,
		   bool (*take)(struct crash__notification *store, const unsigned char *bytes))
{
	struct crash__notification *store = calloc(1, sizeof *store);
	bool more;

	if (!store)
		return false;
	store->control = control;
	store->kernel = &crash__calls[CRASH__CALL_store];
	store->call = CRASH__CALL_store;
	store->family = CRASH__FAMILY_WRITE;
	store->remote = mapped->remote;
	store->fd = -1;
	store->args[1] = (long)(end - start);
	store->args[2] = (long)start;
	store->storage = true;
	store->device = mapped->device;
	store->inode = mapped->inode;
	store->mode = S_IFREG;
	more = !name(store, mapped) || take(store, mapped->copy + start);
	free(store);
	return more;
}

static bool scan(struct crash__control *control, struct mapped *mapped,
		 bool (*take)(struct crash__notification *store, const unsigned char *bytes))
{
	unsigned char unit[UNIT];
	size_t start = 0, end = 0;
	struct stat status;

	if (fstat(mapped->fd, &status) < 0)
		return true;
	if (!grow(mapped, (uint64_t)status.st_size)) {
		refuse(control, mapped, mapped->path);
		return true;
	}
	if ((uint64_t)status.st_size < mapped->bytes) /* cut off, and zero if it grows again */
		memset(mapped->copy + status.st_size, 0, mapped->bytes - (size_t)status.st_size);
	for (size_t at = 0; at < mapped->bytes && at < (size_t)status.st_size; at += UNIT) {
		ssize_t got = pread(mapped->fd, unit, UNIT, (off_t)at);

		if (got <= 0)
			break;
		if (memcmp(unit, mapped->copy + at, (size_t)got) == 0)
			continue;
		memcpy(mapped->copy + at, unit, (size_t)got);
		if (end != at || start == end) {
			if (start < end && !report(control, mapped, start, end, take))
				return false;
			start = at;
		}
		end = at + (size_t)got;
	}
	return start == end || report(control, mapped, start, end, take);
}

void crash__mapped_scan(struct crash__control *control,
			bool (*take)(struct crash__notification *store, const unsigned char *bytes))
{
	if (!count)
		return;
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < count; i++)
		if (table[i].watched && !scan(control, &table[i], take))
			break;
	pthread_mutex_unlock(&lock);
}
