/* SPDX-License-Identifier: MIT */
/*
 * check_lint_facts.c - each classifier of lint, alone.
 *
 * Method: a recording of a few ops is made in memory, the walk stops where the question is asked, and the
 * classifier is asked: where the fact holds, and where something that looks like it does not. No rule is at
 * work. The starting tree has the file "a" (made.h); names have at most three characters.
 */
#include <crashinject/crashinject.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "explore/fs/fs_replay.h"
#include "explore/lint/acknowledged.h"
#include "explore/lint/copy_facts.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/journal_facts.h"
#include "explore/lint/lint_walk.h"
#include "explore/lint/message_facts.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/op_facts.h"
#include "explore/lint/overwrite_facts.h"
#include "explore/lint/process_facts.h"
#include "explore/lint/rules.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

#define LARGE 1500 /* bytes in more than one sector */

static struct made made;
static struct crash__base *base;
static struct crash__fs fs;
static struct crash__lint lint;
static bool replayed;

/* ------------------------------------------------------------------ making recordings */

static void forget(void)
{
	if (replayed) {
		crash__lint_clear(&lint);
		crash__fs_clear(&fs);
	}
	replayed = false;
}

/* Begins another recording. */
static void begin(void)
{
	char directory[PATH_MAX];

	forget();
	if (!base) {
		support_directory(directory);
		made_base(directory);
		trees_ok(crash__base_open(directory, &base));
	}
	made_start(&made);
	made.trace.end_text = "{\"exit_code\":0}";
	made.trace.end_length = strlen(made.trace.end_text);
}

static void finish(void)
{
	forget();
	crash__base_close(base);
	base = NULL;
}

/* Does an op, and returns its step. */
static uint32_t op(enum made_kind kind, const char *path, const char *to, uint64_t bytes)
{
	const struct made_op wanted = {.kind = kind, .path = path, .to = to, .bytes = bytes};

	ck_assert_msg(made_do(&made, &wanted), "%s is not possible", made_text(&wanted));
	return (uint32_t)made.trace.count - 1;
}

/* Gives a write other bytes than its own. */
static uint32_t with(uint32_t step, const void *bytes)
{
	made.pieces[step].bytes = bytes;
	return step;
}

static uint32_t append_text(const char *path, const char *text)
{
	return with(op(MADE_APPEND, path, NULL, strlen(text)), text);
}

/* An acknowledgement. */
static uint32_t say(int fd, const char *text)
{
	uint32_t step = (uint32_t)made.trace.count++;
	struct crash__event *event = &made.events[step];

	ck_assert_uint_lt(step, MADE_OPS);
	made.pieces[step] = (struct crash__piece){.bytes = (const void *)text, .count = strlen(text)};
	*event = (struct crash__event){
		.kind = CRASH__EVENT_ACK,
		.start = 2 * (uint64_t)step + 1,
		.end = 2 * (uint64_t)step + 2,
		.fd = fd,
		.data = &made.pieces[step],
		.last = &made.pieces[step],
		.data_bytes = strlen(text),
	};
	return step;
}

/* Makes a step one of another thread, or process. */
static uint32_t by(uint32_t process, uint32_t tid, uint32_t step)
{
	made.events[step].process = process;
	made.events[step].tid = tid;
	return step;
}

/* Makes a file durable: its data and its name. */
static void sync_whole(const char *path)
{
	op(MADE_FSYNC, path, NULL, 0);
	op(MADE_FSYNC, "", NULL, 0);
}

/* Replays, and walks to where a step begins. */
static void walk_to(uint32_t step)
{
	if (!replayed) {
		trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
		ck_assert_uint_eq(fs.steps_count, made.trace.count);
		trees_ok(crash__lint_begin(&fs, &lint));
		replayed = true;
	}
	for (uint32_t next = (uint32_t)(crash__view_step(lint.view) + 1); next < step; next++)
		crash__lint_take(&lint, next);
	ck_assert_int_eq(lint.error, 0);
}

static void walk_to_start(void)
{
	walk_to(0);
}

static void walk_to_end(void)
{
	walk_to((uint32_t)made.trace.count);
}

/* What a step is about. */
static crash__node_id node_of(uint32_t step)
{
	const struct crash__effect *effect = first_effect(&lint, step);

	ck_assert_ptr_nonnull(effect);
	return effect->node ? effect->node : effect->old_node;
}

static crash__slot_id slot_of(const char *name, crash__node_id directory)
{
	for (crash__slot_id slot = 1; slot < fs.slots_count; slot++)
		if (fs.slots[slot].directory == directory && strcmp(fs.slots[slot].name, name) == 0)
			return slot;
	ck_abort_msg("there is no %s", name);
	return 0;
}

static void fill(unsigned char *bytes, size_t count, unsigned char byte)
{
	memset(bytes, byte, count);
}

/* ------------------------------------------------------------------ files, in the whole run */

START_TEST(a_temporary_file_is_removed_and_not_replaced)
{
	uint32_t removed = op(MADE_CREATE, "b", NULL, 0), replaced = op(MADE_CREATE, "c", NULL, 0);

	op(MADE_UNLINK, "b", NULL, 0);
	op(MADE_RENAME, "a", "c", 0);
	walk_to_start();
	ck_assert(crash__is_temporary(&lint, node_of(removed)));
	ck_assert(!crash__is_temporary(&lint, node_of(replaced)));
	ck_assert_int_eq(crash__file_fact(&lint, node_of(removed)), CRASH__FACT_TEMPORARY);
	ck_assert_int_eq(crash__file_fact(&lint, node_of(replaced)), CRASH__FACT_NONE);
}
END_TEST

START_TEST(a_file_whose_other_name_stays_is_not_temporary)
{
	uint32_t step = op(MADE_CREATE, "b", NULL, 0);

	op(MADE_LINK, "b", "c", 0);
	op(MADE_UNLINK, "b", NULL, 0);
	walk_to_start();
	ck_assert(!crash__is_temporary(&lint, node_of(step)));
}
END_TEST

