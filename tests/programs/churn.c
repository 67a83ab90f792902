/* SPDX-License-Identifier: MIT */
/*
 * churn SEED OPS [forks|threads] - does random things to files in its working directory.
 *
 * Names are few and short, so that ops meet: what one creates, another renames, links, truncates or
 * removes. Files stay mapped while that happens to them. Ops that fail are part of it. With "forks" or
 * "threads" four of them do so at the same time, each in a directory of its own, and in the common one by
 * turns.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN 6
#define MAPPED 3
#define WORKERS 4

struct mapped {
	int fd;
	char *memory; /* NULL: nothing */
	size_t bytes;
};

struct held {
	int files[OPEN];
	struct mapped mapped[MAPPED];
};

struct churn {
	uint64_t random;
	int ops;
	struct held held;
	char own[16];	       /* the directory where no other worker is; "": there is only one worker */
	pthread_mutex_t *turn; /* for the others; NULL: nobody else is there */
};

static unsigned int below(struct churn *churn, unsigned int most)
{
	uint64_t x = churn->random += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (unsigned int)((x ^ x >> 31) % most);
}

/* A path of one to three names. */
static const char *path(struct churn *churn, char out[64])
{
	unsigned int names = 1 + below(churn, 3);

	snprintf(out, 64, "%s%s", churn->own, *churn->own ? "/" : "");
	for (unsigned int i = 0; i < names; i++)
		snprintf(out + strlen(out), 64 - strlen(out), "%s%c", i ? "/" : "", 'a' + below(churn, 5));
	return out;
}

static size_t bytes(struct churn *churn, unsigned char *buffer)
{
	static const unsigned int most[] = {16, 200, 4097, 20000};
	size_t count = 1 + below(churn, most[below(churn, 4)]);

	for (size_t i = 0; i < count; i++)
		buffer[i] = (unsigned char)below(churn, 256);
	return count;
}

static off_t place(struct churn *churn)
{
	static const unsigned int most[] = {1, 500, 9000, 100000};

	return below(churn, most[below(churn, 4)]);
}

static int file(struct churn *churn)
{
	return churn->held.files[below(churn, OPEN)];
}

/* ------------------------------------------------------------------ ops */

static void keep(struct churn *churn, int fd)
{
	int *at = &churn->held.files[below(churn, OPEN)];

	if (fd < 0)
		return;
	if (*at >= 0)
		close(*at);
	*at = fd;
}

static void do_open(struct churn *churn)
{
	static const int flags[] = {O_CREAT, O_CREAT, O_CREAT | O_EXCL,	  O_CREAT | O_TRUNC,
				    O_TRUNC, 0,	      O_CREAT | O_APPEND, O_APPEND};
	char name[64];

	/* a FIFO would block */
	keep(churn, open(path(churn, name), O_RDWR | O_NONBLOCK | O_CLOEXEC | flags[below(churn, 8)],
			 below(churn, 2) ? 0644 : 0600));
}

