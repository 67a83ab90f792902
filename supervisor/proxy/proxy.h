/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - making a call on behalf of the process that waits for it.
 *
 * Needed where the result has to be known, or only a part is to be done: the kernel would otherwise
 * make the call when we say "continue", and never tell how it went.
 */
#ifndef CRASH_PROXY_H
#define CRASH_PROXY_H

#include "supervisor/notification.h"

/** Everything of it. */
#define CRASH__WHOLE UINT64_MAX

struct crash__proxied {
	long result; /* of the call, or a negative errno */
	int fd;	     /* what an open call opened, to be handed over; else -1 */
	bool cloexec;
	unsigned char *data; /* what was written */
	size_t data_bytes;
	uint64_t offset;     /* where; UINT64_MAX: has no meaning or is not known */
	struct stat made;    /* what was opened or made, if st_ino is not 0 */
};

/**
 * Makes the call, or the first `part` bytes of a write.
 * @return false if it cannot be done here exactly as the process would do it; nothing has happened then.
 * Release with crash__proxied_clear() in any case.
 */
bool crash__proxy_call(struct crash__watched *watched, uint64_t part, struct crash__proxied *proxied);

void crash__proxied_clear(struct crash__proxied *proxied);

/** Prepares the calling thread: a umask of its own. */
bool crash__proxy_prepare(void);

#endif
