/* SPDX-License-Identifier: MIT */
/*
 * libc_cancel.c - the cancellable system calls inside glibc from 2.41 on, on x86-64.
 *
 * Method. They all are made by one function,
 *
 *	long __internal_syscall_cancel(a, b, c, d, e, f, number)
 *
 * and where there are threads it calls another one, which is written in assembler and reads the same in every
 * build. So that one is looked for, byte by byte; what calls it is the first, and where a function begins
 * stands in the table of unwind information. Its few callers are led to us: only the distance in a `call` is
 * changed, and for what does not interest us, the function itself is called and cancels as it always did.
 * If anything is not as expected, if anything else refers to the function, nothing is changed and the
 * instructions remain among those that could not be placed.
 */
#include <stddef.h>
#include <string.h>

#define CALL 0xe8
#define JUMP 0xe9
#define DISTANCE 4     /* bytes of it, behind the opcode */
#define ANY_DISTANCE 7 /* where the bridge's jump to what cancels has one */

/* __syscall_cancel_arch: the call between two labels that the handler of the signal compares with. */
static const unsigned char bridge[] = {
	0x8b, 0x07,			 /* mov (%rdi), %eax */
	0xf6, 0x07, 0x08,		 /* testb $TCB_CANCELED_BITMASK, (%rdi) */
	0x0f, 0x85, 0,	  0,	0,    0, /* jne __syscall_do_cancel */
	0x49, 0x89, 0xfb,		 /* mov %rdi, %r11 */
	0x48, 0x89, 0xf0,		 /* mov %rsi, %rax */
	0x48, 0x89, 0xd7,		 /* mov %rdx, %rdi */
	0x48, 0x89, 0xce,		 /* mov %rcx, %rsi */
	0x4c, 0x89, 0xc2,		 /* mov %r8, %rdx */
	0x4d, 0x89, 0xca,		 /* mov %r9, %r10 */
	0x4c, 0x8b, 0x44, 0x24, 0x08,	 /* mov 8(%rsp), %r8 */
	0x4c, 0x8b, 0x4c, 0x24, 0x10,	 /* mov 16(%rsp), %r9 */
	0x4c, 0x89, 0x5c, 0x24, 0x08,	 /* mov %r11, 8(%rsp) */
	0x0f, 0x05,			 /* syscall */
	0xc3,				 /* ret */
};
static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

static int32_t distance(const unsigned char *at)
{
	int32_t value;

	memcpy(&value, at, sizeof value);
	return value;
}

static const unsigned char *find_bridge(const struct libc *libc)
{
	const unsigned char *at = libc->start, *found = NULL;
	size_t behind = ANY_DISTANCE + DISTANCE;

	while ((at = memmem(at, (size_t)(libc->end - at), bridge, ANY_DISTANCE)) != NULL) {
		if ((size_t)(libc->end - at) >= sizeof bridge &&
		    memcmp(at + behind, bridge + behind, sizeof bridge - behind) == 0) {
			if (found)
				return NULL;
			found = at;
		}
		at++;
	}
	if (found && found - libc->start >= (ptrdiff_t)sizeof endbr64 &&
	    memcmp(found - sizeof endbr64, endbr64, sizeof endbr64) == 0)
		found -= sizeof endbr64;
	return found;
}

/* The next four bytes from `at` on that are the distance to `target`, or NULL. */
static const unsigned char *find_distance(const struct libc *libc, const unsigned char *at,
					  const unsigned char *target)
{
	for (; at + DISTANCE <= libc->end; at++)
		if (at + DISTANCE + distance(at) == target)
			return at;
	return NULL;
}

/* The only call of `target`, which others may compare an address with. */
static const unsigned char *only_call(const struct libc *libc, const unsigned char *target)
{
	const unsigned char *at = libc->start + 1, *found = NULL;

	for (; (at = find_distance(libc, at, target)) != NULL; at++) {
		if (at[-1] != CALL && at[-1] != JUMP)
			continue;
		if (found)
			return NULL;
		found = at - 1;
	}
	return found;
}

/*
 * The function that `inside` is in. The table has the distance of each function and of its frame
 * description, which begins with its length, its class, the distance of the function and its size.
 */
static const unsigned char *function_of(const struct libc *libc, const unsigned char *inside,
					const unsigned char **end)
{
	static const unsigned char kinds[] = {1, 0x1b, 0x03, 0x3b}; /* version; distances of 32 bits */
	const unsigned char *table = libc->frames, *start, *frame;
	int32_t count;

	if (!table || memcmp(table, kinds, sizeof kinds) != 0)
		return NULL;
	count = distance(table + 8);
	for (int32_t i = 0; i < count; i++) {
		start = table + distance(table + 12 + i * 8);
		frame = table + distance(table + 16 + i * 8);
		if (start > inside || frame + 8 + distance(frame + 8) != start)
			continue;
		*end = start + distance(frame + 12);
		if (inside < *end)
			return start;
	}
	return NULL;
}

static unsigned int find_callers(const struct libc *libc, uint32_t *sites, unsigned int most)
{
	const unsigned char *at = libc->start + 1;
	unsigned int count = 0;

	for (; (at = find_distance(libc, at, libc->cancel)) != NULL; at++) {
		if ((at[-1] != CALL && at[-1] != JUMP) || count == most)
			return 0;
		sites[count++] = (uint32_t)(at - 1 - libc->start);
	}
	return count;
}

/* How many of the system calls that could not be placed are in there. */
static unsigned int count_unplaced(const unsigned char *at, const unsigned char *end)
{
	unsigned int count = 0;

	for (; at + 2 <= end; at++)
		count += at[0] == 0x0f && at[1] == 0x05 && !crash__code_is_call(at - 5);
	return count;
}

unsigned int crash__code_find_cancel_calls(struct libc *libc, uint32_t *sites, unsigned int most)
{
	const unsigned char *within = find_bridge(libc), *call, *end;
	unsigned int count;

	call = within ? only_call(libc, within) : NULL;
	libc->cancel = call ? function_of(libc, call, &end) : NULL;
	if (!libc->cancel)
		return 0;
	count = find_callers(libc, sites, most);
	if (count)
		libc->unplaced -= 1 + count_unplaced(libc->cancel, end);
	else
		libc->cancel = NULL;
	return count;
}

bool crash__code_is_cancel_call(const struct libc *libc, uint32_t site)
{
	const unsigned char *at = libc->start + site;

	return libc->cancel && (at[0] == CALL || at[0] == JUMP) &&
	       at + 1 + DISTANCE + distance(at + 1) == libc->cancel;
}
