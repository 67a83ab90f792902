/* SPDX-License-Identifier: MIT */
/*
 * Method. Reading the list of mounts costs as much as mounting a state, and hardly any checker mounts
 * anything. The kernel says by poll(2) whether the list has changed since it was last asked: it is asked when
 * the state is in its place and when the checker has ended. Only if something was mounted in between, the
 * list is read, and compared with that of before the first state and with the state's own mount.
 */
#include "explore/checkers/checker_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define FIELDS 5 /* of a line, that stay the same as long as it is mounted; the last of them is where */
#define BLOCK 65536

/* All of the list, which has no size; with a zero behind it. */
static int read_list(int list, char **text)
{
	size_t room = 0, size = 0;
	ssize_t got = 1;

	*text = NULL;
	if (lseek(list, 0, SEEK_SET) < 0)
		return crash__fail_errno("/proc/self/mountinfo");
	while (got > 0) {
		char *longer = room - size < 2 ? realloc(*text, room += BLOCK) : *text;

		if (!longer)
			return crash__fail(CRASH_ENOMEM, "no memory for what is mounted");
		*text = longer;
		got = read(list, *text + size, room - size - 1);
		if (got < 0)
			return crash__fail_errno("/proc/self/mountinfo");
		size += (size_t)got;
	}
	(*text)[size] = '\0';
	return 0;
}

int crash__mounts_open(struct crash__mounts *mounts)
{
	*mounts = (struct crash__mounts){.list = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)};
	return mounts->list < 0 ? 0 : read_list(mounts->list, &mounts->before);
}

/* Whether anything was mounted or unmounted since this was last asked. */
static bool has_changed(const struct crash__mounts *mounts)
{
	struct pollfd polled = {.fd = mounts->list, .events = POLLPRI};

	return poll(&polled, 1, 0) != 0;
}

int crash__mounts_note(struct crash__mounts *mounts, const char *state)
{
	struct statx status;

	if (mounts->list < 0)
		return 0;
	has_changed(mounts);
	mounts->changed = false;
	if (statx(AT_FDCWD, state, AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0)
		return crash__fail_errno("%s", state);
	if (status.stx_mask & STATX_MNT_ID) {
		snprintf(mounts->state, sizeof mounts->state, "%llu ", (unsigned long long)status.stx_mnt_id);
		return 0;
	}
	/* before Linux 5.8 */
	free(mounts->before);
	return read_list(mounts->list, &mounts->before);
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
	if (*mounts->state && strncmp(name, mounts->state, strlen(mounts->state)) == 0)
		return true;
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

/* Who asks is told of a change once. */
bool crash__mounts_are_same(struct crash__mounts *mounts)
{
	mounts->changed |= mounts->list >= 0 && has_changed(mounts);
	return !mounts->changed;
}

/* The last one first: it may be in one of those before, or over it. */
int crash__mounts_restore(const struct crash__mounts *mounts)
{
	char path[PATH_MAX], *text;
	bool found = true;
	int error = 0;

	if (mounts->list < 0 || (!has_changed(mounts) && !mounts->changed))
		return 0;
	while (found && error == 0) {
		error = read_list(mounts->list, &text);
		found = error == 0 && find_new(mounts, text, path);
		if (found && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			error = crash__fail_errno("cannot unmount %s, which the checker has mounted", path);
		free(text);
	}
	return error;
}
