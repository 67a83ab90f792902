/* SPDX-License-Identifier: MIT */
/*
 * mistakes NAME - does one thing to files in the working directory, rightly or wrongly; check_lint.c says
 * which.
 */
#include <crashinject/breakpoint.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char page[PAGE];

static int must(int result)
{
	if (result < 0)
		_exit(99);
	return result;
}

static int make(const char *path)
{
	return must(open(path, O_RDWR | O_CREAT, 0644));
}

static void put(int fd, const char *text)
{
	must((int)pwrite(fd, text, strlen(text), lseek(fd, 0, SEEK_END)));
}

static void put_page(int fd, char fill, off_t offset)
{
	memset(page, fill, sizeof page);
	must((int)pwrite(fd, page, sizeof page, offset));
}

static void sync_named(const char *path)
{
	int fd = must(open(path, O_RDONLY | O_DIRECTORY));

	must(fsync(fd));
	close(fd);
}

static void sync_directory(void)
{
	sync_named(".");
}

static void say(const char *text)
{
	must((int)write(1, text, strlen(text)));
}

/* A file, wholly durable. */
static int make_durable(const char *path, char fill)
{
	int fd = make(path);

	put_page(fd, fill, 0);
	must(fsync(fd));
	sync_directory();
	return fd;
}

/* ------------------------------------------------------------------ unsynced-rename */

static void rename_unsynced(void)
{
	int fd = make("f.tmp");

	put_page(fd, 'a', 0);
	must(rename("f.tmp", "f"));
	must(fsync(fd));
	sync_directory();
}

static void rename_synced(void)
{
	int fd = make("f.tmp");

	put_page(fd, 'a', 0);
	must(fsync(fd));
	must(rename("f.tmp", "f"));
	sync_directory();
}

static void rename_stored(void)
{
	int fd = make("f.tmp");
	char *bytes;

	must(ftruncate(fd, PAGE));
	bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(bytes, 's', PAGE);
	must(munmap(bytes, PAGE));
	must(rename("f.tmp", "f"));
	sync_directory();
}

