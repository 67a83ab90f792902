/* SPDX-License-Identifier: MIT */
/*
 * check_all_clear.c - an exploration never says that all is well where something could have been missed: a
 * checker that was not run or is not to be trusted, files that changed meanwhile, a budget that was spent.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/explore/saver_store.h"

START_TEST(a_checker_that_refuses_the_final_state_ends_it)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "echo no; exit 1", "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.out, "not accepted (inconsistent)") && strstr(result.out, "no\n"), "%s",
		      result.out);
}
END_TEST

/* Where it was typed it is there. */
START_TEST(a_checker_that_is_not_there_is_said_to_be)
{
	struct lab_result result;

	saver_store();
	lab_write("verify.sh", "#!/bin/sh\nexit 0\n", 17);
	ck_assert_int_eq(chmod("verify.sh", 0755), 0);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "./verify.sh", "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.out, "could not be run (127): it runs in the data directory, so write "
					 "\"$PWD/verify.sh\""),
		      "%s", result.out);
}
END_TEST

/* Who only reads the report once saw no test, and no failure. */
START_TEST(a_refused_final_state_is_an_error_in_every_report)
{
	struct lab_result result;
	const json_t *reasons;

	saver_store();
	result = SAVER_EXPLORE("good", "--check", "false", "--junit", "junit.xml", "--html", "page.html",
			       "--json");
	lab_assert_status(&result, 125);
	reasons = json_object_get(saver_summary(saver_lines(&result)), "incomplete_reasons");
	ck_assert_int_eq(json_array_size(reasons), 1);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(reasons, 0)), "does not accept the final state"));
	ck_assert_ptr_nonnull(strstr(lab_read("junit.xml", NULL), "tests=\"1\" failures=\"0\" errors=\"1\""));
	ck_assert_ptr_nonnull(strstr(lab_read("page.html", NULL), "does not accept the final state"));
}
END_TEST

/* Who reads "the program left it" looks for the mistake in the checker. What was written through a ring was
 * not there. */
START_TEST(a_refused_final_state_may_be_for_what_was_not_seen)
{
	static const char *const commands[] = {"explore", "syncs"};
	struct lab_result result = {0};

	for (size_t i = 0; i < 2; i++) {
		saver_store();
		result = LAB_CRASHINJECT(commands[i], "--dir=store", "--model=ext4", "--check", "false", "--",
					 "sh", "-c", "echo new >store/f; exit 3");
		lab_assert_status(&result, 125);
		ck_assert_msg(strstr(i ? result.err : result.out, "the recording is incomplete"), "%s",
			      lab_describe(&result));
		ck_assert_msg(strstr(i ? result.err : result.out, "exited with 3: what it does when"), "%s",
			      lab_describe(&result));
	}
	result = LAB_CRASHINJECT("explore", "--dir=store", "--model=ext4", "--check", "false", "--", "sh",
				 "-c", "echo new >store/f");
	ck_assert_msg(!strstr(result.out, "the recording is incomplete"), "%s", lab_describe(&result));
}
END_TEST

/*
 * Whoever records in a script throws the output away. It was taken for the program's own way to say nothing,
 * and a trace without acknowledgements has lost nothing of them.
 */
START_TEST(what_a_program_says_is_recorded_also_where_nobody_looks)
{
	const char *record =
		lab_text("%s record -o t.trace --dir=store -- sh -c "
			 "'cd store && echo new >g && echo done; ls failed; true' >/dev/null 2>&1",
			 lab_variable("CRASHINJECT"));
	struct lab_result result;

	saver_store();
	result = LAB_COMMAND("sh", "-c", record);
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("explore", "--model=ext4", "--check",
				 "grep -qx done \"$CRASH_ACKED\" || exit 0; grep -qx new g || exit 2",
				 "t.trace");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "acknowledged \"done\" on stdout"), "%s", lab_describe(&result));
	result = LAB_CRASHINJECT("list", "t.trace");
	ck_assert_msg(strstr(result.out, "\"ls:\" on stderr"), "%s", lab_describe(&result));
}
END_TEST

