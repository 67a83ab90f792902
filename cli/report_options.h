/* SPDX-License-Identifier: MIT */
/*
 * report_options.h - where a result is printed to, and as what: options of all commands that make or read
 * one.
 */
#ifndef CRASH_REPORT_OPTIONS_H
#define CRASH_REPORT_OPTIONS_H

#include "cli/options.h"

/** What is asked for; paths of files, NULL: none. */
struct crash__report_files {
	const char *junit, *html, *sarif, *markdown;
	const char *title; /* of the workload */
	const char *baseline;
	bool github;
};

#define CRASH__REPORT_OPTIONS                                                                                \
	{"junit", required_argument, NULL, CRASH__OPTION_JUNIT},                                             \
		{"html", required_argument, NULL, CRASH__OPTION_HTML},                                       \
		{"sarif", required_argument, NULL, CRASH__OPTION_SARIF},                                     \
		{"markdown", required_argument, NULL, CRASH__OPTION_MARKDOWN},                               \
		{"github", no_argument, NULL, CRASH__OPTION_GITHUB},                                         \
		{"title", required_argument, NULL, CRASH__OPTION_TITLE},                                     \
	{                                                                                                    \
		"baseline", required_argument, NULL, CRASH__OPTION_BASELINE                                  \
	}

/** Their help. */
#define CRASH__REPORT_HELP                                                                                   \
	"  --baseline FILE       ids of findings that are accepted\n"                                        \
	"  --junit FILE, --html FILE, --sarif FILE, --markdown FILE\n"                                       \
	"  --github              annotations for GitHub's workflows, and their step's summary\n"             \
	"  --title NAME          of the workload, in all of these\n"

/** Whether it is one of these options; takes its value. */
bool crash__report_take_option(struct crash__report_files *files, int option, const char *value);

/** The first of the options that was given, for those that do not go together with them; or NULL. */
const char *crash__report_given(const struct crash__report_files *files);

struct json_t;

/**
 * Prints a result to wherever it is wanted; dies where that cannot be done.
 * @return the exit status that it means
 */
int crash__report_result(const struct crash__options *options, const struct crash__report_files *files,
			 struct json_t *result);

#endif
