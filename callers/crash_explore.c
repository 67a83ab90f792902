/* SPDX-License-Identifier: MIT */
/*
 * crash_explore.c - crash_explore(): the command, for whoever wants a function.
 *
 * Method. It makes words of the options, runs the command, and reads what that prints. A function of the
 * caller becomes a command that starts the caller's program again and calls it there (called.h), so for the
 * command there are none.
 */
#include <crashinject/explore.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/guardian.h"
#include "base/remove.h"
#include "base/shell_word.h"
#include "callers/called.h"
#include "callers/captured.h"
#include "callers/explored.h"

struct exploring {
	const struct crash_explore_opts *opts;
	char command[PATH_MAX];
	struct crash__guardian data, result; /* directories that we made; they go if we are killed */
	char *called[CRASH__CALL_WORDS];     /* the workload, if it is a function */
	char *check;			     /* the check likewise, for the shell */
	char *models;
	const char **words;
	size_t count;
};

/* ------------------------------------------------------------------ the command and its words */

static bool executable(char path[PATH_MAX], const char *directory, size_t length, const char *name)
{
	return snprintf(path, PATH_MAX, "%.*s%s", (int)length, directory, name) < PATH_MAX &&
	       access(path, X_OK) == 0;
}

/* That which the caller names, that which belongs to this library, or that which a shell would find. */
static void find_command(const char *given, char path[PATH_MAX])
{
	char library[PATH_MAX];
	const char *slash;
	Dl_info info;

	if (!given)
		given = getenv("CRASHINJECT");
	if (given && *given) {
		snprintf(path, PATH_MAX, "%s", given);
		return;
	}
	if (dladdr((void *)crash_explore, &info) && info.dli_fname && realpath(info.dli_fname, library) &&
	    (slash = strrchr(library, '/')) != NULL) {
		size_t length = (size_t)(slash - library);

		/* built and not installed; installed wherever that is now */
		if (length > 6 && strncmp(slash - 6, "/.libs", 6) == 0 &&
		    executable(path, library, length - 6, "/crashinject"))
			return;
		if (executable(path, library, length, "/../bin/crashinject"))
			return;
	}
	if (!executable(path, BINDIR, sizeof BINDIR - 1, "/crashinject"))
		strcpy(path, "crashinject");
}

static bool given(const struct crash_explore_opts *opts, const char *option)
{
	size_t length = strlen(option);

	for (const char *const *word = opts->options; word && *word; word++)
		if (strncmp(*word, option, length) == 0 &&
		    ((*word)[length] == '\0' || (*word)[length] == '=' || option[1] != '-'))
			return true;
	return false;
}

