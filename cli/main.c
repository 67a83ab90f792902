/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_limit.h"
#include "cli/options.h"
#include "cli/streams.h"
#include "common/suggest.h"
#include "common/variables.h"
#include "runner/setup.h"

const struct crash__command *const crash__commands[] = {
	&crash__cmd_run,	&crash__cmd_list,
	&crash__cmd_record,	&crash__cmd_explore,
	&crash__cmd_lint,	&crash__cmd_faults,
	&crash__cmd_syncs,	&crash__cmd_replay,
	&crash__cmd_witness,	&crash__cmd_report,
	&crash__cmd_models,	&crash__cmd_doctor,
	&crash__cmd_completion, NULL,
};

static void print_help(void)
{
	printf("Usage: %s COMMAND [OPTION]... [--] PROGRAM [ARG]...\n"
	       "If the process or the machine dies here, is what is left on disk still right?\n\n"
	       "Commands:\n",
	       CRASH__PROGRAM_NAME);
	for (size_t i = 0; crash__commands[i]; i++)
		printf("  %-10s %s\n", crash__commands[i]->name, crash__commands[i]->summary);
	printf("\nFor example:\n"
	       "  %s list -- sqlite3 t.db 'create table t(a); insert into t values(1)'\n"
	       "  %s run --at 'fdatasync#3' -- sqlite3 t.db 'insert into t values(2)'\n"
	       "  %s explore --model ext4 --check ./verify.sh -- ./program\n\n"
	       "For the options of a command see %s COMMAND --help; for more see crashinject(1).\n",
	       CRASH__PROGRAM_NAME, CRASH__PROGRAM_NAME, CRASH__PROGRAM_NAME, CRASH__PROGRAM_NAME);
}

static void warn_about_environment(void)
{
	const char *entry, *nearest;
	size_t position = 0;

	while ((entry = crash__environment_unknown(environ, &position, &nearest)) != NULL)
		fprintf(stderr, "%s: unknown variable %.*s in the environment%s%s%s\n", CRASH__PROGRAM_NAME,
			(int)strcspn(entry, "="), entry, nearest ? "; did you mean " : "",
			nearest ? nearest : "", nearest ? "?" : "");
}

int main(int argc, char **argv)
{
	struct crash__suggestion near = {0};

	crash__streams_begin(CRASH__PROGRAM_NAME, CRASH__EXIT_FAILED);
	crash__file_limit_ignore();
	if (argc < 2 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help();
		return argc < 2 ? CRASH__EXIT_FAILED : 0;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("crashinject %s\n", crash_version());
		return 0;
	}
	near.word = argv[1];
	near.length = strlen(argv[1]);
	for (size_t i = 0; crash__commands[i]; i++) {
		if (strcmp(argv[1], crash__commands[i]->name) == 0) {
			warn_about_environment();
			crash__setup_sweep();
			return crash__commands[i]->run(argc - 1, argv + 1);
		}
		crash__suggest(&near, crash__commands[i]->name);
	}
	if (near.best)
		crash__die("there is no command \"%s\"; did you mean %s?", argv[1], near.best);
	crash__die("there is no command \"%s\"; see %s --help", argv[1], CRASH__PROGRAM_NAME);
}
