/* SPDX-License-Identifier: MIT */
#include "base/kept_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

#define CHECKSUM 17 /* a blank and 16 digits */

/* ------------------------------------------------------------------ reading */

struct lines {
	int fd;
	off_t at; /* of the next read */
	char *buffer;
	size_t count, size, start; /* what is in the buffer, and where the next line begins there */
};

/* Makes space in the buffer. */
static bool make_space(struct lines *lines)
{
	char *more;

	if (lines->start) {
		memmove(lines->buffer, lines->buffer + lines->start, lines->count - lines->start);
		lines->count -= lines->start;
		lines->start = 0;
	}
	if (lines->size - lines->count >= 4096)
		return true;
	more = realloc(lines->buffer, lines->size * 2 + 65536);
	if (!more)
		return false;
	lines->buffer = more;
	lines->size = lines->size * 2 + 65536;
	return true;
}

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
		if (!make_space(lines))
			return NULL;
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

static uint64_t key_of(const char text[CRASH__DIGEST_TEXT])
{
	return strtoull(text + 16, NULL, 16);
}

static bool is_head(const char *line, const char *head, const char *key)
{
	size_t length = strlen(head);

	return strncmp(line, head, length) == 0 && line[length] == ' ' && strcmp(line + length + 1, key) == 0;
}

bool crash__kept_log_is(const struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT])
{
	struct lines lines = {.fd = log->fd};
	size_t length;
	char *line = next_line(&lines, &length);
	bool is = !line || is_head(line, log->head, key);

	free(lines.buffer);
	return is;
}

static int read_all(int fd, const char *head, const char key[CRASH__DIGEST_TEXT], crash__kept_line *take,
		    void *context, struct crash__kept_lines *read)
{
	struct lines lines = {.fd = fd};
	size_t length;
	char *line = next_line(&lines, &length);
	int taken = 1;

	*read = (struct crash__kept_lines){0};
	if (line && is_head(line, head, key))
		read->good = (off_t)length + 1;
	else if (line)
		read->damaged = 1;
	while (read->good && taken > 0 && (line = next_line(&lines, &length)) != NULL) {
		taken = has_checksum(line, length, key_of(key)) ? take(context, line) : 0;
		if (taken > 0) {
			read->count++;
			read->good += (off_t)length + 1;
		} else if (taken == 0) {
			read->damaged = read->count + 2;
		}
	}
	free(lines.buffer);
	return taken < 0 ? taken : 0;
}

int crash__kept_log_read(const char *path, const char *head, const char key[CRASH__DIGEST_TEXT],
			 crash__kept_line *take, void *context, struct crash__kept_lines *read)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return crash__fail_errno("%s", path);
	error = read_all(fd, head, key, take, context, read);
	close(fd);
	return error;
}

/* ------------------------------------------------------------------ writing */

int crash__kept_log_open(struct crash__kept_log *log, const char *directory, const char *name,
			 const char *head)
{
	/* of the process, not of what it forks: killed, it is free at once */
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	*log = (struct crash__kept_log){.fd = -1, .head = head};
	snprintf(log->path, sizeof log->path, "%.3000s/%.90s", directory, name);
	log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return crash__fail_errno("%s", log->path);
	/* where locks cannot be had there are none */
	if (fcntl(log->fd, F_SETLK, &lock) < 0 && (errno == EACCES || errno == EAGAIN)) {
		crash__kept_log_close(log);
		return crash__fail(CRASH_EDIR, "another crashinject uses %s", directory);
	}
	return 0;
}

static void add(struct crash__kept_log *log, const char *text, size_t length)
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

static int fail(const struct crash__kept_log *log)
{
	errno = log->error;
	return crash__fail_errno("%s", log->path);
}

int crash__kept_log_begin(struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT])
{
	char head[100 + CRASH__DIGEST_TEXT];
	int length = snprintf(head, sizeof head, "%.90s %s\n", log->head, key);

	log->key = key_of(key);
	if (ftruncate(log->fd, 0) < 0)
		log->error = errno;
	add(log, head, (size_t)length);
	return log->error ? fail(log) : 0;
}

int crash__kept_log_go_on(struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT],
			  crash__kept_line *take, void *context, struct crash__kept_lines *read)
{
	int error = read_all(log->fd, log->head, key, take, context, read);

	log->key = key_of(key);
	if (error < 0)
		return error;
	if (!read->good)
		return crash__kept_log_begin(log, key);
	if (ftruncate(log->fd, read->good) < 0) {
		log->error = errno;
		return fail(log);
	}
	return 0;
}

void crash__kept_log_add(struct crash__kept_log *log, const char *text)
{
	char *line = NULL;
	int length = asprintf(&line, "%s %016" PRIx64 "\n", text,
			      XXH3_64bits_withSeed(text, strlen(text), log->key));

	if (length < 0) {
		log->error = ENOMEM;
		return;
	}
	add(log, line, (size_t)length);
	free(line);
}

void crash__kept_log_forget(struct crash__kept_log *log)
{
	if (log->fd >= 0 && ftruncate(log->fd, (off_t)(strlen(log->head) + 1 + CRASH__DIGEST_TEXT)) < 0)
		log->error = errno;
}

void crash__kept_log_close(struct crash__kept_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
