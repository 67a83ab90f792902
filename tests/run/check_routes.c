/* SPDX-License-Identifier: MIT */
/*
 * check_routes.c - every row of calls.def, by every route to it: it is one op of its family, on the right
 * file, and it can be crashed before, after and in the middle, or be made to fail.
 *
 * Method: tests/programs/routes makes one call, and routes.def says how and what that is about; a name
 * of calls.def without a row there fails a test. A directory's state is taken down as text (names, types,
 * modes, contents, ...). What the call leaves when nobody interferes is what a crash after it has to
 * leave, and what was there before is what a crash before it has to leave, or an error.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/call.h"
#include "tests/run/reflinks.h"

/* ------------------------------------------------------------------ the tables */

#define CHANGES true
#define SAME false

static const struct row {
	const char *name, *file, *to;
	int offset; /* -1: none */
	bool changes;
} rows[] = {
#define ROUTE(name, file, to, offset, changes, ...) {#name, file, to, offset, changes},
#include "tests/programs/routes.def"
};

/* The names of calls.def, and whether libc's function (or the shim's) has this name. */
static const struct name {
	const char *name;
	bool symbol;
} names[] = {
#define CALL(name, ...) {#name, true},
#define RAW(name, ...) {#name, false},
#define MEMORY(name, ...) {#name, false},
#define TWIN(symbol, ...) {#symbol, true},
#define ALIAS(symbol, ...) {#symbol, true},
#define OWN(symbol, ...) {#symbol, true},
#define HAND(symbol, ...) {#symbol, true},
#include "common/calls.def"
};

#define NAMES (int)(sizeof names / sizeof *names)

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	ck_abort_msg("%s has no row in tests/programs/routes.def", name);
}

static const struct crash__call_info *info_of(const char *name)
{
	int call = crash__call_find(name, strlen(name));

	ck_assert_int_ge(call, 0);
	return &crash__calls[call];
}

struct route {
	const char *program, *route, *seen; /* as list has it */
};

/* What of a call cannot be tested as the others are. */
static bool is_store(const struct row *row)
{
	return strcmp(row->name, "store") == 0;
}

static bool is_aio(const struct row *row)
{
	return strcmp(row->name, "io_submit") == 0;
}

/*
 * An msync() that passes the shim by, of a mapping that only the shim knows: nobody else can make the
 * call, so its result is not seen, and that is said.
 */
static bool is_half_seen(const struct row *row, const struct route *route)
{
	return strcmp(row->name, "msync") == 0 && strcmp(route->seen, "kernel") == 0 &&
	       strcmp(route->program, "routes") == 0;
}

/* ------------------------------------------------------------------ states */

static const char before[] = "abcdefghijklmnop";

/* Whether the file system of the test's directory has attributes of users. */
static bool has_attributes(void)
{
	return setxattr("data", "user.old", "v", 1, 0) == 0;
}

/* A directory as every run finds it. */
static void make_directory(void)
{
	static const struct timespec times[2] = {{1000000, 0}, {1000000, 0}};

	ck_assert_int_eq(chdir(lab_dir), 0);
	lab_remove("d");
	ck_assert_int_eq(mkdir("d", 0755), 0);
	ck_assert_int_eq(chdir("d"), 0);
	lab_write("data", before, sizeof before - 1);
	lab_write("from", "WXYZ and some more", 18); /* a shorter file cannot be cloned over data */
	ck_assert_int_eq(chmod("data", 0640), 0);
	ck_assert_int_eq(mkdir("dir", 0755), 0);
	has_attributes();
	ck_assert_int_eq(utimensat(AT_FDCWD, "data", times, 0), 0);
}

