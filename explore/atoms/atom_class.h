/* SPDX-License-Identifier: MIT */
/*
 * atom_class.h - what an atom is to the tables of order and of durability.
 *
 * An atom is of one class, from when it is made. The rows of order_rules.c and durability_rules.c speak of
 * classes and of nothing else that is known about an op.
 *
 *	overwrite    data for bytes that the file had, and zeros in the place of such: of a hole that was
 *	             punched, or of the rest of the block in which a file was cut
 *	fill         data that goes behind the file's end, and begins in the last block that it had
 *	append       data behind the file's end, in blocks that it did not have
 *	lone-append  the same, of a write that does not go with what else was written to the file: with
 *	             O_SYNC or O_DSYNC, which write its own pages back, with O_DIRECT, which has none, and
 *	             where blocks are shared instead of copied; and of any write, when a part of the file is
 *	             written back alone behind it
 *	grow         the size that a write moved the file's end to
 *	lone-grow    the same, of such a write
 *	reach        the size that a file has at least when one of its pages was written back that lies
 *	             below its end, and behind the end that the disk knows: where the page ends
 *	repoint      that a page which a write changes has another block, in which what was there is to be
 *	             written anew
 *	carry        what is in that block, as a whole: what was there, and what was written
 *	cut          the size that truncate or fallocate set, be it smaller or larger
 *	empty        the size 0 that a truncation set of a file that had data
 *	create       the directory entry by which open or mknod made a file
 *	entry        any other directory entry that came or went, or those of an atomic rename
 *	move         the entries of a rename that gave a directory another name
 *	birth        the mode that a file was made with, where its entry may be there before it
 *	attribute    a change of mode, owner or extended attribute, and a time that was set
 *
 * A block is one of the file system's, CRASH__FS_BLOCK bytes.
 */
#ifndef CRASH_ATOM_CLASS_H
#define CRASH_ATOM_CLASS_H

#include "explore/atoms/persistence_model.h"
#include "explore/fs/fs.h"

enum crash__atom_class {
	CRASH__CLASS_OVERWRITE,
	CRASH__CLASS_FILL,
	CRASH__CLASS_APPEND,
	CRASH__CLASS_LONE_APPEND,
	CRASH__CLASS_GROW,
	CRASH__CLASS_LONE_GROW,
	CRASH__CLASS_REACH,
	CRASH__CLASS_REPOINT,
	CRASH__CLASS_CARRY,
	CRASH__CLASS_CUT,
	CRASH__CLASS_EMPTY,
	CRASH__CLASS_CREATE,
	CRASH__CLASS_ENTRY,
	CRASH__CLASS_MOVE,
	CRASH__CLASS_BIRTH,
	CRASH__CLASS_ATTRIBUTE,
	CRASH__CLASSES,
};

/** A set of classes: one bit for each. */
typedef uint32_t crash__classes;

#define CRASH__CLASS(name) ((crash__classes)1 << CRASH__CLASS_##name)

/** Data that has a place on the disk already. */
#define CRASH__IN_PLACE (CRASH__CLASS(OVERWRITE) | CRASH__CLASS(FILL))
#define CRASH__APPENDS (CRASH__CLASS(APPEND) | CRASH__CLASS(LONE_APPEND))
#define CRASH__DATA (CRASH__IN_PLACE | CRASH__APPENDS)
#define CRASH__GROWS (CRASH__CLASS(GROW) | CRASH__CLASS(LONE_GROW))
#define CRASH__CUTS (CRASH__CLASS(CUT) | CRASH__CLASS(EMPTY))
#define CRASH__SIZES (CRASH__GROWS | CRASH__CUTS)
#define CRASH__ENTRIES (CRASH__CLASS(CREATE) | CRASH__CLASS(ENTRY) | CRASH__CLASS(MOVE))
#define CRASH__ATTRIBUTES (CRASH__CLASS(BIRTH) | CRASH__CLASS(ATTRIBUTE))
#define CRASH__METADATA (CRASH__SIZES | CRASH__ATTRIBUTES | CRASH__ENTRIES)
/** What becomes of a page that is written to another block. */
#define CRASH__MOVED (CRASH__CLASS(REPOINT) | CRASH__CLASS(CARRY))
#define CRASH__EVERY_CLASS (CRASH__DATA | CRASH__METADATA | CRASH__MOVED | CRASH__CLASS(REACH))
/** What a write does to a file behind its end. */
#define CRASH__BEHIND_END (CRASH__CLASS(FILL) | CRASH__APPENDS | CRASH__GROWS)
/** What shows as a model says that lost data does (lost-data) where it is not there. */
#define CRASH__SHOWS_LOST (CRASH__BEHIND_END | CRASH__CLASS(CARRY))

/*
 * How large a file can be that a file system has beside its inode (F2FS, inline_data): with an extended
 * attribute in the same place, and without one. In between it may, or may not.
 */
#define CRASH__SMALL_LEAST 3400u
#define CRASH__SMALL_MOST 3692u

static inline bool crash__class_in(enum crash__atom_class class, crash__classes classes)
{
	return classes >> class & 1;
}

/**
 * Whether what a step writes reaches the disk without what else was written to the file.
 * @param unsynced its own sync, if it has one, is taken for not made; here and below
 */
bool crash__class_is_alone(const struct crash__model *model, const struct crash__step *step, bool unsynced);

/** The class of the bytes from `from` to `end` that a step writes to a file of a size. */
enum crash__atom_class crash__class_of_data(const struct crash__model *model, const struct crash__step *step,
					    uint64_t from, uint64_t end, uint64_t old_size, bool unsynced);

/** The class of a change of size by a step. */
enum crash__atom_class crash__class_of_size(const struct crash__model *model, const struct crash__step *step,
					    bool unsynced);

/** The class of the entries of a step. */
enum crash__atom_class crash__class_of_entries(const struct crash__fs *fs, const struct crash__step *step);

/** Its name, as it stands above. */
const char *crash__class_name(enum crash__atom_class class);

/** Some classes by their names, or by a word for all of a kind: "any entry, cut". */
void crash__classes_text(crash__classes classes, char *out, size_t size);

#endif
