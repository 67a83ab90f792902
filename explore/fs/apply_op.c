/* SPDX-License-Identifier: MIT */
#include "explore/fs/apply_op.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "explore/fs/nodes.h"
#include "explore/fs/write_order.h"

static uint64_t bytes_inside(const struct crash__fs *fs, crash__node_id node, uint64_t offset, uint64_t bytes)
{
	uint64_t size = fs->nodes[node].size, left = size > offset ? size - offset : 0;

	return bytes < left ? bytes : left;
}

/* Whether a file can have these bytes. A recording has no others; who made one up must not have them made. */
static bool is_range(uint64_t offset, uint64_t bytes)
{
	return bytes <= INT64_MAX && offset <= INT64_MAX - bytes;
}

/* A synchronous write is a write and then a sync: the power may fail between them, as between any two ops. */
static void sync_own(struct crash__op_replay *replay, crash__node_id node)
{
	struct crash__step *step;

	replay->step = SIZE_MAX;
	step = crash__effects_step(replay);
	if (!step)
		return;
	step->sync = CRASH__SYNC_DATA;
	step->sync_own = true;
	step->node = node;
}

static void replay_write(struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;
	uint64_t bytes = event->data_bytes;
	crash__node_id node = crash__effects_node(replay);
	struct crash__step *step;

	if (!node)
		return;
	if (event->offset == UINT64_MAX || !is_range(event->offset, bytes) || (!bytes && event->result)) {
		if (bytes || event->result)
			crash__effects_unknown(replay, "without data, or where no file can have any");
		return;
	}
	/* a store is seen as whole pages, and never makes a file grow */
	if (event->kernel == CRASH__CALL_store)
		bytes = bytes_inside(replay->fs, node, event->offset, bytes);
	else if (bytes)
		crash__effects_drop_privileges(replay, node);
	if (event->kernel != CRASH__CALL_store)
		crash__note_write_order(replay->fs, event, node);
	crash__effects_range(replay, CRASH__EFFECT_DATA, node, event->offset, bytes);
	if (bytes && event->offset + bytes > replay->fs->nodes[node].size)
		crash__effects_size(replay, node, event->offset + bytes);
	step = crash__effects_step(replay);
	if (!step)
		return;
	step->node = node;
	step->size = replay->fs->nodes[node].size;
	step->sync_from = event->offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
	if (crash__event_syncs(event))
		sync_own(replay, node);
}

static uint64_t open_flags(const struct crash__event *event)
{
	const struct crash__where *where = &crash__calls[event->kernel].where;

	if (event->kernel == CRASH__CALL_creat)
		return O_CREAT | O_TRUNC;
	/* openat2 keeps them in memory; it is an op, so that it may create or truncate */
	return where->flags ? (uint64_t)crash__arg(event->args, where->flags) : O_CREAT;
}

/* What the step is about, and whether it takes something away that was there; makes it one, if it is none
 * yet. */
static void say_of_step(struct crash__op_replay *replay, crash__node_id node, bool replaces)
{
	struct crash__step *step = crash__effects_step(replay);

	if (!step)
		return;
	step->node = node;
	step->replaces = replaces;
}

/* Makes a node and gives it a name. Who could not see its own user has, most likely, that of the directory.
 */
static crash__node_id create(struct crash__op_replay *replay, crash__slot_id slot, uint32_t mode)
{
	crash__node_id node = crash__node_new(replay->fs, mode);
	struct crash__node *made;
	bool mapped;

	if (!node)
		return 0;
	made = &replay->fs->nodes[node];
	mapped = replay->event->made_uid != UINT32_MAX;
	made->uid = made->uid_now = mapped ? replay->event->made_uid : replay->fs->nodes[1].uid;
	made->gid = made->gid_now = mapped ? replay->event->made_gid : replay->fs->nodes[1].gid;
	if (slot)
		crash__effects_entry(replay, slot, node);
	crash__effects_note_made(replay, node);
	say_of_step(replay, node, false);
	return node;
}

