/* SPDX-License-Identifier: MIT */
/*
 * Method. A line has an address, a size and a name. Code moves, and a later line is true. So lines are sorted
 * by where they begin and then by when they came, and the last one that begins at or in front of an address
 * has it. A map of a process of the same number that is long gone is none: it would be older than the
 * recording.
 */
#include "symbols/perf_map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/vector.h"

#define MOST_BYTES (256 << 20)
#define CLOCK_STEP 2 /* seconds by which times of file systems may differ */

struct line {
	uint64_t start, size;
	uint32_t number;
	char *name; /* in the text */
};

struct crash__perf_map {
	struct crash__perf_map *next;
	uint32_t pid;
	char *text;
	CRASH__VECTOR(struct line, lines);
};

static int by_start(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool take_lines(struct crash__perf_map *map)
{
	char *at = map->text, *end;

	for (uint32_t number = 0; *at; at = end + 1, number++) {
		uint64_t start, size;
		int name = 0;

		end = strchr(at, '\n');
		if (!end)
			break; /* half a line */
		*end = '\0';
		if (sscanf(at, "%" SCNx64 " %" SCNx64 " %n", &start, &size, &name) == 2 && name &&
		    !CRASH__ADD(map, lines, (struct line){start, size, number, at + name}))
			return false;
	}
	if (map->lines_count)
		qsort(map->lines, map->lines_count, sizeof *map->lines, by_start);
	return true;
}

/* Whether a file was written while the recording was. */
static bool is_of_run(int map, int recording, off_t *size)
{
	struct statx written, recorded;

	if (statx(map, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &written) < 0 ||
	    statx(recording, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &recorded) < 0)
		return false;
	*size = (off_t)written.stx_size;
	return S_ISREG(written.stx_mode) && written.stx_uid == geteuid() && written.stx_size < MOST_BYTES &&
	       written.stx_mtime.tv_sec <= recorded.stx_mtime.tv_sec + CLOCK_STEP &&
	       (!(recorded.stx_mask & STATX_BTIME) ||
		written.stx_mtime.tv_sec + CLOCK_STEP >= recorded.stx_btime.tv_sec);
}

static char *read_text(uint32_t pid, int recording)
{
	char path[64], *text = NULL;
	off_t size = 0;
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof path, "/tmp/perf-%u.map", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && is_of_run(fd, recording, &size))
		text = malloc((size_t)size + 1);
	for (off_t at = 0; text && at < size; at += got) {
		got = read(fd, text + at, (size_t)(size - at));
		if (got <= 0)
			size = at;
	}
	if (text)
		text[size] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

/* One of no lines, where there is none. NULL: there is no memory. */
static struct crash__perf_map *find(struct crash__perf_map **maps, uint32_t pid, int recording)
{
	struct crash__perf_map *map = *maps;

	while (map && map->pid != pid)
		map = map->next;
	if (map)
		return map;
	map = calloc(1, sizeof *map);
	if (!map)
		return NULL;
	map->pid = pid;
	map->text = read_text(pid, recording);
	map->next = *maps;
	*maps = map;
	return !map->text || take_lines(map) ? map : NULL;
}

void crash__perf_maps_free(struct crash__perf_map *maps)
{
	for (struct crash__perf_map *next; maps; maps = next) {
		next = maps->next;
		free(maps->text);
		free(maps->lines);
		free(maps);
	}
}

/* ------------------------------------------------------------------ what a name says */

/* "/path/store.js:12:7" without its column, and without its line, which is returned; 0: it has none. */
static unsigned int cut_line(char *file)
{
	char *column = strrchr(file, ':'), *line;

	if (!column)
		return 0;
	*column = '\0';
	line = strrchr(file, ':');
	if (!line)
		return 0;
	*line = '\0';
	return (unsigned int)strtoul(line + 1, NULL, 10);
}

/* Node: "JS:~put /path/store.js:12:7", where a mark says how it was compiled. */
static bool name_of_node(const char *name, struct crash_frame *frame)
{
	char *file;

	if (strncmp(name, "JS:", 3) != 0)
		return false;
	name += 3 + strspn(name + 3, "~*^+");
	file = strchr(name, ' ');
	frame->function = strndup(name, file ? (size_t)(file - name) : strlen(name));
	frame->file = file ? strdup(file + 1) : NULL;
	if (frame->file)
		frame->line = cut_line(frame->file);
	if (frame->function && !*frame->function) {
		free(frame->function);
		frame->function = strdup("(anonymous)");
	}
	return true;
}

/* Python: "py::put:/path/store.py". */
static bool name_of_python(const char *name, struct crash_frame *frame)
{
	const char *file;

	if (strncmp(name, "py::", 4) != 0)
		return false;
	name += 4;
	file = strchr(name, ':');
	frame->function = strndup(name, file ? (size_t)(file - name) : strlen(name));
	frame->object = file ? strdup(file + 1) : NULL;
	return true;
}

int crash__perf_map_name(struct crash__perf_map **maps, uint32_t pid, int fd, uint64_t address,
			 struct crash_frame *frame)
{
	const struct crash__perf_map *map = pid ? find(maps, pid, fd) : NULL;
	size_t low = 0, high = map ? map->lines_count : 0;
	const struct line *line;

	if (pid && !map)
		return crash__fail(CRASH_ENOMEM, "no memory for names");
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->lines[middle].start < address)
			low = middle + 1;
		else
			high = middle;
	}
	/* the call is in front of the address it returns to */
	line = low ? &map->lines[low - 1] : NULL;
	if (!line || address - line->start > line->size)
		return 0;
	if (!name_of_node(line->name, frame) && !name_of_python(line->name, frame))
		frame->function = strdup(line->name);
	return frame->function ? 0 : crash__fail(CRASH_ENOMEM, "no memory for names");
}
