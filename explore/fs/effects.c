/* SPDX-License-Identifier: MIT */
#include "explore/fs/effects.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "explore/fs/nodes.h"

static const char capabilities[] = "security.capability";

/* ------------------------------------------------------------------ steps and effects */

struct crash__step *crash__effects_step(struct crash__op_replay *replay)
{
	struct crash__fs *fs = replay->fs;
	struct crash__step *step;

	if (replay->step != SIZE_MAX)
		return &fs->steps[replay->step];
	step = CRASH__PUSH(fs, steps);
	if (!step) {
		crash__fs_no_memory(fs);
		return NULL;
	}
	memset(step, 0, sizeof *step);
	step->event = replay->event;
	step->first_effect = (uint32_t)fs->effects_count;
	step->acked = replay->acked;
	replay->step = fs->steps_count - 1;
	return step;
}

static struct crash__effect *add_effect(struct crash__op_replay *replay, enum crash__effect_kind kind)
{
	struct crash__step *step = crash__effects_step(replay);
	struct crash__effect *effect = step ? CRASH__PUSH(replay->fs, effects) : NULL;

	if (!effect) {
		crash__fs_no_memory(replay->fs);
		return NULL;
	}
	memset(effect, 0, sizeof *effect);
	effect->kind = kind;
	step->effects++;
	return effect;
}

void crash__effects_undate(struct crash__op_replay *replay, crash__node_id id)
{
	struct crash__fs *fs = replay->fs;
	uint32_t dated = fs->nodes[id].dated, step;

	if (!dated || !crash__effects_step(replay))
		return;
	step = (uint32_t)replay->step;
	fs->changes[dated].until = step;
	fs->nodes[id].dated = 0;
	if (!CRASH__ADD(fs, undated, (struct crash__undated){id, step}))
		crash__fs_no_memory(fs);
}

void crash__effects_entry(struct crash__op_replay *replay, crash__slot_id id, crash__node_id node)
{
	struct crash__fs *fs = replay->fs;
	struct crash__slot *slot = &fs->slots[id];
	struct crash__effect *effect = add_effect(replay, CRASH__EFFECT_ENTRY);

	assert(id && id < fs->slots_count && node < fs->nodes_count);
	if (!effect)
		return;
	crash__effects_undate(replay, slot->directory);
	effect->slot = id;
	effect->node = node;
	effect->old_node = slot->child;
	if (slot->child) {
		fs->nodes[slot->child].links--;
		if (!fs->nodes[slot->child].inode)
			slot->gone = slot->child;
	}
	if (node)
		fs->nodes[node].links++;
	slot->child = node;
}

void crash__effects_size(struct crash__op_replay *replay, crash__node_id id, uint64_t size)
{
	struct crash__node *node = &replay->fs->nodes[id];
	struct crash__effect *effect;

	assert(id && id < replay->fs->nodes_count);
	if (size == node->size)
		return;
	effect = add_effect(replay, CRASH__EFFECT_SIZE);
	if (!effect)
		return;
	crash__effects_undate(replay, id);
	effect->node = id;
	effect->size = size;
	effect->old_size = node->size;
	node->size = size;
}

void crash__effects_range(struct crash__op_replay *replay, enum crash__effect_kind kind, crash__node_id id,
			  uint64_t offset, uint64_t bytes)
{
	struct crash__effect *effect;

	assert(id && id < replay->fs->nodes_count && kind <= CRASH__EFFECT_TAIL);
	if (bytes == 0)
		return;
	effect = add_effect(replay, kind);
	if (!effect)
		return;
	crash__effects_undate(replay, id);
	effect->node = id;
	effect->offset = offset;
	effect->bytes = bytes;
	effect->old_size = replay->fs->nodes[id].size;
}

/* Number 0 means none. */
static struct crash__change *add_change(struct crash__op_replay *replay, crash__node_id node,
					enum crash__attribute attribute)
{
	struct crash__fs *fs = replay->fs;
	struct crash__change change = {.attribute = attribute, .until = CRASH__FS_NEVER};
	struct crash__effect *effect;

	assert(node && node < fs->nodes_count);
	if ((!fs->changes_count && !CRASH__ADD(fs, changes, change)) || !CRASH__ADD(fs, changes, change)) {
		crash__fs_no_memory(fs);
		return NULL;
	}
	effect = add_effect(replay, CRASH__EFFECT_ATTRIBUTES);
	if (!effect)
		return NULL;
	effect->node = node;
	effect->change = (uint32_t)fs->changes_count - 1;
	return &fs->changes[effect->change];
}

void crash__effects_mode(struct crash__op_replay *replay, crash__node_id id, uint32_t mode)
{
	struct crash__change *change = add_change(replay, id, CRASH__MODE);

	if (!change)
		return;
	change->mode = mode;
	replay->fs->nodes[id].mode_now = mode;
}

void crash__effects_owner(struct crash__op_replay *replay, crash__node_id id, uint32_t uid, uint32_t gid)
{
	struct crash__change *change = add_change(replay, id, CRASH__OWNER);

	if (!change)
		return;
	change->uid = replay->fs->nodes[id].uid_now = uid;
	change->gid = replay->fs->nodes[id].gid_now = gid;
}

void crash__effects_time(struct crash__op_replay *replay, crash__node_id id, const struct timespec *time)
{
	struct crash__change *change = add_change(replay, id, CRASH__TIME);

	if (!change)
		return;
	change->time = *time;
	replay->fs->nodes[id].dated = (uint32_t)replay->fs->changes_count - 1;
}