static void replay_open(struct crash__op_replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	uint64_t flags = open_flags(event);
	bool temporary = (flags & O_TMPFILE) == O_TMPFILE, outside, makes_node;
	crash__slot_id slot = crash__slot_of_path(fs, event->path, &outside);
	crash__node_id node = slot ? fs->slots[slot].child : 0;

	makes_node = event->kernel == CRASH__CALL_mknod || event->kernel == CRASH__CALL_mknodat;
	if (!node && !outside && !temporary && !makes_node)
		node = crash__effects_node_opened(replay, flags & O_CREAT);
	if (outside) {
		fs->ignored++;
	} else if (temporary) {
		create(replay, 0, event->made_mode ? event->made_mode : S_IFREG | 0600);
	} else if (!slot && !node) {
		if (strcmp(event->path, fs->root) != 0)
			crash__effects_unknown(replay, event->path);
	} else if (node && !makes_node) {
		crash__effects_note_made(replay, node);
		if (flags & O_TRUNC)
			crash__effects_drop_privileges(replay, node);
		if ((flags & O_TRUNC) && fs->nodes[node].type == CRASH__NODE_FILE && fs->nodes[node].size) {
			crash__effects_size(replay, node, 0);
			say_of_step(replay, node, true);
		}
	} else if (event->made_inode) {
		create(replay, slot, event->made_mode);
	}
}

static void replay_mkdir(struct crash__op_replay *replay)
{
	bool outside;
	crash__slot_id slot = crash__slot_of_path(replay->fs, replay->event->path, &outside);

	if (outside)
		replay->fs->ignored++;
	else if (!slot)
		crash__effects_unknown(replay, replay->event->path);
	else
		create(replay, slot, replay->event->made_mode ? replay->event->made_mode : S_IFDIR | 0755);
}

static void replay_symlink(struct crash__op_replay *replay)
{
	bool outside;
	crash__slot_id slot = crash__slot_of_path(replay->fs, replay->event->path, &outside);
	crash__node_id node;

	if (outside) {
		replay->fs->ignored++;
		return;
	}
	node = slot ? create(replay, slot, S_IFLNK | 0777) : 0;
	if (!node) {
		crash__effects_unknown(replay, replay->event->path);
		return;
	}
	replay->fs->nodes[node].text = strdup(replay->event->text ? replay->event->text : "");
	if (!replay->fs->nodes[node].text)
		crash__fs_no_memory(replay->fs);
}

/* Of a socket nobody saw how it was made, as it is not by an op: it is in no state. */
static bool is_unknown_socket(const struct crash__op_replay *replay, crash__node_id node)
{
	return !node && (replay->event->flags & CRASH__OP_SOCKET);
}

static void replay_link(struct crash__op_replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	bool outside, from_outside;
	crash__slot_id slot;
	crash__node_id node;

	if (crash__calls[event->kernel].where.text) {
		replay_symlink(replay);
		return;
	}
	slot = crash__slot_of_path(fs, event->to, &outside);
	if (outside) {
		fs->ignored++;
		return;
	}
	node = event->file ? crash__effects_node_of_file(replay, event->file, &from_outside) :
			     crash__node_of_path(fs, event->path, &from_outside);
	/* a file without a name, opened with O_TMPFILE, is known by its number */
	if (!node)
		node = crash__node_of_inode(fs, event->made_device, event->made_inode);
	if (is_unknown_socket(replay, node))
		return;
	if (!slot || !node) {
		crash__effects_unknown(replay, event->path);
	} else {
		if (!event->file)
			crash__node_identify(fs, node, event->device, event->inode, event->start);
		crash__effects_entry(replay, slot, node);
	}
}

static void replay_rename(struct crash__op_replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	uint8_t position = crash__calls[event->kernel].where.flags;
	long flags = crash__arg(event->args, position);
	bool from_outside, to_outside;
	crash__slot_id from = crash__slot_of_path(fs, event->path, &from_outside);
	crash__slot_id to = crash__slot_of_path(fs, event->to, &to_outside);
	crash__node_id moved = from ? fs->slots[from].child : 0, there = to ? fs->slots[to].child : 0;

	if (from_outside && to_outside) {
		fs->ignored++;
		return;
	}
	if (to && is_unknown_socket(replay, moved)) {
		if (there)
			crash__effects_entry(replay, to, 0);
		return;
	}
	if (from_outside || to_outside || !from || !to || !moved) {
		crash__effects_unknown(replay, event->path); /* across the border of the data directory */
		return;
	}
	if (from == to || moved == there)
		return; /* two names of one file: nothing happens */
	crash__node_identify(fs, moved, event->device, event->inode, event->start);
	if (flags & RENAME_EXCHANGE) {
		crash__effects_entry(replay, from, there);
		crash__effects_entry(replay, to, moved);
	} else {
		crash__effects_entry(replay, to, moved);
		crash__effects_entry(replay, from, 0);
	}
	/* of an exchange no file is lost, and ext4 does not look after the data of either */
	say_of_step(replay, moved, there && !(flags & RENAME_EXCHANGE));
	if ((flags & RENAME_EXCHANGE) && crash__effects_step(replay))
		crash__effects_step(replay)->exchanges = true;
	if (flags & RENAME_WHITEOUT)
		crash__effects_unsupported(replay);
}

