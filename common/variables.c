/* SPDX-License-Identifier: MIT */
#include "common/variables.h"

#include <string.h>

#include "common/suggest.h"

/* Each is documented in crashinject(1), ENVIRONMENT. */
static const char *const known[] = {
	"CRASH_AT",    "CRASH_AFTER", "CRASH_DIR",	 "CRASH_CONTROL", "CRASH_POINT",
	"CRASH_STATE", "CRASH_ACKED", "CRASH_ACKED_DIR", "CRASH_FD",	  "CRASH_FD_PATH",
};

#define KNOWN (sizeof known / sizeof *known)

const char *crash__environment_unknown(char *const *environment, size_t *position, const char **nearest)
{
	for (; environment[*position]; ++*position) {
		const char *entry = environment[*position];
		size_t length = strcspn(entry, "="), i;
		struct crash__suggestion near = {.word = entry, .length = length};

		if (strncmp(entry, "CRASH_", 6) != 0)
			continue;
		for (i = 0; i < KNOWN; i++) {
			if (strlen(known[i]) == length && !memcmp(known[i], entry, length))
				break;
			crash__suggest(&near, known[i]);
		}
		if (i < KNOWN)
			continue;
		*nearest = near.best;
		++*position;
		return entry;
	}
	return NULL;
}
