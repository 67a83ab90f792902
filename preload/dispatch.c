/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - the module's beginning, and the way from a system call's number to what handles it.
 */
#include "preload/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/numbers.h"
#include "preload/allocation.h"
#include "preload/mapping.h"
#include "preload/real.h"
#include "preload/tracker.h"

#define NUMBERS 512

struct crash__real crash__real_functions;
atomic_bool crash__real_found;
bool crash__patched;
crash__cancel_function *crash__libc_cancel;

/* 1 + enum crash__call by the kernel's number */
static uint16_t call_of[NUMBERS];

void crash__real_find(void)
{
#define REAL(type, name, parameters) *(void **)&crash__real_functions.name = dlsym(RTLD_NEXT, #name);
	CRASH__REAL_FUNCTIONS
#undef REAL
	atomic_store_explicit(&crash__real_found, true, memory_order_release);
}

/*
 * What ring.c calls here. ThreadSanitizer's function of the name takes a mutex that died with its owner and
 * was repaired by the keeper for one that is locked twice.
 */
__attribute__((visibility("hidden"))) int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return crash__real()->pthread_mutex_lock(mutex);
}

/* Called by vfork() in entry.S. */
__attribute__((visibility("hidden"))) void crash__set_errno(int error);

void crash__set_errno(int error)
{
	errno = error;
}

/* A filter of the program's own may forbid what we do beside its calls. */
static void notice_filter(long number, const long args[6])
{
	if (number == SYS_prctl ? args[0] == PR_SET_SECCOMP :
				  args[0] == SECCOMP_SET_MODE_STRICT || args[0] == SECCOMP_SET_MODE_FILTER)
		crash__delegate = true;
}

/* Closes all but what is ours. */
static long close_range_around(unsigned int first, unsigned int last, long flags)
{
	long result = 0;

	if (first > last)
		return crash__syscall(SYS_close_range, (long[6]){(long)first, (long)last, flags});
	crash__fds_forget((int)first, last > INT_MAX ? INT_MAX : (int)last);
	for (unsigned int from = first;; from++) {
		unsigned int to = from;

		while (to < last && to < 65536 && !crash__tracker_owns((int)to))
			to++;
		if (!crash__tracker_owns((int)to))
			return crash__syscall(SYS_close_range, (long[6]){(long)from, (long)last, flags});
		if (to > from)
			result = crash__syscall(SYS_close_range, (long[6]){(long)from, (long)to - 1, flags});
		if (result < 0 || to == last)
			return result;
		from = to;
	}
}

/*
 * What goes through a ring makes no calls. By syscall(2) it arrives here, and from our stub the filter would
 * not report it.
 */
static long set_up_ring(const long args[6])
{
	struct crash__control *control = crash__control;

	if (!control || (control->mode & CRASH__MODE_SUPERVISOR) || !crash__control_watches_calls(control))
		return crash__syscall_seen(SYS_io_uring_setup, args);
	if (control->mode & CRASH__MODE_IO_URING) {
		crash__control_incomplete(control, CRASH__INCOMPLETE_IO_URING, NULL);
		return crash__syscall_seen(SYS_io_uring_setup, args);
	}
	atomic_store(&control->refused_io_uring, 1);
	return -ENOSYS;
}

/* A new program needs the shim's variables: `at` is where its environment stands. */
static long exec_call(long number, const long args[6], int dirfd, int path, int at)
{
	long changed[6];

	memcpy(changed, args, sizeof changed);
	crash__mapping_finish();
	changed[at] = (long)crash__exec_environment(dirfd, (const char *)args[path], (char *const *)args[at]);
	return crash__syscall(number, changed);
}

static bool tells(long number)
{
	return number == SYS_sendto || number == SYS_sendmsg || number == SYS_sendmmsg ||
	       number == SYS_vmsplice || number == SYS_tee;
}

static bool makes_child(long number)
{
	return number == SYS_fork || number == SYS_clone || number == SYS_clone3;
}

/* A child with a memory of its own that syscall() makes. */
static long make_child(long number, const long args[6])
{
	long result = crash__syscall_seen(number, args);
	uint64_t flags = number == SYS_clone ? (uint64_t)args[0] : 0;

	if (result != 0)
		return result;
	if (number == SYS_clone3)
		memcpy(&flags, (const void *)args[0], sizeof flags); /* the kernel has read it */
	if (!(flags & CLONE_VM))
		crash__mapping_forked();
	return result;
}

/* What is not ours to make, for those who hear of it. */
static long pass_on(long number, const long args[6])
{
	if (makes_child(number))
		return make_child(number, args);
	if (tells(number))
		crash__mapping_scan(); /* as in sends.c */
	return crash__syscall_seen(number, args);
}

