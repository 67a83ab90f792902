/* SPDX-License-Identifier: MIT */
/*
 * side_ways - ways to storage that are easily missed; the arguments say which. It works in CRASH_DIR.
 *
 *	ring syscall|inline	writes "hello" to the file `ring` by io_uring, which is set up by syscall(2)
 *				or by an instruction; "refused" where there is none
 *	range libc|inline WHAT	makes the file `range` of five pages, and changes which there are, and what is
 *				in them; "unsupported" where the file system cannot
 *	child vfork|clone|fork	a child that syscall(2) makes, with our memory and stack or with its own,
 *				writes "child" and ends with 3; then we write "parent"
 *	filter seccomp|prctl WHAT	a seccomp filter of ours, put in place by this call, says of fsync():
 *				trace, errno, log, or computed; then how fsync() of the file `filtered` went
 *	stranger	does what libcrashpoint does that finds the block of a command of another version
 *	start PROGRAM	executes it
 *	copy		copies all that there is of the file `from` to `to`, under a limit that is larger
 *	names		makes what has names, and fails to make it again
 *	mutter		tells "told" where nobody can hear it
 *	tell CALL	tells standard output, a pipe, "told" by sendfile, splice, vmsplice, or relay: by
 *			a pipe of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/machine.h"
#include "common/names.h"

/* ------------------------------------------------------------------ io_uring */

static long set_up(const char *route, struct io_uring_params *params)
{
	long result;

	if (strcmp(route, "syscall") == 0)
		return syscall(SYS_io_uring_setup, 4, params);
	result = crash__sys6(SYS_io_uring_setup, 4, (long)params, 0, 0, 0, 0);
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : result;
}

static int write_by_ring(char **argument)
{
	struct io_uring_params params = {0};
	int ring = (int)set_up(argument[0], &params), fd = open("ring", O_CREAT | O_RDWR, 0644);
	struct io_uring_sqe *entries;
	char *queue;

	if (ring < 0) {
		puts(errno == ENOSYS ? "refused" : strerror(errno));
		return errno == ENOSYS ? 0 : 77;
	}
	queue = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned int),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (fd < 0 || queue == MAP_FAILED || entries == MAP_FAILED)
		return 1;
	*entries = (struct io_uring_sqe){
		.opcode = IORING_OP_WRITE, .fd = fd, .addr = (unsigned long)"hello", .len = 5};
	*(unsigned int *)(queue + params.sq_off.array) = 0;
	atomic_store((_Atomic unsigned int *)(queue + params.sq_off.tail), 1);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return 1;
	puts("written");
	return 0;
}

/* ------------------------------------------------------------------ ranges of a file */

struct space {
	short type, whence;
	long long start, bytes;
	int system;
	unsigned int process;
	int pad[4];
};

static const struct change {
	const char *name;
	unsigned long request; /* 0: fallocate() */
	int flags, whence;
	long long start, bytes;
} changes[] = {
	{"collapse", 0, FALLOC_FL_COLLAPSE_RANGE, 0, 4096, 4096},
	{"insert", 0, FALLOC_FL_INSERT_RANGE, 0, 4096, 4096},
	{"zero", _IOW('X', 57, struct space), 0, SEEK_SET, 100, 9000},
	{"zero-end", _IOW('X', 57, struct space), 0, SEEK_END, -5000, 100},
	{"unreserve", _IOW('X', 41, struct space), 0, SEEK_SET, 4096, 4096},
	{"unreserve-here", _IOW('X', 43, struct space), 0, SEEK_CUR, -8192, 50},
	{"reserve", _IOW('X', 42, struct space), 0, SEEK_END, 4096, 4096},
	{"bad-whence", _IOW('X', 57, struct space), 0, 9, 0, 4096},
	{"bad-address", _IOW('X', 57, struct space), 0, SEEK_SET, 0, -1},
	{"opaque", _IOC(_IOC_NONE, 0xf5, 1, 0), 0, 0, 0, 0},
};

