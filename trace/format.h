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

#include <stddef.h>
#include <stdint.h>

#define CRASH__TRACE_MAGIC "crashinject-trace\n"
#define CRASH__TRACE_VERSION 1u	       /* the rule stands at the end */
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
	CRASH__CHUNK_XATTRS,  /* of what the entry before speaks of: struct crash__xattr_head of each */
};

/** Something in the data directory. Directories stand before what is in them. */
struct crash__tree_entry {
	uint32_t mode, uid, gid;
	uint32_t path_bytes, text_bytes; /* of the strings that follow, with their NULs */
	uint32_t mtime_ns;
	int64_t mtime;
	uint64_t size;	/* of a file: that of its content, or 0 */
	char strings[]; /* path below the directory; where a symbolic link points, or the entry a hard link is
			   to */
};

/** An extended attribute: its name, with its NUL, and its value follow. */
struct crash__xattr_head {
	uint32_t name_bytes, value_bytes;
};

struct crash__chunk {
	uint32_t magic;
	uint16_t type;
	uint16_t pad;
	uint32_t stream;
	uint32_t checksum; /* the low half of the XXH3_64bits of the bytes */
	uint64_t bytes;
};

/*
 * Files stay, and other programs read them (crashinject-trace(5)). Whoever changes one of these numbers, or
 * what a field or a value means, here or in common/op_record.h, adds 1 to CRASH__TRACE_VERSION, unless that
 * was done since the last release, and changes the manual page. A reader refuses other versions. It passes
 * over chunks of a type that it does not know, so a new type may do without.
 */
_Static_assert(sizeof CRASH__TRACE_MAGIC <= sizeof((struct crash__trace_header *)0)->magic &&
		       sizeof(struct crash__trace_header) == 32 &&
		       offsetof(struct crash__trace_header, version) == 20 &&
		       offsetof(struct crash__trace_header, flags) == 24,
	       "the head of a trace has another layout");
_Static_assert(sizeof(struct crash__chunk) == 24 && offsetof(struct crash__chunk, type) == 4 &&
		       offsetof(struct crash__chunk, stream) == 8 &&
		       offsetof(struct crash__chunk, checksum) == 12 &&
		       offsetof(struct crash__chunk, bytes) == 16,
	       "chunks of a trace begin otherwise");
_Static_assert(sizeof(struct crash__tree_entry) == 40 &&
		       offsetof(struct crash__tree_entry, path_bytes) == 12 &&
		       offsetof(struct crash__tree_entry, mtime) == 24 &&
		       offsetof(struct crash__tree_entry, size) == 32 &&
		       offsetof(struct crash__tree_entry, strings) == 40,
	       "an entry of a trace's tree has another layout");
_Static_assert(CRASH__CHUNK_RECORDS == 1 && CRASH__CHUNK_PADDING == 7 && CRASH__CHUNK_XATTRS == 8 &&
		       sizeof(struct crash__xattr_head) == 8,
	       "types of chunks mean something else");

#endif
