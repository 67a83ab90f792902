/* SPDX-License-Identifier: MIT */
/*
 * job.h - one run of one program: everything the keeper needs to start it and to watch over it.
 *
 * Three processes take part:
 *
 *	runner ──fork──▶ keeper ──vfork, exec──▶ program ──▶ ... the tree
 *
 * The runner (crash_run(), the command) prepares the control block, captures output and reads the
 * result. The keeper is the tree's subreaper: it waits for every process, moves records from the rings
 * into the trace, kills the tree on a crash, a timeout or the runner's death, and removes the run's
 * directory. Keeper and runner share the control block and struct crash__report.
 */
#ifndef CRASH_JOB_H
#define CRASH_JOB_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/guardian.h"
#include "common/control.h"
#include "supervisor/filters/filter.h"

/** How the run ended, written by the keeper into memory that it shares with the runner. */
struct crash__report {
	_Atomic uint32_t state; /* 0 running, 1 the program could not be started, 2 ended */
	int32_t error;		/* errno of what failed in state 1 */
	int32_t status;		/* as wait(2) has it */
	uint32_t pid;
	bool timed_out;
	uint32_t left_behind;
	_Atomic uint32_t stopped;   /* a rule with :stop fired: this often */
	_Atomic uint32_t interrupt; /* set by the runner: end it now; ring the control block's bell */
	_Atomic uint32_t watched;   /* set by the runner: it will notice the keeper's end */
	uint64_t started, ended;    /* CLOCK_MONOTONIC, ns */
	int16_t trace_error;	    /* errno of why it could not be written; 0: it was */
	bool trace_full;
	_Atomic int listener; /* the seccomp filter's descriptor; -1 not yet, else -errno - 1 */
	struct crash__reason reasons[CRASH__REASONS]; /* why the run is incomplete, in the order they came */
};

/*
 * The keeper is forked and so of the same build: there is no version to change. Runner and keeper write at
 * the same time, so what the runner sets, the two in the middle, are words of their own.
 */
_Static_assert(offsetof(struct crash__report, stopped) == 24 &&
		       offsetof(struct crash__report, interrupt) == 28 &&
		       offsetof(struct crash__report, watched) == 32 &&
		       offsetof(struct crash__report, started) == 40 &&
		       offsetof(struct crash__report, listener) == 60 &&
		       offsetof(struct crash__report, reasons) == 64,
	       "runner and keeper share the report");

/** What a process is to execute. */
struct crash__start {
	const char *path; /* of the executable */
	char *const *argv, *const *envp;
	int in, out, err; /* its descriptors 0, 1 and 2 */
};

/** Of a program that is a server. */
struct crash__session {
	const char *ready;	/* for sh -c: succeeds as soon as the server is ready; NULL: it always is */
	const char *client;	/* for sh -c: the work */
	uint64_t ready_timeout; /* microseconds */
	int stop;		/* signal */
	char **envp;		/* of both */
};

struct crash__job {
	/* what to run */
	struct crash__start program;
	const char *cwd;		      /* NULL: stay */
	const struct crash__session *session; /* NULL: the program does its work by itself */
	/* how long */
	uint64_t timeout; /* microseconds; 0: for ever */
	uint64_t linger;
	/* where it is written down */
	int trace;			    /* descriptor, or -1 */
	uint64_t trace_most;		    /* bytes */
	uint64_t device;		    /* that the data directory is on; 0: as can be seen */
	const struct crash__filter *filter; /* to install; NULL: none */
	bool io_uring;			    /* let it pass */
	/* shared */
	struct crash__control *control;
	struct crash__report *report;
	char directory[256];		 /* of the control block; removed by the keeper */
	struct crash__guardian guardian; /* removes it should runner and keeper both be killed */
	/* of the runner */
	int control_fd;
	int channel;	      /* what CRASH_FD stands for; -1: there is none */
	size_t control_bytes; /* of its mapping */
	int wake;	      /* written by the keeper when the report changes */
	pid_t keeper;
	sigset_t mask;	       /* that the program starts with */
	bool ignores_children; /* it starts with SIGCHLD ignored */
};

#endif
