/* SPDX-License-Identifier: MIT */
#include "supervisor/memory/remote_maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One line of /proc/PID/maps; false if it is no shared mapping of a file. */
static bool read_map(const char *line, struct crash__remote_map *map)
{
	unsigned long long start, end, offset, inode;
	unsigned int major, minor;
	char access[5];

	map->path[0] = '\0';
	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %4095[^\n]", &start, &end, access, &offset, &major,
		   &minor, &inode, map->path) < 7 ||
	    access[3] != 's' || inode == 0)
		return false;
	map->start = start;
	map->end = end;
	map->offset = offset;
	map->device = makedev(major, minor);
	map->inode = inode;
	map->writable = access[1] == 'w';
	return true;
}

bool crash__remote_maps(const struct crash__remote *remote, uint64_t start, uint64_t end,
			void (*take)(const struct crash__remote_map *map, void *context), void *context)
{
	struct crash__remote_map *map = malloc(sizeof *map);
	char path[64], *line = NULL;
	size_t size = 0;
	bool whole;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)remote->pid);
	maps = fopen(path, "re");
	while (map && maps && getline(&line, &size, maps) > 0)
		if (read_map(line, map) && map->start < end && map->end > start)
			take(map, context);
	whole = map && maps && !ferror(maps);
	if (maps)
		fclose(maps);
	free(line);
	free(map);
	return whole;
}

bool crash__remote_is_mapped(const struct crash__remote *remote, uint64_t start, uint64_t end)
{
	unsigned long long from, to;
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)remote->pid);
	maps = fopen(path, "re");
	/* in ascending order */
	while (maps && start < end && getline(&line, &size, maps) > 0)
		if (sscanf(line, "%llx-%llx", &from, &to) == 2 && from <= start && to > start)
			start = to;
	if (maps)
		fclose(maps);
	free(line);
	return start >= end;
}

bool crash__remote_map_reaches(const struct crash__remote *remote, const struct crash__remote_map *map)
{
	struct stat status;
	char path[96];

	snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)remote->pid,
		 (unsigned long long)map->start, (unsigned long long)map->end);
	return lstat(path, &status) == 0 && (status.st_mode & S_IWUSR);
}

/*
 * Some file systems (btrfs, overlays) give stat(2) another device and even another inode than the kernel has
 * in its maps. The path, which the kernel keeps up to date, is the same from both sides.
 */
bool crash__remote_map_is_of(const struct crash__remote_map *map, int fd)
{
	char name[64], path[PATH_MAX];
	struct stat status;
	ssize_t length;

	if (fstat(fd, &status) < 0)
		return false;
	if (status.st_dev == map->device && status.st_ino == map->inode)
		return true;
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	length = readlink(name, path, sizeof path - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strcmp(path, map->path) == 0 && (status.st_nlink || status.st_ino == map->inode);
}
