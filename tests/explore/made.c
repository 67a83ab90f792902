/* SPDX-License-Identifier: MIT */
#include "tests/explore/made.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ------------------------------------------------------------------ words */

static const char *const kinds[] = {
	"create",     "append",	    "overwrite",   "rewrite",	  "straddle", "empty",	  "dsync",
	"far",	      "direct",	    "clone",	   "dsync-in",	  "shrink",   "allocate", "reserve",
	"rename",     "exchange",   "link",	   "unlink",	  "mkdir",    "chmod",	  "fsync",
	"fdatasync",  "sync-range", "msync-range", "fsync-fails", "sync",     "write",	  "write-dsync",
	"write-sync", "store",	    "copy",	   "resize",	  "punch",    "zero",	  "zero-keep",
	"provide",    "symlink",    "tmpfile",	   "rmdir",	  "xattr",    "syncfs",	  "chown",
};

bool made_is_placed(const struct made_op *op)
{
	switch (op->kind) {
	case MADE_SYNC_RANGE:
	case MADE_MSYNC_RANGE:
		return op->bytes > 0;
	case MADE_WRITE:
	case MADE_WRITE_DSYNC:
	case MADE_WRITE_SYNC:
	case MADE_STORE:
	case MADE_COPY:
	case MADE_PUNCH:
	case MADE_ZERO:
	case MADE_ZERO_KEEP:
	case MADE_PROVIDE:
		return true;
	default:
		return false;
	}
}

const char *made_text(const struct made_op *op)
{
	static char text[64];
	int length = snprintf(text, sizeof text, "%s", kinds[op->kind]);

	if (op->path)
		length += snprintf(text + length, sizeof text - (size_t)length, " %s",
				   *op->path ? op->path : ".");
	if (op->to)
		length += snprintf(text + length, sizeof text - (size_t)length, " %s", op->to);
	if (made_is_placed(op))
		length += snprintf(text + length, sizeof text - (size_t)length, " %d", (int)op->at);
	if (op->bytes || op->kind == MADE_RESIZE)
		length += snprintf(text + length, sizeof text - (size_t)length, " %d", (int)op->bytes);
	if (op->beside)
		snprintf(text + length, sizeof text - (size_t)length, " &");
	return text;
}

static void take_word(struct made_op *op, const char *word, int *numbers)
{
	if (strcmp(word, "&") == 0) {
		op->beside = true;
	} else if (*word >= '0' && *word <= '9') {
		op->at = (*numbers)++ ? op->bytes : 0;
		op->bytes = strtoull(word, NULL, 10);
	} else if (!op->path) {
		op->path = strcmp(word, ".") == 0 ? "" : strdup(word);
	} else {
		op->to = strdup(word);
	}
}

