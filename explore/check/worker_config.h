/* SPDX-License-Identifier: MIT */
/*
 * worker_config.h - what all workers are told.
 */
#ifndef CRASH_WORKER_CONFIG_H
#define CRASH_WORKER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "explore/atoms/atom_set.h"
#include "explore/checkers/checker.h"
#include "explore/fs/fs.h"
#include "explore/sight/sight.h"

struct crash__worker_config {
	const struct crash__fs *fs;
	const struct crash__atoms *atoms; /* of each model */
	const struct crash__checker *checker;
	const char *directory;		     /* the data directory */
	const char *scratch;		     /* a directory of ours for files that the checker is to see */
	bool namespaces, mounted, same_pids; /* as in struct crash__recording */
	const struct crash__fs *acks;	     /* as in struct crash__engine_options */
	uint64_t acked;
	const struct crash__sight *sight; /* what is noted of the final state */
	bool asks;			  /* whether a tree was checked before that recovery has left */
};

#endif
