/* SPDX-License-Identifier: MIT */
/*
 * lint.h - durability mistakes that the trace alone shows, without a checker.
 *
 * Method. The trace is walked once, step by step, with the model's tree as it is then. What of each step is
 * durable, and since when, comes from the atoms under the `posix` model, which promises no more than the
 * standard does. Each rule looks at each step, before the step changes the tree, and once at the end of the
 * run. A rule speaks of two ops: one that was not durable, and one that relied on it. Findings of one rule
 * whose ops come from the same callsites of the program are one finding.
 *
 * An acknowledgement speaks for what its own thread did since its last one, and for what those children of
 * its process did that have ended. Other threads' work is not taken to be meant: they may be in the middle
 * of something.
 */
#ifndef CRASH_LINT_H
#define CRASH_LINT_H

#include <stdbool.h>

#include "explore/states/atoms.h"
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

extern const struct crash__lint_rule crash__lint_rules[];
extern const size_t crash__lint_rule_count;

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
	/* whole run */
	bool temporary; /* removed by the program; what was renamed over is not */
	bool synced;
	bool stored_only; /* shared memory: written by stores to a mapping, and never synced */
	bool plain_log;	  /* lines of text appended to it, and never synced */
	bool moved;	  /* it got another name later */
};

struct crash__lint_step {
	/* the step from which on that part is durable; CRASH__NEVER; 0 if there is no such part */
	uint32_t data, name, removal;
	crash__node_id node;	  /* whose data or size it changes; 0: none */
	uint32_t next_write;	  /* to the same node */
	uint32_t author, process; /* index of the thread, of the process */
	bool abandoned;		  /* a sync of it failed */
	bool passing;		  /* the name that it gives is moved away later */
	bool told;		  /* an acknowledgement has spoken for it */
};

struct crash__lint_author {
	uint32_t process; /* index */
	uint32_t tid;
	CRASH__VECTOR(uint32_t, steps); /* done, and not acknowledged yet */
};

struct crash__lint_process {
	uint32_t number, pid, parent; /* parent: a process id */
	uint32_t last_step;
	CRASH__VECTOR(crash__node_id, nodes); /* that it wrote to or named so far */
};

/** A sync that failed, until the data was written again. */
struct crash__lint_failure {
	uint32_t step, lost;
	crash__node_id node;
	bool over;
};

struct crash__lint {
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
	crash__node_id *children; /* of each slot, now */
	CRASH__VECTOR(struct crash__lint_author, authors);
	CRASH__VECTOR(struct crash__lint_process, processes);
	CRASH__VECTOR(char *, texts);
	CRASH__VECTOR(crash__node_id, journals); /* durable now, to be removed later, of the thread at hand */
	CRASH__VECTOR(uint32_t, told);		 /* what the acknowledgement at hand speaks for */
	CRASH__VECTOR(struct crash__lint_failure, failures);
	uint32_t *block_durable; /* of each block of the view: since when it has had durable bytes */
	struct {		 /* the latest durable writes of two different files */
		crash__node_id node;
		uint32_t write;
	} copies[2];
	const struct crash__lint_rule *rule; /* at work */
	CRASH__VECTOR(struct crash__mistake, mistakes);
	uint64_t ops, acks, sync_ops;
	int error;
};

/* ------------------------------------------------------------------ for rules */

/**
 * Notes that a part of a step was lost for one that relied on it (CRASH__NEVER: the end). True if this is a
 * new mistake, which then wants crash__lint_say().
 */
bool crash__lint_found(struct crash__lint *lint, enum crash__lint_part part, uint32_t lost, uint32_t relied);

/** What is wrong, and what would have helped; both allocated, and taken over. */
void crash__lint_say(struct crash__lint *lint, char *sentence, char *repair);

/** printf into memory; NULL, and the walk ends, if there is none. */
char *crash__lint_text(struct crash__lint *lint, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** An op in words; "the end of the program" for CRASH__NEVER. It lives until crash__lint_clear(), as do
 * these: */
const char *crash__lint_op(struct crash__lint *lint, uint32_t step);

/** A node's path below the data directory. */
const char *crash__lint_path(struct crash__lint *lint, crash__node_id node);

/** "the directory a", where a step gives a name or takes one. */
const char *crash__lint_directory(struct crash__lint *lint, uint32_t step);

/** "it was never synced", or only when. */
const char *crash__lint_when(struct crash__lint *lint, uint32_t durable);

/** Whether a part that is durable from some step on was not so when another step began. */
bool crash__lint_pending(uint32_t durable, uint32_t step);

/** Whether names stand side by side and are of one family: f and f.gz, t.db and t.db-journal; f in two
 * directories. */
bool crash__lint_neighbours(const struct crash__lint *lint, crash__slot_id a, crash__slot_id b);

/** Whether two ops have the same process. */
bool crash__lint_same_process(const struct crash__lint *lint, uint32_t a, uint32_t b);

#endif