bool made_parse(const char *text, size_t length, struct made_op *op)
{
	char copy[64], *rest, *word;
	int numbers = 0;
	size_t kind = 0;

	snprintf(copy, sizeof copy, "%.*s", (int)length, text);
	word = strtok_r(copy, " ", &rest);
	while (word && kind < sizeof kinds / sizeof *kinds && strcmp(kinds[kind], word) != 0)
		kind++;
	if (!word || kind == sizeof kinds / sizeof *kinds)
		return false;
	*op = (struct made_op){.kind = (enum made_kind)kind};
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		take_word(op, word, &numbers);
	return strncmp(made_text(op), text, length) == 0 && strlen(made_text(op)) == length;
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

/* The file that the first bytes of a path lead to; -1: none. */
static int walk(const struct made_tree *tree, const char *path, size_t length)
{
	int file = 0;

	if (length == 1 && *path == *MADE_NAMELESS)
		return tree->nameless ? tree->nameless : -1;
	for (size_t at = 0; at < length;) {
		size_t part = strcspn(path + at, "/");
		int name;

		part = part < length - at ? part : length - at;
		name = tree->files[file].directory ? find_in(tree, file, path + at, part) : -1;
		if (name < 0)
			return -1;
		file = tree->names[name].file;
		at += part + 1;
	}
	return file;
}

int made_parent(const struct made_tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? walk(tree, path, (size_t)(slash - path)) : 0;

	return directory < 0 || !tree->files[directory].directory ? -1 : directory;
}

int made_find(const struct made_tree *tree, const char *path)
{
	return walk(tree, path, strlen(path));
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

/* Whether a directory is another one, or is in it. */
static bool is_below(const struct made_tree *tree, int directory, int above)
{
	while (directory != above && directory > 0)
		for (int i = 0, was = directory; i < tree->name_count && directory == was; i++)
			if (tree->names[i].file == was)
				directory = tree->names[i].directory;
	return directory == above;
}

static bool is_empty(const struct made_tree *tree, int directory)
{
	for (int i = 0; i < tree->name_count; i++)
		if (tree->names[i].directory == directory && tree->names[i].file >= 0)
			return false;
	return true;
}

static bool can_rename(const struct made_tree *tree, const struct made_op *op, int file, int to)
{
	int parent = made_parent(tree, op->to);

	if (file <= 0 || file == to || parent < 0 || strcmp(op->path, MADE_NAMELESS) == 0)
		return false;
	if (tree->files[file].directory && is_below(tree, parent, file))
		return false;
	return to < 0 || (!tree->files[file].directory && !tree->files[to].directory);
}

static uint64_t next_page(uint64_t size)
{
	return (size + 4095) / 4096 * 4096;
}

static bool is_possible(const struct made_tree *tree, const struct made_op *op)
{
	int file = op->path ? made_find(tree, op->path) : -1, to = op->to ? made_find(tree, op->to) : -1;
	bool directory = file >= 0 && tree->files[file].directory;
	bool regular = file > 0 && !directory && !tree->files[file].link;
	bool named = op->path && strcmp(op->path, MADE_NAMELESS) != 0;

	switch (op->kind) {
	case MADE_CREATE:
	case MADE_MKDIR:
		return named && file < 0 && made_parent(tree, op->path) >= 0;
	case MADE_APPEND:
	case MADE_DSYNC:
	case MADE_ALLOCATE:
		return regular && tree->files[file].size + op->bytes <= MOST_BYTES;
	case MADE_WRITE:
	case MADE_WRITE_DSYNC:
	case MADE_WRITE_SYNC:
	case MADE_RESERVE:
	case MADE_RESIZE:
	case MADE_ZERO:
	case MADE_ZERO_KEEP:
	case MADE_PROVIDE:
		return regular && op->at + op->bytes <= MOST_BYTES &&
		       (op->kind != MADE_RESIZE || tree->files[file].size != op->bytes);
	case MADE_PUNCH:
	case MADE_STORE:
		return regular && tree->files[file].size > op->at && op->at + op->bytes <= MOST_BYTES;
	case MADE_COPY:
		return regular && to > 0 && to != file && !tree->files[to].directory &&
		       !tree->files[to].link && tree->files[file].size >= op->bytes &&
		       op->at + op->bytes <= MOST_BYTES;
	case MADE_CHMOD:
	case MADE_XATTR:
	case MADE_CHOWN:
		return regular && named;
	case MADE_UNLINK:
		return file > 0 && !directory && named;
	case MADE_OVERWRITE:
		return regular && tree->files[file].size >= 104;
	case MADE_REWRITE:
		return regular && tree->files[file].size >= op->bytes;
	case MADE_STRADDLE:
		return regular && tree->files[file].size >= 2 && tree->files[file].size < MOST_BYTES - 2;
	case MADE_DIRECT:
	case MADE_CLONE:
		return regular && next_page(tree->files[file].size) + op->bytes <= MOST_BYTES;
	case MADE_FAR:
		return regular && tree->files[file].size < MADE_FAR_AT;
	case MADE_DSYNC_IN:
		return regular && tree->files[file].size >= MADE_IN_AT + 4;
	case MADE_EMPTY:
		return regular && named && tree->files[file].size > 0;
	case MADE_SHRINK:
		return regular && tree->files[file].size > MADE_SHORT;
	case MADE_RENAME:
		return can_rename(tree, op, file, to);
	case MADE_EXCHANGE:
		return regular && named && to > 0 && file != to && !tree->files[to].directory;
	case MADE_LINK:
		return regular && to < 0 && made_parent(tree, op->to) >= 0 &&
		       (named || tree->files[file].names == 0);
	case MADE_SYMLINK:
		return to < 0 && made_parent(tree, op->to) >= 0;
	case MADE_TMPFILE:
		return directory;
	case MADE_RMDIR:
		return file > 0 && directory && is_empty(tree, file);
	case MADE_FDATASYNC:
		return regular;
	case MADE_SYNC_RANGE:
		return regular && tree->files[file].size >= (op->bytes ? op->at + 1 : 16384);
	case MADE_MSYNC_RANGE:
		return regular && tree->files[file].size >= (op->bytes ? op->at + 1 : 12288);
	case MADE_FSYNC:
	case MADE_FSYNC_FAILS:
		return directory || regular;
	case MADE_SYNC:
	case MADE_SYNCFS:
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
	[MADE_WRITE] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64},
	[MADE_WRITE_DSYNC] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwritev2},
	[MADE_WRITE_SYNC] = {CRASH__FAMILY_WRITE, CRASH__CALL_pwritev2},
	[MADE_STORE] = {CRASH__FAMILY_WRITE, CRASH__CALL_store},
	[MADE_COPY] = {CRASH__FAMILY_WRITE, CRASH__CALL_copy_file_range},
	[MADE_RESIZE] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_ftruncate},
	[MADE_PUNCH] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_fallocate},
	[MADE_ZERO] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_fallocate},
	[MADE_ZERO_KEEP] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_fallocate},
	[MADE_PROVIDE] = {CRASH__FAMILY_TRUNCATE, CRASH__CALL_fallocate},
	[MADE_SYMLINK] = {CRASH__FAMILY_LINK, CRASH__CALL_symlink},
	[MADE_TMPFILE] = {CRASH__FAMILY_OPEN, CRASH__CALL_openat},
	[MADE_RMDIR] = {CRASH__FAMILY_UNLINK, CRASH__CALL_rmdir},
	[MADE_XATTR] = {CRASH__FAMILY_ATTR, CRASH__CALL_setxattr},
	[MADE_SYNCFS] = {CRASH__FAMILY_FSYNC, CRASH__CALL_syncfs},
	[MADE_CHOWN] = {CRASH__FAMILY_ATTR, CRASH__CALL_chown},
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

