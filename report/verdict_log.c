/* SPDX-License-Identifier: MIT */
#include "report/verdict_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "base/json_value.h"

#define HEAD "crashinject-verdicts 1 "
#define CHECKSUM 17 /* a blank and 16 digits */

/* ------------------------------------------------------------------ reading */

struct lines {
	int fd;
	off_t at; /* of the next read */
	char *buffer;
	size_t count, size, start; /* what is in the buffer, and where the next line begins there */
};

/* The next line without its newline; NULL at the end, or if there is no memory. */
static char *next_line(struct lines *lines, size_t *length)
{
	for (;;) {
		char *line = lines->buffer + lines->start, *end;
		ssize_t got;

		end = lines->count > lines->start ? memchr(line, '\n', lines->count - lines->start) : NULL;
		if (end) {
			*end = '\0';
			*length = (size_t)(end - line);
			lines->start += *length + 1;
			return line;
		}
		if (lines->start) {
			memmove(lines->buffer, line, lines->count - lines->start);
			lines->count -= lines->start;
			lines->start = 0;
		}
		if (lines->size - lines->count < 4096) {
			char *more = realloc(lines->buffer, lines->size * 2 + 65536);

			if (!more)
				return NULL;
			lines->buffer = more;
			lines->size = lines->size * 2 + 65536;
		}
		got = pread(lines->fd, lines->buffer + lines->count, lines->size - lines->count, lines->at);
		if (got <= 0)
			return NULL;
		lines->at += got;
		lines->count += (size_t)got;
	}
}

static bool has_checksum(char *line, size_t length, uint64_t key)
{
	uint64_t said;
	int end = 0;

	if (length <= CHECKSUM)
		return false;
	length -= CHECKSUM;
	if (sscanf(line + length, " %16" SCNx64 "%n", &said, &end) != 1 || end != CHECKSUM ||
	    said != XXH3_64bits_withSeed(line, length, key))
		return false;
	line[length] = '\0';
	return true;
}

/* One verdict; the output is to be released. */
static bool parse(const char *line, struct crash__known *known, json_t **output)
{
	char kind[32];
	int end = 0;

	if (sscanf(line, "%16" SCNx64 "%16" SCNx64 " %31s %d %d %" SCNu64 " %n", &known->hash.high,
		   &known->hash.low, kind, &known->exit_code, &known->signal, &known->checker_ns,
		   &end) != 6 ||
	    !end)
		return false;
	known->kind = crash__verdict_of_name(kind);
	*output = strcmp(line + end, "-") == 0 ? NULL : json_loads(line + end, JSON_DECODE_ANY, NULL);
	crash__json_to_bytes(*output);
	known->output = json_string_value(*output);
	return known->kind != CRASH__VERDICT_NONE;
}

static uint64_t key_of(const char text[CRASH__DIGEST_TEXT])
{
	return strtoull(text + 16, NULL, 16);
}

static int read_all(int fd, const char key[CRASH__DIGEST_TEXT], struct crash__engine *engine,
		    struct crash__verdicts_read *read)
{
	struct lines lines = {.fd = fd};
	size_t length;
	char *line = next_line(&lines, &length);
	uint64_t number = 1;
	int error = 0;

	*read = (struct crash__verdicts_read){0};
	if (line && strncmp(line, HEAD, strlen(HEAD)) == 0 && strcmp(line + strlen(HEAD), key) == 0)
		read->good = (off_t)length + 1;
	else if (line)
		read->damaged = 1;
	while (read->good && error == 0 && !read->damaged && (line = next_line(&lines, &length)) != NULL) {
		struct crash__known known;
		json_t *output = NULL;

		number++;
		if (has_checksum(line, length, key_of(key)) && parse(line, &known, &output)) {
			error = crash__engine_know(engine, &known);
			read->count++;
			read->good += (off_t)length + 1;
		} else {
			read->damaged = number;
		}
		json_decref(output);
	}
	free(lines.buffer);
	return error;
}

int crash__verdicts_know(const char *directory, const char key[CRASH__DIGEST_TEXT],
			 struct crash__engine *engine, struct crash__verdicts_read *read)
{
	char path[PATH_MAX];
	int fd, error;

	snprintf(path, sizeof path, "%.4000s/verdicts", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return crash__fail_errno("%s", path);
	error = read_all(fd, key, engine, read);
	close(fd);
	return error;
}

/* ------------------------------------------------------------------ writing */

int crash__verdicts_open(struct crash__verdict_log *log, const char *directory)
{
	/* of the process, not of what it forks: killed, it is free at once */
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	*log = (struct crash__verdict_log){.fd = -1};
	snprintf(log->path, sizeof log->path, "%.4000s/verdicts", directory);
	log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return crash__fail_errno("%s", log->path);
	/* where locks cannot be had there are none */
	if (fcntl(log->fd, F_SETLK, &lock) < 0 && (errno == EACCES || errno == EAGAIN)) {
		close(log->fd);
		log->fd = -1;
		return crash__fail(CRASH_EDIR, "another crashinject uses %s", directory);
	}
	return 0;
}

static void add(struct crash__verdict_log *log, const char *text, size_t length)
{
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

static int fail(const struct crash__verdict_log *log)
{
	errno = log->error;
	return crash__fail_errno("%s", log->path);
}

int crash__verdicts_begin(struct crash__verdict_log *log, const char key[CRASH__DIGEST_TEXT])
{
	char head[sizeof HEAD + CRASH__DIGEST_TEXT];
	int length = snprintf(head, sizeof head, HEAD "%s\n", key);

	log->key = key_of(key);
	if (ftruncate(log->fd, 0) < 0)
		log->error = errno;
	add(log, head, (size_t)length);
	return log->error ? fail(log) : 0;
}

int crash__verdicts_go_on(struct crash__verdict_log *log, const char key[CRASH__DIGEST_TEXT],
			  struct crash__engine *engine, struct crash__verdicts_read *read)
{
	int error = read_all(log->fd, key, engine, read);

	log->key = key_of(key);
	if (error < 0)
		return error;
	if (!read->good)
		return crash__verdicts_begin(log, key);
	if (ftruncate(log->fd, read->good) < 0) {
		log->error = errno;
		return fail(log);
	}
	return 0;
}

void crash__verdicts_add(struct crash__verdict_log *log, const struct crash__entry *entry)
{
	json_t *string = entry->output ? crash__json_string(entry->output) : NULL;
	char *output = string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL, *text = NULL,
	     *line = NULL;
	int length;

	json_decref(string);
	if (asprintf(&text, "%016" PRIx64 "%016" PRIx64 " %s %d %d %" PRIu64 " %s", entry->hash.high,
		     entry->hash.low, crash__verdict_name(entry->kind), (int)entry->exit_code,
		     (int)entry->signal, entry->checker_ns, output ? output : "-") < 0)
		text = NULL;
	length = text ? asprintf(&line, "%s %016" PRIx64 "\n", text,
				 XXH3_64bits_withSeed(text, strlen(text), log->key)) :
			-1;
	if (length < 0)
		log->error = ENOMEM;
	else
		add(log, line, (size_t)length);
	free(output);
	free(text);
	if (length >= 0)
		free(line);
}

void crash__verdicts_forget(struct crash__verdict_log *log)
{
	if (log->fd >= 0 && ftruncate(log->fd, (off_t)(strlen(HEAD) + CRASH__DIGEST_TEXT)) < 0)
		log->error = errno;
}

void crash__verdicts_close(struct crash__verdict_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
