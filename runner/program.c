/* SPDX-License-Identifier: MIT */
#include "runner/program.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/error.h"
#include "common/machine.h"

/* A file that could be executed: nothing else in PATH is taken. */
static bool is_executable(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Puts `directory` (of which `length` bytes count), a slash and `name` together, behind `cwd`. */
static bool join(char path[PATH_MAX], const char *cwd, const char *directory, size_t length, const char *name)
{
	bool absolute = length ? directory[0] == '/' : name[0] == '/';

	if (absolute || !cwd)
		cwd = "";
	return snprintf(path, PATH_MAX, "%s%s%.*s%s%s", cwd, *cwd ? "/" : "", (int)length, directory,
			length ? "/" : "", name) < PATH_MAX;
}

/* A script or a binary, which somebody has forgotten to make executable. */
static bool begins_as_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[4] = "";
	bool program = fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
		       (memcmp(magic, "#!", 2) == 0 || memcmp(magic, "\177ELF", 4) == 0);

	if (fd >= 0)
		close(fd);
	return program;
}

static int check_named(const char *name, const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return crash__fail(CRASH_ENOPROGRAM, "%s: %s", name, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return crash__fail(CRASH_ENOEXEC, "%s is a directory", name);
	if (access(path, X_OK) < 0 && begins_as_program(path))
		return crash__fail(CRASH_ENOEXEC, "%s: %s; try chmod +x", name, strerror(EACCES));
	if (access(path, X_OK) < 0)
		return crash__fail(CRASH_ENOEXEC, "%s is neither a program nor a trace", name);
	return 0;
}

int crash__program_find(const char *name, const char *cwd, char path[PATH_MAX])
{
	const char *list = getenv("PATH");

	if (!*name)
		return crash__fail(CRASH_ENOPROGRAM, "the program's name is empty");
	if (strchr(name, '/')) {
		if (!join(path, cwd, "", 0, name))
			return crash__fail(CRASH_ENOPROGRAM, "%s: this path is too long", name);
		return check_named(name, path);
	}
	for (const char *at = list ? list : "/usr/local/bin:/usr/bin:/bin"; *at;) {
		size_t length = strcspn(at, ":");

		if (join(path, cwd, at, length, name) && is_executable(path))
			return 0;
		at += length;
		at += *at == ':';
	}
	return crash__fail(CRASH_ENOPROGRAM, "%s is not in PATH%s", name,
			   is_executable(name) ? "; did you mean ./ in front of it?" : "");
}

static const char *machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{CRASH__ELF_MACHINE, CRASH__ELF_OTHER_CLASS}, /* or it would not be foreign */
		{EM_386, "i386"},
		{EM_AARCH64, "aarch64"},
		{EM_ARM, "arm"},
		{EM_RISCV, "riscv"},
		{EM_X86_64, "x86-64"},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

int crash__program_check(const char *path, struct crash__program *program)
{
	crash__program_inspect_final(AT_FDCWD, path, program);
	if (program->kind == CRASH__PROGRAM_FOREIGN)
		return crash__fail(CRASH_EFOREIGN,
				   "%s is built for %s, and the shim for " CRASH__MACHINE_NAME, path,
				   machine_name(program->machine));
	return 0;
}

uint64_t crash__program_stub(const char *preload)
{
	int fd = open(preload, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	uint64_t address = 0;

	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	while (elf && (section = elf_nextscn(elf, section)) != NULL) {
		Elf_Data *data = elf_getdata(section, NULL);

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM || !data)
			continue;
		for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
			const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);

			if (name && strcmp(name, "crash__syscall_return") == 0)
				address = symbol.st_value;
		}
	}
	elf_end(elf);
	close(fd);
	return address;
}

/* The module in the tree that this library, or this command, was built in, or that was moved with it. */
static bool find_in_tree(char path[PATH_MAX])
{
	static const char *const from_library[] = {"libcrashinject-preload.so",
						   "crashinject/libcrashinject-preload.so"},
				 *const from_command[] = {".libs/libcrashinject-preload.so",
							  "../lib/crashinject/libcrashinject-preload.so"};
	Dl_info info;
	bool found = false;

	if (dladdr((void *)crash__program_preload, &info) && info.dli_fname)
		for (int i = 0; i < 2 && !found; i++)
			found = crash__beside(info.dli_fname, from_library[i], path);
	for (int i = 0; i < 2 && !found; i++)
		found = crash__beside("/proc/self/exe", from_command[i], path);
	return found;
}

int crash__program_preload(const char *given, char path[PATH_MAX])
{
	const char *installed = PKGLIBDIR "/libcrashinject-preload.so";

	if (!given)
		given = getenv("CRASHINJECT_PRELOAD");
	if (given && *given) {
		if (access(given, R_OK) < 0)
			return crash__fail(CRASH_EPRELOAD, "%s: %s", given, strerror(errno));
		snprintf(path, PATH_MAX, "%s", given);
		return 0;
	}
	if (find_in_tree(path))
		return 0;
	if (access(installed, R_OK) < 0)
		return crash__fail(CRASH_EPRELOAD, "%s: %s; set CRASHINJECT_PRELOAD to where it is",
				   installed, strerror(errno));
	strcpy(path, installed);
	return 0;
}

int crash__program_alloc(const char *shim, char path[PATH_MAX])
{
	char absolute[PATH_MAX];

	if (!realpath(shim, absolute))
		return crash__fail(CRASH_EPRELOAD, "%s: %s", shim, strerror(errno));
	if (!crash__beside(absolute, "libcrashinject-alloc.so", path))
		return crash__fail(
			CRASH_EPRELOAD,
			"there is no libcrashinject-alloc.so beside %s, and allocations are not seen "
			"without it",
			absolute);
	return 0;
}
