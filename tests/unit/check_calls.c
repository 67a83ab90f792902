/* SPDX-License-Identifier: MIT */
/*
 * check_calls.c - calls.def says what is true of the kernel, of libc and of the shim.
 *
 * Method: calls.def is included once more, as text. Its rows are compared with each other, with the
 * table made from them, with the dynamic symbols of this machine's libc, and with what the preload
 * module exports. A function that libc has in a variant that calls.def does not know writes past the
 * shim, so each such name is either a row or stands in `others` with the reason.
 */
#include "common/call.h"
#include "common/libc_version.h"

#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/support.h"

/* ---- calls.def as text ---- */

enum kind { KIND_CALL, KIND_RAW, KIND_TWIN, KIND_ALIAS, KIND_OWN, KIND_HAND };

struct row {
	enum kind kind;
	const char *symbol, *kernel;
	const char *arguments; /* "(fd, buf, bytes)"; NULL: the wrapper is written by hand */
};

static const struct row rows[] = {
#define CALL(name, FAMILY, where, FLAGS, type, parameters, arguments, sentence)                              \
	{KIND_CALL, #name, #name, #arguments},
#define RAW(name, FAMILY, where, FLAGS, sentence) {KIND_RAW, #name, #name, NULL},
#define TWIN(symbol, kernel, type, parameters, arguments) {KIND_TWIN, #symbol, #kernel, #arguments},
#define ALIAS(symbol, kernel, type, parameters, arguments) {KIND_ALIAS, #symbol, #kernel, #arguments},
#define OWN(symbol, kernel) {KIND_OWN, #symbol, #kernel, NULL},
#define HAND(symbol, kernel) {KIND_HAND, #symbol, #kernel, NULL},
#define MEMORY(...) /* nobody calls it */
#include "common/calls.def"
};

#define ROWS (sizeof rows / sizeof *rows)

/* The columns of struct crash__where that are positions of arguments. */
static const struct column {
	const char *name;
	size_t offset;
	const char *argument; /* what calls.def calls this argument */
} columns[] = {
#define COLUMN(name, argument)                                                                               \
	{                                                                                                    \
#name, offsetof(struct crash__where, name), argument                                         \
	}
	COLUMN(fd, "fd"),
	COLUMN(from, "from"),
	COLUMN(dirfd, "dirfd"),
	COLUMN(path, "path"),
	COLUMN(todirfd, "todirfd"),
	COLUMN(to, "to"),
	COLUMN(buf, "buf"),
	COLUMN(bytes, "bytes"),
	COLUMN(iov, "iov"),
	COLUMN(count, "count"),
	COLUMN(iocbs, "iocbs"),
	COLUMN(offset, "offset"),
	COLUMN(offset_at, "offset"),
	COLUMN(from_offset, "from_offset"),
	COLUMN(size, "size"),
	COLUMN(flags, "flags"),
	COLUMN(mode, "mode"),
	COLUMN(how, "how"),
	COLUMN(request, "request"),
	COLUMN(text, "text"),
	COLUMN(address, "address"),
#undef COLUMN
};

#define COLUMNS (sizeof columns / sizeof *columns)

static unsigned int position(const struct crash__where *where, const struct column *column)
{
	return *((const uint8_t *)where + column->offset);
}

/* Argument number `position` of a list such as "(fd, buf, bytes)"; false if there is none. */
static bool argument_at(const char *list, unsigned int position, char out[64])
{
	const char *at = list + 1;

	while (--position) {
		at = strchr(at, ',');
		if (!at)
			return false;
		at += 2;
	}
	snprintf(out, 64, "%.*s", (int)strcspn(at, ",)"), at);
	return true;
}

/*
 * The arguments of the kernel's calls for which calls.def has no list, as syscalls(2) has them; from
 * their own manual pages, not from calls.def.
 */
static const struct {
	const char *name, *arguments;
} raw_arguments[] = {
	{"ioctl", "(fd, request, text)"},
	{"io_submit", "(context, how many, iocbs)"},
	{"sync", "()"},
	{"openat", "(dirfd, path, flags, mode)"},
	{"open", "(path, flags, mode)"},
	{"openat2", "(dirfd, path, how, bytes of it)"},
	{"mknod", "(path, mode, device)"},
	{"store", "(address, bytes, offset)"},
	{"fchmodat", "(dirfd, path, mode)"},
	{"fchmodat2", "(dirfd, path, mode, flags)"},
};

static const char *arguments_of(const char *kernel)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == KIND_CALL && strcmp(rows[i].symbol, kernel) == 0)
			return rows[i].arguments;
	for (size_t i = 0; i < sizeof raw_arguments / sizeof *raw_arguments; i++)
		if (strcmp(raw_arguments[i].name, kernel) == 0)
			return raw_arguments[i].arguments;
	ck_abort_msg("%s is new: say in raw_arguments what its arguments are", kernel);
}

