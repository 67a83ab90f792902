/* SPDX-License-Identifier: MIT */
#include "explore/recording/run_input.h"

#include <fcntl.h>
#include <unistd.h>

int crash__input_open(off_t at)
{
	int fd = at < 0 ? -1 : open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, at, SEEK_SET) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}
