/* SPDX-License-Identifier: MIT */
/*
 * proxy_parts.h - how each kind of call is made, for proxy.c to choose from.
 *
 * All of them return false if the call cannot be made here exactly as the process would make it; nothing has
 * happened then.
 */
#ifndef CRASH_PROXY_PARTS_H
#define CRASH_PROXY_PARTS_H

#include <errno.h>

#include "supervisor/proxy/proxied.h"

#define CRASH__BAD_ADDRESS 8 /* an address where nothing is, for calls that are to fail with EFAULT */

static inline long argument(const struct crash__notification *notification, uint8_t position)
{
	return crash__arg(notification->args, position);
}

static inline long or_errno(long result)
{
	return result < 0 ? -errno : result;
}

/** To be returned when a call was made between crash__remote_become() and this: whether its result counts. */
static inline bool crash__proxy_resume(const struct crash__proxied *proxied)
{
	bool sure = crash__remote_resume();

	return sure || (proxied->result != -EPERM && proxied->result != -EACCES);
}

/** Whether a file that ends at `start + bytes` is larger than the process may make one. The limit is not
 * ours. */
bool crash__proxy_exceeds_limit(const struct crash__notification *notification, uint64_t start,
				uint64_t bytes);

/** The same for a write of `bytes`, wherever it goes (`at`: NULL is the position); other threads may move
 * both. */
bool crash__proxy_write_exceeds_limit(const struct crash__notification *notification, const off_t *at,
				      uint64_t bytes);

/* proxy_write.c */
bool crash__proxy_write(struct crash__notification *notification, uint64_t part,
			struct crash__proxied *proxied);

/* proxy_copy.c: data that goes from file to file inside the kernel */
bool crash__proxy_copy(struct crash__notification *notification, uint64_t part,
		       struct crash__proxied *proxied);
bool crash__proxy_clone(struct crash__notification *notification, struct crash__proxied *proxied);

/* proxy_path.c */
bool crash__proxy_path(struct crash__notification *notification, struct crash__proxied *proxied);

/** The path for calls that know no directory to start at. */
void crash__proxy_path_from(const struct crash__notification *notification, int base,
			    char path[PATH_MAX + 64]);

/* proxy_attribute.c: owners, times and extended attributes */

/** Of a path, which starts at `base`; as the process's user. */
void crash__proxy_attribute(const struct crash__notification *notification, int base,
			    struct crash__proxied *proxied);

/** Where a descriptor takes the place of the path: NULL or empty. */
bool crash__proxy_attribute_nameless(const struct crash__notification *notification,
				     struct crash__proxied *proxied);

/** Extended attributes of a descriptor. */
bool crash__proxy_xattr(const struct crash__notification *notification, struct crash__proxied *proxied);

#endif