static void link_unsynced(void)
{
	int fd = must(open(".", O_TMPFILE | O_RDWR, 0644));
	char path[64];

	put_page(fd, 'a', 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	must(fsync(fd));
	sync_directory();
}

static void link_synced(void)
{
	int fd = must(open(".", O_TMPFILE | O_RDWR, 0644));
	char path[64];

	put_page(fd, 'a', 0);
	must(fsync(fd));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	sync_directory();
}

/* "old" is there before the run. */
static void rotate(void)
{
	int fd = make("old");

	put(fd, "line\n");
	must(rename("old", "old.1"));
	sync_directory();
	must(fsync(fd));
}

/* Lines of text in a program that syncs something; the file is no log, as it was made to be renamed. */
static void rename_text(void)
{
	sync_directory();
	for (int i = 0; i < 2; i++) {
		int fd = make("f.tmp");

		put(fd, "new\n");
		close(fd);
		must(rename("f.tmp", "f"));
	}
	sync_directory();
}

static void rename_text_synced(void)
{
	int fd = make("f.tmp");

	put(fd, "new\n");
	must(fsync(fd));
	must(rename("f.tmp", "f"));
	sync_directory();
}

/* A log that was begun in the run, and makes way for the next one. */
static void rotate_new(void)
{
	int fd;

	put(make("log"), "line\n");
	must(rename("log", "log.1"));
	fd = make("log");
	put(fd, "line\n");
	must(fsync(fd));
	sync_directory();
}

/* ------------------------------------------------------------------ undurable-name */

static void create_without_directory(void)
{
	int fd = make("f");

	put_page(fd, 'a', 0);
	must(fsync(fd));
}

static void create_with_directory(void)
{
	close(make_durable("f", 'a'));
}

static void create_directory_late(void)
{
	int fd = make("f");

	put_page(fd, 'a', 0);
	must(fsync(fd));
	say("stored\n");
	sync_directory();
}

static void temporary(void)
{
	int fd = make("scratch");

	close(make_durable("f", 'a'));
	put_page(fd, 'a', 0);
	say("working\n");
	must(unlink("scratch"));
}

/* The first new name is one on the way. */
static void rename_twice(void)
{
	close(make_durable("f.tmp", 'a'));
	must(rename("f.tmp", "f.new"));
	say("working\n");
	must(rename("f.new", "f"));
	sync_directory();
	say("stored\n");
}

static void make_directory(void)
{
	must(mkdir("d", 0755));
}

static void make_fifo(void)
{
	close(make_durable("f", 'a'));
	must(mkfifo("p", 0644));
}

/* A message is not about a file that has no data yet. */
static void create_empty(void)
{
	int fd = make("f");

	say("working\n");
	put_page(fd, 'a', 0);
	must(fsync(fd));
	sync_directory();
}

/* A program that is killed acknowledges nothing by its end. */
static void die_without_directory(void)
{
	create_without_directory();
	raise(SIGKILL);
}

/* ------------------------------------------------------------------ source-removed */

static void compress_at(int safe)
{
	int fd = make("old.gz");

	put_page(fd, 'z', 0);
	if (safe) {
		must(fsync(fd));
		sync_directory();
	}
	must(unlink("old"));
	must(fsync(fd));
	sync_directory();
}

static void compress_unsafe(void)
{
	compress_at(0);
}

static void compress_safe(void)
{
	compress_at(1);
}

static void truncate_and_write(void)
{
	int fd = must(open("old", O_RDWR | O_TRUNC));

	put_page(fd, 'n', 0);
	must(fsync(fd));
}

static void truncate_with_backup(void)
{
	close(make_durable("old~", 'b'));
	truncate_and_write();
}

/* The file gets another name when it is complete. */
static void truncate_and_move(void)
{
	truncate_and_write();
	must(rename("old", "f"));
	sync_directory();
}

/* What is not related to a file that goes is not its replacement. */
static void remove_other(void)
{
	int fd = make("f");

	put_page(fd, 'n', 0);
	must(unlink("old"));
	must(fsync(fd));
	sync_directory();
}

/* A log that is made short after what it was for is durable. */
static void reset_log(void)
{
	int log = make_durable("log", 'l'), data = must(open("old", O_RDWR));

	put_page(data, 'n', 0);
	must(fsync(data));
	must(ftruncate(log, 0));
	must(fsync(log));
	put_page(log, 'm', 0);
	must(fsync(log));
}

/* A log is emptied, and what it was for is durable by then, or not. */
static void cut_log_at(int safe)
{
	int log = make_durable("log", 'l'), data = must(open("old", O_RDWR));

	put_page(data, 'n', 0);
	if (safe)
		must(fsync(data));
	must(ftruncate(log, 0));
	must(fsync(log));
	must(fsync(data));
}

static void cut_log_early(void)
{
	cut_log_at(0);
}

static void cut_log_late(void)
{
	cut_log_at(1);
}

/* The log was there before the run, as in a recovery. */
static void cut_old_log_at(int safe)
{
	int log = must(open("old", O_RDWR)), data = make_durable("f", 'a');

	put_page(data, 'n', PAGE);
	if (safe)
		must(fsync(data));
	must(ftruncate(log, 0));
	must(fsync(data));
}

static void cut_old_log_early(void)
{
	cut_old_log_at(0);
}

static void cut_old_log_late(void)
{
	cut_old_log_at(1);
}

/* What is opened anew has nothing to do with a file of another name. */
static void empty_other(void)
{
	int data = make_durable("f", 'a');

	put_page(data, 'n', PAGE);
	close(must(open("old", O_WRONLY | O_TRUNC)));
	must(fsync(data));
}

/* A file that was durable in a directory is moved to another one. */
static void move(const char *first, const char *second)
{
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	sync_directory();
	close(make_durable("a/x", 'x'));
	sync_named("a");
	must(rename("a/x", "b/x"));
	sync_named(first);
	if (second)
		sync_named(second);
	say("moved\n");
}

static void move_target_synced(void)
{
	move("b", NULL);
}

static void move_source_synced(void)
{
	move("a", NULL);
}

static void move_source_first(void)
{
	move("a", "b");
}

static void move_target_first(void)
{
	move("b", "a");
}

/* Nobody relies on a name that was never durable: that is how mail is delivered. */
static void deliver(void)
{
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	close(make_durable("a/x", 'x'));
	must(rename("a/x", "b/x"));
	sync_named("b");
	say("delivered\n");
}

/* A move in two steps. */
static void move_by_link(int safe)
{
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	sync_directory();
	close(make_durable("a/x", 'x'));
	sync_named("a");
	must(link("a/x", "b/x"));
	if (safe)
		sync_named("b");
	must(unlink("a/x"));
	sync_named("a");
	if (!safe)
		sync_named("b");
	say("moved\n");
}

static void link_and_unlink(void)
{
	move_by_link(0);
}

static void link_sync_and_unlink(void)
{
	move_by_link(1);
}

/* Mail again: the first name was never durable. */
static void deliver_by_link(void)
{
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	sync_directory();
	close(make_durable("a/x", 'x'));
	must(link("a/x", "b/x"));
	must(unlink("a/x"));
	sync_named("b");
	say("delivered\n");
}

/* The lock is durable, and what it protects is not yet. */
static void unlock(void)
{
	int lock = make("old.held"), data = must(open("old", O_RDWR));
	char text[32];

	snprintf(text, sizeof text, "%d host\n", (int)getpid());
	put(lock, text);
	must(fsync(lock));
	put_page(data, 'n', 2 * PAGE);
	must(unlink("old.held"));
	must(fsync(data));
	sync_directory();
}

/* As above, with a journal. */
static void remove_journal(void)
{
	int journal = make("old-journal"), data = must(open("old", O_RDWR));

	put_page(journal, 'o', 0);
	must(fsync(journal));
	put_page(data, 'n', 0);
	must(unlink("old-journal"));
	must(fsync(data));
	sync_directory();
}

/* ------------------------------------------------------------------ unsynced-ack */

static void ack_before_sync(void)
{
	int fd = make_durable("f", 'a');

	put_page(fd, 'b', PAGE);
	say("stored\n");
	must(fsync(fd));
}

static void ack_after_sync(void)
{
	int fd = make_durable("f", 'a');

	put_page(fd, 'b', PAGE);
	must(fsync(fd));
	say("stored\n");
}

static void crash_ack_unsynced(void)
{
	int fd = make("old");

	put_page(fd, 'b', 2 * PAGE);
	CRASH_ACK("stored");
}

static void reply_unsynced(void)
{
	int fd = make("old"), ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	put_page(fd, 'b', 2 * PAGE);
	must((int)write(ends[0], "stored\n", 7));
}

static void send_unsynced(void)
{
	int fd = make("old"), ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	put_page(fd, 'b', 2 * PAGE);
	must((int)send(ends[0], "stored\n", 7, 0));
}

static void send_message_unsynced(void)
{
	char first[] = "stor", second[] = "ed\n";
	struct iovec parts[] = {{first, 4}, {second, 3}};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}};
	int fd = make("old"), ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	put_page(fd, 'b', 2 * PAGE);
	must(sendmmsg(ends[0], &message, 1, 0));
}

