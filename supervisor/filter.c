/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the seccomp filter: which calls the supervisor is told of.
 *
 * Method. A chain of comparisons with the call's number, in front of it two for the architecture. The
 * number is looked at before anything else, so that the kernel can find out once that the answer for
 * read, futex and all the others is always "allow" and does not run the filter for them at all. Calls
 * that are reported are let pass when they come from the shim's stub. Some are only reported with
 * arguments that change something: an open without O_CREAT does not.
 */
#include "supervisor/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/call.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define X32_BIT 0x40000000u
/* flags that make an open an op; O_TMPFILE contains O_DIRECTORY, which alone does not */
#define CREATING ((uint32_t)(O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY)))

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_AT(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define NOTIFY RETURN(SECCOMP_RET_USER_NOTIF)

static void add(struct crash__filter *filter, struct sock_filter instruction)
{
	filter->code[filter->length++] = instruction;
}

#define ADD(...) add(filter, (struct sock_filter)__VA_ARGS__)

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

/* Lets the call pass unless one of the bits is set in the argument (counted from 1). */
static void allow_without_bits(struct crash__filter *filter, uint8_t argument, uint32_t bits)
{
	ADD(LOAD_AT((uint32_t)offsetof(struct seccomp_data, args) + 8u * (argument - 1u)));
	ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
	ADD(ALLOW);
}

/* Lets every ioctl() but the two that share blocks between files pass. */
static void allow_other_requests(struct crash__filter *filter, uint8_t argument)
{
	ADD(LOAD_AT((uint32_t)offsetof(struct seccomp_data, args) + 8u * (argument - 1u)));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)FICLONE, 2, 0));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)FICLONERANGE, 1, 0));
	ADD(ALLOW);
}

/* A second listener is refused by the kernel; that the program wanted one has to be known. */
static void add_listener(struct crash__filter *filter)
{
	unsigned short jump = filter->length;

	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 0));
	allow_without_bits(filter, 2, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	ADD(NOTIFY);
	filter->code[jump].jf = (unsigned char)(filter->length - jump - 1);
}

/* Lets every mprotect() but those that make memory writable pass. */
static void add_writable_mprotect(struct crash__filter *filter, uint64_t stub)
{
	unsigned short jump = filter->length;

	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 0));
	allow_without_bits(filter, 3, PROT_WRITE);
	allow_stub(filter, stub);
	ADD(NOTIFY);
	filter->code[jump].jf = (unsigned char)(filter->length - jump - 1);
}

/* Lets every mmap() but those that share a file pass. */
static void add_shared_mmap(struct crash__filter *filter, uint64_t stub)
{
	unsigned short jump = filter->length;

	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 0));
	ADD(LOAD_AT(offsetof(struct seccomp_data, args) + 8 * 3));
	ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 1, 0));
	ADD(ALLOW);
	ADD(LOAD_AT(offsetof(struct seccomp_data, args) + 8 * 4));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1));
	ADD(ALLOW);
	allow_stub(filter, stub);
	ADD(NOTIFY);
	filter->code[jump].jf = (unsigned char)(filter->length - jump - 1);
}

/* One call that is reported; the accumulator holds the number before and after. */
static void add_call(struct crash__filter *filter, uint32_t number, const struct crash__call_info *call,
		     uint64_t stub)
{
	unsigned short jump = filter->length;

	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0));
	if (call && call->family == CRASH__FAMILY_OPEN && call->where.flags)
		allow_without_bits(filter, call->where.flags, CREATING);
	if (call && call->where.request)
		allow_other_requests(filter, call->where.request);
	allow_stub(filter, stub);
	ADD(NOTIFY);
	filter->code[jump].jf = (unsigned char)(filter->length - jump - 1);
}

/* Not ops, but the supervisor has to know: they change descriptors or roots, or lead past everything. */
static const uint16_t others[] = {SYS_close,  SYS_dup2,	SYS_dup3,   SYS_close_range, SYS_io_uring_setup,
				  SYS_chroot, SYS_pivot_root, SYS_setns, SYS_unshare};
static const uint16_t sockets[] = {SYS_sendto, SYS_sendmsg, SYS_sendmmsg};

void crash__filter_build(struct crash__filter *filter, uint64_t stub, bool acks)
{
	filter->length = 0;
	ADD(LOAD(arch));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	ADD(NOTIFY);
	ADD(LOAD(nr));
	ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	ADD(NOTIFY);
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++)
		if (crash__calls[i].number != CRASH__NO_NUMBER)
			add_call(filter, crash__calls[i].number, &crash__calls[i], stub);
	add_shared_mmap(filter, stub);
	add_writable_mprotect(filter, stub);
	add_listener(filter);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		add_call(filter, others[i], NULL, stub);
	for (size_t i = 0; acks && i < sizeof sockets / sizeof *sockets; i++)
		add_call(filter, sockets[i], NULL, stub);
	ADD(ALLOW);
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

bool crash__filter_possible(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
