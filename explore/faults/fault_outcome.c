/* SPDX-License-Identifier: MIT */
#include "explore/faults/fault_outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"

static const char *const kinds[CRASH__FAULT_KINDS] = {
	[CRASH__FAULT_NONE] = "unchecked",  [CRASH__FAULT_NOT_MET] = "not-met",
	[CRASH__FAULT_GOOD] = "passed",	    [CRASH__FAULT_ABORTED] = "aborted",
	[CRASH__FAULT_IGNORED] = "ignored", [CRASH__FAULT_HUNG] = "hung",
	[CRASH__FAULT_CRASHED] = "crashed", [CRASH__FAULT_INCONSISTENT] = "inconsistent",
	[CRASH__FAULT_LIED] = "lied",
};

const char *crash__fault_kind_name(enum crash__fault_kind kind)
{
	return kinds[kind];
}

json_t *crash__fault_outcome_json(const struct crash__fault_outcome *outcome)
{
	return json_pack(
		"{s:s, s:s, s:i, s:i, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:o}", "kind",
		crash__fault_kind_name(outcome->kind), "verdict", crash__verdict_name(outcome->verdict),
		"exit_code", outcome->exit_code, "signal", outcome->signal, "timed_out",
		(int)outcome->timed_out, "strayed", (int)outcome->strayed, "flaky", (int)outcome->flaky,
		"hits", (json_int_t)outcome->hits, "runs", (json_int_t)outcome->runs, "ns",
		(json_int_t)outcome->ns, "checker_ns", (json_int_t)outcome->checker_ns, "checker_status",
		outcome->checker_status, "output", crash__json_string(outcome->output), "said",
		crash__json_string(outcome->said), "missed", crash__json_string(outcome->missed));
}

static enum crash__fault_kind kind_of(const char *name)
{
	for (int i = 0; i < CRASH__FAULT_KINDS; i++)
		if (strcmp(kinds[i], name) == 0)
			return (enum crash__fault_kind)i;
	return CRASH__FAULT_NONE;
}

static char *text_of(const json_t *bytes, const char *key)
{
	const char *text = json_string_value(json_object_get(bytes, key));

	return text ? strdup(text) : NULL;
}

bool crash__fault_outcome_take(const json_t *object, struct crash__fault_outcome *outcome)
{
	const char *kind, *verdict;
	int timed_out, strayed, flaky;
	json_int_t hits, runs, ns, checker_ns;
	json_t *bytes = json_deep_copy(object);
	bool good;

	*outcome = (struct crash__fault_outcome){0};
	crash__json_to_bytes(bytes);
	good = json_unpack(bytes, "{s:s, s:s, s:i, s:i, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:i}", "kind",
			   &kind, "verdict", &verdict, "exit_code", &outcome->exit_code, "signal",
			   &outcome->signal, "timed_out", &timed_out, "strayed", &strayed, "flaky", &flaky,
			   "hits", &hits, "runs", &runs, "ns", &ns, "checker_ns", &checker_ns,
			   "checker_status", &outcome->checker_status) == 0;
	if (good) {
		outcome->kind = kind_of(kind);
		outcome->verdict = crash__verdict_of_name(verdict);
		outcome->timed_out = timed_out;
		outcome->strayed = strayed;
		outcome->flaky = flaky;
		outcome->hits = (uint64_t)hits;
		outcome->runs = (uint64_t)runs;
		outcome->ns = (uint64_t)ns;
		outcome->checker_ns = (uint64_t)checker_ns;
		outcome->output = text_of(bytes, "output");
		outcome->said = text_of(bytes, "said");
		outcome->missed = text_of(bytes, "missed");
	}
	json_decref(bytes);
	return good && outcome->kind != CRASH__FAULT_NONE;
}

void crash__fault_outcome_clear(struct crash__fault_outcome *outcome)
{
	free(outcome->output);
	free(outcome->said);
	free(outcome->missed);
	*outcome = (struct crash__fault_outcome){0};
}
