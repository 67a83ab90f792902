/* SPDX-License-Identifier: MIT */
#include "cli/explore_depth.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
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

static int take_explored(void *context, const struct crash__nested *nested)
{
	struct explore_session *session = context;
	size_t before = json_array_size(session->nested_findings);
	int error = crash__nested_findings_add(session->nested_findings, nested);

	return error == 0 && json_array_size(session->nested_findings) > before ?
		       keep_recording(session, nested) :
		       error;
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
	struct crash__explore_options outer = session->explore;
	struct crash__request request;
	struct crash__nested_options options = {
		.outer = &outer,
		.request = &request,
		.depth = session->own.depth,
		.save_tree = session->own.max_tree,
		.explored = take_explored,
		.context = session,
	};

	if (session->own.depth < 2)
		return 0;
	outer.engine.budget_ns = session->own.budget_ns;
	outer.engine.budget_states = session->own.budget_states;
	make_request(session, words, &request);
	session->nested_findings = json_array();
	if (!session->nested_findings)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	return crash__nested_explore(&options, &session->exploration, &session->nested);
}

/* ------------------------------------------------------------------ what was found */

bool crash__depth_has_findings(const struct explore_session *session)
{
	return json_array_size(session->nested_findings) > 0;
}

void crash__depth_result(const struct explore_session *session, json_t *result)
{
	if (session->nested_findings)
		crash__nested_result(result, session->nested_findings, &session->nested, session->own.depth,
				     session->place ? session->place : session->trace);
}

void crash__depth_trace_name(const char *from, char name[NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "recovery-%s", from);
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
	json_decref(session->nested_findings);
}
