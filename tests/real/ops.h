/* SPDX-License-Identifier: MIT */
/*
 * ops.h - what a run did to each file of its directory, from two witnesses that are to agree.
 */
#ifndef CRASH_TESTS_OPS_H
#define CRASH_TESTS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct ops {
	/* How the paths are to be read. Set before the first ops_add(); not copied. */
	const char *directory;	   /* ops elsewhere are not kept */
	const char *const *random; /* patterns of names that differ between runs, ending with NULL */
	bool sizes_vary;	   /* how much is written is not compared */
	struct op *list;
	size_t count, room;
};

/**
 * Adds an op.
 * @param file absolute; or any name that does not start with a slash, for what is not a file
 * @param to   the second file of renames and links, or NULL
 * @param call a name of calls.def
 * @param result as an errno's name, a number, or "?"
 */
void ops_add(struct ops *ops, const char *file, const char *to, const char *call, const char *result);

enum ops_order {
	OPS_IN_ORDER, /* a file's ops and their order */
	OPS_COUNTED,  /* which ops, and how many of each */
	OPS_KINDS,    /* which ops */
};

/**
 * Compares file by file.
 * @param order how much of it is compared
 * @param out gets the description of each difference
 * @return how many files differ
 */
size_t ops_compare(struct ops *expected, struct ops *seen, enum ops_order order, FILE *out);

void ops_clear(struct ops *ops);

#endif
