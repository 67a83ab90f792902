/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/report_index.h"
#include "cli/report_options.h"
#include "report/faults_merge.h"
#include "report/report.h"
#include "report/result.h"
#include "report/witness_result.h"

struct report_command {
	struct crash__report_files files;
	const char *index;
};

enum { OPTION_INDEX = CRASH__OPTION_OWN };

static const struct option table[] = {
	{"index", required_argument, NULL, OPTION_INDEX},
	CRASH__REPORT_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct report_command *own = context;

	if (option == OPTION_INDEX)
		own->index = value;
	else
		return crash__report_take_option(&own->files, option, value);
	return true;
}

/* The index is a page, and nothing else. */
static int print_index(const struct crash__options *options, const struct report_command *own)
{
	struct crash__report_files others = own->files;
	const char *given;

	others.html = others.title = NULL;
	given = crash__report_given(&others);
	if (given || options->json || options->program[0])
		crash__die("report: --index does not go together with %s", given ? given :
									   options->json ?
										   "--json" :
										   "the name of a result");
	return crash__report_index(own->index, own->files.html, own->files.title, options->quiet);
}

/* What was looked for on real file systems stands in the shards. */
static void take_witnesses(json_t *merged, char **places)
{
	json_t *shard;

	for (; *places; places++)
		if (crash__result_read(*places, "result.json", &shard) == 0) {
			crash__witnesses_take(merged, shard);
			json_decref(shard);
		}
}

/* Of faults each shard says by itself what came of its own. */
static json_t *merge_faults(char **places, size_t count)
{
	json_t **results = calloc(count + 1, sizeof *results), *merged;

	if (!results)
		crash__die("no memory for the results");
	for (size_t i = 0; i < count; i++)
		if (crash__result_read(places[i], "result.json", &results[i]) < 0)
			crash__die("%s: %s", places[i], crash_error_detail());
	if (crash__faults_merge(results, places, count, &merged) < 0)
		crash__die("%s", crash_error_detail());
	for (size_t i = 0; i < count; i++)
		json_decref(results[i]);
	free(results);
	return merged;
}

/* Only shards have to be merged. One result that is whole is printed as it is. */
static json_t *read_all(char **places)
{
	json_t *result = NULL;
	size_t count = 0;

	for (; places[count]; count++) {
		json_decref(result);
		if (crash__result_read(places[count], "result.json", &result) < 0)
			crash__die("%s is not a result, or not a finished one: %s", places[count],
				   crash_error_detail());
	}
	if (count == 1 &&
	    json_integer_value(json_object_get(json_object_get(result, "settings"), "shards")) <= 1) {
		crash__result_found_at(result, places[0]);
		return result;
	}
	if (crash__report_is_faults(result)) {
		json_decref(result);
		return merge_faults(places, count);
	}
	json_decref(result);
	if (crash__result_merge(places, count, &result) < 0)
		crash__die("%s", crash_error_detail());
	take_witnesses(result, places);
	return result;
}

static int run(int argc, char **argv)
{
	struct report_command own = {0};
	struct crash__options options;
	json_t *result;
	int status;

	crash__options_parse(&options, &crash__cmd_report, argc, argv, take_option, &own);
	if (own.index)
		return print_index(&options, &own);
	if (!options.program[0])
		crash__die("report: no result; name the directory that explore --output made");
	result = read_all(options.program);
	status = crash__report_result(&options, &own.files, result);
	json_decref(result);
	return status;
}

const struct crash__command crash__cmd_report = {
	.name = "report",
	.run = run,
	.options = table,
	.no_program = true,
	.arguments = "[OPTION]... RESULT... | --index DIR",
	.summary = "Print the result of an exploration, or of all its shards as one",
	.help = "  --index DIR           all results below DIR on one page: --html FILE, or "
		"DIR/index.html\n" CRASH__REPORT_HELP "\nExamples:\n"
		"  crashinject report result/\n"
		"  crashinject report --junit crash.xml shard-1 shard-2 shard-3\n\n"
		"Exit status: as explore: 0 nothing found, 1 something, 3 incomplete, 125 failed.\n",
};
