/* SPDX-License-Identifier: MIT */
/*
 * fuzz_trace.c - any bytes as a trace: they are refused, or read up to where they can be believed, and
 * nothing that was read points outside.
 *
 * Method: chunks have checksums, which no fuzzer guesses. So the input is either the file as it is, or,
 * behind a first byte of 'C', a row of { type, stream, length (2 bytes), bytes } that is made into
 * chunks here.
 */
#include "trace/reader.h"

#include <string.h>
#include <xxhash.h>

#include "tests/fuzz/fuzz.h"
#include "trace/format.h"

#define MOST (1u << 20)

static uint64_t sum; /* of everything that was read, so that it is read */

static void read_text(const char *text)
{
	sum += text ? strlen(text) : 0;
}

/* Tables are asked for these without another look. */
static bool calls_are_known(const struct crash__event *event)
{
	bool kernel = event->kind == CRASH__EVENT_ALLOCATION ?
			      event->kernel >= CRASH__FIRST_ALLOCATION && event->kernel < CRASH__CALLS :
			      event->kernel < CRASH__KERNEL_CALLS;

	return kernel && event->call < CRASH__CALLS && event->family < CRASH__FAMILIES;
}

static void read_event(const struct crash__trace *trace, const struct crash__event *event)
{
	uint64_t bytes = 0;

	read_text(event->path);
	read_text(event->to);
	read_text(event->text);
	read_text(event->name);
	read_text(event->source);
	read_text(crash__event_path(trace, event));
	CLAIM(calls_are_known(event));
	CLAIM(event->kind != CRASH__EVENT_POINT || event->name);
	CLAIM(crash__event_bytes(event) >= -1);
	for (const struct crash__piece *piece = event->data; piece; piece = piece->next) {
		for (uint64_t i = 0; i < piece->count; i++)
			sum += piece->bytes[i];
		bytes += piece->count;
	}
	CLAIM(bytes == event->data_bytes);
}

static void read_trace(const struct crash__trace *trace, size_t size)
{
	for (size_t i = 0; i < trace->count; i++) {
		CLAIM(i == 0 || trace->events[i].start >= trace->events[i - 1].start);
		read_event(trace, &trace->events[i]);
	}
	for (uint32_t i = 1; i < trace->file_count; i++)
		read_text(trace->files[i].path);
	for (uint32_t i = 1; i < trace->stack_count; i++)
		for (uint32_t k = 0; k < trace->stacks[i].count; k++) {
			sum += trace->stacks[i].addresses[k];
			crash__trace_module_of(trace, trace->stacks[i].process,
					       trace->stacks[i].addresses[k]);
		}
	for (size_t i = 0; i < trace->module_count; i++)
		read_text(trace->modules[i].path);
	for (size_t i = 0; i < trace->process_count; i++)
		read_text(trace->processes[i].name);
	for (size_t i = 0; i < trace->start_length; i++)
		sum += (unsigned char)trace->start_text[i];
	for (size_t i = 0; i < trace->end_length; i++)
		sum += (unsigned char)trace->end_text[i];
	CLAIM(trace->start_length <= size && trace->end_length <= size);
}

/* Makes chunks with checksums; returns how many bytes there are. */
static size_t make_chunks(unsigned char *out, const uint8_t *data, size_t size)
{
	struct crash__trace_header header = {.magic = CRASH__TRACE_MAGIC, .version = CRASH__TRACE_VERSION};
	size_t count = sizeof header;

	memcpy(out, &header, sizeof header);
	while (size >= 4) {
		size_t length = (size_t)data[2] | (size_t)data[3] << 8;
		struct crash__chunk chunk = {.magic = CRASH__CHUNK_MAGIC, .type = data[0], .stream = data[1]};

		data += 4;
		size -= 4;
		if (length > size)
			length = size;
		if (count + sizeof chunk + length + 8 > MOST)
			break;
		chunk.bytes = length;
		chunk.checksum = (uint32_t)XXH3_64bits(data, length);
		memcpy(out + count, &chunk, sizeof chunk);
		memcpy(out + count + sizeof chunk, data, length);
		count += sizeof chunk + length;
		memset(out + count, 0, -length & 7);
		count += -length & 7;
		data += length;
		size -= length;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union {
		unsigned char bytes[MOST];
		uint64_t aligned;
	} made;
	struct crash__trace trace;
	unsigned char *exact;

	if (size && data[0] == 'C') {
		size = make_chunks(made.bytes, data + 1, size - 1);
		data = made.bytes;
	}
	/* memory of just this length: a sanitizer sees a byte too far */
	exact = malloc(size ? size : 1);
	memcpy(exact, data, size);
	if (crash__trace_parse(exact, size, "it", &trace) == 0) {
		read_trace(&trace, size);
		crash__trace_close(&trace);
	}
	free(exact);
	return 0;
}
