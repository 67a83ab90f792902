/* SPDX-License-Identifier: MIT */
/* acknowledgement.h - what a process acknowledges by calls that are not operations on storage. */
#ifndef CRASH_ACKNOWLEDGEMENT_H
#define CRASH_ACKNOWLEDGEMENT_H

#include "supervisor/notification.h"

/** Records a write to something that is not storage. Whether all of it arrives is not known: it counts as
 * soon as the call is made. */
void crash__acknowledge_write(struct crash__notification *notification);

/** Whether a system call tells something and is never an op; crash__acknowledge_send() is for those. */
bool crash__is_send(int number);

/** The same for sends over sockets, vmsplice() and tee(), whose arguments are in `notification->args`. */
void crash__acknowledge_send(struct crash__notification *notification, int number);

#endif
