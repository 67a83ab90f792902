/* SPDX-License-Identifier: MIT */
#include "tests/explore/outcomes.h"

#include <check.h>
#include <crashinject/crashinject.h>
#include <stdlib.h>
#include <string.h>

#include "explore/states/block_content.h"
#include "explore/states/view_new.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"

#define MOST_ATOMS 16

int outcomes_code(const struct crash__model *model, int ops, unsigned char byte, uint64_t at)
{
	int op = made_op_of(byte, at);

	if (byte == MADE_OLD)
		return OUTCOMES_OLD;
	/* rarely an op's byte is the same */
	for (unsigned int i = 0; i < crash__model_choices(model); i++)
		if (crash__model_choice(model, i) != CRASH__LOST_ZEROS &&
		    byte == crash__lost_byte(crash__model_choice(model, i), at))
			return OUTCOMES_JUNK;
	if (op >= 0 && op < ops)
		return op;
	return byte == 0 ? OUTCOMES_ZERO : OUTCOMES_STRANGE;
}

static void say_run(FILE *out, int code, uint64_t count)
{
	static const char *const words[] = {"old", "zerox", "junkx", "strange"};

	if (code >= 0)
		fprintf(out, "w%dx%d", code, (int)count);
	else
		fprintf(out, "%s%d", words[-1 - code], (int)count);
}

void outcomes_file(FILE *out, const struct crash__model *model, int ops, const unsigned char *bytes,
		   uint64_t size, uint32_t mode)
{
	uint64_t start = 0;

	if (!size)
		fputs("empty", out);
	while (start < size) {
		int code = outcomes_code(model, ops, bytes[start], start);
		uint64_t end = start + 1;

		while (end < size && outcomes_code(model, ops, bytes[end], end) == code)
			end++;
		if (start)
			fputc('+', out);
		say_run(out, code, end - start);
		start = end;
	}
	if ((mode & 07777) != 0644)
		fprintf(out, "(%04o)", mode & 07777);
}

void outcomes_attributes(FILE *out, uint32_t uid, const unsigned char *value, size_t bytes)
{
	if (bytes)
		fprintf(out, "[x%.*s]", (int)bytes, (const char *)value);
	if (uid >= MADE_OWNER)
		fprintf(out, "[o%u]", uid - MADE_OWNER);
}

void outcomes_node_attributes(FILE *out, const struct crash__view *view, crash__node_id id)
{
	const struct crash__change *change = NULL;
	uint32_t uid, gid, at = 0;
	const char *name;

	crash__view_owner(view, id, &uid, &gid);
	if (!crash__view_xattr(view, id, &at, &name, &change))
		change = NULL;
	outcomes_attributes(out, uid, change ? change->value : NULL, change ? change->bytes : 0);
}

int outcomes_read_run(const char **text, uint64_t *count)
{
	static const char *const words[] = {"old", "zerox", "junkx", "strange"};
	int code = OUTCOMES_STRANGE;
	char *rest;

	*text += **text == '+';
	if (**text == 'w') {
		code = (int)strtol(*text + 1, &rest, 10);
		*text = rest + 1;
	} else {
		for (int i = 0; i < 4; i++)
			if (strncmp(*text, words[i], strlen(words[i])) == 0)
				code = -1 - i;
		*text += strlen(words[-1 - code]);
	}
	*count = strtoull(*text, &rest, 10);
	*text = rest;
	return code;
}

static void hide_cut(const struct crash__view *view, crash__node_id id, uint64_t index, unsigned char *bytes,
		     uint64_t size)
{
	uint64_t from = crash__view_base_limit(view, id), at = index * CRASH__BLOCK, found;
	uint64_t end = at + CRASH__BLOCK < size ? at + CRASH__BLOCK : size;
	crash__node_id owner;
	uint32_t block;

	if (crash__view_find_block(view, id, index, &block)) {
		crash__view_block(view, block, &owner, &found);
		if (owner == id && found == index)
			return;
	}
	from = from > at ? from : at;
	if (from < end)
		memset(bytes + from, 0, end - from);
}

unsigned char *outcomes_bytes(const struct crash__atoms *atoms, struct crash__view *view, crash__node_id id,
			      uint64_t *bytes_count)
{
	const struct crash__node *node = &atoms->fs->nodes[id];
	uint64_t size = crash__view_size(view, id);
	unsigned char *bytes = calloc(1, size + CRASH__BLOCK);
	uint32_t block;

	ck_assert_ptr_nonnull(bytes);
	for (uint64_t index = 0; index * CRASH__BLOCK < size; index++) {
		uint64_t at = index * CRASH__BLOCK, found = 0;
		crash__node_id owner;
		size_t length;

		if (crash__view_find_block(view, id, index, &block))
			crash__view_block(view, block, &owner, &found);
		else
			found = index + 1;
		if (found == index)
			ck_assert_int_eq(crash__view_content(view, block, bytes + at, &length), 0);
		else if (node->base_path) /* no op ever wrote there */
			ck_assert_int_ge(crash__base_read(atoms->fs->base, node->base_path, bytes + at,
							  CRASH__BLOCK, (off_t)at),
					 0);
	}
	/* of blocks that no op ever wrote to, a truncation may have taken what was there */
	for (uint64_t index = crash__view_base_limit(view, id) / CRASH__BLOCK; index * CRASH__BLOCK < size;
	     index++)
		hide_cut(view, id, index, bytes, size);
	*bytes_count = size;
	return bytes;
}