/* ---- the table ---- */

START_TEST(no_two_rows_have_one_name)
{
	for (size_t i = 0; i < CRASH__CALLS; i++) {
		ck_assert_msg(crash__calls[i].name && *crash__calls[i].name, "call %zu has no name", i);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(crash__calls[i].name, crash__calls[j].name);
	}
	for (size_t i = 0; i < CRASH__FAMILIES; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(crash__families[i].name, crash__families[j].name);
}
END_TEST

START_TEST(every_name_is_found_and_only_as_a_whole)
{
	char text[64];

	for (int i = 0; i < CRASH__CALLS; i++) {
		size_t length = strlen(crash__calls[i].name);

		ck_assert_int_eq(crash__call_find(crash__calls[i].name, length), i);
		/* the name may be part of a longer text */
		snprintf(text, sizeof text, "%s#17", crash__calls[i].name);
		ck_assert_int_eq(crash__call_find(text, length), i);
		ck_assert_int_eq(crash__call_find(text, length + 1), -1);
	}
	for (int i = 0; i < CRASH__FAMILIES; i++) {
		size_t length = strlen(crash__families[i].name);

		ck_assert_int_eq(crash__family_find(crash__families[i].name, length), i);
		ck_assert_str_eq(crash__family_name((unsigned int)i), crash__families[i].name);
		ck_assert_int_eq(crash__family_find(crash__families[i].name, length - 1), -1);
	}
	ck_assert_int_eq(crash__family_find("io", 2), CRASH__FAMILY_IO);
	ck_assert_str_eq(crash__family_name(CRASH__FAMILY_IO), "io");
	ck_assert_int_eq(crash__family_find("ion", 3), -1);
	ck_assert_int_eq(crash__family_find("", 0), -1);
	ck_assert_int_eq(crash__call_find("", 0), -1);
	ck_assert_int_eq(crash__call_find("io", 2), -1);
	/* "write" is both: the first is asked first, "write()" asks for the second */
	ck_assert_int_eq(crash__family_find("write", 5), CRASH__FAMILY_WRITE);
	ck_assert_int_eq(crash__call_find("write", 5), CRASH__CALL_write);
}
END_TEST

START_TEST(kernel_numbers_lead_back_to_the_call)
{
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++)
		ck_assert_msg(crash__call_of_number(crash__calls[i].number) == i,
			      "number %u of %s is another call's", crash__calls[i].number,
			      crash__calls[i].name);
	ck_assert_int_eq(crash__call_of_number(SYS_pwrite64), CRASH__CALL_pwrite64);
	ck_assert_int_eq(crash__call_of_number(SYS_renameat2), CRASH__CALL_renameat2);
	ck_assert_int_eq(crash__call_of_number(SYS_read), -1);
	ck_assert_int_eq(crash__call_of_number(SYS_close), -1);
	ck_assert_int_eq(crash__input_of_number(SYS_read), CRASH__CALL_read);
	ck_assert_int_eq(crash__input_of_number(SYS_close), CRASH__CALL_close);
	ck_assert_int_eq(crash__input_of_number(SYS_write), -1);
	ck_assert_int_eq(crash__call_of_number(-1), -1);
	/* twins have no number, and 0 is read's */
	ck_assert_int_eq(crash__call_of_number(0), -1);
	ck_assert_int_eq(crash__call_of_number(100000), -1);
}
END_TEST

