/* SPDX-License-Identifier: MIT */
/*
 * worker_channel.h - what goes to a worker, and what comes back from it.
 */
#ifndef CRASH_WORKER_CHANNEL_H
#define CRASH_WORKER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explore/states/tree_difference.h"

/** What goes to a worker, followed by the atoms, CRASH_POINT and CRASH_STATE. */
struct crash__check_request {
	uint64_t number;
	int64_t step;
	uint64_t acked; /* bytes */
	uint32_t reference, choice;
	uint32_t count;
	uint32_t point_bytes, state_bytes; /* with their NULs */
	uint32_t look;			   /* enum crash__look_kind */
	uint32_t timeout_ms;		   /* 0: the checker's own */
	uint32_t file;			   /* of the look */
	uint32_t model, unused;		   /* of the worker's */
};

#define CRASH__RESULT_ASKS 1u	   /* whether `recovered` was checked before: it is not the result yet */
#define CRASH__RESULT_RECOVERED 2u /* the verdict is of `recovered`, which was checked */
#define CRASH__RESULT_EQUAL 4u	   /* the verdict is the one that was the answer */

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
	struct crash__hash recovered; /* of the tree that recovery has left */
	uint32_t flags, pad;
};

/** What goes to a worker that asks. */
struct crash__recovered_answer {
	uint32_t known; /* the verdict follows */
	uint32_t kind;
	int32_t exit_code, signal;
};

/*
 * A worker is forked and never another build, so there is no version to change. But what is sent is sent
 * whole: no byte of it may be the compiler's padding, which nobody has set.
 */
_Static_assert(sizeof(struct crash__check_request) == 8 + 8 + 8 + 10 * 4 &&
		       offsetof(struct crash__check_request, reference) == 24,
	       "a request has padding");
_Static_assert(sizeof(struct crash__check_result) == 8 + 4 + 4 + 4 + 4 + 8 + 4 + 4 + 16 + 4 + 4 &&
		       offsetof(struct crash__check_result, checker_ns) == 24,
	       "a result has padding");

/** Reads or writes all of it; false at the end of the stream. */
bool crash__send_all(int fd, const void *bytes, size_t count);
bool crash__receive_all(int fd, void *bytes, size_t count);

#endif
