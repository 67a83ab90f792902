/* SPDX-License-Identifier: MIT */
/*
 * place.h - where in the program an op comes from.
 */
#ifndef CRASH_PLACE_H
#define CRASH_PLACE_H

#include "symbols/symbols.h"
#include "trace/reader.h"

struct crash__places;

int crash__places_new(const struct crash__trace *trace, const char *root, struct crash__places **places);
void crash__places_free(struct crash__places *places);

/**
 * An op in words: "rename#1 manifest.tmp -> manifest (save_manifest, store.c:214)". Allocated; NULL if there is
 * no memory.
 */
char *crash__place_text(struct crash__places *places, const struct crash__event *event);

/** Only where it is: "save_manifest, store.c:214"; the point's name where the source is not known. Allocated. */
char *crash__place_source(struct crash__places *places, const struct crash__event *event);

/** The program's own functions that led to an op, innermost first; they live as long as `places`. */
const struct crash_frame *crash__place_frames(struct crash__places *places, const struct crash__event *event,
					      unsigned int *count);

/** A path as it is shown: below the data directory without it. */
const char *crash__place_path(const struct crash__places *places, const char *path);

/**
 * What two ops have in common that come from the same place: the same in later runs, and when lines were added
 * elsewhere. Allocated.
 */
char *crash__place_signature(struct crash__places *places, const struct crash__event *event);

#endif
