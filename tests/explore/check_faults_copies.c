/* SPDX-License-Identifier: MIT */
/*
 * check_faults_copies.c - faults without overlays says what it says with them.
 *
 * Method. The same sweep in three ways: on overlays, on copies that are mounted over the data directory
 * (--copy), and on copies at other paths, where nothing can be mounted. Findings and numbers are the same.
 */
#include "tests/run/lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/world.h"

enum way { OVERLAYS, MOUNTED, ELSEWHERE, WAYS };

/* The command as it has to do without something. */
static size_t begin_command(enum way way, const char *argv[64])
{
	size_t count = 0;

	if (way == ELSEWHERE) {
		memcpy(argv, ((const char *[]){LAB_WITHOUT_NAMESPACES}), 3 * sizeof *argv);
		count = 3;
	}
	argv[count++] = lab_variable("CRASHINJECT");
	argv[count++] = "faults";
	if (way == MOUNTED)
		argv[count++] = "--copy";
	argv[count++] = "--json";
	argv[count++] = "--quiet";
	return count;
}

static void make_store(void)
{
	setenv("LAB", lab_dir, 1);
	ck_assert_int_eq(system("rm -rf store && mkdir -p store/d/e && echo old >store/old && "
				"echo deep >store/d/e/deep && head -c 200000 /dev/zero >store/large && "
				"ln store/old store/d/other"),
			 0);
}

/* Of the words of a command, as an array. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct lab_result faults(enum way way, const char *const *words)
{
	const char *argv[64];
	size_t count = begin_command(way, argv);

	argv[count++] = "--dir=store";
	while (*words)
		argv[count++] = *words++;
	argv[count] = NULL;
	make_store();
	return lab_command(NULL, argv);
}

#define FAULTS(way, ...) faults(way, WORDS(__VA_ARGS__))

/* On an empty directory. */
static struct lab_result store_faults(enum way way, const char *bug, const char *scenario,
				      const char *const *options)
{
	const char *argv[64], *helper = lab_variable("HELPER");
	size_t count = begin_command(way, argv);

	argv[count++] = "--dir=store";
	argv[count++] = "--check";
	argv[count++] = lab_text("%s verify . \"$CRASH_ACKED\"", helper);
	while (*options)
		argv[count++] = *options++;
	argv[count++] = "--";
	argv[count++] = helper;
	argv[count++] = "--commits";
	argv[count++] = "2";
	if (bug) {
		argv[count++] = "--bug";
		argv[count++] = bug;
	}
	argv[count++] = scenario;
	argv[count] = NULL;
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	return lab_command(NULL, argv);
}

#define STORE_FAULTS(way, bug, scenario, ...) store_faults(way, bug, scenario, WORDS(__VA_ARGS__))

static json_t *summary_of(const struct lab_result *result)
{
	return json_object_get(lab_essence_of_lines(result->out), "summary");
}

static const json_t *findings_of(const struct lab_result *result)
{
	return json_object_get(lab_essence_of_lines(result->out), "findings");
}

/* All but where it was looked at; the program may say that, too. */
static const char *what_is_said(const struct lab_result *result)
{
	json_t *essence = lab_essence_of_lines(result->out), *summary = json_object_get(essence, "summary"),
	       *finding;
	size_t i;

	json_object_del(summary, "namespaces");
	json_object_del(summary, "why_no_namespaces");
	json_array_foreach(json_object_get(essence, "findings"), i, finding)
		json_object_del(finding, "said");
	return json_dumps(essence, JSON_SORT_KEYS | JSON_INDENT(1));
}

/* From where they differ on, a few lines: check's messages have an end. */
static void assert_same(const struct lab_result *one, const struct lab_result *other)
{
	const char *expected = what_is_said(one), *is = what_is_said(other);
	int same = 0, line = 0;

	ck_assert_int_eq(one->status, other->status);
	for (; expected[same] && expected[same] == is[same]; same++)
		line = expected[same] == '\n' ? same : line;
	ck_assert_msg(strcmp(expected, is) == 0, "%.500s\nis not\n%.500s", is + line, expected + line);
}

