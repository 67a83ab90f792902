/* SPDX-License-Identifier: MIT */
/*
 * check_page.c - the page of a result: what is to be read is in its text, what is on the disk is what replay
 * puts there, and whatever names there are, they stay text.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/explore/saver_store.h"

static const char *page;

static const char *explore_page(const char *mistake)
{
	struct lab_result result;

	saver_store();
	lab_remove("result");
	result = SAVER_EXPLORE(mistake, "--model", "ext4", "-o", "result", "--html", "page.html", "--title",
			       "a <b>");
	lab_assert_status(&result, 1);
	page = lab_read("page.html", NULL);
	ck_assert_ptr_nonnull(page);
	return page;
}

#define ASSERT_HAS(text) ck_assert_msg(strstr(page, text) != NULL, "the page has no %s", text)

/* What the scripts get. */
static json_t *data_of(const char *text)
{
	static const char begin[] = "<script type=\"application/json\" id=\"data\">";
	const char *from = strstr(text, begin), *to;
	json_t *data;

	ck_assert_ptr_nonnull(from);
	from += strlen(begin);
	to = strstr(from, "</script>");
	ck_assert_ptr_nonnull(to);
	data = json_loadb(from, (size_t)(to - from), 0, NULL);
	ck_assert_msg(data != NULL, "its data are no JSON");
	return data;
}

static json_t *at(const json_t *object, const char *one, const char *other)
{
	return json_object_get(json_object_get(object, one), other);
}

