/* SPDX-License-Identifier: MIT */
/*
 * check_decision.c - what the rules that fired make of an op.
 *
 * Method: rules are given as text, and all of them have fired unless a test says otherwise. What is decided
 * is shown as text, too: the numbers of the rules that act before the call, how much of it is made and by
 * which rule, and the rules that act after it, as "0 1 | torn by 2 | 3".
 */
#include "common/decision.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#include "common/op_record.h"
#include "common/spec.h"
#include "tests/unit/support.h"

static struct crash__plan plan;
static struct crash__hits hits;

static void make_plan(const char *spec)
{
	struct crash__spec_error error;

	memset(&plan, 0, sizeof plan);
	ck_assert_msg(crash__spec_parse(&plan, spec, 0, &error), "%s: %s", spec, error.message);
}

static uint64_t all(void)
{
	return plan.count == CRASH__RULES ? ~UINT64_C(0) : (UINT64_C(1) << plan.count) - 1;
}

static char *put_rules(char *at, uint64_t rules)
{
	for (unsigned int i = 0; i < CRASH__RULES; i++)
		if (rules >> i & 1)
			at += sprintf(at, "%u ", i);
	return at;
}

static const char *text_of(const struct crash__decision *decision)
{
	static const char *const makings[] = {"all", "flipped", "short", "nothing", "torn"};
	static char text[1024];
	char *at = put_rules(text, decision->before);

	at += sprintf(at, "| %s ", makings[decision->making]);
	if (decision->by)
		at += sprintf(at, "by %d ", (int)(decision->by - plan.rules));
	at += sprintf(at, "|");
	if (decision->after)
		*at++ = ' ';
	at = put_rules(at, decision->after);
	at[decision->after ? -1 : 0] = '\0';
	return text;
}

/* ---- one rule, and several ---- */

static const char spec_of_a_write[] =
	"write,write:after,write:torn=1,write:log,write:after:log,write:err=EIO,write:short=1,write:stop,"
	"write:after:delay=1s,write:after:sig=TERM";

