/* SPDX-License-Identifier: MIT */
/*
 * shim.h - what the files of the preload module share.
 *
 * Everything here runs inside the tested program: in signal handlers, between vfork and exec, while
 * other threads are cancelled or killed. So: no malloc, no stdio, no locks but atomics; errno is as
 * the program left it when a wrapper returns; storage is touched by crash__syscall() alone.
 *
 * Where the program enters:
 *	dispatch.c          the module's beginning; from a system call's number to what handles it
 *	wrappers.c          one function for each row of calls.def
 *	wrappers_by_hand.c  those that a row cannot make; real.h has libc's own
 *	closes.c            calls after which a descriptor stands for something else
 *	sends.c             what goes out over sockets
 *	exec.c              new programs, and the shim that has to come along
 *	allocation.c        memory, which the module in alloc/ hands out, where a rule names that
 *	patch.c             the system calls inside libc, which arrive at entry.S; libc_code.h what is
 *	                    known of its code, libc_cancel.c those of glibc 2.41 that are cancellable
 *	cancel.c            when a thread is cancelled in a call
 *	breakpoints.c       explicit breakpoints; written_lines.c those written to CRASH_FD
 *	mapping.c           stores to mapped files; tracker.c finds the pages that were stored to
 *
 * The way of an op:
 *	op.c                target, count, plan, action, call
 *	target.c            which file a call is about that names it by path; path.c where relative ones start
 *	fds.c               what descriptors are
 *	rule_actions.c      what a rule does: die, tear, fail, delay, stop, log
 *	op_recorder.c       writing ops down; readback.c reads what may not be readable
 *	backtrace.c         the stacks; modules.c the program and libraries that addresses are in
 *
 * Ground:
 *	attach.c            the control block, and who this process and thread are
 *	fork_gate.c         locks of others that no fork must find taken
 *	stub.S              the instructions by which the shim enters the kernel
 *	path_buffers.c      memory for paths, which the program's stack may not have
 *	string.c            memcpy() and strlen() and their like, which a sanitizer must not see
 *
 * What a file has for others stands in a header of its own, or in a section below.
 */
#ifndef CRASH_SHIM_H
#define CRASH_SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/channel/channel.h"
#include "common/control.h"
#include "common/decision.h"
#include "common/sys.h"
#include "preload/machine_code.h"
#include "preload/path_buffers.h"

/* Exported from the module. */
#define CRASH__EXPORT __attribute__((visibility("default")))

/* ------------------------------------------------------------------ attach.c */

/** The control block, or NULL when there is nothing to do. */
extern struct crash__control *crash__control;

/** What a thread keeps; small, because it is taken from the thread's stack. */
struct crash__thread {
	uint32_t pid; /* of the process that filled this in; another one means: forked since */
	uint32_t tid;
	uint32_t number;
	uint32_t borrowed_pid, borrowed_number; /* of the last child that ran in our memory */
	int located;		      /* 1 + the descriptor whose position it wants to know; 0: none */
	uint32_t handler_writes;      /* of signal handlers to its file */
	struct crash__ring *rings[4]; /* by nesting of signal handlers */
	struct crash__stacks *stacks;
	char **exec_memory;
	size_t exec_bytes;
	bool unwinding; /* every call of this thread is the unwinder's */
};

extern _Thread_local struct crash__thread crash__me __attribute__((tls_model("initial-exec")));

/** How many vfork or spawn calls are under way on this thread: its memory may be a child's. */
extern _Thread_local uint32_t crash__borrowed __attribute__((tls_model("initial-exec")));

/** Set once threads or processes share this memory in ways that the caches cannot follow. */
extern bool crash__no_cache;

/**
 * Set when calls do not pass the filter (the module is not at its address), when the program has put a
 * seccomp filter of its own in place, and when two processes run in its memory: the shim stops making
 * calls of its own and leaves everything to the supervisor.
 */
extern bool crash__delegate;

/** Who does something, in terms of the run. */
struct crash__identity {
	uint32_t pid, tid;
	uint32_t process; /* number in the tree, from 0: the program */
	uint32_t thread;  /* number in its process, from 1, in order of the first op */
};

