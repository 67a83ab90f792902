/* SPDX-License-Identifier: MIT */
/*
 * default_models.h - the model of the file system that a directory is on.
 */
#ifndef CRASH_DEFAULT_MODELS_H
#define CRASH_DEFAULT_MODELS_H

#include <sys/types.h>

/**
 * The shipped model of the file system that a directory is on, as it is mounted.
 * @param directory need not exist
 * @param kind      gets the name of the file system: "ext4"; empty: not known
 * @return "posix" where there is no model of it. Static.
 */
const char *crash__model_of_directory(const char *directory, char kind[32]);

/**
 * The same for what a line of /proc/self/mountinfo says of a file system.
 * @param kind    "ext4"
 * @param options of its superblock: "rw,data=journal"
 */
const char *crash__model_of_file_system(const char *kind, const char *options);

#endif
