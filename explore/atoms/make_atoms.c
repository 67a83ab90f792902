/* SPDX-License-Identifier: MIT */
#include "explore/atoms/make_atoms.h"

#include <string.h>

#include "base/error.h"
#include "explore/atoms/atoms_builder.h"
#include "explore/atoms/durability.h"
#include "explore/atoms/in_flight.h"
#include "explore/atoms/page_sizes.h"
#include "explore/atoms/persists_before.h"
#include "explore/fs/data_ranges.h"

/* A write is cut at this many places at most where every byte may be torn. */
#define MOST_BYTE_CUTS 64
/* A truncation that is not atomic is found at this many sizes in between. */
#define TRUNCATE_STEPS 4

/* ------------------------------------------------------------------ from effects to atoms */

/* How many bytes of a write are kept or lost together. */
static uint64_t tear_unit(const struct crash__model *model, uint64_t bytes)
{
	if (model->tear == 0)
		return UINT64_MAX;
	if (model->tear == 1 && bytes > MOST_BYTE_CUTS)
		return (bytes + MOST_BYTE_CUTS - 1) / MOST_BYTE_CUTS;
	return (uint64_t)model->tear;
}

/*
 * Where the next unit that has to be looked at begins: of a range that becomes zeros, those that may have
 * anything else are enough, and a hole of 10 GB has none. UINT64_MAX: there is none.
 */
static uint64_t next_unit(const struct crash__atoms_builder *builder, const struct crash__effect *effect,
			  uint64_t at, uint64_t unit)
{
	uint64_t end = effect->offset + effect->bytes, skip;
	const struct crash__data_range *data;

	if (effect->kind != CRASH__EFFECT_ZERO)
		return at;
	data = crash__data_ranges_next(builder->fs, effect->node, at);
	if (!data || data->start >= end)
		return UINT64_MAX;
	skip = data->start > at ? data->start - at : 0;
	/* `at` is aligned, or the range begins there and its first unit is shorter */
	if (skip < unit)
		return at;
	return builder->model->tear == 1 ? at + skip / unit * unit : data->start / unit * unit;
}

static void make_data(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__effect *effect = &builder->fs->effects[index];
	uint64_t unit = tear_unit(builder->model, effect->bytes), end = effect->offset + effect->bytes;
	const struct crash__step *made = &builder->fs->steps[step];
	bool unsynced = crash__builder_is_unsynced(builder, step);
	uint64_t old_size = effect->old_size;

	for (uint64_t at = effect->offset; (at = next_unit(builder, effect, at, unit)) < end;) {
		/* aligned units are what a disk writes; bytes are counted from where the write starts */
		uint64_t next = unit == UINT64_MAX	  ? end :
				builder->model->tear == 1 ? at + unit :
							    (at / unit + 1) * unit;
		struct crash__atom *atom;

		if (unit != UINT64_MAX && at < old_size && next > old_size)
			next = old_size;
		if (next > end)
			next = end;
		atom = crash__builder_new_atom(
			builder, CRASH__ATOM_DATA,
			crash__class_of_data(builder->model, made, at, next, old_size, unsynced), step,
			index);
		if (!atom)
			return;
		atom->offset = at;
		atom->bytes = next - at;
		atom->abandoned = !crash__durability_writes(builder, atom->node, at, next);
		at = next;
	}
}

/* A range of one page that is in another block from now on: that it is, and each unit of what is there. */
static void new_moved(struct crash__atoms_builder *builder, enum crash__atom_class class, uint32_t step,
		      uint32_t index, uint64_t at, uint64_t end)
{
	struct crash__atom *atom = crash__builder_new_atom(builder, CRASH__ATOM_DATA, class, step, index);

	if (!atom)
		return;
	atom->offset = at;
	atom->bytes = end - at;
}

