/* SPDX-License-Identifier: MIT */
/*
 * exec.c - taking the shim along into new programs.
 *
 * Method. What the program starts has to find the shim and the control block in its environment,
 * whatever environment the program gives it: `env -i`, a new envp, system() after clearenv(). Where
 * libc is patched every exec arrives at crash__exec_call(), which rewrites the environment there; our
 * variables can then be hidden from the program itself (crash__exec_hide()). Where it is not, the
 * wrappers below do the same and the variables stay visible. A program that is started as another user, or
 * with another root, may not be able to open the control block, and goes without: the supervisor sees what it
 * does.
 *
 * Between vfork and exec the memory is the parent's. The new environment is built in memory that the
 * thread keeps for this purpose and uses again.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/program/elf.h"
#include "common/libc_version.h"
#include "common/numbers.h"
#include "common/say.h"
#include "preload/mapping.h"
#include "preload/real.h"

#define PRELOAD "LD_PRELOAD="
#define CONTROL CRASH__CONTROL_VARIABLE "="

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Makes room for `bytes` in the thread's own memory. */
static char *exec_memory(size_t bytes)
{
	struct crash__thread *me = crash__thread();
	size_t size = (bytes + 65535) & ~(size_t)65535;
	long memory;

	if (me->exec_bytes >= bytes)
		return (char *)me->exec_memory;
	memory = crash__sys6(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	if (crash__sys_failed(memory))
		return NULL;
	if (me->exec_memory)
		crash__sys3(SYS_munmap, (long)me->exec_memory, (long)me->exec_bytes, 0);
	me->exec_memory = (void *)memory;
	me->exec_bytes = size;
	return (char *)memory;
}

/* Whether the colon or space separated list names the shim. */
static bool lists_shim(const char *list, const char *shim)
{
	size_t length = strlen(shim);

	for (const char *at = strstr(list, shim); at; at = strstr(at + 1, shim))
		if ((at == list || at[-1] == ':' || at[-1] == ' ') &&
		    (at[length] == '\0' || at[length] == ':' || at[length] == ' '))
			return true;
	return false;
}

/*
 * "LD_PRELOAD=": a sanitizer's runtime, what was there, and last the shim. The two colons behind the
 * runtime mark it as ours: the loader makes nothing of them.
 */
static char *put_preload(char *out, const char *old, const char *shim, const char *sanitizer)
{
	out = stpcpy(out, PRELOAD);
	if (sanitizer[0] && !strstr(old, sanitizer)) {
		out = stpcpy(out, sanitizer);
		out = stpcpy(out, "::");
	}
	out = stpcpy(out, old);
	if (!lists_shim(old, shim)) {
		if (*old)
			*out++ = ':';
		out = stpcpy(out, shim);
	}
	return out + 1;
}

static char *put_control(char *out, const struct crash__control *control)
{
	char number[16];

	out = stpcpy(out, CONTROL);
	out = stpcpy(out, control->directory);
	out = stpcpy(out, "/control,");
	out = stpcpy(out, crash__decimal(number, sizeof number, crash__identify().process));
	return out + 1;
}

static bool is_open_to_us(const char *path, int mode)
{
	long result = crash__sys6(SYS_faccessat2, AT_FDCWD, (long)path, mode, AT_EACCESS, 0, 0);

	/* too old a kernel, or too old a container's profile */
	return result == 0 || result == -ENOSYS || result == -EPERM;
}

/*
 * Whether a new program could not load the module or map the control block: it has another user, or a root
 * where they are not. What is open to us may be by a right that exec takes away; and in a user namespace the
 * owner may have another number than outside, as the user has.
 */
static bool is_stranger(const struct crash__control *control, uint32_t user)
{
	struct crash__path_buffers *buffers;
	struct stat status;
	bool stranger = true;

	if (crash__delegate) /* a filter of the program's may forbid to look */
		return user != 0 && user != control->owner;
	buffers = crash__path_buffers_take();
	if (buffers) {
		stpcpy(stpcpy(buffers->path, control->directory), "/control");
		stranger = crash__sys_failed(crash__sys6(SYS_newfstatat, AT_FDCWD, (long)buffers->path,
							 (long)&status, 0, 0, 0)) ||
			   (user != 0 && user != status.st_uid) ||
			   !is_open_to_us(buffers->path, R_OK | W_OK) ||
			   !is_open_to_us(crash__control_shim(control), R_OK);
	}
	crash__path_buffers_give(buffers);
	return stranger;
}

/* Says so if nobody will see what a program does that the shim does not come along to. */
static void note_unseen(struct crash__control *control, const char *path,
			const struct crash__program *program, bool has_points)
{
	bool secure = program->secure && program->kind != CRASH__PROGRAM_STATIC;

	if (crash__control_watches_allocations(control))
		crash__control_incomplete(control, CRASH__INCOMPLETE_ALLOCATIONS, path);
	if ((control->plan.explicit_rules && has_points) ||
	    (crash__control_watches_calls(control) && !(control->mode & CRASH__MODE_SUPERVISOR)))
		crash__control_incomplete(
			control, secure ? CRASH__INCOMPLETE_SECURE : CRASH__INCOMPLETE_NO_SHIM, path);
}

/*
 * Whether the program gets our variables: where the shim comes along, where libcrashpoint wants to know, and
 * where the program may hand them on to one that has points.
 */
static bool takes_variables(struct crash__control *control, int dirfd, const char *path,
			    struct crash__program *program)
{
	uint32_t user = (uint32_t)crash__sys3(SYS_geteuid, 0, 0, 0);
	unsigned int points;

	crash__program_inspect_final(dirfd, path, program);
	switch (program->kind) {
	case CRASH__PROGRAM_FOREIGN:
		crash__control_incomplete(control, CRASH__INCOMPLETE_FOREIGN, path);
		return false;
	case CRASH__PROGRAM_SCRIPT:
	case CRASH__PROGRAM_UNKNOWN:
		return false;
	case CRASH__PROGRAM_STATIC:
		points = crash__program_points(dirfd, path);
		note_unseen(control, path, program, points == CRASH__HAS_POINTS);
		return (control->plan.explicit_rules || (points & CRASH__ATTENDS_POINTS)) &&
		       !is_stranger(control, user);
	case CRASH__PROGRAM_UNREADABLE: /* not there, or it may be executed only: probably like others */
		if (!program->secure)
			return true;
		break;
	case CRASH__PROGRAM_GLIBC:
		if (!program->secure && !is_stranger(control, user))
			return true;
		break;
	case CRASH__PROGRAM_OTHER_LIBC:
		break;
	}
	note_unseen(control, path, program, true);
	return false;
}

static char *const *with_shim(struct crash__control *control, char *const *environment, const char *sanitizer)
{
	const char *old = "";
	size_t count = 0, kept = 0, bytes = 0;
	char **list, *text;

	for (; environment && environment[count]; count++)
		if (starts_with(environment[count], PRELOAD))
			old = environment[count] + strlen(PRELOAD);
	bytes = (count + 4) * sizeof *list + strlen(old) + strlen(control->preload) + strlen(sanitizer) +
		strlen(control->directory) + 128;
	list = (char **)exec_memory(bytes);
	if (!list)
		return environment;
	for (size_t i = 0; i < count; i++)
		if (!starts_with(environment[i], PRELOAD) && !starts_with(environment[i], CONTROL) &&
		    strcmp(environment[i], CRASH__LOAD_BIAS) != 0)
			list[kept++] = environment[i];
	if (crash__libc_needs_load_bias())
		list[kept++] = (char *)(uintptr_t)CRASH__LOAD_BIAS;
	text = (char *)(list + kept + 3);
	list[kept++] = text;
	text = put_preload(text, old, control->preload, sanitizer);
	list[kept++] = text;
	put_control(text, control);
	list[kept] = NULL;
	return list;
}

char *const *crash__exec_environment(int dirfd, const char *path, char *const *environment)
{
	struct crash__control *control = crash__control_now();
	struct crash__program program = {.kind = CRASH__PROGRAM_GLIBC};

	if (!control || !(control->mode & CRASH__MODE_KEEPER))
		return environment;
	crash__check_dead(control);
	if (path && !takes_variables(control, dirfd, path, &program))
		return environment;
	return with_shim(control, environment, program.sanitizer);
}

static void remove_variable(char **entry)
{
	for (; *entry; entry++)
		entry[0] = entry[1];
}

/* What put_preload() has put in front. */
static void remove_sanitizer(char *list)
{
	char *end = strstr(list, "::");
	size_t length = end ? strcspn(list, ":") : 0;

	if (end && length == (size_t)(end - list) && strstr(list, "san.so") && strstr(list, "san.so") < end)
		memmove(list, end + 2, strlen(end + 2) + 1);
}

void crash__exec_hide(char **environment)
{
	const char *shim = crash__control->preload;

	for (char **entry = environment; *entry;) {
		char *list = *entry + strlen(PRELOAD);
		size_t keep;

		if (starts_with(*entry, CONTROL) || strcmp(*entry, CRASH__LOAD_BIAS) == 0) {
			remove_variable(entry);
			continue;
		}
		if (starts_with(*entry, PRELOAD))
			remove_sanitizer(list);
		if (starts_with(*entry, PRELOAD) && strlen(list) >= strlen(shim) &&
		    strcmp(list + strlen(list) - strlen(shim), shim) == 0) {
			keep = strlen(list) - strlen(shim);
			if (keep == 0) {
				remove_variable(entry);
				continue;
			}
			list[keep - 1] = '\0'; /* the colon in front of it */
		}
		entry++;
	}
}

/* ------------------------------------------------------------------ the exec family */

static int exec(const char *path, char *const *argv, char *const *environment)
{
	long result = crash__other_call(SYS_execve, (long[6]){(long)path, (long)argv, (long)environment});

	return (int)crash__result(result);
}

CRASH__EXPORT int execve(const char *path, char *const argv[], char *const environment[])
{
	return exec(path, argv, environment);
}

CRASH__EXPORT int execv(const char *path, char *const argv[])
{
	return exec(path, argv, environ);
}

/* libc has it from 2.34 on. */
CRASH__EXPORT int execveat(int dirfd, const char *path, char *const argv[], char *const environment[],
			   int flags);

int execveat(int dirfd, const char *path, char *const argv[], char *const environment[], int flags)
{
	return (int)crash__result(crash__other_call(
		SYS_execveat, (long[6]){dirfd, (long)path, (long)argv, (long)environment, flags}));
}

CRASH__EXPORT int fexecve(int fd, char *const argv[], char *const environment[])
{
	return (int)crash__result(crash__other_call(
		SYS_execveat, (long[6]){fd, (long)"", (long)argv, (long)environment, AT_EMPTY_PATH}));
}

/* For functions of libc that exec by themselves: where libc is patched, that exec is seen. */
static char *const *for_wrapper(const char *path, char *const *environment)
{
	return crash__patched ? environment : crash__exec_environment(AT_FDCWD, path, environment);
}

/* The search in PATH is libc's. */
static int exec_found(const char *file, char *const argv[], char *const environment[])
{
	return crash__real()->execvpe(file, argv, for_wrapper(NULL, environment));
}

CRASH__EXPORT int execvpe(const char *file, char *const argv[], char *const environment[])
{
	return exec_found(file, argv, environment);
}

CRASH__EXPORT int execvp(const char *file, char *const argv[])
{
	return exec_found(file, argv, environ);
}

/* Counts the arguments up to NULL and leaves `list` behind it. */
static size_t count_arguments(const char *first, va_list list)
{
	size_t count = 0;

	for (const char *at = first; at; at = va_arg(list, const char *))
		count++;
	return count;
}

#define COLLECT(argv, first)                                                                                 \
	va_list list, again;                                                                                 \
	va_start(list, first);                                                                               \
	va_copy(again, list);                                                                                \
	size_t count = count_arguments(first, list);                                                         \
	char *argv[count + 1];                                                                               \
	argv[0] = (char *)(uintptr_t)first;                                                                  \
	for (size_t i = 1; i <= count; i++)                                                                  \
		argv[i] = va_arg(again, char *);                                                             \
	va_end(again)

CRASH__EXPORT int execl(const char *path, const char *first, ...)
{
	COLLECT(argv, first);
	va_end(list);
	return exec(path, argv, environ);
}

CRASH__EXPORT int execlp(const char *file, const char *first, ...)
{
	COLLECT(argv, first);
	va_end(list);
	return exec_found(file, argv, environ);
}

CRASH__EXPORT int execle(const char *path, const char *first, ...)
{
	COLLECT(argv, first);
	char *const *environment = va_arg(list, char *const *);

	va_end(list);
	return exec(path, argv, environment);
}

/* ------------------------------------------------------------------ children in our memory */

CRASH__EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
			      const posix_spawnattr_t *attributes, char *const argv[],
			      char *const environment[])
{
	int error;

	crash__borrowed++;
	error = crash__real()->posix_spawn(pid, path, actions, attributes, argv,
					   for_wrapper(path, environment));
	crash__borrowed--;
	return error;
}

