/* SPDX-License-Identifier: MIT */
/*
 * check_spec.c - the grammar of rules: what each text means, and what is said of a text that means
 * nothing.
 */
#include "common/names.h"
#include "common/spec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support.h"

static struct crash__plan plan;
static struct crash__spec_error error;

static bool parse_after(const char *spec, uint64_t after)
{
	memset(&plan, 0, sizeof plan);
	memset(&error, 0, sizeof error);
	return crash__spec_parse(&plan, spec, after, &error);
}

/* The one rule that the text comes to. */
static const struct crash__rule *rule_of(const char *spec)
{
	ck_assert_msg(parse_after(spec, 0), "%s: column %zu: %s", spec, error.column, error.message);
	ck_assert_msg(plan.count == 1, "%s has %u rules", spec, plan.count);
	return &plan.rules[0];
}

/* A text of `count` times the same letter. */
static const char *letters(char letter, size_t count)
{
	static char text[2][512];
	static int turn;
	char *at = text[turn++ % 2];

	ck_assert_uint_lt(count, sizeof text[0]);
	memset(at, letter, count);
	at[count] = '\0';
	return at;
}

/* ---- points ---- */

static const struct {
	const char *spec;
	int kind;
	int which; /* family or call; -1: an explicit point */
	const char *name;
	bool pattern;
} points[] = {
	{"write", CRASH__KIND_FAMILY, CRASH__FAMILY_WRITE, "write", false},
	{"fsync", CRASH__KIND_FAMILY, CRASH__FAMILY_FSYNC, "fsync", false},
	{"open", CRASH__KIND_FAMILY, CRASH__FAMILY_OPEN, "open", false},
	{"rename", CRASH__KIND_FAMILY, CRASH__FAMILY_RENAME, "rename", false},
	{"unlink", CRASH__KIND_FAMILY, CRASH__FAMILY_UNLINK, "unlink", false},
	{"link", CRASH__KIND_FAMILY, CRASH__FAMILY_LINK, "link", false},
	{"mkdir", CRASH__KIND_FAMILY, CRASH__FAMILY_MKDIR, "mkdir", false},
	{"truncate", CRASH__KIND_FAMILY, CRASH__FAMILY_TRUNCATE, "truncate", false},
	{"attr", CRASH__KIND_FAMILY, CRASH__FAMILY_ATTR, "attr", false},
	{"io", CRASH__KIND_FAMILY, CRASH__FAMILY_IO, "io", false},
	/* the same word is a call with () */
	{"write()", CRASH__KIND_CALL, CRASH__CALL_write, "write", false},
	{"unlink()", CRASH__KIND_CALL, CRASH__CALL_unlink, "unlink", false},
	{"pwrite64", CRASH__KIND_CALL, CRASH__CALL_pwrite64, "pwrite64", false},
	{"pwrite64()", CRASH__KIND_CALL, CRASH__CALL_pwrite64, "pwrite64", false},
	{"pwrite", CRASH__KIND_CALL, CRASH__CALL_pwrite, "pwrite", false},
	{"fdatasync", CRASH__KIND_CALL, CRASH__CALL_fdatasync, "fdatasync", false},
	{"__open64_2", CRASH__KIND_CALL, CRASH__CALL___open64_2, "__open64_2", false},
	{"store", CRASH__KIND_CALL, CRASH__CALL_store, "store", false},
	/* everything else is an explicit point */
	{"wal.mid-frame", CRASH__KIND_EXPLICIT, -1, "wal.mid-frame", false},
	{"a/b_C.9-", CRASH__KIND_EXPLICIT, -1, "a/b_C.9-", false},
	{"checkpoint", CRASH__KIND_EXPLICIT, -1, "checkpoint", false},
	{"write.something", CRASH__KIND_EXPLICIT, -1, "write.something", false},
	{"write/", CRASH__KIND_EXPLICIT, -1, "write/", false},
	{"wal.*", CRASH__KIND_EXPLICIT, -1, "wal.*", true},
	{"*", CRASH__KIND_EXPLICIT, -1, "*", true},
	{"wal.?", CRASH__KIND_EXPLICIT, -1, "wal.?", true},
	/* a backslash takes the next character as it is */
	{"wal\\.mid", CRASH__KIND_EXPLICIT, -1, "wal.mid", false},
	{"\\w\\r\\i\\t\\e", CRASH__KIND_FAMILY, CRASH__FAMILY_WRITE, "write", false},
};

START_TEST(a_point_is_a_family_a_call_or_a_name)
{
	const struct crash__rule *rule = rule_of(points[_i].spec);

	ck_assert_int_eq(rule->kind, points[_i].kind);
	if (points[_i].which >= 0)
		ck_assert_int_eq(rule->which, points[_i].which);
	ck_assert_str_eq(rule->name, points[_i].name);
	ck_assert_int_eq(rule->pattern, points[_i].pattern);
}
END_TEST

START_TEST(every_family_and_every_call_can_be_named)
{
	char text[64];

	for (unsigned int i = 0; i <= CRASH__FAMILIES; i++) {
		const struct crash__rule *rule;

		snprintf(text, sizeof text, "%s:delay=1ms", crash__family_name(i));
		rule = rule_of(text);
		ck_assert_int_eq(rule->kind, CRASH__KIND_FAMILY);
		ck_assert_uint_eq(rule->which, i);
	}
	for (int i = 0; i < CRASH__CALLS; i++) {
		const struct crash__rule *rule;

		snprintf(text, sizeof text, "%s():delay=1ms", crash__calls[i].name);
		rule = rule_of(text);
		ck_assert_int_eq(rule->kind, CRASH__KIND_CALL);
		ck_assert_int_eq(rule->which, i);
	}
}
END_TEST

