/* SPDX-License-Identifier: MIT */
#include "tests/powercut/allowed.h"

#include <check.h>
#include <crashinject/crashinject.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/fs/nodes.h"
#include "explore/states/tiers.h"
#include "tests/explore/outcomes.h"
#include "tests/explore/trees.h"

#define NAMES 16 /* in one directory */

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

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_directory(FILE *out, const struct finding *finding, struct crash__view *view,
			  crash__node_id directory, const char *above)
{
	const struct crash__fs *fs = finding->atoms->fs;
	const char *names[NAMES];
	size_t count = 0;

	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++)
		if (fs->slots[slot].directory == directory && crash__view_child(view, slot)) {
			ck_assert_uint_lt(count, NAMES);
			names[count++] = fs->slots[slot].name;
		}
	qsort(names, count, sizeof *names, compare_names);
	for (size_t i = 0; i < count; i++) {
		crash__slot_id slot = 1;
		crash__node_id child;
		char path[64];

		while (fs->slots[slot].directory != directory || fs->slots[slot].name != names[i])
			slot++;
		child = crash__view_child(view, slot);
		fprintf(out, "%s%s%s=", directory == 1 && i == 0 ? "" : " ", above, names[i]);
		if (fs->nodes[child].type == CRASH__NODE_DIRECTORY) {
			fputs("dir", out);
			snprintf(path, sizeof path, "%.30s%.30s/", above, names[i]);
			say_directory(out, finding, view, child, path);
		} else {
			outcomes_node(out, finding->atoms, view, child);
		}
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

/* How many ops are over after a step. A synchronous write is two steps, and after the first it is not. */
static int ops_over(const struct crash__fs *fs, int64_t step)
{
	bool halfway = step + 1 < (int64_t)fs->steps_count && step >= 0 &&
		       fs->steps[step].event == fs->steps[step + 1].event;

	return step < 0 ? 0 : (int)(fs->steps[step].event - fs->trace->events) + !halfway;
}

static int take(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct finding *finding = context;
	char *text = NULL;
	size_t bytes;
	FILE *out;

	if (++finding->sets > finding->most)
		return 1;
	if (is_known(finding, view, state))
		return 0;
	out = open_memstream(&text, &bytes);
	trees_ok(crash__view_flip(view, state->flipped, state->count, NULL));
	fprintf(out, "%d ", ops_over(finding->atoms->fs, state->step));
	say_directory(out, finding, view, 1, "");
	crash__view_unflip(view);
	fclose(out);
	add(finding->allowed, text);
	return 0;
}

bool allowed_find(struct allowed *allowed, struct made *made, const char *base,
		  const struct crash__model *model, uint64_t most)
{
	struct crash__tier_options options = {.seed = 1};
	struct crash__base *opened;
	struct crash__fs fs;
	struct crash__atoms atoms;
	struct finding finding = {.allowed = allowed, .atoms = &atoms, .most = most};
	int error;

	*allowed = (struct allowed){.model = model};
	trees_ok(crash__base_open(base, &opened));
	trees_ok(crash__fs_replay(&fs, &made->trace, MADE_ROOT, opened));
	crash__slot_of_name(&fs, 1, "a", 1); /* also if no op speaks of it */
	trees_ok(crash__atoms_make(&atoms, &fs, model));
	error = crash__tier_run(CRASH__TIER_EXHAUSTIVE, &atoms, &options, take, &finding);
	forget(&finding);
	crash__atoms_clear(&atoms);
	crash__fs_clear(&fs);
	crash__base_close(opened);
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

	ck_assert_int_ge(asprintf(&key, "%d %s", ops, text), 0);
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

	for (const struct allowed_state *state = allowed->states; state; state = state->hh.next)
		if (atoi(state->key) == ops)
			fprintf(out, "\t%s\n", state->key + strcspn(state->key, " ") + 1);
	fclose(out);
	return text;
}

/* ------------------------------------------------------------------ directories */

static void read_file(FILE *out, const struct crash__model *model, int ops, int at, const char *name,
		      mode_t mode)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	static unsigned char bytes[1 << 16];
	ssize_t size = read(fd, bytes, sizeof bytes);

	close(fd);
	if (size < 0)
		fputs("unreadable", out);
	else
		outcomes_file(out, model, ops, bytes, (uint64_t)size, mode);
}

/* What cannot be read is said, and no model allows it. */
static void read_directory(FILE *out, const struct crash__model *model, int ops, int parent, const char *name,
			   const char *above)
{
	int at = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	int count = scandirat(parent, name, &entries, NULL, alphasort);

	if (at < 0 || count < 0)
		fprintf(out, " %s=unreadable", above);
	for (int i = 0, said = 0; i < count; i++) {
		const char *entry = entries[i]->d_name;
		struct stat status;
		char path[600];

		if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0) {
			free(entries[i]);
			continue;
		}
		fprintf(out, "%s%s%s=", !*above && !said++ ? "" : " ", above, entry);
		if (fstatat(at, entry, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			fputs("unreadable", out);
		} else if (S_ISDIR(status.st_mode)) {
			fputs("dir", out);
			snprintf(path, sizeof path, "%.30s%.500s/", above, entry);
			read_directory(out, model, ops, at, entry, path);
		} else {
			read_file(out, model, ops, at, entry, status.st_mode);
		}
		free(entries[i]);
	}
	free(entries);
	if (at >= 0)
		close(at);
}

char *allowed_read(const struct crash__model *model, int ops, const char *directory)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	read_directory(out, model, ops, AT_FDCWD, directory, "");
	fclose(out);
	return text;
}
