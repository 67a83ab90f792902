/* SPDX-License-Identifier: MIT */
#include "explore/states/durable.h"

#include "explore/states/in_flight.h"
#include "explore/states/persists_before.h"

#define PAGE 4096

void crash__durable_make(struct crash__atoms_builder *builder, crash__atom_id id, uint32_t step)
{
	bool good;

	builder->stack_count = 0;
	good = CRASH__ADD(builder, stack, id);
	while (good && builder->stack_count) {
		crash__atom_id now = builder->stack[--builder->stack_count], earlier;
		struct crash__atom *atom = &builder->atoms->list[now];

		if (atom->durable <= step || atom->abandoned)
			continue;
		atom->durable = step;
		CRASH__EACH_EDGE(builder->atoms, atom->predecessors, earlier)
			good = good && CRASH__ADD(builder, stack, earlier);
	}
	builder->no_memory |= !good;
}

static void remove_edges(struct crash__atoms *atoms, uint32_t *at, crash__atom_id atom)
{
	while (*at)
		if (atoms->edges[*at - 1].atom == atom)
			*at = atoms->edges[*at - 1].next;
		else
			at = &atoms->edges[*at - 1].next;
}

/* Stamps the predecessors of an atom, so that none becomes one twice. */
static bool stamp_predecessors(struct crash__atoms_builder *builder, crash__atom_id id)
{
	crash__atom_id earlier;

	while (builder->stamps_count < builder->atoms->list_count)
		if (!CRASH__ADD(builder, stamps, 0))
			return false;
	builder->stamp++;
	CRASH__EACH_EDGE(builder->atoms, builder->atoms->list[id].predecessors, earlier)
		builder->stamps[earlier] = builder->stamp;
	return true;
}

/*
 * An atom that will never be written holds nothing up. What persists before it still persists before what
 * came after it.
 */
static void release(struct crash__atoms_builder *builder, crash__atom_id id)
{
	struct crash__atoms *atoms = builder->atoms;
	uint32_t successors = atoms->list[id].successors;
	crash__atom_id earlier, later;

	CRASH__EACH_EDGE(atoms, successors, later) {
		if (!stamp_predecessors(builder, later)) {
			builder->no_memory = true;
			return;
		}
		CRASH__EACH_EDGE(atoms, atoms->list[id].predecessors, earlier)
			if (builder->stamps[earlier] != builder->stamp) {
				builder->stamps[earlier] = builder->stamp;
				crash__persists_before(builder, earlier, later);
			}
		remove_edges(atoms, &atoms->list[later].predecessors, id);
	}
	atoms->list[id].successors = 0;
}

/*
 * What a sync that failed leaves of an atom that it would have made durable. This is about pages: metadata is
 * committed later, by a sync that does not fail.
 */
static void fail_atom(struct crash__atoms_builder *builder, crash__atom_id id, uint32_t step)
{
	struct crash__atom *atom = &builder->atoms->list[id];

	if (builder->model->failed_fsync == CRASH__FAILED_DIRTY || atom->kind != CRASH__ATOM_DATA)
		return;
	release(builder, id);
	atom->abandoned = true;
	if (builder->model->failed_fsync == CRASH__FAILED_DROPPED)
		atom->dropped = step;
}

static void cover(struct crash__atoms_builder *builder, crash__atom_id id, const struct crash__step *sync,
		  uint32_t step)
{
	struct crash__atom *atom = &builder->atoms->list[id];

	if (atom->durable != CRASH__NEVER || atom->abandoned)
		return;
	if (atom->step != step && !crash__builder_ended_before(builder, atom->step, step))
		return;
	if (sync->sync_failed)
		fail_atom(builder, id, step);
	else
		crash__durable_make(builder, id, step);
}

/* Whether msync() of a part of a file writes an atom: data by whole pages, and the end of a file with its
 * data. */
static bool is_in_range(const struct crash__step *sync, const struct crash__atom *atom)
{
	uint64_t first = atom->offset, end = atom->offset + atom->bytes,
		 to = (sync->sync_to + PAGE - 1) / PAGE * PAGE;

	if (!sync->sync_to || !crash__atom_in(atom, CRASH__DATA | CRASH__GROWS))
		return true;
	if (atom->kind == CRASH__ATOM_SIZE) {
		end = atom->size;
		first = end - 1;
	}
	return first < to && end > sync->sync_from;
}

