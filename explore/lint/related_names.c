/* SPDX-License-Identifier: MIT */
/*
 * Method. Of two names that are related the shorter one is what the longer one begins with, up to where a
 * word ends. So each name is listed with each part that it begins with, by hashes; whoever has the whole of
 * one looks for it among the parts of others, and for his own parts among the names of others.
 */
#include "explore/lint/related_names.h"

#include <ctype.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/effort.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/used_files.h"

/* Whether a name's first `length` bytes are a part, or all of it. */
static bool is_part(const char *name, size_t length)
{
	return length && !isalnum((unsigned char)name[length]);
}

static bool list_parts(struct crash__lint *lint)
{
	for (crash__slot_id slot = 1; slot < lint->fs->slots_count; slot++) {
		const char *name = lint->fs->slots[slot].name;

		for (size_t length = 1; length <= strlen(name); length++)
			if (is_part(name, length) &&
			    !CRASH__ADD(lint, name_parts,
					(struct crash__name_part){XXH3_64bits(name, length), slot,
								  !name[length]}))
				return false;
	}
	return true;
}

/* Those that are a whole name come first among equal ones. */
static int by_hash(const void *a, const void *b)
{
	const struct crash__name_part *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->whole != y->whole)
		return x->whole ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static size_t first_of(const struct crash__lint *lint, uint64_t hash)
{
	size_t low = 0, high = lint->name_parts_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lint->name_parts[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The file that has a name, if it is one of those that are looked for. */
static void take(struct crash__lint *lint, uint32_t process, crash__slot_id slot, crash__slot_id other)
{
	crash__node_id node = lint->children[other];

	crash__effort++;
	if (node && lint->nodes[node].slot == other && crash__are_related(lint, slot, other) &&
	    crash__use_order(lint, process, node) && !CRASH__ADD(lint, related, node))
		crash__lint_no_memory(lint);
}

/* The last to be used first; there are few. */
static void sort(struct crash__lint *lint, uint32_t process)
{
	for (size_t i = 1; i < lint->related_count; i++) {
		crash__node_id node = lint->related[i];
		uint32_t order = crash__use_order(lint, process, node);
		size_t to = i;

		for (; to && crash__use_order(lint, process, lint->related[to - 1]) < order; to--)
			lint->related[to] = lint->related[to - 1];
		lint->related[to] = node;
	}
}

void crash__find_related(struct crash__lint *lint, uint32_t process, crash__slot_id slot)
{
	const char *name = lint->fs->slots[slot].name;

	lint->related_count = 0;
	if (!lint->name_parts_count) {
		if (!list_parts(lint)) {
			crash__lint_no_memory(lint);
			return;
		}
		qsort(lint->name_parts, lint->name_parts_count, sizeof *lint->name_parts, by_hash);
	}
	for (size_t length = 1; length <= strlen(name); length++) {
		uint64_t hash = XXH3_64bits(name, length);

		for (size_t i = is_part(name, length) ? first_of(lint, hash) : lint->name_parts_count;
		     i < lint->name_parts_count && lint->name_parts[i].hash == hash &&
		     (lint->name_parts[i].whole || !name[length]);
		     i++)
			take(lint, process, slot, lint->name_parts[i].slot);
	}
	sort(lint, process);
}
