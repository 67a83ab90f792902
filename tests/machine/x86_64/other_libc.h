/* SPDX-License-Identifier: MIT */
/*
 * other_libc.h - instructions of glibc on x86-64, and others that do the same and are as long.
 *
 * What tests/run/check_unknown_libc.c puts in their place, and how many system calls have no known form
 * then.
 */
#ifndef TESTS_OTHER_LIBC_H
#define TESTS_OTHER_LIBC_H

static const struct other_code {
	unsigned int bytes, calls;
	unsigned char old[16], new[16];
} other_code[] = {
	/* mov $1, %eax; syscall -- push $1; pop %rax; nop; syscall */
	{7, 1, {0xb8, 1, 0, 0, 0, 0x0f, 0x05}, {0x6a, 1, 0x58, 0x66, 0x90, 0x0f, 0x05}},
	/* In what glibc 2.41 calls for each cancellable call: mov %r9, %r10 in its two forms, behind
	 * mov %r8, %rdx. With it goes the call of the function that leads there. */
	{11,
	 2,
	 {0x4c, 0x89, 0xc2, 0x4d, 0x89, 0xca, 0x4c, 0x8b, 0x44, 0x24, 0x08},
	 {0x4c, 0x89, 0xc2, 0x4d, 0x8b, 0xd1, 0x4c, 0x8b, 0x44, 0x24, 0x08}},
};

#endif
