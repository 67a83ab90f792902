/* SPDX-License-Identifier: MIT */
/*
 * injection.h - the faults of a recording: which op fails, in which way.
 *
 * Method. Each op of the recording that a real system can let fail is one with each way in which its call can
 * (the column `fails` of calls.def): once, and, where that is asked for, from there on. A fault is named like
 * the rule that makes it, write#17:err=EIO, and write#17+:err=EIO from there on.
 *
 * Which come first: of each call site and way the first op, then the last, then the one in the middle, those
 * in the middle of the halves, and so on. So whatever ends the sweep, it has been everywhere.
 */
#ifndef CRASH_INJECTION_H
#define CRASH_INJECTION_H

#include "explore/fs/fs.h"
#include "symbols/callsite.h"

struct crash__injection {
	uint32_t step; /* of the recording */
	enum crash__fault fault;
	bool sticky;	   /* from there on */
	unsigned int rank; /* among those of its call site and way: 0 is the first */
	uint32_t class;	   /* the number of these, from 0 */
	char name[CRASH__NAME + 80];
};

struct crash__injections {
	CRASH__VECTOR(struct crash__injection, list); /* in the order in which they are tried */
	uint32_t classes;
};

/**
 * Lists the faults of a recording. Release with crash__injections_clear().
 * @param fails which ways, a set of enum crash__fails
 * @param sticky also from there on
 */
int crash__injections_find(const struct crash__fs *fs, struct crash__callsites *callsites, uint32_t fails,
			   bool sticky, struct crash__injections *injections);

void crash__injections_clear(struct crash__injections *injections);

/** The rules that make it. Allocated; NULL: no memory. */
char *crash__injection_rules(const struct crash__fs *fs, const struct crash__injection *injection);

/**
 * Rules that find the op by its function, its file and how often it has been there, whatever others did
 * meanwhile. Allocated; NULL: no memory, or nothing tells it apart.
 * @param from what is before paths of the data directory in the recording, if that was a copy; ""
 * @param to   what will be before them
 */
char *crash__injection_rules_of_site(const struct crash__fs *fs, struct crash__callsites *callsites,
				     const struct crash__injection *injection, const char *from,
				     const char *to);

/** Takes "EIO,SHORT" as a set of enum crash__fails; what is wrong is written to `wrong`, or NULL. */
uint32_t crash__injection_fails(const char *list, const char **wrong, size_t *length);

#endif
