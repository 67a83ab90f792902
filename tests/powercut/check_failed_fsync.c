/* SPDX-License-Identifier: MIT */
/*
 * check_failed_fsync.c - what real file systems do after an fsync that failed.
 *
 * Method. A file that is safe on the disk is written to: over its bytes, in its last block behind its end, or
 * in blocks behind that. The disk answers EIO to the writes of these bytes, or to flushes (disk.h), until an
 * fsync has returned, and works from then on. A second fsync follows; then what a reader sees is noted, and
 * what is there after a power loss right now, or after a sync of the whole file system. In a third run the
 * same place is written to again before the power goes, and fsync is called once more. All of it must be as
 * the table says, on which `failed-fsync-*` in models/ rest.
 *
 * Kernels differ. A row is required of those that it names; what others do is printed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "witness/disk.h"
#include "tests/unit/support.h"

#define MEBIBYTE (1u << 20)

struct file_system {
	const char *make, *type, *options;
	unsigned int mebibytes;
};

#define EXT "-q -F -b 4096 -J size=4 -E nodiscard,lazy_itable_init=0,lazy_journal_init=0"

static const struct file_system ext4 = {"mkfs.ext4 " EXT, "ext4", "", 40},
				dioread_lock = {"mkfs.ext4 " EXT, "ext4", "dioread_lock", 40},
				nodelalloc = {"mkfs.ext4 " EXT, "ext4", "nodelalloc", 40},
				journal = {"mkfs.ext4 " EXT, "ext4", "data=journal", 40},
				writeback = {"mkfs.ext4 " EXT, "ext4", "data=writeback", 40},
				ext3_writeback = {"mkfs.ext3 " EXT, "ext3", "data=writeback", 40},
				ext3 = {"mkfs.ext3 " EXT, "ext3", "data=ordered", 40},
				xfs = {"mkfs.xfs -q -f -K", "xfs", "", 320},
				btrfs = {"mkfs.btrfs -q -f -K", "btrfs", "", 256};

enum kind {
	OVERWRITE,   /* of its bytes */
	FILL,	     /* behind its end, in its last block */
	APPEND,	     /* in new blocks */
	APPEND_PART, /* the same, and only the beginning is written again */
	NAME,	     /* a file is made, and the directory is synced */
	KINDS,
};

static const struct {
	uint64_t old_bytes, at, bytes, again_bytes;
} writes[KINDS] = {
	[OVERWRITE] = {8192, 0, 8192, 8192},
	[FILL] = {510, 510, 1000, 1000},
	[APPEND] = {4096, 4096, 8192, 8192},
	[APPEND_PART] = {4096, 4096, 8192, 100},
	[NAME] = {4096, 0, 0, 0},
};

enum fails { DATA, FLUSHES };

/*
 * Results are "0" or the name of an error. Contents are what the file has one behind the other: "old" bytes,
 * "new" ones, those that were written "again", and "zero"; or it is "empty", or there is "none".
 */
struct seen {
	char first[16], second[16]; /* results of the fsyncs */
	char cached[64];	    /* what a reader sees after the second */
	char later[64];		    /* what is there after a power loss at that time */
	char committed[64];	    /* and after one that a sync of the file system came before */
	char third[16];		    /* result of writing again, and of the fsync after it */
	char rewritten[64];	    /* what is there after a power loss then */
};

struct row {
	const char *name;
	const struct file_system *system;
	enum kind kind;
	enum fails fails;
	const char *kernels; /* the beginnings of their names */
	struct seen seen;
	const char *second_too; /* what the second fsync has returned, too; NULL: only what is seen */
};

#define BOTH "6.1 6.18"

