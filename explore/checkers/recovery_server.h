/* SPDX-License-Identifier: MIT */
/*
 * recovery_server.h - a recovery that is a server: started on a state, awaited, left to the check, stopped.
 */
#ifndef CRASH_RECOVERY_SERVER_H
#define CRASH_RECOVERY_SERVER_H

#include <stdbool.h>

#include "explore/checkers/check_command.h"

/** How to use it. The strings are the caller's. */
struct crash__recovery_server {
	const char *ready; /* for sh -c: succeeds as soon as the server is ready; NULL: it is no server */
	uint64_t ready_timeout_ms, linger_ms;
	int stop; /* signal */
};

/**
 * Starts a server and waits until it is ready.
 * @param server gets what runs; to be ended with crash__recovery_server_end(), whatever came of it
 * @param verdict PASSED: it is ready
 */
int crash__recovery_server_begin(const struct crash__recovery_server *how, const char *command,
				 char *const *environment, const char *directory,
				 struct crash__command_run *server, struct crash__verdict *verdict);

/**
 * Stops it, or kills it when it does not want to.
 * @param verdict one that was PASSED becomes a failed recovery where the server had failed meanwhile
 */
void crash__recovery_server_end(const struct crash__recovery_server *how, struct crash__command_run *server,
				bool alone, struct crash__verdict *verdict);

#endif
