/* SPDX-License-Identifier: MIT */
/*
 * crashinject-helper - runs a small store's scenarios, for a crash tester to break.
 *
 * Everything that prints is here. See usage() for what it does, and scenario.c, bugs.def and
 * verify.c for what there is.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bugs.h"
#include "file.h"
#include "scenario.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define PROGRAM "crashinject-helper"

enum {
	STATUS_INCONSISTENT = 1,
	STATUS_LOST = 2,
	STATUS_USAGE = 64,
	STATUS_NO_INPUT = 66,
	STATUS_IO = 74,
};

/** What the command line says. */
struct options {
	struct session session;
	bool json;
};

static const char usage_text[] =
	"Usage: " PROGRAM " [OPTION]... [SCENARIO]\n"
	"  or:  " PROGRAM " [OPTION]... verify DIR ACKS\n"
	"  or:  " PROGRAM " [OPTION]... recover DIR\n"
	"  or:  " PROGRAM " list [--json]\n"
	"  or:  " PROGRAM " bugs [--json]\n"
	"  or:  " PROGRAM " faults [--json]\n"
	"  or:  " PROGRAM " recoveries [--json]\n"
	"  or:  " PROGRAM " spare [--json]\n"
	"\n"
	"Recovers the store in the directory that CRASH_DIR names (or the current one), checks\n"
	"it, and runs a scenario on it: a row of commits, and snapshots, checkpoints and more.\n"
	"When a commit is durable, standard output acknowledges it:\n"
	"\n"
	"    ack SEQ key=value key=value ...        (key= for a deleted key)\n"
	"\n"
	"Without SCENARIO it is the one that passes the breakpoint in CRASH_AT, or `all`. If\n"
	"CRASH_ACKED names a file, the recovered store is compared with the acknowledgements in\n"
	"it.\n"
	"\n"
	"Commands:\n"
	"  verify DIR ACKS    recover the store in DIR and compare it with the file ACKS\n"
	"  recover DIR        recover the store in DIR, as with --compact, and do nothing else\n"
	"  list               the scenarios, and the breakpoints that each passes\n"
	"  bugs               the bugs that can be planted\n"
	"  faults             those that only a call which fails can show\n"
	"  recoveries         those that only a crash inside recovery can show\n"
	"  spare              syncs that can be planted, and protect nothing\n"
	"\n"
	"Options:\n"
	"  --bug NAME         plant a bug (also: environment HELPER_BUG)\n"
	"  --compact          a recovery publishes a snapshot and makes the log short\n"
	"  --commits N        about so many commits a scenario (12)\n"
	"  --threads N        writers of the scenario `concurrent` (4)\n"
	"  --value-bytes N    size of values, to twice as much (96)\n"
	"  --json             lists: one JSON object a line\n"
	"  --help, --version  say this, or the version\n"
	"\n"
	"Exit status: 0 done, or consistent and complete; 1 the store is inconsistent; 2 it is\n"
	"consistent and lost an acknowledged commit; 64 wrong usage; 66 no such file; 74 a system\n"
	"call failed.\n"
	"\n"
	"Example: kill it in the middle of a frame, and see what is left.\n"
	"\n"
	"    mkdir store\n"
	"    crashinject run --at 'wal.mid-frame#3' --dir store -- " PROGRAM " >acks\n"
	"    " PROGRAM " verify store acks\n";

static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	va_list arguments;

	fputs(PROGRAM ": ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static void complain_of_name(const char *what, const char *name, const char *nearest)
{
	complain("%s '%s'", what, name);
	if (nearest)
		fprintf(stderr, "Did you mean '%s'?\n", nearest);
}

/* The exit status that says what a store's error means, and the message. */
static int conclude(int error, const char *path, const struct reason *why)
{
	if (error == 0)
		return 0;
	complain("%s: %s", path, why->text[0] ? why->text : strerror(-error));
	if (error == -EBADMSG || error == -EUCLEAN)
		return STATUS_INCONSISTENT;
	return error == -ENODATA ? STATUS_LOST : STATUS_IO;
}

/* One write(2), so that a line is there whole or not at all. */
static int acknowledge(const void *line, size_t size)
{
	const char *at = line;
	ssize_t written;

	while (size > 0) {
		written = write(STDOUT_FILENO, at, size);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			at += written;
			size -= (size_t)written;
		}
	}
	return 0;
}

/* Compares the session's store with a file of acknowledgements. @return the exit status */
static int compare(struct session *session, const char *acks_path)
{
	struct bytes acks = {0};
	int error = file_read_name(AT_FDCWD, acks_path, &acks);
	int status = STATUS_NO_INPUT;

	if (error) {
		complain("%s: %s", acks_path, strerror(-error));
	} else {
		error = verify_acks(session->store, &acks, &session->why);
		status = conclude(error, error == -EINVAL ? acks_path : session->path, &session->why);
	}
	bytes_clear(&acks);
	return error == -EINVAL ? STATUS_USAGE : status;
}

