#!/bin/sh
# SPDX-License-Identifier: MIT
[ "$1" = old ] || exit 0
printf 'create t.tdb\n' | tdbtool >/dev/null
printf 'open t.tdb\ntransaction_start\ninsert a1 v\ninsert b1 v\ntransaction_commit\n' | tdbtool >/dev/null
