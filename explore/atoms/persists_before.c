/* SPDX-License-Identifier: MIT */
#include "explore/atoms/persists_before.h"

#include <assert.h>

#include "explore/atoms/order_rules.h"

/* All that the rows of one scope and subject put before the classes that are the same in this. */
struct chain {
	enum crash__order_scope scope;
	crash__classes predecessors, successors;
	/* ALL_OPS: the steps that have a predecessor, and the latest end of the steps up to there */
	CRASH__VECTOR(uint32_t, steps);
	CRASH__VECTOR(uint64_t, ends);
	/* LAST_OF_FILE, LAST_BELOW_BLOCK: of each file a list of predecessors, newest first; MOVED_NAME: of
	 * each name */
	uint32_t *newest;
};

/* A file that was truncated to nothing, and is written anew by the ops that follow. */
struct rewrite {
	crash__atom_id truncation; /* CRASH__NEVER: it is not */
	bool started;
};

#define MOST_CHAINS 32

struct crash__order {
	struct chain chains[MOST_CHAINS];
	unsigned int count;
	/* of each class a bit for each chain: that orders its atoms, and that orders others after them */
	uint32_t searched[CRASH__CLASSES], remembered[CRASH__CLASSES];
	/* of the last size of an op, by its class, what of the same op persists before it */
	crash__classes stands_for[CRASH__CLASSES];
	struct rewrite *rewrites; /* of each node */
	crash__node_id written;	  /* what the last op wrote to; 0: it did something else */
	crash__atom_id *given; /* of each name, 1 + the atom that gave it last; 0: it is as before the run */
	bool lists_files;      /* a chain has lists of files */
	CRASH__VECTOR(bool, forgotten); /* of each atom, where there are such lists */
};

/* ------------------------------------------------------------------ from rows to chains */

static bool is_of_one_subject(const struct crash__order_rule *a, const struct crash__order_rule *b)
{
	return a->scope == b->scope && a->when[0].offset == b->when[0].offset;
}

static bool add_chain(struct crash__atoms_builder *builder, enum crash__order_scope scope,
		      crash__classes predecessors, crash__classes successors)
{
	struct crash__order *order = builder->order;
	struct chain *chain = &order->chains[order->count];
	/* a truncation is known before what is put in front of it */
	bool reversed = scope == CRASH__REWRITE, in_op = scope < CRASH__ALL_OPS;

	assert(order->count < MOST_CHAINS);
	*chain = (struct chain){.scope = scope, .predecessors = predecessors, .successors = successors};
	for (unsigned int i = 0; i < CRASH__CLASSES && !in_op; i++) {
		order->searched[i] |= ((reversed ? predecessors : successors) >> i & 1) << order->count;
		order->remembered[i] |= ((reversed ? successors : predecessors) >> i & 1) << order->count;
	}
	if (scope == CRASH__LAST_OF_FILE || scope == CRASH__LAST_BELOW_BLOCK || scope == CRASH__MOVED_NAME) {
		size_t lists =
			scope == CRASH__MOVED_NAME ? builder->fs->slots_count : builder->fs->nodes_count;

		chain->newest = calloc(lists + 1, sizeof *chain->newest);
		if (!chain->newest)
			return false;
		order->lists_files = true;
	}
	order->count++;
	return true;
}

/* Adds the chains of a row and of those that have the same subject. */
static bool add_chains(struct crash__atoms_builder *builder, const struct crash__order_rule *first,
		       uint64_t holding)
{
	crash__classes before[CRASH__CLASSES] = {0}, done = 0;
	bool good = true;

	for (size_t row = 0; row < crash__order_rule_count; row++)
		for (unsigned int i = 0; i < CRASH__CLASSES; i++)
			if (holding >> row & 1 && is_of_one_subject(first, &crash__order_rules[row]) &&
			    crash__order_rules[row].successors >> i & 1)
				before[i] |= crash__order_rules[row].predecessors;
	for (unsigned int i = 0; i < CRASH__CLASSES && good; i++) {
		crash__classes alike = 0;

		for (unsigned int j = 0; j < CRASH__CLASSES; j++)
			alike |= (crash__classes)(before[j] == before[i]) << j;
		if (before[i] && !(done >> i & 1))
			good = add_chain(builder, first->scope, before[i], alike);
		done |= alike;
	}
	return good;
}

