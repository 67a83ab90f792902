/* SPDX-License-Identifier: MIT */
/*
 * quiet_files - what calls on files return, and what they leave: results, errno, positions, sizes, modes,
 * locks. Prints it, without anything that differs from run to run.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/numbers.h"
#include "tests/programs/older_libc.h"

static void say(const char *what, long result)
{
	int error = errno;

	printf("%s: %ld, errno %d (%s)\n", what, result, error, strerror(error));
	errno = 77; /* which no call touches that succeeds */
}

#define TRY(call) (errno = 77, say(#call, (long)(call)))
/* A sanitizer would end the program. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRY_BAD(call) ((void)0)
#else
#define TRY_BAD(call) TRY(call)
#endif
#define STATE(fd) print_state(#fd, fd)

static void print_state(const char *what, int fd)
{
	struct stat status;
	char text[4096];
	unsigned int sum = 0;
	long at = 0, got;
	int again;

	snprintf(text, sizeof text, "/proc/self/fd/%d", fd);
	again = open(text, O_RDONLY);
	fstat(fd, &status);
	while ((got = pread(again, text, sizeof text, at)) > 0)
		for (long i = 0; i < got; i++, at++)
			sum = sum * 31 + (unsigned char)text[i];
	close(again);
	printf("  %s: position %ld, size %ld, links %ld, mode %o, content %08x\n", what,
	       (long)lseek(fd, 0, SEEK_CUR), (long)status.st_size, (long)status.st_nlink, status.st_mode,
	       sum);
}

static void results(void)
{
	/* volatile, so that the compiler does not see how wrong the calls are */
	static char *volatile bad = (char *)8;
	static volatile size_t huge = SIZE_MAX;
	static volatile int negative = -1, too_many = IOV_MAX + 1;
	struct iovec iov[3] = {{"one", 3}, {"", 0}, {"three", 5}}, wrong[2] = {{"good", 4}, {bad, 4}};
	char long_name[PATH_MAX + 10];
	int fd = open("a", O_RDWR | O_CREAT, 0644), only_read = open("a", O_RDONLY),
	    dir = open(".", O_RDONLY);
	long fds[2];

	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	TRY(write(fd, "hello", 5));
	TRY(write(fd, "", 0));
	TRY_BAD(write(fd, NULL, 0));
	TRY_BAD(write(fd, bad, 5));
	TRY_BAD(write(fd, bad, 0));
	TRY_BAD(write(fd, "x", huge));
	TRY(write(only_read, "x", 1));
	TRY(write(dir, "x", 1));
	TRY(write(-1, "x", 1));
	TRY(write(9999, "x", 1));
	TRY(write(999999, "x", 1));
	TRY(pwrite(fd, "x", 1, -1));
	TRY(pwrite(fd, "x", 1, 100));
	TRY_BAD(pwrite(fd, bad, 1, 0));
	TRY(pwrite(fd, "x", 1, LONG_MAX));
	TRY(writev(fd, iov, 3));
	TRY(writev(fd, iov, 0));
	TRY_BAD(writev(fd, iov, negative));
	TRY_BAD(writev(fd, iov, too_many));
	TRY_BAD(writev(fd, wrong, 2));
	TRY_BAD(writev(fd, (struct iovec *)bad, 2));
	TRY(pwritev(fd, iov, 3, 50));
	TRY(pwritev(fd, iov, 3, -5));
	TRY(pwritev2(fd, iov, 3, -1, 0));
	TRY(pwritev2(fd, iov, 3, 20, RWF_SYNC));
	TRY(pwritev2(fd, iov, 3, 20, 0x4000));
	TRY(pwritev2(fd, iov, 1, 0, RWF_APPEND));
	STATE(fd);
	TRY(fsync(fd));
	TRY(fsync(-1));
	TRY(fsync(dir));
	TRY(fdatasync(only_read));
	TRY(sync_file_range(fd, 0, 1, 0x100));
	TRY(syncfs(fd));
	TRY(syncfs(-1));
	TRY(ftruncate(fd, 7));
	TRY(ftruncate(fd, -1));
	TRY(ftruncate(only_read, 1));
	TRY(ftruncate(dir, 1));
	TRY(truncate("a", 9));
	TRY(truncate("none", 9));
	TRY(truncate(".", 9));
	TRY_BAD(truncate(bad, 9));
	TRY(truncate(long_name, 9));
	TRY(fallocate(fd, 0, 0, 5000));
	TRY(fallocate(fd, 0, 0, 0));
	TRY(fallocate(fd, -1, 0, 5));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 5000, 5000));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3));
	TRY(posix_fallocate(fd, 0, 6000));
	TRY(posix_fallocate(fd, 0, -1));
	TRY(posix_fallocate(only_read, 0, 10));
	TRY(posix_fallocate(-1, 0, 10));
	STATE(fd);
	TRY(close(open("b", O_RDWR | O_CREAT | O_EXCL, 0600)) * 0);
	TRY(open("b", O_RDWR | O_CREAT | O_EXCL, 0600));
	TRY(open("none/b", O_RDWR | O_CREAT, 0600));
	TRY(open("a/b", O_RDWR | O_CREAT, 0600));
	TRY(open("", O_RDWR | O_CREAT, 0600));
	TRY_BAD(open(bad, O_RDWR | O_CREAT, 0600));
	TRY(open(long_name, O_RDWR | O_CREAT, 0600));
	TRY(open(".", O_RDWR | O_CREAT, 0600));
	TRY(open("a", O_RDWR | O_CREAT | O_DIRECTORY, 0600));
	TRY(openat(-1, "b", O_RDWR | O_CREAT, 0600));
	TRY(openat(fd, "b", O_RDWR | O_CREAT, 0600));
	TRY(symlink("loop", "loop"));
	TRY(open("loop", O_RDWR | O_CREAT, 0600));
	TRY(open("loop", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
	TRY(symlink("target", "dangling"));
	TRY(close(open("dangling", O_RDWR | O_CREAT, 0640)) * 0);
	TRY(access("target", F_OK));
	TRY(symlink("", "empty"));
	TRY_BAD(symlink(bad, "empty"));
	TRY(symlink("x", "dangling"));
	TRY(mkdir("d", 0755));
	TRY(mkdir("d", 0755));
	TRY(mkdir("d/", 0755));
	TRY(mkdir("none/d", 0755));
	TRY(mkdir("/", 0755));
	TRY(mkdir("e/", 0755));
	TRY(mkdirat(dir, "f", 0755));
	TRY(rename("none", "x"));
	TRY(rename("a", "d"));
	TRY(rename("d", "b"));
	TRY(rename("d", "d/e"));
	TRY(rename("b", "c"));
	TRY_BAD(rename("c", bad));
	TRY_BAD(rename(bad, "c"));
	TRY(rename("c", "/proc/c"));
	TRY(renameat2(AT_FDCWD, "c", AT_FDCWD, "target", RENAME_NOREPLACE));
	TRY(renameat2(AT_FDCWD, "c", AT_FDCWD, "target", RENAME_EXCHANGE));
	TRY(renameat2(AT_FDCWD, "c", AT_FDCWD, "target", 0x80));
	TRY(link("c", "g"));
	TRY(link("c", "g"));
	TRY(link("none", "h"));
	TRY(link("d", "h"));
	TRY(link("dangling", "h"));
	TRY(linkat(AT_FDCWD, "dangling", AT_FDCWD, "i", AT_SYMLINK_FOLLOW));
	TRY(linkat(fd, "", AT_FDCWD, "j", AT_EMPTY_PATH) * 0);
	TRY(linkat(AT_FDCWD, "c", AT_FDCWD, "k", 0x8000000));
	TRY(unlink("none"));
	TRY(unlink("d"));
	TRY(unlink("c/"));
	TRY(unlink(""));
	TRY(unlinkat(AT_FDCWD, "g", AT_REMOVEDIR));
	TRY(unlinkat(AT_FDCWD, "g", 0x40000));
	TRY(rmdir("c"));
	TRY(rmdir("."));
	TRY(rmdir("none"));
	TRY(remove("d"));
	TRY(remove("none"));
	TRY(rmdir("f/."));
	TRY(chmod("none", 0600));
	TRY(chmod("a", 04755));
	TRY(fchmod(only_read, 0600));
	TRY(fchmod(-1, 0600));
	TRY(fchmodat(AT_FDCWD, "dangling", 0600, AT_SYMLINK_NOFOLLOW));
	TRY(chown("none", -1, -1));
	TRY(lchown("loop", getuid(), -1));
	TRY(chown("loop", getuid(), -1));
	TRY(utimensat(AT_FDCWD, "a", (struct timespec[2]){{1, 2}, {3, 2000000000}}, 0));
	TRY(utimensat(AT_FDCWD, "a", (struct timespec[2]){{1, 2}, {3, 4}}, 0));
	TRY(futimens(fd, NULL));
	TRY(utimes("none", NULL));
	TRY(setxattr("a", "user.x", "1", 1, XATTR_REPLACE));
	TRY(setxattr("a", "nonsense", "1", 1, 0));
	TRY(removexattr("a", "user.none"));
	TRY(fsetxattr(-1, "user.x", "1", 1, 0));
	TRY(mknod("fifo", S_IFIFO | 0600, 0));
	TRY(mknod("fifo", S_IFREG | 0600, 0));
	TRY(mkstemp((char[]){"short"}));
	TRY(mkstemp((char[]){"none/XXXXXX"}));
	TRY(mkdtemp((char[]){"XXXXX"}) != NULL);
	TRY_BAD(msync((void *)4096, 4096, MS_SYNC));
	TRY_BAD(msync((void *)1, 4096, MS_SYNC));
	TRY_BAD(munmap((void *)1, 4096));
	TRY(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, only_read, 0) == MAP_FAILED);
	TRY(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, -1, 0) == MAP_FAILED);
	TRY(syscall(SYS_io_submit, 0L, 1L, fds));
	TRY_BAD(syscall(SYS_openat2, AT_FDCWD, "a", bad, 24L));
	TRY(syscall(SYS_openat2, AT_FDCWD, "a", fds, 3L));
	TRY(syscall(SYS_write, fd, "raw", 3L));
	TRY(syscall(9999L));
	TRY(close(fd));
	TRY(close(fd));
	TRY(write(fd, "x", 1));
	close(only_read);
	close(dir);
}

