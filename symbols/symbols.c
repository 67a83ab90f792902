/* SPDX-License-Identifier: MIT */
/*
 * Method. libdw opens each object once, at address 0, and finds separate debug files by build id as
 * every debugger does. Without debug information the symbol table, or the dynamic one, still names
 * functions.
 */
#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "base/json_value.h"
#include "common/suggest.h"
#include "symbols/debug_file.h"
#include "symbols/function.h"
#include "symbols/own_library.h"
#include "symbols/perf_map.h"
#include "symbols/source_name.h"

/* libdw looks through all symbols for each address, and a program is at few places again and again. */
struct named {
	uint64_t address;
	struct crash_frame frame;
	UT_hash_handle hh;
};

struct object {
	char *path;
	Dwfl *dwfl;
	Dwfl_Module *module;
	struct named *named; /* by address */
	UT_hash_handle hh;
};

struct crash__symbols {
	struct object *objects;
	struct crash__perf_map *maps;
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = crash__debug_file_find,
	.section_address = dwfl_offline_section_address,
};

struct crash__symbols *crash__symbols_new(void)
{
	return calloc(1, sizeof(struct crash__symbols));
}

struct crash__perf_map **crash__symbols_maps(struct crash__symbols *symbols)
{
	return &symbols->maps;
}

static void free_object(struct object *object)
{
	struct named *named, *next;

	HASH_ITER(hh, object->named, named, next) {
		HASH_DEL(object->named, named);
		crash__frame_clear(&named->frame);
		free(named);
	}
	if (object->dwfl)
		dwfl_end(object->dwfl);
	free(object->path);
	free(object);
}

void crash__symbols_free(struct crash__symbols *symbols)
{
	struct object *object, *next;

	if (!symbols)
		return;
	HASH_ITER(hh, symbols->objects, object, next) {
		HASH_DEL(symbols->objects, object);
		free_object(object);
	}
	crash__perf_maps_free(symbols->maps);
	free(symbols);
}

/* Opens an object; one that cannot be opened is remembered as such. */
static struct object *open_object(struct crash__symbols *symbols, const char *path)
{
	struct object *object;
	struct stat status;

	HASH_FIND_STR(symbols->objects, path, object);
	if (object)
		return object;
	object = calloc(1, sizeof *object);
	if (!object || !(object->path = strdup(path))) {
		free(object);
		return NULL;
	}
	/* not whatever a name like "[vdso]" or a FIFO would be */
	if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
		object->dwfl = dwfl_begin(&callbacks);
	if (object->dwfl) {
		dwfl_report_begin(object->dwfl);
		object->module = dwfl_report_elf(object->dwfl, path, path, -1, 0, false);
		dwfl_report_end(object->dwfl, NULL, NULL);
	}
	HASH_ADD_KEYPTR(hh, symbols->objects, object->path, strlen(object->path), object);
	if (CRASH__HASHED(object))
		return object;
	free_object(object);
	return NULL;
}

void crash__frame_clear(struct crash_frame *frame)
{
	free(frame->function);
	free(frame->symbol);
	free(frame->file);
	free(frame->object);
	memset(frame, 0, sizeof *frame);
}

/*
 * The source line of an address. libdw looks for the compilation unit in .debug_aranges, which clang does
 * not write; then the units are asked one by one.
 */
static const char *find_line(Dwfl_Module *module, GElf_Addr address, int *number, const char **directory)
{
	Dwfl_Line *found = dwfl_module_getsrc(module, address);
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;
	Dwarf_Attribute attribute;
	Dwarf_Line *line;

	*directory = found ? dwfl_line_comp_dir(found) : NULL;
	if (found)
		return dwfl_lineinfo(found, NULL, number, NULL, NULL, NULL);
	while ((unit = dwfl_module_nextcu(module, unit, &bias)) != NULL) {
		if (dwarf_haspc(unit, address - bias) != 1)
			continue;
		line = dwarf_getsrc_die(unit, address - bias);
		*directory = dwarf_formstring(dwarf_attr_integrate(unit, DW_AT_comp_dir, &attribute));
		return line && dwarf_lineno(line, number) == 0 ? dwarf_linesrc(line, NULL, NULL) : NULL;
	}
	return NULL;
}

static void name_function(struct crash_frame *frame, const char *symbol)
{
	/* without its version: __libc_start_main@@GLIBC_2.34 */
	frame->function = strndup(symbol, strcspn(symbol, "@"));
	if (!frame->function)
		return;
	frame->symbol = frame->function;
	frame->function = crash__function_full(frame->symbol);
	if (!frame->function) {
		frame->function = frame->symbol;
		frame->symbol = NULL;
	}
}

const char *crash__frame_symbol(const struct crash_frame *frame)
{
	return frame->symbol ? frame->symbol : frame->function;
}

