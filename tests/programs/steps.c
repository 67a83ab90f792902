/* SPDX-License-Identifier: MIT */
/*
 * steps - does what its arguments say, one step an argument, so that a test reads as what it does:
 *
 *	steps 'open data bct' 'write 3 hello' 'fork {' 'write 3 child' '}' 'fsync 3' 'close 3'
 *
 * It works in CRASH_DIR, if that is set. Descriptors are numbers, and the first that it opens is 3. A step
 * that fails says so on stdout ("write: EIO"), and the exit status is 1 at the end. For the verbs see
 * the tables at the bottom. A verb with a block does it in a process or thread of its own and waits
 * for it; "exec" has all steps that follow for a block.
 */
#include <crashinject/breakpoint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/machine.h"
#include "common/names.h"
#include "tests/programs/older_libc.h"

#define WORDS 10
#define STREAMS 64

extern char **environ;

static char self[4096];
static volatile int failed;
static FILE *streams[STREAMS]; /* by descriptor */
static int sockets[2] = {-1, -1};

static int number(const char *word)
{
	return word ? atoi(word) : -1;
}

static void tell(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(int fd, const char *format, ...)
{
	char text[4096];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (write(fd, text, (size_t)length) != length)
		_exit(3);
}

/* ------------------------------------------------------------------ files */

static int flags_of(const char *letters)
{
	int flags = 0;

	for (; letters && *letters; letters++)
		flags |= *letters == 'r' ? O_RDONLY :
			 *letters == 'w' ? O_WRONLY :
			 *letters == 'b' ? O_RDWR :
			 *letters == 'c' ? O_CREAT :
			 *letters == 'x' ? O_EXCL :
			 *letters == 't' ? O_TRUNC :
			 *letters == 'a' ? O_APPEND :
			 *letters == 's' ? O_SYNC :
			 *letters == 'd' ? O_DSYNC :
			 *letters == 'e' ? O_CLOEXEC :
			 *letters == 'T' ? O_TMPFILE :
			 *letters == 'D' ? O_DIRECTORY :
					   (abort(), 0);
	return flags;
}

static long do_open(char **word)
{
	return open(word[1], flags_of(word[2]), 0644);
}

static long do_openat(char **word)
{
	return openat(number(word[1]), word[2], flags_of(word[3]), 0644);
}

static long do_reopen(char **word)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", number(word[1]));
	return open(path, flags_of(word[2]), 0644);
}

static long do_close(char **word)
{
	return close(number(word[1]));
}

