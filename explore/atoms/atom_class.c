/* SPDX-License-Identifier: MIT */
#include "explore/atoms/atom_class.h"

#include <stdio.h>

/* Where a file system shares blocks it does so if they are whole; which ones are, it alone knows. */
static bool shares_blocks(const struct crash__event *event)
{
	return event->kernel == CRASH__CALL_copy_file_range || event->kernel == CRASH__CALL_ioctl;
}

bool crash__class_is_alone(const struct crash__model *model, const struct crash__step *step, bool unsynced)
{
	return (crash__event_syncs(step->event) && !unsynced) || (step->event->flags & CRASH__OP_DIRECT) ||
	       (!model->no_reflinks && shares_blocks(step->event));
}

enum crash__atom_class crash__class_of_data(const struct crash__model *model, const struct crash__step *step,
					    uint64_t from, uint64_t end, uint64_t old_size, bool unsynced)
{
	if (end <= old_size)
		return CRASH__CLASS_OVERWRITE;
	if (from / CRASH__FS_BLOCK * CRASH__FS_BLOCK < old_size)
		return CRASH__CLASS_FILL;
	return crash__class_is_alone(model, step, unsynced) ? CRASH__CLASS_LONE_APPEND : CRASH__CLASS_APPEND;
}

enum crash__atom_class crash__class_of_size(const struct crash__model *model, const struct crash__step *step,
					    bool unsynced)
{
	if (step->event->family == CRASH__FAMILY_WRITE)
		return crash__class_is_alone(model, step, unsynced) ? CRASH__CLASS_LONE_GROW :
								      CRASH__CLASS_GROW;
	return step->replaces ? CRASH__CLASS_EMPTY : CRASH__CLASS_CUT;
}

enum crash__atom_class crash__class_of_entries(const struct crash__fs *fs, const struct crash__step *step)
{
	if (step->event->family == CRASH__FAMILY_OPEN)
		return CRASH__CLASS_CREATE;
	for (uint32_t i = 0; i < step->effects && step->event->family == CRASH__FAMILY_RENAME; i++) {
		crash__node_id node = fs->effects[step->first_effect + i].node;

		if (node && fs->nodes[node].type == CRASH__NODE_DIRECTORY)
			return CRASH__CLASS_MOVE;
	}
	return CRASH__CLASS_ENTRY;
}

const char *crash__class_name(enum crash__atom_class class)
{
	static const char *const names[CRASH__CLASSES] = {
		[CRASH__CLASS_OVERWRITE] = "overwrite", [CRASH__CLASS_FILL] = "fill",
		[CRASH__CLASS_APPEND] = "append",	[CRASH__CLASS_LONE_APPEND] = "lone-append",
		[CRASH__CLASS_GROW] = "grow",		[CRASH__CLASS_LONE_GROW] = "lone-grow",
		[CRASH__CLASS_REACH] = "reach",		[CRASH__CLASS_REPOINT] = "repoint",
		[CRASH__CLASS_CARRY] = "carry",		[CRASH__CLASS_CUT] = "cut",
		[CRASH__CLASS_EMPTY] = "empty",		[CRASH__CLASS_CREATE] = "create",
		[CRASH__CLASS_ENTRY] = "entry",		[CRASH__CLASS_MOVE] = "move",
		[CRASH__CLASS_BIRTH] = "birth",		[CRASH__CLASS_ATTRIBUTE] = "attribute",
	};

	return names[class];
}

/* Words for sets, larger ones first. */
static const struct {
	crash__classes classes;
	const char *name;
} sets[] = {
	{CRASH__EVERY_CLASS, "anything"},
	{CRASH__METADATA, "any metadata"},
	{CRASH__DATA, "any data"},
	{CRASH__SIZES, "any size"},
	{CRASH__ENTRIES, "any entry"},
	{CRASH__APPENDS, "any append"},
	{CRASH__GROWS, "any grow"},
	{CRASH__CUTS, "any cut"},
	{CRASH__ATTRIBUTES, "any attribute"},
};

void crash__classes_text(crash__classes classes, char *out, size_t size)
{
	size_t length = 0;

	*out = '\0';
	for (size_t i = 0; i < sizeof sets / sizeof *sets && length < size; i++) {
		if ((classes & sets[i].classes) != sets[i].classes)
			continue;
		length += (size_t)snprintf(out + length, size - length, "%s%s", length ? ", " : "",
					   sets[i].name);
		classes &= ~sets[i].classes;
	}
	for (unsigned int i = 0; i < CRASH__CLASSES && length < size; i++)
		if (classes >> i & 1)
			length += (size_t)snprintf(out + length, size - length, "%s%s", length ? ", " : "",
						   crash__class_name((enum crash__atom_class)i));
}
