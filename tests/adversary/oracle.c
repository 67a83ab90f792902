/* SPDX-License-Identifier: MIT */
#include "tests/adversary/oracle.h"

#include <check.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/explore/trees.h"

/* As a shell has it. */
static int status_of(int status)
{
	return status == SANDBOX_NO_END ? status :
	       WIFEXITED(status)	? WEXITSTATUS(status) :
					  128 + WTERMSIG(status);
}

/* Runs a command whose words are $CRASHINJECT's, with temporary files outside of the data directory. */
static int command(const struct sandbox *sandbox, const char *words, unsigned int seconds, char **said)
{
	const char *output = sandbox_path(sandbox, "oracle.out");
	char script[1024];
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	int status;

	snprintf(script, sizeof script, "TMPDIR=.. exec $CRASHINJECT %s", words);
	status = status_of(sandbox_try(sandbox, argv, output, seconds));
	free(*said);
	*said = sandbox_read(output, NULL);
	return status;
}

static bool failed(struct oracle_verdict *verdict, const char *what, int status, const char *said)
{
	char ended[32] = "did not end";

	if (status != SANDBOX_NO_END)
		snprintf(ended, sizeof ended, "ended with %d", status);
	if (asprintf(&verdict->failed, "%s %s: %.2000s", what, ended, said) < 0)
		abort();
	return false;
}

static bool record(const struct sandbox *sandbox, const char *const *program, unsigned int seconds,
		   struct oracle_verdict *verdict)
{
	const char *argv[32] = {getenv("CRASHINJECT"), "record", "-q", "-o", "../trace",
				"--linger=20s",	       "--"};
	const char *output = sandbox_path(sandbox, "record.out");
	char *said;
	size_t count = 7;
	int status;

	while (*program && count < 31)
		argv[count++] = *program++;
	status = status_of(sandbox_try(sandbox, argv, output, seconds));
	if (status >= 0 && status < 124)
		return true;
	said = sandbox_read(output, NULL);
	failed(verdict, "record", status, said);
	free(said);
	return false;
}

/* The reasons that every command which draws conclusions from the trace gives. That nothing has changed is
 * one, but it is no excuse. */
static bool read_reasons(const char *said, struct oracle_verdict *verdict)
{
	const char *last = strstr(said, "{\"summary\"");
	json_t *object = last ? json_loads(last, JSON_DISABLE_EOF_CHECK, NULL) : NULL, *reason;
	const json_t *summary = json_object_get(object, "summary");
	size_t bytes, i;
	FILE *stream;

	if (!summary)
		return false;
	if (!json_is_true(json_object_get(summary, "complete"))) {
		stream = open_memstream(&verdict->reasons, &bytes);
		json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, reason)
			if (strncmp(json_string_value(reason), "the program changed nothing", 27) != 0)
				fprintf(stream, "%s; ", json_string_value(reason));
		fclose(stream);
	}
	if (verdict->reasons && !*verdict->reasons) {
		free(verdict->reasons);
		verdict->reasons = NULL;
	}
	json_decref(object);
	return true;
}

static bool replay(const struct sandbox *sandbox, unsigned int seconds, struct oracle_verdict *verdict)
{
	char *said = NULL, words[128];
	const char *last;
	bool good = false;
	int status = command(sandbox, "lint --json --exit-ok any --rules ignored-sync-error ../trace",
			     seconds, &said);

	if ((status > 1 && status != 3) || !read_reasons(said, verdict)) {
		failed(verdict, "lint", status, said);
		goto out;
	}
	/* it says which one is the last */
	status = command(sandbox, "replay ../trace posix@999999999", seconds, &said);
	last = strstr(said, "points 0 to ");
	if (!last) {
		failed(verdict, "replay", status, said);
		goto out;
	}
	snprintf(words, sizeof words, "replay -q ../trace posix@%ld ../state", strtol(last + 12, NULL, 10));
	status = command(sandbox, words, seconds, &said);
	good = status == 0 || status == 3 || failed(verdict, "replay", status, said);
out:
	free(said);
	return good;
}

void oracle_ask(const struct sandbox *sandbox, const char *const *program, unsigned int seconds,
		struct oracle_verdict *verdict)
{
	const char *state = sandbox_path(sandbox, "state");
	char *is, *should;

	memset(verdict, 0, sizeof *verdict);
	sandbox_clear(state);
	if (!record(sandbox, program, seconds, verdict) || !replay(sandbox, seconds, verdict))
		return;
	is = trees_text(state);
	should = trees_text(sandbox->directory);
	if (strcmp(is, should) != 0)
		verdict->difference = strdup(trees_differ(is, should));
	free(is);
	free(should);
}

enum oracle_outcome oracle_outcome(const struct oracle_verdict *verdict)
{
	if (verdict->failed)
		return ORACLE_FAILED;
	if (verdict->difference)
		return verdict->reasons ? ORACLE_DIFFERS_INCOMPLETE : ORACLE_WRONG;
	return verdict->reasons ? ORACLE_SAME_INCOMPLETE : ORACLE_SAME;
}

const char *oracle_describe(const struct oracle_verdict *verdict)
{
	static char text[8192];

	if (verdict->failed)
		snprintf(text, sizeof text, "%s", verdict->failed);
	else
		snprintf(text, sizeof text, "%s%s%s", verdict->difference ? verdict->difference : "the same",
			 verdict->reasons ? "; incomplete: " : "; said to be complete",
			 verdict->reasons ? verdict->reasons : "");
	return text;
}

void oracle_clear(struct oracle_verdict *verdict)
{
	free(verdict->failed);
	free(verdict->difference);
	free(verdict->reasons);
	memset(verdict, 0, sizeof *verdict);
}
