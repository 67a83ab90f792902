/* SPDX-License-Identifier: MIT */
#include "witness/redo.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "trace/event_text.h"
#include "witness/redo_names.h"

#define NEVER UINT32_MAX

struct crash__redo {
	const struct crash__fs *fs;
	struct crash__redo_names names;
	int *open;	    /* by node: its descriptor; -1: none */
	uint32_t *last_use; /* by node: the last step that needs one, or NEVER */
	bool *closes;	    /* by step: its node's descriptor is not needed any more */
	uint32_t next;	    /* step */
	bool shares;
};

/* One op that is being done. */
struct doing {
	struct crash__redo *redo;
	const struct crash__step *step;
	const struct crash__event *event;
	const struct crash__effect *effects;
	bool last;
};

static int fail(const struct doing *doing, const char *why)
{
	char name[64];

	crash__event_point(doing->event, name, sizeof name);
	return crash__fail(CRASH_EINVAL, "%s (%s) cannot be done again: %s", name,
			   crash__calls[doing->event->call].name, why);
}

static int fail_errno(const struct doing *doing)
{
	return fail(doing, strerror(errno));
}

/* ------------------------------------------------------------------ descriptors */

/* Opens a node by the name that it has. -1 with errno. */
static int open_named(const struct crash__redo *redo, crash__node_id node)
{
	bool directory = redo->fs->nodes[node].type == CRASH__NODE_DIRECTORY;
	char path[PATH_MAX];

	if (!crash__redo_path(&redo->names, node, path)) {
		errno = ENOENT;
		return -1;
	}
	return openat(redo->names.top, path, (directory ? O_RDONLY | O_DIRECTORY : O_RDWR) | O_CLOEXEC);
}

static int descriptor(struct crash__redo *redo, crash__node_id node)
{
	if (redo->open[node] < 0)
		redo->open[node] = open_named(redo, node);
	return redo->open[node];
}

static void close_node(struct crash__redo *redo, crash__node_id node)
{
	if (redo->open[node] >= 0)
		close(redo->open[node]);
	redo->open[node] = -1;
}

/* What is about to lose its name, and is written to later, was open when it lost it. */
static int hold_replaced(const struct doing *doing)
{
	struct crash__redo *redo = doing->redo;

	for (uint32_t i = 0; i < doing->step->effects; i++) {
		const struct crash__effect *effect = &doing->effects[i];

		if (effect->kind == CRASH__EFFECT_ENTRY && effect->old_node &&
		    redo->last_use[effect->old_node] != NEVER &&
		    redo->last_use[effect->old_node] >= redo->next &&
		    redo->fs->nodes[effect->old_node].type == CRASH__NODE_FILE &&
		    descriptor(redo, effect->old_node) < 0)
			return fail_errno(doing);
	}
	return 0;
}

/* ------------------------------------------------------------------ data */

/* The flags with which the program had opened a descriptor, where that was an op; else 0. */
static long flags_of(const struct doing *doing)
{
	const struct crash__trace *trace = doing->redo->fs->trace;
	const struct crash__event *event = doing->event;
	const struct crash__trace_file *file = event->file ? &trace->files[event->file] : NULL;
	uint8_t position = crash__calls[event->kernel].where.fd;

	for (const struct crash__event *open = event; file && position && open-- > trace->events;)
		if (open->kind == CRASH__EVENT_OP && open->family == CRASH__FAMILY_OPEN &&
		    open->process == event->process && open->result == event->args[position - 1] &&
		    open->made_inode == file->inode && open->made_device == file->device)
			return crash__calls[open->kernel].where.flags ?
				       crash__arg(open->args, crash__calls[open->kernel].where.flags) :
				       0;
	return 0;
}

/* Whether all that was written is in the recording. */
static bool is_whole(const struct crash__event *event)
{
	uint64_t at = 0;

	for (const struct crash__piece *piece = event->data; piece; piece = piece->next) {
		if (piece->at != at)
			return false;
		at += piece->count;
	}
	return event->result < 0 || (uint64_t)event->result <= at;
}