static long make_change(const struct change *change, bool by_libc, int fd)
{
	struct space space = {
		.whence = (short)change->whence, .start = change->start, .bytes = change->bytes};
	void *argument = change->bytes < 0 ? (void *)8 : &space;
	long result;

	if (by_libc)
		return change->request ? ioctl(fd, change->request, argument) :
					 fallocate(fd, change->flags, change->start, change->bytes);
	result = change->request ?
			 crash__sys3(SYS_ioctl, fd, (long)change->request, (long)argument) :
			 crash__sys6(SYS_fallocate, fd, change->flags, change->start, change->bytes, 0, 0);
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : result;
}

static int change_range(char **argument)
{
	int fd = open("range", O_CREAT | O_TRUNC | O_RDWR, 0644);
	const struct change *change = changes;
	char page[4096];

	for (int i = 0; i < 5; i++) {
		memset(page, 'A' + i, sizeof page);
		if (write(fd, page, sizeof page) != sizeof page)
			return 1;
	}
	while (strcmp(change->name, argument[1]) != 0)
		change++;
	if (make_change(change, strcmp(argument[0], "libc") == 0, fd) == 0)
		puts("done");
	else
		puts(errno == EOPNOTSUPP ? "unsupported" : crash__error_name(errno));
	return 0;
}

/* ------------------------------------------------------------------ children on our stack */

