/* SPDX-License-Identifier: MIT */
/*
 * mapping.h - files that are mapped shared and writable.
 */
#ifndef CRASH_MAPPING_H
#define CRASH_MAPPING_H

#include "preload/shim.h"

/** Classifies the file that is mapped shared at this address. */
struct crash__target crash__target_of_mapping(struct crash__control *control, uintptr_t address);

#endif
