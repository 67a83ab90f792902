/* SPDX-License-Identifier: MIT */
/*
 * answer.h - what a notification is answered with, and the filter's descriptor through which that goes.
 */
#ifndef CRASH_ANSWER_H
#define CRASH_ANSWER_H

#include <stdatomic.h>

#include "supervisor/proxy/proxy.h"

struct crash__answer {
	bool never;   /* the tree is dead, or the answer has been sent */
	bool proceed; /* let the process make the call */
	bool again;   /* take the signal that waits, then make the call anew */
	long result;
};

static const struct crash__answer crash__proceed = {.proceed = true};
static const struct crash__answer crash__never = {.never = true};

static inline struct crash__answer crash__answer_error(int error)
{
	return (struct crash__answer){.result = -error};
}

/** Where the descriptor is going to be: -1 before, another negative number if there will be none. */
void crash__answer_set_listener(_Atomic int *listener);

/** Waits for it. Negative: there is none. */
int crash__answer_await_listener(void);

void crash__answer_send(const struct crash__watched *watched, const struct crash__answer *answer);

/** Gives the process what was opened for it; its number there is the result. */
void crash__answer_hand_over(struct crash__watched *watched, struct crash__proxied *proxied);

#endif
