/* SPDX-License-Identifier: MIT */
#include "supervisor/naming/whereabouts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "supervisor/naming/mounts.h"

static struct crash__mounts first; /* at the beginning of the run */

void crash__places_begin(void)
{
	crash__mounts_clear(&first);
	crash__mounts_read(&first, "/proc/self/mountinfo");
}

void crash__places_change(struct crash__control *control)
{
	atomic_store(&control->other_places, 1);
}

/* What a descriptor is called, by its link in /proc, from our root. */
static bool read_link(const char *link, char out[PATH_MAX])
{
	ssize_t length = readlink(link, out, PATH_MAX - 1);

	out[length < 0 ? 0 : length] = '\0';
	return length > 0 && out[0] == '/';
}

/* The mount that a descriptor was opened by; 0: unknown. */
static uint64_t mount_of(const char *information)
{
	FILE *file = fopen(information, "re");
	char line[256];
	unsigned long long id = 0;

	while (file && !id && fgets(line, sizeof line, file))
		if (sscanf(line, "mnt_id: %llu", &id) == 1)
			break;
	if (file)
		fclose(file);
	return id;
}

/* The file system and the path in it, of a mount in one of two tables. */
static bool find_in(const struct crash__mounts *mounts, uint64_t id, const char *path,
		    struct crash__mount *found, char out[PATH_MAX])
{
	const struct crash__mount *mount = path ? crash__mounts_find(mounts, id) : NULL;
	const char *rest = mount ? crash__path_behind(path, mount->point) : NULL;
	const char *root = mount && strcmp(mount->root, "/") != 0 ? mount->root : "";

	if (!rest)
		return false;
	*found = *mount;
	return (size_t)snprintf(out, PATH_MAX, "%s%s", root, *rest || *root ? rest : "/") < PATH_MAX;
}

/*
 * Our own mounts are looked at first: the process may have opened the file, or its directory, before it left
 * them. The paths in the process's table begin at its root.
 */
static bool find(const struct crash__remote *remote, uint64_t id, const char *path,
		 struct crash__mount *mount, char out[PATH_MAX])
{
	struct crash__mounts mounts;
	char table[64], root[PATH_MAX];
	bool found;

	crash__mounts_read(&mounts, "/proc/self/mountinfo");
	found = find_in(&mounts, id, path, mount, out);
	crash__mounts_clear(&mounts);
	snprintf(table, sizeof table, "/proc/%d/root", (int)remote->tid);
	if (found || !read_link(table, root))
		return found;
	snprintf(table, sizeof table, "/proc/%d/mountinfo", (int)remote->tid);
	crash__mounts_read(&mounts, table);
	path = crash__path_behind(path, root);
	found = find_in(&mounts, id, path && !*path ? "/" : path, mount, out);
	crash__mounts_clear(&mounts);
	return found;
}

/* Whether a file system was mounted at the beginning. */
static bool is_known(uint64_t device)
{
	for (size_t i = 0; i < first.count; i++)
		if (first.list[i].device == device)
			return true;
	return false;
}

/* What a file is called by the mounts of the beginning, of which the kernel says mount and path. */
static enum crash__place locate(const struct crash__control *control, const struct crash__remote *remote,
				uint64_t id, char path[PATH_MAX])
{
	char inside[PATH_MAX], name[PATH_MAX + 64];
	struct crash__mount mount;

	if (!id || !first.count || !find(remote, id, path, &mount, inside))
		return CRASH__PLACE_UNKNOWN;
	if (crash__mounts_name(&first, mount.device, inside, control->root, path))
		return CRASH__PLACE_FOUND;
	snprintf(name, sizeof name, "/proc/%d/root%.4000s", (int)remote->tid, path);
	strcpy(path, name);
	/* an overlay or a loop device that was mounted since may write to files of the run */
	return mount.in_memory || is_known(mount.device) ? CRASH__PLACE_ELSEWHERE : CRASH__PLACE_UNKNOWN;
}

struct opened {
	int fd;
	uint64_t mount;
	char path[PATH_MAX];
};

static bool look(struct opened *opened, const char *prefix, const char *path, int flags)
{
	char name[PATH_MAX + 64];

	snprintf(name, sizeof name, "%s%s", prefix, path);
	opened->fd = open(name, O_PATH | O_CLOEXEC | flags);
	if (opened->fd < 0)
		return false;
	snprintf(name, sizeof name, "/proc/self/fdinfo/%d", opened->fd);
	opened->mount = mount_of(name);
	snprintf(name, sizeof name, "/proc/self/fd/%d", opened->fd);
	if (!read_link(name, opened->path))
		opened->mount = 0;
	close(opened->fd);
	return true;
}

/* A name in a directory, which need not be there. */
static enum crash__place locate_below(const struct crash__control *control,
				      const struct crash__remote *remote, const struct opened *above,
				      const char *name, char path[PATH_MAX])
{
	enum crash__place place;
	size_t length;

	strcpy(path, above->path);
	place = locate(control, remote, above->mount, path);
	length = strcmp(path, "/") == 0 ? 0 : strlen(path);
	if (length + strlen(name) >= PATH_MAX)
		return CRASH__PLACE_UNKNOWN;
	strcpy(path + length, name);
	return place;
}

static enum crash__place find_place(const struct crash__control *control, const struct crash__remote *remote,
				    const char *prefix, char path[PATH_MAX], struct opened both[2])
{
	char last[NAME_MAX + 2], *slash = strrchr(path, '/');
	struct opened *above = &both[0], *itself = &both[1];

	if (!slash || strlen(slash) >= sizeof last)
		return CRASH__PLACE_UNKNOWN;
	look(itself, prefix, path, O_NOFOLLOW);
	strcpy(last, slash);
	*slash = '\0';
	if (!look(above, prefix, *path ? path : "/", O_DIRECTORY)) {
		strcpy(slash, last);
		/* where there is no directory the call fails, whatever its path means */
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? CRASH__PLACE_FOUND :
									       CRASH__PLACE_UNKNOWN;
	}
	if (!itself->mount || (itself->mount == above->mount && last[1]))
		return locate_below(control, remote, above, last, path);
	strcpy(path, itself->path); /* something is mounted there, if only a file */
	return locate(control, remote, itself->mount, path);
}

enum crash__place crash__place_of_path(const struct crash__control *control,
				       const struct crash__remote *remote, const char *prefix,
				       char path[PATH_MAX])
{
	struct opened *both = calloc(2, sizeof *both);
	enum crash__place place =
		both ? find_place(control, remote, prefix, path, both) : CRASH__PLACE_UNKNOWN;

	free(both);
	return place;
}

enum crash__place crash__place_of_fd(const struct crash__control *control, const struct crash__remote *remote,
				     pid_t whose, int fd, char path[PATH_MAX])
{
	char name[64];

	snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", (int)whose, fd);
	return locate(control, remote, mount_of(name), path);
}
