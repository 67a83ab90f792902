/* SPDX-License-Identifier: MIT */
/*
 * check_results.c - what is kept of an exploration: that shards are put together only where they belong
 * together and then are what one exploration would have been, and that an interrupted one can be gone on
 * with.
 *
 * Method: a program with three mistakes is recorded once and explored as a whole. Then it is explored in
 * parts, or interrupted, or its result is changed, and compared with that.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/lab.h"

/* A rename of unsynced data, an acknowledgement of it, and a file that is gone for a while. */
#define PROGRAM                                                                                              \
	"sh", "-c",                                                                                          \
		"cd \"$CRASH_DIR\"; printf x >a.tmp; mv a.tmp a; printf y >b; echo done; : >c; rm b; "       \
		"printf z >b"
#define CLEAN "sh", "-c", "cd \"$CRASH_DIR\"; mkdir d; mkdir e"
#define CHECK                                                                                                \
	"cat * >/dev/null 2>&1\n"                                                                            \
	"[ ! -e a ] || [ -s a ] || { echo a is empty; exit 1; }\n"                                           \
	"! grep -q done \"$CRASH_ACKED\" || [ -e a ] || exit 2\n"                                            \
	"[ -e b ] || [ ! -e c ]"

static void make_store(void)
{
	lab_remove("store");
	mkdir("store", 0755);
	lab_write("store/old", "old", 3);
}

static void record(const char *trace)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", trace, "--", PROGRAM);
	lab_assert_status(&result, 0);
	make_store();
}

/* The checker as a script, outside of the data directory. */
static const char *script(const char *text)
{
	lab_write("check.sh", text, strlen(text));
	chmod("check.sh", 0755);
	return lab_text("sh %s/check.sh", lab_dir);
}

/* explore --model posix --check ... [OPTION]... TRACE */
static struct lab_result explore(const char *trace, const char *const *options)
{
	const char *argv[32] = {lab_variable("CRASHINJECT"), "explore", "--model", "posix", "--check", CHECK};
	size_t count = 6;

	while (*options)
		argv[count++] = *options++;
	argv[count] = trace;
	return lab_command(NULL, argv);
}

#define EXPLORE(trace, ...) explore(trace, (const char *const[]){__VA_ARGS__, NULL})

/* Explores a trace in n parts, into part-1 to part-n. */
static void explore_parts(const char *trace, int parts)
{
	for (int part = 1; part <= parts; part++) {
		struct lab_result result = EXPLORE(trace, "-o", lab_text("part-%d", part), "--shard",
						   lab_text("%d/%d", part, parts));

		ck_assert_msg(result.status == 0 || result.status == 1, "%s", lab_describe(&result));
	}
}

static void remove_parts(int parts)
{
	for (int part = 1; part <= parts; part++)
		lab_remove(lab_text("part-%d", part));
}

static void assert_same(json_t *is, json_t *expected)
{
	json_t *findings = json_object_get(expected, "findings");

	ck_assert_msg(json_equal(json_object_get(is, "findings"), findings), "%.1500s",
		      json_dumps(json_object_get(is, "findings"), JSON_SORT_KEYS));
	ck_assert_msg(json_equal(is, expected), "%.1500s is not %.1500s",
		      json_dumps(json_object_get(is, "summary"), JSON_SORT_KEYS),
		      json_dumps(json_object_get(expected, "summary"), JSON_SORT_KEYS));
}

/* It is refused, nothing is printed, and the message has these words. */
#define assert_refused(result, ...)                                                                          \
	do {                                                                                                 \
		const char *const words[] = {__VA_ARGS__};                                                   \
                                                                                                             \
		lab_assert_status(result, 125);                                                              \
		ck_assert_str_eq((result)->out, "");                                                         \
		for (size_t word = 0; word < sizeof words / sizeof *words; word++)                           \
			ck_assert_msg(strstr((result)->err, words[word]) != NULL, "no \"%s\" in: %s",        \
				      words[word], (result)->err);                                           \
	} while (0)

static void replace_in(const char *path, const char *from, const char *to)
{
	char *text = lab_read(path, NULL), *at = text ? strstr(text, from) : NULL;

	ck_assert_msg(at != NULL, "%s is not in %s", from, path);
	text = lab_text("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	lab_write(path, text, strlen(text));
}

/* ------------------------------------------------------------------ shards */

static const int divisions[] = {1, 2, 3, 7};

/*
 * Numbers of shards were once added up, with the states that several of them had looked at counted as often,
 * and causes were those of the first shard that had seen one.
 */
START_TEST(shards_are_what_one_exploration_would_have_been)
{
	const char *argv[16] = {lab_variable("CRASHINJECT"), "report", "--json"};
	struct lab_result result;
	json_t *whole;

	record("trace");
	result = EXPLORE("trace", "-o", "whole");
	lab_assert_status(&result, 1);
	whole = lab_essence_of_lines(LAB_CRASHINJECT("report", "--json", "whole").out);
	ck_assert_int_ge(json_array_size(json_object_get(whole, "findings")), 3);
	explore_parts("trace", divisions[_i]);
	for (int part = 1; part <= divisions[_i]; part++)
		argv[2 + part] = lab_text("part-%d", divisions[_i] + 1 - part); /* in any order */
	result = lab_command(NULL, argv);
	lab_assert_status(&result, 1);
	assert_same(lab_essence_of_lines(result.out), whole);
}
END_TEST

/* Each machine records for itself: where what was recorded is the same, it is the same recording. */
START_TEST(shards_may_record_for_themselves)
{
	struct lab_result result;

	make_store();
	for (int part = 1; part <= 2; part++)
		LAB_CRASHINJECT("explore", "--dir", "store", "--model", "posix", "--check", CHECK, "-o",
				lab_text("part-%d", part), "--shard", lab_text("%d/2", part), "--", PROGRAM);
	result = LAB_CRASHINJECT("report", "--json", "part-1", "part-2");
	lab_assert_status(&result, 1);
	ck_assert(lab_json_bool(json_object_get(lab_essence_of_lines(result.out), "summary"), "complete"));
}
END_TEST

START_TEST(a_missing_shard_is_named_and_makes_the_result_incomplete)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", CLEAN);
	make_store();
	explore_parts("trace", 3);
	result = LAB_CRASHINJECT("report", "part-3", "part-1");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the result of shard 2 of 3 is missing"), "%s", result.out);
	ck_assert_msg(strstr(result.out, "have no verdict in any of the results"), "%s", result.out);
	result = LAB_CRASHINJECT("report", "part-2");
	lab_assert_status(&result, 3);
	result = LAB_CRASHINJECT("report", "part-1", "part-2", "part-3");
	lab_assert_status(&result, 0);
}
END_TEST

