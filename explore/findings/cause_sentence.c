/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "explore/findings/cause_search.h"
#include "explore/states/state_name.h"

static const char *by_sync(const struct crash__cause_search *search, const struct crash__cause *cause,
			   char out[160])
{
	const struct crash__atom *atom =
		&search->engine->atoms[cause->model].list[cause->state.count ? cause->state.flipped[0] : 0];
	char point[CRASH__NAME + 48];

	if (cause->failed_sync || atom->abandoned)
		return "its fsync had failed, and it was not written again";
	if (atom->durable == CRASH__NEVER)
		return "it was never synced";
	crash__point_name(search->engine->options.fs, atom->durable, point, sizeof point);
	snprintf(out, 160, "it is durable only later, from %.100s on", point);
	return out;
}

static bool same_file(const struct crash__cause_search *search, const struct crash__event *lost,
		      const struct crash__event *survivor)
{
	const struct crash__trace *trace = crash__search_fs(search)->trace;
	const char *one, *other;

	if (!lost || !survivor || lost->kind != CRASH__EVENT_OP || survivor->kind != CRASH__EVENT_OP)
		return false;
	one = crash__event_path(trace, lost);
	other = crash__event_path(trace, survivor);
	return one && other && strcmp(one, other) == 0;
}

char *crash__cause_sentence(struct crash__cause_search *search, const struct crash__cause *cause)
{
	const char *sentence = crash__verdict_sentence(cause->kind);
	const struct crash__event *lost = crash__search_event(search, cause->lost),
				  *survivor = crash__search_event(search, cause->survivor);
	bool ack = survivor && survivor->kind == CRASH__EVENT_ACK;
	char *text = NULL, sync[160];
	int length;

	if (cause->process && cause->torn)
		length = asprintf(
			&text,
			"when the process dies during %s, and only its first pages are written, the state %s",
			cause->lost_text, sentence);
	else if (cause->process && cause->survivor == CRASH__NEVER)
		length = asprintf(&text, "before the first op the state %s", sentence);
	else if (cause->process && cause->lost == CRASH__NEVER)
		length = asprintf(&text, "from %s on the state %s", cause->survivor_text, sentence);
	else if (cause->process)
		length = asprintf(&text, "when the process dies after %s and before %s the state %s",
				  cause->survivor_text, cause->lost_text, sentence);
	else if (cause->torn)
		length = asprintf(&text, "%s reached the disk only in part: the state %s", cause->lost_text,
				  sentence);
	else
		length = asprintf(&text, "%s %s; %s%s had not: %s. The state %s", cause->survivor_text,
				  ack ? "was told to the world" : "reached the disk", cause->lost_text,
				  same_file(search, lost, survivor) ? " to the same file" : "",
				  by_sync(search, cause, sync), sentence);
	return length < 0 ? NULL : text;
}
