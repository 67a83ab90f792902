/* SPDX-License-Identifier: MIT */
#include "explore/recording/run_copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/kept_copy.h"
#include "base/remove.h"
#include "explore/recording/mirror.h"

struct crash__run_copy {
	char place[PATH_MAX], path[PATH_MAX]; /* the mirror, and the copy in it; or twice the copy */
	const char *directory;		      /* what the mirror is of; NULL: there is none */
	bool clocked, noted; /* changes show in change times; it can be made what it was by them */
	struct crash__change_clock clock;
	struct crash__moment made; /* when the mirror was */
	struct crash__kept_copy *kept;
};

int crash__run_copy_new(const char *place, const char *directory, const char *files,
			struct crash__run_copy **out)
{
	struct crash__run_copy *copy = calloc(1, sizeof *copy);

	if (!copy)
		return crash__fail(CRASH_ENOMEM, "no memory for a copy");
	copy->directory = directory;
	if (snprintf(copy->place, sizeof copy->place, "%s", place) >= PATH_MAX ||
	    snprintf(copy->path, sizeof copy->path, "%s%s", place, directory ? directory : "") >= PATH_MAX) {
		free(copy);
		return crash__fail(CRASH_EDIR, "%s%s: this path is too long", place,
				   directory ? directory : "");
	}
	copy->clocked = crash__change_clock_open(&copy->clock, files);
	*out = copy;
	return 0;
}

const char *crash__run_copy_path(const struct crash__run_copy *copy)
{
	return copy->path;
}

void crash__run_copy_free(struct crash__run_copy *copy)
{
	if (!copy)
		return;
	crash__kept_copy_free(copy->kept);
	if (copy->clocked)
		crash__change_clock_close(&copy->clock);
	free(copy);
}

/* ------------------------------------------------------------------ what a run has made of it */

/* Whether a directory around the copy is what we have made. */
static bool is_untouched(const struct crash__run_copy *copy, const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
	       crash__is_before(&status.st_ctim, &copy->made.time);
}

/*
 * Whether the copy is where it was, and what is around it is what it was. A run may have put a link in its
 * place, which would lead us elsewhere.
 */
static bool is_in_its_place(struct crash__run_copy *copy)
{
	size_t length = strlen(copy->place);
	struct stat status;
	char path[PATH_MAX];

	if (lstat(copy->path, &status) < 0 || !S_ISDIR(status.st_mode))
		return false;
	/* without a mirror nobody gets there but by a mount */
	if (copy->directory && !crash__change_clock_holds(&copy->clock, &copy->made))
		return false;
	for (const char *at = copy->directory; at; at = strchr(at + 1, '/')) {
		snprintf(path, sizeof path, "%.*s", (int)(length + (size_t)(at - copy->directory)),
			 copy->path);
		if (!is_untouched(copy, path))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ making it */

/* Where it cannot be told what is changed each run has a new one. */
static int keep(struct crash__run_copy *copy)
{
	int error;

	if (!copy->clocked || crash__change_clock_take(&copy->clock, true, &copy->made) < 0)
		return 0;
	copy->kept = crash__kept_copy_new(&copy->clock, copy->path);
	error = copy->kept ? crash__kept_copy_note(copy->kept, true) :
			     crash__fail(CRASH_ENOMEM, "no memory for a copy");
	copy->noted = error == 0;
	return error;
}

static int make(struct crash__run_copy *copy, const char *original)
{
	int error = 0;

	crash__kept_copy_free(copy->kept);
	copy->kept = NULL;
	copy->noted = false;
	if (crash__remove_tree(copy->place, true) < 0 && errno != ENOENT)
		return crash__fail_errno("cannot remove %s", copy->place);
	if (mkdir(copy->place, 0700) < 0)
		return crash__fail_errno("cannot make %s", copy->place);
	if (copy->directory)
		error = crash__mirror_make(copy->place, copy->directory);
	if (error == 0)
		error = crash__copy_tree(original, copy->path);
	return error == 0 ? keep(copy) : error;
}

int crash__run_copy_renew(struct crash__run_copy *copy, const char *original)
{
	if (!copy->noted || !is_in_its_place(copy) || crash__kept_copy_restore(copy->kept, original) < 0)
		return make(copy, original);
	return crash__kept_copy_note(copy->kept, false);
}