START_TEST(kernel_calls_come_first_and_twins_lead_to_them)
{
	for (unsigned int i = 0; i < CRASH__FIRST_INPUT; i++) {
		const struct crash__call_info *call = &crash__calls[i];

		ck_assert_uint_lt(call->kernel, CRASH__KERNEL_CALLS);
		if (i < CRASH__KERNEL_CALLS) {
			ck_assert_uint_eq(call->kernel, i);
			ck_assert_uint_lt(call->family, CRASH__FAMILIES);
			ck_assert_msg(call->sentence && *call->sentence, "%s has no sentence", call->name);
		}
	}
	for (size_t i = 0; i < ROWS; i++) {
		int call = crash__call_find(rows[i].symbol, strlen(rows[i].symbol));

		ck_assert_int_ge(call, 0);
		ck_assert_msg((rows[i].kind == KIND_TWIN || rows[i].kind == KIND_OWN) ==
				      (call >= CRASH__KERNEL_CALLS),
			      "%s stands among the wrong calls", rows[i].symbol);
		if (call >= CRASH__KERNEL_CALLS)
			ck_assert_str_eq(crash__calls[crash__calls[call].kernel].name, rows[i].kernel);
	}
}
END_TEST

/* What points.md promises for some of each family; the rest of a family follows its rows. */
START_TEST(calls_are_in_their_families)
{
	static const struct {
		const char *call, *family;
	} table[] = {
		{"write", "write"},
		{"pwritev64v2", "write"},
		{"sendfile64", "write"},
		{"copy_file_range", "write"},
		{"splice", "write"},
		{"ioctl", "write"},
		{"io_submit", "write"},
		{"fsync", "fsync"},
		{"msync", "fsync"},
		{"sync", "fsync"},
		{"sync_file_range", "fsync"},
		{"syncfs", "fsync"},
		{"open64", "open"},
		{"__open_2", "open"},
		{"creat64", "open"},
		{"mkostemps", "open"},
		{"mkfifo", "open"},
		{"rename", "rename"},
		{"renameat2", "rename"},
		{"unlink", "unlink"},
		{"remove", "unlink"},
		{"rmdir", "unlink"},
		{"linkat", "link"},
		{"symlink", "link"},
		{"mkdirat", "mkdir"},
		{"mkdtemp", "mkdir"},
		{"truncate64", "truncate"},
		{"ftruncate", "truncate"},
		{"posix_fallocate", "truncate"},
		{"fchmodat2", "attr"},
		{"lchown", "attr"},
		{"futimens", "attr"},
		{"lsetxattr", "attr"},
		{"fremovexattr", "attr"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int call = crash__call_find(table[i].call, strlen(table[i].call));

		ck_assert_msg(call >= 0, "there is no %s", table[i].call);
		ck_assert_str_eq(crash__family_name(crash__calls[crash__calls[call].kernel].family),
				 table[i].family);
	}
}
END_TEST

START_TEST(no_argument_is_two_things)
{
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++) {
		const struct crash__call_info *call = &crash__calls[i];
		unsigned int used = 0;

		for (size_t k = 0; k < COLUMNS; k++) {
			unsigned int at = position(&call->where, &columns[k]);

			ck_assert_msg(at <= 6, "%s: .%s = %u", call->name, columns[k].name, at);
			ck_assert_msg(!at || !(used & 1u << at), "%s: argument %u is .%s and another",
				      call->name, at, columns[k].name);
			used |= at ? 1u << at : 0;
		}
	}
}
END_TEST

