/* SPDX-License-Identifier: MIT */
/*
 * unwind.c - the backtrace of a thread that waits for our reply.
 *
 * Method. The kernel tells the program counter and stack pointer of a waiting thread (/proc/TID/syscall)
 * but no other register, and only a debugger could ask for them. Most code finds its caller by the stack
 * pointer alone; libdw does so with the thread's memory read as needed. A frame that is found by its base
 * pointer, and whose base pointer nobody saved, ends the backtrace, which is then said to be short.
 *
 * That takes a third of a millisecond, and a program that writes does so from few places. So it is kept, by
 * program counter and stack pointer, at which addresses the unwinder found return addresses: if they are
 * all still there, the backtrace is the same. What is known of a process's modules is kept, too, as long as
 * its mappings stay as they are.
 */
#include "supervisor/unwind.h"

#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/program/elf.h"
#include "supervisor/machine_registers.h"
#include "symbols/debug_file.h"
#include "symbols/function.h"

#define MOST_READS 512

struct unwinding {
	struct crash__notification *notification;
	uint64_t pc, sp;
	struct {
		uint64_t address, value;
	} reads[MOST_READS]; /* of the thread's memory */
	uint32_t read_count;
	uint64_t *addresses;
	uint32_t count, most;
	const char *function; /* to look for, or NULL */
	bool found;
	Dwfl *dwfl;
};

static pid_t next_thread(Dwfl *dwfl, void *context, void **thread_context)
{
	struct unwinding *unwinding = context;

	(void)dwfl;
	if (*thread_context)
		return 0;
	*thread_context = unwinding;
	return unwinding->notification->remote.tid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *context, void **thread_context)
{
	(void)dwfl;
	(void)tid;
	*thread_context = context;
	return true;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *context)
{
	struct unwinding *unwinding = context;

	(void)dwfl;
	if (crash__remote_read(&unwinding->notification->remote, address, result, sizeof *result) !=
	    sizeof *result)
		return false;
	if (unwinding->read_count < MOST_READS) {
		unwinding->reads[unwinding->read_count].address = address;
		unwinding->reads[unwinding->read_count++].value = *result;
	}
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *context)
{
	const struct unwinding *unwinding = context;

	return crash__set_registers(thread, unwinding->pc, unwinding->sp);
}

static int add_frame(Dwfl_Frame *frame, void *context)
{
	struct unwinding *unwinding = context;
	Dwarf_Addr pc;
	bool activation;

	if (!dwfl_frame_pc(frame, &pc, &activation))
		return DWARF_CB_ABORT;
	if (unwinding->count < unwinding->most)
		unwinding->addresses[unwinding->count++] = pc + activation;
	if (unwinding->function) {
		Dwfl_Module *module = dwfl_addrmodule(unwinding->dwfl, pc - 1);
		const char *name = module ? dwfl_module_addrname(module, pc - 1) : NULL;

		unwinding->found |= name && crash__function_is(name, unwinding->function);
	}
	return DWARF_CB_OK;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = crash__debug_file_find,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ------------------------------------------------------------------ modules */

static struct unwinding current;

/* Those of the process that was looked at last. */
static struct {
	Dwfl *dwfl;
	uint32_t process;
	pid_t pid;
	uint64_t mappings; /* a sum of what is mapped to be executed */
} kept;

static uint64_t sum_mappings(pid_t pid)
{
	char path[64], line[PATH_MAX + 128];
	uint64_t sum = 0xcbf29ce484222325;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps)) {
		const char *rights = strchr(line, ' ');

		for (const char *at = line; rights && rights[3] == 'x' && *at; at++)
			sum = (sum ^ (unsigned char)*at) * 0x100000001b3;
	}
	if (maps)
		fclose(maps);
	return sum;
}

