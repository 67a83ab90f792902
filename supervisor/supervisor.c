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
 *
 * One thread at a time receives, so that the kernel can hand over from caller to supervisor and back on
 * one processor. Before it does what may take long (a sync, a delay, a backtrace) it lets another one
 * receive: a slow call of one process holds up nobody else.
 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/sys.h"
#include "supervisor/mapped.h"
#include "supervisor/note.h"
#include "supervisor/proxy.h"
#include "supervisor/unwind.h"
#include "supervisor/watched.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* The kernel's own, with which a call that a signal interrupted is made anew, whatever handlers there are. */
#define ERESTARTNOINTR 513

#define MOST_THREADS 64
#define MOST_HELD 64

static struct {
	struct crash__control *control;
	_Atomic int *listener;
	bool allow_io_uring;
	_Atomic unsigned int threads;
	_Atomic unsigned int busy; /* in the middle of an op that is written down */
	pthread_mutex_t lock;
	pthread_cond_t vacant; /* there is no leader */
	bool has_leader;
	unsigned int followers;
} supervisor = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.vacant = PTHREAD_COND_INITIALIZER,
};

/* Whether this thread is the one that receives. */
static _Thread_local bool leads;
static void step_down(void);

/* What a notification is answered with. */
struct answer {
	bool never;   /* the tree is dead */
	bool proceed; /* let the process make the call */
	bool again;   /* take the signal that waits, then make the call anew */
	long result;
};

static const struct answer proceed = {.proceed = true};
static const struct answer never = {.never = true};

static struct answer fail_with(int error)
{
	return (struct answer){.result = -error};
}

static bool is_dead(void)
{
	return atomic_load(&supervisor.control->dead);
}

static void sleep_microseconds(uint64_t microseconds)
{
	struct timespec time = {.tv_sec = (time_t)(microseconds / 1000000),
				.tv_nsec = (long)(microseconds % 1000000) * 1000};

	nanosleep(&time, NULL);
}

/* ------------------------------------------------------------------ actions */

static void describe(struct crash__fired *fired, const struct crash__watched *watched,
		     const struct crash__rule *rule, int64_t done)
{
	const struct crash__where *where = &watched->kernel->where;

	fired->rule = (uint32_t)(rule - watched->control->plan.rules);
	fired->pid = (uint32_t)watched->remote.pid;
	fired->tid = (uint32_t)watched->remote.tid;
	fired->process = watched->remote.process;
	fired->thread = watched->remote.thread;
	fired->call = (int32_t)watched->call;
	fired->family = (int32_t)watched->family;
	fired->occurrence = watched->occurrence;
	fired->call_occurrence = watched->call_occurrence;
	fired->hit = atomic_load(&rule->hits);
	fired->offset = where->offset ? crash__arg(watched->args, where->offset) : -1;
	fired->bytes = watched->kernel->family == CRASH__FAMILY_WRITE ? (int64_t)crash__watched_bytes(watched) : -1;
	fired->done = done;
	strcpy(fired->file, watched->path);
	strcpy(fired->to, watched->to);
}

/* From outside a process can be killed, but not be made to abort or exit at this place. */
static void die(struct crash__watched *watched, const struct crash__rule *rule, int64_t done)
{
	struct crash__control *control = watched->control;

	if (!crash__control_fire(control, rule->self)) {
		if (rule->self)
			kill(watched->remote.pid, SIGKILL);
		return;
	}
	if (!rule->self)
		atomic_store(&control->dead, 1);
	describe(&control->fired, watched, rule, done);
	atomic_store(&control->fired.state, 2);
	crash__unwind_fired(watched, &control->fired);
	atomic_store(&control->fired.state, 3);
	if (rule->action == CRASH__ABORT)
		kill(watched->remote.pid, SIGABRT);
	if (rule->self)
		kill(watched->remote.pid, SIGKILL);
	crash__control_ring_bell(control);
}

