/* SPDX-License-Identifier: MIT */
#define FUSE_USE_VERSION 35
#include "witness/disk.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "/disk"

struct disk_content {
	uint64_t pages;
	unsigned char *page[]; /* NULL: zeros */
};

#define ARENA (1ul << 31) /* bytes that the server and the test share, at one address */
#define MOST_NOTES (1u << 16)

/* In the arena: the server writes it while there is a device, the test while there is none. */
struct disk {
	_Atomic uint64_t used; /* bytes of the arena */
	uint64_t bytes, pages;
	bool noting;
	_Atomic size_t count, failed;
	struct disk_failure failure; /* the test changes it while nothing is asked of the disk */
	struct disk_note notes[MOST_NOTES];
	uint64_t loaded;      /* how much of the arena belongs to contents, and stays */
	bool *owned;	      /* by page: written since it was loaded */
	unsigned char **page; /* NULL: zeros */
};

static struct disk *disk;
static char directory[PATH_MAX];
static pid_t server;
static int loop = -1;

static const unsigned char zeros[DISK_PAGE];

/* ------------------------------------------------------------------ pages */

/* Memory is only ever taken; disk_load() gives back what was taken since the content was saved. */
static void *take(uint64_t bytes)
{
	uint64_t at = atomic_fetch_add(&disk->used, (bytes + 63) / 64 * 64);

	if (at + bytes > ARENA)
		abort();
	return (unsigned char *)disk + at;
}

/* A page that may be written to. */
static unsigned char *own_page(uint64_t index)
{
	const unsigned char *page = disk->page[index];

	if (!disk->owned[index])
		disk->page[index] = memcpy(take(DISK_PAGE), page ? page : zeros, DISK_PAGE);
	disk->owned[index] = true;
	return disk->page[index];
}

static void write_pages(uint64_t offset, const unsigned char *data, uint64_t bytes)
{
	while (bytes) {
		uint64_t index = offset / DISK_PAGE, at = offset % DISK_PAGE;
		uint64_t part = bytes < DISK_PAGE - at ? bytes : DISK_PAGE - at;

		/* making a file system writes zeros all over it */
		if (disk->page[index] || memcmp(data, zeros, part) != 0)
			memcpy(own_page(index) + at, data, part);
		offset += part;
		data += part;
		bytes -= part;
	}
}

struct disk_content *disk_save(void)
{
	struct disk_content *content = take(sizeof *content + disk->pages * sizeof *content->page);

	content->pages = disk->pages;
	memcpy(content->page, disk->page, disk->pages * sizeof *disk->page);
	disk->loaded = disk->used;
	return content;
}

void disk_load(const struct disk_content *content)
{
	memcpy(disk->page, content->page, disk->pages * sizeof *disk->page);
	memset(disk->owned, 0, disk->pages * sizeof *disk->owned);
	disk->used = disk->loaded;
	disk->count = 0;
	disk->noting = true;
	disk_fail(&(struct disk_failure){0});
}

/* ------------------------------------------------------------------ notes */

static void take_note(uint64_t offset, const char *data, uint32_t bytes)
{
	struct disk_note *note = &disk->notes[disk->count];

	if (!disk->noting)
		return;
	if (disk->count == MOST_NOTES)
		abort();
	*note = (struct disk_note){.offset = offset, .bytes = bytes};
	if (bytes)
		note->data = memcpy(take(bytes), data, bytes);
	disk->count++;
}

size_t disk_notes(void)
{
	return disk->count;
}

struct disk_note *disk_take_notes(size_t *count)
{
	struct disk_note *notes;

	disk->noting = false;
	*count = disk->count;
	notes = calloc(*count + 1, sizeof *notes);
	ck_assert_ptr_nonnull(notes);
	for (size_t i = 0; i < *count; i++) {
		notes[i] = disk->notes[i];
		notes[i].data = malloc(notes[i].bytes + 1);
		ck_assert_ptr_nonnull(notes[i].data);
		if (notes[i].bytes)
			memcpy(notes[i].data, disk->notes[i].data, notes[i].bytes);
	}
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
	status->st_size = (off_t)disk->bytes;
	return 0;
}

static int serve_read(const char *path, char *buffer, size_t bytes, off_t offset, struct fuse_file_info *file)
{
	size_t done = 0;

	(void)path;
	(void)file;
	while (done < bytes && (uint64_t)offset + done < disk->bytes) {
		uint64_t at = (uint64_t)offset + done, inside = at % DISK_PAGE, part = DISK_PAGE - inside;
		const unsigned char *page = disk->page[at / DISK_PAGE];

		if (part > bytes - done)
			part = bytes - done;
		memcpy(buffer + done, (page ? page : zeros) + inside, part);
		done += part;
	}
	return (int)done;
}

