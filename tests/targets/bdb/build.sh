#!/bin/sh
# SPDX-License-Identifier: MIT
exec ${CC:-cc} -g -O1 -o "$BUILT/bdb" "$(dirname "$0")/work.c" -ldb-5.3
