/* SPDX-License-Identifier: MIT */
/*
 * outcomes.h - what is left after a run of made.h's ops, in words that a person can read:
 *
 *	old510+w1x3	510 bytes that were there before, and behind them 3 that op 1 wrote (ops count from 0)
 *	zerox3, junkx3	bytes that nobody wrote: zeros, or the pattern for lost data
 *	empty		a file without bytes
 *	(0600)		behind it: the mode, if it is another one than 0644
 *	[x3][o4]	behind that: the attribute that op 3 gave it, and the owner that op 4 did
 */
#ifndef CRASH_TESTS_OUTCOMES_H
#define CRASH_TESTS_OUTCOMES_H

#include <stdint.h>
#include <stdio.h>

#include "explore/atoms/atoms.h"
#include "explore/states/view.h"
#include "explore/states/view_attributes.h"

/** What a byte can be; one that an op wrote has the op's number. */
enum { OUTCOMES_OLD = -1, OUTCOMES_ZERO = -2, OUTCOMES_JUNK = -3, OUTCOMES_STRANGE = -4 };

/** What a byte at an offset of a file is, after a run of so many ops. */
int outcomes_code(const struct crash__model *model, int ops, unsigned char byte, uint64_t at);

/** Reads one part of such a text, "w1x3", and goes behind it. @return what it is */
int outcomes_read_run(const char **text, uint64_t *count);

/** What a file of the state that the view looks at holds. Allocated. */
unsigned char *outcomes_bytes(const struct crash__atoms *atoms, struct crash__view *view, crash__node_id node,
			      uint64_t *size);

/** Says owner and attribute; `bytes` of a value, or 0. */
void outcomes_attributes(FILE *out, uint32_t uid, const unsigned char *value, size_t bytes);

/** The same for a file of the state that the view looks at. */
void outcomes_node_attributes(FILE *out, const struct crash__view *view, crash__node_id node);

/** Says a file's content and mode, after a run of so many ops. */
void outcomes_file(FILE *out, const struct crash__model *model, int ops, const unsigned char *bytes,
		   uint64_t size, uint32_t mode);

/** Says a file of the state that the view looks at. */
void outcomes_node(FILE *out, const struct crash__atoms *atoms, struct crash__view *view,
		   crash__node_id node);

#define OUTCOMES 64

/** What may be left of some names: "a=old510+w1x3 b=none" and the like, sorted, each once. */
struct outcomes {
	char *list[OUTCOMES];
	size_t count;
};

/** Adds one, without the blanks behind it. */
void outcomes_add(struct outcomes *outcomes, const char *text, size_t length);

/** Adds all that may be left after the last op, of names that are separated by blanks. */
void outcomes_find(struct outcomes *outcomes, const struct crash__atoms *atoms, const char *shows);

bool outcomes_have(const struct outcomes *outcomes, const char *text);

/** All of them, a line each; allocated. */
char *outcomes_text(const struct outcomes *outcomes);

void outcomes_clear(struct outcomes *outcomes);

#endif
