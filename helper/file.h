/* SPDX-License-Identifier: MIT */
/*
 * file.h - whole-file operations on raw descriptors, relative to a directory's descriptor.
 *
 * All return 0 (or a descriptor) or a negative errno. None is buffered: when one returns, the
 * system calls it stands for were made, in that order.
 */
#ifndef HELPER_FILE_H
#define HELPER_FILE_H

#include "bytes.h"

#include <stddef.h>
#include <stdint.h>

/** Writes all of it at `offset`, in one pwrite(2) unless the system writes less than asked. */
int file_write(int fd, const void *data, size_t size, uint64_t offset);

/** Appends the file's whole content to `content`. */
int file_read(int fd, struct bytes *content);

/** The same by name. @return 0, -ENOENT, or another error */
int file_read_name(int directory, const char *name, struct bytes *content);

/**
 * A new empty file. Whatever has the name loses it first and is never opened: after a crash it
 * can be a second name of a file that is in use.
 * @return a descriptor, or a negative errno
 */
int file_create(int directory, const char *name);

/** Removes the name. @return 1 if it was there, 0 if not, or a negative errno */
int file_remove(int directory, const char *name);

/** Makes what was written to the file durable. fdatasync(2) is enough where only data was added. */
int file_sync(int fd);
int file_sync_data(int fd);

/** Makes the entry that names this directory in its parent durable. */
int file_sync_parent(int directory);

#endif /* HELPER_FILE_H */
