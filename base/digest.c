/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define BLOCK 65536

struct crash__digest {
	XXH3_state_t state; /* first: it has to be aligned */
	char block[BLOCK];
};

struct crash__digest *crash__digest_begin(void)
{
	void *memory;

	if (posix_memalign(&memory, 64, sizeof(struct crash__digest)) != 0)
		return NULL;
	XXH3_128bits_reset(&((struct crash__digest *)memory)->state);
	return memory;
}

void crash__digest_number(struct crash__digest *digest, uint64_t number)
{
	XXH3_128bits_update(&digest->state, &number, sizeof number);
}

void crash__digest_bytes(struct crash__digest *digest, const void *bytes, size_t count)
{
	crash__digest_number(digest, count);
	XXH3_128bits_update(&digest->state, bytes, count);
}

void crash__digest_text(struct crash__digest *digest, const char *text)
{
	if (text)
		crash__digest_bytes(digest, text, strlen(text));
	else
		crash__digest_number(digest, UINT64_MAX);
}

static bool is_zeros(const char *bytes, size_t count)
{
	return count == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0);
}

/* One block from a multiple of its size on, or what there is of it. Blocks of zeros are left out. */
static int add_block(struct crash__digest *digest, int fd, off_t at)
{
	size_t count = 0;
	ssize_t got;

	while (count < BLOCK &&
	       (got = pread(fd, digest->block + count, BLOCK - count, at + (off_t)count)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		count += (size_t)got;
	}
	if (is_zeros(digest->block, count))
		return 0;
	crash__digest_number(digest, (uint64_t)at);
	crash__digest_bytes(digest, digest->block, count);
	return 0;
}

int crash__digest_file(struct crash__digest *digest, int fd)
{
	struct stat status;
	off_t at = 0, next;

	if (fstat(fd, &status) < 0)
		return -1;
	crash__digest_number(digest, (uint64_t)status.st_size);
	while (at < status.st_size) {
		next = lseek(fd, at, SEEK_DATA);
		if (next < 0 && errno == ENXIO)
			break; /* only a hole is left */
		if (next > at)
			at = next / BLOCK * BLOCK;
		if (add_block(digest, fd, at) < 0)
			return -1;
		at += BLOCK;
	}
	return 0;
}

void crash__digest_end(struct crash__digest *digest, char text[CRASH__DIGEST_TEXT])
{
	XXH128_hash_t hash = XXH3_128bits_digest(&digest->state);

	snprintf(text, CRASH__DIGEST_TEXT, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
	free(digest);
}
