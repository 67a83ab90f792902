/* SPDX-License-Identifier: MIT */
/*
 * screen.h - a few lines at the end of the terminal that are written anew as things change.
 *
 * Method. Each line ends with a newline and is cut to fit, so the cursor is below them, and who goes as many
 * lines up is where they begin. Where that may be wrong they begin anew, below what is there: when the width
 * has changed, since terminals do not agree what becomes of longer lines then, and when somebody else may
 * have written, because we were stopped or in the background. What was drawn is known to all processes that
 * are forked from here.
 */
#ifndef CRASH_SCREEN_H
#define CRASH_SCREEN_H

#include <stdbool.h>

enum crash__screen {
	CRASH__SCREEN_NONE,  /* nobody wants to see anything */
	CRASH__SCREEN_LINES, /* standard error is no terminal whose cursor can be moved: one line now and then
			      */
	CRASH__SCREEN_BLOCK,
};

/** Finds out which. */
enum crash__screen crash__screen_begin(bool wanted);

/** Writes lines, each with its newline, in the place of those that were written last. */
void crash__screen_draw(const char *lines);

/** Takes them away: somebody else is going to write. */
void crash__screen_clear(void);

#endif
