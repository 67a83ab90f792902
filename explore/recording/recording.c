/* SPDX-License-Identifier: MIT */
#include "explore/recording/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "explore/fs/fs_replay.h"
#include "explore/recording/overlay_limits.h"
#include "explore/recording/sandbox.h"
#include "trace/reader.h"
#include "trace/run_end.h"
#include "trace/starting_tree.h"

int crash__recording_incomplete(struct crash__recording *recording, const char *format, ...)
{
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for results");
	for (size_t i = 0; i < recording->incomplete_count; i++)
		if (strcmp(recording->incomplete[i], text) == 0) {
			free(text);
			return 0;
		}
	if (CRASH__ADD(recording, incomplete, text))
		return 0;
	free(text);
	return crash__fail(CRASH_ENOMEM, "no memory for results");
}

/* ------------------------------------------------------------------ the data directory */

static int choose_directory(const char *wanted, struct crash__recording *recording)
{
	struct stat status;

	if (!realpath(wanted, recording->directory))
		return crash__fail(CRASH_EDIR, "%s: %s", wanted, strerror(errno));
	if (stat(recording->directory, &status) < 0 || !S_ISDIR(status.st_mode))
		return crash__fail(CRASH_EDIR, "%s is not a directory", wanted);
	if (strcmp(recording->directory, "/") == 0)
		return crash__fail(CRASH_EDIR, "the data directory cannot be /; name it with --dir");
	return 0;
}

static void choose_way(const struct crash__recording_options *options, struct crash__recording *recording)
{
	const char *why_not = "";

	recording->namespaces =
		!options->copy &&
		crash__sandbox_possible_over(recording->directory,
					     recording->base ? crash__base_directory(recording->base) : NULL,
					     &why_not);
	snprintf(recording->why_no_namespaces, sizeof recording->why_no_namespaces, "%s",
		 options->copy ? "--copy asks for copies" : why_not);
}

/* Whether an overlay over a copy does more than one over the data directory itself. */
static int choose_copy(struct crash__recording *recording)
{
	char *what;
	int error = crash__overlay_cannot_copy(recording->directory, &what);

	recording->copied = error == 0 && what;
	free(what);
	return error;
}

/* ------------------------------------------------------------------ recording */

/* A path below the data directory, moved to where the copy is. */
static void move_path(const struct crash__recording *recording, const char *path, char out[PATH_MAX])
{
	size_t length = strlen(recording->directory);
	bool below =
		strncmp(path, recording->directory, length) == 0 && (path[length] == '/' || !path[length]);

	snprintf(out, PATH_MAX, "%.2000s%.2000s", below ? recording->root : path, below ? path + length : "");
}

/* Without namespaces the program works on a copy, at another path than its own. */
static int record_on_copy(const struct crash__recording_options *options, struct crash__recording *recording)
{
	struct crash__request request = *options->request;
	char cwd[PATH_MAX], moved[PATH_MAX];
	int error;

	snprintf(recording->root, sizeof recording->root, "%.3000s/run", recording->scratch.path);
	if (mkdir(recording->root, 0700) < 0 || !getcwd(cwd, sizeof cwd))
		return crash__fail_errno("cannot make %s", recording->root);
	error = crash__copy_tree(recording->directory, recording->root);
	if (error < 0)
		return error;
	move_path(recording, cwd, moved);
	request.opts.cwd = moved;
	request.opts.dir = recording->root;
	return crash__record_in_place(&request, &recording->recorded);
}

/*
 * A program that names its directory by itself has written to the original, where there are no namespaces to
 * show it a copy at that path. The copy is then what the directory was before.
 */
static int check_copy_used(struct crash__recording *recording)
{
	const struct crash__trace *trace = &recording->trace;
	size_t length = strlen(recording->directory);
	char kept[PATH_MAX];

	for (size_t i = 0; i < trace->count && !recording->namespaces; i++) {
		const char *path = crash__event_path(trace, &trace->events[i]);

		if (trace->events[i].kind != CRASH__EVENT_OP || !path ||
		    strncmp(path, recording->directory, length) != 0 || path[length] != '/' ||
		    strncmp(path, recording->scratch.path, strlen(recording->scratch.path)) == 0)
			continue;
		snprintf(kept, sizeof kept, "%.3000s.before-XXXXXX", recording->directory);
		if (!mkdtemp(kept) || crash__copy_tree(recording->root, kept) < 0)
			snprintf(kept, sizeof kept, "(it could not be saved)");
		return crash__fail(CRASH_EDIR,
				   "the program wrote to %s itself. Without namespaces (%s) it runs on a "
				   "copy, which it must find by $CRASH_DIR or its working directory. The "
				   "directory as it was before is in %s",
				   recording->directory, recording->why_no_namespaces, kept);
	}
	return 0;
}

