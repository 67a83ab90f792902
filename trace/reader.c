/* SPDX-License-Identifier: MIT */
/*
 * Method. The file is mapped; events point into it and nothing is copied. Chunks are walked once. Each
 * stream has a cursor: who appends to it, and which ops are open there. An END or DATA record belongs to
 * the op of its own stream with the same start number, which is nearly always the last one. Processes that
 * share their memory share a stream, so an op may end when somebody else has appended meanwhile.
 */
#include "trace/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "trace/format.h"
#include "trace/records.h"

#define STREAMS 4096

/* ------------------------------------------------------------------ chunks */

static bool take_records(struct crash__reader *reader, uint32_t number, const unsigned char *bytes,
			 size_t size)
{
	size_t at = 0;

	if (number >= STREAMS)
		return false;
	while (at < size) {
		struct crash__record record;

		if (size - at < sizeof record)
			return false;
		memcpy(&record, bytes + at, sizeof record);
		if (record.bytes < sizeof record || record.bytes % 8 || record.bytes > size - at)
			return false;
		if (!crash__reader_take(reader, &reader->streams[number],
					(const struct crash__record *)(const void *)(bytes + at)))
			return false;
		at += record.bytes;
	}
	return true;
}

static bool add_tree_chunk(struct crash__reader *reader, const struct crash__chunk *chunk,
			   const unsigned char *bytes)
{
	struct crash__trace *trace = reader->trace;

	if (trace->tree_count == trace->tree_size) {
		size_t size = trace->tree_size ? trace->tree_size * 2 : 64;
		struct crash__trace_chunk *bigger = realloc(trace->tree, size * sizeof *bigger);

		if (!bigger) {
			reader->no_memory = true;
			return false;
		}
		trace->tree = bigger;
		trace->tree_size = size;
	}
	trace->tree[trace->tree_count++] =
		(struct crash__trace_chunk){.type = chunk->type, .bytes = bytes, .count = chunk->bytes};
	return true;
}

static bool take_chunk(struct crash__reader *reader, const struct crash__chunk *chunk,
		       const unsigned char *bytes)
{
	struct crash__trace *trace = reader->trace;

	switch (chunk->type) {
	case CRASH__CHUNK_RECORDS:
		return take_records(reader, chunk->stream, bytes, chunk->bytes);
	case CRASH__CHUNK_START:
		trace->start_text = (const char *)bytes;
		trace->start_length = chunk->bytes;
		return true;
	case CRASH__CHUNK_END:
		trace->end_text = (const char *)bytes;
		trace->end_length = chunk->bytes;
		return true;
	case CRASH__CHUNK_TREE:
	case CRASH__CHUNK_ENTRY:
	case CRASH__CHUNK_XATTRS:
	case CRASH__CHUNK_CONTENT:
		return add_tree_chunk(reader, chunk, bytes);
	default:
		return true; /* of a later version, or somebody else's */
	}
}

static bool is_whole(const struct crash__chunk *chunk, const unsigned char *content)
{
	/* contents may share their blocks with the file that they came from: they were never read */
	return chunk->type == CRASH__CHUNK_CONTENT ||
	       (uint32_t)XXH3_64bits(content, chunk->bytes) == chunk->checksum;
}

static void take_chunks(struct crash__reader *reader, const unsigned char *bytes, size_t size)
{
	size_t at = sizeof(struct crash__trace_header);

	while (at < size && !reader->no_memory) {
		struct crash__chunk chunk;
		const unsigned char *content = bytes + at + sizeof chunk;

		if (size - at < sizeof chunk)
			break;
		memcpy(&chunk, bytes + at, sizeof chunk);
		if (chunk.magic != CRASH__CHUNK_MAGIC || chunk.bytes > size - at - sizeof chunk ||
		    !is_whole(&chunk, content) || !take_chunk(reader, &chunk, content))
			break;
		at += sizeof chunk + ((chunk.bytes + 7) & ~(uint64_t)7);
	}
	reader->trace->cut = at < size || !reader->trace->end_text;
}

