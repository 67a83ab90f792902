/* SPDX-License-Identifier: MIT */
/*
 * start_main.c - a module that is preloaded into the caller's own program, where it calls one of its
 * functions in the place of main().
 *
 * Method. A test belongs to a program whose main() and arguments are the test runner's: of another process of
 * it nobody could say how that test is reached again, and what would be done on the way. What starts every
 * program with glibc is __libc_start_main(), which gets main() as an argument. Ours comes before libc's and
 * gives it another one. By then everything is as main() would find it: libraries are loaded, constructors
 * have run.
 */
#include "callers/start_main.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "callers/function_name.h"

typedef int main_function(int argc, char **argv, char **environment);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void),
			   void *);

/* What it starts itself is to find the environment that it would have had. */
static void leave_preload(void)
{
	const char *list = getenv("LD_PRELOAD");
	char *rest = list ? calloc(1, strlen(list) + 1) : NULL;
	Dl_info own;

	if (!rest || !dladdr((void *)leave_preload, &own) || !own.dli_fname)
		return;
	for (const char *at = list; *at; at += strspn(at, ": ")) {
		size_t length = strcspn(at, ": ");

		if (length && (strlen(own.dli_fname) != length || strncmp(at, own.dli_fname, length) != 0)) {
			if (*rest)
				strcat(rest, ":");
			strncat(rest, at, length);
		}
		at += length;
	}
	if (*rest)
		setenv("LD_PRELOAD", rest, 1);
	else
		unsetenv("LD_PRELOAD");
	free(rest);
}

static int call_instead(int argc, char **argv, char **environment)
{
	const char *name = getenv(CRASH__START_VARIABLE);
	crash__started *function = name ? (crash__started *)crash__function_find(name) : NULL;

	(void)argc, (void)argv, (void)environment;
	if (!function) {
		fprintf(stderr, "crashinject: there is no function %s in this program\n", name ? name : "");
		return 127;
	}
	unsetenv(CRASH__START_VARIABLE);
	leave_preload();
	return function();
}

/* The caller of it is the C library's start code, which has no header. */
int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*loader)(void), void *stack) __attribute__((visibility("default")));

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*loader)(void), void *stack)
{
	start_function *next = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");

	if (!next)
		_exit(127);
	return next(getenv(CRASH__START_VARIABLE) ? call_instead : main, argc, argv, init, fini, loader,
		    stack);
}
