/* SPDX-License-Identifier: MIT */
#include "explore/atoms.h"

#include <string.h>

#include "runner/error.h"

/* A write is cut at this many places at most where every byte may be torn. */
#define MOST_BYTE_CUTS 64
/* A truncation that is not atomic is found at this many sizes in between. */
#define TRUNCATE_STEPS 4

/*
 * Ops of one class of which the model says that they reach the disk in order. Only the last ones matter: an
 * op is linked to those before it until one of them comes after all the others.
 */
struct ordered {
	CRASH__VECTOR(uint32_t, steps);
	CRASH__VECTOR(uint64_t, ends); /* the latest end of the steps up to there */
};

/* A file that was truncated, and is written anew by the ops that follow. */
struct rewrite {
	crash__atom_id truncation; /* CRASH__NEVER: it is not */
	bool started;
};

struct maker {
	struct crash__atoms *atoms;
	const struct crash__fs *fs;
	const struct crash__model *model;
	struct ordered dirops, appends, overwrites, moves;
	/* lists of atoms that are not durable yet, newest first: */
	uint32_t *pending;  /* of each file, its atoms; of each directory, those of its entries */
	uint32_t *names;    /* of each node, the entries that name it */
	uint32_t metadata, all;
	crash__node_id *home; /* of each node, the directory where it was named last */
	struct rewrite *rewrites; /* of each node */
	crash__node_id written;	  /* what the last op wrote to; 0: it did something else */
	CRASH__VECTOR(struct crash__edge, links);
	CRASH__VECTOR(crash__atom_id, stack);
	bool no_memory;
};

/* ------------------------------------------------------------------ edges */

static void push_edge(struct maker *maker, uint32_t *head, crash__atom_id atom)
{
	struct crash__edge *edge = CRASH__PUSH(maker->atoms, edges);

	if (!edge) {
		maker->no_memory = true;
		return;
	}
	*edge = (struct crash__edge){.atom = atom, .next = *head};
	*head = (uint32_t)maker->atoms->edges_count;
}

/* `first` must be on the disk if `second` is. What will never be written holds nothing up. */
static void order(struct maker *maker, crash__atom_id first, crash__atom_id second)
{
	if (first == second || maker->atoms->list[first].abandoned)
		return;
	push_edge(maker, &maker->atoms->list[second].before, first);
	push_edge(maker, &maker->atoms->list[first].after, second);
}

static const struct crash__event *event_of(const struct maker *maker, uint32_t step)
{
	return maker->fs->steps[step].event;
}

/* Whether the first step had ended when the second began: otherwise nothing is known of their order. */
static bool ended_before(const struct maker *maker, uint32_t first, uint32_t second)
{
	return event_of(maker, first)->end < event_of(maker, second)->start;
}

/* ------------------------------------------------------------------ classes of ordered ops */

static void ordered_add(struct maker *maker, struct ordered *ordered, uint32_t step)
{
	uint64_t end = event_of(maker, step)->end;
	uint32_t *at;
	uint64_t *latest;

	if (ordered->steps_count && ordered->steps[ordered->steps_count - 1] == step)
		return;
	at = CRASH__PUSH(ordered, steps);
	latest = CRASH__PUSH(ordered, ends);
	if (!at || !latest) {
		maker->no_memory = true;
		return;
	}
	*at = step;
	*latest = ordered->ends_count > 1 && ordered->ends[ordered->ends_count - 2] > end ?
			  ordered->ends[ordered->ends_count - 2] :
			  end;
}

/* Puts everything of the class that `want` accepts, and that ended before, in front of an atom. */
static void order_after_class(struct maker *maker, const struct ordered *ordered, crash__atom_id atom,
			      bool (*want)(const struct maker *, const struct crash__atom *,
					   const struct crash__atom *))
{
	uint32_t step = maker->atoms->list[atom].step;

	for (size_t i = ordered->steps_count; i-- > 0;) {
		uint32_t earlier = ordered->steps[i];
		bool linked = false;

		if (earlier == step || !ended_before(maker, earlier, step))
			continue;
		for (crash__atom_id id = maker->atoms->first[earlier];
		     id < maker->atoms->list_count && maker->atoms->list[id].step == earlier; id++)
			if (!maker->atoms->list[id].abandoned &&
			    want(maker, &maker->atoms->list[id], &maker->atoms->list[atom])) {
				order(maker, id, atom);
				linked = true;
			}
		/* everything before it had ended when it began: it stands for all of them */
		if (linked && (i == 0 || ordered->ends[i - 1] < event_of(maker, earlier)->start))
			return;
	}
}