/* Where there is one already, or none can be. */
static bool keeps_result(const struct crash_explore_opts *opts)
{
	static const char *const others[] = {"-o", "--output", "--resume", "--finding"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (given(opts, others[i]))
			return false;
	return true;
}

static int make_directory(const char *name, struct crash__guardian *directory)
{
	const char *base = getenv("TMPDIR");

	return crash__guardian_start(directory, base && *base ? base : "/tmp", name, crash__remove_patiently);
}

static int check_options(const struct crash_explore_opts *opts)
{
	if (!opts)
		return crash__fail(CRASH_EINVAL, "opts is NULL");
	if (opts->workload && opts->program)
		return crash__fail(CRASH_EINVAL, "the workload is a function or a program, not both");
	if (opts->check_state && opts->check)
		return crash__fail(CRASH_EINVAL, "the check is a function or a command, not both");
	if (!opts->workload && !opts->program && !opts->options)
		return crash__fail(CRASH_EINVAL, "there is no workload");
	return 0;
}

/* Words as one for the shell. */
static char *quoted(char *const *words)
{
	char *text = strdup("exec"), *word, *longer;

	for (; text && *words; words++) {
		word = crash__shell_word(*words);
		if (!word || asprintf(&longer, "%s %s", text, word) < 0)
			longer = NULL;
		free(word);
		free(text);
		text = longer;
	}
	return text;
}

static int prepare_check(struct exploring *exploring)
{
	char *words[CRASH__CALL_WORDS] = {NULL};
	int error = crash__call_check(exploring->opts, words);

	if (error == 0 && !(exploring->check = quoted(words)))
		error = crash__fail(CRASH_ENOMEM, "no memory for the check");
	for (size_t i = 0; i < CRASH__CALL_WORDS; i++)
		free(words[i]);
	return error;
}

static int prepare(struct exploring *exploring)
{
	const struct crash_explore_opts *opts = exploring->opts;
	int error = check_options(opts);

	if (error < 0)
		return error;
	find_command(opts->command, exploring->command);
	if (opts->models && asprintf(&exploring->models, "--model=%s", opts->models) < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for the models");
	if (opts->workload)
		error = crash__call_workload(opts, exploring->called);
	if (error == 0 && opts->check_state)
		error = prepare_check(exploring);
	if (error == 0 && !opts->dir && (opts->workload || opts->program))
		error = make_directory("crashinject-data-XXXXXX", &exploring->data);
	if (error == 0 && keeps_result(opts))
		error = make_directory("crashinject-XXXXXX", &exploring->result);
	return error;
}

static void add(struct exploring *exploring, const char *name, const char *value)
{
	if (name)
		exploring->words[exploring->count++] = name;
	if (value)
		exploring->words[exploring->count++] = value;
}

static void add_all(struct exploring *exploring, const char *const *words)
{
	for (; words && *words; words++)
		add(exploring, *words, NULL);
}

static size_t length_of(const char *const *words)
{
	size_t length = 0;

	while (words && words[length])
		length++;
	return length;
}

static int make_words(struct exploring *exploring)
{
	const struct crash_explore_opts *opts = exploring->opts;
	const char *directory = opts->dir ? opts->dir : exploring->data.pid ? exploring->data.path : NULL;

	exploring->words =
		calloc(16 + CRASH__CALL_WORDS + length_of(opts->options) + length_of(opts->program),
		       sizeof *exploring->words);
	if (!exploring->words)
		return crash__fail(CRASH_ENOMEM, "no memory for the command");
	add(exploring, exploring->command, "explore");
	add(exploring, "--json", NULL);
	if (directory)
		add(exploring, "--dir", directory);
	if (exploring->result.pid)
		add(exploring, "--output", exploring->result.path);
	add(exploring, exploring->models, NULL);
	if (opts->check)
		add(exploring, "--check", opts->check);
	if (exploring->check)
		add(exploring, "--check-server", exploring->check);
	add_all(exploring, opts->options);
	if (opts->workload || opts->program)
		add(exploring, "--", NULL);
	add_all(exploring, opts->program);
	add_all(exploring, (const char *const *)exploring->called);
	return 0;
}

/* ------------------------------------------------------------------ exploring */

static int explore(struct exploring *exploring, struct crash_explored *out)
{
	struct crash__captured captured = {0};
	int error = make_words(exploring);

	if (error == 0)
		error = crash__captured_run((char *const *)exploring->words, &captured);
	if (error == 0 && WIFSIGNALED(captured.status))
		error = crash__fail(CRASH_EEXPLORE, "%s was killed by signal %d", exploring->command,
				    WTERMSIG(captured.status));
	if (error == 0)
		error = crash__explored_read(out, captured.out, WEXITSTATUS(captured.status), captured.err);
	crash__captured_clear(&captured);
	if (error == 0 && !out->safe && exploring->result.pid &&
	    !(out->directory = strdup(exploring->result.path)))
		error = crash__fail(CRASH_ENOMEM, "no memory for a name");
	return error;
}

static void release(struct exploring *exploring, bool keep)
{
	crash__guardian_end(&exploring->data, false);
	crash__guardian_end(&exploring->result, keep);
	for (size_t i = 0; i < CRASH__CALL_WORDS; i++)
		free(exploring->called[i]);
	free(exploring->check);
	free(exploring->models);
	free(exploring->words);
}

int crash_explore(const struct crash_explore_opts *opts, struct crash_explored *out)
{
	struct exploring exploring = {.opts = opts};
	struct crash_explored explored = {0};
	int error;

	if (!out)
		return crash__fail(CRASH_EINVAL, "out is NULL");
	crash__fail_clear();
	error = prepare(&exploring);
	if (error == 0)
		error = explore(&exploring, &explored);
	release(&exploring, error == 0 && explored.directory);
	if (error < 0)
		crash_explored_clear(&explored);
	else
		*out = explored;
	return error;
}

bool crash_is_safe(const struct crash_explore_opts *opts, char **text)
{
	struct crash_explored out = {0};
	int error = crash_explore(opts, &out);
	bool safe = error == 0 && out.safe;
	char *said = NULL;

	if (error == 0)
		said = crash_explored_describe(&out);
	else if (asprintf(&said, "crash_explore: %s: %s", crash_strerror(error), crash_error_detail()) < 0)
		said = NULL;
	crash_explored_clear(&out);
	if (text)
		*text = said;
	else
		free(said);
	return safe;
}
