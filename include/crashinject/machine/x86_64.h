/* SPDX-License-Identifier: MIT */
/*
 * x86_64.h - the instructions of a breakpoint on x86-64; a part of crashinject/breakpoint.h.
 */
#ifndef CRASHINJECT_MACHINE_X86_64_H
#define CRASHINJECT_MACHINE_X86_64_H

/* The address of `symbol` or NULL, whatever the code model. */
#define CRASH__ADDRESS(variable, symbol)                                                                     \
	__asm__(".weak " symbol "\n\tmovq " symbol "@GOTPCREL(%%rip), %0" : "=r"(variable))

/* Lays down a struct crash_site for the string literal `name` and leaves its address in the variable. */
#define CRASH__SITE(variable, name)                                                                          \
	__asm__(".pushsection crash_sites, \"aw?\", @progbits\n\t"                                           \
		".balign 4\n"                                                                                \
		"661:\n\t"                                                                                   \
		".long %c1 - 661b\n\t"                                                                       \
		".long %c2 - 661b - 4\n\t"                                                                   \
		".long %c3, %c4, 0, 0\n\t"                                                                   \
		".popsection\n\t"                                                                            \
		"leaq 661b(%%rip), %0"                                                                       \
		: "=r"(variable)                                                                             \
		: "i"("" name ""), "i"(__FILE__), "i"(__LINE__), "i"((int)CRASH_SITE_VERSION))

#endif
