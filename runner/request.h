/* SPDX-License-Identifier: MIT */
/*
 * request.h - what is asked of a run.
 */
#ifndef CRASH_REQUEST_H
#define CRASH_REQUEST_H

#include <crashinject/crashinject.h>

#include "common/control.h"
#include "symbols/symbols.h"

#define CRASH__DEFAULT_LINGER_MS 1000
#define CRASH__DEFAULT_READY_MS 30000

/** The program is a server, and somebody else does the work. */
struct crash__server {
	const char *ready;  /* for sh -c: succeeds as soon as the server is ready; NULL: it always is */
	const char *client; /* for sh -c: the work; NULL: the program is no server */
	uint32_t ready_timeout_ms; /* 0: the default */
	int stop;		   /* the signal for the server when the client has ended; 0: SIGTERM */
};

/** What to run, and how to watch it. Zeroed means defaults, as for struct crash_opts. */
struct crash__request {
	struct crash_opts opts;
	const char *scenario; /* NULL or "": none */
	bool hides_scenario;  /* no CRASH_AT: with another environment shells allocate more */
	uint64_t seed;	      /* for its rules that leave it to chance and name none, if has_seed; else any */
	bool has_seed;
	uint32_t mode; /* enum crash__mode that is wanted besides what the scenario needs */
	struct crash__server server;
	int trace;	     /* where records go; -1: nowhere */
	uint64_t trace_most; /* bytes; 0: no limit */
	uint64_t device;     /* that the data directory is on, where an overlay hides it; 0: nothing does */
	const char *place;   /* of the run's own files: a directory that somebody removes; NULL: /dev/shm */
	int in, out, err;    /* descriptors for the program, or -1: as opts.flags say */
	bool drops_output;   /* it is read where it is captured, and not kept */
	struct crash__symbols *symbols; /* for rules that name functions, and names; NULL: of its own */
	bool names;			/* of the backtrace's frames; else crash__out_name() can name them */
	/* called while the program runs, from the calling thread; may be NULL */
	void (*tell)(void *context, char message, const struct crash__control *control, uint32_t pid);
	void *context;
	int every_ms; /* how often tell() is called without a message; 0: never */
};

#endif
