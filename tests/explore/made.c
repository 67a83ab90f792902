/* SPDX-License-Identifier: MIT */
#include "tests/explore/made.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES (1u << 20)

static unsigned char written[MADE_OPS][MOST_BYTES];

unsigned char made_byte(int op, uint64_t at)
{
	return (unsigned char)(1 + op * 8 + at % 8);
}

int made_op_of(unsigned char byte, uint64_t at)
{
	return byte && (byte - 1u) % 8 == at % 8 && byte <= MADE_OPS * 8 ? (byte - 1) / 8 : -1;
}

const char *made_text(const struct made_op *op)
{
	static const char *const kinds[] = {
		"create",    "append",	   "overwrite",	  "rewrite",	 "straddle", "empty",	 "dsync",
		"far",	     "direct",	   "clone",	  "dsync-in",	 "shrink",   "allocate", "reserve",
		"rename",    "exchange",   "link",	  "unlink",	 "mkdir",    "chmod",	 "fsync",
		"fdatasync", "sync-range", "msync-range", "fsync-fails", "sync"};
	static char text[64];
	int length = snprintf(text, sizeof text, "%s", kinds[op->kind]);

	if (op->path)
		length += snprintf(text + length, sizeof text - (size_t)length, " %s",
				   *op->path ? op->path : ".");
	if (op->to)
		length += snprintf(text + length, sizeof text - (size_t)length, " %s", op->to);
	if (op->bytes)
		snprintf(text + length, sizeof text - (size_t)length, " %d", (int)op->bytes);
	return text;
}

void made_base(const char *directory)
{
	char path[4200], content[MADE_SIZE];
	int fd;

	snprintf(path, sizeof path, "%.4000s/a", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	memset(content, MADE_OLD, sizeof content);
	ck_assert_int_eq(write(fd, content, sizeof content), sizeof content);
	ck_assert_int_eq(fchmod(fd, 0644), 0);
	close(fd);
}

void made_start(struct made *made)
{
	memset(made, 0, sizeof *made);
	made->tree.files[0] = (struct made_file){.directory = true, .names = 1};
	made->tree.files[1] = (struct made_file){.size = MADE_SIZE, .names = 1};
	made->tree.file_count = 2;
	made->tree.names[0] = (struct made_name){.directory = 0, .name = "a", .file = 1};
	made->tree.name_count = 1;
	made->trace.events = made->events;
	made->trace.files = made->files;
	made->trace.file_count = 1;
}

static int find_in(const struct made_tree *tree, int directory, const char *name, size_t length)
{
	for (int i = 0; i < tree->name_count; i++)
		if (tree->names[i].directory == directory && tree->names[i].file >= 0 &&
		    strlen(tree->names[i].name) == length && memcmp(tree->names[i].name, name, length) == 0)
			return i;
	return -1;
}

int made_parent(const struct made_tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	int name;

	if (!slash)
		return 0;
	name = find_in(tree, 0, path, (size_t)(slash - path));
	return name < 0 || !tree->files[tree->names[name].file].directory ? -1 : tree->names[name].file;
}

int made_find(const struct made_tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	int directory = made_parent(tree, path), name;

	if (!*path)
		return 0;
	name = directory < 0 ? -1 : find_in(tree, directory, last, strlen(last));
	return name < 0 ? -1 : tree->names[name].file;
}

/* ------------------------------------------------------------------ what is possible */

static void set_name(struct made_tree *tree, const char *path, int file)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	int directory = made_parent(tree, path), name = find_in(tree, directory, last, strlen(last));

	if (name < 0) {
		name = tree->name_count++;
		tree->names[name].directory = directory;
		tree->names[name].file = -1;
		strcpy(tree->names[name].name, last);
	}
	if (tree->names[name].file >= 0)
		tree->files[tree->names[name].file].names--;
	if (file >= 0)
		tree->files[file].names++;
	tree->names[name].file = file;
}

