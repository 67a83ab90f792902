/* SPDX-License-Identifier: MIT */
/* script_names.c - what scripts do to names, and how they get descriptors and hand them on. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "common/numbers.h"
#include "tests/programs/script.h"

/* ------------------------------------------------------------------ paths */

/* A path in the form that the line asks for. */
struct place {
	int at; /* AT_FDCWD, or a directory to be closed */
	char text[PATH_MAX];
};

static struct place place(const struct script_actor *actor, const char *path)
{
	struct place place = {.at = AT_FDCWD};
	const char *last = strrchr(path, '/');
	char directory[PATH_MAX] = ".", here[PATH_MAX];

	snprintf(place.text, sizeof place.text, "%s", path);
	if (actor->line->place == '/' && getcwd(here, sizeof here))
		snprintf(place.text, sizeof place.text, "%.3000s/%.900s", here, path);
	if (actor->line->place != '@')
		return place;
	if (last)
		snprintf(directory, sizeof directory, "%.*s", (int)(last - path), path);
	place.at = open(directory, (actor->line->route == 's' ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC);
	if (place.at < 0)
		place.at = AT_FDCWD;
	else
		snprintf(place.text, sizeof place.text, "%s", last ? last + 1 : path);
	return place;
}

static void leave(const struct place *place)
{
	if (place->at >= 0)
		close(place->at);
}

/* libc's function without a directory, or the one with it. */
#define AT(place, plain, with) ((place).at == AT_FDCWD ? (plain) : (with))

/* ------------------------------------------------------------------ opening */

static int flags_of(const char *letters)
{
	int flags = O_CLOEXEC | O_NONBLOCK; /* a FIFO would block */
	bool reads = strchr(letters, 'r'), writes = strchr(letters, 'w');

	flags |= reads ? O_RDONLY : writes ? O_WRONLY : O_RDWR;
	for (; *letters; letters++)
		flags |= *letters == 'c' ? O_CREAT :
			 *letters == 'x' ? O_EXCL :
			 *letters == 't' ? O_TRUNC :
			 *letters == 'a' ? O_APPEND :
			 *letters == 's' ? O_SYNC :
			 *letters == 'd' ? O_DSYNC :
			 *letters == 'o' ? O_DIRECT :
			 *letters == 'n' ? O_NOFOLLOW :
					   0;
	return flags;
}

/* open SLOT PATH FLAGS MODE: r(ead) or w(rite), both without; see flags_of() */
static void do_open(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[1]);
	int flags = flags_of(words[2]);
	mode_t mode = (mode_t)strtol(words[3], NULL, 8);

	script_keep(actor, words[0],
		    (int)SCRIPT_CALL(AT(at, open(at.text, flags, mode), openat(at.at, at.text, flags, mode)),
				     SYS_openat, at.at, at.text, flags, mode));
	leave(&at);
}

/* creat SLOT PATH MODE */
static void do_creat(struct script_actor *actor, const char *const *words)
{
	mode_t mode = (mode_t)strtol(words[2], NULL, 8);

	if (!script_is_fifo(words[1]))
		script_keep(actor, words[0],
			    (int)SCRIPT_CALL(creat(words[1], mode), SYS_creat, words[1], mode));
}

/* tmpfile SLOT DIRECTORY */
static void do_tmpfile(struct script_actor *actor, const char *const *words)
{
	int flags = O_TMPFILE | O_RDWR | O_CLOEXEC;

	script_keep(
		actor, words[0],
		(int)SCRIPT_CALL(open(words[1], flags, 0600), SYS_openat, AT_FDCWD, words[1], flags, 0600));
}

/* mkstemp SLOT PREFIX */
static void do_mkstemp(struct script_actor *actor, const char *const *words)
{
	char name[PATH_MAX];

	snprintf(name, sizeof name, "%.4000sXXXXXX", words[1]);
	script_keep(actor, words[0], mkostemp(name, O_CLOEXEC));
}

