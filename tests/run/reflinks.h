/* SPDX-License-Identifier: MIT */
/*
 * reflinks.h - a file system whose files can share blocks, for tests of what clones files.
 */
#ifndef TESTS_REFLINKS_H
#define TESTS_REFLINKS_H

/** Kinds that have reflinks, ending with NULL. */
extern const char *const reflinks_kinds[];
#define REFLINKS_KINDS 2

/**
 * Mounts a new file system over a directory, for this process and those that it starts. It is in memory, and
 * the last of them takes it away by its end, however that comes.
 * @return NULL, or why there is none: an allocated sentence
 */
const char *reflinks_mount(const char *kind, const char *directory);

/** How many bytes of a file are in blocks that it shares with others; -1 where that cannot be found out. */
long reflinks_shared(const char *path);

#endif
