/* SPDX-License-Identifier: MIT */
/*
 * machine_registers.h - a waiting thread as the kernel shows it on this machine.
 *
 * Each machine has the counterpart of machine_registers.c in supervisor/machine/NAME/.
 */
#ifndef CRASH_MACHINE_REGISTERS_H
#define CRASH_MACHINE_REGISTERS_H

#include <elfutils/libdwfl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/machine.h"

/** Whether a call is one of those that calls.def has the numbers of, and not of another ABI of this machine.
 */
static inline bool crash__call_is_ours(const struct seccomp_data *data)
{
	return data->arch == CRASH__AUDIT_ARCH && data->nr < (int)CRASH__OTHER_ABI;
}

/** Gives the unwinder the two registers of a waiting thread that are known. */
bool crash__set_registers(Dwfl_Thread *thread, uint64_t pc, uint64_t sp);

#endif
