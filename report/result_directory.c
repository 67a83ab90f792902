/* SPDX-License-Identifier: MIT */
/*
 * The directory that keeps a result, and lets an exploration go on where it was.
 *
 * Method. A file is written beside its place, brought to the disk and then renamed: whatever ends us, it is
 * there as a whole or not at all. It has a digest of itself, so that what somebody has changed is not taken
 * for what was found.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "report/identity.h"
#include "report/result.h"

#define DIGEST "digest"

int crash__sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = fsync(fd);
	close(fd);
	/* some file systems cannot, and need not */
	return result < 0 && errno != EINVAL ? -1 : 0;
}

static int dump(const json_t *object, const char *path)
{
	FILE *file = fopen(path, "we");
	int result;

	if (!file)
		return -1;
	result = json_dumpf(object, file, JSON_INDENT(1)) == 0 && fflush(file) == 0 &&
				 fsync(fileno(file)) == 0 ?
			 0 :
			 -1;
	return fclose(file) == 0 ? result : -1;
}

int crash__result_write(json_t *object, const char *directory, const char *name)
{
	char path[PATH_MAX], temporary[PATH_MAX], digest[CRASH__DIGEST_TEXT];
	int error = 0;

	if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path ||
	    snprintf(temporary, sizeof temporary, "%s/.%s", directory, name) >= (int)sizeof temporary)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	json_object_del(object, DIGEST);
	crash__json_digest(object, digest);
	json_object_set_new(object, DIGEST, json_string(digest));
	if (dump(object, temporary) < 0 || rename(temporary, path) < 0 ||
	    crash__sync_directory(directory) < 0) {
		error = crash__fail_errno("cannot write %s", path);
		remove(temporary);
	}
	json_object_del(object, DIGEST);
	return error;
}

/* Results of before there were digests have none. */
static bool is_unchanged(json_t *object)
{
	json_t *said = json_incref(json_object_get(object, DIGEST));
	const json_t *settings = json_object_get(object, "settings");
	char digest[CRASH__DIGEST_TEXT];
	bool same;

	json_object_del(object, DIGEST);
	crash__json_digest(object, digest);
	same = said ? json_is_string(said) && strcmp(json_string_value(said), digest) == 0 :
		      !json_object_get(settings ? settings : object, "identity");
	json_decref(said);
	return same;
}

int crash__result_read(const char *directory, const char *name, json_t **object)
{
	char path[PATH_MAX];
	json_error_t where;
	json_t *read;

	if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	read = json_load_file(path, 0, &where);
	if (!read && where.line < 0)
		return crash__fail(CRASH_EINVAL, "%s", where.text);
	if (!read)
		return crash__fail(CRASH_EINVAL, "%s:%d: %s", path, where.line, where.text);
	if (!json_is_object(read) || !is_unchanged(read)) {
		json_decref(read);
		return crash__fail(CRASH_EINVAL, "%s was changed since it was written", path);
	}
	*object = read;
	return 0;
}
