/* SPDX-License-Identifier: MIT */
/*
 * ioctl_request.h - the requests of ioctl(2) that change what is in files.
 *
 * Others make their way unseen: they ask, or are about devices, or about attributes that no checker reads.
 */
#ifndef CRASH_IOCTL_REQUEST_H
#define CRASH_IOCTL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

enum crash__request {
	CRASH__REQUEST_OTHER,	 /* changes nothing */
	CRASH__REQUEST_CLONE,	 /* FICLONE and FICLONERANGE: ops of their own */
	CRASH__REQUEST_ALLOCATE, /* the kernel makes a fallocate() of it, and so do we */
	CRASH__REQUEST_OPAQUE,	 /* what it does is not followed */
};

enum crash__request crash__request_kind(unsigned long request);

/** The name of an opaque request. */
const char *crash__request_name(unsigned long request);

/** The bytes in the middle of a request that those above have, which are what the filter looks at. */
extern const uint8_t crash__request_types[3];

/** What CRASH__REQUEST_ALLOCATE takes: the kernel's struct space_resv. */
struct crash__space {
	int16_t type, whence;
	int64_t start, bytes;
	int32_t system;
	uint32_t process;
	int32_t pad[4];
};

/**
 * Turns the arguments of a request into those of the fallocate() that it comes to; `from` is what its
 * `whence` counts from. Returns false, and leaves them, where the kernel refuses it.
 */
bool crash__request_allocates(long args[6], const struct crash__space *space, int64_t from);

#endif
