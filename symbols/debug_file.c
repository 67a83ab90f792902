/* SPDX-License-Identifier: MIT */
/*
 * Method. libdw looks in the places that all debuggers look in, and in the end asks servers. To find out that
 * it is to ask none, older versions load a library that loads twenty others: that takes as long as to run a
 * small program and kill it. So where no servers are named, libdw looks further than by build id only if one
 * of the places has a file.
 */
#include "symbols/debug_file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool asks_servers(void)
{
	const char *servers = getenv("DEBUGINFOD_URLS");

	return servers && *servers;
}

static bool is_there(const char *start, const char *directory, const char *end, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof path, "%s%s%s/%s", start, directory, end, name) < (int)sizeof path &&
	       access(path, F_OK) == 0;
}

/* Beside the file, below that, and below /usr/lib/debug with more or less of the path. */
static bool is_near(const char *file, const char *link)
{
	const char *slash = strrchr(file, '/');
	char directory[PATH_MAX], name[NAME_MAX + 8];

	if (!slash || slash - file >= PATH_MAX)
		return true; /* libdw is to find out */
	snprintf(directory, sizeof directory, "%.*s", (int)(slash - file), file);
	snprintf(name, sizeof name, "%s.debug", slash + 1);
	if (!link)
		link = name;
	if (is_there("", directory, "", link) || is_there("", directory, "/.debug", link))
		return true;
	for (const char *rest = directory; rest; rest = *rest ? strchr(rest + 1, '/') : NULL)
		if (is_there("/usr/lib/debug", rest, "", link))
			return true;
	return is_there("/usr/lib/debug", "", "", link);
}

int crash__debug_file_find(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			   const char *file, const char *link, GElf_Word checksum, char **found)
{
	char resolved[PATH_MAX];
	int fd = dwfl_build_id_find_debuginfo(module, data, name, base, file, link, checksum, found);

	if (fd >= 0 || !(asks_servers() || !file || is_near(file, link) ||
			 (realpath(file, resolved) && is_near(resolved, link))))
		return fd;
	return dwfl_standard_find_debuginfo(module, data, name, base, file, link, checksum, found);
}