static long do_raw_close(char **word)
{
	long result = crash__sys3(SYS_close, number(word[1]), 0, 0);

	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static long do_close_range(char **word)
{
	return close_range((unsigned int)number(word[1]), (unsigned int)number(word[2]), 0);
}

static long do_closefrom(char **word)
{
	closefrom(number(word[1]));
	return 0;
}

static long do_dup(char **word)
{
	return dup(number(word[1]));
}

static long do_dup2(char **word)
{
	return dup2(number(word[1]), number(word[2]));
}

static long do_dup3(char **word)
{
	return dup3(number(word[1]), number(word[2]), flags_of(word[3]));
}

static long do_dupfd(char **word)
{
	return fcntl(number(word[1]), F_DUPFD, number(word[2]));
}

static long do_setfl(char **word)
{
	return fcntl(number(word[1]), F_SETFL, flags_of(word[2]));
}

static long do_write(char **word)
{
	return write(number(word[1]), word[2], strlen(word[2]));
}

/* Says what came. */
static long tell_read(const char *bytes, long count)
{
	if (count >= 0)
		tell(1, "read: %.*s\n", (int)count, bytes);
	return count;
}

static long do_read(char **word)
{
	char bytes[4096];

	return tell_read(bytes, read(number(word[1]), bytes, (size_t)number(word[2])));
}

static long do_pread(char **word)
{
	char bytes[4096];

	return tell_read(bytes, pread(number(word[1]), bytes, (size_t)number(word[3]), number(word[2])));
}

/* Into pieces of two bytes. */
static long do_readv(char **word)
{
	char bytes[6];
	struct iovec iov[3] = {{bytes, 2}, {bytes + 2, 2}, {bytes + 4, 2}};

	return tell_read(bytes, readv(number(word[1]), iov, 3));
}

static long do_fgets(char **word)
{
	char line[4096];
	FILE *stream = streams[number(word[1])];

	if (fgets(line, sizeof line, stream))
		return tell_read(line, (long)strcspn(line, "\n"));
	return ferror(stream) ? -1 : tell_read("", 0);
}

static long do_raw_write(char **word)
{
	long result = crash__sys3(SYS_write, number(word[1]), (long)word[2], (long)strlen(word[2]));

	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static long do_pwrite(char **word)
{
	return pwrite(number(word[1]), word[3], strlen(word[3]), number(word[2]));
}

static long do_writev(char **word)
{
	struct iovec iov[WORDS];
	int count = 0;

	for (; word[2 + count]; count++)
		iov[count] = (struct iovec){word[2 + count], strlen(word[2 + count])};
	return writev(number(word[1]), iov, count);
}

static long do_pwritev2(char **word)
{
	struct iovec iov = {word[4], strlen(word[4])};
	int flags = strcmp(word[3], "dsync") == 0 ? RWF_DSYNC : strcmp(word[3], "sync") == 0 ? RWF_SYNC : 0;

	return pwritev2(number(word[1]), &iov, 1, number(word[2]), flags);
}

static long do_fill(char **word)
{
	size_t bytes = (size_t)number(word[2]);
	char *memory = malloc(bytes);
	long result;

	memset(memory, word[3][0], bytes);
	result = write(number(word[1]), memory, bytes);
	free(memory);
	return result;
}

static long do_fsync(char **word)
{
	return fsync(number(word[1]));
}

static long do_fdatasync(char **word)
{
	return fdatasync(number(word[1]));
}

static long do_ftruncate(char **word)
{
	return ftruncate(number(word[1]), number(word[2]));
}

static long do_rename(char **word)
{
	return rename(word[1], word[2]);
}

static long do_link(char **word)
{
	return link(word[1], word[2]);
}

static long do_symlink(char **word)
{
	return symlink(word[1], word[2]);
}

static long do_unlink(char **word)
{
	return unlink(word[1]);
}

static long do_mkdir(char **word)
{
	return mkdir(word[1], 0755);
}

static long do_name(char **word)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", number(word[1]));
	return linkat(AT_FDCWD, path, AT_FDCWD, word[2], AT_SYMLINK_FOLLOW);
}

static long do_cd(char **word)
{
	return chdir(word[1]);
}

/* From a pipe, for which it waits. */
static long do_splice(char **word)
{
	return splice(number(word[1]), NULL, number(word[2]), NULL, (size_t)number(word[3]), 0);
}

static long do_sendfile(char **word)
{
	return sendfile(number(word[1]), number(word[2]), NULL, (size_t)number(word[3]));
}

static long do_vmsplice(char **word)
{
	struct iovec piece = {word[2], strlen(word[2])};

	return vmsplice(number(word[1]), &piece, 1, 0);
}

static long do_tee(char **word)
{
	return tee(number(word[1]), number(word[2]), (size_t)number(word[3]), 0);
}

/* Until the process closes any descriptor of the file. */
static long do_lock(char **word)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(number(word[1]), F_SETLK, &lock);
}

/* ------------------------------------------------------------------ stdio and mappings */

static long do_fopen(char **word)
{
	FILE *stream = fopen(word[1], word[2]);

	if (!stream)
		return -1;
	streams[fileno(stream)] = stream;
	return fileno(stream);
}

static long do_fputs(char **word)
{
	return fputs(word[2], streams[number(word[1])]);
}

static long do_fflush(char **word)
{
	return fflush(streams[number(word[1])]);
}

static long do_fclose(char **word)
{
	return fclose(streams[number(word[1])]);
}

