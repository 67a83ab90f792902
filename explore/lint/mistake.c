/* SPDX-License-Identifier: MIT */
#include "explore/lint/mistake.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static char *signature(struct crash__lint *lint, uint32_t step)
{
	return step == CRASH__NEVER ? strdup("end") :
				      crash__callsite_signature(lint->callsites, lint->fs->steps[step].event);
}

static void make_id(struct crash__lint *lint, uint32_t lost, uint32_t relied, char id[12])
{
	char *of_lost = signature(lint, lost), *of_relied = signature(lint, relied), *whole = NULL;

	if (!of_lost || !of_relied ||
	    asprintf(&whole, "lint/%s/%s/%s", lint->rule->name, of_lost, of_relied) < 0) {
		whole = NULL;
		crash__lint_no_memory(lint);
	} else {
		snprintf(id, 12, "%08x", (unsigned int)XXH3_64bits(whole, strlen(whole)));
	}
	free(whole);
	free(of_lost);
	free(of_relied);
}

bool crash__lint_found(struct crash__lint *lint, enum crash__lint_part part, uint32_t lost, uint32_t relied)
{
	struct crash__mistake *mistake;
	char id[12] = "";

	assert(lost < lint->fs->steps_count && (relied < lint->fs->steps_count || relied == CRASH__NEVER));
	make_id(lint, lost, relied, id);
	for (size_t i = 0; i < lint->mistakes_count; i++)
		if (strcmp(lint->mistakes[i].id, id) == 0) {
			lint->mistakes[i].times++;
			return false;
		}
	mistake = lint->error == 0 ? CRASH__PUSH(lint, mistakes) : NULL;
	if (!mistake) {
		crash__lint_no_memory(lint);
		return false;
	}
	memset(mistake, 0, sizeof *mistake);
	memcpy(mistake->id, id, sizeof id);
	mistake->rule = lint->rule;
	mistake->part = part;
	mistake->lost = lost;
	mistake->relied = relied;
	mistake->times = 1;
	return true;
}

void crash__lint_say(struct crash__lint *lint, char *sentence, char *repair)
{
	struct crash__mistake *mistake = &lint->mistakes[lint->mistakes_count - 1];

	assert(lint->mistakes_count && !mistake->sentence); /* crash__lint_found() has just made it */
	mistake->sentence = sentence;
	mistake->repair = repair;
	if (lint->watch && sentence)
		lint->watch->found(lint->watch->context, sentence);
}
