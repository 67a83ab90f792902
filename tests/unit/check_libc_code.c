/* SPDX-License-Identifier: MIT */
/*
 * check_libc_code.c - what is found in libc's code, which is another one on each machine.
 */
#include "common/machine_file.h"

#include CRASH__MACHINE_FILE(tests, check_libc_code.c)
