/* SPDX-License-Identifier: MIT */
/*
 * Method. The run is crash__run()'s, in a child that sees an overlay at the data directory's path. How it
 * ended comes back through a pipe as one JSON object, and the trace through the file that both have open.
 */
#include "explore/recording/recorded_run.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file_limit.h"
#include "base/json_value.h"
#include "explore/recording/sandbox.h"

#define OUTPUT_KEPT 4096

/* The end of its output says why a program failed. */
static json_t *tail(const char *data, size_t length)
{
	size_t skip = length > OUTPUT_KEPT ? length - OUTPUT_KEPT : 0;
	char *copy = strndup(data + skip, length - skip);
	json_t *string = crash__json_string(copy);

	free(copy);
	return string;
}

static json_t *run_to_json(const struct crash__request *request)
{
	struct crash_out out;
	json_t *object;
	int error = crash__run(request, &out);

	if (error < 0)
		return json_pack("{s:i, s:o}", "error", error, "detail",
				 crash__json_string(crash_error_detail()));
	object = json_pack("{s:i, s:i, s:b, s:b, s:b, s:o, s:o, s:o}", "exit_code", out.exit_code, "signal",
			   out.signal, "timed_out", (int)out.timed_out, "killed", (int)out.killed, "complete",
			   (int)out.complete, "reasons", crash__json_list(out.incomplete_reasons), "stdout",
			   tail(out.stdout_data, out.stdout_len), "stderr",
			   tail(out.stderr_data, out.stderr_len));
	crash_out_clear(&out);
	return object;
}

static char **copy_list(const json_t *list)
{
	char **copy = calloc(json_array_size(list) + 1, sizeof *copy);

	for (size_t i = 0; copy && i < json_array_size(list); i++)
		copy[i] = strdup(json_string_value(json_array_get(list, i)));
	return copy;
}

static int take_json(json_t *object, struct crash__recorded *recorded)
{
	struct crash__recorded taken = {0};
	const char *detail = NULL, *out = "", *err = "";
	int error = 0, timed_out, killed, complete;
	json_t *reasons;

	if (json_unpack(object, "{s:i, s:s}", "error", &error, "detail", &detail) == 0)
		return crash__fail(error, "%s", detail);
	if (json_unpack(object, "{s:i, s:i, s:b, s:b, s:b, s:o, s:s, s:s}", "exit_code", &taken.exit_code,
			"signal", &taken.signal, "timed_out", &timed_out, "killed", &killed, "complete",
			&complete, "reasons", &reasons, "stdout", &out, "stderr", &err) < 0)
		return crash__fail(CRASH_EKEEPER, "the recorded run did not say how it ended");
	taken.timed_out = timed_out;
	taken.killed = killed;
	taken.complete = complete;
	taken.incomplete_reasons = copy_list(reasons);
	if (!taken.incomplete_reasons || asprintf(&taken.output, "%s%s", out, err) < 0) {
		taken.output = NULL;
		crash__recorded_clear(&taken);
		return crash__fail(CRASH_ENOMEM, "no memory for a recording");
	}
	*recorded = taken;
	return 0;
}

int crash__record_in_place(const struct crash__request *request, struct crash__recorded *recorded)
{
	json_t *object = run_to_json(request);
	int error = take_json(object, recorded);

	json_decref(object);
	return error;
}

/* ------------------------------------------------------------------ in a sandbox */

/* What the program is to see at the data directory's path. */
struct show {
	const char *directory, *base, *copy; /* an overlay over the base; or the copy */
};

static int show(const struct show *what)
{
	struct crash__sandbox sandbox;
	int error;

	if (what->copy) {
		error = crash__sandbox_enter_plain(what->directory);
		return error < 0 ? error : crash__sandbox_bind(what->copy, what->directory);
	}
	error = crash__sandbox_enter(&sandbox, what->directory, what->base);
	return error < 0 ? error : crash__sandbox_mount(&sandbox, NULL);
}

static _Noreturn void run_child(const struct crash__request *request, const struct show *what,
				const char *cwd, int back)
{
	struct crash__request own = *request;
	FILE *stream = fdopen(back, "w");
	struct stat status;
	json_t *object;
	int error;

	if (stat(what->directory, &status) == 0)
		own.device = status.st_dev;
	error = show(what);

	/* where we are may lie below the overlay now */
	if (error == 0 && chdir(cwd) < 0)
		error = crash__fail_errno("%s", cwd);
	object = error == 0 ? run_to_json(&own) :
			      json_pack("{s:i, s:o}", "error", error, "detail",
					crash__json_string(crash_error_detail()));
	if (object)
		json_dumpf(object, stream, JSON_COMPACT);
	fclose(stream);
	_exit(0);
}

static int record_in_namespaces(const struct crash__request *request, const struct show *what,
				struct crash__recorded *recorded)
{
	char cwd[PATH_MAX];
	int ends[2], status, error;
	json_t *object;
	FILE *stream;
	pid_t pid;

	if (!getcwd(cwd, sizeof cwd) || pipe2(ends, O_CLOEXEC) < 0)
		return crash__fail_errno("cannot start a recording");
	pid = crash__sandbox_fork(false, SIGKILL);
	if (pid == 0) {
		close(ends[0]);
		run_child(request, what, cwd, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return crash__fail_errno("cannot make namespaces for the recorded run");
	}
	stream = fdopen(ends[0], "r");
	object = json_loadf(stream, 0, NULL);
	crash__json_to_bytes(object);
	fclose(stream);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	error = take_json(object, recorded);
	json_decref(object);
	return error;
}

int crash__record_in_sandbox(const struct crash__request *request, const char *directory, const char *base,
			     struct crash__recorded *recorded)
{
	return record_in_namespaces(request, &(struct show){directory, base, NULL}, recorded);
}

int crash__record_on_mounted_copy(const struct crash__request *request, const char *directory,
				  const char *copy, struct crash__recorded *recorded)
{
	return record_in_namespaces(request, &(struct show){directory, NULL, copy}, recorded);
}

int crash__set_up(const char *command, const char *directory, const char *copy)
{
	int status = -1;
	pid_t pid = crash__sandbox_fork(true, SIGKILL);

	if (pid == 0) {
		if (crash__sandbox_enter_plain(directory) < 0 || crash__sandbox_bind(copy, directory) < 0 ||
		    chdir(directory) < 0 || setenv("CRASH_DIR", directory, 1) < 0)
			_exit(126);
		crash__file_limit_restore();
		execl("/bin/sh", "sh", "-c", command, "sh", directory, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		return crash__fail_errno("cannot make namespaces for --setup");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return crash__fail(CRASH_EINVAL, "--setup failed: it %s %d: %s",
			   WIFEXITED(status) ? "exited with" : "died by signal",
			   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), command);
}

void crash__recorded_clear(struct crash__recorded *recorded)
{
	for (size_t i = 0; recorded->incomplete_reasons && recorded->incomplete_reasons[i]; i++)
		free(recorded->incomplete_reasons[i]);
	free(recorded->incomplete_reasons);
	free(recorded->output);
	memset(recorded, 0, sizeof *recorded);
}
