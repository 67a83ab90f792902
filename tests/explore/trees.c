/* SPDX-License-Identifier: MIT */
#include "tests/explore/trees.h"

#include <crashinject/crashinject.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "runner/run.h"
#include "tests/unit/support.h"
#include "trace/reader.h"

/* ------------------------------------------------------------------ starting trees */

static void make_file(int at, const char *name, mode_t mode, uint64_t *random, size_t bytes, off_t offset)
{
	unsigned char *content = malloc(bytes + 1);
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "cannot make %s", name);
	for (size_t i = 0; i < bytes; i++)
		content[i] = (unsigned char)support_random(random);
	ck_assert_int_eq(pwrite(fd, content, bytes, offset), (ssize_t)bytes);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	free(content);
}

void trees_start(const char *directory, uint64_t seed, bool links)
{
	static const char *const directories[] = {"a", "a/b", "a/b/c", "d", "d/e"};
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(at, 0);
	/* an umask would make the modes differ from run to run */
	umask(022);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		ck_assert_int_eq(mkdirat(at, directories[i], i % 2 ? 0700 : 0755), 0);
	make_file(at, "b", 0644, &seed, 100, 0);
	make_file(at, "a/d", 0640, &seed, 10000, 0);
	make_file(at, "a/b/e", 0600, &seed, 4096, 0);
	make_file(at, "a/b/c/a", 0444, &seed, 1, 0);
	make_file(at, "d/a", 0644, &seed, 5000, 40000);
	make_file(at, "d/b", 0644, &seed, 0, 0);
	make_file(at, "d/e/c", 0644, &seed, 8192, 0);
	for (size_t i = 0; links && i < 2; i++)
		ck_assert_int_eq(linkat(at, "a/d", at, i ? "a/b/c/b" : "d/d", 0), 0);
	ck_assert_int_eq(symlinkat("b", at, "c"), 0);
	ck_assert_int_eq(symlinkat("../a/b", at, "d/c"), 0);
	ck_assert_int_eq(symlinkat("nowhere", at, "a/c"), 0);
	ck_assert_int_eq(mkfifoat(at, "e", 0622), 0);
	ck_assert_int_eq(fchmodat(at, "e", 0622, 0), 0);
	close(at);
}

/* ------------------------------------------------------------------ trees as text */

struct lines {
	char **list;
	size_t count;
};

static void add_line(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_line(struct lines *lines, const char *format, ...)
{
	va_list args;

	lines->list = realloc(lines->list, (lines->count + 1) * sizeof *lines->list);
	ck_assert_ptr_nonnull(lines->list);
	va_start(args, format);
	ck_assert_int_ge(vasprintf(&lines->list[lines->count++], format, args), 0);
	va_end(args);
}

const char *trees_owner(uint32_t uid, uint32_t gid)
{
	static char text[64];

	if (geteuid() != 0)
		return "";
	snprintf(text, sizeof text, " owner %u:%u", uid, gid);
	return text;
}

/* Opens a file of ours, also one that we may not read. */
static int open_ours(int at, const char *name, mode_t mode)
{
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && fchmodat(at, name, mode | S_IRUSR, 0) == 0) {
		fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		ck_assert_int_eq(fchmodat(at, name, mode, 0), 0);
	}
	return fd;
}

static uint64_t hash_file(int at, const char *name, mode_t mode)
{
	int fd = open_ours(at, name, mode);
	XXH64_state_t *state = XXH64_createState();
	static unsigned char buffer[1 << 16];
	uint64_t hash;
	ssize_t got;

	ck_assert_msg(fd >= 0, "cannot read %s: %m", name);
	XXH64_reset(state, 0);
	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		XXH64_update(state, buffer, (size_t)got);
	hash = XXH64_digest(state);
	XXH64_freeState(state);
	close(fd);
	return hash;
}

static void list_directory(struct lines *lines, int parent, const char *name, const char *path);

/* A directory of ours, also one that we may not search. */
static void list_closed(struct lines *lines, int parent, const char *name, const char *path, mode_t mode)
{
	bool closed = (mode & S_IRWXU) != S_IRWXU && geteuid() != 0;

	if (closed)
		ck_assert_int_eq(fchmodat(parent, name, mode | S_IRWXU, 0), 0);
	list_directory(lines, parent, name, path);
	if (closed)
		ck_assert_int_eq(fchmodat(parent, name, mode, 0), 0);
}

