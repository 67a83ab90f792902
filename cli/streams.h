/* SPDX-License-Identifier: MIT */
/*
 * streams.h - what the commands print arrives, or the command has failed.
 */
#ifndef CRASH_STREAMS_H
#define CRASH_STREAMS_H

#include <stdio.h>

/**
 * From here on the end of the program looks whether all of its output was written.
 * @param program for the message
 * @param status  the exit status if it was not, whatever it was to be
 */
void crash__streams_begin(const char *program, int status);

/** The same for the file of --json=FILE, which is closed then. */
void crash__streams_add_json(FILE *stream, const char *path);

/** Keeps in mind why printing failed, of which this is what printf(3) returned. */
void crash__streams_printed(int result);

/** fflush(3) that keeps in mind why it failed. */
void crash__streams_flush(FILE *stream);

#endif
