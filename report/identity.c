/* SPDX-License-Identifier: MIT */
#include "report/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "explore/checkers/checker_files.h"
#include "explore/recording/recording_digest.h"
#include "explore/atoms/persistence_model.h"

/* Raised where verdicts or the hashes of states mean something else than before. */
#define FORMAT 1

/* ------------------------------------------------------------------ making it */

static int checker_json(const struct crash__checker *checker, const struct crash__recording *recording,
			json_t **out)
{
	struct crash__checker_files files;
	json_t *list = json_array();
	int error = crash__checker_files_find(checker, recording->directory, &files);

	for (size_t i = 0; i < files.list_count && error == 0; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:s}", "path", crash__json_string(files.list[i].path),
						"digest", files.list[i].digest));
	crash__checker_files_clear(&files);
	*out = json_pack(
		"{s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:o}", "check", crash__json_string(checker->check),
		"check_server", crash__json_string(checker->check_server), "recover",
		crash__json_string(checker->recover), "ready", crash__json_string(checker->server.ready),
		"network", checker->own_network ? "own" : "host", "program",
		crash__checker_is_given(checker) ? json_null() : crash__json_list(checker->program),
		"timeout_ms", (json_int_t)checker->timeout_ms, "files", list);
	return error;
}

static json_t *model_json(const struct crash__model *model)
{
	json_t *parameters = json_object();
	char value[64];

	for (size_t i = 0; i < crash__parameter_count; i++) {
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		json_object_set_new(parameters, crash__parameters[i].name, json_string(value));
	}
	return json_pack("{s:s, s:o}", "name", model->name, "parameters", parameters);
}

int crash__identity_make(const struct crash__explore_options *options,
			 const struct crash__recording *recording, json_t **identity)
{
	const struct crash__engine_options *engine = &options->engine;
	char digest[CRASH__DIGEST_TEXT];
	json_t *models = json_array(), *tiers = json_array(), *checker = NULL;
	int error = crash__recording_digest(&recording->fs, recording->tree_saved, options->recording.without,
					    digest);

	if (error == 0)
		error = checker_json(&engine->checker, recording, &checker);
	for (uint32_t i = 0; i < options->model_count; i++)
		json_array_append_new(models, model_json(&options->models[i]));
	for (int tier = 0; tier < CRASH__TIERS; tier++)
		if (engine->tiers & 1u << tier)
			json_array_append_new(tiers, json_string(crash__tiers[tier].name));
	if (error < 0) {
		json_decref(models);
		json_decref(tiers);
		json_decref(checker);
		return error;
	}
	*identity = json_pack("{s:i, s:s, s:{s:s, s:I}, s:o, s:o, s:o, s:I, s:I}", "format", FORMAT,
			      "version", crash_version(), "recording", "digest", digest, "steps",
			      (json_int_t)recording->fs.steps_count, "checker", checker, "models", models,
			      "tiers", tiers, "seed", (json_int_t)engine->tier_options.seed, "samples",
			      (json_int_t)engine->tier_options.samples);
	return *identity ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the settings");
}

void crash__json_digest(const json_t *value, char digest[CRASH__DIGEST_TEXT])
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	struct crash__digest *made = crash__digest_begin();

	digest[0] = '\0';
	if (made) {
		crash__digest_text(made, text);
		crash__digest_end(made, digest);
	}
	free(text);
}

void crash__identity_key(const json_t *identity, char key[CRASH__DIGEST_TEXT])
{
	json_t *parts = json_pack("{s:O?, s:O?, s:O?, s:O?}", "format", json_object_get(identity, "format"),
				  "version", json_object_get(identity, "version"), "recording",
				  json_object_get(identity, "recording"), "checker",
				  json_object_get(identity, "checker"));

	crash__json_digest(parts, key);
	json_decref(parts);
}

/* ------------------------------------------------------------------ comparing */

static bool is_same(const json_t *one, const json_t *other, const char *key)
{
	const json_t *x = json_object_get(one, key), *y = json_object_get(other, key);

	return x == y || json_equal(x, y);
}

/* A value in a sentence; it may be anything. Allocated. */
static char *value_text(const json_t *value)
{
	char *text = NULL;

	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (!value || json_is_null(value))
		return strdup("none");
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	return text ? text : strdup("?");
}

/* "its ... is X and not Y" */
static char *differs(const char *what, const json_t *value, const json_t *other)
{
	char *x = value_text(value), *y = value_text(other), *text = NULL;

	if (!x || !y || asprintf(&text, "%s is %s and not %s", what, x, y) < 0)
		text = strdup("?");
	free(x);
	free(y);
	return text;
}

static const json_t *find(const json_t *list, const char *key, const char *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *is = json_string_value(json_object_get(item, key));

		if (is && strcmp(is, value) == 0)
			return item;
	}
	return NULL;
}

static char *file_difference(const json_t *files, const json_t *others)
{
	const json_t *file;
	char *text = NULL;
	size_t i;

	json_array_foreach(files, i, file) {
		const char *path = json_string_value(json_object_get(file, "path"));
		const json_t *other = find(others, "path", path ? path : "");

		if (other && is_same(file, other, "digest"))
			continue;
		if (asprintf(&text,
			     other ? "its checker's file %s has other contents" :
				     "its checker names a file %s, and the other's does not",
			     path ? path : "?") < 0)
			text = strdup("?");
		return text;
	}
	json_array_foreach(others, i, file) {
		const char *path = json_string_value(json_object_get(file, "path"));

		if (find(files, "path", path ? path : ""))
			continue;
		if (asprintf(&text, "its checker does not name the file %s, and the other's does",
			     path ? path : "?") < 0)
			text = strdup("?");
		return text;
	}
	return NULL;
}

