/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

/* What takes less than this needs no line. */
#define PATIENCE_NS UINT64_C(700000000)

static bool wanted, shown;

void crash__progress_begin(bool wants)
{
	wanted = wants && isatty(2);
	shown = false;
}

static void print_left(const struct crash__progress *progress)
{
	double seconds = (double)progress->ns / 1e9,
	       rate = seconds > 0 ? (double)progress->checked / seconds : 0;
	uint64_t left = progress->total > progress->done ? progress->total - progress->done : 0;

	if (progress->distinct)
		left = progress->distinct > progress->checked ? progress->distinct - progress->checked : 0;
	if (rate > 0)
		fprintf(stderr, ", %.0f/s", rate);
	if (rate > 0 && left && !progress->sweep)
		fprintf(stderr, ", %.0f s left%s", (double)left / rate,
			progress->distinct ? "" : " in this tier");
}

/* Which states it is at, and how many of all there are. */
static void print_place(const struct crash__progress *progress)
{
	if (progress->sweep)
		fprintf(stderr, "%s sweep %u: ", progress->model, progress->sweep);
	else
		fprintf(stderr, "%s %s: ", progress->model, progress->tier);
	if (progress->classes)
		fprintf(stderr, "%llu of %llu classes, ", (unsigned long long)progress->seen,
			(unsigned long long)progress->classes);
	if (progress->distinct)
		fprintf(stderr, "%llu of %llu states, ", (unsigned long long)progress->checked,
			(unsigned long long)progress->distinct);
	else if (progress->total)
		fprintf(stderr, "%llu of %llu, %llu checked, ", (unsigned long long)progress->done,
			(unsigned long long)progress->total, (unsigned long long)progress->checked);
	else
		fprintf(stderr, "%llu states, ", (unsigned long long)progress->checked);
	fprintf(stderr, "%llu failed", (unsigned long long)progress->failed);
}

void crash__progress_show(void *context, const struct crash__progress *progress)
{
	(void)context;
	if (!wanted || progress->ns < PATIENCE_NS)
		return;
	shown = true;
	fputs("\r\033[K", stderr);
	print_place(progress);
	print_left(progress);
	fflush(stderr);
}

void crash__progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