static bool is_entry(const struct maker *maker, const struct crash__atom *a, const struct crash__atom *b)
{
	(void)maker;
	(void)b;
	return a->kind == CRASH__ATOM_ENTRY;
}

/* Whether the entries of a step give a directory another name. */
static bool moves_directory(const struct maker *maker, const struct crash__step *step)
{
	if (step->event->family != CRASH__FAMILY_RENAME)
		return false;
	for (uint32_t i = 0; i < step->effects; i++) {
		crash__node_id node = maker->fs->effects[step->first_effect + i].node;

		if (node && maker->fs->nodes[node].type == CRASH__NODE_DIRECTORY)
			return true;
	}
	return false;
}

static bool is_move(const struct maker *maker, const struct crash__atom *a, const struct crash__atom *b)
{
	(void)b;
	return moves_directory(maker, &maker->fs->steps[a->step]);
}

static bool is_append(const struct maker *maker, const struct crash__atom *a, const struct crash__atom *b)
{
	(void)maker;
	(void)b;
	return a->appends;
}

/* What moves the end of a file, or lies behind it. */
static bool is_end(const struct maker *maker, const struct crash__atom *a, const struct crash__atom *b)
{
	(void)maker;
	(void)b;
	return a->appends || a->kind == CRASH__ATOM_SIZE;
}

static bool is_overwrite(const struct maker *maker, const struct crash__atom *a, const struct crash__atom *b)
{
	(void)maker;
	(void)b;
	return a->kind == CRASH__ATOM_DATA && !a->appends;
}

/* ------------------------------------------------------------------ pending atoms of nodes */

static void add_pending(struct maker *maker, uint32_t *head, crash__atom_id atom)
{
	struct crash__edge *link = CRASH__PUSH(maker, links);

	if (!link) {
		maker->no_memory = true;
		return;
	}
	*link = (struct crash__edge){.atom = atom, .next = *head};
	*head = (uint32_t)maker->links_count;
}

/* ------------------------------------------------------------------ order of one new atom */

/*
 * Puts the last ops of a list that ended before, and of which `want` accepts an atom, in front of an atom. They
 * stand for those that had ended when they began.
 */
static void order_after_last(struct maker *maker, uint32_t head, crash__atom_id id,
			     bool (*want)(const struct maker *, const struct crash__atom *,
					  const struct crash__atom *))
{
	uint32_t step = maker->atoms->list[id].step;
	uint64_t began = UINT64_MAX; /* the first of them */

	for (uint32_t at = head; at; at = maker->links[at - 1].next) {
		const struct crash__atom *other = &maker->atoms->list[maker->links[at - 1].atom];
		const struct crash__event *event = event_of(maker, other->step);

		/* the list is in the order in which ops ended */
		if (event->end < began && began != UINT64_MAX)
			return;
		if (other->step == step || other->abandoned || !want(maker, other, &maker->atoms->list[id]) ||
		    !ended_before(maker, other->step, step))
			continue;
		if (event->start < began)
			began = event->start;
		order(maker, maker->links[at - 1].atom, id);
	}
}

static void order_per_directory(struct maker *maker, crash__atom_id id)
{
	const struct crash__atom *atom = &maker->atoms->list[id];
	uint32_t effect = atom->effect, effects = atom->kind == CRASH__ATOM_ENTRY ? atom->effects : 0;

	for (uint32_t i = 0; i < effects; i++)
		order_after_last(maker, maker->pending[maker->fs->slots[maker->fs->effects[effect + i].slot].directory],
				 id, is_entry);
}

