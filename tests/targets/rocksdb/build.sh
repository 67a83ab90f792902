#!/bin/sh
# SPDX-License-Identifier: MIT
exec ${CC:-cc} -g -O1 -o "$BUILT/rocksdb" "$(dirname "$0")/work.c" -lrocksdb
