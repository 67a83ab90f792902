/* SPDX-License-Identifier: MIT */
/*
 * check_copy.c - copies of a tree, and the starting tree in a trace, are what was copied, and share its
 * blocks where the file system can.
 */
#include "base/copy.h"

#include <crashinject/crashinject.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/explore/trees.h"
#include "tests/run/reflinks.h"
#include "tests/unit/support.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"
#include "trace/writer.h"

#define BIG (3L << 20)

static char base[PATH_MAX];

static const char *below(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%.3800s/%s", base, name);
	return path;
}

static void make_directory(const char *name)
{
	ck_assert_msg(mkdir(below(name), 0755) == 0, "%s: %s", name, strerror(errno));
}

/* A tree of all kinds of things, with a file that is large, and no whole number of blocks, and has a hole. */
static void make_tree(void)
{
	char *bytes = malloc(BIG);
	int fd;

	make_directory("tree");
	trees_start(below("tree"), 1, true);
	for (long i = 0; i < BIG; i++)
		bytes[i] = (char)(i * 7 + i / 4096);
	fd = open(below("tree/big"), O_WRONLY | O_CREAT, 0640);
	ck_assert_int_eq(write(fd, bytes, BIG), BIG);
	ck_assert_int_eq(pwrite(fd, bytes, 100, 2 * BIG), 100);
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
	free(bytes);
}

static void assert_same(const char *one, const char *other)
{
	char *expected = trees_text(below(one)), *is = trees_text(below(other));

	ck_assert_msg(strcmp(expected, is) == 0, "%s", trees_differ(is, expected));
	free(expected);
	free(is);
}

static long blocks_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(stat(below(name), &status), 0);
	return status.st_blocks * 512L;
}

static void check_copy(bool shared)
{
	make_tree();
	make_directory("copy");
	trees_ok(crash__copy_tree(below("tree"), below("copy")));
	assert_same("tree", "copy");
	ck_assert_int_lt(blocks_of("copy/big"), BIG + BIG / 2); /* the hole is one */
	if (shared)
		ck_assert_int_ge(reflinks_shared(below("copy/big")), BIG);
}

/* The tree into a trace, and out of it again. */
static void check_trace(bool shared)
{
	struct crash__trace_writer writer;
	struct crash__trace trace;
	bool saved;
	int fd;

	make_tree();
	fd = open(below("trace"), O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	crash__trace_writer_init(&writer, fd, 0);
	crash__trace_begin(&writer);
	trees_ok(crash__tree_save(fd, below("tree"), CRASH__DEFAULT_MAX_TREE, &saved));
	ck_assert(saved);
	ck_assert_int_lt(blocks_of("trace"), BIG + BIG / 2);
	if (shared)
		ck_assert_int_ge(reflinks_shared(below("trace")), BIG);
	trees_ok(crash__trace_open_fd(fd, "the trace", &trace));
	make_directory("unpacked");
	trees_ok(crash__tree_unpack(&trace, below("unpacked")));
	assert_same("tree", "unpacked");
	crash__trace_close(&trace);
	close(fd);
}

static bool mount_reflinks(int kind)
{
	const char *reason = reflinks_mount(reflinks_kinds[kind], base);

	if (reason)
		support_say_skip(reflinks_kinds[kind], reason);
	return reason == NULL;
}

START_TEST(a_copy_is_what_was_copied)
{
	support_directory(base);
	check_copy(false);
}
END_TEST

START_TEST(a_copy_shares_its_blocks)
{
	support_directory(base);
	if (mount_reflinks(_i))
		check_copy(true);
}
END_TEST

START_TEST(a_trace_has_the_starting_tree)
{
	support_directory(base);
	check_trace(false);
}
END_TEST

START_TEST(a_trace_shares_the_blocks_of_the_starting_tree)
{
	support_directory(base);
	if (mount_reflinks(_i))
		check_trace(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("copy");
	TCase *tcase =
		support_case(suite, "copies", a_copy_is_what_was_copied, a_trace_has_the_starting_tree, NULL);

	tcase_add_loop_test(tcase, a_copy_shares_its_blocks, 0, REFLINKS_KINDS);
	tcase_add_loop_test(tcase, a_trace_shares_the_blocks_of_the_starting_tree, 0, REFLINKS_KINDS);
	return support_run(suite);
}
