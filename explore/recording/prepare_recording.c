/* SPDX-License-Identifier: MIT */
#include "explore/recording/prepare_recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/copy.h"
#include "base/error.h"
#include "explore/fs/fs_replay.h"
#include "explore/recording/mirror.h"
#include "explore/recording/missed.h"
#include "explore/recording/original.h"
#include "explore/recording/overlay_limits.h"
#include "explore/recording/pid_namespace.h"
#include "explore/recording/run_tree.h"
#include "explore/recording/sandbox.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"

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
	recording->mounted = !recording->namespaces && crash__sandbox_binds(recording->directory);
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

/* A copy that is mounted over the directory, or lies at another path, where relative paths lead out of it. */
static int record_on_copy(const struct crash__recording_options *options, struct crash__recording *recording)
{
	struct crash__request request = *options->request;
	char cwd[PATH_MAX], moved[PATH_MAX], top[PATH_MAX], copy[PATH_MAX], pwd[CRASH__MIRROR_PWD];
	const char *environment[2];
	int error = crash__run_tree_place(recording, 0, top);

	if (error < 0)
		return error;
	snprintf(copy, sizeof copy, "%.2000s%.2000s", top, recording->mounted ? "" : recording->directory);
	if (mkdir(top, 0700) < 0 || !getcwd(cwd, sizeof cwd))
		return crash__fail_errno("cannot make %s", top);
	if (!recording->mounted)
		error = crash__mirror_make(top, recording->directory);
	if (error == 0)
		error = crash__copy_tree(crash__base_directory(recording->base), copy);
	if (error < 0)
		return error;
	if (recording->mounted)
		return crash__record_on_mounted_copy(&request, recording->directory, copy,
						     &recording->recorded);
	strcpy(recording->root, copy);
	strcpy(recording->top, top);
	crash__mirror_path(top, recording->directory, cwd, moved);
	request.opts.cwd = moved;
	request.opts.dir = recording->root;
	crash__mirror_environment(moved, pwd, environment);
	if (!request.opts.env)
		request.opts.env = environment;
	return crash__record_in_place(&request, &recording->recorded);
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

	if (options->setup && !recording->namespaces && !recording->mounted)
		return crash__fail(CRASH_EINVAL, "--setup needs user namespaces, which cannot be used: %s",
				   recording->why_no_namespaces);
	if (options->start)
		return crash__base_open(options->start, &recording->base);
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

/* A copy of the directory would be in what is copied. */
static int make_scratch(bool large, struct crash__recording *recording)
{
	size_t length = strlen(recording->directory);
	char path[PATH_MAX];
	int error = crash__scratch_make(&recording->scratch, large);

	if (error == 0 && large && realpath(recording->scratch.path, path) &&
	    strncmp(path, recording->directory, length) == 0 && path[length] == '/')
		return crash__fail(
			CRASH_EDIR,
			"temporary files go to %s, and that is in the data directory, which is to be "
			"copied there; set TMPDIR to a directory elsewhere",
			path);
	return error;
}

static int prepare_program(const struct crash__recording_options *options, struct crash__recording *recording)
{
	int error = choose_directory(options->directory, recording);

	if (error < 0)
		return error;
	choose_way(options, recording);
	error = recording->namespaces ? choose_copy(recording) : 0;
	if (error == 0)
		error = make_scratch(!recording->namespaces || options->setup || recording->copied,
				     recording);
	if (error == 0)
		error = choose_base(options, recording);
	if (error == 0)
		error = record(options, recording);
	if (error == 0 && options->save_tree)
		error = crash__recording_save_tree(recording, options->request->trace, options->without,
						   options->save_tree);
	if (error == 0)
		error = open_trace(options, recording);
	return error == 0 ? crash__original_check(recording, &recording->trace, recording->root, NULL) :
			    error;
}

int crash__recording_prepare(const struct crash__recording_options *options,
			     struct crash__recording *recording)
{
	int error = crash__attributes_share() ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a recording");

	if (error == 0)
		error = options->request ? prepare_program(options, recording) :
					   prepare_trace(options, recording);
	if (error == 0)
		error = crash__fs_replay(&recording->fs, &recording->trace, recording->root, recording->base);
	recording->has_fs = error == 0;
	recording->same_pids = error == 0 && crash__trace_names_pid_namespace(&recording->trace);
	return error == 0 ? crash__note_missed(options, recording) : error;
}
