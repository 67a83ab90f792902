/* SPDX-License-Identifier: MIT */
/*
 * check_libc_code.c - libc's function for cancellable calls is found where all of it is as expected, and not
 * at all where anything is not: then its system calls stay among those that could not be placed. For x86-64.
 */
#include <check.h>
#include <stddef.h>
#include <string.h>

#include "preload/machine_code.h"
#include "tests/unit/support.h"

#define UNPLACED 5 /* as if others had been found before */

/* As __syscall_cancel_arch in glibc 2.41. */
static const unsigned char bridge[] = {
	0x8b, 0x07, 0xf6, 0x07, 0x08, 0x0f, 0x85, 0x11, 0x22, 0x33, 0x00, 0x49, 0x89, 0xfb, 0x48, 0x89,
	0xf0, 0x48, 0x89, 0xd7, 0x48, 0x89, 0xce, 0x4c, 0x89, 0xc2, 0x4d, 0x89, 0xca, 0x4c, 0x8b, 0x44,
	0x24, 0x08, 0x4c, 0x8b, 0x4c, 0x24, 0x10, 0x4c, 0x89, 0x5c, 0x24, 0x08, 0x0f, 0x05, 0xc3,
};

/* Offsets in the code: the bridge, the function that calls it, who calls that one; and behind the code the
 * table of functions with their frame descriptions. */
enum { BRIDGE = 32, FUNCTION = 128, BRIDGE_CALL = 140, FIRST = 200, SECOND = 220, THIRD = 240, OTHER = 260 };

static struct {
	unsigned char code[320];
	unsigned char table[12 + 2 * 8];
	unsigned char frames[2][16];
} fake;
static struct libc libc;
static uint32_t sites[8];

static void put_distance(unsigned char *at, ptrdiff_t distance)
{
	int32_t value = (int32_t)distance;

	memcpy(at, &value, sizeof value);
}

/* An instruction of one byte that names a place by its distance. */
static void refer(unsigned int at, unsigned char opcode, unsigned int to)
{
	fake.code[at] = opcode;
	put_distance(fake.code + at + 1, (ptrdiff_t)to - at - 5);
}

static void describe(int index, unsigned int start, unsigned int size)
{
	put_distance(fake.table + 12 + index * 8, fake.code + start - fake.table);
	put_distance(fake.table + 16 + index * 8, fake.frames[index] - fake.table);
	put_distance(fake.frames[index] + 8, fake.code + start - (fake.frames[index] + 8));
	put_distance(fake.frames[index] + 12, size);
}

static void make_libc(void)
{
	static const unsigned char direct[] = {0x48, 0x8b, 0x44, 0x24, 0x10, 0x0f, 0x05};

	memset(&fake, 0x90, sizeof fake);
	memcpy(fake.code + BRIDGE, bridge, sizeof bridge);
	refer(BRIDGE_CALL, 0xe8, BRIDGE);
	memcpy(fake.code + BRIDGE_CALL + 20, direct, sizeof direct);
	refer(FIRST, 0xe8, FUNCTION);
	refer(SECOND, 0xe8, FUNCTION);
	refer(THIRD, 0xe9, FUNCTION);
	memcpy(fake.table, (unsigned char[]){1, 0x1b, 0x03, 0x3b}, 4);
	put_distance(fake.table + 8, 2);
	describe(0, BRIDGE, sizeof bridge);
	describe(1, FUNCTION, 60);
	libc = (struct libc){.start = fake.code,
			     .end = fake.code + sizeof fake.code,
			     .frames = fake.table,
			     .calls = UNPLACED,
			     .unplaced = UNPLACED};
}

START_TEST(all_callers_are_found)
{
	make_libc();
	ck_assert_uint_eq(crash__code_find_cancel_calls(&libc, sites, 8), 3);
	ck_assert_uint_eq(sites[0], FIRST);
	ck_assert_uint_eq(sites[1], SECOND);
	ck_assert_uint_eq(sites[2], THIRD);
	ck_assert_ptr_eq(libc.cancel, fake.code + FUNCTION);
	/* the function's own, and the one in the bridge */
	ck_assert_uint_eq(libc.unplaced, UNPLACED - 2);
	for (int i = 0; i < 3; i++)
		ck_assert(crash__code_is_cancel_call(&libc, sites[i]));
	ck_assert(!crash__code_is_cancel_call(&libc, BRIDGE_CALL));
	ck_assert(!crash__code_is_cancel_call(&libc, FIRST + 1));
}
END_TEST

