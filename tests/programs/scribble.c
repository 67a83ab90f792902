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
 *	scribble rule|call			what the crash says of itself, as if there had been one
 *	scribble plan				the rules, which it makes writable before
 *	scribble zeros|ones|noise		all that can be written to
 *	scribble counter			how many writes there were
 *	scribble rings-too			the rings are zeroed, and nothing else
 *	scribble over|over-raw			something else is mapped there, by libc or by an instruction
 *	scribble unmap|protect			it is taken away, with what lies around it
 *
 * With a second argument it does not exec, and writes so many lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/control.h"
#include "common/sys.h"

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

/* What is written before the program starts. */
static void unlock(struct crash__control *control)
{
	crash__sys3(SYS_mprotect, (long)control, CRASH__CONTROL_CONSTANT, PROT_READ | PROT_WRITE);
}

static void claim_crash(struct crash__control *control, uint32_t rule, int32_t call)
{
	control->fired.rule = rule;
	control->fired.call = call;
	control->fired.family = CRASH__FAMILY_WRITE;
	control->fired.state = 3;
	control->dead = CRASH__DEAD;
	control->bell++; /* the keeper looks every now and then, too */
}

static void fill(struct crash__control *control, int (*byte)(void))
{
	unsigned char *at = (unsigned char *)control + CRASH__CONTROL_CONSTANT;

	while (at < (unsigned char *)(control + 1))
		*at++ = (unsigned char)byte();
}

static int zero(void)
{
	return 0;
}

static int one(void)
{
	return 0xff;
}

static int noise(void)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (int)(state >> 24);
}

/* What is mapped there, and by whom. */
static void take_place(struct crash__control *control, const char *what)
{
	uintptr_t page = CRASH__PAGE;
	size_t bytes = (control->bytes + page - 1) & ~(page - 1);
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (strcmp(what, "over") == 0)
		mmap(control, bytes, prot, flags, -1, 0);
	if (strcmp(what, "over-raw") == 0)
		crash__sys6(SYS_mmap, (long)control, (long)bytes, prot, flags, -1, 0);
	if (strcmp(what, "unmap") == 0)
		munmap(control, bytes);
	if (strcmp(what, "protect") == 0)
		mprotect(control, bytes, PROT_NONE);
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
	if (strcmp(what, "version") == 0) {
		unlock(control);
		control->version++;
	}
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
		unlock(control);
		control->plan.rules[0].column = 1u << 30;
		claim_crash(control, 0, CRASH__CALL_write);
	}
	if (strcmp(what, "zeros") == 0)
		fill(control, zero);
	if (strcmp(what, "ones") == 0)
		fill(control, one);
	if (strcmp(what, "noise") == 0)
		fill(control, noise);
	if (strcmp(what, "counter") == 0)
		control->family_hits[CRASH__FAMILY_WRITE] += UINT64_C(1) << 40;
	for (uint32_t i = 0; strcmp(what, "rings-too") == 0 && i < control->rings_ready; i++)
		memset((void *)crash__control_ring(control, i), 0, sizeof(struct crash__ring));
	take_place(control, what);
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
	for (int i = 0; argc > 2 && i < atoi(argv[2]); i++)
		if (write_line() != 0)
			return 1;
	if (argc > 2)
		return 0;
	execl("/proc/self/exe", argv[0], NULL);
	return 3;
}
