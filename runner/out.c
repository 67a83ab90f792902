/* SPDX-License-Identifier: MIT */
#include "runner/out.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"
#include "common/suggest.h"
#include "trace/event_text.h"

static const struct {
	const char *name, *sentence;
} incompletes[CRASH__INCOMPLETES] = {
#define INCOMPLETE(ENUM, text, about) [CRASH__INCOMPLETE_##ENUM] = {#text, about},
#include "common/incomplete.def"
#undef INCOMPLETE
};

bool crash__is_incomplete_because(const char *reason, enum crash__incomplete why)
{
	size_t length = strlen(incompletes[why].name);

	return strncmp(reason, incompletes[why].name, length) == 0 && reason[length] == ':';
}

char *crash__fired_point(const struct crash__fired *fired)
{
	char name[CRASH__NAME + 24];

	snprintf(name, sizeof name, "%s#%llu",
		 fired->family < 0 ? fired->name : crash__family_name((unsigned int)fired->family),
		 (unsigned long long)fired->occurrence);
	return strdup(name);
}

char *crash__fired_call_point(const struct crash__fired *fired)
{
	char name[CRASH__NAME + 24];

	if (fired->call < 0)
		return NULL;
	crash__call_point_name(name, sizeof name, (unsigned int)fired->call, fired->call_occurrence);
	return strdup(name);
}