static Dwfl *find_modules(const struct crash__remote *remote)
{
	uint64_t mappings = sum_mappings(remote->pid);

	if (kept.dwfl && kept.pid == remote->pid && kept.process == remote->process &&
	    kept.mappings == mappings)
		return kept.dwfl;
	if (kept.dwfl)
		dwfl_end(kept.dwfl);
	kept.dwfl = dwfl_begin(&callbacks);
	kept.pid = remote->pid;
	kept.process = remote->process;
	kept.mappings = mappings;
	if (kept.dwfl && (dwfl_linux_proc_report(kept.dwfl, remote->pid) != 0 ||
			  dwfl_report_end(kept.dwfl, NULL, NULL) != 0 ||
			  !dwfl_attach_state(kept.dwfl, NULL, remote->pid, &thread_callbacks, &current))) {
		dwfl_end(kept.dwfl);
		kept.dwfl = NULL;
	}
	return kept.dwfl;
}

/* Fills in `current`, under the lock. Returns whether the outermost frame was reached. */
static bool unwind(struct crash__notification *notification, uint64_t *addresses, uint32_t most,
		   const char *function)
{
	bool whole = false;

	current.notification = notification;
	current.addresses = addresses;
	current.most = most;
	current.function = function;
	current.count = current.read_count = 0;
	current.found = false;
	if (crash__remote_registers(&notification->remote, &current.pc, &current.sp) &&
	    (current.dwfl = find_modules(&notification->remote)) != NULL)
		whole = dwfl_getthread_frames(current.dwfl, notification->remote.tid, add_frame, &current) ==
			0;
	if (current.count == 0)
		current.addresses[current.count++] = notification->pc;
	return whole;
}

/* ------------------------------------------------------------------ where its addresses are */

/* The mapping of the process that an address is in. */
static bool find_module(pid_t pid, uint64_t address, struct crash__frame_module *module)
{
	unsigned long long start, end, offset, first = 0;
	char path[64], line[PATH_MAX + 128], name[PATH_MAX], previous[PATH_MAX] = "";
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof line, maps)) {
		name[0] = '\0';
		if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %4095[^\n]", &start, &end, &offset, name) < 3)
			continue;
		if (strcmp(name, previous) != 0) { /* the first mapping of a file is where it starts */
			strcpy(previous, name);
			first = start - offset;
		}
		found = address >= start && address < end && name[0] == '/';
	}
	if (maps)
		fclose(maps);
	if (!found)
		return false;
	*module = (struct crash__frame_module){
		.bias = first - crash__program_base(name), .start = start, .end = end};
	snprintf(module->path, sizeof module->path, "%.1000s", name);
	return true;
}

/* Of the process whose backtraces were written down last: what else is mapped is told by who asks `kept`. */
static struct {
	uint32_t process, count;
	uint64_t mappings;
	struct {
		uint64_t start, end;
	} list[CRASH__MODULES];
} noted;

static bool is_noted(uint64_t address)
{
	for (uint32_t i = 0; i < noted.count; i++)
		if (address >= noted.list[i].start && address < noted.list[i].end)
			return true;
	return false;
}

/* Writes down what the backtrace at hand is in, as far as that was not done; a full list begins anew. */
static void note_modules(struct crash__notification *notification, const struct crash__unwind_notes *notes)
{
	struct crash__frame_module module;

	if (noted.process != notification->remote.process || noted.mappings != kept.mappings)
		noted.count = 0;
	noted.process = notification->remote.process;
	noted.mappings = kept.mappings;
	for (uint32_t i = 0; i < current.count; i++) {
		uint64_t address = current.addresses[i];

		if (is_noted(address) || !find_module(notification->remote.pid, address, &module))
			continue;
		if (noted.count == CRASH__MODULES)
			noted.count = 0;
		noted.list[noted.count].start = module.start;
		noted.list[noted.count++].end = module.end;
		notes->module(notification, &module);
	}
}

/* ------------------------------------------------------------------ backtraces seen before */

#define PLACES 1024
#define MOST_SLOTS 48

/* One backtrace that has been written down. */
static struct place {
	uint64_t pc, sp;
	uint32_t process, stack; /* number in the trace; 0: none */
	uint32_t slots;
	uint64_t address[MOST_SLOTS], value[MOST_SLOTS]; /* where the return addresses are */
} places[PLACES];

