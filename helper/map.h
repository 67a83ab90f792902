/* SPDX-License-Identifier: MIT */
/*
 * map.h - the store's content in memory: keys and values, any bytes, in the order of the keys.
 *
 * Invariant: `entries[0..count)` ascend strictly by key (memcmp, then the shorter first).
 */
#ifndef HELPER_MAP_H
#define HELPER_MAP_H

#include <stddef.h>

struct map_entry {
	unsigned char *key;
	size_t key_size;
	unsigned char *value; /* in the same allocation as the key */
	size_t value_size;
};

/** A zeroed one is empty and ready. Owns its entries. Not thread-safe. */
struct map {
	struct map_entry *entries;
	size_t count;
	size_t capacity;
};

/** The key's entry, valid until the map changes, or NULL. */
const struct map_entry *map_find(const struct map *map, const void *key, size_t key_size);

/** Sets a copy of the value. @return 0 or -ENOMEM, and then the map is as before */
int map_put(struct map *map, const void *key, size_t key_size, const void *value, size_t value_size);

/** Removes the key; no matter if it is not there. */
void map_delete(struct map *map, const void *key, size_t key_size);

/** Frees all entries and zeroes the structure. */
void map_clear(struct map *map);

#endif /* HELPER_MAP_H */
