/* SPDX-License-Identifier: MIT */
/*
 * line_checker.c - a checker server: the file "data" must not be empty, nor lack what was acknowledged.
 *
 *	line_checker [HABIT]
 *
 * Each start adds a line to the file that STARTS names. Habits: "grudge": who has failed once says so of all
 * states that follow; "trusting": a file "tmp" is wrong, but after two states nothing is; "hangs", "aborts",
 *"leaves": on a state that is wrong; "holds": never closes the file; "chatty": prints; "first": says of all
 *what it said of the first.
 */
#include <crashinject/crashinject.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *habit;

static bool has(const char *wanted)
{
	return strcmp(habit, wanted) == 0;
}

static bool is_wrong(void)
{
	struct stat status;

	if (has("trusting"))
		return access("tmp", F_OK) == 0;
	return stat("data", &status) == 0 && status.st_size == 0;
}

/* What was acknowledged is a line "saved", of the client's or of the program's. */
static bool is_lost(const struct crash_checked *check)
{
	char line[64] = "", path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/stdout", check->acked_dir);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof line, file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return strcmp(line, "saved\n") == 0 && access("data", F_OK) != 0;
}

static void fail(struct crash_checked *check)
{
	check->verdict = CRASH_INCONSISTENT;
	check->text = "data is empty";
	fprintf(stderr, "looked at %s\n", check->state);
	if (has("hangs"))
		pause();
	if (has("aborts"))
		abort();
	if (has("leaves"))
		exit(3);
}

static void note_start(void)
{
	const char *path = getenv("STARTS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;

	if (fd >= 0 && write(fd, "x\n", 2) == 2)
		close(fd);
}

int main(int argc, char **argv)
{
	struct crash_checked check = {0};
	unsigned int states = 0;
	enum crash_verdict first = CRASH_CONSISTENT;
	bool grudge = false;
	int error;

	habit = argc > 1 ? argv[1] : "";
	note_start();
	while ((error = crash_checker_next(&check)) > 0) {
		states++;
		if (has("chatty"))
			printf("{\"verdict\": \"lost\"}\n");
		if (has("holds"))
			open("data", O_RDONLY);
		if (is_wrong() && !(has("trusting") && states > 2))
			fail(&check);
		else if (is_lost(&check))
			check.verdict = CRASH_LOST;
		grudge |= check.verdict != CRASH_CONSISTENT;
		if (states == 1)
			first = check.verdict;
		if (has("first"))
			check.verdict = first;
		if (has("grudge") && grudge)
			check.verdict = CRASH_INCONSISTENT;
	}
	if (error < 0)
		fprintf(stderr, "line_checker: %s\n", crash_error_detail());
	return error < 0;
}
