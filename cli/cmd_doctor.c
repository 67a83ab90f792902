/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "cli/options.h"
#include "doctor/surroundings.h"

static const struct option table[] = {CRASH__COMMON_OPTIONS, {NULL, 0, NULL, 0}};

/* What each need comes to, for all of its trials. */
static const struct {
	const char *name, *all, *some;
} uses[] = {
	[CRASH__NEEDED_TO_RUN] = {"run, list, record, lint, explore", "work", "do not work"},
	[CRASH__NEEDED_TO_SEE] = {"what programs do", "is all seen", "is not all seen, or at a higher price"},
	[CRASH__NEEDED_TO_EXPLORE] = {"explore", "checks states at the data directory's own path",
				      "does with less than it wants"},
	[CRASH__NEEDED_TO_WITNESS] = {"witness", "works", "does not work, or not with everything"},
};

#define USES (sizeof uses / sizeof *uses)

struct told {
	const struct crash__options *options;
	struct crash__surroundings surroundings;
	bool refused[USES];
};

static json_t *text_or_null(const char *text)
{
	return text && *text ? crash__json_string(text) : json_null();
}

static void print_json(const struct told *told, const struct crash__trial *trial,
		       const struct crash__trial_result *result, const char *remedy)
{
	crash__json_print(told->options->json_out,
			  json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "trial", trial->name, "outcome",
				    result->unneeded ? "unneeded" :
				    result->works    ? "works" :
						       "refused",
				    "optional", (int)(trial->need == CRASH__NEEDED_TO_WITNESS), "why",
				    text_or_null(result->why), "without",
				    text_or_null(result->works || result->unneeded ? NULL : trial->without),
				    "remedy", text_or_null(remedy)));
}

static void print_text(const struct told *told, const struct crash__trial *trial,
		       const struct crash__trial_result *result, const char *remedy)
{
	if (told->options->quiet && (result->works || result->unneeded))
		return;
	printf("%-8s %s%s%s\n",
	       result->unneeded ? "-" :
	       result->works	? "works" :
				  "refused",
	       trial->name,
	       result->unneeded ? ": it has the rights already" :
	       result->why[0]	? ": " :
				  "",
	       crash__shown_text(result->why));
	if (result->works || result->unneeded)
		return;
	printf("         so %s\n", trial->without);
	if (remedy)
		printf("         $ %s\n", crash__shown_text(remedy));
}

static void examine(struct told *told, const struct crash__trial *trial, const char *directory)
{
	struct crash__trial_result result;
	char line[PATH_MAX + 256];
	const char *remedy;

	crash__trial_run(trial, directory, &result);
	remedy = crash__remedy(&told->surroundings, trial, &result, line, sizeof line) ? line : NULL;
	told->refused[trial->need] |= !result.works && !result.unneeded;
	(told->options->json ? print_json : print_text)(told, trial, &result, remedy);
}

static void print_summary(const struct told *told, const char *where, bool good)
{
	if (told->options->json) {
		crash__json_print(told->options->json_out,
				  json_pack("{s:{s:o, s:b, s:b, s:b, s:b}}", "summary", "where",
					    crash__json_string(where), "runs",
					    (int)!told->refused[CRASH__NEEDED_TO_RUN], "sees-all",
					    (int)!told->refused[CRASH__NEEDED_TO_SEE], "explores-in-place",
					    (int)!told->refused[CRASH__NEEDED_TO_EXPLORE], "witnesses",
					    (int)!told->refused[CRASH__NEEDED_TO_WITNESS]));
		return;
	}
	if (told->options->quiet && good)
		return;
	printf("\n%s:\n", crash__shown_text(where));
	for (size_t i = 0; i < USES; i++)
		printf("  %s %s\n", uses[i].name, told->refused[i] ? uses[i].some : uses[i].all);
}

static int run(int argc, char **argv)
{
	struct crash__options options;
	struct told told = {.options = &options};
	char directory[PATH_MAX], where[512];
	bool good;

	crash__options_parse(&options, &crash__cmd_doctor, argc, argv, NULL, NULL);
	if (options.program[0])
		crash__die("doctor: \"%s\" has no meaning here; name a data directory with --dir",
			   options.program[0]);
	crash__options_directory(&options, directory);
	crash__surroundings_look(&told.surroundings);
	for (size_t i = 0; i < crash__trial_count; i++)
		examine(&told, &crash__trials[i], directory);
	good = !told.refused[CRASH__NEEDED_TO_RUN] && !told.refused[CRASH__NEEDED_TO_SEE] &&
	       !told.refused[CRASH__NEEDED_TO_EXPLORE];
	crash__surroundings_text(&told.surroundings, where, sizeof where);
	print_summary(&told, where, good);
	return good ? CRASH__EXIT_GOOD : CRASH__EXIT_FOUND;
}

const struct crash__command crash__cmd_doctor = {
	.name = "doctor",
	.run = run,
	.options = table,
	.no_program = true,
	.arguments = "[OPTION]...",
	.summary = "Say what works on this machine, what does not, why, and what changes it",
	.help = "Everything that runs, explorations and witness need of the system is tried, for the data "
		"directory\n"
		"that --dir names.\n"
		"\nExamples:\n"
		"  crashinject doctor\n"
		"  docker run ... crashinject doctor --dir /var/lib/data --json\n\n"
		"Exit status: 0 all that run, record and explore want is there, 1 something is refused, 125 "
		"failed.\n",
};
