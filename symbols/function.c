/* SPDX-License-Identifier: MIT */
/*
 * Method. The C++ library's own demangler is looked up when the first mangled name comes, so nothing of C++
 * is linked. It gives a function with its parameters. Where those begin is hard to see in the text
 * (operator(), pointers to functions, lambdas) and easy to find out from the symbol: a name comes before its
 * parameters, so its shortest beginning that can be demangled is the name alone.
 */
#include "symbols/function.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/rust_name.h"

#define LONG_NAME 72
#define LONGEST_SYMBOL 8192
#define ANONYMOUS "(anonymousnamespace)::"

typedef char *demangle_fn(const char *symbol, char *buffer, size_t *length, int *status);

static demangle_fn *demangler;

static void find_demangler(void)
{
	static const char *const libraries[] = {"libstdc++.so.6", "libc++abi.so.1"};

	for (size_t i = 0; !demangler && i < sizeof libraries / sizeof *libraries; i++) {
		void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);

		if (library)
			demangler = (demangle_fn *)dlsym(library, "__cxa_demangle");
	}
}

void crash__function_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_demangler);
}

static bool is_mangled(const char *symbol)
{
	return symbol[0] == '_' && (symbol[1] == 'Z' || crash__is_rust_name(symbol)) &&
	       strnlen(symbol, LONGEST_SYMBOL) < LONGEST_SYMBOL;
}

char *crash__function_full(const char *symbol)
{
	int status;

	if (!is_mangled(symbol))
		return NULL;
	if (crash__is_rust_name(symbol))
		return crash__rust_name(symbol);
	crash__function_prepare();
	return demangler ? demangler(symbol, NULL, NULL, &status) : NULL;
}

/* ------------------------------------------------------------------ without parameters */

/* "f() const" leaves "f const". */
static void drop_qualifiers(char *name)
{
	static const char *const qualifiers[] = {" const", " volatile", " &", " &&"};
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof qualifiers / sizeof *qualifiers; i++) {
		size_t more = strlen(qualifiers[i]);

		if (length > more && strcmp(name + length - more, qualifiers[i]) == 0) {
			name[length -= more] = '\0';
			i = (size_t)-1; /* there may be another */
		}
	}
}

/* The qualified name alone; allocated, or NULL. */
static char *name_of(const char *symbol)
{
	bool rust = crash__is_rust_name(symbol); /* has no parameters */
	char *beginning = is_mangled(symbol) && !rust ? strdup(symbol) : NULL;
	char *name = rust ? crash__rust_name(symbol) : NULL;
	/* what is nested ends with an E: no need to try the rest */
	bool nested = beginning && strchr("NZT", symbol[2]) != NULL;

	for (size_t length = 3; beginning && !name && symbol[length - 1]; length++) {
		if (nested && symbol[length - 1] != 'E')
			continue;
		beginning[length] = '\0';
		name = crash__function_full(beginning);
		beginning[length] = symbol[length];
	}
	free(beginning);
	if (name && !rust)
		drop_qualifiers(name);
	return name;
}

/* ------------------------------------------------------------------ without arguments of templates */

/* The < of operator<, operator<< or operator-> opens nothing. */
static size_t length_of_operator(const char *at)
{
	size_t word = strlen("operator");

	return strncmp(at, "operator", word) == 0 ? word + strspn(at + word, "<>=-") : 0;
}

/* Rust writes name::<arguments>. */
static char *without_colons(const char *begin, char *end, bool stay)
{
	return !stay && end - begin > 2 && end[-1] == ':' && end[-2] == ':' ? end - 2 : end;
}

/* A copy with `instead` where arguments are; a name whose brackets do not match stays as it is. NULL: no
 * memory. */
static char *replace_arguments(const char *name, const char *instead)
{
	char *copy = malloc((strlen(instead) + 1) * strlen(name) + 1), *out = copy;
	int depth = 0;

	for (const char *at = name; copy && *at && depth >= 0;) {
		size_t length = depth ? 0 : length_of_operator(at);

		if (length)
			out = mempcpy(out, at, length);
		else if (*at == '<' && depth++ == 0)
			out = stpcpy(without_colons(copy, out, *instead), instead);
		else if (*at == '>' && depth && at[-1] != '-')
			depth--;
		else if (depth == 0)
			*out++ = *at;
		at += length ? length : 1;
	}
	if (copy)
		strcpy(depth == 0 ? out : copy, depth == 0 ? "" : name);
	return copy;
}

