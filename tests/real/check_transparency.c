/* SPDX-License-Identifier: MIT */
/*
 * check_transparency.c - a program that is watched does what it does when it is not.
 *
 * Method. Each case runs bare, under a rule that no op reaches (everything is counted), and recorded. What
 * it prints, how it ends and what it leaves have to be the same. The cases are programs of ours that look
 * closely (tests/programs/quiet_*.c), the same under sanitizers and under gdb, and other people's tests:
 * CPython's, Go's and those of stores, where each test method has to end as it does without us.
 *
 * Other people's tests are full of clocks. A line that differs is looked for again in a second run of each
 * kind, and only what differs in both is a difference.
 */
#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/real/cases.h"
#include "tests/real/jail.h"

static struct sandbox sandbox;

static const char *const modes[] = {"bare", "counted", "recorded"};

enum { BARE, COUNTED, RECORDED, MODES };

struct outcome {
	char *output, *tree;
	int status; /* 128 + signal */
	char reasons[1024];
};

static void clear(struct outcome *outcome)
{
	free(outcome->output);
	free(outcome->tree);
}

/* The last line that --json has written. */
static json_t *read_result(const char *path)
{
	char *text = sandbox_read(path, NULL), *last = text;
	json_t *object, *summary;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		last = line;
	object = json_loads(last, JSON_ALLOW_NUL, NULL);
	ck_assert_msg(object != NULL, "%s: no JSON at its end: %s", path, last);
	summary = json_object_get(object, "summary");
	if (summary) {
		json_incref(summary);
		json_decref(object);
		object = summary;
	}
	free(text);
	return object;
}

static int number(const json_t *object, const char *key, int otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
}

/* What crashinject says about the run itself. */
static void take_result(const char *path, struct outcome *outcome)
{
	json_t *object = read_result(path), *reason;
	int code = number(object, "exit_code", -1);
	size_t index;

	outcome->status = code >= 0 ? code : 128 + number(object, "signal", 0);
	json_array_foreach(json_object_get(object, "incomplete_reasons"), index, reason) {
		strncat(outcome->reasons, json_string_value(reason),
			sizeof outcome->reasons - strlen(outcome->reasons) - 3);
		strcat(outcome->reasons, "; ");
	}
	json_decref(object);
}

static void run(const struct quiet_case *this, int mode, struct outcome *outcome)
{
	const char *output = sandbox_path(&sandbox, "output"),
		   *result = sandbox_path(&sandbox, "result.json");
	char json[PATH_MAX + 8];
	const char *const bare[] = {"/bin/sh", "-c", this->run, NULL};
	const char *const counted[] = {getenv("CRASHINJECT"),
				       "run",
				       "-q",
				       json,
				       "--timeout",
				       "10m",
				       "--linger",
				       "20s",
				       "--at",
				       "io#18446744073709551615",
				       "--",
				       "/bin/sh",
				       "-c",
				       this->run,
				       NULL};
	const char *const recorded[] = {getenv("CRASHINJECT"),
					"list",
					"-q",
					json,
					"--timeout",
					"10m",
					"--linger",
					"20s",
					"--",
					"/bin/sh",
					"-c",
					this->run,
					NULL};
	const char *const *argv = mode == BARE ? bare : mode == COUNTED ? counted : recorded;
	char *end;
	int status;

	memset(outcome, 0, sizeof *outcome);
	snprintf(json, sizeof json, "--json=%s", result);
	unlink(result);
	sandbox_fresh(&sandbox);
	status = sandbox_run(&sandbox, argv, output, 900);
	outcome->output = sandbox_read(output, NULL);
	if (mode == BARE)
		outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	else
		take_result(result, outcome);
	/* what crashinject itself says stands at the end */
	end = mode == BARE ? NULL : strstr(outcome->output, "crashinject: ");
	if (end)
		*end = '\0';
	outcome->tree = this->is_suite ? strdup("") : sandbox_tree(&sandbox, this->random, true);
}

/* ------------------------------------------------------------------ other people's tests */

static bool has_line(const char *text, const char *line, size_t length)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, line, length) == 0 && (text[length] == '\n' || !text[length]))
			return true;
	return false;
}

static bool is_expected(const struct quiet_case *this, const char *line, size_t length)
{
	for (const char *const *known = this->known; known && *known; known++)
		if (memmem(line, length, *known, strlen(*known)))
			return true;
	return false;
}

