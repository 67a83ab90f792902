/* SPDX-License-Identifier: MIT */
/*
 * check_elf.c - what kind of program a file is.
 *
 * Method: files are made byte by byte, so that each has exactly what the test is about; some real
 * programs of this machine, and this test itself, are asked as well.
 */
#include "common/program/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/machine.h"
#include "tests/unit/support.h"

static struct crash__program program;

static void write_file(const char *name, const void *bytes, size_t count, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void copy_program(const char *name, const char *to)
{
	static char bytes[1 << 20];
	char path[PATH_MAX];
	size_t count;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", getenv("PROGRAMS"), name);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	count = fread(bytes, 1, sizeof bytes, file);
	ck_assert(count > 0 && count < sizeof bytes);
	fclose(file);
	write_file(to, bytes, count, 0755);
}

static void enter_directory(void)
{
	char path[PATH_MAX];

	support_directory(path);
	ck_assert_int_eq(chdir(path), 0);
}

/* A program of this machine: header, an interpreter, and a dynamic section that needs two libraries. */
static struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	Elf64_Dyn dynamic[5];
	char interpreter[64];
	char strings[128];
} image;

#define BASE 0x400000

static void make_image(const char *interpreter, const char *first, const char *second)
{
	image = (struct image){
		.header = {.e_type = ET_EXEC,
			   .e_machine = CRASH__ELF_MACHINE,
			   .e_phoff = offsetof(struct image, segments),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.segments = {{.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof image},
			     {.p_type = interpreter ? PT_INTERP : PT_NULL,
			      .p_offset = offsetof(struct image, interpreter),
			      .p_filesz = 64},
			     {.p_type = PT_DYNAMIC,
			      .p_offset = offsetof(struct image, dynamic),
			      .p_filesz = sizeof image.dynamic}},
		.dynamic = {{DT_NEEDED, {1}},
			    {DT_NEEDED, {64}},
			    {DT_STRTAB, {BASE + offsetof(struct image, strings)}},
			    {DT_NULL, {0}}},
	};
	memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	strcpy(image.interpreter, interpreter ? interpreter : "");
	strcpy(image.strings + 1, first);
	strcpy(image.strings + 64, second);
}

static void inspect_image(void)
{
	write_file("program", &image, sizeof image, 0755);
	crash__program_inspect(AT_FDCWD, "program", &program);
}

static const char glibc[] = "/lib64/ld-linux-x86-64.so.2";

static const struct {
	const char *interpreter;
	enum crash__program_kind kind;
} linkers[] = {
	{glibc, CRASH__PROGRAM_GLIBC},
	{"/opt/elsewhere/ld-linux-x86-64.so.2", CRASH__PROGRAM_GLIBC},
	{"ld-linux-x86-64.so.2", CRASH__PROGRAM_GLIBC},
	{"/lib/ld-musl-x86_64.so.1", CRASH__PROGRAM_OTHER_LIBC},
	{"/system/bin/linker64", CRASH__PROGRAM_OTHER_LIBC},
	{"/ld-linux-like/other", CRASH__PROGRAM_OTHER_LIBC},
	{NULL, CRASH__PROGRAM_STATIC},
};

START_TEST(the_dynamic_linker_says_which_libc)
{
	enter_directory();
	make_image(linkers[_i].interpreter, "liba.so", "libb.so");
	inspect_image();
	ck_assert_int_eq(program.kind, linkers[_i].kind);
	ck_assert_str_eq(program.interpreter, linkers[_i].interpreter ? linkers[_i].interpreter : "");
	ck_assert_uint_eq(program.machine, CRASH__ELF_MACHINE);
	ck_assert_str_eq(program.sanitizer, "");
	ck_assert(!program.secure);
}
END_TEST

START_TEST(a_sanitizer_is_found_among_the_libraries)
{
	static const char *const sanitizers[] = {"libasan.so.6", "libtsan.so.0", "libclang_rt.asan-x86_64.so",
						 "libclang_rt.tsan-x86_64.so", "libhwasan.so.0"};

	enter_directory();
	for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++) {
		make_image(glibc, "libc.so.6", sanitizers[i]);
		inspect_image();
		ck_assert_str_eq(program.sanitizer, sanitizers[i]);
	}
	make_image(glibc, "libasan.so.6", "libubsan.so.1");
	inspect_image();
	ck_assert_str_eq(program.sanitizer, "libasan.so.6");
	make_image(glibc, "liblibasan.so", "libubsan.so.1");
	inspect_image();
	ck_assert_str_eq(program.sanitizer, "");
}
END_TEST

