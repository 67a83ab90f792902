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
#include <xxhash.h>

#include "tests/explore/trees.h"
#include "tests/run/reflinks.h"
#include "tests/unit/support.h"
#include "trace/format.h"
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

static int save_trace(void)
{
	struct crash__trace_writer writer;
	bool saved;
	int fd;

	make_tree();
	fd = open(below("trace"), O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	crash__trace_writer_init(&writer, fd, 0);
	crash__trace_begin(&writer);
	trees_ok(crash__tree_save(fd, below("tree"), CRASH__DEFAULT_MAX_TREE, &saved));
	ck_assert(saved);
	return fd;
}

/* The tree into a trace, and out of it again. */
static void check_trace(bool shared)
{
	int fd = save_trace();
	struct crash__trace trace;

	ck_assert_int_lt(blocks_of("trace"), BIG + BIG / 2);
	if (shared)
		ck_assert_int_ge(reflinks_shared(below("trace")), BIG);
	trees_ok(crash__trace_open_fd(fd, "the trace", &trace));
	make_directory("unpacked");
	trees_ok(crash__tree_unpack(&trace, below("unpacked")));
	assert_same("tree", "unpacked");
	ck_assert_int_lt(blocks_of("unpacked/big"), BIG + BIG / 2);
	crash__trace_close(&trace);
	close(fd);
}

/* Changes the size that the trace gives a file, with a checksum that is right. */
static void forge_size(int fd, const char *name, uint64_t size)
{
	struct crash__tree_entry entry;
	struct crash__trace trace;
	struct crash__chunk head;
	unsigned char bytes[4096];
	off_t at = 0;

	trees_ok(crash__trace_open_fd(fd, "the trace", &trace));
	for (size_t i = 0; i < trace.tree_count && !at; i++)
		if (trace.tree[i].type == CRASH__CHUNK_ENTRY &&
		    strcmp(((const struct crash__tree_entry *)(const void *)trace.tree[i].bytes)->strings,
			   name) == 0)
			at = (off_t)crash__trace_offset(&trace, &trace.tree[i]);
	crash__trace_close(&trace);
	ck_assert_int_ne(at, 0);
	ck_assert_int_eq(pread(fd, &head, sizeof head, at - (off_t)sizeof head), sizeof head);
	ck_assert_int_eq(pread(fd, bytes, head.bytes, at), (ssize_t)head.bytes);
	memcpy(&entry, bytes, sizeof entry);
	entry.size = size;
	memcpy(bytes, &entry, sizeof entry);
	head.checksum = (uint32_t)XXH3_64bits(bytes, head.bytes);
	ck_assert_int_eq(pwrite(fd, bytes, head.bytes, at), (ssize_t)head.bytes);
	ck_assert_int_eq(pwrite(fd, &head, sizeof head, at - (off_t)sizeof head), sizeof head);
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

static const uint64_t sizes[] = {0, 1, BIG, UINT64_C(1) << 40, UINT64_C(1) << 60, UINT64_MAX};

/* It was made: as large as the file system allows, or an error of that file system. */
START_TEST(a_size_that_somebody_made_up_is_refused)
{
	struct crash__trace trace;
	int fd;

	support_directory(base);
	fd = save_trace();
	forge_size(fd, "big", sizes[_i]);
	trees_ok(crash__trace_open_fd(fd, "the trace", &trace));
	make_directory("unpacked");
	ck_assert_int_eq(crash__tree_unpack(&trace, below("unpacked")), CRASH_ETRACE);
	ck_assert_msg(strstr(crash_error_detail(), "damaged: big is said to have"), "%s",
		      crash_error_detail());
	crash__trace_close(&trace);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("copy");
	TCase *tcase =
		support_case(suite, "copies", a_copy_is_what_was_copied, a_trace_has_the_starting_tree, NULL);

	tcase_add_loop_test(tcase, a_copy_shares_its_blocks, 0, REFLINKS_KINDS);
	tcase_add_loop_test(tcase, a_trace_shares_the_blocks_of_the_starting_tree, 0, REFLINKS_KINDS);
	tcase_add_loop_test(tcase, a_size_that_somebody_made_up_is_refused, 0,
			    (int)(sizeof sizes / sizeof *sizes));
	return support_run(suite);
}