START_TEST(shared_memory_is_stored_to_and_never_synced)
{
	static const char *const names[] = {"s", "w", "d"}; /* stored to; written, too; synced */
	uint32_t steps[3];

	for (size_t i = 0; i < 3; i++) {
		op(MADE_CREATE, names[i], NULL, 0);
		op(MADE_ALLOCATE, names[i], NULL, 100);
		steps[i] = op(MADE_REWRITE, names[i], NULL, 100);
		made.events[steps[i]].call = made.events[steps[i]].kernel = CRASH__CALL_store;
	}
	op(MADE_APPEND, "w", NULL, 100);
	op(MADE_FSYNC, "d", NULL, 0);
	walk_to_start();
	ck_assert(crash__is_shared_memory(&lint, node_of(steps[0])));
	ck_assert_int_eq(crash__file_fact(&lint, node_of(steps[0])), CRASH__FACT_SHARED_MEMORY);
	ck_assert(!crash__is_shared_memory(&lint, node_of(steps[1])));
	ck_assert(!crash__is_shared_memory(&lint, node_of(steps[2])));
}
END_TEST

START_TEST(a_log_has_lines_appended_and_is_never_synced)
{
	uint32_t log = append_text("a", "one line\n"), binary, synced;

	append_text("a", "another\n");
	op(MADE_CREATE, "b", NULL, 0);
	binary = op(MADE_APPEND, "b", NULL, 100);
	op(MADE_CREATE, "c", NULL, 0);
	synced = append_text("c", "one line\n");
	op(MADE_FSYNC, "c", NULL, 0);
	walk_to_start();
	ck_assert(crash__is_log(&lint, node_of(log)));
	ck_assert_int_eq(crash__file_fact(&lint, node_of(log)), CRASH__FACT_LOG);
	ck_assert(!crash__is_log(&lint, node_of(binary)));
	ck_assert(!crash__is_log(&lint, node_of(synced)));
}
END_TEST

START_TEST(a_file_that_is_overwritten_or_cut_is_not_a_log)
{
	uint32_t cut, over = append_text("a", "one line\n");

	with(op(MADE_REWRITE, "a", NULL, 5), "line\n");
	op(MADE_CREATE, "b", NULL, 0);
	cut = append_text("b", "one line\n");
	op(MADE_EMPTY, "b", NULL, 0);
	op(MADE_FSYNC, "", NULL, 0);
	walk_to_start();
	ck_assert(!crash__is_log(&lint, node_of(over)));
	ck_assert(!crash__is_log(&lint, node_of(cut)));
}
END_TEST

START_TEST(a_file_that_is_put_into_place_is_not_a_log)
{
	static const char *const names[] = {"b", "d", "l", "e"};
	uint32_t steps[4];

	for (size_t i = 0; i < 4; i++) {
		op(MADE_CREATE, names[i], NULL, 0);
		steps[i] = append_text(names[i], "one line\n");
	}
	op(MADE_RENAME, "b", "c", 0);
	op(MADE_LINK, "d", "f", 0);
	op(MADE_UNLINK, "d", NULL, 0);
	op(MADE_RENAME, "l", "o", 0);
	op(MADE_CREATE, "l", NULL, 0); /* the next log */
	op(MADE_LINK, "e", "g", 0);
	op(MADE_FSYNC, "", NULL, 0);
	walk_to_start();
	ck_assert(!crash__is_log(&lint, node_of(steps[0])));
	ck_assert(!crash__is_log(&lint, node_of(steps[1])));
	ck_assert(crash__is_log(&lint, node_of(steps[2])));
	ck_assert(crash__is_log(&lint, node_of(steps[3])));
}
END_TEST

START_TEST(a_program_that_syncs_nothing_has_no_logs)
{
	uint32_t step = append_text("a", "one line\n");

	walk_to_start();
	ck_assert(!crash__is_log(&lint, node_of(step)));
	ck_assert(crash__never_syncs(&lint));
}
END_TEST

START_TEST(a_special_file_is_a_pipe_a_socket_or_a_device)
{
	uint32_t fifo = op(MADE_CREATE, "p", NULL, 0), file = op(MADE_CREATE, "b", NULL, 0);

	made.events[fifo].made_mode = S_IFIFO | 0644;
	walk_to_start();
	ck_assert(crash__is_special(&lint, node_of(fifo)));
	ck_assert_int_eq(crash__file_fact(&lint, node_of(fifo)), CRASH__FACT_SPECIAL);
	ck_assert(!crash__is_special(&lint, node_of(file)));
}
END_TEST

START_TEST(a_moved_file_got_a_name_by_rename)
{
	uint32_t moved = op(MADE_CREATE, "b", NULL, 0), linked = op(MADE_CREATE, "c", NULL, 0);

	op(MADE_RENAME, "b", "d", 0);
	op(MADE_LINK, "c", "e", 0);
	walk_to_start();
	ck_assert(crash__is_moved(&lint, node_of(moved)));
	ck_assert(!crash__is_moved(&lint, node_of(linked)));
	/* it keeps one rule silent, not all */
	ck_assert_int_eq(crash__file_fact(&lint, node_of(moved)), CRASH__FACT_NONE);
}
END_TEST

/* ------------------------------------------------------------------ files, at the moment */

START_TEST(a_file_is_empty_until_it_is_written)
{
	uint32_t made_file = op(MADE_CREATE, "b", NULL, 0), directory = op(MADE_MKDIR, "d", NULL, 0);
	uint32_t write = op(MADE_APPEND, "b", NULL, 10);

	walk_to(write);
	ck_assert(crash__is_empty(&lint, node_of(made_file)));
	ck_assert(!crash__is_empty(&lint, node_of(directory)));
	walk_to(write + 1);
	ck_assert(!crash__is_empty(&lint, node_of(made_file)));
}
END_TEST