static void replay_unlink(struct crash__op_replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	bool outside;
	crash__slot_id slot = crash__slot_of_path(fs, event->path, &outside);

	if (outside) {
		fs->ignored++;
	} else if (slot && is_unknown_socket(replay, fs->slots[slot].child)) {
		return;
	} else if (!slot || !fs->slots[slot].child) {
		crash__effects_unknown(replay, event->path);
	} else {
		/* it may be open, and written to later */
		crash__node_identify(fs, fs->slots[slot].child, event->device, event->inode, event->start);
		crash__effects_entry(replay, slot, 0);
	}
}

/*
 * A range becomes zeros. File systems write its pages back first, those that it begins and ends in with it;
 * and these may be the first of the file that are.
 */
static void zero_range(struct crash__op_replay *replay, crash__node_id node, uint64_t offset, uint64_t end)
{
	uint64_t size = replay->fs->nodes[node].size;
	struct crash__step *step;

	if (offset < size)
		crash__effects_range(replay, CRASH__EFFECT_ZERO, node, offset,
				     (end < size ? end : size) - offset);
	step = crash__effects_step(replay);
	if (!step)
		return;
	step->node = node;
	step->size = size;
	step->sync_from = offset / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
	step->sync_to = end;
	step->writes_back = true;
}

