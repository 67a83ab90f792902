/* SPDX-License-Identifier: MIT */
/*
 * Method: a fixed set of blocks with a bit for each that is taken. Only when all are taken at once is
 * the kernel asked for more. Untouched blocks cost nothing: they lie in .bss.
 */
#include "preload/path_buffers.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common/sys.h"

#define BLOCKS 64

static struct crash__path_buffers blocks[BLOCKS];
static _Atomic uint64_t taken;

struct crash__path_buffers *crash__path_buffers_take(void)
{
	uint64_t now = atomic_load_explicit(&taken, memory_order_relaxed);
	long memory;

	while (~now) {
		int free = __builtin_ctzll(~now);

		if (atomic_compare_exchange_weak_explicit(&taken, &now, now | UINT64_C(1) << free,
							  memory_order_acquire, memory_order_relaxed))
			return &blocks[free];
	}
	memory = crash__sys6(SYS_mmap, 0, sizeof(struct crash__path_buffers), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return crash__sys_failed(memory) ? NULL : (struct crash__path_buffers *)memory;
}

void crash__path_buffers_give(struct crash__path_buffers *buffers)
{
	ptrdiff_t index = buffers - blocks;

	if (buffers == NULL)
		return;
	if (buffers >= blocks && index < BLOCKS)
		atomic_fetch_and_explicit(&taken, ~(UINT64_C(1) << index), memory_order_release);
	else
		crash__sys3(SYS_munmap, (long)buffers, sizeof *buffers, 0);
}
