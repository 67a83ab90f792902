/* SPDX-License-Identifier: MIT */
/*
 * check_mutations.c - traces and results in which anything is changed are refused, or say what they say: no
 * crash, no hang, nothing that is made outside of its place, and no memory beyond their size.
 *
 * Method: a run with all kinds of ops is recorded, and explored in two parts. Then the trace is changed in
 * a few places, most of the time with checksums that are right, so that all that reads it has to bear it: the
 * starting tree, the model file system, atoms, states, layers, lint. Files of the results are changed as
 * text, and the parts merged and printed. Each change has a number, which makes it what it is; children take
 * some of them each, and who dies or does not end has said which it was at.
 *
 * CRASHINJECT_LONG=1: 100,000 of each.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/make_atoms.h"
#include "explore/layer/layer.h"
#include "explore/fs/fs_replay.h"
#include "explore/lint/lint_walk.h"
#include "explore/lint/rules.h"
#include "explore/states/tiers.h"
#include "explore/states/view_new.h"
#include "report/report.h"
#include "report/result.h"
#include "tests/run/lab.h"
#include "trace/format.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"

#define SHORT_TRACES 600
#define SHORT_RESULTS 120
#define LONG 100000
#define AT_ONCE 60	       /* by one child */
#define MOST_STATES 300	       /* of a trace that are named */
#define MOST_SECONDS 300       /* of one change */
#define MOST_MEMORY (1L << 20) /* of one child, in KB; sanitizers take the most of it */

#define PROGRAM                                                                                              \
	"cd \"${CRASH_DIR:-.}\"; mkdir d e; printf one >d/a; mv d/a b; ln b e/c; printf two >>old; "         \
	"truncate -s 5000 old; truncate -s 100 old; fallocate -l 9000 b; fallocate -p -o 0 -l 4096 b; "      \
	"ln -s b s; chmod 600 b; sync b e; echo done; mv e f; rm f/c; dd if=old of=new bs=16 oflag=dsync "   \
	"status=none; mv new old; rmdir d; printf x | dd of=deep/far bs=1 seek=1000000 conv=notrunc "        \
	"status=none"

static int *at_change; /* shared: which one somebody is at */

static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ------------------------------------------------------------------ what is changed */

static void make_store(void)
{
	ck_assert_int_eq(
		system("rm -rf store && mkdir -p store/deep && printf 'some old bytes' >store/old && "
		       "truncate -s 1M store/deep/far && ln store/old store/deep/same && "
		       "ln -s old store/link"),
		0);
}

static void record(void)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", "sh", "-c", PROGRAM);
	lab_assert_status(&result, 0);
	make_store();
}

static void explore_parts(void)
{
	for (int part = 1; part <= 2; part++) {
		struct lab_result result =
			LAB_CRASHINJECT("explore", "--model", "posix", "--tiers", "prefix,omit-1", "--budget",
					"200", "--check", "[ ! -e s ] || [ -e f ]", "--shard",
					lab_text("%d/2", part), "-o", lab_text("part-%d", part), "trace");

		ck_assert_msg(result.status == 1 || result.status == 3, "%s", lab_describe(&result));
	}
}

/* ------------------------------------------------------------------ in children */

/* Does something with the changes from `first` up to `end`. */
typedef void taker(const void *original, size_t bytes, int number);

static void alarmed(int signal)
{
	(void)signal;
	_exit(99);
}

static _Noreturn void child(taker *work, const void *original, size_t bytes, int first, int end)
{
	int null = open("/dev/null", O_WRONLY);

	signal(SIGALRM, alarmed);
	dup2(null, STDOUT_FILENO);
	for (int number = first; number < end; number++) {
		*at_change = number;
		alarm(MOST_SECONDS);
		work(original, bytes, number);
	}
	_exit(0);
}