/* One entry; the time only where the test or the call has set it. */
static char *entry_text(const char *name)
{
	char target[64] = "", attributes[256] = "";
	struct stat status;
	long length;

	ck_assert_int_eq(lstat(name, &status), 0);
	if (S_ISLNK(status.st_mode)) {
		length = readlink(name, target, sizeof target - 1);
		ck_assert_int_gt(length, 0);
		return lab_text("%s -> %s", name, target);
	}
	length = listxattr(name, attributes, sizeof attributes - 1);
	for (long i = 0; i < length; i++)
		if (!attributes[i])
			attributes[i] = ' ';
	return lab_text("%.*s %o links=%d owner=%d time=%ld %s\"%s\"", (int)strcspn(name, "-"), name,
			(unsigned int)status.st_mode, S_ISDIR(status.st_mode) ? 0 : (int)status.st_nlink,
			(int)status.st_uid, status.st_mtime <= 2000000 ? (long)status.st_mtime : 0,
			attributes, S_ISREG(status.st_mode) ? lab_read(name, NULL) : "");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *state(void)
{
	DIR *directory = opendir(".");
	char *entries[16], *text = lab_text("%s", "");
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && count < 16)
			entries[count++] = entry_text(entry->d_name);
	closedir(directory);
	qsort(entries, count, sizeof *entries, by_text);
	for (size_t i = 0; i < count; i++)
		text = lab_text("%s%s\n", text, entries[i]);
	return text;
}

/* ------------------------------------------------------------------ runs */

static struct crash_out out;

static const struct route symbol_route = {"routes", "symbol", "symbol"};
static const struct route syscall_route = {"routes", "syscall", "symbol"};
static const struct route inline_route = {"routes", "inline", "kernel"};
static const struct route static_route = {"routes_static", "inline", "kernel"};

static void run(const struct row *row, const struct route *route, const char *rule)
{
	struct crash_opts opts = {.program = lab_program(route->program),
				  .args = (const char *const[]){route->route, row->name, NULL},
				  .dir = "."};

	make_directory();
	ck_assert_crash_run(rule, &opts, &out);
}

#define WHERE "%s by %s of %s, %s: "
#define HERE(rule) row->name, route->route, route->program, rule

static void assert_state(const struct row *row, const struct route *route, const char *rule,
			 const char *expected)
{
	const char *is = state();

	ck_assert_msg(strcmp(is, expected) == 0, WHERE "the directory is\n%s\nand not\n%s", HERE(rule), is,
		      expected);
}

static bool is_file(const char *path, const char *file)
{
	const char *name = path ? strrchr(path, '/') : NULL;

	if (!file || !path)
		return !file && !path;
	if (!name)
		return false;
	if (file[strlen(file) - 1] == '-')
		return strncmp(name + 1, file, strlen(file)) == 0;
	return strcmp(name + 1, file) == 0;
}

/* What list says of the run: the one op, and what it is about. */
static void check_listing(const struct row *row, const struct route *route)
{
	const struct crash__call_info *info = info_of(row->name), *kernel = &crash__calls[info->kernel];
	const char *family = crash__families[kernel->family].name;
	struct lab_listing listing;
	json_t *op;

	make_directory();
	listing = lab_list((const char *const[]){"--dir", ".", NULL},
			   (const char *const[]){lab_program(route->program), route->route, row->name, NULL});
	ck_assert_msg(json_array_size(listing.ops) == 1, WHERE "%zu ops: %s", HERE("list"),
		      json_array_size(listing.ops), listing.result.out);
	ck_assert_msg(lab_json_bool(listing.summary, "complete") == !is_half_seen(row, route), WHERE "%s",
		      HERE("list"), listing.result.out);
	op = json_array_get(listing.ops, 0);
	ck_assert_str_eq(lab_json_text(op, "point"), lab_text("%s#1", family));
	ck_assert_str_eq(lab_json_text(op, "family"), family);
	ck_assert_str_eq(lab_json_text(op, "call"), row->name);
	ck_assert_str_eq(lab_json_text(op, "route"), is_store(row) ? "memory" :
						     is_aio(row)   ? "kernel" :
								     route->seen);
	ck_assert_msg(is_file(lab_json_text(op, "file"), row->file), WHERE "%s", HERE("list"),
		      listing.result.out);
	ck_assert_msg(is_file(lab_json_text(op, "to"), row->to), WHERE "%s", HERE("list"),
		      listing.result.out);
	if (row->offset >= 0 && !is_store(row)) {
		ck_assert_int_eq(lab_json_number(op, "offset", -1), row->offset);
		ck_assert_int_eq(lab_json_number(op, "bytes", -1), 4);
		ck_assert_int_eq(lab_json_number(op, "result", -1), 4);
	}
	if (row->changes)
		ck_assert_int_ge(lab_json_number(op, "result", -1), 0);
}

