/* SPDX-License-Identifier: MIT */
/*
 * run.h - crash_run() with everything that the command line needs besides.
 */
#ifndef CRASH_RUN_H
#define CRASH_RUN_H

#include <crashinject/crashinject.h>

#include "runner/request.h"

/** A request with no descriptors. */
struct crash__request crash__request_new(void);

int crash__run(const struct crash__request *request, struct crash_out *out);

#endif
