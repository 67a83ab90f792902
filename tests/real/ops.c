/* SPDX-License-Identifier: MIT */
/*
 * Method. An op becomes a line of text, "rename -> b = 0", filed under the file it is about; one with
 * two names is filed under both. Libc reaches the kernel by another call than the one that was asked
 * for (open by openat, rmdir by unlinkat), so calls that do the same have one verb.
 */
#include "tests/real/ops.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/call.h"

struct op {
	char *file, *text;
	size_t number; /* order of arrival */
};

static const struct {
	unsigned int call;
	const char *verb;
} verbs[] = {
	{CRASH__CALL_open, "open"},	   {CRASH__CALL_openat, "open"},
	{CRASH__CALL_openat2, "open"},	   {CRASH__CALL_creat, "open"},
	{CRASH__CALL_mknod, "mknod"},	   {CRASH__CALL_mknodat, "mknod"},
	{CRASH__CALL_rename, "rename"},	   {CRASH__CALL_renameat, "rename"},
	{CRASH__CALL_renameat2, "rename"}, {CRASH__CALL_unlink, "unlink"},
	{CRASH__CALL_unlinkat, "unlink"},  {CRASH__CALL_rmdir, "unlink"},
	{CRASH__CALL_link, "link"},	   {CRASH__CALL_linkat, "link"},
	{CRASH__CALL_symlink, "symlink"},  {CRASH__CALL_symlinkat, "symlink"},
	{CRASH__CALL_mkdir, "mkdir"},	   {CRASH__CALL_mkdirat, "mkdir"},
	{CRASH__CALL_chmod, "chmod"},	   {CRASH__CALL_fchmodat, "chmod"},
	{CRASH__CALL_fchmodat2, "chmod"},  {CRASH__CALL_chown, "chown"},
	{CRASH__CALL_lchown, "chown"},	   {CRASH__CALL_fchownat, "chown"},
	{CRASH__CALL_utime, "utime"},	   {CRASH__CALL_utimes, "utime"},
	{CRASH__CALL_futimesat, "utime"},  {CRASH__CALL_utimensat, "utime"},
};

static const char *verb_of(const char *name)
{
	int call = crash__call_find(name, strlen(name));

	if (call < 0)
		return name;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (verbs[i].call == crash__calls[call].kernel)
			return verbs[i].verb;
	return crash__calls[crash__calls[call].kernel].name;
}

/* Replaces a name that one of the patterns matches by the pattern. */
static void put_component(FILE *out, const struct ops *ops, const char *name)
{
	for (const char *const *pattern = ops->random; pattern && *pattern; pattern++)
		if (fnmatch(*pattern, name, 0) == 0)
			name = *pattern;
	fputs(name, out);
}

/* The path as it is the same in each run, relative to the directory if it is there. */
static char *normal(const struct ops *ops, const char *path, bool *is_there)
{
	size_t length = strlen(ops->directory), size;
	char *copy, *name, *save = NULL, *result = NULL;
	FILE *out;

	*is_there = path[0] != '/' || (strncmp(path, ops->directory, length) == 0 &&
				       (path[length] == '/' || path[length] == '\0'));
	if (path[0] != '/')
		return strdup(path);
	copy = strdup(*is_there ? path + length : path);
	out = open_memstream(&result, &size);
	if (*is_there)
		fputc('.', out);
	for (name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		fputc('/', out);
		put_component(out, ops, name);
	}
	fclose(out);
	free(copy);
	return result;
}

static void file_under(struct ops *ops, char *file, char *text)
{
	if (ops->count == ops->room) {
		ops->room = ops->room ? ops->room * 2 : 256;
		ops->list = realloc(ops->list, ops->room * sizeof *ops->list);
		if (!ops->list)
			abort();
	}
	ops->list[ops->count] = (struct op){file, text, ops->count};
	ops->count++;
}

/* The number of a descriptor is not the file's business. */
static const char *normal_result(const struct ops *ops, const char *verb, const char *result)
{
	if (result[0] < '0' || result[0] > '9')
		return result;
	return strcmp(verb, "open") == 0		   ? "0" :
	       ops->sizes_vary && strcmp(result, "0") != 0 ? "some" :
							     result;
}

