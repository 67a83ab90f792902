/* SPDX-License-Identifier: MIT */
/*
 * line_checker.c - a checker server: the file "data" must not be empty, nor lack what was acknowledged.
 *
 *	line_checker [HABIT]
 *
 * Each start adds a line to the file that STARTS names. Habits: "grudge": who has failed once says so of all
 * states that follow; "trusting": a file "tmp" is wrong, but after two states nothing is; "hangs", "aborts",
 *"leaves": on a state that is wrong; "holds": never closes the file; "maps": nor unmaps it; "child": has one
 *that empties the file while the next states are judged; "late": has one that goes on to make a file by its
 *name; "stays": works in the directory; "closes": lets nobody write to it; "eats": changes all that is there;
 *"swaps": puts a link to the directory that ELSEWHERE names in its place; "chatty": prints; "first": says of
 *all what it said of the first.
 */
#include <crashinject/crashinject.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static void leave_child(void)
{
	int fd = open("data", O_WRONLY);

	if (fd >= 0 && fork() == 0) {
		chdir("/");
		for (int i = 0; i < 400; i++) {
			usleep(500);
			ftruncate(fd, 0);
		}
		_exit(0);
	}
	if (fd >= 0)
		close(fd);
}

static void leave_late(const char *directory)
{
	char path[4096];

	snprintf(path, sizeof path, "%.4000s/late", directory);
	if (fork())
		return;
	chdir("/");
	for (int i = 0; i < 400; i++) {
		usleep(500);
		close(open(path, O_WRONLY | O_CREAT, 0644));
	}
	_exit(0);
}

static void swap(const char *directory)
{
	char moved[4096];

	snprintf(moved, sizeof moved, "%.4000s.moved", directory);
	if (rename(directory, moved) == 0)
		symlink(getenv("ELSEWHERE"), directory);
}

/* What is done to a state that has been judged. */
static void go_on(const struct crash_checked *check)
{
	int fd = has("holds") || has("maps") ? open("data", O_RDONLY) : -1;

	if (has("maps") && fd >= 0) {
		mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (has("child"))
		leave_child();
	if (has("late"))
		leave_late(check->dir);
	if (has("stays"))
		fork() == 0 ? pause() : 0;
	if (has("closes"))
		chmod(check->dir, 0555);
	if (has("eats"))
		system("rm -rf *; mkdir data; echo x >tmp; ln tmp other");
	if (has("swaps"))
		swap(check->dir);
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
		if (is_wrong() && !(has("trusting") && states > 2))
			fail(&check);
		else if (is_lost(&check))
			check.verdict = CRASH_LOST;
		go_on(&check);
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
