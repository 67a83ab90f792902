/* SPDX-License-Identifier: MIT */
#include "explore/findings/callsite_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void crash__cause_group(enum crash__verdict_kind kind, bool process, bool torn, const char *lost,
			const char *survivor, char id[12])
{
	/* half an op is one mistake, however it is noticed */
	crash__cause_id(id, "%s/%d/%d/%s/%s", torn ? "torn" : crash__cause_class(kind), process, torn, lost,
			survivor);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void crash__cause_id_of_files(const char *group, char **names, size_t count, char id[12])
{
	char *text = NULL;
	size_t size;
	FILE *stream = count ? open_memstream(&text, &size) : NULL;

	strcpy(id, group);
	if (!stream)
		return;
	qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "/%s", names[i]);
	if (fclose(stream) == 0 && *text)
		crash__cause_id(id, "%s%s", group, text);
	free(text);
}
