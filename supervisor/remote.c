/* SPDX-License-Identifier: MIT */
/*
 * Method. /proc, process_vm_readv(2) and pidfd_getfd(2), in this order of preference by what they need:
 * a container's profile may forbid the system calls and still have /proc.
 */
#include "supervisor/remote.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/control.h"
#include "common/numbers.h"
#include "common/walk.h"

#define KNOWN 1024

/*
 * Threads seen so far, by id. An entry is checked before it is believed: ids are used again. Whether a
 * process has our root is found out once; a call that may change it is reported, and then nothing that
 * is known is believed any more.
 */
static struct known {
	pid_t tid, pid;
	uint32_t process, thread;
	int pidfd; /* 0: none */
	bool our_root;
} known[KNOWN];
static bool roots_change;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Held between become and resume where the threads share a umask. */
static _Atomic bool one_umask;
static _Thread_local bool has_umask;
static pthread_mutex_t umask_lock = PTHREAD_MUTEX_INITIALIZER;

/* The kernel did not let this thread look at something. */
static _Thread_local bool refused;

static void note_refusal(int error)
{
	refused |= error == EPERM || error == EACCES;
}

bool crash__remote_refused(void)
{
	bool was = refused;

	refused = false;
	return was;
}

static bool read_file(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads a small file whole. */
static bool read_file(char *out, size_t size, const char *format, ...)
{
	char path[64];
	va_list args;
	ssize_t got;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		note_refusal(errno);
		return false;
	}
	got = read(fd, out, size - 1);
	close(fd);
	if (got < 0)
		return false;
	out[got] = '\0';
	return true;
}

static const char *field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? at + strlen(name) : "";
}

