/* SPDX-License-Identifier: MIT */
/*
 * check_attributes.c - modes, owners, times and extended attributes in the starting tree, in states, in
 * findings and in what is replayed.
 *
 * Method: tests/programs/attribute_words changes them, and is the checker, too. What a state may have of them
 * follows from the syncs that the program does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/run/lab.h"

#define OLD_TIME 1000
#define GIVE "user.place"

static const struct timespec old_times[2] = {{.tv_sec = OLD_TIME}, {.tv_sec = OLD_TIME}};

static void give(const char *path, mode_t mode, const char *value)
{
	ck_assert_msg(setxattr(path, GIVE, value, strlen(value), 0) == 0, "%s: %m", path);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, 7, 8), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, old_times, 0), 0);
}

/* "old" and "kept" are files, "d" is a directory with a file in it. */
static void make_store(void)
{
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	ck_assert_int_eq(mkdir("store/d", 0755), 0);
	lab_write("store/old", "old\n", 4);
	lab_write("store/kept", "kept\n", 5);
	lab_write("store/d/file", "file\n", 5);
	give("store/d/file", 0604, "in d");
	give("store/old", 0640, "old");
	give("store/kept", 0400, "kept");
	give("store/d", 0750, "d");
	give("store", 0755, "top");
}

static bool has_attributes(void)
{
	lab_remove("store");
	return mkdir("store", 0755) == 0 && setxattr("store", GIVE, "x", 1, 0) == 0;
}

/* Both in the data directory; in a check `attributes` is the program, and `said` is what it has said by then.
 */
static struct lab_result explore(const char *way, const char *model, const char *program, const char *check)
{
	return LAB_CRASHINJECT("explore", way, "--dir", "store", "--model", model, "--check",
			       lab_text("attributes() { %s \"$@\"; }; said() { grep -q \"$1\" "
					"\"$CRASH_ACKED\"; }; cd \"$CRASH_DIR\" && { cat old; %s; }",
					lab_program("attribute_words"), check),
			       "--", "sh", "-c",
			       lab_text("cd \"${CRASH_DIR:-store}\" && exec %s %s",
					lab_program("attribute_words"), program));
}

/* ------------------------------------------------------------------ what is lost and kept */

static const struct {
	const char *program, *check, *model;
	int status;
	const char *says; /* NULL: nothing is found */
} losses[] = {
	/* a journal keeps the order, and POSIX does not */
	{"create t set t user.c 1 rename t real", "attributes if real has real user.c 1", "posix", 1,
	 "the attribute user.c of t"},
	{"create t set t user.c 1 rename t real", "attributes if real has real user.c 1", "ext4", 0, NULL},
	{"create t set t user.c 1 fsync t rename t real", "attributes if real has real user.c 1", "posix", 0,
	 NULL},
	/* what was acknowledged */
	{"set old user.place new say done", "! said done || attributes has old user.place new", "ext4", 1,
	 "the attribute user.place of old"},
	{"set old user.place new fsync old say done", "! said done || attributes has old user.place new",
	 "posix,ext4,xfs,btrfs", 0, NULL},
	{"set old user.place new say done", "! said done || attributes has old user.place new", "kill", 0,
	 NULL},
	{"unset old user.place say done", "! said done || attributes lacks old user.place", "xfs", 1,
	 "the removal of the attribute user.place of old"},
	{"unset old user.place fsync old say done", "! said done || attributes lacks old user.place",
	 "xfs,btrfs", 0, NULL},
	{"mode old 600 say done", "! said done || attributes has-mode old 600", "btrfs", 1,
	 "the new mode of old"},
	{"mode old 600 fsync old say done", "! said done || attributes has-mode old 600", "btrfs", 0, NULL},
	{"time old 5001 say done", "! said done || attributes has-time old 5001", "ext4", 1,
	 "the time set of old"},
	{"time old 5000 fsync old say done", "! said done || attributes has-time old 5000", "posix,ext4", 0,
	 NULL},
	/* a file that is changed again has the time of now, which is in no state */
	{"time old 5001 fsync old write old x say done", "! said done || ! attributes has-time old 5001",
	 "posix", 0, NULL},
	{"time old 5001 fsync old now old say done", "! said done || ! attributes has-time old 5001", "posix",
	 0, NULL},
	{"owner old 9 say done", "! said done || attributes has-owner old 9", "ext4", 1,
	 "the new owner of old"},
	{"owner old 9 fsync old say done", "! said done || attributes has-owner old 9",
	 "posix,ext4,xfs,btrfs", 0, NULL},
	/* it takes set-user-ID away, at once */
	{"mode old 4755 fsync old say set owner old 9",
	 "! said set || attributes has-mode old 4755 has-owner old 7 || attributes has-mode old 755 "
	 "has-owner "
	 "old 9",
	 "posix", 0, NULL},
};