/* @param scenario NULL: only look */
static int run(struct session *session, const char *acks, const struct scenario *scenario)
{
	int status = conclude(session_open(session), session->path, &session->why);

	if (!status && acks)
		status = compare(session, acks);
	if (!status && scenario)
		status = conclude(scenario->run(session), session->path, &session->why);
	session_close(session);
	return status;
}

static void print_scenarios(FILE *out)
{
	const struct scenario *scenario;
	const struct scenario_point *point;

	for (scenario = scenarios; scenario->name; scenario++) {
		fprintf(out, "%-10s  %s\n", scenario->name, scenario->sentence);
		for (point = scenario_points; point->name; point++)
			if (scenario_passes(scenario, point))
				fprintf(out, "    %-48s %s\n", point->name, point->sentence);
	}
}

/* Characters that JSON wants escaped, the control characters among them, in UTF-8. */
static void print_json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned int)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void print_json_member(const char *before, const char *name, const char *value)
{
	printf("%s\"%s\": ", before, name);
	print_json_string(value);
}

static void print_json_scenario(const struct scenario *scenario)
{
	const struct scenario_point *point;
	const char *before = ", \"points\": [";

	print_json_member("{", "scenario", scenario->name);
	print_json_member(", ", "sentence", scenario->sentence);
	for (point = scenario_points; point->name; point++) {
		if (!scenario_passes(scenario, point))
			continue;
		fputs(before, stdout);
		print_json_string(point->name);
		before = ", ";
	}
	puts("]}");
}

static int command_list(struct options *options, char **arguments)
{
	const struct scenario *scenario;

	(void)arguments;
	if (!options->json)
		print_scenarios(stdout);
	else
		for (scenario = scenarios; scenario->name; scenario++)
			print_json_scenario(scenario);
	return 0;
}

static int command_bugs(struct options *options, char **arguments)
{
	const struct bug_row *row;

	(void)arguments;
	for (row = bug_rows; row->name; row++) {
		if (!options->json) {
			printf("%s\n    %s\n    in: %s; shows on: %s; scenario: %s; near: %s\n", row->name,
			       row->removes, row->part, row->shows_on, row->scenario, row->point);
			continue;
		}
		print_json_member("{", "bug", row->name);
		print_json_member(", ", "part", row->part);
		print_json_member(", ", "removes", row->removes);
		print_json_member(", ", "shows_on", row->shows_on);
		print_json_member(", ", "scenario", row->scenario);
		print_json_member(", ", "point", row->point);
		puts("}");
	}
	return 0;
}

static int command_faults(struct options *options, char **arguments)
{
	const struct fault_bug_row *row;

	(void)arguments;
	for (row = fault_bug_rows; row->name; row++) {
		if (!options->json) {
			printf("%s\n    %s\n    scenario: %s; leads to: %s\n", row->name, row->removes,
			       row->scenario, row->kind);
			continue;
		}
		print_json_member("{", "bug", row->name);
		print_json_member(", ", "removes", row->removes);
		print_json_member(", ", "scenario", row->scenario);
		print_json_member(", ", "kind", row->kind);
		puts("}");
	}
	return 0;
}

static int command_recoveries(struct options *options, char **arguments)
{
	const struct recovery_bug_row *row;

	(void)arguments;
	for (row = recovery_bug_rows; row->name; row++) {
		if (!options->json) {
			printf("%s\n    %s\n    crashes: %u\n", row->name, row->removes, row->depth);
			continue;
		}
		print_json_member("{", "bug", row->name);
		print_json_member(", ", "removes", row->removes);
		printf(", \"depth\": %u}\n", row->depth);
	}
	return 0;
}

static int command_spare(struct options *options, char **arguments)
{
	const struct spare_sync_row *row;

	(void)arguments;
	for (row = spare_sync_rows; row->name; row++) {
		if (!options->json) {
			printf("%s\n    %s\n    scenario: %s\n", row->name, row->adds, row->scenario);
			continue;
		}
		print_json_member("{", "bug", row->name);
		print_json_member(", ", "adds", row->adds);
		print_json_member(", ", "scenario", row->scenario);
		puts("}");
	}
	return 0;
}

static int command_recover(struct options *options, char **arguments)
{
	options->session.path = arguments[0];
	options->session.compact = true;
	return run(&options->session, NULL, NULL);
}

static int command_verify(struct options *options, char **arguments)
{
	options->session.path = arguments[0];
	return run(&options->session, arguments[1], NULL);
}

static const struct command {
	const char *name;
	int arguments;
	int (*run)(struct options *options, char **arguments);
} commands[] = {
	{"verify", 2, command_verify},	 {"list", 0, command_list},
	{"bugs", 0, command_bugs},	 {"faults", 0, command_faults},
	{"recover", 1, command_recover}, {"recoveries", 0, command_recoveries},
	{"spare", 0, command_spare},	 {NULL, 0, NULL},
};