/* The checker looks how many failures have been printed already. */
START_TEST(failures_are_printed_as_they_come)
{
	struct lab_result result;
	char *said, *seen;
	json_t *failure;

	saver_store();
	setenv("CHECK", saver_check, 1);
	setenv("LAB", lab_dir, 1);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--jobs=1", "--json=lines",
				 "--check",
				 "grep -c '^{\"failure\"' \"$LAB/lines\" >>\"$LAB/seen\"; eval \"$CHECK\"",
				 "--", "sh", "-c", lab_text("cd store && %s no-sync", lab_program("saver")));
	lab_assert_status(&result, 1);
	said = lab_read("lines", NULL);
	result.out = said;
	saver_lines(&result);
	ck_assert_uint_gt(saver_failures, 1);
	failure = json_object_get(json_array_get(lab_json_lines(said), 0), "failure");
	ck_assert_str_eq(lab_json_text(failure, "kind"), "inconsistent");
	ck_assert_str_eq(lab_json_text(failure, "model"), "posix");
	ck_assert_str_eq(lab_json_text(failure, "output"), "neither old nor new\n");
	seen = lab_read("seen", NULL);
	ck_assert_msg(strncmp(seen, "0\n", 2) == 0 && strstr(seen, "\n1\n"), "%s", seen);
}
END_TEST

