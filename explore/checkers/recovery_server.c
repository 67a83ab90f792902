/* SPDX-License-Identifier: MIT */
#include "explore/checkers/recovery_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

/* Between two questions: at first nearly none, for many servers are ready at once. */
#define LEAST_PAUSE_NS 1000000
#define MOST_PAUSE_NS 50000000

/* What the server of the one check that there is at a time has written. */
static struct crash__verdict said;

/* Whether it has ended; then it is reaped. */
static bool has_ended(struct crash__command_run *server)
{
	if (server->pid > 0 && waitpid(server->pid, &server->status, WNOHANG | __WALL) == server->pid)
		server->pid = 0;
	return server->pid <= 0;
}

static void keep_line(struct crash__verdict *verdict, const char *text, int number)
{
	char line[128];

	snprintf(line, sizeof line, text, number);
	crash__verdict_keep(verdict, line, strlen(line));
}

/* Its own log says more of a failure than who could not reach it. */
static void keep_said(struct crash__verdict *verdict)
{
	if (!said.output_length)
		return;
	keep_line(verdict, "crashinject: the server wrote:\n", 0);
	crash__verdict_keep(verdict, said.output, said.output_length);
}

static void note_ended(const struct crash__command_run *server, struct crash__verdict *verdict)
{
	int status = server->status;

	verdict->kind = CRASH__VERDICT_RECOVERY;
	verdict->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	verdict->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	keep_line(verdict,
		  verdict->signal ? "crashinject: signal %d ended the server\n" :
				    "crashinject: the server exited with %d\n",
		  verdict->signal ? verdict->signal : verdict->exit_code);
}

/* Asks once; what it answers is kept until it is asked again. */
static int ask(const struct crash__recovery_server *how, char *const *environment, const char *directory,
	       struct crash__command_run *server, uint64_t deadline, struct crash__verdict *verdict,
	       bool *ready)
{
	const char *words[] = {"sh", "-c", how->ready, "sh", directory, NULL};
	struct crash__command_run command = {.said = verdict, .beside = server};
	int error;

	verdict->output_length = 0;
	error = crash__command_start(&command, (char *const *)(uintptr_t)words, environment, directory);
	if (error < 0)
		return error;
	crash__command_watch(&command, deadline);
	*ready = !command.timed_out && WIFEXITED(command.status) && WEXITSTATUS(command.status) == 0;
	return 0;
}

static int await_ready(const struct crash__recovery_server *how, char *const *environment,
		       const char *directory, struct crash__command_run *server,
		       struct crash__verdict *verdict)
{
	uint64_t deadline = crash__now_ns() + how->ready_timeout_ms * 1000000;
	struct timespec pause = {.tv_nsec = LEAST_PAUSE_NS};
	bool ready = false;

	for (;;) {
		int error = ask(how, environment, directory, server, deadline, verdict, &ready);

		if (error < 0)
			return error;
		if (ready && !has_ended(server)) {
			verdict->output_length = 0;
			verdict->kind = CRASH__VERDICT_PASSED;
			return 0;
		}
		if (has_ended(server)) {
			note_ended(server, verdict);
			return 0;
		}
		if (crash__now_ns() >= deadline) {
			verdict->kind = CRASH__VERDICT_RECOVERY_TIMEOUT;
			keep_line(verdict, "crashinject: the server did not become ready\n", 0);
			return 0;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < MOST_PAUSE_NS)
			pause.tv_nsec *= 2;
	}
}

int crash__recovery_server_begin(const struct crash__recovery_server *how, const char *command,
				 char *const *environment, const char *directory,
				 struct crash__command_run *server, struct crash__verdict *verdict)
{
	const char *words[] = {"sh", "-c", command, "sh", directory, NULL};
	int error;

	said.output_length = 0;
	*server = (struct crash__command_run){.said = &said, .output = -1};
	error = crash__command_start(server, (char *const *)(uintptr_t)words, environment, directory);
	if (error < 0) {
		server->pid = 0;
		return error;
	}
	return await_ready(how, environment, directory, server, verdict);
}

/* Tells it to end, and gives it time. One that has ended by itself, well or not, is not told anything. */
static void stop(const struct crash__recovery_server *how, struct crash__command_run *server)
{
	uint64_t deadline = crash__now_ns() + how->linger_ms * 1000000;

	kill(server->pid, how->stop);
	crash__command_watch(server, deadline);
	server->pid = 0;
	/* that it was told to is no failure, nor that it had to be killed */
	if (server->timed_out || (WIFSIGNALED(server->status) && WTERMSIG(server->status) == how->stop))
		server->status = 0;
}

void crash__recovery_server_end(const struct crash__recovery_server *how, struct crash__command_run *server,
				bool alone, struct crash__verdict *verdict)
{
	bool passed = verdict->kind == CRASH__VERDICT_PASSED;

	if (!has_ended(server)) {
		if (!passed) /* what it would do now is no part of the state */
			kill(server->pid, SIGKILL);
		stop(how, server);
	} else if (server->output >= 0) {
		crash__command_read_rest(server);
		close(server->output);
	}
	crash__command_clean_up(alone, false);
	if (passed && server->status)
		note_ended(server, verdict);
	if (verdict->kind != CRASH__VERDICT_PASSED)
		keep_said(verdict);
}
