/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a real file system on a disk that loses power, and a run of ops that is done on it.
 */
#ifndef CRASH_TESTS_POWERCUT_RIG_H
#define CRASH_TESTS_POWERCUT_RIG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "explore/atoms/persistence_model.h"
#include "tests/powercut/allowed.h"
#include "tests/powercut/member.h"
#include "tests/powercut/runs.h"
#include "witness/disk.h"

struct file_system {
	const char *name, *model, *make, *type, *options;
	unsigned int mebibytes;
	bool (*skips)(const struct run_ops *ops); /* runs that cannot be done or judged there */
	bool small_blocks;			  /* less than a page: a page goes in parts */
	bool whole_blocks;			  /* a disk that tears the blocks of metadata is not for it */
};

struct run {
	struct run_ops ops;
	size_t marks[RUNS_OPS]; /* how many notes there were when each op was over */
	struct disk_note *notes;
	size_t note_count;
	bool sectors; /* the disk may tear pages */
	struct replayed replayed;
	struct member *member;	/* NULL: there is no solver */
	struct allowed allowed; /* if it is listed */
	bool listed;
};

struct rig {
	const struct file_system *system;
	struct crash__model model, paged; /* for disks that write whole pages */
	char mount[PATH_MAX], disk[PATH_MAX], base[PATH_MAX], data[PATH_MAX + 8], other[PATH_MAX + 8];
	struct disk_content *content;
	uint64_t random;
	bool lies;	       /* the disk answers a flush at once, and does nothing */
	unsigned long refused; /* disks with torn sectors that could not be mounted */
};

/** Makes it. @return NULL, or why it cannot be had here */
const char *rig_open(struct rig *rig, const struct file_system *system);

/** Mounts the disk as it is; false: the kernel refused. */
bool rig_mount(struct rig *rig);
void rig_unmount(struct rig *rig);

/** Judges a run's ops: whether anything can be said of them. */
bool rig_judge(struct rig *rig, struct run *run);

/** Whether the model allows that after so many ops. */
bool rig_allows(struct run *run, int ops, const char *text);

/** Does the ops, with what else a system does, and takes notes. */
void rig_do(struct rig *rig, struct run *run);

/** Gives up what a run has. */
void rig_forget(struct run *run);

#endif