/* @param name what the user gave, or NULL @return 0 or the exit status */
static int choose(const struct scenario **scenario, const char *name)
{
	char point[256];

	if (name == NULL)
		*scenario = scenario_of_spec(getenv("CRASH_AT"), point, sizeof(point));
	else
		*scenario = strchr(name, '.') ? scenario_of_point(name) : scenario_find(name);
	if (*scenario)
		return 0;
	if (name == NULL)
		name = point;
	complain_of_name("there is no scenario or breakpoint", name, scenario_nearest(name));
	fputs("\nThe scenarios, and the breakpoints that each passes:\n\n", stderr);
	print_scenarios(stderr);
	return STATUS_USAGE;
}

static int plant(const char *name)
{
	if (bug_plant(name) == 0)
		return 0;
	complain_of_name("`" PROGRAM " bugs` lists no bug", name, bug_nearest(name));
	return STATUS_USAGE;
}

/* The options that take a number, and what they take. */
enum { OPTION_COMMITS, OPTION_THREADS, OPTION_VALUE_BYTES, OPTION_NUMBERS };

static const struct {
	const char *name;
	unsigned int low, high;
} ranges[OPTION_NUMBERS] = {
	[OPTION_COMMITS] = {"commits", 1, 1000000},
	[OPTION_THREADS] = {"threads", 1, 256},
	[OPTION_VALUE_BYTES] = {"value-bytes", 32, 1 << 20},
};

static int take_number(struct session *session, int option, const char *text)
{
	unsigned int *const fields[OPTION_NUMBERS] = {
		[OPTION_COMMITS] = &session->commits,
		[OPTION_THREADS] = &session->threads,
		[OPTION_VALUE_BYTES] = &session->value_bytes,
	};
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < (long)ranges[option].low ||
	    value > (long)ranges[option].high) {
		complain("--%s takes a number from %u to %u, not '%s'", ranges[option].name,
			 ranges[option].low, ranges[option].high, text);
		return STATUS_USAGE;
	}
	*fields[option] = (unsigned int)value;
	return 0;
}

enum { OPTION_BUG = 'b', OPTION_COMPACT = 'c', OPTION_HELP = 'h', OPTION_JSON = 'j', OPTION_VERSION = 'v' };

static const struct option option_rows[] = {
	{"commits", required_argument, NULL, OPTION_COMMITS},
	{"threads", required_argument, NULL, OPTION_THREADS},
	{"value-bytes", required_argument, NULL, OPTION_VALUE_BYTES},
	{"bug", required_argument, NULL, OPTION_BUG},
	{"compact", no_argument, NULL, OPTION_COMPACT},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static void __attribute__((noreturn)) say(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) ? STATUS_IO : 0);
}

/* @return 0 or the exit status */
static int take_options(struct options *options, int argc, char **argv)
{
	int option, status = 0;

	while (!status && (option = getopt_long(argc, argv, "", option_rows, NULL)) != -1) {
		if (option < OPTION_NUMBERS)
			status = take_number(&options->session, option, optarg);
		else if (option == OPTION_BUG)
			status = plant(optarg);
		else if (option == OPTION_COMPACT)
			options->session.compact = true;
		else if (option == OPTION_JSON)
			options->json = true;
		else if (option == OPTION_HELP)
			say(usage_text);
		else if (option == OPTION_VERSION)
			say(PROGRAM " (crashinject) " PACKAGE_VERSION "\n");
		else
			status = STATUS_USAGE;
	}
	return status;
}

static int run_scenario(struct options *options, int count, char **arguments)
{
	const char *directory = getenv("CRASH_DIR");
	const struct scenario *scenario;
	int status = choose(&scenario, count > 0 ? arguments[0] : NULL);

	if (status)
		return status;
	if (count > 1) {
		complain("one scenario at a time; see --help");
		return STATUS_USAGE;
	}
	options->session.path = directory && *directory ? directory : ".";
	return run(&options->session, getenv("CRASH_ACKED"), scenario);
}

int main(int argc, char **argv)
{
	struct options options = {
		.session = {.commits = 12, .threads = 4, .value_bytes = 96, .acknowledge = acknowledge},
	};
	const struct command *command;
	const char *bug_name = getenv("HELPER_BUG");
	int status = bug_name && *bug_name ? plant(bug_name) : 0;

	if (!status)
		status = take_options(&options, argc, argv);
	if (status)
		return status;
	argc -= optind;
	argv += optind;
	for (command = commands; command->name; command++) {
		if (argc == 0 || strcmp(command->name, argv[0]) != 0)
			continue;
		if (argc - 1 == command->arguments)
			return command->run(&options, argv + 1);
		complain("%s takes %d arguments; see --help", command->name, command->arguments);
		return STATUS_USAGE;
	}
	return run_scenario(&options, argc, argv);
}
