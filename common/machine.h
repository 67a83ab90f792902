/* SPDX-License-Identifier: MIT */
/*
 * machine.h - what differs between machines for everybody: names, system calls, pages.
 *
 * Each machine has a header of this name, which is included at the end and provides:
 *
 *	CRASH__MACHINE_NAME	what people call it
 *	CRASH__ELF_MACHINE	the machine of its programs in <elf.h>
 *	CRASH__ELF_OTHER_CLASS	what people call its programs of the other ELF class
 *	CRASH__AUDIT_ARCH	its name in seccomp: a constant of <linux/audit.h>
 *	CRASH__OTHER_ABI	call numbers from here on are another ABI's, which seccomp calls the same
 *	CRASH__PAGE		the bytes of a page of memory: an expression that need not be constant
 *	crash__sys3(), crash__sys6()
 *				make a system call with three or six arguments; they return its result or a
 *				negative errno
 *	crash__pause()		what a thread does while it spins
 *	crash__ticks()		a number that is another one each time
 *
 * Calls that it lacks. The kernels of newer machines have only the general one of several calls, and none of
 * open, creat, mknod, rename, renameat, unlink, rmdir, link, symlink, mkdir, chmod, chown, lchown, utime,
 * utimes, futimesat, readlink, dup2, fork and clone3, perhaps. libc still has functions of these names, so
 * calls.def has their rows and the shim speaks of them. For each that is missing the machine's header
 * includes <sys/syscall.h> and defines SYS_rename, or whatever it is, as a number of its own from
 * CRASH__KERNEL_NUMBERS on; and crash__sys3(), crash__sys6(), crash__syscall() and crash__syscall_seen() make
 * of that number and its arguments the call that there is (renameat2). The filter leaves such rows out.
 *
 * It runs inside other people's processes: no allocation, no locks, async-signal-safe.
 */
#ifndef CRASH_MACHINE_H
#define CRASH_MACHINE_H

#include <stdint.h>

#include "common/machine_file.h"

/* No kernel's call has such a number. */
#define CRASH__KERNEL_NUMBERS 0xf000u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "traces and seccomp's arguments are read as little-endian");
_Static_assert(sizeof(long) == 8 && sizeof(void *) == 8, "arguments and addresses are 64 bits");

#include CRASH__MACHINE_FILE(common, machine.h)

#endif
