/* SPDX-License-Identifier: MIT */
/*
 * options.h - what the commands have in common: options, dying, the progress of a run.
 */
#ifndef CRASH_OPTIONS_H
#define CRASH_OPTIONS_H

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "runner/run.h"

/* Exit statuses; explained in crashinject(1). */
enum crash__exit {
	CRASH__EXIT_GOOD = 0,
	CRASH__EXIT_FOUND = 1, /* something was found, or the point was not reached */
	CRASH__EXIT_INCOMPLETE = 3,
	CRASH__EXIT_TIMEOUT = 124,
	CRASH__EXIT_FAILED = 125,
	CRASH__EXIT_NOEXEC = 126,
	CRASH__EXIT_NOPROGRAM = 127,
};

struct crash__command {
	const char *name;
	int (*run)(int argc, char **argv);
	const struct option *options; /* ending with one without a name */
	const char *arguments;	      /* for the usage line */
	const char *summary;	      /* one line */
	const char *help;	      /* options of its own and examples */
	bool no_program;	      /* options may also stand behind the words */
};

/** The options that every command takes. */
struct crash__options {
	struct crash_opts opts;
	bool json, quiet;
	int verbose;
	FILE *json_out;
	char **program; /* what follows "--", ending with NULL */
	struct crash__server server;
};

/* Values of long options without a letter; a command's own start behind. */
enum crash__option {
	CRASH__OPTION_ROOT = 256,
	CRASH__OPTION_DIR,
	CRASH__OPTION_TIMEOUT,
	CRASH__OPTION_LINGER,
	CRASH__OPTION_JSON,
	CRASH__OPTION_PRELOAD,
	CRASH__OPTION_NO_SUPERVISOR,
	CRASH__OPTION_IO_URING,
	CRASH__OPTION_READY,
	CRASH__OPTION_READY_TIMEOUT,
	CRASH__OPTION_CLIENT,
	CRASH__OPTION_STOP,
	CRASH__OPTION_JUNIT,
	CRASH__OPTION_HTML,
	CRASH__OPTION_SARIF,
	CRASH__OPTION_MARKDOWN,
	CRASH__OPTION_GITHUB,
	CRASH__OPTION_TITLE,
	CRASH__OPTION_BASELINE,
	CRASH__OPTION_OWN,
};

#define CRASH__COMMON_OPTIONS                                                                                \
	{"root", required_argument, NULL, CRASH__OPTION_ROOT},                                               \
		{"dir", required_argument, NULL, CRASH__OPTION_DIR},                                         \
		{"timeout", required_argument, NULL, CRASH__OPTION_TIMEOUT},                                 \
		{"linger", required_argument, NULL, CRASH__OPTION_LINGER},                                   \
		{"json", optional_argument, NULL, CRASH__OPTION_JSON},                                       \
		{"preload", required_argument, NULL, CRASH__OPTION_PRELOAD},                                 \
		{"no-supervisor", no_argument, NULL, CRASH__OPTION_NO_SUPERVISOR},                           \
		{"io-uring", required_argument, NULL, CRASH__OPTION_IO_URING},                               \
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},                       \
		{"quiet", no_argument, NULL, 'q'},                                                           \
	{                                                                                                    \
		"verbose", no_argument, NULL, 'v'                                                            \
	}

/* Of those that run a program, which may be a server. */
#define CRASH__SERVER_OPTIONS                                                                                \
	{"ready", required_argument, NULL, CRASH__OPTION_READY},                                             \
		{"ready-timeout", required_argument, NULL, CRASH__OPTION_READY_TIMEOUT},                     \
		{"client", required_argument, NULL, CRASH__OPTION_CLIENT},                                   \
	{                                                                                                    \
		"stop", required_argument, NULL, CRASH__OPTION_STOP                                          \
	}

/** Their help. */
#define CRASH__SERVER_HELP                                                                                   \
	"  --client CMD          the program is a server, and sh -c CMD is its client: it does the work;\n"  \
	"                        then the server is stopped. What CMD prints is acknowledged\n"              \
	"  --ready CMD           sh -c CMD succeeds as soon as the server is ready for it\n"                 \
	"  --ready-timeout TIME  so long does that take at most (30s)\n"                                     \
	"  --stop SIGNAL         for the server at the end (TERM); it has the time of --linger.\n"           \
	"                        KILL: the run ends with the client\n"

/**
 * Parses a command's options.
 * @param own called for an option that is not a common one; returns false if the value is wrong
 */
