/* SPDX-License-Identifier: MIT */
#include "report/fault_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_value.h"
#include "report/identity.h"
#include "symbols/callsite.h"

#define HEAD "crashinject-outcomes 1 "

/* ------------------------------------------------------------------ whose outcomes */

/* An op by its call and its file, without what differs from run to run. */
static json_t *op_json(const struct crash__recording *recording, const struct crash__injection *injection)
{
	const struct crash__event *event = recording->fs.steps[injection->step].event;
	const char *path = crash__event_path(&recording->trace, event);
	char *name = crash__callsite_stable_name(path ? path : "");
	json_t *op = json_pack("[s, i, o]", injection->name, (int)event->kernel, crash__json_string(name));

	free(name);
	return op;
}

static void make_key(const struct crash__recording *recording, const struct crash__checker *checker,
		     const struct crash__checker_files *files, const struct crash__injections *injections,
		     char key[CRASH__DIGEST_TEXT])
{
	json_t *ops = json_array(), *digests = json_array(), *whole;

	for (size_t i = 0; i < injections->list_count; i++)
		json_array_append_new(ops, op_json(recording, &injections->list[i]));
	for (size_t i = 0; i < files->list_count; i++)
		json_array_append_new(digests, json_string(files->list[i].digest));
	whole = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "faults", ops, "files", digests, "check",
			  crash__json_string(checker->check), "check_server",
			  crash__json_string(checker->check_server), "recover",
			  crash__json_string(checker->recover), "program",
			  crash__json_list(checker->program));
	crash__json_digest(whole, key);
	json_decref(whole);
}

/* ------------------------------------------------------------------ reading */

static struct crash__fault_outcome *find(struct crash__fault_sweep *sweep, const char *name)
{
	for (size_t i = 0; i < sweep->injections->list_count; i++)
		if (strcmp(sweep->injections->list[i].name, name) == 0)
			return &sweep->outcomes[i];
	return NULL;
}

static bool take_line(struct crash__fault_sweep *sweep, const char *line)
{
	json_t *object = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(object, "fault"));
	struct crash__fault_outcome *known = name ? find(sweep, name) : NULL, outcome;
	bool good = known && crash__fault_outcome_take(json_object_get(object, "outcome"), &outcome);

	if (good) {
		crash__fault_outcome_clear(known);
		*known = outcome;
	}
	json_decref(object);
	return good;
}

/* How many bytes of the file are whole lines of ours; -1: its head is not. */
static off_t read_lines(FILE *stream, const char *key, struct crash__fault_sweep *sweep)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length = getline(&line, &size, stream);
	off_t good = length;

	if (length > 0 &&
	    (strncmp(line, HEAD, strlen(HEAD)) != 0 || strncmp(line + strlen(HEAD), key, strlen(key)) != 0))
		good = -1;
	while (good > 0 && (length = getline(&line, &size, stream)) > 0) {
		if (line[length - 1] != '\n' || !take_line(sweep, line))
			break;
		good += length;
	}
	free(line);
	return good < 0 && length <= 0 ? 0 : good;
}

/* ------------------------------------------------------------------ writing */

static void add(struct crash__fault_log *log, const char *text)
{
	size_t length = strlen(text);

	while (length && !log->error) {
		ssize_t done = write(log->fd, text, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			log->error = errno;
			return;
		}
		text += done;
		length -= (size_t)done;
	}
}

int crash__fault_log_open(struct crash__fault_log *log, const char *directory)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	*log = (struct crash__fault_log){.fd = -1};
	snprintf(log->path, sizeof log->path, "%.4000s/outcomes", directory);
	log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return crash__fail_errno("%s", log->path);
	/* where locks cannot be had there are none */
	if (fcntl(log->fd, F_SETLK, &lock) < 0 && (errno == EACCES || errno == EAGAIN)) {
		crash__fault_log_close(log);
		return crash__fail(CRASH_EDIR, "another crashinject uses %s", directory);
	}
	return 0;
}

int crash__fault_log_begin(struct crash__fault_log *log, const struct crash__recording *recording,
			   const struct crash__checker *checker, const struct crash__checker_files *files,
			   struct crash__fault_sweep *sweep)
{
	char *key = log->key;
	int copy = fcntl(log->fd, F_DUPFD_CLOEXEC, 0);
	FILE *stream = copy >= 0 ? fdopen(copy, "r") : NULL;
	off_t good;

	if (!stream)
		return crash__fail_errno("%s", log->path);
	make_key(recording, checker, files, sweep->injections, key);
	rewind(stream);
	good = read_lines(stream, key, sweep);
	fclose(stream);
	if (good < 0)
		return crash__fail(CRASH_EINVAL,
				   "%s is of other faults, or of another checker: the program goes another "
				   "way now; start again with another --output",
				   log->path);
	if (ftruncate(log->fd, good) < 0)
		return crash__fail_errno("%s", log->path);
	if (good == 0) {
		add(log, HEAD);
		add(log, key);
		add(log, "\n");
	}
	return 0;
}

void crash__fault_log_add(struct crash__fault_log *log, const struct crash__injection *injection,
			  const struct crash__fault_outcome *outcome)
{
	json_t *object = json_pack("{s:s, s:o}", "fault", injection->name, "outcome",
				   crash__fault_outcome_json(outcome));
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL, *line = NULL;

	if (!text || asprintf(&line, "%s\n", text) < 0)
		log->error = ENOMEM;
	else
		add(log, line);
	free(line);
	free(text);
	json_decref(object);
}

void crash__fault_log_close(struct crash__fault_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
