/* SPDX-License-Identifier: MIT */
/*
 * check_oracle.c - the standing oracle: what is replayed of a recording is what the program left, or else the
 * recording is said to be incomplete.
 *
 * Method: a program is recorded, the last state of the recording is put on disk, and compared with the
 * directory: names, types, modes, links, sizes and contents. A difference where the recording is said to be
 * complete would have been a false all-clear, and fails the test. One with a reason is counted, and so is a
 * recording that is right and is said to be incomplete nevertheless.
 *
 * The programs are those of tests/real/corpus.c, and random scripts, done by a dynamic program, by a static
 * one, and by one in Go. As part of make check their seeds are fixed. `make oracle SECONDS=600 SEED=1` goes
 * on with one seed after another, and makes a script that fails as small as it can; KIND=go has only one kind
 * of program do them, INCOMPLETE=1 takes incomplete recordings for failures, and FS=btrfs or xfs does it all
 * there. In the environment ORACLE_WISHES is a mask of enum script_wish, and ORACLE_OPS how many ops a script
 * has.
 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/explore/make_script.h"
#include "tests/adversary/oracle.h"
#include "tests/explore/trees.h"
#include "tests/real/corpus.h"
#include "tests/real/jail.h"

#define SECONDS 120 /* for a command */
#define SCRIPT_SECONDS 30
#define SEED 20261201
#define ROUNDS 30
#define CHANCES 4 /* to fail once more */

static struct sandbox sandbox;

/* ------------------------------------------------------------------ real programs */

START_TEST(a_real_program_is_recorded_as_it_is)
{
	const struct workload *workload = &corpus[_i];
	struct oracle_verdict verdict;

	sandbox_fresh(&sandbox);
	if (!workload_wanted(workload, &sandbox, SECONDS))
		return;
	workload_prepare(workload, &sandbox, SECONDS);
	oracle_ask(&sandbox, (const char *const[]){"/bin/sh", "-c", workload->run, NULL}, SECONDS, &verdict);
	printf("%-24s %s\n", workload->name, oracle_describe(&verdict));
	ck_assert_msg(oracle_outcome(&verdict) < ORACLE_WRONG, "%s: %s", workload->name,
		      oracle_describe(&verdict));
	oracle_clear(&verdict);
}
END_TEST

START_TEST(where_a_handler_wrote_between_is_known_or_said)
{
	struct oracle_verdict verdict;

	sandbox_fresh(&sandbox);
	oracle_ask(&sandbox, (const char *const[]){"/bin/sh", "-c", "exec $PROGRAMS/handler_writes", NULL},
		   SECONDS, &verdict);
	printf("handler_writes: %s\n", oracle_describe(&verdict));
	ck_assert_msg(oracle_outcome(&verdict) < ORACLE_WRONG, "%s", oracle_describe(&verdict));
	oracle_clear(&verdict);
}
END_TEST

/* ------------------------------------------------------------------ random programs */

static const struct kind {
	const char *name, *program;
	unsigned int wishes; /* what it can do */
} kinds[] = {
	{"dynamic", "$PROGRAMS/script", SCRIPT_ALL},
	{"static", "$PROGRAMS/script_static", SCRIPT_ALL},
	{"go", "$BUILT/script-go", SCRIPT_ALL & ~(SCRIPT_PROCESSES | SCRIPT_NAMESPACES)},
};

#define KINDS (int)(sizeof kinds / sizeof *kinds)

/* A script and who does it. */
struct attempt {
	const struct kind *kind;
	uint64_t seed;
	enum oracle_outcome outcome;
};

static void ask(const struct attempt *attempt, const struct script *script, struct oracle_verdict *verdict)
{
	const char *path = sandbox_path(&sandbox, "script");
	char command[PATH_MAX];

	script_write(script, path);
	sandbox_fresh(&sandbox);
	trees_start(sandbox.directory, attempt->seed, true);
	snprintf(command, sizeof command, "exec %s %.4000s", attempt->kind->program, path);
	oracle_ask(&sandbox, (const char *const[]){"/bin/sh", "-c", command, NULL}, SCRIPT_SECONDS, verdict);
}

