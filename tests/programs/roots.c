/* SPDX-License-Identifier: MIT */
/*
 * roots CASE - a program whose paths mean something else than they did when it was started.
 *
 * The working directory has: file, and dir/file, both of 20,000 bytes. Who may not do what it takes ends
 * with 77.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void allowed(int result)
{
	if (result < 0)
		exit(77);
}

static void check(int result)
{
	if (result < 0)
		exit(1);
}

static void put(const char *name, int flags, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC | flags, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		exit(2);
}

static void make(const char *name)
{
	put(name, O_CREAT | O_EXCL, name);
}

/* Ops of many kinds below a directory that has `file`. */
static void work(const char *directory)
{
	char a[256], b[256], c[256];

	snprintf(a, sizeof a, "%s/new", directory);
	snprintf(b, sizeof b, "%s/file", directory);
	snprintf(c, sizeof c, "%s/sub", directory);
	make(a);
	put(b, 0, "written");
	check(truncate(b, 1000));
	check(mkdir(c, 0755));
	snprintf(c, sizeof c, "%s/sub/renamed", directory);
	check(rename(a, c));
	snprintf(a, sizeof a, "%s/linked", directory);
	check(link(c, a));
	snprintf(a, sizeof a, "%s/symbolic", directory);
	check(symlink("sub/renamed", a));
	put(a, O_CREAT | O_TRUNC, "through the link");
	check(unlink(b));
	check(chmod(c, 0600));
}

/* ------------------------------------------------------------------ another root */

static void rooted(void)
{
	allowed(chroot("dir"));
	check(chdir("/"));
	work("");
	make("relative");
	check(symlink("/sub", "absolute"));
	make("absolute/inside");
	check(rename("/relative", "absolute/moved"));
}

/* The working directory stays outside. */
static void rooted_elsewhere(void)
{
	allowed(chroot("dir"));
	make("outside");
	make("/inside");
	check(rename("outside", "/both"));
	check(mkdir("of", 0755));
	make("of/outside");
}

static void rooted_twice(void)
{
	int top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	allowed(chroot("dir"));
	check(mkdir("/deeper", 0755));
	make("/deeper/file");
	check(chroot("/deeper"));
	check(chdir("/"));
	work("");
	fd = openat(top, "at", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "top", 3) != 3)
		exit(2);
	check(renameat(top, "file", AT_FDCWD, "/taken"));
	check(fchdir(top));
	check(chroot("."));
	make("/back");
}

/* ------------------------------------------------------------------ other mounts */

/* Files in memory have to have an owner. */
static void map(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);

	allowed(fd);
	allowed((int)write(fd, text, strlen(text)));
	close(fd);
}

static void own_users(long flags)
{
	char users[64], groups[64];

	snprintf(users, sizeof users, "0 %u 1", geteuid());
	snprintf(groups, sizeof groups, "0 %u 1", getegid());
	allowed(unshare(CLONE_NEWUSER | (int)flags));
	map("/proc/self/uid_map", users);
	map("/proc/self/setgroups", "deny");
	map("/proc/self/gid_map", groups);
}

