/* SPDX-License-Identifier: MIT */
#include "explore/recording/original.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "base/error.h"

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return path && strncmp(path, directory, length) == 0 && path[length] == '/';
}

static bool is_of_original(const struct crash__recording *recording, const char *path)
{
	return is_below(path, recording->directory) && !is_below(path, recording->scratch.path);
}

static int say(const struct crash__recording *recording, const char *before, const char *fault)
{
	char kept[PATH_MAX];

	snprintf(kept, sizeof kept, "%.3000s.before-XXXXXX", recording->directory);
	if (!mkdtemp(kept) || crash__copy_tree(before, kept) < 0)
		snprintf(kept, sizeof kept, "(it could not be saved)");
	return crash__fail(CRASH_EDIR,
			   "%s%sthe program wrote to %s itself. Without namespaces (%s) it runs on a "
			   "copy, which it must find by $CRASH_DIR or its working directory. The "
			   "directory as it was before is in %s",
			   fault ? fault : "", fault ? ": " : "", recording->directory,
			   recording->why_no_namespaces, kept);
}

int crash__original_check(const struct crash__recording *recording, const struct crash__trace *trace,
			  const char *before, const char *fault)
{
	if (recording->namespaces || recording->mounted)
		return 0;
	for (size_t i = 0; i < trace->count; i++) {
		const struct crash__event *event = &trace->events[i];

		if (event->kind == CRASH__EVENT_OP &&
		    (is_of_original(recording, crash__event_path(trace, event)) ||
		     is_of_original(recording, event->to)))
			return say(recording, before, fault);
	}
	return 0;
}
