/* SPDX-License-Identifier: MIT */
/*
 * Method. The grammar is that of Rust's RFC 2603, and stands over the functions that read it. A name is read
 * once from left to right, and written as it is read; a back reference is read again from where it points
 * to. What ends early, points forward or is nested too deeply is no name. Hashes that tell crates apart are
 * left out, and so are lifetimes: neither is in the source of who reads the name.
 */
#include "symbols/rust_name.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DEPTH 64
#define LONGEST_NAME 16384 /* of what comes out: back references can double it again and again */

struct reading {
	const char *text; /* behind "_R" */
	size_t at, end;
	unsigned int depth;
	bool bad, mute;	      /* mute: what is read is not written */
	unsigned int in_type; /* where arguments need no "::" in front */
	FILE *out;
	size_t written;
};

static void read_path(struct reading *reading);
static void read_type(struct reading *reading);

static void write_bytes(struct reading *reading, const char *bytes, size_t count)
{
	if (reading->mute || reading->bad)
		return;
	reading->written += count;
	if (reading->written > LONGEST_NAME)
		reading->bad = true;
	else
		fwrite(bytes, 1, count, reading->out);
}

static void write_text(struct reading *reading, const char *text)
{
	write_bytes(reading, text, strlen(text));
}

static char peek(const struct reading *reading)
{
	return reading->bad || reading->at >= reading->end ? '\0' : reading->text[reading->at];
}

static bool take(struct reading *reading, char wanted)
{
	if (peek(reading) != wanted)
		return false;
	reading->at++;
	return true;
}

static char next(struct reading *reading)
{
	char now = peek(reading);

	reading->at++;
	reading->bad |= !now;
	return now;
}

/* base-62-number = {0-9a-zA-Z} "_": 0 is "_" alone, and then each is one more. */
static uint64_t read_base62(struct reading *reading)
{
	uint64_t value = 0;

	if (take(reading, '_'))
		return 0;
	while (!take(reading, '_')) {
		char digit = next(reading);

		if (reading->bad || !isalnum((unsigned char)digit) || value > UINT64_MAX / 62 - 62) {
			reading->bad = true;
			return 0;
		}
		value = value * 62 + (uint64_t)(isdigit((unsigned char)digit) ? digit - '0' :
						islower((unsigned char)digit) ? digit - 'a' + 10 :
										digit - 'A' + 36);
	}
	return value + 1;
}

/* disambiguator = "s" base-62-number */
static uint64_t read_disambiguator(struct reading *reading)
{
	return take(reading, 's') ? read_base62(reading) + 1 : 0;
}

struct name {
	const char *bytes;
	size_t count;
	bool punycode;
};

/* undisambiguated-identifier = ["u"] decimal-number ["_"] bytes */
static struct name read_name(struct reading *reading)
{
	struct name name = {.punycode = take(reading, 'u')};

	if (!isdigit((unsigned char)peek(reading)))
		reading->bad = true;
	if (!take(reading, '0'))
		while (isdigit((unsigned char)peek(reading)) && name.count < LONGEST_NAME)
			name.count = name.count * 10 + (size_t)(next(reading) - '0');
	take(reading, '_');
	if (reading->bad || reading->end - reading->at < name.count) {
		reading->bad = true;
		return (struct name){.bytes = ""};
	}
	name.bytes = reading->text + reading->at;
	reading->at += name.count;
	return name;
}

/* What is not ASCII stays as it is encoded. */
static void write_name(struct reading *reading, struct name name)
{
	if (name.punycode)
		write_text(reading, "punycode{");
	write_bytes(reading, name.bytes, name.count);
	if (name.punycode)
		write_text(reading, "}");
}

/* backref = "B" base-62-number; the letter has been taken */
static void read_again(struct reading *reading, void (*what)(struct reading *reading))
{
	size_t here = reading->at - 1, to = (size_t)read_base62(reading), back = reading->at;

	if (reading->bad || to >= here) {
		reading->bad = true;
		return;
	}
	if (reading->mute)
		return;
	reading->at = to;
	what(reading);
	reading->at = back;
}

/* impl-path = [disambiguator] path: where the impl stands, which nobody writes */
static void skip_impl_path(struct reading *reading)
{
	bool mute = reading->mute;

	reading->mute = true;
	read_disambiguator(reading);
	read_path(reading);
	reading->mute = mute;
}

/* ------------------------------------------------------------------ generic arguments */

/* lifetime = "L" base-62-number; the letter has been taken */
static void skip_lifetime(struct reading *reading)
{
	read_base62(reading);
}

static void write_character(struct reading *reading, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof text, value >= 32 && value < 127 ? "'%c'" : "'\\u{%x}'", (int)value);
	write_text(reading, text);
}

