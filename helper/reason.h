/* SPDX-License-Identifier: MIT */
/*
 * reason.h - what exactly is wrong, in words, beside the negative errno.
 *
 * The store says -EBADMSG where bytes do not check, -EUCLEAN where each file checks but they do
 * not fit together, and -ENODATA where something acknowledged is gone. Everything else is the
 * system's error and says nothing about the data.
 */
#ifndef HELPER_REASON_H
#define HELPER_REASON_H

/** A sentence without a full stop or newline; empty until set. */
struct reason {
	char text[256];
};

/** Sets the sentence. @param why may be NULL @return `error`, so that `return reason_set(...)` */
int reason_set(struct reason *why, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif /* HELPER_REASON_H */
