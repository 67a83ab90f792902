/* SPDX-License-Identifier: MIT */
/*
 * mappings CASE - what can happen to a file that is mapped, and to its mapping, before it is stored to.
 *
 * The working directory has: file, and dir/file, both of 20,000 bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 20000u
#define PAGES 20480u
#define KEEPING 4 /* MREMAP_DONTUNMAP */

static int opened(const char *name)
{
	int fd = open(name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		exit(1);
	return fd;
}

static char *good(void *memory)
{
	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

static char *mapped(const char *name, int prot)
{
	int fd = opened(name);
	char *memory = good(mmap(NULL, BYTES, prot, MAP_SHARED, fd, 0));

	close(fd);
	return memory;
}

static void check(int result)
{
	if (result < 0)
		exit(3);
}

static void make(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "new", 3) != 3)
		exit(4);
	close(fd);
}

static void renamed(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	strcpy(memory + 10, "before");
	check(rename("file", "other"));
	make("file");
	strcpy(memory + 5000, "after");
}

static void removed(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	check(unlink("file"));
	make("file");
	strcpy(memory + 1, "nowhere");
}

static void removed_and_synced(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	check(unlink("file"));
	make("file");
	strcpy(memory + 1, "nowhere");
	check(msync(memory, BYTES, MS_SYNC));
	strcpy(memory + 9000, "nowhere");
}

/* Both are mapped, and one takes the other's name. */
static void replaced(void)
{
	char *one = mapped("file", PROT_READ | PROT_WRITE), *two;

	check(rename("dir/file", "second"));
	two = mapped("second", PROT_READ | PROT_WRITE);
	check(rename("second", "file"));
	strcpy(one + 100, "nowhere");
	strcpy(two + 200, "here");
}

static void exchanged(void)
{
	char *one = mapped("file", PROT_READ | PROT_WRITE), *two = mapped("dir/file", PROT_READ | PROT_WRITE);

	check((int)syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "dir/file", RENAME_EXCHANGE));
	strcpy(one + 100, "one");
	strcpy(two + 200, "two");
}

/* The file keeps its name, and gets another path. */
static void directory_renamed(void)
{
	char *memory = mapped("dir/file", PROT_READ | PROT_WRITE);

	check(rename("dir", "moved"));
	check(mkdir("dir", 0755));
	make("dir/file");
	strcpy(memory + 100, "there");
}

static void linked(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	check(link("file", "second"));
	check(unlink("file"));
	make("file");
	strcpy(memory + 100, "by its other name");
}

/* A file without a name gets one while it is mapped. */
static void named(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	char path[64], *memory;

	check(fd);
	check(ftruncate(fd, BYTES));
	memory = good(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	strcpy(memory + 100, "first");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	check(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	strcpy(memory + 200, "then");
}

static void stretched(void)
{
	int fd = opened("file");
	char *memory = good(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));

	memory = good(mremap(memory, BYTES, 65536, MREMAP_MAYMOVE));
	check(ftruncate(fd, 65536));
	strcpy(memory + 40000, "far");
}

/* As above, and the file has data there before. */
static void stretched_over_data(void)
{
	int fd = opened("file");
	char *memory = good(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));

	check((int)pwrite(fd, "data", 4, 40000));
	memory = good(mremap(memory, 4096, 65536, MREMAP_MAYMOVE));
	strcpy(memory + 40100, "store");
	check((int)pwrite(fd, "more", 4, 40200));
}

/* An old size of 0 makes a second mapping. */
static void doubled(void)
{
	int fd = opened("file");
	char *memory = good(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *second = good(mremap(memory, 0, BYTES, MREMAP_MAYMOVE));

	strcpy(memory + 100, "by the first");
	strcpy(second + 9000, "by the second");
	munmap(memory, 4096);
	strcpy(second + 12000, "and again");
}

/* What is moved stays as well. */
static void moved_and_kept(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE), *second;

	strcpy(memory + 100, "before");
	second = mremap(memory, PAGES, PAGES, MREMAP_MAYMOVE | KEEPING);
	if (second == MAP_FAILED)
		exit(77); /* until Linux 5.13 it was for private memory only */
	strcpy(memory + 200, "where it was");
	make("other");
	strcpy(second + 9000, "where it went");
	strcpy(memory + 12000, "where it was");
}

