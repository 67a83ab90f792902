/* SPDX-License-Identifier: MIT */
/*
 * backtrace.c - where in the program an op comes from.
 *
 * Method. libunwind walks the stack once and tells, for each frame, where on the stack its return
 * address lies. The next time the same call site is reached at the same stack depth, it is enough to
 * look whether the same return addresses still lie in the same places: a few loads instead of
 * microseconds of unwinding, and the backtrace has a number already. Names are the runner's work.
 *
 * The unwinder takes more stack than a signal stack may have left, so it runs on one of its own. It also
 * makes calls of its own, which are none of the program's: while it runs, signals are blocked, so that
 * every call of this thread is the unwinder's, and the wrappers let them pass (crash__me.unwinding).
 */
#include "preload/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/mangled.h"
#include "preload/fork_gate.h"
#include "preload/modules.h"

#ifdef HAVE_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

#define DEPTH 48 /* frames of a backtrace that is recorded */
#define SETS 64	 /* backtraces a thread remembers, by call site and stack depth: ... */
#define WAYS 8	 /* so many that differ further out */
#define STACK_BYTES (128u << 10)
#define SITE 12 /* so many innermost frames make an allocation's site */

struct frames {
	const struct crash__caller *caller;
	uint32_t count, most;
	bool whole;  /* the outermost frame was reached */
	bool stable; /* every return address lies on the stack */
	uint64_t *addresses;
	const uint64_t **slots; /* where they lie; may be NULL */
};

struct cached {
	const void *const *on_stack;
	uint32_t number;       /* 0: it is not written down yet */
	uint32_t count, whole; /* frames; whole: also where they cannot be compared */
	uint64_t site;
	uint64_t addresses[DEPTH];
	const uint64_t *slots[DEPTH];
};

struct crash__stacks {
	struct cached cached[SETS][WAYS];
	uint32_t oldest; /* in each set; they are replaced in turn */
	uint64_t addresses[CRASH__FRAMES];
	const uint64_t *slots[CRASH__FRAMES];
	_Alignas(64) unsigned char stack[STACK_BYTES];
};

static struct crash__stacks *stacks_of_thread(void)
{
	struct crash__thread *me = crash__thread();
	long memory;

	if (me->stacks)
		return me->stacks;
	memory = crash__sys6(SYS_mmap, 0, sizeof *me->stacks, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (crash__sys_failed(memory))
		return NULL;
	return me->stacks = (struct crash__stacks *)memory;
}

#ifdef HAVE_LIBUNWIND

struct walk {
	struct frames *frames;
	unw_context_t context;
};

static void add_frame(struct frames *frames, unw_cursor_t *cursor, unw_word_t address)
{
	unw_save_loc_t place;

	if (unw_get_save_loc(cursor, UNW_REG_IP, &place) == 0 && place.type == UNW_SLT_MEMORY &&
	    frames->slots)
		frames->slots[frames->count] = (const uint64_t *)place.u.addr;
	else
		frames->stable = false;
	frames->addresses[frames->count++] = address;
}

/* Runs on the unwinder's stack. Our own frames come first and are left out. */
static void walk_frames(void *argument)
{
	struct walk *walk = argument;
	struct frames *frames = walk->frames;
	unw_cursor_t cursor;
	unw_word_t address;
	bool inside = true;
	int more = 0;

	if (unw_init_local(&cursor, &walk->context) < 0)
		return;
	while (frames->count < frames->most && (more = unw_step(&cursor)) > 0) {
		if (unw_get_reg(&cursor, UNW_REG_IP, &address) < 0 || address == 0)
			break;
		if (inside && address != (unw_word_t)frames->caller->address)
			continue;
		inside = false;
		add_frame(frames, &cursor, address);
	}
	frames->whole = more == 0;
}

static void walk_stack(struct frames *frames, struct crash__stacks *stacks)
{
	struct walk walk = {.frames = frames};
	struct crash__thread *me = crash__thread();
	uint64_t all = ~UINT64_C(0), mask;

	crash__sys6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof mask, 0, 0);
	me->unwinding = true;
	unw_getcontext(&walk.context);
	crash__on_stack(walk_frames, &walk, stacks->stack + STACK_BYTES);
	me->unwinding = false;
	crash__sys6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0, 0);
}

