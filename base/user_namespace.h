/* SPDX-License-Identifier: MIT */
/*
 * user_namespace.h - in a user namespace we may do what the owner of our own files may.
 */
#ifndef CRASH_USER_NAMESPACE_H
#define CRASH_USER_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

/** In a new user namespace: we stay who we are, one user and one group, mapped to themselves. */
bool crash__map_own_ids(uid_t uid, gid_t gid);

/** For a child in a new user namespace: everybody stays who they are. Only root may do that, if it may be
 * anybody. */
bool crash__map_all_ids(pid_t child);

/** Whether everybody is there in the namespaces that we make: in our own, or because we may map all. */
bool crash__has_everybody(void);

#endif
