/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "report/report.h"
#include "report/result.h"
#include "report/witness_result.h"

struct report_options {
	const char *junit, *html, *baseline;
};

enum { OPTION_JUNIT = CRASH__OPTION_OWN, OPTION_HTML, OPTION_BASELINE };

static const struct option table[] = {
	{"junit", required_argument, NULL, OPTION_JUNIT},
	{"html", required_argument, NULL, OPTION_HTML},
	{"baseline", required_argument, NULL, OPTION_BASELINE},
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct report_options *own = context;

	if (option == OPTION_JUNIT)
		own->junit = value;
	else if (option == OPTION_HTML)
		own->html = value;
	else if (option == OPTION_BASELINE)
		own->baseline = value;
	else
		return false;
	return true;
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
	    json_integer_value(json_object_get(json_object_get(result, "settings"), "shards")) <= 1)
		return result;
	json_decref(result);
	if (crash__result_merge(places, count, &result) < 0)
		crash__die("%s", crash_error_detail());
	take_witnesses(result, places);
	return result;
}

static int run(int argc, char **argv)
{
	struct report_options own = {0};
	struct crash__options options;
	struct crash__report_options how;
	json_t *result;
	int status;

	crash__options_parse(&options, &crash__cmd_report, argc, argv, table, take_option, &own);
	if (!options.program[0])
		crash__die("report: no result; name the directory that explore --output made");
	how = (struct crash__report_options){
		.colour = crash__use_colour(stdout), .quiet = options.quiet, .verbose = options.verbose};
	result = read_all(options.program);
	if (own.baseline && crash__result_accept(result, own.baseline) < 0)
		crash__die("%s", crash_error_detail());
	crash__report_to("--junit", own.junit, &crash__report_junit, result);
	crash__report_to("--html", own.html, &crash__report_html, result);
	if (options.json)
		crash__report_json.print(options.json_out, result, &how);
	if (!options.json || options.json_out != stdout)
		crash__report_terminal.print(stdout, result, &how);
	status = crash__result_status(result);
	json_decref(result);
	return status;
}

const struct crash__command crash__cmd_report = {
	.name = "report",
	.run = run,
	.arguments = "[OPTION]... RESULT...",
	.summary = "Print the result of an exploration, or of all its shards as one",
	.help = "  --junit FILE, --html FILE\n"
		"  --baseline FILE       ids of findings that are accepted\n\n"
		"Examples:\n"
		"  crashinject report result/\n"
		"  crashinject report --junit crash.xml shard-1 shard-2 shard-3\n\n"
		"Exit status: as explore: 0 nothing found, 1 something, 3 incomplete, 125 failed.\n",
};