static long make_child(const char *how)
{
	if (strcmp(how, "vfork") == 0)
		return syscall(SYS_vfork);
	if (strcmp(how, "clone") == 0)
		return syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* The stack is used to its bottom meanwhile. */
static __attribute__((noinline)) void write_deep(int fd, const char *text, int depth)
{
	char copy[256];

	memset(copy, depth, sizeof copy);
	if (depth > 0)
		write_deep(fd, text, depth - 1);
	else if (write(fd, text, strlen(text)) < 0)
		_exit(1);
	__asm__ volatile("" ::"r"(copy) : "memory");
}

static int write_by_child(char **argument)
{
	int fd = open("children", O_CREAT | O_TRUNC | O_RDWR, 0644), status;
	volatile int before = 17;
	pid_t child = (pid_t)make_child(argument[0]);

	if (child == 0) {
		write_deep(fd, "child", 5);
		_exit(before - 14);
	}
	write_deep(fd, "parent", 1);
	if (before != 17 || waitpid(child, &status, 0) != child)
		return 1;
	printf("%d\n", WEXITSTATUS(status));
	return 0;
}

/* ------------------------------------------------------------------ filters of our own */

static unsigned int answer_of(const char *name)
{
	if (strcmp(name, "errno") == 0)
		return SECCOMP_RET_ERRNO | EXDEV;
	return strcmp(name, "log") == 0 ? SECCOMP_RET_LOG : SECCOMP_RET_TRACE;
}

static int install_filter(const char *how, const char *what)
{
	unsigned short answer = strcmp(what, "computed") == 0 ? BPF_A : BPF_K;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 0, 2),
		BPF_STMT(BPF_LD | BPF_IMM, answer_of(what)),
		BPF_STMT((unsigned short)(BPF_RET | answer), answer == BPF_K ? answer_of(what) : 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (strcmp(how, "prctl") == 0)
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int sync_filtered(char **argument)
{
	int fd = open("filtered", O_CREAT | O_RDWR, 0644);

	if (fd < 0 || write(fd, "filtered", 8) != 8)
		return 1;
	if (install_filter(argument[0], argument[1]) < 0)
		return 77;
	puts(fsync(fd) == 0 ? "synced" : crash__error_name(errno));
	return 0;
}

/* ------------------------------------------------------------------ as another version would */

/* It is counted in the third member of the block, which is the same in each version. */
static int be_counted(char **argument)
{
	const char *control = getenv("CRASH_CONTROL");
	char path[4096] = "";
	_Atomic unsigned int *start;

	(void)argument;
	if (!control)
		return 1;
	memcpy(path, control, strcspn(control, ","));
	start = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open(path, O_RDWR | O_CLOEXEC), 0);
	if (start == MAP_FAILED)
		return 1;
	atomic_fetch_add(&start[3], 1);
	return 0;
}

static int start(char **argument)
{
	return execl(argument[0], argument[0], NULL);
}

/* ------------------------------------------------------------------ whose result has to be known */

/* As Go copies: the number of bytes is larger than the limit for files. */
static int copy_all(char **argument)
{
	struct rlimit limit = {1 << 20, 1 << 20};
	int from = open("from", O_CREAT | O_RDWR, 0644), to = open("to", O_CREAT | O_RDWR, 0644);
	off_t start = 0;

	(void)argument;
	if (write(from, "all of it", 9) != 9 || setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	return copy_file_range(from, &start, to, NULL, 1 << 30, 0) == 9 &&
			       copy_file_range(from, &start, to, NULL, 1 << 30, 0) == 0 ?
		       0 :
		       1;
}

static int make_names(char **argument)
{
	int fd = open("name", O_CREAT | O_EXCL | O_RDWR, 0600);

	(void)argument;
	if (fd < 0 || write(fd, "name", 4) != 4 || mkdirat(AT_FDCWD, "dir", 0700) < 0 ||
	    link("name", "dir/name") < 0 || chmod("name", 0644) < 0 || rename("name", "dir/other") < 0)
		return 1;
	return mkdirat(AT_FDCWD, "dir", 0700) < 0 && link("name", "dir/name") < 0 && rmdir("dir") < 0 ? 0 : 1;
}

/* ------------------------------------------------------------------ what is told */

static int tell(char **argument)
{
	static char told[] = "told\n"; /* the pipe has these pages, not a copy */
	struct iovec piece = {told, 5};
	int fd = open("told", O_CREAT | O_RDWR, 0644), ends[2];
	off_t from = 4;

	if (fd < 0 || write(fd, "not told\n", 9) != 9 || pipe(ends) < 0)
		return 1;
	if (strcmp(argument[0], "sendfile") == 0)
		return lseek(fd, 4, SEEK_SET) == 4 && sendfile(STDOUT_FILENO, fd, NULL, 100) == 5 ? 0 : 1;
	if (strcmp(argument[0], "splice") == 0)
		return splice(fd, &from, STDOUT_FILENO, NULL, 100, 0) == 5 ? 0 : 1;
	if (strcmp(argument[0], "vmsplice") == 0)
		return vmsplice(STDOUT_FILENO, &piece, 1, 0) == 5 ? 0 : 1;
	if (splice(fd, &from, ends[1], NULL, 100, 0) != 5)
		return 1;
	return splice(ends[0], NULL, STDOUT_FILENO, NULL, 100, 0) == 5 ? 0 : 1;
}

/* To what is closed, is there to be read, or to a pipe that nobody reads: each of them fails. */
static int tell_in_vain(char **argument)
{
	int ends[2], to = 99;

	(void)argument;
	if (pipe(ends) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 1;
	if (write(to, "told\n", 5) >= 0 || write(-1, "told\n", 5) >= 0 || write(ends[0], "told\n", 5) >= 0)
		return 1;
	close(ends[0]);
	return write(ends[1], "told\n", 5) < 0 && errno == EPIPE ? 0 : 1;
}

/* ------------------------------------------------------------------ which */

static const struct way {
	const char *name;
	int (*go)(char **arguments);
	int arguments;
} ways[] = {
	{"ring", write_by_ring, 1},   {"range", change_range, 2},  {"child", write_by_child, 1},
	{"filter", sync_filtered, 2}, {"stranger", be_counted, 0}, {"start", start, 1},
	{"copy", copy_all, 0},	      {"names", make_names, 0},	   {"tell", tell, 1},
	{"mutter", tell_in_vain, 0},
};

int main(int argc, char **argv)
{
	const char *directory = getenv("CRASH_DIR");

	if (argc < 2 || (directory && chdir(directory) < 0))
		return 2;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(ways[i].name, argv[1]) == 0 && argc == ways[i].arguments + 2)
			return ways[i].go(argv + 2);
	return 2;
}
