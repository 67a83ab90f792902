/* SPDX-License-Identifier: MIT */
/*
 * Method: a scenario is a row of commits with the store's other work in between, and each leaves
 * something to lose where its part of the store is at risk:
 *
 *     wal         single commits, and groups of two with one sync
 *     snapshot    publications while a commit is appended and not yet durable
 *     checkpoint  checkpoints with and without frames that stay in the log, commits after them
 *     recovery    closes the store, damages it as a crash does, opens it, goes on
 *     concurrent  see crew.c
 *
 * All work on whatever store they find.
 */
#include "scenario.h"

#include "crew.h"
#include "damage.h"
#include "nearest.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

/* Two transactions, one sync. */
static int commit_pair(struct session *session)
{
	struct commit first, second;
	int error = session_append(session, &first);

	if (error)
		return error;
	error = session_append(session, &second);
	if (error) {
		batch_clear(&first.batch);
		return error;
	}
	error = session_finish(session, &first);
	if (error) {
		batch_clear(&second.batch);
		return error;
	}
	return session_finish(session, &second);
}

static int run_wal(struct session *session)
{
	unsigned int done;
	int error = 0;

	for (done = 0; done < session->commits && !error; done += 4) {
		error = session_commit(session, 2);
		if (!error)
			error = commit_pair(session);
	}
	return error;
}

/* A transaction that `act` finds appended and not durable. */
static int commit_around(struct session *session, int (*act)(struct session *session))
{
	struct commit commit;
	int error = session_append(session, &commit);

	if (error)
		return error;
	error = act(session);
	if (error) {
		batch_clear(&commit.batch);
		return error;
	}
	return session_finish(session, &commit);
}

static int publish(struct session *session)
{
	return store_snapshot(session->store);
}

static int run_snapshot(struct session *session)
{
	unsigned int done;
	int error = 0;

	for (done = 0; done < session->commits && !error; done += 3) {
		error = session_commit(session, 2);
		if (!error)
			error = commit_around(session, publish);
	}
	return error;
}

/* Four commits. `between` of them come between the checkpoint's halves and stay in the log. */
static int checkpoint_block(struct session *session, unsigned int between)
{
	int error = session_commit(session, 3 - between);

	if (!error)
		error = store_checkpoint_begin(session->store);
	if (!error)
		error = session_commit(session, between);
	if (!error)
		error = store_checkpoint_finish(session->store);
	return error ? error : session_commit(session, 1);
}

static int run_checkpoint(struct session *session)
{
	unsigned int done;
	int error = 0;

	for (done = 0; done < session->commits && !error; done += 4)
		error = checkpoint_block(session, done % 8 == 4 ? 0 : 1);
	return error;
}

/* A log that begins after the backup, a newer snapshot, and still newer commits. */
static int prepare_backup(struct session *session, unsigned int commits)
{
	int error = session_commit(session, commits);

	if (!error)
		error = store_checkpoint(session->store);
	if (!error)
		error = session_commit(session, commits);
	if (!error)
		error = store_snapshot(session->store);
	return error ? error : session_commit(session, commits);
}

/* A process died after an append. What the next one finds, it may acknowledge. */
static int die(struct session *session)
{
	return session_reopen(session, NULL);
}

static int run_recovery(struct session *session)
{
	unsigned int some = (session->commits + 5) / 6;
	int error = prepare_backup(session, some);

	if (!error)
		error = session_reopen(session, damage_snapshot);
	if (!error)
		error = session_commit(session, some);
	/* The backup that was promoted makes room for the next one. */
	if (!error)
		error = store_snapshot(session->store);
	if (!error)
		error = commit_around(session, die);
	if (!error)
		error = session_reopen(session, damage_log_name);
	if (!error)
		error = session_commit(session, some);
	if (!error)
		error = session_reopen(session, damage_log_tail);
	return error ? error : session_commit(session, some);
}

static int run_all(struct session *session)
{
	const struct scenario *scenario;
	int error = 0;

	for (scenario = scenarios; scenario->run != run_all && !error; scenario++)
		error = scenario->run(session);
	return error;
}

const struct scenario scenarios[] = {
	{"wal", "Commits alone and in groups, with the log only.", run_wal},
	{"snapshot", "Publishes snapshots between commits and keeps the whole log.", run_snapshot},
	{"checkpoint", "Publishes snapshots and drops what they cover from the log.", run_checkpoint},
	{"recovery", "Opens a store with a lost snapshot, a lost rename and a torn log.", run_recovery},
	{"concurrent", "Commits from several threads, one of which makes a checkpoint.", crew_run},
	{"all", "All of the above, one after the other in one store.", run_all},
	{NULL, NULL, NULL},
};

