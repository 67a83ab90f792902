/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/options.h"
#include "cli/screen.h"

/* What takes less than this needs no lines. */
#define PATIENCE_NS UINT64_C(700000000)
/* So often they are written anew; and where they cannot be, this often another one. */
#define REDRAW_NS UINT64_C(100000000)
#define LINE_EVERY_NS UINT64_C(10000000000)
/* A rate is that of the last seconds: what is checked now may be slower than what was checked at first. */
#define RATE_OVER_NS UINT64_C(3000000000)
#define RECORDING_EVERY_MS 200
/* So many findings are shown, the newest. */
#define SHOWN 4
#define NUMBER 32

static struct {
	enum crash__screen screen;
	bool lines_only; /* somebody else writes to the terminal meanwhile */
	const char *phase;
	uint64_t began, shown;
	uint64_t rate_ns, rate_count, last_ns, last_count; /* two moments, and what was done by then */
	uint64_t finding_count;
	char *findings[SHOWN];	     /* the newest is at finding_count - 1, modulo SHOWN */
	struct crash__progress last; /* that was said */
} progress;

void crash__progress_begin(bool wanted, const char *phase)
{
	progress.screen = crash__screen_begin(wanted);
	progress.phase = phase;
	progress.began = progress.shown = crash__now_ns();
}

void crash__progress_clear(void)
{
	crash__screen_clear();
}

/* ------------------------------------------------------------------ words */

/* 2,803; out of a few buffers. */
static const char *number(uint64_t value)
{
	static char texts[8][NUMBER];
	static unsigned int next;
	char *text = texts[next++ % 8], digits[NUMBER];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, value), at = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

static const char *seconds(uint64_t ns)
{
	static char texts[2][NUMBER];
	static unsigned int next;
	char *text = texts[next++ % 2];
	uint64_t all = ns / 1000000000;

	if (all < 100)
		snprintf(text, NUMBER, "%" PRIu64 " s", all);
	else if (all < 6000)
		snprintf(text, NUMBER, "%" PRIu64 " min", (all + 30) / 60);
	else
		snprintf(text, NUMBER, "%" PRIu64 " h", (all + 1800) / 3600);
	return text;
}

/* How many are done in a second, lately; 0: it is not known. */
static double rate_of(uint64_t count)
{
	uint64_t now = crash__now_ns();

	if (!progress.rate_ns || count < progress.last_count) {
		progress.rate_ns = progress.last_ns = now;
		progress.rate_count = progress.last_count = count;
	}
	if (now - progress.last_ns > RATE_OVER_NS) {
		progress.rate_ns = progress.last_ns;
		progress.rate_count = progress.last_count;
		progress.last_ns = now;
		progress.last_count = count;
	}
	if (now - progress.rate_ns < PATIENCE_NS)
		return 0;
	return (double)(count - progress.rate_count) * 1e9 / (double)(now - progress.rate_ns);
}

/* ------------------------------------------------------------------ showing */

/* Whether it is time to. */
static bool is_due(bool block)
{
	uint64_t now = crash__now_ns();

	if (progress.screen == CRASH__SCREEN_NONE || now - progress.began < PATIENCE_NS ||
	    now - progress.shown < (block ? REDRAW_NS : LINE_EVERY_NS))
		return false;
	progress.shown = now;
	return true;
}

static bool is_block(void)
{
	return progress.screen == CRASH__SCREEN_BLOCK && !progress.lines_only;
}

/* Lines of a block, or what is one line elsewhere. `text` is released. */
static void show(FILE *stream, char **text)
{
	bool good = fclose(stream) == 0;

	if (good && is_block())
		crash__screen_draw(*text);
	else if (good)
		fprintf(stderr, "%s: %s", CRASH__PROGRAM_NAME, *text);
	free(*text);
}

/* Between what are lines on a terminal. */
static const char *between(void)
{
	return is_block() ? "\n  " : ", ";
}

/* ------------------------------------------------------------------ exploring */

static void print_phase(FILE *stream, const struct crash__progress *now)
{
	fprintf(stream, "%s", now->phase ? now->phase : progress.phase);
	if (now->sweep)
		fprintf(stream, ": %s, sweep %u", now->model, now->sweep);
	else if (now->tier && *now->tier)
		fprintf(stream, ": %s, %s", now->model, now->tier);
	if (is_block())
		fprintf(stream, " (%s)", seconds(crash__now_ns() - progress.began));
}

static void print_counts(FILE *stream, const struct crash__progress *now)
{
	fputs(between(), stream);
	if (now->classes)
		fprintf(stream, "%s of %s classes, ", number(now->seen), number(now->classes));
	if (now->distinct)
		fprintf(stream, "%s of %s states",
			number(now->checked < now->distinct ? now->checked : now->distinct),
			number(now->distinct));
	else if (now->total)
		fprintf(stream, "%s of %s, %s checked", number(now->done), number(now->total),
			number(now->checked));
	else
		fprintf(stream, "%s states", number(now->checked));
	if (now->equal)
		fprintf(stream, ", %s equal after recovery", number(now->equal));
}

