/* SPDX-License-Identifier: MIT */
/*
 * decision.h - what the rules make of an op: the one place where that is decided.
 *
 * Method. Whoever sees an op, the shim in the program or the supervisor beside it, gives it its numbers,
 * finds the rules that speak of it, and asks crash__plan_ask(). The decision says which rules act before the
 * call and which after it, and how much of the call is made; the two sides only carry it out. Where several
 * rules fire at one op:
 *
 * - Those that act before the call do so in the order in which they were given, and so do those that act
 *   after it, also where the call was made to fail.
 * - Torn wins over err, err over short, and short over flip; of two of a kind the first counts. Where a rule
 * ends the tree before its op or in the middle of it, later ops already wait for that end (`late`): it has to
 * come.
 * - For the same reason the death of one process does not keep the tree from dying at the same op.
 * - A signal that a thread takes before its op ends the tree may run a handler, and the handler may do ops.
 *   They are later ones, so the first of them lets that end happen (crash__plan_due()).
 * - What has no parts cannot be torn: then torn means before, and short means nothing. Nor can a read, but it
 *   can be short.
 * - A store has been done when it is found, and a point is nothing that could be done: every action comes
 *   after it, err, short and skip mean nothing, and a store is never late.
 *
 * How many bytes a part has is not in the decision: to ask for that may mean to read a vector out of another
 * process, so it is asked only where a rule cuts (crash__rule_part()).
 *
 * No allocation, no locks, async-signal-safe.
 */
#ifndef CRASH_DECISION_H
#define CRASH_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/call.h"
#include "common/plan.h"

/* What can still be done about an op. */
enum crash__nature {
	CRASH__NATURE_CALL,  /* it can be made or not; so is the sync that a write implies */
	CRASH__NATURE_WRITE, /* a part of it can be made, too */
	CRASH__NATURE_READ,  /* and what it brings can be another thing */
	CRASH__NATURE_STORE, /* nothing, it is done: stores to a shared mapping */
	CRASH__NATURE_POINT, /* nothing, it is no call: an explicit point */
};

/* What has to be known of an op. */
struct crash__facts {
	enum crash__nature nature;
	uint64_t occurrence;	  /* in its family, or which pass of the explicit point it is */
	uint64_t call_occurrence; /* among ops of its call; 0: has none */
};

/* How much of a call is made; what is greater wins. */
enum crash__making {
	CRASH__MAKES_ALL,
	CRASH__MAKES_FLIPPED, /* all of it, and the program sees a byte that is not in the file */
	CRASH__MAKES_SHORT,   /* the first part, and the program sees how much that was */
	CRASH__MAKES_NOTHING, /* it fails; or, as a sync that is skipped, it succeeds */
	CRASH__MAKES_TORN,    /* the first part, and the program ends there */
};

struct crash__decision {
	uint64_t before, after; /* the rules that act before and after the call, in the order of their bits */
	const struct crash__rule *by; /* the rule that does not let all of the call be made; or NULL */
	enum crash__making making;
	uint32_t flags; /* enum crash__op_flags: what the op's record says of it */
	bool late;	/* must not be done: an op that came earlier is about to end the tree */
};

/** Whether the op fails by it. A sync that is skipped is not made either, and succeeds. */
static inline bool crash__decision_fails(const struct crash__decision *decision)
{
	return decision->making == CRASH__MAKES_NOTHING && decision->by->argument;
}

static inline bool crash__decision_skips(const struct crash__decision *decision)
{
	return decision->making == CRASH__MAKES_NOTHING && !decision->by->argument;
}

/**
 * Whether an op that comes next would be skipped: a sync that is not made, and succeeds. Counts no hit.
 * @param rules as for crash__plan_ask()
 */
bool crash__plan_would_skip(const struct crash__plan *plan, const struct crash__hits *hits, uint64_t rules,
			    const struct crash__facts *facts);

/** The nature of a kernel's call, of an allocation, or of stores. A request of io_submit() has no parts,
 * whatever call it is.
 */
static inline enum crash__nature crash__nature_of(const struct crash__call_info *kernel)
{
	if (kernel->family == CRASH__FAMILY_ALLOC)
		return CRASH__NATURE_CALL;
	if (kernel->number == CRASH__NO_NUMBER)
		return CRASH__NATURE_STORE;
	if (kernel->family == CRASH__FAMILY_READ)
		return CRASH__NATURE_READ;
	return kernel->family == CRASH__FAMILY_WRITE && (kernel->where.bytes || kernel->where.iov) ?
		       CRASH__NATURE_WRITE :
		       CRASH__NATURE_CALL;
}

/** What becomes of an op of that nature at which the rules `fired` have fired. A pure function; never `late`.
 */
struct crash__decision crash__plan_decide(const struct crash__plan *plan, uint64_t fired,
					  enum crash__nature nature);

/** The rule by which the tree ends at that op when the thread has taken signals; NULL if it takes none
 * before, or the tree does not end. */
const struct crash__rule *crash__plan_due(const struct crash__plan *plan,
					  const struct crash__decision *decision);

/**
 * Counts one op against each of `rules`, and decides; call it once for each op. `rules` are those of its
 * family, call or point that also take its file, thread, process and function.
 */
struct crash__decision crash__plan_ask(const struct crash__plan *plan, struct crash__hits *hits,
				       uint64_t rules, const struct crash__facts *facts);

#endif
