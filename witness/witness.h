/* SPDX-License-Identifier: MIT */
/*
 * witness.h - a finding on a real file system: does what a model allows happen there?
 *
 * Method. The ops up to the finding's point are done for real (redo.h) on a file system on a disk that notes
 * what it is asked to do (disk.h). In between, now and then, happens what a system does of its own accord at
 * any time: pages are written back, another program syncs its file, the file system commits. Then the power
 * is cut at places of the notes from the end of the last op on, so that all that the program had acknowledged
 * by then really was; the kernel mounts and recovers that disk, and the checker looks at it, at the data
 * directory's own path. It goes on with the next run of the ops, which happens otherwise.
 *
 * Nothing is believed that was not looked at first: all ops of the recording are done once, and if the
 * checker does not accept what that leaves, without any loss, it is said and nothing is cut.
 *
 * All of it is done in a process with mounts and processes of its own, which ends when we do, at whatever
 * moment that is.
 */
#ifndef CRASH_WITNESS_H
#define CRASH_WITNESS_H

#include "explore/checkers/checker.h"
#include "explore/findings/replay.h"
#include "witness/real_fs.h"

struct crash__witness;

struct crash__witness_options {
	const struct crash__replay *replay; /* the finding's state, opened */
	const char *state;		    /* its name */
	enum crash__verdict_kind kind; /* what the finding is; and what the checker said of it, or NULL */
	const char *output;
	const struct crash__real_kind *file_system;
	const char *mount_options; /* or NULL */
	const char *directory;	   /* the data directory, where the checker is to see it */
	const struct crash__checker *checker;
	uint64_t cuts;	   /* at most so many; */
	uint64_t ns;	   /* or for so long; 0: no matter */
	const char *image; /* where a disk that shows it is kept; or NULL */
	uint64_t seed;
	/** Called now and then with what has come of it so far; or NULL. */
	void (*progress)(void *context, const struct crash__witness *witness);
	void *context;
};

#define CRASH__WITNESS_OUTPUT 4096

/** What came of it. */
struct crash__witness {
	bool seen;	    /* the checker has failed, twice on the same disk; */
	bool alike;	    /* with a failure of the finding's kind; */
	bool same;	    /* and its first line was the finding's, but for numbers */
	uint64_t cut, cuts; /* which power cut it was, and of how many */
	uint64_t runs;	    /* how often the ops were done */
	uint64_t flaky;	    /* disks that failed, and passed when they were looked at again */
	uint64_t unmounted; /* disks with torn pages that the kernel did not mount */
	enum crash__verdict_kind kind;
	char output[CRASH__WITNESS_OUTPUT]; /* of the checker */
};

/** Looks for it. An error means that it could not be looked for. */
int crash__witness_find(const struct crash__witness_options *options, struct crash__witness *witness);

#endif
