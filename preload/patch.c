/* SPDX-License-Identifier: MIT */
/*
 * patch.c - the system calls inside libc.
 *
 * Method. stdio, mkstemp's relatives, syslog, getaddrinfo: much of libc enters the kernel without
 * calling an exported function, so no wrapper sees it. Such places are found by how their instructions look
 * (machine_code.c), and a jump is put there. It leads to a few instructions near libc that load the number
 * and the address behind the system call, and go on to crash__site_entry(). Nothing else is changed, nothing
 * is disassembled, and a place that looks different is left alone: the seccomp filter reports it, or the run
 * says that it may have missed something. No other thread exists yet.
 *
 * To look for them takes longer than all else that the shim does when a program starts. So the first
 * process of a tree leaves a note in the control block, with a sum over what it found and over the build
 * id of the libc where it did. Who has another libc, or finds the note damaged, looks for itself.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/numbers.h"

struct libc {
	unsigned char *start, *end; /* of its code */
	uint64_t sum;		    /* of its build id; 0: it has none */
};

static uint64_t add_to_sum(uint64_t sum, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < count; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	return sum;
}

static uint64_t sum_of_build_id(const unsigned char *notes, size_t size)
{
	const ElfW(Nhdr) * note;

	for (size_t at = 0; at + sizeof *note <= size;) {
		note = (const void *)(notes + at);
		at += sizeof *note + ((note->n_namesz + 3) & ~3u);
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && at + note->n_descsz <= size)
			return add_to_sum(0xcbf29ce484222325, notes + at, note->n_descsz);
		at += (note->n_descsz + 3) & ~3u;
	}
	return 0;
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *context)
{
	struct libc *libc = context;
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	if (!base || strcmp(base, "/libc.so.6") != 0)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		unsigned char *start = (unsigned char *)(info->dlpi_addr + header->p_vaddr);

		if (header->p_type == PT_NOTE && !libc->sum)
			libc->sum = sum_of_build_id(start, header->p_memsz);
		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
			continue;
		libc->start = start;
		libc->end = start + header->p_memsz;
	}
	return libc->start != NULL;
}

/* The calls that are redirected: ops, and those that crash__other_call() wants to see. */
static bool is_wanted(uint32_t number)
{
	static const uint16_t others[] = {
		SYS_close,  SYS_dup2,	  SYS_dup3,	SYS_close_range,   SYS_fcntl,
		SYS_execve, SYS_execveat, SYS_prctl,	SYS_seccomp,	   SYS_mmap,
		SYS_munmap, SYS_mremap,	  SYS_mprotect, SYS_pkey_mprotect,
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] == number)
			return true;
	return crash__call_of_number(number) >= 0;
}

static unsigned int find_sites(const struct libc *libc, uint32_t *sites)
{
	return crash__code_find_calls(libc->start, libc->end, is_wanted, sites, CRASH__SITES);
}

/* ------------------------------------------------------------------ the note of the first process */

static uint64_t sum_of(const struct libc *libc, const uint32_t *sites, uint32_t count)
{
	return add_to_sum(libc->sum, sites, count * sizeof *sites);
}

static unsigned int read_note(const struct libc *libc, struct crash__sites *note, uint32_t *sites)
{
	uint32_t count = note->count;

	if (atomic_load_explicit(&note->state, memory_order_acquire) != 2 || !libc->sum ||
	    count > CRASH__SITES)
		return 0;
	memcpy(sites, note->at, count * sizeof *sites);
	if (note->sum != sum_of(libc, sites, count))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (sites[i] >= (size_t)(libc->end - libc->start) - CRASH__SITE_BYTES ||
		    !crash__code_is_call(libc->start + sites[i]))
			return 0;
	return count;
}

static void write_note(const struct libc *libc, struct crash__sites *note, const uint32_t *sites,
		       uint32_t count)
{
	uint32_t expected = 0;

	if (!libc->sum || !atomic_compare_exchange_strong(&note->state, &expected, 1))
		return;
	memcpy(note->at, sites, count * sizeof *sites);
	note->count = count;
	note->sum = sum_of(libc, sites, count);
	atomic_store_explicit(&note->state, 2, memory_order_release);
}

/* ------------------------------------------------------------------ patching */

/* Memory that a jump reaches from all of libc's code. */
static unsigned char *near_memory(const struct libc *libc, size_t bytes)
{
	for (uintptr_t distance = 1 << 20; distance < CRASH__JUMP_REACH; distance += 16 << 20) {
		unsigned char *hint = libc->start - distance;
		void *memory = mmap(hint, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return NULL;
		if (llabs((long long)((unsigned char *)memory - libc->start)) < CRASH__JUMP_REACH)
			return memory;
		munmap(memory, bytes);
	}
	return NULL;
}

unsigned int crash__patch_libc(struct crash__control *control)
{
	struct libc libc = {0};
	uint32_t sites[CRASH__SITES];
	unsigned int count;
	unsigned char *thunks;
	uintptr_t first, bytes, in_page = CRASH__PAGE - 1;
	void (*entry)(void) = crash__site_entry;

	if (!(control->mode & CRASH__MODE_PATCH) || !dl_iterate_phdr(find_libc, &libc))
		return 0;
	count = read_note(&libc, &control->sites, sites);
	if (!count) {
		count = find_sites(&libc, sites);
		write_note(&libc, &control->sites, sites, count);
	}
	thunks = count ? near_memory(&libc, 8 + count * CRASH__THUNK_BYTES) : NULL;
	if (!thunks)
		return 0;
	first = (uintptr_t)(libc.start + sites[0]) & ~in_page;
	bytes = (((uintptr_t)libc.start + sites[count - 1] + CRASH__SITE_BYTES + in_page) & ~in_page) - first;
	memcpy(thunks, &entry, sizeof entry);
	for (unsigned int i = 0; i < count; i++)
		crash__code_write_thunk(thunks + 8 + i * CRASH__THUNK_BYTES, libc.start + sites[i], thunks);
	if (mprotect(thunks, 8 + count * CRASH__THUNK_BYTES, PROT_READ | PROT_EXEC) < 0)
		return 0;
	/* From here to the second mprotect libc cannot run: only our own instructions do. */
	if (crash__syscall(SYS_mprotect, (long[6]){(long)first, (long)bytes, PROT_READ | PROT_WRITE}) < 0)
		return 0;
	for (unsigned int i = 0; i < count; i++)
		crash__code_write_jump(libc.start + sites[i], thunks + 8 + i * CRASH__THUNK_BYTES);
	crash__sys3(SYS_mprotect, (long)first, (long)bytes, PROT_READ | PROT_EXEC);
	return count;
}