/* Each said of itself what only all of them together prove. */
START_TEST(a_shard_alone_proves_nothing)
{
	struct lab_result result;

	record("trace");
	result = EXPLORE("trace", "-o", "part", "--shard", "2/3", "--html", "page.html");
	ck_assert_msg(strstr(result.out, " checked, which is this shard\n") &&
			      !strstr(result.out, "exhaustive:"),
		      "%s", result.out);
	ck_assert_ptr_null(
		strstr(lab_read("page.html", NULL), "every single unsynced op, or page of one, lost"));
}
END_TEST

/* One shard of very many was once taken for a whole. */
static const char *const no_shards[] = {
	"1/99999999999999999999", "1/4294967297", "4294967297/4294967297", "1/1000001", "0/2", "3/2", "1/2x"};

START_TEST(a_shard_that_cannot_be_is_refused)
{
	struct lab_result result;

	record("trace");
	result = EXPLORE("trace", "--shard", no_shards[_i]);
	assert_refused(&result, "--shard", "write K/N");
}
END_TEST

START_TEST(the_same_shard_twice_is_refused)
{
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	result = LAB_CRASHINJECT("report", "part-1", "part-1");
	assert_refused(&result, "part-1 and part-1 are both shard 1 of 2");
	result = LAB_COMMAND("cp", "-r", "part-1", "copy");
	result = LAB_CRASHINJECT("report", "part-1", "part-2", "copy");
	assert_refused(&result, "part-1 and copy are both shard 1 of 2");
	result = EXPLORE("trace", "-o", "whole");
	result = LAB_CRASHINJECT("report", "whole", "part-1");
	assert_refused(&result, "whole is shard 1 of 1", "part-1 is shard 1 of 2");
}
END_TEST

START_TEST(shards_of_another_division_are_refused)
{
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	result = EXPLORE("trace", "-o", "third", "--shard", "3/3");
	result = LAB_CRASHINJECT("report", "part-1", "third");
	assert_refused(&result, "part-1 is shard 1 of 2", "third is shard 3 of 3");
}
END_TEST

START_TEST(a_shard_of_another_recording_is_refused_with_the_op_that_differs)
{
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	lab_remove("part-2");
	result = LAB_CRASHINJECT(
		"record", "--dir", "store", "-o", "other", "--", "sh", "-c",
		"cd \"$CRASH_DIR\"; printf x >a.tmp; mv a.tmp a; printf w >b; echo done; : >c; rm b; "
		"printf z >b");
	result = EXPLORE("other", "-o", "part-2", "--shard", "2/2");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, "part-2 is of another recording than part-1", "write#2", "has other bytes",
		       "record once");
}
END_TEST

/* The ops are the same, and what they are done to is not. */
START_TEST(a_shard_of_another_starting_tree_is_refused)
{
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	lab_remove("part-2");
	make_store();
	lab_write("store/old", "new", 3);
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "other", "--", PROGRAM);
	result = EXPLORE("other", "-o", "part-2", "--shard", "2/2");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, "part-2 is of another recording than part-1");
}
END_TEST

static const struct {
	const char *name;
	const char *options[6];
	const char *says;
} others[] = {
	{"another checker", {"--check", "cat old"}, "its --check is cat old and not"},
	{"a recovery", {"--recover", "true"}, "its --recover is true and not none"},
	{"another model", {"--model", "ext4"}, "one of its models is ext4 and not posix"},
	{"more models", {"--model", "posix,ext4"}, "it has 2 models and not 1"},
	{"other tiers", {"--tiers", "prefix,cut"}, "its list of tiers is [\"prefix\",\"cut\"] and not"},
	{"another seed", {"--seed", "7"}, "its --seed is 7 and not 0"},
	{"more samples", {"--samples", "7"}, "its --samples is 7 and not 1000"},
	{"less patience", {"--check-timeout", "5s"}, "its --check-timeout (in milliseconds) is 5000 and not"},
};

START_TEST(a_shard_with_other_settings_is_refused)
{
	const char *argv[24] = {lab_variable("CRASHINJECT"),
				"explore",
				"--model",
				"posix",
				"--check",
				CHECK,
				"-o",
				"part-2",
				"--shard",
				"2/2"};
	struct lab_result result;
	size_t count = 10;

	record("trace");
	explore_parts("trace", 2);
	lab_remove("part-2");
	for (size_t i = 0; others[_i].options[i]; i++)
		argv[count++] = others[_i].options[i];
	argv[count] = "trace";
	result = lab_command(NULL, argv);
	ck_assert_msg(result.status <= 1, "%s", lab_describe(&result));
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, others[_i].says, "explore it again like the others");
}
END_TEST

/* The name of the script is the same, and it is another checker. */
START_TEST(a_shard_whose_script_had_other_contents_is_refused)
{
	struct lab_result result;

	record("trace");
	result = LAB_CRASHINJECT("explore", "--check", script(CHECK), "--shard=1/2", "-o", "part-1", "trace");
	result = LAB_CRASHINJECT("explore", "--check", script("exit 0"), "--shard=2/2", "-o", "part-2",
				 "trace");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, "its checker's file ", "/check.sh has other contents");
}
END_TEST

