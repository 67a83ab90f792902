/* SPDX-License-Identifier: MIT */
/*
 * breakpoint_sites.h - the explicit breakpoints that are compiled into a program, found without running it.
 */
#ifndef CRASH_BREAKPOINT_SITES_H
#define CRASH_BREAKPOINT_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crash__found_site {
	char *name;
	char *file; /* source file */
	uint32_t line;
	char *object; /* program or library */
};

struct crash__found_sites {
	struct crash__found_site *sites;
	size_t count;
	bool runtime_names; /* the program or a library uses crash_breakpoint(), */
	bool channel;	    /* or has CRASH_FD in it, the name of a variable */
	char **objects;	    /* the program and its libraries, ending with NULL */
	size_t object_count;
};

/** Looks into a program and the libraries that it is linked with. Release with the function below. */
int crash__sites_find(const char *path, struct crash__found_sites *found);

void crash__sites_clear(struct crash__found_sites *found);

#endif
