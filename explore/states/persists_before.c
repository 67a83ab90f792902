/* SPDX-License-Identifier: MIT */
#include "explore/states/persists_before.h"

#include <assert.h>

/* ------------------------------------------------------------------ edges */

static void push_edge(struct crash__atoms_builder *builder, uint32_t *head, crash__atom_id atom)
{
	if (CRASH__ADD(builder->atoms, edges, (struct crash__edge){.atom = atom, .next = *head}))
		*head = (uint32_t)builder->atoms->edges_count;
	else
		builder->no_memory = true;
}

void crash__persists_before(struct crash__atoms_builder *builder, crash__atom_id first, crash__atom_id second)
{
	assert(first < builder->atoms->list_count && second < builder->atoms->list_count);
	if (first == second || builder->atoms->list[first].abandoned)
		return;
	push_edge(builder, &builder->atoms->list[second].predecessors, first);
	push_edge(builder, &builder->atoms->list[first].successors, second);
}

/* ------------------------------------------------------------------ classes of ordered ops */

static void ordered_add(struct crash__atoms_builder *builder, struct crash__ordered *ordered, uint32_t step)
{
	uint64_t end = crash__builder_event(builder, step)->end;

	if (ordered->steps_count && ordered->steps[ordered->steps_count - 1] == step)
		return;
	if (ordered->ends_count && ordered->ends[ordered->ends_count - 1] > end)
		end = ordered->ends[ordered->ends_count - 1];
	if (!CRASH__ADD(ordered, steps, step) || !CRASH__ADD(ordered, ends, end))
		builder->no_memory = true;
}

/* Puts everything of the class that `want` accepts, and that ended before, in front of an atom. */
static void order_after_class(struct crash__atoms_builder *builder, const struct crash__ordered *ordered,
			      crash__atom_id atom,
			      bool (*want)(const struct crash__atoms_builder *, const struct crash__atom *,
					   const struct crash__atom *))
{
	uint32_t step = builder->atoms->list[atom].step;

	for (size_t i = ordered->steps_count; i-- > 0;) {
		uint32_t earlier = ordered->steps[i];
		bool linked = false;

		if (earlier == step || !crash__builder_ended_before(builder, earlier, step))
			continue;
		for (crash__atom_id id = builder->atoms->first[earlier];
		     id < builder->atoms->list_count && builder->atoms->list[id].step == earlier; id++)
			if (!builder->atoms->list[id].abandoned &&
			    want(builder, &builder->atoms->list[id], &builder->atoms->list[atom])) {
				crash__persists_before(builder, id, atom);
				linked = true;
			}
		/* everything before it had ended when it began: it stands for all of them */
		if (linked &&
		    (i == 0 || ordered->ends[i - 1] < crash__builder_event(builder, earlier)->start))
			return;
	}
}

static bool is_entry(const struct crash__atoms_builder *builder, const struct crash__atom *a,
		     const struct crash__atom *b)
{
	(void)builder;
	(void)b;
	return crash__atom_in(a, CRASH__ENTRIES);
}

static bool is_move(const struct crash__atoms_builder *builder, const struct crash__atom *a,
		    const struct crash__atom *b)
{
	(void)builder;
	(void)b;
	return a->class == CRASH__CLASS_MOVE;
}

/* Data for blocks that the file has already. It waits for nothing, unless overwrites are ordered. */
static bool has_place(const struct crash__atom *atom)
{
	return crash__atom_in(atom, CRASH__IN_PLACE);
}

/* Data for which nothing waits as it does for what is appended: a file system that looks after new blocks
 * only. */
static bool is_in_place(const struct crash__atoms_builder *builder, const struct crash__atom *atom)
{
	bool new_only = builder->model->data_before_metadata == CRASH__DATA_IN_NEW_BLOCKS;

	return atom->class == CRASH__CLASS_OVERWRITE || (new_only && atom->class == CRASH__CLASS_FILL);
}

static bool is_append(const struct crash__atoms_builder *builder, const struct crash__atom *a,
		      const struct crash__atom *b)
{
	(void)b;
	return crash__atom_in(a, CRASH__BEHIND_END) && !is_in_place(builder, a);
}

/*
 * What moves the end of a file, or lies behind it; data only where it goes with the size. Data for a block
 * that the file has waits for nothing but the truncation that took that block's predecessor away; and
 * ftruncate and fallocate say the size themselves, whether what was appended before has been written or not.
 */