/* The signal goes to the thread that waits for us, which finds it before it returns to the program. */
static void stop(const struct crash__watched *watched, const struct crash__rule *rule)
{
	if (!rule->self) {
		atomic_store(&watched->control->stopper, (uint32_t)watched->remote.pid);
		atomic_fetch_add(&watched->control->stopped, 1);
		crash__control_ring_bell(watched->control);
	}
	crash__sys3(SYS_tgkill, watched->remote.pid, watched->remote.tid, SIGSTOP);
}

/* Returns whether the process is to stay where it is for ever. */
static bool act(struct crash__watched *watched, const struct crash__rule *rule, int64_t done)
{
	switch (rule->action) {
	case CRASH__KILL:
	case CRASH__ABORT:
	case CRASH__EXIT:
		die(watched, rule, done);
		return true;
	case CRASH__SIGNAL:
		kill(watched->remote.pid, (int)rule->argument);
		return false;
	case CRASH__STOP:
		stop(watched, rule);
		return false;
	case CRASH__DELAY:
		step_down();
		sleep_microseconds((uint64_t)rule->argument);
		return false;
	default:
		return false;
	}
}

static uint64_t filter_rules(struct crash__watched *watched, uint64_t rules)
{
	struct crash__plan *plan = &watched->control->plan;
	const struct crash__rule *rule;

	for (uint32_t i = 0; i < plan->count; i++)
		if ((rules >> i & 1) && plan->rules[i].function[0])
			step_down(); /* for a backtrace */
	CRASH__EACH_RULE(plan, rules & plan->with_filter, rule)
		if ((rule->has_thread && rule->thread != watched->remote.thread) ||
		    (rule->has_child && rule->child != watched->remote.process) ||
		    (rule->function[0] && !crash__unwind_has(watched, rule)))
			rules &= ~(UINT64_C(1) << (rule - plan->rules));
	return rules;
}

static bool can_tear(const struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;

	return watched->family == CRASH__FAMILY_WRITE && (where->bytes || where->iov);
}

/* ------------------------------------------------------------------ one op */

/* What the rules that fired make of the call itself. */
struct wish {
	bool fails, is_short, torn, after;
	int error;
	uint64_t part;
	const struct crash__rule *tearing;
};

static struct wish wish_of(struct crash__watched *watched, uint64_t fired)
{
	struct wish wish = {.part = CRASH__WHOLE};
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&watched->control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR && !wish.fails) {
			wish.fails = true;
			wish.error = (int)rule->argument;
		}
		if (rule->action == CRASH__SHORT && can_tear(watched) && !wish.is_short && !wish.torn) {
			wish.is_short = true;
			wish.part = crash__rule_part(rule, crash__watched_bytes(watched));
		}
		if (rule->moment >= CRASH__TORN_BYTES && can_tear(watched) && !wish.is_short && !wish.torn) {
			wish.torn = true;
			wish.tearing = rule;
			wish.part = crash__rule_part(rule, crash__watched_bytes(watched));
		}
		wish.after |= rule->moment == CRASH__AFTER;
	}
	return wish;
}

/*
 * A call that cannot be made for the process, and whose end has to be known: it makes the call itself
 * and finds a stop signal when it returns, before it executes one instruction of its own.
 */
static void await_stop(struct crash__watched *watched)
{
	char path[64], text[512];

	for (int i = 0; i < 5000; i++) {
		FILE *file;
		char state = '?';

		snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)watched->remote.pid,
			 (int)watched->remote.tid);
		file = fopen(path, "re");
		if (file && fgets(text, sizeof text, file)) {
			const char *end = strrchr(text, ')');

			state = end ? end[2] : '?';
		}
		if (file)
			fclose(file);
		if (state == 'T' || state == '?')
			return;
		sleep_microseconds(200);
	}
}

static void send_answer(const struct crash__watched *watched, const struct answer *answer);

static struct answer finish(struct crash__watched *watched, uint64_t fired, long result)
{
	int64_t done = watched->family == CRASH__FAMILY_WRITE && result >= 0 ? result : -1;
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&watched->control->plan, fired, rule)
		if (rule->moment == CRASH__AFTER && act(watched, rule, done))
			return never;
	return (struct answer){.result = result};
}

