/* SPDX-License-Identifier: MIT */
/*
 * load WHAT COUNT BYTES RESULT - does one thing COUNT times and writes into the file RESULT how many
 * nanoseconds each took, and how many of them the program itself ran. What it writes goes to a file in the
 * working directory.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <crashinject/breakpoint.h>

#include "common/machine.h"

#define AREA (1 << 20) /* writes go round in so much of the file */

static int fd;
static size_t bytes;
static char *data;
static FILE *stream;

/* The compiler is not to find out that the loops do nothing. */
#define KEEP(variable) __asm__ volatile("" : "+r"(variable))

static long raw(long number, long a, long b, long c, long d)
{
	return crash__sys6(number, a, b, c, d, 0, 0);
}

static void do_nothing(long count)
{
	for (long i = 0; i < count; i++)
		KEEP(i);
}

static void do_breakpoint(long count)
{
	for (long i = 0; i < count; i++) {
		CRASH_BREAKPOINT("bench.point");
		KEEP(i);
	}
}

/* As from another language. */
static void do_channel(long count)
{
	static const char line[] = "point bench.point\n";
	const char *number = getenv("CRASH_FD");
	int channel = number ? atoi(number) : -1;

	for (long i = 0; i < count; i++) {
		KEEP(channel);
		if (channel >= 0 && write(channel, line, sizeof line - 1) < 0)
			abort();
	}
}

static void do_pwrite(long count)
{
	for (long i = 0; i < count; i++)
		if (pwrite(fd, data, bytes, (off_t)((size_t)i * bytes % AREA)) != (ssize_t)bytes)
			abort();
}

/* At the file position, as most programs do. */
static void do_write(long count)
{
	for (long i = 0; i < count; i++) {
		if ((size_t)i * bytes % AREA == 0)
			lseek(fd, 0, SEEK_SET);
		if (write(fd, data, bytes) != (ssize_t)bytes)
			abort();
	}
}

static void do_raw(long count)
{
	for (long i = 0; i < count; i++)
		if (raw(SYS_pwrite64, fd, (long)data, (long)bytes, (long)((size_t)i * bytes % AREA)) !=
		    (long)bytes)
			abort();
}

static void do_read(long count)
{
	for (long i = 0; i < count; i++)
		if (read(fd, data, 0) != 0)
			abort();
}

static void do_getpid(long count)
{
	for (long i = 0; i < count; i++)
		raw(SYS_getpid, 0, 0, 0, 0);
}

static void do_futex(long count)
{
	static int word;

	for (long i = 0; i < count; i++)
		raw(SYS_futex, (long)&word, FUTEX_WAKE_PRIVATE, 1, 0);
}

static void do_malloc(long count)
{
	for (long i = 0; i < count; i++) {
		char *memory = malloc(bytes);

		KEEP(memory);
		free(memory);
	}
}

/* A log: lines through a buffer, flushed every now and then. */
static void do_stdio(long count)
{
	for (long i = 0; i < count; i++) {
		if (i % 65536 == 0)
			rewind(stream);
		fprintf(stream, "line %ld of a log, %s\n", i, "which says something");
		if (i % 16 == 15)
			fflush(stream);
	}
	fflush(stream);
}

static const struct {
	const char *name;
	void (*run)(long count);
} loads[] = {
	{"nothing", do_nothing}, {"breakpoint", do_breakpoint}, {"channel", do_channel},
	{"pwrite", do_pwrite},	 {"write", do_write},		{"raw", do_raw},
	{"read", do_read},	 {"getpid", do_getpid},		{"futex", do_futex},
	{"stdio", do_stdio},	 {"malloc", do_malloc},
};

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? atol(argv[2]) : 0;
	double start, ran, each;
	FILE *result;

	if (count <= 0)
		return 2;
	bytes = (size_t)atol(argv[3]);
	data = calloc(1, bytes + 1);
	fd = open("data", O_RDWR | O_CREAT, 0600);
	stream = fopen("log", "w");
	if (!data || fd < 0 || !stream)
		return 1;
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
		if (strcmp(loads[i].name, argv[1]) != 0)
			continue;
		loads[i].run(count / 10 + 1); /* warm */
		start = now(CLOCK_MONOTONIC);
		ran = now(CLOCK_PROCESS_CPUTIME_ID);
		loads[i].run(count);
		ran = (now(CLOCK_PROCESS_CPUTIME_ID) - ran) / (double)count;
		each = (now(CLOCK_MONOTONIC) - start) / (double)count;
		result = fopen(argv[4], "w");
		return result && fprintf(result, "%.3f %.3f\n", each, ran) > 0 && fclose(result) == 0 ? 0 : 1;
	}
	return 2;
}
