/* SPDX-License-Identifier: MIT */
#include "explore/atoms/durability.h"

#include "explore/atoms/durability_rules.h"
#include "explore/atoms/in_flight.h"
#include "explore/atoms/persists_before.h"

#define PAGE 4096

/* Whole blocks of a file. */
struct range {
	crash__node_id node;
	uint64_t from, end;
};

/* A sync that failed. */
struct failure {
	crash__node_id node; /* of what it was; 0: of everything */
	uint32_t step;
};

/* The rows that hold for the model, added up. */
struct crash__durability {
	crash__classes made_durable[CRASH__OCCASIONS][CRASH__DURABILITY_SCOPES];
	crash__classes until[CRASH__OCCASIONS], until_name[CRASH__OCCASIONS];
	crash__classes abandoned, unwritable, read_only; /* by a sync that failed */
	CRASH__VECTOR(struct range, unwritable_blocks);
	CRASH__VECTOR(struct failure, failures); /* since which nothing was changed */
	CRASH__VECTOR(uint32_t, stamps);	 /* of atoms: see release() */
	uint32_t stamp;
};

static void add_rule(struct crash__durability *durability, const struct crash__durability_rule *rule)
{
	for (int i = 0; i < CRASH__OCCASIONS && rule->effect == CRASH__BECOMES_DURABLE; i++) {
		if (!(rule->occasions >> i & 1))
			continue;
		durability->made_durable[i][rule->scope] |= rule->classes;
		durability->until[i] |= rule->until;
		durability->until_name[i] |= rule->until_name;
	}
	if (rule->effect == CRASH__BECOMES_ABANDONED)
		durability->abandoned |= rule->classes;
	if (rule->effect == CRASH__BECOMES_UNWRITABLE)
		durability->unwritable |= rule->classes;
	if (rule->effect == CRASH__BECOMES_READ_ONLY)
		durability->read_only |= rule->classes;
}

bool crash__durability_begin(struct crash__atoms_builder *builder, uint64_t rows_left_out)
{
	builder->durability = calloc(1, sizeof *builder->durability);
	for (size_t i = 0; i < crash__durability_rule_count && builder->durability; i++)
		if (!(rows_left_out >> i & 1) &&
		    crash__durability_rule_holds(&crash__durability_rules[i], builder->model))
			add_rule(builder->durability, &crash__durability_rules[i]);
	return builder->durability != NULL;
}

void crash__durability_free(struct crash__durability *durability)
{
	if (!durability)
		return;
	free(durability->unwritable_blocks);
	free(durability->failures);
	free(durability->stamps);
	free(durability);
}

/* ------------------------------------------------------------------ atoms that are durable */

/* Makes an atom durable from a step on, and all that persists before it. */
static void make_durable(struct crash__atoms_builder *builder, crash__atom_id id, uint32_t step)
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

/* ------------------------------------------------------------------ syncs that fail */

/* Stamps the predecessors of an atom, so that none becomes one twice. */
static bool stamp_predecessors(struct crash__atoms_builder *builder, crash__atom_id id)
{
	struct crash__durability *durability = builder->durability;
	crash__atom_id earlier;

	while (durability->stamps_count < builder->atoms->list_count)
		if (!CRASH__ADD(durability, stamps, 0))
			return false;
	durability->stamp++;
	CRASH__EACH_EDGE(builder->atoms, builder->atoms->list[id].predecessors, earlier)
		durability->stamps[earlier] = durability->stamp;
	return true;
}

/*
 * An atom that will never be written holds nothing up. What persists before it still persists before what
 * came after it.
 */
static void release(struct crash__atoms_builder *builder, crash__atom_id id)
{
	struct crash__atoms *atoms = builder->atoms;
	struct crash__durability *durability = builder->durability;
	uint32_t successors = atoms->list[id].successors;
	crash__atom_id earlier, later;

	CRASH__EACH_EDGE(atoms, successors, later) {
		if (!stamp_predecessors(builder, later)) {
			builder->no_memory = true;
			return;
		}
		CRASH__EACH_EDGE(atoms, atoms->list[id].predecessors, earlier)
			if (durability->stamps[earlier] != durability->stamp) {
				durability->stamps[earlier] = durability->stamp;
				crash__persists_before(builder, earlier, later);
			}
		crash__order_remove_edges(atoms, &atoms->list[later].predecessors, id);
	}
	atoms->list[id].successors = 0;
}

static uint64_t up_to_block(uint64_t offset)
{
	return (offset + CRASH__FS_BLOCK - 1) / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
}

