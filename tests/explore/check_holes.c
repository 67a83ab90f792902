/* SPDX-License-Identifier: MIT */
/*
 * check_holes.c - a file that is mostly a hole costs what is in it: in memory, in states and in what is kept.
 *
 * Method: the data directory has a file of GIGABYTES with a few bytes in it, which a program changes a
 * little. The checker looks at how many blocks the file has in each state; afterwards the result, a state
 * that is replayed, and the memory of all processes are looked at. Nothing is timed: a hole that is read or
 * written somewhere shows in one of these.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/lab.h"

#define GIGABYTES 1
#define MOST_BLOCKS 512		  /* of 512 bytes */
#define MOST_MEMORY (400L * 1024) /* in KB; sanitizers need a part of it */

static const struct {
	const char *program; /* in the data directory */
	const char *check;   /* of the last state */
} changes[] = {
	{"printf y | dd of=s bs=1 seek=900000000 conv=notrunc status=none",
	 "test $(stat -c %s s) = 1073741824 && dd if=s bs=1 skip=900000000 count=1 status=none | grep -q y"},
	{"truncate -s 100G s; printf end >>s",
	 "test $(stat -c %s s) = 107374182403 && tail -c 3 s | grep -q end"},
	{"truncate -s 10G s; fallocate -p -o 0 -l 10G s; printf z | dd of=s bs=1 seek=4097 conv=notrunc "
	 "status=none",
	 "test $(stat -c %s s) = 10737418240 && ! head -c 9000 s | grep -q x && head -c 9000 s | grep -q z"},
	{"truncate -s 10 s; truncate -s 1G s; mv s t; ln t s; mv t u; sync",
	 "test $(stat -c %s s) = 1073741824 && ! head -c 9000 s | grep -q x"},
	{"mkdir d; mv s d/s; mv d e; ln e/s s", "test $(stat -c %s e/s) = 1073741824"},
};

#define CHANGES ((int)(sizeof changes / sizeof *changes))

/* With one byte at 4096, and as large as it is said to be. */
static void make_store(void)
{
	int fd;

	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	fd = open("store/s", O_WRONLY | O_CREAT, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 4096), 1);
	ck_assert_int_eq(ftruncate(fd, GIGABYTES * (1L << 30)), 0);
	close(fd);
}

static long blocks_of(const char *path)
{
	struct stat status;

	ck_assert_msg(stat(path, &status) == 0, "%s: %m", path);
	return (long)status.st_blocks;
}

/* Of all processes that have ended; what the trace's file has in memory, as well. */
static void assert_little_memory(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
	ck_assert_int_lt(usage.ru_maxrss, MOST_MEMORY);
}

#define FEW_BLOCKS                                                                                           \
	"for f in s t u d/s e/s; do [ ! -e $f ] || { head -c 1 $f && [ $(stat -c %b $f) -lt 512 ]; } || "    \
	"exit 1; done"

/* Returns how many points there are. */
static int explore(int change, const char *option)
{
	struct lab_result result;
	const char *at;

	make_store();
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--model", "posix", option, "-o", "result",
				 "--check", FEW_BLOCKS, "--", "sh", "-c",
				 lab_text("cd \"${CRASH_DIR:-.}\" && { %s; }", changes[change].program));
	lab_assert_status(&result, 0);
	ck_assert_int_lt(blocks_of("result/trace"), MOST_BLOCKS);
	assert_little_memory();
	at = strstr(result.out, " points, "); /* behind what is said of the checker */
	ck_assert_ptr_nonnull(at);
	while (at > result.out && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return atoi(at);
}

/* ------------------------------------------------------------------ states */

START_TEST(holes_cost_nothing_in_any_state)
{
	explore(_i, "--jobs=1");
}
END_TEST

START_TEST(holes_cost_nothing_on_copies)
{
	explore(_i, "--copy");
}
END_TEST

/* Whatever is a hole: what can be read is the same. */
START_TEST(a_state_that_is_replayed_has_its_holes)
{
	int points = explore(_i, "--jobs=1");
	struct lab_result result =
		LAB_CRASHINJECT("replay", "result/trace", lab_text("kill@%d", points - 1), "state");

	lab_assert_status(&result, 0);
	result =
		LAB_COMMAND("sh", "-c", lab_text("cd state && { %s; } && %s", changes[_i].check, FEW_BLOCKS));
	lab_assert_status(&result, 0);
	assert_little_memory();
}
END_TEST

/* What is found without a place for it is kept beside the temporary files. */
START_TEST(a_result_that_is_kept_has_its_holes)
{
	struct lab_result result;

	make_store();
	ck_assert_int_eq(mkdir("temporary", 0755), 0);
	result = LAB_COMMAND("env", lab_text("TMPDIR=%s/temporary", lab_dir), lab_variable("CRASHINJECT"),
			     "explore", "--dir", "store", "--check", "[ ! -e g ]", "--", "sh", "-c",
			     "cd \"${CRASH_DIR:-.}\" && mkdir g; rmdir g");
	lab_assert_status(&result, 1);
	result = LAB_COMMAND("sh", "-c", "[ $(stat -c %b temporary/*/trace) -lt 512 ]");
	lab_assert_status(&result, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("holes");
	TCase *tcase = lab_case(suite, "holes", 120);

	tcase_add_loop_test(tcase, holes_cost_nothing_in_any_state, 0, CHANGES);
	tcase_add_loop_test(tcase, holes_cost_nothing_on_copies, 0, CHANGES);
	tcase_add_loop_test(tcase, a_state_that_is_replayed_has_its_holes, 0, CHANGES);
	tcase_add_test(tcase, a_result_that_is_kept_has_its_holes);
	return lab_run(suite);
}
