/* SPDX-License-Identifier: MIT */
/* For people. */
#include "report/report.h"

#include <string.h>

#include "base/json_value.h"
#include "report/witness_result.h"

#define OUTPUT_LINES 12

static const char *paint(const struct crash__report_options *options, const char *colour)
{
	return options->colour ? colour : "";
}

/* The first lines of what the checker said. */
static void print_output(FILE *stream, const char *output, int lines)
{
	if (!*output)
		return;
	fputs("  the checker said:\n", stream);
	for (; *output && lines; lines--) {
		size_t length = strcspn(output, "\n");

		fprintf(stream, "    %.*s\n", (int)length, output);
		output += length + (output[length] == '\n');
	}
	if (*output)
		fputs("    ...\n", stream);
}

/* There are names of files in it. */
static void print_words(FILE *stream, const char *before, const char *words)
{
	fprintf(stream, "  %s", before);
	crash__report_plain(stream, words);
	fputc('\n', stream);
}

/* What the sentence says of one file is so of all of these. */
static void print_files(FILE *stream, const json_t *files)
{
	const json_t *file;
	size_t i;

	if (json_array_size(files) < 2)
		return;
	json_array_foreach(files, i, file) {
		fputs(i ? ", " : "  files: ", stream);
		crash__report_plain(stream, json_string_value(file));
	}
	fputc('\n', stream);
}

/* On which real file systems it was looked for. */
static void print_witnesses(FILE *stream, const json_t *finding)
{
	const json_t *witness;
	size_t i;

	json_array_foreach(json_object_get(finding, "witnesses"), i, witness) {
		fputs("  really: ", stream);
		crash__witness_text(stream, witness);
		fputc('\n', stream);
	}
}

/* No model has a part in what a fault leads to. */
static void print_models(FILE *stream, const json_t *finding)
{
	const json_t *models = json_object_get(finding, "models");

	if (json_object_get(finding, "faults") && json_array_size(models) == 0)
		return;
	fputs("  allowed by: ", stream);
	crash__report_names(stream, models);
	if (json_array_size(json_object_get(finding, "models_not"))) {
		fputs("; not by: ", stream);
		crash__report_names(stream, json_object_get(finding, "models_not"));
	}
	fputc('\n', stream);
}

/* What the program wrote to standard error when a call of it failed. */
static void print_said(FILE *stream, const json_t *finding)
{
	const char *said = crash__report_text(finding, "said");

	if (!*said)
		return;
	fputs("  the program said: ", stream);
	fprintf(stream, "%.*s\n", (int)strcspn(said, "\n"), said);
}

static void print_finding(FILE *stream, const json_t *finding, const struct crash__report_options *options)
{
	bool accepted = json_is_true(json_object_get(finding, "accepted"));

	fprintf(stream, "\n%sfinding %s%s: %s, ", paint(options, accepted ? "\033[33m" : "\033[1;31m"),
		crash__report_text(finding, "id"), paint(options, "\033[0m"),
		crash__report_text(finding, "kind"));
	crash__report_times(stream, finding);
	fprintf(stream, "%s\n", accepted ? ", accepted" : "");
	if (accepted && !options->verbose) {
		print_witnesses(stream, finding);
		return;
	}
	print_words(stream, "", crash__report_text(finding, "sentence"));
	print_files(stream, json_object_get(finding, "files"));
	if (*crash__report_text(finding, "repair"))
		print_words(stream, "repair: ", crash__report_text(finding, "repair"));
	else if (*crash__report_text(finding, "advice"))
		print_words(stream, "", crash__report_text(finding, "advice"));
	print_models(stream, finding);
	print_witnesses(stream, finding);
	if (*crash__report_text(finding, "replay"))
		fprintf(stream, "  again:  %s\n", crash__report_text(finding, "replay"));
	if (options->verbose && *crash__report_text(finding, "explanation"))
		fprintf(stream, "  %s\n", crash__report_text(finding, "explanation"));
	print_said(stream, finding);
	print_output(stream, crash__report_text(finding, "output"), options->verbose ? 1000 : OUTPUT_LINES);
}