/* The data of a file that replaces another by rename goes before the name. */
static void order_safe_rename(struct maker *maker, crash__atom_id id)
{
	const struct crash__step *step = &maker->fs->steps[maker->atoms->list[id].step];

	if (!step->replaces || !step->node)
		return;
	for (uint32_t at = maker->pending[step->node]; at; at = maker->links[at - 1].next) {
		const struct crash__atom *other = &maker->atoms->list[maker->links[at - 1].atom];

		if ((other->kind == CRASH__ATOM_DATA || other->kind == CRASH__ATOM_SIZE) &&
		    ended_before(maker, other->step, maker->atoms->list[id].step))
			order(maker, maker->links[at - 1].atom, id);
	}
}

/*
 * A truncation of a file that had data is not on the disk without what was written then: by the first write and
 * those that follow it at once. Who writes more later, as to a log, is promised nothing.
 */
static void order_safe_truncate(struct maker *maker, crash__atom_id id)
{
	crash__atom_id truncation = maker->rewrites[maker->atoms->list[id].node].truncation;

	/* one that is durable already waits for nothing */
	if (truncation != CRASH__NEVER && maker->atoms->list[truncation].durable == CRASH__NEVER)
		order(maker, id, truncation);
}

/* Follows which files are being written anew. */
static void note_rewrite(struct maker *maker, uint32_t index)
{
	const struct crash__step *step = &maker->fs->steps[index];
	struct rewrite *rewrite = &maker->rewrites[step->node];
	bool writes = step->event->kind == CRASH__EVENT_OP && step->event->family == CRASH__FAMILY_WRITE;

	if (!step->effects && step->sync == CRASH__SYNC_NONE)
		return;
	if (writes && rewrite->started && maker->written != step->node)
		rewrite->truncation = CRASH__NEVER;
	rewrite->started |= writes;
	maker->written = writes ? step->node : 0;
}

static void order_atom(struct maker *maker, crash__atom_id id)
{
	const struct crash__model *model = maker->model;
	enum crash__atom_kind kind = maker->atoms->list[id].kind;
	bool metadata = kind != CRASH__ATOM_DATA;

	/* or a directory would have two names, or lie below itself */
	if (kind == CRASH__ATOM_ENTRY && moves_directory(maker, &maker->fs->steps[maker->atoms->list[id].step]))
		order_after_class(maker, &maker->moves, id, is_move);
	if (model->dirop_order == CRASH__DIROPS_TOTAL && metadata)
		order_after_class(maker, &maker->dirops, id, is_entry);
	else if (model->dirop_order == CRASH__DIROPS_PER_DIRECTORY)
		order_per_directory(maker, id);
	if (model->append_order)
		order_after_class(maker, &maker->appends, id, is_append);
	if (model->same_file_append_order && is_end(maker, &maker->atoms->list[id], NULL))
		order_after_last(maker, maker->pending[maker->atoms->list[id].node], id, is_end);
	if (model->overwrite_order)
		order_after_class(maker, &maker->overwrites, id, is_overwrite);
	if (model->safe_rename && kind == CRASH__ATOM_ENTRY)
		order_safe_rename(maker, id);
	if (model->safe_truncate && (kind == CRASH__ATOM_DATA || maker->atoms->list[id].appends))
		order_safe_truncate(maker, id);
}

/* ------------------------------------------------------------------ from effects to atoms */

static struct crash__atom *new_atom(struct maker *maker, enum crash__atom_kind kind, uint32_t step,
				    uint32_t effect)
{
	struct crash__atom *atom = CRASH__PUSH(maker->atoms, list);

	if (!atom) {
		maker->no_memory = true;
		return NULL;
	}
	memset(atom, 0, sizeof *atom);
	atom->kind = kind;
	atom->step = step;
	atom->effect = effect;
	atom->effects = 1;
	atom->node = maker->fs->effects[effect].node;
	atom->durable = atom->dropped = CRASH__NEVER;
	return atom;
}

/* How many bytes of a write are kept or lost together. */
static uint64_t tear_unit(const struct crash__model *model, uint64_t bytes)
{
	if (model->tear == 0)
		return UINT64_MAX;
	if (model->tear == 1 && bytes > MOST_BYTE_CUTS)
		return (bytes + MOST_BYTE_CUTS - 1) / MOST_BYTE_CUTS;
	return (uint64_t)model->tear;
}

