/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - system calls that are younger than the libc of the oldest system that this is built on.
 *
 * The kernel that runs may have them all the same. The numbers are those of every architecture.
 */
#ifndef CRASH_NUMBERS_H
#define CRASH_NUMBERS_H

#include <sys/syscall.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#ifndef SYS_removexattrat
#define SYS_removexattrat 466
#endif

#endif
