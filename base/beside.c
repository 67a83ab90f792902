/* SPDX-License-Identifier: MIT */
#include "base/beside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool crash__beside(const char *self, const char *name, char path[PATH_MAX])
{
	char from[PATH_MAX], *slash;

	if (!realpath(self, from))
		return false;
	slash = strrchr(from, '/');
	if (!slash || (size_t)(slash - from) + strlen(name) + 2 > PATH_MAX)
		return false;
	strcpy(slash + 1, name);
	return realpath(from, path) && access(path, R_OK) == 0;
}
