#!/bin/sh
# SPDX-License-Identifier: MIT
exec ${CC:-cc} -g -O1 -o "$BUILT/wiredtiger" "$(dirname "$0")/work.c" -lwiredtiger