/* ------------------------------------------------------------------ contents */

static void change(struct made *made, int file, bool is_written, uint64_t from, uint64_t to)
{
	made->changes[made->trace.count] = (struct made_change){.file = file,
								.written = is_written,
								.from = from,
								.to = to,
								.size = made->tree.files[file].size};
}

/* What a file holds now, from the start on. */
static void read_content(const struct made *made, int file, unsigned char *to, uint64_t count)
{
	uint64_t size = file == 1 ? MADE_SIZE : 0;

	memset(to, 0, count);
	memset(to, MADE_OLD, size < count ? size : count);
	for (size_t i = 0; i < made->trace.count; i++) {
		const struct made_change *is = &made->changes[i];
		uint64_t end = is->to < count ? is->to : count;

		if (is->file != file)
			continue;
		if (is->from < end && is->written)
			memcpy(to + is->from, made->pieces[i].bytes, end - is->from);
		else if (is->from < end)
			memset(to + is->from, 0, end - is->from);
		if (is->size < size && is->size < count)
			memset(to + is->size, 0, count - is->size);
		size = is->size;
	}
}

/* An op's data stands at `written[op]`. */
static void put_data(struct made *made, int op, struct crash__event *event, int file, uint64_t offset,
		     uint64_t bytes)
{
	struct crash__piece *piece = &made->pieces[op];
	uint64_t *size = &made->tree.files[file].size;

	*piece = (struct crash__piece){.bytes = written[op], .count = bytes};
	event->data = event->last = piece;
	event->data_bytes = bytes;
	event->offset = offset;
	event->result = (int64_t)bytes;
	*size = offset + bytes > *size ? offset + bytes : *size;
	change(made, file, true, offset, offset + bytes);
}

static void write_data(struct made *made, int op, struct crash__event *event, int file, uint64_t offset,
		       uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		written[op][i] = made_byte(op, offset + i);
	put_data(made, op, event, file, offset, bytes);
}

/* Whole pages, up to the end of the file. */
static void store_data(struct made *made, int op, struct crash__event *event, int file,
		       const struct made_op *what)
{
	uint64_t size = made->tree.files[file].size, end = what->at + what->bytes;

	event->route = CRASH__ROUTE_MEMORY;
	write_data(made, op, event, file, what->at, (end < size ? end : size) - what->at);
}

static void allocate(struct made *made, struct crash__event *event, int file, const struct made_op *what)
{
	uint64_t *size = &made->tree.files[file].size, end = what->at + what->bytes;
	bool zeroes = what->kind == MADE_PUNCH || what->kind == MADE_ZERO || what->kind == MADE_ZERO_KEEP;

	event->args[1] = what->kind == MADE_PUNCH ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE :
			 what->kind == MADE_ZERO  ? FALLOC_FL_ZERO_RANGE :
			 zeroes			  ? FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE :
						    0;
	event->args[2] = (int64_t)what->at;
	event->args[3] = (int64_t)what->bytes;
	if (!(event->args[1] & FALLOC_FL_KEEP_SIZE) && end > *size)
		*size = end;
	change(made, file, false, zeroes ? what->at : 0, zeroes ? end : 0);
}

