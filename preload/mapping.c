/* SPDX-License-Identifier: MIT */
/*
 * mapping.c - files that are mapped shared and writable: stores to memory that are writes to a file.
 *
 * Method. A store makes no call, so it is found afterwards: before each op of this process, before msync,
 * munmap, exec and exit, the pages that were stored to since the last time (tracker.c) become writes at
 * this place in the sequence, one for each run of pages. That is as exact as it has to be: between two ops
 * nothing else of this process reached the disk, and after a process crash the page cache has the stores.
 *
 * The table is guarded by a flag that is tried, not waited for: a signal handler may interrupt its holder.
 */
#include "preload/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/walk.h"
#include "preload/tracker.h"

/* newer than the headers of the oldest supported distribution */
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define MOST 256
#define RUNS 16

struct mapping {
	uintptr_t start, end;
	uint64_t offset; /* in the file */
	uint64_t device, inode;
	struct crash__target target;
	void *copy;
	bool used, watched; /* watched: it is writable */
	uint32_t epoch;	    /* of names: when it was called as below */
	char path[PATH_MAX];
};

bool crash__mapped;

static struct mapping table[MOST];
static _Atomic uint32_t held; /* thread id */
static uint32_t chosen_in;    /* process id that the tracker was chosen in */
static uint32_t counted_in;   /* ... and that counts as a mapper */

/* The holder may be off the processor, and it does not hold for long: without it stores would be lost. */
static bool hold(void)
{
	for (int i = 0; i < 100000; i++) {
		uint32_t nobody = 0;

		if (atomic_compare_exchange_strong(&held, &nobody, crash__thread()->tid))
			return true;
		if (nobody == crash__me.tid) /* we interrupted ourselves */
			return false;
		if (i < 100)
			crash__pause();
		else
			crash__sys3(SYS_sched_yield, 0, 0, 0);
	}
	return false;
}

static void release(void)
{
	atomic_store(&held, 0);
}

static void lost(const struct mapping *mapping)
{
	crash__control_incomplete(crash__control, CRASH__INCOMPLETE_MAPPING_UNSEEN,
				  mapping ? mapping->path : NULL);
}

/* ------------------------------------------------------------------ stores */

static uint32_t name_epoch(void)
{
	return atomic_load_explicit(&crash__control->name_epoch, memory_order_acquire);
}

static bool stat_by_path(const struct mapping *mapping, const char *path, struct stat *status)
{
	return crash__sys6(SYS_newfstatat, AT_FDCWD, (long)path, (long)status, 0, 0, 0) == 0 &&
	       status->st_dev == mapping->device && status->st_ino == mapping->inode;
}

/* The file may have another name by now, or its directory, and what it was called may be another file. */
static void name_again(struct mapping *mapping)
{
	struct crash__path_buffers *buffers;
	struct stat status = {.st_size = 0};
	uint32_t epoch = name_epoch();

	if (mapping->epoch == epoch)
		return;
	mapping->epoch = epoch;
	buffers = crash__path_buffers_take();
	if (buffers && crash__path_of_memory(mapping->start, mapping->end, buffers->path)) {
		if (!stat_by_path(mapping, buffers->path, &status))
			crash__path_strip_deleted(buffers->path);
		if (strcmp(mapping->path, buffers->path) != 0) {
			strcpy(mapping->path, buffers->path);
			mapping->target.storage = crash__path_counts(crash__control, mapping->path);
			mapping->target.rules =
				crash__plan_rules_of_file(&crash__control->plan, ~UINT64_C(0), mapping->path);
			if (crash__control->mode & CRASH__MODE_RECORD)
				mapping->target.file =
					crash__record_file(crash__control, mapping->device, mapping->inode,
							   S_IFREG, (uint64_t)status.st_size, mapping->path);
		}
	}
	crash__path_buffers_give(buffers);
}

