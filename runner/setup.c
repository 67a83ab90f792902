/* SPDX-License-Identifier: MIT */
/*
 * Method. The control block has to be reachable by path from every process of the tree and must not
 * cost disk traffic, so it lies in /dev/shm, or in TMPDIR where that is missing. Its memory is
 * allocated before the program starts: a full file system is our error, not the program's SIGBUS.
 *
 * The keeper removes the directory; should runner and keeper be killed together, a guardian does, and ends
 * what they left running. Against the case that it is killed, too, the keeper holds a lock on the control
 * file for as long as it lives: a directory whose control file can be locked belongs to nobody and is swept
 * away by the next run.
 */
#include "runner/setup.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file_limit.h"
#include "base/remove.h"
#include "runner/channel_file.h"
#include "runner/process_tree.h"

#define PREFIX "crashinject-"

const char *crash__setup_place(void)
{
	const char *temporary = getenv("TMPDIR");

	if (access("/dev/shm", W_OK | X_OK) == 0)
		return "/dev/shm";
	return temporary && *temporary ? temporary : "/tmp";
}

/* In the guardian: where the directory is still there nobody has ended the tree, either. */
static void remove_run(const char *directory)
{
	if (access(directory, F_OK) < 0)
		return;
	crash__tree_kill_orphans(directory);
	crash__remove_tree(directory, true);
}

/* Somebody removes the place with all that is in it; elsewhere a guardian removes the directory. */
static int make_directory(struct crash__job *job, const char *place)
{
	const char *base = place ? place : crash__setup_place();
	int error;

	if ((size_t)snprintf(job->directory, sizeof job->directory, "%s/" PREFIX "XXXXXX", base) >=
	    sizeof job->directory)
		error = crash__fail(CRASH_EDIR, "%s: this path is too long for temporary files", base);
	else if (place)
		error = mkdtemp(job->directory) ? 0 :
						  crash__fail_errno("cannot make a directory in %s", base);
	else
		error = crash__guardian_start(&job->guardian, base, PREFIX "XXXXXX", remove_run);
	if (error < 0)
		job->directory[0] = '\0';
	else if (!place)
		strcpy(job->directory, job->guardian.path);
	return error;
}

/* As many of the rings as there may be under a limit for the size of files. They are a part of one. */
static unsigned int fit_rings(unsigned int rings)
{
	size_t least = crash__control_size(0), ring = crash__control_size(1) - least;
	uint64_t limit = crash__file_limit();

	if (limit >= crash__control_size(rings))
		return rings;
	return limit < least ? 0 : (unsigned int)((limit - least) / ring);
}

static int map_control(struct crash__job *job, unsigned int rings, uint32_t mode)
{
	char path[sizeof job->directory + 16];
	unsigned int fitting = fit_rings(rings);
	size_t size = crash__control_size(rings && !fitting ? 1 : fitting);
	size_t needed = mode & CRASH__MODE_ALLOCATION_SITES ?
				sizeof *job->control :
				offsetof(struct crash__control, allocation_sites);
	void *memory;

	snprintf(path, sizeof path, "%s/control", job->directory);
	job->control_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (job->control_fd < 0)
		return crash__fail_errno("cannot make %s", path);
	if (flock(job->control_fd, LOCK_EX) < 0)
		return crash__fail_errno("cannot lock %s", path);
	if (ftruncate(job->control_fd, (off_t)size) < 0)
		return crash__fail_errno("cannot size %s", path);
	if (fallocate(job->control_fd, 0, 0, (off_t)needed) < 0 && errno != EOPNOTSUPP)
		return crash__fail_errno("cannot allocate %s", path);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, job->control_fd, 0);
	if (memory == MAP_FAILED)
		return crash__fail_errno("cannot map %s", path);
	job->control = memory;
	job->control_bytes = job->control->bytes = size;
	job->control->ring_count = fitting;
	return 0;
}

/* ld.so splits LD_PRELOAD at spaces and colons, so such a path gets a name without. */
static int name_module(struct crash__job *job, const char *module, const char *link)
{
	const char *colon = *job->control->preload ? ":" : "";
	char *list = job->control->preload, absolute[PATH_MAX], short_name[PATH_MAX];
	size_t length = strlen(list);

	if (!realpath(module, absolute))
		return crash__fail(CRASH_EPRELOAD, "%s: %s", module, strerror(errno));
	if (strpbrk(absolute, " :$") || length + 1 + strlen(absolute) >= PATH_MAX / 2) {
		snprintf(short_name, sizeof short_name, "%.3000s/%s", job->directory, link);
		if (symlink(absolute, short_name) < 0)
			return crash__fail_errno("cannot make %s", short_name);
		strcpy(absolute, short_name);
	}
	snprintf(list + length, sizeof job->control->preload - length, "%s%s", colon, absolute);
	return 0;
}

/* The module for allocations comes first, and the shim last. */
static int name_modules(struct crash__job *job, const struct crash__modules *modules)
{
	int error = modules->alloc ? name_module(job, modules->alloc, "alloc.so") : 0;

	return error == 0 ? name_module(job, modules->shim, "preload.so") : error;
}

int crash__setup(struct crash__job *job, const char *place, uint32_t mode, unsigned int rings,
		 const struct crash__modules *modules)
{
	int error;

	assert(rings <= CRASH__MAX_RINGS);
	job->control_fd = job->channel = -1;
	job->control = NULL;
	job->report = NULL;
	error = make_directory(job, place);
	if (error == 0)
		error = map_control(job, rings, mode);
	if (error == 0 && modules)
		error = name_modules(job, modules);
	if (error == 0) {
		void *memory = mmap(NULL, sizeof *job->report, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			error = crash__fail_errno("cannot map memory");
		else
			job->report = memory;
	}
	if (error < 0) {
		crash__setup_clear(job);
		return error;
	}
	job->control->magic = CRASH__CONTROL_MAGIC;
	job->control->version = CRASH__CONTROL_VERSION;
	job->control->mode = mode;
	job->control->owner = geteuid();
	strcpy(job->control->directory, job->directory);
	crash__control_note_outside(job->control);
	if (modules) /* somebody is going to see what is written */
		crash__channel_make(job);
	crash__control_guard(job->control);
	return 0;
}

void crash__setup_clear(struct crash__job *job)
{
	if (job->directory[0])
		crash__remove_tree(job->directory, true);
	crash__guardian_end(&job->guardian, false);
	if (job->report)
		munmap(job->report, sizeof *job->report);
	if (job->control)
		munmap(job->control, job->control_bytes);
	if (job->control_fd >= 0)
		close(job->control_fd);
	crash__channel_close(job);
	job->control_fd = -1;
	job->control = NULL;
	job->report = NULL;
	job->directory[0] = '\0';
}

void crash__setup_sweep(void)
{
	const char *base = crash__setup_place();
	DIR *directory = opendir(base);
	struct dirent *entry;
	struct stat status;

	while (directory && (entry = readdir(directory)) != NULL) {
		char path[PATH_MAX], control[PATH_MAX];
		int fd;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
		snprintf(control, sizeof control, "%s/%s/control", base, entry->d_name);
		if (stat(path, &status) < 0 || status.st_uid != geteuid())
			continue;
		fd = open(control, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		/* One that is just being made has no control file yet, or is not locked yet: leave it. */
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 &&
		    status.st_size > 0)
			crash__remove_tree(path, true);
		if (fd >= 0)
			close(fd);
	}
	if (directory)
		closedir(directory);
}
