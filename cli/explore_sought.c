/* SPDX-License-Identifier: MIT */
#include "cli/explore_sought.h"

#include "base/json_value.h"
#include "cli/streams.h"

static const char *const answers[] = {
	[CRASH__SOUGHT_GONE] = "gone",
	[CRASH__SOUGHT_THERE] = "there",
	[CRASH__SOUGHT_UNDECIDED] = "undecided",
};

static const char *const answer_texts[] = {
	[CRASH__SOUGHT_GONE] = "it is gone",
	[CRASH__SOUGHT_THERE] = "it is there",
	[CRASH__SOUGHT_UNDECIDED] = "it cannot be decided whether it is there",
};

static json_t *json_of(const struct crash__sought_finding *finding)
{
	const struct crash__cause *cause = finding->cause;

	return json_pack("{s:{s:s, s:s, s:o, s:o}}", "sought", "id", finding->id, "answer",
			 answers[finding->answer], "sentence",
			 crash__json_string(cause ? cause->sentence : NULL), "state",
			 crash__json_string(cause ? cause->state_name : NULL));
}

static void print(const struct crash__sought_finding *finding)
{
	const struct crash__cause *cause = finding->cause;

	printf("finding %s: %s\n", finding->id, answer_texts[finding->answer]);
	if (cause && cause->sentence)
		printf("  %s\n", cause->sentence);
}

/* Failures that no finding explains that is looked for: perhaps it is the same mistake. */
static int note_others(struct explore_session *session)
{
	const struct crash__causes *causes = &session->exploration.causes;
	bool everything = session->sought.everything;
	int error = 0;

	for (size_t i = 0; i < causes->list_count && error == 0 && !everything; i++) {
		bool sought = false;

		for (size_t at = 0; at < session->sought.findings_count; at++)
			sought |= session->sought.findings[at].cause == &causes->list[i];
		if (!sought)
			error = crash__recording_incomplete(&session->exploration.recording,
							    "states of its classes fail otherwise: %s",
							    causes->list[i].sentence);
	}
	return error;
}

/* Why an answer may be wrong, or there is none. */
static void print_reasons(const struct explore_session *session, uint64_t checked)
{
	const struct crash__recording *recording = &session->exploration.recording;

	if (session->options.json) {
		json_t *reasons = json_array();

		for (size_t i = 0; i < recording->incomplete_count; i++)
			json_array_append_new(reasons, crash__json_string(recording->incomplete[i]));
		crash__json_print(
			session->options.json_out,
			json_pack("{s:{s:I, s:b, s:b, s:o}}", "summary", "checked", (json_int_t)checked,
				  "all_states", (int)session->sought.everything, "complete",
				  (int)(recording->incomplete_count == 0), "incomplete_reasons", reasons));
		return;
	}
	if (!session->options.quiet)
		printf("%llu states checked%s\n", (unsigned long long)checked,
		       session->sought.everything ?
			       ": all of them, as an id does not tell its callsites in this run" :
			       "");
	for (size_t i = 0; i < recording->incomplete_count; i++)
		printf("incomplete: %s\n", recording->incomplete[i]);
}

/* Who is asked for one would say that it is gone. */
static int note_nested(struct explore_session *session)
{
	const struct crash__sought *sought = &session->sought;
	int error = 0;

	for (size_t i = 0; i < sought->findings_count && error == 0; i++)
		if (crash__sought_may_be_nested(&sought->findings[i]) && !sought->findings[i].cause)
			error = crash__recording_incomplete(&session->exploration.recording,
							    "%s may be of a crash inside recovery, as ids "
							    "that begin with %s are, and those "
							    "are not looked for: explore with --depth",
							    sought->findings[i].id, CRASH__NESTED_ID);
	return error;
}

int crash__sought_report(struct explore_session *session)
{
	struct crash__sought *sought = &session->sought;
	const struct crash__engine *engine = session->exploration.engine;
	int status = CRASH__EXIT_GOOD;

	if (engine->final && engine->final->kind != CRASH__VERDICT_PASSED)
		crash__recording_incomplete(&session->exploration.recording,
					    "the checker does not accept the final state");
	crash__sought_answer(sought, &session->exploration.causes,
			     session->exploration.recording.incomplete_count == 0);
	note_others(session);
	if (note_nested(session) < 0)
		crash__die("%s", crash_error_detail());
	for (size_t i = 0; i < sought->findings_count; i++) {
		const struct crash__sought_finding *finding = &sought->findings[i];

		if (session->options.json)
			crash__json_print(session->options.json_out, json_of(finding));
		if (!session->options.json || session->options.json_out != stdout)
			print(finding);
		if (finding->answer == CRASH__SOUGHT_THERE)
			status = CRASH__EXIT_FOUND;
		else if (finding->answer == CRASH__SOUGHT_UNDECIDED && status == CRASH__EXIT_GOOD)
			status = CRASH__EXIT_INCOMPLETE;
	}
	print_reasons(session, engine->checked);
	crash__streams_flush(stdout);
	return status;
}
