/* SPDX-License-Identifier: MIT */
#include "tests/explore/ends.h"

#include <check.h>
#include <crashinject/crashinject.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/make_atoms.h"
#include "explore/layer/layer.h"
#include "explore/states/view_new.h"
#include "tests/unit/support.h"

static void place(const struct ends *ends, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/%s", ends->directory, name);
	ck_assert_int_eq(mkdir(out, 0755), 0);
}

void ends_prepare(struct ends *ends, const char *name, ...)
{
	va_list args;

	memset(ends, 0, sizeof *ends);
	va_start(args, name);
	vsnprintf(ends->name, sizeof ends->name, name, args);
	va_end(args);
	support_directory(ends->directory);
	place(ends, "before", ends->before);
	place(ends, "after", ends->after);
	place(ends, "copy", ends->copy);
	place(ends, "store", ends->store);
}

void ends_replay(struct ends *ends, const char *root, const char *model)
{
	trees_ok(crash__base_open(ends->before, &ends->base));
	trees_ok(crash__fs_replay(&ends->fs, &ends->trace, root, ends->base));
	ends->model = trees_model(model);
	trees_ok(crash__atoms_make(&ends->atoms, &ends->fs, &ends->model));
	ck_assert_msg(ends->fs.unknown == 0, "%s: %lu ops on unknown files, the first: %s", ends->name,
		      (unsigned long)ends->fs.unknown, ends->fs.unknown_detail);
	ck_assert_msg(ends->fs.unsupported == 0, "%s: unsupported: %s", ends->name,
		      ends->fs.unsupported_detail);
	ck_assert_msg(ends->fs.unfinished == 0, "%s: ops that never ended", ends->name);
}

void ends_walk(struct ends *ends, const char *directory, const char *store, bool overlay)
{
	const struct crash__difference *difference;
	struct crash__layer *layer;
	struct crash__view *view;

	trees_ok(crash__view_new(&ends->atoms, CRASH__EVERYTHING, &view));
	trees_ok(crash__layer_new(&ends->fs, directory, store, overlay, &layer));
	for (uint32_t step = 0; step < ends->fs.steps_count; step++) {
		trees_ok(crash__view_advance_difference(view, step, &difference));
		ck_assert_msg(crash__layer_move(layer, view, difference) == 0, "%s: step %u (%s %s): %s",
			      ends->name, step, crash__calls[ends->fs.steps[step].event->call].name,
			      ends->fs.steps[step].event->path, crash_error_detail());
	}
	crash__layer_free(layer);
	crash__view_free(view);
}

void ends_compare(struct ends *ends)
{
	char *is, *should;

	ends_walk(ends, ends->copy, ends->store, false);
	is = trees_text(ends->copy);
	should = trees_text(ends->after);
	ck_assert_msg(strcmp(is, should) == 0, "%s: %s", ends->name, trees_differ(is, should));
	free(is);
	free(should);
}

void ends_finish(struct ends *ends)
{
	char path[PATH_MAX];

	crash__atoms_clear(&ends->atoms);
	crash__fs_clear(&ends->fs);
	crash__base_close(ends->base);
	crash__trace_close(&ends->trace);
	memcpy(path, ends->directory, sizeof path);
	crash__remove_tree(path, true);
}