static uint64_t find_rows(const struct crash__model *model, uint64_t left_out)
{
	uint64_t holding = 0;

	for (size_t row = 0; row < crash__order_rule_count; row++)
		if (!(left_out >> row & 1) && crash__order_rule_holds(&crash__order_rules[row], model))
			holding |= (uint64_t)1 << row;
	return holding;
}

static bool make_chains(struct crash__atoms_builder *builder, uint64_t holding)
{
	for (size_t row = 0; row < crash__order_rule_count; row++) {
		bool is_first = holding >> row & 1;

		for (size_t i = 0; i < row && is_first; i++)
			is_first = !(holding >> i & 1) ||
				   !is_of_one_subject(&crash__order_rules[i], &crash__order_rules[row]);
		if (is_first && !add_chains(builder, &crash__order_rules[row], holding))
			return false;
	}
	return true;
}

static const struct chain *chain_of(const struct crash__order *order, enum crash__order_scope scope)
{
	for (unsigned int i = 0; i < order->count; i++)
		if (order->chains[i].scope == scope)
			return &order->chains[i];
	return NULL;
}

/* The last size of an op has the sizes before it in front of it, and the data that these show. */
static void note_what_sizes_stand_for(struct crash__order *order)
{
	const struct chain *sizes = chain_of(order, CRASH__SIZES_OF_OP),
			   *data = chain_of(order, CRASH__SIZE_OF_DATA);

	for (unsigned int i = 0; i < CRASH__CLASSES && sizes; i++)
		if (sizes->successors >> i & 1)
			order->stands_for[i] = sizes->predecessors |
					       (data && data->successors >> i & 1 ? data->predecessors : 0);
}

bool crash__order_begin(struct crash__atoms_builder *builder, uint64_t rows_left_out)
{
	struct crash__order *order = builder->order = calloc(1, sizeof *order);
	size_t nodes = builder->fs->nodes_count;

	if (!order)
		return false;
	order->rewrites = calloc(nodes + 1, sizeof *order->rewrites);
	order->given = calloc(builder->fs->slots_count + 1, sizeof *order->given);
	if (!order->rewrites || !order->given)
		return false;
	for (size_t i = 0; i < nodes; i++)
		order->rewrites[i].truncation = CRASH__NEVER;
	if (!make_chains(builder, find_rows(builder->model, rows_left_out)))
		return false;
	note_what_sizes_stand_for(order);
	return true;
}

void crash__order_free(struct crash__order *order)
{
	if (!order)
		return;
	for (unsigned int i = 0; i < order->count; i++) {
		free(order->chains[i].steps);
		free(order->chains[i].ends);
		free(order->chains[i].newest);
	}
	free(order->rewrites);
	free(order->given);
	free(order->forgotten);
	free(order);
}

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
	if (first == second || builder->atoms->list[first].abandoned)
		return;
	push_edge(builder, &builder->atoms->list[second].predecessors, first);
	push_edge(builder, &builder->atoms->list[first].successors, second);
}

void crash__order_remove_edges(struct crash__atoms *atoms, uint32_t *at, crash__atom_id atom)
{
	while (*at)
		if (atoms->edges[*at - 1].atom == atom)
			*at = atoms->edges[*at - 1].next;
		else
			at = &atoms->edges[*at - 1].next;
}

/* The search for the predecessors of one atom, from the newest backwards. */
struct search {
	struct crash__atoms_builder *builder;
	const struct chain *chain;
	crash__atom_id of;
	crash__atom_id last; /* that has got an edge; CRASH__NEVER: none */
	uint64_t began;	     /* when the first of the ops with a predecessor began */
};

static struct search begin_search(struct crash__atoms_builder *builder, const struct chain *chain,
				  crash__atom_id of)
{
	return (struct search){builder, chain, of, CRASH__NEVER, UINT64_MAX};
}

/* Takes an atom as a predecessor, if it is of the classes and its op had ended. */
static bool take(struct search *search, crash__atom_id id)
{
	const struct crash__atom *list = search->builder->atoms->list, *atom = &list[id],
				 *of = &list[search->of];
	const crash__classes *stands_for = search->builder->order->stands_for;
	uint64_t start = crash__builder_event(search->builder, atom->step)->start;

	if (!crash__atom_in(atom, search->chain->predecessors) || atom->abandoned || atom->step == of->step ||
	    !crash__builder_ended_before(search->builder, atom->step, of->step))
		return false;
	if (start < search->began)
		search->began = start;
	if (search->last != CRASH__NEVER && list[search->last].step == atom->step &&
	    crash__atom_in(atom, stands_for[list[search->last].class]))
		return true;
	search->last = id;
	crash__persists_before(search->builder, id, search->of);
	return true;
}

