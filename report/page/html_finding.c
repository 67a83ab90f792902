/* SPDX-License-Identifier: MIT */
/* A finding on a page, in words. The scripts draw what is on the disk in the place of its list. */
#include "report/page/html.h"

#include <string.h>

#include "report/report.h"
#include "report/witness_result.h"

/* How many names that are the same a list has: hundreds of findings have all of them in the data for the
 * scripts, and more rows than a browser makes in a moment. */
#define MOST_SAME 20

static bool is_of_fault(const json_t *finding)
{
	return json_object_get(finding, "faults") != NULL;
}

/* Of a power loss after one. */
static bool is_of_loss(const json_t *finding)
{
	return json_array_size(json_object_get(finding, "models")) > 0;
}

static void print_row(FILE *stream, const char *title, const char *text)
{
	if (!*text)
		return;
	fprintf(stream, "<dt>%s</dt><dd>", title);
	crash__report_escaped(stream, text);
	fputs("</dd>\n", stream);
}

static void print_list(FILE *stream, const char *title, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		return;
	fprintf(stream, "<dt>%s</dt><dd>", title);
	json_array_foreach(list, i, item) {
		fputs(i ? ", <bdi>" : "<bdi>", stream);
		crash__report_escaped(stream, json_string_value(item) ? json_string_value(item) : "?");
		fputs("</bdi>", stream);
	}
	fputs("</dd>\n", stream);
}

static void print_witnesses(FILE *stream, const json_t *finding)
{
	const json_t *witness;
	size_t i;

	json_array_foreach(json_object_get(finding, "witnesses"), i, witness) {
		fputs("<dt>On a real file system</dt><dd>", stream);
		crash__witness_text(stream, witness);
		fputs("</dd>\n", stream);
	}
}

/* ------------------------------------------------------------------ ops, with their stacks */

static void print_frame(FILE *stream, const json_t *frame)
{
	const char *function = crash__report_text(frame, "function"),
		   *file = crash__report_text(frame, "file");
	long long line = crash__report_number(frame, "line");

	fputs("<li><bdi>", stream);
	crash__report_escaped(stream, *function ? function : crash__report_text(frame, "address"));
	fputs("</bdi> <span class=\"where\">", stream);
	crash__report_escaped(stream, *file ? file : crash__report_text(frame, "object"));
	if (*file && line)
		fprintf(stream, ":%lld", line);
	fputs("</span></li>\n", stream);
}

static void print_op(FILE *stream, const json_t *op)
{
	const json_t *stack = json_object_get(op, "stack"), *frame;
	const char *role = crash__report_text(op, "role");
	size_t i;

	fputs("<li class=\"op\"><span class=\"role ", stream);
	crash__report_escaped(stream, role);
	fputs("\">", stream);
	crash__report_escaped(stream, *role ? role : "op");
	fputs("</span> <bdi>", stream);
	crash__report_escaped(stream, crash__report_text(op, "op"));
	fputs("</bdi>\n", stream);
	if (json_array_size(stack)) {
		fputs("<ol class=\"stack\">\n", stream);
		json_array_foreach(stack, i, frame)
			print_frame(stream, frame);
		fputs("</ol>\n", stream);
	}
	fputs("</li>\n", stream);
}

static void print_ops(FILE *stream, const json_t *finding)
{
	const json_t *ops = json_object_get(finding, "ops"), *op;
	size_t i;

	if (!json_array_size(ops))
		return;
	fprintf(stream, "<h3>%s</h3>\n<ul class=\"ops\">\n",
		!is_of_fault(finding) ? "Lost and survived" :
		is_of_loss(finding)   ? "What failed, and what was lost then" :
					"The call that failed");
	json_array_foreach(ops, i, op)
		print_op(stream, op);
	fputs("</ul>\n", stream);
}

/* ------------------------------------------------------------------ what is on the disk */

static void print_size(FILE *stream, const json_t *side)
{
	const char *kind = crash__report_text(side, "kind");

	if (!json_is_object(side))
		fputs("-", stream);
	else if (strcmp(kind, "file") == 0)
		fprintf(stream, "%lld", crash__report_number(side, "size"));
	else
		crash__report_escaped(stream, kind);
}

static void print_entry(FILE *stream, const json_t *entry)
{
	fprintf(stream, "<tr class=\"");
	crash__report_escaped(stream, crash__report_text(entry, "status"));
	fputs("\"><td>", stream);
	crash__report_escaped(stream, crash__report_text(entry, "status"));
	fputs("</td><td class=\"n\">", stream);
	print_size(stream, json_object_get(entry, "complete"));
	fputs("</td><td class=\"n\">", stream);
	print_size(stream, json_object_get(entry, "state"));
	fputs("</td><td><bdi>", stream);
	crash__report_escaped(stream, crash__report_text(entry, "path"));
	fputs("</bdi></td></tr>\n", stream);
}