void outcomes_node(FILE *out, const struct crash__atoms *atoms, struct crash__view *view, crash__node_id id)
{
	uint64_t size;
	unsigned char *bytes = outcomes_bytes(atoms, view, id, &size);

	outcomes_file(out, atoms->model, (int)atoms->fs->trace->count, bytes, size,
		      crash__view_mode(view, id));
	outcomes_node_attributes(out, view, id);
	free(bytes);
}

/* ------------------------------------------------------------------ lists of outcomes */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void outcomes_add(struct outcomes *outcomes, const char *text, size_t length)
{
	while (length && text[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < outcomes->count; i++)
		if (strlen(outcomes->list[i]) == length && memcmp(outcomes->list[i], text, length) == 0)
			return;
	ck_assert_int_lt(outcomes->count, OUTCOMES);
	outcomes->list[outcomes->count++] = strndup(text, length);
	qsort(outcomes->list, outcomes->count, sizeof *outcomes->list, compare);
}

char *outcomes_text(const struct outcomes *outcomes)
{
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	for (size_t i = 0; i < outcomes->count; i++)
		fprintf(stream, "\n    %s", outcomes->list[i]);
	fclose(stream);
	return text;
}

static crash__node_id look_up(const struct crash__atoms *atoms, const struct crash__view *view,
			      crash__node_id directory, const char *name, size_t length)
{
	const struct crash__fs *fs = atoms->fs;

	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++)
		if (fs->slots[slot].directory == directory && strlen(fs->slots[slot].name) == length &&
		    memcmp(fs->slots[slot].name, name, length) == 0)
			return crash__view_child(view, slot);
	return 0;
}

static void say_name(FILE *out, const struct crash__atoms *atoms, struct crash__view *view, const char *path,
		     size_t length)
{
	const char *slash = memchr(path, '/', length);
	crash__node_id directory = slash ? look_up(atoms, view, 1, path, (size_t)(slash - path)) : 1, node;
	size_t skip = slash ? (size_t)(slash + 1 - path) : 0;

	node = directory ? look_up(atoms, view, directory, path + skip, length - skip) : 0;
	fprintf(out, "%.*s=", (int)length, path);
	if (!node)
		fputs("none", out);
	else if (atoms->fs->nodes[node].type == CRASH__NODE_DIRECTORY)
		fputs("dir", out);
	else
		outcomes_node(out, atoms, view, node);
}

static char *say_state(const struct crash__atoms *atoms, struct crash__view *view, const char *shows)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	for (const char *at = shows; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		if (at != shows)
			fputc(' ', out);
		say_name(out, atoms, view, at, length);
		at += length;
	}
	fclose(out);
	return text;
}

/* ------------------------------------------------------------------ all that may be left */

static bool is_allowed(const struct crash__atoms *atoms, int64_t step, unsigned int set)
{
	for (crash__atom_id id = 0; id < atoms->list_count; id++) {
		crash__atom_id earlier;

		if (!(set & 1u << id)) {
			if ((int64_t)atoms->list[id].durable <= step)
				return false;
			continue;
		}
		CRASH__EACH_EDGE(atoms, atoms->list[id].predecessors, earlier)
			if (!(set & 1u << earlier))
				return false;
	}
	return true;
}

void outcomes_find(struct outcomes *outcomes, const struct crash__atoms *atoms, const char *shows)
{
	int64_t step = (int64_t)atoms->fs->steps_count - 1;
	unsigned int choices = crash__model_choices(atoms->model);
	struct crash__view *view;
	char *text;

	ck_assert_int_lt(atoms->list_count, MOST_ATOMS);
	trees_ok(crash__view_new(atoms, CRASH__EVERYTHING, &view));
	trees_ok(crash__view_advance(view, step));
	for (unsigned int at = 0; at < choices << atoms->list_count; at++) {
		unsigned int set = at / choices;
		crash__atom_id flipped[MOST_ATOMS];
		size_t count = 0;

		if (!is_allowed(atoms, step, set))
			continue;
		for (crash__atom_id id = 0; id < atoms->list_count; id++)
			if (!(set & 1u << id) == crash__view_has(view, id))
				flipped[count++] = id;
		crash__view_choose(view, at % choices);
		trees_ok(crash__view_flip(view, flipped, count, NULL));
		text = say_state(atoms, view, shows);
		crash__view_unflip(view);
		outcomes_add(outcomes, text, strlen(text));
		free(text);
	}
	crash__view_free(view);
}

bool outcomes_have(const struct outcomes *outcomes, const char *text)
{
	for (size_t i = 0; i < outcomes->count; i++)
		if (strcmp(outcomes->list[i], text) == 0)
			return true;
	return false;
}

void outcomes_clear(struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++)
		free(outcomes->list[i]);
	outcomes->count = 0;
}
