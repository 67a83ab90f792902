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
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/copy.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

static char base[PATH_MAX];
static struct crash__change_clock change_clock;
static bool time_was_set;

/* In the place of libc's: what a timer says when the system's time was set. */
ssize_t read(int fd, void *buffer, size_t count)
{
	if (fd == change_clock.timer && count == sizeof(uint64_t) && time_was_set) {
		time_was_set = false;
		errno = ECANCELED;
		return -1;
	}
	return syscall(SYS_read, fd, buffer, count);
}

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
	if (!crash__change_clock_open(&change_clock, base)) {
		support_say_skip("kept copies", "changes do not always show in times on this file system");
		return false;
	}
	mkdir(below("tree"), 0755);
	mkdir(below("copy"), 0755);
	script("cd ../tree && mkdir -p d/e empty closed && echo one >one && ln one d/other && ln -s one link "
	       "&& "
	       "mkdir -p many/sub && for i in 1 2 3 4 5 6 7 8 9; do echo $i >many/$i; echo s$i >many/sub/$i; "
	       "done && "
	       "ln many/3 many/sub/three && "
	       "head -c 3000000 /dev/urandom >large && echo deep >d/e/deep && mkfifo pipe && chmod 500 "
	       "closed && "
	       "touch -d 2001-01-01 one d d/e large");
	trees_ok(crash__copy_tree(below("tree"), below("copy")));
	return true;
}

static struct crash__kept_copy *noted(bool patient)
{
	struct crash__kept_copy *copy = crash__kept_copy_new(&change_clock, below("copy"));

	ck_assert_ptr_nonnull(copy);
	trees_ok(crash__kept_copy_note(copy, patient));
	return copy;
}

static void restored_after(const char *text)
{
	char *before = trees_text(below("copy")), *after;
	struct crash__kept_copy *copy = noted(false);

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
	"mv d x",
	"mv d/e e && rm -r d && mkdir -p d && mv e d/e",
	"mv d/other d/e/other && mv d/e x && rm -r d && mv x d",
	"rm -r d/e && mv many d/e && mkdir many",
	"mv many/sub many/new && mv empty many/sub && cp -a many/new empty",
	"rm many/7; touch many/a many/b; mv many/8 many/9",
	"mkdir many/x && mv many/x many/y && mv many/y many/sub/x",
	"mv many/sub s && mkdir many/sub && mv s/* many/sub && rmdir s",
	"mv many x && mv d many && mv x d",
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
	copy = noted(false);
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
	copy = noted(false);
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
	copy = noted(true);
	script("cat large >/dev/null; echo two >one; rm -r d/e");
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	crash__kept_copy_free(copy);
	ck_assert_int_eq(stat(below("copy/large"), &after), 0);
	ck_assert_int_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}
END_TEST

/* What is changed while the time is set back has any change time. */
START_TEST(where_the_time_was_set_nothing_is_trusted)
{
	struct crash__kept_copy *copy;
	struct stat before, after;

	if (!begin())
		return;
	ck_assert_int_eq(stat(below("copy/large"), &before), 0);
	copy = noted(true);
	time_was_set = true;
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	ck_assert_int_eq(stat(below("copy/large"), &after), 0);
	/* a new file, which may have got the number of the old one */
	ck_assert(crash__is_before(&before.st_ctim, &after.st_ctim));
	ck_assert_int_eq(after.st_size, before.st_size);
	/* the next moment holds */
	trees_ok(crash__kept_copy_note(copy, true));
	trees_ok(crash__kept_copy_restore(copy, below("tree")));
	ck_assert_int_eq(stat(below("copy/large"), &before), 0);
	ck_assert_int_eq(before.st_ino, after.st_ino);
	crash__kept_copy_free(copy);
}
END_TEST

/* ------------------------------------------------------------------ at random */

static const char *const places[] = {"x",     "y",     "d",	"d/x", "d/y", "d/e",   "d/e/x", "d/e/y",
				     "d/e/d", "e",     "e/x",	"e/y", "e/e", "e/e/x", "f",	"f/x",
				     "f/d",   "f/d/x", "f/d/e", "f/e", "d/f", "d/f/x"};

static void write_to(const char *path, int flags, uint64_t value)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		return;
	if (dprintf(fd, "%d", (int)(value % 100)) < 0)
		ck_abort_msg("cannot write to %s", path);
	close(fd);
}

/* Something is done to what is at two places, if there is something to which it can be done. */
static void change(const char *tree, uint64_t chosen)
{
	static const size_t count = sizeof places / sizeof *places;
	char from[PATH_MAX], to[PATH_MAX];
	uint64_t value = chosen >> 32;
	int done = 0;

	snprintf(from, sizeof from, "%.2000s/%s", below(tree), places[(chosen >> 8) % count]);
	snprintf(to, sizeof to, "%.2000s/%s", below(tree), places[(chosen >> 16) % count]);
	switch (chosen % 12) {
	case 0:
		write_to(from, O_TRUNC, value);
		break;
	case 1:
		write_to(from, O_APPEND, value);
		break;
	case 2:
		write_to(from, O_EXCL, value);
		break;
	case 3:
	case 4:
	case 5:
		done = rename(from, to);
		break;
	case 6:
		done = link(from, to);
		break;
	case 7:
		done = unlink(from);
		break;
	case 8:
		done = mkdir(from, 0755);
		break;
	case 9:
		done = rmdir(from);
		break;
	case 10:
		done = symlink("x", from);
		break;
	case 11:
		done = chmod(from, 0700 | (value & 077));
		break;
	}
	(void)done; /* not everything can be done everywhere */
}

static void check_same(const char *when)
{
	char *should = trees_text(below("tree")), *is = trees_text(below("copy"));

	ck_assert_msg(strcmp(is, should) == 0, "%s: %s", when, trees_differ(is, should));
	free(is);
	free(should);
}

/* The original and the copy are changed alike, as states are made of each other, then the copy as by a
 * checker. */
START_TEST(a_copy_follows_and_is_restored)
{
	uint64_t random = support_seed();
	struct crash__kept_copy *copy;

	if (!begin())
		return;
	copy = crash__kept_copy_new(&change_clock, below("copy"));
	ck_assert_ptr_nonnull(copy);
	for (int round = support_rounds(400); round > 0; round--) {
		for (uint64_t i = support_below(&random, 6); i > 0; i--) {
			uint64_t chosen = support_random(&random);

			change("tree", chosen);
			change("copy", chosen);
		}
		check_same("changed alike");
		trees_ok(crash__kept_copy_note(copy, support_below(&random, 8) == 0));
		for (uint64_t i = support_below(&random, 12); i > 0; i--)
			change("copy", support_random(&random));
		trees_ok(crash__kept_copy_restore(copy, below("tree")));
		check_same("restored");
	}
	crash__kept_copy_free(copy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept copies");
	TCase *tcase = support_case(
		suite, "copies", a_copy_serves_for_many_checks, a_store_to_a_mapped_file_is_a_change,
		attributes_of_a_directory_are_taken_away_again, what_nobody_has_touched_is_not_copied,
		where_the_time_was_set_nothing_is_trusted, a_copy_follows_and_is_restored, NULL);

	tcase_add_loop_test(tcase, whatever_was_done_is_undone, 0, (int)(sizeof damages / sizeof *damages));
	return support_run(suite);
}