START_TEST(every_call_says_which_file_it_is_about)
{
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++) {
		const struct crash__where *where = &crash__calls[i].where;
		int ways = !!where->fd + !!where->path + !!where->iocbs + !!where->address;

		/* sync() is about all of them */
		ck_assert_msg(ways == (i != CRASH__CALL_sync), "%s has %d of fd, path, iocbs, address",
			      crash__calls[i].name, ways);
		ck_assert_msg(!where->dirfd || where->dirfd + 1 == where->path,
			      "%s: a directory stands in front of the path that starts there",
			      crash__calls[i].name);
		ck_assert_msg(!where->todirfd || where->todirfd + 1 == where->to,
			      "%s: a directory stands in front of the path that starts there",
			      crash__calls[i].name);
		ck_assert_msg(!where->to || !where->dirfd == !where->todirfd,
			      "%s: both paths start somewhere, or none", crash__calls[i].name);
		ck_assert_msg(!where->iov == !where->count, "%s: vectors are counted", crash__calls[i].name);
		ck_assert_msg(!where->buf || where->bytes, "%s: a buffer has a length", crash__calls[i].name);
	}
}
END_TEST

/* Whether a call need not say where this argument is: nobody who follows the op has to know. */
static bool is_ignored(const char *call, const char *argument)
{
	static const char *const ignored[][2] = {
		{"copy_file_range", "flags"}, {"splice", "flags"},    {"setxattr", "bytes"},
		{"setxattr", "flags"},	      {"lsetxattr", "bytes"}, {"lsetxattr", "flags"},
		{"fsetxattr", "bytes"},	      {"fsetxattr", "flags"},
	};

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		if (strcmp(ignored[i][0], call) == 0 && strcmp(ignored[i][1], argument) == 0)
			return true;
	for (size_t k = 0; k < COLUMNS; k++)
		if (strcmp(columns[k].argument, argument) == 0)
			return false;
	return true;
}

START_TEST(columns_point_at_the_arguments_of_their_names)
{
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++) {
		const struct crash__call_info *call = &crash__calls[i];
		const char *list = arguments_of(call->name);
		char argument[64];

		for (size_t k = 0; k < COLUMNS; k++) {
			unsigned int at = position(&call->where, &columns[k]);

			if (!at)
				continue;
			ck_assert_msg(
				argument_at(list, at, argument) && strcmp(argument, columns[k].argument) == 0,
				"%s%s: argument %u is not %s", call->name, list, at, columns[k].argument);
		}
		for (unsigned int at = 1; argument_at(list, at, argument); at++) {
			bool found = false;

			for (size_t k = 0; k < COLUMNS; k++)
				found |= position(&call->where, &columns[k]) == at;
			ck_assert_msg(found || is_ignored(call->name, argument), "%s%s: no column for %s",
				      call->name, list, argument);
		}
	}
}
END_TEST

START_TEST(only_calls_with_an_l_act_on_the_link_itself_always)
{
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++) {
		const char *name = crash__calls[i].name;
		bool is_l = strcmp(name, "lchown") == 0 || strcmp(name, "lsetxattr") == 0 ||
			    strcmp(name, "lremovexattr") == 0;

		ck_assert_msg(crash__calls[i].where.nofollow == is_l, "%s", name);
	}
}
END_TEST

/* A twin hands over the same things at the same places, or constants. */
START_TEST(twins_give_the_kernel_what_it_expects)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *list;
		char theirs[64], ours[64];

		if (rows[i].kind != KIND_TWIN && rows[i].kind != KIND_ALIAS)
			continue;
		list = arguments_of(rows[i].kernel);
		for (unsigned int at = 1; argument_at(list, at, theirs); at++) {
			size_t length = strlen(theirs);

			ck_assert_msg(argument_at(rows[i].arguments, at, ours), "%s%s: %s takes %s",
				      rows[i].symbol, rows[i].arguments, rows[i].kernel, list);
			if (strcmp(ours, theirs) == 0 || strcmp(ours, "AT_FDCWD") == 0 ||
			    strcmp(ours, "0") == 0)
				continue;
			/* mode | S_IFIFO */
			if (strncmp(ours, theirs, length) == 0 && ours[length] == ' ')
				continue;
			/* utimensat() without a path is about its descriptor */
			if (strcmp(rows[i].symbol, "futimens") == 0 && strcmp(ours, "fd") == 0 && at == 1)
				continue;
			ck_abort_msg("%s%s: argument %u should be %s", rows[i].symbol, rows[i].arguments, at,
				     theirs);
		}
	}
}
END_TEST