/* Stores through a shared mapping, and takes it away again. */
static long do_store(char **word)
{
	size_t offset = (size_t)number(word[2]), bytes = strlen(word[3]);
	char *memory = mmap(NULL, offset + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, number(word[1]), 0);

	if (memory == MAP_FAILED)
		return -1;
	memcpy(memory + offset, word[3], bytes);
	if (msync(memory, offset + bytes, MS_SYNC) < 0)
		return -1;
	return munmap(memory, offset + bytes);
}

static long do_poke(char **word)
{
	size_t offset = (size_t)number(word[2]), bytes = strlen(word[3]);
	char *memory = mmap(NULL, offset + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, number(word[1]), 0);

	if (memory == MAP_FAILED)
		return -1;
	memcpy(memory + offset, word[3], bytes);
	return 0;
}

/* ------------------------------------------------------------------ descriptors of other kinds */

static long do_memfd(char **word)
{
	return memfd_create(word[1], 0);
}

static long do_eventfd(char **word)
{
	(void)word;
	return eventfd(0, 0);
}

/* The reading end comes first. */
static long do_pipe(char **word)
{
	int ends[2];

	(void)word;
	return pipe(ends);
}

static long do_socketpair(char **word)
{
	(void)word;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
}

static long do_send(char **word)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	const char *text = word[2] ? word[2] : "x";
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int fd = number(word[1]);

	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	return sendmsg(sockets[0], &message, 0);
}

static long do_receive(char **word)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {(char[]){"x"}, 1};
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

	(void)word;
	return recvmsg(sockets[1], &message, 0);
}

/* ------------------------------------------------------------------ the process */

static long do_say(char **word)
{
	tell(1, "%s\n", word[1]);
	return 0;
}

static long do_complain(char **word)
{
	tell(2, "%s\n", word[1]);
	return 0;
}

static long do_exit(char **word)
{
	_exit(number(word[1]));
}

static long do_raise(char **word)
{
	return kill(getpid(), number(word[1]));
}

static void note_signal(int signal)
{
	tell(1, "signal %d\n", signal);
}

static long do_catch(char **word)
{
	struct sigaction action = {.sa_handler = note_signal};

	return sigaction(number(word[1]), &action, NULL);
}

static long do_sleep(char **word)
{
	struct timespec time = {.tv_sec = number(word[1]) / 1000,
				.tv_nsec = number(word[1]) % 1000 * 1000000L};

	return nanosleep(&time, NULL);
}

/* Until somebody else has written so much. */
static long do_await(char **word)
{
	struct timespec time = {.tv_nsec = 1000000};
	struct stat status;

	while (stat(word[1], &status) < 0 || status.st_size < number(word[2]))
		nanosleep(&time, NULL);
	return 0;
}

/* Until a thread of ours waits in a splice(). */
static long do_await_splice(char **word)
{
	struct timespec time = {.tv_nsec = 1000000};
	char path[300], text[32];
	struct dirent *entry;

	(void)word;
	for (;; nanosleep(&time, NULL)) {
		DIR *tasks = opendir("/proc/self/task");

		while (tasks && (entry = readdir(tasks)) != NULL) {
			int fd = -1;

			snprintf(path, sizeof path, "/proc/self/task/%s/syscall", entry->d_name);
			if (entry->d_name[0] != '.')
				fd = open(path, O_RDONLY);
			if (fd < 0)
				continue;
			memset(text, 0, sizeof text);
			if (read(fd, text, sizeof text - 1) > 0 && atoi(text) == SYS_splice && text[0] != 'r')
				return closedir(tasks);
			close(fd);
		}
		if (tasks)
			closedir(tasks);
	}
}

static long do_limit(char **word)
{
	struct rlimit limit = {(rlim_t)number(word[1]), (rlim_t)number(word[1])};

	return setrlimit(RLIMIT_FSIZE, &limit);
}

