/* SPDX-License-Identifier: MIT */
/*
 * call.h - the families and calls of families.def and calls.def as numbers, names and tables.
 *
 * No allocation, no locks, async-signal-safe: this is used inside other people's processes.
 */
#ifndef CRASH_CALL_H
#define CRASH_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum crash__family {
#define FAMILY(ENUM, name, sentence) CRASH__FAMILY_##ENUM,
#include "families.def"
#undef FAMILY
	CRASH__FAMILIES,
	CRASH__IO_FAMILIES = CRASH__FAMILY_READ, /* those of ops come first */
	/* every op of the families above; only in rules, never the family of a call */
	CRASH__FAMILY_IO = CRASH__FAMILIES,
};

/* A call's name: what libc or the kernel calls it. Kernel calls come first, in a row of their own. */
enum crash__call {
#define CALL(name, ...) CRASH__CALL_##name,
#define RAW(name, ...) CRASH__CALL_##name,
#define MEMORY(name, ...) CRASH__CALL_##name,
#define TWIN(...)
#define ALIAS(...)
#define OWN(...)
#define HAND(...)
#include "calls.def"
#undef CALL
#undef RAW
#undef MEMORY
#undef TWIN
#undef OWN
	CRASH__KERNEL_CALLS,
	CRASH__LAST_KERNEL_CALL = CRASH__KERNEL_CALLS - 1,
#define CALL(...)
#define RAW(...)
#define MEMORY(...)
#define TWIN(symbol, ...) CRASH__CALL_##symbol,
#define OWN(symbol, ...) CRASH__CALL_##symbol,
#include "calls.def"
#undef TWIN
#undef OWN
	CRASH__FIRST_INPUT,
	CRASH__LAST_NAME = CRASH__FIRST_INPUT - 1,
#define TWIN(...)
#define OWN(...)
#define INPUT(name, ...) CRASH__CALL_##name,
#include "calls.def"
	CRASH__FIRST_ALLOCATION,
	CRASH__LAST_INPUT = CRASH__FIRST_ALLOCATION - 1,
#define ALLOCATION(name, ...) CRASH__CALL_##name,
#include "calls.def"
#undef CALL
#undef RAW
#undef MEMORY
#undef TWIN
#undef ALIAS
#undef OWN
#undef HAND
	CRASH__CALLS,
};

/** The ways in which a call can fail: faults.def. */
enum crash__fault {
#define FAULT(name, ...) CRASH__FAULT_##name,
#include "faults.def"
#undef FAULT
	CRASH__FAULTS,
};

/** Sets of these, for the column `fails` of calls.def. */
enum crash__fails {
#define FAULT(name, ...) CRASH__FAILS_##name = 1 << CRASH__FAULT_##name,
#include "faults.def"
#undef FAULT
	CRASH__FAILS_CHANGE = CRASH__FAILS_EIO | CRASH__FAILS_EROFS, /* what needs no space */
	CRASH__FAILS_SPACE = CRASH__FAILS_CHANGE | CRASH__FAILS_ENOSPC | CRASH__FAILS_EDQUOT,
	CRASH__FAILS_SIZE = CRASH__FAILS_CHANGE | CRASH__FAILS_EINTR,
	CRASH__FAILS_SYNC = CRASH__FAILS_SPACE | CRASH__FAILS_EINTR,
	CRASH__FAILS_DATA = CRASH__FAILS_SYNC | CRASH__FAILS_SHORT,
	CRASH__FAILS_OPEN = CRASH__FAILS_SYNC | CRASH__FAILS_EMFILE,
};

struct crash__fault_info {
	const char *name, *sentence;
};

extern const struct crash__fault_info crash__faults[CRASH__FAULTS];

/**
 * Which arguments of a kernel call say what; each is counted from 1, and 0 means "has none".
 * `offset` is the offset itself, `offset_at` and `from_offset` point to one (or are NULL: the file
 * position). `owner` is followed by the group, and the `value` of an extended attribute by its length.
 * `nofollow` is not an argument: the call never follows a final symbolic link. Nor is `fails`: in which ways
 * the call can fail on a real system, a set of enum crash__fails.
 */
