/* SPDX-License-Identifier: MIT */
/*
 * allocation.c - memory that the program asks for: counted, and refused where a rule says so.
 *
 * Method. The functions are those of preload/alloc/, a module of its own. Each call of them comes here with a
 * function that makes it, and goes the way of an op, but that there is no file. Only the program's count:
 * not what is allocated before the shim is there, by the unwinder, or by libc inside of another allocation.
 *
 * A program may allocate a million times. So where a sweep wants to know from where, not all is recorded, but
 * of each call site (crash__backtrace_site()) the first few, and then each that has twice as many before it.
 * They are counted in the control block, for the whole tree.
 */
#include "preload/allocation.h"

#include <string.h>
#include <sys/syscall.h>

#include "common/channel/channel.h"
#include "common/op_record.h"
#include "common/ring_append.h"

#define FIRST 8	      /* of each call site: so many, and then powers of 2 */
#define FAILURES 256u /* of each process that are recorded for sure; then likewise */

extern __typeof__(crash__alloc_module_serves) crash__alloc_module_serves __attribute__((weak));

static bool begun;

/* Where on the stack an allocation is being made; what comes from further in is a part of it. */
static _Thread_local uintptr_t making __attribute__((tls_model("initial-exec")));

/* ------------------------------------------------------------------ whether it is seen */

CRASH__EXPORT void crash__allocations_unseen(void)
{
	struct crash__control *control = crash__control_now();
	char path[256];
	long length;

	if (!control || !crash__control_watches_allocations(control))
		return;
	length = crash__sys3(SYS_readlink, (long)"/proc/self/exe", (long)path, sizeof path - 1);
	path[length < 0 ? 0 : length] = '\0';
	crash__control_incomplete(control, CRASH__INCOMPLETE_ALLOCATIONS, path);
}

void crash__allocations_begin(void)
{
	/* whether it serves is asked when constructors run: a malloc() may need its own */
	if (!crash__alloc_module_serves || crash__delegate)
		crash__allocations_unseen();
	begun = true;
}

/* By a handler that has left it, or by a thread that has. */
static bool is_inside(void)
{
	if (making && (uintptr_t)__builtin_frame_address(0) >= making)
		making = 0;
	return making != 0;
}

/* ------------------------------------------------------------------ what is recorded */

static bool is_in_turn(uint64_t number, uint64_t first)
{
	return number <= first || (number & (number - 1)) == 0;
}

/* How often the tree has been there, this time included; 0: there is no room. */
static uint64_t count_site(struct crash__control *control, uint64_t site)
{
	for (uint32_t i = 0; i < CRASH__ALLOCATION_SITES; i++) {
		struct crash__allocation_site *at =
			&control->allocation_sites[(site + i) % CRASH__ALLOCATION_SITES];
		uint64_t known = 0;

		if (atomic_load_explicit(&at->site, memory_order_relaxed) == site ||
		    atomic_compare_exchange_strong(&at->site, &known, site) || known == site)
			return atomic_fetch_add_explicit(&at->count, 1, memory_order_relaxed) + 1;
	}
	crash__control_incomplete(control, CRASH__INCOMPLETE_ALLOCATION_SITES, NULL);
	return 0;
}

static bool is_representative(struct crash__op *op)
{
	uint64_t site = crash__backtrace_site(op->control, op->caller), count = count_site(op->control, site);

	op->args[4] = (long)site;
	op->args[5] = (long)count;
	return count && is_in_turn(count, FIRST);
}

static bool is_recorded(struct crash__op *op)
{
	static _Atomic uint64_t failures;
	uint32_t mode = op->control->mode;
	bool due = false;

	if (!(mode & CRASH__MODE_RECORD))
		return false;
	if (mode & CRASH__MODE_ALLOCATION_SITES)
		due = is_representative(op);
	if (op->flags & CRASH__OP_FAILED)
		due |= is_in_turn(atomic_fetch_add(&failures, 1) + 1, FAILURES);
	return due || (mode & CRASH__MODE_ALLOCATIONS) || (op->flags & CRASH__OP_LOGGED);
}

/* ------------------------------------------------------------------ the whole way */

static void *make_it(crash__make_allocation *make, long args[6])
{
	void *memory;

	making = (uintptr_t)__builtin_frame_address(0);
	memory = make(args);
	making = 0;
	return memory;
}

static uint64_t rules_of(struct crash__op *op)
{
	struct crash__control *control = op->control;

	op->occurrence = atomic_fetch_add_explicit(&control->family_hits[CRASH__FAMILY_ALLOC], 1,
						   memory_order_relaxed) +
			 1;
	op->call_occurrence =
		atomic_fetch_add_explicit(&control->call_hits[op->call], 1, memory_order_relaxed) + 1;
	return crash__plan_rules_of(&control->plan, op->call);
}

static void *take(struct crash__op *op, uint64_t rules, crash__make_allocation *make, long args[6])
{
	struct crash__decision decision = crash__act_before(op, CRASH__NATURE_CALL, rules);
	bool fails = decision.making == CRASH__MAKES_NOTHING;
	void *memory = NULL;
	int left;

	if (is_recorded(op))
		crash__record_op(op);
	errno = fails ? ENOMEM : errno;
	if (!fails)
		memory = make_it(make, args);
	left = errno;
	crash__record_end(op, memory ? 0 : -ENOMEM);
	crash__act_after(op, &decision, memory ? 0 : -ENOMEM);
	errno = left;
	return memory;
}

CRASH__EXPORT void *crash__allocate(unsigned int call, long args[6], crash__make_allocation *make,
				    const struct crash__caller *caller)
{
	struct crash__op op = {.name = &crash__calls[call],
			       .kernel = &crash__calls[call],
			       .caller = caller,
			       .call = call,
			       .family = CRASH__FAMILY_ALLOC,
			       .route = CRASH__ROUTE_SYMBOL};
	static _Atomic bool left_out;
	uint64_t rules;
	int saved = errno;

	if (begun && !crash__me.unwinding && !is_inside())
		op.control = crash__control_now();
	if (op.control && __builtin_expect(crash__delegate, 0) && !atomic_exchange(&left_out, true))
		crash__allocations_unseen();
	if (!op.control || crash__delegate)
		return make(args);
	memcpy(op.args, args, sizeof op.args);
	rules = rules_of(&op);
	if (!rules && !(op.control->mode & CRASH__MODE_RECORD))
		return make_it(make, args);
	errno = saved;
	return take(&op, rules, make, args);
}

/* Programs that give up so when there is no memory are told from those that fall over it. */
CRASH__EXPORT void crash__allocations_abort(void)
{
	static const char key[] = CRASH__NOTE_ABORT;
	struct crash__line line = {.text = key, .length = sizeof key - 1, .value = ""};
	struct crash__control *control = begun ? crash__control_now() : NULL;

	if (control && !crash__delegate)
		crash__record_note(control, &line);
}
