/* SPDX-License-Identifier: MIT */
/*
 * cause_search.h - the search for causes, for the files that make it up: find_causes.c, explain.c,
 * minimise.c, guilty.c, enter_cause.c, unite_causes.c, repair.c, cause_models.c, cause_sentence.c.
 */
#ifndef CRASH_CAUSE_SEARCH_H
#define CRASH_CAUSE_SEARCH_H

#include "explore/atoms/atom_set.h"
#include "explore/findings/cause.h"
#include "symbols/callsite.h"

/* Atoms without any of which a state would pass, and since when losing them is a failure. */
struct crash__guilty {
	CRASH__VECTOR(crash__atom_id, atoms);
	enum crash__verdict_kind kind;
	int64_t since;
	uint32_t cause; /* its number */
	uint32_t next;	/* 1 + index of another one with the same first atom; 0: none */
};

/* What is known of a model's atoms already. */
struct crash__guilty_known {
	CRASH__VECTOR(struct crash__guilty, guilty);
	uint32_t *guilty_of;	   /* by atom: 1 + index of the first that begins with it */
	uint32_t *in_whole, stamp; /* by atom: the stamp, of those in `whole` */
};

struct crash__cause_search {
	struct crash__engine *engine;
	struct crash__causes *causes;
	struct crash__callsites *callsites;
	uint32_t model;
	uint32_t numbers;      /* of causes */
	struct crash__set set; /* for closures */
	uint32_t probes;
	uint64_t tried, first_failed; /* how often parts were tried, and the first one failed */
	uint32_t looked_into;	      /* acknowledgements, with a power cut right after them */
	uint64_t explained;	      /* failures, */
	uint64_t taken;		      /* and states whose turn it was, when all was found last */

	/* the failure at hand */
	enum crash__verdict_kind kind;
	unsigned int choice;		      /* what data that it has lost shows as */
	CRASH__VECTOR(crash__atom_id, whole); /* what it has lost */
	CRASH__VECTOR(crash__atom_id, lost);  /* the same, made fewer */

	/* what is known already */
	struct crash__guilty_known known[CRASH__MOST_MODELS];
	uint32_t *prefix_cause; /* by step + 1: the number of the cause of a process crash */
	CRASH__VECTOR(struct crash__entry *, queue); /* failures to be explained */
	CRASH__VECTOR(uint32_t,
		      united); /* by number of cause: that of the one that it became a part of; or 0 */
};

static inline const struct crash__fs *crash__search_fs(const struct crash__cause_search *search)
{
	return search->engine->options.fs;
}

static inline const struct crash__atoms *crash__search_atoms(const struct crash__cause_search *search)
{
	return &search->engine->atoms[search->model];
}

/*
 * A shard looks at each failure of its own for itself: put together, the shards then know every verdict that
 * one exploration asks for, whichever failures it takes the short way with.
 */
static inline bool crash__search_is_thorough(const struct crash__cause_search *search)
{
	return search->engine->options.shards > 1;
}

static inline const struct crash__event *crash__search_event(const struct crash__cause_search *search,
							     uint32_t step)
{
	return step == CRASH__NEVER ? NULL : crash__search_fs(search)->steps[step].event;
}

/* ------------------------------------------------------------------ find_causes.c */

/** What follows is about a model's states. */
int crash__search_begin_model(struct crash__cause_search *search, uint32_t model);

/** Puts a failure behind those that will be explained, if it is not among them. */
int crash__search_queue(struct crash__cause_search *search, struct crash__entry *entry);

/* ------------------------------------------------------------------ explain.c */

/** Finds the cause of one failure, which is one of the model's, or makes it. */
int crash__search_explain(struct crash__cause_search *search, struct crash__entry *entry);

/* ------------------------------------------------------------------ enter_cause.c */

/** The cause of a number. */
struct crash__cause *crash__search_cause(const struct crash__cause_search *search, uint32_t number);

/**
 * Returns the number of the cause of the same class from the same callsites, or of a new one; 0: there is no
 * memory. The atoms in `lost` are what is lost by it, and needed.
 */