/* What a tier has come to: what it proves, or how far it came. A shard alone proves nothing. */
static void print_tier_end(FILE *stream, const json_t *tier, bool shard)
{
	long long checked = crash__report_number(tier, "checked"), fresh = crash__report_number(tier, "new");
	bool sample = strcmp(crash__report_text(tier, "tier"), "sample") == 0; /* is never exhaustive */

	if (!json_is_true(json_object_get(tier, "exhaustive")))
		fprintf(stream, "%lld of %s%lld checked\n", checked,
			json_is_true(json_object_get(tier, "counted")) ? "" : "at least ", fresh);
	else if (shard)
		fprintf(stream, "%lld of %lld checked, which is this shard\n", checked, fresh);
	else
		fprintf(stream, "%s: %s\n", sample ? "done" : "exhaustive",
			crash__report_text(tier, "proves"));
}

static void print_tiers(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	const char *what = crash__report_is_faults(result) ? "faults" : "states";
	bool shard = crash__report_is_shard(result);
	json_t *tier;
	size_t i;

	json_array_foreach(json_object_get(summary, "tiers"), i, tier) {
		if (!json_is_true(json_object_get(tier, "started"))) {
			fprintf(stream, "  %-15s %-10s not started\n", crash__report_text(tier, "model"),
				crash__report_text(tier, "tier"));
			continue;
		}
		fprintf(stream, "  %-15s %-10s %8lld %s %8lld new  ", crash__report_text(tier, "model"),
			crash__report_text(tier, "tier"), crash__report_number(tier, "named"), what,
			crash__report_number(tier, "new"));
		print_tier_end(stream, tier, shard);
	}
}

/* What was not seen is in no state: then it may not be the checker that is wrong. */
static void print_doubts(FILE *stream, const json_t *summary)
{
	const char *head = "  the recording is incomplete, which may be why:\n";
	json_t *reason;
	size_t i;

	json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, reason) {
		if (strstr(json_string_value(reason), CRASH__REPORT_REFUSED))
			continue;
		fprintf(stream, "%s    ", head);
		crash__report_plain(stream, json_string_value(reason));
		fputc('\n', stream);
		head = "";
	}
}

static void print_final(FILE *stream, const json_t *summary, const json_t *settings)
{
	long long status = crash__report_number(summary, "final_status");

	fprintf(stream,
		"crashinject: the final state, as the program left it, is not accepted (%s): nothing else "
		"was "
		"checked\n",
		crash__report_text(summary, "final_state"));
	print_output(stream, crash__report_text(summary, "final_output"), OUTPUT_LINES);
	if (status == 126 || status == 127)
		fprintf(stream,
			"  the checker could not be run (%lld): it runs in the data directory, so write "
			"\"$PWD/verify.sh\", not ./verify.sh\n",
			status);
	fprintf(stream, "  the checker runs in %s\n", crash__report_text(settings, "directory"));
	print_doubts(stream, summary);
}

/* What the result is worth comes before the result. */
static void print_not_looked_at(FILE *stream, const json_t *summary,
				const struct crash__report_options *options)
{
	json_t *sentence;
	size_t i;

	json_array_foreach(json_object_get(summary, "not_looked_at"), i, sentence) {
		fprintf(stream, "%swarning%s: ", paint(options, "\033[1;33m"), paint(options, "\033[0m"));
		crash__report_plain(stream, json_string_value(sentence));
		fputc('\n', stream);
	}
}

