/* SPDX-License-Identifier: MIT */
/*
 * check_allocations.c - memory that is not there, where a rule names it, and nothing of it where none does.
 */
#include "tests/run/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct lab_result result;

#define RUN(rules, ...) (result = LAB_CRASHINJECT("run", "-q", "--at", rules, "--", __VA_ARGS__))
#define WORDS lab_program("allocates"), "words"

#define assert_out(expected)                                                                                 \
	ck_assert_msg(strcmp(result.out, expected) == 0, "not \"%s\": %s", expected, lab_describe(&result))

#define assert_said(text) ck_assert_msg(strstr(result.err, text) != NULL, "%s", lab_describe(&result))

/* ------------------------------------------------------------------ what fails */

static const char *const functions[] = {"malloc",	"calloc",	  "realloc",
					"reallocarray", "posix_memalign", "aligned_alloc",
					"memalign",	"valloc",	  "pvalloc"};

/* Each by its own name and by its family's, and errno as libc leaves it; what is made inside is not counted.
 */
START_TEST(each_function_fails)
{
	const char *name = functions[_i], *other = _i == 1 ? "malloc" : "calloc";

	RUN(lab_text("%s#2:err=ENOMEM", name), WORDS, name, other, name, name);
	assert_out(lab_text("%s: ok\n%s: ok\n%s: ENOMEM\n%s: ok\n", name, other, name, name));
	RUN("alloc#2:err=ENOMEM", WORDS, other, name, other);
	assert_out(lab_text("%s: ok\n%s: ENOMEM\n%s: ok\n", other, name, other));
	result = LAB_CRASHINJECT("run", "--at", "alloc#9", "--", WORDS, name, name, name);
	lab_assert_status(&result, 1);
	assert_said("it passed 3 alloc");
}
END_TEST

START_TEST(it_fails_from_there_on_or_by_chance)
{
	RUN("alloc#2+:err=ENOMEM", WORDS, "malloc", "calloc", "strdup", "malloc");
	assert_out("malloc: ok\ncalloc: ENOMEM\nstrdup: ENOMEM\nmalloc: ENOMEM\n");
	RUN("alloc#p100%:err=ENOMEM", WORDS, "malloc", "valloc");
	assert_out("malloc: ENOMEM\nvalloc: ENOMEM\n");
	RUN("malloc#2..3:err=ENOMEM", WORDS, "malloc", "malloc", "malloc", "malloc");
	assert_out("malloc: ok\nmalloc: ENOMEM\nmalloc: ENOMEM\nmalloc: ok\n");
}
END_TEST

START_TEST(what_was_there_stays)
{
	RUN("realloc#1:err=ENOMEM", WORDS, "grow", "grow");
	assert_out("grow: ENOMEM\ngrow: ok\n");
	/* that which frees is no allocation */
	RUN("realloc#2:err=ENOMEM", WORDS, "grow", "grow");
	assert_out("grow: ok\ngrow: ENOMEM\n");
}
END_TEST

START_TEST(libc_allocates_for_the_program)
{
	RUN("malloc:in=strdup:err=ENOMEM", WORDS, "malloc", "strdup", "malloc");
	assert_out("malloc: ok\nstrdup: ENOMEM\nmalloc: ok\n");
}
END_TEST

START_TEST(a_program_ends_at_an_allocation)
{
	result = LAB_CRASHINJECT("run", "--json", "--at", "malloc#2", "--", WORDS, "malloc", "calloc",
				 "malloc", "malloc");
	lab_assert_status(&result, 0);
	ck_assert_str_eq(lab_json_text(json_array_get(lab_json_lines(result.out), 0), "point"), "alloc#3");
	RUN("malloc#2:exit=7", WORDS, "malloc", "malloc", "malloc");
	assert_out("malloc: ok\n");
	RUN("malloc#2:after:abort", WORDS, "malloc", "malloc", "malloc");
	assert_out("malloc: ok\n");
	RUN("malloc#2:sig=USR1", WORDS, "signals", "malloc", "malloc", "malloc");
	assert_out("malloc: ok\nsignal: ok\nmalloc: ok\nmalloc: ok\n");
}
END_TEST

START_TEST(threads_children_and_constructors_count_together)
{
	RUN("malloc:in=take:err=ENOMEM", WORDS, "thread:malloc", "malloc");
	assert_out("malloc: ENOMEM\nmalloc: ok\n");
	RUN("valloc#2:err=ENOMEM,valloc#4:err=ENOMEM", WORDS, "valloc", "thread:valloc", "fork:valloc",
	    "fork:valloc", "valloc");
	assert_out("valloc: ok\nvalloc: ENOMEM\nvalloc: ok\nvalloc: ENOMEM\nvalloc: ok\n");
	setenv("EARLY", "1", 1);
	RUN("alloc#1:err=ENOMEM", WORDS, "malloc");
	unsetenv("EARLY");
	assert_out("malloc: ENOMEM\nmalloc: ok\n");
}
END_TEST

