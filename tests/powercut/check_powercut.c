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
 * Of posix nothing can be said this way: it is not a file system. Where a model says that lost data shows as
 *what lay there, it may show as anything.
 *
 *	CK_RUN_CASE=xfs		only that file system
 *	OPS="create b; ..."	these ops instead of random ones, as a failure prints them
 *	SEED=1			the random choices of another run
 *	BUDGET=60		no further run is begun after so many seconds
 *
 * That the rig finds what is missing is proven with a disk that lies about having flushed.
 */
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#include "tests/powercut/classes.h"
#include "tests/powercut/rig.h"
#include "tests/powercut/shrink.h"
#include "tests/unit/support.h"

#define CUTS 24 /* of one run, at most */
#define FEW_OPS 9
#define CLASSES 12 /* that were never seen and are printed */

#define EXT "-q -F -J size=4 -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "
#define EXT4 "mkfs.ext4 -b 4096 " EXT

static const struct file_system file_systems[] = {
	{"ext4", "ext4", EXT4, "ext4", "", 40},
	{"ext4-1k", "ext4", "mkfs.ext4 -b 1024 " EXT, "ext4", "", 40, .small_blocks = true},
	{"ext4-nodelalloc", "ext4", EXT4, "ext4", "nodelalloc", 40},
	{"ext4-fast-commit", "ext4", EXT4 "-O fast_commit", "ext4", "", 40, runs_are_beyond_fast_commit},
	{"ext4-journal", "ext4-journal", EXT4, "ext4", "data=journal", 40},
	{"ext4-dioread-lock", "ext4-dioread-lock", EXT4, "ext4", "dioread_lock", 40},
	{"ext3-ordered", "ext3-ordered", "mkfs.ext3 -b 4096 " EXT, "ext3", "data=ordered", 40,
	 runs_are_beyond_ext3},
	{"xfs", "xfs", "mkfs.xfs -q -f -K", "xfs", "", 320},
	{"xfs-no-reflink", "xfs", "mkfs.xfs -q -f -K -m reflink=0", "xfs", "", 320},
	{"btrfs", "btrfs", "mkfs.btrfs -q -f -K", "btrfs", "", 256, runs_are_beyond_btrfs},
	{"btrfs-compress", "btrfs", "mkfs.btrfs -q -f -K", "btrfs", "compress-force=zstd", 256,
	 runs_are_beyond_btrfs},
	{"f2fs", "f2fs", "mkfs.f2fs -q -f -t 0", "f2fs", "", 64, .whole_blocks = true},
	{"f2fs-lfs", "f2fs", "mkfs.f2fs -q -f -t 0", "f2fs", "mode=lfs", 64, .whole_blocks = true},
	{"f2fs-strict", "f2fs", "mkfs.f2fs -q -f -t 0", "f2fs", "fsync_mode=strict", 64,
	 .whole_blocks = true},
	{"ext4-writeback", "ext4-writeback", EXT4, "ext4", "data=writeback", 40, runs_are_beyond_writeback},
	{"ext3-writeback", "ext3-writeback", "mkfs.ext3 -b 4096 " EXT, "ext3", "data=writeback", 40,
	 runs_are_beyond_writeback},
};

#define FILE_SYSTEMS (sizeof file_systems / sizeof *file_systems)

/* ------------------------------------------------------------------ runs */

/* What a real file system leaves and its model does not allow, with the fewest ops. */
struct found {
	char *ops;
	unsigned long runs;
	UT_hash_handle hh;
};

struct tally {
	struct rig rig;
	unsigned long runs, cuts, skipped, foreign, proposals;
	uint64_t allowed, seen;
	struct classes classes;
	struct found *found; /* uthash */
};

static void report(const struct rig *rig, struct run *run, const struct cuts_violation *violation)
{
	char *at = run->listed ? allowed_text(&run->allowed, violation->over) : strdup("");

	printf("%s: OPS=\"%s\"\nafter %d ops, note %d of %d, there was:\n\t%s\n", rig->system->name,
	       runs_text(&run->ops), violation->over, (int)violation->cut, (int)run->note_count,
	       violation->text);
	if (*at && getenv("VERBOSE"))
		printf("allowed are:\n%.2000s", at);
	fflush(stdout);
	free(at);
}

/* A run with a violation: unless the ops of one that is known are in it, the fewest ops are looked for. */
static void shrink(struct tally *tally, struct run_ops *ops, int over)
{
	struct found *found;
	struct cuts last;

	for (found = tally->found; found; found = found->hh.next)
		if (shrink_is_part(found->ops, ops)) {
			found->runs++;
			return;
		}
	if (!shrink_run(&tally->rig, ops, over, &last))
		printf("%s: it was not found again\n", tally->rig.system->name);
	else
		printf("%s: fewest ops:\n\t\"%s\",\nafter %d of them there was:\n\t%s\n",
		       tally->rig.system->name, runs_text(ops), last.first.over, last.first.text);
	fflush(stdout);
	cuts_clear(&last);
	found = calloc(1, sizeof *found);
	ck_assert_ptr_nonnull(found);
	found->ops = strdup(runs_text(ops));
	found->runs = 1;
	HASH_ADD_KEYPTR(hh, tally->found, found->ops, strlen(found->ops), found);
}

/* False: they are given, and cannot be done or judged here. */
static bool choose_ops(struct rig *rig, struct run_ops *ops)
{
	bool given = getenv("OPS") != NULL, skips;
	int most = member_problem() || support_below(&rig->random, 2) ? FEW_OPS : RUNS_OPS;

	do {
		runs_choose(ops, 1 + (int)support_below(&rig->random, (uint64_t)most), &rig->random);
		skips = rig->system->skips && rig->system->skips(ops);
	} while (skips && !given);
	return !skips;
}

