/* SPDX-License-Identifier: MIT */
#include "callers/function_name.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
	uintptr_t address; /* to be named; else 0 */
	const char *object;
	uintptr_t base;
	const char *found; /* the name of the object; "" is the program */
};

static bool has(const struct dl_phdr_info *info, uintptr_t address)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && address - info->dlpi_addr - part->p_vaddr < part->p_memsz)
			return true;
	}
	return false;
}

static int look_at(struct dl_phdr_info *info, size_t size, void *context)
{
	struct search *search = context;

	(void)size;
	if (search->address ? !has(info, search->address) : strcmp(info->dlpi_name, search->object) != 0)
		return 0;
	search->base = info->dlpi_addr;
	search->found = info->dlpi_name;
	return 1;
}

bool crash__function_name(void (*function)(void), char *name, size_t size)
{
	struct search search = {.address = (uintptr_t)function};
	char path[PATH_MAX] = "";
	int length;

	if (!dl_iterate_phdr(look_at, &search))
		return false;
	/* the other process may work elsewhere */
	if (*search.found && !realpath(search.found, path))
		return false;
	length = snprintf(name, size, "%" PRIxPTR "@%s", search.address - search.base, path);
	return length > 0 && (size_t)length < size;
}

void (*crash__function_find(const char *name))(void)
{
	struct search search = {0};
	char *at;
	uintptr_t offset = (uintptr_t)strtoumax(name, &at, 16);
	struct link_map *loaded;

	if (at == name || *at != '@')
		return NULL;
	search.object = at + 1;
	if (*search.object) {
		/* found if it is there by whichever path, and loaded if not */
		loaded = dlopen(search.object, RTLD_NOW | RTLD_GLOBAL);
		return loaded ? (void (*)(void))(loaded->l_addr + offset) : NULL;
	}
	return dl_iterate_phdr(look_at, &search) ? (void (*)(void))(search.base + offset) : NULL;
}
