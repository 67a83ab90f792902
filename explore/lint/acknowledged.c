/* SPDX-License-Identifier: MIT */
#include "explore/lint/acknowledged.h"

#include "explore/lint/journal_facts.h"
#include "explore/lint/message_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/process_facts.h"

static void add_claim(struct crash__lint *lint, uint32_t step, enum crash__fact unless)
{
	struct crash__lint_claim claim = {.step = step, .unless = unless};

	if (!CRASH__ADD(lint, claims, claim))
		crash__lint_no_memory(lint);
	else if (unless == CRASH__FACT_NONE)
		lint->steps[step].acknowledged = true;
}

/* Whether a rule could speak of a change: a part of it is not durable, or went to a file without a name. */
static bool is_suspect(const struct crash__lint *lint, uint32_t step, uint32_t now)
{
	const struct crash__lint_step *change = &lint->steps[step];

	return crash__is_pending(change->data, now) || crash__is_pending(change->name, now) ||
	       crash__is_pending(change->removal, now) ||
	       (change->node && lint->nodes[change->node].names == 0);
}

/* Why an acknowledgement does not speak for a step of its own thread, or of a child's. */
static enum crash__fact unless(const struct crash__lint *lint, uint32_t ack, uint32_t step)
{
	if (crash__is_chatter(lint, ack, step))
		return CRASH__FACT_CHATTER;
	if (crash__has_journal(lint, step))
		return CRASH__FACT_JOURNAL;
	return crash__is_logged(lint, step) ? CRASH__FACT_WRITE_AHEAD_LOG : CRASH__FACT_NONE;
}

/* What one thread has done since its last acknowledgement. */
static void collect(struct crash__lint *lint, uint32_t ack, struct crash__lint_author *author)
{
	size_t kept = 0;

	crash__list_journals(lint, &lint->processes[author->process]);
	for (size_t i = 0; i < author->steps_count; i++) {
		uint32_t step = author->steps[i];
		enum crash__fact fact = unless(lint, ack, step);

		if (fact == CRASH__FACT_NONE || is_suspect(lint, step, ack))
			add_claim(lint, step, fact);
		if (fact != CRASH__FACT_NONE)
			author->steps[kept++] = step;
	}
	author->steps_count = kept;
}

/* What one thread has done from some step on, for which a fact keeps the acknowledgement from speaking. */
static void pass_over(struct crash__lint *lint, uint32_t ack, const struct crash__lint_author *author,
		      uint32_t *from, enum crash__fact fact)
{
	size_t first = author->steps_count;

	while (first > 0 && author->steps[first - 1] >= *from)
		first--;
	for (; first < author->steps_count; first++)
		if (is_suspect(lint, author->steps[first], ack))
			add_claim(lint, author->steps[first], fact);
	*from = ack;
}

void crash__find_claims(struct crash__lint *lint, uint32_t ack)
{
	enum crash__fact silent = crash__message_fact(lint, ack);

	lint->claims_count = 0;
	for (size_t i = 0; i < lint->authors_count; i++) {
		struct crash__lint_author *author = &lint->authors[i];
		enum crash__fact other;

		if (author->steps_count == 0)
			continue;
		other = crash__author_fact(lint, ack, author->steps[0]);
		if (other == CRASH__FACT_NONE && silent == CRASH__FACT_NONE)
			collect(lint, ack, author);
		else if (other == CRASH__FACT_NONE)
			pass_over(lint, ack, author, &author->passed_over, silent);
		else if (silent == CRASH__FACT_NONE)
			pass_over(lint, ack, author, &author->overheard, other);
	}
}

void crash__find_last_claims(struct crash__lint *lint)
{
	lint->claims_count = 0;
	for (uint32_t step = 0; step < lint->fs->steps_count; step++)
		if (!lint->steps[step].acknowledged)
			add_claim(lint, step, CRASH__FACT_NONE);
}
