/* SPDX-License-Identifier: MIT */
/* One page that needs nothing else. */
#include "report/report.h"

#include "report/witness_result.h"

static const char head[] = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
			   "charset=\"utf-8\"><title>";
static const char style[] =
	"</title>\n<style>\n"
	"body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }\n"
	"table { border-collapse: collapse; } td, th { padding: .2em .8em; text-align: left; border-bottom: "
	"1px solid #ccc; }\n"
	"pre { background: #f4f4f4; padding: .8em; overflow: auto; } .bad { color: #a00; } .good { color: "
	"#070; }\n"
	"section { margin: 2em 0; }\n</style></head><body>\n";

static void print_paragraph(FILE *stream, const char *title, const char *text)
{
	if (!*text)
		return;
	fprintf(stream, "<p><b>%s</b> ", title);
	crash__report_escaped(stream, text);
	fputs("</p>\n", stream);
}

static void print_files(FILE *stream, const json_t *files)
{
	const json_t *file;
	size_t i;

	if (json_array_size(files) < 2)
		return;
	fputs("<p><b>Files:</b>", stream);
	json_array_foreach(files, i, file) {
		fputs(i ? ", " : " ", stream);
		crash__report_escaped(stream, json_string_value(file));
	}
	fputs("</p>\n", stream);
}

static void print_witnesses(FILE *stream, const json_t *finding)
{
	const json_t *witness;
	size_t i;

	json_array_foreach(json_object_get(finding, "witnesses"), i, witness) {
		fputs("<p><b>On a real file system:</b> ", stream);
		crash__witness_text(stream, witness);
		fputs("</p>\n", stream);
	}
}

static void print_finding(FILE *stream, const json_t *finding)
{
	fprintf(stream, "<section id=\"%s\"><h2>%s <small>%s, ", crash__report_text(finding, "id"),
		crash__report_text(finding, "id"), crash__report_text(finding, "kind"));
	crash__report_times(stream, finding);
	fprintf(stream, "%s</small></h2>\n<p>",
		json_is_true(json_object_get(finding, "accepted")) ? ", accepted" : "");
	crash__report_escaped(stream, crash__report_text(finding, "sentence"));
	fputs("</p>\n", stream);
	print_files(stream, json_object_get(finding, "files"));
	print_paragraph(stream, "Repair:", crash__report_text(finding, "repair"));
	print_paragraph(stream, "Advice:", crash__report_text(finding, "advice"));
	print_paragraph(stream, "Rule:", crash__report_text(finding, "explanation"));
	fputs("<p><b>Models that allow it:</b> ", stream);
	crash__report_names(stream, json_object_get(finding, "models"));
	fputs("</p>\n", stream);
	if (*crash__report_text(finding, "replay")) {
		fputs("<pre>", stream);
		crash__report_escaped(stream, crash__report_text(finding, "replay"));
		fputs("</pre>\n", stream);
	}
	print_witnesses(stream, finding);
	if (*crash__report_text(finding, "output")) {
		fputs("<p>The checker said:</p>\n<pre>", stream);
		crash__report_escaped(stream, crash__report_text(finding, "output"));
		fputs("</pre>\n", stream);
	}
	fputs("</section>\n", stream);
}

static bool is_whole(const json_t *tier)
{
	return json_is_true(json_object_get(tier, "exhaustive"));
}

static void print_tiers(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	bool shard = crash__report_is_shard(result);
	json_t *tier;
	size_t i;

	fputs("<table><tr><th>model</th><th>tier</th><th>states</th><th>new</th><th>checked</th><th>proves</"
	      "th></tr>\n",
	      stream);
	json_array_foreach(json_object_get(summary, "tiers"), i, tier)
		fprintf(stream,
			"<tr><td>%s</td><td>%s</td><td>%lld</td><td>%lld</td><td>%lld%s</td><td>%s</td></"
			"tr>\n",
			crash__report_text(tier, "model"), crash__report_text(tier, "tier"),
			crash__report_number(tier, "named"), crash__report_number(tier, "new"),
			crash__report_number(tier, "checked"),
			!is_whole(tier) ? " (cut short)" :
			shard		? " (this shard)" :
					  "",
			is_whole(tier) && !shard ? crash__report_text(tier, "proves") : "");
	fputs("</table>\n", stream);
}

static void print_not_judged(FILE *stream, const json_t *summary)
{
	const json_t *list = json_object_get(summary, "not_judged");
	json_t *silence, *name;
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

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	const json_t *summary = json_object_get(result, "summary"),
		     *findings = json_object_get(result, "findings");
	const char *title = crash__report_text(json_object_get(result, "settings"), "title");
	bool lint = crash__report_is_lint(result);
	json_t *item;
	size_t i;

	(void)options;
	fputs(head, stream);
	crash__report_escaped(stream, *title ? title : "crashinject");
	fputs(style, stream);
	fputs("<h1>", stream);
	crash__report_escaped(stream, title);
	fprintf(stream, "%s%zu finding%s</h1>\n<p>", *title ? ": " : "", json_array_size(findings),
		json_array_size(findings) == 1 ? "" : "s");
	if (lint)
		crash__report_looked_at(stream, summary);
	else
		fprintf(stream, "%lld crash points, %lld states, %lld distinct, %lld checked, %lld failed",
			crash__report_number(summary, "points"), crash__report_number(summary, "states"),
			crash__report_number(summary, "distinct"), crash__report_number(summary, "checked"),
			crash__report_number(summary, "failed"));
	fputs("</p>\n", stream);
	if (crash__report_is_whole(result)) {
		fprintf(stream, "<p class=\"good\">%s</p>\n",
			crash__report_is_shard(result) ? "complete, as far as it goes" : "complete");
	} else {
		fputs("<p class=\"bad\">incomplete:</p><ul>\n", stream);
		json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, item) {
			fputs("<li>", stream);
			crash__report_escaped(stream, json_string_value(item));
			fputs("</li>\n", stream);
		}
		fputs("</ul>\n", stream);
	}
	if (!lint)
		print_tiers(stream, result);
	json_array_foreach(findings, i, item)
		print_finding(stream, item);
	print_not_judged(stream, summary);
	fputs("</body></html>\n", stream);
}

const struct crash__reporter crash__report_html = {print};
