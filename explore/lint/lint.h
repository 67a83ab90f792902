/* SPDX-License-Identifier: MIT */
/*
 * lint.h - durability mistakes that the trace alone shows, without a checker: what lint knows while it looks.
 *
 * Method. The trace is walked once, step by step, with the model's tree as it is then. What of each step is
 * durable, and since when, comes from the atoms under the `posix` model, which promises no more than the
 * standard does. Each rule looks at each step, before the step changes the tree, and once at the end of the
 * run. A rule speaks of two ops: one that was not durable, and one that relied on it. Findings of one rule
 * whose ops come from the same callsites of the program are one finding.
 *
 * An acknowledgement speaks for what its own thread did since its last one, and for what those children of
 * its process did that have ended. Other threads' work is not taken to be meant: they may be in the middle
 * of something. What rules do not judge because of such a guess is counted: see facts.h.
 */
#ifndef CRASH_LINT_H
#define CRASH_LINT_H

#include <stdbool.h>

#include "explore/atoms/atoms.h"
#include "explore/lint/facts.h"
#include "explore/states/view.h"
#include "symbols/callsite.h"

struct crash__lint;

/** One kind of mistake. */
struct crash__lint_rule {
	const char *name;
	const char *explanation; /* sentences for people */
	/** Looks at a step about to happen; at steps_count the run has ended. */
	void (*check)(struct crash__lint *lint, uint32_t step);
};

/** What of a step was not durable. */
enum crash__lint_part { CRASH__PART_DATA, CRASH__PART_NAME, CRASH__PART_REMOVAL, CRASH__PART_TORN };

/** A mistake at one place of the program. */
struct crash__mistake {
	char id[12]; /* the same for the same mistake in later runs */
	const struct crash__lint_rule *rule;
	enum crash__lint_part part;
	uint32_t lost;	 /* the step that was not durable */
	uint32_t relied; /* the step that relied on it; CRASH__NEVER: the end of the run */
	uint64_t times;
	char *sentence, *repair, *lost_text, *relied_text;
	char *allowed, *forbidden; /* names of models, separated by commas */
};

/** What a node is while the trace is walked, and what it is in the whole run. */
struct crash__lint_node {
	uint32_t names;	     /* now */
	crash__slot_id slot; /* the name it got last; 0: it never had one */
	uint32_t named;	     /* the step that gave it that name; CRASH__NEVER: it is from before the run */
	uint32_t last_write, last_sync; /* so far; CRASH__NEVER: none */
	uint32_t replaced;		/* the rename that took its last name; CRASH__NEVER: none */
	uint32_t blamed;		/* 1 + the step that put it into place unsynced; 0: none */
	uint32_t user;			/* 1 + the process that used it last */
	/* what was done to it in the whole run */
	uint32_t first_write; /* CRASH__NEVER: none */
	bool written;	      /* with data */
	bool synced;
	bool removed;		      /* its last name was unlinked; a rename over it is not meant */
	bool renamed;		      /* a rename gave it a name */
	bool placed;		      /* made under a name that leads nowhere at the end, and got another */
	crash__slot_id first_slot;    /* the name that it was made under; 0: none, or before the run */
	uint32_t writes, write_count; /* in the list of all of them: the steps that change its data or size */
	bool only_lines;	      /* its data was never changed but by appending text */
	bool only_stores;	      /* its data was never changed but by stores to a mapping */
	crash__fact_set facts, counted; /* what it is taken for; what rules were silent for about it */
};

struct crash__lint_step {
	/* the step from which on that part is durable; CRASH__NEVER; 0 if there is no such part */
	uint32_t data, name, removal;
	crash__node_id node;		     /* whose data or size it changes; 0: none */
	uint32_t previous_write, next_write; /* to the same node; CRASH__NEVER: none */
	uint32_t author, process;	     /* index of the thread, of the process */
	uint32_t taken;			     /* 1 + the step that gave the name that it took; 0: none did */
	bool partly;			     /* some of its data is made durable, sooner or later */
	bool abandoned;			     /* a sync of it failed */
	bool moved_on;			     /* a rename took the name that it gave */
	bool acknowledged;		     /* an acknowledgement has spoken for it */
	bool classified;		     /* a removal of which `removed` is known */
	enum crash__fact removed;	     /* see crash__removed_fact() */
	crash__fact_set facts, counted;	     /* as for nodes */
};

struct crash__lint_author {
	uint32_t process; /* index */
	uint32_t tid;
	/* steps before these were claimed by other threads' acknowledgements; by messages that are not taken
	 * for acknowledgements */
	uint32_t overheard, passed_over;
	CRASH__VECTOR(uint32_t, steps); /* done, and not acknowledged yet */
	/* the same, but only another message than chatter may speak for these */
	CRASH__VECTOR(uint32_t, waiting);
};

