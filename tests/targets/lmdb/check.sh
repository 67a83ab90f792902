#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILT/lmdb" check "$CRASH_ACKED"
