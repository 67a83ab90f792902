/* SPDX-License-Identifier: MIT */
/*
 * check_plan.c - which hit fires, by which rule, and how much of a write it lets through.
 *
 * Method: plans are made from their text, and ops are numbered as the shim numbers them. What a rule is
 * expected to do is computed apart, by going through the definition.
 */
#include "common/plan.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/spec.h"
#include "tests/unit/support.h"

static struct crash__plan plan;
static struct crash__hits hits;

static void make_plan(const char *spec, uint64_t after)
{
	struct crash__spec_error error;

	memset(&plan, 0, sizeof plan);
	memset(&hits, 0, sizeof hits);
	ck_assert_msg(crash__spec_parse(&plan, spec, after, &error), "%s: %s", spec, error.message);
}

/* The next write: counts it, and returns the rules that fire. */
static uint64_t next_write(uint64_t *count, bool *late)
{
	uint64_t rules = crash__plan_rules_of(&plan, CRASH__CALL_write);

	++*count;
	return crash__plan_hit(&plan, &hits, rules, *count, *count, late);
}

/* Which of the first 20 writes fire, as "3 4 5". */
static const char *firing(const char *spec, uint64_t after)
{
	static char text[256];
	char *at = text;
	uint64_t count = 0;
	bool late = false;

	make_plan(spec, after);
	*at = '\0';
	for (int i = 1; i <= 20; i++)
		if (next_write(&count, &late))
			at += sprintf(at, "%s%d", at == text ? "" : " ", i);
	return text;
}

/* ---- when ---- */