/* Asks until it fails in the same way; what depends on how threads are scheduled gets some chances. */
static void ask_again(const struct attempt *attempt, const struct script *script,
		      struct oracle_verdict *verdict)
{
	bool varies = script_has_workers(script) && attempt->outcome != ORACLE_FAILED;
	int chances = varies ? CHANCES : 1;

	memset(verdict, 0, sizeof *verdict);
	do {
		oracle_clear(verdict);
		ask(attempt, script, verdict);
	} while (oracle_outcome(verdict) != attempt->outcome && --chances > 0);
}

static bool fails_again(const struct script *script, void *context)
{
	const struct attempt *attempt = context;
	struct oracle_verdict verdict;
	bool again;

	ask_again(attempt, script, &verdict);
	again = oracle_outcome(&verdict) == attempt->outcome;
	oracle_clear(&verdict);
	return again;
}

static void say_smaller(struct attempt *attempt, struct script *script)
{
	struct oracle_verdict verdict;
	bool again = fails_again(script, attempt);
	char *text;

	if (again)
		script_minimise(script, fails_again, attempt);
	text = script_text(script);
	ask_again(attempt, script, &verdict);
	printf("%s: %s\n%s", again ? "minimised" : "once only", oracle_describe(&verdict), text);
	oracle_clear(&verdict);
	free(text);
}

#define REASONS 16

struct tally {
	unsigned int programs, ops, outcomes[ORACLE_FAILED + 1];
	struct {
		char text[160];
		unsigned int count;
	} reasons[REASONS];
};

/* A reason without what it is about in this run. */
static void count_reason(struct tally *tally, const char *reason)
{
	const char *text = reason + strspn(reason, "0123456789 ");
	int length = (int)strcspn(text, ":;,");

	for (int i = 0; i < REASONS; i++) {
		char *is = tally->reasons[i].text;

		if (!*is)
			snprintf(is, sizeof tally->reasons[i].text, "%.*s", length, text);
		if (strncmp(is, text, (size_t)length) == 0 && (is[length] == '\0' || length > 150)) {
			tally->reasons[i].count++;
			return;
		}
	}
}

static void count(struct tally *tally, const struct script *script, const struct oracle_verdict *verdict)
{
	const char *reason = verdict->reasons;

	tally->programs++;
	tally->ops += (unsigned int)script->count;
	tally->outcomes[oracle_outcome(verdict)]++;
	while (reason && *reason) {
		count_reason(tally, reason);
		reason = strstr(reason, "; ");
		reason += reason ? 2 : 0;
	}
}

static void say_tally(const struct kind *kind, const struct tally *tally)
{
	const unsigned int *outcomes = tally->outcomes;

	printf("%s: %u programs, %u ops; wrong %u, failed %u; incomplete %u, %u of them the same\n",
	       kind->name, tally->programs, tally->ops, outcomes[ORACLE_WRONG], outcomes[ORACLE_FAILED],
	       outcomes[ORACLE_SAME_INCOMPLETE] + outcomes[ORACLE_DIFFERS_INCOMPLETE],
	       outcomes[ORACLE_SAME_INCOMPLETE]);
	for (int i = 0; i < REASONS && tally->reasons[i].count; i++)
		printf("  incomplete: %u times %s\n", tally->reasons[i].count, tally->reasons[i].text);
}

/* Incomplete recordings, too, if they are asked for. */
static enum oracle_outcome worth_saying(void)
{
	const char *incomplete = getenv("ORACLE_INCOMPLETE");

