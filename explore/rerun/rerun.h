/* SPDX-License-Identifier: MIT */
/*
 * rerun.h - each point by a real SIGKILL in a real run.
 *
 * Method. For every op of the recording the program runs again, on a fresh overlay, and is killed right after
 * the op of that number; the checker sees what is left there. It is killed before the op as well where that
 * is another crash: before the first one, and where something was acknowledged since the op before. That
 * takes as many runs as there are ops, or some more, and threads may do things in another order every time:
 * it confirms what was found, and it covers what cannot be recorded. A run that never comes to the op, or
 * whose op of that number is another one, has diverged from the recording, and says so.
 */
#ifndef CRASH_RERUN_H
#define CRASH_RERUN_H

#include <stdatomic.h>
#include <sys/types.h>

#include "explore/checkers/checker.h"
#include "explore/check/engine.h"
#include "explore/recording/recording.h"

struct crash__rerun_options {
	const struct crash__request *request; /* the program */
	const struct crash__recording *recording;
	const struct crash__checker *checker;
	off_t input; /* where the recorded run began to read standard input; -1: it is no file */
	unsigned int jobs;
	_Atomic bool *stop;
	void (*progress)(void *context, const struct crash__progress *progress);
	void *context;
};

/** What came of one point. */
struct crash__rerun_point {
	uint32_t step;
	char name[80];		       /* of the rule: write#17:after, or write#17 */
	bool before;		       /* the op */
	enum crash__verdict_kind kind; /* NONE: not done */
	bool diverged;
	char *output; /* of a failure, or why it diverged */
};

struct crash__rerun {
	CRASH__VECTOR(struct crash__rerun_point, points);
	uint64_t checked, failed, diverged, ns;
	bool stopped;
};

int crash__rerun(const struct crash__rerun_options *options, struct crash__rerun *rerun);
void crash__rerun_clear(struct crash__rerun *rerun);

#endif
