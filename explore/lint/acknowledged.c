/* SPDX-License-Identifier: MIT */
#include "explore/lint/acknowledged.h"

#include "base/effort.h"
#include "explore/lint/journal_facts.h"
#include "explore/lint/message_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/process_facts.h"

/* So many changes that wait for another kind of message are looked at for each of this kind. */
#define MOST_WAITING 64

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

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* What has waited is looked at again: this message may speak for it. */
static void end_waiting(struct crash__lint *lint, struct crash__lint_author *author)
{
	for (size_t i = 0; i < author->waiting_count; i++)
		if (!CRASH__ADD(author, steps, author->waiting[i]))
			crash__lint_no_memory(lint);
	if (author->waiting_count)
		qsort(author->steps, author->steps_count, sizeof *author->steps, by_number);
	author->waiting_count = 0;
}

/* A message is counted if it might have spoken for something; the last few tell. */
static void claim_waiting(struct crash__lint *lint, uint32_t ack, const struct crash__lint_author *author)
{
	size_t first = author->waiting_count > MOST_WAITING ? author->waiting_count - MOST_WAITING : 0;

	for (size_t i = first; i < author->waiting_count; i++)
		if (is_suspect(lint, author->waiting[i], ack))
			add_claim(lint, author->waiting[i], CRASH__FACT_CHATTER);
}

/*
 * What one thread has done since its last acknowledgement. What a log stands for is not looked at again: it
 * does so until the write is durable. Nor is what can no more be lost.
 */
static void collect(struct crash__lint *lint, uint32_t ack, struct crash__lint_author *author)
{
	size_t kept = 0;

	if (crash__is_progress(lint, ack))
		claim_waiting(lint, ack, author);
	else
		end_waiting(lint, author);
	crash__list_journals(lint, &lint->processes[author->process]);
	for (size_t i = 0; i < author->steps_count; i++) {
		uint32_t step = author->steps[i];
		enum crash__fact fact = unless(lint, ack, step);
		bool suspect = is_suspect(lint, step, ack);

		crash__effort++;
		if (fact == CRASH__FACT_NONE || suspect)
			add_claim(lint, step, fact);
		if (fact == CRASH__FACT_CHATTER && !CRASH__ADD(author, waiting, step))
			crash__lint_no_memory(lint);
		if (fact == CRASH__FACT_JOURNAL && suspect)
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

		if (author->steps_count + author->waiting_count == 0)
			continue;
		other = crash__author_fact(lint, ack,
					   author->steps_count ? author->steps[0] : author->waiting[0]);
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