static void print_differences(FILE *stream, const json_t *disk)
{
	const json_t *file;
	size_t i;

	if (!json_array_size(json_object_get(disk, "files")))
		return;
	fputs("<ul class=\"differences\">\n", stream);
	json_array_foreach(json_object_get(disk, "files"), i, file) {
		fputs("<li><bdi>", stream);
		crash__report_escaped(stream, crash__report_text(file, "path"));
		fprintf(stream, "</bdi>: %lld bytes differ, between %lld and %lld</li>\n",
			crash__report_number(file, "differ"), crash__report_number(file, "first"),
			crash__report_number(file, "last"));
	}
	fputs("</ul>\n", stream);
}

static void print_disk(FILE *stream, const json_t *result, const json_t *finding)
{
	const json_t *disk = json_object_get(json_object_get(json_object_get(result, "page"), "disk"),
					     crash__report_text(finding, "id")),
		     *entry;
	long long same = 0;
	bool end = strcmp(crash__report_text(disk, "against"), "end") == 0;
	size_t i;

	if (!disk)
		return;
	fprintf(stream,
		"<h3>On the disk in this state</h3>\n<div class=\"disk\"><p class=\"note\">Beside %s.</p>\n"
		"<table><thead><tr><th></th><th>%s</th><th>this "
		"state</th><th>name</th></tr></thead><tbody>\n",
		end ? "what the program left at its end; this state has lost nothing that was done" :
		      "the same moment with nothing lost",
		end ? "end" : "complete");
	json_array_foreach(json_object_get(disk, "entries"), i, entry)
		if (strcmp(crash__report_text(entry, "status"), "same") != 0 || ++same <= MOST_SAME)
			print_entry(stream, entry);
	fputs("</tbody></table>\n", stream);
	if (same > MOST_SAME)
		fprintf(stream, "<p class=\"note\">%lld more are the same.</p>\n", same - MOST_SAME);
	print_differences(stream, disk);
	if (crash__report_number(disk, "left_out"))
		fprintf(stream, "<p class=\"note\">%lld names are not listed.</p>\n",
			crash__report_number(disk, "left_out"));
	if (*crash__report_text(disk, "error")) {
		fputs("<p class=\"bad\">This is not all that there is: ", stream);
		crash__report_escaped(stream, crash__report_text(disk, "error"));
		fputs("</p>\n", stream);
	}
	fputs("</div>\n", stream);
}

/* ------------------------------------------------------------------ the whole */

static void print_block(FILE *stream, const char *title, const char *class, const char *text)
{
	if (!*text)
		return;
	fprintf(stream, "<h3>%s</h3>\n<pre class=\"%s\">", title, class);
	crash__report_escaped(stream, text);
	fputs("</pre>\n", stream);
}

void crash__html_finding(FILE *stream, const json_t *result, const json_t *finding)
{
	bool accepted = json_is_true(json_object_get(finding, "accepted"));

	fputs("<article class=\"finding\" id=\"", stream);
	crash__report_escaped(stream, crash__report_text(finding, "id"));
	fputs("\"><h2><span class=\"kind\">", stream);
	crash__report_escaped(stream, crash__report_text(finding, "kind"));
	fputs("</span> <a class=\"id\" href=\"#", stream);
	crash__report_escaped(stream, crash__report_text(finding, "id"));
	fputs("\">", stream);
	crash__report_escaped(stream, crash__report_text(finding, "id"));
	fputs("</a> <span class=\"times\">", stream);
	crash__report_times(stream, finding);
	fprintf(stream, "%s</span></h2>\n<p class=\"sentence\">", accepted ? ", accepted" : "");
	crash__report_escaped(stream, crash__report_text(finding, "sentence"));
	fputs("</p>\n<dl>\n", stream);
	print_row(stream, "Repair", crash__report_text(finding, "repair"));
	print_row(stream, "Advice", crash__report_text(finding, "advice"));
	print_row(stream, "Rule", crash__report_text(finding, "explanation"));
	print_row(stream, "In recovery from", crash__report_text(finding, "from"));
	if (is_of_fault(finding)) {
		print_list(stream, "Errors", json_object_get(finding, "errors"));
		print_list(stream, "Faults", json_object_get(finding, "faults"));
	}
	if (!is_of_fault(finding) || is_of_loss(finding))
		print_row(stream, "Crash at", crash__report_text(finding, "point"));
	print_list(stream, "Files", json_object_get(finding, "files"));
	print_list(stream, "Models that allow it", json_object_get(finding, "models"));
	print_list(stream, "Models that do not", json_object_get(finding, "models_not"));
	print_witnesses(stream, finding);
	fputs("</dl>\n", stream);
	print_block(stream, "The checker said", "said", crash__report_text(finding, "output"));
	print_block(stream, "The program said", "said", crash__report_text(finding, "said"));
	print_disk(stream, result, finding);
	print_ops(stream, finding);
	print_block(stream, is_of_fault(finding) ? "See it again" : "Put it on a disk", "copy",
		    crash__report_text(finding, "replay"));
	fputs("</article>\n", stream);
}
