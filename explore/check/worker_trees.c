/* SPDX-License-Identifier: MIT */
/*
 * Method without overlays. A copy rests where nobody looks, is moved as its tree is, and a checker gets it at
 * the data directory's place, or at a place that looks like it. What it has changed is undone afterwards, by
 * change times (base/kept_copy.h).
 *
 * A checker is gone then. A checker server is not, and could go on to change what it has judged. So the copy
 * is taken away from its place first: by name nobody gets at it any more. Then it is looked whether the
 * server has something of it, open or mapped, or works in it; one that has is ended. Only then is there a
 * look at what was changed. As with overlays, a server that opens files again by their names after its answer
 * gets the next state's, or finds none.
 */
#include "explore/check/worker_trees.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/remove.h"
#include "explore/checkers/checker_server.h"
#include "explore/recording/mirror.h"

static const char *const trees_of[2] = {"tree", "durable"}, *const stores[2] = {"store", "durable-store"};
/* For checkers, where there is no overlay. */
static const char *const shown_trees[2] = {"state", "durable-state"},
			 *const shown_stores[2] = {"state-store", "durable-state-store"},
			 *const resting_trees[2] = {"resting", "durable-resting"};

bool crash__worker_has_mounts(const struct crash__worker_config *config)
{
	return config->namespaces || config->mounted;
}

bool crash__worker_is_alone(const struct crash__worker_config *config)
{
	return crash__worker_has_mounts(config) && !config->same_pids;
}

/* ------------------------------------------------------------------ places */

const char *crash__worker_tree(enum crash__reference reference)
{
	return trees_of[reference];
}

void crash__worker_trees_path(const struct crash__worker_trees *trees, const char *name, char out[PATH_MAX])
{
	if (trees->config->namespaces)
		crash__sandbox_path(&trees->sandbox, name, out);
	else if (snprintf(out, PATH_MAX, "%s/%s", trees->place, name) >= PATH_MAX)
		out[0] = '\0';
}

/* Where copies are not kept there is one place for both. */
static const char *shown_tree(const struct crash__worker_trees *trees, enum crash__reference reference)
{
	return shown_trees[trees->keeps ? reference : 0];
}

/* Where checkers see a copy if it cannot be mounted over the data directory: in a mirror. */
static void mirror_path(const struct crash__worker_trees *trees, enum crash__reference reference,
			char out[PATH_MAX])
{
	char top[PATH_MAX];

	crash__worker_trees_path(trees, shown_tree(trees, reference), top);
	snprintf(out, PATH_MAX, "%.2000s%.2000s", top, trees->config->directory);
}

/* Where a copy is as long as no checker has it. */
static void copy_path(const struct crash__worker_trees *trees, enum crash__reference reference,
		      char out[PATH_MAX])
{
	if (trees->rests)
		crash__worker_trees_path(trees, resting_trees[reference], out);
	else if (trees->config->mounted)
		crash__worker_trees_path(trees, shown_tree(trees, reference), out);
	else
		mirror_path(trees, reference, out);
}

/* Checkers see a copy in the data directory's place, and nothing when there is none. */
static int cover(struct crash__worker_trees *trees, const char *base)
{
	char nothing[PATH_MAX];

	crash__worker_trees_path(trees, "base", trees->base);
	crash__worker_trees_path(trees, "nothing", nothing);
	if ((mkdir(trees->base, 0700) < 0 && errno != EEXIST) ||
	    (mkdir(nothing, 0700) < 0 && errno != EEXIST))
		return crash__fail_errno("cannot make a directory in %s", trees->place);
	return crash__sandbox_cover(trees->config->directory, base, trees->base, nothing);
}

