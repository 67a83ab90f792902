/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/json_value.h"
#include "base/shell_word.h"
#include "cli/open_state.h"
#include "cli/options.h"
#include "explore/checkers/acked_files.h"
#include "explore/fs/fs_replay.h"
#include "explore/nested/nested.h"
#include "explore/states/state_name.h"

struct replay_options {
	const char *acked, *acked_dir, *model;
};

enum { OPTION_ACKED = CRASH__OPTION_OWN, OPTION_ACKED_DIR, OPTION_MODEL };

static const struct option table[] = {
	{"acked", required_argument, NULL, OPTION_ACKED},
	{"acked-dir", required_argument, NULL, OPTION_ACKED_DIR},
	{"model", required_argument, NULL, OPTION_MODEL},
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct replay_options *own = context;

	if (option == OPTION_ACKED)
		own->acked = value;
	else if (option == OPTION_ACKED_DIR)
		own->acked_dir = value;
	else if (option == OPTION_MODEL)
		own->model = value;
	else
		return false;
	return true;
}

static void print_word(FILE *stream, const char *text)
{
	char *word = crash__shell_word(text);

	if (!word)
		crash__die("out of memory");
	fputs(word, stream);
	free(word);
}

static void print_path(FILE *stream, const char *variable, const char *path)
{
	char where[PATH_MAX];

	if (!path || !realpath(path, where))
		return;
	fprintf(stream, " %s=", variable);
	print_word(stream, where);
}

/* What a command finds in its environment. */
static void print_environment(FILE *stream, const struct crash__replay *replay, const char *where,
			      char **words, const struct replay_options *own)
{
	char point[256];

	crash__point_name(&replay->fs, replay->state.step, point, sizeof point);
	fputs(" CRASH_DIR=", stream);
	print_word(stream, where);
	fprintf(stream, " CRASH_POINT='%s' CRASH_STATE='%s'", point, words[1]);
	print_path(stream, "CRASH_ACKED", own->acked);
	print_path(stream, "CRASH_ACKED_DIR", own->acked_dir);
}

static void print_command(FILE *stream, const char *command)
{
	fputs(" sh -c ", stream);
	print_word(stream, command);
	fputs(" sh \"$PWD\"", stream);
}

/* The command of --recover; NULL where there is none, or it is a server, which stays. */
static const char *recovery_of(const json_t *settings)
{
	const json_t *ready = json_object_get(json_object_get(settings, "server"), "ready");

	return json_is_string(ready) ? NULL : json_string_value(json_object_get(settings, "recover"));
}

/* The line that checks the state as explore did; NULL: nothing is known of that. */
static char *check_line(const struct crash__replay *replay, const json_t *settings, char **words,
			const struct replay_options *own)
{
	const char *check = json_string_value(json_object_get(settings, "check")),
		   *recover = recovery_of(settings);
	char where[PATH_MAX], *line = NULL;
	json_t *word;
	size_t i, size;
	FILE *stream;

	if (!settings || !words[2] || !realpath(words[2], where) || !(stream = open_memstream(&line, &size)))
		return NULL;
	fputs("( cd ", stream);
	print_word(stream, where);
	fputs(" &&", stream);
	if (recover) {
		print_environment(stream, replay, where, words, own);
		print_command(stream, recover);
		fputs(" &&", stream);
	}
	print_environment(stream, replay, where, words, own);
	if (check) {
		print_command(stream, check);
	} else {
		json_array_foreach(json_object_get(settings, "program"), i, word) {
			fputc(' ', stream);
			print_word(stream, json_string_value(word));
		}
	}
	fputs(" )", stream);
	return fclose(stream) == 0 ? line : NULL;
}

