/* SPDX-License-Identifier: MIT */
#include "common/call.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "common/machine.h"
#include "common/ioctl_request.h"
#include "common/numbers.h"

const struct crash__family_info crash__families[CRASH__FAMILIES] = {
#define FAMILY(ENUM, text, about) [CRASH__FAMILY_##ENUM] = {.name = #text},
#include "families.def"
#undef FAMILY
};

const struct crash__fault_info crash__faults[CRASH__FAULTS] = {
#define FAULT(text, about) [CRASH__FAULT_##text] = {.name = #text, .sentence = about},
#include "faults.def"
#undef FAULT
};

#define CANCEL true
#define PLAIN false
#define WHERE(...)                                                                                           \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

/* The kernel call's row, with its last column wherever it stands. */
#define KERNEL_ROW(text, number_, FAMILY, where_, cancels, about)                                            \
	[CRASH__CALL_##text] = {.name = #text,                                                               \
				.sentence = about,                                                           \
				.kernel = CRASH__CALL_##text,                                                \
				.number = number_,                                                           \
				.family = CRASH__FAMILY_##FAMILY,                                            \
				.cancel = cancels,                                                           \
				.where = WHERE where_},
#define SYMBOL_ROW(symbol, of) [CRASH__CALL_##symbol] = {.name = #symbol, .kernel = CRASH__CALL_##of},

const struct crash__call_info crash__calls[CRASH__CALLS] = {
#define CALL(name, FAMILY, where, FLAGS, type, parameters, arguments, sentence)                              \
	KERNEL_ROW(name, SYS_##name, FAMILY, where, FLAGS, sentence)
#define RAW(name, FAMILY, where, FLAGS, sentence) KERNEL_ROW(name, SYS_##name, FAMILY, where, FLAGS, sentence)
#define MEMORY(name, FAMILY, where, sentence)                                                                \
	KERNEL_ROW(name, CRASH__NO_NUMBER, FAMILY, where, PLAIN, sentence)
#define TWIN(symbol, kernel, ...) SYMBOL_ROW(symbol, kernel)
#define OWN(symbol, kernel) SYMBOL_ROW(symbol, kernel)
#define INPUT(name, FAMILY, where, sentence) KERNEL_ROW(name, SYS_##name, FAMILY, where, PLAIN, sentence)
#define ALLOCATION(name, FAMILY, where, sentence)                                                            \
	KERNEL_ROW(name, CRASH__NO_NUMBER, FAMILY, where, PLAIN, sentence)
#define ALIAS(...)
#define HAND(...)
#include "calls.def"
};

const char *crash__family_name(unsigned int family)
{
	return family < CRASH__FAMILIES ? crash__families[family].name : "io";
}

static bool same(const char *text, const char *name, size_t length)
{
	return strncmp(text, name, length) == 0 && text[length] == '\0';
}

int crash__family_find(const char *name, size_t length)
{
	for (int i = 0; i < CRASH__FAMILIES; i++)
		if (same(crash__families[i].name, name, length))
			return i;
	return same("io", name, length) ? CRASH__FAMILY_IO : -1;
}

int crash__call_find(const char *name, size_t length)
{
	for (int i = 0; i < CRASH__CALLS; i++)
		if (same(crash__calls[i].name, name, length))
			return i;
	return -1;
}

int crash__call_of_number(long number)
{
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++)
		if (crash__calls[i].number == number)
			return i;
	return -1;
}

int crash__input_of_number(long number)
{
	for (int i = CRASH__FIRST_INPUT; i < CRASH__FIRST_ALLOCATION; i++)
		if (crash__calls[i].number == number)
			return i;
	return -1;
}

bool crash__call_changes(const struct crash__call_info *call, const long args[6], uint64_t open_flags)
{
	const struct crash__call_info *kernel = &crash__calls[call->kernel];

	switch (call->kernel) {
	case CRASH__CALL_open:
	case CRASH__CALL_openat:
		open_flags = (uint64_t)crash__arg(args, kernel->where.flags);
		break;
	case CRASH__CALL_openat2:
		break;
	case CRASH__CALL_ioctl:
		return crash__request_kind((unsigned long)args[1]) != CRASH__REQUEST_OTHER;
	default:
		return true;
	}
	/* O_TMPFILE contains O_DIRECTORY, which alone creates nothing. */
	return open_flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
}

bool crash__open_flags_sync(long flags)
{
	return flags >= 0 && (flags & O_DSYNC); /* O_SYNC includes the bit */
}

bool crash__open_flags_direct(long flags)
{
	return flags >= 0 && (flags & O_DIRECT);
}

bool crash__call_syncs(const struct crash__call_info *kernel, const long args[6], bool descriptor_syncs)
{
	if (kernel->family != CRASH__FAMILY_WRITE || kernel->number == CRASH__NO_NUMBER)
		return false;
	return descriptor_syncs || (kernel->kernel == CRASH__CALL_pwritev2 &&
				    (crash__arg(args, kernel->where.flags) & (RWF_DSYNC | RWF_SYNC)));
}

bool crash__call_is_direct(const struct crash__call_info *kernel, bool descriptor_direct)
{
	return descriptor_direct && kernel->family == CRASH__FAMILY_WRITE &&
	       kernel->number != CRASH__NO_NUMBER;
}

bool crash__call_appends(const struct crash__call_info *kernel, const long args[6], bool descriptor_appends)
{
	enum { NOT_APPENDING = 0x20 }; /* RWF_NOAPPEND, of Linux 6.9 */
	long flags = kernel->kernel == CRASH__CALL_pwritev2 ? crash__arg(args, kernel->where.flags) : 0;

	if (kernel->number == CRASH__NO_NUMBER)
		return false;
	return (flags & RWF_APPEND) || (descriptor_appends && !(flags & NOT_APPENDING));
}

bool crash__call_cuts(const struct crash__call_info *kernel, uint64_t open_flags)
{
	return kernel->family == CRASH__FAMILY_TRUNCATE || kernel->kernel == CRASH__CALL_creat ||
	       (kernel->family == CRASH__FAMILY_OPEN && (open_flags & O_TRUNC));
}

void crash__call_times(unsigned int kernel, const int64_t *given, struct timespec times[2])
{
	for (int i = 0; given && i < 2; i++) {
		if (kernel == CRASH__CALL_utime)
			times[i] = (struct timespec){.tv_sec = given[i]};
		else if (kernel == CRASH__CALL_utimensat)
			times[i] = (struct timespec){.tv_sec = given[2 * i], .tv_nsec = given[2 * i + 1]};
		else
			times[i] =
				(struct timespec){.tv_sec = given[2 * i], .tv_nsec = given[2 * i + 1] * 1000};
	}
}

uint64_t crash__clone_bytes(const struct file_clone_range *range, uint64_t size)
{
	uint64_t rest = range->src_offset < size ? size - range->src_offset : 0;

	return range->src_length && range->src_length < rest ? range->src_length : rest;
}
