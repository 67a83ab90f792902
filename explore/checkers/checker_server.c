/* SPDX-License-Identifier: MIT */
/*
 * Method. A verdict is a line, so what the server writes to standard output is cut at newlines, and more than
 * one line for a question is an error: it would be taken for the answer to the next. Standard error is kept,
 * and shown with a failure.
 */
#include "explore/checkers/checker_server.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_value.h"
#include "explore/checkers/held_files.h"

#define MOST_ANSWER 65536

static struct {
	struct crash__command_run run; /* pid 0: there is none */
	int pidfd;
	unsigned int asked;
	char answer[MOST_ANSWER];
	size_t length;
} server;

/* What it has written to standard error for the question. */
static struct crash__verdict said;

enum outcome { ANSWERED, ENDED, HANGS };

/* ------------------------------------------------------------------ its life */

static int start(const char *command, char *const *environment, const char *cwd)
{
	const char *words[] = {"sh", "-c", command, NULL};
	int error;

	server.run = (struct crash__command_run){.said = &said, .talks = true};
	error = crash__command_start(&server.run, (char *const *)(uintptr_t)words, environment, cwd);
	if (error < 0) {
		server.run.pid = 0;
		return error;
	}
	server.pidfd = (int)syscall(SYS_pidfd_open, server.run.pid, 0);
	server.asked = 0;
	server.length = 0;
	return 0;
}

void crash__checker_server_end(bool alone)
{
	if (server.run.pid <= 0)
		return;
	kill(server.run.pid, SIGKILL);
	while (waitpid(server.run.pid, &server.run.status, __WALL) < 0 && errno == EINTR)
		;
	close(server.pidfd);
	close(server.run.output);
	close(server.run.answers);
	close(server.run.questions);
	server.run.pid = 0;
	crash__command_clean_up(alone, false);
}

bool crash__checker_server_holds(const char *directory)
{
	return server.run.pid > 0 && crash__is_held(directory, server.run.pid);
}

bool crash__checker_server_is_fresh(void)
{
	return server.run.pid <= 0 || server.asked <= 1;
}

/* ------------------------------------------------------------------ question and answer */

static bool send_question(const struct crash__checker_question *question)
{
	json_t *object =
		json_pack("{s:o, s:o, s:o, s:o, s:o}", "state", crash__json_string(question->state), "point",
			  crash__json_string(question->point), "dir", crash__json_string(question->directory),
			  "acked", crash__json_string(question->acked), "acked_dir",
			  crash__json_string(question->acked_directory));
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t length = text ? strlen(text) : 0, done = 0;
	ssize_t sent = 0;

	json_decref(object);
	if (text)
		text[length++] = '\n'; /* in the place of the NUL */
	for (; text && done < length && sent >= 0; done += sent > 0 ? (size_t)sent : 0)
		sent = write(server.run.questions, text + done, length - done);
	free(text);
	return text && sent >= 0;
}

