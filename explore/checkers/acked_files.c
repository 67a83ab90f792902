/* SPDX-License-Identifier: MIT */
#include "explore/checkers/acked_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/remove.h"
#include "common/op_record.h"

/* ------------------------------------------------------------------ which streams there are */

static const struct crash__trace_process *process_of(const struct crash__trace *trace, uint32_t number)
{
	for (size_t i = 0; i < trace->process_count; i++)
		if (trace->processes[i].number == number)
			return &trace->processes[i];
	return NULL;
}

static const struct crash__trace_process *parent_of(const struct crash__trace *trace,
						    const struct crash__trace_process *process)
{
	for (size_t i = 0; i < trace->process_count; i++)
		if (trace->processes[i].pid == process->parent &&
		    trace->processes[i].number < process->number)
			return &trace->processes[i];
	return NULL;
}

/* The client of a server is not one of the server's own processes. */
static bool is_client(const struct crash__trace *trace, uint32_t number)
{
	const struct crash__trace_process *process = process_of(trace, number), *above;

	while (process && (above = parent_of(trace, process)) != NULL)
		process = above;
	return process && process->number != 0;
}

static void name_stream(const struct crash__trace *trace, const struct crash__event *event, char name[32])
{
	bool out = event->flags & CRASH__ACK_STDOUT;

	if (event->fd < 0)
		strcpy(name, "points");
	else if (event->flags & (CRASH__ACK_STDOUT | CRASH__ACK_STDERR))
		snprintf(name, 32, "%s",
			 is_client(trace, event->process) ? out ? "client" : "client-stderr" :
			 out				  ? "stdout" :
							    "stderr");
	else if (event->process == 0)
		snprintf(name, 32, "fd-%d", event->fd);
	else
		snprintf(name, 32, "fd-%d.%u", event->fd, event->process);
}

/* The last one is the likeliest. */
static int find_stream(struct crash__acked_files *files, const char *name, uint32_t *found)
{
	struct crash__acked_stream *stream;

	for (size_t i = files->streams_count; i-- > 0;)
		if (strcmp(files->streams[i].name, name) == 0) {
			*found = (uint32_t)i;
			return 0;
		}
	stream = CRASH__PUSH(files, streams);
	if (!stream)
		return crash__fail(CRASH_ENOMEM, "no memory for what was acknowledged");
	*stream = (struct crash__acked_stream){0};
	snprintf(stream->name, sizeof stream->name, "%s", name);
	*found = (uint32_t)(files->streams_count - 1);
	return 0;
}

static int add_entry(struct crash__acked_files *files, const struct crash__step *step)
{
	struct crash__acked_entry *entry;
	uint32_t stream = 0;
	char name[32];
	int error;

	name_stream(files->fs->trace, step->event, name);
	error = find_stream(files, name, &stream);
	if (error < 0)
		return error;
	entry = CRASH__PUSH(files, entries);
	if (!entry)
		return crash__fail(CRASH_ENOMEM, "no memory for what was acknowledged");
	files->streams[stream].size += step->event->data_bytes;
	*entry = (struct crash__acked_entry){.event = step->event,
					     .end = step->acked,
					     .stream = stream,
					     .stream_end = files->streams[stream].size};
	return 0;
}

int crash__acked_files_open(struct crash__acked_files *files, const struct crash__fs *fs, const char *place)
{
	/* whoever reads these need not ask whether they are there */
	static const char *const always[] = {"stdout", "stderr", "client"};
	uint32_t number;
	int error = 0;

	files->fs = fs;
	if (snprintf(files->path, sizeof files->path, "%s/acked", place) >= (int)sizeof files->path ||
	    snprintf(files->directory, sizeof files->directory, "%s/acked.d", place) >=
		    (int)sizeof files->directory)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", place);
	for (size_t i = 0; i < sizeof always / sizeof *always && error == 0; i++)
		error = find_stream(files, always[i], &number);
	for (size_t i = 0; i < fs->steps_count && error == 0; i++)
		if (fs->steps[i].event->kind == CRASH__EVENT_ACK)
			error = add_entry(files, &fs->steps[i]);
	for (size_t i = 0; i < files->streams_count; i++)
		files->streams[i].size = 0; /* nothing is there yet */
	return error;
}

void crash__acked_files_clear(struct crash__acked_files *files)
{
	free(files->streams);
	free(files->entries);
	memset(files, 0, sizeof *files);
}

/* ------------------------------------------------------------------ one file */