/* ------------------------------------------------------------------ order */

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct crash__event *)a)->start, y = ((const struct crash__event *)b)->start;

	return x < y ? -1 : x > y;
}

static int note_by_start(const void *a, const void *b)
{
	const struct crash__trace_note *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* One thread alone writes down in order what it does. */
static bool is_in_order(const struct crash__trace *trace)
{
	for (size_t i = 1; i < trace->count; i++)
		if (trace->events[i - 1].start > trace->events[i].start)
			return false;
	return true;
}

int crash__trace_parse(const void *bytes, size_t size, const char *name, struct crash__trace *trace)
{
	const struct crash__trace_header *header = bytes;
	struct crash__reader reader = {.trace = trace, .most_numbers = size / sizeof(struct crash__record)};

	assert((uintptr_t)bytes % 8 == 0);
	memset(trace, 0, sizeof *trace);
	if (size < sizeof *header ||
	    memcmp(header->magic, CRASH__TRACE_MAGIC, sizeof CRASH__TRACE_MAGIC) != 0)
		return crash__fail(CRASH_ETRACE, "%s is not a trace of crashinject", name);
	if (header->version != CRASH__TRACE_VERSION)
		return crash__fail(CRASH_ETRACE, "%s has version %u of the format, and this program reads %u",
				   name, header->version, CRASH__TRACE_VERSION);
	reader.streams = calloc(STREAMS, sizeof *reader.streams);
	if (reader.streams)
		take_chunks(&reader, bytes, size);
	if (!reader.streams || reader.no_memory) {
		free(reader.streams);
		crash__trace_close(trace);
		return crash__fail(CRASH_ENOMEM, "no memory to read %s", name);
	}
	free(reader.streams);
	if (!is_in_order(trace))
		qsort(trace->events, trace->count, sizeof *trace->events, by_start);
	if (trace->note_count)
		qsort(trace->notes, trace->note_count, sizeof *trace->notes, note_by_start);
	return 0;
}

bool crash__trace_is(const char *path)
{
	char magic[sizeof CRASH__TRACE_MAGIC] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && read(fd, magic, sizeof magic) == sizeof magic &&
		  memcmp(magic, CRASH__TRACE_MAGIC, sizeof magic) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

int crash__trace_open_fd(int fd, const char *name, struct crash__trace *trace)
{
	struct stat status;
	void *map;
	int error, own;

	memset(trace, 0, sizeof *trace);
	if (fstat(fd, &status) < 0)
		return crash__fail_errno("%s", name);
	if (status.st_size == 0)
		return crash__fail(CRASH_ETRACE, "%s is empty", name);
	map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return crash__fail_errno("cannot map %s", name);
	own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	error = own < 0 ? crash__fail_errno("%s", name) :
			  crash__trace_parse(map, (size_t)status.st_size, name, trace);
	if (error < 0) {
		munmap(map, (size_t)status.st_size);
		if (own >= 0)
			close(own);
		return error;
	}
	trace->map = map;
	trace->map_size = (size_t)status.st_size;
	trace->fd = own;
	crash__trace_let_go(trace);
	return 0;
}

int crash__trace_open(const char *path, struct crash__trace *trace)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	memset(trace, 0, sizeof *trace);
	if (fd < 0)
		return crash__fail_errno("%s", path);
	error = crash__trace_open_fd(fd, path, trace);
	close(fd);
	return error;
}

void crash__trace_let_go(const struct crash__trace *trace)
{
	/* the map is private, and nobody writes to it: what is dropped is what the file has */
	if (trace->map)
		madvise(trace->map, trace->map_size, MADV_DONTNEED);
}

void crash__trace_close(struct crash__trace *trace)
{
	crash__pieces_free(trace->pieces);
	if (trace->map) {
		munmap(trace->map, trace->map_size);
		close(trace->fd);
	}
	free(trace->events);
	free(trace->files);
	free(trace->stacks);
	free(trace->modules);
	free(trace->processes);
	free(trace->notes);
	free(trace->tree);
	memset(trace, 0, sizeof *trace);
}
