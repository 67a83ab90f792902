/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the seccomp filter: which calls are sent to the supervisor.
 *
 * Method. The number of the call is searched for by halves among those that are reported; in front of that
 * are two comparisons for the architecture. The number is looked at before anything else, so that the kernel
 * can find out once that the reply for read, futex and all the others is always "allow" and does not run the
 * filter for them at all. Calls that are reported are let pass when they come from the shim's stub. Some are
 * only reported with arguments that change something: an open without O_CREAT does not. What is looked at
 * beside the number stands behind the search, once for all calls that are alike: each instruction costs every
 * program that is started the time to translate it, and conditional jumps reach 255 of them.
 */
#include "supervisor/filters/filter.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/ask.h"
#include "common/call.h"
#include "common/machine.h"
#include "common/ioctl_request.h"
#include "common/numbers.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* flags that make an open an op; O_TMPFILE contains O_DIRECTORY, which alone does not */
#define CREATING ((uint32_t)(O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY)))

#define MOST_CALLS 160
#define MOST_TOGETHER 64 /* calls in one search, so that its jumps reach */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_AT(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define NOTIFY RETURN(SECCOMP_RET_USER_NOTIF)

static void add(struct crash__filter *filter, struct sock_filter instruction)
{
	assert(filter->length < sizeof filter->code / sizeof *filter->code);
	filter->code[filter->length++] = instruction;
}

#define ADD(...) add(filter, (struct sock_filter)__VA_ARGS__)

/* How far a conditional jump from an instruction leads to what comes next: 255 at most. */
static unsigned char jump_from(const struct crash__filter *filter, unsigned short at)
{
	assert(filter->length > at && filter->length - at - 1 <= UCHAR_MAX);
	return (unsigned char)(filter->length - at - 1);
}

/* A call that is reported, and what it is let pass for. */
struct reported {
	uint32_t number;
	uint8_t argument; /* counted from 1 */
	uint32_t bits;	  /* let pass unless one of them is set in the argument; 0: whatever it is */
	void (*allow_others)(struct crash__filter *filter, uint8_t argument); /* lets more pass; or NULL */
	bool by_anybody; /* the shim's own are reported, too */
};

/* Lets calls from the stub pass. The accumulator holds something else afterwards. */
static void allow_stub(struct crash__filter *filter, uint64_t stub)
{
	if (!stub)
		return;
	ADD(LOAD_AT(offsetof(struct seccomp_data, instruction_pointer)));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)stub, 0, 3));
	ADD(LOAD_AT(offsetof(struct seccomp_data, instruction_pointer) + 4));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(stub >> 32), 0, 1));
	ADD(ALLOW);
}

static void load_argument(struct crash__filter *filter, uint8_t argument)
{
	ADD(LOAD_AT((uint32_t)offsetof(struct seccomp_data, args) + 8u * (argument - 1u)));
}

/* Lets every ioctl() pass whose type is none of those that may change files: the supervisor knows them. */
static void allow_other_requests(struct crash__filter *filter, uint8_t argument)
{
	size_t types = sizeof crash__request_types / sizeof *crash__request_types;

	load_argument(filter, argument);
	ADD(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00));
	for (size_t i = 0; i < types; i++)
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)crash__request_types[i] << 8,
			     (uint8_t)(types - i), 0));
	ADD(ALLOW);
}

/* Lets mmap() of no file pass. */
static void allow_anonymous(struct crash__filter *filter, uint8_t argument)
{
	load_argument(filter, (uint8_t)(argument + 1)); /* the descriptor is behind the flags */
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1));
	ADD(ALLOW);
}

/* Lets every prctl() pass that puts no filter in place. */
static void allow_other_options(struct crash__filter *filter, uint8_t argument)
{
	load_argument(filter, argument);
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 1, 0));
	ADD(ALLOW);
}

/* Lets every madvise() pass that makes no hole. */
static void allow_other_advice(struct crash__filter *filter, uint8_t argument)
{
	load_argument(filter, argument);
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_REMOVE, 1, 0));
	ADD(ALLOW);
}

/*
 * Not ops, but the supervisor has to know: they change descriptors or roots, make a file memory, lead past
 * everything, or put a filter beside ours.
 */
