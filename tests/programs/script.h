/* SPDX-License-Identifier: MIT */
/*
 * script.h - the language of scripts, and what the files of its interpreter share.
 *
 * A line is an op, and one that fails has failed:
 *
 *	WORKER ROUTE OP ARGUMENT...
 *	0 s. open 1 a/b cb 644
 *	2! k@ rename a b/c
 *
 * WORKER: 0 is there from the start; a line as "0 s. thread 2" or "0 s. fork 2" starts another one. Each does
 * its own lines in their order. With "!" nobody else does one with "!" meanwhile, and descriptors and
 *mappings are those that all threads share; without it they are the worker's own.
 *
 * ROUTE: first, how the kernel is called: s by libc's function, k by syscall(2), i by an instruction of the
 * program's own. Then, how a path is given: . as it is, @ relative to its opened directory, / absolute.
 *
 * ARGUMENTS are numbers or paths. Descriptors and mappings are named by the numbers of their slots. What is
 * written is made of the number SEED. The tables of ops are in script_*.c; script.go has those that a Go
 * program can do, and passes over the others.
 */
#ifndef CRASH_TESTS_SCRIPT_H
#define CRASH_TESTS_SCRIPT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/machine.h"

#define SCRIPT_SLOTS 8
#define SCRIPT_MAPS 4
#define SCRIPT_WORDS 8
#define SCRIPT_BYTES (1u << 17) /* the most that is written at a time */

struct script_map {
	char *at; /* NULL: nothing */
	size_t bytes;
	off_t offset;
	int look; /* to know the file's size; opened for nothing else */
};

struct script_held {
	int files[SCRIPT_SLOTS]; /* -1: nothing */
	struct script_map maps[SCRIPT_MAPS];
};

struct script_line {
	int worker;
	bool common;
	char route, place;
	const char *op;
	const char *words[SCRIPT_WORDS]; /* missing ones are "0" */
};

/* Who does a line. */
struct script_actor {
	int number;
	const struct script_line *line;
	struct script_held own, *held; /* `held`: those of the line */
	unsigned char *bytes;	       /* SCRIPT_BYTES, aligned for O_DIRECT */
};

struct script_op {
	const char *name;
	void (*run)(struct script_actor *actor, const char *const *words);
};

/** End with an entry without a name. */
extern const struct script_op script_data[], script_names[], script_memory[], script_workers[];

static inline long script_number(const char *word)
{
	return strtol(word, NULL, 10);
}

/** The descriptor in a slot, or -1. */
static inline int script_file(const struct script_actor *actor, const char *word)
{
	return actor->held->files[(unsigned long)script_number(word) % SCRIPT_SLOTS];
}

/** Puts a descriptor into a slot; -1: leaves the slot as it is. */
void script_keep(struct script_actor *actor, const char *word, int fd);

/** Fills the worker's buffer. Returns how many bytes, at most SCRIPT_BYTES. */
size_t script_fill(struct script_actor *actor, const char *count, const char *seed);

/** What would block whoever opens it. */
static inline bool script_is_fifo(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

static inline bool script_is_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/** Runs in a child of its own and waits for its end. Returns true in the child. */
bool script_child(void);

/** A call by a route without libc's function. */
static inline long script_raw(char route, long number, long a, long b, long c, long d, long e, long f)
{
	long result;

	if (route != 'i')
		return syscall(number, a, b, c, d, e, f);
	result = crash__sys6(number, a, b, c, d, e, f);
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/** A call by the line's route: libc's function as it is written, or the kernel's call by its number. */
#define SCRIPT_CALL(...) SCRIPT__CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SCRIPT__CALL(function, number, a, b, c, d, e, f, ...)                                                \
	(actor->line->route == 's' ? (long)(function) :                                                      \
				     script_raw(actor->line->route, number, (long)(a), (long)(b), (long)(c), \
						(long)(d), (long)(e), (long)(f)))

#endif
