/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "report/report.h"
#include "report/syncs_result.h"

static const char head[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n"
	"<title>What each sync is worth</title>\n<style>\n"
	"body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em;\n"
	"  color: CanvasText; background: Canvas; color-scheme: light dark }\n"
	"table { border-collapse: collapse; width: 100% }\n"
	"th, td { text-align: left; vertical-align: top; padding: .4em .6em; border-bottom: 1px solid "
	"GrayText }\n"
	"td + td { white-space: pre-line }\n"
	"</style></head><body>\n<h1>What each sync is worth</h1>\n";

/* What is printed for a terminal, as text of the page. */
static void add(FILE *page, void (*print)(FILE *stream, const json_t *object), const json_t *object)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return;
	print(stream, object);
	if (fclose(stream) == 0)
		crash__report_escaped(page, text);
	free(text);
}

static void add_row(FILE *page, const char *value, const json_t *object,
		    void (*print_sync)(FILE *stream, const json_t *object),
		    void (*print_worth)(FILE *stream, const json_t *object))
{
	fputs("<tr><td>", page);
	crash__report_escaped(page, value);
	fputs("</td><td>", page);
	add(page, print_sync, object);
	fputs("</td><td>", page);
	add(page, print_worth, object);
	fputs("</td></tr>\n", page);
}

void crash__syncs_print_page(FILE *page, const json_t *result)
{
	const json_t *item;
	size_t i;

	fputs(head, page);
	fputs("<table><thead><tr><th>value<th>sync<th>why</tr></thead><tbody>\n", page);
	json_array_foreach(json_object_get(result, "syncs"), i, item)
		add_row(page, crash__report_text(item, "value"), item, crash__syncs_print_sync,
			crash__syncs_print_worth);
	json_array_foreach(json_object_get(result, "missing"), i, item)
		add_row(page, crash__syncs_mends(item) ? "missing" : "fails", item, crash__syncs_print_repair,
			crash__syncs_print_finding);
	fputs("</tbody></table>\n<pre>", page);
	add(page, crash__syncs_print_end, result);
	fputs("</pre>\n</body></html>\n", page);
}