/* reopen SLOT OTHER FLAGS: what is open in OTHER, by /proc */
static void do_reopen(struct script_actor *actor, const char *const *words)
{
	char path[64];
	int flags = flags_of(words[2]);

	snprintf(path, sizeof path, "/proc/self/fd/%d", script_file(actor, words[1]));
	script_keep(actor, words[0],
		    (int)SCRIPT_CALL(open(path, flags, 0600), SYS_openat, AT_FDCWD, path, flags, 0600));
}

/* handle SLOT PATH FLAGS: by open_by_handle_at() */
static void do_handle(struct script_actor *actor, const char *const *words)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} name = {.handle.handle_bytes = MAX_HANDLE_SZ};
	int id, flags = flags_of(words[2]), mounted = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (name_to_handle_at(AT_FDCWD, words[1], &name.handle, &id, 0) == 0)
		script_keep(actor, words[0],
			    (int)SCRIPT_CALL(open_by_handle_at(mounted, &name.handle, flags),
					     SYS_open_by_handle_at, mounted, &name.handle, flags));
	close(mounted);
}

/* close SLOT */
static void do_close(struct script_actor *actor, const char *const *words)
{
	int *at = &actor->held->files[(unsigned long)script_number(words[0]) % SCRIPT_SLOTS], fd = *at;

	if (fd >= 0)
		SCRIPT_CALL(close(fd), SYS_close, fd);
	*at = -1;
}

/* ------------------------------------------------------------------ handing on */

static void send_file(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec part = {&fd, 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	sendmsg(socket, &message, 0);
}

static int receive_file(int socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int fd = -1;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1 && message.msg_controllen)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	return fd;
}

/* pass SLOT OTHER dup|dup3|socket|pidfd: SLOT gets what is open in OTHER */
static void do_pass(struct script_actor *actor, const char *const *words)
{
	int from = script_file(actor, words[1]), to = -1, ends[2], self;

	if (from < 0)
		return;
	if (strcmp(words[2], "dup") == 0) {
		to = (int)SCRIPT_CALL(fcntl(from, F_DUPFD_CLOEXEC, 0), SYS_fcntl, from, F_DUPFD_CLOEXEC, 0);
	} else if (strcmp(words[2], "dup3") == 0) {
		to = open("/dev/null", O_RDONLY | O_CLOEXEC);
		SCRIPT_CALL(dup3(from, to, O_CLOEXEC), SYS_dup3, from, to, O_CLOEXEC);
	} else if (strcmp(words[2], "pidfd") == 0) {
		self = (int)syscall(SYS_pidfd_open, getpid(), 0);
		to = (int)syscall(SYS_pidfd_getfd, self, from, 0);
		close(self);
	} else if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0) {
		send_file(ends[0], from);
		to = receive_file(ends[1]);
		close(ends[0]);
		close(ends[1]);
	}
	script_keep(actor, words[0], to);
}

/* child SLOT BYTES SEED: another process, which was there before it was opened, gets it and writes */
static void do_child(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]), ends[2];

	if (fd < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	send_file(ends[0], fd);
	if (script_child()) {
		size_t count = script_fill(actor, words[1], words[2]);

		close(fd);
		fd = receive_file(ends[1]);
		SCRIPT_CALL(write(fd, actor->bytes, count), SYS_write, fd, actor->bytes, count);
		_exit(0);
	}
	close(ends[0]);
	close(ends[1]);
}

/* ------------------------------------------------------------------ names */

/* rename FROM TO plain|exchange|keep */
static void do_rename(struct script_actor *actor, const char *const *words)
{
	struct place from = place(actor, words[0]), to = place(actor, words[1]);
	unsigned int flags = words[2][0] == 'e' ? RENAME_EXCHANGE : words[2][0] == 'k' ? RENAME_NOREPLACE : 0;

	if (flags)
		SCRIPT_CALL(renameat2(from.at, from.text, to.at, to.text, flags), SYS_renameat2, from.at,
			    from.text, to.at, to.text, flags);
	else
		SCRIPT_CALL(
			AT(from, rename(from.text, to.text), renameat(from.at, from.text, to.at, to.text)),
			SYS_renameat, from.at, from.text, to.at, to.text);
	leave(&from);
	leave(&to);
}