/* Bits of scenario_point.scenarios, in the order of the table above; "all" needs none. */
enum { W = 1, S = 2, C = 4, R = 8, T = 16 };

const struct scenario_point scenario_points[] = {
	{"wal.create.pre-dirfsync", "the new log has a name that is not durable", W | S | C | R | T},
	{"wal.mid-frame", "a frame's header is written and its payload is not", W | S | C | R | T},
	{"wal.append.frame-emitted", "a frame is written and not synced", W | S | C | R | T},
	{"wal.sync.pre-datasync", "before the sync that makes a group durable", W | S | C | R | T},
	{"wal.sync.post-datasync-pre-ack", "a group is durable and nobody knows", W | S | C | R | T},
	{"wal.sync.shared-pre-ack", "a commit is durable by a sync of others", W | S | C | R | T},
	{"snapshot.mid-write", "the new snapshot's header is written and its body is not", S | C | R | T},
	{"snapshot.tmp-written-pre-sync", "the new snapshot is written and not synced", S | C | R | T},
	{"snapshot.backup-removed-pre-link", "there is no backup", S | C | R},
	{"snapshot.backup-linked-pre-dirfsync", "the backup's name is not durable", S | C | R},
	{"snapshot.tmp-written-pre-rename", "the new snapshot is durable and not in place", S | C | R | T},
	{"snapshot.post-rename-pre-dirfsync", "the new snapshot's name is not durable", S | C | R | T},
	{"checkpoint.snapshot-published-pre-truncate", "the log has all that the snapshot has", C | R | T},
	{"checkpoint.truncprefix.tmp-written-pre-sync", "the short log is written and not synced", C | R | T},
	{"checkpoint.truncprefix.tmp-written-pre-rename", "the short log is durable and not in place",
	 C | R | T},
	{"checkpoint.truncprefix.post-rename-pre-dirfsync", "the short log's name is not durable", C | R | T},
	{"recovery.leftovers-removed", "temporary files of a dead process are removed", R},
	{"recovery.promote-linked-pre-rename", "the backup has a second, temporary name", R},
	{"recovery.promote-post-rename-pre-fsync", "the backup's new name is not durable", R},
	{"recovery.torn-tail-pre-truncate", "a torn tail was found in the log", R},
	{"recovery.torn-tail-post-truncate-pre-sync", "the cut of the tail is not durable", R},
	{"recovery.log-replayed-pre-sync", "frames were found that may not be durable", R},
	{"recovery.names-found-pre-dirfsync", "files were found whose names may not be durable", R},
	{NULL, NULL, 0},
};

bool scenario_passes(const struct scenario *scenario, const struct scenario_point *point)
{
	return scenario->run == run_all || point->scenarios >> (scenario - scenarios) & 1;
}

const struct scenario *scenario_find(const char *name)
{
	const struct scenario *scenario;

	for (scenario = scenarios; scenario->name; scenario++)
		if (strcmp(scenario->name, name) == 0)
			return scenario;
	return NULL;
}

static const struct scenario *home(const struct scenario_point *point)
{
	const struct scenario *scenario = scenarios;

	while (!scenario_passes(scenario, point))
		scenario++;
	return scenario;
}

const struct scenario *scenario_of_point(const char *pattern)
{
	const struct scenario *found = NULL;
	const struct scenario_point *point;

	for (point = scenario_points; point->name; point++) {
		if (fnmatch(pattern, point->name, 0) != 0)
			continue;
		if (found && found != home(point))
			return scenario_find("all");
		found = home(point);
	}
	return found;
}

const struct scenario *scenario_of_spec(const char *spec, char *point, size_t size)
{
	size_t length = 0;

	for (; spec && *spec && !strchr("#@:,", *spec) && length + 1 < size; spec++) {
		if (*spec == '\\' && spec[1])
			spec++;
		point[length++] = *spec;
	}
	point[length] = '\0';
	/* Names of calls have no dot. */
	return strchr(point, '.') ? scenario_of_point(point) : scenario_find("all");
}

const char *scenario_nearest(const char *mistyped)
{
	const struct scenario *scenario;
	const struct scenario_point *point;
	struct nearest nearest = {0};

	for (scenario = scenarios; scenario->name; scenario++)
		nearest_try(&nearest, mistyped, scenario->name);
	for (point = scenario_points; point->name; point++)
		nearest_try(&nearest, mistyped, point->name);
	return nearest.name;
}
