/* SPDX-License-Identifier: MIT */
#include "base/file_limit.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

static bool ignored;

void crash__file_limit_ignore(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	sigaction(SIGXFSZ, &ignore, &before);
	ignored = before.sa_handler == SIG_DFL;
}

void crash__file_limit_restore(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	if (ignored)
		sigaction(SIGXFSZ, &action, NULL);
}

uint64_t crash__file_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX :
											limit.rlim_cur;
}