static unsigned int times(const char *text, const char *part)
{
	unsigned int count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* ------------------------------------------------------------------ its text */

START_TEST(it_can_be_read_without_scripts)
{
	json_t *finding;

	explore_page("no-sync");
	finding =
		json_array_get(json_object_get(json_load_file("result/result.json", 0, NULL), "findings"), 0);
	ASSERT_HAS("<title>a &lt;b&gt;</title>");
	ASSERT_HAS(lab_text("<article class=\"finding\" id=\"%s\">", lab_json_text(finding, "id")));
	ASSERT_HAS("<dt>Repair</dt><dd>");
	ASSERT_HAS("<dt>Models that allow it</dt><dd>");
	ASSERT_HAS("<h3>The checker said</h3>");
	ASSERT_HAS("<span class=\"role lost\">lost</span>");
	ASSERT_HAS("<bdi>write_all</bdi> <span class=\"where\">");
	ASSERT_HAS("<pre class=\"copy\">crashinject replay result '");
}
END_TEST

START_TEST(it_asks_nobody_for_anything)
{
	explore_page("no-sync");
	ASSERT_HAS("content=\"default-src 'none'; style-src 'nonce-");
	ck_assert_ptr_null(strstr(page, " src="));
	ck_assert_ptr_null(strstr(page, "<link"));
	ck_assert_ptr_null(strstr(page, "@import"));
	ck_assert_ptr_null(strstr(page, "url("));
	/* and each script and style has the key of the page */
	ck_assert_uint_eq(times(page, "<script nonce=\""), times(page, "<script") - 1);
	ck_assert_uint_eq(times(page, "<style nonce=\""), times(page, "<style"));
}
END_TEST

/* ------------------------------------------------------------------ what it draws from */

static size_t words(const char *text)
{
	size_t count = *text != '\0';

	for (; *text; text++)
		count += *text == ' ';
	return count;
}

START_TEST(the_run_has_a_number_in_each_column_for_each_step)
{
	static const char *const columns[] = {"call",  "process", "file",  "to",   "offset",
					      "bytes", "sync",	  "stack", "acked"};
	json_t *run, *model;
	size_t steps, i;

	run = at(data_of(explore_page("no-sync")), "page", "run");
	steps = (size_t)lab_json_number(run, "steps", 0);
	ck_assert_uint_gt(steps, 4);
	for (i = 0; i < sizeof columns / sizeof *columns; i++)
		ck_assert_uint_eq(words(lab_json_text(run, columns[i])), steps);
	json_array_foreach(json_object_get(run, "models"), i, model)
		ck_assert_uint_eq(words(lab_json_text(model, "durable")), steps);
	ck_assert_uint_eq(json_array_size(json_object_get(run, "models")), 1);
	ck_assert_ptr_nonnull(strstr(lab_json_text(run, "points"), "write#"));
}
END_TEST

static int digit(char letter)
{
	return letter <= '9' ? letter - '0' : letter - 'a' + 10;
}

/* Bytes of the state that the page shows are those of the file. */
static void assert_bytes(const json_t *file, const char *path)
{
	const json_t *hunk;
	size_t bytes, i;
	const char *content = lab_read(path, &bytes);

	json_array_foreach(json_object_get(file, "hunks"), i, hunk) {
		const char *hex = lab_json_text(hunk, "state");
		size_t from = (size_t)lab_json_number(hunk, "at", 0);

		for (size_t k = 0; hex[2 * k]; k++) {
			ck_assert_uint_lt(from + k, bytes);
			ck_assert_int_eq(digit(hex[2 * k]) * 16 + digit(hex[2 * k + 1]),
					 (unsigned char)content[from + k]);
		}
	}
}

static const json_t *file_of(const json_t *disk, const char *path)
{
	const json_t *file;
	size_t i;

	json_array_foreach(json_object_get(disk, "files"), i, file)
		if (strcmp(lab_json_text(file, "path"), path) == 0)
			return file;
	return NULL;
}

/* The tree and the bytes that the page shows are those that replay makes. */
static void assert_replayed(const json_t *finding, const json_t *disk)
{
	const json_t *entry;
	struct lab_result result;
	size_t i, there = 0;

	lab_remove("state");
	result = LAB_CRASHINJECT("replay", "-q", "result", lab_json_text(finding, "state"), "state");
	lab_assert_status(&result, 0);
	json_array_foreach(json_object_get(disk, "entries"), i, entry) {
		const json_t *state = json_object_get(entry, "state");
		const char *name = lab_json_text(entry, "path"), *path = lab_text("state/%s", name);
		struct stat status;

		if (!json_is_object(state)) {
			ck_assert_msg(lstat(path, &status) < 0, "%s is there", path);
			continue;
		}
		there++;
		ck_assert_msg(lstat(path, &status) == 0, "%s is not there", path);
		ck_assert_int_eq(status.st_mode & 07777, lab_json_number(state, "mode", -1));
		if (S_ISREG(status.st_mode))
			ck_assert_int_eq(status.st_size, lab_json_number(state, "size", -1));
		if (file_of(disk, name))
			assert_bytes(file_of(disk, name), path);
	}
	ck_assert_int_eq(lab_entries("state"), (int)there);
}

START_TEST(what_is_on_the_disk_is_what_replay_makes)
{
	static const char *const mistakes[] = {"no-sync", "no-dirsync", "in-place"};

	for (size_t m = 0; m < sizeof mistakes / sizeof *mistakes; m++) {
		json_t *data = data_of(explore_page(mistakes[m])), *finding;
		size_t i, files = 0;

		json_array_foreach(json_object_get(data, "findings"), i, finding) {
			json_t *disk =
				json_object_get(at(data, "page", "disk"), lab_json_text(finding, "id"));

			ck_assert_ptr_nonnull(disk);
			ck_assert(json_is_null(json_object_get(disk, "error")));
			files += json_array_size(json_object_get(disk, "files"));
			assert_replayed(finding, disk);
		}
		ck_assert_uint_gt(files, 0);
	}
}
END_TEST

/* A finding that loses an op names it among the steps of the run. */
START_TEST(the_lost_op_is_among_the_steps)
{
	json_t *data = data_of(explore_page("no-sync")),
	       *finding = json_array_get(json_object_get(data, "findings"), 0),
	       *disk = json_object_get(at(data, "page", "disk"), lab_json_text(finding, "id"));
	const char *point = lab_json_text(json_array_get(json_object_get(finding, "ops"), 0), "point"),
		   *points = lab_json_text(at(data, "page", "run"), "points"), *found;
	size_t step = 0;

	found = strstr(points, lab_text("%s\n", point));
	ck_assert_ptr_nonnull(found);
	for (; points < found; points++)
		step += *points == '\n';
	ck_assert_msg(strtoul(lab_json_text(disk, "lost"), NULL, 10) == step ||
			      strtoul(lab_json_text(disk, "part"), NULL, 10) == step,
		      "%s is step %zu, lost are \"%s\"", point, step, lab_json_text(disk, "lost"));
}
END_TEST

START_TEST(what_is_too_much_is_said_to_be_left_out)
{
	struct lab_result result;
	json_t *data, *disk, *file;
	const char *key;

	result = LAB_CRASHINJECT("explore", "--model", "ext4", "-o", "../result", "--html", "../page.html",
				 "--check", "test ! -e b || test -s b", "--", "sh", "-c",
				 "head -c 300000 /dev/zero | tr '\\0' x >a; mv a b");
	lab_assert_status(&result, 1);
	data = data_of(lab_read("../page.html", NULL));
	json_object_foreach(at(data, "page", "disk"), key, disk) {
		file = json_array_get(json_object_get(disk, "files"), 0);
		if (lab_json_number(file, "differ", 0) <= 4096)
			continue;
		ck_assert(lab_json_bool(file, "cut"));
		return;
	}
	ck_abort_msg("no file has more than 4096 bytes that differ");
}
END_TEST

/* ------------------------------------------------------------------ what others have chosen */

/* Names and what checkers print: none of it is markup, in the text or in the data. */
START_TEST(names_stay_text)
{
	static const char check[] =
		"test ! -e 'a<'/* || test -s 'a<'/* || { echo '</pre></script><img onerror=y>"
		"'; echo \"a<\"/*; exit 1; }";
	struct lab_result result =
		LAB_CRASHINJECT("explore", "--model", "ext4", "--html", "../page.html", "--title",
				"</title><img onerror=t>", "--check", check, "--", "sh", "-c",
				"mkdir 'a<'; echo x >t; mv t 'a</script><img src=x onerror=z>'; echo "
				"'</script><img onerror=q>'");

	lab_assert_status(&result, 1);
	page = lab_read("../page.html", NULL);
	ck_assert_ptr_null(strstr(page, "<img"));
	/* those that we have put there end, and no others */
	ck_assert_uint_eq(times(page, "</script>"), times(page, "<script"));
	ck_assert_uint_eq(times(page, "</title>"), 1);
	ASSERT_HAS("a&lt;/script&gt;&lt;img src=x onerror=z&gt;");
	ASSERT_HAS("&lt;/pre&gt;&lt;/script&gt;&lt;img onerror=y&gt;");
	ASSERT_HAS("\\u003c/script>\\u003cimg");
}
END_TEST

/* ------------------------------------------------------------------ where it comes from */

START_TEST(shards_have_a_page_as_one)
{
	struct lab_result result;
	json_t *one, *merged;

	explore_page("no-sync");
	one = at(data_of(page), "page", "disk");
	saver_store();
	for (int shard = 1; shard <= 2; shard++) {
		result = SAVER_EXPLORE("no-sync", "--model", "ext4", "-o", lab_text("part-%d", shard),
				       "--shard", lab_text("%d/2", shard));
		ck_assert_int_ne(result.status, 125);
	}
	result = LAB_CRASHINJECT("report", "--html", "merged.html", "part-1", "part-2");
	lab_assert_status(&result, 1);
	merged = at(data_of(lab_read("merged.html", NULL)), "page", "disk");
	ck_assert_uint_gt(json_object_size(one), 0);
	ck_assert(json_equal(one, merged));
}
END_TEST

/* ------------------------------------------------------------------ many results */

/* Runs of one title are one workload; the newest counts, and what cannot be read is said and is no all-clear.
 */
START_TEST(an_index_has_workloads_by_models)
{
	struct lab_result result;

	explore_page("no-sync");
	mkdir("all", 0755);
	rename("result", "all/first");
	saver_store();
	result = SAVER_EXPLORE("good", "--model", "ext4", "-o", "all/second", "--title", "a <b>");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("report", "--index", "all");
	lab_assert_status(&result, 0);
	ck_assert_str_eq(result.out, "2 results of 1 workloads: all/index.html\n");
	page = lab_read("all/index.html", NULL);
	ASSERT_HAS("<a href=\"#workload-1\">a &lt;b&gt;</a>");
	ASSERT_HAS("<th class=\"n\">ext4</th>");
	ASSERT_HAS("<td class=\"cell n good\">0</td>");
	ASSERT_HAS("findings of 2 runs: 1 0");
	ASSERT_HAS("1 gone");
	ck_assert_ptr_null(strstr(page, "<b>"));
	lab_remove("all/first");
	lab_write("all/second/result.json", "{}", 2);
	result = LAB_CRASHINJECT("report", "--index", "all", "--html", "index.html");
	lab_assert_status(&result, 3);
	page = lab_read("index.html", NULL);
	ASSERT_HAS("cannot be read");
	ASSERT_HAS("this is no result");
}
END_TEST

START_TEST(an_index_of_nothing_is_an_error)
{
	struct lab_result result;

	mkdir("all", 0755);
	result = LAB_CRASHINJECT("report", "--index", "all");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "there is no result below it"));
	result = LAB_CRASHINJECT("report", "--index", "all", "--junit", "j.xml");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "--index does not go together with --junit"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *tcase = lab_case(suite, "text", 60);

	tcase_add_test(tcase, it_can_be_read_without_scripts);
	tcase_add_test(tcase, it_asks_nobody_for_anything);
	tcase_add_test(tcase, names_stay_text);
	tcase = lab_case(suite, "data", 60);
	tcase_add_test(tcase, the_run_has_a_number_in_each_column_for_each_step);
	tcase_add_test(tcase, what_is_on_the_disk_is_what_replay_makes);
	tcase_add_test(tcase, the_lost_op_is_among_the_steps);
	tcase_add_test(tcase, what_is_too_much_is_said_to_be_left_out);
	tcase_add_test(tcase, shards_have_a_page_as_one);
	tcase = lab_case(suite, "index", 60);
	tcase_add_test(tcase, an_index_has_workloads_by_models);
	tcase_add_test(tcase, an_index_of_nothing_is_an_error);
	return lab_run(suite);
}