START_TEST(a_shard_whose_model_file_had_other_parameters_is_refused)
{
	struct lab_result result;

	record("trace");
	lab_copy(lab_text("%s/posix.ini", lab_variable("CRASHINJECT_MODELS")), "mine.ini");
	for (int part = 1; part <= 2; part++) {
		result = LAB_CRASHINJECT("explore", "--model", "./mine.ini", "--check", CHECK, "--shard",
					 lab_text("%d/2", part), "-o", lab_text("part-%d", part), "trace");
		ck_assert_msg(result.status <= 1, "%s", lab_describe(&result));
		if (part == 1)
			replace_in("mine.ini", "\ntear = 512", "\ntear = 4096");
	}
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, "tear of its model mine is 4096 and not 512");
}
END_TEST

/* ------------------------------------------------------------------ results that were changed */

START_TEST(a_result_that_was_changed_is_refused)
{
	static const char *const changes[][3] = {
		{"part-1/result.json", "\"failed\": ", "\"failed\": 1"},
		{"part-1/settings.json", "\"seed\": 0", "\"seed\": 5"},
		{"part-1/settings.json", "\"shard\": 1", "\"shard\": 2"},
		{"part-1/result.json", "\"digest\": \"", "\"digest\": \"0"},
	};
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	replace_in(changes[_i][0], changes[_i][1], changes[_i][2]);
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, changes[_i][0], "was changed since it was written");
}
END_TEST

START_TEST(files_of_another_result_are_refused)
{
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	result = LAB_COMMAND("cp", "part-1/settings.json", "part-2/settings.json");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, "part-2: settings.json and result.json are not of the same exploration");

	remove_parts(2);
	explore_parts("trace", 2);
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "other", "--", CLEAN);
	lab_copy("other", "part-1/trace");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	assert_refused(&result, "part-1/trace is not the recording that part-1 is of");
}
END_TEST

/* Verdicts of a checker that accepts everything, put in the place of others: none of them counts. */
START_TEST(verdicts_of_another_exploration_do_not_count)
{
	struct lab_result result;

	record("trace");
	explore_parts("trace", 2);
	result = LAB_CRASHINJECT("explore", "--model", "posix", "--check", LAB_READS, "-o", "easy", "trace");
	lab_assert_status(&result, 0);
	lab_copy("easy/verdicts", "part-1/verdicts");
	lab_copy("easy/verdicts", "part-2/verdicts");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	ck_assert_msg(result.status != 0 && strstr(result.out, "part-1/verdicts is damaged") &&
			      !strstr(result.out, "exhaustive:"),
		      "%s", lab_describe(&result));
	/* nor if they look as if they were: each line is sealed */
	result = LAB_COMMAND("sh", "-c", "rm -rf part-*");
	explore_parts("trace", 2);
	result = LAB_COMMAND("sh", "-c",
			     "{ head -n 1 part-1/verdicts; tail -n +2 easy/verdicts; } >mixed; "
			     "mv mixed part-1/verdicts");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	ck_assert_msg(strstr(result.out, "part-1/verdicts is damaged") &&
			      strstr(result.out, "have no verdict in any of the results"),
		      "%s", lab_describe(&result));
}
END_TEST

START_TEST(verdicts_that_are_gone_are_missed)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", CLEAN);
	make_store();
	explore_parts("trace", 2);
	result = LAB_COMMAND("sed", "-i", "$d", "part-2/verdicts");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "1 states have no verdict in any of the results"), "%s", result.out);
}
END_TEST

/* A state that fails here and passes there: nobody knows what is right. */
START_TEST(shards_that_disagree_about_a_state_are_flaky)
{
	struct lab_result result;

	record("trace");
	/* the final state is everybody's; only the second run of the checker accepts nothing else */
	result = LAB_CRASHINJECT(
		"explore", "--model", "kill", "--check",
		lab_text("cat old; [ ! -e %s/strict ] || { [ -s a ] && [ \"$(cat b)\" = z ] && [ -e c ]; }",
			 lab_dir),
		"--shard=1/2", "-o", "part-1", "trace");
	lab_assert_status(&result, 0);
	lab_write("strict", "", 0);
	result = LAB_CRASHINJECT(
		"explore", "--model", "kill", "--check",
		lab_text("cat old; [ ! -e %s/strict ] || { [ -s a ] && [ \"$(cat b)\" = z ] && [ -e c ]; }",
			 lab_dir),
		"--shard=2/2", "-o", "part-2", "trace");
	lab_assert_status(&result, 1);
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	ck_assert_msg(result.status == 1 && strstr(result.out, "the checker is flaky"), "%s",
		      lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ traces */

/* The manual's own line for a cluster once failed: the directory was not made. */
START_TEST(a_trace_is_explored_into_a_new_directory_that_has_all_of_it)
{
	struct lab_result result;
	json_t *replayed;

	record("trace");
	result = EXPLORE("trace", "--shard", "1/1", "-o", "kept");
	lab_assert_status(&result, 1);
	ck_assert_int_eq(unlink("trace"), 0);
	result = LAB_CRASHINJECT("list", "kept/trace");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("report", "kept");
	lab_assert_status(&result, 1);
	result = LAB_CRASHINJECT("replay", "kept", "posix@3-2", "state");
	lab_assert_status(&result, 0);
	lab_assert_file("state/old", "old");
	result = LAB_CRASHINJECT("replay", "--json", "kept", "posix@3-2", "again");
	lab_assert_status(&result, 0);
	replayed = json_array_get(lab_json_lines(result.out), 0);
	ck_assert_str_eq(lab_json_text(replayed, "state"), "posix@3-2");
	ck_assert_int_eq(lab_json_number(replayed, "step", -1), 3);
	ck_assert_uint_ge(json_array_size(json_object_get(replayed, "lost")), 1);
	ck_assert(lab_json_bool(replayed, "complete"));
	/* the line runs the checker as it is */
	ck_assert_int_ne(LAB_COMMAND("sh", "-c", lab_json_text(replayed, "check")).status, 0);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, 1);
}
END_TEST

/* Colours and lines of its own came from the name of a file. */
START_TEST(what_a_state_has_lost_says_nothing_to_the_terminal)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", "touch",
				 "store/a\n  lost: \033[31mb");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("replay", "trace", "posix@1=");
	lab_assert_status(&result, 0);
	ck_assert_msg(!strchr(result.out, '\033') && strstr(result.out, "a\\012  lost: \\033[31mb"), "%s",
		      result.out);
}
END_TEST