struct crash__where {
	uint8_t fd, from;
	uint8_t dirfd, path, todirfd, to;
	uint8_t buf, bytes, iov, count, iocbs;
	uint8_t offset, offset_at, from_offset;
	uint8_t size, flags, mode, how, request, text, address;
	uint8_t owner, times, name, value;
	uint8_t nofollow;
	uint8_t fails;
};

/* The number of what is no system call. Nor are others from CRASH__KERNEL_NUMBERS on: common/machine.h. */
#define CRASH__NO_NUMBER 0xffffu

struct crash__call_info {
	const char *name;
	const char *sentence;
	uint16_t kernel; /* the enum crash__call of the kernel's call; itself for a kernel call */
	uint16_t number; /* the kernel's call number, one of the machine's own, or CRASH__NO_NUMBER */
	uint8_t family;
	bool cancel; /* a cancellation point */
	struct crash__where where;
};

struct crash__family_info {
	const char *name;
};

extern const struct crash__call_info crash__calls[CRASH__CALLS];
extern const struct crash__family_info crash__families[CRASH__FAMILIES];

/** The name of a family, "io" for CRASH__FAMILY_IO. */
const char *crash__family_name(unsigned int family);

/** The family of that name, or -1. */
int crash__family_find(const char *name, size_t length);

/** The call of that name, or -1. */
int crash__call_find(const char *name, size_t length);

/** The kernel call with that number that may be an op, or -1. */
int crash__call_of_number(long number);

/** The one that is none and that rules may name all the same, or -1. */
int crash__input_of_number(long number);

/**
 * Whether after such a call what is known of names may not hold any more: an open file or directory may have
 * another one, and what was no symbolic link may be one. A name that is only taken away leads nowhere.
 */
static inline bool crash__moves_names(const struct crash__call_info *call)
{
	return call->family == CRASH__FAMILY_RENAME || call->family == CRASH__FAMILY_LINK;
}

/**
 * Whether this call with these arguments may change storage at all: an open without O_CREAT,
 * O_TRUNC or O_TMPFILE does not, nor do most ioctl() (ioctl_request.h). `open_flags` are the flags
 * where the call keeps them in memory (openat2), otherwise ignored.
 */
bool crash__call_changes(const struct crash__call_info *call, const long args[6], uint64_t open_flags);

/** Whether what is written through a descriptor with these flags (O_SYNC, O_DSYNC) is a sync as well. */
bool crash__open_flags_sync(long flags);

/** Whether what is written through a descriptor with these flags goes past the page cache (O_DIRECT). */
bool crash__open_flags_direct(long flags);

/**
 * Whether this call with these arguments is a write that syncs what it writes: through a descriptor that does
 * so (`descriptor_syncs`), or by a flag of its own (RWF_SYNC, RWF_DSYNC). Stores to a mapping never do.
 */
bool crash__call_syncs(const struct crash__call_info *kernel, const long args[6], bool descriptor_syncs);

/** Whether this call is a write that goes past the page cache, because the descriptor does so. */
bool crash__call_is_direct(const struct crash__call_info *kernel, bool descriptor_direct);

/** Whether this write goes to the end of its file, whatever offset it names. Stores to a mapping never do. */
bool crash__call_appends(const struct crash__call_info *kernel, const long args[6], bool descriptor_appends);

/** Whether a kernel call writes a number of bytes, which it returns: a clone does not. */
static inline bool crash__call_has_bytes(const struct crash__call_info *kernel)
{
	return kernel->family == CRASH__FAMILY_WRITE && !kernel->where.request;
}

/** Whether a call may make a file shorter. `open_flags` are those of a call that opens. */
bool crash__call_cuts(const struct crash__call_info *kernel, uint64_t open_flags);

struct file_clone_range;

/**
 * Access and modification time as utimensat() has them, from what a kernel call was given: seconds,
 * microseconds or nanoseconds. NULL leaves them what they are.
 */
void crash__call_times(unsigned int kernel, const int64_t *given, struct timespec times[2]);

/** How many bytes FICLONERANGE, or FICLONE with a range of zeros, takes from a file of `size` bytes. */
uint64_t crash__clone_bytes(const struct file_clone_range *range, uint64_t size);

/** The argument that `where` names (counted from 1), or 0 where it has none. */
static inline long crash__arg(const long args[6], uint8_t position)
{
	return position ? args[position - 1] : 0;
}

#endif