/* One run of pages, as a write. What lies behind the file's end is no part of it. */
static void take_run(const struct mapping *mapping, const struct crash__run *run)
{
	struct crash__caller caller = {NULL, NULL};
	struct crash__op op = {
		.control = crash__control,
		.kernel = &crash__calls[CRASH__CALL_store],
		.name = &crash__calls[CRASH__CALL_store],
		.call = CRASH__CALL_store,
		.family = CRASH__FAMILY_WRITE,
		.route = CRASH__ROUTE_MEMORY,
		.caller = &caller,
		.target = mapping->target,
	};
	uint64_t offset = mapping->offset + (run->start - mapping->start);
	size_t bytes = run->end - run->start;

	op.args[0] = (long)run->start;
	op.args[1] = (long)bytes;
	op.args[2] = (long)offset;
	crash__op_store(&op, mapping->path);
}

/* How much of the mapping is backed by the file now: a store behind its end would have been a SIGBUS. */
static uintptr_t file_end(const struct mapping *mapping)
{
	struct stat status;
	uint64_t bytes = mapping->end - mapping->start, left;

	if (!stat_by_path(mapping, mapping->path, &status))
		return mapping->end; /* renamed or removed meanwhile */
	left = (uint64_t)status.st_size > mapping->offset ? (uint64_t)status.st_size - mapping->offset : 0;
	return mapping->start + (left < bytes ? left : bytes);
}

/* Whether nobody has unmapped it by an instruction of his own: MS_ASYNC does nothing but to look. */
static bool is_there(const struct mapping *mapping)
{
	return crash__syscall(SYS_msync, (long[6]){(long)mapping->start,
						   (long)(mapping->end - mapping->start), MS_ASYNC}) !=
	       -ENOMEM;
}

static void scan_mapping(struct mapping *mapping)
{
	uintptr_t at = mapping->start, end = 0;
	struct crash__run runs[RUNS];

	if (!is_there(mapping)) {
		lost(mapping);
		crash__tracker->forget(mapping->start, mapping->end - mapping->start, mapping->copy);
		mapping->used = false;
		return;
	}
	while (at < mapping->end) {
		size_t count =
			crash__tracker->scan(&at, mapping->end, mapping->start, mapping->copy, runs, RUNS);

		if (count == SIZE_MAX) {
			lost(mapping);
			return;
		}
		if (count && !end) {
			name_again(mapping);
			end = file_end(mapping);
		}
		for (size_t i = 0; i < count; i++) {
			if (runs[i].end > end)
				runs[i].end = end;
			if (runs[i].start < runs[i].end)
				take_run(mapping, &runs[i]);
		}
	}
}

static void choose(void)
{
	chosen_in = counted_in = crash__thread()->pid;
	atomic_fetch_add(&crash__control->mappers, 1);
	crash__tracker_choose();
	for (int i = 0; i < MOST; i++)
		if (table[i].used && table[i].watched &&
		    !crash__tracker->watch(table[i].start, table[i].end - table[i].start, &table[i].copy))
			lost(&table[i]);
}

/* A child that an instruction of its own has made: what it has stored by now nobody has watched. */
static void choose_again(void)
{
	if (chosen_in == crash__thread()->pid)
		return;
	if (chosen_in)
		lost(NULL);
	choose();
}

void crash__mapping_forked(void)
{
	if (!crash__mapped || crash__borrowed)
		return;
	atomic_store(&held, 0);
	choose();
}

static void scan_all(void)
{
	choose_again();
	for (int i = 0; i < MOST; i++)
		if (table[i].used && table[i].watched)
			scan_mapping(&table[i]);
}

void crash__mapping_scan(void)
{
	if (!crash__mapped || crash__borrowed || !hold())
		return;
	scan_all();
	release();
}

void crash__mapping_wrote(void)
{
	struct crash__run runs[RUNS];

	if (!crash__tracker || !crash__tracker->sees_writes || crash__borrowed || !hold())
		return;
	for (int i = 0; i < MOST; i++) {
		uintptr_t at = table[i].start;

		while (table[i].used && table[i].watched && at < table[i].end)
			if (crash__tracker->scan(&at, table[i].end, table[i].start, table[i].copy, runs,
						 RUNS) == SIZE_MAX)
				break;
	}
	release();
}

