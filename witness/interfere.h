/* SPDX-License-Identifier: MIT */
/*
 * interfere.h - what a system does of its own accord while a program does its ops.
 *
 * Pages are written back, other programs sync files of their own, file systems commit: at any time, and each
 * of it lets another part of what was done come to the disk first.
 */
#ifndef CRASH_INTERFERE_H
#define CRASH_INTERFERE_H

#include "witness/real_fs.h"
#include "witness/redo.h"

/** How much of it there is in one run of the ops. */
struct crash__mood {
	const struct crash__real_fs *fs;
	uint64_t *random;
	unsigned int odds; /* of 16, that something happens between two ops */
};

void crash__interfere_begin(struct crash__mood *mood, const struct crash__real_fs *fs, uint64_t *random);

/** After an op: mostly nothing. */
int crash__interfere(struct crash__mood *mood, const struct crash__redo *redo);

/** After the last op, as long as one likes. */
int crash__interfere_at_end(struct crash__mood *mood, const struct crash__redo *redo);

#endif
