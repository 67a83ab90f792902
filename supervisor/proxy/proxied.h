/* SPDX-License-Identifier: MIT */
/*
 * proxied.h - what came of a call that was made on behalf of another process.
 */
#ifndef CRASH_PROXIED_H
#define CRASH_PROXIED_H

#include "supervisor/notification.h"

/** Everything of it. */
#define CRASH__WHOLE UINT64_MAX

struct crash__proxied {
	long result; /* of the call, or a negative errno */
	int fd;	     /* what an open call opened, to be handed over; else -1 */
	bool cloexec;
	unsigned char *data; /* what was written */
	size_t data_bytes;
	uint64_t offset;  /* where; UINT64_MAX: has no meaning or is not known */
	struct stat made; /* what was opened or made, or got other attributes, if st_ino is not 0 */
};

#endif
