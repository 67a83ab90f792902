/* SPDX-License-Identifier: MIT */
/*
 * check_persist.c - model files are read as they are written, and what is wrong with one is said.
 */
#include <crashinject/crashinject.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/atoms/persistence_model.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

static const char whole[] = "about = a test\n"
			    "tear = 512\n"
			    "lost-data = garbage\n"
			    "rename-atomic = no\n"
			    "dirop-atomic = yes\n"
			    "truncate-atomic = yes\n"
			    "truncate-tail = kept\n"
			    "dirop-order = per-directory\n"
			    "overwrite-order = none\n"
			    "append-order = ordered\n"
			    "same-file-append-order = ordered\n"
			    "data-before-metadata = no\n"
			    "grow-sizes = pages\n"
			    "page-sizes = no\n"
			    "reflinks = no\n"
			    "moves-data = small\n"
			    "reuses-blocks = yes\n"
			    "fsync-own-entry = yes\n"
			    "sync-overwrites = yes\n"
			    "fsync-commits-metadata = no\n"
			    "fsync-exchanged-names = yes\n"
			    "safe-rename = yes\n"
			    "safe-truncate = no\n"
			    "fdatasync-drops = entry\n"
			    "failed-fsync-size = kept\n"
			    "failed-fsync-rewrite = lost\n"
			    "checked-on = paper\n";

static char path[PATH_MAX];

static int read_text(const char *text, struct crash__model *model)
{
	char directory[PATH_MAX];
	FILE *stream;

	support_directory(directory);
	snprintf(path, sizeof path, "%.4000s/mine.ini", directory);
	stream = fopen(path, "w");
	fputs(text, stream);
	fclose(stream);
	return crash__model_read(path, model);
}

/* Reading fails, and the message is the file's path and this. */
static void refuses(const char *text, const char *message)
{
	struct crash__model model, before;
	int error;

	memset(&model, 0x5a, sizeof model);
	before = model;
	error = read_text(text, &model);
	ck_assert_msg(error < 0, "this was accepted:\n%s", text);
	ck_assert_msg(strncmp(crash_error_detail(), path, strlen(path)) == 0 &&
			      strcmp(crash_error_detail() + strlen(path), message) == 0,
		      "it says \"%s\", not \"...%s\"", crash_error_detail(), message);
	ck_assert_msg(memcmp(&before, &model, sizeof model) == 0, "a model was filled in nevertheless");
}

/* The whole model with another line in the place of a key's; NULL: without it. */
static char *with(const char *key, const char *line)
{
	size_t length = strlen(key), bytes;
	const char *at = whole;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	while (strncmp(at, key, length) != 0 || at[length] != ' ') {
		at = strchr(at, '\n') + 1;
		ck_assert_msg(*at != '\0', "no line %s", key);
	}
	fwrite(whole, 1, (size_t)(at - whole), stream);
	if (line)
		fprintf(stream, "%s\n", line);
	fputs(strchr(at, '\n') + 1, stream);
	fclose(stream);
	return text;
}

START_TEST(a_whole_model_is_read_as_written)
{
	struct crash__model model;

	trees_ok(read_text(whole, &model));
	ck_assert_str_eq(model.name, "mine");
	ck_assert_str_eq(model.about, "a test");
	ck_assert_str_eq(model.checked_on, "paper");
	ck_assert_int_eq(model.process_only, 0);
	ck_assert_int_eq(model.tear, 512);
	ck_assert_int_eq(model.lost_data, CRASH__LOST_GARBAGE);
	ck_assert_int_eq(model.rename_atomic, 0);
	ck_assert_int_eq(model.dirop_atomic, 1);
	ck_assert_int_eq(model.truncate_atomic, 1);
	ck_assert_int_eq(model.dirop_order, CRASH__DIROPS_PER_DIRECTORY);
	ck_assert_int_eq(model.overwrite_order, 0);
	ck_assert_int_eq(model.append_order, 1);
	ck_assert_int_eq(model.same_file_append_order, 1);
	ck_assert_int_eq(model.data_before_metadata, 0);
	ck_assert_int_eq(model.grow_by_pages, 1);
	ck_assert_int_eq(model.no_page_sizes, 1);
	ck_assert_int_eq(model.no_reflinks, 1);
	ck_assert_int_eq(model.moves_data, CRASH__MOVES_SMALL);
	ck_assert_int_eq(model.no_reuse, 0);
	ck_assert_int_eq(model.fsync_exchanged, 1);
	ck_assert_int_eq(model.fsync_own_entry, 1);
	ck_assert_int_eq(model.fsync_commits_metadata, 0);
	ck_assert_int_eq(model.safe_rename, CRASH__RENAME_WITH_DATA);
	ck_assert_int_eq(model.safe_truncate, 0);
	ck_assert_int_eq(model.fdatasync_drops, CRASH__DROPS_ENTRY);
	ck_assert_int_eq(model.failed_size_kept, 1);
	ck_assert_int_eq(model.failed_rewrite_kept, 0);
}
END_TEST