static void make_data(struct maker *maker, uint32_t step, uint32_t index)
{
	const struct crash__effect *effect = &maker->fs->effects[index];
	uint64_t unit = tear_unit(maker->model, effect->bytes), end = effect->offset + effect->bytes;
	uint64_t old_size = effect->old_size;

	for (uint64_t at = effect->offset; at < end;) {
		/* aligned units are what a disk writes; bytes are counted from where the write starts */
		uint64_t next = unit == UINT64_MAX ? end :
				maker->model->tear == 1 ? at + unit :
							  (at / unit + 1) * unit;
		struct crash__atom *atom;

		if (unit != UINT64_MAX && at < old_size && next > old_size)
			next = old_size;
		if (next > end)
			next = end;
		atom = new_atom(maker, CRASH__ATOM_DATA, step, index);
		if (!atom)
			return;
		atom->offset = at;
		atom->bytes = next - at;
		atom->appends = next > old_size;
		at = next;
	}
}

static crash__atom_id new_size(struct maker *maker, uint32_t step, uint32_t index, uint64_t size,
			       crash__atom_id previous)
{
	struct crash__atom *atom = new_atom(maker, CRASH__ATOM_SIZE, step, index);
	crash__atom_id id = (crash__atom_id)maker->atoms->list_count - 1;

	if (!atom)
		return CRASH__NEVER;
	atom->size = size;
	if (previous != CRASH__NEVER)
		order(maker, previous, id);
	return id;
}

/* A file that is written grows unit by unit; one that is truncated may do so in steps. */
static void make_size(struct maker *maker, uint32_t step, uint32_t index, bool by_write)
{
	const struct crash__effect *effect = &maker->fs->effects[index];
	const struct crash__step *made = &maker->fs->steps[step];
	uint64_t unit = by_write ? tear_unit(maker->model, maker->fs->effects[made->first_effect].bytes) : UINT64_MAX;
	uint64_t part = (effect->old_size - effect->size) / (TRUNCATE_STEPS + 1);
	crash__atom_id previous = CRASH__NEVER, first = (crash__atom_id)maker->atoms->list_count;

	if (!maker->model->truncate_atomic && effect->size < effect->old_size && part)
		for (uint64_t i = 1; i <= TRUNCATE_STEPS; i++)
			previous = new_size(maker, step, index, effect->old_size - i * part, previous);
	if (unit != UINT64_MAX)
		for (crash__atom_id data = maker->atoms->first[step]; data < first; data++) {
			const struct crash__atom *atom = &maker->atoms->list[data];
			uint64_t end = atom->offset + atom->bytes;

			if (atom->appends && end < effect->size)
				previous = new_size(maker, step, index, end, previous);
		}
	new_size(maker, step, index, effect->size, previous);
	for (crash__atom_id id = first; id < maker->atoms->list_count; id++)
		maker->atoms->list[id].appends = by_write;
}

/* All entries of a step as one atom, or each as its own. */
static void make_entries(struct maker *maker, uint32_t step, uint32_t index, uint32_t count)
{
	bool whole = maker->model->rename_atomic || moves_directory(maker, &maker->fs->steps[step]);
	uint32_t together = whole ? count : 1;

	for (uint32_t i = 0; i < count; i += together) {
		struct crash__atom *atom = new_atom(maker, CRASH__ATOM_ENTRY, step, index + i);

		if (!atom)
			return;
		atom->effects = together;
	}
}

/* Where creating is not atomic the entry may be there before the inode has its mode. */
static void make_birth(struct maker *maker, uint32_t step, uint32_t index)
{
	const struct crash__step *made = &maker->fs->steps[step];
	const struct crash__effect *effect = &maker->fs->effects[index];
	struct crash__atom *atom;

	if (maker->model->dirop_atomic || !effect->node || effect->node != made->node ||
	    (made->event->family != CRASH__FAMILY_OPEN && made->event->family != CRASH__FAMILY_MKDIR))
		return;
	atom = new_atom(maker, CRASH__ATOM_ATTRIBUTES, step, index);
	if (atom)
		atom->created = true;
}

