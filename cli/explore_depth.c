/* SPDX-License-Identifier: MIT */
#include "cli/explore_depth.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/copy.h"
#include "base/digest.h"
#include "base/error.h"
#include "common/control.h"
#include "report/nested_result.h"

/* ------------------------------------------------------------------ exploring */

void crash__depth_check(const struct explore_session *session)
{
	if (session->own.depth < 2)
		return;
	if (session->own.recover && session->options.server.ready)
		crash__die(
			"--depth and --ready do not go together: a recovery that is a server has no end at "
			"which its recording would be whole");
	if (!session->own.recover && session->request.trace < 0)
		crash__die("--depth: a trace has no program to run again: give a recovery with --recover");
}

/* Whoever wants to see a finding again needs the recording. */
static int keep_recording(struct explore_session *session, const struct crash__nested *nested)
{
	struct explore_recovery recovery = {.from = strdup(nested->from),
					    .trace = fcntl(nested->trace, F_DUPFD_CLOEXEC, 0)};

	if (recovery.trace >= 0 && recovery.from && CRASH__ADD(session, recoveries, recovery))
		return 0;
	if (recovery.trace >= 0)
		close(recovery.trace);
	free(recovery.from);
	return crash__fail_errno("a recording of recovery cannot be kept");
}

/* Whether it has a finding that none before has. */
static bool is_news(const struct explore_session *session, const json_t *record)
{
	const json_t *finding;
	bool news = false;
	size_t i;

	json_array_foreach(json_object_get(record, "findings"), i, finding) {
		const char *id = json_string_value(json_object_get(finding, "id"));

		news |= !json_object_get(session->nested_ids, id);
		json_object_set_new(session->nested_ids, id, json_true());
	}
	return news;
}

