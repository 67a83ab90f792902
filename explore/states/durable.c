/* SPDX-License-Identifier: MIT */
#include "explore/states/durable.h"

#include "explore/states/persists_before.h"

#define PAGE 4096

void crash__durable_make(struct crash__maker *maker, crash__atom_id id, uint32_t step)
{
	bool good;

	maker->stack_count = 0;
	good = CRASH__ADD(maker, stack, id);
	while (good && maker->stack_count) {
		crash__atom_id now = maker->stack[--maker->stack_count], earlier;
		struct crash__atom *atom = &maker->atoms->list[now];

		if (atom->durable <= step || atom->abandoned)
			continue;
		atom->durable = step;
		CRASH__EACH_EDGE(maker->atoms, atom->before, earlier)
			good = good && CRASH__ADD(maker, stack, earlier);
	}
	maker->no_memory |= !good;
}

static void remove_edge(struct crash__atoms *atoms, uint32_t *at, crash__atom_id atom)
{
	while (*at && atoms->edges[*at - 1].atom != atom)
		at = &atoms->edges[*at - 1].next;
	if (*at)
		*at = atoms->edges[*at - 1].next;
}

/* An atom that will never be written holds nothing up. What was in front of it still is in front of what was behind. */
static void release(struct crash__maker *maker, crash__atom_id id)
{
	struct crash__atoms *atoms = maker->atoms;
	uint32_t after = atoms->list[id].after;
	crash__atom_id earlier, later;

	CRASH__EACH_EDGE(atoms, after, later) {
		CRASH__EACH_EDGE(atoms, atoms->list[id].before, earlier)
			crash__order(maker, earlier, later);
		remove_edge(atoms, &atoms->list[later].before, id);
	}
	atoms->list[id].after = 0;
}

/*
 * What a sync that failed leaves of an atom that it would have made durable. This is about pages: metadata is
 * committed later, by a sync that does not fail.
 */
static void fail_atom(struct crash__maker *maker, crash__atom_id id, uint32_t step)
{
	struct crash__atom *atom = &maker->atoms->list[id];

	if (maker->model->failed_fsync == CRASH__FAILED_DIRTY || atom->kind != CRASH__ATOM_DATA)
		return;
	release(maker, id);
	atom->abandoned = true;
	if (maker->model->failed_fsync == CRASH__FAILED_DROPPED)
		atom->dropped = step;
}

static void cover(struct crash__maker *maker, crash__atom_id id, const struct crash__step *sync, uint32_t step)
{
	struct crash__atom *atom = &maker->atoms->list[id];

	if (atom->durable != CRASH__NEVER || atom->abandoned)
		return;
	if (atom->step != step && !crash__maker_ended_before(maker, atom->step, step))
		return;
	if (sync->sync_failed)
		fail_atom(maker, id, step);
	else
		crash__durable_make(maker, id, step);
}

/* Whether msync() of a part of a file writes an atom: data by whole pages, and the end of a file with its data. */
static bool is_in_range(const struct crash__step *sync, const struct crash__atom *atom)
{
	uint64_t first = atom->offset, end = atom->offset + atom->bytes, to = (sync->sync_to + PAGE - 1) / PAGE * PAGE;

	if (!sync->sync_to || (atom->kind != CRASH__ATOM_DATA && !atom->appends))
		return true;
	if (atom->kind == CRASH__ATOM_SIZE) {
		end = atom->size;
		first = end - 1;
	}
	return first < to && end > sync->sync_from;
}

/* Whether a sync of a file speaks of an atom that belongs to it. */
static bool is_covered(const struct crash__maker *maker, const struct crash__step *sync,
		       const struct crash__atom *atom)
{
	if (!is_in_range(sync, atom))
		return false;
	if (sync->sync == CRASH__SYNC_DATA && atom->kind == CRASH__ATOM_ATTRIBUTES && !atom->created)
		return maker->model->fdatasync_drops < CRASH__DROPS_ATTRIBUTES;
	return true;
}

/* Covers the atoms of a list, and takes those that are durable now off it. */
static void cover_list(struct crash__maker *maker, uint32_t *at, const struct crash__step *sync, uint32_t step,
		       bool (*speaks_of)(const struct crash__maker *, const struct crash__step *,
					 const struct crash__atom *))
{
	while (*at && !maker->no_memory) {
		struct crash__edge *link = &maker->links[*at - 1];

		if (!speaks_of || speaks_of(maker, sync, &maker->atoms->list[link->atom]))
			cover(maker, link->atom, sync, step);
		if (maker->atoms->list[link->atom].durable != CRASH__NEVER)
			*at = link->next;
		else
			at = &link->next;
	}
}

