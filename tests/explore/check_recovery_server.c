/* SPDX-License-Identifier: MIT */
/*
 * check_recovery_server.c - a recovery that is a server: it is started on each state, asked by the checker,
 * and stopped; and the network in which all that happens.
 *
 * Method: tests/programs/log_server, as in check_server.c. Two workers check at the same time, and both of
 * their servers have the same port.
 */
#include "tests/run/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *port;

static const char *server(const char *verb, const char *rest)
{
	if (!port)
		port = lab_text("%d", 20000 + (int)(getpid() % 10000));
	return lab_text("%s %s %s %s", lab_program("log_server"), verb, port, rest);
}

/* Whether the server has all lines that its client was told are kept. */
static const char *check(void)
{
	return lab_text("set -- $(sed -n 's/^kept //p' \"$CRASH_ACKED_DIR/client\"); %s \"$@\"",
			server("get", ""));
}

static struct lab_result explore(const char *recovery, const char *checker, const char *habit)
{
	const char *options[] = {lab_variable("CRASHINJECT"),
				 "explore",
				 "--root",
				 "store",
				 "--jobs=2",
				 "--model=posix",
				 "--linger=300ms",
				 "--ready-timeout=2s",
				 "--ready",
				 lab_text("echo kept noise | cat && %s", server("ping", "")),
				 "--client",
				 lab_text("%s | cat", server("put", "one two")),
				 "--recover",
				 recovery,
				 "--check",
				 checker,
				 "--",
				 "sh",
				 "-c",
				 lab_text("cd store; CRASH_DIR=. exec %s", server("serve", habit)),
				 NULL};

	ck_assert_int_eq(mkdir("store", 0755), 0);
	return lab_command(NULL, options);
}

#define NEEDS_SANDBOXES()                                                                                    \
	if (!lab_sandboxes())                                                                                \
	LAB_SKIP("there are no namespaces")

START_TEST(a_server_that_syncs_loses_nothing)
{
	struct lab_result result;

	NEEDS_SANDBOXES();
	result = explore(server("serve", ""), check(), "");
	lab_assert_status(&result, 0);
}
END_TEST

START_TEST(a_server_that_does_not_sync_loses_what_its_client_was_told)
{
	struct lab_result result;

	NEEDS_SANDBOXES();
	result = explore(server("serve", ""), check(), "unsynced");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, ": lost,") && strstr(result.out, "acknowledged \"kept "), "%s",
		      lab_describe(&result));
	ck_assert_ptr_null(strstr(result.out, "recovery"));
}
END_TEST

/* Of a state with the file "busy" the server does not start; the final state has none. */
START_TEST(a_server_that_does_not_start_is_a_failed_recovery)
{
	struct lab_result result;

	NEEDS_SANDBOXES();
	result = explore(lab_text("if [ ! -s log ]; then echo why; exit 3; fi; exec %s", server("serve", "")),
			 check(), "");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, ": recovery,") && strstr(result.out, "the server exited with 3") &&
			      strstr(result.out, "why"),
		      "%s", lab_describe(&result));
	ck_assert_int_eq(system("rm -rf store"), 0);
	result = explore(lab_text("test -s log || sleep 1000; exec %s", server("serve", "")), check(), "");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "recovery-timeout") != NULL, "%s", lab_describe(&result));
}
END_TEST

/* It aborts when it is told to end, on states whose log has nothing. */
START_TEST(a_server_that_fails_while_it_is_used_or_stopped_is_a_failed_recovery)
{
	struct lab_result result;

	NEEDS_SANDBOXES();
	result = explore(lab_text("habit=; test -s log || habit=aborts; exec %s $habit", server("serve", "")),
			 "true", "");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "signal 6 ended the server") != NULL, "%s", lab_describe(&result));
	ck_assert_int_eq(system("rm -rf store"), 0);
	/* one that has to be killed has not failed */
	result = explore(server("serve", "deaf"), check(), "");
	lab_assert_status(&result, 0);
}
END_TEST