START_TEST(an_old_file_is_rotated_to_a_free_name)
{
	uint32_t away = op(MADE_RENAME, "a", "o", 0), fresh, over;

	op(MADE_CREATE, "b", NULL, 0);
	fresh = op(MADE_RENAME, "b", "c", 0);
	over = op(MADE_RENAME, "o", "c", 0);
	walk_to_start();
	ck_assert(crash__is_rotated(&lint, first_effect(&lint, away)));
	ck_assert(!crash__is_rotated(&lint, first_effect(&lint, fresh)));
	ck_assert(!crash__is_rotated(&lint, first_effect(&lint, over)));
}
END_TEST

START_TEST(related_names_begin_alike_or_are_the_same_elsewhere)
{
	uint32_t directory = op(MADE_MKDIR, "d", NULL, 0);
	static const char *const names[] = {"a~", "a.b", "ab", "b"};
	crash__node_id other;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		op(MADE_CREATE, names[i], NULL, 0);
	op(MADE_CHMOD, "a", NULL, 0);
	op(MADE_CREATE, "d/a", NULL, 0);
	op(MADE_CREATE, "d/a~", NULL, 0);
	walk_to_start();
	other = node_of(directory);
	ck_assert(crash__are_related(&lint, slot_of("a", 1), slot_of("a~", 1)));
	ck_assert(crash__are_related(&lint, slot_of("a.b", 1), slot_of("a", 1)));
	ck_assert(crash__are_related(&lint, slot_of("a", 1), slot_of("a", other)));
	ck_assert(!crash__are_related(&lint, slot_of("a", 1), slot_of("ab", 1)));
	ck_assert(!crash__are_related(&lint, slot_of("a", 1), slot_of("b", 1)));
	ck_assert(!crash__are_related(&lint, slot_of("a", 1), slot_of("a~", other)));
	ck_assert(!crash__are_related(&lint, slot_of("a", 1), slot_of("a", 1)));
}
END_TEST

/* ------------------------------------------------------------------ messages */

START_TEST(standard_error_is_descriptor_2)
{
	uint32_t error = say(2, "working"), output = say(1, "working");

	walk_to_start();
	ck_assert(crash__is_standard_error(&lint, error));
	ck_assert(!crash__is_standard_error(&lint, output));
	ck_assert_int_eq(crash__message_fact(&lint, error), CRASH__FACT_STANDARD_ERROR);
	ck_assert_int_eq(crash__complaint_fact(&lint, error), CRASH__FACT_STANDARD_ERROR);
	ck_assert_int_eq(crash__message_fact(&lint, output), CRASH__FACT_NONE);
}
END_TEST

START_TEST(a_wake_up_is_a_byte_or_eight_elsewhere)
{
	uint32_t one = say(5, "x"), eight = say(5, "12345678"), two = say(5, "ok");
	uint32_t output = say(1, "x"), explicit_one = say(-1, "x");

	walk_to_start();
	ck_assert(crash__is_wake_up(&lint, one));
	ck_assert(crash__is_wake_up(&lint, eight));
	ck_assert(!crash__is_wake_up(&lint, two));
	ck_assert(!crash__is_wake_up(&lint, output));
	ck_assert(!crash__is_wake_up(&lint, explicit_one));
	ck_assert_int_eq(crash__message_fact(&lint, one), CRASH__FACT_WAKE_UP);
	ck_assert_int_eq(crash__complaint_fact(&lint, one), CRASH__FACT_NONE);
}
END_TEST

START_TEST(an_error_message_says_so)
{
	uint32_t error = say(1, "disk I/O problem"), failure = say(1, "sync Failed"), good = say(1, "stored");

	walk_to_start();
	ck_assert(crash__is_error_message(&lint, error));
	ck_assert(crash__is_error_message(&lint, failure));
	ck_assert(!crash__is_error_message(&lint, good));
	ck_assert_int_eq(crash__complaint_fact(&lint, failure), CRASH__FACT_ERROR_MESSAGE);
	/* it acknowledges what was done before the failure */
	ck_assert_int_eq(crash__message_fact(&lint, failure), CRASH__FACT_NONE);
}
END_TEST

START_TEST(output_between_two_writes_to_a_file_is_not_chatter)
{
	uint32_t first = op(MADE_APPEND, "a", NULL, 10), between = say(1, "1"), explicit_one = say(-1, "1");
	uint32_t second = op(MADE_APPEND, "a", NULL, 10), last = say(1, "2");

	walk_to_start();
	ck_assert(!crash__is_chatter(&lint, between, first));
	ck_assert(!crash__is_chatter(&lint, explicit_one, second));
	ck_assert(crash__is_chatter(&lint, last, second));
	ck_assert(crash__is_chatter(&lint, last, first));
}
END_TEST

START_TEST(a_program_that_syncs_does_not_chatter)
{
	uint32_t write = op(MADE_APPEND, "a", NULL, 10), message = say(1, "1");

	op(MADE_FSYNC, "a", NULL, 0);
	walk_to_start();
	ck_assert(!crash__is_chatter(&lint, message, write));
}
END_TEST

/* ------------------------------------------------------------------ journals and logs */

/* Whether there is a journal beside "a" when it is written, if a file is made durable before. */
static bool has_journal(const char *name, bool synced, bool removed)
{
	uint32_t write, message;

	begin();
	op(MADE_CREATE, name, NULL, 0);
	op(MADE_APPEND, name, NULL, 10);
	if (synced)
		sync_whole(name);
	write = op(MADE_APPEND, "a", NULL, 10);
	message = say(1, "working");
	if (removed)
		op(MADE_UNLINK, name, NULL, 0);
	walk_to(message);
	crash__list_journals(&lint, &lint.processes[0]);
	return crash__has_journal(&lint, write);
}

START_TEST(a_journal_is_durable_beside_a_file_and_removed_later)
{
	ck_assert(has_journal("a~", true, true));
	ck_assert(!has_journal("a~", true, false));
	ck_assert(!has_journal("a~", false, true));
	ck_assert(!has_journal("j", true, true));
}
END_TEST

