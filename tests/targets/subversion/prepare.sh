#!/bin/sh
# SPDX-License-Identifier: MIT
# old: a repository that has commits, and so has its rep-cache.db
[ "$1" = old ] || exit 0
sh "$(dirname "$0")/work.sh" >/dev/null
