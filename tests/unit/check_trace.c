/* SPDX-License-Identifier: MIT */
/*
 * check_trace.c - what is written to a trace is read back, and what is read is checked first.
 *
 * Method: records are put into rings as the shim does it, drained by the writer and read by the reader.
 * Then the same file is cut at every byte, has every byte changed, and is made of records that lie. The
 * reader may refuse or stop early; it never believes more than is there.
 */
#include "trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <crashinject/crashinject.h>

#include "common/control.h"
#include "common/ring_append.h"
#include "tests/unit/support.h"
#include "trace/format.h"
#include "trace/writer.h"

/* ------------------------------------------------------------------ a trace in memory */

static union {
	unsigned char bytes[1 << 20];
	uint64_t aligned;
} file;

static size_t size;

static void put(const void *bytes, size_t count)
{
	ck_assert_uint_le(size + count, sizeof file.bytes);
	memcpy(file.bytes + size, bytes, count);
	size += count;
}

static void begin(void)
{
	struct crash__trace_header header = {.magic = CRASH__TRACE_MAGIC, .version = CRASH__TRACE_VERSION};

	size = 0;
	put(&header, sizeof header);
}

static void put_chunk(uint16_t type, uint32_t stream, const void *bytes, size_t count)
{
	static const char zeros[8];
	struct crash__chunk chunk = {
		.magic = CRASH__CHUNK_MAGIC,
		.type = type,
		.stream = stream,
		.checksum = (uint32_t)XXH3_64bits(bytes, count),
		.bytes = count,
	};

	put(&chunk, sizeof chunk);
	put(bytes, count);
	put(zeros, -count & 7);
}

/* Records that go into the next chunk. */
static union {
	unsigned char bytes[1 << 16];
	uint64_t aligned;
} records;

static size_t records_size;

/* Appends a record: the fixed part, then the rest, padded. */
static void put_record(uint16_t type, void *fixed, size_t fixed_bytes, const void *more, size_t more_bytes)
{
	struct crash__record *record = fixed;

	record->type = type;
	record->bytes = (uint32_t)((fixed_bytes + more_bytes + 7) & ~(size_t)7);
	memset(records.bytes + records_size, 0, record->bytes);
	memcpy(records.bytes + records_size, fixed, fixed_bytes);
	memcpy(records.bytes + records_size + fixed_bytes, more, more_bytes);
	records_size += record->bytes;
}

