/* SPDX-License-Identifier: MIT */
#include "tests/powercut/rig.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/explore/trees.h"
#include "tests/powercut/do_op.h"
#include "tests/powercut/foreign.h"
#include "tests/unit/support.h"

#define MEBIBYTE (1u << 20)
#define FEW_ATOMS 64
#define MOST_SETS 20000 /* that a run's states are listed of */

/* ------------------------------------------------------------------ the file system */

bool rig_mount(struct rig *rig)
{
	const char *device = disk_attach();
	bool mounted = device && mount(device, rig->mount, rig->system->type, 0, rig->system->options) == 0;

	if (!mounted)
		disk_detach();
	return mounted;
}

void rig_unmount(struct rig *rig)
{
	ck_assert_msg(umount(rig->mount) == 0, "umount: %m");
	ck_assert_int_eq(disk_detach(), 0);
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
	if (!rig_mount(rig)) {
		ck_assert_msg(errno == ENODEV || errno == ENXIO, "mount %s: %m", rig->system->name);
		return problem;
	}
	ck_assert_int_eq(mkdir(rig->data, 0755), 0);
	made_base(rig->data);
	foreign_write(rig->other);
	rig_unmount(rig);
	rig->content = disk_save();
	return NULL;
}

const char *rig_open(struct rig *rig, const struct file_system *system)
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
	if (rig->model.lost_data != CRASH__LOST_ZEROS && member_problem())
		return member_problem();
	problem = disk_open(rig->disk, (uint64_t)system->mebibytes * MEBIBYTE);
	return problem ? problem : make_file_system(rig);
}

/* ------------------------------------------------------------------ what the model allows */

bool rig_judge(struct rig *rig, struct run *run)
{
	bool stale = rig->model.lost_data != CRASH__LOST_ZEROS;

	replayed_make(&run->replayed, &run->ops.made, rig->base, run->sectors ? &rig->model : &rig->paged);
	run->member = member_problem() ? NULL : member_new(&run->replayed, stale);
	/* it is at most a second opinion where there is a solver, and no list has what may be anything */
	run->listed = !stale && (!run->member || run->replayed.atoms.list_count <= FEW_ATOMS) &&
		      allowed_find(&run->allowed, &run->replayed, MOST_SETS);
	if (run->listed || run->member)
		return true;
	replayed_clear(&run->replayed);
	return false;
}

bool rig_allows(struct run *run, int ops, const char *text)
{
	bool listed = run->listed && allowed_has(&run->allowed, ops, text);

	if (!run->member)
		return listed;
	ck_assert_msg(!run->listed || member_allows(run->member, ops, text) == listed,
		      "%s: the solver and the list disagree about %s after %d", runs_text(&run->ops), text,
		      ops);
	return member_allows(run->member, ops, text);
}

void rig_forget(struct run *run)
{
	disk_notes_free(run->notes, run->note_count);
	if (run->member)
		member_free(run->member);
	if (run->listed)
		allowed_clear(&run->allowed);
	replayed_clear(&run->replayed);
}

/* ------------------------------------------------------------------ doing it */

/* @return how many ops it was */
static int do_next(struct rig *rig, struct run *run, struct act *acting, int i)
{
	const struct made_op *const *list = run->ops.list + i;
	int count = 1;

	ck_assert(made_do(&run->ops.made, list[0]));
	if (list[0]->beside && i + 1 < run->ops.count) {
		ck_assert(made_do(&run->ops.made, list[1]));
		act_both(acting, &run->ops.made, list[0], list[1]);
		count = 2;
	} else {
		act(acting, &run->ops.made, list[0]);
	}
	for (int over = i; over < i + count; over++)
		run->marks[over] = disk_notes();
	foreign_act(rig->data, rig->other, &rig->random);
	return count;
}

void rig_do(struct rig *rig, struct run *run)
{
	struct act acting;

	disk_load(rig->content);
	ck_assert_msg(rig_mount(rig), "mount %s: %m", rig->system->name);
	act_begin(&acting, rig->data);
	made_start(&run->ops.made);
	for (int i = 0; i < run->ops.count;)
		i += do_next(rig, run, &acting, i);
	act_end(&acting);
	foreign_act(rig->data, rig->other, &rig->random);
	if (support_below(&rig->random, 2))
		foreign_write(rig->other);
	run->notes = disk_take_notes(&run->note_count);
	ck_assert_ptr_nonnull(run->notes);
	rig_unmount(rig);
}