/* Lets the process make its call, and goes on when it is done. */
static struct answer let_and_finish(struct crash__watched *watched, uint64_t fired)
{
	step_down();
	/* to the thread itself: another one may take it, and this one go on */
	crash__sys3(SYS_tgkill, watched->remote.pid, watched->remote.tid, SIGSTOP);
	crash__watched_clear(watched);
	send_answer(watched, &proceed);
	await_stop(watched);
	finish(watched, fired, 0);
	if (!is_dead())
		kill(watched->remote.pid, SIGCONT);
	return never; /* answered already */
}

/* Gives the process what was opened for it; its number there is the result. */
static void hand_over(struct crash__watched *watched, struct crash__proxied *proxied)
{
	struct seccomp_notif_addfd descriptor = {
		.id = watched->id,
		.srcfd = (uint32_t)proxied->fd,
		.newfd_flags = proxied->cloexec ? O_CLOEXEC : 0,
	};
	int result = ioctl(atomic_load(supervisor.listener), SECCOMP_IOCTL_NOTIF_ADDFD, &descriptor);

	proxied->result = result < 0 ? -errno : result;
}

static bool may_take_long(const struct crash__watched *watched)
{
	return watched->kernel->family == CRASH__FAMILY_FSYNC || (watched->flags & CRASH__OP_SYNC) ||
	       watched->kernel->where.from || crash__watched_bytes(watched) > 1 << 20;
}

/* Numbers the sync that a write implies; once. */
static void count_sync(struct crash__watched *watched)
{
	if ((watched->flags & CRASH__OP_SYNC) && !watched->sync_occurrence)
		watched->sync_occurrence =
			atomic_fetch_add(&watched->control->family_hits[CRASH__FAMILY_FSYNC], 1) + 1;
}

/* A call that has to be made here. */
static struct answer make(struct crash__watched *watched, uint64_t fired, const struct wish *wish)
{
	struct crash__proxied proxied;
	struct answer answer;

	if (may_take_long(watched))
		step_down();
	if (wish->part == 0) {
		proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
	} else if (!crash__proxy_call(watched, wish->part, &proxied)) {
		crash__proxied_clear(&proxied);
		if (wish->after && !wish->torn && !wish->is_short)
			return let_and_finish(watched, fired);
		if (watched->family == CRASH__FAMILY_WRITE &&
		    crash__mapped_is_watched(watched->device, watched->inode))
			crash__control_incomplete(watched->control, CRASH__INCOMPLETE_MAPPING_UNSEEN, watched->path);
		if (crash__note_wanted(watched)) {
			/* what it is going to be unless it fails */
			proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
			if (watched->kernel->family == CRASH__FAMILY_WRITE)
				proxied.result = (long)crash__watched_bytes(watched);
			count_sync(watched);
			crash__control_incomplete(watched->control, CRASH__INCOMPLETE_RESULT_UNKNOWN,
						  watched->kernel->name);
			crash__note_end(watched, &proxied);
		}
		return proceed;
	}
	if (proxied.fd >= 0)
		hand_over(watched, &proxied);
	if (proxied.result > 0)
		count_sync(watched);
	crash__note_end(watched, &proxied);
	if (proxied.data && proxied.data_bytes && proxied.offset != UINT64_MAX)
		crash__mapped_wrote(watched, proxied.offset, proxied.data, proxied.data_bytes);
	if (wish->torn) {
		die(watched, wish->tearing, proxied.result > 0 ? proxied.result : 0);
		crash__proxied_clear(&proxied);
		return never;
	}
	answer = finish(watched, fired, proxied.result);
	crash__proxied_clear(&proxied);
	return answer;
}

static bool implies_sync(const struct crash__watched *watched)
{
	if (watched->kernel->family != CRASH__FAMILY_WRITE)
		return false;
	return watched->sync || (watched->kernel->kernel == CRASH__CALL_pwritev2 &&
				 (crash__arg(watched->args, watched->kernel->where.flags) & 0x06)); /* RWF_DSYNC, RWF_SYNC */
}