static void list_directory(struct lines *lines, int parent, const char *name, const char *path)
{
	int at = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fdopendir(at);
	struct dirent *entry;

	ck_assert_msg(stream != NULL, "cannot list %s: %m", path);
	while ((entry = readdir(stream)) != NULL) {
		char below[PATH_MAX], text[PATH_MAX] = "";
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%.3000s/%s", path, entry->d_name);
		ck_assert_msg(fstatat(at, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0, "%s: %m", below);
		switch (status.st_mode & S_IFMT) {
		case S_IFDIR: /* what a directory's links and size are is the file system's affair */
			add_line(lines, "%s directory %04o%s", below, status.st_mode & 07777,
				 trees_owner(status.st_uid, status.st_gid));
			list_closed(lines, at, entry->d_name, below, status.st_mode & 07777);
			break;
		case S_IFLNK:
			ck_assert_int_ge(readlinkat(at, entry->d_name, text, sizeof text - 1), 0);
			add_line(lines, "%s link %lu -> %s", below, (unsigned long)status.st_nlink, text);
			break;
		case S_IFREG:
			add_line(lines, "%s file %04o links %lu size %ld content %016lx%s", below,
				 status.st_mode & 07777, (unsigned long)status.st_nlink, (long)status.st_size,
				 (unsigned long)hash_file(at, entry->d_name, status.st_mode & 07777),
				 trees_owner(status.st_uid, status.st_gid));
			break;
		default:
			add_line(lines, "%s other %06o", below, status.st_mode);
			break;
		}
	}
	closedir(stream);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *trees_text(const char *directory)
{
	struct lines lines = {NULL, 0};
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	list_directory(&lines, AT_FDCWD, directory, ".");
	if (lines.count)
		qsort(lines.list, lines.count, sizeof *lines.list, compare_lines);
	for (size_t i = 0; i < lines.count; i++) {
		fprintf(stream, "%s\n", lines.list[i]);
		free(lines.list[i]);
	}
	free(lines.list);
	fclose(stream);
	return text;
}

const char *trees_differ(const char *is, const char *should)
{
	static char message[3 * PATH_MAX];

	while (*is && *should) {
		size_t is_length = strcspn(is, "\n"), should_length = strcspn(should, "\n");

		if (is_length != should_length || memcmp(is, should, is_length) != 0)
			break;
		is += is_length + 1;
		should += should_length + 1;
	}
	snprintf(message, sizeof message, "is \"%.*s\", should be \"%.*s\"", (int)strcspn(is, "\n"), is,
		 (int)strcspn(should, "\n"), should);
	return message;
}

void trees_copy(const char *from, const char *to)
{
	char command[3 * PATH_MAX];

	snprintf(command, sizeof command, "cp -a '%s/.' '%s/'", from, to);
	ck_assert_msg(system(command) == 0, "%s failed", command);
}

/* ------------------------------------------------------------------ recordings */

void trees_run(const char *directory, const char *const *argv, int trace)
{
	struct crash__request request = crash__request_new();
	struct crash_out out;

	request.opts.program = argv[0];
	request.opts.args = argv + 1;
	request.opts.dir = directory;
	request.opts.cwd = directory;
	request.opts.root = directory;
	request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA;
	request.trace = trace;
	trees_ok(crash__run(&request, &out));
	ck_assert_msg(out.exit_code == 0, "%s ended with %d (signal %d): %s%s", argv[0], out.exit_code,
		      out.signal, out.stdout_data, out.stderr_data);
	ck_assert_msg(out.complete, "%s: %s", argv[0], out.incomplete_reasons[0]);
	crash_out_clear(&out);
}

void trees_read(int fd, struct crash__trace *trace)
{
	trees_ok(crash__trace_open_fd(fd, "the recording", trace));
	ck_assert(!trace->cut);
}

void trees_record(const char *directory, const char *const *argv, struct crash__trace *trace)
{
	int fd = memfd_create("crashinject-trace", MFD_CLOEXEC);

	trees_run(directory, argv, fd);
	trees_read(fd, trace);
	close(fd);
}

struct crash__model trees_model(const char *name)
{
	struct crash__model model;

	trees_ok(crash__model_read(name, &model));
	return model;
}

struct crash__model trees_random_model(uint64_t *random)
{
	static const int tears[] = {0, 1, 512, 4096};
	struct crash__model model = {
		.name = "random",
		.tear = tears[support_below(random, 4)],
		.lost_data = (int)support_below(random, 3),
		.rename_atomic = (int)support_below(random, 2),
		.dirop_atomic = (int)support_below(random, 2),
		.truncate_atomic = (int)support_below(random, 2),
		.truncate_tail = (int)support_below(random, 3),
		.dirop_order = (int)support_below(random, 3),
		.overwrite_order = (int)support_below(random, 2),
		.append_order = (int)support_below(random, 2),
		.same_file_append_order = (int)support_below(random, 2),
		.data_before_metadata = (int)support_below(random, 4),
		.grow_by_pages = (int)support_below(random, 2),
		.no_page_sizes = (int)support_below(random, 2),
		.no_reflinks = (int)support_below(random, 2),
		.moves_data = (int)support_below(random, 3),
		.no_reuse = (int)support_below(random, 2),
		.fsync_own_entry = (int)support_below(random, 2),
		.fsync_commits_metadata = (int)support_below(random, 2),
		.fsync_exchanged = (int)support_below(random, 2),
		.sync_overwrites = (int)support_below(random, 2),
		.safe_rename = (int)support_below(random, 3),
		.safe_truncate = (int)support_below(random, 2),
		.fdatasync_drops = (int)support_below(random, 3),
		.failed_size_kept = (int)support_below(random, 2),
		.failed_rewrite_kept = (int)support_below(random, 2),
	};

	return model;
}
