/* SPDX-License-Identifier: MIT */
/*
 * check_starting_tree.c - what cannot be read of the starting tree is an error, and never a state without it.
 *
 * Method: a recording of a few ops is made up, and the tree that it starts from is damaged after the model
 * has looked at it. A directory that cannot be read cannot be made: the linker puts functions of this file
 * before those of libc that read directories and links (--wrap), which fail when a test says so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/make_atoms.h"
#include "explore/layer/layer.h"
#include "explore/fs/fs_replay.h"
#include "explore/states/block_content.h"
#include "explore/states/view_new.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"
#include "trace/starting_tree.h"

/* ------------------------------------------------------------------ a disk with bad sectors */

static bool opens_fail, reads_fail, links_fail;

DIR *__real_opendir(const char *path);
DIR *__real_fdopendir(int fd);
struct dirent *__real_readdir(DIR *stream);
ssize_t __real_getdents64(int fd, void *entries, size_t size);
ssize_t __real_readlinkat(int directory, const char *path, char *out, size_t size);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_fdopendir(int fd);
struct dirent *__wrap_readdir(DIR *stream);
ssize_t __wrap_getdents64(int fd, void *entries, size_t size);
ssize_t __wrap_readlinkat(int directory, const char *path, char *out, size_t size);

static bool breaks(bool how)
{
	if (how)
		errno = EIO;
	return how;
}

DIR *__wrap_opendir(const char *path)
{
	return breaks(opens_fail) ? NULL : __real_opendir(path);
}

DIR *__wrap_fdopendir(int fd)
{
	return breaks(opens_fail) ? NULL : __real_fdopendir(fd);
}

struct dirent *__wrap_readdir(DIR *stream)
{
	return breaks(reads_fail) ? NULL : __real_readdir(stream);
}

ssize_t __wrap_getdents64(int fd, void *entries, size_t size)
{
	return breaks(reads_fail) ? -1 : __real_getdents64(fd, entries, size);
}

ssize_t __wrap_readlinkat(int directory, const char *path, char *out, size_t size)
{
	return breaks(links_fail) ? -1 : __real_readlinkat(directory, path, out, size);
}

/* ------------------------------------------------------------------ scenes */

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

static int try_replay(struct scene *scene)
{
	return crash__fs_replay(&scene->fs, &scene->made.trace, MADE_ROOT, scene->base);
}

static void replay(struct scene *scene)
{
	trees_ok(try_replay(scene));
	scene->model = trees_model("ext4");
	trees_ok(crash__atoms_make(&scene->atoms, &scene->fs, &scene->model));
}

static void end(struct scene *scene)
{
	crash__atoms_clear(&scene->atoms);
	crash__fs_clear(&scene->fs);
	crash__base_close(scene->base);
}

#define assert_says(call, expected)                                                                          \
	do {                                                                                                 \
		ck_assert_int_lt(call, 0);                                                                   \
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
	/* the write makes other pieces of the block, which have to be read: from then on the view is useless
	 */
	assert_says(crash__view_advance(view, 0), "cannot read the starting file a");
	assert_says(crash__view_advance(view, 0), "cannot read the starting file a");
	crash__view_free(view);
	end(&scene);
}
END_TEST

/* ------------------------------------------------------------------ names */

/* "a" has another name in a directory, which no op speaks of: a change of the one shows at the other. */
static void begin_linked(struct scene *scene)
{
	char old[PATH_MAX];

	begin(scene, &overwrite, 1);
	ck_assert_int_eq(mkdir(below(scene, "d"), 0755), 0);
	strcpy(old, below(scene, "a"));
	ck_assert_int_eq(link(old, below(scene, "d/b")), 0);
}

START_TEST(other_names_of_a_file_are_found)
{
	static struct scene scene;

	begin_linked(&scene);
	replay(&scene);
	ck_assert_uint_eq(scene.fs.slots_count - 1, 3); /* a, d, d/b */
	end(&scene);
}
END_TEST

