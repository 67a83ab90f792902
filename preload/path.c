/* SPDX-License-Identifier: MIT */
/*
 * path.c - where this process's relative paths start.
 */
#include "preload/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/ask.h"
#include "common/say.h"
#include "common/walk.h"

/* Where this process's names may not be those of the run, the supervisor is asked. */
static bool has_to_ask(void)
{
	return __builtin_expect(atomic_load_explicit(&crash__control->other_places, memory_order_relaxed), 0);
}

static bool ask(enum crash__ask kind, long first, long second, char out[PATH_MAX])
{
	long result;

	do
		result =
			crash__sys6(SYS_seccomp, CRASH__ASK, CRASH__ASK_FLAG, kind, first, second, (long)out);
	while (result == -EINTR);
	if (result < 0)
		out[0] = '\0';
	if (result == -EINVAL) /* there is nobody to answer */
		crash__control_incomplete(crash__control, CRASH__INCOMPLETE_OTHER_ROOT, NULL);
	return result == 0;
}

bool crash__path_of_fd(int fd, bool gone, char out[PATH_MAX])
{
	char name[32] = "/proc/self/fd/"; /* between vfork and exec, too, "self" is who asks */
	char digits[16];
	long length;

	if (has_to_ask())
		return ask(CRASH__ASK_FD, fd, 0, out);
	strcat(name, crash__decimal(digits, sizeof digits, (uint64_t)(unsigned int)fd));
	length = crash__sys3(SYS_readlink, (long)name, (long)out, PATH_MAX - 1);
	out[length < 0 ? 0 : length] = '\0';
	if (gone)
		crash__path_strip_deleted(out);
	return length >= 0;
}

static char *put_hexadecimal(char *to, uintptr_t number)
{
	int shift = 60;

	while (shift && !(number >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[number >> shift & 15];
	*to = '\0';
	return to;
}

bool crash__path_of_memory(uintptr_t start, uintptr_t end, char out[PATH_MAX])
{
	char name[64] = "/proc/self/map_files/";
	char *at = put_hexadecimal(name + strlen(name), start);
	long length;

	*at++ = '-';
	put_hexadecimal(at, end);
	length = has_to_ask() ? -1 : crash__sys3(SYS_readlink, (long)name, (long)out, PATH_MAX - 1);
	if (length < 0) /* the kernel has it in other parts than we, or together with others */
		return ask(CRASH__ASK_MEMORY, (long)start, 0, out);
	out[length] = '\0';
	return true;
}

bool crash__path_resolve(struct crash__path_buffers *buffers, int dirfd, const char *path, bool follow,
			 char out[PATH_MAX])
{
	struct crash__walk walk = {
		.prefix = "",
		.base = out,
		.follow = follow,
		.epoch = atomic_load_explicit(&crash__control->name_epoch, memory_order_acquire),
		.out = out,
		.rest = buffers->rest,
		.link = buffers->link,
	};

	out[0] = '\0';
	if (path == NULL)
		return false;
	if (has_to_ask())
		return ask(follow ? CRASH__ASK_FOLLOWED : CRASH__ASK_PATH, dirfd, (long)path, out);
	if (path[0] != '/' && dirfd == AT_FDCWD)
		crash__sys3(SYS_getcwd, (long)out, PATH_MAX, 0);
	else if (path[0] != '/')
		crash__path_of_fd(dirfd, false, out);
	return crash__walk(&walk, path);
}
