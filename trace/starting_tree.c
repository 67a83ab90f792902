/* SPDX-License-Identifier: MIT */
#include "trace/starting_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/attributes.h"
#include "base/copy.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/hash_table.h"
#include "base/json_value.h"
#include "common/numbers.h"
#include "trace/writer.h"

#define ALIGNMENT 4096

/* ------------------------------------------------------------------ saving */

struct linked {
	uint64_t key[2];
	char *path;
	UT_hash_handle hh;
};

struct saving {
	struct crash__trace_writer writer;
	int directory;
	struct stat without; /* what is left out; st_ino 0: nothing */
	char path[PATH_MAX]; /* below it */
	struct linked *links;
	uint64_t bytes, most;
	bool too_much;
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the trace");
}

static int write_failed(const struct saving *saving)
{
	char path[PATH_MAX];
	int error = saving->writer.failed ? saving->writer.error : errno;

	crash__trace_file_name(saving->writer.fd, path);
	errno = error;
	return crash__fail_errno("cannot write %s", path);
}

/* A chunk header such that what follows it lies at a multiple of the alignment. */
static int begin_content(struct saving *saving, uint64_t bytes)
{
	static const char zeros[ALIGNMENT];
	struct crash__chunk chunk = {
		.magic = CRASH__CHUNK_MAGIC, .type = CRASH__CHUNK_CONTENT, .bytes = bytes};
	off_t at = lseek(saving->writer.fd, 0, SEEK_CUR);
	uint64_t gap = (uint64_t) - (at + (off_t)sizeof chunk) % ALIGNMENT;

	if (gap && gap < sizeof chunk)
		gap += ALIGNMENT;
	if (gap)
		crash__trace_chunk(&saving->writer, CRASH__CHUNK_PADDING, zeros, gap - sizeof chunk);
	if (saving->writer.failed || write(saving->writer.fd, &chunk, sizeof chunk) != (ssize_t)sizeof chunk)
		return write_failed(saving);
	return 0;
}

/* Holes of the file become holes of the trace. */
static int save_content(struct saving *saving, int from, uint64_t bytes)
{
	int error = begin_content(saving, bytes), to = saving->writer.fd;
	off_t base, end;

	if (error < 0)
		return error;
	base = lseek(to, 0, SEEK_CUR);
	if (base < 0 || crash__copy_range(from, 0, to, (uint64_t)base, bytes) < 0)
		return write_failed(saving);
	/* the chunk ends where it says, also if the file became shorter */
	end = base + (off_t)((bytes + 7) & ~UINT64_C(7));
	if (ftruncate(to, end) < 0 || lseek(to, end, SEEK_SET) < 0)
		return write_failed(saving);
	return 0;
}

/* `name` is the first name of a file that is in the trace by another one already, or NULL: this is the first.
 */
static int earlier_name(struct saving *saving, const struct stat *status, const char **name)
{
	uint64_t key[2] = {status->st_dev, status->st_ino};
	struct linked *found;

	*name = NULL;
	if (status->st_nlink < 2 || S_ISDIR(status->st_mode))
		return 0;
	HASH_FIND(hh, saving->links, key, sizeof key, found);
	if (found) {
		*name = found->path;
		return 0;
	}
	found = calloc(1, sizeof *found);
	if (!found)
		return no_memory();
	memcpy(found->key, key, sizeof key);
	found->path = strdup(saving->path);
	if (found->path)
		HASH_ADD(hh, saving->links, key, sizeof found->key, found);
	if (CRASH__HASHED(found))
		return 0;
	/* without it each of its names would become a file of its own */
	free(found->path);
	free(found);
	return no_memory();
}

