/* SPDX-License-Identifier: MIT */
/*
 * callsite.h - where in the program an op comes from.
 */
#ifndef CRASH_CALLSITE_H
#define CRASH_CALLSITE_H

#include "symbols/symbols.h"
#include "trace/trace.h"

struct crash__callsites;

int crash__callsites_new(const struct crash__trace *trace, const char *root,
			 struct crash__callsites **callsites);
void crash__callsites_free(struct crash__callsites *callsites);

/**
 * An op in words: "rename#1 manifest.tmp -> manifest (save_manifest, store.c:214)". Allocated; NULL if there
 * is no memory.
 */
char *crash__callsite_text(struct crash__callsites *callsites, const struct crash__event *event);

/** Only where it is: "save_manifest, store.c:214"; the point's name where the source is not known. Allocated.
 */
char *crash__callsite_source(struct crash__callsites *callsites, const struct crash__event *event);

/** The same within a sentence: "save_manifest at store.c:214", "sqlite3_step in libsqlite3.so.0"; empty where
 * the source is not known. Allocated. */
char *crash__callsite_where(struct crash__callsites *callsites, const struct crash__event *event);

/** Where in the source something is. */
struct crash__location {
	const char *file;     /* as the debugging information has it, mostly absolute */
	const char *function; /* for people; NULL: not known */
	unsigned int line;
};

/** The innermost place in the program's source, if any is known; its strings live as long as `callsites`. */
bool crash__callsite_location(struct crash__callsites *callsites, const struct crash__event *event,
			      struct crash__location *location);

/** What was acknowledged, and how: "commit 3" on stdout. Allocated. */
char *crash__callsite_ack(const struct crash__event *event);

/** The program's own functions that led to an op, innermost first; they live as long as `callsites`. */
const struct crash_frame *crash__callsite_frames(struct crash__callsites *callsites,
						 const struct crash__event *event, unsigned int *count);

/** A path as it is shown: below the data directory without it. */
const char *crash__callsite_path(const struct crash__callsites *callsites, const char *path);

/** A path without what differs from run to run: numbers, hashes and random names. Allocated. */
char *crash__callsite_stable_name(const char *path);

/**
 * What two ops have in common that come from the same place: the same in later runs, and when lines were
 * added elsewhere. Allocated.
 */
char *crash__callsite_signature(struct crash__callsites *callsites, const struct crash__event *event);

/**
 * A number for the place that an op comes from and for the file's name without what differs from file to
 * file: layers that are all programs' own write logs and tables from one place. By addresses: nothing is
 * named for it, so a million ops can be asked. It is the same for all such ops of one recording.
 */
uint64_t crash__callsite_number(struct crash__callsites *callsites, const struct crash__event *event);

#endif