/* ------------------------------------------------------------------ predecessors, by scope */

static void order_all_ops(struct crash__atoms_builder *builder, struct chain *chain, crash__atom_id id)
{
	struct search search = begin_search(builder, chain, id);
	const uint32_t *first = builder->atoms->first;

	for (size_t i = chain->steps_count; i-- > 0;) {
		uint32_t step = chain->steps[i];
		bool stands_for_all = false;

		for (crash__atom_id at = first[step + 1]; at-- > first[step];)
			if (take(&search, at) && crash__atom_in(&builder->atoms->list[at], chain->successors))
				stands_for_all = true;
		if (stands_for_all &&
		    (i == 0 || chain->ends[i - 1] < crash__builder_event(builder, step)->start))
			return;
	}
}

/* Whether what a search has found stands for an atom and for all older ones; lists are in the order in which
 * ops ended. */
static bool is_over(const struct search *search, crash__atom_id id)
{
	uint32_t step = search->builder->atoms->list[id].step;

	return search->began != UINT64_MAX &&
	       crash__builder_event(search->builder, step)->end < search->began;
}

static void order_last_of_directory(struct crash__atoms_builder *builder, struct chain *chain,
				    crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];
	const struct crash__fs *fs = builder->fs;

	for (uint32_t i = 0; i < atom->effects; i++) {
		crash__slot_id slot = fs->effects[atom->effect + i].slot;
		struct search search = begin_search(builder, chain, id);

		for (uint32_t at = builder->in_flight.of[fs->slots[slot].directory]; at;
		     at = builder->links[at - 1].next) {
			if (is_over(&search, builder->links[at - 1].atom))
				break;
			take(&search, builder->links[at - 1].atom);
		}
	}
}

static void order_list(struct crash__atoms_builder *builder, struct chain *chain, uint32_t *at,
		       crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];
	struct search search = begin_search(builder, chain, id);
	uint64_t block = atom->offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK;

	while (*at) {
		struct crash__edge *link = &builder->links[*at - 1];

		if (builder->order->forgotten[link->atom]) {
			*at = link->next;
			continue;
		}
		if (is_over(&search, link->atom))
			return;
		if (chain->scope != CRASH__LAST_BELOW_BLOCK || builder->atoms->list[link->atom].size <= block)
			take(&search, link->atom);
		at = &link->next;
	}
}

static void order_last_of_file(struct crash__atoms_builder *builder, struct chain *chain, crash__atom_id id)
{
	order_list(builder, chain, &chain->newest[builder->atoms->list[id].node], id);
}

static void order_moved_name(struct crash__atoms_builder *builder, struct chain *chain, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];

	for (uint32_t i = 0; i < atom->effects; i++)
		order_list(builder, chain, &chain->newest[builder->fs->effects[atom->effect + i].slot], id);
}

static void order_renamed_file(struct crash__atoms_builder *builder, struct chain *chain, crash__atom_id id)
{
	const struct crash__step *step = &builder->fs->steps[builder->atoms->list[id].step];
	struct search search = begin_search(builder, chain, id);
	uint32_t allocated;

	if (!step->replaces || !step->node)
		return;
	allocated = builder->fs->nodes[step->node].allocated;
	for (uint32_t at = builder->in_flight.of[step->node]; at; at = builder->links[at - 1].next) {
		crash__atom_id earlier = builder->links[at - 1].atom;

		if (!allocated || allocated > builder->atoms->list[id].step ||
		    crash__atom_in(&builder->atoms->list[earlier], CRASH__CUTS))
			take(&search, earlier);
	}
}

/* Here the atom is the predecessor. */
static void order_rewrite(struct crash__atoms_builder *builder, struct chain *chain, crash__atom_id id)
{
	const struct crash__atom *list = builder->atoms->list;
	crash__atom_id truncation = builder->order->rewrites[list[id].node].truncation;

	(void)chain;
	if (truncation != CRASH__NEVER && list[truncation].durable == CRASH__NEVER)
		crash__persists_before(builder, id, truncation);
}