static bool is_size(const struct crash__maker *maker, const struct crash__atom *atom)
{
	(void)maker;
	return atom->kind == CRASH__ATOM_SIZE;
}

/* What is written in place may leave the inode as it is: times have a granularity. */
static bool is_metadata(const struct crash__maker *maker, const struct crash__atom *atom)
{
	(void)maker;
	return atom->kind != CRASH__ATOM_DATA;
}

static bool is_creation(const struct crash__maker *maker, const struct crash__atom *atom)
{
	return crash__maker_event(maker, atom->step)->family == CRASH__FAMILY_OPEN;
}

/* The last step of a list of which an atom is not durable, and of a kind that `want` accepts; CRASH__NEVER: none. */
static uint32_t last_pending(const struct crash__maker *maker, uint32_t head,
			     bool (*want)(const struct crash__maker *, const struct crash__atom *))
{
	for (uint32_t at = head; at; at = maker->links[at - 1].next) {
		const struct crash__atom *atom = &maker->atoms->list[maker->links[at - 1].atom];

		if (atom->durable == CRASH__NEVER && want(maker, atom))
			return atom->step;
	}
	return CRASH__NEVER;
}

/*
 * The step up to which a sync of a file commits all metadata: the last one in which the file itself has part. What
 * came after it may be in a transaction of its own, which nobody waits for: the system commits whenever it likes.
 * fdatasync goes by the file's size and its creation alone.
 */
static uint32_t committed_step(const struct crash__maker *maker, const struct crash__step *sync)
{
	bool data_only = sync->sync == CRASH__SYNC_DATA;
	uint32_t own = last_pending(maker, maker->pending[sync->node], data_only ? is_size : is_metadata);
	uint32_t named = last_pending(maker, maker->names[sync->node], data_only ? is_creation : is_metadata);

	if (!maker->model->fsync_commits_metadata)
		return CRASH__NEVER;
	return named == CRASH__NEVER || (own != CRASH__NEVER && own > named) ? own : named;
}

static bool is_committed(const struct crash__maker *maker, const struct crash__step *sync,
			 const struct crash__atom *atom)
{
	(void)sync;
	return atom->step == maker->committed || crash__maker_ended_before(maker, atom->step, maker->committed);
}

/* Whether sync(2) speaks of an atom: one that is only written back may still be in the disk's own memory. */
static bool is_flushed(const struct crash__maker *maker, const struct crash__step *sync, const struct crash__atom *atom)
{
	(void)sync;
	return maker->model->sync_overwrites || atom->kind != CRASH__ATOM_DATA || atom->appends;
}

/* O_DSYNC is an fdatasync of what the step before has written, and commits what that commits. */
static void cover_step(struct crash__maker *maker, uint32_t written, uint32_t step)
{
	for (crash__atom_id id = maker->atoms->first[written]; id < maker->atoms->first[step]; id++)
		crash__durable_make(maker, id, step);
}

void crash__durable_sync(struct crash__maker *maker, const struct crash__step *sync, uint32_t step)
{
	const struct crash__model *model = maker->model;

	if (sync->sync == CRASH__SYNC_NONE)
		return;
	if (sync->sync == CRASH__SYNC_ALL) {
		cover_list(maker, &maker->all, sync, step, is_flushed);
		return;
	}
	maker->committed = committed_step(maker, sync);
	if (sync->sync_own)
		cover_step(maker, step - 1, step);
	else
		cover_list(maker, &maker->pending[sync->node], sync, step, is_covered);
	if (model->fsync_own_entry &&
	    !(sync->sync == CRASH__SYNC_DATA && model->fdatasync_drops >= CRASH__DROPS_ENTRY))
		/* and of the directories above it: a name that leads nowhere would be none */
		for (crash__node_id node = sync->node; node; node = maker->home[node])
			cover_list(maker, &maker->names[node], sync, step, NULL);
	if (maker->committed != CRASH__NEVER)
		cover_list(maker, &maker->metadata, sync, step, is_committed);
}
