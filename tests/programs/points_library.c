/* SPDX-License-Identifier: MIT */
/*
 * points_library - a shared library with a breakpoint of its own.
 */
#include <crashinject/breakpoint.h>

void pass_library_point(void);

void pass_library_point(void)
{
	CRASH_BREAKPOINT("library.point");
}
