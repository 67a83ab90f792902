/* SPDX-License-Identifier: MIT */
/*
 * script_memory.c - what scripts do to mapped files. Nothing is stored behind the end of a file: what becomes
 * of that is not the program's affair.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/programs/script.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static struct script_map *map_of(const struct script_actor *actor, const char *word)
{
	return &actor->held->maps[(unsigned long)script_number(word) % SCRIPT_MAPS];
}

static void forget(struct script_map *map)
{
	if (!map->at)
		return;
	close(map->look);
	map->at = NULL;
}

static size_t pages(size_t bytes)
{
	return (bytes + CRASH__PAGE - 1) / CRASH__PAGE * CRASH__PAGE;
}

/* Where `bytes` can be stored; NULL if that is nowhere. */
static char *inside(const struct script_map *map, const char *word, size_t *bytes)
{
	off_t at = script_number(word), most;
	struct stat status;

	if (!map->at || fstat(map->look, &status) < 0)
		return NULL;
	most = status.st_size - map->offset < (off_t)map->bytes ? status.st_size - map->offset :
								  (off_t)map->bytes;
	if (most <= 0)
		return NULL;
	at %= most;
	if (*bytes > (size_t)(most - at))
		*bytes = (size_t)(most - at);
	return map->at + at;
}

/* map MAP SLOT OFFSET BYTES rw|r|private */
static void do_map(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	int fd = script_file(actor, words[1]);
	off_t offset = script_number(words[2]) / (off_t)CRASH__PAGE * (off_t)CRASH__PAGE;
	size_t bytes = (size_t)script_number(words[3]) % 1000000 + 1;
	int prot = PROT_READ | (strcmp(words[4], "r") == 0 ? 0 : PROT_WRITE);
	int flags = words[4][0] == 'p' ? MAP_PRIVATE : MAP_SHARED;
	char path[64];
	long at;

	if (map->at)
		munmap(map->at, map->bytes);
	forget(map);
	if (!script_is_file(fd))
		return;
	at = SCRIPT_CALL(mmap(NULL, bytes, prot, flags, fd, offset), SYS_mmap, NULL, bytes, prot, flags, fd,
			 offset);
	if (at == -1)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	*map = (struct script_map){(char *)at, bytes, offset, open(path, O_PATH | O_CLOEXEC)};
}

/* store MAP AT BYTES SEED */
static void do_store(struct script_actor *actor, const char *const *words)
{
	size_t bytes = script_fill(actor, words[2], words[3]);
	struct script_map *map = map_of(actor, words[0]);
	char *at = inside(map, words[1], &bytes);

	if (at && mprotect(map->at, map->bytes, PROT_READ | PROT_WRITE) == 0)
		memcpy(at, actor->bytes, bytes);
}

/* fetch MAP AT BYTES SLOT OFFSET: a file is read into memory, so that the kernel stores */
static void do_fetch(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	size_t bytes = (size_t)script_number(words[2]);
	char *at = inside(map, words[1], &bytes);
	int fd = script_file(actor, words[3]);
	off_t offset = script_number(words[4]);

	if (at && mprotect(map->at, map->bytes, PROT_READ | PROT_WRITE) == 0)
		SCRIPT_CALL(pread(fd, at, bytes, offset), SYS_pread64, fd, at, bytes, offset);
}

/* poke MAP AT BYTES SEED: stores by way of /proc/self/mem */
static void do_poke(struct script_actor *actor, const char *const *words)
{
	size_t bytes = script_fill(actor, words[2], words[3]);
	char *at = inside(map_of(actor, words[0]), words[1], &bytes);
	int fd = at ? open("/proc/self/mem", O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	SCRIPT_CALL(pwrite(fd, actor->bytes, bytes, (off_t)(uintptr_t)at), SYS_pwrite64, fd, actor->bytes,
		    bytes, at);
	close(fd);
}

/* delegate MAP AT BYTES SEED exit|kill|exec: another process stores, and ends in one of these ways */
static void do_delegate(struct script_actor *actor, const char *const *words)
{
	if (!script_child())
		return;
	do_store(actor, words);
	if (words[4][0] == 'k')
		kill(getpid(), SIGKILL);
	if (strcmp(words[4], "exec") == 0)
		execl("/bin/true", "true", (char *)NULL);
	_exit(0);
}

/* remap MAP BYTES stay|move|fixed */
static void do_remap(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	size_t bytes = (size_t)script_number(words[1]) % 1000000 + 1;
	int flags = words[2][0] == 's' ? 0 : MREMAP_MAYMOVE;
	void *to = NULL;
	long at;

	if (!map->at)
		return;
	if (words[2][0] == 'f') {
		to = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		flags |= MREMAP_FIXED;
	}
	at = SCRIPT_CALL(mremap(map->at, map->bytes, bytes, flags, to), SYS_mremap, map->at, map->bytes,
			 bytes, flags, to);
	if (at == -1)
		return;
	map->at = (char *)at;
	map->bytes = bytes;
}

/* msync MAP AT BYTES sync|async */
static void do_msync(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	size_t at = (size_t)script_number(words[1]) / CRASH__PAGE * CRASH__PAGE;
	size_t bytes = (size_t)script_number(words[2]);
	int flags = words[3][0] == 's' ? MS_SYNC : MS_ASYNC;

	if (map->at && at < map->bytes)
		SCRIPT_CALL(msync(map->at + at, bytes, flags), SYS_msync, map->at + at, bytes, flags);
}

/* unmap MAP BYTES: its end, or all of it; "over": by mapping something else there */
static void do_unmap(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	size_t bytes = pages((size_t)script_number(words[1])), all = pages(map->bytes);
	char *at;

	if (!map->at)
		return;
	if (bytes == 0 || bytes >= all)
		bytes = all;
	at = map->at + all - bytes;
	if (words[2][0] == 'o')
		mmap(at, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	else
		SCRIPT_CALL(munmap(at, bytes), SYS_munmap, at, bytes);
	map->bytes = all - bytes;
	if (!map->bytes)
		forget(map);
}

/* protect MAP r|rw */
static void do_protect(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	int prot = PROT_READ | (words[1][1] ? PROT_WRITE : 0);

	if (map->at)
		SCRIPT_CALL(mprotect(map->at, map->bytes, prot), SYS_mprotect, map->at, map->bytes, prot);
}

/* advise MAP dontneed|cold|remove: the last makes a hole */
static void do_advise(struct script_actor *actor, const char *const *words)
{
	struct script_map *map = map_of(actor, words[0]);
	int advice = words[1][0] == 'r' ? MADV_REMOVE : words[1][0] == 'c' ? MADV_PAGEOUT : MADV_DONTNEED;

	if (map->at)
		SCRIPT_CALL(madvise(map->at, map->bytes, advice), SYS_madvise, map->at, map->bytes, advice);
}

const struct script_op script_memory[] = {
	{"map", do_map},	   {"store", do_store},	  {"fetch", do_fetch}, {"poke", do_poke},
	{"delegate", do_delegate}, {"remap", do_remap},	  {"msync", do_msync}, {"unmap", do_unmap},
	{"protect", do_protect},   {"advise", do_advise}, {NULL, NULL},
};
