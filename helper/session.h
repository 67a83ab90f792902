/* SPDX-License-Identifier: MIT */
/*
 * session.h - one run over a store: it commits the workload and acknowledges the commits.
 *
 * All functions return 0, a negative errno, or one of verify.h with the session's reason set.
 */
#ifndef HELPER_SESSION_H
#define HELPER_SESSION_H

#include "batch.h"
#include "reason.h"
#include "store.h"

#include <pthread.h>
#include <stdint.h>

/** Acknowledges that a commit is durable: one line, with its newline. Thread-safe. */
typedef int session_acknowledge(const void *line, size_t size);

/** Filled in by its owner up to `acknowledge`; session_open() does the rest. */
struct session {
	const char *path;	  /* the store's directory */
	unsigned int commits;	  /* about as many, a scenario */
	unsigned int threads;	  /* that write at a time, where a scenario has several */
	unsigned int value_bytes; /* values have that many to twice as many */
	bool compact;		  /* a recovery makes the log short */
	session_acknowledge *acknowledge;

	struct store *store;
	uint64_t acknowledged; /* the highest number */
	pthread_mutex_t turn;  /* covers `acknowledged`, and from the choice of a number to the append */
	struct reason why;
};

/** A transaction that is appended and perhaps not durable. */
struct commit {
	struct batch batch;
	uint64_t sequence;
};

/** Opens the store and checks it. session_close() must follow, also after an error. */
int session_open(struct session *session);
void session_close(struct session *session);

/** Closes the store, as a process does that dies, lets `damage` at it, and opens it again. */
int session_reopen(struct session *session, int (*damage)(const char *path));

/** Appends the workload's next transaction. @param commit session_finish() must follow */
int session_append(struct session *session, struct commit *commit);

/** Waits until the transaction is durable, acknowledges it, and frees its content. */
int session_finish(struct session *session, struct commit *commit);

/** Appends and finishes `count` transactions, one after the other. */
int session_commit(struct session *session, unsigned int count);

#endif /* HELPER_SESSION_H */
