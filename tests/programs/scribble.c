/* SPDX-License-Identifier: MIT */
/*
 * scribble - damages what the first process of a tree noted about its libc, in the memory that all processes
 *share, and execs itself to write a line with stdio, whose system call is inside libc.
 *
 *	scribble nothing|count|place|sum
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"

static struct crash__control *find_control(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096];
	unsigned long start = 0;

	while (maps && fgets(line, sizeof line, maps))
		if (strstr(line, "/crashinject-") && strstr(line, "/control") &&
		    sscanf(line, "%lx", &start) == 1)
			break;
	if (maps)
		fclose(maps);
	return (struct crash__control *)start;
}

static void damage(struct crash__sites *sites, const char *what)
{
	if (strcmp(what, "count") == 0)
		sites->count = 1;
	if (strcmp(what, "place") == 0)
		sites->at[sites->count / 2] += 8;
	if (strcmp(what, "sum") == 0)
		sites->sum++;
}

static int write_line(void)
{
	FILE *file = fopen("line", "we");

	return file && fputs("a line\n", file) >= 0 && fclose(file) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct crash__control *control = find_control();

	if (argc < 2)
		return write_line();
	if (!control || control->sites.state != 2 || control->sites.count < 50) {
		fputs("there is no note\n", stderr);
		return 2;
	}
	damage(&control->sites, argv[1]);
	execl("/proc/self/exe", argv[0], NULL);
	return 3;
}
