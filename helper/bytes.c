/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int bytes_reserve(struct bytes *bytes, size_t more)
{
	size_t capacity = bytes->capacity ? bytes->capacity : 64;
	unsigned char *data;

	if (bytes->failed)
		return -ENOMEM;
	while (capacity - bytes->size < more) {
		if (capacity > SIZE_MAX / 2) {
			bytes->failed = true;
			return -ENOMEM;
		}
		capacity *= 2;
	}
	if (capacity == bytes->capacity)
		return 0;
	data = realloc(bytes->data, capacity);
	if (data == NULL) {
		bytes->failed = true;
		return -ENOMEM;
	}
	bytes->data = data;
	bytes->capacity = capacity;
	return 0;
}

void bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	if (size == 0 || bytes_reserve(bytes, size))
		return;
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

void bytes_append_u32(struct bytes *bytes, uint32_t number)
{
	unsigned char raw[4];

	bytes_set_u32(raw, number);
	bytes_append(bytes, raw, sizeof(raw));
}

void bytes_append_text(struct bytes *bytes, const char *text)
{
	bytes_append(bytes, text, strlen(text));
}

void bytes_set_u32(unsigned char *at, uint32_t number)
{
	size_t i;

	for (i = 0; i < 4; i++)
		at[i] = (unsigned char)(number >> (8 * i));
}

void bytes_set_u64(unsigned char *at, uint64_t number)
{
	bytes_set_u32(at, (uint32_t)number);
	bytes_set_u32(at + 4, (uint32_t)(number >> 32));
}

uint32_t bytes_u32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint64_t bytes_u64(const unsigned char *at)
{
	return bytes_u32(at) | (uint64_t)bytes_u32(at + 4) << 32;
}

void bytes_clear(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}