/* Whether a log stands for a write to "a". */
static bool is_logged(bool log_before, bool log_after, bool synced_later)
{
	uint32_t write, message;

	begin();
	op(MADE_CREATE, "l", NULL, 0);
	op(MADE_APPEND, "l", NULL, 10);
	if (log_before)
		op(MADE_FSYNC, "l", NULL, 0);
	write = op(MADE_APPEND, "a", NULL, 10);
	if (log_after)
		op(MADE_FSYNC, "l", NULL, 0);
	message = say(1, "stored");
	if (synced_later)
		op(MADE_FSYNC, "a", NULL, 0);
	walk_to(message);
	return crash__is_logged(&lint, write);
}

START_TEST(a_log_stands_for_what_is_synced_later)
{
	ck_assert(is_logged(false, true, true));
	ck_assert(!is_logged(false, true, false));
	ck_assert(!is_logged(true, false, true));
	ck_assert(!is_logged(false, false, true));
}
END_TEST

/* Removes a file that has some bytes, after "a" was overwritten with others. */
static struct crash__removed_file remove_after(const unsigned char *held, const unsigned char *written,
					       bool synced, enum crash__fact *fact)
{
	uint32_t removed;

	begin();
	op(MADE_CREATE, "j", NULL, 0);
	with(op(MADE_APPEND, "j", NULL, 100), held);
	if (synced)
		op(MADE_FSYNC, "j", NULL, 0);
	if (written)
		with(op(MADE_REWRITE, "a", NULL, 100), written);
	removed = op(MADE_UNLINK, "j", NULL, 0);
	walk_to(removed);
	*fact = crash__removed_fact(&lint, node_of(removed), removed);
	return crash__compare_removed(&lint, node_of(removed), removed);
}

START_TEST(an_undo_journal_had_the_old_content)
{
	unsigned char old[100], new[100];
	struct crash__removed_file found;
	enum crash__fact fact;

	fill(old, sizeof old, MADE_OLD);
	fill(new, sizeof new, 'n');
	found = remove_after(old, new, true, &fact);
	ck_assert(found.compared && found.undoes && !found.redoes);
	ck_assert_int_eq(fact, CRASH__FACT_NONE);
}
END_TEST

START_TEST(a_redo_log_had_the_new_content)
{
	unsigned char new[100];
	struct crash__removed_file found;
	enum crash__fact fact;

	fill(new, sizeof new, 'n');
	found = remove_after(new, new, true, &fact);
	ck_assert(found.compared && !found.undoes && found.redoes);
	ck_assert_int_eq(fact, CRASH__FACT_REDO_LOG);
}
END_TEST

START_TEST(a_lock_file_had_neither)
{
	unsigned char held[100], new[100];
	struct crash__removed_file found;
	enum crash__fact fact;

	fill(held, sizeof held, 'p');
	fill(new, sizeof new, 'n');
	found = remove_after(held, new, true, &fact);
	ck_assert(found.compared && !found.undoes && !found.redoes);
	ck_assert_int_eq(fact, CRASH__FACT_LOCK_FILE);
}
END_TEST

/* Whether a file of some bytes that is removed is a lock on "a", to which others were appended. */
static bool is_lock(const char *name, const void *held, uint64_t bytes, const char *appended)
{
	uint32_t write, removed;

	begin();
	op(MADE_CREATE, name, NULL, 0);
	write = with(op(MADE_APPEND, name, NULL, bytes), held);
	made.events[write].pid = 77;
	op(MADE_FSYNC, name, NULL, 0);
	write = append_text("a", appended);
	removed = op(MADE_UNLINK, name, NULL, 0);
	walk_to(removed);
	return crash__is_lock(&lint, node_of(removed), node_of(write), removed);
}

START_TEST(a_lock_has_its_name_or_a_process_id)
{
	ck_assert(is_lock("lck", "held", 4, "more"));
	ck_assert(is_lock("PID", "held", 4, "more"));
	ck_assert(is_lock("j", "host 77\n", 8, "more"));
	ck_assert(!is_lock("j", "held", 4, "more"));
	ck_assert(!is_lock("j", "177 778\n", 8, "more"));
}
END_TEST

START_TEST(a_lock_has_nothing_of_what_it_protects)
{
	unsigned char old[MADE_SIZE];

	fill(old, sizeof old, MADE_OLD);
	ck_assert(!is_lock("lck", "set more", 8, "more"));
	ck_assert(!is_lock("lck", "more", 4, "no more"));
	ck_assert(!is_lock("lck", old, sizeof old, "more"));
	ck_assert(!is_lock("j", "77 more", 7, "more"));
}
END_TEST

START_TEST(nothing_depends_on_a_removed_file_that_was_not_durable_at_a_change)
{
	unsigned char old[100], new[100];
	enum crash__fact fact;

	fill(old, sizeof old, MADE_OLD);
	fill(new, sizeof new, 'n');
	ck_assert(!remove_after(old, new, false, &fact).compared);
	ck_assert_int_eq(fact, CRASH__FACT_REMOVED);
	ck_assert(!remove_after(old, NULL, true, &fact).compared);
	ck_assert_int_eq(fact, CRASH__FACT_REMOVED);
}
END_TEST

/* ------------------------------------------------------------------ copies */

START_TEST(a_copy_is_durable_since_the_last_sync_of_the_file)
{
	uint32_t without, after, later;

	op(MADE_CREATE, "j", NULL, 0);
	without = op(MADE_APPEND, "j", NULL, 10);
	op(MADE_FSYNC, "j", NULL, 0);
	after = op(MADE_REWRITE, "a", NULL, 10);
	op(MADE_FSYNC, "a", NULL, 0);
	later = op(MADE_REWRITE, "a", NULL, 10);
	walk_to(without + 1);
	ck_assert(!crash__has_copy(&lint, node_of(after)));
	walk_to(after);
	ck_assert(crash__has_copy(&lint, node_of(after)));
	walk_to(later);
	ck_assert(!crash__has_copy(&lint, node_of(after)));
}
END_TEST

