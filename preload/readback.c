/* SPDX-License-Identifier: MIT */
#include "preload/readback.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/say.h"
#include "common/sys.h"

bool crash__is_readable(uintptr_t address)
{
	/* 99 is not a mode, so the kernel reads the set and does nothing */
	return crash__sys6(SYS_rt_sigprocmask, 99, (long)(address & ~(uintptr_t)7), 0, 8, 0, 0) != -EFAULT;
}

bool crash__copy_string(const char *from, char *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		/* up to the end of a page, because the next one may not be there */
		size_t piece = 4096 - ((uintptr_t)(from + done) & 4095);

		if (piece > size - done)
			piece = size - done;
		if (!crash__is_readable((uintptr_t)(from + done)))
			return false;
		for (size_t i = 0; i < piece; i++, done++)
			if ((to[done] = from[done]) == '\0')
				return true;
	}
	return false;
}

long crash__read_back(int fd, void *to, size_t count, uint64_t offset)
{
	char name[32] = "/proc/self/fd/", digits[16];
	long got = crash__sys6(SYS_pread64, fd, (long)to, (long)count, (long)offset, 0, 0), again;
	struct flock lock = {.l_type = F_WRLCK};

	if (got != -EBADF)
		return got;
	/* the process would lose its locks on the file when we close ours */
	if (crash__sys3(SYS_fcntl, fd, F_OFD_GETLK, (long)&lock) < 0 || lock.l_type != F_UNLCK)
		return -EBADF;
	strcat(name, crash__decimal(digits, sizeof digits, (uint64_t)(unsigned int)fd));
	again = crash__sys6(SYS_openat, AT_FDCWD, (long)name, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (again < 0)
		return again;
	got = crash__sys6(SYS_pread64, again, (long)to, (long)count, (long)offset, 0, 0);
	crash__sys3(SYS_close, again, 0, 0);
	return got;
}
