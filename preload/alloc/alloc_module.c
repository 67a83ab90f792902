/* SPDX-License-Identifier: MIT */
/*
 * alloc_module.c - malloc() and its like, for runs in which a rule or a sweep names allocations.
 *
 * Method. A module of its own, which is preloaded only then: elsewhere a program's memory comes from where it
 * came without us, with not one instruction more. Each function goes to the shim, in front of which this is
 * preloaded, with a function that makes the allocation. That is the next malloc() behind this module: libc's,
 * or that of a library which the program brings along. free() is not here, so whose memory it is does not
 * change.
 *
 * Where the program itself, or what is preloaded before us, has a malloc(), this one is never called. That is
 * found out by asking libc to allocate: what strdup() calls is what the program calls.
 *
 * The real functions are looked up at the first call, which mostly is the dynamic linker's or a
 * constructor's, when there is one thread. dlsym() of an old libc allocates itself; that comes from libc.
 */
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/allocation.h"

/* The shim's; it may not be there. */
extern __typeof__(crash__allocate) crash__allocate __attribute__((weak));
extern __typeof__(crash__allocations_unseen) crash__allocations_unseen __attribute__((weak));
extern __typeof__(crash__allocations_abort) crash__allocations_abort __attribute__((weak));

/* glibc's under names that nobody else has. */
void *__libc_malloc(size_t bytes) __attribute__((weak));
void *__libc_calloc(size_t count, size_t bytes) __attribute__((weak));
void *__libc_realloc(void *memory, size_t bytes) __attribute__((weak));

/* ------------------------------------------------------------------ the real ones */

static struct {
	void *(*malloc)(size_t bytes);
	void *(*calloc)(size_t count, size_t bytes);
	void *(*realloc)(void *memory, size_t bytes);
	void *(*reallocarray)(void *memory, size_t count, size_t bytes);
	int (*posix_memalign)(void **memory, size_t alignment, size_t bytes);
	void *(*aligned_alloc)(size_t alignment, size_t bytes);
	void *(*memalign)(size_t alignment, size_t bytes);
	void *(*valloc)(size_t bytes);
	void *(*pvalloc)(size_t bytes);
	void (*abort)(void);
	void (*assert_fail)(const char *text, const char *file, unsigned int line, const char *function);
} real;

static atomic_bool found;
static _Thread_local bool finding __attribute__((tls_model("initial-exec")));

static void find(void)
{
	if (atomic_load_explicit(&found, memory_order_acquire) || finding)
		return;
	finding = true;
#define FIND(member, name) *(void **)&real.member = dlsym(RTLD_NEXT, name)
	FIND(malloc, "malloc");
	FIND(calloc, "calloc");
	FIND(realloc, "realloc");
	FIND(posix_memalign, "posix_memalign");
	FIND(aligned_alloc, "aligned_alloc");
	FIND(memalign, "memalign");
	FIND(valloc, "valloc");
	FIND(pvalloc, "pvalloc");
	FIND(reallocarray, "reallocarray");
	FIND(abort, "abort");
	FIND(assert_fail, "__assert_fail");
#undef FIND
	finding = false;
	atomic_store_explicit(&found, true, memory_order_release);
}

/* ------------------------------------------------------------------ making allocations */

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

static void *make_malloc(long args[6])
{
	size_t bytes = (size_t)args[0];

	if (real.malloc)
		return real.malloc(bytes);
	return __libc_malloc ? __libc_malloc(bytes) : none();
}

static void *make_calloc(long args[6])
{
	size_t count = (size_t)args[0], bytes = (size_t)args[1];

	if (real.calloc)
		return real.calloc(count, bytes);
	return __libc_calloc ? __libc_calloc(count, bytes) : none();
}

static void *make_realloc(long args[6])
{
	void *memory = (void *)args[0];
	size_t bytes = (size_t)args[1];

	if (real.realloc)
		return real.realloc(memory, bytes);
	return __libc_realloc ? __libc_realloc(memory, bytes) : none();
}

static void *make_reallocarray(long args[6])
{
	return real.reallocarray ? real.reallocarray((void *)args[0], (size_t)args[1], (size_t)args[2]) :
				   none();
}

/* Its own result says what was wrong; args[3] keeps it. */
static void *make_posix_memalign(long args[6])
{
	void *memory = NULL;

	args[3] =
		real.posix_memalign ? real.posix_memalign(&memory, (size_t)args[1], (size_t)args[2]) : ENOMEM;
	return args[3] ? NULL : memory;
}