static void count(struct tally *tally, const struct run *run, const struct cuts *cuts)
{
	tally->runs++;
	tally->cuts += cuts->done;
	tally->foreign += cuts->foreign;
	if (run->member)
		tally->proposals += member_proposals(run->member);
	if (!run->listed)
		return;
	tally->allowed += run->allowed.count;
	tally->seen += run->allowed.seen;
	classes_add(&tally->classes, &run->allowed);
}

static void check_run(struct tally *tally)
{
	static struct run run;
	struct rig *rig = &tally->rig;
	struct cuts cuts;

	if (!choose_ops(rig, &run.ops))
		return;
	run.sectors = support_below(&rig->random, 2) && !rig->system->whole_blocks;
	if (!rig_judge(rig, &run)) {
		tally->skipped++;
		return;
	}
	rig_do(rig, &run);
	cuts_try(rig, &run, CUTS, false, &cuts);
	count(tally, &run, &cuts);
	if (cuts.foreign && !rig->lies)
		report(rig, &run, &cuts.first);
	rig_forget(&run);
	if (cuts.foreign && !rig->lies)
		shrink(tally, &run.ops, cuts.first.over);
	cuts_clear(&cuts);
}

static void tell(struct tally *tally)
{
	const struct rig *rig = &tally->rig;
	struct found *found, *next;

	printf("%s: %lu runs, %lu power losses, %lu that the model does not allow; of %lu states that it "
	       "allows "
	       "after the ops of short runs, %lu were seen; %lu sets proposed for long ones; %lu runs had "
	       "too many "
	       "states; %lu disks with torn sectors could not be mounted\n",
	       rig->system->name, tally->runs, tally->cuts, tally->foreign, (unsigned long)tally->allowed,
	       (unsigned long)tally->seen, tally->proposals, tally->skipped, rig->refused);
	if (getenv("CRASHINJECT_LONG") || getenv("VERBOSE"))
		classes_print(&tally->classes, CLASSES);
	HASH_ITER(hh, tally->found, found, next) {
		printf("%s: in %lu runs: \"%s\",\n", rig->system->name, found->runs, found->ops);
		HASH_DEL(tally->found, found);
		free(found->ops);
		free(found);
	}
	classes_clear(&tally->classes);
	fflush(stdout);
}

/* What has been outside of a model once, by the words of docs/FINDINGS.md. */
static const char *const found_once[] = {
	"far a 270; dsync-in a",
	"append a 20000; sync-range a",
	"append a 20000; msync-range a",
	"append a 7000; direct a 4096",
	"append a 3586; clone a 8192",
	"shrink a; append a 20000; msync-range a",
	"create b; reserve b 4096; append b 100; rename b a",
	"create b; append b 600; exchange b a",
	"mkdir d; create d/x; fsync d/x; rename d e; fsync e/x",
	"create b; write a 825 4096 &; fsync a",
	"write a 8192 366; write-dsync a 0 144",
	"create c; append c 4500; rename c a; zero-keep a 7680 7744",
	"append a 5000; append a 5586; clone a 8192",
	"append a 5000; append a 5000; dsync a 4",
	"write a 4096 13206; dsync-in a",
	"far a 270; zero a 0 4096",
	"create b; write b 7680 4096; rename b a; write a 40960 24576; dsync-in a",
	"resize a 8192; dsync a 4; far a 270; dsync-in a",
	"append a 5000; fsync a; overwrite a; fsync a",
	"far a 270; fsync a",
	"unlink a; create b; fsync b",
	"zero a 8192 2096; clone a 8192; zero-keep a 8192 8893",
	"write a 8192 11309; msync-range a 0 4096",
	"create b; exchange b a; fdatasync b",
	("create b; append b 600; exchange b a; empty a; append a 5000; mkdir e; rewrite a 510; sync; link a "
	 "c"),
	/* and what order_rules.c says of attributes */
	"create b; chown b; xattr b; rename b a; append a 3",
	"xattr a; chown a; chmod a; rename a c; xattr c; fsync c",
	"xattr a; append a 5000; fdatasync a; rename a c; append c 3",
};

/* Where BUDGET is set, whether so many seconds are over: what was done by then counts. */
static bool is_time_up(void)
{
	static time_t began;

	began = began ? began : time(NULL);
	return getenv("BUDGET") && time(NULL) - began >= atoi(getenv("BUDGET"));
}

static void check_found(struct tally *tally, int rounds)
{
	if (getenv("OPS"))
		return;
	for (size_t i = 0; i < sizeof found_once / sizeof *found_once; i++) {
		setenv("OPS", found_once[i], 1);
		for (int round = 0; round < rounds && !is_time_up(); round++)
			check_run(tally);
	}
	unsetenv("OPS");
}

START_TEST(models_allow_whatever_a_real_power_loss_leaves)
{
	static struct tally tally;
	const char *problem = rig_open(&tally.rig, &file_systems[_i]);
	int rounds = support_rounds(10);

	if (problem)
		support_skip(problem);
	check_found(&tally, rounds / 5);
	for (int i = 0; i < rounds && !is_time_up(); i++)
		check_run(&tally);
	tell(&tally);
	disk_close();
	ck_assert_uint_eq(tally.foreign, 0);
	ck_assert_uint_gt(tally.runs, 0);
}
END_TEST

START_TEST(a_disk_that_lies_about_flushes_is_found_out)
{
	static struct tally tally;
	const char *problem = rig_open(&tally.rig, &file_systems[0]);

	if (problem)
		support_skip(problem);
	tally.rig.lies = true;
	for (int i = 0; i < 100 && tally.foreign < 3; i++)
		check_run(&tally);
	disk_close();
	ck_assert_uint_ge(tally.foreign, 3);
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
