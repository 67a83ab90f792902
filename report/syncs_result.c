/* SPDX-License-Identifier: MIT */
#include "report/syncs_result.h"

#include <string.h>

#include "base/json_value.h"
#include "explore/syncs/sync_worth.h"
#include "report/report.h"
#include "report/result.h"

/* ------------------------------------------------------------------ what they took */

struct times {
	uint64_t us, timed; /* of syncs that were measured; how many these are */
};

static void add_steps(struct times *times, const struct crash__fs *fs, const uint32_t *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t took = fs->steps[steps[i]].event->took;

		times->us += took;
		times->timed += took != 0;
	}
}

static void add_time(struct times *times, const struct crash__fs *fs, const struct crash__sync_site *site)
{
	add_steps(times, fs, site->steps, site->steps_count);
}

static json_t *time_json(const struct times *times)
{
	return times->timed ? json_integer((json_int_t)times->us) : json_null();
}

/* How long the whole run took. */
static json_t *run_json(const struct crash__trace *trace)
{
	json_t *end = trace->end_text ? json_loadb(trace->end_text, trace->end_length, 0, NULL) : NULL;
	double seconds = json_number_value(json_object_get(end, "seconds"));

	json_decref(end);
	return seconds > 0 ? json_integer((json_int_t)(seconds * 1e6)) : json_null();
}

/* ------------------------------------------------------------------ as JSON */

static const char *value_of(const struct crash__sync_site *site)
{
	return site->value == CRASH__SYNC_NEEDED    ? "needed" :
	       site->value == CRASH__SYNC_REDUNDANT ? "redundant" :
						      "undecided";
}

/* The numbers of syncs in their family. */
static json_t *numbers_json(const struct crash__fs *fs, const struct crash__sync_site *site)
{
	json_t *numbers = json_array();

	for (size_t i = 0; i < site->spare_count; i++) {
		const struct crash__event *event = fs->steps[site->spare[i]].event;

		json_array_append_new(numbers,
				      json_integer((json_int_t)(site->implied ? event->sync_occurrence :
										event->occurrence)));
	}
	return numbers;
}

static json_t *finding_json(const struct crash__sync_site *site)
{
	return site->state ?
		       json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", site->id ? site->id : "", "kind",
				 site->kind ? site->kind : "", "sentence", crash__json_string(site->sentence),
				 "model", crash__json_string(site->model), "state",
				 crash__json_string(site->state)) :
		       json_null();
}

static json_t *site_json(const struct crash__fs *fs, const struct crash__sync_site *site)
{
	struct times times = {0};
	const struct crash__event *first = fs->steps[site->steps[0]].event;

	add_time(&times, fs, site);
	return json_pack(
		"{s:s, s:s, s:b, s:o, s:o, s:o, s:I, s:I, s:o, s:b, s:b, s:b, s:I, s:I, s:b, s:I, s:I, s:I, "
		"s:o, s:o}",
		"value", value_of(site), "call", site->call, "implied", (int)site->implied, "file",
		crash__json_string(site->file), "where", crash__json_string(site->where), "callers",
		crash__json_string(site->callers), "first",
		(json_int_t)(site->implied ? first->sync_occurrence : first->occurrence), "times",
		(json_int_t)site->steps_count, "us", time_json(&times), "idle", (int)site->idle,
		"only_with_others", (int)site->alone, "others_undecided", (int)site->unsure, "states",
		(json_int_t)site->states, "checked", (json_int_t)site->checked, "counted", (int)site->counted,
		"masked", (json_int_t)site->masked, "tried", (json_int_t)site->tried, "needed",
		(json_int_t)site->needed, "spare", numbers_json(fs, site), "finding", finding_json(site));
}

/* A finding with all syncs; `syncs` is how many its repair would add. */
static json_t *missing_json(const struct crash__cause *cause, const struct times *all)
{
	bool mends = cause->repair != NULL;

	return json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:I, s:o}", "id", cause->id, "kind",
		crash__verdict_name(cause->kind), "sentence", crash__json_string(cause->sentence), "repair",
		crash__json_string(cause->repair), "advice", crash__json_string(cause->advice), "syncs",
		(json_int_t)(mends ? cause->syncs_count : 0), "us",
		mends && all->timed ? json_integer((json_int_t)(all->us / all->timed * cause->syncs_count)) :
				      json_null());
}

