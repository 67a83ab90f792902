/* SPDX-License-Identifier: MIT */
/*
 * real.h - libc's own functions, where a wrapper goes on to call them.
 *
 * Looked up once, by the constructor: dlsym() is not for signal handlers. Where another library's constructor
 * runs before ours, as it can if that library asks to be the first as well (libpthread does, up to
 * glibc 2.33), they are looked up when they are wanted.
 */
#ifndef CRASH_REAL_H
#define CRASH_REAL_H

#include <dirent.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

/* REAL(return type, name, parameters) */
#define CRASH__REAL_FUNCTIONS                                                                                \
	REAL(int, __open_2, (const char *, int))                                                             \
	REAL(int, __open64_2, (const char *, int))                                                           \
	REAL(int, __openat_2, (int, const char *, int))                                                      \
	REAL(int, __openat64_2, (int, const char *, int))                                                    \
	REAL(int, fchmodat, (int, const char *, mode_t, int))                                                \
	REAL(int, fclose, (FILE *))                                                                          \
	REAL(FILE *, freopen, (const char *, const char *, FILE *))                                          \
	REAL(FILE *, freopen64, (const char *, const char *, FILE *))                                        \
	REAL(int, closedir, (DIR *))                                                                         \
	REAL(int, execvpe, (const char *, char *const *, char *const *))                                     \
	REAL(int, posix_spawn,                                                                               \
	     (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,          \
	      char *const *, char *const *))                                                                 \
	REAL(int, posix_spawnp,                                                                              \
	     (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,          \
	      char *const *, char *const *))                                                                 \
	REAL(FILE *, popen, (const char *, const char *))                                                    \
	REAL(int, system, (const char *))                                                                    \
	REAL(ssize_t, send, (int, const void *, size_t, int))                                                \
	REAL(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))          \
	REAL(ssize_t, sendmsg, (int, const struct msghdr *, int))                                            \
	REAL(int, sendmmsg, (int, struct mmsghdr *, unsigned int, int))                                      \
	REAL(ssize_t, vmsplice, (int, const struct iovec *, size_t, unsigned int))                           \
	REAL(ssize_t, tee, (int, int, size_t, unsigned int))                                                 \
	REAL(int, pthread_cancel, (pthread_t))                                                               \
	REAL(int, pthread_mutex_lock, (pthread_mutex_t *))                                                   \
	REAL(pid_t, _Fork, (void))                                                                           \
	REAL(int, clone, (int (*)(void *), void *, int, void *, void *, void *, void *))

struct crash__real {
#define REAL(type, name, parameters) type(*name) parameters;
	CRASH__REAL_FUNCTIONS
#undef REAL
};

extern struct crash__real crash__real_functions;
extern atomic_bool crash__real_found;

/** Looks all of them up. */
void crash__real_find(void);

static inline const struct crash__real *crash__real(void)
{
	if (__builtin_expect(!atomic_load_explicit(&crash__real_found, memory_order_acquire), 0))
		crash__real_find();
	return &crash__real_functions;
}

#endif
