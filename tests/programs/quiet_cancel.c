/* SPDX-License-Identifier: MIT */
/*
 * quiet_cancel - which calls are cancellation points, what they have done when they are, and what is
 * left of a thread that is cancelled in the middle. Prints a line for each question.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int file, source, pipe_in, pipe_out;
static char *memory;
static struct iovec iov = {(char[]){"12345"}, 5};

static void do_write(void)
{
	write(file, "12345", 5);
}
static void do_pwrite(void)
{
	pwrite(file, "12345", 5, 0);
}
static void do_writev(void)
{
	writev(file, &iov, 1);
}
static void do_pwritev(void)
{
	pwritev(file, &iov, 1, 0);
}
static void do_pwritev2(void)
{
	pwritev2(file, &iov, 1, 0, RWF_DSYNC);
}
static void do_copy(void)
{
	copy_file_range(source, NULL, file, NULL, 5, 0);
}
static void do_sendfile(void)
{
	sendfile(file, source, NULL, 5);
}
static void do_splice(void)
{
	splice(pipe_in, NULL, file, NULL, 5, 0);
}
static void do_fsync(void)
{
	fsync(file);
}
static void do_fdatasync(void)
{
	fdatasync(file);
}
static void do_msync(void)
{
	msync(memory, 4096, MS_SYNC);
}
static void do_sync_range(void)
{
	sync_file_range(file, 0, 5, SYNC_FILE_RANGE_WRITE);
}
static void do_syncfs(void)
{
	syncfs(file);
}
static void do_fallocate(void)
{
	fallocate(file, 0, 0, 5);
}
static void do_posix_fallocate(void)
{
	posix_fallocate(file, 0, 5);
}
static void do_open(void)
{
	close(open("made", O_CREAT | O_WRONLY, 0600));
}
static void do_openat(void)
{
	close(openat(AT_FDCWD, "made", O_CREAT | O_WRONLY, 0600));
}
static void do_open_read(void)
{
	close(open("file", O_RDONLY));
}
static void do_creat(void)
{
	close(creat("made", 0600));
}
static void do_ftruncate(void)
{
	if (ftruncate(file, 5))
		abort();
}
static void do_truncate(void)
{
	if (truncate("file", 5))
		abort();
}
static void do_rename(void)
{
	rename("file", "file");
}
static void do_link(void)
{
	link("file", "made");
}
static void do_symlink(void)
{
	if (symlink("file", "made"))
		abort();
}
static void do_unlink(void)
{
	unlink("none");
}
static void do_mkdir(void)
{
	mkdir("made", 0700);
}
static void do_rmdir(void)
{
	rmdir("none");
}
static void do_chmod(void)
{
	chmod("file", 0600);
}
static void do_fchmod(void)
{
	fchmod(file, 0600);
}
static void do_utimens(void)
{
	futimens(file, NULL);
}
static void do_close(void)
{
	close(dup(file));
}
static void do_fcntl(void)
{
	fcntl(file, F_SETLKW, &(struct flock){.l_type = F_WRLCK});
}

static void do_stdio(void)
{
	FILE *out = fopen("made", "w");

	setvbuf(out, NULL, _IONBF, 0);
	fputs("12345", out);
	fclose(out);
}

static void do_mkstemp(void)
{
	char name[] = "mkXXXXXX";

	close(mkstemp(name));
	unlink(name);
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{"write", do_write},	     {"pwrite", do_pwrite},	  {"writev", do_writev},
	{"pwritev", do_pwritev},     {"pwritev2", do_pwritev2},	  {"copy_file_range", do_copy},
	{"sendfile", do_sendfile},   {"splice", do_splice},	  {"fsync", do_fsync},
	{"fdatasync", do_fdatasync}, {"msync", do_msync},	  {"sync_file_range", do_sync_range},
	{"syncfs", do_syncfs},	     {"fallocate", do_fallocate}, {"posix_fallocate", do_posix_fallocate},
	{"open", do_open},	     {"openat", do_openat},	  {"open to read", do_open_read},
	{"creat", do_creat},	     {"ftruncate", do_ftruncate}, {"truncate", do_truncate},
	{"rename", do_rename},	     {"link", do_link},		  {"symlink", do_symlink},
	{"unlink", do_unlink},	     {"mkdir", do_mkdir},	  {"rmdir", do_rmdir},
	{"chmod", do_chmod},	     {"fchmod", do_fchmod},	  {"futimens", do_utimens},
	{"close", do_close},	     {"fcntl", do_fcntl},	  {"stdio", do_stdio},
	{"mkstemp", do_mkstemp},
};

/* ------------------------------------------------------------------ pending when the call is made */

