#!/bin/sh
# SPDX-License-Identifier: MIT
[ "$1" = old ] || exit 0
exec "$BUILT/rocksdb" run