static void assert_way(enum way way, const struct lab_result *result)
{
	const json_t *summary = summary_of(result);

	ck_assert(lab_json_bool(summary, "namespaces") == (way != ELSEWHERE));
	ck_assert((lab_json_text(summary, "why_no_namespaces") != NULL) == (way != OVERLAYS));
}

/* ------------------------------------------------------------------ the same */

static const struct {
	const char *bug, *scenario, *errors;
	int status;
} stores[] = {
	{NULL, "wal", "--errors=EIO", 0},
	{"wal-ignores-write-error", "wal", "--errors=ENOSPC,SHORT", 1},
	{"wal-ignores-sync-error", "wal", "--errors=EIO", 1},
	{"snapshot-ignores-full", "snapshot", "--errors=ENOSPC", 1},
	{"checkpoint-unlinks-after-rename", "checkpoint", "--errors=EIO", 1},
};

START_TEST(a_store_has_the_same_findings_on_copies)
{
	struct lab_result results[WAYS];

	for (enum way way = OVERLAYS; way < WAYS; way++) {
		results[way] = STORE_FAULTS(way, stores[_i].bug, stores[_i].scenario, stores[_i].errors,
					    _i < 2 ? "--sticky" : "--jobs=2");
		lab_assert_status(&results[way], stores[_i].status);
		ck_assert(lab_json_bool(summary_of(&results[way]), "complete"));
		if (lab_sandboxes())
			assert_way(way, &results[way]);
		assert_same(&results[OVERLAYS], &results[way]);
		if (stores[_i].status == 0)
			ck_assert_int_eq(lab_entries("store"), 0);
	}
}
END_TEST

static const struct {
	const char *check, *program, *kinds;
} scripts[] = {
	/* what nobody looks at, with the file's name in what is said */
	{"cat ./* d/* || :", "cd \"$CRASH_DIR\"; echo a >f || exit; rm f 2>/dev/null || echo \"$PWD/f\"", ""},
	{"cat ./* d/* || :", "cd store; echo a >f || exit; rm f 2>/dev/null || :; echo \"in $PWD\"",
	 "ignored"},
	/* what it is given, and where it works, are the directory; and a path leads out of it */
	{"cat old && test -e \"$LAB/lab\" && test -e ../lab && cat \"$CRASH_DIR/d/other\"",
	 "cd store && mv old new; mv new old || mv new old", ""},
	{"test \"$(cat old)\" = old || cat \"$CRASH_DIR/old\"; test -s old",
	 "cd store; echo new >tmp; mv tmp old; : >old; echo new >old", "inconsistent"},
	/* PWD is where it works, also for who looks at nothing else */
	{"[ ! -s f ] || grep -qx good f",
	 "tr '\\0' '\\n' </proc/$$/environ | grep -qxF \"PWD=$(pwd -P)\" && w=good || w=bad; echo $w "
	 ">store/f",
	 ""},
	/* the program is in its directory */
	{"cat ./* || :",
	 "cd store && dd if=/bin/ln of=ln bs=1M 2>/dev/null && chmod 755 ln && ./ln -s a b; mv b c || kill "
	 "-SEGV $$",
	 "crashed"},
};

/* The kinds of its findings, with commas between them. */
static const char *kinds_of(const struct lab_result *result)
{
	const json_t *findings = findings_of(result), *finding;
	const char *text = "";
	size_t i;

	json_array_foreach(findings, i, finding)
		if (!strstr(text, lab_json_text(finding, "kind")))
			text = lab_text("%s%s%s", text, *text ? "," : "", lab_json_text(finding, "kind"));
	return text;
}

START_TEST(a_script_has_the_same_findings_on_copies)
{
	struct lab_result results[WAYS];

	lab_write("lab", "", 0);
	setenv("PWD", lab_dir, 1);
	for (enum way way = OVERLAYS; way < WAYS; way++) {
		results[way] = FAULTS(way, "--errors=EIO", "--exit-ok=any", "--check", scripts[_i].check,
				      "--", "sh", "-c", scripts[_i].program);
		ck_assert_msg(strcmp(kinds_of(&results[way]), scripts[_i].kinds) == 0, "%s",
			      lab_describe(&results[way]));
		ck_assert(lab_json_bool(summary_of(&results[way]), "complete"));
		assert_same(&results[OVERLAYS], &results[way]);
	}
}
END_TEST

