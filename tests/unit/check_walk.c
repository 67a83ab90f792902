/* SPDX-License-Identifier: MIT */
/*
 * check_walk.c - from a path as given to the one name of the file, as realpath(3) finds it.
 */
#include "common/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/control.h"
#include "tests/unit/support.h"

static char out[PATH_MAX], rest[PATH_MAX], work[PATH_MAX], here[PATH_MAX];
static uint32_t epoch;

static bool walk_from(const char *base, const char *path, bool follow)
{
	struct crash__walk walk = {.prefix = "",
				   .base = base,
				   .follow = follow,
				   .epoch = epoch,
				   .out = out,
				   .rest = rest,
				   .link = work};

	memset(out, 'x', sizeof out - 1);
	return crash__walk(&walk, path);
}

/* The path without the directory of the test. */
static const char *below(const char *path)
{
	size_t length = strlen(here);

	return strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	close(fd);
}

static void enter_directory(void)
{
	support_directory(here);
	ck_assert_int_eq(chdir(here), 0);
}

/* d/, d/e/, d/f, and links to all sides. */
static void make_tree(void)
{
	char target[PATH_MAX + 8];

	enter_directory();
	ck_assert_int_eq(mkdir("d", 0755), 0);
	ck_assert_int_eq(mkdir("d/e", 0755), 0);
	make_file("d/f");
	ck_assert_int_eq(symlink("d", "ld"), 0);
	ck_assert_int_eq(symlink("d/f", "lf"), 0);
	ck_assert_int_eq(symlink("../..", "d/e/up"), 0);
	ck_assert_int_eq(symlink("lf", "llf"), 0);
	ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	ck_assert_int_eq(symlink("d/", "lslash"), 0);
	snprintf(target, sizeof target, "%s/d", here);
	ck_assert_int_eq(symlink(target, "absolute"), 0);
}

static const struct {
	const char *path;
	bool follow;
	const char *expected; /* below the directory; NULL: refused */
} paths[] = {
	{"d/f", true, "d/f"},
	{"./d//f", true, "d/f"},
	{"d/./f", true, "d/f"},
	{"d/e/../f", true, "d/f"},
	{"d/f/", true, "d/f"},
	{"new", true, "new"},
	{"d/new", false, "d/new"},
	{"nowhere/new", false, "nowhere/new"},
	/* links on the way are always followed, the last one only if asked for */
	{"ld/f", false, "d/f"},
	{"ld", false, "ld"},
	{"ld", true, "d"},
	{"lf", false, "lf"},
	{"lf", true, "d/f"},
	{"llf", true, "d/f"},
	{"llf", false, "llf"},
	{"absolute/f", false, "d/f"},
	{"absolute", true, "d"},
	{"lslash/f", false, "d/f"},
	{"dangling", true, "nowhere"},
	{"dangling", false, "dangling"},
	{"dangling/x", false, "nowhere/x"},
	/* a slash behind the last one makes the kernel follow it */
	{"ld/", false, "d"},
	{"ld//", false, "d"},
	{"ld/.", false, "d"},
	{"ld/..", false, "."},
	{"ld/e/up/ld/f", false, "d/f"},
	{"d/e/up/lf", true, "d/f"},
	{"d/e/..", true, "d"},
	{"loop", false, "loop"},
	{"loop", true, NULL},
	{"loop/x", false, NULL},
	{"", true, NULL},
};

START_TEST(a_path_leads_to_one_name)
{
	char expected[2 * PATH_MAX];
	bool good;

	make_tree();
	good = walk_from(here, paths[_i].path, paths[_i].follow);
	ck_assert_msg(good == (paths[_i].expected != NULL), "%s: \"%s\"", paths[_i].path, out);
	if (!good) {
		ck_assert_str_eq(out, "");
		return;
	}
	snprintf(expected, sizeof expected, "%s/%s", here, paths[_i].expected);
	if (strcmp(paths[_i].expected, ".") == 0)
		strcpy(expected, here);
	ck_assert_msg(strcmp(out, expected) == 0, "%s leads to %s", paths[_i].path, below(out));
}
END_TEST

START_TEST(absolute_paths_need_no_base)
{
	char path[2 * PATH_MAX];

	make_tree();
	snprintf(path, sizeof path, "%s/ld/f", here);
	ck_assert(walk_from("", path, false));
	ck_assert_str_eq(below(out), "d/f");
	ck_assert(!walk_from("", "d/f", false));
	ck_assert_str_eq(out, "");
	ck_assert(walk_from("", "/", true));
	ck_assert_str_eq(out, "/");
	ck_assert(walk_from("", "//", true));
	ck_assert_str_eq(out, "/");
	ck_assert(walk_from("", "/..", true));
	ck_assert_str_eq(out, "/");
	ck_assert(walk_from("", "/../../no-such-name", true));
	ck_assert_str_eq(out, "/no-such-name");
	ck_assert(walk_from("/", "no-such-name", true));
	ck_assert_str_eq(out, "/no-such-name");
}
END_TEST

