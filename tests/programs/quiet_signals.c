/* SPDX-License-Identifier: MIT */
/*
 * quiet_signals - signals that meet calls: EINTR and SA_RESTART, masks, errno, handlers that write or leave
 * by longjmp, small signal stacks, size limits, a storm. Prints what it finds, the same each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic int caught;
static int log_fd;

static void count(int number)
{
	(void)number;
	caught++;
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static void say(const char *what, long result, int error)
{
	printf("%s: %ld, errno %d\n", what, result, error);
	fflush(stdout);
}

/* At once: a child may flush what is left of it, with some sanitizers also in _exit(). */
static void say_caught(void)
{
	printf("  caught %d\n", caught);
	fflush(stdout);
}

/* Sends SIGUSR1 to `pid` when its only thread sleeps in a call, and later does `then`. */
static pid_t interrupt_later(void (*then)(int), int argument)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		usleep(60000);
		kill(parent, SIGUSR1);
		usleep(60000);
		then(argument);
		_exit(0);
	}
	return child;
}

static void drain(int fd)
{
	char text[100000];

	while (read(fd, text, sizeof text) > 0)
		;
}

static int writing_end;

static void drain_pipe(int fd)
{
	close(writing_end);
	drain(fd);
}

static void open_reader(int unused)
{
	(void)unused;
	drain(open("fifo", O_RDONLY));
}

static void do_nothing(int unused)
{
	(void)unused;
}

static void interrupted_write(int flags)
{
	static char big[200000];
	long result;
	int ends[2], error;
	pid_t child;

	if (pipe(ends) < 0)
		return;
	handle(SIGUSR1, count, flags);
	caught = 0;
	/* a full pipe: nothing can be written before the signal */
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], big, 4096) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	writing_end = ends[1];
	child = interrupt_later(drain_pipe, ends[0]);
	errno = 77;
	result = write(ends[1], big, 100);
	error = errno;
	close(ends[0]);
	close(ends[1]);
	say(flags ? "restarted write" : "interrupted write", result, error);
	waitpid(child, NULL, 0);
	say_caught();
}

static void interrupted_open(int flags, int open_flags)
{
	int fd, error;
	pid_t child;

	mkfifo("fifo", 0600);
	handle(SIGUSR1, count, flags);
	caught = 0;
	child = interrupt_later(flags ? open_reader : do_nothing, 0);
	errno = 77;
	fd = open("fifo", open_flags, 0600);
	error = errno;
	say(flags ? "restarted open" : "interrupted open", fd < 0 ? -1 : 0, error);
	close(fd);
	waitpid(child, NULL, 0);
	say_caught();
}

/* ------------------------------------------------------------------ handlers */

static void write_in_handler(int number)
{
	int saved = errno;

	errno = 55;
	if (write(log_fd, "handler\n", 8) != 8 || errno != 55)
		abort();
	if (rename("none", "nowhere") != -1 || errno != ENOENT)
		abort();
	errno = saved;
	count(number);
}

