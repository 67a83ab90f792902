/* SPDX-License-Identifier: MIT */
/*
 * Static Analysis Results Interchange Format, version 2.1.0 (OASIS): what code scanning and editors read.
 * A finding is a result at the line of the op that relied on what was lost; the other op is a related
 * location. A run that may have missed something has not been successful.
 */
#include "report/report.h"
#include "report/source_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"

#define BASE "SOURCE_ROOT"

/* ------------------------------------------------------------------ places */

/* As a URI has it; bytes that are not UTF-8 too. Allocated. */
static char *uri_of(const char *prefix, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~";
	char *uri = NULL;
	size_t size;
	FILE *stream = open_memstream(&uri, &size);

	if (!stream)
		return NULL;
	fputs(prefix, stream);
	for (; *path; path++) {
		unsigned char byte = crash__json_byte(path);

		if (byte) { /* three bytes stand for it */
			fprintf(stream, "%%%02X", byte);
			path += 2;
		} else if (strchr(plain, *path)) {
			fputc(*path, stream);
		} else {
			fprintf(stream, "%%%02X", (unsigned char)*path);
		}
	}
	fclose(stream);
	return uri;
}

static json_t *message_json(const char *text)
{
	return json_pack("{s:s}", "text", text);
}

static json_t *physical_json(const json_t *result, const char *file, long long line)
{
	bool below;
	const char *path = crash__source_path(result, file, &below);
	char *uri = uri_of(below ? "" : "file://", path);
	json_t *place = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri ? uri : "");

	free(uri);
	if (below)
		json_object_set_new(json_object_get(place, "artifactLocation"), "uriBaseId",
				    json_string(BASE));
	if (line > 0)
		json_object_set_new(place, "region", json_pack("{s:I}", "startLine", (json_int_t)line));
	return place;
}

static json_t *function_json(const char *function)
{
	return json_pack("[{s:s, s:s}]", "name", function, "kind", "function");
}

/* Where the source is not known: the file on disk, which is what a reader can look at. */
static json_t *op_location(const json_t *result, const json_t *op)
{
	const json_t *source = json_object_get(op, "location");
	const char *file = crash__report_text(op, "file"), *function;
	json_t *location = json_object();

	if (json_is_object(source)) {
		json_object_set_new(location, "physicalLocation",
				    physical_json(result, crash__report_text(source, "file"),
						  crash__report_number(source, "line")));
		function = crash__report_text(source, "function");
	} else {
		if (*file)
			json_object_set_new(location, "physicalLocation", physical_json(result, file, 0));
		function = crash__report_text(json_array_get(json_object_get(op, "stack"), 0), "function");
	}
	if (*function)
		json_object_set_new(location, "logicalLocations", function_json(function));
	return location;
}

static json_t *related_locations(const json_t *result, const json_t *finding)
{
	json_t *list = json_array(), *op;
	size_t i;

	json_array_foreach(json_object_get(finding, "ops"), i, op) {
		json_t *location = op_location(result, op);

		json_object_set_new(location, "id", json_integer((json_int_t)i));
		json_object_set_new(location, "message",
				    json_pack("{s:o}", "text",
					      json_sprintf("%s: %s", crash__report_text(op, "role"),
							   crash__report_text(op, "op"))));
		json_array_append_new(list, location);
	}
	return list;
}

static json_t *frame_json(const json_t *result, const json_t *frame)
{
	const char *file = crash__report_text(frame, "file");
	json_t *location = json_object();

	if (*file)
		json_object_set_new(location, "physicalLocation",
				    physical_json(result, file, crash__report_number(frame, "line")));
	if (*crash__report_text(frame, "function"))
		json_object_set_new(location, "logicalLocations",
				    function_json(crash__report_text(frame, "function")));
	return json_pack("{s:o, s:s}", "location", location, "module", crash__report_text(frame, "object"));
}

static json_t *stacks_json(const json_t *result, const json_t *finding)
{
	json_t *stacks = json_array(), *op, *frame;
	size_t i, at;

	json_array_foreach(json_object_get(finding, "ops"), i, op) {
		json_t *frames = json_array();

		json_array_foreach(json_object_get(op, "stack"), at, frame)
			json_array_append_new(frames, frame_json(result, frame));
		if (json_array_size(frames))
			json_array_append_new(stacks,
					      json_pack("{s:{s:s}, s:o}", "message", "text",
							crash__report_text(op, "op"), "frames", frames));
		else
			json_decref(frames);
	}
	return stacks;
}

/* ------------------------------------------------------------------ results */

