/* SPDX-License-Identifier: MIT */
/*
 * foreign_program.h - a program for another machine that a kernel for x86-64 may run.
 *
 * What tests/adversary/check_reasons.c starts: 32 bits of i386 that end with status 0.
 */
#ifndef TESTS_FOREIGN_PROGRAM_H
#define TESTS_FOREIGN_PROGRAM_H

#include <elf.h>

#define FOREIGN_MACHINE EM_386

static const unsigned char foreign_code[] = {
	0xb8, 1,    0, 0, 0, /* mov $1, %eax: exit */
	0x31, 0xdb,	     /* xor %ebx, %ebx */
	0xcd, 0x80,	     /* int $0x80 */
};

#endif
