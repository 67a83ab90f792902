/* SPDX-License-Identifier: MIT */
#include "explore/sight/sight.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

/* To empty more of them takes longer than it is worth. */
#define MOST_FILES 4096
#define MOST_GONE 256
#define MOST_DEPTH 256

/* ------------------------------------------------------------------ what the program has changed */

/* A file of which the run has changed what is in it or what it is called, and that has a name at the end. */
static bool is_changed(const struct crash__view *view, const struct crash__fs *fs, crash__slot_id slot)
{
	crash__node_id node = crash__view_child(view, slot);

	return node && fs->nodes[node].type == CRASH__NODE_FILE &&
	       (crash__view_is_written(view, node) || node != fs->slots[slot].base_child);
}

/* False: it is in a directory that is no more there. */
static bool path_of(const struct crash__fs *fs, const crash__slot_id *names, crash__slot_id slot,
		    char path[PATH_MAX])
{
	char longer[PATH_MAX];

	*path = '\0';
	for (int depth = 0; slot && depth < MOST_DEPTH; depth++) {
		int length = snprintf(longer, sizeof longer, "%s%s%s", fs->slots[slot].name, *path ? "/" : "",
				      path);

		if (length >= PATH_MAX)
			return false;
		strcpy(path, longer);
		if (fs->slots[slot].directory == 1)
			return true;
		slot = names[fs->slots[slot].directory];
	}
	return false;
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* `names`: of each directory, by node. */
static bool add_files(const struct crash__view *view, const struct crash__fs *fs, const crash__slot_id *names,
		      struct crash__sight *sight)
{
	char path[PATH_MAX], *copy;

	for (crash__slot_id slot = 1; slot < fs->slots_count && !sight->too_many; slot++) {
		if (!is_changed(view, fs, slot) || !path_of(fs, names, slot, path))
			continue;
		copy = strdup(path);
		if (!copy || !CRASH__ADD(sight, files, copy)) {
			free(copy);
			return false;
		}
		sight->any_bytes |= crash__view_size(view, crash__view_child(view, slot)) > 0;
		sight->too_many = sight->files_count > MOST_FILES;
	}
	while (sight->too_many && sight->files_count)
		free(sight->files[--sight->files_count]);
	if (sight->files_count)
		qsort(sight->files, sight->files_count, sizeof *sight->files, compare);
	return true;
}

/* What nothing has at the end, and an op has given to something or taken from it. */
static bool add_gone(const struct crash__view *view, const struct crash__fs *fs, const crash__slot_id *names,
		     struct crash__sight *sight)
{
	char path[PATH_MAX], *copy;

	for (size_t i = 0; i < fs->effects_count && sight->gone_count < MOST_GONE; i++) {
		const struct crash__effect *effect = &fs->effects[i];
		crash__node_id node = effect->node ? effect->node : effect->old_node;

		if (effect->kind != CRASH__EFFECT_ENTRY || !node || crash__view_child(view, effect->slot) ||
		    !path_of(fs, names, effect->slot, path))
			continue;
		copy = strdup(path);
		if (!copy ||
		    !CRASH__ADD(sight, gone, (struct crash__gone_name){copy, fs->nodes[node].type})) {
			free(copy);
			return false;
		}
	}
	return true;
}

/* Workers are forked later, and write into it. */
static bool make_seen(struct crash__sight *sight)
{
	void *memory;

	sight->seen_bytes = sizeof *sight->seen + sight->files_count + 1;
	memory = mmap(NULL, sight->seen_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sight->seen = memory == MAP_FAILED ? NULL : memory;
	return sight->seen;
}

int crash__sight_find(const struct crash__view *view, const struct crash__fs *fs, struct crash__sight *sight)
{
	crash__slot_id *names = calloc(fs->nodes_count + 1, sizeof *names);
	bool good = names;

	for (crash__slot_id slot = 1; good && slot < fs->slots_count; slot++) {
		crash__node_id node = crash__view_child(view, slot);

		if (node && fs->nodes[node].type == CRASH__NODE_DIRECTORY)
			names[node] = slot;
	}
	good = good && add_files(view, fs, names, sight) && add_gone(view, fs, names, sight) &&
	       make_seen(sight);
	free(names);
	return good ? 0 : crash__fail(CRASH_ENOMEM, "no memory for an exploration");
}

void crash__sight_clear(struct crash__sight *sight)
{
	for (size_t i = 0; i < sight->files_count; i++)
		free(sight->files[i]);
	for (size_t i = 0; i < sight->gone_count; i++)
		free(sight->gone[i].path);
	free(sight->gone);
	free(sight->files);
	if (sight->seen)
		munmap(sight->seen, sight->seen_bytes);
	*sight = (struct crash__sight){0};
}

/* ------------------------------------------------------------------ what was seen */

void crash__sight_opened(void *context, const char *path)
{
	const struct crash__sight *sight = context;
	char *const *found = sight->files_count ? bsearch(&path, sight->files, sight->files_count,
							  sizeof *sight->files, compare) :
						  NULL;

	sight->seen->opened = 1;
	if (found)
		sight->seen->files[found - sight->files] = 1;
}

bool crash__sight_is_blind(const struct crash__sight *sight)
{
	return sight->seen && !sight->seen->opened &&
	       sight->verdicts[CRASH__LOOK_REMOVED] == CRASH__VERDICT_PASSED &&
	       sight->verdicts[CRASH__LOOK_UNDONE] == CRASH__VERDICT_PASSED && !sight->refused;
}