/** Who the caller is: also right in a forked child, and between vfork and exec. */
struct crash__identity crash__identify(void);

/** Whether process `number` has not been written down yet; true once for each program it runs. */
bool crash__announce_process(uint32_t number);

/** What fork_gate.c knows of this process: a fork wipes it. */
enum { CRASH__GATE_FRESH, CRASH__GATE_LOOKED_AT, CRASH__GATE_OPEN, CRASH__GATE_CLOSED };
_Atomic uint32_t *crash__gate_state(void);

/** The calling thread's state, made anew after a fork. */
struct crash__thread *crash__thread(void);

/**
 * The program has damaged the block, or has mapped something else there: goes on without it. The supervisor,
 * if there is one, sees what the process does from now on; the run is incomplete.
 */
void crash__detach_control(void);

/** The block, or NULL when there is nothing to do, or nothing to do it with any more. */
static inline struct crash__control *crash__control_now(void)
{
	struct crash__control *control = crash__control;

	if (control && __builtin_expect(!crash__control_is_there(control), 0)) {
		crash__detach_control();
		return NULL;
	}
	return control;
}

/** Maps the control block or parses CRASH_AT; called by constructors, more than once. */
void crash__attach_control(char **environment);

/* ------------------------------------------------------------------ path.c */

/**
 * Makes `path` absolute and free of symbolic links, as seen from `dirfd`. The last component is
 * followed only if `follow`. Returns false if it cannot be found out (`out` is then empty).
 */
bool crash__path_resolve(struct crash__path_buffers *buffers, int dirfd, const char *path, bool follow,
			 char out[PATH_MAX]);

/** The path that a descriptor was opened by, as the kernel knows it now; `gone`: it has no name any more. */
bool crash__path_of_fd(int fd, bool gone, char out[PATH_MAX]);

/** The path of the file that is mapped from `start` to `end`. */
bool crash__path_of_memory(uintptr_t start, uintptr_t end, char out[PATH_MAX]);

/* ------------------------------------------------------------------ target.c, fds.c */

/** What an op is about. */
struct crash__target {
	bool storage;	/* a regular file or directory that counts */
	bool channel;	/* what CRASH_FD stands for: common/channel/channel.h */
	bool unnamed;	/* a path of the call leads nowhere that has a name; usually the call fails */
	bool sync;	/* what is written is durable when the call returns (O_SYNC, O_DSYNC) */
	bool append;	/* O_APPEND: whatever offset a write names */
	bool direct;	/* O_DIRECT */
	uint32_t file;	/* number in the trace; 0: none */
	uint32_t lock;	/* the same for all descriptors of one file */
	uint64_t rules; /* those whose file pattern matches; of rules without one, all */
};

/** Classifies a descriptor. */
struct crash__target crash__target_of_fd(struct crash__control *control, int fd);

/** Classifies the file that a call names by path; the names are left in `buffers`. */
struct crash__target crash__target_of_path(struct crash__control *control,
					   const struct crash__call_info *kernel, const long args[6],
					   struct crash__path_buffers *buffers);

/** The flags that an open call opens with, wherever it keeps them. */
uint64_t crash__open_flags(const struct crash__call_info *kernel, const long args[6]);

/** The program changes a descriptor's flags: other processes may have the same open file. */
void crash__fds_set_flags(struct crash__control *control, int fd, long flags);

/** Forgets what is known about descriptors that the program closes or replaces. */
void crash__fds_forget(int first, int last);

/* ------------------------------------------------------------------ op.c */

/** Where the program called us, for the backtrace. */
struct crash__caller {
	const void *address;	     /* that the wrapper returns to */
	const void *const *on_stack; /* where it stands on the stack */
	bool is_point;		     /* libc would let the thread be cancelled in this call */
};

#define CRASH__CALLER() (&(struct crash__caller){__builtin_return_address(0), CRASH__RETURN_SLOT})

/**
 * Takes one call of the program all the way.
 * @param call   the name it was called by
 * @param kernel the kernel's call that it comes to
 * @return the kernel's result or a negative errno; errno itself may have changed
 */