static const struct reported others[] = {
	{.number = SYS_close},
	{.number = SYS_dup2},
	{.number = SYS_dup3},
	{.number = SYS_close_range},
	{.number = SYS_io_uring_setup},
	{.number = SYS_chroot, .by_anybody = true},
	{.number = SYS_pivot_root, .by_anybody = true},
	{.number = SYS_setns, .by_anybody = true},
	{.number = SYS_mount, .by_anybody = true},
	{.number = SYS_umount2, .by_anybody = true},
	{.number = SYS_move_mount, .by_anybody = true},
	{.number = SYS_fsmount, .by_anybody = true},
	{.number = SYS_open_tree, .argument = 3, .bits = OPEN_TREE_CLONE, .by_anybody = true},
	{.number = SYS_unshare, .argument = 1, .bits = CLONE_NEWNS | CLONE_NEWUSER, .by_anybody = true},
	{.number = SYS_open_by_handle_at, .argument = 3, .bits = O_TRUNC, .by_anybody = true},
	{.number = SYS_remap_file_pages, .by_anybody = true},
	{.number = SYS_setxattrat, .by_anybody = true},
	{.number = SYS_removexattrat, .by_anybody = true},
	{.number = SYS_mmap, .argument = 4, .bits = MAP_SHARED, .allow_others = allow_anonymous},
	{.number = SYS_mprotect, .argument = 3, .bits = PROT_WRITE},
	{.number = SYS_pkey_mprotect, .argument = 3, .bits = PROT_WRITE},
	{.number = SYS_mremap},
	{.number = SYS_madvise, .argument = 3, .allow_others = allow_other_advice},
	{.number = SYS_seccomp, .argument = 1, .bits = SECCOMP_SET_MODE_FILTER, .by_anybody = true},
	{.number = SYS_prctl, .argument = 1, .allow_others = allow_other_options, .by_anybody = true},
};
_Static_assert(CRASH__ASK &SECCOMP_SET_MODE_FILTER, "what the shim asks has to be reported");

bool crash__changes_places(int number)
{
	switch (number) {
	case SYS_chroot:
	case SYS_pivot_root:
	case SYS_setns:
	case SYS_mount:
	case SYS_umount2:
	case SYS_move_mount:
	case SYS_fsmount:
	case SYS_open_tree:
	case SYS_unshare:
		return true;
	}
	return false;
}

/* What tells the outside something, and is no op in any case. */
static const uint16_t sends[] = {SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_vmsplice, SYS_tee};

_Static_assert(CRASH__KERNEL_CALLS + CRASH__FIRST_ALLOCATION - CRASH__FIRST_INPUT +
			       sizeof others / sizeof *others + sizeof sends / sizeof *sends <=
		       MOST_CALLS,
	       "there is room for all calls");

static struct reported report_of(const struct crash__call_info *call)
{
	struct reported reported = {.number = call->number};

	if (call->family == CRASH__FAMILY_OPEN && call->where.flags) {
		reported.argument = call->where.flags;
		reported.bits = CREATING;
	}
	if (call->where.request) {
		reported.argument = call->where.request;
		reported.allow_others = allow_other_requests;
	}
	return reported;
}

static int by_number(const void *a, const void *b)
{
	const struct reported *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static unsigned int list_calls(struct reported calls[MOST_CALLS], bool acks, const struct crash__plan *plan)
{
	unsigned int count = 0;

	for (int i = 0; i < CRASH__KERNEL_CALLS; i++)
		if (crash__calls[i].number < CRASH__KERNEL_NUMBERS)
			calls[count++] = report_of(&crash__calls[i]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].number < CRASH__KERNEL_NUMBERS)
			calls[count++] = others[i];
	for (size_t i = 0; acks && i < sizeof sends / sizeof *sends; i++)
		calls[count++] = (struct reported){.number = sends[i]};
	/* close is reported in any case */
	for (int i = CRASH__FIRST_INPUT; i < CRASH__FIRST_ALLOCATION; i++)
		if (i != CRASH__CALL_close && crash__plan_names(plan, crash__calls[i].family))
			calls[count++] = (struct reported){.number = crash__calls[i].number};
	qsort(calls, count, sizeof *calls, by_number);
	for (unsigned int i = 1; i < count; i++)
		assert(calls[i - 1].number < calls[i].number); /* each is found in one place */
	return count;
}