/* Where all ops are recorded, the write's own record tells of its sync; where only those of rules with :log are, none does. */
static void log_sync(struct crash__watched *watched, uint64_t fired, long result)
{
	const struct crash__rule *rule;
	struct crash__proxied made = {.result = result, .fd = -1, .offset = UINT64_MAX};

	watched->flags &= ~(uint32_t)CRASH__OP_LOGGED;
	CRASH__EACH_RULE(&watched->control->plan, fired, rule)
		if (rule->action == CRASH__LOG)
			watched->flags |= CRASH__OP_LOGGED;
	if (!(watched->control->mode & CRASH__MODE_LOGGED) || !crash__note_wanted(watched))
		return;
	watched->kernel = &crash__calls[CRASH__CALL_fsync];
	watched->sync_occurrence = 0;
	crash__note_op(watched);
	crash__note_end(watched, &made);
}

/* The sync that a write with O_SYNC implies: an op of its own, behind the write. */
static struct answer imply_sync(struct crash__watched *watched, struct answer answer)
{
	struct crash__control *control = watched->control;
	const struct crash__rule *rule;
	uint64_t rules = control->plan.of_family[CRASH__FAMILY_FSYNC] & watched->rules, fired;
	bool late = false;

	count_sync(watched);
	watched->family = CRASH__FAMILY_FSYNC;
	watched->occurrence = watched->sync_occurrence;
	fired = crash__plan_hit(&control->plan, filter_rules(watched, rules), watched->occurrence, 0, &late);
	if (late)
		return never;
	log_sync(watched, fired, answer.result);
	CRASH__EACH_RULE(&control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR)
			answer.result = -rule->argument;
		else if (act(watched, rule, answer.result))
			return never;
	}
	return answer;
}

/* Gives the op its numbers. Returns the rules that fired; `late` as crash__plan_hit() has it. */
static uint64_t count_op(struct crash__watched *watched, bool *late)
{
	struct crash__control *control = watched->control;
	const struct crash__rule *rule;
	uint64_t rules, fired;

	watched->family = watched->kernel->family;
	watched->occurrence = atomic_fetch_add(&control->family_hits[watched->family], 1) + 1;
	watched->call_occurrence = atomic_fetch_add(&control->call_hits[watched->call], 1) + 1;
	/* a request of io_submit() is of the family of what it asks for */
	rules = (control->plan.of_family[watched->family] | control->plan.of_call[watched->call]) & watched->rules;
	rules = filter_rules(watched, rules);
	fired = rules ? crash__plan_hit(&control->plan, rules, watched->occurrence,
					watched->call_occurrence, late) : 0;
	CRASH__EACH_RULE(&control->plan, fired, rule)
		if (rule->action == CRASH__LOG)
			watched->flags |= CRASH__OP_LOGGED;
	return fired;
}

/*
 * A request of io_submit(): the process makes the call when all of them have been looked at. An error is
 * one of the whole call, and what is to happen after the request happens after the call.
 */
static struct answer take_request(struct crash__watched *watched)
{
	bool late = false;
	uint64_t fired = count_op(watched, &late);
	const struct crash__rule *rule;
	struct crash__proxied assumed = {.fd = -1, .offset = UINT64_MAX};

	if (late)
		return never;
	CRASH__EACH_RULE(&watched->control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR)
			return fail_with((int)rule->argument);
		if (rule->moment == CRASH__AFTER)
			return let_and_finish(watched, fired);
		if (act(watched, rule, -1))
			return never;
	}
	if (crash__note_wanted(watched)) {
		assumed.result = (long)crash__watched_bytes(watched);
		if (watched->kernel->where.offset)
			assumed.offset = (uint64_t)watched->args[3];
		crash__note_op(watched);
		crash__note_end(watched, &assumed);
	}
	return proceed;
}

/* A store to a mapped file, found afterwards. Returns false when the tree is dead. */
static bool take_store(struct crash__watched *store, const unsigned char *bytes)
{
	bool late = false; /* it has been done already */
	uint64_t fired = count_op(store, &late);
	const struct crash__rule *rule;

	if (crash__note_wanted(store))
		crash__note_store(store, bytes);
	CRASH__EACH_RULE(&store->control->plan, fired, rule)
		if (act(store, rule, store->args[1]))
			return false;
	return true;
}

