/* SPDX-License-Identifier: MIT */
/*
 * mount_point.h - a directory that does not exist, where only we see it.
 */
#ifndef CRASH_MOUNT_POINT_H
#define CRASH_MOUNT_POINT_H

/**
 * In a child with mounts of its own (crash__sandbox_fork()): makes a directory, with those above it that are
 * missing, although nothing is changed for anybody else. What exists beside it stays where it is.
 * @param path absolute; the first part of it exists, the rest does not
 */
int crash__mount_point_make(const char *path);

#endif