struct crash__lint_process {
	uint32_t number, pid, parent; /* parent: a process id */
	uint32_t last_step;
	/* that it wrote to or named so far; what has lost its names goes to the second list sooner or later
	 */
	CRASH__VECTOR(crash__node_id, nodes);
	CRASH__VECTOR(crash__node_id, nameless);
	size_t gone;				    /* how many of `nodes` may be without a name */
	CRASH__VECTOR(crash__node_id, temporaries); /* of `nodes`, those that do not outlast the run */
};

/** A sync that failed, until the data was written again. */
struct crash__lint_failure {
	uint32_t step, lost;
	crash__node_id node;
	bool over;
};

/** A change that an acknowledgement speaks for, or that it would speak for without a fact. */
struct crash__lint_claim {
	uint32_t step;
	enum crash__fact unless; /* CRASH__FACT_NONE: it does */
};

/* A fact names the first files, messages or ops that it was counted by. */
#define CRASH__MOST_NAMED 20

/** What rules did not judge because of one fact. */
struct crash__not_judged {
	uint64_t count;
	uint32_t subjects[CRASH__MOST_NAMED]; /* nodes or steps: the first of them */
	const char *names[CRASH__MOST_NAMED]; /* of these, each once; set at the end */
	size_t names_count;
};

/** That a process used a file. */
struct crash__lint_use {
	uint32_t process;
	crash__node_id node; /* 0: a free place */
	uint32_t order;	     /* 0: it is among the nameless */
};

/** A part of a name up to where another word begins, or all of it. */
struct crash__name_part {
	uint64_t hash;
	crash__slot_id slot;
	bool whole;
};

/** Who waits is told how far it is, and what was found: its count, and which models allow it, come at the
 * end. */
struct crash__lint_watch {
	void (*progress)(void *context, const char *phase, uint64_t done, uint64_t all);
	void (*found)(void *context, const char *sentence);
	void *context;
};

struct crash__lint {
	const struct crash__lint_watch *watch; /* or NULL */
	const struct crash__fs *fs;
	struct crash__model model;
	struct crash__atoms atoms;
	struct crash__view *view; /* as things were before the step */
	struct crash__callsites *callsites;
	bool ended_well; /* the program ended by itself, with status 0 */
	bool ended;	 /* by itself */
	bool syncs;	 /* it makes something durable, or tries to */
	struct crash__lint_node *nodes;
	struct crash__lint_step *steps;
	uint32_t *writes;		     /* steps, by node, and then in order */
	CRASH__VECTOR(uint32_t, overwrites); /* steps that write to bytes that their file has already */
	struct crash__lint_use *uses;	     /* used_files.c: a power of two of places */
	size_t use_places;
	uint32_t use_count;				    /* so far, with those that were forgotten */
	CRASH__VECTOR(struct crash__name_part, name_parts); /* related_names.c */
	CRASH__VECTOR(crash__node_id, related);
	crash__node_id *children; /* of each slot, now */
	CRASH__VECTOR(struct crash__lint_author, authors);
	CRASH__VECTOR(struct crash__lint_process, processes);
	CRASH__VECTOR(char *, texts);
	CRASH__VECTOR(crash__node_id, journals); /* durable now, to be removed later, of the thread at hand */
	CRASH__VECTOR(struct crash__lint_claim, claims); /* of the acknowledgement at hand */
	CRASH__VECTOR(struct crash__lint_failure, failures);
	uint32_t *block_durable; /* of each block of the view: since when it has had durable bytes */
	struct {		 /* the latest durable writes of two different files */
		crash__node_id node;
		uint32_t write;
	} copies[2];
	const struct crash__lint_rule *rule; /* at work */
	CRASH__VECTOR(struct crash__mistake, mistakes);
	struct crash__not_judged not_judged[CRASH__FACTS];
	uint64_t ops, acks, sync_ops;
	int error;
};

/** Notes that there is no memory; the walk ends. */
void crash__lint_no_memory(struct crash__lint *lint);

void crash__lint_clear(struct crash__lint *lint);

/* ------------------------------------------------------------------ steps */

static inline const struct crash__step *at(const struct crash__lint *lint, uint32_t step)
{
	return &lint->fs->steps[step];
}

static inline bool is_end(const struct crash__lint *lint, uint32_t step)
{
	return step == lint->fs->steps_count;
}

static inline bool is_family(const struct crash__lint *lint, uint32_t step, enum crash__family family)
{
	return !is_end(lint, step) && at(lint, step)->event->kind == CRASH__EVENT_OP &&
	       at(lint, step)->event->family == family;
}

static inline const struct crash__effect *effect_at(const struct crash__lint *lint, uint32_t step,
						    uint32_t index)
{
	return &lint->fs->effects[at(lint, step)->first_effect + index];
}

/** The first effect of a step; NULL: it has none. */
static inline const struct crash__effect *first_effect(const struct crash__lint *lint, uint32_t step)
{
	return at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
}

#endif