static bool read_link(char out[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool read_link(char out[PATH_MAX], const char *format, ...)
{
	char path[64];
	va_list args;
	ssize_t length;

	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	length = readlink(path, out, PATH_MAX - 1);
	if (length < 0)
		note_refusal(errno);
	out[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

/* How many threads of the process were seen before. */
static uint32_t count_threads(pid_t pid)
{
	uint32_t count = 0;

	for (int i = 0; i < KNOWN; i++)
		count += known[i].pid == pid;
	return count;
}

/* Whether paths mean to the process what they mean to us. */
static bool has_our_root(pid_t tid)
{
	char ours[PATH_MAX], theirs[PATH_MAX];

	return read_link(theirs, "/proc/%d/root", (int)tid) && strcmp(theirs, "/") == 0 &&
	       read_link(theirs, "/proc/%d/ns/mnt", (int)tid) && read_link(ours, "/proc/self/ns/mnt") &&
	       strcmp(ours, theirs) == 0;
}

/* Fills the entry of a thread that is seen for the first time. */
static bool learn(struct crash__control *control, struct known *entry, pid_t tid)
{
	char status[2048];

	if (entry->pidfd)
		close(entry->pidfd);
	memset(entry, 0, sizeof *entry);
	if (!read_file(status, sizeof status, "/proc/%d/status", (int)tid))
		return false;
	entry->pid = (pid_t)atoi(field(status, "\nTgid:"));
	entry->process = crash__control_number_of(control, (uint32_t)entry->pid);
	entry->thread = count_threads(entry->pid);
	entry->our_root = has_our_root(tid);
	entry->pidfd = (int)syscall(SYS_pidfd_open, entry->pid, 0);
	if (entry->pidfd < 0)
		entry->pidfd = 0;
	entry->tid = tid;
	return true;
}

static bool is_thread_of(pid_t tid, pid_t pid)
{
	return syscall(SYS_tgkill, pid, tid, 0) == 0 || errno == EPERM;
}

bool crash__remote_find(struct crash__control *control, pid_t tid, struct crash__remote *remote)
{
	struct known *entry = &known[(unsigned int)tid % KNOWN];
	bool found, our_root, was_refused = refused;

	pthread_mutex_lock(&lock);
	found = (entry->tid == tid && is_thread_of(tid, entry->pid)) || learn(control, entry, tid);
	remote->tid = tid;
	remote->pid = entry->pid;
	remote->process = entry->process;
	remote->thread = entry->thread;
	remote->pidfd = entry->pidfd;
	our_root = entry->our_root && !roots_change;
	pthread_mutex_unlock(&lock);
	remote->root[0] = '\0';
	if (found && !our_root && !has_our_root(tid))
		snprintf(remote->root, sizeof remote->root, "/proc/%d/root", (int)tid);
	refused = was_refused; /* that a process is closed matters when its files are asked for */
	return found;
}

bool crash__remote_leads(pid_t tid)
{
	return is_thread_of(tid, tid);
}

void crash__remote_roots_change(void)
{
	roots_change = true;
}

/* Through /proc, where the system call is forbidden. */
static long access_memory(const struct crash__remote *remote, uint64_t address, void *bytes, size_t count,
			  bool writing)
{
	char path[64];
	ssize_t done;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)remote->tid);
	fd = open(path, (writing ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0) {
		note_refusal(errno);
		return -errno;
	}
	done = writing ? pwrite(fd, bytes, count, (off_t)address) : pread(fd, bytes, count, (off_t)address);
	if (done < 0)
		done = errno == EIO ? -EFAULT : -errno;
	close(fd);
	return done;
}

long crash__remote_read(const struct crash__remote *remote, uint64_t address, void *to, size_t count)
{
	struct iovec ours = {to, count}, theirs = {(void *)address, count};
	ssize_t got;

	if (count == 0)
		return 0;
	got = process_vm_readv(remote->tid, &ours, 1, &theirs, 1, 0);
	if (got < 0 && (errno == EPERM || errno == ENOSYS))
		return access_memory(remote, address, to, count, false);
	return got < 0 ? -errno : got;
}

bool crash__remote_words(const struct crash__remote *remote, const uint64_t *addresses, size_t count,
			 uint64_t *words, struct crash__ahead *ahead)
{
	struct iovec from[64], to[2] = {{words, count * sizeof *words}, {ahead->bytes, ahead->wanted}};
	ssize_t got;

	assert(count < sizeof from / sizeof *from && ahead->wanted <= sizeof ahead->bytes);
	ahead->count = 0;
	if (!count)
		return true;
	for (size_t i = 0; i < count; i++)
		from[i] = (struct iovec){(void *)addresses[i], sizeof *words};
	from[count] = (struct iovec){(void *)ahead->address, ahead->wanted};
	got = process_vm_readv(remote->tid, to, 2, from, count + 1, 0);
	if (got == (ssize_t)(to[0].iov_len + to[1].iov_len))
		ahead->count = ahead->wanted;
	if (got >= (ssize_t)to[0].iov_len)
		return true;
	for (size_t i = 0; i < count; i++)
		if (crash__remote_read(remote, addresses[i], &words[i], sizeof *words) != sizeof *words)
			return false;
	return true;
}

long crash__remote_write(const struct crash__remote *remote, uint64_t address, const void *from, size_t count)
{
	struct iovec ours = {(void *)(uintptr_t)from, count}, theirs = {(void *)address, count};
	ssize_t done = process_vm_writev(remote->tid, &ours, 1, &theirs, 1, 0);

	if (done < 0 && (errno == EPERM || errno == ENOSYS))
		return access_memory(remote, address, (void *)(uintptr_t)from, count, true);
	return done < 0 ? -errno : done;
}

bool crash__remote_string(const struct crash__remote *remote, uint64_t address, char *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t piece = 4096 - (address + done) % 4096; /* the next page may not be there */
		long got = crash__remote_read(remote, address + done, to + done,
					      piece < size - done ? piece : size - done);

		if (got <= 0)
			return false;
		if (memchr(to + done, '\0', (size_t)got))
			return true;
		done += (size_t)got;
	}
	return false;
}

bool crash__remote_fstat(const struct crash__remote *remote, int fd, struct stat *status)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)remote->tid, fd);
	if (stat(path, status) == 0)
		return true;
	note_refusal(errno);
	return false;
}

bool crash__remote_fd_path(const struct crash__remote *remote, int fd, char out[PATH_MAX])
{
	return read_link(out, "/proc/%d/fd/%d", (int)remote->tid, fd);
}

long crash__remote_fd_flags(const struct crash__remote *remote, int fd)
{
	char text[512];

	if (!read_file(text, sizeof text, "/proc/%d/fdinfo/%d", (int)remote->tid, fd))
		return -1;
	return strtol(field(text, "flags:"), NULL, 8);
}

void crash__remote_inside(const struct crash__remote *remote, char path[PATH_MAX], const char **prefix)
{
	char root[PATH_MAX];
	size_t length;

	*prefix = "";
	if (!remote->root[0] || !read_link(root, "/proc/%d/root", (int)remote->tid) ||
	    !crash__path_is_below(path, root))
		return;
	*prefix = remote->root;
	length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	memmove(path, path + length, strlen(path + length) + 1);
	if (!*path)
		strcpy(path, "/");
}

bool crash__remote_base(const struct crash__remote *remote, int dirfd, const char **prefix,
			char out[PATH_MAX])
{
	bool found = dirfd == AT_FDCWD ? read_link(out, "/proc/%d/cwd", (int)remote->tid) :
					 crash__remote_fd_path(remote, dirfd, out);

	if (!found || out[0] != '/')
		return false;
	/* the kernel names it as we would, a changed root included */
	crash__remote_inside(remote, out, prefix);
	return true;
}

