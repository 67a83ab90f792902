/* SPDX-License-Identifier: MIT */
/*
 * Method. A qualified name is in the symbol part by part, each with its length in front: Store::append(int)
 * is _ZN5Store6appendEi. So the typed name is not made from the symbol: its parts are looked for, in their
 * order.
 */
#include "common/mangled.h"

#include <stddef.h>
#include <string.h>

#define ANONYMOUS "(anonymous namespace)"
#define ANONYMOUS_MANGLED "12_GLOBAL__N_1"

struct part {
	const char *text;
	size_t length;
};

static bool is_part(struct part part, const char *text)
{
	return strlen(text) == part.length && memcmp(part.text, text, part.length) == 0;
}

static const char *skip(const char *at, const char *text)
{
	return strncmp(at, text, strlen(text)) == 0 ? at + strlen(text) : NULL;
}

/* A name with its length. Returns what is behind it, or NULL. */
static const char *skip_source_name(const char *at, struct part part)
{
	size_t length = 0;

	while (*at >= '0' && *at <= '9' && length <= part.length)
		length = length * 10 + (size_t)(*at++ - '0');
	return length && length == part.length && strncmp(at, part.text, length) == 0 ? at + length : NULL;
}

static bool is_same(struct part one, struct part other)
{
	return one.length == other.length && memcmp(one.text, other.text, one.length) == 0;
}

/* Behind a class: its name once more is its constructor, with ~ its destructor. */
static const char *skip_special(const char *at, struct part part, struct part class)
{
	char kind = 'C';

	if (part.length && part.text[0] == '~') {
		part.text++;
		part.length--;
		kind = 'D';
	}
	return is_same(part, class) && at[0] == kind && at[1] >= '0' && at[1] <= '5' ? at + 2 : NULL;
}

static const char *skip_part(const char *at, struct part part, struct part before)
{
	const char *behind = NULL;

	if (before.length)
		behind = skip_special(at, part, before);
	else if (is_part(part, "std"))
		behind = skip(at, "St");
	if (!behind && is_part(part, ANONYMOUS))
		behind = skip(at, ANONYMOUS_MANGLED);
	return behind ? behind : skip_source_name(at, part);
}

bool crash__mangled_is(const char *symbol, const char *name)
{
	const char *at = skip(symbol, "_Z"), *global = skip(name, "::");
	struct part before = {0};
	bool nested;

	if (!at)
		return false;
	name = global ? global : name;
	nested = *at == 'N';
	if (nested)
		at += 1 + strspn(at + 1, "rVKRO"); /* const and its like */
	else if (*at == 'L')
		at++; /* static */
	for (;;) {
		const char *end = strstr(name, "::");
		struct part part = {name, end ? (size_t)(end - name) : strlen(name)};

		at = skip_part(at, part, before);
		if (!at)
			return false;
		if (!end)
			break;
		before = part;
		name = end + 2;
	}
	/* then parameters, or what is between: the end of a nested name, arguments of a template, tags of the
	 * ABI */
	return nested ? *at == 'E' || *at == 'I' || *at == 'B' : !before.length || is_part(before, "std");
}
