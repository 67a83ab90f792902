/* SPDX-License-Identifier: MIT */
/*
 * check_run_errors.c - crash_run(): what it refuses, and in which words.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/machine.h"

static struct crash_out out;

/* The run cannot be made, and the detail says so in these words. */
static void assert_refused(int expected, const char *words, const char *scenario,
			   const struct crash_opts *opts)
{
	struct crash_out untouched, before;
	int error;

	memset(&untouched, 0x5a, sizeof untouched);
	memset(&before, 0x5a, sizeof before);
	error = crash_run(scenario, opts, &untouched);
	ck_assert_msg(error == expected, "expected %s, got %s: %s", crash_strerror(expected),
		      crash_strerror(error), crash_error_detail());
	ck_assert_msg(strstr(crash_error_detail(), words) != NULL, "expected \"%s\" in \"%s\"", words,
		      crash_error_detail());
	ck_assert_msg(memcmp(&untouched, &before, sizeof before) == 0, "a failure has touched the result");
}

static void write_program(const char *path, const void *content, size_t bytes, mode_t mode)
{
	lab_write(path, content, bytes);
	ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(a_program_that_cannot_be_found)
{
	struct crash_opts opts = {.program = "/nonexistent/program"};

	assert_refused(CRASH_ENOPROGRAM, "/nonexistent/program: No such file", "write#1", &opts);
	opts.program = "there-is-no-such-program";
	assert_refused(CRASH_ENOPROGRAM, "there-is-no-such-program is not in PATH", "write#1", &opts);
	opts.program = "";
	assert_refused(CRASH_ENOPROGRAM, "name is empty", "write#1", &opts);
	write_program("here", "#!/bin/sh\n", 10, 0755);
	opts.program = "here";
	assert_refused(CRASH_ENOPROGRAM, "did you mean ./", NULL, &opts);
	opts.program = "./here";
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	crash_out_clear(&out);
	/* where neither PATH nor the installation has a helper */
	setenv("PATH", lab_dir, 1);
	opts.program = NULL;
	assert_refused(CRASH_ENOPROGRAM, "crashinject-helper is not in PATH", NULL, &opts);
}
END_TEST

START_TEST(a_program_that_cannot_be_executed)
{
	struct crash_opts opts = {.program = "./program"};

	write_program("program", "#!/bin/sh\n", 10, 0644);
	assert_refused(CRASH_ENOEXEC, "chmod +x", "write#1", &opts);
	write_program("program", "#!/nonexistent/interpreter -x\n", 30, 0755);
	assert_refused(CRASH_ENOEXEC, "its interpreter /nonexistent/interpreter does not exist", "write#1",
		       &opts);
	assert_refused(CRASH_ENOEXEC, "its interpreter /nonexistent/interpreter does not exist", NULL, &opts);
	write_program("program", "no header at all\n", 17, 0755);
	assert_refused(CRASH_ENOEXEC, "neither a binary nor a script", "write#1", &opts);
	opts.program = lab_dir;
	assert_refused(CRASH_ENOEXEC, "is a directory", "write#1", &opts);
}
END_TEST

static const struct {
	unsigned char class;
	uint16_t machine;
	const char *name;
} foreigners[] = {
	{ELFCLASS32, CRASH__ELF_MACHINE, CRASH__ELF_OTHER_CLASS},
	{ELFCLASS64, EM_AARCH64, "aarch64"},
	{ELFCLASS64, EM_X86_64, "x86-64"},
	{ELFCLASS64, EM_RISCV, "riscv"},
	{ELFCLASS32, EM_386, "i386"},
	{ELFCLASS32, EM_ARM, "arm"},
	{ELFCLASS64, EM_S390, "another machine"},
};

START_TEST(a_program_for_another_architecture)
{
	struct crash_opts opts = {.program = "./program"};
	Elf64_Ehdr header = {.e_type = ET_EXEC, .e_machine = foreigners[_i].machine};

	if (foreigners[_i].class == ELFCLASS64 && foreigners[_i].machine == CRASH__ELF_MACHINE)
		return; /* no foreigner here */
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = foreigners[_i].class;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	write_program("program", &header, sizeof header, 0755);
	assert_refused(CRASH_EFOREIGN, lab_text("is built for %s,", foreigners[_i].name), "write#1", &opts);
}
END_TEST

/* A copy of behave whose dynamic linker has another name. */
static void write_for_linker(const char *path, const char *linker)
{
	size_t bytes;
	char *program = lab_read(lab_program("behave"), &bytes);
	const Elf64_Ehdr *header = (const void *)program;
	const Elf64_Phdr *segment = (const void *)(program + header->e_phoff);

	for (int i = 0; i < header->e_phnum && segment->p_type != PT_INTERP; i++)
		segment++;
	ck_assert_uint_eq(segment->p_type, PT_INTERP);
	ck_assert_uint_lt(strlen(linker), segment->p_filesz);
	strcpy(program + segment->p_offset, linker);
	write_program(path, program, bytes, 0755);
}

START_TEST(a_program_whose_dynamic_linker_is_missing)
{
	struct crash_opts opts = {.program = "./program"};

	write_for_linker("program", "/lib64/ld-linux-lab.so.9");
	assert_refused(CRASH_ENOEXEC, "its dynamic linker /lib64/ld-linux-lab.so.9 does not exist", "write#1",
		       &opts);
}
END_TEST

START_TEST(a_program_of_another_libc)
{
	struct crash_opts opts = {.program = "./program", .flags = CRASH_NO_SUPERVISOR};

	write_for_linker("program", "/lib/ld-musl-lab.so.1");
	assert_refused(CRASH_ENOSHIM, "/lib/ld-musl-lab.so.1 and not glibc", "write#1", &opts);
}
END_TEST

/* Nothing can be preloaded into a static program; without a filter nobody sees it at all. */
START_TEST(a_static_program_that_nobody_could_see)
{
	struct crash_opts opts = {.program = lab_program("steps_static"), .args = LAB_ARGS("fixed-point")};

	assert_refused(CRASH_ENOSHIM, "not linked with libcrashpoint.a", "steps.fixed", &opts);
	opts.flags = CRASH_NO_SUPERVISOR;
	assert_refused(CRASH_ENOSHIM, "statically linked, so nothing can be preloaded", "write#1", &opts);
	assert_refused(CRASH_ENOSHIM, "statically linked", "steps.fixed,write#1", &opts);
	/* with the filter its calls are seen */
	opts.flags = 0;
	opts.args = LAB_ARGS("open data wc", "write 3 one", "write 3 two");
	opts.dir = lab_dir;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_complete(&out);
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

/* ld.so preloads nothing into a setuid program that somebody else runs. */
START_TEST(a_setuid_program_without_a_filter)
{
	struct crash_opts opts = {
		.program = "./program", .args = LAB_ARGS("exit", "4"), .flags = CRASH_NO_SUPERVISOR};
	pid_t pid;
	int status;

	if (geteuid() != 0)
		LAB_SKIP("only root can make a program setuid to somebody else");
	lab_copy(lab_program("behave"), "program");
	ck_assert_int_eq(chmod("program", 04755), 0);
	ck_assert_int_eq(chmod(lab_dir, 0755), 0);
	setenv("TMPDIR", "/tmp", 1);
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(1);
		if (access(lab_variable("CRASHINJECT_PRELOAD"), R_OK) < 0)
			_exit(77);
		assert_refused(CRASH_ENOSHIM, "setuid or setgid", "write#1", &opts);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		LAB_SKIP("the shim is where other users cannot read");
	ck_assert_int_eq(status, 0);
}
END_TEST

static const char *const awkward[] = {"with space", "with:colon", "with$dollar", "both : of them"};

/* ld.so splits LD_PRELOAD at spaces and colons; a shim whose path has them is loaded all the same. */
START_TEST(a_preload_path_with_spaces_and_colons_works)
{
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = LAB_ARGS("open data wc", "write 3 one", "exec {", "write 3 two"),
				  .dir = lab_dir};

	ck_assert_int_eq(mkdir(awkward[_i], 0755), 0);
	lab_copy(lab_variable("CRASHINJECT_PRELOAD"), lab_text("%s/preload.so", awkward[_i]));
	opts.preload = lab_text("%s/preload.so", awkward[_i]);
	/* the shim has to be there: no filter sees the call instead */
	opts.flags = CRASH_NO_SUPERVISOR;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_preload_module_that_is_missing_or_none)
{
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = LAB_ARGS("fixed-point"),
				  .preload = "/nonexistent/preload.so"};

	assert_refused(CRASH_EPRELOAD, "/nonexistent/preload.so: No such file", "write#1", &opts);
	opts.preload = NULL;
	setenv("CRASHINJECT_PRELOAD", "/nonexistent/by-environment.so", 1);
	assert_refused(CRASH_EPRELOAD, "/nonexistent/by-environment.so", "write#1", &opts);
	/* nothing to preload, nothing to miss */
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	crash_out_clear(&out);
	/* what ld.so refuses to load is not silently missing */
	lab_write("junk.so", "no library\n", 11);
	opts.preload = "junk.so";
	assert_refused(CRASH_ENOSHIM, "never loaded", "steps.fixed", &opts);
}
END_TEST

