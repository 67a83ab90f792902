/* SPDX-License-Identifier: MIT */
/*
 * layout.c - the memory that processes share, byte by byte. There is no code here: the compiler reads it.
 *
 * The command makes the control block with its plan, and the rings behind it. Keeper and supervisor are the
 * same program, but the shim is a file of its own, and so is a program with libcrashpoint.a in it: they may
 * be of another build. Which one they are is told by CRASH__CONTROL_VERSION.
 *
 * The rule: whoever changes a number here, or gives a field another meaning, adds 1 to
 * CRASH__CONTROL_VERSION, unless that was done since the last release. A row more in calls.def or
 * families.def is such a change: the block has a counter for each, and the plan a mask. It changes the
 * numbers in traces as well, so it adds 1 to CRASH__TRACE_VERSION, too. The first three members of the block
 * never change: by them each version knows the others.
 */
#include "common/control.h"

#define BYTES(type, count) _Static_assert(sizeof(type) == (count), "the rule stands in common/layout.c")
#define AT(type, member, offset)                                                                             \
	_Static_assert(offsetof(struct crash__##type, member) == (offset),                                   \
		       "the rule stands in common/layout.c")
#define VALUE(name, value) _Static_assert((name) == (value), "the rule stands in common/layout.c")

/* ------------------------------------------------------------------ numbers */

VALUE(CRASH__FAMILIES, 12);
VALUE(CRASH__KERNEL_CALLS, 56);
VALUE(CRASH__CALLS, 108);
VALUE(CRASH__RULES, 64);
VALUE(CRASH__FRAMES, 64);
VALUE(CRASH__MODE_IO_URING, 256);
VALUE(CRASH__MODE_ALLOCATION_SITES, 2048);
VALUE(CRASH__KIND_CALL, 2);
VALUE(CRASH__TORN_PERCENT, 3);
VALUE(CRASH__FLIP, 9);
VALUE(CRASH__RING_OWNED, 2);
VALUE(CRASH__INCOMPLETES, 32);
VALUE(CRASH__DEAD, 0x44454144u);

/* ------------------------------------------------------------------ the control block */

/* for ever */
AT(control, magic, 0);
AT(control, version, 8);
AT(control, strangers, 12);

AT(control, bytes, 16);
AT(control, mode, 24);
AT(control, keeper, 28);
AT(control, ring_count, 32);
AT(control, owner, 36);
AT(control, root, 40);
AT(control, directory, 4136);
AT(control, preload, 8232);
AT(control, outside, 12328);
AT(control, inherited, 12360);
AT(control, channel, 12408);
AT(control, plan, 12432);
#define RANGES (12432 + sizeof(struct crash__plan))
AT(control, range_count, RANGES);
AT(control, ranges, RANGES + 8);

_Static_assert(CRASH__CONTROL_CONSTANT % 4096 == 0 &&
		       CRASH__CONTROL_CONSTANT - RANGES - 8 - CRASH__RANGES * sizeof(struct crash__range) <
			       4096,
	       "the rule stands in common/layout.c");
#define WRITTEN CRASH__CONTROL_CONSTANT
AT(control, sequence, WRITTEN + 64);
AT(control, family_hits, WRITTEN + 128);
AT(control, call_hits, WRITTEN + 128 + 8 * CRASH__FAMILIES);
AT(control, implied_syncs, WRITTEN + 128 + 8 * (CRASH__FAMILIES + CRASH__CALLS));
AT(control, hits, WRITTEN + 136 + 8 * (CRASH__FAMILIES + CRASH__CALLS));
#define COUNTERS offsetof(struct crash__control, dead)
_Static_assert(COUNTERS % 64 == 0 && COUNTERS - offsetof(struct crash__control, hits) < 8 * CRASH__RULES + 64,
	       "the rule stands in common/layout.c");
AT(control, name_epoch, COUNTERS + 4);
AT(control, processes, COUNTERS + 8);
AT(control, loaded, COUNTERS + 12);
AT(control, files, COUNTERS + 16);
AT(control, stacks, COUNTERS + 20);
AT(control, stopped, COUNTERS + 24);
AT(control, stopper, COUNTERS + 28);
AT(control, refused_io_uring, COUNTERS + 32);
AT(control, mappers, COUNTERS + 36);
AT(control, libc_calls, COUNTERS + 40);
AT(control, libc_unplaced, COUNTERS + 44);
AT(control, other_places, COUNTERS + 48);
AT(control, passed_on, COUNTERS + 52);
AT(control, guard_dead, COUNTERS + 56);
AT(control, bell, COUNTERS + 64);
AT(control, rings_ready, COUNTERS + 68);
AT(control, rings_denied, COUNTERS + 72);
AT(control, remote_mappings, COUNTERS + 76);
AT(control, fd_epoch, COUNTERS + 80);
AT(control, guard_numbers, COUNTERS + 1104);
AT(control, numbers, COUNTERS + 1112);
AT(control, locks, COUNTERS + 9344);
AT(control, sites, COUNTERS + 9600);
AT(control, guard_fired, COUNTERS + 10272);
AT(control, fired, COUNTERS + 10280);
AT(control, guard_points, COUNTERS + 52720);
AT(control, points, COUNTERS + 52728);
AT(control, guard_reasons, COUNTERS + 196088);
AT(control, reasons, COUNTERS + 196096);
AT(control, guard_end, COUNTERS + 204800);
AT(control, allocation_sites, COUNTERS + 204808);
VALUE(CRASH__ALLOCATION_SITES, 8192);

BYTES(struct crash__allocation_site, 16);
AT(allocation_site, count, 8);

BYTES(struct crash__sites, 672);
AT(sites, count, 4);
AT(sites, cancel, 8);
AT(sites, calls, 12);
AT(sites, unplaced, 16);
AT(sites, sum, 24);
AT(sites, at, 32);

BYTES(struct crash__range, 40);
AT(range, rule, 0);
AT(range, device, 8);
AT(range, inode, 16);
AT(range, start, 24);
AT(range, end, 32);

BYTES(struct crash__named_point, 280);
AT(named_point, line, 4);
AT(named_point, rules, 8);
AT(named_point, hits, 16);
AT(named_point, name, 24);
AT(named_point, file, 120);

BYTES(struct crash__reason, 272);
AT(reason, why, 4);
AT(reason, times, 8);
AT(reason, detail, 16);

/* ------------------------------------------------------------------ the plan */

BYTES(struct crash__plan,
      40 + 8 * (CRASH__FAMILIES + CRASH__CALLS) + CRASH__RULES * sizeof(struct crash__rule));
AT(plan, count, 0);
AT(plan, explicit_rules, 8);
AT(plan, with_glob, 16);
AT(plan, with_filter, 24);
AT(plan, plain, 32);
AT(plan, of_family, 40);
AT(plan, of_call, 40 + 8 * CRASH__FAMILIES);
AT(plan, rules, 40 + 8 * (CRASH__FAMILIES + CRASH__CALLS));

BYTES(struct crash__rule, 712);
AT(rule, kind, 0);
AT(rule, moment, 1);
AT(rule, action, 2);
AT(rule, pattern, 3);
AT(rule, self, 4);
AT(rule, which, 6);
AT(rule, thread, 8);
AT(rule, child, 12);
AT(rule, has_thread, 16);
AT(rule, has_child, 17);
AT(rule, has_seed, 18);
AT(rule, first, 24);
AT(rule, last, 32);
AT(rule, step, 40);
AT(rule, chance, 48);
AT(rule, seed, 56);
AT(rule, site, 64);
AT(rule, torn, 72);
AT(rule, argument, 80);
AT(rule, column, 88);
AT(rule, length, 92);
AT(rule, chance_column, 96);
AT(rule, chance_length, 100);
AT(rule, name, 104);
AT(rule, glob, 200);
AT(rule, function, 456);
BYTES(struct crash__hits, 8 * CRASH__RULES);

/* ------------------------------------------------------------------ the crash */

BYTES(struct crash__fired, 42440);
AT(fired, state, 0);
AT(fired, rule, 4);
AT(fired, pid, 8);
AT(fired, tid, 12);
AT(fired, process, 16);
AT(fired, thread, 20);
AT(fired, call, 24);
AT(fired, family, 28);
AT(fired, line, 32);
AT(fired, occurrence, 40);
AT(fired, call_occurrence, 48);
AT(fired, hit, 56);
AT(fired, offset, 64);
AT(fired, bytes, 72);
AT(fired, done, 80);
AT(fired, name, 88);
AT(fired, file, 184);
AT(fired, to, 4280);
AT(fired, frames, 8376);
AT(fired, modules, 8380);
AT(fired, leaves, 8384);
AT(fired, unwound, 8388);
AT(fired, addresses, 8392);
AT(fired, module, 8904);

BYTES(struct crash__frame_module, 1048);
AT(frame_module, bias, 0);
AT(frame_module, start, 8);
AT(frame_module, end, 16);
AT(frame_module, path, 24);

/* ------------------------------------------------------------------ the rings */

/* The mutex in front is as large as libc has it. */
BYTES(struct crash__ring, 4096 + CRASH__RING_BYTES);
VALUE(CRASH__RING_BYTES, 262144);
AT(ring, owner, 0);
AT(ring, state, sizeof(pthread_mutex_t));
AT(ring, busy, sizeof(pthread_mutex_t) + 4);
AT(ring, generation, sizeof(pthread_mutex_t) + 8);
AT(ring, frame, sizeof(pthread_mutex_t) + 16);
AT(ring, announced, sizeof(pthread_mutex_t) + 24);
AT(ring, head, 128);
AT(ring, tail, 192);
AT(ring, room, 200);
AT(ring, waiting, 204);
AT(ring, guard, 208);
AT(ring, bytes, 4096);

/* Atomics are plain words to every compiler, and no lock is hidden in one. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "counters are shared without locks");
