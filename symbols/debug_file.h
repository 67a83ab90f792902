/* SPDX-License-Identifier: MIT */
/*
 * debug_file.h - where the debug information of an object is, if it is not in the object.
 */
#ifndef CRASH_DEBUG_FILE_H
#define CRASH_DEBUG_FILE_H

#include <elfutils/libdwfl.h>

/** As dwfl_standard_find_debuginfo(), which it asks only if there may be something to be found. */
int crash__debug_file_find(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			   const char *file, const char *link, GElf_Word checksum, char **found);

#endif