START_TEST(posix_says_what_can_be_cancelled)
{
	/* XSH 2.9.5.2, "shall occur", and the Linux ones that glibc adds */
	static const char *const must[] = {"creat",  "fdatasync", "fsync",	    "msync",
					   "open",   "openat",	  "pwrite64",	    "write",
					   "writev", "pwritev",	  "pwritev2",	    "copy_file_range",
					   "splice", "fallocate", "sync_file_range"};
	static const char *const never[] = {"ftruncate", "truncate", "mkdir",  "chown",	  "fchmod",
					    "sendfile",	 "sync",     "syncfs", "setxattr"};

	for (size_t i = 0; i < sizeof must / sizeof *must; i++)
		ck_assert_msg(crash__calls[crash__call_find(must[i], strlen(must[i]))].cancel, "%s", must[i]);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		ck_assert_msg(!crash__calls[crash__call_find(never[i], strlen(never[i]))].cancel, "%s",
			      never[i]);
}
END_TEST

START_TEST(only_some_opens_and_ioctls_change_anything)
{
	static const struct {
		unsigned int call;
		long args[6];
		uint64_t open_flags;
		bool changes;
	} table[] = {
		{CRASH__CALL_openat, {0, 0, O_RDONLY}, 0, false},
		{CRASH__CALL_openat, {0, 0, O_RDWR | O_APPEND}, 0, false},
		{CRASH__CALL_openat, {0, 0, O_RDWR | O_CREAT}, 0, true},
		{CRASH__CALL_openat, {0, 0, O_WRONLY | O_TRUNC}, 0, true},
		{CRASH__CALL_openat, {0, 0, O_RDWR | O_TMPFILE}, 0, true},
		{CRASH__CALL_openat, {0, 0, O_RDONLY | O_DIRECTORY}, 0, false},
		/* where the flags are, not where they would be for the other */
		{CRASH__CALL_openat, {0, O_CREAT, O_RDONLY}, 0, false},
		{CRASH__CALL_open, {0, O_CREAT, 0}, 0, true},
		{CRASH__CALL_open, {0, O_RDONLY, O_CREAT}, 0, false},
		/* twins by their kernel call: open() is made as openat() */
		{CRASH__CALL_open64, {0, 0, O_CREAT}, 0, true},
		{CRASH__CALL___open_2, {0, O_CREAT, O_RDONLY}, 0, false},
		{CRASH__CALL_mkstemp, {0, 0, O_CREAT}, 0, true},
		/* the flags of openat2() are in memory, and only there */
		{CRASH__CALL_openat2, {0, 0, O_CREAT}, O_RDONLY, false},
		{CRASH__CALL_openat2, {0, 0, 0}, O_CREAT, true},
		{CRASH__CALL_openat, {0, 0, O_RDONLY}, O_CREAT, false},
		{CRASH__CALL_creat, {0, 0}, 0, true},
		{CRASH__CALL_ioctl, {3, (long)FICLONE}, 0, true},
		{CRASH__CALL_ioctl, {3, (long)FICLONERANGE}, 0, true},
		{CRASH__CALL_ioctl, {3, (long)TCGETS}, 0, false},
		/* the kernel looks at 32 bits of the request */
		{CRASH__CALL_ioctl, {3, (long)(FICLONE | 1UL << 40)}, 0, true},
		{CRASH__CALL_write, {1}, 0, true},
		{CRASH__CALL_sync, {0}, 0, true},
		{CRASH__CALL_mknod, {0}, 0, true},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		ck_assert_msg(crash__call_changes(&crash__calls[table[i].call], table[i].args,
						  table[i].open_flags) == table[i].changes,
			      "row %zu, %s", i, crash__calls[table[i].call].name);
}
END_TEST

/* ---- dynamic symbols ---- */

#define SYMBOLS 8192

struct symbols {
	char *names[SYMBOLS];
	size_t count;
};

/* Whether a version index stands for "GLIBC_PRIVATE": nobody but libc's own libraries may use it. */
static bool is_private(Elf *elf, unsigned int version)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		GElf_Verdef definition;
		GElf_Verdaux name;
		Elf_Data *data;
		int at = 0;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_GNU_verdef)
			continue;
		data = elf_getdata(section, NULL);
		for (unsigned int i = 0; i < header.sh_info; i++, at += (int)definition.vd_next) {
			if (!gelf_getverdef(data, at, &definition))
				break;
			if (definition.vd_ndx == version &&
			    gelf_getverdaux(data, at + (int)definition.vd_aux, &name))
				return strcmp(elf_strptr(elf, header.sh_link, name.vda_name),
					      "GLIBC_PRIVATE") == 0;
		}
	}
	return false;
}