START_TEST(power_losses_after_a_fault_are_the_same_on_copies)
{
	struct lab_result results[WAYS];

	for (enum way way = OVERLAYS; way < WAYS; way++) {
		results[way] =
			STORE_FAULTS(way, "wal-retries-sync", "wal", "--errors=EIO", "--then-crash=ext4");
		lab_assert_status(&results[way], 1);
		ck_assert_str_eq(kinds_of(&results[way]), "lost");
		assert_same(&results[OVERLAYS], &results[way]);
	}
}
END_TEST

/* Recovery changes what it finds, and its failure is a finding. */
START_TEST(recovery_is_the_same_on_copies)
{
	struct lab_result results[WAYS];

	for (enum way way = OVERLAYS; way < WAYS; way++) {
		results[way] = FAULTS(way, "--errors=EIO", "--recover", "[ ! -e half ] || mv half old",
				      "--check", "grep -q . old", "--", "sh", "-c",
				      "cd store; echo new >half; rm d/other; exit 0");
		lab_assert_status(&results[way], 1);
		ck_assert_str_eq(kinds_of(&results[way]), "inconsistent");
		assert_same(&results[OVERLAYS], &results[way]);
	}
}
END_TEST

/* ------------------------------------------------------------------ each run begins anew */

/* Whatever a run does, and there is also nothing beside the copy that another one has made. */
static const char changes[] =
	"dirty() { echo dirty; kill -SEGV $$; }\n"
	"cd \"$CRASH_DIR\"; [ \"$(find . | sort | tr '\\n' ' ')\" = \"$EXPECTED\" ] || dirty\n"
	"[ \"$(cat old d/other d/e/deep | tr '\\n' ' ')\" = 'old old deep ' ] || dirty\n"
	"[ \"$(stat -c %a-%h old d/e | tr '\\n' ' ')\" = \"$MODES\" ] || dirty\n"
	"[ ! -s large ] || [ -z \"$(tr -d '\\0' <large)\" ] || dirty\n"
	"[ -z \"$BESIDE\" ] || [ ! -e ../beside ] || dirty\n"
	"[ -z \"$BESIDE\" ] || echo x >../beside\n"
	"echo new >old || echo failed\nmv d/e f || echo failed\nchmod 0 old || echo failed\n"
	"dd if=/dev/urandom of=large bs=1000 count=1 conv=notrunc 2>/dev/null || echo failed\n"
	"mkdir d/e || echo failed\necho other >f/deep || echo failed\nrm -f d/other || echo failed\n";

START_TEST(each_run_has_the_starting_tree)
{
	const char *programs[] = {
		changes,
		/* the directory itself is another one */
		lab_text("%scd ..; rm -rf \"$CRASH_DIR\"/* || echo failed; [ -z \"$BESIDE\" ] || "
			 "{ mv \"$CRASH_DIR\" gone && ln -s \"$LAB/precious\" \"$CRASH_DIR\"; }\n",
			 changes),
	};
	struct lab_result result;

	make_store();
	ck_assert_int_eq(mkdir("precious", 0755), 0);
	lab_write("precious/file", "precious", 8);
	setenv("EXPECTED", ". ./d ./d/e ./d/e/deep ./d/other ./large ./old ", 1);
	setenv("MODES", LAB_COMMAND("sh", "-c", "cd store; stat -c %a-%h old d/e | tr '\\n' ' '").out, 1);
	for (enum way way = OVERLAYS; way < WAYS; way++)
		for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
			setenv("BESIDE", way == ELSEWHERE ? "1" : "", 1);
			result = FAULTS(way, "--errors=EIO,ENOSPC", "--exit-ok=any", "--check",
					"cat ./* || :", "--", "sh", "-c", programs[i]);
			ck_assert_msg(!strstr(kinds_of(&result), "crashed"), "%s", lab_describe(&result));
			ck_assert_int_gt(lab_json_number(summary_of(&result), "checked", 0), 10);
			lab_assert_file("precious/file", "precious");
			lab_assert_file("store/old", "old\n");
		}
}
END_TEST

