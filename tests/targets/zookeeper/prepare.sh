#!/bin/sh
# SPDX-License-Identifier: MIT
# old: a server that was there before, with four nodes
[ "$1" = old ] || exit 0
here=$(dirname "$0")
sh "$here/../with_server.sh" "$here" sh "$here/client.sh" >/dev/null || exit
[ -e version-2 ]