static void set_size(struct made *made, struct crash__event *event, int file, uint64_t size)
{
	event->args[1] = (int64_t)size;
	made->tree.files[file].size = size;
	change(made, file, false, 0, 0);
}

/* ------------------------------------------------------------------ each op */

static void make_new(struct made *made, struct crash__event *event, const struct made_op *op, mode_t mode)
{
	int file = made->tree.file_count++;

	made->tree.files[file] = (struct made_file){.directory = S_ISDIR(mode)};
	set_name(&made->tree, op->path, file);
	event->made_device = 1;
	event->made_inode = inode(file);
	event->made_mode = mode;
}

static void make_link(struct made *made, struct crash__event *event, const struct made_op *op)
{
	int file = made->tree.file_count++;

	made->tree.files[file] = (struct made_file){.link = true};
	set_name(&made->tree, op->to, file);
	event->text = op->path;
	event->path = event->to;
	event->to = NULL;
	event->device = event->inode = 0;
	event->made_device = 1;
	event->made_inode = inode(file);
	event->made_mode = S_IFLNK | 0777;
}

static void make_nameless(struct made *made, struct crash__event *event)
{
	int file = made->tree.file_count++;

	made->tree.nameless = file;
	event->args[2] = O_TMPFILE | O_RDWR;
	event->made_device = 1;
	event->made_inode = inode(file);
	event->made_mode = S_IFREG | 0644;
}

static void set_attribute(struct made *made, int op, struct crash__event *event)
{
	struct crash__piece *piece = &made->pieces[op];
	int bytes = snprintf((char *)written[op], sizeof written[op], "%d", op);

	*piece = (struct crash__piece){.bytes = written[op], .count = (uint64_t)bytes};
	event->data = event->last = piece;
	event->data_bytes = (uint64_t)bytes;
	event->args[3] = bytes;
	event->text = MADE_ATTRIBUTE;
}

/* A sync of a part: where nothing is said, a page. */
static void fill_range(struct crash__event *event, const struct made_op *op)
{
	bool is_msync = op->kind == MADE_MSYNC_RANGE;
	uint64_t at = op->bytes ? op->at : is_msync ? 8192 : 12288, bytes = op->bytes ? op->bytes : 4096;

	if (is_msync) {
		event->offset = at;
		event->args[1] = (int64_t)bytes;
		event->args[2] = MS_SYNC;
	} else {
		event->args[1] = (int64_t)at;
		event->args[2] = (int64_t)bytes;
	}
}

static void fill_data(struct made *made, int index, struct crash__event *event, const struct made_op *op,
		      int file)
{
	uint64_t *size = file >= 0 ? &made->tree.files[file].size : NULL;

	switch (op->kind) {
	case MADE_APPEND:
	case MADE_DSYNC:
		write_data(made, index, event, file, *size, op->bytes);
		break;
	case MADE_FAR:
		write_data(made, index, event, file, MADE_FAR_AT, op->bytes);
		break;
	case MADE_DIRECT:
	case MADE_CLONE:
		write_data(made, index, event, file, next_page(*size), op->bytes);
		event->flags = op->kind == MADE_DIRECT ? CRASH__OP_DIRECT : 0;
		break;
	case MADE_DSYNC_IN:
		write_data(made, index, event, file, MADE_IN_AT, 4);
		break;
	case MADE_OVERWRITE:
		write_data(made, index, event, file, 100, 4);
		break;
	case MADE_REWRITE:
		write_data(made, index, event, file, 0, op->bytes);
		break;
	case MADE_STRADDLE:
		write_data(made, index, event, file, *size - 2, 4);
		break;
	case MADE_STORE:
		store_data(made, index, event, file, op);
		break;
	case MADE_COPY:
		read_content(made, file, written[index], op->bytes);
		put_data(made, index, event, made_find(&made->tree, op->to), op->at, op->bytes);
		break;
	default:
		write_data(made, index, event, file, op->at, op->bytes);
		break;
	}
	if (op->kind == MADE_DSYNC || op->kind == MADE_DSYNC_IN || op->kind == MADE_WRITE_DSYNC ||
	    op->kind == MADE_WRITE_SYNC)
		event->flags = CRASH__OP_SYNC;
}

