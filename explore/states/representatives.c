/* SPDX-License-Identifier: MIT */
#include "explore/states/representatives.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "explore/atoms/atom_set.h"
#include "explore/states/page_units.h"
#include "explore/states/view_new.h"

#define MOST_CHOICES 3 /* crash__model_choices() */
#define FIRST_SWEEPS 4 /* before the representatives are doubled */
#define BEFORE_NOTHING UINT32_MAX

/* What is put into place, taken away, or overwritten. */
#define URGENT (CRASH__ENTRIES | CRASH__CUTS | CRASH__CLASS(OVERWRITE))

/* Which of a write's units are lost, or of stores that are seen together. */
enum torn { FROM_CUT, UP_TO_CUT, AT_CUT, MISSING, ALONE };

enum occasion { LAST, ACKNOWLEDGED, OTHER_FILE, OWN };

/* One state, but for what its lost data shows as. */
struct item {
	uint32_t point;	     /* 1 + its step */
	crash__atom_id atom; /* that is lost or kept, or at which a write is cut */
	uint32_t class;
	uint8_t tier;
	uint8_t torn;
	bool last;    /* at its last point: coarse classes are of these */
	uint8_t done; /* so many of what its lost data may show as */
};

struct key {
	uint64_t lost, point; /* call sites */
	uint32_t kind, tier;
};

struct class
{
	struct key key;
	uint32_t number;
	uint32_t coarse; /* number of the class that it is a part of */
	uint32_t count;	 /* of its items; of a coarse one: of those at their last point */
	uint32_t at;	 /* how many of them a sweep has passed */
	bool urgent, seen, failed;
	bool waits; /* it had failed when the sweep began */
	UT_hash_handle hh;
};

struct crash__representatives {
	const struct crash__atoms *atoms;
	const struct crash__fs *fs;
	const uint64_t *sites;
	uint32_t tiers;
	CRASH__VECTOR(struct item, items); /* by point */
	struct class *table;		   /* uthash */
	CRASH__VECTOR(struct class *, classes);
	uint32_t fine, seen, largest;
	/* while it is made */
	uint32_t *news;	 /* by step: the last point at it or before where something is new, 1 + its step */
	uint32_t *acked; /* by step: the first step behind it with an acknowledgement, or CRASH__NEVER */
	uint32_t *other; /* by step: the first one behind it that changes something else, or CRASH__NEVER */
	/* of the whole */
	uint32_t *showing; /* by point: how many atoms are open there whose loss shows */
	/* while it crosses */
	struct crash__view *views[2][MOST_CHOICES]; /* by enum crash__reference */
	unsigned int choices;
	struct crash__set set;
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

/* ------------------------------------------------------------------ classes */

static uint64_t site_of(const struct crash__representatives *own, int64_t step)
{
	const struct crash__event *event;

	if (step < 0)
		return 0;
	event = own->fs->steps[step].event;
	return own->sites ? own->sites[step] : 1 + ((uint64_t)event->kind << 16 | event->family);
}

static struct class *find_class(struct crash__representatives *own, const struct key *key)
{
	struct class *class;

	HASH_FIND(hh, own->table, key, sizeof *key, class);
	if (class)
		return class;
	class = calloc(1, sizeof *class);
	if (!class)
		return NULL;
	class->key = *key;
	class->number = (uint32_t)own->classes_count;
	if (!CRASH__ADD(own, classes, class)) {
		free(class);
		return NULL;
	}
	HASH_ADD(hh, own->table, key, sizeof class->key, class);
	return CRASH__HASHED(class) ? class : NULL;
}

static bool is_urgent_step(const struct crash__representatives *own, int64_t step)
{
	const struct crash__atoms *atoms = own->atoms;

	if (step < 0)
		return false;
	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++)
		if (crash__atom_in(&atoms->list[id], URGENT))
			return true;
	return own->fs->steps[step].event->kind == CRASH__EVENT_ACK;
}

/* The class of a state, and the coarse one that this is a part of. */
static struct class *class_of(struct crash__representatives *own, const struct item *item,
			      enum occasion occasion)
{
	bool whole = item->atom == BEFORE_NOTHING; /* everything, or only what is durable */
	int64_t step = (int64_t)item->point - 1, lost = whole ? step : own->atoms->list[item->atom].step;
	struct key key;
	struct class *class, *coarse;

