/* SPDX-License-Identifier: MIT */
/*
 * error.h - how functions of the library fail: a code, and a sentence for this thread.
 */
#ifndef CRASH_ERROR_H
#define CRASH_ERROR_H

#include <crashinject/crashinject.h>

/** Notes the detail and returns `code`. */
int crash__fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The same for a system call that failed: adds what errno says; CRASH_ESYSTEM, or CRASH_ENOMEM. */
int crash__fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** What an errno says, and of a file that is too large which limit it was. */
void crash__errno_text(int error, char *out, size_t size);

#define CRASH__DETAIL 1024

/** The first error of a thing that can fail where nothing can be returned, and its sentence. Zeroed: none. */
struct crash__failure {
	int code;
	char detail[CRASH__DETAIL];
};

/** Notes an error that has just happened, unless there was one before. */
void crash__failure_note(struct crash__failure *failure, int code);

/** Returns the code, with the detail that it had; 0: nothing has gone wrong. */
int crash__failure_say(const struct crash__failure *failure);

/** Forgets the detail of an earlier failure. */
void crash__fail_clear(void);

#endif