/* ------------------------------------------------------------------ what is not possible */

static const char *text_of_reasons(const struct lab_result *result)
{
	const json_t *reasons = json_object_get(summary_of(result), "incomplete_reasons"), *reason;
	const char *text = "";
	size_t i;

	json_array_foreach(reasons, i, reason)
		text = lab_text("%s%s\n", text, json_string_value(reason));
	return text;
}

/* What leads to the original: program and checker, and words for it; NULL: nothing does. */
static const struct {
	const char *program, *check, *named;
} lookers[] = {
	{"cd store && echo new >old", "cat %s/store/old", "/store/old\" names the original;"},
	{"cd store && echo new >old", "sh ../look.sh", "/look.sh\" names the original by $PLACE;"},
	{"cd store && cat \"$PLACE/old\" >>old", "cat old", "names the original by $PLACE;"},
	{"sh ./look.sh >>store/old", "cat old", "look.sh\" names the original by $PLACE;"},
	{"cat %s/store/old >>store/old", "cat old", "/store/old >>store/old\" names the original;"},
	{"cat $PWD/store/old >>store/large", "cat $PWD/old $CRASH_DIR/large", NULL},
};

/* Where nothing can be mounted over that. */
START_TEST(what_misses_the_copy_is_said)
{
	struct lab_result results[WAYS];

	setenv("PLACE", lab_text("%s/store", lab_dir), 1);
	lab_write("look.sh", "cat $PLACE/old\n", 15);
	for (enum way way = MOUNTED; way < WAYS; way++)
		results[way] = FAULTS(way, "--errors=EIO", "--exit-ok=any", "--check",
				      lab_text(lookers[_i].check, lab_dir), "--", "sh", "-c",
				      lab_text(lookers[_i].program, lab_dir));
	unsetenv("PLACE");
	ck_assert_msg(!strstr(results[MOUNTED].out, "names the original"), "%s",
		      lab_describe(&results[MOUNTED]));
	ck_assert_msg(!lookers[_i].named || results[ELSEWHERE].status == 3, "%s",
		      lab_describe(&results[ELSEWHERE]));
	ck_assert_msg(!strstr(results[ELSEWHERE].out, "names the original") == !lookers[_i].named, "%s",
		      lab_describe(&results[ELSEWHERE]));
	if (lookers[_i].named) /* as JSON has it */
		ck_assert_msg(strstr(text_of_reasons(&results[ELSEWHERE]), lookers[_i].named), "%s",
			      lab_describe(&results[ELSEWHERE]));
}
END_TEST

/* Only where a call fails. What was there is saved, and nothing is said of what came of other faults. */
START_TEST(a_fault_that_leads_to_the_original_ends_the_sweep)
{
	struct lab_result result =
		FAULTS(ELSEWHERE, "--errors=EIO", "--check", "cat ./* || :", "--", "sh", "-c",
		       "cd store && echo new >new || echo failed >\"$LAB/store/old\"");
	const char *kept = strstr(result.err, "before is in ");

	lab_assert_status(&result, 125);
	ck_assert_msg(kept && strstr(result.err, "#1:err=EIO: the program wrote to "), "%s",
		      lab_describe(&result));
	kept += strlen("before is in ");
	lab_assert_file(lab_text("%.*s/old", (int)strcspn(kept, "\n"), kept), "old\n");
	lab_assert_file(lab_text("%.*s/d/e/deep", (int)strcspn(kept, "\n"), kept), "deep\n");
}
END_TEST

START_TEST(a_setup_needs_mounts)
{
	struct lab_result result = FAULTS(ELSEWHERE, "--setup=echo", "--check=cat ./*", "--", "sh", "-c",
					  "cd store && echo new >old");

	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "--setup needs user namespaces"), "%s", lab_describe(&result));
	result = FAULTS(MOUNTED, "--errors=EIO", "--setup=echo made >made", "--check=cat old", "--", "sh",
			"-c", "cd store && cat made && mv old new; mv new old || mv new old");
	lab_assert_status(&result, 0);
	ck_assert_int_eq(access("store/made", F_OK), -1);
}
END_TEST

