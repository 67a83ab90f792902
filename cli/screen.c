/* SPDX-License-Identifier: MIT */
#include "cli/screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
#define DEFAULT_HEIGHT 24
#define MOST_BYTES 8192
/* From here on characters may be two columns wide. */
#define WIDE 0x1100

/* What is on the terminal. */
struct drawn {
	unsigned int rows, width;
};

static struct drawn own, *drawn = &own;
static volatile sig_atomic_t continued;

static void on_continue(int signal)
{
	(void)signal;
	continued = 1;
}

static bool moves_its_cursor(void)
{
	const char *terminal = getenv("TERM");

	return isatty(2) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

enum crash__screen crash__screen_begin(bool wanted)
{
	struct sigaction action = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
	struct drawn *shared;

	if (!wanted)
		return CRASH__SCREEN_NONE;
	if (!moves_its_cursor())
		return CRASH__SCREEN_LINES;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared != MAP_FAILED)
		drawn = shared;
	sigaction(SIGCONT, &action, NULL);
	return CRASH__SCREEN_BLOCK;
}

/* ------------------------------------------------------------------ sizes */

static unsigned int number_of(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);
	long number = text ? strtol(text, NULL, 10) : 0;

	return number > 0 && number < 100000 ? (unsigned int)number : otherwise;
}

static void measure(unsigned int *width, unsigned int *height)
{
	struct winsize size = {0};

	if (ioctl(2, TIOCGWINSZ, &size) < 0)
		size.ws_col = size.ws_row = 0;
	*width = size.ws_col ? size.ws_col : number_of("COLUMNS", DEFAULT_WIDTH);
	*height = size.ws_row ? size.ws_row : number_of("LINES", DEFAULT_HEIGHT);
}

/* How many bytes the next character has, and columns at most. What is no character is one byte. */
static size_t character(const unsigned char *text, unsigned int *columns)
{
	size_t bytes = *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : *text >= 0xc0 ? 2 : 1;
	unsigned long code = bytes == 1 ? *text : *text & (0x7fu >> bytes);

	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return *columns = 1;
		code = code << 6 | (text[i] & 0x3f);
	}
	*columns = code >= WIDE ? 2 : 1;
	return bytes;
}

/* As much of a line as fits; what would move the cursor is a question mark. */
static size_t add_line(char *out, size_t room, const signed char *line, size_t length, unsigned int width)
{
	unsigned int column = 0, columns = 0;
	size_t count = 0;

	for (size_t at = 0; at < length;) {
		size_t bytes = character((const unsigned char *)line + at, &columns);

		if (column + columns > width - 1 || count + bytes + 1 > room)
			break;
		memcpy(out + count, line + at, bytes);
		if (bytes == 1 && (line[at] < ' ' || line[at] == 0x7f))
			out[count] = '?';
		count += bytes;
		at += bytes;
		column += columns;
	}
	out[count++] = '\n';
	return count;
}

/* ------------------------------------------------------------------ writing */

/* Who asks for nothing but to be left alone in the background is not written to. */
static bool is_in_background(void)
{
	pid_t group = tcgetpgrp(2);

	return group >= 0 && group != getpgrp();
}

static void put(const char *bytes, size_t count)
{
	if (write(2, bytes, count) < 0)
		drawn->rows = 0; /* it is only progress */
}

/* Back to where the lines begin, which are taken away. */
static size_t go_back(char *out, size_t room)
{
	int length = drawn->rows ? snprintf(out, room, "\r\033[%uA\033[J", drawn->rows) : 0;

	return (size_t)length;
}

/* Whether the cursor is still below the lines. */
static bool is_below(unsigned int width)
{
	bool below = drawn->width == width && !continued;

	continued = 0;
	return below;
}

void crash__screen_draw(const char *lines)
{
	char out[MOST_BYTES];
	unsigned int width, height, rows = 0;
	size_t count;

	measure(&width, &height);
	if (!is_below(width) || is_in_background())
		drawn->rows = 0;
	if (is_in_background() || width < 2)
		return;
	count = go_back(out, sizeof out);
	while (*lines && rows + 1 < height && count + 1 < sizeof out) {
		size_t length = strcspn(lines, "\n");

		count += add_line(out + count, sizeof out - count, (const signed char *)lines, length, width);
		rows++;
		lines += length + (lines[length] == '\n');
	}
	drawn->rows = rows;
	drawn->width = width;
	put(out, count);
}

void crash__screen_clear(void)
{
	unsigned int width, height;
	char out[32];
	size_t count;

	if (!drawn->rows)
		return;
	measure(&width, &height);
	if (is_below(width) && !is_in_background()) {
		count = go_back(out, sizeof out);
		put(out, count);
	}
	drawn->rows = 0;
}
