/* SPDX-License-Identifier: MIT */
/*
 * lines.c - what a program writes to CRASH_FD, and what may have become of that descriptor before.
 *
 *	lines WORD...
 *
 * A word that begins with @ does something to the program or its descriptors, one with + appends the rest to
 * the file "data", and any other is written to CRASH_FD with a newline. A write that is not what it would be
 * to any file ends the program with status 9. Without CRASH_FD nothing is written there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/numbers.h"

static int channel = -1, data = -1;
static enum { BY_WRITE, BY_SYSCALL, BY_WRITEV, BY_STDIO, IN_PARTS } way;

static ssize_t put(const char *text, size_t bytes)
{
	struct iovec pieces[] = {{(char *)(uintptr_t)text, bytes / 2},
				 {(char *)(uintptr_t)text + bytes / 2, bytes - bytes / 2}};
	ssize_t half;

	switch (way) {
	case BY_SYSCALL:
		return syscall(SYS_write, channel, text, bytes);
	case BY_WRITEV:
		return writev(channel, pieces, 2);
	case BY_STDIO:
		return dprintf(channel, "%.*s", (int)bytes, text);
	case IN_PARTS:
		half = write(channel, text, bytes / 2);
		return half + write(channel, text + bytes / 2, bytes - bytes / 2);
	default:
		return write(channel, text, bytes);
	}
}

__attribute__((noinline)) static void say(const char *text)
{
	char line[8192];
	int bytes = snprintf(line, sizeof line, "%s\n", text);

	errno = 0;
	if (channel >= 0 && (put(line, (size_t)bytes) != bytes || errno != 0))
		_exit(9);
}

/* What is wrong with a write is what it would be for any other. */
static void fail(void)
{
	char *volatile place = (char *)(uintptr_t)8;

	if (channel >= 0 &&
	    (write(channel, place, 4) != -1 || errno != EFAULT || write(channel, place, 0) != 0))
		_exit(9);
}

static void play(char **word);

static void *in_thread(void *argument)
{
	play(argument);
	return NULL;
}

static void go_on_in_child(char **word, pid_t pid)
{
	int status;

	if (pid == 0) {
		play(word);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(9);
}

static void go_on_in_thread(char **word)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, word) == 0)
		pthread_join(thread, NULL);
}

static void go_on_in_program(char **word)
{
	*word = (char *)(uintptr_t) "lines";
	execv("/proc/self/exe", word);
}

static void reopen(const char *path)
{
	channel = open(path, O_WRONLY | O_CREAT, 0600);
	if (channel < 0)
		_exit(9);
}

static void close_all(void)
{
	int most = channel > 64 ? channel : 64;

	if (syscall(SYS_close_range, 3, UINT_MAX, 0) < 0) /* on a kernel before 5.9 */
		for (int fd = 3; fd <= most; fd++)
			close(fd);
	data = -1;
}

static void put_other_there(void)
{
	int other = open("other", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	close(channel);
	if (fcntl(other, F_DUPFD, channel) != channel && syscall(SYS_dup3, other, channel - 1, 0) < 0)
		_exit(9);
	if (fcntl(channel, F_GETFD) < 0)
		channel--;
	close(other);
}

/* Returns false if the words that follow are done by somebody else. */
static bool act(char **word)
{
	const char *what = *word + 1;

	if (strcmp(what, "close") == 0)
		close(channel);
	else if (strcmp(what, "closefrom") == 0)
		close_all();
	else if (strcmp(what, "dup") == 0)
		channel = dup(channel);
	else if (strcmp(what, "path") == 0)
		reopen(getenv("CRASH_FD_PATH"));
	else if (strcmp(what, "proc") == 0)
		reopen("/dev/fd/1024");
	else if (strcmp(what, "other") == 0)
		put_other_there();
	else if (strcmp(what, "fault") == 0)
		fail();
	else if (strcmp(what, "syscall") == 0)
		way = BY_SYSCALL;
	else if (strcmp(what, "writev") == 0)
		way = BY_WRITEV;
	else if (strcmp(what, "stdio") == 0)
		way = BY_STDIO;
	else if (strcmp(what, "parts") == 0)
		way = IN_PARTS;
	else if (strcmp(what, "fork") == 0)
		go_on_in_child(word + 1, fork());
	else if (strcmp(what, "thread") == 0)
		go_on_in_thread(word + 1);
	else if (strcmp(what, "exec") == 0)
		go_on_in_program(word);
	else
		_exit(8);
	return strcmp(what, "fork") != 0 && strcmp(what, "thread") != 0;
}

static void play(char **word)
{
	for (; *word; word++) {
		if (**word == '@' && !act(word))
			return;
		if (**word == '+') {
			if (data < 0 || fcntl(data, F_GETFD) < 0)
				data = open("data", O_WRONLY | O_CREAT | O_APPEND, 0644);
			if (write(data, *word + 1, strlen(*word + 1)) < 0)
				_exit(9);
		}
		if (**word != '@' && **word != '+')
			say(*word);
	}
}

int main(int argc, char **argv)
{
	const char *number = getenv("CRASH_FD");

	(void)argc;
	if (number)
		channel = atoi(number);
	play(argv + 1);
	return 0;
}
