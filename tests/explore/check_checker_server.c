/* SPDX-License-Identifier: MIT */
/*
 * check_checker_server.c - a checker that stays alive and answers for many states.
 *
 * Method: tests/programs/line_checker has one bad habit for each thing that can go wrong, and notes how often
 * it was started. The result has to be that of the same check as a command.
 */
#include "tests/run/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INCOMPLETE 3

/* Replaces the file without a sync: it can be empty, and be the old one although the new one was
 * acknowledged. */
static const char save[] = "printf new >store/tmp; mv store/tmp store/data; echo saved";

static const char *habit(const char *name)
{
	return lab_text("exec %s %s", lab_program("line_checker"), name);
}

static void make_store(void)
{
	ck_assert_int_ne(system("rm -rf store starts"), -1);
	ck_assert_int_eq(mkdir("store", 0755), 0);
	lab_write("store/data", "old", 3);
	setenv("STARTS", lab_text("%s/starts", lab_dir), 1);
}

static size_t starts(void)
{
	const char *text = lab_read("starts", NULL);

	return text ? strlen(text) / 2 : 0;
}

#define EXPLORE(option, command, script)                                                                     \
	LAB_CRASHINJECT("explore", "--root", "store", "--jobs=1", "--model=posix", "--check-timeout=1s",     \
			option, command, "--", "sh", "-c", script)

static struct lab_result explore(const char *name)
{
	make_store();
	return EXPLORE("--check-server", habit(name), save);
}

static const char *finding(const struct lab_result *result)
{
	const char *at = strstr(result->out, "finding ");

	return at ? lab_text("%.*s", (int)strcspn(at, "\n"), at) : "none";
}

/* ------------------------------------------------------------------ what it says */

START_TEST(it_finds_what_a_command_finds_and_is_started_seldom)
{
	struct lab_result server = explore(""), command;
	size_t started = starts(), states, failed;
	const char *found = finding(&server);

	lab_assert_status(&server, 1);
	ck_assert_msg(strstr(server.out, "data is empty") && strstr(server.out, "looked at "), "%s",
		      lab_describe(&server));
	make_store();
	command = EXPLORE("--check", "test ! -e data -o -s data", save);
	lab_assert_status(&command, 1);
	ck_assert_str_eq(found, finding(&command));
	/* for each worker, for each state that failed, and for the first that passed */
	ck_assert_int_eq(
		sscanf(strstr(server.out, "distinct, "), "distinct, %zu checked, %zu", &states, &failed), 2);
	ck_assert_uint_le(started, failed + 3 + 8);
	ck_assert_uint_lt(started, states);
}
END_TEST

START_TEST(what_it_prints_is_no_answer)
{
	struct lab_result result = explore("chatty");

	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(finding(&result), ": inconsistent,"));
}
END_TEST

/* As of a command: it hangs, a signal ends it, it ends by itself. */
/* Bytes of a damaged file, and halves of a pair of surrogates: what it says beside them holds. */
START_TEST(a_text_that_is_none_does_not_lose_the_verdict)
{
	const char *data = lab_text("%s/store/data", lab_dir);
	struct lab_result result;

	if (!lab_sandboxes())
		LAB_SKIP("there are no namespaces");
	make_store();
	result = EXPLORE("--check-server",
			 lab_text("while read -r line; do v=ok; test ! -e %s -o -s %s || v=inconsistent; "
				  "printf '{\"verdict\": \"%%s\", \"text\": \"bad \\377\\303 \\\\ud800 "
				  "\\\\ud83d\\\\ude00 text\"}\\n' $v; done",
				  data, data),
			 save);
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "bad ?? ") && strstr(result.out, " text"), "%s",
		      lab_describe(&result));
}
END_TEST

START_TEST(a_server_that_goes_on_a_state_has_judged_it)
{
	const char *habits[][2] = {
		{"hangs", ": timeout,"}, {"aborts", ": signal,"}, {"leaves", ": inconsistent,"}};
	struct lab_result result;

	for (size_t i = 0; i < 3; i++) {
		result = explore(habits[i][0]);
		lab_assert_status(&result, 1);
		ck_assert_msg(strstr(finding(&result), habits[i][1]) != NULL, "%s", lab_describe(&result));
	}
}
END_TEST