static int save_entry(struct saving *saving, const struct stat *status, const char *text)
{
	size_t path = strlen(saving->path) + 1, other = text ? strlen(text) + 1 : 0;
	struct crash__tree_entry *entry = calloc(1, sizeof *entry + path + other);

	if (!entry)
		return no_memory();
	entry->mode = status->st_mode;
	entry->uid = status->st_uid;
	entry->gid = status->st_gid;
	entry->mtime = status->st_mtim.tv_sec;
	entry->mtime_ns = (uint32_t)status->st_mtim.tv_nsec;
	entry->size = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0;
	entry->path_bytes = (uint32_t)path;
	entry->text_bytes = (uint32_t)other;
	memcpy(entry->strings, saving->path, path);
	if (text)
		memcpy(entry->strings + path, text, other);
	crash__trace_chunk(&saving->writer, CRASH__CHUNK_ENTRY, entry, sizeof *entry + path + other);
	free(entry);
	return saving->writer.failed ? write_failed(saving) : 0;
}

/* Behind the entry, and the content of a file. */
static int save_xattrs(struct saving *saving)
{
	struct crash__xattrs xattrs;

	if (crash__xattrs_read(saving->directory, saving->path, &xattrs) < 0)
		return crash__fail_errno("%s", saving->path);
	if (xattrs.count)
		crash__trace_chunk(&saving->writer, CRASH__CHUNK_XATTRS, xattrs.bytes, xattrs.count);
	crash__xattrs_clear(&xattrs);
	return saving->writer.failed ? write_failed(saving) : 0;
}

static int save_below(struct saving *saving);

