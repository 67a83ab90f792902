/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"
#include "cli/listing.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "common/control.h"
#include "runner/program.h"
#include "symbols/breakpoint_sites.h"
#include "trace/reader.h"
#include "trace/run_end.h"

struct list_options {
	bool points, calls, allocations;
};

enum { OPTION_POINTS = CRASH__OPTION_OWN, OPTION_CALLS, OPTION_ALLOCATIONS };

static const struct option table[] = {
	{"points", no_argument, NULL, OPTION_POINTS},
	{"calls", no_argument, NULL, OPTION_CALLS},
	{"allocations", no_argument, NULL, OPTION_ALLOCATIONS},
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct list_options *own = context;

	(void)value;
	own->points |= option == OPTION_POINTS;
	own->calls |= option == OPTION_CALLS;
	own->allocations |= option == OPTION_ALLOCATIONS;
	return option == OPTION_POINTS || option == OPTION_CALLS || option == OPTION_ALLOCATIONS;
}

/* ------------------------------------------------------------------ list --calls */

static int list_calls(const struct crash__options *options)
{
	for (int i = 0; i < CRASH__CALLS; i++) {
		const struct crash__call_info *call = &crash__calls[i], *kernel = &crash__calls[call->kernel];

		if (options->json)
			crash__json_print(options->json_out,
					  json_pack("{s:s, s:s, s:s, s:s}", "call", call->name, "family",
						    crash__families[kernel->family].name, "kernel_call",
						    kernel->name, "about", kernel->sentence));
		else if (call == kernel)
			printf("%-18s %-9s %s\n", call->name, crash__families[kernel->family].name,
			       call->sentence);
		else
			printf("%-18s %-9s as %s\n", call->name, crash__families[kernel->family].name,
			       kernel->name);
	}
	return 0;
}

/* ------------------------------------------------------------------ list --points */

