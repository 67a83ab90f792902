/* SPDX-License-Identifier: MIT */
/* crc32c.h - the checksum of log frames and snapshots. */
#ifndef HELPER_CRC32C_H
#define HELPER_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/**
 * CRC-32C (Castagnoli) of `size` bytes that follow bytes whose CRC is `crc`; 0 to begin.
 * Thread-safe.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);

#endif /* HELPER_CRC32C_H */
