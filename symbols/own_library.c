/* SPDX-License-Identifier: MIT */
#include "symbols/own_library.h"

#include <stdlib.h>
#include <string.h>

#include "common/call.h"
#include "symbols/rust_name.h"

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_of_go(const char *symbol)
{
	static const char *const packages[] = {
		"runtime.", "runtime/", "syscall.", "internal/", "os.",
		"io.",	    "io/",	"bufio.",   "fmt.",	 "log.",
	};

	for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
		if (begins(symbol, packages[i]))
			return true;
	return false;
}

/* "std::fs::File", and "<std::fs::File as std::io::Write>::write", which is for everybody the same. */
static bool is_of_rust(const char *symbol)
{
	static const char *const crates[] = {"std::", "core::", "alloc::"};
	char *name = crash__rust_name(symbol);
	bool found = false;

	for (size_t i = 0; i < sizeof crates / sizeof *crates && name; i++)
		found |= begins(name + strspn(name, "<&"), crates[i]);
	free(name);
	return found;
}

/* What is between a script and libc, in the interpreter and in the code that it makes. */
static bool is_of_node(const char *symbol)
{
	static const char *const beginnings[] = {
		"_ZN4node", "_ZNK4node", "_ZN2v8",	     "_ZNK2v8",
		"uv_",	    "Builtin",	 "BytecodeHandler:", "Builtins_",
	};

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (begins(symbol, beginnings[i]))
			return true;
	return false;
}

bool crash__is_of_language(const char *symbol)
{
	return is_of_go(symbol) || is_of_rust(symbol) || is_of_node(symbol);
}

/* "__libc_write", "__open64", "fsync" */
static const char *without_prefix(const char *symbol)
{
	symbol += strspn(symbol, "_");
	return begins(symbol, "libc_") ? symbol + strlen("libc_") : symbol;
}

bool crash__is_of_libc(const char *symbol)
{
	const char *name = without_prefix(symbol);

	if (begins(symbol, "_IO_") || strcmp(symbol, "new_do_write") == 0)
		return true;
	for (int i = 0; i < CRASH__CALLS; i++)
		if (strcmp(name, crash__calls[i].name) == 0)
			return true;
	return false;
}

bool crash__is_libc_file(const char *path)
{
	static const char *const beginnings[] = {"libc.so",  "libc-", "libpthread",
						 "ld-linux", "ld-2.", "ld-musl"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (begins(name, beginnings[i]))
			return true;
	return false;
}
