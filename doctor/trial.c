/* SPDX-License-Identifier: MIT */
/*
 * Method. An attempt has a process of its own, so that what it changes, filters and namespaces above all,
 * ends with it. It does what a run or an exploration does, with the same functions where they can be called
 * alone.
 */
#include "doctor/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/rights.h"
#include "doctor/attempts.h"
#include "explore/recording/sandbox.h"

#define SECONDS 10

static bool has_rights(void)
{
	return crash__may(CAP_SYS_ADMIN);
}

const struct crash__trial crash__trials[] = {
	{"shared-memory", CRASH__NEEDED_TO_RUN, "nothing can be run", crash__attempt_shared_memory, NULL},
	{"memory-file", CRASH__NEEDED_TO_RUN, "nothing can be recorded without a file for the trace",
	 crash__attempt_memory_file, NULL},
	{"crash", CRASH__NEEDED_TO_RUN, "no program can be crashed", crash__attempt_crash, NULL},
	{"seccomp-notification", CRASH__NEEDED_TO_SEE,
	 "raw system calls and static programs are not seen: runs are incomplete",
	 crash__attempt_notification, NULL},
	{"look-into-process", CRASH__NEEDED_TO_SEE,
	 "what static programs write is not seen: runs are incomplete", crash__attempt_look, NULL},
	{"take-descriptor", CRASH__NEEDED_TO_SEE,
	 "which files static programs write to is guessed from their paths", crash__attempt_descriptor, NULL},
	{"page-tracking", CRASH__NEEDED_TO_SEE,
	 "stores to shared mappings are found by comparing, which takes longer", crash__attempt_pages, NULL},
	{"memory-program", CRASH__NEEDED_TO_SEE,
	 "programs that execute a file in memory (memfd) fail, by themselves too",
	 crash__attempt_memory_program, NULL},
	{"user-namespace", CRASH__NEEDED_TO_EXPLORE, "states are checked on copies, at another path",
	 crash__attempt_user_namespace, has_rights},
	{"mount-namespace", CRASH__NEEDED_TO_EXPLORE, "states are checked on copies, at another path",
	 crash__attempt_mount_namespace, NULL},
	{"pid-namespace", CRASH__NEEDED_TO_EXPLORE, "states are checked on copies, at another path",
	 crash__attempt_pid_namespace, NULL},
	{"bind-mount", CRASH__NEEDED_TO_EXPLORE, "states are checked on copies, at another path",
	 crash__attempt_bind, NULL},
	{"overlay", CRASH__NEEDED_TO_EXPLORE, "states are checked on copies", crash__attempt_overlay, NULL},
	{"network-namespace", CRASH__NEEDED_TO_EXPLORE,
	 "checkers share the network: servers of two workers cannot have one port", crash__attempt_network,
	 NULL},
	{"root", CRASH__NEEDED_TO_WITNESS, "witness needs root", crash__attempt_root, NULL},
	{"fuse", CRASH__NEEDED_TO_WITNESS, "witness has no disk", crash__attempt_fuse, NULL},
	{"loop-device", CRASH__NEEDED_TO_WITNESS, "witness has no disk", crash__attempt_loop, NULL},
	{"mkfs", CRASH__NEEDED_TO_WITNESS, "witness can make no file system", crash__attempt_mkfs, NULL},
	{"kvm", CRASH__NEEDED_TO_WITNESS, "other kernels are tried by emulation, which is slow",
	 crash__attempt_kvm, NULL},
};

const size_t crash__trial_count = sizeof crash__trials / sizeof *crash__trials;

/* What a child says: its errno, and the detail. */
static _Noreturn void attempt(const struct crash__trial *trial, const char *directory, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), error, number;

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	alarm(SECONDS);
	errno = 0;
	error = trial->attempt(directory);
	number = errno;
	if (error < 0 && (write(out, &number, sizeof number) < 0 ||
			  write(out, crash_error_detail(), strlen(crash_error_detail())) < 0))
		_exit(2);
	_exit(error < 0);
}

static void take(int in, struct crash__trial_result *result)
{
	size_t used = 0;
	ssize_t got;

	if (read(in, &result->number, sizeof result->number) != sizeof result->number)
		result->number = 0;
	while (used < sizeof result->why - 1 &&
	       (got = read(in, result->why + used, sizeof result->why - 1 - used)) > 0)
		used += (size_t)got;
	result->why[used] = '\0';
}

void crash__trial_run(const struct crash__trial *trial, const char *directory,
		      struct crash__trial_result *result)
{
	int ends[2], status = -1;
	pid_t pid;

	memset(result, 0, sizeof *result);
	if (trial->unneeded && trial->unneeded()) {
		result->unneeded = true;
		return;
	}
	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = crash__fork_bound(SIGKILL)) < 0) {
		snprintf(result->why, sizeof result->why, "it cannot be tried: %s", strerror(errno));
		return;
	}
	if (pid == 0)
		attempt(trial, directory, ends[1]);
	close(ends[1]);
	take(ends[0], result);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	result->works = status == 0;
	if (WIFSIGNALED(status))
		snprintf(result->why, sizeof result->why,
			 WTERMSIG(status) == SIGALRM ? "it did not come to an end" : "it ended by signal %d",
			 WTERMSIG(status));
}
