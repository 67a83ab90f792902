/* SPDX-License-Identifier: MIT */
/*
 * libc_code.h - what is known of libc's code in this process, before it is patched.
 */
#ifndef CRASH_LIBC_CODE_H
#define CRASH_LIBC_CODE_H

#include <stdint.h>

struct libc {
	unsigned char *start, *end;  /* of its code */
	uint64_t sum;		     /* of its build id; 0: it has none */
	const unsigned char *frames; /* its table of functions (.eh_frame_hdr); NULL: it has none */
	const unsigned char *cancel; /* the function by which cancellable calls are made; NULL: none */
	unsigned int calls;	     /* system call instructions, or what looks like one */
	unsigned int unplaced;	     /* those of them that are of no known form */
};

#endif