/* As whole pages of memory: with O_DIRECT nothing else is taken. */
static int write_bytes(const struct doing *doing, int fd, int flags)
{
	uint64_t bytes = doing->event->data_bytes;
	void *buffer = aligned_alloc(CRASH__FS_BLOCK, (bytes / CRASH__FS_BLOCK + 1) * CRASH__FS_BLOCK);
	struct iovec vector = {.iov_base = buffer, .iov_len = bytes};
	ssize_t written;

	if (!buffer)
		return crash__fail(CRASH_ENOMEM, "no memory for what was written");
	crash__event_copy(doing->event, 0, buffer, bytes);
	written = pwritev2(fd, &vector, 1, (off_t)doing->event->offset, flags);
	free(buffer);
	if (written < 0)
		return fail_errno(doing);
	return (uint64_t)written == bytes ? 0 : fail(doing, "a part only was written");
}

/* Past the page cache, if the program did. */
static int write_data(const struct doing *doing, int fd)
{
	long flags = flags_of(doing);
	int direct = -1, sync = 0, error;
	char path[64];

	if (!doing->event->data_bytes)
		return 0;
	if (crash__event_syncs(doing->event) && !doing->last)
		sync = (flags & O_DSYNC) && (flags & O_SYNC) != O_SYNC ? RWF_DSYNC : RWF_SYNC;
	if (flags & O_DIRECT) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (direct < 0)
			return fail_errno(doing);
	}
	error = write_bytes(doing, direct < 0 ? fd : direct, sync);
	if (direct >= 0)
		close(direct);
	return error;
}

/* Stores to a mapping, which end where the file does. */
static int store(const struct doing *doing, int fd)
{
	uint64_t from = doing->event->offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK, end;
	struct stat status;
	unsigned char *map;

	if (fstat(fd, &status) < 0)
		return fail_errno(doing);
	end = (uint64_t)status.st_size;
	if (from >= end)
		return 0;
	map = mmap(NULL, end - from, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)from);
	if (map == MAP_FAILED)
		return fail_errno(doing);
	for (const struct crash__piece *piece = doing->event->data; piece; piece = piece->next) {
		uint64_t at = doing->event->offset + piece->at;

		if (at < end)
			memcpy(map + (at - from), piece->bytes,
			       piece->count < end - at ? piece->count : end - at);
	}
	munmap(map, end - from);
	return 0;
}

static int redo_write(const struct doing *doing)
{
	bool stores = doing->event->kernel == CRASH__CALL_store;
	bool copies = doing->event->kernel == CRASH__CALL_ioctl ||
		      doing->event->kernel == CRASH__CALL_copy_file_range;
	int fd;

	if ((doing->event->flags & CRASH__OP_DATA_LOST) || (!stores && !is_whole(doing->event)))
		return fail(doing, "what was written is not in the recording");
	if (copies && doing->redo->shares)
		return fail(doing, "this file system would share the blocks, and from where is not recorded");
	fd = descriptor(doing->redo, doing->step->node);
	if (fd < 0)
		return fail_errno(doing);
	return stores ? store(doing, fd) : write_data(doing, fd);
}

/* ------------------------------------------------------------------ sizes and attributes */

static int redo_truncate(const struct doing *doing)
{
	const struct crash__event *event = doing->event;
	int fd = descriptor(doing->redo, doing->step->node), result;

	if (fd < 0)
		return fail_errno(doing);
	if (event->kernel == CRASH__CALL_fallocate)
		result = fallocate(fd, (int)event->args[1], event->args[2], event->args[3]);
	else
		result = ftruncate(fd, crash__arg(event->args, crash__calls[event->kernel].where.size));
	return result < 0 ? fail_errno(doing) : 0;
}

/* Of the name, or of a file that has none any more. -1 with errno. */
static int change_attribute(const struct doing *doing, const struct crash__effect *effect, const char *path)
{
	const struct crash__change *change = crash__fs_change(doing->redo->fs, effect);
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, change->time};
	bool is_link = doing->redo->fs->nodes[effect->node].type == CRASH__NODE_LINK;

	switch (change->attribute) {
	case CRASH__MODE:
		return is_link ? 0 : chmod(path, change->mode & 07777);
	case CRASH__OWNER:
		return fchownat(AT_FDCWD, path, change->uid, change->gid, is_link ? AT_SYMLINK_NOFOLLOW : 0);
	case CRASH__TIME:
		return utimensat(AT_FDCWD, path, times, is_link ? AT_SYMLINK_NOFOLLOW : 0);
	case CRASH__XATTR:
		break;
	}
	if (change->removed)
		return is_link ? lremovexattr(path, change->name) : removexattr(path, change->name);
	return is_link ? lsetxattr(path, change->name, change->value, change->bytes, 0) :
			 setxattr(path, change->name, change->value, change->bytes, 0);
}

