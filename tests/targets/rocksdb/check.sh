#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILT/rocksdb" check "$CRASH_ACKED"
