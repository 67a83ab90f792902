/* SPDX-License-Identifier: MIT */
#include "explore/states/tiers.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "common/op_record.h"
#include "explore/atoms/atom_set.h"
#include "explore/states/page_units.h"
#include "explore/states/view_new.h"

#define MOST_CHOICES 3 /* crash__model_choices() */

/* Each strategy crosses the recording with whole pages, and then, if it has states with torn ones, with
 * those. */
enum round { WHOLE_PAGES, TORN_PAGES };

struct tier {
	enum round round;
	const struct crash__atoms *atoms;
	const struct crash__fs *fs;
	struct crash__view *view;
	struct crash__view *views[MOST_CHOICES]; /* of what lost data shows as; the first is `view` */
	unsigned int choices;
	enum crash__reference reference;
	crash__tier_emit *emit;
	void *context;
	int64_t step;			     /* the point */
	int64_t acked_before;		     /* the last one before it where something was acknowledged */
	bool acked_now;			     /* at the point itself */
	CRASH__VECTOR(crash__atom_id, open); /* atoms that are not durable at the point, in order */
	bool *ends;			     /* by step: whether an atom becomes durable there */
	struct crash__set set;		     /* that is being made */
	const struct crash__tier_options *options;
};

#define DEFAULT true
#define ASKED false
#define KILL true
#define POWER false
const struct crash__tier_info crash__tiers[CRASH__TIERS] = {
#define TIER(ENUM, name, reference, function, points, rounds, use, kill, proves)                             \
	[CRASH__TIER_##ENUM] = {name, proves, use, kill},
#include "tiers.def"
#undef TIER
};

uint32_t crash__tiers_by_default(void)
{
	uint32_t tiers = 0;

	for (int tier = 0; tier < CRASH__TIERS; tier++)
		tiers |= (uint32_t)crash__tiers[tier].by_default << tier;
	return tiers;
}

enum crash__tier crash__tier_of_name(const char *name, size_t length)
{
	int tier = 0;

	while (tier < CRASH__TIERS && (strlen(crash__tiers[tier].name) != length ||
				       memcmp(crash__tiers[tier].name, name, length) != 0))
		tier++;
	return (enum crash__tier)tier;
}

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

static uint64_t acked_at(const struct crash__fs *fs, int64_t step)
{
	return step < 0 ? 0 : fs->steps[step].acked;
}

/* Whether a file may show lost data: behind its end, or in a block that it was to be moved to. */
static bool shows_lost(const struct tier *tier)
{
	const struct crash__atoms *atoms = tier->atoms;

	if (tier->reference == CRASH__EVERYTHING) {
		for (size_t i = 0; i < tier->set.list_count; i++)
			if (crash__atom_in(&atoms->list[tier->set.list[i]], CRASH__SHOWS_LOST))
				return true;
		return false;
	}
	for (size_t i = 0; i < tier->open_count; i++)
		if (crash__atom_in(&atoms->list[tier->open[i]], CRASH__SHOWS_LOST) &&
		    !crash__set_has(&tier->set, tier->open[i]))
			return true;
	return false;
}

static int give(struct tier *tier, uint64_t acked)
{
	struct crash__state state = {
		.step = tier->step,
		.reference = tier->reference,
		.count = (uint32_t)tier->set.list_count,
		.acked = acked,
	};
	unsigned int choices = tier->choices > 1 && shows_lost(tier) ? tier->choices : 1;
	int error = 0;

	crash__set_sort(&tier->set);
	state.flipped = tier->set.list;
	for (; state.choice < choices && error == 0; state.choice++)
		error = tier->emit(tier->context, tier->views[state.choice], &state);
	return error;
}

static int give_set(struct tier *tier)
{
	return give(tier, acked_at(tier->fs, tier->step));
}

/* ------------------------------------------------------------------ the points */

static bool is_store(const struct crash__event *event)
{
	return event->kind == CRASH__EVENT_OP && event->route == CRASH__ROUTE_MEMORY;
}

bool crash__tier_is_point(const struct crash__fs *fs, int64_t step)
{
	const struct crash__event *event, *next;

	assert(step >= -1 && step < (int64_t)fs->steps_count);
	if (step < 0 || step + 1 >= (int64_t)fs->steps_count)
		return true;
	event = fs->steps[step].event;
	next = fs->steps[step + 1].event;
	return !is_store(event) || !is_store(next) || event->process != next->process ||
	       event->thread != next->thread;
}

bool crash__tier_news(const struct crash__fs *fs, int64_t step)
{
	if (!crash__tier_is_point(fs, step))
		return false;
	return step < 0 || fs->steps[step].effects || fs->steps[step].sync != CRASH__SYNC_NONE ||
	       fs->steps[step].writes_back || fs->steps[step].acked != acked_at(fs, step - 1) ||
	       !crash__tier_is_point(fs, step - 1);
}

/* Goes to a point, and finds out what is not durable there. */
static int go_to(struct tier *tier, int64_t step)
{
	size_t kept = 0;
	int error = 0;

	for (unsigned int i = 0; i < tier->choices && error == 0; i++)
		error = crash__view_advance(tier->views[i], step);
	if (tier->acked_now)
		tier->acked_before = tier->step;
	tier->step = step;
	tier->acked_now = step >= 0 && tier->fs->steps[step].acked != acked_at(tier->fs, step - 1);
	if (error < 0 || step < 0)
		return error;
	for (crash__atom_id id = tier->atoms->first[step]; id < tier->atoms->first[step + 1]; id++)
		if (!CRASH__ADD(tier, open, id))
			return no_memory();
	/* of many that stay open, none is looked at at each point */
	if (!tier->ends[step])
		return 0;
	for (size_t i = 0; i < tier->open_count; i++)
		if (crash__atom_is_open(&tier->atoms->list[tier->open[i]], step))
			tier->open[kept++] = tier->open[i];
	tier->open_count = kept;
	return 0;
}

static bool find_ends(struct tier *tier)
{
	const struct crash__atoms *atoms = tier->atoms;
	size_t steps = tier->fs->steps_count;

	tier->ends = calloc(steps + 1, sizeof *tier->ends);
	for (crash__atom_id id = 0; tier->ends && id < atoms->list_count; id++) {
		uint32_t durable = atoms->list[id].durable, step = atoms->list[id].step;

		if (durable != CRASH__NEVER)
			tier->ends[durable > step ? durable : step] = true;
	}
	if (tier->ends)
		tier->ends[steps] = true; /* what is open in the end is so for the last time */
	return tier->ends != NULL;
}

/* ------------------------------------------------------------------ the tiers, each at one point */

/*
 * Ops that overlapped end in some order, but a crash may have found the later one done and the earlier one
 * not. An op that is not done takes along what began after its end.
 */
static int without_overlapping(struct tier *tier, uint32_t missing)
{
	const struct crash__step *steps = tier->fs->steps;
	uint64_t end = steps[missing].event->end;

	crash__set_begin(&tier->set, tier->step);
	for (uint32_t step = missing; (int64_t)step < tier->step; step++) {
		if (step != missing && steps[step].event->start < end)
			continue;
		for (crash__atom_id id = tier->atoms->first[step]; id < tier->atoms->first[step + 1]; id++)
			if (crash__view_has(tier->view, id) && crash__set_add(&tier->set, id) < 0)
				return no_memory();
	}
	return tier->set.list_count ? give(tier, acked_at(tier->fs, (int64_t)missing - 1)) : 0;
}

static int at_prefix(struct tier *tier)
{
	const struct crash__step *steps = tier->fs->steps;
	int error;

	crash__set_begin(&tier->set, tier->step);
	error = give_set(tier);
	if (tier->step <= 0 || !steps[tier->step].effects)
		return error;
	/* steps are in order of their ends */
	for (int64_t step = tier->step - 1; error == 0 && step >= 0; step--) {
		if (steps[step].event->end < steps[tier->step].event->start)
			break;
		if (steps[step].effects)
			error = without_overlapping(tier, (uint32_t)step);
	}
	return error;
}

static int at_cut(struct tier *tier)
{
	crash__set_begin(&tier->set, tier->step);
	return give_set(tier);
}

static size_t units_at(const struct tier *tier, size_t at)
{
	return crash__page_units(tier->atoms, &tier->open[at], tier->open_count - at);
}

/* Adds some that are open to the set that is being made, one after the other. */
static int add_open(struct tier *tier, size_t from, size_t count,
		    int (*add)(struct crash__set *set, crash__atom_id id))
{
	int error = 0;

	for (size_t i = from; i < from + count && error == 0; i++)
		if (!crash__set_has(&tier->set, tier->open[i]))
			error = add(&tier->set, tier->open[i]);
	return error;
}

static int give_open(struct tier *tier, size_t from, size_t count,
		     int (*add)(struct crash__set *set, crash__atom_id id))
{
	int error;

	crash__set_begin(&tier->set, tier->step);
	error = add_open(tier, from, count, add);
	return error == 0 ? give_set(tier) : error;
}

/* Each page, or what else is no part of one. */
static int at_omit(struct tier *tier)
{
	int error = 0;

	for (size_t i = 0, units; i < tier->open_count && error == 0; i += units) {
		units = units_at(tier, i);
		error = give_open(tier, i, units, crash__set_omit);
	}
	return error;
}

static int at_keep(struct tier *tier)
{
	int error = 0;

	for (size_t i = 0, units; i < tier->open_count && error == 0; i += units) {
		units = units_at(tier, i);
		error = give_open(tier, i, units, crash__set_keep);
	}
	return error;
}

static bool is_unit(const struct tier *tier, crash__atom_id id)
{
	const struct crash__atom *atom = &tier->atoms->list[id];

	/* a write that is done is never lost by a process crash; but it is cut when the crash comes during it
	 */
	return atom->kind == CRASH__ATOM_DATA &&
	       (tier->atoms->model->process_only || crash__atom_is_open(atom, tier->step));
}

static int without_units(struct tier *tier, crash__atom_id first, crash__atom_id end)
{
	int error = 0;

	crash__set_begin(&tier->set, tier->step);
	for (crash__atom_id id = first; id < end && error == 0; id++)
		error = is_unit(tier, id) ? crash__set_omit(&tier->set, id) : 0;
	return error == 0 ? give_set(tier) : error;
}

/*
 * A write that is under way, or not yet synced, with its units from one on, or up to one, lost; and of a torn
 * page each unit. Where only the process dies the pages before the cut are all there: they are written in
 * order.
 */
static int tear_write(struct tier *tier, uint32_t step)
{
	crash__atom_id first = tier->atoms->first[step], end = tier->atoms->first[step + 1];
	int error = 0;

	for (crash__atom_id cut = first + 1; cut < end && error == 0; cut++) {
		bool torn = crash__same_page(tier->atoms, cut - 1, cut);

		if (!is_unit(tier, cut) || !is_unit(tier, cut - 1) || torn != (tier->round == TORN_PAGES))
			continue;
		error = without_units(tier, cut, end);
		if (tier->atoms->model->process_only)
			continue;
		if (error == 0)
			error = without_units(tier, first, cut);
		if (error == 0 && torn)
			error = without_units(tier, cut, cut + 1);
	}
	return error;
}

/* ------------------------------------------------------------------ stores, at one point */

uint32_t crash__tier_first_store(const struct crash__fs *fs, uint32_t step)
{
	while (step > 0 && !crash__tier_is_point(fs, (int64_t)step - 1))
		step--;
	return step;
}

/* The state without those whose bit is not set. */
static int give_units(struct tier *tier, crash__atom_id first, crash__atom_id end, const bool *kept)
{
	crash__set_begin(&tier->set, tier->step);
	for (crash__atom_id id = first; id < end; id++)
		if (is_unit(tier, id) && !kept[id - first] && crash__set_add(&tier->set, id) < 0)
			return no_memory();
	return give_set(tier);
}

/* Each unit missing, and each alone. */
static int each_unit(struct tier *tier, crash__atom_id first, crash__atom_id end, bool *kept)
{
	int error = 0;

	for (int alone = 0; alone < 2 && error == 0; alone++)
		for (crash__atom_id id = first; id < end && error == 0; id++) {
			if (!is_unit(tier, id))
				continue;
			memset(kept, !alone, end - first);
			kept[id - first] = alone;
			error = give_units(tier, first, end, kept);
		}
	return error;
}

/* Every subset of a few units. */
static int every_subset(struct tier *tier, crash__atom_id first, crash__atom_id end, unsigned int units,
			bool *kept)
{
	int error = 0;

	for (unsigned int set = 1; set + 1 < 1u << units && error == 0; set++) {
		unsigned int unit = 0;

		for (crash__atom_id id = first; id < end; id++)
			kept[id - first] = is_unit(tier, id) && (set >> unit++ & 1);
		error = give_units(tier, first, end, kept);
	}
	return error;
}

/*
 * Stores to a mapping are in the page cache as soon as they are made, and in which order they came is not
 * seen: a process that died between two looks of the recorder may have left any of what changed in between.
 */
static int tear_stores(struct tier *tier)
{
	crash__atom_id end = tier->atoms->first[tier->step + 1],
		       first = tier->atoms->first[crash__tier_first_store(tier->fs, (uint32_t)tier->step)];
	unsigned int units = 0;
	bool *kept;
	int error;

	for (crash__atom_id id = first; id < end; id++)
		units += is_unit(tier, id);
	if (units < 2)
		return 0;
	kept = calloc(end - first, sizeof *kept);
	if (!kept)
		return no_memory();
	error = units <= CRASH__TIER_STORES ? every_subset(tier, first, end, units, kept) :
					      each_unit(tier, first, end, kept);
	free(kept);
	return error;
}

uint64_t crash__tier_many_stores(const struct crash__atoms *atoms)
{
	const struct crash__fs *fs = atoms->fs;
	uint64_t count = 0;

	for (uint32_t step = 0; step < fs->steps_count; step++) {
		uint32_t first;

		if (!is_store(fs->steps[step].event) || !crash__tier_is_point(fs, step))
			continue;
		first = crash__tier_first_store(fs, step);
		count += atoms->first[step + 1] - atoms->first[first] > CRASH__TIER_STORES;
	}
	return count;
}

/* ------------------------------------------------------------------ tears, at one point */

/* Whether an acknowledgement has just come, the first one since an atom's op. */
static bool is_acknowledged(const struct tier *tier, const struct crash__atom *atom)
{
	return tier->acked_now && (int64_t)atom->step > tier->acked_before;
}

static bool is_last(const struct tier *tier, const struct crash__atom *atom)
{
	uint32_t durable = atom->durable == CRASH__NEVER ? (uint32_t)tier->fs->steps_count : atom->durable;

	return tier->step + 1 == (int64_t)durable;
}

/* Right after it, when somebody has been told, and at the last point before it is durable. */
static int at_tear(struct tier *tier)
{
	uint32_t last = CRASH__NEVER;
	int error = 0;

	if (tier->step >= 0)
		error = tier->atoms->model->process_only && is_store(tier->fs->steps[tier->step].event) ?
				tear_stores(tier) :
				tear_write(tier, (uint32_t)tier->step);
	if (tier->atoms->model->process_only || !(tier->acked_now || tier->ends[tier->step + 1]))
		return error;
	for (size_t i = 0; i < tier->open_count && error == 0; i++) {
		const struct crash__atom *atom = &tier->atoms->list[tier->open[i]];

		if ((is_last(tier, atom) || is_acknowledged(tier, atom)) && atom->step != last &&
		    (int64_t)atom->step != tier->step) {
			last = atom->step;
			error = tear_write(tier, atom->step);
		}
	}
	return error;
}

static bool has_open(const struct tier *tier, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++)
		if (!crash__set_has(&tier->set, tier->open[i]))
			return false;
	return true;
}