static bool is_end(const struct crash__atoms_builder *builder, const struct crash__atom *a,
		   const struct crash__atom *b)
{
	bool with_data = builder->model->data_before_metadata != CRASH__DATA_FREE;

	/* a synchronous write writes its own pages back, and may leave a hole where earlier ones are still to
	   be allocated */
	if (crash__atom_in(b, CRASH__CUTS | CRASH__CLASS(SYNC_GROW)))
		return crash__atom_in(a, CRASH__CUTS);
	if (crash__atom_in(b, CRASH__IN_PLACE | CRASH__CLASS(SYNC_APPEND)) &&
	    !builder->model->overwrite_order)
		return crash__atom_in(a, CRASH__CUTS) &&
		       a->size <= b->offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
	return crash__atom_in(a, CRASH__SIZES) || (with_data && is_append(builder, a, b));
}

static bool is_overwrite(const struct crash__atoms_builder *builder, const struct crash__atom *a,
			 const struct crash__atom *b)
{
	(void)b;
	return is_in_place(builder, a);
}

/* ------------------------------------------------------------------ order of one new atom */

/*
 * Puts the last ops of a list that ended before, and of which `want` accepts an atom, in front of an atom.
 * They stand for those that had ended when they began.
 */
static void order_after_last(struct crash__atoms_builder *builder, uint32_t head, crash__atom_id id,
			     bool (*want)(const struct crash__atoms_builder *, const struct crash__atom *,
					  const struct crash__atom *))
{
	uint32_t step = builder->atoms->list[id].step;
	uint64_t began = UINT64_MAX; /* the first of them */

	for (uint32_t at = head; at; at = builder->links[at - 1].next) {
		const struct crash__atom *other = &builder->atoms->list[builder->links[at - 1].atom];
		const struct crash__event *event = crash__builder_event(builder, other->step);

		/* the list is in the order in which ops ended */
		if (event->end < began && began != UINT64_MAX)
			return;
		if (other->step == step || other->abandoned ||
		    !want(builder, other, &builder->atoms->list[id]) ||
		    !crash__builder_ended_before(builder, other->step, step))
			continue;
		if (event->start < began)
			began = event->start;
		crash__persists_before(builder, builder->links[at - 1].atom, id);
	}
}

static void order_per_directory(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];
	uint32_t effect = atom->effect, effects = crash__atom_in(atom, CRASH__ENTRIES) ? atom->effects : 0;

	for (uint32_t i = 0; i < effects; i++)
		order_after_last(
			builder,
			builder->pending[builder->fs->slots[builder->fs->effects[effect + i].slot].directory],
			id, is_entry);
}

/* What of a file goes before its name, if it replaces another one by rename. */
static bool goes_with_name(const struct crash__atoms_builder *builder, const struct crash__atom *atom)
{
	bool new_only = builder->model->data_before_metadata == CRASH__DATA_IN_NEW_BLOCKS;

	if (crash__atom_in(atom, CRASH__DATA))
		return builder->model->safe_rename == CRASH__RENAME_WITH_DATA &&
		       !(new_only && has_place(atom));
	return crash__atom_in(atom, CRASH__SIZES);
}

static void order_safe_rename(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__step *step = &builder->fs->steps[builder->atoms->list[id].step];

	if (!step->replaces || !step->node)
		return;
	for (uint32_t at = builder->pending[step->node]; at; at = builder->links[at - 1].next) {
		const struct crash__atom *other = &builder->atoms->list[builder->links[at - 1].atom];

		if (goes_with_name(builder, other) &&
		    crash__builder_ended_before(builder, other->step, builder->atoms->list[id].step))
			crash__persists_before(builder, builder->links[at - 1].atom, id);
	}
}

/*
 * A truncation of a file that had data is not on the disk without what was written then: by the first write
 * and those that follow it at once. Who writes more later, as to a log, is promised nothing.
 */
static void order_safe_truncate(struct crash__atoms_builder *builder, crash__atom_id id)
{
	crash__atom_id truncation = builder->rewrites[builder->atoms->list[id].node].truncation;

	/* one that is durable already waits for nothing */
	if (truncation != CRASH__NEVER && builder->atoms->list[truncation].durable == CRASH__NEVER)
		crash__persists_before(builder, id, truncation);
}

void crash__persists_before_note_rewrite(struct crash__atoms_builder *builder, uint32_t index)
{
	const struct crash__step *step = &builder->fs->steps[index];
	struct crash__rewrite *rewrite = &builder->rewrites[step->node];
	bool writes = step->event->kind == CRASH__EVENT_OP && step->event->family == CRASH__FAMILY_WRITE;

	if (!step->effects && step->sync == CRASH__SYNC_NONE)
		return;
	if (writes && rewrite->started && builder->written != step->node)
		rewrite->truncation = CRASH__NEVER;
	rewrite->started |= writes;
	builder->written = writes ? step->node : 0;
}

