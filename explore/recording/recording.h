/* SPDX-License-Identifier: MIT */
/*
 * recording.h - the run that everything is derived from, in which its ops have been replayed.
 */
#ifndef CRASH_RECORDING_H
#define CRASH_RECORDING_H

#include "base/vector.h"
#include "explore/fs/fs.h"
#include "explore/recording/recorded_run.h"
#include "explore/recording/scratch_directory.h"
#include "trace/trace.h"

/** Exit statuses are less, with those of a program that a signal ended: 128 and its number. */
#define CRASH__EXITS 256

/** With which ones a program has done what it is meant to do. */
struct crash__exits {
	bool good[CRASH__EXITS];
};

/** What to do; everything is the caller's. */
struct crash__recording_options {
	const struct crash__request
		*request; /* the program; its trace gets the recording. NULL: trace_path */
	const char *trace_path;
	const char *directory; /* the data directory; NULL: the trace's */
	const char *start;     /* a directory of ours with the starting tree; NULL: that directory's */
	const char *setup;     /* for sh -c: prepares the data directory; or NULL */
	bool copy;	       /* work on copies, also where namespaces would do */
	bool passive;	       /* no state is going to be checked: nothing needs to be mounted */
	const char *without; /* a directory of ours that may be in the data directory, and does not count; or
				NULL */
	const struct crash__exits *exits; /* NULL: whether the run has tested anything is known already */
	uint64_t save_tree; /* the starting tree goes into the recording, if it has no more bytes; 0: no */
};

struct crash__recording {
	struct crash__recorded recorded;
	bool has_recorded;
	struct crash__trace trace;
	bool has_trace;
	struct crash__base *base;
	struct crash__fs fs;
	bool has_fs;
	char directory[PATH_MAX]; /* the data directory, where it really is */
	char root[PATH_MAX];	  /* as the trace names it */
	char top[PATH_MAX]; /* what is before it there, if it was recorded on a copy at another path; "" */
	bool directory_missing; /* it is where the trace was recorded, and not here */
	bool tree_saved;	/* all that a later exploration needs is in the trace */
	struct crash__guardian scratch;
	bool namespaces;   /* programs see overlays at the data directory's path; */
	bool mounted;	   /* else copies, mounted there; else copies at other paths */
	bool same_pids;	   /* states are about the pid namespace that we are in: pid_namespace.h */
	bool base_changed; /* while it was looked at: what states showed is not what the program left */
	bool copied;	   /* the starting tree is a copy: what is shown is an overlay over that */
	char why_no_namespaces[256];
	CRASH__VECTOR(char *, incomplete); /* why it may have missed something */
};

/**
 * Puts the starting tree at the end of the recording; `most` bytes of it. Sets tree_saved.
 * @param without as in struct crash__recording_options
 */
int crash__recording_save_tree(struct crash__recording *recording, int trace, const char *without,
			       uint64_t most);

/** Adds a sentence to recording->incomplete, if it is not there. */
int crash__recording_incomplete(struct crash__recording *recording, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void crash__recording_clear(struct crash__recording *recording);

#endif
