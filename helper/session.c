/* SPDX-License-Identifier: MIT */
/*
 * Method: an acknowledgement is the line
 *
 *     ack SEQ key=value key=value ...
 *
 * with nothing behind `=` for a deleted key, written after store_wait() says that the transaction is
 * durable. Keys and values of the workload have no spaces, `=` or newlines.
 */
#include "session.h"

#include "bugs.h"
#include "verify.h"
#include "workload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int open_and_check(struct session *session)
{
	int error = store_open(&session->store, session->path, &session->why);

	if (!error)
		error = verify_store(session->store, &session->why);
	if (!error && store_sequence(session->store) < session->acknowledged)
		error = reason_set(&session->why, -ENODATA,
				   "commit %" PRIu64 " was acknowledged in this run, and after a "
				   "recovery the store ends with commit %" PRIu64,
				   session->acknowledged, store_sequence(session->store));
	if (!error && session->compact)
		error = store_compact(session->store);
	return error;
}

int session_open(struct session *session)
{
	session->store = NULL;
	session->acknowledged = 0;
	session->why = (struct reason){{0}};
	pthread_mutex_init(&session->turn, NULL);
	return open_and_check(session);
}

void session_close(struct session *session)
{
	store_close(session->store);
	session->store = NULL;
	pthread_mutex_destroy(&session->turn);
}

int session_reopen(struct session *session, int (*damage)(const char *path))
{
	int error = 0;

	store_close(session->store);
	session->store = NULL;
	if (damage)
		error = damage(session->path);
	return error ? error : open_and_check(session);
}

int session_append(struct session *session, struct commit *commit)
{
	uint64_t next;
	int error;

	*commit = (struct commit){0};
	pthread_mutex_lock(&session->turn);
	next = store_sequence(session->store) + 1;
	workload_fill(&commit->batch, next, session->value_bytes);
	error = store_append(session->store, &commit->batch, &commit->sequence);
	pthread_mutex_unlock(&session->turn);
	if (error)
		batch_clear(&commit->batch);
	return error;
}

static void append_pairs(struct bytes *line, const struct batch *batch)
{
	const unsigned char *at = batch->bytes.data;
	const unsigned char *end = at + batch->bytes.size;
	struct batch_step step;

	while (batch_next(&at, end, &step) > 0) {
		bytes_append_text(line, " ");
		bytes_append(line, step.key, step.key_size);
		bytes_append_text(line, "=");
		bytes_append(line, step.value, step.value_size);
	}
	bytes_append_text(line, "\n");
}

static int acknowledge(struct session *session, const struct commit *commit)
{
	struct bytes line = {0};
	char head[32];
	int error;

	snprintf(head, sizeof(head), "ack %" PRIu64, commit->sequence);
	bytes_append_text(&line, head);
	append_pairs(&line, &commit->batch);
	error = line.failed ? -ENOMEM : session->acknowledge(line.data, line.size);
	bytes_clear(&line);
	if (error)
		return error;
	pthread_mutex_lock(&session->turn);
	if (commit->sequence > session->acknowledged)
		session->acknowledged = commit->sequence;
	pthread_mutex_unlock(&session->turn);
	return 0;
}

int session_finish(struct session *session, struct commit *commit)
{
	int error = 0;

	if (bug(BUG_WAL_ACK_BEFORE_SYNC))
		error = acknowledge(session, commit);
	if (!error)
		error = store_wait(session->store, commit->sequence);
	if (!error && !bug(BUG_WAL_ACK_BEFORE_SYNC))
		error = acknowledge(session, commit);
	batch_clear(&commit->batch);
	return error;
}

int session_commit(struct session *session, unsigned int count)
{
	struct commit commit;
	int error = 0;

	while (count-- > 0 && !error) {
		error = session_append(session, &commit);
		if (!error)
			error = session_finish(session, &commit);
	}
	return error;
}
