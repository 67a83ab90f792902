#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [sector] [nosync] [regions]
exec "$BUILT/bdb" run "$@"
