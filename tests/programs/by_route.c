/* SPDX-License-Identifier: MIT */
/*
 * by_route - does what its arguments say, a step each; the first one names the route of all calls:
 *
 *	by_route inline 'open data wct' 'write 3 hello' 'fsync 3'
 *
 *	symbol	libc's functions
 *	libc	the same, but what is written goes through stdio, whose system call is inside libc
 *	syscall	the kernel's calls through syscall(2)
 *	inline	the kernel's calls by an instruction of its own
 *
 * It works in CRASH_DIR. Of each step that is an op it says on stdout what came of it, as "write 5" or
 * "write EIO". The first descriptor is 3; "fork {" has the steps up to "}" done by a child, and says how that
 * ended. For the rest see the table at the bottom.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/machine.h"
#include "common/names.h"

#define WORDS 4
#define STREAMS 16

static enum { SYMBOL, LIBC, SYSCALL, INLINE } route;
static const char *const routes[] = {"symbol", "libc", "syscall", "inline"};
static FILE *streams[STREAMS];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* At once, and not by the route. */
static void say(const char *format, ...)
{
	char text[256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (write(1, text, (size_t)length) != length)
		_exit(3);
}

static long by_instruction(long number, long a, long b, long c, long d, long e, long f)
{
	long result = crash__sys6(number, a, b, c, d, e, f);

	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/* The kernel's call by one of the two routes that name it by its number. */
static long by_number(long number, long a, long b, long c, long d, long e, long f)
{
	return route == INLINE ? by_instruction(number, a, b, c, d, e, f) : syscall(number, a, b, c, d, e, f);
}

static int number(const char *word)
{
	return word ? atoi(word) : -1;
}

static long do_open(char **word)
{
	int flags = O_RDWR;

	for (const char *letter = word[2]; letter && *letter; letter++)
		flags |= *letter == 'c' ? O_CREAT :
			 *letter == 't' ? O_TRUNC :
			 *letter == 's' ? O_SYNC :
			 *letter == 'd' ? O_DSYNC :
					  0;
	if (route == SYSCALL || route == INLINE)
		return by_number(SYS_openat, AT_FDCWD, (long)word[1], flags, 0644, 0, 0);
	return open(word[1], flags, 0644);
}

static long write_by_stdio(int fd, const char *text, size_t bytes)
{
	if (!streams[fd])
		streams[fd] = fdopen(fd, "r+");
	clearerr(streams[fd]);
	if (fwrite(text, 1, bytes, streams[fd]) == bytes && fflush(streams[fd]) == 0)
		return (long)bytes;
	return -1;
}

static long do_write(char **word)
{
	int fd = number(word[1]);
	size_t bytes = strlen(word[2]);

	if (route == LIBC)
		return write_by_stdio(fd, word[2], bytes);
	if (route == SYMBOL)
		return write(fd, word[2], bytes);
	return by_number(SYS_write, fd, (long)word[2], (long)bytes, 0, 0, 0);
}

/* From nowhere. */
static long do_bad(char **word)
{
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = number(word[1]);

	if (route == SYMBOL || route == LIBC)
		return write(fd, nowhere, 3);
	return by_number(SYS_write, fd, (long)nowhere, 3, 0, 0, 0);
}

/* From memory that ends before what is to be written does. */
static long do_edge(char **word)
{
	static char *memory;
	int fd = number(word[1]);
	size_t bytes = strlen(word[2]);

	if (!memory) {
		memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED || mprotect(memory + 4096, 4096, PROT_NONE) < 0)
			return -1;
	}
	memcpy(memory + 4096 - bytes, word[2], bytes);
	if (route == SYMBOL || route == LIBC)
		return write(fd, memory + 4096 - bytes, bytes + 4);
	return by_number(SYS_write, fd, (long)(memory + 4096 - bytes), (long)bytes + 4, 0, 0, 0);
}

/* At the file position. */
static long do_pwritev2(char **word)
{
	int fd = number(word[1]);
	int flags = strcmp(word[2], "dsync") == 0 ? RWF_DSYNC : strcmp(word[2], "sync") == 0 ? RWF_SYNC : 0;
	struct iovec iov[] = {{word[3], 1}, {word[3] + 1, strlen(word[3]) - 1}};

	if (route == SYMBOL || route == LIBC)
		return pwritev2(fd, iov, 2, -1, flags);
	return by_number(SYS_pwritev2, fd, (long)iov, 2, -1, 0, flags);
}

static long do_fsync(char **word)
{
	int fd = number(word[1]);

	if (route == SYMBOL || route == LIBC)
		return fsync(fd);
	return by_number(SYS_fsync, fd, 0, 0, 0, 0, 0);
}

static long do_truncate(char **word)
{
	int fd = number(word[1]);
	long size = number(word[2]);

	if (route == SYMBOL || route == LIBC)
		return ftruncate(fd, size);
	return by_number(SYS_ftruncate, fd, size, 0, 0, 0, 0);
}

static long do_rename(char **word)
{
	if (route == SYMBOL || route == LIBC)
		return rename(word[1], word[2]);
	return by_number(SYS_rename, (long)word[1], (long)word[2], 0, 0, 0, 0);
}

/* Through a shared mapping of the file's first page; no call at all, whatever the route. */
static long do_store(char **word)
{
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, number(word[1]), 0);

	if (map == MAP_FAILED)
		return -1;
	memcpy(map, word[2], strlen(word[2]));
	return munmap(map, 4096);
}

