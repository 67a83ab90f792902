/* SPDX-License-Identifier: MIT */
#include "base/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/user_namespace.h"

/* What stands in front of each: a name with its NUL, and a value, follow. */
struct head {
	uint32_t name_bytes, value_bytes;
};

/* ------------------------------------------------------------------ what could not be given */

enum { NOTHING, NOTING, NOTED };

struct note {
	_Atomic int state;
	char text[512];
};

static struct note own, *noted = &own;

static void note_lost(const char *what, const char *path)
{
	int nothing = NOTHING, error = errno;

	if (!atomic_compare_exchange_strong(&noted->state, &nothing, NOTING))
		return;
	snprintf(noted->text, sizeof noted->text, "%.200s could not be given to %.200s: %s", what,
		 *path ? path : "the data directory", strerror(error));
	atomic_store(&noted->state, NOTED);
}

bool crash__attributes_share(void)
{
	struct note *shared;

	if (noted != &own)
		return true;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return false;
	memcpy(shared, &own, sizeof own);
	noted = shared;
	return true;
}

const char *crash__attributes_lost(void)
{
	return atomic_load(&noted->state) == NOTED ? noted->text : NULL;
}

/* ------------------------------------------------------------------ reading */

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static bool is_ours(const char *name)
{
	if (begins(name, "user.") || begins(name, "trusted."))
		return !strstr(name, ".overlay.");
	return strcmp(name, "security.capability") == 0 || begins(name, "system.posix_acl_");
}

