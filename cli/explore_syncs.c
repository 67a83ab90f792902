/* SPDX-License-Identifier: MIT */
#include "cli/explore_syncs.h"

#include "base/error.h"
#include "cli/explore_verify.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "explore/syncs/sync_worth.h"
#include "report/syncs_result.h"

/* The exploration with all syncs has that part of the budget. */
#define EXPLORING_SHARE 3

/* ------------------------------------------------------------------ options */

static uint64_t part(uint64_t budget)
{
	return budget ? (budget + EXPLORING_SHARE - 1) / EXPLORING_SHARE : 0;
}

void crash__explore_syncs_options(struct explore_session *session)
{
	struct explore_options *own = &session->own;
	bool power = false;

	for (uint32_t i = 0; i < own->model_count; i++)
		power |= !own->model[i].process_only;
	if (own->verify && session->request.trace < 0)
		crash__die("syncs: --verify runs the program again, and a trace has none");
	if (!power)
		crash__die("syncs: where only a process dies nothing that was written is lost, and no sync "
			   "is of any use; name a model of power losses with --model");
	session->syncs_states = own->budget_states;
	session->syncs_ns = own->budget_ns;
	own->budget_states = part(own->budget_states);
	own->budget_ns = part(own->budget_ns);
}

/* ------------------------------------------------------------------ judging */

static int judge(struct explore_session *session, struct crash__syncs *syncs)
{
	const struct crash__exploration *exploration = &session->exploration;
	const struct crash__engine *engine = exploration->engine;
	struct crash__syncs_budget budget = {.states = session->syncs_states, .ns = session->syncs_ns};
	struct crash__counts counts;
	bool complete = !engine->stopped && !engine->out_of_budget && !engine->errors;

	crash__engine_count(engine, &counts);
	if (budget.states)
		budget.states -= engine->checked < budget.states ? engine->checked : budget.states - 1;
	if (budget.ns)
		budget.ns -= engine->spent < budget.ns ? engine->spent : budget.ns - 1;
	return crash__syncs_judge(syncs, engine, complete && counts.failed == 0 && counts.flaky == 0,
				  &budget);
}

/* Why something may have been judged wrongly. */
static void note_reasons(struct explore_session *session, const struct crash__syncs *syncs)
{
	struct crash__recording *recording = &session->exploration.recording;

	if (syncs->blind)
		crash__recording_incomplete(
			recording,
			"the checker does not see what a sync is for: without any sync it accepts %s%llu "
			"states that are possible then",
			syncs->blind_counted && syncs->blind_checked == syncs->blind_states ? "all " : "",
			(unsigned long long)syncs->blind_checked);
	if (syncs->interrupted)
		crash__recording_incomplete(
			recording, "not all states without a sync were looked at: it was interrupted, or the "
				   "budget ran out");
	if (syncs->errors)
		crash__recording_incomplete(recording, "%llu states could not be checked without a sync",
					    (unsigned long long)syncs->errors);
	if (syncs->flaky)
		crash__recording_incomplete(recording,
					    "the checker is flaky: %llu states without a sync failed once "
					    "and passed when checked again",
					    (unsigned long long)syncs->flaky);
}

static int status_of(const struct crash__syncs *syncs, const struct crash__exploration *exploration)
{
	bool found = exploration->causes.list_count > 0;

	for (size_t i = 0; i < syncs->sites_count; i++)
		found |= syncs->sites[i].value == CRASH__SYNC_REDUNDANT || syncs->sites[i].spare_count;
	return found				       ? CRASH__EXIT_FOUND :
	       exploration->recording.incomplete_count ? CRASH__EXIT_INCOMPLETE :
							 CRASH__EXIT_GOOD;
}

static void print_page(const char *path, const json_t *result)
{
	FILE *page = fopen(path, "we");

	if (page)
		crash__syncs_print_page(page, result);
	if (!page || fflush(page) != 0 || ferror(page) || fclose(page) != 0)
		crash__die("--html %s: %m", path);
}

/* `verified` is taken over. */
static void report(struct explore_session *session, const struct crash__syncs *syncs, json_t *verified)
{
	json_t *result = crash__syncs_result(&session->exploration, syncs, verified);

	if (!result)
		crash__die("no memory for the result");
	if (session->options.json)
		crash__syncs_print_json(session->options.json_out, result);
	if (!session->options.json || session->options.json_out != stdout)
		crash__syncs_print(stdout, result, session->options.quiet);
	if (session->own.report.html)
		print_page(session->own.report.html, result);
	json_decref(result);
	if (session->options.json)
		crash__streams_flush(session->options.json_out);
	crash__streams_flush(stdout);
}

/* What was not seen is in no state: then it may not be the checker that is wrong. */
_Noreturn static void die_of_final(const struct explore_session *session)
{
	const struct crash__recording *recording = &session->exploration.recording;
	const char *output = session->exploration.engine->final_output;

	for (size_t i = 0; i < recording->incomplete_count; i++)
		fprintf(stderr, "crashinject: the recording is incomplete: %s\n", recording->incomplete[i]);
	crash__die("the checker does not accept the final state, as the program left it%s%s",
		   output && *output ? ": " : "", output ? output : "");
}

int crash__explore_syncs(struct explore_session *session)
{
	const struct crash__engine *engine = session->exploration.engine;
	struct crash__syncs syncs = {0};
	json_t *verified = json_null();
	int status, error;

	if (engine->final && engine->final->kind != CRASH__VERDICT_PASSED && !engine->stopped &&
	    engine->final->kind != CRASH__VERDICT_NONE)
		die_of_final(session);
	error = crash__syncs_list(&session->exploration.recording.fs, &syncs);
	if (error == 0 && engine->final && engine->final->kind == CRASH__VERDICT_PASSED)
		error = judge(session, &syncs);
	crash__progress_clear();
	if (error < 0)
		crash__die_error(error);
	if (session->own.verify)
		crash__explore_verify(session, &syncs, &verified);
	crash__progress_clear();
	note_reasons(session, &syncs);
	report(session, &syncs, verified);
	status = status_of(&syncs, &session->exploration);
	crash__syncs_clear(&syncs);
	return status;
}
