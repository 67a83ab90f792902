/* SPDX-License-Identifier: MIT */
/*
 * engine.h - has the states that the tiers name checked, each once.
 *
 * Method. A state's identity is the hash of its tree and of what was acknowledged by then. What has been seen
 * under that hash is not checked again, whichever tier or model names it: a verdict counts for every model
 * that allows the state. The final state, as the program left it, comes first: if the checker does not accept
 * it, the checker is wrong, and nothing else runs. Where there is a recovery, the trees that it leaves are
 * compared in the same way (engine_recovered.c).
 *
 * Then come representatives (representatives.h), in sweeps over the whole recording, and then the tiers, one
 * after the other. For those a verdict of a representative is one that is known already: how a state is
 * named, counted and explained in the end does not depend on whether there were sweeps. What was seen of a
 * state before its tier names it is provisional, and stands only where the tier does not come to its turn. A
 * tier names its states once to be counted, without anything being kept of them but a hash, and once to be
 * checked.
 */
#ifndef CRASH_ENGINE_H
#define CRASH_ENGINE_H

#include <stdatomic.h>

#include "base/hash_table.h"
#include "explore/check/hash_set.h"
#include "explore/sight/sight.h"
#include "explore/check/worker_pool.h"
#include "explore/states/representatives.h"
#include "explore/states/tiers.h"

#define CRASH__MOST_MODELS 32

/** What a check has given that nobody has waited for yet. */
struct crash__ahead;

/** A state that was seen, and how it was first named. */
struct crash__entry {
	struct crash__hash hash;
	enum crash__verdict_kind kind;
	int32_t exit_code, signal;
	uint32_t models; /* bit mask: which of the explored ones allow it */
	uint32_t model;	 /* by whose atoms `state` is said */
	enum crash__tier tier;
	uint32_t number;  /* in the order in which its tier names states; 0: not named by any tier */
	uint32_t class;	  /* 1 + that of the model's representatives that it was checked as; 0: none */
	bool provisional; /* only as a representative, so far */
	bool pending;
	struct crash__ahead *ahead; /* its verdict counts only when somebody has waited for it; or NULL */
	bool elsewhere;		    /* another shard's */
	bool known;		    /* from an earlier exploration */
	bool used;		    /* a tier has named it, or somebody asked for its verdict */
	bool equal;    /* its verdict is that of another state, with the same tree after recovery */
	bool asked;    /* there was one */
	bool compared; /* and it was checked nevertheless */
	const struct crash__entry *alike; /* that one */
	struct crash__hash recovered;	  /* the tree, with what was acknowledged */
	uint64_t checker_ns;
	uint64_t after; /* that many states, this one included, it was its turn; 0: it was not */
	char *error;	/* why it could not be checked; or NULL */
	char *output;	/* of a failure; or NULL */
	uint32_t cause; /* findings/: the number of what explains it; 0: nothing does yet */
	bool listed;	/* findings/: it is explained, or will be */
	uint32_t pages; /* findings/: how many pages and other atoms its state is away from the reference */
	struct crash__state state; /* its atoms are the entry's */
	UT_hash_handle hh;
};

/** What came of one tier under one model. */
struct crash__tier_result {
	uint32_t model;
	enum crash__tier tier;
	uint64_t named;	  /* states, each as often as it came up */
	uint64_t fresh;	  /* that no earlier tier had named */
	uint64_t checked; /* of those */
	bool counted;	  /* `named` and `fresh` are all there are */
	bool missed;	  /* one of them has no verdict, and will have none */
	bool finished;	  /* every one of them is checked */
	bool started;
};

struct crash__progress {
	const char *phase; /* what is being done; NULL: nobody says */
	const char *model, *tier;
	uint64_t done, total; /* of this tier; total 0: not counted */
	unsigned int sweep;   /* from 1; 0: tier after tier */
	uint64_t classes, seen;
	uint64_t distinct; /* states of all tiers; 0: not counted */
	uint64_t checked, failed;
	uint64_t equal;	  /* of those checked: after recovery, to another one */
	uint64_t ns;	  /* since the beginning */
	bool limited;	  /* there is a budget; */
	uint64_t left_ns; /* and so much of it is left */
};

