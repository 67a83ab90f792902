/* SPDX-License-Identifier: MIT */
#include "explore/checkers/check_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
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

static bool read_output(struct crash__command_run *command)
{
	char buffer[4096];
	ssize_t got = read(command->output, buffer, sizeof buffer);

	if (got > 0)
		crash__verdict_keep(command->said, buffer, (size_t)got);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What a command finds at 0 to 2, and our ends of it. */
struct streams {
	int theirs[3], ours[3]; /* -1: none */
};

static void close_all(const int fds[3])
{
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool make_pipe(struct streams *streams, int at)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	streams->theirs[at] = ends[at != 0];
	streams->ours[at] = ends[at == 0];
	if (at != 0) /* what is written to us is read as it comes */
		fcntl(streams->ours[at], F_SETFL, O_NONBLOCK);
	return true;
}

static bool make_streams(struct streams *streams, bool talks)
{
	memset(streams, -1, sizeof *streams);
	if (make_pipe(streams, 2) && (!talks || (make_pipe(streams, 0) && make_pipe(streams, 1))))
		return true;
	close_all(streams->theirs);
	close_all(streams->ours);
	return false;
}

static int spawn(struct crash__command_run *command, const struct streams *streams, char *const *argv,
		 char *const *environment, const char *cwd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	if (command->talks)
		posix_spawn_file_actions_adddup2(&actions, streams->theirs[0], 0);
	else
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, streams->theirs[command->talks ? 1 : 2], 1);
	posix_spawn_file_actions_adddup2(&actions, streams->theirs[2], 2);
	posix_spawn_file_actions_addchdir_np(&actions, cwd);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	error = posix_spawnp(&command->pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static bool start(struct crash__command_run *command, char *const *argv, char *const *environment,
		  const char *cwd)
{
	struct streams streams;
	int error;

	if (!make_streams(&streams, command->talks))
		return false;
	error = spawn(command, &streams, argv, environment, cwd);
	close_all(streams.theirs);
	command->questions = streams.ours[0];
	command->answers = streams.ours[1];
	command->output = streams.ours[2];
	if (error)
		close_all(streams.ours);
	errno = error;
	return error == 0;
}

/* A machine that has no process or memory to spare at the moment is waited for. */
int crash__command_start(struct crash__command_run *command, char *const *argv, char *const *environment,
			 const char *cwd)
{
	for (int tries = 0; !start(command, argv, environment, cwd); tries++) {
		if ((errno != EAGAIN && errno != ENOMEM) || tries == MOST_TRIES)
			return crash__fail_errno("cannot start %s", argv[0]);
		usleep(TRY_AGAIN_MS * 1000);
	}
	return 0;
}

void crash__command_read_rest(struct crash__command_run *command)
{
	struct pollfd polled = {.fd = command->output, .events = POLLIN};

	while (poll(&polled, 1, 0) > 0)
		if (!read_output(command))
			return;
}

void crash__command_watch(struct crash__command_run *command, uint64_t deadline)
{
	struct crash__command_run *beside = command->beside;
	int pidfd = (int)syscall(SYS_pidfd_open, command->pid, 0);
	struct pollfd polled[3] = {{.fd = pidfd, .events = POLLIN},
				   {.fd = command->output, .events = POLLIN},
				   {.fd = beside ? beside->output : -1, .events = POLLIN}};

	for (;;) {
		uint64_t now = crash__now_ns();
		int wait = now >= deadline ? 0 : (int)((deadline - now) / 1000000 + 1);

		if (poll(polled, 3, wait) < 0 && errno != EINTR)
			break;
		if (polled[1].revents && !read_output(command))
			polled[1].fd = -1;
		if (polled[2].revents && !read_output(beside))
			polled[2].fd = -1;
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
	crash__command_read_rest(command);
	close(pidfd);
	close(command->output);
}

/* ------------------------------------------------------------------ what is left of it */

static bool any_child(void)
{
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
	return waitpid(-1, NULL, WNOHANG | __WALL) == 0 || errno != ECHILD;
}

bool crash__command_clean_up(bool alone, bool patient)
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
		crash__tree_kill(NULL);
	}
	return true;
}
