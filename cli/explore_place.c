/* SPDX-License-Identifier: MIT */
#include "cli/explore_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/remove.h"
#include "cli/explore_depth.h"
#include "cli/explore_settings.h"
#include "report/identity.h"
#include "report/result.h"
#include "report/witness_result.h"

#define NAME "crashinject-result-XXXXXX"

/* A directory that nobody named has another name until all is in it, and goes if we are killed before. */
static struct crash__guardian unfinished;
static char found[PATH_MAX]; /* its name when it is finished */

static void path_in(const char *directory, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.4000s/%s", directory, name);
}

/* ------------------------------------------------------------------ opening */

static void open_verdicts(struct explore_session *session, const char *option)
{
	if (crash__verdicts_open(&session->log, session->place) < 0)
		crash__die("%s %s: %s", option, session->place, crash_error_detail());
}

void crash__place_make(struct explore_session *session)
{
	static const char *const old[] = {".trace", "trace", "result.json"};
	const char *output = session->own.output;
	char path[PATH_MAX];

	if (mkdir(output, 0777) < 0 && errno != EEXIST)
		crash__die("--output %s: %s", output, strerror(errno));
	session->place = output;
	open_verdicts(session, "--output");
	path_in(output, "settings.json", path);
	if (access(path, F_OK) == 0)
		crash__die("--output %s: there is a result already; name another directory, or continue with "
			   "--resume %s",
			   output, output);
	/* of somebody who was killed before anything was recorded */
	for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
		path_in(output, old[i], path);
		if (unlink(path) < 0 && errno != ENOENT)
			crash__die("--output: %s: %s", path, strerror(errno));
	}
}

void crash__place_abandon(struct explore_session *session)
{
	static const char *const made[] = {".trace", "verdicts"};
	char path[PATH_MAX];

	if (!session->own.output)
		return;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		path_in(session->place, made[i], path);
		unlink(path);
	}
	rmdir(session->place); /* if there is nothing else in it */
}

void crash__place_open(struct explore_session *session)
{
	session->place = session->own.resume;
	open_verdicts(session, "--resume");
}

/* ------------------------------------------------------------------ the trace */

int crash__place_record(const struct explore_session *session)
{
	char path[PATH_MAX];
	int fd;

	path_in(session->place, ".trace", path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		crash__die("%s: %s", path, strerror(errno));
	return fd;
}

static int copy_trace(int from, const char *to)
{
	struct stat status;
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), error;

	if (fd < 0 || fstat(from, &status) < 0 ||
	    crash__copy_range(from, 0, fd, 0, (uint64_t)status.st_size) < 0 ||
	    ftruncate(fd, status.st_size) < 0 || fsync(fd) < 0) {
		error = errno;
		if (fd >= 0)
			close(fd);
		errno = error;
		return -1;
	}
	return close(fd);
}

