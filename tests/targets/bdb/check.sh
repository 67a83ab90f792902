#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILT/bdb" check "$CRASH_ACKED"
