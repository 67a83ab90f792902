/* SPDX-License-Identifier: MIT */
#include "cli/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program, *json_path;
static int status;
static FILE *json;
static bool has_stderr;
static int reason; /* errno of the first flush that failed; nobody has it at the end */

/* A stream that was closed before we began, and that nobody has written to, is nobody's loss. */
static bool closes_well(FILE *stream, const char *before, const char *name)
{
	bool failed = ferror(stream), pending = __fpending(stream) != 0;

	errno = 0;
	if (fclose(stream) != 0 && (pending || errno != EBADF))
		failed = true;
	if (failed)
		fprintf(stderr, "%s: %s%s: %s\n", program, before, name,
			errno || reason ? strerror(errno ? errno : reason) :
					  "not all of it could be written");
	return !failed;
}

static void close_streams(void)
{
	bool good = true;

	if (json)
		good = closes_well(json, "--json=", json_path);
	good = closes_well(stdout, "", "standard output") && good;
	/* what run says is there; nobody can be told that it is lost, but by the status */
	if (!good || (has_stderr && ferror(stderr)))
		_exit(status);
}

/*
 * Of standard streams that are closed something has to be in the place, or a file of ours would be opened
 * there and printed into. What is there cannot be used, as what is closed.
 */
static void occupy_closed(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			return;
}

void crash__streams_begin(const char *name, int failed)
{
	program = name;
	status = failed;
	has_stderr = fcntl(2, F_GETFD) >= 0;
	occupy_closed();
	atexit(close_streams);
}

void crash__streams_add_json(FILE *stream, const char *path)
{
	json = stream;
	json_path = path;
}

/* What is longer than the stream's buffer does not wait for a flush. */
void crash__streams_printed(int result)
{
	if (result < 0 && !reason)
		reason = errno;
}

void crash__streams_flush(FILE *stream)
{
	if (fflush(stream) != 0 && !reason)
		reason = errno;
}
