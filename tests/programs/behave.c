/* SPDX-License-Identifier: MIT */
/*
 * behave - a program with one bad habit, which its first argument names:
 *
 *	spew OUT ERR	writes so many bytes to stdout and stderr at the same time, from two threads
 *	exit N		ends with this status
 *	die SIGNAL	ends itself by a signal
 *	murdered	is killed by its own child
 *	sleep		never ends
 *	ignore		never ends, and ignores every signal that can be ignored
 *	stop		stops itself, and all processes of a group of its own
 *	tree N		starts N processes that never end, one below the other, and never ends
 *	daemon		leaves a daemon behind: new session, no descriptors, never ends
 *	barefoot	closes all its descriptors, then writes to a file in CRASH_DIR, then once more
 *	control		prints where the run's own files are
 *	cat		copies stdin to stdout
 *	print NAME	prints a variable of the environment, and its arguments
 *	pid FILE N	writes its process id there, starts N processes as "tree" does, and never ends
 *	secure		exits with 11 if the kernel runs it in secure mode, else with 10
 *	storm		raises SIGALRM all the time, and exits with 5 after a while
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/older_libc.h"

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		pause();
}

struct stream {
	int fd;
	long bytes;
};

/* Byte i is a function of i and the descriptor, and all values occur. */
static unsigned char byte_at(int fd, long i)
{
	return (unsigned char)(i * 7 + (i >> 8) * 13 + fd);
}

static void *pour(void *argument)
{
	const struct stream *stream = argument;
	static _Thread_local unsigned char piece[10000];
	long done = 0;

	while (done < stream->bytes) {
		size_t now = stream->bytes - done < (long)sizeof piece ? (size_t)(stream->bytes - done) :
									 sizeof piece;
		ssize_t written;

		for (size_t i = 0; i < now; i++)
			piece[i] = byte_at(stream->fd, done + (long)i);
		written = write(stream->fd, piece, now);
		if (written < 0)
			_exit(9);
		done += written;
	}
	return NULL;
}

static int spew(char **argv)
{
	struct stream out = {1, atol(argv[0])}, err = {2, atol(argv[1])};
	pthread_t thread;

	if (pthread_create(&thread, NULL, pour, &err) != 0)
		return 9;
	pour(&out);
	pthread_join(thread, NULL);
	return 0;
}

static int end(char **argv)
{
	return atoi(argv[0]);
}

static int die(char **argv)
{
	signal(atoi(argv[0]), SIG_DFL);
	kill(getpid(), atoi(argv[0]));
	return 9;
}

static int murdered(char **argv)
{
	(void)argv;
	if (fork() == 0) {
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	sleep_for_ever();
}

static int do_sleep(char **argv)
{
	(void)argv;
	sleep_for_ever();
}

static int ignore(char **argv)
{
	(void)argv;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
	sleep_for_ever();
}

static int stop(char **argv)
{
	(void)argv;
	setpgid(0, 0);
	fork();
	kill(0, SIGSTOP);
	sleep_for_ever();
}

static int tree(char **argv)
{
	for (int i = atoi(argv[0]); i > 0; i--)
		if (fork() != 0)
			break;
	sleep_for_ever();
}

static int leave_daemon(char **argv)
{
	int ready[2];
	char byte;

	(void)argv;
	if (pipe(ready) < 0)
		return 9;
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		if (chdir("/") < 0)
			_exit(9);
		dup2(ready[1], 1);
		if (write(1, "x", 1) < 0)
			_exit(9);
		for (int fd = 0; fd < 1024; fd++)
			close(fd);
		sleep_for_ever();
	}
	wait(NULL);
	return read(ready[0], &byte, 1) == 1 ? 0 : 9;
}

static int barefoot(char **argv)
{
	int fd;

	(void)argv;
	close_range(0, ~0u, 0);
	if (chdir(getenv("CRASH_DIR")) < 0)
		return 9;
	fd = open("data", O_WRONLY | O_CREAT, 0644);
	if (fd != 0 || write(fd, "first\n", 6) != 6 || write(fd, "second\n", 7) != 7)
		return 9;
	return 0;
}

/* From where the kernel keeps what the program was started with. */
static int print_control(char **argv)
{
	static char text[1 << 20];
	int fd = open("/proc/self/environ", O_RDONLY);
	ssize_t got = read(fd, text, sizeof text - 1);

	(void)argv;
	for (char *at = text; at < text + got; at += strlen(at) + 1)
		if (strncmp(at, "CRASH_CONTROL=", 14) == 0)
			printf("%.*s\n", (int)strcspn(at + 14, ","), at + 14);
	return 0;
}

static int cat(char **argv)
{
	char piece[4096];
	ssize_t got;

	(void)argv;
	while ((got = read(0, piece, sizeof piece)) > 0)
		if (write(1, piece, (size_t)got) != got)
			return 9;
	return got < 0 ? 9 : 0;
}

static int print(char **argv)
{
	const char *value = getenv(argv[0]);

	printf("%s\n", value ? value : "(unset)");
	for (argv++; *argv; argv++)
		printf("%s\n", *argv);
	return 0;
}

static int show_pid(char **argv)
{
	char text[32], temporary[4096];
	int fd;

	snprintf(temporary, sizeof temporary, "%s.tmp", argv[0]);
	fd = open(temporary, O_WRONLY | O_CREAT, 0644);
	if (write(fd, text, (size_t)snprintf(text, sizeof text, "%d", (int)getpid())) < 0 ||
	    rename(temporary, argv[0]) < 0)
		return 9;
	return tree(argv + 1);
}

static volatile int alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static int show_secure(char **argv)
{
	(void)argv;
	return getauxval(AT_SECURE) ? 11 : 10;
}

static int storm(char **argv)
{
	struct itimerval often = {{0, 500}, {0, 500}};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

	(void)argv;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (alarms < 200)
		pause();
	return 5;
}

static const struct {
	const char *name;
	int (*run)(char **argv);
} habits[] = {
	{"spew", spew},
	{"exit", end},
	{"die", die},
	{"murdered", murdered},
	{"sleep", do_sleep},
	{"ignore", ignore},
	{"stop", stop},
	{"tree", tree},
	{"daemon", leave_daemon},
	{"barefoot", barefoot},
	{"control", print_control},
	{"cat", cat},
	{"print", print},
	{"pid", show_pid},
	{"secure", show_secure},
	{"storm", storm},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof habits / sizeof *habits; i++)
		if (strcmp(habits[i].name, argv[1]) == 0)
			return habits[i].run(argv + 2);
	return 64;
}