/* It was once taken for a failure of the state: a machine short of processes made up findings. */
START_TEST(a_checker_that_cannot_be_started_says_nothing_of_a_state)
{
	struct lab_result result;

	saver_store();
	/* sh is looked up for the checker, and not for the program */
	ck_assert_int_eq(setenv("PATH", "/nonexistent", 1), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--check", "true", "--", "/bin/sh",
				 "-c", lab_text("cd store && exec %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "cannot start sh") != NULL, "%s", result.out);
	ck_assert_int_eq(lab_json_number(saver_summary(saver_lines(&result)), "failed", -1), 0);
}
END_TEST

/* As an ordinary user. */
static struct lab_result as_nobody(const char *const *options)
{
	const char *argv[32] = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
	size_t count = geteuid() == 0 ? 4 : 0;

	if (count) {
		ck_assert_int_eq(chmod(lab_text("%s/..", lab_dir), 0711), 0);
		ck_assert_int_eq(chmod(".", 0777), 0);
	}
	argv[count++] = lab_variable("CRASHINJECT");
	while (*options)
		argv[count++] = *options++;
	return lab_command(NULL, argv);
}

#define AS_NOBODY(...) as_nobody((const char *const[]){__VA_ARGS__, NULL})

/* The store is that user's, with all that is in it. */
static void give_away_store(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(LAB_COMMAND("chown", "-R", "65534:65534", "store").status, 0);
}

/* Without user namespaces there is nothing to look at it with, and no sandbox either. */
static bool has_user_namespaces(void)
{
	struct lab_result result;

	saver_store();
	result = AS_NOBODY("explore", "--json", "--root", "store", "--check", "true", "--", "touch",
			   "store/n");
	return strstr(result.out, "\"namespaces\":true") != NULL;
}

/*
 * A program opens what it has closed to itself, and finds there what was in it. To us it was a directory with
 * nothing in it, or an error; the file's bytes were once taken for zeros.
 */
START_TEST(what_its_owner_has_closed_can_be_opened_again)
{
	static const char *const programs[] = {
		"cd \"$CRASH_DIR\" && chmod 600 data && printf x | dd of=data conv=notrunc 2>&1",
		"cd \"$CRASH_DIR\" && chmod 700 p && mv p/data p/new && printf x | dd of=data "
		"conv=notrunc "
		"2>&1",
	};
	static const char *const checks[] = {
		"test $(wc -c <data) = 8192 && ! tr -d ox <data | grep .",
		"chmod 700 p && cmp p/data data 2>/dev/null || cmp p/new data 2>/dev/null",
	};
	static const char *const ways[] = {"--json", "--copy"};
	struct lab_result result;

	if (!has_user_namespaces())
		LAB_SKIP("an ordinary user has no namespaces here");
	for (int way = 0; way < 2; way++) {
		saver_store();
		if (_i) {
			ck_assert_int_eq(mkdir("store/p", 0700), 0);
			ck_assert_int_eq(link("store/data", "store/p/data"), 0);
			ck_assert_int_eq(chmod("store/p", 0), 0);
		} else {
			ck_assert_int_eq(chmod("store/data", 0), 0);
		}
		give_away_store();
		result =
			AS_NOBODY("explore", ways[way], "--dir", "store", "--model", "ext4", "--check",
				  lab_text("chmod u+r data; %s", checks[_i]), "--", "sh", "-c", programs[_i]);
		lab_assert_status(&result, 0);
	}
}
END_TEST

/*
 * An overlay copies a file with its owner before it is written to, and without rights there is only one: the
 * program saw EOVERFLOW, and nothing of what it would have done was tested. What keeps it out of the
 * directory keeps it out of a copy.
 */
START_TEST(what_an_overlay_cannot_copy_is_no_all_clear)
{
	static const struct {
		const char *prepare, *program;
		int status;
		const char *says;
	} all[] = {
		{"chown 1:65534 data; chmod 664 data; echo x >closed; chmod 600 closed; mkdir -m 700 lost; "
		 "chown 0:0 "
		 "closed lost",
		 "echo y >data; ! cat closed 2>/dev/null && ! ls lost 2>/dev/null", 1, "finding"},
		{"chown 0:0 data; chmod 644 data", "! echo y >data && mv data new", 3,
		 "the overlay could not copy"},
	};
	struct lab_result result;

	if (geteuid() != 0)
		LAB_SKIP("only root can make files that are somebody else's");
	if (!has_user_namespaces())
		LAB_SKIP("an ordinary user has no namespaces here");
	saver_store();
	give_away_store();
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", lab_text("cd store && { %s; }", all[_i].prepare)).status, 0);
	result = AS_NOBODY("explore", "--root", "store", "--model", "posix", "--check",
			   "test -s data || test -s new", "--", "sh", "-c",
			   lab_text("cd store && { %s; }", all[_i].program));
	lab_assert_status(&result, all[_i].status);
	ck_assert_msg(strstr(result.out, all[_i].says) != NULL, "%s", lab_describe(&result));
}
END_TEST

/* Servers bind a socket in their data directory and unlink it at the end: that made every run of one
 * incomplete. */
START_TEST(a_socket_comes_and_goes_and_the_run_is_complete)
{
	static const char serve[] = "import os, socket\n"
				    "os.chdir('store')\n"
				    "os.chmod('data', 0o600)\n"
				    "for end in ('unlink', 'rename'):\n"
				    "  socket.socket(socket.AF_UNIX).bind('s')\n"
				    "  os.unlink('s') if end == 'unlink' else os.rename('s', 'data.sock')\n";
	struct lab_result result;

	if (LAB_COMMAND("python3", "-c", "").status != 0)
		LAB_SKIP("no python3 to make a socket with");
	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "test -s data", "--", "python3",
				 "-c", serve);
	lab_assert_status(&result, 0);
	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "test -s data", "--", "python3",
				 "-c", lab_text("%sos.rename('data.sock', 'data')\n", serve));
	lab_assert_status(&result, 125); /* the file that was there is gone, and the checker misses it */
}
END_TEST

/*
 * A thread acknowledges something and has to wait, because nobody reads; meanwhile another one syncs the file
 * that it speaks of. It was acknowledged before that, whenever the call came back.
 */
