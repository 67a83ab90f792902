/* SPDX-License-Identifier: MIT */
#include "explore/explore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explore/copy.h"
#include "explore/sandbox.h"
#include "explore/tree.h"
#include "runner/error.h"
#include "runner/story.h"

int crash__explore_incomplete(struct crash__exploration *exploration, const char *format, ...)
{
	char **at = CRASH__PUSH(exploration, incomplete);
	va_list args;
	int length;

	if (!at)
		return crash__fail(CRASH_ENOMEM, "no memory for results");
	va_start(args, format);
	length = vasprintf(at, format, args);
	va_end(args);
	if (length >= 0)
		return 0;
	exploration->incomplete_count--;
	return crash__fail(CRASH_ENOMEM, "no memory for results");
}

/* ------------------------------------------------------------------ the data directory */

static int choose_directory(const char *wanted, struct crash__exploration *exploration)
{
	struct stat status;

	if (!realpath(wanted, exploration->directory))
		return crash__fail(CRASH_EDIR, "%s: %s", wanted, strerror(errno));
	if (stat(exploration->directory, &status) < 0 || !S_ISDIR(status.st_mode))
		return crash__fail(CRASH_EDIR, "%s is not a directory", wanted);
	if (strcmp(exploration->directory, "/") == 0)
		return crash__fail(CRASH_EDIR, "the data directory cannot be /; name it with --dir");
	return 0;
}

static void choose_way(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	const char *why_not = "";

	exploration->namespaces = !options->copy && crash__sandbox_possible(exploration->directory, &why_not);
	snprintf(exploration->why_no_namespaces, sizeof exploration->why_no_namespaces, "%s",
		 options->copy ? "--copy asks for copies" : why_not);
}

/* ------------------------------------------------------------------ recording */

/* A path below the data directory, moved to where the copy is. */
static void move_path(const struct crash__exploration *exploration, const char *path, char out[PATH_MAX])
{
	size_t length = strlen(exploration->directory);
	bool below = strncmp(path, exploration->directory, length) == 0 && (path[length] == '/' || !path[length]);

	snprintf(out, PATH_MAX, "%.2000s%.2000s", below ? exploration->root : path, below ? path + length : "");
}

/* Without namespaces the program works on a copy, at another path than its own. */
static int record_on_copy(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	struct crash__request request = *options->request;
	char cwd[PATH_MAX], moved[PATH_MAX];
	int error;

	snprintf(exploration->root, sizeof exploration->root, "%.3000s/run", exploration->scratch.path);
	if (mkdir(exploration->root, 0700) < 0 || !getcwd(cwd, sizeof cwd))
		return crash__fail_errno("cannot make %s", exploration->root);
	error = crash__copy_tree(exploration->directory, exploration->root);
	if (error < 0)
		return error;
	move_path(exploration, cwd, moved);
	request.opts.cwd = moved;
	request.opts.dir = exploration->root;
	return crash__record_in_place(&request, &exploration->recorded);
}

/*
 * A program that names its directory by itself has written to the original, where there are no namespaces to
 * show it a copy at that path. The copy is then what the directory was before.
 */
static int check_copy_used(struct crash__exploration *exploration)
{
	const struct crash__trace *trace = &exploration->trace;
	size_t length = strlen(exploration->directory);
	char kept[PATH_MAX];

	for (size_t i = 0; i < trace->count && !exploration->namespaces; i++) {
		const char *path = crash__event_path(trace, &trace->events[i]);

		if (trace->events[i].kind != CRASH__EVENT_OP || !path || strncmp(path, exploration->directory, length) != 0 ||
		    path[length] != '/' || strncmp(path, exploration->scratch.path, strlen(exploration->scratch.path)) == 0)
			continue;
		snprintf(kept, sizeof kept, "%.3000s.before-XXXXXX", exploration->directory);
		if (!mkdtemp(kept) || crash__copy_tree(exploration->root, kept) < 0)
			snprintf(kept, sizeof kept, "(it could not be saved)");
		return crash__fail(CRASH_EDIR,
				   "the program wrote to %s itself. Without namespaces (%s) it works on a copy, which it has to "
				   "find by $CRASH_DIR or its working directory. The directory as it was before is in %s",
				   exploration->directory, exploration->why_no_namespaces, kept);
	}
	return 0;
}