static void *make_aligned_alloc(long args[6])
{
	return real.aligned_alloc ? real.aligned_alloc((size_t)args[0], (size_t)args[1]) : none();
}

static void *make_memalign(long args[6])
{
	return real.memalign ? real.memalign((size_t)args[0], (size_t)args[1]) : none();
}

static void *make_valloc(long args[6])
{
	return real.valloc ? real.valloc((size_t)args[0]) : none();
}

static void *make_pvalloc(long args[6])
{
	return real.pvalloc ? real.pvalloc((size_t)args[0]) : none();
}

/* ------------------------------------------------------------------ whose they are */

/* What strdup() allocates to find out whether it comes here. */
static _Thread_local bool asking __attribute__((tls_model("initial-exec")));

static bool serves;

CRASH__EXPORT bool crash__alloc_module_serves(void)
{
	return serves;
}

/* Not as a function of which the compiler knows that it calls nothing of ours. */
static char *(*volatile duplicate)(const char *text) = strdup;

static __attribute__((constructor)) void ask(void)
{
	char *copy;

	find();
	asking = true;
	copy = duplicate("");
	serves = !asking;
	asking = false;
	free(copy);
	if (!serves && crash__allocations_unseen)
		crash__allocations_unseen();
}

/* ------------------------------------------------------------------ the program's calls */

static void *enter(unsigned int call, long args[6], crash__make_allocation *make,
		   const struct crash__caller *caller)
{
	find();
	if (__builtin_expect(asking, 0)) {
		asking = false;
		return make(args);
	}
	return crash__allocate && !finding ? crash__allocate(call, args, make, caller) : make(args);
}

#define ENTER(name, ...) enter(CRASH__CALL_##name, (long[6]){__VA_ARGS__}, make_##name, CRASH__CALLER())

CRASH__EXPORT void *malloc(size_t bytes)
{
	return ENTER(malloc, (long)bytes);
}

CRASH__EXPORT void *calloc(size_t count, size_t bytes)
{
	return ENTER(calloc, (long)count, (long)bytes);
}

/* To make it nothing is to free it, which does not fail. */
CRASH__EXPORT void *realloc(void *memory, size_t bytes)
{
	if (memory && bytes == 0) {
		find();
		return make_realloc((long[6]){(long)memory});
	}
	return ENTER(realloc, (long)memory, (long)bytes);
}

CRASH__EXPORT void *reallocarray(void *memory, size_t count, size_t bytes)
{
	if (memory && (count == 0 || bytes == 0)) {
		find();
		return make_realloc((long[6]){(long)memory});
	}
	return ENTER(reallocarray, (long)memory, (long)count, (long)bytes);
}

CRASH__EXPORT int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
	long args[6] = {(long)memory, (long)alignment, (long)bytes, ENOMEM};
	int saved = errno;
	void *made = enter(CRASH__CALL_posix_memalign, args, make_posix_memalign, CRASH__CALLER());

	errno = saved; /* which it does not set */
	if (!made && args[3])
		return (int)args[3];
	*memory = made;
	return 0;
}

CRASH__EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
	return ENTER(aligned_alloc, (long)alignment, (long)bytes);
}

CRASH__EXPORT void *memalign(size_t alignment, size_t bytes)
{
	return ENTER(memalign, (long)alignment, (long)bytes);
}

CRASH__EXPORT void *valloc(size_t bytes)
{
	return ENTER(valloc, (long)bytes);
}

CRASH__EXPORT void *pvalloc(size_t bytes)
{
	return ENTER(pvalloc, (long)bytes);
}

/* ------------------------------------------------------------------ giving up */

static void say_abort(void)
{
	find();
	if (crash__allocations_abort)
		crash__allocations_abort();
}

/* Libc's own, where it finds its memory damaged, does not come here. */
CRASH__EXPORT _Noreturn void abort(void)
{
	say_abort();
	if (real.abort)
		real.abort();
	_exit(127);
}

CRASH__EXPORT _Noreturn void __assert_fail(const char *text, const char *file, unsigned int line,
					   const char *function)
{
	say_abort();
	if (real.assert_fail)
		real.assert_fail(text, file, line, function);
	_exit(127);
}