/* What a library offers to programs: its functions, without those that are private to libc. */
static void read_symbols(const char *path, struct symbols *symbols)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	Elf_Data *versions = NULL, *data = NULL;
	GElf_Shdr header;
	size_t strings = 0;
	GElf_Sym symbol;
	Elf *elf;

	ck_assert_msg(fd >= 0, "cannot open %s", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	ck_assert_ptr_nonnull(elf);
	while ((section = elf_nextscn(elf, section)) != NULL) {
		ck_assert_ptr_nonnull(gelf_getshdr(section, &header));
		if (header.sh_type == SHT_GNU_versym)
			versions = elf_getdata(section, NULL);
		if (header.sh_type == SHT_DYNSYM) {
			data = elf_getdata(section, NULL);
			strings = header.sh_link;
		}
	}
	ck_assert_ptr_nonnull(data);
	symbols->count = 0;
	for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
		GElf_Versym version = 0;

		if (symbol.st_shndx == SHN_UNDEF || (GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
						     GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC))
			continue;
		if (versions && gelf_getversym(versions, i, &version) && is_private(elf, version & 0x7fff))
			continue;
		ck_assert_uint_lt(symbols->count, SYMBOLS);
		symbols->names[symbols->count++] = strdup(elf_strptr(elf, strings, symbol.st_name));
	}
	elf_end(elf);
	close(fd);
	/* enough of them to be the right table */
	ck_assert_msg(symbols->count > 50, "%s exports %zu functions", path, symbols->count);
}

static void free_symbols(struct symbols *symbols)
{
	while (symbols->count)
		free(symbols->names[--symbols->count]);
}

static bool has_symbol(const struct symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (strcmp(symbols->names[i], name) == 0)
			return true;
	return false;
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *path)
{
	(void)size;
	if (!strstr(info->dlpi_name, "/libc.so."))
		return 0;
	snprintf(path, PATH_MAX, "%s", info->dlpi_name);
	return 1;
}

static void read_libc(struct symbols *symbols)
{
	char path[PATH_MAX];

	ck_assert_msg(dl_iterate_phdr(find_libc, path) == 1, "this program has no libc");
	read_symbols(path, symbols);
}

/* Whether a row of this name makes a function. */
static bool has_wrapper(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind != KIND_RAW && strcmp(rows[i].symbol, name) == 0)
			return true;
	return false;
}

/* Whether the function came with a later glibc 2.x. */
static bool is_younger(const char *name)
{
	static const struct {
		const char *name;
		int minor;
	} young[] = {{"mknod", 33}, {"mknodat", 33}};

	for (size_t i = 0; i < sizeof young / sizeof *young; i++)
		if (strcmp(young[i].name, name) == 0)
			return crash__libc_minor() < young[i].minor;
	return false;
}