static int at_pairs(struct tier *tier)
{
	int error = 0;

	for (size_t i = 0, units; i < tier->open_count && error == 0; i += units) {
		units = units_at(tier, i);
		for (size_t j = i + units, others; j < tier->open_count && error == 0; j += others) {
			others = units_at(tier, j);
			crash__set_begin(&tier->set, tier->step);
			error = add_open(tier, i, units, crash__set_omit);
			if (error < 0 || has_open(tier, j, others))
				continue; /* they go together: omit-1 has it */
			error = add_open(tier, j, others, crash__set_omit);
			if (error == 0)
				error = give_set(tier);
		}
	}
	return error;
}

/* ------------------------------------------------------------------ at random */

/* A page, all of it or, one time in four, some of its units. */
static int omit_at_random(struct tier *tier, size_t from, size_t units, uint64_t odds, uint64_t *random)
{
	if (crash__random_below(random, 8) >= odds)
		return 0;
	if (units > 1 && crash__random_below(random, 4) == 0) {
		size_t skipped = crash__random_below(random, units);

		from += skipped;
		units = 1 + crash__random_below(random, units - skipped);
	}
	return add_open(tier, from, units, crash__set_omit);
}

/* Each point gets its share of the samples: what it draws depends on the seed and the point alone. */
static int at_sample(struct tier *tier)
{
	uint64_t points = tier->fs->steps_count + 1,
		 random = tier->options->seed ^ (uint64_t)tier->step * 0x100000001b3;
	uint64_t share = tier->options->samples / points +
			 ((uint64_t)tier->step < tier->options->samples % points && tier->step >= 0);
	int error = 0;

	for (uint64_t i = 0; i < share && error == 0 && tier->open_count; i++) {
		uint64_t odds = crash__random_below(&random, 7) + 1; /* of eight */

		crash__set_begin(&tier->set, tier->step);
		for (size_t at = 0, units; at < tier->open_count && error == 0; at += units) {
			units = units_at(tier, at);
			error = omit_at_random(tier, at, units, odds, &random);
		}
		if (error == 0)
			error = give_set(tier);
	}
	return error;
}