/* Ranges of a file that touch are one, so that there are few. */
static void give_up_blocks(struct crash__atoms_builder *builder, const struct crash__atom *atom)
{
	struct crash__durability *durability = builder->durability;
	struct range range = {atom->node, atom->offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK,
			      up_to_block(atom->offset + atom->bytes)};

	for (size_t i = 0; i < durability->unwritable_blocks_count; i++) {
		struct range *other = &durability->unwritable_blocks[i];

		if (other->node != range.node || range.from > other->end || range.end < other->from)
			continue;
		other->from = range.from < other->from ? range.from : other->from;
		other->end = range.end > other->end ? range.end : other->end;
		return;
	}
	builder->no_memory |= !CRASH__ADD(durability, unwritable_blocks, range);
}

bool crash__durability_writes(const struct crash__atoms_builder *builder, crash__node_id node, uint64_t from,
			      uint64_t end)
{
	const struct crash__durability *durability = builder->durability;

	for (size_t i = 0; i < durability->unwritable_blocks_count; i++) {
		const struct range *range = &durability->unwritable_blocks[i];

		if (range->node == node && range->from < end && range->end > from)
			return false;
	}
	return true;
}

/* A truncation takes blocks away. What comes in their place is new. */
static void forget_blocks(struct crash__durability *durability, const struct crash__atom *cut)
{
	uint64_t end = up_to_block(cut->size);
	size_t kept = 0;

	for (size_t i = 0; i < durability->unwritable_blocks_count; i++) {
		struct range range = durability->unwritable_blocks[i];

		if (range.node == cut->node && range.end > end)
			range.end = end;
		if (range.from < range.end)
			durability->unwritable_blocks[kept++] = range;
	}
	durability->unwritable_blocks_count = kept;
}

static void give_up(struct crash__atoms_builder *builder, crash__atom_id id)
{
	struct crash__atom *atom = &builder->atoms->list[id];

	release(builder, id);
	atom->abandoned = true;
	if (crash__atom_in(atom, CRASH__GROWS))
		builder->in_flight.size_lost[atom->node] = true;
}

/* What a sync that failed leaves of an atom that it would have made durable. */
static void fail_atom(struct crash__atoms_builder *builder, crash__atom_id id)
{
	struct crash__atom *atom = &builder->atoms->list[id];

	atom->failed = true;
	if (crash__atom_in(atom, builder->durability->abandoned))
		give_up(builder, id);
	if (crash__atom_in(atom, builder->durability->unwritable))
		give_up_blocks(builder, atom);
}

/* What was written to such blocks while the sync went on. */
static void fail_overlapping(struct crash__atoms_builder *builder)
{
	const struct crash__durability *durability = builder->durability;

	for (size_t i = 0; i < durability->unwritable_blocks_count; i++) {
		crash__node_id node = durability->unwritable_blocks[i].node;

		for (uint32_t at = builder->in_flight.of[node]; at; at = builder->links[at - 1].next) {
			crash__atom_id id = builder->links[at - 1].atom;
			const struct crash__atom *atom = &builder->atoms->list[id];

			if (crash__atom_in(atom, CRASH__DATA) && atom->durable == CRASH__NEVER &&
			    !atom->abandoned &&
			    !crash__durability_writes(builder, node, atom->offset,
						      atom->offset + atom->bytes))
				give_up(builder, id);
		}
	}
}

/* Whether a step shows that the file system can be written to. A store does not: the page may have been
 * writable before. */
static bool is_change(const struct crash__atoms_builder *builder, uint32_t step)
{
	return builder->fs->steps[step].effects &&
	       crash__builder_event(builder, step)->kernel != CRASH__CALL_store;
}

/*
 * The step from which on a sync has made something durable: itself, unless one of the node failed before and
 * nothing was changed since. Then it is the next change. Had the file system become read-only when the sync
 * failed, that would not have been possible. CRASH__NEVER: there is none.
 */
static uint32_t effective_step(const struct crash__atoms_builder *builder, crash__node_id node, uint32_t step)
{
	const struct crash__durability *durability = builder->durability;
	bool failed = false;

	for (size_t i = 0; i < durability->failures_count; i++)
		failed |= !node || !durability->failures[i].node || durability->failures[i].node == node;
	if (!failed)
		return step;
	for (uint32_t later = step + 1; later < builder->fs->steps_count; later++)
		if (is_change(builder, later) && crash__builder_ended_before(builder, step, later))
			return later;
	return CRASH__NEVER;
}

