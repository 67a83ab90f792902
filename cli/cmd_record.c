/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/progress.h"
#include "common/control.h"
#include "trace/starting_tree.h"
#include "trace/writer.h"

struct record_options {
	const char *output, *at;
	uint64_t max_trace, max_tree;
};

enum { OPTION_AT = CRASH__OPTION_OWN, OPTION_MAX_TRACE, OPTION_MAX_TREE };

static const struct option table[] = {
	{"output", required_argument, NULL, 'o'},
	{"at", required_argument, NULL, OPTION_AT},
	{"max-trace", required_argument, NULL, OPTION_MAX_TRACE},
	{"max-tree", required_argument, NULL, OPTION_MAX_TREE},
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct record_options *own = context;

	switch (option) {
	case 'o':
		own->output = value;
		return true;
	case OPTION_AT:
		own->at = value;
		return true;
	case OPTION_MAX_TRACE:
		own->max_trace = crash__options_size("--max-trace", value);
		return true;
	case OPTION_MAX_TREE:
		own->max_tree = crash__options_size("--max-tree", value);
		return true;
	default:
		return false;
	}
}

/* The starting tree first: the program is going to change it. */
static int begin_trace(const struct record_options *own, const char *directory, bool *saved)
{
	struct crash__trace_writer writer;
	int fd = open(own->output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		crash__die("--output %s: %s", own->output, strerror(errno));
	crash__trace_writer_init(&writer, fd, 0);
	crash__trace_begin(&writer);
	if (writer.failed)
		crash__die("%s: %s", own->output, strerror(errno));
	if (crash__tree_save(fd, directory, own->max_tree, saved) < 0)
		crash__die("%s", crash_error_detail());
	return fd;
}

/* A trace inside of what it records would record itself. */
static void check_place(const char *output, const char *directory)
{
	char above[PATH_MAX], *copy = strdup(output), *slash = strrchr(copy, '/');
	size_t length = strlen(directory);

	if (slash)
		slash[slash == copy] = '\0';
	if (!realpath(slash ? copy : ".", above))
		crash__die("--output %s: %s", output, strerror(errno));
	free(copy);
	if (strncmp(above, directory, length) == 0 && (!above[length] || above[length] == '/'))
		crash__die("--output %s is inside the data directory %s; put it elsewhere, or name the data "
			   "directory with --root",
			   output, directory);
}

static int exit_status(const struct crash_out *out)
{
	if (out->timed_out)
		return CRASH__EXIT_TIMEOUT;
	if (!out->complete)
		return CRASH__EXIT_INCOMPLETE;
	return out->killed ? CRASH__EXIT_GOOD : out->signal ? 128 + out->signal : out->exit_code;
}

/*
 * What the program itself sends to /dev/null is no acknowledgement. If it was the command's output that was
 * thrown away, the program has spoken: it gets a pipe, and -1 is returned.
 */
static int output_to(int fd)
{
	struct stat own, nothing;

	return fstat(fd, &own) == 0 && stat("/dev/null", &nothing) == 0 && S_ISCHR(own.st_mode) &&
			       own.st_rdev == nothing.st_rdev ?
		       -1 :
		       fd;
}

static int run(int argc, char **argv)
{
	struct record_options own = {.max_tree = CRASH__DEFAULT_MAX_TREE};
	struct crash__options options;
	struct crash__request request;
	char directory[PATH_MAX];
	struct crash_out out;
	bool saved;
	int error, status;

	crash__options_parse(&options, &crash__cmd_record, argc, argv, take_option, &own);
	if (!own.output || !options.program[0])
		crash__die("record: %s: %s record -o TRACE -- PROGRAM",
			   own.output ? "no program" : "no file for the trace", CRASH__PROGRAM_NAME);
	crash__options_check_server(&options, false);
	crash__options_directory(&options, directory);
	check_place(own.output, directory);
	request = crash__options_request(&options);
	request.opts.root = NULL; /* what happens elsewhere is counted */
	request.scenario = own.at;
	request.out = output_to(STDOUT_FILENO);
	request.err = output_to(STDERR_FILENO);
	request.drops_output = true;
	request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA | CRASH__MODE_STACKS | CRASH__MODE_ACKS |
		       CRASH__MODE_TIMES;
	request.trace = begin_trace(&own, directory, &saved);
	request.trace_most = own.max_trace;
	crash__progress_begin(!options.quiet, "recording");
	crash__progress_watch(&request, false);
	error = crash__run(&request, &out);
	if (error < 0)
		crash__die_error(error);
	if (!saved)
		fprintf(stderr,
			"%s: the data directory is larger than --max-tree and was not saved: states cannot "
			"be "
			"built from this trace alone\n",
			CRASH__PROGRAM_NAME);
	if (!options.quiet)
		crash__print_incomplete(&out);
	if (close(request.trace) < 0)
		crash__die("%s: %s", own.output, strerror(errno));
	status = exit_status(&out);
	crash_out_clear(&out);
	return status;
}

const struct crash__command crash__cmd_record = {
	.name = "record",
	.run = run,
	.options = table,
	.arguments = "-o TRACE [OPTION]... -- PROGRAM [ARG]...",
	.summary = "Run a program and record everything it does to storage",
	.help = "The program runs as it would without recording, and changes its data directory. The\n"
		"trace has all that a later explore, lint, list or replay needs.\n\n"
		"  -o, --output TRACE    the file; an old one is overwritten\n"
		"  --at RULE             a rule for this run, as for run\n"
		"  --max-trace SIZE      end the recording at SIZE; the trace is then incomplete\n"
		"  --max-tree SIZE       largest data directory to be saved (1G)\n" CRASH__SERVER_HELP "\n"
		"Examples:\n"
		"  crashinject record -o ../wal.trace -- ./wal-test\n"
		"  crashinject list ../wal.trace\n"
		"  crashinject explore --model ext4 --check ./verify.sh ../wal.trace\n\n"
		"Exit status: the program's own; 3 if something was not seen, 124 timeout, 125 failed.\n",
};
