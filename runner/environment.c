/* SPDX-License-Identifier: MIT */
#include "runner/environment.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "common/channel/channel.h"
#include "common/libc_version.h"

size_t crash__list_count(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

/* Whether two KEY=VALUE strings have the same key. */
static bool same_key(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* Puts an entry in the place of one with the same key, or behind all. */
static bool set_entry(char **list, char *entry)
{
	size_t i = 0;

	if (!entry)
		return false;
	while (list[i] && !same_key(entry, list[i]))
		i++;
	free(list[i]);
	list[i] = entry;
	return true;
}

static void drop_entry(char **list, const char *key)
{
	for (size_t i = 0; list[i]; i++)
		if (same_key(key, list[i])) {
			free(list[i]);
			memmove(&list[i], &list[i + 1],
				(crash__list_count((const char *const *)&list[i])) * sizeof *list);
			return;
		}
}

static __attribute__((format(printf, 2, 3))) bool set_format(char **list, const char *format, ...)
{
	char *entry = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&entry, format, args) < 0)
		entry = NULL;
	va_end(args);
	return set_entry(list, entry);
}

const char *crash__environment_get(char *const *list, const char *key)
{
	for (; *list; list++)
		if (same_key(key, *list))
			return *list + strlen(key);
	return NULL;
}

/* What makes the dynamic linker load the shim: a sanitizer first, what was there, the shim last. */
static bool set_preload(char **list, const char *sanitizer, const char *shim)
{
	const char *old = crash__environment_get(list, "LD_PRELOAD=");
	char *copy = old && *old ? strdup(old) : NULL;
	bool done = set_format(list, "LD_PRELOAD=%s%s%s%s%s", sanitizer, *sanitizer ? "::" : "",
			       copy ? copy : "", copy ? ":" : "", shim);

	free(copy);
	return done;
}

int crash__environment_make(const struct crash__request *request, const char *directory, char ***environment)
{
	size_t own = crash__list_count((const char *const *)environ),
	       extra = crash__list_count(request->opts.env);
	char **list = calloc(own + extra + 10, sizeof *list);
	bool good = true;

	*environment = list;
	if (!list)
		return crash__fail(CRASH_ENOMEM, "no memory for the environment");
	for (size_t i = 0; i < own && good; i++)
		good = (list[i] = strdup(environ[i])) != NULL;
	drop_entry(list, "CRASH_CONTROL=");
	drop_entry(list, "CRASH_AT=");
	drop_entry(list, CRASH__CHANNEL_VARIABLE "=");
	drop_entry(list, CRASH__CHANNEL_PATH_VARIABLE "=");
	if (request->scenario && *request->scenario && !request->hides_scenario)
		good = good && set_format(list, "CRASH_AT=%s", request->scenario);
	good = good && set_format(list, "CRASH_DIR=%s", directory);
	for (size_t i = 0; i < extra && good; i++)
		good = set_entry(list, strdup(request->opts.env[i]));
	return good ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the environment");
}

int crash__environment_add_shim(char **environment, const struct crash__job *job,
				const struct crash__program *program, bool first)
{
	bool good = set_format(environment, CRASH__CONTROL_VARIABLE "=%s/control%s", job->directory,
			       first ? ",0" : "");

	if (job->control->channel.inode)
		good = good &&
		       set_format(environment, CRASH__CHANNEL_VARIABLE "=%d", job->control->channel.number) &&
		       set_format(environment, CRASH__CHANNEL_PATH_VARIABLE "=%s/channel", job->directory);
	/* a static program may start others that have the points */
	if (program->kind == CRASH__PROGRAM_GLIBC || program->kind == CRASH__PROGRAM_UNREADABLE ||
	    (program->kind == CRASH__PROGRAM_STATIC && job->control->plan.explicit_rules))
		good = good && set_preload(environment, program->sanitizer, job->control->preload) &&
		       (!crash__libc_needs_load_bias() || set_format(environment, "%s", CRASH__LOAD_BIAS));
	return good ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the environment");
}

void crash__environment_free(char **environment)
{
	for (size_t i = 0; environment && environment[i]; i++)
		free(environment[i]);
	free(environment);
}
