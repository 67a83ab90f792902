/* SPDX-License-Identifier: MIT */
/*
 * recording_digest.h - which recording this is.
 *
 * Recordings with the same digest have the same crash states, under the same hashes: the same starting tree,
 * the same ops with the same results and data in the same order, the same acknowledgements. Where the data
 * directory is, when it was and which processes and inodes it were makes no difference. So two machines that
 * record the same program each for itself may have the same.
 */
#ifndef CRASH_RECORDING_DIGEST_H
#define CRASH_RECORDING_DIGEST_H

#include "base/digest.h"
#include "explore/fs/fs.h"

/**
 * The digest of a recording that was replayed.
 * @param contents whether the starting tree's files are compared by what is in them, or by their sizes
 * @param without  a directory of ours that may be in the starting tree, and does not count; or NULL
 */
int crash__recording_digest(const struct crash__fs *fs, bool contents, const char *without,
			    char text[CRASH__DIGEST_TEXT]);

/** The digest of a starting tree alone, with what is in its files. `without` as above. */
int crash__base_digest(const struct crash__base *base, const char *without, char text[CRASH__DIGEST_TEXT]);

/** The first op in which two traces differ, in words. Allocated; NULL: there is no such op. */
char *crash__trace_difference(const struct crash__trace *one, const char *root_of_one,
			      const struct crash__trace *other, const char *root_of_other);

#endif