START_TEST(other_machines_are_foreign)
{
	static const struct {
		unsigned char class;
		uint16_t machine;
	} rows[] = {{ELFCLASS64, EM_AARCH64},
		    {ELFCLASS32, EM_386},
		    {ELFCLASS32, CRASH__ELF_MACHINE},
		    {ELFCLASS64, EM_RISCV},
		    {ELFCLASS64, EM_X86_64}};

	enter_directory();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].class == ELFCLASS64 && rows[i].machine == CRASH__ELF_MACHINE)
			continue;
		make_image(glibc, "a", "b");
		image.header.e_ident[EI_CLASS] = rows[i].class;
		image.header.e_machine = rows[i].machine;
		inspect_image();
		ck_assert_int_eq(program.kind, CRASH__PROGRAM_FOREIGN);
		ck_assert_uint_eq(program.machine, rows[i].machine);
	}
}
END_TEST

/* ---- secure mode ---- */

static const struct secure {
	const char *what;
	mode_t mode;
	uint32_t owner, group;	    /* of the file */
	uint32_t user, users_group; /* who runs it, as ... */
	uint32_t acts_as;	    /* this effective user */
	bool capable, no_new_privs;
	bool differs; /* from kernel to kernel: we are to err on the side of secure */
} secures[] = {
	{"plain", 0755, 0, 0, 1, 1, 1},
	{"setuid", 04755, 0, 0, 1, 1, 1},
	{"setuid without rights", 04755, 0, 0, 1, 1, 1, .no_new_privs = true},
	{"setuid to the same", 04755, 1, 0, 1, 1, 1},
	{"setuid root by root", 04755, 0, 0, 0, 0, 0},
	{"setuid to another by root", 04755, 1, 0, 0, 0, 0},
	{"setgid", 02755, 0, 2, 1, 1, 1},
	{"setgid by root", 02755, 0, 2, 0, 0, 0},
	{"setgid by root, without rights", 02755, 0, 2, 0, 0, 0, .no_new_privs = true},
	{"setgid to the same", 02755, 0, 1, 1, 1, 1},
	{"mandatory locking", 02745, 0, 2, 1, 1, 1},
	{"two users", 0755, 0, 0, 0, 0, 1},
	{"two users, without rights", 0755, 0, 0, 0, 0, 1, .no_new_privs = true},
	{"setuid back", 04755, 0, 0, 0, 0, 1, .differs = true},
	{"only to be executed", 04711, 0, 0, 1, 1, 1},
	{"capable", 0755, 0, 0, 1, 1, 1, .capable = true},
	{"capable, only to be executed", 0711, 0, 0, 1, 1, 1, .capable = true},
	{"capable by root", 0755, 0, 0, 0, 0, 0, .capable = true},
	{"capable without rights", 0755, 0, 0, 1, 1, 1, .capable = true, .no_new_privs = true},
};

static void become(const struct secure *secure)
{
	if ((secure->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) || setgroups(0, NULL) < 0 ||
	    setresgid(secure->users_group, secure->users_group, secure->users_group) < 0 ||
	    setresuid(secure->user, secure->acts_as, secure->user) < 0)
		_exit(2);
}

/* The kernel's word, which a program gets as AT_SECURE. */
static bool kernel_says(const struct secure *secure)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		become(secure);
		execl("program", "program", "secure", NULL);
		_exit(3);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) >= 10);
	return WEXITSTATUS(status) == 11;
}

static bool we_say(const struct secure *secure)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		become(secure);
		crash__program_inspect(AT_FDCWD, "program", &program);
		_exit(10 + program.secure);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) >= 10);
	return WEXITSTATUS(status) == 11;
}