/* The state that the call leaves by itself; NULL if the machine does not have the call. */
static const char *state_after(const struct row *row, const struct route *route, const char *state_before)
{
	const char *after;

	run(row, route, NULL);
	if (out.exit_code == 77 || strncmp(out.stdout_data, "ENOSYS", 6) == 0 ||
	    strncmp(out.stdout_data, "EOPNOTSUPP", 10) == 0) {
		printf("SKIP: %s by %s: not on this machine or file system\n", row->name, route->route);
		fflush(stdout);
		return NULL;
	}
	ck_assert_exited(&out, 0);
	ck_assert_msg(strncmp(out.stdout_data, "ok ", 3) == 0, WHERE "%s", HERE("undisturbed"),
		      out.stdout_data);
	crash_out_clear(&out);
	after = state();
	/* a change of owner cannot be seen where only one's own can be set */
	if (strstr(row->name, "chown") == NULL || geteuid() == 0)
		ck_assert_msg((strcmp(state_before, after) != 0) == row->changes, WHERE "the directory is %s",
			      HERE("undisturbed"), after);
	return after;
}

static void check_crash(const struct row *row, const struct route *route, const char *rule,
			const char *expected)
{
	const char *family = crash__families[crash__calls[info_of(row->name)->kernel].family].name;

	run(row, route, rule);
	ck_assert_crashed_at(&out, lab_text("%s#1", family));
	ck_assert_str_eq(out.call, row->name);
	ck_assert_str_eq(out.rule, rule);
	ck_assert_msg(is_file(out.file, row->file), WHERE "%s", HERE(rule), out.file ? out.file : "no file");
	ck_assert_msg(is_file(out.to, row->to), WHERE "%s", HERE(rule), out.to ? out.to : "no second file");
	ck_assert_uint_eq(out.stdout_len, 0);
	ck_assert_complete(&out);
	crash_out_clear(&out);
	assert_state(row, route, rule, expected);
}

static void check_error(const struct row *row, const struct route *route, const char *state_before)
{
	const char *rule = lab_text("%s():err=EDQUOT", row->name);

	run(row, route, rule);
	if (strcmp(row->name, "sync") == 0) /* which cannot fail */
		ck_assert_exited(&out, 0);
	else
		ck_assert_msg(strcmp(out.stdout_data, "EDQUOT\n") == 0, WHERE "%s", HERE(rule),
			      out.stdout_data);
	crash_out_clear(&out);
	assert_state(row, route, rule, state_before);
}

/* The first part of a write is in the file, and nothing else. */
static void check_parts(const struct row *row, const struct route *route)
{
	const char *rule = lab_text("%s():torn=2", row->name);
	char expected[sizeof before];

	memcpy(expected, before, sizeof before);
	memcpy(expected + row->offset, "WX", 2);
	run(row, route, rule);
	ck_assert_crashed_at(&out, "write#1");
	ck_assert_int_eq(out.written, 2);
	crash_out_clear(&out);
	lab_assert_file("data", expected);

	rule = lab_text("%s():short=3", row->name);
	expected[row->offset + 2] = 'Y';
	run(row, route, rule);
	ck_assert_exited(&out, 0);
	ck_assert_msg(strcmp(out.stdout_data, "ok 3\n") == 0, WHERE "%s", HERE(rule), out.stdout_data);
	crash_out_clear(&out);
	lab_assert_file("data", expected);
}

