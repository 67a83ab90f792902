/* SPDX-License-Identifier: MIT */
#include "explore/atoms/persistence_model.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/error.h"
#include "common/suggest.h"

#define PARAMETER(member, text, choices, what)                                                               \
	{                                                                                                    \
		.name = text, .values = choices, .about = what,                                              \
		.offset = offsetof(struct crash__model, member)                                              \
	}

const struct crash__parameter crash__parameters[] = {
	PARAMETER(process_only, "process-only", "no yes",
		  "only the process dies: whatever it wrote is kept, synced or not"),
	PARAMETER(tear, "tear", "1 512 4096 op",
		  "how many aligned bytes of a write are kept or lost together"),
	PARAMETER(lost_data, "lost-data", "any garbage stale zeros",
		  "what a file shows where it grew and the data was lost"),
	PARAMETER(rename_atomic, "rename-atomic", "no yes",
		  "the old name goes exactly when the new one comes"),
	PARAMETER(dirop_atomic, "dirop-atomic", "no yes",
		  "a new name never shows a file that is not completely made"),
	PARAMETER(truncate_atomic, "truncate-atomic", "no yes",
		  "a truncated file has its old or its new size, and none in between"),
	PARAMETER(truncate_tail, "truncate-tail", "late zeros kept",
		  "what a truncation cuts off the file's last block: zeros, perhaps before the size is the "
		  "new one, or perhaps after it; or as it was until then"),
	PARAMETER(dirop_order, "dirop-order", "none per-directory total",
		  "directory ops reach the disk in order: in one directory, or before any later metadata, as "
		  "changes of attributes then do"),
	PARAMETER(overwrite_order, "overwrite-order", "none ordered",
		  "an overwrite reaches the disk before any later op"),
	PARAMETER(append_order, "append-order", "none ordered",
		  "an append reaches the disk before any later op"),
	PARAMETER(same_file_append_order, "same-file-append-order", "none ordered",
		  "appends to one file, and truncations of it, reach the disk in order"),
	PARAMETER(data_before_metadata, "data-before-metadata", "no only-page new-blocks yes",
		  "a file never grows on the disk without its data; or only what is in blocks that are new "
		  "is there"),
	PARAMETER(grow_by_pages, "grow-sizes", "any pages",
		  "the sizes between the old and the new one, where a write makes a file longer: where any "
		  "unit ends, or a page"),
	PARAMETER(no_page_sizes, "page-sizes", "yes no",
		  "a page that is written back alone gives the file, if it is shorter on the disk, the size "
		  "at which the page ends"),
	PARAMETER(no_reflinks, "reflinks", "yes no",
		  "copy_file_range and FICLONE may share blocks: the file has what was so appended without "
		  "what was appended before"),
	PARAMETER(moves_data, "moves-data", "pages small no",
		  "what is written anew in another block, which the file may have before anything is in it, "
		  "so that what was there may be lost: pages that are written to; what a small file has when "
		  "it becomes larger"),
	PARAMETER(no_reuse, "reuses-blocks", "yes no",
		  "blocks that a file gives back may have other bytes before that is on the disk; where a "
		  "run does that the result is incomplete"),
	PARAMETER(fsync_own_entry, "fsync-own-entry", "no yes",
		  "fsync of a file makes the names that it was given durable, too, and those of new "
		  "directories above it"),
	PARAMETER(fsync_commits_metadata, "fsync-commits-metadata", "no yes",
		  "fsync of a file makes every metadata op up to its own last change durable; fdatasync up "
		  "to its last change of size"),
	PARAMETER(fsync_exchanged, "fsync-exchanged-names", "no yes",
		  "where fsync of a file makes its names durable, also those that two files were given in "
		  "exchange for each other's"),
	PARAMETER(sync_overwrites, "sync-overwrites", "no yes",
		  "sync makes overwrites durable, too, also when there is no metadata to commit"),
	PARAMETER(safe_rename, "safe-rename", "no size yes",
		  "a file that replaces another by rename has its size, or its size and its data, when it "
		  "has the name"),
	PARAMETER(safe_truncate, "safe-truncate", "no yes",
		  "a file that is truncated and at once written anew has its new data when the old is gone"),
	PARAMETER(fdatasync_drops, "fdatasync-drops", "entry attributes nothing",
		  "what fdatasync leaves out that fsync makes durable"),
	PARAMETER(failed_size_kept, "failed-fsync-size", "lost kept",
		  "after a failed fsync, the size that the file grew to: lost until its pages are written "
		  "again, or made durable by the next one"),
	PARAMETER(failed_rewrite_kept, "failed-fsync-rewrite", "lost kept",
		  "after a failed fsync, what is written to the blocks again that the file grew by: lost "
		  "again, or as any other write"),
};

const size_t crash__parameter_count = sizeof crash__parameters / sizeof *crash__parameters;