#define PUT(type, record) put_record(CRASH__RECORD_##type, record, sizeof *(record), "", 0)
#define PUT_WITH(type, record, more, bytes)                                                                  \
	put_record(CRASH__RECORD_##type, record, sizeof *(record), more, bytes)

static void put_thread(uint32_t tid)
{
	PUT(THREAD, (&(struct crash__thread_record){.process = 3, .pid = 100, .tid = tid, .number = 1}));
}

static void put_write(uint64_t start)
{
	PUT(OP, (&(struct crash__op_record){.start = start,
					    .call = CRASH__CALL_pwrite,
					    .kernel = CRASH__CALL_pwrite64,
					    .process = 3}));
}

static void flush(uint32_t stream)
{
	put_chunk(CRASH__CHUNK_RECORDS, stream, records.bytes, records_size);
	records_size = 0;
}

static struct crash__trace trace;

static void parse(void)
{
	ck_assert_msg(crash__trace_parse(file.bytes, size, "it", &trace) == 0, "%s", crash_error_detail());
}

/* ------------------------------------------------------------------ there and back */

static struct crash__control *control;
static struct crash__trace_writer writer;

static void make_rings(void)
{
	control = support_shared(crash__control_size(2));
	for (unsigned int i = 0; i < 2; i++)
		crash__ring_init(crash__control_ring(control, i));
	control->ring_count = 2;
	control->rings_ready = 2;
}

static void append(unsigned int ring, uint16_t type, uint16_t flags, void *record, size_t bytes,
		   const void *more, size_t more_bytes)
{
	struct crash__part parts[] = {{record, bytes}, {more, more_bytes}};

	ck_assert(crash__append(control, crash__control_ring(control, ring), type, flags, parts, 2));
}

#define APPEND(ring, type, flags, record, more, bytes)                                                       \
	append(ring, CRASH__RECORD_##type, flags, record, sizeof *(record), more, bytes)

/* One write of two pieces, a rename, a point and acknowledgements, by two threads. */
static void record_run(void)
{
	const uint64_t addresses[] = {0x1000, 0x2000};

	ck_assert(crash__ring_claim(crash__control_ring(control, 0)));
	ck_assert(crash__ring_claim(crash__control_ring(control, 1)));
	APPEND(0, THREAD, 0,
	       (&(struct crash__thread_record){.process = 0, .pid = 70, .tid = 70, .number = 1}), "", 0);
	APPEND(0, PROCESS, 0, (&(struct crash__process_record){.number = 0, .pid = 70, .parent = 69}),
	       "/bin/x", 7);
	APPEND(1, THREAD, 0,
	       (&(struct crash__thread_record){.process = 0, .pid = 70, .tid = 71, .number = 2}), "", 0);
	APPEND(0, FILE, 0,
	       (&(struct crash__file_record){.file = 1, .mode = S_IFREG, .device = 5, .inode = 9, .size = 3}),
	       "/tmp/data", 10);
	APPEND(0, MODULE, 0, (&(struct crash__module_record){.bias = 0x400, .start = 0x1000, .end = 0x3000}),
	       "/bin/x", 7);
	APPEND(0, STACK, 0, (&(struct crash__stack_record){.stack = 1, .count = 2}), addresses,
	       sizeof addresses);
	APPEND(0, OP, CRASH__OP_SYNC,
	       (&(struct crash__op_record){.start = 1,
					   .call = CRASH__CALL_pwrite,
					   .kernel = CRASH__CALL_pwrite64,
					   .route = CRASH__ROUTE_LIBC,
					   .file = 1,
					   .stack = 1,
					   .thread = 1,
					   .args = {3, 0, 8, 100},
					   .occurrence = 7,
					   .call_occurrence = 2}),
	       "", 0);
	/* in the middle of it the other thread renames */
	APPEND(1, OP, 0,
	       (&(struct crash__op_record){.start = 2,
					   .call = CRASH__CALL_rename,
					   .kernel = CRASH__CALL_rename,
					   .thread = 2,
					   .path_bytes = 3,
					   .to_bytes = 3,
					   .device = 5,
					   .inode = 9,
					   .occurrence = 1,
					   .call_occurrence = 1}),
	       "/a\0/b", 6);
	APPEND(1, END, 0,
	       (&(struct crash__end_record){.start = 2, .end = 3, .result = -2, .offset = UINT64_MAX}), "",
	       0);
	APPEND(0, DATA, 0, (&(struct crash__data_record){.start = 1, .at = 0, .count = 5}), "hello", 5);
	APPEND(0, DATA, 0, (&(struct crash__data_record){.start = 1, .at = 5, .count = 3}), "you", 3);
	APPEND(0, END, CRASH__OP_SYNC,
	       (&(struct crash__end_record){
		       .start = 1, .end = 4, .result = 8, .offset = 100, .sync_occurrence = 6}),
	       "", 0);
	APPEND(1, POINT, CRASH__OP_LOGGED,
	       (&(struct crash__point_record){
		       .start = 6, .hit = 3, .thread = 2, .line = 12, .name_bytes = 6, .file_bytes = 6}),
	       "wal.a\0wal.c", 12);
	APPEND(0, ACK, 0, (&(struct crash__ack_record){.start = 5, .fd = 1, .count = 4}), "one ", 4);
	APPEND(0, ACK, 0, (&(struct crash__ack_record){.start = 5, .fd = 1, .count = 3}), "two", 3);
	APPEND(0, OP, 0,
	       (&(struct crash__op_record){
		       .start = 7, .call = CRASH__CALL_fsync, .kernel = CRASH__CALL_fsync}),
	       "", 0);
}

/* Writes the run to a file, and reads the file into memory. */
static void write_run(void)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	make_rings();
	record_run();
	crash__trace_writer_init(&writer, fd, 0);
	crash__trace_begin(&writer);
	crash__trace_chunk(&writer, CRASH__CHUNK_START, "{\"a\":1}", 7);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_uint_gt(crash__trace_drain(&writer, i, crash__control_ring(control, i)), 0);
	ck_assert_uint_eq(crash__trace_drain(&writer, 0, crash__control_ring(control, 0)), 0);
	crash__trace_chunk(&writer, CRASH__CHUNK_END, "{}", 2);
	ck_assert(!writer.failed && !writer.full);
	size = (size_t)pread(fd, file.bytes, sizeof file.bytes, 0);
	ck_assert_uint_eq(size, writer.bytes);
	close(fd);
}

static void check_run(void)
{
	const struct crash__event *event = trace.events;

	ck_assert_uint_eq(trace.count, 5);
	ck_assert(!trace.cut);
	ck_assert_int_eq(memcmp(trace.start_text, "{\"a\":1}", trace.start_length), 0);
	ck_assert_uint_eq(trace.end_length, 2);
	ck_assert_uint_eq(trace.process_count, 1);
	ck_assert_str_eq(trace.processes[0].name, "/bin/x");
	ck_assert_uint_eq(trace.processes[0].parent, 69);

	ck_assert_int_eq(event->kind, CRASH__EVENT_OP);
	ck_assert_uint_eq(event->call, CRASH__CALL_pwrite);
	ck_assert_uint_eq(event->family, CRASH__FAMILY_WRITE);
	ck_assert_uint_eq(event->start, 1);
	ck_assert_uint_eq(event->end, 4);
	ck_assert_uint_eq(event->tid, 70);
	ck_assert_int_eq(event->result, 8);
	ck_assert_uint_eq(event->offset, 100);
	ck_assert_uint_eq(event->flags, CRASH__OP_SYNC);
	ck_assert_uint_eq(event->occurrence, 7);
	ck_assert_uint_eq(event->call_occurrence, 2);
	ck_assert_uint_eq(event->sync_occurrence, 6);
	ck_assert_str_eq(crash__event_path(&trace, event), "/tmp/data");
	ck_assert_int_eq(crash__event_bytes(event), 8);
	ck_assert_uint_eq(event->data_bytes, 8);
	ck_assert_int_eq(memcmp(event->data->bytes, "hello", 5), 0);
	ck_assert_uint_eq(event->data->next->at, 5);
	ck_assert_int_eq(memcmp(event->data->next->bytes, "you", 3), 0);
	ck_assert_ptr_null(event->data->next->next);
	ck_assert_uint_eq(trace.stacks[event->stack].count, 2);
	ck_assert_uint_eq(trace.stacks[event->stack].addresses[1], 0x2000);
	ck_assert_str_eq(crash__trace_module_of(&trace, 0, 0x2000)->path, "/bin/x");
	ck_assert_ptr_null(crash__trace_module_of(&trace, 0, 0x3000));
	ck_assert_ptr_null(crash__trace_module_of(&trace, 1, 0x2000));

	event++;
	ck_assert_uint_eq(event->call, CRASH__CALL_rename);
	ck_assert_uint_eq(event->tid, 71);
	ck_assert_str_eq(event->path, "/a");
	ck_assert_str_eq(event->to, "/b");
	ck_assert_ptr_null(event->text);
	ck_assert_int_eq(event->result, -2);
	ck_assert_uint_eq(event->offset, UINT64_MAX);
	ck_assert_int_eq(crash__event_bytes(event), -1);

	event++;
	ck_assert_int_eq(event->kind, CRASH__EVENT_ACK);
	ck_assert_int_eq(event->fd, 1);
	ck_assert_uint_eq(event->data_bytes, 7);
	ck_assert_uint_eq(event->data->next->at, 4);

	event++;
	ck_assert_int_eq(event->kind, CRASH__EVENT_POINT);
	ck_assert_str_eq(event->name, "wal.a");
	ck_assert_str_eq(crash__event_path(&trace, event), "wal.c");
	ck_assert_uint_eq(event->occurrence, 3);
	ck_assert_uint_eq(event->line, 12);
	ck_assert_uint_eq(event->flags, CRASH__OP_LOGGED);

	event++;
	ck_assert_uint_eq(event->end, UINT64_MAX); /* the crash was in the middle of it */
}

START_TEST(what_is_written_is_read)
{
	write_run();
	parse();
	check_run();
	crash__trace_close(&trace);
	ck_assert_uint_eq(trace.count, 0);
	ck_assert_ptr_null(trace.events);
}
END_TEST

START_TEST(a_trace_is_read_from_a_file)
{
	char path[PATH_MAX];
	int fd;

	write_run();
	support_directory(path);
	strcat(path, "/trace");
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, file.bytes, size), (ssize_t)size);
	ck_assert_int_eq(crash__trace_open(path, &trace), 0);
	check_run();
	crash__trace_close(&trace);
	ck_assert_int_eq(crash__trace_open_fd(fd, "it", &trace), 0);
	check_run();
	crash__trace_close(&trace);

	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(crash__trace_open(path, &trace), CRASH_ETRACE);
	ck_assert_ptr_nonnull(strstr(crash_error_detail(), "is empty"));
	unlink(path);
	ck_assert_int_lt(crash__trace_open(path, &trace), 0);
	ck_assert_ptr_nonnull(strstr(crash_error_detail(), strerror(ENOENT)));
	close(fd);
}
END_TEST