static int redo_attributes(const struct doing *doing)
{
	struct crash__redo *redo = doing->redo;
	char path[PATH_MAX + 64], name[PATH_MAX];

	for (uint32_t i = 0; i < doing->step->effects; i++) {
		const struct crash__effect *effect = &doing->effects[i];

		if (effect->kind != CRASH__EFFECT_ATTRIBUTES)
			continue;
		if (crash__redo_path(&redo->names, effect->node, name))
			snprintf(path, sizeof path, "/proc/self/fd/%d/%s", redo->names.top,
				 *name ? name : ".");
		else if (descriptor(redo, effect->node) >= 0)
			snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor(redo, effect->node));
		else
			return fail_errno(doing);
		if (change_attribute(doing, effect, path) < 0)
			return fail_errno(doing);
	}
	return 0;
}

/* ------------------------------------------------------------------ syncs */

/* What msync() does is to sync a range of the file, which is nothing that has a call of its own. */
static int sync_range(const struct doing *doing, int fd)
{
	uint64_t from = doing->step->sync_from / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
	size_t bytes = doing->step->sync_to - from;
	void *map;
	int result;

	if (!doing->step->sync_to)
		return fdatasync(fd);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)from);
	if (map == MAP_FAILED)
		return -1;
	result = msync(map, bytes, MS_SYNC);
	munmap(map, bytes);
	return result;
}

static int sync_node(const struct doing *doing, int fd)
{
	const struct crash__event *event = doing->event;

	switch (event->kernel) {
	case CRASH__CALL_msync:
		return sync_range(doing, fd);
	case CRASH__CALL_sync_file_range:
		return sync_file_range(fd, event->args[1], event->args[2], (unsigned int)event->args[3]);
	case CRASH__CALL_fdatasync:
		return fdatasync(fd);
	default:
		return fsync(fd);
	}
}

static int redo_sync(const struct doing *doing)
{
	int fd;

	if (doing->step->sync_failed && doing->step->sync_refused)
		return 0;
	if (doing->step->sync_failed)
		return fail(doing, "it failed, and this disk does not fail");
	if (doing->step->sync == CRASH__SYNC_ALL)
		return syncfs(doing->redo->names.top) < 0 ? fail_errno(doing) : 0;
	fd = descriptor(doing->redo, doing->step->node);
	return fd < 0 || sync_node(doing, fd) < 0 ? fail_errno(doing) : 0;
}

/* ------------------------------------------------------------------ names */

/* What the op gave a name to, or took one from. */
static const struct crash__effect *entry(const struct doing *doing, uint32_t number)
{
	for (uint32_t i = 0; i < doing->step->effects; i++)
		if (doing->effects[i].kind == CRASH__EFFECT_ENTRY && number-- == 0)
			return &doing->effects[i];
	return NULL;
}