static void positions(void)
{
	int fd = open("p", O_RDWR | O_CREAT | O_TRUNC, 0644),
	    from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0644);
	int append = open("p", O_WRONLY | O_APPEND), write_only = open("p", O_WRONLY), second = dup(fd),
	    ends[2];
	off_t in = 3, out = 10;

	TRY(write(from, "0123456789", 10));
	TRY(write(fd, "abc", 3));
	STATE(fd);
	TRY(write(second, "def", 3));
	STATE(fd);
	TRY(pwrite(fd, "XX", 2, 1));
	STATE(fd);
	TRY(write(append, "app", 3));
	STATE(append);
	TRY(pwrite(append, "ppa", 3, 0));
	STATE(append);
	STATE(fd);
	TRY(lseek(from, 2, SEEK_SET));
	TRY(sendfile(fd, from, NULL, 4));
	STATE(fd);
	STATE(from);
	TRY(sendfile(write_only, from, &in, 100));
	printf("  in %ld\n", (long)in);
	STATE(write_only);
	STATE(from);
	in = 1;
	TRY(copy_file_range(from, &in, write_only, &out, 5, 0));
	printf("  in %ld, out %ld\n", (long)in, (long)out);
	STATE(write_only);
	TRY(lseek(from, 0, SEEK_SET));
	TRY(copy_file_range(from, NULL, fd, NULL, 100, 0));
	TRY(copy_file_range(from, NULL, fd, NULL, 100, 0));
	TRY(copy_file_range(from, NULL, append, NULL, 100, 0));
	TRY_BAD(copy_file_range(from, &in, fd, (off_t *)8, 2, 0));
	TRY(copy_file_range(from, &in, fd, NULL, 2, 1));
	STATE(fd);
	STATE(from);
	if (pipe(ends) < 0)
		return;
	TRY(write(ends[1], "pipe", 4));
	TRY(splice(ends[0], NULL, write_only, NULL, 100, 0));
	STATE(write_only);
	TRY(write(ends[1], "pipes", 5));
	TRY(splice(ends[0], NULL, write_only, &out, 3, 0));
	TRY(splice(ends[0], NULL, append, NULL, 3, 0));
	TRY(splice(ends[0], NULL, fd, NULL, 3, SPLICE_F_NONBLOCK));
	TRY(splice(ends[0], NULL, fd, NULL, 3, SPLICE_F_NONBLOCK));
	TRY(close(ends[1]));
	TRY(splice(ends[0], NULL, fd, NULL, 3, 0));
	TRY(splice(from, NULL, fd, NULL, 3, 0));
	STATE(fd);
	STATE(write_only);
	printf("  out %ld\n", (long)out);
	TRY(lseek(fd, 1 << 20, SEEK_SET));
	TRY(write(fd, "far", 3));
	TRY(fcntl(fd, F_SETFL, O_APPEND));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(write(fd, "end", 3));
	STATE(fd);
	TRY(fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE));
	close(fd);
	close(second);
	close(append);
	close(write_only);
	close(from);
	close(ends[0]);
}

