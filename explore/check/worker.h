/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a process that builds states and has them checked, one after the other.
 *
 * Method. A worker is forked when the model and its atoms are known and shares them with its parent. It keeps
 * two trees, one that has everything which was done up to some step and one that has only what is durable,
 * and moves them forward step by step. A state is a few atoms away from one of them: the difference is
 * written into that tree, an overlay is mounted above it at the data directory's own path, the checker runs,
 * the overlay goes, and the difference is taken back.
 *
 * A worker lives in namespaces of its own, as the first process there. Whatever it mounted and whatever the
 * checker started ends with it, and it ends when its parent does. A recording that names the pid namespace in
 * which it was made is checked in the same one, and there the worker ends what the checker has left.
 */
#ifndef CRASH_WORKER_H
#define CRASH_WORKER_H

#include <stddef.h>

#include "explore/checkers/checker.h"
#include "explore/states/state_name.h"

/** What all workers of one model share. */
struct crash__worker_config {
	const struct crash__fs *fs;
	const struct crash__atoms *atoms;
	const struct crash__checker *checker;
	const char *directory;		     /* the data directory */
	const char *scratch;		     /* a directory of ours for files that the checker is to see */
	bool namespaces, mounted, same_pids; /* as in struct crash__recording */
};

/** What goes to a worker, followed by the atoms, CRASH_POINT and CRASH_STATE. */
struct crash__check_request {
	uint64_t number;
	int64_t step;
	uint64_t acked; /* bytes */
	uint32_t reference, choice;
	uint32_t count;
	uint32_t point_bytes, state_bytes; /* with their NULs */
	uint32_t pad;
};

/** What comes back, followed by output or, where `error` is set, by its detail. */
struct crash__check_result {
	uint64_t number;
	int32_t error; /* the state could not be built */
	uint32_t kind; /* enum crash__verdict_kind */
	int32_t exit_code, signal;
	uint64_t checker_ns;
	uint32_t output_bytes;
	uint32_t remembers; /* a checker server that had seen other states said something else than a fresh
			       one */
};

/*
 * A worker is forked and never another build, so there is no version to change. But what is sent is sent
 * whole: no byte of it may be the compiler's padding, which nobody has set.
 */
_Static_assert(sizeof(struct crash__check_request) == 8 + 8 + 8 + 6 * 4 &&
		       offsetof(struct crash__check_request, reference) == 24,
	       "a request has padding");
_Static_assert(sizeof(struct crash__check_result) == 8 + 4 + 4 + 4 + 4 + 8 + 4 + 4 &&
		       offsetof(struct crash__check_result, checker_ns) == 24,
	       "a result has padding");

/**
 * Starts one.
 * @param number of the worker, for names
 * @param channel gets our end of its socket
 * @return its process id, or a negative error
 */
pid_t crash__worker_start(const struct crash__worker_config *config, unsigned int number, int *channel);

/** Reads or writes all of it; false at the end of the stream. */
bool crash__send_all(int fd, const void *bytes, size_t count);
bool crash__receive_all(int fd, void *bytes, size_t count);

#endif
