/* SPDX-License-Identifier: MIT */
/*
 * Method. /proc/PID/task/TID/children lists a process's children; walking it from ourselves gives the
 * tree, breadth first, so that a parent is killed before it can notice the death of its child. What
 * was forked meanwhile becomes ours when its parent dies, because we are the subreaper, and is found
 * the next time round. Where the kernel does not have these files, each round still kills one
 * generation, found by waiting.
 */
#include "runner/process_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/control.h"
#include "common/say.h"
#include "common/sys.h"

#define MOST 8192
#define CONTROL CRASH__CONTROL_VARIABLE "="

struct tree {
	pid_t pids[MOST];
	unsigned int count;
};

static char *put(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length + 1);
	return at + length;
}

static void add_children_of_task(struct tree *tree, const char *path)
{
	char buffer[4096];
	pid_t pid = 0;
	bool digits = false;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		for (ssize_t i = 0; i < got; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9') {
				pid = pid * 10 + (buffer[i] - '0');
				digits = true;
				continue;
			}
			if (digits && tree->count < MOST)
				tree->pids[tree->count++] = pid;
			pid = 0;
			digits = false;
		}
	close(fd);
}

/* The children of each thread of a process. */
static void add_children(struct tree *tree, pid_t parent)
{
	char path[64], digits[16], entries[2048];
	char *at = put(put(put(path, "/proc/"), crash__decimal(digits, sizeof digits, (uint64_t)parent)),
		       "/task/");
	long got;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((got = crash__sys3(SYS_getdents64, fd, (long)entries, sizeof entries)) > 0)
		for (long i = 0; i < got;) {
			/* struct linux_dirent64: inode, offset, record length, type, name */
			uint16_t length;
			const char *name = entries + i + 19;

			memcpy(&length, entries + i + 16, sizeof length);
			if (*name >= '1' && *name <= '9') {
				put(put(at, name), "/children");
				add_children_of_task(tree, path);
			}
			i += length;
		}
	close(fd);
}

static void collect(struct tree *tree)
{
	tree->count = 0;
	add_children(tree, getpid());
	for (unsigned int i = 0; i < tree->count; i++)
		add_children(tree, tree->pids[i]);
}

unsigned int crash__tree_signal(int signal, pid_t spared)
{
	static struct tree tree;

	collect(&tree);
	for (unsigned int i = 0; i < tree.count; i++)
		if (tree.pids[i] != spared)
			kill(tree.pids[i], signal);
	return tree.count;
}

bool crash__tree_any(bool (*is_so)(pid_t pid, void *context), void *context)
{
	static struct tree tree;

	tree.count = 0;
	add_children(&tree, getpid());
	for (unsigned int i = 0; i < tree.count; i++) {
		if (is_so(tree.pids[i], context))
			return true;
		add_children(&tree, tree.pids[i]);
	}
	return tree.count == MOST;
}

bool crash__tree_kill(void (*reaped)(pid_t pid, int status))
{
	struct timespec pause = {.tv_nsec = 200000};
	int status;
	pid_t pid;

	for (int round = 0; round < 20000; round++) {
		crash__tree_signal(SIGKILL, 0);
		while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
			if (reaped)
				reaped(pid, status);
		if (pid < 0 && errno == ECHILD)
			return true;
		/* The first rounds do not wait: most trees are gone at once. */
		if (round > 3)
			nanosleep(&pause, NULL);
		else
			sched_yield();
	}
	return false;
}

void crash__tree_end(int signal)
{
	crash__tree_kill(NULL);
	_exit(128 + signal);
}

/* Whether a process was started with a control block in this directory. */
static bool has_control(const char *pid, const char *directory)
{
	char wanted[PATH_MAX + sizeof CONTROL], path[64], buffer[4096];
	size_t length = (size_t)(put(put(wanted, CONTROL), directory) - wanted), same = 0;
	bool differs = false;
	ssize_t got;
	int fd;

	put(put(put(path, "/proc/"), pid), "/environ");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (same < length && (got = read(fd, buffer, sizeof buffer)) > 0)
		for (ssize_t i = 0; i < got && same < length; i++) {
			if (!buffer[i]) {
				same = 0;
				differs = false;
			} else if (!differs && buffer[i] == wanted[same]) {
				same++;
			} else {
				differs = true;
				same = 0;
			}
		}
	close(fd);
	return same == length;
}

/* Kills those of all processes; returns how many there were. */
static unsigned int kill_with_control(const char *directory)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned int found = 0;
	char entries[2048];
	long got;

	while (fd >= 0 && (got = crash__sys3(SYS_getdents64, fd, (long)entries, sizeof entries)) > 0)
		for (long i = 0; i < got;) {
			uint16_t length;
			const char *name = entries + i + 19; /* as in add_children() */

			memcpy(&length, entries + i + 16, sizeof length);
			if (*name >= '1' && *name <= '9' && has_control(name, directory)) {
				kill((pid_t)atol(name), SIGKILL);
				found++;
			}
			i += length;
		}
	if (fd >= 0)
		close(fd);
	return found;
}

void crash__tree_kill_orphans(const char *directory)
{
	struct timespec pause = {.tv_nsec = 200000};

	/* They are not children of ours, so their end is not reported; and they may fork. */
	for (int round = 0; round < 2000 && kill_with_control(directory); round++)
		nanosleep(&pause, NULL);
}