/* Each copy had the one before in it, until its paths were too long. */
START_TEST(a_directory_is_not_copied_into_itself)
{
	for (enum way way = MOUNTED; way < WAYS; way++) {
		struct lab_result result;

		setenv("TMPDIR", lab_text("%s/store/d", lab_dir), 1);
		result = FAULTS(way, "--errors=EIO", "--check=cat old", "--", "sh", "-c",
				"cd store && echo new >new");
		unsetenv("TMPDIR");
		lab_assert_status(&result, 125);
		ck_assert_msg(strstr(result.err, "set TMPDIR to a directory elsewhere"), "%s",
			      lab_describe(&result));
		LAB_AWAIT(lab_entries("store/d") == 2); /* they go when we have ended */
	}
}
END_TEST

/* The copy of a file that is somebody else's is one's own. */
START_TEST(what_a_copy_lacks_is_no_all_clear)
{
	static const char *const ways[] = {"", "--copy"};

	if (geteuid() != 0)
		LAB_SKIP("only root has files of several owners");
	ck_assert_int_eq(chmod(lab_text("%s/..", lab_dir), 0711), 0);
	ck_assert_int_eq(chmod(".", 0777), 0);
	for (size_t i = 0; i < 2; i++) {
		struct lab_result result;

		make_store();
		ck_assert_int_eq(chown("store", 65534, 65534), 0);
		result = LAB_COMMAND(
			"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c",
			lab_text("%s %s faults %s --errors=EIO --dir=store --check 'cat old' -- sh -c 'cd "
				 "store && echo a >a && mv a b'",
				 i == 0 ? lab_text("%s namespaces,unshare,mount", lab_program("forbid")) : "",
				 lab_variable("CRASHINJECT"), ways[i]));
		lab_assert_status(&result, 3);
		ck_assert_msg(strstr(result.out, "runs lack something: another owner could not be given"),
			      "%s", lab_describe(&result));
	}
}
END_TEST

/*
 * Servers at one port: one after the other, where no run has a network of its own. Its socket stands beside
 * the directory, and a second server does not get it.
 */
START_TEST(servers_that_share_a_network_do_not_meet)
{
	static const char server[] =
		"cd store; mkdir \"$LAB/port\" || exit 7; trap 'rmdir \"$LAB/port\"; exit 0' TERM; "
		"mv old new; mv new old || mv new old; echo ready >ready || exit 0; "
		"while :; do sleep 0.01; done";
	const char *words[] = {"--errors=EIO",
			       "--exit-ok=any",
			       "--ready",
			       "test -e $CRASH_DIR/ready",
			       "--client",
			       "true",
			       "--check",
			       "cat old",
			       "--",
			       "sh",
			       "-c",
			       server,
			       NULL};
	const char *const jobs[] = {"--errors=EIO", "--jobs=1", "--jobs=2"};
	struct lab_result result;

	for (size_t i = 0; i < 3; i++) {
		words[0] = jobs[i];
		if (i == 2) /* as it was asked for: two may meet, and that is said */
			words[11] = "echo x >store/x";
		result = faults(ELSEWHERE, words);
		ck_assert_msg(i == 2 || !strstr(result.out, "there are no network namespaces here"), "%s",
			      lab_describe(&result));
		ck_assert_msg(i != 2 || strstr(result.out, "there are no network namespaces here"), "%s",
			      lab_describe(&result));
		if (i != 2)
			ck_assert_msg(!*kinds_of(&result), "%s", lab_describe(&result));
	}
}
END_TEST

/* ------------------------------------------------------------------ going on */

/* Begun in one way, and gone on with in another. */
static const struct {
	enum way begun, on;
	const char *bug, *then, *budget;
} resumed[] = {
	{ELSEWHERE, ELSEWHERE, "wal-retries-sync", "--then-crash=ext4", "--budget=18"},
	{MOUNTED, MOUNTED, "wal-ignores-write-error", "--errors=EIO", "--budget=3"},
	{OVERLAYS, ELSEWHERE, "wal-ignores-write-error", "--errors=EIO", "--budget=3"},
};