/* "a" is emptied or cut; before, another file is made, and may be synced. */
static uint32_t empty_after(const char *name, bool synced, enum made_kind kind)
{
	uint32_t emptied;

	begin();
	op(MADE_CREATE, name, NULL, 0);
	op(MADE_APPEND, name, NULL, 10);
	if (synced)
		op(MADE_FSYNC, name, NULL, 0);
	emptied = op(kind, "a", NULL, 0);
	walk_to(emptied);
	return emptied;
}

START_TEST(a_backup_has_a_related_name_and_is_synced)
{
	uint32_t emptied = empty_after("a~", true, MADE_EMPTY);

	ck_assert(crash__has_backup(&lint, emptied, node_of(emptied)));
	emptied = empty_after("a~", false, MADE_EMPTY);
	ck_assert(!crash__has_backup(&lint, emptied, node_of(emptied)));
	emptied = empty_after("b", true, MADE_EMPTY);
	ck_assert(!crash__has_backup(&lint, emptied, node_of(emptied)));
}
END_TEST

START_TEST(a_backup_is_younger_than_what_it_is_of)
{
	uint32_t emptied;

	op(MADE_CREATE, "a~", NULL, 0);
	op(MADE_APPEND, "a~", NULL, 10);
	op(MADE_FSYNC, "a~", NULL, 0);
	op(MADE_APPEND, "a", NULL, 10);
	emptied = op(MADE_EMPTY, "a", NULL, 0);
	walk_to(emptied);
	ck_assert(!crash__has_backup(&lint, emptied, node_of(emptied)));
}
END_TEST

START_TEST(a_log_is_restarted_by_truncation_after_a_sync)
{
	uint32_t cut = empty_after("b", true, MADE_SHRINK);

	ck_assert(crash__is_restarted_log(&lint, cut, node_of(cut)));
	cut = empty_after("b", false, MADE_SHRINK);
	ck_assert(!crash__is_restarted_log(&lint, cut, node_of(cut)));
	cut = empty_after("b", true, MADE_EMPTY);
	ck_assert(!crash__is_restarted_log(&lint, cut, node_of(cut)));
}
END_TEST

/* ------------------------------------------------------------------ overwritten bytes */

/* Overwrites the beginning of a large file that was made durable with some bytes. */
static struct crash__overwritten overwrite(const unsigned char *old, const unsigned char *new, uint64_t bytes)
{
	uint32_t step;

	begin();
	op(MADE_CREATE, "b", NULL, 0);
	with(op(MADE_APPEND, "b", NULL, LARGE), old);
	op(MADE_FSYNC, "b", NULL, 0);
	step = with(op(MADE_REWRITE, "b", NULL, bytes), new);
	walk_to(step);
	return crash__find_overwritten(&lint, step, first_effect(&lint, step));
}

START_TEST(zeros_are_not_data_and_a_sector_is_written_whole)
{
	unsigned char zeros[LARGE] = {0}, old[LARGE], new[LARGE];
	struct crash__overwritten found;

	fill(old, sizeof old, 'o');
	fill(new, sizeof new, 'n');
	found = overwrite(old, new, LARGE);
	ck_assert(found.data && !crash__is_over_zeros(&found) && !crash__is_in_one_sector(&found));
	found = overwrite(zeros, new, LARGE);
	ck_assert(crash__is_over_zeros(&found) && !crash__is_in_one_sector(&found));
	found = overwrite(old, new, 512);
	ck_assert(crash__is_in_one_sector(&found) && !crash__is_over_zeros(&found));
	found = overwrite(old, new, 513);
	ck_assert(!crash__is_in_one_sector(&found));
	found = overwrite(old, old, LARGE);
	ck_assert(!found.data && !found.zeros);
	ck_assert(!crash__is_over_zeros(&found) && !crash__is_in_one_sector(&found));
}
END_TEST

START_TEST(a_single_byte_that_is_not_zero_is_data)
{
	unsigned char old[LARGE] = {0}, new[LARGE];
	struct crash__overwritten found;

	old[LARGE - 1] = 'o';
	fill(new, sizeof new, 'n');
	found = overwrite(old, new, LARGE);
	ck_assert(!crash__is_over_zeros(&found) && crash__is_in_one_sector(&found));
	ck_assert_uint_eq(found.first, LARGE - 1);
}
END_TEST

/* Whether a large write to "a" is taken to go to unused pages, by what is done after the sync. */
static bool is_unused(bool more, enum made_kind kind, uint64_t bytes)
{
	uint32_t step;

	begin();
	op(MADE_APPEND, "a", NULL, 2 * LARGE);
	step = op(MADE_REWRITE, "a", NULL, LARGE);
	op(MADE_FSYNC, "a", NULL, 0);
	if (more)
		op(kind, "a", NULL, bytes);
	walk_to(step);
	return crash__is_unused(&lint, step);
}

START_TEST(a_small_write_after_the_sync_switches_pages)
{
	ck_assert(is_unused(true, MADE_OVERWRITE, 0));
	ck_assert(!is_unused(true, MADE_REWRITE, LARGE));
	ck_assert(!is_unused(true, MADE_SHRINK, 0));
	ck_assert(!is_unused(false, MADE_SHRINK, 0));
}
END_TEST

/* ------------------------------------------------------------------ ops */

START_TEST(a_passing_name_is_taken_by_a_rename)
{
	uint32_t passing = op(MADE_CREATE, "b", NULL, 0), lasting = op(MADE_RENAME, "b", "c", 0);
	uint32_t removed = op(MADE_CREATE, "d", NULL, 0);

	op(MADE_UNLINK, "d", NULL, 0);
	walk_to_start();
	ck_assert(crash__is_passing_name(&lint, passing));
	ck_assert(crash__has_op_fact(&lint, passing, CRASH__FACT_PASSING_NAME));
	ck_assert(!crash__is_passing_name(&lint, lasting));
	ck_assert(!crash__is_passing_name(&lint, removed));
}
END_TEST