/* Many rounds of a ring in small bites: the streams are merged by sequence number. */
START_TEST(long_streams_are_merged_in_order)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	uint64_t random = support_seed();

	make_rings();
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(crash__ring_claim(crash__control_ring(control, i)));
		APPEND(i, THREAD, 0, (&(struct crash__thread_record){.tid = i}), "", 0);
	}
	crash__trace_writer_init(&writer, fd, 0);
	crash__trace_begin(&writer);
	for (uint64_t n = 1; n <= 20000; n++) {
		unsigned int ring = (unsigned int)support_below(&random, 2);

		APPEND(ring, OP, 0,
		       (&(struct crash__op_record){.start = 2 * n,
						   .call = CRASH__CALL_write,
						   .kernel = CRASH__CALL_write,
						   .args = {(int64_t)ring}}),
		       "", 0);
		APPEND(ring, END, 0,
		       (&(struct crash__end_record){.start = 2 * n, .end = 2 * n + 1, .result = (int64_t)n}),
		       "", 0);
		if (support_below(&random, 100) == 0 || n % 500 == 0)
			for (uint32_t i = 0; i < 2; i++)
				crash__trace_drain(&writer, i, crash__control_ring(control, i));
	}
	crash__trace_chunk(&writer, CRASH__CHUNK_END, "{}", 2);
	ck_assert_int_eq(crash__trace_open_fd(fd, "it", &trace), 0);
	ck_assert_uint_eq(trace.count, 20000);
	ck_assert(!trace.cut);
	for (size_t i = 0; i < trace.count; i++) {
		ck_assert_uint_eq(trace.events[i].start, 2 * (i + 1));
		ck_assert_uint_eq(trace.events[i].end, trace.events[i].start + 1);
		ck_assert_int_eq(trace.events[i].result, (int64_t)i + 1);
		ck_assert_uint_eq(trace.events[i].tid, trace.events[i].args[0]);
	}
	crash__trace_close(&trace);
	close(fd);
}
END_TEST

