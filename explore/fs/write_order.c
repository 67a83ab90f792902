/* SPDX-License-Identifier: MIT */
#include "explore/fs/write_order.h"

#include <stdio.h>
#include <string.h>

/* Whether two pieces, which begin at some bytes of the file, differ where they overlap. */
static bool pieces_differ(const struct crash__piece *a, uint64_t a_at, const struct crash__piece *b,
			  uint64_t b_at)
{
	uint64_t from = a_at > b_at ? a_at : b_at;
	uint64_t end = a_at + a->count < b_at + b->count ? a_at + a->count : b_at + b->count;

	return from < end && memcmp(a->bytes + (from - a_at), b->bytes + (from - b_at), end - from) != 0;
}

static bool differ(const struct crash__event *a, const struct crash__event *b)
{
	if (a->offset >= b->offset + b->data_bytes || b->offset >= a->offset + a->data_bytes)
		return false;
	for (const struct crash__piece *x = a->data; x; x = x->next)
		for (const struct crash__piece *y = b->data; y; y = y->next)
			if (pieces_differ(x, a->offset + x->at, y, b->offset + y->at))
				return true;
	return false;
}

/* A store to a mapping is what memory had when it was looked at: it has no beginning. */
static bool is_write(const struct crash__step *step, crash__node_id node)
{
	return step->node == node && step->event->kind == CRASH__EVENT_OP &&
	       step->event->family == CRASH__FAMILY_WRITE && step->event->kernel != CRASH__CALL_store;
}

/* Steps are in the order in which they ended. */
void crash__note_write_order(struct crash__fs *fs, const struct crash__event *event, crash__node_id node)
{
	const char *path = crash__event_path(fs->trace, event);

	for (size_t i = fs->steps_count; i-- > 0 && fs->steps[i].event->end > event->start;) {
		const struct crash__step *step = &fs->steps[i];

		if (!is_write(step, node) || step->event == event || !differ(step->event, event))
			continue;
		if (fs->unordered++ == 0)
			snprintf(fs->unordered_detail, sizeof fs->unordered_detail, "%.200s at %llu",
				 path ? path : "?", (unsigned long long)event->offset);
		return;
	}
}
