/* SPDX-License-Identifier: MIT */
#include "tests/powercut/reasons.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ what there is to blame */

static void add(struct reasons_list *list, crash__atom_id id)
{
	list->atoms = realloc(list->atoms, (list->count + 1) * sizeof id);
	ck_assert_ptr_nonnull(list->atoms);
	list->atoms[list->count++] = id;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t block_end(uint64_t at)
{
	return (at + CRASH__FS_BLOCK - 1) / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
}

/* As in block_content.c: the rest of the block is zeroed by a write of its own, which may come later. */
static bool has_late_tail(const struct crash__atoms *atoms, const struct crash__atom *cut)
{
	return atoms->model->truncate_tail == CRASH__TAIL_LATE &&
	       cut->size == atoms->fs->effects[cut->effect].size;
}

/* From where on a truncation hides what was there, with nothing else. */
static uint64_t cut_begin(const struct crash__atoms *atoms, const struct crash__atom *cut)
{
	return has_late_tail(atoms, cut) ? block_end(cut->size) : cut->size;
}

static bool is_tail(const struct crash__atoms *atoms, crash__atom_id id)
{
	const struct crash__atom *atom = &atoms->list[id];

	return atoms->fs->effects[atom->effect].kind == CRASH__EFFECT_TAIL &&
	       crash__atom_in(atom, CRASH__DATA);
}

/* Of a truncation's tails the last one goes to the end of the block. */
static bool tail_covers(const struct crash__atoms *atoms, crash__atom_id tail, crash__atom_id cut,
			uint64_t at)
{
	const struct crash__atom *atom = &atoms->list[tail];
	bool is_last = !is_tail(atoms, tail + 1);

	return is_tail(atoms, tail) && at >= atom->offset &&
	       at < (is_last ? block_end(atoms->list[cut].size) : atom->offset + atom->bytes);
}

/* A page that has another block hides what was there wherever it has not been written anew. */
static void add_moved(const struct crash__atoms *atoms, struct reasons_segment *segment, crash__atom_id page)
{
	const struct crash__atom *list = atoms->list;

	for (crash__atom_id id = page + 1; id < atoms->list_count && list[id].class == CRASH__CLASS_CARRY &&
					   list[id].effect == list[page].effect;
	     id++)
		if (segment->start >= list[id].offset && segment->start - list[id].offset < list[id].bytes)
			ck_assert(CRASH__ADD(segment, covers, (struct reasons_cover){page, id, true}));
}

static void add_covers(const struct crash__atoms *atoms, struct reasons_segment *segment, crash__atom_id id)
{
	const struct crash__atom *atom = &atoms->list[id];
	uint64_t at = segment->start;
	bool is_data = atom->kind == CRASH__ATOM_DATA;

	if (atom->class == CRASH__CLASS_REPOINT)
		add_moved(atoms, segment, id);
	if (crash__atom_in(atom, CRASH__MOVED))
		return;
	if (is_data ? at >= atom->offset && at - atom->offset < atom->bytes : at >= cut_begin(atoms, atom)) {
		ck_assert(CRASH__ADD(segment, covers, (struct reasons_cover){id, id, false}));
		return;
	}
	for (crash__atom_id tail = atoms->first[atom->step]; !is_data && at >= atom->size && tail < id;
	     tail++)
		if (tail_covers(atoms, tail, id, at))
			ck_assert(CRASH__ADD(segment, covers, (struct reasons_cover){id, tail, false}));
}

/* Where the file has to be cut: three for each atom. */
static uint64_t *find_places(const struct crash__atoms *atoms, const struct reasons_list *contents,
			     size_t *count)
{
	uint64_t *places = calloc(3 * contents->count + 1, sizeof *places);

	ck_assert_ptr_nonnull(places);
	*count = 0;
	for (size_t i = 0; i < contents->count; i++) {
		const struct crash__atom *atom = &atoms->list[contents->atoms[i]];
		bool is_data = atom->kind == CRASH__ATOM_DATA;

		places[(*count)++] = is_data ? atom->offset : atom->size;
		places[(*count)++] = is_data ? atom->offset + atom->bytes : cut_begin(atoms, atom);
		places[(*count)++] = UINT64_MAX;
	}
	qsort(places, *count, sizeof *places, by_number);
	return places;
}

/* Cuts the file wherever data begins or ends, or a truncation does. */
static void find_segments(struct reasons *reasons, crash__node_id id, const struct reasons_list *contents)
{
	struct reasons_node *node = &reasons->nodes[id];
	size_t count;
	uint64_t *places = find_places(reasons->atoms, contents, &count);

	node->segments = calloc(count + 1, sizeof *node->segments);
	ck_assert_ptr_nonnull(node->segments);
	for (size_t i = 0; i + 1 < count; i++) {
		struct reasons_segment *segment = &node->segments[node->segment_count];

		if (places[i] == places[i + 1])
			continue;
		segment->start = places[i];
		segment->end = places[i + 1];
		for (size_t j = contents->count; j-- > 0;)
			add_covers(reasons->atoms, segment, contents->atoms[j]);
		node->segment_count++;
	}
	free(places);
}

void reasons_find(struct reasons *reasons, const struct crash__atoms *atoms)
{
	const struct crash__fs *fs = atoms->fs;
	struct reasons_list *contents = calloc(fs->nodes_count, sizeof *contents); /* oldest first */

	reasons->atoms = atoms;
	reasons->slots = calloc(fs->slots_count, sizeof *reasons->slots);
	reasons->nodes = calloc(fs->nodes_count, sizeof *reasons->nodes);
	ck_assert(reasons->slots && reasons->nodes && contents);
	for (crash__atom_id id = (crash__atom_id)atoms->list_count; id-- > 0;) {
		const struct crash__atom *atom = &atoms->list[id];

		if (atom->kind == CRASH__ATOM_SIZE)
			add(&reasons->nodes[atom->node].sizes, id);
		else if (atom->kind == CRASH__ATOM_ATTRIBUTES)
			add(&reasons->nodes[atom->node].attributes, id);
		for (uint32_t i = 0; atom->kind == CRASH__ATOM_ENTRY && i < atom->effects; i++)
			add(&reasons->slots[fs->effects[atom->effect + i].slot], id);
	}
	for (crash__atom_id id = 0; id < atoms->list_count; id++)
		if (atoms->list[id].kind == CRASH__ATOM_DATA || crash__atom_in(&atoms->list[id], CRASH__CUTS))
			add(&contents[atoms->list[id].node], id);
	for (crash__node_id id = 0; id < fs->nodes_count; id++) {
		find_segments(reasons, id, &contents[id]);
		free(contents[id].atoms);
	}
	free(contents);
}

void reasons_clear(struct reasons *reasons)
{
	const struct crash__fs *fs = reasons->atoms->fs;

	for (crash__slot_id id = 0; id < fs->slots_count; id++)
		free(reasons->slots[id].atoms);
	for (crash__node_id id = 0; id < fs->nodes_count; id++) {
		struct reasons_node *node = &reasons->nodes[id];

		for (size_t i = 0; i < node->segment_count; i++)
			free(node->segments[i].covers);
		free(node->segments);
		free(node->sizes.atoms);
		free(node->attributes.atoms);
	}
	free(reasons->slots);
	free(reasons->nodes);
}

/* ------------------------------------------------------------------ clauses */

static void begin(struct blame *blame)
{
	for (size_t i = 0; i < blame->absent_count; i++)
		blame->is_absent[blame->absent[i]] = false;
	blame->clause_count = blame->absent_count = 0;
	blame->never = false;
}

static void is_there(struct blame *blame, crash__atom_id id)
{
	if (blame->open[id])
		ck_assert(CRASH__ADD(blame, clause, -1 - (int)id));
	else
		blame->never |= !blame->in[id];
}

/* What comes after it cannot be there either, and need not be named. */
static void is_absent(struct blame *blame, crash__atom_id id)
{
	const struct crash__atoms *atoms = blame->reasons->atoms;
	crash__atom_id later;

	if (!blame->open[id]) {
		blame->never |= blame->in[id];
		return;
	}
	ck_assert(CRASH__ADD(blame, absent, id));
	blame->is_absent[id] = true;
	CRASH__EACH_EDGE(atoms, atoms->list[id].successors, later)
		blame->is_absent[later] = false;
}

/* From the newest on: the first that is there decides. */
static void decided(struct blame *blame, const crash__atom_id *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] >= blame->end)
			continue;
		if (blame->in[list[i]]) {
			is_there(blame, list[i]);
			return;
		}
		is_absent(blame, list[i]);
	}
}

