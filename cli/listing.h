/* SPDX-License-Identifier: MIT */
/*
 * listing.h - a trace as a table, or as JSON lines.
 */
#ifndef CRASH_LISTING_H
#define CRASH_LISTING_H

#include "cli/options.h"
#include "trace/reader.h"

/** Prints every op and explicit point of a trace, and a summary. */
void crash__listing_print(const struct crash__options *options, const struct crash__trace *trace,
			  const struct crash_out *out);

#endif