/* A request to the kernel is not an acknowledgement. */
static void ask_kernel(void)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg message;
	} request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.message),
				.nlmsg_type = RTM_GETADDR,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	int fd = make("old");

	put_page(fd, 'b', 2 * PAGE);
	must((int)send(must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), &request, sizeof request, 0));
}

/* A byte that wakes up whoever has connected is not a reply. The socket has a name, but not in a directory.
 */
static void wake_unsynced(void)
{
	int fd = make("old"), server = must(socket(AF_UNIX, SOCK_STREAM, 0));
	int client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t bytes = sizeof name;

	must(bind(server, (struct sockaddr *)&name, sizeof name.sun_family));
	must(listen(server, 1));
	must(getsockname(server, (struct sockaddr *)&name, &bytes));
	must(connect(client, (struct sockaddr *)&name, bytes));
	put_page(fd, 'b', 2 * PAGE);
	must((int)write(must(accept(server, NULL, NULL)), "x", 1));
}

static void complain_unsynced(void)
{
	int fd = make_durable("f", 'a');

	put_page(fd, 'b', PAGE);
	must((int)write(2, "working\n", 8));
	must(fsync(fd));
}

/* Never syncs; says something at its end. */
static void chatter(void)
{
	int fd = make("old");

	put_page(fd, 'b', 2 * PAGE);
	say("bye\n");
}

/* Never syncs; says after each record that it is there. */
static void progress(void)
{
	int fd = make("old");

	for (int i = 2; i < 5; i++) {
		put_page(fd, 'b', i * PAGE);
		say("stored\n");
	}
}

static void text_log(void)
{
	int log = make("old"), fd = make_durable("f", 'a');

	put(log, "2026-11-23 a line for people\n");
	put_page(fd, 'b', PAGE);
	must(fsync(fd));
	put(log, "2026-11-23 another\n");
	say("stored\n");
}

static void exit_unsynced(void)
{
	int fd = make_durable("f", 'a');

	put_page(fd, 'b', PAGE);
}

static void fail_unsynced(void)
{
	exit_unsynced();
	_exit(1);
}