struct trial {
	void (*call)(void);
	int state, type;
	int cleaned, returned, error;
};

static void clean(void *argument)
{
	((struct trial *)argument)->cleaned = 1;
}

static void *with_pending(void *argument)
{
	struct trial *trial = argument;
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	pthread_setcanceltype(trial->type, NULL);
	pthread_cleanup_push(clean, trial);
	errno = 77;
	if (trial->state == PTHREAD_CANCEL_ENABLE)
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	trial->call();
	trial->error = errno;
	trial->returned = 1;
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
	if (old != trial->type)
		printf("the cancellation type changed from %d to %d\n", trial->type, old);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	if (old != trial->state)
		printf("the cancellation state changed from %d to %d\n", trial->state, old);
	pthread_cleanup_pop(0);
	return NULL;
}

static void fresh(void)
{
	unlink("made");
	rmdir("made");
	file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (ftruncate(file, 100) < 0 || pwrite(pipe_out, "12345", 5, 0) > 0 ||
	    write(pipe_out, "12345", 5) != 5)
		abort();
	lseek(source, 0, SEEK_SET);
}

static void report(const char *name, const struct trial *trial, void *result)
{
	struct stat status;
	char text[101] = "", rest[5];
	long position = lseek(file, 0, SEEK_CUR);

	fstat(file, &status);
	pread(file, text, 6, 0);
	printf("%s: %s%s%s, errno %d, position %ld, size %ld, \"%s\"%s\n", name,
	       result == PTHREAD_CANCELED ? "cancelled" : "went on", trial->returned ? ", returned" : "",
	       trial->cleaned ? ", cleaned" : "", trial->error, position, (long)status.st_size, text,
	       access("made", F_OK) == 0 ? ", made" : "");
	close(file);
	while (read(pipe_in, rest, sizeof rest) > 0)
		;
}

static void try_pending(int state, int type)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct trial trial = {.call = calls[i].call, .state = state, .type = type};
		pthread_t thread;
		void *result;

		fresh();
		pthread_create(&thread, NULL, with_pending, &trial);
		pthread_join(thread, &result);
		report(calls[i].name, &trial, result);
	}
}

/* ------------------------------------------------------------------ blocked in the call */

static int full[2];

static void block_write(void)
{
	char big[200000] = "";
	write(full[1], big, sizeof big);
}
static void block_writev(void)
{
	char big[200000] = "";
	writev(full[1], &(struct iovec){big, sizeof big}, 1);
}
static void block_open(void)
{
	close(open("fifo", O_WRONLY));
}
static void block_open_creating(void)
{
	close(open("fifo", O_WRONLY | O_CREAT, 0600));
}
static void block_splice(void)
{
	int empty[2];
	if (pipe(empty))
		abort();
	splice(empty[0], NULL, file, NULL, 5, 0);
}
static void block_lock(void)
{
	fcntl(file, F_OFD_SETLKW, &(struct flock){.l_type = F_WRLCK});
}
static void block_fopen(void)
{
	fclose(fopen("fifo", "w"));
}

static void *blocked(void *argument)
{
	struct trial *trial = argument;

	pthread_cleanup_push(clean, trial);
	trial->call();
	trial->returned = 1;
	pthread_cleanup_pop(0);
	return NULL;
}

static void try_blocked(const char *name, void (*call)(void))
{
	struct trial trial = {.call = call};
	pthread_t thread;
	void *result;
	int other;

	fresh();
	other = open("file", O_RDWR);
	fcntl(other, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK});
	if (pipe(full) < 0)
		abort();
	pthread_create(&thread, NULL, blocked, &trial);
	usleep(30000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	report(name, &trial, result);
	close(full[0]);
	close(full[1]);
	close(other);
}

/* ------------------------------------------------------------------ any moment */

static void *append_for_ever(void *argument)
{
	for (;;)
		if (write(*(int *)argument, "0123456789abcdef", 16) != 16)
			abort();
	return NULL;
}