/* That nobody had recorded it was said of it. */
START_TEST(a_trace_that_is_cut_in_its_beginning_is_said_to_be)
{
	struct lab_result result;

	record("trace");
	ck_assert_int_eq(truncate("trace", 100), 0);
	result = EXPLORE("trace", "-o", "kept");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "cut short"), "%s", lab_describe(&result));
}
END_TEST

static const char *const lost_places[] = {"store", "gone/far/store"};

START_TEST(the_data_directory_need_not_exist_any_more)
{
	const char *place = lab_text("%s/%s", lab_dir, lost_places[_i]);
	struct lab_result result;

	result = LAB_COMMAND("mkdir", "-p", place);
	result = LAB_CRASHINJECT("record", "--dir", place, "-o", "trace", "--", "sh", "-c",
				 lab_text("cd %s; printf x >a.tmp; mv a.tmp a", place));
	lab_assert_status(&result, 0);
	lab_remove("store");
	lab_remove("gone");
	lab_write("seen", "", 0);
	/* what is beside it is there as always, and can be written to */
	result = LAB_CRASHINJECT("explore", "--json", "--model", "posix", "--check",
				 lab_text("pwd >>%s/seen; [ ! -e a ] || [ -s a ]", lab_dir), "-o", "kept",
				 "trace");
	lab_assert_status(&result, 1);
	if (!lab_sandboxes())
		LAB_SKIP("user namespaces with overlays are not to be had here");
	ck_assert(lab_json_bool(json_object_get(lab_essence_of_lines(result.out), "summary"),
				"directory_missing"));
	result = LAB_COMMAND("sort", "-u", "seen");
	ck_assert_str_eq(result.out, lab_text("%s\n", place));
	ck_assert_int_eq(lab_entries(place), -1);
	result = LAB_CRASHINJECT("report", "kept");
	ck_assert_msg(strstr(result.out, "does not exist: only the checkers saw it"), "%s", result.out);
}
END_TEST

/* Below the root directory itself. */
START_TEST(a_data_directory_without_any_parent_need_not_exist_either)
{
	const char *place = lab_text("/crashinject-test-%d/data", (int)getpid());
	struct lab_result result = LAB_COMMAND("mkdir", "-p", place);

	if (result.status)
		LAB_SKIP("nothing can be made in /");
	if (!lab_sandboxes())
		LAB_SKIP("user namespaces with overlays are not to be had here");
	result = LAB_CRASHINJECT("record", "--dir", place, "-o", "trace", "--", "sh", "-c",
				 lab_text("cd %s; printf x >a.tmp; mv a.tmp a", place));
	LAB_COMMAND("rm", "-r", lab_text("/crashinject-test-%d", (int)getpid()));
	lab_write("seen", "", 0);
	result = LAB_CRASHINJECT(
		"explore", "--check",
		lab_text("cat a >/dev/null 2>&1; pwd >>%s/seen; test -d /proc/self && test -e /dev/null",
			 lab_dir),
		"trace");
	lab_assert_status(&result, 0);
	result = LAB_COMMAND("sort", "-u", "seen");
	ck_assert_str_eq(result.out, lab_text("%s\n", place));
}
END_TEST

START_TEST(where_nothing_can_be_mounted_copies_do_for_a_lost_directory)
{
	struct lab_result result;

	record("trace");
	lab_remove("store");
	result = EXPLORE("trace", "--copy", "-o", "kept");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "states were checked on copies"), "%s", result.out);
	/* a file is in the way */
	lab_write("store", "", 0);
	result = EXPLORE("trace", "-o", "other");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, "states were checked on copies") != NULL, "%s", result.out);
	ck_assert_int_eq(unlink("store"), 0);
}
END_TEST

/* ------------------------------------------------------------------ going on */

/* As an exploration leaves it that was killed when it had checked so many states. */
static void cut_verdicts(const char *place, int lines, const char *torn)
{
	struct lab_result result = LAB_COMMAND("sh", "-c",
					       lab_text("cd %s && rm -f result.json && head -n %d verdicts "
							">cut && printf '%%s' '%s' >>cut && "
							"mv cut verdicts",
							place, lines + 1, torn));

	lab_assert_status(&result, 0);
}

static const char *const tears[] = {
	"",
	"3d3499b4e564394925f1",
	"3d3499b4e564394925f1ffb53ab7dc9d passed 0 0 1 - 0123456789abcdef",
	"\n",
	"3d3499b4e564394925f1ffb53ab7dc9d passed 0 0 1 - 0123456789abcdef\nmore\n",
};

/* What followed a torn line was once glued to it, and lost with it. */
START_TEST(an_exploration_that_was_killed_goes_on_to_the_same_result)
{
	struct lab_result result;
	json_t *whole;

	record("trace");
	result = EXPLORE("trace", "--json", "-o", "kept", "--jobs=1");
	whole = lab_essence_of_lines(result.out);
	for (int times = 0; times < 2; times++) {
		cut_verdicts("kept", 5, tears[_i]);
		result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
		lab_assert_status(&result, 1);
		assert_same(lab_essence_of_lines(result.out), whole);
		assert_same(lab_essence_of_lines(LAB_CRASHINJECT("report", "--json", "kept").out), whole);
	}
	/* and again, with nothing left to do, and no need of the budget: there once was no worker to ask */
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept", "--budget=1");
	assert_same(lab_essence_of_lines(result.out), whole);
}
END_TEST

