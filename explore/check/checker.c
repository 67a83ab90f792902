/* SPDX-License-Identifier: MIT */
#include "explore/check/checker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "runner/process_tree.h"

/* Processes that are about to end are not left behind. */
#define GRACE_MS 200
#define TRY_AGAIN_MS 100
#define MOST_TRIES 50

static const struct {
	const char *name, *clause;
} verdicts[CRASH__VERDICT_KINDS] = {
	[CRASH__VERDICT_NONE] = {"unchecked", "the state was not checked"},
	[CRASH__VERDICT_PASSED] = {"passed", "the state passes"},
	[CRASH__VERDICT_FLAKY] = {"flaky", "the state fails, and passes when it is checked again"},
	[CRASH__VERDICT_INCONSISTENT] = {"inconsistent", "the data is inconsistent"},
	[CRASH__VERDICT_LOST] = {"lost", "acknowledged data is lost"},
	[CRASH__VERDICT_SIGNAL] = {"signal", "the checker is killed by a signal"},
	[CRASH__VERDICT_TIMEOUT] = {"timeout", "the checker hangs"},
	[CRASH__VERDICT_LEFTOVER] = {"leftover", "the checker leaves processes behind"},
	[CRASH__VERDICT_RECOVERY] = {"recovery", "recovery fails"},
	[CRASH__VERDICT_RECOVERY_TIMEOUT] = {"recovery-timeout", "recovery hangs"},
};

const char *crash__verdict_name(enum crash__verdict_kind kind)
{
	return verdicts[kind].name;
}

const char *crash__verdict_clause(enum crash__verdict_kind kind)
{
	return verdicts[kind].clause;
}

enum crash__verdict_kind crash__verdict_of_name(const char *name)
{
	for (int i = 0; name && i < CRASH__VERDICT_KINDS; i++)
		if (strcmp(verdicts[i].name, name) == 0)
			return (enum crash__verdict_kind)i;
	return CRASH__VERDICT_NONE;
}

/* ------------------------------------------------------------------ one command */

struct command {
	pid_t pid;
	int output; /* reading end */
	int status;
	bool timed_out;
};

/* Output beyond the buffer: the first half stays, and the end moves through the second. */
static void keep_output(struct crash__verdict *verdict, const char *data, size_t count)
{
	size_t room = sizeof verdict->output - verdict->output_length, half = sizeof verdict->output / 2;

	if (count > half) {
		data += count - half;
		count = half;
		room = sizeof verdict->output - verdict->output_length;
	}
	if (count > room) {
		size_t drop = count - room;

		memmove(verdict->output + half, verdict->output + half + drop,
			sizeof verdict->output - half - drop);
		verdict->output_length -= drop;
	}
	memcpy(verdict->output + verdict->output_length, data, count);
	verdict->output_length += count;
}

