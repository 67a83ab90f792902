/* SPDX-License-Identifier: MIT */
/*
 * callsite_id.h - the ids of findings: hashes of what they are about, the same in every run.
 */
#ifndef CRASH_CALLSITE_ID_H
#define CRASH_CALLSITE_ID_H

#include "explore/findings/cause.h"

/** The id of the class of a failure and the signatures of two callsites; "" stands for none. */
void crash__cause_group(enum crash__verdict_kind kind, bool process, bool torn, const char *lost,
			const char *survivor, char id[12]);

/** The id of a group with some files, by their stable names, which are sorted. */
void crash__cause_id_of_files(const char *group, char **names, size_t count, char id[12]);

#endif
