/* SPDX-License-Identifier: MIT */
#include "report/page/html_index.h"

#include <stdlib.h>
#include <string.h>

#include "report/page/html.h"
#include "report/report.h"
#include "report/result.h"

/* ------------------------------------------------------------------ putting together */

static const char *date_of(const json_t *run)
{
	return crash__report_text(json_object_get(json_object_get(run, "result"), "summary"), "date");
}

/* What cannot be read has no date and comes last: it may be the newest. */
static bool is_newer(const json_t *run, const json_t *than)
{
	bool read = json_is_object(json_object_get(run, "result"));

	if (read != json_is_object(json_object_get(than, "result")))
		return !read;
	return strcmp(date_of(run), date_of(than)) > 0;
}

static void add_run(json_t *runs, json_t *run)
{
	size_t at = json_array_size(runs);

	while (at && is_newer(json_array_get(runs, at - 1), run))
		at--;
	json_array_insert(runs, at, run);
}

json_t *crash__index_group(const json_t *results)
{
	json_t *workloads = json_array(), *known = json_object(), *run;
	size_t i;

	json_array_foreach(results, i, run) {
		const char *name = crash__report_text(run, "name");
		json_t *workload = json_object_get(known, name);

		if (!workload) {
			workload = json_pack("{s:s, s:[]}", "name", name, "runs");
			json_array_append_new(workloads, workload);
			json_object_set(known, name, workload);
		}
		add_run(json_object_get(workload, "runs"), run);
	}
	json_decref(known);
	return workloads;
}

static const json_t *newest(const json_t *workload)
{
	const json_t *runs = json_object_get(workload, "runs");

	return json_array_get(runs, json_array_size(runs) - 1);
}

int crash__index_status(const json_t *workloads)
{
	const json_t *workload;
	int status = 0;
	size_t i;

	json_array_foreach(workloads, i, workload) {
		const json_t *result = json_object_get(newest(workload), "result");
		int its = json_is_object(result) ? crash__result_status(result) : 3;

		if (its == 1)
			return 1;
		if (its || crash__report_is_shard(result))
			status = 3;
	}
	return status;
}

/* ------------------------------------------------------------------ numbers */

/* Findings that nobody has accepted; of one model, or of all where that is NULL. */
static size_t count_findings(const json_t *result, const char *model)
{
	const json_t *finding, *name;
	size_t count = 0, i, k;

	json_array_foreach(json_object_get(result, "findings"), i, finding) {
		bool has = !model;

		json_array_foreach(json_object_get(finding, "models"), k, name)
			has |= model && json_is_string(name) && strcmp(json_string_value(name), model) == 0;
		count += has && !json_is_true(json_object_get(finding, "accepted"));
	}
	return count;
}

static bool has_finding(const json_t *result, const char *id)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		if (strcmp(crash__report_text(finding, "id"), id) == 0)
			return true;
	return false;
}

/* How many findings of one result another one does not have. */
static size_t count_new(const json_t *result, const json_t *before)
{
	const json_t *finding;
	size_t count = 0, i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		count += !has_finding(before, crash__report_text(finding, "id"));
	return count;
}

/* The names of the models that any of the newest runs has explored, as they come. */
static json_t *all_models(const json_t *workloads)
{
	const json_t *workload, *tier;
	json_t *models = json_object();
	size_t i, k;

	json_array_foreach(workloads, i, workload) {
		const json_t *result = json_object_get(newest(workload), "result");

		json_array_foreach(json_object_get(json_object_get(result, "summary"), "tiers"), k, tier)
			json_object_set_new(models, crash__report_text(tier, "model"), json_true());
	}
	return models;
}

/* Whether a model was explored at all, and whether all that was to be looked at under it was. */
static bool is_explored(const json_t *result, const char *model, bool *whole)
{
	const json_t *summary = json_object_get(result, "summary"), *tier;
	bool found = false;
	size_t i;

	*whole = json_is_true(json_object_get(summary, "complete")) && !crash__report_is_shard(result);
	json_array_foreach(json_object_get(summary, "tiers"), i, tier)
		if (strcmp(crash__report_text(tier, "model"), model) == 0) {
			found = true;
			*whole &= json_is_true(json_object_get(tier, "exhaustive"));
		}
	return found;
}

