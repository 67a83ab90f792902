/* SPDX-License-Identifier: MIT */
/*
 * classify.h - which file the op of another process is about.
 */
#ifndef CRASH_CLASSIFY_H
#define CRASH_CLASSIFY_H

#include "supervisor/notification.h"

/** Finds out which file the op is about, and whether it counts. */
void crash__notification_classify(struct crash__notification *notification);

/** The same for a descriptor that is not the op's own. */
void crash__notification_classify_fd(struct crash__notification *notification, int fd);

#endif