START_TEST(a_writer_that_cannot_write_says_so)
{
	int ends[2], full = open("/dev/full", O_WRONLY);

	crash__trace_writer_init(&writer, full, 0);
	crash__trace_chunk(&writer, CRASH__CHUNK_START, "{}", 2);
	ck_assert(writer.failed);
	close(full);
	/* without a file there is nothing to do */
	crash__trace_writer_init(&writer, -1, 0);
	crash__trace_begin(&writer);
	crash__trace_chunk(&writer, CRASH__CHUNK_START, "{}", 2);
	ck_assert(!writer.failed);
	ck_assert_uint_eq(writer.bytes, 0);
	/* what is written in parts is written whole */
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	crash__trace_writer_init(&writer, ends[1], 0);
	memset(file.bytes, 'x', 200000);
	crash__trace_chunk(&writer, CRASH__CHUNK_START, file.bytes, 200000);
	ck_assert(writer.failed); /* the pipe is full in the middle of it */
	ck_assert_uint_gt(writer.bytes, 0);
	ck_assert_uint_lt(writer.bytes, 200000);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* The limit ends the records; how the run ended is still recorded. */
START_TEST(a_limit_is_kept)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	make_rings();
	record_run();
	crash__trace_writer_init(&writer, fd, 200);
	crash__trace_begin(&writer);
	crash__trace_drain(&writer, 0, crash__control_ring(control, 0));
	ck_assert(writer.full);
	ck_assert_uint_le(writer.bytes, 200);
	crash__trace_drain(&writer, 1, crash__control_ring(control, 1));
	ck_assert_uint_le(writer.bytes, 200);
	/* what does not fit is thrown away, so that nobody waits for room */
	ck_assert_uint_eq(crash__trace_drain(&writer, 1, crash__control_ring(control, 1)), 0);
	close(fd);
}
END_TEST

