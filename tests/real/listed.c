/* SPDX-License-Identifier: MIT */
#include "tests/real/listed.h"

#include <jansson.h>
#include <string.h>

#include "common/names.h"

static const char *const routes[] = {"symbol", "libc", "kernel", "memory"};

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void take_summary(const json_t *summary, struct listing *listing)
{
	const json_t *exit_code = json_object_get(summary, "exit_code"), *reason;
	size_t index;

	listing->complete = json_is_true(json_object_get(summary, "complete"));
	listing->exit_code = json_is_integer(exit_code) ? (int)json_integer_value(exit_code) : -1;
	json_array_foreach(json_object_get(summary, "incomplete_reasons"), index, reason) {
		strncat(listing->reasons, json_string_value(reason),
			sizeof listing->reasons - strlen(listing->reasons) - 3);
		strcat(listing->reasons, "; ");
	}
}

static void take_op(const json_t *object, struct ops *ops, struct listing *listing)
{
	const char *call = string(object, "call"), *route = string(object, "route"),
		   *file = string(object, "file");
	const json_t *number = json_object_get(object, "result");
	json_int_t value = json_integer_value(number);
	char result[32];

	/* explicit points, and what strace has no line for */
	if (!call || json_is_true(json_object_get(object, "implied")))
		return;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		listing->by_route[i] += strcmp(route, routes[i]) == 0;
	if (strcmp(route, "memory") == 0)
		return;
	if (!json_is_integer(number))
		strcpy(result, "?");
	else if (value < 0 && value > -4096 && crash__error_name((int)-value))
		snprintf(result, sizeof result, "%s", crash__error_name((int)-value));
	else
		snprintf(result, sizeof result, "%lld", (long long)value);
	if (!file || strcmp(call, "msync") == 0 || strcmp(call, "sync") == 0)
		file = call;
	ops_add(ops, file, string(object, "to"), call, result);
}

bool listing_read(const char *path, struct ops *ops, struct listing *listing)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	json_error_t error;
	bool good = file != NULL, whole = false;

	memset(listing, 0, sizeof *listing);
	while (good && getline(&line, &size, file) > 0) {
		json_t *object = json_loads(line, JSON_ALLOW_NUL, &error), *summary;

		if (!object) {
			fprintf(stderr, "%s: %s: %s", path, error.text, line);
			good = false;
			break;
		}
		summary = json_object_get(object, "summary");
		if (summary)
			take_summary(summary, listing);
		else
			take_op(object, ops, listing);
		whole = summary != NULL;
		json_decref(object);
	}
	free(line);
	if (file)
		fclose(file);
	if (!whole)
		fprintf(stderr, "%s: no summary: crashinject did not come to its end\n", path);
	return good && whole;
}
