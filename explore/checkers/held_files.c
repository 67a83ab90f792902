/* SPDX-License-Identifier: MIT */
/*
 * Method. /proc has the path of all that a process holds: its working and its root directory, its descriptors
 * and what is mapped. What a file is called there is where it is now, also if the directory was moved since
 * it was opened. Threads share descriptors and directories, but for some few that ask not to.
 */
#include "explore/checkers/held_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/process_tree.h"

struct search {
	char directory[PATH_MAX + 1]; /* as /proc writes it */
	size_t length;
	pid_t server;
	bool met; /* the server */
};

static bool is_below(const struct search *search, const char *path)
{
	return strncmp(path, search->directory, search->length) == 0 &&
	       (path[search->length] == '/' || path[search->length] == '\0' || path[search->length] == ' ');
}

/* A process that is gone, or about to be, holds nothing. */
static bool is_gone(void)
{
	return errno == ENOENT || errno == ESRCH;
}

static bool leads_below(const struct search *search, int directory, const char *name)
{
	char path[PATH_MAX + 1];
	ssize_t length = readlinkat(directory, name, path, PATH_MAX);

	if (length < 0)
		return !is_gone();
	path[length] = '\0';
	return is_below(search, path) || strcmp(path, "anon_inode:[io_uring]") == 0;
}

static bool opened_below(const struct search *search, int process)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool held = false;

	if (!stream)
		return !is_gone();
	while (!held && (errno = 0, entry = readdir(stream)))
		held = entry->d_name[0] != '.' && leads_below(search, dirfd(stream), entry->d_name);
	held = held || (errno && !is_gone());
	closedir(stream);
	return held;
}

/* A line ends with the path, if there is one: "55d0-55d1 rw-s 00000000 08:01 12 /data/file". */
static bool mapped_below(const struct search *search, int process)
{
	int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	size_t room = 0;
	char *line = NULL;
	bool held = false;

	if (!maps)
		return !is_gone();
	while (!held && (errno = 0, getline(&line, &room, maps)) > 0) {
		const char *path = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		held = path && is_below(search, path);
	}
	held = held || (errno && !is_gone());
	free(line);
	fclose(maps);
	return held;
}

static bool holds(pid_t pid, void *context)
{
	struct search *search = context;
	char path[32];
	bool held;
	int process;

	search->met |= pid == search->server;
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return !is_gone();
	held = leads_below(search, process, "cwd") || leads_below(search, process, "root") ||
	       opened_below(search, process) || mapped_below(search, process);
	close(process);
	return held;
}

/* The path that /proc has for what is below it. */
static bool find(struct search *search, const char *directory)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ssize_t length = -1;
	char path[32];

	if (fd < 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	length = readlink(path, search->directory, PATH_MAX);
	close(fd);
	if (length < 0)
		return false;
	search->directory[length] = '\0';
	search->length = (size_t)length;
	/* in paths of what is mapped a newline is written as an escape */
	return !strchr(search->directory, '\n');
}

bool crash__is_held(const char *directory, pid_t server)
{
	struct search search = {.server = server};

	return !find(&search, directory) || crash__tree_any(holds, &search) || !search.met;
}