static void move_page(struct crash__atoms_builder *builder, uint32_t step, uint32_t index, uint64_t page)
{
	uint64_t unit = tear_unit(builder->model, CRASH__FS_BLOCK), end = page + CRASH__FS_BLOCK;
	uint64_t old_size = builder->fs->effects[index].old_size;

	if (end > old_size)
		end = old_size;
	new_moved(builder, CRASH__CLASS_REPOINT, step, index, page, end);
	for (uint64_t at = page, next; at < end; at = next) {
		next = unit == UINT64_MAX || end - at <= unit ? end : at + unit;
		new_moved(builder, CRASH__CLASS_CARRY, step, index, at, next);
	}
}

/* Whether a file becomes too large for what it had to be beside its inode. Where exactly it does, options
 * say. */
static bool outgrows(const struct crash__atoms_builder *builder, const struct crash__effect *effect,
		     const struct crash__step *step, uint64_t size)
{
	bool plain = step->event->family == CRASH__FAMILY_WRITE && step->event->kernel != CRASH__CALL_store &&
		     !(step->event->flags & CRASH__OP_DIRECT);

	return builder->model->moves_data != CRASH__MOVES_NOTHING && effect->old_size &&
	       effect->old_size <= CRASH__SMALL_MOST && (size > CRASH__SMALL_LEAST || !plain);
}

/* What becomes zeros as a whole has no block: the pages at both ends are written. */
static bool writes_page(const struct crash__effect *effect, uint64_t page)
{
	return effect->kind == CRASH__EFFECT_DATA || page < effect->offset ||
	       page + CRASH__FS_BLOCK > effect->offset + effect->bytes;
}

static void make_moved(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__effect *effect = &builder->fs->effects[index];
	uint64_t end = effect->offset + effect->bytes,
		 page = effect->offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
	bool all = builder->model->moves_data == CRASH__MOVES_PAGES;

	if (effect->kind != CRASH__EFFECT_TAIL && !(all && page == 0 && writes_page(effect, 0)) &&
	    outgrows(builder, effect, &builder->fs->steps[step], end))
		move_page(builder, step, index, 0);
	for (; all && page < end && page < effect->old_size; page += CRASH__FS_BLOCK)
		if (writes_page(effect, page))
			move_page(builder, step, index, page);
}

static void new_size(struct crash__atoms_builder *builder, uint32_t step, uint32_t index, uint64_t size)
{
	enum crash__atom_class class = crash__class_of_size(builder->model, &builder->fs->steps[step],
							    crash__builder_is_unsynced(builder, step));
	struct crash__atom *atom = crash__builder_new_atom(builder, CRASH__ATOM_SIZE, class, step, index);

	if (atom)
		atom->size = size;
}

/* A file that is written grows unit by unit, or page by page, ... */
static void grow_by_units(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__effect *effect = &builder->fs->effects[index];
	crash__atom_id first = (crash__atom_id)builder->atoms->list_count;
	uint64_t written = builder->fs->effects[builder->fs->steps[step].first_effect].bytes;

	if (tear_unit(builder->model, written) == UINT64_MAX)
		return;
	for (crash__atom_id data = builder->atoms->first[step]; data < first; data++) {
		const struct crash__atom *atom = &builder->atoms->list[data];
		uint64_t end = atom->offset + atom->bytes;

		if (crash__atom_in(atom, CRASH__BEHIND_END) && end < effect->size &&
		    (!builder->model->grow_by_pages || end % CRASH__FS_BLOCK == 0))
			new_size(builder, step, index, end);
	}
}

/* ... and one that is truncated may do so in steps. */
static void make_size(struct crash__atoms_builder *builder, uint32_t step, uint32_t index, bool by_write)
{
	const struct crash__effect *effect = &builder->fs->effects[index];
	uint64_t part = (effect->old_size - effect->size) / (TRUNCATE_STEPS + 1);

	if (!by_write && effect->size > effect->old_size &&
	    outgrows(builder, effect, &builder->fs->steps[step], effect->size))
		move_page(builder, step, index, 0);
	if (!builder->model->truncate_atomic && effect->size < effect->old_size && part)
		for (uint64_t i = 1; i <= TRUNCATE_STEPS; i++)
			new_size(builder, step, index, effect->old_size - i * part);
	if (by_write)
		grow_by_units(builder, step, index);
	new_size(builder, step, index, effect->size);
}

