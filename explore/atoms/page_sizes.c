/* SPDX-License-Identifier: MIT */
#include "explore/atoms/page_sizes.h"

#include "explore/atoms/in_flight.h"
#include "explore/atoms/persists_before.h"

static struct crash__atom *new_reach(struct crash__atoms_builder *builder, uint32_t step, uint32_t index,
				     uint64_t size)
{
	struct crash__atom *atom =
		crash__builder_new_atom(builder, CRASH__ATOM_SIZE, CRASH__CLASS_REACH, step, index);

	if (atom)
		atom->size = size;
	return atom;
}

/* Whether one of the sizes that the file may have on the disk lies within a part of it. */
static bool may_end_in(struct crash__atoms_builder *builder, crash__node_id node, uint64_t from, uint64_t end)
{
	uint64_t shortest = crash__in_flight_shortest(builder, node);
	bool found = shortest > from && shortest < end;

	for (uint32_t at = builder->in_flight.of[node]; at && !found; at = builder->links[at - 1].next) {
		const struct crash__atom *atom = &builder->atoms->list[builder->links[at - 1].atom];

		found = atom->kind == CRASH__ATOM_SIZE && atom->size > from && atom->size < end;
	}
	return found;
}

/*
 * Whether a synchronous write gives the file its end by data up to there. ext4 decides that when it allocates
 * a block: in the one that the file ends in on the disk there is nothing to do.
 */
static bool shows_end(struct crash__atoms_builder *builder, uint32_t step, uint64_t at, uint64_t end,
		      uint64_t size)
{
	crash__node_id node = builder->fs->steps[step].node;

	return (crash__builder_event(builder, step)->flags & CRASH__OP_SYNC) &&
	       end > crash__in_flight_shortest(builder, node) &&
	       (builder->model->data_before_metadata == CRASH__DATA_FIRST ||
		!may_end_in(builder, node, at / CRASH__FS_BLOCK * CRASH__FS_BLOCK, size));
}

/*
 * Of a file whose end is not on the disk yet, any page may be written back alone, or before the others. It
 * makes the file as long as the page, and what lies in front of it is a hole. This is also how a size comes
 * back that went with data which could not be written.
 */
static void make_reach(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__effect *effect = &builder->fs->effects[index];
	uint64_t end = effect->offset + effect->bytes, shortest, size;

	if (effect->kind != CRASH__EFFECT_DATA ||
	    (builder->model->no_page_sizes && !builder->in_flight.size_lost[effect->node]))
		return;
	shortest = crash__in_flight_shortest(builder, effect->node);
	for (uint64_t at = effect->offset; at < end && at < effect->old_size && shortest != UINT64_MAX;
	     at = size) {
		struct crash__atom *atom;

		size = (at / CRASH__FS_BLOCK + 1) * CRASH__FS_BLOCK;
		if (size > effect->old_size && end > effect->old_size)
			return; /* where the write ends counts */
		if (size > effect->old_size)
			size = effect->old_size;
		if (size <= shortest)
			continue;
		atom = new_reach(builder, step, index, size);
		if (!atom)
			return;
		atom->behind_end = shows_end(builder, step, at, end < size ? end : size, size);
	}
}

/* A write behind the end zeroes the rest of the page that the file ended in, which is written back as any
 * other is. */
static void make_reach_of_end(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__effect *effect = &builder->fs->effects[index];
	uint64_t end = (effect->old_size + CRASH__FS_BLOCK - 1) / CRASH__FS_BLOCK * CRASH__FS_BLOCK;

	struct crash__atom *atom;

	if (builder->model->no_page_sizes || effect->kind != CRASH__EFFECT_DATA || end <= effect->old_size ||
	    effect->offset < end)
		return;
	atom = new_reach(builder, step, index, end);
	if (atom)
		atom->unsure = true;
}

/* The sizes that the file has when a page of some data has been written: where the page ends, or the file, or
 * where it ended. */
static void reach_page(struct crash__atoms_builder *builder, uint32_t index, crash__atom_id data,
		       uint64_t from, uint64_t *last)
{
	const struct crash__atom *atom = &builder->atoms->list[data];
	const struct crash__effect *effect = &builder->fs->effects[atom->effect];
	const struct crash__step *step = &builder->fs->steps[index];
	uint64_t end = atom->offset + atom->bytes;
	uint64_t size = ((end - 1) / CRASH__FS_BLOCK + 1) * CRASH__FS_BLOCK;
	uint32_t of = atom->effect;

	if (size > step->size)
		size = step->size;
	if (size <= from)
		return;
	if (end < size && end == effect->offset + effect->bytes && crash__atom_in(atom, CRASH__BEHIND_END))
		new_reach(builder, index, of, end);
	if (size != *last)
		new_reach(builder, index, of, size);
	*last = size;
}

/*
 * The same where a part of the file is written back alone that is not the beginning of what the disk has not:
 * by msync(), sync_file_range(), O_DSYNC, O_DIRECT, or because blocks are shared. Pages behind it are in
 * another piece then than those in front, and the pieces come in no order. A hole has no pages, however long
 * it is.
 */
static void make_written_back(struct crash__atoms_builder *builder, uint32_t index)
{
	const struct crash__step *step = &builder->fs->steps[index];
	uint64_t from = step->sync_from, last = 0;
	uint32_t since;

	if (!crash__in_flight_is_partial(builder, step))
		return;
	since = crash__in_flight_set_alone(builder, index, &from);
	for (uint32_t at = builder->in_flight.of[step->node]; at && !builder->no_memory;
	     at = builder->links[at - 1].next) {
		crash__atom_id id = builder->links[at - 1].atom;
		const struct crash__atom *data = &builder->atoms->list[id];

		if (data->step < since)
			break;
		if (!crash__atom_in(data, CRASH__DATA) || data->durable != CRASH__NEVER ||
		    data->class == CRASH__CLASS_LONE_APPEND)
			continue;
		crash__order_set_alone(builder, id);
		reach_page(builder, index, id, from, &last);
	}
}

/* Of a file whose end is not on the disk yet, ext4 sets it to where a range ends that becomes zeros
 * (ext4_update_disksize_before_punch()). */
static void make_end_of_zeros(struct crash__atoms_builder *builder, uint32_t index)
{
	const struct crash__step *step = &builder->fs->steps[index];
	uint64_t end = step->sync_to < step->size ? step->sync_to : step->size;
	uint64_t shortest = crash__in_flight_shortest(builder, step->node);

	if (step->sync == CRASH__SYNC_NONE && step->writes_back && step->effects &&
	    !builder->model->no_page_sizes && shortest != UINT64_MAX && end > shortest)
		new_reach(builder, index, step->first_effect, end);
}

void crash__page_sizes_of_write(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	make_reach(builder, step, index);
	make_reach_of_end(builder, step, index);
}

void crash__page_sizes_of_part(struct crash__atoms_builder *builder, uint32_t step)
{
	make_written_back(builder, step);
	make_end_of_zeros(builder, step);
}
