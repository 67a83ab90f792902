/* SPDX-License-Identifier: MIT */
/*
 * member.h - whether a model lets a run of made.h's ops leave a tree, without listing what it does let.
 *
 * Method. What is on the disk is a set of atoms, and what makes a set one that the model allows are
 * implications: with an atom those that persist before it. A SAT solver (PicoSAT) proposes such a set. The
 * view says what tree that is. Where it differs from the tree that is asked for, reasons.h says which atoms
 * are to blame, and that they are never again as they are is one clause more. So it goes on until the trees
 * are the same, or the solver finds that no set is left. That a tree is allowed is therefore always shown by
 * a state that reads so; that none is, rests on the reasons, and these are checked against the list of all
 * states (check_member.c).
 */
#ifndef CRASH_TESTS_POWERCUT_MEMBER_H
#define CRASH_TESTS_POWERCUT_MEMBER_H

#include <stdbool.h>

#include "tests/powercut/replayed.h"

struct member;

/** NULL, or why it cannot be told here. */
const char *member_problem(void);

/**
 * The replayed run must stay.
 * @param stale what was lost shows as whatever a block held before, which may be anything, instead of the
 *pattern that stands for it
 */
struct member *member_new(const struct replayed *replayed, bool stale);
void member_free(struct member *member);

/** Whether that can be left after so many ops, in words (words.h). */
bool member_allows(struct member *member, int ops, const char *text);

/** How many sets the solver proposed, of all questions. */
unsigned long member_proposals(const struct member *member);

#endif