START_TEST(a_rule_alone_is_kill_before_the_first)
{
	const struct crash__rule *rule = rule_of("write");

	ck_assert_int_eq(rule->moment, CRASH__BEFORE);
	ck_assert_int_eq(rule->action, CRASH__KILL);
	ck_assert_uint_eq(rule->first, 1);
	ck_assert_uint_eq(rule->last, 1);
	ck_assert_uint_eq(rule->step, 1);
	ck_assert(!rule->self && !rule->has_thread && !rule->has_child);
	ck_assert_str_eq(rule->glob, "");
	ck_assert_str_eq(rule->function, "");
}
END_TEST

/* Words that a program may well use, though they are near to a family's or a call's. */
START_TEST(a_name_that_is_a_word_of_its_own_is_no_misspelt_call)
{
	static const char *const names[] = {"written", "synced",  "linked",    "renamed", "opened",
					    "closed",  "reading", "truncated", "synced2", "\\wirte"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct crash__rule *rule = rule_of(names[i]);

		ck_assert_int_eq(rule->kind, CRASH__KIND_EXPLICIT);
		ck_assert_str_eq(rule->name, names[i] + (names[i][0] == '\\'));
	}
}
END_TEST

START_TEST(names_have_a_length_that_they_may_have)
{
	char text[2 * CRASH__NAME];

	ck_assert(crash__point_name_ok("a.b", 3));
	ck_assert(!crash__point_name_ok("", 0));
	ck_assert(!crash__point_name_ok("a b", 3));
	ck_assert(!crash__point_name_ok("a*", 2));
	ck_assert(!crash__point_name_ok("w\xc3\xa4l", 4));
	ck_assert(!crash__point_name_ok("write", 5));
	ck_assert(!crash__point_name_ok("pwritev2", 8));
	ck_assert(!crash__point_name_ok("io", 2));
	/* part of a longer text */
	ck_assert(crash__point_name_ok("write.x", 7));
	ck_assert(!crash__point_name_ok("write.x", 5));
	ck_assert(crash__point_name_ok(letters('x', CRASH__NAME - 1), CRASH__NAME - 1));
	ck_assert(!crash__point_name_ok(letters('x', CRASH__NAME), CRASH__NAME));

	snprintf(text, sizeof text, "%s", letters('x', CRASH__NAME - 1));
	ck_assert_str_eq(rule_of(text)->name, text);
}
END_TEST

/* ---- when ---- */

static const struct {
	const char *spec;
	uint64_t first, last, step;
} whens[] = {
	{"write#1", 1, 1, 1},
	{"write#17", 17, 17, 1},
	{"write#017", 17, 17, 1},
	{"write#18446744073709551615", UINT64_MAX, UINT64_MAX, 1},
	{"write#3..5", 3, 5, 1},
	{"write#3..3", 3, 3, 1},
	{"write#1..18446744073709551615", 1, UINT64_MAX, 1},
	{"write#3+", 3, UINT64_MAX, 1},
	{"write#3+4", 3, UINT64_MAX, 4},
	{"write#3+18446744073709551615", 3, UINT64_MAX, UINT64_MAX},
	{"write#*", 1, UINT64_MAX, 1},
	{"wal.a#2", 2, 2, 1},
	{"write@x#2", 2, 2, 1},
	{"wal.*#*", 1, UINT64_MAX, 1},
};

START_TEST(when_is_a_number_a_range_or_a_progression)
{
	const struct crash__rule *rule = rule_of(whens[_i].spec);

	ck_assert_uint_eq(rule->first, whens[_i].first);
	ck_assert_uint_eq(rule->last, whens[_i].last);
	ck_assert_uint_eq(rule->step, whens[_i].step);
}
END_TEST

static const struct {
	const char *spec;
	uint64_t chance, seed;
	unsigned int column, length;
} chances[] = {
	{"write#p1%", 100000, 0, 7, 3},
	{"write#p100%:kill", CRASH__CERTAIN, 0, 7, 5},
	{"write#p0.1%", 10000, 0, 7, 5},
	{"io@a#p12.34567%:seed=7", 1234567, 7, 6, 10},
	{"a.b#p0.00001%:seed=18446744073709551615:log", 1, UINT64_MAX, 5, 9},
};

START_TEST(when_may_be_left_to_chance)
{
	const struct crash__rule *rule = rule_of(chances[_i].spec);

	ck_assert_uint_eq(rule->chance, chances[_i].chance);
	ck_assert_uint_eq(rule->seed, chances[_i].seed);
	ck_assert_uint_eq(rule->has_seed, strstr(chances[_i].spec, "seed") != NULL);
	ck_assert_uint_eq(rule->chance_column, chances[_i].column);
	ck_assert_uint_eq(rule->chance_length, chances[_i].length);
	ck_assert_uint_eq(rule->first, 1);
	ck_assert_uint_eq(rule->last, UINT64_MAX);
}
END_TEST

START_TEST(crash_after_moves_first_and_last)
{
	static const struct {
		const char *spec;
		uint64_t after, first, last;
	} rows[] = {
		{"write", 0, 1, 1},
		{"write", 5, 6, 6},
		{"write#3", 5, 8, 8},
		{"write#3..4", 5, 8, 9},
		{"write#2+3", 5, 7, UINT64_MAX},
		{"write#*", 5, 6, UINT64_MAX},
		{"write#1", UINT64_MAX - 1, UINT64_MAX, UINT64_MAX},
		{"write#1..10", UINT64_MAX - 5, UINT64_MAX - 4, UINT64_MAX},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert(parse_after(rows[i].spec, rows[i].after));
		ck_assert_uint_eq(plan.rules[0].first, rows[i].first);
		ck_assert_uint_eq(plan.rules[0].last, rows[i].last);
	}
	/* of every rule */
	ck_assert(parse_after("write,fsync#2", 3));
	ck_assert_uint_eq(plan.rules[0].first, 4);
	ck_assert_uint_eq(plan.rules[1].first, 5);
}
END_TEST

