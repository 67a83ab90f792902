/* SPDX-License-Identifier: MIT */
/*
 * patch.c - the system calls inside libc.
 *
 * Method. stdio, mkstemp's relatives, syslog, getaddrinfo: much of libc enters the kernel without
 * calling an exported function, so no wrapper sees it. Such places are found by how their instructions look
 * (machine_code.c), and a jump is put there. It leads to a few instructions near libc that load the number
 * and the address behind the system call, and go on to crash__site_entry(). From glibc 2.41 on a function
 * makes the cancellable calls: its callers are found (libc_cancel.c), and led to crash__cancel_site().
 * Nothing else is changed, nothing is disassembled, and a place that looks different is left alone and
 * counted: the seccomp filter reports it, or the run says how many they are. No other thread exists yet.
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
#include "preload/libc_code.h"

#define ADDRESSES 16 /* bytes of where the thunks go on to */

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
		if (header->p_type == PT_GNU_EH_FRAME)
			libc->frames = start;
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
		SYS_munmap, SYS_mremap,	  SYS_mprotect, SYS_pkey_mprotect, SYS_madvise,
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] == number)
			return true;
	return crash__call_of_number(number) >= 0;
}

static unsigned int find_sites(struct libc *libc, uint32_t *sites)
{
	unsigned int count = crash__code_find_calls(libc, is_wanted, sites, CRASH__SITES);

	return count + crash__code_find_cancel_calls(libc, sites + count, CRASH__SITES - count);
}

/* ------------------------------------------------------------------ the note of the first process */

static uint64_t sum_of(const struct libc *libc, const struct crash__sites *note)
{
	const uint32_t facts[] = {note->count, note->cancel, note->calls, note->unplaced};

	return add_to_sum(add_to_sum(libc->sum, facts, sizeof facts), note->at,
			  note->count * sizeof *note->at);
}

static bool is_site(const struct libc *libc, uint32_t site)
{
	return site < (size_t)(libc->end - libc->start) - CRASH__SITE_BYTES && site > 0 &&
	       (crash__code_is_call(libc->start + site) || crash__code_is_cancel_call(libc, site));
}

static unsigned int read_note(struct libc *libc, const struct crash__sites *shared, uint32_t *sites)
{
	struct crash__sites note; /* ours, which nobody changes any more */

	if (atomic_load_explicit(&shared->state, memory_order_acquire) != 2 || !libc->sum)
		return 0;
	memcpy(&note, shared, sizeof note);
	if (note.count > CRASH__SITES || note.sum != sum_of(libc, &note))
		return 0;
	libc->cancel = note.cancel ? libc->start + note.cancel : NULL;
	for (uint32_t i = 0; i < note.count; i++)
		if (!is_site(libc, note.at[i]))
			return 0;
	memcpy(sites, note.at, note.count * sizeof *sites);
	libc->calls = note.calls;
	libc->unplaced = note.unplaced;
	return note.count;
}

static void write_note(const struct libc *libc, struct crash__sites *note, const uint32_t *sites,
		       uint32_t count)
{
	uint32_t expected = 0;

	if (!libc->sum || !atomic_compare_exchange_strong(&note->state, &expected, 1))
		return;
	memcpy(note->at, sites, count * sizeof *sites);
	note->count = count;
	note->cancel = libc->cancel ? (uint32_t)(libc->cancel - libc->start) : 0;
	note->calls = libc->calls;
	note->unplaced = libc->unplaced;
	note->sum = sum_of(libc, note);
	atomic_store_explicit(&note->state, 2, memory_order_release);
}

/* ------------------------------------------------------------------ patching */