START_TEST(a_directory_that_cannot_be_used)
{
	struct crash_opts opts = LAB_BEHAVE("exit", "0");

	opts.dir = "missing";
	assert_refused(CRASH_EDIR, "missing: No such file", NULL, &opts);
	lab_write("file", "", 0);
	opts.dir = "file";
	assert_refused(CRASH_EDIR, "file is not a directory", NULL, &opts);
	opts.dir = NULL;
	opts.root = "missing";
	assert_refused(CRASH_EDIR, "--root missing: No such file", "write#1", &opts);
	opts.root = NULL;
	opts.cwd = "missing";
	assert_refused(CRASH_EDIR, "missing: No such file", "write#1", &opts);
	opts.cwd = "file";
	assert_refused(CRASH_EDIR, "file is not a directory", NULL, &opts);
	opts.cwd = NULL;
	setenv("TMPDIR", "/nonexistent", 1);
	assert_refused(CRASH_EDIR, "/nonexistent/", NULL, &opts);
}
END_TEST

/* The rule as it stands, a caret below it at the column, and what is wrong there. */
START_TEST(rules_that_do_not_parse)
{
	struct crash_opts opts = LAB_BEHAVE("exit", "0");

	assert_refused(CRASH_ESPEC, "write#1,fsync#x\n              ^ column 15: ", "write#1,fsync#x", &opts);
	assert_refused(CRASH_ESPEC, "did you mean write?", "wrte#1", &opts);
	assert_refused(CRASH_ESPEC, "column 9: ", "write#1:tron=5", &opts);
	assert_refused(CRASH_ESPEC, "did you mean torn?", "write#1:tron=5", &opts);
	setenv("CRASH_AFTER", "many", 1);
	assert_refused(CRASH_ESPEC, "CRASH_AFTER=many", "write#1", &opts);
}
END_TEST