START_TEST(an_acknowledgement_begins_with_its_call)
{
	static const char late[] =
		"import os, threading\n"
		"f = os.open('store/data', os.O_WRONLY)\n"
		"r, w = os.pipe()\n"
		"os.set_blocking(w, False)\n"
		"try:\n"
		"  while True: os.write(w, b'x' * 4095 + b'\\n')\n"
		"except BlockingIOError: os.set_blocking(w, True)\n"
		"os.pwrite(f, b'new', 0)\n"
		"teller = threading.Thread(target=os.write, args=(w, b'told\\n' * 1000))\n"
		"teller.start()\n"
		"while os.get_blocking(w) and not any(\n"
		"    open(f'/proc/self/task/{t}/syscall').read().startswith(f'1 {hex(w)} ')\n"
		"    for t in os.listdir('/proc/self/task')): pass\n"
		"os.fsync(f)\n"
		"while b'told' not in os.read(r, 65536): pass\n"
		"teller.join()\n";
	struct lab_result result;

	if (LAB_COMMAND("python3", "-c", "").status != 0)
		LAB_SKIP("no python3 to write it in");
	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--check",
				 "! grep -q told \"$CRASH_ACKED\" || grep -q ^new data || exit 2", "--",
				 "python3", "-c", late);
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "acknowledged \"told\" on descriptor ") != NULL, "%s", result.out);
}
END_TEST

/* A server that is started and left was ended in silence, and what it had not done yet was all-clear. */
START_TEST(what_is_left_running_makes_it_incomplete)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--linger", "50ms", "--check", "test -s data",
				 "--", "sh", "-c",
				 "{ sleep 100; rm store/data; } >/dev/null 2>&1 & echo more >> store/data");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "left-running") != NULL, "%s", result.out);
}
END_TEST

/*
 * As Mercurial does it: the lock names its holder by a process id and the pid namespace that it counts in.
 * Who finds it breaks it if the holder is gone, and cannot know that elsewhere.
 */
START_TEST(a_lock_that_names_a_pid_namespace_is_judged_in_it)
{
	static const char lock[] =
		"ln -s host/$(printf %x $(stat -L -c %i /proc/self/ns/pid)):$$ store/lock; "
		"echo more >> store/data; rm store/lock";
	static const char judge[] = "[ ! -h lock ] || { here=$(printf %x $(stat -L -c %i "
				    "/proc/self/ns/pid)); held=$(readlink lock); "
				    "[ \"${held%:*}\" = host/$here ] && ! kill -0 ${held#*:} 2>/dev/null; }";
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", judge, "--", "sh", "-c", lock);
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "no findings") != NULL, "%s", result.out);
}
END_TEST

/* Also in an overlay, where the files have a device that the file system below does not have. */
START_TEST(a_sync_of_another_file_system_is_none)
{
	static const struct {
		const char *of;
		int status;
	} syncs[] = {{"/proc", 1}, {"/dev/shm", 1}, {".", 0}, {"store/data", 0}};
	struct stat here, there;
	struct lab_result result;

	if (stat(".", &here) < 0 || stat("/dev/shm", &there) < 0 || here.st_dev == there.st_dev)
		LAB_SKIP("there is no other file system");
	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "ext4", "--check",
				 "! grep -q saved $CRASH_ACKED || [ $(cat data) = new ]", "--", "sh", "-c",
				 lab_text("printf new >store/data; sync -f %s; echo saved", syncs[_i].of));
	lab_assert_status(&result, syncs[_i].status);
}
END_TEST

/* What somebody does to the data directory when the final state has been checked, and what is named. */
static const struct {
	const char *change, *named;
} changes[] = {
	{"rm store/data", "explored: data\n"},
	{": >store/data", "explored: data\n"},
	{"mv store/data store/gone; printf old >store/data", "explored: data\n"},
	{"touch store/unknown", "/store\n"},
	{"rm -r store", "explored: data\n"},
};

static void change_when_asked(const char *change)
{
	execlp("sh", "sh", "-c", lab_text("until [ -e asked ]; do sleep 0.01; done; %s; : >changed", change),
	       (char *)NULL);
	_exit(127);
}

