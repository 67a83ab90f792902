/* SPDX-License-Identifier: MIT */
/*
 * check_sites.c - the breakpoints that are compiled into a program, found without running it.
 *
 * Method: this test has breakpoints itself, and a shared library that it is linked with has one. It looks
 * into its own file.
 */
#include "symbols/breakpoint_sites.h"

#include <crashinject/breakpoint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support.h"

void pass_library_point(void);
int pass_points(void);

enum { FIRST_LINE = __LINE__ + 4 };

int pass_points(void)
{
	CRASH_BREAKPOINT("sites.first");
	CRASH_BREAKPOINT("sites.twice");
	CRASH_BREAKPOINT("sites.twice");
	pass_library_point();
	return 0;
}

static struct crash__found_sites found;

static const char *self(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	ck_assert_int_gt(length, 0);
	path[length] = '\0';
	return path;
}

/* The lines of a point's sites, in order; returns how many. */
static size_t lines_of(const char *name, uint32_t lines[8])
{
	size_t count = 0;

	for (size_t i = 0; i < found.count; i++)
		if (strcmp(found.sites[i].name, name) == 0 && count < 8)
			lines[count++] = found.sites[i].line;
	return count;
}

START_TEST(sites_have_names_files_and_lines)
{
	uint32_t lines[8];

	ck_assert_int_eq(crash__sites_find(self(), &found), 0);
	ck_assert_uint_eq(lines_of("sites.first", lines), 1);
	ck_assert_uint_eq(lines[0], FIRST_LINE);
	ck_assert_uint_eq(lines_of("sites.twice", lines), 2);
	ck_assert_uint_eq(lines[0] + lines[1], 2 * FIRST_LINE + 3);
	for (size_t i = 0; i < found.count; i++)
		if (strncmp(found.sites[i].name, "sites.", 6) == 0) {
			ck_assert_ptr_nonnull(strstr(found.sites[i].file, "check_sites.c"));
			ck_assert_str_eq(found.sites[i].object, self());
		}
	ck_assert(!found.runtime_names);
	crash__sites_clear(&found);
	ck_assert_uint_eq(found.count, 0);
	ck_assert_ptr_null(found.sites);
}
END_TEST

START_TEST(libraries_of_the_program_are_looked_into)
{
	uint32_t lines[8];

	ck_assert_int_eq(crash__sites_find(self(), &found), 0);
	ck_assert_uint_eq(lines_of("library.point", lines), 1);
	for (size_t i = 0; i < found.count; i++)
		if (strcmp(found.sites[i].name, "library.point") == 0)
			ck_assert_ptr_nonnull(strstr(found.sites[i].object, "libpoints"));
	/* the program first, and libc somewhere */
	ck_assert_str_eq(found.objects[0], self());
	ck_assert_uint_gt(found.object_count, 2);
	ck_assert_ptr_null(found.objects[found.object_count]);
	ck_assert_int_eq(pass_points(), 0);
	crash__sites_clear(&found);
}
END_TEST

static const char *program(const char *name)
{
	static char path[PATH_MAX];
	const char *programs = getenv("PROGRAMS");

	ck_assert_msg(programs != NULL, "the environment lacks PROGRAMS; run the test by make check");
	snprintf(path, sizeof path, "%s/%s", programs, name);
	return path;
}

/* A static program has its sites as any; names made at run time are known to exist and no more. */
START_TEST(programs_of_other_kinds)
{
	uint32_t lines[8];

	ck_assert_int_eq(crash__sites_find(program("places_static"), &found), 0);
	ck_assert_uint_eq(lines_of("places.twice", lines), 2);
	ck_assert_uint_eq(found.object_count, 1);
	ck_assert(!found.runtime_names);
	crash__sites_clear(&found);

	ck_assert_int_eq(crash__sites_find(program("steps"), &found), 0);
	ck_assert_uint_eq(lines_of("steps.fixed", lines), 1);
	ck_assert(found.runtime_names);
	crash__sites_clear(&found);

	ck_assert_int_eq(crash__sites_find("/bin/sh", &found), 0);
	ck_assert_uint_eq(found.count, 0);
	crash__sites_clear(&found);
}
END_TEST

START_TEST(what_is_no_program_has_no_sites)
{
	char path[PATH_MAX];
	int fd;

	support_directory(path);
	strcat(path, "/text");
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	ck_assert_int_eq(write(fd, "just a text", 11), 11);
	close(fd);
	if (crash__sites_find(path, &found) == 0) {
		ck_assert_uint_eq(found.count, 0);
		crash__sites_clear(&found);
	}
}
END_TEST

static void write_file(const char *path, const void *bytes, size_t count)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
	close(fd);
}

/* Bytes are changed where sites, strings and headers are; what is found has names that end, or is not found.
 */
START_TEST(a_damaged_program_does_no_harm)
{
	uint64_t random = support_seed();
	char path[PATH_MAX];
	struct stat status;
	unsigned char *bytes, *copy;
	int fd = open(program("places_static"), O_RDONLY);
	size_t size;

	ck_assert_int_eq(fstat(fd, &status), 0);
	size = (size_t)status.st_size;
	bytes = malloc(size);
	copy = malloc(size);
	ck_assert_int_eq(read(fd, bytes, size), (ssize_t)size);
	close(fd);
	support_directory(path);
	strcat(path, "/damaged");
	for (int i = 0; i < 60; i++) {
		size_t cut = i % 3 == 0 ? support_below(&random, size) : size;

		memcpy(copy, bytes, size);
		/* the headers are in front, and at the end */
		for (int k = 0; k < 20; k++) {
			size_t at = support_below(&random, 4096);

			copy[k % 2 ? at : size - 1 - at] ^= (unsigned char)(1u << support_below(&random, 8));
		}
		write_file(path, copy, cut);
		if (crash__sites_find(path, &found) < 0)
			continue;
		for (size_t n = 0; n < found.count; n++)
			ck_assert_uint_lt(strlen(found.sites[n].name), size);
		crash__sites_clear(&found);
	}
	free(bytes);
	free(copy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sites");

	support_case(suite, "sites", sites_have_names_files_and_lines,
		     libraries_of_the_program_are_looked_into, programs_of_other_kinds,
		     what_is_no_program_has_no_sites, a_damaged_program_does_no_harm, NULL);
	return support_run(suite);
}
