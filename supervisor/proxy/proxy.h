/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - making a call on behalf of the process that waits for it.
 *
 * Needed where the result has to be known, or only a part is to be done: the kernel would otherwise
 * make the call when we say "continue", and never tell how it went.
 */
#ifndef CRASH_PROXY_H
#define CRASH_PROXY_H

#include "supervisor/proxy/proxied.h"

/**
 * Makes the call, or the first `part` bytes of a write.
 * @return false if it cannot be done here exactly as the process would do it; nothing has happened then.
 * Release with crash__proxied_clear() in any case.
 */
bool crash__proxy_call(struct crash__notification *notification, uint64_t part,
		       struct crash__proxied *proxied);

void crash__proxied_clear(struct crash__proxied *proxied);

/** Prepares the calling thread: a umask of its own. */
bool crash__proxy_prepare(void);

#endif
