#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [nosync|writemap|mapasync|nometasync]...
exec "$BUILT/lmdb" run "$@"