static void make_atoms(struct maker *maker, uint32_t index)
{
	const struct crash__step *step = &maker->fs->steps[index];
	bool writes = step->event->family == CRASH__FAMILY_WRITE;

	for (uint32_t i = 0; i < step->effects; i++) {
		uint32_t at = step->first_effect + i, count = 1;

		switch (maker->fs->effects[at].kind) {
		case CRASH__EFFECT_DATA:
		case CRASH__EFFECT_ZERO:
			make_data(maker, index, at);
			break;
		case CRASH__EFFECT_SIZE:
			make_size(maker, index, at, writes);
			break;
		case CRASH__EFFECT_ENTRY:
			while (i + count < step->effects &&
			       maker->fs->effects[at + count].kind == CRASH__EFFECT_ENTRY)
				count++;
			make_entries(maker, index, at, count);
			make_birth(maker, index, at);
			i += count - 1;
			break;
		case CRASH__EFFECT_ATTRIBUTES:
			new_atom(maker, CRASH__ATOM_ATTRIBUTES, index, at);
			break;
		}
	}
}

/* The data of a write before the size that shows it, so that a file never shows what nobody wrote. */
static void order_within(struct maker *maker, crash__atom_id first, crash__atom_id end)
{
	const struct crash__atom *list = maker->atoms->list;
	crash__atom_id size = first;

	if (!maker->model->data_before_metadata)
		return;
	/* units and sizes both come in ascending order, and each size has those before it in front of it */
	for (crash__atom_id data = first; data < end; data++) {
		if (list[data].kind != CRASH__ATOM_DATA || !list[data].appends)
			continue;
		while (size < end && (list[size].kind != CRASH__ATOM_SIZE || !list[size].appends ||
				      list[size].size < list[data].offset + list[data].bytes))
			size++;
		if (size < end)
			order(maker, data, size);
	}
}

static void register_atoms(struct maker *maker, crash__atom_id first, crash__atom_id end)
{
	for (crash__atom_id id = first; id < end && !maker->no_memory; id++) {
		const struct crash__atom *atom = &maker->atoms->list[id];

		if (atom->kind == CRASH__ATOM_ENTRY && moves_directory(maker, &maker->fs->steps[atom->step]))
			ordered_add(maker, &maker->moves, atom->step);
		if (atom->kind == CRASH__ATOM_SIZE && !atom->appends && maker->fs->steps[atom->step].replaces)
			maker->rewrites[atom->node] = (struct rewrite){.truncation = id};
		if (atom->kind == CRASH__ATOM_ENTRY)
			ordered_add(maker, &maker->dirops, atom->step);
		else if (atom->appends)
			ordered_add(maker, &maker->appends, atom->step);
		else if (atom->kind == CRASH__ATOM_DATA)
			ordered_add(maker, &maker->overwrites, atom->step);
		add_pending(maker, &maker->all, id);
		/* the size of a file that grew is decided when its data is written: no metadata by itself */
		if (atom->kind != CRASH__ATOM_DATA && !atom->appends)
			add_pending(maker, &maker->metadata, id);
		if (atom->kind != CRASH__ATOM_ENTRY)
			add_pending(maker, &maker->pending[atom->node], id);
		for (uint32_t i = 0; atom->kind == CRASH__ATOM_ENTRY && i < atom->effects; i++) {
			const struct crash__effect *effect = &maker->fs->effects[atom->effect + i];

			add_pending(maker, &maker->pending[maker->fs->slots[effect->slot].directory], id);
			if (!effect->node)
				continue;
			add_pending(maker, &maker->names[effect->node], id);
			maker->home[effect->node] = maker->fs->slots[effect->slot].directory;
		}
	}
}

/* ------------------------------------------------------------------ syncs */

static void make_durable(struct maker *maker, crash__atom_id id, uint32_t step)
{
	crash__atom_id *at;

	maker->stack_count = 0;
	at = CRASH__PUSH(maker, stack);
	if (!at) {
		maker->no_memory = true;
		return;
	}
	*at = id;
	while (maker->stack_count) {
		crash__atom_id now = maker->stack[--maker->stack_count], earlier;
		struct crash__atom *atom = &maker->atoms->list[now];

		if (atom->durable <= step || atom->abandoned)
			continue;
		atom->durable = step;
		CRASH__EACH_EDGE(maker->atoms, atom->before, earlier) {
			at = CRASH__PUSH(maker, stack);
			if (!at) {
				maker->no_memory = true;
				return;
			}
			*at = earlier;
		}
	}
}

