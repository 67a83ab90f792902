#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old] [nosync] [nolog]
exec "$BUILT/wiredtiger" run "$@"
