/* SPDX-License-Identifier: MIT */
#include "map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int compare(const struct map_entry *entry, const void *key, size_t key_size)
{
	size_t shorter = entry->key_size < key_size ? entry->key_size : key_size;
	int order = shorter ? memcmp(entry->key, key, shorter) : 0;

	if (order != 0)
		return order;
	return (entry->key_size > key_size) - (entry->key_size < key_size);
}

/* The place of the key, or the one it would be inserted at. */
static size_t place(const struct map *map, const void *key, size_t key_size, bool *found)
{
	size_t low = 0, high = map->count;
	int order;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		order = compare(&map->entries[middle], key, key_size);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct map_entry *map_find(const struct map *map, const void *key, size_t key_size)
{
	bool found;
	size_t at = place(map, key, key_size, &found);

	return found ? &map->entries[at] : NULL;
}

static int grow(struct map *map)
{
	size_t capacity = map->capacity ? map->capacity * 2 : 16;
	struct map_entry *entries;

	if (map->count < map->capacity)
		return 0;
	entries = realloc(map->entries, capacity * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	map->entries = entries;
	map->capacity = capacity;
	return 0;
}

int map_put(struct map *map, const void *key, size_t key_size, const void *value, size_t value_size)
{
	struct map_entry entry = {.key_size = key_size, .value_size = value_size};
	bool found;
	size_t at = place(map, key, key_size, &found);

	if (!found && grow(map))
		return -ENOMEM;
	entry.key = malloc(key_size + value_size + 1);
	if (entry.key == NULL)
		return -ENOMEM;
	entry.value = entry.key + key_size;
	if (key_size)
		memcpy(entry.key, key, key_size);
	if (value_size)
		memcpy(entry.value, value, value_size);

	if (found) {
		free(map->entries[at].key);
	} else {
		memmove(&map->entries[at + 1], &map->entries[at], (map->count - at) * sizeof(entry));
		map->count++;
	}
	map->entries[at] = entry;
	return 0;
}

void map_delete(struct map *map, const void *key, size_t key_size)
{
	bool found;
	size_t at = place(map, key, key_size, &found);

	if (!found)
		return;
	free(map->entries[at].key);
	map->count--;
	memmove(&map->entries[at], &map->entries[at + 1], (map->count - at) * sizeof(map->entries[0]));
}

void map_clear(struct map *map)
{
	size_t i;

	for (i = 0; i < map->count; i++)
		free(map->entries[i].key);
	free(map->entries);
	*map = (struct map){0};
}
