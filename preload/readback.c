/* SPDX-License-Identifier: MIT */
#include "preload/readback.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "common/say.h"
#include "common/sys.h"

bool crash__copy_string(const char *from, char *to, size_t size)
{
	size_t done = 0;
	long pid = crash__sys3(SYS_getpid, 0, 0, 0);

	while (done < size) {
		/* up to the end of a page, because the next one may not be there */
		size_t piece = 4096 - ((uintptr_t)(from + done) & 4095);
		struct iovec local, remote;
		long got;

		if (piece > size - done)
			piece = size - done;
		local = (struct iovec){to + done, piece};
		remote = (struct iovec){(void *)(uintptr_t)(from + done), piece};
		got = crash__sys6(SYS_process_vm_readv, pid, (long)&local, 1, (long)&remote, 1, 0);
		if (got == -ENOSYS || got == -EPERM) { /* a sandbox: the kernel reads it anyway */
			memcpy(to + done, from + done, 1);
			got = 1;
		}
		if (got <= 0)
			return false;
		if (memchr(to + done, '\0', (size_t)got))
			return true;
		done += (size_t)got;
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
