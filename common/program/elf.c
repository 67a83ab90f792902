/* SPDX-License-Identifier: MIT */
#include "common/program/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/program/secure_mode.h"
#include "common/sys.h"

#define HEADERS 32  /* program headers that are looked at */
#define ENTRIES 64  /* of the dynamic section, read at once */
#define SECTIONS 32 /* headers, likewise */

static bool read_at(int fd, void *to, size_t count, uint64_t offset)
{
	return crash__sys6(SYS_pread64, fd, (long)to, (long)count, (long)offset, 0, 0) == (long)count;
}

/* Reads what is there of a string at `offset`. */
static void read_string(int fd, char *to, size_t size, uint64_t offset)
{
	long got = crash__sys6(SYS_pread64, fd, (long)to, (long)size - 1, (long)offset, 0, 0);

	to[got < 0 ? 0 : got] = '\0';
}

static uint64_t offset_of(const Elf64_Phdr *headers, int count, uint64_t address)
{
	for (int i = 0; i < count; i++)
		if (headers[i].p_type == PT_LOAD && address >= headers[i].p_vaddr &&
		    address - headers[i].p_vaddr < headers[i].p_filesz)
			return headers[i].p_offset + (address - headers[i].p_vaddr);
	return 0;
}

/* A sanitizer insists on being the first library. */
static bool is_sanitizer(const char *library)
{
	static const char *const names[] = {"libasan.so", "libtsan.so", "libclang_rt.asan",
					    "libclang_rt.tsan", "libhwasan.so"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(library, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Reads some entries of the dynamic section from number `first` on; returns how many before its end. */
static unsigned int read_entries(int fd, const Elf64_Phdr *dynamic, unsigned int first,
				 Elf64_Dyn entries[ENTRIES])
{
	uint64_t all = dynamic->p_filesz / sizeof *entries, count = 0;
	uint64_t want = first < all ? all - first : 0;
	long got;

	if (want > ENTRIES)
		want = ENTRIES;
	got = crash__sys6(SYS_pread64, fd, (long)entries, (long)(want * sizeof *entries),
			  (long)(dynamic->p_offset + first * sizeof *entries), 0, 0);
	while (got > 0 && count < (uint64_t)got / sizeof *entries && entries[count].d_tag != DT_NULL)
		count++;
	return (unsigned int)count;
}

static void find_sanitizer(int fd, const Elf64_Phdr *headers, int count, const Elf64_Phdr *dynamic,
			   struct crash__program *program)
{
	char name[sizeof program->sanitizer];
	Elf64_Dyn entries[ENTRIES];
	uint64_t strings = 0;
	unsigned int some;

	for (unsigned int first = 0; (some = read_entries(fd, dynamic, first, entries)) != 0; first += some)
		for (unsigned int i = 0; i < some; i++)
			if (entries[i].d_tag == DT_STRTAB)
				strings = offset_of(headers, count, entries[i].d_un.d_ptr);
	for (unsigned int first = 0; strings && (some = read_entries(fd, dynamic, first, entries)) != 0;
	     first += some)
		for (unsigned int i = 0; i < some; i++) {
			if (entries[i].d_tag != DT_NEEDED)
				continue;
			read_string(fd, name, sizeof name, strings + entries[i].d_un.d_val);
			if (is_sanitizer(name))
				memcpy(program->sanitizer, name, sizeof name);
		}
}

static void inspect_elf(int fd, const Elf64_Ehdr *header, struct crash__program *program)
{
	Elf64_Phdr headers[HEADERS];
	const Elf64_Phdr *interpreter = NULL, *dynamic = NULL;
	int count = header->e_phnum < HEADERS ? header->e_phnum : HEADERS;

	if (header->e_phentsize != sizeof *headers ||
	    !read_at(fd, headers, (size_t)count * sizeof *headers, header->e_phoff))
		return;
	for (int i = 0; i < count; i++) {
		if (headers[i].p_type == PT_INTERP)
			interpreter = &headers[i];
		if (headers[i].p_type == PT_DYNAMIC)
			dynamic = &headers[i];
	}
	program->kind = CRASH__PROGRAM_STATIC;
	if (!interpreter)
		return;
	read_string(fd, program->interpreter, sizeof program->interpreter, interpreter->p_offset);
	const char *base = strrchr(program->interpreter, '/');
	program->kind = strncmp(base ? base + 1 : program->interpreter, "ld-linux", 8) == 0 ?
				CRASH__PROGRAM_GLIBC :
				CRASH__PROGRAM_OTHER_LIBC;
	if (dynamic)
		find_sanitizer(fd, headers, count, dynamic, program);
}

static void inspect_script(char *line, struct crash__program *program)
{
	char *start = line + 2 + strspn(line + 2, " \t");
	size_t length = strcspn(start, " \t\n");

	program->kind = CRASH__PROGRAM_SCRIPT;
	if (length >= sizeof program->interpreter)
		length = sizeof program->interpreter - 1;
	memcpy(program->interpreter, start, length);
	program->interpreter[length] = '\0';
}

static void inspect_open(int fd, struct crash__program *program)
{
	union {
		Elf64_Ehdr header;
		char line[256];
	} start;

	memset(&start, 0, sizeof start);
	if (crash__sys6(SYS_pread64, fd, (long)&start, sizeof start - 1, 0, 0, 0) < 4)
		return;
	if (start.line[0] == '#' && start.line[1] == '!') {
		inspect_script(start.line, program);
		return;
	}
	if (memcmp(start.header.e_ident, ELFMAG, SELFMAG) != 0)
		return;
	program->machine = start.header.e_machine; /* at the same place in both classes */
	if (start.header.e_ident[EI_CLASS] != ELFCLASS64 || start.header.e_machine != CRASH__ELF_MACHINE)
		program->kind = CRASH__PROGRAM_FOREIGN;
	else
		inspect_elf(fd, &start.header, program);
}

uint64_t crash__program_base(const char *path)
{
	long fd = crash__sys6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint64_t base = 0;

	if (fd < 0)
		return 0;
	if (read_at((int)fd, &header, sizeof header, 0) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0)
		for (int i = 0; i < header.e_phnum; i++) {
			if (!read_at((int)fd, &segment, sizeof segment,
				     header.e_phoff + (uint64_t)i * sizeof segment))
				break;
			if (segment.p_type == PT_LOAD) {
				base = segment.p_vaddr - segment.p_offset;
				break;
			}
		}
	crash__sys3(SYS_close, fd, 0, 0);
	return base;
}

/* fexecve() names a program by its descriptor alone. */
static int open_program(int dirfd, const char *path, int flags)
{
	if (*path == '\0')
		return (int)crash__sys3(SYS_dup, dirfd, 0, 0);
	return (int)crash__sys6(SYS_openat, dirfd, (long)path, flags | O_CLOEXEC, 0, 0, 0);
}

void crash__program_inspect(int dirfd, const char *path, struct crash__program *program)
{
	int fd = open_program(dirfd, path, O_RDONLY);
	struct stat status;

	memset(program, 0, sizeof *program);
	if (fd >= 0) {
		program->kind = CRASH__PROGRAM_UNKNOWN;
		inspect_open(fd, program);
	} else {
		fd = open_program(dirfd, path, O_PATH);
	}
	if (fd < 0)
		return;
	if (crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0) {
		program->secure = crash__runs_secure(fd, &status, crash__may_gain_rights());
		program->secure_anyway = crash__runs_secure(fd, &status, false);
	}
	crash__sys3(SYS_close, fd, 0, 0);
}

void crash__program_inspect_final(int dirfd, const char *path, struct crash__program *program)
{
	char interpreter[sizeof program->interpreter];

	crash__program_inspect(dirfd, path, program);
	for (int depth = 0; depth < 5 && program->kind == CRASH__PROGRAM_SCRIPT; depth++) {
		memcpy(interpreter, program->interpreter, sizeof interpreter);
		crash__program_inspect(AT_FDCWD, interpreter, program);
	}
}

static unsigned int section_has(int fd, uint64_t name)
{
	char text[16];

	read_string(fd, text, sizeof text, name);
	if (strcmp(text, "crash_sites") == 0)
		return CRASH__HAS_POINTS;
	return strcmp(text, CRASH__ATTENDANT) == 0 ? CRASH__ATTENDS_POINTS : 0;
}

static unsigned int sections_have(int fd)
{
	Elf64_Ehdr header;
	Elf64_Shdr names, some[SECTIONS];
	unsigned int found = 0;

	if (!read_at(fd, &header, sizeof header, 0) || header.e_shentsize != sizeof names ||
	    header.e_shstrndx >= header.e_shnum ||
	    !read_at(fd, &names, sizeof names, header.e_shoff + header.e_shstrndx * sizeof names))
		return 0;
	for (unsigned int at = 0, count; at < header.e_shnum; at += count) {
		count = header.e_shnum - at < SECTIONS ? header.e_shnum - at : SECTIONS;
		if (!read_at(fd, some, count * sizeof *some, header.e_shoff + at * sizeof *some))
			break;
		for (unsigned int i = 0; i < count; i++)
			found |= section_has(fd, names.sh_offset + some[i].sh_name);
	}
	return found;
}

unsigned int crash__program_points(int dirfd, const char *path)
{
	int fd = open_program(dirfd, path, O_RDONLY);
	unsigned int found;

	if (fd < 0)
		return 0;
	found = sections_have(fd);
	crash__sys3(SYS_close, fd, 0, 0);
	return found;
}
