/* SPDX-License-Identifier: MIT */
/*
 * damage.h - leaves a closed store as crashes leave it, so that one run can show its recovery.
 *
 * `path` is the store's directory. Nothing is synced, as by the process that died. A crash in the
 * middle of a damage is one more state from which the store must recover.
 * All return 0 or a negative errno.
 */
#ifndef HELPER_DAMAGE_H
#define HELPER_DAMAGE_H

/** The snapshot's name is gone and half of a next one written; the backup is there. */
int damage_snapshot(const char *path);

/** The log ends in half a frame. */
int damage_log_tail(const char *path);

/** The log was replaced by a synced copy, and the directory was not synced. */
int damage_log_name(const char *path);

#endif /* HELPER_DAMAGE_H */
