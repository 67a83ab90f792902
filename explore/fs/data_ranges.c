/* SPDX-License-Identifier: MIT */
#include "explore/fs/data_ranges.h"

#include <string.h>

#include "explore/fs/nodes.h"

static void add(struct crash__fs *fs, crash__node_id node, uint64_t start, uint64_t end)
{
	if (start < end && !CRASH__ADD(fs, data_ranges, (struct crash__data_range){node, start, end}))
		crash__fs_no_memory(fs);
}

static void add_base(struct crash__fs *fs, crash__node_id id)
{
	const struct crash__node *node = &fs->nodes[id];
	uint64_t start, end = 0;
	int found;

	if (!node->base_path || node->type != CRASH__NODE_FILE)
		return;
	while (!fs->failure.code &&
	       (found = crash__base_data(fs->base, node->base_path, end, &start, &end)) != 0) {
		if (found < 0)
			crash__failure_note(&fs->failure, found);
		else
			add(fs, id, start, end);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct crash__data_range *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void merge(struct crash__fs *fs)
{
	struct crash__data_range *list = fs->data_ranges;
	size_t kept = 0;

	if (fs->data_ranges_count)
		qsort(list, fs->data_ranges_count, sizeof *list, by_place);
	for (size_t i = 0; i < fs->data_ranges_count; i++) {
		if (kept == 0 || list[kept - 1].node != list[i].node || list[kept - 1].end < list[i].start)
			list[kept++] = list[i];
		else if (list[kept - 1].end < list[i].end)
			list[kept - 1].end = list[i].end;
	}
	fs->data_ranges_count = kept;
}

void crash__data_ranges_find(struct crash__fs *fs)
{
	bool *zeroed = calloc(fs->nodes_count, sizeof *zeroed), any = false;

	if (!zeroed) {
		crash__fs_no_memory(fs);
		return;
	}
	for (size_t i = 0; i < fs->effects_count; i++)
		if (fs->effects[i].kind == CRASH__EFFECT_ZERO)
			any = zeroed[fs->effects[i].node] = true;
	for (crash__node_id id = 1; any && id < fs->nodes_count; id++)
		if (zeroed[id])
			add_base(fs, id);
	for (size_t i = 0; any && i < fs->effects_count; i++) {
		const struct crash__effect *effect = &fs->effects[i];

		if (effect->kind == CRASH__EFFECT_DATA && zeroed[effect->node])
			add(fs, effect->node, effect->offset, effect->offset + effect->bytes);
	}
	free(zeroed);
	merge(fs);
}

const struct crash__data_range *crash__data_ranges_next(const struct crash__fs *fs, crash__node_id node,
							uint64_t at)
{
	size_t low = 0, high = fs->data_ranges_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct crash__data_range *range = &fs->data_ranges[middle];

		if (range->node < node || (range->node == node && range->end <= at))
			low = middle + 1;
		else
			high = middle;
	}
	return low < fs->data_ranges_count && fs->data_ranges[low].node == node ? &fs->data_ranges[low] :
										  NULL;
}
