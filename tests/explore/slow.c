/* SPDX-License-Identifier: MIT */
#include "tests/explore/slow.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "explore/states/block_content.h"
#include "explore/states/view.h"
#include "tests/explore/trees.h"

enum known { NOTHING, KNOWN, LOST };

/* A file's bytes, and what is known of each: nothing, its value, or that it was written behind the end and
 * lost. */
struct content {
	unsigned char *bytes, *known;
	size_t room;
};

struct slow {
	const struct crash__atoms *atoms;
	const struct crash__fs *fs;
	const bool *kept;
	struct content *contents; /* by node */
	uint64_t *sizes;
	uint32_t *modes;
	const struct crash__change **owners; /* NULL: as it was made */
	crash__node_id *children;	     /* by slot */
	char **lines;
	size_t count;
};

static void grow(struct content *content, size_t room)
{
	if (room <= content->room)
		return;
	content->bytes = realloc(content->bytes, room);
	content->known = realloc(content->known, room);
	ck_assert(content->bytes && content->known);
	memset(content->bytes + content->room, 0, room - content->room);
	memset(content->known + content->room, NOTHING, room - content->room);
	content->room = room;
}

static void start(struct slow *slow)
{
	const struct crash__fs *fs = slow->fs;

	slow->contents = calloc(fs->nodes_count, sizeof *slow->contents);
	slow->sizes = calloc(fs->nodes_count, sizeof *slow->sizes);
	slow->modes = calloc(fs->nodes_count, sizeof *slow->modes);
	slow->owners = calloc(fs->nodes_count, sizeof(struct crash__change *));
	slow->children = calloc(fs->slots_count, sizeof *slow->children);
	for (crash__node_id id = 1; id < fs->nodes_count; id++) {
		const struct crash__node *node = &fs->nodes[id];

		slow->sizes[id] = node->base_size;
		slow->modes[id] = node->mode;
		if (!node->base_path || node->type != CRASH__NODE_FILE)
			continue;
		grow(&slow->contents[id], node->base_size);
		ck_assert_int_eq(crash__base_read(fs->base, node->base_path, slow->contents[id].bytes,
						  node->base_size, 0),
				 (long)node->base_size);
		memset(slow->contents[id].known, KNOWN, node->base_size);
	}
	for (crash__slot_id id = 1; id < fs->slots_count; id++)
		slow->children[id] = fs->slots[id].base_child;
}

static void put(struct slow *slow, const struct crash__atom *atom)
{
	const struct crash__effect *effect = &slow->fs->effects[atom->effect];
	struct content *content = &slow->contents[atom->node];

	grow(content, atom->offset + atom->bytes);
	if (effect->kind != CRASH__EFFECT_DATA)
		memset(content->bytes + atom->offset, 0, atom->bytes);
	else
		crash__event_copy(slow->fs->steps[atom->step].event, atom->offset - effect->offset,
				  content->bytes + atom->offset, atom->bytes);
	memset(content->known + atom->offset, KNOWN, atom->bytes);
}

/* A page that has another block shows nothing that is known where it was not written anew. */
static void move(struct slow *slow, const struct crash__atom *page)
{
	const struct crash__atom *list = slow->atoms->list, *end = list + slow->atoms->list_count;
	struct content *content = &slow->contents[page->node];

	grow(content, page->offset + page->bytes);
	for (const struct crash__atom *unit = page + 1;
	     unit < end && unit->class == CRASH__CLASS_CARRY && unit->effect == page->effect; unit++)
		if (!slow->kept[unit - list])
			memset(content->known + unit->offset, LOST, unit->bytes);
}

static void forget(struct content *content, uint64_t from, uint64_t end)
{
	grow(content, end);
	memset(content->bytes + from, 0, end - from);
	memset(content->known + from, NOTHING, end - from);
}

/* Everything behind the new end is gone; if the file grows later it shows zeros there. Where the zeros of its
 * last block are late they may not be there. */
static void cut(struct slow *slow, const struct crash__atom *atom)
{
	struct content *content = &slow->contents[atom->node];
	const struct crash__atom *list = slow->atoms->list, *tail = &list[slow->atoms->first[atom->step]];
	uint64_t end = (atom->size + 4095) / 4096 * 4096, from = atom->size;

	if (slow->atoms->model->truncate_tail == CRASH__TAIL_LATE &&
	    atom->size == slow->fs->effects[atom->effect].size) {
		for (; tail < atom && crash__atom_in(tail, CRASH__DATA); tail++)
			if (slow->kept[tail - list])
				forget(content, tail->offset,
				       crash__atom_in(&tail[1], CRASH__DATA) ? tail[1].offset : end);
		from = end;
	}
	grow(content, from);
	forget(content, from, content->room);
}

/* Where a file grew and the data was lost, there is no telling; but what was known before it still is. */
static void lose(struct slow *slow, const struct crash__atom *atom)
{
	struct content *content = &slow->contents[atom->node];

	grow(content, atom->offset + atom->bytes);
	for (uint64_t at = atom->offset; at < atom->offset + atom->bytes; at++)
		if (content->known[at] == NOTHING)
			content->known[at] = LOST;
}

