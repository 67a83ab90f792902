/* SPDX-License-Identifier: MIT */
#include "supervisor/notification_recorder.h"

#include <string.h>

#include "common/ring_append.h"
#include "supervisor/unwind.h"

#define PIECE 16384u /* bytes of data in one record */

/* Each of the supervisor's threads has a ring, and writes there for whom it serves at the moment. */
static _Thread_local struct crash__ring *ring;
static _Thread_local pid_t announced;

static void append(struct crash__watched *watched, uint16_t type, uint16_t flags,
		   const struct crash__part *parts, int count)
{
	struct crash__control *control = watched->control;
	struct crash__thread_record thread = {
		.process = watched->remote.process,
		.pid = (uint32_t)watched->remote.pid,
		.tid = (uint32_t)watched->remote.tid,
		.number = watched->remote.thread,
	};
	struct crash__part part = {&thread, sizeof thread};

	if (!ring)
		ring = crash__ring_find(control);
	if (ring && announced != watched->remote.tid) {
		announced = watched->remote.tid;
		crash__append(control, ring, CRASH__RECORD_THREAD, 0, &part, 1);
	}
	if (!ring || !crash__append(control, ring, type, flags, parts, count))
		crash__control_incomplete(control, CRASH__INCOMPLETE_LOST_RECORDS, NULL);
}

uint32_t crash__note_file(struct crash__watched *watched)
{
	struct crash__file_record record = {
		.file = atomic_fetch_add(&watched->control->files, 1) + 1,
		.mode = watched->mode,
		.device = watched->device,
		.inode = watched->inode,
		.size = watched->size,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {watched->path, strlen(watched->path) + 1}};

	append(watched, CRASH__RECORD_FILE, 0, parts, 2);
	return record.file;
}

static uint32_t note_stack(struct crash__watched *watched, const uint64_t *addresses, uint32_t count)
{
	struct crash__stack_record record = {
		.stack = atomic_fetch_add(&watched->control->stacks, 1) + 1,
		.count = count,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {addresses, count * sizeof *addresses}};

	append(watched, CRASH__RECORD_STACK, 0, parts, 2);
	return record.stack;
}

bool crash__note_wanted(const struct crash__watched *watched)
{
	uint32_t mode = watched->control->mode;

	return (mode & CRASH__MODE_RECORD) &&
	       (!(mode & CRASH__MODE_LOGGED) || (watched->flags & CRASH__OP_LOGGED));
}

void crash__note_op(struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;
	char text[PATH_MAX] = "";
	struct crash__op_record record = {
		.call = (uint16_t)watched->call,
		.kernel = watched->kernel->kernel,
		.route = CRASH__ROUTE_KERNEL,
		.process = watched->remote.process,
		.thread = watched->remote.thread,
		.device = watched->device,
		.inode = watched->inode,
		.occurrence = watched->occurrence,
		.call_occurrence = watched->call_occurrence,
	};
	struct crash__part parts[4] = {{&record, sizeof record}};

	if (!where->path)
		record.file = watched->file;
	if (watched->control->mode & CRASH__MODE_STACKS)
		record.stack = crash__unwind_number(watched, note_stack);
	memcpy(record.args, watched->args, sizeof record.args);
	if (where->path) {
		if (watched->kernel->family == CRASH__FAMILY_LINK && where->text)
			crash__remote_string(&watched->remote, (uint64_t)crash__arg(watched->args, where->text),
					     text, sizeof text);
		parts[1] = (struct crash__part){watched->path, strlen(watched->path) + 1};
		parts[2] = (struct crash__part){watched->to, strlen(watched->to) + 1};
		parts[3] = (struct crash__part){text, strlen(text) + 1};
		record.path_bytes = (uint16_t)parts[1].count;
		record.to_bytes = (uint16_t)parts[2].count;
		record.text_bytes = (uint16_t)parts[3].count;
	}
	record.start = watched->start = crash__next_sequence(watched->control);
	append(watched, CRASH__RECORD_OP, (uint16_t)watched->flags, parts, 4);
}

static void note_data(struct crash__watched *watched, const unsigned char *bytes, size_t count)
{
	uint64_t at = 0;

	while (at < count) {
		size_t piece = count - at < PIECE ? count - at : PIECE;
		struct crash__data_record record = {.start = watched->start, .at = at, .count = piece};
		struct crash__part parts[] = {{&record, sizeof record}, {bytes + at, piece}};

		append(watched, CRASH__RECORD_DATA, 0, parts, 2);
		at += piece;
	}
}

void crash__note_end(struct crash__watched *watched, const struct crash__proxied *proxied)
{
	struct crash__end_record record = {
		.start = watched->start,
		.result = proxied->result,
		.offset = watched->kernel->kernel == CRASH__CALL_msync ? watched->mapped_at : proxied->offset,
		.sync_occurrence = watched->sync_occurrence,
	};
	struct crash__part part = {&record, sizeof record};

	if (!watched->start)
		return;
	record.end = crash__next_sequence(watched->control);
	if (proxied->made.st_ino) {
		record.device = proxied->made.st_dev;
		record.inode = proxied->made.st_ino;
		record.mode = proxied->made.st_mode;
		record.uid = proxied->made.st_uid;
		record.gid = proxied->made.st_gid;
	}
	if ((watched->control->mode & CRASH__MODE_DATA) && watched->kernel->family == CRASH__FAMILY_WRITE &&
	    (proxied->result > 0 || (watched->kernel->where.request && proxied->result == 0))) {
		if (proxied->data)
			note_data(watched, proxied->data, proxied->data_bytes);
		else
			crash__control_incomplete(watched->control, CRASH__INCOMPLETE_DATA_UNREADABLE,
						  watched->path);
	}
	append(watched, CRASH__RECORD_END, (uint16_t)watched->flags, &part, 1);
}

void crash__note_store(struct crash__watched *store, const unsigned char *bytes)
{
	struct crash__op_record record = {
		.call = CRASH__CALL_store,
		.kernel = CRASH__CALL_store,
		.route = CRASH__ROUTE_MEMORY,
		.process = store->remote.process,
		.thread = store->remote.thread,
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

void crash__note_ack(struct crash__watched *watched, int fd, const void *bytes, size_t count)
{
	uint64_t start = crash__next_sequence(watched->control);

	for (size_t at = 0; at < count;) {
		size_t piece = count - at < PIECE ? count - at : PIECE;
		struct crash__ack_record record = {.start = start,
						   .process = watched->remote.process,
						   .fd = fd,
						   .count = piece};
		struct crash__part parts[] = {{&record, sizeof record},
					      {(const char *)bytes + at, piece}};

		append(watched, CRASH__RECORD_ACK, 0, parts, 2);
		at += piece;
	}
}
