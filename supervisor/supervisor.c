/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - what the shim does not see.
 *
 * Method. A seccomp filter (filter.c) lets the shim's own calls pass and stops every other call that
 * changes storage: from inside libc where it could not be patched, from inline system calls, from static
 * programs, from Go. The kernel wakes one of the threads here, the caller waits, and the same plan with
 * the same counters decides. If nothing has to be known about the call's result the answer is "continue";
 * otherwise the call is made on the caller's behalf (proxy.c) and the answer is its result.
 *
 * After a crash nobody is answered any more: who waits, waits for the keeper's kill.
 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/acknowledgement.h"
#include "supervisor/leader.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/notified_op.h"
#include "supervisor/proxy/proxy.h"
#include "supervisor/remote_actions.h"
#include "supervisor/reply.h"
#include "supervisor/shared_mappings.h"

static struct {
	struct crash__control *control;
	bool allow_io_uring;
	_Atomic unsigned int busy; /* in the middle of an op that is written down */
} supervisor;

/* ------------------------------------------------------------------ io_submit */

/* The op that one request of io_submit() comes to; false if it changes nothing. */
static bool read_request(struct crash__watched *watched, const struct iocb *request)
{
	static const uint16_t calls[] = {
		[IOCB_CMD_PWRITE] = CRASH__CALL_pwrite64,
		[IOCB_CMD_PWRITEV] = CRASH__CALL_pwritev,
		[IOCB_CMD_FSYNC] = CRASH__CALL_fsync,
		[IOCB_CMD_FDSYNC] = CRASH__CALL_fdatasync,
	};
	unsigned int opcode = request->aio_lio_opcode;

	if (opcode >= sizeof calls / sizeof *calls || (opcode != IOCB_CMD_PWRITE && !calls[opcode]))
		return false;
	watched->kernel = &crash__calls[calls[opcode]];
	watched->call = CRASH__CALL_io_submit;
	watched->family = watched->kernel->family;
	watched->args[0] = (long)request->aio_fildes;
	watched->args[1] = (long)request->aio_buf;
	watched->args[2] = (long)request->aio_nbytes;
	watched->args[3] = (long)request->aio_offset;
	return true;
}

/*
 * Each request is an op of its own. The kernel does them while the program goes on, so that it is not
 * seen when one has ended.
 */
static struct crash__answer take_requests(struct crash__watched *watched)
{
	long count = watched->args[1];
	uint64_t list = (uint64_t)watched->args[2], address;
	struct iocb request;

	if (watched->control->mode & CRASH__MODE_DATA)
		crash__control_incomplete(watched->control, CRASH__INCOMPLETE_UNSUPPORTED,
					  "io_submit: when an asynchronous write has ended is not seen");
	for (long i = 0; i < count && i < 65536; i++) {
		struct crash__answer answer;

		if (crash__remote_read(&watched->remote, list + (uint64_t)i * sizeof address, &address,
				       sizeof address) != sizeof address ||
		    crash__remote_read(&watched->remote, address, &request, sizeof request) != sizeof request)
			break;
		if (!read_request(watched, &request))
			continue;
		watched->start = 0;
		watched->flags = 0;
		crash__watched_clear(watched);
		crash__watched_classify(watched);
		if (!watched->storage)
			continue;
		answer = crash__op_take_request(watched);
		if (!answer.proceed)
			return answer;
	}
	return crash__proceed;
}

/* ------------------------------------------------------------------ what is no op */

/* What is told to a pipe, socket or terminal. */
static struct crash__answer take_outside(struct crash__watched *watched)
{
	crash__told_write(watched);
	return crash__proceed;
}

static struct crash__answer take_send(struct crash__watched *watched, int number)
{
	crash__mapped_scan(watched->control, crash__op_take_store); /* what was stored before it is told */
	if (crash__watched_is_dead(watched))
		return crash__never;
	crash__told_send(watched, number);
	return crash__proceed;
}

static struct crash__answer take_io_uring(const struct crash__watched *watched)
{
	char program[PATH_MAX];

	crash__remote_program(&watched->remote, program);
	if (supervisor.allow_io_uring) {
		crash__control_incomplete(watched->control, CRASH__INCOMPLETE_IO_URING, program);
		return crash__proceed;
	}
	atomic_store(&watched->control->refused_io_uring, 1);
	return crash__answer_error(ENOSYS);
}

static struct crash__answer take_listener(const struct crash__watched *watched)
{
	char program[PATH_MAX];

	crash__remote_program(&watched->remote, program);
	crash__control_incomplete(watched->control, CRASH__INCOMPLETE_LISTENER, program);
	return crash__proceed; /* to EBUSY */
}

/* A file that becomes memory: stores to it make no calls. */
static struct crash__answer take_mapping(struct crash__watched *watched)
{
	crash__mapped_scan(watched->control, crash__op_take_store); /* what was stored by another mapping */
	if (crash__watched_is_dead(watched))
		return crash__never;
	crash__watched_classify_fd(watched, (int)watched->args[4]);
	if (watched->storage && S_ISREG(watched->mode))
		crash__mapped_add(watched);
	return crash__proceed;
}

static struct crash__answer take_foreign(const struct crash__watched *watched)
{
	char program[PATH_MAX];