START_TEST(a_program_that_is_started_has_it_too)
{
	RUN("valloc#2:err=ENOMEM", "sh", "-c",
	    lab_text("env -i %s words valloc; %s words valloc; exec %s words valloc",
		     lab_program("allocates"), lab_program("allocates"), lab_program("allocates")));
	assert_out("valloc: ok\nvalloc: ENOMEM\nvalloc: ok\n");
}
END_TEST

/* It is not to be seen in what the program sees of itself. */
START_TEST(a_program_does_not_see_the_module)
{
	RUN("valloc#1:err=ENOMEM", "sh", "-c", "env | grep -c -e ^CRASH_CONTROL -e ^LD_PRELOAD; true");
	assert_out("0\n");
	setenv("LD_PRELOAD", lab_text("%s/../../.libs/libbystander.so", lab_variable("PROGRAMS")), 1);
	RUN("valloc#1:err=ENOMEM", "sh", "-c", "echo $LD_PRELOAD");
	unsetenv("LD_PRELOAD");
	assert_out(lab_text("%s/../../.libs/libbystander.so\n", lab_variable("PROGRAMS")));
}
END_TEST

START_TEST(a_new_that_fails_throws)
{
	const char *program = lab_program("allocates_cxx");

	RUN("malloc:in=make:err=ENOMEM", program, "catches");
	assert_out("no memory\n");
	result = LAB_CRASHINJECT("run", "--json", "--at", "malloc:in=make:err=ENOMEM", "--", program);
	ck_assert_int_eq(lab_json_number(json_array_get(lab_json_lines(result.out), 0), "signal", 0), 6);
}
END_TEST

/* ------------------------------------------------------------------ nothing else pays */

/* Not one instruction more: the module is not there. */
START_TEST(without_a_rule_the_module_is_not_loaded)
{
	static const char see[] = "grep -c libcrashinject-alloc /proc/self/maps; true";

	RUN("write#9:err=EIO,read#99:err=EIO", "sh", "-c", see);
	assert_out("0\n");
	result = LAB_CRASHINJECT("list", "-q", "--", "sh", "-c", see);
	ck_assert_msg(strcmp(result.err, "0\n") == 0, "%s", lab_describe(&result));
	RUN("alloc#999999:err=ENOMEM", "sh", "-c", see);
	ck_assert_msg(atoi(result.out) > 0, "%s", lab_describe(&result));
}
END_TEST

/* Other ops have the numbers that they have without. */
START_TEST(ops_are_not_counted_with_it)
{
	ck_assert_int_eq(mkdir("store", 0755), 0);
	result = LAB_CRASHINJECT("run", "--json", "--at", "malloc#1:err=ENOMEM,io#3", "--",
				 lab_program("allocates"), "store", "tries-again", "3");
	lab_assert_status(&result, 0);
	ck_assert_str_eq(lab_json_text(json_array_get(lab_json_lines(result.out), 0), "point"), "fsync#1");
}
END_TEST

START_TEST(allocations_are_listed_where_that_is_asked_for)
{
	result = LAB_CRASHINJECT("list", "--allocations", "--", WORDS, "malloc", "calloc", "valloc");
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, "alloc#2        calloc                    -       24 0") != NULL,
		      "%s", lab_describe(&result));
	ck_assert_ptr_nonnull(strstr(result.out, "0 ops; 3 allocations"));
	result = LAB_CRASHINJECT("list", "--", WORDS, "malloc", "calloc", "valloc");
	ck_assert_ptr_null(strstr(result.out, "alloc#"));
	RUN("alloc#*:log", WORDS, "malloc", "posix_memalign");
	result = LAB_CRASHINJECT("run", "--at", "alloc#*:log", "--", WORDS, "malloc", "posix_memalign");
	assert_said("alloc#2 (posix_memalign), 128 bytes");
}
END_TEST

/* ------------------------------------------------------------------ what cannot be seen is said */

static const char unseen[] = "allocations-unseen";