/* Each state but the final one lacks what somebody else has taken away: that is no mistake of the program. */
START_TEST(a_starting_tree_that_changes_blames_nobody)
{
	static const char present[] = "if [ ! -e ../final ]; then : >../final; else : >../asked; fi; "
				      "[ ! -e ../asked ] || until [ -e ../changed ]; do sleep 0.01; done; "
				      "[ -s data ] && [ ! -e unknown ]";
	static const char save[] = "printf new >store/tmp; mv store/tmp store/data; echo saved";
	struct lab_result result;
	pid_t pid;

	saver_store();
	pid = fork();
	if (pid == 0)
		change_when_asked(changes[_i].change);
	result = LAB_CRASHINJECT("explore", "-o", "out", "--root", "store", "--jobs", "1", "--check", present,
				 "--", "sh", "-c", save);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the starting tree was changed while it was being explored") &&
			      strstr(result.out, changes[_i].named) && !strstr(result.out, "finding 0") &&
			      strstr(result.out, "no findings, but the result is incomplete"),
		      "%s", lab_describe(&result));
	/* nothing that was seen meanwhile is believed later: the tree before the change is in the result */
	result = LAB_CRASHINJECT("explore", "--resume", "out");
	lab_assert_status(&result, 0);
}
END_TEST

/* Waits at the second state until it was changed. */
static const char changing[] = "[ -e ../final ] && : >../asked; : >../final; "
			       "[ ! -e ../asked ] || until [ -e ../changed ]; do sleep 0.01; done; true\n";

/* Verdicts of a script that changes are of two checkers, and nobody knows which ones of which. */
START_TEST(a_checker_that_changes_is_no_all_clear)
{
	static const char *const edits[] = {"sed -i s/true/false/ look.sh", "rm look.sh"};
	struct lab_result result;
	pid_t pid;

	saver_store();
	lab_write("look.sh", changing, strlen(changing));
	pid = fork();
	if (pid == 0)
		change_when_asked(edits[_i]);
	result = SAVER_EXPLORE("no-sync", "-o", "out", "--jobs", "1", "--check",
			       "cat data >/dev/null; sh ../look.sh || true");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the checker was changed while it was used: ") &&
			      strstr(result.out, "/look.sh\n"),
		      "%s", result.out);
	lab_write("look.sh", changing, strlen(changing));
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "out");
	lab_assert_status(&result, 0);
	ck_assert_int_eq((int)lab_json_number(saver_summary(saver_lines(&result)), "known_before", -1), 0);
}
END_TEST

/* Of what it has found, too, in the place that nobody had to name. */
START_TEST(findings_of_a_checker_that_changes_are_found_again)
{
	struct lab_result result;
	const char *kept;
	pid_t pid;

	saver_store();
	lab_write("look.sh", changing, strlen(changing));
	pid = fork();
	if (pid == 0)
		change_when_asked("sed -i s/true/false/ look.sh");
	result = SAVER_EXPLORE("no-sync", "--model", "posix", "--jobs", "1", "--check",
			       "sh ../look.sh || true; [ -s data ]");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	lab_assert_status(&result, 1);
	kept = strstr(result.err, "the result is in ");
	ck_assert_msg(kept != NULL, "%s", lab_describe(&result));
	kept = lab_text("%.*s", (int)strcspn(kept + 17, "\n"), kept + 17);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", kept);
	lab_assert_status(&result, 1);
	ck_assert_int_eq((int)lab_json_number(saver_summary(saver_lines(&result)), "known_before", -1), 0);
	lab_remove(kept);
}
END_TEST

START_TEST(a_spent_budget_is_incomplete_and_names_what_was_not_done)
{
	struct lab_result result;

	saver_store();
	result = SAVER_EXPLORE("good", "--model", "posix", "--budget", "5");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "5 checked") && strstr(result.out, "not started") &&
			      strstr(result.out, "no findings, but the result is incomplete"),
		      "%s", result.out);
}
END_TEST

/* Who names no model is told which is taken, and is asked about a power loss, too. */
START_TEST(the_default_is_the_file_system_of_the_data)
{
	struct lab_result result;
	const char *told, *end;

	saver_store();
	result = SAVER_EXPLORE("no-sync");
	lab_assert_status(&result, 1);
	told = strstr(result.err, "exploring kill and ");
	ck_assert_msg(told, "%s", lab_describe(&result));
	told += strlen("exploring kill and ");
	end = strchr(told, ':');
	ck_assert(end && strstr(end, " is on ") && strstr(end, "; --model names others"));
	ck_assert(strstr(result.out, "\n  kill "));
	ck_assert_msg(strstr(result.out, lab_text("\n  %.*s ", (int)(end - told), told)), "%s", result.out);
	result = SAVER_EXPLORE("no-sync", "--model", "kill");
	lab_assert_status(&result, 0);
	ck_assert_ptr_null(strstr(result.err, "exploring kill"));
}
END_TEST

