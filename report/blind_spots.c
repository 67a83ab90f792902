/* SPDX-License-Identifier: MIT */
#include "report/blind_spots.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_value.h"

/* A reader needs no more of them. */
#define MOST_NAMES 10

static size_t count_opened(const struct crash__sight *sight)
{
	size_t count = 0;

	for (size_t i = 0; i < sight->files_count; i++)
		count += !crash__sight_never_opened(sight, i);
	return count;
}

/* Those that were opened, or those that were not. */
static void print_names(FILE *stream, const struct crash__sight *sight, bool opened)
{
	size_t printed = 0, more = 0;

	for (size_t i = 0; i < sight->files_count; i++) {
		if (crash__sight_never_opened(sight, i) == opened)
			continue;
		if (printed == MOST_NAMES)
			more++;
		else
			fprintf(stream, "%s%s", printed++ ? ", " : "", sight->files[i]);
	}
	if (more)
		fprintf(stream, " and %zu more", more);
}

static void print_emptied(FILE *stream, const struct crash__sight *sight, const char *who)
{
	size_t opened = count_opened(sight);

	fprintf(stream,
		"%s does not look at what is in the files that the program has changed: the final state is "
		"accepted with all of them emptied (",
		who);
	if (opened)
		print_names(stream, sight, true);
	if (opened < sight->files_count) {
		fprintf(stream, "%snever opened: ", opened ? "; " : "");
		print_names(stream, sight, false);
	}
	fputc(')', stream);
}

static void add(json_t *list, void (*print)(FILE *stream, const struct crash__sight *sight, const char *who),
		const struct crash__sight *sight, const char *who)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return;
	print(stream, sight, who);
	if (fclose(stream) == 0)
		json_array_append_new(list, crash__json_string(text));
	free(text);
}

static void print_blind(FILE *stream, const struct crash__sight *sight, const char *who)
{
	(void)sight;
	fprintf(stream,
		"%s sees nothing of the data directory: no file of it was ever opened, and it is accepted "
		"empty",
		who);
}

static void print_undone(FILE *stream, const struct crash__sight *sight, const char *who)
{
	(void)sight;
	fprintf(stream,
		"%s does not look for what was acknowledged: the data directory is accepted as it was before "
		"the run, with all acknowledgements",
		who);
}

json_t *crash__blind_spots(const struct crash__exploration *exploration)
{
	const struct crash__engine *engine = exploration->engine;
	const struct crash__sight *sight = &engine->sight;
	const char *who = crash__checker_is_given(&engine->options.checker) ?
				  "the checker" :
				  "the program, run again as the checker,";
	json_t *list = json_array();

	if (crash__engine_is_blind(engine)) {
		add(list, print_blind, sight, who);
		return list;
	}
	if (crash__sight_takes_emptied(sight))
		add(list, print_emptied, sight, who);
	if (sight->acked && crash__sight_takes_undone(sight))
		add(list, print_undone, sight, who);
	return list;
}
