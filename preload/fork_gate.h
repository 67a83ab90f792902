/* SPDX-License-Identifier: MIT */
/*
 * fork_gate.h - a process does not fork while one of its threads is where other people's locks are held for
 * us.
 *
 * libunwind and the dynamic linker have locks that no fork takes care of. A child that is forked while
 * another thread holds one would have it locked for ever, and wait for it at its first op.
 */
#ifndef CRASH_FORK_GATE_H
#define CRASH_FORK_GATE_H

#include <stdbool.h>

/** Once for the process, before the first entry. */
void crash__fork_gate_make(void);

/**
 * Before a call into libunwind or the dynamic linker; leave again behind it.
 * @return false: such a lock may be held for ever in this process; do without
 */
bool crash__fork_gate_enter(void);
void crash__fork_gate_leave(void);

#endif
