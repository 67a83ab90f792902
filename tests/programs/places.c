/* SPDX-License-Identifier: MIT */
/*
 * places - writes a word to CRASH_DIR/data from functions of different kinds, and passes one point at
 * two sites. The functions have no line in common, so a backtrace tells them apart.
 */
#include <crashinject/breakpoint.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__ /* makes no clones */
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

void exported_place(int fd);
int plus_one(int x);

/* Not a tail call: the function is in the backtrace. */
#define WORD(fd, text)                                                                                       \
	do {                                                                                                 \
		if (write(fd, text, strlen(text)) < 0)                                                       \
			_exit(9);                                                                            \
		__asm__ volatile("" ::: "memory");                                                           \
	} while (0)

NOINLINE void exported_place(int fd)
{
	WORD(fd, "exported ");
}

static NOINLINE void static_place(int fd)
{
	WORD(fd, "static ");
}

static inline __attribute__((always_inline)) void inlined_place(int fd)
{
	WORD(fd, "inlined ");
}

static NOINLINE void outer_place(int fd)
{
	static_place(fd);
	WORD(fd, "outer ");
}

static NOINLINE void first_site(int fd)
{
	CRASH_BREAKPOINT("places.twice");
	WORD(fd, "first ");
}

static NOINLINE void second_site(int fd)
{
	CRASH_BREAKPOINT("places.twice");
	WORD(fd, "second ");
}

/* Never called with anything to write. */
NOINLINE int plus_one(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

int main(void)
{
	const char *directory = getenv("CRASH_DIR");
	int fd;

	if (directory && chdir(directory) < 0)
		return 9;
	fd = open("data", O_WRONLY | O_CREAT, 0644);
	exported_place(fd);
	static_place(fd);
	inlined_place(fd);
	outer_place(fd);
	first_site(fd);
	second_site(fd);
	return plus_one(close(fd)) - 1;
}