START_TEST(a_sweep_on_copies_goes_on)
{
	const char *const go_on[] = {"/usr/bin/env",
				     lab_program("forbid"),
				     "namespaces,unshare,mount",
				     lab_variable("CRASHINJECT"),
				     "faults",
				     "--json",
				     "-q",
				     "--resume=result",
				     NULL};
	const char *bug = resumed[_i].bug, *then = resumed[_i].then;
	struct lab_result whole = STORE_FAULTS(OVERLAYS, bug, "wal", "--errors=EIO", then),
			  result = STORE_FAULTS(resumed[_i].begun, bug, "wal", "--errors=EIO", then,
						"--output=result", resumed[_i].budget);

	lab_assert_status(&result, lab_json_number(summary_of(&result), "findings", 0) ? 1 : 3);
	ck_assert(!lab_json_bool(summary_of(&result), "complete"));
	result = lab_command(NULL, go_on + (resumed[_i].on == ELSEWHERE ? 0 : 3));
	lab_assert_status(&result, 1);
	ck_assert_str_eq(result.err, "");
	assert_same(&whole, &result);
}
END_TEST

START_TEST(shards_on_copies_say_together_what_one_sweep_says)
{
	struct lab_result whole = STORE_FAULTS(OVERLAYS, "wal-ignores-write-error", "wal", "--errors=EIO"),
			  merged;

	STORE_FAULTS(OVERLAYS, "wal-ignores-write-error", "wal", "--errors=EIO", "--shard=1/3",
		     "--output=one");
	STORE_FAULTS(ELSEWHERE, "wal-ignores-write-error", "wal", "--errors=EIO", "--shard=2/3",
		     "--output=two");
	STORE_FAULTS(MOUNTED, "wal-ignores-write-error", "wal", "--errors=EIO", "--shard=3/3",
		     "--output=three");
	merged = LAB_CRASHINJECT("report", "--json", "one", "two", "three");
	lab_assert_status(&merged, 1);
	ck_assert(json_equal(findings_of(&whole), findings_of(&merged)));
	ck_assert(lab_json_bool(summary_of(&merged), "complete"));
	assert_way(ELSEWHERE, &merged);
	merged = LAB_CRASHINJECT("report", "one", "two", "three");
	ck_assert_msg(strstr(merged.out, "the program ran on copies, at other paths than"), "%s",
		      lab_describe(&merged));
}
END_TEST

/* Whoever is faster writes the first file, so that what fails is found by its call site. */
START_TEST(a_run_on_a_copy_that_goes_another_way_is_found_by_its_call_site)
{
	static const char program[] =
		"cd store; n=$(cat \"$LAB/n\" 2>/dev/null || echo 0); echo $((n + 1)) >\"$LAB/n\"; "
		"if [ $((n % 2)) = 0 ]; then echo a >a; echo b >b; else echo b >b; echo a >a; fi; exit 0";

	for (enum way way = OVERLAYS; way < WAYS; way++) {
		struct lab_result result;
		const json_t *numbers;

		unlink("n");
		result = FAULTS(way, "--errors=EIO", "--jobs=1", "--exit-ok=any", "--check",
				"cat ./* || :", "--", "sh", "-c", program);
		numbers = json_object_get(summary_of(&result), "faults");
		ck_assert_int_gt(lab_json_number(numbers, "strayed", -1), 0);
		ck_assert_int_eq(lab_json_number(numbers, "not_met", -1), 0);
	}
}
END_TEST

/* ------------------------------------------------------------------ nothing is left */

/* A program that goes on beside itself, in sessions of its own; and the same of the checker. */
static const char going_on[] = "echo x >\"$CRASH_DIR/$$\"; "
			       "for i in 1 2 3; do setsid sh -c 'while :; do sleep 0.01; done' & done; "
			       "[ -z \"$MARK\" ] || echo x >>\"$MARK\"; ";

