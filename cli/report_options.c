/* SPDX-License-Identifier: MIT */
#include "cli/report_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"
#include "cli/streams.h"
#include "report/report.h"
#include "report/result.h"

bool crash__report_take_option(struct crash__report_files *files, int option, const char *value)
{
	const struct crash__option_text texts[] = {
		{CRASH__OPTION_JUNIT, &files->junit},	    {CRASH__OPTION_HTML, &files->html},
		{CRASH__OPTION_SARIF, &files->sarif},	    {CRASH__OPTION_MARKDOWN, &files->markdown},
		{CRASH__OPTION_BASELINE, &files->baseline}, {CRASH__OPTION_TITLE, &files->title},
	};

	if (option == CRASH__OPTION_GITHUB)
		return files->github = true;
	return crash__options_take_text(texts, sizeof texts / sizeof *texts, option, value);
}

const char *crash__report_given(const struct crash__report_files *files)
{
	return files->junit    ? "--junit" :
	       files->html     ? "--html" :
	       files->sarif    ? "--sarif" :
	       files->markdown ? "--markdown" :
	       files->github   ? "--github" :
	       files->title    ? "--title" :
	       files->baseline ? "--baseline" :
				 NULL;
}

static void print_to(const char *option, const char *path, const char *mode,
		     const struct crash__reporter *reporter, const json_t *result)
{
	const struct crash__report_options plain = {0};
	FILE *file;

	if (!path)
		return;
	file = fopen(path, mode);
	if (!file)
		crash__die("%s %s: %s", option, path, strerror(errno));
	reporter->print(file, result, &plain);
	if (fflush(file) != 0 || ferror(file) || fclose(file) != 0)
		crash__die("%s %s: %s", option, path, strerror(errno));
}

/* Commands to the workflow are lines of its output; the summary is a file, to which every command of a step
 * adds. */
static void print_github(const json_t *result)
{
	const struct crash__report_options plain = {0};
	const char *summary = getenv("GITHUB_STEP_SUMMARY");

	crash__report_github.print(stdout, result, &plain);
	if (summary && *summary)
		print_to("GITHUB_STEP_SUMMARY", summary, "ae", &crash__report_markdown, result);
}

/* Paths are shown as the repository has them: CI says where that is, or it is where we are. */
/* Whatever a checker has printed is no command to the workflow, until the token comes. */
static void stop_commands(char token[40])
{
	uint64_t random[2] = {0};

	if (getrandom(random, sizeof random, 0) != sizeof random)
		random[0] = (uint64_t)getpid();
	snprintf(token, 40, "%016llx%016llx", (unsigned long long)random[0], (unsigned long long)random[1]);
	printf("::stop-commands::%s\n", token);
}

static void set_source_root(json_t *result)
{
	static const char *const names[] = {"GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE"};
	json_t *settings = json_object_get(result, "settings");
	char cwd[PATH_MAX];
	const char *root = getcwd(cwd, sizeof cwd);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);

		if (value && *value == '/') {
			root = value;
			break;
		}
	}
	json_object_set_new(settings, "source_root", crash__json_string(root));
}

static void set_title(json_t *result, const char *title)
{
	json_object_set_new(json_object_get(result, "settings"), "title", crash__json_string(title));
}

int crash__report_result(const struct crash__options *options, const struct crash__report_files *files,
			 json_t *result)
{
	const struct crash__report_options how = {
		.colour = crash__use_colour(stdout), .quiet = options->quiet, .verbose = options->verbose};
	char token[40];
	bool json_on_stdout = options->json && options->json_out == stdout;

	set_source_root(result);
	if (files->title)
		set_title(result, files->title);
	if (files->baseline && crash__result_accept(result, files->baseline) < 0)
		crash__die("%s", crash_error_detail());
	print_to("--junit", files->junit, "we", &crash__report_junit, result);
	print_to("--html", files->html, "we", &crash__report_html, result);
	print_to("--sarif", files->sarif, "we", &crash__report_sarif, result);
	print_to("--markdown", files->markdown, "we", &crash__report_markdown, result);
	if (options->json)
		crash__report_json.print(options->json_out, result, &how);
	if (files->github && !json_on_stdout)
		stop_commands(token);
	if (!json_on_stdout)
		crash__report_terminal.print(stdout, result, &how);
	if (files->github && !json_on_stdout)
		printf("::%s::\n", token);
	if (files->github)
		print_github(result);
	crash__streams_flush(stdout);
	return crash__result_status(result);
}