/** What to do. Everything is the caller's. */
struct crash__engine_options {
	const struct crash__fs *fs;
	const struct crash__model *models;
	uint32_t model_count;
	uint32_t tiers; /* bit mask */
	struct crash__tier_options tier_options;
	uint64_t budget_states, budget_ns; /* 0: none */
	uint64_t began_ns;		   /* since then the budget is spent; 0: since it runs */
	unsigned int jobs;
	unsigned int shard, shards; /* shard 1 of 1 */
	struct crash__checker checker;
	const char *directory, *scratch;
	bool namespaces, mounted, same_pids; /* as in struct crash__recording */
	bool acks_matter;		     /* the checker may look at CRASH_ACKED */
	bool states_matter;		     /* the checker may look at CRASH_STATE or CRASH_POINT */
	bool in_trace_order;		     /* no representatives first */
	const uint64_t *sites;		     /* of each step, for crash__representatives_new(); or NULL */
	bool passive;			     /* nothing is checked: what is not known stays so */
	const bool *dropped;	      /* of each step, whether its sync is taken for not made; or NULL */
	uint64_t most_failures;	      /* after so many no more states are looked at; 0: all are */
	const struct crash__fs *acks; /* of a recovery: what was acknowledged is of this run, */
	uint64_t acked;		      /* and is so much in each state; NULL: of the recording itself */
	const char *from;	      /* of a recovery: the name of the state that it started from; or NULL */
	struct crash__hash mark; /* of a recovery: whose states these are, as part of their identities; */
	struct crash__engine
		*before; /* what is known to this one holds for states of that identity; or NULL */
	bool looks_not; /* nobody asks whether the checker sees anything: a run that failed has left little */
	_Atomic bool *stop; /* set by a signal */
	void (*progress)(void *context, const struct crash__progress *progress);
	/** A finding came up; its sentence may become another one. Or NULL. */
	void (*finding)(void *context, const char *sentence);
	/** A verdict came in; the entry has it. */
	void (*verdict)(void *context, const struct crash__entry *entry,
			const struct crash__check_result *result, const char *output);
	void *context;
	/** Explains what has failed: when that part of a budget is left that is for it. What it leaves is for
	 * more states. NULL: they are not explained before crash__engine_run() is over. */
	int (*explain)(void *explains);
	void *explains;
	/** Only these states are looked at; NULL: all. */
	bool (*wants)(void *wishes, uint32_t model, const struct crash__state *state);
	/** Of a state that a tier names: another one, compared with the same, to be looked at as well. NULL:
	 * none is. Its atoms need not outlast the next question. */
	bool (*also)(void *wishes, uint32_t model, const struct crash__state *state,
		     struct crash__state *other);
	void *wishes;
};

/** A class of representatives, one of which is being checked as that of another class. */
struct crash__awaited {
	const struct crash__entry *entry;
	uint32_t model, class;
};

/** A tree that recovery has left, and the first state that has a verdict for it. */
struct crash__recovered;

/** What something has taken, and all until now. */
struct crash__cost {
	uint64_t ns, checks;
};

/** A view of a model's states. It only goes forward. */
struct crash__probe {
	struct crash__view *view; /* NULL: none */
	uint32_t model;
};

struct crash__engine {
	struct crash__engine_options options;
	struct crash__atoms *atoms;   /* of each model, and of a killed process */
	struct crash__entry *entries; /* uthash */
	CRASH__VECTOR(struct crash__tier_result, results);
	struct crash__worker_config config;
	struct crash__pool *pool;
	struct crash__progress now;
	uint64_t shown; /* when it was shown last */
	uint64_t points, named, fresh, errors, elsewhere;
	uint64_t checked, failed; /* now; crash__engine_count() has all of them */
	uint64_t unknown_states;  /* passive: tiers have named them, and nobody has checked them */
	uint64_t unknown_probes;  /* passive: explaining failures would need their verdicts */
	struct crash__representatives *representatives[CRASH__MOST_MODELS];
	uint64_t classes, seen; /* of all models */
	CRASH__VECTOR(struct crash__awaited, awaited);
	unsigned int sweeps;		    /* that are over */
	bool crossed;			    /* each op's call site was looked at, over the whole recording */
	uint64_t taken;			    /* states whose turn it was */
	uint32_t early;			    /* states that only a representative has named */
	struct crash__recovered *recovered; /* uthash */
	uint64_t alike;			    /* states whose tree after recovery was known */
	const struct crash__entry *unlike;  /* one of these that was checked, and has another verdict */
	struct crash__hash_set distinct;
	bool counted;			/* all states of all tiers */
	bool counting_over;		/* there are too many */
	uint64_t began, started, spent; /* ns */
	uint64_t longest_ns;		/* that a check took */
	bool explaining;		/* all that is checked from now on is for that */
	bool cut_short;			/* and the budget was over before it was done */
	uint64_t explained;		/* of those that failed, when exploring went on last: */
	struct crash__cost went_on;	/* that was then, */
	struct crash__cost dearest;	/* a failure took so much at most, */
	struct crash__cost in_failures; /* all of them so much, */
	struct crash__cost besides;	/* and what belongs to no single one */
	uint64_t first_failure;		/* ns after the start; 0: there was none */
	bool out_of_budget, stopped;
	struct crash__entry *final; /* the state in which the program left everything */
	struct crash__sight sight;
	unsigned int outputs; /* that are kept */
	char *final_output;
	int failure;		       /* an error that ended it; 0: none */
	char *first_error;	       /* why a state could not be checked */
	struct crash__probe probes[2]; /* where it was asked about states, */
	int probed;		       /* and which of these was used last */
};