START_TEST(libc_has_the_function_of_every_row)
{
	struct symbols libc;

	read_libc(&libc);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_msg(rows[i].kind == KIND_RAW || has_symbol(&libc, rows[i].symbol) ||
				      is_younger(rows[i].symbol),
			      "libc has no %s", rows[i].symbol);
	free_symbols(&libc);
}
END_TEST

START_TEST(what_libc_has_is_wrapped)
{
	struct symbols libc;

	read_libc(&libc);
	for (size_t i = 0; i < CRASH__KERNEL_CALLS; i++)
		ck_assert_msg(!has_symbol(&libc, crash__calls[i].name) || has_wrapper(crash__calls[i].name),
			      "libc has %s, for which no row makes a wrapper", crash__calls[i].name);
	free_symbols(&libc);
}
END_TEST

START_TEST(the_shim_exports_every_row)
{
	const char *path = getenv("CRASHINJECT_PRELOAD");
	struct symbols shim;

	if (!path || access(path, R_OK) < 0)
		support_skip("CRASHINJECT_PRELOAD does not name the preload module");
	read_symbols(path, &shim);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_msg(has_wrapper(rows[i].symbol) == has_symbol(&shim, rows[i].symbol),
			      has_wrapper(rows[i].symbol) ? "the shim does not export %s" :
							    "the shim exports %s, which libc has not",
			      rows[i].symbol);
	free_symbols(&shim);
}
END_TEST

/*
 * Storage functions by their plain names, written down without looking at calls.def, so that a row
 * which is missing together with all its twins is missed.
 */
static const char *const bases[] = {
	"write",	"pwrite",   "writev",	 "pwritev",   "sendfile",	 "copy_file_range",
	"splice",	"ioctl",    "fsync",	 "fdatasync", "msync",		 "sync_file_range",
	"syncfs",	"sync",	    "open",	 "openat",    "creat",		 "mkstemp",
	"mkostemp",	"mkstemps", "mkostemps", "mkdtemp",   "mknod",		 "xmknod",
	"mkfifo",	"rename",   "renameat",	 "unlink",    "unlinkat",	 "rmdir",
	"remove",	"link",	    "linkat",	 "symlink",   "symlinkat",	 "mkdir",
	"mkdirat",	"truncate", "ftruncate", "fallocate", "posix_fallocate", "chmod",
	"fchmod",	"fchmodat", "chown",	 "fchown",    "lchown",		 "fchownat",
	"utime",	"utimes",   "futimes",	 "lutimes",   "futimesat",	 "utimensat",
	"futimens",	"setxattr", "lsetxattr", "fsetxattr", "removexattr",	 "lremovexattr",
	"fremovexattr",
};

/* Names of libc's that look like a variant of one of those and are not. */
static const struct {
	const char *name, *reason;
} others[] = {
	{"fopen", "stdio opens inside libc, which is seen there"},
	{"fopen64", "stdio opens inside libc, which is seen there"},
	{"_IO_fopen", "stdio opens inside libc, which is seen there"},
	{"popen", "a pipe to a shell, no file"},
	{"_IO_popen", "a pipe to a shell, no file"},
	{"fwrite", "stdio writes inside libc, which is seen there"},
	{"_IO_fwrite", "stdio writes inside libc, which is seen there"},
	{"lchmod", "calls fchmodat inside libc, which is seen there"},
};

static bool is_other(const char *name)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(others[i].name, name) == 0)
			return true;
	return false;
}

/*
 * Takes off what libc puts around a name for its variants: __NAME, _IO_NAME, __libc_NAME; NAME64,
 * NAMEv2, NAME2, NAMEat, NAME_2, NAME_chk and others.
 */
static void plain_name(const char *name, char out[64])
{
	static const char *const prefixes[] = {"_", "libc_", "IO_", "GI_"};
	static const char *const suffixes[] = {"_nocancel", "_internal", "_chk", "_time64", "_2",
					       "64",	    "v2",	 "2",	 "at"};
	size_t length;
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
			if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
				name += strlen(prefixes[i]);
				again = true;
			}
	}
	snprintf(out, 64, "%s", name);
	length = strlen(out);
	for (again = true; again;) {
		again = false;
		for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
			size_t less = strlen(suffixes[i]);

			if (length > less + 2 && strcmp(out + length - less, suffixes[i]) == 0) {
				out[length -= less] = '\0';
				again = true;
			}
		}
	}
}

