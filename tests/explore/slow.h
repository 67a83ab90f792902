/* SPDX-License-Identifier: MIT */
/*
 * slow.h - what a set of atoms makes of the starting tree, done in the plainest way.
 *
 * Every atom of the set is applied to whole files in memory, in order. view.c must come to the same without
 * doing any of it.
 */
#ifndef CRASH_TESTS_SLOW_H
#define CRASH_TESTS_SLOW_H

#include "explore/atoms/atoms.h"

/**
 * The tree as trees_text() would have it (without links), of the atoms for which `kept` is true.
 * @param step atoms of later steps have not happened
 */
char *slow_text(const struct crash__atoms *atoms, int64_t step, const bool *kept);

#endif
