/* SPDX-License-Identifier: MIT */
/*
 * Method. Userfaultfd in its asynchronous write-protect mode lets the kernel note the first store to a page
 * by itself, and PAGEMAP_SCAN tells which pages those are and protects them again (Linux 6.7). It costs two
 * descriptors, which are kept at high numbers and out of the program's way: closing them fails with EBADF,
 * and putting another one there moves them.
 *
 * Where the kernel or a sandbox does not offer that, each page is compared with a copy.
 */
#include "preload/tracker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common/sys.h"
#include "preload/readback.h"

/* newer than the headers of the oldest supported distribution */
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

struct scan_arguments {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

struct scan_region {
	uint64_t start, end, categories;
};

#define SCAN_REQUEST _IOWR('f', 16, struct scan_arguments)
#define SCAN_PROTECT 1u /* PM_SCAN_WP_MATCHING */
#define SCAN_CHECK 2u	/* PM_SCAN_CHECK_WPASYNC */
#define PAGE_WRITTEN 2u /* PAGE_IS_WRITTEN */

#define HIGH 900 /* where our descriptors go, or as high as the limit allows */

const struct crash__tracker *crash__tracker;

static int fault_fd = -1, map_fd = -1;

/* ------------------------------------------------------------------ the kernel's tracking */

static long raw_ioctl(int fd, unsigned long request, void *argument)
{
	return crash__sys3(SYS_ioctl, fd, (long)request, (long)argument);
}

/* Moves a descriptor out of the program's way. */
static int move_up(int fd, int from)
{
	long high = crash__sys3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from);

	if (high < 0)
		high = crash__sys3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 100);
	crash__sys3(SYS_close, fd, 0, 0);
	return (int)high;
}

static void drop_descriptors(void)
{
	if (fault_fd >= 0)
		crash__sys3(SYS_close, fault_fd, 0, 0);
	if (map_fd >= 0)
		crash__sys3(SYS_close, map_fd, 0, 0);
	fault_fd = map_fd = -1;
}

static bool watch_by_kernel(uintptr_t start, size_t bytes, void **copy)
{
	struct uffdio_register region = {
		.range = {start, bytes},
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	uintptr_t at = start;
	struct crash__run runs[16];

	*copy = NULL;
	if (raw_ioctl(fault_fd, UFFDIO_REGISTER, &region) < 0)
		return false;
	while (at < start + bytes)
		if (crash__tracker->scan(&at, start + bytes, start, NULL, runs, 16) == SIZE_MAX)
			return false;
	return true;
}

static size_t scan_by_kernel(uintptr_t *at, uintptr_t end, uintptr_t start, void *copy,
			     struct crash__run *runs, size_t most)
{
	struct scan_region regions[16];
	struct scan_arguments arguments = {
		.size = sizeof arguments,
		.flags = SCAN_PROTECT | SCAN_CHECK,
		.start = *at,
		.end = end,
		.vec = (uint64_t)(uintptr_t)regions,
		.vec_len = most < 16 ? most : 16,
		.category_mask = PAGE_WRITTEN,
		.return_mask = PAGE_WRITTEN,
	};
	long count = raw_ioctl(map_fd, SCAN_REQUEST, &arguments);

	(void)start;
	(void)copy;
	if (count < 0) {
		*at = end;
		return SIZE_MAX;
	}
	*at = arguments.walk_end > *at ? arguments.walk_end : end;
	for (long i = 0; i < count; i++)
		runs[i] = (struct crash__run){regions[i].start, regions[i].end};
	return (size_t)count;
}

static void forget_by_kernel(uintptr_t start, size_t bytes, void *copy)
{
	struct uffdio_range range = {start, bytes};

	(void)copy;
	raw_ioctl(fault_fd, UFFDIO_UNREGISTER, &range); /* gone already if it was unmapped */
}

static const struct crash__tracker by_kernel = {watch_by_kernel, scan_by_kernel, forget_by_kernel, false};

/* ------------------------------------------------------------------ comparing */

#define MOST_COPIED (64u << 20)

static size_t copied;

/* Behind its end a file has no pages, however far the mapping reaches. */
static uintptr_t backed_end(uintptr_t start, uintptr_t end)
{
	if (start >= end || crash__is_readable(end - CRASH__PAGE))
		return end;
	end -= CRASH__PAGE;
	while (start < end) {
		uintptr_t middle = start + (end - start) / 2 / CRASH__PAGE * CRASH__PAGE;

		if (crash__is_readable(middle))
			start = middle + CRASH__PAGE;
		else
			end = middle;
	}
	return end;
}

static bool watch_by_copy(uintptr_t start, size_t bytes, void **copy)
{
	long memory;

	if (copied + bytes > MOST_COPIED)
		return false;
	memory = crash__sys6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	if (crash__sys_failed(memory))
		return false;
	memcpy((void *)memory, (void *)start, backed_end(start, start + bytes) - start);
	copied += bytes;
	*copy = (void *)memory;
	return true;
}

static size_t scan_by_copy(uintptr_t *at, uintptr_t end, uintptr_t start, void *copy, struct crash__run *runs,
			   size_t most)
{
	size_t count = 0;
	uintptr_t backed = backed_end(*at, end);

	if (backed < end) /* should the file grow again, zeros are there */
		crash__sys3(SYS_madvise, (long)copy + (long)(backed - start), (long)(end - backed),
			    MADV_DONTNEED);
	for (; *at < backed; *at += CRASH__PAGE) {
		void *page = (void *)*at, *old = (char *)copy + (*at - start);

		/* the program has protected it since, and looked at it was before that */
		if (!crash__is_readable(*at))
			continue;
		if (memcmp(page, old, CRASH__PAGE) == 0)
			continue;
		if (count && runs[count - 1].end == *at)
			runs[count - 1].end += CRASH__PAGE;
		else if (count == most)
			return count;
		else
			runs[count++] = (struct crash__run){*at, *at + CRASH__PAGE};
		memcpy(old, page, CRASH__PAGE);
	}
	*at = end;
	return count;
}

static void forget_by_copy(uintptr_t start, size_t bytes, void *copy)
{
	(void)start;
	copied -= bytes;
	crash__sys3(SYS_munmap, (long)copy, (long)bytes, 0);
}

static const struct crash__tracker by_copy = {watch_by_copy, scan_by_copy, forget_by_copy, true};

/* ------------------------------------------------------------------ choosing */

static bool open_kernel_tracking(void)
{
	struct uffdio_api api = {.api = UFFD_API,
				 .features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED};
	long fd = crash__sys3(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY, 0, 0);

	if (fd < 0)
		return false;
	fault_fd = move_up((int)fd, HIGH);
	fd = crash__sys6(SYS_openat, AT_FDCWD, (long)"/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd >= 0)
		map_fd = move_up((int)fd, HIGH);
	if (fault_fd < 0 || map_fd < 0 || raw_ioctl(fault_fd, UFFDIO_API, &api) < 0 ||
	    !(api.features & UFFD_FEATURE_WP_ASYNC)) {
		drop_descriptors();
		return false;
	}
	return true;
}

void crash__tracker_choose(void)
{
	drop_descriptors();
	crash__tracker = &by_kernel;
	if (!open_kernel_tracking())
		crash__tracker = &by_copy;
}

bool crash__tracker_owns(int fd)
{
	return fd >= 0 && (fd == fault_fd || fd == map_fd);
}

void crash__tracker_avoid(int fd)
{
	if (fd == fault_fd)
		fault_fd = move_up(fd, fd + 1);
	if (fd == map_fd)
		map_fd = move_up(fd, fd + 1);
}
