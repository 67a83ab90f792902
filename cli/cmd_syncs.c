/* SPDX-License-Identifier: MIT */
#include "cli/explore_syncs.h"

static int run(int argc, char **argv)
{
	return crash__explore_command(&crash__cmd_syncs, true, argc, argv);
}

const struct crash__command crash__cmd_syncs = {
	.name = "syncs",
	.run = run,
	.options = crash__syncs_table,
	.arguments = "[--check CMD] [OPTION]... -- PROGRAM [ARG]... | TRACE",
	.summary = "Say what each sync of a program is worth: needed, redundant or missing",
	.help = "The program runs once, as for explore. Then its syncs are left out, call site by call\n"
		"site, and what only a power loss without them can leave is checked as well.\n\n"
		"  --check CMD           the checker. This, --check-server CMD, --check-timeout TIME,\n"
		"                        --recover CMD, --setup CMD, --at RULE, --exit-ok LIST, --copy,\n"
		"                        --max-trace SIZE, --max-tree SIZE and --net host are as for "
		"explore\n"
		"  --tiers LIST          which states. This, --exhaustive, --order trace, --seed N and\n"
		"                        --samples N are as for explore\n"
		"  --model LIST          posix (default), ext4, xfs, btrfs, ..., or files; see models\n"
		"  --budget N|TIME       check at most N states, or for TIME, a third of it with all syncs\n"
		"  --verify              run the program again without those that are redundant, and "
		"explore\n"
		"                        that\n"
		"  --html FILE           also as a page\n"
		"  --jobs N              workers; default: the processors\n" CRASH__SERVER_HELP "\n"
		"Examples:\n"
		"  crashinject syncs --check ./verify.sh -- ./program\n"
		"  crashinject syncs --model ext4,xfs --check ./verify.sh recording.trace\n\n"
		"Exit status: 0 each sync is needed and none is missing, 1 one is redundant, or something\n"
		"fails with all of them, 3 incomplete, 125 failed, or the checker does not accept the\n"
		"final state, as the program left it.\n",
};
