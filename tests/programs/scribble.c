/* SPDX-License-Identifier: MIT */
/*
 * scribble - damages the memory that all processes of a tree share, and execs itself to write a line with
 * stdio, whose system call is inside libc.
 *
 *	scribble nothing|count|place|sum	what the first process noted about its libc
 *	scribble version			which version of crashinject the memory is of
 *	scribble ring				how much is in the rings
 *	scribble rings				how many rings there are
 *	scribble stopped			whether the tree is to be stopped; and then waits for ever
 *	scribble rule|call|plan			what the crash says of itself, as if there had been one
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

static void claim_crash(struct crash__control *control, uint32_t rule, int32_t call)
{
	control->fired.rule = rule;
	control->fired.call = call;
	control->fired.family = CRASH__FAMILY_WRITE;
	control->fired.state = 3;
	control->dead = 1;
	control->bell++; /* the keeper looks every now and then, too */
}

static void damage(struct crash__control *control, const char *what)
{
	struct crash__sites *sites = &control->sites;

	if (strcmp(what, "count") == 0)
		sites->count = 1;
	if (strcmp(what, "place") == 0)
		sites->at[sites->count / 2] += 8;
	if (strcmp(what, "sum") == 0)
		sites->sum++;
	if (strcmp(what, "version") == 0)
		control->version++;
	for (uint32_t i = 0; strcmp(what, "ring") == 0 && i < control->rings_ready; i++)
		crash__control_ring(control, i)->head += UINT64_C(1) << 40;
	if (strcmp(what, "stopped") == 0) {
		control->stopped += 7;
		control->bell++;
		for (;;)
			pause();
	}
	if (strcmp(what, "rings") == 0)
		control->rings_ready = 1u << 30;
	if (strcmp(what, "rule") == 0)
		claim_crash(control, UINT32_MAX, CRASH__CALL_write);
	if (strcmp(what, "call") == 0)
		claim_crash(control, 0, 30000);
	if (strcmp(what, "plan") == 0) {
		control->plan.rules[0].column = 1u << 30;
		claim_crash(control, 0, CRASH__CALL_write);
	}
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
	damage(control, argv[1]);
	execl("/proc/self/exe", argv[0], NULL);
	return 3;
}