static void show_lost(struct slow *slow, struct content *content)
{
	for (uint64_t at = 0; at < content->room; at++)
		if (content->known[at] == LOST)
			content->bytes[at] = crash__lost_byte(crash__model_choice(slow->atoms->model, 0), at);
}

static void apply(struct slow *slow, const struct crash__atom *atom, bool kept)
{
	switch (atom->kind) {
	case CRASH__ATOM_DATA:
		if (kept && atom->class == CRASH__CLASS_REPOINT)
			move(slow, atom);
		else if (kept && atom->class != CRASH__CLASS_CARRY)
			put(slow, atom);
		else if (crash__atom_in(atom, CRASH__BEHIND_END))
			lose(slow, atom);
		break;
	case CRASH__ATOM_SIZE:
		if (!kept)
			break;
		if (atom->class != CRASH__CLASS_REACH || atom->size > slow->sizes[atom->node])
			slow->sizes[atom->node] = atom->size;
		if (crash__atom_in(atom, CRASH__CUTS))
			cut(slow, atom);
		break;
	case CRASH__ATOM_ATTRIBUTES:
		if (atom->class == CRASH__CLASS_BIRTH && !kept)
			slow->modes[atom->node] &= ~07777u;
		for (uint32_t i = 0; atom->class != CRASH__CLASS_BIRTH && kept && i < atom->effects; i++) {
			const struct crash__change *change =
				crash__fs_change(slow->fs, &slow->fs->effects[atom->effect + i]);

			if (change->attribute == CRASH__MODE)
				slow->modes[atom->node] = change->mode;
			if (change->attribute == CRASH__OWNER)
				slow->owners[atom->node] = change;
		}
		break;
	case CRASH__ATOM_ENTRY:
		for (uint32_t i = 0; kept && i < atom->effects; i++)
			slow->children[slow->fs->effects[atom->effect + i].slot] =
				slow->fs->effects[atom->effect + i].node;
		break;
	}
}

static const char *owner(const struct slow *slow, crash__node_id id)
{
	const struct crash__change *change = slow->owners[id];

	return change ? trees_owner(change->uid, change->gid) :
			trees_owner(slow->fs->nodes[id].uid, slow->fs->nodes[id].gid);
}

static void list(struct slow *slow, crash__node_id directory, const char *path)
{
	for (crash__slot_id id = 1; id < slow->fs->slots_count; id++) {
		crash__node_id child = slow->children[id];
		char below[4096], *line = NULL;
		uint64_t size;

		if (slow->fs->slots[id].directory != directory || !child)
			continue;
		snprintf(below, sizeof below, "%.3000s/%s", path, slow->fs->slots[id].name);
		switch (slow->fs->nodes[child].type) {
		case CRASH__NODE_DIRECTORY:
			ck_assert_int_ge(asprintf(&line, "%s directory %04o%s", below,
						  slow->modes[child] & 07777, owner(slow, child)),
					 0);
			list(slow, child, below);
			break;
		case CRASH__NODE_LINK:
			ck_assert_int_ge(asprintf(&line, "%s link -> %s", below, slow->fs->nodes[child].text),
					 0);
			break;
		case CRASH__NODE_FILE:
			size = slow->sizes[child];
			grow(&slow->contents[child], size);
			ck_assert_int_ge(asprintf(&line, "%s file %04o size %ld content %016lx%s", below,
						  slow->modes[child] & 07777, (long)size,
						  (unsigned long)XXH64(slow->contents[child].bytes, size, 0),
						  owner(slow, child)),
					 0);
			break;
		case CRASH__NODE_OTHER:
			ck_assert_int_ge(asprintf(&line, "%s other %06o", below, slow->modes[child]), 0);
			break;
		}
		slow->lines = realloc(slow->lines, (slow->count + 1) * sizeof *slow->lines);
		slow->lines[slow->count++] = line;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *slow_text(const struct crash__atoms *atoms, int64_t step, const bool *kept)
{
	struct slow slow = {.atoms = atoms, .fs = atoms->fs, .kept = kept};
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	start(&slow);
	for (crash__atom_id id = 0; id < atoms->list_count; id++)
		if ((int64_t)atoms->list[id].step <= step)
			apply(&slow, &atoms->list[id], kept[id]);
	for (crash__node_id id = 1; id < atoms->fs->nodes_count; id++)
		show_lost(&slow, &slow.contents[id]);
	list(&slow, 1, ".");
	if (slow.count)
		qsort(slow.lines, slow.count, sizeof *slow.lines, compare);
	for (size_t i = 0; i < slow.count; i++) {
		fprintf(stream, "%s\n", slow.lines[i]);
		free(slow.lines[i]);
	}
	fclose(stream);
	for (crash__node_id id = 1; id < atoms->fs->nodes_count; id++) {
		free(slow.contents[id].bytes);
		free(slow.contents[id].known);
	}
	free(slow.contents);
	free(slow.sizes);
	free(slow.modes);
	free((void *)slow.owners);
	free(slow.children);
	free(slow.lines);
	return text;
}
