/* SPDX-License-Identifier: MIT */
/*
 * notes.c - a program that keeps notes in a log.
 *
 *     notes add TEXT...     appends each TEXT, and says "kept TEXT" when it is durable
 *     notes list            prints them
 *
 * The log is the file notes.log in the directory that CRASH_DIR names, or in the current one. It is a row
 * of frames: the length of the text, a checksum of it (32 bits each), the text. What follows the last good
 * frame was being written when the program died, and is cut off before the next one is added.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "points.h"

struct frame {
	uint32_t length, sum;
};

enum { LONGEST = 4096 };

static uint32_t checksum(const char *text, size_t length)
{
	uint32_t sum = 2166136261u;

	while (length--)
		sum = (sum ^ (unsigned char)*text++) * 16777619u;
	return sum;
}

static void write_all(int fd, const void *data, size_t length)
{
	while (length > 0) {
		ssize_t count = write(fd, data, length);

		if (count < 0)
			err(1, "write");
		data = (const char *)data + count;
		length -= (size_t)count;
	}
}

static void append(int log, const char *text)
{
	struct frame frame = {(uint32_t)strlen(text), checksum(text, strlen(text))};

	write_all(log, &frame, sizeof frame);
	CRASH_BREAKPOINT("notes.mid-frame");
	write_all(log, text, frame.length);
	CRASH_BREAKPOINT("notes.pre-sync");
	if (fdatasync(log) < 0)
		err(1, "fdatasync");
	CRASH_BREAKPOINT("notes.pre-ack");
	printf("kept %s\n", text);
	fflush(stdout);
}

/* Reads the next note. Returns 0 at the end, which is also where a frame is not whole. */
static int next(int log, char text[LONGEST + 1])
{
	struct frame frame;

	if (read(log, &frame, sizeof frame) != sizeof frame || frame.length > LONGEST ||
	    read(log, text, frame.length) != (ssize_t)frame.length)
		return 0;
	text[frame.length] = '\0';
	return checksum(text, frame.length) == frame.sum;
}

/* Goes to the end of the last good frame, printing the notes on the way. Returns where that is. */
static off_t replay(int log, FILE *out)
{
	char text[LONGEST + 1];
	off_t end = 0;

	while (next(log, text)) {
		end = lseek(log, 0, SEEK_CUR);
		if (out)
			fprintf(out, "%s\n", text);
	}
	return end;
}

/* A file that was just made has a name only when its directory is durable, too. */
static void sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		err(1, "%s", directory);
	close(fd);
}

static int open_log(void)
{
	const char *directory = getenv("CRASH_DIR");
	char path[4096];
	int log;

	if (!directory || !*directory)
		directory = ".";
	snprintf(path, sizeof path, "%s/notes.log", directory);
	log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (log < 0)
		err(1, "%s", path);
	sync_directory(directory);
	return log;
}

static void add(int log, char **texts)
{
	off_t end = replay(log, NULL);

	if (ftruncate(log, end) < 0 || lseek(log, end, SEEK_SET) < 0)
		err(1, "notes.log");
	for (; *texts; texts++) {
		if (strlen(*texts) > LONGEST)
			errx(1, "a note has at most %d bytes", LONGEST);
		append(log, *texts);
	}
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "add") == 0)
		add(open_log(), argv + 2);
	else if (argc == 2 && strcmp(argv[1], "list") == 0)
		replay(open_log(), stdout);
	else
		errx(2, "usage: notes add TEXT... | notes list");
	return 0;
}
