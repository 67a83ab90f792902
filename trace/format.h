/* SPDX-License-Identifier: MIT */
/*
 * format.h - the layout of a trace file. crashinject-trace(5) describes it for others.
 *
 *	struct crash__trace_header
 *	{ struct crash__chunk, its bytes, padding to a multiple of 8 }
 *
 * RECORDS chunks carry whole records (common/op_record.h) of one stream; a stream is what one thread at a
 * time appends to. Records of one stream are in order; streams are merged by sequence number.
 */
#ifndef CRASH_TRACE_FORMAT_H
#define CRASH_TRACE_FORMAT_H

#include <stdint.h>

#define CRASH__TRACE_MAGIC "crashinject-trace\n"
#define CRASH__TRACE_VERSION 1u
#define CRASH__CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */

struct crash__trace_header {
	char magic[20];
	uint32_t version;
	uint64_t flags; /* none yet */
};

enum crash__chunk_type {
	CRASH__CHUNK_RECORDS = 1,
	CRASH__CHUNK_START, /* JSON: what was run, and how */
	CRASH__CHUNK_END,   /* JSON: how it ended, and why the trace may not be complete */
	/* the data directory before the run, see struct crash__tree_entry */
	CRASH__CHUNK_TREE,    /* JSON: its path, and whether all of it is here */
	CRASH__CHUNK_ENTRY,   /* struct crash__tree_entry */
	CRASH__CHUNK_CONTENT, /* what is in the file that the entry before speaks of; without checksum */
	CRASH__CHUNK_PADDING, /* nothing, so that contents begin at a multiple of 4096 */
};

/** Something in the data directory. Directories stand before what is in them. */
struct crash__tree_entry {
	uint32_t mode, uid, gid;
	uint32_t path_bytes, text_bytes; /* of the strings that follow, with their NULs */
	uint32_t mtime_ns;
	int64_t mtime;
	uint64_t size;	/* of a file; holes at its end are not in its contents */
	char strings[]; /* path below the directory; where a symbolic link points, or the entry a hard link is
			   to */
};

struct crash__chunk {
	uint32_t magic;
	uint16_t type;
	uint16_t pad;
	uint32_t stream;
	uint32_t checksum; /* the low half of the XXH3_64bits of the bytes */
	uint64_t bytes;
};

#endif