/* Returns false where there will be no more of it. */
static bool read_answer(void)
{
	ssize_t got = read(server.run.answers, server.answer + server.length, MOST_ANSWER - server.length);

	if (got > 0)
		server.length += (size_t)got;
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool is_whole(void)
{
	return server.length == MOST_ANSWER || memchr(server.answer, '\n', server.length);
}

/* An answer may be there although the server has ended behind it. */
static enum outcome await_answer(uint64_t deadline)
{
	struct pollfd polled[3] = {{.fd = server.run.answers, .events = POLLIN},
				   {.fd = server.run.output, .events = POLLIN},
				   {.fd = server.pidfd, .events = POLLIN}};

	for (;;) {
		uint64_t now = crash__now_ns();

		if (now >= deadline)
			return HANGS;
		if (poll(polled, 3, (int)((deadline - now) / 1000000 + 1)) < 0 && errno != EINTR)
			return ENDED;
		if (polled[1].revents)
			crash__command_read_rest(&server.run);
		if (polled[1].revents & POLLHUP)
			polled[1].fd = -1;
		if (polled[0].revents && !read_answer())
			polled[0].fd = -1;
		if (is_whole())
			return ANSWERED;
		if (polled[2].revents)
			return ENDED;
	}
}

static int refuse(const char *why)
{
	return crash__fail(CRASH_EINVAL, "the checker server's answer %s: %.*s", why,
			   server.length > 200 ? 200 : (int)strcspn(server.answer, "\n"), server.answer);
}

/* The number behind "\u"; -1: it is no such escape. */
static long escaped(const char *at, size_t left)
{
	char digits[5] = "";

	if (left < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	memcpy(digits, at + 2, 4);
	return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/*
 * What is said for people may be anything that the state had: bytes that are no UTF-8, or half of a pair of
 * surrogates, of which JSON has none. The verdict stands beside it and must not be lost for that.
 */
static void make_text(char *line, size_t left)
{
	while (left) {
		long unit = escaped(line, left), second = unit < 0 ? -1 : escaped(line + 6, left - 6);
		size_t bytes = unit >= 0 ? 6 : *line == '\\' && left > 1 ? 2 : crash__json_character(line);

		if (unit >= 0xd800 && unit < 0xdc00 && second >= 0xdc00 && second < 0xe000)
			bytes = 12;
		else if (unit >= 0xd800 && unit < 0xe000)
			memcpy(line + 2, "fffd", 4);
		if (bytes == 0) {
			*line = '?';
			bytes = 1;
		}
		line += bytes;
		left -= bytes;
	}
}

/* Whoever says what is in a page that was never written says zeros: they become "\\0", as people write it. */
static void show_zeros(json_t *text)
{
	size_t length = json_string_length(text), used = 0;
	const char *old = json_string_value(text);
	char *shown = length > strlen(old ? old : "") ? malloc(2 * length) : NULL;

	for (size_t i = 0; shown && i < length; i++) {
		if (!old[i])
			shown[used++] = '\\';
		shown[used++] = old[i] ? old[i] : '0';
	}
	if (shown)
		json_string_setn_nocheck(text, shown, used);
	free(shown);
}

static int take_answer(struct crash__verdict *verdict)
{
	static const struct {
		const char *name;
		enum crash__verdict_kind kind;
	} verdicts[] = {{"ok", CRASH__VERDICT_PASSED},
			{"inconsistent", CRASH__VERDICT_INCONSISTENT},
			{"lost", CRASH__VERDICT_LOST}};
	const char *end = memchr(server.answer, '\n', server.length), *name, *text;
	json_t *object;

	if (!end)
		return refuse("is too long");
	if (end + 1 != server.answer + server.length)
		return refuse("has more than one line");
	make_text(server.answer, server.length);
	object = json_loadb(server.answer, server.length, JSON_ALLOW_NUL, NULL);
	name = json_string_value(json_object_get(object, "verdict"));
	for (size_t i = 0; name && i < sizeof verdicts / sizeof *verdicts; i++)
		if (strcmp(verdicts[i].name, name) == 0)
			verdict->kind = verdicts[i].kind;
	show_zeros(json_object_get(object, "text"));
	crash__json_to_bytes(object);
	text = json_string_value(json_object_get(object, "text"));
	if (text && verdict->kind > CRASH__VERDICT_PASSED) {
		crash__verdict_keep(verdict, text, strlen(text));
		crash__verdict_keep(verdict, "\n", 1);
	}
	json_decref(object);
	server.length = 0;
	return verdict->kind == CRASH__VERDICT_NONE ?
		       refuse("has no verdict that is ok, inconsistent or lost") :
		       0;
}

/* As of a checker that is a command. That it has gone without an answer is in no way right. */
static void judge_end(bool hangs, bool alone, struct crash__verdict *verdict)
{
	static const char gone[] = "crashinject: the checker server ended without an answer\n";
	siginfo_t info = {0};
	bool by_itself =
		waitid(P_PID, (id_t)server.run.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;

	crash__checker_server_end(alone);
	verdict->exit_code = by_itself && WIFEXITED(server.run.status) ? WEXITSTATUS(server.run.status) : -1;
	verdict->signal = by_itself && WIFSIGNALED(server.run.status) ? WTERMSIG(server.run.status) : 0;
	if (hangs)
		verdict->kind = CRASH__VERDICT_TIMEOUT;
	else
		verdict->kind = verdict->signal ? CRASH__VERDICT_SIGNAL : CRASH__VERDICT_INCONSISTENT;
	if (!hangs)
		crash__verdict_keep(verdict, gone, strlen(gone));
}

/* What is there before a question was put would be taken for the answer to it. */
static bool has_spoken(void)
{
	struct pollfd polled = {.fd = server.run.answers, .events = POLLIN};

	return server.length > 0 ||
	       (poll(&polled, 1, 0) > 0 && (polled.revents & POLLIN) && read_answer() && server.length > 0);
}

int crash__checker_server_ask(const char *command, char *const *environment, const char *cwd,
			      const struct crash__checker_question *question, uint64_t timeout_ms, bool alone,
			      struct crash__verdict *verdict)
{
	uint64_t deadline = crash__now_ns() + timeout_ms * 1000000;
	enum outcome outcome = ENDED;
	int error = 0;

	said.output_length = 0;
	if (server.run.pid <= 0)
		error = start(command, environment, cwd);
	if (error == 0 && has_spoken()) {
		error = refuse("was there before the question");
		crash__checker_server_end(alone);
	}
	if (error < 0)
		return error;
	server.asked++;
	if (send_question(question))
		outcome = await_answer(deadline);
	/* what it wrote before an answer was there to be read when the answer was */
	if (outcome != ANSWERED)
		crash__command_read_rest(&server.run);
	if (outcome == ANSWERED)
		error = take_answer(verdict);
	else
		judge_end(outcome == HANGS, alone, verdict);
	if (error < 0)
		crash__checker_server_end(alone);
	if (verdict->kind > CRASH__VERDICT_PASSED)
		crash__verdict_keep(verdict, said.output, said.output_length);
	return error;
}