/* Writes by one io_submit(), one behind the other from the file's start, and their ends. */
static long do_submit(char **word)
{
	static aio_context_t context;
	struct iocb requests[WORDS], *list[WORDS];
	struct io_event events[WORDS];
	long count = 0, bytes = 0;

	for (; count + 2 < WORDS && word[count + 2]; count++) {
		requests[count] = (struct iocb){.aio_lio_opcode = IOCB_CMD_PWRITE,
						.aio_fildes = (unsigned int)number(word[1]),
						.aio_buf = (unsigned long)word[count + 2],
						.aio_nbytes = strlen(word[count + 2]),
						.aio_offset = bytes};
		list[count] = &requests[count];
		bytes += (long)strlen(word[count + 2]);
	}
	if (!context && syscall(SYS_io_setup, 4, &context) < 0)
		exit(77);
	if (by_number(SYS_io_submit, (long)context, count, (long)list, 0, 0, 0) != count ||
	    syscall(SYS_io_getevents, context, count, count, events, NULL) != count)
		return -1;
	for (bytes = 0; count > 0; count--)
		bytes += (long)events[count - 1].res;
	return bytes;
}

static void run_step(const char *step);

static char handling[16]; /* what the handler does besides saying that it was called */
static sigjmp_buf next_step;

static void handle(int signal)
{
	say("signal %d\n", signal);
	if (strcmp(handling, "jump") == 0)
		siglongjmp(next_step, 1);
	if (strcmp(handling, "exit") == 0)
		_exit(4);
	if (strcmp(handling, "fork") == 0 && fork() == 0) {
		run_step("write 3 child");
		_exit(0);
	}
	if (strcmp(handling, "fork") == 0)
		wait(NULL);
	if (strcmp(handling, "write") == 0)
		run_step("write 3 handler");
}

static long do_catch(char **word)
{
	struct sigaction action = {.sa_handler = handle};

	snprintf(handling, sizeof handling, "%s", word[2] ? word[2] : "");
	return sigaction(number(word[1]), &action, NULL);
}

static long do_limit(char **word)
{
	struct rlimit limit = {(rlim_t)number(word[1]), (rlim_t)number(word[1])};

	signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static const struct verb {
	const char *name;
	long (*run)(char **words);
	bool quiet; /* as long as it succeeds */
	const char *about;
} verbs[] = {
	{"open", do_open, false, "FILE FLAGS: for reading and writing, c(reate) t(runcate) s(ync) d(sync)"},
	{"write", do_write, false, "FD TEXT"},
	{"bad", do_bad, false, "FD: a write from a bad address"},
	{"edge", do_edge, false, "FD TEXT: a write of that and of four bytes that cannot be read"},
	{"pwritev2", do_pwritev2, false, "FD none|dsync|sync TEXT: a vector, at the file position"},
	{"fsync", do_fsync, false, "FD"},
	{"truncate", do_truncate, false, "FD SIZE"},
	{"rename", do_rename, false, "FROM TO"},
	{"store", do_store, true, "FD TEXT"},
	{"submit", do_submit, false, "FD TEXT"},
	{"catch", do_catch, true, "SIGNAL [write|fork|jump|exit]: says when it comes, and does that"},
	{"limit", do_limit, true, "BYTES: RLIMIT_FSIZE, without its signal"},
};

#define VERBS (sizeof verbs / sizeof *verbs)

static void run(char **steps, int count);

static void run_child(char **steps, int count)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		run(steps, count);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		_exit(3);
	if (WIFSIGNALED(status))
		say("child: signal %d\n", WTERMSIG(status));
	else
		say("child: exit %d\n", WEXITSTATUS(status));
}

static void run_step(const char *step)
{
	char text[256], *words[WORDS + 1] = {0}, *rest;
	const struct verb *verb = verbs;
	long result;

	snprintf(text, sizeof text, "%s", step);
	for (int i = 0; i < WORDS; i++) {
		words[i] = strtok_r(i ? NULL : text, " ", &rest);
		if (!words[i])
			break;
	}
	while (verb < verbs + VERBS && strcmp(verb->name, words[0]) != 0)
		verb++;
	if (verb == verbs + VERBS)
		_exit(3);
	result = verb->run(words);
	if (result < 0)
		say("%s %s\n", verb->name, crash__error_name(errno));
	else if (!verb->quiet)
		say("%s %ld\n", verb->name, result);
}

/* A function of its own: what is in registers is not what it was after the jump. */
static void try_step(const char *step)
{
	if (sigsetjmp(next_step, 1) == 0)
		run_step(step);
}

static void run(char **steps, int count)
{
	for (int i = 0; i < count; i++) {
		int end = i;

		if (strcmp(steps[i], "fork {") != 0) {
			try_step(steps[i]);
			continue;
		}
		while (end < count && strcmp(steps[end], "}") != 0)
			end++;
		run_child(steps + i + 1, end - i - 1);
		i = end;
	}
}

int main(int argc, char **argv)
{
	const char *directory = getenv("CRASH_DIR");

	if (argc < 2 || (directory && chdir(directory) < 0))
		return 3;
	while (strcmp(routes[route], argv[1]) != 0)
		if (route++ == INLINE)
			return 3;
	run(argv + 2, argc - 2);
	return 0;
}
