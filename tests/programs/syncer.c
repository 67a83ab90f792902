/* SPDX-License-Identifier: MIT */
/*
 * syncer.c - keeps three lines in a log, and acknowledges each; a word says with which syncs.
 *
 *	good     the directory, and the log before each line is acknowledged
 *	none     nothing is synced at all
 *	missing  only the directory
 *	last     a last time, when nothing is new
 *	twice    each line twice: either does what the other one does
 *	often    the log twice before each line is acknowledged, by one call site
 *	scratch  also a file that nobody needs
 *	rarely   the log before each line is acknowledged, by one call; lines are written with O_DSYNC but the
 *first written  lines are written with O_DSYNC, and nothing else syncs the log
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how;

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

__attribute__((noinline)) static void sync_directory(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	need(fd >= 0 && fsync(fd) == 0 && close(fd) == 0, "fsync of the directory");
}

__attribute__((noinline)) static void sync_line(int log)
{
	need(fsync(log) == 0, "fsync");
	__asm__ volatile("");
}

__attribute__((noinline)) static void sync_again(int log)
{
	need(fdatasync(log) == 0, "fdatasync");
	__asm__ volatile("");
}

__attribute__((noinline)) static void sync_scratch(int line)
{
	int fd = open("scratch", O_CREAT | O_WRONLY | O_APPEND, 0644);

	need(fd >= 0 && dprintf(fd, "%d\n", line) > 0 && fsync(fd) == 0 && close(fd) == 0, "scratch");
}

static int open_log(int flags)
{
	int fd = open("log", O_CREAT | O_WRONLY | O_APPEND | flags, 0644);

	need(fd >= 0, "log");
	return fd;
}

static void keep(int log, int line)
{
	char text[8];
	size_t length = (size_t)snprintf(text, sizeof text, "%d\n", line);

	need(write(log, text, length) == (ssize_t)length, "write");
	if (!is("missing") && !is("none") && !is("written"))
		for (volatile int times = is("often") ? 2 : 1; times; times--)
			sync_line(log);
	if (is("twice"))
		sync_again(log);
	if (is("scratch"))
		sync_scratch(line);
	need(write(1, text, length) == (ssize_t)length, "acknowledge");
}

int main(int argc, char **argv)
{
	int log;

	how = argc > 1 ? argv[1] : "good";
	log = open_log(is("written") ? O_DSYNC : 0);
	if (!is("none"))
		sync_directory();
	for (int line = 1; line <= 3; line++) {
		if (is("rarely") && line == 2)
			log = open_log(O_DSYNC);
		keep(log, line);
	}
	if (is("last"))
		sync_again(log);
	return 0;
}