/* By the rate, and not longer than the budget. */
static uint64_t time_left(const struct crash__progress *now, double rate)
{
	uint64_t left = now->total > now->done ? now->total - now->done : 0;
	double ns;

	if (now->distinct)
		left = now->distinct > now->checked ? now->distinct - now->checked : 0;
	ns = rate > 0 && left ? (double)left / rate * 1e9 : 0;
	if (now->limited && (ns <= 0 || ns > (double)now->left_ns))
		return now->left_ns;
	return ns < 1e18 ? (uint64_t)ns : 0;
}

static void print_pace(FILE *stream, double rate, uint64_t left, const char *of)
{
	if (rate > 0)
		fprintf(stream, "%s%.*f a second", between(), rate < 10, rate);
	if (left)
		fprintf(stream, "%s%s left%s", rate > 0 ? ", " : between(), seconds(left), of);
}

static void print_rate(FILE *stream, const struct crash__progress *now)
{
	double rate = rate_of(now->checked);

	print_pace(stream, rate, time_left(now, rate),
		   now->distinct || now->limited ? "" : " in this strategy");
}

static void print_findings(FILE *stream, const char *before)
{
	uint64_t count = progress.finding_count, first = count > SHOWN ? count - SHOWN : 0;

	if (count)
		fprintf(stream, "%s%s finding%s", before, number(count), count == 1 ? "" : "s");
	for (uint64_t i = first; i < count && is_block(); i++)
		fprintf(stream, "\n  - %s", progress.findings[i % SHOWN]);
}

void crash__progress_show(void *context, const struct crash__progress *now)
{
	char *text = NULL;
	size_t size;
	FILE *stream;

	(void)context;
	progress.lines_only = false; /* whoever was recorded has ended */
	progress.last = *now;
	if (!is_due(is_block()) || !(stream = open_memstream(&text, &size)))
		return;
	print_phase(stream, now);
	print_counts(stream, now);
	print_rate(stream, now);
	fprintf(stream, "%s%s failed", between(), number(now->failed));
	print_findings(stream, ", ");
	putc('\n', stream);
	show(stream, &text);
}

/* At once: the next state may take long. */
static void show_again(void)
{
	if (is_block())
		progress.shown = 0;
	if (progress.last.model)
		crash__progress_show(NULL, &progress.last);
}

void crash__progress_finding(void *context, const char *sentence)
{
	char **place = &progress.findings[progress.finding_count % SHOWN], *text;

	(void)context;
	text = strdup(crash__shown_text(sentence));
	if (!text)
		return;
	free(*place);
	*place = text;
	progress.finding_count++;
	progress.last.phase = "explaining failures";
	progress.last.tier = NULL;
	progress.last.sweep = 0;
	show_again();
}

/* ------------------------------------------------------------------ looking for mistakes */

void crash__progress_steps(void *context, const char *phase, uint64_t done, uint64_t all)
{
	char *text = NULL;
	size_t size;
	FILE *stream;

	(void)context;
	progress.lines_only = false;
	if (!is_due(is_block()) || !(stream = open_memstream(&text, &size)))
		return;
	fprintf(stream, "%s: %s of %s", phase, number(done), number(all));
	if (is_block())
		fprintf(stream, " (%s)", seconds(crash__now_ns() - progress.began));
	print_findings(stream, between());
	putc('\n', stream);
	show(stream, &text);
}

/* ------------------------------------------------------------------ recording */

static void tell(void *context, char message, const struct crash__control *control, uint32_t pid)
{
	uint64_t ops = 0;
	char *text = NULL;
	size_t size;
	FILE *stream;

	(void)context;
	(void)message;
	(void)pid;
	if (!is_due(is_block()) || !(stream = open_memstream(&text, &size)))
		return;
	for (int i = 0; i < CRASH__IO_FAMILIES; i++)
		ops += atomic_load(&control->family_hits[i]);
	fprintf(stream, "recording%s%s ops, %s\n", is_block() ? "\n  " : ": ", number(ops),
		seconds(crash__now_ns() - progress.began));
	show(stream, &text);
}

void crash__progress_watch(struct crash__request *request, bool apart)
{
	if (progress.screen == CRASH__SCREEN_NONE)
		return;
	progress.lines_only = !apart;
	request->tell = tell;
	request->every_ms = RECORDING_EVERY_MS;
}

/* ------------------------------------------------------------------ cutting the power */

static uint64_t cutting_left(double rate, uint64_t cuts, uint64_t most, uint64_t most_ns)
{
	uint64_t spent = crash__now_ns() - progress.began;

	if (most_ns)
		return most_ns > spent ? most_ns - spent : 0;
	return rate > 0 && most > cuts ? (uint64_t)((double)(most - cuts) / rate * 1e9) : 0;
}

void crash__progress_cuts(uint64_t cuts, uint64_t most, uint64_t most_ns, uint64_t runs)
{
	double rate = rate_of(cuts);
	uint64_t left = cutting_left(rate, cuts, most, most_ns);
	char *text = NULL;
	size_t size;
	FILE *stream;

	if (!is_due(is_block()) || !(stream = open_memstream(&text, &size)))
		return;
	fprintf(stream, "%s%s%s", progress.phase, is_block() ? "\n  " : ": ", number(cuts));
	if (most)
		fprintf(stream, " of %s", number(most));
	fprintf(stream, " power cuts, the ops were done %s time%s", number(runs), runs == 1 ? "" : "s");
	print_pace(stream, rate, left, "");
	putc('\n', stream);
	show(stream, &text);
}
