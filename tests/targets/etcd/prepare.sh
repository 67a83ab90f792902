#!/bin/sh
# SPDX-License-Identifier: MIT
# old: a member that was there before, with three keys
[ "$1" = old ] || exit 0
here=$(dirname "$0")
sh "$here/../with_server.sh" "$here" sh "$here/client.sh" >/dev/null || exit
[ -e data/member/wal ]