/* ------------------------------------------------------------------ damage */

/* What can be read of a damaged trace: every string and every byte that it points to. */
static uint64_t touch(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < trace.count; i++) {
		const struct crash__event *event = &trace.events[i];
		const char *strings[] = {event->path, event->to,     event->text,
					 event->name, event->source, crash__event_path(&trace, event)};

		for (size_t k = 0; k < sizeof strings / sizeof *strings; k++)
			sum += strings[k] ? strlen(strings[k]) : 0;
		for (const struct crash__piece *piece = event->data; piece; piece = piece->next)
			for (uint64_t k = 0; k < piece->count; k++)
				sum += piece->bytes[k];
		ck_assert(i == 0 || event->start >= event[-1].start);
	}
	for (uint32_t i = 1; i < trace.file_count; i++)
		sum += trace.files[i].path ? strlen(trace.files[i].path) : 0;
	for (uint32_t i = 1; i < trace.stack_count; i++)
		for (uint32_t k = 0; k < trace.stacks[i].count; k++)
			sum += trace.stacks[i].addresses[k];
	for (size_t i = 0; i < trace.module_count; i++)
		sum += strlen(trace.modules[i].path);
	for (size_t i = 0; i < trace.process_count; i++)
		sum += strlen(trace.processes[i].name);
	for (size_t i = 0; i < trace.start_length; i++)
		sum += (unsigned char)trace.start_text[i];
	return sum;
}

/* Memory that ends with the bytes of the trace: a byte too far is a signal. */
static unsigned char *at_the_edge(size_t bytes, void **map)
{
	size_t pages = (bytes + 4095) & ~(size_t)4095;
	unsigned char *memory =
		mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(memory != MAP_FAILED);
	mprotect(memory + pages, 4096, PROT_NONE);
	*map = memory;
	/* the start stays aligned */
	memory += (pages - bytes) & ~(size_t)7;
	memcpy(memory, file.bytes, bytes);
	return memory;
}

/* However short, it is refused or read up to there, and then it is said to be cut. */
START_TEST(a_trace_may_be_cut_at_every_byte)
{
	size_t events = 0;

	write_run();
	for (size_t bytes = 0; bytes < size; bytes++) {
		void *map;
		const unsigned char *start = at_the_edge(bytes, &map);
		int error = crash__trace_parse(start, bytes, "it", &trace);

		if (bytes < sizeof(struct crash__trace_header)) {
			ck_assert_int_eq(error, CRASH_ETRACE);
		} else {
			ck_assert_int_eq(error, 0);
			/* the last chunk is two bytes and padding */
			ck_assert_msg(trace.cut == (bytes < size - 6), "%zu of %zu bytes", bytes, size);
			ck_assert_uint_ge(trace.count, events);
			events = trace.count;
			touch();
			crash__trace_close(&trace);
		}
		munmap(map, ((bytes + 4095) & ~(size_t)4095) + 4096);
	}
	ck_assert_uint_eq(events, 5);
}
END_TEST