	memset(&key, 0, sizeof key);
	key.lost = site_of(own, lost);
	key.tier = item->tier;
	key.kind = whole ? 0 : 1u + own->atoms->list[item->atom].class;
	coarse = find_class(own, &key);
	if (!coarse)
		return NULL;
	key.point = site_of(own, step);
	key.kind |= (1u + occasion) << 8 | (1u + item->torn) << 16;
	class = find_class(own, &key);
	if (!class)
		return NULL;
	own->fine += !class->count;
	class->coarse = coarse->number;
	class->urgent |=
		whole ? is_urgent_step(own, step) :
			crash__atom_in(&own->atoms->list[item->atom], URGENT) || occasion == ACKNOWLEDGED;
	class->count++;
	coarse->urgent |= class->urgent;
	coarse->count += item->last;
	if (class->count > own->largest)
		own->largest = class->count;
	return class;
}

/* ------------------------------------------------------------------ states, in the order of ops */

static int add(struct crash__representatives *own, enum crash__tier tier, int64_t step, crash__atom_id atom,
	       enum torn torn, enum occasion occasion)
{
	struct item *item = CRASH__PUSH(own, items);
	struct class *class;

	if (!item)
		return no_memory();
	*item = (struct item){.point = (uint32_t)(step + 1),
			      .atom = atom,
			      .tier = (uint8_t)tier,
			      .torn = (uint8_t)torn,
			      .last = occasion == LAST || own->atoms->model->process_only};
	class = class_of(own, item, occasion);
	if (!class)
		return no_memory();
	item->class = class->number;
	return 0;
}

static bool wants(const struct crash__representatives *own, enum crash__tier tier)
{
	return own->tiers & 1u << tier && (!own->atoms->model->process_only || crash__tiers[tier].of_kill);
}

static int add_points(struct crash__representatives *own)
{
	int error = 0;

	for (int64_t step = -1; step < (int64_t)own->fs->steps_count && error == 0; step++) {
		if (!crash__tier_is_point(own->fs, step))
			continue;
		if (wants(own, CRASH__TIER_PREFIX))
			error = add(own, CRASH__TIER_PREFIX, step, BEFORE_NOTHING, 0, LAST);
		if (error == 0 && wants(own, CRASH__TIER_CUT))
			error = add(own, CRASH__TIER_CUT, step, BEFORE_NOTHING, 0, LAST);
	}
	return error;
}

static int64_t last_open(const struct crash__representatives *own, const struct crash__atom *atom)
{
	return atom->durable == CRASH__NEVER ? (int64_t)own->fs->steps_count - 1 : (int64_t)atom->durable - 1;
}

/* Whether states with and without an atom are named at a step. */
static bool may_be_at(const struct crash__representatives *own, const struct crash__atom *atom, int64_t step)
{
	return step < (int64_t)own->fs->steps_count && crash__atom_is_open(atom, step) &&
	       own->news[step] == (uint32_t)step + 1;
}

/* A page, or what else is no part of one, that is lost or kept alone. */
static int add_unit(struct crash__representatives *own, enum crash__tier tier, crash__atom_id id)
{
	const struct crash__atom *atom = &own->atoms->list[id];
	int64_t points[] = {[LAST] = (int64_t)own->news[last_open(own, atom)] - 1,
			    [ACKNOWLEDGED] = own->acked[atom->step],
			    [OTHER_FILE] = own->other[atom->step],
			    [OWN] = tier == CRASH__TIER_KEEP ? atom->step : CRASH__NEVER};
	int error = 0;

	for (size_t i = 0; i < sizeof points / sizeof *points && error == 0; i++) {
		bool again = false;

		for (size_t before = 0; before < i; before++)
			again |= points[before] == points[i];
		if (!again && may_be_at(own, atom, points[i]))
			error = add(own, tier, points[i], id, 0, (enum occasion)i);
	}
	return error;
}