static int take_explored(void *context, const struct crash__nested *nested)
{
	struct explore_session *session = context;
	const struct crash__engine *engine = nested->exploration.engine;
	json_t *record = crash__nested_record(nested);

	if (!record || json_array_append_new(session->nested_levels[nested->level - 2], record) < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	session->nested_levels[nested->level - 1] = json_object_get(record, "inner");
	session->remembers |= engine && engine->unlike; /* its verdicts are not worth keeping, either */
	return is_news(session, record) ? keep_recording(session, nested) : 0;
}

/* It is known from now on, as those from before are. */
static void know(struct explore_session *session, const struct crash__entry *entry, const char *output)
{
	struct crash__known known = {.hash = entry->hash,
				     .kind = entry->kind,
				     .exit_code = entry->exit_code,
				     .signal = entry->signal,
				     .checker_ns = entry->checker_ns,
				     .output = crash__verdict_failed(entry->kind) ? output : NULL};

	if (crash__engine_know(session->exploration.engine, &known) < 0)
		crash__die("%s", crash_error_detail());
}

static void on_verdict(void *context, const struct crash__nested *nested, const struct crash__entry *entry,
		       const struct crash__check_result *result, const char *output)
{
	struct explore_session *session = context;

	if (result->remembers && !session->remembers &&
	    crash__recording_incomplete(&session->exploration.recording,
					"the checker server remembers other states: in recovery from %s, one "
					"that had seen others said something else than a fresh one",
					nested->from) < 0)
		crash__die("%s", crash_error_detail());
	session->remembers |= result->remembers;
	crash__explore_failed(session, &nested->exploration, entry, output);
	if (crash__attributes_lost())
		return;
	know(session, entry, output);
	if (session->log.fd >= 0)
		crash__verdicts_add(&session->log, entry);
}

/* The command of --recover; or the program, run again. */
static void make_request(const struct explore_session *session, const char *words[6],
			 struct crash__request *request)
{
	const char *directory = session->exploration.recording.directory;
	bool commands = session->own.recover;

	*request = crash__options_request(&session->options);
	request->in = request->out = request->err = -1;
	request->mode = CRASH__MODE_RECORD | CRASH__MODE_DATA | CRASH__MODE_STACKS | CRASH__MODE_ACKS;
	request->trace_most = session->own.max_trace;
	request->opts.root = NULL;
	request->opts.dir = directory;
	request->opts.timeout_ms = (uint32_t)session->own.check_timeout_ms;
	if (!commands)
		return;
	words[0] = "-c";
	words[1] = session->own.recover;
	words[2] = "sh";
	words[3] = directory;
	request->opts.program = "sh";
	request->opts.args = words;
	request->opts.cwd = directory;
	request->server = (struct crash__server){0};
}

int crash__depth_explore(struct explore_session *session)
{
	const char *words[6] = {NULL};
	uint64_t began = crash__now_ns();
	int error;
	struct crash__explore_options outer = session->explore;
	struct crash__request request;
	struct crash__nested_options options = {
		.outer = &outer,
		.request = &request,
		.depth = session->own.depth,
		.save_tree = session->own.max_tree,
		.explored = take_explored,
		.verdict = on_verdict,
		.context = session,
	};

	if (session->own.depth < 2)
		return 0;
	outer.engine.budget_ns = session->own.budget_ns;
	outer.engine.budget_states = session->own.budget_states;
	make_request(session, words, &request);
	session->nested_record = json_pack("{s:[]}", "inner");
	session->nested_levels[0] = json_object_get(session->nested_record, "inner");
	session->nested_ids = json_object();
	if (!session->nested_record || !session->nested_ids)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	error = crash__nested_explore(&options, &session->exploration, &session->nested,
				      &session->nested_over);
	session->nested_ns = crash__now_ns() - began;
	return error;
}

/* ------------------------------------------------------------------ what was found */

bool crash__depth_has_findings(const struct explore_session *session)
{
	return session->recoveries_count > 0;
}

/* A shard keeps what each of its recoveries came to: whoever merges shards adds that up. */
void crash__depth_result(const struct explore_session *session, json_t *result)
{
	json_t *summary = json_object_get(result, "summary");
	const json_t *records = session->nested_levels[0];
	double seconds;
	struct crash__nested_sum sum;

	if (!records)
		return;
	if (crash__nested_add_up(records, session->nested.first,
				 session->place ? session->place : session->trace, &sum) < 0)
		crash__die("%s", crash_error_detail());
	crash__nested_result(result, &sum, session->own.depth);
	seconds = json_number_value(json_object_get(summary, "seconds"));
	json_object_set_new(summary, "seconds", json_real(seconds + (double)session->nested_ns / 1e9));
	if (session->own.shards > 1)
		json_object_set(result, "recoveries", (json_t *)(uintptr_t)records);
}

/* A name that is too long for a file is one by its digest. */
void crash__depth_trace_name(const char *from, char name[NAME_MAX + 1])
{
	struct crash__digest *digest;
	char text[CRASH__DIGEST_TEXT];

	if (snprintf(name, NAME_MAX + 1, "recovery-%s", from) > NAME_MAX) {
		digest = crash__digest_begin();
		if (!digest)
			crash__die("out of memory");
		crash__digest_text(digest, from);
		crash__digest_end(digest, text);
		snprintf(name, NAME_MAX + 1, "recovery-%s", text);
	}
	for (char *at = name; *at; at++)
		if (*at == CRASH__NESTED)
			*at = '+';
}

int crash__depth_keep(const struct explore_session *session, const char *directory)
{
	char path[PATH_MAX], name[NAME_MAX + 1];
	struct stat status;

	for (size_t i = 0; i < session->recoveries_count; i++) {
		int from = session->recoveries[i].trace, to;
		bool good;

		crash__depth_trace_name(session->recoveries[i].from, name);
		snprintf(path, sizeof path, "%.3000s/%s", directory, name);
		to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		good = to >= 0 && fstat(from, &status) == 0 &&
		       crash__copy_range(from, 0, to, 0, (uint64_t)status.st_size) == 0 &&
		       ftruncate(to, status.st_size) == 0 && fsync(to) == 0;
		if (to >= 0)
			close(to);
		if (!good)
			return crash__fail_errno("%s", path);
	}
	return 0;
}

void crash__depth_clear(struct explore_session *session)
{
	for (size_t i = 0; i < session->recoveries_count; i++) {
		close(session->recoveries[i].trace);
		free(session->recoveries[i].from);
	}
	free(session->recoveries);
	json_decref(session->nested_record);
	json_decref(session->nested_ids);
}
