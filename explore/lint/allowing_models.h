/* SPDX-License-Identifier: MIT */
/*
 * allowing_models.h - which of the shipped models allow what a mistake loses.
 */
#ifndef CRASH_ALLOWING_MODELS_H
#define CRASH_ALLOWING_MODELS_H

#include "explore/lint/lint.h"

/** Finds the models under which each mistake matters. */
void crash__find_allowing_models(struct crash__lint *lint);

#endif