static void replay_fallocate(struct crash__op_replay *replay, crash__node_id node)
{
	const long *args = replay->event->args;
	uint64_t offset = (uint64_t)args[2], bytes = (uint64_t)args[3], size = replay->fs->nodes[node].size;
	uint64_t end = offset + bytes;

	if (!is_range(offset, bytes)) {
		crash__effects_unknown(replay, "where no file can have anything");
		return;
	}
	if (args[1] & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) {
		crash__effects_unsupported(replay);
		return;
	}
	if (args[1] & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		zero_range(replay, node, offset, end);
	if (!(args[1] & FALLOC_FL_PUNCH_HOLE) && !replay->fs->nodes[node].allocated)
		replay->fs->nodes[node].allocated = 1 + (uint32_t)replay->fs->steps_count;
	if (!(args[1] & FALLOC_FL_KEEP_SIZE) && end > size)
		crash__effects_size(replay, node, end);
}

/* A file system zeroes the rest of the block that the file now ends in; it is data, and may be on the disk
 * first. */
static void cut(struct crash__op_replay *replay, crash__node_id node, uint64_t size)
{
	uint64_t old = replay->fs->nodes[node].size;
	uint64_t end = (size + CRASH__FS_BLOCK - 1) / CRASH__FS_BLOCK * CRASH__FS_BLOCK;

	if (size < old && size < end)
		crash__effects_range(replay, CRASH__EFFECT_TAIL, node, size, (end < old ? end : old) - size);
	crash__effects_size(replay, node, size);
}

static void replay_truncate(struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;
	const struct crash__where *where = &crash__calls[event->kernel].where;
	crash__node_id node = crash__effects_node(replay);
	uint64_t size = (uint64_t)crash__arg(event->args, where->size);

	if (!node)
		return;
	crash__effects_drop_privileges(replay, node);
	if (event->kernel == CRASH__CALL_fallocate)
		replay_fallocate(replay, node);
	else if (is_range(size, 0))
		cut(replay, node, size);
	else
		crash__effects_unknown(replay, "to a size that no file can have");
	if (replay->step != SIZE_MAX)
		say_of_step(replay, node, event->kernel != CRASH__CALL_fallocate && size == 0);
}

static const char acl[] = "system.posix_acl_access";

/* A time that is not set, or set to now, is what it is after any change of the file. */
static void replay_time(struct crash__op_replay *replay, crash__node_id node)
{
	struct timespec times[2];

	if (replay->event->data_bytes != sizeof times) {
		crash__effects_unknown(replay, "to times that were not recorded");
		return;
	}
	crash__event_copy(replay->event, 0, times, sizeof times);
	if (times[1].tv_nsec >= 0 && times[1].tv_nsec < 1000000000)
		crash__effects_time(replay, node, &times[1]);
	else if (times[1].tv_nsec == UTIME_NOW)
		crash__effects_undate(replay, node);
}

/* Whether a node has an access control list beside its mode. */
static bool has_list(const struct crash__op_replay *replay, crash__node_id id)
{
	const struct crash__node *node = &replay->fs->nodes[id];
	struct crash__xattrs xattrs = {0};
	bool has = node->listed;
	size_t bytes;
	int error;

	if (has || !node->base_path)
		return has;
	error = crash__base_xattrs(replay->fs->base, node->base_path, &xattrs);
	if (error < 0)
		crash__failure_note(&replay->fs->failure, error);
	has = crash__xattrs_find(&xattrs, acl, &bytes) != NULL;
	crash__xattrs_clear(&xattrs);
	return has;
}

/* One that says no more than a mode does becomes the mode, and none is left. */
static void replay_list(struct crash__op_replay *replay, crash__node_id node, bool removed)
{
	enum { LEAST = 4 + 3 * 8 };

	removed |= replay->event->data_bytes <= LEAST;
	if (!removed || has_list(replay, node))
		crash__effects_xattr(replay, node, acl, removed);
	replay->fs->nodes[node].listed = !removed;
}

static void replay_xattr(struct crash__op_replay *replay, crash__node_id node)
{
	const struct crash__event *event = replay->event;
	uint8_t value = crash__calls[event->kernel].where.value;

	if (event->text && strcmp(event->text, acl) == 0)
		replay_list(replay, node, !value);
	else if (!event->text || (value && event->data_bytes != (uint64_t)event->args[value]))
		crash__effects_unknown(replay, "to a value that was not recorded");
	else if (strcmp(event->text, "system.posix_acl_default") == 0)
		crash__effects_unsupported(replay); /* files inherit it */
	else
		crash__effects_xattr(replay, node, event->text, !value);
}

static void replay_owner(struct crash__op_replay *replay, crash__node_id id, bool seen)
{
	const struct crash__event *event = replay->event;
	const long *args = event->args;
	uint8_t owner = crash__calls[event->kernel].where.owner;
	const struct crash__node *node = &replay->fs->nodes[id];
	uint32_t uid = (uint32_t)args[owner - 1] == UINT32_MAX ? node->uid_now : (uint32_t)args[owner - 1];
	uint32_t gid = (uint32_t)args[owner] == UINT32_MAX ? node->gid_now : (uint32_t)args[owner];

	uid = seen && event->made_uid != UINT32_MAX ? event->made_uid : uid;
	gid = seen && event->made_uid != UINT32_MAX ? event->made_gid : gid;
	if (uid != node->uid_now || gid != node->gid_now)
		crash__effects_owner(replay, id, uid, gid);
}

/* A new owner takes set-user-id away, and an ACL has the mode in it. */
static void replay_attr(struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;
	const struct crash__where *where = &crash__calls[event->kernel].where;
	bool seen = event->made_mode && (!event->inode || event->inode == event->made_inode);
	crash__node_id node;
	uint32_t mode;

	if (event->flags & CRASH__OP_SOCKET) /* which is in no state */
		return;
	node = crash__effects_node(replay);
	if (!node)
		return;
	if (where->times)
		replay_time(replay, node);
	if (where->name)
		replay_xattr(replay, node);
	if (where->owner)
		replay_owner(replay, node, seen);
	if (!where->mode && !seen)
		return;
	mode = seen ? event->made_mode : (uint32_t)crash__arg(event->args, where->mode);
	mode = (replay->fs->nodes[node].mode & S_IFMT) | (mode & 07777);
	if (where->mode || mode != replay->fs->nodes[node].mode_now)
		crash__effects_mode(replay, node, mode);
}

/* The file system was not even asked: nothing was written, and nothing is lost. msync() says ENOMEM of pages
 * that are not mapped. */
static bool is_refused(const struct crash__event *event)
{
	if (event->result == -EBADF || event->result == -EINTR)
		return true;
	return event->kernel == CRASH__CALL_msync &&
	       (event->result == -ENOMEM || event->result == -EBUSY || event->result == -EINVAL);
}

/*
 * Whether a syncfs() is of the file system that the data directory is on. In an overlay its files have a
 * device that nothing else has.
 */
static bool is_of_ours(const struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;
	const struct crash__fs *fs = replay->fs;
	const char *path = crash__event_path(fs->trace, event);
	uint64_t device = event->file ? fs->trace->files[event->file].device : 0;
	size_t length = strlen(fs->root);

	if (!device || !replay->device || device == replay->device)
		return true;
	if (path && strncmp(path, fs->root, length) == 0 && (path[length] == '/' || !path[length]))
		return true;
	for (size_t i = 1; i < fs->nodes_count; i++)
		if (fs->nodes[i].device == device)
			return true;
	return false;
}

/* What an msync() or a sync_file_range() is about. */
static void note_range(const struct crash__op_replay *replay, struct crash__step *step)
{
	const struct crash__event *event = replay->event;
	uint64_t bytes = (uint64_t)crash__arg(event->args, crash__calls[event->kernel].where.bytes);

	if (event->kernel == CRASH__CALL_msync && event->offset != UINT64_MAX)
		step->sync_from = event->offset;
	else if (event->kernel == CRASH__CALL_sync_file_range)
		step->sync_from = (uint64_t)event->args[1];
	else
		return;
	step->size = replay->fs->nodes[step->node].size;
	if (event->kernel == CRASH__CALL_sync_file_range && event->args[2] == 0) /* to the end */
		bytes = step->size > step->sync_from ? step->size - step->sync_from : 0;
	else if (event->kernel == CRASH__CALL_sync_file_range)
		bytes = (uint64_t)event->args[2];
	step->sync_to = step->sync_from + bytes;
	step->writes_back = bytes > 0 && event->result >= 0;
}

static void replay_sync(struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;
	struct crash__step *step;
	enum crash__sync_kind kind = CRASH__SYNC_FILE;
	crash__node_id node = 0;

	if ((event->flags & CRASH__OP_FAILED) && event->result >= 0) /* it was skipped */
		return;
	switch (event->kernel) {
	case CRASH__CALL_syncfs:
		if (!is_of_ours(replay)) {
			replay->fs->ignored++;
			return;
		}
		kind = CRASH__SYNC_ALL;
		break;
	case CRASH__CALL_sync:
		kind = CRASH__SYNC_ALL;
		break;
	case CRASH__CALL_sync_file_range: /* makes nothing durable */
		kind = CRASH__SYNC_NONE;
		break;
	case CRASH__CALL_msync:
		if (!(event->args[2] & 4)) /* MS_SYNC */
			return;
		kind = CRASH__SYNC_DATA;
		break;
	case CRASH__CALL_fdatasync:
		kind = CRASH__SYNC_DATA;
		break;
	}
	if (kind != CRASH__SYNC_ALL && !(node = crash__effects_node(replay)))
		return;
	if (kind == CRASH__SYNC_NONE && event->result < 0)
		return;
	step = crash__effects_step(replay);
	if (!step)
		return;
	step->sync = kind;
	step->sync_failed = event->result < 0;
	step->sync_refused = is_refused(event);
	step->node = node;
	note_range(replay, step);
}

static void replay_op(struct crash__op_replay *replay)
{
	static void (*const by_family[CRASH__FAMILIES])(struct crash__op_replay *) = {
		[CRASH__FAMILY_WRITE] = replay_write,	[CRASH__FAMILY_FSYNC] = replay_sync,
		[CRASH__FAMILY_OPEN] = replay_open,	[CRASH__FAMILY_RENAME] = replay_rename,
		[CRASH__FAMILY_UNLINK] = replay_unlink, [CRASH__FAMILY_LINK] = replay_link,
		[CRASH__FAMILY_MKDIR] = replay_mkdir,	[CRASH__FAMILY_TRUNCATE] = replay_truncate,
		[CRASH__FAMILY_ATTR] = replay_attr,
	};
	const struct crash__event *event = replay->event;

	if (event->end == UINT64_MAX) {
		replay->fs->unfinished++;
		return;
	}
	/* what failed changed nothing, but a sync that failed says something */
	if (event->result < 0 && event->family != CRASH__FAMILY_FSYNC)
		return;
	by_family[event->family](replay);
}

/*
 * All acknowledgements are in one file, and checkers look for lines in it: what goes to another descriptor
 * than the one before begins a new line there. The newline that is put between them counts as acknowledged,
 * too.
 */
static void take_ack(struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;
	const struct crash__piece *last = event->last;

	replay->acked += event->data_bytes + (replay->in_line && replay->acked_fd != event->fd);
	replay->in_line = last && last->count && last->bytes[last->count - 1] != '\n';
	replay->acked_fd = event->fd;
}

void crash__op_replay(struct crash__op_replay *replay)
{
	const struct crash__event *event = replay->event;

	replay->step = SIZE_MAX;
	if (event->kind == CRASH__EVENT_OP) {
		replay_op(replay);
		return;
	}
	if (event->kind == CRASH__EVENT_ACK)
		take_ack(replay);
	crash__effects_step(replay);
}
