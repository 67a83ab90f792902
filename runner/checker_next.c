/* SPDX-License-Identifier: MIT */
/*
 * checker_next.c - crash_checker_next(): the protocol of checker servers, from the side of the server.
 *
 * A question is a JSON object a line, and so is an answer (crashinject-servers(7)).
 */
#include <crashinject/crashinject.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"

static struct {
	FILE *questions; /* NULL: the first call is still to come */
	int answers;
	char *line;
	size_t line_size;
	json_t *question; /* that the strings of the caller's structure are in */
} server;

/* Nobody else is to read questions, or to write among the answers. */
static int take_streams(void)
{
	int in = fcntl(0, F_DUPFD_CLOEXEC, 3), nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	fflush(stdout);
	server.answers = fcntl(1, F_DUPFD_CLOEXEC, 3);
	server.questions = in < 0 ? NULL : fdopen(in, "re");
	if (!server.questions || server.answers < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(2, 1) < 0)
		return crash__fail_errno("cannot take standard input and output");
	close(nothing);
	return 0;
}

static int answer(const struct crash_checked *check)
{
	static const char *const names[] = {"ok", "inconsistent", "lost"};
	json_t *object;
	char *text;
	size_t length, done = 0;
	ssize_t sent = 0;

	if ((unsigned int)check->verdict >= sizeof names / sizeof *names)
		return crash__fail(CRASH_EINVAL, "%d is no verdict", (int)check->verdict);
	object = json_pack("{s:s, s:o}", "verdict", names[check->verdict], "text",
			   crash__json_string(check->text));
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return crash__fail(CRASH_ENOMEM, "no memory for an answer");
	length = strlen(text);
	text[length++] = '\n'; /* in the place of the NUL */
	for (; done < length && (sent >= 0 || errno == EINTR); done += sent > 0 ? (size_t)sent : 0)
		sent = write(server.answers, text + done, length - done);
	free(text);
	return done == length ? 0 : crash__fail_errno("cannot answer");
}

static int take_question(struct crash_checked *check)
{
	struct crash_checked next = {0};

	json_decref(server.question);
	server.question = json_loads(server.line, 0, NULL);
	crash__json_to_bytes(server.question);
	if (json_unpack(server.question, "{s:s, s:s, s:s, s:s, s:s}", "state", &next.state, "point",
			&next.point, "dir", &next.dir, "acked", &next.acked, "acked_dir",
			&next.acked_dir) < 0)
		return crash__fail(CRASH_EINVAL, "this is no question: %.200s", server.line);
	if (chdir(next.dir) < 0)
		return crash__fail(CRASH_EDIR, "%s: %s", next.dir, strerror(errno));
	*check = next;
	return 1;
}

int crash_checker_next(struct crash_checked *check)
{
	int error = 0;

	if (!check)
		return crash__fail(CRASH_EINVAL, "check is NULL");
	crash__fail_clear();
	if (!server.questions)
		error = take_streams();
	/* whoever works in the directory keeps it */
	if (error == 0 && chdir("/") < 0)
		error = crash__fail_errno("/");
	if (error == 0 && check->state)
		error = answer(check);
	if (error < 0)
		return error;
	if (getline(&server.line, &server.line_size, server.questions) < 0) {
		memset(check, 0, sizeof *check);
		return 0;
	}
	return take_question(check);
}