static int enter_copies(struct crash__worker_trees *trees)
{
	const char *directory = trees->config->directory, *cwd = trees->config->checker->cwd,
		   *base = crash__base_directory(trees->config->fs->base);
	char path[PATH_MAX];
	int error = 0;

	trees->keeps = crash__change_clock_open(&trees->clock, trees->place);
	if (trees->config->mounted)
		return cover(trees, base);
	snprintf(trees->base, sizeof trees->base, "%s", base);
	trees->rests = trees->keeps && trees->config->checker->check_server;
	for (int i = 0; i < 2 && error == 0; i++) {
		crash__worker_trees_path(trees, shown_trees[i], path);
		error = crash__mirror_make(path, directory);
		crash__worker_trees_path(trees, shown_tree(trees, (enum crash__reference)i), path);
		if (cwd)
			crash__mirror_path(path, directory, cwd, trees->cwds[i]);
	}
	return error;
}

int crash__worker_trees_begin(struct crash__worker_trees *trees, unsigned int number)
{
	const char *cwd = trees->config->checker->cwd;

	if (snprintf(trees->place, sizeof trees->place, "%s/worker-%u", trees->config->scratch, number) >=
	    (int)sizeof trees->place)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", trees->config->scratch);
	if (mkdir(trees->place, 0700) < 0 && errno != EEXIST)
		return crash__fail_errno("cannot make %s", trees->place);
	for (int i = 0; i < 2 && cwd; i++)
		snprintf(trees->cwds[i], sizeof trees->cwds[i], "%s", cwd);
	return 0;
}

int crash__worker_trees_enter(struct crash__worker_trees *trees)
{
	static const char *const *const names[] = {trees_of, stores, shown_trees, shown_stores,
						   resting_trees};
	char path[PATH_MAX];

	if (trees->config->namespaces)
		return crash__sandbox_enter(&trees->sandbox, trees->config->directory,
					    crash__base_directory(trees->config->fs->base));
	for (size_t i = 0; i < 2 * sizeof names / sizeof *names; i++) {
		crash__worker_trees_path(trees, names[i / 2][i % 2], path);
		/* an earlier worker of this number may have left something */
		if ((mkdir(path, 0700) < 0 && errno != EEXIST) || crash__remove_tree(path, false) < 0)
			return crash__fail_errno("cannot make %s", path);
	}
	return enter_copies(trees);
}

/* ------------------------------------------------------------------ instances */

void crash__instance_clear(struct crash__instance *instance)
{
	crash__view_free(instance->view);
	crash__layer_free(instance->layer);
	crash__layer_free(instance->shown);
	crash__kept_copy_free(instance->copy);
	memset(instance, 0, sizeof *instance);
}

/*
 * An empty tree, and an empty store for it. A copy that a checker had may not be there any more, or something
 * else is.
 */
static int empty(const char *tree, const char *store)
{
	struct stat status;

	if (lstat(tree, &status) == 0 && !S_ISDIR(status.st_mode) && unlink(tree) < 0)
		return crash__fail_errno("cannot remove %s", tree);
	if (mkdir(tree, 0700) < 0 && errno != EEXIST)
		return crash__fail_errno("cannot make %s", tree);
	return crash__remove_tree(tree, false) < 0 || crash__remove_tree(store, false) < 0 ?
		       crash__fail_errno("cannot empty %s", tree) :
		       0;
}

static int keep(struct crash__worker_trees *trees, const char *tree, struct crash__kept_copy **copy)
{
	*copy = crash__kept_copy_new(&trees->clock, tree);
	return *copy ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a copy");
}

/* Makes a tree the starting tree: anew, or by what was changed since it was that. */
static int begin_tree(struct crash__worker_trees *trees, const char *tree, const char *store,
		      struct crash__kept_copy **begun)
{
	const char *base = trees->base;
	bool there = *begun && crash__remove_tree(store, false) == 0 &&
		     crash__kept_copy_restore(*begun, base) == 0;
	int error = there ? 0 : empty(tree, store);