static void names_above(struct blame *blame)
{
	for (int i = 0; i < blame->depth; i++) {
		const struct reasons_list *list = &blame->reasons->slots[blame->above[i]];

		decided(blame, list->atoms, list->count);
	}
}

static void give(struct blame *blame)
{
	size_t count = blame->clause_count;

	if (blame->never)
		return;
	for (size_t i = 0; i < blame->absent_count; i++)
		if (blame->is_absent[blame->absent[i]])
			ck_assert(CRASH__ADD(blame, clause, 1 + (int)blame->absent[i]));
	blame->take(blame->context, blame->clause, blame->clause_count);
	blame->clause_count = count;
}

void blame_names(struct blame *blame)
{
	begin(blame);
	names_above(blame);
	give(blame);
}

void blame_slot(struct blame *blame, crash__slot_id slot)
{
	const struct reasons_list *list = &blame->reasons->slots[slot];

	begin(blame);
	names_above(blame);
	decided(blame, list->atoms, list->count);
	give(blame);
}

/* Each attribute is decided by its newest change: all of them together say which these are. */
void blame_attributes(struct blame *blame, crash__node_id node)
{
	const struct reasons_list *list = &blame->reasons->nodes[node].attributes;

	begin(blame);
	names_above(blame);
	for (size_t i = 0; i < list->count; i++) {
		if (list->atoms[i] >= blame->end)
			continue;
		if (blame->in[list->atoms[i]])
			is_there(blame, list->atoms[i]);
		else
			is_absent(blame, list->atoms[i]);
	}
	give(blame);
}

