/* SPDX-License-Identifier: MIT */
/*
 * private_mounts.h - what is mounted in a mount namespace of our own is seen nowhere else.
 */
#ifndef CRASH_PRIVATE_MOUNTS_H
#define CRASH_PRIVATE_MOUNTS_H

/**
 * In a process with one thread and a mount namespace of its own: makes all its mounts private, also where the
 * root directory is no mount point, as in a chroot.
 */
int crash__mounts_make_private(void);

#endif