/* Every chunk has a checksum: what is changed in it ends the reading in front of it. */
START_TEST(a_changed_byte_is_noticed)
{
	write_run();
	for (size_t at = 0; at < size; at++) {
		bool header = at < sizeof(struct crash__trace_header);

		file.bytes[at] ^= 0x10;
		if (crash__trace_parse(file.bytes, size, "it", &trace) == 0) {
			touch();
			if (!trace.cut && !header) {
				/* padding, an unused number, or a type that nobody knows */
				ck_assert_uint_le(trace.count, 5);
			}
			crash__trace_close(&trace);
		} else {
			ck_assert_msg(header, "byte %zu", at);
		}
		file.bytes[at] ^= 0x10;
	}
	parse();
	check_run();
	crash__trace_close(&trace);
}
END_TEST

START_TEST(what_is_no_trace_is_refused)
{
	begin();
	((struct crash__trace_header *)(void *)file.bytes)->magic[3]++;
	ck_assert_int_eq(crash__trace_parse(file.bytes, size, "letters", &trace), CRASH_ETRACE);
	ck_assert_str_eq(crash_error_detail(), "letters is not a trace of crashinject");
	begin();
	((struct crash__trace_header *)(void *)file.bytes)->version = 99;
	ck_assert_int_eq(crash__trace_parse(file.bytes, size, "letters", &trace), CRASH_ETRACE);
	ck_assert_ptr_nonnull(strstr(crash_error_detail(), "version 99"));
	ck_assert_int_eq(crash__trace_parse(file.bytes, 0, "nothing", &trace), CRASH_ETRACE);
}
END_TEST

/* ------------------------------------------------------------------ lies */

/* Records whose checksum is right and whose content is not. Each is read in a trace with one good op before
 * it. */
static void lie_no_type(void)
{
	PUT(NONE, (&(struct crash__end_record){0}));
}

static void lie_later_type(void)
{
	PUT(TYPES, (&(struct crash__end_record){0}));
}

static void lie_short(void)
{
	struct crash__record record = {.bytes = 16, .type = CRASH__RECORD_OP};

	memcpy(records.bytes + records_size, &record, sizeof record);
	records_size += 16;
}

static void lie_zero_bytes(void)
{
	memset(records.bytes + records_size, 0, 16);
	records_size += 16;
}

static void lie_odd_bytes(void)
{
	struct crash__record record = {.bytes = sizeof(struct crash__end_record) + 3,
				       .type = CRASH__RECORD_END};

	memset(records.bytes + records_size, 0, 128);
	memcpy(records.bytes + records_size, &record, sizeof record);
	records_size += 128;
}

static void lie_longer_than_chunk(void)
{
	struct crash__record record = {.bytes = 4096, .type = CRASH__RECORD_OP};

	memcpy(records.bytes + records_size, &record, sizeof record);
	records_size += 128;
}

static void lie_call(void)
{
	PUT(OP, (&(struct crash__op_record){.start = 9, .call = CRASH__CALLS, .kernel = 0}));
}

static void lie_kernel_call(void)
{
	PUT(OP, (&(struct crash__op_record){.start = 9, .call = 0, .kernel = CRASH__KERNEL_CALLS}));
}

static void lie_path_longer_than_record(void)
{
	PUT_WITH(OP, (&(struct crash__op_record){.start = 9, .path_bytes = 60000}), "/a", 3);
}

static void lie_path_without_end(void)
{
	PUT_WITH(OP, (&(struct crash__op_record){.start = 9, .path_bytes = 8}), "abcdefgh", 8);
}

static void lie_path_with_two_ends(void)
{
	PUT_WITH(OP, (&(struct crash__op_record){.start = 9, .path_bytes = 8}), "abc\0efg", 8);
}

static void lie_end_of_nothing(void)
{
	PUT(END, (&(struct crash__end_record){.start = 77}));
}

