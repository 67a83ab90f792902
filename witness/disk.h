/* SPDX-License-Identifier: MIT */
/*
 * disk.h - a block device that remembers in which order it was written to, and can lose power.
 *
 * Method. A file system is made on a loop device whose file a child of ours serves (FUSE), so every write
 * and every flush of the kernel passes here and is noted. A disk that loses power keeps what was written
 * before the last flush that it answered, and of what was written since any part: whole writes, pages or
 * sectors of them. Such a content is put together from the notes and mounted again, and the kernel recovers
 * it as it would after a real power loss. Only pages are kept that are not all zeros, and contents share
 * them.
 *
 * A process has one disk, and saves its content once. It needs root, /dev/fuse and a free loop device, and a
 * mount namespace of its own (disk_open() makes it), so that nothing stays mounted however the process ends.
 */
#ifndef CRASH_WITNESS_DISK_H
#define CRASH_WITNESS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR 512u
#define DISK_PAGE 4096u

/** One write, or a flush: then there are no bytes. */
struct disk_note {
	uint64_t offset;
	uint32_t bytes;
	unsigned char *data;
};

/** What the disk holds; immutable. */
struct disk_content;

/**
 * Makes the process's disk, empty, below a directory that is its own.
 * @return NULL, or why there can be none here
 */
const char *disk_open(const char *directory, uint64_t bytes);
void disk_close(void);

/** Gives it a device. @return its path, "/dev/loop3"; NULL: it failed */
const char *disk_attach(void);
/** Takes the device away again, and waits until nobody has it. Nothing must be mounted. */
int disk_detach(void);

/** What it holds now: once, and before anything is loaded. Nobody else may write at that time; it lasts as
 * long as the disk. NULL: there is no room. */
struct disk_content *disk_save(void);
/** Lets it hold that. It must not have a device. Forgets the notes. */
void disk_load(const struct disk_content *content);

/** From now on nothing is noted: what is written takes the room of its pages, and no more. */
void disk_stop_notes(void);

/** Whether more was written since it was loaded than there is room for: it does not hold that. */
bool disk_is_full(void);

/** Writes what it holds to a file. It must not have a device. */
int disk_keep(const char *path);

/** How many notes there are; grows as the kernel writes. */
size_t disk_notes(void);
const struct disk_note *disk_note(size_t index);
/** From now on nothing is noted. The notes are the caller's to free with disk_notes_free(); NULL: there is no
 * memory. */
struct disk_note *disk_take_notes(size_t *count);
void disk_notes_free(struct disk_note *notes, size_t count);

/** Which requests the disk answers with EIO from now on, and does not do. */
struct disk_failure {
	bool flushes;
	unsigned char holding[16]; /* writes that have these bytes somewhere; all zeros: no others */
};

void disk_fail(const struct disk_failure *failure);
/** How many it has answered so since it was told to. */
size_t disk_failed(void);

/** Writes `bytes` of a note, from `from` on, while there is no device. */
void disk_apply(const struct disk_note *note, uint32_t from, uint32_t bytes);

#endif
