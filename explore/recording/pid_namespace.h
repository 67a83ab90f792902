/* SPDX-License-Identifier: MIT */
/*
 * pid_namespace.h - data that is about the pid namespace in which it was written.
 *
 * A lock may name its holder by a process id and the namespace that it counts in (Mercurial's do:
 * "host/ns:pid", in a symbolic link). Whoever finds it after a crash asks whether the holder is still there,
 * which can only be asked in that namespace; elsewhere the lock is somebody else's, and is waited for.
 */
#ifndef CRASH_PID_NAMESPACE_H
#define CRASH_PID_NAMESPACE_H

#include "trace/trace.h"

/** Whether a run wrote down which pid namespace it was in, and it is ours. */
bool crash__trace_names_pid_namespace(const struct crash__trace *trace);

#endif