static int record(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	int error;

	strcpy(exploration->root, exploration->directory);
	if (exploration->namespaces)
		error = crash__record_in_sandbox(options->request, exploration->directory,
						 crash__base_directory(exploration->base), &exploration->recorded);
	else
		error = record_on_copy(options, exploration);
	exploration->has_recorded = error == 0;
	return error;
}

/* What --setup makes of the data directory is the starting tree; the directory itself stays as it is. */
static int set_up(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	char base[PATH_MAX];
	int error;

	if (!exploration->namespaces)
		return crash__fail(CRASH_EINVAL, "--setup needs namespaces, and there are none here: %s",
				   exploration->why_no_namespaces);
	snprintf(base, sizeof base, "%.3000s/base", exploration->scratch.path);
	if (mkdir(base, 0700) < 0)
		return crash__fail_errno("cannot make %s", base);
	error = crash__copy_tree(exploration->directory, base);
	if (error == 0)
		error = crash__set_up(options->setup, exploration->directory, base);
	return error == 0 ? crash__base_open(base, &exploration->base) : error;
}

/* ------------------------------------------------------------------ what may have been missed */

/*
 * An overlay does not rename directories of the starting tree for users without rights: the program saw EXDEV,
 * which it would not have seen.
 */
static int note_refused(struct crash__exploration *exploration)
{
	const struct crash__trace *trace = &exploration->trace;
	size_t length = strlen(exploration->root);

	for (size_t i = 0; i < trace->count && exploration->namespaces; i++) {
		const struct crash__event *event = &trace->events[i];

		if (event->kind == CRASH__EVENT_OP && event->family == CRASH__FAMILY_RENAME && event->result == -EXDEV &&
		    event->path && event->to && strncmp(event->path, exploration->root, length) == 0 &&
		    strncmp(event->to, exploration->root, length) == 0)
			return crash__explore_incomplete(
				exploration, "the overlay refused to rename %s, which the file system itself would do; use --copy",
				event->path);
	}
	return 0;
}

static int note_missed(struct crash__exploration *exploration)
{
	const struct crash__fs *fs = &exploration->fs;
	int error = 0;

	struct crash_out end = {0};

	if (exploration->has_recorded)
		error = note_refused(exploration);
	if (error == 0)
		error = crash__story_read_end(&exploration->trace, &end);
	for (char **reason = end.incomplete_reasons; reason && *reason && error == 0; reason++)
		error = crash__explore_incomplete(exploration, "%s", *reason);
	if (error == 0 && end.timed_out)
		error = crash__explore_incomplete(
			exploration, "the program ran into the timeout, and what it would have done then was not seen");
	if (error == 0 && !end.complete && !exploration->incomplete_count)
		error = crash__explore_incomplete(exploration, "the recorded run was not complete");
	crash_out_clear(&end);
	if (error == 0 && fs->unknown)
		error = crash__explore_incomplete(exploration, "%llu ops could not be followed, the first: %s",
						  (unsigned long long)fs->unknown, fs->unknown_detail);
	if (error == 0 && fs->unsupported)
		error = crash__explore_incomplete(exploration, "%llu ops are not modelled, the first: %s",
						  (unsigned long long)fs->unsupported, fs->unsupported_detail);
	if (error == 0 && fs->unfinished)
		error = crash__explore_incomplete(exploration,
						  "%llu ops had not returned when the run ended, and are left out",
						  (unsigned long long)fs->unfinished);
	return error;
}

/* ------------------------------------------------------------------ preparing */

static int open_trace(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	int error;

	if (options->request)
		error = crash__trace_open_fd(options->request->trace, "the recording", &exploration->trace);
	else
		error = crash__trace_open(options->trace_path, &exploration->trace);
	exploration->has_trace = error == 0;
	return error;
}

