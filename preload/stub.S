/* SPDX-License-Identifier: MIT */
/*
 * stub.S - the instructions by which the shim enters the kernel, as preload/machine_code.h declares them.
 */
#include "common/machine_file.h"

#include CRASH__MACHINE_FILE(preload, stub.S)