/* The directory of the result is no part of what is explored. */
START_TEST(the_result_may_be_kept_in_the_data_directory)
{
	struct lab_result result;
	json_t *whole;

	make_store();
	ck_assert_int_eq(chdir("store"), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--model=posix", "--check", CHECK, "-o", "kept", "--",
				 PROGRAM);
	lab_assert_status(&result, 1);
	whole = lab_essence_of_lines(result.out);
	cut_verdicts("kept", 5, "");
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
	lab_assert_status(&result, 1);
	assert_same(lab_essence_of_lines(result.out), whole);
	result = LAB_CRASHINJECT("replay", "kept", "posix@3-2", "../state");
	lab_assert_status(&result, 0);
	ck_assert_int_eq(chdir(".."), 0);
	lab_assert_file("state/old", "old");
	ck_assert_int_eq(lab_entries("state/kept"), -1);
}
END_TEST

static const struct {
	const char *name;
	const char *options[8];
} kinds[] = {
	{"a list of tiers", {"--tiers", "prefix,pairs"}},
	{"a sample", {"--tiers", "prefix,sample", "--samples", "20", "--seed", "9"}},
	{"a shard", {"--shard", "2/3"}},
	{"copies", {"--copy"}},
	{"exhaustive", {"--exhaustive"}},
	{"a recovery", {"--recover", "rm -f c"}},
	{"models", {"--model", "ext4,xfs,kill"}},
};

/* Of all its settings, only some were once remembered. */
START_TEST(it_goes_on_with_the_settings_that_it_had)
{
	const char *argv[24] = {lab_variable("CRASHINJECT"),
				"explore",
				"--json",
				"--model",
				"posix",
				"--check",
				CHECK,
				"-o",
				"kept",
				"--dir",
				"store"};
	const char *const program[] = {PROGRAM, NULL};
	struct lab_result result;
	size_t count = 11;
	json_t *whole;

	make_store();
	for (size_t i = 0; kinds[_i].options[i]; i++)
		argv[count++] = kinds[_i].options[i];
	argv[count++] = "--";
	for (size_t i = 0; program[i]; i++)
		argv[count++] = program[i];
	result = lab_command(NULL, argv);
	ck_assert_msg(result.status <= 1, "%s", lab_describe(&result));
	whole = lab_essence_of_lines(result.out);
	ck_assert_int_gt(lab_json_number(json_object_get(whole, "summary"), "states", 0), 3);
	cut_verdicts("kept", 3, "");
	mkdir("elsewhere", 0755);
	ck_assert_int_eq(chdir("elsewhere"), 0);
	setenv("TEST_TOTAL_SHARDS", "5", 1); /* of some other job */
	setenv("TEST_SHARD_INDEX", "4", 1);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "../kept");
	ck_assert_int_eq(chdir(".."), 0);
	ck_assert_msg(result.status <= 1, "%s", lab_describe(&result));
	assert_same(lab_essence_of_lines(result.out), whole);
}
END_TEST

/* The program is the checker, and wants to be where it was. */
START_TEST(it_goes_on_in_the_directory_where_the_program_was)
{
	struct lab_result result;
	json_t *whole;

	make_store();
	lab_write("wanted", "", 0);
	result = LAB_CRASHINJECT("explore", "--json", "--dir", "store", "-o", "kept", "--", "sh", "-c",
				 "test -e wanted && cd store && echo 1 >f && echo 2 >>f");
	lab_assert_status(&result, 0);
	whole = lab_essence_of_lines(result.out);
	cut_verdicts("kept", 1, "");
	ck_assert_int_eq(chdir("store"), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "../kept");
	ck_assert_int_eq(chdir(".."), 0);
	lab_assert_status(&result, 0);
	assert_same(lab_essence_of_lines(result.out), whole);
}
END_TEST

/* What was flaky before it was interrupted was once forgotten: the result became complete. */
START_TEST(what_was_flaky_stays_so)
{
	struct lab_result result;

	record("trace");
	result = LAB_CRASHINJECT("explore", "--model=kill", "--check",
				 lab_text("[ \"$CRASH_POINT\" != rename#1:after ] || [ -e %s/once ] || "
					  "{ touch %s/once; exit 1; }",
					  lab_dir, lab_dir),
				 "-o", "kept", "trace");
	lab_assert_status(&result, 3);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, "the checker is flaky: 1 states"), "%s", result.out);
}
END_TEST

START_TEST(where_nothing_was_recorded_it_says_so_and_can_start_again)
{
	struct lab_result result;

	make_store();
	mkdir("kept", 0755);
	lab_write("kept/.trace", "crashinject-trace\n", 18);
	lab_write("kept/verdicts", "", 0);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	assert_refused(&result, "--resume kept: nothing was recorded", "start again with --output kept");
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--check", LAB_READS, "-o", "kept", "--",
				 PROGRAM);
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--check", LAB_READS, "-o", "kept", "--",
				 PROGRAM);
	assert_refused(&result, "there is a result already");
	result = LAB_CRASHINJECT("explore", "--resume", "nowhere");
	assert_refused(&result, "--resume nowhere: No such file");
}
END_TEST

START_TEST(it_does_not_go_on_with_another_checker_or_recording)
{
	struct lab_result result;

	record("trace");
	result = LAB_CRASHINJECT("explore", "--model=posix", "--check", script(CHECK), "-o", "kept", "trace");
	cut_verdicts("kept", 5, "");
	script("exit 0");
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	assert_refused(&result, "--resume kept", "/check.sh has other contents", "start again");
	script(CHECK);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, 1);
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "other", "--", CLEAN);
	lab_copy("other", "kept/trace");
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	assert_refused(&result, "--resume kept", "it is of another recording");
}
END_TEST