void disk_fail(const struct disk_failure *failure)
{
	disk->failure = *failure;
	disk->failed = 0;
}

size_t disk_failed(void)
{
	return disk->failed;
}

static bool is_to_fail(const char *data, size_t bytes)
{
	const unsigned char *holding = disk->failure.holding;
	size_t length = sizeof disk->failure.holding;

	return memcmp(holding, zeros, length) != 0 && memmem(data, bytes, holding, length);
}

static int serve_write(const char *path, const char *data, size_t bytes, off_t offset,
		       struct fuse_file_info *file)
{
	(void)path;
	(void)file;
	if ((uint64_t)offset + bytes > disk->bytes)
		return -ENOSPC;
	if (is_to_fail(data, bytes)) {
		disk->failed++;
		return -EIO;
	}
	write_pages((uint64_t)offset, (const unsigned char *)data, bytes);
	take_note((uint64_t)offset, data, (uint32_t)bytes);
	return (int)bytes;
}

static int serve_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
	(void)path;
	(void)data_only;
	(void)file;
	if (disk->failure.flushes) {
		disk->failed++;
		return -EIO;
	}
	take_note(0, NULL, 0);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = serve_getattr,
	.read = serve_read,
	.write = serve_write,
	.fsync = serve_fsync,
};

/*
 * The server is a process of its own. If it were a thread of the test, and the test were killed while it
 * waits for the device, each would wait for the other for ever. For the same reason it has no part in what
 * the test mounts: who is the last to leave a namespace unmounts what is in it. It goes with the test, and
 * then the kernel gets errors for answers.
 */
static _Noreturn void serve(struct fuse *fuse, pid_t test)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != test || unshare(CLONE_NEWNS) < 0 || umount2(directory, MNT_DETACH) < 0)
		_exit(1);
	fuse_loop(fuse);
	_exit(0);
}

static const char *start_server(void)
{
	char name[] = "disk", *arguments[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct fuse *fuse = fuse_new(&args, &operations, sizeof operations, NULL);
	pid_t test = getpid();

	if (!fuse)
		return "there is no FUSE";
	if (fuse_mount(fuse, directory) < 0) {
		fuse_destroy(fuse);
		return "FUSE cannot be mounted";
	}
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0)
		serve(fuse, test);
	close(fuse_session_fd(fuse_get_session(fuse))); /* the last one is the server's */
	return NULL;
}

const char *disk_open(const char *where, uint64_t bytes)
{
	if (geteuid() != 0)
		return "it needs root";
	if (access("/dev/fuse", R_OK | W_OK) < 0 || access("/dev/loop-control", R_OK | W_OK) < 0)
		return "there is no /dev/fuse or no /dev/loop-control";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "there can be no mount namespace";
	snprintf(directory, sizeof directory, "%s", where);
	disk = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(disk, MAP_FAILED);
	disk->used = (sizeof *disk + 63) / 64 * 64;
	disk->bytes = bytes;
	disk->pages = bytes / DISK_PAGE;
	disk->page = take(disk->pages * sizeof *disk->page);
	disk->owned = take(disk->pages * sizeof *disk->owned);
	return start_server();
}

void disk_close(void)
{
	ck_assert_int_eq(umount2(directory, MNT_DETACH), 0);
	kill(server, SIGKILL);
	ck_assert_int_eq(waitpid(server, NULL, 0), server);
	munmap(disk, ARENA);
}

/* ------------------------------------------------------------------ the device */

const char *disk_attach(void)
{
	static char name[32];
	char path[PATH_MAX + 8];
	struct loop_config config = {.info.lo_flags = LO_FLAGS_AUTOCLEAR};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), error = EBUSY;

	snprintf(path, sizeof path, "%s" NAME, directory);
	config.fd = (__u32)open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(control >= 0 && (int)config.fd >= 0, "cannot open %s: %m", path);
	/* another process may take the same free one */
	for (int tries = 0; tries < 100 && error == EBUSY; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		ck_assert_msg(number >= 0, "no free loop device: %m");
		snprintf(name, sizeof name, "/dev/loop%d", number);
		loop = open(name, O_RDWR | O_CLOEXEC);
		ck_assert_msg(loop >= 0, "%s: %m", name);
		error = ioctl(loop, LOOP_CONFIGURE, &config) < 0 ? errno : 0;
		if (error)
			close(loop);
	}
	ck_assert_msg(error == 0, "%s: %s", name, strerror(error));
	close((int)config.fd);
	close(control);
	return name;
}

void disk_detach(void)
{
	close(loop); /* the last one: that frees it */
	loop = -1;
}