static void print_check(const struct crash__replay *replay, const json_t *settings, char **words,
			const struct replay_options *own)
{
	char *line = check_line(replay, settings, words, own);

	if (!line)
		return;
	printf("check it again:\n  %s\n", line);
	free(line);
	if (json_object_get(settings, "check") && !own->acked && !own->acked_dir && replay->state.acked)
		puts("  (if the checker reads $CRASH_ACKED: --acked FILE writes it; $CRASH_ACKED_DIR: "
		     "--acked-dir DIR)");
}

/* ------------------------------------------------------------------ as JSON */

static void add_loss(void *context, const char *op, unsigned int lost, unsigned int all)
{
	json_array_append_new(context, json_pack("{s:o, s:i, s:i}", "op", crash__json_string(op),
						 "parts_lost", (int)lost, "parts", (int)all));
}

static json_t *reasons(const struct crash__replay *replay)
{
	char sentences[CRASH__MISSES][CRASH__MISSED];
	unsigned int missed = crash__fs_missed(&replay->fs, sentences);
	json_t *list = json_array();

	for (unsigned int i = 0; i < missed; i++)
		json_array_append_new(list, crash__json_string(sentences[i]));
	if (crash__attributes_lost())
		json_array_append_new(list, crash__json_string(crash__attributes_lost()));
	return list;
}

static int print_json(const struct crash__options *options, struct crash__replay *replay,
		      const json_t *settings, const struct replay_options *own)
{
	json_t *lost = json_array(), *incomplete = reasons(replay);
	int error = crash__replay_losses(replay, add_loss, lost);
	char point[256], *line = check_line(replay, settings, options->program, own);

	crash__point_name(&replay->fs, replay->state.step, point, sizeof point);
	crash__json_print(
		options->json_out,
		json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:o}", "state",
			  crash__json_string(options->program[1]), "point", crash__json_string(point), "step",
			  (json_int_t)replay->state.step + 1, "steps", (json_int_t)replay->fs.steps_count,
			  "acknowledged_bytes", (json_int_t)replay->state.acked, "lost", lost, "directory",
			  crash__json_string(options->program[2]), "check", crash__json_string(line),
			  "complete", (int)(json_array_size(incomplete) == 0), "incomplete_reasons",
			  incomplete));
	free(line);
	return error;
}

/* ------------------------------------------------------------------ what may be wrong with it */

/* What the model lacks is in no state either. */
static bool print_missed(const struct crash__replay *replay)
{
	char sentences[CRASH__MISSES][CRASH__MISSED];
	unsigned int missed = crash__fs_missed(&replay->fs, sentences);

	for (unsigned int i = 0; i < missed; i++)
		fprintf(stderr, "%s: incomplete: %s: the state may be another one\n", CRASH__PROGRAM_NAME,
			sentences[i]);
	return missed;
}

/* What this user may not give to files, or the file system cannot have. */
static bool print_lost(void)
{
	const char *lost = crash__attributes_lost();

	if (lost)
		fprintf(stderr, "%s: incomplete: the state lacks something: %s\n", CRASH__PROGRAM_NAME, lost);
	return lost != NULL;
}

static int write_acked(const struct crash__replay *replay, const struct replay_options *own)
{
	int error = own->acked ? crash__replay_acked(replay, own->acked) : 0;

	return error == 0 && own->acked_dir ?
		       crash__acked_files_write_apart(&replay->fs, own->acked_dir, replay->state.acked) :
		       error;
}

/* What is done in recovery acknowledges nothing: that was done before the first crash. Opens the state of the
 * program; false: it is one. */
static bool open_outermost(struct crash__replay *replay, struct crash__replay *outermost, char **words,
			   const json_t *settings, const struct replay_options *own)
{
	size_t length = strcspn(words[1], (const char[]){CRASH__NESTED, '\0'});
	char *state;

	if (!words[1][length])
		return false;
	state = strndup(words[1], length);
	if (!state)
		crash__die("out of memory");
	if (crash__open_state(outermost, words[0], settings, own->model, state) < 0)
		crash__die("%s", crash_error_detail());
	free(state);
	replay->state.acked = outermost->state.acked;
	return true;
}