/* ---- files ---- */

static const struct {
	const char *spec, *glob;
} globs[] = {
	{"write@*.db", "*.db"},
	{"write@*/wal-*#17:torn=512", "*/wal-*"},
	{"write@a b", "a b"},
	{"write@[a-c]?", "[a-c]?"},
	/* stops only at # : and , ; a backslash stays, for the matcher */
	{"write@a@b=c", "a@b=c"},
	{"write@a\\#b\\:c\\,d", "a\\#b\\:c\\,d"},
	{"write@\\*", "\\*"},
	{"write@\\\\", "\\\\"},
	{"write@x\\", "x\\"},
};

START_TEST(a_file_pattern_ends_where_the_rule_goes_on)
{
	ck_assert_str_eq(rule_of(globs[_i].spec)->glob, globs[_i].glob);
}
END_TEST

/* ---- modifiers ---- */

static const struct {
	const char *spec;
	int moment;
	uint64_t torn;
	int action;
	int64_t argument;
} modifiers[] = {
	{"write:before", CRASH__BEFORE, 0, CRASH__KILL, 0},
	{"write:after", CRASH__AFTER, 0, CRASH__KILL, 0},
	{"write:torn=0", CRASH__TORN_BYTES, 0, CRASH__KILL, 0},
	{"write:torn=512", CRASH__TORN_BYTES, 512, CRASH__KILL, 0},
	{"write:torn=4k", CRASH__TORN_BYTES, 4096, CRASH__KILL, 0},
	{"write:torn=4K", CRASH__TORN_BYTES, 4096, CRASH__KILL, 0},
	{"write:torn=3M", CRASH__TORN_BYTES, 3 << 20, CRASH__KILL, 0},
	{"write:torn=2g", CRASH__TORN_BYTES, UINT64_C(2) << 30, CRASH__KILL, 0},
	{"write:torn=18446744073709551615", CRASH__TORN_BYTES, UINT64_MAX, CRASH__KILL, 0},
	{"write:torn=0%", CRASH__TORN_PERCENT, 0, CRASH__KILL, 0},
	{"write:torn=50%", CRASH__TORN_PERCENT, 50, CRASH__KILL, 0},
	{"write:torn=100%", CRASH__TORN_PERCENT, 100, CRASH__KILL, 0},
	{"io:torn=1", CRASH__TORN_BYTES, 1, CRASH__KILL, 0},
	{"pwritev2:torn=1", CRASH__TORN_BYTES, 1, CRASH__KILL, 0},
	{"write:kill", CRASH__BEFORE, 0, CRASH__KILL, 0},
	{"write:abort", CRASH__BEFORE, 0, CRASH__ABORT, 0},
	{"write:exit=0", CRASH__BEFORE, 0, CRASH__EXIT, 0},
	{"write:exit=255", CRASH__BEFORE, 0, CRASH__EXIT, 255},
	{"write:sig=TERM", CRASH__BEFORE, 0, CRASH__SIGNAL, SIGTERM},
	{"write:sig=SIGTERM", CRASH__BEFORE, 0, CRASH__SIGNAL, SIGTERM},
	{"write:sig=15", CRASH__BEFORE, 0, CRASH__SIGNAL, 15},
	{"write:sig=64", CRASH__BEFORE, 0, CRASH__SIGNAL, 64},
	{"write:sig=IO", CRASH__BEFORE, 0, CRASH__SIGNAL, SIGIO},
	{"write:sig=POLL", CRASH__BEFORE, 0, CRASH__SIGNAL, SIGPOLL},
	{"write:sig=IOT", CRASH__BEFORE, 0, CRASH__SIGNAL, SIGIOT},
	{"write:sig=CLD", CRASH__BEFORE, 0, CRASH__SIGNAL, SIGCHLD},
	{"write:stop", CRASH__BEFORE, 0, CRASH__STOP, 0},
	{"write:delay=2", CRASH__BEFORE, 0, CRASH__DELAY, 2000000},
	{"write:delay=250ms", CRASH__BEFORE, 0, CRASH__DELAY, 250000},
	{"write:delay=1.5s:after", CRASH__AFTER, 0, CRASH__DELAY, 1500000},
	{"write:log", CRASH__BEFORE, 0, CRASH__LOG, 0},
	{"write:err=EIO", CRASH__BEFORE, 0, CRASH__ERROR, EIO},
	{"write:err=5", CRASH__BEFORE, 0, CRASH__ERROR, 5},
	{"write:err=4095", CRASH__BEFORE, 0, CRASH__ERROR, 4095},
	{"write:err=EWOULDBLOCK", CRASH__BEFORE, 0, CRASH__ERROR, EAGAIN},
	{"write:err=EAGAIN", CRASH__BEFORE, 0, CRASH__ERROR, EAGAIN},
	{"write:err=ENOTSUP", CRASH__BEFORE, 0, CRASH__ERROR, EOPNOTSUPP},
	{"write:err=EDEADLOCK", CRASH__BEFORE, 0, CRASH__ERROR, EDEADLK},
	{"fsync:err=EHWPOISON", CRASH__BEFORE, 0, CRASH__ERROR, EHWPOISON},
	{"write:short=0", CRASH__BEFORE, 0, CRASH__SHORT, 0},
	{"write:short=100", CRASH__BEFORE, 0, CRASH__SHORT, 100},
	{"write:short=1k", CRASH__BEFORE, 0, CRASH__SHORT, 1024},
	/* those of different kinds go together, in any order */
	{"write:torn=7:abort", CRASH__TORN_BYTES, 7, CRASH__ABORT, 0},
	{"write:exit=3:torn=50%", CRASH__TORN_PERCENT, 50, CRASH__EXIT, 3},
	{"fsync:log:after", CRASH__AFTER, 0, CRASH__LOG, 0},
	{"write:self:err=EIO:before", CRASH__BEFORE, 0, CRASH__ERROR, EIO},
	{"wal.x:after:exit=1", CRASH__AFTER, 0, CRASH__EXIT, 1},
	/* a value has escapes, too */
	{"write:exit=\\3", CRASH__BEFORE, 0, CRASH__EXIT, 3},
};