static struct place *place_of(uint32_t process, uint64_t pc, uint64_t sp)
{
	uint64_t sum = (pc ^ sp * 31 ^ process) * 0x9e3779b97f4a7c15u;

	return &places[sum >> 32 & (PLACES - 1)];
}

static bool is_return_address(uint64_t value)
{
	for (uint32_t i = 1; i < current.count; i++)
		if (current.addresses[i] == value)
			return true;
	return false;
}

static void remember(uint32_t stack)
{
	uint32_t process = current.notification->remote.process;
	struct place *place = place_of(process, current.pc, current.sp);

	*place = (struct place){.pc = current.pc, .sp = current.sp, .process = process, .stack = stack};
	for (uint32_t i = 0; i < current.read_count && place->slots < MOST_SLOTS; i++) {
		if (!is_return_address(current.reads[i].value))
			continue;
		place->address[place->slots] = current.reads[i].address;
		place->value[place->slots++] = current.reads[i].value;
	}
}

/* What a write hands over is going to be read next. */
static void want_data(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	struct crash__ahead *ahead = &notification->ahead;
	uint64_t count = crash__arg(notification->args, where->bytes);

	ahead->wanted = 0;
	if (notification->kernel->family != CRASH__FAMILY_WRITE || !where->buf || count > sizeof ahead->bytes)
		return;
	ahead->address = (uint64_t)crash__arg(notification->args, where->buf);
	ahead->wanted = count;
}

/* Whether the thread stands where it stood then. */
static bool is_same(struct crash__notification *notification, const struct place *place, uint64_t pc,
		    uint64_t sp)
{
	uint64_t now[MOST_SLOTS];

	if (!place->stack || place->pc != pc || place->sp != sp ||
	    place->process != notification->remote.process)
		return false;
	want_data(notification);
	return crash__remote_words(&notification->remote, place->address, place->slots, now,
				   &notification->ahead) &&
	       memcmp(now, place->value, place->slots * sizeof *now) == 0;
}

uint32_t crash__unwind_number(struct crash__notification *notification,
			      const struct crash__unwind_notes *notes)
{
	uint64_t addresses[CRASH__FRAMES], pc, sp;
	const struct place *place;
	uint32_t stack;

	if (!crash__remote_registers(&notification->remote, &pc, &sp))
		return 0;
	pthread_mutex_lock(&lock);
	place = place_of(notification->remote.process, pc, sp);
	if (is_same(notification, place, pc, sp)) {
		stack = place->stack;
	} else {
		unwind(notification, addresses, CRASH__FRAMES, NULL);
		note_modules(notification, notes);
		stack = notes->stack(notification, addresses, current.count);
		remember(stack);
	}
	pthread_mutex_unlock(&lock);
	return stack;
}

/* ------------------------------------------------------------------ of a rule */

bool crash__unwind_has(struct crash__notification *notification, const struct crash__rule *rule)
{
	uint64_t addresses[CRASH__FRAMES];
	bool found;

	pthread_mutex_lock(&lock);
	unwind(notification, addresses, CRASH__FRAMES, rule->function);
	found = current.found;
	pthread_mutex_unlock(&lock);
	return found;
}

void crash__unwind_fired(struct crash__notification *notification, struct crash__fired *fired)
{
	uint32_t count;

	pthread_mutex_lock(&lock);
	fired->unwound = unwind(notification, fired->addresses, CRASH__FRAMES, NULL);
	count = current.count;
	pthread_mutex_unlock(&lock);
	atomic_store(&fired->frames, count);
	for (uint32_t i = 0; i < count && fired->modules < CRASH__MODULES; i++) {
		bool known = false;

		for (uint32_t m = 0; m < fired->modules; m++)
			known |= fired->addresses[i] >= fired->module[m].start &&
				 fired->addresses[i] < fired->module[m].end;
		if (!known && find_module(notification->remote.pid, fired->addresses[i],
					  &fired->module[fired->modules]))
			fired->modules++;
	}
}