static void handlers(void)
{
	static char small[20000]; /* a signal stack that is not large */
	stack_t stack = {.ss_sp = small, .ss_size = sizeof small};
	struct itimerval soon = {{0, 900}, {0, 900}}, off = {{0, 0}, {0, 0}};
	struct stat status;
	long wrong = 0;
	int fd = open("a", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	log_fd = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	sigaltstack(&stack, NULL);
	handle(SIGALRM, write_in_handler, SA_RESTART | SA_ONSTACK);
	caught = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
	for (int i = 0; i < 3000 || caught < 50; i++) {
		errno = 77;
		wrong += write(fd, "0123456789", 10) != 10 || errno != 77;
		errno = 78;
		wrong += rename("none", "nowhere") != -1 || errno != ENOENT;
		if (i == 3000000)
			break;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	handle(SIGALRM, SIG_IGN, 0);
	fstat(log_fd, &status);
	printf("handlers: %ld wrong, %s, %s\n", wrong,
	       status.st_size == 8 * (long)caught ? "each wrote" : "lost writes",
	       caught >= 50 ? "many" : "few");
	fstat(fd, &status);
	printf("  %s\n", status.st_size % 10 == 0 ? "whole" : "torn");
	close(fd);
	close(log_fd);
	unlink("a");
	unlink("log");
}

static sigjmp_buf out;

static void leave(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

static void leaps(void)
{
	struct itimerval soon = {{0, 0}, {0, 200}};
	volatile int left = 0;
	struct stat status;
	sigset_t mask;
	int fd = open("b", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	handle(SIGALRM, leave, 0);
	for (volatile int i = 0; i < 100; i++) {
		if (sigsetjmp(out, 1) == 0) {
			setitimer(ITIMER_REAL, &soon, NULL);
			for (;;)
				write(fd, "0123456789", 10);
		}
		left++;
	}
	handle(SIGALRM, SIG_IGN, 0);
	fstat(fd, &status);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("leaps: %d, %s, SIGALRM %s\n", left, status.st_size % 10 == 0 ? "whole" : "torn",
	       sigismember(&mask, SIGALRM) ? "blocked" : "free");
	printf("  then: %ld\n", (long)write(fd, "0123456789", 10));
	close(fd);
	unlink("b");
}

static void print_mask(const char *when)
{
	sigset_t mask, pending;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	printf("%s: blocked", when);
	for (int i = 1; i < 65; i++)
		if (sigismember(&mask, i) == 1)
			printf(" %d", i);
	printf(", pending");
	for (int i = 1; i < 65; i++)
		if (sigismember(&pending, i) == 1)
			printf(" %d", i);
	printf("\n");
}

static void masks(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	print_mask("before");
	fd = open("c", O_WRONLY | O_CREAT, 0600);
	if (write(fd, "x", 1) != 1 || rename("c", "d") != 0 || fsync(fd) != 0)
		abort();
	print_mask("after");
	fflush(stdout);
	if (vfork() == 0)
		_exit(unlink("none") != -1);
	wait(NULL);
	fflush(stdout);
	if (fork() == 0) {
		print_mask("child");
		exit(0);
	}
	wait(NULL);
	handle(SIGUSR2, count, 0);
	caught = 0;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	printf("delivered: %d\n", caught);
	close(fd);
}

/* ------------------------------------------------------------------ size limits */

/* Far above what is printed, because stdout may be a file. */
static void limits(void)
{
	struct rlimit limit = {100000, RLIM_INFINITY};
	struct iovec iov[2] = {{(char[60000]){0}, 60000}, {(char[60000]){0}, 60000}};
	struct stat status;
	int fd = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600),
	    from = open("from", O_RDWR | O_CREAT, 0600);
	char text[60000] = "";
	off_t at = 0;
	long result;

	if (ftruncate(from, 500000) < 0)
		return;
	handle(SIGXFSZ, count, 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	caught = 0;
#define LIMITED(call)                                                                                        \
	do {                                                                                                 \
		errno = 77;                                                                                  \
		result = call;                                                                               \
		say(#call, result, errno);                                                                   \
		fstat(fd, &status);                                                                          \
		printf("  caught %d, size %ld, position %ld\n", caught, (long)status.st_size,                \
		       (long)lseek(fd, 0, SEEK_CUR));                                                        \
	} while (0)
	LIMITED(write(fd, text, sizeof text));
	LIMITED(write(fd, text, sizeof text));
	LIMITED(write(fd, text, sizeof text));
	LIMITED(pwrite(fd, text, 10, 99995));
	LIMITED(pwrite(fd, text, 10, 100000));
	LIMITED(pwritev(fd, iov, 2, 0));
	LIMITED(ftruncate(fd, 100000));
	LIMITED(ftruncate(fd, 100001));
	LIMITED(truncate("limited", 200000));
	LIMITED(fallocate(fd, 0, 0, 300000));
	LIMITED(posix_fallocate(fd, 0, 300000));
	LIMITED(lseek(fd, 50000, SEEK_SET));
	LIMITED(syscall(SYS_sendfile, fd, from, &at, 200000L));
	LIMITED(copy_file_range(from, NULL, fd, NULL, 200000, 0));
	handle(SIGXFSZ, SIG_IGN, 0);
	LIMITED(write(fd, text, sizeof text));
	fflush(stdout);
	if (fork() == 0) {
		handle(SIGXFSZ, SIG_DFL, 0);
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		write(fd, text, sizeof text);
		_exit(0);
	}
	wait((int *)&result);
	printf("without a handler: signal %d\n", WTERMSIG((int)result));
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	close(fd);
	close(from);
}

/* ------------------------------------------------------------------ a storm */

static _Atomic int enough;

static void *write_until_enough(void *argument)
{
	long *wrong = argument, count = 0;
	char name[32];
	int fd;

	snprintf(name, sizeof name, "storm%p", argument);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (; !enough; count++) {
		*wrong += syscall(SYS_write, fd, "0123456789", 10L) != 10;
		*wrong += syscall(SYS_ftruncate, fd, count * 10) != 0;
		if (count == 1000)
			count = lseek(fd, 0, SEEK_SET) - 1;
	}
	*wrong += lseek(fd, 0, SEEK_CUR) != count * 10;
	close(fd);
	unlink(name);
	return NULL;
}

static void storm(void)
{
	pthread_t threads[3];
	long wrong[3] = {0};

	handle(SIGURG, count, SA_RESTART);
	caught = 0;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, write_until_enough, &wrong[i]);
	for (int i = 0; i < 1500; i++) {
		pthread_kill(threads[i % 3], SIGURG);
		usleep(20);
	}
	enough = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("storm: %ld wrong, %s signals\n", wrong[0] + wrong[1] + wrong[2],
	       caught > 10 ? "many" : "few");
}

int main(void)
{
	interrupted_write(0);
	interrupted_write(SA_RESTART);
	interrupted_open(0, O_WRONLY);
	interrupted_open(SA_RESTART, O_WRONLY);
	interrupted_open(0, O_WRONLY | O_CREAT);
	interrupted_open(SA_RESTART, O_WRONLY | O_CREAT);
	handlers();
	leaps();
	masks();
	limits();
	storm();
	return 0;
}
