/* SPDX-License-Identifier: MIT */
/*
 * own_malloc.c - a malloc() of its own, as programs bring one along: linked into them, or as a library.
 * Nothing is used twice.
 */
#include <malloc.h>
#include <stdlib.h>

static char pool[1 << 20] __attribute__((aligned(64)));
static size_t used;

void *memalign(size_t alignment, size_t bytes)
{
	size_t at = (used + alignment - 1) / alignment * alignment;

	if (bytes > sizeof pool || at > sizeof pool - bytes)
		return NULL;
	used = at + bytes;
	return pool + at;
}

void *malloc(size_t bytes)
{
	return memalign(16, bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return malloc(count * bytes); /* it is all zeros */
}

void *realloc(void *memory, size_t bytes)
{
	char *made = malloc(bytes);

	for (size_t i = 0; made && memory && i < bytes && (char *)memory + i < pool + sizeof pool; i++)
		made[i] = ((char *)memory)[i];
	return made;
}

void free(void *memory)
{
	(void)memory;
}