static int add_units(struct crash__representatives *own, uint32_t step)
{
	crash__atom_id end = own->atoms->first[step + 1];
	int error = 0;

	for (crash__atom_id id = own->atoms->first[step], next; id < end && error == 0; id = next) {
		for (next = id + 1; next < end && crash__same_page(own->atoms, id, next);)
			next++;
		if (wants(own, CRASH__TIER_OMIT))
			error = add_unit(own, CRASH__TIER_OMIT, id);
		if (error == 0 && wants(own, CRASH__TIER_KEEP))
			error = add_unit(own, CRASH__TIER_KEEP, id);
	}
	return error;
}

/* A write that is cut before a unit. The strategy looks at it when it was done, when that is acknowledged and
 * before it is durable. */
static int add_cut(struct crash__representatives *own, crash__atom_id cut)
{
	const struct crash__atom *atom = &own->atoms->list[cut], *before = atom - 1;
	bool kill = own->atoms->model->process_only, torn = crash__same_page(own->atoms, cut - 1, cut);
	int64_t points[] = {[LAST] = kill ? CRASH__NEVER : last_open(own, atom),
			    [ACKNOWLEDGED] = kill ? CRASH__NEVER : own->acked[atom->step],
			    [OTHER_FILE] = CRASH__NEVER,
			    [OWN] = atom->step};
	int error = 0;

	for (size_t i = 0; i < sizeof points / sizeof *points && error == 0; i++) {
		/* where only the process dies, data is cut however durable it is */
		bool may = kill ? i == OWN && own->news[atom->step] == atom->step + 1 :
				  may_be_at(own, atom, points[i]) && may_be_at(own, before, points[i]);

		if (!may || (i != LAST && points[i] == points[LAST]))
			continue;
		for (int how = FROM_CUT; how <= (kill ? FROM_CUT :
						 torn ? AT_CUT :
							UP_TO_CUT) &&
					 error == 0;
		     how++)
			error = add(own, CRASH__TIER_TEAR, points[i], cut, (enum torn)how, (enum occasion)i);
	}
	return error;
}

static bool is_store(const struct crash__representatives *own, uint32_t step)
{
	const struct crash__event *event = own->fs->steps[step].event;

	return event->kind == CRASH__EVENT_OP && event->route == CRASH__ROUTE_MEMORY;
}

static bool is_cut(const struct crash__representatives *own, crash__atom_id id)
{
	return own->atoms->list[id].kind == CRASH__ATOM_DATA &&
	       own->atoms->list[id - 1].kind == CRASH__ATOM_DATA;
}

/* Of each write the first and the last place between two pages, and the first, the middle and the last one in
 * pages. */
static int add_cuts(struct crash__representatives *own, uint32_t step)
{
	crash__atom_id first = own->atoms->first[step], end = own->atoms->first[step + 1];
	size_t count[2] = {0}, at[2] = {0};
	int error = 0;

	for (crash__atom_id id = first + 1; id < end; id++)
		if (is_cut(own, id))
			count[crash__same_page(own->atoms, id - 1, id)]++;
	for (crash__atom_id id = first + 1; id < end && error == 0; id++) {
		bool torn = is_cut(own, id) && crash__same_page(own->atoms, id - 1, id);
		size_t number = is_cut(own, id) ? at[torn]++ : 1;

		if (is_cut(own, id) &&
		    (number == 0 || number + 1 == count[torn] || (torn && number == count[torn] / 2)))
			error = add_cut(own, id);
	}
	return error;
}

/* Stores that are seen together came in an order that is not known. */
static int add_stores(struct crash__representatives *own, uint32_t step)
{
	crash__atom_id first = own->atoms->first[crash__tier_first_store(own->fs, step)],
		       end = own->atoms->first[step + 1];
	unsigned int units = 0;
	int error = 0;

	if (!crash__tier_is_point(own->fs, step))
		return 0;
	for (crash__atom_id id = first; id < end; id++)
		units += own->atoms->list[id].kind == CRASH__ATOM_DATA;
	for (crash__atom_id id = first; id < end && units > 1 && error == 0; id++) {
		if (own->atoms->list[id].kind != CRASH__ATOM_DATA)
			continue;
		error = add(own, CRASH__TIER_TEAR, step, id, MISSING, OWN);
		if (error == 0)
			error = add(own, CRASH__TIER_TEAR, step, id, ALONE, OWN);
	}
	return error;
}

