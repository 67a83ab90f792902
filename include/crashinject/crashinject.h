/* SPDX-License-Identifier: MIT */
/*
 * crashinject.h - run a program, crash it at a named point, read how it ended.
 *
 *	struct crash_opts opts = {.program = "./wal-tool", .dir = directory};
 *	struct crash_out out;
 *	int error = crash_run("wal.mid-frame", &opts, &out);
 *
 *	if (error < 0)
 *		errx(1, "%s: %s", crash_strerror(error), crash_error_detail());
 *	assert(out.killed);
 *	... look at what is left in out.dir ...
 *	crash_out_clear(&out);
 *
 * The program's own failure is not an error: it is what `out` is for. Link with -lcrashinject
 * (pkg-config crashinject). crash_run(3) has the same in prose.
 */
#ifndef CRASHINJECT_CRASHINJECT_H
#define CRASHINJECT_CRASHINJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is declared here is exported, however the library is compiled. */
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/** timeout_ms: wait for ever. */
#define CRASH_NO_TIMEOUT UINT32_MAX

/** What crash_opts.flags may hold. */
enum crash_flags {
	CRASH_KEEP_DIR = 1,	  /* crash_out_clear() leaves a directory that crash_run() made */
	CRASH_INHERIT_STDIN = 2,  /* the program reads the caller's stdin; default: /dev/null */
	CRASH_INHERIT_STDOUT = 4, /* ... writes to the caller's stdout; default: captured */
	CRASH_INHERIT_STDERR = 8,
	CRASH_NO_SUPERVISOR = 16,  /* do without a seccomp filter; see crashinject(1), INCOMPLETE RUNS */
	CRASH_ALLOW_IO_URING = 32, /* do not hide io_uring from the program; the run is incomplete then */
};

/** How to run. A zeroed structure means all defaults. Nothing is kept after crash_run() returns. */
struct crash_opts {
	/** Where the program puts its artefacts (CRASH_DIR); NULL: a fresh temporary directory. */
	const char *dir;
	/** Milliseconds until the whole tree is killed; 0: 30000. */
	uint32_t timeout_ms;
	/** Milliseconds that processes may outlive the program itself before they are ended; 0: 1000. */
	uint32_t linger_ms;
	/** A path or a name to look up in PATH; NULL: crashinject-helper. */
	const char *program;
	/** Its arguments behind argv[0], ending with NULL; NULL: none. */
	const char *const *args;
	/** Extra KEY=VALUE strings, ending with NULL; they come after ours and win. */
	const char *const *env;
	/** Only files below this directory count as storage; NULL: all. */
	const char *root;
	/** The program's working directory; NULL: the caller's. */
	const char *cwd;
	/** The preload module; NULL: $CRASHINJECT_PRELOAD, or the installed one. */
	const char *preload;
	/** enum crash_flags. */
	uint32_t flags;
	uint32_t reserved_number;
	void *reserved[8];
};

/** One frame of a backtrace, innermost first. Unknown strings are NULL, an unknown line is 0. */
struct crash_frame {
	char *function; /* in C++ with its parameters, where that can be found out */
	char *symbol;	/* what the linker calls it, where that is another name; else NULL */
	char *file;
	unsigned int line;
	char *object;	  /* program or library */
	uint64_t address; /* in the object's file */
};

