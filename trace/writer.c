/* SPDX-License-Identifier: MIT */
#include "trace/writer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

void crash__trace_writer_init(struct crash__trace_writer *writer, int fd, uint64_t most)
{
	*writer = (struct crash__trace_writer){.fd = fd, .most = most};
}

/* Writes everything, or notes that it could not. */
static void write_all(struct crash__trace_writer *writer, struct iovec *iov, int count)
{
	while (count) {
		ssize_t done = writev(writer->fd, iov, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			writer->failed = true;
			writer->error = done < 0 ? errno : ENOSPC;
			return;
		}
		writer->bytes += (uint64_t)done;
		while (count && (size_t)done >= iov->iov_len) {
			done -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= (size_t)done;
		}
	}
}

static void write_chunk(struct crash__trace_writer *writer, enum crash__chunk_type type, uint32_t stream,
			const struct iovec pieces[2])
{
	static const char zeros[8];
	size_t count = pieces[0].iov_len + pieces[1].iov_len;
	struct crash__chunk chunk = {
		.magic = CRASH__CHUNK_MAGIC,
		.type = (uint16_t)type,
		.stream = stream,
		.bytes = count,
	};
	struct iovec iov[4] = {
		{&chunk, sizeof chunk}, pieces[0], pieces[1], {(void *)(uintptr_t)zeros, -count & 7}};
	XXH3_state_t state;

	if (writer->fd < 0 || writer->failed || writer->full)
		return;
	if (writer->most && writer->bytes + sizeof chunk + count + 8 > writer->most &&
	    type == CRASH__CHUNK_RECORDS) {
		writer->full = true;
		return;
	}
	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, pieces[0].iov_base, pieces[0].iov_len);
	XXH3_64bits_update(&state, pieces[1].iov_base, pieces[1].iov_len);
	chunk.checksum = (uint32_t)XXH3_64bits_digest(&state);
	write_all(writer, iov, 4);
}

void crash__trace_chunk(struct crash__trace_writer *writer, enum crash__chunk_type type, const void *bytes,
			size_t count)
{
	assert(type != CRASH__CHUNK_RECORDS && (bytes || !count));
	write_chunk(writer, type, 0,
		    (struct iovec[2]){{(void *)(uintptr_t)bytes, count}, {(void *)(uintptr_t) "", 0}});
}

void crash__trace_begin(struct crash__trace_writer *writer)
{
	struct crash__trace_header header = {.magic = CRASH__TRACE_MAGIC, .version = CRASH__TRACE_VERSION};
	struct iovec iov = {&header, sizeof header};

	if (writer->fd >= 0)
		write_all(writer, &iov, 1);
}

void crash__trace_file_name(int fd, char out[PATH_MAX])
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, out, PATH_MAX - 1);
	out[length < 0 ? 0 : length] = '\0';
	if (length < 0 || strncmp(out, "/memfd:", 7) == 0)
		strcpy(out, "the trace in memory");
}

size_t crash__trace_drain(struct crash__trace_writer *writer, uint32_t stream, struct crash__ring *ring)
{
	struct iovec pieces[2];
	size_t count = crash__ring_peek(ring, pieces);

	if (count == 0)
		return 0;
	write_chunk(writer, CRASH__CHUNK_RECORDS, stream, pieces);
	crash__ring_consume(ring, count);
	return count;
}
