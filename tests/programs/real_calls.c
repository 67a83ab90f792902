/* SPDX-License-Identifier: MIT */
/*
 * real_calls.c - makes every call that changes storage, once so that it works and once so that it
 * fails. Compiled with glibc and with musl, dynamically and statically.
 *
 * With arguments it becomes that program instead, when it is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_openat2 /* as in common/numbers.h; this is built without the tree, too */
#define SYS_openat2 437
#endif

static char block[8192];
static void *volatile bad = (void *)8; /* an address where nothing is */
static volatile int minus_one = -1;    /* that the compiler does not know */

/* Says how a call ended; numbers of descriptors are part of it. */
static long say(const char *what, long result)
{
	printf("%s %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
	errno = 0;
	return result;
}

static void do_writes(void)
{
	struct iovec iov[3] = {{block, 5}, {block, 0}, {block, 7}};
	int fd = (int)say("open", open("w", O_RDWR | O_CREAT, 0640));
	int read_only = open("w", O_RDONLY), full, pipes[2];
	off_t at = 0;

	say("write", write(fd, block, 10));
	say("write nothing", write(fd, block, 0));
	say("write to read-only", write(read_only, block, 3));
	say("write to closed", write(77, block, 3));
	say("write bad", write(fd, bad, 3));
	say("pwrite", pwrite(fd, block, 11, 100));
	say("pwrite before the start", pwrite(fd, block, 11, -1));
	say("writev", writev(fd, iov, 3));
	say("writev bad", writev(fd, bad, 3));
	say("writev none", writev(fd, iov, minus_one));
	say("pwritev", pwritev(fd, iov, 3, 50));
	say("pwritev2", syscall(SYS_pwritev2, fd, iov, 3L, 60L, 0L, 2L)); /* RWF_DSYNC */
	say("pwritev2 here", syscall(SYS_pwritev2, fd, iov, 3L, -1L, -1L, 0L));
	full = open("w2", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	say("sendfile", sendfile(full, fd, &at, 20));
	say("copy_file_range", syscall(SYS_copy_file_range, fd, NULL, full, NULL, 9L, 0L));
	if (pipe(pipes) == 0) {
		say("write to pipe", write(pipes[1], block, 30));
		say("splice", splice(pipes[0], NULL, full, NULL, 30, 0));
		close(pipes[0]);
		close(pipes[1]);
	}
	say("dup", dup(full));
	say("fcntl", fcntl(fd, F_SETFL, O_APPEND));
	say("append", write(fd, block, 4));
	close(full);
	close(read_only);
	close(fd);
	fd = open("synchronous", O_WRONLY | O_CREAT | O_DSYNC, 0600);
	say("write O_DSYNC", write(fd, block, 10));
	say("pwrite O_DSYNC", pwrite(fd, block, 10, 5));
	close(fd);
}

static void do_syncs(void)
{
	int fd = open("s", O_RDWR | O_CREAT | O_TRUNC, 0600), directory = open(".", O_RDONLY | O_DIRECTORY);
	char *map;

	say("write", write(fd, block, sizeof block));
	say("fsync", fsync(fd));
	say("fdatasync", fdatasync(fd));
	say("fsync directory", fsync(directory));
	say("fsync closed", fsync(99));
	say("sync_file_range", sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
	say("syncfs", syscall(SYS_syncfs, fd));
	map = mmap(NULL, sizeof block, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED) {
		map[3] = 'm';
		say("msync", msync(map, sizeof block, MS_SYNC));
		munmap(map, sizeof block);
	}
	close(fd);
	close(directory);
}

static void do_opens(void)
{
	char name[] = "tmp/aXXXXXX", directory[] = "tmp/dXXXXXX";
	int dirfd = open("tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct {
		unsigned long flags, mode, resolve;
	} how = {O_RDWR | O_CREAT, 0600, 0};

	close((int)say("creat", creat("c", 0644)));
	close((int)say("open O_TRUNC", open("c", O_WRONLY | O_TRUNC)));
	say("open O_EXCL", open("c", O_WRONLY | O_CREAT | O_EXCL, 0600));
	say("open nowhere", open("nowhere/c", O_WRONLY | O_CREAT, 0600));
	say("open in a file", open("c/c", O_WRONLY | O_CREAT, 0600));
	say("open directory", open("tmp", O_WRONLY | O_CREAT, 0600));
	say("open empty", open("", O_WRONLY | O_CREAT, 0600));
	close((int)say("openat", openat(dirfd, "o", O_WRONLY | O_CREAT, 0600)));
	say("openat nowhere", openat(98, "o", O_WRONLY | O_CREAT, 0600));
	close((int)say("openat2", syscall(SYS_openat2, dirfd, "o2", &how, sizeof how)));
	fd = (int)say("O_TMPFILE", open("tmp", O_WRONLY | O_TMPFILE, 0600));
	if (fd >= 0)
		say("write", write(fd, block, 3));
	close(fd);
	fd = mkstemp(name);
	say("mkstemp", fd);
	say("write", write(fd, block, 3));
	close(fd);
	say("unlink", unlink(name));
	say("mkdtemp", mkdtemp(directory) ? 0 : -1);
	say("rmdir", rmdir(directory));
	say("mknod", mknod("n", S_IFREG | 0600, 0));
	say("mknodat", mknodat(dirfd, "n", S_IFREG | 0600, 0));
	say("mkfifo", mkfifo("fifo", 0600));
	close(dirfd);
}

static void do_names(void)
{
	int dirfd = open("tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	char deep[5000];

	memset(deep, 'x', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	close(creat("a", 0600));
	close(creat("b", 0600));
	say("rename", rename("a", "a2"));
	say("rename nothing", rename("none", "a2"));
	say("rename bad", rename(bad, "a2"));
	say("renameat", renameat(AT_FDCWD, "a2", dirfd, "a"));
	say("renameat2", syscall(SYS_renameat2, dirfd, "a", AT_FDCWD, "b", 1L));
	say("renameat2 exchange", syscall(SYS_renameat2, dirfd, "a", AT_FDCWD, "b", 2L));
	say("link", link("b", "b2"));
	say("link again", link("b", "b2"));
	say("linkat", linkat(dirfd, "a", AT_FDCWD, "b3", 0));
	say("symlink", symlink("b", "l"));
	say("symlink again", symlink("b", "l"));
	say("symlinkat", symlinkat("nothing", dirfd, "l"));
	close((int)say("open through link", open("l", O_WRONLY | O_CREAT | O_TRUNC, 0600)));
	close((int)say("open O_NOFOLLOW", open("l", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600)));
	say("unlink", unlink("b2"));
	say("unlink nothing", unlink("b2"));
	say("unlink directory", unlink("tmp"));
	say("unlinkat", unlinkat(dirfd, "l", 0));
	say("too long", unlink(deep));
	deep[300] = '\0';
	say("too long a name", unlink(deep));
	say("mkdir", mkdir("d", 0755));
	say("mkdir again", mkdir("d", 0755));
	say("mkdirat", mkdirat(dirfd, "d", 0700));
	say("rmdir", rmdir("d"));
	say("rmdir full", rmdir("tmp"));
	say("rmdir by unlinkat", unlinkat(dirfd, "d", AT_REMOVEDIR));
	say("remove", remove("b3"));
	say("mkdir", mkdir("r", 0755));
	say("remove directory", remove("r"));
	fd = creat("gone", 0600);
	unlink("gone");
	say("write to deleted", write(fd, block, 6));
	close(fd);
	close(dirfd);
}

static void do_sizes(void)
{
	int fd = open("t", O_RDWR | O_CREAT, 0600);

	say("ftruncate", ftruncate(fd, 12345));
	say("ftruncate negative", ftruncate(fd, -1));
	say("truncate", truncate("t", 100));
	say("truncate nothing", truncate("none", 100));
	say("truncate directory", truncate("tmp", 100));
	say("fallocate", fallocate(fd, 0, 0, 5000));
	say("fallocate punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	say("posix_fallocate", posix_fallocate(fd, 0, 9000));
	say("posix_fallocate none", posix_fallocate(fd, 0, 0));
	close(fd);
}

static void do_attributes(void)
{
	int fd = open("at", O_RDWR | O_CREAT, 0600), dirfd = open(".", O_RDONLY | O_DIRECTORY);
	struct timespec times[2] = {{1, 2}, {3, 4}};
	struct timeval old[2] = {{1, 2}, {3, 4}};
	struct utimbuf older = {5, 6};

	say("chmod", chmod("at", 0644));
	say("chmod nothing", chmod("none", 0644));
	say("fchmod", fchmod(fd, 0600));
	say("fchmodat", fchmodat(dirfd, "at", 0640, 0));
	say("chown", chown("at", (uid_t)-1, getgid()));
	say("fchown", fchown(fd, (uid_t)-1, getgid()));
	say("lchown", lchown("at", (uid_t)-1, getgid()));
	say("fchownat", fchownat(dirfd, "at", (uid_t)-1, getgid(), 0));
	say("fchownat here", fchownat(fd, "", (uid_t)-1, getgid(), AT_EMPTY_PATH));
	say("utime", utime("at", &older));
	say("utimes", utimes("at", old));
	say("utimensat", utimensat(dirfd, "at", times, AT_SYMLINK_NOFOLLOW));
	say("futimens", futimens(fd, times));
	say("futimes", futimes(fd, old));
	say("lutimes", lutimes("at", old));
	say("setxattr", setxattr("at", "user.one", "1", 1, 0));
	say("lsetxattr", lsetxattr("at", "user.two", "1", 1, 0));
	say("fsetxattr", fsetxattr(fd, "user.three", "1", 1, 0));
	say("removexattr", removexattr("at", "user.one"));
	say("lremovexattr", lremovexattr("at", "user.two"));
	say("fremovexattr", fremovexattr(fd, "user.three"));
	say("removexattr again", removexattr("at", "user.one"));
	say("ioctl FICLONE", syscall(SYS_ioctl, fd, 0x40049409L, (long)dirfd));
	close(fd);
	close(dirfd);
}

static void do_streams(void)
{
	FILE *file = fopen("stream", "w+");

	for (int i = 0; i < 1000; i++)
		fprintf(file, "line %d\n", i);
	fflush(file);
	fseek(file, 10, SEEK_SET);
	fputs("here", file);
	rewind(file);
	fgetc(file);
	fclose(file);
	file = fopen("stream", "a");
	setvbuf(file, NULL, _IONBF, 0);
	fputs("unbuffered", file);
	fclose(file);
	file = freopen("stream2", "w", fopen("stream", "r"));
	dprintf(fileno(file), "%s", "dprintf");
	fclose(file);
	file = tmpfile();
	fputs("temporary", file);
	fclose(file);
}

int main(int argc, char **argv)
{
	do_writes();
	do_syncs();
	do_opens();
	do_names();
	do_sizes();
	do_attributes();
	do_streams();
	fflush(stdout);
	if (argc > 1)
		execvp(argv[1], argv + 1);
	return argc > 1;
}