START_TEST(a_modifier_says_when_and_what)
{
	const struct crash__rule *rule = rule_of(modifiers[_i].spec);

	ck_assert_int_eq(rule->moment, modifiers[_i].moment);
	ck_assert_uint_eq(rule->torn, modifiers[_i].torn);
	ck_assert_int_eq(rule->action, modifiers[_i].action);
	ck_assert_int_eq(rule->argument, modifiers[_i].argument);
}
END_TEST

START_TEST(scopes_narrow_a_rule_down)
{
	const struct crash__rule *rule = rule_of("write#2:self:thread=3:child=0:in=wal_append");

	ck_assert(rule->self && rule->has_thread && rule->has_child);
	ck_assert_uint_eq(rule->thread, 3);
	ck_assert_uint_eq(rule->child, 0);
	ck_assert_str_eq(rule->function, "wal_append");
	rule = rule_of("write:thread=4294967295:child=4294967295");
	ck_assert_uint_eq(rule->thread, UINT32_MAX);
	ck_assert_uint_eq(rule->child, UINT32_MAX);
	rule = rule_of("wal.x:in=Wal\\:\\:append(int\\, char)");
	ck_assert_str_eq(rule->function, "Wal::append(int, char)");
}
END_TEST

static const struct {
	const char *spec, *function;
	int moment;
	uint64_t hit;
} qualified[] = {
	{"write#1:in=a::b:after", "a::b", CRASH__AFTER, 1},
	{"write#3:in=a::b::c", "a::b::c", CRASH__BEFORE, 3},
	{"write:in=::a:after", "::a", CRASH__AFTER, 1},
	{"write:after:in=a::~a", "a::~a", CRASH__AFTER, 1},
	{"write:in=a\\:\\:b:after", "a::b", CRASH__AFTER, 1},
	{"write:in=a::operator()(int\\, char):after", "a::operator()(int, char)", CRASH__AFTER, 1},
};

/* One colon ends a name, two are part of it. */
START_TEST(a_qualified_name_needs_no_escapes)
{
	const struct crash__rule *rule = rule_of(qualified[_i].spec);

	ck_assert_str_eq(rule->function, qualified[_i].function);
	ck_assert_int_eq(rule->moment, qualified[_i].moment);
	ck_assert_uint_eq(rule->first, qualified[_i].hit);
}
END_TEST

/* Every name that libc has for a signal or an error can be written. */
START_TEST(signals_and_errors_have_all_their_names)
{
	char text[64];

	for (int i = 1; i < NSIG; i++) {
		if (!crash__signal_name(i))
			continue;
		snprintf(text, sizeof text, "write:sig=%s", crash__signal_name(i));
		ck_assert_int_eq(rule_of(text)->argument, i);
	}
	for (int i = 1; i < 256; i++) {
		if (!crash__error_name(i))
			continue;
		snprintf(text, sizeof text, "write:err=%s", crash__error_name(i));
		ck_assert_int_eq(rule_of(text)->argument, i);
	}
}
END_TEST

START_TEST(names_are_those_of_libc)
{
#if __GLIBC_PREREQ(2, 32)
	for (int i = -1; i < 4200; i++) {
		ck_assert_pstr_eq(crash__signal_name(i), sigabbrev_np(i));
		ck_assert_pstr_eq(crash__error_name(i), i == 0 ? NULL : strerrorname_np(i));
	}
#else
	ck_assert_str_eq(crash__signal_name(SIGTERM), "TERM");
	ck_assert_str_eq(crash__error_name(EIO), "EIO");
	ck_assert_ptr_null(crash__error_name(4095));
#endif
}
END_TEST

/* ---- several rules ---- */

START_TEST(rules_know_where_they_stand)
{
	static const char spec[] = "write@a\\,b#2:torn=5%,wal.mid-frame:exit=3,io";

	ck_assert(parse_after(spec, 0));
	ck_assert_uint_eq(plan.count, 3);
	ck_assert_uint_eq(plan.rules[0].column, 1);
	ck_assert_uint_eq(plan.rules[0].length, strlen("write@a\\,b#2:torn=5%"));
	ck_assert_uint_eq(plan.rules[1].column, 22);
	ck_assert_int_eq(
		strncmp(spec + plan.rules[1].column - 1, "wal.mid-frame:exit=3", plan.rules[1].length), 0);
	ck_assert_uint_eq(plan.rules[2].column, sizeof spec - 2);
	ck_assert_uint_eq(plan.rules[2].length, 2);
}
END_TEST

