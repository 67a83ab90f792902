/* SPDX-License-Identifier: MIT */
/* Two hundred times a timer's handler leaves whatever is being written by longjmp. Prints how many writes had
 * returned. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#define JUMPS 200

static sigjmp_buf out;
static volatile sig_atomic_t jumps;
static volatile unsigned long returned;

static void leave(int signal)
{
	(void)signal;
	jumps++;
	siglongjmp(out, 1);
}

/* The same from another depth of the stack. */
static __attribute__((noinline)) void write_deeper(int fd, int depth)
{
	volatile char room[512];

	room[0] = 'x';
	if (depth)
		write_deeper(fd, depth - 1);
	else if (pwrite(fd, "0123456789", 10, 0) == 10)
		returned++;
	(void)room[0];
}

int main(void)
{
	int fd = open("f", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};

	if (fd < 0)
		return 1;
	signal(SIGALRM, leave);
	sigsetjmp(out, 1);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; jumps < JUMPS; i++)
		write_deeper(fd, i % 2);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%lu\n", returned);
	return 0;
}
