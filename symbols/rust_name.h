/* SPDX-License-Identifier: MIT */
/*
 * rust_name.h - what Rust's compiler calls a function, as people write it: the mangling "v0".
 */
#ifndef CRASH_RUST_NAME_H
#define CRASH_RUST_NAME_H

#include <stdbool.h>

bool crash__is_rust_name(const char *symbol);

/** The path of a function with its generic arguments: "<store::Log<std::fs::File>>::put". Allocated; NULL if
 * it is no such name, or there is no memory. */
char *crash__rust_name(const char *symbol);

#endif
