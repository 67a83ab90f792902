/* SPDX-License-Identifier: MIT */
/*
 * forward.h - libcrashpoint in a program that the shim was preloaded into as well: the shim gets the points.
 *
 * It knows the runner, and has taken what would have told us of it out of the environment. In the shim
 * itself, and in a static program, there is nobody to forward to.
 */
#ifndef CRASH_FORWARD_H
#define CRASH_FORWARD_H

#ifdef CRASH__LINKED
#include <dlfcn.h>

/* Not there in a static program, which is not to be made to need it. */
extern __typeof__(dlsym) dlsym __attribute__((weak));

/** The shim's function of this name; NULL: the shim is not there. It is the first attacher but for `own`. */
static inline void *crash__forward(const char *name, const void *own)
{
	void *function;

	if (!dlsym)
		return NULL;
	function = dlsym(RTLD_DEFAULT, name);
	return function == own ? dlsym(RTLD_NEXT, name) : function;
}
#else
static inline void *crash__forward(const char *name, const void *own)
{
	(void)name, (void)own;
	return NULL;
}
#endif

#endif
