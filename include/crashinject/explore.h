/* SPDX-License-Identifier: MIT */
/*
 * explore.h - every crash state of a program, or of a function of the caller, checked.
 *
 *	static int save_twice(const char *directory, const void *argument) { ... return 0; }
 *	static void look(struct crash_checked *state, const void *argument) { ... state->verdict = ...; }
 *
 *	struct crash_explore_opts opts = {.workload = save_twice, .check_state = look, .models = "ext4"};
 *	char *text = NULL;
 *
 *	if (!crash_is_safe(&opts, &text))
 *		errx(1, "%s", text);
 *
 * It is the command crashinject explore, with all that it can do. Link with -lcrashinject (pkg-config
 * crashinject). crash_explore(3) has the same in prose.
 */
#ifndef CRASHINJECT_EXPLORE_H
#define CRASHINJECT_EXPLORE_H

#include <crashinject/crashinject.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/**
 * Works in a data directory, in a process of its own: the caller's program is started again, and there this
 * is called in the place of main(). Nothing of the caller's memory is there but `argument`.
 * @return the exit status of that process: 0 is good
 */
typedef int crash_workload_function(const char *directory, const void *argument);

/**
 * Looks at one state, which is the working directory, and sets verdict and text, which begin with
 * CRASH_CONSISTENT and NULL. In another process likewise, which is asked about many states. A process that
 * ends instead, by abort() or exit(), has judged the state as a command that ends so.
 */
typedef void crash_check_function(struct crash_checked *state, const void *argument);

/** What to explore. A zeroed structure means all defaults; nothing of it is kept. */
struct crash_explore_opts {
	/** The workload: one of these two. A program is words as for execvp(), ending with NULL. */
	crash_workload_function *workload;
	const char *const *program;
	/** The check: one of these two at most; none: that of crashinject-explore(1) without --check. */
	crash_check_function *check_state;
	const char *check; /* for the shell */
	/** A copy of this is given to functions; at most CRASH_MOST_ARGUMENT bytes. NULL: they get NULL. */
	const void *argument;
	size_t argument_size;
	/** As for --model: "ext4,posix"; NULL: the command's choice. */
	const char *models;
	/** The data directory, which stays as it is; NULL: a new and empty one. */
	const char *dir;
	/** Further words before "--", as crashinject-explore(1) has them, ending with NULL; NULL: none. */
	const char *const *options;
	/** The crashinject command; NULL: $CRASHINJECT, else the installed one, else that in PATH. */
	const char *command;
	void *reserved[8];
};

enum { CRASH_MOST_ARGUMENT = 32768 };

/** A cause of failing states: keys of crashinject-explore(1). Unknown strings are NULL. */
struct crash_finding {
	char *id, *kind;
	char *sentence; /* what happened */
	char *repair;	/* which fsync removes it; NULL: none does, and there may be */
	char *advice;
	char *replay;  /* a command that makes the state again */
	char *output;  /* of the check */
	bool accepted; /* it is in the baseline, and does not count */
	void *reserved[4];
};

/** What came out. Everything belongs to the structure until crash_explored_clear(). */
struct crash_explored {
	/** No findings but accepted ones, and nothing may have been missed. */
	bool safe;
	/** Exit status of the command: 0, 1 (found) or 3 (incomplete). */
	int status;
	struct crash_finding *findings;
	size_t finding_count;
	/** Why something may have been missed: sentences, ending with NULL. Never NULL. */
	char **incomplete_reasons;
	/** How many states were checked. */
	uint64_t checked;
	double seconds;
	/** Result and recording, for crashinject report and replay; NULL: everything was good, nothing is
	 * kept. */
	char *directory;
	void *reserved[8];
};

/**
 * Runs the workload once and checks every state that a crash can leave.
 * @param opts what and how
 * @param out  filled in on success, untouched on failure; release with crash_explored_clear()
 * @return 0, or a negative enum crash_error: it could not be explored, or the check does not accept what the
 * workload leaves without any crash; crash_error_detail() then says more
 *
 * Findings are no error. May be called from several threads at once. Forks; does not touch signal handlers,
 * the environment or the working directory of the caller.
 */
int crash_explore(const struct crash_explore_opts *opts, struct crash_explored *out);

/** Frees what crash_explore() filled in; a directory that was kept stays. */
void crash_explored_clear(struct crash_explored *out);

/**
 * Says it for people: one line if everything was good, else findings, repairs, how to replay them, why
 * something may have been missed, and the directory.
 * @return a string to be freed with free(), or NULL when there is no memory
 */
char *crash_explored_describe(const struct crash_explored *out);

/**
 * Both in one, for assertions.
 * @param text what crash_explored_describe() says, or why it could not be explored; for free(). May be NULL,
 * and gets NULL when there is no memory
 * @return whether it is safe, and that is known
 */
bool crash_is_safe(const struct crash_explore_opts *opts, char **text);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* CRASHINJECT_EXPLORE_H */
