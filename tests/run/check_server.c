/* SPDX-License-Identifier: MIT */
/*
 * check_server.c - a program that is a server: it is awaited, a client does the work, it is stopped.
 *
 * Method: tests/programs/log_server keeps lines, and has one bad habit for each thing that can go wrong with
 * a server. Its client prints what was kept.
 */
#include "tests/run/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INCOMPLETE 3

static const char *port;

/* A port of the test's own: the recorded run is in the machine's network. */
static const char *server(const char *verb, const char *rest)
{
	if (!port)
		port = lab_text("%d", 20000 + (int)(getpid() % 10000));
	return lab_text("%s %s %s %s", lab_program("log_server"), verb, port, rest);
}

static const char *ready(void)
{
	return server("ping", "");
}

static const char *client(void)
{
	return server("put", "one two three");
}

#define SERVER(...) lab_program("log_server"), "serve", port, ##__VA_ARGS__
#define OPTIONS "--root", ".", "--ready", ready(), "--linger", "300ms"

static void assert_reason(const struct lab_result *result, const char *reason)
{
	lab_assert_status(result, INCOMPLETE);
	ck_assert_msg(strstr(result->err, lab_text("\n  %s:", reason)) != NULL, "%s", lab_describe(result));
}

/* ------------------------------------------------------------------ the order of things */

START_TEST(a_client_finds_the_server_ready_and_the_server_is_stopped_behind_it)
{
	const char *habits[] = {"", "slow", "dies"};
	struct lab_result result;

	for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
		server("", "");
		result = LAB_CRASHINJECT("run", OPTIONS, "--client", client(), "--", SERVER(habits[i]));
		lab_assert_status(&result, 0);
		ck_assert_str_eq(result.out, "kept one\nkept two\nkept three\n");
		lab_assert_file("log", "one\ntwo\nthree\n");
		ck_assert_int_eq(unlink("log"), 0);
	}
}
END_TEST

START_TEST(a_client_that_fails_fails_the_run)
{
	struct lab_result result;

	server("", "");
	result = LAB_CRASHINJECT("run", OPTIONS, "--client", "exit 7", "--", SERVER());
	lab_assert_status(&result, 7);
}
END_TEST

START_TEST(a_server_that_aborts_when_it_is_stopped_has_failed)
{
	struct lab_result result;

	server("", "");
	result = LAB_CRASHINJECT("run", OPTIONS, "--client", client(), "--", SERVER("aborts"));
	lab_assert_status(&result, 128 + SIGABRT);
}
END_TEST

START_TEST(a_server_that_does_not_end_is_said_unless_it_was_to_be_killed)
{
	struct lab_result result;

	server("", "");
	result = LAB_CRASHINJECT("run", OPTIONS, "--client", client(), "--", SERVER("deaf"));
	assert_reason(&result, "not-stopped");
	result =
		LAB_CRASHINJECT("run", OPTIONS, "--stop", "KILL", "--client", client(), "--", SERVER("deaf"));
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("record", "-o", "../trace", OPTIONS, "--stop", "SIGKILL", "--client",
				 client(), "--", SERVER("deaf"));
	unlink("../trace");
	lab_assert_status(&result, 0);
}
END_TEST

START_TEST(a_server_that_is_never_ready_is_said_and_has_no_client)
{
	struct lab_result result;

	server("", "");
	result = LAB_CRASHINJECT("run", "--root", ".", "--ready", "false", "--ready-timeout", "200ms",
				 "--client", "touch used", "--", SERVER());
	assert_reason(&result, "not-ready");
	result = LAB_CRASHINJECT("run", "--root", ".", "--ready", "sleep 100", "--ready-timeout", "200ms",
				 "--client", "touch used", "--", SERVER());
	assert_reason(&result, "not-ready");
	result = LAB_CRASHINJECT("run", "--root", ".", "--ready", "false", "--client", "touch used", "--",
				 "true");
	assert_reason(&result, "not-ready");
	ck_assert_int_ne(access("used", F_OK), 0);
}
END_TEST

START_TEST(a_server_that_ends_before_its_client_is_said)
{
	struct lab_result result;

	server("", "");
	result = LAB_CRASHINJECT("run", OPTIONS, "--client", server("put", "one; sleep 0.2"), "--",
				 SERVER("leaves"));
	assert_reason(&result, "server-left");
}
END_TEST

/* ------------------------------------------------------------------ what is seen */

/* A trace that a shell's redirections would have been in, too; and the client's lines between the ops. */
START_TEST(what_client_and_server_do_is_one_sequence)
{
	struct lab_result result;

	server("", "");
	result = LAB_CRASHINJECT("list", OPTIONS, "--client", lab_text("%s; echo x >made", client()), "--",
				 SERVER());
	lab_assert_status(&result, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "write#3"));
	ck_assert_ptr_nonnull(strstr(result.out, "made"));
	result = LAB_CRASHINJECT("run", OPTIONS, "--at", "write#2", "--client", client(), "--", SERVER());
	lab_assert_status(&result, 0);
	ck_assert_str_eq(result.out, "kept one\n");
	result = LAB_CRASHINJECT("lint", OPTIONS, "--client", client(), "--", SERVER());
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, " acknowledgements") != NULL, "%s", lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what is refused, and what is left */

START_TEST(options_without_a_client_are_refused)
{
	const char *options[][2] = {{"--ready", "true"}, {"--stop", "TERM"}, {"--ready-timeout", "1s"}};
	const char *commands[] = {"run", "list", "lint", "explore"};

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 4; j++) {
			struct lab_result result =
				LAB_CRASHINJECT(commands[j], options[i][0], options[i][1], "--", "true");

			lab_assert_status(&result, 125);
			ck_assert_msg(strstr(result.err, "--client") != NULL, "%s", lab_describe(&result));
		}
}
END_TEST

static void run_until(const char *file, int signal)
{
	const char *argv[] = {lab_variable("CRASHINJECT"),
			      "run",
			      "--dir",
			      "store",
			      "--ready",
			      ready(),
			      "--client",
			      lab_text("%s; touch %s/store/%s; sleep 1000", client(), lab_dir, file),
			      "--",
			      lab_program("log_server"),
			      "serve",
			      port,
			      NULL};
	pid_t pid = world_begin(argv);

	LAB_AWAIT(access(lab_text("%s/store/%s", lab_dir, file), F_OK) == 0);
	kill(pid, signal);
	world_await(pid);
	world_assert_nothing_left(true);
}

START_TEST(nothing_is_left_of_server_and_client)
{
	if (!world_make(NULL))
		LAB_SKIP("mounts of its own cannot be had");
	server("", "");
	run_until("killed", SIGKILL);
	run_until("told", SIGTERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server");
	TCase *order = lab_case(suite, "order", 60), *seen = lab_case(suite, "seen", 60),
	      *left = lab_case(suite, "left", 60);

	tcase_add_test(order, a_client_finds_the_server_ready_and_the_server_is_stopped_behind_it);
	tcase_add_test(order, a_client_that_fails_fails_the_run);
	tcase_add_test(order, a_server_that_aborts_when_it_is_stopped_has_failed);
	tcase_add_test(order, a_server_that_does_not_end_is_said_unless_it_was_to_be_killed);
	tcase_add_test(order, a_server_that_is_never_ready_is_said_and_has_no_client);
	tcase_add_test(order, a_server_that_ends_before_its_client_is_said);
	tcase_add_test(seen, what_client_and_server_do_is_one_sequence);
	tcase_add_test(left, options_without_a_client_are_refused);
	tcase_add_test(left, nothing_is_left_of_server_and_client);
	return lab_run(suite);
}
