/* SPDX-License-Identifier: MIT */
/*
 * names.h - what errors and signals are called.
 */
#ifndef CRASH_NAMES_H
#define CRASH_NAMES_H

/** "EIO"; NULL: there is no such error. Async-signal-safe. */
const char *crash__error_name(int error);

/** "TERM"; NULL: there is no such signal, or it has no name. Async-signal-safe. */
const char *crash__signal_name(int signal);

#endif
