/* SPDX-License-Identifier: MIT */
#define FUSE_USE_VERSION 35
#include "witness/disk.h"

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
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/private_mounts.h"

#define NAME "/disk"

struct disk_content {
	uint64_t pages;
	unsigned char *page[]; /* NULL: zeros */
};

#define ARENA (1ul << 32) /* bytes that the server and we share, at one address; used as they are needed */
#define FREE_MS 10	  /* between two looks whether a device is free again */
#define MOST_LOOKS 1000
#define MOST_NOTES (1u << 16)

/* In the arena: the server writes it while there is a device, we while there is none. */
struct disk {
	_Atomic uint64_t used; /* bytes of the arena */
	uint64_t bytes, pages;
	bool noting;
	_Atomic size_t count, failed;
	struct disk_failure failure; /* changed while nothing is asked of the disk */
	_Atomic bool full; /* something has found no room: what is held, or noted, is not what was written */
	struct disk_note notes[MOST_NOTES];
	uint64_t loaded;      /* how much of the arena belongs to contents, and stays */
	bool *owned;	      /* by page: written since it was loaded */
	unsigned char **page; /* NULL: zeros */
};

static struct disk *disk;
static char directory[PATH_MAX];
static pid_t server;
static int loop = -1;
static char device[32]; /* the loop device's path */

static const unsigned char zeros[DISK_PAGE];

/* ------------------------------------------------------------------ pages */

/* Memory is only ever taken; disk_load() gives back what was taken since the content was saved. NULL: there
 * is no more. */
static void *take(uint64_t bytes)
{
	uint64_t at = atomic_fetch_add(&disk->used, (bytes + 63) / 64 * 64);

	if (at + bytes <= ARENA)
		return (unsigned char *)disk + at;
	disk->full = true;
	return NULL;
}

/* A page that may be written to; NULL: there is no room. */
static unsigned char *own_page(uint64_t index)
{
	const unsigned char *page = disk->page[index];
	unsigned char *own = disk->owned[index] ? disk->page[index] : take(DISK_PAGE);

	if (own && !disk->owned[index])
		disk->page[index] = memcpy(own, page ? page : zeros, DISK_PAGE);
	disk->owned[index] |= own != NULL;
	return own;
}

static void write_pages(uint64_t offset, const unsigned char *data, uint64_t bytes)
{
	while (bytes) {
		uint64_t index = offset / DISK_PAGE, at = offset % DISK_PAGE;
		uint64_t part = bytes < DISK_PAGE - at ? bytes : DISK_PAGE - at;

		/* making a file system writes zeros all over it */
		bool changes = disk->page[index] || memcmp(data, zeros, part) != 0;
		unsigned char *page = changes ? own_page(index) : NULL;

		if (page)
			memcpy(page + at, data, part);
		offset += part;
		data += part;
		bytes -= part;
	}
}

struct disk_content *disk_save(void)
{
	struct disk_content *content = take(sizeof *content + disk->pages * sizeof *content->page);

	if (!content)
		return NULL;
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
	disk->full = false;
	disk_fail(&(struct disk_failure){0});
}

void disk_stop_notes(void)
{
	disk->noting = false;
}

bool disk_is_full(void)
{
	return disk->full;
}

int disk_keep(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), error = 0;

	if (fd < 0 || ftruncate(fd, (off_t)disk->bytes) < 0)
		error = crash__fail_errno("%s", path);
	for (uint64_t i = 0; i < disk->pages && error == 0; i++)
		if (disk->page[i] &&
		    pwrite(fd, disk->page[i], DISK_PAGE, (off_t)(i * DISK_PAGE)) != (ssize_t)DISK_PAGE)
			error = crash__fail_errno("%s", path);
	if (fd >= 0 && close(fd) < 0 && error == 0)
		error = crash__fail_errno("%s", path);
	return error;
}

/* ------------------------------------------------------------------ notes */

