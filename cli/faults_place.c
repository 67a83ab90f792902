/* SPDX-License-Identifier: MIT */
#include "cli/faults_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/json_value.h"
#include "report/result.h"
#include "report/verdict_log.h"

/* ------------------------------------------------------------------ going on */

/* Options that would make another sweep of it. */
static void refuse_beside_resume(const struct faults_session *session)
{
	const struct faults_options *own = &session->own;
	const struct crash__option_beside options[] = {
		{"--check", own->check},
		{"--check-server", own->check_server},
		{"--recover", own->recover},
		{"--setup", own->setup},
		{"--errors", own->errors},
		{"--only", own->only},
		{"--sticky", own->sticky},
		{"--exhaustive", own->exhaustive},
		{"--then-crash", own->then_crash},
		{"--exit-ok", own->exit_ok},
		{"--net", own->net},
		{"--copy", own->copy},
		{"--shard", own->shard},
		{"--output", own->output},
		{"--max-trace", own->max_trace},
		{"--check-timeout", own->check_timeout_ms},
		{"--timeout", session->options.opts.timeout_ms != CRASH_NO_TIMEOUT},
		{"--dir", session->options.opts.dir},
		{"--root", session->options.opts.root},
		{"--client", session->options.server.client},
		{"--ready", session->options.server.ready},
		{"--ready-timeout", session->options.server.ready_timeout_ms},
		{"--stop", session->options.server.stop},
		{"--linger", session->options.opts.linger_ms},
	};

	crash__refuse_beside_resume(options, sizeof options / sizeof *options, "a sweep", own->resume,
				    session->options.program);
}

/* The words that were typed; they live as long as we do. */
static void take_words(struct faults_session *session, json_t *settings)
{
	const json_t *words = json_object_get(settings, "arguments"), *word;
	size_t count = json_array_size(words), i;

	session->argv = calloc(count + 1, sizeof *session->argv);
	if (!session->argv)
		crash__die("out of memory");
	json_array_foreach(words, i, word)
		session->argv[i] = strdup(json_string_value(word) ? json_string_value(word) : "");
	session->argc = (int)count;
}

void crash__faults_resume(struct faults_session *session)
{
	const char *place = session->own.resume, *cwd;
	struct faults_session now = *session;
	json_t *settings;

	refuse_beside_resume(session);
	if (crash__result_read(place, "settings.json", &settings) < 0)
		crash__die("--resume %s: %s", place, crash_error_detail());
	crash__json_to_bytes(settings);
	if (!json_is_array(json_object_get(settings, "arguments")))
		crash__die("--resume %s: this is not a result of faults", place);
	take_words(session, settings);
	session->own = (struct faults_options){0};
	crash__options_parse(&session->options, &crash__cmd_faults, session->argc, session->argv,
			     crash__faults_take_option, &session->own);
	session->own.resume = realpath(place, NULL);
	session->own.output = NULL;
	session->own.report = now.own.report;
	session->own.jobs = now.own.jobs ? now.own.jobs : session->own.jobs;
	session->own.budget = now.own.budget;
	session->options.json = now.options.json;
	session->options.json_out = now.options.json_out;
	session->options.quiet = now.options.quiet;
	session->options.verbose = now.options.verbose;
	cwd = json_string_value(json_object_get(settings, "cwd"));
	if (cwd && chdir(cwd) < 0)
		crash__die("--resume %s: %s: %s", place, cwd, strerror(errno));
	json_decref(settings);
}

/* ------------------------------------------------------------------ the directory */

void crash__faults_place_open(struct faults_session *session)
{
	const char *output = session->own.output, *option = output ? "--output" : "--resume";
	char path[PATH_MAX];

	session->log.outcomes.fd = session->log.losses.fd = session->log.verdicts.fd = -1;
	session->place = output ? output : session->own.resume;
	if (!session->place)
		return;
	if (output && mkdir(output, 0777) < 0 && errno != EEXIST)
		crash__die("--output %s: %s", output, strerror(errno));
	if (crash__fault_log_open(&session->log, session->place) < 0)
		crash__die("%s %s: %s", option, session->place, crash_error_detail());
	snprintf(path, sizeof path, "%.4000s/settings.json", session->place);
	if (output && access(path, F_OK) == 0)
		crash__die("--output %s: there is a result already; name another directory, or continue with "
			   "--resume %s",
			   output, output);
}

void crash__faults_place_begin(struct faults_session *session)
{
	const struct crash__fault_whose whose = {.recording = &session->recording,
						 .checker = &session->checker,
						 .files = &session->files,
						 .program = &session->program_files,
						 .place = session->place};
	json_t *words = json_array();
	char *damaged;

	if (!session->place)
		return;
	if (crash__fault_log_begin(&session->log, &whose, &session->sweep, &damaged) < 0)
		crash__die("%s", crash_error_detail());
	if (damaged && !session->options.quiet)
		fprintf(stderr, "%s: damaged, and found out again: %s\n", CRASH__PROGRAM_NAME, damaged);
	free(damaged);
	for (int i = 0; i < session->argc; i++)
		json_array_append_new(words, crash__json_string(session->argv[i]));
	json_object_set_new(session->settings, "arguments", words);
	json_object_set_new(session->settings, "key", json_string(session->log.key));
	if (crash__result_write(session->settings, session->place, "settings.json") < 0)
		crash__die("%s", crash_error_detail());
}

int crash__faults_place_outcome(void *context, uint32_t number, const struct crash__fault_outcome *outcome)
{
	struct faults_session *session = context;

	crash__fault_log_add(&session->log, &session->injections.list[number], outcome);
	return 0;
}

void crash__faults_place_verdict(void *context, const struct crash__entry *entry,
				 const struct crash__check_result *result, const char *output)
{
	struct faults_session *session = context;

	(void)result;
	(void)output;
	/* a state that lacks something was not the state: a later run looks at it again */
	if (session->log.verdicts.fd >= 0 && !crash__attributes_lost())
		crash__verdicts_add(&session->log.verdicts, entry);
}

void crash__faults_place_note(struct faults_session *session)
{
	const char *path;
	int error = crash__fault_log_error(&session->log, &path);
	char why[160];

	if (!error)
		return;
	crash__errno_text(error, why, sizeof why);
	if (crash__recording_incomplete(&session->recording, "not all outcomes could be written: %s: %s",
					path, why) < 0)
		crash__die("%s", crash_error_detail());
}

void crash__faults_place_finish(struct faults_session *session, json_t *result)
{
	if (session->place && crash__result_write(result, session->place, "result.json") < 0)
		crash__die("%s", crash_error_detail());
	crash__fault_log_close(&session->log);
	if (session->place && !session->options.quiet)
		fprintf(stderr, "%s: the result is in %s\n", CRASH__PROGRAM_NAME, session->place);
}
