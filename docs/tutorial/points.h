/* SPDX-License-Identifier: MIT */
/* points.h - breakpoints where crashinject is installed, and nothing where it is not. */
#ifndef POINTS_H
#define POINTS_H

#ifdef HAVE_CRASHINJECT
#include <crashinject/breakpoint.h>
#else
#define CRASH_BREAKPOINT(name) ((void)0)
#endif

#endif
