/* SPDX-License-Identifier: MIT */
/*
 * machine.h - x86-64, for everybody; common/machine.h says what is here.
 *
 * Its kernel has all the calls that calls.def names.
 */
#ifndef CRASH_X86_64_MACHINE_H
#define CRASH_X86_64_MACHINE_H

#include <stdint.h>

#define CRASH__MACHINE_NAME "x86-64"
#define CRASH__ELF_MACHINE EM_X86_64
#define CRASH__ELF_OTHER_CLASS "x32"
#define CRASH__AUDIT_ARCH AUDIT_ARCH_X86_64
#define CRASH__OTHER_ABI 0x40000000u /* x32's numbers have this bit */
#define CRASH__PAGE 4096u

static inline long crash__sys6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long crash__sys3(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static inline void crash__pause(void)
{
	__builtin_ia32_pause();
}

static inline uint64_t crash__ticks(void)
{
	return __builtin_ia32_rdtsc();
}

#endif