static void remove_edge(struct crash__atoms *atoms, uint32_t *at, crash__atom_id atom)
{
	while (*at && atoms->edges[*at - 1].atom != atom)
		at = &atoms->edges[*at - 1].next;
	if (*at)
		*at = atoms->edges[*at - 1].next;
}

/* An atom that will never be written holds nothing up. What was in front of it still is in front of what was behind. */
static void release(struct maker *maker, crash__atom_id id)
{
	struct crash__atoms *atoms = maker->atoms;
	uint32_t after = atoms->list[id].after;
	crash__atom_id earlier, later;

	CRASH__EACH_EDGE(atoms, after, later) {
		CRASH__EACH_EDGE(atoms, atoms->list[id].before, earlier)
			order(maker, earlier, later);
		remove_edge(atoms, &atoms->list[later].before, id);
	}
	atoms->list[id].after = 0;
}

/*
 * What a sync that failed leaves of an atom that it would have made durable. This is about pages: metadata is
 * committed later, by a sync that does not fail.
 */
static void fail_atom(struct maker *maker, crash__atom_id id, uint32_t step)
{
	struct crash__atom *atom = &maker->atoms->list[id];

	if (maker->model->failed_fsync == CRASH__FAILED_DIRTY || atom->kind != CRASH__ATOM_DATA)
		return;
	release(maker, id);
	atom->abandoned = true;
	if (maker->model->failed_fsync == CRASH__FAILED_DROPPED)
		atom->dropped = step;
}

static void cover(struct maker *maker, crash__atom_id id, const struct crash__step *sync, uint32_t step)
{
	struct crash__atom *atom = &maker->atoms->list[id];

	if (atom->durable != CRASH__NEVER || atom->abandoned)
		return;
	if (atom->step != step && !ended_before(maker, atom->step, step))
		return;
	if (sync->sync_failed)
		fail_atom(maker, id, step);
	else
		make_durable(maker, id, step);
}

/* Whether fsync or fdatasync of a file speaks of an atom that belongs to it. */
static bool is_covered(const struct maker *maker, const struct crash__step *sync,
		       const struct crash__atom *atom)
{
	if (sync->sync == CRASH__SYNC_DATA && atom->kind == CRASH__ATOM_ATTRIBUTES && !atom->created)
		return maker->model->fdatasync_drops < CRASH__DROPS_ATTRIBUTES;
	return true;
}

