/* SPDX-License-Identifier: MIT */
/*
 * check_reporters.c - what is written for machines and pages: each format has what was found, is well formed
 * whatever names there are, and never looks clean where something may have been missed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/explore/saver_store.h"

#define ALL "--sarif", "r.sarif", "--markdown", "r.md", "--junit", "r.xml", "--html", "r.html"

/* The finding's line is in tests/programs/saver.c. */
static struct lab_result explore_saver(const char *const *options)
{
	const char *all[24] = {"--model", "ext4", "-o", "result"};
	size_t count = 4;

	for (; *options; options++)
		all[count++] = *options;
	all[count] = NULL;
	saver_store();
	lab_remove("result");
	return saver_explore("no-sync", all);
}

#define EXPLORE_SAVER(...) explore_saver((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static bool has(const char *path, const char *text)
{
	const char *content = lab_read(path, NULL);

	ck_assert_msg(content != NULL, "there is no %s", path);
	return strstr(content, text) != NULL;
}

static char *source; /* of everything, absolute */

static bool is_sarif(const char *path)
{
	struct lab_result result =
		LAB_COMMAND("python3", lab_text("%s/tests/explore/check_sarif.py", source), path);

	ck_assert_msg(result.status == 0 || result.status == 127, "%s", lab_describe(&result));
	return result.status == 0;
}

static json_t *load(const char *path)
{
	json_t *object = json_load_file(path, 0, NULL);

	ck_assert_msg(object != NULL, "%s is no JSON", path);
	return object;
}

static json_t *sarif_result(const json_t *log)
{
	const json_t *run = json_array_get(json_object_get(log, "runs"), 0);

	return json_array_get(json_object_get(run, "results"), 0);
}

static json_t *op_of(const char *role)
{
	json_t *findings = json_object_get(load("result/result.json"), "findings"), *op;
	size_t i;

	json_array_foreach(json_object_get(json_array_get(findings, 0), "ops"), i, op)
		if (strcmp(lab_json_text(op, "role"), role) == 0)
			return op;
	ck_abort_msg("no op is \"%s\"", role);
	return NULL;
}

/* ------------------------------------------------------------------ what is in them */

START_TEST(ops_of_findings_say_where_they_come_from)
{
	struct lab_result result = EXPLORE_SAVER();
	json_t *lost, *location;

	lab_assert_status(&result, 1);
	lost = op_of("lost");
	location = json_object_get(lost, "location");
	ck_assert_str_eq(strrchr(lab_json_text(location, "file"), '/'), "/saver.c");
	ck_assert_str_eq(lab_json_text(location, "function"), "write_all");
	ck_assert_int_gt(lab_json_number(location, "line", -1), 0);
	ck_assert_ptr_nonnull(strstr(lab_json_text(lost, "point"), "write#"));
	ck_assert_str_eq(strrchr(lab_json_text(lost, "file"), '/'), "/data.tmp");
	ck_assert_int_gt(json_array_size(json_object_get(lost, "stack")), 1);
}
END_TEST

START_TEST(every_format_has_the_finding)
{
	struct lab_result result = EXPLORE_SAVER(ALL, "--title", "my <store>");
	const char *id;

	lab_assert_status(&result, 1);
	id = lab_json_text(json_array_get(json_object_get(load("result/result.json"), "findings"), 0), "id");
	ck_assert(has("r.sarif", id) && has("r.md", id) && has("r.xml", id) && has("r.html", id));
	ck_assert(has("r.sarif", "crashinject/my <store>/") && has("r.md", "## my &lt;store\\>: 1 finding"));
	ck_assert(has("r.xml", "<testsuite name=\"my &lt;store&gt;\"") && has("r.xml", "timestamp=\"20"));
	ck_assert(has("r.xml", "classname=\"my &lt;store&gt;.finding\""));
	ck_assert(has("r.html", "<title>my &lt;store&gt;</title>"));
	if (!is_sarif("r.sarif"))
		LAB_SKIP("no python3 to look through SARIF with");
	result = LAB_COMMAND("python3", "-c", "import xml.dom.minidom as m; m.parse('r.xml')");
	lab_assert_status(&result, 0);
}
END_TEST

