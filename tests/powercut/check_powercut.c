/* SPDX-License-Identifier: MIT */
/*
 * check_powercut.c - what real file systems leave after a power loss is what their models allow.
 *
 * Method. Random runs of a few ops are done on a real file system on a disk that notes what it is
 * asked to do (disk.h). In between, now and then, the rig does what a system does of its own accord at
 * any time: it writes pages back, or another program syncs its own file. Then power is cut at every
 * place of the notes, with all, none or some of what was in flight, down to sectors; the kernel mounts
 * and recovers that disk, and what it shows must be among the states that the model lets these ops
 * leave at that time. So no state of a real file system is missing in its model.
 *
 * The other way round nothing is required, only counted: states that a model allows and that never turned up.
 * Models of which nothing can be said this way: posix is not a file system, and what data=writeback shows of
 * lost data is whatever lay there.
 *
 *	CK_RUN_CASE=xfs		only that file system
 *	OPS="create b; ..."	these ops instead of random ones, as a failure prints them
 *	SEED=1			the random choices of another run
 *
 * That the rig finds what is missing is proven with a disk that lies about having flushed.
 */
#include <crashinject/crashinject.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/explore/trees.h"
#include "tests/powercut/allowed.h"
#include "tests/powercut/do_op.h"
#include "tests/powercut/runs.h"
#include "tests/unit/support.h"
#include "witness/disk.h"
#include "witness/power_cut.h"

#define MEBIBYTE (1u << 20)
#define MOST_SETS 100000 /* of which a run's states are found */
#define CUTS 24		 /* of one run, at most */

struct file_system {
	const char *name, *model, *make, *type, *options;
	unsigned int mebibytes;
	bool (*skips)(const struct run_ops *ops); /* runs that cannot be done or judged there */
	bool small_blocks;			  /* less than a page: a page goes in parts */
};

#define EXT "-q -F -J size=4 -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "
#define EXT4 "mkfs.ext4 -b 4096 " EXT

/*
 * Not among them is data=writeback (ext4-writeback, ext3-writeback): where data was lost there is what the
 * blocks held before, and whose that was no model can say.
 */
static const struct file_system file_systems[] = {
	{"ext4", "ext4", EXT4, "ext4", "", 40},
	{"ext4-1k", "ext4", "mkfs.ext4 -b 1024 " EXT, "ext4", "", 40, .small_blocks = true},
	{"ext4-nodelalloc", "ext4", EXT4, "ext4", "nodelalloc", 40},
	{"ext4-fast-commit", "ext4", EXT4 "-O fast_commit", "ext4", "", 40},
	{"ext4-journal", "ext4-journal", EXT4, "ext4", "data=journal", 40},
	{"ext4-dioread-lock", "ext4-dioread-lock", EXT4, "ext4", "dioread_lock", 40},
	{"ext3-ordered", "ext3-ordered", "mkfs.ext3 -b 4096 " EXT, "ext3", "data=ordered", 40, runs_allocate},
	{"xfs", "xfs", "mkfs.xfs -q -f -K", "xfs", "", 320},
	{"xfs-no-reflink", "xfs", "mkfs.xfs -q -f -K -m reflink=0", "xfs", "", 320},
	{"btrfs", "btrfs", "mkfs.btrfs -q -f -K", "btrfs", "", 256, runs_are_beyond_btrfs},
	{"btrfs-compress", "btrfs", "mkfs.btrfs -q -f -K", "btrfs", "compress-force=zstd", 256,
	 runs_are_beyond_btrfs},
};

#define FILE_SYSTEMS (sizeof file_systems / sizeof *file_systems)

/* ------------------------------------------------------------------ the real file system */

struct run {
	struct run_ops ops;
	size_t marks[RUNS_OPS]; /* how many notes there were when each op was over */
	struct disk_note *notes;
	size_t note_count;
	struct allowed allowed;
	bool sectors; /* the disk may tear pages */
	int reported; /* states that are not allowed */
};

struct rig {
	const struct file_system *system;
	struct crash__model model, paged; /* for disks that write whole pages */
	char mount[PATH_MAX], disk[PATH_MAX], base[PATH_MAX], data[PATH_MAX + 8], other[PATH_MAX + 8];
	struct disk_content *content;
	uint64_t random;
	bool lies; /* the disk answers a flush at once, and does nothing */
	unsigned long runs, cuts, skipped, refused, foreign;
	uint64_t allowed, seen;
};

static bool try_to_mount(struct rig *rig)
{
	const char *device = disk_attach();
	bool mounted = device && mount(device, rig->mount, rig->system->type, 0, rig->system->options) == 0;

	if (!mounted)
		disk_detach();
	return mounted;
}

static void mount_disk(struct rig *rig)
{
	ck_assert_msg(try_to_mount(rig), "mount %s: %m", rig->system->name);
}

static void unmount_disk(struct rig *rig)
{
	ck_assert_msg(umount(rig->mount) == 0, "umount: %m");
	ck_assert_int_eq(disk_detach(), 0);
}

