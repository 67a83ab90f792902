/* SPDX-License-Identifier: MIT */
/*
 * Commands to the workflow of GitHub Actions: an annotation for each finding, at its source line where that
 * is known, and one for each reason why something may have been missed.
 * https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
#include "report/report.h"
#include "report/source_path.h"

#include "base/json_value.h"

/* What ends a command or a property is written in percent, as in a URL. */
static void print_escaped(FILE *stream, const char *text, bool property)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text, lone = crash__json_byte(text);

		if (lone) { /* three bytes stand for it: the log is UTF-8 */
			fprintf(stream, "\\x%02x", lone);
			text += 2;
		} else if (byte < ' ' || byte == 0x7f || byte == '%' ||
			   (property && (byte == ':' || byte == ',')))
			fprintf(stream, "%%%02X", byte);
		else
			fputc(byte, stream);
	}
}

static void print_place(FILE *stream, const json_t *result, const json_t *finding)
{
	const json_t *op = crash__source_op(finding), *location = json_object_get(op, "location");
	bool below;

	if (!op)
		return;
	fputs(" file=", stream);
	print_escaped(stream, crash__source_path(result, crash__report_text(location, "file"), &below), true);
	fprintf(stream, ",line=%lld,", crash__report_number(location, "line"));
}

static void print_title(FILE *stream, const json_t *result, const char *what)
{
	const char *title = crash__report_text(json_object_get(result, "settings"), "title");

	fputs("title=", stream);
	print_escaped(stream, *title ? title : "crashinject", true);
	fputs("%3A ", stream);
	print_escaped(stream, what, true);
	fputs("::", stream);
}

static void print_finding(FILE *stream, const json_t *result, const json_t *finding)
{
	const char *repair = crash__report_text(finding, "repair"),
		   *replay = crash__report_text(finding, "replay");
	char what[96];

	snprintf(what, sizeof what, "%s, finding %s", crash__report_text(finding, "kind"),
		 crash__report_text(finding, "id"));
	fputs(json_is_true(json_object_get(finding, "accepted")) ? "::notice" : "::error", stream);
	print_place(stream, result, finding);
	if (!crash__source_op(finding))
		fputc(' ', stream);
	print_title(stream, result, what);
	print_escaped(stream, crash__report_text(finding, "sentence"), false);
	if (*repair)
		fputs("%0Arepair: ", stream);
	print_escaped(stream, *repair ? repair : crash__report_text(finding, "advice"), false);
	if (*replay)
		fputs("%0Aagain: ", stream);
	print_escaped(stream, replay, false);
	fputc('\n', stream);
}

static void print_result(FILE *stream, const json_t *result)
{
	json_t *item;
	size_t i;

	if (crash__report_is_shard(result)) {
		fputs("::notice ", stream);
		print_title(stream, result, "a shard");
		crash__report_shard(stream, result);
		fputc('\n', stream);
	}

	json_array_foreach(json_object_get(json_object_get(result, "summary"), "not_looked_at"), i, item) {
		fputs("::warning ", stream);
		print_title(stream, result, "what is not checked");
		print_escaped(stream, json_string_value(item), false);
		fputc('\n', stream);
	}
	json_array_foreach(json_object_get(result, "findings"), i, item)
		print_finding(stream, result, item);
	json_array_foreach(json_object_get(json_object_get(result, "summary"), "incomplete_reasons"), i,
			   item) {
		fputs("::warning ", stream);
		print_title(stream, result, "incomplete");
		print_escaped(stream, json_string_value(item), false);
		fputc('\n', stream);
	}
}

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	(void)options;
	print_result(stream, result);
}

const struct crash__reporter crash__report_github = {print};
