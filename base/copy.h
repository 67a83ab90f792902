/* SPDX-License-Identifier: MIT */
/*
 * copy.h - copies of files and trees; where the file system can, they share their blocks.
 */
#ifndef CRASH_COPY_H
#define CRASH_COPY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Copies a range between open files. Its holes are passed over: where it goes, the file has holes or ends.
 * Who wants the size of a hole at the end sets it. The position of `from` is not what it was.
 * @return -1 with errno
 */
int crash__copy_range(int from, uint64_t at, int to, uint64_t to_at, uint64_t bytes);

/**
 * Makes a directory's contents the same as another's: types, modes, owners (for root), hard links, times,
 * holes. The directory exists and is empty.
 */
int crash__copy_tree(const char *from, const char *to);

/** Copies that belong together: what are names of one file there are names of one file here. NULL: no memory.
 */
struct crash__copying;

struct crash__copying *crash__copying_new(void);
void crash__copying_free(struct crash__copying *copying);

/** Whether a file with several names is among what was copied so far. */
bool crash__copying_has_links(const struct crash__copying *copying);

/** Copies one thing, with what is below it. Nothing is at its new name yet. */
int crash__copying_add(struct crash__copying *copying, const char *from, const char *to);

/** Gives a directory that is there the attributes of another one, and no others. */
int crash__copying_attributes(struct crash__copying *copying, const char *from, const char *to);

#endif