/* Finds what an atom is in order with, among those of earlier steps. */
static void order_atom(struct crash__atoms_builder *builder, crash__atom_id id)
{
	static void (*const by_scope[])(struct crash__atoms_builder *, struct chain *, crash__atom_id) = {
		[CRASH__ALL_OPS] = order_all_ops,
		[CRASH__LAST_OF_DIRECTORY] = order_last_of_directory,
		[CRASH__MOVED_NAME] = order_moved_name,
		[CRASH__LAST_OF_FILE] = order_last_of_file,
		[CRASH__LAST_BELOW_BLOCK] = order_last_of_file,
		[CRASH__RENAMED_FILE] = order_renamed_file,
		[CRASH__REWRITE] = order_rewrite,
	};
	struct crash__order *order = builder->order;
	uint32_t chains = order->searched[builder->atoms->list[id].class];

	for (; chains; chains &= chains - 1) {
		struct chain *chain = &order->chains[__builtin_ctz(chains)];

		by_scope[chain->scope](builder, chain, id);
	}
}

static void leave_sizes(struct crash__atoms *atoms, crash__atom_id id)
{
	uint32_t *at = &atoms->list[id].predecessors;

	while (*at) {
		struct crash__atom *size = &atoms->list[atoms->edges[*at - 1].atom];

		if (crash__atom_in(size, CRASH__SIZES)) {
			crash__order_remove_edges(atoms, &size->successors, id);
			*at = atoms->edges[*at - 1].next;
		} else {
			at = &atoms->edges[*at - 1].next;
		}
	}
}

void crash__order_set_alone(struct crash__atoms_builder *builder, crash__atom_id id)
{
	struct crash__atom *atom = &builder->atoms->list[id];
	struct crash__order *order = builder->order;

	if (atom->class != CRASH__CLASS_APPEND)
		return;
	leave_sizes(builder->atoms, id);
	atom->class = CRASH__CLASS_LONE_APPEND;
	for (uint32_t chains = order->searched[atom->class]; chains; chains &= chains - 1) {
		struct chain *chain = &order->chains[__builtin_ctz(chains)];

		if (chain->scope == CRASH__LAST_OF_FILE || chain->scope == CRASH__LAST_BELOW_BLOCK)
			order_last_of_file(builder, chain, id);
	}
}

/* ------------------------------------------------------------------ within one op */

static void order_sizes(struct crash__atoms_builder *builder, const struct chain *chain, crash__atom_id first,
			crash__atom_id end)
{
	crash__atom_id previous = CRASH__NEVER;

	for (crash__atom_id id = first; id < end; id++) {
		if (!crash__atom_in(&builder->atoms->list[id], CRASH__SIZES))
			continue;
		if (previous != CRASH__NEVER && crash__atom_in(&builder->atoms->list[id], chain->successors))
			crash__persists_before(builder, previous, id);
		previous = id;
	}
}

/* Units and sizes both come in ascending order. */
static void order_data(struct crash__atoms_builder *builder, const struct chain *chain, crash__atom_id first,
		       crash__atom_id end)
{
	const struct crash__atom *list = builder->atoms->list;
	crash__atom_id size = first;

	for (crash__atom_id data = first; data < end; data++) {
		if (!crash__atom_in(&list[data], chain->predecessors))
			continue;
		while (size < end && (!crash__atom_in(&list[size], chain->successors) ||
				      list[size].size < list[data].offset + list[data].bytes))
			size++;
		if (size < end)
			crash__persists_before(builder, data, size);
	}
}

/* Whether what a step has written is in one page, and all of the file's data that is not durable. */
static bool is_only_page(const struct crash__atoms_builder *builder, crash__atom_id first, crash__atom_id end)
{
	const struct crash__atom *list = builder->atoms->list;
	uint32_t index = list[first].step, later = index + 1;
	const struct crash__step *steps = builder->fs->steps;
	crash__node_id node = steps[index].node;
	uint64_t page = UINT64_MAX;

	for (crash__atom_id id = first; id < end; id++) {
		if (!crash__atom_in(&list[id], CRASH__DATA))
			continue;
		if (page != UINT64_MAX && list[id].offset / CRASH__FS_BLOCK != page)
			return false;
		page = list[id].offset / CRASH__FS_BLOCK;
	}
	for (uint32_t at = builder->in_flight.of[node]; at; at = builder->links[at - 1].next)
		if (crash__atom_in(&list[builder->links[at - 1].atom], CRASH__DATA) &&
		    list[builder->links[at - 1].atom].durable == CRASH__NEVER)
			return false;
	for (; later < builder->fs->steps_count && !crash__builder_ended_before(builder, index, later);
	     later++)
		if (steps[later].node == node && steps[later].effects)
			return false;
	return true;
}

