/* SPDX-License-Identifier: MIT */
/*
 * check_progress.c - what a long command says of how far it is, and that it leaves nothing behind.
 *
 * Method: the command runs on a pseudo-terminal, and a terminal of a few lines of code makes of its bytes
 * what a person would see.
 */
#include "base/clock.h"
#include "tests/run/world.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 400
#define COLUMNS 200
#define INCOMPLETE 3

struct terminal {
	char cells[ROWS][COLUMNS + 1];
	int row, column, width;
	int most_up;	     /* rows that the cursor was moved at once */
	int after_resize_up; /* the first of these after the width had changed; -1: none yet */
	char *raw;	     /* all that was written */
	size_t count;
};

static void newline(struct terminal *terminal)
{
	ck_assert_int_lt(++terminal->row, ROWS);
}

static void erase(struct terminal *terminal)
{
	memset(terminal->cells[terminal->row] + terminal->column, 0, COLUMNS - (size_t)terminal->column);
	for (int row = terminal->row + 1; row < ROWS; row++)
		memset(terminal->cells[row], 0, COLUMNS);
}

/* What follows ESC [; returns how many bytes. */
static size_t control(struct terminal *terminal, const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	while (*end && strchr(";0123456789", *end))
		end++;
	if (*end == 'A') {
		ck_assert_int_ge(terminal->row, number);
		terminal->row -= (int)number;
		if (number > terminal->most_up)
			terminal->most_up = (int)number;
		if (terminal->after_resize_up < 0)
			terminal->after_resize_up = (int)number;
	} else if (*end == 'J') {
		erase(terminal);
	} else {
		ck_assert_msg(*end == 'm', "ESC [ %.10s", text);
	}
	return (size_t)(end - text) + 1;
}

static void put(struct terminal *terminal, char c)
{
	if (terminal->column >= terminal->width) {
		terminal->column = 0;
		newline(terminal);
	}
	terminal->cells[terminal->row][terminal->column++] = c;
}

static void show(struct terminal *terminal, const char *text)
{
	while (*text) {
		if (strncmp(text, "\033[", 2) == 0)
			text += 2 + control(terminal, text + 2);
		else if (*text == '\r')
			terminal->column = 0, text++;
		else if (*text == '\n')
			newline(terminal), text++;
		else
			put(terminal, *text++);
	}
}

/* Whether a line begins like that. */
static bool has(const struct terminal *terminal, const char *text)
{
	for (int row = 0; row < ROWS; row++)
		if (strncmp(terminal->cells[row], text, strlen(text)) == 0)
			return true;
	return false;
}

static void set_width(int fd, int width)
{
	const struct winsize size = {.ws_row = 50, .ws_col = (unsigned short)width};

	ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &size), 0);
}

/* A read of a pseudo-terminal may end within a sequence: all that came is shown in the end, but for the part
 * that has another width. */
static void take(struct terminal *terminal, const char *bytes, size_t count)
{
	terminal->raw = realloc(terminal->raw, terminal->count + count + 1);
	ck_assert_ptr_nonnull(terminal->raw);
	memcpy(terminal->raw + terminal->count, bytes, count);
	terminal->count += count;
	terminal->raw[terminal->count] = '\0';
}

