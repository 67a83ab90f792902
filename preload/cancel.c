/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - a thread is cancelled in the shim where it would be in libc.
 *
 * Method. Up to glibc 2.40 a cancellation point is a system call with asynchronous cancellation switched on:
 * the thread ends wherever the signal finds it, also when the call has already done something. From 2.41 on
 * it ends only if the call has done nothing. libc's handler of the signal compares the address that was
 * interrupted with its own system call instruction: a call that has to be made again stands in front of it,
 * one that has done something, part of a write say, behind it.
 *
 * That instruction is not ours, so our handler stands in front of libc's and does the same for our stub. What
 * it finds outside of the stub it leaves in crash__cancel_signalled, which the stub looks at, between its
 * own first instruction and the kernel: from the question whether the thread is cancelled on, no signal is
 * lost.
 *
 * libc installs its handler in the first pthread_cancel() of a process, and sends the signal in the same
 * call. So ours comes after, and the signal is sent once more: a thread that is not in the stub has been
 * found by the first one, and for a thread that is cancelled already another signal means nothing.
 */
#include "preload/shim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/libc_version.h"
#include "preload/real.h"
#include "preload/single_threaded.h"

#define SIGCANCEL 32 /* libc's own; sigaction(2) of libc refuses it */

/* As the kernel has it. */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static void (*_Atomic libc_handler)(int, siginfo_t *, void *);

/* Where a cancellable call is still to be made: on the way to it, or at the instruction again. */
static bool is_before_call(const void *context)
{
	uintptr_t at = crash__code_interrupted(context);

	if (at >= (uintptr_t)crash__syscall_cancellable && at < (uintptr_t)crash__syscall_cancellable_return)
		return true;
	if ((at >= (uintptr_t)crash__syscall && at < (uintptr_t)crash__syscall_return) ||
	    (at >= (uintptr_t)crash__syscall_seen && at < (uintptr_t)crash__syscall_seen_return))
		return crash__code_returns_to(context) == (uintptr_t)crash__syscall_cancellable_return;
	return false;
}

static void on_cancel(int signal, siginfo_t *info, void *context)
{
	if (is_before_call(context))
		pthread_testcancel();
	crash__cancel_signalled = 1;
	libc_handler(signal, info, context);
}

/* Makes the call unless the thread is cancelled before it has done something. */
static long call_exactly(long (*enter)(long, const long[6]), long number, const long args[6])
{
	uint32_t before = crash__cancel_signalled; /* of a call that a signal handler has interrupted */
	long result;

	do {
		crash__cancel_signalled = 0;
		pthread_testcancel();
		result = crash__syscall_cancellable(number, args, enter);
	} while (result == CRASH__NOT_CALLED);
	/* calls that are not made again after a signal have done nothing either */
	if (result == -EINTR)
		pthread_testcancel();
	if (before)
		crash__cancel_signalled = before;
	return result;
}

void crash__cancel_start(void)
{
	if (crash__libc_minor() >= 41)
		crash__call_cancellable = call_exactly;
}

long crash__cancellable(long number, const long args[6])
{
	long result;
	int type;

	if (crash__single_threaded())
		return crash__syscall(number, args);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	if (crash__call_cancellable && type == PTHREAD_CANCEL_DEFERRED)
		return crash__call_cancellable(crash__syscall, number, args);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	result = crash__syscall(number, args);
	pthread_setcanceltype(type, NULL);
	return result;
}

/* ------------------------------------------------------------------ the handler */

/* Puts our handler in front of libc's. Returns whether it is there. */
static bool take_over(void)
{
	struct kernel_action action;

	if (crash__sys6(SYS_rt_sigaction, SIGCANCEL, 0, (long)&action, sizeof action.mask, 0, 0) < 0)
		return false;
	if (action.handler == on_cancel)
		return true;
	if (!(action.flags & SA_SIGINFO))
		return false; /* libc has not needed one yet */
	atomic_store(&libc_handler, action.handler);
	action.handler = on_cancel;
	return crash__sys6(SYS_rt_sigaction, SIGCANCEL, (long)&action, 0, sizeof action.mask, 0, 0) == 0;
}

/* The kernel's number of a thread stands in the number of its clock. */
static long thread_id(pthread_t thread)
{
	clockid_t clock;

	return pthread_getcpuclockid(thread, &clock) == 0 ? ~(long)(clock >> 3) : 0;
}

/* Only one thread may be the first, or libc could put its handler in front of ours. One that does not come
 * back, because it has cancelled itself or forked meanwhile, is not waited for. */
static void wait_for_first(const _Atomic int *state)
{
	for (int i = 0; i < 1000 && atomic_load(state) == 1; i++)
		sched_yield();
}

CRASH__EXPORT int pthread_cancel(pthread_t thread)
{
	static _Atomic int state; /* 0 libc has no handler, 1 being changed, 2 ours is there */
	int expected = 0, result;
	long tid, process = crash__sys3(SYS_getpid, 0, 0, 0);

	if (crash__call_cancellable && !atomic_compare_exchange_strong(&state, &expected, 1) && expected == 1)
		wait_for_first(&state);
	if (!crash__call_cancellable || atomic_load(&state) == 2)
		return crash__real()->pthread_cancel(thread);
	tid = thread_id(thread); /* afterwards it may be gone */
	result = crash__real()->pthread_cancel(thread);
	if (take_over()) {
		atomic_store(&state, 2);
		if (tid > 0 && result == 0 && !pthread_equal(thread, pthread_self()))
			crash__sys3(SYS_tgkill, process, tid, SIGCANCEL);
	} else {
		atomic_store(&state, 0);
	}
	return result;
}
