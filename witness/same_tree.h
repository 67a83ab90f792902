/* SPDX-License-Identifier: MIT */
/*
 * same_tree.h - whether two directories have the same in them: names, types, modes, bytes, links.
 */
#ifndef CRASH_SAME_TREE_H
#define CRASH_SAME_TREE_H

#include <limits.h>

/**
 * Compares them.
 * @param where gets what differs, below them
 * @return 1: they are the same; 0: they are not; or an error
 */
int crash__same_tree(const char *one, const char *other, char where[PATH_MAX]);

#endif
