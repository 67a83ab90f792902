/* SPDX-License-Identifier: MIT */
/*
 * check_long.c - a recording that is twice as long takes twice the effort, and not four times.
 *
 * Method: recordings of some thousand ops are made in memory, of the kinds that real programs make: a log
 * that grows, a page that is written again and again, a journal for each change. What looks through something
 * long counts what it looks at (base/effort.h). That is compared between a recording and one of twice the
 * length: no clock is asked.
 */
#include <crashinject/crashinject.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/effort.h"
#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/lint/lint_walk.h"
#include "explore/states/view_new.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

#define ROUNDS 400
#define ROOT "/r"
#define MOST_EVENTS (ROUNDS * 2 * 6 + 16)
#define MOST_FILES (ROUNDS * 2 + 16)
#define BYTES 64

static struct {
	struct crash__trace trace;
	struct crash__event events[MOST_EVENTS];
	struct crash__piece pieces[MOST_EVENTS];
	struct crash__trace_file files[MOST_FILES];
	char paths[MOST_FILES][32];
	uint64_t sizes[MOST_FILES];
} run;

/* ------------------------------------------------------------------ making recordings */

static struct crash__event *add(enum crash__event_kind kind, uint16_t family, uint16_t call)
{
	size_t index = run.trace.count++;
	struct crash__event *event = &run.events[index];

	ck_assert_uint_lt(index, MOST_EVENTS);
	*event = (struct crash__event){
		.kind = kind,
		.start = 2 * (uint64_t)index + 1,
		.end = 2 * (uint64_t)index + 2,
		.family = family,
		.call = call,
		.kernel = call,
		.offset = UINT64_MAX,
	};
	return event;
}

/* A new file under a name; its number. */
static uint32_t create(const char *name, int number)
{
	uint32_t file = run.trace.file_count++;
	struct crash__event *event = add(CRASH__EVENT_OP, CRASH__FAMILY_OPEN, CRASH__CALL_openat);

	ck_assert_uint_lt(file, MOST_FILES);
	snprintf(run.paths[file], sizeof *run.paths, ROOT "/%s%d", name, number);
	run.files[file] = (struct crash__trace_file){
		.device = 1, .inode = file + 100, .mode = S_IFREG | 0644, .path = run.paths[file]};
	run.sizes[file] = 0;
	event->path = run.paths[file];
	event->args[2] = O_CREAT | O_RDWR;
	event->made_device = 1;
	event->made_inode = file + 100;
	event->made_mode = S_IFREG | 0644;
	return file;
}

static void write_at(uint32_t file, uint64_t offset)
{
	static unsigned char bytes[BYTES];
	struct crash__event *event = add(CRASH__EVENT_OP, CRASH__FAMILY_WRITE, CRASH__CALL_pwrite);
	struct crash__piece *piece = &run.pieces[run.trace.count - 1];

	*piece = (struct crash__piece){.bytes = bytes, .count = BYTES};
	event->file = file;
	event->offset = offset;
	event->data = event->last = piece;
	event->data_bytes = BYTES;
	event->result = BYTES;
	if (run.sizes[file] < offset + BYTES)
		run.sizes[file] = offset + BYTES;
}

static void append(uint32_t file)
{
	write_at(file, run.sizes[file]);
}

static void sync_file(uint32_t file)
{
	add(CRASH__EVENT_OP, CRASH__FAMILY_FSYNC, CRASH__CALL_fsync)->file = file;
}

static void cut(uint32_t file, uint64_t size)
{
	struct crash__event *event = add(CRASH__EVENT_OP, CRASH__FAMILY_TRUNCATE, CRASH__CALL_ftruncate);

	event->file = file;
	event->args[1] = (int64_t)size;
	run.sizes[file] = size;
}

static void unlink_file(uint32_t file)
{
	struct crash__event *event = add(CRASH__EVENT_OP, CRASH__FAMILY_UNLINK, CRASH__CALL_unlink);

	event->path = run.paths[file];
	event->device = 1;
	event->inode = file + 100;
}

static void say(void)
{
	struct crash__event *event = add(CRASH__EVENT_ACK, 0, 0);
	struct crash__piece *piece = &run.pieces[run.trace.count - 1];

	*piece = (struct crash__piece){.bytes = (const unsigned char *)"done\n", .count = 5};
	event->fd = 1;
	event->data = event->last = piece;
	event->data_bytes = 5;
}

/* ------------------------------------------------------------------ kinds of programs */

