/* SPDX-License-Identifier: MIT */
/*
 * check_kept_copy.c - whatever is done to a copy, it is made what it was; and what nobody has touched stays
 * the very file that it was.
 */
#include "base/kept_copy.h"

#include <crashinject/crashinject.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/copy.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

static char base[PATH_MAX];

static const char *below(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%.3800s/%s", base, name);
	return path;
}

static void script(const char *text)
{
	char command[8192];

	snprintf(command, sizeof command, "cd '%s' && %s", below("copy"), text);
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* The original, with a file of two names, a large one, directories and a link; and a copy. */
static bool begin(void)
{
	support_directory(base);
	if (!crash__kept_copy_possible(base)) {
		support_say_skip("kept copies", "changes do not always show in times on this file system");
		return false;
	}
	mkdir(below("tree"), 0755);
	mkdir(below("copy"), 0755);
	script("cd ../tree && mkdir -p d/e empty closed && echo one >one && ln one d/other && ln -s one link "
	       "&& "
	       "head -c 3000000 /dev/urandom >large && echo deep >d/e/deep && mkfifo pipe && chmod 500 "
	       "closed && "
	       "touch -d 2001-01-01 one d d/e large");
	trees_ok(crash__copy_tree(below("tree"), below("copy")));
	return true;
}

static void restored_after(const char *text)
{
	char *before = trees_text(below("copy")), *after;
	struct crash__kept_copy *copy;

	trees_ok(crash__kept_copy_note(below("copy"), false, &copy));
	script(text);
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	crash__kept_copy_free(copy);
	after = trees_text(below("copy"));
	ck_assert_msg(strcmp(before, after) == 0, "after %s: %s", text, trees_differ(after, before));
	free(before);
	free(after);
}

static const char *const damages[] = {
	"true",
	"echo two >one",
	"echo ONE >one; touch -d 2001-01-01 one",
	"cp -p one x && mv x one",
	"mv large x && cp x large && rm x",
	"echo more >>large",
	"rm -r d",
	"mv d x && mkdir d",
	"mv one x; mv large one; mv x large",
	"rm d/other",
	"ln one x",
	"ln -f large one",
	"echo new >d/e/new && rm d/e/new",
	"mkdir x && echo y >x/y && chmod 0 x",
	"rm link && ln -s large link",
	"rm pipe && echo file >pipe",
	"chmod 0 d && chmod 600 large",
	"chmod 700 closed && echo x >closed/x && chmod 0 closed",
	"rmdir empty && echo file >empty",
	"rm one d/other && mkdir one",
	"touch -d 1999-01-01 . d/e one",
	"rm -rf ./*",
};

START_TEST(whatever_was_done_is_undone)
{
	if (begin())
		restored_after(damages[_i]);
}
END_TEST

/* One after the other, as checks come. */
START_TEST(a_copy_serves_for_many_checks)
{
	if (!begin())
		return;
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
		restored_after(damages[i]);
}
END_TEST

START_TEST(a_store_to_a_mapped_file_is_a_change)
{
	struct crash__kept_copy *copy;
	char *before, *after, *memory;
	int fd;

	if (!begin())
		return;
	before = trees_text(below("copy"));
	trees_ok(crash__kept_copy_note(below("copy"), false, &copy));
	fd = open(below("copy/large"), O_RDWR | O_CLOEXEC);
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096 * 7);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	memory[5] = (char)(memory[5] + 1);
	munmap(memory, 4096);
	close(fd);
	after = trees_text(below("copy"));
	ck_assert_str_ne(before, after);
	free(after);
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	crash__kept_copy_free(copy);
	after = trees_text(below("copy"));
	ck_assert_msg(strcmp(before, after) == 0, "%s", trees_differ(after, before));
	free(before);
	free(after);
}
END_TEST

START_TEST(attributes_of_a_directory_are_taken_away_again)
{
	struct crash__kept_copy *copy;

	if (!begin())
		return;
	trees_ok(crash__kept_copy_note(below("copy"), false, &copy));
	if (setxattr(below("copy/d"), "user.left", "x", 1, 0) < 0)
		support_skip("there are no extended attributes here");
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	crash__kept_copy_free(copy);
	ck_assert(getxattr(below("copy/d"), "user.left", NULL, 0) < 0 && errno == ENODATA);
}
END_TEST

/* That is what it is for: a large file is not copied because of a small one. */
START_TEST(what_nobody_has_touched_is_not_copied)
{
	struct crash__kept_copy *copy;
	struct stat before, after;

	if (!begin())
		return;
	ck_assert_int_eq(stat(below("copy/large"), &before), 0);
	trees_ok(crash__kept_copy_note(below("copy"), true, &copy));
	script("cat large >/dev/null; echo two >one; rm -r d/e");
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	crash__kept_copy_free(copy);
	ck_assert_int_eq(stat(below("copy/large"), &after), 0);
	ck_assert_int_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept copies");
	TCase *tcase = support_case(
		suite, "copies", a_copy_serves_for_many_checks, a_store_to_a_mapped_file_is_a_change,
		attributes_of_a_directory_are_taken_away_again, what_nobody_has_touched_is_not_copied, NULL);

	tcase_add_loop_test(tcase, whatever_was_done_is_undone, 0, (int)(sizeof damages / sizeof *damages));
	return support_run(suite);
}
