/* SPDX-License-Identifier: MIT */
/*
 * notification.h - an op of another process, while that process waits for our reply.
 */
#ifndef CRASH_NOTIFICATION_H
#define CRASH_NOTIFICATION_H

#include "common/control.h"
#include "supervisor/remote.h"

struct crash__notification {
	struct crash__control *control;
	const struct crash__call_info *kernel;
	unsigned int call, family;
	struct crash__remote remote;
	uint64_t id; /* of the notification */
	uint64_t pc; /* behind the system call instruction */
	long args[6];
	bool storage, sync, direct, append; /* append: the descriptor's flags have O_APPEND */
	bool channel; /* a write to what CRASH_FD stands for, or to its number: common/channel/channel.h */
	const struct crash__named_point *point; /* not an op: an explicit point is passed; or NULL */
	uint64_t rules;
	int fd; /* the file's descriptor, duplicated from the process; -1: none, or it is not allowed */
	uint64_t device, inode;
	uint32_t mode;
	uint32_t file; /* number in the trace; 0: none */
	uint64_t size;
	uint64_t mapped_at;		   /* of an msync(): which byte of the file is at its address */
	char path[PATH_MAX], to[PATH_MAX]; /* absolute; empty: none */
	char given[PATH_MAX], given_to[PATH_MAX]; /* as the program gave them */
	char rest[PATH_MAX], link[PATH_MAX];
	uint64_t occurrence, call_occurrence;
	uint64_t sync_occurrence; /* of the sync that the write implies; 0: not counted yet, or none */
	uint64_t start;		  /* sequence number; 0: not recorded */
	uint32_t flags;		  /* enum crash__op_flags */
	uint32_t took;		  /* of a sync: microseconds, rounded up */
	struct crash__ahead ahead;
};

/** Whether its tree is dead: then there are no more replies. */
static inline bool crash__notification_is_dead(const struct crash__notification *notification)
{
	return crash__control_is_dead(notification->control);
}

/** Closes what was duplicated for it. */
void crash__notification_clear(struct crash__notification *notification);

/** How many bytes it wants to write or read; 0 if it does neither. */
uint64_t crash__notification_bytes(const struct crash__notification *notification);

/** The flags that an open call opens with. */
uint64_t crash__notification_open_flags(const struct crash__notification *notification);

#endif
