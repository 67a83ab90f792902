/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <string.h>

#include "base/json_value.h"

const char *crash__report_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

long long crash__report_number(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

json_t *crash__report_find_id(const json_t *findings, const char *id)
{
	json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding)
		if (strcmp(crash__report_text(finding, "id"), id) == 0)
			return finding;
	return NULL;
}

bool crash__report_is_lint(const json_t *result)
{
	return json_object_get(json_object_get(result, "summary"), "rules") != NULL;
}

bool crash__report_is_faults(const json_t *result)
{
	return json_object_get(json_object_get(result, "summary"), "faults") != NULL;
}

bool crash__report_is_shard(const json_t *result)
{
	return crash__report_number(json_object_get(result, "settings"), "shards") > 1;
}

bool crash__report_is_whole(const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");

	return json_is_true(json_object_get(summary, "complete")) ||
	       (crash__report_is_shard(result) &&
		json_array_size(json_object_get(summary, "incomplete_reasons")) == 0);
}

bool crash__report_has_recovery(const json_t *summary)
{
	return json_is_object(json_object_get(summary, "recovery"));
}

void crash__report_recovery(FILE *stream, const json_t *summary)
{
	const json_t *recovery = json_object_get(summary, "recovery");

	fprintf(stream,
		"crashes of recovery, depth %lld: from %lld states, %lld of which leave it nothing to do and "
		"%lld are like others; %lld distinct, %lld checked, %lld failed",
		crash__report_number(recovery, "depth"), crash__report_number(recovery, "from"),
		crash__report_number(recovery, "idle"), crash__report_number(recovery, "same"),
		crash__report_number(recovery, "distinct"), crash__report_number(recovery, "checked"),
		crash__report_number(recovery, "failed"));
}

void crash__report_shard(FILE *stream, const json_t *result)
{
	const json_t *settings = json_object_get(result, "settings");

	fprintf(stream,
		"This is shard %lld of %lld: it proves nothing alone; report merges the results of all.",
		crash__report_number(settings, "shard"), crash__report_number(settings, "shards"));
}

void crash__report_times(FILE *stream, const json_t *finding)
{
	long long times = crash__report_number(finding, "times"),
		  states = crash__report_number(finding, "states");
	const char *what = json_object_get(finding, "faults") ? "fault" : "state";

	if (times == 1)
		fputs("once", stream);
	else if (times)
		fprintf(stream, "%lld times", times);
	else
		fprintf(stream, "%lld %s%s", states, what, states == 1 ? "" : "s");
}

void crash__report_looked_at(FILE *stream, const json_t *summary)
{
	static const char *const names[] = {"op", "sync", "acknowledgement"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char many[32];
		long long count;

		snprintf(many, sizeof many, "%ss", names[i]);
		count = crash__report_number(summary, many);
		fprintf(stream, "%s%lld %s", i ? ", " : "", count, count == 1 ? names[i] : many);
	}
}

void crash__report_not_judged(FILE *stream, const json_t *summary)
{
	json_t *silence;
	size_t i;

	json_array_foreach(json_object_get(summary, "not_judged"), i, silence)
		fprintf(stream, "%s%s", i ? ", " : "", crash__report_text(silence, "sentence"));
}

/* U+FFFE and U+FFFF, which XML has no way to say. */
static bool is_no_character(const char *text)
{
	return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

void crash__report_escaped(FILE *stream, const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text, lone = crash__json_byte(text);

		if (lone) { /* three bytes stand for it */
			fprintf(stream, "\\x%02x", lone);
			text += 2;
			continue;
		}
		if (is_no_character(text)) {
			fprintf(stream, "\\xef\\xbf\\x%02x", (unsigned char)text[2]);
			text += 2;
			continue;
		}
		if (byte == '<')
			fputs("&lt;", stream);
		else if (byte == '>')
			fputs("&gt;", stream);
		else if (byte == '&')
			fputs("&amp;", stream);
		else if (byte == '"')
			fputs("&quot;", stream);
		else if (byte < 32 && byte != '\n' && byte != '\t')
			fprintf(stream, "\\x%02x", byte); /* XML has no way to say it */
		else
			fputc(byte, stream);
	}
}

void crash__report_plain(FILE *stream, const char *text)
{
	for (; *text; text++)
		fprintf(stream, (unsigned char)*text < ' ' || *text == 0x7f ? "\\%03o" : "%c",
			(unsigned char)*text);
}

void crash__report_names(FILE *stream, const json_t *list)
{
	json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		fprintf(stream, "%s%s", i ? ", " : "", json_string_value(name));
}