START_TEST(secure_mode_is_where_the_kernel_says)
{
	/* struct vfs_cap_data: version 2, effective; CAP_NET_BIND_SERVICE */
	static const uint32_t capability[5] = {0x02000001, 1u << 10};
	const struct secure *secure = &secures[_i];

	enter_directory();
	if (geteuid() != 0) {
		printf("%s: only root can be everybody\n", secure->what);
		return;
	}
	ck_assert_int_eq(chmod(".", 0755), 0);
	copy_program("behave", "program");
	ck_assert_int_eq(chown("program", secure->owner, secure->group), 0);
	ck_assert_int_eq(chmod("program", secure->mode), 0);
	if (secure->capable &&
	    setxattr("program", "security.capability", capability, sizeof capability, 0) < 0)
		return;
	ck_assert_msg(we_say(secure) == (kernel_says(secure) || secure->differs), "%s", secure->what);
}
END_TEST

/* ---- scripts ---- */

START_TEST(a_script_names_its_interpreter)
{
	static const struct {
		const char *text, *interpreter;
	} rows[] = {
		{"#!/bin/sh\n", "/bin/sh"},
		{"#! /bin/sh\n", "/bin/sh"},
		{"#!\t /bin/sh -e\n", "/bin/sh"},
		{"#!/bin/sh", "/bin/sh"},
		{"#!/usr/bin/env python3\nx\n", "/usr/bin/env"},
		{"#!  \n", ""},
	};

	enter_directory();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_file("script", rows[i].text, strlen(rows[i].text), 0755);
		crash__program_inspect(AT_FDCWD, "script", &program);
		ck_assert_int_eq(program.kind, CRASH__PROGRAM_SCRIPT);
		ck_assert_str_eq(program.interpreter, rows[i].interpreter);
	}
}
END_TEST

START_TEST(a_long_interpreter_is_cut)
{
	char text[1000];

	enter_directory();
	memset(text, 'x', sizeof text);
	memcpy(text, "#!/", 3);
	write_file("script", text, sizeof text, 0755);
	crash__program_inspect(AT_FDCWD, "script", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_SCRIPT);
	ck_assert_uint_lt(strlen(program.interpreter), sizeof program.interpreter);
	ck_assert_uint_gt(strlen(program.interpreter), 200);
}
END_TEST

/* What really runs is behind one script or several; a circle ends. */
START_TEST(scripts_are_followed_to_a_program)
{
	char here[PATH_MAX], text[PATH_MAX + 8];

	enter_directory();
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	make_image(glibc, "a", "b");
	write_file("program", &image, sizeof image, 0755);
	snprintf(text, sizeof text, "#!%.4000s/program\n", here);
	write_file("first", text, strlen(text), 0755);
	snprintf(text, sizeof text, "#!%.4000s/first\n", here);
	write_file("second", text, strlen(text), 0755);
	crash__program_inspect_final(AT_FDCWD, "second", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_GLIBC);
	ck_assert_str_eq(program.interpreter, glibc);

	snprintf(text, sizeof text, "#!%.4000s/circle\n", here);
	write_file("circle", text, strlen(text), 0755);
	crash__program_inspect_final(AT_FDCWD, "circle", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_SCRIPT);

	write_file("broken", "#!/nonexistent/interpreter\n", 27, 0755);
	crash__program_inspect_final(AT_FDCWD, "broken", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNREADABLE);
}
END_TEST

/* ---- what is not a program ---- */

START_TEST(other_files_are_unknown)
{
	enter_directory();
	write_file("empty", "", 0, 0755);
	crash__program_inspect(AT_FDCWD, "empty", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNKNOWN);
	write_file("short", "#!", 2, 0755);
	crash__program_inspect(AT_FDCWD, "short", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNKNOWN);
	write_file("text", "echo hello\n", 11, 0755);
	crash__program_inspect(AT_FDCWD, "text", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNKNOWN);
	crash__program_inspect(AT_FDCWD, "nothing", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNREADABLE);
	crash__program_inspect(AT_FDCWD, ".", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNKNOWN);
}
END_TEST