/* The checker compares the stream with what it finds in the file of everything, and spoils all of it. */
START_TEST(what_the_client_printed_is_a_file_of_its_own)
{
	struct lab_result result;

	NEEDS_SANDBOXES();
	result = explore(
		server("serve", ""),
		"cd $CRASH_ACKED_DIR && ! grep -qv '^kept \\(one\\|two\\)$' client && test -f stdout &&"
		" grep -q ok fd-* || test ! -s client && case $CRASH_STATE in *[13579]) rm -r *;;"
		" *[24680]) echo kept none >>client; ln -sf client stdout;; esac",
		"");
	lab_assert_status(&result, 0);
	ck_assert_int_eq(system("rm -rf store"), 0);
	result = explore(server("serve", ""), "test ! -s $CRASH_ACKED_DIR/client || exit 2", "");
	ck_assert_int_ne(result.status, 0);
}
END_TEST

START_TEST(a_checker_is_alone_in_its_network)
{
	struct lab_result result;

	NEEDS_SANDBOXES();
	ck_assert_int_eq(mkdir("store", 0755), 0);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check",
				 "{ [ ! -e a ] || cat a; } && test \"$(grep -c : /proc/net/dev)\" = 1", "--",
				 "sh", "-c", "echo x >store/a");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT(
		"explore", "--net=host", "--root", "store", "--check",
		lab_text("{ [ ! -e a ] || cat a; } && test $(readlink /proc/self/ns/net) = '%s'",
			 LAB_COMMAND("readlink", "-n", "/proc/self/ns/net").out),
		"--", "sh", "-c", "echo x >store/a");
	lab_assert_status(&result, 0);
}
END_TEST

/* Without namespaces all are in one network, and may meet there: said, unless there is one worker. */
START_TEST(servers_that_share_a_network_are_said)
{
	const char *jobs[] = {"--jobs=2", "--jobs=1"};
	const char *reason = "there are no network namespaces here";

	ck_assert_int_eq(mkdir("store", 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		struct lab_result result =
			LAB_COMMAND(LAB_WITHOUT_NAMESPACES, lab_variable("CRASHINJECT"), "explore", jobs[i],
				    "--root", "store", "--ready", "true", "--recover", "exec sleep 1000",
				    "--check", LAB_READS, "--", "sh", "-c", "echo x >$CRASH_DIR/a");

		ck_assert_msg((strstr(result.out, reason) != NULL) == (i == 0), "%s", lab_describe(&result));
		lab_assert_status(&result, i == 0 ? 3 : 0);
	}
}
END_TEST

START_TEST(nothing_is_left_of_a_server_when_the_command_is_killed)
{
	pid_t pid;

	if (!world_make(NULL))
		LAB_SKIP("mounts of its own cannot be had");
	pid = world_begin((const char *const[]){lab_variable("CRASHINJECT"), "explore", "--root", "store",
						"--ready", server("ping", ""), "--recover",
						server("serve", ""), "--check",
						lab_text("touch %s/checking; sleep 1000", lab_dir), "--",
						"sh", "-c", "echo x >store/log", NULL});
	LAB_AWAIT(access(lab_text("%s/checking", lab_dir), F_OK) == 0);
	kill(pid, SIGKILL);
	world_await(pid);
	world_assert_nothing_left(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery server");
	TCase *states = lab_case(suite, "states", 120), *left = lab_case(suite, "left", 60);

	tcase_add_test(states, a_server_that_syncs_loses_nothing);
	tcase_add_test(states, a_server_that_does_not_sync_loses_what_its_client_was_told);
	tcase_add_test(states, a_server_that_does_not_start_is_a_failed_recovery);
	tcase_add_test(states, a_server_that_fails_while_it_is_used_or_stopped_is_a_failed_recovery);
	tcase_add_test(states, what_the_client_printed_is_a_file_of_its_own);
	tcase_add_test(states, a_checker_is_alone_in_its_network);
	tcase_add_test(states, servers_that_share_a_network_are_said);
	tcase_add_test(left, nothing_is_left_of_a_server_when_the_command_is_killed);
	return lab_run(suite);
}