/* ------------------------------------------------------------------ the table */

#define WIDTH 90
#define HEIGHT 22

/* Findings of each run, from the oldest to the newest. */
static void print_trend(FILE *stream, const json_t *runs)
{
	size_t count = json_array_size(runs), most = 1, last = 0, i;
	const json_t *run;
	double x = 0, y = 0;

	if (count < 2)
		return;
	json_array_foreach(runs, i, run) {
		last = count_findings(json_object_get(run, "result"), NULL);
		most = last > most ? last : most;
	}
	fprintf(stream,
		"<svg width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"findings of %zu runs:", WIDTH,
		HEIGHT, count);
	json_array_foreach(runs, i, run)
		fprintf(stream, " %zu", count_findings(json_object_get(run, "result"), NULL));
	fputs("\"><polyline class=\"trend\" points=\"", stream);
	json_array_foreach(runs, i, run) {
		x = 3 + (double)i * (WIDTH - 6) / (double)(count - 1);
		y = HEIGHT - 4 -
		    (double)count_findings(json_object_get(run, "result"), NULL) * (HEIGHT - 8) /
			    (double)most;
		fprintf(stream, "%.1f,%.1f ", x, y);
	}
	fprintf(stream, "\"/><circle class=\"trend-end\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/></svg>", x, y);
}

static void print_change(FILE *stream, const json_t *runs)
{
	size_t count = json_array_size(runs), came, went;
	const json_t *result, *before;

	if (count < 2)
		return;
	result = json_object_get(json_array_get(runs, count - 1), "result");
	before = json_object_get(json_array_get(runs, count - 2), "result");
	if (!json_is_object(result) || !json_is_object(before))
		return;
	came = count_new(result, before);
	went = count_new(before, result);
	if (came)
		fprintf(stream, "<span class=\"bad\">%zu new</span>", came);
	if (went)
		fprintf(stream, "%s%zu gone", came ? ", " : "", went);
	if (!came && !went)
		fputs("the same", stream);
}

static void print_cell(FILE *stream, const json_t *result, const char *model)
{
	size_t count = count_findings(result, model);
	bool whole;

	if (!is_explored(result, model, &whole))
		fputs("<td class=\"cell n\" title=\"not explored\">\xc2\xb7</td>", stream);
	else if (count)
		fprintf(stream, "<td class=\"cell n bad\">%zu</td>", count);
	else if (whole)
		fputs("<td class=\"cell n good\">0</td>", stream);
	else
		fputs("<td class=\"cell n open\" title=\"not all was looked at\">0 so far</td>", stream);
}

static void print_row(FILE *stream, const json_t *workload, const json_t *models, size_t number)
{
	const json_t *runs = json_object_get(workload, "runs"), *run = newest(workload),
		     *result = json_object_get(run, "result"), *value;
	const char *model;

	fprintf(stream, "<tr><td><a href=\"#workload-%zu\">", number);
	crash__report_escaped(stream, crash__report_text(workload, "name"));
	fputs("</a></td>", stream);
	json_object_foreach((json_t *)(uintptr_t)models, model, value)
		print_cell(stream, result, model);
	fputs("<td>", stream);
	if (!json_is_object(result))
		fputs("<span class=\"bad\">cannot be read</span>", stream);
	else if (crash__report_is_shard(result))
		fputs("<span class=\"open\">a shard</span>", stream);
	else
		fputs(json_is_true(json_object_get(json_object_get(result, "summary"), "complete")) ?
			      "complete" :
			      "incomplete",
		      stream);
	fputs("</td><td>", stream);
	print_trend(stream, runs);
	fputs("</td><td>", stream);
	print_change(stream, runs);
	fputs("</td><td class=\"date\">", stream);
	crash__report_escaped(stream, date_of(run));
	fputs("</td></tr>\n", stream);
}

