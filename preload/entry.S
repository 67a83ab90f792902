/* SPDX-License-Identifier: MIT */
/*
 * entry.S - where the program enters the shim other than by a C function: by a patched system call of libc,
 * and by vfork(). preload/machine_code.h says more.
 */
#include "common/machine_file.h"

#include CRASH__MACHINE_FILE(preload, entry.S)