/* Whole records, whenever the thread is cancelled; and the file can be used afterwards. */
static void try_any_moment(void)
{
	struct stat status;
	int fd = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	long torn = 0;

	for (int i = 0; i < 200; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, append_for_ever, &fd);
		usleep((unsigned int)(i * 7 % 300));
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		fstat(fd, &status);
		torn += status.st_size % 16 != 0;
		if (ftruncate(fd, 0) < 0)
			abort();
	}
	printf("torn by cancellation: %ld of 200\n", torn);
	close(fd);
	unlink("log");
}

/* From this version on a call that has done something is not cancelled any more. */
static int cancels_exactly(void)
{
	return strtod(gnu_get_libc_version(), NULL) >= 2.41;
}

static struct flow {
	int in;
	volatile long written;
} flow;

static void *flow_for_ever(void *argument)
{
	struct flow *into = argument;

	for (;;)
		if (write(into->in, "0123456789abcdef", 16) == 16)
			into->written += 16;
	return NULL;
}

/* What has gone into a pipe has been returned, in a libc that cancels so; and a full pipe stops nobody who is
 * cancelled, whether its signal comes before the call, in it, or behind it. */
static void try_any_moment_of_a_pipe(void)
{
	long lost = 0;

	for (int i = 0; i < 400; i++) {
		pthread_t thread;
		int ends[2];
		char rest[65536];
		ssize_t size = 0, more;

		if (pipe(ends) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
			abort();
		flow = (struct flow){.in = ends[1]};
		pthread_create(&thread, NULL, flow_for_ever, &flow);
		usleep(i % 4 ? (unsigned int)(i * 7 % 300) : 3000);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		while ((more = read(ends[0], rest, sizeof rest)) > 0)
			size += more;
		lost += size != flow.written;
		close(ends[0]);
		close(ends[1]);
	}
	if (cancels_exactly())
		printf("lost by cancellation: %ld of 400\n", lost);
}

/* Somebody who is about to wait for ever does not, whenever the cancellation comes. */
static void try_any_moment_of_a_wait(void)
{
	for (int i = 0; i < 300; i++) {
		struct trial trial = {.call = block_open};
		pthread_t thread;

		pthread_create(&thread, NULL, blocked, &trial);
		for (volatile int k = 0; k < i * 1000; k++)
			;
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	puts("nobody waits for ever");
}

/* libc installs the signal's handler in the first cancellation of a process. */
static void try_first(void)
{
	int ended = 0, status;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			struct trial trial = {.call = i % 2 ? block_write : block_open};
			pthread_t thread;

			alarm(60);
			if (pipe(full) < 0)
				abort();
			pthread_create(&thread, NULL, blocked, &trial);
			usleep(i % 4 < 2 ? 0 : 10000);
			pthread_cancel(thread);
			pthread_join(thread, NULL);
			_exit(0);
		}
		ended += waitpid(pid, &status, 0) == pid && status == 0;
	}
	printf("the first of a process: %d of 20\n", ended);
}

int main(void)
{
	int ends[2];

	setvbuf(stdout, NULL, _IONBF, 0);
	alarm(600); /* who is not cancelled would wait for ever */
	source = open("source", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (pipe2(ends, O_NONBLOCK) < 0 || write(source, "abcdefghij", 10) != 10)
		return 1;
	pipe_in = ends[0];
	pipe_out = ends[1];
	file = open("mapped", O_RDWR | O_CREAT, 0600);
	if (ftruncate(file, 4096) < 0)
		return 1;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	mkfifo("fifo", 0600);
	try_first();
	puts("pending:");
	try_pending(PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DEFERRED);
	puts("disabled:");
	try_pending(PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_DEFERRED);
	puts("disabled and asynchronous:");
	try_pending(PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_ASYNCHRONOUS);
	puts("blocked:");
	try_blocked("write", block_write);
	try_blocked("writev", block_writev);
	try_blocked("open", block_open);
	try_blocked("open with O_CREAT", block_open_creating);
	try_blocked("fopen", block_fopen);
	try_blocked("splice", block_splice);
	try_blocked("fcntl", block_lock);
	try_any_moment();
	try_any_moment_of_a_pipe();
	try_any_moment_of_a_wait();
	return 0;
}