static void moved(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);
	char *place = good(mmap(NULL, PAGES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	/* one page out of the middle */
	place = good(mremap(memory + 8192, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place + 4096));
	strcpy(place + 7, "elsewhere");
	strcpy(memory + 100, "left");
	strcpy(memory + 13000, "right");
}

/* Moved beside one that shows the next page of the file: for the kernel the two are one then. */
static void moved_beside(void)
{
	int fd = opened("file");
	char *first = good(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *place = good(mmap(NULL, 12288, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	good(mmap(place + 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 4096));
	strcpy(place + 4096, "beside, before");
	good(mremap(first, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place));
	strcpy(place, "moved");
	strcpy(place + 5000, "beside, after");
	strcpy(place + 8100, "and its end");
}

static void cut(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	strcpy(memory + 5000, "gone soon");
	munmap(memory + 4096, 4096);
	strcpy(memory + 100, "left");
	strcpy(memory + 13000, "right");
}

/* One call makes two mappings of two files writable. */
static void protected(void)
{
	char *memory = good(mmap(NULL, 3 * PAGES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	good(mmap(memory + PAGES, BYTES, PROT_READ, MAP_SHARED | MAP_FIXED, opened("file"), 0));
	good(mmap(memory + 2 * PAGES, BYTES, PROT_READ, MAP_SHARED | MAP_FIXED, opened("dir/file"), 0));
	check(rename("file", "other"));
	make("file");
	check(mprotect(memory, 3 * PAGES, PROT_READ | PROT_WRITE));
	strcpy(memory + PAGES + 100, "one");
	strcpy(memory + 2 * PAGES + 200, "two");
}

static void protected_by_key(void)
{
	char *memory = mapped("file", PROT_READ);

	check((int)syscall(SYS_pkey_mprotect, memory, PAGES, PROT_READ | PROT_WRITE, -1));
	strcpy(memory + 100, "stored");
}

static void protected_by_function(void)
{
	char *memory = mapped("file", PROT_READ);

	check(pkey_mprotect(memory, PAGES, PROT_READ | PROT_WRITE, -1));
	strcpy(memory + 100, "stored");
}

/* What was private is shared from then on. */
static void shared(void)
{
	int fd = opened("file");
	char *memory = good(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));

	strcpy(memory + 5000, "only here");
	good(mmap(memory + 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_FIXED, fd, 8192));
	strcpy(memory + 5000, "for all");
	strcpy(memory + 100, "only here");
}

static void twice(void)
{
	char *one = mapped("file", PROT_READ | PROT_WRITE), *two;

	check(link("file", "second"));
	two = mapped("second", PROT_READ | PROT_WRITE);
	strcpy(one + 100, "one");
	check(unlink("file"));
	strcpy(two + 120, "two");
	munmap(two, BYTES);
	strcpy(one + 140, "one again");
}

static void forked(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);
	pid_t pid;

	check(rename("file", "other"));
	pid = fork();
	if (pid == 0) {
		make("file");
		strcpy(memory + 100, "child");
		_exit(0);
	}
	check(waitpid(pid, NULL, 0));
	strcpy(memory + 9000, "parent");
}

/* The parent stores while the child has the mapping and does other things. */
static void forked_both(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);
	pid_t pid = fork();

	if (pid == 0) {
		memory = good(mremap(memory, BYTES, 8192, MREMAP_MAYMOVE));
		check(mprotect(memory, 8192, PROT_READ));
		make("child");
		check(mprotect(memory, 8192, PROT_READ | PROT_WRITE));
		strcpy(memory + 100, "child");
		_exit(0);
	}
	strcpy(memory + 12000, "parent");
	check(waitpid(pid, NULL, 0));
	make("parent");
}

static int store_as_child(void *memory)
{
	strcpy((char *)memory + 100, "child");
	return 0;
}

/* No handler of a fork runs. */
static void cloned(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	check(clone(store_as_child, stack + sizeof stack, SIGCHLD, memory));
	check(wait(NULL));
	strcpy(memory + 9000, "parent");
}

static void forked_by_number(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);
	int pid = (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		store_as_child(memory);
		syscall(SYS_exit_group, 0);
	}
	check(pid);
	check(wait(NULL));
	strcpy(memory + 9000, "parent");
}

/* Nobody can read what was stored when the next op comes. */
static void hidden(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	strcpy(memory + 100, "first");
	strcpy(memory + 9000, "second");
	check(mprotect(memory, 4096, PROT_NONE));
	make("other");
	check(mprotect(memory, 4096, PROT_READ | PROT_WRITE));
	strcpy(memory + 200, "third");
	check(mprotect(memory, PAGES, PROT_NONE));
}

/* A hole is put into the file by way of memory. */
static void hollowed(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	strcpy(memory + 9000, "gone soon");
	check(madvise(memory + 8192, 4096, MADV_REMOVE));
}

/* msync() makes nothing durable of a file that is not open for writing, or is mapped private. */
/* By a descriptor and by another one of the same open file, of which one has been told meanwhile. */
static void past_the_cache(void)
{
	static _Alignas(4096) char page[4096];
	int fd = open("file", O_RDWR | O_DIRECT | O_CLOEXEC), also = fd < 0 ? -1 : dup(fd);

	if (fd < 0)
		exit(77);
	for (int i = 0; i < 5; i++) {
		int flags = fcntl(fd, F_GETFL);

		if (i && fcntl(i % 2 ? fd : also, F_SETFL, flags ^ O_DIRECT) < 0)
			exit(4);
		memset(page, 'a' + i, sizeof page);
		if (pwrite(also, page, sizeof page, 4096 * (i + 1)) != sizeof page)
			exit(4);
	}
}

static void synced_in_vain(void)
{
	char *own = good(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, opened("file"), 0));
	int fd = open("file", O_RDONLY | O_CLOEXEC);
	char *shared = good(mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0));

	check(fd);
	check((int)pwrite(opened("file"), "data", 4, 0));
	check(msync(own, BYTES, MS_SYNC));
	check(msync(shared, BYTES, MS_SYNC));
}

