/* SPDX-License-Identifier: MIT */
/*
 * naming.h - what a process means by a path, a descriptor or an address: the name of a file in the run.
 */
#ifndef CRASH_NAMING_H
#define CRASH_NAMING_H

#include "supervisor/notification.h"

/**
 * Whether the kernel refuses a path that could not be walked, too: `given`, which is "" if it could not be
 * read. `dirfd` as below.
 */
bool crash__name_is_bad(const struct crash__notification *notification, uint8_t dirfd, const char *given);

/**
 * Reads a path argument and walks it. `given` becomes what the process gave or, where the process has another
 * root and that can be said, the same from ours, by way of /proc. `dirfd` and `path` are
 * positions of arguments, counted from 1; no `dirfd`: 0. Where `status` is not NULL it is what the name
 * stands for, or all zero if there is nothing.
 */
bool crash__name_path(struct crash__notification *notification, uint8_t dirfd, uint8_t path, bool follow,
		      char given[PATH_MAX], char out[PATH_MAX], struct stat *status);

/** The path that a descriptor was opened by; `gone`: the file has no name any more. */
bool crash__name_fd(const struct crash__notification *notification, int fd, bool gone, char out[PATH_MAX]);

/** The same for a descriptor of ours, which was opened by that of a process. */
bool crash__name_ours(struct crash__control *control, const struct crash__remote *remote, int fd, bool gone,
		      char out[PATH_MAX]);

/** Replaces a path that the kernel has of a file of the process, as in its maps. */
void crash__name_seen(struct crash__control *control, const struct crash__remote *remote,
		      char path[PATH_MAX]);

/** Answers the shim (ask.h): 0 or a negative errno. */
long crash__name_answer(struct crash__notification *notification);

#endif