/* link FROM TO */
static void do_link(struct script_actor *actor, const char *const *words)
{
	struct place from = place(actor, words[0]), to = place(actor, words[1]);

	SCRIPT_CALL(AT(from, link(from.text, to.text), linkat(from.at, from.text, to.at, to.text, 0)),
		    SYS_linkat, from.at, from.text, to.at, to.text, 0);
	leave(&from);
	leave(&to);
}

/* name SLOT PATH: links what is open */
static void do_name(struct script_actor *actor, const char *const *words)
{
	struct place to = place(actor, words[1]);
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", script_file(actor, words[0]));
	SCRIPT_CALL(linkat(AT_FDCWD, path, to.at, to.text, AT_SYMLINK_FOLLOW), SYS_linkat, AT_FDCWD, path,
		    to.at, to.text, AT_SYMLINK_FOLLOW);
	leave(&to);
}

/* symlink TARGET PATH */
static void do_symlink(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[1]);

	SCRIPT_CALL(AT(at, symlink(words[0], at.text), symlinkat(words[0], at.at, at.text)), SYS_symlinkat,
		    words[0], at.at, at.text);
	leave(&at);
}

/* unlink PATH */
static void do_unlink(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[0]);

	SCRIPT_CALL(AT(at, unlink(at.text), unlinkat(at.at, at.text, 0)), SYS_unlinkat, at.at, at.text, 0);
	leave(&at);
}

/* rmdir PATH */
static void do_rmdir(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[0]);

	SCRIPT_CALL(AT(at, rmdir(at.text), unlinkat(at.at, at.text, AT_REMOVEDIR)), SYS_unlinkat, at.at,
		    at.text, AT_REMOVEDIR);
	leave(&at);
}

/* remove PATH: by remove() */
static void do_remove(struct script_actor *actor, const char *const *words)
{
	(void)actor;
	remove(words[0]);
}

/* mkdir PATH MODE */
static void do_mkdir(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[0]);
	mode_t mode = (mode_t)strtol(words[1], NULL, 8);

	SCRIPT_CALL(AT(at, mkdir(at.text, mode), mkdirat(at.at, at.text, mode)), SYS_mkdirat, at.at, at.text,
		    mode);
	leave(&at);
}

/* node PATH file|fifo */
static void do_node(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[0]);
	mode_t mode = (words[1][1] == 'i' && words[1][2] == 'f' ? S_IFIFO : S_IFREG) | 0640;

	SCRIPT_CALL(AT(at, mknod(at.text, mode, 0), mknodat(at.at, at.text, mode, 0)), SYS_mknodat, at.at,
		    at.text, mode, 0);
	leave(&at);
}

/* truncate PATH SIZE */
static void do_truncate(struct script_actor *actor, const char *const *words)
{
	off_t size = script_number(words[1]);

	SCRIPT_CALL(truncate(words[0], size), SYS_truncate, words[0], size);
}

/* chmod PATH MODE: of a file or a directory, which stays open to us; what a FIFO's is, is not looked at */
static void do_chmod(struct script_actor *actor, const char *const *words)
{
	struct place at = place(actor, words[0]);
	mode_t mode = (mode_t)strtol(words[1], NULL, 8);
	struct stat status;

	if (fstatat(at.at, at.text, &status, 0) == 0 && !S_ISFIFO(status.st_mode)) {
		mode |= S_ISDIR(status.st_mode) ? 0700 : 0;
		SCRIPT_CALL(AT(at, chmod(at.text, mode), fchmodat(at.at, at.text, mode, 0)), SYS_fchmodat,
			    at.at, at.text, mode);
	}
	leave(&at);
}

