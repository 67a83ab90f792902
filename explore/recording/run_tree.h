/* SPDX-License-Identifier: MIT */
/*
 * run_tree.h - the starting tree, shown anew to each of many runs of a program.
 *
 * Method. As the recording has it: where there can be overlays, one that is thrown away after each run. Else
 * a copy (run_copy.h), over the data directory if anything can be mounted, and at another path if not.
 *
 * Copies at other paths are as far from each other as a number of four digits. So what a program says or
 * writes of its directory is as long in each run, and differs in digits alone.
 */
#ifndef CRASH_RUN_TREE_H
#define CRASH_RUN_TREE_H

#include "explore/recording/recording.h"
#include "explore/recording/run_copy.h"
#include "explore/recording/sandbox.h"

struct crash__run_tree {
	const struct crash__recording *recording;
	struct crash__sandbox sandbox; /* of overlays */
	char root[PATH_MAX];	       /* where runs see the data directory */
	char top[PATH_MAX];   /* what is before each path that leads there; "" unless it is elsewhere */
	char cwd[PATH_MAX];   /* where what we were told to work in leads */
	const char *original; /* what copies are made of */
	struct crash__run_copy *copy; /* NULL: there are overlays */
	bool bound;		      /* it is over the data directory now */
};

/** Whether a run has mount and pid namespaces of its own. Else it ends what is left of it by itself. */
static inline bool crash__run_tree_is_alone(const struct crash__recording *recording)
{
	return recording->namespaces || recording->mounted;
}

/** Where the copy of a run goes that has a number: 0 is the recorded one. At most 9999. */
int crash__run_tree_place(const struct crash__recording *recording, unsigned int number, char out[PATH_MAX]);

/**
 * In the process that makes the runs, and has namespaces of its own if there are any: prepares for them.
 * @param number   another one for each such process; not 0
 * @param files    a directory of ours
 * @param original what the data directory is to show; NULL: the starting tree. Must live as long
 * @param cwd      where runs are to work, as it was for the recorded one
 */
int crash__run_tree_enter(struct crash__run_tree *tree, const struct crash__recording *recording,
			  unsigned int number, const char *files, const char *original, const char *cwd);

/** Shows the starting tree. */
int crash__run_tree_show(struct crash__run_tree *tree);

/** Takes it away. No process of the run is left. May be called where nothing is shown. */
int crash__run_tree_hide(struct crash__run_tree *tree);

/** Frees what it has; the copy stays, in the recording's own directory. */
void crash__run_tree_clear(struct crash__run_tree *tree);

#endif
