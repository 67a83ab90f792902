/* SPDX-License-Identifier: MIT */
#include "tests/powercut/words.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/explore/made.h"
#include "tests/explore/outcomes.h"

/* ------------------------------------------------------------------ states of a view */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_directory(FILE *out, const struct crash__atoms *atoms, struct crash__view *view,
			  crash__node_id directory, const char *above)
{
	const struct crash__fs *fs = atoms->fs;
	const char *names[WORDS_NAMES];
	size_t count = 0;

	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++)
		if (fs->slots[slot].directory == directory && crash__view_child(view, slot)) {
			ck_assert_uint_lt(count, WORDS_NAMES);
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
			say_directory(out, atoms, view, child, path);
		} else if (fs->nodes[child].type == CRASH__NODE_LINK) {
			fprintf(out, "->%s", fs->nodes[child].text);
		} else {
			outcomes_node(out, atoms, view, child);
		}
	}
}

char *words_of_view(const struct crash__atoms *atoms, struct crash__view *view)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	say_directory(out, atoms, view, 1, "");
	fclose(out);
	return text;
}

/* ------------------------------------------------------------------ directories */

static void read_file(FILE *out, const struct crash__model *model, int ops, int at, const char *name,
		      const struct stat *status)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	unsigned char *bytes = malloc((size_t)status->st_size + 1), value[16];
	ssize_t size, there;

	ck_assert_ptr_nonnull(bytes);
	size = read(fd, bytes, (size_t)status->st_size + 1);
	there = fgetxattr(fd, MADE_ATTRIBUTE, value, sizeof value);
	close(fd);
	if (size != status->st_size)
		fputs("unreadable", out);
	else
		outcomes_file(out, model, ops, bytes, (uint64_t)size, status->st_mode);
	outcomes_attributes(out, status->st_uid, value, there > 0 ? (size_t)there : 0);
	free(bytes);
}

static void read_link(FILE *out, int at, const char *name)
{
	char text[64];
	ssize_t length = readlinkat(at, name, text, sizeof text);

	if (length < 0)
		fputs("unreadable", out);
	else
		fprintf(out, "->%.*s", (int)length, text);
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
		} else if (S_ISLNK(status.st_mode)) {
			read_link(out, at, entry);
		} else {
			read_file(out, model, ops, at, entry, &status);
		}
		free(entries[i]);
	}
	free(entries);
	if (at >= 0)
		close(at);
}

char *words_of_directory(const struct crash__model *model, int ops, const char *directory)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	read_directory(out, model, ops, AT_FDCWD, directory, "");
	fclose(out);
	return text;
}

/* ------------------------------------------------------------------ the way back */

static const char *parse_file(struct words_entry *entry, const char *text)
{
	entry->mode = 0644;
	if (strncmp(text, "empty", 5) == 0)
		text += 5;
	while (*text && *text != ' ' && *text != '(' && *text != '[') {
		struct words_run run;

		run.code = outcomes_read_run(&text, &run.end);
		run.end += entry->size;
		entry->size = run.end;
		entry->runs = realloc(entry->runs, (entry->run_count + 1) * sizeof run);
		ck_assert_ptr_nonnull(entry->runs);
		entry->runs[entry->run_count++] = run;
	}
	if (*text == '(')
		entry->mode = (uint32_t)strtoul(text + 1, NULL, 8);
	text += strcspn(text, "[ ");
	snprintf(entry->attributes, sizeof entry->attributes, "%.*s", (int)strcspn(text, " "), text);
	return text + strcspn(text, " ");
}

int words_find(const struct words_tree *tree, int parent, const char *name)
{
	for (int i = 0; i < tree->count; i++)
		if (tree->entries[i].parent == parent && strcmp(tree->entries[i].name, name) == 0)
			return i;
	return -1;
}

/* Directories come before what is in them. */
static int find_path(const struct words_tree *tree, const char *path, size_t length)
{
	for (int i = 0; i < tree->count; i++)
		if (strlen(tree->entries[i].path) == length &&
		    memcmp(tree->entries[i].path, path, length) == 0)
			return i;
	return -1;
}

static const char *parse_entry(struct words_tree *tree, const char *text)
{
	size_t length = strcspn(text, "=");
	struct words_entry *entry;
	char *slash;

	tree->entries = realloc(tree->entries, ((size_t)tree->count + 1) * sizeof *entry);
	ck_assert_ptr_nonnull(tree->entries);
	entry = &tree->entries[tree->count];
	memset(entry, 0, sizeof *entry);
	ck_assert_uint_lt(length, sizeof entry->path);
	memcpy(entry->path, text, length);
	slash = strrchr(entry->path, '/');
	entry->parent = slash ? find_path(tree, entry->path, (size_t)(slash - entry->path)) : -1;
	tree->count++;
	text += length + 1;
	if (strncmp(text, "dir", 3) == 0) {
		entry->kind = WORDS_DIRECTORY;
		return text + 3;
	}
	if (strncmp(text, "unreadable", 10) == 0) {
		entry->kind = WORDS_UNREADABLE;
		return text + 10;
	}
	if (strncmp(text, "->", 2) != 0)
		return parse_file(entry, text);
	entry->kind = WORDS_LINK;
	length = strcspn(text + 2, " ");
	snprintf(entry->link, sizeof entry->link, "%.*s", (int)length, text + 2);
	return text + 2 + length;
}

void words_parse(struct words_tree *tree, const char *text)
{
	*tree = (struct words_tree){0};
	while (*text) {
		text = parse_entry(tree, text);
		text += *text == ' ';
	}
	for (int i = 0; i < tree->count; i++) {
		char *slash = strrchr(tree->entries[i].path, '/');

		tree->entries[i].name = slash ? slash + 1 : tree->entries[i].path;
	}
}

void words_clear(struct words_tree *tree)
{
	for (int i = 0; i < tree->count; i++)
		free(tree->entries[i].runs);
	free(tree->entries);
	*tree = (struct words_tree){0};
}