START_TEST(a_mistake_is_shown_with_its_line_and_key)
{
	refuses(with("tear", "taer = 512"), ":2: there is no parameter \"taer\"; did you mean tear?");
	refuses(with("safe-rename", "safe-renames = yes"),
		":22: there is no parameter \"safe-renames\"; did you mean safe-rename?");
	refuses(with("about", "checked = on"),
		":1: there is no parameter \"checked\"; did you mean checked-on?");
	refuses(with("tear", "colour = blue"), ":2: there is no parameter \"colour\"");
	refuses(with("tear", "tear = 513"), ":2: tear = 513: it is one of: 1 512 4096 op");
	refuses(with("tear", "tear ="), ":2: tear = : it is one of: 1 512 4096 op");
	refuses(with("dirop-order", "dirop-order = tot"),
		":8: dirop-order = tot: it is one of: none per-directory total");
	refuses(with("lost-data", "tear = op"), ":3: tear = op is set twice");
	refuses(with("about", "[model]"), ":2: a model has no sections, but here is [model]");
	refuses(with("safe-rename", "safe-rename yes"), ":22: not a line \"parameter = value\"");
}
END_TEST

START_TEST(the_first_of_several_mistakes_is_shown)
{
	refuses("tear = 1\nlost-data = zeroes\nrename-atomic = perhaps\n",
		":2: lost-data = zeroes: it is one of: any garbage stale zeros");
}
END_TEST

/* Of each line of the whole model but the first. */
START_TEST(a_model_that_leaves_something_open_is_refused)
{
	for (size_t i = 1; i < crash__parameter_count; i++) {
		char message[256], *text = with(crash__parameters[i].name, NULL);

		snprintf(message, sizeof message, ": %s is missing; it is one of: %s",
			 crash__parameters[i].name, crash__parameters[i].values);
		refuses(text, message);
		free(text);
	}
}
END_TEST

START_TEST(a_process_crash_needs_nothing_else)
{
	struct crash__model model;

	trees_ok(read_text("process-only = yes\n", &model));
	ck_assert_int_eq(model.process_only, 1);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_said)
{
	struct crash__model model;

	ck_assert_int_lt(crash__model_read("/nowhere/mine.ini", &model), 0);
	ck_assert_str_eq(crash_error_detail(), "/nowhere/mine.ini: No such file or directory");
	ck_assert_int_lt(crash__model_read("mine.ini", &model), 0);
	ck_assert_str_eq(crash_error_detail(), "mine.ini: No such file or directory");
}
END_TEST

START_TEST(a_name_that_is_nearly_one_is_suggested)
{
	struct crash__model model;

	ck_assert_int_lt(crash__model_read("ext5", &model), 0);
	ck_assert_ptr_eq(strstr(crash_error_detail(),
				"there is no model \"ext5\"; did you mean ext4?; there are btrfs, ext3-"),
			 crash_error_detail());
	ck_assert_int_lt(crash__model_read("zfs-on-tape", &model), 0);
	ck_assert_ptr_eq(strstr(crash_error_detail(), "there is no model \"zfs-on-tape\"; there are btrfs, "),
			 crash_error_detail());
}
END_TEST

/* Comments and order apart, what a model says of itself is a file that reads as the same model. */
static void goes_round(const struct crash__model *model)
{
	struct crash__model again;
	char *text = NULL, value[16];
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	fprintf(stream, "about = %s\nchecked-on = %s\n", model->about, model->checked_on);
	for (size_t i = crash__parameter_count; i-- > 0;) {
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		fprintf(stream, "%s = %s\n", crash__parameters[i].name, value);
	}
	fclose(stream);
	trees_ok(read_text(text, &again));
	strcpy(again.name, model->name);
	ck_assert_msg(memcmp(model, &again, sizeof again) == 0, "%s comes back as another model:\n%s",
		      model->name, text);
	free(text);
}

