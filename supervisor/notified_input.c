/* SPDX-License-Identifier: MIT */
/*
 * Method. A read that is to fail gets its error for an answer. One that is to be short, or to bring a byte
 * that is not in the file, is made here, by the process's own descriptor, so that its position moves, and
 * what came is put into the process's memory. All others the process makes itself.
 *
 * A close that fails has closed the descriptor, on Linux, and nobody can close another process's: a program
 * with the shim does it there (preload/closes.c), for any other one the run says that it was not done.
 *
 * What the dynamic linker reads is not the program's, nor what the shim reads to find out what was written.
 * They make their calls by instructions of their own, so the address tells. Of musl's it does not: there the
 * linker is the libc.
 */
#include "supervisor/notified_input.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "supervisor/classify.h"
#include "supervisor/leader.h"
#include "supervisor/notified_op.h"
#include "supervisor/remote_actions.h"

/* ------------------------------------------------------------------ whose call it is */

/* What was found out last: a call instruction stays where it is. */
static struct {
	pid_t pid;
	uint64_t pc;
	bool foreign;
} known[64];
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_foreign_file(const struct crash__control *control, const char *path, unsigned long inode)
{
	const char *base = strrchr(path, '/');
	struct stat shim;

	if (!base)
		return false;
	if (strncmp(base, "/ld-linux", 9) == 0 || strncmp(base, "/ld-2.", 6) == 0)
		return true;
	return control->preload[0] && stat(crash__control_shim(control), &shim) == 0 && shim.st_ino == inode;
}

static bool is_foreign(const struct crash__notification *notification)
{
	char path[64], line[PATH_MAX + 128];
	bool foreign = false, found = false;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)notification->remote.tid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof line, file)) {
		unsigned long start, end, inode;
		int name = 0;

		if (sscanf(line, "%lx-%lx %*s %*s %*s %lu %n", &start, &end, &inode, &name) != 3 ||
		    notification->pc < start || notification->pc > end)
			continue;
		found = true;
		line[strcspn(line, "\n")] = '\0';
		foreign = name && is_foreign_file(notification->control, line + name, inode);
	}
	if (file)
		fclose(file);
	return foreign;
}

static bool is_programs_own(const struct crash__notification *notification)
{
	size_t at = (notification->pc ^ (uint64_t)notification->remote.pid) % (sizeof known / sizeof *known);
	bool foreign, is_known;

	pthread_mutex_lock(&known_lock);
	is_known = known[at].pid == notification->remote.pid && known[at].pc == notification->pc;
	foreign = known[at].foreign;
	pthread_mutex_unlock(&known_lock);
	if (is_known)
		return !foreign;
	foreign = is_foreign(notification);
	pthread_mutex_lock(&known_lock);
	known[at].pid = notification->remote.pid;
	known[at].pc = notification->pc;
	known[at].foreign = foreign;
	pthread_mutex_unlock(&known_lock);
	return !foreign;
}

/* ------------------------------------------------------------------ reading for the process */

/* The offset that the call names; -1: it reads at the file position. */
static off_t offset_of(const struct crash__notification *notification)
{
	uint8_t where = notification->kernel->where.offset;

	return where ? (off_t)crash__arg(notification->args, where) : -1;
}

/* No more than there is. What goes past the page cache is read in the lengths that the program chose. */
static size_t length_of(const struct crash__notification *notification, uint64_t part)
{
	off_t at = offset_of(notification);
	uint64_t size = notification->size;

	if (part > 0x7ffff000) /* as the kernel has it */
		part = 0x7ffff000;
	if (notification->direct)
		return part;
	if (at < 0)
		at = lseek(notification->fd, 0, SEEK_CUR);
	size = at >= 0 && (uint64_t)at < size ? size - (uint64_t)at : 0;
	return part < size ? part : size;
}

/* Puts what was read where the program wants it. */
static bool put(const struct crash__notification *notification, const unsigned char *bytes, size_t count)
{
	const struct crash__where *where = &notification->kernel->where;
	uint64_t at = (uint64_t)crash__arg(notification->args, where->iov);
	const struct crash__remote *remote = &notification->remote;

	if (where->buf)
		return crash__remote_write(remote, (uint64_t)crash__arg(notification->args, where->buf),
					   bytes, count) == (long)count;
	for (; count; at += sizeof(struct iovec)) {
		struct iovec iov;
		size_t now;

		if (crash__remote_read(remote, at, &iov, sizeof iov) != sizeof iov)
			return false;
		now = iov.iov_len < count ? iov.iov_len : count;
		if (now && crash__remote_write(remote, (uint64_t)iov.iov_base, bytes, now) != (long)now)
			return false;
		bytes += now;
		count -= now;
	}
	return true;
}

static long read_into(const struct crash__notification *notification, unsigned char *bytes, size_t length)
{
	off_t at = offset_of(notification);
	ssize_t got;

	do
		got = at < 0 ? read(notification->fd, bytes, length) :
			       pread(notification->fd, bytes, length, at);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static struct crash__reply undone(const struct crash__notification *notification)
{
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RULE_UNDONE,
				  notification->kernel->name);
	return crash__proceed;
}

/* A read that is short, or brings a byte with another bit. */
static struct crash__reply make(const struct crash__notification *notification,
				const struct crash__decision *decision)
{
	uint64_t wanted = crash__notification_bytes(notification);
	bool flips = decision->making == CRASH__MAKES_FLIPPED;
	size_t length = length_of(notification, flips ? wanted : crash__rule_part(decision->by, wanted));
	unsigned char *bytes;
	long got;

	if (notification->fd < 0 || (notification->direct && !flips && length % 512))
		return undone(notification);
	if (length == 0)
		return (struct crash__reply){.result = 0};
	bytes = aligned_alloc(4096, (length + 4095) & ~(size_t)4095);
	if (!bytes)
		return undone(notification);
	crash__leader_hand_over();
	got = read_into(notification, bytes, length);
	if (flips && got > 0)
		bytes[(uint64_t)decision->by->argument % (uint64_t)got] ^= 1;
	if (got > 0 && !put(notification, bytes, (size_t)got))
		got = -EFAULT;
	free(bytes);
	return (struct crash__reply){.result = got};
}

/* ------------------------------------------------------------------ the whole */

struct crash__reply crash__notified_input(struct crash__notification *notification)
{
	const struct crash__rule *rule;
	struct crash__decision decision;

	if (!is_programs_own(notification))
		return crash__proceed;
	crash__notification_classify(notification);
	if (!notification->storage)
		return crash__proceed;
	decision = crash__notified_count(notification, crash__nature_of(notification->kernel));
	CRASH__EACH_RULE(&notification->control->plan, decision.before, rule)
		crash__act(notification, rule, -1);
	if (decision.making == CRASH__MAKES_ALL)
		return crash__proceed;
	if (notification->family == CRASH__FAMILY_CLOSE)
		return undone(notification);
	if (decision.making == CRASH__MAKES_NOTHING)
		return crash__reply_error((int)decision.by->argument);
	return make(notification, &decision);
}
