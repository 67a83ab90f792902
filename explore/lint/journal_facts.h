/* SPDX-License-Identifier: MIT */
/*
 * journal_facts.h - files that make a change whole: undo journals, which are removed when the change is done,
 * and logs, which repeat it.
 */
#ifndef CRASH_JOURNAL_FACTS_H
#define CRASH_JOURNAL_FACTS_H

#include "explore/lint/lint.h"

/** Lists what a process has beside other files for the time of a change, for crash__has_journal(). */
void crash__list_journals(struct crash__lint *lint, const struct crash__lint_process *process);

/** A change is to be undone if nothing follows: a journal that was listed is beside its file. */
bool crash__has_journal(const struct crash__lint *lint, uint32_t step);

/** A log stands for a write: another file was synced since, and this one is synced later, when it suits. */
bool crash__is_logged(const struct crash__lint *lint, uint32_t step);

/** What a removed file is known to have been good for. */
struct crash__removed_file {
	bool compared; /* another file was overwritten while it was durable */
	bool undoes;   /* it had what was there before, and not what was written */
	bool redoes;   /* it had what was written */
};

/** Compares a file that a step removes with what was overwritten while it was durable. */
struct crash__removed_file crash__compare_removed(const struct crash__lint *lint, crash__node_id file,
						  uint32_t removed);

/**
 * What keeps a rule silent about a file that a step removes; CRASH__FACT_NONE: it was an undo journal, whose
 * removal is what made a change valid. Compared once.
 */
enum crash__fact crash__removed_fact(struct crash__lint *lint, crash__node_id file, uint32_t removed);

/**
 * Whether a file that a step takes away, or empties, was a lock on another one, and no source of it: its name
 * says so, or it held the process id of who wrote it; and it had nothing of the other's.
 */
bool crash__is_lock(const struct crash__lint *lint, crash__node_id file, crash__node_id other, uint32_t step);

#endif
