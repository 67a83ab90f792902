/* SPDX-License-Identifier: MIT */
/*
 * server_session.h - a run whose program is a server: it is awaited, used by a client, and stopped.
 *
 * All three are processes of one tree, so what any of them does to storage is seen, and what the client
 *prints has its place among the server's ops. The kernel lets a filter that notifies be installed once in a
 *tree. So a process of ours, the launcher, installs it and starts the others:
 *
 *	keeper ──fork──▶ launcher
 *	   ├──────▶ server
 *	   ├──────▶ ready, ready, ...
 *	   └──────▶ client
 *
 * These are children of the keeper: the launcher clones them with CLONE_PARENT.
 */
#ifndef CRASH_SERVER_SESSION_H
#define CRASH_SERVER_SESSION_H

#include "runner/job.h"

/** In the keeper: starts the launcher, and by it the server. Sets report->pid. Returns 0 or an errno. */
int crash__session_start(struct crash__job *job);

/** A process has ended. */
void crash__session_reaped(pid_t pid, int status);

/**
 * Does what is due: tries whether the server is ready, starts the client, stops the server.
 * @param program_ended the server has ended
 * @return whether the run is to be ended now
 */
bool crash__session_step(bool program_ended);

/** When there is something to do next; CLOCK_MONOTONIC, 0: nothing is known. */
uint64_t crash__session_due(void);

/** At the end: how the run ended, in report->status, and what did not go as it was to. */
void crash__session_settle(bool crashed, bool program_ended);

#endif
