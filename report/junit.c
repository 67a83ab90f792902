/* SPDX-License-Identifier: MIT */
/*
 * As test runners write it: a case for each tier, which fails if it is not exhaustive, and one for each
 * finding; of lint's result one for each rule that found nothing. What lint did not judge is the suite's
 * output.
 */
#include "report/report.h"
#include "report/source_path.h"
#include "report/witness_result.h"

/* Cases of several workloads are told apart by the title. */
static void print_case(FILE *stream, const json_t *result, const char *class, const char *name)
{
	const char *title = crash__report_text(json_object_get(result, "settings"), "title");

	fputs("  <testcase classname=\"", stream);
	crash__report_escaped(stream, *title ? title : "crashinject");
	fprintf(stream, ".%s\" name=\"%s\"", class, name);
}

static void print_tiers(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	json_t *tier;
	size_t i;

	json_array_foreach(json_object_get(summary, "tiers"), i, tier) {
		print_case(stream, result, crash__report_text(tier, "model"),
			   crash__report_text(tier, "tier"));
		if (json_is_true(json_object_get(tier, "exhaustive")) && crash__report_is_shard(result))
			fputs("><skipped message=\"only this shard's states were checked\"/></testcase>\n",
			      stream);
		else if (json_is_true(json_object_get(tier, "exhaustive")))
			fputs("/>\n", stream);
		else
			fprintf(stream, "><error message=\"%lld of %lld states checked\"/></testcase>\n",
				crash__report_number(tier, "checked"), crash__report_number(tier, "new"));
	}
}

/* How many crashes inside recovery were not looked at, or recoveries. */
static long long left_of_recovery(const json_t *summary)
{
	const json_t *recovery = json_object_get(summary, "recovery");
	long long states = crash__report_number(recovery, "distinct") -
			   crash__report_number(recovery, "checked"),
		  recoveries = crash__report_number(recovery, "from") -
			       crash__report_number(recovery, "explored") -
			       crash__report_number(recovery, "same") -
			       crash__report_number(recovery, "idle");

	return (states > 0 ? states : 0) + (recoveries > 0 ? recoveries : 0);
}

/* Crashes inside recovery are one case. */
static void print_recovery(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	char name[32];

	if (!crash__report_has_recovery(summary))
		return;
	snprintf(name, sizeof name, "depth %lld",
		 crash__report_number(json_object_get(summary, "recovery"), "depth"));
	print_case(stream, result, "recovery", name);
	fputc('>', stream);
	if (left_of_recovery(summary))
		fprintf(stream, "<error message=\"at least %lld states and recoveries were not looked at\"/>",
			left_of_recovery(summary));
	else if (crash__report_is_shard(result))
		fputs("<skipped message=\"only this shard's recoveries were looked at\"/>", stream);
	fputs("<system-out>", stream);
	crash__report_recovery(stream, summary);
	fputs("</system-out></testcase>\n", stream);
}

/* Rules that found something are seen by what they found. */
static size_t print_rules(FILE *stream, const json_t *result)
{
	const json_t *rules = json_object_get(json_object_get(result, "summary"), "rules");
	size_t count = 0, i;
	json_t *rule;

	json_array_foreach(rules, i, rule) {
		if (crash__report_number(rule, "findings"))
			continue;
		count++;
		if (!stream)
			continue;
		print_case(stream, result, "lint", crash__report_text(rule, "rule"));
		fputs("/>\n", stream);
	}
	return count;
}

static void print_source(FILE *stream, const json_t *result, const json_t *finding)
{
	const json_t *location = json_object_get(crash__source_op(finding), "location");
	bool below;

	if (!location)
		return;
	fputs(" file=\"", stream);
	crash__report_escaped(stream,
			      crash__source_path(result, crash__report_text(location, "file"), &below));
	fprintf(stream, "\" line=\"%lld\"", crash__report_number(location, "line"));
}