/* In the midst of a run, and of a check. */
START_TEST(nothing_is_left_of_a_sweep_that_is_killed)
{
	static const int signals[] = {SIGKILL, SIGTERM};
	enum way way = _i / 4 ? ELSEWHERE : MOUNTED;
	bool check = _i & 1;
	const char *mark = lab_text("%s/mark", lab_dir), *argv[64],
		   *wait = lab_text("%s sleep 1000", going_on);
	size_t count = begin_command(way, argv);
	pid_t pid;

	if (!world_make(NULL))
		LAB_SKIP("mounts of its own cannot be had");
	argv[count++] = "--dir=store";
	argv[count++] = "--check";
	argv[count++] = check ? wait : "cat ./*";
	argv[count++] = "--";
	argv[count++] = "sh";
	argv[count++] = "-c";
	/* of the program it is the second run, the first of the sweep */
	argv[count++] = check ? "echo a >\"$CRASH_DIR/a\"" :
				lab_text("echo a >\"$CRASH_DIR/a\"; if mkdir %s/once 2>/dev/null; then exit; "
					 "fi; %s sleep 1000",
					 lab_dir, going_on);
	argv[count] = NULL;
	setenv("MARK", mark, 1);
	pid = world_begin(argv);
	LAB_AWAIT(access(mark, F_OK) == 0);
	kill(pid, signals[_i / 2 % 2]);
	if (signals[_i / 2 % 2] == SIGTERM)
		kill(pid, SIGTERM); /* at once, and not what is known so far */
	world_await(pid);
	world_assert_nothing_left(true);
	unsetenv("MARK");
}
END_TEST

/* What a run leaves running does not go on in the copy of the next one, and what it wrote is not there. */
START_TEST(nothing_is_left_of_a_sweep_that_has_ended)
{
	for (enum way way = MOUNTED; way < WAYS; way++) {
		const char *argv[64];
		size_t count = begin_command(way, argv);
		int status;

		if (way == MOUNTED && !world_make(NULL))
			LAB_SKIP("mounts of its own cannot be had");
		argv[count++] = "--dir=store";
		argv[count++] = "--errors=EIO";
		argv[count++] = "--check";
		argv[count++] = "cat ./*; test \"$(ls | wc -l)\" -le 1";
		argv[count++] = "--";
		argv[count++] = "sh";
		argv[count++] = "-c";
		argv[count++] = lab_text("%s exit 0", going_on);
		argv[count] = NULL;
		status = world_command(argv);
		ck_assert_msg(status == 3, "%d: %s", status, world_said());
		world_assert_nothing_left(true);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("faults on copies");
	TCase *same = lab_case(suite, "same", 300), *anew = lab_case(suite, "anew", 300),
	      *missed = lab_case(suite, "missed", 120), *kept = lab_case(suite, "kept", 300),
	      *left = lab_case(suite, "left", 120);

	tcase_add_loop_test(same, a_store_has_the_same_findings_on_copies, 0,
			    (int)(sizeof stores / sizeof *stores));
	tcase_add_loop_test(same, a_script_has_the_same_findings_on_copies, 0,
			    (int)(sizeof scripts / sizeof *scripts));
	tcase_add_test(same, power_losses_after_a_fault_are_the_same_on_copies);
	tcase_add_test(same, recovery_is_the_same_on_copies);
	tcase_add_test(anew, each_run_has_the_starting_tree);
	tcase_add_loop_test(missed, what_misses_the_copy_is_said, 0, (int)(sizeof lookers / sizeof *lookers));
	tcase_add_test(missed, a_fault_that_leads_to_the_original_ends_the_sweep);
	tcase_add_test(missed, a_setup_needs_mounts);
	tcase_add_test(missed, a_directory_is_not_copied_into_itself);
	tcase_add_test(missed, what_a_copy_lacks_is_no_all_clear);
	tcase_add_test(missed, servers_that_share_a_network_do_not_meet);
	tcase_add_loop_test(kept, a_sweep_on_copies_goes_on, 0, (int)(sizeof resumed / sizeof *resumed));
	tcase_add_test(kept, shards_on_copies_say_together_what_one_sweep_says);
	tcase_add_test(kept, a_run_on_a_copy_that_goes_another_way_is_found_by_its_call_site);
	tcase_add_loop_test(left, nothing_is_left_of_a_sweep_that_is_killed, 0, 8);
	tcase_add_test(left, nothing_is_left_of_a_sweep_that_has_ended);
	return lab_run(suite);
}
