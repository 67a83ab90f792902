/* SPDX-License-Identifier: MIT */
#include "explore/recording/network.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/recording/sandbox.h"

int crash__network_enter(void)
{
	struct ifreq loopback = {.ifr_flags = IFF_UP};
	int fd, result;

	if (unshare(CLONE_NEWNET) < 0)
		return crash__fail_errno("cannot make a network namespace");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(loopback.ifr_name, "lo");
	result = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &loopback);
	if (result < 0)
		crash__fail_errno("cannot use a network namespace");
	if (fd >= 0)
		close(fd);
	return result < 0 ? CRASH_ESYSTEM : 0;
}

bool crash__network_possible(void)
{
	int status = -1;
	pid_t pid = crash__sandbox_fork(false, SIGKILL);

	if (pid == 0)
		_exit(crash__network_enter() < 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}
