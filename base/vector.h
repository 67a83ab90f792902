/* SPDX-License-Identifier: MIT */
/*
 * vector.h - arrays that grow.
 */
#ifndef CRASH_VECTOR_H
#define CRASH_VECTOR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/**
 * Makes room for one element more behind the `count` there are. `size` is how many fit. Returns false, with
 * nothing changed, if there is no memory.
 */
static inline bool crash__vector_room(void *array, size_t *size, size_t count, size_t element)
{
	void **at = array, *bigger;
	size_t wanted = *size ? *size * 2 : 16;

	assert(count <= *size);
	if (count < *size)
		return true;
	bigger = realloc(*at, wanted * element);
	if (!bigger)
		return false;
	*at = bigger;
	*size = wanted;
	return true;
}

/** Declares an array of `type` called `name`, with name_count and name_size. */
#define CRASH__VECTOR(type, name)                                                                            \
	type *name;                                                                                          \
	size_t name##_count, name##_size

/** A pointer to a new, uninitialised last element, or NULL. */
#define CRASH__PUSH(owner, name)                                                                             \
	(crash__vector_room(&(owner)->name, &(owner)->name##_size, (owner)->name##_count,                    \
			    sizeof *(owner)->name) ?                                                         \
		 &(owner)->name[(owner)->name##_count++] :                                                   \
		 NULL)

/** Puts a value behind the others. False: there is no memory. */
#define CRASH__ADD(owner, name, ...)                                                                         \
	(crash__vector_room(&(owner)->name, &(owner)->name##_size, (owner)->name##_count,                    \
			    sizeof *(owner)->name) &&                                                        \
	 ((owner)->name[(owner)->name##_count++] = (__VA_ARGS__), true))

#endif
