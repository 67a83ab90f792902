/* SPDX-License-Identifier: MIT */
#include "report/page/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_value.h"

#define AROUND 3 /* lines on either side */
#define MOST_SNIPPETS 600
#define MOST_BYTES (16 << 20) /* of a source file */
#define MOST_COLUMNS 160

/* The file that was read last: stacks name the same ones again and again. */
struct source {
	const char *path;
	char *text;
};

static char *read_source(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *text = NULL;
	ssize_t count = -1;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < MOST_BYTES)
		text = malloc((size_t)status.st_size + 1);
	if (text)
		count = read(fd, text, (size_t)status.st_size);
	if (fd >= 0)
		close(fd);
	if (count < 0) {
		free(text);
		return NULL;
	}
	text[count] = '\0';
	return text;
}

static json_t *line_json(const char *at)
{
	size_t length = strcspn(at, "\n");
	char line[MOST_COLUMNS + 1];

	if (length > MOST_COLUMNS)
		length = MOST_COLUMNS;
	memcpy(line, at, length);
	line[length] = '\0';
	return crash__json_string(line);
}

/* The lines around one; NULL: the file does not have it. */
static json_t *snippet(const char *text, json_int_t line)
{
	json_int_t first = line > AROUND ? line - AROUND : 1, number = 1;
	json_t *lines;

	for (; *text && number < first; number++) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	lines = json_array();
	for (; *text && number <= line + AROUND; number++) {
		json_array_append_new(lines, line_json(text));
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (number > line)
		return json_pack("{s:I, s:o}", "first", first, "lines", lines);
	json_decref(lines);
	return NULL;
}

static void add_frame(json_t *sources, struct source *last, const json_t *frame)
{
	const char *path = json_string_value(json_object_get(frame, "file"));
	json_int_t line = json_integer_value(json_object_get(frame, "line"));
	json_t *found;
	char *key;

	if (!path || *path != '/' || line <= 0 || json_object_size(sources) >= MOST_SNIPPETS)
		return;
	if (asprintf(&key, "%s:%lld", path, (long long)line) < 0)
		return;
	if (!json_object_get(sources, key)) {
		if (!last->path || strcmp(last->path, path) != 0) {
			free(last->text);
			*last = (struct source){path, read_source(path)};
		}
		found = last->text ? snippet(last->text, line) : NULL;
		if (found)
			json_object_set_new(sources, key, found);
	}
	free(key);
}

json_t *crash__page_sources(const json_t *findings)
{
	const json_t *finding, *op, *frame;
	struct source last = {NULL, NULL};
	json_t *sources = json_object();
	size_t i, j, k;

	json_array_foreach(findings, i, finding)
		json_array_foreach(json_object_get(finding, "ops"), j, op)
			json_array_foreach(json_object_get(op, "stack"), k, frame)
				add_frame(sources, &last, frame);
	free(last.text);
	return sources;
}