/* Several processes append records of odd lengths; all are there, none is torn. */
static void appends(void)
{
	struct stat status;
	int count[4] = {0}, torn = 0;
	char *text;
	int fd;

	for (int child = 0; child < 4; child++)
		if (fork() == 0) {
			char record[64];

			fd = open("log", O_WRONLY | O_APPEND | O_CREAT, 0644);
			memset(record, 'a' + child, sizeof record);
			record[20 + child] = '\n';
			for (int i = 0; i < 150; i++)
				if (write(fd, record, 21 + (size_t)child) < 0)
					_exit(1);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	fd = open("log", O_RDONLY);
	fstat(fd, &status);
	text = calloc(1, (size_t)status.st_size + 1);
	read(fd, text, (size_t)status.st_size);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		int child = *line - 'a';

		if (strspn(line, (char[]){*line, '\0'}) != strlen(line) ||
		    strlen(line) != 20u + (unsigned int)child)
			torn++;
		else
			count[child]++;
	}
	printf("appends: %d %d %d %d, torn %d, size %ld\n", count[0], count[1], count[2], count[3], torn,
	       (long)status.st_size);
	free(text);
	close(fd);
}

static void partial(void)
{
	static char big[1 << 20];
	int ends[2], left = 0;
	long result;

	if (pipe2(ends, O_NONBLOCK) < 0)
		return;
	TRY(write(ends[1], big, sizeof big));
	TRY(write(ends[1], big, 1));
	TRY(write(ends[1], big, 10000));
	while ((result = read(ends[0], big, sizeof big)) > 0)
		left += (int)result;
	printf("  in the pipe: %d\n", left);
	close(ends[0]);
	TRY(signal(SIGPIPE, SIG_IGN) == SIG_ERR);
	TRY(write(ends[1], "x", 1));
	TRY(signal(SIGPIPE, SIG_DFL) == SIG_ERR);
	close(ends[1]);
	ends[0] = open("/dev/full", O_WRONLY);
	TRY(write(ends[0], "x", 1));
	close(ends[0]);
}

