/* SPDX-License-Identifier: MIT */
/*
 * string.c - the shim's own memcpy() and strlen() and their like.
 *
 * Sanitizers put functions of theirs in the place of libc's: there, what the shim does with its own memory
 * looks like the program's doing, and ThreadSanitizer reported races of the program where the shim handed
 * a block from one thread to another. Defined here and hidden, the names never leave the module; that also
 * spares a call through the PLT.
 *
 * The empty asm in each loop keeps the compiler from finding that it is a memcpy().
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "preload/machine_code.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define KEEP_LOOP() __asm__ volatile("" ::: "memory")

typedef long long block __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));
typedef uint32_t half __attribute__((aligned(1), may_alias));

#define LARGE 1024 /* from here on the processor's own copying is faster */

/* At most 16 bytes: two loads that may overlap. */
static void copy_small(char *to, const char *from, size_t bytes)
{
	if (bytes >= 8) {
		word first = *(const word *)from, last = *(const word *)(from + bytes - 8);

		*(word *)to = first;
		*(word *)(to + bytes - 8) = last;
	} else if (bytes >= 4) {
		half first = *(const half *)from, last = *(const half *)(from + bytes - 4);

		*(half *)to = first;
		*(half *)(to + bytes - 4) = last;
	} else if (bytes) {
		char first = from[0], middle = from[bytes / 2], last = from[bytes - 1];

		to[0] = first;
		to[bytes / 2] = middle;
		to[bytes - 1] = last;
	}
}

HIDDEN void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	char *out = to;
	const char *in = from;
	block last;

	if (bytes <= 16) {
		copy_small(out, in, bytes);
		return to;
	}
	if (bytes >= LARGE) {
		crash__copy_large(out, in, bytes);
		return to;
	}
	last = *(const block *)(in + bytes - 16);
	for (size_t at = 0; at < bytes - 16; at += 16) {
		*(block *)(out + at) = *(const block *)(in + at);
		KEEP_LOOP();
	}
	*(block *)(out + bytes - 16) = last;
	return to;
}

HIDDEN void *memmove(void *to, const void *from, size_t bytes)
{
	char *out = to;
	const char *in = from;

	if ((uintptr_t)out - (uintptr_t)in >= bytes) {
		for (size_t i = 0; i < bytes; i++) {
			out[i] = in[i];
			KEEP_LOOP();
		}
	} else {
		while (bytes--) {
			out[bytes] = in[bytes];
			KEEP_LOOP();
		}
	}
	return to;
}

HIDDEN void *memset(void *to, int byte, size_t bytes)
{
	crash__fill(to, byte, bytes);
	return to;
}

HIDDEN int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;
	size_t at = 0;

	for (; at + 8 <= bytes && *(const word *)(x + at) == *(const word *)(y + at); at += 8)
		KEEP_LOOP();
	for (; at < bytes; at++) {
		if (x[at] != y[at])
			return x[at] - y[at];
		KEEP_LOOP();
	}
	return 0;
}

HIDDEN void *memchr(const void *text, int byte, size_t bytes)
{
	const unsigned char *at = text;

	for (size_t i = 0; i < bytes; i++) {
		if (at[i] == (unsigned char)byte)
			return (void *)(uintptr_t)(at + i);
		KEEP_LOOP();
	}
	return NULL;
}

HIDDEN size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length]) {
		length++;
		KEEP_LOOP();
	}
	return length;
}

HIDDEN size_t strnlen(const char *text, size_t most)
{
	size_t length = 0;

	while (length < most && text[length]) {
		length++;
		KEEP_LOOP();
	}
	return length;
}

HIDDEN char *stpcpy(char *restrict to, const char *restrict from)
{
	size_t length = strlen(from);

	memcpy(to, from, length + 1);
	return to + length;
}

HIDDEN char *strcpy(char *restrict to, const char *restrict from)
{
	memcpy(to, from, strlen(from) + 1);
	return to;
}

HIDDEN char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

HIDDEN int strncmp(const char *a, const char *b, size_t most)
{
	for (size_t i = 0; i < most; i++) {
		if (a[i] != b[i] || !a[i])
			return (unsigned char)a[i] - (unsigned char)b[i];
		KEEP_LOOP();
	}
	return 0;
}

HIDDEN int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, PTRDIFF_MAX);
}

HIDDEN char *strchr(const char *text, int byte)
{
	for (;; text++) {
		if (*text == (char)byte)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
	}
}

HIDDEN char *strrchr(const char *text, int byte)
{
	const char *found = NULL;

	for (;; text++) {
		if (*text == (char)byte)
			found = text;
		if (!*text)
			return (char *)(uintptr_t)found;
	}
}

/* How many characters are, or are not, in the set. */
static size_t span(const char *text, const char *set, int wanted)
{
	size_t length = 0;

	while (text[length] && (strchr(set, text[length]) != NULL) == wanted)
		length++;
	return length;
}

HIDDEN size_t strspn(const char *text, const char *set)
{
	return span(text, set, 1);
}

HIDDEN size_t strcspn(const char *text, const char *set)
{
	return span(text, set, 0);
}

HIDDEN char *strpbrk(const char *text, const char *set)
{
	text += strcspn(text, set);
	return *text ? (char *)(uintptr_t)text : NULL;
}

HIDDEN char *strstr(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (;; text++) {
		if (strncmp(text, part, length) == 0)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
	}
}
