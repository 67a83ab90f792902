#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for C++: compiled with all warnings, and by CMake where that is installed.
. "${srcdir:-.}/bindings/check_common.sh"
for compiler in ${CXX:-} c++ g++ clang++; do
	command -v "$compiler" >/dev/null && break
	compiler=
done
[ -n "$compiler" ] || skip "there is no C++ compiler"
for file in example/store tests/store_test example/store_test; do
	name=$(echo "$file" | tr / _)
	"$compiler" -std=c++17 -O1 -Wall -Wextra -Werror -Iinclude -o "$name" "$file.cc" || fail "$file.cc"
done
mv example_store store
./tests_store_test "$PWD/store" || fail "store_test"
smallest ./example_store_test
if command -v cmake >/dev/null; then
	(cmake -S . -B build && cmake --build build) >cmake.log 2>&1 || { cat cmake.log; fail "cmake"; }
fi
finish
