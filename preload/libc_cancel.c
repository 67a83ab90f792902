/* SPDX-License-Identifier: MIT */
#include "preload/machine_code.h"

#include CRASH__MACHINE_FILE(preload, libc_cancel.c)