static int add_tears(struct crash__representatives *own, uint32_t step)
{
	if (!wants(own, CRASH__TIER_TEAR))
		return 0;
	return own->atoms->model->process_only && is_store(own, step) ? add_stores(own, step) :
									add_cuts(own, step);
}

/* ------------------------------------------------------------------ where atoms can matter */

static uint64_t what_changes(const struct crash__fs *fs, uint32_t step)
{
	const struct crash__effect *effect = &fs->effects[fs->steps[step].first_effect];

	return effect->kind == CRASH__EFFECT_ENTRY ? UINT64_C(1) << 32 | effect->slot : effect->node;
}

static void find_points(struct crash__representatives *own)
{
	const struct crash__fs *fs = own->fs;
	uint32_t acked = CRASH__NEVER, changing = CRASH__NEVER, point = 0;

	for (uint32_t step = 0; step < fs->steps_count; step++) {
		if (crash__tier_news(fs, step))
			point = step + 1;
		own->news[step] = point;
	}
	for (uint32_t step = (uint32_t)fs->steps_count; step-- > 0;) {
		own->acked[step] = acked;
		own->other[step] = CRASH__NEVER;
		if (fs->steps[step].acked != (step ? fs->steps[step - 1].acked : 0))
			acked = step;
		if (!fs->steps[step].effects)
			continue;
		if (changing != CRASH__NEVER)
			own->other[step] = what_changes(fs, changing) != what_changes(fs, step) ?
						   changing :
						   own->other[changing];
		changing = step;
	}
}

/* How many atoms are open at each point whose loss shows. */
static void count_showing(struct crash__representatives *own)
{
	const struct crash__atoms *atoms = own->atoms;
	size_t steps = own->fs->steps_count;

	for (crash__atom_id id = 0; id < atoms->list_count; id++) {
		const struct crash__atom *atom = &atoms->list[id];

		if (!crash__atom_in(atom, CRASH__SHOWS_LOST) || atom->durable <= atom->step)
			continue;
		own->showing[atom->step + 1]++;
		if (atom->durable < steps)
			own->showing[atom->durable + 1]--;
	}
	for (size_t point = 1; point <= steps; point++)
		own->showing[point] += own->showing[point - 1];
}

/* ------------------------------------------------------------------ making them */

/* By point; those of one point stay in their order. */
static int sort_items(struct crash__representatives *own)
{
	size_t points = own->fs->steps_count + 1;
	uint32_t *starts = calloc(points + 1, sizeof *starts);
	struct item *sorted = calloc(own->items_count + 1, sizeof *sorted);
	int error = starts && sorted ? 0 : no_memory();

	for (size_t i = 0; i < own->items_count && error == 0; i++)
		starts[own->items[i].point + 1]++;
	for (size_t point = 0; point < points && error == 0; point++)
		starts[point + 1] += starts[point];
	for (size_t i = 0; i < own->items_count && error == 0; i++)
		sorted[starts[own->items[i].point]++] = own->items[i];
	free(starts);
	if (error < 0) {
		free(sorted);
		return error;
	}
	free(own->items);
	own->items = sorted;
	own->items_size = own->items_count + 1;
	return 0;
}

static int make_items(struct crash__representatives *own)
{
	size_t steps = own->fs->steps_count + 2;
	int error = 0;

	own->news = calloc(steps, sizeof *own->news);
	own->acked = calloc(steps, sizeof *own->acked);
	own->other = calloc(steps, sizeof *own->other);
	own->showing = calloc(steps, sizeof *own->showing);
	if (!own->news || !own->acked || !own->other || !own->showing)
		error = no_memory();
	if (error == 0) {
		find_points(own);
		count_showing(own);
		error = add_points(own);
	}
	for (uint32_t step = 0; step < own->fs->steps_count && error == 0; step++) {
		error = add_units(own, step);
		if (error == 0)
			error = add_tears(own, step);
	}
	free(own->news);
	free(own->acked);
	free(own->other);
	own->news = own->acked = own->other = NULL;
	return error == 0 ? sort_items(own) : error;
}

