/* SPDX-License-Identifier: MIT */
/*
 * check_starting_tree.c - what cannot be read of the starting tree is an error, and never a state without it.
 *
 * Method: a recording of a few ops is made up, and the tree that it starts from is damaged after the model
 * has looked at it, or while somebody goes through it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/fs/fs_replay.h"
#include "explore/states/block_content.h"
#include "explore/states/make_atoms.h"
#include "explore/states/view_new.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

/* A recording, its starting tree, and what the model makes of it. */
struct scene {
	char directory[PATH_MAX];
	struct made made;
	struct crash__base *base;
	struct crash__fs fs;
	struct crash__model model;
	struct crash__atoms atoms;
};

static const char *below(const struct scene *scene, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%.3000s/%s", scene->directory, name);
	return path;
}

static void begin(struct scene *scene, const struct made_op *ops, size_t count)
{
	support_directory(scene->directory);
	made_base(scene->directory);
	made_start(&scene->made);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(made_do(&scene->made, &ops[i]), "impossible: %s", made_text(&ops[i]));
	trees_ok(crash__base_open(scene->directory, &scene->base));
}

static void replay(struct scene *scene)
{
	trees_ok(crash__fs_replay(&scene->fs, &scene->made.trace, MADE_ROOT, scene->base));
	scene->model = trees_model("ext4");
	trees_ok(crash__atoms_make(&scene->atoms, &scene->fs, &scene->model));
}

static void end(struct scene *scene)
{
	crash__atoms_clear(&scene->atoms);
	crash__fs_clear(&scene->fs);
	crash__base_close(scene->base);
}

#define assert_says(error, expected)                                                                         \
	do {                                                                                                 \
		ck_assert_int_lt(error, 0);                                                                  \
		ck_assert_msg(strstr(crash_error_detail(), expected) != NULL, "it says: %s",                 \
			      crash_error_detail());                                                         \
	} while (0)

/* ------------------------------------------------------------------ what is in files */

static const struct made_op overwrite = {MADE_OVERWRITE, "a", NULL, 0};

/* What could not be read was zeros in the state, and the state had the hash of zeros. */
START_TEST(a_starting_file_that_cannot_be_read_ends_the_states)
{
	static struct scene scene;
	struct crash__view *view = NULL;

	begin(&scene, &overwrite, 1);
	replay(&scene);
	ck_assert_int_eq(unlink(below(&scene, "a")), 0);
	assert_says(crash__view_new(&scene.atoms, CRASH__EVERYTHING, &view),
		    "cannot read the starting file a: No such file or directory");
	ck_assert_ptr_null(view);
	end(&scene);
}
END_TEST

START_TEST(a_starting_file_that_became_shorter_ends_the_states)
{
	static struct scene scene;
	struct crash__view *view = NULL;

	begin(&scene, &overwrite, 1);
	replay(&scene);
	ck_assert_int_eq(truncate(below(&scene, "a"), MADE_SIZE / 2), 0);
	assert_says(crash__view_new(&scene.atoms, CRASH__EVERYTHING, &view),
		    "cannot read the starting file a: it has become shorter");
	end(&scene);
}
END_TEST

/* It is readable when the view is made, and no more when the state goes to the disk. */
START_TEST(a_starting_file_that_cannot_be_read_any_more_has_no_content)
{
	static struct scene scene;
	unsigned char bytes[CRASH__BLOCK];
	struct crash__view *view;
	size_t length = 1;

	begin(&scene, &overwrite, 1);
	replay(&scene);
	trees_ok(crash__view_new(&scene.atoms, CRASH__EVERYTHING, &view));
	trees_ok(crash__view_content(view, 0, bytes, &length));
	ck_assert_uint_eq(length, MADE_SIZE);
	ck_assert_uint_eq(bytes[0], MADE_OLD);
	ck_assert_int_eq(unlink(below(&scene, "a")), 0);
	assert_says(crash__view_content(view, 0, bytes, &length), "cannot read the starting file a");
	/* the write makes a block of new pieces, which nobody has read so far: from then on the view is
	 * useless */
	assert_says(crash__view_advance(view, 0), "cannot read the starting file a");
	assert_says(crash__view_advance(view, 0), "cannot read the starting file a");
	crash__view_free(view);
	end(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("starting tree");

	support_case(suite, "what is in files", a_starting_file_that_cannot_be_read_ends_the_states,
		     a_starting_file_that_became_shorter_ends_the_states,
		     a_starting_file_that_cannot_be_read_any_more_has_no_content, NULL);
	return support_run(suite);
}
