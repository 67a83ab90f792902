/* SPDX-License-Identifier: MIT */
/*
 * witness_result.h - what `witness` found, in a finding and in words.
 *
 * A finding has a member "witnesses", a list of
 *
 *	{"fs": "ext4", "options": "", "kernel": "6.18.1", "seen": true, "alike": true, "same": true,
 *	 "cut": 37, "cuts": 37, "budget": 1000, "runs": 2, "flaky": 0, "unmounted": 0, "kind": "lost",
 *"output": "..."}
 *
 * with one entry for each file system, mount options and kernel, the last that was looked for. "budget" is 0
 *where it was a time.
 */
#ifndef CRASH_WITNESS_RESULT_H
#define CRASH_WITNESS_RESULT_H

#include <jansson.h>
#include <stdio.h>

/** Puts it into a finding, in the place of one of the same file system; keeps a reference. */
void crash__witness_add(json_t *finding, json_t *witness);

/** Takes those of another result's findings of the same ids and states. */
void crash__witnesses_take(json_t *result, const json_t *from);

/** "seen after 37 power cuts on Linux 6.18, ext4", without the line's end. */
void crash__witness_text(FILE *stream, const json_t *witness);

#endif
