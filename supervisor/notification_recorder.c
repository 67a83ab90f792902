/* SPDX-License-Identifier: MIT */
#include "supervisor/notification_recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/audience.h"
#include "common/ring_append.h"
#include "supervisor/unwind.h"

#define PIECE 16384u /* bytes of data in one record */

/* Each of the supervisor's threads has a ring, and writes there for whom it serves at the moment. */
static _Thread_local struct crash__ring *ring;
static _Thread_local pid_t announced;

static void append(struct crash__notification *notification, uint16_t type, uint16_t flags,
		   const struct crash__part *parts, int count)
{
	struct crash__control *control = notification->control;
	struct crash__thread_record thread = {
		.process = notification->remote.process,
		.pid = (uint32_t)notification->remote.pid,
		.tid = (uint32_t)notification->remote.tid,
		.number = notification->remote.thread,
	};
	struct crash__part part = {&thread, sizeof thread};

	if (!ring)
		ring = crash__ring_find(control);
	if (ring && announced != notification->remote.tid) {
		announced = notification->remote.tid;
		crash__append(control, ring, CRASH__RECORD_THREAD, 0, &part, 1);
	}
	if (!ring || !crash__append(control, ring, type, flags, parts, count))
		crash__control_incomplete(control, CRASH__INCOMPLETE_LOST_RECORDS, NULL);
}

uint32_t crash__notification_record_file(struct crash__notification *notification)
{
	struct crash__file_record record = {
		.file = atomic_fetch_add(&notification->control->files, 1) + 1,
		.mode = notification->mode,
		.device = notification->device,
		.inode = notification->inode,
		.size = notification->size,
	};
	struct crash__part parts[] = {{&record, sizeof record},
				      {notification->path, strlen(notification->path) + 1}};

	append(notification, CRASH__RECORD_FILE, 0, parts, 2);
	return record.file;
}

static uint32_t note_stack(struct crash__notification *notification, const uint64_t *addresses,
			   uint32_t count)
{
	struct crash__stack_record record = {
		.stack = atomic_fetch_add(&notification->control->stacks, 1) + 1,
		.count = count,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {addresses, count * sizeof *addresses}};

	append(notification, CRASH__RECORD_STACK, 0, parts, 2);
	return record.stack;
}

static void note_module(struct crash__notification *notification, const struct crash__frame_module *module)
{
	struct crash__module_record record = {
		.process = notification->remote.process,
		.bias = module->bias,
		.start = module->start,
		.end = module->end,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {module->path, strlen(module->path) + 1}};

	append(notification, CRASH__RECORD_MODULE, 0, parts, 2);
}

static const struct crash__unwind_notes unwind_notes = {.stack = note_stack, .module = note_module};

bool crash__notification_record_wanted(const struct crash__notification *notification)
{
	uint32_t mode = notification->control->mode;

	return (mode & CRASH__MODE_RECORD) &&
	       (!(mode & CRASH__MODE_LOGGED) || (notification->flags & CRASH__OP_LOGGED));
}

void crash__notification_record_op(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	char text[PATH_MAX] = "";
	struct crash__op_record record = {
		.call = (uint16_t)notification->call,
		.kernel = notification->kernel->kernel,
		.route = CRASH__ROUTE_KERNEL,
		.process = notification->remote.process,
		.thread = notification->remote.thread,
		.device = notification->device,
		.inode = notification->inode,
		.occurrence = notification->occurrence,
		.call_occurrence = notification->call_occurrence,
	};
	struct crash__part parts[4] = {{&record, sizeof record}};

	if (!where->path)
		record.file = notification->file;
	if (notification->control->mode & CRASH__MODE_STACKS)
		record.stack = crash__unwind_number(notification, &unwind_notes);
	memcpy(record.args, notification->args, sizeof record.args);
	if (where->path) {
		parts[1] = (struct crash__part){notification->path, strlen(notification->path) + 1};
		parts[2] = (struct crash__part){notification->to, strlen(notification->to) + 1};
		record.path_bytes = (uint16_t)parts[1].count;
		record.to_bytes = (uint16_t)parts[2].count;
	}
	if (where->name || (notification->kernel->family == CRASH__FAMILY_LINK && where->text)) {
		crash__remote_string(
			&notification->remote,
			(uint64_t)crash__arg(notification->args, where->name ? where->name : where->text),
			text, sizeof text);
		parts[3] = (struct crash__part){text, strlen(text) + 1};
		record.text_bytes = (uint16_t)parts[3].count;
	}
	record.start = notification->start = crash__next_sequence(notification->control);
	append(notification, CRASH__RECORD_OP, (uint16_t)notification->flags, parts, 4);
}

static void note_data(struct crash__notification *notification, const unsigned char *bytes, size_t count)
{
	uint64_t at = 0;

	while (at < count) {
		size_t piece = count - at < PIECE ? count - at : PIECE;
		struct crash__data_record record = {.start = notification->start, .at = at, .count = piece};
		struct crash__part parts[] = {{&record, sizeof record}, {bytes + at, piece}};

		append(notification, CRASH__RECORD_DATA, 0, parts, 2);
		at += piece;
	}
}

/* As in preload/op_recorder.c: the beginning of it may be in the file. */
static void note_failed(const struct crash__notification *notification, long result)
{
	bool early = result != -EINVAL && result != -EIO && result != -ENOSPC && result != -EFAULT;
	int flags = early || (notification->flags & CRASH__OP_FAILED) ? -1 : fcntl(notification->fd, F_GETFL);

	if (flags >= 0 && (flags & O_DIRECT))
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_DIRECT_FAILED,
					  notification->path);
}

