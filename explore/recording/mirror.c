/* SPDX-License-Identifier: MIT */
#include "explore/recording/mirror.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	while (length && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || !path[length]);
}

/* A name of a directory above becomes a link, unless it leads to the copy. */
static int link_name(const char *top, const char *above, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof from, "%s/%s", above, name) >= (int)sizeof from ||
	    snprintf(to, sizeof to, "%s%s/%s", top, above, name) >= (int)sizeof to)
		return crash__fail(CRASH_EDIR, "%s/%s: this path is too long", above, name);
	return symlink(from, to) < 0 ? crash__fail_errno("cannot make %s", to) : 0;
}

/* What nobody may list may still be entered by name, but not by a link that we do not know of. */
static int link_all(const char *top, const char *above, const char *but)
{
	DIR *stream = opendir(*above ? above : "/");
	int error = 0, got = 0;
	const char *name;

	if (!stream)
		return errno == EACCES ? 0 : crash__fail_errno("%s", above);
	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0)
		if (strcmp(name, but) != 0)
			error = link_name(top, above, name);
	if (error == 0 && got < 0)
		error = crash__fail_errno("%s", above);
	closedir(stream);
	return error;
}

int crash__mirror_make(const char *top, const char *directory)
{
	char above[PATH_MAX] = "", name[NAME_MAX + 1], path[PATH_MAX];
	int error = 0;

	for (const char *at = directory + strspn(directory, "/"); *at && error == 0; at += strspn(at, "/")) {
		size_t part = strcspn(at, "/");

		snprintf(name, sizeof name, "%.*s", (int)part, at);
		error = link_all(top, above, name);
		snprintf(above, sizeof above, "%.*s", (int)(at + part - directory), directory);
		if (snprintf(path, sizeof path, "%s%s", top, above) >= (int)sizeof path)
			return crash__fail(CRASH_EDIR, "%s%s: this path is too long", top, above);
		if (error == 0 && mkdir(path, 0700) < 0)
			error = crash__fail_errno("cannot make %s", path);
		at += part;
	}
	return error;
}

void crash__mirror_path(const char *top, const char *directory, const char *path, char out[PATH_MAX])
{
	bool inside = is_below(path, directory) || is_below(directory, path);

	snprintf(out, PATH_MAX, "%.2000s%.2000s", inside ? top : "", path);
}

const char *crash__mirror_original(const char *top, const char *path)
{
	size_t length = strlen(top);

	return length && path && strncmp(path, top, length) == 0 && path[length] == '/' ? path + length :
											  path;
}

void crash__mirror_environment(const char *cwd, char text[CRASH__MIRROR_PWD], const char *list[2])
{
	snprintf(text, CRASH__MIRROR_PWD, "PWD=%s", cwd);
	list[0] = getenv("PWD") ? text : NULL;
	list[1] = NULL;
}