/* The title is kept, and later reports are the same. */
START_TEST(report_prints_what_explore_printed)
{
	static const char *const files[] = {"r.sarif", "r.md", "r.xml", "r.html"};
	struct lab_result result = EXPLORE_SAVER(ALL, "--title", "store");

	lab_assert_status(&result, 1);
	mkdir("first", 0755);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		rename(files[i], lab_text("first/%s", files[i]));
	result = LAB_CRASHINJECT("report", ALL, "result");
	lab_assert_status(&result, 1);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		lab_assert_file(files[i], lab_read(lab_text("first/%s", files[i]), NULL));
	result = LAB_CRASHINJECT("report", "--title", "other", "--markdown", "r.md", "result");
	ck_assert(has("r.md", "## other: 1 finding"));
}
END_TEST

START_TEST(options_may_stand_behind_the_result)
{
	struct lab_result result = EXPLORE_SAVER();

	lab_assert_status(&result, 1);
	result = LAB_CRASHINJECT("report", "result", "--json");
	lab_assert_status(&result, 1);
	ck_assert_int_eq(json_array_size(lab_json_lines(result.out)), 2);
	result = LAB_CRASHINJECT("replay", "nowhere", "ext4@1");
	lab_assert_status(&result, 125);
	ck_assert_str_eq(result.err, "crashinject: replay: nowhere: No such file or directory\n");
}
END_TEST

/* ------------------------------------------------------------------ GitHub */

/* A path is that of the repository, which is not always the working directory. */
START_TEST(annotations_are_at_lines_of_the_repository)
{
	const char *file, *summary = lab_text("%s/summary.md", lab_dir);
	struct lab_result result = EXPLORE_SAVER();

	lab_assert_status(&result, 1);
	file = lab_json_text(json_object_get(op_of("lost"), "location"), "file");
	if (strncmp(file, source, strlen(source)) != 0)
		LAB_SKIP("the compiler has not kept where the source is: %s", file);
	setenv("GITHUB_WORKSPACE", source, 1);
	setenv("GITHUB_STEP_SUMMARY", summary, 1);
	lab_write(summary, "before\n", 7);
	result = LAB_CRASHINJECT("report", "--github", "--sarif", "r.sarif", "result");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "\n::error file=tests/programs/saver.c,line=") != NULL, "%s",
		      result.out);
	ck_assert(strncmp(lab_read(summary, NULL), "before\n## crashinject: 1 finding\n", 31) == 0);
	ck_assert(has("r.sarif", "\"uri\": \"tests/programs/saver.c\""));
}
END_TEST

/* Whoever chooses names of files gives no commands to the workflow, and marks up nothing. */
START_TEST(names_are_no_commands)
{
	static const char name[] = "a\n::error::b|<i>*c*\xe4";
	struct lab_result result =
		LAB_CRASHINJECT("lint", "--github", ALL, "--", "sh", "-c", "echo x > t; mv t \"$0\"", name);

	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.out, "\n::error "));
	ck_assert_ptr_null(strstr(result.out, "\n::error::b"));
	ck_assert_ptr_nonnull(strstr(result.out, "a%0A::error::b|<i>*c*\\xe4"));
	ck_assert(!has("r.md", "<i>") && !has("r.md", "*c*") && !has("r.md", "\n::error"));
	ck_assert(!has("r.html", "<i>") && !has("r.xml", "<i>"));
	is_sarif("r.sarif");
}
END_TEST

/* ------------------------------------------------------------------ what is not clean */

START_TEST(what_was_missed_is_in_every_format)
{
	struct lab_result result;

	lab_write("f", "f", 1);
	result = LAB_CRASHINJECT("explore", "--model=kill", "--check", "grep -q . f", "-o", "result",
				 "--github", ALL, "--", "sh", "-c", "echo x > g; mv g f; exit 3");
	lab_assert_status(&result, 3);
	ck_assert_ptr_nonnull(strstr(result.out, "\n::warning title=crashinject%3A incomplete::"));
	ck_assert_ptr_null(strstr(result.out, "::error"));
	ck_assert(has("r.md", "## crashinject: incomplete\n\n**Incomplete:**\n\n- "));
	ck_assert(has("r.sarif", "\"executionSuccessful\": false") && has("r.xml", "<error message="));
	ck_assert(has("r.html", "incomplete:"));
	is_sarif("r.sarif");
}
END_TEST

