/* SPDX-License-Identifier: MIT */
/*
 * start_main.h - how a process of the caller's program is told to call a function instead of main().
 */
#ifndef CRASH_START_MAIN_H
#define CRASH_START_MAIN_H

/** The module that sees to it, beside the shim; it is preloaded. */
#define CRASH__START_MODULE "libcrashinject-start.so"

/** Which function: a name of function_name.h, of a crash__started. Gone from the environment when it is
 * called. */
#define CRASH__START_VARIABLE "CRASHINJECT_START"

/** In the place of main(). */
typedef int crash__started(void);

#endif