/* Becomes a process that others may not look into. */
static long do_hide(char **word)
{
	(void)word;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static long do_point(char **word)
{
	crash_breakpoint(word[1]);
	return 0;
}

static long do_ack(char **word)
{
	CRASH_ACK(word[1]);
	return 0;
}

static long do_fixed_point(char **word)
{
	(void)word;
	CRASH_BREAKPOINT("steps.fixed");
	return 0;
}

static long do_pid(char **word)
{
	(void)word;
	tell(1, "%d\n", (int)getpid());
	return 0;
}

/* What the kernel says of a descriptor's position: the program must not see it move by itself. */
static long do_position(char **word)
{
	tell(1, "%lld\n", (long long)lseek(number(word[1]), 0, SEEK_CUR));
	return 0;
}

/* Another program, without arguments, which is waited for. */
static long do_run(char **word)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(word[1], word[1], (char *)NULL);
		_exit(126);
	}
	return pid < 0 ? -1 : waitpid(pid, &status, 0);
}

static long do_print(char **word)
{
	const char *value = getenv(word[1]);

	tell(1, "%s=%s\n", word[1], value ? value : "(unset)");
	return 0;
}

static const struct verb {
	const char *name;
	long (*run)(char **words);
	const char *about;
} verbs[] = {
	{"open", do_open,
	 "FILE FLAGS: r w b(oth), c(reate) x t(runcate) a(ppend) s(ync) d(sync) e(xec) T(mp) D(ir)"},
	{"openat", do_openat, "DIRFD FILE FLAGS"},
	{"reopen", do_reopen, "FD FLAGS: through /proc/self/fd"},
	{"close", do_close, "FD"},
	{"raw-close", do_raw_close, "FD: by an inline system call"},
	{"close-range", do_close_range, "FIRST LAST"},
	{"closefrom", do_closefrom, "FIRST"},
	{"dup", do_dup, "FD"},
	{"dup2", do_dup2, "FD FD"},
	{"dup3", do_dup3, "FD FD FLAGS"},
	{"dupfd", do_dupfd, "FD LEAST: fcntl(F_DUPFD)"},
	{"setfl", do_setfl, "FD FLAGS: fcntl(F_SETFL)"},
	{"write", do_write, "FD TEXT"},
	{"raw-write", do_raw_write, "FD TEXT: by an inline system call"},
	{"pwrite", do_pwrite, "FD OFFSET TEXT"},
	{"read", do_read, "FD BYTES: says what it got"},
	{"pread", do_pread, "FD OFFSET BYTES"},
	{"readv", do_readv, "FD: 6 bytes in three pieces"},
	{"fgets", do_fgets, "FD"},
	{"writev", do_writev, "FD TEXT..."},
	{"pwritev2", do_pwritev2, "FD OFFSET none|dsync|sync TEXT"},
	{"fill", do_fill, "FD BYTES LETTER: one write"},
	{"fsync", do_fsync, "FD"},
	{"fdatasync", do_fdatasync, "FD"},
	{"ftruncate", do_ftruncate, "FD SIZE"},
	{"rename", do_rename, "FROM TO"},
	{"link", do_link, "FROM TO"},
	{"symlink", do_symlink, "TEXT NAME"},
	{"unlink", do_unlink, "NAME"},
	{"mkdir", do_mkdir, "NAME"},
	{"name", do_name, "FD NAME: linkat() of an O_TMPFILE"},
	{"cd", do_cd, "DIRECTORY"},
	{"splice", do_splice, "FD FD BYTES: from a pipe, for which it waits, or into one"},
	{"sendfile", do_sendfile, "FD FD BYTES: to the first"},
	{"vmsplice", do_vmsplice, "FD TEXT"},
	{"tee", do_tee, "FD FD BYTES: to the second"},
	{"lock", do_lock, "FD"},
	{"fopen", do_fopen, "FILE MODE"},
	{"fputs", do_fputs, "FD TEXT"},
	{"fflush", do_fflush, "FD"},
	{"fclose", do_fclose, "FD"},
	{"store", do_store, "FD OFFSET TEXT: through a shared mapping, msync()ed"},
	{"poke", do_poke, "FD OFFSET TEXT: through a shared mapping, which stays"},
	{"memfd", do_memfd, "NAME"},
	{"eventfd", do_eventfd, ""},
	{"pipe", do_pipe, ""},
	{"socketpair", do_socketpair, ""},
	{"send", do_send, "FD [TEXT]: over the socket pair"},
	{"receive", do_receive, ""},
	{"say", do_say, "TEXT: to stdout"},
	{"complain", do_complain, "TEXT: to stderr"},
	{"exit", do_exit, "STATUS"},
	{"raise", do_raise, "SIGNAL"},
	{"catch", do_catch, "SIGNAL: says when it comes"},
	{"sleep", do_sleep, "MILLISECONDS"},
	{"await", do_await, "FILE BYTES: until it has them"},
	{"await-splice", do_await_splice, "until a thread waits in one"},
	{"limit", do_limit, "BYTES: RLIMIT_FSIZE"},
	{"hide", do_hide, "PR_SET_DUMPABLE"},
	{"point", do_point, "NAME: crash_breakpoint()"},
	{"ack", do_ack, "TEXT: CRASH_ACK()"},
	{"fixed-point", do_fixed_point, "CRASH_BREAKPOINT(\"steps.fixed\")"},
	{"pid", do_pid, ""},
	{"position", do_position, "FD"},
	{"print", do_print, "VARIABLE"},
	{"run", do_run, "PROGRAM: in a process of its own"},
	{NULL, NULL, NULL},
};

