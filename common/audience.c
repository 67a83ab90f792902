/* SPDX-License-Identifier: MIT */
#include "common/audience.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "common/op_record.h"
#include "common/sys.h"

#define PIPE_FILES 0x50495045 /* of the file system that has the pipes without a name */

/* ------------------------------------------------------------------ what was inherited */

void crash__audience_inherit(struct crash__control *control, int at, int fd)
{
	struct stat status;

	if (crash__sys3(SYS_fstat, fd, (long)&status, 0) < 0)
		return;
	control->inherited[at].device = status.st_dev;
	control->inherited[at].inode = status.st_ino;
}

static bool is_at(const struct crash__control *control, int at, const struct stat *status)
{
	return control->inherited[at].inode == status->st_ino &&
	       control->inherited[at].device == status->st_dev;
}

/* Both may be the same file: then the descriptor says which is meant. */
uint16_t crash__audience_stream(const struct crash__control *control, const struct stat *status, int fd)
{
	if (is_at(control, 1, status) && !(fd == 2 && is_at(control, 2, status)))
		return CRASH__ACK_STDOUT;
	return is_at(control, 2, status) ? CRASH__ACK_STDERR : 0;
}

static bool is_inherited(const struct crash__control *control, const struct stat *status)
{
	for (size_t i = 0; i < sizeof control->inherited / sizeof *control->inherited; i++)
		if (is_at(control, (int)i, status))
			return true;
	return false;
}

/* ------------------------------------------------------------------ what the tree has made */

/* A named one can be opened by anybody. */
static bool is_pipe_without_name(int fd)
{
	struct {
		long type;
		char rest[248]; /* more than a struct statfs has */
	} system;

	return crash__sys3(SYS_fstatfs, fd, (long)&system, 0) == 0 && system.type == PIPE_FILES;
}

static bool has_no_name(long asked, const struct sockaddr_un *address, uint32_t bytes)
{
	return asked == 0 && address->sun_family == AF_UNIX &&
	       bytes <= offsetof(struct sockaddr_un, sun_path);
}

/* Of two sockets that were connected by a name, one has it. */
static bool is_pair(int fd)
{
	struct sockaddr_un mine, other;
	uint32_t my_bytes = sizeof mine, other_bytes = sizeof other;
	long asked = crash__sys3(SYS_getsockname, fd, (long)&mine, (long)&my_bytes);

	if (!has_no_name(asked, &mine, my_bytes))
		return false;
	asked = crash__sys3(SYS_getpeername, fd, (long)&other, (long)&other_bytes);
	return has_no_name(asked, &other, other_bytes);
}

bool crash__audience_is_tree(const struct crash__control *control, const struct stat *status, int fd)
{
	/* whoever was sent a descriptor reads, too */
	if (fd < 0 || is_inherited(control, status) || atomic_load(&control->passed_on))
		return false;
	return S_ISFIFO(status->st_mode) ? is_pipe_without_name(fd) :
					   S_ISSOCK(status->st_mode) && is_pair(fd);
}

/* ------------------------------------------------------------------ what nobody reads */

/* /dev/null, /dev/zero and /dev/full, by whatever name. */
static bool is_nobody(const struct stat *status)
{
	enum { MEMORY = 1 << 8 };

	return S_ISCHR(status->st_mode) &&
	       (status->st_rdev == (MEMORY | 3) || status->st_rdev == (MEMORY | 5) ||
		status->st_rdev == (MEMORY | 7));
}

bool crash__audience_is_outside(const struct crash__control *control, const struct stat *status, int fd,
				uint64_t bytes)
{
	if (S_ISREG(status->st_mode))
		return crash__control_is_outside(control, status->st_dev, status->st_ino);
	if (is_nobody(status))
		return false;
	if (crash__wakes_up(bytes) && crash__audience_is_tree(control, status, fd))
		return false;
	return S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode) || S_ISCHR(status->st_mode) ||
	       S_ISBLK(status->st_mode);
}
