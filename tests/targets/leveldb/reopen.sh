#!/bin/sh
# SPDX-License-Identifier: MIT
# Opening makes a table of the log, a new manifest and a new log, and removes the old ones.
[ -e CURRENT ] || exit 0
exec "$BUILT/leveldb" open >/dev/null
