/* SPDX-License-Identifier: MIT */
/*
 * checker_files.h - which programs and scripts a checker's commands name, and what is in them.
 *
 * Verdicts of a script that was changed are those of another checker, although the command is the same. What
 * counts are executable files that are named with a path, files that an interpreter is given, and scripts
 * that are found in PATH. What these call in turn is not known.
 */
#ifndef CRASH_CHECKER_FILES_H
#define CRASH_CHECKER_FILES_H

#include <limits.h>

#include "base/digest.h"
#include "base/vector.h"
#include "explore/checkers/checker.h"
#include "explore/recording/recording.h"

struct crash__checker_file {
	char path[PATH_MAX];
	char digest[CRASH__DIGEST_TEXT];
};

struct crash__checker_files {
	CRASH__VECTOR(struct crash__checker_file, list);
};

/**
 * Finds them. Release with crash__checker_files_clear(), also when it fails.
 * @param directory the data directory, where commands run; what is in it belongs to the states
 */
int crash__checker_files_find(const struct crash__checker *checker, const char *directory,
			      struct crash__checker_files *files);

/** Notes, as a reason to be incomplete, that one of them is no more what it was when it was found. */
int crash__checker_files_note_changed(const struct crash__checker_files *files,
				      const struct crash__checker *checker,
				      struct crash__recording *recording);

/**
 * Where copies are at other paths: notes that one of the files names the data directory by its own path, or
 * uses a variable that does, and so looks at the original. The commands are crash__note_original_named()'s.
 */
int crash__checker_files_note_original(const struct crash__checker_files *files,
				       const struct crash__checker *checker,
				       struct crash__recording *recording);

/** Whether a word stands in one of the commands or files: a variable that they may look at. */
bool crash__checker_files_name(const struct crash__checker_files *files, const struct crash__checker *checker,
			       const char *word);

void crash__checker_files_clear(struct crash__checker_files *files);

#endif