/* Covers the atoms of a list, and takes those that are durable now off it. */
static void cover_list(struct maker *maker, uint32_t *at, const struct crash__step *sync, uint32_t step,
		       bool (*speaks_of)(const struct maker *, const struct crash__step *,
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

/*
 * Whether a sync of a file commits all metadata. fdatasync does only if there is something of the file's own that it
 * has to commit: a size, or its creation.
 */
static bool commits_metadata(const struct maker *maker, const struct crash__step *sync)
{
	if (!maker->model->fsync_commits_metadata || sync->sync != CRASH__SYNC_DATA)
		return maker->model->fsync_commits_metadata;
	for (uint32_t at = maker->pending[sync->node]; at; at = maker->links[at - 1].next) {
		const struct crash__atom *atom = &maker->atoms->list[maker->links[at - 1].atom];

		if (atom->kind == CRASH__ATOM_SIZE && atom->durable == CRASH__NEVER)
			return true;
	}
	for (uint32_t at = maker->names[sync->node]; at; at = maker->links[at - 1].next) {
		const struct crash__atom *atom = &maker->atoms->list[maker->links[at - 1].atom];

		if (event_of(maker, atom->step)->family == CRASH__FAMILY_OPEN && atom->durable == CRASH__NEVER)
			return true;
	}
	return false;
}

static void sync_step(struct maker *maker, const struct crash__step *sync, uint32_t step, crash__atom_id first)
{
	const struct crash__model *model = maker->model;
	bool commits;

	if (sync->sync == CRASH__SYNC_NONE)
		return;
	if (sync->sync_own) {
		for (crash__atom_id id = first; id < maker->atoms->list_count; id++)
			make_durable(maker, id, step);
		return;
	}
	if (sync->sync == CRASH__SYNC_ALL) {
		cover_list(maker, &maker->all, sync, step, NULL);
		return;
	}
	commits = commits_metadata(maker, sync);
	cover_list(maker, &maker->pending[sync->node], sync, step, is_covered);
	if (model->fsync_own_entry &&
	    !(sync->sync == CRASH__SYNC_DATA && model->fdatasync_drops >= CRASH__DROPS_ENTRY))
		/* and of the directories above it: a name that leads nowhere would be none */
		for (crash__node_id node = sync->node; node; node = maker->home[node])
			cover_list(maker, &maker->names[node], sync, step, NULL);
	if (commits)
		cover_list(maker, &maker->metadata, sync, step, NULL);
}

/* ------------------------------------------------------------------ all of it */

static void free_ordered(struct ordered *ordered)
{
	free(ordered->steps);
	free(ordered->ends);
}

int crash__atoms_make(struct crash__atoms *atoms, const struct crash__fs *fs, const struct crash__model *model)
{
	return crash__atoms_make_with(atoms, fs, model, NULL, 0);
}

int crash__atoms_make_with(struct crash__atoms *atoms, const struct crash__fs *fs, const struct crash__model *model,
			   const struct crash__virtual_sync *syncs, size_t count)
{
	struct maker maker = {.atoms = atoms, .fs = fs, .model = model};

	memset(atoms, 0, sizeof *atoms);
	atoms->fs = fs;
	atoms->model = model;
	atoms->first = calloc(fs->steps_count + 1, sizeof *atoms->first);
	maker.pending = calloc(fs->nodes_count + 1, sizeof *maker.pending);
	maker.names = calloc(fs->nodes_count + 1, sizeof *maker.names);
	maker.home = calloc(fs->nodes_count + 1, sizeof *maker.home);
	maker.rewrites = calloc(fs->nodes_count + 1, sizeof *maker.rewrites);
	maker.no_memory = !atoms->first || !maker.pending || !maker.names || !maker.home || !maker.rewrites;
	for (size_t i = 0; i < fs->nodes_count && !maker.no_memory; i++)
		maker.rewrites[i].truncation = CRASH__NEVER;
	for (uint32_t step = 0; step < fs->steps_count && !maker.no_memory; step++) {
		crash__atom_id first = (crash__atom_id)atoms->list_count, end;

		atoms->first[step] = first;
		for (; count && syncs->step == step; syncs++, count--) {
			struct crash__step sync = {
				.event = fs->steps[step].event, .sync = CRASH__SYNC_FILE, .node = syncs->node};

			sync_step(&maker, &sync, step, first);
		}
		note_rewrite(&maker, step);
		make_atoms(&maker, step);
		end = (crash__atom_id)atoms->list_count;
		order_within(&maker, first, end);
		for (crash__atom_id id = first; id < end && !maker.no_memory; id++)
			order_atom(&maker, id);
		register_atoms(&maker, first, end);
		for (crash__atom_id id = first; model->process_only && id < end; id++)
			make_durable(&maker, id, step);
		if (!maker.no_memory)
			sync_step(&maker, &fs->steps[step], step, first);
	}
	if (atoms->first)
		atoms->first[fs->steps_count] = (uint32_t)atoms->list_count;
	free_ordered(&maker.dirops);
	free_ordered(&maker.appends);
	free_ordered(&maker.overwrites);
	free_ordered(&maker.moves);
	free(maker.pending);
	free(maker.names);
	free(maker.home);
	free(maker.rewrites);
	free(maker.links);
	free(maker.stack);
	if (!maker.no_memory)
		return 0;
	crash__atoms_clear(atoms);
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

void crash__atoms_clear(struct crash__atoms *atoms)
{
	free(atoms->list);
	free(atoms->edges);
	free(atoms->first);
	memset(atoms, 0, sizeof *atoms);
}