void crash__persists_before_atom(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__model *model = builder->model;
	crash__classes class = (crash__classes)1 << builder->atoms->list[id].class;
	bool waits = model->overwrite_order || !(class & CRASH__IN_PLACE);

	/* or a directory would have two names, or lie below itself */
	if (class & CRASH__CLASS(MOVE))
		order_after_class(builder, &builder->moves, id, is_move);
	if (model->dirop_order == CRASH__DIROPS_TOTAL && (class & CRASH__METADATA))
		order_after_class(builder, &builder->dirops, id, is_entry);
	else if (model->dirop_order == CRASH__DIROPS_PER_DIRECTORY)
		order_per_directory(builder, id);
	if (model->append_order && waits)
		order_after_class(builder, &builder->appends, id, is_append);
	if (model->same_file_append_order && (class & (CRASH__SIZES | CRASH__DATA)))
		order_after_last(builder, builder->pending[builder->atoms->list[id].node], id, is_end);
	if (model->overwrite_order)
		order_after_class(builder, &builder->overwrites, id, is_overwrite);
	if (model->safe_rename && (class & CRASH__ENTRIES))
		order_safe_rename(builder, id);
	if (model->safe_truncate && (class & (CRASH__DATA | CRASH__GROWS)))
		order_safe_truncate(builder, id);
}

/* A file passes through the sizes of an op in their order. */
static void order_sizes(struct crash__atoms_builder *builder, crash__atom_id first, crash__atom_id end)
{
	crash__atom_id previous = CRASH__NEVER;

	for (crash__atom_id id = first; id < end; id++) {
		if (!crash__atom_in(&builder->atoms->list[id], CRASH__SIZES))
			continue;
		if (previous != CRASH__NEVER)
			crash__persists_before(builder, previous, id);
		previous = id;
	}
}

/* And the data of a write is there before the size that shows it, so that a file never shows what nobody
 * wrote. */
void crash__persists_before_within(struct crash__atoms_builder *builder, crash__atom_id first,
				   crash__atom_id end)
{
	const struct crash__atom *list = builder->atoms->list;
	crash__atom_id size = first;

	order_sizes(builder, first, end);
	if (builder->model->data_before_metadata == CRASH__DATA_FREE)
		return;
	/* units and sizes both come in ascending order, and each size has those before it in front of it */
	for (crash__atom_id data = first; data < end; data++) {
		if (!crash__atom_in(&list[data], CRASH__DATA) || is_in_place(builder, &list[data]))
			continue;
		while (size < end && (!crash__atom_in(&list[size], CRASH__GROWS) ||
				      list[size].size < list[data].offset + list[data].bytes))
			size++;
		if (size < end)
			crash__persists_before(builder, data, size);
	}
}

/* ------------------------------------------------------------------ what later atoms are ordered after */

static void add_pending(struct crash__atoms_builder *builder, uint32_t *head, crash__atom_id atom)
{
	if (CRASH__ADD(builder, links, (struct crash__edge){.atom = atom, .next = *head}))
		*head = (uint32_t)builder->links_count;
	else
		builder->no_memory = true;
}

void crash__persists_before_register(struct crash__atoms_builder *builder, crash__atom_id first,
				     crash__atom_id end)
{
	for (crash__atom_id id = first; id < end && !builder->no_memory; id++) {
		const struct crash__atom *atom = &builder->atoms->list[id];
		bool names = crash__atom_in(atom, CRASH__ENTRIES);

		if (atom->class == CRASH__CLASS_MOVE)
			ordered_add(builder, &builder->moves, atom->step);
		if (atom->class == CRASH__CLASS_EMPTY)
			builder->rewrites[atom->node] = (struct crash__rewrite){.truncation = id};
		if (names)
			ordered_add(builder, &builder->dirops, atom->step);
		else if (is_in_place(builder, atom))
			ordered_add(builder, &builder->overwrites, atom->step);
		else if (crash__atom_in(atom, CRASH__BEHIND_END))
			ordered_add(builder, &builder->appends, atom->step);
		add_pending(builder, &builder->all, id);
		/* the size of a file that grew is decided when its data is written: no metadata by itself */
		if (crash__atom_in(atom, CRASH__METADATA & ~CRASH__GROWS))
			add_pending(builder, &builder->metadata, id);
		if (!names)
			add_pending(builder, &builder->pending[atom->node], id);
		for (uint32_t i = 0; names && i < atom->effects; i++) {
			const struct crash__effect *effect = &builder->fs->effects[atom->effect + i];

			add_pending(builder, &builder->pending[builder->fs->slots[effect->slot].directory],
				    id);
			if (!effect->node)
				continue;
			add_pending(builder, &builder->names[effect->node], id);
			builder->home[effect->node] = builder->fs->slots[effect->slot].directory;
		}
	}
}