/* All entries of a step as one atom, or each as its own. */
static void make_entries(struct crash__atoms_builder *builder, uint32_t step, uint32_t index, uint32_t count)
{
	enum crash__atom_class class = crash__class_of_entries(builder->fs, &builder->fs->steps[step]);
	bool whole = builder->model->rename_atomic || class == CRASH__CLASS_MOVE;
	uint32_t together = whole ? count : 1;

	for (uint32_t i = 0; i < count; i += together) {
		struct crash__atom *atom =
			crash__builder_new_atom(builder, CRASH__ATOM_ENTRY, class, step, index + i);

		if (!atom)
			return;
		atom->effects = together;
	}
}

/* Where creating is not atomic the entry may be there before the inode has its mode. */
static void make_birth(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__step *made = &builder->fs->steps[step];
	const struct crash__effect *effect = &builder->fs->effects[index];

	if (builder->model->dirop_atomic || !effect->node || effect->node != made->node ||
	    (made->event->family != CRASH__FAMILY_OPEN && made->event->family != CRASH__FAMILY_MKDIR))
		return;
	crash__builder_new_atom(builder, CRASH__ATOM_ATTRIBUTES, CRASH__CLASS_BIRTH, step, index);
}

/* A new owner takes rights away, and file systems do both at once. How many effects that is. */
static uint32_t make_attributes(struct crash__atoms_builder *builder, uint32_t step, uint32_t index)
{
	const struct crash__fs *fs = builder->fs;
	const struct crash__effect *effect = &fs->effects[index];
	uint32_t end = fs->steps[step].first_effect + fs->steps[step].effects;
	bool both = index + 1 < end && effect[1].kind == CRASH__EFFECT_ATTRIBUTES &&
		    effect[1].node == effect->node &&
		    crash__fs_change(fs, effect)->attribute == CRASH__OWNER &&
		    crash__fs_change(fs, &effect[1])->attribute == CRASH__MODE;
	struct crash__atom *atom =
		crash__builder_new_atom(builder, CRASH__ATOM_ATTRIBUTES, CRASH__CLASS_ATTRIBUTE, step, index);

	if (atom)
		atom->effects = both ? 2 : 1;
	return both ? 2 : 1;
}

static void make_atoms(struct crash__atoms_builder *builder, uint32_t index, bool dropped)
{
	const struct crash__step *step = &builder->fs->steps[index];
	bool writes = step->event->family == CRASH__FAMILY_WRITE;

	if (!dropped)
		crash__page_sizes_of_part(builder, index);
	for (uint32_t i = 0; i < step->effects; i++) {
		uint32_t at = step->first_effect + i, count = 1;

		switch (builder->fs->effects[at].kind) {
		case CRASH__EFFECT_DATA:
		case CRASH__EFFECT_ZERO:
			make_data(builder, index, at);
			make_moved(builder, index, at);
			crash__page_sizes_of_write(builder, index, at);
			break;
		case CRASH__EFFECT_TAIL:
			if (builder->model->truncate_tail != CRASH__TAIL_KEPT)
				make_data(builder, index, at);
			make_moved(builder, index, at);
			break;
		case CRASH__EFFECT_SIZE:
			make_size(builder, index, at, writes);
			break;
		case CRASH__EFFECT_ENTRY:
			while (i + count < step->effects &&
			       builder->fs->effects[at + count].kind == CRASH__EFFECT_ENTRY)
				count++;
			make_entries(builder, index, at, count);
			make_birth(builder, index, at);
			i += count - 1;
			break;
		case CRASH__EFFECT_ATTRIBUTES:
			i += make_attributes(builder, index, at) - 1;
			break;
		}
	}
}

/* ------------------------------------------------------------------ all of it */

