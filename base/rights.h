/* SPDX-License-Identifier: MIT */
/*
 * rights.h - what the kernel lets this process do, whoever it is: root of a container may do less than root.
 */
#ifndef CRASH_RIGHTS_H
#define CRASH_RIGHTS_H

#include <stdbool.h>

/** Whether a capability (CAP_SYS_ADMIN, ...) is in effect, in the user namespace that we are in. */
bool crash__may(int capability);

/** Whether CAP_SYS_ADMIN is, in the first user namespace: only then there are attributes of trusted.*. */
bool crash__is_trusted(void);

#endif