static void check_arguments(char **words)
{
	if (!words[0] || !words[1] || (words[2] && words[3]))
		crash__die("replay: give a trace or a result, a state, and a directory: %s replay TRACE "
			   "STATE DIR",
			   CRASH__PROGRAM_NAME);
	if (access(words[0], F_OK) < 0)
		crash__die("replay: %s: %s", crash__shown_text(words[0]), strerror(errno));
}

static void print_loss(void *context, const char *op, unsigned int lost, unsigned int all)
{
	(void)context;
	if (lost == all)
		printf("  lost: %s\n", crash__shown_text(op));
	else
		printf("  lost in part (%u of %u): %s\n", lost, all, crash__shown_text(op));
}

/* Says in words what the state is. */
static int describe(struct crash__replay *replay)
{
	char point[256];
	int error;

	crash__point_name(&replay->fs, replay->state.step, point, sizeof point);
	printf("the crash is at %s (point %lld of %zu); %llu bytes had been acknowledged\n",
	       crash__shown_text(point), (long long)replay->state.step + 1, replay->fs.steps_count,
	       (unsigned long long)replay->state.acked);
	error = crash__replay_losses(replay, print_loss, NULL);
	if (replay->state.reference == CRASH__EVERYTHING && replay->state.count == 0)
		puts("  nothing that was done is lost");
	return error;
}

static int run(int argc, char **argv)
{
	struct replay_options own = {0};
	struct crash__options options;
	struct crash__replay replay, outermost;
	json_t *settings;
	bool missed = false, words, nested = false;
	int error;

	crash__options_parse(&options, &crash__cmd_replay, argc, argv, take_option, &own);
	check_arguments(options.program);
	settings = crash__read_settings(options.program[0]);
	error = crash__open_state(&replay, options.program[0], settings, own.model, options.program[1]);
	words = !options.quiet && !(options.json && options.json_out == stdout);
	if (error == 0)
		nested = open_outermost(&replay, &outermost, options.program, settings, &own);
	if (error == 0 && words)
		error = describe(&replay);
	if (error == 0 && replay.live)
		fprintf(stderr,
			"%s: the starting tree is not in the trace; the data directory is used as it is "
			"now\n",
			CRASH__PROGRAM_NAME);
	if (error == 0)
		missed = print_missed(&replay);
	if (error == 0 && options.program[2])
		error = crash__replay_build(&replay, options.program[2]);
	if (error == 0 && options.program[2])
		missed |= print_lost();
	if (error == 0 && (own.acked || own.acked_dir))
		error = write_acked(nested ? &outermost : &replay, &own);
	if (error == 0 && words)
		print_check(&replay, settings, options.program, &own);
	if (error == 0 && options.json)
		error = print_json(&options, &replay, settings, &own);
	crash__replay_close(&replay);
	if (nested)
		crash__replay_close(&outermost);
	if (error < 0)
		crash__die_error(error);
	json_decref(settings);
	return missed ? CRASH__EXIT_INCOMPLETE : CRASH__EXIT_GOOD;
}

const struct crash__command crash__cmd_replay = {
	.name = "replay",
	.run = run,
	.options = table,
	.no_program = true,
	.arguments = "[OPTION]... TRACE|RESULT STATE [DIR]",
	.summary = "Put a crash state back on disk, or describe it",
	.help = "  --acked FILE          write what the program had acknowledged, for $CRASH_ACKED\n"
		"  --acked-dir DIR       the same with a file for each stream, for $CRASH_ACKED_DIR\n"
		"  --model FILE          the model, if it is not a shipped one\n\n"
		"DIR must be empty or not exist yet; nothing outside of it is touched.\n"
		"Exit status: 0 good, 3 the state may be another one, 125 crashinject failed.\n\n"
		"Example:\n"
		"  crashinject replay result/ 'posix@49-194' /tmp/state\n",
};