static void print_numbers(FILE *stream, const json_t *summary)
{
	static const struct {
		const char *name, *text;
	} extras[] = {
		{"known_before", "known already"},	  {"equal_after_recovery", "equal after recovery"},
		{"other_shards", "left to other shards"}, {"flaky", "flaky"},
		{"not_checkable", "not checkable"},
	};

	fprintf(stream, "%lld points, %lld states, %lld distinct, %lld checked, %lld failed",
		crash__report_number(summary, "points"), crash__report_number(summary, "states"),
		crash__report_number(summary, "distinct"), crash__report_number(summary, "checked"),
		crash__report_number(summary, "failed"));
	for (size_t i = 0; i < sizeof extras / sizeof *extras; i++)
		if (crash__report_number(summary, extras[i].name))
			fprintf(stream, ", %lld %s", crash__report_number(summary, extras[i].name),
				extras[i].text);
	fprintf(stream, "; %.1f s\n", json_number_value(json_object_get(summary, "seconds")));
}

/* Of the states of the tiers: what explains failures is checked besides. */
static long long count_checked(const json_t *summary)
{
	const json_t *tiers = json_object_get(summary, "tiers"), *tier;
	long long checked = 0;
	size_t i;

	json_array_foreach(tiers, i, tier)
		checked += crash__report_number(tier, "checked");
	return checked;
}

static void print_fault_numbers(FILE *stream, const json_t *summary)
{
	const json_t *faults = json_object_get(summary, "faults");

	fprintf(stream, "%lld ops that can fail, %lld faults, %lld tried, %lld with a failure",
		crash__report_number(summary, "points"), crash__report_number(summary, "states"),
		crash__report_number(summary, "checked"), crash__report_number(summary, "failed"));
	if (crash__report_number(faults, "strayed"))
		fprintf(stream, ", %lld found by their call site, as the run went another way",
			crash__report_number(faults, "strayed"));
	if (crash__report_number(faults, "aborted"))
		fprintf(stream,
			", %lld after which the program gave up by abort() and what it left was right",
			crash__report_number(faults, "aborted"));
	if (crash__report_number(summary, "known_before"))
		fprintf(stream, ", %lld known already", crash__report_number(summary, "known_before"));
	fprintf(stream, "; %.1f s\n", json_number_value(json_object_get(summary, "seconds")));
}

static void print_losses(FILE *stream, const json_t *summary)
{
	const json_t *losses = json_object_get(json_object_get(summary, "faults"), "then_crash");

	if (losses)
		fprintf(stream, "  power losses after %lld of %lld faults: %lld states, %lld failed\n",
			crash__report_number(losses, "explored"), crash__report_number(losses, "faults"),
			crash__report_number(losses, "states"), crash__report_number(losses, "failed"));
}

/* How much of the whole that is, which a budget may have cut short. */
static void print_sweeps(FILE *stream, const json_t *summary)
{
	const json_t *sweeps = json_object_get(summary, "sweeps");

	if (json_is_object(sweeps) && crash__report_number(sweeps, "classes"))
		fprintf(stream, "  %lld of %lld classes, %lld of %s%lld states%s\n",
			crash__report_number(sweeps, "seen"), crash__report_number(sweeps, "classes"),
			count_checked(summary),
			json_is_true(json_object_get(sweeps, "counted")) ? "" : "at least ",
			crash__report_number(summary, "distinct"),
			json_is_true(json_object_get(sweeps, "whole_trace")) ? ", over the whole trace" : "");
}

static void print_recovery(FILE *stream, const json_t *summary)
{
	if (!crash__report_has_recovery(summary))
		return;
	fputs("  ", stream);
	crash__report_recovery(stream, summary);
	fputc('\n', stream);
}

static void print_baseline(FILE *stream, const json_t *summary)
{
	json_t *id;
	size_t i;

	json_array_foreach(json_object_get(summary, "baseline_gone"), i, id)
		fprintf(stream, "accepted finding %s was not found any more\n", json_string_value(id));
}