/* The stub is for calls that were taken care of here; all others are the filter's to report. */
long crash__other_call(long number, const long args[6])
{
	long result;

	switch (number) {
	case SYS_dup2:
	case SYS_dup3:
		crash__tracker_avoid((int)args[1]);
		crash__fds_forget((int)args[1], (int)args[1]);
		break;
	case SYS_close_range:
		return close_range_around((unsigned int)args[0], (unsigned int)args[1], args[2]);
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mremap:
	case SYS_mprotect:
	case SYS_pkey_mprotect:
		return crash__mapping_call(number, args);
	case SYS_madvise:
		return args[2] == MADV_REMOVE ? crash__mapping_call(number, args) :
						crash__syscall_seen(number, args);
	case SYS_fcntl:
		if (args[1] != F_SETFL)
			break;
		result = crash__syscall(number, args);
		crash__fds_set_flags(crash__control, (int)args[0], args[2]);
		return result;
	case SYS_exit_group:
		crash__mapping_finish();
		break;
	case SYS_execve:
		return exec_call(number, args, AT_FDCWD, 0, 2);
	case SYS_execveat:
		return exec_call(number, args, (int)args[0], 1, 3);
	case SYS_prctl:
	case SYS_seccomp:
		notice_filter(number, args);
		break;
	case SYS_io_uring_setup:
		return set_up_ring(args);
	default:
		return pass_on(number, args);
	}
	return crash__syscall(number, args);
}

long crash__call_by_number(long number, const long args[6], enum crash__route route,
			   const struct crash__caller *caller)
{
	unsigned int call = number >= 0 && number < NUMBERS ? call_of[number] : 0;

	if (call)
		return crash__op(call - 1, call - 1, args, route, caller);
	if (number == SYS_close)
		return crash__close((int)args[0], false, caller);
	return crash__other_call(number, args);
}

/* Called by crash__site_entry() in entry.S, with the caller's address and where that is on the stack. */
__attribute__((visibility("hidden"))) long crash__site(long number, const long args[6],
						       const void *const caller[2]);

long crash__site(long number, const long args[6], const void *const caller[2])
{
	struct crash__caller from = {.address = caller[0], .on_stack = (const void *const *)caller[1]};
	int saved = errno;
	long result = crash__call_by_number(number, args, CRASH__ROUTE_LIBC, &from);

	errno = saved;
	return result;
}

long crash__cancel_site(long a, long b, long c, long d, long e, long f, long number)
{
	const long args[6] = {a, b, c, d, e, f};
	unsigned int call = number >= 0 && number < NUMBERS ? call_of[number] : 0;
	struct crash__caller caller = *CRASH__CALLER();
	int saved = errno;
	long result;

	if (!call && number != SYS_close)
		return crash__libc_cancel(a, b, c, d, e, f, number);
	caller.is_point = true;
	result = call ? crash__op(call - 1, call - 1, args, CRASH__ROUTE_LIBC, &caller) :
			crash__close((int)args[0], true, &caller);
	errno = saved;
	return result;
}

static int is_displaced(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && (uintptr_t)is_displaced >= start &&
		    (uintptr_t)is_displaced < start + info->dlpi_phdr[i].p_memsz)
			return info->dlpi_addr != 0 ? 2 : 1;
	}
	return 0;
}

/*
 * Linked with -z initfirst: runs before every other constructor, libc's included, so `environ` is not
 * set yet; the loader hands the environment over. If another library asked for that after us (real.h), what
 * constructors do until then is seen by the supervisor.
 */
static __attribute__((constructor)) void start(int argc, char **argv, char **environment)
{
	(void)argc;
	(void)argv;
	for (int call = 0; call < CRASH__KERNEL_CALLS; call++)
		if (crash__calls[call].number < NUMBERS)
			call_of[crash__calls[call].number] = (uint16_t)(call + 1);
	crash__real_find();
	crash__cancel_start();
	crash__attach_control(environment);
	if (!crash__control)
		return;
	crash__check_dead(crash__control);
	if ((crash__control->mode & CRASH__MODE_SUPERVISOR) && dl_iterate_phdr(is_displaced, NULL) == 2)
		crash__delegate = true; /* the filter does not know our stub */
	crash__patched = crash__patch_libc(crash__control) > 0;
	if (crash__patched && (crash__control->mode & CRASH__MODE_KEEPER))
		crash__exec_hide(environment);
	crash__allocations_begin();
}

/* Runs after every other destructor, as the constructor ran first. */
static __attribute__((destructor)) void end(void)
{
	crash__mapping_finish();
}
