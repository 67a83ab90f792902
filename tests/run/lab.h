/* SPDX-License-Identifier: MIT */
/*
 * lab.h - what the behaviour tests share: a directory for each test, programs to run, commands and
 * what they print, processes that should be gone.
 *
 * The environment says where things are: PROGRAMS the directory of tests/programs, CRASHINJECT the
 * command, HELPER crashinject-helper, CRASHINJECT_PRELOAD the shim. `make check` sets it.
 */
#ifndef TESTS_LAB_H
#define TESTS_LAB_H

#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** Runs the suite for main(): what main() is to return. 77 if every test was skipped. */
int lab_run(Suite *suite);

/** A test case whose tests start in a new empty directory, lab_dir, and may take `seconds`. */
TCase *lab_case(Suite *suite, const char *name, double seconds);

/** Leaves the test with a line that says why. */
#define LAB_SKIP(...)                                                                                        \
	do {                                                                                                 \
		lab_skipped(__func__, __VA_ARGS__);                                                          \
		return;                                                                                      \
	} while (0)

void lab_skipped(const char *function, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------------ files */

/** The test's own directory, also the working directory; absolute, without symbolic links. */
extern char lab_dir[];

/** The path of a program of tests/programs. Never freed. */
const char *lab_program(const char *name);

/** The value of one of the environment variables above. Fails the test if there is none. */
const char *lab_variable(const char *name);

/** printf into memory that is never freed: tests are short-lived. */
char *lab_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A file's content with a NUL behind it, or NULL if there is no such file. */
char *lab_read(const char *path, size_t *bytes);

void lab_write(const char *path, const void *content, size_t bytes);

/** Copies a file with its mode. */
void lab_copy(const char *from, const char *to);

/** How many entries a directory has; -1 if there is no such directory. */
int lab_entries(const char *path);

/** Removes a directory and what is in it. */
void lab_remove(const char *path);

/** The file's content is exactly this text; NULL: there is no such file. */
#define lab_assert_file(path, expected)                                                                      \
	do {                                                                                                 \
		const char *lab__path = (path), *lab__expected = (expected);                                 \
		const char *lab__is = lab_read(lab__path, NULL);                                             \
                                                                                                             \
		ck_assert_msg(lab_same(lab__is, lab__expected), "%s has \"%s\", not \"%s\"", lab__path,      \
			      lab__is ? lab__is : "(no file)", lab__expected ? lab__expected : "(no file)"); \
	} while (0)

/** Whether two strings are the same, or both NULL. */
bool lab_same(const char *a, const char *b);

/* ------------------------------------------------------------------ commands */

/** A checker that accepts whatever is there, but has to be able to read it. */
#define LAB_READS "find . -type f -exec cat {} + >/dev/null"

struct lab_result {
	int status; /* as a shell has it: 128 + signal */
	char *out, *err;
	size_t out_bytes, err_bytes;
};

/** Runs a command to its end; `input` is its stdin (NULL: empty). Nothing of it needs to be freed. */
struct lab_result lab_command(const char *input, const char *const *argv);

#define LAB_COMMAND(...) lab_command(NULL, (const char *const[]){__VA_ARGS__, NULL})

/** The same for the crashinject command. */
#define LAB_CRASHINJECT(...) LAB_COMMAND(lab_variable("CRASHINJECT"), __VA_ARGS__)

/** Says how a command went, for messages. Never freed. */
const char *lab_describe(const struct lab_result *result);

#define lab_assert_status(result, expected)                                                                  \
	ck_assert_msg((result)->status == (expected), "expected status %d: %s", expected,                    \
		      lab_describe(result))

/** Whether explore shows states at the data directory's own path here, or has to use copies. */
bool lab_sandboxes(void);

/* ------------------------------------------------------------------ JSON */

/** The objects of JSON lines, as an array. Fails the test if a line is not an object. */
json_t *lab_json_lines(const char *text);

/** A member that is a string; NULL where it is null. Fails the test if it is missing. */
const char *lab_json_text(const json_t *object, const char *key);

/** A member that is a number; `otherwise` where it is null. Fails the test if it is missing. */
long long lab_json_number(const json_t *object, const char *key, long long otherwise);

/** A member that is true or false. Fails the test if it is missing. */
bool lab_json_bool(const json_t *object, const char *key);

/**
 * What two explorations of the same thing have the same: findings and summary, without what they cost and
 * where they are kept. The object has result.json's keys.
 */
json_t *lab_essence(json_t *result);

/** The same from what --json prints. */
json_t *lab_essence_of_lines(const char *text);

/** Before a command: it cannot make namespaces, and mount nothing. */
#define LAB_WITHOUT_NAMESPACES "/usr/bin/env", lab_program("forbid"), "namespaces,unshare,mount"

/** Before a command that root runs: it may do no more than root of a container. */
#define LAB_IN_CONTAINER "/usr/bin/env", "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"

/* ------------------------------------------------------------------ listings */

/** What a listing says of a run: `ops` is an array without the summary. */
struct lab_listing {
	struct lab_result result;
	json_t *ops, *acks, *summary; /* acks: what was acknowledged in between */
};

/** `crashinject list --json [OPTION]... -- PROGRAM...`, in lab_dir. */
struct lab_listing lab_list(const char *const *options, const char *const *program);

/** One line an op: "write#1 pwrite64 a -> b", files relative to lab_dir. Never freed. */
char *lab_list_text(const struct lab_listing *listing);

/* ------------------------------------------------------------------ processes */

/** How many processes that are not zombies have this text in the environment they were started with. */
unsigned int lab_processes(const char *text);

/** How many of them stand still because of a stop signal. */
unsigned int lab_stopped(const char *text);

/** Sends all of them a signal. */
void lab_signal(const char *text, int signal);

/** Whether a process is there, and no zombie. */
bool lab_lives(long pid);

/** How many descriptors this process has. */
unsigned int lab_descriptors(void);

/** Waits until the condition holds: long enough for a loaded machine. Fails the test if it never does. */
#define LAB_AWAIT(condition)                                                                                 \
	do {                                                                                                 \
		int lab__tries = 0;                                                                          \
                                                                                                             \
		while (!(condition)) {                                                                       \
			ck_assert_msg(++lab__tries < 3000, "never happened: %s", #condition);                \
			lab_pause(5);                                                                        \
		}                                                                                            \
	} while (0)

void lab_pause(unsigned int milliseconds);

/** A variable for the environment that marks the processes of a test: it stays readable whatever they do.
 * Never freed. */
const char *lab_mark(const char *name);

/** A program's arguments, as struct crash_opts wants them. */
#define LAB_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/** A run of programs/behave with one habit. */
#define LAB_BEHAVE(...)                                                                                      \
	{                                                                                                    \
		.program = lab_program("behave"), .args = LAB_ARGS(__VA_ARGS__)                              \
	}

#endif