static json_t *summary_json(const struct crash__exploration *exploration, const struct crash__syncs *syncs,
			    const struct times *all, json_t *verified)
{
	const struct crash__fs *fs = &exploration->recording.fs;
	const struct crash__engine *engine = exploration->engine;
	struct times saved = {0};
	uint64_t redundant = 0;
	json_t *models = json_array();

	for (uint32_t i = 0; i < engine->options.model_count; i++)
		json_array_append_new(models, json_string(engine->options.models[i].name));
	for (size_t i = 0; i < syncs->sites_count; i++) {
		const struct crash__sync_site *site = &syncs->sites[i];

		redundant += crash__sync_is_saved(site) ? site->steps_count : site->spare_count;
		if (crash__sync_is_saved(site))
			add_time(&saved, fs, site);
		else
			add_steps(&saved, fs, site->spare, site->spare_count);
	}
	return json_pack(
		"{s:o, s:I, s:I, s:I, s:o, s:o, s:I, s:o, s:I, s:b, s:o, s:b, s:o}", "models", models,
		"callsites", (json_int_t)syncs->sites_count, "syncs", (json_int_t)syncs->made, "failed_syncs",
		(json_int_t)syncs->failed, "us", time_json(all), "run_us",
		all->timed ? run_json(fs->trace) : json_null(), "redundant", (json_int_t)redundant,
		"redundant_us", all->timed ? json_integer((json_int_t)saved.us) : json_null(), "checked",
		(json_int_t)(syncs->checked + engine->checked), "checker_sees_nothing", (int)syncs->blind,
		"verified", verified, "complete", (int)(exploration->recording.incomplete_count == 0),
		"incomplete_reasons", crash__result_reasons(&exploration->recording));
}

json_t *crash__syncs_result(const struct crash__exploration *exploration, const struct crash__syncs *syncs,
			    json_t *verified)
{
	const struct crash__fs *fs = &exploration->recording.fs;
	json_t *sites = json_array(), *missing = json_array();
	struct times all = {0};

	for (size_t i = 0; i < syncs->sites_count; i++) {
		add_time(&all, fs, &syncs->sites[i]);
		json_array_append_new(sites, site_json(fs, &syncs->sites[i]));
	}
	for (size_t i = 0; i < exploration->causes.list_count; i++)
		json_array_append_new(missing, missing_json(&exploration->causes.list[i], &all));
	return json_pack("{s:o, s:o, s:o}", "syncs", sites, "missing", missing, "summary",
			 summary_json(exploration, syncs, &all, verified));
}

void crash__syncs_print_json(FILE *stream, const json_t *result)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(result, "syncs"), i, item)
		crash__json_print(stream, json_pack("{s:O}", "sync", item));
	json_array_foreach(json_object_get(result, "missing"), i, item)
		crash__json_print(stream, json_pack("{s:O}", "missing", item));
	crash__json_print(stream, json_pack("{s:O}", "summary", json_object_get(result, "summary")));
}

/* ------------------------------------------------------------------ as text */

static void print_us(FILE *stream, const json_t *object, const char *name)
{
	long long us = crash__report_number(object, name);

	if (us < 10000)
		fprintf(stream, "%lld us", us);
	else if (us < 10000000)
		fprintf(stream, "%lld ms", (us + 500) / 1000);
	else
		fprintf(stream, "%.1f s", (double)us / 1e6);
}

static bool has(const json_t *object, const char *name)
{
	return !json_is_null(json_object_get(object, name));
}