/* Another file took its place, and the old one, still open, is written to. */
static void ack_nameless(void)
{
	int fd = make_durable("f", 'a');

	close(make_durable("g", 'b'));
	must(rename("g", "f"));
	sync_directory();
	put_page(fd, 'c', PAGE);
	must(fsync(fd));
	say("stored\n");
}

/* What goes from the end of a file is not missed. */
static void shrink(void)
{
	close(make_durable("f", 'a'));
	must(truncate("old", PAGE));
	say("stored\n");
}

/* A journal with the old content, whose removal makes the new one valid. */
static void undo(int sync_removal)
{
	int journal = make_durable("old-journal", 'o'), fd = must(open("old", O_RDWR));

	put_page(fd, 'n', 0);
	must(fsync(fd));
	close(journal);
	must(unlink("old-journal"));
	if (sync_removal)
		sync_directory();
	say("stored\n");
}

static void undo_unsynced(void)
{
	undo(0);
}

static void undo_synced(void)
{
	undo(1);
}

/* A log with the new content: that it may come back does no harm. */
static void redo(void)
{
	close(make_durable("old-wal", 'n'));
	int fd = must(open("old", O_RDWR));

	put_page(fd, 'n', 0);
	must(fsync(fd));
	must(unlink("old-wal"));
	say("stored\n");
}

/* Synced, and removed after another file was overwritten: but it has nothing of that file. */
static void lock_file(void)
{
	close(make_durable("old.lock", 'p'));
	close(make_durable("log", 'n'));
	int fd = must(open("old", O_RDWR));

	put_page(fd, 'n', 0);
	must(fsync(fd));
	must(unlink("old.lock"));
	say("stored\n");
}

/* The log is synced for each acknowledgement, the data now and then. */
static void write_ahead(void)
{
	int log = make_durable("log", 'l'), data = make("old");

	for (int i = 1; i < 4; i++) {
		put_page(data, 'n', (2 + i) * PAGE);
		put_page(log, 'n', i * PAGE);
		must(fsync(log));
		say("stored\n");
	}
	must(fsync(data));
}

/* A message while the change can still be undone. */
static void message_in_between(void)
{
	int data = make("old"), journal = make_durable("old-journal", 'o');

	put_page(data, 'n', 2 * PAGE);
	say("working\n");
	must(fsync(data));
	close(journal);
	must(unlink("old-journal"));
	sync_directory();
	say("stored\n");
}

static void *write_more(void *fd)
{
	put_page(*(int *)fd, 'm', 3 * PAGE);
	return NULL;
}

/* One thread is in the middle of something when another one tells what it has done itself. */
static void other_thread(void)
{
	int fd = make_durable("f", 'a');
	pthread_t thread;

	put_page(fd, 'b', PAGE);
	must(fsync(fd));
	must(-pthread_create(&thread, NULL, write_more, &fd));
	must(-pthread_join(thread, NULL));
	say("stored\n");
	must(fsync(fd));
}

static char *map_durable(void)
{
	int fd = make_durable("f", 'a');
	char *bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return bytes == MAP_FAILED ? must(-1), bytes : bytes;
}

static void store_unsynced(void)
{
	char *bytes = map_durable();

	bytes[100] = 'b';
	say("stored\n");
	must(msync(bytes, PAGE, MS_SYNC));
}

static void store_synced(void)
{
	char *bytes = map_durable();

	bytes[100] = 'b';
	must(msync(bytes, PAGE, MS_SYNC));
	say("stored\n");
}

/* Two pages: msync() is about those that it names. */
static void store_half(size_t from, size_t bytes)
{
	int fd = make_durable("f", 'a');
	char *map;

	put_page(fd, 'a', PAGE);
	must(fsync(fd));
	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		must(-1);
	map[PAGE + 100] = 'b';
	must(msync(map + from, bytes, MS_SYNC));
	say("stored\n");
}

static void store_other_synced(void)
{
	store_half(0, PAGE);
}

static void store_page_synced(void)
{
	store_half(PAGE, 101);
}

/* One store over the end of a page, of which msync() may name the first only. */
static void store_over(size_t synced)
{
	int fd = make_durable("f", 0);
	char *map;

	put_page(fd, 0, PAGE);
	must(fsync(fd));
	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		must(-1);
	memset(map + PAGE - 100, 'b', 200);
	must(msync(map, synced, MS_SYNC));
	say("stored\n");
}

static void store_part_synced(void)
{
	store_over(PAGE);
}

static void store_all_synced(void)
{
	store_over(PAGE + 100);
}