/*
 * A rule with :stop fired before a call. A thread that waits for us cannot stop, and a debugger could not
 * get hold of it; so it is sent back to the start of its call, finds the signal there, and calls again
 * when it is let go on. That is the same op: it was counted, and its rules have fired.
 */
static struct held {
	pid_t tid; /* 0: free */
	unsigned int call;
	uint64_t pc, fired, occurrence, call_occurrence;
	uint32_t flags;
	long args[6];
} held[MOST_HELD];

static bool hold(const struct crash__watched *watched, uint64_t fired)
{
	bool found = false;

	pthread_mutex_lock(&supervisor.lock);
	for (int i = 0; i < MOST_HELD && !found; i++) {
		found = held[i].tid == 0 || held[i].tid == watched->remote.tid;
		if (!found)
			continue;
		held[i] = (struct held){
			.tid = watched->remote.tid,
			.call = watched->call,
			.pc = watched->pc,
			.fired = fired,
			.occurrence = watched->occurrence,
			.call_occurrence = watched->call_occurrence,
			.flags = watched->flags,
		};
		memcpy(held[i].args, watched->args, sizeof held[i].args);
	}
	pthread_mutex_unlock(&supervisor.lock);
	return found;
}

/* Whether the call was held up before; gives it its numbers back. */
static bool resume(struct crash__watched *watched, uint64_t *fired)
{
	bool found = false;

	pthread_mutex_lock(&supervisor.lock);
	for (int i = 0; i < MOST_HELD && !found; i++) {
		found = held[i].tid == watched->remote.tid && held[i].call == watched->call &&
			held[i].pc == watched->pc &&
			memcmp(held[i].args, watched->args, sizeof held[i].args) == 0;
		if (!found)
			continue;
		held[i].tid = 0;
		*fired = held[i].fired;
		watched->family = watched->kernel->family;
		watched->occurrence = held[i].occurrence;
		watched->call_occurrence = held[i].call_occurrence;
		watched->flags = held[i].flags;
	}
	pthread_mutex_unlock(&supervisor.lock);
	return found;
}

/* Does what is to be done before the call; `answer` is what the process gets where it does not go on. */
static bool act_before(struct crash__watched *watched, uint64_t fired, struct answer *answer)
{
	const struct crash__rule *rule;
	bool stops = false;

	*answer = never;
	CRASH__EACH_RULE(&watched->control->plan, fired, rule) {
		if (rule->moment == CRASH__AFTER || (rule->moment >= CRASH__TORN_BYTES && can_tear(watched)))
			continue;
		if (act(watched, rule, watched->family == CRASH__FAMILY_WRITE ? 0 : -1))
			return false;
		stops |= rule->action == CRASH__STOP;
	}
	if (!stops || !hold(watched, fired))
		return true;
	answer->never = false;
	answer->again = true;
	return false;
}

static struct answer take_op(struct crash__watched *watched)
{
	struct crash__control *control = watched->control;
	uint64_t fired;
	struct answer answer;
	struct wish wish;
	bool needs_result, late = false;

	if (implies_sync(watched))
		watched->flags |= CRASH__OP_SYNC;
	if (!resume(watched, &fired)) {
		fired = count_op(watched, &late);
		if (late || !act_before(watched, fired, &answer))
			return late ? never : answer;
	}
	answer = proceed;
	wish = wish_of(watched, fired);
	if (crash__note_wanted(watched))
		crash__note_op(watched);
	if (is_dead())
		return never;
	if (wish.fails) {
		struct crash__proxied failed = {.result = -wish.error, .fd = -1, .offset = UINT64_MAX};

		watched->flags |= CRASH__OP_FAILED;
		crash__note_end(watched, &failed);
		return fail_with(wish.error);
	}
	needs_result = watched->start || wish.is_short || wish.torn || wish.after ||
		       (watched->family == CRASH__FAMILY_WRITE &&
			crash__mapped_is_watched(watched->device, watched->inode)) ||
		       ((watched->flags & CRASH__OP_SYNC) && control->plan.of_family[CRASH__FAMILY_FSYNC]);
	if (needs_result)
		answer = make(watched, fired, &wish);
	if (!answer.never && watched->family == CRASH__FAMILY_RENAME)
		atomic_fetch_add(&control->name_epoch, 1);
	if (!answer.never && (watched->flags & CRASH__OP_SYNC) && (answer.proceed || answer.result > 0))
		answer = imply_sync(watched, answer);
	return answer;
}

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
static struct answer take_requests(struct crash__watched *watched)
{
	long count = watched->args[1];
	uint64_t list = (uint64_t)watched->args[2], address;
	struct iocb request;