START_TEST(a_rule_fires_at_the_hits_it_names)
{
	static const struct {
		const char *spec;
		uint64_t after;
		const char *fires;
	} rows[] = {
		{"write", 0, "1"},
		{"write#1", 0, "1"},
		{"write#3", 0, "3"},
		{"write#20", 0, "20"},
		{"write#21", 0, ""},
		{"write#3..5", 0, "3 4 5"},
		{"write#18+", 0, "18 19 20"},
		{"write#2+7", 0, "2 9 16"},
		{"write#1+1", 0, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"},
		{"write#*", 0, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"},
		{"write#5+18446744073709551615", 0, "5"},
		/* CRASH_AFTER=n is #n+1 */
		{"write", 3, "4"},
		{"write#2", 3, "5"},
		{"write#2..4", 3, "5 6 7"},
		{"write#2+7", 3, "5 12 19"},
		{"write#18+", 1, "19 20"},
		{"write", 20, ""},
		/* by family, by call, by everything */
		{"write()#2", 0, "2"},
		{"io#2", 0, "2"},
		{"fsync#2", 0, ""},
		{"pwrite64#2", 0, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *fires = firing(rows[i].spec, rows[i].after);

		ck_assert_msg(strcmp(fires, rows[i].fires) == 0, "%s after %llu fires at %s", rows[i].spec,
			      (unsigned long long)rows[i].after, fires);
	}
}
END_TEST

/* The off-by-one that a countdown invites: of three hits the third fires and the second does not. */
START_TEST(the_third_hit_fires_the_second_returns)
{
	uint64_t count = 0;
	bool late = false;

	make_plan("write#3", 0);
	ck_assert_uint_eq(next_write(&count, &late), 0);
	ck_assert_uint_eq(next_write(&count, &late), 0);
	ck_assert_uint_eq(next_write(&count, &late), 1);
	ck_assert(!late);
}
END_TEST

/* The definition, for any numbers up to the largest. */
START_TEST(a_progression_is_first_plus_multiples_of_step_up_to_last)
{
	static const uint64_t values[] = {
		1, 2, 3, 4, 5, 7, 1000, UINT64_MAX / 2, UINT64_MAX - 2, UINT64_MAX - 1, UINT64_MAX};
	size_t n = sizeof values / sizeof *values;

	for (size_t f = 0; f < n; f++)
		for (size_t l = f; l < n; l++)
			for (size_t s = 0; s < n; s++)
				for (size_t h = 0; h < n; h++) {
					struct crash__rule rule = {
						.first = values[f], .last = values[l], .step = values[s]};
					bool expected =
						values[h] >= values[f] && values[h] <= values[l] &&
						(unsigned __int128)(values[h] - values[f]) % values[s] == 0;

					ck_assert(crash__rule_fires(&rule, values[h]) == expected);
				}
}
END_TEST

/* ---- several rules ---- */

START_TEST(rules_count_apart_and_fire_together)
{
	uint64_t count = 0;
	bool late = false;

	make_plan("write#2:log,write#2:err=EIO,io#1:log,fsync#1,write#3..4:log", 0);
	ck_assert_uint_eq(next_write(&count, &late), 1 << 2);
	ck_assert_uint_eq(next_write(&count, &late), 1 << 0 | 1 << 1);
	ck_assert_uint_eq(next_write(&count, &late), 1 << 4);
	ck_assert_uint_eq(next_write(&count, &late), 1 << 4);
	ck_assert_uint_eq(next_write(&count, &late), 0);
	ck_assert_uint_eq(hits.of[0], 5);
	ck_assert_uint_eq(hits.of[3], 0);
}
END_TEST

START_TEST(the_64th_rule_is_as_good_as_the_first)
{
	struct crash__rule rule = {
		.kind = CRASH__KIND_FAMILY, .which = CRASH__FAMILY_WRITE, .first = 1, .last = 1, .step = 1};
	uint64_t count = 0;
	bool late = false;

	memset(&plan, 0, sizeof plan);
	memset(&hits, 0, sizeof hits);
	for (int i = 0; i < CRASH__RULES; i++) {
		rule.first = rule.last = i == 63 ? 1 : 2;
		ck_assert(crash__plan_add(&plan, &rule));
	}
	ck_assert(!crash__plan_add(&plan, &rule));
	ck_assert_uint_eq(plan.count, CRASH__RULES);
	ck_assert_uint_eq(next_write(&count, &late), UINT64_C(1) << 63);
	ck_assert_uint_eq(next_write(&count, &late), ~UINT64_C(0) >> 1);
}
END_TEST

/* ---- which rules speak of what ---- */

START_TEST(calls_are_of_their_family_and_of_themselves)
{
	make_plan("write,pwrite64,pwrite,io,fsync,write()", 0);
	ck_assert_uint_eq(crash__plan_rules_of(&plan, CRASH__CALL_write), 1 << 0 | 1 << 3 | 1 << 5);
	ck_assert_uint_eq(crash__plan_rules_of(&plan, CRASH__CALL_pwrite64), 1 << 0 | 1 << 1 | 1 << 3);
	/* a twin is of the family of its kernel's call, and not that call */
	ck_assert_uint_eq(crash__plan_rules_of(&plan, CRASH__CALL_pwrite), 1 << 0 | 1 << 2 | 1 << 3);
	ck_assert_uint_eq(crash__plan_rules_of(&plan, CRASH__CALL_fdatasync), 1 << 3 | 1 << 4);
	ck_assert_uint_eq(crash__plan_rules_of(&plan, CRASH__CALL_rmdir), 1 << 3);
	ck_assert_uint_eq(plan.explicit_rules, 0);
}
END_TEST

START_TEST(every_call_is_of_io_and_of_one_family)
{
	char spec[512] = "io";

	for (int i = 0; i < CRASH__IO_FAMILIES; i++)
		snprintf(spec + strlen(spec), sizeof spec - strlen(spec), ",%s", crash__families[i].name);
	make_plan(spec, 0);
	for (unsigned int i = CRASH__FIRST_INPUT; i < CRASH__CALLS; i++)
		ck_assert_msg(!crash__plan_rules_of(&plan, i), "%s is in io", crash__calls[i].name);
	for (unsigned int i = 0; i < CRASH__FIRST_INPUT; i++) {
		uint64_t rules = crash__plan_rules_of(&plan, i);

		ck_assert_msg(rules & 1, "%s is not in io", crash__calls[i].name);
		ck_assert_msg(__builtin_popcountll(rules) == 2, "%s has %d families", crash__calls[i].name,
			      __builtin_popcountll(rules) - 1);
	}
}
END_TEST

START_TEST(points_are_found_by_name_or_pattern)
{
	make_plan("wal.a,wal.*,write,*,w?l.b", 0);
	ck_assert_uint_eq(plan.explicit_rules, 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4);
	ck_assert_uint_eq(crash__plan_rules_of_point(&plan, "wal.a"), 1 << 0 | 1 << 1 | 1 << 3);
	ck_assert_uint_eq(crash__plan_rules_of_point(&plan, "wal.b"), 1 << 1 | 1 << 3 | 1 << 4);
	ck_assert_uint_eq(crash__plan_rules_of_point(&plan, "wal.ab"), 1 << 1 | 1 << 3);
	ck_assert_uint_eq(crash__plan_rules_of_point(&plan, "snapshot"), 1 << 3);
}
END_TEST

START_TEST(a_file_pattern_keeps_rules_from_other_files)
{
	make_plan("write,write@*.db,fsync@/data/*,wal.x", 0);
	ck_assert_uint_eq(plan.with_glob, 1 << 1 | 1 << 2);
	ck_assert_uint_eq(crash__plan_rules_of_file(&plan, 15, "/tmp/a.db"), 1 << 0 | 1 << 1 | 1 << 3);
	ck_assert_uint_eq(crash__plan_rules_of_file(&plan, 15, "/data/log"), 1 << 0 | 1 << 2 | 1 << 3);
	ck_assert_uint_eq(crash__plan_rules_of_file(&plan, 15, "/data/x.db"), 15);
	ck_assert_uint_eq(crash__plan_rules_of_file(&plan, 1 << 1, "/data/x"), 0);
}
END_TEST

START_TEST(rules_that_look_around_are_known)
{
	make_plan("write:thread=1,write:child=0,write:in=f,write,write:self", 0);
	ck_assert_uint_eq(plan.with_filter, 1 << 0 | 1 << 1 | 1 << 2);
}
END_TEST

/* ---- numbers and order ---- */

/* Only a rule that takes all of its family, call or point can go by the op's own number. */
START_TEST(plain_rules_are_those_that_take_everything)
{
	make_plan(
		"write,pwrite64,wal.x,io,write@*.db,write:thread=1,write:child=0,write:in=f,wal.*,write:self",
		0);
	ck_assert_uint_eq(plan.plain, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 9);
}
END_TEST

/* ---- chance ---- */

/* Of many hits about so many fire: within five standard deviations, for this seed. */
START_TEST(a_chance_is_a_share_of_the_hits)
{
	static const struct {
		const char *spec;
		uint64_t chance;
	} rows[] = {{"write#p100%:log", CRASH__CERTAIN},
		    {"write#p50%:log", CRASH__CERTAIN / 2},
		    {"write#p1%:log", CRASH__CERTAIN / 100},
		    {"write#p0.5%:log", CRASH__CERTAIN / 200}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t fired = 0, expected = 100000 * rows[i].chance / CRASH__CERTAIN, off;

		make_plan(rows[i].spec, 0);
		crash__plan_draw(&plan, 7);
		for (uint64_t hit = 1; hit <= 100000; hit++)
			fired += crash__rule_fires(&plan.rules[0], hit);
		off = fired > expected ? fired - expected : expected - fired;
		ck_assert_msg(off * off <= 25 * (expected - expected * rows[i].chance / CRASH__CERTAIN),
			      "%s: %llu for %llu", rows[i].spec, (unsigned long long)fired,
			      (unsigned long long)expected);
	}
}
END_TEST

/* The hits at which one rule of a plan fires, for a seed. */
static uint64_t drawn(const char *spec, uint64_t seed, unsigned int rule)
{
	uint64_t set = 0;

	make_plan(spec, 0);
	crash__plan_draw(&plan, seed);
	for (uint64_t hit = 1; hit <= 64; hit++)
		set |= (uint64_t)crash__rule_fires(&plan.rules[rule], hit) << (hit - 1);
	return set;
}

START_TEST(a_seed_decides_the_same_again)
{
	uint64_t seven = drawn("write#p20%:log", 7, 0);

	ck_assert_uint_eq(drawn("write#p20%:log", 7, 0), seven);
	ck_assert_uint_ne(drawn("write#p20%:log", 8, 0), seven);
	ck_assert_uint_eq(drawn("write#p20%:log:seed=7", 8, 0), seven);
	/* two rules with one seed have nothing in common */
	ck_assert_uint_ne(drawn("write#p20%:log,write#p20%:log", 7, 1), seven);
	ck_assert_uint_eq(drawn("write#p20%:log,write#p20%:log", 7, 0), seven);
}
END_TEST

/* A rule that ends the tree has one number: who comes behind it is late, and nobody before. */
START_TEST(a_death_by_chance_has_a_number)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		uint64_t count = 0, first;
		bool late = false;

		make_plan("write#p5%", 3);
		crash__plan_draw(&plan, seed);
		first = plan.rules[0].first;
		ck_assert_uint_ge(first, 4);
		while (count + 1 < first)
			ck_assert_uint_eq(next_write(&count, &late), 0);
		ck_assert(!late);
		ck_assert_uint_eq(next_write(&count, &late), 1);
		ck_assert(!late);
		next_write(&count, &late);
		ck_assert(late);
	}
}
END_TEST

/* Two threads may hit the rule in the other order than they were numbered: write#5 is the fifth all the same.
 */
START_TEST(a_plain_rule_goes_by_the_ops_own_number)
{
	bool late = false;

	make_plan("write#5,pwrite64#2,wal.x#3", 0);
	ck_assert_uint_eq(crash__plan_hit(&plan, &hits, 1, 6, 1, &late), 0);
	ck_assert(late);
	late = false;
	ck_assert_uint_eq(crash__plan_hit(&plan, &hits, 1, 4, 1, &late), 0);
	ck_assert_uint_eq(crash__plan_hit(&plan, &hits, 1, 5, 1, &late), 1);
	ck_assert(!late);
	ck_assert_uint_eq(crash__plan_hit(&plan, &hits, 2, 9, 2, &late), 2);
	ck_assert_uint_eq(crash__plan_hit(&plan, &hits, 4, 3, 0, &late), 4);
	ck_assert(!late);
}
END_TEST

/* Whoever comes after the op that crashes the tree is late, also where the crash is not reported yet. */
START_TEST(who_comes_after_the_crash_is_late)
{
	static const struct {
		const char *spec;
		bool late;
	} rows[] = {
		{"write#3", true},
		{"write#3:abort", true},
		{"write#3:exit=1", true},
		{"write#3:torn=5", true},
		{"io#3", true},
		{"write@*#3", true},
		{"write#2..3", true},
		/* these end nobody but themselves, or nothing, or are over before they crash */
		{"write#3:self", false},
		{"write#3:after", false},
		{"write#3:log", false},
		{"write#3:err=EIO", false},
		{"write#3:stop", false},
		{"write#4", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t count = 0;
		bool late = false;

		make_plan(rows[i].spec, 0);
		next_write(&count, &late);
		next_write(&count, &late);
		ck_assert_msg(!late, "%s: an op before it is late", rows[i].spec);
		if (strcmp(rows[i].spec, "write#2..3") != 0) {
			next_write(&count, &late);
			ck_assert_msg(!late, "%s: the op itself is late", rows[i].spec);
		}
		next_write(&count, &late);
		ck_assert_msg(late == rows[i].late, "%s: the next op is %s", rows[i].spec,
			      late ? "late" : "not late");
	}
}
END_TEST

#define THREADS 8
#define EACH 20000

static _Atomic uint64_t number, fired_at[THREADS];

static void *write_much(void *argument)
{
	_Atomic uint64_t *mine = argument;

	for (int i = 0; i < EACH; i++) {
		uint64_t occurrence = atomic_fetch_add(&number, 1) + 1;
		bool late = false;

		if (crash__plan_hit(&plan, &hits, 3, occurrence, 0, &late) & 1) {
			ck_assert_uint_eq(*mine, 0);
			*mine = occurrence;
		}
	}
	return NULL;
}

/* However threads mix, one hit fires, it is the one that was named, and none gets lost. */
START_TEST(of_many_threads_exactly_one_is_the_nth)
{
	pthread_t threads[THREADS];
	unsigned int fired = 0;

	make_plan("write#77777,write@*#77777:log", 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, write_much, (void *)(uintptr_t)&fired_at[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) {
		ck_assert(fired_at[i] == 0 || fired_at[i] == 77777);
		fired += fired_at[i] != 0;
	}
	ck_assert_uint_eq(fired, 1);
	ck_assert_uint_eq(hits.of[0], THREADS * EACH);
	ck_assert_uint_eq(hits.of[1], THREADS * EACH);
}
END_TEST

/* ---- parts ---- */

START_TEST(a_part_is_never_more_than_the_whole)
{
	static const struct {
		const char *spec;
		uint64_t bytes, part;
	} rows[] = {
		{"write:torn=0", 100, 0},
		{"write:torn=5", 100, 5},
		{"write:torn=100", 100, 100},
		{"write:torn=101", 100, 100},
		{"write:torn=18446744073709551615", 100, 100},
		{"write:torn=5", 0, 0},
		{"write:torn=0%", 100, 0},
		{"write:torn=1%", 99, 0},
		{"write:torn=50%", 7, 3},
		{"write:torn=99%", 100, 99},
		{"write:torn=99%", 10, 9},
		{"write:torn=100%", 7, 7},
		{"write:torn=50%", UINT64_MAX, UINT64_MAX / 2},
		{"write:torn=100%", UINT64_MAX, UINT64_MAX},
		{"write:short=0", 100, 0},
		{"write:short=5", 100, 5},
		{"write:short=5", 3, 3},
		{"write:short=9223372036854775807", 3, 3},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t part;

		make_plan(rows[i].spec, 0);
		part = crash__rule_part(&plan.rules[0], rows[i].bytes);
		ck_assert_msg(part == rows[i].part, "%s of %llu is %llu", rows[i].spec,
			      (unsigned long long)rows[i].bytes, (unsigned long long)part);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");

	support_case(suite, "when", a_rule_fires_at_the_hits_it_names, the_third_hit_fires_the_second_returns,
		     a_progression_is_first_plus_multiples_of_step_up_to_last, NULL);
	support_case(suite, "several rules", rules_count_apart_and_fire_together,
		     the_64th_rule_is_as_good_as_the_first, NULL);
	support_case(suite, "of what", calls_are_of_their_family_and_of_themselves,
		     every_call_is_of_io_and_of_one_family, points_are_found_by_name_or_pattern,
		     a_file_pattern_keeps_rules_from_other_files, rules_that_look_around_are_known, NULL);
	support_case(suite, "order", plain_rules_are_those_that_take_everything,
		     a_plain_rule_goes_by_the_ops_own_number, who_comes_after_the_crash_is_late,
		     of_many_threads_exactly_one_is_the_nth, NULL);
	support_case(suite, "chance", a_chance_is_a_share_of_the_hits, a_seed_decides_the_same_again,
		     a_death_by_chance_has_a_number, NULL);
	support_case(suite, "parts", a_part_is_never_more_than_the_whole, NULL);
	return support_run(suite);
}
