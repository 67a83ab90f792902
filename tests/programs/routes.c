/* SPDX-License-Identifier: MIT */
/*
 * routes - makes one call of calls.def, by one route: routes symbol|syscall|inline NAME, in CRASH_DIR.
 *
 *	symbol	libc's function of that name, or the shim's
 *	syscall	the kernel's call through syscall(2)
 *	inline	the kernel's call by an instruction of its own
 *
 * Says "ok RESULT" or the error. What it needs is opened so that nothing counts but the call itself.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/machine.h"
#include "common/names.h"
#include "common/numbers.h"

/* What is made when the program runs; more than any number that stands in routes.def. */
enum {
	FIRST_MADE = 1 << 28,
	FD = FIRST_MADE, /* data, for reading and writing */
	FROM,		 /* from, for reading */
	DIRFD,		 /* the directory */
	BUF,		 /* "WXYZ" */
	IOV,		 /* the same in two parts */
	OFFSET,		 /* of an offset, 3 */
	PIPE,		 /* one that has "WXYZ" */
	AIO,
	IOCBS, /* a context, and one write of "WXYZ" at 2 */
	MAP,   /* data, shared */
	HOW,
	DEVICE,
	TEMPLATE,
	TEMPLATE_C,
	ID, /* of somebody else, if that is allowed */
	SECONDS,
	TIMES, /* 2000000 after the beginning of time */
};

#define TEXT(text) (long)(text)

static const struct row {
	const char *name;
	long args[6];
} rows[] = {
#define ROUTE(name, file, to, offset, changes, ...) {#name, {__VA_ARGS__}},
#include "routes.def"
};

static const struct {
	const char *name;
	long number;
} numbers[] = {
#define CALL(name, ...) {#name, SYS_##name},
#define RAW(name, ...) {#name, SYS_##name},
#define TWIN(...)
#define ALIAS(...)
#define OWN(...)
#define HAND(...)
#define MEMORY(...)
#include "common/calls.def"
};

static int open_existing(const char *name, int flags)
{
	int fd = open(name, flags);

	if (fd < 0) {
		perror(name);
		exit(3);
	}
	return fd;
}

static int make_pipe(void)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], "WXYZ", 4) != 4)
		exit(3);
	return ends[0];
}

static aio_context_t aio;

static long make_iocbs(void)
{
	static struct iocb request, *list[] = {&request};

	request = (struct iocb){.aio_lio_opcode = IOCB_CMD_PWRITE,
				.aio_fildes = (unsigned int)open_existing("data", O_RDWR),
				.aio_buf = (unsigned long)"WXYZ",
				.aio_nbytes = 4,
				.aio_offset = 2};
	return (long)list;
}

static long make(long argument)
{
	static char bytes[] = "WXYZ";
	static struct iovec iov[] = {{bytes, 1}, {bytes + 1, 3}};
	static long offset = 3, seconds[] = {2000000, 2000000}, times[] = {2000000, 0, 2000000, 0};
	static unsigned long how[] = {O_WRONLY | O_CREAT, 0640, 0}, device;
	static char template[] = "new-XXXXXX", template_c[] = "new-XXXXXX.c";

	switch (argument) {
	case FD:
		return open_existing("data", O_RDWR);
	case FROM:
		return open_existing("from", O_RDONLY);
	case DIRFD:
		return open_existing(".", O_RDONLY | O_DIRECTORY);
	case BUF:
		return (long)bytes;
	case IOV:
		return (long)iov;
	case OFFSET:
		return (long)&offset;
	case PIPE:
		return make_pipe();
	case AIO:
		if (syscall(SYS_io_setup, 4, &aio) < 0)
			exit(77);
		return (long)aio;
	case IOCBS:
		return make_iocbs();
	case MAP:
		return (long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_existing("data", O_RDWR), 0);
	case HOW:
		return (long)how;
	case DEVICE:
		return (long)&device;
	case TEMPLATE:
		return (long)template;
	case TEMPLATE_C:
		return (long)template_c;
	case ID:
		return geteuid() == 0 ? 12345 : (long)geteuid();
	case SECONDS:
		return (long)seconds;
	case TIMES:
		return (long)times;
	default:
		return argument;
	}
}

/* No call, but stores to a mapping, and the end of the mapping. */
static long store(void)
{
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open_existing("data", O_RDWR), 0);

	memcpy(map + 2, "WXYZ", 4);
	return munmap(map, 4096);
}

static long by_instruction(long number, const long args[6])
{
	long result = crash__sys6(number, args[0], args[1], args[2], args[3], args[4], args[5]);

	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#ifdef STATIC
/* What libc has is in the program, or not; by its number every call can be made. */
static long by_symbol(const char *name, const long args[6])
{
	(void)name;
	(void)args;
	exit(77);
}
#else
static long by_symbol(const char *name, const long args[6])
{
	long (*function)(long, long, long, long, long, long);
	long result;

	*(void **)&function = dlsym(RTLD_DEFAULT, name);
	if (!function)
		exit(77);
	result = function(args[0], args[1], args[2], args[3], args[4], args[5]);
	if (strcmp(name, "sync") == 0)
		return 0;
	if (strcmp(name, "mkdtemp") == 0)
		return result ? 0 : -1;
	if (strncmp(name, "posix_fallocate", 15) == 0) {
		errno = (int)result;
		return (int)result ? -1 : 0;
	}
	/* an int fills half of the register */
	return (int)result;
}
#endif

static long by_number(const char *route, const char *name, const long args[6])
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (strcmp(numbers[i].name, name) != 0)
			continue;
		if (numbers[i].number >= (long)CRASH__KERNEL_NUMBERS) /* this machine's kernel lacks it */
			exit(77);
		if (strcmp(route, "inline") == 0)
			return by_instruction(numbers[i].number, args);
		return syscall(numbers[i].number, args[0], args[1], args[2], args[3], args[4], args[5]);
	}
	exit(3);
}

static void call(const char *route, const struct row *row)
{
	struct io_event event;
	long args[6], result;

	for (int i = 0; i < 6; i++)
		args[i] = make(row->args[i]);
	if (strcmp(row->name, "store") == 0)
		result = store();
	else
		result = strcmp(route, "symbol") == 0 ? by_symbol(row->name, args) :
							by_number(route, row->name, args);
	if (result < 0)
		printf("%s\n", crash__error_name(errno));
	else
		printf("ok %ld\n", result);
	if (strcmp(row->name, "io_submit") == 0 && result == 1)
		syscall(SYS_io_getevents, aio, 1, 1, &event, NULL);
}

int main(int argc, char **argv)
{
	const char *directory = getenv("CRASH_DIR");

	if (argc != 3 || (directory && chdir(directory) < 0))
		return 3;
	umask(0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, argv[2]) == 0) {
			call(argv[1], &rows[i]);
			return 0;
		}
	return 3;
}
