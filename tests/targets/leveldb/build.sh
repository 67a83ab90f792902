#!/bin/sh
# SPDX-License-Identifier: MIT
exec ${CXX:-c++} -g -O1 -o "$BUILT/leveldb" "$(dirname "$0")/work.cc" -lleveldb
