/* SPDX-License-Identifier: MIT */
/*
 * attributes.h - owners and extended attributes of files, read and given.
 *
 * Not every user may give them, and not every file system has them. What could not be given is noted once for
 * this process and all that it forks, and whoever needed it asks afterwards: a tree that lacks something is
 * better than none, as long as it is said.
 *
 * Labels that the system gives to files (SELinux, IMA) are not ours to give, nor are the marks of an overlay.
 */
#ifndef CRASH_ATTRIBUTES_H
#define CRASH_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** The extended attributes of a file, one behind the other. */
struct crash__xattrs {
	unsigned char *bytes; /* allocated */
	size_t count;
};

/**
 * Reads those of the name itself, also if it is a link, as the owner; "" is the directory. None where the
 * file system knows of none, or somebody else's file is closed to us. -1 with errno.
 */
int crash__xattrs_read(int directory, const char *path, struct crash__xattrs *xattrs);

void crash__xattrs_clear(struct crash__xattrs *xattrs);

/** The next of them, from *at = 0 on; false: there are no more, or it is damaged. */
bool crash__xattrs_next(const struct crash__xattrs *xattrs, size_t *at, const char **name,
			const unsigned char **value, size_t *bytes);

/** The value of one of them; NULL: there is none. */
const unsigned char *crash__xattrs_find(const struct crash__xattrs *xattrs, const char *name, size_t *bytes);

/** Gives one, or takes it away (NULL). What is not possible is noted. */
void crash__xattr_give(int directory, const char *path, const char *name, const unsigned char *value,
		       size_t bytes);

/** Gives all of them. */
void crash__xattrs_give(int directory, const char *path, const struct crash__xattrs *xattrs);

/** Gives a name to another owner; what is not possible is noted. */
void crash__owner_give(int directory, const char *path, uid_t uid, gid_t gid);

/** Has what processes note that are forked from now on noted here as well. False: there is no memory. */
bool crash__attributes_share(void);

/** What could not be given first, as a sentence; NULL: nothing. */
const char *crash__attributes_lost(void);

#endif