/* The result may be written over the base. */
START_TEST(the_base_may_be_where_the_result_goes)
{
	struct crash__walk walk = {.prefix = "", .base = out, .out = out, .rest = rest, .link = work};

	make_tree();
	strcpy(stpcpy(out, here), "/d");
	ck_assert(crash__walk(&walk, "../ld/f"));
	ck_assert_str_eq(below(out), "d/f");
}
END_TEST

/* Seen through /proc/PID/root, links lead where they lead for that process. */
START_TEST(a_prefix_is_walked_through_and_not_part_of_the_result)
{
	struct crash__walk walk = {
		.prefix = "/proc/self/root", .base = here, .out = out, .rest = rest, .link = work};

	make_tree();
	ck_assert(crash__walk(&walk, "absolute/f"));
	ck_assert_str_eq(below(out), "d/f");
	walk.follow = true;
	ck_assert(crash__walk(&walk, "llf"));
	ck_assert_str_eq(below(out), "d/f");
	/* a root of its own: what is absolute starts there */
	walk.prefix = here;
	ck_assert_int_eq(symlink("/d/f", "rooted"), 0);
	ck_assert(crash__walk(&walk, "/rooted"));
	ck_assert_str_eq(out, "/d/f");
	ck_assert(crash__walk(&walk, "/d/e/up/../../ld/f"));
	ck_assert_str_eq(out, "/d/f");
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	char path[2 * PATH_MAX], *at = path;

	enter_directory();
	memset(path, 0, sizeof path);
	while ((size_t)(at - path) < PATH_MAX - strlen(here) - 8)
		at = stpcpy(at, "a/");
	ck_assert(walk_from(here, path, false));
	ck_assert_uint_eq(strlen(out), strlen(here) + strlen(path));
	while (at - path < PATH_MAX - 3)
		at = stpcpy(at, "a/");
	ck_assert_uint_lt(strlen(path), PATH_MAX);
	ck_assert(!walk_from(here, path, false));
	ck_assert_str_eq(out, "");
	memset(path, 'b', sizeof path - 1);
	ck_assert(!walk_from("/", path, false));
}
END_TEST

/* 40 links are followed, as the kernel does, and no more. */
START_TEST(forty_links_are_enough)
{
	char name[32], target[32];

	enter_directory();
	make_file("l0");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof name, "l%d", i);
		snprintf(target, sizeof target, "l%d", i - 1);
		ck_assert_int_eq(symlink(target, name), 0);
	}
	ck_assert(walk_from(here, "l40", true));
	ck_assert_str_eq(below(out), "l0");
	ck_assert_int_eq(access("l40", F_OK), 0);
	ck_assert(!walk_from(here, "l41", true));
	ck_assert_int_eq(access("l41", F_OK), -1);
}
END_TEST

/* What was learnt of names is not believed when they may have changed. */
START_TEST(names_that_change_are_walked_anew)
{
	enter_directory();
	ck_assert_int_eq(mkdir("a", 0755), 0);
	ck_assert_int_eq(mkdir("b", 0755), 0);
	ck_assert(walk_from(here, "a/f", false));
	ck_assert_str_eq(below(out), "a/f");
	ck_assert_int_eq(rmdir("a"), 0);
	ck_assert_int_eq(symlink("b", "a"), 0);
	epoch++;
	ck_assert(walk_from(here, "a/f", false));
	ck_assert_str_eq(below(out), "b/f");
	/* a link is never remembered: its target may change without an epoch */
	ck_assert_int_eq(unlink("a"), 0);
	ck_assert_int_eq(symlink("c", "a"), 0);
	ck_assert(walk_from(here, "a/f", false));
	ck_assert_str_eq(below(out), "c/f");
}
END_TEST

/* ---- any tree ---- */

/* Adds a word of a path. */
static void add_word(char *path, uint64_t *random)
{
	static const char *const words[] = {"a", "b", "c", "a", "b", "c", ".", "..", "", "new"};

	if (*path)
		strcat(path, "/");
	strcat(path, words[support_below(random, sizeof words / sizeof *words)]);
}