/* ------------------------------------------------------------------ all of them */

static bool is_torn_at(const struct tier *tier, const char *out, size_t at)
{
	return at > 0 && out[at - 1] != out[at] &&
	       crash__same_page(tier->atoms, tier->open[at - 1], tier->open[at]);
}

static bool tears_a_page(const struct tier *tier, const char *out)
{
	size_t at = 0;

	while (at < tier->open_count && !is_torn_at(tier, out, at))
		at++;
	return at < tier->open_count;
}

/* Of a page that is torn one run of units is lost; in the first round none is torn. */
static void may_be_torn(const struct tier *tier, size_t at, const char *out, bool *may_keep, bool *may_omit)
{
	bool is_over = false;

	if (!at || !crash__same_page(tier->atoms, tier->open[at - 1], tier->open[at]))
		return;
	if (tier->round == WHOLE_PAGES) {
		*may_keep &= !out[at - 1];
		*may_omit &= out[at - 1];
		return;
	}
	for (size_t i = at; i-- > 0 && crash__same_page(tier->atoms, tier->open[i], tier->open[at]);)
		is_over |= out[i] && !out[at - 1];
	*may_omit &= !is_over;
}

/*
 * Decides atom after atom whether it is omitted. Whether a set is closed is looked at when it is whole, and
 * whatever is doomed is cut off early: an atom without which another that was kept cannot be there.
 */
