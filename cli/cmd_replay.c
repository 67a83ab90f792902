/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
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

static void print_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	putchar('\'');
}

static void print_path(const char *variable, const char *path)
{
	char where[PATH_MAX];

	if (!path || !realpath(path, where))
		return;
	printf(" %s=", variable);
	print_quoted(where);
}

/* The line that checks the state as explore did. */
static void print_check(const struct crash__replay *replay, const json_t *settings, const char *state,
			const char *directory, const struct replay_options *own)
{
	const char *check = json_string_value(json_object_get(settings, "check"));
	char point[256], where[PATH_MAX];
	json_t *word;
	size_t i;

	if (!settings || !realpath(directory, where))
		return;
	crash__point_name(&replay->fs, replay->state.step, point, sizeof point);
	printf("check it again:\n  ( cd ");
	print_quoted(where);
	printf(" && CRASH_DIR=");
	print_quoted(where);
	printf(" CRASH_POINT='%s' CRASH_STATE='%s'", point, state);
	print_path("CRASH_ACKED", own->acked);
	print_path("CRASH_ACKED_DIR", own->acked_dir);
	if (check) {
		printf(" sh -c ");
		print_quoted(check);
		printf(" sh \"$PWD\"");
	} else {
		json_array_foreach(json_object_get(settings, "program"), i, word) {
			putchar(' ');
			print_quoted(json_string_value(word));
		}
	}
	puts(" )");
	if (check && !own->acked && !own->acked_dir && replay->state.step >= 0 &&
	    replay->fs.steps[replay->state.step].acked)
		puts("  (if the checker reads $CRASH_ACKED: --acked FILE writes it; $CRASH_ACKED_DIR: "
		     "--acked-dir DIR)");
}

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

static int write_acked_of(const struct crash__replay *replay, const struct replay_options *own)
{
	int error = own->acked ? crash__replay_acked(replay, own->acked) : 0;

	return error == 0 && own->acked_dir ?
		       crash__acked_files_write_apart(&replay->fs, own->acked_dir, replay->state.acked) :
		       error;
}

/* What is done in recovery acknowledges nothing: that was done before the first crash. */
static int write_acked(struct crash__replay *replay, char **words, const json_t *settings,
		       const struct replay_options *own)
{
	size_t length = strcspn(words[1], (const char[]){CRASH__NESTED, '\0'});
	struct crash__replay outermost;
	char *state;
	int error;

	if (!words[1][length])
		return write_acked_of(replay, own);
	state = strndup(words[1], length);
	if (!state)
		crash__die("out of memory");
	error = crash__open_state(&outermost, words[0], settings, own->model, state);
	if (error == 0)
		error = write_acked_of(&outermost, own);
	crash__replay_close(&outermost);
	free(state);
	return error;
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

static int run(int argc, char **argv)
{
	struct replay_options own = {0};
	struct crash__options options;
	struct crash__replay replay;
	json_t *settings;
	bool missed = false;
	int error;

	crash__options_parse(&options, &crash__cmd_replay, argc, argv, take_option, &own);
	check_arguments(options.program);
	settings = crash__read_settings(options.program[0]);
	error = crash__open_state(&replay, options.program[0], settings, own.model, options.program[1]);
	if (error == 0 && !options.quiet)
		error = crash__replay_describe(&replay, stdout);
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
		error = write_acked(&replay, options.program, settings, &own);
	if (error == 0 && options.program[2] && !options.quiet)
		print_check(&replay, settings, options.program[1], options.program[2], &own);
	crash__replay_close(&replay);
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