void crash__place_keep_trace(struct explore_session *session)
{
	char temporary[PATH_MAX], path[PATH_MAX];
	int fd = session->request.trace;

	path_in(session->place, ".trace", temporary);
	path_in(session->place, "trace", path);
	if (fd >= 0 && fsync(fd) < 0)
		crash__die("%s: %s", temporary, strerror(errno));
	if (fd < 0) {
		fd = open(session->trace, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			crash__die("%s: %s", session->trace, strerror(errno));
		if (copy_trace(fd, temporary) < 0)
			crash__die("%s: %s", temporary, strerror(errno));
		close(fd);
	}
	if (rename(temporary, path) < 0 || crash__sync_directory(session->place) < 0)
		crash__die("%s: %s", path, strerror(errno));
	if (!session->exploration.recording.tree_saved && !session->options.quiet)
		fprintf(stderr,
			"%s: the data directory is larger than --max-tree and was not saved: the exploration "
			"can neither be resumed nor merged with other shards, and replay will use the data "
			"directory as it is then\n",
			CRASH__PROGRAM_NAME);
}

/* ------------------------------------------------------------------ settings and verdicts */

static void key_of(const struct explore_session *session, char key[CRASH__DIGEST_TEXT])
{
	crash__identity_key(json_object_get(session->settings, "identity"), key);
}

void crash__place_begin(struct explore_session *session)
{
	char key[CRASH__DIGEST_TEXT];

	crash__settings_identify(session);
	key_of(session, key);
	/* first, or there would be settings that have somebody else's verdicts */
	if (crash__kept_log_begin(&session->log, key) < 0 ||
	    crash__result_write(session->settings, session->place, "settings.json") < 0)
		crash__die("%s", crash_error_detail());
}

void crash__place_go_on(struct explore_session *session)
{
	struct crash__kept_lines read;
	char key[CRASH__DIGEST_TEXT];

	key_of(session, key);
	if (crash__verdicts_go_on(&session->log, key, session->exploration.engine, &read) < 0 ||
	    crash__result_write(session->settings, session->place, "settings.json") < 0)
		crash__die("%s", crash_error_detail());
	if (read.damaged && !session->options.quiet)
		fprintf(stderr,
			"%s: %s: the lines from %llu on are damaged, or of another exploration: their states "
			"are "
			"checked again\n",
			CRASH__PROGRAM_NAME, session->log.path, (unsigned long long)read.damaged);
}

/* ------------------------------------------------------------------ a result that nobody named a place for
 */

static void remove_unfinished(const char *path)
{
	crash__remove_tree(path, true);
}

static void say_not_kept(const char *why)
{
	fprintf(stderr, "%s: the result is not kept, and findings cannot be replayed: %s; use --output\n",
		CRASH__PROGRAM_NAME, why);
}

void crash__place_find(struct explore_session *session)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];

	base = base && *base ? base : "/tmp";
	/* before there is a directory, which may be in the data directory */
	if (crash__recording_save_tree(&session->exploration.recording, session->request.trace, NULL,
				       session->own.max_tree) < 0)
		crash__die("%s", crash_error_detail());
	crash__settings_identify(session);
	if (crash__guardian_start(&unfinished, base, "." NAME, remove_unfinished) < 0) {
		say_not_kept(crash_error_detail());
		return;
	}
	path_in(unfinished.path, "trace", path);
	if (copy_trace(session->request.trace, path) < 0) {
		crash__fail_errno("%s", path);
		say_not_kept(crash_error_detail());
		crash__guardian_end(&unfinished, false);
		return;
	}
	snprintf(found, sizeof found, "%.3000s/%s", base, strrchr(unfinished.path, '/') + 2);
	session->place = found;
}

/* All verdicts at once: there was no place for them as they came. */
static int write_verdicts(struct explore_session *session)
{
	const struct crash__engine *engine = session->exploration.engine;
	char key[CRASH__DIGEST_TEXT];
	int error = crash__verdicts_open(&session->log, unfinished.path);

	key_of(session, key);
	if (error == 0)
		error = crash__kept_log_begin(&session->log, key);
	for (const struct crash__entry *entry = engine->entries; entry && error == 0; entry = entry->hh.next)
		if (entry->kind != CRASH__VERDICT_NONE && !session->checker_changed)
			crash__verdicts_add(&session->log, entry);
	if (error == 0 && session->log.error) {
		errno = session->log.error;
		error = crash__fail_errno("%s", session->log.path);
	}
	return error;
}

static bool finish_found(struct explore_session *session, json_t *result)
{
	int error = write_verdicts(session);

	if (error == 0)
		error = crash__depth_keep(session, unfinished.path);
	if (error == 0)
		error = crash__result_write(session->settings, unfinished.path, "settings.json");
	if (error == 0)
		error = crash__result_write(result, unfinished.path, "result.json");
	if (error == 0 && rename(unfinished.path, found) < 0)
		error = crash__fail_errno("%s", found);
	if (error < 0)
		say_not_kept(crash_error_detail());
	crash__guardian_end(&unfinished, error == 0);
	return error == 0;
}

/* ------------------------------------------------------------------ the end */

/* A finding that was there before has been looked for on real file systems. */
static void keep_witnesses(const struct explore_session *session, json_t *result)
{
	json_t *before;

	if (!session->place || crash__result_read(session->place, "result.json", &before) < 0)
		return;
	crash__witnesses_take(result, before);
	json_decref(before);
}

void crash__place_finish(struct explore_session *session, json_t *result)
{
	const struct crash__engine *engine = session->exploration.engine;

	keep_witnesses(session, result);
	if (unfinished.pid > 0) {
		if (!finish_found(session, result))
			return;
	} else if (crash__depth_keep(session, session->place) < 0 ||
		   crash__result_write(session->settings, session->place, "settings.json") < 0 ||
		   crash__result_write(result, session->place, "result.json") < 0) {
		crash__die("%s", crash_error_detail());
	}
	if (session->options.quiet)
		return;
	fprintf(stderr, "%s: the result is in %s\n", CRASH__PROGRAM_NAME, session->place);
	if (engine && (engine->out_of_budget || engine->stopped || session->nested_over))
		fprintf(stderr, "%s: to check the rest: %s explore --resume %s\n", CRASH__PROGRAM_NAME,
			CRASH__PROGRAM_NAME, session->place);
}
