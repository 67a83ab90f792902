/* SPDX-License-Identifier: MIT */
/*
 * listed.h - what `crashinject list --json` saw.
 */
#ifndef CRASH_TESTS_LISTED_H
#define CRASH_TESTS_LISTED_H

#include "tests/real/ops.h"

struct listing {
	bool complete;
	char reasons[1024]; /* why not */
	int exit_code;	    /* of the program; -1: a signal */
	size_t by_route[4]; /* ops, by enum crash__route */
};

/** Reads the file. Returns false, with a message on stderr, if it is not what it should be. */
bool listing_read(const char *path, struct ops *ops, struct listing *listing);

#endif
