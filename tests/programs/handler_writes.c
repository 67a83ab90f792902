/* SPDX-License-Identifier: MIT */
/*
 * handler_writes.c - a signal handler writes to the file that the program writes to, at the same position:
 * now and then when the program's own write has been made, and where it went is still to be asked for.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static int fd;

static void write_also(int signal)
{
	(void)signal;
	if (write(fd, "handler", 7) != 7)
		_exit(1);
}

int main(void)
{
	struct sigaction action = {.sa_handler = write_also, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};

	fd = open("file", O_CREAT | O_WRONLY, 0644);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 3000; i++)
		if (write(fd, "main", 4) != 4)
			return 1;
	setitimer(ITIMER_REAL, &never, NULL);
	return 0;
}
