/* SPDX-License-Identifier: MIT */
/*
 * Method. A site's record holds distances to its strings, not addresses (crashinject/breakpoint.h), so
 * the section is read from the file as it is. Which libraries belong to the program is asked of its own
 * dynamic linker (--list), which maps them but runs nothing.
 */
#include "symbols/breakpoint_sites.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRASH__SITES_ONLY
#include <crashinject/breakpoint.h>

#include "base/error.h"
#include "common/channel/channel.h"
#include "common/program/elf.h"

/* ------------------------------------------------------------------ one object */

/* The bytes that the loader would put at `address`, up to the end of their section. */
static const char *bytes_at(Elf *elf, uint64_t address, size_t *left)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf_Data *data;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    header.sh_type == SHT_NOBITS || address < header.sh_addr ||
		    address >= header.sh_addr + header.sh_size)
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || !data->d_buf || data->d_size <= address - header.sh_addr)
			return NULL;
		*left = data->d_size - (size_t)(address - header.sh_addr);
		return (const char *)data->d_buf + (address - header.sh_addr);
	}
	return NULL;
}

static char *string_at(Elf *elf, uint64_t address)
{
	size_t left;
	const char *bytes = bytes_at(elf, address, &left);

	return bytes && memchr(bytes, '\0', left) ? strdup(bytes) : NULL;
}

static void clear_site(struct crash__found_site *site)
{
	free(site->name);
	free(site->file);
	free(site->object);
}

/* A compiler that inlines or clones a function makes several records of one line in the source. */
static bool is_known(const struct crash__found_sites *found, const struct crash__found_site *site)
{
	for (size_t i = found->count; i > 0; i--) {
		const struct crash__found_site *known = &found->sites[i - 1];

		if (known->line == site->line && strcmp(known->name, site->name) == 0 &&
		    strcmp(known->file, site->file) == 0 && strcmp(known->object, site->object) == 0)
			return true;
	}
	return false;
}

static int add_site(struct crash__found_sites *found, struct crash__found_site site)
{
	struct crash__found_site *sites;

	if (!site.name || !site.file || !site.object || is_known(found, &site)) {
		clear_site(&site);
		return 0;
	}
	sites = realloc(found->sites, (found->count + 1) * sizeof *sites);
	if (!sites)
		return crash__fail(CRASH_ENOMEM, "no memory for breakpoints");
	found->sites = sites;
	sites[found->count++] = site;
	return 0;
}

static int read_section(Elf *elf, const GElf_Shdr *header, const char *object,
			struct crash__found_sites *found)
{
	size_t left = 0;
	const char *bytes = bytes_at(elf, header->sh_addr, &left);
	struct crash_site site;
	int error = 0;

	for (size_t at = 0; bytes && at + sizeof site <= left && error == 0; at += sizeof site) {
		uint64_t address = header->sh_addr + at;

		memcpy(&site, bytes + at, sizeof site);
		if (site.version != CRASH_SITE_VERSION)
			continue;
		error = add_site(found,
				 (struct crash__found_site){
					 .name = string_at(elf, address + offsetof(struct crash_site, name) +
									(uint64_t)(int64_t)site.name),
					 .file = string_at(elf, address + offsetof(struct crash_site, file) +
									(uint64_t)(int64_t)site.file),
					 .line = site.line,
					 .object = strdup(object),
				 });
	}
	return error;
}

/* Whether a symbol table names our functions: run-time names, or libcrashpoint itself. */
static void read_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			 struct crash__found_sites *found)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 0; i < count; i++) {
		const char *name = gelf_getsym(data, (int)i, &symbol) ?
					   elf_strptr(elf, header->sh_link, symbol.st_name) :
					   NULL;

		if (!name)
			continue;
		if (strcmp(name, "crash_breakpoint") == 0)
			found->runtime_names = true;
	}
}

static int read_object(const char *path, struct crash__found_sites *found)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	Elf *elf = NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names, bytes;
	const char *raw;

	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && elf_getshdrstrndx(elf, &names) == 0)
		while (error == 0 && (section = elf_nextscn(elf, section)) != NULL) {
			const char *name;

			if (!gelf_getshdr(section, &header))
				continue;
			name = elf_strptr(elf, names, header.sh_name);
			if (name && strcmp(name, "crash_sites") == 0)
				error = read_section(elf, &header, path, found);
			if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
				read_symbols(elf, section, &header, found);
		}
	raw = elf ? elf_rawfile(elf, &bytes) : NULL;
	if (raw && memmem(raw, bytes, CRASH__CHANNEL_VARIABLE, strlen(CRASH__CHANNEL_VARIABLE)))
		found->channel = true;
	elf_end(elf);
	close(fd);
	return error;
}

/* ------------------------------------------------------------------ the program and its libraries */

static int add_object(struct crash__found_sites *found, const char *path, size_t length)
{
	char **objects = realloc(found->objects, (found->object_count + 2) * sizeof *objects);

	if (!objects)
		return crash__fail(CRASH_ENOMEM, "no memory for the program's libraries");
	found->objects = objects;
	objects[found->object_count] = strndup(path, length);
	objects[found->object_count + 1] = NULL;
	found->object_count += objects[found->object_count] != NULL;
	return 0;
}

/* "	libfoo.so.1 => /usr/lib/libfoo.so.1 (0x00007f...)" */
static int add_listed(struct crash__found_sites *found, FILE *list)
{
	char *line = NULL, *path, *end;
	size_t size = 0;
	int error = 0;

	while (error == 0 && getline(&line, &size, list) >= 0) {
		path = strchr(line, '/');
		end = path ? strrchr(path, '(') : NULL;
		if (!end || end == path || end[-1] != ' ')
			continue;
		if (strstr(line, "=> /"))
			path = strstr(line, "=> /") + 3;
		error = add_object(found, path, (size_t)(end - 1 - path));
	}
	free(line);
	return error;
}

static int list_libraries(struct crash__found_sites *found, const char *linker, const char *path)
{
	char *const argv[] = {(char *)(uintptr_t)linker, (char *)"--list", (char *)(uintptr_t)path, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], error = 0;
	FILE *list;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return crash__fail_errno("cannot make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, linker, &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	list = fdopen(ends[0], "r");
	if (list && pid > 0)
		error = add_listed(found, list);
	if (list)
		fclose(list);
	else
		close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return error;
}

int crash__sites_find(const char *path, struct crash__found_sites *found)
{
	struct crash__program program;
	int error;

	memset(found, 0, sizeof *found);
	crash__program_inspect(AT_FDCWD, path, &program);
	error = add_object(found, path, strlen(path));
	if (error == 0 && program.kind == CRASH__PROGRAM_GLIBC)
		error = list_libraries(found, program.interpreter, path);
	for (size_t i = 0; error == 0 && i < found->object_count; i++)
		error = read_object(found->objects[i], found);
	if (error < 0)
		crash__sites_clear(found);
	return error;
}

void crash__sites_clear(struct crash__found_sites *found)
{
	for (size_t i = 0; i < found->count; i++)
		clear_site(&found->sites[i]);
	for (size_t i = 0; i < found->object_count; i++)
		free(found->objects[i]);
	free(found->sites);
	free(found->objects);
	memset(found, 0, sizeof *found);
}
