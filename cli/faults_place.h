/* SPDX-License-Identifier: MIT */
/*
 * faults_place.h - the directory that keeps a result of faults, and lets a sweep go on where it was.
 *
 * It has settings.json, with the words that were typed; outcomes, losses and verdicts (fault_log.h); and at
 * the end result.json.
 */
#ifndef CRASH_FAULTS_PLACE_H
#define CRASH_FAULTS_PLACE_H

#include "cli/faults_session.h"

/** Of --resume: takes the settings that the result was begun with. Dies where they cannot be had. */
void crash__faults_resume(struct faults_session *session);

/** Opens the directory of --output or --resume, if there is one. */
void crash__faults_place_open(struct faults_session *session);

/** When the sweep is prepared: takes what is known, and keeps the settings. */
void crash__faults_place_begin(struct faults_session *session);

/** For struct crash__fault_sweep, with the session as its context. */
int crash__faults_place_outcome(void *context, uint32_t number, const struct crash__fault_outcome *outcome);

/** For struct crash__engine_options, with the session as its context. */
void crash__faults_place_verdict(void *context, const struct crash__entry *entry,
				 const struct crash__check_result *result, const char *output);

/** Notes outcomes that could not be written. */
void crash__faults_place_note(struct faults_session *session);

/** Keeps the result, and says where. */
void crash__faults_place_finish(struct faults_session *session, json_t *result);

#endif
