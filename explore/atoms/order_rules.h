/* SPDX-License-Identifier: MIT */
/*
 * order_rules.h - which atoms persist before which others, as a table.
 *
 * A row says: where the model has these values, atoms of the classes in `predecessors` persist before atoms
 * of the classes in `successors`, if the two stand to each other as the scope says. A crash state that has
 * the successor then has the predecessor. What no row says, nor a chain of rows, is in no order. Rows never
 * contradict each other: each only adds to what is required.
 *
 * Of each row there is a case in tests/explore/check_rules.c, which has the row's name: a state that the
 * models with the row do not allow, and that would be allowed without it.
 */
#ifndef CRASH_ORDER_RULES_H
#define CRASH_ORDER_RULES_H

#include "explore/atoms/atom_class.h"
#include "explore/atoms/persistence_model.h"

/**
 * How the two atoms have to stand to each other. In all but the first three and the last, the op of the
 * predecessor had ended when that of the successor began. "The last ops" are all of those that had not ended
 * when the last of them began: which of them came first is not known.
 */
enum crash__order_scope {
	CRASH__SIZES_OF_OP,	  /* two sizes of one op, and the successor comes next */
	CRASH__SIZE_OF_DATA,	  /* data of an op, and the first size of the same op that shows all of it */
	CRASH__SIZE_OF_ONLY_PAGE, /* the same, of an op on one page, when no other data of the file is in
				     flight */
	CRASH__ALL_OPS,		  /* any two ops */
	CRASH__LAST_OF_DIRECTORY, /* the last ops with such an entry in the directory */
	CRASH__MOVED_NAME, /* the last renames that took the name, which was durable, from a file; and what is
			      done to it */
	CRASH__LAST_OF_FILE,	 /* the last ops with such an atom of the file */
	CRASH__LAST_BELOW_BLOCK, /* of those that set the file's size to no more than where the block of the
				    data begins, the last */
	CRASH__RENAMED_FILE, /* the file that a rename puts in the place of another, and the names there */
	CRASH__REWRITE, /* the first write after a truncation to nothing, and those that follow it without
			   another op in between; the successor is the truncation, unless it is durable by
			   then */
};

#define CRASH__CONDITIONS 3 /* of one row, at most */

struct crash__order_rule {
	const char *name;
	struct crash__condition when[CRASH__CONDITIONS]; /* all of them; the first is what the row is about */
	crash__classes predecessors, successors;
	enum crash__order_scope scope;
	const char *sentence;
	const char *source;
};

extern const struct crash__order_rule crash__order_rules[];
extern const size_t crash__order_rule_count;

bool crash__order_rule_holds(const struct crash__order_rule *rule, const struct crash__model *model);

/** A scope in words: between which atoms. */
const char *crash__order_scope_text(enum crash__order_scope scope);

#endif
