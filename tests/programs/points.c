/* SPDX-License-Identifier: MIT */
/*
 * points - passes breakpoints in places of all kinds, and writes a letter to CRASH_DIR/data after each.
 * Compiled as C and C++, dynamically and statically, at a fixed address, for size, and without breakpoints.
 *
 * With an argument it loads that library, too, which has a point of its own.
 */
#include <crashinject/breakpoint.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int data;

static void put(char letter)
{
	if (write(data, &letter, 1) != 1)
		_exit(9);
}

#define PASS(point, letter)                                                                                  \
	do {                                                                                                 \
		errno = 77;                                                                                  \
		point;                                                                                       \
		if (errno != 77)                                                                             \
			_exit(8);                                                                            \
		put(letter);                                                                                 \
	} while (0)

static inline void inlined(char letter)
{
	PASS(CRASH_BREAKPOINT("points.inline"), letter);
}

#ifdef __cplusplus
/* Sites of one template are as many as there are instances. */
template <int number> static void instance(char letter)
{
	PASS(CRASH_BREAKPOINT("points.template"), letter);
}
#endif

static void *in_thread(void *argument)
{
	PASS(CRASH_BREAKPOINT("points.thread"), 't');
	return argument;
}

static void in_handler(int signal)
{
	(void)signal;
	PASS(CRASH_BREAKPOINT("points.handler"), 'h');
}

#ifndef STATIC
static void in_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	void (*pass)(void);

	if (!library)
		_exit(7);
	*(void **)&pass = dlsym(library, "pass_library_point");
	pass();
	put('l');
}
#endif

int main(int argc, char **argv)
{
	const char *directory = getenv("CRASH_DIR");
	char name[32];
	pthread_t thread;

	if (directory && chdir(directory) < 0)
		return 6;
	data = open("data", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	PASS(CRASH_BREAKPOINT("points.main"), 'm');
	inlined('i');
	inlined('j');
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "points.named-%d", i % 2);
		PASS(crash_breakpoint(name), 'n');
	}
	PASS(CRASH_ACK("acknowledged"), 'a');
	if (pthread_create(&thread, NULL, in_thread, NULL) == 0)
		pthread_join(thread, NULL);
	signal(SIGUSR1, in_handler);
	raise(SIGUSR1);
	if (fork() == 0) {
		PASS(CRASH_BREAKPOINT("points.child"), 'c');
		_exit(0);
	}
	wait(NULL);
#ifdef __cplusplus
	instance<1>('1');
	instance<2>('2');
#endif
#ifndef STATIC
	if (argc > 1)
		in_library(argv[1]);
#else
	(void)argc;
	(void)argv;
#endif
	PASS(CRASH_BREAKPOINT("points.end"), 'e');
	return 0;
}
