/* SPDX-License-Identifier: MIT */
#include "cli/explore_shard.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"

#define MOST_SHARDS 1000000

/*
 * What job arrays of schedulers and parallel jobs of CI services say. Those of Slurm, Kubernetes and Bazel
 * exist for jobs that are parts of one. The others have variables in every job, of which each may be a test
 * of its own: they count only if somebody asks for them.
 */
static const struct array {
	const char *index, *count;
	const char *first, *step; /* variables too; NULL: `from`, 1 */
	unsigned int from;
	bool asked;
} arrays[] = {
	{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", 0,
	 false},
	{"JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", NULL, NULL, 0, false},
	{"TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", NULL, NULL, 0, false},
	{"CI_NODE_INDEX", "CI_NODE_TOTAL", NULL, NULL, 1, true}, /* GitLab */
	{"BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", NULL, NULL, 0, true},
	{"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", NULL, NULL, 0, true},
};

#define ARRAYS (sizeof arrays / sizeof *arrays)

/* K/N, with no more digits than can be read: a number too large would be another one. */
static void read_number(const char *text, unsigned int *number, unsigned int *shards)
{
	int end = 0;

	if (sscanf(text, "%9u/%9u%n", number, shards, &end) != 2 || text[end] || *number < 1 ||
	    *number > *shards || *shards > MOST_SHARDS)
		crash__die_value("--shard", text,
				 "write K/N, from 1/N to N/N, with up to 1000000 shards; or env");
}

static uint64_t variable(const char *name, uint64_t otherwise, uint64_t least, uint64_t most)
{
	const char *value = name ? getenv(name) : NULL;

	return value ? crash__options_number(name, value, least, most) : otherwise;
}

static void read_array(const struct array *array, unsigned int *number, unsigned int *shards)
{
	uint64_t index = variable(array->index, 0, 0, UINT32_MAX),
		 first = variable(array->first, array->from, 0, UINT32_MAX),
		 step = variable(array->step, 1, 1, UINT32_MAX);

	*shards = (unsigned int)variable(array->count, 1, 1, MOST_SHARDS);
	if (index < first || (index - first) % step || (index - first) / step >= *shards)
		crash__die("%s=%s is not one of %s=%s shards", array->index, getenv(array->index),
			   array->count, getenv(array->count));
	*number = (unsigned int)((index - first) / step) + 1;
}

/* Bazel takes a test for one that does not know of shards, unless it makes this file. */
static void tell_bazel(void)
{
	const char *path = getenv("TEST_SHARD_STATUS_FILE");
	int fd = path && *path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (fd >= 0)
		close(fd);
}

void crash__shard_read(const char *text, unsigned int *number, unsigned int *shards)
{
	bool asked = text && strcmp(text, "env") == 0;

	*number = *shards = 1;
	if (text && !asked) {
		read_number(text, number, shards);
		return;
	}
	tell_bazel();
	for (size_t i = 0; i < ARRAYS; i++)
		if ((asked || !arrays[i].asked) && getenv(arrays[i].index) && getenv(arrays[i].count)) {
			read_array(&arrays[i], number, shards);
			return;
		}
	if (!asked)
		return;
	fprintf(stderr, "%s: --shard env: none of these is set:", CRASH__PROGRAM_NAME);
	for (size_t i = 0; i < ARRAYS; i++)
		fprintf(stderr, "%s %s with %s", i ? "," : "", arrays[i].index, arrays[i].count);
	fputc('\n', stderr);
	exit(CRASH__EXIT_FAILED);
}