/* However much of it was checked: it was only its part. */
START_TEST(a_shard_looks_like_one_in_every_format)
{
	struct lab_result result = EXPLORE_SAVER("--shard", "1/3", "--github", ALL);

	ck_assert_ptr_nonnull(
		strstr(result.out, "\n::notice title=crashinject%3A a shard::This is shard 1 of 3:"));
	ck_assert(has("r.md", "**This is shard 1 of 3: ") && !has("r.md", "exhaustive"));
	ck_assert(has("r.sarif", "\"executionSuccessful\": false") && has("r.sarif", "This is shard 1 of 3"));
	ck_assert(has("r.xml", "<skipped message=\"only this shard's states") &&
		  !has("r.xml", "name=\"tear\"/>"));
	is_sarif("r.sarif");
}
END_TEST

/* The workflow reads all that a step prints. */
START_TEST(what_a_checker_prints_is_no_command)
{
	struct lab_result result =
		LAB_CRASHINJECT("explore", "--github", "--check", "echo ::stop-commands::x; exit 1", "--",
				"sh", "-c", "echo x > f");
	const char *begin = strstr(result.out, "::stop-commands::"), *end;

	lab_assert_status(&result, 125);
	ck_assert_ptr_eq(begin, result.out);
	begin += strlen("::stop-commands::");
	end = strstr(result.out, lab_text("\n::%.32s::\n", begin));
	ck_assert_ptr_nonnull(end);
	ck_assert(strstr(result.out, "    ::stop-commands::x\n") < end &&
		  strstr(end, "\n::warning ") != NULL);
}
END_TEST

START_TEST(accepted_findings_are_suppressed)
{
	struct lab_result result = EXPLORE_SAVER();
	const char *id;

	lab_assert_status(&result, 1);
	id = lab_json_text(json_array_get(json_object_get(load("result/result.json"), "findings"), 0), "id");
	lab_write("baseline", id, strlen(id));
	result = LAB_CRASHINJECT("report", "--baseline", "baseline", "--github", ALL, "result");
	lab_assert_status(&result, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "\n::notice "));
	ck_assert_ptr_null(strstr(result.out, "::error"));
	ck_assert_int_eq(json_array_size(json_object_get(sarif_result(load("r.sarif")), "suppressions")), 1);
	ck_assert(has("r.md", ", accepted)") && has("r.xml", "<skipped message=\"accepted"));
	is_sarif("r.sarif");
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
	static const char *const options[] = {"--sarif", "--markdown", "--junit", "--html"};
	struct lab_result result = EXPLORE_SAVER();

	lab_assert_status(&result, 1);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		result = LAB_CRASHINJECT("report", options[i], "nowhere/r", "result");
		lab_assert_status(&result, 125);
		ck_assert_ptr_nonnull(strstr(result.err, lab_text("%s nowhere/r: No such", options[i])));
		result = LAB_CRASHINJECT("report", options[i], "/dev/full", "result");
		lab_assert_status(&result, 125);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reporters");
	TCase *tcase = lab_case(suite, "content", 60);

	source = realpath(getenv("srcdir") ? getenv("srcdir") : ".", NULL);
	tcase_add_test(tcase, ops_of_findings_say_where_they_come_from);
	tcase_add_test(tcase, every_format_has_the_finding);
	tcase_add_test(tcase, report_prints_what_explore_printed);
	tcase_add_test(tcase, options_may_stand_behind_the_result);
	tcase = lab_case(suite, "github", 60);
	tcase_add_test(tcase, annotations_are_at_lines_of_the_repository);
	tcase_add_test(tcase, names_are_no_commands);
	tcase = lab_case(suite, "not clean", 60);
	tcase_add_test(tcase, what_was_missed_is_in_every_format);
	tcase_add_test(tcase, a_shard_looks_like_one_in_every_format);
	tcase_add_test(tcase, what_a_checker_prints_is_no_command);
	tcase_add_test(tcase, accepted_findings_are_suppressed);
	tcase_add_test(tcase, a_file_that_cannot_be_written_is_an_error);
	return lab_run(suite);
}
