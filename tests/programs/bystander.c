/* SPDX-License-Identifier: MIT */
/*
 * bystander - a library that is preloaded beside the shim and has functions of libc's, as fakeroot's has. It
 * says on stderr which of them the shim calls: none, or what the library does in them (tell a program about
 * owners that there are not, wait for a server, allocate) happens where the program has not called it, and
 * before the library is ready for it.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look_at(const char *name, void *caller)
{
	Dl_info info;

	if (!dladdr(caller, &info) || !strstr(info.dli_fname, "libcrashinject-preload"))
		return;
	syscall(SYS_write, 2, name, strlen(name));
	syscall(SYS_write, 2, "\n", 1);
}

#define WATCH(type, name, parameters, arguments)                                                             \
	type name parameters                                                                                 \
	{                                                                                                    \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);                        \
                                                                                                             \
		look_at(#name, __builtin_return_address(0));                                                 \
		return real arguments;                                                                       \
	}

WATCH(int, fstat, (int fd, struct stat *status), (fd, status))
WATCH(int, stat, (const char *path, struct stat *status), (path, status))
WATCH(int, lstat, (const char *path, struct stat *status), (path, status))
WATCH(int, fstatat, (int fd, const char *path, struct stat *status, int flags), (fd, path, status, flags))
WATCH(uid_t, getuid, (void), ())
WATCH(uid_t, geteuid, (void), ())
WATCH(gid_t, getgid, (void), ())
WATCH(gid_t, getegid, (void), ())
WATCH(pid_t, getpid, (void), ())
WATCH(int, close, (int fd), (fd))
WATCH(int, dup2, (int from, int to), (from, to))
WATCH(ssize_t, read, (int fd, void *bytes, size_t count), (fd, bytes, count))
WATCH(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
WATCH(ssize_t, readlink, (const char *path, char *bytes, size_t count), (path, bytes, count))
WATCH(int, madvise, (void *address, size_t bytes, int advice), (address, bytes, advice))
WATCH(int, munmap, (void *address, size_t bytes), (address, bytes))
WATCH(int, mprotect, (void *address, size_t bytes, int prot), (address, bytes, prot))
WATCH(void *, mmap, (void *address, size_t bytes, int prot, int flags, int fd, off_t offset),
      (address, bytes, prot, flags, fd, offset))
WATCH(int, execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp))
WATCH(int, execvpe, (const char *file, char *const argv[], char *const envp[]), (file, argv, envp))