	if (watched->control->mode & CRASH__MODE_DATA)
		crash__control_incomplete(watched->control, CRASH__INCOMPLETE_UNSUPPORTED,
					  "io_submit: when an asynchronous write has ended is not seen");
	for (long i = 0; i < count && i < 65536; i++) {
		struct answer answer;

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
		answer = take_request(watched);
		if (!answer.proceed)
			return answer;
	}
	return proceed;
}

/* ------------------------------------------------------------------ what is no op */

/* What is told to a pipe or terminal. It is not known whether all of it arrives; it was said. */
static struct answer take_outside(struct crash__watched *watched)
{
	uint64_t bytes = crash__watched_bytes(watched), address;
	const struct crash__where *where = &watched->kernel->where;
	unsigned char *data;
	long got;

	if (!(watched->control->mode & CRASH__MODE_ACKS) || watched->kernel->family != CRASH__FAMILY_WRITE ||
	    !where->buf || bytes > 16 << 20)
		return proceed;
	address = (uint64_t)crash__arg(watched->args, where->buf);
	data = malloc(bytes + 1);
	got = data ? crash__remote_read(&watched->remote, address, data, bytes) : -1;
	if (got > 0)
		crash__note_ack(watched, (int)crash__arg(watched->args, where->fd), data, (size_t)got);
	free(data);
	return proceed;
}

static struct answer take_io_uring(const struct crash__watched *watched)
{
	char program[PATH_MAX];

	crash__remote_program(&watched->remote, program);
	if (supervisor.allow_io_uring) {
		crash__control_incomplete(watched->control, CRASH__INCOMPLETE_IO_URING, program);
		return proceed;
	}
	atomic_store(&watched->control->refused_io_uring, 1);
	return fail_with(ENOSYS);
}

static struct answer take_listener(const struct crash__watched *watched)
{
	char program[PATH_MAX];

	crash__remote_program(&watched->remote, program);
	crash__control_incomplete(watched->control, CRASH__INCOMPLETE_LISTENER, program);
	return proceed; /* to EBUSY */
}

/* A file that becomes memory: stores to it make no calls. */
static struct answer take_mapping(struct crash__watched *watched)
{
	crash__mapped_scan(watched->control, take_store); /* what was stored by another mapping */
	if (is_dead())
		return never;
	crash__watched_classify_fd(watched, (int)watched->args[4]);
	if (watched->storage && S_ISREG(watched->mode))
		crash__mapped_add(watched);
	return proceed;
}

static struct answer take_foreign(const struct crash__watched *watched)
{
	char program[PATH_MAX];

	crash__remote_program(&watched->remote, program);
	crash__control_incomplete(watched->control, CRASH__INCOMPLETE_FOREIGN, program);
	kill(watched->remote.pid, SIGKILL); /* refused: what it does could not be followed */
	return never;
}

/* ------------------------------------------------------------------ notifications */

static struct answer take(struct crash__watched *watched, const struct seccomp_data *data)
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
		return proceed;
	}
	if (data->nr == SYS_chroot || data->nr == SYS_pivot_root || data->nr == SYS_setns ||
	    data->nr == SYS_unshare) {
		if (data->nr != SYS_unshare || (data->args[0] & (CLONE_NEWNS | CLONE_NEWUSER)))
			crash__remote_roots_change();
		return proceed;
	}
	if (call < 0) {
		/* close, dup2 and their like: what the shim knows about this process's descriptors is void */
		atomic_fetch_add(&watched->control->fd_epoch[(uint32_t)watched->remote.pid % CRASH__EPOCHS], 1);
		return proceed;
	}
	watched->kernel = &crash__calls[call];
	watched->call = (unsigned int)call;
	watched->family = watched->kernel->family;
	if (!crash__call_changes(watched->kernel, watched->args,
				 watched->kernel->where.how ? crash__watched_open_flags(watched) : 0))
		return proceed;
	if (is_dead())
		return never;
	crash__mapped_scan(watched->control, take_store);
	if (is_dead())
		return never;
	if (watched->kernel->where.iocbs)
		return take_requests(watched);
	crash__watched_classify(watched);
	return watched->storage ? take_op(watched) : take_outside(watched);
}