START_TEST(parameters_as_text_read_as_the_same_model)
{
	char **names = crash__model_names();
	uint64_t random = support_seed();

	for (size_t i = 0; names[i]; i++) {
		struct crash__model model = trees_model(names[i]);

		goes_round(&model);
	}
	for (int i = 0; i < 200; i++) {
		struct crash__model model = trees_random_model(&random);

		goes_round(&model);
	}
	crash__model_names_free(names);
}
END_TEST

START_TEST(each_value_of_a_parameter_is_another_one)
{
	for (size_t i = 0; i < crash__parameter_count; i++) {
		const struct crash__parameter *parameter = &crash__parameters[i];

		for (const char *at = parameter->values; *at; at += strspn(at, " ")) {
			size_t length = strcspn(at, " ");
			char line[96], text[16], *file;
			struct crash__model model;

			snprintf(line, sizeof line, "%s = %.*s", parameter->name, (int)length, at);
			/* the whole model has no line for the first, which stands above it here */
			if (i == 0)
				ck_assert_int_ge(asprintf(&file, "%s\n%s", line, whole), 0);
			else
				file = with(parameter->name, line);
			trees_ok(read_text(file, &model));
			crash__parameter_text(&model, parameter, text, sizeof text);
			ck_assert_msg(strlen(text) == length && memcmp(at, text, length) == 0,
				      "%s reads as %s", line, text);
			free(file);
			at += length;
		}
	}
}
END_TEST

/* ------------------------------------------------------------------ what is shipped */

static char *read_file(const char *name)
{
	char file[PATH_MAX], *text = calloc(1, 1 << 16);
	FILE *stream;

	snprintf(file, sizeof file, "%s/%s.ini", getenv("CRASHINJECT_MODELS"), name);
	stream = fopen(file, "r");
	ck_assert_msg(stream != NULL, "cannot read %s", file);
	ck_assert_int_gt(fread(text, 1, (1 << 16) - 1, stream), 0);
	fclose(stream);
	return text;
}

START_TEST(all_shipped_models_are_read_and_have_a_line_about_them)
{
	static const char *const shipped[] = {"btrfs",
					      "ext3-ordered",
					      "ext3-writeback",
					      "ext4",
					      "ext4-dioread-lock",
					      "ext4-journal",
					      "ext4-writeback",
					      "f2fs",
					      "kill",
					      "posix",
					      "xfs",
					      NULL};
	char **names = crash__model_names();

	for (size_t i = 0; shipped[i]; i++) {
		ck_assert_msg(names[i] && strcmp(names[i], shipped[i]) == 0, "%s is missing", shipped[i]);
		ck_assert_msg(trees_model(names[i]).about[0] != '\0', "%s says nothing about itself",
			      names[i]);
		ck_assert_str_eq(trees_model(names[i]).name, names[i]);
	}
	ck_assert_ptr_null(names[sizeof shipped / sizeof *shipped - 1]);
	crash__model_names_free(names);
}
END_TEST

START_TEST(shipped_models_name_their_sources_and_what_was_not_verified)
{
	char **names = crash__model_names();

	for (size_t i = 0; names[i]; i++) {
		char *text = read_file(names[i]);

		/* that everything a process wrote is kept is not a claim about a file system */
		if (strcmp(names[i], "kill") != 0) {
			ck_assert_msg(strstr(text, "; Sources: ") != NULL, "%s names no sources", names[i]);
			ck_assert_msg(strcasestr(text, "not verified") != NULL,
				      "%s does not say what was not verified", names[i]);
		}
		free(text);
	}
	crash__model_names_free(names);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("persist");

	support_case(suite, "files", a_whole_model_is_read_as_written,
		     a_mistake_is_shown_with_its_line_and_key, the_first_of_several_mistakes_is_shown,
		     a_model_that_leaves_something_open_is_refused, a_process_crash_needs_nothing_else,
		     a_file_that_is_not_there_is_said, a_name_that_is_nearly_one_is_suggested,
		     parameters_as_text_read_as_the_same_model, each_value_of_a_parameter_is_another_one,
		     NULL);
	support_case(suite, "shipped", all_shipped_models_are_read_and_have_a_line_about_them,
		     shipped_models_name_their_sources_and_what_was_not_verified, NULL);
	return support_run(suite);
}
