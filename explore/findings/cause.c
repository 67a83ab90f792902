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
	free(cause->entries);
}

void crash__causes_clear(struct crash__causes *causes)
{
	for (size_t i = 0; i < causes->list_count; i++)
		crash__cause_clear(&causes->list[i]);
	free(causes->list);
	memset(causes, 0, sizeof *causes);
}