/* A directory that could not be read was an empty one: the other name kept the old bytes. */
START_TEST(a_directory_that_cannot_be_read_ends_the_replay)
{
	static struct scene scene;
	bool *how = _i ? &reads_fail : &opens_fail;
	int error;

	begin_linked(&scene);
	*how = true;
	error = try_replay(&scene);
	*how = false;
	assert_says(error, "cannot read the directory");
	crash__base_close(scene.base);
}
END_TEST

START_TEST(a_link_that_cannot_be_read_ends_the_replay)
{
	static const struct made_op onto = {MADE_RENAME, "a", "l", 0};
	static struct scene scene;
	int error;

	begin(&scene, &onto, 1);
	ck_assert_int_eq(symlink("somewhere", below(&scene, "l")), 0);
	links_fail = true;
	error = try_replay(&scene);
	links_fail = false;
	assert_says(error, "cannot read the link l of the starting tree");
	crash__base_close(scene.base);
}
END_TEST

enum closed_to { CLOSED_TO_ALL, CLOSED_TO_OTHERS, CLOSED_TO_US };

/* As nobody: who is "closed" closed to, how many names are known, and how many cannot be looked at? */
static void replay_as_nobody(struct scene *scene, enum closed_to whom)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		ck_assert_int_eq(setgroups(0, NULL), 0);
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		/* /proc/self belongs to us only then, and without it user namespaces are of no use */
		ck_assert_int_eq(prctl(PR_SET_DUMPABLE, whom != CLOSED_TO_US), 0);
		trees_ok(try_replay(scene));
		if (whom == CLOSED_TO_OTHERS && scene->fs.kept_out && unshare(CLONE_NEWUSER) < 0)
			support_say_skip("what_our_own_closed_directory_has_counts",
					 "no user namespaces here");
		else
			ck_assert_uint_eq(scene->fs.kept_out, whom == CLOSED_TO_US);
		ck_assert_uint_eq(scene->fs.slots_count - 1,
				  whom == CLOSED_TO_OTHERS && !scene->fs.kept_out ? 5 : 3);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* The same with a third name of "a" in a directory that keeps everybody out. */
static void begin_closed(struct scene *scene)
{
	char parent[PATH_MAX], old[PATH_MAX];

	if (geteuid() != 0)
		support_skip("only root can make a directory that is somebody else's");
	begin_linked(scene);
	strcpy(parent, scene->directory);
	ck_assert_int_eq(chmod(dirname(parent), 0755), 0);
	ck_assert_int_eq(chmod(scene->directory, 0755), 0);
	ck_assert_int_eq(mkdir(below(scene, "closed"), 0700), 0);
	strcpy(old, below(scene, "a"));
	ck_assert_int_eq(link(old, below(scene, "closed/c")), 0);
}

/* As lost+found is: neither the program nor a checker sees what is in there. */
START_TEST(a_directory_that_is_closed_to_all_of_the_run_does_not_matter)
{
	static struct scene scene;

	begin_closed(&scene);
	replay_as_nobody(&scene, CLOSED_TO_ALL);
	crash__base_close(scene.base);
}
END_TEST

/* The program may open it again: that was once an error, and before that an empty directory. */
START_TEST(what_our_own_closed_directory_has_counts)
{
	static struct scene scene;

	begin_closed(&scene);
	ck_assert_int_eq(chown(below(&scene, "closed"), 65534, 65534), 0);
	ck_assert_int_eq(chmod(below(&scene, "closed"), 0), 0);
	replay_as_nobody(&scene, CLOSED_TO_OTHERS);
	replay_as_nobody(&scene, CLOSED_TO_US);
	crash__base_close(scene.base);
}
END_TEST

/* A recording that renames the directory "d", which has a file in it. */
static void begin_move(struct scene *scene)
{
	static const struct made_op move = {MADE_RENAME, "d", "e", 0};
	struct made_tree *tree = &scene->made.tree;

	begin(scene, NULL, 0);
	ck_assert_int_eq(mkdir(below(scene, "d"), 0755), 0);
	ck_assert_int_eq(mknod(below(scene, "d/f"), S_IFREG | 0644, 0), 0);
	tree->files[tree->file_count] = (struct made_file){.directory = true, .names = 1};
	tree->names[tree->name_count++] = (struct made_name){.name = "d", .file = tree->file_count++};
	ck_assert(made_do(&scene->made, &move));
	replay(scene);
}