/* Memory that a jump reaches from all of libc's code. */
static unsigned char *near_memory(const struct libc *libc, size_t bytes)
{
	for (uintptr_t distance = 1 << 20; distance < CRASH__JUMP_REACH; distance += 16 << 20) {
		unsigned char *hint = libc->start - distance;
		long memory = crash__sys6(SYS_mmap, (long)hint, (long)bytes, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (crash__sys_failed(memory))
			return NULL;
		if (llabs(memory - (long)libc->start) < CRASH__JUMP_REACH)
			return (unsigned char *)memory;
		crash__sys3(SYS_munmap, memory, (long)bytes, 0);
	}
	return NULL;
}

/* What the sites jump to, behind the addresses that it goes on to. */
static unsigned char *write_thunks(const struct libc *libc, const uint32_t *sites, unsigned int count)
{
	void (*entry)(void) = crash__site_entry;
	crash__cancel_function *cancel = crash__cancel_site;
	size_t bytes = ADDRESSES + count * CRASH__THUNK_BYTES;
	unsigned char *memory = near_memory(libc, bytes), *thunk = memory + ADDRESSES;

	if (!memory)
		return NULL;
	memcpy(memory, &entry, sizeof entry);
	memcpy(memory + sizeof entry, &cancel, sizeof cancel);
	for (unsigned int i = 0; i < count; i++, thunk += CRASH__THUNK_BYTES)
		if (crash__code_is_call(libc->start + sites[i]))
			crash__code_write_thunk(thunk, libc->start + sites[i], memory);
		else
			crash__code_write_cancel_thunk(thunk, memory + sizeof entry);
	if (crash__sys_failed(crash__sys3(SYS_mprotect, (long)memory, (long)bytes, PROT_READ | PROT_EXEC)))
		return NULL;
	return memory + ADDRESSES;
}

/* From the first mprotect() to the second libc cannot run: only our own instructions do. */
static bool write_sites(const struct libc *libc, const uint32_t *sites, unsigned int count,
			unsigned char *thunks)
{
	uint32_t first = sites[0], last = sites[0];
	uintptr_t start, bytes, in_page = CRASH__PAGE - 1;

	for (unsigned int i = 1; i < count; i++) {
		first = sites[i] < first ? sites[i] : first;
		last = sites[i] > last ? sites[i] : last;
	}
	start = (uintptr_t)(libc->start + first) & ~in_page;
	bytes = (((uintptr_t)libc->start + last + CRASH__SITE_BYTES + in_page) & ~in_page) - start;
	if (crash__syscall(SYS_mprotect, (long[6]){(long)start, (long)bytes, PROT_READ | PROT_WRITE}) < 0)
		return false;
	for (unsigned int i = 0; i < count; i++)
		crash__code_write_jump(libc->start + sites[i], thunks + i * CRASH__THUNK_BYTES);
	crash__sys3(SYS_mprotect, (long)start, (long)bytes, PROT_READ | PROT_EXEC);
	return true;
}

/* Programs of a tree may have different libcs: the worst of them is told of. */
static void note_unplaced(struct crash__control *control, uint32_t calls, uint32_t unplaced)
{
	uint32_t most = atomic_load(&control->libc_unplaced);

	while (unplaced > most)
		if (atomic_compare_exchange_weak(&control->libc_unplaced, &most, unplaced)) {
			atomic_store(&control->libc_calls, calls);
			return;
		}
}

unsigned int crash__patch_libc(struct crash__control *control)
{
	struct libc libc = {0};
	uint32_t sites[CRASH__SITES];
	unsigned int count;
	unsigned char *thunks;

	if (!(control->mode & CRASH__MODE_PATCH))
		return 0;
	if (!dl_iterate_phdr(find_libc, &libc)) {
		note_unplaced(control, 0, 1);
		return 0;
	}
	count = read_note(&libc, &control->sites, sites);
	if (!count) {
		count = find_sites(&libc, sites);
		write_note(&libc, &control->sites, sites, count);
	}
	crash__libc_cancel = (crash__cancel_function *)(uintptr_t)libc.cancel;
	thunks = count ? write_thunks(&libc, sites, count) : NULL;
	if (!thunks || !write_sites(&libc, sites, count, thunks)) {
		/* nor is a libc without any call one that is known */
		note_unplaced(control, libc.calls, libc.calls ? libc.unplaced + count : 1);
		return 0;
	}
	note_unplaced(control, libc.calls, libc.unplaced);
	return count;
}