static void modes(void)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	struct stat status;
	char name[32];

	for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
		umask(masks[i]);
		snprintf(name, sizeof name, "mode%zu", i);
		close(open(name, O_CREAT | O_WRONLY, 06777));
		stat(name, &status);
		printf("umask %03o: open %o", masks[i], status.st_mode);
		strcat(name, "d");
		mkdir(name, 01777);
		stat(name, &status);
		printf(", mkdir %o", status.st_mode);
		strcat(name, "n");
		mknod(name, S_IFREG | 0666, 0);
		stat(name, &status);
		printf(", mknod %o", status.st_mode);
		strcat(name, "c");
		close(creat(name, 0640));
		stat(name, &status);
		printf(", creat %o", status.st_mode);
		strcat(name, "XXXXXX");
		close(mkstemp(name));
		stat(name, &status);
		printf(", mkstemp %o", status.st_mode);
		unlink(name);
		printf(", umask %03o\n", umask(masks[i]));
	}
	umask(022);
}

/* Which locks there are, as another process sees them. */
static void print_locks(const char *when, int fd)
{
	fflush(stdout);
	if (fork() == 0) {
		struct flock lock = {.l_type = F_WRLCK};

		fcntl(fd, F_GETLK, &lock);
		printf("  %s: %s, from %ld, %ld bytes", when, lock.l_type == F_UNLCK ? "free" : "locked",
		       (long)lock.l_start, (long)lock.l_len);
		fd = open("locked", O_RDWR);
		printf(", flock %s\n", flock(fd, LOCK_EX | LOCK_NB) == 0 ? "free" : strerror(errno));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

/* A lock of a process goes when the process closes any descriptor of the file: also one of ours. */
static void locks(void)
{
	int fd = open("locked", O_WRONLY | O_CREAT, 0644), from = open("from", O_RDONLY), ends[2];
	struct flock lock = {.l_type = F_WRLCK, .l_start = 10, .l_len = 20};

	if (pipe(ends) < 0)
		return;
	TRY(fcntl(fd, F_SETLK, &lock));
	TRY(flock(fd, LOCK_EX));
	print_locks("locked", fd);
	TRY(write(fd, "x", 1));
	TRY(pwrite(fd, "x", 1, 30));
	print_locks("write", fd);
	TRY(sendfile(fd, from, NULL, 3));
	print_locks("sendfile", fd);
	TRY(copy_file_range(from, NULL, fd, NULL, 3, 0));
	print_locks("copy_file_range", fd);
	TRY(write(ends[1], "pipe", 4));
	TRY(splice(ends[0], NULL, fd, NULL, 4, 0));
	print_locks("splice", fd);
	TRY(fsync(fd));
	TRY(ftruncate(fd, 100));
	TRY(chmod("locked", 0600));
	TRY(rename("locked", "renamed"));
	TRY(rename("renamed", "locked"));
	TRY(fchmod(fd, 0640));
	print_locks("the rest", fd);
	TRY(close(dup(fd)));
	print_locks("close of a copy", fd);
	close(fd);
	close(from);
	close(ends[0]);
	close(ends[1]);
}

/* Which descriptors are open, and which of them an exec closes. */
static void descriptors(void)
{
	int fds[6], flags;
	char name[] = "tempXXXXXX", other[] = "tempXXXXXX";

	fds[0] = open("e", O_RDWR | O_CREAT, 0600);
	fds[1] = open("e", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fds[2] = mkostemp(name, O_CLOEXEC);
	fds[3] = mkstemp(other);
	fds[4] = open(".", O_TMPFILE | O_RDWR, 0600);
	fds[5] = creat("e", 0600);
	for (int i = 0; i < 6; i++)
		printf("descriptor %d: %d, flags %d\n", i, fds[i] - fds[0], fcntl(fds[i], F_GETFD));
	printf("lowest free:");
	close(fds[1]);
	close(fds[3]);
	for (int i = 0; i < 3; i++)
		printf(" %d", dup(0) - fds[0]);
	printf("\n");
	unlink(name);
	unlink(other);
	for (int fd = 0, open_ones = 0; fd < 64; fd++)
		if ((flags = fcntl(fd, F_GETFD)) >= 0)
			printf("%s%d%s", open_ones++ ? " " : "open: ", fd, flags ? "c" : "");
	printf("\n");
	close_range(3, ~0u, 0);
}

/* Who has no descriptor left opens nothing: no file is made, or truncated. */
static void full_table(void)
{
	struct rlimit before, few;
	int fd = open("full", O_RDWR | O_CREAT, 0600), highest = fd, next;

	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 40;
	setrlimit(RLIMIT_NOFILE, &few);
	TRY(write(fd, "eight...", 8));
	while ((next = dup(fd)) >= 0)
		highest = next;
	TRY(open("full", O_WRONLY | O_TRUNC));
	TRY(open("none", O_WRONLY | O_CREAT, 0600));
	TRY(creat("full", 0600));
	STATE(fd);
	setrlimit(RLIMIT_NOFILE, &before);
	TRY(access("none", F_OK));
	close_range((unsigned int)fd, (unsigned int)highest, 0);
}

/* What an msync() that is refused says. */
static void refused_syncs(void)
{
	int fd = open("mapped", O_RDWR | O_CREAT, 0600);
	char *memory;

	TRY(ftruncate(fd, 3 * 4096));
	memory = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	munmap(memory + 4096, 2 * 4096);
	memory[0] = 'x';
	TRY(msync(memory, 4096, MS_SYNC));
	TRY(msync(memory, 2 * 4096, MS_SYNC));
	TRY(msync(memory + 1, 1, MS_SYNC));
	TRY(msync(memory, 4096, MS_SYNC | MS_ASYNC));
	TRY(msync(memory, 4096, MS_SYNC | MS_INVALIDATE));
	TRY(mlock(memory, 4096));
	TRY(msync(memory, 4096, MS_SYNC | MS_INVALIDATE));
	TRY(msync(memory, 4096, MS_SYNC));
	munmap(memory, 4096);
	close(fd);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	close_range(3, ~0u, 0);
	umask(022);
	results();
	positions();
	appends();
	partial();
	modes();
	locks();
	descriptors();
	full_table();
	refused_syncs();
	fflush(stdout);
	return 0;
}