/* A directory that moves takes along what is in it; what could not be listed stayed behind. */
START_TEST(a_directory_that_cannot_be_read_is_not_moved_without_its_files)
{
	static struct scene scene;
	const struct crash__difference *difference;
	bool *how = _i ? &reads_fail : &opens_fail;
	char tree[PATH_MAX], store[PATH_MAX];
	struct crash__layer *layer;
	struct crash__view *view;
	int error;

	begin_move(&scene);
	support_directory(tree);
	support_directory(store);
	trees_ok(crash__view_new(&scene.atoms, CRASH__EVERYTHING, &view));
	trees_ok(crash__layer_new(&scene.fs, tree, store, true, &layer));
	trees_ok(crash__view_advance_difference(view, 0, &difference));
	*how = true;
	error = crash__layer_move(layer, view, difference);
	*how = false;
	assert_says(error, "cannot read the directory");
	crash__layer_free(layer);
	crash__view_free(view);
	end(&scene);
}
END_TEST

/* ------------------------------------------------------------------ whole trees */

START_TEST(a_copy_of_a_part_is_an_error)
{
	char from[PATH_MAX], to[PATH_MAX];

	support_directory(from);
	support_directory(to);
	made_base(from);
	reads_fail = true;
	assert_says(crash__copy_tree(from, to), "Input/output error");
	reads_fail = false;
	trees_ok(crash__copy_tree(from, to));
}
END_TEST

START_TEST(what_cannot_be_listed_is_not_removed)
{
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	reads_fail = true;
	ck_assert_int_eq(crash__remove_tree(directory, false), -1);
	reads_fail = false;
	ck_assert_int_eq(crash__remove_tree(directory, false), 0);
	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(crash__remove_tree(directory, false), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_tree_that_is_saved_in_part_is_an_error)
{
	bool *how = _i == 0 ? &reads_fail : _i == 1 ? &opens_fail : &links_fail, saved = false;
	static struct scene scene;
	FILE *trace = tmpfile();
	int error;

	ck_assert_ptr_nonnull(trace);
	begin(&scene, NULL, 0);
	ck_assert_int_eq(symlink("somewhere", below(&scene, "l")), 0);
	*how = true;
	error = crash__tree_save(fileno(trace), scene.directory, 1 << 20, &saved);
	*how = false;
	assert_says(error, "Input/output error");
	ck_assert(!saved);
	trees_ok(crash__tree_save(fileno(trace), scene.directory, 1 << 20, &saved));
	ck_assert(saved);
	fclose(trace);
	crash__base_close(scene.base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("starting tree");
	TCase *names, *whole;

	support_case(suite, "what is in files", a_starting_file_that_cannot_be_read_ends_the_states,
		     a_starting_file_that_became_shorter_ends_the_states,
		     a_starting_file_that_cannot_be_read_any_more_has_no_content, NULL);
	names = support_case(suite, "names", other_names_of_a_file_are_found,
			     a_link_that_cannot_be_read_ends_the_replay,
			     a_directory_that_is_closed_to_all_of_the_run_does_not_matter,
			     what_our_own_closed_directory_has_counts, NULL);
	tcase_add_loop_test(names, a_directory_that_cannot_be_read_ends_the_replay, 0, 2);
	tcase_add_loop_test(names, a_directory_that_cannot_be_read_is_not_moved_without_its_files, 0, 2);
	whole = support_case(suite, "whole trees", a_copy_of_a_part_is_an_error,
			     what_cannot_be_listed_is_not_removed, NULL);
	tcase_add_loop_test(whole, a_tree_that_is_saved_in_part_is_an_error, 0, 3);
	return support_run(suite);
}