/* The file may change or go: the states that were checked are those of the model as it was. */
START_TEST(it_goes_on_with_the_model_as_it_was)
{
	struct lab_result result;
	json_t *whole;

	record("trace");
	lab_copy(lab_text("%s/posix.ini", lab_variable("CRASHINJECT_MODELS")), "mine.ini");
	result = LAB_CRASHINJECT("explore", "--json", "--model=mine.ini", "--check", CHECK, "-o", "kept",
				 "trace");
	whole = lab_essence_of_lines(result.out);
	cut_verdicts("kept", 5, "");
	ck_assert_int_eq(unlink("mine.ini"), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
	assert_same(lab_essence_of_lines(result.out), whole);
	result = LAB_CRASHINJECT("replay", "kept", "mine@3-2", "state");
	lab_assert_status(&result, 0);
}
END_TEST

static const char *const refused[][2] = {
	{"--check", "true"}, {"--recover", "true"}, {"--shard", "1/2"}, {"--seed", "1"}, {"-o", "more"},
};

START_TEST(options_that_would_make_another_exploration_are_refused)
{
	struct lab_result result;

	record("trace");
	result = EXPLORE("trace", "-o", "kept");
	result = LAB_CRASHINJECT("explore", "--resume", "kept", refused[_i][0], refused[_i][1]);
	assert_refused(&result, "--resume and", "do not go together");
	result = LAB_CRASHINJECT("explore", "--resume", "kept", "--", "true");
	assert_refused(&result, "the program is known");
}
END_TEST

/* The run is over: a rule that could not apply was once ignored without a word. */
static const char *const of_runs[][2] = {
	{"--at", "mkdir#1:err=EIO"}, {"--setup", "true"}, {"--max-trace", "1M"}};

START_TEST(options_of_a_run_are_refused_beside_its_trace)
{
	struct lab_result result;

	record("trace");
	result = EXPLORE("trace", of_runs[_i][0], of_runs[_i][1]);
	assert_refused(&result, of_runs[_i][0], "and a trace do not go together");
	result = LAB_CRASHINJECT("lint", of_runs[_i][0], of_runs[_i][1], "trace");
	assert_refused(&result, of_runs[_i][0], "and a trace do not go together");
}
END_TEST

/* A byte that no checksum speaks of: of a file that the program never touched. */
START_TEST(a_state_is_replayed_of_the_recording_that_was_explored)
{
	struct lab_result result;
	char *trace, *at;
	size_t size;

	make_store();
	lab_write("store/conf", "mode=good", 9);
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--check", LAB_READS, "-o", "kept", "--",
				 PROGRAM);
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("replay", "kept", "kill@1", "state");
	lab_assert_status(&result, 0);
	lab_assert_file("state/conf", "mode=good");
	trace = lab_read("kept/trace", &size);
	at = memmem(trace, size, "mode=good", 9);
	ck_assert_ptr_nonnull(at);
	memcpy(at, "mode=evil", 9);
	lab_write("kept/trace", trace, size);
	result = LAB_CRASHINJECT("replay", "kept", "kill@1", "other");
	assert_refused(&result, "kept/trace is not the recording that kept is of");
	ck_assert_int_eq(access("other", F_OK), -1);
}
END_TEST

START_TEST(a_directory_is_no_baseline)
{
	struct lab_result result;

	record("trace");
	result = EXPLORE("trace", "--baseline", ".");
	assert_refused(&result, "--baseline .: Is a directory");
}
END_TEST

/* Fewer tiers once took the place of those that had found something. */
static const char *const more_tiers[] = {"--tiers=prefix", "--exhaustive", "--tiers=prefix,pairs"};

START_TEST(tiers_that_it_had_stay)
{
	struct lab_result result;
	const json_t *tier;
	bool keeps = false;
	json_t *lines;
	size_t i;

	record("trace");
	result = EXPLORE("trace", "-o", "kept");
	lab_assert_status(&result, 1);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept", more_tiers[_i]);
	lab_assert_status(&result, 1);
	lines = lab_json_lines(result.out);
	json_array_foreach(
		json_object_get(json_object_get(json_array_get(lines, json_array_size(lines) - 1), "summary"),
				"tiers"),
		i, tier)
		keeps |= strcmp(lab_json_text(tier, "tier"), "omit-1") == 0;
	ck_assert_msg(keeps, "%s", result.out);
	result = LAB_CRASHINJECT("report", "kept");
	lab_assert_status(&result, 1);
}
END_TEST

/* Two at once would write over each other. */
START_TEST(only_one_works_in_a_directory)
{
	struct lab_result result;
	pid_t pid;

	record("trace");
	pid = fork();
	if (pid == 0) {
		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
		execl(lab_variable("CRASHINJECT"), "crashinject", "explore", "-q", "--check",
		      lab_text("cat old; touch %s/begun; while [ ! -e %s/end ]; do sleep 0.01; done", lab_dir,
			       lab_dir),
		      "-o", "kept", "trace", (char *)NULL);
		_exit(127);
	}
	LAB_AWAIT(access("begun", F_OK) == 0);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	assert_refused(&result, "another crashinject uses kept");
	lab_write("end", "", 0);
	LAB_AWAIT(access("kept/result.json", F_OK) == 0);
	LAB_AWAIT(!lab_lives(pid));
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, 0);
}
END_TEST

/* What was found without a directory is kept in one that is whole. */
START_TEST(a_result_that_nobody_asked_for_can_be_gone_on_with)
{
	struct lab_result result;
	char *at, *place;

	make_store();
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--model=posix", "--check", CHECK, "--",
				 PROGRAM);
	lab_assert_status(&result, 1);
	at = strstr(result.err, "the result is in ");
	ck_assert_msg(at != NULL, "%s", result.err);
	place = lab_text("%.*s", (int)strcspn(at + 17, "\n"), at + 17);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", place);
	lab_assert_status(&result, 1);
	ck_assert_int_gt(
		lab_json_number(
			json_object_get(json_array_get(lab_json_lines(result.out),
						       json_array_size(lab_json_lines(result.out)) - 1),
					"summary"),
			"known_before", 0),
		10);
	lab_remove(place);
}
END_TEST

/* ------------------------------------------------------------------ in which order */

/* Of what was found, how far the sweeps came is no part. */
static json_t *without_sweeps(json_t *essence)
{
	json_object_del(json_object_get(essence, "summary"), "sweeps");
	return essence;
}

