/* SPDX-License-Identifier: MIT */
#include "explore/findings/cause.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

void crash__cause_id(char id[12], const char *format, ...)
{
	char *whole = NULL;
	va_list args;

	strcpy(id, "00000000");
	va_start(args, format);
	if (vasprintf(&whole, format, args) >= 0)
		snprintf(id, 12, "%08x", (unsigned int)XXH3_64bits(whole, strlen(whole)));
	va_end(args);
	free(whole);
}

const char *crash__cause_class(enum crash__verdict_kind kind)
{
	return kind == CRASH__VERDICT_LOST						 ? "lost" :
	       kind == CRASH__VERDICT_TIMEOUT || kind == CRASH__VERDICT_RECOVERY_TIMEOUT ? "hang" :
	       kind == CRASH__VERDICT_RECOVERY						 ? "recovery" :
	       kind == CRASH__VERDICT_LEFTOVER						 ? "leftover" :
											   "inconsistent";
}

bool crash__cause_alike(enum crash__verdict_kind one, enum crash__verdict_kind other)
{
	return crash__verdict_failed(one) && crash__verdict_failed(other) &&
	       strcmp(crash__cause_class(one), crash__cause_class(other)) == 0;
}

void crash__cause_clear(struct crash__cause *cause)
{
	free((void *)(uintptr_t)cause->state.flipped);
	free(cause->state_name);
	free(cause->sentence);
	free(cause->repair);
	free(cause->advice);
	free(cause->lost_text);
	free(cause->survivor_text);
	free(cause->allowed);
	free(cause->forbidden);
	for (size_t i = 0; i < cause->files_count; i++)
		free(cause->files[i]);
	free(cause->files);
	free(cause->missing);
	free(cause->syncs);
	free(cause->entries);
}

void crash__causes_clear(struct crash__causes *causes)
{
	for (size_t i = 0; i < causes->list_count; i++)
		crash__cause_clear(&causes->list[i]);
	free(causes->list);
	memset(causes, 0, sizeof *causes);
}