static int record(const struct crash__recording_options *options, struct crash__recording *recording)
{
	int error;

	strcpy(recording->root, recording->directory);
	if (recording->namespaces)
		error = crash__record_in_sandbox(options->request, recording->directory,
						 crash__base_directory(recording->base),
						 &recording->recorded);
	else
		error = record_on_copy(options, recording);
	recording->has_recorded = error == 0;
	return error;
}

/*
 * The starting tree is the data directory itself, where an overlay over that does what it would do; else a
 * copy. What --setup makes of a copy is the starting tree, and the directory itself stays as it is.
 */
static int choose_base(const struct crash__recording_options *options, struct crash__recording *recording)
{
	char base[PATH_MAX];
	int error;

	if (options->setup && !recording->namespaces)
		return crash__fail(CRASH_EINVAL, "--setup needs user namespaces, which cannot be used: %s",
				   recording->why_no_namespaces);
	if (!options->setup && !recording->copied)
		return crash__base_open(recording->directory, &recording->base);
	snprintf(base, sizeof base, "%.3000s/base", recording->scratch.path);
	if (mkdir(base, 0700) < 0)
		return crash__fail_errno("cannot make %s", base);
	error = crash__copy_tree(recording->directory, base);
	if (error == 0 && options->setup)
		error = crash__set_up(options->setup, recording->directory, base);
	return error == 0 ? crash__base_open(base, &recording->base) : error;
}

/* ------------------------------------------------------------------ what may have been missed */

/*
 * An overlay does not rename directories of the starting tree for users without rights, and does not copy
 * what is somebody else's: the program saw errors that it would not have seen.
 */
static int note_refused(struct crash__recording *recording)
{
	const struct crash__trace *trace = &recording->trace;
	size_t length = strlen(recording->root);

	for (size_t i = 0; i < trace->count && recording->namespaces; i++) {
		const struct crash__event *event = &trace->events[i];

		if (event->kind != CRASH__EVENT_OP || !event->path ||
		    strncmp(event->path, recording->root, length) != 0)
			continue;
		if (event->result == -EOVERFLOW)
			return crash__recording_incomplete(
				recording,
				"the overlay could not copy %s, which belongs to another user or group; "
				"use --copy",
				event->path);
		if (event->family == CRASH__FAMILY_RENAME && event->result == -EXDEV && event->to &&
		    strncmp(event->to, recording->root, length) == 0)
			return crash__recording_incomplete(recording,
							   "the overlay refused to rename %s, which the file "
							   "system below it would have done; use --copy",
							   event->path);
	}
	return 0;
}

static int note_missed(struct crash__recording *recording)
{
	const struct crash__fs *fs = &recording->fs;
	char sentences[CRASH__MISSES][CRASH__MISSED];
	struct crash_out end = {0};
	unsigned int missed;
	int error = 0;

	if (recording->has_recorded)
		error = note_refused(recording);
	if (error == 0)
		error = crash__trace_read_end(&recording->trace, &end);
	for (char **reason = end.incomplete_reasons; reason && *reason && error == 0; reason++)
		error = crash__recording_incomplete(recording, "%s", *reason);
	if (error == 0 && end.timed_out)
		error = crash__recording_incomplete(
			recording, "the program timed out: what it would have done after that was not seen");
	if (error == 0 && !end.complete && !recording->incomplete_count)
		error = crash__recording_incomplete(recording, "the recorded run was not complete");
	crash_out_clear(&end);
	missed = crash__fs_missed(fs, sentences);
	for (unsigned int i = 0; i < missed && error == 0; i++)
		error = crash__recording_incomplete(recording, "%s", sentences[i]);
	if (error == 0 && fs->unfinished)
		error = crash__recording_incomplete(
			recording, "%llu ops had not returned when the run ended, and are ignored",
			(unsigned long long)fs->unfinished);
	return error;
}