static json_t *result_json(const json_t *result, const json_t *finding, size_t rule)
{
	const json_t *op = crash__source_op(finding);
	const char *repair = crash__report_text(finding, "repair");
	json_t *object, *stacks = stacks_json(result, finding);

	if (!op)
		op = json_array_get(json_object_get(finding, "ops"), 0);
	if (!*repair)
		repair = crash__report_text(finding, "advice");
	object = json_pack(
		"{s:s, s:I, s:s, s:{s:o}, s:[o], s:o, s:{s:s}, s:{s:O?, s:O?, s:O?, s:O?, s:O?, s:O?}}",
		"ruleId", crash__report_text(finding, "kind"), "ruleIndex", (json_int_t)rule, "level",
		"error", "message", "text",
		json_sprintf("%s%s%s", crash__report_text(finding, "sentence"), *repair ? "\nRepair: " : "",
			     repair),
		"locations", op_location(result, op), "relatedLocations", related_locations(result, finding),
		"partialFingerprints", "crashinjectFinding/v1", crash__report_text(finding, "id"),
		"properties", "id", json_object_get(finding, "id"), "models",
		json_object_get(finding, "models"), "repair", json_object_get(finding, "repair"), "state",
		json_object_get(finding, "state"), "replay", json_object_get(finding, "replay"), "output",
		json_object_get(finding, "output"));
	if (json_object_get(finding, "from"))
		json_object_set(json_object_get(object, "properties"), "from",
				json_object_get(finding, "from"));
	if (json_array_size(stacks))
		json_object_set(object, "stacks", stacks);
	json_decref(stacks);
	if (json_is_true(json_object_get(finding, "accepted")))
		json_object_set_new(object, "suppressions",
				    json_pack("[{s:s, s:s}]", "kind", "external", "justification",
					      "accepted by the baseline"));
	return object;
}

/* The kinds of what was found, each once. */
static size_t rule_of(json_t *rules, const json_t *finding)
{
	const char *kind = crash__report_text(finding, "kind"),
		   *text = crash__report_text(finding, "explanation");
	json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
		if (strcmp(crash__report_text(rule, "id"), kind) == 0)
			return i;
	rule = json_pack("{s:s}", "id", kind);
	if (*text)
		json_object_set_new(rule, "shortDescription", message_json(text));
	json_array_append_new(rules, rule);
	return i;
}

/* What alone proves nothing must not look as if it did. */
static void add_shard(json_t *notes, const json_t *result)
{
	char *text = NULL;
	size_t size;
	FILE *stream = crash__report_is_shard(result) ? open_memstream(&text, &size) : NULL;

	if (!stream)
		return;
	crash__report_shard(stream, result);
	fclose(stream);
	json_array_append_new(notes, json_pack("{s:s, s:o}", "level", "warning", "message",
					       message_json(text ? text : "")));
	free(text);
}

static json_t *invocation_json(const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	json_t *notes = json_array(), *reason;
	size_t i;

	add_shard(notes, result);
	json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, reason)
		json_array_append_new(
			notes, json_pack("{s:s, s:{s:O}}", "level", "error", "message", "text", reason));
	json_array_foreach(json_object_get(summary, "not_looked_at"), i, reason)
		json_array_append_new(
			notes, json_pack("{s:s, s:{s:O}}", "level", "warning", "message", "text", reason));
	return json_pack("{s:b, s:o}", "executionSuccessful",
			 json_is_true(json_object_get(summary, "complete")) &&
				 !crash__report_is_shard(result),
			 "toolExecutionNotifications", notes);
}

static json_t *run_json(const json_t *result)
{
	const json_t *settings = json_object_get(result, "settings");
	const char *title = crash__report_text(settings, "title"),
		   *root = crash__report_text(settings, "source_root");
	json_t *rules = json_array(), *results = json_array(), *finding, *run;
	char *uri = uri_of("file://", root);
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		json_array_append_new(results, result_json(result, finding, rule_of(rules, finding)));
	run = json_pack("{s:{s:{s:s, s:s, s:o}}, s:{s:o}, s:[o], s:o}", "tool", "driver", "name",
			"crashinject", "version", crash__report_text(settings, "version"), "rules", rules,
			"automationDetails", "id", json_sprintf("crashinject/%s/", title), "invocations",
			invocation_json(result), "results", results);
	if (uri && *root)
		json_object_set_new(run, "originalUriBaseIds",
				    json_pack("{s:{s:o}}", BASE, "uri", json_sprintf("%s/", uri)));
	free(uri);
	return run;
}

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	json_t *log =
		json_pack("{s:s, s:s, s:[o]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json",
			  "version", "2.1.0", "runs", run_json(result));

	(void)options;
	json_dumpf(log, stream, JSON_INDENT(1));
	fputc('\n', stream);
	json_decref(log);
}

const struct crash__reporter crash__report_sarif = {print};
