/* SPDX-License-Identifier: MIT */
/*
 * audience.h - who reads what the program writes to something that is no storage.
 *
 * Whatever somebody outside of the tree may read is an acknowledgement: what goes to pipes, sockets,
 * terminals and the runner's own output. Nobody reads what goes to /dev/null, to files of the kernel (a
 * thread's name in /proc), to memfds and to eventfds. And a pipe or a pair of sockets that the tree has made
 * is read by the tree: a wake-up that goes there tells the outside nothing. A longer message through it stays
 * an acknowledgement, as what is in it may be what a process of the tree tells others.
 */
#ifndef CRASH_AUDIENCE_H
#define CRASH_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/control.h"

/** Whether a message of so many bytes can only be a wake-up: one byte, or the number of an eventfd. */
static inline bool crash__wakes_up(uint64_t bytes)
{
	return bytes == 1 || bytes == sizeof(uint64_t);
}

/** Notes what the program is to find at descriptor `at`, 0 to 2. */
void crash__audience_inherit(struct crash__control *control, int at, int fd);

/**
 * Whether that is what the run has as standard output or error, whatever descriptor it is.
 * @return enum crash__ack_flags; 0: neither
 */
uint16_t crash__audience_stream(const struct crash__control *control, const struct stat *status, int fd);

/**
 * Whether what is written to such a file, which is not storage, is an acknowledgement. Async-signal-safe.
 * @param fd a descriptor of the calling process for it; -1: there is none
 * @param bytes how much is written by one call
 */
bool crash__audience_is_outside(const struct crash__control *control, const struct stat *status, int fd,
				uint64_t bytes);

/** Whether it is a pipe, or one of a pair of sockets, that the tree has made. Async-signal-safe. */
bool crash__audience_is_tree(const struct crash__control *control, const struct stat *status, int fd);

#endif
