/* SPDX-License-Identifier: MIT */
/*
 * notified_op.h - one op that the kernel has stopped, from its number to the reply.
 */
#ifndef CRASH_NOTIFIED_OP_H
#define CRASH_NOTIFIED_OP_H

#include "common/decision.h"
#include "supervisor/reply.h"

/** Gives an op its numbers, and asks what is to become of it. */
struct crash__decision crash__notified_count(struct crash__notification *notification,
					     enum crash__nature nature);

/** A call that changes storage. */
struct crash__reply crash__notified_op(struct crash__notification *notification);

#define CRASH__REQUESTS 64

/** What rules say of the requests of one io_submit(). Starts zeroed. */
struct crash__requests {
	unsigned int count;
	bool acts;			 /* there is something to be done after the call */
	uint64_t after[CRASH__REQUESTS]; /* by request; the last has the rules of all others, too */
};

/**
 * A request of io_submit(): the process makes the call when all of them have been looked at. An error is
 * one of the whole call, and what is to happen after the request happens after the call.
 */
struct crash__reply crash__notified_op_request(struct crash__notification *notification,
					       struct crash__requests *requests);

/** When all have been looked at. */
struct crash__reply crash__notified_op_requested(struct crash__notification *notification,
						 const struct crash__requests *requests);

/** A store to a mapped file, found afterwards. Returns false when the tree is dead. */
bool crash__notified_op_store(struct crash__notification *store, const unsigned char *bytes);

/** The pass of an explicit point by a call that is not made. `result` is what the call returns. */
struct crash__reply crash__notified_point(struct crash__notification *notification,
					  struct crash__named_point *point, long result);

#endif
