/* SPDX-License-Identifier: MIT */
/*
 * network.h - a network in which nobody else is.
 *
 * Each worker has one, with its loopback interface alone. So a server that a checker or a recovery starts has
 * its port in every worker, whoever has that port on the machine, and nothing that it sends gets out.
 */
#ifndef CRASH_NETWORK_H
#define CRASH_NETWORK_H

#include <stdbool.h>

/** In a child of crash__sandbox_fork(): leaves the network that it has for one of its own. */
int crash__network_enter(void);

/** Whether that works here, by trying it. */
bool crash__network_possible(void);

#endif