void crash__options_parse(struct crash__options *options, const struct crash__command *command, int argc,
			  char **argv, bool (*own)(void *context, int option, const char *value),
			  void *context);

/** The request for a run of the program behind "--"; fails if there is none. */
struct crash__request crash__options_request(const struct crash__options *options);

/** Says what is wrong and exits with 125. */
_Noreturn void crash__die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Says why a library call failed and exits: 127, 126 or 125. */
_Noreturn void crash__die_error(int error);

/** The data directory's absolute path: --root, or else --dir, $CRASH_DIR, the working directory. */
void crash__options_directory(const struct crash__options *options, char directory[PATH_MAX]);

/**
 * Refuses options of servers that would have no effect.
 * @param recovers there is a recovery, which may be the server
 */
void crash__options_check_server(const struct crash__options *options, bool recovers);

struct crash__recovery_server;

/** The server that `recover` is, if --ready says so; NULL: there is no recovery. Borrows from both. */
struct crash__recovery_server crash__options_recovery_server(const struct crash__options *options,
							     const char *recover);

/** An option that does not go together with another, and whether it was given. */
struct crash__option_beside {
	const char *name;
	bool given;
};

/**
 * Refuses options and a program that would make something else of what --resume continues.
 * @param what "a sweep": is resumed with the same settings
 */
void crash__refuse_beside_resume(const struct crash__option_beside *others, size_t count, const char *what,
				 const char *resume, char *const *program);

/** Whether the words after the options are a trace; dies of words behind one, which would have no effect. */
bool crash__options_name_trace(const struct crash__options *options, const char *command);

struct crash__recorded;
struct crash__recording;

/** Says on stderr how a recorded program ended, if that was not well. */
void crash__say_recorded(const struct crash__options *options, const struct crash__recorded *recorded);

struct crash__exits;

/** The list of --exit-ok: numbers with commas, or "any"; NULL: 0. */
void crash__options_exits(const char *list, struct crash__exits *exits);

struct crash__model;

/** Reads the models that a list names, CRASH__MOST_MODELS at most, and returns how many they are; or dies. */
uint32_t crash__options_models(const char *option, const char *names, struct crash__model *models);

/** Takes 500 (states, or whatever `things` are) or 30s, of --budget; NULL leaves both as they are. */
void crash__options_budget(const char *text, const char *things, uint64_t *number, uint64_t *ns);

/**
 * Refuses options that are about a run beside a trace, whose run is over: nobody is to believe that they did
 * anything.
 */
void crash__refuse_beside_trace(const char *trace, const char *at, const char *setup, uint64_t max_trace,
				const char *client);

/** Says that an option's value is wrong, with what is expected, and exits. */
_Noreturn void crash__die_value(const char *option, const char *value, const char *expected);

/** An option whose value is kept as it is, and where. */
struct crash__option_text {
	int option;
	const char **text;
};

/** Whether the option is one of these; keeps its value. */
bool crash__options_take_text(const struct crash__option_text *texts, size_t count, int option,
			      const char *value);

/** A number, a time in milliseconds or a size in bytes (64K, 10M, 2G) as an option's value; or it dies. */
uint64_t crash__options_number(const char *option, const char *value, uint64_t least, uint64_t most);
uint64_t crash__options_time(const char *option, const char *value);
uint64_t crash__options_size(const char *option, const char *value);

/** A name as it is shown: control characters, which could end a line or speak to the terminal, in octal.
 * Static, overwritten. */
const char *crash__shown_text(const char *text);

/** A path as it is shown: relative when it is below the working directory. Static, overwritten. */
const char *crash__shown_path(const char *path);

/** Whether to use colour on this stream. */
bool crash__use_colour(FILE *stream);

/** Prints why a run is not complete, to stderr. */
void crash__print_incomplete(const struct crash_out *out);

extern const struct crash__command crash__cmd_run, crash__cmd_list, crash__cmd_record, crash__cmd_explore,
	crash__cmd_lint, crash__cmd_faults, crash__cmd_syncs, crash__cmd_replay, crash__cmd_witness,
	crash__cmd_report, crash__cmd_models, crash__cmd_doctor, crash__cmd_completion;

/** All of them, in the order in which a user meets them; ends with NULL. */
extern const struct crash__command *const crash__commands[];

/** Of the options that every command takes. */
extern const char crash__common_help[];

/** The name the program was called by, for messages. */
#define CRASH__PROGRAM_NAME "crashinject"

#endif
