/* SPDX-License-Identifier: MIT */
/*
 * make_script.h - random scripts for tests/programs/script.c, which has their language.
 *
 * The same seed and wishes make the same script. Only what nobody else does at the same time is left to
 * chance between workers: each has a directory of its own, and what is common to them is done by turns.
 */
#ifndef CRASH_TESTS_MAKE_SCRIPT_H
#define CRASH_TESTS_MAKE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What may be in a script besides plain ops on files and names by libc's functions. */
enum script_wish {
	SCRIPT_ROUTES = 1,	/* other ways to the kernel, and to a path */
	SCRIPT_MEMORY = 2,	/* mapped files */
	SCRIPT_THREADS = 4,	/* workers that are threads */
	SCRIPT_PROCESSES = 8,	/* workers and others that are processes */
	SCRIPT_SHIFTS = 16,	/* data that is moved within a file: fallocate's collapse and insert */
	SCRIPT_RARE = 32,	/* ioctl(), handles, MADV_REMOVE, /proc/self/mem */
	SCRIPT_NAMESPACES = 64, /* mounts and roots of a process's own */
	SCRIPT_ALL = 127,
};

struct script {
	char **lines;
	size_t count;
};

/** Makes one of about so many ops. */
void script_make(struct script *script, uint64_t seed, unsigned int ops, unsigned int wishes);

/** From text, which is kept nowhere. Lines end with newlines or semicolons. */
void script_read(struct script *script, const char *text);

/** Whether several workers do it, so that it may go differently each time. */
bool script_has_workers(const struct script *script);

void script_clear(struct script *script);

/** All of it, a line each; to be freed. */
char *script_text(const struct script *script);

void script_write(const struct script *script, const char *path);

/**
 * Makes a script and writes it. Returns the words with which a program of tests/programs does it; the next
 * call overwrites them.
 * @param path not in the directory where the program works
 */
const char *const *script_command(const char *program, const char *path, uint64_t seed, unsigned int ops,
				  unsigned int wishes);

/**
 * Leaves lines out as long as `fails` says that what is left still does, and makes what stays plainer.
 * @param fails is called some hundred times
 */
void script_minimise(struct script *script, bool (*fails)(const struct script *script, void *context),
		     void *context);

#endif
