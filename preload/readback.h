/* SPDX-License-Identifier: MIT */
/*
 * readback.h - reading what may not be readable: the program's pointers, files open for writing only.
 */
#ifndef CRASH_READBACK_H
#define CRASH_READBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether the eight bytes around an address can be read: asked of the kernel, without a signal if not. */
bool crash__is_readable(uintptr_t address);

/** Copies a NUL-terminated string that may lie at a bad address. False if it does or is too long. */
bool crash__copy_string(const char *from, char *to, size_t size);

/**
 * Reads a file at an offset through a descriptor that may be open for writing only. Returns -EBADF if it is
 * and the file is locked.
 */
long crash__read_back(int fd, void *to, size_t count, uint64_t offset);

#endif
