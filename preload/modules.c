/* SPDX-License-Identifier: MIT */
/*
 * Method: dl_iterate_phdr() and one entry for each executable segment, in a table that only grows. It
 * is filled under a flag instead of a lock: who finds the flag taken, goes without.
 */
#include "preload/modules.h"

#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "preload/fork_gate.h"
#include "preload/shim.h"

#define MOST 512

static struct crash__module table[MOST];
static _Atomic uint32_t known;
static _Atomic uint32_t owner; /* 1 + number of the process that recorded them */
static _Atomic uint32_t filling;

/* The path of a module as the loader has it; the program itself has none. */
static void path_of(const struct dl_phdr_info *info, char *out, size_t size)
{
	size_t length = strlen(info->dlpi_name);

	if (length == 0) {
		long read = crash__sys3(SYS_readlink, (long)"/proc/self/exe", (long)out, (long)size - 1);

		out[read < 0 ? 0 : read] = '\0';
		return;
	}
	if (length >= size)
		length = size - 1;
	memcpy(out, info->dlpi_name, length);
	out[length] = '\0';
}

/* The executable segment that holds `address`. */
static const ElfW(Phdr) * code_of(const struct dl_phdr_info *info, uint64_t address)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_LOAD && (header->p_flags & PF_X) && address >= start &&
		    address < start + header->p_memsz)
			return header;
	}
	return NULL;
}

static bool is_known(uint64_t start)
{
	uint32_t count = atomic_load_explicit(&known, memory_order_acquire);

	for (uint32_t i = 0; i < count; i++)
		if (table[i].start == start)
			return true;
	return false;
}

static void add_segment(struct crash__control *control, const struct dl_phdr_info *info,
			const ElfW(Phdr) * code)
{
	uint32_t index = atomic_load(&known);
	struct crash__frame_module described;
	struct crash__module *module = &table[index];
	struct stat status;

	if (index == MOST || is_known(info->dlpi_addr + code->p_vaddr))
		return;
	described.bias = module->bias = info->dlpi_addr;
	described.start = module->start = info->dlpi_addr + code->p_vaddr;
	described.end = module->end = module->start + code->p_memsz;
	path_of(info, described.path, sizeof described.path);
	module->device = module->inode = 0;
	if (crash__sys6(SYS_newfstatat, AT_FDCWD, (long)described.path, (long)&status, 0, 0, 0) == 0) {
		module->device = status.st_dev;
		module->inode = status.st_ino;
	}
	atomic_store_explicit(&known, index + 1, memory_order_release);
	if ((control->mode & CRASH__MODE_RECORD) && (control->mode & CRASH__MODE_STACKS))
		crash__record_module(control, &described);
}

static int add_module(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X))
			add_segment(context, info, &info->dlpi_phdr[i]);
	return 0;
}

static const struct crash__module *find(uint64_t address)
{
	uint32_t count = atomic_load_explicit(&known, memory_order_acquire);

	for (uint32_t i = 0; i < count; i++)
		if (address >= table[i].start && address < table[i].end)
			return &table[i];
	return NULL;
}

const struct crash__module *crash__module_of(struct crash__control *control, uint64_t address)
{
	uint32_t me = crash__identify().process + 1;
	const struct crash__module *module;

	/* A forked child writes its modules down as its own; nobody else does so there. */
	if (atomic_exchange(&owner, me) != me) {
		atomic_store(&known, 0);
		atomic_store(&filling, 0);
	}
	module = find(address);
	if (module || atomic_exchange(&filling, 1))
		return module;
	if (crash__fork_gate_enter()) {
		dl_iterate_phdr(add_module, control);
		crash__fork_gate_leave();
	}
	atomic_store(&filling, 0);
	return find(address);
}

struct search {
	uint64_t address;
	struct crash__frame_module *out;
};

static int describe_module(struct dl_phdr_info *info, size_t size, void *context)
{
	const struct search *search = context;
	const ElfW(Phdr) *code = code_of(info, search->address);

	(void)size;
	if (!code)
		return 0;
	search->out->bias = info->dlpi_addr;
	search->out->start = info->dlpi_addr + code->p_vaddr;
	search->out->end = search->out->start + code->p_memsz;
	path_of(info, search->out->path, sizeof search->out->path);
	return 1;
}

bool crash__module_describe(uint64_t address, struct crash__frame_module *out)
{
	struct search search = {.address = address, .out = out};
	bool found;

	if (!crash__fork_gate_enter())
		return false;
	found = dl_iterate_phdr(describe_module, &search) == 1;
	crash__fork_gate_leave();
	return found;
}
