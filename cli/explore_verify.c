/* SPDX-License-Identifier: MIT */
#include "cli/explore_verify.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_value.h"
#include "common/plan.h"
#include "common/spec.h"
#include "explore/recording/prepare_recording.h"
#include "explore/syncs/skipped_syncs.h"

/* What is recorded anew. */
struct again {
	struct crash__request request;
	struct crash__explore_options explore;
	struct crash__exploration exploration;
	struct crash__skipped skipped;
	char *scenario;
	uint64_t count; /* syncs that were skipped */
};

static void note(struct explore_session *session, const char *why)
{
	crash__recording_incomplete(&session->exploration.recording,
				    "when it ran again without redundant syncs: %s", why);
}

/* The rules of --at come first, so that they have the numbers that they had. */
static int make_rules(struct explore_session *session, const struct crash__syncs *syncs, struct again *again)
{
	const char *own = session->own.at ? session->own.at : "";
	struct crash__plan plan = {0};
	struct crash__spec_error wrong;
	int error;

	if (*own)
		crash__spec_parse(&plan, own, 0, &wrong);
	error = crash__skipped_rules(&session->exploration.recording.fs, syncs, CRASH__RULES - plan.count,
				     &again->skipped);
	if (error == 0 &&
	    asprintf(&again->scenario, "%s%s%s", own, *own ? "," : "", again->skipped.rules) < 0) {
		again->scenario = NULL;
		error = crash__fail(CRASH_ENOMEM, "no memory for rules");
	}
	return error;
}

static int record(struct explore_session *session, struct again *again)
{
	again->request = session->request;
	again->request.scenario = again->scenario;
	again->request.trace = memfd_create("crashinject-trace", MFD_CLOEXEC);
	if (again->request.trace < 0)
		return crash__fail_errno("cannot make memory for the trace");
	if (session->input >= 0)
		lseek(STDIN_FILENO, session->input, SEEK_SET);
	again->explore = session->explore;
	again->explore.recording.request = &again->request;
	again->explore.engine.verdict = NULL;
	again->explore.engine.finding = NULL;
	again->explore.engine.began_ns = crash__now_ns();
	return crash__recording_prepare(&again->explore.recording, &again->exploration.recording);
}

/* Whether the right syncs were skipped, and all of them. */
static int check_run(struct explore_session *session, const struct crash__syncs *syncs, struct again *again)
{
	uint64_t elsewhere = 0;
	int error = crash__skipped_count(&session->exploration.recording.fs, syncs,
					 &again->exploration.recording.fs, &again->count, &elsewhere);

	if (error == 0 && (elsewhere || again->count < again->skipped.wanted))
		note(session, "it went another way, so that other syncs were skipped, or not all");
	return error;
}

static json_t *json_of(const struct again *again)
{
	const struct crash__causes *causes = &again->exploration.causes;
	json_t *findings = json_array();

	for (size_t i = 0; i < causes->list_count; i++)
		json_array_append_new(findings,
				      json_pack("{s:s, s:s, s:o}", "id", causes->list[i].id, "kind",
						crash__verdict_name(causes->list[i].kind), "sentence",
						crash__json_string(causes->list[i].sentence)));
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "skipped", (json_int_t)again->count, "not_skipped",
			 (json_int_t)again->skipped.left_out, "checked",
			 (json_int_t)again->exploration.engine->checked, "rules",
			 crash__json_string(again->skipped.rules), "findings", findings);
}

/* What may have been missed then may have been missed in all. */
static void take_reasons(struct explore_session *session, const struct again *again)
{
	const struct crash__recording *recording = &again->exploration.recording;
	const struct crash__engine *engine = again->exploration.engine;

	for (size_t i = 0; i < recording->incomplete_count; i++)
		note(session, recording->incomplete[i]);
	if (engine->final && engine->final->kind > CRASH__VERDICT_PASSED)
		note(session, "the checker does not accept the final state");
}

static int explore(struct explore_session *session, const struct crash__syncs *syncs, struct again *again)
{
	int error = record(session, again);

	if (error == 0)
		error = check_run(session, syncs, again);
	if (error == 0)
		error = crash__explore_start(&again->explore, &again->exploration);
	return error == 0 ? crash__explore_run(&again->exploration) : error;
}

size_t crash__explore_verify(struct explore_session *session, const struct crash__syncs *syncs,
			     json_t **verified)
{
	static struct again again = {.request = {.trace = -1}};
	int error = make_rules(session, syncs, &again);
	size_t findings;

	*verified = json_null();
	if (error == 0 && again.skipped.wanted)
		error = explore(session, syncs, &again);
	if (error < 0)
		note(session, crash_error_detail());
	if (again.exploration.engine) {
		take_reasons(session, &again);
		*verified = json_of(&again);
	}
	findings = again.exploration.causes.list_count;
	crash__explore_clear(&again.exploration);
	free(again.skipped.rules);
	free(again.scenario);
	return findings;
}