static char *copy_or_null(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

/* Where the frames are: in which object, at which of its addresses. */
static int fill_frames(struct crash_out *out, const struct crash__fired *fired)
{
	uint32_t count = atomic_load(&fired->frames);

	out->backtrace = calloc(count + 1, sizeof *out->backtrace);
	if (!out->backtrace)
		return crash__fail(CRASH_ENOMEM, "no memory for the backtrace");
	out->backtrace_complete = fired->unwound;
	for (uint32_t i = 0; i < count; i++) {
		struct crash_frame *frame = &out->backtrace[out->frames++];
		uint64_t address = fired->addresses[i];
		uint32_t m = 0;

		while (m < fired->modules &&
		       (address < fired->module[m].start || address >= fired->module[m].end))
			m++;
		frame->address = m < fired->modules ? address - fired->module[m].bias : address;
		frame->object = m < fired->modules ? strdup(fired->module[m].path) : NULL;
		if (m < fired->modules && !frame->object)
			return crash__fail(CRASH_ENOMEM, "no memory for the backtrace");
	}
	return 0;
}

int crash__out_name(struct crash_out *out, struct crash__symbols *symbols)
{
	for (size_t i = 0; i < out->frames; i++) {
		struct crash_frame *frame = &out->backtrace[i], named;
		int error;

		if (!frame->object)
			continue;
		error = crash__symbols_name(symbols, frame->object, frame->address, &named);
		if (error < 0)
			return error;
		crash__frame_clear(frame);
		*frame = named;
	}
	return 0;
}

/* Every program of the tree could write there, by mistake, too. What leads out of a table or a string is not
 * believed. */
static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_sound_crash(const struct crash__fired *fired, const struct crash__plan *plan)
{
	bool sound = fired->rule < plan->count && crash__action_is_death(plan->rules[fired->rule].action) &&
		     fired->call >= -1 && fired->call < CRASH__CALLS && fired->family >= -1 &&
		     fired->family <= CRASH__FAMILY_IO && ends(fired->name, sizeof fired->name) &&
		     ends(fired->file, sizeof fired->file) && ends(fired->to, sizeof fired->to) &&
		     fired->modules <= CRASH__MODULES && atomic_load(&fired->frames) <= CRASH__FRAMES;

	for (uint32_t i = 0; sound && i < fired->modules; i++)
		sound = ends(fired->module[i].path, sizeof fired->module[i].path);
	return sound;
}

static int fill_fired(struct crash_out *out, const struct crash__control *control, const char *scenario)
{
	const struct crash__fired *fired = &control->fired;
	const struct crash__rule *rule = &control->plan.rules[fired->rule];

	out->killed = true;
	out->point = crash__fired_point(fired);
	out->call_point = crash__fired_call_point(fired);
	out->rule = strndup(scenario + rule->column - 1, rule->length);
	out->call = fired->call < 0 ? NULL : strdup(crash__calls[fired->call].name);
	out->file = copy_or_null(fired->file);
	out->to = copy_or_null(fired->to);
	out->offset = fired->offset;
	out->bytes = fired->bytes;
	out->written = fired->done;
	out->pid = fired->pid;
	return fill_frames(out, fired);
}

int crash__out_incomplete(struct crash_out *out, enum crash__incomplete why, const char *detail)
{
	size_t count = 0;
	char **reasons, *text;

	assert(why <= CRASH__INCOMPLETES);
	while (out->incomplete_reasons && out->incomplete_reasons[count])
		count++;
	reasons = realloc(out->incomplete_reasons, (count + 2) * sizeof *reasons);
	if (!reasons)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	out->incomplete_reasons = reasons;
	reasons[count] = NULL;
	if (why == CRASH__INCOMPLETES) /* only makes the list */
		return 0;
	if (asprintf(&text, "%s: %s%s%s%s", incompletes[why].name, incompletes[why].sentence,
		     detail && *detail ? " (" : "", detail ? detail : "", detail && *detail ? ")" : "") < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	reasons[count] = text;
	reasons[count + 1] = NULL;
	out->complete = false;
	return 0;
}

static int fill_reasons(struct crash_out *out, const struct crash__report *report)
{
	int error = crash__out_incomplete(out, CRASH__INCOMPLETES, NULL);

	out->complete = true;
	for (int i = 0; error == 0 && i < CRASH__REASONS; i++) {
		const struct crash__reason *reason = &report->reasons[i];

		if (atomic_load(&reason->state) == 2)
			error = crash__out_incomplete(out, reason->why, reason->detail);
	}
	return error;
}

/* Where a filter reports what the shim does not redirect, nothing is missed. */
static int fill_unknown_libc(struct crash_out *out, const struct crash__job *job)
{
	unsigned int calls = atomic_load(&job->control->libc_calls),
		     unplaced = atomic_load(&job->control->libc_unplaced);
	bool filter = true;
	char detail[64];

	for (int i = 0; i < CRASH__REASONS; i++)
		if (atomic_load(&job->report->reasons[i].state) == 2 &&
		    job->report->reasons[i].why == CRASH__INCOMPLETE_NO_SUPERVISOR)
			filter = false;
	if (filter || !unplaced)
		return 0;
	snprintf(detail, sizeof detail, "%u of %u", unplaced, calls);
	return crash__out_incomplete(out, CRASH__INCOMPLETE_UNKNOWN_LIBC, calls ? detail : "all of them");
}

static int fill_unreached(struct crash_out *out, const struct crash__plan *plan,
			  const struct crash__hits *hits, const char *scenario)
{
	uint32_t rules = scenario ? plan->count : 0;
	size_t count = 0;

	out->unreached = calloc(rules + 1, sizeof *out->unreached);
	for (uint32_t i = 0; out->unreached && i < rules; i++) {
		const struct crash__rule *rule = &plan->rules[i];

		if (atomic_load(&hits->of[i]) < rule->first)
			out->unreached[count++] = strndup(scenario + rule->column - 1, rule->length);
	}
	return out->unreached ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the result");
}

/* Another name that was passed, for the first rule whose point never was; NULL: there is none. */
static const char *find_meant(const struct crash__control *control)
{
	const struct crash__plan *plan = &control->plan;

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct crash__rule *rule = &plan->rules[i];
		struct crash__suggestion near = {.word = rule->name, .length = strlen(rule->name)};
		bool missed = rule->kind == CRASH__KIND_EXPLICIT && !rule->pattern;

		for (int k = 0; k < CRASH__POINTS && missed; k++) {
			const struct crash__named_point *point = &control->points[k];

			if (atomic_load(&point->state) != 2 || !ends(point->name, sizeof point->name) ||
			    !atomic_load(&point->hits))
				continue;
			missed = strcmp(point->name, rule->name) != 0;
			crash__suggest(&near, point->name);
		}
		if (missed && near.best)
			return near.best;
	}
	return NULL;
}

static int fill_passed(struct crash_out *out, const struct crash__control *control)
{
	size_t size;
	FILE *stream = open_memstream(&out->passed, &size);
	const char *comma = "", *meant = find_meant(control);

	if (!stream)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	for (int i = 0; i < CRASH__FAMILIES; i++) {
		uint64_t hits = atomic_load(&control->family_hits[i]);

		if (hits)
			fprintf(stream, "%s%llu %s", comma, (unsigned long long)hits,
				crash__families[i].name);
		comma = hits ? ", " : comma;
	}
	for (int i = 0; i < CRASH__POINTS; i++) {
		const struct crash__named_point *point = &control->points[i];
		uint64_t hits = atomic_load(&point->hits);

		if (atomic_load(&point->state) != 2 || !hits || !ends(point->name, sizeof point->name))
			continue;
		fprintf(stream, "%s%llu %s", comma, (unsigned long long)hits, point->name);
		comma = ", ";
	}
	if (!*comma)
		fputs("no points", stream);
	if (meant)
		fprintf(stream, "; did you mean %s?", meant);
	fclose(stream);
	return 0;
}

int crash__out_fill(struct crash_out *out, const struct crash__job *job, const char *scenario)
{
	const struct crash__report *report = job->report;
	const struct crash__control *control = job->control;
	bool sound = true;
	int error = 0;

	out->exit_code = WIFEXITED(report->status) ? WEXITSTATUS(report->status) : -1;
	out->signal = WIFSIGNALED(report->status) ? WTERMSIG(report->status) : 0;
	out->timed_out = report->timed_out;
	out->left_behind = report->left_behind;
	out->seconds = (double)(report->ended - report->started) / 1e9;
	out->pid = report->pid;
	out->offset = out->bytes = out->written = -1;
	/* Being written down is what makes it ours: a signal alone proves nothing. One that was still due
	 * when everything ended has not happened. */
	if (crash__control_has_fired(control)) {
		sound = is_sound_crash(&control->fired, &control->plan);
		error = sound ? fill_fired(out, control, scenario) : 0;
	}
	if (error == 0)
		error = fill_reasons(out, report);
	if (error == 0 && !sound)
		error = crash__out_incomplete(out, CRASH__INCOMPLETE_DAMAGED, "the record of the crash");
	if (error == 0 && (control->mode & CRASH__MODE_RECORD) && atomic_load(&control->mappers) &&
	    !out->killed)
		error = crash__out_incomplete(out, CRASH__INCOMPLETE_MAPPING_UNSEEN,
					      "a program that had mapped a file was killed, or ended by an "
					      "instruction of its own");
	if (error == 0 && atomic_load(&control->strangers))
		error = crash__out_incomplete(out, CRASH__INCOMPLETE_OTHER_SHIM, NULL);
	if (error == 0 && atomic_load(&control->refused_io_uring) && out->exit_code != 0 && !out->killed &&
	    !out->timed_out)
		error = crash__out_incomplete(out, CRASH__INCOMPLETE_IO_URING,
					      "it was refused, and the program failed: it may need it");
	if (error == 0)
		error = fill_unknown_libc(out, job);
	if (error == 0)
		error = fill_unreached(out, &control->plan, &control->hits, scenario);
	return error < 0 ? error : fill_passed(out, control);
}

/* ------------------------------------------------------------------ release */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	remove(path);
	return 0;
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void crash_out_clear(struct crash_out *out)
{
	for (size_t i = 0; i < out->frames; i++)
		crash__frame_clear(&out->backtrace[i]);
	if (out->dir && out->reserved[0])
		nftw(out->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(out->stdout_data);
	free(out->stderr_data);
	free_list(out->incomplete_reasons);
	free_list(out->unreached);
	free_list(out->log);
	free(out->passed);
	free(out->dir);
	free(out->point);
	free(out->call_point);
	free(out->rule);
	free(out->again);
	free(out->call);
	free(out->file);
	free(out->to);
	free(out->backtrace);
	memset(out, 0, sizeof *out);
}

static json_t *number_or_null(int64_t number)
{
	return number < 0 ? json_null() : json_integer(number);
}

json_t *crash__json_run(const struct crash_out *out)
{
	json_t *backtrace = json_array();

	for (size_t i = 0; i < out->frames; i++)
		json_array_append_new(backtrace, crash__json_frame(&out->backtrace[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:o,"
			 " s:i, s:o, s:f, s:o, s:o, s:o, s:b, s:o}",
			 "point", crash__json_string(out->point), "call_point",
			 crash__json_string(out->call_point), "rule", crash__json_string(out->rule), "call",
			 crash__json_string(out->call), "file", crash__json_string(out->file), "to",
			 crash__json_string(out->to), "offset", number_or_null(out->offset), "bytes",
			 number_or_null(out->bytes), "written", number_or_null(out->written), "backtrace",
			 backtrace, "backtrace_complete", (int)out->backtrace_complete, "killed",
			 (int)out->killed, "timed_out", (int)out->timed_out, "exit_code",
			 number_or_null(out->exit_code), "signal",
			 out->signal ? json_integer(out->signal) : json_null(), "left_behind",
			 (int)out->left_behind, "dir", crash__json_string(out->dir), "seconds", out->seconds,
			 "unreached", crash__json_list(out->unreached), "log", crash__json_list(out->log),
			 "again", crash__json_string(out->again), "complete", (int)out->complete,
			 "incomplete_reasons", crash__json_list(out->incomplete_reasons));
}
