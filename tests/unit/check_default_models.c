/* SPDX-License-Identifier: MIT */
/*
 * check_default_models.c - each file system has the model of how it is mounted.
 */
#include "cli/default_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support.h"

static const struct {
	const char *kind, *options, *model;
} table[] = {
	{"ext4", "rw,dioread_nolock", "ext4"},
	{"ext4", "rw,discard,dioread_nolock,errors=remount-ro", "ext4"},
	{"ext4", "rw,data=journal", "ext4-journal"},
	{"ext4", "rw,data=writeback", "ext4-writeback"},
	{"ext4", "rw,dioread_lock", "ext4-dioread-lock"},
	/* of the words that begin like it */
	{"ext4", "rw,dioread_nolock,data=journalled", "ext4"},
	{"ext3", "rw", "ext3-ordered"},
	{"ext3", "rw,data=writeback", "ext3-writeback"},
	{"ext3", "rw,data=journal", "posix"},
	{"ext2", "rw", "posix"},
	{"xfs", "rw,attr2,inode64", "xfs"},
	{"btrfs", "rw,space_cache=v2", "btrfs"},
	{"f2fs", "rw,mode=adaptive", "f2fs"},
	{"tmpfs", "rw", "posix"},
	{"overlay", "rw,lowerdir=/ext4", "posix"},
	{"", "", "posix"},
};

START_TEST(a_file_system_has_the_model_of_how_it_is_mounted)
{
	ck_assert_str_eq(crash__model_of_file_system(table[_i].kind, table[_i].options), table[_i].model);
}
END_TEST

/* What findmnt(8) says, which reads the same table in its own way. */
START_TEST(a_directory_is_on_the_file_system_that_findmnt_names)
{
	static const char *const places[] = {"/", "/tmp", "/proc", "/dev/shm", "/sys", "."};
	char kind[32], command[128], said[64];

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		FILE *stream;

		snprintf(command, sizeof command, "findmnt -n -o FSTYPE -T %s | tail -n 1", places[i]);
		stream = popen(command, "r");
		ck_assert_ptr_nonnull(stream);
		if (!fgets(said, sizeof said, stream))
			*said = '\0';
		pclose(stream);
		said[strcspn(said, " \n")] = '\0';
		crash__model_of_directory(places[i], kind);
		ck_assert_msg(!*said || strcmp(kind, said) == 0, "%s: %s, not %s", places[i], kind, said);
	}
	ck_assert_str_eq(crash__model_of_directory("/proc", kind), "posix");
	ck_assert_str_eq(kind, "proc");
}
END_TEST

START_TEST(of_a_directory_that_is_not_there_nothing_is_known)
{
	char kind[32] = "x";

	ck_assert_str_eq(crash__model_of_directory("/nonexistent/directory", kind), "posix");
	ck_assert_str_eq(kind, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("default models");
	TCase *tests =
		support_case(suite, "default models", a_directory_is_on_the_file_system_that_findmnt_names,
			     of_a_directory_that_is_not_there_nothing_is_known, NULL);

	tcase_add_loop_test(tests, a_file_system_has_the_model_of_how_it_is_mounted, 0,
			    (int)(sizeof table / sizeof *table));
	return support_run(suite);
}