/* The search; where each call's number is compared is left in `at`, its jumps are still open. */
static void add_search(struct crash__filter *filter, const struct reported *calls, unsigned int count,
		       unsigned short *at)
{
	unsigned int half = count / 2;
	unsigned short jump = filter->length;

	if (count == 1) {
		*at = jump;
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls->number, 0, 0));
		return;
	}
	ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, calls[half].number, 0, 0));
	add_search(filter, calls, half, at);
	filter->code[jump].jt = jump_from(filter, jump);
	add_search(filter, calls + half, count - half, at + half);
}

static bool are_alike(const struct reported *a, const struct reported *b)
{
	return a->argument == b->argument && a->bits == b->bits && a->allow_others == b->allow_others &&
	       a->by_anybody == b->by_anybody;
}

/* What is looked at beside the number. */
static void add_rest(struct crash__filter *filter, const struct reported *call, uint64_t stub)
{
	if (call->bits) {
		load_argument(filter, call->argument);
		ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, call->bits, 1, 0));
		ADD(ALLOW);
	}
	if (call->allow_others)
		call->allow_others(filter, call->argument);
	if (!call->by_anybody)
		allow_stub(filter, stub);
	ADD(NOTIFY);
}

/* A search, and behind it what it leads to. The accumulator holds the number. */
static void add_calls(struct crash__filter *filter, const struct reported *calls, unsigned int count,
		      uint64_t stub)
{
	unsigned short at[MOST_TOGETHER], jump = filter->length;
	unsigned int half = count / 2;

	if (count > MOST_TOGETHER) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, calls[half].number, 0, 1));
		ADD(BPF_STMT(BPF_JMP | BPF_JA, 0));
		add_calls(filter, calls, half, stub);
		filter->code[jump + 1].k = filter->length - jump - 2u;
		add_calls(filter, calls + half, count - half, stub);
		return;
	}
	add_search(filter, calls, count, at);
	for (unsigned int i = 0; i < count; i++)
		filter->code[at[i]].jf = jump_from(filter, at[i]);
	ADD(ALLOW);
	for (unsigned int i = 0; i < count; i++) {
		if (filter->code[at[i]].jt)
			continue;
		for (unsigned int j = i; j < count; j++)
			if (are_alike(&calls[i], &calls[j]))
				filter->code[at[j]].jt = jump_from(filter, at[j]);
		add_rest(filter, &calls[i], stub);
	}
}

void crash__filter_build(struct crash__filter *filter, uint64_t stub, bool acks,
			 const struct crash__plan *plan)
{
	struct reported calls[MOST_CALLS];
	unsigned int count = list_calls(calls, acks, plan);

	filter->length = 0;
	ADD(LOAD(arch));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CRASH__AUDIT_ARCH, 1, 0));
	ADD(NOTIFY);
	ADD(LOAD(nr));
	ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, CRASH__OTHER_ABI, 0, 1));
	ADD(NOTIFY);
	add_calls(filter, calls, count, stub);
}

void crash__filter_build_channel(struct crash__filter *filter, uint64_t stub)
{
	static const struct reported calls[] = {{.number = SYS_write}, {.number = SYS_writev}};

	_Static_assert(SYS_write < SYS_writev, "they are searched for");
	filter->length = 0;
	ADD(LOAD(arch));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CRASH__AUDIT_ARCH, 1, 0));
	ADD(ALLOW);
	ADD(LOAD(nr));
	ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, CRASH__OTHER_ABI, 0, 1));
	ADD(ALLOW);
	add_calls(filter, calls, sizeof calls / sizeof *calls, stub);
}

int crash__filter_install(const struct crash__filter *filter)
{
	struct sock_fprog program = {filter->length, (struct sock_filter *)(uintptr_t)filter->code};
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
			      SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	/*
	 * Without the right to do it as it is, promise that no program gains rights by exec. Those that
	 * may, as root, do not: setuid programs go on to work.
	 */
	if (listener < 0 && errno == EACCES) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	}
	return listener < 0 ? -errno : (int)listener;
}

bool crash__filter_takes_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &header, data) < 0 || !(data[0].effective & (1u << CAP_SYS_ADMIN));
}

bool crash__filter_possible(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
