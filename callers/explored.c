/* SPDX-License-Identifier: MIT */
#include "callers/explored.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"

struct reading {
	struct crash_explored *out;
	bool complete, ended; /* there was a summary, and it says so */
	size_t unaccepted;
	const char *final_output; /* what the check said of the final state; in the summary's memory */
	json_t *summary;
};

/* ------------------------------------------------------------------ reading */

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for a result");
}

static bool copy_text(json_t *object, const char *key, char **text)
{
	const char *value = json_string_value(json_object_get(object, key));

	*text = value ? strdup(value) : NULL;
	return !value || *text;
}

static struct crash_finding *new_finding(struct crash_explored *out)
{
	struct crash_finding *more = realloc(out->findings, (out->finding_count + 1) * sizeof *out->findings);

	if (!more)
		return NULL;
	out->findings = more;
	more = &more[out->finding_count++];
	*more = (struct crash_finding){0};
	return more;
}

static int take_finding(struct reading *reading, json_t *object)
{
	struct crash_finding *finding = new_finding(reading->out);

	if (!finding || !copy_text(object, "id", &finding->id) ||
	    !copy_text(object, "kind", &finding->kind) ||
	    !copy_text(object, "sentence", &finding->sentence) ||
	    !copy_text(object, "repair", &finding->repair) ||
	    !copy_text(object, "advice", &finding->advice) ||
	    !copy_text(object, "replay", &finding->replay) || !copy_text(object, "output", &finding->output))
		return no_memory();
	finding->accepted = json_is_true(json_object_get(object, "accepted"));
	reading->unaccepted += !finding->accepted;
	return 0;
}

/* The answer of --finding: one that is gone is no finding. */
static int take_sought(struct reading *reading, json_t *object)
{
	const char *answer = json_string_value(json_object_get(object, "answer"));
	struct crash_finding *finding;

	if (answer && strcmp(answer, "gone") == 0)
		return 0;
	finding = new_finding(reading->out);
	reading->unaccepted++;
	return finding && copy_text(object, "id", &finding->id) &&
			       copy_text(object, "answer", &finding->kind) &&
			       copy_text(object, "sentence", &finding->sentence) ?
		       0 :
		       no_memory();
}

static int take_summary(struct reading *reading, json_t *object)
{
	struct crash_explored *out = reading->out;
	json_t *reasons = json_object_get(object, "incomplete_reasons");
	size_t count = json_array_size(reasons);

	reading->ended = true;
	reading->complete = json_is_true(json_object_get(object, "complete"));
	reading->final_output = json_string_value(json_object_get(object, "final_output"));
	out->checked = (uint64_t)json_integer_value(json_object_get(object, "checked"));
	out->seconds = json_number_value(json_object_get(object, "seconds"));
	out->incomplete_reasons = calloc(count + 1, sizeof *out->incomplete_reasons);
	for (size_t i = 0; out->incomplete_reasons && i < count; i++) {
		const char *text = json_string_value(json_array_get(reasons, i));

		out->incomplete_reasons[i] = strdup(text ? text : "");
		if (!out->incomplete_reasons[i])
			return no_memory();
	}
	return out->incomplete_reasons ? 0 : no_memory();
}

static int take_line(struct reading *reading, const char *line, size_t length)
{
	json_t *object = json_loadb(line, length, 0, NULL), *value;
	int error = 0;

	if (!object)
		return 0;
	crash__json_to_bytes(object);
	if ((value = json_object_get(object, "finding")) != NULL)
		error = take_finding(reading, value);
	else if ((value = json_object_get(object, "sought")) != NULL)
		error = take_sought(reading, value);
	else if ((value = json_object_get(object, "summary")) != NULL && !reading->ended) {
		reading->summary = json_incref(object);
		error = take_summary(reading, value);
	}
	json_decref(object);
	return error;
}

/* Whether the exit status goes with what was printed: nothing is good that was not said to be. */
static int judge(struct reading *reading, int status, const char *errors)
{
	struct crash_explored *out = reading->out;
	size_t length = strspn(errors, " \n");

	errors += strncmp(errors + length, "crashinject: ", 13) == 0 ? length + 13 : length;
	length = strlen(errors);
	while (length && errors[length - 1] == '\n')
		length--;
	out->status = status;
	out->safe = status == 0 && reading->ended && reading->complete && !reading->unaccepted;
	if (out->safe || (reading->ended && ((status == 1 && reading->unaccepted) || status == 3)))
		return 0;
	return crash__fail(CRASH_EEXPLORE, "exit status %d: %.*s%s%s", status, (int)length, errors,
			   reading->final_output ? ": " : "",
			   reading->final_output ? reading->final_output : "");
}

int crash__explored_read(struct crash_explored *out, const char *printed, int status, const char *errors)
{
	struct reading reading = {.out = out};
	int error = 0;

	for (const char *at = printed; *at && error == 0; at += *at == '\n') {
		size_t length = strcspn(at, "\n");

		error = take_line(&reading, at, length);
		at += length;
	}
	if (error == 0)
		error = judge(&reading, status, errors);
	json_decref(reading.summary);
	return error;
}

void crash_explored_clear(struct crash_explored *out)
{
	if (!out)
		return;
	for (size_t i = 0; i < out->finding_count; i++) {
		struct crash_finding *finding = &out->findings[i];

		free(finding->id);
		free(finding->kind);
		free(finding->sentence);
		free(finding->repair);
		free(finding->advice);
		free(finding->replay);
		free(finding->output);
	}
	free(out->findings);
	for (char **reason = out->incomplete_reasons; reason && *reason; reason++)
		free(*reason);
	free(out->incomplete_reasons);
	free(out->directory);
	memset(out, 0, sizeof *out);
}

/* ------------------------------------------------------------------ for people */

/* With what is indented below the sentence, and of what the check said without the end of its last line. */
static void print_finding(FILE *stream, const struct crash_finding *finding)
{
	const struct {
		const char *name, *text;
	} lines[] = {
		{"repair", finding->repair},
		{"advice", finding->advice},
		{"replay", finding->replay},
		{"the check said", finding->output && *finding->output ? finding->output : NULL},
	};

	fprintf(stream, "\n%s: %s", finding->kind, finding->sentence);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t length = lines[i].text ? strlen(lines[i].text) : 0;

		while (length && lines[i].text[length - 1] == '\n')
			length--;
		if (lines[i].text)
			fprintf(stream, "\n  %s: %.*s", lines[i].name, (int)length, lines[i].text);
	}
}

char *crash_explored_describe(const struct crash_explored *out)
{
	char *text = NULL;
	size_t size, found = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < out->finding_count; i++)
		found += !out->findings[i].accepted;
	if (out->safe)
		fprintf(stream, "crash-safe: %llu states checked, none failed%s, %.1f s",
			(unsigned long long)out->checked, out->finding_count ? " but as accepted" : "",
			out->seconds);
	else
		fprintf(stream, "%zu found", found);
	for (size_t i = 0; !out->safe && i < out->finding_count; i++)
		if (!out->findings[i].accepted)
			print_finding(stream, &out->findings[i]);
	for (char **reason = out->incomplete_reasons; reason && *reason; reason++)
		fprintf(stream, "\nincomplete: %s", *reason);
	if (out->directory)
		fprintf(stream, "\nthe result is in %s", out->directory);
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
