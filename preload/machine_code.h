/* SPDX-License-Identifier: MIT */
/*
 * machine_code.h - what of the shim is made of instructions, and so differs between machines.
 *
 * Each machine has in preload/machine/NAME/, besides the counterparts of stub.S, entry.S, machine_code.c and
 * libc_cancel.c, options.sh with the compiler's and linker's options, and a header of this name, which is
 * included here:
 *
 *	CRASH__RETURN_SLOT	where on the stack the function that says this keeps its return address
 *	CRASH__SITE_BYTES	of a system call in libc, as machine_code.c finds it, with its instruction
 *	CRASH__THUNK_BYTES	of what crash__code_write_thunk() writes
 *	CRASH__JUMP_REACH	how far a jump goes that crash__code_write_jump() writes
 *	crash__copy_large()	memcpy() of much, by no function of libc
 *	crash__fill()		memset(), likewise
 *	crash__has_threads()	whether libc, if it is older than 2.32, takes the process for one with
 *threads; to say yes is slower and never wrong
 */
#ifndef CRASH_MACHINE_CODE_H
#define CRASH_MACHINE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/machine_file.h"
#include "preload/libc_code.h"

/* ------------------------------------------------------------------ stub.S */

/** Makes a system call that the seccomp filter lets pass: crash__syscall_return is the address behind it. */
long crash__syscall(long number, const long args[6]);

/** Makes it so that the supervisor sees it. */
long crash__syscall_seen(long number, const long args[6]);

/** What crash__syscall_cancellable() returns when it has made no call. */
#define CRASH__NOT_CALLED (-4095L)

/**
 * Calls `enter`, one of the two above, unless crash__cancel_signalled is set, of which it asks in the first
 * instructions; so a thread that is interrupted before is before the call.
 */
long crash__syscall_cancellable(long number, const long args[6], long (*enter)(long, const long[6]));

/** The addresses behind the system call instructions of the first two, and behind the call of the third. */
void crash__syscall_return(void), crash__syscall_seen_return(void), crash__syscall_cancellable_return(void);

/** Calls `function` on another stack, which ends at `top`. */
void crash__on_stack(void (*function)(void *), void *argument, void *top);

/* ------------------------------------------------------------------ entry.S */

/**
 * Where a patched system call of libc arrives, by its thunk. Keeps every register that the kernel would keep,
 * vector registers included, and what libc has below its stack pointer; calls crash__site() of dispatch.c,
 * and goes on behind the system call. entry.S has vfork() and __vfork() as well: they count crash__borrowed
 * up before the call and, in the parent, down after it. And it has syscall(), which goes on to
 * crash__syscall_function() unless a child is to run on the caller's stack.
 */
void crash__site_entry(void);

/* ------------------------------------------------------------------ machine_code.c */

/**
 * Finds the system calls of libc that a jump can be put in the place of and whose number is `wanted`. Leaves
 * in `sites` where they are, as offsets in the code, at most `most`, and returns how many. Adds to
 * libc->calls everything that looks like a system call, and to libc->unplaced what of that has no known form.
 */
unsigned int crash__code_find_calls(struct libc *libc, bool (*wanted)(uint32_t number), uint32_t *sites,
				    unsigned int most);

/** Whether there is such a system call, of whatever number. It does not begin the code. */
bool crash__code_is_call(const unsigned char *site);

/**
 * Writes what a redirected call jumps to: it goes on to crash__site_entry(), whose address is at `entry`,
 * with the number and the address behind the call. May call libc.
 */
void crash__code_write_thunk(unsigned char *thunk, const unsigned char *site, const unsigned char *entry);

/**
 * Writes the jump to the thunk, or leads a call that crash__code_find_cancel_calls() has found there. libc
 * may be out of order at this moment: calls none of it.
 */
void crash__code_write_jump(unsigned char *site, const unsigned char *thunk);

/** Where a signal has interrupted the thread, by the handler's third argument. */
uintptr_t crash__code_interrupted(const void *context);

/** Where it goes on behind that, if it is in one of the first two of stub.S, at the system call or before. */
uintptr_t crash__code_returns_to(const void *context);

/* ------------------------------------------------------------------ libc_cancel.c */

/**
 * Finds the function by which glibc from 2.41 on makes its cancellable calls, and all calls of it. Then it is
 * libc->cancel, and its own system calls are taken from libc->unplaced again.
 * @param sites where the calls are, as offsets in the code; room for `most`
 * @return how many; 0 if there is anything about it that is not known
 */
unsigned int crash__code_find_cancel_calls(struct libc *libc, uint32_t *sites, unsigned int most);

/** Whether there is a call of libc->cancel at an offset in the code. */
bool crash__code_is_cancel_call(const struct libc *libc, uint32_t site);

/** Writes what it is led to: this goes on to the function whose address is at `entry`. May call libc. */
void crash__code_write_cancel_thunk(unsigned char *thunk, const unsigned char *entry);

#include CRASH__MACHINE_FILE(preload, machine_code.h)

#endif
