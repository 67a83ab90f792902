#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILT/wiredtiger" check "$CRASH_ACKED" "$@"
