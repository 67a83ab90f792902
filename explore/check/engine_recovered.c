/* SPDX-License-Identifier: MIT */
/*
 * Method. The identity of a tree that recovery has left is its hash with what was acknowledged, as that of a
 * state is. The first state with a verdict has it for all of them; flaky is none. The check of some of the
 * others is run all the same: of the first ones, of some of those that follow, and of one in fifty. If one of
 * these has another verdict, the checker has looked at something else than the tree: from then on each state
 * is checked, and the result is incomplete.
 */
#include "explore/check/engine_parts.h"

#define COMPARED_FIRST 8
#define COMPARED_EVERY 50

struct crash__recovered {
	struct crash__hash hash;
	const struct crash__entry *entry;
	UT_hash_handle hh;
};

static struct crash__recovered *find(struct crash__engine *engine, const struct crash__hash *hash)
{
	struct crash__recovered *found;

	HASH_FIND(hh, engine->recovered, hash, sizeof *hash, found);
	return found;
}

static bool is_compared(uint64_t number)
{
	return number <= COMPARED_FIRST || number % COMPARED_EVERY == 0 ||
	       (number < COMPARED_EVERY && (number & (number - 1)) == 0);
}

/* A failure is asked for twice: the answer is the same. */
void crash__engine_asked(void *context, void *ticket, uint64_t acked, const struct crash__hash *recovered,
			 struct crash__recovered_answer *answer)
{
	struct crash__engine *engine = context;
	struct crash__entry *entry = ticket;
	const struct crash__recovered *found;

	if (crash__engine_is_look(engine, ticket))
		return;
	entry->recovered = crash__engine_identity(engine, *recovered, acked);
	found = find(engine, &entry->recovered);
	if (!found || engine->unlike || entry == engine->final)
		return;
	if (!entry->asked) {
		entry->asked = true;
		entry->compared = is_compared(++engine->alike);
	}
	entry->alike = found->entry;
	if (entry->compared)
		return;
	answer->known = true;
	answer->kind = found->entry->kind;
	answer->exit_code = found->entry->exit_code;
	answer->signal = found->entry->signal;
}

void crash__engine_recovered(struct crash__engine *engine, struct crash__entry *entry,
			     const struct crash__check_result *result)
{
	struct crash__recovered *recovered;

	entry->equal = result->flags & CRASH__RESULT_EQUAL;
	if (!(result->flags & CRASH__RESULT_RECOVERED) || entry->kind == CRASH__VERDICT_FLAKY)
		return;
	recovered = find(engine, &entry->recovered);
	if (recovered) {
		/* it may also have been checked at the same time */
		if (recovered->entry->kind != entry->kind && !engine->unlike)
			engine->unlike = entry;
		entry->alike = recovered->entry;
		return;
	}
	recovered = calloc(1, sizeof *recovered);
	if (!recovered)
		return;
	*recovered = (struct crash__recovered){.hash = entry->recovered, .entry = entry};
	HASH_ADD(hh, engine->recovered, hash, sizeof recovered->hash, recovered);
	if (!CRASH__HASHED(recovered))
		free(recovered);
}

void crash__engine_forget_recovered(struct crash__engine *engine)
{
	struct crash__recovered *recovered, *next;

	HASH_ITER(hh, engine->recovered, recovered, next) {
		HASH_DEL(engine->recovered, recovered);
		free(recovered);
	}
}
