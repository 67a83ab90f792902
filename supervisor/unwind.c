/* SPDX-License-Identifier: MIT */
/*
 * unwind.c - the backtrace of a thread that waits for our answer.
 *
 * Method. The kernel tells the program counter and stack pointer of a waiting thread (/proc/TID/syscall)
 * but no other register, and only a debugger could ask for them. Most code finds its caller by the stack
 * pointer alone; libdw does so with the thread's memory read as needed. A frame that is found by its base
 * pointer, and whose base pointer nobody saved, ends the backtrace, which is then said to be short.
 */
#include "supervisor/unwind.h"

#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/elf.h"

struct unwinding {
	struct crash__watched *watched;
	uint64_t pc, sp;
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
	return unwinding->watched->remote.tid;
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
	return crash__remote_read(&unwinding->watched->remote, address, result, sizeof *result) ==
	       sizeof *result;
}

/* DWARF numbers of registers on x86-64 */
enum { REGISTER_SP = 7, REGISTER_PC = 16 };

static bool set_registers(Dwfl_Thread *thread, void *context)
{
	struct unwinding *unwinding = context;
	Dwarf_Word sp = unwinding->sp, pc = unwinding->pc;

	return dwfl_thread_state_registers(thread, REGISTER_SP, 1, &sp) &&
	       dwfl_thread_state_registers(thread, REGISTER_PC, 1, &pc);
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

		unwinding->found |= name && strcmp(name, unwinding->function) == 0;
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
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Returns whether the outermost frame was reached. */
static bool unwind(struct unwinding *unwinding)
{
	pid_t pid = unwinding->watched->remote.pid;
	bool whole = false;

	unwinding->count = 0;
	pthread_mutex_lock(&lock);
	if (crash__remote_registers(&unwinding->watched->remote, &unwinding->pc, &unwinding->sp) &&
	    (unwinding->dwfl = dwfl_begin(&callbacks)) != NULL) {
		if (dwfl_linux_proc_report(unwinding->dwfl, pid) == 0 &&
		    dwfl_report_end(unwinding->dwfl, NULL, NULL) == 0 &&
		    dwfl_attach_state(unwinding->dwfl, NULL, pid, &thread_callbacks, unwinding))
			whole = dwfl_getthread_frames(unwinding->dwfl, unwinding->watched->remote.tid, add_frame,
						      unwinding) == 0;
		dwfl_end(unwinding->dwfl);
	}
	pthread_mutex_unlock(&lock);
	if (unwinding->count == 0)
		unwinding->addresses[unwinding->count++] = unwinding->watched->pc;
	return whole;
}

uint32_t crash__unwind_remote(struct crash__watched *watched, uint64_t *addresses, uint32_t most, bool *whole)
{
	struct unwinding unwinding = {.watched = watched, .addresses = addresses, .most = most};
	bool reached = unwind(&unwinding);

	if (whole)
		*whole = reached;
	return unwinding.count;
}

bool crash__unwind_has(struct crash__watched *watched, const struct crash__rule *rule)
{
	uint64_t addresses[CRASH__FRAMES];
	struct unwinding unwinding = {.watched = watched,
				      .addresses = addresses,
				      .most = CRASH__FRAMES,
				      .function = rule->function};

	unwind(&unwinding);
	return unwinding.found;
}

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

void crash__unwind_fired(struct crash__watched *watched, struct crash__fired *fired)
{
	bool whole;
	uint32_t count = crash__unwind_remote(watched, fired->addresses, CRASH__FRAMES, &whole);

	fired->unwound = whole;
	atomic_store(&fired->frames, count);
	for (uint32_t i = 0; i < count && fired->modules < CRASH__MODULES; i++) {
		bool known = false;

		for (uint32_t m = 0; m < fired->modules; m++)
			known |= fired->addresses[i] >= fired->module[m].start &&
				 fired->addresses[i] < fired->module[m].end;
		if (!known && find_module(watched->remote.pid, fired->addresses[i],
					  &fired->module[fired->modules]))
			fired->modules++;
	}
}
