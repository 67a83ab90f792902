/* SPDX-License-Identifier: MIT */
#define FUSE_USE_VERSION 35
#include "tests/powercut/disk.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <linux/loop.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "/disk"

struct disk_content {
	uint64_t pages;
	unsigned char *page[]; /* NULL: zeros */
};

static struct {
	uint64_t bytes, pages;
	unsigned char **page; /* NULL: zeros */
	bool *owned;	      /* ours to change; else a content has it, too */
	bool noting;
	struct disk_note *notes;
	size_t room;
	_Atomic size_t count;
	struct fuse *fuse;
	pthread_t server;
	char directory[PATH_MAX];
	int loop;
} disk = {.loop = -1};

static const unsigned char zeros[DISK_PAGE];

/* ------------------------------------------------------------------ pages */

static void *allocate(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	if (!memory)
		abort(); /* the kernel waits for an answer: there is no way on */
	return memory;
}

/* A page that may be written to. */
static unsigned char *own_page(uint64_t index)
{
	unsigned char *page = disk.page[index];

	if (disk.owned[index])
		return page;
	disk.page[index] = allocate(DISK_PAGE);
	if (page)
		memcpy(disk.page[index], page, DISK_PAGE);
	disk.owned[index] = true;
	return disk.page[index];
}

static void write_pages(uint64_t offset, const unsigned char *data, uint64_t bytes)
{
	while (bytes) {
		uint64_t index = offset / DISK_PAGE, at = offset % DISK_PAGE;
		uint64_t part = bytes < DISK_PAGE - at ? bytes : DISK_PAGE - at;

		/* making a file system writes zeros all over it */
		if (disk.page[index] || memcmp(data, zeros, part) != 0)
			memcpy(own_page(index) + at, data, part);
		offset += part;
		data += part;
		bytes -= part;
	}
}

struct disk_content *disk_save(void)
{
	struct disk_content *content = allocate(sizeof *content + disk.pages * sizeof *content->page);

	content->pages = disk.pages;
	for (uint64_t i = 0; i < disk.pages; i++)
		if (disk.page[i])
			content->page[i] = memcpy(allocate(DISK_PAGE), disk.page[i], DISK_PAGE);
	return content;
}

static void drop_pages(void)
{
	for (uint64_t i = 0; i < disk.pages; i++)
		if (disk.owned[i])
			free(disk.page[i]);
	memset(disk.owned, 0, disk.pages * sizeof *disk.owned);
}

void disk_load(const struct disk_content *content)
{
	ck_assert_uint_eq(content->pages, disk.pages);
	drop_pages();
	memcpy(disk.page, content->page, disk.pages * sizeof *disk.page);
	disk_notes_free(disk.notes, disk.count);
	disk.notes = NULL;
	disk.count = disk.room = 0;
	disk.noting = true;
}

void disk_content_free(struct disk_content *content)
{
	for (uint64_t i = 0; i < content->pages; i++)
		free(content->page[i]);
	free(content);
}

/* ------------------------------------------------------------------ notes */

static void take_note(uint64_t offset, const char *data, uint32_t bytes)
{
	struct disk_note *note;

	if (!disk.noting)
		return;
	if (disk.count == disk.room) {
		disk.room = disk.room ? 2 * disk.room : 64;
		disk.notes = realloc(disk.notes, disk.room * sizeof *disk.notes);
		if (!disk.notes)
			abort();
	}
	note = &disk.notes[disk.count];
	*note = (struct disk_note){.offset = offset, .bytes = bytes};
	if (bytes)
		note->data = memcpy(allocate(bytes), data, bytes);
	disk.count++;
}

size_t disk_notes(void)
{
	return disk.count;
}

struct disk_note *disk_take_notes(size_t *count)
{
	struct disk_note *notes = disk.notes;

	disk.noting = false;
	*count = disk.count;
	disk.notes = NULL;
	disk.count = disk.room = 0;
	return notes;
}

void disk_notes_free(struct disk_note *notes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(notes[i].data);
	free(notes);
}

void disk_apply(const struct disk_note *note, uint32_t from, uint32_t bytes)
{
	write_pages(note->offset + from, note->data + from, bytes);
}

/* ------------------------------------------------------------------ the file */