static void work_off(taker *work, const void *original, size_t bytes, int usual)
{
	const char *value = getenv("CRASHINJECT_LONG"), *only = getenv("SEED");
	int count = value && strcmp(value, "1") == 0 ? LONG : usual, first = only ? atoi(only) : 0, status;
	struct rusage usage;
	pid_t pid;

	at_change = mmap(NULL, sizeof *at_change, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(at_change, MAP_FAILED);
	for (count = only ? first + 1 : count; first < count; first += AT_ONCE) {
		if (count > usual && first % (50 * AT_ONCE) == 0)
			fprintf(stderr, "%d changes of %d\n", first, count);
		fflush(NULL);
		pid = fork();
		if (pid == 0)
			child(work, original, bytes, first,
			      first + AT_ONCE < count ? first + AT_ONCE : count);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "SEED=%d: %s %d", *at_change,
			      WIFSIGNALED(status) ? "died of signal" : "exited, or took too long, with",
			      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
	ck_assert_msg(usage.ru_maxrss < MOST_MEMORY, "it took %ld KB", usage.ru_maxrss);
}

/* ------------------------------------------------------------------ a trace */

/* Numbers in which programs go wrong. */
static uint64_t odd_number(uint64_t *random)
{
	static const uint64_t numbers[] = {0,
					   1,
					   2,
					   7,
					   255,
					   4095,
					   4096,
					   UINT64_C(1) << 20,
					   INT32_MAX,
					   UINT32_MAX,
					   UINT64_C(10) << 30,
					   UINT64_C(1) << 44,
					   UINT64_C(1) << 60,
					   UINT64_C(1) << 62,
					   INT64_MAX,
					   UINT64_C(1) << 63,
					   UINT64_MAX - 4095,
					   UINT64_MAX};

	return numbers[next(random) % (sizeof numbers / sizeof *numbers)] + next(random) % 3 - 1;
}

static void change_bytes(unsigned char *bytes, size_t count, uint64_t *random)
{
	for (uint64_t left = 1 + next(random) % 3; left && count; left--) {
		static const size_t widths[] = {1, 2, 4, 8, 8};
		size_t width = widths[next(random) % 5], at = next(random) % count / width * width;
		uint64_t number = next(random) % 4 ? odd_number(random) : next(random);

		if (next(random) % 4 == 0 && at + width <= count) {
			memcpy(&number, bytes + at, width);
			number += next(random) % 17 - 8;
		}
		if (next(random) % 4 == 0)
			memcpy(&number, bytes + next(random) % (count < 8 ? 1 : count - 7),
			       count < 8 ? 1 : 8);
		memcpy(bytes + at, &number, at + width <= count ? width : count - at);
	}
}

/* The header of the chunk at a place, if one fits there. */
static bool chunk_at(const unsigned char *bytes, size_t size, size_t at, struct crash__chunk *chunk)
{
	if (at + sizeof *chunk > size)
		return false;
	memcpy(chunk, bytes + at, sizeof *chunk);
	return chunk->bytes <= size - at - sizeof *chunk;
}

/* One of the records, if the chunk still consists of such. */
static bool some_record(const unsigned char *bytes, size_t count, uint64_t *random, size_t *chosen,
			struct crash__record *record)
{
	struct crash__record at_hand;
	uint64_t seen = 0;

	for (size_t at = 0; at + sizeof at_hand <= count; at += at_hand.bytes) {
		memcpy(&at_hand, bytes + at, sizeof at_hand);
		if (at_hand.bytes < 2 * sizeof at_hand || at_hand.bytes % 8 || at_hand.bytes > count - at)
			break;
		if (next(random) % ++seen == 0) {
			*chosen = at;
			*record = at_hand;
		}
	}
	return seen > 0;
}

/* Changes a number in front of the strings of a record: these decide what is made of it. */
static void change_record(unsigned char *bytes, size_t count, uint64_t *random)
{
	struct crash__record record;
	uint64_t number;
	size_t at, fixed;

	if (!some_record(bytes, count, random, &at, &record))
		return;
	fixed = record.bytes < sizeof(struct crash__op_record) ? record.bytes :
								 sizeof(struct crash__op_record);
	at += sizeof record + next(random) % (fixed - sizeof record) / 8 * 8;
	if (next(random) % 4) {
		number = odd_number(random);
		memcpy(bytes + at, &number, sizeof number);
	} else {
		change_bytes(bytes + at, sizeof number, random);
	}
}

static void change_content(unsigned char *bytes, const struct crash__chunk *chunk, uint64_t *random)
{
	if (chunk->type == CRASH__CHUNK_RECORDS && next(random) % 4)
		change_record(bytes, chunk->bytes, random);
	else if (chunk->type == CRASH__CHUNK_ENTRY && next(random) % 2)
		change_bytes(bytes, sizeof(struct crash__tree_entry), random);
	else
		change_bytes(bytes, chunk->bytes, random);
}

/* Changes one chunk, most often one of records, and makes its checksum right again. */
static void change_chunk(unsigned char *bytes, size_t size, uint64_t *random)
{
	size_t at = sizeof(struct crash__trace_header), chosen = 0;
	struct crash__chunk chunk;
	uint64_t seen = 0;

	while (chunk_at(bytes, size, at, &chunk)) {
		uint64_t weight = chunk.type == CRASH__CHUNK_RECORDS ? 8 : 1;

		seen += weight;
		if (chunk.bytes && next(random) % seen < weight)
			chosen = at;
		at += sizeof chunk + ((chunk.bytes + 7) & ~UINT64_C(7));
	}
	if (!chosen || !chunk_at(bytes, size, chosen, &chunk))
		return;
	change_content(bytes + chosen + sizeof chunk, &chunk, random);
	chunk.checksum = (uint32_t)XXH3_64bits(bytes + chosen + sizeof chunk, chunk.bytes);
	memcpy(bytes + chosen, &chunk, sizeof chunk);
}

static int changed_trace(const void *original, size_t size, uint64_t *random)
{
	unsigned char *bytes = malloc(size);
	int fd = memfd_create("trace", MFD_CLOEXEC);

	memcpy(bytes, original, size);
	for (uint64_t left = 1 + next(random) % 3; left; left--)
		if (next(random) % 16)
			change_chunk(bytes, size, random);
		else
			change_bytes(bytes, size, random);
	if (next(random) % 16 == 0)
		size = next(random) % size;
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		_exit(98);
	free(bytes);
	return fd;
}

static int take_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct crash__hash hash;
	int *left = context, error = crash__view_hash_flipped(view, state->flipped, state->count, &hash);

	return error < 0 ? error : --*left == 0;
}

static int name_states(const struct crash__atoms *atoms)
{
	static const struct crash__tier_options options = {0, 0};
	int error = 0;

	for (int tier = 0; tier <= CRASH__TIER_TEAR && error >= 0; tier++) {
		int left = MOST_STATES;

		error = crash__tier_run((enum crash__tier)tier, atoms, &options, take_state, &left);
	}
	return error;
}

/* The starting tree is moved through all steps. */
static void make_last_state(const struct crash__atoms *atoms, const char *tree, const char *store)
{
	const struct crash__difference *difference;
	struct crash__layer *layer = NULL;
	struct crash__view *view = NULL;
	int error = crash__view_new(atoms, CRASH__EVERYTHING, &view);

	if (error == 0)
		error = crash__layer_new(atoms->fs, tree, store, false, &layer);
	for (uint32_t step = 0; step < atoms->fs->steps_count && error == 0; step++) {
		error = crash__view_advance_difference(view, step, &difference);
		if (error == 0)
			error = crash__layer_move(layer, view, difference);
	}
	crash__layer_free(layer);
	crash__view_free(view);
}

static void explore_replayed(const struct crash__fs *fs, const char *tree, const char *store)
{
	static const char *const models[] = {"posix", "ext4", "kill"};
	struct crash__model model;
	struct crash__atoms atoms;
	struct crash__lint lint;

	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		if (crash__model_read(models[i], &model) < 0 || crash__atoms_make(&atoms, fs, &model) < 0)
			_exit(97);
		name_states(&atoms);
		if (i == 0)
			make_last_state(&atoms, tree, store);
		crash__atoms_clear(&atoms);
	}
	crash__lint_run(fs, (1u << crash__lint_rule_count) - 1, NULL, &lint);
	crash__lint_clear(&lint);
}

