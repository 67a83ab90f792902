#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILT/leveldb" run
