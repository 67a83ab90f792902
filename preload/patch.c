/* SPDX-License-Identifier: MIT */
/*
 * patch.c - the system calls inside libc.
 *
 * Method. stdio, mkstemp's relatives, syslog, getaddrinfo: much of libc enters the kernel without
 * calling an exported function, so no wrapper sees it. In glibc such a place reads
 *
 *	b8 NN NN NN NN    mov $number, %eax
 *	0f 05             syscall
 *
 * and the five bytes of the mov have room for a jump. It leads to a few instructions near libc that
 * load the number and the address behind the syscall, and go on to crash__site_entry(). Nothing else
 * is changed, nothing is disassembled, and a place that looks different is left alone: the seccomp
 * filter reports it, or the run says that it may have missed something. No other thread exists yet.
 */
#include "preload/shim.h"

#include <emmintrin.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SITE_BYTES 7 /* mov and syscall */
#define JUMP_BYTES 5
#define THUNK_BYTES 24
#define MOST_SITES 160

struct libc {
	unsigned char *start, *end; /* of its code */
	uint64_t bias;
};

static int find_libc(struct dl_phdr_info *info, size_t size, void *context)
{
	struct libc *libc = context;
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	if (!base || strcmp(base, "/libc.so.6") != 0)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
			continue;
		libc->bias = info->dlpi_addr;
		libc->start = (unsigned char *)(info->dlpi_addr + header->p_vaddr);
		libc->end = libc->start + header->p_memsz;
		return 1;
	}
	return 0;
}

/* The calls that are redirected: ops, and those that crash__other_call() wants to see. */
static bool is_wanted(uint32_t number)
{
	static const uint16_t others[] = {
		SYS_close, SYS_dup2, SYS_dup3,	 SYS_close_range, SYS_fcntl,  SYS_execve,   SYS_execveat,
		SYS_prctl, SYS_seccomp, SYS_mmap, SYS_munmap,	  SYS_mremap, SYS_mprotect,
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] == number)
			return true;
	return crash__call_of_number(number) >= 0;
}

/* Which of the next 16 bytes begin a syscall instruction. Each program that starts waits until all of libc was looked at. */
static unsigned int syscalls_at(const unsigned char *at, const unsigned char *end)
{
	__m128i first, second;
	unsigned int found = 0;

	if (end - at < 17) {
		for (unsigned int i = 0; at + i + 2 <= end; i++)
			found |= (unsigned int)(at[i] == 0x0f && at[i + 1] == 0x05) << i;
		return found;
	}
	first = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)at), _mm_set1_epi8(0x0f));
	second = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(at + 1)), _mm_set1_epi8(0x05));
	return (unsigned int)_mm_movemask_epi8(_mm_and_si128(first, second));
}

static bool is_site(const unsigned char *site)
{
	uint32_t number;

	memcpy(&number, site + 1, sizeof number);
	return site[0] == 0xb8 && number < 1024 && is_wanted(number);
}

static unsigned int find_sites(const struct libc *libc, uint32_t *sites)
{
	unsigned int count = 0;

	for (const unsigned char *at = libc->start + JUMP_BYTES; at < libc->end; at += 16)
		for (unsigned int found = syscalls_at(at, libc->end); found; found &= found - 1) {
			const unsigned char *site = at + __builtin_ctz(found) - JUMP_BYTES;

			if (is_site(site) && count < MOST_SITES)
				sites[count++] = (uint32_t)(site - libc->start);
		}
	return count;
}

/* Memory that a jump of 32 bits reaches from all of libc's code. */
static unsigned char *near_memory(const struct libc *libc, size_t bytes)
{
	for (uintptr_t distance = 1 << 20; distance < 1u << 30; distance += 16 << 20) {
		unsigned char *hint = libc->start - distance;
		void *memory = mmap(hint, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return NULL;
		if (llabs((long long)((unsigned char *)memory - libc->start)) < 1 << 30)
			return memory;
		munmap(memory, bytes);
	}
	return NULL;
}

/* Not memcpy(): libc may be out of order at this moment. */
static void put32(unsigned char *at, intptr_t value)
{
	struct {
		int32_t value;
	} __attribute__((packed)) volatile *place = (void *)at;

	place->value = (int32_t)value;
}

/*
 *	lea behind(%rip), %rcx	48 8d 0d ....
 *	mov $number, %eax	b8 ....
 *	jmp *entry(%rip)	ff 25 ....
 */
static void write_thunk(unsigned char *thunk, const unsigned char *site, const unsigned char *entry)
{
	memcpy(thunk, "\x48\x8d\x0d", 3);
	put32(thunk + 3, site + SITE_BYTES - (thunk + 7));
	memcpy(thunk + 7, site, JUMP_BYTES); /* the mov as it was */
	memcpy(thunk + 12, "\xff\x25", 2);
	put32(thunk + 14, entry - (thunk + 18));
}

static void write_jump(unsigned char *site, const unsigned char *thunk)
{
	site[0] = 0xe9;
	put32(site + 1, thunk - (site + JUMP_BYTES));
}

unsigned int crash__patch_libc(struct crash__control *control)
{
	struct libc libc = {0};
	uint32_t sites[MOST_SITES];
	unsigned int count;
	unsigned char *thunks;
	uintptr_t first, bytes;
	void (*entry)(void) = crash__site_entry;

	if (!(control->mode & CRASH__MODE_PATCH) || !dl_iterate_phdr(find_libc, &libc))
		return 0;
	count = find_sites(&libc, sites);
	thunks = count ? near_memory(&libc, 8 + count * THUNK_BYTES) : NULL;
	if (!thunks)
		return 0;
	first = (uintptr_t)libc.start & ~(uintptr_t)4095;
	bytes = ((uintptr_t)libc.end + 4095 - first) & ~(uintptr_t)4095;
	memcpy(thunks, &entry, sizeof entry);
	for (unsigned int i = 0; i < count; i++)
		write_thunk(thunks + 8 + i * THUNK_BYTES, libc.start + sites[i], thunks);
	if (mprotect(thunks, 8 + count * THUNK_BYTES, PROT_READ | PROT_EXEC) < 0)
		return 0;
	/* From here to the second mprotect libc cannot run: only our own instructions do. */
	if (crash__syscall(SYS_mprotect, (long[6]){(long)first, (long)bytes, PROT_READ | PROT_WRITE}) < 0)
		return 0;
	for (unsigned int i = 0; i < count; i++)
		write_jump(libc.start + sites[i], thunks + 8 + i * THUNK_BYTES);
	crash__sys3(SYS_mprotect, (long)first, (long)bytes, PROT_READ | PROT_EXEC);
	return count;
}