/* For calls that know no directory to start at. */
static bool path_from(int directory, const char *path, char out[PATH_MAX])
{
	int length = directory == AT_FDCWD ?
			     snprintf(out, PATH_MAX, "%s", path) :
			     snprintf(out, PATH_MAX, "/proc/self/fd/%d/%s", directory, *path ? path : ".");

	if (length < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* Makes room for one more; NULL: there is no memory. */
static unsigned char *add(struct crash__xattrs *xattrs, const char *name, size_t bytes)
{
	struct head head = {(uint32_t)strlen(name) + 1, (uint32_t)bytes};
	size_t count = xattrs->count + sizeof head + head.name_bytes + bytes;
	unsigned char *bigger = realloc(xattrs->bytes, count), *at;

	if (!bigger)
		return NULL;
	at = bigger + xattrs->count;
	memcpy(at, &head, sizeof head);
	memcpy(at + sizeof head, name, head.name_bytes);
	xattrs->bytes = bigger;
	xattrs->count = count;
	return at + sizeof head + head.name_bytes;
}

static int read_one(const char *path, const char *name, struct crash__xattrs *xattrs)
{
	static unsigned char value[XATTR_SIZE_MAX];
	ssize_t bytes = lgetxattr(path, name, value, sizeof value);
	unsigned char *to;

	if (bytes < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
	to = add(xattrs, name, (size_t)bytes);
	if (to)
		memcpy(to, value, (size_t)bytes);
	return to ? 0 : -1;
}

static int read_all(const char *path, struct crash__xattrs *xattrs)
{
	static char names[XATTR_LIST_MAX];
	ssize_t length = llistxattr(path, names, sizeof names);
	int result = 0;

	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : -1;
	for (const char *name = names; name < names + length && result == 0; name += strlen(name) + 1)
		if (is_ours(name))
			result = read_one(path, name, xattrs);
	return result;
}

/* In a user namespace of its own, where the modes of our files do not keep us out. */
static void send_all(int to, const char *path)
{
	struct crash__xattrs xattrs = {0};
	int error = read_all(path, &xattrs) < 0 ? errno : 0;
	size_t done = 0;
	ssize_t put = write(to, &error, sizeof error);

	while (error == 0 && put > 0 && done < xattrs.count) {
		put = write(to, xattrs.bytes + done, xattrs.count - done);
		done += put > 0 ? (size_t)put : 0;
	}
	_exit(0);
}

static int receive_all(int from, struct crash__xattrs *xattrs)
{
	unsigned char buffer[4096];
	int error = EACCES;
	ssize_t got = read(from, &error, sizeof error);

	while (error == 0 && got > 0 && (got = read(from, buffer, sizeof buffer)) > 0) {
		unsigned char *bigger = realloc(xattrs->bytes, xattrs->count + (size_t)got);

		if (!bigger) {
			error = ENOMEM;
			break;
		}
		memcpy(bigger + xattrs->count, buffer, (size_t)got);
		xattrs->bytes = bigger;
		xattrs->count += (size_t)got;
	}
	errno = error;
	return error ? -1 : 0;
}

static int read_as_owner(const char *path, struct crash__xattrs *xattrs)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int ends[2], result, error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		if (crash__map_own_ids(uid, gid))
			send_all(ends[1], path);
		_exit(1);
	}
	close(ends[1]);
	result = receive_all(ends[0], xattrs);
	error = errno;
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	errno = error;
	return result;
}

/* What the program cannot read either is of no use to it. */
static bool is_closed_to_us(const char *path)
{
	struct stat status;

	return geteuid() != 0 && (lstat(path, &status) < 0 || status.st_uid != geteuid());
}

int crash__xattrs_read(int directory, const char *path, struct crash__xattrs *xattrs)
{
	char whole[PATH_MAX];
	int error;

	*xattrs = (struct crash__xattrs){0};
	if (!path_from(directory, path, whole))
		return -1;
	if (read_all(whole, xattrs) == 0)
		return 0;
	error = errno;
	crash__xattrs_clear(xattrs);
	if (error == EACCES && geteuid() != 0 && read_as_owner(whole, xattrs) == 0)
		return 0;
	crash__xattrs_clear(xattrs);
	if (error == EACCES && is_closed_to_us(whole))
		return 0;
	errno = error;
	return -1;
}

void crash__xattrs_clear(struct crash__xattrs *xattrs)
{
	free(xattrs->bytes);
	*xattrs = (struct crash__xattrs){0};
}

bool crash__xattrs_next(const struct crash__xattrs *xattrs, size_t *at, const char **name,
			const unsigned char **value, size_t *bytes)
{
	struct head head;

	if (*at > xattrs->count || xattrs->count - *at < sizeof head)
		return false;
	memcpy(&head, xattrs->bytes + *at, sizeof head);
	if (xattrs->count - *at - sizeof head < (uint64_t)head.name_bytes + head.value_bytes ||
	    !head.name_bytes || xattrs->bytes[*at + sizeof head + head.name_bytes - 1])
		return false;
	*name = (const char *)xattrs->bytes + *at + sizeof head;
	*value = xattrs->bytes + *at + sizeof head + head.name_bytes;
	*bytes = head.value_bytes;
	*at += sizeof head + head.name_bytes + head.value_bytes;
	return true;
}

const unsigned char *crash__xattrs_find(const struct crash__xattrs *xattrs, const char *name, size_t *bytes)
{
	const unsigned char *value;
	const char *found;

	for (size_t at = 0; crash__xattrs_next(xattrs, &at, &found, &value, bytes);)
		if (strcmp(found, name) == 0)
			return value;
	return NULL;
}

/* ------------------------------------------------------------------ giving */

void crash__xattr_give(int directory, const char *path, const char *name, const unsigned char *value,
		       size_t bytes)
{
	char whole[PATH_MAX], what[300];

	snprintf(what, sizeof what, "the attribute %.200s", name);
	if (!path_from(directory, path, whole) ||
	    (value ? lsetxattr(whole, name, value, bytes, 0) < 0 :
		     lremovexattr(whole, name) < 0 && errno != ENODATA && errno != EOPNOTSUPP))
		note_lost(what, path);
}

void crash__xattrs_give(int directory, const char *path, const struct crash__xattrs *xattrs)
{
	const unsigned char *value;
	const char *name;
	size_t bytes;

	for (size_t at = 0; crash__xattrs_next(xattrs, &at, &name, &value, &bytes);)
		if (is_ours(name))
			crash__xattr_give(directory, path, name, value, bytes);
}

void crash__owner_give(int directory, const char *path, uid_t uid, gid_t gid)
{
	if (fchownat(directory, path, uid, gid, AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH)) < 0)
		note_lost("another owner", path);
}