START_TEST(a_point_that_the_program_does_not_have)
{
	struct crash_opts opts = {.program = lab_variable("HELPER")};

	assert_refused(CRASH_EPOINT, "did you mean wal.mid-frame?", "wal.mid-fram", &opts);
	assert_refused(CRASH_EPOINT, "it has: ", "entirely.different", &opts);
	assert_refused(CRASH_EPOINT, "in=no_such_function: neither", "write#1:in=no_such_function", &opts);
}
END_TEST

START_TEST(a_caller_who_asks_for_nothing)
{
	ck_assert_int_eq(crash_run(NULL, NULL, NULL), CRASH_EINVAL);
	ck_assert_str_eq(crash_error_detail(), "out is NULL");
}
END_TEST

/* Whichever descriptor it is that cannot be had: the call is named, and nothing stays. */
START_TEST(a_process_that_has_no_descriptors_left)
{
	const char *marker = lab_mark("full");
	struct crash_opts opts = LAB_BEHAVE("tree", "2");
	unsigned int used = lab_descriptors() - 1, refused = 0;
	struct rlimit limit, before;
	int error = -1;

	opts.env = LAB_ARGS(marker);
	opts.timeout_ms = 200;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(mkdir("tmp", 0755), 0);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	for (unsigned int more = 0; error != 0 && more < 30; more++) {
		limit = (struct rlimit){used + more, before.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		error = crash_run("write#1", &opts, &out);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (error == CRASH_ESYSTEM && strstr(crash_error_detail(), "Too many open files"))
			refused++;
		if (error == 0)
			crash_out_clear(&out);
		ck_assert_uint_eq(lab_processes(marker), 0);
		ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
		ck_assert_uint_eq(lab_descriptors() - 1, used);
		ck_assert_int_eq(lab_entries("tmp"), 0);
	}
	ck_assert_int_eq(error, 0);
	ck_assert_uint_ge(refused, 5);
}
END_TEST

static const int codes[] = {
#define CRASH_ERROR(NAME, value, message) CRASH_##NAME,
#include <crashinject/errors.def>
#undef CRASH_ERROR
};

#define CODES (sizeof codes / sizeof *codes)

/* Every error is negative and has a sentence that no other has. */
START_TEST(every_error_has_a_sentence_of_its_own)
{
	for (size_t i = 0; i < CODES; i++) {
		ck_assert_int_lt(codes[i], 0);
		ck_assert_str_ne(crash_strerror(codes[i]), crash_strerror(-9999));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(crash_strerror(codes[i]), crash_strerror(codes[j]));
	}
	ck_assert_str_eq(crash_strerror(0), "success");
	ck_assert_str_eq(crash_strerror(1), crash_strerror(-9999));
}
END_TEST

/* A success after an error leaves no detail behind. */
START_TEST(a_detail_belongs_to_the_last_failure_alone)
{
	struct crash_opts opts = LAB_BEHAVE("exit", "0"), wrong = {.program = "/nonexistent"};

	ck_assert_int_eq(crash_run(NULL, &wrong, &out), CRASH_ENOPROGRAM);
	ck_assert_str_ne(crash_error_detail(), "");
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_str_eq(crash_error_detail(), "");
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash_run, errors");
	TCase *tcase = lab_case(suite, "errors", 60);
	tcase_add_test(tcase, a_program_that_cannot_be_found);
	tcase_add_test(tcase, a_program_that_cannot_be_executed);
	tcase_add_loop_test(tcase, a_program_for_another_architecture, 0,
			    sizeof foreigners / sizeof *foreigners);
	tcase_add_test(tcase, a_program_whose_dynamic_linker_is_missing);
	tcase_add_test(tcase, a_program_of_another_libc);
	tcase_add_test(tcase, a_static_program_that_nobody_could_see);
	tcase_add_test(tcase, a_setuid_program_without_a_filter);
	tcase_add_loop_test(tcase, a_preload_path_with_spaces_and_colons_works, 0,
			    sizeof awkward / sizeof *awkward);
	tcase_add_test(tcase, a_preload_module_that_is_missing_or_none);
	tcase_add_test(tcase, a_directory_that_cannot_be_used);
	tcase_add_test(tcase, rules_that_do_not_parse);
	tcase_add_test(tcase, a_point_that_the_program_does_not_have);
	tcase_add_test(tcase, a_caller_who_asks_for_nothing);
	tcase_add_test(tcase, a_process_that_has_no_descriptors_left);
	tcase_add_test(tcase, every_error_has_a_sentence_of_its_own);
	tcase_add_test(tcase, a_detail_belongs_to_the_last_failure_alone);
	return lab_run(suite);
}