START_TEST(there_may_be_64_rules)
{
	char text[65 * 6 + 1] = "write";

	for (int i = 1; i < 64; i++)
		strcat(text, ",write");
	ck_assert(parse_after(text, 0));
	ck_assert_uint_eq(plan.count, 64);
	strcat(text, ",fsync");
	ck_assert(!parse_after(text, 0));
	ck_assert_str_eq(error.message, "there are more than 64 rules");
	ck_assert_uint_eq(error.column, 64 * 6 + 1);
}
END_TEST

/* ---- what is refused ---- */

static const char no_number[] = "a number is missing here";
static const char when_hint[] = "N, A..B, A+, A+STEP, * or p1% follows #";
static const char no_chance[] = "a percentage is missing here";
static const char chance_hint[] = "p1% is one in a hundred; the least is p0.00001%";
static const char big[] = "this number does not fit into 64 bits";
static const char from_one[] = "occurrences are counted from 1";
static const char no_point[] = "a point is missing here";
static const char point_hint[] = "for example write#17 or wal.mid-frame";
static const char stray[] = "this character cannot stand here";
static const char stray_hint[] = "a rule is POINT[@GLOB][#WHEN][:MODIFIER]";
static const char replaces[] = "err, short and skip replace the call: before, after and torn cannot be used";
static const char no_call_here[] =
	"an explicit point is not a call: torn, err, short and skip cannot be used";
static const char torn_dies[] = "torn goes with kill, abort or exit";
static const char torn_values[] = "bytes or a percentage: torn=512, torn=50%";