static void read_changed_trace(const void *original, size_t bytes, int number)
{
	uint64_t random = (uint64_t)number;
	int fd = changed_trace(original, bytes, &random);
	struct crash__base *base = NULL;
	struct crash__trace trace;
	struct crash__fs fs;
	char root[PATH_MAX];

	if (mkdir("here", 0755) < 0 || mkdir("here/base", 0755) < 0 || mkdir("here/copy", 0755) < 0 ||
	    mkdir("here/store", 0755) < 0)
		_exit(96);
	if (crash__trace_open_fd(fd, "it", &trace) == 0) {
		if (crash__tree_root(&trace, root) == 0 && crash__tree_unpack(&trace, "here/base") == 0 &&
		    crash__tree_unpack(&trace, "here/copy") == 0 &&
		    crash__base_open("here/base", &base) == 0 &&
		    crash__fs_replay(&fs, &trace, root, base) == 0) {
			explore_replayed(&fs, "here/copy", "here/store");
			crash__fs_clear(&fs);
		}
		crash__base_close(base);
		crash__trace_close(&trace);
	}
	close(fd);
	if (crash__remove_tree("here", true) < 0)
		_exit(95);
}

START_TEST(a_changed_trace_does_no_harm)
{
	size_t bytes;
	char *original;

	record();
	original = lab_read("trace", &bytes);
	ck_assert_ptr_nonnull(original);
	work_off(read_changed_trace, original, bytes, SHORT_TRACES);
	ck_assert_int_eq(lab_entries("."), 2); /* the trace and the store */
	ck_assert_int_eq(lab_entries("store"), 3);
}
END_TEST