static void print_remarks(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary"),
		     *settings = json_object_get(result, "settings");
	json_t *reason;
	size_t i;

	if (json_is_true(json_object_get(settings, "default_checker")))
		fputs("  no --check was given: the program was run again on each state, and its exit status "
		      "is the verdict\n",
		      stream);
	if (crash__report_number(summary, "ops_outside"))
		fprintf(stream, "  outside of %s, and ignored: %lld op%s\n",
			crash__report_text(settings, "directory"),
			crash__report_number(summary, "ops_outside"),
			crash__report_number(summary, "ops_outside") == 1 ? "" : "s");
	if (json_is_true(json_object_get(summary, "directory_missing")) &&
	    json_is_true(json_object_get(summary, "namespaces")))
		fprintf(stream, "  %s does not exist: only the checkers saw it\n",
			crash__report_text(settings, "directory"));
	if (*crash__report_text(summary, "why_no_namespaces"))
		fprintf(stream, "  %s on copies, %s: %s\n",
			crash__report_is_faults(result) ? "the program ran" : "states were checked",
			json_is_true(json_object_get(summary, "namespaces")) ?
				"which were mounted in the data directory's place" :
				"at other paths than the program's own",
			crash__report_text(summary, "why_no_namespaces"));
	if (crash__report_is_whole(result))
		return;
	fputs("incomplete:\n", stream);
	json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, reason) {
		fputs("  ", stream);
		crash__report_plain(stream, json_string_value(reason));
		fputc('\n', stream);
	}
}

/* Names of files may hold control characters. */
static void print_plain_names(FILE *stream, const json_t *silence)
{
	const json_t *what = json_object_get(silence, "what");
	json_t *name;
	size_t i;

	json_array_foreach(what, i, name) {
		fputs(i ? ", " : "      ", stream);
		crash__report_plain(stream, json_string_value(name));
	}
	if (crash__report_number(silence, "more"))
		fprintf(stream, " and %lld more", crash__report_number(silence, "more"));
	fputc('\n', stream);
}

static void print_not_judged(FILE *stream, const json_t *summary, bool verbose)
{
	const json_t *list = json_object_get(summary, "not_judged");
	json_t *silence;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	fputs("  not judged: ", stream);
	crash__report_not_judged(stream, summary);
	fputc('\n', stream);
	if (!verbose)
		return;
	json_array_foreach(list, i, silence) {
		fprintf(stream, "    %s: %s\n", crash__report_text(silence, "fact"),
			crash__report_text(silence, "explanation"));
		print_plain_names(stream, silence);
	}
}

static void print_result(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	const json_t *summary = json_object_get(result, "summary"),
		     *findings = json_object_get(result, "findings");
	const char *final = crash__report_text(summary, "final_state");
	bool lint = crash__report_is_lint(result);
	json_t *finding;
	size_t i;

	if (!lint && strcmp(final, "passed") != 0 && strcmp(final, "unchecked") != 0) {
		print_final(stream, summary, json_object_get(result, "settings"));
		return;
	}
	if (lint) {
		crash__report_looked_at(stream, summary);
		fputc('\n', stream);
	} else if (crash__report_is_faults(result)) {
		print_not_looked_at(stream, summary, options);
		print_fault_numbers(stream, summary);
	} else {
		print_not_looked_at(stream, summary, options);
		print_numbers(stream, summary);
	}
	if (!options->quiet) {
		print_sweeps(stream, summary);
		print_tiers(stream, result);
		print_losses(stream, summary);
		print_recovery(stream, summary);
		print_not_judged(stream, summary, options->verbose > 0);
		print_remarks(stream, result);
	}
	json_array_foreach(findings, i, finding)
		print_finding(stream, finding, options);
	print_baseline(stream, summary);
	if (json_array_size(findings) == 0)
		fprintf(stream, "%sno findings%s%s\n", paint(options, "\033[32m"), paint(options, "\033[0m"),
			crash__report_is_whole(result) ? "" : ", but the result is incomplete");
}

/* Names are shown as the bytes that they are. */
static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	json_t *bytes = json_deep_copy(result);

	crash__json_to_bytes(bytes);
	print_result(stream, bytes, options);
	json_decref(bytes);
}

const struct crash__reporter crash__report_terminal = {print};