static const struct {
	const char *spec;
	size_t column;
	const char *message, *hint;
} refused[] = {
	{"", 1, no_point, point_hint},
	{"#3", 1, no_point, point_hint},
	{"write,", 7, no_point, point_hint},
	{"write,,fsync", 7, no_point, point_hint},
	{":kill", 1, no_point, point_hint},
	{"@x", 1, no_point, point_hint},
	/* chances */
	{"write#p", 8, no_chance, chance_hint},
	{"write#p1", 8, no_chance, chance_hint},
	{"write#p%", 8, no_chance, chance_hint},
	{"write#p.5%", 8, no_chance, chance_hint},
	{"write#p1.%", 8, no_chance, chance_hint},
	{"write#p0.000001%", 8, no_chance, chance_hint},
	{"write#p101%", 8, no_chance, chance_hint},
	{"write#p18446744073709551616%", 8, no_chance, chance_hint},
	{"write#p100.1%", 8, "this is no chance", "it is above 0 and at most 100 %"},
	{"write#p0%", 8, "this is no chance", "it is above 0 and at most 100 %"},
	{"write#p1%..3", 10, stray, stray_hint},
	{"write#3:seed=7", 1, "a seed decides only where there is a chance", "as in write#p1%:seed=7"},
	{"write#p1%:seed=x", 11, "\"seed\" needs another value", "a number: seed=7"},
	{"write#p1%:seed", 11, "\"seed\" needs another value", "a number: seed=7"},
	/* what changes nothing */
	{"read#3", 1, "a read can only be delayed, fail, be short or be wrong",
	 "delay=, err=, short= or flip="},
	{"pread64#3:kill", 1, "a read can only be delayed, fail, be short or be wrong",
	 "delay=, err=, short= or flip="},
	{"read:delay=1s:after", 1, "a read can only be delayed, fail, be short or be wrong",
	 "delay=, err=, short= or flip="},
	{"close#3", 1, "a close can only be delayed or fail", "delay= or err="},
	{"close:short=1", 1, "a close can only be delayed or fail", "delay= or err="},
	{"alloc:err=EIO", 1, "an allocation fails with ENOMEM alone", "use err=ENOMEM"},
	{"fsync,malloc@*.db:err=ENOMEM", 7, "an allocation has no file, so @ cannot be used",
	 "in=FUNCTION says from where"},
	{"calloc:torn=1", 1, "only a write can be torn", "use before or after"},
	{"malloc:short=1", 1, "only a write or a read can be short", "use err="},
	{"malloc:flip=1", 1, "only what is read can have a flipped byte", "as in read#3:flip=7"},
	{"alloc:skip", 1, "only a sync can be skipped", "use err="},
	{"write:site=1f:err=EIO", 1, "only an allocation has a site", "use in="},
	{"alloc:site=1F", 7, "\"site\" needs another value", "what results call it: site=1f0a93bc22d4e871"},
	{"alloc:site=0", 7, "\"site\" needs another value", "what results call it: site=1f0a93bc22d4e871"},
	{"aloc#3", 1, "there is no call or family \"aloc\"", "did you mean alloc?"},
	{"write:flip=3", 1, "only what is read can have a flipped byte", "as in read#3:flip=7"},
	{"io:flip=3", 1, "only what is read can have a flipped byte", "as in read#3:flip=7"},
	{"wal.x:flip=3", 1, "only what is read can have a flipped byte", "as in read#3:flip=7"},
	{"read:flip", 6, "\"flip\" needs another value", "which byte, from 0: flip=7"},
	/* misspelt points */
	{"wirte#1", 1, "there is no call or family \"wirte\"", "did you mean write?"},
	{"fsync,renmae", 7, "there is no call or family \"renmae\"", "did you mean rename?"},
	{"pwrit64", 1, "there is no call or family \"pwrit64\"", "did you mean pwrite64?"},
	{"Write", 1, "there is no call or family \"Write\"", "did you mean write?"},
	{"wirte()", 1, "there is no call \"wirte\"", "did you mean write()?"},
	{"attr()", 1, "there is no call \"attr\"", "attr without () is a family"},
	{"io()", 1, "there is no call \"io\"", "io without () is a family"},
	{"somethingelse()", 1, "there is no call \"somethingelse\"", ""},
	/* names that none can have */
	{"wal mid", 1, "\"wal mid\" is not a point: names have letters, digits, . _ - and /", ""},
	{"w\xc3\xa4l", 1, "\"w\xc3\xa4l\" is not a point: names have letters, digits, . _ - and /", ""},
	{"wal.\\*", 1, "\"wal.\\*\" is not a point: names have letters, digits, . _ - and /", ""},
	{"a,wal.[ab]", 3, "\"wal.[ab]\" is not a point: names have letters, digits, . _ - and /", ""},
	{"wal.x()", 1, "there is no call \"wal.x\"", ""},
	{"wal=3", 1, "\"wal=3\" is not a point: names have letters, digits, . _ - and /", ""},
	/* files */
	{"write@", 7, "a file pattern is missing here", "for example write@*.db"},
	{"write@#3", 7, "a file pattern is missing here", "for example write@*.db"},
	{"wal.x@*.db", 1, "an explicit point has no file, so @ cannot be used", ""},
	{"fsync,wal.x@*.db", 7, "an explicit point has no file, so @ cannot be used", ""},
	/* when */
	{"write#", 7, no_number, when_hint},
	{"write#x", 7, no_number, when_hint},
	{"write#-1", 7, no_number, when_hint},
	{"write#+1", 7, no_number, when_hint},
	{"write#:kill", 7, no_number, when_hint},
	{"write#0", 7, from_one, ""},
	{"write#3..", 10, no_number, when_hint},
	{"write#3..x", 10, no_number, when_hint},
	{"write#1..0", 10, from_one, ""},
	{"write#1+0", 9, from_one, ""},
	{"write#5..4", 7, "this range ends before it starts", ""},
	{"write#18446744073709551616", 7, big, ""},
	{"write#99999999999999999999999999999", 7, big, ""},
	{"write#1..18446744073709551616", 10, big, ""},
	{"write#1+18446744073709551616", 9, big, ""},
	{"write#1x", 8, stray, stray_hint},
	{"write#1.5", 8, stray, stray_hint},
	{"write#*3", 8, stray, stray_hint},
	{"write#1+x", 9, stray, stray_hint},
	{"write#1@x", 8, stray, stray_hint},
	{"write#1#2", 8, stray, stray_hint},
	{"write:kill ", 7, "there is no modifier \"kill \"", "did you mean kill?"},
	/* modifiers */
	{"write:", 7, "there is no modifier \"\"", ""},
	{"write:kil", 7, "there is no modifier \"kil\"", "did you mean kill?"},
	{"write:tron=5", 7, "there is no modifier \"tron\"", "did you mean torn?"},
	{"write:explode", 7, "there is no modifier \"explode\"", ""},
	{"write:kill:after:abort", 18, "\"abort\" contradicts a modifier before it", ""},
	{"write:before:after", 14, "\"after\" contradicts a modifier before it", ""},
	{"write:after:torn=3", 13, "\"torn\" contradicts a modifier before it", ""},
	{"write:self:self", 12, "\"self\" contradicts a modifier before it", ""},
	{"write:thread=1:thread=2", 16, "\"thread\" contradicts a modifier before it", ""},
	{"write:child=1:child=1", 15, "\"child\" contradicts a modifier before it", ""},
	{"write:in=a:in=b", 12, "\"in\" contradicts a modifier before it", ""},
	{"write:kill=9", 7, "\"kill\" takes no value", ""},
	{"write:after=", 7, "\"after\" takes no value", ""},
	{"write:err=EIOO", 7, "\"err\" needs another value", "did you mean err=EIO?"},
	{"write:sig=TEM", 7, "\"sig\" needs another value", "did you mean sig=TERM?"},
	{"write:torn", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=x", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=-1", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=101%", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=%", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=5kk", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=17179869184g", 7, "\"torn\" needs another value", torn_values},
	{"write:torn=1T", 7, "\"torn\" needs another value", torn_values},
	{"write:exit", 7, "\"exit\" needs another value", "an exit status from 0 to 255: exit=3"},
	{"write:exit=256", 7, "\"exit\" needs another value", "an exit status from 0 to 255: exit=3"},
	{"write:sig=FOO", 7, "\"sig\" needs another value", "a signal: sig=TERM"},
	{"write:sig=0", 7, "\"sig\" needs another value", "a signal: sig=TERM"},
	{"write:sig=65", 7, "\"sig\" needs another value", "a signal: sig=TERM"},
	{"write:sig=SIG", 7, "\"sig\" needs another value", "a signal: sig=TERM"},
	{"write:sig=term", 7, "\"sig\" needs another value", "a signal: sig=TERM"},
	{"write:err=EFOO", 7, "\"err\" needs another value", "did you mean err=EIO?"},
	{"write:err=0", 7, "\"err\" needs another value", "an error name: err=EIO"},
	{"write:err=4096", 7, "\"err\" needs another value", "an error name: err=EIO"},
	{"write:err", 7, "\"err\" needs another value", "an error name: err=EIO"},
	{"write:short=9223372036854775808", 7, "\"short\" needs another value",
	 "a number of bytes: short=100"},
	{"write:delay=soon", 7, "\"delay\" needs another value", "a time: delay=250ms"},
	{"write:delay=9223372036854775808us", 7, "\"delay\" needs another value", "a time: delay=250ms"},
	{"write:thread=0", 7, "\"thread\" needs another value", "the number of a thread, from 1: thread=2"},
	{"write:thread=4294967296", 7, "\"thread\" needs another value",
	 "the number of a thread, from 1: thread=2"},
	{"write:child=x", 7, "\"child\" needs another value",
	 "the number of a child process, 0 for the program: child=1"},
	{"write:in=", 7, "\"in\" needs another value", "the name of a function: in=wal_append"},
	{"write:in=::", 7, "\"in\" needs another value", "the name of a function: in=wal_append"},
	{"write:in=a::", 7, "\"in\" needs another value", "the name of a function: in=wal_append"},
	{"write:in=a:::after", 7, "\"in\" needs another value", "the name of a function: in=wal_append"},
	{"write:in=a:b", 12, "there is no modifier \"b\"", ""},
	{"write:err=EIO::after", 7, "\"err\" needs another value", "an error name: err=EIO"},
	{"write:in", 7, "\"in\" needs another value", "the name of a function: in=wal_append"},
	/* what cannot mean anything */
	{"wal.x:torn=5", 1, no_call_here, ""},
	{"wal.x:err=EIO", 1, no_call_here, ""},
	{"write,wal.x:short=5", 7, no_call_here, ""},
	{"fsync:torn=5", 1, "only a write can be torn", "use before or after"},
	{"ftruncate:torn=5", 1, "only a write can be torn", "use before or after"},
	{"fsync:short=5", 1, "only a write or a read can be short", "use err="},
	{"rename:short=5", 1, "only a write or a read can be short", "use err="},
	{"write:err=EIO:after", 1, replaces, ""},
	{"write:torn=5:err=EIO", 1, replaces, ""},
	{"write:short=5:after", 1, replaces, ""},
	{"fsync:skip:after", 1, replaces, ""},
	{"write:skip", 1, "only a sync can be skipped", "use err="},
	{"io#3:skip", 1, "only a sync can be skipped", "use err="},
	{"wal.x:skip", 1, no_call_here, ""},
	{"fsync:skip=3", 7, "\"skip\" takes no value", ""},
	{"write:torn=5:log", 1, torn_dies, "use short= to go on"},
	{"write:torn=5:stop", 1, torn_dies, "use short= to go on"},
	{"write:torn=5:sig=TERM", 1, torn_dies, "use short= to go on"},
	{"write:torn=5:delay=1", 1, torn_dies, "use short= to go on"},
};

