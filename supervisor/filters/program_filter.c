/* SPDX-License-Identifier: MIT */
/*
 * Method. Of what several filters say of a call the kernel takes the strictest, and to report it to us is
 * stricter than to ask a tracer (SECCOMP_RET_TRACE). Such a call never gets to the tracer, which might have
 * changed it, and without one it is made where it would have failed. Nobody notices by the call, so the
 * filter itself is read: whether any of its returns, whatever leads there, may be this one. What refuses a
 * call or kills (and a trap) is stricter than we are, and what only logs it does nothing to the program.
 *
 * A second listener for notifications is refused by the kernel; that the program wanted one has to be known.
 */
#include "supervisor/filters/program_filter.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define SOME 128 /* instructions that are read at once */

static bool may_trace(const struct sock_filter *instruction)
{
	if (BPF_CLASS(instruction->code) != BPF_RET)
		return false;
	return BPF_RVAL(instruction->code) != BPF_K ||
	       (instruction->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

/* Whether a filter at an address of the program may ask a tracer. One that cannot be read is refused. */
static bool filter_may_trace(const struct crash__remote *remote, uint64_t address)
{
	struct sock_fprog program;
	struct sock_filter some[SOME];
	unsigned int count;

	if (crash__remote_read(remote, address, &program, sizeof program) != sizeof program)
		return false;
	for (unsigned int at = 0; at < program.len; at += count) {
		count = program.len - at < SOME ? program.len - at : SOME;
		if (crash__remote_read(remote, (uint64_t)(program.filter + at), some, count * sizeof *some) !=
		    (long)(count * sizeof *some))
			return false;
		for (unsigned int i = 0; i < count; i++)
			if (may_trace(&some[i]))
				return true;
	}
	return false;
}

static void note(const struct crash__notification *notification, enum crash__incomplete why)
{
	char path[PATH_MAX];

	crash__remote_program(&notification->remote, path);
	crash__control_incomplete(notification->control, why, path);
}

void crash__program_filter_look(const struct crash__notification *notification,
				const struct seccomp_data *data)
{
	bool installs = data->nr == SYS_prctl ? data->args[1] == SECCOMP_MODE_FILTER :
						data->args[0] == SECCOMP_SET_MODE_FILTER;

	if (!installs)
		return;
	if (data->nr == SYS_seccomp && (data->args[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		note(notification, CRASH__INCOMPLETE_LISTENER); /* and it gets EBUSY */
	else if (filter_may_trace(&notification->remote, data->args[2]))
		note(notification, CRASH__INCOMPLETE_TRACER);
}