/* ------------------------------------------------------------------ results */

static const char *const files[] = {"result.json", "settings.json", "verdicts"};

/* A place from which on a change makes sense: a number, or a string, or a sign. */
static size_t find_place(const char *text, size_t size, uint64_t *random)
{
	size_t at = next(random) % size;
	static const char *const starts[] = {"0123456789", "\"", "{}[]:,", "\n"};

	at += strcspn(text + at, starts[next(random) % 4]);
	return at < size ? at : 0;
}

/* Puts something in the place of what begins there. */
static size_t change_text(char *text, size_t size, uint64_t *random)
{
	static const char *const values[] = {"-1",
					     "18446744073709551616",
					     "1e999",
					     "0",
					     "null",
					     "[]",
					     "{}",
					     "\"\\ud800\"",
					     "\"\"",
					     "true",
					     "2147483648",
					     "4294967295",
					     "\"../../etc\"",
					     "\n",
					     "-9223372036854775808"};
	const char *put = values[next(random) % (sizeof values / sizeof *values)];
	size_t at = find_place(text, size, random), from = find_place(text, size, random), length,
	       old = strspn(text + at, "0123456789"), count = strlen(put);

	switch (next(random) % 6) {
	case 0: /* a part is doubled, or goes elsewhere */
		length = next(random) % 200;
		length = length < size - from ? length : size - from;
		memmove(text + at + length, text + at, size - at + 1);
		memmove(text + at, text + (from < at ? from : at), length);
		return size + length;
	case 1: /* a part is gone */
		length = next(random) % 200;
		length = length < size - at ? length : size - at;
		memmove(text + at, text + at + length, size - at - length + 1);
		return size - length;
	case 2:
		text[at] = (char)next(random);
		return size;
	default:
		if (text[at] == '"' && strchr(text + at + 1, '"'))
			old = (size_t)(strchr(text + at + 1, '"') - (text + at)) + 1;
		memmove(text + at + count, text + at + old, size - at - old + 1);
		memcpy(text + at, put, count);
		return size + count - old;
	}
}

static void write_changed(const char *part, const char *name, uint64_t *random)
{
	size_t size;
	char *original = lab_read(lab_text("%s/%s", part, name), &size), *text = malloc(size + 4096);

	memcpy(text, original, size + 1);
	for (uint64_t left = 1 + next(random) % 4; left && size; left--)
		size = change_text(text, size, random);
	lab_write(lab_text("here/%s/%s", part, name), text, size);
	free(text);
}

static void print_all(const json_t *result)
{
	static const struct crash__reporter *const reporters[] = {
		&crash__report_terminal, &crash__report_json,	&crash__report_junit,	&crash__report_html,
		&crash__report_sarif,	 &crash__report_github, &crash__report_markdown};
	const struct crash__report_options options = {.verbose = 1};

	for (size_t i = 0; i < sizeof reporters / sizeof *reporters; i++)
		reporters[i]->print(stdout, result, &options);
	crash__result_status(result);
}

static void read_changed_result(const void *original, size_t bytes, int number)
{
	static char one[] = "here/part-1", two[] = "here/part-2";
	char *places[] = {one, two};
	uint64_t random = (uint64_t)number;
	json_t *result;

	(void)original;
	(void)bytes;
	if (system("mkdir here && cp -r part-1 part-2 here") != 0)
		_exit(96);
	write_changed("part-1", files[next(&random) % 3], &random);
	if (next(&random) % 4 == 0)
		write_changed("part-2", files[next(&random) % 3], &random);
	if (crash__result_read(one, "result.json", &result) == 0) {
		print_all(result);
		if (crash__result_accept(result, "here/part-2/result.json") == 0)
			print_all(result);
		json_decref(result);
	}
	if (crash__result_merge(places, 2, &result) == 0) {
		print_all(result);
		json_decref(result);
	}
	if (crash__remove_tree("here", true) < 0)
		_exit(95);
}

START_TEST(a_changed_result_does_no_harm)
{
	record();
	explore_parts();
	work_off(read_changed_result, NULL, 0, SHORT_RESULTS);
	ck_assert_int_eq(lab_entries("."), 4); /* the trace, the store and two results */
	ck_assert_int_eq(lab_entries("store"), 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mutations");
	double seconds = getenv("CRASHINJECT_LONG") ? 36000 : 600;

	tcase_add_test(lab_case(suite, "traces", seconds), a_changed_trace_does_no_harm);
	tcase_add_test(lab_case(suite, "results", seconds), a_changed_result_does_no_harm);
	return lab_run(suite);
}
