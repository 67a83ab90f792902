/* SPDX-License-Identifier: MIT */
#include "common/follow.h"

#include <fcntl.h>

uint64_t crash__open_flags_of(const struct crash__call_info *kernel, const long args[6])
{
	if (kernel->kernel == CRASH__CALL_creat)
		return O_CREAT | O_TRUNC | O_WRONLY;
	return kernel->where.flags ? (uint64_t)crash__arg(args, kernel->where.flags) : 0;
}

bool crash__follows_last(const struct crash__call_info *kernel, const long args[6], uint64_t open_flags)
{
	long flags = crash__arg(args, kernel->where.flags);

	switch (kernel->family) {
	case CRASH__FAMILY_OPEN:
		if (kernel->kernel == CRASH__CALL_mknod || kernel->kernel == CRASH__CALL_mknodat)
			return false;
		return !(open_flags & O_NOFOLLOW) && (open_flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	case CRASH__FAMILY_TRUNCATE:
		return true;
	case CRASH__FAMILY_ATTR:
		return !kernel->where.nofollow && !(kernel->where.flags && (flags & AT_SYMLINK_NOFOLLOW));
	case CRASH__FAMILY_LINK:
		return kernel->kernel == CRASH__CALL_linkat && (flags & AT_SYMLINK_FOLLOW);
	default:
		return false;
	}
}

bool crash__counts_as_file(const struct crash__call_info *kernel, mode_t mode)
{
	if (kernel->family != CRASH__FAMILY_OPEN && kernel->family != CRASH__FAMILY_TRUNCATE &&
	    kernel->family != CRASH__FAMILY_ATTR)
		return true;
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}