static const struct {
	const char *options[4];
} orders[] = {
	{{"--jobs=1", "--model=posix"}},
	{{"--jobs=4", "--model=kill,ext4,posix"}},
	{{"--jobs=3", "--model=xfs,btrfs", "--tiers=omit-1,pairs,sample"}},
	{{"--jobs=2", "--model=ext4-writeback", "--exhaustive"}},
};

/* Representatives have their verdicts first, and names, numbers and causes as if they had not. */
START_TEST(in_whichever_order_the_result_is_the_same)
{
	const char *const *options = orders[_i].options;
	struct lab_result result;
	json_t *whole;

	record("trace");
	result = EXPLORE("trace", "--json", "--order=trace", "-o", "kept", options[0], options[1],
			 options[2] ? options[2] : "--seed=0");
	lab_assert_status(&result, 1);
	whole = without_sweeps(lab_essence_of_lines(result.out));
	result = EXPLORE("trace", "--json", "--order=sweeps", "-o", "swept", options[0], options[1],
			 options[2] ? options[2] : "--seed=0");
	lab_assert_status(&result, 1);
	assert_same(without_sweeps(lab_essence_of_lines(result.out)), whole);
	result = LAB_COMMAND("sh", "-c",
			     "for place in kept swept; do sed 1d $place/verdicts | cut -d' ' -f1,2; done | "
			     "sort | uniq -c | grep -v ' 2 ' | head -n 5");
	ck_assert_str_eq(result.out, "");
	/* begun in one order, and ended in the other */
	cut_verdicts("swept", 7, "");
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "swept", "--order=trace");
	assert_same(without_sweeps(lab_essence_of_lines(result.out)), whole);
	cut_verdicts("kept", 7, "");
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
	assert_same(without_sweeps(lab_essence_of_lines(result.out)), whole);
}
END_TEST

START_TEST(shards_in_different_orders_are_one_exploration)
{
	struct lab_result result;
	json_t *whole;

	record("trace");
	result = EXPLORE("trace", "-o", "whole");
	whole = lab_essence_of_lines(LAB_CRASHINJECT("report", "--json", "whole").out);
	result = EXPLORE("trace", "-o", "part-1", "--shard=1/2", "--order=trace");
	result = EXPLORE("trace", "-o", "part-2", "--shard=2/2");
	result = LAB_CRASHINJECT("report", "--json", "part-2", "part-1");
	lab_assert_status(&result, 1);
	assert_same(lab_essence_of_lines(result.out), whole);
}
END_TEST

/* Many files are replaced as they should be, and the last is not. */
#define LATE                                                                                                 \
	"sh", "-c",                                                                                          \
		"cd \"$CRASH_DIR\"; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do printf $i >f.tmp; "     \
		"sync "                                                                                      \
		"f.tmp; mv f.tmp f; sync .; done; printf last >g.tmp; mv g.tmp g"
#define LATE_CHECK "[ ! -e g ] || [ -s g ]"

START_TEST(what_is_wrong_at_the_end_is_found_within_a_budget)
{
	struct lab_result result;
	const char *said;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", LATE);
	make_store();
	result = LAB_CRASHINJECT("explore", "--model=ext4", "--check", LATE_CHECK, "--budget=45",
				 "--order=trace", "trace");
	lab_assert_status(&result, 3);
	said = "the budget ran out before all states were checked: they were checked from the trace's";
	ck_assert_msg(strstr(result.out, said) != NULL, "%s", result.out);
	result = LAB_CRASHINJECT("explore", "--model=ext4", "--check", LATE_CHECK, "--budget=45", "trace");
	lab_assert_status(&result, 1);
	ck_assert_msg(strstr(result.out, " states, over the whole trace\n") != NULL, "%s", result.out);
	/* a few are not the whole trace */
	result = LAB_CRASHINJECT("explore", "--model=ext4", "--check", LATE_CHECK, "--budget=4", "trace");
	lab_assert_status(&result, 3);
	ck_assert_msg(strstr(result.out, " states were, over a part of the trace\n") &&
			      !strstr(result.out, "the whole trace"),
		      "%s", result.out);
}
END_TEST

/* ------------------------------------------------------------------ output that does not arrive */

static const struct {
	const char *words[16];
} printing[] = {
	{{"list", "--", "true"}},
	{{"list", "--json", "--", "true"}},
	{{"list", "--calls"}},
	{{"list", "--points", "true"}},
	{{"list", "trace"}},
	{{"run", "--json", "--at", "write#1", "--", "sh", "-c", "echo >f"}},
	{{"models"}},
	{{"models", "--json"}},
	{{"models", "posix"}},
	{{"report", "kept"}},
	{{"report", "--json", "kept"}},
	{{"replay", "kept", "posix@3-2"}},
	{{"explore", "--check", LAB_READS, "trace"}},
	{{"explore", "--json", "--model", "posix", "--check", "test ! -e a", "trace"}},
	{{"lint", "trace"}},
	{{"lint", "--json", "trace"}},
	{{"lint", "--rules", "help"}},
	{{"explore", "--help"}},
	{{"--help"}},
	{{"--version"}},
};

START_TEST(what_is_printed_to_a_full_device_is_a_failure)
{
	const char *words = "";
	struct lab_result result;

	record("trace");
	EXPLORE("trace", "-o", "kept");
	for (size_t i = 0; printing[_i].words[i]; i++)
		words = lab_text("%s '%s'", words, printing[_i].words[i]);
	result =
		LAB_COMMAND("sh", "-c", lab_text("\"%s\" %s >/dev/full", lab_variable("CRASHINJECT"), words));
	ck_assert_msg(result.status == 125, "%s: %s", words, lab_describe(&result));
	ck_assert_msg(strstr(result.err, "standard output: No space left on device"), "%s: %s", words,
		      result.err);
	/* and so is a file that an option names */
	if (strstr(words, "--json")) {
		words = lab_text("%.*s--json=/dev/full%s", (int)(strstr(words, "--json") - words - 1), words,
				 strstr(words, "--json") + 7);
		result = LAB_COMMAND("sh", "-c", lab_text("\"%s\" %s", lab_variable("CRASHINJECT"), words));
		ck_assert_msg(result.status == 125 && strstr(result.err, "--json=/dev/full: No space left"),
			      "%s: %s", words, lab_describe(&result));
	}
}
END_TEST

