/* SPDX-License-Identifier: MIT */
/*
 * check_recovered_tree.c - trees that recovery has left have one hash exactly if a checker sees the same.
 *
 * Method: two copies of one tree are changed by a script each. The times of what was there are long past.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "explore/recovered/recovered_tree.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

static struct crash__recovered_tree known;
static struct crash__base *base;

static void shell(const char *format, const char *argument)
{
	char command[1000];

	snprintf(command, sizeof command, format, argument);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void start(void)
{
	char directory[PATH_MAX];

	support_directory(directory);
	ck_assert_int_eq(chdir(directory), 0);
	shell("mkdir -p %s/d/e", "base");
	shell("cd base; yes abcdef | head -c 5000 >a; printf hello >d/b; ln -s a l; printf 1 >d/e/%s", "f");
	shell("find base -exec touch -h -d @1000000 %s +", "'{}'");
	trees_ok(crash__base_open("base", &base));
	crash__recovered_tree_begin(&known, base);
}

static struct crash__hash hash_of(const char *script)
{
	struct crash__recovered_places places = {.upper = -1, .layer = -1};
	struct crash__hash hash;

	shell("rm -rf tree; cp -a base %s", "tree");
	shell("cd tree; %s", script);
	places.tree = open("tree", O_RDONLY | O_DIRECTORY);
	ck_assert(crash__recovered_tree_hash(&known, &places, &hash));
	close(places.tree);
	return hash;
}

static bool are_one(const char *one, const char *other)
{
	struct crash__hash first = hash_of(one), second = hash_of(other);

	return first.low == second.low && first.high == second.high;
}

static const char *const same[][2] = {
	{"true", "true"},
	{"printf x >n", "printf y >n; printf x >n"},
	{"rm a", "mv a z; rm z"},
	{"printf new >a", "printf new >t; mv t a"},
	{"printf new >d/b; printf hello >d/b",
	 "true"}, /* its time is that of now, as if it had been changed */
	{"truncate -s 1M n", "head -c 1048576 /dev/zero >n"},
	{"touch x y", "touch y x"},
	{"mkdir n; printf 1 >n/1; ln n/1 n/2", "mkdir n; printf 1 >n/2; ln n/2 n/1"},
	{"touch -d @2000 a", "rm a; touch -d @2000 t; cat ../base/a >t; touch -d @2000 t; mv t a"},
};

START_TEST(what_a_checker_sees_the_same_is_one)
{
	start();
	ck_assert_msg(are_one(same[_i][0], same[_i][1]), "%s: %s", same[_i][0], same[_i][1]);
}
END_TEST

static const char *const different[][2] = {
	{"true", "printf x >>a"},
	{"printf x >n", "printf y >n"},
	{"printf x >n", "printf x >m"},
	{"printf x >n", "printf x >d/n"},
	{"rm a", ": >a"},
	{"rm a", "true"},
	{"rm -r d", "rm d/b"},
	{"rm -r d", "rm -r d/e"},
	{"rm -r d/e; mkdir d/e", "true"},
	{"chmod 600 a", "chmod 640 a"},
	{"chmod 700 d", "chmod 500 d"},
	{"ln -sf b l", "true"},
	{"rm l; cp a l", "true"},
	{"mkfifo n", ": >n"},
	{"mkdir n", ": >n"},
	{"ln a n", "cp -p a n"},
	{"ln a n; cp a m; touch -r a m", "ln a m; cp a n; touch -r a n"},
	{"cp a x; ln x y; cp a z; ln z w", "cp a x; ln x w; cp a z; ln z y"},
	{"touch -d @2000 a", "touch a"},
	{"touch -d @2000 a", "true"},
	{"touch -d @2000 a", "touch -d @2001 a"},
	{"touch -d 2100-01-01 a", "touch a"},
	{"touch -h -d @2000 l", "true"},
	{"touch -d @2000 d", "touch d"},
	{"truncate -s 4999 a", "true"},
	{"truncate -s 4097 n", "truncate -s 4098 n"},
	{"mv a b; mv d/b a; mv b d/b", "true"},
};

START_TEST(what_a_checker_could_tell_apart_is_two)
{
	start();
	ck_assert_msg(!are_one(different[_i][0], different[_i][1]), "%s: %s", different[_i][0],
		      different[_i][1]);
}
END_TEST

START_TEST(attributes_and_owners_are_seen)
{
	struct crash__recovered_places places = {.upper = -1, .layer = -1};
	struct crash__hash before, after;

	start();
	before = hash_of("true");
	places.tree = open("tree", O_RDONLY | O_DIRECTORY);
	if (setxattr("tree/a", "user.x", "1", 1, 0) == 0) {
		ck_assert(crash__recovered_tree_hash(&known, &places, &after));
		ck_assert_uint_ne(before.low, after.low);
		before = after;
		ck_assert_int_eq(setxattr("tree/a", "user.x", "2", 1, 0), 0);
		ck_assert(crash__recovered_tree_hash(&known, &places, &after));
		ck_assert_uint_ne(before.low, after.low);
	}
	if (geteuid() == 0) {
		before = after = hash_of("true");
		ck_assert_int_eq(lchown("tree/l", 1, 1), 0);
		close(places.tree);
		places.tree = open("tree", O_RDONLY | O_DIRECTORY);
		ck_assert(crash__recovered_tree_hash(&known, &places, &after));
		ck_assert_uint_ne(before.low, after.low);
	}
	close(places.tree);
}
END_TEST

/* With layers only what is in one of them is looked at; what is known of the state's files is forgotten when
 * they are others. */
START_TEST(contents_of_the_layer_are_read_again_when_they_have_changed)
{
	struct crash__recovered_places places;
	struct crash__hash first, second;
	struct stat status;

	start();
	shell("cp -a base tree; mkdir %s layer; cp -p base/a layer/a", "upper");
	places.tree = open("tree", O_RDONLY | O_DIRECTORY);
	places.upper = open("upper", O_RDONLY | O_DIRECTORY);
	places.layer = open("layer", O_RDONLY | O_DIRECTORY);
	ck_assert(crash__recovered_tree_hash(&known, &places, &first));
	ck_assert_uint_eq(first.low, 0); /* it is the starting tree */
	shell("printf 1 | dd of=layer/a conv=notrunc 2>%s; cp -p layer/a tree/a; touch -r base/a layer/a "
	      "tree/a",
	      "/dev/null");
	ck_assert_int_eq(stat("layer/a", &status), 0);
	crash__recovered_tree_forget(&known, status.st_ino);
	ck_assert(crash__recovered_tree_hash(&known, &places, &second));
	ck_assert_uint_ne(second.low, 0);
	/* recovery has written the old one */
	shell("cp -p base/a %s/a; cp -p base/a tree/a", "upper");
	ck_assert(crash__recovered_tree_hash(&known, &places, &second));
	ck_assert_uint_eq(second.low, 0);
}
END_TEST

static void stop(void)
{
	crash__recovered_tree_clear(&known);
	crash__base_close(base);
}

int main(void)
{
	Suite *suite = suite_create("recovered tree");
	TCase *trees = support_case(suite, "trees", attributes_and_owners_are_seen,
				    contents_of_the_layer_are_read_again_when_they_have_changed, NULL);

	tcase_add_checked_fixture(trees, NULL, stop);
	tcase_add_loop_test(trees, what_a_checker_sees_the_same_is_one, 0, sizeof same / sizeof *same);
	tcase_add_loop_test(trees, what_a_checker_could_tell_apart_is_two, 0,
			    sizeof different / sizeof *different);
	return support_run(suite);
}