/* const = type const-data | "p" | backref; const-data = ["n"] {hex-digit} "_" */
static void read_const(struct reading *reading)
{
	uint64_t value = 0;
	unsigned int digits = 0;
	char type = next(reading), text[32];

	if (type == 'B') {
		read_again(reading, read_const);
		return;
	}
	if (type == 'p') {
		write_text(reading, "_");
		return;
	}
	if (!strchr("abchijlmnostxy", type) || !type) {
		reading->bad = true; /* structures and strings are not stable yet */
		return;
	}
	if (take(reading, 'n'))
		write_text(reading, "-");
	for (; !reading->bad && !take(reading, '_'); digits++) {
		char digit = next(reading);

		reading->bad |= !isxdigit((unsigned char)digit) || digits == 16;
		value = value << 4 |
			(uint64_t)(isdigit((unsigned char)digit) ? digit - '0' : digit - 'a' + 10);
	}
	if (type == 'c') {
		write_character(reading, value);
		return;
	}
	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	write_text(reading, type != 'b' ? text : value ? "true" : "false");
}

/*
 * generic-args = {lifetime | "K" const | type} "E", where `between` stands before the first. Returns what
 * stands before another one.
 */
static const char *read_arguments(struct reading *reading, const char *between)
{
	while (!reading->bad && !take(reading, 'E')) {
		if (take(reading, 'L')) {
			skip_lifetime(reading);
			continue;
		}
		write_text(reading, between);
		between = ", ";
		if (take(reading, 'K'))
			read_const(reading);
		else
			read_type(reading);
	}
	return between;
}

static void end_arguments(struct reading *reading, const char *between)
{
	if (strcmp(between, ", ") == 0)
		write_text(reading, ">");
}

/* ------------------------------------------------------------------ paths */

/* nested-path = namespace path identifier; upper case stands for what has no name of its own */
static void read_nested(struct reading *reading)
{
	char space = next(reading), text[64];
	struct name name;
	uint64_t number;

	reading->bad |= !isalpha((unsigned char)space);
	read_path(reading);
	number = read_disambiguator(reading);
	name = read_name(reading);
	if (islower((unsigned char)space)) {
		if (name.count)
			write_text(reading, "::");
		write_name(reading, name);
		return;
	}
	write_text(reading, "::{");
	write_bytes(reading,
		    space == 'C' ? "closure" :
		    space == 'S' ? "shim" :
				   &space,
		    space == 'C' ? strlen("closure") :
		    space == 'S' ? strlen("shim") :
				   1);
	if (name.count) {
		write_text(reading, ":");
		write_name(reading, name);
	}
	snprintf(text, sizeof text, "#%llu}", (unsigned long long)number);
	write_text(reading, text);
}

static void read_as(struct reading *reading, bool trait)
{
	write_text(reading, "<");
	reading->in_type++;
	read_type(reading);
	if (trait) {
		write_text(reading, " as ");
		read_path(reading);
	}
	reading->in_type--;
	write_text(reading, ">");
}

/*
 * path = "C" [disambiguator] identifier        a crate
 *      | "M" impl-path type                    <T>
 *      | "X" impl-path type path               <T as Trait>
 *      | "Y" type path                         <T as Trait>
 *      | "N" nested-path
 *      | "I" path generic-args                 path<T, U>
 *      | backref
 */
static void read_path(struct reading *reading)
{
	if (++reading->depth > MOST_DEPTH)
		reading->bad = true;
	switch (reading->bad ? '\0' : next(reading)) {
	case 'C':
		read_disambiguator(reading);
		write_name(reading, read_name(reading));
		break;
	case 'M':
		skip_impl_path(reading);
		read_as(reading, false);
		break;
	case 'X':
		skip_impl_path(reading);
		read_as(reading, true);
		break;
	case 'Y':
		read_as(reading, true);
		break;
	case 'N':
		read_nested(reading);
		break;
	case 'I':
		read_path(reading);
		end_arguments(reading, read_arguments(reading, reading->in_type ? "<" : "::<"));
		break;
	case 'B':
		read_again(reading, read_path);
		break;
	default:
		reading->bad = true;
	}
	reading->depth--;
}

/* ------------------------------------------------------------------ types */

static const char *const basic_types[26] = {
	['a' - 'a'] = "i8",    ['b' - 'a'] = "bool", ['c' - 'a'] = "char", ['d' - 'a'] = "f64",
	['e' - 'a'] = "str",   ['f' - 'a'] = "f32",  ['h' - 'a'] = "u8",   ['i' - 'a'] = "isize",
	['j' - 'a'] = "usize", ['l' - 'a'] = "i32",  ['m' - 'a'] = "u32",  ['n' - 'a'] = "i128",
	['o' - 'a'] = "u128",  ['p' - 'a'] = "_",    ['s' - 'a'] = "i16",  ['t' - 'a'] = "u16",
	['u' - 'a'] = "()",    ['v' - 'a'] = "...",  ['x' - 'a'] = "i64",  ['y' - 'a'] = "u64",
	['z' - 'a'] = "!",
};