static const struct row rows[] = {
	{"ext4 overwrite", &ext4, OVERWRITE, DATA, BOTH, {"EIO", "0", "new", "old", "old", "0", "again"}},
	{"ext4 fill",
	 &ext4,
	 FILL,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old again"}},
	{"ext4 append",
	 &ext4,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old zero"}},
	{"ext4 append, 6.1",
	 &ext4,
	 APPEND,
	 DATA,
	 "6.1",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old again"}},
	{"ext4 dioread_lock append",
	 &dioread_lock,
	 APPEND,
	 DATA,
	 BOTH,
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old again"}},
	{"ext4 nodelalloc append",
	 &nodelalloc,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old again"}},
	{"ext3 append",
	 &ext3,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old again"}},
	{"ext4 data=writeback append",
	 &writeback,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old zero"}},
	{"ext3 data=writeback append",
	 &ext3_writeback,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old zero", "old zero", "0", "old again"}},
	{"ext4 data=journal overwrite",
	 &journal,
	 OVERWRITE,
	 DATA,
	 "6.18",
	 {"EROFS", "EROFS", "new", "old", "old", "EROFS", "old"}},
	{"ext4 data=journal append",
	 &journal,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EROFS", "EROFS", "old new", "old", "old", "EROFS", "old"}},
	{"xfs overwrite", &xfs, OVERWRITE, DATA, BOTH, {"EIO", "0", "new", "old", "old", "0", "again"}},
	{"xfs fill", &xfs, FILL, DATA, "6.18", {"EIO", "0", "old new", "old", "old", "0", "old again"}},
	{"xfs append", &xfs, APPEND, DATA, BOTH, {"EIO", "0", "old new", "old", "old", "0", "old again"}},
	{"xfs append, in part",
	 &xfs,
	 APPEND_PART,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old", "old", "0", "old again new"}},
	{"btrfs overwrite", &btrfs, OVERWRITE, DATA, "6.18", {"EIO", "0", "new", "old", "old", "0", "again"}},
	{"btrfs append",
	 &btrfs,
	 APPEND,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old", "old", "0", "old again"},
	 "EIO"}, /* once on a busy machine: the error came again */
	{"btrfs append, in part",
	 &btrfs,
	 APPEND_PART,
	 DATA,
	 "6.18",
	 {"EIO", "0", "old new", "old", "old", "0", "old again new zero"}},
	{"btrfs overwrite, 6.1",
	 &btrfs,
	 OVERWRITE,
	 DATA,
	 "6.1",
	 {"EIO", "0", "old", "old", "old", "0", "again"}},
	{"ext4 append, flush",
	 &ext4,
	 APPEND,
	 FLUSHES,
	 "6.18",
	 {"EIO", "0", "old new", "old", "old", "EROFS", "old"}},
	{"ext3 append, flush",
	 &ext3,
	 APPEND,
	 FLUSHES,
	 "6.18",
	 {"EIO", "0", "old new", "old", "old", "EROFS", "old"}},
	{"xfs append, flush",
	 &xfs,
	 APPEND,
	 FLUSHES,
	 "6.18",
	 {"EIO", "EIO", "EIO", "old", "old", "EIO", "old"}},
	{"btrfs append, flush",
	 &btrfs,
	 APPEND,
	 FLUSHES,
	 "6.18",
	 {"EIO", "0", "old new", "old", "old", "EROFS", "old"}},
	{"ext4 name, flush",
	 &ext4,
	 NAME,
	 FLUSHES,
	 "6.18",
	 {"EIO", "0", "empty", "none", "none", "EROFS", "none"}},
	{"xfs name, flush", &xfs, NAME, FLUSHES, "6.18", {"EIO", "0", "EIO", "none", "none", "EIO", "none"}},
	{"btrfs name, flush",
	 &btrfs,
	 NAME,
	 FLUSHES,
	 "6.18",
	 {"EIO", "0", "empty", "none", "none", "EROFS", "none"}},
};

#define ROWS (sizeof rows / sizeof *rows)

/* The bytes, by the words for them. */
static const unsigned char old = 0x6f, new = 0xd7, again = 0xa5;

struct rig {
	const struct file_system *system;
	char mount[PATH_MAX], disk[PATH_MAX], file[PATH_MAX + 8];
	struct disk_content *content;
};

/* ------------------------------------------------------------------ the file system */

static bool try_to_mount(const struct rig *rig)
{
	bool mounted = mount(disk_attach(), rig->mount, rig->system->type, 0, rig->system->options) == 0;

	if (!mounted)
		disk_detach();
	return mounted;
}

static void unmount_disk(const struct rig *rig)
{
	ck_assert_msg(umount(rig->mount) == 0, "umount: %m");
	disk_detach();
}

static void note_result(char result[16], bool good)
{
	int error = good ? 0 : errno;

	if (error == EIO || error == EROFS)
		snprintf(result, 16, "%s", error == EIO ? "EIO" : "EROFS");
	else if (error == ENOENT)
		snprintf(result, 16, "none");
	else
		snprintf(result, 16, "%d", error);
}

static void write_bytes(int fd, unsigned char byte, uint64_t at, uint64_t bytes, char result[16])
{
	unsigned char buffer[2 * DISK_PAGE];

	memset(buffer, byte, sizeof buffer);
	note_result(result, pwrite(fd, buffer, bytes, (off_t)at) == (ssize_t)bytes);
}

/* Returns why there can be none, or NULL. */
static const char *make_file_system(struct rig *rig)
{
	static char problem[64];
	char command[PATH_MAX];

	snprintf(problem, sizeof problem, "there is no %.*s", (int)strcspn(rig->system->make, " "),
		 rig->system->make);
	snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin:/sbin; command -v %s >/dev/null",
		 problem + strlen("there is no "));
	if (system(command) != 0)
		return problem;
	snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin:/sbin; %s %s >/dev/null 2>&1",
		 rig->system->make, disk_attach());
	ck_assert_msg(system(command) == 0, "%s failed", command);
	disk_detach();
	snprintf(problem, sizeof problem, "the kernel has no %s", rig->system->type);
	if (try_to_mount(rig))
		return NULL;
	ck_assert_msg(errno == ENODEV, "mount: %m");
	return problem;
}

static void make_file(struct rig *rig, enum kind kind)
{
	int fd = open(rig->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char result[16];

	write_bytes(fd, old, 0, writes[kind].old_bytes, result);
	ck_assert_str_eq(result, "0");
	close(fd);
	unmount_disk(rig);
	rig->content = disk_save();
}

static const char *word_for(unsigned char byte)
{
	return byte == old   ? "old" :
	       byte == new   ? "new" :
	       byte == again ? "again" :
	       byte	     ? "foreign" :
			       "zero";
}

/* What the file has, in words; or the error that there is instead. */
static void read_file(const struct rig *rig, char text[64])
{
	unsigned char bytes[4 * DISK_PAGE];
	int fd = open(rig->file, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	note_result(text, count >= 0);
	if (count == 0)
		snprintf(text, 64, "empty");
	for (ssize_t i = 0; i < count; i++) {
		if (i == 0)
			text[0] = '\0';
		if (i == 0 || bytes[i] != bytes[i - 1])
			snprintf(text + strlen(text), 64 - strlen(text), "%s%s", i ? " " : "",
				 word_for(bytes[i]));
	}
	if (fd >= 0)
		close(fd);
}

/* ------------------------------------------------------------------ one run */

enum run { CUT, SYNC_AND_CUT, WRITE_AGAIN_AND_CUT };

/* What is there after the power went away, with all that the disk has done until now. */
static void cut_power(const struct rig *rig, char text[64])
{
	size_t count;
	struct disk_note *notes = disk_take_notes(&count);

	unmount_disk(rig);
	disk_load(rig->content);
	for (size_t i = 0; i < count; i++)
		if (notes[i].bytes)
			disk_apply(&notes[i], 0, notes[i].bytes);
	disk_notes_free(notes, count);
	ck_assert_msg(try_to_mount(rig), "mount: %m");
	read_file(rig, text);
	unmount_disk(rig);
}

static void fail_requests(enum fails fails)
{
	struct disk_failure failure = {.flushes = fails == FLUSHES};

	if (fails == DATA)
		memset(failure.holding, new, sizeof failure.holding);
	disk_fail(&failure);
}

static void make_name(int directory, const char *name, char result[16])
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	note_result(result, fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void change(const struct row *row, int fd, bool first, char result[16])
{
	uint64_t bytes = first ? writes[row->kind].bytes : writes[row->kind].again_bytes;

	if (row->kind == NAME)
		make_name(fd, first ? "g" : "h", result);
	else
		write_bytes(fd, first ? new : again, writes[row->kind].at, bytes, result);
}

static void do_run(const struct rig *rig, const struct row *row, enum run kind, struct seen *seen)
{
	char result[16];
	int fd;

	disk_load(rig->content);
	ck_assert_msg(try_to_mount(rig), "mount: %m");
	fd = row->kind == NAME ? open(rig->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
				 open(rig->file, O_RDWR | O_CLOEXEC);
	change(row, fd, true, result);
	ck_assert_str_eq(result, "0");
	fail_requests(row->fails);
	note_result(seen->first, fsync(fd) == 0);
	ck_assert_uint_gt(disk_failed(), 0);
	disk_fail(&(struct disk_failure){0});
	note_result(seen->second, fsync(fd) == 0);
	read_file(rig, seen->cached);
	if (kind == SYNC_AND_CUT)
		syncfs(fd);
	if (kind == WRITE_AGAIN_AND_CUT) {
		change(row, fd, false, seen->third);
		if (strcmp(seen->third, "0") == 0)
			note_result(seen->third, fsync(fd) == 0);
	}
	close(fd);
	cut_power(rig, kind == CUT ? seen->later : kind == SYNC_AND_CUT ? seen->committed : seen->rewritten);
}

/* ------------------------------------------------------------------ the table */

static void seen_text(const struct seen *seen, char out[512])
{
	snprintf(out, 512,
		 "fsync: %s, then %s; a reader sees: %s; after a power loss: %s; after sync and a power "
		 "loss: %s; "
		 "written again: %s, and after a power loss: %s",
		 seen->first, seen->second, seen->cached, seen->later, seen->committed, seen->third,
		 seen->rewritten);
}

/* Whether a kernel is one of those named: "6.1.176-1" is a "6.1", and "6.18.44" is not. */
static bool is_of(const char *release, const char *kernels)
{
	for (const char *at = kernels; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		if (strncmp(release, at, length) == 0 && (release[length] < '0' || release[length] > '9'))
			return true;
		at += length;
	}
	return false;
}

static const char *open_rig(struct rig *rig, const struct row *row)
{
	char directory[PATH_MAX];
	const char *problem;

	memset(rig, 0, sizeof *rig);
	rig->system = row->system;
	support_directory(directory);
	snprintf(rig->mount, sizeof rig->mount, "%.4000s/mount", directory);
	snprintf(rig->disk, sizeof rig->disk, "%.4000s/disk", directory);
	snprintf(rig->file, sizeof rig->file, "%s/f", rig->mount);
	ck_assert(mkdir(rig->mount, 0755) == 0 && mkdir(rig->disk, 0755) == 0);
	problem = disk_open(rig->disk, (uint64_t)row->system->mebibytes * MEBIBYTE);
	return problem ? problem : make_file_system(rig);
}

START_TEST(a_failed_fsync_is_as_the_table_says)
{
	const struct row *row = &rows[_i];
	char text[512], expected[512];
	struct utsname kernel;
	struct seen seen, known = row->seen;
	struct rig rig;
	const char *problem = open_rig(&rig, row);

	if (problem)
		support_skip(problem);
	make_file(&rig, row->kind);
	if (row->kind == NAME)
		snprintf(rig.file, sizeof rig.file, "%s/g", rig.mount);
	for (enum run kind = CUT; kind <= WRITE_AGAIN_AND_CUT; kind++)
		do_run(&rig, row, kind, &seen);
	disk_close();
	uname(&kernel);
	seen_text(&seen, text);
	if (row->second_too && strcmp(seen.second, row->second_too) == 0)
		strcpy(known.second, row->second_too);
	seen_text(&known, expected);
	if (is_of(kernel.release, row->kernels))
		ck_assert_msg(strcmp(text, expected) == 0, "%s: %s; should be: %s", row->name, text,
			      expected);
	else
		printf("%s, of Linux %s, is not required of %s, which has: %s\n", row->name, row->kernels,
		       kernel.release, text);
	fflush(stdout);
}
END_TEST

START_TEST(kernels_are_told_apart)
{
	ck_assert(is_of("6.1.176-1-amd64", "6.1 6.18") && is_of("6.18.44-x", "6.1 6.18"));
	ck_assert(is_of("6.1", "6.1") && !is_of("6.18.44", "6.1") && !is_of("6.12.1", "6.1 6.18"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failed fsync");

	for (size_t i = 0; i < ROWS; i++) {
		TCase *tcase = tcase_create(rows[i].name);

		tcase_set_timeout(tcase, 120);
		tcase_add_loop_test(tcase, a_failed_fsync_is_as_the_table_says, (int)i, (int)i + 1);
		suite_add_tcase(suite, tcase);
	}
	support_case(suite, "kernels", kernels_are_told_apart, NULL);
	return support_run(suite);
}