/** How a run ended. Everything belongs to the structure until crash_out_clear(). */
struct crash_out {
	/** What the program wrote, with a NUL behind it that does not count. Never NULL. */
	char *stdout_data, *stderr_data;
	size_t stdout_len, stderr_len;
	/** The program's exit status, or -1 if a signal ended it. */
	int exit_code;
	/** The signal that ended it, or 0. */
	int signal;
	/** A rule of the scenario ended it. Never true for a timeout or somebody else's SIGKILL. */
	bool killed;
	bool timed_out;
	/** Whether every op can have been seen; else incomplete_reasons says why not. */
	bool complete;
	/** Sentences, ending with NULL. */
	char **incomplete_reasons;
	/** CRASH_DIR of the run. */
	char *dir;
	/** The point that fired, as write#17 or wal.mid-frame#1; NULL: none. With it: */
	char *point;
	char *call_point;      /* by the call's own name, as pwrite64#9; NULL for an explicit point */
	char *rule;	       /* the rule of the scenario */
	char *call;	       /* NULL for an explicit point */
	char *file, *to;       /* what the call was about; the source file of an explicit point */
	int64_t offset, bytes; /* of the call; -1: has none */
	int64_t written;       /* bytes that a write put into the file before the crash; -1: no write */
	uint32_t pid;
	struct crash_frame *backtrace;
	size_t frames;
	bool backtrace_complete; /* up to the outermost frame */
	/** Rules of the scenario that never fired, ending with NULL. */
	char **unreached;
	/** How often which points were passed, as "9 write, 2 fsync, 3 wal.mid-frame"; never NULL. */
	char *passed;
	/** Lines of rules with :log, ending with NULL. */
	char **log;
	/** How many processes were still there when the program had ended and had to be ended. */
	unsigned int left_behind;
	double seconds;
	/** Where rules left it to chance (#p1%): the scenario by which the same happens again; else NULL. */
	char *again;
	void *reserved[7];
};

/**
 * Runs a program and crashes it where the scenario says.
 * @param scenario rules as in CRASH_AT, see crashinject-rules(7); NULL or "": run it to its end
 * @param opts     how; NULL: all defaults
 * @param out      filled in on success, untouched on failure; release with crash_out_clear()
 * @return 0, or a negative enum crash_error; crash_error_detail() then says more
 *
 * When it returns, no process of the run is left, nor any file but those in out->dir. If the caller is
 * killed meanwhile, the same happens without it. May be called from several threads at once. Forks; does
 * not touch signal handlers, the environment or the working directory of the caller.
 */
int crash_run(const char *scenario, const struct crash_opts *opts, struct crash_out *out);

/** Frees what crash_run() filled in, and removes a directory it made (CRASH_KEEP_DIR: does not). */
void crash_out_clear(struct crash_out *out);

/**
 * Says in several lines how a run ended: the point or the exit, the backtrace, the output.
 * @return a string to be freed with free(), or NULL when there is no memory
 */
char *crash_out_describe(const struct crash_out *out);

/** What a checker says of a state. */
enum crash_verdict {
	CRASH_CONSISTENT = 0,
	CRASH_INCONSISTENT = 1,
	CRASH_LOST = 2, /* it is consistent, but something that was acknowledged is gone */
};

/** One state that a checker server is asked about. Zeroed before the first one. */
struct crash_checked {
	/** The state's name, and the point at which the crash was. */
	const char *state, *point;
	/** The data directory, which is the working directory until the next call. */
	const char *dir;
	/** A file with all that was acknowledged by then, and a directory with a file for each stream of it.
	 */
	const char *acked, *acked_dir;
	/** The caller's answer; a new state begins with CRASH_CONSISTENT and NULL. */
	enum crash_verdict verdict;
	/** Why, for people; NULL: nothing to say. It has to be valid until the next call. */
	const char *text;
	void *reserved[4];
};

/**
 * In a checker server (crashinject explore --check-server): answers for the state before, if there was one,
 *and waits for the next one.
 *
 *	struct crash_checked check = {0};
 *
 *	while (crash_checker_next(&check) > 0)
 *		if (!verify(check.dir))
 *			check.verdict = CRASH_INCONSISTENT;
 *
 * @param check its strings belong to the library until the next call
 * @return 1: there is a state; 0: there is none any more; negative enum crash_error: what was read is no
 *question
 *
 * From the first call on standard input is empty and what is written to standard output goes to standard
 *error, so nothing else gets into the answers. When it answers, the caller must have closed all files of the
 *state: a server that has not is started anew for the next one. Not for several threads at once.
 */
int crash_checker_next(struct crash_checked *check);

/** Errors of this library, negative. */
enum crash_error {
#define CRASH_ERROR(NAME, value, message) CRASH_##NAME = -value,
#include <crashinject/errors.def>
#undef CRASH_ERROR
};

/** The sentence for an error; static. */
const char *crash_strerror(int error);

/** What exactly was wrong in the calling thread's last call that failed; valid until its next call. */
const char *crash_error_detail(void);

/** The library's version, as "0.1.0"; static. */
const char *crash_version(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* CRASHINJECT_CRASHINJECT_H */