static void forget_failures(struct crash__atoms_builder *builder, uint32_t step)
{
	struct crash__durability *durability = builder->durability;
	size_t kept = 0;

	if (!is_change(builder, step))
		return;
	for (size_t i = 0; i < durability->failures_count; i++)
		if (!crash__builder_ended_before(builder, durability->failures[i].step, step))
			durability->failures[kept++] = durability->failures[i];
	durability->failures_count = kept;
}

/* ------------------------------------------------------------------ what a sync speaks of */

struct coverage {
	const struct crash__step *sync;
	uint32_t step, effective; /* see effective_step() */
	crash__classes classes;
	crash__classes in_range; /* of these only what is in the pages of an msync */
	uint32_t until;		 /* only this step and those before it; CRASH__NEVER: all */
	bool of_file;		 /* the list is that of a file or directory */
	bool partial;		 /* pages alone give the file its size: crash__in_flight_is_partial() */
};

/* An msync writes whole pages, and the end of a file with its data. */
static bool is_in_range(const struct crash__step *sync, const struct crash__atom *atom)
{
	uint64_t first = atom->offset, end = atom->offset + atom->bytes,
		 to = (sync->sync_to + PAGE - 1) / PAGE * PAGE;

	if (!sync->sync_to)
		return true;
	if (atom->kind == CRASH__ATOM_SIZE) {
		end = atom->size;
		first = end - 1;
	}
	return first < to && end > sync->sync_from;
}

static bool is_covered(const struct crash__atoms_builder *builder, const struct coverage *coverage,
		       const struct crash__atom *atom)
{
	if (coverage->until != CRASH__NEVER && atom->step != coverage->until &&
	    !crash__builder_ended_before(builder, atom->step, coverage->until))
		return false;
	if ((coverage->partial && crash__atom_in(atom, CRASH__GROWS)) || atom->unsure)
		return false;
	return crash__atom_in(atom, coverage->classes) ||
	       (crash__atom_in(atom, coverage->in_range) && is_in_range(coverage->sync, atom));
}

static void cover(struct crash__atoms_builder *builder, const struct coverage *coverage, crash__atom_id id)
{
	struct crash__atom *atom = &builder->atoms->list[id];

	if (atom->durable <= coverage->step || atom->abandoned)
		return;
	if (atom->step != coverage->step && !crash__builder_ended_before(builder, atom->step, coverage->step))
		return;
	if (!coverage->sync->sync_failed)
		make_durable(builder, id, coverage->effective);
	else if (atom->durable == CRASH__NEVER)
		fail_atom(builder, id);
}

/* Whether a sync makes all sizes of its file durable, so that no later one has to wait for any of them. */
static bool is_whole(const struct coverage *coverage)
{
	return coverage->of_file && !coverage->partial && !coverage->sync->sync_failed;
}

/* Covers the atoms of a list, and takes those that are durable now off it. */
static void cover_list(struct crash__atoms_builder *builder, const struct coverage *coverage, uint32_t *at)
{
	while (*at && !builder->no_memory) {
		struct crash__edge *link = &builder->links[*at - 1];
		const struct crash__atom *atom = &builder->atoms->list[link->atom];

		if (is_covered(builder, coverage, atom))
			cover(builder, coverage, link->atom);
		if (atom->durable > coverage->step) {
			at = &link->next;
			continue;
		}
		if (is_whole(coverage))
			crash__order_forget(builder, link->atom);
		*at = link->next;
	}
}

/* The last step of which a sync of a file has to commit something: nobody waits for what came after it. */
static uint32_t committed_step(const struct crash__atoms_builder *builder, const struct crash__step *sync,
			       uint32_t step, enum crash__occasion occasion)
{
	const struct crash__durability *durability = builder->durability;
	uint32_t own = crash__in_flight_last(builder, builder->in_flight.of[sync->node],
					     durability->until[occasion], step);
	uint32_t named = crash__in_flight_last(builder, builder->in_flight.names[sync->node],
					       durability->until_name[occasion], step);

	return named == CRASH__NEVER || (own != CRASH__NEVER && own > named) ? own : named;
}

/* ------------------------------------------------------------------ syncs */

/* The atoms of an op itself, when it is done or when it has synced itself. */
static void cover_op(struct crash__atoms_builder *builder, enum crash__occasion occasion,
		     crash__atom_id first, crash__atom_id end, uint32_t step)
{
	crash__classes classes = builder->durability->made_durable[occasion][CRASH__OF_OP];

	for (crash__atom_id id = first; id < end && classes; id++) {
		const struct crash__atom *atom = &builder->atoms->list[id];

		/* data that the file's end on the disk is behind can be had without another size */
		if (occasion == CRASH__ON_SYNC_WRITE && atom->class == CRASH__CLASS_REACH &&
		    !atom->behind_end)
			continue;
		if (crash__atom_in(atom, classes))
			make_durable(builder, id, step);
	}
}