static void do_open_at(struct churn *churn)
{
	char name[64], last[2] = {(char)('a' + below(churn, 5)), '\0'};
	int directory = open(path(churn, name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return;
	keep(churn, openat(directory, last, O_RDWR | O_NONBLOCK | O_CREAT | O_CLOEXEC, 0640));
	if (below(churn, 3) == 0)
		unlinkat(directory, last, 0);
	close(directory);
}

static void do_temporary(struct churn *churn)
{
	char name[64], named[64];
	int fd = open(path(churn, name), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write(fd, "temporary", 9) == 9 && below(churn, 3)) {
		char link[64];

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		if (linkat(AT_FDCWD, link, AT_FDCWD, path(churn, named), AT_SYMLINK_FOLLOW) == 0 &&
		    below(churn, 2))
			unlink(named);
	}
	keep(churn, fd);
}

static void do_write(struct churn *churn)
{
	static _Thread_local unsigned char buffer[20001];
	size_t count = bytes(churn, buffer), half = count / 2;
	struct iovec parts[2] = {{buffer, half}, {buffer + half, count - half}};
	int fd = file(churn);
	ssize_t done = 0;

	switch (below(churn, 6)) {
	case 0:
	case 1:
		done = write(fd, buffer, count);
		break;
	case 2:
		done = pwrite(fd, buffer, count, place(churn));
		break;
	case 3:
		done = writev(fd, parts, 2);
		break;
	case 4:
		done = pwritev(fd, parts, 2, place(churn));
		break;
	case 5: /* at the end */
		lseek(fd, 0, SEEK_END);
		done = write(fd, buffer, count);
		break;
	}
	(void)done;
}

static void do_copy(struct churn *churn)
{
	int from = file(churn), to = file(churn);
	off_t at = place(churn), to_at = place(churn);

	if (from == to || lseek(from, 0, SEEK_END) > 300000)
		return;
	if (below(churn, 2)) {
		if (sendfile(to, from, &at, 1 + below(churn, 9000)) < 0)
			return;
	} else if (copy_file_range(from, &at, to, &to_at, 1 + below(churn, 9000), 0) < 0) {
		return;
	}
}

/* ------------------------------------------------------------------ mapped files */

static void unmap(struct mapped *mapped)
{
	if (!mapped->memory)
		return;
	munmap(mapped->memory, mapped->bytes);
	close(mapped->fd);
	mapped->memory = NULL;
}

static void map(struct churn *churn, struct mapped *mapped)
{
	int fd = file(churn);
	struct stat status;

	unmap(mapped);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	mapped->bytes = (size_t)status.st_size + below(churn, 20000) + 1;
	mapped->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	mapped->memory = mmap(NULL, mapped->bytes, PROT_READ | (below(churn, 4) ? PROT_WRITE : 0), MAP_SHARED,
			      mapped->fd, 0);
	if (mapped->memory != MAP_FAILED)
		return;
	mapped->memory = NULL;
	close(mapped->fd);
}

static void remap(struct churn *churn, struct mapped *mapped)
{
	size_t bytes = 1 + below(churn, 120000);
	char *memory;

	if (below(churn, 4) == 0 && mapped->bytes > 8192) { /* its end */
		munmap(mapped->memory + 8192, mapped->bytes - 8192);
		mapped->bytes = 8192;
		return;
	}
	memory = mremap(mapped->memory, mapped->bytes, bytes, MREMAP_MAYMOVE);
	if (memory == MAP_FAILED)
		return;
	mapped->memory = memory;
	mapped->bytes = bytes;
}

/* What lies behind the end of the file must not be touched. */
static void store(struct churn *churn, struct mapped *mapped)
{
	size_t bytes = mapped->bytes;
	struct stat status;

	if (fstat(mapped->fd, &status) < 0)
		return;
	if ((uint64_t)status.st_size < bytes)
		bytes = (size_t)status.st_size;
	if (bytes < 10 || mprotect(mapped->memory, mapped->bytes, PROT_READ | PROT_WRITE) < 0)
		return;
	memset(mapped->memory + below(churn, (unsigned int)bytes - 9), 'a' + (int)below(churn, 26), 9);
	if (below(churn, 4) == 0)
		msync(mapped->memory, mapped->bytes, MS_SYNC);
}

static void do_map(struct churn *churn)
{
	struct mapped *mapped = &churn->held.mapped[below(churn, MAPPED)];

	if (!mapped->memory || below(churn, 5) == 0)
		map(churn, mapped);
	else if (below(churn, 5) == 0)
		remap(churn, mapped);
	else
		store(churn, mapped);
}

/* ------------------------------------------------------------------ more ops */

static void do_truncate(struct churn *churn)
{
	char name[64];

	if (below(churn, 2) ? ftruncate(file(churn), place(churn)) < 0 :
			      truncate(path(churn, name), place(churn)) < 0)
		return;
}

static void do_allocate(struct churn *churn)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
	int fd = file(churn);

	if (below(churn, 6) == 0)
		posix_fallocate(fd, place(churn), 1 + place(churn));
	else if (fallocate(fd, modes[below(churn, 5)], place(churn), 1 + place(churn)) < 0)
		return;
}

static void do_rename(struct churn *churn)
{
	char from[64], to[64];

	path(churn, from);
	path(churn, to);
	if (below(churn, 4))
		rename(from, to);
	else
		renameat2(AT_FDCWD, from, AT_FDCWD, to, below(churn, 2) ? RENAME_EXCHANGE : RENAME_NOREPLACE);
}

/* As programs that replace a file do. */
static void do_replace(struct churn *churn)
{
	static _Thread_local unsigned char buffer[20001];
	char name[64], temporary[80];
	size_t count = bytes(churn, buffer);
	int fd;

	snprintf(temporary, sizeof temporary, "%s.tmp", path(churn, name));
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (write(fd, buffer, count) == (ssize_t)count && below(churn, 2))
		fsync(fd);
	if (below(churn, 8))
		rename(temporary, name);
	else
		unlink(temporary);
	keep(churn, fd);
}

static void do_link(struct churn *churn)
{
	char from[64], to[64];

	path(churn, from);
	path(churn, to);
	if (below(churn, 2) ? link(from, to) < 0 :
			      symlink(strrchr(from, '/') ? strrchr(from, '/') + 1 : from, to) < 0)
		return;
}

static void do_unlink(struct churn *churn)
{
	char name[64];

	unlink(path(churn, name));
}

static void do_mkdir(struct churn *churn)
{
	char name[64];

	mkdir(path(churn, name), below(churn, 2) ? 0755 : 0700);
}

static void do_rmdir(struct churn *churn)
{
	char name[64];

	rmdir(path(churn, name));
}

static void do_chmod(struct churn *churn)
{
	/* no set-user-id: a write takes it away, unless the writer has the right to leave it */
	static const mode_t modes[] = {0644, 0600, 0755, 0444, 0711, 0777};
	mode_t mode = modes[below(churn, 6)];
	int fd = file(churn);
	struct stat status;
	char name[64];

	/* directories stay open to us, also when we are not root; what a FIFO's mode is, is no matter of
	 * storage */
	if (below(churn, 2)) {
		if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
			fchmod(fd, mode);
	} else if (stat(path(churn, name), &status) == 0 && !S_ISFIFO(status.st_mode)) {
		chmod(name, S_ISDIR(status.st_mode) ? mode | 0700 : mode);
	}
}

static void do_node(struct churn *churn)
{
	char name[64];

	mknod(path(churn, name), (below(churn, 2) ? S_IFIFO : S_IFREG) | 0640, 0);
}

static void do_sync(struct churn *churn)
{
	int fd = file(churn);

	if (below(churn, 2))
		fsync(fd);
	else
		fdatasync(fd);
}

static void do_close(struct churn *churn)
{
	int *at = &churn->held.files[below(churn, OPEN)];

	if (*at >= 0)
		close(*at);
	*at = -1;
}

static const struct {
	void (*op)(struct churn *churn);
	unsigned int weight;
} ops[] = {
	{do_open, 12},	  {do_open_at, 5},  {do_temporary, 2}, {do_write, 20},	{do_copy, 3}, {do_map, 12},
	{do_truncate, 6}, {do_allocate, 5}, {do_rename, 10},   {do_replace, 6}, {do_link, 6}, {do_unlink, 5},
	{do_mkdir, 8},	  {do_rmdir, 3},    {do_chmod, 4},     {do_node, 2},	{do_sync, 6}, {do_close, 2},
};

static void step(struct churn *churn)
{
	unsigned int chosen = 0, total = 0;

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		total += ops[i].weight;
	total = below(churn, total);
	while (total >= ops[chosen].weight)
		total -= ops[chosen++].weight;
	ops[chosen].op(churn);
}

/* ------------------------------------------------------------------ several at a time */

static struct held nothing(void)
{
	struct held held = {.mapped = {{0}}};

	for (int i = 0; i < OPEN; i++)
		held.files[i] = -1;
	return held;
}

static void drop(struct held *held)
{
	for (int i = 0; i < OPEN; i++)
		if (held->files[i] >= 0)
			close(held->files[i]);
	for (int i = 0; i < MAPPED; i++)
		unmap(&held->mapped[i]);
}

static void *work(void *argument)
{
	struct churn *churn = argument;
	char own[sizeof churn->own];

	memcpy(own, churn->own, sizeof own);
	churn->held = nothing();
	for (int i = 0; i < churn->ops; i++) {
		bool common = churn->turn && below(churn, 3) == 0;

		/* what is open belongs to one place or the other, or two would write to one file at a time */
		if (common) {
			struct held held = churn->held;

			churn->held = nothing();
			pthread_mutex_lock(churn->turn);
			churn->own[0] = '\0';
			for (int j = 0; j < 5; j++)
				step(churn);
			drop(&churn->held);
			memcpy(churn->own, own, sizeof own);
			pthread_mutex_unlock(churn->turn);
			churn->held = held;
		} else {
			step(churn);
		}
	}
	return NULL;
}

static void start_many(uint64_t seed, int count, bool threads)
{
	pthread_mutex_t *turn =
		mmap(NULL, sizeof *turn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct churn *churns = calloc(WORKERS, sizeof *churns);
	pthread_mutexattr_t attributes;
	pthread_t ids[WORKERS];

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(turn, &attributes);
	for (int i = 0; i < WORKERS; i++) {
		churns[i] =
			(struct churn){.random = seed + (uint64_t)i * 1000003, .ops = count, .turn = turn};
		/* not one of the names that others choose */
		snprintf(churns[i].own, sizeof churns[i].own, "own%d", i);
		mkdir(churns[i].own, 0755);
		if (threads) {
			pthread_create(&ids[i], NULL, work, &churns[i]);
		} else if (fork() == 0) {
			work(&churns[i]);
			exit(0);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		if (threads)
			pthread_join(ids[i], NULL);
		else
			wait(NULL);
}

int main(int argc, char **argv)
{
	struct churn churn = {.random = 0};

	if (argc < 3)
		return 2;
	umask(022);
	churn.random = strtoull(argv[1], NULL, 0);
	churn.ops = atoi(argv[2]);
	if (argc > 3)
		start_many(churn.random, churn.ops, strcmp(argv[3], "threads") == 0);
	else
		work(&churn);
	return 0;
}