/* What a checker has written to has the time when it did. */
static const struct timespec untouched[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

/* The file as we left it, or an empty one in the place of whatever a checker made of it. */
static int open_file(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
	    (uint64_t)status.st_size == *size && status.st_mtim.tv_sec == untouched[1].tv_sec)
		return fd;
	if (fd >= 0)
		close(fd);
	if (unlink(path) < 0 && errno == EISDIR)
		crash__remove_tree(path, true);
	*size = 0;
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static bool write_event(int fd, const struct crash__event *event, uint64_t at)
{
	for (const struct crash__piece *piece = event->data; piece; piece = piece->next)
		if (pwrite(fd, piece->bytes, piece->count, (off_t)(at + piece->at)) != (ssize_t)piece->count)
			return false;
	return true;
}

static int close_file(const char *path, int fd, bool good)
{
	int error = good && futimens(fd, untouched) == 0 ? 0 : crash__fail_errno("cannot write %s", path);

	close(fd);
	return error;
}

/* How many entries are in the first so many bytes of everything. */
static size_t count_entries(const struct crash__acked_files *files, uint64_t bytes)
{
	size_t low = 0, high = files->entries_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (files->entries[middle].end <= bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether the file is as we left it. */
static bool is_untouched(int directory, const char *name, uint64_t size)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
	       status.st_nlink == 1 && (uint64_t)status.st_size == size &&
	       status.st_mtim.tv_sec == untouched[1].tv_sec;
}

/* A newline stands between what did not end a line and what went elsewhere. */
static int write_everything(struct crash__acked_files *files, uint64_t bytes)
{
	bool good;
	size_t i;
	int fd;

	if (files->bytes == bytes && is_untouched(AT_FDCWD, files->path, bytes))
		return 0;
	fd = open_file(files->path, &files->bytes);
	if (fd < 0)
		return crash__fail_errno("cannot write %s", files->path);
	if (files->bytes > bytes)
		files->bytes = bytes;
	good = ftruncate(fd, (off_t)files->bytes) == 0;
	for (i = count_entries(files, files->bytes); good && i < files->entries_count && files->bytes < bytes;
	     i++) {
		const struct crash__acked_entry *entry = &files->entries[i];
		uint64_t at = entry->end - entry->event->data_bytes;

		if (at > files->bytes)
			good = pwrite(fd, "\n", 1, (off_t)at - 1) == 1;
		good = good && write_event(fd, entry->event, at);
		files->bytes = entry->end;
	}
	return close_file(files->path, fd, good);
}

/* ------------------------------------------------------------------ the streams */

static int write_stream(struct crash__acked_files *files, uint32_t number, size_t count)
{
	struct crash__acked_stream *stream = &files->streams[number];
	char path[PATH_MAX + 40];
	uint64_t size = 0, had;
	bool good;
	int fd;

	snprintf(path, sizeof path, "%s/%s", files->directory, stream->name);
	had = stream->size;
	fd = open_file(path, &had);
	if (fd < 0)
		return crash__fail_errno("cannot write %s", path);
	for (size_t i = count; i-- > 0 && !size;)
		if (files->entries[i].stream == number)
			size = files->entries[i].stream_end;
	good = had <= size || ftruncate(fd, (off_t)size) == 0;
	for (size_t i = count; good && i-- > 0;) {
		const struct crash__acked_entry *entry = &files->entries[i];

		if (entry->stream != number)
			continue;
		if (entry->stream_end <= had)
			break;
		good = write_event(fd, entry->event, entry->stream_end - entry->event->data_bytes);
	}
	stream->size = size;
	stream->count = count;
	return close_file(path, fd, good);
}

static int open_directory(struct crash__acked_files *files)
{
	int fd = open(files->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		unlink(files->directory);
	if (mkdir(files->directory, 0700) < 0)
		return -1;
	return open(files->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int write_streams(struct crash__acked_files *files, uint64_t bytes)
{
	size_t count = count_entries(files, bytes), first = count < files->count ? count : files->count,
	       last = count < files->count ? files->count : count;
	int directory = open_directory(files), error = 0;

	if (directory < 0)
		return crash__fail_errno("cannot make %s", files->directory);
	/* those of which there is more now, or less */
	for (size_t i = first; i < last && error == 0; i++)
		if (files->streams[files->entries[i].stream].count != count)
			error = write_stream(files, files->entries[i].stream, count);
	for (uint32_t i = 0; i < files->streams_count && error == 0; i++)
		if (!is_untouched(directory, files->streams[i].name, files->streams[i].size))
			error = write_stream(files, i, count);
	close(directory);
	files->count = count;
	return error;
}

int crash__acked_files_write(struct crash__acked_files *files, uint64_t bytes)
{
	int error = write_everything(files, bytes);

	return error < 0 ? error : write_streams(files, bytes);
}

int crash__acked_files_write_apart(const struct crash__fs *fs, const char *directory, uint64_t bytes)
{
	struct crash__acked_files files = {0};
	int error = mkdir(directory, 0777) < 0 ? crash__fail_errno("%s", directory) : 0;

	if (error == 0)
		error = crash__acked_files_open(&files, fs, ".");
	if (error == 0 &&
	    snprintf(files.directory, sizeof files.directory, "%s", directory) >= (int)sizeof files.directory)
		error = crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	if (error == 0)
		error = write_streams(&files, bytes);
	crash__acked_files_clear(&files);
	return error;
}

/* How many names there are in a directory; -1: it cannot be read. */
static int count_names(int directory)
{
	DIR *stream = fdopendir(directory);
	int count = stream ? 0 : -1;

	while (stream && readdir(stream))
		count++;
	if (stream)
		closedir(stream);
	else
		close(directory);
	return count;
}

bool crash__acked_files_are_untouched(const struct crash__acked_files *files)
{
	int directory = open(files->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool good = directory >= 0 && is_untouched(AT_FDCWD, files->path, files->bytes);

	for (size_t i = 0; i < files->streams_count && good; i++)
		good = is_untouched(directory, files->streams[i].name, files->streams[i].size);
	/* with "." and ".." */
	return directory >= 0 && count_names(directory) == (int)files->streams_count + 2 && good;
}
