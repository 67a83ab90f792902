/* SPDX-License-Identifier: MIT */
/*
 * channel.h - the channel: what a program says in lines that it writes to the descriptor CRASH_FD.
 *
 *	point NAME\n		passes an explicit point
 *	ack TEXT\n		acknowledges TEXT, with its newline
 *	note KEY VALUE\n	is written down with the ops
 *
 * Method. The descriptor is an empty file of the run's own, so device and inode tell it from everything else
 * by whatever number or path it was reached. Whoever sees a write to it, the shim or the supervisor, deals
 * with its lines and does not make the call: the file stays empty. Bytes that are in it when the run ends, or
 * when it is cut, are lines that nobody has seen.
 *
 * The number is one that programs do not get: 1024, or their limit of descriptors where that is smaller.
 * Where it is closed a write of a line to it is dealt with nevertheless.
 */
#ifndef CRASH_CHANNEL_H
#define CRASH_CHANNEL_H

#include "common/control.h"

#define CRASH__CHANNEL_VARIABLE "CRASH_FD"
#define CRASH__CHANNEL_PATH_VARIABLE "CRASH_FD_PATH"
#define CRASH__CHANNEL_NUMBER 1024
#define CRASH__CHANNEL_MOST (16u << 20) /* bytes of one write */
#define CRASH__NOTE_MOST 4096u

enum crash__line_kind {
	CRASH__LINE_POINT,
	CRASH__LINE_ACK,
	CRASH__LINE_NOTE,
	CRASH__LINE_WRONG,
};

struct crash__line {
	enum crash__line_kind kind;
	const char *text; /* the name; what is acknowledged, with its newline; the key */
	size_t length;
	const char *value; /* of a note */
	size_t value_length;
	const char *complaint; /* why it is wrong */
};

/** Takes the next line off; false: there is none. */
bool crash__channel_next(const char **at, size_t *left, struct crash__line *line);

/** Whether all of it is lines that are known. */
bool crash__channel_is_lines(const char *bytes, size_t count);

/** Whether there is a channel, and this file is it. */
static inline bool crash__channel_is(const struct crash__control *control, uint64_t device, uint64_t inode)
{
	return control->channel.inode == inode && inode && control->channel.device == device;
}

/**
 * A call is about to cut a file that has so many bytes: if it is the channel, lines that nobody has seen are
 * lost, and the run says so. Async-signal-safe.
 */
void crash__channel_cut(struct crash__control *control, uint64_t device, uint64_t inode, uint64_t size);

/** The entry of the point that a line names. NULL if the table is full. */
struct crash__named_point *crash__channel_point(struct crash__control *control,
						const struct crash__line *line);

/** Notes that the run is not complete, because a line is wrong. */
void crash__channel_complain(struct crash__control *control, const struct crash__line *line);

#endif
