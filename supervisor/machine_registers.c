/* SPDX-License-Identifier: MIT */
#include "supervisor/machine_registers.h"

#include CRASH__MACHINE_FILE(supervisor, machine_registers.c)