	crash__remote_program(&watched->remote, program);
	crash__control_incomplete(watched->control, CRASH__INCOMPLETE_FOREIGN, program);
	kill(watched->remote.pid, SIGKILL); /* refused: what it does could not be followed */
	return crash__never;
}

/* ------------------------------------------------------------------ notifications */

/* close, dup2 and their like: what the shim knows about this process's descriptors is no longer true. */
static void void_descriptors(pid_t pid)
{
	atomic_fetch_add(&supervisor.control->fd_epoch[(uint32_t)pid % CRASH__EPOCHS], 1);
}

/*
 * Every program that starts makes a handful of them, in the dynamic linker, and many never make a call that it takes
 * to know more about the caller for.
 */
static bool take_close(const struct seccomp_notif *notification)
{
	int number = notification->data.nr;

	if (notification->data.arch != AUDIT_ARCH_X86_64 ||
	    (number != SYS_close && number != SYS_dup2 && number != SYS_dup3 && number != SYS_close_range) ||
	    !crash__remote_leads((pid_t)notification->pid))
		return false;
	void_descriptors((pid_t)notification->pid);
	return true;
}

static struct crash__answer take(struct crash__watched *watched, const struct seccomp_data *data)
{
	int call = crash__call_of_number(data->nr);

	memcpy(watched->args, data->args, sizeof watched->args);
	watched->pc = data->instruction_pointer;
	watched->start = watched->sync_occurrence = 0;
	watched->flags = 0;
	if (data->arch != AUDIT_ARCH_X86_64 || data->nr >= 0x40000000)
		return take_foreign(watched);
	if (data->nr == SYS_io_uring_setup)
		return take_io_uring(watched);
	if (data->nr == SYS_mmap)
		return take_mapping(watched);
	if (data->nr == SYS_seccomp)
		return take_listener(watched);
	if (data->nr == SYS_mprotect) {
		crash__mapped_protect(watched);
		return crash__proceed;
	}
	if (data->nr == SYS_chroot || data->nr == SYS_pivot_root || data->nr == SYS_setns ||
	    data->nr == SYS_unshare) {
		crash__remote_roots_change();
		return crash__proceed;
	}
	if (crash__told_sends(data->nr))
		return take_send(watched, data->nr);
	if (call < 0) {
		void_descriptors(watched->remote.pid);
		return crash__proceed;
	}
	watched->kernel = &crash__calls[call];
	watched->call = (unsigned int)call;
	watched->family = watched->kernel->family;
	if (!crash__call_changes(watched->kernel, watched->args,
				 watched->kernel->where.how ? crash__watched_open_flags(watched) : 0))
		return crash__proceed;
	if (crash__watched_is_dead(watched))
		return crash__never;
	crash__mapped_scan(watched->control, crash__op_take_store);
	if (crash__watched_is_dead(watched))
		return crash__never;
	if (watched->kernel->where.iocbs)
		return take_requests(watched);
	crash__watched_classify(watched);
	return watched->storage ? crash__op_take(watched) : take_outside(watched);
}

static void serve_one(struct crash__watched *watched, const struct seccomp_notif *notification)
{
	struct crash__answer answer = crash__proceed;

	watched->control = supervisor.control;
	watched->id = notification->id;
	watched->fd = -1;
	atomic_fetch_add(&supervisor.busy, 1);
	if (!take_close(notification) &&
	    crash__remote_find(supervisor.control, (pid_t)notification->pid, &watched->remote))
		answer = take(watched, &notification->data);
	/* first: a program that closes a file may execute it, or wait for a lock on it to go */
	crash__watched_clear(watched);
	crash__answer_send(watched, &answer);
	atomic_fetch_sub(&supervisor.busy, 1);
}

/* Why nothing was received: the caller is gone, all are gone, or there is no way to go on. */
static bool goes_on(int listener, int error)
{
	struct pollfd state = {.fd = listener};

	if (error == EINTR)
		return true;
	if (poll(&state, 1, 0) == 1 && (state.revents & POLLHUP))
		return false; /* nobody has the filter any more */
	if (error == ENOENT)
		return true;
	crash__control_incomplete(supervisor.control, CRASH__INCOMPLETE_NO_SUPERVISOR, strerror(error));
	return false;
}

static void *serve(void *argument)
{
	struct crash__watched *watched = calloc(1, sizeof *watched);
	struct seccomp_notif notification;
	int listener = crash__answer_await_listener();

	(void)argument;
	crash__proxy_prepare();
	while (watched && listener >= 0) {
		crash__turn_take();
		memset(&notification, 0, sizeof notification);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) == 0)
			serve_one(watched, &notification);
		else if (!goes_on(listener, errno))
			break;
	}
	free(watched);
	return NULL;
}

bool crash__supervisor_start(struct crash__control *control, _Atomic int *listener, bool allow_io_uring)
{
	supervisor.control = control;
	supervisor.allow_io_uring = allow_io_uring;
	crash__answer_set_listener(listener);
	return crash__turn_start(serve);
}

void crash__supervisor_settle(void)
{
	for (int i = 0; i < 1000 && atomic_load(&supervisor.busy); i++)
		crash__act_sleep(1000);
	if (supervisor.control && !atomic_load(&supervisor.control->dead))
		crash__mapped_scan(supervisor.control, crash__op_take_store);
}