int crash__remote_dup(const struct crash__remote *remote, int fd)
{
	int result = remote->pidfd ? (int)syscall(SYS_pidfd_getfd, remote->pidfd, fd, 0) : -1;

	return result < 0 ? -errno : result;
}

/* Whether a line of the two status files says the same. */
static bool same_line(const char *a, const char *b, const char *name)
{
	const char *x = field(a, name), *y = field(b, name);
	size_t length = strcspn(x, "\n");

	return length == strcspn(y, "\n") && strncmp(x, y, length) == 0;
}

/* ------------------------------------------------------------------ acting as somebody else */

#define MOST_GROUPS 256

/* What the calling thread was before it became somebody else. */
static _Thread_local struct {
	bool changed, limited; /* who it is, what it may do */
	bool lesser;	       /* it has fewer rights than who it became */
	struct __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3];
	uid_t user;
	gid_t group;
	int group_count;
	gid_t groups[MOST_GROUPS];
} before;

/* The last of the four numbers: who the process is to the file system. */
static uint32_t file_system_id(const char *status, const char *name)
{
	uint32_t ids[4] = {0};

	if (sscanf(field(status, name), "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) != 4)
		return UINT32_MAX;
	return ids[3];
}

/* The effective ones. */
static uint64_t capabilities(const char *status)
{
	return strtoull(field(status, "\nCapEff:"), NULL, 16);
}

static int read_groups(const char *status, gid_t groups[MOST_GROUPS])
{
	const char *at = field(status, "\nGroups:");
	int count = 0;

	for (;;) {
		at += strspn(at, " \t");
		if (*at < '0' || *at > '9' || count == MOST_GROUPS)
			return *at < '0' || *at > '9' ? count : -1;
		groups[count++] = (gid_t)strtoul(at, (char **)(uintptr_t)&at, 10);
	}
}

/* By system call: libc would change all threads. */
static bool take_on(uid_t user, gid_t group, const gid_t *groups, int group_count)
{
	syscall(SYS_setfsgid, group);
	syscall(SYS_setgroups, group_count, groups);
	/* last, because root's rights over files go with it */
	syscall(SYS_setfsuid, user);
	return (uid_t)syscall(SYS_setfsuid, -1) == user && (gid_t)syscall(SYS_setfsgid, -1) == group;
}

/* We are root, and somebody else is not. */
static bool become(const char *status)
{
	gid_t groups[MOST_GROUPS], group = file_system_id(status, "\nGid:");
	uid_t user = file_system_id(status, "\nUid:");
	int count = read_groups(status, groups);

	if (geteuid() != 0 || user == 0 || user == UINT32_MAX || count < 0)
		return false;
	before.user = 0;
	before.group = getegid();
	before.group_count = getgroups(MOST_GROUPS, before.groups);
	if (before.group_count < 0)
		return false;
	before.changed = true;
	if (take_on(user, group, groups, count))
		return true;
	crash__remote_resume();
	return false;
}

static bool set_rights(const struct __user_cap_data_struct *rights)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, rights) == 0;
}

/*
 * Has these rights for a while, none of which is more than we may have. Where they are another's in our
 * namespace (in a sandbox we have some, and no program has) that is all there is to it.
 */
static bool limit_rights(uint64_t effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct limited[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, before.rights) != 0)
		return false;
	memcpy(limited, before.rights, sizeof limited);
	limited[0].effective = (uint32_t)effective;
	limited[1].effective = (uint32_t)(effective >> 32);
	before.limited = set_rights(limited);
	return before.limited;
}

/* Gives up, for a while, every right beyond those of the user. */
static bool become_lesser(void)
{
	before.lesser = limit_rights(0);
	return before.lesser;
}

/*
 * In another user namespace the same rights reach less far, which cannot be had here: what the user could do
 * without them is what can be done for it.
 */
static bool is_our_namespace(const struct crash__remote *remote)
{
	char ours[PATH_MAX], theirs[PATH_MAX];

	return read_link(theirs, "/proc/%d/ns/user", (int)remote->tid) &&
	       read_link(ours, "/proc/self/ns/user") && strcmp(ours, theirs) == 0;
}

bool crash__remote_become(const struct crash__remote *remote)
{
	static const char *const lines[] = {"\nUid:", "\nGid:", "\nGroups:"};
	bool here = is_our_namespace(remote), same = true, good;
	char ours[4096], theirs[4096];

	assert(!before.changed && !before.limited && !has_umask); /* crash__remote_resume() comes first */
	if (!read_file(theirs, sizeof theirs, "/proc/%d/status", (int)remote->tid) ||
	    !read_file(ours, sizeof ours, "/proc/thread-self/status"))
		return false;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		same &= same_line(ours, theirs, lines[i]);
	if (here && same)
		good = same_line(ours, theirs, "\nCapEff:") || limit_rights(capabilities(theirs));
	else if (here)
		good = capabilities(theirs) == 0 && become(theirs);
	else
		good = (same || become(theirs)) && become_lesser();
	if (!good) {
		crash__remote_resume();
		return false;
	}
	has_umask = atomic_load(&one_umask);
	if (has_umask)
		pthread_mutex_lock(&umask_lock);
	umask((mode_t)strtol(field(theirs, "\nUmask:"), NULL, 8));
	return true;
}

