/* SPDX-License-Identifier: MIT */
/*
 * notification_recorder.h - writing down the ops of other processes.
 */
#ifndef CRASH_NOTIFICATION_RECORDER_H
#define CRASH_NOTIFICATION_RECORDER_H

#include "common/channel/channel.h"
#include "supervisor/notification.h"
#include "supervisor/proxy/proxied.h"

/** Writes down the file that the op is about; returns its number. */
uint32_t crash__notification_record_file(struct crash__notification *notification);

/** Whether this op is wanted in the trace. */
bool crash__notification_record_wanted(const struct crash__notification *notification);

/** Writes the op down before its call; sets notification->start. */
void crash__notification_record_op(struct crash__notification *notification);

/** Writes down how it ended. */
void crash__notification_record_end(struct crash__notification *notification,
				    const struct crash__proxied *proxied);

/** Writes down a store to a mapped file, which has been done already. */
void crash__notification_record_store(struct crash__notification *store, const unsigned char *bytes);

/** Writes down an acknowledgement. */
void crash__record_remote_ack(struct crash__notification *notification, int fd, const void *bytes,
			      size_t count);

/** Writes down that the explicit point is passed. */
void crash__notification_record_point(struct crash__notification *notification);

/** Writes down a note. */
void crash__record_remote_note(struct crash__notification *notification, const struct crash__line *line);

#endif
