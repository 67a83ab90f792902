/* SPDX-License-Identifier: MIT */
#include "explore/lint/lint.h"

#include <string.h>

#include "base/error.h"
#include "explore/atoms/make_atoms.h"
#include "explore/states/view_new.h"

void crash__lint_no_memory(struct crash__lint *lint)
{
	if (lint->error == 0)
		lint->error = crash__fail(CRASH_ENOMEM, "no memory for lint");
}

static void clear_mistake(struct crash__mistake *mistake)
{
	free(mistake->sentence);
	free(mistake->repair);
	free(mistake->lost_text);
	free(mistake->relied_text);
	free(mistake->allowed);
	free(mistake->forbidden);
}

void crash__lint_clear(struct crash__lint *lint)
{
	for (size_t i = 0; i < lint->mistakes_count; i++)
		clear_mistake(&lint->mistakes[i]);
	for (size_t i = 0; i < lint->authors_count; i++) {
		free(lint->authors[i].steps);
		free(lint->authors[i].waiting);
	}
	for (size_t i = 0; i < lint->processes_count; i++) {
		free(lint->processes[i].nodes);
		free(lint->processes[i].nameless);
		free(lint->processes[i].temporaries);
	}
	free(lint->uses);
	for (size_t i = 0; i < lint->texts_count; i++)
		free(lint->texts[i]);
	free(lint->mistakes);
	free(lint->authors);
	free(lint->processes);
	free(lint->texts);
	free(lint->nodes);
	free(lint->steps);
	free(lint->writes);
	free(lint->overwrites);
	free(lint->name_parts);
	free(lint->related);
	free(lint->children);
	free(lint->journals);
	free(lint->claims);
	free(lint->failures);
	free(lint->block_durable);
	crash__callsites_free(lint->callsites);
	crash__view_free(lint->view);
	crash__atoms_clear(&lint->atoms);
	memset(lint, 0, sizeof *lint);
}