CRASH__EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			       const posix_spawnattr_t *attributes, char *const argv[],
			       char *const environment[])
{
	int error;

	crash__borrowed++;
	error = crash__real()->posix_spawnp(pid, file, actions, attributes, argv,
					    for_wrapper(NULL, environment));
	crash__borrowed--;
	return error;
}

CRASH__EXPORT FILE *popen(const char *command, const char *type)
{
	FILE *file;

	crash__borrowed++;
	file = crash__real()->popen(command, type);
	crash__borrowed--;
	return file;
}

CRASH__EXPORT int system(const char *command)
{
	int status;

	crash__borrowed++;
	status = crash__real()->system(command);
	crash__borrowed--;
	return status;
}

/*
 * Two processes that run at once in one memory, thread-local storage included: nothing here can tell
 * them apart, and both would append to one ring. Who is outside can.
 */
static void share_memory(void)
{
	crash__no_cache = true; /* one table for the descriptors of both */
	if (!crash__control)
		return;
	if (crash__control->mode & CRASH__MODE_SUPERVISOR)
		crash__delegate = true;
	else if (crash__control->mode & CRASH__MODE_RECORD)
		crash__control_incomplete(crash__control, CRASH__INCOMPLETE_UNSUPPORTED,
					  "clone with CLONE_VM");
}