static void expect(int result, int error)
{
	if (result != -1 || errno != error)
		exit(5);
}

static void synced_wrongly(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	strcpy(memory + 100, "stored");
	expect(msync(memory + 1, 4096, MS_SYNC), EINVAL);
	expect(msync(memory, 4096, MS_SYNC | MS_ASYNC), EINVAL);
	expect(msync(memory, 4096, 64), EINVAL);
	check(msync(memory, 0, MS_SYNC));
}

/* What is locked in memory is not invalidated. */
static void synced_locked(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	if (mlock(memory, 4096) < 0)
		exit(77);
	strcpy(memory + 100, "stored");
	expect(msync(memory, 4096, MS_SYNC | MS_INVALIDATE), EBUSY);
}

static void opened_by_handle(void)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} named = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
	int mount;

	check(name_to_handle_at(AT_FDCWD, "file", &named.handle, &mount, 0));
	if (open_by_handle_at(AT_FDCWD, &named.handle, O_RDWR | O_TRUNC) < 0)
		exit(77);
}

/* One write of a descriptor that appends does not (Linux 6.9). */
static void not_appended(void)
{
	int fd = open("file", O_WRONLY | O_APPEND | O_CLOEXEC);
	struct iovec piece = {(char[]){"here"}, 4};

	check(fd);
	check((int)pwrite(fd, "at the end", 10, 0));
	if (pwritev2(fd, &piece, 1, 300, 0x20) < 0)
		exit(77);
}

/* The mode changes with the list (Linux 6.13). */
static void listed(void)
{
	struct {
		uint32_t version;
		struct {
			uint16_t tag, rights;
			uint32_t id;
		} entries[3];
	} list = {2, {{1, 7, UINT32_MAX}, {4, 5, UINT32_MAX}, {0x20, 1, UINT32_MAX}}};
	struct {
		uint64_t value;
		uint32_t bytes, flags;
	} value = {(uintptr_t)&list, sizeof list, 0};

	if (syscall(463, AT_FDCWD, "file", 0, "system.posix_acl_access", &value, sizeof value) < 0)
		exit(77);
}

/* The first page shows the second one of the file from then on. */
static void remapped(void)
{
	char *memory = mapped("file", PROT_READ | PROT_WRITE);

	check((int)syscall(SYS_remap_file_pages, memory, 4096, 0, 1, 0));
	strcpy(memory, "stored");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"renamed", renamed},
	{"removed", removed},
	{"removed-and-synced", removed_and_synced},
	{"replaced", replaced},
	{"exchanged", exchanged},
	{"directory-renamed", directory_renamed},
	{"linked", linked},
	{"named", named},
	{"stretched", stretched},
	{"stretched-over-data", stretched_over_data},
	{"doubled", doubled},
	{"moved", moved},
	{"moved-and-kept", moved_and_kept},
	{"moved-beside", moved_beside},
	{"cut", cut},
	{"protected", protected},
	{"protected-by-key", protected_by_key},
	{"protected-by-function", protected_by_function},
	{"shared", shared},
	{"twice", twice},
	{"forked", forked},
	{"forked-both", forked_both},
	{"cloned", cloned},
	{"forked-by-number", forked_by_number},
	{"hidden", hidden},
	{"synced-wrongly", synced_wrongly},
	{"synced-locked", synced_locked},
	{"listed", listed},
	{"not-appended", not_appended},
	{"hollowed", hollowed},
	{"synced-in-vain", synced_in_vain},
	{"past-the-cache", past_the_cache},
	{"opened-by-handle", opened_by_handle},
	{"remapped", remapped},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++)
		if (strcmp(cases[i].name, argv[1]) == 0) {
			cases[i].run();
			return 0;
		}
	return 5;
}
