/* SPDX-License-Identifier: MIT */
/*
 * report.h - a result, printed. Each reporter is a file; report/result.h says what they print from.
 */
#ifndef CRASH_REPORT_H
#define CRASH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct crash__report_options {
	bool colour, quiet;
	int verbose;
};

struct crash__reporter {
	void (*print)(FILE *stream, const json_t *result, const struct crash__report_options *options);
};

extern const struct crash__reporter crash__report_terminal, crash__report_json, crash__report_junit,
	crash__report_html, crash__report_sarif, crash__report_github, crash__report_markdown;

/* ------------------------------------------------------------------ for reporters */

/** Members of an object; "" or 0 where there is none. */
const char *crash__report_text(const json_t *object, const char *name);
long long crash__report_number(const json_t *object, const char *name);

/** The finding with this id in a list of them, borrowed; NULL if there is none. */
json_t *crash__report_find_id(const json_t *findings, const char *id);

/** Whether a result is lint's: it has rules, and neither points nor states. */
bool crash__report_is_lint(const json_t *result);

/** Whether a result is of runs with faults: a state is one of those. */
bool crash__report_is_faults(const json_t *result);

/** "12 states", "3 faults"; of a finding of lint's "once" or "3 times". */
void crash__report_times(FILE *stream, const json_t *finding);

/** "40 ops, 3 syncs, 2 acknowledgements": what lint looked at. */
void crash__report_looked_at(FILE *stream, const json_t *summary);

/** "3 files taken for logs, 2 messages taken for wake-ups": what lint did not judge, of a summary. */
void crash__report_not_judged(FILE *stream, const json_t *summary);

/** Whether it is a part of an exploration: it alone proves nothing, however much of it was checked. */
bool crash__report_is_shard(const json_t *result);

/** Whether nothing is missing from it; of a shard, nothing of its own part. */
bool crash__report_is_whole(const json_t *result);

/** What the reason begins with that the final state is, where the checker does not accept it. */
#define CRASH__REPORT_REFUSED "the checker does not accept the final state"

/** Whether crashes inside recovery were looked at. */
bool crash__report_has_recovery(const json_t *summary);

/** "crashes of recovery, depth 2: from 4 states, ...": what they have come to. */
void crash__report_recovery(FILE *stream, const json_t *summary);

/** "This is shard 2 of 5: ...": a sentence for those. */
void crash__report_shard(FILE *stream, const json_t *result);

/** Prints text on one line of a terminal, which it does not speak to: control characters in octal. */
void crash__report_plain(FILE *stream, const char *text);

/** Prints text so that XML and HTML take it as text. */
void crash__report_escaped(FILE *stream, const char *text);

/** Prints the strings of a list, with ", " between them. */
void crash__report_names(FILE *stream, const json_t *list);

#endif