	return incomplete && *incomplete ? ORACLE_SAME_INCOMPLETE : ORACLE_WRONG;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* One random program. Returns whether it is as it should be. */
static bool check_random(const struct kind *kind, uint64_t seed, bool minimise, struct tally *tally)
{
	static const unsigned int ops[] = {3, 10, 30, 100};
	unsigned int wishes = kind->wishes;
	struct attempt attempt = {.kind = kind, .seed = seed};
	struct oracle_verdict verdict;
	struct script script;

	if (getenv("ORACLE_WISHES"))
		wishes &= (unsigned int)atoi(getenv("ORACLE_WISHES"));
	script_make(&script, seed, (unsigned int)number_of("ORACLE_OPS", ops[seed % 4]), wishes);
	ask(&attempt, &script, &verdict);
	attempt.outcome = oracle_outcome(&verdict);
	count(tally, &script, &verdict);
	if (attempt.outcome >= worth_saying()) {
		printf("%s SEED=%llu: %s\n", kind->name, (unsigned long long)seed, oracle_describe(&verdict));
		if (minimise)
			say_smaller(&attempt, &script);
	}
	oracle_clear(&verdict);
	script_clear(&script);
	return attempt.outcome < ORACLE_WRONG;
}

static bool is_built(const struct kind *kind)
{
	const char *output = sandbox_path(&sandbox, "go.out");

	if (strcmp(kind->name, "go") != 0 || access(sandbox_path(&sandbox, "built/script-go"), X_OK) == 0)
		return true;
	if (!sandbox_find("go")) {
		sandbox_skip("random Go programs", "go is not installed");
		return false;
	}
	ck_assert_msg(
		sandbox_script(&sandbox,
			       "cd $BUILT && HOME=$BUILT GO111MODULE=off GOCACHE=$BUILT/cache CGO_ENABLED=0 "
			       "go build -o script-go $SRCDIR/tests/programs/script.go",
			       output, 5 * SECONDS) == 0,
		"%s", sandbox_read(output, NULL));
	return true;
}

START_TEST(a_random_program_is_recorded_as_it_is)
{
	const struct kind *kind = &kinds[_i];
	struct tally tally = {0};
	bool good = true;

	sandbox_fresh(&sandbox);
	if (!is_built(kind))
		return;
	for (uint64_t i = 0; i < ROUNDS; i++)
		good &= check_random(kind, SEED + i, false, &tally);
	say_tally(kind, &tally);
	ck_assert_msg(good, "make oracle KIND=%s SECONDS=0 SEED=... says more", kind->name);
}
END_TEST

/* ------------------------------------------------------------------ what it has found */

static const struct {
	const char *name, *script;
} found[] = {
	{"an access control list has the mode in it",
	 "0 s. open 0 n c 600; 0 s. acl n 644; 0 s. mkdir m 700; 0 s. acl m 755; 0 s. acl = 0 640"},
	{"a new owner takes set-user-id away",
	 "0 s. open 0 n c 644; 0 s. chmod n 6755; 0 s. owner n 65534; "
	 "0 s. open 1 m c 644; 0 s. fchmod 1 4711; 0 s. owner = 1 65534"},
	{"a file is opened that has lost the name by which it was known",
	 "0 s. creat 0 n 644; 0 s. write 0 100 1; 0 s. link n m; 0 s. unlink n; 0 s. reopen 1 0 wt; "
	 "0 s. write 1 10 2"},
	{"a hole is put into a file by way of memory",
	 "0 s. open 0 n c 644; 0 s. write 0 20000 1; 0 s. map 0 0 0 20000 rw; 0 s. store 0 100 5000 2; "
	 "0 s. advise 0 remove; 0 s. store 0 100 50 3"},
	{"... without the shim's knowledge",
	 "0 s. open 0 n c 644; 0 s. write 0 20000 1; 0 s. map 0 0 0 20000 rw; 0 i. advise 0 remove"},
	{"a mapping is moved without the shim's knowledge",
	 "0 s. open 0 n c 644; 0 s. map 0 0 0 13 rw; 0 i. remap 0 200000 move; 0 s. ftruncate 0 150000; "
	 "0 s. store 0 129 3857 465"},
	{"a msync that is refused loses nothing",
	 "0 s. open 0 n c 644; 0 s. map 0 0 0 20000 rw; 0 s. write 0 3000 1; 0 s. unmap 0 16384 end; "
	 "0 s. msync 0 0 20000 sync"},
	{"libc's mapping is unmapped by an instruction",
	 "0 s. open 4 b c 644; 0 s. map 1 4 0 20000 rw; 0 s. write 4 20000 1; 0 s. store 1 2107 6900 2704; 0 "
	 "i. unmap 1 0"},
	{"... and moved, with something else in its place",
	 "0 s. open 4 b c 644; 0 s. write 4 20000 1; 0 s. map 1 4 0 20000 rw; 0 s. store 1 2107 6900 2704; "
	 "0 i. remap 1 200000 move; 0 s. store 1 1 600 7"},
	{"libc makes an instruction's mapping writable",
	 "0 s. open 0 b ct 755; 0 s. write 0 33153 9489; 0 i. map 2 0 8192 70 r; 0 s. store 2 7559 32 3323"},
	{"... and makes it longer",
	 "0 s. open 0 b ct 755; 0 s. write 0 33153 9489; 0 i. map 2 0 0 70 rw; 0 s. remap 2 20000 move; "
	 "0 s. store 2 7559 32 3323"},
	{"an unaligned O_DIRECT write fails in its middle", "0 s. open 0 b o 644; 0 s. write 0 30660 3"},
};

#define FOUND (int)(sizeof found / sizeof *found)

START_TEST(what_was_wrong_once_is_right)
{
	struct oracle_verdict verdict;
	struct script script;

	sandbox_fresh(&sandbox);
	script_read(&script, found[_i].script);
	for (int i = 0; i < KINDS; i++) {
		struct attempt attempt = {.kind = &kinds[i], .seed = SEED};

		if (!is_built(&kinds[i]))
			continue;
		ask(&attempt, &script, &verdict);
		ck_assert_msg(oracle_outcome(&verdict) < ORACLE_WRONG, "%s, %s: %s", kinds[i].name,
			      found[_i].name, oracle_describe(&verdict));
		oracle_clear(&verdict);
	}
	script_clear(&script);
}
END_TEST

/* ------------------------------------------------------------------ for as long as one likes */

/* On a new file system, if one is asked for: where blocks can be shared, more ops succeed. */
static bool is_mounted(void)
{
	const char *kind = getenv("ORACLE_FS"), *reason = NULL;

	if (kind && *kind)
		reason = sandbox_mount(&sandbox, kind);
	if (reason)
		sandbox_skip("random programs", "on %s: %s", kind, reason);
	return reason == NULL;
}

START_TEST(go_on)
{
	time_t end = time(NULL) + (time_t)number_of("ORACLE_SECONDS", 60);
	uint64_t seed = number_of("ORACLE_SEED", (uint64_t)time(NULL) * 1000);
	const char *only = getenv("ORACLE_KIND");
	struct tally tallies[KINDS] = {0};
	bool good = true, built[KINDS];

	if (!is_mounted())
		return;
	sandbox_fresh(&sandbox);
	for (int i = 0; i < KINDS; i++)
		built[i] = (!only || !*only || strcmp(only, kinds[i].name) == 0) && is_built(&kinds[i]);
	do {
		for (int i = 0; i < KINDS; i++)
			if (built[i])
				good &= check_random(&kinds[i], seed, true, &tallies[i]);
		seed++;
	} while (time(NULL) < end);
	for (int i = 0; i < KINDS; i++)
		if (built[i])
			say_tally(&kinds[i], &tallies[i]);
	ck_assert_msg(good, "see above");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle");
	TCase *tcase = tcase_create("random");
	SRunner *runner;
	int failures;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sandbox_make(&sandbox, "oracle");
	if (getenv("ORACLE_SECONDS")) {
		tcase_add_test(tcase, go_on);
		tcase_set_timeout(tcase, 1e9);
	} else {
		tcase_add_loop_test(tcase, a_random_program_is_recorded_as_it_is, 0, KINDS);
		tcase_add_test(tcase, where_a_handler_wrote_between_is_known_or_said);
		tcase_add_loop_test(tcase, what_was_wrong_once_is_right, 0, FOUND);
		tcase_set_timeout(tcase, 10 * SECONDS);
	}
	suite_add_tcase(suite, tcase);
	if (!getenv("ORACLE_SECONDS")) {
		tcase = tcase_create("corpus");
		tcase_add_loop_test(tcase, a_real_program_is_recorded_as_it_is, 0, (int)corpus_count);
		tcase_set_timeout(tcase, 5 * SECONDS);
		suite_add_tcase(suite, tcase);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (!getenv("KEEP"))
		sandbox_remove(&sandbox);
	return failures != 0;
}