/* Values that are not positions in their list. */
static const int tears[] = {1, 512, 4096, 0};
static const int losts[] = {CRASH__LOST_ANY, CRASH__LOST_GARBAGE, CRASH__LOST_STALE, CRASH__LOST_ZEROS};
static const int orders[] = {CRASH__DIROPS_FREE, CRASH__DIROPS_PER_DIRECTORY, CRASH__DIROPS_TOTAL};
static const int moves[] = {CRASH__MOVES_PAGES, CRASH__MOVES_SMALL, CRASH__MOVES_NOTHING};
static const int drops[] = {CRASH__DROPS_ENTRY, CRASH__DROPS_ATTRIBUTES, CRASH__DROPS_NOTHING};

static const int *special_values(const struct crash__parameter *parameter)
{
	switch (parameter->offset) {
	case offsetof(struct crash__model, tear):
		return tears;
	case offsetof(struct crash__model, lost_data):
		return losts;
	case offsetof(struct crash__model, dirop_order):
		return orders;
	case offsetof(struct crash__model, moves_data):
		return moves;
	case offsetof(struct crash__model, fdatasync_drops):
		return drops;
	default:
		return NULL;
	}
}

static int *member_of(struct crash__model *model, const struct crash__parameter *parameter)
{
	return (int *)(void *)((char *)model + parameter->offset);
}

/* The position of a word in a list separated by blanks, or -1. */
static int position_of(const char *list, const char *word)
{
	int position = 0;

	for (const char *at = list; *at; position++) {
		size_t length = strcspn(at, " ");

		if (strlen(word) == length && strncmp(at, word, length) == 0)
			return position;
		at += length;
		at += *at == ' ';
	}
	return -1;
}

void crash__parameter_text(const struct crash__model *model, const struct crash__parameter *parameter,
			   char *out, size_t size)
{
	const int *special = special_values(parameter);
	int value = *member_of((struct crash__model *)(uintptr_t)model, parameter), position = 0;
	const char *at = parameter->values;

	while (special ? special[position] != value : position != value) {
		at += strcspn(at, " ") + 1;
		position++;
	}
	snprintf(out, size, "%.*s", (int)strcspn(at, " "), at);
}

bool crash__parameter_set(struct crash__model *model, const struct crash__parameter *parameter,
			  const char *value)
{
	const int *special = special_values(parameter);
	int position = position_of(parameter->values, value);

	if (position < 0)
		return false;
	*member_of(model, parameter) = special ? special[position] : position;
	return true;
}

/* ------------------------------------------------------------------ choices */

static const enum crash__lost_data choices[] = {CRASH__LOST_GARBAGE, CRASH__LOST_STALE, CRASH__LOST_ZEROS};

unsigned int crash__model_choices(const struct crash__model *model)
{
	return model->lost_data == CRASH__LOST_ANY ? sizeof choices / sizeof *choices : 1;
}

enum crash__lost_data crash__model_choice(const struct crash__model *model, unsigned int choice)
{
	assert(choice < crash__model_choices(model));
	return model->lost_data == CRASH__LOST_ANY ? choices[choice] :
						     (enum crash__lost_data)model->lost_data;
}

/* ------------------------------------------------------------------ conditions */

bool crash__model_meets(const struct crash__model *model, const struct crash__condition *condition)
{
	const int *value = (const int *)(const void *)((const char *)model + condition->offset);

	return condition->offset == 0 || (condition->values >> *value & 1);
}

void crash__condition_text(const struct crash__condition *condition, char *out, size_t size)
{
	const struct crash__parameter *parameter = crash__parameters;
	struct crash__model model;
	const int *special;
	size_t length, left;

	*out = '\0';
	if (condition->offset == 0)
		return;
	while (parameter->offset != condition->offset)
		parameter++;
	special = special_values(parameter);
	length = (size_t)snprintf(out, size, "%s =", parameter->name);
	left = condition->values;
	for (int position = 0; left && length < size; position++) {
		int value = special ? special[position] : position;
		char text[16];

		if (!(left >> value & 1))
			continue;
		*member_of(&model, parameter) = value;
		crash__parameter_text(&model, parameter, text, sizeof text);
		length += (size_t)snprintf(out + length, size - length, "%s %s",
					   left == condition->values ? "" : " or", text);
		left &= ~(1u << value);
	}
}

/* ------------------------------------------------------------------ reading */

struct reading {
	struct crash__model *model;
	bool seen[32];
	char message[256];
};

/* What a file says in its own words: those are nobody's promise. */
static bool take_words(struct crash__model *model, const char *name, const char *value)
{
	bool about = strcmp(name, "about") == 0;

	if (!about && strcmp(name, "checked-on") != 0)
		return false;
	snprintf(about ? model->about : model->checked_on, sizeof model->about, "%s", value);
	return true;
}