/* A program that is cut anywhere, or has any byte changed, is something, and nothing is read outside. */
START_TEST(damaged_programs_do_no_harm)
{
	enter_directory();
	for (size_t bytes = 0; bytes < sizeof image; bytes++) {
		make_image(glibc, "libasan.so.6", "b");
		write_file("program", &image, bytes, 0755);
		crash__program_inspect(AT_FDCWD, "program", &program);
		crash__program_base("program");
		ck_assert_uint_lt(strnlen(program.interpreter, sizeof program.interpreter),
				  sizeof program.interpreter);
		ck_assert_uint_lt(strnlen(program.sanitizer, sizeof program.sanitizer),
				  sizeof program.sanitizer);
	}
	for (size_t at = 0; at < sizeof image; at++) {
		make_image(glibc, "libasan.so.6", "b");
		((unsigned char *)&image)[at] ^= 0xff;
		inspect_image();
		crash__program_base("program");
		ck_assert_uint_lt(strnlen(program.interpreter, sizeof program.interpreter),
				  sizeof program.interpreter);
		ck_assert_uint_lt(strnlen(program.sanitizer, sizeof program.sanitizer),
				  sizeof program.sanitizer);
	}
}
END_TEST

/* ---- by directory and descriptor ---- */

START_TEST(a_program_is_found_as_execveat_finds_it)
{
	int directory, fd;

	enter_directory();
	make_image(glibc, "a", "b");
	ck_assert_int_eq(mkdir("d", 0755), 0);
	write_file("d/program", &image, sizeof image, 0755);
	directory = open("d", O_RDONLY | O_DIRECTORY);
	crash__program_inspect(directory, "program", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_GLIBC);
	fd = open("d/program", O_RDONLY);
	crash__program_inspect(fd, "", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_GLIBC);
	/* and the descriptor is as it was */
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
	crash__program_inspect(fd, "", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_UNREADABLE);
	close(directory);
}
END_TEST

START_TEST(the_base_is_where_the_first_byte_wants_to_be)
{
	enter_directory();
	make_image(glibc, "a", "b");
	inspect_image();
	ck_assert_uint_eq(crash__program_base("program"), BASE);
	image.segments[0].p_vaddr = BASE + 0x2000;
	image.segments[0].p_offset = 0x2000;
	inspect_image();
	ck_assert_uint_eq(crash__program_base("program"), BASE);
	image.segments[0].p_vaddr = image.segments[0].p_offset = 0;
	inspect_image();
	ck_assert_uint_eq(crash__program_base("program"), 0);
	ck_assert_uint_eq(crash__program_base("nothing"), 0);
}
END_TEST

START_TEST(real_programs_are_what_they_are)
{
	crash__program_inspect(AT_FDCWD, "/proc/self/exe", &program);
	ck_assert_int_eq(program.kind, CRASH__PROGRAM_GLIBC);
#ifdef __SANITIZE_ADDRESS__
	ck_assert_int_eq(strncmp(program.sanitizer, "libasan.so", 10), 0);
#else
	ck_assert_str_eq(program.sanitizer, "");
#endif
	crash__program_inspect_final(AT_FDCWD, "/bin/sh", &program);
	ck_assert_int_ne(program.kind, CRASH__PROGRAM_SCRIPT);
	ck_assert_int_ne(program.kind, CRASH__PROGRAM_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tcase = support_case(suite, "binaries", a_sanitizer_is_found_among_the_libraries,
				    other_machines_are_foreign, the_base_is_where_the_first_byte_wants_to_be,
				    real_programs_are_what_they_are, NULL);

	tcase_add_loop_test(tcase, the_dynamic_linker_says_which_libc, 0, sizeof linkers / sizeof *linkers);
	tcase_add_loop_test(tcase, secure_mode_is_where_the_kernel_says, 0, sizeof secures / sizeof *secures);
	support_case(suite, "scripts", a_script_names_its_interpreter, a_long_interpreter_is_cut,
		     scripts_are_followed_to_a_program, NULL);
	support_case(suite, "others", other_files_are_unknown, damaged_programs_do_no_harm,
		     a_program_is_found_as_execveat_finds_it, NULL);
	return support_run(suite);
}