/* The offset says where the file begins, and the flag that it does not matter. */
static void append_by_flag(void)
{
	int fd = make_durable("f", 'a');
	char more[] = "more\n";
	struct iovec text = {more, 5};

	must((int)pwritev2(fd, &text, 1, 0, RWF_APPEND | RWF_DSYNC));
	say("appended\n");
}

/* A file that processes share, and that no disk needs to have. "old" is there before the run. */
static void shared_memory(void)
{
	int fd = must(open("old", O_RDWR));
	char *bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(make_durable("f", 'a'));
	memset(bytes, 's', PAGE);
	say("working\n");
}

/* A child does the work, its parent speaks for it when it has ended. */
static void child_unsynced(void)
{
	close(make_durable("f", 'a'));
	must(system("printf data >>old") == 0 ? 0 : -1);
	say("stored\n");
}

/* A child is in the middle of something when its parent says something. */
static void running_child(void)
{
	sem_t *turns =
		mmap(NULL, 2 * sizeof *turns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = make_durable("f", 'a');

	if (turns == MAP_FAILED)
		must(-1);
	must(sem_init(&turns[0], 1, 0));
	must(sem_init(&turns[1], 1, 0));
	if (must(fork()) == 0) {
		put_page(fd, 'b', PAGE);
		must(sem_post(&turns[0]));
		must(sem_wait(&turns[1]));
		must(fsync(fd));
		_exit(0);
	}
	must(sem_wait(&turns[0]));
	say("working\n");
	must(sem_post(&turns[1]));
	must(wait(NULL));
}

/* ------------------------------------------------------------------ overwrite-in-place */

static void overwrite(void)
{
	int fd = must(open("old", O_RDWR));

	put_page(fd, 'n', 0);
	must(fsync(fd));
}

static void overwrite_sector(void)
{
	int fd = must(open("old", O_RDWR));

	must((int)pwrite(fd, "count 17", 8, 512));
	must(fsync(fd));
}

static void overwrite_journaled(void)
{
	undo(1);
}

/* What is not on the disk for certain cannot be relied on. */
static void overwrite_unsynced_journal(void)
{
	int journal = make("old-journal");

	put_page(journal, 'o', 0);
	overwrite();
	must(unlink("old-journal"));
	sync_directory();
}

static void overwrite_same(void)
{
	int fd = must(open("old", O_RDWR));

	put_page(fd, 'o', 0); /* as the test made it */
	put_page(fd, 'n', 2 * PAGE);
	must(fsync(fd));
}

static void overwrite_zeros(void)
{
	int fd = make("f");

	put_page(fd, 0, 0);
	must(fsync(fd));
	sync_directory();
	put_page(fd, 'a', 0);
	must(fsync(fd));
}

/* Pages that are not in use are overwritten; then a small write makes them valid. */
static void switch_pages(void)
{
	int fd = must(open("old", O_RDWR));

	put_page(fd, 'n', PAGE);
	must(fsync(fd));
	must((int)pwrite(fd, "page 1", 6, 0));
	must(fsync(fd));
}

/* ------------------------------------------------------------------ ignored-sync-error */

static int store_once(int *fd)
{
	*fd = make("old");
	put_page(*fd, 'n', 2 * PAGE);
	return fsync(*fd);
}

static void ignore_failure(void)
{
	int fd;

	store_once(&fd);
	say("stored\n");
	_exit(3);
}

static void ignore_failure_silently(void)
{
	int fd;

	store_once(&fd);
}

/* The recording has the exit status of the first process only. */
static void ignore_failure_in_child(void)
{
	int status;

	must(chmod("old", 0600)); /* so that the parent is the first process of the recording */
	if (must(fork()) == 0) {
		ignore_failure_silently();
		_exit(0);
	}
	must(wait(&status));
}

static void retry_failure(void)
{
	int fd;

	if (store_once(&fd) < 0)
		must(fsync(fd));
	_exit(3);
}

static void mind_failure(void)
{
	int fd;

	if (store_once(&fd) < 0) {
		say("error: cannot sync\n");
		_exit(3);
	}
}

static void write_again(void)
{
	int fd;

	if (store_once(&fd) < 0) {
		put_page(fd, 'n', 2 * PAGE);
		must(fsync(fd));
	}
	say("stored\n");
}

/* The second sync says nothing of a file system that has become read-only. */
static void retry_directory(void)
{
	int fd = make("f"), directory = must(open(".", O_RDONLY | O_DIRECTORY));

	put_page(fd, 'a', 0);
	must(fsync(fd));
	if (fsync(directory) < 0)
		must(fsync(directory));
	say("stored\n");
}

static void ignore_directory(void)
{
	int fd = make("f"), directory = must(open(".", O_RDONLY | O_DIRECTORY));

	put_page(fd, 'a', 0);
	must(fsync(fd));
	(void)!fsync(directory);
	say("stored\n");
}

static const struct {
	const char *name;
	void (*run)(void);
} things[] = {
	{"rename-unsynced", rename_unsynced},
	{"rename-synced", rename_synced},
	{"rename-stored", rename_stored},
	{"rename-text", rename_text},
	{"rename-text-synced", rename_text_synced},
	{"rotate-new", rotate_new},
	{"link-unsynced", link_unsynced},
	{"link-synced", link_synced},
	{"rotate", rotate},
	{"create-without-directory", create_without_directory},
	{"create-with-directory", create_with_directory},
	{"create-directory-late", create_directory_late},
	{"temporary", temporary},
	{"rename-twice", rename_twice},
	{"make-directory", make_directory},
	{"make-fifo", make_fifo},
	{"create-empty", create_empty},
	{"die-without-directory", die_without_directory},
	{"compress-unsafe", compress_unsafe},
	{"compress-safe", compress_safe},
	{"truncate-and-write", truncate_and_write},
	{"truncate-with-backup", truncate_with_backup},
	{"truncate-and-move", truncate_and_move},
	{"remove-other", remove_other},
	{"reset-log", reset_log},
	{"cut-log-early", cut_log_early},
	{"cut-log-late", cut_log_late},
	{"cut-old-log-early", cut_old_log_early},
	{"cut-old-log-late", cut_old_log_late},
	{"empty-other", empty_other},
	{"move-target-synced", move_target_synced},
	{"move-source-synced", move_source_synced},
	{"move-source-first", move_source_first},
	{"move-target-first", move_target_first},
	{"deliver", deliver},
	{"link-and-unlink", link_and_unlink},
	{"link-sync-and-unlink", link_sync_and_unlink},
	{"deliver-by-link", deliver_by_link},
	{"unlock", unlock},
	{"remove-journal", remove_journal},
	{"ack-before-sync", ack_before_sync},
	{"ack-after-sync", ack_after_sync},
	{"crash-ack-unsynced", crash_ack_unsynced},
	{"reply-unsynced", reply_unsynced},
	{"send-unsynced", send_unsynced},
	{"send-message-unsynced", send_message_unsynced},
	{"ask-kernel", ask_kernel},
	{"wake-unsynced", wake_unsynced},
	{"complain-unsynced", complain_unsynced},
	{"chatter", chatter},
	{"progress", progress},
	{"text-log", text_log},
	{"exit-unsynced", exit_unsynced},
	{"fail-unsynced", fail_unsynced},
	{"ack-nameless", ack_nameless},
	{"shrink", shrink},
	{"undo-unsynced", undo_unsynced},
	{"undo-synced", undo_synced},
	{"redo", redo},
	{"lock-file", lock_file},
	{"write-ahead", write_ahead},
	{"message-in-between", message_in_between},
	{"other-thread", other_thread},
	{"store-unsynced", store_unsynced},
	{"store-synced", store_synced},
	{"store-other-synced", store_other_synced},
	{"store-page-synced", store_page_synced},
	{"store-part-synced", store_part_synced},
	{"store-all-synced", store_all_synced},
	{"append-by-flag", append_by_flag},
	{"shared-memory", shared_memory},
	{"child-unsynced", child_unsynced},
	{"running-child", running_child},
	{"overwrite", overwrite},
	{"overwrite-sector", overwrite_sector},
	{"overwrite-journaled", overwrite_journaled},
	{"overwrite-unsynced-journal", overwrite_unsynced_journal},
	{"overwrite-same", overwrite_same},
	{"overwrite-zeros", overwrite_zeros},
	{"switch-pages", switch_pages},
	{"ignore-failure", ignore_failure},
	{"ignore-failure-silently", ignore_failure_silently},
	{"ignore-failure-in-child", ignore_failure_in_child},
	{"retry-failure", retry_failure},
	{"mind-failure", mind_failure},
	{"write-again", write_again},
	{"retry-directory", retry_directory},
	{"ignore-directory", ignore_directory},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof things / sizeof *things; i++)
		if (strcmp(argv[1], things[i].name) == 0) {
			things[i].run();
			return 0;
		}
	fprintf(stderr, "mistakes NAME\n");
	return 64;
}