static int save_file(struct saving *saving, const struct stat *status)
{
	int from, error;

	saving->bytes += (uint64_t)status->st_blocks * 512;
	if (saving->bytes > saving->most) {
		saving->too_much = true;
		return 0;
	}
	from = crash__owner_open(saving->directory, saving->path,
				 O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (from < 0)
		return crash__fail_errno("%s", saving->path);
	error = save_entry(saving, status, NULL);
	if (error == 0 && status->st_size)
		error = save_content(saving, from, (uint64_t)status->st_size);
	if (error == 0)
		error = save_xattrs(saving);
	close(from);
	return error;
}

static int save_thing(struct saving *saving)
{
	char text[PATH_MAX];
	struct stat status;
	const char *other;
	ssize_t length;
	int error;

	if (crash__owner_lstat(saving->directory, saving->path, &status) < 0)
		return errno == ENOENT ? 0 : crash__fail_errno("%s", saving->path);
	error = earlier_name(saving, &status, &other);
	if (error < 0)
		return error;
	if (other || S_ISFIFO(status.st_mode))
		return save_entry(saving, &status, other);
	if (S_ISLNK(status.st_mode)) {
		length = crash__owner_readlink(saving->directory, saving->path, text, sizeof text - 1);
		if (length < 0)
			return crash__fail_errno("%s", saving->path);
		text[length] = '\0';
		error = save_entry(saving, &status, text);
		return error < 0 ? error : save_xattrs(saving);
	}
	if (S_ISREG(status.st_mode))
		return save_file(saving, &status);
	if (!S_ISDIR(status.st_mode) ||
	    (status.st_ino == saving->without.st_ino && status.st_dev == saving->without.st_dev))
		return 0;
	error = save_entry(saving, &status, NULL);
	if (error == 0)
		error = save_xattrs(saving);
	return error < 0 ? error : save_below(saving);
}

static int save_below(struct saving *saving)
{
	size_t length = strlen(saving->path);
	int fd = crash__owner_open(saving->directory, length ? saving->path : ".",
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	    error = 0, got = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!stream) {
		error = crash__fail_errno("%s", length ? saving->path : ".");
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (error == 0 && !saving->too_much && (got = crash__directory_next(stream, &name)) > 0) {
		if (snprintf(saving->path + length, sizeof saving->path - length, "%s%s", length ? "/" : "",
			     name) >= (int)(sizeof saving->path - length))
			error = crash__fail(CRASH_EDIR, "%s: this path is too long", saving->path);
		else
			error = save_thing(saving);
		if (error == 0)
			saving->path[length] = '\0';
	}
	if (error == 0 && got < 0)
		error = crash__fail_errno("cannot read the directory %s", length ? saving->path : ".");
	closedir(stream);
	return error;
}

static int save_head(struct saving *saving, const struct crash__tree_source *source, bool saved)
{
	json_t *object = json_pack("{s:o, s:o, s:b}", "root", crash__json_string(source->root), "directory",
				   crash__json_string(source->directory), "saved", (int)saved);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text)
		return no_memory();
	crash__trace_chunk(&saving->writer, CRASH__CHUNK_TREE, text, strlen(text));
	free(text);
	return saving->writer.failed ? write_failed(saving) : 0;
}

int crash__tree_save_from(int trace, const struct crash__tree_source *source, uint64_t most, bool *saved)
{
	struct saving *saving = calloc(1, sizeof *saving);
	struct linked *entry, *next;
	off_t start = lseek(trace, 0, SEEK_CUR);
	struct stat status;
	int error;

	if (!saving)
		return no_memory();
	crash__trace_writer_init(&saving->writer, trace, 0);
	saving->most = most;
	if (source->without && stat(source->without, &saving->without) < 0)
		saving->without.st_ino = 0;
	saving->directory = crash__owner_open(AT_FDCWD, source->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = saving->directory < 0 || fstat(saving->directory, &status) < 0 ?
			crash__fail_errno("%s", source->tree) :
			save_head(saving, source, true);
	if (error == 0)
		error = save_entry(saving, &status, NULL); /* the directory itself */
	if (error == 0)
		error = save_xattrs(saving);
	if (error == 0)
		error = save_below(saving);
	if (error == 0 && saving->too_much) {
		/* a part of it would be worse than nothing */
		if (ftruncate(trace, start) < 0 || lseek(trace, start, SEEK_SET) < 0)
			error = write_failed(saving);
		else
			error = save_head(saving, source, false);
	}
	if (error == 0)
		*saved = !saving->too_much;
	HASH_ITER(hh, saving->links, entry, next) {
		HASH_DEL(saving->links, entry);
		free(entry->path);
		free(entry);
	}
	if (saving->directory >= 0)
		close(saving->directory);
	free(saving);
	return error;
}

int crash__tree_save(int trace, const char *directory, uint64_t most, bool *saved)
{
	const struct crash__tree_source source = {directory, directory, directory, NULL};

	return crash__tree_save_from(trace, &source, most, saved);
}

/* ------------------------------------------------------------------ what a trace says of it */

/* The head of the tree: the last one counts. */
static json_t *read_head(const struct crash__trace *trace)
{
	for (size_t i = trace->tree_count; i-- > 0;)
		if (trace->tree[i].type == CRASH__CHUNK_TREE)
			return json_loadb((const char *)trace->tree[i].bytes, trace->tree[i].count, 0, NULL);
	return NULL;
}

static int read_path(const struct crash__trace *trace, const char *key, char out[PATH_MAX])
{
	json_t *head = read_head(trace);
	const char *path;
	int error = 0;

	crash__json_to_bytes(head);
	path = json_string_value(json_object_get(head, key));
	if (!path) /* traces of an earlier version have one only */
		path = json_string_value(json_object_get(head, "root"));
	if (!path || strlen(path) >= PATH_MAX || *path != '/')
		error = crash__fail(
			CRASH_ETRACE,
			trace->cut ?
				"the trace is cut short, before its starting tree" :
				"the trace has no starting tree: it was not made by `crashinject record`");
	else
		strcpy(out, path);
	json_decref(head);
	return error;
}

int crash__tree_root(const struct crash__trace *trace, char root[PATH_MAX])
{
	return read_path(trace, "root", root);
}

int crash__tree_directory(const struct crash__trace *trace, char directory[PATH_MAX])
{
	return read_path(trace, "directory", directory);
}

/* ------------------------------------------------------------------ unpacking */

/* Opens the directory that a path's last part is to be in; never above or beside `top`. */
static int open_above(int top, const char *path, const char **last)
{
	const char *slash = strrchr(path, '/');
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	char above[PATH_MAX];

	*last = slash ? slash + 1 : path;
	if (!**last || strcmp(*last, ".") == 0 || strcmp(*last, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return (int)syscall(SYS_openat2, top, above, &how, sizeof how);
}

/* Holes of the trace become holes of the file. */
static int unpack_file(const struct crash__trace *trace, int above, const char *name,
		       const struct crash__trace_chunk *content)
{
	int fd = openat(above, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	uint64_t count = content ? content->count : 0, at = count ? crash__trace_offset(trace, content) : 0;

	if (fd < 0)
		return -1;
	if (count &&
	    (crash__copy_range(trace->fd, at, fd, 0, count) < 0 || ftruncate(fd, (off_t)count) < 0)) {
		close(fd);
		return -1;
	}
	return close(fd);
}

static int unpack_link(int top, int above, const char *name, const char *text)
{
	const char *last;
	int other = open_above(top, text, &last), result;

	if (other < 0)
		return -1;
	result = linkat(other, last, above, name, 0);
	close(other);
	return result;
}

/* Those that the file has; NULL: the next entry comes first. They stand behind it, and behind its content. */
static const struct crash__trace_chunk *xattrs_of(const struct crash__trace *trace, size_t i)
{
	while (++i < trace->tree_count)
		if (trace->tree[i].type == CRASH__CHUNK_XATTRS)
			return &trace->tree[i];
		else if (trace->tree[i].type != CRASH__CHUNK_CONTENT)
			return NULL;
	return NULL;
}

/* Another owner takes some away, and a mode may forbid to give them. */
static void unpack_xattrs(const struct crash__trace *trace, size_t i, int above, const char *name)
{
	const struct crash__trace_chunk *chunk = xattrs_of(trace, i);
	struct crash__xattrs xattrs;

	if (!chunk)
		return;
	xattrs = (struct crash__xattrs){(unsigned char *)(uintptr_t)chunk->bytes, (size_t)chunk->count};
	crash__xattrs_give(above, name, &xattrs);
}

static int unpack_attributes(const struct crash__trace *trace, size_t i, int above, const char *name,
			     const struct crash__tree_entry *entry)
{
	struct timespec times[2] = {{entry->mtime, entry->mtime_ns}, {entry->mtime, entry->mtime_ns}};

	if (geteuid() == 0 && fchownat(above, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	unpack_xattrs(trace, i, above, name);
	if (!S_ISLNK(entry->mode) && fchmodat(above, name, entry->mode & 07777, 0) < 0)
		return -1;
	utimensat(above, name, times, AT_SYMLINK_NOFOLLOW); /* a time that cannot be set matters to nobody */
	return 0;
}

/* The directory itself was made by somebody who wants to get at it. */
static int unpack_top(const struct crash__trace *trace, size_t i, int top,
		      const struct crash__tree_entry *entry)
{
	if (!S_ISDIR(entry->mode))
		return -1;
	unpack_xattrs(trace, i, top, "");
	return fchmod(top, (entry->mode & 07777) | 0700);
}

static int unpack_entry(const struct crash__trace *trace, int top, size_t i,
			const struct crash__tree_entry *entry, const struct crash__trace_chunk *content)
{
	const char *path = entry->strings, *text = entry->text_bytes ? path + entry->path_bytes : NULL, *name;
	int above, result;

	if (!*path)
		return unpack_top(trace, i, top, entry);
	above = open_above(top, path, &name);
	if (above < 0)
		return -1;
	if (S_ISLNK(entry->mode))
		result = text ? symlinkat(text, above, name) : -1;
	else if (text)
		result = unpack_link(top, above, name, text);
	else if (S_ISDIR(entry->mode))
		result = mkdirat(above, name, 0700);
	else if (S_ISREG(entry->mode))
		result = unpack_file(trace, above, name, content);
	else
		result = mknodat(above, name, S_IFIFO | 0600, 0);
	/* a directory that may not be written to would refuse what is in it: its mode comes last */
	if (result == 0 && !S_ISDIR(entry->mode) && !(text && !S_ISLNK(entry->mode)))
		result = unpack_attributes(trace, i, above, name, entry);
	close(above);
	return result;
}

/* The entry in a chunk, if its lengths and strings are what they should be. */
static const struct crash__tree_entry *entry_in(const struct crash__trace_chunk *chunk)
{
	const struct crash__tree_entry *entry = (const void *)chunk->bytes;
	uint64_t strings;

	if (chunk->type != CRASH__CHUNK_ENTRY || chunk->count < sizeof *entry)
		return NULL;
	strings = (uint64_t)entry->path_bytes + entry->text_bytes;
	if (chunk->count - sizeof *entry != strings || entry->path_bytes == 0 ||
	    entry->path_bytes > PATH_MAX || entry->text_bytes > PATH_MAX ||
	    entry->strings[entry->path_bytes - 1] || (entry->text_bytes && entry->strings[strings - 1]))
		return NULL;
	return entry;
}

/* The chunk with what is in the file; NULL: it has none, or the entry is no file by its first name. */
static const struct crash__trace_chunk *content_of(const struct crash__trace *trace, size_t i,
						   const struct crash__tree_entry *entry)
{
	bool follows = i + 1 < trace->tree_count && trace->tree[i + 1].type == CRASH__CHUNK_CONTENT;

	return follows && S_ISREG(entry->mode) && !entry->text_bytes ? &trace->tree[i + 1] : NULL;
}

/* A size is what came with it: one that somebody made up would cost what they please. */
static bool has_its_size(const struct crash__tree_entry *entry, const struct crash__trace_chunk *content)
{
	return !S_ISREG(entry->mode) || entry->text_bytes || entry->size == (content ? content->count : 0);
}

static int unpack_next(const struct crash__trace *trace, int top, size_t i, const char *directory)
{
	const struct crash__tree_entry *entry = entry_in(&trace->tree[i]);
	const struct crash__trace_chunk *content = entry ? content_of(trace, i, entry) : NULL;

	if (trace->tree[i].type != CRASH__CHUNK_ENTRY)
		return 0;
	if (!entry)
		return crash__fail(CRASH_ETRACE, "the starting tree in the trace is damaged");
	if (!has_its_size(entry, content))
		return crash__fail(CRASH_ETRACE,
				   "the starting tree in the trace is damaged: %s is said to have %llu "
				   "bytes, and has %llu",
				   entry->strings, (unsigned long long)entry->size,
				   (unsigned long long)(content ? content->count : 0));
	if (unpack_entry(trace, top, i, entry, content) < 0)
		return crash__fail_errno("cannot unpack %s into %s", entry->strings, directory);
	return 0;
}

static int unpack_directory_modes(const struct crash__trace *trace, int top)
{
	for (size_t i = trace->tree_count; i-- > 0;) {
		const struct crash__tree_entry *entry = entry_in(&trace->tree[i]);
		const char *name;
		int above, result;

		if (!entry || !S_ISDIR(entry->mode))
			continue;
		if (!*entry->strings) {
			futimens(top, (struct timespec[]){{entry->mtime, entry->mtime_ns},
							  {entry->mtime, entry->mtime_ns}});
			continue;
		}
		above = open_above(top, entry->strings, &name);
		result = above < 0 ? -1 : unpack_attributes(trace, i, above, name, entry);
		if (above >= 0)
			close(above);
		if (result < 0)
			return -1;
	}
	return 0;
}

int crash__tree_unpack(const struct crash__trace *trace, const char *directory)
{
	json_t *head = read_head(trace);
	bool saved = json_is_true(json_object_get(head, "saved"));
	int top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;

	json_decref(head);
	if (!saved)
		error = crash__fail(CRASH_ETRACE,
				    "the starting tree is not in the trace: it was larger than --max-tree");
	else if (top < 0)
		error = crash__fail_errno("%s", directory);
	for (size_t i = 0; i < trace->tree_count && error == 0; i++)
		error = unpack_next(trace, top, i, directory);
	if (error == 0 && unpack_directory_modes(trace, top) < 0)
		error = crash__fail_errno("cannot set the modes of directories in %s", directory);
	if (top >= 0)
		close(top);
	return error;
}
