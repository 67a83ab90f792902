/* SPDX-License-Identifier: MIT */
#include "base/rights.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's PROC_USER_INIT_INO. */
#define FIRST_USER_NAMESPACE 0xeffffffdu

bool crash__may(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability));
}

/* It does not change: who is trusted makes no user namespaces, and who is in one cannot leave it. */
bool crash__is_trusted(void)
{
	static int known = -1;
	struct stat status;

	if (known < 0)
		known = crash__may(CAP_SYS_ADMIN) &&
			(stat("/proc/self/ns/user", &status) < 0 || status.st_ino == FIRST_USER_NAMESPACE);
	return known;
}