static void fill(struct made *made, struct crash__event *event, const struct made_op *op, int file)
{
	uint64_t size = file >= 0 ? made->tree.files[file].size : 0;
	int other;

	switch (op->kind) {
	case MADE_CREATE:
		event->args[2] = O_CREAT | O_RDWR;
		make_new(made, event, op, S_IFREG | 0644);
		break;
	case MADE_MKDIR:
		make_new(made, event, op, S_IFDIR | 0755);
		break;
	case MADE_SYMLINK:
		make_link(made, event, op);
		break;
	case MADE_TMPFILE:
		make_nameless(made, event);
		break;
	case MADE_EMPTY:
		set_size(made, event, file, 0);
		event->args[1] = 0;
		event->args[2] = O_TRUNC | O_RDWR;
		event->made_device = 1;
		event->made_inode = inode(file);
		break;
	case MADE_SHRINK:
		set_size(made, event, file, MADE_SHORT);
		break;
	case MADE_RESIZE:
		set_size(made, event, file, op->bytes);
		break;
	case MADE_ALLOCATE:
		event->args[2] = (int64_t)size;
		event->args[3] = (int64_t)op->bytes;
		made->tree.files[file].size += op->bytes;
		change(made, file, false, 0, 0);
		break;
	case MADE_RESERVE:
		event->args[1] = FALLOC_FL_KEEP_SIZE;
		event->args[2] = (int64_t)size;
		event->args[3] = (int64_t)op->bytes;
		break;
	case MADE_PUNCH:
	case MADE_ZERO:
	case MADE_ZERO_KEEP:
	case MADE_PROVIDE:
		allocate(made, event, file, op);
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
	case MADE_RMDIR:
		set_name(&made->tree, op->path, -1);
		break;
	case MADE_CHMOD:
		event->args[1] = 0600;
		break;
	case MADE_XATTR:
		set_attribute(made, (int)made->trace.count, event);
		break;
	case MADE_CHOWN:
		event->args[1] = MADE_OWNER + (int64_t)made->trace.count;
		event->args[2] = -1;
		break;
	case MADE_SYNC_RANGE:
	case MADE_MSYNC_RANGE:
		fill_range(event, op);
		break;
	case MADE_FSYNC_FAILS:
		event->result = -5; /* EIO */
		break;
	default:
		break;
	}
}

static bool is_by_descriptor(const struct crash__event *event, const struct made_op *op)
{
	return event->family == CRASH__FAMILY_WRITE || event->family == CRASH__FAMILY_FSYNC ||
	       event->call == CRASH__CALL_ftruncate || event->call == CRASH__CALL_fallocate ||
	       (op->path && strcmp(op->path, MADE_NAMELESS) == 0);
}

/* Which file it is about: by a descriptor, or by its name. */
static void set_file(struct made *made, struct crash__event *event, const struct made_op *op)
{
	size_t index = made->trace.count;
	const char *of = op->kind == MADE_COPY ? op->to : op->path;
	int file = of ? made_find(&made->tree, of) : -1;

	snprintf(made->paths[2 * index], sizeof *made->paths, MADE_ROOT "%s%s", of && *of ? "/" : "",
		 of ? of : "");
	snprintf(made->paths[2 * index + 1], sizeof *made->paths, MADE_ROOT "/%s", op->to ? op->to : "");
	if (op->to && op->kind != MADE_COPY)
		event->to = made->paths[2 * index + 1];
	if (is_by_descriptor(event, op) && file >= 0) {
		event->file = number(made, file, made->paths[2 * index]);
		return;
	}
	event->path = made->paths[2 * index];
	if (file >= 0) {
		event->device = 1;
		event->inode = inode(file);
	}
}

bool made_do(struct made *made, const struct made_op *op)
{
	int index = (int)made->trace.count, file;
	struct crash__event *event = &made->events[index];

	if (index == MADE_OPS || !is_possible(&made->tree, op))
		return false;
	file = op->path ? made_find(&made->tree, op->path) : -1;
	memset(event, 0, sizeof *event);
	made->changes[index].file = 0;
	event->kind = CRASH__EVENT_OP;
	event->family = calls[op->kind].family;
	event->call = event->kernel = calls[op->kind].call;
	event->offset = UINT64_MAX;
	event->start = 2 * (uint64_t)index + 1;
	/* what is done beside the next one has not ended when that begins */
	event->end = event->start + (op->beside ? 3 : 1);
	set_file(made, event, op);
	if (event->family == CRASH__FAMILY_WRITE)
		fill_data(made, index, event, op, file);
	else
		fill(made, event, op, file);
	made->trace.count++;
	return true;
}