	if (error == 0 && !there)
		error = crash__copy_tree(base, tree);
	if (error == 0 && trees->keeps && !*begun)
		error = keep(trees, tree, begun);
	if (error == 0 && trees->keeps)
		error = crash__kept_copy_note(*begun, true);
	if (error < 0) {
		crash__kept_copy_free(*begun);
		*begun = NULL;
	}
	return error;
}

/* The copy that checkers get is moved as the tree is that it is a copy of. */
static int make_shown(struct crash__worker_trees *trees, enum crash__reference reference)
{
	struct crash__instance *instance = &trees->instances[reference];
	char tree[PATH_MAX], store[PATH_MAX];
	int error;

	copy_path(trees, reference, tree);
	crash__worker_trees_path(trees, shown_stores[reference], store);
	error = begin_tree(trees, tree, store, &trees->shown_begun[reference]);
	if (error == 0)
		error = keep(trees, tree, &instance->copy);
	return error < 0 ? error : crash__layer_new(trees->config->fs, tree, store, false, &instance->shown);
}

static int make_instance(struct crash__worker_trees *trees, enum crash__reference reference)
{
	struct crash__instance *instance = &trees->instances[reference];
	const struct crash__worker_config *config = trees->config;
	char tree[PATH_MAX], store[PATH_MAX];
	int error;

	crash__instance_clear(instance);
	crash__recovered_tree_clear(trees->recovered); /* its files are going to be others */
	crash__worker_trees_path(trees, trees_of[reference], tree);
	crash__worker_trees_path(trees, stores[reference], store);
	error = config->namespaces ? empty(tree, store) :
				     begin_tree(trees, tree, store, &trees->begun[reference]);
	if (error == 0)
		error = crash__view_new(trees->atoms, reference, &instance->view);
	if (error == 0)
		error = crash__layer_new(config->fs, tree, store, config->namespaces, &instance->layer);
	return error == 0 && trees->keeps ? make_shown(trees, reference) : error;
}

int crash__instance_move(struct crash__instance *instance, const struct crash__difference *difference)
{
	int error = crash__layer_move(instance->layer, instance->view, difference);

	return error == 0 && instance->shown ?
		       crash__layer_move(instance->shown, instance->view, difference) :
		       error;
}

/* Moves a tree to a step; they only go forward. */
int crash__worker_trees_advance(struct crash__worker_trees *trees, enum crash__reference reference,
				int64_t step)
{
	struct crash__instance *instance = &trees->instances[reference];
	const struct crash__difference *difference;
	int error = 0;

	if (!instance->view || instance->damaged || crash__view_step(instance->view) > step)
		error = make_instance(trees, reference);
	if (error == 0 && crash__view_step(instance->view) < step) {
		error = crash__view_advance_difference(instance->view, step, &difference);
		if (error == 0)
			error = crash__instance_move(instance, difference);
	}
	if (error < 0)
		crash__instance_clear(instance); /* it is somewhere in between */
	return error;
}

/* ------------------------------------------------------------------ one state */

/* A directory that its owner may not write to cannot be moved by its owner. */
static int move_copy(const char *from, const char *to)
{
	struct stat status;

	if (rename(from, to) == 0)
		return 0;
	if (errno != EACCES || lstat(from, &status) < 0 || !S_ISDIR(status.st_mode) ||
	    chmod(from, (status.st_mode & 07777) | S_IWUSR) < 0 || rename(from, to) < 0 ||
	    chmod(to, status.st_mode & 07777) < 0)
		return crash__fail_errno("cannot move a copy from %s to %s", from, to);
	return 0;
}

/* Where a checker gets a copy, and where the copy is then. */
static int put_copy(struct crash__worker_trees *trees, enum crash__reference reference, const char *copy,
		    char where[PATH_MAX])
{
	int error = 0;

	if (trees->config->mounted) {
		snprintf(where, PATH_MAX, "%s", trees->config->directory);
		error = crash__sandbox_bind(copy, where);
	} else {
		mirror_path(trees, reference, where);
		error = trees->rests ? move_copy(copy, where) : 0;
	}
	if (error < 0)
		where[0] = '\0'; /* there is nothing to be taken back */
	return error;
}