/* Explaining failures once was beside the budget. */
START_TEST(what_explains_failures_is_within_the_budget)
{
	struct lab_result result;
	json_t *summary;

	saver_store();
	for (int budget = 4; budget <= 24; budget += 5) {
		result = SAVER_EXPLORE("no-sync", "--json", "--model", "posix", "--budget",
				       lab_text("%d", budget));
		summary = saver_summary(saver_lines(&result));
		/* the final state may be one of the states of the tiers, and is checked in any case */
		ck_assert_int_le(lab_json_number(summary, "checked", -1), budget);
		ck_assert(!lab_json_bool(summary, "complete"));
		/* a failure is a finding, even if nothing is left to explain it with */
		ck_assert_int_eq(lab_json_number(summary, "failed", -1) > 0, result.status == 1);
	}
}
END_TEST

/* Everything that a later state had lost was a cause of its own, and the first of it was named. */
START_TEST(with_no_budget_left_a_failure_has_a_cause_that_is_known)
{
	struct lab_result result;
	json_t *summary;

	for (int budget = 12; budget <= 40; budget += 4) {
		saver_store();
		result = LAB_CRASHINJECT(
			"explore", "--json", "--root", "store", "--model", "ext4", "--tiers", "cut",
			"--budget", lab_text("%d", budget), "--check",
			"test ! -s $CRASH_ACKED || grep -q new data", "--", "sh", "-c",
			"cd store; printf x >b; echo new 1<>data; echo done;"
			"for i in 1 2 3 4 5 6 7 8; do printf $i | dd of=c$i conv=fsync; done");
		summary = saver_summary(saver_lines(&result));
		ck_assert_int_gt(lab_json_number(summary, "failed", -1), 1);
		ck_assert_int_eq((int)lab_json_number(summary, "findings", -1), 1);
	}
}
END_TEST

static const char *failing_sentence(const struct lab_result *result)
{
	json_t *lines = saver_lines(result), *line;
	size_t i;

	json_array_foreach(lines, i, line)
		if (json_object_get(line, "finding"))
			return lab_json_text(json_object_get(line, "finding"), "sentence");
	return NULL;
}

/* Where nothing had been tried, the first of what was lost was said to be guilty: of LevelDB its log for
 * humans. */
START_TEST(what_the_budget_left_open_is_said)
{
	int open = 0, found = 0;

	for (int budget = 2; budget <= 40; budget++) {
		struct lab_result result;
		const char *sentence;

		saver_store();
		result = LAB_CRASHINJECT(
			"explore", "--json", "--root", "store", "--model", "ext4", "--tiers", "cut",
			"--jobs=1", "--order=trace", "--budget", lab_text("%d", budget), "--check",
			"test ! -s $CRASH_ACKED || grep -q new data", "--", "sh", "-c",
			"cd store; for i in 1 2 3 4 5 6; do echo x >b$i; done; echo new 1<>data; echo done");
		sentence = failing_sentence(&result);
		if (!sentence)
			continue;
		open += strstr(sentence, "the budget ended before it was known which of them are guilty") !=
			NULL;
		found += strstr(sentence, " data ") != NULL;
		ck_assert_msg(strstr(sentence, " data ") || strstr(sentence, " of data") ||
				      strstr(sentence, "the budget ended before it was known"),
			      "%d: %s", budget, sentence);
	}
	ck_assert_int_gt(open, 0);
	ck_assert_int_gt(found, 0);
}
END_TEST

