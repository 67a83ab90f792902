/* SPDX-License-Identifier: MIT */
#include "explore/recording/run_tree.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/recording/mirror.h"

int crash__run_tree_place(const struct crash__recording *recording, unsigned int number, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s/run-%04u", recording->scratch.path, number) < PATH_MAX ?
		       0 :
		       crash__fail(CRASH_EDIR, "%s: this path is too long", recording->scratch.path);
}

static int enter_copy(struct crash__run_tree *tree, unsigned int number, const char *files, const char *cwd)
{
	const char *directory = tree->recording->directory;
	bool mounted = tree->recording->mounted;
	char place[PATH_MAX];
	int error = crash__run_tree_place(tree->recording, number, place);

	if (error == 0)
		error = crash__run_copy_new(place, mounted ? NULL : directory, files, &tree->copy);
	if (error < 0 || mounted)
		return error < 0 ? error : crash__sandbox_enter_plain(directory);
	strcpy(tree->top, place);
	strcpy(tree->root, crash__run_copy_path(tree->copy));
	crash__mirror_path(tree->top, directory, cwd, tree->cwd);
	return 0;
}

int crash__run_tree_enter(struct crash__run_tree *tree, const struct crash__recording *recording,
			  unsigned int number, const char *files, const char *original, const char *cwd)
{
	const char *base = crash__base_directory(recording->base);
	int error;

	*tree = (struct crash__run_tree){.recording = recording, .original = original ? original : base};
	snprintf(tree->cwd, sizeof tree->cwd, "%s", cwd);
	strcpy(tree->root, recording->directory);
	if (!recording->namespaces)
		return enter_copy(tree, number, files, cwd);
	error = crash__sandbox_enter(&tree->sandbox, recording->directory, base);
	strcpy(tree->root, tree->sandbox.directory);
	return error;
}

int crash__run_tree_show(struct crash__run_tree *tree)
{
	const struct crash__recording *recording = tree->recording;
	int error;

	if (recording->namespaces)
		return crash__sandbox_mount(&tree->sandbox, NULL);
	error = crash__run_copy_renew(tree->copy, tree->original);
	if (error == 0 && recording->mounted)
		error = crash__sandbox_bind(crash__run_copy_path(tree->copy), recording->directory);
	tree->bound = error == 0 && recording->mounted;
	return error;
}

int crash__run_tree_hide(struct crash__run_tree *tree)
{
	const struct crash__recording *recording = tree->recording;
	int error = 0;

	if (recording->namespaces)
		return tree->sandbox.mounted ? crash__sandbox_unmount(&tree->sandbox) : 0;
	if (tree->bound)
		error = crash__sandbox_unbind(recording->directory);
	tree->bound = tree->bound && error < 0;
	return error;
}

void crash__run_tree_clear(struct crash__run_tree *tree)
{
	crash__run_copy_free(tree->copy);
	tree->copy = NULL;
}
