/* SPDX-License-Identifier: MIT */
/*
 * elf.h - what kind of program a file is: whether the shim can come along.
 *
 * Reads a few bytes of the file with raw system calls; no allocation, async-signal-safe.
 */
#ifndef CRASH_ELF_H
#define CRASH_ELF_H

#include <stdbool.h>
#include <stdint.h>

enum crash__program_kind {
	CRASH__PROGRAM_UNREADABLE, /* cannot be opened for reading */
	CRASH__PROGRAM_GLIBC,	   /* takes a preloaded library */
	CRASH__PROGRAM_OTHER_LIBC, /* dynamic, but with another C library */
	CRASH__PROGRAM_STATIC,
	CRASH__PROGRAM_FOREIGN, /* for another architecture */
	CRASH__PROGRAM_SCRIPT,	/* "#!": `interpreter` says what runs it */
	CRASH__PROGRAM_UNKNOWN, /* no program that the kernel runs by itself */
};

struct crash__program {
	enum crash__program_kind kind;
	bool secure;	    /* if we execute it, the dynamic linker ignores LD_PRELOAD: secure_mode.h */
	bool secure_anyway; /* even after PR_SET_NO_NEW_PRIVS */
	uint16_t machine;
	char interpreter[256]; /* of a script, or the dynamic linker */
	char sanitizer[64];    /* a sanitizer's runtime that has to be loaded first; may be empty */
};

/** The section by which libcrashpoint is known in a program. */
#define CRASH__ATTENDANT "crash_attends"

/** Looks at the program at `path` (relative to `dirfd`). */
void crash__program_inspect(int dirfd, const char *path, struct crash__program *program);

/** The address that the first byte of a program or library wants to be mapped at: 0 if it does not care. */
uint64_t crash__program_base(const char *path);

/** The same for what really runs: follows "#!" lines to the interpreter, as the kernel does. */
void crash__program_inspect_final(int dirfd, const char *path, struct crash__program *program);

enum {
	CRASH__HAS_POINTS = 1,	  /* breakpoints are compiled in */
	CRASH__ATTENDS_POINTS = 2 /* and so is libcrashpoint, of this version */
};

/** Which of these a program has. */
unsigned int crash__program_points(int dirfd, const char *path);

#endif
