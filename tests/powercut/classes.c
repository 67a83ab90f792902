/* SPDX-License-Identifier: MIT */
#include "tests/powercut/classes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "witness/disk.h"
#include "tests/powercut/words.h"

#define MOST_PARTS 12 /* of a class: what has more is torn to pieces */

struct class
{
	char name[96];
	unsigned long states, seen;
	UT_hash_handle hh;
};

static const char *part(int code)
{
	static const char *const names[] = {"old", "zero", "junk", "strange"};

	return code >= 0 ? "w" : names[-1 - code];
}

static const char *end(uint64_t at)
{
	return at % DISK_PAGE == 0 ? "p" : at % DISK_SECTOR == 0 ? "s" : "b";
}

/* What is written one behind the other is one part, whoever wrote it. */
static void name_class(const struct words_entry *entry, char out[96])
{
	const char *before = "";
	int length = 0, parts = 0;

	for (size_t i = 0; i < entry->run_count; i++) {
		const char *is = part(entry->runs[i].code);

		if (strcmp(is, before) == 0)
			continue;
		if (++parts > MOST_PARTS) {
			snprintf(out, 96, "in pieces");
			return;
		}
		length += snprintf(out + length, 96 - (size_t)length, "%s%s%s",
				   i ? end(entry->runs[i - 1].end) : "", i ? "+" : "", is);
		before = is;
	}
	snprintf(out + length, 96 - (size_t)length, "%s", entry->size ? end(entry->size) : "empty");
}

static void add_state(void *context, int ops, const char *text, bool seen)
{
	struct classes *classes = context;
	struct words_tree tree;

	(void)ops;
	words_parse(&tree, text);
	for (int i = 0; i < tree.count; i++) {
		struct class *class;
		char name[96];

		if (tree.entries[i].kind != WORDS_FILE)
			continue;
		name_class(&tree.entries[i], name);
		HASH_FIND_STR(classes->table, name, class);
		if (!class) {
			class = calloc(1, sizeof *class);
			ck_assert_ptr_nonnull(class);
			strcpy(class->name, name);
			HASH_ADD_STR(classes->table, name, class);
		}
		class->states++;
		class->seen += seen;
	}
	words_clear(&tree);
}

void classes_add(struct classes *classes, const struct allowed *allowed)
{
	allowed_each(allowed, add_state, classes);
}

static int by_states(struct class *a, struct class *b)
{
	return (a->states < b->states) - (a->states > b->states);
}

void classes_print(struct classes *classes, int most)
{
	HASH_SORT(classes->table, by_states);
	for (struct class *class = classes->table; class && most > 0; class = class->hh.next) {
		if (class->seen)
			continue;
		printf("\tnever seen: %lu states with a file of %s\n", class->states, class->name);
		most--;
	}
}

void classes_clear(struct classes *classes)
{
	struct class *class, *next;

	HASH_ITER(hh, classes->table, class, next) {
		HASH_DEL(classes->table, class);
		free(class);
	}
}
