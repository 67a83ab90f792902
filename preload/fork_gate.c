/* SPDX-License-Identifier: MIT */
/*
 * Method. One number counts the threads that are inside, and in its upper half those that are about to fork.
 * Who forks waits until nobody is inside, and meanwhile nobody enters but himself: handlers that the program
 * has registered may run then. Not every fork asks us (clone(2) needs no libc), and none waits for ever: the
 * thread inside may need what the handlers have locked. So the child looks at the number, which is its
 * parent's at that moment. If anybody was inside the gate is closed there for good.
 */
#include "preload/fork_gate.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/mapping.h"
#include "preload/shim.h"

#define FORKER 0x10000u
#define INSIDE 0xffffu
#define PATIENCE 2000 /* times 100 microseconds */

static _Atomic uint32_t count;
static _Thread_local bool forking __attribute__((tls_model("initial-exec")));

static void pause_a_little(void)
{
	crash__sys3(SYS_nanosleep, (long)&(struct timespec){.tv_nsec = 100000}, 0, 0);
}

static void before_fork(void)
{
	forking = true;
	atomic_fetch_add(&count, FORKER);
	for (int i = 0; i < PATIENCE && (atomic_load(&count) & INSIDE); i++)
		pause_a_little();
}

static void after_fork(void)
{
	forking = false;
	atomic_fetch_sub(&count, FORKER);
}

/* What was counted there is looked at by the first who enters. */
static void in_child(void)
{
	forking = false;
	crash__mapping_forked(); /* here, because this comes before what the program does in its child */
}

void crash__fork_gate_make(void)
{
	pthread_atfork(before_fork, after_fork, in_child);
}

/* The first entry of a process: `state` was wiped by its fork. */
static uint32_t look(_Atomic uint32_t *state)
{
	uint32_t fresh = CRASH__GATE_FRESH;

	if (atomic_compare_exchange_strong(state, &fresh, CRASH__GATE_LOOKED_AT)) {
		bool inside = atomic_exchange(&count, 0) & INSIDE;

		atomic_store(state, inside ? CRASH__GATE_CLOSED : CRASH__GATE_OPEN);
	}
	while (atomic_load(state) == CRASH__GATE_LOOKED_AT)
		crash__pause();
	return atomic_load(state);
}

bool crash__fork_gate_enter(void)
{
	_Atomic uint32_t *state = crash__gate_state();
	uint32_t now = atomic_load(state), seen;

	if (now != CRASH__GATE_OPEN && (now == CRASH__GATE_CLOSED || look(state) == CRASH__GATE_CLOSED))
		return false;
	for (int i = 0;; i++) {
		seen = atomic_load(&count);
		if (seen >= FORKER && !forking && i < PATIENCE)
			pause_a_little();
		else if (atomic_compare_exchange_strong(&count, &seen, seen + 1))
			return true;
	}
}

void crash__fork_gate_leave(void)
{
	atomic_fetch_sub(&count, 1);
}