static bool is(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static void print_times(FILE *stream, long long times)
{
	if (times == 1)
		fputs("once", stream);
	else
		fprintf(stream, "%lld times", times);
}

void crash__syncs_print_sync(FILE *stream, const json_t *site)
{
	const char *where = crash__report_text(site, "where"), *file = crash__report_text(site, "file"),
		   *callers = crash__report_text(site, "callers");

	crash__report_plain(stream, crash__report_text(site, "call"));
	if (*file)
		fputs(is(site, "implied") ? " to " : " of ", stream);
	crash__report_plain(stream, strcmp(file, ".") == 0 ? "the data directory" : file);
	if (*where) {
		fputs(" (", stream);
		crash__report_plain(stream, where);
		fputs(*callers ? ", called by " : "", stream);
		crash__report_plain(stream, callers);
		fputc(')', stream);
	}
	fputs(", ", stream);
	print_times(stream, crash__report_number(site, "times"));
	if (has(site, "us")) {
		fputs(", ", stream);
		print_us(stream, site, "us");
	}
}

/* "fsync#4, fsync#6 can be left out" */
static void print_spare(FILE *stream, const json_t *spare)
{
	const json_t *number;
	size_t i;

	if (!json_array_size(spare))
		return;
	fputs("           can be left out: ", stream);
	json_array_foreach(spare, i, number)
		fprintf(stream, "%sfsync#%lld", i ? ", " : "", (long long)json_integer_value(number));
	fputc('\n', stream);
}

static void print_needed(FILE *stream, const json_t *site)
{
	const json_t *finding = json_object_get(site, "finding");
	long long times = crash__report_number(site, "times"), tried = crash__report_number(site, "tried"),
		  needed = crash__report_number(site, "needed");

	fputs("           without it: ", stream);
	if (has(finding, "sentence")) {
		crash__report_plain(stream, crash__report_text(finding, "sentence"));
	} else {
		crash__report_plain(stream, crash__report_text(finding, "state"));
		fputs(" fails, and passes with what it makes durable", stream);
	}
	fputc('\n', stream);
	if (times == 1)
		return;
	if (tried < times)
		fprintf(stream,
			"           of %lld that were left out alone, %lld are needed; there are %lld\n",
			tried, needed, times);
	else
		fprintf(stream, "           left out alone, %lld of %lld are needed\n", needed, times);
	print_spare(stream, json_object_get(site, "spare"));
}

static void print_states(FILE *stream, const json_t *site)
{
	long long states = crash__report_number(site, "states"),
		  masked = crash__report_number(site, "masked");

	if (is(site, "idle"))
		fputs("           all that it makes durable is so without it\n", stream);
	else if (strcmp(crash__report_text(site, "value"), "redundant") == 0)
		fprintf(stream, "           all %lld states that are possible only without it are right\n",
			states);
	else if (crash__report_number(site, "checked"))
		fprintf(stream,
			"           redundant in %lld of %s%lld states that are possible only without it\n",
			crash__report_number(site, "checked") - masked,
			is(site, "counted") ? "" : "at least ", states);
	else
		fputs("           no state that is possible only without it was looked at\n", stream);
	if (masked)
		fprintf(stream, "           %lld more fail, and none of them is known to pass with it\n",
			masked);
	if (is(site, "only_with_others"))
		fputs(is(site, "others_undecided") ?
			      "           whether also without all others that are redundant was not found "
			      "out\n" :
			      "           but not where all others are left out that are redundant\n",
		      stream);
}

void crash__syncs_print_worth(FILE *stream, const json_t *site)
{
	if (strcmp(crash__report_text(site, "value"), "needed") == 0)
		print_needed(stream, site);
	else
		print_states(stream, site);
}

bool crash__syncs_mends(const json_t *missing)
{
	return has(missing, "repair");
}

void crash__syncs_print_repair(FILE *stream, const json_t *missing)
{
	bool mends = crash__syncs_mends(missing);

	crash__report_plain(stream, crash__report_text(missing, mends ? "repair" : "advice"));
	if (mends) {
		long long syncs = crash__report_number(missing, "syncs");

		fprintf(stream, ": %lld sync%s more", syncs, syncs == 1 ? "" : "s");
	}
	if (has(missing, "us")) {
		fputs(", about ", stream);
		print_us(stream, missing, "us");
	}
}

void crash__syncs_print_finding(FILE *stream, const json_t *missing)
{
	fprintf(stream, "           finding %s: ", crash__report_text(missing, "id"));
	crash__report_plain(stream, crash__report_text(missing, "sentence"));
	fputc('\n', stream);
}

/* What there was, and how much of the run. */
static void print_total(FILE *stream, const json_t *summary)
{
	long long us = crash__report_number(summary, "us"), run = crash__report_number(summary, "run_us");
	long long syncs = crash__report_number(summary, "syncs"),
		  callsites = crash__report_number(summary, "callsites");

	fprintf(stream, "%lld sync%s from %lld call site%s", syncs, syncs == 1 ? "" : "s", callsites,
		callsites == 1 ? "" : "s");
	if (has(summary, "us")) {
		fputs(" took ", stream);
		print_us(stream, summary, "us");
	}
	if (has(summary, "us") && run) {
		fputs(" of the ", stream);
		print_us(stream, summary, "run_us");
		fprintf(stream, " of the recorded run (%.0f %%)", 100.0 * (double)us / (double)run);
	}
	fputs("; judged under ", stream);
	crash__report_names(stream, json_object_get(summary, "models"));
	fputc('\n', stream);
}

static void print_summary(FILE *stream, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary"), *item;
	long long redundant = crash__report_number(summary, "redundant"), more = 0, us = 0;
	size_t i;

	print_total(stream, summary);
	if (!has(summary, "us") && crash__report_number(summary, "syncs"))
		fputs("what they took is not known: a trace of crashinject record has that\n", stream);
	fprintf(stream, "could be saved: %lld of them", redundant);
	if (has(summary, "redundant_us")) {
		fputs(", ", stream);
		print_us(stream, summary, "redundant_us");
	}
	json_array_foreach(json_object_get(result, "missing"), i, item) {
		more += crash__report_number(item, "syncs");
		us += crash__report_number(item, "us");
	}
	fprintf(stream, "; missing: %lld", more);
	if (us) {
		json_t *cost = json_pack("{s:I}", "us", (json_int_t)us);

		fputs(", about ", stream);
		print_us(stream, cost, "us");
		json_decref(cost);
	}
	fprintf(stream, "; %lld states checked\n", crash__report_number(summary, "checked"));
}

/* What came of a run without what is redundant. */
static void print_verified(FILE *stream, const json_t *verified)
{
	const json_t *finding, *findings = json_object_get(verified, "findings");
	long long skipped = crash__report_number(verified, "skipped"),
		  left_out = crash__report_number(verified, "not_skipped");
	size_t i;

	fprintf(stream, "run again without %lld sync%s, %lld states checked: %s\n", skipped,
		skipped == 1 ? "" : "s", crash__report_number(verified, "checked"),
		json_array_size(findings) ? "there are findings" : "nothing failed");
	if (left_out)
		fprintf(stream, "           with %lld more that cannot be skipped by rules\n", left_out);
	json_array_foreach(findings, i, finding) {
		fprintf(stream, "           finding %s: ", crash__report_text(finding, "id"));
		crash__report_plain(stream, crash__report_text(finding, "sentence"));
		fputc('\n', stream);
	}
}

/* What may have been missed, and what a run without it came to. */
static void print_rest(FILE *stream, const json_t *summary)
{
	const json_t *item;
	size_t i;

	if (has(summary, "verified"))
		print_verified(stream, json_object_get(summary, "verified"));
	json_array_foreach(json_object_get(summary, "incomplete_reasons"), i, item) {
		fputs("incomplete: ", stream);
		crash__report_plain(stream, json_string_value(item));
		fputc('\n', stream);
	}
}

void crash__syncs_print_end(FILE *stream, const json_t *result)
{
	print_summary(stream, result);
	print_rest(stream, json_object_get(result, "summary"));
}

void crash__syncs_print(FILE *stream, const json_t *result, bool quiet)
{
	const json_t *item;
	size_t i;

	/* "needed     fsync of store.wal (wal_sync at wal.c:88), 10 times, 18 ms", and why */
	json_array_foreach(json_object_get(result, "syncs"), i, item) {
		fprintf(stream, "%-10s ", crash__report_text(item, "value"));
		crash__syncs_print_sync(stream, item);
		fputc('\n', stream);
		crash__syncs_print_worth(stream, item);
	}
	json_array_foreach(json_object_get(result, "missing"), i, item) {
		fprintf(stream, "%-10s ", crash__syncs_mends(item) ? "missing" : "fails");
		crash__syncs_print_repair(stream, item);
		fputc('\n', stream);
		crash__syncs_print_finding(stream, item);
	}
	if (!quiet)
		print_summary(stream, result);
	print_rest(stream, json_object_get(result, "summary"));
}