static bool begin(struct crash__atoms_builder *builder, const struct crash__rows_left_out *left_out)
{
	builder->atoms->first = calloc(builder->fs->steps_count + 1, sizeof *builder->atoms->first);
	return builder->atoms->first &&
	       crash__in_flight_begin(&builder->in_flight, builder->fs->nodes_count) &&
	       crash__order_begin(builder, left_out->order) &&
	       crash__durability_begin(builder, left_out->durability);
}

/* In what the atoms are others than those of the recording. */
struct changes {
	const struct crash__virtual_sync *syncs;
	size_t count;
	struct crash__rows_left_out left_out;
	const bool *dropped; /* of each step, whether its sync is not made; or NULL */
};

static void make_step(struct crash__atoms_builder *builder, uint32_t step, bool dropped)
{
	crash__atom_id first = (crash__atom_id)builder->atoms->list_count;

	make_atoms(builder, step, dropped);
	crash__order_step(builder, step, first);
	for (crash__atom_id id = first; id < builder->atoms->list_count && !builder->no_memory; id++)
		crash__in_flight_add(builder, id);
	if (!builder->no_memory)
		crash__durability_op(builder, step, first);
	if (!builder->no_memory && !dropped)
		crash__durability_sync(builder, &builder->fs->steps[step], step);
}

static void clear(struct crash__atoms_builder *builder)
{
	crash__order_free(builder->order);
	crash__durability_free(builder->durability);
	crash__in_flight_clear(&builder->in_flight);
	free(builder->links);
	free(builder->stack);
}

static int make_all(struct crash__atoms *atoms, const struct crash__fs *fs, const struct crash__model *model,
		    const struct changes *changes)
{
	struct crash__atoms_builder builder = {
		.atoms = atoms, .fs = fs, .model = model, .dropped = changes->dropped};
	const struct crash__virtual_sync *syncs = changes->syncs;
	size_t count = changes->count;

	memset(atoms, 0, sizeof *atoms);
	atoms->fs = fs;
	atoms->model = model;
	builder.no_memory = !begin(&builder, &changes->left_out);
	for (uint32_t step = 0; step < fs->steps_count && !builder.no_memory; step++) {
		atoms->first[step] = (crash__atom_id)atoms->list_count;
		for (; count && syncs->step == step; syncs++, count--) {
			struct crash__step sync = {.event = fs->steps[step].event,
						   .sync = CRASH__SYNC_FILE,
						   .node = syncs->node};

			crash__durability_sync(&builder, &sync, step);
		}
		make_step(&builder, step, changes->dropped && changes->dropped[step]);
	}
	if (atoms->first)
		atoms->first[fs->steps_count] = (uint32_t)atoms->list_count;
	clear(&builder);
	if (!builder.no_memory)
		return 0;
	crash__atoms_clear(atoms);
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

int crash__atoms_make(struct crash__atoms *atoms, const struct crash__fs *fs,
		      const struct crash__model *model)
{
	return make_all(atoms, fs, model, &(struct changes){0});
}

int crash__atoms_make_with(struct crash__atoms *atoms, const struct crash__fs *fs,
			   const struct crash__model *model, const struct crash__virtual_sync *syncs,
			   size_t count)
{
	return make_all(atoms, fs, model, &(struct changes){.syncs = syncs, .count = count});
}

int crash__atoms_make_without(struct crash__atoms *atoms, const struct crash__fs *fs,
			      const struct crash__model *model, const struct crash__rows_left_out *left_out)
{
	return make_all(atoms, fs, model, &(struct changes){.left_out = *left_out});
}

int crash__atoms_make_dropping(struct crash__atoms *atoms, const struct crash__fs *fs,
			       const struct crash__model *model, const bool *dropped)
{
	return make_all(atoms, fs, model, &(struct changes){.dropped = dropped});
}

void crash__atoms_clear(struct crash__atoms *atoms)
{
	free(atoms->list);
	free(atoms->edges);
	free(atoms->first);
	memset(atoms, 0, sizeof *atoms);
}
