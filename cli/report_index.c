/* SPDX-License-Identifier: MIT */
#include "cli/report_index.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/json_value.h"
#include "cli/options.h"
#include "report/page/html_index.h"
#include "report/report.h"
#include "report/result.h"

#define MOST_DEPTH 6

/* A workload is called what its title says, or as its directory. */
static json_t *name_of(const json_t *result, const char *place)
{
	json_t *title = json_object_get(json_object_get(result, "settings"), "title");
	const char *slash = strrchr(place, '/');

	if (json_is_string(title) && *json_string_value(title))
		return json_incref(title);
	return crash__json_string(slash ? slash + 1 : place);
}

static void add_result(json_t *results, const char *place)
{
	json_t *result = NULL, *error = json_null();

	if (crash__result_read(place, "result.json", &result) < 0) {
		error = crash__json_string(crash_error_detail());
	} else if (!json_is_object(json_object_get(result, "summary"))) {
		error = json_string("this is no result");
		json_decref(result);
		result = NULL;
	} else {
		json_object_del(result, "page");
	}
	json_array_append_new(results, json_pack("{s:o, s:o, s:o, s:o}", "place", crash__json_string(place),
						 "name", name_of(result, place), "result",
						 result ? result : json_null(), "error", error));
}

/* A directory with settings and no result is one of an exploration that was not finished: it counts, too. */
static bool is_result(const char *directory)
{
	static const char *const names[] = {"result.json", "settings.json"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%.4000s/%s", directory, names[i]);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void look_into(json_t *results, const char *directory, unsigned int depth)
{
	const char *name;
	DIR *stream;
	int next = 0;

	if (is_result(directory)) {
		add_result(results, directory);
		return;
	}
	stream = opendir(directory);
	if (!stream)
		crash__die("--index %s: %s", directory, strerror(errno));
	while (depth < MOST_DEPTH && (next = crash__directory_next(stream, &name)) == 1) {
		char path[PATH_MAX];
		struct stat status;

		if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
			crash__die("--index %s: a path is too long", directory);
		if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
			look_into(results, path, depth + 1);
	}
	if (next < 0)
		crash__die("--index %s: %s", directory, strerror(errno));
	closedir(stream);
}

static void write_page(json_t *workloads, const char *path, const char *title)
{
	FILE *file = fopen(path, "we");

	if (!file)
		crash__die("--index: %s: %s", path, strerror(errno));
	crash__html_index(file, workloads, title);
	if (fflush(file) != 0 || ferror(file) || fclose(file) != 0)
		crash__die("--index: %s: %s", path, strerror(errno));
}

int crash__report_index(const char *directory, const char *page, const char *title, bool quiet)
{
	json_t *results = json_array(), *workloads;
	char path[PATH_MAX];
	int status;

	look_into(results, directory, 0);
	if (json_array_size(results) == 0)
		crash__die("--index %s: there is no result below it", directory);
	workloads = crash__index_group(results);
	snprintf(path, sizeof path, "%.4000s/index.html", directory);
	write_page(workloads, page ? page : path, title ? title : CRASH__PROGRAM_NAME);
	if (!quiet)
		printf("%zu results of %zu workloads: %s\n", json_array_size(results),
		       json_array_size(workloads), page ? page : path);
	status = crash__index_status(workloads);
	json_decref(workloads);
	json_decref(results);
	return status;
}
