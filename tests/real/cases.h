/* SPDX-License-Identifier: MIT */
/*
 * cases.h - what has to be the same with and without crashinject.
 */
#ifndef CRASH_TESTS_CASES_H
#define CRASH_TESTS_CASES_H

#include <stdbool.h>
#include <stddef.h>

/** Scripts are for /bin/sh, in an empty directory that has a tmp/. */
struct quiet_case {
	const char *name;
	const char *needs; /* programs, separated by spaces */
	const char *file;  /* that has to be there, too */
	const char *build; /* makes what is needed in $BUILT */
	const char *run;
	size_t least;		   /* lines that it prints if it did anything at all */
	const char *const *random; /* names that differ between runs, as patterns, ending with NULL */
	const char *const *known;  /* of lines that may differ, parts; ending with NULL */
	const char *incomplete;	   /* the reason that may be given; part of its sentence */
	bool is_suite;		   /* prints one line for each test; what else it leaves is its own affair */
	bool recorded_only;	   /* counted only with CRASHINJECT_LONG=1 */
	bool is_long;		   /* run only with CRASHINJECT_LONG=1, or by name with CASE=... */
};

extern const struct quiet_case quiet_cases[];
extern const size_t quiet_case_count;

#endif
