/* SPDX-License-Identifier: MIT */
/*
 * check_cases.c - one thing at a time that can happen to a program's files while it runs: it ends in the
 * model as it does in the file system.
 *
 * Method: tests/programs/mappings and roots have a case each. They are run in mounts of their own, with the
 * shim and, as static programs, without it. See ends.h.
 */
#include <crashinject/crashinject.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "runner/run.h"
#include "tests/explore/ends.h"
#include "tests/unit/support.h"

#define NOT_ALLOWED 77 /* as the programs say it */

static const char *const mappings[] = {
	"renamed",
	"removed",
	"removed-and-synced",
	"replaced",
	"exchanged",
	"directory-renamed",
	"linked",
	"named",
	"stretched",
	"stretched-over-data",
	"doubled",
	"moved",
	"moved-and-kept",
	"moved-beside",
	"cut",
	"protected",
	"protected-by-key",
	"protected-by-function",
	"shared",
	"twice",
	"forked",
	"forked-both",
	"cloned",
	"forked-by-number",
	"hidden",
	"synced-wrongly",
	"hollowed",
	"not-appended",
};

static const char *const roots[] = {
	"rooted",
	"rooted-elsewhere",
	"rooted-twice",
	"bound-here",
	"bound",
	"bound-file",
	"bound-and-renamed",
	"bound-and-moved",
	"in-memory",
	"pivoted",
	"bound-in-a-thread",
	"bound-in-a-child",
	"joined",
	"executed",
	"mapped",
};

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

static void make_files(const char *directory)
{
	static char bytes[20000];
	char path[PATH_MAX];

	memset(bytes, 'A', sizeof bytes);
	snprintf(path, sizeof path, "%.4000s/dir", directory);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	for (int i = 0; i < 2; i++) {
		FILE *file;

		snprintf(path, sizeof path, "%.4000s/%s", directory, i ? "file" : "dir/file");
		file = fopen(path, "we");
		ck_assert(file && fwrite(bytes, sizeof bytes, 1, file) == 1);
		ck_assert_int_eq(fclose(file), 0);
	}
}

/* In mounts of its own; who may not have them does not need them for most cases. */
static int record_there(const char *directory, const char *const *argv, int trace, const char *reason)
{
	struct crash__request request = crash__request_new();
	struct crash_out out;

	if (unshare(CLONE_NEWNS) == 0)
		ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	setenv("PWD", directory, 1);
	request.opts.program = argv[0];
	request.opts.args = argv + 1;
	request.opts.dir = directory;
	request.opts.cwd = directory;
	request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA;
	request.trace = trace;
	trees_ok(crash__run(&request, &out));
	if (out.exit_code == NOT_ALLOWED)
		return NOT_ALLOWED;
	ck_assert_msg(out.exit_code == 0, "%s %s ended with %d (signal %d): %s%s", argv[0], argv[1],
		      out.exit_code, out.signal, out.stdout_data, out.stderr_data);
	ck_assert_msg(!*out.stderr_data, "%s %s says: %s", argv[0], argv[1], out.stderr_data);
	if (reason)
		ck_assert_msg(!out.complete &&
				      strncmp(out.incomplete_reasons[0], reason, strlen(reason)) == 0,
			      "%s %s: complete", argv[0], argv[1]);
	else
		ck_assert_msg(out.complete, "%s %s: %s", argv[0], argv[1], out.incomplete_reasons[0]);
	crash_out_clear(&out);
	return 0;
}

/* False: it is not allowed here. `reason`: why the run is incomplete; NULL: it is not. */
static bool record(struct ends *ends, const char *program, const char *name, const char *reason)
{
	int trace = memfd_create("trace", MFD_CLOEXEC), status;
	char path[PATH_MAX];
	pid_t pid;

	ends_prepare(ends, "%s %s", program, name);
	snprintf(path, sizeof path, "%s/%s", getenv("PROGRAMS"), program);
	make_files(ends->before);
	make_files(ends->after);
	make_files(ends->copy);
	pid = fork();
	if (pid == 0)
		_exit(record_there(ends->after, (const char *const[]){path, name, NULL}, trace, reason));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
		close(trace);
		return false;
	}
	ck_assert_msg(status == 0, "%s: status %d", ends->name, status);
	trees_read(trace, &ends->trace);
	close(trace);
	return true;
}