START_TEST(a_truncation_only_makes_a_file_shorter)
{
	uint32_t cut = op(MADE_SHRINK, "a", NULL, 0), longer = op(MADE_APPEND, "a", NULL, 10);
	uint32_t emptied = op(MADE_EMPTY, "a", NULL, 0);

	walk_to_start();
	ck_assert(crash__is_truncation(&lint, cut));
	ck_assert(crash__is_truncation(&lint, emptied));
	ck_assert(crash__has_op_fact(&lint, cut, CRASH__FACT_TRUNCATION));
	ck_assert(!crash__is_truncation(&lint, longer));
}
END_TEST

START_TEST(what_cannot_be_synced_fails_otherwise_than_what_is_lost)
{
	uint32_t failed = op(MADE_FSYNC_FAILS, "a", NULL, 0), refused = op(MADE_FSYNC_FAILS, "a", NULL, 0);
	uint32_t good = op(MADE_FSYNC, "a", NULL, 0);

	made.events[refused].result = -EINVAL;
	walk_to_start();
	ck_assert(crash__is_unsyncable(&lint, refused));
	ck_assert(crash__has_op_fact(&lint, refused, CRASH__FACT_UNSYNCABLE));
	ck_assert(!crash__is_unsyncable(&lint, failed));
	ck_assert(!crash__is_unsyncable(&lint, good));
}
END_TEST

START_TEST(a_file_is_rewritten_by_a_write_to_itself)
{
	uint32_t own, other;

	op(MADE_FSYNC_FAILS, "a", NULL, 0);
	own = op(MADE_APPEND, "a", NULL, 10);
	op(MADE_CREATE, "b", NULL, 0);
	other = op(MADE_APPEND, "b", NULL, 10);
	walk_to_start();
	ck_assert(crash__is_rewritten(&lint, own, node_of(own)));
	ck_assert(!crash__is_rewritten(&lint, other, node_of(own)));
}
END_TEST

/* ------------------------------------------------------------------ processes */

START_TEST(another_thread_is_one_of_the_same_process)
{
	uint32_t own = by(1, 10, op(MADE_APPEND, "a", NULL, 10));
	uint32_t thread = by(1, 11, op(MADE_APPEND, "a", NULL, 10));
	uint32_t process = by(2, 20, op(MADE_APPEND, "a", NULL, 10));
	uint32_t message = by(1, 10, say(1, "stored"));

	walk_to_start();
	ck_assert(crash__is_other_thread(&lint, message, thread));
	ck_assert(!crash__is_other_thread(&lint, message, own));
	ck_assert(!crash__is_other_thread(&lint, message, process));
	ck_assert_int_eq(crash__author_fact(&lint, message, own), CRASH__FACT_NONE);
	ck_assert_int_eq(crash__author_fact(&lint, message, thread), CRASH__FACT_OTHER_THREAD);
	ck_assert_int_eq(crash__author_fact(&lint, message, process), CRASH__FACT_OTHER_PROCESS);
}
END_TEST

START_TEST(a_child_that_has_ended_is_not_another_process)
{
	struct crash__trace_process processes[] = {
		{.number = 1, .pid = 100},
		{.number = 2, .pid = 200, .parent = 100}, /* ends before the message */
		{.number = 3, .pid = 300, .parent = 100}, /* goes on after it */
		{.number = 4, .pid = 400, .parent = 1},	  /* nobody's */
	};
	uint32_t ended = by(2, 200, op(MADE_APPEND, "a", NULL, 10));
	uint32_t running = by(3, 300, op(MADE_APPEND, "a", NULL, 10));
	uint32_t stranger = by(4, 400, op(MADE_APPEND, "a", NULL, 10));
	uint32_t message = by(1, 100, say(1, "stored"));

	by(3, 300, op(MADE_APPEND, "a", NULL, 10));
	made.trace.processes = processes;
	made.trace.process_count = sizeof processes / sizeof *processes;
	walk_to_start();
	ck_assert(!crash__is_other_process(&lint, message, ended));
	ck_assert(crash__is_other_process(&lint, message, running));
	ck_assert(crash__is_other_process(&lint, message, stranger));
	ck_assert(crash__is_other_process(&lint, ended, message));
}
END_TEST

START_TEST(the_first_process_is_not_a_child)
{
	uint32_t first = by(1, 10, op(MADE_APPEND, "a", NULL, 10));
	uint32_t second = by(2, 20, op(MADE_APPEND, "a", NULL, 10));

	walk_to_start();
	ck_assert(!crash__is_child(&lint, first));
	ck_assert(crash__is_child(&lint, second));
}
END_TEST

/* Replays a run that ended in some way. */
static void end_with(const char *text)
{
	begin();
	made.trace.end_text = text;
	made.trace.end_length = text ? strlen(text) : 0;
	op(MADE_APPEND, "a", NULL, 10);
	walk_to_start();
}

START_TEST(a_program_ends_well_or_fails_or_is_killed)
{
	end_with("{\"exit_code\":0}");
	ck_assert(!crash__is_failed(&lint) && !crash__is_killed(&lint));
	ck_assert_int_eq(crash__end_fact(&lint), CRASH__FACT_NONE);
	end_with("{\"exit_code\":1}");
	ck_assert(crash__is_failed(&lint) && !crash__is_killed(&lint));
	ck_assert_int_eq(crash__end_fact(&lint), CRASH__FACT_FAILED);
	end_with("{\"exit_code\":null,\"signal\":9}");
	ck_assert(!crash__is_failed(&lint) && crash__is_killed(&lint));
	ck_assert_int_eq(crash__end_fact(&lint), CRASH__FACT_KILLED);
	end_with(NULL);
	ck_assert(crash__is_killed(&lint));
}
END_TEST

START_TEST(a_failed_sync_is_a_sync)
{
	op(MADE_FSYNC_FAILS, "a", NULL, 0);
	walk_to_start();
	ck_assert(!crash__never_syncs(&lint));
}
END_TEST

/* ------------------------------------------------------------------ what an acknowledgement claims */

static void assert_claim(size_t index, uint32_t step, enum crash__fact unless)
{
	ck_assert_uint_lt(index, lint.claims_count);
	ck_assert_uint_eq(lint.claims[index].step, step);
	ck_assert_int_eq(lint.claims[index].unless, unless);
}

