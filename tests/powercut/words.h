/* SPDX-License-Identifier: MIT */
/*
 * words.h - a tree in words: one text, the words of outcomes.h by name, sorted: "a=old510 d=dir d/x=empty". A
 * symbolic link is "l=->a".
 */
#ifndef CRASH_TESTS_POWERCUT_WORDS_H
#define CRASH_TESTS_POWERCUT_WORDS_H

#include "explore/atoms/atoms.h"
#include "explore/states/view.h"

#define WORDS_NAMES 64 /* in one directory, at most */

/** Says the state that the view looks at. Allocated. */
char *words_of_view(const struct crash__atoms *atoms, struct crash__view *view);

/** Says what a directory holds, after a run of so many ops. Allocated. */
char *words_of_directory(const struct crash__model *model, int ops, const char *directory);

/* ------------------------------------------------------------------ the way back */

enum words_kind { WORDS_FILE, WORDS_DIRECTORY, WORDS_LINK, WORDS_UNREADABLE };

struct words_run {
	int code; /* as of outcomes_code() */
	uint64_t end;
};

/** A name of a text, and what it stands for. */
struct words_entry {
	char path[64];
	int parent;	  /* number of an entry; -1: the top */
	const char *name; /* in `path` */
	enum words_kind kind;
	char link[32];
	uint64_t size;
	uint32_t mode;	     /* permissions */
	char attributes[32]; /* as of outcomes_attributes() */
	struct words_run *runs;
	size_t run_count;
};

struct words_tree {
	struct words_entry *entries;
	int count;
};

void words_parse(struct words_tree *tree, const char *text);
void words_clear(struct words_tree *tree);

/** The entry of a name; -1: there is none. */
int words_find(const struct words_tree *tree, int parent, const char *name);

#endif
