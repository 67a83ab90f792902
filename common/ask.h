/* SPDX-License-Identifier: MIT */
/*
 * ask.h - what the shim asks the supervisor: what a file is called in the run.
 *
 * Once somebody has changed a root directory or mounted something, a process's own paths need not be those of
 * the run (supervisor/naming/whereabouts.h). The shim, which is inside and may not even see /proc, then has
 * the supervisor look: by a call of seccomp(2) that the kernel knows nothing of, and that the filter reports
 * as it does every one with this flag.
 */
#ifndef CRASH_ASK_H
#define CRASH_ASK_H

#include <linux/seccomp.h>

/* Arguments of the call: CRASH__ASK, CRASH__ASK_FLAG, one of these, two that it says, a buffer of PATH_MAX.
 */
enum crash__ask {
	CRASH__ASK_PATH,     /* a directory's descriptor, a path */
	CRASH__ASK_FOLLOWED, /* the same; a symbolic link that stands last is followed */
	CRASH__ASK_FD,	     /* a descriptor */
	CRASH__ASK_MEMORY,   /* an address where a file is mapped */
};

#define CRASH__ASK 0x63726173L
#define CRASH__ASK_FLAG ((long)SECCOMP_FILTER_FLAG_NEW_LISTENER)

#endif
