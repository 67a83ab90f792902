/* SPDX-License-Identifier: MIT */
#include "explore/checkers/checker_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"

#define FIELDS 5 /* of a line, that stay the same as long as it is mounted; the last of them is where */
#define BLOCK 65536

void crash__mounts_open(struct crash__mounts *mounts)
{
	*mounts = (struct crash__mounts){.list = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)};
}

/* All of the list, which has no size; with a zero behind it. */
static int read_list(int list, char **text, size_t *size)
{
	size_t room = 0;
	ssize_t got = 1;

	*text = NULL;
	*size = 0;
	if (lseek(list, 0, SEEK_SET) < 0)
		return crash__fail_errno("/proc/self/mountinfo");
	while (got > 0) {
		char *longer = room - *size < 2 ? realloc(*text, room += BLOCK) : *text;

		if (!longer)
			return crash__fail(CRASH_ENOMEM, "no memory for what is mounted");
		*text = longer;
		got = read(list, *text + *size, room - *size - 1);
		if (got < 0)
			return crash__fail_errno("/proc/self/mountinfo");
		*size += (size_t)got;
	}
	(*text)[*size] = '\0';
	return 0;
}

int crash__mounts_note(struct crash__mounts *mounts)
{
	if (mounts->list < 0)
		return 0;
	free(mounts->before);
	return read_list(mounts->list, &mounts->before, &mounts->size);
}

/* How long the part of a line is that says which mount it is. */
static size_t length_of_name(const char *line, const char **where)
{
	const char *at = line;

	for (int field = 0; field < FIELDS; field++) {
		*where = at;
		at += strcspn(at, " \n");
		at += *at == ' ';
	}
	return (size_t)(at - line);
}

static bool was_there(const struct crash__mounts *mounts, const char *name, size_t length)
{
	for (const char *line = mounts->before; line && *line; line += *line == '\n') {
		if (strncmp(line, name, length) == 0)
			return true;
		line += strcspn(line, "\n");
	}
	return false;
}

/* Blanks and what else ends a field are in octal. */
static void decode(const char *field, char path[PATH_MAX])
{
	size_t length = 0;

	while (*field && *field != ' ' && *field != '\n' && length < PATH_MAX - 1) {
		if (*field == '\\' && field[1] >= '0' && field[1] <= '3') {
			path[length++] =
				(char)((field[1] - '0') << 6 | (field[2] - '0') << 3 | (field[3] - '0'));
			field += 4;
		} else {
			path[length++] = *field++;
		}
	}
	path[length] = '\0';
}

/* The last mount of the list that was not there before; false: there is none. */
static bool find_new(const struct crash__mounts *mounts, const char *text, char path[PATH_MAX])
{
	const char *where;
	bool found = false;

	for (const char *line = text; *line; line += *line == '\n') {
		size_t length = length_of_name(line, &where);

		if (!was_there(mounts, line, length)) {
			decode(where, path);
			found = true;
		}
		line += strcspn(line, "\n");
	}
	return found;
}

/* The last one first: it may be in one of those before, or over it. */
int crash__mounts_restore(const struct crash__mounts *mounts)
{
	char path[PATH_MAX], *text;
	bool found = true;
	int error = 0;
	size_t size;

	while (mounts->list >= 0 && found && error == 0) {
		error = read_list(mounts->list, &text, &size);
		found = error == 0 && (size != mounts->size || memcmp(text, mounts->before, size) != 0) &&
			find_new(mounts, text, path);
		if (found && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			error = crash__fail_errno("cannot unmount %s, which the checker has mounted", path);
		free(text);
	}
	return error;
}
