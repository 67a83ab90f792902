/* SPDX-License-Identifier: MIT */
/*
 * sync_ways.c - keeps three lines in a log, and acknowledges each; what makes a line durable is one of many
 * ways, and all but one of the syncs are needed, or none is, as a word says.
 *
 * Usage: sync_ways WORD
 *
 * By a call site of its own the same is done with a file that nobody looks at:
 *
 *	o_dsync, o_sync      writes through a descriptor that was opened with that flag
 *	rwf_dsync, rwf_sync  pwritev2() with that flag
 *	appended             write() with O_APPEND and O_DSYNC
 *	msync                stores to a shared mapping, and msync(MS_SYNC)
 *	syncfs, sync         of everything
 *
 * The log's sync is needed, and hides:
 *
 *	child      a child process makes it
 *	thread     a thread makes it, and no other
 *	reopened   by a descriptor that was opened for it, and for reading
 *	renamed    the log has another name by then
 *	one_site   by one call site of two, with the other file's
 *	socket     it is for what is said through a pair of sockets alone
 *	mirror     each line is also in a second file: either is enough, and both are synced
 *	directory  of a directory through a descriptor that came from elsewhere
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 3, LINE = 2, PAGE = 4096 };

static const char *how;
static int log_fd, other_fd, mirror_fd, outside = 1, near_end = -1;
static char *log_map, *other_map;

static int is(const char *word)
{
	return strcmp(how, word) == 0;
}

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* Its last call is none that its caller's place could be taken by. */
#ifdef __clang__
#define SITE __attribute__((noinline))
#else
#define SITE __attribute__((noinline, noclone))
#endif
#define STAYS() __asm__ volatile("")

SITE static void sync_file(int fd)
{
	need(fsync(fd) == 0, "fsync");
	STAYS();
}

SITE static void sync_directory(int fd)
{
	need(fsync(fd) == 0, "fsync of the directory");
	STAYS();
}

/* ------------------------------------------------------------------ a write that syncs, at two call sites */

static void put(int fd, const char *line, int number)
{
	struct iovec vector = {.iov_base = (char *)(size_t)line, .iov_len = LINE};
	off_t at = number * LINE;
	int flags = is("rwf_dsync") ? RWF_DSYNC : is("rwf_sync") ? RWF_SYNC : 0;

	if (is("appended"))
		need(write(fd, line, LINE) == LINE, "write");
	else if (flags)
		need(pwritev2(fd, &vector, 1, at, flags) == LINE, "pwritev2");
	else
		need(pwrite(fd, line, LINE, at) == LINE, "pwrite");
}

SITE static void put_line(const char *line, int number)
{
	put(log_fd, line, number);
	STAYS();
}

SITE static void put_other(const char *line, int number)
{
	put(other_fd, line, number);
	STAYS();
}

/* ------------------------------------------------------------------ a call that syncs, at two call sites */

SITE static void sync_line(void)
{
	if (is("msync"))
		need(msync(log_map, PAGE, MS_SYNC) == 0, "msync");
	else if (is("syncfs"))
		need(syncfs(log_fd) == 0, "syncfs");
	else if (is("sync"))
		sync();
	STAYS();
}

SITE static void sync_other(void)
{
	if (is("msync"))
		need(msync(other_map, PAGE, MS_SYNC) == 0, "msync");
	else if (is("syncfs"))
		need(syncfs(other_fd) == 0, "syncfs");
	else if (is("sync"))
		sync();
	STAYS();
}

/* ------------------------------------------------------------------ where the log's own sync hides */

static void *in_thread(void *unused)
{
	sync_file(log_fd);
	return unused;
}

SITE static void sync_log(void)
{
	pthread_t thread;
	int status, fd;

	if (is("child")) {
		pid_t child = fork();

		if (child == 0) {
			sync_file(log_fd);
			_exit(0);
		}
		need(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child");
	} else if (is("thread")) {
		need(pthread_create(&thread, NULL, in_thread, NULL) == 0, "thread");
		need(pthread_join(thread, NULL) == 0, "thread");
	} else if (is("reopened")) {
		need((fd = open("log", O_RDONLY)) >= 0, "log");
		sync_file(fd);
		close(fd);
	} else {
		sync_file(log_fd);
	}
}

SITE static void sync_mirror(void)
{
	need(fsync(mirror_fd) == 0, "fsync of the mirror");
	STAYS();
}

/* ------------------------------------------------------------------ lines */

static int writes_sync(void)
{
	return is("o_dsync") || is("o_sync") || is("appended") || is("rwf_dsync") || is("rwf_sync");
}

static int calls_sync(void)
{
	return is("msync") || is("syncfs") || is("sync");
}

static void keep(const char *line, int number)
{
	if (is("msync")) {
		memcpy(log_map + number * LINE, line, LINE);
		sync_line();
		memcpy(other_map + number * LINE, line, LINE);
		sync_other();
		return;
	}
	put_line(line, number);
	if (calls_sync()) /* the next one is behind a write that nobody needs */
		sync_line();
	else if (!writes_sync())
		sync_log();
	if (is("mirror")) {
		need(pwrite(mirror_fd, line, LINE, number * LINE) == LINE, "mirror");
		sync_mirror();
	}
	if (writes_sync() || calls_sync() || is("one_site"))
		put_other(line, number);
	if (calls_sync())
		sync_other();
	else if (is("one_site"))
		sync_file(other_fd);
}

static int open_file(const char *name, int flags)
{
	int fd = open(name, O_CREAT | O_RDWR | flags, 0644);

	need(fd >= 0, name);
	return fd;
}

static char *map(int fd)
{
	char *map;

	need(ftruncate(fd, PAGE) == 0, "ftruncate");
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(map != MAP_FAILED, "mmap");
	return map;
}

static void open_files(void)
{
	int flags = is("o_dsync") ? O_DSYNC : is("o_sync") ? O_SYNC : is("appended") ? O_DSYNC | O_APPEND : 0;
	int directory = open(".", O_RDONLY | O_DIRECTORY), copy;

	log_fd = open_file(is("renamed") ? "log.new" : "log", flags);
	if (writes_sync() || calls_sync() || is("one_site"))
		other_fd = open_file("other", flags);
	if (is("mirror"))
		mirror_fd = open_file("mirror", 0);
	if (is("renamed"))
		need(rename("log.new", "log") == 0, "rename");
	if (is("msync")) {
		log_map = map(log_fd);
		other_map = map(other_fd);
		sync_file(log_fd);
		sync_file(other_fd);
	}
	copy = is("directory") ? openat(directory, "../store", O_RDONLY | O_DIRECTORY) : dup(directory);
	need(directory >= 0 && copy >= 0 && close(directory) == 0, "directory");
	sync_directory(copy);
	if (is("socket")) {
		int ends[2];

		need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
		outside = ends[0];
		near_end = ends[1];
	}
}

int main(int argc, char **argv)
{
	how = argc > 1 ? argv[1] : "";
	open_files();
	for (int number = 0; number < LINES; number++) {
		char line[16], said[16];

		snprintf(line, sizeof line, "%d\n", number + 1);
		keep(line, number);
		need(write(outside, line, LINE) == LINE, "acknowledge");
		need(near_end < 0 || read(near_end, said, sizeof said) == LINE, "hear");
	}
	return 0;
}