void ops_add(struct ops *ops, const char *file, const char *to, const char *call, const char *result)
{
	const char *verb = verb_of(call);
	bool from_is_there, to_is_there = false;
	char *from_name = normal(ops, file, &from_is_there);
	char *to_name = to ? normal(ops, to, &to_is_there) : NULL, *text;

	result = normal_result(ops, verb, result);
	if (from_is_there) {
		if (asprintf(&text, "%s%s%s = %s", verb, to ? " -> " : "", to ? to_name : "", result) < 0)
			abort();
		file_under(ops, strdup(from_name), text);
	}
	if (to_is_there && strcmp(from_name, to_name) != 0) {
		if (asprintf(&text, "%s <- %s = %s", verb, from_name, result) < 0)
			abort();
		file_under(ops, strdup(to_name), text);
	}
	free(from_name);
	free(to_name);
}

static int by_file_and_arrival(const void *a, const void *b)
{
	const struct op *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static int by_file_and_text(const void *a, const void *b)
{
	const struct op *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : strcmp(x->text, y->text);
}

/* How many ops from `first` on are about the same file. */
static size_t run_length(const struct ops *ops, size_t first)
{
	size_t last = first;

	while (last < ops->count && strcmp(ops->list[last].file, ops->list[first].file) == 0)
		last++;
	return last - first;
}

#define AROUND 6

static void print_around(const char *who, const struct op *list, size_t count, size_t at, FILE *out)
{
	size_t from = at > AROUND ? at - AROUND : 0, to = at + AROUND < count ? at + AROUND : count;

	fprintf(out, "    %s, %zu ops:\n", who, count);
	for (size_t i = from; i < to; i++)
		fprintf(out, "    %s %4zu  %s\n", i == at ? ">>" : "  ", i + 1, list[i].text);
}

/* Returns whether the sequences of one file differ. */
static bool differ(const char *file, const struct op *a, size_t count_a, const struct op *b, size_t count_b,
		   FILE *out)
{
	size_t at = 0;

	while (at < count_a && at < count_b && strcmp(a[at].text, b[at].text) == 0)
		at++;
	if (at == count_a && at == count_b)
		return false;
	fprintf(out, "  %s: the %zu. op differs\n", file, at + 1);
	print_around("strace", a, count_a, at, out);
	print_around("crashinject", b, count_b, at, out);
	return true;
}

/* Cut by the end of the process: that, too, is the clock's doing. */
static bool never_returned(const struct op *op)
{
	return op->text[strlen(op->text) - 1] == '?';
}

static void sort(struct ops *ops, enum ops_order order)
{
	size_t kept = 0;

	if (!ops->count)
		return;
	qsort(ops->list, ops->count, sizeof *ops->list,
	      order == OPS_IN_ORDER ? by_file_and_arrival : by_file_and_text);
	for (size_t i = 0; order == OPS_KINDS && i < ops->count; i++)
		if ((kept && by_file_and_text(&ops->list[kept - 1], &ops->list[i]) == 0) ||
		    never_returned(&ops->list[i])) {
			free(ops->list[i].file);
			free(ops->list[i].text);
		} else {
			ops->list[kept++] = ops->list[i];
		}
	if (order == OPS_KINDS)
		ops->count = kept;
}

size_t ops_compare(struct ops *expected, struct ops *seen, enum ops_order order, FILE *out)
{
	size_t a = 0, b = 0, differences = 0;

	sort(expected, order);
	sort(seen, order);
	while (a < expected->count || b < seen->count) {
		int which = a == expected->count ? 1 :
			    b == seen->count	 ? -1 :
						   strcmp(expected->list[a].file, seen->list[b].file);
		size_t count_a = which <= 0 ? run_length(expected, a) : 0;
		size_t count_b = which >= 0 ? run_length(seen, b) : 0;
		const char *file = which <= 0 ? expected->list[a].file : seen->list[b].file;

		differences += differ(file, expected->list + a, count_a, seen->list + b, count_b, out);
		a += count_a;
		b += count_b;
	}
	return differences;
}

void ops_clear(struct ops *ops)
{
	for (size_t i = 0; i < ops->count; i++) {
		free(ops->list[i].file);
		free(ops->list[i].text);
	}
	free(ops->list);
	ops->list = NULL;
	ops->count = ops->room = 0;
}
