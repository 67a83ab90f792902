/* SPDX-License-Identifier: MIT */
/*
 * machine_code.c - how a system call of glibc looks on x86-64, and what it is replaced by.
 *
 *	b8 NN NN NN NN    mov $number, %eax
 *	0f 05             syscall
 *
 * The five bytes of the mov have room for a jump, which leads into all of the 32-bit distance.
 */
#include <emmintrin.h>
#include <string.h>
#include <ucontext.h>

#define JUMP_BYTES 5
#define MOV 0xb8

/* Which of the next 16 bytes begin a syscall instruction. Each program that starts waits until all of libc
 * was looked at. */
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

/* A prefix would make the mov one to another register. */
bool crash__code_is_call(const unsigned char *site)
{
	return site[0] == MOV && site[3] == 0 && site[4] == 0 && site[5] == 0x0f && site[6] == 0x05 &&
	       (site[-1] & 0xf0) != 0x40;
}

unsigned int crash__code_find_calls(struct libc *libc, bool (*wanted)(uint32_t number), uint32_t *sites,
				    unsigned int most)
{
	unsigned int count = 0;

	for (const unsigned char *at = libc->start + 1 + JUMP_BYTES; at < libc->end; at += 16)
		for (unsigned int found = syscalls_at(at, libc->end); found; found &= found - 1) {
			const unsigned char *site = at + __builtin_ctz(found) - JUMP_BYTES;
			bool known = crash__code_is_call(site);

			libc->calls++;
			if (known && !wanted(site[1] + site[2] * 256u))
				continue;
			if (known && count < most)
				sites[count++] = (uint32_t)(site - libc->start);
			else
				libc->unplaced++;
		}
	return count;
}

/* Not memcpy(): libc may be out of order at this moment. */
static void put32(unsigned char *at, intptr_t value)
{
	struct {
		int32_t value;
	} __attribute__((packed)) volatile *place = (void *)at;

	place->value = (int32_t)value;
}

static void write_indirect_jump(unsigned char *at, const unsigned char *address)
{
	memcpy(at, "\xff\x25", 2);
	put32(at + 2, address - (at + 6));
}

/*
 *	lea behind(%rip), %rcx	48 8d 0d ....
 *	mov $number, %eax	b8 ....
 *	jmp *entry(%rip)	ff 25 ....
 */
void crash__code_write_thunk(unsigned char *thunk, const unsigned char *site, const unsigned char *entry)
{
	memcpy(thunk, "\x48\x8d\x0d", 3);
	put32(thunk + 3, site + CRASH__SITE_BYTES - (thunk + 7));
	memcpy(thunk + 7, site, JUMP_BYTES); /* the mov as it was */
	write_indirect_jump(thunk + 12, entry);
}

void crash__code_write_cancel_thunk(unsigned char *thunk, const unsigned char *entry)
{
	write_indirect_jump(thunk, entry);
}

/* A call is a call and a jump a jump; what was a mov becomes a jump. */
void crash__code_write_jump(unsigned char *site, const unsigned char *thunk)
{
	if (site[0] == MOV)
		site[0] = 0xe9;
	put32(site + 1, thunk - (site + JUMP_BYTES));
}

uintptr_t crash__code_interrupted(const void *context)
{
	return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

/* The stub has pushed nothing. */
uintptr_t crash__code_returns_to(const void *context)
{
	return *(const uintptr_t *)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
}