static bool is_possible(const struct made_tree *tree, const struct made_op *op)
{
	int file = op->path ? made_find(tree, op->path) : -1, to = op->to ? made_find(tree, op->to) : -1;
	bool regular = file > 0 && !tree->files[file].directory;

	switch (op->kind) {
	case MADE_CREATE:
	case MADE_MKDIR:
		return file < 0 && made_parent(tree, op->path) >= 0;
	case MADE_APPEND:
	case MADE_DSYNC:
	case MADE_ALLOCATE:
	case MADE_RESERVE:
	case MADE_UNLINK:
	case MADE_CHMOD:
		return regular;
	case MADE_OVERWRITE:
		return regular && tree->files[file].size >= 104;
	case MADE_REWRITE:
		return regular && tree->files[file].size >= op->bytes;
	case MADE_STRADDLE:
		return regular && tree->files[file].size >= 2;
	case MADE_DIRECT:
	case MADE_CLONE:
		return regular;
	case MADE_FAR:
		return regular && tree->files[file].size < MADE_FAR_AT;
	case MADE_DSYNC_IN:
		return regular && tree->files[file].size >= MADE_IN_AT + 4;
	case MADE_EMPTY:
		return regular && tree->files[file].size > 0;
	case MADE_SHRINK:
		return regular && tree->files[file].size > MADE_SHORT;
	case MADE_RENAME:
		if (file <= 0 || file == to || made_parent(tree, op->to) < 0 ||
		    made_parent(tree, op->to) == file)
			return false;
		return to < 0 || (regular && !tree->files[to].directory);
	case MADE_EXCHANGE:
		return regular && to > 0 && file != to && !tree->files[to].directory;
	case MADE_LINK:
		return regular && to < 0 && made_parent(tree, op->to) >= 0;
	case MADE_FDATASYNC:
		return regular;
	case MADE_SYNC_RANGE:
		return regular && tree->files[file].size >= 16384;
	case MADE_MSYNC_RANGE:
		return regular && tree->files[file].size >= 12288;
	case MADE_FSYNC:
	case MADE_FSYNC_FAILS:
		return file >= 0;
	case MADE_SYNC:
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------ events */

static const struct {
	uint16_t family, call;
} calls[] = {
	[MADE_CREATE] = {CRASH__FAMILY_OPEN, CRASH__CALL_openat},
	[MADE_APPEND] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_OVERWRITE] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_REWRITE] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_STRADDLE] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_EMPTY] = {CRASH__FAMILY_OPEN, CRASH__CALL_openat},
	[MADE_DSYNC] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_FAR] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_DIRECT] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_CLONE] = {CRASH__FAMILY_WRITE, CRASH__CALL_copy_file_range},
	[MADE_DSYNC_IN] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_SHRINK] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_ftruncate},
	[MADE_ALLOCATE] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_fallocate},
	[MADE_RESERVE] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_fallocate},
	[MADE_RENAME] = {CRASH__FAMILY_RENAME, CRASH__CALL_rename},
	[MADE_EXCHANGE] = {CRASH__FAMILY_RENAME, CRASH__CALL_renameat2},
	[MADE_LINK] = {CRASH__FAMILY_LINK, CRASH__CALL_link},
	[MADE_UNLINK] = {CRASH__FAMILY_UNLINK, CRASH__CALL_unlink},
	[MADE_MKDIR] = {CRASH__FAMILY_MKDIR, CRASH__CALL_mkdir},
	[MADE_CHMOD] = {CRASH__FAMILY_ATTR, CRASH__CALL_chmod},
	[MADE_FSYNC] = {CRASH__FAMILY_FSYNC, CRASH__CALL_fsync},
	[MADE_FDATASYNC] = {CRASH__FAMILY_FSYNC, CRASH__CALL_fdatasync},
	[MADE_SYNC_RANGE] = {CRASH__FAMILY_FSYNC, CRASH__CALL_sync_file_range},
	[MADE_MSYNC_RANGE] = {CRASH__FAMILY_FSYNC, CRASH__CALL_msync},
	[MADE_FSYNC_FAILS] = {CRASH__FAMILY_FSYNC, CRASH__CALL_fsync},
	[MADE_SYNC] = {CRASH__FAMILY_FSYNC, CRASH__CALL_sync},
};

static uint64_t inode(int file)
{
	return (uint64_t)file + 100;
}

/* The file's number for a descriptor: a new one each time, with the name it has now. */
static uint32_t number(struct made *made, int file, const char *path)
{
	uint32_t number = made->trace.file_count++;

	made->files[number] = (struct crash__trace_file){
		.device = 1,
		.inode = inode(file),
		.mode = made->tree.files[file].directory ? S_IFDIR | 0755 : S_IFREG | 0644,
		.path = path,
	};
	return number;
}

static void write_data(struct made *made, int op, struct crash__event *event, uint64_t offset, uint64_t bytes)
{
	struct crash__piece *piece = &made->pieces[op];

	for (uint64_t i = 0; i < bytes; i++)
		written[op][i] = made_byte(op, offset + i);
	*piece = (struct crash__piece){.bytes = written[op], .count = bytes};
	event->data = event->last = piece;
	event->data_bytes = bytes;
	event->offset = offset;
	event->result = (int64_t)bytes;
}

static uint64_t next_page(uint64_t size)
{
	return (size + 4095) / 4096 * 4096;
}

static void make_new(struct made *made, struct crash__event *event, const struct made_op *op, mode_t mode)
{
	int file = made->tree.file_count++;

	made->tree.files[file] = (struct made_file){.directory = S_ISDIR(mode)};
	set_name(&made->tree, op->path, file);
	event->made_device = 1;
	event->made_inode = inode(file);
	event->made_mode = mode;
}