static void appends(int rounds)
{
	uint32_t log = create("log", 0);

	for (int i = 0; i < rounds; i++)
		append(log);
	sync_file(log);
}

static void rewrites_one_page(int rounds)
{
	uint32_t file = create("f", 0);

	for (int i = 0; i < rounds; i++)
		write_at(file, 0);
	sync_file(file);
}

static void rewrites_pages(int rounds)
{
	uint32_t file = create("f", 0);

	for (int i = 0; i < rounds; i++)
		write_at(file, (uint64_t)(i * 7919 % 100) * BYTES);
	sync_file(file);
	for (int i = 0; i < rounds; i++)
		write_at(file, (uint64_t)(i * 7919 % 100) * BYTES);
}

static void cuts_its_log(int rounds)
{
	uint32_t file = create("f", 0), log = create("f-log", 0);

	for (int i = 0; i < rounds; i++) {
		write_at(log, 0);
		append(log);
		sync_file(log);
		write_at(file, (uint64_t)(i % 100) * BYTES);
		sync_file(file);
		cut(log, BYTES);
	}
}

static void makes_journals(int rounds)
{
	uint32_t file = create("f", 0);

	for (int i = 0; i < rounds; i++) {
		uint32_t journal = create("f-journal", 0);

		append(journal);
		sync_file(journal);
		write_at(file, (uint64_t)(i % 100) * BYTES);
		sync_file(file);
		unlink_file(journal);
	}
}

static void removes_all(int rounds)
{
	uint32_t first = run.trace.file_count;

	for (int i = 0; i < rounds; i++) {
		create("f.", i);
		append(first + (uint32_t)i);
		sync_file(first + (uint32_t)i);
	}
	for (int i = 0; i < rounds; i++)
		unlink_file(first + (uint32_t)i);
}

static void tells_and_never_syncs(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		append(create("f.", i));
		say();
	}
}

static void tells_of_temporaries(int rounds)
{
	uint32_t first = run.trace.file_count;

	for (int i = 0; i < rounds; i++) {
		append(create("f.", i));
		sync_file(first + (uint32_t)i);
		say();
		unlink_file(first + (uint32_t)i);
	}
}

static void has_a_log(int rounds)
{
	uint32_t log = create("log", 0), file = create("f", 0);

	for (int i = 0; i < rounds; i++) {
		append(log);
		sync_file(log);
		write_at(file, (uint64_t)(i % 100) * BYTES);
		say();
	}
	sync_file(file);
}

static struct crash__event *change(uint32_t file, enum crash__call call)
{
	struct crash__event *event = add(CRASH__EVENT_OP, CRASH__FAMILY_ATTR, (uint16_t)call);

	event->file = file;
	return event;
}

static void set_xattr(uint32_t file, const char *name)
{
	struct crash__event *event = change(file, CRASH__CALL_fsetxattr);
	struct crash__piece *piece = &run.pieces[run.trace.count - 1];

	*piece = (struct crash__piece){.bytes = (const unsigned char *)"value", .count = 5};
	event->text = name;
	event->data = event->last = piece;
	event->data_bytes = 5;
	event->args[3] = 5;
}

static void changes_its_mode(int rounds)
{
	uint32_t file = create("f", 0);

	for (int i = 0; i < rounds; i++)
		change(file, CRASH__CALL_fchmod)->args[1] = i % 2 ? 0600 : 0644;
	sync_file(file);
}

static void sets_attributes(int rounds)
{
	static char names[2 * ROUNDS][24];
	uint32_t file = create("f", 0);

	for (int i = 0; i < rounds; i++) {
		snprintf(names[i], sizeof *names, "user.%d", i);
		set_xattr(file, names[i]);
		set_xattr(file, "user.same");
	}
	sync_file(file);
}

static const struct {
	const char *name;
	void (*ops)(int rounds);
} programs[] = {
	{"appends", appends},
	{"rewrites one page", rewrites_one_page},
	{"rewrites pages", rewrites_pages},
	{"cuts its log", cuts_its_log},
	{"makes journals", makes_journals},
	{"removes all", removes_all},
	{"tells and never syncs", tells_and_never_syncs},
	{"tells of temporaries", tells_of_temporaries},
	{"has a log", has_a_log},
	{"changes its mode", changes_its_mode},
	{"sets attributes", sets_attributes},
};

#define PROGRAMS ((int)(sizeof programs / sizeof *programs))

/* ------------------------------------------------------------------ effort */