int crash__engine_new(const struct crash__engine_options *options, struct crash__engine **engine);
void crash__engine_free(struct crash__engine *engine);

/** A verdict that is known from before. `output` is the checker's; NULL: it was not kept. */
struct crash__known {
	struct crash__hash hash;
	enum crash__verdict_kind kind;
	int exit_code, signal;
	uint64_t checker_ns;
	const char *output;
};

int crash__engine_know(struct crash__engine *engine, const struct crash__known *known);

/** Verdicts of the states that came up, whether they are from now or from before. */
struct crash__counts {
	uint64_t checked, failed, flaky;
	uint64_t equal; /* after recovery, to another one; so only recovery was run */
	uint64_t known; /* of those checked: from before */
	uint64_t checker_ns;
};

void crash__engine_count(const struct crash__engine *engine, struct crash__counts *counts);

/** Checks everything. Returns an error only where it could not go on; what it has is valid then, too. */
int crash__engine_run(struct crash__engine *engine);

/**
 * A state that is said as "everything that was done up to a step, without these atoms", which are closed.
 * What was acknowledged by then is not asked for.
 * @param check has it checked now if need be; or else it counts only if a tier has named it, or if it was
 * asked for before
 * @return NULL where there is no verdict: it is not to be checked, or cannot be any more
 */
struct crash__entry *crash__engine_probe(struct crash__engine *engine, uint32_t model,
					 const struct crash__state *state, bool check);

/** What crash__engine_ask() has asked for. */
struct crash__question {
	struct crash__entry *entry; /* NULL: it is not to be checked, or cannot be any more */
	uint32_t model;
	struct crash__state state; /* its atoms are the question's */
};

/**
 * Has the same state checked by the next worker that is free, if it has no verdict, and waits for nothing. It
 * does not count before crash__engine_answer(): what is asked for ahead, and turns out not to be needed,
 * leaves no trace in what comes of an exploration.
 */
void crash__engine_ask(struct crash__engine *engine, uint32_t model, const struct crash__state *state,
		       struct crash__question *question);

/** Waits for it. As crash__engine_probe() with `check`, which is both. */
struct crash__entry *crash__engine_answer(struct crash__engine *engine, struct crash__question *question);

/** Nobody waits for it. */
void crash__engine_forget(struct crash__question *question);

/** How many questions may be asked before the first is answered. Where checks are counted, none but that. */
unsigned int crash__engine_at_once(const struct crash__engine *engine);

/** Whether a worker is free. */
bool crash__engine_is_idle(const struct crash__engine *engine);

/** Waits for what was asked for ahead, as long as the longest check has taken, and ends what is left of it.
 */
int crash__engine_finish_ahead(struct crash__engine *engine);

/**
 * What came of a state that representatives name, at the view's step.
 * @param check has it checked now if it is another shard's, and has no verdict
 * @return NULL where it did not come up
 */
struct crash__entry *crash__engine_named(struct crash__engine *engine, uint32_t model,
					 struct crash__view *view, const struct crash__state *state,
					 bool check);

/** The same as crash__engine_probe(), as any atoms make it. NULL if it did not come up. Nothing is checked
 * for it. */
const struct crash__entry *crash__engine_find(struct crash__engine *engine, const struct crash__atoms *atoms,
					      const struct crash__state *state);

/** Whether the checker sees nothing of the data directory: its verdicts are worth nothing. */
bool crash__engine_is_blind(const struct crash__engine *engine);

/** What a state is called, with the one that recovery started from. Allocated; NULL: no memory. */
char *crash__engine_state_name(const struct crash__engine *engine, uint32_t model,
			       const struct crash__state *state);

/** What has been spent so far. */
struct crash__cost crash__engine_cost(const struct crash__engine *engine);

/** One failure is explained, which was begun when so much was spent. */
void crash__engine_explained_one(struct crash__engine *engine, struct crash__cost before);

/** Whether no probe is checked any more, because the budget is spent. */
bool crash__engine_is_over(struct crash__engine *engine);

static inline bool crash__verdict_failed(enum crash__verdict_kind kind)
{
	return kind > CRASH__VERDICT_FLAKY;
}

#endif
