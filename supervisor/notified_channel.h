/* SPDX-License-Identifier: MIT */
/* notified_channel.h - what a process writes to the descriptor CRASH_FD (common/channel/channel.h). */
#ifndef CRASH_NOTIFIED_CHANNEL_H
#define CRASH_NOTIFIED_CHANNEL_H

#include "supervisor/reply.h"

/**
 * Deals with a write to what is the channel, or has its number, instead of making it.
 * @return false if it is to be made: it is another file's, or the kernel has to say what is wrong with it
 */
bool crash__notified_channel(struct crash__notification *notification, struct crash__reply *reply);

#endif
