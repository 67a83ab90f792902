#!/bin/sh
# SPDX-License-Identifier: MIT
exec ${CC:-cc} -g -O1 -D_GNU_SOURCE -w -o "$BUILT/lmdb" "$(dirname "$0")/work.c" -llmdb