uint32_t crash__search_enter(struct crash__cause_search *search, struct crash__cause *cause,
			     const struct crash__state *state);

/** Lists a file, if it is not listed yet. `path` is allocated, and the cause's from then on. */
int crash__cause_add_file(struct crash__cause *cause, char *path);

/** A failure has this cause. */
int crash__search_attribute(struct crash__cause_search *search, uint32_t cause, struct crash__entry *entry);

/** Makes the id, when all that belongs to the cause is known. */
void crash__search_make_id(struct crash__cause *cause);

/* ------------------------------------------------------------------ minimise.c: trying smaller failures */

/** The state that has lost some atoms, and what depends on them, at a step; NULL: it has no verdict, or too
 * many have been tried. */
struct crash__entry *crash__search_try(struct crash__cause_search *search, int64_t step,
				       const crash__atom_id *atoms, size_t count, bool check);

/** Whether that state fails as the failure at hand does. */
bool crash__search_fails(struct crash__cause_search *search, int64_t step, const crash__atom_id *atoms,
			 size_t count);

/** Puts all atoms that a state has lost of what was done into `whole`. */
int crash__search_list_lost(struct crash__cause_search *search, const struct crash__state *state);

/** Leaves as few in `lost` as make the state fail. */
void crash__search_minimise(struct crash__cause_search *search, int64_t step);

/**
 * Where the one op in `lost` takes others along that depend on it, one of those may be guilty alone: the last
 * one that still makes the state fail takes the fewest along.
 */
void crash__search_narrow(struct crash__cause_search *search, int64_t step);

/**
 * The first point at which losing these is a failure: what happened there needs them. That is not where the
 * last of them was done, if all of that is lost: it failed before.
 */
int64_t crash__search_first_failure(struct crash__cause_search *search, int64_t step);

/** Whether those in `lost` are what was done at a step, and nothing else: a process that was killed before it
 * leaves the same. */
bool crash__search_only_undoes(struct crash__cause_search *search, int64_t step);

/* ------------------------------------------------------------------ guilty.c: what is known of atoms */

int crash__guilty_begin(struct crash__cause_search *search);
void crash__guilty_clear(struct crash__cause_search *search);

/** Notes that losing the atoms in `lost` is a failure since a step. */
int crash__guilty_note(struct crash__cause_search *search, uint32_t cause, int64_t since);

/** Known ones among those in `whole` that explain the failure at hand; NULL: there are none. */
const struct crash__guilty *crash__guilty_find(struct crash__cause_search *search, int64_t step);

/**
 * Whether those in `whole`, with which the failure at hand is one at a step, show the mistakes of other
 * causes than these two, and none of theirs.
 */
bool crash__guilty_others_alone(struct crash__cause_search *search, int64_t step, uint32_t one,
				uint32_t other);

/* ------------------------------------------------------------------ unite_causes.c */

/** Makes one of those causes that are one mistake. All of them have their repairs. */
int crash__search_unite(struct crash__cause_search *search);

/* ------------------------------------------------------------------ repair.c */

/** Finds the cause's repair, or advice. Failures that only show where it was made are queued. */
int crash__repair_find(struct crash__cause_search *search, struct crash__cause *cause);

/** Whether each sync of the other's repair is one of this one's. */
bool crash__repair_is_same(const struct crash__cause *one, const struct crash__cause *other);

/**
 * Whether a cause's repair, which removes all of its own states, removes all states of another one as well:
 * then both are one mistake of the program.
 */
bool crash__repair_covers(struct crash__cause_search *search, const struct crash__cause *by,
			  const struct crash__cause *cause);

/* ------------------------------------------------------------------ cause_models.c */

/** Lists the models that allow the cause, and those that do not. */
void crash__cause_list_models(struct crash__engine *engine, struct crash__cause *cause);

/* ------------------------------------------------------------------ cause_sentence.c */

/** What happened, as a sentence. Allocated; NULL if there is no memory. */
char *crash__cause_sentence(struct crash__cause_search *search, const struct crash__cause *cause);

#endif
