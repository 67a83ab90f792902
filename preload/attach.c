/* SPDX-License-Identifier: MIT */
/*
 * attach.c - the control block, and who this process and thread are.
 *
 * Method. A process that crashinject started finds the control block by path (CRASH_CONTROL). One
 * that only preloads the shim gets a block of its own from CRASH_AT, shared with what it forks.
 *
 * A forked child must not go on as its parent: it has other ids and must not touch the parent's
 * rings. Nobody can be relied on to tell us about a fork (clone(2) needs no libc), so the process's
 * identity lies in a page that the kernel hands to the child zeroed (MADV_WIPEONFORK). A child of
 * vfork shares our memory, page and thread state included; crash__borrowed says that there may be
 * one, and then its process id is asked for each time.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/say.h"
#include "common/spec.h"
#include "common/variables.h"
#include "preload/allocation.h"
#include "preload/fork_gate.h"
#include "preload/mapping.h"

/* Packagers' flags come last. A canary is read, and a checked call is made, before either can work. */
#if defined __SSP__ || defined __SSP_ALL__ || defined __SSP_STRONG__ ||                                      \
	(defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0)
#error "leave stack protector and _FORTIFY_SOURCE out of CFLAGS and CPPFLAGS: the module has neither"
#endif

struct self {
	_Atomic uint32_t state; /* 0 just forked, 1 being filled, 2 valid */
	uint32_t pid;
	uint32_t number;
	_Atomic uint32_t threads;
	_Atomic uint32_t announced; /* 1 + the number that the last PROCESS record named */
	_Atomic uint32_t gate;	    /* of fork_gate.c */
};

extern __typeof__(crash__alloc_module_serves) crash__alloc_module_serves __attribute__((weak));

struct crash__control *crash__control;
_Thread_local struct crash__thread crash__me;
_Thread_local uint32_t crash__borrowed;
bool crash__no_cache, crash__delegate;

static struct self *self;

static char control_path[PATH_MAX]; /* of the block; empty: it has none */

static const struct self *current_self(void)
{
	uint32_t expected = 0;

	if (__builtin_expect(atomic_load_explicit(&self->state, memory_order_acquire) == 2, 1))
		return self;
	if (atomic_compare_exchange_strong(&self->state, &expected, 1)) {
		self->pid = (uint32_t)crash__sys3(SYS_getpid, 0, 0, 0);
		self->number = crash__control_number_of(crash__control, self->pid);
		atomic_store_explicit(&self->state, 2, memory_order_release);
	}
	while (atomic_load_explicit(&self->state, memory_order_acquire) != 2)
		crash__pause();
	return self;
}

struct crash__thread *crash__thread(void)
{
	const struct self *process = current_self();
	struct crash__thread *me = &crash__me;

	if (__builtin_expect(me->pid != process->pid, 0)) {
		memset(me->rings, 0, sizeof me->rings);
		me->unwinding = false;
		me->tid = (uint32_t)crash__sys3(SYS_gettid, 0, 0, 0);
		me->number = atomic_fetch_add(&self->threads, 1) + 1;
		me->pid = process->pid;
	}
	return me;
}

struct crash__identity crash__identify(void)
{
	struct crash__thread *me = crash__thread();
	struct crash__identity identity = {
		.pid = me->pid, .tid = me->tid, .process = self->number, .thread = me->number};
	uint32_t pid;

	if (__builtin_expect(crash__borrowed == 0, 1))
		return identity;
	pid = (uint32_t)crash__sys3(SYS_getpid, 0, 0, 0);
	if (pid == me->pid)
		return identity;
	if (me->borrowed_pid != pid) {
		me->borrowed_pid = pid;
		me->borrowed_number = crash__control_number_of(crash__control, pid);
	}
	return (struct crash__identity){.pid = pid, .tid = pid, .process = me->borrowed_number, .thread = 1};
}

_Atomic uint32_t *crash__gate_state(void)
{
	return &self->gate;
}

bool crash__announce_process(uint32_t number)
{
	return atomic_exchange(&self->announced, number + 1) != number + 1;
}

