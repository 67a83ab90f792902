#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [sync]
# Keys, stored by processes of their own; each is acknowledged when its process has ended.
for n in 1 2 3 4; do
	gdbmtool ${1:+--synchronize} t.gdbm store "key$n" "value$n" || exit 1
	echo "ack $n"
done
