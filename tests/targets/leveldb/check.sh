#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILT/leveldb" check "$CRASH_ACKED"