static void print_table(FILE *stream, const json_t *workloads)
{
	json_t *models = all_models(workloads), *value, *workload;
	const char *model;
	size_t i;

	fputs("<div class=\"scroll\"><table class=\"workloads\"><thead><tr><th>workload</th>", stream);
	json_object_foreach(models, model, value) {
		fputs("<th class=\"n\">", stream);
		crash__report_escaped(stream, model);
		fputs("</th>", stream);
	}
	fputs("<th></th><th>runs</th><th>since the last</th><th>date</th></tr></thead><tbody>\n", stream);
	json_array_foreach(workloads, i, workload)
		print_row(stream, workload, models, i + 1);
	fputs("</tbody></table></div>\n", stream);
	json_decref(models);
}

/* ------------------------------------------------------------------ a workload */

static void print_run(FILE *stream, const json_t *run)
{
	const json_t *result = json_object_get(run, "result"), *summary = json_object_get(result, "summary"),
		     *item;
	size_t found, i;

	fputs("<li><span class=\"date\">", stream);
	crash__report_escaped(stream, date_of(run));
	fputs("</span> <span class=\"where\">", stream);
	crash__report_escaped(stream, crash__report_text(run, "place"));
	fputs("</span> ", stream);
	if (!json_is_object(result)) {
		fputs("<span class=\"bad\">", stream);
		crash__report_escaped(stream, crash__report_text(run, "error"));
		fputs("</span></li>\n", stream);
		return;
	}
	found = count_findings(result, NULL);
	fprintf(stream, "%zu finding%s, %lld states checked", found, found == 1 ? "" : "s",
		crash__report_number(summary, "checked"));
	json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, item) {
		fputs(i ? "; " : "; incomplete: ", stream);
		crash__report_escaped(stream, json_string_value(item) ? json_string_value(item) : "?");
	}
	fputs("</li>\n", stream);
}

static void print_workload(FILE *stream, const json_t *workload, size_t number)
{
	const json_t *runs = json_object_get(workload, "runs"), *finding,
		     *result = json_object_get(newest(workload), "result");
	size_t i;

	fprintf(stream, "<section class=\"workload\" id=\"workload-%zu\"><h2>", number);
	crash__report_escaped(stream, crash__report_text(workload, "name"));
	fputs("</h2>\n<ul class=\"note\">\n", stream);
	for (i = json_array_size(runs); i; i--)
		print_run(stream, json_array_get(runs, i - 1));
	fputs("</ul>\n", stream);
	json_array_foreach(json_object_get(result, "findings"), i, finding) {
		fputs("<article class=\"finding current\"><h2><span class=\"kind\">", stream);
		crash__report_escaped(stream, crash__report_text(finding, "kind"));
		fputs("</span> <span class=\"id\">", stream);
		crash__report_escaped(stream, crash__report_text(finding, "id"));
		fprintf(stream, "</span>%s</h2>\n<p class=\"sentence\">",
			json_is_true(json_object_get(finding, "accepted")) ? " accepted" : "");
		crash__report_escaped(stream, crash__report_text(finding, "sentence"));
		fputs("</p><p class=\"note\">", stream);
		crash__report_escaped(stream, crash__report_text(finding, "repair"));
		fputs("</p></article>\n", stream);
	}
	fputs("</section>\n", stream);
}

void crash__html_index(FILE *stream, json_t *workloads, const char *title)
{
	char key[CRASH__DIGEST_TEXT];
	size_t findings = 0, i;
	const json_t *workload;

	json_array_foreach(workloads, i, workload)
		findings += count_findings(json_object_get(newest(workload), "result"), NULL);
	crash__html_key(workloads, key);
	crash__html_begin(stream, title, key);
	fputs("<header class=\"top\"><h1>", stream);
	crash__report_escaped(stream, title);
	fprintf(stream,
		"</h1>\n<p class=\"verdict %s\">%zu finding%s</p><p class=\"date\">%zu "
		"workload%s</p></header>\n",
		findings		       ? "bad" :
		crash__index_status(workloads) ? "open" :
						 "good",
		findings, findings == 1 ? "" : "s", json_array_size(workloads),
		json_array_size(workloads) == 1 ? "" : "s");
	fputs("<main>\n", stream);
	print_table(stream, workloads);
	json_array_foreach(workloads, i, workload)
		print_workload(stream, workload, i + 1);
	fputs("</main>\n", stream);
	crash__html_data(stream, json_pack("{s:[]}", "findings"));
	crash__html_end(stream, key);
}