static void lie_data_of_nothing(void)
{
	PUT_WITH(DATA, (&(struct crash__data_record){.start = 77, .count = 3}), "abc", 3);
}

static void lie_data_longer_than_record(void)
{
	PUT_WITH(DATA, (&(struct crash__data_record){.start = 1, .count = 9}), "abcdefgh", 8);
}

static void lie_data_of_any_length(void)
{
	PUT_WITH(DATA, (&(struct crash__data_record){.start = 1, .count = UINT64_MAX}), "abcdefgh", 8);
}

static void lie_stack_longer_than_record(void)
{
	PUT_WITH(STACK, (&(struct crash__stack_record){.stack = 1, .count = 2}), "abcdefgh", 8);
}

static void lie_stack_of_any_length(void)
{
	PUT_WITH(STACK, (&(struct crash__stack_record){.stack = 1, .count = UINT32_MAX}), "abcdefgh", 8);
}

static void lie_stack_number(void)
{
	PUT(STACK, (&(struct crash__stack_record){.stack = UINT32_MAX}));
}

static void lie_stack_zero(void)
{
	PUT(STACK, (&(struct crash__stack_record){.stack = 0}));
}

static void lie_file_number(void)
{
	PUT_WITH(FILE, (&(struct crash__file_record){.file = 1 << 25}), "/a", 3);
}

static void lie_file_without_name(void)
{
	PUT(FILE, (&(struct crash__file_record){.file = 1}));
}

static void lie_file_name_without_end(void)
{
	PUT_WITH(FILE, (&(struct crash__file_record){.file = 1}), "abcdefgh", 8);
}

static void lie_module_without_name(void)
{
	PUT(MODULE, (&(struct crash__module_record){0}));
}

static void lie_process_name_without_end(void)
{
	PUT_WITH(PROCESS, (&(struct crash__process_record){0}), "abcdefgh", 8);
}

static void lie_point_without_name(void)
{
	PUT(POINT, (&(struct crash__point_record){.start = 9}));
}

static void lie_point_name_of_any_length(void)
{
	PUT_WITH(POINT,
		 (&(struct crash__point_record){.start = 9, .name_bytes = UINT32_MAX, .file_bytes = 2}),
		 "a\0b\0", 4);
}

static void lie_ack_longer_than_record(void)
{
	PUT_WITH(ACK, (&(struct crash__ack_record){.start = 9, .count = UINT64_MAX}), "abcdefgh", 8);
}

static const struct {
	const char *about;
	void (*put)(void);
} lies[] = {
	{"a record of no type", lie_no_type},
	{"a record of a type that is not known", lie_later_type},
	{"a record that is shorter than its type", lie_short},
	{"a record of no length", lie_zero_bytes},
	{"a length that is not a multiple of 8", lie_odd_bytes},
	{"a record that is longer than the chunk", lie_longer_than_chunk},
	{"a call that does not exist", lie_call},
	{"a call that the kernel does not have", lie_kernel_call},
	{"a path that is longer than the record", lie_path_longer_than_record},
	{"a path without its NUL", lie_path_without_end},
	{"a path with a NUL inside", lie_path_with_two_ends},
	{"the end of an op that never started", lie_end_of_nothing},
	{"data of an op that never started", lie_data_of_nothing},
	{"data that is longer than the record", lie_data_longer_than_record},
	{"data of any length", lie_data_of_any_length},
	{"a backtrace that is longer than the record", lie_stack_longer_than_record},
	{"a backtrace of any length", lie_stack_of_any_length},
	{"a backtrace with a number beyond all records", lie_stack_number},
	{"backtrace 0", lie_stack_zero},
	{"a file with a number beyond all records", lie_file_number},
	{"a file without a name", lie_file_without_name},
	{"a file name without its NUL", lie_file_name_without_end},
	{"a module without a name", lie_module_without_name},
	{"a process name without its NUL", lie_process_name_without_end},
	{"a point without a name", lie_point_without_name},
	{"a point name of any length", lie_point_name_of_any_length},
	{"an acknowledgement longer than the record", lie_ack_longer_than_record},
};