static void write_other(struct rig *rig)
{
	int fd = open(rig->other, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	ck_assert_int_eq(write(fd, "other\n", 6), 6);
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
}

/* Returns why there can be none, or NULL. */
static const char *make_file_system(struct rig *rig)
{
	static char problem[64];
	char command[PATH_MAX];

	snprintf(problem, sizeof problem, "there is no %.*s", (int)strcspn(rig->system->make, " "),
		 rig->system->make);
	snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin:/sbin; command -v %s >/dev/null",
		 problem + 12);
	if (system(command) != 0)
		return problem;
	snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin:/sbin; %s %s >/dev/null 2>&1",
		 rig->system->make, disk_attach());
	ck_assert_msg(system(command) == 0, "%s failed", command);
	disk_detach();
	snprintf(problem, sizeof problem, "the kernel has no %s", rig->system->type);
	if (!try_to_mount(rig)) {
		ck_assert_msg(errno == ENODEV, "mount %s: %m", rig->system->name);
		return problem;
	}
	ck_assert_int_eq(mkdir(rig->data, 0755), 0);
	made_base(rig->data);
	write_other(rig);
	unmount_disk(rig);
	rig->content = disk_save();
	return NULL;
}

/* What the system may do at any time: write a file's pages back, or sync for somebody else. */
static void disturb(struct rig *rig)
{
	static const char *const names[] = {"a", "b", "c", "d/x", "e/x", "d/a"};
	char path[PATH_MAX + 16];
	int fd;

	switch (support_below(&rig->random, 8)) {
	case 0:
	case 1:
		snprintf(path, sizeof path, "%s/%s", rig->data, names[support_below(&rig->random, 6)]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
			close(fd);
		}
		break;
	case 2:
		write_other(rig);
		break;
	}
}

static void do_ops(struct rig *rig, struct run *run)
{
	struct act acting = {.open = -1};

	disk_load(rig->content);
	mount_disk(rig);
	acting.directory = open(rig->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < run->ops.count; i++) {
		runs_replay(&run->ops, i + 1);
		act(&acting, &run->ops.made, run->ops.list[i]);
		run->marks[i] = disk_notes();
		disturb(rig);
	}
	act_end(&acting);
	disturb(rig);
	if (support_below(&rig->random, 2))
		write_other(rig);
	run->notes = disk_take_notes(&run->note_count);
	ck_assert_ptr_nonnull(run->notes);
	close(acting.directory);
	unmount_disk(rig);
}

/* ------------------------------------------------------------------ power loss */

/* How many ops were over when the last one was that changes anything by itself: fallocate may change nothing.
 */
static int changed_by(const struct run *run, int ops)
{
	while (ops > 0 && run->ops.list[ops - 1]->kind == MADE_RESERVE)
		ops--;
	return ops;
}

static bool is_allowed(struct run *run, size_t cut, const char *text, int *over)
{
	int least = 0, most = 0;

	/* ops that were over when the last note was taken, and when the next one was */
	while (least < run->ops.count && run->marks[least] < cut)
		least++;
	while (most < run->ops.count && run->marks[most] <= cut)
		most++;
	for (*over = least; *over <= most; ++*over) {
		bool found = allowed_has(&run->allowed, changed_by(run, *over), text);

		if (*over < run->ops.count)
			found |= allowed_has(&run->allowed, changed_by(run, *over + 1), text);
		if (!found)
			return false;
	}
	return true;
}

static void report(struct rig *rig, const struct run *run, size_t cut, const char *text, int over)
{
	char *at = allowed_text(&run->allowed, over), *next = allowed_text(&run->allowed, over + 1);

	printf("%s: %s\nafter %d ops, note %d of %d, there was:\n\t%s\nallowed are:\n%.2000sor:\n%.2000s\n",
	       rig->system->name, runs_text(&run->ops), over, (int)cut, (int)run->note_count, text, at, next);
	fflush(stdout);
	free(at);
	free(next);
}

/* Recovers, and looks. */
static void check_cut(struct rig *rig, struct run *run, size_t cut, bool all)
{
	const struct power_cut power = {.content = rig->content,
					.notes = run->notes,
					.cut = cut,
					.all = all,
					.sectors = run->sectors,
					.lies = rig->lies};
	char *text;
	int over;

	power_cut(&power, &rig->random);
	ck_assert(!disk_is_full());
	if (!try_to_mount(rig)) {
		/* the tree is not to be had: no model speaks of that */
		ck_assert_msg((run->sectors && !all) || rig->lies, "%s: %s: mount: %m", rig->system->name,
			      runs_text(&run->ops));
		rig->refused++;
		return;
	}
	text = allowed_read(&rig->model, run->ops.count, rig->data);
	unmount_disk(rig);
	rig->cuts++;
	if (!is_allowed(run, cut, text, &over)) {
		rig->foreign++;
		if (!rig->lies && run->reported++ == 0)
			report(rig, run, cut, text, over);
	}
	free(text);
}

/* False: they are given, and cannot be done or judged here. */
static bool choose_ops(struct rig *rig, struct run_ops *ops)
{
	bool given = getenv("OPS") != NULL, skips;

	do {
		runs_choose(ops, &rig->random);
		skips = rig->system->skips && rig->system->skips(ops);
	} while (skips && !given);
	return !skips;
}

