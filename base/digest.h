/* SPDX-License-Identifier: MIT */
/*
 * digest.h - one number for all that something consists of, to see whether two of it are the same.
 *
 * It tells what differs by accident or by an edit, and is no protection against somebody who means to forge
 * it.
 */
#ifndef CRASH_DIGEST_H
#define CRASH_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define CRASH__DIGEST_TEXT 33 /* 32 hexadecimal digits */

struct crash__digest;

/** Begins one; NULL if there is no memory. Ended by crash__digest_end(). */
struct crash__digest *crash__digest_begin(void);

/** Each says how long it is, so that what follows each other cannot be taken for something else. */
void crash__digest_number(struct crash__digest *digest, uint64_t number);
void crash__digest_bytes(struct crash__digest *digest, const void *bytes, size_t count);
/** NULL is another text than "". */
void crash__digest_text(struct crash__digest *digest, const char *text);

/** Size and contents of an open file; whether zeros are holes makes no difference. -1 with errno. */
int crash__digest_file(struct crash__digest *digest, int fd);

/** Ends it, and releases it. */
void crash__digest_end(struct crash__digest *digest, char text[CRASH__DIGEST_TEXT]);

#endif