/* The starting tree is in the trace; whoever asks for states at another place has moved the directory. */
static int prepare_trace(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	char base[PATH_MAX];
	int error = open_trace(options, exploration);

	if (error == 0)
		error = crash__tree_root(&exploration->trace, exploration->root);
	if (error == 0)
		error = choose_directory(options->directory ? options->directory : exploration->root, exploration);
	if (error < 0)
		return error;
	choose_way(options, exploration);
	error = crash__scratch_make(&exploration->scratch, 1);
	snprintf(base, sizeof base, "%.3000s/base", exploration->scratch.path);
	if (error == 0 && mkdir(base, 0700) < 0)
		error = crash__fail_errno("cannot make %s", base);
	if (error == 0)
		error = crash__tree_unpack(&exploration->trace, base);
	if (error == 0)
		error = crash__base_open(base, &exploration->base);
	return error;
}

static int prepare_program(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	int error = choose_directory(options->directory, exploration);

	if (error < 0)
		return error;
	choose_way(options, exploration);
	error = crash__scratch_make(&exploration->scratch, !exploration->namespaces || options->setup);
	if (error == 0)
		error = options->setup ? set_up(options, exploration) :
					 crash__base_open(exploration->directory, &exploration->base);
	if (error == 0)
		error = record(options, exploration);
	if (error == 0)
		error = open_trace(options, exploration);
	return error == 0 ? check_copy_used(exploration) : error;
}

int crash__explore_prepare(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	int error = options->request ? prepare_program(options, exploration) : prepare_trace(options, exploration);

	if (error == 0)
		error = crash__fs_replay(&exploration->fs, &exploration->trace, exploration->root, exploration->base);
	exploration->has_fs = error == 0;
	return error == 0 ? note_missed(exploration) : error;
}

int crash__explore_start(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	struct crash__engine_options engine = options->engine;

	engine.fs = &exploration->fs;
	engine.models = options->models;
	engine.model_count = options->model_count;
	engine.directory = exploration->directory;
	engine.scratch = exploration->scratch.path;
	engine.namespaces = exploration->namespaces;
	return crash__engine_new(&engine, &exploration->engine);
}

/* ------------------------------------------------------------------ running */

static int note_unchecked(struct crash__exploration *exploration)
{
	const struct crash__engine *engine = exploration->engine;
	int error = 0;

	if (engine->stopped)
		error = crash__explore_incomplete(exploration, "it was interrupted");
	if (error == 0 && engine->out_of_budget)
		error = crash__explore_incomplete(exploration, "the budget was spent before all states were checked");
	if (error == 0 && engine->errors)
		error = crash__explore_incomplete(exploration, "%llu states could not be checked, the first: %s",
						  (unsigned long long)engine->errors,
						  engine->first_error ? engine->first_error : "?");
	if (error == 0 && engine->flaky)
		error = crash__explore_incomplete(exploration,
						  "the checker is flaky: %llu states failed once and passed when checked again",
						  (unsigned long long)engine->flaky);
	if (error == 0 && exploration->causes.unexplained)
		error = crash__explore_incomplete(exploration, "%llu failing states are not explained",
						  (unsigned long long)exploration->causes.unexplained);
	return error;
}

int crash__explore_run(struct crash__exploration *exploration)
{
	struct crash__engine *engine = exploration->engine;
	int error = crash__engine_run(engine);

	if (error == 0 && engine->final->kind == CRASH__VERDICT_PASSED)
		error = crash__causes_find(engine, &exploration->causes);
	return error == 0 ? note_unchecked(exploration) : error;
}

void crash__explore_clear(struct crash__exploration *exploration)
{
	crash__causes_clear(&exploration->causes);
	crash__engine_free(exploration->engine);
	if (exploration->has_fs)
		crash__fs_clear(&exploration->fs);
	crash__base_close(exploration->base);
	if (exploration->has_trace)
		crash__trace_close(&exploration->trace);
	if (exploration->has_recorded)
		crash__recorded_clear(&exploration->recorded);
	crash__scratch_remove(&exploration->scratch);
	for (size_t i = 0; i < exploration->incomplete_count; i++)
		free(exploration->incomplete[i]);
	free(exploration->incomplete);
}