static void check(const char *program, const char *name)
{
	static struct ends ends;

	if (!record(&ends, program, name, NULL)) {
		support_say_skip(name, "it is not allowed");
		return;
	}
	ends_replay(&ends, ends.after, "posix");
	ends_compare(&ends);
	ends_finish(&ends);
}

START_TEST(what_happens_to_mapped_files_happens_in_the_model)
{
	check("mappings", mappings[_i]);
	check("mappings_static", mappings[_i]);
}
END_TEST

START_TEST(files_are_where_they_are_whatever_their_paths_say)
{
	check("roots", roots[_i]);
	check("roots_static", roots[_i]);
}
END_TEST

static const struct {
	const char *program, *name, *reason;
} missed[] = {
	{"roots", "pivoted-and-rooted", "other-root"},
	{"roots_static", "pivoted-and-rooted", "other-root"},
	{"roots", "laid-over", "other-root"},
	{"roots_static", "laid-over", "other-root"},
	{"mappings", "opened-by-handle", "unsupported-call"},
	{"mappings_static", "opened-by-handle", "unsupported-call"},
	{"mappings", "remapped", "unsupported-call"},
	{"mappings_static", "remapped", "unsupported-call"},
	{"mappings_static", "synced-locked", "result-unknown"},
	{"mappings", "listed", "unsupported-call"},
	{"mappings_static", "listed", "unsupported-call"},
};

START_TEST(what_is_not_followed_is_said)
{
	static struct ends ends;

	if (!record(&ends, missed[_i].program, missed[_i].name, missed[_i].reason))
		support_say_skip(missed[_i].name, "it is not allowed");
}
END_TEST

START_TEST(an_msync_that_does_nothing_makes_nothing_durable)
{
	static const char *const programs[] = {"mappings", "mappings_static"};
	static struct ends ends;

	ck_assert(record(&ends, programs[_i], "synced-in-vain", NULL));
	ends_replay(&ends, ends.after, "posix");
	ck_assert_uint_gt(ends.fs.steps_count, 0);
	for (size_t i = 0; i < ends.fs.steps_count; i++)
		ck_assert_msg(!ends.fs.steps[i].sync, "%s: step %zu syncs", ends.name, i);
	ends_finish(&ends);
}
END_TEST

START_TEST(a_write_past_the_page_cache_is_known_as_one)
{
	static const char *const programs[] = {"mappings", "mappings_static"};
	static struct ends ends;
	int writes = 0;

	if (!record(&ends, programs[_i], "past-the-cache", NULL)) {
		support_say_skip("past-the-cache", "the file system has no O_DIRECT");
		return;
	}
	ends_replay(&ends, ends.after, "posix");
	for (size_t i = 0; i < ends.trace.count; i++) {
		const struct crash__event *event = &ends.trace.events[i];

		if (event->kind != CRASH__EVENT_OP || event->family != CRASH__FAMILY_WRITE)
			continue;
		ck_assert_int_eq(!(event->flags & CRASH__OP_DIRECT), writes % 2);
		writes++;
	}
	ck_assert_int_eq(writes, 5);
	ends_finish(&ends);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cases");
	TCase *tcase = support_case(suite, "mapped files", NULL);

	tcase_add_loop_test(tcase, what_happens_to_mapped_files_happens_in_the_model, 0, COUNT(mappings));
	tcase_add_loop_test(tcase, an_msync_that_does_nothing_makes_nothing_durable, 0, 2);
	tcase_add_loop_test(tcase, a_write_past_the_page_cache_is_known_as_one, 0, 2);
	tcase = support_case(suite, "other roots", NULL);
	tcase_add_loop_test(tcase, files_are_where_they_are_whatever_their_paths_say, 0, COUNT(roots));
	tcase = support_case(suite, "what is missed", NULL);
	tcase_add_loop_test(tcase, what_is_not_followed_is_said, 0, COUNT(missed));
	return support_run(suite);
}
