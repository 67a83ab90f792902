/* SPDX-License-Identifier: MIT */
/* For a comment on a change, or the summary of a step in CI. */
#include "report/report.h"

#include <string.h>

#include "base/json_value.h"
#include "report/witness_result.h"

/* Text within a line: nothing in it is markup, and it stays on the line. */
static void print_text(FILE *stream, const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text, lone = crash__json_byte(text);

		if (lone) { /* three bytes stand for it: Markdown is UTF-8 */
			fprintf(stream, "\\\\x%02x", lone);
			text += 2;
		} else if (byte == '\n' || byte == '\t')
			fputc(' ', stream);
		else if (byte < ' ' || byte == 0x7f)
			fprintf(stream, "\\\\%03o", byte);
		else if (byte == '<')
			fputs("&lt;", stream);
		else if (byte == '&')
			fputs("&amp;", stream);
		else if (strchr("\\`*_{}[]|#~>!@", byte))
			fprintf(stream, "\\%c", byte);
		else
			fputc(byte, stream);
	}
}

/* A block of code ends at as many backticks as it began with. */
static size_t fence_of(const char *text)
{
	size_t longest = 2;

	for (; *text; text++) {
		size_t run = strspn(text, "`");

		longest = run > longest ? run : longest;
		text += run ? run - 1 : 0;
	}
	return longest + 1;
}

static void print_fence(FILE *stream, size_t length, const char *end)
{
	for (size_t i = 0; i < length; i++)
		fputc('`', stream);
	fputs(end, stream);
}

static void print_block(FILE *stream, const char *kind, const char *text)
{
	size_t fence = fence_of(text);

	if (!*text)
		return;
	print_fence(stream, fence, kind);
	fputc('\n', stream);
	for (const char *at = text; *at; at++)
		if (crash__json_byte(at)) {
			fprintf(stream, "\\x%02x", crash__json_byte(at));
			at += 2;
		} else if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') {
			fprintf(stream, "\\%03o", (unsigned char)*at);
		} else {
			fputc(*at, stream);
		}
	if (text[strlen(text) - 1] != '\n')
		fputc('\n', stream);
	print_fence(stream, fence, "\n\n");
}

static void print_paragraph(FILE *stream, const char *title, const char *text)
{
	if (!*text)
		return;
	fprintf(stream, "**%s** ", title);
	print_text(stream, text);
	fputs("\n\n", stream);
}

static void print_finding(FILE *stream, const json_t *finding)
{
	bool accepted = json_is_true(json_object_get(finding, "accepted"));
	const json_t *item;
	size_t i;

	fprintf(stream, "### %s `%s` (", crash__report_text(finding, "kind"),
		crash__report_text(finding, "id"));
	crash__report_times(stream, finding);
	fprintf(stream, "%s)\n\n", accepted ? ", accepted" : "");
	print_text(stream, crash__report_text(finding, "sentence"));
	fputs("\n\n", stream);
	print_paragraph(stream, "Repair:", crash__report_text(finding, "repair"));
	print_paragraph(stream, "Advice:", crash__report_text(finding, "advice"));
	/* no model has a part in what a fault leads to */
	if (json_array_size(json_object_get(finding, "models")) || !json_object_get(finding, "faults")) {
		fputs("**Allowed by:** ", stream);
		crash__report_names(stream, json_object_get(finding, "models"));
		fputs("\n\n", stream);
	}
	json_array_foreach(json_object_get(finding, "witnesses"), i, item) {
		fputs("**On a real file system:** ", stream);
		crash__witness_text(stream, item);
		fputs("\n\n", stream);
	}
	print_block(stream, "sh", crash__report_text(finding, "replay"));
	if (*crash__report_text(finding, "output"))
		fputs("The checker said:\n\n", stream);
	print_block(stream, "", crash__report_text(finding, "output"));
}

static void print_tiers(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	const char *whole = crash__report_is_shard(result) ? "this shard" : "exhaustive";
	json_t *tier;
	size_t i;

	fprintf(stream, "| %s | |\n|---|---|---:|---:|---|\n",
		crash__report_is_faults(result) ? "error | how often | faults | tried" :
						  "model | tier | states | checked");
	json_array_foreach(json_object_get(summary, "tiers"), i, tier)
		fprintf(stream, "| %s | %s | %lld | %lld of %lld | %s |\n", crash__report_text(tier, "model"),
			crash__report_text(tier, "tier"), crash__report_number(tier, "named"),
			crash__report_number(tier, "checked"), crash__report_number(tier, "new"),
			json_is_true(json_object_get(tier, "exhaustive")) ? whole : "**cut short**");
	fputc('\n', stream);
}

static void print_incomplete(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	json_t *reason;
	size_t i;

	if (crash__report_is_whole(result))
		return;
	fputs("**Incomplete:**\n\n", stream);
	json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, reason) {
		fputs("- ", stream);
		print_text(stream, json_string_value(reason));
		fputc('\n', stream);
	}
	fputc('\n', stream);
}

/* What the result is worth comes before the result. */
static void print_not_looked_at(FILE *stream, const json_t *summary)
{
	json_t *sentence;
	size_t i;

	json_array_foreach(json_object_get(summary, "not_looked_at"), i, sentence) {
		fputs("**Warning:** ", stream);
		print_text(stream, json_string_value(sentence));
		fputs("\n\n", stream);
	}
}

static void print_not_judged(FILE *stream, const json_t *summary)
{
	if (json_array_size(json_object_get(summary, "not_judged")) == 0)
		return;
	fputs("Not judged: ", stream);
	crash__report_not_judged(stream, summary);
	fputs("\n\n", stream);
}

static void print_result(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary"),
		     *findings = json_object_get(result, "findings");
	const char *title = crash__report_text(json_object_get(result, "settings"), "title");
	size_t count = json_array_size(findings), i;
	json_t *finding;

	fputs("## ", stream);
	print_text(stream, *title ? title : "crashinject");
	if (count)
		fprintf(stream, ": %zu finding%s\n\n", count, count == 1 ? "" : "s");
	else
		fprintf(stream, ": %s\n\n", crash__report_is_whole(result) ? "no findings" : "incomplete");
	if (crash__report_is_shard(result)) {
		fputs("**", stream);
		crash__report_shard(stream, result);
		fputs("**\n\n", stream);
	}
	print_not_looked_at(stream, summary);
	print_incomplete(stream, result);
	json_array_foreach(findings, i, finding)
		print_finding(stream, finding);
	if (crash__report_is_lint(result)) {
		crash__report_looked_at(stream, summary);
		fputs("\n\n", stream);
	} else {
		print_tiers(stream, result);
	}
	if (crash__report_has_recovery(summary)) {
		fputs("And ", stream);
		crash__report_recovery(stream, summary);
		fputs(".\n\n", stream);
	}
	print_not_judged(stream, summary);
}

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	(void)options;
	print_result(stream, result);
}

const struct crash__reporter crash__report_markdown = {print};
