/* SPDX-License-Identifier: MIT */
#include "callers/called.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "callers/function_name.h"
#include "callers/start_main.h"
#include "runner/program.h"

#define FUNCTION "CRASHINJECT_START_FUNCTION"
#define ARGUMENT "CRASHINJECT_START_ARGUMENT"

/* ------------------------------------------------------------------ in the other process */

/* What a variable has in hexadecimal digits, as bytes. */
static void *take_argument(void)
{
	const char *digits = getenv(ARGUMENT);
	size_t length = digits ? strlen(digits) / 2 : 0;
	unsigned char *bytes = length ? malloc(length) : NULL;

	for (size_t i = 0; bytes && i < length; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

		bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	unsetenv(ARGUMENT);
	return bytes;
}

static void (*take_function(void))(void)
{
	const char *name = getenv(FUNCTION);
	void (*function)(void) = name ? crash__function_find(name) : NULL;

	if (!function) {
		fprintf(stderr, "crashinject: there is no function %s in this program\n", name ? name : "");
		exit(127);
	}
	unsetenv(FUNCTION);
	return function;
}

static int started_workload(void)
{
	crash_workload_function *workload = (crash_workload_function *)take_function();
	const char *directory = getenv("CRASH_DIR");
	void *argument = take_argument();
	int status = workload(directory ? directory : ".", argument);

	free(argument);
	return status;
}

static int started_check(void)
{
	crash_check_function *check = (crash_check_function *)take_function();
	void *argument = take_argument();
	struct crash_checked state = {0};
	int next;

	while ((next = crash_checker_next(&state)) > 0)
		check(&state, argument);
	if (next < 0)
		fprintf(stderr, "crashinject: %s: %s\n", crash_strerror(next), crash_error_detail());
	free(argument);
	return next < 0;
}

/* ------------------------------------------------------------------ the command for it */

/* The program that this is, by its path: what is at /proc/self/exe is another one in another process. */
static int own_program(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (length < 0)
		return crash__fail_errno("/proc/self/exe");
	path[length] = '\0';
	if (access(path, X_OK) < 0)
		return crash__fail(CRASH_ENOPROGRAM, "%s, which is this program, cannot be started again: %s",
				   path, strerror(errno));
	return 0;
}

/* LD_PRELOAD for it: a sanitizer's runtime wants to be first, and what was there stays. */
static char *preload_list(const char *path, const char *module)
{
	const char *old = getenv("LD_PRELOAD");
	struct crash__program program;
	char *list;
	bool sanitized;

	crash__program_inspect(AT_FDCWD, path, &program);
	old = old ? old : "";
	sanitized = program.sanitizer[0] && !strstr(old, program.sanitizer);
	if (asprintf(&list, "LD_PRELOAD=%s%s%s%s%s", sanitized ? program.sanitizer : "", sanitized ? ":" : "",
		     module, *old ? ":" : "", old) < 0)
		return NULL;
	return list;
}

static int find_module(char path[PATH_MAX])
{
	char *slash;
	int error = crash__program_preload(NULL, path);

	if (error < 0)
		return error;
	slash = strrchr(path, '/');
	slash = slash ? slash + 1 : path;
	if ((size_t)(slash - path) + sizeof CRASH__START_MODULE > PATH_MAX)
		return crash__fail(CRASH_EPRELOAD, "%s: this path is too long", path);
	strcpy(slash, CRASH__START_MODULE);
	if (access(path, R_OK) < 0)
		return crash__fail(CRASH_EPRELOAD, "%s: %s", path, strerror(errno));
	return 0;
}

static char *variable(const char *name, void (*function)(void))
{
	char where[PATH_MAX + 32], *text;

	if (!crash__function_name(function, where, sizeof where) || asprintf(&text, "%s=%s", name, where) < 0)
		return NULL;
	return text;
}

static char *argument_variable(const struct crash_explore_opts *opts)
{
	char *text = malloc(sizeof ARGUMENT + 1 + opts->argument_size * 2), *at = text;

	if (!text)
		return NULL;
	at = stpcpy(at, ARGUMENT "=");
	for (size_t i = 0; i < opts->argument_size; i++)
		at += sprintf(at, "%02x", ((const unsigned char *)opts->argument)[i]);
	return text;
}

static int call(const struct crash_explore_opts *opts, crash__started *started, void (*function)(void),
		char *words[CRASH__CALL_WORDS])
{
	char program[PATH_MAX], module[PATH_MAX];
	size_t count = 0;
	int error = own_program(program);

	if (error == 0)
		error = find_module(module);
	if (error < 0)
		return error;
	words[count++] = strdup("/usr/bin/env");
	words[count++] = preload_list(program, module);
	words[count++] = variable(CRASH__START_VARIABLE, (void (*)(void))started);
	words[count++] = variable(FUNCTION, function);
	if (opts->argument)
		words[count++] = argument_variable(opts);
	words[count++] = strdup(program);
	for (size_t i = 0; i < count; i++)
		if (!words[i])
			return crash__fail(CRASH_EINVAL, "a function of this program cannot be named for "
							 "another process of it");
	return 0;
}

/* Nothing is preloaded into a static program. */
static int check_program(const struct crash_explore_opts *opts)
{
	struct crash__program program;

	if (opts->argument_size > CRASH_MOST_ARGUMENT)
		return crash__fail(CRASH_EINVAL, "the argument has %zu bytes; %d are allowed",
				   opts->argument_size, CRASH_MOST_ARGUMENT);
	crash__program_inspect(AT_FDCWD, "/proc/self/exe", &program);
	if (program.kind != CRASH__PROGRAM_GLIBC || program.secure)
		return crash__fail(CRASH_ENOSHIM,
				   "functions of a program that is static or has another user's rights "
				   "cannot be called in another process of it; use commands");
	return 0;
}

int crash__call_workload(const struct crash_explore_opts *opts, char *words[CRASH__CALL_WORDS])
{
	int error = check_program(opts);

	return error < 0 ? error : call(opts, started_workload, (void (*)(void))opts->workload, words);
}

int crash__call_check(const struct crash_explore_opts *opts, char *words[CRASH__CALL_WORDS])
{
	int error = check_program(opts);

	return error < 0 ? error : call(opts, started_check, (void (*)(void))opts->check_state, words);
}