/*
 * Everything for one name by one route. `thoroughly`: also what all names of one kernel call have in common.
 * False: the machine does not have the call.
 */
static bool check_route(const struct row *row, const struct route *route, bool thoroughly)
{
	const struct crash__call_info *kernel = &crash__calls[info_of(row->name)->kernel];
	const char *state_before, *after;

	make_directory();
	state_before = state();
	after = state_after(row, route, state_before);
	if (!after)
		return false;
	check_listing(row, route);
	if (is_store(row)) { /* is seen when it has been done */
		check_crash(row, route, "store", after);
		return true;
	}
	check_crash(row, route, lab_text("%s()", row->name), state_before);
	check_crash(row, route, lab_text("%s():after", row->name), after);
	if (!thoroughly)
		return true;
	check_error(row, route, state_before);
	/* a part of a request cannot be asked for */
	if (kernel->family == CRASH__FAMILY_WRITE && row->offset >= 0 && !is_aio(row))
		check_parts(row, route);
	return true;
}

/* ------------------------------------------------------------------ tests */

static bool has_number(const char *name)
{
	const struct crash__call_info *info = info_of(name);

	return info->number != CRASH__NO_NUMBER && &crash__calls[info->kernel] == info;
}

START_TEST(every_name_has_a_row)
{
	for (int i = 0; i < NAMES; i++)
		row_of(names[i].name);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		info_of(rows[i].name);
}
END_TEST

/* Whether the row can be tested here: attributes where there are attributes, clones where blocks can be
 * shared. */
static bool can_be_tested(const struct row *row)
{
	const char *reason = strcmp(row->name, "ioctl") == 0 ? reflinks_mount("btrfs", lab_dir) : NULL;

	if (reason) {
		printf("SKIP: %s: %s\n", row->name, reason);
		fflush(stdout);
		return false;
	}
	make_directory();
	if (!strstr(row->name, "xattr") || has_attributes())
		return true;
	printf("SKIP: %s: the file system has no attributes of users\n", row->name);
	fflush(stdout);
	return false;
}

START_TEST(by_its_symbol)
{
	const struct row *row = row_of(names[_i].name);

	if (names[_i].symbol && can_be_tested(row))
		check_route(row, &symbol_route, has_number(row->name));
}
END_TEST

/* RAW and HAND rows have one name: each kernel call is looked at once. */
static bool is_kernel_row(int index)
{
	for (int i = 0; i < index; i++)
		if (strcmp(names[i].name, names[index].name) == 0)
			return false;
	return has_number(names[index].name);
}

START_TEST(through_syscall)
{
	const struct row *row = row_of(names[_i].name);

	if (is_kernel_row(_i) && can_be_tested(row))
		check_route(row, &syscall_route, false);
}
END_TEST

START_TEST(by_an_instruction_of_its_own)
{
	const struct row *row = row_of(names[_i].name);

	if (is_kernel_row(_i) && can_be_tested(row))
		check_route(row, &inline_route, false);
}
END_TEST

START_TEST(from_a_static_program)
{
	const struct row *row = row_of(names[_i].name);

	if (is_kernel_row(_i) && can_be_tested(row))
		check_route(row, &static_route, true);
}
END_TEST

/* No call is made, and still it is an op. */
START_TEST(stores_to_a_mapping)
{
	const struct row *row = row_of("store");

	check_route(row, &symbol_route, false);
	check_route(row, &static_route, false);
}
END_TEST

static void check_protect(const char *program, bool gone)
{
	struct lab_listing listing;
	json_t *store;

	make_directory();
	listing = lab_list((const char *const[]){"--dir", ".", NULL},
			   (const char *const[]){lab_program(program), gone ? "gone" : NULL, NULL});
	ck_assert_msg(json_array_size(listing.ops) == 1u + gone, "%s: %s", program, listing.result.out);
	store = json_array_get(listing.ops, gone);
	ck_assert_str_eq(lab_json_text(store, "call"), "store");
	ck_assert_msg(is_file(lab_json_text(store, "file"), "data"), "%s: %s", program, listing.result.out);
	ck_assert_msg(lab_json_bool(listing.summary, "complete"), "%s: %s", program, listing.result.out);
}

