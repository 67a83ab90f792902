/* SPDX-License-Identifier: MIT */
/*
 * capture.h - what a run writes, and waiting for its end.
 */
#ifndef CRASH_CAPTURE_H
#define CRASH_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

/** A growing buffer; always ends with a NUL that does not count. Zeroed is empty. */
struct crash__buffer {
	char *data;
	size_t length, size;
};

/** Appends; false when there is no memory. */
bool crash__buffer_add(struct crash__buffer *buffer, const char *bytes, size_t count);

struct crash__capture {
	int out, err; /* reading ends of pipes, or -1 */
	int wake;     /* messages of the keeper */
	int keeper;   /* pidfd of the keeper */
	bool drops;   /* what is read; nobody asks for it */
	struct crash__buffer out_data, err_data;
	/* called while waiting, with each message of the keeper or, every `every_ms`, with 0; may be NULL */
	void (*tell)(void *context, char message);
	void *context;
	int every_ms; /* -1: never */
};

/** Reads until the keeper has ended and everything is read. Returns 0 or CRASH_ENOMEM. */
int crash__capture_run(struct crash__capture *capture);

#endif