static void own_mounts(void)
{
	own_users(CLONE_NEWNS);
	allowed(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static void bind_over(const char *from, const char *to)
{
	allowed(mount(from, to, NULL, MS_BIND, NULL));
}

/* What was below stays there, and can be reached by who was there. */
static void bound(void)
{
	int below = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	bind_over(".", "dir");
	work("dir");
	fd = openat(below, "hidden", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "hidden", 6) != 6)
		exit(2);
	check(renameat(below, "file", below, "other"));
	check(umount2("dir", MNT_DETACH));
	make("dir/seen");
}

static void bound_alone(void)
{
	own_mounts();
	bound();
}

static void bound_file(void)
{
	own_mounts();
	bind_over("file", "dir/file");
	put("dir/file", O_TRUNC, "by the other name");
	check(chmod("dir/file", 0600));
}

/* The bound directory is called otherwise afterwards. */
static void bound_and_renamed(void)
{
	own_mounts();
	check(mkdir("far", 0755));
	bind_over("dir", "far");
	check(mkdir("above", 0755));
	check(rename("dir", "above/dir"));
	make("above/dir/one");
	work("far");
}

static void bound_and_moved(void)
{
	own_mounts();
	check(mkdir("far", 0755));
	bind_over(".", "far");
	allowed(mount("far", "dir", NULL, MS_MOVE, NULL));
	make("far/really");
	work("dir");
}

/* What is in memory is not in the directory. */
static void in_memory(void)
{
	own_mounts();
	allowed(mount("none", "dir", "tmpfs", 0, NULL));
	make("dir/lost");
	check(rename("dir/lost", "dir/file"));
	make("kept");
	work("dir");
}

/* What is written to an overlay is written to a file of the directory. */
static void laid_over(void)
{
	own_mounts();
	check(mkdir("upper", 0755));
	check(mkdir("work", 0755));
	allowed(mount("none", "dir", "overlay", 0, "lowerdir=dir,upperdir=upper,workdir=work,userxattr"));
	make("dir/new");
}

static void pivoted(void)
{
	own_mounts();
	bind_over(".", ".");
	check(chdir(getenv("PWD"))); /* to what is mounted there now */
	allowed((int)syscall(SYS_pivot_root, ".", "."));
	check(umount2(".", MNT_DETACH));
	check(chdir("/"));
	work("/");
	make("relative");
}

/* The kernel does not say in which file system that is. */
static void pivoted_and_rooted(void)
{
	pivoted();
	check(chroot("dir"));
	make("/deep");
}

static void *bind_and_work(void *argument)
{
	int *state = argument;

	*state = 77;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return NULL;
	bind_over(".", "dir");
	work("dir");
	*state = 0;
	return NULL;
}

/* A thread has mounts that the others do not have. */
static void bound_in_a_thread(void)
{
	pthread_t thread;
	int state;

	own_users(0);
	pthread_create(&thread, NULL, bind_and_work, &state);
	pthread_join(thread, NULL);
	if (state)
		exit(state);
	make("dir/not in the thread's");
}

static pid_t cloned(long flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static void await(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0));
	if (status)
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
}

static void bound_in_a_child(void)
{
	pid_t pid = cloned(CLONE_NEWUSER | CLONE_NEWNS);

	allowed(pid);
	if (pid == 0) {
		bind_over(".", "dir");
		work("dir");
		_exit(0);
	}
	await(pid);
	make("dir/parent");
}

/* A program goes to where another one has mounted something. */
static void joined(void)
{
	int ready[2], end[2];
	char path[64], byte;
	pid_t pid;

	check(pipe(ready));
	check(pipe(end));
	pid = cloned(CLONE_NEWUSER | CLONE_NEWNS);
	allowed(pid);
	if (pid == 0) {
		close(end[1]);
		bind_over(".", "dir");
		if (write(ready[1], "", 1) != 1 || read(end[0], &byte, 1) != 0)
			_exit(2);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		exit(77);
	for (int i = 0; i < 2; i++) {
		int space;

		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, i ? "mnt" : "user");
		space = open(path, O_RDONLY | O_CLOEXEC);
		check(space);
		allowed(setns(space, 0));
	}
	check(chdir(getenv("PWD")));
	work("dir");
	close(end[1]);
	await(pid);
}

/* Another program goes on. */
static void executed(void)
{
	own_mounts();
	bind_over(".", "dir");
	execl("/proc/self/exe", "roots", "work", NULL);
	exit(4);
}

static void worked(void)
{
	work("dir");
}

/* ------------------------------------------------------------------ mapped files */

static void mapped(void)
{
	char *memory;
	int fd;

	own_mounts();
	bind_over(".", "dir");
	fd = open("dir/file", O_RDWR | O_CLOEXEC);
	memory = mmap(NULL, 20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		exit(2);
	strcpy(memory + 100, "first");
	check(rename("dir/file", "dir/other"));
	make("file");
	strcpy(memory + 5000, "second");
	check(msync(memory, 20000, MS_SYNC));
	check(unlink("other"));
	strcpy(memory + 9000, "gone");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"rooted", rooted},
	{"rooted-elsewhere", rooted_elsewhere},
	{"rooted-twice", rooted_twice},
	{"bound-here", bound},
	{"bound", bound_alone},
	{"bound-file", bound_file},
	{"bound-and-renamed", bound_and_renamed},
	{"bound-and-moved", bound_and_moved},
	{"in-memory", in_memory},
	{"laid-over", laid_over},
	{"pivoted", pivoted},
	{"pivoted-and-rooted", pivoted_and_rooted},
	{"bound-in-a-thread", bound_in_a_thread},
	{"bound-in-a-child", bound_in_a_child},
	{"joined", joined},
	{"executed", executed},
	{"work", worked},
	{"mapped", mapped},
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
