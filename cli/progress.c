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

	if (rate > 0)
		fprintf(stderr, ", %.0f/s", rate);
	if (rate > 0 && left)
		fprintf(stderr, ", %.0f s left in this tier", (double)left / rate);
}

void crash__progress_show(void *context, const struct crash__progress *progress)
{
	(void)context;
	if (!wanted || progress->ns < PATIENCE_NS)
		return;
	shown = true;
	fprintf(stderr, "\r\033[K%s %s: ", progress->model, progress->tier);
	if (progress->total)
		fprintf(stderr, "%llu of %llu, ", (unsigned long long)progress->done,
			(unsigned long long)progress->total);
	else
		fputs("counting, ", stderr);
	fprintf(stderr, "%llu checked, %llu failed", (unsigned long long)progress->checked,
		(unsigned long long)progress->failed);
	print_left(progress);
	fflush(stderr);
}

void crash__progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