static void print_finding(FILE *stream, const json_t *result, const json_t *finding)
{
	const json_t *witness;
	size_t i;

	print_case(stream, result, "finding", crash__report_text(finding, "id"));
	print_source(stream, result, finding);
	fputs(">\n", stream);
	if (json_is_true(json_object_get(finding, "accepted"))) {
		fputs("    <skipped message=\"accepted by the baseline\"/>\n  </testcase>\n", stream);
		return;
	}
	fprintf(stream, "    <failure type=\"%s\" message=\"", crash__report_text(finding, "kind"));
	crash__report_escaped(stream, crash__report_text(finding, "sentence"));
	fputs("\">", stream);
	crash__report_escaped(stream, crash__report_text(finding, "repair"));
	crash__report_escaped(stream, crash__report_text(finding, "advice"));
	fputc('\n', stream);
	crash__report_escaped(stream, crash__report_text(finding, "replay"));
	fputc('\n', stream);
	json_array_foreach(json_object_get(finding, "witnesses"), i, witness) {
		crash__witness_text(stream, witness);
		fputc('\n', stream);
	}
	crash__report_escaped(stream, crash__report_text(finding, "output"));
	fputs("</failure>\n  </testcase>\n", stream);
}

static void print_incomplete(FILE *stream, const json_t *result)
{
	const json_t *reasons = json_object_get(json_object_get(result, "summary"), "incomplete_reasons");
	char name[32];
	json_t *reason;
	size_t i;

	json_array_foreach(reasons, i, reason) {
		snprintf(name, sizeof name, "reason %zu", i + 1);
		print_case(stream, result, "complete", name);
		fputs("><error message=\"", stream);
		crash__report_escaped(stream, json_string_value(reason));
		fputs("\"/></testcase>\n", stream);
	}
}

/* What the checker does not look at may be wrong, and no test has failed. */
static void print_not_looked_at(FILE *stream, const json_t *summary)
{
	const json_t *list = json_object_get(summary, "not_looked_at"), *sentence;
	size_t i;

	if (!json_array_size(list))
		return;
	fputs("  <system-err>", stream);
	json_array_foreach(list, i, sentence) {
		fputs("warning: ", stream);
		crash__report_escaped(stream,
				      json_string_value(sentence) ? json_string_value(sentence) : "?");
		fputc('\n', stream);
	}
	fputs("</system-err>\n", stream);
}

/* Each fact on a line, with what it was counted by. */
static void print_not_judged(FILE *stream, const json_t *summary)
{
	const json_t *list = json_object_get(summary, "not_judged");
	json_t *silence, *name;
	size_t i, at;

	if (json_array_size(list) == 0)
		return;
	fputs("  <system-out>not judged:\n", stream);
	json_array_foreach(list, i, silence) {
		fprintf(stream, "%s: %s:", crash__report_text(silence, "fact"),
			crash__report_text(silence, "sentence"));
		json_array_foreach(json_object_get(silence, "what"), at, name) {
			fputs(at ? ", " : " ", stream);
			crash__report_escaped(stream, json_string_value(name));
		}
		fputc('\n', stream);
	}
	fputs("</system-out>\n", stream);
}

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	const json_t *summary = json_object_get(result, "summary"),
		     *findings = json_object_get(result, "findings");
	size_t tiers = json_array_size(json_object_get(summary, "tiers")), accepted = 0, cut = 0,
	       recovery = crash__report_has_recovery(summary), left = left_of_recovery(summary) > 0, i;
	size_t reasons = json_array_size(json_object_get(summary, "incomplete_reasons"));
	const char *title = crash__report_text(json_object_get(result, "settings"), "title"),
		   *date = crash__report_text(summary, "date");
	json_t *item;

	(void)options;
	json_array_foreach(findings, i, item)
		accepted += json_is_true(json_object_get(item, "accepted"));
	json_array_foreach(json_object_get(summary, "tiers"), i, item)
		cut += !json_is_true(json_object_get(item, "exhaustive"));
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"", stream);
	crash__report_escaped(stream, *title ? title : "crashinject");
	fprintf(stream, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"",
		tiers + recovery + print_rules(NULL, result) + json_array_size(findings) + reasons,
		json_array_size(findings) - accepted, cut + left + reasons,
		accepted + (crash__report_is_shard(result) ? tiers - cut + recovery - left : 0),
		json_number_value(json_object_get(summary, "seconds")));
	if (*date)
		fprintf(stream, " timestamp=\"%.19s\"", date); /* without its time zone, which is UTC */
	fputs(">\n", stream);
	print_tiers(stream, result);
	print_recovery(stream, result);
	print_rules(stream, result);
	json_array_foreach(findings, i, item)
		print_finding(stream, result, item);
	print_incomplete(stream, result);
	print_not_judged(stream, summary);
	print_not_looked_at(stream, summary);
	fputs("</testsuite>\n", stream);
}

const struct crash__reporter crash__report_junit = {print};