static int serve_getattr(const char *path, struct stat *status, struct fuse_file_info *file)
{
	(void)file;
	memset(status, 0, sizeof *status);
	status->st_nlink = 1;
	status->st_mode = S_IFDIR | 0700;
	if (strcmp(path, "/") == 0)
		return 0;
	if (strcmp(path, NAME) != 0)
		return -ENOENT;
	status->st_mode = S_IFREG | 0600;
	status->st_size = (off_t)disk.bytes;
	return 0;
}

static int serve_read(const char *path, char *buffer, size_t bytes, off_t offset, struct fuse_file_info *file)
{
	size_t done = 0;

	(void)path;
	(void)file;
	while (done < bytes && (uint64_t)offset + done < disk.bytes) {
		uint64_t at = (uint64_t)offset + done, inside = at % DISK_PAGE, part = DISK_PAGE - inside;
		const unsigned char *page = disk.page[at / DISK_PAGE];

		if (part > bytes - done)
			part = bytes - done;
		memcpy(buffer + done, (page ? page : zeros) + inside, part);
		done += part;
	}
	return (int)done;
}

static int serve_write(const char *path, const char *data, size_t bytes, off_t offset, struct fuse_file_info *file)
{
	(void)path;
	(void)file;
	if ((uint64_t)offset + bytes > disk.bytes)
		return -ENOSPC;
	write_pages((uint64_t)offset, (const unsigned char *)data, bytes);
	take_note((uint64_t)offset, data, (uint32_t)bytes);
	return (int)bytes;
}

static int serve_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
	(void)path;
	(void)data_only;
	(void)file;
	take_note(0, NULL, 0);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = serve_getattr,
	.read = serve_read,
	.write = serve_write,
	.fsync = serve_fsync,
};

static void *serve(void *unused)
{
	(void)unused;
	fuse_loop(disk.fuse);
	return NULL;
}

const char *disk_open(const char *directory, uint64_t bytes)
{
	char name[] = "disk", *arguments[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);

	if (geteuid() != 0)
		return "it needs root";
	if (access("/dev/fuse", R_OK | W_OK) < 0 || access("/dev/loop-control", R_OK | W_OK) < 0)
		return "there is no /dev/fuse or no /dev/loop-control";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "there can be no mount namespace";
	snprintf(disk.directory, sizeof disk.directory, "%s", directory);
	disk.bytes = bytes;
	disk.pages = bytes / DISK_PAGE;
	disk.page = allocate(disk.pages * sizeof *disk.page);
	disk.owned = allocate(disk.pages * sizeof *disk.owned);
	disk.fuse = fuse_new(&args, &operations, sizeof operations, NULL);
	if (!disk.fuse)
		return "there is no FUSE";
	if (fuse_mount(disk.fuse, disk.directory) < 0) {
		fuse_destroy(disk.fuse);
		return "FUSE cannot be mounted";
	}
	ck_assert_int_eq(pthread_create(&disk.server, NULL, serve, NULL), 0);
	return NULL;
}

void disk_close(void)
{
	fuse_exit(disk.fuse);
	fuse_unmount(disk.fuse); /* wakes the server */
	ck_assert_int_eq(pthread_join(disk.server, NULL), 0);
	fuse_destroy(disk.fuse);
	disk_notes_free(disk.notes, disk.count);
	drop_pages();
	free(disk.page);
	free(disk.owned);
}

/* ------------------------------------------------------------------ the device */

const char *disk_attach(void)
{
	static char name[32];
	char path[PATH_MAX + 8];
	struct loop_config config = {.info.lo_flags = LO_FLAGS_AUTOCLEAR};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), error = EBUSY;

	snprintf(path, sizeof path, "%s" NAME, disk.directory);
	config.fd = (__u32)open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(control >= 0 && (int)config.fd >= 0, "cannot open %s: %m", path);
	/* another process may take the same free one */
	for (int tries = 0; tries < 100 && error == EBUSY; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		ck_assert_msg(number >= 0, "no free loop device: %m");
		snprintf(name, sizeof name, "/dev/loop%d", number);
		disk.loop = open(name, O_RDWR | O_CLOEXEC);
		ck_assert_msg(disk.loop >= 0, "%s: %m", name);
		error = ioctl(disk.loop, LOOP_CONFIGURE, &config) < 0 ? errno : 0;
		if (error)
			close(disk.loop);
	}
	ck_assert_msg(error == 0, "%s: %s", name, strerror(error));
	close((int)config.fd);
	close(control);
	return name;
}

void disk_detach(void)
{
	close(disk.loop); /* the last one: that frees it */
	disk.loop = -1;
}