static void send_answer(const struct crash__watched *watched, const struct answer *answer)
{
	int listener = atomic_load(supervisor.listener);
	struct seccomp_notif_resp response = {.id = watched->id};

	if (answer->never)
		return;
	if (answer->proceed) {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else if (answer->again) {
		response.error = -ERESTARTNOINTR;
	} else if (crash__sys_failed(answer->result)) {
		response.error = (int)answer->result;
	} else {
		response.val = answer->result;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response); /* it may have been killed */
}

static void serve_one(struct crash__watched *watched, const struct seccomp_notif *notification)
{
	struct answer answer = proceed;

	watched->control = supervisor.control;
	watched->id = notification->id;
	watched->fd = -1;
	atomic_fetch_add(&supervisor.busy, 1);
	if (crash__remote_find(supervisor.control, (pid_t)notification->pid, &watched->remote))
		answer = take(watched, &notification->data);
	/* first: a program that closes a file may execute it, or wait for a lock on it to go */
	crash__watched_clear(watched);
	send_answer(watched, &answer);
	atomic_fetch_sub(&supervisor.busy, 1);
}

static int await_listener(void)
{
	int listener;

	while ((listener = atomic_load(supervisor.listener)) == -1)
		crash__sys6(SYS_futex, (long)supervisor.listener, FUTEX_WAIT, -1, 0, 0, 0);
	/* The caller waits and we run: on one processor that is several times faster (Linux 6.6). */
	if (listener >= 0)
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return listener;
}

static void start_thread(void);

/* Waits to become the one that receives. */
static void become_leader(void)
{
	pthread_mutex_lock(&supervisor.lock);
	supervisor.followers++;
	while (supervisor.has_leader)
		pthread_cond_wait(&supervisor.vacant, &supervisor.lock);
	supervisor.followers--;
	supervisor.has_leader = leads = true;
	pthread_mutex_unlock(&supervisor.lock);
}

/* Lets another thread receive, because what this one is about to do may take long. */
static void step_down(void)
{
	bool alone;

	if (!leads)
		return;
	pthread_mutex_lock(&supervisor.lock);
	supervisor.has_leader = leads = false;
	alone = supervisor.followers == 0 && supervisor.threads < MOST_THREADS;
	pthread_cond_signal(&supervisor.vacant);
	pthread_mutex_unlock(&supervisor.lock);
	if (alone)
		start_thread();
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
	int listener = await_listener();

	(void)argument;
	crash__proxy_prepare();
	while (watched && listener >= 0) {
		if (!leads)
			become_leader();
		memset(&notification, 0, sizeof notification);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) == 0)
			serve_one(watched, &notification);
		else if (!goes_on(listener, errno))
			break;
	}
	free(watched);
	return NULL;
}

static void start_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 512 << 10);
	if (pthread_create(&thread, &attributes, serve, NULL) == 0)
		atomic_fetch_add(&supervisor.threads, 1);
	pthread_attr_destroy(&attributes);
}

bool crash__supervisor_start(struct crash__control *control, _Atomic int *listener, bool allow_io_uring)
{
	supervisor.control = control;
	supervisor.listener = listener;
	supervisor.allow_io_uring = allow_io_uring;
	start_thread();
	return atomic_load(&supervisor.threads) > 0;
}

void crash__supervisor_settle(void)
{
	for (int i = 0; i < 1000 && atomic_load(&supervisor.busy); i++)
		sleep_microseconds(1000);
	if (supervisor.control && !is_dead())
		crash__mapped_scan(supervisor.control, take_store);
}
