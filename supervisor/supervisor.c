/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - what the shim does not see.
 *
 * Method. A seccomp filter (filter.c) lets the shim's own calls pass and stops every other call that
 * changes storage: from inside libc where it could not be patched, from inline system calls, from static
 * programs, from Go. The kernel wakes one of the threads here, the caller waits, and the same plan with
 * the same counters decides. If nothing has to be known about the call's result the reply is "continue";
 * otherwise the call is made on the caller's behalf (proxy.c) and the reply is its result.
 *
 * After a crash nobody is answered any more: who waits, waits for the keeper's kill.
 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/ask.h"
#include "common/ioctl_request.h"
#include "common/numbers.h"
#include "supervisor/acknowledgement.h"
#include "supervisor/classify.h"
#include "supervisor/filters/filter.h"
#include "supervisor/leader.h"
#include "supervisor/machine_registers.h"
#include "supervisor/naming/naming.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/notified_channel.h"
#include "supervisor/notified_input.h"
#include "supervisor/notified_op.h"
#include "supervisor/naming/whereabouts.h"
#include "supervisor/filters/program_filter.h"
#include "supervisor/proxy/proxy.h"
#include "supervisor/remote_actions.h"
#include "supervisor/reply.h"
#include "supervisor/memory/shared_mappings.h"

static struct {
	struct crash__control *control;
	bool allow_io_uring;
	_Atomic unsigned int busy; /* in the middle of an op that is written down */
} supervisor;

/* ------------------------------------------------------------------ io_submit */

/* The op that one request of io_submit() comes to; false if it changes nothing. */
static bool read_request(struct crash__notification *notification, const struct iocb *request)
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
	notification->kernel = &crash__calls[calls[opcode]];
	notification->call = CRASH__CALL_io_submit;
	notification->family = notification->kernel->family;
	notification->args[0] = (long)request->aio_fildes;
	notification->args[1] = (long)request->aio_buf;
	notification->args[2] = (long)request->aio_nbytes;
	notification->args[3] = (long)request->aio_offset;
	return true;
}

/*
 * Each request is an op of its own. The kernel does them while the program goes on, so that it is not
 * seen when one has ended.
 */
static struct crash__reply take_requests(struct crash__notification *notification)
{
	long count = notification->args[1];
	uint64_t list = (uint64_t)notification->args[2], address;
	struct crash__requests requests = {0};
	struct iocb request;

	if (notification->control->mode & CRASH__MODE_DATA)
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_UNSUPPORTED,
					  "io_submit: the end of an asynchronous write is not seen");
	for (long i = 0; i < count && i < 65536; i++) {
		struct crash__reply reply;

		if (crash__remote_read(&notification->remote, list + (uint64_t)i * sizeof address, &address,
				       sizeof address) != sizeof address ||
		    crash__remote_read(&notification->remote, address, &request, sizeof request) !=
			    sizeof request)
			break;
		if (!read_request(notification, &request))
			continue;
		notification->start = 0;
		notification->flags = 0;
		crash__notification_clear(notification);
		crash__notification_classify(notification);
		if (!notification->storage)
			continue;
		reply = crash__notified_op_request(notification, &requests);
		if (!reply.proceed)
			return reply;
	}
	return crash__notified_op_requested(notification, &requests);
}

/* ------------------------------------------------------------------ what is no op */

/* What goes to a pipe, socket or terminal. */
static struct crash__reply take_outside(struct crash__notification *notification)
{
	crash__acknowledge_write(notification);
	return crash__proceed;
}

static struct crash__reply take_send(struct crash__notification *notification, int number)
{
	crash__mapped_scan(notification->control,
			   crash__notified_op_store); /* what was stored before the acknowledgement */
	if (crash__notification_is_dead(notification))
		return crash__never;
	crash__acknowledge_send(notification, number);
	return crash__proceed;
}

static struct crash__reply take_io_uring(const struct crash__notification *notification)
{
	char program[PATH_MAX];

	crash__remote_program(&notification->remote, program);
	if (supervisor.allow_io_uring) {
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_IO_URING, program);
		return crash__proceed;
	}
	atomic_store(&notification->control->refused_io_uring, 1);
	return crash__reply_error(ENOSYS);
}

/* The shim asks something, or a program puts a filter in place. */
static struct crash__reply take_seccomp(struct crash__notification *notification,
					const struct seccomp_data *data)
{
	if (data->nr == SYS_seccomp && notification->args[0] == CRASH__ASK)
		return (struct crash__reply){.result = crash__name_answer(notification)};
	crash__program_filter_look(notification, data);
	return crash__proceed;
}