static int by_place(const void *a, const void *b)
{
	const struct crash__found_site *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = strcmp(x->file, y->file);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void print_site(const struct crash__options *options, const struct crash__found_site *site)
{
	if (options->json)
		crash__json_print(options->json_out,
				  json_pack("{s:o, s:o, s:i, s:o}", "point", crash__json_string(site->name),
					    "file", crash__json_string(site->file), "line", (int)site->line,
					    "object", crash__json_string(site->object)));
	else
		printf("%-48s %s:%u\n", site->name, site->file, site->line);
}

static int list_points(const struct crash__options *options)
{
	struct crash__found_sites found;
	char path[PATH_MAX];
	int error = crash__program_find(options->program[0], NULL, path);

	/* a shared library has points, too, and is not executable */
	if (error == CRASH_ENOEXEC && access(options->program[0], R_OK) == 0) {
		snprintf(path, sizeof path, "%s", options->program[0]);
		error = 0;
	}
	if (error == 0)
		error = crash__sites_find(path, &found);
	if (error < 0)
		crash__die_error(error);
	if (found.count)
		qsort(found.sites, found.count, sizeof *found.sites, by_place);
	for (size_t i = 0; i < found.count; i++)
		print_site(options, &found.sites[i]);
	if (!options->json && !found.count)
		printf("%s and its libraries have no explicit breakpoints%s\n", path,
		       found.runtime_names || found.channel ? " except those with names made at run time" :
							      "");
	else if (!options->json && (found.runtime_names || found.channel))
		printf("(and others with names made at run time: %s)\n",
		       found.runtime_names ? "crash_breakpoint()" : "CRASH_FD");
	crash__sites_clear(&found);
	return 0;
}

/* ------------------------------------------------------------------ list -- PROGRAM */

static int list_run(const struct crash__options *options, bool allocations)
{
	struct crash__request request = crash__options_request(options);
	struct crash__trace trace;
	struct crash_out out;
	int error, status;

	request.mode = CRASH__MODE_RECORD | CRASH__MODE_ACKS | (options->verbose ? CRASH__MODE_STACKS : 0) |
		       (allocations ? CRASH__MODE_ALLOCATIONS : 0);
	request.trace = memfd_create("crashinject-trace", MFD_CLOEXEC);
	if (request.trace < 0)
		crash__die("cannot allocate memory for the trace: %m");
	request.out = STDERR_FILENO; /* stdout is for the listing alone */
	crash__progress_begin(!options->quiet, "recording");
	crash__progress_watch(&request, false);
	error = crash__run(&request, &out);
	if (error == 0)
		error = crash__trace_open_fd(request.trace, "the recording", &trace);
	if (error == 0 && trace.cut) { /* nobody knows that but who has read it */
		crash_out_clear(&out);
		error = crash__trace_read_end(&trace, &out);
	}
	if (error < 0)
		crash__die_error(error);
	crash__listing_print(options, &trace, &out);
	if (!options->json || options->json_out != stdout)
		crash__print_incomplete(&out);
	if (out.timed_out && !options->quiet)
		fprintf(stderr, "%s: the program timed out; this is what it did until then\n",
			CRASH__PROGRAM_NAME);
	status = out.timed_out ? CRASH__EXIT_TIMEOUT :
		 !out.complete ? CRASH__EXIT_INCOMPLETE :
				 CRASH__EXIT_GOOD;
	crash__trace_close(&trace);
	close(request.trace);
	crash_out_clear(&out);
	return status;
}

/* ------------------------------------------------------------------ list TRACE */

static int list_trace(const struct crash__options *options)
{
	struct crash__trace trace;
	struct crash_out out;
	int error = crash__trace_open(options->program[0], &trace), status;

	if (error == 0)
		error = crash__trace_read_end(&trace, &out);
	if (error < 0)
		crash__die_error(error);
	crash__listing_print(options, &trace, &out);
	if (!options->json || options->json_out != stdout)
		crash__print_incomplete(&out);
	status = out.complete ? CRASH__EXIT_GOOD : CRASH__EXIT_INCOMPLETE;
	crash__trace_close(&trace);
	crash_out_clear(&out);
	return status;
}

static int run(int argc, char **argv)
{
	struct crash__options options;
	struct list_options own = {0};

	crash__options_parse(&options, &crash__cmd_list, argc, argv, take_option, &own);
	if (own.calls)
		return list_calls(&options);
	if (!options.program[0])
		crash__die("list: no program; write it after --: %s list -- PROGRAM", CRASH__PROGRAM_NAME);
	if (own.points)
		return list_points(&options);
	crash__options_check_server(&options, false);
	if (!crash__trace_is(options.program[0]))
		return list_run(&options, own.allocations);
	crash__refuse_beside_trace(options.program[0], NULL, NULL, 0, options.server.client);
	return list_trace(&options);
}

const struct crash__command crash__cmd_list = {
	.name = "list",
	.run = run,
	.options = table,
	.arguments = "[OPTION]... -- PROGRAM [ARG]... | TRACE",
	.summary = "List every point that a run of a program passes",
	.help = "  --allocations         also what memory PROGRAM asks for: malloc() and its like\n"
		"  --points              instead: the breakpoints compiled into PROGRAM, without running it\n"
		"  --calls               instead: the calls that are seen, and their "
		"families\n" CRASH__SERVER_HELP "\n"
		"Examples:\n"
		"  crashinject list -- sqlite3 t.db 'create table t(a); insert into t values(1)'\n"
		"  crashinject list -v -- ./my-wal-test        # with the stack of each point\n"
		"  crashinject list --points ./my-wal-test\n"
		"  crashinject list ../wal.trace               # recorded by crashinject record\n\n"
		"The program's stdout goes to stderr: stdout is for the listing.\n"
		"Exit status: 0 good, 3 incomplete, 124 timeout, 125 crashinject failed.\n",
};