static int each_set(struct tier *tier, size_t at, char *out)
{
	crash__atom_id id, other;
	bool may_keep = true, may_omit = true;
	int error = 0;

	if (at == tier->open_count) {
		if (tier->round == TORN_PAGES && !tears_a_page(tier, out))
			return 0; /* the first round had it */
		crash__set_begin(&tier->set, tier->step);
		for (size_t i = 0; i < tier->open_count; i++)
			if (out[i] && crash__set_add(&tier->set, tier->open[i]) < 0)
				return no_memory();
		return give_set(tier);
	}
	id = tier->open[at];
	CRASH__EACH_EDGE(tier->atoms, tier->atoms->list[id].predecessors, other)
		for (size_t i = 0; i < at; i++)
			may_keep &= tier->open[i] != other || !out[i];
	CRASH__EACH_EDGE(tier->atoms, tier->atoms->list[id].successors, other)
		for (size_t i = 0; i < at; i++)
			may_omit &= tier->open[i] != other || out[i];
	may_be_torn(tier, at, out, &may_keep, &may_omit);
	for (int omitted = 0; omitted < 2 && error == 0; omitted++) {
		if (omitted ? !may_omit : !may_keep)
			continue;
		out[at] = (char)omitted;
		error = each_set(tier, at + 1, out);
	}
	return error;
}