void crash__remote_share(void)
{
	atomic_store(&one_umask, true);
}

bool crash__remote_resume(void)
{
	bool lesser = before.lesser;

	if (has_umask)
		pthread_mutex_unlock(&umask_lock);
	has_umask = false;
	if (before.limited)
		set_rights(before.rights);
	if (before.changed)
		take_on(before.user, before.group, before.groups, before.group_count);
	before.changed = before.limited = before.lesser = false;
	return !lesser;
}

/* Open files of /proc, by thread: each op that is written down reads there. */
static struct {
	pid_t tid;
	int fd;
} opened[64];
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t read_call(const struct crash__remote *remote, char *out, size_t size)
{
	unsigned int index = (unsigned int)remote->tid % (sizeof opened / sizeof *opened);
	char path[64];
	ssize_t got = -1;

	pthread_mutex_lock(&opened_lock);
	if (opened[index].tid == remote->tid)
		got = pread(opened[index].fd, out, size, 0); /* of a thread that is gone: ESRCH */
	if (got <= 0) {
		if (opened[index].tid)
			close(opened[index].fd);
		snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)remote->pid, (int)remote->tid);
		opened[index].fd = open(path, O_RDONLY | O_CLOEXEC);
		opened[index].tid = opened[index].fd < 0 ? 0 : remote->tid;
		got = opened[index].tid ? pread(opened[index].fd, out, size, 0) : -1;
	}
	pthread_mutex_unlock(&opened_lock);
	return got;
}

bool crash__remote_registers(const struct crash__remote *remote, uint64_t *pc, uint64_t *sp)
{
	char text[512], *at = text;
	ssize_t got = read_call(remote, text, sizeof text - 1);

	if (got <= 0)
		return false;
	text[got] = '\0';
	/* the number of the call, its six arguments, the stack pointer, the program counter */
	for (int i = 0; i < 7; i++) {
		at = strchr(at, ' ');
		if (!at)
			return false;
		at++;
	}
	*sp = strtoull(at, &at, 16);
	*pc = strtoull(at, &at, 16);
	return *pc != 0;
}

bool crash__remote_locks_memory(const struct crash__remote *remote)
{
	char text[4096];

	return !read_file(text, sizeof text, "/proc/%d/status", (int)remote->tid) ||
	       strtoull(field(text, "\nVmLck:"), NULL, 10) > 0;
}

/* Another user's limits are a secret of the system call's, but not of /proc's. */
static uint64_t limit_of(const struct crash__remote *remote, int resource, const char *name)
{
	struct rlimit value;
	char text[4096];
	const char *limit;

	if (prlimit(remote->tid, resource, NULL, &value) == 0)
		return value.rlim_cur;
	if (!read_file(text, sizeof text, "/proc/%d/limits", (int)remote->tid))
		return 0;
	limit = field(text, name);
	limit += strspn(limit, " ");
	return strncmp(limit, "unlimited", 9) == 0 ? RLIM_INFINITY : strtoull(limit, NULL, 10);
}

uint64_t crash__remote_size_limit(const struct crash__remote *remote)
{
	return limit_of(remote, RLIMIT_FSIZE, "Max file size");
}

/* Nearly always the highest of those that there may be is free, and nobody has to count. */
bool crash__remote_fds_are_full(const struct crash__remote *remote)
{
	uint64_t limit = limit_of(remote, RLIMIT_NOFILE, "Max open files"), used = 0;
	struct dirent *entry;
	struct stat status;
	char path[64];
	DIR *all;

	if (limit == 0 || limit > INT_MAX)
		return false;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)remote->tid, (int)limit - 1);
	if (lstat(path, &status) < 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)remote->tid);
	all = opendir(path);
	while (all && (entry = readdir(all)))
		used += entry->d_name[0] != '.' && strtoull(entry->d_name, NULL, 10) < limit;
	if (all)
		closedir(all);
	return used >= limit;
}

void crash__remote_program(const struct crash__remote *remote, char out[PATH_MAX])
{
	if (read_link(out, "/proc/%d/exe", (int)remote->pid))
		return;
	if (!read_file(out, PATH_MAX, "/proc/%d/comm", (int)remote->pid))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}
