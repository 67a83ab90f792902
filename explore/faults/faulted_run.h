/* SPDX-License-Identifier: MIT */
/*
 * faulted_run.h - one run with a fault, and what came of it.
 *
 * Method. The program runs on the starting tree, recorded like the first time, with the rules of the fault.
 * The recording says which op failed. Where that is another one than the fault is of, because threads or time
 * have changed the order, the run is made again with rules that name the op by its function, its file and how
 * often it has been there. Afterwards the checker sees what is left, with all that was acknowledged. What
 * failed is run once more: a failure that does not come again is no finding.
 */
#ifndef CRASH_FAULTED_RUN_H
#define CRASH_FAULTED_RUN_H

#include <sys/types.h>

#include "explore/checkers/checker.h"
#include "explore/faults/fault_outcome.h"
#include "explore/faults/injection.h"
#include "explore/recording/recording.h"
#include "explore/recording/run_tree.h"

/**
 * Whether a run is incomplete for a reason that a fault may have led to: a server that gives up has ended,
 * and a program that does may leave what it has started.
 */
bool crash__fault_is_consequence(const char *reason);

/** What all runs share; everything is the caller's. */
struct crash__faulting {
	const struct crash__request *request; /* the program */
	const struct crash__recording *recording;
	const struct crash__checker *checker;
	const struct crash__exits *exits; /* with which the program has done its work */
	off_t input; /* where the recorded run began to read standard input; -1: it is no file */
	const char *cwd;
	uint64_t device; /* that the data directory is on */
};

/** Where runs are made, one after the other, in a child of ours. */
struct crash__fault_place {
	const struct crash__faulting *faulting;
	struct crash__run_tree tree;
	const char *files;		    /* a directory of ours for what the checker is to see */
	const char *run;		    /* and one for the run's own files, which outlives the child */
	struct crash__callsites *callsites; /* of the recording; NULL until they are needed */
};

/** Makes a run. @param injection NULL: without any fault */
int crash__faulted_run(struct crash__fault_place *place, const struct crash__injection *injection,
		       struct crash__fault_outcome *outcome);

#endif