/* @return whether it decides */
static bool decided_by_move(struct blame *blame, struct reasons_cover cover)
{
	bool moved = blame->in[cover.atom];

	if (!moved) {
		is_absent(blame, cover.atom);
		return false;
	}
	if (blame->in[cover.with]) {
		is_there(blame, cover.with);
		return false;
	}
	is_there(blame, cover.atom);
	is_absent(blame, cover.with);
	return true;
}

static void decided_together(struct blame *blame, const struct reasons_segment *segment)
{
	for (size_t i = 0; i < segment->covers_count; i++) {
		struct reasons_cover cover = segment->covers[i];

		if (cover.atom >= blame->end)
			continue;
		if (cover.without) {
			if (decided_by_move(blame, cover))
				return;
			continue;
		}
		if (blame->in[cover.atom] && blame->in[cover.with]) {
			is_there(blame, cover.atom);
			if (cover.with != cover.atom)
				is_there(blame, cover.with);
			return;
		}
		is_absent(blame, blame->in[cover.with] ? cover.atom : cover.with);
	}
}

uint64_t blame_byte(struct blame *blame, crash__node_id id, uint64_t at)
{
	const struct reasons_node *node = &blame->reasons->nodes[id];
	uint64_t end = UINT64_MAX;
	size_t i = 0;

	begin(blame);
	names_above(blame);
	while (i < node->segment_count && node->segments[i].end <= at)
		i++;
	if (i < node->segment_count && node->segments[i].start <= at) {
		decided_together(blame, &node->segments[i]);
		end = node->segments[i].end;
	} else if (i < node->segment_count) {
		end = node->segments[i].start; /* no op has anything to do with it */
	}
	give(blame);
	return end;
}

/* ------------------------------------------------------------------ sizes */

/* A size that is too small is right after all if a page that was written back reaches that far. */
static void give_small(struct blame *blame, const struct reasons_list *sizes, size_t until, uint64_t size)
{
	size_t absent = blame->absent_count;
	bool never = blame->never;

	for (size_t i = 0; i < until; i++) {
		const struct crash__atom *atom = &blame->reasons->atoms->list[sizes->atoms[i]];

		if (sizes->atoms[i] < blame->end && atom->class == CRASH__CLASS_REACH && atom->size == size) {
			/* what comes after it may be of the other kind, and counts */
			if (blame->open[sizes->atoms[i]])
				ck_assert(CRASH__ADD(blame, clause, 1 + (int)sizes->atoms[i]));
			else
				blame->never |= blame->in[sizes->atoms[i]];
		}
	}
	give(blame);
	blame->absent_count = absent;
	blame->never = never;
}

/*
 * From the newest on, each size that a file may have instead, while none that is newer is there: what a page
 * reaches to only makes it longer.
 */
void blame_size(struct blame *blame, crash__node_id id, uint64_t size)
{
	const struct reasons_list *sizes = &blame->reasons->nodes[id].sizes;
	uint64_t base = blame->reasons->atoms->fs->nodes[id].base_size;
	size_t above;

	begin(blame);
	names_above(blame);
	above = blame->clause_count;
	for (size_t i = 0; i < sizes->count; i++) {
		const struct crash__atom *atom = &blame->reasons->atoms->list[sizes->atoms[i]];
		bool reaches = atom->class == CRASH__CLASS_REACH, never = blame->never;

		if (sizes->atoms[i] >= blame->end)
			continue;
		is_there(blame, sizes->atoms[i]);
		if (atom->size > size)
			give(blame);
		else if (atom->size < size && !reaches)
			give_small(blame, sizes, i, size);
		blame->clause_count = above;
		blame->never = never;
		if (!reaches)
			is_absent(blame, sizes->atoms[i]);
	}
	if (base > size)
		give(blame);
	else if (base < size)
		give_small(blame, sizes, sizes->count, size);
}