#define LOSSES ((int)(sizeof losses / sizeof *losses))

START_TEST(an_attribute_is_lost_as_its_syncs_say)
{
	static const char *const ways[] = {"--json", "--copy"};
	struct lab_result result;

	if (!has_attributes())
		LAB_SKIP("files here have no attributes");
	if (geteuid() != 0 && strstr(losses[_i].program, "owner"))
		LAB_SKIP("only root can give files away");
	for (int way = 0; way < 2; way++) {
		make_store();
		result = explore(ways[way], losses[_i].model, losses[_i].program, losses[_i].check);
		lab_assert_status(&result, losses[_i].status);
		ck_assert_msg(!losses[_i].says || strstr(result.out, losses[_i].says) != NULL, "%s",
			      lab_describe(&result));
	}
}
END_TEST

/* ------------------------------------------------------------------ the starting tree */

/* What nobody changed is in each state what it was, wherever something else is copied, moved or written. */
static const struct {
	const char *program, *check;
} keeps[] = {
	{"write old x", "has old user.place old has-mode old 640"},
	{"mode old 600", "has old user.place old has-time old 1000"},
	{"set old user.more 1", "has old user.place old has-mode old 640 has-time old 1000"},
	{"rename old new", "if new has new user.place old has-mode new 640 has-time new 1000"},
	{"rename d e", "if e has e user.place d has-mode e 750 has-time e 1000 has e/file user.place 'in d' "
		       "has-mode e/file 604 has-time e/file 1000"},
	{"mode d/file 644", "has d user.place d has-mode d 750 has-time d 1000 has d/file user.place 'in d'"},
	{"set d/file user.more 1", "has-time d 1000 has-time d/file 1000"},
	{"create d/new", "has d user.place d has-mode d 750 has-time d/file 1000"},
	{"set . user.more 1", "has-mode d 750"},
};

#define KEEPS ((int)(sizeof keeps / sizeof *keeps))

START_TEST(the_starting_tree_keeps_what_nobody_changed)
{
	static const char *const ways[] = {"--json", "--copy"};
	bool is_root = geteuid() == 0;
	struct lab_result result;

	if (!has_attributes())
		LAB_SKIP("files here have no attributes");
	for (int way = 0; way < 2; way++) {
		make_store();
		result = explore(ways[way], "posix,ext4", keeps[_i].program,
				 lab_text("attributes has . user.place top has-mode kept 400 has-time kept "
					  "1000 has kept user.place kept %s && attributes %s",
					  is_root ? "has-owner kept 7" : "", keeps[_i].check));
		lab_assert_status(&result, 0);
	}
}
END_TEST

/* ------------------------------------------------------------------ replay */

static struct lab_result ask(const char *questions)
{
	return LAB_COMMAND("sh", "-c",
			   lab_text("cd state && %s %s", lab_program("attribute_words"), questions));
}