void crash__effects_xattr(struct crash__op_replay *replay, crash__node_id id, const char *name, bool removed)
{
	struct crash__change *change = add_change(replay, id, CRASH__XATTR);
	unsigned char *value;

	if (!change)
		return;
	change->name = name;
	change->removed = removed;
	if (strcmp(name, capabilities) == 0)
		replay->fs->nodes[id].privileged = !removed;
	if (removed)
		return;
	value = malloc(replay->event->data_bytes + 1);
	if (!value) {
		crash__fs_no_memory(replay->fs);
		return;
	}
	crash__event_copy(replay->event, 0, value, replay->event->data_bytes);
	change->value = value;
	change->bytes = replay->event->data_bytes;
}

void crash__effects_drop_privileges(struct crash__op_replay *replay, crash__node_id id)
{
	const struct crash__node *node = &replay->fs->nodes[id];
	uint32_t mode = node->mode_now & ~(uint32_t)S_ISUID;

	if (node->privileged)
		crash__effects_xattr(replay, id, capabilities, true);
	node = &replay->fs->nodes[id];
	if (mode & S_IXGRP)
		mode &= ~(uint32_t)S_ISGID;
	if (!replay->keeps_set_id && S_ISREG(mode) && mode != node->mode_now)
		crash__effects_mode(replay, id, mode);
}

void crash__effects_unknown(struct crash__op_replay *replay, const char *what)
{
	struct crash__fs *fs = replay->fs;

	if (fs->unknown++ == 0)
		snprintf(fs->unknown_detail, sizeof fs->unknown_detail, "%s %.200s",
			 crash__calls[replay->event->call].name, what ? what : "");
}

void crash__effects_unsupported(struct crash__op_replay *replay)
{
	if (replay->fs->unsupported++ == 0)
		snprintf(replay->fs->unsupported_detail, sizeof replay->fs->unsupported_detail, "%s",
			 crash__calls[replay->event->call].name);
}

/* ------------------------------------------------------------------ which file */

/* Whether a node can be the file: it is of the same type, and not known to be another one. */
static bool can_be(const struct crash__fs *fs, crash__node_id node, const struct crash__trace_file *file)
{
	const struct crash__node *there = &fs->nodes[node];

	return node && (there->mode & S_IFMT) == (file->mode & S_IFMT) &&
	       (!there->inode || (there->device == file->device && there->inode == file->inode));
}

/* What the kernel puts behind the name of an open file that has lost it. */
static const char remark[] = " (deleted)";

static size_t without_remark(const char *path)
{
	size_t length = path ? strlen(path) : 0;

	if (length >= sizeof remark && strcmp(path + length - (sizeof remark - 1), remark) == 0)
		length -= sizeof remark - 1;
	return length;
}

/*
 * A file of the starting tree, by the name it had when the run first used its descriptor. It may have lost
 * that name since it was opened; the kernel then calls it "NAME (deleted)", and another may have the name by
 * now.
 */
static crash__node_id node_of_name(struct crash__fs *fs, const struct crash__trace_file *file, bool *outside)
{
	char path[PATH_MAX];
	crash__slot_id slot;
	crash__node_id node = crash__node_of_path(fs, file->path, outside);

	if (*outside || can_be(fs, node, file))
		return node;
	snprintf(path, sizeof path, "%.*s", (int)without_remark(file->path), file->path);
	slot = crash__slot_of_path(fs, path, outside);
	return slot && can_be(fs, fs->slots[slot].gone, file) ? fs->slots[slot].gone : 0;
}

crash__node_id crash__effects_node_of_file(struct crash__op_replay *replay, uint32_t number, bool *outside)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__trace_file *file;
	crash__node_id node;

	*outside = false;
	if (number == 0 || number >= fs->trace->file_count)
		return 0;
	file = &fs->trace->files[number];
	node = crash__node_of_inode(fs, file->device, file->inode);
	if (node)
		return node;
	node = node_of_name(fs, file, outside);
	if (node)
		crash__node_identify(fs, node, file->device, file->inode, replay->event->start);
	return node;
}

crash__node_id crash__effects_node_opened(struct crash__op_replay *replay, bool may_create)
{
	const struct crash__event *event = replay->event;
	const struct crash__trace_file file = {.device = event->made_device,
					       .inode = event->made_inode,
					       .mode = event->made_mode,
					       .path = event->path};
	bool removed = without_remark(event->path) < strlen(event->path), outside = false;
	crash__node_id node;

	if (!event->made_inode)
		return 0;
	/* a new file may have the number of one that is no more */
	node = crash__node_of_inode(replay->fs, event->made_device, event->made_inode);
	if ((removed || !may_create) && can_be(replay->fs, node, &file))
		return node;
	return removed ? node_of_name(replay->fs, &file, &outside) : 0;
}

crash__node_id crash__effects_node(struct crash__op_replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	bool outside = false;
	crash__node_id node;

	/* what names its file by a descriptor may have a path as well, which is only what it was called once
	 */
	if (event->file || !event->path) {
		node = crash__effects_node_of_file(replay, event->file, &outside);
	} else {
		node = crash__node_of_path(fs, event->path, &outside);
		if (!node && event->inode)
			node = crash__node_of_inode(fs, event->device, event->inode);
		if (node)
			crash__node_identify(fs, node, event->device, event->inode, event->start);
	}
	if (node)
		return node;
	if (outside)
		fs->ignored++;
	else
		crash__effects_unknown(replay, crash__event_path(fs->trace, event));
	return 0;
}

void crash__effects_note_made(struct crash__op_replay *replay, crash__node_id node)
{
	const struct crash__event *event = replay->event;

	crash__node_identify(replay->fs, node, event->made_device, event->made_inode, event->end);
}
