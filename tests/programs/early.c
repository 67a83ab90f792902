/* SPDX-License-Identifier: MIT */
/*
 * early - a library that is preloaded beside the shim and linked so that its constructor runs first, as
 * libpthread is up to glibc 2.33. There can be but one: the last that is loaded. If EARLY is set, the
 * constructor writes a line to the file that this names, by functions of which the shim has its own.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nobody has set `environ` yet. */
static __attribute__((constructor)) void write_line(int argc, char **argv, char **environment)
{
	FILE *file;

	(void)argc;
	(void)argv;
	while (*environment && strncmp(*environment, "EARLY=", 6) != 0)
		environment++;
	if (!*environment)
		return;
	file = fopen(*environment + 6, "we");
	if (!file || fputs("early\n", file) < 0 || fclose(file) != 0)
		_exit(9);
}