void crash__frame_print(FILE *stream, const struct crash_frame *frame)
{
	char *name = frame->function ? crash__function_short(crash__frame_symbol(frame)) : NULL;

	if (name)
		fputs(name, stream);
	else
		fprintf(stream, "0x%llx", (unsigned long long)frame->address);
	free(name);
}

/* What is known of an address; no strings where there is no memory. */
static struct crash_frame name_address(const struct object *object, uint64_t address)
{
	struct crash_frame found = {.address = address, .object = strdup(object->path)};
	const char *name, *file, *directory;
	/* the call is in front of the address it returns to */
	GElf_Addr call = address - 1;
	int number;

	if (!object->module || !found.object)
		return found;
	name = dwfl_module_addrname(object->module, call);
	/* Nobody looks for his mistake in libc's source; but where its debug information is installed, it is
	 * compressed, and to unpack it takes longer than all the rest of a run. */
	file = crash__is_libc_file(object->path) ? NULL :
						   find_line(object->module, call, &number, &directory);
	if (name)
		name_function(&found, name);
	if (file) {
		found.file = crash__source_name(directory, file);
		found.line = (unsigned int)number;
	}
	return found;
}

static char *copied(const char *text)
{
	return text ? strdup(text) : NULL;
}

int crash__symbols_name(struct crash__symbols *symbols, const char *path, uint64_t address,
			struct crash_frame *frame)
{
	struct object *object = open_object(symbols, path);
	struct named *named = NULL;

	if (object)
		HASH_FIND(hh, object->named, &address, sizeof address, named);
	if (object && !named && (named = calloc(1, sizeof *named)) != NULL) {
		named->address = address;
		named->frame = name_address(object, address);
		HASH_ADD(hh, object->named, address, sizeof named->address, named);
		if (!CRASH__HASHED(named)) {
			crash__frame_clear(&named->frame);
			free(named);
			named = NULL;
		}
	}
	if (!named || !named->frame.object)
		return crash__fail(CRASH_ENOMEM, "no memory for symbols");
	*frame = named->frame;
	frame->object = copied(named->frame.object);
	frame->function = copied(named->frame.function);
	frame->symbol = copied(named->frame.symbol);
	frame->file = copied(named->frame.file);
	return 0;
}

/* ------------------------------------------------------------------ functions by name */

/* The i-th symbol, if it is a function that is here; or NULL. */
static const char *function_at(Dwfl_Module *module, int i, GElf_Sym *symbol, GElf_Addr *value)
{
	const char *name = dwfl_module_getsym_info(module, i, symbol, value, NULL, NULL, NULL);

	return name && GELF_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF ? name :
												    NULL;
}

/* Constructors have several names for one place, and what is exported is in two tables. */
static bool is_known(const struct crash__range *ranges, size_t count, GElf_Addr start)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].start == start)
			return true;
	return false;
}

size_t crash__symbols_find(struct crash__symbols *symbols, const char *path, const char *function,
			   struct crash__range *ranges, size_t most)
{
	struct object *object = open_object(symbols, path);
	struct stat status;
	size_t count = 0;
	int total;

	if (!object || !object->module || stat(path, &status) < 0)
		return 0;
	total = dwfl_module_getsymtab(object->module);
	for (int i = 1; i < total && count < most; i++) {
		GElf_Sym symbol;
		GElf_Addr value;
		const char *name = function_at(object->module, i, &symbol, &value);

		if (!name || !crash__function_is(name, function) || is_known(ranges, count, value))
			continue;
		ranges[count++] = (struct crash__range){
			.device = status.st_dev,
			.inode = status.st_ino,
			.start = value,
			.end = value + (symbol.st_size ? symbol.st_size : 1),
		};
	}
	return count;
}

char *crash__symbols_near(struct crash__symbols *symbols, const char *path, const char *function)
{
	struct crash__suggestion near = {.word = function, .length = strlen(function)};
	struct object *object = open_object(symbols, path);
	int total = object && object->module ? dwfl_module_getsymtab(object->module) : 0;

	for (int i = 1; i < total; i++) {
		GElf_Sym symbol;
		GElf_Addr value;
		const char *name = function_at(object->module, i, &symbol, &value);

		if (!name)
			continue;
		if (crash__function_ends(name, function))
			return crash__function_short(name);
		crash__suggest(&near, name);
	}
	return near.best ? strdup(near.best) : NULL;
}

json_t *crash__json_frame(const struct crash_frame *frame)
{
	char address[24];

	snprintf(address, sizeof address, "0x%llx", (unsigned long long)frame->address);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "function", crash__json_string(frame->function),
			 "symbol", crash__json_string(crash__frame_symbol(frame)), "file",
			 crash__json_string(frame->file), "line",
			 frame->line ? json_integer(frame->line) : json_null(), "object",
			 crash__json_string(frame->object), "address", address);
}
