/* SPDX-License-Identifier: MIT */
/*
 * power_cut.h - what a disk holds after the power was cut at some place of its notes.
 *
 * What was written before the last flush that the disk answered is there. Of each write since then there is
 * nothing, or all of it, or some of its pages; on a disk that may tear them a page may lack a run of its
 * sectors.
 */
#ifndef CRASH_POWER_CUT_H
#define CRASH_POWER_CUT_H

#include "witness/disk.h"

struct power_cut {
	const struct disk_content *content; /* what it held before the notes */
	const struct disk_note *notes;
	size_t cut;   /* the notes up to there had come */
	bool all;     /* of those nothing is lost */
	bool sectors; /* the disk may tear pages */
	bool lies;    /* it answers a flush at once, and does nothing */
};

/** Lets the disk hold that; it must not have a device. The same random state makes the same content. */
void power_cut(const struct power_cut *power, uint64_t *random);

#endif
