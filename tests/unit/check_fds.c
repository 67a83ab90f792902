/* SPDX-License-Identifier: MIT */
/*
 * check_fds.c - what the shim remembers of descriptors is what it was told of them.
 *
 * Method: the shim's own modules, with a control block that nobody else has. The linker puts functions of
 * this file before theirs (--wrap), so that files get the numbers that a test wants: as late in a recording
 * as it likes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/shim.h"
#include "tests/unit/support.h"

static uint32_t next;	     /* number that a file gets */
static unsigned int records; /* of files, so far */

uint32_t __wrap_crash__record_file(struct crash__control *control, uint64_t device, uint64_t inode,
				   uint32_t mode, uint64_t size, const char *path);
uint32_t __wrap_crash__record_file(struct crash__control *control, uint64_t device, uint64_t inode,
				   uint32_t mode, uint64_t size, const char *path)
{
	(void)control;
	(void)device;
	(void)inode;
	(void)mode;
	(void)size;
	(void)path;
	records++;
	return next++;
}

/* Nothing is attached here that could say who we are. */
struct crash__thread *__wrap_crash__thread(void);
struct crash__thread *__wrap_crash__thread(void)
{
	crash__me.pid = crash__me.tid = (uint32_t)getpid();
	return &crash__me;
}

static struct crash__control *recording(uint32_t first)
{
	struct crash__control *control = aligned_alloc(_Alignof(struct crash__control), sizeof *control);

	ck_assert_ptr_nonnull(control);
	memset(control, 0, sizeof *control);
	control->mode = CRASH__MODE_RECORD;
	crash__control = control;
	next = first;
	return control;
}

static int open_file(void)
{
	char path[PATH_MAX];
	int fd;

	support_directory(path);
	fd = open(path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Every file that a descriptor is opened for, and every rename after that, takes a number. */
static const uint32_t numbers[] = {1, 0x7fffff, 0x800000, 0x800001, 0xfffffffe};

/* Of a number only 23 bits were remembered: after 8 million of them, ops were booked on other files. */
START_TEST(the_second_op_is_on_the_same_file_however_late)
{
	struct crash__control *control = recording(numbers[_i]);
	int fd = open_file();

	for (int i = 0; i < 3; i++) {
		struct crash__target target = crash__target_of_fd(control, fd);

		ck_assert(target.storage);
		ck_assert_uint_eq(target.file, numbers[_i]);
	}
	ck_assert_uint_eq(records, 1);
}
END_TEST

START_TEST(a_descriptor_that_is_used_again_is_another_file)
{
	struct crash__control *control = recording(0x800001);
	int fd = open_file();

	ck_assert_uint_eq(crash__target_of_fd(control, fd).file, 0x800001);
	crash__fds_forget(fd, fd);
	next = 1; /* the number that this one was taken for */
	ck_assert_uint_eq(crash__target_of_fd(control, fd).file, 1);
	ck_assert_uint_eq(crash__target_of_fd(control, fd).file, 1);
	ck_assert_uint_eq(records, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fds");
	TCase *tcase = support_case(suite, "numbers", a_descriptor_that_is_used_again_is_another_file, NULL);

	tcase_add_loop_test(tcase, the_second_op_is_on_the_same_file_however_late, 0,
			    (int)(sizeof numbers / sizeof *numbers));
	return support_run(suite);
}