static struct crash__base *base;

static void begin(struct crash__fs *fs, int program, int rounds)
{
	char directory[PATH_MAX];

	if (!base) {
		support_directory(directory);
		made_base(directory);
		trees_ok(crash__base_open(directory, &base));
	}
	memset(&run.trace, 0, sizeof run.trace);
	run.trace.events = run.events;
	run.trace.files = run.files;
	run.trace.file_count = 1;
	run.trace.end_text = "{\"exit_code\":0}";
	run.trace.end_length = strlen(run.trace.end_text);
	programs[program].ops(rounds);
	trees_ok(crash__fs_replay(fs, &run.trace, ROOT, base));
	ck_assert_uint_eq(fs->steps_count, run.trace.count);
	crash__effort = 0;
}

/* Twice as much to do, with something to spare for what is sorted. */
static void assert_linear(int program, uint64_t once, uint64_t twice)
{
	ck_assert_msg(twice <= once * 5 / 2 + ROUNDS, "%s: %llu for %d rounds, %llu for twice as many",
		      programs[program].name, (unsigned long long)once, ROUNDS, (unsigned long long)twice);
}

static uint64_t effort_of_lint(int program, int rounds)
{
	struct crash__fs fs;
	struct crash__lint lint;

	begin(&fs, program, rounds);
	trees_ok(crash__lint_run(&fs, UINT32_MAX, NULL, &lint));
	ck_assert_uint_eq(lint.ops + lint.acks, run.trace.count);
	crash__lint_clear(&lint);
	crash__fs_clear(&fs);
	return crash__effort;
}

START_TEST(lint_is_linear)
{
	uint64_t once = effort_of_lint(_i, ROUNDS);

	assert_linear(_i, once, effort_of_lint(_i, 2 * ROUNDS));
}
END_TEST

/*
 * What it takes to go through all points, and to lose the op that has just been done at some of them. Keeping
 * one costs what it changes: a size alone makes all of a file.
 */
static uint64_t effort_of_view(int program, int rounds, enum crash__reference reference)
{
	struct crash__model model = trees_model("posix");
	struct crash__atoms atoms;
	struct crash__view *view;
	struct crash__fs fs;
	struct crash__hash hash;

	begin(&fs, program, rounds);
	trees_ok(crash__atoms_make(&atoms, &fs, &model));
	trees_ok(crash__view_new(&atoms, reference, &view));
	for (uint32_t step = 0; step < fs.steps_count; step++) {
		crash__atom_id last = atoms.first[step + 1] - 1;

		trees_ok(crash__view_advance(view, step));
		if (reference == CRASH__EVERYTHING && atoms.first[step] < atoms.first[step + 1])
			trees_ok(crash__view_hash_flipped(view, &last, 1, &hash));
	}
	crash__view_free(view);
	crash__atoms_clear(&atoms);
	crash__fs_clear(&fs);
	return crash__effort;
}

START_TEST(going_through_all_points_is_linear)
{
	enum crash__reference references[] = {CRASH__EVERYTHING, CRASH__DURABLE};

	for (int i = 0; i < 2; i++) {
		uint64_t once = effort_of_view(_i, ROUNDS, references[i]);

		assert_linear(_i, once, effort_of_view(_i, 2 * ROUNDS, references[i]));
	}
}
END_TEST

START_TEST(making_atoms_is_linear)
{
	static const char *const models[] = {"posix", "ext4", "kill"};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		struct crash__model model = trees_model(models[i]);
		uint64_t effort[2];

		for (int twice = 0; twice < 2; twice++) {
			struct crash__atoms atoms;
			struct crash__fs fs;

			begin(&fs, _i, ROUNDS << twice);
			trees_ok(crash__atoms_make(&atoms, &fs, &model));
			effort[twice] = crash__effort;
			crash__atoms_clear(&atoms);
			crash__fs_clear(&fs);
		}
		assert_linear(_i, effort[0], effort[1]);
	}
}
END_TEST

static void finish(void)
{
	if (base)
		crash__base_close(base);
	base = NULL;
}

int main(void)
{
	Suite *suite = suite_create("long");
	TCase *tcase = tcase_create("long");

	tcase_add_checked_fixture(tcase, NULL, finish);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, making_atoms_is_linear, 0, PROGRAMS);
	tcase_add_loop_test(tcase, lint_is_linear, 0, PROGRAMS);
	tcase_add_loop_test(tcase, going_through_all_points_is_linear, 0, PROGRAMS);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
