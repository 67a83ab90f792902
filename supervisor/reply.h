/* SPDX-License-Identifier: MIT */
/*
 * reply.h - what a notification is answered with, and the filter's descriptor through which that goes.
 */
#ifndef CRASH_REPLY_H
#define CRASH_REPLY_H

#include <stdatomic.h>

#include "supervisor/proxy/proxy.h"

struct crash__reply {
	bool never;   /* the tree is dead, or the reply has been sent */
	bool proceed; /* let the process make the call */
	bool again;   /* take the signal that waits, then make the call anew */
	bool ends;    /* a signal waits that ends the process: nothing more happens to it */
	long result;
};

static const struct crash__reply crash__proceed = {.proceed = true};
static const struct crash__reply crash__never = {.never = true};

static inline struct crash__reply crash__reply_error(int error)
{
	return (struct crash__reply){.result = -error};
}

/** Where the descriptor is going to be: -1 before, another negative number if there will be none. */
void crash__reply_set_listener(_Atomic int *listener);

/** Waits for it. Negative: there is none. */
int crash__reply_await_listener(void);

void crash__reply_send(const struct crash__notification *notification, const struct crash__reply *reply);

/** Gives the process what was opened for it; its number there is the result. */
void crash__reply_hand_over(struct crash__notification *notification, struct crash__proxied *proxied);

#endif
