/* SPDX-License-Identifier: MIT */
/*
 * checker_server.h - a checker that stays alive and answers for many states.
 *
 * It reads a JSON object a line, with `state`, `point`, `dir`, `acked` and `acked_dir`, and answers with one
 * that has `verdict`, "ok", "inconsistent" or "lost", and perhaps `text`. There is one in a process that
 * checks.
 */
#ifndef CRASH_CHECKER_SERVER_H
#define CRASH_CHECKER_SERVER_H

#include <stdbool.h>

#include "explore/checkers/check_command.h"

/** What it is asked. */
struct crash__checker_question {
	const char *state, *point, *directory, *acked, *acked_directory;
};

/**
 * Asks the server, which is started if there is none. One that hangs, ends or does not answer is no more
 * there afterwards.
 * @param cwd where it is started
 * @return an error where it cannot be started, or answers what cannot be understood
 */
int crash__checker_server_ask(const char *command, char *const *environment, const char *cwd,
			      const struct crash__checker_question *question, uint64_t timeout_ms, bool alone,
			      struct crash__verdict *verdict);

/** Ends it with all that it has started, if there is one. */
void crash__checker_server_end(bool alone);

/**
 * Whether there is one that still has files of a directory: what it was asked about may be changed by it
 * later.
 * @param directory where that is now
 */
bool crash__checker_server_holds(const char *directory);

/** Whether it was asked before. */
bool crash__checker_server_is_fresh(void);

#endif