int crash__representatives_new(const struct crash__atoms *atoms, uint32_t tiers, const uint64_t *sites,
			       struct crash__representatives **out)
{
	struct crash__representatives *own = calloc(1, sizeof *own);
	int error;

	if (!own)
		return no_memory();
	own->atoms = atoms;
	own->fs = atoms->fs;
	own->sites = sites;
	own->tiers = tiers;
	own->choices = crash__model_choices(atoms->model);
	assert(own->choices <= MOST_CHOICES);
	error = crash__set_init(&own->set, atoms);
	if (error == 0)
		error = make_items(own);
	if (error < 0)
		crash__representatives_free(own);
	else
		*out = own;
	return error;
}

void crash__representatives_free(struct crash__representatives *own)
{
	if (!own)
		return;
	HASH_CLEAR(hh, own->table);
	for (size_t i = 0; i < own->classes_count; i++)
		free(own->classes[i]);
	free(own->classes);
	free(own->items);
	free(own->showing);
	crash__set_clear(&own->set);
	free(own);
}

uint32_t crash__representatives_classes(const struct crash__representatives *own)
{
	return own->fine;
}

uint32_t crash__representatives_numbers(const struct crash__representatives *own)
{
	return (uint32_t)own->classes_count;
}

uint32_t crash__representatives_seen(const struct crash__representatives *own)
{
	return own->seen;
}

void crash__representatives_saw(struct crash__representatives *own, uint32_t number, bool failed)
{
	struct class *class = own->classes[number];

	own->seen += !class->seen;
	class->seen = true;
	class->failed |= failed;
}

/* ------------------------------------------------------------------ whose turn it is */

/* How many of a class a sweep wants. */
static uint64_t wanted_by(unsigned int sweep)
{
	return sweep < FIRST_SWEEPS ? 1 : (UINT64_C(1) << (sweep - FIRST_SWEEPS)) + 1;
}

unsigned int crash__representatives_sweeps(const struct crash__representatives *own)
{
	unsigned int sweep = FIRST_SWEEPS - 1;

	while (wanted_by(sweep) < own->largest)
		sweep++;
	return sweep + 1;
}

/* Whether one of `count` is among `wanted` ones that are spread over them, the first and the last included.
 */
static bool is_spread(uint64_t at, uint64_t count, uint64_t wanted)
{
	uint64_t place;

	if (wanted >= count)
		return true;
	place = (at * (wanted - 1) + count - 2) / (count - 1);
	return place * (count - 1) / (wanted - 1) == at;
}

static bool is_its_turn(struct crash__representatives *own, const struct item *item, unsigned int sweep)
{
	struct class *class = own->classes[item->class];
	uint32_t at;

	if (sweep < 2) {
		class = own->classes[class->coarse];
		return item->last && ++class->at == class->count && class->urgent == (sweep == 0);
	}
	at = class->at++;
	if (sweep < FIRST_SWEEPS)
		return at == 0 && class->urgent == (sweep == 2);
	return !class->waits && is_spread(at, class->count, wanted_by(sweep));
}

/* ------------------------------------------------------------------ crossing */

static bool is_unit(const struct crash__representatives *own, crash__atom_id id, int64_t step)
{
	const struct crash__atom *atom = &own->atoms->list[id];

	return atom->kind == CRASH__ATOM_DATA &&
	       (own->atoms->model->process_only || crash__atom_is_open(atom, step));
}

/* Stores depend on nothing. */
static int lose_stores(struct crash__representatives *own, const struct item *item)
{
	uint32_t step = item->point - 1;
	int error = item->torn == MISSING ? crash__set_add(&own->set, item->atom) : 0;

	for (crash__atom_id id = own->atoms->first[crash__tier_first_store(own->fs, step)];
	     id < own->atoms->first[step + 1] && item->torn == ALONE && error == 0; id++)
		if (id != item->atom && own->atoms->list[id].kind == CRASH__ATOM_DATA)
			error = crash__set_add(&own->set, id);
	return error;
}

