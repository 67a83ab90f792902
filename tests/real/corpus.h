/* SPDX-License-Identifier: MIT */
/*
 * corpus.h - real programs doing real work, small.
 */
#ifndef CRASH_TESTS_CORPUS_H
#define CRASH_TESTS_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/real/jail.h"

/** Scripts are for /bin/sh, in an empty directory that has a tmp/. */
struct workload {
	const char *name;
	const char *needs;	   /* programs, separated by spaces */
	const char *build;	   /* makes what is needed in $BUILT; run once */
	const char *prepare;	   /* run before, unseen */
	const char *run;	   /* what is looked at */
	const char *const *random; /* names that differ between runs, as patterns, ending with NULL */
	bool unordered;		   /* several processes or threads work on one file at once */
	bool counts_vary;   /* how often something is done to a file depends on the clock: only what, not in
			       what order */
	bool sizes_vary;    /* how much is written is not the same each time */
	bool output_varies; /* so is what is printed */
	bool tree_varies;   /* so is what is left */
	bool needs_root;
	bool is_long;		/* only with CRASHINJECT_LONG=1 */
	const char *incomplete; /* the reason that is expected to be given; part of its sentence */
};

extern const struct workload corpus[];
extern const size_t corpus_count;

/** Whether a workload can be done here and is asked for; says why not. Builds what it needs. */
bool workload_wanted(const struct workload *workload, const struct sandbox *sandbox, unsigned int seconds);

/** A fresh directory, and what is to be done in it before. */
void workload_prepare(const struct workload *workload, const struct sandbox *sandbox, unsigned int seconds);

#endif