/* A libc that is built for control-flow enforcement has one more instruction at the bridge's beginning. */
START_TEST(a_bridge_that_is_marked_as_a_target)
{
	make_libc();
	memcpy(fake.code + BRIDGE - 4, (unsigned char[]){0xf3, 0x0f, 0x1e, 0xfa}, 4);
	ck_assert_uint_eq(crash__code_find_cancel_calls(&libc, sites, 8), 0);
	refer(BRIDGE_CALL, 0xe8, BRIDGE - 4);
	ck_assert_uint_eq(crash__code_find_cancel_calls(&libc, sites, 8), 3);
}
END_TEST

static void change_bridge(void)
{
	fake.code[BRIDGE + 4] = 0x10; /* the flag has moved */
}
static void double_bridge(void)
{
	memcpy(fake.code + 80, bridge, sizeof bridge);
}
static void cut_bridge(void)
{
	libc.end = fake.code + BRIDGE + sizeof bridge - 1;
}
static void call_bridge_twice(void)
{
	refer(OTHER, 0xe8, BRIDGE);
}
static void call_bridge_never(void)
{
	memset(fake.code + BRIDGE_CALL, 0x90, 5);
}
static void lose_table(void)
{
	libc.frames = NULL;
}
static void change_table(void)
{
	fake.table[3] = 0x3c;
}
static void shorten_function(void)
{
	describe(1, FUNCTION, BRIDGE_CALL - FUNCTION);
}
static void move_frame(void)
{
	put_distance(fake.frames[1] + 8, 4);
}
static void take_address(void)
{
	memcpy(fake.code + OTHER, (unsigned char[]){0x48, 0x8d}, 2); /* lea FUNCTION(%rip), %rax */
	refer(OTHER + 2, 0x05, FUNCTION);
}
static void jump_on_condition(void)
{
	fake.code[OTHER] = 0x0f;
	refer(OTHER + 1, 0x84, FUNCTION);
}
static void call_never(void)
{
	memset(fake.code + FIRST, 0x90, THIRD + 5 - FIRST);
}

static void (*const surprises[])(void) = {
	change_bridge, double_bridge,	 cut_bridge, call_bridge_twice, call_bridge_never, lose_table,
	change_table,  shorten_function, move_frame, take_address,	jump_on_condition, call_never,
};

START_TEST(what_is_not_as_expected_is_left_alone_and_counted)
{
	make_libc();
	surprises[_i]();
	ck_assert_uint_eq(crash__code_find_cancel_calls(&libc, sites, 8), 0);
	ck_assert_ptr_null(libc.cancel);
	ck_assert_uint_eq(libc.unplaced, UNPLACED);
}
END_TEST

START_TEST(more_callers_than_there_is_room_for)
{
	make_libc();
	ck_assert_uint_eq(crash__code_find_cancel_calls(&libc, sites, 2), 0);
	ck_assert_ptr_null(libc.cancel);
	ck_assert_uint_eq(libc.unplaced, UNPLACED);
}
END_TEST

/* `mov $1, %r8d; syscall` has the bytes of `mov $1, %eax; syscall` behind its prefix. */
START_TEST(a_mov_to_another_register_is_no_site)
{
	static const unsigned char plain[] = {0x90, 0xb8, 1, 0, 0, 0, 0x0f, 0x05},
				   other[] = {0x41, 0xb8, 1, 0, 0, 0, 0x0f, 0x05},
				   large[] = {0x90, 0xb8, 1, 0, 1, 0, 0x0f, 0x05};

	ck_assert(crash__code_is_call(plain + 1));
	ck_assert(!crash__code_is_call(other + 1));
	ck_assert(!crash__code_is_call(large + 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("libc's code");
	TCase *tcase = support_case(suite, "cancellable calls", all_callers_are_found,
				    a_bridge_that_is_marked_as_a_target, more_callers_than_there_is_room_for,
				    a_mov_to_another_register_is_no_site, NULL);

	tcase_add_loop_test(tcase, what_is_not_as_expected_is_left_alone_and_counted, 0,
			    sizeof surprises / sizeof *surprises);
	return support_run(suite);
}