static int refuse_key(struct reading *reading, const char *name)
{
	struct crash__suggestion near = {.word = name, .length = strlen(name)};

	for (size_t i = 0; i < crash__parameter_count; i++)
		crash__suggest(&near, crash__parameters[i].name);
	crash__suggest(&near, "checked-on");
	snprintf(reading->message, sizeof reading->message, "there is no parameter \"%s\"%s%s%s", name,
		 near.best ? "; did you mean " : "", near.best ? near.best : "", near.best ? "?" : "");
	return 0;
}

/* Returns 0 for a mistake, as the INI library wants it. */
static int take_pair(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;

	if (reading->message[0])
		return 0; /* the first mistake is the one that is shown */
	if (*section) {
		snprintf(reading->message, sizeof reading->message,
			 "a model has no sections, but here is [%s]", section);
		return 0;
	}
	if (take_words(reading->model, name, value))
		return 1;
	for (size_t i = 0; i < crash__parameter_count; i++) {
		const struct crash__parameter *parameter = &crash__parameters[i];
		bool possible;

		if (strcmp(name, parameter->name) != 0)
			continue;
		possible = crash__parameter_set(reading->model, parameter, value);
		if (!possible || reading->seen[i]) {
			snprintf(reading->message, sizeof reading->message,
				 possible ? "%s = %s is set twice" : "%s = %s: it is one of: %s", name, value,
				 parameter->values);
			return 0;
		}
		reading->seen[i] = true;
		return 1;
	}
	return refuse_key(reading, name);
}

/* Beside a command that was built and not installed, or in the tree that was moved with it. */
static const char *models_in_tree(void)
{
	static char path[PATH_MAX];

	return crash__beside("/proc/self/exe", "models", path) ||
			       crash__beside("/proc/self/exe", "../share/crashinject/models", path) ?
		       path :
		       NULL;
}

static const char *models_directory(void)
{
	const char *given = getenv("CRASHINJECT_MODELS");

	if (!given || !*given)
		given = models_in_tree();
	return given ? given : PKGDATADIR "/models";
}

static int refuse_name(const char *name)
{
	struct crash__suggestion near = {.word = name, .length = strlen(name)};
	char **names = crash__model_names(), list[512] = "";
	size_t used = 0;
	int error;

	for (size_t i = 0; names && names[i]; i++) {
		crash__suggest(&near, names[i]);
		if (used < sizeof list)
			used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
						 names[i]);
	}
	error = crash__fail(CRASH_EINVAL, "there is no model \"%s\"%s%s%s; there are %s", name,
			    near.best ? "; did you mean " : "", near.best ? near.best : "",
			    near.best ? "?" : "", list);
	crash__model_names_free(names);
	return error;
}

/* The model's name is its file's. */
static void name_model(struct crash__model *model, const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	snprintf(model->name, sizeof model->name, "%.*s", (int)strcspn(base, "."), base);
}

/* A model that leaves something open would mean whatever the program thinks today. */
static int check_whole(const struct reading *reading, const char *path)
{
	if (reading->model->process_only)
		return 0;
	for (size_t i = 1; i < crash__parameter_count; i++)
		if (!reading->seen[i])
			return crash__fail(CRASH_EINVAL, "%s: %s is missing; it is one of: %s", path,
					   crash__parameters[i].name, crash__parameters[i].values);
	return 0;
}

int crash__model_read(const char *name, struct crash__model *model)
{
	bool is_path =
		strchr(name, '/') || (strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".ini") == 0);
	struct crash__model read = {0};
	struct reading reading = {.model = &read};
	char path[4096];
	int line, error;

	if (is_path)
		snprintf(path, sizeof path, "%s", name);
	else
		snprintf(path, sizeof path, "%s/%s.ini", models_directory(), name);
	if (access(path, R_OK) < 0 && !is_path)
		return refuse_name(name);
	line = ini_parse(path, take_pair, &reading);
	if (line == -1)
		return crash__fail(CRASH_EINVAL, "%s: %s", path, strerror(errno));
	if (line == -2)
		return crash__fail(CRASH_ENOMEM, "no memory to read %s", path);
	if (line > 0)
		return crash__fail(CRASH_EINVAL, "%s:%d: %s", path, line,
				   reading.message[0] ? reading.message : "not a line \"parameter = value\"");
	error = check_whole(&reading, path);
	if (error < 0)
		return error;
	name_model(&read, path);
	*model = read;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **crash__model_names(void)
{
	DIR *directory = opendir(models_directory());
	struct dirent *entry;
	char **names = calloc(1, sizeof *names), **more;
	size_t count = 0;

	while (directory && names && (entry = readdir(directory)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length <= 4 || strcmp(entry->d_name + length - 4, ".ini") != 0)
			continue;
		more = realloc(names, (count + 2) * sizeof *names);
		if (!more)
			break;
		names = more;
		names[count] = strndup(entry->d_name, length - 4);
		count += names[count] != NULL;
		names[count] = NULL;
	}
	if (directory)
		closedir(directory);
	if (count)
		qsort(names, count, sizeof *names, by_name);
	return names;
}

void crash__model_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