static void check_all_protect(void)
{
	for (int i = 0; i < 4; i++)
		check_protect(i % 2 ? "protect" : "protect_static", i / 2);
}

START_TEST(stores_to_what_could_only_be_read)
{
	check_all_protect();
}
END_TEST

/*
 * btrfs has other device numbers in /proc/PID/maps than stat(2) has: a static program's mprotect() and
 * msync() were taken to be of files that nobody had mapped.
 */
START_TEST(mappings_where_device_numbers_differ)
{
	const char *reason = reflinks_mount("btrfs", lab_dir);

	if (reason)
		LAB_SKIP("btrfs: %s", reason);
	check_all_protect();
}
END_TEST

/*
 * A record that is abandoned keeps its place busy until somebody sees that. Who came from a deeper place of
 * the stack did not, and put the beginning of an op elsewhere than its end: the rest of the trace could not
 * be read, and the list, which did not say so, had a few hundred of some hundred thousand writes.
 */
START_TEST(what_a_handler_leaves_by_longjmp_hides_no_op)
{
	struct lab_listing listing;
	long long writes, returned;

	make_directory();
	listing = lab_list((const char *const[]){"--dir", ".", NULL},
			   (const char *const[]){lab_program("jumps_out"), NULL});
	lab_assert_status(&listing.result, 0);
	returned = atoll(listing.result.err);
	writes = lab_json_number(json_object_get(listing.summary, "families"), "write", -1);
	ck_assert_msg(returned > 0 && writes >= returned, "%lld of %lld writes", writes, returned);
}
END_TEST

/* Where a row says that blocks are shared, they are; and everything that writes is seen there as elsewhere.
 */
START_TEST(where_files_share_blocks)
{
	const struct route *const routes[] = {&symbol_route, &syscall_route, &inline_route, &static_route};
	const char *reason = reflinks_mount(reflinks_kinds[_i], lab_dir);

	if (reason)
		LAB_SKIP("%s: %s", reflinks_kinds[_i], reason);
	for (int i = 0; i < NAMES; i++) {
		const struct row *row = row_of(names[i].name);
		unsigned int family = crash__calls[info_of(row->name)->kernel].family;

		if (!is_kernel_row(i) || (family != CRASH__FAMILY_WRITE && family != CRASH__FAMILY_FSYNC))
			continue;
		for (size_t k = names[i].symbol ? 0 : 1; k < sizeof routes / sizeof *routes; k++)
			ck_assert_msg(check_route(row, routes[k], k == 0 || k == 3) || is_aio(row),
				      WHERE "was not made", row->name, routes[k]->route, routes[k]->program,
				      reflinks_kinds[_i]);
	}
	check_route(row_of("store"), &symbol_route, false);
	check_route(row_of("store"), &static_route, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("routes");
	TCase *tcase = lab_case(suite, "routes", 120);

	tcase_add_test(tcase, every_name_has_a_row);
	tcase_add_test(tcase, stores_to_a_mapping);
	tcase_add_test(tcase, stores_to_what_could_only_be_read);
	tcase_add_test(tcase, mappings_where_device_numbers_differ);
	tcase_add_loop_test(tcase, by_its_symbol, 0, NAMES);
	tcase_add_loop_test(tcase, through_syscall, 0, NAMES);
	tcase_add_loop_test(tcase, by_an_instruction_of_its_own, 0, NAMES);
	tcase_add_loop_test(tcase, from_a_static_program, 0, NAMES);
	tcase_add_loop_test(tcase, where_files_share_blocks, 0, REFLINKS_KINDS);
	tcase_add_loop_test(tcase, what_a_handler_leaves_by_longjmp_hides_no_op, 0, 3);
	return lab_run(suite);
}
