/* SPDX-License-Identifier: MIT */
/*
 * machine_code.h - x86-64; preload/machine_code.h says what is here.
 */
#ifndef CRASH_X86_64_MACHINE_CODE_H
#define CRASH_X86_64_MACHINE_CODE_H

#include <stdbool.h>
#include <stddef.h>

/* Behind the caller's %rbp: the shim is compiled with frame pointers. */
#define CRASH__RETURN_SLOT ((const void *const *)__builtin_frame_address(0) + 1)

#define CRASH__SITE_BYTES 7 /* mov and syscall */
#define CRASH__THUNK_BYTES 24
#define CRASH__JUMP_REACH (1u << 30) /* and as much again, less what libc itself takes */

static inline void crash__copy_large(char *out, const char *in, size_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(out), "+S"(in), "+c"(bytes) : : "memory");
}

static inline void crash__fill(char *out, int byte, size_t bytes)
{
	__asm__ volatile("rep stosb" : "+D"(out), "+c"(bytes) : "a"(byte) : "memory");
}

/* By tcbhead_t.multiple_threads, whose place programs compiled for libc's headers have relied on since there
 * are threads. */
static inline bool crash__has_threads(void)
{
	int multiple;

	__asm__ volatile("movl %%fs:0x18, %0" : "=r"(multiple));
	return multiple != 0;
}

#endif