static void random_path(char *path, uint64_t *random)
{
	path[0] = '\0';
	if (support_below(random, 5) == 0)
		strcpy(path, here);
	for (uint64_t left = 1 + support_below(random, 4); left; left--)
		add_word(path, random);
	if (!*path)
		strcpy(path, "a");
}

static void plant(const char *directory, int depth, uint64_t *random)
{
	for (char name = 'a'; name <= 'c'; name++) {
		char path[PATH_MAX], target[2 * PATH_MAX];

		snprintf(path, sizeof path, "%.3000s/%c", directory, name);
		switch (support_below(random, 4)) {
		case 0:
		case 1:
			ck_assert_int_eq(mkdir(path, 0755), 0);
			if (depth)
				plant(path, depth - 1, random);
			break;
		case 2:
			random_path(target, random);
			ck_assert_int_eq(symlink(target, path), 0);
			break;
		default:
			make_file(path);
		}
	}
}

/* Where the kernel can walk a path, it arrives at the name that the walk finds. */
START_TEST(realpath_agrees)
{
	uint64_t random = support_seed();
	unsigned int walked = 0;

	for (int tree = 0; tree < 20; tree++) {
		enter_directory();
		epoch++;
		plant(here, 2, &random);
		for (int i = 0; i < 300; i++) {
			char path[2 * PATH_MAX], expected[PATH_MAX];

			random_path(path, &random);
			if (!realpath(path, expected))
				continue;
			ck_assert_msg(walk_from(here, path, true), "%s is %s", path, expected);
			ck_assert_msg(strcmp(out, expected) == 0, "%s is %s, not %s", path, expected, out);
			walked++;
		}
	}
	ck_assert_uint_gt(walked, 200);
}
END_TEST

/* ---- what counts ---- */

START_TEST(below_is_by_whole_names)
{
	ck_assert(crash__path_is_below("/a/b", "/a"));
	ck_assert(crash__path_is_below("/a", "/a"));
	ck_assert(crash__path_is_below("/a/b", "/"));
	ck_assert(!crash__path_is_below("/ab", "/a"));
	ck_assert(!crash__path_is_below("/", "/a"));
	ck_assert(!crash__path_is_below("/b/a", "/a"));
}
END_TEST

START_TEST(proc_sys_and_dev_do_not_count)
{
	static struct crash__control control;
	static const struct {
		const char *path;
		bool counts;
	} rows[] = {
		{"/tmp/x", true},	    {"/", true},	   {"/proc", false},
		{"/proc/1/oom_adj", false}, {"/process", true},	   {"/sys/x", false},
		{"/system", true},	    {"/dev", false},	   {"/dev/null", false},
		{"/dev/shm", true},	    {"/dev/shm/x", true},  {"/dev/shmx", false},
		{"/device", true},	    {"/memfd:x", false},   {"/memfd:x (deleted)", false},
		{"/tmp/memfd:x", true},	    {"pipe:[123]", false}, {"", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(crash__path_counts(&control, rows[i].path) == rows[i].counts, "%s",
			      rows[i].path);
	strcpy(control.root, "/data");
	strcpy(control.directory, "/data/own");
	ck_assert(crash__path_counts(&control, "/data/x"));
	ck_assert(crash__path_counts(&control, "/data"));
	ck_assert(!crash__path_counts(&control, "/database"));
	ck_assert(!crash__path_counts(&control, "/tmp/x"));
	ck_assert(!crash__path_counts(&control, "/data/own/control"));
	ck_assert(crash__path_counts(&control, "/data/owner"));
}
END_TEST

START_TEST(the_remark_of_a_deleted_file_is_no_part_of_its_name)
{
	char path[64] = "/tmp/x (deleted)";

	crash__path_strip_deleted(path);
	ck_assert_str_eq(path, "/tmp/x");
	crash__path_strip_deleted(path);
	ck_assert_str_eq(path, "/tmp/x");
	strcpy(path, " (deleted)");
	crash__path_strip_deleted(path);
	ck_assert_str_eq(path, " (deleted)");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tcase = support_case(
		suite, "paths", absolute_paths_need_no_base, the_base_may_be_where_the_result_goes,
		a_prefix_is_walked_through_and_not_part_of_the_result, what_is_too_long_is_refused,
		forty_links_are_enough, names_that_change_are_walked_anew, NULL);

	tcase_add_loop_test(tcase, a_path_leads_to_one_name, 0, sizeof paths / sizeof *paths);
	support_case(suite, "any tree", realpath_agrees, NULL);
	support_case(suite, "what counts", below_is_by_whole_names, proc_sys_and_dev_do_not_count,
		     the_remark_of_a_deleted_file_is_no_part_of_its_name, NULL);
	return support_run(suite);
}
