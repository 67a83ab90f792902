#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old] [nosync|writemap|mapasync|nometasync]...
# old: the environment is there already (prepare.sh)
[ "$1" = old ] && shift
exec "$BUILT/lmdb" run "$@"