static char *checker_difference(const json_t *checker, const json_t *other)
{
	static const struct {
		const char *key, *what;
	} parts[] = {
		{"check", "its --check"},
		{"check_server", "its --check-server"},
		{"recover", "its --recover"},
		{"ready", "its --ready"},
		{"network", "the network of its checkers (--net)"},
		{"program", "its program, which is its checker,"},
		{"timeout_ms", "its --check-timeout (in milliseconds)"},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!is_same(checker, other, parts[i].key))
			return differs(parts[i].what, json_object_get(checker, parts[i].key),
				       json_object_get(other, parts[i].key));
	return file_difference(json_object_get(checker, "files"), json_object_get(other, "files"));
}

static char *model_difference(const json_t *model, const json_t *other)
{
	const json_t *parameters = json_object_get(model, "parameters"),
		     *others = json_object_get(other, "parameters");
	const char *name = json_string_value(json_object_get(model, "name"));
	char what[160];

	if (!is_same(model, other, "name"))
		return differs("one of its models", json_object_get(model, "name"),
			       json_object_get(other, "name"));
	for (size_t i = 0; i < crash__parameter_count; i++)
		if (!is_same(parameters, others, crash__parameters[i].name)) {
			snprintf(what, sizeof what, "%s of its model %.60s", crash__parameters[i].name,
				 name ? name : "?");
			return differs(what, json_object_get(parameters, crash__parameters[i].name),
				       json_object_get(others, crash__parameters[i].name));
		}
	return NULL;
}

static char *models_difference(const json_t *models, const json_t *others)
{
	char *text = NULL;

	if (json_array_size(models) != json_array_size(others) &&
	    asprintf(&text, "it has %zu models and not %zu", json_array_size(models),
		     json_array_size(others)) < 0)
		text = strdup("?");
	for (size_t i = 0; i < json_array_size(models) && !text; i++)
		text = model_difference(json_array_get(models, i), json_array_get(others, i));
	return text;
}

char *crash__identity_difference(const json_t *identity, const json_t *other,
				 enum crash__identity_scope scope)
{
	static const char *const keys[] = {"tiers", "seed", "samples"};
	static const char *const whats[] = {"its list of tiers", "its --seed", "its --samples"};
	char *text;

	if (!is_same(identity, other, "version") || !is_same(identity, other, "format"))
		return differs("the version of crashinject that made it",
			       json_object_get(identity, "version"), json_object_get(other, "version"));
	if (!is_same(identity, other, "recording"))
		return strdup("it is of another recording");
	text = checker_difference(json_object_get(identity, "checker"), json_object_get(other, "checker"));
	if (!text && scope == CRASH__IDENTITY_OF_RESULT)
		text = models_difference(json_object_get(identity, "models"),
					 json_object_get(other, "models"));
	for (size_t i = 0; i < sizeof keys / sizeof *keys && !text && scope == CRASH__IDENTITY_OF_RESULT; i++)
		if (!is_same(identity, other, keys[i]))
			text = differs(whats[i], json_object_get(identity, keys[i]),
				       json_object_get(other, keys[i]));
	return text;
}

/* ------------------------------------------------------------------ what is in it */

static int read_model(const json_t *object, struct crash__model *model)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const json_t *parameters = json_object_get(object, "parameters");

	memset(model, 0, sizeof *model);
	if (!name || strlen(name) >= sizeof model->name)
		return crash__fail(CRASH_EINVAL, "the settings have a model without a name");
	strcpy(model->name, name);
	for (size_t i = 0; i < crash__parameter_count; i++) {
		const char *value = json_string_value(json_object_get(parameters, crash__parameters[i].name));

		if (!value || !crash__parameter_set(model, &crash__parameters[i], value))
			return crash__fail(CRASH_EINVAL, "the model %s in the settings has no %s", name,
					   crash__parameters[i].name);
	}
	return 0;
}

int crash__identity_models(const json_t *identity, struct crash__model *models, uint32_t *count)
{
	const json_t *list = json_object_get(identity, "models"), *item;
	size_t i;
	int error = 0;

	if (json_array_size(list) > CRASH__MOST_MODELS)
		return crash__fail(CRASH_EINVAL, "the settings have too many models");
	json_array_foreach(list, i, item) {
		error = read_model(item, &models[i]);
		if (error < 0)
			return error;
	}
	*count = (uint32_t)json_array_size(list);
	return 0;
}

bool crash__identity_model(const json_t *identity, const char *name, size_t length,
			   struct crash__model *model)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(identity, "models"), i, item) {
		const char *is = json_string_value(json_object_get(item, "name"));

		if (is && strlen(is) == length && strncmp(is, name, length) == 0)
			return read_model(item, model) == 0;
	}
	return false;
}

uint32_t crash__identity_tiers(const json_t *identity)
{
	const json_t *item;
	uint32_t tiers = 0;
	size_t i;

	json_array_foreach(json_object_get(identity, "tiers"), i, item) {
		const char *name = json_string_value(item);
		enum crash__tier tier = name ? crash__tier_of_name(name, strlen(name)) : CRASH__TIERS;

		if (tier != CRASH__TIERS)
			tiers |= 1u << tier;
	}
	return tiers;
}