/* What a child with a memory of its own is to do. */
struct started {
	int (*function)(void *);
	void *argument;
};

/* The parent's frame is in the child's memory as well. */
static int start_child(void *started)
{
	struct started child = *(const struct started *)started;

	int status;

	crash__mapping_forked();
	status = child.function(child.argument);
	crash__mapping_finish(); /* libc ends the child by an instruction of its own */
	return status;
}

CRASH__EXPORT pid_t _Fork(void)
{
	pid_t pid = crash__real()->_Fork ? crash__real()->_Fork() : fork();

	if (pid == 0)
		crash__mapping_forked();
	return pid;
}

CRASH__EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	bool shares = (flags & CLONE_VM) && !(flags & CLONE_THREAD);
	struct started child = {function, argument};
	void *rest[3];
	va_list list;
	int result;

	va_start(list, argument);
	for (int i = 0; i < 3; i++)
		rest[i] = va_arg(list, void *);
	va_end(list);
	if (shares && !(flags & CLONE_VFORK))
		share_memory();
	crash__borrowed += shares;
	if (!(flags & CLONE_VM) && function) {
		function = start_child;
		argument = &child;
	}
	result = crash__real()->clone(function, stack, flags, argument, rest[0], rest[1], rest[2]);
	crash__borrowed -= shares;
	return result;
}