void crash__durability_op(struct crash__atoms_builder *builder, uint32_t step, crash__atom_id first)
{
	crash__atom_id end = (crash__atom_id)builder->atoms->list_count;

	forget_failures(builder, step);
	for (crash__atom_id id = first; id < end; id++)
		if (crash__atom_in(&builder->atoms->list[id], CRASH__CUTS))
			forget_blocks(builder->durability, &builder->atoms->list[id]);
	cover_op(builder, CRASH__ON_ANY_OP, first, end, step);
}

static void sync_everything(struct crash__atoms_builder *builder, const struct crash__step *sync,
			    uint32_t step, uint32_t effective)
{
	struct coverage coverage = {
		.sync = sync,
		.step = step,
		.effective = effective,
		.classes = builder->durability->made_durable[CRASH__ON_SYNC][CRASH__OF_SYSTEM],
		.until = CRASH__NEVER,
	};

	cover_list(builder, &coverage, &builder->in_flight.everything);
}

static void sync_file(struct crash__atoms_builder *builder, const struct crash__step *sync, uint32_t step,
		      uint32_t effective, enum crash__occasion occasion)
{
	const crash__classes *durable = builder->durability->made_durable[occasion];
	struct crash__in_flight *in_flight = &builder->in_flight;
	struct coverage of_file = {
		.sync = sync,
		.step = step,
		.effective = effective,
		.classes = durable[CRASH__OF_FILE],
		.in_range = durable[CRASH__OF_RANGE],
		.until = CRASH__NEVER,
		.of_file = true,
		.partial = crash__in_flight_is_partial(builder, sync),
	};
	struct coverage of_names = {.sync = sync,
				    .step = step,
				    .effective = effective,
				    .classes = durable[CRASH__OF_NAMES],
				    .until = CRASH__NEVER};
	struct coverage of_path = {.sync = sync,
				   .step = step,
				   .effective = effective,
				   .classes = durable[CRASH__OF_PATH],
				   .until = CRASH__NEVER};
	struct coverage of_commit = {
		.sync = sync,
		.step = step,
		.effective = effective,
		.classes = durable[CRASH__OF_COMMIT],
		.until = committed_step(builder, sync, step, occasion),
	};

	if (occasion == CRASH__ON_SYNC_WRITE)
		cover_op(builder, occasion, builder->atoms->first[step - 1], builder->atoms->first[step],
			 effective);
	else
		cover_list(builder, &of_file, &in_flight->of[sync->node]);
	if (of_names.classes)
		cover_list(builder, &of_names, &in_flight->names[sync->node]);
	/* a name that leads nowhere would be none */
	for (crash__node_id node = in_flight->parent[sync->node]; node && of_path.classes;
	     node = in_flight->parent[node])
		cover_list(builder, &of_path, &in_flight->names[node]);
	if (of_commit.until != CRASH__NEVER)
		cover_list(builder, &of_commit, &in_flight->metadata);
}

void crash__durability_sync(struct crash__atoms_builder *builder, const struct crash__step *sync,
			    uint32_t step)
{
	crash__node_id node = sync->sync == CRASH__SYNC_ALL ? 0 : sync->node;
	uint32_t effective;

	if (sync->sync == CRASH__SYNC_NONE || sync->sync_refused)
		return;
	effective = sync->sync_failed ? step : effective_step(builder, node, step);
	if (effective == CRASH__NEVER)
		return;
	if (sync->sync_failed && builder->durability->read_only)
		builder->no_memory |=
			!CRASH__ADD(builder->durability, failures, (struct failure){node, step});
	switch (sync->sync) {
	case CRASH__SYNC_NONE:
		break;
	case CRASH__SYNC_ALL:
		sync_everything(builder, sync, step, effective);
		break;
	case CRASH__SYNC_FILE:
		sync_file(builder, sync, step, effective, CRASH__ON_FSYNC);
		break;
	case CRASH__SYNC_DATA:
		sync_file(builder, sync, step, effective,
			  sync->sync_own ? CRASH__ON_SYNC_WRITE : CRASH__ON_FDATASYNC);
		break;
	}
	if (sync->sync_failed)
		fail_overlapping(builder);
}
