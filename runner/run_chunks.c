/* SPDX-License-Identifier: MIT */
#include "runner/run_chunks.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"
#include "runner/out.h"
#include "trace/event_text.h"
#include "trace/reader.h"
#include "trace/writer.h"

static int write_json(const struct crash__job *job, enum crash__chunk_type type, bool header, json_t *object)
{
	struct crash__trace_writer writer;
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text)
		return crash__fail(CRASH_ENOMEM, "no memory for the trace");
	crash__trace_writer_init(&writer, job->trace, 0);
	if (header && lseek(job->trace, 0, SEEK_CUR) <= 0) /* the starting tree may be there already */
		crash__trace_begin(&writer);
	crash__trace_chunk(&writer, type, text, strlen(text));
	free(text);
	errno = writer.error;
	return writer.failed ? crash__fail_errno("cannot write the trace") : 0;
}

/*
 * Whether a file that the program writes to stays set-user-ID: that takes CAP_FSETID, which a program has if
 * it starts as root and the capability is in the bounding set.
 */
static bool keeps_set_id(void)
{
	return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_FSETID) == 1;
}

/* What syncfs() of it syncs is durable. */
static uint64_t device_of(const struct crash__job *job, const char *directory)
{
	struct stat status;

	if (job->device)
		return job->device;
	return stat(*job->control->root ? job->control->root : directory, &status) == 0 ? status.st_dev : 0;
}

int crash__run_chunk_start(const struct crash__job *job, const char *path, const char *scenario)
{
	char cwd[PATH_MAX] = "";
	const char *dir = "";

	for (char *const *entry = job->program.envp; *entry; entry++)
		if (strncmp(*entry, "CRASH_DIR=", 10) == 0)
			dir = *entry + 10;
	if (job->cwd)
		snprintf(cwd, sizeof cwd, "%s", job->cwd);
	else if (!getcwd(cwd, sizeof cwd))
		cwd[0] = '\0';
	return write_json(
		job, CRASH__CHUNK_START, true,
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I}", "version", crash_version(),
			  "program", crash__json_string(path), "argv", crash__json_list(job->program.argv),
			  "cwd", crash__json_string(cwd), "dir", crash__json_string(dir), "root",
			  crash__json_string(job->control->root), "scenario", crash__json_string(scenario),
			  "keeps_set_id", (int)keeps_set_id(), "device",
			  (json_int_t)device_of(job, *dir ? dir : cwd), "time", (json_int_t)time(NULL)));
}

/* Which file could not be written, and why. */
static int say_unwritten(const struct crash__job *job, int error, struct crash_out *out)
{
	char path[PATH_MAX], why[160], detail[512];

	crash__trace_file_name(job->trace, path);
	crash__errno_text(error, why, sizeof why);
	snprintf(detail, sizeof detail, "%.300s: %s", path, why);
	return crash__out_incomplete(out, CRASH__INCOMPLETE_TRACE_WRITE, detail);
}

/* What the result says, and what only readers of the trace want to know. */
static json_t *end_json(const struct crash__job *job, const struct crash_out *out)
{
	json_t *end = crash__json_run(out);

	if (end && crash__control_watches_allocations(job->control))
		json_object_set_new(end, "allocations",
				    json_integer((json_int_t)atomic_load(
					    &job->control->family_hits[CRASH__FAMILY_ALLOC])));
	return end;
}

int crash__run_chunk_end(const struct crash__job *job, struct crash_out *out)
{
	int error = 0;

	if (!(job->control->mode & CRASH__MODE_RECORD))
		return 0;
	if (job->report->trace_full)
		error = crash__out_incomplete(out, CRASH__INCOMPLETE_TRACE_LIMIT, NULL);
	if (error == 0 && job->report->trace_error)
		return say_unwritten(job, job->report->trace_error, out);
	if (error < 0)
		return error;
	if (write_json(job, CRASH__CHUNK_END, false, end_json(job, out)) < 0)
		return say_unwritten(job, errno, out);
	return 0;
}

int crash__run_read_log(const struct crash__job *job, struct crash_out *out)
{
	struct crash__trace trace;
	size_t count = 0;
	int error = crash__trace_open_fd(job->trace, "the log", &trace);

	if (error < 0)
		return error;
	out->log = calloc(trace.count + 1, sizeof *out->log);
	if (!out->log) {
		crash__trace_close(&trace);
		return crash__fail(CRASH_ENOMEM, "no memory for the log");
	}
	for (size_t i = 0; i < trace.count; i++)
		if (trace.events[i].flags & CRASH__OP_LOGGED)
			out->log[count++] = crash__event_line(&trace, &trace.events[i]);
	crash__trace_close(&trace);
	return 0;
}