/* Runs a command. `narrow`: the width when there is a first block of lines; 0: it stays. */
static int run(struct terminal *terminal, int width, int narrow, const char *const *argv)
{
	const struct winsize size = {.ws_row = 50, .ws_col = (unsigned short)width};
	char bytes[4096];
	size_t shown = 0;
	int fd, status;
	pid_t pid;

	memset(terminal, 0, sizeof *terminal);
	terminal->width = width;
	terminal->raw = calloc(1, 1);
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid == 0) {
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	for (;;) {
		ssize_t got = read(fd, bytes, sizeof bytes);

		if (got <= 0)
			break;
		take(terminal, bytes, (size_t)got);
		if (narrow && strstr(terminal->raw, "\033[J") && terminal->raw[terminal->count - 1] == '\n') {
			show(terminal, terminal->raw);
			shown = terminal->count;
			set_width(fd, narrow);
			terminal->width = narrow;
			terminal->after_resize_up = -1;
			narrow = 0;
		}
	}
	show(terminal, terminal->raw + shown);
	close(fd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(terminal, width, narrow, ...)                                                                    \
	run(terminal, width, narrow, (const char *const[]){lab_variable("CRASHINJECT"), __VA_ARGS__, NULL})

static struct terminal terminal;

static void make_store(void)
{
	ck_assert_int_ne(system("rm -rf store"), -1);
	ck_assert_int_eq(mkdir("store", 0755), 0);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
}

static const char saves[] = "for i in 1 2 3 4 5 6; do echo $i >store/tmp; mv store/tmp store/f$i; done";

#define EXPLORE(width, narrow, ...)                                                                          \
	RUN(&terminal, width, narrow, "explore", "--root", "store", "--jobs=1", "--model=ext4",              \
	    "--budget=5s", "--check", "sleep 0.05", __VA_ARGS__, "--", "sh", "-c", saves)

/* ------------------------------------------------------------------ on a terminal */

START_TEST(lines_are_drawn_and_nothing_of_them_is_left)
{
	make_store();
	ck_assert_int_eq(INCOMPLETE, EXPLORE(100, 0, "--tiers=prefix,omit-1"));
	ck_assert_msg(strstr(terminal.raw, "exploring: ext4, ") && strstr(terminal.raw, " classes, ") &&
			      strstr(terminal.raw, " a second") && strstr(terminal.raw, " left"),
		      "%s", terminal.raw);
	ck_assert_int_ge(terminal.most_up, 3);
	ck_assert(!has(&terminal, "exploring") && !has(&terminal, "  0 failed"));
	ck_assert(has(&terminal, "no findings"));
}
END_TEST

static const int widths[] = {2, 3, 12, 40};

START_TEST(a_narrow_terminal_has_shorter_lines)
{
	make_store();
	ck_assert_int_eq(INCOMPLETE, EXPLORE(widths[_i], 0, "--tiers=prefix,omit-1", "--json=out"));
	ck_assert_int_ge(terminal.most_up, 3);
	for (const char *line = terminal.raw; (line = strstr(line, "\033[J")) != NULL; line++) {
		const char *text = line + 3;

		/* until the report begins, which is as wide as it is */
		for (int i = 0; i < 3 && strstr(text, "\033[J"); i++) {
			ck_assert_int_lt((int)strcspn(text, "\r\n"), widths[_i]);
			text += strcspn(text, "\n") + 1;
		}
	}
}
END_TEST

/* Nobody knows what has become of the lines that were there. */
START_TEST(after_the_width_has_changed_lines_begin_anew)
{
	make_store();
	ck_assert_int_eq(INCOMPLETE, EXPLORE(100, 30, "--tiers=prefix,omit-1,cut,keep-1"));
	ck_assert_int_ge(terminal.after_resize_up, 3);
	ck_assert(has(&terminal, "exploring: ext4, ")); /* as it was */
	ck_assert(has(&terminal, "no findings"));
}
END_TEST

START_TEST(findings_are_shown_as_they_come)
{
	make_store();
	ck_assert_int_eq(
		RUN(&terminal, 150, 0, "explore", "--root", "store", "--jobs=1", "--model=ext4", "--check",
		    "sleep 0.05; for f in f*; do [ ! -e $f ] || [ -s $f ] || exit 1; done", "--", "sh", "-c",
		    "echo 1 >store/tmp; mv store/tmp store/f1; echo 2 >store/tmp; sync store/tmp; "
		    "mv store/tmp store/f2; echo 3 >store/f3"),
		1);
	ck_assert_msg(strstr(terminal.raw, "explaining failures") &&
			      strstr(terminal.raw, " failed, 1 finding\r\n"
						   "  - "),
		      "%s", terminal.raw);
}
END_TEST

START_TEST(ops_are_shown_as_they_are_recorded)
{
	make_store();
	ck_assert_int_eq(RUN(&terminal, 80, 0, "lint", "--root", "store", "--rules=unsynced-rename", "--",
			     "sh", "-c", "echo 1 >store/a; sleep 2; echo 2 >store/b"),
			 0);
	ck_assert_msg(strstr(terminal.raw, "recording\r\n  2 ops, "), "%s", terminal.raw);
	ck_assert(!has(&terminal, "recording"));
}
END_TEST

START_TEST(without_colours_there_are_lines_all_the_same)
{
	make_store();
	setenv("NO_COLOR", "1", 1);
	ck_assert_int_eq(INCOMPLETE, EXPLORE(100, 0, "--tiers=prefix,omit-1"));
	ck_assert_int_ge(terminal.most_up, 3);
	for (const char *at = terminal.raw; (at = strstr(at, "\033[")) != NULL; at++)
		ck_assert(at[2 + strspn(at + 2, "0123456789;")] != 'm');
}
END_TEST

static void lint_a_mistake_and_writes(int writes)
{
	char program[150];

	make_store();
	snprintf(program, sizeof program,
		 "echo 1 >store/tmp; mv store/tmp store/f; "
		 "dd if=/dev/zero bs=100 count=%d of=store/g 2>/dev/null",
		 writes);
	ck_assert_int_eq(
		RUN(&terminal, 150, 0, "record", "--root", "store", "-o", "trace", "--", "sh", "-c", program),
		0);
	ck_assert_int_eq(
		RUN(&terminal, 150, 0, "lint", "--root", "store", "--rules=unsynced-rename", "trace"), 1);
}

/* Long before it is known which models allow it. What ends before a line is due has none: how many ops it
 * takes depends on the machine. */
START_TEST(mistakes_are_shown_as_they_are_found)
{
	uint64_t began;

	for (int writes = 100000;; writes *= 4) {
		began = crash__now_ns();
		lint_a_mistake_and_writes(writes);
		if (strstr(terminal.raw, "asking which models allow it: "))
			break;
		ck_assert_msg(writes < 25600000 && crash__now_ns() - began < UINT64_C(60000000000), "%s",
			      terminal.raw);
	}
	ck_assert_msg(strstr(terminal.raw, "  1 finding\r\n  - "), "%s", terminal.raw);
	ck_assert(!has(&terminal, "looking at ops") && !has(&terminal, "asking"));
}
END_TEST

/* ------------------------------------------------------------------ where there are none */

static const struct {
	const char *terminal, *option;
} plain[] = {{"dumb", "--seed=1"}, {"", "--seed=1"}, {"xterm", "-q"}};

START_TEST(who_cannot_or_will_not_see_them_has_none)
{
	make_store();
	setenv("TERM", plain[_i].terminal, 1);
	ck_assert_int_eq(INCOMPLETE, EXPLORE(100, 0, "--tiers=prefix,omit-1", plain[_i].option));
	ck_assert_msg(!strstr(terminal.raw, "\033[J") && !strstr(terminal.raw, "exploring"), "%s",
		      terminal.raw);
}
END_TEST

/* What a program writes to our terminal stays where it is. */
START_TEST(the_output_of_a_recorded_program_is_left_alone)
{
	make_store();
	ck_assert_int_eq(RUN(&terminal, 80, 0, "record", "--root", "store", "-o", "trace", "--", "sh", "-c",
			     "printf one; sleep 1.5; echo two; echo 1 >store/a"),
			 0);
	ck_assert_str_eq(terminal.raw, "onetwo\r\n");
}
END_TEST

START_TEST(elsewhere_there_is_a_line_every_ten_seconds)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--root", "store", "-o", "trace", "--", "sh", "-c",
				 "echo 1 >store/a; sleep 11");
	lab_assert_status(&result, 0);
	ck_assert_msg(strncmp(result.err, "crashinject: recording: 2 ops, 1", 32) == 0, "%s",
		      lab_describe(&result));
	result = LAB_CRASHINJECT("record", "-q", "--root", "store", "-o", "trace", "--", "sh", "-c",
				 "echo 1 >store/a; sleep 11");
	ck_assert_str_eq(result.err, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *lines = lab_case(suite, "lines", 60);

	tcase_add_test(lines, lines_are_drawn_and_nothing_of_them_is_left);
	tcase_add_loop_test(lines, a_narrow_terminal_has_shorter_lines, 0, sizeof widths / sizeof *widths);
	tcase_add_test(lines, after_the_width_has_changed_lines_begin_anew);
	tcase_add_test(lines, findings_are_shown_as_they_come);
	tcase_add_test(lines, ops_are_shown_as_they_are_recorded);
	tcase_add_test(lines, mistakes_are_shown_as_they_are_found);
	tcase_add_test(lines, without_colours_there_are_lines_all_the_same);
	tcase_add_loop_test(lines, who_cannot_or_will_not_see_them_has_none, 0, sizeof plain / sizeof *plain);
	tcase_add_test(lines, the_output_of_a_recorded_program_is_left_alone);
	tcase_add_test(lines, elsewhere_there_is_a_line_every_ten_seconds);
	return lab_run(suite);
}
