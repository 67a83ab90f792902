/* SPDX-License-Identifier: MIT */
/*
 * Method. Both pipes are read as data comes, so neither can block the program while we wait for the
 * other. The keeper's end, not the pipes', ends the wait: another process of the caller may have been
 * forked at the wrong moment and hold a writing end for ever.
 */
#include "runner/capture.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

bool crash__buffer_add(struct crash__buffer *buffer, const char *bytes, size_t count)
{
	assert(buffer->length <= buffer->size);
	if (buffer->size - buffer->length < count + 1) {
		size_t size = buffer->size ? buffer->size : 4096;
		char *data;

		while (size - buffer->length < count + 1)
			size *= 2;
		data = realloc(buffer->data, size);
		if (!data)
			return false;
		buffer->data = data;
		buffer->size = size;
	}
	if (count)
		memcpy(buffer->data + buffer->length, bytes, count);
	buffer->length += count;
	buffer->data[buffer->length] = '\0';
	return true;
}

/* Reads once. *fd becomes -1 at the end. Returns the bytes, or -1 when there is nothing now. */
static ssize_t read_some(int *fd, struct crash__buffer *buffer, bool drops, bool *no_memory)
{
	char piece[65536];
	ssize_t got = read(*fd, piece, sizeof piece);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (got <= 0)
		*fd = -1;
	else if (!drops && !crash__buffer_add(buffer, piece, (size_t)got))
		*no_memory = true;
	return got;
}

static bool is_due(const struct crash__capture *capture, uint64_t *told)
{
	uint64_t now = crash__now_ns();

	if (!capture->every_ms || now - *told < (uint64_t)capture->every_ms * 1000000)
		return false;
	*told = now;
	return true;
}

int crash__capture_run(struct crash__capture *capture)
{
	int fds[2] = {capture->out, capture->err};
	struct crash__buffer *buffers[2] = {&capture->out_data, &capture->err_data};
	bool no_memory = !crash__buffer_add(buffers[0], "", 0) || !crash__buffer_add(buffers[1], "", 0);
	uint64_t told = crash__now_ns();
	bool ended = false;

	while (!ended) {
		struct pollfd polled[4] = {{capture->keeper, POLLIN, 0},
					   {capture->wake, POLLIN, 0},
					   {fds[0], POLLIN, 0},
					   {fds[1], POLLIN, 0}};
		char message = 0;
		int ready = poll(polled, 4, capture->every_ms ? capture->every_ms : -1);

		if (ready < 0 && errno != EINTR)
			return crash__fail_errno("cannot wait");
		if (ready < 0)
			continue;
		ended = polled[0].revents;
		if (polled[1].revents && read(capture->wake, &message, 1) <= 0) {
			capture->wake = -1;
			message = 0;
		}
		/* also where the program writes all the time */
		if (capture->tell && (message || is_due(capture, &told)))
			capture->tell(capture->context, message);
		for (int i = 0; i < 2; i++)
			if (polled[2 + i].revents)
				read_some(&fds[i], buffers[i], capture->drops, &no_memory);
	}
	for (int i = 0; i < 2; i++)
		while (fds[i] >= 0 && read_some(&fds[i], buffers[i], capture->drops, &no_memory) > 0)
			;
	return no_memory ? crash__fail(CRASH_ENOMEM, "no memory for the program's output") : 0;
}