START_TEST(an_acknowledgement_claims_each_change_once)
{
	uint32_t write = op(MADE_APPEND, "a", NULL, 10), first = say(1, "1"), second = say(1, "2");

	op(MADE_FSYNC, "a", NULL, 0);
	walk_to(first);
	crash__find_claims(&lint, first);
	ck_assert_uint_eq(lint.claims_count, 1);
	assert_claim(0, write, CRASH__FACT_NONE);
	walk_to(second);
	crash__find_claims(&lint, second);
	ck_assert_uint_eq(lint.claims_count, 0);
}
END_TEST

START_TEST(a_message_that_acknowledges_nothing_leaves_its_claim_to_the_next)
{
	uint32_t write = op(MADE_APPEND, "a", NULL, 10), error = say(2, "working"), output = say(1, "stored");

	op(MADE_FSYNC, "a", NULL, 0);
	walk_to(error);
	crash__find_claims(&lint, error);
	assert_claim(0, write, CRASH__FACT_STANDARD_ERROR);
	walk_to(output);
	crash__find_claims(&lint, output);
	ck_assert_uint_eq(lint.claims_count, 1);
	assert_claim(0, write, CRASH__FACT_NONE);
}
END_TEST

START_TEST(a_change_is_passed_over_once)
{
	uint32_t write = op(MADE_APPEND, "a", NULL, 10), first = say(5, "x"), second = say(5, "x");
	uint32_t more = op(MADE_APPEND, "a", NULL, 10), third = say(5, "x");

	op(MADE_FSYNC, "a", NULL, 0);
	walk_to(first);
	crash__find_claims(&lint, first);
	ck_assert_uint_eq(lint.claims_count, 1);
	assert_claim(0, write, CRASH__FACT_WAKE_UP);
	walk_to(second);
	crash__find_claims(&lint, second);
	ck_assert_uint_eq(lint.claims_count, 0);
	walk_to(third);
	crash__find_claims(&lint, third);
	ck_assert_uint_eq(lint.claims_count, 1);
	assert_claim(0, more, CRASH__FACT_WAKE_UP);
}
END_TEST

START_TEST(what_is_durable_is_not_a_suspect)
{
	uint32_t message;

	op(MADE_APPEND, "a", NULL, 10);
	op(MADE_FSYNC, "a", NULL, 0);
	message = say(2, "working");
	walk_to(message);
	crash__find_claims(&lint, message);
	ck_assert_uint_eq(lint.claims_count, 0);
}
END_TEST

START_TEST(a_change_of_another_thread_is_overheard_once)
{
	uint32_t write = by(1, 11, op(MADE_APPEND, "a", NULL, 10)), first = by(1, 10, say(1, "1"));
	uint32_t second = by(1, 10, say(1, "2")), own = by(1, 11, say(1, "3"));

	op(MADE_FSYNC, "a", NULL, 0);
	walk_to(first);
	crash__find_claims(&lint, first);
	ck_assert_uint_eq(lint.claims_count, 1);
	assert_claim(0, write, CRASH__FACT_OTHER_THREAD);
	walk_to(second);
	crash__find_claims(&lint, second);
	ck_assert_uint_eq(lint.claims_count, 0);
	walk_to(own);
	crash__find_claims(&lint, own);
	assert_claim(0, write, CRASH__FACT_NONE);
}
END_TEST

/* ------------------------------------------------------------------ counting */

START_TEST(a_file_is_counted_once_for_a_fact)
{
	uint32_t first = op(MADE_APPEND, "a", NULL, 10), second = op(MADE_APPEND, "a", NULL, 10);
	struct crash__suspect suspect = {.relied = CRASH__NEVER, .lost = first};

	walk_to_end();
	suspect.node = node_of(first);
	ck_assert(crash__is_judged(&lint, CRASH__FACT_NONE, &suspect));
	ck_assert(!crash__is_counted(&lint, CRASH__FACT_LOG, &suspect));
	ck_assert(!crash__is_judged(&lint, CRASH__FACT_LOG, &suspect));
	ck_assert(crash__is_counted(&lint, CRASH__FACT_LOG, &suspect));
	suspect.lost = second;
	ck_assert(!crash__is_judged(&lint, CRASH__FACT_LOG, &suspect));
	ck_assert(!crash__is_judged(&lint, CRASH__FACT_FAILED, &suspect));
	ck_assert_uint_eq(lint.not_judged[CRASH__FACT_LOG].count, 1);
	ck_assert_uint_eq(lint.not_judged[CRASH__FACT_FAILED].count, 1);
}
END_TEST

START_TEST(messages_and_ops_are_counted_where_that_is_what_a_fact_is_about)
{
	uint32_t write = op(MADE_APPEND, "a", NULL, 10), one = say(5, "x"), other = say(5, "x");
	struct crash__suspect suspect = {.relied = one, .lost = write};

	walk_to_end();
	suspect.node = node_of(write);
	crash__is_judged(&lint, CRASH__FACT_WAKE_UP, &suspect);
	crash__is_judged(&lint, CRASH__FACT_TRUNCATION, &suspect);
	suspect.relied = other;
	crash__is_judged(&lint, CRASH__FACT_WAKE_UP, &suspect);
	crash__is_judged(&lint, CRASH__FACT_TRUNCATION, &suspect);
	ck_assert_uint_eq(lint.not_judged[CRASH__FACT_WAKE_UP].count, 2);
	ck_assert_uint_eq(lint.not_judged[CRASH__FACT_WAKE_UP].subjects[1], other);
	ck_assert_uint_eq(lint.not_judged[CRASH__FACT_TRUNCATION].count, 1);
}
END_TEST