/*
 * libunwind asks whether an address is readable by writing the byte there to a pipe of its own. The pipe
 * would take two descriptors that the program does not expect; so there is none, and the question is
 * answered here.
 */
static long is_readable(const void *address)
{
	char byte;
	unsigned char resident;
	struct iovec local = {&byte, 1}, remote = {(void *)(uintptr_t)address, 1};
	long got = crash__sys6(SYS_process_vm_readv, crash__me.pid, (long)&local, 1, (long)&remote, 1, 0);

	if (got != -ENOSYS && got != -EPERM)
		return got;
	got = crash__sys3(SYS_mincore, (long)((uintptr_t)address & ~(uintptr_t)(CRASH__PAGE - 1)), 1,
			  (long)&resident);
	return got < 0 ? -EFAULT : 1;
}

#else

static long is_readable(const void *address)
{
	(void)address;
	return -EFAULT;
}

static void walk_stack(struct frames *frames, struct crash__stacks *stacks)
{
	(void)frames;
	(void)stacks;
}

#endif

long crash__unwinder_syscall(long number, const long args[6])
{
	if (number == SYS_write && args[2] == 1)
		return is_readable((const void *)args[1]);
	return crash__sys6(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

CRASH__EXPORT int pipe2(int fds[2], int flags)
{
	long result = 0;

	if (crash__me.unwinding)
		fds[0] = fds[1] = -1;
	else
		result = crash__sys3(SYS_pipe2, (long)fds, flags, 0);
	return (int)crash__result(result);
}

/* Fills in the frames; at least the caller is always known. */
static void unwind(struct frames *frames, struct crash__stacks *stacks)
{
	frames->count = 0;
	frames->whole = false;
	frames->stable = true;
	if (stacks && crash__fork_gate_enter()) {
		walk_stack(frames, stacks);
		crash__fork_gate_leave();
	}
	/* stores have no caller: they are found later, by another op */
	if (frames->count == 0 && frames->caller->address) {
		frames->addresses[frames->count++] = (uint64_t)frames->caller->address;
		frames->stable = false;
	}
}

/* ------------------------------------------------------------------ recorded backtraces */

static bool is_same(const struct cached *cached, const struct crash__caller *caller)
{
	if (!cached->count || cached->on_stack != caller->on_stack ||
	    cached->addresses[0] != (uint64_t)caller->address)
		return false;
	for (uint32_t i = 0; i < cached->count; i++)
		if (*cached->slots[i] != cached->addresses[i])
			return false;
	return true;
}

/* The same wherever modules are mapped. */
static uint64_t site_of(struct crash__control *control, const struct frames *frames)
{
	uint64_t site = 0;

	for (uint32_t i = 0; i < frames->count && i < SITE; i++) {
		const struct crash__module *module = crash__module_of(control, frames->addresses[i]);
		uint64_t at = module ? frames->addresses[i] - module->bias : 0;

		site = (site ^ at ^ at >> 29) * 0x9e3779b97f4a7c15u;
		site ^= site >> 32;
	}
	return site ? site : 1;
}

/* Looks where the caller was called from, or knows it already; NULL: there is no memory. */
static struct cached *find_stack(struct crash__control *control, const struct crash__caller *caller)
{
	struct crash__stacks *stacks = stacks_of_thread();
	uint64_t key = (uint64_t)caller->address * 31 + ((uint64_t)caller->on_stack >> 3);
	struct cached *set, *cached;
	struct frames frames = {.caller = caller, .most = DEPTH};

	if (!stacks)
		return NULL;
	set = stacks->cached[(key * 0x9e3779b97f4a7c15u) >> 58];
	for (int i = 0; i < WAYS; i++)
		if (is_same(&set[i], caller))
			return &set[i];
	cached = &set[stacks->oldest++ % WAYS];
	frames.addresses = stacks->addresses;
	frames.slots = stacks->slots;
	unwind(&frames, stacks);
	for (uint32_t i = 0; i < frames.count; i++)
		crash__module_of(control, frames.addresses[i]);
	cached->count = cached->number = 0;
	cached->whole = frames.count;
	cached->site = site_of(control, &frames);
	cached->on_stack = caller->on_stack;
	memcpy(cached->addresses, frames.addresses, frames.count * sizeof *frames.addresses);
	memcpy(cached->slots, frames.slots, frames.count * sizeof *frames.slots);
	if (frames.stable)
		cached->count = frames.count;
	return cached;
}

uint32_t crash__backtrace_number(struct crash__control *control, const struct crash__caller *caller)
{
	struct cached *cached = find_stack(control, caller);

	if (cached && !cached->number)
		cached->number = crash__record_stack(control, cached->addresses, cached->whole);
	return cached ? cached->number : 0;
}

uint64_t crash__backtrace_site(struct crash__control *control, const struct crash__caller *caller)
{
	const struct cached *cached = find_stack(control, caller);

	return cached ? cached->site : 1;
}

/* ------------------------------------------------------------------ the crash's backtrace */

static bool has_module(const struct crash__fired *fired, uint64_t address)
{
	for (uint32_t i = 0; i < fired->modules; i++)
		if (address >= fired->module[i].start && address < fired->module[i].end)
			return true;
	return false;
}

void crash__backtrace_fired(struct crash__fired *fired, const struct crash__caller *caller)
{
	struct frames frames = {.caller = caller, .most = CRASH__FRAMES, .addresses = fired->addresses};

	unwind(&frames, stacks_of_thread());
	fired->unwound = frames.whole;
	atomic_store(&fired->frames, frames.count);
	for (uint32_t i = 0; i < frames.count && fired->modules < CRASH__MODULES; i++)
		if (!has_module(fired, fired->addresses[i]) &&
		    crash__module_describe(fired->addresses[i], &fired->module[fired->modules]))
			fired->modules++;
}

/* ------------------------------------------------------------------ in=FUNCTION */

/* The runner has looked up where the functions that rules name are in the files it knows. */
static bool in_range(struct crash__control *control, uint32_t rule, uint64_t address)
{
	const struct crash__module *module = crash__module_of(control, address);
	uint32_t count = control->range_count;

	if (count > CRASH__RANGES) {
		crash__control_incomplete(control, CRASH__INCOMPLETE_DAMAGED, "the functions of rules");
		return false;
	}
	for (uint32_t i = 0; module && i < count; i++) {
		const struct crash__range *range = &control->ranges[i];

		if (range->rule == rule && range->inode == module->inode && range->device == module->device &&
		    address - module->bias >= range->start && address - module->bias < range->end)
			return true;
	}
	return false;
}

/* Whether the dynamic linker knows the function around an address by this name. */
static bool is_named(uint64_t address, const char *function)
{
	Dl_info info;
	bool known;

	if (!crash__fork_gate_enter())
		return false;
	known = dladdr((void *)address, &info) && info.dli_sname;
	crash__fork_gate_leave();
	return known &&
	       (strcmp(info.dli_sname, function) == 0 || crash__mangled_is(info.dli_sname, function));
}

bool crash__backtrace_has(struct crash__control *control, const struct crash__rule *rule,
			  const struct crash__caller *caller)
{
	struct crash__stacks *stacks = stacks_of_thread();
	struct frames frames = {.caller = caller, .most = CRASH__FRAMES};

	if (!stacks)
		return false;
	frames.addresses = stacks->addresses;
	unwind(&frames, stacks);
	for (uint32_t i = 0; i < frames.count; i++) {
		/* a return address belongs to the call in front of it */
		uint64_t address = frames.addresses[i] - 1;

		if (in_range(control, (uint32_t)(rule - control->plan.rules), address) ||
		    is_named(address, rule->function))
			return true;
	}
	return false;
}