void crash__notification_record_end(struct crash__notification *notification,
				    const struct crash__proxied *proxied)
{
	struct crash__end_record record = {
		.start = notification->start,
		.result = proxied->result,
		.offset = notification->kernel->kernel == CRASH__CALL_msync ? notification->mapped_at :
									      proxied->offset,
		.sync_occurrence = notification->sync_occurrence,
		.took = notification->took,
	};
	struct crash__part part = {&record, sizeof record};

	if (!notification->start)
		return;
	record.end = crash__next_sequence(notification->control);
	if (proxied->made.st_ino) {
		record.device = proxied->made.st_dev;
		record.inode = proxied->made.st_ino;
		record.mode = proxied->made.st_mode;
		record.uid = proxied->made.st_uid;
		record.gid = proxied->made.st_gid;
	}
	if ((notification->control->mode & CRASH__MODE_DATA) &&
	    notification->kernel->family == CRASH__FAMILY_WRITE &&
	    (proxied->result > 0 || (notification->kernel->where.request && proxied->result == 0))) {
		if (proxied->data)
			note_data(notification, proxied->data, proxied->data_bytes);
		else
			crash__control_incomplete(notification->control, CRASH__INCOMPLETE_DATA_UNREADABLE,
						  notification->path);
	}
	if ((notification->control->mode & CRASH__MODE_DATA) &&
	    notification->kernel->family == CRASH__FAMILY_ATTR && proxied->result >= 0 && proxied->data)
		note_data(notification, proxied->data, proxied->data_bytes);
	if ((notification->control->mode & CRASH__MODE_DATA) &&
	    notification->kernel->family == CRASH__FAMILY_WRITE && proxied->result < 0)
		note_failed(notification, proxied->result);
	append(notification, CRASH__RECORD_END, (uint16_t)notification->flags, &part, 1);
}

void crash__notification_record_store(struct crash__notification *store, const unsigned char *bytes)
{
	struct crash__op_record record = {
		.call = CRASH__CALL_store,
		.kernel = CRASH__CALL_store,
		.route = CRASH__ROUTE_MEMORY,
		.process = store->remote.process,
		.thread = store->remote.thread,
		.file = store->file,
		.device = store->device,
		.inode = store->inode,
		.path_bytes = (uint16_t)(strlen(store->path) + 1),
		.occurrence = store->occurrence,
		.call_occurrence = store->call_occurrence,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {store->path, record.path_bytes}};
	struct crash__end_record end = {.result = store->args[1], .offset = (uint64_t)store->args[2]};
	struct crash__part part = {&end, sizeof end};

	memcpy(record.args, store->args, sizeof record.args);
	record.start = end.start = store->start = crash__next_sequence(store->control);
	append(store, CRASH__RECORD_OP, (uint16_t)store->flags, parts, 2);
	if (store->control->mode & CRASH__MODE_DATA)
		note_data(store, bytes, (size_t)store->args[1]);
	end.end = crash__next_sequence(store->control);
	append(store, CRASH__RECORD_END, (uint16_t)store->flags, &part, 1);
}

static uint16_t stream_of(const struct crash__notification *notification, int fd)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)notification->remote.pid, fd);
	return fd >= 0 && stat(path, &status) == 0 ?
		       crash__audience_stream(notification->control, &status, fd) :
		       0;
}

void crash__record_remote_ack(struct crash__notification *notification, int fd, const void *bytes,
			      size_t count)
{
	uint64_t start = crash__next_sequence(notification->control);
	uint16_t flags = stream_of(notification, fd);

	for (size_t at = 0; at < count;) {
		size_t piece = count - at < PIECE ? count - at : PIECE;
		struct crash__ack_record record = {
			.start = start, .process = notification->remote.process, .fd = fd, .count = piece};
		struct crash__part parts[] = {{&record, sizeof record}, {(const char *)bytes + at, piece}};

		append(notification, CRASH__RECORD_ACK, flags, parts, 2);
		at += piece;
	}
}

void crash__notification_record_point(struct crash__notification *notification)
{
	const struct crash__named_point *point = notification->point;
	struct crash__point_record record = {
		.hit = notification->occurrence,
		.process = notification->remote.process,
		.thread = notification->remote.thread,
		.line = point->line,
		.name_bytes = (uint32_t)strlen(point->name) + 1,
		.file_bytes = (uint32_t)strlen(point->file) + 1,
	};
	struct crash__part parts[] = {
		{&record, sizeof record}, {point->name, record.name_bytes}, {point->file, record.file_bytes}};

	if (notification->control->mode & CRASH__MODE_STACKS)
		record.stack = crash__unwind_number(notification, &unwind_notes);
	record.start = crash__next_sequence(notification->control);
	append(notification, CRASH__RECORD_POINT, (uint16_t)notification->flags, parts, 3);
}

void crash__record_remote_note(struct crash__notification *notification, const struct crash__line *line)
{
	struct crash__note_record record = {
		.process = notification->remote.process,
		.thread = notification->remote.thread,
		.key_bytes = (uint32_t)line->length + 1,
		.value_bytes = (uint32_t)line->value_length + 1,
	};
	struct crash__part parts[] = {{&record, sizeof record},
				      {line->text, line->length},
				      {"", 1},
				      {line->value, line->value_length},
				      {"", 1}};

	if (!crash__notification_record_wanted(notification))
		return;
	record.start = crash__next_sequence(notification->control);
	append(notification, CRASH__RECORD_NOTE, 0, parts, 5);
}