/* Two mistakes, the other one at the end. */
static struct lab_result explore_two_mistakes(const char *order, const char *budget)
{
	saver_store();
	return LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model", "ext4", "--jobs=1", order,
			       "--budget", budget, "--check",
			       "cat data more >/dev/null; ! grep -q done $CRASH_ACKED || grep -q new data || "
			       "exit 1; ! grep -q again $CRASH_ACKED || grep -q new more",
			       "--", "sh", "-c",
			       "cd store; echo old >more; sync; echo new 1<>data; echo done; sync data;"
			       "for i in 1 2 3 4 5 6; do echo x >b$i; done; sync;"
			       "for i in 1 2 3; do echo x >c$i; done; echo new 1<>more; echo again");
}

/* What a result of it says of a finding; where results are kept is different each time. */
static json_t *finding_of(json_t *lines, size_t number)
{
	json_t *finding = json_copy(saver_finding(lines, number));

	json_object_del(finding, "replay");
	return finding;
}

/* A quarter of it was left over, however little was needed. */
START_TEST(what_explaining_leaves_is_for_more_states)
{
	const char *order = _i ? "--order=trace" : "--order=sweeps";
	struct lab_result result = explore_two_mistakes(order, "1000000");
	json_t *all = saver_lines(&result), *lines;
	int checked = (int)lab_json_number(saver_summary(all), "checked", -1);

	lab_assert_status(&result, 1);
	ck_assert(lab_json_bool(saver_summary(all), "complete"));
	for (int budget = 40; budget < checked; budget += 36) {
		result = explore_two_mistakes(order, lab_text("%d", budget));
		lines = saver_lines(&result);
		ck_assert(!lab_json_bool(saver_summary(lines), "complete"));
		/* but for what one failure more may need, to be explained */
		ck_assert_int_ge(lab_json_number(saver_summary(lines), "checked", -1), budget - 8);
		ck_assert_int_le(lab_json_number(saver_summary(lines), "checked", -1), budget);
		ck_assert_msg(!strstr(result.out, "failures were explained") &&
				      !strstr(result.out, "the budget ended") &&
				      !strstr(result.out, "not looked for"),
			      "%d: %s", budget, result.out);
	}
	result = explore_two_mistakes(order, lab_text("%d", checked + 8));
	lines = saver_lines(&result);
	ck_assert(lab_json_bool(saver_summary(lines), "complete"));
	ck_assert_int_eq((int)lab_json_number(saver_summary(lines), "checked", -1), checked);
	ck_assert_int_eq((int)json_array_size(lines), (int)json_array_size(all));
	for (size_t i = 0; i + 1 < json_array_size(all); i++)
		ck_assert(json_equal(finding_of(all, i), finding_of(lines, i)));
}
END_TEST

/* It was waited for until it had timed out, twice. */
START_TEST(a_checker_that_hangs_does_not_outlast_the_budget)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model", "posix", "--budget", "2s",
				 "--check-timeout", "1h", "--check",
				 "case $CRASH_POINT in rename*) sleep 9999;; esac", "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the budget ran out before all states were checked") &&
			      strstr(result.out, ", 0 failed"),
		      "%s", result.out);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--budget", "1s", "--check-timeout", "1h",
				 "--check", "sleep 9999", "--", "touch", "store/new");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the budget ran out before the final state was checked") != NULL,
		      "%s", result.out);
}
END_TEST

START_TEST(a_recording_does_not_outlast_the_budget)
{
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--budget", "1s", "--check", LAB_READS, "--",
				 "sh", "-c", "cd store; echo x >new; exec sleep 9999");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the program timed out") && strstr(result.out, "the budget ran out"),
		      "%s", result.out);
}
END_TEST

START_TEST(a_flaky_checker_is_no_finding_and_no_all_clear)
{
	struct lab_result result;

	saver_store();
	setenv("FLAG", lab_text("%s/flag-", lab_dir), 1);
	result = LAB_CRASHINJECT(
		"explore", "--root", "store", "--check",
		"case $CRASH_POINT in rename*) mkdir $FLAG$CRASH_STATE 2>/dev/null && exit 1;; esac; exit 0",
		"--", "sh", "-c", lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "flaky") && !strstr(result.out, "finding "), "%s", result.out);
}
END_TEST