static void take_note(uint64_t offset, const char *data, uint32_t bytes)
{
	struct disk_note *note = &disk->notes[disk->count];
	unsigned char *kept = disk->noting && bytes ? take(bytes) : NULL;

	if (!disk->noting || (bytes && !kept))
		return;
	if (disk->count == MOST_NOTES) {
		disk->full = true;
		return;
	}
	*note = (struct disk_note){.offset = offset, .bytes = bytes};
	if (bytes)
		note->data = memcpy(kept, data, bytes);
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
	for (size_t i = 0; notes && i < *count; i++) {
		notes[i] = disk->notes[i];
		notes[i].data = malloc(notes[i].bytes + 1);
		if (!notes[i].data) {
			disk_notes_free(notes, i);
			return NULL;
		}
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
	return disk->full ? -EIO : (int)bytes;
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
 * The server is a process of its own. If it were a thread of ours, and we were killed while we wait for the
 * device, each would wait for the other for ever. For the same reason it has no part in what we mount: who is
 * the last to leave a namespace unmounts what is in it. It goes with us, and then the kernel gets errors for
 * answers.
 */
static _Noreturn void serve(struct fuse *fuse, pid_t owner)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != owner || unshare(CLONE_NEWNS) < 0 || umount2(directory, MNT_DETACH) < 0)
		_exit(1);
	fuse_loop(fuse);
	_exit(0);
}

static const char *start_server(void)
{
	char name[] = "disk", *arguments[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct fuse *fuse = fuse_new(&args, &operations, sizeof operations, NULL);
	pid_t owner = getpid();

	if (!fuse)
		return "there is no FUSE";
	if (fuse_mount(fuse, directory) < 0) {
		fuse_destroy(fuse);
		return "FUSE cannot be mounted";
	}
	server = fork();
	if (server < 0)
		return "there can be no more processes";
	if (server == 0)
		serve(fuse, owner);
	close(fuse_session_fd(fuse_get_session(fuse))); /* the last one is the server's */
	return NULL;
}

const char *disk_open(const char *where, uint64_t bytes)
{
	if (geteuid() != 0)
		return "it needs root";
	if (access("/dev/fuse", R_OK | W_OK) < 0 || access("/dev/loop-control", R_OK | W_OK) < 0)
		return "there is no /dev/fuse or no /dev/loop-control";
	if (unshare(CLONE_NEWNS) < 0 || crash__mounts_make_private() < 0)
		return "there can be no mount namespace";
	snprintf(directory, sizeof directory, "%s", where);
	disk = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (disk == MAP_FAILED)
		return "there is no memory for a disk";
	disk->used = (sizeof *disk + 63) / 64 * 64;
	disk->bytes = bytes;
	disk->pages = bytes / DISK_PAGE;
	disk->page = take(disk->pages * sizeof *disk->page);
	disk->owned = take(disk->pages * sizeof *disk->owned);
	return disk->full ? "there is no memory for such a disk" : start_server();
}

void disk_close(void)
{
	umount2(directory, MNT_DETACH);
	kill(server, SIGKILL);
	while (waitpid(server, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(disk, ARENA);
}

/* ------------------------------------------------------------------ the device */

/* Another process may take the same free one. Returns an errno. */
static int configure(int control, const struct loop_config *config)
{
	int error = EBUSY;

	for (int tries = 0; tries < 100 && error == EBUSY; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		snprintf(device, sizeof device, "/dev/loop%d", number);
		loop = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
		error = loop < 0 || ioctl(loop, LOOP_CONFIGURE, config) < 0 ? errno : 0;
		if (error && loop >= 0)
			close(loop);
	}
	if (error)
		loop = -1;
	return error;
}

const char *disk_attach(void)
{
	char path[PATH_MAX + 8];
	struct loop_config config = {.info.lo_flags = LO_FLAGS_AUTOCLEAR};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), file, error = EIO;

	snprintf(path, sizeof path, "%s" NAME, directory);
	file = open(path, O_RDWR | O_CLOEXEC);
	config.fd = (__u32)file;
	if (control >= 0 && file >= 0)
		error = configure(control, &config);
	if (file >= 0)
		close(file);
	if (control >= 0)
		close(control);
	errno = error;
	if (error)
		crash__fail_errno("there is no loop device for the disk");
	return error ? NULL : device;
}

/* Whether the device is still ours. What was mounted in a namespace that is no more goes a little later. */
static bool is_attached(void)
{
	struct loop_info64 info;
	struct stat own;
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	bool attached = fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && stat(directory, &own) == 0 &&
			info.lo_device == own.st_dev;

	if (fd >= 0)
		close(fd);
	return attached;
}

int disk_detach(void)
{
	struct timespec pause = {.tv_nsec = FREE_MS * 1000000L};

	close(loop); /* the last one: that frees it */
	loop = -1;
	for (int looks = 0; looks < MOST_LOOKS && is_attached(); looks++)
		nanosleep(&pause, NULL);
	return is_attached() ?
		       crash__fail(CRASH_EDIR, "%s does not become free: something holds it", device) :
		       0;
}