START_TEST(an_error_has_its_column_and_a_hint)
{
	ck_assert_msg(!parse_after(refused[_i].spec, 0), "\"%s\" is a specification", refused[_i].spec);
	ck_assert_msg(strcmp(error.message, refused[_i].message) == 0, "\"%s\": %s", refused[_i].spec,
		      error.message);
	ck_assert_msg(error.column == refused[_i].column, "\"%s\": column %zu", refused[_i].spec,
		      error.column);
	ck_assert_msg(strcmp(error.hint, refused[_i].hint) == 0, "\"%s\": hint %s", refused[_i].spec,
		      error.hint);
}
END_TEST

START_TEST(what_is_too_long_is_refused_where_it_is)
{
	char text[1024];

	ck_assert(!parse_after(letters('x', CRASH__NAME), 0));
	ck_assert_str_eq(error.message, "this point's name is too long");
	ck_assert_uint_eq(error.column, 1);

	snprintf(text, sizeof text, "write@%s", letters('x', CRASH__GLOB - 1));
	ck_assert_uint_eq(strlen(rule_of(text)->glob), CRASH__GLOB - 1);
	snprintf(text, sizeof text, "write@%s", letters('x', CRASH__GLOB));
	ck_assert(!parse_after(text, 0));
	ck_assert_str_eq(error.message, "this file pattern is too long");
	ck_assert_uint_eq(error.column, 6 + CRASH__GLOB);

	snprintf(text, sizeof text, "write:in=%s", letters('x', CRASH__FUNCTION - 1));
	ck_assert_uint_eq(strlen(rule_of(text)->function), CRASH__FUNCTION - 1);
	snprintf(text, sizeof text, "write:in=%s::a", letters('x', CRASH__FUNCTION - 3));
	ck_assert(!parse_after(text, 0));
	ck_assert_str_eq(error.message, "this value is too long");
	snprintf(text, sizeof text, "write:in=%s", letters('x', CRASH__FUNCTION));
	ck_assert(!parse_after(text, 0));
	ck_assert_str_eq(error.message, "this value is too long");
	ck_assert_uint_eq(error.column, 10);

	ck_assert(!parse_after("write#2", UINT64_MAX - 1));
	ck_assert_str_eq(error.message, "with CRASH_AFTER this count does not fit into 64 bits");
}
END_TEST

/* A word that is shown in a message is cut before it fills the message. */
START_TEST(a_long_word_does_not_push_the_message_out)
{
	char text[512];

	snprintf(text, sizeof text, "write:%s", letters('y', 300));
	ck_assert(!parse_after(text, 0));
	ck_assert_int_eq(strncmp(error.message, "there is no modifier \"yyy", 25), 0);
	ck_assert_uint_eq(strlen(error.message), strlen("there is no modifier \"\"") + 60);
}
END_TEST

/* ---- numbers ---- */