/* Returns false at the end of the output. */
static bool read_output(struct command *command, struct crash__verdict *verdict)
{
	char buffer[4096];
	ssize_t got = read(command->output, buffer, sizeof buffer);

	if (got > 0)
		keep_output(verdict, buffer, (size_t)got);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool start(struct command *command, char *const *argv, char *const *environment, const char *cwd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
	posix_spawn_file_actions_addchdir_np(&actions, cwd);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	error = posix_spawnp(&command->pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	command->output = ends[0];
	if (error)
		close(ends[0]);
	errno = error;
	return error == 0;
}

/* Until the command itself has ended, or its time is up. */
static void watch(struct command *command, uint64_t deadline, struct crash__verdict *verdict)
{
	int pidfd = (int)syscall(SYS_pidfd_open, command->pid, 0);
	struct pollfd polled[2] = {{.fd = pidfd, .events = POLLIN},
				   {.fd = command->output, .events = POLLIN}};

	for (;;) {
		uint64_t now = crash__now_ns();
		int wait = now >= deadline ? 0 : (int)((deadline - now) / 1000000 + 1);

		if (poll(polled, 2, wait) < 0 && errno != EINTR)
			break;
		if (polled[1].revents && !read_output(command, verdict))
			polled[1].fd = -1;
		if (polled[0].revents)
			break;
		if (crash__now_ns() >= deadline) {
			command->timed_out = true;
			kill(command->pid, SIGKILL);
			break;
		}
	}
	while (waitpid(command->pid, &command->status, __WALL) < 0 && errno == EINTR)
		;
	while (polled[1].fd >= 0 && poll(&polled[1], 1, 0) > 0)
		if (!read_output(command, verdict))
			break;
	close(pidfd);
	close(command->output);
}

/* ------------------------------------------------------------------ what is left of it */

static void ignore_reaped(pid_t pid, int status)
{
	(void)pid;
	(void)status;
}

static bool any_child(void)
{
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
	return waitpid(-1, NULL, WNOHANG | __WALL) == 0 || errno != ECHILD;
}

/* Ends every process that the command left; returns whether there was one that did not want to end. */
static bool clean_up(bool alone, bool patient)
{
	struct timespec pause = {.tv_nsec = 2000000};
	bool left = any_child();

	for (int waited = 0; left && patient && waited < GRACE_MS; waited += 2) {
		nanosleep(&pause, NULL);
		left = any_child();
	}
	if (!left)
		return false;
	if (alone) {
		/* also those that fork faster than they are found */
		kill(-1, SIGKILL);
		while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
			;
	} else {
		crash__tree_kill(ignore_reaped);
	}
	return true;
}

/* ------------------------------------------------------------------ a check */

static char **make_environment(const struct crash__checker *checker, const struct crash__check *check)
{
	static const char *const names[] = {"CRASH_DIR", "CRASH_POINT", "CRASH_STATE", "CRASH_ACKED", "PWD"};
	const char *cwd = checker->check ? check->directory : check->cwd;
	const char *values[] = {check->directory, check->point, check->state, check->acked, cwd};
	size_t count = 0, made = 0;
	char **list;

	while (checker->environment[count])
		count++;
	list = calloc(count + 6, sizeof *list);
	for (size_t i = 0; list && i < 5; i++)
		if (asprintf(&list[i], "%s=%s", names[i], values[i]) < 0)
			list[i] = NULL;
	made = 5;
	for (size_t i = 0; list && i < count; i++) {
		const char *entry = checker->environment[i];
		bool ours = strncmp(entry, "CRASH_", 6) == 0 || strncmp(entry, "PWD=", 4) == 0;

		if (!ours)
			list[made++] = (char *)(uintptr_t)entry;
	}
	return list;
}

static void free_environment(char **list)
{
	for (size_t i = 0; list && i < 5; i++)
		free(list[i]);
	free(list);
}

/* A machine that has no process or memory to spare at the moment is waited for. */
static int start_in_the_end(struct command *command, char *const *argv, char *const *environment,
			    const char *cwd)
{
	for (int tries = 0; !start(command, argv, environment, cwd); tries++) {
		if ((errno != EAGAIN && errno != ENOMEM) || tries == MOST_TRIES)
			return crash__fail_errno("cannot start %s", argv[0]);
		usleep(TRY_AGAIN_MS * 1000);
	}
	return 0;
}

/* What it would have done was not done when the checker looked: said, for its exit status does not. */
static const char left_behind[] = "crashinject: recovery left processes behind\n";

/* Runs one command to its end. A command that cannot be started says nothing of the state: that is an error.
 */
static int run_command(char *const *argv, char *const *environment, const char *cwd, bool alone,
		       uint64_t timeout_ms, enum crash__verdict_kind failed, enum crash__verdict_kind hung,
		       struct crash__verdict *verdict)
{
	struct command command = {0};
	int error = start_in_the_end(&command, argv, environment, cwd);
	bool left;

	if (error < 0)
		return error;
	watch(&command, crash__now_ns() + timeout_ms * 1000000, verdict);
	left = clean_up(alone, !command.timed_out);
	verdict->exit_code = WIFEXITED(command.status) ? WEXITSTATUS(command.status) : -1;
	verdict->signal = WIFSIGNALED(command.status) ? WTERMSIG(command.status) : 0;
	if (left && failed == CRASH__VERDICT_RECOVERY && verdict->exit_code == 0)
		keep_output(verdict, left_behind, strlen(left_behind));
	if (command.timed_out)
		verdict->kind = hung;
	else if (failed == CRASH__VERDICT_RECOVERY)
		verdict->kind = verdict->exit_code == 0 && !left ? CRASH__VERDICT_PASSED : failed;
	else if (verdict->signal)
		verdict->kind = CRASH__VERDICT_SIGNAL;
	else if (verdict->exit_code)
		verdict->kind = failed == CRASH__VERDICT_INCONSISTENT && verdict->exit_code == 2 ?
					CRASH__VERDICT_LOST :
					failed;
	else
		verdict->kind = left ? CRASH__VERDICT_LEFTOVER : CRASH__VERDICT_PASSED;
	return 0;
}

int crash__checker_run(const struct crash__checker *checker, const struct crash__check *check, bool alone,
		       struct crash__verdict *verdict)
{
	char **environment = make_environment(checker, check);
	const char *command[] = {"sh", "-c", NULL, "sh", check->directory, NULL};
	uint64_t started = crash__now_ns();
	bool good = true;
	int error = 0;

	verdict->kind = CRASH__VERDICT_NONE;
	verdict->exit_code = verdict->signal = 0;
	verdict->output_length = 0;
	if (!environment)
		return crash__fail(CRASH_ENOMEM, "no memory for a check");
	if (checker->recover) {
		command[2] = checker->recover;
		error = run_command((char *const *)(uintptr_t)command, environment, check->directory, alone,
				    checker->timeout_ms, CRASH__VERDICT_RECOVERY,
				    CRASH__VERDICT_RECOVERY_TIMEOUT, verdict);
		good = error == 0 && verdict->kind == CRASH__VERDICT_PASSED;
	}
	if (good && checker->check) {
		command[2] = checker->check;
		error = run_command((char *const *)(uintptr_t)command, environment, check->directory, alone,
				    checker->timeout_ms, CRASH__VERDICT_INCONSISTENT, CRASH__VERDICT_TIMEOUT,
				    verdict);
	} else if (good) {
		error = run_command(checker->program, environment, check->cwd, alone, checker->timeout_ms,
				    CRASH__VERDICT_INCONSISTENT, CRASH__VERDICT_TIMEOUT, verdict);
		if (verdict->kind == CRASH__VERDICT_LOST) /* its exit statuses are its own */
			verdict->kind = CRASH__VERDICT_INCONSISTENT;
	}
	verdict->ns = crash__now_ns() - started;
	free_environment(environment);
	return error;
}