START_TEST(an_answer_that_is_none_is_an_error)
{
	const char *answers[] = {"echo yes", "echo '{\"verdict\": \"fine\"}'",
				 "printf '{\"verdict\": \"ok\"}\\n{\"verdict\": \"ok\"}\\n'"};
	struct lab_result result;

	for (size_t i = 0; i < 3; i++) {
		make_store();
		result =
			EXPLORE("--check-server", lab_text("while read line; do %s; done", answers[i]), save);
		lab_assert_status(&result, INCOMPLETE);
		ck_assert_msg(strstr(result.out, "the checker server's answer") != NULL, "%s",
			      lab_describe(&result));
	}
}
END_TEST

/* As of a page that was never written. */
START_TEST(an_answer_may_have_zeros)
{
	static const char server[] =
		"while read line; do if test -s store/data; then echo '{\"verdict\": \"ok\"}'; "
		"else echo '{\"verdict\": \"inconsistent\", \"text\": \"there is \\u0000a\"}'; fi; done";
	struct lab_result result;

	make_store();
	result = EXPLORE("--check-server", server, save);
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "there is \\0a") && !strstr(result.out, "no verdict"), "%s",
		      lab_describe(&result));
}
END_TEST

/* One behind: what it says of a state would be taken for what it says of the next. */
START_TEST(what_is_there_before_the_question_is_no_answer)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(
		"--check-server",
		"echo '{\"verdict\": \"ok\"}'; while read line; do echo '{\"verdict\": \"ok\"}'; done", save);
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(strstr(result.out, "the checker server's answer ") != NULL, "%s",
		      lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what it remembers */

START_TEST(a_server_that_remembers_a_failure_is_named_and_blames_nobody)
{
	struct lab_result plain = explore(""), result = explore("grudge");

	lab_assert_status(&result, 1);
	ck_assert_str_eq(finding(&plain), finding(&result));
	ck_assert_msg(strstr(result.out, "the checker server remembers other states") != NULL, "%s",
		      lab_describe(&result));
}
END_TEST

/* It would have accepted everything. */
START_TEST(a_server_that_remembers_that_all_was_right_is_named)
{
	static const char many[] =
		"i=0; while [ $i -lt 150 ]; do printf $i >store/tmp; mv store/tmp store/data; "
		"i=$((i + 1)); done";
	struct lab_result result;

	make_store();
	result = EXPLORE("--check-server", habit("trusting"), many);
	ck_assert_int_ne(result.status, 0);
	ck_assert_msg(strstr(result.out, "the checker server remembers other states") != NULL, "%s",
		      lab_describe(&result));
}
END_TEST

/* Also where there are few states. */
START_TEST(a_server_that_remembers_is_named_soon)
{
	struct lab_result result = explore("first");

	ck_assert_msg(strstr(result.out, "the checker server remembers other states") != NULL, "%s",
		      lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what it has of a state */

/* Where there are overlays; where copies are mounted; where nothing can be mounted. */
static const char *const places[] = {"overlays", "copies", "copies elsewhere"};

static struct lab_result explore_in(int place, const char *name)
{
	make_store();
	if (place == 0)
		return EXPLORE("--check-server", habit(name), save);
	if (place == 1)
		return EXPLORE("--copy", lab_text("--check-server=%s", habit(name)), save);
	return LAB_COMMAND(lab_program("forbid"), "mount", lab_variable("CRASHINJECT"), "explore", "--root",
			   "store", "--jobs=1", "--model=posix", "--check-timeout=1s", "--check-server",
			   habit(name), "--", "sh", "-c", save);
}

/* One that changes a state later is as wrong as one that has it open. */
START_TEST(a_server_that_holds_a_state_is_started_anew)
{
	static const char *const ways[] = {"holds", "maps", "child", "stays"};
	struct lab_result plain, result;
	size_t started;

	if (_i == 0 && !lab_sandboxes())
		LAB_SKIP("there are no namespaces");
	plain = explore_in(_i, "");
	started = starts();
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		result = explore_in(_i, ways[i]);
		ck_assert_msg(result.status == 1, "%s on %s: %s", ways[i], places[_i], lab_describe(&result));
		ck_assert_str_eq(finding(&plain), finding(&result));
		ck_assert_msg(starts() > started, "%s on %s: %zu starts, not more than %zu", ways[i],
			      places[_i], starts(), started);
	}
}
END_TEST

/* Not for each state, whatever it does to them. */
START_TEST(a_server_that_has_let_go_goes_on)
{
	static const char *const ways[] = {"", "eats"};
	const char *found = NULL;

	if (_i == 0 && !lab_sandboxes())
		LAB_SKIP("there are no namespaces");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct lab_result result = explore_in(_i, ways[i]);
		size_t states, failed;

		ck_assert_msg(result.status == 1 && strstr(result.out, "distinct, "), "%s",
			      lab_describe(&result));
		if (!found)
			found = finding(&result);
		ck_assert_str_eq(finding(&result), found);
		sscanf(strstr(result.out, "distinct, "), "distinct, %zu checked, %zu", &states, &failed);
		ck_assert_msg(starts() <= failed + 3 + 8, "%s on %s: %zu starts", ways[i], places[_i],
			      starts());
	}
}
END_TEST

/* It may find another state, or none; never the real directory. */
START_TEST(a_server_that_is_late_does_not_get_at_the_real_directory)
{
	struct lab_result plain, result;

	if (_i == 0 && !lab_sandboxes())
		LAB_SKIP("there are no namespaces");
	plain = explore_in(_i, "");
	result = explore_in(_i, "late");
	ck_assert_msg(result.status == 1, "%s: %s", places[_i], lab_describe(&result));
	ck_assert_str_eq(finding(&plain), finding(&result));
	ck_assert_int_eq(system("[ \"$(ls store)\" = data ] && [ \"$(cat store/data)\" = old ]"), 0);
}
END_TEST

/* Root without its rights, where nothing can be mounted. */
static struct lab_result explore_without_rights(const char *name, const char *program)
{
	return LAB_COMMAND("setpriv", "--inh-caps", "-all", "--bounding-set", "-all", lab_program("forbid"),
			   "mount", lab_variable("CRASHINJECT"), "explore", "--root", "store", "--jobs=1",
			   "--model=posix", "--check-server", habit(name), "--", "sh", "-c", program);
}

/* Its owner cannot move it, nor put anything into it, as long as it is closed. */
START_TEST(a_copy_may_be_closed)
{
	struct lab_result result =
		LAB_COMMAND("setpriv", "--inh-caps", "-all", "--bounding-set", "-all", "true");

	if (result.status != 0)
		LAB_SKIP("setpriv(1) cannot take rights away here");
	make_store();
	result = explore_without_rights("closes", save);
	ck_assert_msg(result.status == 1 && !strstr(result.out, "incomplete"), "by the server: %s",
		      lab_describe(&result));
	make_store();
	ck_assert_int_eq(chmod("store", 0555), 0);
	result = explore_without_rights("", lab_text("chmod 755 store; %s", save));
	ck_assert_int_eq(chmod("store", 0755), 0);
	ck_assert_msg(result.status == 1 && !strstr(result.out, "incomplete"), "from the beginning: %s",
		      lab_describe(&result));
}
END_TEST

/* What the link leads to is nothing of ours, and the states are. */
START_TEST(a_server_that_puts_a_link_in_the_place_of_a_copy_leads_nobody_elsewhere)
{
	const char *precious;
	struct lab_result result;

	mkdir("elsewhere", 0755);
	lab_write("elsewhere/precious", "all", 3);
	setenv("ELSEWHERE", lab_text("%s/elsewhere", lab_dir), 1);
	result = explore_in(2, "swaps");
	precious = lab_read("elsewhere/precious", NULL);
	ck_assert_msg(precious && strcmp(precious, "all") == 0, "%s", lab_describe(&result));
	ck_assert_int_eq(system("[ $(ls elsewhere | wc -l) = 1 ]"), 0);
	ck_assert_msg(result.status == 3 && strstr(result.out, "is not the directory that it was"), "%s",
		      lab_describe(&result));
}
END_TEST

/* As one does that begins in the data directory: who does not know has slow servers. */
START_TEST(where_a_server_begins_is_named)
{
	static const char text[] = "the checker server begins in the data directory";
	struct lab_result result;

	make_store();
	result = EXPLORE("--check-server", habit(""), save);
	ck_assert_ptr_null(strstr(result.err, text));
	make_store();
	ck_assert_int_eq(chdir("store"), 0);
	result = LAB_CRASHINJECT("explore", "--jobs=1", "--model=posix", "--check-server", habit(""), "--",
				 "sh", "-c", "printf new >tmp; mv tmp data");
	ck_assert_msg(strstr(result.err, text) && strstr(result.err, "--dir /"), "%s", lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what it does not go with, and what is
 * left */

START_TEST(it_is_the_only_checker)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("--check-server=true", "--check=true", save);
	lab_assert_status(&result, 125);
	result = EXPLORE("--check-server=true", "--recover=true", save);
	lab_assert_status(&result, 125);
}
END_TEST

START_TEST(what_was_found_can_be_resumed_with_it)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "-o", "out", "--budget", "3", "--root", "store", "--model",
				 "posix", "--check-server", habit(""), "--", "sh", "-c", save);
	ck_assert_int_ne(result.status, 125);
	result = LAB_CRASHINJECT("explore", "--resume", "out");
	lab_assert_status(&result, 1);
}
END_TEST