/* Recorded by the shim, and by the supervisor. */
START_TEST(a_replayed_state_has_all_of_it)
{
	static const char *const programs[] = {"attribute_words", "attribute_words_static"};
	struct lab_result result;

	if (!has_attributes())
		LAB_SKIP("files here have no attributes");
	make_store();
	result = LAB_CRASHINJECT(
		"record", "-o", "t.trace", "--dir", "store", "--", "sh", "-c",
		lab_text("cd store && exec %s set old user.more 1 time old 5001 mode d/file 600 unset d "
			 "user.place time d 7000 %s",
			 lab_program(programs[_i]), geteuid() == 0 ? "owner d/file 9" : ""));
	lab_assert_status(&result, 0);
	lab_remove("store"); /* all of it is in the trace */
	lab_remove("state");
	result = LAB_COMMAND(
		"sh", "-c",
		lab_text("n=0; while %s replay -q t.trace posix@$((n + 1)) 2>/dev/null; do n=$((n + "
			 "1)); done; %s replay t.trace posix@$n state",
			 lab_variable("CRASHINJECT"), lab_variable("CRASHINJECT")));
	lab_assert_status(&result, 0);
	result = ask(
		"has old user.place old has old user.more 1 has-time old 5001 has-mode d/file 600 has d/file "
		"user.place 'in d' lacks d user.place has-time d 7000 has-mode kept 400 has-time kept 1000 "
		"has . user.place top has kept user.place kept");
	lab_assert_status(&result, 0);
	result = ask(geteuid() == 0 ? "has-owner d/file 9 has-owner kept 7" : "");
	lab_assert_status(&result, 0);
}
END_TEST

/* ------------------------------------------------------------------ what cannot be given */

/* A trace of root's, explored by somebody who may not give files away. */
START_TEST(what_cannot_be_given_is_no_all_clear)
{
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can give files away");
	if (!has_attributes())
		LAB_SKIP("files here have no attributes");
	make_store();
	result = LAB_CRASHINJECT("record", "-o", "t.trace", "--dir", "store", "--", "sh", "-c",
				 lab_text("cd store && exec %s owner old 9", lab_program("attribute_words")));
	lab_assert_status(&result, 0);
	lab_remove("store");
	ck_assert_int_eq(chmod(lab_text("%s/..", lab_dir), 0711), 0);
	ck_assert_int_eq(chmod(".", 0777), 0);
	ck_assert_int_eq(chmod("t.trace", 0644), 0);
	result = LAB_COMMAND("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
			     lab_variable("CRASHINJECT"), "explore", "--model", "ext4", "--check", LAB_READS,
			     "t.trace");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "another owner could not be given to old") != NULL, "%s",
		      lab_describe(&result));
}
END_TEST

/* In the sandbox of somebody without rights there is one group. */
START_TEST(a_group_that_the_sandbox_lacks_is_no_all_clear)
{
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can be somebody else with two groups");
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	ck_assert_int_eq(chown("store", 65534, 65534), 0);
	ck_assert_int_eq(chmod(lab_text("%s/..", lab_dir), 0711), 0);
	ck_assert_int_eq(chmod(".", 0777), 0);
	result = LAB_COMMAND("setpriv", "--reuid=65534", "--regid=65534", "--groups=65534,65533",
			     lab_variable("CRASHINJECT"), "explore", "--dir", "store", "--model", "ext4",
			     "--check", LAB_READS, "--", "sh", "-c",
			     "echo x >store/f; chgrp 65533 store/f 2>/dev/null; true");
	if (strstr(result.out, "checked on copies"))
		LAB_SKIP("an ordinary user has no namespaces here");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "could not be given to another group") != NULL, "%s",
		      lab_describe(&result));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attributes");
	TCase *tcase = lab_case(suite, "attributes", 120);

	tcase_add_loop_test(tcase, an_attribute_is_lost_as_its_syncs_say, 0, LOSSES);
	tcase_add_loop_test(tcase, the_starting_tree_keeps_what_nobody_changed, 0, KEEPS);
	tcase_add_loop_test(tcase, a_replayed_state_has_all_of_it, 0, 2);
	tcase_add_test(tcase, what_cannot_be_given_is_no_all_clear);
	tcase_add_test(tcase, a_group_that_the_sandbox_lacks_is_no_all_clear);
	return lab_run(suite);
}