static void fill(struct made *made, int index, struct crash__event *event, const struct made_op *op, int file)
{
	uint64_t *size = file >= 0 ? &made->tree.files[file].size : NULL;
	int other;

	switch (op->kind) {
	case MADE_CREATE:
		event->args[2] = O_CREAT | O_RDWR;
		make_new(made, event, op, S_IFREG | 0644);
		break;
	case MADE_MKDIR:
		make_new(made, event, op, S_IFDIR | 0755);
		break;
	case MADE_APPEND:
	case MADE_DSYNC:
		write_data(made, index, event, *size, op->bytes);
		*size += op->bytes;
		event->flags = op->kind == MADE_DSYNC ? CRASH__OP_SYNC : 0;
		break;
	case MADE_FAR:
		write_data(made, index, event, MADE_FAR_AT, op->bytes);
		*size = MADE_FAR_AT + op->bytes;
		break;
	case MADE_DIRECT:
	case MADE_CLONE:
		write_data(made, index, event, next_page(*size), op->bytes);
		*size = next_page(*size) + op->bytes;
		event->flags = op->kind == MADE_DIRECT ? CRASH__OP_DIRECT : 0;
		break;
	case MADE_DSYNC_IN:
		write_data(made, index, event, MADE_IN_AT, 4);
		event->flags = CRASH__OP_SYNC;
		break;
	case MADE_OVERWRITE:
		write_data(made, index, event, 100, 4);
		break;
	case MADE_REWRITE:
		write_data(made, index, event, 0, op->bytes);
		break;
	case MADE_STRADDLE:
		write_data(made, index, event, *size - 2, 4);
		*size += 2;
		break;
	case MADE_EMPTY:
		event->args[2] = O_TRUNC | O_RDWR;
		event->made_device = 1;
		event->made_inode = inode(file);
		*size = 0;
		break;
	case MADE_SHRINK:
		event->args[1] = MADE_SHORT;
		*size = MADE_SHORT;
		break;
	case MADE_ALLOCATE:
		event->args[2] = (int64_t)*size;
		event->args[3] = (int64_t)op->bytes;
		*size += op->bytes;
		break;
	case MADE_RESERVE:
		event->args[1] = FALLOC_FL_KEEP_SIZE;
		event->args[2] = (int64_t)*size;
		event->args[3] = (int64_t)op->bytes;
		break;
	case MADE_EXCHANGE:
		event->args[4] = RENAME_EXCHANGE;
		other = made_find(&made->tree, op->to);
		set_name(&made->tree, op->to, file);
		set_name(&made->tree, op->path, other);
		break;
	case MADE_RENAME:
		set_name(&made->tree, op->to, file);
		set_name(&made->tree, op->path, -1);
		break;
	case MADE_LINK:
		set_name(&made->tree, op->to, file);
		break;
	case MADE_UNLINK:
		set_name(&made->tree, op->path, -1);
		break;
	case MADE_CHMOD:
		event->args[1] = 0600;
		break;
	case MADE_SYNC_RANGE:
		event->args[1] = 12288;
		event->args[2] = 4096;
		break;
	case MADE_MSYNC_RANGE:
		event->offset = 8192;
		event->args[1] = 4096;
		event->args[2] = MS_SYNC;
		break;
	case MADE_FSYNC_FAILS:
		event->result = -5; /* EIO */
		break;
	default:
		break;
	}
}

bool made_do(struct made *made, const struct made_op *op)
{
	int index = (int)made->trace.count, file;
	struct crash__event *event = &made->events[index];
	bool by_descriptor;

	if (index == MADE_OPS || !is_possible(&made->tree, op))
		return false;
	file = op->path ? made_find(&made->tree, op->path) : -1;
	memset(event, 0, sizeof *event);
	event->kind = CRASH__EVENT_OP;
	event->start = 2 * (uint64_t)index + 1;
	event->end = event->start + 1;
	event->family = calls[op->kind].family;
	event->call = event->kernel = calls[op->kind].call;
	event->offset = UINT64_MAX;
	by_descriptor = event->family == CRASH__FAMILY_WRITE || event->family == CRASH__FAMILY_FSYNC ||
			op->kind == MADE_SHRINK || op->kind == MADE_ALLOCATE || op->kind == MADE_RESERVE;
	snprintf(made->paths[2 * index], sizeof *made->paths, MADE_ROOT "%s%s",
		 op->path && *op->path ? "/" : "", op->path ? op->path : "");
	snprintf(made->paths[2 * index + 1], sizeof *made->paths, MADE_ROOT "/%s", op->to ? op->to : "");
	if (by_descriptor && file >= 0)
		event->file = number(made, file, made->paths[2 * index]);
	else
		event->path = made->paths[2 * index];
	if (op->to)
		event->to = made->paths[2 * index + 1];
	if (!by_descriptor && file >= 0) {
		event->device = 1;
		event->inode = inode(file);
	}
	fill(made, index, event, op, file);
	made->trace.count++;
	return true;
}