long crash__op(unsigned int call, unsigned int kernel, const long args[6], enum crash__route route,
	       const struct crash__caller *caller);

/** Set when libc's signal for a cancellation has come and not been acted upon. */
extern _Thread_local uint32_t crash__cancel_signalled __attribute__((tls_model("initial-exec")));

/** Makes a cancellable call as a libc does in which a call that has done something is not cancelled; NULL:
 * libc is older. */
extern long (*crash__call_cancellable)(long (*enter)(long, const long[6]), long number, const long args[6]);

/** Finds out which libc it is. */
void crash__cancel_start(void);

/** Closes a descriptor of the program's, as the rules have it. */
long crash__close(int fd, bool cancellable, const struct crash__caller *caller);

/** Asks the rules that name closes; does what comes before it. */
void crash__close_begins(int fd, const struct crash__caller *caller, struct crash__decision *decision);

/** A system call that is a cancellation point and no op. */
long crash__cancellable(long number, const long args[6]);

/** A system call that is no op but may replace descriptors, exec or map; makes it. */
long crash__other_call(long number, const long args[6]);

/** Any system call by number: an op or another. */
long crash__call_by_number(long number, const long args[6], enum crash__route route,
			   const struct crash__caller *caller);

struct crash__op;

/** Takes stores to a mapped file, which have been done already, all the way of an op. */
void crash__op_store(struct crash__op *op, const char *path);

/** An op while it is under way. */
struct crash__op {
	struct crash__control *control;
	const struct crash__call_info *name, *kernel;
	const struct crash__caller *caller;
	struct crash__target target;
	struct crash__path_buffers *buffers; /* holds the paths; NULL: the call has none */
	long (*enter)(long number, const long args[6]);
	long args[6];
	unsigned int call;
	unsigned int family; /* the kernel call's, or fsync for the sync that a write implies */
	enum crash__route route;
	bool cancel;		  /* the thread may be cancelled in the system call */
	bool blocking_cancel;	  /* ... if the call is not on storage */
	bool asynchronous;	  /* ... and anywhere else: so the program wants it */
	_Atomic uint64_t *lock;	  /* held while the file position matters; or NULL */
	bool wants_position;	  /* where it has written is to be asked for: */
	uint32_t handler_writes;  /* by then, crash__me.handler_writes */
	uint64_t start;		  /* sequence number; 0: not recorded */
	struct crash__ring *ring; /* where its records are; NULL: it has none yet */
	uint64_t occurrence;	  /* of the family */
	uint64_t call_occurrence;
	uint64_t sync_occurrence; /* of the sync that the write implied; 0: none */
	uint32_t took;		  /* of a sync that is recorded: microseconds, rounded up */
	uint32_t flags;		  /* enum crash__op_flags */
};

/** How many bytes the program asked to write; 0 if the op is no write. */
uint64_t crash__op_bytes(const struct crash__op *op);

/** Makes the op's call, or its first `part` bytes. Cancellable if the call is. */
long crash__op_call(const struct crash__op *op);
long crash__op_call_part(const struct crash__op *op, uint64_t part);