static int lose_units(struct crash__representatives *own, const struct item *item)
{
	uint32_t step = own->atoms->list[item->atom].step;
	crash__atom_id from = item->atom, end = own->atoms->first[step + 1];
	int error = 0;

	if (item->torn >= MISSING)
		return lose_stores(own, item);
	if (item->torn == UP_TO_CUT) {
		from = own->atoms->first[step];
		end = item->atom;
	} else if (item->torn == AT_CUT) {
		end = item->atom + 1;
	}
	for (crash__atom_id id = from; id < end && error == 0; id++)
		if (is_unit(own, id, own->set.step))
			error = crash__set_omit(&own->set, id);
	return error;
}

static int build_set(struct crash__representatives *own, const struct item *item)
{
	crash__atom_id id = item->atom, end;
	int error = 0;

	crash__set_begin(&own->set, (int64_t)item->point - 1);
	if (id == BEFORE_NOTHING)
		return 0;
	if (item->tier == CRASH__TIER_TEAR)
		return lose_units(own, item);
	end = own->atoms->first[own->atoms->list[id].step + 1];
	for (; id < end && error == 0 && (id == item->atom || crash__same_page(own->atoms, item->atom, id));
	     id++)
		if (crash__atom_is_open(&own->atoms->list[id], own->set.step))
			error = item->tier == CRASH__TIER_OMIT ? crash__set_omit(&own->set, id) :
								 crash__set_keep(&own->set, id);
	return error;
}

/* Whether a file may show lost data: behind its end, or in a block that it was to be moved to. */
static bool shows_lost(const struct crash__representatives *own, enum crash__reference reference)
{
	uint32_t lost = 0;

	for (size_t i = 0; i < own->set.list_count; i++)
		lost += crash__atom_in(&own->atoms->list[own->set.list[i]], CRASH__SHOWS_LOST);
	return reference == CRASH__EVERYTHING ? lost > 0 : own->showing[own->set.step + 1] > lost;
}

static int go_to(struct crash__representatives *own, enum crash__reference reference, int64_t step)
{
	int error = 0;

	for (unsigned int i = 0; i < own->choices && error == 0; i++) {
		struct crash__view **view = &own->views[reference][i];

		if (!*view)
			error = crash__view_new_choice(own->atoms, reference, i, view);
		if (error == 0)
			error = crash__view_advance(*view, step);
	}
	return error;
}

/* A coarse class is looked at with its lost data as it shows most often. */
static int name_item(struct crash__representatives *own, struct item *item, bool coarse,
		     crash__representatives_emit *emit, void *context)
{
	bool durable = item->tier == CRASH__TIER_CUT || item->tier == CRASH__TIER_KEEP;
	struct crash__state state = {.step = (int64_t)item->point - 1,
				     .reference = durable ? CRASH__DURABLE : CRASH__EVERYTHING};
	unsigned int choices = 1;
	int error = go_to(own, state.reference, state.step);

	if (error == 0)
		error = build_set(own, item);
	if (error < 0)
		return error;
	if (own->choices > 1 && !coarse && shows_lost(own, state.reference))
		choices = own->choices;
	crash__set_sort(&own->set);
	state.count = (uint32_t)own->set.list_count;
	state.flipped = own->set.list;
	state.acked = state.step < 0 ? 0 : own->fs->steps[state.step].acked;
	for (state.choice = item->done; state.choice < choices && error == 0; state.choice++)
		error = emit(context, own->views[state.reference][state.choice], &state,
			     (enum crash__tier)item->tier, item->class);
	item->done = (uint8_t)(coarse ? 1 : own->choices);
	return error;
}

int crash__representatives_sweep(struct crash__representatives *own, unsigned int sweep,
				 crash__representatives_emit *emit, void *context)
{
	int error = 0;

	for (size_t i = 0; i < own->classes_count; i++) {
		own->classes[i]->at = 0;
		/* not as verdicts come: what is named does not depend on how fast they are */
		own->classes[i]->waits = own->classes[i]->failed;
	}
	for (size_t i = 0; i < own->items_count && error == 0; i++) {
		if (is_its_turn(own, &own->items[i], sweep) && own->items[i].done < own->choices)
			error = name_item(own, &own->items[i], sweep < 2, emit, context);
	}
	for (int reference = 0; reference < 2; reference++)
		for (unsigned int i = 0; i < own->choices; i++) {
			crash__view_free(own->views[reference][i]);
			own->views[reference][i] = NULL;
		}
	return error;
}