static void check_run(struct rig *rig)
{
	static struct run run;
	size_t cut;

	if (!choose_ops(rig, &run.ops))
		return;
	run.reported = 0;
	run.sectors = support_below(&rig->random, 2);
	if (!allowed_find(&run.allowed, &run.ops.made, rig->base, run.sectors ? &rig->model : &rig->paged,
			  MOST_SETS)) {
		rig->skipped++;
		return;
	}
	do_ops(rig, &run);
	for (int i = 0; i < CUTS; i++) {
		bool every = run.note_count < CUTS / 2;

		if (every && i > 2 * (int)run.note_count)
			break;
		cut = every ? (size_t)i / 2 : support_below(&rig->random, run.note_count + 1);
		check_cut(rig, &run, cut, every ? i % 2 == 0 : support_below(&rig->random, 3) == 0);
	}
	rig->runs++;
	rig->allowed += run.allowed.count;
	rig->seen += run.allowed.seen;
	disk_notes_free(run.notes, run.note_count);
	allowed_clear(&run.allowed);
}

static const char *open_rig(struct rig *rig, const struct file_system *system)
{
	char directory[PATH_MAX];
	const char *problem;

	memset(rig, 0, sizeof *rig);
	rig->system = system;
	/* what the kernel has never been asked is for `make powercut`: a change is not to blame for its
	 * answer */
	rig->random = getenv("CRASHINJECT_LONG") || getenv("SEED") ? support_seed() : 1;
	rig->model = rig->paged = trees_model(system->model);
	if (rig->paged.tear && rig->paged.tear < (int)DISK_PAGE && !system->small_blocks)
		rig->paged.tear = DISK_PAGE;
	support_directory(directory);
	snprintf(rig->mount, sizeof rig->mount, "%.4000s/mount", directory);
	snprintf(rig->disk, sizeof rig->disk, "%.4000s/disk", directory);
	snprintf(rig->base, sizeof rig->base, "%.4000s/base", directory);
	snprintf(rig->data, sizeof rig->data, "%s/data", rig->mount);
	snprintf(rig->other, sizeof rig->other, "%s/other", rig->mount);
	ck_assert(mkdir(rig->mount, 0755) == 0 && mkdir(rig->disk, 0755) == 0 && mkdir(rig->base, 0755) == 0);
	made_base(rig->base);
	problem = disk_open(rig->disk, (uint64_t)system->mebibytes * MEBIBYTE);
	return problem ? problem : make_file_system(rig);
}

/* What has been outside of a model once, by the words of docs/FINDINGS.md. */
static const char *const found[] = {
	"far a 270; dsync-in a",
	"append a 20000; sync-range a",
	"append a 20000; msync-range a",
	"append a 7000; direct a 4096",
	"append a 3586; clone a 8192",
	"shrink a; append a 20000; msync-range a",
	"create b; reserve b 4096; append b 100; rename b a",
	"create b; append b 600; exchange b a",
	"mkdir d; create d/x; fsync d/x; rename d e; fsync e/x",
};

static void check_found(struct rig *rig, int rounds)
{
	if (getenv("OPS"))
		return;
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		setenv("OPS", found[i], 1);
		for (int round = 0; round < rounds; round++)
			check_run(rig);
	}
	unsetenv("OPS");
}

START_TEST(models_allow_whatever_a_real_power_loss_leaves)
{
	struct rig rig;
	const char *problem = open_rig(&rig, &file_systems[_i]);
	int rounds = support_rounds(10);

	if (problem)
		support_skip(problem);
	for (int i = 0; i < rounds; i++)
		check_run(&rig);
	check_found(&rig, rounds / 5);
	printf("%s: %lu runs, %lu power losses, %lu that the model does not allow; of %lu states that it "
	       "allows after the "
	       "runs' ops, %lu were seen; %lu runs had too many; %lu disks with torn sectors could not be "
	       "mounted\n",
	       rig.system->name, rig.runs, rig.cuts, rig.foreign, (unsigned long)rig.allowed,
	       (unsigned long)rig.seen, rig.skipped, rig.refused);
	fflush(stdout);
	disk_close();
	ck_assert_uint_eq(rig.foreign, 0);
}
END_TEST

START_TEST(a_disk_that_lies_about_flushes_is_found_out)
{
	struct rig rig;
	const char *problem = open_rig(&rig, &file_systems[0]);

	if (problem)
		support_skip(problem);
	rig.lies = true;
	for (int i = 0; i < 100 && rig.foreign < 3; i++)
		check_run(&rig);
	disk_close();
	ck_assert_uint_ge(rig.foreign, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("powercut");

	for (size_t i = 0; i < FILE_SYSTEMS; i++) {
		TCase *tcase = tcase_create(file_systems[i].name);

		tcase_set_timeout(tcase, 3600);
		tcase_add_loop_test(tcase, models_allow_whatever_a_real_power_loss_leaves, (int)i,
				    (int)i + 1);
		suite_add_tcase(suite, tcase);
	}
	support_case(suite, "lies", a_disk_that_lies_about_flushes_is_found_out, NULL);
	return support_run(suite);
}
