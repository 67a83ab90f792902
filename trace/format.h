/* SPDX-License-Identifier: MIT */
/*
 * format.h - the layout of a trace file. crashinject-trace(5) describes it for others.
 *
 *	struct crash__trace_header
 *	{ struct crash__chunk, its bytes, padding to a multiple of 8 }
 *
 * RECORDS chunks carry whole records (common/record.h) of one stream; a stream is what one thread at a
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
};

struct crash__chunk {
	uint32_t magic;
	uint16_t type;
	uint16_t pad;
	uint32_t stream;
	uint32_t checksum; /* XXH32 of the bytes, seed 0 */
	uint64_t bytes;
};

#endif