static void order_within(struct crash__atoms_builder *builder, crash__atom_id first, crash__atom_id end)
{
	struct crash__order *order = builder->order;

	for (unsigned int i = 0; i < order->count; i++)
		if (order->chains[i].scope == CRASH__SIZES_OF_OP)
			order_sizes(builder, &order->chains[i], first, end);
		else if (order->chains[i].scope == CRASH__SIZE_OF_DATA ||
			 (order->chains[i].scope == CRASH__SIZE_OF_ONLY_PAGE &&
			  is_only_page(builder, first, end)))
			order_data(builder, &order->chains[i], first, end);
}

/* ------------------------------------------------------------------ steps */

/* Follows which files are being written anew. */
static void note_rewrite(struct crash__atoms_builder *builder, uint32_t index)
{
	const struct crash__step *step = &builder->fs->steps[index];
	struct crash__order *order = builder->order;
	struct rewrite *rewrite = &order->rewrites[step->node];
	bool writes = step->event->kind == CRASH__EVENT_OP && step->event->family == CRASH__FAMILY_WRITE;

	if (!step->effects && step->sync == CRASH__SYNC_NONE)
		return;
	if (writes && rewrite->started && order->written != step->node)
		rewrite->truncation = CRASH__NEVER;
	rewrite->started |= writes;
	order->written = writes ? step->node : 0;
}

static void add_step(struct crash__atoms_builder *builder, struct chain *chain, uint32_t step)
{
	uint64_t end = crash__builder_event(builder, step)->end;

	if (chain->steps_count && chain->steps[chain->steps_count - 1] == step)
		return;
	if (chain->ends_count && chain->ends[chain->ends_count - 1] > end)
		end = chain->ends[chain->ends_count - 1];
	if (!CRASH__ADD(chain, steps, step) || !CRASH__ADD(chain, ends, end))
		builder->no_memory = true;
}

static bool was_durable(const struct crash__atoms_builder *builder, crash__slot_id slot)
{
	crash__atom_id given = builder->order->given[slot];

	return !given || builder->atoms->list[given - 1].durable != CRASH__NEVER;
}

/* The names that an atom takes from files to which it gives others. One that was not durable may never have
 * been there. */
static void remember_moved(struct crash__atoms_builder *builder, struct chain *chain, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];
	const struct crash__effect *effects = &builder->fs->effects[atom->effect];

	for (uint32_t from = 0; from < atom->effects; from++)
		for (uint32_t to = 0; to < atom->effects && effects[from].old_node; to++)
			if (to != from && effects[to].node == effects[from].old_node &&
			    was_durable(builder, effects[from].slot))
				crash__builder_push(builder, &chain->newest[effects[from].slot], id);
}

static void remember_given(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];

	for (uint32_t i = 0; i < atom->effects && atom->kind == CRASH__ATOM_ENTRY; i++)
		builder->order->given[builder->fs->effects[atom->effect + i].slot] = id + 1;
}

/* Lets the atoms of later steps be in order with this one. */
static void remember(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];
	struct crash__order *order = builder->order;
	uint32_t chains = order->remembered[atom->class];

	for (; chains; chains &= chains - 1) {
		struct chain *chain = &order->chains[__builtin_ctz(chains)];

		if (chain->scope == CRASH__ALL_OPS)
			add_step(builder, chain, atom->step);
		else if (chain->scope == CRASH__REWRITE)
			order->rewrites[atom->node] = (struct rewrite){.truncation = id};
		else if (chain->scope == CRASH__MOVED_NAME)
			remember_moved(builder, chain, id);
		else if (chain->newest)
			crash__builder_push(builder, &chain->newest[atom->node], id);
	}
	remember_given(builder, id);
	if (order->lists_files && !CRASH__ADD(order, forgotten, false))
		builder->no_memory = true;
}

void crash__order_step(struct crash__atoms_builder *builder, uint32_t step, crash__atom_id first)
{
	crash__atom_id end = (crash__atom_id)builder->atoms->list_count;

	note_rewrite(builder, step);
	if (first == end)
		return;
	order_within(builder, first, end);
	for (crash__atom_id id = first; id < end && !builder->no_memory; id++)
		order_atom(builder, id);
	for (crash__atom_id id = first; id < end && !builder->no_memory; id++)
		remember(builder, id);
}

void crash__order_forget(struct crash__atoms_builder *builder, crash__atom_id id)
{
	if (builder->order->lists_files)
		builder->order->forgotten[id] = true;
}
