/* SPDX-License-Identifier: MIT */
#include "supervisor/naming/mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "common/walk.h"

/* Blanks and backslashes stand there as "\040". */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Behind " - " stands the type. One that is not known may keep its files in those of another one. */
static bool is_in_memory(const char *line)
{
	static const char *const types[] = {"tmpfs", "ramfs",	"devtmpfs", "hugetlbfs", "proc",
					    "sysfs", "cgroup2", "devpts",   "mqueue"};
	const char *type = strstr(line, " - ");

	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
		size_t length = strlen(types[i]);

		if (strncmp(type + 3, types[i], length) == 0 && type[3 + length] == ' ')
			return true;
	}
	return false;
}

/* "36 35 98:0 /root /point options - type source options"; false: there is no memory, or this is something
 * else. */
static bool add(struct crash__mounts *mounts, const char *line)
{
	struct crash__mount mount = {.id = 0};
	unsigned long long id;
	unsigned int major, minor;

	if (mounts->count == mounts->size) {
		size_t size = mounts->size ? 2 * mounts->size : 32;
		struct crash__mount *list = realloc(mounts->list, size * sizeof *list);

		if (!list)
			return false;
		mounts->list = list;
		mounts->size = size;
	}
	if (sscanf(line, "%llu %*u %u:%u %ms %ms", &id, &major, &minor, &mount.root, &mount.point) != 5) {
		free(mount.root);
		free(mount.point);
		return false;
	}
	mount.id = id;
	mount.device = makedev(major, minor);
	mount.in_memory = is_in_memory(line);
	unescape(mount.root);
	unescape(mount.point);
	mounts->list[mounts->count++] = mount;
	return true;
}

bool crash__mounts_read(struct crash__mounts *mounts, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool good = file;

	*mounts = (struct crash__mounts){0};
	while (good && getline(&line, &size, file) > 0)
		good = add(mounts, line);
	free(line);
	if (file)
		fclose(file);
	if (!good)
		crash__mounts_clear(mounts);
	return good;
}

void crash__mounts_clear(struct crash__mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		free(mounts->list[i].root);
		free(mounts->list[i].point);
	}
	free(mounts->list);
	*mounts = (struct crash__mounts){0};
}

const struct crash__mount *crash__mounts_find(const struct crash__mounts *mounts, uint64_t id)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->list[i].id == id)
			return &mounts->list[i];
	return NULL;
}

const char *crash__path_behind(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (!crash__path_is_below(path, directory))
		return NULL;
	path += length > 1 ? length : 0;
	return strcmp(path, "/") == 0 ? "" : path;
}

/* The mount that a path leads to: the innermost, and of several in one place the last. */
static const struct crash__mount *mount_of(const struct crash__mounts *mounts, const char *path)
{
	const struct crash__mount *found = NULL;

	for (size_t i = 0; i < mounts->count; i++)
		if (crash__path_is_below(path, mounts->list[i].point) &&
		    (!found || strlen(mounts->list[i].point) >= strlen(found->point)))
			found = &mounts->list[i];
	return found;
}

bool crash__mounts_name(const struct crash__mounts *mounts, uint64_t device, const char *path,
			const char *preferred, char out[PATH_MAX])
{
	char name[PATH_MAX];
	bool found = false, good = false;

	for (size_t i = 0; i < mounts->count && !good; i++) {
		const struct crash__mount *mount = &mounts->list[i];
		const char *rest = crash__path_behind(path, mount->root);
		const char *point = strcmp(mount->point, "/") == 0 ? "" : mount->point;

		if (mount->device != device || !rest ||
		    (size_t)snprintf(name, sizeof name, "%s%s", point, *rest || *point ? rest : "/") >=
			    sizeof name ||
		    mount_of(mounts, name) != mount)
			continue;
		good = crash__path_is_below(name, preferred);
		if (good || !found)
			strcpy(out, name);
		found = true;
	}
	return found;
}
