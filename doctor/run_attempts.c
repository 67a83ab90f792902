/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "common/numbers.h"
#include "doctor/attempts.h"
#include "explore/recording/sandbox.h"
#include "runner/run.h"
#include "runner/setup.h"
#include "supervisor/filters/filter.h"

/* Headers of older kernels lack these. */
#define FEATURE_WP_ASYNC (UINT64_C(1) << 15)
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* ------------------------------------------------------------------ memory */

/* As much as the rings of a busy run take. */
int crash__attempt_shared_memory(const char *directory)
{
	char path[PATH_MAX];
	int fd;

	(void)directory;
	snprintf(path, sizeof path, "%.4000s/crashinject-doctor-XXXXXX", crash__setup_place());
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return crash__fail_errno("making %s", path);
	unlink(path);
	if (fallocate(fd, 0, 0, 16 << 20) < 0 && errno != EOPNOTSUPP)
		return crash__fail_errno("16 MiB in %s", crash__setup_place());
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ?
		       crash__fail_errno("mapping a file of %s", crash__setup_place()) :
		       0;
}

int crash__attempt_memory_file(const char *directory)
{
	int fd = memfd_create("crashinject-doctor", MFD_CLOEXEC);

	(void)directory;
	if (fd < 0)
		return crash__fail_errno("memfd_create");
	return write(fd, "x", 1) == 1 ? 0 : crash__fail_errno("writing to a memfd");
}

/* Copies a program that does nothing; it fails as the kernel says. */
int crash__attempt_memory_program(const char *directory)
{
	int program = open("/bin/true", O_RDONLY | O_CLOEXEC), fd = memfd_create("true", MFD_CLOEXEC), status;
	char name[] = "true", *argv[] = {name, NULL}, *envp[] = {NULL};
	pid_t pid;

	(void)directory;
	if (program < 0 || fd < 0)
		return crash__fail_errno("memfd_create");
	while (sendfile(fd, program, NULL, 1 << 20) > 0)
		;
	pid = crash__fork_bound(SIGKILL);
	if (pid == 0) {
		fexecve(fd, argv, envp);
		_exit(errno & 0x7f);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return crash__fail_errno("fork");
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return status == 0 ? 0 : crash__fail_errno("executing a memfd");
}

/* ------------------------------------------------------------------ a run */

/* The first op of a shell, without any supervisor: the module is there, is loaded, and crashes it. */
int crash__attempt_crash(const char *directory)
{
	static const char *const args[] = {"-c", "echo >\"$CRASH_DIR/made\"", NULL};
	struct crash_opts opts = {
		.program = "/bin/sh", .args = args, .timeout_ms = 8000, .flags = CRASH_NO_SUPERVISOR};
	struct crash_out out;
	int error = crash_run("io#1", &opts, &out);
	bool killed;

	(void)directory;
	if (error < 0)
		return error;
	killed = out.killed;
	error = killed ? 0 :
			 crash__fail(CRASH_ESYSTEM, "a shell was not crashed at its first op: %s",
				     out.incomplete_reasons[0] ? out.incomplete_reasons[0] :
								 "the op was not seen");
	crash_out_clear(&out);
	errno = 0;
	return error;
}

/* ------------------------------------------------------------------ notifications */

static int answer(int listener)
{
	struct seccomp_notif asked = {0};
	struct seccomp_notif_resp reply = {0};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return crash__fail_errno("receiving a notification");
	reply.id = asked.id;
	reply.val = 4711;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) < 0 ?
		       crash__fail_errno("answering a notification") :
		       0;
}

int crash__attempt_notification(const char *directory)
{
	static const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct crash__filter filter = {.length = sizeof code / sizeof *code};
	int listener, status = -1, error;
	pid_t pid;

	(void)directory;
	memcpy(filter.code, code, sizeof code);
	listener = crash__filter_install(&filter);
	if (listener < 0) {
		errno = -listener;
		return crash__fail_errno("seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)");
	}
	pid = crash__fork_bound(SIGKILL);
	if (pid == 0)
		_exit(syscall(SYS_getpgid, 0) != 4711);
	error = pid < 0 ? crash__fail_errno("fork") : answer(listener);
	if (error == 0 && (waitpid(pid, &status, 0) < 0 || status != 0))
		error = crash__fail(CRASH_ESYSTEM, "the answer to a notification did not arrive");
	return error;
}

/* ------------------------------------------------------------------ other processes */

static volatile long looked_at = 4711;

/* A child of ours, which waits to be killed. Who waits for our answer must not wait for it. */
static pid_t sleeper(void)
{
	pid_t pid = crash__fork_bound(SIGKILL);

	if (pid != 0)
		return pid;
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (;;)
		pause();
}

/* Not left to our own end: there are kernels that do not send a signal then. */
static int end_sleeper(pid_t pid, int error)
{
	int number = errno;

	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = number;
	return error;
}

int crash__attempt_look(const char *directory)
{
	pid_t pid = sleeper();
	long seen = 0;
	struct iovec ours = {&seen, sizeof seen}, theirs = {(void *)(uintptr_t)&looked_at, sizeof seen};
	int error = 0;

	(void)directory;
	if (pid < 0)
		return crash__fail_errno("fork");
	if (process_vm_readv(pid, &ours, 1, &theirs, 1, 0) != (ssize_t)sizeof seen || seen != 4711)
		error = crash__fail_errno("process_vm_readv");
	return end_sleeper(pid, error);
}

int crash__attempt_descriptor(const char *directory)
{
	pid_t pid = sleeper();
	int pidfd, error = 0;

	(void)directory;
	if (pid < 0)
		return crash__fail_errno("fork");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		error = crash__fail_errno("pidfd_open");
	else if (syscall(SYS_pidfd_getfd, pidfd, 0, 0) < 0)
		error = crash__fail_errno("pidfd_getfd");
	return end_sleeper(pid, error);
}

int crash__attempt_pages(const char *directory)
{
	struct uffdio_api api = {.api = UFFD_API, .features = FEATURE_WP_ASYNC};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

	(void)directory;
	if (fd < 0)
		return crash__fail_errno("userfaultfd");
	return ioctl(fd, UFFDIO_API, &api) < 0 ?
		       crash__fail_errno("userfaultfd with asynchronous write protection") :
		       0;
}