START_TEST(a_run_counts_what_it_does_not_judge_and_nothing_else)
{
	struct crash__lint whole;

	append_text("a", "one line\n");
	op(MADE_CREATE, "b", NULL, 0);
	op(MADE_APPEND, "b", NULL, 10);
	sync_whole("b");
	say(1, "stored");
	append_text("a", "another\n");
	walk_to_start();
	trees_ok(crash__lint_run(&fs, (1u << crash__lint_rule_count) - 1, NULL, &whole));
	ck_assert_uint_eq(whole.mistakes_count, 0);
	for (int fact = CRASH__FACT_NONE; fact < CRASH__FACTS; fact++)
		ck_assert_uint_eq(whole.not_judged[fact].count, fact == CRASH__FACT_LOG);
	ck_assert_uint_eq(whole.not_judged[CRASH__FACT_LOG].names_count, 1);
	ck_assert_str_eq(whole.not_judged[CRASH__FACT_LOG].names[0], "a");
	crash__lint_clear(&whole);
}
END_TEST

/* A name is in no more than one row, and every row says what it means. */
START_TEST(every_fact_has_a_name_and_an_explanation)
{
	for (int fact = CRASH__FACT_NONE + 1; fact < CRASH__FACTS; fact++) {
		const struct crash__fact_info *info = &crash__fact_infos[fact];

		ck_assert(*info->name && *info->one && *info->several);
		ck_assert_int_eq(info->explanation[strlen(info->explanation) - 1], '.');
		for (int other = CRASH__FACT_NONE + 1; other < fact; other++)
			ck_assert_str_ne(info->name, crash__fact_infos[other].name);
	}
}
END_TEST

static TCase *made_case(Suite *suite, const char *name)
{
	TCase *tcase = support_case(suite, name, NULL);

	tcase_add_checked_fixture(tcase, begin, finish);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("lint facts");
	TCase *files = made_case(suite, "files"), *messages = made_case(suite, "messages");
	TCase *journals = made_case(suite, "journals"), *ops = made_case(suite, "ops");
	TCase *processes = made_case(suite, "processes"), *counting = made_case(suite, "counting");

	tcase_add_test(files, a_temporary_file_is_removed_and_not_replaced);
	tcase_add_test(files, a_file_whose_other_name_stays_is_not_temporary);
	tcase_add_test(files, shared_memory_is_stored_to_and_never_synced);
	tcase_add_test(files, a_log_has_lines_appended_and_is_never_synced);
	tcase_add_test(files, a_file_that_is_overwritten_or_cut_is_not_a_log);
	tcase_add_test(files, a_file_that_is_put_into_place_is_not_a_log);
	tcase_add_test(files, a_program_that_syncs_nothing_has_no_logs);
	tcase_add_test(files, a_special_file_is_a_pipe_a_socket_or_a_device);
	tcase_add_test(files, a_moved_file_got_a_name_by_rename);
	tcase_add_test(files, a_file_is_empty_until_it_is_written);
	tcase_add_test(files, an_old_file_is_rotated_to_a_free_name);
	tcase_add_test(files, related_names_begin_alike_or_are_the_same_elsewhere);
	tcase_add_test(messages, standard_error_is_descriptor_2);
	tcase_add_test(messages, a_wake_up_is_a_byte_or_eight_elsewhere);
	tcase_add_test(messages, an_error_message_says_so);
	tcase_add_test(messages, output_between_two_writes_to_a_file_is_not_chatter);
	tcase_add_test(messages, a_program_that_syncs_does_not_chatter);
	tcase_add_test(journals, a_journal_is_durable_beside_a_file_and_removed_later);
	tcase_add_test(journals, a_log_stands_for_what_is_synced_later);
	tcase_add_test(journals, an_undo_journal_had_the_old_content);
	tcase_add_test(journals, a_redo_log_had_the_new_content);
	tcase_add_test(journals, a_lock_file_had_neither);
	tcase_add_test(journals, a_lock_has_its_name_or_a_process_id);
	tcase_add_test(journals, a_lock_has_nothing_of_what_it_protects);
	tcase_add_test(journals, nothing_depends_on_a_removed_file_that_was_not_durable_at_a_change);
	tcase_add_test(journals, a_copy_is_durable_since_the_last_sync_of_the_file);
	tcase_add_test(journals, a_backup_has_a_related_name_and_is_synced);
	tcase_add_test(journals, a_backup_is_younger_than_what_it_is_of);
	tcase_add_test(journals, a_log_is_restarted_by_truncation_after_a_sync);
	tcase_add_test(ops, zeros_are_not_data_and_a_sector_is_written_whole);
	tcase_add_test(ops, a_single_byte_that_is_not_zero_is_data);
	tcase_add_test(ops, a_small_write_after_the_sync_switches_pages);
	tcase_add_test(ops, a_passing_name_is_taken_by_a_rename);
	tcase_add_test(ops, a_truncation_only_makes_a_file_shorter);
	tcase_add_test(ops, what_cannot_be_synced_fails_otherwise_than_what_is_lost);
	tcase_add_test(ops, a_file_is_rewritten_by_a_write_to_itself);
	tcase_add_test(processes, another_thread_is_one_of_the_same_process);
	tcase_add_test(processes, a_child_that_has_ended_is_not_another_process);
	tcase_add_test(processes, the_first_process_is_not_a_child);
	tcase_add_test(processes, a_program_ends_well_or_fails_or_is_killed);
	tcase_add_test(processes, a_failed_sync_is_a_sync);
	tcase_add_test(counting, an_acknowledgement_claims_each_change_once);
	tcase_add_test(counting, a_message_that_acknowledges_nothing_leaves_its_claim_to_the_next);
	tcase_add_test(counting, a_change_is_passed_over_once);
	tcase_add_test(counting, what_is_durable_is_not_a_suspect);
	tcase_add_test(counting, a_change_of_another_thread_is_overheard_once);
	tcase_add_test(counting, a_file_is_counted_once_for_a_fact);
	tcase_add_test(counting, messages_and_ops_are_counted_where_that_is_what_a_fact_is_about);
	tcase_add_test(counting, a_run_counts_what_it_does_not_judge_and_nothing_else);
	tcase_add_test(counting, every_fact_has_a_name_and_an_explanation);
	return support_run(suite);
}
