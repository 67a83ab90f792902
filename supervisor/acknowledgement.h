/* SPDX-License-Identifier: MIT */
/* What a process tells the outside by calls that are no operations on storage. */
#ifndef SUPERVISOR_TOLD_H
#define SUPERVISOR_TOLD_H

#include "supervisor/notification.h"

/** Notes what a write to something that is no storage says. It is not known whether all of it arrives; it was
 * said. */
void crash__acknowledge_write(struct crash__notification *notification);

/** Whether a system call sends to a socket; crash__acknowledge_send() is for those. */
bool crash__is_send(int number);

/** The same for sendto(), sendmsg() and sendmmsg(), whose arguments are in `notification->args`. */
void crash__acknowledge_send(struct crash__notification *notification, int number);

#endif