void crash__mapping_finish(void)
{
	if (!crash__mapped)
		return;
	crash__mapping_scan();
	if (counted_in == crash__thread()->pid)
		atomic_fetch_sub(&crash__control->mappers, 1);
	counted_in = 0;
}

/* ------------------------------------------------------------------ which ranges */

static void start_watching(struct mapping *mapping)
{
	choose_again();
	mapping->watched = true;
	if (crash__tracker->watch(mapping->start, mapping->end - mapping->start, &mapping->copy))
		return;
	mapping->watched = false;
	lost(mapping);
}

/* The kernel maps and unmaps whole pages, whatever length it is given. */
static uintptr_t end_of(uintptr_t start, long bytes)
{
	return start + (((uintptr_t)bytes + CRASH__PAGE - 1) & ~(uintptr_t)(CRASH__PAGE - 1));
}

static struct mapping *new_mapping(void)
{
	for (int i = 0; i < MOST; i++)
		if (!table[i].used)
			return &table[i];
	return NULL;
}

/* A mapping that the program has just made. */
static void add(uintptr_t start, size_t bytes, int prot, int fd, uint64_t offset)
{
	struct crash__target target = crash__target_of_fd(crash__control, fd);
	struct mapping *mapping;
	struct stat status;

	/* one that can never become writable writes nothing */
	if (!target.storage || (crash__sys3(SYS_fcntl, fd, F_GETFL, 0) & O_ACCMODE) != O_RDWR ||
	    crash__sys3(SYS_fstat, fd, (long)&status, 0) < 0 || !S_ISREG(status.st_mode))
		return;
	mapping = new_mapping();
	if (!mapping) {
		lost(NULL);
		return;
	}
	*mapping = (struct mapping){
		.start = start,
		.end = end_of(start, (long)bytes),
		.offset = offset,
		.device = status.st_dev,
		.inode = status.st_ino,
		.target = target,
		.used = true,
		.epoch = name_epoch(),
	};
	crash__path_of_fd(fd, status.st_nlink == 0, mapping->path);
	crash__mapped = true;
	if (prot & PROT_WRITE)
		start_watching(mapping);
}

/* Copies what a mapping is, without being watched. */
static struct mapping part_of(const struct mapping *mapping, uintptr_t start, uintptr_t end)
{
	struct mapping part = *mapping;

	part.start = start;
	part.end = end;
	part.offset += start - mapping->start;
	part.copy = NULL;
	part.watched = false;
	return part;
}

/* The range is another one's now, or nobody's. What is left of the mappings there stays watched. */
static void cut(uintptr_t start, uintptr_t end)
{
	for (int i = 0; i < MOST; i++) {
		struct mapping old = table[i], *mapping;

		if (!old.used || old.end <= start || old.start >= end)
			continue;
		if (old.watched)
			crash__tracker->forget(old.start, old.end - old.start, old.copy);
		table[i].used = false;
		for (int side = 0; side < 2; side++) {
			uintptr_t from = side ? end : old.start, to = side ? old.end : start;

			if (from >= to)
				continue;
			mapping = new_mapping();
			if (!mapping) {
				lost(&old);
				continue;
			}
			*mapping = part_of(&old, from, to);
			if (old.watched)
				start_watching(mapping);
		}
	}
}

static void make_writable(uintptr_t start, uintptr_t end)
{
	for (int i = 0; i < MOST; i++)
		if (table[i].used && !table[i].watched && table[i].end > start && table[i].start < end)
			start_watching(&table[i]);
}

/*
 * A mapping that is moved beside one of the same file becomes one with it inside the kernel, which then takes
 * both out of its tracking (Linux 6.18, where moves are not asked for). All was looked through just before.
 */