/* Prints the lines of `text` that neither of the others has. */
static size_t lines_missing(const struct quiet_case *this, const char *text, const char *other,
			    const char *again, const char *who)
{
	size_t count = 0, length;

	for (; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		if (!length || has_line(other, text, length) || has_line(again, text, length) ||
		    is_expected(this, text, length))
			continue;
		printf("  only %s: %.*s\n", who, (int)length, text);
		count++;
	}
	return count;
}

static bool suites_differ(const struct quiet_case *this, int mode, const struct outcome *bare,
			  const struct outcome *watched)
{
	struct outcome bare_again, again;
	bool differ;

	if (strcmp(bare->output, watched->output) == 0)
		return false;
	run(this, BARE, &bare_again);
	run(this, mode, &again);
	differ = lines_missing(this, watched->output, bare->output, bare_again.output, modes[mode]) > 0 &&
		 lines_missing(this, again.output, bare->output, bare_again.output, modes[mode]) > 0;
	clear(&bare_again);
	clear(&again);
	return differ;
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* ------------------------------------------------------------------ one case */

static bool is_same(const struct quiet_case *this, int mode, const struct outcome *bare,
		    const struct outcome *watched)
{
	bool same;

	if (this->is_suite)
		return !suites_differ(this, mode, bare, watched);
	same = !sandbox_differ("the output", bare->output, watched->output);
	same &= !sandbox_differ("the directory", bare->tree, watched->tree);
	if (bare->status != watched->status) {
		printf("  exit status: %d bare, %d %s\n", bare->status, watched->status, modes[mode]);
		same = false;
	}
	return same;
}

static bool is_complete(const struct quiet_case *this, const struct outcome *watched)
{
	const char *expected = this->incomplete;

	if (this->is_suite || (expected && strstr(watched->reasons, expected)) || !watched->reasons[0])
		return true;
	printf("  incomplete: %s\n", watched->reasons);
	return false;
}

static bool is_wanted(const struct quiet_case *this)
{
	const char *missing = sandbox_missing(this->needs), *only = getenv("CASE");
	const char *built = sandbox_path(&sandbox, "build.out");

	if (only && *only && strcmp(only, this->name) != 0)
		return false;
	if (this->is_long && !getenv("CRASHINJECT_LONG") && !(only && *only)) {
		sandbox_skip(this->name, "long; set CRASHINJECT_LONG=1");
		return false;
	}
	if (missing) {
		sandbox_skip(this->name, "%s is not installed", missing);
		return false;
	}
	if (this->file && access(this->file, R_OK) < 0) {
		sandbox_skip(this->name, "%s is not installed", this->file);
		return false;
	}
	if (this->build && sandbox_script(&sandbox, this->build, built, 600) != 0) {
		sandbox_skip(this->name, "cannot be built: %.300s", sandbox_read(built, NULL));
		return false;
	}
	return true;
}

START_TEST(test_case)
{
	const struct quiet_case *this = &quiet_cases[_i];
	struct outcome bare, watched;
	bool good = true;

	sandbox_fresh(&sandbox);
	if (!is_wanted(this))
		return;
	run(this, BARE, &bare);
	ck_assert_msg(count_lines(bare.output) >= this->least, "%s: it printed %zu lines: no test\n%.2000s",
		      this->name, count_lines(bare.output), bare.output);
	printf("%-24s %zu lines\n", this->name, count_lines(bare.output));
	for (int mode = COUNTED; mode < MODES; mode++) {
		if (this->recorded_only && mode == COUNTED && !getenv("CRASHINJECT_LONG"))
			continue;
		run(this, mode, &watched);
		good &= is_same(this, mode, &bare, &watched);
		good &= is_complete(this, &watched);
		clear(&watched);
	}
	clear(&bare);
	fflush(stdout);
	ck_assert_msg(good, "%s: it does something else when it is watched", this->name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transparency");
	TCase *tcase = tcase_create("cases");
	SRunner *runner;
	int failures;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* who is not root has to give up new rights for a filter, as crashinject(1) says: then in both runs
	 */
	if (geteuid() != 0)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sandbox_make(&sandbox, "transparency");
	tcase_set_timeout(tcase, 3600);
	tcase_add_loop_test(tcase, test_case, 0, (int)quiet_case_count);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (!getenv("KEEP"))
		sandbox_remove(&sandbox);
	return failures != 0;
}