/* A file that becomes memory: stores to it make no calls. */
static struct crash__reply take_mapping(struct crash__notification *notification)
{
	crash__mapped_scan(notification->control,
			   crash__notified_op_store); /* what was stored by another mapping */
	if (crash__notification_is_dead(notification))
		return crash__never;
	crash__notification_classify_fd(notification, (int)notification->args[4]);
	if (notification->storage && S_ISREG(notification->mode))
		crash__mapped_add(notification);
	return crash__proceed;
}

/* One that may become writable, longer or another one, or have a hole. */
static struct crash__reply take_remapping(const struct crash__notification *notification, int number)
{
	if (number == SYS_mremap)
		crash__mapped_remap(notification);
	else if (number == SYS_madvise)
		crash__mapped_hollow(notification);
	else
		crash__mapped_protect(notification);
	return crash__proceed;
}

/* What nobody has looked into yet; few programs know that there is such a thing. */
static struct crash__reply take_unsupported(const struct crash__notification *notification, const char *what)
{
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_UNSUPPORTED, what);
	return crash__proceed;
}

static struct crash__reply take_foreign(const struct crash__notification *notification)
{
	char program[PATH_MAX];

	crash__remote_program(&notification->remote, program);
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_FOREIGN, program);
	kill(notification->remote.pid, SIGKILL); /* refused: what it does could not be followed */
	return crash__never;
}

/* ------------------------------------------------------------------ notifications */

/* close, dup2 and their like: what the shim knows about this process's descriptors is no longer true. */
static void void_descriptors(pid_t pid)
{
	atomic_fetch_add(&supervisor.control->fd_epoch[(uint32_t)pid % CRASH__EPOCHS], 1);
}

/*
 * Every program that starts makes a handful of them, in the dynamic linker, and many never make a call that
 * it takes to know more about the caller for.
 */
static bool take_close(const struct seccomp_notif *received)
{
	int number = received->data.nr;

	if (!crash__call_is_ours(&received->data) ||
	    (number == SYS_close && crash__plan_names(&supervisor.control->plan, CRASH__FAMILY_CLOSE)) ||
	    (number != SYS_close && number != SYS_dup2 && number != SYS_dup3 && number != SYS_close_range) ||
	    !crash__remote_leads((pid_t)received->pid))
		return false;
	void_descriptors((pid_t)received->pid);
	return true;
}

static void set_call(struct crash__notification *notification, unsigned int call)
{
	notification->kernel = &crash__calls[call];
	notification->call = call;
	notification->family = notification->kernel->family;
}

/* The kernel makes a fallocate() of some requests of ioctl(), and then they are one here. */
static bool make_fallocate(struct crash__notification *notification)
{
	struct crash__space space;
	int64_t from = 0;

	crash__notification_classify_fd(notification, (int)notification->args[0]);
	if (!notification->storage || !S_ISREG(notification->mode) ||
	    crash__remote_read(&notification->remote, (uint64_t)notification->args[2], &space,
			       sizeof space) != sizeof space)
		return false;
	if (space.whence == SEEK_END)
		from = (int64_t)notification->size;
	if (space.whence == SEEK_CUR && notification->fd >= 0)
		from = lseek(notification->fd, 0, SEEK_CUR);
	crash__notification_clear(notification);
	if (!crash__request_allocates(notification->args, &space, from))
		return false;
	set_call(notification, CRASH__CALL_fallocate);
	return true;
}

/* Whether an ioctl() is an op; of some it is not known what they do. */
static bool takes_request(struct crash__notification *notification)
{
	unsigned long request = (unsigned long)notification->args[1];
	enum crash__request kind = crash__request_kind(request);

	if (kind == CRASH__REQUEST_CLONE || (kind == CRASH__REQUEST_ALLOCATE && make_fallocate(notification)))
		return true;
	if (kind == CRASH__REQUEST_OPAQUE) {
		crash__notification_classify_fd(notification, (int)notification->args[0]);
		if (notification->storage)
			crash__control_incomplete(notification->control, CRASH__INCOMPLETE_UNSUPPORTED,
						  crash__request_name(request));
	}
	return false;
}

/* A path may mean something else from now on. */
static struct crash__reply take_places(const struct crash__notification *notification, int number)
{
	crash__remote_roots_change();
	if (number != SYS_unshare) /* the same mounts, for now */
		crash__places_change(notification->control);
	return crash__proceed;
}

/* What is no op itself, but makes others go unseen or be something else. False: it is none of that. */
static bool take_other(struct crash__notification *notification, const struct seccomp_data *data,
		       struct crash__reply *reply)
{
	int number = data->nr;

