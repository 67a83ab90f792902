/* SPDX-License-Identifier: MIT */
/*
 * faults_result.h - what runs with faults have shown, as one JSON object that every reporter prints.
 *
 * It is an object like an exploration's (result.h). A state is a run with a fault, a tier all runs in which
 * calls fail in one way, once or from there on; and the summary has a member "faults".
 */
#ifndef CRASH_FAULTS_RESULT_H
#define CRASH_FAULTS_RESULT_H

#include <jansson.h>

#include "explore/faults/fault_sweep.h"

/** The line to type to try one fault again, or, of NULL, all of them. */
json_t *crash__faults_again(const json_t *settings, const char *fault);

/** The sentence of a finding, of its other members. */
json_t *crash__fault_sentence(const json_t *finding);

/** Notes, as reasons to be incomplete, what the sweep has left out or could not judge. */
int crash__faults_note_missed(const struct crash__fault_sweep *sweep, struct crash__recording *recording);

/**
 * Everything; NULL if there is no memory.
 * @param settings taken over; "again" in it are the beginning and the end of the line that runs one fault
 */
json_t *crash__faults_result(const struct crash__fault_sweep *sweep, const struct crash__recording *recording,
			     struct crash__callsites *callsites, json_t *settings);

#endif
