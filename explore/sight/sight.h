/* SPDX-License-Identifier: MIT */
/*
 * sight.h - whether the checker sees anything of what the program did.
 *
 * Method. The final state is checked first in any case. Meanwhile it is watched which files the check and
 * recovery open. Then they are shown the final state with every file emptied that the program has changed,
 * with all that was acknowledged: who accepts that does not look at what is in them. Where something was
 * acknowledged they are shown the starting tree, which is what is left if no sync did anything. Who has
 * opened no file may still have looked at names or sizes: that is so if it does not accept an empty
 * directory, the starting tree, the final state with its files emptied, without one of them, or with what the
 * program has removed, or any crash state. A check that takes much longer than that of the final state
 * accepts nothing.
 */
#ifndef CRASH_SIGHT_H
#define CRASH_SIGHT_H

#include <stdint.h>

#include "base/vector.h"
#include "explore/checkers/verdict.h"
#include "explore/states/view.h"

/** What is special about a check that is not of a crash state alone. */
enum crash__look_kind {
	CRASH__LOOK_AT_STATE, /* nothing */
	CRASH__LOOK_WATCHED,  /* which files are opened is noted */
	CRASH__LOOK_EMPTIED,  /* every file of crash__sight is emptied first */
	CRASH__LOOK_REMOVED,  /* an empty directory is shown instead */
	CRASH__LOOK_RETURNED, /* what the program has removed has its name again, and is empty */
	CRASH__LOOK_UNDONE,   /* the starting tree, with all that was acknowledged */
	CRASH__LOOK_MISSING,  /* a file is removed first: one of these, or behind them another one */
	CRASH__LOOKS,
};

struct crash__look {
	uint32_t kind;
	uint32_t timeout_ms; /* 0: the checker's own */
	uint32_t file;	     /* that is missing */
};

/** What workers say of the final state; they share it with us. */
struct crash__seen {
	uint32_t watched;      /* it was watched, and nothing can have been missed */
	uint32_t opened;       /* a file that was there */
	unsigned char files[]; /* of crash__sight, by number: whether it was opened */
};

/** A name that something had in the run, and nothing has at its end. */
struct crash__gone_name {
	char *path;
	enum crash__node_type type;
};

/** Files of the final state that the program has changed, by their paths below the data directory. */
struct crash__sight {
	CRASH__VECTOR(char *, files); /* in order */
	bool too_many;		      /* they are not in the list then */
	CRASH__VECTOR(struct crash__gone_name, gone);
	bool any_bytes; /* one of them has some */
	bool acked;	/* something was acknowledged that the checker may look at */
	struct crash__seen *seen;
	size_t seen_bytes;
	/* what was said */
	enum crash__verdict_kind verdicts[CRASH__LOOKS];
	bool refused; /* one of the directories in which a file is missing, came back, or is empty */
	bool pending[CRASH__LOOKS];
};

/** Finds the files of what a view shows: the state in which the program left everything. */
int crash__sight_find(const struct crash__view *view, const struct crash__fs *fs, struct crash__sight *sight);
void crash__sight_clear(struct crash__sight *sight);

/** A file was opened; context is the sight. */
void crash__sight_opened(void *context, const char *path);

/** Whether no file was opened, and whatever is shown is accepted. */
bool crash__sight_is_blind(const struct crash__sight *sight);

/** Whether it does not look at what is in the files that the program has changed. */
static inline bool crash__sight_takes_emptied(const struct crash__sight *sight)
{
	return sight->verdicts[CRASH__LOOK_EMPTIED] == CRASH__VERDICT_PASSED;
}

/** Whether it does not look for anything that was acknowledged. */
static inline bool crash__sight_takes_undone(const struct crash__sight *sight)
{
	return sight->verdicts[CRASH__LOOK_UNDONE] == CRASH__VERDICT_PASSED;
}

/** Whether a file was watched and not opened. */
static inline bool crash__sight_never_opened(const struct crash__sight *sight, size_t file)
{
	return sight->seen && sight->seen->watched && !sight->seen->files[file];
}

#endif
