/* SPDX-License-Identifier: MIT */
#include "explore/checkers/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/error.h"
#include "explore/checkers/check_command.h"
#include "explore/checkers/checker_server.h"
#include "explore/checkers/recovery_server.h"

/* ------------------------------------------------------------------ a check */

/* Those that a check sets. */
#define OWN_VARIABLES 6

static char **make_environment(const struct crash__checker *checker, const struct crash__check *check)
{
	static const char *const names[OWN_VARIABLES] = {"CRASH_DIR",	"CRASH_POINT",	   "CRASH_STATE",
							 "CRASH_ACKED", "CRASH_ACKED_DIR", "PWD"};
	const char *cwd = crash__checker_is_given(checker) ? check->directory : check->cwd;
	const char *values[OWN_VARIABLES] = {check->directory, check->point,	       check->state,
					     check->acked,     check->acked_directory, cwd};
	size_t count = 0, made = 0;
	char **list;

	while (checker->environment[count])
		count++;
	list = calloc(count + OWN_VARIABLES + 1, sizeof *list);
	for (size_t i = 0; list && i < OWN_VARIABLES; i++)
		if (asprintf(&list[i], "%s=%s", names[i], values[i]) < 0)
			list[i] = NULL;
	made = OWN_VARIABLES;
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
	for (size_t i = 0; list && i < OWN_VARIABLES; i++)
		free(list[i]);
	free(list);
}

/* What it would have done was not done when the checker looked: said, for its exit status does not. */
static const char left_behind[] = "crashinject: recovery left processes behind\n";

/* What a command that has ended makes of the state. `left`: processes of it ran on. */
static void judge(const struct crash__command_run *command, bool left, enum crash__verdict_kind failed,
		  enum crash__verdict_kind hung, struct crash__verdict *verdict)
{
	verdict->exit_code = WIFEXITED(command->status) ? WEXITSTATUS(command->status) : -1;
	verdict->signal = WIFSIGNALED(command->status) ? WTERMSIG(command->status) : 0;
	if (left && failed == CRASH__VERDICT_RECOVERY && verdict->exit_code == 0)
		crash__verdict_keep(verdict, left_behind, strlen(left_behind));
	if (command->timed_out)
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
}

/* A check, and what all of its commands have in common. */
struct checking {
	const struct crash__checker *checker;
	const struct crash__check *check;
	char **environment;
	bool alone;
	struct crash__verdict *verdict;
	struct crash__command_run *server; /* that runs beside the check; or NULL */
	uint64_t asking_ns;
};

/* Runs one command to its end. A command that cannot be started says nothing of the state: that is an error.
 * What it has left cannot be told from what a server has made. */
static int run_command(const struct checking *checking, char *const *argv, const char *cwd,
		       enum crash__verdict_kind failed, enum crash__verdict_kind hung)
{
	struct crash__command_run command = {.said = checking->verdict, .beside = checking->server};
	int error = crash__command_start(&command, argv, checking->environment, cwd);
	bool left = false;

	if (error < 0)
		return error;
	crash__command_watch(&command, crash__now_ns() + checking->checker->timeout_ms * 1000000);
	if (!checking->server)
		left = crash__command_clean_up(checking->alone, !command.timed_out);
	judge(&command, left, failed, hung, checking->verdict);
	return 0;
}

static int run_shell(const struct checking *checking, const char *command, enum crash__verdict_kind failed,
		     enum crash__verdict_kind hung)
{
	const char *directory = checking->check->directory;
	const char *words[] = {"sh", "-c", command, "sh", directory, NULL};

	return run_command(checking, (char *const *)(uintptr_t)words, directory, failed, hung);
}

/* The check itself; the program, run again, where there is no other. */
static int look(const struct checking *checking)
{
	const struct crash__checker *checker = checking->checker;
	int error;

	if (checker->check)
		return run_shell(checking, checker->check, CRASH__VERDICT_INCONSISTENT,
				 CRASH__VERDICT_TIMEOUT);
	error = run_command(checking, checker->program, checking->check->cwd, CRASH__VERDICT_INCONSISTENT,
			    CRASH__VERDICT_TIMEOUT);
	if (checking->verdict->kind == CRASH__VERDICT_LOST) /* its exit statuses are its own */
		checking->verdict->kind = CRASH__VERDICT_INCONSISTENT;
	return error;
}

/* Where a relative name in its command is meant to lead, unless what is there changes with each state. */
static const char *home_of(const struct crash__check *check)
{
	size_t length = strlen(check->directory);
	bool inside = !*check->cwd || (strncmp(check->cwd, check->directory, length) == 0 &&
				       (check->cwd[length] == '/' || !check->cwd[length]));

	return inside ? check->directory : check->cwd;
}

static int ask_server(const struct checking *checking)
{
	const struct crash__check *check = checking->check;
	const struct crash__checker_question question = {.state = check->state,
							 .point = check->point,
							 .directory = check->directory,
							 .acked = check->acked,
							 .acked_directory = check->acked_directory};
	int error = crash__checker_server_ask(checking->checker->check_server, checking->environment,
					      home_of(check), &question, checking->checker->timeout_ms,
					      checking->alone, checking->verdict);

	if (!check->keeps)
		crash__checker_server_end(checking->alone);
	return error;
}

static int look_at_server(struct checking *checking)
{
	const struct crash__checker *checker = checking->checker;
	struct crash__command_run server;
	int error = crash__recovery_server_begin(&checker->server, checker->recover, checking->environment,
						 checking->check->directory, &server, checking->verdict);

	if (error == 0 && checking->verdict->kind == CRASH__VERDICT_PASSED) {
		checking->server = &server;
		error = look(checking);
	}
	crash__recovery_server_end(&checker->server, &server, checking->alone, checking->verdict);
	return error;
}

/* What that takes is not the check's time. */
static bool is_known(struct checking *checking)
{
	const struct crash__check *check = checking->check;
	uint64_t began = crash__now_ns();
	bool known = check->recovered && check->recovered(check->context, checking->verdict);

	checking->asking_ns = crash__now_ns() - began;
	return known;
}

static int recover_and_look(struct checking *checking)
{
	const char *recover = checking->checker->recover;
	int error;

	if (!recover)
		return look(checking);
	error = run_shell(checking, recover, CRASH__VERDICT_RECOVERY, CRASH__VERDICT_RECOVERY_TIMEOUT);
	if (error < 0 || checking->verdict->kind != CRASH__VERDICT_PASSED || is_known(checking))
		return error;
	return look(checking);
}

int crash__checker_run(const struct crash__checker *checker, const struct crash__check *check, bool alone,
		       struct crash__verdict *verdict)
{
	struct checking checking = {.checker = checker,
				    .check = check,
				    .environment = make_environment(checker, check),
				    .alone = alone,
				    .verdict = verdict};
	uint64_t started = crash__now_ns();
	int error;

	verdict->kind = CRASH__VERDICT_NONE;
	verdict->exit_code = verdict->signal = 0;
	verdict->output_length = 0;
	if (!checking.environment)
		return crash__fail(CRASH_ENOMEM, "no memory for a check");
	if (checker->check_server)
		error = ask_server(&checking);
	else
		error = checker->server.ready ? look_at_server(&checking) : recover_and_look(&checking);
	verdict->ns = crash__now_ns() - started - checking.asking_ns;
	free_environment(checking.environment);
	return error;
}
