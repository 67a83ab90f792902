/* SPDX-License-Identifier: MIT */
/*
 * notified_input.h - a call that changes nothing, and that a rule names: it fails, or brings something else.
 */
#ifndef CRASH_NOTIFIED_INPUT_H
#define CRASH_NOTIFIED_INPUT_H

#include "supervisor/reply.h"

/** A read or a close that the kernel has stopped. */
struct crash__reply crash__notified_input(struct crash__notification *notification);

#endif