/* With nothing to print to, the first file that is opened would get what is printed: it was the trace. */
START_TEST(what_is_printed_goes_into_no_file_of_ours)
{
	struct lab_result result;

	make_store();
	result = LAB_COMMAND("sh", "-c",
			     lab_text("\"%s\" explore --dir store --check '" LAB_READS
				      "' -o kept -- sh -c 'echo >store/f' "
				      "<&- >&- 2>&-",
				      lab_variable("CRASHINJECT")));
	lab_assert_status(&result, 125);
	result = LAB_CRASHINJECT("report", "kept");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("list", "kept/trace");
	lab_assert_status(&result, 0);
}
END_TEST

/* What is lost there is what it says itself. */
START_TEST(a_message_that_does_not_arrive_is_a_failure)
{
	struct lab_result result =
		LAB_COMMAND("sh", "-c",
			    lab_text("\"%s\" run --at write#1 -- sh -c 'echo >f' 2>/dev/full",
				     lab_variable("CRASHINJECT")));

	lab_assert_status(&result, 125);
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

int main(void)
{
	Suite *suite = suite_create("results");
	TCase *shards = lab_case(suite, "shards", 120), *changed = lab_case(suite, "changed", 120);
	TCase *traces = lab_case(suite, "traces", 120), *going = lab_case(suite, "going on", 120);
	TCase *output = lab_case(suite, "output", 60), *options = lab_case(suite, "options", 60);

	tcase_add_test(shards, shards_in_different_orders_are_one_exploration);
	tcase_add_test(shards, what_is_wrong_at_the_end_is_found_within_a_budget);
	tcase_add_loop_test(shards, in_whichever_order_the_result_is_the_same, 0, COUNT(orders));
	tcase_add_loop_test(shards, shards_are_what_one_exploration_would_have_been, 0, COUNT(divisions));
	tcase_add_test(shards, shards_may_record_for_themselves);
	tcase_add_test(shards, a_missing_shard_is_named_and_makes_the_result_incomplete);
	tcase_add_test(shards, a_shard_alone_proves_nothing);
	tcase_add_test(shards, the_same_shard_twice_is_refused);
	tcase_add_test(shards, shards_of_another_division_are_refused);
	tcase_add_test(shards, a_shard_of_another_recording_is_refused_with_the_op_that_differs);
	tcase_add_test(shards, a_shard_of_another_starting_tree_is_refused);
	tcase_add_loop_test(shards, a_shard_with_other_settings_is_refused, 0, COUNT(others));
	tcase_add_test(shards, a_shard_whose_script_had_other_contents_is_refused);
	tcase_add_test(shards, a_shard_whose_model_file_had_other_parameters_is_refused);
	tcase_add_loop_test(changed, a_result_that_was_changed_is_refused, 0, 4);
	tcase_add_test(changed, files_of_another_result_are_refused);
	tcase_add_test(changed, verdicts_of_another_exploration_do_not_count);
	tcase_add_test(changed, verdicts_that_are_gone_are_missed);
	tcase_add_test(changed, shards_that_disagree_about_a_state_are_flaky);
	tcase_add_test(traces, a_trace_is_explored_into_a_new_directory_that_has_all_of_it);
	tcase_add_test(traces, what_a_state_has_lost_says_nothing_to_the_terminal);
	tcase_add_test(traces, a_trace_that_is_cut_in_its_beginning_is_said_to_be);
	tcase_add_loop_test(traces, the_data_directory_need_not_exist_any_more, 0, COUNT(lost_places));
	tcase_add_test(traces, a_data_directory_without_any_parent_need_not_exist_either);
	tcase_add_test(traces, where_nothing_can_be_mounted_copies_do_for_a_lost_directory);
	tcase_add_loop_test(going, an_exploration_that_was_killed_goes_on_to_the_same_result, 0,
			    COUNT(tears));
	tcase_add_test(going, the_result_may_be_kept_in_the_data_directory);
	tcase_add_loop_test(going, it_goes_on_with_the_settings_that_it_had, 0, COUNT(kinds));
	tcase_add_test(going, it_goes_on_in_the_directory_where_the_program_was);
	tcase_add_test(going, what_was_flaky_stays_so);
	tcase_add_test(going, where_nothing_was_recorded_it_says_so_and_can_start_again);
	tcase_add_test(going, it_does_not_go_on_with_another_checker_or_recording);
	tcase_add_test(going, it_goes_on_with_the_model_as_it_was);
	tcase_add_loop_test(going, options_that_would_make_another_exploration_are_refused, 0,
			    COUNT(refused));
	tcase_add_loop_test(options, options_of_a_run_are_refused_beside_its_trace, 0, COUNT(of_runs));
	tcase_add_test(options, a_directory_is_no_baseline);
	tcase_add_loop_test(options, tiers_that_it_had_stay, 0, COUNT(more_tiers));
	tcase_add_test(changed, a_state_is_replayed_of_the_recording_that_was_explored);
	tcase_add_loop_test(options, a_shard_that_cannot_be_is_refused, 0, COUNT(no_shards));
	tcase_add_test(going, only_one_works_in_a_directory);
	tcase_add_test(going, a_result_that_nobody_asked_for_can_be_gone_on_with);
	tcase_add_loop_test(output, what_is_printed_to_a_full_device_is_a_failure, 0, COUNT(printing));
	tcase_add_test(output, what_is_printed_goes_into_no_file_of_ours);
	tcase_add_test(output, a_message_that_does_not_arrive_is_a_failure);
	return lab_run(suite);
}
