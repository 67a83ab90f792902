/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - a place where the data directory can be changed without being changed.
 *
 * A process in namespaces of its own sees an overlay at the data directory's very path: what is written goes
 * to memory and is thrown away. No rights are needed where user namespaces are allowed.
 */
#ifndef CRASH_SANDBOX_H
#define CRASH_SANDBOX_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct crash__sandbox {
	char directory[PATH_MAX]; /* the data directory */
	int space;		  /* a file system in memory; its directories are named in sandbox.c */
	bool mounted;		  /* an overlay is over the data directory now */
	bool inside;		  /* the space is our working directory */
};

/**
 * Forks a child into new user (unless we are root) and mount namespaces.
 * @param own_pids also a pid namespace, whose first process the child is: when it ends, all end
 * @param death the signal that the child gets when we end, at whatever moment that is
 * @return as fork(2)
 */
pid_t crash__sandbox_fork(bool own_pids, int death);

/** The status that such a child ends with at once where a user namespace can be made, and nobody mapped in
 * it. */
#define CRASH__UNMAPPED 125
#define CRASH__UNMAPPED_TEXT "nobody can be mapped in a user namespace"

/** fork(2) in the namespaces that we have, of a child that gets a signal when we end. */
pid_t crash__fork_bound(int death);

/**
 * In the child: makes the space. A data directory that does not exist is made, where only the child sees it,
 * if there is something to show.
 * @param base what the data directory shows below the overlay; NULL: itself
 */
int crash__sandbox_enter(struct crash__sandbox *sandbox, const char *directory, const char *base);

/** In the child: makes the space its working directory, which makes paths into it short. */
int crash__sandbox_stay(struct crash__sandbox *sandbox);

/**
 * In the child: puts an overlay over the data directory.
 * @param between the directory of the space that lies between what is written and the data directory; or NULL
 */
int crash__sandbox_mount(struct crash__sandbox *sandbox, const char *between);

/** In the child: whether somebody has files of the overlay open, or works in it. */
bool crash__sandbox_is_busy(const struct crash__sandbox *sandbox);

/** In the child: takes it away, with everything that was written. */
int crash__sandbox_unmount(struct crash__sandbox *sandbox);

/** A path for one of the space's directories. */
void crash__sandbox_path(const struct crash__sandbox *sandbox, const char *name, char out[64]);

/** In the child: prepares for copies. A data directory that does not exist is made, where only the child sees
 * it. */
int crash__sandbox_enter_plain(const char *directory);

/**
 * The same, and where there is no copy there is nothing: whoever goes on to use the directory's name does not
 * get at the real one.
 * @param base    what has the real one's files, perhaps itself; it is seen at another place from now on
 * @param seen    an empty directory, which becomes that place
 * @param nothing an empty directory
 */
int crash__sandbox_cover(const char *directory, const char *base, const char *seen, const char *nothing);

/** In the child: puts a copy over the data directory, without an overlay. */
int crash__sandbox_bind(const char *copy, const char *directory);

/** In the child: takes it away if no process has anything of it. False: it is still there. */
bool crash__sandbox_unbind_unused(const char *directory);

/** In the child: takes it away. */
int crash__sandbox_unbind(const char *directory);

/** Whether that works here, by trying it. */
bool crash__sandbox_binds(const char *directory);

/** Whether all this works here, by trying it. */
bool crash__sandbox_possible(const char *directory, const char **why_not);

/** The same with something else to show: then the directory need not exist. */
bool crash__sandbox_possible_over(const char *directory, const char *base, const char **why_not);

#endif