START_TEST(each_rule_acts_at_its_moment)
{
	static const struct {
		const char *spec;
		enum crash__nature nature;
		const char *decided;
	} rows[] = {
		{"write", CRASH__NATURE_WRITE, "0 | all |"},
		{"write:before:abort", CRASH__NATURE_WRITE, "0 | all |"},
		{"write:after", CRASH__NATURE_WRITE, "| all | 0"},
		{"write:after:exit=1", CRASH__NATURE_WRITE, "| all | 0"},
		{"write:torn=3", CRASH__NATURE_WRITE, "| torn by 0 |"},
		{"write:torn=3%:exit=2", CRASH__NATURE_WRITE, "| torn by 0 |"},
		{"write:sig=TERM", CRASH__NATURE_WRITE, "0 | all |"},
		{"write:after:stop", CRASH__NATURE_WRITE, "| all | 0"},
		{"write:delay=1s", CRASH__NATURE_WRITE, "0 | all |"},
		{"write:log", CRASH__NATURE_WRITE, "0 | all |"},
		{"write:err=EIO", CRASH__NATURE_WRITE, "| nothing by 0 |"},
		{"write:short=3", CRASH__NATURE_WRITE, "| short by 0 |"},
		{"read:short=3", CRASH__NATURE_READ, "| short by 0 |"},
		{"read:flip=3", CRASH__NATURE_READ, "| flipped by 0 |"},
		{"read:err=EIO", CRASH__NATURE_READ, "| nothing by 0 |"},
		{"read:delay=1s", CRASH__NATURE_READ, "0 | all |"},
		/* what has no parts: torn is before, short is nothing */
		{"io:torn=3", CRASH__NATURE_CALL, "0 | all |"},
		{"io:torn=3%:self", CRASH__NATURE_CALL, "0 | all |"},
		{"io:short=3", CRASH__NATURE_CALL, "| all |"},
		{"io:err=EIO", CRASH__NATURE_CALL, "| nothing by 0 |"},
		{"io:after", CRASH__NATURE_CALL, "| all | 0"},
		/* what has been done: everything is after it */
		{"store", CRASH__NATURE_STORE, "| all | 0"},
		{"store:after", CRASH__NATURE_STORE, "| all | 0"},
		{"store:torn=1", CRASH__NATURE_STORE, "| all | 0"},
		{"store:err=EIO", CRASH__NATURE_STORE, "| all |"},
		{"store:short=1", CRASH__NATURE_STORE, "| all |"},
		{"wal.x", CRASH__NATURE_POINT, "| all | 0"},
		{"wal.x:after", CRASH__NATURE_POINT, "| all | 0"},
		{"wal.x:delay=1s", CRASH__NATURE_POINT, "| all | 0"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct crash__decision decision;

		make_plan(rows[i].spec);
		decision = crash__plan_decide(&plan, all(), rows[i].nature);
		ck_assert_msg(strcmp(text_of(&decision), rows[i].decided) == 0, "%s: \"%s\", not \"%s\"",
			      rows[i].spec, text_of(&decision), rows[i].decided);
	}
}
END_TEST

START_TEST(of_several_rules_the_strongest_counts)
{
	static const struct {
		const char *spec;
		enum crash__nature nature;
		const char *decided;
	} rows[] = {
		{"write:log,write,write:delay=1s", CRASH__NATURE_WRITE, "0 1 2 | all |"},
		{"write:after,write:log,write:after:log", CRASH__NATURE_WRITE, "1 | all | 0 2"},
		{"write:err=EIO,write", CRASH__NATURE_WRITE, "1 | nothing by 0 |"},
		{"write:err=EIO,write:after", CRASH__NATURE_WRITE, "| nothing by 0 | 1"},
		/* torn before err before short, in whatever order they are given */
		{"write:torn=1,write:err=EIO,write:short=1", CRASH__NATURE_WRITE, "| torn by 0 |"},
		{"write:short=1,write:err=EIO,write:torn=1", CRASH__NATURE_WRITE, "| torn by 2 |"},
		{"write:short=1,write:err=EIO", CRASH__NATURE_WRITE, "| nothing by 1 |"},
		{"write:err=EIO,write:short=1", CRASH__NATURE_WRITE, "| nothing by 0 |"},
		/* the first of a kind */
		{"write:torn=2,write:torn=1", CRASH__NATURE_WRITE, "| torn by 0 |"},
		{"write:err=EIO,write:err=ENOSPC", CRASH__NATURE_WRITE, "| nothing by 0 |"},
		{"write:log,write:short=2,write:short=1", CRASH__NATURE_WRITE, "0 | short by 1 |"},
		/* the death of one process keeps the tree's from coming no longer */
		{"write:self,write", CRASH__NATURE_WRITE, "1 | all |"},
		{"write:self,write:torn=1", CRASH__NATURE_WRITE, "| torn by 1 |"},
		{"write:torn=1:self,write:torn=2", CRASH__NATURE_WRITE, "| torn by 1 |"},
		{"write:torn=1:self,write", CRASH__NATURE_WRITE, "1 | all |"},
		{"write:self,write:after", CRASH__NATURE_WRITE, "0 | all | 1"},
		{"write:self:sig=TERM,write", CRASH__NATURE_WRITE, "0 1 | all |"},
		{"wal.x:self,wal.*", CRASH__NATURE_POINT, "| all | 1"},
		{"io:err=EIO,io:torn=1,io:short=1", CRASH__NATURE_CALL, "1 | nothing by 0 |"},
		{"store:err=EIO,io:after,store:torn=1", CRASH__NATURE_STORE, "| all | 1 2"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct crash__decision decision;

		make_plan(rows[i].spec);
		decision = crash__plan_decide(&plan, all(), rows[i].nature);
		ck_assert_msg(strcmp(text_of(&decision), rows[i].decided) == 0, "%s: \"%s\", not \"%s\"",
			      rows[i].spec, text_of(&decision), rows[i].decided);
	}
}
END_TEST

START_TEST(rules_that_have_not_fired_decide_nothing)
{
	struct crash__decision decision;

	make_plan(spec_of_a_write);
	decision = crash__plan_decide(&plan, 0, CRASH__NATURE_WRITE);
	ck_assert_str_eq(text_of(&decision), "| all |");
	ck_assert_uint_eq(decision.flags, 0);
	decision = crash__plan_decide(&plan, 1 << 1 | 1 << 6, CRASH__NATURE_WRITE);
	ck_assert_str_eq(text_of(&decision), "| short by 6 | 1");
	decision = crash__plan_decide(&plan, all(), CRASH__NATURE_WRITE);
	ck_assert_str_eq(text_of(&decision), "0 3 7 | torn by 2 | 1 4 8 9");
}
END_TEST

START_TEST(a_record_says_that_an_op_is_logged_or_was_made_to_fail)
{
	static const struct {
		const char *spec;
		enum crash__nature nature;
		uint32_t flags;
	} rows[] = {
		{"write", CRASH__NATURE_WRITE, 0},
		{"write:log", CRASH__NATURE_WRITE, CRASH__OP_LOGGED},
		{"write:after:log", CRASH__NATURE_WRITE, CRASH__OP_LOGGED},
		{"write:err=EIO", CRASH__NATURE_WRITE, CRASH__OP_FAILED},
		{"write:short=9", CRASH__NATURE_WRITE, CRASH__OP_FAILED},
		{"write:torn=9", CRASH__NATURE_WRITE, 0},
		{"write:torn=9,write:err=EIO", CRASH__NATURE_WRITE, 0},
		{"io:short=9", CRASH__NATURE_CALL, 0},
		{"io:err=EIO,io:log", CRASH__NATURE_CALL, CRASH__OP_FAILED | CRASH__OP_LOGGED},
		{"store:err=EIO,store:log", CRASH__NATURE_STORE, CRASH__OP_LOGGED},
		{"wal.x:log", CRASH__NATURE_POINT, CRASH__OP_LOGGED},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		make_plan(rows[i].spec);
		ck_assert_msg(crash__plan_decide(&plan, all(), rows[i].nature).flags == rows[i].flags, "%s",
			      rows[i].spec);
	}
}
END_TEST

/* ---- for any rules ---- */

static const struct crash__rule *first_death_of(uint64_t rules)
{
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&plan, rules, rule)
		if (crash__action_is_death(rule->action))
			return rule;
	return NULL;
}

/* Which rule the process dies of; NULL: none. */
static const struct crash__rule *death_of(const struct crash__decision *decision)
{
	const struct crash__rule *death = first_death_of(decision->before);

	if (!death && decision->making == CRASH__MAKES_TORN)
		death = decision->by;
	return death ? death : first_death_of(decision->after);
}

static void check_any(uint64_t fired, enum crash__nature nature)
{
	struct crash__decision decision = crash__plan_decide(&plan, fired, nature);
	bool is_call = nature == CRASH__NATURE_CALL || nature == CRASH__NATURE_WRITE ||
		       nature == CRASH__NATURE_READ,
	     tree = false;
	const struct crash__rule *rule;

	ck_assert_uint_eq(decision.before & decision.after, 0);
	ck_assert_uint_eq((decision.before | decision.after) & ~fired, 0);
	ck_assert((decision.by != NULL) == (decision.making != CRASH__MAKES_ALL));
	ck_assert(!decision.by || (fired >> (decision.by - plan.rules) & 1));
	ck_assert(!decision.late);
	ck_assert(is_call || (decision.before == 0 && decision.making == CRASH__MAKES_ALL));
	ck_assert(nature == CRASH__NATURE_WRITE || nature == CRASH__NATURE_READ ||
		  decision.making == CRASH__MAKES_ALL || decision.making == CRASH__MAKES_NOTHING);
	ck_assert(nature != CRASH__NATURE_READ || decision.making != CRASH__MAKES_TORN);
	ck_assert(nature == CRASH__NATURE_READ || decision.making != CRASH__MAKES_FLIPPED);
	CRASH__EACH_RULE(&plan, decision.before | decision.after, rule)
		ck_assert(rule->action != CRASH__ERROR && rule->action != CRASH__SHORT);
	CRASH__EACH_RULE(&plan, decision.before, rule)
		ck_assert(rule->moment != CRASH__AFTER);
	CRASH__EACH_RULE(&plan, fired, rule)
		tree |= crash__rule_ends_tree_before(rule);
	/* later ops rely on that */
	ck_assert(!tree || (death_of(&decision) && !death_of(&decision)->self));
}

START_TEST(whatever_fires_the_tree_ends_if_one_of_them_ends_it)
{
	uint64_t state = support_seed();

	make_plan("io,io:after,io:torn=1,io:torn=50%:exit=1,io:self,io:torn=1:self,io:after:self,io:abort,io:"
		  "sig=9,"
		  "io:stop,io:after:stop,io:delay=1s,io:log,io:after:log,io:err=EIO,io:short=1,io:err=EPERM");
	for (int i = support_rounds(20000); i > 0; i--)
		for (int nature = CRASH__NATURE_CALL; nature <= CRASH__NATURE_POINT; nature++)
			check_any(support_random(&state) & support_random(&state) & all(),
				  (enum crash__nature)nature);
}
END_TEST

START_TEST(to_decide_changes_nothing)
{
	static struct crash__plan before;

	make_plan(spec_of_a_write);
	memcpy(&before, &plan, sizeof plan);
	for (uint64_t fired = 0; fired <= all(); fired++)
		crash__plan_decide(&plan, fired, CRASH__NATURE_WRITE);
	ck_assert_int_eq(memcmp(&before, &plan, sizeof plan), 0);
}
END_TEST

/* ---- asking ---- */

START_TEST(who_asks_is_counted_once)
{
	struct crash__facts facts = {.nature = CRASH__NATURE_WRITE, .occurrence = 2, .call_occurrence = 1};
	struct crash__decision decision;

	make_plan("write#2:log,pwrite64#2:err=EIO,write@*.db:short=1");
	decision = crash__plan_ask(&plan, &hits, 3, &facts);
	ck_assert_str_eq(text_of(&decision), "0 | all |");
	ck_assert_uint_eq(hits.of[0], 1);
	ck_assert_uint_eq(hits.of[1], 1);
	ck_assert_uint_eq(hits.of[2], 0);
	facts.occurrence = 3;
	facts.call_occurrence = 2;
	decision = crash__plan_ask(&plan, &hits, 7, &facts);
	ck_assert_str_eq(text_of(&decision), "| nothing by 1 |");
	ck_assert_uint_eq(hits.of[2], 1);
}
END_TEST

/* What has been done cannot be kept from being done. */
START_TEST(a_store_is_never_late)
{
	for (int nature = CRASH__NATURE_CALL; nature <= CRASH__NATURE_POINT; nature++) {
		struct crash__facts facts = {.nature = (enum crash__nature)nature, .occurrence = 2};

		make_plan("write#1");
		ck_assert(crash__plan_ask(&plan, &hits, 1, &facts).late == (nature != CRASH__NATURE_STORE));
		make_plan("write#2");
		ck_assert(!crash__plan_ask(&plan, &hits, 1, &facts).late);
		make_plan("write#1:after");
		ck_assert(!crash__plan_ask(&plan, &hits, 1, &facts).late);
	}
}
END_TEST

/* ---- what ops are ---- */

START_TEST(writes_that_have_a_length_have_parts)
{
	static const unsigned int whole[] = {CRASH__CALL_ioctl, CRASH__CALL_io_submit};

	for (int i = 0; i < CRASH__KERNEL_CALLS; i++) {
		const struct crash__call_info *kernel = &crash__calls[i];
		bool parts = kernel->family == CRASH__FAMILY_WRITE && i != CRASH__CALL_store;

		for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
			parts &= (unsigned int)i != whole[k];
		ck_assert_msg(crash__nature_of(kernel) == (i == CRASH__CALL_store ? CRASH__NATURE_STORE :
							   parts		  ? CRASH__NATURE_WRITE :
										    CRASH__NATURE_CALL),
			      "%s", kernel->name);
	}
}
END_TEST

START_TEST(a_write_syncs_by_its_descriptor_or_by_its_flags)
{
	static const struct {
		unsigned int call;
		long flags; /* of pwritev2 */
		bool alone, by_descriptor;
	} rows[] = {
		{CRASH__CALL_write, 0, false, true},
		{CRASH__CALL_pwrite64, RWF_DSYNC, false, true}, /* it has no such argument */
		{CRASH__CALL_splice, RWF_DSYNC, false, true},
		{CRASH__CALL_pwritev2, 0, false, true},
		{CRASH__CALL_pwritev2, RWF_APPEND | RWF_HIPRI, false, true},
		{CRASH__CALL_pwritev2, RWF_DSYNC, true, true},
		{CRASH__CALL_pwritev2, RWF_SYNC | RWF_APPEND, true, true},
		/* a store is no call, and others write nothing */
		{CRASH__CALL_store, RWF_DSYNC, false, false},
		{CRASH__CALL_ftruncate, RWF_DSYNC, false, false},
		{CRASH__CALL_fsync, RWF_DSYNC, false, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct crash__call_info *call = &crash__calls[rows[i].call];
		long args[6] = {3, 0, 0, 0, 0, rows[i].flags};

		ck_assert_msg(crash__call_syncs(call, args, false) == rows[i].alone, "%s", call->name);
		ck_assert_msg(crash__call_syncs(call, args, true) == rows[i].by_descriptor, "%s by O_SYNC",
			      call->name);
	}
}
END_TEST

START_TEST(both_flags_of_open_sync)
{
	ck_assert(crash__open_flags_sync(O_WRONLY | O_SYNC));
	ck_assert(crash__open_flags_sync(O_RDWR | O_DSYNC | O_APPEND));
	ck_assert(!crash__open_flags_sync(O_RDWR | O_APPEND | O_DIRECT | O_NOATIME));
	ck_assert(!crash__open_flags_sync(-9)); /* they could not be had */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decision");

	support_case(suite, "rules", each_rule_acts_at_its_moment, of_several_rules_the_strongest_counts,
		     rules_that_have_not_fired_decide_nothing,
		     a_record_says_that_an_op_is_logged_or_was_made_to_fail, NULL);
	support_case(suite, "any", whatever_fires_the_tree_ends_if_one_of_them_ends_it,
		     to_decide_changes_nothing, NULL);
	support_case(suite, "asking", who_asks_is_counted_once, a_store_is_never_late, NULL);
	support_case(suite, "ops", writes_that_have_a_length_have_parts,
		     a_write_syncs_by_its_descriptor_or_by_its_flags, both_flags_of_open_sync, NULL);
	return support_run(suite);
}