static const struct {
	const char *check, *recover, *kind;
} verdicts[] = {
	{"case $CRASH_POINT in rename*) sleep 60;; esac", NULL, "timeout"},
	{"case $CRASH_POINT in rename*) kill -SEGV $$;; esac", NULL, "signal"},
	{"case $CRASH_POINT in rename*) sleep 60 & esac", NULL, "leftover"},
	{"true", "case $CRASH_POINT in rename*) exit 7;; esac", "recovery"},
	{"true", "case $CRASH_POINT in rename*) sleep 60 & esac", "recovery"},
	{"true", "case $CRASH_POINT in rename*) sleep 60;; esac", "recovery-timeout"},
};

START_TEST(each_kind_of_failure_has_its_name)
{
	const char *recover = verdicts[_i].recover ? verdicts[_i].recover : "true";
	struct lab_result result;

	saver_store();
	result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--check-timeout", "2s", "--recover",
				 recover, "--check", verdicts[_i].check, "--", "sh", "-c",
				 lab_text("cd store && %s good", lab_program("saver")));
	lab_assert_status(&result, 1);
	ck_assert_str_eq(lab_json_text(saver_finding(saver_lines(&result), 0), "kind"), verdicts[_i].kind);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("all clear");
	TCase *clear = lab_case(suite, "no false all-clear", 120), *budgets = lab_case(suite, "budgets", 120);

	tcase_add_test(clear, a_checker_that_is_not_there_is_said_to_be);
	tcase_add_test(clear, a_checker_that_refuses_the_final_state_ends_it);
	tcase_add_test(clear, a_refused_final_state_is_an_error_in_every_report);
	tcase_add_test(clear, a_refused_final_state_may_be_for_what_was_not_seen);
	tcase_add_test(clear, what_a_program_says_is_recorded_also_where_nobody_looks);
	tcase_add_loop_test(clear, a_checker_that_changes_is_no_all_clear, 0, 2);
	tcase_add_test(clear, findings_of_a_checker_that_changes_are_found_again);
	tcase_add_test(clear, failures_are_printed_as_they_come);
	tcase_add_test(clear, a_checker_that_cannot_be_started_says_nothing_of_a_state);
	tcase_add_loop_test(clear, what_its_owner_has_closed_can_be_opened_again, 0, 2);
	tcase_add_loop_test(clear, what_an_overlay_cannot_copy_is_no_all_clear, 0, 2);
	tcase_add_test(clear, a_socket_comes_and_goes_and_the_run_is_complete);
	tcase_add_test(clear, what_is_left_running_makes_it_incomplete);
	tcase_add_test(clear, a_lock_that_names_a_pid_namespace_is_judged_in_it);
	tcase_add_loop_test(clear, a_sync_of_another_file_system_is_none, 0, 4);
	tcase_add_loop_test(clear, a_starting_tree_that_changes_blames_nobody, 0,
			    (int)(sizeof changes / sizeof *changes));
	tcase_add_test(budgets, a_spent_budget_is_incomplete_and_names_what_was_not_done);
	tcase_add_test(budgets, what_explains_failures_is_within_the_budget);
	tcase_add_test(budgets, the_default_is_the_file_system_of_the_data);
	tcase_add_test(budgets, with_no_budget_left_a_failure_has_a_cause_that_is_known);
	tcase_add_test(budgets, what_the_budget_left_open_is_said);
	tcase_add_loop_test(budgets, what_explaining_leaves_is_for_more_states, 0, 2);
	tcase_add_test(budgets, a_checker_that_hangs_does_not_outlast_the_budget);
	tcase_add_test(budgets, a_recording_does_not_outlast_the_budget);
	tcase_add_test(clear, a_flaky_checker_is_no_finding_and_no_all_clear);
	tcase_add_loop_test(clear, each_kind_of_failure_has_its_name, 0,
			    (int)(sizeof verdicts / sizeof *verdicts));
	tcase_add_test(clear, an_acknowledgement_begins_with_its_call);
	return suite;
}

int main(void)
{
	/* everything here looks at states at the data directory's own path */
	if (!lab_sandboxes()) {
		printf("SKIP: all clear: user namespaces with overlays are not to be had here\n");
		return 77;
	}
	return lab_run(make_suite());
}
