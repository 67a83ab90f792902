/* SPDX-License-Identifier: MIT */
/*
 * persistence_model.h - what a file system may keep, lose, tear and reorder at a power loss.
 *
 * A model is data: a file of parameters in models/, which crashinject-models(5) describes. Nothing else in
 * the program knows a file system by name.
 */
#ifndef CRASH_PERSISTENCE_MODEL_H
#define CRASH_PERSISTENCE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crash__lost_data { CRASH__LOST_ZEROS, CRASH__LOST_STALE, CRASH__LOST_GARBAGE, CRASH__LOST_ANY };
enum crash__dirop_order { CRASH__DIROPS_TOTAL, CRASH__DIROPS_PER_DIRECTORY, CRASH__DIROPS_FREE };
enum crash__data_before {
	CRASH__DATA_FREE,
	CRASH__DATA_OF_ONLY_PAGE,
	CRASH__DATA_IN_NEW_BLOCKS,
	CRASH__DATA_FIRST,
};
enum crash__safe_rename { CRASH__RENAME_UNSAFE, CRASH__RENAME_WITH_SIZE, CRASH__RENAME_WITH_DATA };
enum crash__truncate_tail { CRASH__TAIL_LATE, CRASH__TAIL_ZEROS, CRASH__TAIL_KEPT };
enum crash__moves_data { CRASH__MOVES_NOTHING, CRASH__MOVES_SMALL, CRASH__MOVES_PAGES };

enum crash__fdatasync_drops { CRASH__DROPS_NOTHING, CRASH__DROPS_ATTRIBUTES, CRASH__DROPS_ENTRY };

/** Each parameter is the position of its value in the list of possible ones, or as its enum says. */
struct crash__model {
	char name[32];
	char about[256];
	char checked_on[256]; /* kernels that lost power, and left nothing that it forbids; empty: none */
	int process_only;     /* only the process dies: everything written is kept */
	int tear;	      /* bytes that are kept or lost together; 0: the whole op */
	int lost_data;	      /* enum crash__lost_data */
	int rename_atomic, dirop_atomic, truncate_atomic;
	int truncate_tail; /* enum crash__truncate_tail */
	int dirop_order;   /* enum crash__dirop_order */
	int overwrite_order, append_order, same_file_append_order;
	int data_before_metadata; /* enum crash__data_before */
	int grow_by_pages;
	int no_page_sizes;
	int no_reflinks;
	int moves_data; /* enum crash__moves_data */
	int no_reuse;
	int fsync_own_entry, fsync_commits_metadata;
	int fsync_exchanged;
	int sync_overwrites;
	int safe_rename; /* enum crash__safe_rename */
	int safe_truncate;
	int fdatasync_drops; /* enum crash__fdatasync_drops; each includes the one before */
	int failed_size_kept, failed_rewrite_kept;
};

/**
 * Reads a model.
 * @param name one that is shipped, or a path (with a '/' or ending in ".ini")
 */
int crash__model_read(const char *name, struct crash__model *model);

/** Names of the shipped models, sorted, ending with NULL. Release with crash__model_names_free(). */
char **crash__model_names(void);
void crash__model_names_free(char **names);

struct crash__parameter {
	const char *name;
	const char *values; /* separated by blanks; the first is the weakest promise */
	const char *about;
	size_t offset; /* in struct crash__model */
};

extern const struct crash__parameter crash__parameters[];
extern const size_t crash__parameter_count;

/** Sets a parameter to a value as a file has it; false: it is not one of the possible ones. */
bool crash__parameter_set(struct crash__model *model, const struct crash__parameter *parameter,
			  const char *value);

/** The value of a parameter as its file would have it. */
void crash__parameter_text(const struct crash__model *model, const struct crash__parameter *parameter,
			   char *out, size_t size);

/** What lost data may show as: one thing, or where the model is free each of several. */
unsigned int crash__model_choices(const struct crash__model *model);

/** The one of a number below that; 0 is the usual one. Never CRASH__LOST_ANY. */
enum crash__lost_data crash__model_choice(const struct crash__model *model, unsigned int choice);

/** A parameter, and some values of it. */
struct crash__condition {
	size_t offset;	     /* of the parameter in struct crash__model; 0: there is no condition */
	unsigned int values; /* a bit for each, by what struct crash__model has for it */
};

bool crash__model_meets(const struct crash__model *model, const struct crash__condition *condition);

/** A condition in words: "data-before-metadata = new-blocks or yes". */
void crash__condition_text(const struct crash__condition *condition, char *out, size_t size);

#endif
