/* SPDX-License-Identifier: MIT */
#include "report/verdict_log.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"

#define NAME "verdicts"
#define HEAD "crashinject-verdicts 1"

/* One verdict; the output is to be released. */
static bool parse(const char *line, struct crash__known *known, json_t **output)
{
	char kind[32];
	int end = 0;

	if (sscanf(line, "%16" SCNx64 "%16" SCNx64 " %31s %d %d %" SCNu64 " %n", &known->hash.high,
		   &known->hash.low, kind, &known->exit_code, &known->signal, &known->checker_ns,
		   &end) != 6 ||
	    !end)
		return false;
	known->kind = crash__verdict_of_name(kind);
	*output = strcmp(line + end, "-") == 0 ? NULL : json_loads(line + end, JSON_DECODE_ANY, NULL);
	crash__json_to_bytes(*output);
	known->output = json_string_value(*output);
	return known->kind != CRASH__VERDICT_NONE;
}

static int take_line(void *context, char *line)
{
	struct crash__engine *engine = context;
	struct crash__known known;
	json_t *output = NULL;
	int error = 0;
	bool good = parse(line, &known, &output);

	if (good)
		error = crash__engine_know(engine, &known);
	json_decref(output);
	return error < 0 ? error : good;
}

int crash__verdicts_know(const char *directory, const char key[CRASH__DIGEST_TEXT],
			 struct crash__engine *engine, struct crash__kept_lines *read)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%.4000s/" NAME, directory);
	return crash__kept_log_read(path, HEAD, key, take_line, engine, read);
}

int crash__verdicts_open(struct crash__kept_log *log, const char *directory)
{
	return crash__kept_log_open(log, directory, NAME, HEAD);
}

int crash__verdicts_go_on(struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT],
			  struct crash__engine *engine, struct crash__kept_lines *read)
{
	return crash__kept_log_go_on(log, key, take_line, engine, read);
}

void crash__verdicts_add(struct crash__kept_log *log, const struct crash__entry *entry)
{
	json_t *string = entry->output ? crash__json_string(entry->output) : NULL;
	char *output = string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL, *text = NULL;

	json_decref(string);
	if (asprintf(&text, "%016" PRIx64 "%016" PRIx64 " %s %d %d %" PRIu64 " %s", entry->hash.high,
		     entry->hash.low, crash__verdict_name(entry->kind), (int)entry->exit_code,
		     (int)entry->signal, entry->checker_ns, output ? output : "-") < 0) {
		text = NULL;
		log->error = ENOMEM;
	} else {
		crash__kept_log_add(log, text);
	}
	free(output);
	free(text);
}
