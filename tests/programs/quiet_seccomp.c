/* SPDX-License-Identifier: MIT */
/*
 * quiet_seccomp - sandboxes of a program's own. The first argument says which:
 *
 *	strict	mode 1: read, write, exit and sigreturn alone
 *	few	a filter that kills for anything but a handful of calls
 *	errno	a filter that refuses some calls with errno
 *	trap	a filter that sends SIGSYS for rename()
 *	listen	a filter whose notifications a child's parent answers
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What libc makes of these where the kernel lacks them. */
#if !defined(SYS_rename) && defined(SYS_renameat)
#define SYS_rename SYS_renameat
#elif !defined(SYS_rename)
#define SYS_rename SYS_renameat2
#endif
#ifndef SYS_mkdir
#define SYS_mkdir SYS_mkdirat
#endif
#ifndef SYS_readlink
#define SYS_readlink SYS_readlinkat
#endif

static void say(const char *what, long result)
{
	int error = errno;

	printf("%s: %ld, errno %d\n", what, result, result < 0 ? error : 0);
	fflush(stdout);
}

/* A filter with one answer for the calls in the list and another one for the rest. */
static int install(const int *numbers, size_t count, unsigned int listed, unsigned int rest,
		   unsigned int flags)
{
	struct sock_filter code[64];
	struct sock_fprog program = {.filter = code};
	unsigned short at = 0;

	code[at++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)numbers[i],
							  0, 1);
		code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	}
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, rest);
	program.len = at;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void report(pid_t child)
{
	struct stat status;
	int result;

	waitpid(child, &result, 0);
	stat("file", &status);
	printf("  ended with %s %d, size %ld\n", WIFSIGNALED(result) ? "signal" : "status",
	       WIFSIGNALED(result) ? WTERMSIG(result) : WEXITSTATUS(result), (long)status.st_size);
}

static void strict(int fd)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	for (int i = 0; i < 20; i++)
		if (write(fd, "strict", 6) != 6)
			syscall(SYS_exit, 1);
	syscall(SYS_exit, 5);
}

static void few(int fd)
{
	static const int numbers[] = {SYS_write, SYS_pwrite64, SYS_fsync, SYS_exit_group, SYS_rt_sigreturn};

	install(numbers, 5, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, 0);
	for (int i = 0; i < 20; i++)
		if (write(fd, "few", 3) != 3 || pwrite(fd, "more", 4, 100) != 4 || fsync(fd) != 0)
			_exit(1);
	_exit(6);
}

static void refused(int fd)
{
	static const int numbers[] = {SYS_rename,	    SYS_fstat,	SYS_newfstatat, SYS_lseek,
				      SYS_readlink,	    SYS_getpid, SYS_fcntl,	SYS_futex,
				      SYS_process_vm_readv, SYS_mmap,	SYS_fsync};

	say("install", install(numbers, 11, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_ALLOW, 0));
	say("write", write(fd, "errno", 5));
	say("pwrite", pwrite(fd, "errno", 5, 50));
	say("fsync", fsync(fd));
	say("rename", rename("file", "renamed"));
	say("link", link("file", "linked"));
	say("unlink", unlink("linked"));
	say("mkdir", mkdir("made", 0700));
	say("open", open("opened", O_CREAT | O_WRONLY, 0600) < 0 ? -1 : 0);
	_exit(7);
}

static volatile sig_atomic_t trapped;

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	trapped = info->si_syscall;
}

static void trap(int fd)
{
	static const int numbers[] = {SYS_rename};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGSYS, &action, NULL);
	say("install", install(numbers, 1, SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW, 0));
	rename("file", "renamed");
	printf("trapped %d, %s\n", (int)trapped, access("renamed", F_OK) == 0 ? "renamed" : "not renamed");
	say("write", write(fd, "trap", 4));
	fflush(stdout);
	_exit(8);
}

static const struct {
	const char *name;
	void (*run)(int fd);
} sandboxes[] = {{"strict", strict}, {"few", few}, {"errno", refused}, {"trap", trap}};

/* The child's calls of mkdir() are answered here with 42. */
static int listen_here(int fd)
{
	static const int numbers[] = {SYS_mkdir};
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp answer = {0};
	int listener = install(numbers, 1, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW,
			       SECCOMP_FILTER_FLAG_NEW_LISTENER);
	pid_t child;

	if (listener < 0) {
		say("install", -1);
		say("write", write(fd, "listen", 6));
		say("mkdir", mkdir("made", 0700));
		return 9;
	}
	say("install", 0);
	child = fork();
	if (child == 0) {
		say("write", write(fd, "listen", 6));
		say("mkdir", mkdir("made", 0700));
		say("mknod", mknod("node", S_IFREG | 0600, 0));
		_exit(10);
	}
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0) {
		answer.id = request.id;
		answer.val = 42;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	report(child);
	printf("%s\n", access("made", F_OK) == 0 ? "made" : "not made");
	return 0;
}

int main(int argc, char **argv)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (argc == 2 && strcmp(argv[1], "listen") == 0)
		return listen_here(fd);
	for (size_t i = 0; argc == 2 && i < sizeof sandboxes / sizeof *sandboxes; i++)
		if (strcmp(argv[1], sandboxes[i].name) == 0) {
			pid_t child = fork();

			if (child == 0)
				sandboxes[i].run(fd);
			report(child);
			return 0;
		}
	return 2;
}
