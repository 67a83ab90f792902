/* SPDX-License-Identifier: MIT */
/*
 * missed.h - what a recording may have missed, and whether what was to be tested has happened in it at all.
 */
#ifndef CRASH_MISSED_H
#define CRASH_MISSED_H

#include "explore/recording/recording.h"

/** Notes it among the recording's reasons to be incomplete; call it when all has been replayed. */
int crash__note_missed(const struct crash__recording_options *options, struct crash__recording *recording);

/** Notes that the starting tree is no more what it was; call it when nothing is going to be read from it. */
int crash__note_changed(struct crash__recording *recording);

/**
 * Where copies are at other paths: a word of a command that names the data directory by its own path leads to
 * the original, which has nothing of what the program did.
 * @param words of the command, ending with NULL
 */
int crash__note_original_named(struct crash__recording *recording, const char *const *words);

#endif