static int show_copy(struct crash__worker_trees *trees, enum crash__reference reference, char where[PATH_MAX])
{
	struct crash__instance *instance = &trees->instances[reference];
	char tree[PATH_MAX], copy[PATH_MAX];
	int error;

	crash__worker_trees_path(trees, trees_of[reference], tree);
	copy_path(trees, reference, copy);
	error = trees->keeps ? crash__kept_copy_note(instance->copy, false) : crash__copy_tree(tree, copy);
	instance->noted = trees->keeps && error == 0;
	return error < 0 ? error : put_copy(trees, reference, copy, where);
}

int crash__worker_trees_show(struct crash__worker_trees *trees, enum crash__reference reference,
			     char where[PATH_MAX])
{
	if (!trees->config->namespaces)
		return show_copy(trees, reference, where);
	snprintf(where, PATH_MAX, "%s", trees->sandbox.directory);
	return crash__sandbox_mount(&trees->sandbox, trees_of[reference]);
}

/* A checker server that has files of a state open is of no use for the next one, which has its place. */
void crash__worker_trees_let_go(struct crash__worker_trees *trees)
{
	if (trees->config->checker->check_server && trees->config->namespaces &&
	    crash__sandbox_is_busy(&trees->sandbox))
		crash__checker_server_end(crash__worker_is_alone(trees->config));
}

/* What has come to its place instead is nothing of ours. */
static int move_back(const char *where, const char *copy)
{
	int error = move_copy(where, copy);

	if (error < 0 && crash__remove_tree(where, true) < 0)
		unlink(where);
	return error;
}

/* After this nobody can get at the copy, and a server that has something of it is no more. */
static int take_back(struct crash__worker_trees *trees, const char *copy, const char *where)
{
	bool server = trees->config->checker->check_server;
	int error = 0;

	if (trees->config->mounted && server && crash__sandbox_unbind_unused(where))
		return 0;
	if (trees->rests)
		error = move_back(where, copy);
	if (server && (trees->config->mounted || error < 0 || crash__checker_server_holds(copy)))
		crash__checker_server_end(crash__worker_is_alone(trees->config));
	return trees->config->mounted ? crash__sandbox_unbind(where) : error;
}

static int restore(struct crash__worker_trees *trees, enum crash__reference reference)
{
	struct crash__instance *instance = &trees->instances[reference];
	char tree[PATH_MAX];
	int error;

	if (!instance->noted)
		return 0;
	crash__worker_trees_path(trees, trees_of[reference], tree);
	error = crash__kept_copy_restore(instance->copy, tree);
	instance->noted = false;
	instance->damaged = error < 0;
	return error;
}

static int hide_copy(struct crash__worker_trees *trees, enum crash__reference reference, const char *where)
{
	char copy[PATH_MAX];
	int error;

	copy_path(trees, reference, copy);
	error = where[0] ? take_back(trees, copy, where) : 0;
	if (error < 0) {
		trees->instances[reference].damaged = true;
		return error;
	}
	if (trees->keeps)
		return restore(trees, reference);
	return crash__remove_tree(copy, false) < 0 ? crash__fail_errno("cannot empty %s", copy) : 0;
}

int crash__worker_trees_hide(struct crash__worker_trees *trees, enum crash__reference reference,
			     const char *where)
{
	return trees->config->namespaces ? crash__sandbox_unmount(&trees->sandbox) :
					   hide_copy(trees, reference, where);
}

void crash__worker_trees_take(struct crash__worker_trees *trees, const struct crash__atoms *atoms)
{
	for (int i = 0; i < 2 && trees->atoms != atoms; i++)
		crash__instance_clear(&trees->instances[i]);
	trees->atoms = atoms;
}