START_TEST(a_lie_ends_the_reading)
{
	begin();
	put_thread(100);
	put_write(1);
	lies[_i].put();
	/* what comes after it is not believed either */
	put_write(2);
	flush(0);
	put_chunk(CRASH__CHUNK_END, 0, "{}", 2);
	parse();
	ck_assert_msg(trace.cut, "%s is believed", lies[_i].about);
	ck_assert_msg(trace.count == 1, "%s: %zu events", lies[_i].about, trace.count);
	ck_assert_uint_eq(trace.events[0].start, 1);
	touch();
	crash__trace_close(&trace);
}
END_TEST

START_TEST(records_need_to_say_whose_they_are)
{
	begin();
	put_write(1);
	flush(0);
	put_chunk(CRASH__CHUNK_END, 0, "{}", 2);
	parse();
	ck_assert(trace.cut);
	ck_assert_uint_eq(trace.count, 0);
	crash__trace_close(&trace);

	/* another stream's thread is not this one's */
	begin();
	put_thread(100);
	flush(1);
	put_write(1);
	flush(0);
	parse();
	ck_assert_uint_eq(trace.count, 0);
	crash__trace_close(&trace);
}
END_TEST

START_TEST(chunks_have_limits)
{
	struct crash__chunk chunk = {.magic = CRASH__CHUNK_MAGIC, .type = CRASH__CHUNK_RECORDS};

	/* a stream beyond all streams */
	begin();
	put_thread(100);
	flush(4096);
	put_chunk(CRASH__CHUNK_END, 0, "{}", 2);
	parse();
	ck_assert(trace.cut);
	crash__trace_close(&trace);
	/* a length beyond the file, up to where sums overflow */
	for (int i = 0; i < 4; i++) {
		static const uint64_t lengths[] = {9, 1 << 20, UINT64_MAX - 7, UINT64_MAX};

		begin();
		chunk.bytes = lengths[i];
		put(&chunk, sizeof chunk);
		put("12345678", 8);
		parse();
		ck_assert(trace.cut);
		crash__trace_close(&trace);
	}
	/* a type of a later version is passed over */
	begin();
	put_chunk(77, 0, "what is this", 12);
	put_thread(100);
	put_write(1);
	flush(0);
	put_chunk(CRASH__CHUNK_END, 0, "{}", 2);
	parse();
	ck_assert(!trace.cut);
	ck_assert_uint_eq(trace.count, 1);
	crash__trace_close(&trace);
	/* without the end it is cut */
	begin();
	parse();
	ck_assert(trace.cut);
	crash__trace_close(&trace);
}
END_TEST

/* A thread's handlers nest, and one that never comes back makes place for others. */
START_TEST(ops_of_one_thread_nest)
{
	begin();
	put_thread(100);
	for (uint64_t i = 1; i <= 40; i++)
		put_write(i);
	for (uint64_t i = 40; i > 24; i--)
		PUT(END, (&(struct crash__end_record){.start = i, .end = 100 - i, .result = (int64_t)i}));
	flush(0);
	put_chunk(CRASH__CHUNK_END, 0, "{}", 2);
	parse();
	ck_assert(!trace.cut);
	ck_assert_uint_eq(trace.count, 40);
	for (uint64_t i = 1; i <= 40; i++)
		ck_assert_uint_eq(trace.events[i - 1].end, i > 24 ? 100 - i : UINT64_MAX);
	crash__trace_close(&trace);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase;

	support_case(suite, "there and back", what_is_written_is_read, a_trace_is_read_from_a_file,
		     long_streams_are_merged_in_order, a_writer_that_cannot_write_says_so, a_limit_is_kept,
		     ops_of_one_thread_nest, NULL);
	support_case(suite, "damage", a_trace_may_be_cut_at_every_byte, a_changed_byte_is_noticed,
		     what_is_no_trace_is_refused, NULL);
	tcase = support_case(suite, "lies", records_need_to_say_whose_they_are, chunks_have_limits, NULL);
	tcase_add_loop_test(tcase, a_lie_ends_the_reading, 0, sizeof lies / sizeof *lies);
	return support_run(suite);
}