/* Whether a sync of a file speaks of an atom that belongs to it. */
static bool is_covered(const struct crash__atoms_builder *builder, const struct crash__step *sync,
		       const struct crash__atom *atom)
{
	if (!is_in_range(sync, atom))
		return false;
	if (sync->sync == CRASH__SYNC_DATA && atom->class == CRASH__CLASS_ATTRIBUTE)
		return builder->model->fdatasync_drops < CRASH__DROPS_ATTRIBUTES;
	return true;
}

/* Covers the atoms of a list, and takes those that are durable now off it. */
static void cover_list(struct crash__atoms_builder *builder, uint32_t *at, const struct crash__step *sync,
		       uint32_t step,
		       bool (*speaks_of)(const struct crash__atoms_builder *, const struct crash__step *,
					 const struct crash__atom *))
{
	while (*at && !builder->no_memory) {
		struct crash__edge *link = &builder->links[*at - 1];

		if (!speaks_of || speaks_of(builder, sync, &builder->atoms->list[link->atom]))
			cover(builder, link->atom, sync, step);
		if (builder->atoms->list[link->atom].durable == CRASH__NEVER) {
			at = &link->next;
			continue;
		}
		if (speaks_of == is_covered)
			crash__order_forget(builder, link->atom);
		*at = link->next;
	}
}

/*
 * The step up to which a sync of a file commits all metadata: the last one in which the file itself has part.
 * What came after it may be in a transaction of its own, which nobody waits for: the system commits whenever
 * it likes. fdatasync goes by the file's size and its creation alone.
 */
static uint32_t committed_step(const struct crash__atoms_builder *builder, const struct crash__step *sync)
{
	bool data_only = sync->sync == CRASH__SYNC_DATA;
	uint32_t own = crash__in_flight_last(builder, builder->in_flight.of[sync->node],
					     data_only ? CRASH__SIZES : CRASH__METADATA);
	uint32_t named = crash__in_flight_last(builder, builder->in_flight.names[sync->node],
					       data_only ? CRASH__CLASS(CREATE) : CRASH__METADATA);

	if (!builder->model->fsync_commits_metadata)
		return CRASH__NEVER;
	return named == CRASH__NEVER || (own != CRASH__NEVER && own > named) ? own : named;
}

static bool is_committed(const struct crash__atoms_builder *builder, const struct crash__step *sync,
			 const struct crash__atom *atom)
{
	(void)sync;
	return atom->step == builder->committed ||
	       crash__builder_ended_before(builder, atom->step, builder->committed);
}

/* Whether sync(2) speaks of an atom: one that is only written back may still be in the disk's own memory. */
static bool is_flushed(const struct crash__atoms_builder *builder, const struct crash__step *sync,
		       const struct crash__atom *atom)
{
	(void)sync;
	return builder->model->sync_overwrites || atom->class != CRASH__CLASS_OVERWRITE;
}

/* O_DSYNC is an fdatasync of what the step before has written, and commits what that commits. */
static void cover_step(struct crash__atoms_builder *builder, uint32_t written, uint32_t step)
{
	for (crash__atom_id id = builder->atoms->first[written]; id < builder->atoms->first[step]; id++)
		crash__durable_make(builder, id, step);
}

void crash__durable_sync(struct crash__atoms_builder *builder, const struct crash__step *sync, uint32_t step)
{
	const struct crash__model *model = builder->model;

	if (sync->sync == CRASH__SYNC_NONE)
		return;
	if (sync->sync == CRASH__SYNC_ALL) {
		cover_list(builder, &builder->in_flight.everything, sync, step, is_flushed);
		return;
	}
	builder->committed = committed_step(builder, sync);
	if (sync->sync_own)
		cover_step(builder, step - 1, step);
	else
		cover_list(builder, &builder->in_flight.of[sync->node], sync, step, is_covered);
	if (model->fsync_own_entry &&
	    !(sync->sync == CRASH__SYNC_DATA && model->fdatasync_drops >= CRASH__DROPS_ENTRY))
		/* and of the directories above it: a name that leads nowhere would be none */
		for (crash__node_id node = sync->node; node; node = builder->in_flight.parent[node])
			cover_list(builder, &builder->in_flight.names[node], sync, step, NULL);
	if (builder->committed != CRASH__NEVER)
		cover_list(builder, &builder->in_flight.metadata, sync, step, is_committed);
}