START_TEST(a_static_program_is_said_to_be_unseen)
{
	result = LAB_CRASHINJECT("run", "--at", "malloc#1:err=ENOMEM", "--", lab_program("allocates_static"),
				 "words", "malloc");
	assert_out("malloc: ok\n");
	assert_said(unseen);
	result = LAB_CRASHINJECT("run", "--at", "valloc#1:err=ENOMEM", "--", "sh", "-c",
				 lab_text("%s words valloc; true", lab_program("allocates_static")));
	assert_out("valloc: ok\n");
	assert_said(unseen);
	result = LAB_CRASHINJECT("run", "--at", "write#9:err=EIO", "--", lab_program("allocates_static"),
				 "words", "malloc");
	ck_assert_ptr_null(strstr(result.err, unseen));
}
END_TEST

START_TEST(a_malloc_of_the_programs_own_is_said_to_be_unseen)
{
	const char *library = lab_text("LD_PRELOAD=%s/../../.libs/libownmalloc.so", lab_variable("PROGRAMS"));

	result = LAB_CRASHINJECT("run", "--at", "malloc#1:err=ENOMEM", "--", lab_program("allocates_own"),
				 "words", "malloc");
	assert_out("malloc: ok\n");
	assert_said(unseen);
	result = LAB_COMMAND("env", library, lab_variable("CRASHINJECT"), "run", "--at",
			     "malloc#1:err=ENOMEM", "--", WORDS, "malloc");
	assert_out("malloc: ok\n");
	assert_said(unseen);
	result = LAB_CRASHINJECT("run", "--at", "malloc#9:err=ENOMEM", "--", WORDS, "malloc");
	ck_assert_ptr_null(strstr(result.err, unseen));
}
END_TEST

/* Who needs the module has it behind the program and in front of the library, and libc's free() is not asked.
 */
START_TEST(a_malloc_of_a_library_is_seen)
{
	result = LAB_CRASHINJECT("run", "--at", "malloc#2:err=ENOMEM", "--", lab_program("allocates_linked"),
				 "words", "malloc", "malloc", "malloc", "grow");
	assert_out("malloc: ok\nmalloc: ENOMEM\nmalloc: ok\ngrow: ok\n");
	ck_assert_ptr_null(strstr(result.err, unseen));
}
END_TEST

START_TEST(the_shim_alone_needs_the_module)
{
	const char *shim = lab_variable("CRASHINJECT_PRELOAD");
	const char *module = lab_text("%.*s/libcrashinject-alloc.so", (int)(strrchr(shim, '/') - shim), shim);

	result = LAB_COMMAND("env", lab_text("LD_PRELOAD=%s %s", module, shim),
			     "CRASH_AT=valloc#1:err=ENOMEM", WORDS, "valloc", "valloc");
	assert_out("valloc: ENOMEM\nvalloc: ok\n");
	result = LAB_COMMAND("env", lab_text("LD_PRELOAD=%s", shim), "CRASH_AT=valloc#1:err=ENOMEM", WORDS,
			     "valloc");
	lab_assert_status(&result, 125);
	assert_said("libcrashinject-alloc.so");
	/* and the module alone does nothing */
	result = LAB_COMMAND("env", lab_text("LD_PRELOAD=%s", module), WORDS, "valloc", "grow");
	assert_out("valloc: ok\ngrow: ok\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("allocations");
	TCase *fails = lab_case(suite, "fails", 60), *pays = lab_case(suite, "pays", 60),
	      *unseen_ones = lab_case(suite, "unseen", 60);

	tcase_add_loop_test(fails, each_function_fails, 0, (int)(sizeof functions / sizeof *functions));
	tcase_add_test(fails, it_fails_from_there_on_or_by_chance);
	tcase_add_test(fails, what_was_there_stays);
	tcase_add_test(fails, libc_allocates_for_the_program);
	tcase_add_test(fails, a_program_ends_at_an_allocation);
	tcase_add_test(fails, threads_children_and_constructors_count_together);
	tcase_add_test(fails, a_program_that_is_started_has_it_too);
	tcase_add_test(fails, a_program_does_not_see_the_module);
	tcase_add_test(fails, a_new_that_fails_throws);
	tcase_add_test(pays, without_a_rule_the_module_is_not_loaded);
	tcase_add_test(pays, ops_are_not_counted_with_it);
	tcase_add_test(pays, allocations_are_listed_where_that_is_asked_for);
	tcase_add_test(unseen_ones, a_static_program_is_said_to_be_unseen);
	tcase_add_test(unseen_ones, a_malloc_of_the_programs_own_is_said_to_be_unseen);
	tcase_add_test(unseen_ones, a_malloc_of_a_library_is_seen);
	tcase_add_test(unseen_ones, the_shim_alone_needs_the_module);
	return lab_run(suite);
}
