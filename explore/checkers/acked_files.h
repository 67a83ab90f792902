/* SPDX-License-Identifier: MIT */
/*
 * acked_files.h - what was acknowledged by the moment of the crash, in files for the checker.
 *
 * One file has everything, in the order in which it was acknowledged. A directory has a file for each stream:
 *
 *	stdout, stderr			of the program and of what it started
 *	client, client-stderr		of the client, where the program is a server
 *	points				what crash_ack() was given
 *	fd-N, fd-N.P			another descriptor of the program, and of process P of its tree
 *
 * The files stdout, stderr and client are always there. All follow the states: they become longer or shorter,
 * and what a checker has made of them is put right.
 */
#ifndef CRASH_ACKED_FILES_H
#define CRASH_ACKED_FILES_H

#include <limits.h>

#include "base/vector.h"
#include "explore/fs/fs.h"

struct crash__acked_stream {
	char name[32];
	uint64_t size; /* of the file as we left it */
	size_t count;  /* of entries that there were then */
};

/** One acknowledgement. */
struct crash__acked_entry {
	const struct crash__event *event;
	uint64_t end; /* in the file that has everything */
	uint32_t stream;
	uint64_t stream_end; /* in the stream's own */
};

struct crash__acked_files {
	const struct crash__fs *fs;
	char path[PATH_MAX], directory[PATH_MAX];
	uint64_t bytes; /* in the file that has everything */
	size_t count;	/* so many of the entries are in the streams */
	CRASH__VECTOR(struct crash__acked_stream, streams);
	CRASH__VECTOR(struct crash__acked_entry, entries);
};

/** Prepares for files in a directory of ours. The structure is zeroed; release with
 * crash__acked_files_clear(). */
int crash__acked_files_open(struct crash__acked_files *files, const struct crash__fs *fs, const char *place);

/** Makes the files say what was acknowledged by then: so many bytes of everything. */
int crash__acked_files_write(struct crash__acked_files *files, uint64_t bytes);

/** Writes the directory alone, for somebody who looks at one state: `directory` is made, and must not exist
 * yet. */
int crash__acked_files_write_apart(const struct crash__fs *fs, const char *directory, uint64_t bytes);

/** Whether nobody has changed them since, or put anything beside them. */
bool crash__acked_files_are_untouched(const struct crash__acked_files *files);

void crash__acked_files_clear(struct crash__acked_files *files);

#endif
