#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old]
# old: the database is there already (prepare.sh), and is only opened
[ "$1" = old ] && exec "$BUILT/rocksdb" open
exec "$BUILT/rocksdb" run
