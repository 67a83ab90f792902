/* SPDX-License-Identifier: MIT */
/*
 * Method. The file system is in a file without a name, on a loop device that goes away with its last user, in
 * a mount namespace of the process's own. So there is nothing to clean up, and nothing to forget.
 */
#include "tests/run/reflinks.h"

#include <sys/mount.h> /* before linux/fs.h, which in older kernels has the same names as macros */

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const reflinks_kinds[] = {"btrfs", "xfs", NULL};

#define BYTES (512L << 20)

static const char *reason(const char *what, const char *detail)
{
	char *text;

	if (asprintf(&text, "%s%s%s", what, detail ? ": " : "", detail ? detail : "") < 0)
		abort();
	return text;
}

/* Runs a line of the shell, whose output nobody needs unless it fails. */
static const char *run(const char *line)
{
	char *command, words[512] = "";
	size_t length;
	FILE *output;
	int status;

	if (asprintf(&command, "export PATH=$PATH:/usr/sbin:/sbin; exec 2>&1; %s", line) < 0)
		abort();
	output = popen(command, "r");
	free(command);
	if (!output)
		return reason("no shell", strerror(errno));
	length = fread(words, 1, sizeof words - 1, output);
	words[length] = '\0';
	while (fgetc(output) != EOF) {
	}
	status = pclose(output);
	words[strcspn(words, "\n")] = '\0';
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? NULL : reason(line, words);
}

static const char *fill_and_mount(const char *kind, const char *directory, int image)
{
	char line[4400];
	const char *failure;

	snprintf(line, sizeof line, "command -v mkfs.%s", kind);
	if (run(line) != NULL)
		return reason("not installed", line + strlen("command -v "));
	snprintf(line, sizeof line, "mkfs.%s -q /proc/self/fd/%d", kind, image);
	failure = run(line);
	if (failure)
		return failure;
	snprintf(line, sizeof line, "mount -t %s -o loop /proc/self/fd/%d '%s'", kind, image, directory);
	return run(line);
}

const char *reflinks_mount(const char *kind, const char *directory)
{
	const char *failure;
	int image;

	if (geteuid() != 0)
		return reason("only root can mount a file system with reflinks", NULL);
	image = memfd_create("reflinks", 0);
	if (image < 0 || ftruncate(image, BYTES) < 0)
		return reason("no memory for a file system", strerror(errno));
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return reason("no mount namespace", strerror(errno));
	failure = fill_and_mount(kind, directory, image);
	close(image);
	return failure;
}

long reflinks_shared(const char *path)
{
	enum { MOST = 256 };
	struct fiemap *map = calloc(1, sizeof *map + MOST * sizeof *map->fm_extents);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long shared = -1;

	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = MOST;
	if (fd >= 0 && ioctl(fd, FS_IOC_FIEMAP, map) == 0) {
		shared = 0;
		for (unsigned int i = 0; i < map->fm_mapped_extents; i++)
			if (map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED)
				shared += (long)map->fm_extents[i].fe_length;
	}
	if (fd >= 0)
		close(fd);
	free(map);
	return shared;
}