/* Types up to an "E". */
static unsigned int read_types(struct reading *reading)
{
	unsigned int count = 0;

	while (!reading->bad && !take(reading, 'E')) {
		write_text(reading, count++ ? ", " : "");
		read_type(reading);
	}
	return count;
}

static void read_tuple(struct reading *reading)
{
	write_text(reading, "(");
	if (read_types(reading) == 1)
		write_text(reading, ",");
	write_text(reading, ")");
}

static void read_array(struct reading *reading, bool has_length)
{
	write_text(reading, "[");
	read_type(reading);
	if (has_length) {
		write_text(reading, "; ");
		read_const(reading);
	}
	write_text(reading, "]");
}

static void read_reference(struct reading *reading, const char *what)
{
	write_text(reading, what);
	if (take(reading, 'L'))
		skip_lifetime(reading);
	read_type(reading);
}

/* binder = "G" base-62-number: lifetimes */
static void skip_binder(struct reading *reading)
{
	if (take(reading, 'G'))
		read_base62(reading);
}

/* fn-sig = [binder] ["U"] ["K" abi] {type} "E" type; abi = "C" | identifier */
static void read_function(struct reading *reading)
{
	skip_binder(reading);
	if (take(reading, 'U'))
		write_text(reading, "unsafe ");
	if (take(reading, 'K')) {
		write_text(reading, "extern \"");
		if (take(reading, 'C'))
			write_text(reading, "C");
		else
			write_name(reading, read_name(reading));
		write_text(reading, "\" ");
	}
	write_text(reading, "fn(");
	read_types(reading);
	write_text(reading, ")");
	if (take(reading, 'u'))
		return;
	write_text(reading, " -> ");
	read_type(reading);
}

/* dyn-trait = path {"p" identifier type}: what the trait's types are stands among its arguments */
static void read_dyn_trait(struct reading *reading)
{
	bool has_arguments = take(reading, 'I');
	const char *between = "<";

	read_path(reading);
	if (has_arguments)
		between = read_arguments(reading, between);
	while (take(reading, 'p')) {
		write_text(reading, between);
		between = ", ";
		write_name(reading, read_name(reading));
		write_text(reading, " = ");
		read_type(reading);
	}
	end_arguments(reading, between);
}

/* dyn-bounds = [binder] {dyn-trait} "E" lifetime */
static void read_dyn(struct reading *reading)
{
	const char *plus = "";

	write_text(reading, "dyn ");
	skip_binder(reading);
	while (!reading->bad && !take(reading, 'E')) {
		write_text(reading, plus);
		plus = " + ";
		read_dyn_trait(reading);
	}
	reading->bad |= !take(reading, 'L');
	skip_lifetime(reading);
}

/*
 * type = basic-type | path | "A" type const | "S" type | "T" {type} "E" | "R" [lifetime] type | "Q" ... |
 *        "P" type | "O" type | "F" fn-sig | "D" dyn-bounds | backref
 */
static void read_type(struct reading *reading)
{
	char kind = peek(reading);

	reading->in_type++;
	if (++reading->depth > MOST_DEPTH)
		reading->bad = true;
	if (islower((unsigned char)kind) && basic_types[kind - 'a'])
		write_text(reading, basic_types[next(reading) - 'a']);
	else if (take(reading, 'A') || take(reading, 'S'))
		read_array(reading, kind == 'A');
	else if (take(reading, 'T'))
		read_tuple(reading);
	else if (take(reading, 'R') || take(reading, 'Q'))
		read_reference(reading, kind == 'R' ? "&" : "&mut ");
	else if (take(reading, 'P') || take(reading, 'O'))
		read_reference(reading, kind == 'P' ? "*const " : "*mut ");
	else if (take(reading, 'F'))
		read_function(reading);
	else if (take(reading, 'D'))
		read_dyn(reading);
	else if (take(reading, 'B'))
		read_again(reading, read_type);
	else
		read_path(reading);
	reading->depth--;
	reading->in_type--;
}

/* ------------------------------------------------------------------ names */

bool crash__is_rust_name(const char *symbol)
{
	return symbol[0] == '_' && symbol[1] == 'R' && isupper((unsigned char)symbol[2]);
}

/* symbol-name = "_R" path [path: the crate that has it] ["." whatever a compiler adds] */
char *crash__rust_name(const char *symbol)
{
	struct reading reading = {.text = symbol + 2};
	char *name = NULL;
	size_t size;

	if (!crash__is_rust_name(symbol))
		return NULL;
	reading.end = strcspn(reading.text, ".@");
	reading.out = open_memstream(&name, &size);
	if (!reading.out)
		return NULL;
	read_path(&reading);
	reading.mute = true;
	if (!reading.bad && reading.at < reading.end)
		read_path(&reading);
	if (fclose(reading.out) == 0 && !reading.bad && reading.at == reading.end)
		return name;
	free(name);
	return NULL;
}