char *crash__function_short(const char *symbol)
{
	char *name = name_of(symbol), *shorter;

	if (!name)
		return strdup(symbol);
	if (strlen(name) <= LONG_NAME)
		return name;
	shorter = replace_arguments(name, "<...>");
	free(name);
	return shorter;
}

/* ------------------------------------------------------------------ what somebody calls it */

static void drop_all(char *text, const char *word)
{
	size_t length = strlen(word);

	for (char *at = text; (at = strstr(at, word)) != NULL;)
		memmove(at, at + length, strlen(at + length) + 1);
}

/* One spelling for what is the same: without spaces, tags of the ABI, and what has no name. */
static void make_plain(char *name)
{
	char *out = name, *tag, *end;

	for (const char *at = name; *at; at++)
		if (*at != ' ')
			*out++ = *at;
	*out = '\0';
	drop_all(name, ANONYMOUS);
	drop_all(name, "<...>");
	while ((tag = strstr(name, "[abi:")) != NULL && (end = strchr(tag, ']')) != NULL)
		memmove(tag, end + 1, strlen(end));
	if (strncmp(name, "::", 2) == 0)
		memmove(name, name + 2, strlen(name + 2) + 1);
}

/* A word that is in the symbol if it is the one that is wanted: most symbols need not be demangled. */
static bool may_be(const char *symbol, const char *wanted)
{
	const char *end = wanted + strcspn(wanted, "("), *start;
	char word[256];

	for (start = end; start > wanted && (start[-1] == '_' || (start[-1] >= '0' && start[-1] <= '9') ||
					     ((start[-1] | 32) >= 'a' && (start[-1] | 32) <= 'z'));)
		start--;
	/* an operator, a lambda, an anonymous namespace */
	if (start == end || strstr(wanted, "operator") || strchr(wanted, '{') ||
	    end - start >= (ptrdiff_t)sizeof word)
		return true;
	*(char *)mempcpy(word, start, (size_t)(end - start)) = '\0';
	return strstr(symbol, word) != NULL;
}

/* Whether one of the spellings of a symbol is taken. */
static bool any_spelling(const char *symbol, const char *wanted, bool (*is_taken)(const char *, const char *))
{
	char *full = crash__function_full(symbol), *name = full ? name_of(symbol) : NULL;
	char *bare = name ? replace_arguments(name, "") : NULL, *spellings[] = {full, name, bare};
	bool found = false;

	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		if (spellings[i] && !found) {
			make_plain(spellings[i]);
			found = is_taken(spellings[i], wanted);
		}
		free(spellings[i]);
	}
	return found;
}

static bool is_equal(const char *name, const char *wanted)
{
	return strcmp(name, wanted) == 0;
}

static bool is_end(const char *name, const char *wanted)
{
	size_t length = strlen(name), wanted_length = strlen(wanted);

	return length > wanted_length + 2 && strcmp(name + length - wanted_length, wanted) == 0 &&
	       strncmp(name + length - wanted_length - 2, "::", 2) == 0;
}

static bool has_spelling(const char *versioned, const char *name,
			 bool (*is_taken)(const char *, const char *))
{
	char *symbol, *wanted;
	bool found = false;

	if (!is_mangled(versioned) || !may_be(versioned, name))
		return false;
	symbol = strndup(versioned, strcspn(versioned, "@"));
	wanted = strdup(name);
	if (symbol && wanted) {
		make_plain(wanted);
		found = *wanted && any_spelling(symbol, wanted, is_taken);
	}
	free(symbol);
	free(wanted);
	return found;
}

/* How much of a symbol is without its version and without what the compiler calls a part or a copy of it. */
static size_t length_without_suffix(const char *symbol)
{
	static const char *const suffixes[] = {".constprop.", ".isra.",	    ".part.",
					       ".cold",	      ".lto_priv.", ".llvm."};
	size_t length = strcspn(symbol, "@");

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *suffix = strstr(symbol, suffixes[i]);

		if (suffix && suffix > symbol && (size_t)(suffix - symbol) < length)
			length = (size_t)(suffix - symbol);
	}
	return length;
}

bool crash__function_is(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(symbol, name, length) == 0 &&
	    (symbol[length] == '\0' || length == length_without_suffix(symbol)))
		return true;
	return has_spelling(symbol, name, is_equal);
}

bool crash__function_ends(const char *symbol, const char *name)
{
	return has_spelling(symbol, name, is_end);
}
