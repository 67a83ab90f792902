/* SPDX-License-Identifier: MIT */
/*
 * note.h - writing down the ops of other processes.
 */
#ifndef CRASH_NOTE_H
#define CRASH_NOTE_H

#include "supervisor/notification.h"
#include "supervisor/proxy/proxy.h"

/** Writes down the file that the op is about; returns its number. */
uint32_t crash__note_file(struct crash__watched *watched);

/** Whether this op is wanted in the trace. */
bool crash__note_wanted(const struct crash__watched *watched);

/** Writes the op down before its call; sets watched->start. */
void crash__note_op(struct crash__watched *watched);

/** Writes down how it ended. */
void crash__note_end(struct crash__watched *watched, const struct crash__proxied *proxied);

/** Writes down a store to a mapped file, which has been done already. */
void crash__note_store(struct crash__watched *store, const unsigned char *bytes);

/** Writes down what is told to the outside. */
void crash__note_ack(struct crash__watched *watched, int fd, const void *bytes, size_t count);

#endif
