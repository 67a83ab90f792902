/* SPDX-License-Identifier: MIT */
/*
 * fault_log.h - what a sweep of faults has found out, kept as soon as it is known.
 *
 * In the file `outcomes` is a line for each fault that was tried, {"fault": "write#17:err=EIO", "outcome":
 * {...}}; in `losses` one for each of which the power losses were explored, with "loss" instead; in
 * `verdicts` are those of the power losses that are being explored (verdict_log.h).
 *
 * The key says of which faults, of which checker and program and of which starting tree these are. What is
 * believed of the files is said in base/kept_log.h.
 */
#ifndef CRASH_FAULT_LOG_H
#define CRASH_FAULT_LOG_H

#include "base/kept_log.h"
#include "explore/checkers/checker_files.h"
#include "explore/faults/then_crash.h"

/** Whose outcomes they are. */
struct crash__fault_whose {
	const struct crash__recording *recording;
	const struct crash__checker *checker;
	const struct crash__checker_files *files, *program; /* of the checker; of the program */
	const char *place; /* of the result, which may be in the data directory */
};

struct crash__fault_log {
	struct crash__kept_log outcomes, losses, verdicts; /* fd -1: none */
	char key[CRASH__DIGEST_TEXT];
	json_t *explored; /* the losses that are known, by the names of their faults; "" is none */
};

/** Opens the files of a directory, and keeps everybody else away from them as long as we live. */
int crash__fault_log_open(struct crash__fault_log *log, const char *directory);

/**
 * Takes outcomes that are there into the sweep, and goes on behind them. Where the key is another one an
 * error says so.
 * @param damaged the files of which lines were not believed, in words; or NULL. Allocated
 */
int crash__fault_log_begin(struct crash__fault_log *log, const struct crash__fault_whose *whose,
			   struct crash__fault_sweep *sweep, char **damaged);

/** Adds an outcome. An error is noted, and nothing is added any more. */
void crash__fault_log_add(struct crash__fault_log *log, const struct crash__injection *injection,
			  const struct crash__fault_outcome *outcome);

/** What exploring a fault's power losses gave, as it was added; NULL: it is not known. `injection` NULL:
 * without any. */
const json_t *crash__fault_log_loss(const struct crash__fault_log *log,
				    const struct crash__injection *injection);

/** Adds that. */
void crash__fault_log_add_loss(struct crash__fault_log *log, const struct crash__injection *injection,
			       json_t *loss);

/**
 * An exploration begins: its engine learns the verdicts of one that was broken off, if that was of the same
 * recording and the same checker.
 */
int crash__fault_log_know(struct crash__fault_log *log, const struct crash__explore_options *options,
			  struct crash__exploration *exploration);

/** Takes everything away that was kept: it is not known whose it is. */
void crash__fault_log_forget(struct crash__fault_log *log);

/** Why a line of a file could not be written, an errno, and of which; 0: all of them were. */
int crash__fault_log_error(const struct crash__fault_log *log, const char **path);

void crash__fault_log_close(struct crash__fault_log *log);

#endif
