/* SPDX-License-Identifier: MIT */
#include "cli/explore_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"
#include "report/identity.h"
#include "report/result.h"

/* ------------------------------------------------------------------ making them */

static json_t *model_files(const struct explore_options *own)
{
	json_t *models = json_array();
	char *copy = strdup(own->models), *rest = copy, *name, path[PATH_MAX];

	while ((name = strsep(&rest, ",")) != NULL)
		json_array_append_new(
			models, crash__json_string(strchr(name, '/') && realpath(name, path) ? path : name));
	free(copy);
	return models;
}

static json_t *model_names(const struct explore_options *own)
{
	json_t *names = json_array();

	for (uint32_t i = 0; i < own->model_count; i++)
		json_array_append_new(names, json_string(own->model[i].name));
	return names;
}

/* What says how a recovery that is a server is used. */
static json_t *server_json(const struct crash__options *options)
{
	const struct crash__server *server = &options->server;

	return json_pack("{s:o, s:I, s:i, s:I}", "ready", crash__json_string(server->ready),
			 "ready_timeout_ms", (json_int_t)server->ready_timeout_ms, "stop", server->stop,
			 "linger_ms", (json_int_t)options->opts.linger_ms);
}

/* What was missed while it was recorded is kept: a later exploration sees only the trace. */
void crash__settings_make(struct explore_session *session)
{
	const struct explore_options *own = &session->own;
	const struct crash__recording *recording = &session->exploration.recording;

	session->settings = json_pack(
		"{s:s, s:b, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:i, s:o, s:b, s:o, "
		"s:o, s:s, s:o}",
		"version", crash_version(), "rerun", (int)own->rerun, "directory",
		crash__json_string(recording->directory), "cwd", crash__json_string(session->cwd), "check",
		crash__json_string(own->check), "recover", crash__json_string(own->recover),
		"default_checker", !own->check && !own->check_server, "models", model_files(own),
		"model_names", model_names(own), "program", crash__json_list(session->options.program),
		"tiers", (json_int_t)own->tier_mask, "seed", (json_int_t)own->seed, "samples",
		(json_int_t)own->samples, "shard", (int)own->shard_number, "shards", (int)own->shards, "root",
		crash__json_string(recording->root), "copy", (int)own->copy, "recording_incomplete",
		crash__result_reasons(recording), "server", server_json(&session->options), "net",
		own->net ? own->net : "own", "check_server", crash__json_string(own->check_server));
	if (!session->settings)
		crash__die("no memory for the settings");
	if (own->depth > 1)
		json_object_set_new(session->settings, "depth", json_integer(own->depth));
	if (own->report.title)
		json_object_set_new(session->settings, "title", crash__json_string(own->report.title));
}

static json_t *make_identity(struct explore_session *session)
{
	json_t *identity;

	if (crash__identity_make(&session->explore, &session->exploration.recording, &identity) < 0)
		crash__die("%s", crash_error_detail());
	return identity;
}

void crash__settings_identify(struct explore_session *session)
{
	if (!json_object_get(session->settings, "identity"))
		json_object_set_new(session->settings, "identity", make_identity(session));
}

/* ------------------------------------------------------------------ going on with them */

/* Options that would make another exploration of it. */
static void refuse_beside_resume(const struct explore_session *session)
{
	const struct explore_options *own = &session->own;
	const struct crash__option_beside options[] = {
		{"--check", own->check},
		{"--check-server", own->check_server},
		{"--recover", own->recover},
		{"--setup", own->setup},
		{"--output", own->output},
		{"--at", own->at},
		{"--exit-ok", own->exit_ok},
		{"--shard", own->shard},
		{"--seed", own->seed},
		{"--samples", own->samples},
		{"--copy", own->copy},
		{"--check-timeout", own->check_timeout_ms},
		{"--rerun", own->rerun},
		{"--max-trace", own->max_trace},
		{"--max-tree", own->max_tree},
		{"--net", own->net},
		{"--depth", own->depth},
		{"--ready", session->options.server.ready},
		{"--ready-timeout", session->options.server.ready_timeout_ms},
		{"--client", session->options.server.client},
		{"--stop", session->options.server.stop},
		{"--linger", session->options.opts.linger_ms},
	};

	crash__refuse_beside_resume(options, sizeof options / sizeof *options, "an exploration", own->resume,
				    session->options.program);
}