/* Nothing is ever lost where only the process dies: but the op under way may have been done in part. */
static int at_exhaustive(struct tier *tier)
{
	bool kill = tier->atoms->model->process_only;
	char *out = kill ? NULL : calloc(tier->open_count + 1, 1);
	int error;

	if (kill) {
		error = at_prefix(tier);
		return error < 0 ? error : at_tear(tier);
	}
	error = out ? each_set(tier, 0, out) : no_memory();
	free(out);
	return error;
}

/* ------------------------------------------------------------------ running one */

#define ALL true
#define NEWS false
#define TWICE true
#define ONCE false
static const struct {
	enum crash__reference reference;
	int (*at_point)(struct tier *tier);
	bool everywhere; /* also at points where nothing is new */
	bool tears;	 /* has states of a second round */
} methods[CRASH__TIERS] = {
#define TIER(ENUM, name, reference, function, points, rounds, use, kill, proves)                             \
	[CRASH__TIER_##ENUM] = {CRASH__##reference, function, points, rounds},
#include "tiers.def"
#undef TIER
};

/* Crosses the recording once. */
static int run_round(struct tier *tier, enum crash__tier which)
{
	int64_t steps = (int64_t)tier->fs->steps_count;
	int error = 0;

	tier->open_count = 0;
	tier->acked_now = false;
	tier->acked_before = -1;
	for (unsigned int i = 0; i < tier->choices && error == 0; i++)
		error = crash__view_new_choice(tier->atoms, tier->reference, i, &tier->views[i]);
	tier->view = tier->views[0];
	for (int64_t step = -1; step < steps && error == 0; step++) {
		error = go_to(tier, step);
		if (error == 0 && tier->options->is_over && tier->options->is_over(tier->context))
			error = CRASH__TIER_OVER;
		if (error == 0 && (methods[which].everywhere ? crash__tier_is_point(tier->fs, step) :
							       crash__tier_news(tier->fs, step)))
			error = methods[which].at_point(tier);
	}
	for (unsigned int i = 0; i < tier->choices; i++) {
		crash__view_free(tier->views[i]);
		tier->views[i] = NULL;
	}
	return error;
}

int crash__tier_run(enum crash__tier which, const struct crash__atoms *atoms,
		    const struct crash__tier_options *options, crash__tier_emit *emit, void *context)
{
	struct tier tier = {
		.atoms = atoms,
		.fs = atoms->fs,
		.emit = emit,
		.context = context,
		.step = -1,
		.options = options,
	};
	int error;

	assert(which < CRASH__TIERS && emit);
	tier.reference = methods[which].reference;
	tier.choices = crash__model_choices(atoms->model);
	assert(tier.choices <= MOST_CHOICES);
	error = crash__set_init(&tier.set, atoms);
	if (error == 0 && !find_ends(&tier))
		error = no_memory();
	if (error == 0)
		error = run_round(&tier, which);
	tier.round = TORN_PAGES;
	if (error == 0 && methods[which].tears && crash__tears_pages(atoms->model))
		error = run_round(&tier, which);
	free(tier.open);
	free(tier.ends);
	crash__set_clear(&tier.set);
	return error;
}
