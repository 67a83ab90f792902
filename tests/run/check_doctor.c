/* SPDX-License-Identifier: MIT */
/*
 * check_doctor.c - crashinject doctor says of what is refused that it is, and how that is changed; of all
 * else that it works. And what it says of explore is what explore does.
 */
#include <string.h>

#include "tests/run/lab.h"

static const char *outcome(const json_t *lines, const char *name, const char **why, const char **remedy)
{
	size_t i;
	json_t *line;

	json_array_foreach(lines, i, line) {
		if (!json_object_get(line, "trial") || strcmp(lab_json_text(line, "trial"), name) != 0)
			continue;
		*why = lab_json_text(line, "why");
		*remedy = lab_json_text(line, "remedy");
		return lab_json_text(line, "outcome");
	}
	ck_abort_msg("nothing is said of %s", name);
}

static const json_t *summary(const json_t *lines)
{
	return json_object_get(json_array_get(lines, json_array_size(lines) - 1), "summary");
}

static json_t *doctor(const char *forbidden, struct lab_result *result)
{
	if (forbidden)
		*result = LAB_COMMAND(lab_program("forbid"), forbidden, lab_variable("CRASHINJECT"), "doctor",
				      "--json");
	else
		*result = LAB_CRASHINJECT("doctor", "--json");
	ck_assert_msg(result->status == 0 || result->status == 1, "%s", lab_describe(result));
	return lab_json_lines(result->out);
}

static const struct {
	const char *forbidden, *trial, *why, *other;
} refusals[] = {
	{"notify", "seccomp-notification", "seccomp(", "take-descriptor"},
	{"process_vm_readv", "look-into-process", "process_vm_readv: Operation not permitted",
	 "take-descriptor"},
	{"pidfd_getfd", "take-descriptor", "pidfd_getfd: Operation not permitted", "look-into-process"},
	{"userfaultfd", "page-tracking", "userfaultfd: Operation not permitted", "look-into-process"},
	{"memfd_create", "memory-file", "memfd_create: Operation not permitted", "shared-memory"},
	{"mount", "mount-namespace", "mount(tmpfs) in a mount namespace: Operation not permitted",
	 "network-namespace"},
	{"mount", "overlay", "cannot make mounts private: Operation not permitted", "network-namespace"},
	{"namespaces", "mount-namespace", "clone(CLONE_NEWNS): Operation not permitted", "crash"},
	{"unshare", "network-namespace", "unshare(CLONE_NEWNET): Operation not permitted", "mount-namespace"},
};

START_TEST(what_is_refused_is_said_and_only_that)
{
	const char *why, *remedy;
	struct lab_result result;
	json_t *lines = doctor(NULL, &result);

	if (strcmp(outcome(lines, refusals[_i].trial, &why, &remedy), "works") != 0 ||
	    strcmp(outcome(lines, refusals[_i].other, &why, &remedy), "works") != 0)
		LAB_SKIP("it does not work here at all");
	lines = doctor(refusals[_i].forbidden, &result);
	ck_assert_int_eq(result.status, 1);
	ck_assert_str_eq(outcome(lines, refusals[_i].trial, &why, &remedy), "refused");
	ck_assert_msg(why && strncmp(why, refusals[_i].why, strlen(refusals[_i].why)) == 0, "%s",
		      why ? why : "nothing");
	ck_assert_msg(remedy || strcmp(refusals[_i].trial, "memory-file") == 0, "no remedy for %s", why);
	ck_assert_str_eq(outcome(lines, refusals[_i].other, &why, &remedy), "works");
}
END_TEST

/* Who reads a terminal has it below, and -q leaves out what works. */
START_TEST(a_refusal_comes_with_what_is_lost_and_what_changes_it)
{
	struct lab_result result = LAB_COMMAND(lab_program("forbid"), "process_vm_readv",
					       lab_variable("CRASHINJECT"), "doctor", "-q");

	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out,
			     "refused  look-into-process: process_vm_readv: Operation not permitted\n"
			     "         so what static programs write is not seen: runs are incomplete\n"
			     "         $ "),
		      "%s", result.out);
	ck_assert_msg(!strstr(result.out, "works "), "%s", result.out);
}
END_TEST

START_TEST(explore_does_what_is_said)
{
	static const char *const ways[] = {NULL, "mount", "namespaces"};
	struct lab_result result;
	json_t *lines = doctor(ways[_i], &result);
	bool in_place = lab_json_bool(summary(lines), "explores-in-place");

	lab_write("data", "x", 1);
	result = LAB_COMMAND(lab_program("forbid"), ways[_i] ? ways[_i] : "ptrace",
			     lab_variable("CRASHINJECT"), "explore", "--dir", ".", "--model", "kill",
			     "--check", "grep -q x data && { [ ! -s new ] || grep -q y new; }", "--", "sh",
			     "-c", "cd \"$CRASH_DIR\" && echo y >new");
	lab_assert_status(&result, 0);
	ck_assert_msg((strstr(result.out, "copies") == NULL) == in_place, "in place: %d, but %s",
		      (int)in_place, result.out);
}
END_TEST

START_TEST(nobody_needs_to_be_asked_twice)
{
	struct lab_result result = LAB_CRASHINJECT("doctor", "now");

	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "\"now\" has no meaning here") != NULL, "%s", result.err);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tcase = lab_case(suite, "doctor", 60);

	tcase_add_test(tcase, a_refusal_comes_with_what_is_lost_and_what_changes_it);
	tcase_add_test(tcase, nobody_needs_to_be_asked_twice);
	tcase_add_loop_test(tcase, what_is_refused_is_said_and_only_that, 0,
			    (int)(sizeof refusals / sizeof *refusals));
	tcase_add_loop_test(tcase, explore_does_what_is_said, 0, 3);
	return lab_run(suite);
}