/* ------------------------------------------------------------------ preparing */

static int open_trace(const struct crash__recording_options *options, struct crash__recording *recording)
{
	int error;

	if (options->request)
		error = crash__trace_open_fd(options->request->trace, "the recording", &recording->trace);
	else
		error = crash__trace_open(options->trace_path, &recording->trace);
	recording->has_trace = error == 0;
	return error;
}

/*
 * Where the trace was recorded. The starting tree is in it: that it is gone, or was never on this machine,
 * does not matter.
 */
static int take_directory(struct crash__recording *recording)
{
	char recorded[PATH_MAX];
	struct stat status;
	int error = crash__tree_directory(&recording->trace, recorded);

	if (error < 0)
		return error;
	if (stat(recorded, &status) == 0 && S_ISDIR(status.st_mode))
		return choose_directory(recorded, recording);
	recording->directory_missing = true;
	snprintf(recording->directory, sizeof recording->directory, "%s", recorded);
	return 0;
}

/* Whoever asks for states at another place has moved the directory. */
static int prepare_trace(const struct crash__recording_options *options, struct crash__recording *recording)
{
	char base[PATH_MAX];
	int error = open_trace(options, recording);

	if (error == 0)
		error = crash__tree_root(&recording->trace, recording->root);
	if (error == 0)
		error = options->directory ? choose_directory(options->directory, recording) :
					     take_directory(recording);
	if (error < 0)
		return error;
	error = crash__scratch_make(&recording->scratch, 1);
	snprintf(base, sizeof base, "%.3000s/base", recording->scratch.path);
	if (error == 0 && mkdir(base, 0700) < 0)
		error = crash__fail_errno("cannot make %s", base);
	if (error == 0)
		error = crash__tree_unpack(&recording->trace, base);
	if (error == 0)
		error = crash__base_open(base, &recording->base);
	recording->tree_saved = error == 0;
	if (error == 0 && !options->passive)
		choose_way(options, recording);
	return error;
}

int crash__recording_save_tree(struct crash__recording *recording, int trace, const char *without,
			       uint64_t most)
{
	const struct crash__tree_source source = {crash__base_directory(recording->base), recording->root,
						  recording->directory, without};

	if (lseek(trace, 0, SEEK_END) < 0)
		return crash__fail_errno("the recording");
	return crash__tree_save_from(trace, &source, most, &recording->tree_saved);
}

static int prepare_program(const struct crash__recording_options *options, struct crash__recording *recording)
{
	int error = choose_directory(options->directory, recording);

	if (error < 0)
		return error;
	choose_way(options, recording);
	error = recording->namespaces ? choose_copy(recording) : 0;
	if (error == 0)
		error = crash__scratch_make(&recording->scratch,
					    !recording->namespaces || options->setup || recording->copied);
	if (error == 0)
		error = choose_base(options, recording);
	if (error == 0)
		error = record(options, recording);
	if (error == 0 && options->save_tree)
		error = crash__recording_save_tree(recording, options->request->trace, options->without,
						   options->save_tree);
	if (error == 0)
		error = open_trace(options, recording);
	return error == 0 ? check_copy_used(recording) : error;
}

int crash__recording_prepare(const struct crash__recording_options *options,
			     struct crash__recording *recording)
{
	int error =
		options->request ? prepare_program(options, recording) : prepare_trace(options, recording);

	if (error == 0)
		error = crash__fs_replay(&recording->fs, &recording->trace, recording->root, recording->base);
	recording->has_fs = error == 0;
	return error == 0 ? note_missed(recording) : error;
}

void crash__recording_clear(struct crash__recording *recording)
{
	if (recording->has_fs)
		crash__fs_clear(&recording->fs);
	crash__base_close(recording->base);
	if (recording->has_trace)
		crash__trace_close(&recording->trace);
	if (recording->has_recorded)
		crash__recorded_clear(&recording->recorded);
	crash__scratch_remove(&recording->scratch);
	for (size_t i = 0; i < recording->incomplete_count; i++)
		free(recording->incomplete[i]);
	free(recording->incomplete);
}
