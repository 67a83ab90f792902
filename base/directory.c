/* SPDX-License-Identifier: MIT */
#include "base/directory.h"

#include <errno.h>
#include <string.h>

int crash__directory_next(DIR *stream, const char **name)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(stream);
		if (!entry)
			return errno ? -1 : 0;
	} while (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
	*name = entry->d_name;
	return 1;
}
