/* SPDX-License-Identifier: MIT */
/*
 * remote.h - looking into another process: its memory, its descriptors, where its paths start.
 *
 * The process waits in the kernel for our reply, so nothing of this changes under our eyes unless
 * another of its threads does it.
 */
#ifndef CRASH_REMOTE_H
#define CRASH_REMOTE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct crash__remote {
	pid_t tid, pid;
	uint32_t process, thread; /* numbers in the run */
	int pidfd;		  /* of the process; kept by the table of known threads; 0: none */
	char root[32];		  /* "/proc/TID/root" if its root or mounts are not ours, else "" */
};

struct crash__control;

/** Finds out who a thread is. Returns false if it is gone. Thread-safe. */
bool crash__remote_find(struct crash__control *control, pid_t tid, struct crash__remote *remote);

/** Whether a thread is its process's first: then its id is the process's. */
bool crash__remote_leads(pid_t tid);

/** Whether the kernel did not let the calling thread look into a process since this was asked last. */
bool crash__remote_refused(void);

/** From now on any process may have another root or other mounts than it had. */
void crash__remote_roots_change(void);

/** Reads the thread's memory; returns the bytes, which may be fewer, or a negative errno. */
long crash__remote_read(const struct crash__remote *remote, uint64_t address, void *to, size_t count);

/** Memory of a process that is read together with something else, because to look into it at all costs most.
 */
struct crash__ahead {
	uint64_t address;
	size_t wanted; /* at most as many as there is room for */
	size_t count;  /* all of them, or 0 */
	unsigned char bytes[4096];
};

/** Reads up to 63 words that lie here and there, and what is wanted besides; false if a word cannot be read.
 */
bool crash__remote_words(const struct crash__remote *remote, const uint64_t *addresses, size_t count,
			 uint64_t *words, struct crash__ahead *ahead);

/** Writes it. */
long crash__remote_write(const struct crash__remote *remote, uint64_t address, const void *from,
			 size_t count);

/** Reads a string; false if it is at a bad address or longer than `size`. */
bool crash__remote_string(const struct crash__remote *remote, uint64_t address, char *to, size_t size);

/** What a descriptor is; false if it is not open. */
bool crash__remote_fstat(const struct crash__remote *remote, int fd, struct stat *status);

/** The path it was opened by. */
bool crash__remote_fd_path(const struct crash__remote *remote, int fd, char out[PATH_MAX]);

/** The flags it was opened with; -1 if they cannot be found out. */
long crash__remote_fd_flags(const struct crash__remote *remote, int fd);

/**
 * Where relative paths start: the directory behind `dirfd`, or the working directory. `prefix` becomes where
 * the root is that this path starts at.
 */
bool crash__remote_base(const struct crash__remote *remote, int dirfd, const char **prefix,
			char out[PATH_MAX]);

/** Makes of a path from our root, as the kernel has it, one from the process's root if it is below that. */
void crash__remote_inside(const struct crash__remote *remote, char path[PATH_MAX], const char **prefix);

/** The same open file description in this process, to be closed; or a negative errno. */
int crash__remote_dup(const struct crash__remote *remote, int fd);

/**
 * Lets the calling thread, until crash__remote_resume(), do with files what the process may do and get
 * what it would get: its user, groups and capabilities if they are not ours and we may take them on, and its
 * umask.
 * Returns false, and has changed nothing, where that cannot be had.
 */
bool crash__remote_become(const struct crash__remote *remote);

/** The threads have one umask for all: from now on crash__remote_become() lets one at a time. */
void crash__remote_share(void);

/**
 * Makes the calling thread its own again; the umask stays. Returns false if it had fewer rights than the
 * process has: then what was refused (EPERM, EACCES) need not be refused to the process.
 */
bool crash__remote_resume(void);

/** The program counter and stack pointer of the waiting thread. */
bool crash__remote_registers(const struct crash__remote *remote, uint64_t *pc, uint64_t *sp);

/** The largest file it may write, in bytes; RLIM_INFINITY: any. 0 if that cannot be found out. */
uint64_t crash__remote_size_limit(const struct crash__remote *remote);

/** Whether it may have locked memory, mlock(2). */
bool crash__remote_locks_memory(const struct crash__remote *remote);

/** Whether it has as many descriptors as it may have: then it gets no other one. */
bool crash__remote_fds_are_full(const struct crash__remote *remote);

/** The program that the process runs, or if that is not shown, its name; else "". */
void crash__remote_program(const struct crash__remote *remote, char out[PATH_MAX]);

#endif
