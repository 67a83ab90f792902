/* SPDX-License-Identifier: MIT */
#include "runner/server_session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "runner/block_watch.h"
#include "runner/launcher.h"
#include "runner/spawn.h"

/* Between two questions whether the server is ready. */
#define PAUSE_NS 20000000u

enum phase {
	AWAITED,  /* the server is not ready yet */
	USED,	  /* by the client */
	STOPPING, /* the server was told to end */
	OVER,	  /* there is nothing left to do but to end what is left */
};

/* There is one in a keeper. */
static struct {
	struct crash__job *job;
	enum phase phase;
	pid_t ready, client; /* 0: none runs */
	uint64_t next;	     /* when to ask again */
	uint64_t deadline;   /* of the phase; 0: none */
	int client_status;
	bool client_ended, unready, left, unstopped, killed;
} session;

static void await_ready(void)
{
	session.phase = AWAITED;
	session.next = crash__now_ns();
	session.deadline = session.next + session.job->session->ready_timeout * 1000;
}

static void start_client(void)
{
	int error;

	session.phase = USED;
	session.deadline = 0;
	error = crash__launcher_spawn(CRASH__PART_CLIENT, &session.client);
	if (error) {
		session.client = 0;
		session.client_status = 127 << 8; /* as a shell says it */
		session.client_ended = true;
	}
	crash__launcher_end(); /* nothing more is started */
}

int crash__session_start(struct crash__job *job)
{
	pid_t pid = 0;
	int error;

	session.job = job;
	crash__spawn_inherit(job);
	error = crash__launcher_start(job);
	if (error == 0)
		error = crash__launcher_spawn(CRASH__PART_SERVER, &pid);
	/* it may have changed the mode; a program that has just started has not written to the rules yet */
	crash__block_remember(job);
	if (error) {
		crash__launcher_end();
		if (pid > 0)
			waitpid(pid, NULL, __WALL);
		return error;
	}
	job->report->pid = (uint32_t)pid;
	await_ready();
	return 0;
}

static void on_ready(int status)
{
	session.ready = 0;
	session.next = crash__now_ns() + PAUSE_NS;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		start_client();
}

void crash__session_reaped(pid_t pid, int status)
{
	if (!session.job)
		return;
	crash__launcher_reaped(pid);
	if (pid == session.ready && session.phase == AWAITED)
		on_ready(status);
	if (pid == session.client && !session.client_ended) {
		session.client_ended = true;
		session.client_status = status;
	}
}

/* The tree is ended without another word where the server is to be killed. */
static void stop(void)
{
	int signal = session.job->session->stop;

	session.phase = STOPPING;
	session.killed = signal == SIGKILL;
	if (!session.killed)
		kill((pid_t)session.job->report->pid, signal);
	session.deadline = crash__now_ns() + session.job->linger * 1000;
}

static void step_awaited(void)
{
	uint64_t now = crash__now_ns();

	if (!session.job->session->ready) {
		start_client();
	} else if (now >= session.deadline) {
		session.unready = true;
		session.phase = OVER;
	} else if (!session.ready && now >= session.next &&
		   crash__launcher_spawn(CRASH__PART_READY, &session.ready)) {
		session.ready = 0;
		session.next = now + PAUSE_NS;
	}
}

bool crash__session_step(bool program_ended)
{
	if (session.phase == AWAITED && program_ended) {
		session.unready = true;
		session.phase = OVER;
		crash__launcher_end();
	}
	if (session.phase == AWAITED)
		step_awaited();
	if (session.phase == USED && session.client_ended) {
		session.left = program_ended;
		stop();
	}
	if (session.phase == STOPPING && !program_ended && !session.killed &&
	    crash__now_ns() >= session.deadline)
		session.unstopped = true;
	return session.killed || session.unstopped || (session.phase == OVER && !program_ended);
}

uint64_t crash__session_due(void)
{
	if (session.phase == AWAITED && !session.ready)
		return session.next;
	return session.deadline;
}

static void note(enum crash__incomplete why)
{
	crash__block_incomplete(session.job->report, why, NULL);
}

/* Of a client that failed the run has the status; and a server that we have stopped has not failed. */
void crash__session_settle(bool crashed, bool program_ended)
{
	struct crash__report *report = session.job->report;
	bool stopped = session.phase == STOPPING && !session.left, ours;

	if (crashed || report->timed_out)
		return;
	if (session.unready)
		note(CRASH__INCOMPLETE_NOT_READY);
	if (session.unstopped)
		note(CRASH__INCOMPLETE_NOT_STOPPED);
	if ((session.left || (program_ended && session.phase == USED)) && report->status == 0)
		note(CRASH__INCOMPLETE_SERVER_LEFT);
	ours = session.unstopped || session.killed || (session.unready && !program_ended) ||
	       (stopped && WIFSIGNALED(report->status) &&
		WTERMSIG(report->status) == session.job->session->stop);
	if (ours)
		report->status = 0;
	if (session.client_ended && report->status == 0)
		report->status = session.client_status;
}
