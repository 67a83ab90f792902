/* SPDX-License-Identifier: MIT */
/*
 * One page that needs nothing else. All that is to be read is in its text; its scripts (report/page) draw the
 * run and what is on the disk, and filter.
 */
#include "report/page/html.h"

#include <string.h>

#include "report/identity.h"
#include "report/page/page.h"
#include "report/report.h"

/* ------------------------------------------------------------------ the frame */

static bool ends_with(const char *name, const char *end)
{
	return strlen(name) > strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static void print_files(FILE *stream, const char *ending, const char *element, const char *key)
{
	for (const struct crash__page_file *file = crash__page_files; file->name; file++)
		if (ends_with(file->name, ending)) {
			fprintf(stream, "<%s nonce=\"%s\">", element, key);
			fwrite(file->bytes, 1, file->count, stream);
			fprintf(stream, "</%s>\n", element);
		}
}

void crash__html_key(json_t *object, char key[CRASH__DIGEST_TEXT])
{
	crash__json_digest(object, key);
}

void crash__html_begin(FILE *stream, const char *title, const char key[CRASH__DIGEST_TEXT])
{
	fprintf(stream,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'nonce-%s'; script-src 'nonce-%s'\">\n<title>",
		key, key);
	crash__report_escaped(stream, title);
	fputs("</title>\n", stream);
	print_files(stream, ".css", "style", key);
	fputs("</head>\n<body>\n", stream);
}

void crash__html_end(FILE *stream, const char key[CRASH__DIGEST_TEXT])
{
	print_files(stream, ".js", "script", key);
	fputs("</body></html>\n", stream);
}

/* ------------------------------------------------------------------ what was done */

const char *crash__html_verdict(const json_t *result)
{
	if (json_array_size(json_object_get(result, "findings")))
		return "bad";
	return crash__report_is_whole(result) && !crash__report_is_shard(result) ? "good" : "open";
}

static void print_headline(FILE *stream, const json_t *result)
{
	const char *title = crash__report_text(json_object_get(result, "settings"), "title");
	size_t count = json_array_size(json_object_get(result, "findings"));
	const json_t *summary = json_object_get(result, "summary");

	fputs("<header class=\"top\"><h1>", stream);
	crash__report_escaped(stream, *title ? title : "crashinject");
	fprintf(stream, "</h1>\n<p class=\"verdict %s\">%zu finding%s</p>", crash__html_verdict(result),
		count, count == 1 ? "" : "s");
	if (crash__report_is_whole(result))
		fprintf(stream, "<p class=\"verdict good\">%s</p>",
			crash__report_is_shard(result) ? "complete, as far as it goes" : "complete");
	else
		fputs("<p class=\"verdict open\">incomplete</p>", stream);
	fputs("<p class=\"date\">", stream);
	crash__report_escaped(stream, crash__report_text(summary, "date"));
	fputs("</p></header>\n", stream);
}

static void print_sentences(FILE *stream, const char *id, const char *title, const json_t *list)
{
	const json_t *item;
	size_t i;

	fprintf(stream, "<section id=\"%s\"><h2>%s</h2><ul>\n", id, title);
	json_array_foreach(list, i, item) {
		fputs("<li>", stream);
		crash__report_escaped(stream, json_string_value(item) ? json_string_value(item) : "?");
		fputs("</li>\n", stream);
	}
	fputs("</ul></section>\n", stream);
}

static void print_incomplete(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");

	if (crash__report_is_shard(result)) {
		fputs("<p class=\"bad\">", stream);
		crash__report_shard(stream, result);
		fputs("</p>\n", stream);
	}
	if (!crash__report_is_whole(result))
		print_sentences(stream, "incomplete",
				"incomplete:", json_object_get(summary, "incomplete_reasons"));
	if (json_array_size(json_object_get(summary, "not_looked_at")))
		print_sentences(stream, "not-looked-at",
				"what is not checked:", json_object_get(summary, "not_looked_at"));
}

struct number {
	const char *name, *label;
};

static void print_numbers(FILE *stream, const json_t *result)
{
	static const struct number of_states[] = {{"points", "crash points"}, {"states", "states"},
						  {"distinct", "distinct"},   {"checked", "checked"},
						  {"failed", "failed"},	      {NULL, NULL}},
				   of_faults[] = {{"points", "calls that can fail"},
						  {"states", "faults"},
						  {"checked", "tried"},
						  {"failed", "with a failure"},
						  {NULL, NULL}};
	const json_t *summary = json_object_get(result, "summary");

	fputs("<ul class=\"numbers\">", stream);
	for (const struct number *number = crash__report_is_faults(result) ? of_faults : of_states;
	     number->name; number++)
		fprintf(stream, "<li><b>%lld</b> %s</li>", crash__report_number(summary, number->name),
			number->label);
	fputs("</ul>\n", stream);
}

static bool is_whole(const json_t *tier)
{
	return json_is_true(json_object_get(tier, "exhaustive"));
}

static void print_tiers(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary"), *tier;
	bool shard = crash__report_is_shard(result);
	size_t i;

	fputs("<details class=\"tiers\"><summary>What was looked at</summary>\n"
	      "<div class=\"scroll\"><table><thead><tr>",
	      stream);
	fputs(crash__report_is_faults(result) ?
		      "<th>error</th><th>how often</th><th class=\"n\">faults</th><th class=\"n\">new</th>"
		      "<th class=\"n\">tried</th><th>proves</th>" :
		      "<th>model</th><th>tier</th><th class=\"n\">states</th><th class=\"n\">new</th>"
		      "<th class=\"n\">checked</th><th>proves</th>",
	      stream);
	fputs("</tr></thead><tbody>\n", stream);
	json_array_foreach(json_object_get(summary, "tiers"), i, tier) {
		fputs("<tr><td>", stream);
		crash__report_escaped(stream, crash__report_text(tier, "model"));
		fputs("</td><td>", stream);
		crash__report_escaped(stream, crash__report_text(tier, "tier"));
		fprintf(stream,
			"</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td "
			"class=\"n\">%lld%s</td><td>",
			crash__report_number(tier, "named"), crash__report_number(tier, "new"),
			crash__report_number(tier, "checked"),
			!is_whole(tier) ? " (cut short)" :
			shard		? " (this shard)" :
					  "");
		crash__report_escaped(stream,
				      is_whole(tier) && !shard ? crash__report_text(tier, "proves") : "");
		fputs("</td></tr>\n", stream);
	}
	fputs("</tbody></table></div></details>\n", stream);
}

static void print_not_judged(FILE *stream, const json_t *summary)
{
	const json_t *list = json_object_get(summary, "not_judged"), *silence, *name;
	size_t i, at;

	if (json_array_size(list) == 0)
		return;
	fputs("<section id=\"not-judged\"><h2>Not judged</h2>\n<ul>\n", stream);
	json_array_foreach(list, i, silence) {
		fprintf(stream, "<li><b>%s</b>: %s<br>", crash__report_text(silence, "fact"),
			crash__report_text(silence, "sentence"));
		crash__report_escaped(stream, crash__report_text(silence, "explanation"));
		fputs("<br>", stream);
		json_array_foreach(json_object_get(silence, "what"), at, name) {
			fputs(at ? ", " : "", stream);
			crash__report_escaped(stream, json_string_value(name));
		}
		fputs("</li>\n", stream);
	}
	fputs("</ul></section>\n", stream);
}

/* ------------------------------------------------------------------ the whole */

static void print_summary(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");

	print_incomplete(stream, result);
	if (crash__report_is_lint(result)) {
		fputs("<p class=\"numbers\">", stream);
		crash__report_looked_at(stream, summary);
		fputs("</p>\n", stream);
		return;
	}
	print_numbers(stream, result);
	if (crash__report_has_recovery(summary)) {
		fputs("<p class=\"numbers\" id=\"recovery\">", stream);
		crash__report_recovery(stream, summary);
		fputs("</p>\n", stream);
	}
	print_tiers(stream, result);
}

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	const char *title = crash__report_text(json_object_get(result, "settings"), "title");
	const json_t *findings = json_object_get(result, "findings"), *finding;
	char key[CRASH__DIGEST_TEXT];
	size_t i;

	(void)options;
	crash__html_key((json_t *)(uintptr_t)result, key);
	crash__html_begin(stream, *title ? title : "crashinject", key);
	print_headline(stream, result);
	fputs("<main>\n<section id=\"summary\">\n", stream);
	print_summary(stream, result);
	fputs("</section>\n<section id=\"run\" hidden></section>\n<section id=\"findings\">\n<nav "
	      "id=\"list\" "
	      "hidden></nav>\n<div id=\"articles\">\n",
	      stream);
	json_array_foreach(findings, i, finding)
		crash__html_finding(stream, result, finding);
	fputs("</div></section>\n", stream);
	print_not_judged(stream, json_object_get(result, "summary"));
	fputs("</main>\n", stream);
	crash__html_data(stream, crash__html_result_data(result));
	crash__html_end(stream, key);
}

const struct crash__reporter crash__report_html = {print};