static void watch_neighbours(uintptr_t start, uintptr_t end)
{
	for (int i = 0; i < MOST; i++) {
		if (!table[i].used || !table[i].watched || (table[i].end != start && table[i].start != end))
			continue;
		crash__tracker->forget(table[i].start, table[i].end - table[i].start, table[i].copy);
		start_watching(&table[i]);
	}
}

/* The mapping at `old` lies at `now` from now on, with another length. */
static void move(uintptr_t old, size_t old_bytes, uintptr_t now, size_t bytes)
{
	for (int i = 0; i < MOST; i++) {
		struct mapping moved;

		if (!table[i].used || table[i].start > old || table[i].end < old + old_bytes)
			continue;
		moved = part_of(&table[i], old, old + old_bytes);
		moved.start = now;
		moved.end = end_of(now, (long)bytes);
		bool watched = table[i].watched;
		struct mapping *mapping;

		cut(old, old + old_bytes);
		mapping = new_mapping();
		if (!mapping) {
			lost(&moved);
			return;
		}
		*mapping = moved;
		if (watched)
			start_watching(mapping);
		watch_neighbours(moved.start, moved.end);
		return;
	}
}

/* A hole is zeros, and no page is written to for them. */
static void hollow(uintptr_t start, uintptr_t end)
{
	for (int i = 0; i < MOST; i++) {
		struct mapping *mapping = &table[i];
		struct crash__run run = {start, end};
		uintptr_t last;

		if (!mapping->used || !mapping->watched || mapping->end <= start || mapping->start >= end)
			continue;
		name_again(mapping);
		last = file_end(mapping);
		if (run.start < mapping->start)
			run.start = mapping->start;
		if (run.end > last)
			run.end = last;
		if (run.start < run.end)
			take_run(mapping, &run);
	}
}

static void note(long number, const long args[6], long result)
{
	uintptr_t start = (uintptr_t)args[0];

	switch (number) {
	case SYS_mmap:
		if (crash__mapped && (args[3] & MAP_FIXED))
			cut((uintptr_t)result, end_of((uintptr_t)result, args[1]));
		if ((args[3] & MAP_SHARED) && !(args[3] & MAP_ANONYMOUS))
			add((uintptr_t)result, (size_t)args[1], (int)args[2], (int)args[4],
			    (uint64_t)args[5]);
		break;
	case SYS_munmap:
		cut(start, end_of(start, args[1]));
		break;
	case SYS_mremap:
		/* one that stays where it was is doubled, as by an old size of 0 */
		move(start, args[3] & MREMAP_DONTUNMAP ? 0 : end_of(0, args[1]), (uintptr_t)result,
		     (size_t)args[2]);
		break;
	case SYS_mprotect:
	case SYS_pkey_mprotect:
		if (args[2] & PROT_WRITE)
			make_writable(start, end_of(start, args[1]));
		break;
	case SYS_madvise:
		hollow(start, end_of(start, args[1]));
		break;
	}
}

/* Whether the call touches what is known, or adds to it. Nearly none does. */
static bool matters(long number, const long args[6])
{
	if (number == SYS_mmap && (args[3] & MAP_SHARED) && !(args[3] & MAP_ANONYMOUS))
		return true;
	return crash__mapped && (number != SYS_mmap || (args[3] & MAP_FIXED));
}

/* ------------------------------------------------------------------ our own memory */

struct range {
	uintptr_t start, end;
};

/* What a call of these unmaps, protects or maps over. */
static struct range touched_by(long number, const long args[6])
{
	uintptr_t start = (uintptr_t)args[0];

	if (number == SYS_mremap && (args[3] & MREMAP_FIXED))
		return (struct range){(uintptr_t)args[4], end_of((uintptr_t)args[4], args[2])};
	if (number == SYS_mremap || (number == SYS_mmap && !(args[3] & MAP_FIXED)))
		return (struct range){0, 0};
	return (struct range){start, end_of(start, args[1])};
}

