/* SPDX-License-Identifier: MIT */
/*
 * modules.h - the program and libraries that are mapped in this process.
 */
#ifndef CRASH_MODULES_H
#define CRASH_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control.h"

struct crash__module {
	uint64_t start, end, bias;
	uint64_t device, inode;
};

/**
 * The module that `address` is in, or NULL. Looks at what is mapped anew when the address is in none
 * that is known, and records the modules that are new while recording.
 */
const struct crash__module *crash__module_of(struct crash__control *control, uint64_t address);

/** The path that the module was loaded by. Returns false if it is not loaded any more. */
bool crash__module_describe(uint64_t address, struct crash__frame_module *out);

#endif
