/* SPDX-License-Identifier: MIT */
#include "tests/run/world.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/older_libc.h"

rlim_t world_memory, world_file_size;

static char *mark;	    /* in the environment of all that we start */
static unsigned int mounts; /* before anything was started */

/* ------------------------------------------------------------------ making it */

static unsigned int count_mounts(void)
{
	const char *at = lab_read("/proc/self/mountinfo", NULL);
	unsigned int count = 0;

	while ((at = strchr(at, '\n')) != NULL) {
		count++;
		at++;
	}
	return count;
}

static bool write_map(const char *path, const char *map)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool leave_mounts_behind(void)
{
	unsigned int uid = geteuid(), gid = getegid();

	if (unshare(uid ? CLONE_NEWNS | CLONE_NEWUSER : CLONE_NEWNS) < 0 ||
	    (uid && (!write_map("/proc/self/uid_map", lab_text("%u %u 1", uid, uid)) ||
		     !write_map("/proc/self/setgroups", "deny") ||
		     !write_map("/proc/self/gid_map", lab_text("%u %u 1", gid, gid)))))
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool world_make(const char *space)
{
	char *shm = lab_text("%s/shm", lab_dir), *tmp = lab_text("%s/tmp", lab_dir);
	bool good;

	mkdir("store", 0755);
	mkdir(shm, 0755);
	mkdir(tmp, 0755);
	setenv("TMPDIR", tmp, 1);
	mark = lab_text("LAB_MARK=world-%d", (int)getpid());
	putenv(mark);
	good = leave_mounts_behind();
	if (good && space)
		good = mount("tmpfs", shm, "tmpfs", 0, space) == 0 &&
		       mount("tmpfs", tmp, "tmpfs", 0, space) == 0;
	if (good)
		good = mount(shm, "/dev/shm", NULL, MS_BIND, NULL) == 0;
	mounts = count_mounts();
	return good;
}

bool world_mount(const char *path, const char *options)
{
	mkdir(path, 0755);
	if (mount("tmpfs", path, "tmpfs", 0, options) < 0)
		return false;
	mounts = count_mounts();
	return true;
}

/* ------------------------------------------------------------------ commands */

static void limit(int resource, rlim_t most)
{
	struct rlimit both = {most, most};

	if (most)
		setrlimit(resource, &both);
}

static _Noreturn void become(const char *const *argv)
{
	int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600),
	    err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	close_range(3, ~0u, 0);
	limit(RLIMIT_AS, world_memory);
	limit(RLIMIT_FSIZE, world_file_size);
	signal(SIGHUP, SIG_DFL); /* who runs the tests may be under nohup */
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

pid_t world_begin(const char *const *argv)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(argv);
	return pid;
}

int world_await(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int world_command(const char *const *argv)
{
	return world_await(world_begin(argv));
}

const char *world_said(void)
{
	return lab_text("stdout \"%.1500s\", stderr \"%.1500s\"", lab_read("out", NULL),
			lab_read("err", NULL));
}

/* ------------------------------------------------------------------ what is left */

void world_assert_nothing_left(bool all)
{
	LAB_AWAIT(lab_processes(mark) <= 1); /* this one */
	LAB_AWAIT(lab_entries("shm") == 0);
	/* results of explorations that found something stay: they are named on stderr */
	if (!all)
		ck_assert_int_ne(system("rm -rf tmp/crashinject-result-*"), -1);
	LAB_AWAIT(lab_entries("tmp") == 0);
	ck_assert_msg(count_mounts() == mounts, "a mount is left: %s",
		      lab_read("/proc/self/mountinfo", NULL));
}