/* ------------------------------------------------------------------ blocks */

static void run(char **steps, int count);

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (WIFSIGNALED(status))
		tell(1, "child: signal %d\n", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		tell(1, "child: exit %d\n", WEXITSTATUS(status));
	return 0;
}

static int block_fork(char **steps, int count, char **word)
{
	pid_t pid = fork();

	(void)word;
	if (pid == 0) {
		run(steps, count);
		_exit(failed != 0);
	}
	return wait_for(pid);
}

/* As much as may be done in a borrowed address space, and a bit more. */
static int block_vfork(char **steps, int count, char **word)
{
	pid_t pid = vfork();

	(void)word;
	if (pid == 0) {
		run(steps, count);
		_exit(0);
	}
	return wait_for(pid);
}

/* Goes on at once; main() waits. */
static int block_background(char **steps, int count, char **word)
{
	pid_t pid = fork();

	(void)word;
	if (pid == 0) {
		run(steps, count);
		_exit(failed != 0);
	}
	return pid < 0 ? -1 : 0;
}

static char **with_self(char **steps, int count)
{
	char **argv = calloc((size_t)count + 2, sizeof *argv);

	argv[0] = self;
	memcpy(argv + 1, steps, (size_t)count * sizeof *argv);
	return argv;
}

/* spawn { or spawn FD FILE FLAGS {: with a file action that opens */
static int block_spawn(char **steps, int count, char **word)
{
	posix_spawn_file_actions_t actions;
	char **argv = with_self(steps, count);
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	if (word[1] && strcmp(word[1], "{") != 0)
		posix_spawn_file_actions_addopen(&actions, number(word[1]), word[2], flags_of(word[3]), 0644);
	error = posix_spawn(&pid, self, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	if (error) {
		errno = error;
		return -1;
	}
	return wait_for(pid);
}

static char *command_line(char **steps, int count)
{
	char *line = malloc(65536), *at = line;

	at += sprintf(at, "exec '%s'", self);
	for (int i = 0; i < count; i++)
		at += sprintf(at, " '%s'", steps[i]);
	return line;
}

static int block_system(char **steps, int count, char **word)
{
	char *line = command_line(steps, count);
	int status = system(line);

	(void)word;
	free(line);
	if (status > 0)
		tell(1, "system: %#x\n", (unsigned int)status);
	return status < 0 ? -1 : 0;
}

static int block_popen(char **steps, int count, char **word)
{
	char *line = command_line(steps, count), text[4096];
	FILE *stream = popen(line, "r");

	(void)word;
	free(line);
	if (!stream)
		return -1;
	while (fgets(text, sizeof text, stream))
		tell(1, "%s", text);
	return pclose(stream) < 0 ? -1 : 0;
}

struct job {
	char **steps;
	int count;
};

static void *do_job(void *argument)
{
	struct job *job = argument;

	run(job->steps, job->count);
	return NULL;
}

static int block_thread(char **steps, int count, char **word)
{
	struct job job = {steps, count};
	pthread_t thread;

	(void)word;
	errno = pthread_create(&thread, NULL, do_job, &job);
	return errno ? -1 : pthread_join(thread, NULL);
}

/* Goes on at once, and nobody waits. */
static int block_leave(char **steps, int count, char **word)
{
	static struct job job;
	pthread_t thread;

	(void)word;
	job = (struct job){steps, count};
	errno = pthread_create(&thread, NULL, do_job, &job);
	return errno ? -1 : pthread_detach(thread);
}

static int block_repeat(char **steps, int count, char **word)
{
	for (int i = number(word[1]); i > 0; i--)
		run(steps, count);
	return 0;
}

static int block_exec(char **steps, int count, char **word)
{
	char **argv = with_self(steps, count);

	(void)word;
	return execv(self, argv);
}

static int block_exec_clean(char **steps, int count, char **word)
{
	char **argv = with_self(steps, count), *none[] = {NULL};

	(void)word;
	return execve(self, argv, none);
}

static const struct block {
	const char *name;
	int (*run)(char **steps, int count, char **words);
	const char *about;
} blocks[] = {
	{"fork", block_fork, ""},
	{"vfork", block_vfork, ""},
	{"background", block_background, "fork, and do not wait"},
	{"spawn", block_spawn, "[FD FILE FLAGS]: posix_spawn(), with a file action that opens"},
	{"system", block_system, ""},
	{"popen", block_popen, ""},
	{"thread", block_thread, ""},
	{"leave", block_leave, "a thread that nobody waits for"},
	{"repeat", block_repeat, "TIMES"},
	{"exec", block_exec, ""},
	{"exec-clean", block_exec_clean, "with an empty environment"},
	{NULL, NULL, NULL},
};

/* ------------------------------------------------------------------ steps */

static void complain_of(const char *verb)
{
	failed = 1;
	tell(1, "%s: %s\n", verb, crash__error_name(errno));
}

/* The index of the brace that ends the block which begins in front of `from`. */
static int end_of(char **steps, int from, int count)
{
	int depth = 1;

	for (int i = from; i < count; i++) {
		size_t length = strlen(steps[i]);

		depth += steps[i][length - 1] == '{';
		depth -= strcmp(steps[i], "}") == 0;
		if (depth == 0)
			return i;
	}
	return count;
}

/* Splits a copy; words are never freed, a child may share them. */
static void split(const char *step, char *words[WORDS + 1])
{
	char *copy = strdup(step), *rest;

	memset(words, 0, (WORDS + 1) * sizeof *words);
	for (int i = 0; i < WORDS; i++) {
		words[i] = strtok_r(i ? NULL : copy, " ", &rest);
		if (!words[i])
			return;
	}
}

static void run(char **steps, int count)
{
	char *words[WORDS + 1];

	for (int i = 0; i < count; i++) {
		const struct block *block = blocks;
		const struct verb *verb = verbs;
		bool has_block = steps[i][strlen(steps[i]) - 1] == '{';
		int end;

		split(steps[i], words);
		if (has_block) {
			while (block->name && strcmp(block->name, words[0]) != 0)
				block++;
			end = end_of(steps, i + 1, count);
			if (!block->name)
				tell(2, "steps: no block \"%s\"\n", words[0]), _exit(3);
			if (block->run(steps + i + 1, end - i - 1, words) < 0)
				complain_of(words[0]);
			i = end;
			continue;
		}
		while (verb->name && strcmp(verb->name, words[0]) != 0)
			verb++;
		if (!verb->name)
			tell(2, "steps: no verb \"%s\"\n", words[0]), _exit(3);
		errno = 0;
		if (verb->run(words) < 0)
			complain_of(words[0]);
	}
}

int main(int argc, char **argv)
{
	const char *directory = getenv("CRASH_DIR");
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	self[length < 0 ? 0 : length] = '\0';
	if (directory && chdir(directory) < 0)
		return 3;
	run(argv + 1, argc - 1);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return failed ? 1 : 0;
}
