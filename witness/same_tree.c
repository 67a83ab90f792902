/* SPDX-License-Identifier: MIT */
#include "witness/same_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/directory.h"
#include "base/error.h"

/* Two trees, and where in both of them we are. */
struct comparing {
	int one, other;
	char *where;
};

static int is_same_thing(struct comparing *comparing);

static const char *below(const struct comparing *comparing)
{
	return *comparing->where ? comparing->where : ".";
}

static int fail(const struct comparing *comparing)
{
	return crash__fail_errno("cannot compare %s", below(comparing));
}

static int is_same_bytes(const struct comparing *comparing)
{
	int one = openat(comparing->one, comparing->where, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int other = openat(comparing->other, comparing->where, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char left[16384], right[sizeof left];
	ssize_t got = 1, had = 1;
	int result = 1;

	while (result == 1 && got > 0) {
		got = read(one, left, sizeof left);
		had = read(other, right, sizeof right);
		if (got < 0 || had < 0)
			result = fail(comparing);
		else if (got != had || memcmp(left, right, (size_t)got) != 0)
			result = 0;
	}
	if (one >= 0)
		close(one);
	if (other >= 0)
		close(other);
	return result;
}

static int is_same_link(const struct comparing *comparing)
{
	char left[PATH_MAX], right[PATH_MAX];
	ssize_t got = readlinkat(comparing->one, comparing->where, left, sizeof left);
	ssize_t had = readlinkat(comparing->other, comparing->where, right, sizeof right);

	if (got < 0 || had < 0)
		return fail(comparing);
	return got == had && memcmp(left, right, (size_t)got) == 0;
}

/* Times are compared by nobody: most are those of now. */
static int is_same_xattrs(const struct comparing *comparing)
{
	struct crash__xattrs one = {0}, other = {0};
	const unsigned char *value, *found;
	size_t bytes, found_bytes, at = 0;
	int result = 1;
	const char *name;

	if (crash__xattrs_read(comparing->one, comparing->where, &one) < 0 ||
	    crash__xattrs_read(comparing->other, comparing->where, &other) < 0)
		result = fail(comparing);
	else if (one.count != other.count)
		result = 0;
	while (result == 1 && crash__xattrs_next(&one, &at, &name, &value, &bytes)) {
		found = crash__xattrs_find(&other, name, &found_bytes);
		if (!found || bytes != found_bytes || memcmp(value, found, bytes) != 0)
			result = 0;
	}
	crash__xattrs_clear(&one);
	crash__xattrs_clear(&other);
	return result;
}

/* How many names a directory has; each of them is the same in the other, where `other` is one. */
static int compare_names(struct comparing *comparing, int tree, bool compare, size_t *count)
{
	int fd = openat(tree, below(comparing), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	size_t length = strlen(comparing->where);
	int result = directory ? 1 : fail(comparing), got = 0;
	const char *name;

	for (*count = 0; result == 1 && (got = crash__directory_next(directory, &name)) > 0; ++*count) {
		if (!compare)
			continue;
		snprintf(comparing->where + length, PATH_MAX - length, "%s%s", length ? "/" : "", name);
		result = is_same_thing(comparing);
		if (result == 1)
			comparing->where[length] = '\0';
	}
	if (result == 1 && got < 0)
		result = fail(comparing);
	if (directory)
		closedir(directory);
	return result;
}

static int is_same_directory(struct comparing *comparing)
{
	size_t one, other;
	int result = compare_names(comparing, comparing->one, true, &one);

	if (result == 1)
		result = compare_names(comparing, comparing->other, false, &other);
	return result == 1 ? one == other : result;
}

static int is_same_thing(struct comparing *comparing)
{
	struct stat left, right;
	int result;

	if (fstatat(comparing->one, below(comparing), &left, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(comparing);
	if (fstatat(comparing->other, below(comparing), &right, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(comparing);
	if (left.st_mode != right.st_mode || left.st_uid != right.st_uid || left.st_gid != right.st_gid)
		return 0;
	result = is_same_xattrs(comparing);
	if (result != 1)
		return result;
	if (S_ISDIR(left.st_mode))
		return is_same_directory(comparing);
	if (S_ISLNK(left.st_mode))
		return is_same_link(comparing);
	return S_ISREG(left.st_mode) ? is_same_bytes(comparing) : 1;
}

int crash__same_tree(const char *one, const char *other, char where[PATH_MAX])
{
	struct comparing comparing = {.one = open(one, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				      .other = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				      .where = where};
	int result;

	where[0] = '\0';
	result = comparing.one < 0 || comparing.other < 0 ? fail(&comparing) : is_same_thing(&comparing);
	if (comparing.one >= 0)
		close(comparing.one);
	if (comparing.other >= 0)
		close(comparing.other);
	return result;
}
