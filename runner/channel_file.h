/* SPDX-License-Identifier: MIT */
/* channel_file.h - the file behind the descriptor CRASH_FD (common/channel/channel.h). */
#ifndef CRASH_CHANNEL_FILE_H
#define CRASH_CHANNEL_FILE_H

#include "runner/job.h"

/** Makes it, in the run's directory. What is missing then is the channel: that is no error of the run. */
void crash__channel_make(struct crash__job *job);

/** Puts it at its number in the calling process, which is about to exec. Async-signal-safe. */
void crash__channel_place(const struct crash__job *job);

/** In the keeper at the end: notes if another file has come into its place, where lines may have gone. */
void crash__channel_settle(const struct crash__job *job);

/** Whether bytes have arrived that nobody has dealt with. */
bool crash__channel_has_lost(const struct crash__job *job);

void crash__channel_close(struct crash__job *job);

#endif
