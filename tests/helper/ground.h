/* SPDX-License-Identifier: MIT */
/*
 * ground.h - what the tests of the helper's stores stand on: a directory of their own, breakpoints that count
 * and can end the process, and stores in it.
 */
#ifndef CRASH_TESTS_GROUND_H
#define CRASH_TESTS_GROUND_H

#include "helper/store.h"
#include "helper/wal.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

/** Makes a suite, and the directory for its tests; ends the process if there can be none. */
Suite *ground_suite(const char *name);

/** Adds a case whose tests have a new directory each. */
TCase *ground_case(Suite *suite, const char *name);

/** Runs the suite, and removes the directory also after failures. Returns what main() returns. */
int ground_run(Suite *suite);

/* ---- breakpoints ---- */

enum { GROUND_DIED = 99, GROUND_POINTS = 64 };

extern unsigned int ground_hits[GROUND_POINTS]; /* by index in scenario_points */
extern unsigned int ground_stray_hits;		/* of points that the table does not have */
extern bool ground_slow; /* each hit takes a while: threads get into each other's way */

/** From now on breakpoints count, and the `hit`-th of `point` ends the process with GROUND_DIED; NULL: none
 * does. */
void ground_arm(const char *point, unsigned int hit);

unsigned int ground_hits_of(const char *point);

/* ---- directories ---- */

extern char ground_root[500];  /* of one test */
extern char ground_store[600]; /* the store's directory in it */
extern char ground_acks[600];  /* a file in it */

/** Removes all that is in a directory. */
void ground_empty(const char *path);

/** The store's directory, made if it is not there, as a descriptor. */
int ground_directory(void);

/* Files in it. */
struct bytes ground_read(const char *name);
void ground_write(const char *name, const void *data, size_t size);
bool ground_exists(const char *name);
void ground_remove(const char *name);

/** A checksum of the names and contents of the store's files. */
uint32_t ground_fingerprint(void);

/* ---- logs and stores ---- */

/** What a visit saw: payloads one after the other, and how many. */
struct ground_visited {
	unsigned int count;
	uint64_t last;
	struct bytes payloads;
};

/** For wal_open(): notes a frame; they come in order. `context` is a struct ground_visited. */
int ground_note(void *context, uint64_t sequence, const void *payload, size_t size);

/** Opens, repairs if that went well, closes. Returns wal_open's result and what it visited. */
int ground_visit_log(uint64_t covered, struct ground_visited *visited);

struct store *ground_open(void);

/** Opens a store that is to be refused, and left as it was found. Returns the error. */
int ground_refused(struct reason *why);

#endif
