/* SPDX-License-Identifier: MIT */
#include "explore/recording/missed.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "explore/fs/fs_replay.h"
#include "trace/run_end.h"

/* ------------------------------------------------------------------ what was not seen */

/* Whether the file system of the data directory has attributes with such a name. */
static bool has_attributes(const struct crash__recording *recording, const char *name)
{
	char value;

	return lgetxattr(crash__base_directory(recording->base), name, &value, sizeof value) >= 0 ||
	       errno != EOPNOTSUPP;
}

/*
 * A user namespace of ours has one user and one group, and memory has not all attributes that another file
 * system has: the program saw errors that it would not have seen.
 */
static int note_attribute_refused(struct crash__recording *recording, const struct crash__event *event)
{
	const struct crash__where *where = &crash__calls[event->kernel].where;
	const char *path = crash__event_path(&recording->trace, event);

	if (where->owner && event->result == -EINVAL && geteuid() != 0)
		return crash__recording_incomplete(
			recording, "in the sandbox, %s could not be given to another group; run it as root",
			path);
	if (where->value && event->text && event->result == -EOPNOTSUPP &&
	    has_attributes(recording, event->text))
		return crash__recording_incomplete(recording,
						   "in the sandbox, %s could not be given the attribute %s",
						   path, event->text);
	return 0;
}

/* The first of them. */
static int note_attributes_refused(struct crash__recording *recording)
{
	const struct crash__trace *trace = &recording->trace;
	size_t length = strlen(recording->root), before = recording->incomplete_count;
	int error = 0;

	if (!recording->namespaces && !recording->mounted)
		return 0;
	for (size_t i = 0; i < trace->count && error == 0 && recording->incomplete_count == before; i++) {
		const struct crash__event *event = &trace->events[i];
		const char *path = crash__event_path(trace, event);

		if (event->kind == CRASH__EVENT_OP && event->family == CRASH__FAMILY_ATTR && path &&
		    strncmp(path, recording->root, length) == 0)
			error = note_attribute_refused(recording, event);
	}
	return error;
}

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

/* Ops that were seen, and that the model made nothing of. */
static int note_not_modelled(struct crash__recording *recording)
{
	const struct crash__fs *fs = &recording->fs;
	char sentences[CRASH__MISSES][CRASH__MISSED];
	unsigned int missed = crash__fs_missed(fs, sentences);
	int error = 0;

	for (unsigned int i = 0; i < missed && error == 0; i++)
		error = crash__recording_incomplete(recording, "%s", sentences[i]);
	if (error == 0 && fs->unfinished)
		error = crash__recording_incomplete(
			recording, "%llu ops had not returned when the run ended, and are ignored",
			(unsigned long long)fs->unfinished);
	return error;
}

/* ------------------------------------------------------------------ what did not happen */

/* As a shell says it. */
static int status_of(const struct crash_out *end)
{
	return end->signal ? 128 + end->signal : end->exit_code;
}

static int note_ending(const struct crash__exits *good, const struct crash_out *end,
		       struct crash__recording *recording)
{
	int status = status_of(end);

	/* a rule has ended it, or time has, which is said */
	if (end->killed || end->timed_out || status < 0 || status >= CRASH__EXITS || good->good[status])
		return 0;
	return crash__recording_incomplete(
		recording,
		"the program %s %d: what it does when it succeeds was not tested; if this is "
		"how it ends, say --exit-ok %d",
		end->signal ? "was ended by signal" : "exited with",
		end->signal ? end->signal : end->exit_code, status);
}

/* With no change there is no state but the starting tree. */
static int note_no_change(struct crash__recording *recording)
{
	unsigned long long elsewhere = recording->fs.ignored;

	if (recording->fs.effects_count)
		return 0;
	if (elsewhere)
		return crash__recording_incomplete(
			recording,
			"the program changed nothing in %s and did %llu op%s elsewhere; name "
			"its data directory with --root",
			recording->directory, elsewhere, elsewhere == 1 ? "" : "s");
	return crash__recording_incomplete(recording, "the program changed nothing in %s",
					   recording->directory);
}

static int note_not_happened(const struct crash__exits *good, const struct crash_out *end,
			     struct crash__recording *recording)
{
	int error = note_ending(good, end, recording);

	if (error == 0)
		error = note_no_change(recording);
	for (char **rule = end->unreached; rule && *rule && error == 0; rule++)
		error = crash__recording_incomplete(recording, "the rule %s never applied", *rule);
	return error;
}

int crash__note_missed(const struct crash__recording_options *options, struct crash__recording *recording)
{
	struct crash_out end = {0};
	int error = recording->has_recorded ? note_refused(recording) : 0;

	if (error == 0 && recording->has_recorded)
		error = note_attributes_refused(recording);
	if (error == 0)
		error = crash__trace_read_end(&recording->trace, &end);
	for (char **reason = end.incomplete_reasons; reason && *reason && error == 0; reason++)
		error = crash__recording_incomplete(recording, "%s", *reason);
	if (error == 0 && end.timed_out)
		error = crash__recording_incomplete(
			recording, "the program timed out: what it would have done after that was not seen");
	if (error == 0 && !end.complete && !recording->incomplete_count)
		error = crash__recording_incomplete(recording, "the recorded run was not complete");
	if (error == 0)
		error = note_not_modelled(recording);
	if (error == 0 && options->exits)
		error = note_not_happened(options->exits, &end, recording);
	crash_out_clear(&end);
	return error;
}

int crash__note_changed(struct crash__recording *recording)
{
	char path[PATH_MAX];

	if (!recording->base || !crash__base_has_changed(recording->base, path))
		return 0;
	recording->base_changed = true;
	return crash__recording_incomplete(recording,
					   "the starting tree was changed while it was being explored: %s",
					   *path ? path : recording->directory);
}

int crash__note_original_named(struct crash__recording *recording, const char *const *words)
{
	if (recording->namespaces || recording->mounted)
		return 0;
	for (; *words; words++)
		if (strstr(*words, recording->directory))
			return crash__recording_incomplete(
				recording,
				"states are at other paths, and \"%s\" names the original; "
				"$CRASH_DIR is the copy, and so is the working directory",
				*words);
	return 0;
}