/* Where the program was somebody else, the file is theirs. */
static int give_owner(const struct doing *doing, crash__node_id node, const char *path)
{
	const struct crash__node *made = &doing->redo->fs->nodes[node];
	int top = doing->redo->names.top;
	struct stat status;

	if (fstatat(top, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(doing);
	if (status.st_uid == made->uid && status.st_gid == made->gid)
		return 0;
	return fchownat(top, path, made->uid, made->gid, AT_SYMLINK_NOFOLLOW) < 0 ? fail_errno(doing) : 0;
}

static int create(const struct doing *doing, const struct crash__effect *made)
{
	struct crash__redo *redo = doing->redo;
	const struct crash__node *node = &redo->fs->nodes[made->node];
	char path[PATH_MAX];
	int result;

	crash__redo_slot_path(&redo->names, made->slot, path);
	if (node->type == CRASH__NODE_DIRECTORY)
		result = mkdirat(redo->names.top, path, node->mode & 07777);
	else if (node->type == CRASH__NODE_LINK)
		result = symlinkat(node->text ? node->text : "", redo->names.top, path);
	else if (node->type == CRASH__NODE_OTHER)
		result = mknodat(redo->names.top, path, node->mode, 0);
	else
		result = redo->open[made->node] = openat(
			redo->names.top, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, node->mode & 07777);
	return result < 0 ? fail_errno(doing) : give_owner(doing, made->node, path);
}

static int redo_open(const struct doing *doing)
{
	struct crash__redo *redo = doing->redo;
	const struct crash__effect *made = entry(doing, 0);
	crash__node_id node = doing->step->node;
	char path[PATH_MAX];

	if (made)
		return create(doing, made);
	close_node(redo, node);
	if (crash__redo_path(&redo->names, node, path))
		redo->open[node] = openat(redo->names.top, path, O_RDWR | O_TRUNC | O_CLOEXEC);
	else /* a file that has no name yet */
		redo->open[node] = openat(redo->names.top, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
					  redo->fs->nodes[node].mode & 07777);
	return redo->open[node] < 0 ? fail_errno(doing) : 0;
}

static int redo_rename(const struct doing *doing)
{
	const struct crash__effect *first = entry(doing, 0), *second = entry(doing, 1);
	long flags = crash__arg(doing->event->args, crash__calls[doing->event->kernel].where.flags);
	const struct crash__redo_names *names = &doing->redo->names;
	bool exchange = flags & RENAME_EXCHANGE;
	char from[PATH_MAX], to[PATH_MAX];

	if (!first)
		return 0;
	if (!second) { /* by something that is in no state */
		crash__redo_slot_path(names, first->slot, to);
		return unlinkat(names->top, to, 0) < 0 ? fail_errno(doing) : 0;
	}
	crash__redo_slot_path(names, exchange ? first->slot : second->slot, from);
	crash__redo_slot_path(names, exchange ? second->slot : first->slot, to);
	return renameat2(names->top, from, names->top, to, exchange ? RENAME_EXCHANGE : 0) < 0 ?
		       fail_errno(doing) :
		       0;
}

static int redo_unlink(const struct doing *doing)
{
	const struct crash__effect *gone = entry(doing, 0);
	const struct crash__redo *redo = doing->redo;
	char path[PATH_MAX];
	bool directory;

	if (!gone)
		return 0;
	directory = redo->fs->nodes[gone->old_node].type == CRASH__NODE_DIRECTORY;
	crash__redo_slot_path(&redo->names, gone->slot, path);
	return unlinkat(redo->names.top, path, directory ? AT_REMOVEDIR : 0) < 0 ? fail_errno(doing) : 0;
}

static int redo_link(const struct doing *doing)
{
	const struct crash__effect *made = entry(doing, 0);
	struct crash__redo *redo = doing->redo;
	char from[PATH_MAX], to[PATH_MAX];

	if (!made)
		return 0;
	if (crash__calls[doing->event->kernel].where.text)
		return create(doing, made);
	crash__redo_slot_path(&redo->names, made->slot, to);
	if (crash__redo_path(&redo->names, made->node, from))
		return linkat(redo->names.top, from, redo->names.top, to, 0) < 0 ? fail_errno(doing) : 0;
	snprintf(from, sizeof from, "/proc/self/fd/%d", redo->open[made->node]);
	return linkat(AT_FDCWD, from, redo->names.top, to, AT_SYMLINK_FOLLOW) < 0 ? fail_errno(doing) : 0;
}

static int redo_mkdir(const struct doing *doing)
{
	const struct crash__effect *made = entry(doing, 0);

	return made ? create(doing, made) : 0;
}

/* ------------------------------------------------------------------ one after the other */

static int do_op(const struct doing *doing)
{
	static int (*const by_family[CRASH__FAMILIES])(const struct doing *) = {
		[CRASH__FAMILY_WRITE] = redo_write,	[CRASH__FAMILY_FSYNC] = redo_sync,
		[CRASH__FAMILY_OPEN] = redo_open,	[CRASH__FAMILY_RENAME] = redo_rename,
		[CRASH__FAMILY_UNLINK] = redo_unlink,	[CRASH__FAMILY_LINK] = redo_link,
		[CRASH__FAMILY_MKDIR] = redo_mkdir,	[CRASH__FAMILY_TRUNCATE] = redo_truncate,
		[CRASH__FAMILY_ATTR] = redo_attributes,
	};
	int error = hold_replaced(doing);

	return error == 0 ? by_family[doing->event->family](doing) : error;
}

/* The file that an op is about, which a link tells by what it gives a name to. */
static crash__node_id node_of(const struct crash__fs *fs, const struct crash__step *step)
{
	bool links = step->event->kind == CRASH__EVENT_OP && step->event->family == CRASH__FAMILY_LINK;

	return links && step->effects ? fs->effects[step->first_effect].node : step->node;
}

/* Whether a file has had no name before a step. */
static bool is_nameless(const struct crash__fs *fs, crash__node_id node, const struct crash__step *step)
{
	for (uint32_t i = 0; i < step->first_effect; i++)
		if (fs->effects[i].kind == CRASH__EFFECT_ENTRY && fs->effects[i].node == node)
			return false;
	return node && !fs->nodes[node].base_path;
}

/* Whether the program had the file open, and did not name it. What a link gives its first name to has no
 * other, although /proc/self/fd/3 is recorded as one. */
static bool uses_descriptor(const struct crash__fs *fs, const struct crash__step *step)
{
	const struct crash__event *event = step->event;

	if (event->kind != CRASH__EVENT_OP)
		return false;
	return event->file || event->family == CRASH__FAMILY_OPEN ||
	       (event->family == CRASH__FAMILY_LINK && is_nameless(fs, node_of(fs, step), step));
}

int crash__redo_step(struct crash__redo *redo, bool last)
{
	const struct crash__step *step = &redo->fs->steps[redo->next];
	struct doing doing = {.redo = redo,
			      .step = step,
			      .event = step->event,
			      .effects = redo->fs->effects + step->first_effect,
			      .last = last};
	crash__node_id node = node_of(redo->fs, step);
	bool was_open = node && redo->open[node] >= 0;
	int error = 0;

	if (step->event->kind == CRASH__EVENT_OP && !step->sync_own)
		error = do_op(&doing);
	for (uint32_t i = 0; i < step->effects && error == 0; i++)
		if (doing.effects[i].kind == CRASH__EFFECT_ENTRY)
			crash__redo_named(&redo->names, doing.effects[i].slot, doing.effects[i].node);
	if (node && (redo->closes[redo->next] || (!was_open && !uses_descriptor(redo->fs, step))))
		close_node(redo, node);
	redo->next++;
	return error;
}

/* A use by which a node's descriptor is needed up to here; `again`: from here on by another one. */
static void note_use(struct crash__redo *redo, crash__node_id node, uint32_t step, bool again)
{
	uint32_t *used = &redo->last_use[node];

	if (again && *used != NEVER)
		redo->closes[*used] = true;
	*used = step;
}

/* A directory is opened for each. What is given its first name by a link has only its descriptor until then.
 */
static void find_uses(struct crash__redo *redo)
{
	const struct crash__fs *fs = redo->fs;

	for (uint32_t node = 0; node < fs->nodes_count; node++)
		redo->last_use[node] = NEVER;
	for (uint32_t i = 0; i < fs->steps_count; i++) {
		const struct crash__step *step = &fs->steps[i];
		crash__node_id node = node_of(fs, step);

		if (node && uses_descriptor(fs, step))
			note_use(redo, node, i,
				 step->event->family == CRASH__FAMILY_OPEN ||
					 fs->nodes[node].type != CRASH__NODE_FILE);
	}
	for (uint32_t node = 0; node < fs->nodes_count; node++)
		note_use(redo, node, redo->last_use[node], true);
}

int crash__redo_open(const struct crash__fs *fs, const char *directory, bool shares, struct crash__redo **out)
{
	struct crash__redo *redo = calloc(1, sizeof *redo);

	if (!redo)
		return crash__fail(CRASH_ENOMEM, "no memory to do ops again");
	redo->fs = fs;
	redo->shares = shares;
	redo->open = calloc(fs->nodes_count, sizeof *redo->open);
	redo->last_use = calloc(fs->nodes_count, sizeof *redo->last_use);
	redo->closes = calloc(fs->steps_count + 1, sizeof *redo->closes);
	for (size_t i = 0; redo->open && i < fs->nodes_count; i++)
		redo->open[i] = -1;
	if (crash__redo_names_begin(&redo->names, fs, directory) < 0 || !redo->open || !redo->last_use ||
	    !redo->closes) {
		crash__redo_close(redo);
		return crash__fail(CRASH_ESYSTEM, "ops cannot be done again in %s", directory);
	}
	find_uses(redo);
	*out = redo;
	return 0;
}

bool crash__redo_file(const struct crash__redo *redo, size_t n, char path[PATH_MAX])
{
	for (crash__node_id node = 1; node < redo->fs->nodes_count; node++)
		if (redo->fs->nodes[node].type == CRASH__NODE_FILE &&
		    crash__redo_path(&redo->names, node, path) && n-- == 0)
			return true;
	return false;
}

void crash__redo_close(struct crash__redo *redo)
{
	for (crash__node_id node = 0; redo && redo->open && node < redo->fs->nodes_count; node++)
		close_node(redo, node);
	if (!redo)
		return;
	crash__redo_names_end(&redo->names);
	free(redo->open);
	free(redo->last_use);
	free(redo->closes);
	free(redo);
}