/* fchmod SLOT MODE */
static void do_fchmod(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	mode_t mode = (mode_t)strtol(words[1], NULL, 8);

	if (script_is_file(fd))
		SCRIPT_CALL(fchmod(fd, mode), SYS_fchmod, fd, mode);
}

struct acl_entry {
	uint16_t tag, permissions;
	uint32_t id;
};

/* acl PATH MODE: an access control list that says no more than a mode does; or of what is open, "= SLOT MODE"
 */
static void do_acl(struct script_actor *actor, const char *const *words)
{
	bool open = words[0][0] == '=';
	long mode = strtol(words[open ? 2 : 1], NULL, 8);
	int fd = script_file(actor, words[1]);
	struct {
		uint32_t version;
		struct acl_entry entries[3];
	} list = {2,
		  {{1, (uint16_t)(mode >> 6 & 7), ~0u},
		   {4, (uint16_t)(mode >> 3 & 7), ~0u},
		   {32, (uint16_t)(mode & 7), ~0u}}};
	static const char name[] = "system.posix_acl_access";

	if (open && script_is_file(fd))
		SCRIPT_CALL(fsetxattr(fd, name, &list, sizeof list, 0), SYS_fsetxattr, fd, name, &list,
			    sizeof list, 0);
	else if (!open && !script_is_fifo(words[0]))
		SCRIPT_CALL(setxattr(words[0], name, &list, sizeof list, 0), SYS_setxattr, words[0], name,
			    &list, sizeof list, 0);
}

/* owner PATH ID; "= SLOT ID" */
static void do_owner(struct script_actor *actor, const char *const *words)
{
	bool open = words[0][0] == '=';
	uid_t id = (uid_t)script_number(words[open ? 2 : 1]);
	int fd = script_file(actor, words[1]);

	if (open && script_is_file(fd))
		SCRIPT_CALL(fchown(fd, id, id), SYS_fchown, fd, id, id);
	else if (!open)
		SCRIPT_CALL(chown(words[0], id, id), SYS_chown, words[0], id, id);
}

/* ------------------------------------------------------------------ where paths begin */

/* cd PATH; "-": back to where the program started */
static void do_cd(struct script_actor *actor, const char *const *words)
{
	static int start = -1;
	int fd;

	if (start < 0)
		start = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (strcmp(words[0], "-") == 0) {
		SCRIPT_CALL(fchdir(start), SYS_fchdir, start);
	} else if (actor->line->place == '@') {
		fd = open(words[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		SCRIPT_CALL(fchdir(fd), SYS_fchdir, fd);
		close(fd);
	} else {
		SCRIPT_CALL(chdir(words[0]), SYS_chdir, words[0]);
	}
}

/* bind FROM TO: in namespaces of its own FROM is mounted on TO, too */
static void do_bind(struct script_actor *actor, const char *const *words)
{
	(void)actor;
	if (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		mount(words[0], words[1], NULL, MS_BIND, NULL);
	}
}

/* root PATH: where all absolute paths begin from now on, and where the worker is */
static void do_root(struct script_actor *actor, const char *const *words)
{
	(void)actor;
	if (chroot(words[0]) == 0 && chdir("/") < 0)
		_exit(1);
}

const struct script_op script_names[] = {
	{"open", do_open},	 {"creat", do_creat},	{"tmpfile", do_tmpfile},   {"mkstemp", do_mkstemp},
	{"reopen", do_reopen},	 {"handle", do_handle}, {"close", do_close},	   {"pass", do_pass},
	{"child", do_child},	 {"rename", do_rename}, {"link", do_link},	   {"name", do_name},
	{"symlink", do_symlink}, {"unlink", do_unlink}, {"rmdir", do_rmdir},	   {"remove", do_remove},
	{"mkdir", do_mkdir},	 {"node", do_node},	{"truncate", do_truncate}, {"chmod", do_chmod},
	{"fchmod", do_fchmod},	 {"acl", do_acl},	{"owner", do_owner},

	{"cd", do_cd},		 {"bind", do_bind},	{"root", do_root},	   {NULL, NULL},
};
