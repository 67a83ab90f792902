/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - addresses in programs and libraries to functions and source lines, and back.
 */
#ifndef CRASH_SYMBOLS_H
#define CRASH_SYMBOLS_H

#include <crashinject/crashinject.h>

#include <jansson.h>
#include <stdio.h>

#include "common/control.h"

/** Files that were opened for their symbols; opened once, kept until freed. */
struct crash__symbols;

struct crash__perf_map;

/** NULL when there is no memory. */
struct crash__symbols *crash__symbols_new(void);
void crash__symbols_free(struct crash__symbols *symbols);

/** The perf maps that were read (perf_map.h). */
struct crash__perf_map **crash__symbols_maps(struct crash__symbols *symbols);

/**
 * Names an address.
 * @param object  path of the program or library
 * @param address a return address in it, less its load bias
 * @param frame   filled in as far as it is known; its strings are the caller's to free
 */
int crash__symbols_name(struct crash__symbols *symbols, const char *object, uint64_t address,
			struct crash_frame *frame);

/** Frees the strings of a frame. */
void crash__frame_clear(struct crash_frame *frame);

/** A function as the linker knows it, in every build of a program and with or without a demangler; or NULL.
 */
const char *crash__frame_symbol(const struct crash_frame *frame);

/** Prints the function for people, without parameters; or the address, where no function is known. */
void crash__frame_print(FILE *stream, const struct crash_frame *frame);

/** One frame of a backtrace as results have it. */
json_t *crash__json_frame(const struct crash_frame *frame);

/**
 * Finds where a function is, by any name that crash__function_is() takes.
 * @return how many places were put into `ranges`, at most `most`; 0 if the object has no such function
 */
size_t crash__symbols_find(struct crash__symbols *symbols, const char *object, const char *function,
			   struct crash__range *ranges, size_t most);

/** A function of the object that may have been meant. Allocated; NULL: there is none. */
char *crash__symbols_near(struct crash__symbols *symbols, const char *object, const char *function);

#endif