static const char *variable(char **environment, const char *name)
{
	size_t length = strlen(name);

	for (char **entry = environment; entry && *entry; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

/* Makes the page that a fork wipes. */
static bool make_self(void)
{
	long page = crash__sys6(SYS_mmap, 0, CRASH__PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);

	if (crash__sys_failed(page) ||
	    crash__sys_failed(crash__sys3(SYS_madvise, page, CRASH__PAGE, MADV_WIPEONFORK)))
		return false;
	self = (void *)page;
	crash__fork_gate_make();
	return true;
}

/* Says which process this is: one that execs keeps its number. */
static void number_self(struct crash__control *control, const uint64_t *number)
{
	self->pid = (uint32_t)crash__sys3(SYS_getpid, 0, 0, 0);
	self->number = number ? crash__control_number(control, self->pid, (uint32_t)*number) :
				crash__control_number_of(control, self->pid);
	atomic_store(&self->state, 2);
}

/*
 * Whether the block is what this shim takes it for. If its command is of another version, nothing of it is
 * known but how it begins: the process is counted there, and the run says that it may have missed something.
 */
static bool is_ours(struct crash__control *control, uint64_t bytes, const char *path)
{
	char theirs[24], ours[24];

	if (bytes < offsetof(struct crash__control, bytes) || control->magic != CRASH__CONTROL_MAGIC)
		return false;
	if (control->version == CRASH__CONTROL_VERSION)
		return bytes >= sizeof *control && control->bytes == bytes;
	if (control->version >= CRASH__CONTROL_COUNTS_STRANGERS)
		atomic_fetch_add(&control->strangers, 1);
	crash__say("crashinject: ", path, " is of version ",
		   crash__decimal(theirs, sizeof theirs, control->version), ", and this shim is of version ",
		   crash__decimal(ours, sizeof ours, CRASH__CONTROL_VERSION), "\n", NULL);
	return false;
}

/* Nothing of the first part changes any more: a stray store there ends the program, as it does without us. */
static void protect_constant(struct crash__control *control)
{
	crash__sys3(SYS_mprotect, (long)control, CRASH__CONTROL_CONSTANT & ~(uint64_t)(CRASH__PAGE - 1),
		    PROT_READ);
}

static struct crash__control *map_control(const char *path)
{
	struct stat status;
	struct crash__control *control = NULL;
	long memory;
	int fd = (int)crash__sys6(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CLOEXEC, 0, 0, 0);

	if (fd < 0)
		return NULL;
	if (crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0 && status.st_size > 0) {
		memory = crash__syscall(SYS_mmap, (long[6]){0, status.st_size, PROT_READ | PROT_WRITE,
							    MAP_SHARED | MAP_NORESERVE, fd, 0});
		if (!crash__sys_failed(memory)) {
			control = (struct crash__control *)memory;
			crash__sys3(SYS_madvise, memory, status.st_size, MADV_DONTDUMP);
		}
	}
	crash__syscall(SYS_close, (long[6]){fd}); /* nobody needs to hear of it */
	if (control && !is_ours(control, (uint64_t)status.st_size, path)) {
		crash__sys3(SYS_munmap, (long)control, (long)status.st_size, 0);
		control = NULL;
	}
	if (control)
		protect_constant(control);
	return control;
}

/* Who has lost the block maps it anew for this one sentence. */
static void tell_loss(void)
{
	struct crash__control *control = control_path[0] ? map_control(control_path) : NULL;

	if (!control)
		return;
	crash__control_incomplete(control, CRASH__INCOMPLETE_DAMAGED, "what the shim shares with us");
	crash__sys3(SYS_munmap, (long)control, (long)control->bytes, 0);
}

/* The pointer stays: another thread may be in the middle of an op. */
void crash__detach_control(void)
{
	static _Atomic bool done;

	if (atomic_exchange(&done, true))
		return;
	crash__delegate = true; /* the supervisor sees what is not counted here any more */
	crash__mapped = false;
	tell_loss();
}

static void attach_to_runner(const char *value)
{
	char path[PATH_MAX];
	size_t length = strcspn(value, ",");
	uint64_t number = 0;
	bool has_number = value[length] == ',' &&
			  crash__parse_count(value + length + 1, strlen(value + length + 1), &number);
	struct crash__control *control;

	if (length >= sizeof path)
		return;
	memcpy(path, value, length);
	path[length] = '\0';
	control = map_control(path);
	if (control == NULL) {
		crash__say("crashinject: cannot map ", path, ": this process is not watched\n", NULL);
		return;
	}
	if (!make_self())
		return;
	number_self(control, has_number ? &number : NULL);
	atomic_fetch_add(&control->loaded, 1);
	strcpy(control_path, path);
	crash__control = control;
}

static _Noreturn void leave(int status)
{
	for (;;)
		crash__sys3(SYS_exit_group, status, 0, 0);
}

static _Noreturn void refuse_spec(const char *spec, const struct crash__spec_error *error)
{
	char column[24];

	crash__say("crashinject: CRASH_AT=", spec, ": column ",
		   crash__decimal(column, sizeof column, error->column), ": ", error->message,
		   error->hint[0] ? "; " : "", error->hint, "\n", NULL);
	leave(125);
}

/* Refuses the rules that name a family. */
static bool refuse_family(const struct crash__plan *plan, unsigned int family, const char *message,
			  const char *hint, struct crash__spec_error *error)
{
	if (!crash__plan_names(plan, family))
		return true;
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct crash__rule *rule = &plan->rules[i];

		if (rule->kind == CRASH__KIND_CALL ? crash__calls[rule->which].family == family :
						     rule->which == family)
			error->column = rule->column;
	}
	strcpy(error->message, message);
	strcpy(error->hint, hint);
	return false;
}

/* Reads are seen by the filter alone, and allocations by a module of their own. */
static bool can_be_done_alone(const struct crash__plan *plan, struct crash__spec_error *error)
{
	return refuse_family(plan, CRASH__FAMILY_READ, "reads are not seen by the shim alone",
			     "use crashinject run", error) &&
	       (crash__alloc_module_serves ||
		refuse_family(plan, CRASH__FAMILY_ALLOC, "allocations are not seen by the shim alone",
			      "preload libcrashinject-alloc.so in front of it", error));
}

/* Only LD_PRELOAD and CRASH_AT are set: the block is ours and of what we fork. */
static void attach_alone(const char *spec, char **environment)
{
	struct crash__spec_error error;
	const char *after = variable(environment, "CRASH_AFTER"), *unknown, *nearest;
	uint64_t first = 0;
	uint32_t seed = 0;
	size_t position = 0;
	struct crash__control *control;
	long memory = crash__sys6(SYS_mmap, 0, sizeof *control, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (crash__sys_failed(memory) || !make_self())
		return;
	control = (struct crash__control *)memory;
	while ((unknown = crash__environment_unknown(environment, &position, &nearest)) != NULL)
		crash__say("crashinject: unknown variable ", unknown, nearest ? "; did you mean " : "",
			   nearest ? nearest : "", nearest ? "?\n" : "\n", NULL);
	if (after && !crash__parse_count(after, strlen(after), &first)) {
		crash__say("crashinject: CRASH_AFTER=", after, ": not a number\n", NULL);
		leave(125);
	}
	if (!crash__spec_parse(&control->plan, spec, first, &error) ||
	    !can_be_done_alone(&control->plan, &error))
		refuse_spec(spec, &error);
	if (crash__sys3(SYS_getrandom, (long)&seed, sizeof seed, 0) != sizeof seed)
		seed = (uint32_t)crash__sys3(SYS_getpid, 0, 0, 0);
	crash__plan_draw(&control->plan, seed);
	control->magic = CRASH__CONTROL_MAGIC;
	control->version = CRASH__CONTROL_VERSION;
	control->bytes = sizeof *control;
	control->mode = CRASH__MODE_PATCH;
	crash__control_note_outside(control); /* as with a runner: the same op has the same number */
	crash__control_guard(control);
	protect_constant(control);
	number_self(control, NULL);
	crash__control = control;
}

void crash__attach_control(char **environment)
{
	static bool done;
	const char *value;

	if (done)
		return;
	done = true;
	value = variable(environment, CRASH__CONTROL_VARIABLE);
	if (value)
		attach_to_runner(value);
	else if ((value = variable(environment, "CRASH_AT")) != NULL && *value)
		attach_alone(value, environment);
}