static void read_settings(struct explore_session *session)
{
	const char *place = session->own.resume;
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%.4000s/settings.json", place);
	if (access(place, F_OK) < 0)
		crash__die("--resume %s: %s", place, strerror(errno));
	if (access(path, F_OK) < 0 && errno == ENOENT)
		crash__die("--resume %s: nothing was recorded before it was interrupted; start again with "
			   "--output %s",
			   place, place);
	if (crash__result_read(place, "settings.json", &session->settings) < 0)
		crash__die("--resume: %s", crash_error_detail());
	if (json_is_true(json_object_get(session->settings, "rerun")))
		crash__die("--resume %s: a result of --rerun cannot be resumed; start again", place);
	if (!json_is_object(json_object_get(session->settings, "identity")))
		crash__die("--resume %s: an earlier version made it, and its verdicts do not say what "
			   "they are of; start again with another --output",
			   place);
	session->given = json_deep_copy(session->settings);
	crash__json_to_bytes(session->given);
}

static const char *text_of(const struct explore_session *session, const char *key)
{
	return json_string_value(json_object_get(session->given, key));
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* A list as the option has it. */
static char *joined(const json_t *list)
{
	char *text = NULL, *longer;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (asprintf(&longer, "%s%s%s", text ? text : "", text ? "," : "", json_string_value(item)) <
		    0)
			crash__die("out of memory");
		free(text);
		text = longer;
	}
	return text;
}

static void take_server(struct explore_session *session)
{
	const json_t *server = json_object_get(session->given, "server");

	session->own.net = text_of(session, "net");
	session->options.server.ready = json_string_value(json_object_get(server, "ready"));
	session->options.server.ready_timeout_ms = (uint32_t)number_of(server, "ready_timeout_ms");
	session->options.server.stop = (int)number_of(server, "stop");
	session->options.opts.linger_ms = (uint32_t)number_of(server, "linger_ms");
}

static void take_models_and_tiers(struct explore_session *session, const json_t *identity)
{
	struct explore_options *own = &session->own;

	own->tiers_before = crash__identity_tiers(identity);
	if (!own->tiers && !own->exhaustive)
		own->tiers = joined(json_object_get(identity, "tiers"));
	if (own->models)
		return;
	/* as they were then, whatever has become of their files */
	if (crash__identity_models(identity, own->model, &own->model_count) < 0)
		crash__die("--resume %s: %s", own->resume, crash_error_detail());
}

void crash__settings_take(struct explore_session *session)
{
	struct explore_options *own = &session->own;
	const json_t *identity, *program, *item;
	static char shard[64];
	size_t i;

	refuse_beside_resume(session);
	read_settings(session);
	identity = json_object_get(session->given, "identity");
	snprintf(session->trace, PATH_MAX, "%.4000s/trace", own->resume);
	own->check = text_of(session, "check");
	own->check_server = text_of(session, "check_server");
	own->recover = text_of(session, "recover");
	take_server(session);
	own->seed = number_of(session->given, "seed");
	own->samples = number_of(session->given, "samples");
	own->check_timeout_ms = number_of(json_object_get(identity, "checker"), "timeout_ms");
	own->copy = json_is_true(json_object_get(session->given, "copy"));
	own->depth = (unsigned int)number_of(session->given, "depth");
	snprintf(shard, sizeof shard, "%u/%u", (unsigned int)number_of(session->given, "shard"),
		 (unsigned int)number_of(session->given, "shards"));
	own->shard = shard;
	take_models_and_tiers(session, identity);
	if (text_of(session, "cwd"))
		snprintf(session->cwd, sizeof session->cwd, "%s", text_of(session, "cwd"));
	program = json_object_get(session->given, "program");
	session->options.program = calloc(json_array_size(program) + 1, sizeof *session->options.program);
	if (!session->options.program)
		crash__die("out of memory");
	json_array_foreach(program, i, item)
		session->options.program[i] = (char *)(uintptr_t)json_string_value(item);
}

void crash__settings_check(struct explore_session *session)
{
	json_t *identity = make_identity(session), *item;
	char *difference = crash__identity_difference(
		identity, json_object_get(session->settings, "identity"), CRASH__IDENTITY_OF_VERDICTS);
	size_t i;

	if (difference)
		crash__die("--resume %s: the verdicts in it are of something else: now, %s; restore that, or "
			   "start again with another --output",
			   session->own.resume, difference);
	json_object_set_new(session->settings, "identity", identity);
	if (session->own.models) {
		json_object_set_new(session->settings, "models", model_files(&session->own));
		json_object_set_new(session->settings, "model_names", model_names(&session->own));
	}
	json_object_set_new(session->settings, "tiers", json_integer((json_int_t)session->own.tier_mask));
	json_array_foreach(json_object_get(session->given, "recording_incomplete"), i, item)
		if (crash__recording_incomplete(&session->exploration.recording, "%s",
						json_string_value(item)) < 0)
			crash__die("%s", crash_error_detail());
}
