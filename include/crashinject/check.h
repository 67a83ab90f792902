/* SPDX-License-Identifier: MIT */
/*
 * check.h - assertions for users of Check (https://libcheck.github.io/check/).
 *
 *	ck_assert_crash_run("wal.mid-frame", &opts, &out);
 *	ck_assert_crashed_at(&out, "wal.mid-frame");
 *
 *	ck_assert_crash_safe(save_twice, look, "ext4"); with two functions of the test's, see explore.h
 *
 * A failing assertion shows how the run really ended, the backtrace of the crash and what the program
 * wrote.
 */
#ifndef CRASHINJECT_CHECK_H
#define CRASHINJECT_CHECK_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <crashinject/crashinject.h>
#include <crashinject/explore.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether the crash was at `point`: write#3, or wal.mid-frame for any occurrence of it. */
static inline int crash_out_is_at(const struct crash_out *out, const char *point)
{
	size_t length = strlen(point);

	if (!out->killed || !out->point || strncmp(out->point, point, length) != 0)
		return 0;
	return out->point[length] == '\0' || (out->point[length] == '#' && !strchr(point, '#'));
}

/* Fails the test with a description of the run. */
#define CRASH__CHECK(condition, out, ...)                                                                    \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			char *crash__text = crash_out_describe(out);                                         \
			char crash__copy[8192];                                                              \
                                                                                                             \
			crash__copy[0] = '\0';                                                               \
			if (crash__text)                                                                     \
				strncat(crash__copy, crash__text, sizeof crash__copy - 1);                   \
			free(crash__text);                                                                   \
			ck_abort_msg(__VA_ARGS__, crash__copy);                                              \
		}                                                                                            \
	} while (0)

/** The run could be made at all. */
#define ck_assert_crash_run(scenario, opts, out)                                                             \
	do {                                                                                                 \
		const char *crash__scenario = (scenario);                                                    \
		int crash__error = crash_run(crash__scenario, opts, out);                                    \
                                                                                                             \
		ck_assert_msg(crash__error == 0, "crash_run(%s): %s: %s",                                    \
			      crash__scenario ? crash__scenario : "NULL", crash_strerror(crash__error),      \
			      crash_error_detail());                                                         \
	} while (0)

/** The program died at this point, by our hand. */
#define ck_assert_crashed_at(out, point)                                                                     \
	CRASH__CHECK(crash_out_is_at(out, point), out, "expected a crash at %s, but %s", point)

/** The program ended by itself, with this exit status. */
#define ck_assert_exited(out, status)                                                                        \
	CRASH__CHECK(!(out)->killed && !(out)->timed_out && (out)->exit_code == (status), out,               \
		     "expected exit status %d, but %s", status)

/** The program was ended by the timeout. */
#define ck_assert_timed_out(out)                                                                             \
	CRASH__CHECK((out)->timed_out && !(out)->killed, out, "expected a timeout%s, but %s", "")

/** Nothing can have been missed. */
#define ck_assert_complete(out) CRASH__CHECK((out)->complete, out, "expected a complete run%s, but %s", "")

/**
 * No crash leaves a state that the check does not accept, and that is known: else the test fails with the
 * findings, their repairs, how to replay them, and where the result is. What passes prints one line.
 */
#define ck_assert_crash_explore(opts)                                                                        \
	do {                                                                                                 \
		char *crash__text = NULL;                                                                    \
		int crash__safe = crash_is_safe(opts, &crash__text);                                         \
		char crash__copy[16384];                                                                     \
                                                                                                             \
		crash__copy[0] = '\0';                                                                       \
		strncat(crash__copy, crash__text ? crash__text : "no memory", sizeof crash__copy - 1);       \
		free(crash__text);                                                                           \
		ck_assert_msg(crash__safe, "%s", crash__copy);                                               \
		puts(crash__copy);                                                                           \
		fflush(stdout);                                                                              \
	} while (0)

/** The same of two functions, crash_workload_function and crash_check_function, on these models. */
#define ck_assert_crash_safe(workload_function, check_function, model_list)                                  \
	do {                                                                                                 \
		struct crash_explore_opts crash__opts;                                                       \
                                                                                                             \
		memset(&crash__opts, 0, sizeof crash__opts);                                                 \
		crash__opts.workload = (workload_function);                                                  \
		crash__opts.check_state = (check_function);                                                  \
		crash__opts.models = (model_list);                                                           \
		ck_assert_crash_explore(&crash__opts);                                                       \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif /* CRASHINJECT_CHECK_H */