/* Whether `name`, or what is behind a first letter such as that of fchmod, is one of the bases. */
static bool is_variant(const char *name)
{
	char plain[64], base[64];

	plain_name(name, plain);
	for (size_t i = 0; i < sizeof bases / sizeof *bases + ROWS; i++) {
		size_t known = sizeof bases / sizeof *bases;

		plain_name(i < known ? bases[i] : rows[i - known].symbol, base);
		if (strcmp(plain, base) == 0 ||
		    (*plain && strchr("flpvx", *plain) && strcmp(plain + 1, base) == 0))
			return true;
	}
	return false;
}

START_TEST(variants_are_recognised)
{
	static const char *const yes[] = {"write",  "__write",	  "__libc_pwrite",     "pwrite64",
					  "open64", "__open64_2", "pwritev64v2",       "__pwrite_chk",
					  "lchmod", "mkfifoat",	  "__futimens_time64", "openat2"};
	static const char *const no[] = {"read",     "pread64", "close",  "lseek64", "readlink",
					 "getxattr", "opendir", "stat64", "fdopen",  "writer"};

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		ck_assert_msg(is_variant(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		ck_assert_msg(!is_variant(no[i]), "%s", no[i]);
}
END_TEST

START_TEST(no_variant_that_libc_has_is_missing)
{
	struct symbols libc;
	unsigned int missing = 0;

	read_libc(&libc);
	for (size_t i = 0; i < libc.count; i++) {
		if (!is_variant(libc.names[i]) || has_wrapper(libc.names[i]) || is_other(libc.names[i]))
			continue;
		printf("libc has %s: a row of calls.def, or of `others` with the reason\n", libc.names[i]);
		missing++;
	}
	ck_assert_msg(missing == 0, "%u functions of libc write past the shim; see the log", missing);
	free_symbols(&libc);
}
END_TEST

START_TEST(exceptions_are_still_needed)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		ck_assert_msg(is_variant(others[i].name), "%s needs no exception", others[i].name);
		ck_assert_msg(!has_wrapper(others[i].name), "%s is a row", others[i].name);
	}
}
END_TEST

/* Nobody is told that sync() has failed, and stores to memory are no calls. A clone has no first half. */
START_TEST(every_call_says_in_which_ways_it_can_fail)
{
	for (int call = 0; call < CRASH__KERNEL_CALLS; call++) {
		const struct crash__call_info *info = &crash__calls[call];
		bool silent = call == CRASH__CALL_sync || call == CRASH__CALL_store;

		ck_assert_msg((info->where.fails == 0) == silent, "%s", info->name);
		if (info->where.fails & CRASH__FAILS_SHORT)
			ck_assert_msg(info->where.bytes || info->where.iov, "%s", info->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calls");

	support_case(suite, "table", no_two_rows_have_one_name, every_name_is_found_and_only_as_a_whole,
		     kernel_numbers_lead_back_to_the_call, kernel_calls_come_first_and_twins_lead_to_them,
		     calls_are_in_their_families, NULL);
	support_case(suite, "where", no_argument_is_two_things, every_call_says_which_file_it_is_about,
		     columns_point_at_the_arguments_of_their_names,
		     only_calls_with_an_l_act_on_the_link_itself_always,
		     twins_give_the_kernel_what_it_expects, posix_says_what_can_be_cancelled,
		     only_some_opens_and_ioctls_change_anything, every_call_says_in_which_ways_it_can_fail,
		     NULL);
	support_case(suite, "libc", libc_has_the_function_of_every_row, what_libc_has_is_wrapped,
		     the_shim_exports_every_row, variants_are_recognised, no_variant_that_libc_has_is_missing,
		     exceptions_are_still_needed, NULL);
	return support_run(suite);
}