/* The same for what is left of the range in front of the block and behind it. */
static long do_around(long number, const long args[6], struct range touched, struct range block)
{
	long before = 0, behind = 0;

	if (touched.start < block.start)
		before = crash__mapping_call(
			number, (long[6]){(long)touched.start, (long)(block.start - touched.start), args[2]});
	if (touched.end > block.end && !crash__sys_failed(before))
		behind = crash__mapping_call(
			number, (long[6]){(long)block.end, (long)(touched.end - block.end), args[2]});
	return crash__sys_failed(before) ? before : behind;
}

/*
 * Without us there is nothing where the control block is: a program that unmaps or protects all that it finds
 * does not mean it, and one that wants the place for something else gets it. Returns whether the call was
 * made.
 */
static bool spare_block(struct crash__control *control, long number, const long args[6], long *result)
{
	struct range block = {(uintptr_t)control, end_of((uintptr_t)control, (long)control->bytes)};
	struct range touched = touched_by(number, args);

	if (touched.start >= block.end || touched.end <= block.start || touched.start % CRASH__PAGE)
		return false;
	if (number == SYS_munmap || number == SYS_mprotect) {
		*result = do_around(number, args, touched, block);
		return true;
	}
	crash__detach_control();
	return false;
}

/* Whether a range is part of one that the shim knows. */
static bool is_known(uintptr_t start, uintptr_t end)
{
	for (int i = 0; i < MOST; i++)
		if (table[i].used && table[i].start <= start && table[i].end >= end)
			return true;
	return false;
}

/* Whether what was stored there can be lost to us: it goes, or cannot be read any more. */
static bool hides(long number, const long args[6])
{
	if (number != SYS_mprotect && number != SYS_pkey_mprotect)
		return true;
	return !(args[2] & PROT_READ);
}

/* What the program has mapped by an instruction of its own, the supervisor follows: it hears of the rest,
 * too. */
static long make_call(struct crash__control *control, long number, const long args[6])
{
	uintptr_t start = (uintptr_t)args[0];

	if (number == SYS_mmap || number == SYS_munmap || !atomic_load(&control->remote_mappings) ||
	    is_known(start, end_of(start, args[1])))
		return crash__syscall(number, args);
	return crash__syscall_seen(number, args);
}

long crash__mapping_call(long number, const long args[6])
{
	struct crash__control *control = crash__me.unwinding ? NULL : crash__control_now();
	long result;

	if (control && spare_block(control, number, args, &result))
		return result;
	if (!control)
		return crash__syscall(number, args);
	if (crash__borrowed || !matters(number, args) || !hold())
		return make_call(control, number, args);
	if (hides(number, args) && crash__mapped)
		scan_all(); /* before it is gone */
	/* held meanwhile, so that no other thread looks at what is not there any more */
	result = make_call(control, number, args);
	if (!crash__sys_failed(result))
		note(number, args, result);
	release();
	return result;
}

void crash__path_of_mapping(uintptr_t address, char out[PATH_MAX])
{
	out[0] = '\0';
	if (!hold())
		return;
	for (int i = 0; i < MOST; i++)
		if (table[i].used && address >= table[i].start && address < table[i].end)
			strcpy(out, table[i].path);
	release();
}

struct crash__target crash__target_of_mapping(struct crash__control *control, uintptr_t address)
{
	struct crash__target target = {.rules = ~control->plan.with_glob};

	crash__mapping_scan();
	if (!hold())
		return target;
	for (int i = 0; i < MOST; i++)
		if (table[i].used && address >= table[i].start && address < table[i].end)
			target = table[i].target;
	release();
	return target;
}

uint64_t crash__offset_of_mapping(uintptr_t address)
{
	uint64_t offset = UINT64_MAX;

	if (!hold())
		return offset;
	for (int i = 0; i < MOST; i++)
		if (table[i].used && address >= table[i].start && address < table[i].end)
			offset = table[i].offset + (address - table[i].start);
	release();
	return offset;
}
