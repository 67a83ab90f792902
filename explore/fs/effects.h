/* SPDX-License-Identifier: MIT */
/*
 * effects.h - a step of the model in the making: which file its op is about, and what the op changes.
 *
 * An op becomes a step when it has its first effect, or when somebody asks for the step to say something of
 * it. What changes nothing leaves none behind. Each effect also moves the tree on, so that the next op finds
 * it as it is then.
 */
#ifndef CRASH_EFFECTS_H
#define CRASH_EFFECTS_H

#include "explore/fs/fs.h"

struct crash__op_replay {
	struct crash__fs *fs;
	const struct crash__event *event;
	size_t step;	   /* index of the step under construction, or SIZE_MAX */
	bool keeps_set_id; /* what is written to stays set-user-ID */
	uint64_t device;   /* that the data directory is on; 0: it is not known */
	uint64_t acked;
	bool in_line;	  /* the last acknowledgement does not end a line */
	int32_t acked_fd; /* the descriptor that it was written to */
};

/** The step under construction; NULL when there is no memory, which ends the replay after this op. */
struct crash__step *crash__effects_step(struct crash__op_replay *replay);

/** A slot holds another node from now on; 0: none. */
void crash__effects_entry(struct crash__op_replay *replay, crash__slot_id slot, crash__node_id node);

void crash__effects_size(struct crash__op_replay *replay, crash__node_id node, uint64_t size);

/** Bytes of a file change: to data or to zeros. */
void crash__effects_range(struct crash__op_replay *replay, enum crash__effect_kind kind, crash__node_id node,
			  uint64_t offset, uint64_t bytes);

void crash__effects_mode(struct crash__op_replay *replay, crash__node_id node, uint32_t mode);
void crash__effects_owner(struct crash__op_replay *replay, crash__node_id node, uint32_t uid, uint32_t gid);
void crash__effects_time(struct crash__op_replay *replay, crash__node_id node, const struct timespec *time);

/** Whoever changes a node gives it the time of now, whatever time it was given before. */
void crash__effects_undate(struct crash__op_replay *replay, crash__node_id node);

/** The op's data is the value; `removed`: there is none any more. */
void crash__effects_xattr(struct crash__op_replay *replay, crash__node_id node, const char *name,
			  bool removed);

/** A change of what is in a program's file takes its set-ID bits away, unless by somebody with CAP_FSETID,
 * and its capabilities. */
void crash__effects_drop_privileges(struct crash__op_replay *replay, crash__node_id node);

/** The op is about something that the model does not know. */
void crash__effects_unknown(struct crash__op_replay *replay, const char *what);

/** The op does what the model cannot. */
void crash__effects_unsupported(struct crash__op_replay *replay);

/* ------------------------------------------------------------------ which file */

/** The node that an op on a descriptor is about, by its number among the trace's files; 0: none. */
crash__node_id crash__effects_node_of_file(struct crash__op_replay *replay, uint32_t number, bool *outside);

/** The node the op is about, by descriptor or by path; 0: none, which has been counted. */
crash__node_id crash__effects_node(struct crash__op_replay *replay);

/**
 * The node of an open whose path is not where its file is: /proc/self/fd/3, which leads to "NAME (deleted)"
 * or to no name at all. 0: it is none that is known.
 */
crash__node_id crash__effects_node_opened(struct crash__op_replay *replay, bool may_create);

/** The op shows the number of a node that it made or opened. */
void crash__effects_note_made(struct crash__op_replay *replay, crash__node_id node);

#endif
