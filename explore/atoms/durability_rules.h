/* SPDX-License-Identifier: MIT */
/*
 * durability_rules.h - what a sync makes durable, as a table.
 *
 * A row says: where the model has these values, an op of one of these kinds makes atoms of these classes
 * durable, as far as they belong to what the scope says and were done before the sync began. What persists
 * before such an atom becomes durable with it. Rows only add up: what no row covers stays in flight.
 *
 * A sync that failed makes nothing durable. The rows for it say what becomes of the data that it would have
 * made durable.
 *
 * Of each row there is a case in tests/explore/check_rules.c, which has the row's name.
 */
#ifndef CRASH_DURABILITY_RULES_H
#define CRASH_DURABILITY_RULES_H

#include "explore/atoms/atom_class.h"
#include "explore/atoms/persistence_model.h"

enum crash__occasion {
	CRASH__ON_ANY_OP,     /* the op has been done */
	CRASH__ON_SYNC,	      /* sync, syncfs */
	CRASH__ON_FSYNC,      /* of a file or directory */
	CRASH__ON_FDATASYNC,  /* and msync */
	CRASH__ON_SYNC_WRITE, /* the end of a write with O_SYNC or O_DSYNC */
	CRASH__ON_FAILURE,    /* a sync failed */
	CRASH__OCCASIONS,
};

enum crash__durability_scope {
	CRASH__OF_OP,	  /* the op itself */
	CRASH__OF_SYSTEM, /* everything */
	CRASH__OF_RANGE,  /* the file that is synced; by msync only what is in its pages */
	CRASH__OF_FILE,	  /* the file that is synced; of a directory, also the entries in it */
	CRASH__OF_NAMES,  /* the names that the file was given */
	CRASH__OF_PATH,	  /* the names of the directories above it */
	CRASH__OF_COMMIT, /* everything up to the last op in which the file itself has a part; see `until` */
	CRASH__OF_SYNC,	  /* what the sync that failed would have made durable */
	CRASH__DURABILITY_SCOPES,
};

enum crash__durability_effect {
	CRASH__BECOMES_DURABLE,
	CRASH__BECOMES_ABANDONED,  /* it is marked clean: no sync will write it, and nothing waits for it */
	CRASH__BECOMES_UNWRITABLE, /* its blocks are as well: what comes there later is abandoned, too */
	CRASH__BECOMES_READ_ONLY,  /* the next syncs of it are of no effect until something is changed */
	CRASH__DURABILITY_EFFECTS,
};

struct crash__durability_rule {
	const char *name;
	struct crash__condition when[2]; /* both */
	unsigned int occasions;		 /* a bit for each: CRASH__ON() */
	crash__classes classes;
	enum crash__durability_scope scope;
	/* OF_COMMIT: the last op with an atom of such a class that belongs to the file, or is a name of it,
	   and that is not durable, ends what is committed */
	crash__classes until, until_name;
	enum crash__durability_effect effect;
	const char *sentence;
	const char *source;
};

#define CRASH__ON(occasion) (1u << CRASH__ON_##occasion)

extern const struct crash__durability_rule crash__durability_rules[];
extern const size_t crash__durability_rule_count;

bool crash__durability_rule_holds(const struct crash__durability_rule *rule,
				  const struct crash__model *model);

/** The occasions of a row in words: "fsync, fdatasync". */
void crash__occasions_text(unsigned int occasions, char *out, size_t size);

/** A scope in words: of what. */
const char *crash__durability_scope_text(enum crash__durability_scope scope);

/** What atoms become, in a word or two. */
const char *crash__durability_effect_text(enum crash__durability_effect effect);

#endif
