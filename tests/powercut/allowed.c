/* SPDX-License-Identifier: MIT */
#include "tests/powercut/allowed.h"

#include <check.h>
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "explore/states/tiers.h"
#include "tests/explore/trees.h"
#include "tests/powercut/words.h"

struct allowed_state {
	char *key; /* "3 a=old510" */
	bool seen;
	UT_hash_handle hh;
};

/* ------------------------------------------------------------------ states of a view */

/* A state that has been put in words. */
struct known {
	struct {
		int64_t step;
		struct crash__hash hash;
	} key;
	UT_hash_handle hh;
};

struct finding {
	struct allowed *allowed;
	const struct crash__atoms *atoms;
	struct known *known; /* uthash */
	uint64_t sets, most;
};

static bool is_known(struct finding *finding, struct crash__view *view, const struct crash__state *state)
{
	struct known *known = calloc(1, sizeof *known), *found;

	ck_assert_ptr_nonnull(known);
	known->key.step = state->step;
	trees_ok(crash__view_hash_flipped(view, state->flipped, state->count, &known->key.hash));
	HASH_FIND(hh, finding->known, &known->key, sizeof known->key, found);
	if (found)
		free(known);
	else
		HASH_ADD(hh, finding->known, key, sizeof known->key, known);
	return found != NULL;
}

static void forget(struct finding *finding)
{
	struct known *known, *next;

	HASH_ITER(hh, finding->known, known, next) {
		HASH_DEL(finding->known, known);
		free(known);
	}
}

static void add(struct allowed *allowed, char *key)
{
	struct allowed_state *state;

	HASH_FIND_STR(allowed->states, key, state);
	if (state) {
		free(key);
		return;
	}
	state = calloc(1, sizeof *state);
	ck_assert_ptr_nonnull(state);
	state->key = key;
	HASH_ADD_KEYPTR(hh, allowed->states, state->key, strlen(state->key), state);
	allowed->count++;
}

static int add_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct finding *finding = context;
	char *text, *key;

	if (++finding->sets > finding->most)
		return 1;
	if (is_known(finding, view, state))
		return 0;
	trees_ok(crash__view_flip(view, state->flipped, state->count, NULL));
	text = words_of_view(finding->atoms, view);
	crash__view_unflip(view);
	ck_assert_int_ge(asprintf(&key, "%d %s", replayed_ops(finding->atoms->fs, state->step), text), 0);
	free(text);
	add(finding->allowed, key);
	return 0;
}

bool allowed_find(struct allowed *allowed, const struct replayed *replayed, uint64_t most)
{
	struct crash__tier_options options = {.seed = 1};
	struct finding finding = {.allowed = allowed, .atoms = &replayed->atoms, .most = most};
	int error;

	*allowed = (struct allowed){.fs = &replayed->fs};
	error = crash__tier_run(CRASH__TIER_EXHAUSTIVE, &replayed->atoms, &options, add_state, &finding);
	forget(&finding);
	if (error)
		allowed_clear(allowed);
	return error == 0;
}

void allowed_clear(struct allowed *allowed)
{
	struct allowed_state *state, *next;

	HASH_ITER(hh, allowed->states, state, next) {
		HASH_DEL(allowed->states, state);
		free(state->key);
		free(state);
	}
	*allowed = (struct allowed){0};
}

bool allowed_has(struct allowed *allowed, int ops, const char *text)
{
	struct allowed_state *state;
	char *key;

	ck_assert_int_ge(asprintf(&key, "%d %s", replayed_news(allowed->fs, ops), text), 0);
	HASH_FIND_STR(allowed->states, key, state);
	free(key);
	if (state && !state->seen) {
		state->seen = true;
		allowed->seen++;
	}
	return state != NULL;
}

char *allowed_text(const struct allowed *allowed, int ops)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	ops = replayed_news(allowed->fs, ops);
	for (const struct allowed_state *state = allowed->states; state; state = state->hh.next)
		if (atoi(state->key) == ops)
			fprintf(out, "\t%s\n", state->key + strcspn(state->key, " ") + 1);
	fclose(out);
	return text;
}

void allowed_each(const struct allowed *allowed,
		  void (*take)(void *context, int ops, const char *text, bool seen), void *context)
{
	for (const struct allowed_state *state = allowed->states; state; state = state->hh.next)
		take(context, atoi(state->key), state->key + strcspn(state->key, " ") + 1, state->seen);
}
