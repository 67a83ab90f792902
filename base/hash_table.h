/* SPDX-License-Identifier: MIT */
/*
 * hash_table.h - uthash.h as a library needs it.
 *
 * As it is, uthash ends the process where there is no memory for a table. Here HASH_ADD then leaves the
 * element out, and who adds one asks whether it is in.
 */
#ifndef CRASH_HASH_TABLE_H
#define CRASH_HASH_TABLE_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** Whether an element that was added is in the table. If not, there was no memory, and it is still the
 * caller's. */
#define CRASH__HASHED(element) ((element)->hh.tbl != NULL)

#endif