START_TEST(times_have_units)
{
	static const struct {
		const char *text;
		uint64_t microseconds;
	} rows[] = {
		{"0", 0},
		{"1", 1000000},
		{"90", 90000000},
		{"10us", 10},
		{"250ms", 250000},
		{"2s", 2000000},
		{"5m", 300000000},
		{"1h", 3600000000},
		{"1.5", 1500000},
		{"1.5s", 1500000},
		{"0.25ms", 250},
		{"0.000001", 1},
		{"1.999999s", 1999999},
		{"0.5m", 30000000},
		{"18446744073709551615us", UINT64_MAX},
	};
	static const char *const none[] = {
		"",
		"s",
		"ms",
		".",
		".5",
		"1.",
		"1.s",
		"-1",
		"+1",
		" 1",
		"1 s",
		"1x",
		"1sec",
		"1S",
		"1e3",
		"1.0000001",
		"18446744073709551616us",
		"18446744073709552s",
		"5124095577h",
		"0x10",
	};
	uint64_t value;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_msg(crash__parse_time(rows[i].text, strlen(rows[i].text), &value), "%s",
			      rows[i].text);
		ck_assert_msg(value == rows[i].microseconds, "%s is %llu us", rows[i].text,
			      (unsigned long long)value);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		value = 7;
		ck_assert_msg(!crash__parse_time(none[i], strlen(none[i]), &value), "%s is %llu us", none[i],
			      (unsigned long long)value);
	}
}
END_TEST

START_TEST(sizes_have_powers_of_1024)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {{"0", 0},
		    {"512", 512},
		    {"4k", 4096},
		    {"4K", 4096},
		    {"1m", 1 << 20},
		    {"1M", 1 << 20},
		    {"1g", 1 << 30},
		    {"17179869183G", UINT64_C(17179869183) << 30},
		    {"18446744073709551615", UINT64_MAX}};
	static const char *const none[] = {"",
					   "k",
					   "-1",
					   "1kb",
					   "1.5k",
					   "k1",
					   "18446744073709551616",
					   "17179869184g",
					   "18014398509481984k"};
	uint64_t value;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_msg(crash__parse_size(rows[i].text, strlen(rows[i].text), &value), "%s",
			      rows[i].text);
		ck_assert_msg(value == rows[i].bytes, "%s is %llu", rows[i].text, (unsigned long long)value);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ck_assert_msg(!crash__parse_size(none[i], strlen(none[i]), &value), "%s", none[i]);
	/* only what belongs to it is looked at */
	ck_assert(crash__parse_size("12345", 2, &value) && value == 12);
	ck_assert(crash__parse_count("12345", 4, &value) && value == 1234);
}
END_TEST

/* ---- anything ---- */

/* Whatever the text, the answer is a plan or a column inside the text. */
START_TEST(no_text_breaks_the_parser)
{
	static const char *const pieces[] = {
		"write", "wal.x", "io",	   "pwrite64", "()",
		"@",	 "#",	  ":",	   ",",	       "*",
		"..",	 "+",	  "1",	   "0",	       "18446744073709551615",
		"torn=", "%",	  "err=",  "EIO",      "kill",
		"self",	 "in=",	  "\\",	   "\\,",      "x",
		" ",	 "sig=",  "exit=", "delay=",   "\xff",
	};
	uint64_t random = support_seed();

	for (int i = 0; i < 50000; i++) {
		char text[256] = "";

		for (uint64_t left = support_below(&random, 9); left; left--)
			strcat(text, pieces[support_below(&random, sizeof pieces / sizeof *pieces)]);
		if (parse_after(text, support_below(&random, 3))) {
			ck_assert_uint_ge(plan.count, 1);
			for (uint32_t k = 0; k < plan.count; k++) {
				ck_assert_uint_ge(plan.rules[k].first, 1);
				ck_assert_uint_ge(plan.rules[k].last, plan.rules[k].first);
				ck_assert_uint_ge(plan.rules[k].step, 1);
				ck_assert_uint_le(plan.rules[k].column + plan.rules[k].length - 1,
						  strlen(text));
			}
		} else {
			ck_assert_msg(error.column >= 1 && error.column <= strlen(text) + 1,
				      "\"%s\": column %zu", text, error.column);
			ck_assert_msg(error.message[0], "\"%s\" fails without a message", text);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spec");
	TCase *tcase;

	tcase = support_case(suite, "points", every_family_and_every_call_can_be_named,
			     a_rule_alone_is_kill_before_the_first, names_have_a_length_that_they_may_have,
			     a_name_that_is_a_word_of_its_own_is_no_misspelt_call, NULL);
	tcase_add_loop_test(tcase, a_point_is_a_family_a_call_or_a_name, 0, sizeof points / sizeof *points);
	tcase = support_case(suite, "when", crash_after_moves_first_and_last, NULL);
	tcase_add_loop_test(tcase, when_is_a_number_a_range_or_a_progression, 0,
			    sizeof whens / sizeof *whens);
	tcase_add_loop_test(tcase, when_may_be_left_to_chance, 0, sizeof chances / sizeof *chances);
	tcase = support_case(suite, "files", NULL);
	tcase_add_loop_test(tcase, a_file_pattern_ends_where_the_rule_goes_on, 0,
			    sizeof globs / sizeof *globs);
	tcase = support_case(suite, "modifiers", scopes_narrow_a_rule_down,
			     signals_and_errors_have_all_their_names, names_are_those_of_libc, NULL);
	tcase_add_loop_test(tcase, a_modifier_says_when_and_what, 0, sizeof modifiers / sizeof *modifiers);
	tcase_add_loop_test(tcase, a_qualified_name_needs_no_escapes, 0,
			    sizeof qualified / sizeof *qualified);
	support_case(suite, "several rules", rules_know_where_they_stand, there_may_be_64_rules, NULL);
	tcase = support_case(suite, "refused", what_is_too_long_is_refused_where_it_is,
			     a_long_word_does_not_push_the_message_out, NULL);
	tcase_add_loop_test(tcase, an_error_has_its_column_and_a_hint, 0, sizeof refused / sizeof *refused);
	support_case(suite, "numbers", times_have_units, sizes_have_powers_of_1024, NULL);
	support_case(suite, "anything", no_text_breaks_the_parser, NULL);
	return support_run(suite);
}
