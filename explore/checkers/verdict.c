/* SPDX-License-Identifier: MIT */
#include "explore/checkers/verdict.h"

#include <string.h>

static const struct {
	const char *name, *clause;
} verdicts[CRASH__VERDICT_KINDS] = {
	[CRASH__VERDICT_NONE] = {"unchecked", "the state was not checked"},
	[CRASH__VERDICT_PASSED] = {"passed", "the state passes"},
	[CRASH__VERDICT_FLAKY] = {"flaky", "the state fails, and passes when it is checked again"},
	[CRASH__VERDICT_INCONSISTENT] = {"inconsistent", "the data is inconsistent"},
	[CRASH__VERDICT_LOST] = {"lost", "acknowledged data is lost"},
	[CRASH__VERDICT_SIGNAL] = {"signal", "the checker is killed by a signal"},
	[CRASH__VERDICT_TIMEOUT] = {"timeout", "the checker hangs"},
	[CRASH__VERDICT_LEFTOVER] = {"leftover", "the checker leaves processes behind"},
	[CRASH__VERDICT_RECOVERY] = {"recovery", "recovery fails"},
	[CRASH__VERDICT_RECOVERY_TIMEOUT] = {"recovery-timeout", "recovery hangs"},
};

const char *crash__verdict_name(enum crash__verdict_kind kind)
{
	return verdicts[kind].name;
}

const char *crash__verdict_clause(enum crash__verdict_kind kind)
{
	return verdicts[kind].clause;
}

enum crash__verdict_kind crash__verdict_of_name(const char *name)
{
	for (int i = 0; name && i < CRASH__VERDICT_KINDS; i++)
		if (strcmp(verdicts[i].name, name) == 0)
			return (enum crash__verdict_kind)i;
	return CRASH__VERDICT_NONE;
}

/* Output beyond the buffer: the first half stays, and the end moves through the second. */
void crash__verdict_keep(struct crash__verdict *verdict, const char *data, size_t count)
{
	size_t room = sizeof verdict->output - verdict->output_length, half = sizeof verdict->output / 2;

	if (count > half) {
		data += count - half;
		count = half;
		room = sizeof verdict->output - verdict->output_length;
	}
	if (count > room) {
		size_t drop = count - room;

		memmove(verdict->output + half, verdict->output + half + drop,
			sizeof verdict->output - half - drop);
		verdict->output_length -= drop;
	}
	memcpy(verdict->output + verdict->output_length, data, count);
	verdict->output_length += count;
}