/** Turns a negative errno into -1 and errno, and leaves errno alone otherwise. */
static inline long crash__result(long result)
{
	if (__builtin_expect(crash__sys_failed(result), 0)) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/* ------------------------------------------------------------------ rule_actions.c */

/** Ends the calling thread for good because somebody else crashed. */
_Noreturn void crash__stop_here(struct crash__control *control);

static inline void crash__check_dead(struct crash__control *control)
{
	if (__builtin_expect(crash__control_is_dead(control), 0))
		crash__stop_here(control);
}

/**
 * Asks those of `rules` that are for this thread, process and function what is to become of the op, and does
 * what is to be done before the call. Does not return if that ends the process here.
 */
bool crash__act_would_skip(const struct crash__op *op, uint64_t rules);
struct crash__decision crash__act_before(struct crash__op *op, enum crash__nature nature, uint64_t rules);

/** Makes as much of the call as was decided. Returns the result that the program is to see. */
long crash__act_call(const struct crash__op *op, const struct crash__decision *decision);

/** Does what is to be done after the call. Does not return if that ends the process. */
void crash__act_after(struct crash__op *op, const struct crash__decision *decision, long result);

/** The same for an explicit point, where everything happens at once. */
void crash__act_point(struct crash__control *control, const struct crash__named_point *point, uint64_t hit,
		      uint64_t rules, const struct crash__caller *caller);

/* ------------------------------------------------------------------ breakpoints.c, written_lines.c */

/** Passes an explicit point. */
void crash__pass_point(struct crash__control *control, struct crash__named_point *point,
		       const struct crash__caller *caller);

/**
 * Deals with a write to what is the channel, or has its number, instead of making it.
 * @return false if it is to be made: it is another file's, or the kernel has to say what is wrong with it
 */
bool crash__channel_take(struct crash__op *op, long *result);

/* ------------------------------------------------------------------ op_recorder.c */

/** Writes the op down before its call; sets op->start. */
void crash__record_op(struct crash__op *op);
/** Writes down how it ended, and what data it wrote. */
void crash__record_end(struct crash__op *op, long result);
/** Lets others write at the same file position again. */
void crash__record_unlock(struct crash__op *op);
/** Writes down a file and returns its number. */
uint32_t crash__record_file(struct crash__control *control, uint64_t device, uint64_t inode, uint32_t mode,
			    uint64_t size, const char *path);
/** Writes down that an explicit point was passed. */
void crash__record_point(struct crash__control *control, const struct crash__named_point *point, uint64_t hit,
			 const struct crash__caller *caller, uint16_t flags);
/** Writes down an acknowledgement. `start`: the sequence number from before the first of it was out. */
void crash__record_ack(struct crash__control *control, uint64_t start, int fd, const void *bytes,
		       size_t count);
/** The same for the first `count` bytes of what the op writes. */
void crash__record_ack_of(const struct crash__op *op, long count);
/** Writes down a note. */
void crash__record_note(struct crash__control *control, const struct crash__line *line);
/** Writes down a backtrace and returns its number. */
uint32_t crash__record_stack(struct crash__control *control, const uint64_t *addresses, uint32_t count);
void crash__record_module(struct crash__control *control, const struct crash__frame_module *module);

/* ------------------------------------------------------------------ backtrace.c */

/** The number of the calling thread's backtrace in the trace. */
uint32_t crash__backtrace_number(struct crash__control *control, const struct crash__caller *caller);

/** Where memory is asked for: the innermost frames as one number, the same wherever modules are mapped. */
uint64_t crash__backtrace_site(struct crash__control *control, const struct crash__caller *caller);

/** Fills in fired's backtrace and the modules that its addresses are in. */
void crash__backtrace_fired(struct crash__fired *fired, const struct crash__caller *caller);

/** What the unwinder asks the kernel through syscall(2). */
long crash__unwinder_syscall(long number, const long args[6]);

/** Whether one of the frames is in the function that the rule names. */
bool crash__backtrace_has(struct crash__control *control, const struct crash__rule *rule,
			  const struct crash__caller *caller);

/* ------------------------------------------------------------------ patch.c, exec.c */

/** Whether they are. */
extern bool crash__patched;

/** libc's function that makes its cancellable calls, from glibc 2.41 on; and what its callers inside libc
 * call instead. */
typedef long crash__cancel_function(long a, long b, long c, long d, long e, long f, long number);
extern crash__cancel_function *crash__libc_cancel;
crash__cancel_function crash__cancel_site;

/** Redirects the system calls inside libc to crash__site_entry() and crash__cancel_site(). Returns how many;
 * the control block then says how many could not be. */
unsigned int crash__patch_libc(struct crash__control *control);

/**
 * The environment that a program started now needs, in memory of the calling thread.
 * @param path the program, relative to `dirfd`; NULL if it is not known
 */
char *const *crash__exec_environment(int dirfd, const char *path, char *const *environment);

/** Takes our own variables out of the program's sight. */
void crash__exec_hide(char **environment);

#endif