	if (number == SYS_io_uring_setup)
		*reply = take_io_uring(notification);
	else if (number == SYS_mmap)
		*reply = take_mapping(notification);
	else if (number == SYS_mprotect || number == SYS_pkey_mprotect || number == SYS_mremap ||
		 number == SYS_madvise)
		*reply = take_remapping(notification, number);
	else if (number == SYS_seccomp || number == SYS_prctl)
		*reply = take_seccomp(notification, data);
	else if (number == SYS_open_by_handle_at)
		*reply = take_unsupported(notification, "open_by_handle_at with O_TRUNC");
	else if (number == SYS_remap_file_pages)
		*reply = take_unsupported(notification, "remap_file_pages");
	else if (number == SYS_setxattrat)
		*reply = take_unsupported(notification, "setxattrat");
	else if (number == SYS_removexattrat)
		*reply = take_unsupported(notification, "removexattrat");
	else if (crash__changes_places(number))
		*reply = take_places(notification, number);
	else if (crash__is_send(number))
		*reply = take_send(notification, number);
	else
		return false;
	return true;
}

/* What changes no storage: reads are reported only where a rule names them, and what is left closes. */
static struct crash__reply take_input(struct crash__notification *notification, int number)
{
	int input = crash__input_of_number(number);

	if (input < 0 || crash__calls[input].family != CRASH__FAMILY_READ)
		void_descriptors(notification->remote.pid);
	if (input < 0 || !crash__plan_names(&notification->control->plan, crash__calls[input].family))
		return crash__proceed;
	if (crash__notification_is_dead(notification))
		return crash__proceed; /* it changes nothing, and may be the unwinder's */
	set_call(notification, (unsigned int)input);
	return crash__notified_input(notification);
}

static struct crash__reply take(struct crash__notification *notification, const struct seccomp_data *data)
{
	int call = crash__call_of_number(data->nr);
	struct crash__reply reply;

	memcpy(notification->args, data->args, sizeof notification->args);
	notification->pc = data->instruction_pointer;
	notification->start = notification->sync_occurrence = 0;
	notification->flags = 0;
	if (!crash__call_is_ours(data))
		return take_foreign(notification);
	if (take_other(notification, data, &reply))
		return reply;
	if (call < 0)
		return take_input(notification, data->nr);
	set_call(notification, (unsigned int)call);
	if (!crash__call_changes(
		    notification->kernel, notification->args,
		    notification->kernel->where.how ? crash__notification_open_flags(notification) : 0))
		return crash__proceed;
	if (crash__notification_is_dead(notification))
		return crash__never;
	crash__mapped_scan(notification->control, crash__notified_op_store);
	if (crash__notification_is_dead(notification))
		return crash__never;
	if (notification->kernel->where.iocbs)
		return take_requests(notification);
	if (notification->kernel->where.request && !takes_request(notification))
		return crash__proceed;
	crash__notification_classify(notification);
	if (notification->channel && crash__notified_channel(notification, &reply))
		return reply;
	if (!crash__control_watches_calls(notification->control))
		return crash__proceed;
	return notification->storage ? crash__notified_op(notification) : take_outside(notification);
}

/* Of a process that nobody may look into it is not known what it does. */
static void note_hidden(const struct crash__notification *notification)
{
	char program[PATH_MAX];

	if (!crash__remote_refused())
		return;
	crash__remote_program(&notification->remote, program);
	crash__remote_refused(); /* its path, too */
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_HIDDEN, program);
}

static void serve_one(struct crash__notification *notification, const struct seccomp_notif *received)
{
	struct crash__reply reply = crash__proceed;

	notification->control = supervisor.control;
	notification->id = received->id;
	notification->fd = -1;
	notification->point = NULL;
	atomic_fetch_add(&supervisor.busy, 1);
	if (!take_close(received) &&
	    crash__remote_find(supervisor.control, (pid_t)received->pid, &notification->remote))
		reply = take(notification, &received->data);
	note_hidden(notification);
	/* first: a program that closes a file may execute it, or wait for a lock on it to go */
	crash__notification_clear(notification);
	crash__reply_send(notification, &reply);
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
	struct crash__notification *notification = calloc(1, sizeof *notification);
	struct seccomp_notif received;
	int listener = crash__reply_await_listener();

	(void)argument;
	crash__proxy_prepare();
	while (notification && listener >= 0) {
		crash__leader_become();
		memset(&received, 0, sizeof received);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &received) == 0)
			serve_one(notification, &received);
		else if (!goes_on(listener, errno))
			break;
	}
	free(notification);
	return NULL;
}

bool crash__supervisor_start(struct crash__control *control, _Atomic int *listener, bool allow_io_uring)
{
	supervisor.control = control;
	supervisor.allow_io_uring = allow_io_uring;
	crash__places_begin();
	crash__reply_set_listener(listener);
	return crash__leader_start(serve);
}

void crash__supervisor_settle(void)
{
	for (int i = 0; i < 1000 && atomic_load(&supervisor.busy); i++)
		crash__act_sleep(1000);
	if (supervisor.control && !crash__control_is_dead(supervisor.control))
		crash__mapped_scan(supervisor.control, crash__notified_op_store);
}