START_TEST(nothing_is_left_of_it_when_the_command_is_killed)
{
	pid_t pid;

	if (!world_make(NULL))
		LAB_SKIP("mounts of its own cannot be had");
	pid = world_begin((const char *const[]){
		lab_variable("CRASHINJECT"), "explore", "--root", "store", "--check-server",
		lab_text("sleep 1000 & touch %s/asked; read line; sleep 1000", lab_dir), "--", "sh", "-c",
		"echo x >store/data", NULL});
	LAB_AWAIT(access(lab_text("%s/asked", lab_dir), F_OK) == 0);
	kill(pid, SIGKILL);
	world_await(pid);
	world_assert_nothing_left(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("checker server");
	TCase *says = lab_case(suite, "says", 120), *remembers = lab_case(suite, "remembers", 120),
	      *holds = lab_case(suite, "holds", 120), *left = lab_case(suite, "left", 60);

	tcase_add_test(says, it_finds_what_a_command_finds_and_is_started_seldom);
	tcase_add_test(says, what_it_prints_is_no_answer);
	tcase_add_test(says, a_text_that_is_none_does_not_lose_the_verdict);
	tcase_add_test(says, a_server_that_goes_on_a_state_has_judged_it);
	tcase_add_test(says, an_answer_that_is_none_is_an_error);
	tcase_add_test(says, an_answer_may_have_zeros);
	tcase_add_test(says, what_is_there_before_the_question_is_no_answer);
	tcase_add_test(remembers, a_server_that_remembers_a_failure_is_named_and_blames_nobody);
	tcase_add_test(remembers, a_server_that_remembers_that_all_was_right_is_named);
	tcase_add_test(remembers, a_server_that_remembers_is_named_soon);
	tcase_add_loop_test(holds, a_server_that_holds_a_state_is_started_anew, 0, 3);
	tcase_add_loop_test(holds, a_server_that_has_let_go_goes_on, 0, 3);
	tcase_add_loop_test(holds, a_server_that_is_late_does_not_get_at_the_real_directory, 0, 3);
	tcase_add_test(holds, a_copy_may_be_closed);
	tcase_add_test(holds, a_server_that_puts_a_link_in_the_place_of_a_copy_leads_nobody_elsewhere);
	tcase_add_test(remembers, where_a_server_begins_is_named);
	tcase_add_test(left, it_is_the_only_checker);
	tcase_add_test(left, what_was_found_can_be_resumed_with_it);
	tcase_add_test(left, nothing_is_left_of_it_when_the_command_is_killed);
	return lab_run(suite);
}
