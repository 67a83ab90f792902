/* SPDX-License-Identifier: MIT */
/*
 * Method. The kernel's own rules (bprm_fill_uid() and cap_bprm_creds_from_file()). A program runs in secure
 * mode if the user or group that it acts as is not the one who started it, whether by the bits of the file or
 * because that differed before; and if the file gives it capabilities, except to root. Neither bits nor
 * capabilities count on a file system that is mounted nosuid. After PR_SET_NO_NEW_PRIVS bits do not, and
 * capabilities give nothing, but those that would have been effective at once make the mode a secure one.
 * tests/unit/check_elf.c asks the kernel whether this is so; to newer ones (Linux 6.16) it is enough that the
 * effective user changes.
 */
#include "common/program/secure_mode.h"

#include <endian.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "common/say.h"
#include "common/sys.h"

#define NOSUID 2 /* ST_NOSUID of statvfs(3), as statfs(2) has it */

struct ids {
	uint32_t real, effective, saved;
};

static struct ids ids(long call)
{
	struct ids ids = {0};

	crash__sys3(call, (long)&ids.real, (long)&ids.effective, (long)&ids.saved);
	return ids;
}

static bool is_mounted_nosuid(int fd)
{
	struct statfs system;

	return crash__sys3(SYS_fstatfs, fd, (long)&system, 0) == 0 && (system.f_flags & NOSUID);
}

/* By name, which leads there also from a descriptor that cannot be read. */
static bool has_capabilities(int fd, bool gains)
{
	char path[48] = "/proc/self/fd/", digits[16];
	struct vfs_ns_cap_data data;

	strcpy(path + strlen(path), crash__decimal(digits, sizeof digits, (uint64_t)fd));
	return crash__sys6(SYS_getxattr, (long)path, (long)"security.capability", (long)&data, sizeof data, 0,
			   0) > 0 &&
	       (gains || (le32toh(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE));
}

bool crash__may_gain_rights(void)
{
	return crash__sys6(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) != 1;
}

bool crash__runs_secure(int fd, const struct stat *status, bool gains)
{
	struct ids user = ids(SYS_getresuid), group = ids(SYS_getresgid);
	bool capable = user.real != 0 && has_capabilities(fd, gains);
	bool setuid = gains && (status->st_mode & S_ISUID);
	bool setgid = gains && (status->st_mode & S_ISGID) && (status->st_mode & S_IXGRP);
	uint32_t acts_as = user.effective;

	if ((capable || setuid || setgid) && is_mounted_nosuid(fd))
		capable = setuid = setgid = false;
	if (setuid)
		acts_as = status->st_uid;
	if (setgid)
		group.effective = status->st_gid;
	return capable || acts_as != user.real || acts_as != user.effective || group.effective != group.real;
}
